/* scala_split: where the compiler would say that a statement of a Scala file ends. */
#include "core/scala_int.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum head {
	HEAD_MODIFIERS, /* nothing yet but annotations and modifiers */
	HEAD_NAME,	/* the name of what is defined comes next */
	HEAD_PARAMS,	/* parameters may follow, also on the next line */
	HEAD_DONE,
};

struct reader {
	struct scala_lex lex;
	struct bytes file;
	struct scala_split *s;
	struct scala_piece piece;
	bool open;		  /* piece has begun */
	bool several;		  /* a ; was in it */
	struct scala_token prev;  /* at the top level */
	struct scala_token inner; /* at any */
	size_t line_at;
	uint32_t line;
	/* Of the statement: */
	enum head head;
	bool annotation; /* the token before belongs to one */
	bool lazy;
	bool condition;	     /* its ( or, for a for, its { comes next */
	bool condition_open; /* what is open at the top level is one */
	bool conditioned;    /* one was just closed: a statement must follow */
	bool operand;	     /* the token before is a whole operand, or ends one */
	bool infix;	     /* the token before is an operator with an operand on its left */
	bool fresh;	     /* a new was in it */
	bool block_open;     /* the { that is open is an argument */
	bool block;	     /* one was just closed */
	unsigned dos;	     /* do without their while */
	struct scala_haste haste;
};

static const char *text_at(const struct reader *r, size_t at)
{
	return r->file.p + at;
}

static bool is_text(const struct reader *r, const struct scala_token *t, const char *word)
{
	size_t n = strlen(word);

	return t->sort == SCALA_NAME && t->end - t->at == n &&
	       memcmp(text_at(r, t->at), word, n) == 0;
}

static bool is_open(const struct scala_token *t, char bracket)
{
	return t->sort == SCALA_OPEN && t->bracket == bracket;
}

static bool is_close(const struct scala_token *t, char bracket)
{
	return t->sort == SCALA_CLOSE && t->bracket == bracket;
}

size_t scala_line_of(struct bytes file, size_t at)
{
	size_t line = 1;

	assert(at <= file.n);
	for (size_t i = 0; i < at; i++)
		line += file.p[i] == '\n';
	return line;
}

/* ---- gaps and pieces ------------------------------------------------------------------------- */

static void add_gap(struct reader *r, const struct scala_token *t, enum scala_how how)
{
	struct scala_split *s = r->s;

	assert(t->before <= t->at && t->newlines > 0);
	if (s->gaps == SCALA_GAPS_MAX) {
		s->too_long = true;
		return;
	}
	if (s->gaps == s->gap_cap) {
		s->gap_cap = s->gap_cap == 0 ? 64 : s->gap_cap * 2;
		s->gap = xrealloc(s->gap, s->gap_cap * sizeof(*s->gap));
	}
	s->gap[s->gaps++] = (struct scala_gap){
		.from = (uint32_t)t->before,
		.to = (uint32_t)t->at,
		.how = how,
	};
}

static void end_piece(struct reader *r, size_t end)
{
	struct scala_split *s = r->s;

	if (!r->open)
		return;
	r->open = false;
	if (s->pieces == SCALA_PIECES_MAX) {
		s->too_long = true;
		return;
	}
	if (s->pieces == s->piece_cap) {
		s->piece_cap = s->piece_cap == 0 ? 64 : s->piece_cap * 2;
		s->piece = xrealloc(s->piece, s->piece_cap * sizeof(*s->piece));
	}
	assert(end >= r->piece.at && end <= r->file.n);
	r->piece.end = (uint32_t)end;
	if (r->several)
		r->piece.kind = PIECE_CODE;
	s->piece[s->pieces++] = r->piece;
}

static void begin_statement(struct reader *r)
{
	r->head = HEAD_MODIFIERS;
	r->annotation = false;
	r->lazy = false;
	r->condition = false;
	r->condition_open = false;
	r->conditioned = false;
	r->operand = false;
	r->infix = false;
	r->fresh = false;
	r->block_open = false;
	r->block = false;
	r->dos = 0;
}

