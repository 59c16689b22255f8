/* finish: from the outcome of a run to its result files and the end of its input. */
#include "core/finish.h"

#include "base/log.h"
#include "core/heads.h"
#include "core/past.h"
#include "core/pause.h"
#include "core/result.h"
#include "core/row.h"
#include "core/script.h"
#include "core/terms.h"
#include "core/wait.h"
#include "core/watch.h"
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* A full disk or a name that is taken is not mended in seconds, and a result waits well: it is in
 * the ledger. */
#define RETRY_FIRST_MS 2000
#define RETRY_MAX_MS 300000

/* -1 of a kind in `warm` says that the pool does not serve it; 0 that it does, with none kept
 * ready. */
static bool finish_is_served(const struct core *c, const struct job *job, const struct terms *t)
{
	return c->conf->pool[t->d.pool].warm[job->r.kind] >= 0;
}

void finish_recall(struct core *c, struct job *job)
{
	assert(job->lane == NULL); /* or a row would keep it beyond its end */
	job_move(&c->jobs, job, JOB_READING);
	struct fx_recall *recall = &effects_add(c->fx, FX_RECALL)->u.recall;
	recall->job = job->r.id;
	recall->spool = job->r.spool;
	recall->name = arena_strdup(&c->fx->arena, job->r.name);
}

void finish_ready(struct core *c, struct job *job)
{
	assert(job->r.state == JOB_QUEUED);
	const struct conf_spool *spool = core_spool_conf(c, job);
	if (spool->removed || job->r.held != HELD_NOT) {
		queue_remove(job); /* one that came held stood in its row already */
		return;		   /* until the spool is configured again, or somebody lets it go */
	}
	const struct terms t = terms_of(c, job);
	heads_learn(c, job);
	if (!finish_is_served(c, job, &t)) {
		/* The record that says so takes the place of older results. */
		queue_remove(job);
		finish_recall(c, job);
		return;
	}
	heads_want(c, job);
	if (row_holds(c, job) || wait_holds(c, job))
		return;
	const struct lane like = { .kind = t.kind,
		.owner = t.owner,
		.fresh = t.fresh,
		.spool = job->r.spool,
		.uid = job->r.ident.uid };
	queue_push(&c->pool[t.d.pool]->lanes, job, &like);
	c->plan = true;
}

void finish_unserved(struct core *c, struct job *job)
{
	const struct terms t = terms_of(c, job);
	if (finish_is_served(c, job, &t)) { /* since a reload */
		job_move(&c->jobs, job, JOB_QUEUED);
		finish_ready(c, job);
		return;
	}
	finish_own(c, job, STATUS_REJECTED, "Rejected",
	    arena_printf(&c->fx->arena,
		"the pool %s does not serve the kind %s: add it to its `warm`",
		c->conf->pool[t.d.pool].name, livy_kind_name(job->r.kind)));
}

/* ---- the outcome ---------------------------------------------------------------------------- */

static void finish_outcome(struct core *c, struct job *job, enum job_status status)
{
	assert(job->r.run != NULL && status < STATUS_COUNT);
	job->r.run->status = status;
	if (job->r.run->finished_ms == 0)
		job->r.run->finished_ms = c->now.real_ms;
	job_move(&c->jobs, job, JOB_ANSWERED);
	job->failures = 0;
	/* A runner keeps what came of a script until the files are on disk: so does no row of ours
	 * before that. */
	if (job->script == NULL || job->script->phase != SCRIPT_KEPT)
		core_row_job_answer(c, job);
	finish_go_on(c, job);
}

void finish_answered(struct core *c, struct job *job, enum job_status status, struct bytes answer)
{
	assert(job->r.run != NULL && status != STATUS_NONE);
	job_set_answer(job, answer);
	finish_outcome(c, job, status);
}

