/* runner: files that run as processes of their own in a session's runner: their places and calls. */
#include "core/runner.h"

#include "base/log.h"
#include "core/depart.h"
#include "core/errand.h"
#include "core/finish.h"
#include "core/result.h"
#include "core/statement.h"
#include "core/stop.h"
#include "core/terms.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define FAILURES_MAX 8	  /* calls in a row without an answer of the runner ... */
#define FAILING_MS 180000 /* ... over so long a time */
#define LOST_TOGETHER 2	  /* starts of a file: from then on no other is started with it ... */
#define LOST_FIRST_MS 1000
#define LOST_MAX_MS 30000

/* ---- places --------------------------------------------------------------------------------- */

/* One call at a time: two would wait in the session's queue one behind the other, and each would
 * tell of the moment in which it was put together. */
static bool runner_may_speak(const struct core *c, const struct session *s)
{
	bool up = s->r.state == SESSION_IDLE || s->r.state == SESSION_BUSY ||
		  s->r.state == SESSION_RETIRED;
	return up && s->booted && core_endpoint_up(c, s) && session_call_of(s, CALL_RUNNER) == NULL;
}

/* Retired before its runner was heard in this life: without that nothing comes of what runs there. */
static bool runner_is_unheard(const struct core *c, const struct session *s)
{
	return s->r.state == SESSION_RETIRED && !s->booted && s->run_count > 0 &&
	       core_endpoint_up(c, s) && TAILQ_EMPTY(&s->calls);
}

static void runner_speak(struct core *c, struct session *s)
{
	statement_runner(c, s);
	stop_again(c, s);
}

void runner_due(struct core *c, struct session *s)
{
	bool unheard = runner_is_unheard(c, s);
	int64_t due_ms = unheard ? s->pause_ms : errand_due_ms(c, s);
	if (s->r.kind != KIND_RUNNER || due_ms == INT64_MAX || !(unheard || runner_may_speak(c, s)))
		return; /* the end of what holds it back wakes it */
	if (due_ms > c->now.mono_ms)
		timer_set_earlier(&c->timers, &s->timer, due_ms);
	else if (unheard)
		statement_boot(c, s);
	else
		runner_speak(c, s);
}

/* A run has left. */
void runner_rest(struct core *c, struct session *s)
{
	assert(s->r.kind == KIND_RUNNER);
	s->used_ms = c->now.mono_ms;
	c->plan = true;
	if (session_state(s) >= SESSION_RETIRED) {
		depart_go_on(c, s);
	} else if (s->fresh || (s->draining && s->run_count == 0)) {
		depart_retire(c, s, s->fresh ? "isolation is fresh" : "it has drained");
	} else if (s->run_count == 0 && session_state(s) == SESSION_BUSY) {
		session_becomes(s, SESSION_IDLE, c->now.mono_ms);
		core_row_session(c, s);
	}
}

void runner_unload(struct core *c, struct session *s, struct job *job)
{
	session_unload(s, job->r.id);
	depart_wake(c, s, 0);
}

/* ---- the way in ----------------------------------------------------------------------------- */

static struct script *runner_script(struct core *c, struct job *job)
{
	if (job->script == NULL)
		job->script = script_new(c->now.mono_ms);
	return job->script;
}

void runner_start(struct core *c, struct session *s, struct job *job)
{
	assert(job->r.state == JOB_SENDING && job->r.run->script);
	runner_script(c, job);
	runner_due(c, s);
}

void runner_resume(struct core *c, struct session *s, struct job *job)
{
	assert(s->r.kind == KIND_RUNNER && job->r.run->script);
	struct script *sc = runner_script(c, job);
	s->fresh = terms_of(c, job).fresh;
	session_load(s, job->r.id);
	/* As far as the ledger knows the call was made. BAR asks for it in a way that cannot start
	 * it: a run that has not begun by then never shall, and the file may go elsewhere. */
	sc->maybe = true;
	script_move(sc, job->r.state == JOB_RUNNING ? SCRIPT_RUN : SCRIPT_BAR, c->now.mono_ms);
}

void runner_keep(struct core *c, struct job *job)
{
	struct script *sc = job->script;
	assert(sc->report != NULL);
	struct bytes report = { sc->report, strlen(sc->report) };
	script_move(sc, SCRIPT_KEPT, c->now.mono_ms);
	if (job->r.state == JOB_ANSWERED)
		finish_go_on(c, job); /* for the second time: the hidden files had gone */
	else
		finish_answered(c, job, sc->end, report);
}