static void begin_piece(struct reader *r, const struct scala_token *t)
{
	bool first = r->s->pieces == 0;

	assert(!r->open && t->depth == 0);

	if (!first)
		add_gap(r, t, GAP_BREAK);
	for (; r->line_at < t->at; r->line_at++)
		r->line += r->file.p[r->line_at] == '\n';
	r->piece = (struct scala_piece){
		.kind = PIECE_CODE,
		.at = (uint32_t)t->at,
		.line = r->line,
		.gap = first ? UINT32_MAX : (uint32_t)(r->s->gaps - 1),
	};
	r->open = true;
	r->several = false;
	begin_statement(r);
}

/* ---- where the compiler sees the end of a statement ------------------------------------------ */

static bool can_end(const struct scala_token *t)
{
	switch (t->word) {
	case WORD_THIS:
	case WORD_NULL:
	case WORD_TRUE:
	case WORD_FALSE:
	case WORD_RETURN:
	case WORD_TYPE:
	case WORD_UNDERSCORE:
		return true;
	default:
		break;
	}
	return t->sort == SCALA_LITERAL || t->sort == SCALA_NAME || t->sort == SCALA_OPERATOR ||
	       t->sort == SCALA_CLOSE || t->sort == SCALA_SEMI;
}

static bool can_begin(const struct scala_token *t)
{
	switch (t->word) {
	case WORD_CATCH:
	case WORD_ELSE:
	case WORD_EXTENDS:
	case WORD_FINALLY:
	case WORD_FORSOME:
	case WORD_MATCH:
	case WORD_WITH:
	case WORD_YIELD:
	case WORD_ASSIGN:
	case WORD_ARROW:
	case WORD_FROM:
	case WORD_BOUND:
	case WORD_COLON:
	case WORD_HASH:
		return false;
	default:
		break;
	}
	return t->sort != SCALA_POINT && t->sort != SCALA_OTHER && t->sort != SCALA_SEMI &&
	       !is_open(t, '[');
}

static bool can_be_operand(const struct scala_token *t)
{
	switch (t->word) {
	case WORD_DO:
	case WORD_FOR:
	case WORD_IF:
	case WORD_NEW:
	case WORD_NULL:
	case WORD_TRUE:
	case WORD_FALSE:
	case WORD_RETURN:
	case WORD_SUPER:
	case WORD_THIS:
	case WORD_THROW:
	case WORD_TRY:
	case WORD_WHILE:
	case WORD_UNDERSCORE:
		return true;
	default:
		break;
	}
	return t->sort == SCALA_NAME || t->sort == SCALA_OPERATOR || t->sort == SCALA_LITERAL ||
	       (t->sort == SCALA_OPEN && t->bracket != '[');
}

/* A block on the next line belongs to what could take it as an argument or as its body. To a
 * number or a string it would, too, but nobody means that. */
static bool takes_block(const struct reader *r)
{
	if (r->piece.kind == PIECE_IMPORT && !r->several)
		return false;
	if (is_close(&r->prev, '{'))
		return r->block;
	return r->prev.sort == SCALA_NAME || is_close(&r->prev, '(') || is_close(&r->prev, '[') ||
	       r->prev.word == WORD_THIS;
}

/* Whether t, on a line of its own, is still the statement of what is before it. */
static bool goes_on(const struct reader *r, const struct scala_token *t)
{
	bool next_line = t->newlines == 1;

	if (r->prev.sort == SCALA_MAGIC || r->prev.sort == SCALA_COMMAND ||
	    t->sort == SCALA_MAGIC || t->sort == SCALA_COMMAND)
		return false;
	if (r->conditioned || (t->word == WORD_WHILE && r->dos > 0))
		return true;
	if (next_line && r->head == HEAD_MODIFIERS && r->prev.sort != SCALA_SEMI)
		return true;
	if (next_line && r->infix && can_be_operand(t))
		return true;
	if (next_line && is_open(t, '{') && takes_block(r))
		return true;
	if (next_line && is_open(t, '(') && r->head == HEAD_PARAMS)
		return true;
	return !can_end(&r->prev) || !can_begin(t);
}

/* ---- what a statement is --------------------------------------------------------------------- */

static bool is_modifier(enum scala_word word)
{
	switch (word) {
	case WORD_ABSTRACT:
	case WORD_CASE:
	case WORD_FINAL:
	case WORD_IMPLICIT:
	case WORD_LAZY:
	case WORD_OVERRIDE:
	case WORD_PRIVATE:
	case WORD_PROTECTED:
	case WORD_SEALED:
		return true;
	default:
		return false;
	}
}