void finish_own(
    struct core *c, struct job *job, enum job_status status, const char *name, const char *message)
{
	if (job->r.run == NULL)
		job_begin_run(job);
	job_set_error(job, name, message);
	finish_outcome(c, job, status);
}

/* An end that somebody has to look at before the next one of the spool begins. What is unknown may run
 * still, and then the next one would not come after it. */
static void finish_pause(struct core *c, const struct job *job, enum job_status status)
{
	const struct conf_spool *spool = core_spool_conf(c, job);
	bool wanted =
	    (spool->pause_on & (1u << status)) != 0 || (spool->ordered && status == STATUS_UNKNOWN);
	if (wanted && pause_set(c, PAUSE_SPOOL, job->r.spool, true))
		log_warn(
		    "spool=%s event=stopped job=%llu status=%s; its other files wait until it is "
		    "resumed",
		    spool->name, (unsigned long long)job->r.id, result_status_name(status));
}

static void finish_say(const struct core *c, const struct job *job, enum job_status status)
{
	const char *spool = core_spool_conf(c, job)->name;

	if (job->r.run->error_message == NULL)
		log_info("job=%llu event=done status=%s spool=%s file=\"%s\"",
		    (unsigned long long)job->r.id, result_status_name(status), spool, job->r.name);
	else
		log_info("job=%llu event=done status=%s spool=%s file=\"%s\" reason=\"%s\"",
		    (unsigned long long)job->r.id, result_status_name(status), spool, job->r.name,
		    job->r.run->error_message);
}

/* The order matters: the row with all that is known goes first, then those who count, watch and
 * wait learn of it, and only at last what they may have looked at is freed. */
static void finish_end(struct core *c, struct job *job, bool live)
{
	assert(job->r.run != NULL && job->lane == NULL);
	enum job_status status = job->r.run->status;
	timer_clear(&c->timers, &job->timer);
	job_move(&c->jobs, job, JOB_DONE);
	job->r.live = live;
	core_row_job_end(c, job);
	past_ended(c);
	watch_ended(c, job);
	c->done[status]++;
	tally_job(c, job);
	finish_pause(c, job, status);
	row_left(c, job);
	wait_ended(c, job);
	finish_say(c, job, status);
	/* Something has happened to the name while it was busy, or the input went: a look finds
	 * what lies there now. */
	if (job->again || !live)
		core_look(c, job->r.spool, job->r.name);
	job->again = false;
	if (live)
		job_remember(job);
	else
		job_free(&c->jobs, &c->timers, job);
}

/* Nothing is written of it. But an earlier attempt may have left hidden files, which only the ordinary
 * end removes, whatever crashes on the way. */
static void finish_unsaid(
    struct core *c, struct job *job, enum job_status status, const char *why, const char *sha256)
{
	struct run_rec *run = job_begin_run(job);
	memcpy(run->sha256, sha256, strlen(sha256) + 1);
	run->recorded = false;
	run->error_message = xstrdup(why);
	queue_remove(job);
	if (job->r.attempts > 0) {
		if (job->r.state == JOB_SETTLING)
			job_move(&c->jobs, job, JOB_QUEUED);
		if (job->r.state == JOB_QUEUED)
			job_move(&c->jobs, job, JOB_READING);
		finish_outcome(c, job, status);
		return;
	}
	run->status = status;
	run->finished_ms = c->now.real_ms;
	finish_end(c, job, true);
}

void finish_silent(struct core *c, struct job *job, enum job_status status, const char *why)
{
	finish_unsaid(c, job, status, why, "");
}

void finish_known(struct core *c, struct job *job, const char sha256[SHA256_TEXT_LEN])
{
	job->r.held = HELD_NOT;
	finish_unsaid(c, job, STATUS_NONE, FINISH_KNOWN, sha256);
}

