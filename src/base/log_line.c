/* log_line: from a format and its values to one line, and the same line as fields.
 *
 * Both are made here because only here it is known which byte is the format's and which a value's: taken
 * apart again by its reader, a line would have the fields that a file's name says it has. */
#include "base/log_int.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* ---- the text ------------------------------------------------------------------------------- */

/* How many of the n bytes at p a terminal would obey: those below space, DEL, and in UTF-8 C2 80 to
 * C2 9F. */
static size_t control_bytes(const unsigned char *p, size_t n)
{
	if (n > 1 && p[0] == 0xc2 && p[1] >= 0x80 && p[1] <= 0x9f)
		return 2;
	return p[0] < 0x20 || p[0] == 0x7f;
}

static void put(struct line *l, char c)
{
	l->text[l->len++] = c;
}

static void put_escaped(struct line *l, unsigned char c)
{
	static const char hex[] = "0123456789abcdef";

	put(l, '\\');
	if (c == '\n' || c == '\t' || c == '\r') {
		put(l, c == '\n' ? 'n' : c == '\t' ? 't' : 'r');
	} else if (c == '"' || c == '\\') {
		put(l, (char)c);
	} else {
		put(l, 'x');
		put(l, hex[c >> 4]);
		put(l, hex[c & 15]);
	}
}

/* Counts a byte; false when the line is full. */
static bool take(struct line *l)
{
	if (l->raw == LINE_MAX_BYTES - 3)
		l->room = l->len;
	return l->raw++ < LINE_MAX_BYTES;
}

/* Whatever a value holds, what stands around it is still what the format says: within quotation
 * marks there are no others. */
static void put_text(struct line *l, const char *s, size_t n, bool quoted)
{
	const unsigned char *p = (const unsigned char *)s;
	size_t controls = 0;

	for (size_t i = 0; i < n; i++) {
		if (!take(l))
			return;
		if (controls == 0)
			controls = control_bytes(p + i, n - i);
		if (controls > 0 || (quoted && (p[i] == '"' || p[i] == '\\')))
			put_escaped(l, p[i]);
		else
			put(l, (char)p[i]);
		controls -= controls > 0;
	}
}

/* key=value needs no quotation marks as long as the next reader sees where it ends. */
static bool needs_quotes(const char *s, size_t n)
{
	const unsigned char *p = (const unsigned char *)s;

	for (size_t i = 0; i < n; i++)
		if (p[i] <= ' ' || p[i] == '"' || p[i] == '\\' || control_bytes(p + i, n - i) > 0)
			return true;
	return n == 0;
}

/* ---- the fields ----------------------------------------------------------------------------- */

static bool is_key_byte(char c, bool is_first)
{
	return (c >= 'a' && c <= 'z') || (!is_first && (c == '_' || (c >= '0' && c <= '9')));
}

static void keep(struct line *l, char c)
{
	assert(l->in != FIELD_NONE);
	if (l->value_len == sizeof(l->value))
		return; /* the line shows by its dots that it is cut off */
	l->value[l->value_len++] = c;
	l->field[l->field_count].value_len++;
}

static void field_begin(struct line *l)
{
	if (l->field_count == FIELDS_MAX)
		return;
	l->field[l->field_count] =
	    (struct log_field){ l->word, l->word_len, l->value + l->value_len, 0 };
	l->in = FIELD_BEGUN;
}

static void field_end(struct line *l)
{
	if (l->in == FIELD_NONE)
		return;
	l->in = FIELD_NONE;
	l->field_count++;
}

/* A byte of the format that stands in no field: perhaps one of a key. */
static void key_byte(struct line *l, const char *p)
{
	if (l->at_word) {
		l->word = p;
		l->word_len = 0;
	}
	if (*p == '=' && l->word_len > 0)
		field_begin(l);
	if (l->word + l->word_len == p && is_key_byte(*p, l->word_len == 0))
		l->word_len++;
	else
		l->word_len = 0;
}

/* A byte of the format within a field. Punctuation of ours ends a bare value; what a value of the
 * caller's holds never comes here. */
static void value_byte(struct line *l, char c, bool is_literal)
{
	if (l->in == FIELD_BEGUN && c == '"' && !is_literal) {
		l->in = FIELD_QUOTED;
		return;
	}
	if (l->in == FIELD_BEGUN)
		l->in = FIELD_BARE;
	if (l->in == FIELD_QUOTED ? c == '"' && !is_literal : strchr(" ;:,)", c) != NULL)
		field_end(l);
	else
		keep(l, c);
}

/* The caller's own, before escaping. A word of his may be a key where the format has its = right
 * behind it. */
static void field_value(struct line *l, const char *s, size_t n)
{
	l->word_len = 0;
	if (l->in == FIELD_NONE && l->at_word) {
		while (l->word_len < n && is_key_byte(s[l->word_len], l->word_len == 0))
			l->word_len++;
		l->word = s;
		l->word_len = l->word_len == n ? n : 0;
	}
	l->at_word = false;
	if (l->in == FIELD_NONE)
		return;
	if (l->in == FIELD_BEGUN)
		l->in = FIELD_BARE;
	for (size_t i = 0; i < n; i++)
		keep(l, s[i]);
}

