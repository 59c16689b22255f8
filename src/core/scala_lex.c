/* scala_lex: the tokens of a Scala file, as far as its lines depend on them. */
#include "core/scala_int.h"

#include <assert.h>
#include <string.h>

void scala_lex_init(struct scala_lex *l, struct bytes text)
{
	assert(text.n <= SCALA_FILE_BYTES_MAX);
	l->t = text;
	l->at = 0;
	l->depth = 0;
	l->xml_levels = 0;
	l->problem = NULL;
	l->problem_at = 0;
	l->torn_at = 0;
	l->odd_from = 1; /* of no line */
	l->odd_to = 0;
	l->odd = false;
}

static void stop_at(struct scala_lex *l, size_t at, const char *why)
{
	if (l->problem)
		return;
	l->problem = why;
	l->problem_at = at;
}

/* ---- what is open ---------------------------------------------------------------------------- */

static void push(struct scala_lex *l, struct scala_level level)
{
	if (l->depth == SCALA_DEPTH_MAX) {
		stop_at(l, level.at, "more brackets are open than can be followed");
		return;
	}
	l->level[l->depth++] = level;
	l->xml_levels += level.kind == '<';
}

static struct scala_level pop(struct scala_lex *l)
{
	assert(l->depth > 0);
	struct scala_level level = l->level[--l->depth];
	l->xml_levels -= level.kind == '<';
	return level;
}

static char closes(char c)
{
	return c == ')' ? '(' : c == ']' ? '[' : '{';
}

/* The kind of text that the piece of code within it interrupts, or NUL. */
static char interrupted(const struct scala_lex *l)
{
	char kind = l->depth > 0 ? l->level[l->depth - 1].kind : '\0';

	return kind == '"' || kind == 'T' || kind == '<' ? kind : '\0';
}

/* ---- between tokens -------------------------------------------------------------------------- */

/* From the / on; comments hold comments. */
static void skip_comment(struct scala_lex *l)
{
	size_t start = l->at;
	size_t open = 0;

	do {
		char c = scala_char(l, l->at);
		char next = scala_char(l, l->at + 1);

		if (c == '/' && next == '*') {
			open++;
			l->at += 2;
		} else if (c == '*' && next == '/') {
			open--;
			l->at += 2;
		} else {
			l->at++;
		}
	} while (open > 0 && l->at < l->t.n);
	if (open > 0)
		stop_at(l, start, "the comment that begins here is never closed");
}

static void skip_line(struct scala_lex *l)
{
	while (l->at < l->t.n && l->t.p[l->at] != '\n' && l->t.p[l->at] != '\r')
		l->at++;
}

static void skip_gap(struct scala_lex *l)
{
	while (l->at < l->t.n && !l->problem) {
		char c = l->t.p[l->at];

		if (c == '/' && scala_char(l, l->at + 1) == '*')
			skip_comment(l);
		else if (c == '/' && scala_char(l, l->at + 1) == '/')
			skip_line(l);
		else if (c == ' ' || (c >= '\t' && c <= '\r'))
			l->at++;
		else
			break;
	}
}

/* As the compiler counts, which looks at the bare text: a blank line in a comment is one, too. */
static unsigned count_newlines(const struct scala_lex *l, size_t from, size_t to)
{
	bool blank = false; /* nothing but blanks since a line's end */
	unsigned newlines = 0;

	for (size_t i = from; i < to; i++) {
		char c = l->t.p[i];

		if (c == '\n' || c == '\f') {
			if (blank)
				return 2;
			newlines = 1;
			blank = true;
		} else if ((unsigned char)c > ' ') {
			blank = false;
		}
	}
	return newlines;
}

/* ---- names ----------------------------------------------------------------------------------- */

static enum scala_word word_of(const char *p, size_t n)
{
	static const struct {
		const char *text;
		enum scala_word word;
	} known[] = {
		{ "abstract", WORD_ABSTRACT },
		{ "case", WORD_CASE },
		{ "catch", WORD_CATCH },
		{ "class", WORD_CLASS },
		{ "def", WORD_DEF },
		{ "do", WORD_DO },
		{ "else", WORD_ELSE },
		{ "extends", WORD_EXTENDS },
		{ "false", WORD_FALSE },
		{ "final", WORD_FINAL },
		{ "finally", WORD_FINALLY },
		{ "for", WORD_FOR },
		{ "forSome", WORD_FORSOME },
		{ "if", WORD_IF },
		{ "implicit", WORD_IMPLICIT },
		{ "import", WORD_IMPORT },
		{ "lazy", WORD_LAZY },
		{ "match", WORD_MATCH },
		{ "new", WORD_NEW },
		{ "null", WORD_NULL },
		{ "object", WORD_OBJECT },
		{ "override", WORD_OVERRIDE },
		{ "package", WORD_PACKAGE },
		{ "private", WORD_PRIVATE },
		{ "protected", WORD_PROTECTED },
		{ "return", WORD_RETURN },
		{ "sealed", WORD_SEALED },
		{ "super", WORD_SUPER },
		{ "this", WORD_THIS },
		{ "throw", WORD_THROW },
		{ "trait", WORD_TRAIT },
		{ "true", WORD_TRUE },
		{ "try", WORD_TRY },
		{ "type", WORD_TYPE },
		{ "val", WORD_VAL },
		{ "var", WORD_VAR },
		{ "while", WORD_WHILE },
		{ "with", WORD_WITH },
		{ "yield", WORD_YIELD },
		{ "_", WORD_UNDERSCORE },
		{ "=", WORD_ASSIGN },
		{ "=>", WORD_ARROW },
		{ "\xE2\x87\x92", WORD_ARROW },
		{ "<-", WORD_FROM },
		{ "\xE2\x86\x90", WORD_FROM },
		{ ":", WORD_COLON },
		{ "@", WORD_AT },
		{ "#", WORD_HASH },
		{ "<:", WORD_BOUND },
		{ "<%", WORD_BOUND },
		{ ">:", WORD_BOUND },
	};