/* It was not sent, or it may be sent again, and nobody wants it to be. */
static void finish_cancelled(struct core *c, struct job *job)
{
	assert(job_is_cancelled(job));
	/* Its own copy: the run that holds the words goes first. */
	const char *who = arena_strdup(&c->fx->arena, job->r.run->error_message);
	job_drop_run(job);
	job_move(&c->jobs, job, JOB_QUEUED);
	finish_silent(c, job, STATUS_CANCELLED, who);
}

/* Only what has certainly not run, or may run twice by its own word, comes here. */
void finish_requeue(struct core *c, struct job *job, const char *why)
{
	if (job_is_cancelled(job)) {
		finish_cancelled(c, job);
		return;
	}
	log_info("job=%llu event=requeued reason=\"%s\"", (unsigned long long)job->r.id, why);
	job_drop_run(job);
	job_move(&c->jobs, job, JOB_QUEUED);
	core_row_job_end(c, job);
	finish_ready(c, job);
}

void finish_requeue_unrun(struct core *c, struct job *job, const char *why)
{
	job->unrun++;
	assert(job->unrun <= job->r.attempts);
	finish_requeue(c, job, why);
}

/* ---- the files ------------------------------------------------------------------------------ */

static bool finish_keeps_input(const struct core *c, const struct job *job)
{
	switch (job->r.run->status) {
	case STATUS_REJECTED:
	case STATUS_UNKNOWN:
	case STATUS_DIED:
		return true; /* somebody has to look at it */
	default:
		return job->r.run->superseded || core_spool_conf(c, job)->after == AFTER_KEEP;
	}
}

/* The pool whose session it had, whatever a reload has made of its spool since. */
static const char *finish_pool(const struct core *c, const struct job *job, const struct terms *t)
{
	const struct session *s = session_by_id(&c->sessions, job->r.run->session);
	return s != NULL ? core_session_pool(c, s)->name : c->conf->pool[t->d.pool].name;
}

static void finish_stage(struct core *c, struct job *job)
{
	struct arena *a = &c->fx->arena;
	const struct conf_spool *spool = core_spool_conf(c, job);
	const struct terms t = terms_of(c, job);
	const struct result_input in = {
		.rec = &job->r,
		.spool_path = spool->path,
		.pool = finish_pool(c, job, &t),
		.answer = { job->answer, job->answer_bytes },
		.script = job->script,
		.html = spool->html,
		.code = { job->code, job->code_bytes },
		.spool = spool->name,
		.style = t.d.style == STYLE_RAW	     ? "raw"
			 : t.d.style == STYLE_SCRIPT ? "script"
						     : "notebook",
		.stays = finish_keeps_input(c, job),
	};
	assert(!job->staging);
	struct result_file *file = NULL;
	struct out_file *before;
	size_t count = job->r.run->recorded ? result_build(a, &in, &file) : 0;
	struct fx_stage *stage = &effects_add(c->fx, FX_STAGE)->u.stage;
	job->staging = true;
	stage->job = job->r.id;
	stage->spool = job->r.spool;
	stage->input = job->r.ident;
	stage->file = file;
	stage->count = count;
	stage->before = result_files_of_text(a, job->r.old_files, &before);
}

/* The old record goes first and the new one comes last (edge/output): whoever waits for the .json
 * never finds it beside files of another run. */
static void finish_publish(struct core *c, struct job *job)
{
	struct arena *a = &c->fx->arena;
	struct out_file *old;
	struct out_file *file;
	size_t old_count = result_files_of_text(a, job->r.old_files, &old);
	struct fx_publish *publish = &effects_add(c->fx, FX_PUBLISH)->u.publish;
	publish->job = job->r.id;
	publish->spool = job->r.spool;
	publish->old = old;
	publish->old_count = old_count;
	publish->count = result_files_of_text(a, job->r.run->files, &file);
	publish->file = file;
	publish->uid = job->r.ident.uid;
}

