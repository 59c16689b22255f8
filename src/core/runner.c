/* runner: files that run as processes of their own in a session's runner. */
#include "core/runner.h"

#include "base/log.h"
#include "core/depart.h"
#include "core/errand.h"
#include "core/finish.h"
#include "core/result.h"
#include "core/runnertext.h"
#include "core/statement.h"
#include "core/terms.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define ACK_MS 1000 /* how long a runner keeps what is committed, at most */
#define FULL_MS 500 /* the runner had no place after all */
#define APPEND_FIRST_MS 2000
#define APPEND_MAX_MS 300000
#define FAILURES_MAX 8	  /* calls in a row without an answer of the runner ... */
#define FAILING_MS 180000 /* ... over so long a time */
#define WAIT_FIRST_MS 250 /* what the runner has, but does not give */
#define WAIT_MAX_MS 30000
#define WAITS_MAX 15
#define OVERTIME_MS 500 /* behind a time limit the runner is asked whether it kept it */

/* ---- places --------------------------------------------------------------------------------- */

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
		statement_runner(c, s);
}

/* A run has left. */
static void runner_rest(struct core *c, struct session *s)
{
	s->used_ms = c->now.mono_ms;
	c->plan = true;
	if (s->r.state == SESSION_LOOKING) {
		if (s->run_count == 0)
			s->resume = s->fresh ? SESSION_RETIRED : SESSION_IDLE;
	} else if (s->r.state >= SESSION_RETIRED) {
		depart_go_on(c, s);
	} else if (s->fresh || (s->draining && s->run_count == 0)) {
		depart_retire(c, s, s->fresh ? "isolation is fresh" : "it has drained");
	} else if (s->run_count == 0 && s->r.state == SESSION_BUSY) {
		session_move(s, SESSION_IDLE, c->now.mono_ms);
		core_row_session(c, s);
	}
}

static void runner_unload(struct core *c, struct session *s, struct job *job)
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
	sc->maybe = true;
	script_move(sc, job->r.state == JOB_RUNNING ? SCRIPT_RUN : SCRIPT_BAR, c->now.mono_ms);
}

/* ---- calls that brought no answer ----------------------------------------------------------- */

