/* wait: files that asked to run after others, or not before some time.
 *
 * What is waited for is a name, which may have no file yet, or not any more: so each end in the
 * spool is held against the few files that wait, and nothing is searched in the many that do not.
 * */
#include "core/wait.h"

#include "base/log.h"
#include "core/directive.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define LOOK_MS (5 * 60 * 1000) /* a clock may be set: nobody waits longer for that to be seen */
#define RING_MAX 100		/* files in a ring that are followed */

/* Kept beside the job, not in it: a million files may wait, and few of them for another. Names are
 * copied, since what the file says is forgotten until its turn. */
void wait_learn(struct job *job, const struct directives *said)
{
	job_drop_wait(job);
	bool timed = said->at_ms != 0 || said->delay_ms != 0;
	if (said->after_count == 0 && !timed)
		return;
	struct wait *wait = job->wait = xcalloc(1, sizeof(*wait));
	wait->job = job;
	wait->until_ms = said->delay_ms != 0 ? job->r.queued_ms + said->delay_ms : 0;
	if (said->at_ms > wait->until_ms)
		wait->until_ms = said->at_ms;
	wait->after = xcalloc(said->after_count + 1, sizeof(*wait->after));
	wait->after_count = said->after_count;
	for (size_t i = 0; i < said->after_count; i++) {
		wait->after[i].name = xstrdup(said->after[i].name);
		wait->after[i].any = said->after[i].any;
	}
}

/* ---- what holds it -------------------------------------------------------------------------- */

/* Through what waits itself only: a file whose turn has come will end, whatever it had asked for.
 * Its depth is bounded by the steps, so a ring that a thousand files make is not walked in full at
 * each look. */
static bool wait_reaches(
    const struct core *c, const struct job *from, const struct job *to, int *steps)
{
	if (from->wait == NULL || from->r.state != JOB_QUEUED)
		return false;
	for (size_t i = 0; i < from->wait->after_count && (*steps)-- > 0; i++) {
		const struct job *next =
		    job_find(&c->jobs, from->r.spool, from->wait->after[i].name);
		if (next != NULL && (next == to || wait_reaches(c, next, to, steps)))
			return true;
	}
	return false;
}

static enum wait_reason wait_for(
    const struct core *c, const struct job *job, const struct wait_after *after)
{
	const struct job *other = job_find(&c->jobs, job->r.spool, after->name);
	enum job_status status = after->status;
	int steps = RING_MAX;
	if (other != NULL && other->r.state != JOB_DONE)
		return other == job || wait_reaches(c, other, job, &steps) ? WAIT_RING
									   : WAIT_PENDING;
	/* A file that lies there and has ended knows best; the ledger's answer is for one that is
	 * not there any more. */
	if (other != NULL && other->status != STATUS_NONE)
		status = other->status;
	if (status == STATUS_NONE)
		return after->known ? WAIT_MISSING : WAIT_ASKED;
	return status == STATUS_OK || after->any ? WAIT_NOTHING : WAIT_NOT_OK;
}

enum wait_reason wait_why(
    const struct core *c, const struct job *job, const char **name, int64_t *until_ms)
{
	const struct wait *wait = job->wait;
	*name = NULL;
	*until_ms = 0;
	if (wait == NULL)
		return WAIT_NOTHING;
	for (size_t i = 0; i < wait->after_count; i++) {
		enum wait_reason why = wait_for(c, job, &wait->after[i]);
		*name = wait->after[i].name;
		if (why != WAIT_NOTHING)
			return why;
	}
	*name = NULL;
	*until_ms = wait->until_ms;
	return wait->until_ms > c->now.real_ms ? WAIT_TIME : WAIT_NOTHING;
}

/* ---- holding it ----------------------------------------------------------------------------- */

/* Once for each name: later ends come by wait_ended(), whichever way they are known. */
static void wait_ask(struct core *c, struct job *job)
{
	for (size_t i = 0; i < job->wait->after_count; i++) {
		struct wait_after *after = &job->wait->after[i];
		if (after->known || after->asked || wait_for(c, job, after) != WAIT_ASKED)
			continue;
		after->asked = true;
		struct fx_last *last = &effects_add(c->fx, FX_LAST)->u.last;
		last->job = job->r.id;
		last->spool = job->r.spool;
		last->name = arena_strdup(&c->fx->arena, after->name);
	}
}