static void finish_dispose(struct core *c, struct job *job)
{
	const struct conf_spool *spool = core_spool_conf(c, job);
	struct arena *a = &c->fx->arena;
	struct fx_dispose *dispose = &effects_add(c->fx, FX_DISPOSE)->u.dispose;
	dispose->job = job->r.id;
	dispose->spool = job->r.spool;
	dispose->name = arena_strdup(a, job->r.name);
	dispose->hidden = arena_strdup(a, job->r.run->hidden);
	/* The identity that ran: whatever has taken its name since is put back. */
	dispose->ident = job->r.ident;
	dispose->after = spool->after; /* as it says now: AFTER_KEEP puts back what was hidden */
	dispose->move_to = arena_strdup(a, spool->move_to);
}

/* Nothing of it goes anywhere until its own directory is back, or is known to be there at all. */
static bool finish_waits(struct core *c, struct job *job)
{
	if (!core_is_away(c, job))
		return false;
	timer_set(&c->timers, &job->timer, c->now.mono_ms + core_away_ms(c, job));
	return true;
}

static void finish_step(struct core *c, struct job *job)
{
	assert(job->r.run != NULL);
	if (finish_waits(c, job))
		return;
	switch (job->r.state) {
	case JOB_ANSWERED:
		/* One look at the input first: a replaced one makes this result `superseded`. */
		core_look(c, job->r.spool, job->r.name);
		break;
	case JOB_STAGED:
		finish_publish(c, job);
		break;
	case JOB_DISPOSING:
		finish_dispose(c, job);
		break;
	default:
		assert(!"not a state of finishing");
	}
}

void finish_go_on(struct core *c, struct job *job)
{
	int64_t crowd_ms = core_crowd_ms(c);
	if (crowd_ms > 0)
		timer_set(&c->timers, &job->timer, c->now.mono_ms + crowd_ms);
	else
		finish_step(c, job);
}

#define SAFE "the result is safe in the ledger and will be written when the cause is gone"
static void finish_later(
    struct core *c, struct job *job, const char *what, int err, const char *name, const char *then)
{
	/* Aloud once, then quietly: each retry says the same. */
	if (job->failures < UINT16_MAX)
		job->failures++;
	int64_t ms = core_backoff_ms(c, job->failures, RETRY_FIRST_MS, RETRY_MAX_MS);
	tally_error(c, TALLY_RESULT);
	timer_set(&c->timers, &job->timer, c->now.mono_ms + ms);
	log_at(job->failures == 1 ? LOG_LEVEL_ERROR : LOG_LEVEL_DEBUG,
	    "job=%llu event=%s-failed error=\"%s\" file=\"%s\" retry_ms=%lld; %s",
	    (unsigned long long)job->r.id, what, strerror(err), name == NULL ? job->r.name : name,
	    (long long)ms, then);
}

/* Which directory: in a sticky spool it may be one that we do not trust. */
static const char *finish_undisposed(struct core *c, const struct job *job)
{
	const struct conf_spool *spool = core_spool_conf(c, job);
	bool moves = spool->after == AFTER_MOVE;
	return arena_printf(&c->fx->arena, "the file stays until it can be %s%s",
	    moves ? "moved to " : "removed", moves ? spool->move_to : "");
}

void finish_looked(struct core *c, struct job *job, const struct ev_looked *ev)
{
	assert(job->r.state == JOB_ANSWERED);
	if (job->staging)
		return; /* a look that was asked for when it still waited for its turn */
	if (finish_waits(c, job))
		return; /* it was another directory that was looked into */
	if (ev->type == FILE_REGULAR &&
	    (ev->ident.ino != job->r.ident.ino || ident_rewritten(&ev->ident, &job->r.ident))) {
		job->r.run->superseded = true;
		job->again = true;
	}
	timer_clear(&c->timers, &job->timer); /* it was put off, and a look from before has come */
	finish_stage(c, job);
}