/* ---- calls that brought no answer ----------------------------------------------------------- */

void runner_unsent(struct core *c, struct session *s, struct call *call, bool maybe)
{
	assert(s->r.kind == KIND_RUNNER && call->what != CALL_RAW);
	bool told = call->what == CALL_RUNNER;
	session_drop_call(s, call);
	for (unsigned i = 0; told && i < s->run_count; i++) {
		struct job *job = errand_job(c, s, i);
		if (job == NULL)
			continue;
		job->script->maybe = job->script->maybe || (maybe && job->script->asked);
		job->script->asked = false;
	}
	depart_wake(c, s, maybe ? core_backoff_ms(c, s->failures, 250, 10000) : 0);
}

/* It is in the call under way, to be started. */
static bool runner_starts(const struct job *job)
{
	return job != NULL && job->script->asked && job->script->phase == SCRIPT_START &&
	       !job_is_cancelled(job);
}

/* One of them may be what is not let through. In between the session's other calls go on
 * (core/errand), so that nobody else is taken for unheard with it; at some time it is not tried any
 * more. */
static void runner_lost_starts(struct core *c, struct session *s, bool taken, const char *why)
{
	for (unsigned i = 0; i < s->run_count; i++) {
		struct job *job = errand_job(c, s, i);
		if (!runner_starts(job) || ++job->script->lost < LOST_TOGETHER)
			continue;
		struct script *sc = job->script;
		free(sc->lost_why);
		sc->lost_why =
		    xasprintf(taken ? "the server takes it, but nothing comes of it: %s"
				    : "it is lost on its way: %s; does something between here "
				      "and the server not let it through?",
			why);
		sc->suspect = true;
		sc->due_ms = c->now.mono_ms;
		if (sc->lost >= RUNNER_LOST_MAX)
			script_move(sc, SCRIPT_BAR, c->now.mono_ms);
		else
			sc->due_ms += core_backoff_ms(c, sc->lost, LOST_FIRST_MS, LOST_MAX_MS);
	}
}

/* It may have begun, and more cannot be known of it. Returns whether it may run on there: it has a place of
 * the runner then, for ever perhaps. */
static bool runner_give_up(struct core *c, struct session *s, struct job *job, const char *why)
{
	if (job->script->phase == SCRIPT_FETCH) { /* how it ended is known */
		job->r.run->warnings = result_add_warning(job->r.run->warnings,
		    arena_printf(&c->fx->arena,
			"what it left is not all here: the rest could not be read: %s", why));
		runner_keep(c, job);
		return false;
	}
	runner_unload(c, s, job);
	s->r.statements++;
	core_row_session(c, s);
	finish_own(c, job, STATUS_UNKNOWN, "Unknown",
	    arena_printf(&c->fx->arena,
		"what its runner says of it could not be read, and only that: %s", why));
	return true;
}

/* What a call was to tell is not let through: after another one each of those it spoke of is asked after in a
 * call of its own until it is heard of (core/errand). Who is not while others are has to bear it. Returns
 * whether one of those may run on. */
static bool runner_unheard_runs(
    struct core *c, struct session *s, const struct call *call, const char *why)
{
	bool runs_on = false;
	for (unsigned i = s->run_count; i-- > 0;) {
		struct job *job = errand_job(c, s, i);
		if (job == NULL || !job->script->asked || runner_starts(job))
			continue;
		struct script *sc = job->script;
		if (sc->unheard++ == 0) {
			sc->unheard_ms = call->lost_ms < 0 ? c->now.mono_ms : call->lost_ms;
			sc->answers = s->answers;
		}
		sc->due_ms = c->now.mono_ms;
		if (sc->unheard > SCRIPT_UNHEARD)
			sc->due_ms += core_backoff_ms(
			    c, sc->unheard - SCRIPT_UNHEARD, LOST_FIRST_MS, LOST_MAX_MS);
		/* Else it is the whole that is not heard. */
		bool others_are = s->answers > sc->answers && s->failures < FAILURES_MAX;
		if (sc->unheard < FAILURES_MAX || !others_are ||
		    c->now.mono_ms - sc->unheard_ms < FAILING_MS)
			continue;
		runs_on = runner_give_up(c, s, job, why) || runs_on;
	}
	return runs_on;
}

