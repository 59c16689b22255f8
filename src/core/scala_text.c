/* scala_text: strings, characters and XML of Scala, which have rules of their own. */
#include "core/scala_int.h"

#include <assert.h>
#include <string.h>

#define ESCAPE_BYTES_MAX 12

char scala_char(const struct scala_lex *l, size_t at)
{
	return at < l->t.n ? l->t.p[at] : '\0';
}

/* The arrows and the mathematics of Unicode, U+2190 to U+22FF. */
static bool is_far_symbol(const struct scala_lex *l, size_t at)
{
	unsigned char second = (unsigned char)scala_char(l, at + 1);

	return scala_char(l, at) == '\xE2' && second >= 0x86 && second <= 0x8B;
}

bool scala_is_letter(const struct scala_lex *l, size_t at)
{
	char c = scala_char(l, at);

	if ((unsigned char)c >= 0x80)
		return !is_far_symbol(l, at);
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '$';
}

bool scala_is_symbol(const struct scala_lex *l, size_t at)
{
	char c = scala_char(l, at);

	return (c != '\0' && strchr("!#%&*+-/:<=>?@\\^|~", c)) || is_far_symbol(l, at);
}

static bool is_line_end(char c)
{
	return c == '\n' || c == '\r';
}

/* ---- strings --------------------------------------------------------------------------------- */

enum scala_stop scala_text_plain(struct scala_lex *l)
{
	for (; l->at < l->t.n; l->at++) {
		char c = l->t.p[l->at];

		if (is_line_end(c))
			return SCALA_CUT;
		if (c == '\\' && l->at + 1 < l->t.n && !is_line_end(l->t.p[l->at + 1])) {
			l->at++;
		} else if (c == '"') {
			l->at++;
			return SCALA_ENDED;
		}
	}
	return SCALA_CUT;
}

/* A form feed as well: it may stand where the file has a line's end. */
static bool ends_line(char c)
{
	return is_line_end(c) || c == '\f';
}

/* Counts the quotes from at to the line's end that have no backslash before them, for each byte of
 * a line once. */
static bool quotes_are_odd(struct scala_lex *l, size_t at)
{
	const char *p = l->t.p;

	assert(at > 0);
	if (at < l->odd_from || at > l->odd_to) {
		l->odd = false;
		l->odd_from = at;
		for (l->odd_to = at; l->odd_to < l->t.n && !ends_line(p[l->odd_to]); l->odd_to++)
			l->odd ^= p[l->odd_to] == '"' && p[l->odd_to - 1] != '\\';
	}
	for (; l->odd_from < at; l->odd_from++)
		l->odd ^= p[l->odd_from] == '"' && p[l->odd_from - 1] != '\\';
	return l->odd;
}

/* Up to Scala 2.13.5 a backslash does not protect a quote here, later it does. What leaves the
 * quotes of the line even is what was meant. */
static bool is_protected_quote(struct scala_lex *l)
{
	return scala_char(l, l->at) == '\\' && scala_char(l, l->at + 1) == '"' &&
	       quotes_are_odd(l, l->at + 2);
}

/* Two backslashes: the second protects nothing. */
static bool is_pair(const struct scala_lex *l)
{
	return scala_char(l, l->at) == '\\' && scala_char(l, l->at + 1) == '\\';
}

/* At a $: true when code follows it, and then behind the {. */
static bool enters_hole(struct scala_lex *l)
{
	char c = scala_char(l, l->at + 1);

	l->at += c == '$' || c == '{' || c == '"' ? 2 : 1;
	return c == '{';
}

enum scala_stop scala_text_holes(struct scala_lex *l)
{
	while (l->at < l->t.n) {
		char c = l->t.p[l->at];

		if (is_line_end(c))
			return SCALA_CUT;
		if (c == '$') {
			if (enters_hole(l))
				return SCALA_HOLE;
		} else if (is_protected_quote(l) || is_pair(l)) {
			l->at += 2;
		} else {
			l->at++;
			if (c == '"')
				return SCALA_ENDED;
		}
	}
	return SCALA_CUT;
}

/* Of more than three quotes the last three end it. */
static bool ends_long(struct scala_lex *l)
{
	size_t quotes = 0;

	while (scala_char(l, l->at) == '"') {
		quotes++;
		l->at++;
	}
	return quotes >= 3;
}

enum scala_stop scala_text_long(struct scala_lex *l, bool holes)
{
	while (l->at < l->t.n) {
		char c = l->t.p[l->at];

		if (c == '"') {
			if (ends_long(l))
				return SCALA_ENDED;
		} else if (c == '$' && holes && scala_char(l, l->at + 1) != '"') {
			if (enters_hole(l))
				return SCALA_HOLE;
		} else {
			l->at++;
		}
	}
	return SCALA_CUT;
}

/* ---- characters and symbols ------------------------------------------------------------------ */

static size_t utf8_bytes(char first)
{
	unsigned char c = (unsigned char)first;

	return c < 0x80 ? 1 : c < 0xE0 ? 2 : c < 0xF0 ? 3 : 4;
}

