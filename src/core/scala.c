/* scala: a Scala file made fit for an interpreter that is fed a line at a time. */
#include "core/scala.h"
#include "base/buf.h"
#include "core/scala_int.h"

#include <assert.h>
#include <string.h>

#define BYTE_ORDER_MARK "\xEF\xBB\xBF"
#define JOIN_BYTES_MAX 8 /* what a gap may grow by, beside what its comments do */

/* ---- gaps ------------------------------------------------------------------------------------ */

struct writer {
	struct buf b;
	struct bytes file;
};

static bool is_blank_line(const char *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if ((unsigned char)p[i] > ' ')
			return false;
	return true;
}

/* The text before a token on its line: blanks as they were, of comments only the room. */
static void add_indent(struct writer *w, const char *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (((unsigned char)p[i] & 0xC0) != 0x80)
			(void)buf_addc(&w->b, p[i] == '\t' ? '\t' : ' ');
}

/* A line's comments without their words, which could close ours; form feeds stay, for to the
 * compiler they end lines. */
static void add_squeezed(struct writer *w, const char *p, size_t n)
{
	bool comment = false;

	for (size_t i = 0; i < n; i++) {
		if (p[i] == '\f') {
			(void)buf_addc(&w->b, '\f');
			comment = false;
		} else if ((unsigned char)p[i] > ' ' && !comment) {
			(void)buf_adds(&w->b, "/**/");
			comment = true;
		}
	}
}

/* Before the token at end: < begins XML behind a blank, and only there. */
static void add_last_blank(struct writer *w, const char *end)
{
	bool blank = memchr(" \t\n", end[-1], 3);

	if (*end == '<')
		(void)buf_adds(&w->b, blank ? " " : "/**/");
}

/* Up to the last form feed, if there is one. */
static const char *add_feed_part(struct writer *w, const char *p, const char *end)
{
	const char *feed = memrchr(p, '\f', (size_t)(end - p));

	if (!feed)
		return p;
	add_squeezed(w, p, (size_t)(feed + 1 - p));
	return feed + 1;
}

static void add_line(struct writer *w, const char *p, const char *end)
{
	p = add_feed_part(w, p, end);
	if (!is_blank_line(p, (size_t)(end - p)))
		(void)buf_adds(&w->b, "//");
}

/* The lines of a gap up to that of the token behind it. What was blank stays so, for to the
 * compiler a blank line means something. */
static const char *add_lines(struct writer *w, const char *p, const char *end)
{
	const char *next = memchr(p, '\n', (size_t)(end - p));

	assert(next);
	if (memchr(p, '\f', (size_t)(next - p)))
		add_line(w, p, next);
	for (p = next + 1; (next = memchr(p, '\n', (size_t)(end - p))); p = next + 1) {
		(void)buf_addc(&w->b, '\n');
		add_line(w, p, next);
	}
	(void)buf_addc(&w->b, '\n');
	return add_feed_part(w, p, end);
}

/* Two blanks of the indentation make room for the end of our comment, so that columns stay. */
static void add_join(struct writer *w, const char *p, const char *end)
{
	(void)buf_adds(&w->b, " /*");
	const char *line = add_lines(w, p, end);
	size_t n = (size_t)(end - line);
	size_t room = n >= 2 && line[0] == ' ' && line[1] == ' ' ? 2 : 0;
	(void)buf_adds(&w->b, "*/");
	add_indent(w, line + room, n - room);
	add_last_blank(w, end);
}

/* A comment that goes over several lines would be joined with the code behind it on its last line,
 * and the interpreter cuts the two at the wrong place. */
static void add_break(struct writer *w, const char *p, const char *end)
{
	if (!memmem(p, (size_t)(end - p), "/*", 2)) {
		(void)buf_add(&w->b, p, (size_t)(end - p));
		return;
	}
	const char *line = add_lines(w, p, end);
	add_indent(w, line, (size_t)(end - line));
	add_last_blank(w, end);
}

static size_t count_lines(const char *p, const char *end)
{
	size_t lines = 0;

	for (; p < end; p++)
		lines += *p == '\n' || *p == '\f';
	return lines;
}

static void add_feeds(struct writer *w, size_t count)
{
	for (size_t i = 0; i < count; i++)
		(void)buf_addc(&w->b, '\f');
}

/* A comment to the end of the line would not end at a form feed. */
static void add_feed(struct writer *w, const char *p, const char *end)
{
	for (const char *next; (next = memchr(p, '\n', (size_t)(end - p))); p = next + 1) {
		add_squeezed(w, p, (size_t)(next - p));
		(void)buf_addc(&w->b, '\f');
	}
	add_squeezed(w, p, (size_t)(end - p));
	add_last_blank(w, end);
}

/* %json x: Livy knows it only as a line without another before it that is still to be run, so the
 * lines between move behind its first word. Returns how much of the magic is written. */
static size_t add_magic(struct writer *w, const char *p, const char *end, bool first)
{
	size_t lines = count_lines(p, end);
	const char *word = end;
	const char *stop = w->file.p + w->file.n;

	assert(*end == '%');
	if (!first) {
		assert(lines > 0);
		lines--;
		(void)buf_addc(&w->b, '\n');
	}
	while (word < stop && !strchr(" \t\r\n", *word))
		word++;
	(void)buf_add(&w->b, end, (size_t)(word - end));
	add_feeds(w, lines);
	return (size_t)(word - end);
}