void runner_failed(struct core *c, struct session *s, struct call *call, const char *why)
{
	log_warn(
	    "session=%s event=runner-unheard error=\"%s\"; the call is sent again", s->r.name, why);
	/* Not each time that it was moved in between, but since it was heard; while it is looked for other
	 * failures are counted there, too. */
	bool first = s->failing_ms < 0 || (s->failures == 0 && s->failing_ms <= s->heard_ms);
	if (first)
		s->failing_ms = c->now.mono_ms;
	s->failures++;
	if (call->what == CALL_RUNNER)
		runner_lost_starts(c, s, call->state == CALL_WAITING, why);
	bool runs_on = call->what == CALL_RUNNER && call->state == CALL_WAITING &&
		       runner_unheard_runs(c, s, call, why);
	runner_unsent(c, s, call, true);
	bool lost = s->failures >= FAILURES_MAX && c->now.mono_ms - s->failing_ms >= FAILING_MS;
	if (lost)
		depart_lost(c, s, why);
	else
		s->pause_ms = c->now.mono_ms + core_backoff_ms(c, s->failures, 250, 30000);
	if (runs_on && !lost)
		depart_retire(c, s, "a file that nothing is heard of may run on in it");
}

void runner_dropped(struct core *c, struct session *s, struct call *call)
{
	const uint64_t id = s->r.id;
	const char *why = "the server has dropped its answer";
	runner_failed(c, s, call, why);
	if (session_by_id(&c->sessions, id) == NULL || core_session_endpoint(c, s)->dialect.names)
		return;
	/* The next call may go to a stranger's, that has its id since a restart: first the token. A
	 * server that drops the answers of what is proven to be ours is not asked for ever. */
	if (c->now.mono_ms - s->failing_ms >= FAILING_MS)
		depart_lost(c, s, why);
	else
		depart_prove(c, s);
}

/* It may have come in by a call before: then it shall not begin any more, and that it has not is known by
 * the answer to that (core/hear). */
static bool runner_bar(struct core *c, struct job *job)
{
	if (job->script->maybe)
		script_move(job->script, SCRIPT_BAR, c->now.mono_ms);
	return job->script->maybe;
}

/* Of several files each is sent in a call of its own, to see which it is. Returns how many there were;
 * *one is the last. */
static unsigned runner_suspect(struct core *c, struct session *s, struct job **one)
{
	unsigned starts = 0;
	for (unsigned i = 0; i < s->run_count; i++) {
		struct job *job = errand_job(c, s, i);
		if (!runner_starts(job))
			continue;
		starts++;
		job->script->suspect = true;
		*one = job;
	}
	return starts;
}

/* The next call starts nothing (core/errand), and so tells whether it is not the whole that is forbidden. */
void runner_forbidden(struct core *c, struct session *s, struct call *call, const char *words)
{
	struct job *one = NULL;
	assert(call->what == CALL_RUNNER);
	unsigned starts = runner_suspect(c, s, &one);
	if (starts == 1 && !runner_bar(c, one)) {
		runner_unload(c, s, one);
		depart_forbidden(c, s, one, words);
	}
	runner_unsent(c, s, call, false);
	if (starts == 1)
		runner_rest(c, s);
}

/* Its greeting was taken just before. What runs in it waits: who knows when that is let through again. */
void runner_boot_forbidden(struct core *c, struct session *s, struct call *call, const char *words)
{
	assert(call->what == CALL_BOOT);
	runner_unsent(c, s, call, false);
	if (s->run_count == 0)
		depart_retire(c, s, arena_printf(&c->fx->arena, "it takes no runner: %s", words));
}

/* The server, or something on the way, will not take this call, whatever it is sent. */
void runner_refused(struct core *c, struct session *s, struct call *call, const char *why)
{
	struct job *one = NULL;
	unsigned starts = runner_suspect(c, s, &one);
	bool boot = call->what == CALL_BOOT;
	/* Of one it is that file, which never ran, that is to blame. */
	if (starts == 1 && !boot && !runner_bar(c, one)) {
		runner_unload(c, s, one);
		finish_own(c, one, STATUS_REJECTED, "Refused", why);
	}
	runner_unsent(c, s, call, false);
	if (boot || starts == 0)
		depart_lost(c, s, why);
	else
		runner_rest(c, s);
}
