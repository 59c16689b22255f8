/* scala_error: from what the Scala interpreter says of an error to the line of the file. */
#include "core/scala.h"
#include "core/scala_int.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define SHOWN_INDENT 7 /* blanks before a line that the interpreter shows */
#define MARKS_MAX 16   /* errors of one statement that are compared */
#define DIGITS_MAX 9
#define CONSOLE "<console>:"
#define SHOWN_FEED "\\u000c"

/* ---- lines ----------------------------------------------------------------------------------- */

static struct bytes trim_end(struct bytes t)
{
	while (t.n > 0 && (unsigned char)t.p[t.n - 1] <= ' ')
		t.n--;
	return t;
}

/* Takes the first line off rest; false at the end. */
static bool next_line(struct bytes *rest, struct bytes *line)
{
	if (rest->n == 0)
		return false;
	const char *end = memchr(rest->p, '\n', rest->n);
	size_t n = end ? (size_t)(end - rest->p) : rest->n;
	size_t skip = end ? n + 1 : n;
	*line = trim_end((struct bytes){ rest->p, n });
	rest->p += skip;
	rest->n -= skip;
	return true;
}

static bool same(struct bytes a, struct bytes b)
{
	return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

static bool starts(struct bytes t, const char *with)
{
	size_t n = strlen(with);

	return t.n >= n && memcmp(t.p, with, n) == 0;
}

/* The lines of what was sent, as the compiler numbers them. A form feed in one ends a line of the
 * file (scala.h), but not to the compiler's count. */
struct lines {
	struct bytes *line;
	int64_t *number; /* of its first one in the file */
	size_t count;
};

static void lines_init(struct lines *l, struct bytes text)
{
	size_t count = 1;
	size_t from = 0;
	int64_t number = 1;

	for (size_t i = 0; i < text.n; i++)
		count += text.p[i] == '\n';
	l->line = xcalloc(count, sizeof(*l->line));
	l->number = xcalloc(count, sizeof(*l->number));
	l->count = 0;
	l->number[0] = 1;
	for (size_t i = 0; i <= text.n; i++) {
		number += i < text.n && (text.p[i] == '\n' || text.p[i] == '\f');
		if (i < text.n && text.p[i] != '\n')
			continue;
		l->line[l->count++] = trim_end((struct bytes){ text.p + from, i - from });
		if (l->count < count)
			l->number[l->count] = number;
		from = i + 1;
	}
	assert(l->count == count);
}

static void lines_fini(struct lines *l)
{
	free(l->line);
	free(l->number);
}

/* ---- what the compiler shows ----------------------------------------------------------------- */

struct mark {
	size_t
	    number; /* counts lines of the interpreter's own, too: only differences mean something */
	struct bytes text;
	size_t column; /* of the ^, in characters from 0 */
};

static size_t number_of(struct bytes digits)
{
	char text[DIGITS_MAX + 1] = { 0 };
	int64_t number = 0;
	size_t n = 0;

	while (n < digits.n && n < DIGITS_MAX && digits.p[n] >= '0' && digits.p[n] <= '9')
		n++;
	if (n > 0)
		memcpy(text, digits.p, n);
	return str_to_i64(text, 1, INT32_MAX, &number) == 0 ? (size_t)number : 0;
}

/* "<console>:25: error: ..." gives 25. */
static size_t error_number(struct bytes line)
{
	size_t n = strlen(CONSOLE);

	if (!starts(line, CONSOLE) || !memmem(line.p, line.n, ": error:", strlen(": error:")))
		return 0;
	return number_of((struct bytes){ line.p + n, line.n - n });
}

static bool is_caret(struct bytes line)
{
	return line.n > SHOWN_INDENT && line.p[line.n - 1] == '^' &&
	       strspn(line.p, " \t") >= line.n - 1;
}

/* "<console>:25: error: ...", words, the line, a ^ below it; several of these. */
static size_t read_marks(struct bytes error, struct mark *mark)
{
	struct bytes line;
	struct bytes before = { .p = NULL };
	size_t number = 0;
	size_t count = 0;

	while (count < MARKS_MAX && next_line(&error, &line)) {
		if (starts(line, CONSOLE)) {
			number = error_number(line);
		} else if (number > 0 && is_caret(line) && starts(before, "       ")) {
			mark[count++] = (struct mark){ number,
				{ before.p + SHOWN_INDENT, before.n - SHOWN_INDENT },
				line.n - 1 - SHOWN_INDENT };
			number = 0;
		}
		before = line;
	}
	return count;
}

/* The compiler shows a form feed as a word. */
static bool is_shown(struct bytes line, struct bytes shown)
{
	size_t word = strlen(SHOWN_FEED);
	size_t at = 0;

	for (size_t i = 0; i < line.n; i++) {
		struct bytes rest = { shown.p + at, shown.n - at };
		bool feed = line.p[i] == '\f' && starts(rest, SHOWN_FEED);

		if (rest.n == 0 || (!feed && rest.p[0] != line.p[i]))
			return false;
		at += feed ? word : 1;
	}
	return at == shown.n;
}

/* How many lines of the file are before the column; a form feed counts as one character. */
static int64_t feeds_before(struct bytes line, size_t column)
{
	int64_t feeds = 0;
	size_t chars = 0;

	for (size_t i = 0; i < line.n && chars < column; i++) {
		unsigned char c = (unsigned char)line.p[i];

		feeds += c == '\f';
		chars += (c & 0xC0) != 0x80;
		chars += c >= 0xF0; /* two characters to Java */
	}
	return feeds;
}

/* Whether the first mark can be that line: the others must be where they would be then. */
static bool fits(const struct lines *l, size_t line, const struct mark *mark, size_t marks)
{
	for (size_t i = 0; i < marks; i++) {
		size_t at = line + mark[i].number;

		if (at < mark[0].number || at - mark[0].number >= l->count ||
		    !is_shown(l->line[at - mark[0].number], mark[i].text))
			return false;
	}
	return true;
}

/* A line that stands in the file twice says nothing. */
static int64_t find_marks(struct bytes sent, const struct mark *mark, size_t marks)
{
	struct lines l;
	int64_t found = 0;

	lines_init(&l, sent);
	for (size_t i = 0; i < l.count && found >= 0; i++)
		if (fits(&l, i, mark, marks))
			found =
			    found > 0 ? -1 : l.number[i] + feeds_before(l.line[i], mark[0].column);
	lines_fini(&l);
	return found > 0 ? found : 0;
}

/* ---- where an exception was thrown ----------------------------------------------------------- */

static size_t find_text(struct bytes t, const char *what)
{
	const char *found = t.n == 0 ? NULL : memmem(t.p, t.n, what, strlen(what));

	return found ? (size_t)(found - t.p) : SIZE_MAX;
}

/* "at boom(<console>:29)", "at Shop.sum(<console>:31)", "at $anonfun$total$1(<console>:29)": the
 * name that the file defines; empty for a line without one. */
static struct bytes frame_name(struct bytes line)
{
	struct bytes none = { line.p, 0 };
	size_t end = find_text(line, "(" CONSOLE);
	size_t at = find_text(line, "at ");

	if (end == SIZE_MAX || at == SIZE_MAX || at + 3 > end)
		return none;
	struct bytes name = { line.p + at + 3, end - at - 3 };
	for (size_t i; (i = find_text(name, "$iw.")) != SIZE_MAX;)
		name = (struct bytes){ name.p + i + 4, name.n - i - 4 };
	if (starts(name, "$anonfun$"))
		name = (struct bytes){ name.p + 9, name.n - 9 };
	else if (starts(name, "."))
		name = (struct bytes){ name.p + 1, name.n - 1 };
	for (size_t i = 0; i < name.n; i++)
		if (name.p[i] == '.' || name.p[i] == '$')
			name.n = i;
	return name;
}

/* The only piece of that name. */
static int64_t line_of_name(struct bytes sent, const struct scala_split *s, struct bytes name)
{
	int64_t line = 0;

	for (size_t i = 0; i < s->pieces; i++) {
		const struct scala_piece *p = &s->piece[i];

		if (!same(name, (struct bytes){ sent.p + p->name, p->name_bytes }))
			continue;
		if (line > 0)
			return 0;
		line = p->line;
	}
	return line;
}

static int64_t find_frame(struct bytes sent, const struct scala_split *s, struct bytes error)
{
	struct bytes line;
	int64_t found = 0;

	while (found == 0 && next_line(&error, &line)) {
		struct bytes name = frame_name(line);

		if (name.n > 0)
			found = line_of_name(sent, s, name);
	}
	return found;
}

/* ---- both ------------------------------------------------------------------------------------ */

int64_t scala_error_line(struct bytes sent, struct bytes error)
{
	struct mark mark[MARKS_MAX];
	size_t marks = read_marks(error, mark);
	struct scala_split s;
	struct arena a;
	int64_t line = 0;

	if (sent.n == 0 || sent.n > SCALA_FILE_BYTES_MAX)
		return 0;
	if (marks > 0)
		return find_marks(sent, mark, marks);
	arena_init(&a);
	scala_split(&a, sent, &s);
	if (starts(error, "incomplete statement"))
		line = s.problem ? (int64_t)scala_line_of(sent, s.problem_at) : 0;
	else
		line = find_frame(sent, &s, error);
	arena_fini(&a);
	return line;
}