	for (size_t i = 0; n < sizeof("protected") && i < ARRAY_LEN(known); i++)
		if (known[i].text[0] == *p && strlen(known[i].text) == n &&
		    memcmp(known[i].text, p, n) == 0)
			return known[i].word;
	return WORD_NONE;
}

/* A name of symbols ends where a comment begins. */
static void skip_symbols(struct scala_lex *l)
{
	while (scala_is_symbol(l, l->at)) {
		char next = scala_char(l, l->at + 1);

		if (scala_char(l, l->at) == '/' && (next == '/' || next == '*'))
			break;
		l->at += scala_char(l, l->at) == '\xE2' ? 3 : 1;
	}
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Letters and digits, and symbols behind an underscore: unary_! */
static void skip_letters(struct scala_lex *l)
{
	while (scala_is_letter(l, l->at) || is_digit(scala_char(l, l->at)))
		l->at++;
	if (l->at > 0 && scala_char(l, l->at - 1) == '_')
		skip_symbols(l);
}

static void skip_number(struct scala_lex *l)
{
	while (is_digit(scala_char(l, l->at)) || scala_is_letter(l, l->at))
		l->at++;
	if (scala_char(l, l->at) != '.' || !is_digit(scala_char(l, l->at + 1)))
		return;
	l->at++;
	while (is_digit(scala_char(l, l->at)) || scala_is_letter(l, l->at))
		l->at++;
}

/* ---- text with code in it -------------------------------------------------------------------- */

static enum scala_stop read_text(struct scala_lex *l, struct scala_level *level)
{
	if (level->kind == '<')
		return scala_text_xml(l, level);
	return level->kind == 'T' ? scala_text_long(l, true) : scala_text_holes(l);
}

static void say_cut(struct scala_lex *l, const struct scala_level *level)
{
	stop_at(l, level->at,
	    level->kind == '<' ? "the XML that begins here is never closed"
			       : "the string that begins here is never closed");
}

/* From its beginning; level is not yet open. */
static void begin_text(struct scala_lex *l, struct scala_token *t, struct scala_level level)
{
	assert(level.at <= l->at);
	enum scala_stop stop = read_text(l, &level);

	t->sort = SCALA_LITERAL;
	t->bracket = level.kind == '<' ? '<' : '"';
	if (stop == SCALA_CUT)
		say_cut(l, &level);
	if (stop != SCALA_HOLE)
		return;
	t->sort = SCALA_OPEN;
	push(l, level);
}

/* Behind the } that ends the code in it. */
static void resume_text(struct scala_lex *l, struct scala_token *t)
{
	struct scala_level level = pop(l);
	assert(level.kind == '"' || level.kind == 'T' || level.kind == '<');
	enum scala_stop stop = read_text(l, &level);

	t->bracket = level.kind == '<' ? '<' : '"';
	t->depth = l->depth;
	t->sort = SCALA_CLOSE;
	if (stop == SCALA_CUT)
		say_cut(l, &level);
	if (stop != SCALA_HOLE)
		return;
	t->sort = SCALA_INNER;
	push(l, level);
	t->depth = l->depth;
}

/* At the quote; holes: a name stands before it. */
static void read_string(struct scala_lex *l, struct scala_token *t, bool holes)
{
	bool three = scala_char(l, l->at + 1) == '"' && scala_char(l, l->at + 2) == '"';
	struct scala_level level = { .kind = three ? 'T' : '"', .at = t->at };

	l->at += three ? 3 : 1;
	if (holes) {
		begin_text(l, t, level);
		return;
	}
	t->sort = SCALA_LITERAL;
	if ((three ? scala_text_long(l, false) : scala_text_plain(l)) == SCALA_CUT)
		say_cut(l, &level);
}

/* ---- tokens ---------------------------------------------------------------------------------- */

static void read_name(struct scala_lex *l, struct scala_token *t)
{
	skip_letters(l);
	t->word = word_of(l->t.p + t->at, l->at - t->at);
	if (scala_char(l, l->at) == '"' && t->word == WORD_NONE) {
		read_string(l, t, true);
		return;
	}
	t->sort = t->word == WORD_NONE ? SCALA_NAME : SCALA_WORD;
}

static void read_operator(struct scala_lex *l, struct scala_token *t)
{
	skip_symbols(l);
	t->word = word_of(l->t.p + t->at, l->at - t->at);
	t->sort = t->word == WORD_NONE ? SCALA_OPERATOR : SCALA_WORD;
}

static void read_backquoted(struct scala_lex *l, struct scala_token *t)
{
	t->sort = SCALA_NAME;
	l->at++;
	while (l->at < l->t.n && l->t.p[l->at] != '`' && l->t.p[l->at] != '\n')
		l->at++;
	if (scala_char(l, l->at) == '`')
		l->at++;
	else
		stop_at(l, t->at, "the name in backquotes that begins here is never closed");
}

/* A character, or a symbol such as 'name. */
static void read_quoted(struct scala_lex *l, struct scala_token *t)
{
	t->sort = SCALA_LITERAL;
	if (scala_text_quoted(l))
		return;
	size_t start = l->at;
	if (scala_is_letter(l, l->at))
		skip_letters(l);
	else
		skip_symbols(l);
	if (l->at == start)
		t->sort = SCALA_OTHER;
}

static void read_close(struct scala_lex *l, struct scala_token *t, char c)
{
	l->at++;
	if (c == '}' && interrupted(l)) {
		resume_text(l, t);
		return;
	}
	if (l->depth == 0 || l->level[l->depth - 1].kind != closes(c)) {
		stop_at(l, t->at, "the bracket that closes here was not opened");
		return;
	}
	(void)pop(l);
	t->sort = SCALA_CLOSE;
	t->bracket = closes(c);
	t->depth = l->depth;
}

static void read_mark(struct scala_lex *l, struct scala_token *t, char c)
{
	l->at++;
	if (c == '.')
		t->sort = SCALA_POINT;
	else if (c == ';')
		t->sort = SCALA_SEMI;
	else
		t->sort = SCALA_OTHER;
}

/* A type on a line of its own, behind a colon, has a = behind it. */
static bool is_command(const struct scala_lex *l)
{
	static const char *const known[] = { "paste", "load", "quit", "q", "require", "help",
		"reset", "sh", "history", "silent", "settings", "replay", "javap" };
	struct bytes rest = { l->t.p + l->at + 1, l->t.n - l->at - 1 };
	const char *end = memchr(rest.p, '\n', rest.n);

	if (end)
		rest.n = (size_t)(end - rest.p);
	if (memchr(rest.p, '=', rest.n))
		return false;
	for (size_t i = 0; i < ARRAY_LEN(known); i++) {
		size_t n = strlen(known[i]);

		if (rest.n >= n && memcmp(rest.p, known[i], n) == 0 &&
		    (rest.n == n || strchr(" \t\r", rest.p[n])))
			return true;
	}
	return false;
}

/* What is not Scala, but a line for Livy or for the shell. */
static bool read_line(struct scala_lex *l, struct scala_token *t)
{
	bool first = l->depth == 0 && (l->at == 0 || l->t.p[l->at - 1] == '\n');

	if (first && l->t.p[l->at] == '%' && scala_is_letter(l, l->at + 1))
		t->sort = SCALA_MAGIC;
	else if (first && l->t.p[l->at] == ':' && is_command(l))
		t->sort = SCALA_COMMAND;
	else
		return false;
	skip_line(l);
	return true;
}

static void read_token(struct scala_lex *l, struct scala_token *t)
{
	char c = l->t.p[l->at];

	if (read_line(l, t))
		return;
	if (c == '"') {
		read_string(l, t, false);
	} else if (c == '\'') {
		read_quoted(l, t);
	} else if (c == '`') {
		read_backquoted(l, t);
	} else if (c == '<' && scala_text_is_xml(l)) {
		begin_text(l, t, (struct scala_level){ .kind = '<', .at = l->at });
	} else if (scala_is_letter(l, l->at)) {
		read_name(l, t);
	} else if (is_digit(c)) {
		t->sort = SCALA_LITERAL;
		skip_number(l);
	} else if (strchr(")]}", c)) {
		read_close(l, t, c);
	} else if (strchr("([{", c)) {
		t->sort = SCALA_OPEN;
		t->bracket = c;
		push(l, (struct scala_level){ .kind = c, .at = l->at });
		l->at++;
	} else if (scala_is_symbol(l, l->at)) {
		read_operator(l, t);
	} else {
		read_mark(l, t, c);
	}
}

void scala_lex_next(struct scala_lex *l, struct scala_token *t)
{
	*t = (struct scala_token){ .before = l->at, .in_xml = l->xml_levels > 0 };
	skip_gap(l);
	t->at = l->at;
	t->end = l->at;
	t->newlines = count_newlines(l, t->before, t->at);
	t->depth = l->depth;
	if (l->problem)
		return;
	if (l->at < l->t.n)
		read_token(l, t);
	else if (l->depth > 0)
		stop_at(l, l->level[l->depth - 1].at, "what is opened here is never closed");
	assert(l->at > t->at || l->at == l->t.n || l->problem);
	t->end = l->at;
	if (l->problem)
		t->sort = SCALA_EOF;
}
