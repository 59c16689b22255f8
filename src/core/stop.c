/* stop: how code that runs on is brought to an end, by a time limit or by somebody's word. */
#include "core/stop.h"

#include "base/log.h"
#include "core/depart.h"
#include "core/finish.h"
#include "core/script.h"
#include "core/statement.h"
#include <assert.h>

#define LOOK_SOON_MS 50
/* Livy answers a cancel with 200 whatever comes of it, so it is asked again until the state says
 * so. */
#define AGAIN_MS 10000
#define GRACE_MS 40000	/* Livy itself gives a cancelled statement 30 s */
#define UNHEARD_MS 1000 /* within that the end of a limit is seen, unless nobody could look */
#define ANEW_MS 600000	/* for some looks more, each two minutes behind the last at worst */

static void stop_log(struct core *c, const struct session *s, const struct call *call)
{
	if (call->what == CALL_RAW) {
		const struct job *job = core_call_job(c, call);
		log_info("job=%llu event=%s session=%s statement=%lld; cancelling",
		    (unsigned long long)job->r.id, job_is_cancelled(job) ? "cancelled" : "timeout",
		    s->r.name, (long long)call->statement);
	} else {
		log_info("session=%s event=cancelled statement=%lld; cancelling", s->r.name,
		    (long long)call->statement);
	}
}

/* In the ledger before the server is asked: another life would not know on whose account it was. */
static void stop_note(struct core *c, const struct call *call)
{
	if (call->what != CALL_RAW || job_is_cancelled(core_call_job(c, call)))
		return;
	job_set_error(
	    core_call_job(c, call), JOB_TIMED_OUT, "the time limit of the spool has passed");
	core_row_job(c, core_call_job(c, call));
}

static void stop_ask(struct core *c, struct session *s, struct call *call)
{
	statement_cancel(c, s, call);
	call->limit_ms = c->now.mono_ms + AGAIN_MS;
	statement_look_in(c, s, call, call->seq == 0 ? LOOK_SOON_MS : AGAIN_MS);
}

/* A file's own statement. Its session goes with it: code in the driver that does not hear Livy's
 * cancel runs on, and would hold up or disturb the next file. */
static void stop_raw(struct core *c, struct session *s, struct call *call)
{
	struct job *job = core_call_job(c, call);
	session_unload(s, job->r.id);
	session_drop_call(s, call);
	if (job_is_cancelled(job)) {
		job_end_cancelled(job, "the code did not stop, its session is deleted");
		finish_own(c, job, STATUS_CANCELLED, JOB_CANCELLED,
		    arena_strdup(&c->fx->arena, job->r.run->error_message));
	} else {
		finish_own(c, job, STATUS_TIMEOUT, JOB_TIMED_OUT,
		    "the time limit of the spool has passed; the code did not stop when it was "
		    "cancelled, its session is deleted");
	}
}

/* A runner's call, in which a file runs in the session's own interpreter. Only those that somebody
 * has cancelled: a runner's call has no time limit of its own. */
static void stop_runs(struct core *c, struct session *s, struct call *call)
{
	session_drop_call(s, call);
	for (unsigned i = s->run_count; i-- > 0;) {
		struct job *job = job_by_id(&c->jobs, s->run[i]);
		if (!job_is_cancelled(job) || job->script == NULL ||
		    job->script->phase >= SCRIPT_FETCH)
			continue;
		session_unload(s, job->r.id);
		job_end_cancelled(job, "the code did not stop, its session is deleted");
		finish_own(c, job, STATUS_CANCELLED, JOB_CANCELLED,
		    arena_strdup(&c->fx->arena, job->r.run->error_message));
	}
}

void stop_call(struct core *c, struct session *s, struct call *call)
{
	assert(call->what == CALL_RAW || call->what == CALL_RUNNER);
	if (call->state != CALL_WAITING) { /* of a runner's: it has no number yet */
		call->limit_ms = c->now.mono_ms + LOOK_SOON_MS;
		return;
	}
	if (call->cancelled_ms < 0) {
		call->cancelled_ms = c->now.mono_ms;
		stop_log(c, s, call);
		stop_note(c, call);
	}
	if (c->now.mono_ms - call->cancelled_ms < GRACE_MS) {
		stop_ask(c, s, call);
		return;
	}
	if (call->what == CALL_RAW)
		stop_raw(c, s, call);
	else
		stop_runs(c, s, call);
	depart_retire(c, s, "its code does not stop");
}

void stop_unanswered(struct core *c, struct session *s, struct call *call)
{
	assert(call->what != CALL_RAW && call->what != CALL_FENCE);
	/* While its server was out of reach, this machine asleep or our disk full, nobody could hear
	 * what it has answered: the answer may lie there, and with the session would go all that runs
	 * in it. */
	if (c->now.mono_ms - call->limit_ms >= UNHEARD_MS) {
		call->limit_ms = c->now.mono_ms + ANEW_MS;
		return;
	}
	session_drop_call(s, call);
	depart_lost(c, s, "it does not answer what it is asked");
}

void stop_again(struct core *c, struct session *s)
{
	struct call *call = session_call_of(s, CALL_RUNNER);
	for (unsigned i = 0; call != NULL && s->alone && i < s->run_count; i++)
		if (job_is_cancelled(job_by_id(&c->jobs, s->run[i])))
			call->limit_ms = c->now.mono_ms + AGAIN_MS;
}

void stop_accepted(const struct core *c, struct call *call, const struct job *job)
{
	if (job_is_cancelled(job))
		call->limit_ms = c->now.mono_ms;
}
