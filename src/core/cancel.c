/* cancel: files that shall not run, or not any more. */
#include "core/cancel.h"

#include "base/log.h"
#include "core/depart.h"
#include "core/finish.h"
#include "core/runner.h"
#include "core/script.h"
#include "core/submit.h"
#include <assert.h>

static void cancel_waiting(struct core *c, struct job *job, const char *words)
{
	if (job->r.state == JOB_READING)
		submit_withdraw(c, job);
	/* Its row would say for ever that it is held. */
	job->r.held = HELD_NOT;
	finish_silent(c, job, STATUS_CANCELLED, words);
}

static struct call *cancel_call(const struct session *s, const struct job *job)
{
	struct call *call;
	TAILQ_FOREACH (call, &s->calls, link)
		if (call->what == CALL_RAW && call->job == job->r.id)
			return call;
	return NULL;
}

/* What its session can be told now; the rest follows when it is accepted (core/stop). */
static void cancel_raw(struct core *c, struct session *s, struct job *job)
{
	struct call *call = cancel_call(s, job);
	if (call == NULL || call->state != CALL_WAITING)
		return;
	call->limit_ms = c->now.mono_ms;
	depart_wake(c, s, 0);
}

/* A runner's run is killed by the next call, and that call is repeated until its end is heard. What
 * no call can have carried yet needs none: it is simply not sent. */
static void cancel_script(struct core *c, struct session *s, struct job *job)
{
	struct script *sc = job->script;
	if (sc->phase == SCRIPT_START && !sc->maybe && !sc->asked) {
		runner_unload(c, s, job);
		finish_requeue(c, job, "it was not sent yet"); /* which ends it */
		runner_rest(c, s);
		return;
	}
	sc->due_ms = c->now.mono_ms; /* the next call kills it (core/errand) */
	struct call *call = session_call_of(s, CALL_RUNNER);
	if (s->alone && call != NULL) /* but it runs in this one */
		call->limit_ms = c->now.mono_ms;
	depart_wake(c, s, 0);
}

/* In the ledger first: a crash forgets it no more than anything else. */
static void cancel_running(struct core *c, struct job *job, const char *words)
{
	struct session *s = session_by_id(&c->sessions, job->r.run->session);
	job_set_error(job, JOB_CANCELLED, words);
	core_row_job(c, job);
	assert(s != NULL);
	if (job->script != NULL)
		cancel_script(c, s, job);
	else
		cancel_raw(c, s, job);
}

const char *cancel_job(struct core *c, struct job *job, const char *who)
{
	const char *words = arena_printf(&c->fx->arena, "cancelled by %s", who);
	switch (job->r.state) {
	case JOB_SETTLING:
	case JOB_QUEUED:
	case JOB_READING:
		log_info("job=%llu event=cancelling reason=\"%s\"", (unsigned long long)job->r.id,
		    words);
		cancel_waiting(c, job, words);
		return NULL;
	case JOB_SENDING:
	case JOB_RUNNING:
		if (job_is_cancelled(job))
			return NULL;
		log_info("job=%llu event=cancelling reason=\"%s\"", (unsigned long long)job->r.id,
		    words);
		cancel_running(c, job, words);
		return NULL;
	/* From here on it has a result, and a cancel would have to take something away that
	 * somebody may have seen. */
	case JOB_ANSWERED:
	case JOB_STAGED:
	case JOB_DISPOSING:
		return "it has ended, its results are being written";
	default:
		return "it has ended already";
	}
}