static void add_gap(struct writer *w, const struct scala_gap *gap)
{
	const char *p = w->file.p + gap->from;
	const char *end = w->file.p + gap->to;

	if (!memchr(p, '\n', (size_t)(end - p))) { /* a form feed: Livy sees one line anyway */
		(void)buf_add(&w->b, p, (size_t)(end - p));
		return;
	}
	switch (gap->how) {
	case GAP_BREAK:
		add_break(w, p, end);
		break;
	case GAP_JOIN:
		add_join(w, p, end);
		break;
	case GAP_FEED:
		add_feed(w, p, end);
		break;
	}
}

/* ---- all of it ------------------------------------------------------------------------------- */

static const struct scala_piece *piece_of_gap(
    const struct scala_split *s, size_t *piece, uint32_t gap)
{
	while (*piece < s->pieces &&
	       (s->piece[*piece].gap == UINT32_MAX || s->piece[*piece].gap < gap))
		(*piece)++;
	return *piece < s->pieces && s->piece[*piece].gap == gap ? &s->piece[*piece] : NULL;
}

static size_t add_start(struct writer *w, const struct scala_split *s)
{
	const char *mark = BYTE_ORDER_MARK;
	size_t at = w->file.n >= 3 && memcmp(w->file.p, mark, 3) == 0 ? 3 : 0;

	if (s->pieces == 0 || s->piece[0].kind != PIECE_MAGIC)
		return at;
	const char *magic = w->file.p + s->piece[0].at;
	return s->piece[0].at + add_magic(w, w->file.p + at, magic, true);
}

static struct bytes write_all(struct arena *a, struct bytes file, const struct scala_split *s)
{
	struct writer w = { .file = file };
	size_t piece = 0;

	buf_init(&w.b, file.n * 4 + s->gaps * JOIN_BYTES_MAX + 1);
	size_t at = add_start(&w, s);
	for (uint32_t i = 0; i < s->gaps; i++) {
		const struct scala_gap *gap = &s->gap[i];
		const struct scala_piece *p = piece_of_gap(s, &piece, i);

		assert(gap->from >= at && gap->to >= gap->from);
		(void)buf_add(&w.b, file.p + at, gap->from - at);
		at = gap->to;
		if (p && p->kind == PIECE_MAGIC)
			at += add_magic(&w, file.p + gap->from, file.p + gap->to, false);
		else
			add_gap(&w, gap);
	}
	(void)buf_add(&w.b, file.p + at, file.n - at);
	assert(!w.b.full);
	struct bytes code = { .p = NULL };
	code.p = arena_take(a, buf_steal(&w.b, &code.n));
	return code;
}

/* ---- what cannot be done --------------------------------------------------------------------- */

static const char *no_package(struct arena *a, const struct scala_piece *p)
{
	return arena_printf(
	    a, "line %u: an interpreter knows no packages; remove the package clause", p->line);
}

static const char *no_command(struct arena *a, struct bytes file, const struct scala_piece *p)
{
	size_t n = p->end - p->at;

	return arena_printf(a,
	    "line %u: \"%.*s\" is a command of the Scala shell and not Scala; remove it", p->line,
	    n > 40 ? 40 : (int)n, file.p + p->at);
}

/* Definitions only, and among them the start of a program: somebody would wait for its output. */
static const char *no_start(struct arena *a, struct bytes file, const struct scala_split *s)
{
	const struct scala_piece *start = NULL;

	for (size_t i = 0; i < s->pieces; i++) {
		enum scala_kind kind = s->piece[i].kind;

		if (kind == PIECE_CODE || kind == PIECE_VALUE || kind == PIECE_MAGIC)
			return NULL;
		if (s->piece[i].main && !start)
			start = &s->piece[i];
	}
	if (!start)
		return NULL;
	int n = start->name_bytes > 60 ? 60 : (int)start->name_bytes;
	const char *name = file.p + start->name;
	return arena_printf(a,
	    "line %u: %.*s is defined, but an interpreter does not start it, and nothing in the "
	    "file "
	    "does; add a last line: %.*s%s(Array())",
	    start->line, n, name, n, name, start->kind == PIECE_OBJECT ? ".main" : "");
}

static const char *refusal(struct arena *a, struct bytes file, const struct scala_split *s)
{
	if (s->too_long)
		return "it has more statements than an interpreter can be fed line by line";
	for (size_t i = 0; i < s->pieces; i++) {
		if (s->piece[i].kind == PIECE_PACKAGE)
			return no_package(a, &s->piece[i]);
		if (s->piece[i].kind == PIECE_COMMAND)
			return no_command(a, file, &s->piece[i]);
	}
	return no_start(a, file, s);
}

/* What makes the interpreter read something else than the author wrote, or nothing at all. */
static const char *trouble(struct arena *a, struct bytes file, const struct scala_split *s)
{
	if (s->problem)
		return arena_printf(
		    a, "line %zu: %s", scala_line_of(file, s->problem_at), s->problem);
	if (s->torn_at > 0)
		return arena_printf(a,
		    "line %zu: the XML here belongs to that of the line before, but the "
		    "interpreter will take it for a statement of its own; put both in parentheses",
		    scala_line_of(file, s->torn_at));
	return NULL;
}

void scala_join(struct arena *a, struct bytes file, struct scala_plan *plan)
{
	struct scala_split s;

	*plan = (struct scala_plan){ .refused = NULL };
	if (file.n > SCALA_FILE_BYTES_MAX) {
		plan->refused = "it is too large for an interpreter";
		return;
	}
	scala_split(a, file, &s);
	plan->refused = refusal(a, file, &s);
	if (plan->refused)
		return;
	plan->warning = scala_merge(a, file, &s);
	const char *worse = trouble(a, file, &s);
	if (worse)
		plan->warning = worse;
	plan->code = write_all(a, file, &s);
}
