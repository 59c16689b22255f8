/* fetch: what a run leaves, piece by piece, on its way into the spool. */
#include "core/fetch.h"

#include "base/log.h"
#include "core/depart.h"
#include "core/finish.h"
#include "core/result.h"
#include "core/runner.h"
#include "core/watch.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define ACK_MS 1000 /* how long a runner keeps what is committed, at most */
#define APPEND_FIRST_MS 2000
#define APPEND_MAX_MS 300000
#define WAIT_FIRST_MS 250 /* what the runner has, but does not give */
#define WAIT_MAX_MS 30000
#define WAITS_MAX 15
#define OTHERS_MAX 64 /* of a session: so often what is given may be theirs */

/* ---- what an answer brings ------------------------------------------------------------------ */

/* The names of those that cannot be had are for people: the first one stands for all. */
static void fetch_take_sizes(struct core *c, struct job *job, const struct runner_run *run)
{
	const char *left = NULL;
	for (size_t i = 0; i < run->file_count; i++) {
		struct script_part *part = script_part(job->script, run->file[i].name);
		if (part == NULL) {
			left = left == NULL ? run->file[i].name : left;
			continue;
		}
		script_tell(job->script, part, run->file[i].bytes, run->file[i].cut,
		    core_spool_conf(c, job));
	}
	if (left == NULL || job->script->left)
		return;
	job->script->left = true;
	job->r.run->warnings = result_add_warning(
	    job->r.run->warnings, arena_printf(&c->fx->arena, "%.200s is left behind: %s", left,
				      "too many files, or no name for one"));
}

static void fetch_append(
    struct core *c, struct job *job, struct script_part *part, struct bytes data)
{
	assert(part >= job->script->part && part < job->script->part + job->script->part_count);
	assert(!part->busy && data.n > 0);
	struct fx_append *fx = &effects_add(c->fx, FX_APPEND)->u.append;
	fx->job = job->r.id;
	fx->spool = job->r.spool;
	fx->part = (unsigned)(part - job->script->part) + 1;
	fx->at = part->at;
	fx->uid = job->r.ident.uid;
	/* In the turn's arena, where the answer was decoded: output is not copied once more. */
	fx->data = data;
	part->last = data.p[data.n - 1];
	part->busy = true;
}

/* An answer has place for so many bytes: those of others may have taken it. */
static bool fetch_gives(const struct runner_answer *answer)
{
	for (size_t i = 0; i < answer->run_count; i++)
		if (answer->run[i].data_count > 0)
			return true;
	return false;
}

/* There is more than we have. False: it has been asked for often enough, and never given. */
static bool fetch_want_more(
    struct core *c, struct script *sc, bool came, const struct runner_answer *answer)
{
	sc->waits = came ? 0 : sc->waits + 1; /* those who waited are served first (core/errand) */
	sc->due_ms = c->now.mono_ms;
	int in_vain = sc->waits - (fetch_gives(answer) ? OTHERS_MAX : 0);
	if (in_vain <= 1)
		return true;
	sc->due_ms += core_backoff_ms(c, in_vain - 1, WAIT_FIRST_MS, WAIT_MAX_MS);
	return in_vain < WAITS_MAX;
}

/* A piece that begins where ours ends; any other is one of an earlier call. */
static bool fetch_take_data(struct core *c, struct job *job, const struct runner_run *run)
{
	bool came = false;
	for (size_t i = 0; i < run->data_count; i++) {
		struct script_part *part = script_part(job->script, run->data[i].name);
		if (part == NULL || part->busy || run->data[i].at != part->at)
			continue;
		struct bytes data = run->data[i].data;
		data.n = script_take(job->script, part, data.n, core_spool_conf(c, job));
		if (data.n == 0)
			continue;
		if (core_spool_conf(c, job)->html)
			script_keep(job->script, part, data);
		fetch_append(c, job, part, data);
		came = true;
	}
	return came;
}

/* It was to be ended, and that is what it came to, or it was before that. */
static void fetch_cancelled(struct job *job, const struct runner_run *run)
{
	if (!job_is_cancelled(job))
		return;
	if (run->status == STATUS_CANCELLED)
		job_end_cancelled(job, "its processes were ended");
	else
		job_set_error(job, NULL, NULL);
}

static void fetch_ended(struct core *c, struct job *job, const struct runner_run *run, bool came,
    const struct runner_answer *answer)
{
	struct script *sc = job->script;
	if (sc->phase == SCRIPT_RUN) {
		script_move(sc, SCRIPT_FETCH, c->now.mono_ms);
		fetch_cancelled(job, run);
	}
	/* Each answer behind the end says it again: the last one counts. */
	free(sc->report);
	sc->report = xstrdup(run->report);
	sc->end = run->status;
	/* Perhaps long before anybody asked, and never in days to come. */
	if (run->run_ms > 0 && run->run_ms <= c->now.real_ms - job->r.run->started_ms)
		job->r.run->finished_ms = job->r.run->started_ms + run->run_ms;
	job->r.run->exit_code = run->status == STATUS_DIED ? -1 : run->exit_code;
	if (script_is_fetched(sc)) {
		runner_keep(c, job);
	} else if (!fetch_want_more(c, sc, came, answer)) {
		log_warn("job=%llu event=not-given file=\"%s\": its runner does not give all that "
			 "it says it has; what is missing stands in the record",
		    (unsigned long long)job->r.id, job->r.name);
		runner_keep(c, job);
	}
}

