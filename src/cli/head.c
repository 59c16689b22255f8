/* head: settings put into a file's own "sparkspool:" lines. */
#include "cli/head.h"
#include "core/directive.h"
#include "core/words.h"
#include <stdlib.h>
#include <string.h>

#define MAGIC_WORD "sparkspool:"
#define BYTE_ORDER_MARK "\xEF\xBB\xBF"
#define BARE "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._:/+,@%-"

/* Bytes of the text, from..to. */
struct span {
	size_t from;
	size_t to;
};

/* ---- lines ----------------------------------------------------------------------------------- */

static size_t start_of(const struct buf *t)
{
	size_t n = strlen(BYTE_ORDER_MARK);

	return t->len >= n && memcmp(t->data, BYTE_ORDER_MARK, n) == 0 ? n : 0;
}

/* The line that begins there, without its end. */
static struct span line_at(const struct buf *t, size_t from)
{
	struct span s = { from, from };

	while (s.to < t->len && t->data[s.to] != '\n' && t->data[s.to] != '\r')
		s.to++;
	return s;
}

static size_t behind(const struct buf *t, struct span line)
{
	size_t at = line.to;

	if (at + 1 < t->len && t->data[at] == '\r' && t->data[at + 1] == '\n')
		return at + 2;
	return at < t->len ? at + 1 : at;
}

static struct span line_number(const struct buf *t, unsigned number)
{
	struct span line = line_at(t, start_of(t));

	while (--number > 0)
		line = line_at(t, behind(t, line));
	return line;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\f';
}

/* Where the first thing stands that is no blank. */
static size_t indent(const struct buf *t, struct span line)
{
	while (line.from < line.to && is_blank(t->data[line.from]))
		line.from++;
	return line.from;
}

static bool has(const struct buf *t, size_t at, const char *word)
{
	size_t n = strlen(word);

	return t->len - at >= n && memcmp(t->data + at, word, n) == 0;
}

static bool holds(const struct buf *t, struct span s, const char *word)
{
	return s.to > s.from && memmem(t->data + s.from, s.to - s.from, word, strlen(word)) != NULL;
}

static void replace(struct buf *t, struct span s, const char *with)
{
	struct buf out;

	buf_init(&out, t->max);
	buf_add(&out, t->data, s.from);
	buf_adds(&out, with);
	buf_add(&out, t->data + s.to, t->len - s.to);
	free(t->data);
	*t = out;
}

/* ---- where it may go ------------------------------------------------------------------------- */

static const char *marker_of(enum kind kind)
{
	return kind == KIND_SQL ? "--" : kind == KIND_SPARK ? "//" : "#";
}

/* Of a line of ours, what stands behind the magic word, without blanks at its ends. */
static struct span settings_of(const struct buf *t, enum kind kind, struct span line)
{
	const char *magic =
	    memmem(t->data + line.from, line.to - line.from, MAGIC_WORD, strlen(MAGIC_WORD));

	if (magic == NULL)
		return (struct span){ line.to, line.to };
	struct span s = { (size_t)(magic - t->data) + strlen(MAGIC_WORD), line.to };
	if (!has(t, indent(t, line), marker_of(kind))) {
		const char *close = memmem(t->data + s.from, s.to - s.from, "*/", 2);
		s.to = close == NULL ? s.to : (size_t)(close - t->data);
	}
	s.from = indent(t, s);
	while (s.to > s.from && is_blank(t->data[s.to - 1]))
		s.to--;
	return s;
}

/* Among the settings, the word that sets the key, quotation marks and all; nothing at the end. */
static struct span word_of(const struct buf *t, struct span s, const char *key)
{
	struct words words = { .p = t->data + s.from, .end = t->data + s.to };
	size_t n = strlen(key);
	struct span found = { s.to, s.to };
	struct buf word;

	buf_init(&word, s.to - s.from + 1);
	while (found.from == found.to) {
		struct span here = { (size_t)(words.p - t->data), s.to };
		here.from = indent(t, here);
		if (words_take(&words, &word) != WORDS_TAKEN)
			break;
		here.to = (size_t)(words.p - t->data);
		if (strncmp(word.data, key, n) == 0 && word.data[n] == '=')
			found = here;
	}
	buf_fini(&word);
	return found;
}

/* The first blank line of the head; false when there is none. */
static bool find_blank(const struct buf *t, struct span *blank)
{
	struct span line = line_at(t, start_of(t));

	if (has(t, line.from, "#!"))
		line = line_at(t, behind(t, line));
	for (unsigned i = 0; i < DIRECTIVE_LINES_MAX - 2 && line.to < t->len; i++) {
		size_t at = indent(t, line);
		*blank = line;
		if (at == line.to)
			return true;
		if (t->data[at] != '#')
			return false;
		line = line_at(t, behind(t, line));
	}
	return false;
}

/* Behind the lines that have to be the first: the interpreter's, and Python's word on the encoding,
 * which must be in one of the first two (PEP 263). */
