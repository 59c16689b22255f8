/* confload_table: every setting of the configuration file, once: where it stands, what it may be,
 * what it is when it is not there. Reading, checking, copying, freeing and showing follow it. */
#ifndef SPARKSPOOL_EDGE_CONFLOAD_TABLE_H
#define SPARKSPOOL_EDGE_CONFLOAD_TABLE_H

#include "core/conf.h"

/* The groups whose members the user names; SCOPE_ROOT is the file itself. A setting's offset is
 * within struct conf, conf_endpoint, conf_pool or conf_spool. */
enum conf_scope { SCOPE_ROOT, SCOPE_ENDPOINT, SCOPE_POOL, SCOPE_SPOOL, SCOPE_COUNT };

/* What is written in the file; the field's type in brackets. */
enum setting_type {
	SETTING_TEXT,	  /* "words" [char *] */
	SETTING_PATH,	  /* an absolute path [char *] */
	SETTING_URL,	  /* http or https [char *] */
	SETTING_SECRET,	  /* where a secret lies: a path or "cred:NAME" [char *] */
	SETTING_MEMORY,	  /* "512m", handed on as it is [char *] */
	SETTING_PROXY,	  /* a login name or "%owner" [char *] */
	SETTING_WORD,	  /* one of words [an enum] */
	SETTING_BOOL,	  /* [bool] */
	SETTING_INT,	  /* [int] */
	SETTING_DURATION, /* "5m" [int64_t, milliseconds] */
	SETTING_SIZE,	  /* "64M" [int64_t, bytes] */
	SETTING_STRINGS,  /* [ "a", "b" ] [char **, NULL when there are none] */
	SETTING_WORDS,	  /* [ "a", "b" ], some of words [unsigned, a bit for each value] */
	SETTING_PAIRS,	  /* ( ("a", "b"), ... ) [struct conf_pair *; size_t at count_offset] */
	SETTING_NAME,	  /* the name of an entry of `target` [size_t] */
	SETTING_AFTER	  /* keep, delete, move:DIR [struct conf_spool: after, move_to] */
};

struct setting_word {
	const char *word;
	int value;
	const char *refused; /* why this version does not take it, or NULL */
};

#define SETTING_REQUIRED UINT32_C(1) /* must be there */
#define SETTING_NEVER UINT32_C(2)    /* a duration that may be "never" */
#define SETTING_ONLY_ONE UINT32_C(4) /* a name that may be left out while there is only one */
#define SETTING_ENV UINT32_C(8)	     /* pairs of environment variables */
#define SETTING_BUILT UINT32_C(16)   /* whose fallback was given when this was built */

struct setting {
	const char *path; /* "spool.*.settle": * stands for a name that the user gives */
	const char *doc;  /* what it is, for messages */
	enum setting_type type;
	uint32_t flags;
	size_t offset;
	size_t count_offset;
	const char *fallback; /* as it would be written, without quotation marks; NULL: nothing.
				 Of SETTING_WORDS: with blanks between them */
	int64_t min;	      /* of numbers, durations in ms, sizes in bytes */
	int64_t max;
	const struct setting_word *words; /* ended by a NULL word */
	enum conf_scope target;
};

/* All settings, count of them. */
const struct setting *conftable(size_t *count);

/* What stands in front of a scope's settings: "", "endpoint.*.", ... */
const char *conftable_prefix(enum conf_scope scope);

/* How many pairs there are in the row's field of base; 0 for other types. */
size_t setting_count(const struct setting *row, const void *base);

/* Whether the field is a char * of its own. */
bool setting_is_text(const struct setting *row);

/* The scope's own word: "endpoint"; NULL for SCOPE_ROOT. */
const char *conftable_word(enum conf_scope scope);

/* The setting's path within the scope ("session.conf"), or NULL when it is of another scope. */
const char *conftable_within(const struct setting *row, enum conf_scope scope);

#endif