static void wait_say(const struct job *job, enum wait_reason why, const char *name)
{
	static const char *const words[] = {
		[WAIT_PENDING] = "event=waiting after",
		[WAIT_MISSING] =
		    "event=waiting after=missing: it waits until this one has come and "
		    "ended",
		[WAIT_NOT_OK] = "event=waiting after=not-ok: it waits until this one has run again "
				"and ended ok, or is not in its 'after' any more",
		[WAIT_RING] =
		    "event=waiting after=ring: each waits for the other; change one of them",
	};
	assert(job->wait != NULL && why != WAIT_NOTHING && why != WAIT_ASKED);
	if (why == WAIT_TIME)
		log_info("job=%llu event=waiting file=\"%s\" until_ms=%lld",
		    (unsigned long long)job->r.id, job->r.name, (long long)job->wait->until_ms);
	else
		log_at(why == WAIT_PENDING ? LOG_LEVEL_INFO : LOG_LEVEL_WARN,
		    "job=%llu file=\"%s\" for=\"%s\" %s", (unsigned long long)job->r.id,
		    job->r.name, name, words[why]);
}

bool wait_holds(struct core *c, struct job *job)
{
	const char *name;
	int64_t until_ms;
	if (job->wait == NULL)
		return false;
	assert(job->wait->job == job);
	if (!job->wait->listed)
		LIST_INSERT_HEAD(&c->waits, job->wait, link);
	job->wait->listed = true;
	wait_ask(c, job);
	enum wait_reason why = wait_why(c, job, &name, &until_ms);
	if (why == WAIT_TIME) {
		int64_t left = until_ms - c->now.real_ms;
		timer_set(
		    &c->timers, &job->timer, c->now.mono_ms + (left < LOOK_MS ? left : LOOK_MS));
	}
	/* The log hears of each reason once, not at each look: a file may wait for weeks. */
	if (why != WAIT_NOTHING && why != WAIT_ASKED && why != job->wait->told)
		wait_say(job, why, name);
	if (why != WAIT_ASKED)
		job->wait->told = (uint8_t)why;
	return why != WAIT_NOTHING;
}

struct job *wait_next(struct core *c)
{
	struct wait *wait;
	LIST_FOREACH(wait, &c->waits, link)
	{
		struct job *job = wait->job;
		if (!wait->look)
			continue;
		wait->look = false;
		/* One that has a lane has stopped waiting, and its own words were read again
		 * since. */
		if (job->r.state == JOB_QUEUED && job->lane == NULL)
			return job;
	}
	return NULL;
}

/* ---- what has ended ------------------------------------------------------------------------- */

/* Without results it counts while its file is there; then an earlier run may, which the ledger knows. For
 * who waits for any end it was one. */
static bool wait_counts(const struct wait_after *after, bool recorded)
{
	return recorded || after->any;
}

static void wait_note(
    struct core *c, struct wait *wait, const char *name, enum job_status status, bool recorded)
{
	for (size_t i = 0; i < wait->after_count; i++) {
		struct wait_after *after = &wait->after[i];
		if (!str_eq(after->name, name))
			continue;
		after->known = wait_counts(after, recorded);
		after->status = after->known ? status : STATUS_NONE;
		after->asked = after->asked && after->known;
		wait->look = true;
		c->plan = true;
	}
}

/* By name, not by id: what is waited for is a name of the same spool, and the file that has it now
 * may be another one than when it was asked for. */
void wait_ended(struct core *c, const struct job *job)
{
	const struct run_rec *run = job->r.run;
	struct wait *wait;
	assert(job->r.state == JOB_DONE && run != NULL);
	LIST_FOREACH(wait, &c->waits, link)
	if (wait->job->r.spool == job->r.spool)
		wait_note(c, wait, job->r.name, run->status, run->recorded);
}

void wait_gone(struct core *c, const struct job *job)
{
	struct wait *wait;
	LIST_FOREACH(wait, &c->waits, link)
	for (size_t i = 0; i < wait->after_count; i++)
		if (wait->job->r.spool == job->r.spool && str_eq(wait->after[i].name, job->r.name))
			c->plan = wait->look = true;
}

void wait_on_last(struct core *c, const struct ev_last *ev)
{
	const struct job *job = job_by_id(&c->jobs, ev->job);
	if (job != NULL && job->wait != NULL)
		wait_note(c, job->wait, ev->name, ev->status, true);
}
