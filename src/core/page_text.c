/* page_text: the bytes of strangers become text of a page, and nothing else. */
#include "core/page_int.h"
#include "core/text.h"
#include <assert.h>
#include <string.h>

#define ESC 0x1B
#define DEL 0x7F
#define CHARACTER_BYTES_MAX 4

/* Text that is being written. */
struct writer {
	struct buf *b;
	const char *p;
	const char *end;
	enum page_form form;
	bool marked;	     /* inside the tag of a mark */
	bool spanned;	     /* inside a <span> of a terminal's colours */
	bool restyled;	     /* the colours are not those of the <span> any more */
	struct page_sgr sgr; /* as the sequences so far have it */
};

/* ---- characters ------------------------------------------------------------------------------ */

/* What cannot be seen, or changes how its neighbours are: a reviewer of code must not overlook it.
 * The joiners U+200C and U+200D stay, for several scripts and emoji are written with them. */
static bool is_hidden(uint32_t c)
{
	static const struct {
		uint32_t first;
		uint32_t last;
	} range[] = {
		{ 0x80, 0x9F },	      /* controls */
		{ 0xAD, 0xAD },	      /* soft hyphen */
		{ 0x61C, 0x61C },     /* Arabic letter mark */
		{ 0x115F, 0x1160 },   /* Hangul fillers */
		{ 0x17B4, 0x17B5 },   /* Khmer vowels that nobody sees */
		{ 0x180E, 0x180E },   /* Mongolian vowel separator */
		{ 0x200B, 0x200B },   /* zero width space */
		{ 0x200E, 0x200F },   /* marks of direction */
		{ 0x2028, 0x202E },   /* line ends; embeddings and overrides of direction */
		{ 0x2060, 0x206F },   /* joiners, isolates */
		{ 0x3164, 0x3164 },   /* Hangul filler */
		{ 0xFDD0, 0xFDEF },   /* no characters */
		{ 0xFEFF, 0xFEFF },   /* byte order mark */
		{ 0xFFA0, 0xFFA0 },   /* Hangul filler */
		{ 0xFFF0, 0xFFFB },   /* annotations */
		{ 0x1BCA0, 0x1BCA3 }, /* shorthand controls */
		{ 0x1D173, 0x1D17A }, /* musical controls */
		{ 0xE0000, 0xE0FFF }, /* tags */
	};

	if ((c & 0xFFFE) == 0xFFFE)
		return true;
	for (size_t i = 0; i < ARRAY_LEN(range); i++)
		if (c >= range[i].first && c <= range[i].last)
			return true;
	return false;
}

/* The character at p, which is known to be one. */
static uint32_t character(const char *p, size_t len)
{
	const unsigned char *u = (const unsigned char *)p;
	uint32_t c = len == 1 ? u[0] : u[0] & (0xFFu >> (len + 1));

	for (size_t i = 1; i < len; i++)
		c = c << 6 | (u[i] & 0x3Fu);
	return c;
}

static size_t character_bytes(const char *p, size_t n)
{
	size_t good = text_utf8_prefix(p, n < CHARACTER_BYTES_MAX ? n : CHARACTER_BYTES_MAX);
	size_t len = 1;

	if (good == 0)
		return 0;
	/* Behind the first byte of a character all others look the same. */
	while (len < good && ((unsigned char)p[len] & 0xC0) == 0x80)
		len++;
	return len;
}

/* ---- tags ------------------------------------------------------------------------------------ */

static void close_mark(struct writer *w)
{
	if (w->marked && w->form != PAGE_BARE)
		(void)buf_adds(w->b, "</i>");
	w->marked = false;
}

static void restyle(struct writer *w)
{
	if (!w->restyled)
		return;
	close_mark(w);
	if (w->spanned)
		(void)buf_adds(w->b, "</span>");
	w->spanned = !page_sgr_plain(&w->sgr);
	if (w->spanned)
		page_sgr_add_open(w->b, &w->sgr);
	w->restyled = false;
}

