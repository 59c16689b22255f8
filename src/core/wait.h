/* wait: files that asked to run after others, or not before some time (core/directive: after,
 * after_any, at, delay). */
#ifndef SPARKSPOOL_CORE_WAIT_H
#define SPARKSPOOL_CORE_WAIT_H

#include "core/core.h"

/* What a file's own words ask for; nothing, and there is nothing to wait for. After they were read. */
void wait_learn(struct job *job, const struct directives *said);

/* It may not go yet. Asks the ledger where that alone can tell, sets its timer, says so in the log. */
bool wait_holds(struct core *c, struct job *job);

/* Which of its files holds it (for the log and for people). */
enum wait_reason {
	WAIT_NOTHING,
	WAIT_TIME,    /* until until_ms */
	WAIT_PENDING, /* the file `name` waits or runs */
	WAIT_MISSING, /* no file `name` is there, nor has one ended */
	WAIT_NOT_OK,  /* the file `name` has ended otherwise */
	WAIT_RING,    /* the file `name` waits for this one */
	WAIT_ASKED    /* the ledger is being asked about `name` */
};
enum wait_reason wait_why(
    const struct core *c, const struct job *job, const char **name, int64_t *until_ms);

/* The next file whose waiting is over, or NULL: finish_ready() it. */
struct job *wait_next(struct core *c);

/* A file has ended, or the ledger says so of an earlier one. */
void wait_ended(struct core *c, const struct job *job);
void wait_on_last(struct core *c, const struct ev_last *ev);

/* The file of a job that has ended, or never came to be one, lies there no more: it counts by the last run
 * that has left results, from the next look on. Before it is freed. */
void wait_gone(struct core *c, const struct job *job);

#endif
