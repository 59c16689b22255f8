/* sched: the one door of the core. Events in, effects out; nothing else happens in here.
 *
 * core_new, then core_restore_* for what the ledger holds, then core_start, then core_step for each
 * event. After each of the last two the caller commits the rows among the effects and only then
 * performs the others. Two cores may live in one process. */
#ifndef SPARKSPOOL_CORE_SCHED_H
#define SPARKSPOOL_CORE_SCHED_H

#include "core/msg.h"

struct core;

/* conf is borrowed until the next EV_CONF. seed: 128 random bits that are not all zero. */
struct core *core_new(const struct conf *conf, const char *instance, const uint64_t seed[2],
    uint64_t last_job, uint64_t last_session);
void core_free(struct core *c);

/* Sessions first, then jobs in the order of their ids. Each takes over what rec points to;
 * code and answer are copied. */
void core_restore_session(struct core *c, struct session_rec *rec);
void core_restore_spool(struct core *c, const struct spool_rec *rec);
void core_restore_pause(struct core *c, const struct pause_rec *rec);
void core_restore_job(struct core *c, struct job_rec *rec, struct bytes code, struct bytes answer);

/* The ledger is new, and an earlier one was there: what the spools hold may have run. */
void core_lost(struct core *c);

void core_start(struct core *c, struct now now, struct effects *fx);
void core_step(struct core *c, const struct event *ev, struct effects *fx);

/* The monotonic time at which an EV_TICK is wanted; INT64_MAX: never. */
int64_t core_deadline(const struct core *c);

/* After EV_STOP: nothing is under way any more that an orderly end should wait for. */
bool core_is_done(const struct core *c, int64_t mono_ms);

/* For the status line. */
struct core_counts {
	size_t queued;
	size_t running;
	size_t finishing; /* answered, results not yet in place */
	size_t sessions;
	size_t sessions_idle;
	size_t endpoints_down;
	uint64_t done[STATUS_COUNT];
};
struct core_counts core_counts(const struct core *c);

#endif