/* ---- the format ----------------------------------------------------------------------------- */

static void put_value(struct line *l, const char *s, size_t n)
{
	bool quotes = !l->quoted && l->is_value && needs_quotes(s, n);

	field_value(l, s, n);
	if (quotes)
		put_text(l, "\"", 1, false);
	put_text(l, s, n, l->quoted || quotes);
	if (quotes)
		put_text(l, "\"", 1, false);
	l->is_value = false;
}

static void format_byte(struct line *l, const char *p, bool is_literal)
{
	if (l->in != FIELD_NONE)
		value_byte(l, *p, is_literal);
	else if (l->quoted)
		l->word_len = 0; /* words of somebody's, in quotation marks */
	else
		key_byte(l, p);
	if (*p == '"' && !is_literal)
		l->quoted = !l->quoted;
	l->at_word = *p == ' ';
}

/* The format's own text, up to a conversion or its end. */
static const char *put_format(struct line *l, const char *p)
{
	const char *end = p + strcspn(p, "%");

	for (const char *q = p; q < end; q++) {
		/* quotation marks within quotation marks are somebody else's */
		bool is_literal = *q == '\\' && q + 1 < end;
		q += is_literal;
		format_byte(l, q, is_literal);
	}
	if (end > p)
		l->is_value = end[-1] == '=';
	put_text(l, p, (size_t)(end - p), false);
	return end;
}

/* A copy of a va_list that can be handed on. */
struct args {
	va_list ap;
};

static uintmax_t next_number(struct args *args, char length, bool is_signed)
{
	switch (length) {
	case 'L':
		return va_arg(args->ap, unsigned long long);
	case 'l':
		return is_signed ? (uintmax_t)va_arg(args->ap, long)
				 : va_arg(args->ap, unsigned long);
	case 'j':
		return va_arg(args->ap, uintmax_t);
	case 'z':
		return va_arg(args->ap, size_t);
	default:
		return is_signed ? (uintmax_t)va_arg(args->ap, int) : va_arg(args->ap, unsigned);
	}
}

static void put_number(struct line *l, struct args *args, char length, char conversion)
{
	bool is_signed = conversion == 'd' || conversion == 'i';
	uintmax_t n = next_number(args, length, is_signed);
	char text[32];

	if (is_signed)
		(void)snprintf(text, sizeof(text), "%jd", (intmax_t)n);
	else if (conversion == 'x')
		(void)snprintf(text, sizeof(text), "%#jx", n);
	else
		(void)snprintf(text, sizeof(text), "%ju", n);
	put_value(l, text, strlen(text));
}

static void put_string(struct line *l, struct args *args, bool has_max, int max)
{
	const char *s = va_arg(args->ap, const char *);

	if (s == NULL)
		s = "(null)";
	put_value(l, s, has_max && max >= 0 ? strnlen(s, (size_t)max) : strlen(s));
}

/* One conversion: of printf(3) as much as lines of a log need, which is %s, %.*s and whole numbers
 * of any length. NULL: it is something else. */
static const char *put_conversion(struct line *l, const char *p, struct args *args)
{
	bool has_max = strncmp(p, "%.*", 3) == 0;
	int max = has_max ? va_arg(args->ap, int) : 0;
	char length = '\0';

	p += has_max ? 3 : 1;
	p += *p == '#';
	if (*p != '\0' && strchr("ljz", *p) != NULL)
		length = *p++;
	if (length == 'l' && *p == 'l') {
		length = 'L';
		p++;
	}
	switch (*p) {
	case '%':
		put_text(l, "%", 1, false);
		return p + 1;
	case 's':
		put_string(l, args, has_max, max);
		return p + 1;
	case 'd':
	case 'i':
	case 'u':
	case 'x':
		put_number(l, args, length, *p);
		return p + 1;
	default:
		return NULL;
	}
}

void log_line_format(struct line *l, const char *fmt, va_list ap)
{
	struct args args;

	l->len = l->raw = l->room = l->field_count = l->word_len = l->value_len = 0;
	l->quoted = l->is_value = false;
	l->in = FIELD_NONE;
	l->word = fmt;
	l->at_word = true;
	va_copy(args.ap, ap);
	for (const char *p = fmt; p != NULL && *p != '\0';)
		p = *p == '%' ? put_conversion(l, p, &args) : put_format(l, p);
	va_end(args.ap);
	field_end(l);
	/* A reader must see that something is missing. */
	if (l->raw > LINE_MAX_BYTES) {
		l->len = l->room;
		for (int i = 0; i < 3; i++)
			put(l, '.');
	}
	put(l, '\0');
	assert(l->len <= sizeof(l->text) && l->value_len <= sizeof(l->value));
}
