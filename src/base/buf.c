/* buf: bytes that grow up to a ceiling given at birth. */
#include "base/buf.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CAP_MIN 64

void buf_init(struct buf *b, size_t max)
{
	/* One byte more is kept for the NUL. */
	assert(max < SIZE_MAX);
	*b = (struct buf){ .max = max };
}

void buf_fini(struct buf *b)
{
	free(b->data);
	*b = (struct buf){ .max = b->max };
}

void buf_reset(struct buf *b)
{
	b->len = 0;
	b->full = false;
	if (b->data != NULL)
		b->data[0] = '\0';
}

/* Doubles, so that adding byte by byte stays linear, but never beyond what may be used. */
static size_t cap_for(const struct buf *b, size_t need)
{
	size_t cap = b->cap < CAP_MIN ? CAP_MIN : b->cap;

	while (cap < need)
		cap = cap > SIZE_MAX / 2 ? need : cap * 2;
	return cap > b->max + 1 ? b->max + 1 : cap;
}

/* Room for n more bytes and the NUL, or -1. Once full, a small piece that would still fit is
 * refused too: the text would have a hole. */
static int reserve(struct buf *b, size_t n)
{
	assert(b->len <= b->max);
	if (b->full || n > b->max - b->len) {
		b->full = true;
		return -1;
	}
	if (b->data == NULL || b->len + n + 1 > b->cap) {
		b->cap = cap_for(b, b->len + n + 1);
		b->data = xrealloc(b->data, b->cap);
	}
	return 0;
}

int buf_add(struct buf *b, const void *p, size_t n)
{
	if (reserve(b, n) < 0)
		return -1;
	if (n > 0)
		memcpy(b->data + b->len, p, n);
	b->len += n;
	b->data[b->len] = '\0';
	return 0;
}

int buf_adds(struct buf *b, const char *s)
{
	return buf_add(b, s, strlen(s));
}

int buf_addc(struct buf *b, char c)
{
	return buf_add(b, &c, 1);
}

int buf_addf(struct buf *b, const char *fmt, ...)
{
	size_t room = b->full || b->data == NULL ? 0 : b->cap - b->len;
	va_list ap, again;
	int n;

	va_start(ap, fmt);
	va_copy(again, ap);
	/* Into the room that there is; for more it is written again. What does not fit at all must not
	 * be there in part. */
	n = vsnprintf(room > 0 ? b->data + b->len : NULL, room, fmt, ap);
	va_end(ap);
	assert(n >= 0);
	bool fits = (size_t)n < room;
	if (!fits && room > 0)
		b->data[b->len] = '\0';
	if (!fits && reserve(b, (size_t)n) == 0) {
		(void)vsnprintf(b->data + b->len, (size_t)n + 1, fmt, again);
		fits = true;
	}
	va_end(again);
	b->len += fits ? (size_t)n : 0;
	return fits ? 0 : -1;
}

char *buf_steal(struct buf *b, size_t *len)
{
	char *data = b->data != NULL ? b->data : xcalloc(1, 1);

	if (len != NULL)
		*len = b->len;
	buf_init(b, b->max);
	return data;
}

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* The six bits of a letter, or -1. A chain of comparisons, no table of 256: the alphabet can be
 * read here, and output of megabytes costs less than its JSON. */
static int base64_bits(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	if (c == '+')
		return 62;
	return c == '/' ? 63 : -1;
}

/* The bytes that the text stands for, or -1 when it is not base64: whole groups of four, at most
 * two '=' and those last. */
static int base64_size(const char *text, size_t n, size_t *bytes)
{
	size_t letters = 0, padding = 0;

	for (size_t i = 0; i < n; i++) {
		if (is_space(text[i]))
			continue;
		if (text[i] == '=')
			padding++;
		else if (base64_bits(text[i]) < 0 || padding > 0)
			return -1;
		else
			letters++;
	}
	if ((letters + padding) % 4 != 0 || padding > 2)
		return -1;
	*bytes = letters / 4 * 3 + letters % 4 * 3 / 4;
	return 0;
}

int buf_add_base64(struct buf *b, const char *text, size_t n)
{
	uint32_t bits = 0;
	unsigned have = 0;
	size_t bytes;

	/* Measured first, so that nothing is added of a text that turns out bad at its end. */
	if (base64_size(text, n, &bytes) < 0 || reserve(b, bytes) < 0)
		return -1;
	for (size_t i = 0; i < n; i++) {
		if (is_space(text[i]) || text[i] == '=')
			continue;
		bits = bits << 6 | (uint32_t)base64_bits(text[i]);
		have += 6;
		if (have >= 8) {
			have -= 8;
			b->data[b->len++] = (char)(unsigned char)(bits >> have & 0xff);
		}
	}
	b->data[b->len] = '\0';
	return 0;
}

int buf_put_base64(struct buf *b, const void *p, size_t n)
{
	static const char letters[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const unsigned char *in = p;

	assert(n <= SIZE_MAX / 4 * 3 - 4);
	if (reserve(b, (n + 2) / 3 * 4) < 0)
		return -1;
	for (size_t i = 0; i < n; i += 3) {
		size_t left = n - i;
		uint32_t bits = (uint32_t)in[i] << 16;

		bits |= left > 1 ? (uint32_t)in[i + 1] << 8 : 0;
		bits |= left > 2 ? in[i + 2] : 0;
		b->data[b->len++] = letters[bits >> 18 & 63];
		b->data[b->len++] = letters[bits >> 12 & 63];
		b->data[b->len++] = left > 1 ? letters[bits >> 6 & 63] : '=';
		b->data[b->len++] = left > 2 ? letters[bits & 63] : '=';
	}
	b->data[b->len] = '\0';
	return 0;
}
