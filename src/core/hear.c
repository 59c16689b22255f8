/* hear: what a session's runner answers to a call. */
#include "core/hear.h"

#include "base/log.h"
#include "core/depart.h"
#include "core/errand.h"
#include "core/fetch.h"
#include "core/finish.h"
#include "core/result.h"
#include "core/runner.h"
#include "core/runnertext.h"
#include "core/terms.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define FULL_MS 500	/* the runner had no place after all */
#define OVERTIME_MS 500 /* behind a time limit the runner is asked whether it kept it */

/* ---- of a run ------------------------------------------------------------------------------- */

/* The runner keeps the limit itself; a little later it is asked whether it did, and told to. How
 * much of it is over in a later life it says itself: no wall clock does, neither its own nor ours,
 * which may jump. */
static void hear_limit(struct core *c, struct job *job, const struct runner_run *run)
{
	struct script *sc = job->script;
	const struct terms t = terms_of(c, job);
	if (t.d.timeout_ms == CONF_NEVER || sc->limit_ms != INT64_MAX)
		return;
	int64_t spent_ms = job->r.state < JOB_RUNNING ? 0 : run->run_ms;
	sc->limit_ms = c->now.mono_ms + core_left_ms(t.d.timeout_ms, spent_ms) + OVERTIME_MS;
}

/* By the driver's clock, as long as that can be: with another one than ours, or with a word of
 * somebody else, it would have begun before it was queued, or in days to come. */
static int64_t hear_started_ms(
    const struct core *c, const struct job *job, const struct runner_run *run)
{
	const int64_t now_ms = c->now.real_ms;
	if (run->started_ms >= job->r.queued_ms && run->started_ms <= now_ms)
		return run->started_ms;
	bool is_known = run->run_ms > 0 && run->run_ms <= now_ms - job->r.queued_ms;
	return is_known ? now_ms - run->run_ms : now_ms;
}

/* Step 2 of what must be on disk. When it has ended at once, the next row says more. */
static void hear_begun(
    struct core *c, struct session *s, struct job *job, const struct runner_run *run)
{
	struct script *sc = job->script;
	assert(job->r.run != NULL);
	if (sc->phase < SCRIPT_RUN)
		script_move(sc, SCRIPT_RUN, c->now.mono_ms);
	hear_limit(c, job, run);
	if (job->r.state >= JOB_RUNNING)
		return; /* or it is being fetched for the second time */
	job->r.run->statement = s->r.last_statement; /* the call that has told it */
	job->r.run->started_ms = hear_started_ms(c, job, run);
	job_move(&c->jobs, job, JOB_RUNNING);
	if (run->state != RUNNER_ENDED)
		core_row_job(c, job);
	if (!core_spool_conf(c, job)->html)
		job_set_code(job, (struct bytes){ NULL, 0 });
	if (s->alone)
		job->r.run->warnings = result_add_warning(job->r.run->warnings,
		    arena_printf(&c->fx->arena,
			"it ran in the session's own interpreter, not as a process: %s",
			s->alone_why));
	log_info("job=%llu event=running session=%s statement=%lld", (unsigned long long)job->r.id,
	    s->r.name, (long long)s->r.last_statement);
}

/* The session's runner does not know it, or not any more. UNKNOWN of a run that was never told to
 * start is no loss; of any other it is the end of what can be known. BARRED is the runner's promise
 * that it never will. */
static void hear_missed(
    struct core *c, struct session *s, struct job *job, const struct runner_run *run, bool dead)
{
	struct script *sc = job->script;
	bool unborn = sc->phase == SCRIPT_START && run->state == RUNNER_UNKNOWN;
	if (unborn && !dead) {
		sc->due_ms = c->now.mono_ms + FULL_MS; /* refused, or its modules are missing */
		return;
	}
	/* One that is cancelled is only killed: that it was refused before shows in its state alone. */
	bool never = unborn || (run->state == RUNNER_BARRED && sc->phase <= SCRIPT_BAR);
	const char *lost =
	    sc->lost < RUNNER_LOST_MAX ? NULL : arena_strdup(&c->fx->arena, sc->lost_why);
	runner_unload(c, s, job);
	if (!never) { /* it may have run there: the session is not fresh any more, in no life */
		s->r.statements++;
		core_row_session(c, s);
	}
	if (never && lost != NULL)
		depart_never(c, job, "its runner will not begin it any more", lost);
	else if (never)
		finish_requeue_unrun(c, job, "it had not begun, and will not in that session");
	else if (job->r.state == JOB_ANSWERED)
		fetch_lost_output(c, job); /* its end is known since before its files had gone */
	else
		finish_own(c, job, STATUS_UNKNOWN, "Unknown",
		    "its runner does not know it any more: it cannot be told whether it ran");
	runner_rest(c, s);
}

static void hear_run(struct core *c, struct session *s, struct job *job,
    const struct runner_run *run, const struct runner_answer *answer)
{
	/* Kept: an answer to an earlier call tells what is in the spool already. */
	if (job->script->phase > SCRIPT_FETCH)
		return;
	if (run->state != RUNNER_RUNNING && run->state != RUNNER_ENDED) {
		hear_missed(c, s, job, run, answer->dead);
		return;
	}
	hear_begun(c, s, job, run);
	fetch_take(c, job, run, answer);
}

/* ---- of itself ------------------------------------------------------------------------------ */

