/* directive: what a file says of itself in comment lines at its top, and what its spool allows of
 * that. */
#include "core/directive.h"
#include "core/text.h"
#include "core/words.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define MAGIC_WORD "sparkspool:"
#define BYTE_ORDER_MARK "\xEF\xBB\xBF"
#define QUOTE_BYTES_MAX 60 /* of what an error repeats */

/* What is read, from p on. */
struct text {
	const char *p;
	const char *end;
};

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static void skip_blanks(struct text *t)
{
	while (t->p < t->end && is_blank(*t->p))
		t->p++;
}

/* ---- one line -------------------------------------------------------------------------------- */

/* A file while its head is read; line is that of p. */
struct head {
	struct text text;
	unsigned line;
	enum kind kind;
	struct directives *d;
	struct directive_error *e;
};

/* Keeps why, which is ours to free. What the file says goes into records, logs and terminals: only
 * one harmless line of it is repeated. */
static void blame(struct directive_error *e, unsigned line, const char *word, char *why)
{
	char *shown = text_line(word, strlen(word), QUOTE_BYTES_MAX);

	assert(e->text == NULL && line > 0);
	e->line = line;
	e->text = xasprintf("line %u, '%s': %s", line, shown, why);
	free(shown);
	free(why);
}

/* What stands behind the magic word, up to the end of the line or comment. */
static void read_settings(const struct head *h, struct text t)
{
	struct buf word;
	enum words_result got = WORDS_TAKEN;
	struct words words = { .p = t.p, .end = t.end };

	buf_init(&word, DIRECTIVE_HEAD_BYTES_MAX);
	while (h->e->text == NULL && (got = words_take(&words, &word)) == WORDS_TAKEN) {
		char *why = directive_take(h->d, h->kind, h->line, word.data);
		if (why != NULL)
			blame(h->e, h->line, word.data, why);
	}
	if (got == WORDS_OPEN || got == WORDS_CONTROL) {
		char *shown = xstrndup(t.p, (size_t)(t.end - t.p));
		blame(h->e, h->line, shown, xstrdup(words_trouble(got)));
		free(shown);
	}
	buf_fini(&word);
}

static bool begins_with(const struct text *t, const char *word)
{
	size_t n = strlen(word);

	return (size_t)(t->end - t->p) >= n && memcmp(t->p, word, n) == 0;
}

static bool skip_word(struct text *t, const char *word)
{
	if (!begins_with(t, word))
		return false;
	t->p += strlen(word);
	return true;
}

/* ---- the head -------------------------------------------------------------------------------- */

/* What begins a comment that ends with the line; its last character may be repeated. */
static const char *line_marker(enum kind kind)
{
	static const char *const marker[KIND_COUNT] = {
		[KIND_PYSPARK] = "#", [KIND_SPARK] = "//", [KIND_SQL] = "--", [KIND_SPARKR] = "#"
	};

	assert(kind < KIND_COUNT && marker[kind] != NULL);
	return marker[kind];
}

/* With a '+' behind it it gives Spark's SQL a hint, and is no comment. */
static bool at_block(const struct head *h)
{
	if (h->kind != KIND_SPARK && h->kind != KIND_SQL)
		return false;
	return begins_with(&h->text, "/*") &&
	       !(h->kind == KIND_SQL && begins_with(&h->text, "/*+"));
}

static bool is_line_end(char c)
{
	return c == '\n' || c == '\r';
}

static struct text rest_of_line(const struct text *t)
{
	struct text line = *t;

	line.end = t->p;
	while (line.end < t->end && !is_line_end(*line.end))
		line.end++;
	return line;
}

/* Over one line end: CR LF, LF, or a lone CR as Python and Scala take it. */
static void skip_line_end(struct head *h)
{
	if (!skip_word(&h->text, "\r\n"))
		h->text.p++;
	h->line++;
}

/* Whether a line is one of ours; then t is what stands behind the magic word. */
static bool is_ours(struct text *t, enum kind kind)
{
	const char *marker = line_marker(kind);

	skip_blanks(t);
	if (!skip_word(t, marker))
		return false;
	while (t->p < t->end && *t->p == *marker)
		t->p++;
	skip_blanks(t);
	return skip_word(t, MAGIC_WORD);
}