static void open_plain(struct writer *w)
{
	restyle(w);
	close_mark(w);
}

/* Marks that follow each other share a tag: binary output would be all tags otherwise. */
static void open_mark(struct writer *w)
{
	restyle(w);
	if (!w->marked && w->form != PAGE_BARE)
		(void)buf_adds(w->b, "<i>");
	w->marked = true;
}

static void close_all(struct writer *w)
{
	close_mark(w);
	if (w->spanned)
		(void)buf_adds(w->b, "</span>");
}

/* ---- one character --------------------------------------------------------------------------- */

static bool has_lines(const struct writer *w)
{
	return w->form == PAGE_BLOCK || w->form == PAGE_TERMINAL;
}

/* As programmers spell it: fonts that have signs for control characters are rare. */
static void add_byte(struct writer *w, char c)
{
	open_mark(w);
	if (c == '\n' || c == '\r')
		(void)buf_adds(w->b, c == '\n' ? "\\n" : "\\r");
	else
		(void)buf_addf(w->b, "\\x%02x", (unsigned)(unsigned char)c);
}

static void add_newline(struct writer *w)
{
	if (!has_lines(w)) {
		add_byte(w, '\n');
		return;
	}
	close_mark(w);
	(void)buf_addc(w->b, '\n');
}

/* A lone one would write over the line on a terminal; here both are kept, below each other. */
static void add_return(struct writer *w)
{
	if (has_lines(w) && w->p < w->end && *w->p == '\n')
		return;
	add_byte(w, '\r');
	if (has_lines(w))
		add_newline(w);
}

static void add_ascii(struct writer *w, char c)
{
	open_plain(w);
	switch (c) {
	case '&':
		(void)buf_adds(w->b, "&amp;");
		break;
	case '<':
		(void)buf_adds(w->b, "&lt;");
		break;
	case '>':
		(void)buf_adds(w->b, "&gt;");
		break;
	case '"':
		(void)buf_adds(w->b, "&quot;");
		break;
	case '\'':
		(void)buf_adds(w->b, "&#39;");
		break;
	default:
		(void)buf_addc(w->b, c);
		break;
	}
}

static void add_wide(struct writer *w)
{
	size_t len = character_bytes(w->p, (size_t)(w->end - w->p));
	uint32_t c = len > 0 ? character(w->p, len) : 0;

	if (len == 0) {
		add_byte(w, *w->p);
		len = 1;
	} else if (is_hidden(c)) {
		open_mark(w);
		(void)buf_addf(w->b, "U+%04X", (unsigned)c);
	} else {
		open_plain(w);
		(void)buf_add(w->b, w->p, len);
	}
	w->p += len;
}

static void add_control(struct writer *w, unsigned char c)
{
	size_t len = 0;

	if (c == ESC && w->form == PAGE_TERMINAL)
		len = page_sgr_read(&w->sgr, w->p, (size_t)(w->end - w->p));
	if (len > 0) {
		w->restyled = true;
		w->p += len;
		return;
	}
	w->p++;
	if (c == '\n')
		add_newline(w);
	else if (c == '\r')
		add_return(w);
	else
		add_byte(w, (char)c);
}

static void add_next(struct writer *w)
{
	unsigned char c = (unsigned char)*w->p;

	if (c >= 0x80) {
		add_wide(w);
	} else if ((c < 0x20 && c != '\t') || c == DEL) {
		add_control(w, c);
	} else {
		add_ascii(w, (char)c);
		w->p++;
	}
}

size_t page_add_text(struct buf *b, struct bytes text, enum page_form form, size_t html_bytes_max)
{
	struct writer w = { .b = b, .p = text.p, .form = form };

	if (!text.p)
		return 0;
	w.end = text.p + text.n;
	size_t start = b->len;
	while (w.p < w.end && b->len - start < html_bytes_max)
		add_next(&w);
	close_all(&w);
	assert(w.p <= w.end);
	return (size_t)(w.p - text.p);
}
