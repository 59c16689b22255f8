/* text: UTF-8, and text on its way into JSON. */
#include "core/text.h"
#include <assert.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#define REPLACEMENT UINT32_C(0xFFFD)

/* The bytes of a character by its first byte; 0: no character starts like that. C0, C1 and F5 and
 * above could only spell what has a shorter spelling or lies beyond Unicode. */
static size_t lead_bytes(unsigned char lead)
{
	if (lead < 0x80)
		return 1;
	if (lead >= 0xC2 && lead <= 0xDF)
		return 2;
	if (lead >= 0xE0 && lead <= 0xEF)
		return 3;
	if (lead >= 0xF0 && lead <= 0xF4)
		return 4;
	return 0;
}

/* The bytes of the character that starts at p, 0 when it is none. jansson has the same idea of what
 * is UTF-8 (a test holds them against each other): what passes here can be sent. */
static size_t decode(const char *p, size_t n, uint32_t *c)
{
	static const uint32_t smallest[] = { 0, 0, 0x80, 0x800, 0x10000 };
	const unsigned char *u = (const unsigned char *)p;

	assert(n > 0);
	size_t len = lead_bytes(u[0]);
	if (len == 0 || len > n)
		return 0;
	uint32_t v = len == 1 ? u[0] : u[0] & (0xFFu >> (len + 1));
	for (size_t i = 1; i < len; i++) {
		if ((u[i] & 0xC0) != 0x80)
			return 0;
		v = v << 6 | (u[i] & 0x3Fu);
	}
	if (v < smallest[len] || v > 0x10FFFF || (v >= 0xD800 && v <= 0xDFFF))
		return 0;
	*c = v;
	return len;
}

size_t text_utf8_prefix(const char *p, size_t n)
{
	size_t at = 0;

	while (at < n) {
		uint32_t c;
		size_t len = decode(p + at, n - at, &c);

		if (len == 0)
			break;
		at += len;
	}
	return at;
}

bool text_is_utf8(const char *p, size_t n)
{
	return text_utf8_prefix(p, n) == n;
}

void text_add_char(struct buf *b, uint32_t c)
{
	char u[4];

	if (c > 0x10FFFF || (c >= 0xD800 && c <= 0xDFFF))
		c = REPLACEMENT;
	if (c < 0x80) {
		(void)buf_addc(b, (char)c);
	} else if (c < 0x800) {
		u[0] = (char)(0xC0 | c >> 6);
		u[1] = (char)(0x80 | (c & 0x3F));
		(void)buf_add(b, u, 2);
	} else if (c < 0x10000) {
		u[0] = (char)(0xE0 | c >> 12);
		u[1] = (char)(0x80 | (c >> 6 & 0x3F));
		u[2] = (char)(0x80 | (c & 0x3F));
		(void)buf_add(b, u, 3);
	} else {
		u[0] = (char)(0xF0 | c >> 18);
		u[1] = (char)(0x80 | (c >> 12 & 0x3F));
		u[2] = (char)(0x80 | (c >> 6 & 0x3F));
		u[3] = (char)(0x80 | (c & 0x3F));
		(void)buf_add(b, u, 4);
	}
}

/* A byte at a time, not a sequence at a time: how many marks there are then tells how many bytes
 * were wrong. */
void text_add_utf8(struct buf *b, const char *p, size_t n)
{
	while (n > 0) {
		size_t good = text_utf8_prefix(p, n);

		assert(good <= n);
		if (good > 0)
			(void)buf_add(b, p, good);
		p += good;
		n -= good;
		if (n > 0) {
			text_add_char(b, REPLACEMENT);
			p++;
			n--;
		}
	}
}

/* Characters that move a terminal's cursor, end a line or turn its direction round: a message
 * from a server must not be able to pass for a line of ours. */
static bool is_control(uint32_t c)
{
	return c < 0x20 || (c >= 0x7F && c <= 0x9F) || (c >= 0x2028 && c <= 0x202E) ||
	       (c >= 0x2066 && c <= 0x2069);
}

/* The start is trimmed while the line is read, for its length is limited. */
static void trim_end(struct buf *b)
{
	while (b->len > 0 && b->data[b->len - 1] == ' ')
		b->data[--b->len] = '\0';
}

char *text_line(const char *p, size_t n, size_t bytes_max)
{
	struct buf line;

	buf_init(&line, bytes_max);
	while (n > 0) {
		uint32_t c = REPLACEMENT;
		size_t len = decode(p, n, &c);

		p += len > 0 ? len : 1;
		n -= len > 0 ? len : 1;
		if (c == '\t')
			c = ' ';
		if ((c == '\n' || c == '\r') && line.len > 0)
			break;
		if (is_control(c) || (c == ' ' && line.len == 0))
			continue;
		text_add_char(&line, c);
		if (line.full)
			break;
	}
	trim_end(&line);
	return buf_steal(&line, NULL);
}

void text_add_hex(struct buf *b, const char *p, size_t n)
{
	static const char digit[] = "0123456789abcdef";

	for (size_t i = 0; i < n; i++) {
		unsigned char u = (unsigned char)p[i];

		(void)buf_addc(b, digit[u >> 4]);
		(void)buf_addc(b, digit[u & 15]);
	}
}

/* Only what text_add_hex() writes: other spellings are not ours. */
static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return -1;
}

bool text_add_unhex(struct buf *b, const char *hex)
{
	size_t n = strlen(hex);

	if (n % 2 != 0)
		return false;
	for (size_t i = 0; i < n; i += 2) {
		int high = hex_value(hex[i]);
		int low = hex_value(hex[i + 1]);

		if (high < 0 || low < 0)
			return false;
		(void)buf_addc(b, (char)(high << 4 | low));
	}
	return true;
}

/* jansson itself says whether the text is UTF-8; the copy is made only where it is not. */
json_t *text_json_bytes(const char *p, size_t n)
{
	json_t *v = json_stringn(p, n);

	if (!v) {
		struct buf b;

		/* Three bytes for each bad one is the most that replacing can add. */
		buf_init(&b, n * 3 + 1);
		text_add_utf8(&b, p, n);
		assert(!b.full);
		v = json_stringn(b.data ? b.data : "", b.len);
		buf_fini(&b);
	}
	assert(v);
	return v;
}

json_t *text_json(const char *s)
{
	return s ? text_json_bytes(s, strlen(s)) : json_null();
}

void text_put(json_t *object, const char *key, json_t *value)
{
	int rc = json_object_set_new(object, key, value);

	assert(rc == 0);
	(void)rc;
}

void text_append(json_t *array, json_t *value)
{
	int rc = json_array_append_new(array, value);

	assert(rc == 0);
	(void)rc;
}