static size_t find_place(const struct buf *t, unsigned *number)
{
	struct span first = line_at(t, start_of(t));
	struct span second = line_at(t, behind(t, first));

	*number = 1;
	if (t->len == first.from || t->data[first.from] != '#')
		return first.from;
	if (has(t, indent(t, second), "#") && holds(t, second, "coding")) {
		*number = 3;
		return behind(t, second);
	}
	if (!has(t, first.from, "#!") && !holds(t, first, "coding"))
		return first.from;
	*number = 2;
	return behind(t, first);
}

static void put_line(struct buf *t, enum kind kind, const char *word, unsigned *number)
{
	size_t at = find_place(t, number);
	const char *eol = holds(t, (struct span){ 0, t->len }, "\r\n") ? "\r\n" : "\n";
	bool open = at > 0 && at == t->len && t->data[at - 1] != '\n' && start_of(t) != at;
	char *line =
	    xasprintf("%s%s " MAGIC_WORD " %s%s", open ? eol : "", marker_of(kind), word, eol);

	replace(t, (struct span){ at, at }, line);
	free(line);
}

/* In a comment that ends in its line no line moves. */
static void put_block(struct buf *t, const char *word)
{
	size_t at = start_of(t);
	char *comment = xasprintf("/* " MAGIC_WORD " %s */ ", word);

	if (has(t, at, "#!"))
		at = behind(t, line_at(t, at));
	replace(t, (struct span){ at, at }, comment);
	free(comment);
}

static void put_new(struct buf *t, enum kind kind, const char *word, unsigned *number)
{
	struct span blank;

	if ((kind == KIND_SQL || kind == KIND_SPARK) && strstr(word, "*/") == NULL &&
	    strstr(word, "/*") == NULL) {
		put_block(t, word);
	} else if (marker_of(kind)[0] == '#' && find_blank(t, &blank)) {
		char *line = xasprintf("# " MAGIC_WORD " %s", word);
		replace(t, blank, line);
		free(line);
	} else {
		put_line(t, kind, word, number);
	}
}

/* ---- words ----------------------------------------------------------------------------------- */

static char *quoted(const char *key, const char *value)
{
	struct buf out;

	buf_init(&out, strlen(key) + strlen(value) * 2 + 4);
	buf_addf(&out, "%s=", key);
	if (*value != '\0' && value[strspn(value, BARE)] == '\0') {
		buf_adds(&out, value);
		return buf_steal(&out, NULL);
	}
	buf_addc(&out, '"');
	for (; *value != '\0'; value++) {
		if (strchr("\"\\$`", *value) != NULL)
			buf_addc(&out, '\\');
		buf_addc(&out, *value);
	}
	buf_addc(&out, '"');
	return buf_steal(&out, NULL);
}

static void put(struct buf *t, enum kind kind, const struct directives *d, enum conf_key key,
    const char *word, unsigned *number)
{
	unsigned line = d->line[key];
	size_t k = 0;

	while (line == 0 && k < KEY_COUNT)
		line = d->line[k++];
	if (line == 0) {
		put_new(t, kind, word, number);
		return;
	}
	struct span s = settings_of(t, kind, line_number(t, line));
	struct span old = word_of(t, s, directive_word(key));
	char *text = xasprintf("%s%s", old.from == old.to && s.to > s.from ? " " : "", word);
	replace(t, old, text);
	free(text);
}

/* Whatever was done to the text has to say now what it is meant to say. */
static char *verify(enum kind kind, const struct buf *t, unsigned want, enum conf_key key)
{
	struct directives d;
	struct directive_error e;
	char *why = NULL;

	switch (directive_read(kind, (struct bytes){ .p = t->data, .n = t->len }, &d, &e)) {
	case DIRECTIVE_BAD:
		why = e.text;
		break;
	case DIRECTIVE_FOUND:
		if (d.has == want)
			break;
		/* fall through */
	default:
		why = xasprintf("%s cannot be put into its comments; write the line 'sparkspool: "
				"%s=...' into the file",
		    directive_word(key), directive_word(key));
	}
	directive_fini(&d);
	return why;
}

char *head_put(
    enum kind kind, struct buf *text, enum conf_key key, const char *value, unsigned *line)
{
	struct directives d;
	struct directive_error e;
	char *word = quoted(directive_word(key), value);
	char *why = NULL;

	*line = 0;
	if (directive_read(kind, (struct bytes){ .p = text->data, .n = text->len }, &d, &e) ==
	    DIRECTIVE_BAD) {
		why = e.text;
		goto out;
	}
	/* What is wrong with the value has no line: it stands in none yet. */
	struct directives alone = { 0 };
	char *plain = xasprintf("%s=%s", directive_word(key), value);
	why = directive_take(&alone, kind, 1, plain);
	free(plain);
	directive_fini(&alone);
	if (why != NULL)
		goto out;
	struct buf before;
	buf_init(&before, text->max);
	buf_add(&before, text->data, text->len);
	put(text, kind, &d, key, word, line);
	why = text->full ? xstrdup("the file is too large")
			 : verify(kind, text, d.has | CONF_ALLOW(key), key);
	if (why != NULL) {
		buf_fini(text);
		*text = before;
		*line = 0;
	} else {
		buf_fini(&before);
	}
out:
	directive_fini(&d);
	free(word);
	return why;
}
