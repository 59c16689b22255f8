/* jsontext: walking over JSON as text, so that not a byte or digit of it changes. */
#include "core/jsontext.h"
#include "core/text.h"
#include <assert.h>
#include <string.h>

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static const char *skip_space(const char *p, const char *end)
{
	while (p < end && is_space(*p))
		p++;
	return p;
}

/* From the opening quote to behind the closing one; NULL when there is none. */
static const char *skip_string(const char *p, const char *end)
{
	const char *quote = p;

	assert(*p == '"');
	for (p++; p < end; p += 2) {
		if (p > quote && !(quote = memchr(p, '"', (size_t)(end - p))))
			return NULL;
		p = memchr(p, '\\', (size_t)(quote - p));
		if (!p)
			return quote + 1;
	}
	return NULL;
}

/* Counts brackets of both kinds as one: in valid JSON they match. No recursion, so that depth
 * costs nothing. */
static const char *skip_nested(const char *p, const char *end)
{
	size_t depth = 0;

	while (p < end) {
		if (*p == '"') {
			p = skip_string(p, end);
			if (!p)
				return NULL;
			continue;
		}
		if (*p == '{' || *p == '[')
			depth++;
		else if ((*p == '}' || *p == ']') && --depth == 0)
			return p + 1;
		p++;
	}
	return NULL;
}

/* A number or true, false, null: whatever it is, it ends where JSON goes on. */
static const char *skip_word(const char *p, const char *end)
{
	const char *start = p;

	while (p < end && !is_space(*p) && !strchr(",:]}[{\"", *p))
		p++;
	return p > start ? p : NULL;
}

static const char *skip_value(const char *p, const char *end)
{
	if (p >= end)
		return NULL;
	switch (*p) {
	case '"':
		return skip_string(p, end);
	case '{':
	case '[':
		return skip_nested(p, end);
	default:
		return skip_word(p, end);
	}
}

static struct bytes piece(const char *p, const char *end)
{
	assert(p <= end);
	return (struct bytes){ .p = p, .n = (size_t)(end - p) };
}

bool jsontext_open(struct jsontext *it, struct bytes value)
{
	memset(it, 0, sizeof(*it));
	if (!value.p)
		return false;
	const char *end = value.p + value.n;
	const char *p = skip_space(value.p, end);
	if (p == end || (*p != '{' && *p != '['))
		return false;
	it->object = *p == '{';
	it->p = p + 1;
	it->end = end;
	return true;
}

/* Behind the colon of a member, or NULL. */
static const char *skip_key(const char *p, const char *end, struct bytes *key)
{
	if (p >= end || *p != '"')
		return NULL;
	const char *after = skip_string(p, end);
	if (!after)
		return NULL;
	*key = piece(p, after);
	p = skip_space(after, end);
	if (p >= end || *p != ':')
		return NULL;
	return skip_space(p + 1, end);
}

/* Until the next value is found the walk counts as ended: broken text ends it for good. */
bool jsontext_next(struct jsontext *it, struct bytes *key, struct bytes *value)
{
	struct bytes name = { 0 };

	if (!it->p)
		return false;
	const char *p = skip_space(it->p, it->end);
	it->p = NULL;
	if (p < it->end && *p == ',')
		p = skip_space(p + 1, it->end);
	if (it->object && !(p = skip_key(p, it->end, &name)))
		return false;
	const char *after = skip_value(p, it->end);
	if (!after)
		return false;
	it->p = after;
	if (key)
		*key = name;
	*value = piece(p, after);
	return true;
}

/* Names are compared as they are spelled: servers do not escape the letters of their own names. */
struct bytes jsontext_member(struct bytes object, const char *name)
{
	struct bytes found = { 0 };
	struct bytes key;
	struct bytes value;
	struct jsontext it;

	if (!jsontext_open(&it, object) || !it.object)
		return found;
	while (jsontext_next(&it, &key, &value))
		if (jsontext_is_string(key, name))
			found = value;
	return found;
}

char jsontext_type(struct bytes value)
{
	return value.p && value.n > 0 ? value.p[0] : '\0';
}

bool jsontext_is_string(struct bytes value, const char *expected)
{
	size_t n = strlen(expected);

	return jsontext_type(value) == '"' && value.n == n + 2 &&
	       memcmp(value.p + 1, expected, n) == 0;
}

int jsontext_i64(struct bytes value, int64_t *out)
{
	char digits[24];

	if (jsontext_type(value) == '"' && value.n >= 2) {
		value.p++;
		value.n -= 2;
	}
	if (!value.p || value.n == 0 || value.n >= sizeof(digits))
		return -1;
	memcpy(digits, value.p, value.n);
	digits[value.n] = '\0';
	return str_to_i64(digits, INT64_MIN, INT64_MAX, out);
}

/* Four hexadecimal digits, or -1. */
static int32_t hex4(const char *p, const char *end)
{
	int32_t v = 0;

	if (end - p < 4)
		return -1;
	for (int i = 0; i < 4; i++) {
		char c = p[i];
		int32_t d;

		if (c >= '0' && c <= '9')
			d = c - '0';
		else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
			d = (c | 0x20) - 'a' + 10;
		else
			return -1;
		v = v << 4 | d;
	}
	return v;
}

/* p is behind "\u"; returns behind the digits, of both halves where two make one character. */
static const char *add_unicode(struct buf *b, const char *p, const char *end)
{
	int32_t high = hex4(p, end);

	if (high < 0)
		return p;
	p += 4;
	if (high >= 0xD800 && high <= 0xDBFF && end - p >= 6 && p[0] == '\\' && p[1] == 'u') {
		int32_t low = hex4(p + 2, end);

		if (low >= 0xDC00 && low <= 0xDFFF) {
			high = 0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00);
			p += 6;
		}
	}
	text_add_char(b, (uint32_t)high);
	return p;
}

/* p is behind the backslash. */
static const char *add_escape(struct buf *b, const char *p, const char *end)
{
	static const char name[] = "bfnrt";
	static const char meaning[] = "\b\f\n\r\t";

	if (*p == 'u')
		return add_unicode(b, p + 1, end);
	const char *known = strchr(name, *p);
	(void)buf_addc(b, known && *known ? meaning[known - name] : *p);
	return p + 1;
}

/* Runs without a backslash, which are most of every text, are copied whole. */
void jsontext_add_string(struct buf *b, struct bytes value)
{
	assert(jsontext_type(value) == '"' && value.n >= 2);
	const char *p = value.p + 1;
	const char *end = value.p + value.n - 1;

	while (p < end) {
		const char *stop = memchr(p, '\\', (size_t)(end - p));
		size_t plain = (size_t)((stop ? stop : end) - p);

		if (plain > 0)
			(void)buf_add(b, p, plain);
		p += plain;
		if (p + 1 < end)
			p = add_escape(b, p + 1, end);
		else
			break;
	}
}

void jsontext_add_compact(struct buf *b, struct bytes value)
{
	const char *p = value.p;
	const char *end = value.p + value.n;

	while (p < end) {
		const char *stop = *p == '"' ? skip_string(p, end) : p + 1;

		if (!stop)
			stop = end;
		if (!is_space(*p))
			(void)buf_add(b, p, (size_t)(stop - p));
		p = stop;
	}
}