void finish_staged(struct core *c, const struct ev_staged *ev)
{
	struct job *job = job_by_id(&c->jobs, ev->job);
	assert(job != NULL && job->r.state == JOB_ANSWERED);
	if (ev->err != 0) {
		finish_later(c, job, "writing", ev->err, NULL, SAFE);
		return;
	}
	job->failures = 0;
	/* The inodes are committed before the names become visible: after a crash only what is in
	 * this list is ours to rename or remove. */
	free(job->r.run->files);
	job->r.run->files = result_files_to_text(ev->file, ev->count);
	job_move(&c->jobs, job, JOB_STAGED);
	if (!job->r.run->recorded) {
		finish_end(c, job, true);
		return;
	}
	if (job->script != NULL)
		core_row_job_answer(c, job); /* a script's, for the first time */
	else
		core_row_job(c, job);
	finish_step(c, job);
}

/* The hidden files are not there any more. What is visible already of them is replaced, as ours. */
static void finish_stage_anew(struct core *c, struct job *job)
{
	char *both = result_files_join(job->r.old_files, job->r.run->files);
	free(job->r.old_files);
	job->r.old_files = both;
	/* Its runner was told to forget it, in this life or an earlier one. */
	if (job->r.run->script && job->r.run->started_ms > 0) {
		script_free(job->script);
		job->script = NULL;
		job->r.run->warnings = result_add_warning(job->r.run->warnings, SCRIPT_LOST);
	}
	job_move(&c->jobs, job, JOB_ANSWERED);
	core_row_job_answer(c, job);
}

void finish_published(struct core *c, const struct ev_published *ev)
{
	struct job *job = job_by_id(&c->jobs, ev->job);
	assert(job != NULL && job->r.state == JOB_STAGED);
	if (ev->err == ENOENT)
		finish_stage_anew(c, job);
	if (ev->err != 0) {
		finish_later(c, job, "publishing", ev->err, ev->why, SAFE);
		return;
	}
	job->failures = 0;
	if (finish_keeps_input(c, job)) {
		finish_end(c, job, true);
		return;
	}
	/* The name is committed before the input is moved to it: a start that finds DISPOSING looks
	 * there, too. */
	job->r.run->hidden = xasprintf(".sparkspool-%llu-input", (unsigned long long)job->r.id);
	job_move(&c->jobs, job, JOB_DISPOSING);
	core_row_job_end(c, job);
	finish_step(c, job);
}

void finish_disposed(struct core *c, const struct ev_disposed *ev)
{
	struct job *job = job_by_id(&c->jobs, ev->job);
	assert(job != NULL && job->r.state == JOB_DISPOSING);
	/* Neither gets better by waiting: it is for whoever wrote the configuration. */
	if (ev->err == EXDEV || ev->err == ELOOP) {
		log_error(
		    "job=%llu event=not-moved file=\"%s\": the directory of `after` %s; the input "
		    "stays",
		    (unsigned long long)job->r.id, job->r.name,
		    ev->err == EXDEV ? "must be on the spool's own file system"
				     : "is the spool itself, by another name");
		finish_end(c, job, true);
		return;
	}
	if (ev->err == ENOENT && finish_waits(c, job))
		return; /* gone from another directory: not gone */
	if (ev->err != 0 && ev->err != ENOENT) {
		finish_later(c, job, "disposing", ev->err, NULL, finish_undisposed(c, job));
		return;
	}
	if (ev->moved_to != NULL) {
		free(job->r.run->moved_to);
		job->r.run->moved_to = xasprintf("%s/%s", ev->move_to, ev->moved_to);
		log_info(
		    "job=%llu event=moved to=\"%s\"", (unsigned long long)job->r.id, ev->moved_to);
	}
	if (ev->stranger)
		job->again = true;
	/* The file that ran is gone from its name; what lies there now, if anything, is new. */
	finish_end(c, job, ev->stranger || core_spool_conf(c, job)->after == AFTER_KEEP);
}
