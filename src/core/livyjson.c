/* livyjson: a server's JSON read with tolerance, and a statement cut out of a list. */
#include "base/buf.h"
#include "core/jsontext.h"
#include "core/livy.h"
#include "core/text.h"
#include <assert.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#define PARSE_FLAGS (JSON_ALLOW_NUL | JSON_DECODE_ANY)

/* A copy of the text on its way to being something that jansson accepts. */
struct mend {
	const char *p;
	const char *end;
	struct buf out;
};

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static size_t digits(const char *p, const char *end)
{
	const char *start = p;

	while (p < end && is_digit(*p))
		p++;
	return (size_t)(p - start);
}

/* The length of the number that starts at p by JSON's grammar, 0 when there is none: text that no
 * JSON parser would take must not become acceptable by being quoted. */
static size_t number_length(const char *p, const char *end)
{
	const char *start = p;

	if (p < end && *p == '-')
		p++;
	size_t whole = digits(p, end);
	if (whole == 0 || (whole > 1 && *p == '0'))
		return 0;
	p += whole;
	if (p < end && *p == '.') {
		size_t fraction = digits(p + 1, end);

		if (fraction == 0)
			return 0;
		p += 1 + fraction;
	}
	if (p < end && (*p == 'e' || *p == 'E')) {
		p++;
		if (p < end && (*p == '+' || *p == '-'))
			p++;
		size_t exponent = digits(p, end);
		if (exponent == 0)
			return 0;
		p += exponent;
	}
	return (size_t)(p - start);
}

static void copy(struct mend *m, size_t n)
{
	assert(n <= (size_t)(m->end - m->p));
	(void)buf_add(&m->out, m->p, n);
	m->p += n;
}

/* jansson itself is asked whether a number is too big for it: no limit is written down twice. */
static void mend_number(struct mend *m)
{
	size_t n = number_length(m->p, m->end);
	json_t *v = n > 0 ? json_loadb(m->p, n, PARSE_FLAGS, NULL) : NULL;

	if (n > 0 && !v) {
		(void)buf_addc(&m->out, '"');
		copy(m, n);
		(void)buf_addc(&m->out, '"');
	} else {
		copy(m, n > 0 ? n : 1);
	}
	json_decref(v);
}

/* Whether the string that starts at p is the name of a member; *after is behind it. */
static bool is_key(const char *p, const char *end, const char **after)
{
	for (p++; p < end && *p != '"'; p++)
		if (*p == '\\' && p + 1 < end)
			p++;
	*after = p < end ? p + 1 : end;
	p = *after;
	while (p < end && (*p == ' ' || *p == '\t' || *p == '\n' || *p == '\r'))
		p++;
	return p < end && *p == ':';
}

/* The UTF-16 unit of an escape that starts at p; 0xFFFF, which needs no mending, when there is
 * none. */
static unsigned unit_at(const char *p, const char *end)
{
	char hex[5] = { 0 };

	if (end - p < 6 || p[0] != '\\' || p[1] != 'u')
		return 0xFFFF;
	memcpy(hex, p + 2, 4);
	if (strspn(hex, "0123456789abcdefABCDEF") != 4)
		return 0xFFFF;
	return (unsigned)strtoul(hex, NULL, 16);
}

/* At a backslash. Java and Python both write half of a surrogate pair where a string was cut in
 * the middle of a character, and NUL in names: correct JSON that jansson refuses. */
static void mend_escape(struct mend *m, bool key)
{
	unsigned unit = unit_at(m->p, m->end);
	bool high = unit >= 0xD800 && unit <= 0xDBFF;
	bool low = unit >= 0xDC00 && unit <= 0xDFFF;

	if (high) {
		unsigned next = unit_at(m->p + 6, m->end);

		if (next >= 0xDC00 && next <= 0xDFFF) {
			copy(m, 12);
			return;
		}
	}
	if (high || low || (key && unit == 0)) {
		(void)buf_adds(&m->out, "\\ufffd");
		m->p += 6;
		return;
	}
	copy(m, m->end - m->p >= 2 ? 2 : 1);
}

static void mend_string(struct mend *m)
{
	const char *after;
	bool key = is_key(m->p, m->end, &after);

	copy(m, 1);
	while (m->p < after) {
		const char *stop = memchr(m->p, '\\', (size_t)(after - m->p));

		copy(m, (size_t)((stop ? stop : after) - m->p));
		if (stop)
			mend_escape(m, key);
	}
}

/* The second try. Costly, but only paid for what jansson has refused, which real servers seldom
 * send. */
static json_t *parse_mended(struct bytes body)
{
	struct mend m = { .p = body.p, .end = body.p + body.n };

	/* Two quotes around a number of at least one digit: three times the size is ample. */
	buf_init(&m.out, body.n * 3);
	while (m.p < m.end) {
		if (*m.p == '"')
			mend_string(&m);
		else if (*m.p == '-' || is_digit(*m.p))
			mend_number(&m);
		else
			copy(&m, 1);
	}
	assert(!m.out.full);
	json_t *tree = json_loadb(m.out.data, m.out.len, PARSE_FLAGS, NULL);
	buf_fini(&m.out);
	return tree;
}

json_t *livy_parse(struct bytes body)
{
	if (!body.p || body.n == 0)
		return NULL;
	json_t *tree = json_loadb(body.p, body.n, PARSE_FLAGS, NULL);
	/* Mending a text of another encoding could not help: the rest would be refused again. */
	if (!tree && text_is_utf8(body.p, body.n))
		tree = parse_mended(body);
	return tree;
}

/* The record keeps the server's own bytes: parsed and written again, digits would change. */
bool livy_cut_statement(struct bytes list, int64_t id, struct bytes *statement)
{
	struct jsontext it;
	struct bytes element;

	if (!jsontext_open(&it, jsontext_member(list, "statements")) || it.object)
		return false;
	while (jsontext_next(&it, NULL, &element)) {
		int64_t found;

		if (jsontext_i64(jsontext_member(element, "id"), &found) == 0 && found == id) {
			*statement = element;
			return true;
		}
	}
	return false;
}
