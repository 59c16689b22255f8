/* page_sgr: escape sequences of terminals, as far as they mean something on a page. */
#include "core/page_int.h"
#include <assert.h>

#define ESC 0x1B
#define CSI_BYTES_MAX 64 /* longer ones are no work of an honest program, and are shown */
#define VALUES_MAX 16
#define VALUE_MAX 65535

#define COLOUR_BLACK 1
#define COLOUR_WHITE 8
#define COLOUR_GREY 9

static bool in_range(char c, char first, char last)
{
	return c >= first && c <= last;
}

/* ---- colours --------------------------------------------------------------------------------- */

/* Of the sixteen only the dark half and a grey are kept: the page has its own idea of how light a
 * colour must be to be read. */
static int colour_of_16(int n)
{
	if (n == 8)
		return COLOUR_GREY;
	return n % 8 + 1;
}

static int colour_of_grey(int level)
{
	if (level < 64)
		return COLOUR_BLACK;
	return level < 160 ? COLOUR_GREY : COLOUR_WHITE;
}

static int max_of(int a, int b)
{
	return a > b ? a : b;
}

static int min_of(int a, int b)
{
	return a < b ? a : b;
}

/* The nearest by hue: what stands above the middle counts. */
static int colour_of_rgb(int red, int green, int blue)
{
	int high = max_of(red, max_of(green, blue));
	int low = min_of(red, min_of(green, blue));
	int middle = (high + low) / 2;

	if (high - low < 32)
		return colour_of_grey(high);
	return 1 + (red > middle) + 2 * (green > middle) + 4 * (blue > middle);
}

/* 16 colours, a cube of 6 x 6 x 6, 24 greys. */
static int colour_of_256(int n)
{
	static const int level[] = { 0, 95, 135, 175, 215, 255 };

	if (n < 16)
		return colour_of_16(n);
	if (n >= 232)
		return colour_of_grey(8 + (n - 232) * 10);
	n -= 16;
	assert(n / 36 < (int)ARRAY_LEN(level));
	return colour_of_rgb(level[n / 36], level[n / 6 % 6], level[n % 6]);
}

/* ---- one sequence ---------------------------------------------------------------------------- */

/* The numbers of a sequence; -1 for one that is not a plain number. */
struct values {
	int v[VALUES_MAX];
	size_t count;
};

static void read_values(struct values *list, const char *p, size_t n)
{
	*list = (struct values){ .count = 1 };
	for (size_t i = 0; i < n; i++) {
		int *v = &list->v[list->count - 1];

		if (p[i] == ';' && list->count == VALUES_MAX)
			return;
		if (p[i] == ';')
			list->count++;
		else if (!in_range(p[i], '0', '9'))
			*v = -1;
		else if (*v >= 0)
			*v = min_of(*v * 10 + (p[i] - '0'), VALUE_MAX);
	}
}

/* 38;5;N and 38;2;R;G;B: the place of the last number that belongs to it, and the colour, which
 * stays as it is where the numbers are none. */
static size_t read_extended(const struct values *list, size_t at, int *colour)
{
	const int *v = list->v + at;
	size_t left = list->count - at;

	if (left >= 3 && v[1] == 5) {
		if (v[2] >= 0 && v[2] < 256)
			*colour = colour_of_256(v[2]);
		return at + 2;
	}
	if (left >= 5 && v[1] == 2) {
		if (min_of(v[2], min_of(v[3], v[4])) >= 0)
			*colour = colour_of_rgb(v[2], v[3], v[4]);
		return at + 4;
	}
	return list->count;
}

static void set_weight(struct page_sgr *s, int v)
{
	switch (v) {
	case 1:
		s->bold = true;
		break;
	case 2:
		s->dim = true;
		break;
	case 3:
		s->italic = true;
		break;
	case 4:
		s->underline = true;
		break;
	case 7:
		s->inverse = true;
		break;
	case 9:
		s->strike = true;
		break;
	case 22:
		s->bold = s->dim = false;
		break;
	case 23:
		s->italic = false;
		break;
	case 24:
		s->underline = false;
		break;
	case 27:
		s->inverse = false;
		break;
	case 29:
		s->strike = false;
		break;
	default: /* also 8, concealed: nothing is hidden here */
		break;
	}
}

