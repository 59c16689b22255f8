/* tape: the recordings of a real Livy 0.10 with Spark 3.5, one by one. */
#ifndef SPARKSPOOL_TESTS_TAPE_H
#define SPARKSPOOL_TESTS_TAPE_H

#include "core/livy.h"
#include <jansson.h>

#define RECORDINGS_MAX 400

/* One request and its answer. */
struct recording {
	const char *note;
	const char *method;
	const char *path;
	const json_t *request; /* the body as JSON, a string where it was none, or null */
	int status;
	struct bytes body;
	bool cut; /* the recording keeps only the start of it */
};

struct tape {
	json_t *line[RECORDINGS_MAX]; /* own what the recordings point to */
	struct recording r[RECORDINGS_MAX];
	size_t count;
};

/* All of them, in order; fails the test when the file is not as it was recorded. */
struct tape *tape_load(void);
void tape_free(struct tape *t);

/* Which call of the API it was. */
enum call {
	CALL_CREATE,
	CALL_LIST,
	CALL_SESSION,
	CALL_STATE,
	CALL_LOG,
	CALL_POST,
	CALL_STATEMENT,
	CALL_STATEMENTS,
	CALL_DONE,
	CALL_VERSION,
	CALL_OTHER
};

enum call tape_call(const struct recording *r);

/* Reads an answer as one to that call; of lists of statements, statement 1. */
void tape_read(enum call call, int status, struct bytes body, struct livy_answer *a);

/* A member that is a string, or "". */
const char *tape_text(const json_t *o, const char *key);

#endif