/* @name.name[T](x) and private[x]: whether t is a part of what stands before a definition. */
static bool is_prelude(struct reader *r, const struct scala_token *t)
{
	if (t->word == WORD_AT || is_modifier(t->word)) {
		r->annotation = t->word == WORD_AT;
		r->lazy = r->lazy || t->word == WORD_LAZY;
		return true;
	}
	if (is_open(t, '[') || is_close(t, '['))
		return r->annotation || r->prev.word == WORD_PRIVATE ||
		       r->prev.word == WORD_PROTECTED || is_close(t, '[');
	if (!r->annotation)
		return false;
	if (t->sort == SCALA_NAME)
		return r->prev.word == WORD_AT || r->prev.sort == SCALA_POINT;
	return t->sort == SCALA_POINT || is_close(t, '(') || (is_open(t, '(') && t->newlines == 0);
}

static enum scala_kind kind_of(const struct reader *r, enum scala_sort sort, enum scala_word word)
{
	switch (word) {
	case WORD_CLASS:
	case WORD_TRAIT:
		return PIECE_CLASS;
	case WORD_OBJECT:
		return PIECE_OBJECT;
	case WORD_DEF:
		return PIECE_DEF;
	case WORD_VAL:
	case WORD_VAR:
		return r->lazy ? PIECE_DEF : PIECE_VALUE;
	case WORD_TYPE:
		return PIECE_TYPE;
	case WORD_IMPORT:
		return PIECE_IMPORT;
	case WORD_PACKAGE:
		return PIECE_PACKAGE;
	default:
		break;
	}
	if (sort == SCALA_MAGIC)
		return PIECE_MAGIC;
	return sort == SCALA_COMMAND ? PIECE_COMMAND : PIECE_CODE;
}

static void note_name(struct reader *r, const struct scala_token *t)
{
	assert(r->piece.name_bytes == 0);
	r->head = HEAD_DONE;
	if (t->sort != SCALA_NAME && t->sort != SCALA_OPERATOR)
		return;
	r->piece.name = (uint32_t)t->at;
	r->piece.name_bytes = (uint32_t)(t->end - t->at);
	r->piece.head_end = (uint32_t)t->end;
	if (r->piece.kind == PIECE_DEF || r->piece.kind == PIECE_CLASS)
		r->head = HEAD_PARAMS;
	if (r->piece.kind == PIECE_DEF && is_text(r, t, "main"))
		r->piece.main = true;
}

/* class A @b private (c: C): words between a class's name and its parameters. */
static bool is_of_constructor(const struct reader *r, const struct scala_token *t)
{
	return r->piece.kind == PIECE_CLASS &&
	       (t->word == WORD_AT || t->word == WORD_PRIVATE || t->word == WORD_PROTECTED);
}

static void note_head(struct reader *r, const struct scala_token *t)
{
	switch (r->head) {
	case HEAD_MODIFIERS:
		if (is_prelude(r, t))
			return;
		r->head = HEAD_DONE;
		if (r->several)
			return;
		r->piece.kind = kind_of(r, t->sort, t->word);
		if (r->piece.kind != PIECE_CODE && r->piece.kind != PIECE_IMPORT)
			r->head = HEAD_NAME;
		return;
	case HEAD_NAME:
		note_name(r, t);
		return;
	case HEAD_PARAMS:
		if (is_of_constructor(r, t))
			return;
		if (t->word != WORD_NONE || is_open(t, '{'))
			r->head = HEAD_DONE;
		else if (t->sort == SCALA_CLOSE)
			r->piece.head_end = (uint32_t)t->end;
		return;
	case HEAD_DONE:
		break;
	}
	if (r->piece.kind == PIECE_OBJECT && is_text(r, t, "App") &&
	    (r->prev.word == WORD_EXTENDS || r->prev.word == WORD_WITH))
		r->piece.main = true;
}

/* ---- what its tokens say about the next line ------------------------------------------------- */

static void note_condition(struct reader *r, const struct scala_token *t)
{
	r->conditioned = false;
	if (t->word == WORD_DO) {
		r->dos++;
	} else if (t->word == WORD_IF || t->word == WORD_FOR) {
		r->condition = true;
	} else if (t->word == WORD_WHILE) {
		r->condition = r->dos == 0;
		r->dos -= r->dos > 0;
	} else if (t->sort == SCALA_OPEN) {
		r->condition_open = r->condition;
		r->condition = false;
	} else if (t->sort == SCALA_CLOSE) {
		r->conditioned = r->condition_open;
		r->condition_open = false;
	}
}