void runner_unsent(struct core *c, struct session *s, struct call *call, bool maybe)
{
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

void runner_failed(struct core *c, struct session *s, struct call *call, const char *why)
{
	log_warn(
	    "session=%s event=runner-unheard error=\"%s\"; the call is sent again", s->r.name, why);
	if (s->failures++ == 0)
		s->failing_ms = c->now.mono_ms;
	runner_unsent(c, s, call, true);
	if (s->failures >= FAILURES_MAX && c->now.mono_ms - s->failing_ms >= FAILING_MS)
		depart_lost(c, s, why);
	else
		s->pause_ms = c->now.mono_ms + core_backoff_ms(c, s->failures, 250, 30000);
}

/* The server will not take this call, whatever it is sent: what it was to start is to blame. */
void runner_refused(struct core *c, struct session *s, struct call *call, const char *why)
{
	bool starts = false;
	for (unsigned i = s->run_count; i-- > 0;) {
		struct job *job = errand_job(c, s, i);
		if (job == NULL || !job->script->asked || job->script->phase != SCRIPT_START ||
		    job->script->maybe)
			continue;
		starts = true;
		runner_unload(c, s, job);
		finish_own(c, job, STATUS_REJECTED, "Refused", why);
	}
	bool boot = call->what == CALL_BOOT;
	runner_unsent(c, s, call, false);
	if (boot || !starts)
		depart_lost(c, s, why);
	else
		runner_rest(c, s);
}

/* ---- what a run says ------------------------------------------------------------------------ */

/* Step 2 of what must be on disk. When it has ended at once, the next row says more. */
static void runner_begun(
    struct core *c, struct session *s, struct job *job, const struct runner_run *run)
{
	struct script *sc = job->script;
	if (sc->phase < SCRIPT_RUN)
		script_move(sc, SCRIPT_RUN, c->now.mono_ms);
	if (job->r.state >= JOB_RUNNING)
		return; /* or it is being fetched for the second time */
	const struct terms t = terms_of(c, job);
	if (t.d.timeout_ms != CONF_NEVER)
		sc->limit_ms = c->now.mono_ms + t.d.timeout_ms + OVERTIME_MS;
	job->r.run->statement = s->r.last_statement; /* the call that has told it */
	job->r.run->started_ms = run->started_ms > 0 ? run->started_ms : c->now.real_ms;
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

/* The names of those that cannot be had are for people: the first one stands for all. */
static void runner_take_sizes(struct core *c, struct job *job, const struct runner_run *run)
{
	const char *left = NULL;
	for (size_t i = 0; i < run->file_count; i++) {
		struct script_part *part = script_part(job->script, run->file[i].name);
		if (part == NULL) {
			left = left == NULL ? run->file[i].name : left;
			continue;
		}
		part->bytes = run->file[i].bytes;
		part->cut = run->file[i].cut;
	}
	if (left == NULL || job->script->left)
		return;
	job->script->left = true;
	job->r.run->warnings = result_add_warning(
	    job->r.run->warnings, arena_printf(&c->fx->arena, "%.200s is left behind: %s", left,
				      "too many files, or no name for one"));
}

static void runner_append(
    struct core *c, struct job *job, struct script_part *part, struct bytes data)
{
	struct fx_append *fx = &effects_add(c->fx, FX_APPEND)->u.append;
	fx->job = job->r.id;
	fx->spool = job->r.spool;
	fx->part = (unsigned)(part - job->script->part) + 1;
	fx->at = part->at;
	fx->data = data;
	part->last = data.p[data.n - 1];
	part->busy = true;
}

/* An answer has place for so many bytes: those of others may have taken it. */
static bool runner_gives(const struct runner_answer *answer)
{
	for (size_t i = 0; i < answer->run_count; i++)
		if (answer->run[i].data_count > 0)
			return true;
	return false;
}

/* There is more than we have. False: it has been asked for often enough, and never given. */
static bool runner_want_more(
    struct core *c, struct script *sc, bool came, const struct runner_answer *answer)
{
	sc->waits = came ? 0 : sc->waits + 1; /* those who waited are served first (core/errand) */
	sc->due_ms = c->now.mono_ms;
	if (sc->waits <= 1 || runner_gives(answer))
		return true;
	sc->due_ms += core_backoff_ms(c, sc->waits - 1, WAIT_FIRST_MS, WAIT_MAX_MS);
	return sc->waits < WAITS_MAX;
}

/* A piece that begins where ours ends; any other is one of an earlier call. */
static bool runner_take_data(struct core *c, struct job *job, const struct runner_run *run)
{
	bool came = false;
	for (size_t i = 0; i < run->data_count; i++) {
		struct script_part *part = script_part(job->script, run->data[i].name);
		if (part == NULL || part->busy || run->data[i].at != part->at)
			continue;
		int64_t end = part->at + (int64_t)run->data[i].data.n;
		part->bytes = part->bytes > end ? part->bytes : end;
		if (core_spool_conf(c, job)->html)
			script_keep(job->script, part, run->data[i].data);
		runner_append(c, job, part, run->data[i].data);
		came = true;
	}
	return came;
}

/* All of it is in the spool, under hidden names. It is not yet on disk: nothing is told to the runner
 * before that, and no row says so. A crash finds the run there, and fetches it again. */
static void runner_fetched(struct core *c, struct job *job)
{
	struct script *sc = job->script;
	struct bytes report = { sc->report, strlen(sc->report) };
	script_move(sc, SCRIPT_KEPT, c->now.mono_ms);
	if (job->r.state == JOB_ANSWERED)
		finish_go_on(c, job); /* for the second time: the hidden files had gone */
	else
		finish_answered(c, job, sc->end, report);
}

static void runner_ended(struct core *c, struct job *job, const struct runner_run *run, bool came,
    const struct runner_answer *answer)
{
	struct script *sc = job->script;
	if (sc->phase == SCRIPT_RUN)
		script_move(sc, SCRIPT_FETCH, c->now.mono_ms);
	free(sc->report);
	sc->report = xstrdup(run->report);
	sc->end = run->status;
	if (run->started_ms > 0 && run->run_ms > 0) /* perhaps long before anybody asked */
		job->r.run->finished_ms = run->started_ms + run->run_ms;
	job->r.run->exit_code = run->status == STATUS_DIED ? -1 : run->exit_code;
	if (script_is_fetched(sc)) {
		runner_fetched(c, job);
	} else if (!runner_want_more(c, sc, came, answer)) {
		log_warn("job=%llu event=not-given file=\"%s\": its runner does not give all that "
			 "it says it has; what is missing stands in the record",
		    (unsigned long long)job->r.id, job->r.name);
		runner_fetched(c, job);
	}
}

static void runner_runs(
    struct core *c, struct job *job, bool came, const struct runner_answer *answer)
{
	struct script *sc = job->script;
	if (script_is_fetched(sc))
		sc->due_ms = c->now.mono_ms + script_pause_ms(sc, c->now.mono_ms);
	else
		(void)runner_want_more(c, sc, came, answer);
	if (sc->limit_ms > c->now.mono_ms && sc->due_ms > sc->limit_ms)
		sc->due_ms = sc->limit_ms;
}

/* Nobody has them any more; the record is written without. */
static void runner_give_up_parts(struct job *job)
{
	script_free(job->script);
	job->script = NULL;
	job->r.run->warnings = result_add_warning(job->r.run->warnings, SCRIPT_LOST);
}

static void runner_lost_output(struct core *c, struct job *job)
{
	runner_give_up_parts(job);
	core_row_job_answer(c, job);
	finish_go_on(c, job);
}

/* The session's runner does not know it, or not any more. */
static void runner_missed(
    struct core *c, struct session *s, struct job *job, const struct runner_run *run, bool dead)
{
	struct script *sc = job->script;
	bool unborn = sc->phase == SCRIPT_START && run->state == RUNNER_UNKNOWN;
	if (unborn && !dead) {
		sc->due_ms = c->now.mono_ms + FULL_MS; /* refused, or its modules are missing */
		return;
	}
	bool never = unborn || (run->state == RUNNER_BARRED && sc->phase == SCRIPT_BAR);
	runner_unload(c, s, job);
	if (!never) { /* it may have run there: the session is not fresh any more, in no life */
		s->r.statements++;
		core_row_session(c, s);
	}
	if (never)
		finish_requeue(c, job, "it had not begun, and will not in that session");
	else if (job->r.state == JOB_ANSWERED)
		runner_lost_output(c, job); /* its end is known since before its files had gone */
	else
		finish_own(c, job, STATUS_UNKNOWN, "Unknown",
		    "its runner does not know it any more: it cannot be told whether it ran");
	runner_rest(c, s);
}

static void runner_on_run(struct core *c, struct session *s, struct job *job,
    const struct runner_run *run, const struct runner_answer *answer)
{
	if (job->script->phase > SCRIPT_FETCH)
		return;
	if (run->state != RUNNER_RUNNING && run->state != RUNNER_ENDED) {
		runner_missed(c, s, job, run, answer->dead);
		return;
	}
	runner_begun(c, s, job, run);
	runner_take_sizes(c, job, run);
	bool came = runner_take_data(c, job, run);
	if (run->state == RUNNER_ENDED)
		runner_ended(c, job, run, came, answer);
	else
		runner_runs(c, job, came, answer);
}

/* ---- what the runner says ------------------------------------------------------------------- */

static struct job *runner_job(const struct core *c, const struct session *s, const char *id)
{
	for (unsigned i = 0; i < s->run_count; i++) {
		struct job *job = errand_job(c, s, i);
		if (job != NULL && strcmp(job->r.run->token, id) == 0)
			return job;
	}
	return NULL;
}

static void runner_lacks_modules(
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

static void runner_refusals(struct core *c, struct session *s, const struct runner_answer *answer)
{
	for (size_t i = 0; i < answer->refused_count; i++) {
		const struct runner_refusal *r = &answer->refused[i];
		struct job *job = runner_job(c, s, r->id);
		if (job == NULL || job->script->phase != SCRIPT_START ||
		    strcmp(r->why, "full") == 0)
			continue; /* one whose end we have not yet told it: it is asked again */
		runner_unload(c, s, job);
		finish_own(c, job, STATUS_REJECTED, "Refused",
		    arena_printf(&c->fx->arena, "the runner refuses it: %s", r->why));
		runner_rest(c, s);
	}
}

static void runner_heard(struct core *c, struct session *s, const struct runner_answer *answer)
{
	if (!answer->dead)
		runner_refusals(c, s, answer);
	for (size_t i = 0; i < answer->run_count; i++) {
		struct job *job = runner_job(c, s, answer->run[i].id);
		if (job != NULL)
			runner_on_run(c, s, job, &answer->run[i], answer);
	}
	runner_lacks_modules(c, s, answer);
	for (unsigned i = 0; i < s->run_count; i++) {
		struct job *job = errand_job(c, s, i);
		if (job != NULL)
			job->script->asked = false;
	}
	if (answer->dead && s->r.state < SESSION_RETIRED)
		depart_retire(c, s, "its runner has died");
}

static void runner_booted(struct core *c, struct session *s, const struct runner_answer *answer)
{
	char ours[RUNNER_CODE_TEXT_LEN];
	s->booted = true;
	s->alone = answer->alone;
	free(s->alone_why);
	s->alone_why = xstrdup(answer->why == NULL ? "" : answer->why);
	free(s->r.boot);
	s->r.boot = xstrdup(answer->boot);
	c->pool[s->r.pool]->failures[s->r.kind] = 0;
	log_info("session=%s event=ready kind=%s runner=%s%s%s", s->r.name,
	    livy_kind_name(s->r.kind), answer->alone ? "interpreter" : "process",
	    answer->alone ? " reason=" : "", answer->alone ? answer->why : "");
	for (size_t i = 0; i < answer->warning_count; i++)
		log_warn(
		    "session=%s event=runner-warns warning=\"%s\"", s->r.name, answer->warning[i]);
	runnertext_name_code(
	    (struct bytes){ c->conf->runner_code, c->conf->runner_code_bytes }, ours);
	if (answer->code != NULL && strcmp(answer->code, ours) != 0) {
		log_info(
		    "session=%s event=old-runner: it is retired when what runs in it has ended",
		    s->r.name);
		s->draining = true;
	}
	if (s->r.state == SESSION_GREETING)
		session_move(s, s->run_count > 0 ? SESSION_BUSY : SESSION_IDLE, c->now.mono_ms);
	core_row_session(c, s);
}

void runner_on_answer(
    struct core *c, struct session *s, struct call *call, const struct livy_statement *st)
{
	struct arena *a = &c->fx->arena;
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
	if (s->r.boot != NULL && strcmp(s->r.boot, answer.boot) != 0) {
		depart_lost(c, s, "another runner answers than the one that was sent");
		return;
	}
	s->failures = 0;
	s->pause_ms = 0;
	int64_t acks = call->at;
	session_drop_call(s, call);
	if (boot) {
		runner_booted(c, s, &answer);
	} else {
		session_drop_acks(s, (size_t)acks);
		runner_heard(c, s, &answer);
	}
	depart_wake(c, s, 0);
}

/* ---- on disk -------------------------------------------------------------------------------- */

/* The session that holds it still, or NULL. */
static struct session *runner_session(const struct core *c, const struct job *job)
{
	struct session *s = session_by_id(&c->sessions, job->r.run->session);
	for (unsigned i = 0; s != NULL && i < s->run_count; i++)
		if (s->run[i] == job->r.id)
			return s;
	return NULL;
}

void runner_on_appended(struct core *c, const struct ev_appended *ev)
{
	struct job *job = job_by_id(&c->jobs, ev->job);
	struct script *sc = job == NULL ? NULL : job->script;
	if (sc == NULL || ev->part == 0 || ev->part > sc->part_count ||
	    !sc->part[ev->part - 1].busy)
		return; /* its session was lost meanwhile */
	struct script_part *part = &sc->part[ev->part - 1];
	struct session *s = runner_session(c, job);
	part->busy = false;
	part->at = ev->err == 0 ? ev->at : 0;
	if (ev->err == 0) {
		sc->failures = 0;
		sc->due_ms = c->now.mono_ms;
		if (script_is_fetched(sc)) /* what comes next has its time: see runner_runs() */
			sc->due_ms += script_pause_ms(sc, c->now.mono_ms);
	} else {
		int64_t ms = core_backoff_ms(c, ++sc->failures, APPEND_FIRST_MS, APPEND_MAX_MS);
		sc->due_ms = c->now.mono_ms + ms;
		log_at(sc->failures == 1 ? LOG_LEVEL_ERROR : LOG_LEVEL_DEBUG,
		    "job=%llu event=appending-failed error=\"%s\" file=\"%s\" retry_ms=%lld; the "
		    "result is safe with its runner",
		    (unsigned long long)job->r.id, strerror(ev->err), job->r.name, (long long)ms);
	}
	if (s == NULL)
		return; /* its session was lost meanwhile: its end is told already */
	if (sc->phase == SCRIPT_FETCH && script_is_fetched(sc))
		runner_fetched(c, job);
	depart_wake(c, s, 0);
}

bool runner_lost_parts(struct core *c, struct job *job)
{
	struct script *sc = job->script;
	struct session *s = runner_session(c, job);
	if (s == NULL) {
		runner_give_up_parts(job);
		return false;
	}
	sc->phase = SCRIPT_FETCH;
	sc->due_ms = c->now.mono_ms;
	for (size_t i = 0; i < sc->part_count; i++)
		sc->part[i].at = 0;
	depart_wake(c, s, 0);
	return true;
}

void runner_committed(struct core *c, struct job *job)
{
	struct session *s = runner_session(c, job);
	if (s == NULL || job->script == NULL || job->script->phase != SCRIPT_KEPT)
		return;
	session_add_ack(s, job->r.run->token, c->now.mono_ms + ACK_MS);
	s->r.statements++;
	runner_unload(c, s, job);
	if (s->run_count > 0)
		core_row_session(c, s); /* a used one is not fresh, also in the next life */
	runner_rest(c, s);
}