static struct job *hear_job(const struct core *c, const struct session *s, const char *id)
{
	for (unsigned i = 0; i < s->run_count; i++) {
		struct job *job = errand_job(c, s, i);
		if (job != NULL && strcmp(job->r.run->token, id) == 0)
			return job;
	}
	return NULL;
}

static void hear_lacks_modules(
    struct core *c, struct session *s, const struct runner_answer *answer)
{
	for (unsigned i = 0; i < s->run_count; i++) {
		struct job *job = errand_job(c, s, i);
		for (size_t k = 0; job != NULL && k < answer->missing_count; k++) {
			struct script *sc = job->script;
			if (sc->modules == NULL ||
			    strcmp(sc->modules_hash, answer->missing[k]) != 0)
				continue;
			sc->put = true;
			sc->due_ms = c->now.mono_ms;
		}
	}
}

static void hear_refusals(struct core *c, struct session *s, const struct runner_answer *answer)
{
	for (size_t i = 0; i < answer->refused_count; i++) {
		const struct runner_refusal *r = &answer->refused[i];
		struct job *job = hear_job(c, s, r->id);
		if (job == NULL || job->script->phase != SCRIPT_START ||
		    strcmp(r->why, "full") == 0)
			continue; /* one whose end we have not yet told it: it is asked again */
		runner_unload(c, s, job);
		finish_own(c, job, STATUS_REJECTED, "Refused",
		    arena_printf(&c->fx->arena, "the runner refuses it: %s", r->why));
		runner_rest(c, s);
	}
}

static void hear_call(struct core *c, struct session *s, const struct runner_answer *answer)
{
	/* A runner that dies refuses whatever it is given; the files are not to blame, and go
	 * elsewhere. */
	if (!answer->dead)
		hear_refusals(c, s, answer);
	for (size_t i = 0; i < answer->run_count; i++) {
		struct job *job = hear_job(c, s, answer->run[i].id);
		if (job != NULL)
			hear_run(c, s, job, &answer->run[i], answer);
	}
	hear_lacks_modules(c, s, answer);
	for (unsigned i = 0; i < s->run_count; i++) {
		struct job *job = errand_job(c, s, i);
		if (job == NULL)
			continue;
		if (job->script->asked)
			job->script->unheard = 0;
		job->script->asked = false;
	}
	if (answer->dead && session_state(s) < SESSION_RETIRED)
		depart_retire(c, s, "its runner has died");
}

static void hear_boot(struct core *c, struct session *s, const struct runner_answer *answer)
{
	char ours[RUNNER_CODE_TEXT_LEN];
	s->booted = true;
	s->alone = answer->alone;
	free(s->alone_why);
	s->alone_why = xstrdup(answer->why == NULL ? "" : answer->why);
	free(s->r.boot);
	s->r.boot = xstrdup(answer->boot);
	c->pool[s->r.pool]->failures[s->r.kind] = 0;
	if (answer->alone)
		log_info("session=%s event=ready kind=%s runner=interpreter reason=\"%s\"",
		    s->r.name, livy_kind_name(s->r.kind), answer->why == NULL ? "" : answer->why);
	else
		log_info("session=%s event=ready kind=%s runner=process", s->r.name,
		    livy_kind_name(s->r.kind));
	for (size_t i = 0; i < answer->warning_count; i++)
		log_warn(
		    "session=%s event=runner-warns warning=\"%s\"", s->r.name, answer->warning[i]);
	runnertext_name_code(
	    (struct bytes){ c->conf->runner_code, c->conf->runner_code_bytes }, ours);
	/* A session outlives the daemon, and so an upgrade of it: the old runner ends what it has
	 * begun, by the protocol that it speaks, and gets nothing new. */
	if (answer->code != NULL && strcmp(answer->code, ours) != 0) {
		log_info(
		    "session=%s event=old-runner: it is retired when what runs in it has ended",
		    s->r.name);
		s->draining = true;
	}
	if (session_state(s) == SESSION_GREETING)
		session_becomes(s, s->run_count > 0 ? SESSION_BUSY : SESSION_IDLE, c->now.mono_ms);
	core_row_session(c, s);
}

void hear_answer(
    struct core *c, struct session *s, struct call *call, const struct livy_statement *st)
{
	struct arena *a = &c->fx->arena;
	assert(call->what == CALL_BOOT || call->what == CALL_RUNNER);
	struct runner_answer answer;
	bool boot = call->what == CALL_BOOT;
	runnertext_read(
	    a, (struct bytes){ st->text, st->text_bytes }, boot ? NULL : call->token, &answer);
	const char *error = st->failed ? "its runner fails with an error" : answer.error;
	if (error != NULL && boot && s->run_count == 0) {
		session_drop_call(s, call);
		depart_retire(c, s, arena_printf(a, "it takes no runner: %s", error));
		return;
	}
	if (error != NULL) {
		runner_failed(c, s, call, error);
		return;
	}
	/* Under one name another runner than ours was booted: it knows nothing of what ran in the
	 * first one. */
	if (s->r.boot != NULL && strcmp(s->r.boot, answer.boot) != 0) {
		depart_lost(c, s, "another runner answers than the one that was sent");
		return;
	}
	s->failures = 0;
	s->failing_ms = -1;
	s->answers++;
	s->pause_ms = 0;
	/* Only those that were in this call: it may forget what it was told, no more. */
	int64_t acks = call->at;
	session_drop_call(s, call);
	if (boot) {
		hear_boot(c, s, &answer);
	} else {
		session_drop_acks(s, (size_t)acks);
		hear_call(c, s, &answer);
	}
	depart_wake(c, s, 0);
}
