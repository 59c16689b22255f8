/* scala_int: what the files of the Scala room share: tokens, gaps and pieces. */
#ifndef SPARKSPOOL_CORE_SCALA_INT_H
#define SPARKSPOOL_CORE_SCALA_INT_H

#include "base/arena.h"
#include "core/msg.h"

#define SCALA_FILE_BYTES_MAX (256u << 20) /* so that offsets fit in 32 bits */
#define SCALA_DEPTH_MAX 1000		  /* brackets in brackets; a compiler gives up earlier */

/* ---- tokens (scala_lex.c, scala_text.c) ------------------------------------------------------ */

enum scala_sort {
	SCALA_EOF,
	SCALA_NAME,	/* also in backquotes */
	SCALA_OPERATOR, /* a name of symbols that is not reserved */
	SCALA_WORD,	/* reserved: word says which */
	SCALA_LITERAL,
	SCALA_OPEN,    /* a bracket, or the part of a string or of XML up to code in it */
	SCALA_INNER,   /* the part of a string or of XML between two pieces of code */
	SCALA_CLOSE,   /* what ends an OPEN */
	SCALA_POINT,   /* . */
	SCALA_OTHER,   /* , and characters that are none of Scala's */
	SCALA_SEMI,    /* ; */
	SCALA_MAGIC,   /* a line of Livy's: %json x */
	SCALA_COMMAND, /* a line of the shell's: :paste */
};

enum scala_word {
	WORD_NONE,
	WORD_ABSTRACT,
	WORD_CASE,
	WORD_CATCH,
	WORD_CLASS,
	WORD_DEF,
	WORD_DO,
	WORD_ELSE,
	WORD_EXTENDS,
	WORD_FALSE,
	WORD_FINAL,
	WORD_FINALLY,
	WORD_FOR,
	WORD_FORSOME,
	WORD_IF,
	WORD_IMPLICIT,
	WORD_IMPORT,
	WORD_LAZY,
	WORD_MATCH,
	WORD_NEW,
	WORD_NULL,
	WORD_OBJECT,
	WORD_OVERRIDE,
	WORD_PACKAGE,
	WORD_PRIVATE,
	WORD_PROTECTED,
	WORD_RETURN,
	WORD_SEALED,
	WORD_SUPER,
	WORD_THIS,
	WORD_THROW,
	WORD_TRAIT,
	WORD_TRUE,
	WORD_TRY,
	WORD_TYPE,
	WORD_VAL,
	WORD_VAR,
	WORD_WHILE,
	WORD_WITH,
	WORD_YIELD,
	WORD_UNDERSCORE,
	WORD_ASSIGN, /* = */
	WORD_ARROW,  /* => */
	WORD_FROM,   /* <- */
	WORD_COLON,
	WORD_AT,
	WORD_HASH,
	WORD_BOUND, /* <: <% >: */
};

struct scala_token {
	enum scala_sort sort;
	enum scala_word word;
	size_t at; /* its first byte */
	size_t end;
	size_t before; /* where the token before it ended */
	unsigned
	    newlines;	/* in between, as the compiler counts: 0, 1, 2 for a blank line and more */
	unsigned depth; /* open brackets around it; an OPEN or CLOSE is outside its own */
	bool in_xml;	/* what is between it and the token before is code within XML */
	char bracket;	/* of OPEN and CLOSE: ( [ { " < */
};

/* What is open: a bracket, or a string or XML that code interrupts. */
struct scala_level {
	char kind; /* ( [ { " or T (three quotes) or < (XML) */
	bool in_tag;
	unsigned elements; /* open elements of XML */
	size_t at;
};

struct scala_lex {
	struct bytes t;
	size_t at;
	unsigned depth;
	unsigned xml_levels;
	struct scala_level level[SCALA_DEPTH_MAX];
	/* Why no further tokens can be told, and where; NULL while all is well. */
	const char *problem;
	size_t problem_at;
	/* Where XML at the top level goes on after a line's end, which cannot be said to an interpreter
	 * that reads lines; 0: nowhere. */
	size_t torn_at;
	/* Whether the quotes from odd_from to odd_to, a line's end, are odd in number. */
	size_t odd_from;
	size_t odd_to;
	bool odd;
};

void scala_lex_init(struct scala_lex *l, struct bytes text);

