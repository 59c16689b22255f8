/* depart: how a session leaves, and what becomes of the files in it. */
#include "core/depart.h"

#include "base/log.h"
#include "core/endpoint.h"
#include "core/finish.h"
#include "core/script.h"
#include "core/terms.h"
#include <assert.h>

#define DELETE_TIMEOUT_MS 120000 /* a DELETE can block for tens of seconds (facts of Livy) */
#define DELETE_TRIES 5
#define DELETE_MS 600000
#define RERUN_TRIES 3
#define LOSSES_MAX 2	/* sessions that a file may take with it */
#define FENCES_MAX 3	/* sessions that are given up for it */
#define FORBIDDEN_MAX 3 /* answers 403 to a file, and others are let through */
#define FORBIDDEN_FIRST_MS 5000
#define FORBIDDEN_MAX_MS 60000
/* A pool whose sessions do not come up costs the cluster a driver for each attempt, so attempts
 * grow rare. */
#define BREAKER_FIRST_MS 5000
#define BREAKER_MAX_MS 600000

void depart_wake(struct core *c, struct session *s, int64_t in_ms)
{
	timer_set_earlier(&c->timers, &s->timer, c->now.mono_ms + in_ms);
}

/* By kind, not for the whole pool: where only R is missing, Python goes on. */
void depart_breaker(struct core *c, struct session *s, const char *why)
{
	struct pool_state *pool = c->pool[s->r.pool];
	int failures = ++pool->failures[s->r.kind];
	int64_t ms = core_backoff_ms(c, failures, BREAKER_FIRST_MS, BREAKER_MAX_MS);
	s->blamed = true;
	tally_error(c, TALLY_SESSION);
	pool->after_ms[s->r.kind] = c->now.mono_ms + ms;
	timer_set_earlier(&c->timers, &pool->timer, c->now.mono_ms + ms);
	log_error("pool=%s kind=%s event=no-session session=%s error=\"%s\" retry_ms=%lld",
	    core_session_pool(c, s)->name, livy_kind_name(s->r.kind), s->r.name, why,
	    (long long)ms);
}

/* It goes before it has ever been ready. */
static void depart_stillborn(struct core *c, struct session *s, const char *why)
{
	bool early = s->r.state == SESSION_CREATING || s->r.state == SESSION_STARTING ||
		     s->r.state == SESSION_GREETING;
	if (early && s->r.statements == 0 && !s->blamed && !c->stopping)
		depart_breaker(c, s, why);
}

static void depart_unknown_job(struct core *c, struct job *job, const char *message)
{
	/* Even with the user's word it is not done for ever: a file that takes its session down
	 * each time would take every session of the pool with it. */
	uint32_t sent = job->r.attempts - job->unrun;
	if (terms_of(c, job).d.on_unknown == ON_UNKNOWN_RERUN && sent < RERUN_TRIES &&
	    job->losses < LOSSES_MAX && !job_is_cancelled(job))
		finish_requeue(c, job, message);
	else
		finish_own(c, job, STATUS_UNKNOWN, "Unknown", message);
}

void depart_unknown(struct core *c, struct session *s, struct call *call, const char *message)
{
	struct job *job = core_call_job(c, call);
	session_unload(s, job->r.id);
	session_drop_call(s, call);
	depart_unknown_job(c, job, message);
}

/* An earlier life was deleting the session behind a fence, and the fence cannot have ended since. */
static bool depart_fenced_before(
    const struct core *c, const struct session *s, const struct job *job)
{
	int64_t since_ms = c->now.real_ms - job->r.run->started_ms;
	return core_session_stays(c, s) && s->r.state == SESSION_LOOKING &&
	       s->resume == SESSION_DELETING && job->r.run->started_ms > 0 && since_ms >= 0 &&
	       since_ms < FENCE_ASLEEP_MS;
}

/* What is lost on its way each time is not let through, and would cost one session after the
 * other. */
void depart_never(struct core *c, struct job *job, const char *proof, const char *why)
{
	if (++job->fences < FENCES_MAX)
		finish_requeue_unrun(
		    c, job, arena_printf(&c->fx->arena, "it never ran: %s", proof));
	else
		finish_own(c, job, STATUS_REJECTED, "Refused",
		    arena_printf(&c->fx->arena, "it never ran: whenever it is sent, %s", why));
}

/* Behind others, that have been let through so far: first in line it would be sent again at once. A reload
 * or the like may bring it back to its lane earlier, which does no harm. */
static void depart_rest(struct core *c, struct job *job)
{
	if (job->r.state != JOB_QUEUED || job->lane == NULL || job->lane->home == NULL)
		return; /* it has ended, or waits for something else */
	queue_remove(job);
	timer_set(&c->timers, &job->timer,
	    c->now.mono_ms +
		core_backoff_ms(c, job->forbidden, FORBIDDEN_FIRST_MS, FORBIDDEN_MAX_MS));
}

/* By one such answer nobody can tell whether it is meant for this file or for us. It is taken for the file's
 * only where a statement was taken since the last one, of its session, too: when all is forbidden, there or
 * everywhere, no file is blamed, however many sessions it is tried in. */