static bool is_letter_or_digit(const struct scala_lex *l, size_t at)
{
	char c = scala_char(l, at);

	return scala_is_letter(l, at) || (c >= '0' && c <= '9');
}

/* '\'' or '\u0027' or '\47': only the first behind the backslash may be a quote itself. */
static bool is_escaped_char(struct scala_lex *l)
{
	size_t at = l->at + 3;

	while (at < l->at + ESCAPE_BYTES_MAX && is_letter_or_digit(l, at))
		at++;
	if (scala_char(l, at) != '\'')
		return false;
	l->at = at + 1;
	return true;
}

bool scala_text_quoted(struct scala_lex *l)
{
	char c = scala_char(l, l->at + 1);

	assert(scala_char(l, l->at) == '\'');
	if (c == '\\' && is_escaped_char(l))
		return true;
	size_t after = l->at + 1 + utf8_bytes(c);
	if (c != '\0' && !is_line_end(c) && scala_char(l, after) == '\'') {
		l->at = after + 1;
		return true;
	}
	l->at++;
	return false;
}

/* ---- XML ------------------------------------------------------------------------------------- */

static bool is_xml_name(const struct scala_lex *l, size_t at)
{
	char c = scala_char(l, at);

	return c != '$' && scala_is_letter(l, at);
}

bool scala_text_is_xml(const struct scala_lex *l)
{
	char before = l->at == 0 ? ' ' : l->t.p[l->at - 1];
	char after = scala_char(l, l->at + 1);

	return strchr(" \t\n{(>", before) && before != '\0' &&
	       (is_xml_name(l, l->at + 1) || after == '!' || after == '?');
}

/* Behind the next occurrence of what. */
static bool skip_past(struct scala_lex *l, const char *what)
{
	const char *found = memmem(l->t.p + l->at, l->t.n - l->at, what, strlen(what));

	if (!found) {
		l->at = l->t.n;
		return false;
	}
	l->at = (size_t)(found - l->t.p) + strlen(what);
	return true;
}

static bool starts_with(const struct scala_lex *l, const char *what)
{
	size_t n = strlen(what);

	return l->t.n - l->at >= n && memcmp(l->t.p + l->at, what, n) == 0;
}

/* At a <. */
static bool xml_open(struct scala_lex *l, struct scala_level *xml)
{
	if (starts_with(l, "<!--"))
		return skip_past(l, "-->");
	if (starts_with(l, "<![CDATA["))
		return skip_past(l, "]]>");
	if (starts_with(l, "<?"))
		return skip_past(l, "?>");
	if (starts_with(l, "</")) {
		xml->elements -= xml->elements > 0;
		return skip_past(l, ">");
	}
	l->at++;
	xml->in_tag = true;
	return true;
}

/* In a tag: one attribute's value, or its end. */
static enum scala_stop xml_tag(struct scala_lex *l, struct scala_level *xml)
{
	assert(l->at < l->t.n);
	char c = l->t.p[l->at++];

	if (c == '{')
		return SCALA_HOLE;
	if (c == '"' || c == '\'')
		return skip_past(l, c == '"' ? "\"" : "'") ? SCALA_ENDED : SCALA_CUT;
	if (c == '>') {
		xml->in_tag = false;
		xml->elements += l->t.p[l->at - 2] != '/';
	}
	return SCALA_ENDED;
}

/* Between tags. */
static enum scala_stop xml_content(struct scala_lex *l, struct scala_level *xml)
{
	assert(l->at < l->t.n);
	char c = l->t.p[l->at];

	if (c == '<')
		return xml_open(l, xml) ? SCALA_ENDED : SCALA_CUT;
	l->at++;
	if (c != '{')
		return SCALA_ENDED;
	if (scala_char(l, l->at) != '{')
		return SCALA_HOLE;
	l->at++; /* two stand for one */
	return SCALA_ENDED;
}

/* An element behind an element is a part of the same literal, whatever blanks are between. */
static bool xml_goes_on(struct scala_lex *l)
{
	size_t at = l->at;

	while (at < l->t.n && strchr(" \t\r\n", l->t.p[at]) && l->t.p[at] != '\0')
		at++;
	char after = scala_char(l, at + 1);
	if (scala_char(l, at) != '<' || (!is_xml_name(l, at + 1) && after != '!' && after != '?'))
		return false;
	if (l->depth == 0 && l->torn_at == 0 && memchr(l->t.p + l->at, '\n', at - l->at))
		l->torn_at = at;
	l->at = at;
	return true;
}

enum scala_stop scala_text_xml(struct scala_lex *l, struct scala_level *xml)
{
	while (l->at < l->t.n) {
		enum scala_stop stop = xml->in_tag ? xml_tag(l, xml) : xml_content(l, xml);

		if (stop != SCALA_ENDED)
			return stop;
		if (!xml->in_tag && xml->elements == 0 && !xml_goes_on(l))
			return SCALA_ENDED;
	}
	return SCALA_CUT;
}