static void read_line_comment(struct head *h)
{
	struct text line = rest_of_line(&h->text);

	h->text.p = line.end;
	if (is_ours(&line, h->kind))
		read_settings(h, line);
}

/* At the start of a line in a block comment, where a * may stand for beauty. */
static void read_block_line(struct head *h)
{
	struct text line = rest_of_line(&h->text);
	const char *close = memmem(line.p, (size_t)(line.end - line.p), "*/", 2);

	if (close != NULL)
		line.end = close;
	skip_blanks(&line);
	while (line.p < line.end && *line.p == '*')
		line.p++;
	skip_blanks(&line);
	if (skip_word(&line, MAGIC_WORD))
		read_settings(h, line);
}

/* Both languages let comments nest; what stands in an inner one was taken out by somebody. */
static void read_block(struct head *h)
{
	unsigned depth = 1;

	h->text.p += strlen("/*");
	read_block_line(h);
	while (depth > 0 && h->text.p < h->text.end) {
		if (is_line_end(*h->text.p)) {
			skip_line_end(h);
			if (depth == 1)
				read_block_line(h);
		} else if (skip_word(&h->text, "/*")) {
			depth++;
		} else if (skip_word(&h->text, "*/")) {
			depth--;
		} else {
			h->text.p++;
		}
	}
}

/* False at the first thing that is neither a comment nor blank. */
static bool read_piece(struct head *h)
{
	if (is_line_end(*h->text.p))
		skip_line_end(h);
	else if (is_blank(*h->text.p) || *h->text.p == '\f')
		h->text.p++;
	else if (begins_with(&h->text, line_marker(h->kind)))
		read_line_comment(h);
	else if (at_block(h))
		read_block(h);
	else
		return false;
	return true;
}

/* Where reading ends at the latest: always between lines, or half a setting could be taken for a
 * whole one. */
static const char *head_limit(const struct text *code)
{
	const char *p = code->p;
	unsigned lines = 0;

	for (; p < code->end && lines < DIRECTIVE_LINES_MAX; p++)
		lines += *p == '\n' || (*p == '\r' && !(p + 1 < code->end && p[1] == '\n'));
	if (p - code->p <= DIRECTIVE_HEAD_BYTES_MAX)
		return p;
	p = code->p + DIRECTIVE_HEAD_BYTES_MAX;
	while (p > code->p && !is_line_end(p[-1]))
		p--;
	return p;
}

/* A line of ours that comes too late does nothing. Whoever wrote it should hear of it. */
static unsigned find_late_line(struct head *h)
{
	size_t n = (size_t)(h->text.end - h->text.p);

	if (n == 0 || memmem(h->text.p, n, MAGIC_WORD, strlen(MAGIC_WORD)) == NULL)
		return 0;
	while (h->text.p < h->text.end) {
		struct text line = rest_of_line(&h->text);
		h->text.p = line.end;
		if (is_ours(&line, h->kind))
			return h->line;
		if (h->text.p < h->text.end)
			skip_line_end(h);
	}
	return 0;
}

enum directive_result directive_read(
    enum kind kind, struct bytes code, struct directives *d, struct directive_error *e)
{
	struct head h = { .line = 1, .kind = kind, .d = d, .e = e };

	*d = (struct directives){ 0 };
	*e = (struct directive_error){ 0 };
	if (code.n == 0)
		return DIRECTIVE_NONE;
	h.text = (struct text){ .p = code.p, .end = code.p + code.n };
	(void)skip_word(&h.text, BYTE_ORDER_MARK);
	h.text.end = head_limit(&h.text);
	if (begins_with(&h.text, "#!"))
		h.text.p = rest_of_line(&h.text).end;
	while (h.text.p < h.text.end && e->text == NULL && read_piece(&h))
		continue;
	if (e->text != NULL) {
		directive_fini(d); /* what was read up to there is not what the file says */
		return DIRECTIVE_BAD;
	}
	h.text.end = code.p + code.n;
	d->late_line = find_late_line(&h);
	return d->has != 0 ? DIRECTIVE_FOUND : DIRECTIVE_NONE;
}