/* foo { ... }, but not the body of a class, of a new or behind a condition. */
static bool is_argument(const struct reader *r, bool conditioned)
{
	if (r->fresh || conditioned || r->infix || r->head == HEAD_PARAMS ||
	    r->piece.kind == PIECE_CLASS || r->piece.kind == PIECE_OBJECT)
		return false;
	return r->prev.sort == SCALA_NAME || is_close(&r->prev, '(') || is_close(&r->prev, '[') ||
	       (is_close(&r->prev, '{') && r->block);
}

/* Where an operand is expected, any other operator is one itself: the && at the beginning of a line. */
static bool is_prefix(const struct reader *r, const struct scala_token *t)
{
	return t->end - t->at == 1 && memchr("+-!~", *text_at(r, t->at), 4);
}

static void note_operand(struct reader *r, const struct scala_token *t)
{
	bool name = t->sort == SCALA_NAME || t->sort == SCALA_OPERATOR;
	bool infix = name && r->operand && t->newlines == 0;
	bool whole = t->sort == SCALA_NAME || (t->sort == SCALA_OPERATOR && !is_prefix(r, t));

	r->operand = (whole && !infix) || t->sort == SCALA_LITERAL ||
		     (t->sort == SCALA_CLOSE && !r->conditioned) ||
		     (t->sort == SCALA_OPERATOR && r->prev.sort == SCALA_POINT) ||
		     (t->sort == SCALA_WORD && can_end(t) && t->word != WORD_RETURN);
	r->infix = infix;
	r->fresh = r->fresh || t->word == WORD_NEW;
}

static void note(struct reader *r, const struct scala_token *t)
{
	bool conditioned = r->conditioned;

	if (t->sort == SCALA_SEMI) {
		begin_statement(r);
		return;
	}
	if (r->prev.sort == SCALA_SEMI && t->at > r->piece.at)
		r->several = true;
	if (is_open(t, '{'))
		r->block_open = is_argument(r, conditioned);
	note_head(r, t);
	note_condition(r, t);
	note_operand(r, t);
	r->block = is_close(t, '{') && r->block_open;
}

/* ---- all of it ------------------------------------------------------------------------------- */

static void top_token(struct reader *r, const struct scala_token *t)
{
	if (r->open && t->newlines > 0 && !t->in_xml && t->sort != SCALA_CLOSE) {
		if (goes_on(r, t))
			add_gap(r, t, scala_is_hasty(&r->haste, t) ? GAP_FEED : GAP_JOIN);
		else
			end_piece(r, r->prev.end);
	}
	if (!r->open)
		begin_piece(r, t);
	note(r, t);
	r->prev = *t;
}

static void any_token(struct reader *r, const struct scala_token *t)
{
	bool inner = t->depth > 0 || t->sort == SCALA_CLOSE;

	if (t->newlines > 0 && (t->in_xml || (inner && scala_is_hasty(&r->haste, t))))
		add_gap(r, t, GAP_FEED);
	if (t->depth == 0)
		top_token(r, t);
	else if (t->depth == 1 && r->piece.kind == PIECE_OBJECT && r->inner.word == WORD_DEF &&
		 is_text(r, t, "main"))
		r->piece.main = true;
	scala_note_haste(&r->haste, t);
	r->inner = *t;
}

void scala_split(struct arena *a, struct bytes file, struct scala_split *s)
{
	struct reader *r = arena_calloc(a, 1, sizeof(*r));
	struct scala_token t;

	*s = (struct scala_split){ .gap = NULL };
	r->file = file;
	r->s = s;
	r->line = 1;
	scala_lex_init(&r->lex, file);
	for (scala_lex_next(&r->lex, &t); t.sort != SCALA_EOF && !s->too_long;
	     scala_lex_next(&r->lex, &t))
		any_token(r, &t);
	end_piece(r, r->lex.problem ? file.n : r->prev.end);
	s->problem = r->lex.problem;
	s->problem_at = r->lex.problem_at;
	s->torn_at = r->lex.torn_at;
	if (s->gap)
		arena_take(a, s->gap);
	if (s->piece)
		arena_take(a, s->piece);
}
