/* view: jobs, sessions and spools as peers of the control socket see them. Changes nothing. */
#ifndef SPARKSPOOL_CORE_VIEW_H
#define SPARKSPOOL_CORE_VIEW_H

#include "core/core.h"

struct json_t; /* each is the caller's, a line with its "type" */

/* place: in the queue, from 1; 0: not known, or it does not wait. */
struct json_t *view_job(const struct core *c, const struct job *job, uint32_t place);
/* With what "show" says beyond that; a is for the moment. */
struct json_t *view_job_whole(
    struct arena *a, const struct core *c, const struct job *job, uint32_t place);
/* What the ledger says of one; whole as above. */
struct json_t *view_row(
    struct arena *a, const struct core *c, const struct history_row *row, bool whole);

struct json_t *view_session(const struct core *c, const struct session *s);

/* How many of a spool's files wait, are held, run: of those that a peer may see. */
struct view_counts {
	uint64_t queued;
	uint64_t held;
	uint64_t running;
};
struct json_t *view_spool(const struct core *c, size_t spool, const struct view_counts *n);

/* "queued"; what of the words is one, or JOB_STATES. */
const char *view_state(const struct job *job);
bool view_is_state(const char *word);

#endif
