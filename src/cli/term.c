/* term: what is known of the terminal, if there is one. */
#include "cli/term.h"
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define COLUMNS 80
#define ROWS 24

struct term term_of(int fd)
{
	const char *name = getenv("TERM");
	const char *no = getenv("NO_COLOR");
	struct term t = { .fd = fd };

	t.is_terminal = isatty(fd) && name != NULL && *name != '\0' && !str_eq(name, "dumb");
	/* NO_COLOR by its own convention (no-color.org): any value but an empty one says no. */
	t.colour = t.is_terminal && (no == NULL || *no == '\0');
	return t;
}

/* Asked each time: a window changes its size while a command runs, and there is no handler for
 * it. */
int term_columns(const struct term *t)
{
	struct winsize w = { 0 };

	return ioctl(t->fd, TIOCGWINSZ, &w) == 0 && w.ws_col > 0 ? w.ws_col : COLUMNS;
}

int term_rows(const struct term *t)
{
	struct winsize w = { 0 };

	return ioctl(t->fd, TIOCGWINSZ, &w) == 0 && w.ws_row > 0 ? w.ws_row : ROWS;
}

/* Bytes that go on in UTF-8 take no column of their own. */
static bool goes_on(char c)
{
	return ((unsigned char)c & 0xc0) == 0x80;
}

/* A character is counted as one column. Wide ones (CJK) take two, and their lines come out longer;
 * to know them needs tables that the C library only has in a UTF-8 locale. */
int term_width(const char *text)
{
	int n = 0;

	for (; *text != '\0'; text++)
		n += goes_on(*text) ? 0 : 1;
	return n;
}

char *term_cut(const char *text, int columns)
{
	int left = columns > 2 ? columns - 2 : 0;
	const char *p = text;

	if (term_width(text) <= columns)
		return xstrdup(text);
	while (*p != '\0' && (left > 0 || goes_on(*p))) {
		p++;
		left -= goes_on(*p) ? 0 : 1;
	}
	return xasprintf("%.*s%s", (int)(p - text), text, columns > 2 ? ".." : "");
}

const char *term_colour(const struct term *t, enum term_colour c)
{
	static const char *const code[] = { [TERM_PLAIN] = "\033[0m",
		[TERM_BOLD] = "\033[1m",
		[TERM_RED] = "\033[31m",
		[TERM_GREEN] = "\033[32m",
		[TERM_YELLOW] = "\033[33m" };

	return t->colour ? code[c] : "";
}