/* At the end, or once there is a problem: SCALA_EOF, for ever. */
void scala_lex_next(struct scala_lex *l, struct scala_token *t);

/* The pieces of text in the language. Each is called with l->at behind what opened it, and leaves
 * it behind what it has read. */
enum scala_stop {
	SCALA_ENDED,
	SCALA_HOLE, /* code follows */
	SCALA_CUT,  /* the end of the line or file came first */
};
enum scala_stop scala_text_plain(struct scala_lex *l);
enum scala_stop scala_text_holes(struct scala_lex *l);		  /* s"..." */
enum scala_stop scala_text_long(struct scala_lex *l, bool holes); /* three quotes */
enum scala_stop scala_text_xml(struct scala_lex *l, struct scala_level *xml);
bool scala_text_quoted(struct scala_lex *l);	   /* from ' on: false when it is no character */
bool scala_text_is_xml(const struct scala_lex *l); /* the < at l->at begins XML */

/* Names, as bytes: what is not ASCII counts as a letter but for arrows and mathematics. */
bool scala_is_letter(const struct scala_lex *l, size_t at);
bool scala_is_symbol(const struct scala_lex *l, size_t at);
char scala_char(const struct scala_lex *l, size_t at); /* NUL beyond the end */

/* ---- haste (scala_haste.c) ------------------------------------------------------------------- */

/* Whether we are where the interpreter calls a text that ends here wrong, not unfinished, whatever
 * comment is open: behind "case", "lazy" and "case class A[". All zero at the beginning. */
struct scala_haste {
	enum scala_word last;
	bool lazily;
	bool case_class;
	unsigned depth; /* brackets around the case class */
};

/* Before t, in the order of the tokens: first asked, then told. */
bool scala_is_hasty(const struct scala_haste *h, const struct scala_token *t);
void scala_note_haste(struct scala_haste *h, const struct scala_token *t);

/* ---- pieces (scala_split.c) ------------------------------------------------------------------ */

enum scala_kind {
	PIECE_CODE, /* expressions, or more than one statement in a line */
	PIECE_VALUE,
	PIECE_IMPORT,
	PIECE_DEF, /* also lazy val */
	PIECE_TYPE,
	PIECE_CLASS, /* also trait */
	PIECE_OBJECT,
	PIECE_PACKAGE,
	PIECE_MAGIC,
	PIECE_COMMAND,
};

/* What stands on lines of its own at the top level: a statement, or several in a line. */
struct scala_piece {
	enum scala_kind kind;
	uint32_t at;
	uint32_t end;
	uint32_t line; /* of at; the first line is 1 */
	uint32_t gap;  /* the index of the gap before it; UINT32_MAX: none */
	uint32_t name; /* of what it defines, name_bytes 0: nothing */
	uint32_t name_bytes;
	uint32_t head_end; /* of a PIECE_DEF: where its parameters end */
	bool main;	   /* it has what a program starts with */
};

enum scala_how {
	GAP_BREAK, /* between two pieces */
	GAP_JOIN,  /* in a statement, or between two that are compiled together */
	GAP_FEED,  /* where an open comment would not do: in code within XML, in haste */
};

/* What is between two tokens on different lines. */
struct scala_gap {
	uint32_t from;
	uint32_t to;
	enum scala_how how;
};

struct scala_split {
	struct scala_gap *gap;
	size_t gaps;
	size_t gap_cap;
	struct scala_piece *piece;
	size_t pieces;
	size_t piece_cap;
	const char *problem; /* where it stopped, NULL: at the end; words without a line */
	size_t problem_at;
	size_t torn_at; /* of the lexer */
	bool too_long;	/* more pieces or gaps than we keep */
};

/* Files beyond this would run for hours in an interpreter. */
#define SCALA_PIECES_MAX 100000
#define SCALA_GAPS_MAX 1000000

void scala_split(struct arena *a, struct bytes file, struct scala_split *s);
size_t scala_line_of(struct bytes file, size_t at);

/* ---- company (scala_merge.c) ----------------------------------------------------------------- */

/* Definitions that only work when they are compiled together are joined: companions, overloads,
 * and what uses a definition below it. Returns a warning (arena) or NULL. */
const char *scala_merge(struct arena *a, struct bytes file, struct scala_split *s);

#endif
