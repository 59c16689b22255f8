/* after: what follows the end of a statement, for its file and for its session. */
#include "core/after.h"

#include "base/log.h"
#include "core/depart.h"
#include "core/finish.h"
#include "core/hear.h"
#include "core/result.h"
#include "core/runner.h"
#include "core/source.h"
#include "core/statement.h"
#include <assert.h>
#include <stdlib.h>

#define RUNNER_FAILURES_MAX 3
#define FAILURES_MAX 6	  /* unreadable answers in a row ... */
#define FAILING_MS 180000 /* ... over so long a time, before a file is given up */
#define UNBEGUN_TRIES 3
#define CANCEL_FORCED_MS 25000 /* a cancel that took longer was forced: the code may still run */

/* The row says so before the next file is given to it: a session that another life finds as BUSY is
 * looked through first, one that is IDLE is not. */
void after_idle(struct core *c, struct session *s)
{
	if (session_state(s) >= SESSION_RETIRED) {
		depart_go_on(c, s);
	} else {
		session_becomes(s, SESSION_IDLE, c->now.mono_ms);
		core_row_session(c, s);
		depart_wake(c, s, 0);
	}
}

void after_run(struct core *c, struct session *s, bool forced)
{
	assert(s->r.kind != KIND_RUNNER);
	s->r.statements++;
	s->used_ms = c->now.mono_ms;
	if (session_state(s) != SESSION_BUSY) {
		depart_go_on(c, s); /* was retired while it ran */
		/* Livy forgets a statement that it has cancelled by force and gives the next one to the
	 * interpreter, which takes it when the old code has ended: the next file would wait for it,
	 * or run beside it. */
	} else if (forced) {
		depart_retire(c, s, "its code was cancelled and may still run");
	} else if (s->limp) {
		depart_retire(c, s, "its interpreter does not work");
	} else if (s->fresh) {
		depart_retire(c, s, "isolation is fresh");
	} else if (session_may_slip(s)) {
		/* What a child process printed may have come between: see whether answers still match. */
		session_becomes(s, SESSION_PROBING, c->now.mono_ms);
		core_row_session(c, s);
		statement_probe(c, s);
	} else {
		after_idle(c, s);
	}
}

void after_failed(struct core *c, struct session *s, struct call *call, const char *words)
{
	/* Both a number and a time: six bad answers may come within a second from a proxy that
	 * restarts, and one a minute may be a server that is very busy. */
	if (++call->failures == 1)
		call->failing_ms = c->now.mono_ms;
	bool runners = call->what == CALL_BOOT || call->what == CALL_RUNNER;
	if (runners && call->failures == RUNNER_FAILURES_MAX) {
		runner_failed(c, s, call, words); /* another one like it may fare better */
		return;
	}
	if (runners || call->failures < FAILURES_MAX ||
	    c->now.mono_ms - call->failing_ms < FAILING_MS) {
		log_debug("session=%s statement=%lld event=unreadable error=\"%s\"", s->r.name,
		    (long long)call->statement, words);
		statement_look_in(c, s, call, core_backoff_ms(c, call->failures, 250, 30000));
		return;
	}
	if (call->what == CALL_RAW)
		depart_unknown(c, s, call,
		    arena_printf(&c->fx->arena,
			"the server's answer for this statement could not be read: %s", words));
	else
		session_drop_call(s, call);
	depart_retire(c, s, words);
}

/* A refusal speaks of the code: too long, or a kind that the server does not know. The session is
 * as it was. */
void after_refused(struct core *c, struct session *s, struct call *call, const char *why)
{
	if (call->what == CALL_BOOT || call->what == CALL_RUNNER) {
		runner_refused(c, s, call, why);
		return;
	}
	if (call->what != CALL_RAW) {
		session_drop_call(s, call);
		depart_retire(c, s, why);
		return;
	}
	struct job *job = core_call_job(c, call);
	session_unload(s, job->r.id);
	session_drop_call(s, call);
	finish_own(c, job, STATUS_REJECTED, "Refused", why);
	if (session_state(s) == SESSION_BUSY)
		after_idle(c, s);
	else
		depart_go_on(c, s);
}

/* The session is left alone until it has taken something harmless: only then it is known that the next
 * answer of this kind is the next file's own. */
static void after_forbidden_raw(
    struct core *c, struct session *s, struct call *call, const char *words)
{
	struct job *job = core_call_job(c, call);
	assert(call->what == CALL_RAW);
	session_unload(s, job->r.id);
	session_drop_call(s, call);
	depart_forbidden(c, s, job, words);
	if (session_state(s) == SESSION_BUSY) {
		session_becomes(s, SESSION_PROBING, c->now.mono_ms);
		core_row_session(c, s);
	}
	depart_wake(c, s, 0); /* talk_due() posts the probe when the server is met anew */
}

void after_forbidden(struct core *c, struct session *s, struct call *call, const char *words)
{
	if (call->what == CALL_RUNNER)
		runner_forbidden(c, s, call, words);
	else if (call->what == CALL_BOOT)
		runner_boot_forbidden(c, s, call, words);
	else
		after_forbidden_raw(c, s, call, words);
}