void depart_forbidden(struct core *c, const struct session *s, struct job *job, const char *words)
{
	unsigned forbids = core_session_endpoint(c, s)->forbids;
	bool others_pass = forbids == 1 && s->forbids == 1;
	assert(forbids > 0 && s->forbids > 0);
	if (others_pass && job->forbidden < FORBIDDEN_MAX)
		job->forbidden++;
	if (others_pass && job->forbidden == FORBIDDEN_MAX && !job_is_cancelled(job)) {
		finish_own(c, job, STATUS_REJECTED, "Refused",
		    arena_printf(&c->fx->arena,
			"it never ran: whenever it is sent, and only then, the answer is %s; "
			"something between here and Livy forbids what it holds: let it through "
			"there, or change the file",
			words));
		return;
	}
	finish_requeue_unrun(c, job, words);
	depart_rest(c, job);
}

/* It ran there; but where another server may answer now, that this one does not have it tells nothing. */
static void depart_died(struct core *c, const struct session *s, struct job *job, const char *words)
{
	if (job_is_cancelled(job))
		finish_own(c, job, STATUS_CANCELLED, JOB_CANCELLED,
		    arena_printf(&c->fx->arena, "%s; %s", job->r.run->error_message, words));
	else if (!core_session_stays(c, s))
		depart_unknown_job(c, job,
		    arena_printf(&c->fx->arena,
			"%s; it was at %s, and the endpoint %s has another URL now: nobody can "
			"tell whether it runs on there",
			words, s->r.url, c->conf->endpoint[s->r.endpoint].name));
	else
		finish_own(c, job, STATUS_DIED, "SessionDied", words);
}

/* The fate of one file whose session is gone. */
static void depart_call(struct core *c, struct session *s, struct call *call, const char *why)
{
	if (call->what != CALL_RAW) {
		session_drop_call(s, call);
		return;
	}
	const char *words =
	    arena_printf(&c->fx->arena, "the session %s is gone: %s", s->r.name, why);
	struct job *job = core_call_job(c, call);
	if (call->state == CALL_DOUBT && (s->fenced || depart_fenced_before(c, s, job))) {
		session_unload(s, job->r.id);
		session_drop_call(s, call);
		depart_never(c, job, "its session was deleted behind a fence",
		    "the connection is lost; does something between here and the server not let it "
		    "through?");
		return;
	}
	/* It was sent, and nobody has seen it accepted. */
	if (call->state != CALL_WAITING) {
		job->losses++;
		depart_unknown(c, s, call, words);
		return;
	}
	session_unload(s, job->r.id);
	bool late = job_is_timed_out(job);
	session_drop_call(s, call);
	if (late)
		finish_own(c, job, STATUS_TIMEOUT, JOB_TIMED_OUT, words);
	else
		depart_died(c, s, job, words);
}

/* The fate of a file in the session's runner. What has come of its output is in its files. */
static void depart_script(
    struct core *c, const struct session *s, struct job *job, const char *words)
{
	if (job->r.state ==
	    JOB_ANSWERED) { /* how it ended is known: that can be written at least */
		core_row_job_answer(c, job);
		if (job->script->phase != SCRIPT_KEPT)
			finish_go_on(c, job);
		return;
	}
	assert(job->script != NULL && job->r.run != NULL);
	switch (job->script->phase) {
	case SCRIPT_START:
		if (!job->script->maybe && !job->script->asked) {
			finish_requeue_unrun(c, job, "it was not sent yet");
			return;
		}
		/* fall through */
	case SCRIPT_BAR:
		if (job->r.state != JOB_RUNNING) {
			job->losses++;
			depart_unknown_job(c, job, words);
			return;
		}
		/* fall through */
	case SCRIPT_RUN:
	case SCRIPT_FETCH: /* its end is known, but not all that it left */
		depart_died(c, s, job, words);
		break;
	case SCRIPT_KEPT:
		assert(!"kept, and not answered");
	}
}

/* One that has no call of its own: chosen, but not yet sent; or in the runner. */
static void depart_run(struct core *c, struct session *s, struct job *job, const char *why)
{
	assert(job != NULL);
	session_unload(s, job->r.id);
	if (job->script != NULL) {
		depart_script(c, s, job,
		    arena_printf(&c->fx->arena, "the session %s is gone: %s", s->r.name, why));
		return;
	}
	assert(job->r.state == JOB_READING);
	job_move(&c->jobs, job, JOB_QUEUED);
	finish_ready(c, job);
}

/* Calls first: the file of a raw call leaves the session's places with it. Whatever is left has no
 * call of its own. */
static void depart_settle(struct core *c, struct session *s, const char *why)
{
	struct call *call;
	while ((call = TAILQ_FIRST(&s->calls)) != NULL)
		depart_call(c, s, call, why);
	while (s->run_count > 0)
		depart_run(c, s, job_by_id(&c->jobs, s->run[0]), why);
}

/* The session is there, but nothing will come from it: its files get their end and it is
 * deleted. */