/* True if the number was about a colour. */
static bool set_colour(struct page_sgr *s, int v)
{
	if (v >= 30 && v <= 37)
		s->fg = colour_of_16(v - 30);
	else if (v >= 40 && v <= 47)
		s->bg = colour_of_16(v - 40);
	else if (v >= 90 && v <= 97)
		s->fg = colour_of_16(v - 90 + 8);
	else if (v >= 100 && v <= 107)
		s->bg = colour_of_16(v - 100 + 8);
	else if (v == 39)
		s->fg = 0;
	else if (v == 49)
		s->bg = 0;
	else
		return false;
	return true;
}

static void apply(struct page_sgr *s, const struct values *list)
{
	for (size_t i = 0; i < list->count; i++) {
		int v = list->v[i];

		if (v == 0)
			*s = (struct page_sgr){ 0 };
		else if (v == 38)
			i = read_extended(list, i, &s->fg);
		else if (v == 48)
			i = read_extended(list, i, &s->bg);
		else if (!set_colour(s, v))
			set_weight(s, v);
	}
}

/* ESC [ parameters intermediates final: its length, 0 when it is not whole. */
static size_t csi_bytes(const char *p, size_t n)
{
	size_t i = 2;

	while (i < n && i < CSI_BYTES_MAX && in_range(p[i], 0x30, 0x3F))
		i++;
	while (i < n && i < CSI_BYTES_MAX && in_range(p[i], 0x20, 0x2F))
		i++;
	return i < n && in_range(p[i], 0x40, 0x7E) ? i + 1 : 0;
}

/* ESC ( B and its like choose a set of characters. */
static size_t charset_bytes(const char *p, size_t n)
{
	return n >= 3 && in_range(p[1], '(', '/') && in_range(p[2], 0x30, 0x7E) ? 3 : 0;
}

size_t page_sgr_read(struct page_sgr *s, const char *p, size_t n)
{
	struct values list;

	assert(n > 0 && p[0] == ESC);
	if (n < 3 || p[1] != '[')
		return charset_bytes(p, n);
	size_t len = csi_bytes(p, n);
	if (len == 0 || p[len - 1] != 'm' || in_range(p[2], '<', '?'))
		return len;
	read_values(&list, p + 2, len - 3);
	apply(s, &list);
	return len;
}

/* ---- as HTML --------------------------------------------------------------------------------- */

bool page_sgr_plain(const struct page_sgr *s)
{
	return s->fg == 0 && s->bg == 0 && !s->bold && !s->dim && !s->italic && !s->underline &&
	       !s->inverse && !s->strike;
}

/* Inverse with a colour is that colour as the ground; the letters stay the page's, and legible. */
static void add_colours(struct buf *b, const struct page_sgr *s)
{
	int fg = s->inverse ? s->bg : s->fg;
	int bg = s->inverse ? s->fg : s->bg;

	assert(fg <= PAGE_SGR_COLOURS && bg <= PAGE_SGR_COLOURS);
	if (s->inverse && fg == 0 && bg == 0)
		(void)buf_adds(b, " iv");
	if (fg > 0)
		(void)buf_addf(b, " f%d", fg);
	if (bg > 0)
		(void)buf_addf(b, " g%d", bg);
}

void page_sgr_add_open(struct buf *b, const struct page_sgr *s)
{
	(void)buf_adds(b, "<span class=\"a");
	add_colours(b, s);
	if (s->bold)
		(void)buf_adds(b, " bo");
	if (s->dim)
		(void)buf_adds(b, " di");
	if (s->italic)
		(void)buf_adds(b, " it");
	if (s->underline)
		(void)buf_adds(b, " un");
	if (s->strike)
		(void)buf_adds(b, " st");
	(void)buf_adds(b, "\">");
}