/* It was cancelled, by its time limit or by somebody. */
static enum job_status after_stopped(struct job *job, bool forced)
{
	if (job_is_cancelled(job)) {
		job_end_cancelled(job, forced ? "the code may still run, its session is deleted"
					      : "the code has stopped");
		return STATUS_CANCELLED;
	}
	job_set_error(job, JOB_TIMED_OUT, "the time limit of the spool has passed");
	return STATUS_TIMEOUT;
}

/* Somebody else has cancelled it while it waited, and the server says that it never began: that is no
 * end of the file's. A server that says so of whatever it is sent is not asked for ever. */
static bool after_is_unbegun(
    const struct call *call, const struct job *job, const struct livy_statement *st)
{
	bool ours = call->cancelled_ms >= 0 || job_is_cancelled(job) || job_is_timed_out(job);
	return st->state == LIVY_STATEMENT_CANCELLED && st->unbegun && !ours &&
	       job->r.attempts - job->unrun < UNBEGUN_TRIES;
}

static void after_raw(struct core *c, struct session *s, struct call *call,
    const struct livy_statement *st, struct bytes answer)
{
	struct job *job = core_call_job(c, call);
	enum job_status status = result_judge(answer).status;
	if (status == STATUS_NONE) {
		after_failed(c, s, call, "it has no output of a known form");
		return;
	}
	bool unbegun = after_is_unbegun(call, job, st);
	bool ours = call->cancelled_ms >= 0 || job_is_timed_out(job);
	bool forced =
	    call->cancelled_ms >= 0 && c->now.mono_ms - call->cancelled_ms > CANCEL_FORCED_MS;
	/* A file that came to its end by itself in the moment of its cancel has a result, and that
	 * is worth more. */
	if (ours && (st->state == LIVY_STATEMENT_CANCELLED || status != STATUS_OK))
		status = after_stopped(job, forced);
	else if (job_is_cancelled(job) || job_is_timed_out(job))
		job_set_error(job, NULL, NULL); /* it has come to its own end before */
	/* Newer servers say when it began; what we have noted is when its POST was answered. */
	/* Better than when we sent it, unless the server's clock is another one than ours. */
	if (st->started_ms >= job->r.queued_ms && st->started_ms <= c->now.real_ms)
		job->r.run->started_ms = st->started_ms;
	session_unload(s, job->r.id);
	session_drop_call(s, call);
	if (unbegun)
		finish_requeue(c, job, "it was cancelled on the server before it began");
	else
		finish_answered(c, job, status, answer);
	after_run(c, s, forced);
}

static void after_greeting(struct core *c, struct session *s, struct call *call,
    const struct livy_statement *st, struct bytes answer)
{
	bool matches = source_token_answer(s->r.kind, answer, call->token);
	session_drop_call(s, call);
	if (!matches && !st->failed) {
		depart_retire(c, s, "it does not answer what it is asked");
		return;
	}
	/* An interpreter that cannot be started (R is not installed, say) answers with an error,
	 * and would do so in every new session: one file shows its words to the user, instead of
	 * sessions that come and go unseen. */
	s->limp = !matches;
	s->greeted = true;
	struct pool_state *pool = c->pool[s->r.pool];
	if (s->r.kind == KIND_RUNNER && matches) {
		statement_boot(c, s);
		return;
	}
	if (s->r.kind == KIND_RUNNER) {
		depart_retire(c, s, "its interpreter answers with an error");
		return;
	}
	if (matches)
		pool->failures[s->r.kind] = 0;
	else
		log_warn("session=%s event=limp: its interpreter answers with an error; the next "
			 "file of "
			 "this kind will show it",
		    s->r.name);
	log_info("session=%s event=ready kind=%s", s->r.name, livy_kind_name(s->r.kind));
	after_idle(c, s);
}

static void after_probe(struct core *c, struct session *s, struct call *call,
    const struct livy_statement *st, struct bytes answer)
{
	bool matches = source_token_answer(s->r.kind, answer, call->token);
	/* One that does not work says what it said to its greeting: a file is to show that still. */
	bool limps = s->limp && st->failed;
	session_drop_call(s, call);
	if (matches || limps)
		after_idle(c, s);
	else
		depart_retire(c, s,
		    "its answers have slipped: a file's child process wrote to the "
		    "interpreter's own channel");
}

/* The statement has ended; answer is its JSON as it came. */
void after_ended(struct core *c, struct session *s, struct call *call,
    const struct livy_statement *st, struct bytes answer)
{
	assert(call->state == CALL_WAITING);
	s->heard_ms = c->now.mono_ms;
	switch (call->what) {
	case CALL_GREET:
		after_greeting(c, s, call, st, answer);
		break;
	case CALL_PROBE:
		after_probe(c, s, call, st, answer);
		break;
	case CALL_RAW:
		after_raw(c, s, call, st, answer);
		break;
	case CALL_BOOT:
	case CALL_RUNNER:
		hear_answer(c, s, call, st);
		break;
	case CALL_FENCE:
		assert(!"core/fence reads its own answers");
	}
}
