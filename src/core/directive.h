/* directive: what a file says of itself in comment lines at its top, and what its spool allows of
 * that. Pure; no state.
 *
 *	# sparkspool: timeout=10m name=nightly args="2026-11-22 full"
 *
 * The marker is that of the language: # in Python and R, -- in SQL, // in Scala; SQL and Scala also
 * have block comments, with or without a * before each line. The head of a file is its comments and
 * blank lines up to the first line that is neither, and no more than 200 lines or 64 KiB. Words are
 * quoted as in a shell, and nothing is expanded. */
#ifndef SPARKSPOOL_CORE_DIRECTIVE_H
#define SPARKSPOOL_CORE_DIRECTIVE_H

#include "core/msg.h"

#define DIRECTIVE_LINES_MAX 200
#define DIRECTIVE_HEAD_BYTES_MAX 65536
#define DIRECTIVE_ARGS_MAX 1000
#define DIRECTIVE_NAME_BYTES_MAX 100
#define DIRECTIVE_PRIORITY_MAX 100 /* and as far below 0 */
#define DIRECTIVE_AFTER_MAX 100	   /* files to wait for */

/* A file of the same spool that is to have ended before. */
struct directive_after {
	char *name;
	bool any; /* however it has ended; else only when that was ok */
};

/* What stands in the file; what does not is zero. */
struct directives {
	unsigned has;		  /* CONF_ALLOW() of each key */
	unsigned line[KEY_COUNT]; /* where it stands, from 1 */
	struct directive_after *after;
	size_t after_count;
	int64_t at_ms;	  /* wall clock */
	int64_t delay_ms; /* from its arrival */
	char **args;	  /* ended by NULL */
	size_t arg_count;
	enum conf_isolation isolation;
	char *name;
	enum conf_on_unknown on_unknown;
	char *pool;
	int priority;
	enum conf_style style;
	int64_t timeout_ms; /* or CONF_NEVER */
	unsigned
	    late_line; /* the first line that looks like one of ours behind the head; 0: none */
};

/* For the record. The text names the line, too. */
struct directive_error {
	unsigned line; /* 0: none that is to blame */
	char *text;
};

enum directive_result { DIRECTIVE_NONE, DIRECTIVE_FOUND, DIRECTIVE_BAD };

/* Reads the head of a file, which is UTF-8 (source_check()). Fills d (directive_fini() it), or e when
 * the result is DIRECTIVE_BAD (free() its text), and then d is all zero. */
enum directive_result directive_read(
    enum kind kind, struct bytes code, struct directives *d, struct directive_error *e);
void directive_fini(struct directives *d);

/* A warning for the record (free() it) of a line that stands too far down to be read, or NULL. */
char *directive_warning(const struct directives *d);

/* Takes one "KEY=VALUE", without its quotation marks, into d: NULL, or what is wrong and what to do
 * (free() it), and then d is good for directive_fini() only. */
char *directive_take(struct directives *d, enum kind kind, unsigned line, const char *word);

/* What holds for one file. Borrowed from the configuration and the directives. */
struct directive_terms {
	size_t pool;
	enum conf_style style;
	enum conf_isolation isolation;
	enum conf_on_unknown on_unknown;
	int64_t timeout_ms; /* or CONF_NEVER */
	int priority;	    /* the larger the sooner */
	const char *name;   /* or NULL */
	char *const *args;  /* ended by NULL, or NULL */
	size_t arg_count;
};

/* Lays the file's own words over the rules of its spool; d may be all zero. A file may be stricter
 * than its spool, never laxer. False when something is not allowed or cannot be: e says what. */
bool directive_apply(const struct conf *c, size_t spool, enum kind kind, const struct directives *d,
    struct directive_terms *t, struct directive_error *e);

/* "timeout"; the word of a key. */
const char *directive_word(enum conf_key key);

#endif