static void fetch_goes_on(
    struct core *c, struct job *job, bool came, const struct runner_answer *answer)
{
	struct script *sc = job->script;
	if (script_is_fetched(sc))
		sc->due_ms =
		    c->now.mono_ms + watch_pace_ms(c, job, script_pause_ms(sc, c->now.mono_ms));
	else
		(void)fetch_want_more(c, sc, came, answer);
	if (sc->limit_ms > c->now.mono_ms && sc->due_ms > sc->limit_ms)
		sc->due_ms = sc->limit_ms;
}

/* Its hidden files would come to lie where nobody looks for them. */
static void fetch_wait(struct core *c, struct job *job)
{
	job->script->due_ms = c->now.mono_ms + core_away_ms(c, job);
}

void fetch_take(struct core *c, struct job *job, const struct runner_run *run,
    const struct runner_answer *answer)
{
	assert(job->script != NULL && job->r.run != NULL);
	/* Sizes come before pieces: from them one sees what is missing, however little an answer
	 * has place for. */
	fetch_take_sizes(c, job, run);
	job->progress = (float)run->progress;
	jobs_touch(&c->jobs, job);
	if (core_is_away(c, job)) {
		fetch_wait(c, job);
		return;
	}
	bool came = fetch_take_data(c, job, run);
	if (run->state == RUNNER_ENDED)
		fetch_ended(c, job, run, came, answer);
	else
		fetch_goes_on(c, job, came, answer);
}

/* Nobody has them any more; the record is written without. */
static void fetch_give_up_parts(struct job *job)
{
	script_free(job->script);
	job->script = NULL;
	job->r.run->warnings = result_add_warning(job->r.run->warnings, SCRIPT_LOST);
}

/* How it ended stands in the ledger, since its session could not tell it again; what it printed was in parts
 * that the life before knew, and nothing says how much of them was on disk. */
void fetch_resume(struct job *job)
{
	assert(job->r.state == JOB_ANSWERED);
	if (job->r.run->script && job->r.run->started_ms > 0)
		fetch_give_up_parts(job);
}

void fetch_lost_output(struct core *c, struct job *job)
{
	fetch_give_up_parts(job);
	core_row_job_answer(c, job);
	finish_go_on(c, job);
}

/* ---- on disk -------------------------------------------------------------------------------- */

/* The session that holds it still, or NULL. */
static struct session *fetch_session(const struct core *c, const struct job *job)
{
	struct session *s = session_by_id(&c->sessions, job->r.run->session);
	for (unsigned i = 0; s != NULL && i < s->run_count; i++)
		if (s->run[i] == job->r.id)
			return s;
	return NULL;
}

void fetch_on_appended(struct core *c, const struct ev_appended *ev)
{
	struct job *job = job_by_id(&c->jobs, ev->job);
	struct script *sc = job == NULL ? NULL : job->script;
	if (sc == NULL || ev->part == 0 || ev->part > sc->part_count ||
	    !sc->part[ev->part - 1].busy)
		return; /* its session was lost meanwhile */
	struct script_part *part = &sc->part[ev->part - 1];
	struct session *s = fetch_session(c, job);
	jobs_touch(&c->jobs, job);
	part->busy = false;
	/* After a failure nobody knows how much of the piece lies there, so the file is fetched
	 * again from its start: the runner keeps all of it until it is told that it is on disk. */
	part->at = ev->err == 0 ? ev->at : 0;
	if (ev->err == 0) {
		sc->failures = 0;
		sc->due_ms = c->now.mono_ms;
		if (script_is_fetched(sc)) /* what comes next has its time: see fetch_goes_on() */
			sc->due_ms += watch_pace_ms(c, job, script_pause_ms(sc, c->now.mono_ms));
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
		runner_keep(c, job);
	depart_wake(c, s, 0);
}

bool fetch_lost_parts(struct core *c, struct job *job)
{
	struct script *sc = job->script;
	struct session *s = fetch_session(c, job);
	if (s == NULL) {
		fetch_give_up_parts(job);
		return false;
	}
	/* Back from KEPT, the one move backwards, so not by script_move(): the hidden files have
	 * gone, and the runner, which was told nothing, still has them. */
	sc->phase = SCRIPT_FETCH;
	sc->due_ms = c->now.mono_ms;
	for (size_t i = 0; i < sc->part_count; i++)
		sc->part[i].at = 0;
	depart_wake(c, s, 0);
	return true;
}

void fetch_committed(struct core *c, struct job *job)
{
	struct session *s = fetch_session(c, job);
	if (s == NULL || job->script == NULL || job->script->phase != SCRIPT_KEPT)
		return;
	/* Only now: the hidden files are synced and their names committed. The runner's copy may go. */
	session_add_ack(s, job->r.run->token, c->now.mono_ms + ACK_MS);
	s->r.statements++;
	runner_unload(c, s, job);
	if (s->run_count > 0)
		core_row_session(c, s); /* a used one is not fresh, also in the next life */
	runner_rest(c, s);
}
