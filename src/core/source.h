/* source: what a file's name and bytes say before they are sent. No state. */
#ifndef SPARKSPOOL_CORE_SOURCE_H
#define SPARKSPOOL_CORE_SOURCE_H

#include "base/buf.h"
#include "core/msg.h"

/* What a name in a spool is to us. */
enum name_class {
	NAME_IGNORED, /* hidden, temporary, an editor's, a result, an unknown suffix */
	NAME_CODE,    /* to be run: *kind */
	NAME_MARKER   /* "foo.py.ready" of a code file; *stem_len is the length of "foo.py" */
};

enum name_class source_classify(const char *name, enum kind *kind, size_t *stem_len);

/* True when name is short enough for the names of its results. */
bool source_name_fits(const char *name);

/* NULL when the bytes can be sent, or the reason in words (a static string): empty, not UTF-8. */
const char *source_check(struct bytes code);

/* What is sent for a file that source_check() has passed, as a statement of its kind: the file's own
 * bytes, but for Scala (core/scala.h). */
struct source_plan {
	struct bytes code;   /* of the file, or of the arena */
	const char *refused; /* NULL, or why it cannot run at all, and code is not set */
	const char *warning; /* NULL, or what will go wrong with it */
};
struct source_plan source_plan(struct arena *a, enum kind kind, struct bytes file);

/* The statement that makes a session of this kind print the token and nothing else. */
char *source_token_code(struct arena *a, enum kind kind, const char *token);

/* Whether it is such a statement, of whatever token. */
bool source_is_token_code(struct arena *a, enum kind kind, struct bytes code);

/* A statement that does nothing but sleep for some minutes, recognizable by the token. */
char *source_fence_code(struct arena *a, enum kind kind, const char *token);

/* Whether an answer's text or table is that token. */
bool source_token_answer(enum kind kind, struct bytes statement_json, const char *token);

#endif
