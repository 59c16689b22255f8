/* ask: a line that a peer of the control socket has sent, as a request. No state. */
#ifndef SPARKSPOOL_CORE_ASK_H
#define SPARKSPOOL_CORE_ASK_H

#include "core/msg.h"

#define CONTROL_VERSION 1
#define ASK_ITEMS_MAX 10000

enum ask_what {
	DO_HELLO,
	DO_SPOOLS,
	DO_LIST,
	DO_SHOW,
	DO_HISTORY,
	DO_WHY,
	DO_SESSIONS,
	DO_CANCEL,
	DO_HOLD,
	DO_RELEASE,
	DO_RERUN,
	DO_PAUSE,
	DO_RESUME,
	DO_DRAIN,
	DO_RELOAD,
	DO_WATCH,
	DO_ENDED,
	DO_METRICS,
	DO_COUNT
};

/* A job that is meant. */
struct ask_item {
	uint64_t id; /* 0: by its path */
	char *path;
};

/* What was not given is NULL, false, or -1. */
struct ask {
	enum ask_what what;
	struct ask_item *item;
	size_t item_count;
	bool all_jobs; /* "jobs": "ALL" */
	bool all;
	bool follow;
	char *spool;
	char *pool;
	char *state;
	char *status;
	char *name;
	char *path;
	char *after;
	int64_t owner;
	int64_t since_ms;
	int64_t until_ms;
	int64_t limit;
};

/* Why a line is no request. */
struct ask_error {
	const char *code; /* "bad-request", "version", "unknown-command" */
	const char *message;
	const char *hint; /* or NULL */
};

/* A request, or NULL and *e; what e says belongs to the arena. The line is a stranger's: a field
 * that the command does not know, or of another type, is an error and never left out in silence,
 * since a client of another version would believe that it was heard. */
struct ask *ask_read(struct arena *a, struct bytes line, struct ask_error *e);
void ask_free(struct ask *ask); /* NULL is nothing */

/* "list" */
const char *ask_word(enum ask_what what);

#endif