void depart_lost(struct core *c, struct session *s, const char *why)
{
	s->verified = false; /* a server that was restarted says the same of somebody else's */
	depart_settle(c, s, why);
	depart_retire(c, s, why);
}

/* The session is not there, or not ours to touch: it is forgotten, and never deleted. */
void depart_gone(struct core *c, struct session *s, const char *why)
{
	depart_settle(c, s, why);
	depart_stillborn(c, s, why);
	log_info("session=%s event=gone reason=\"%s\"", s->r.name, why);
	assert(TAILQ_EMPTY(&s->calls) && s->run_count == 0);
	session_move(s, SESSION_GONE, c->now.mono_ms);
	core_row_session(c, s);
	session_free(&c->sessions, &c->timers, s);
}

/* A session must not go while an answer of it is not committed: with the session the server drops
 * what ran in it, and the result would be lost with a crash in between. */
static bool depart_is_held(const struct session *s)
{
	const struct call *call;
	TAILQ_FOREACH (call, &s->calls, link)
		if (call->what == CALL_RAW || call->what == CALL_FENCE)
			return true;
	return s->run_count > 0;
}

/* Nobody needs the answer to a greeting or a probe of a session that goes. */
static void depart_drop_ours(struct session *s)
{
	struct call *call;
	while ((call = TAILQ_FIRST(&s->calls)) != NULL)
		session_drop_call(s, call);
}

/* That its id is its own is known: by its name, or since its token was seen behind the last break. */
static bool depart_is_proven(const struct core *c, const struct session *s)
{
	return s->verified || core_session_endpoint(c, s)->dialect.names;
}

void depart_prove(struct core *c, struct session *s)
{
	s->verified = false;
	s->seq = 0; /* what was asked before tells nothing of now */
	if (s->r.state != SESSION_LOOKING) {
		/* Whether its DELETE has been sent makes no difference: it is sent behind the proof. As DELETING
		 * one is only remembered by another life, which has to know of a fence. */
		s->resume = s->r.state < SESSION_RETIRED ? s->r.state : SESSION_RETIRED;
		session_move(s, SESSION_LOOKING, c->now.mono_ms);
	}
	depart_wake(c, s, 0);
}

void depart_go_on(struct core *c, struct session *s)
{
	if (s->r.state < SESSION_RETIRED || depart_is_held(s))
		return; /* an answer is outstanding or not yet committed */
	depart_drop_ours(s);
	if (s->r.livy_id == NULL && !core_session_endpoint(c, s)->dialect.names) {
		depart_gone(c, s, "it cannot be named to the server");
		return;
	}
	if (!depart_is_proven(c, s)) {
		depart_prove(c, s);
		return;
	}
	if (s->r.state == SESSION_RETIRED) {
		session_move(s, SESSION_DELETING, c->now.mono_ms);
		core_row_session(c, s);
	}
	if (s->seq != 0 && s->asked == ASK_DELETE)
		return;
	if (!core_endpoint_up(c, s)) {
		s->parked = true;
		return;
	}
	const struct request rq = {
		.what = ASK_DELETE,
		.method = HTTP_DELETE,
		.path = livy_path(&c->fx->arena, core_session_key(c, s), ""),
		.timeout_ms = DELETE_TIMEOUT_MS,
	};
	s->asked = ASK_DELETE;
	s->seq = core_ask(c, s->r.endpoint, s->r.id, 0, &rq);
}

void depart_retire(struct core *c, struct session *s, const char *why)
{
	/* What runs in it may have to be heard still, and is not asked for before it is proven. */
	bool proven = s->r.state != SESSION_LOOKING || depart_is_proven(c, s);
	depart_stillborn(c, s, why);
	if ((proven ? s->r.state : session_state(s)) < SESSION_RETIRED) {
		log_info("session=%s event=retired reason=\"%s\"", s->r.name, why);
		if (proven)
			session_move(s, SESSION_RETIRED, c->now.mono_ms);
		else
			session_becomes(s, SESSION_RETIRED, c->now.mono_ms);
		core_row_session(c, s);
		depart_wake(c, s, 0);
	}
	depart_go_on(c, s);
}

void depart_on_deleted(struct core *c, struct session *s, const struct ev_http *ev)
{
	struct livy_answer a;
	livy_read_done(ev->status, ev->body, &a);
	bool answered = ev->outcome == HTTP_REPLY;
	if (answered && (a.verdict == LIVY_OK || a.verdict == LIVY_NO_SESSION)) {
		depart_gone(c, s, "deleted");
		/* A server that cannot delete it has it still, and it counts against `max`: at some time
	 * the pool has to go on without it. */
	} else if (++s->failures >= DELETE_TRIES && c->now.mono_ms - s->since_ms >= DELETE_MS) {
		log_warn("session=%s event=not-deleted error=\"%s\"; the server's idle timeout "
			 "will end it",
		    s->r.name, endpoint_words(c, ev, &a));
		depart_gone(c, s, "could not be deleted");
	} else {
		endpoint_blames_for(c, ev, &a, &s->lost_ms);
		depart_wake(c, s, core_backoff_ms(c, s->failures, 1000, 60000));
	}
	livy_fini(&a);
}
