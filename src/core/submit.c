/* submit: a file's turn: what lies there is read, committed and sent. */
#include "core/submit.h"

#include "base/log.h"
#include "core/call.h"
#include "core/depart.h"
#include "core/finish.h"
#include "core/heads.h"
#include "core/owners.h"
#include "core/pause.h"
#include "core/ready.h"
#include "core/result.h"
#include "core/runner.h"
#include "core/script.h"
#include "core/share.h"
#include "core/source.h"
#include "core/terms.h"
#include "core/wait.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define READ_AGAIN_MS 2000
#define READ_FAILED_MS 30000
#define MODULES_BYTES_MAX (4 << 20)
#define SCRIPT_BYTES_MAX (14 << 20) /* as base64 it is what Livy takes as one statement */

/* One that took what it was sent last before one of which that was forbidden; the owner's own before
 * nobody's, then the one with the least in it. */
static bool submit_is_better(
    const struct session *s, const struct session *than, const struct lane *lane)
{
	if ((s->forbids > 0) != (than->forbids > 0))
		return s->forbids == 0;
	bool own = s->r.owner == lane->owner;
	bool other_own = than->r.owner == lane->owner;
	return own == other_own ? s->run_count < than->run_count : own;
}

/* Made as its pool would make it now; one of another configuration is on its way out. */
static bool submit_is_current(const struct core *c, size_t pool, const struct session *s)
{
	const struct conf_pool *conf = &c->conf->pool[pool];
	return !s->draining && s->r.endpoint == conf->endpoint &&
	       str_eq(s->r.run_as, conf->session.proxy_user);
}

/* One that has not been heard for a while is asked first, and its file waits for that. */
static struct session *submit_session_for(struct core *c, size_t pool, const struct lane *lane)
{
	struct session *best = NULL;
	struct session *s;
	TAILQ_FOREACH (s, &c->sessions, link) {
		if (s->r.pool != pool || s->r.kind != lane->kind ||
		    !session_is_free(s, lane->owner, c->conf->pool[pool].slots, lane->fresh))
			continue;
		if (!submit_is_current(c, pool, s) || (lane->owner != -1 && session_is_common(s)))
			continue;
		if (best == NULL || submit_is_better(s, best, lane))
			best = s;
	}
	if (best == NULL || ready_is_heard(c, best))
		return best;
	ready_sound(c, best);
	return NULL;
}

/* The lane of the file that waits for a session to make room, or NULL. */
static const struct lane *submit_claim(const struct core *c, size_t pool)
{
	const struct job *job = job_by_id(&c->jobs, c->pool[pool]->claim);
	return job != NULL && job->lane != NULL && share_room(job->lane) > 0 ? job->lane : NULL;
}

/* The lane whose turn it is among those that have a session to go to. Lanes first, then sessions: a
 * session may serve many lanes, and which file's turn it is must not depend on which session
 * happened to be free. */
static struct lane *submit_next(struct core *c, size_t pool, struct session **session)
{
	const struct lane *claim = submit_claim(c, pool);
	struct lane *best = NULL;
	struct lane *lane;
	TAILQ_FOREACH (lane, &c->pool[pool]->lanes, link) {
		if (share_room(lane) == 0 ||
		    (claim != NULL && claim != lane && share_before(c, claim, lane)) ||
		    (best != NULL && share_before(c, best, lane)))
			continue;
		struct session *s = submit_session_for(c, pool, lane);
		if (s == NULL)
			continue;
		best = lane;
		*session = s;
	}
	return best;
}

void submit_assign(struct core *c, size_t pool)
{
	struct session *s = NULL;
	struct lane *lane;
	if (c->stopping || c->endpoint[c->conf->pool[pool].endpoint]->phase != ENDPOINT_UP)
		return;
	while ((lane = submit_next(c, pool, &s)) != NULL) {
		struct job *job = queue_first(lane);
		assert(job->r.state == JOB_QUEUED && s->r.kind == lane->kind);
		/* From its first file on a session is its owner's. The row is committed before the
		 * file is sent: another life must not give the session to somebody else. */
		if (s->r.owner != lane->owner) {
			s->r.owner = lane->owner;
			core_row_session(c, s);
		}
		s->fresh = lane->fresh;
		session_load(s, job->r.id);
		if (s->r.state == SESSION_IDLE)
			session_move(s, SESSION_BUSY, c->now.mono_ms);
		/* Before it leaves the lane, which may be the lane's end. */
		share_take(c, pool, lane);
		queue_remove(job);
		finish_recall(c, job);
	}
}

/* The session knows its jobs, not the other way round: until a file is sent nothing of it is
 * persisted, and a pointer back would have to be kept true over every way in which a session can be
 * lost. */
static struct session *submit_session_of(const struct core *c, const struct job *job)
{
	struct session *s;
	TAILQ_FOREACH (s, &c->sessions, link)
		for (unsigned i = 0; i < s->run_count; i++)
			if (s->run[i] == job->r.id)
				return s;
	return NULL;
}

void submit_on_recalled(struct core *c, const struct ev_recalled *ev)
{
	struct job *job = job_by_id(&c->jobs, ev->job);
	if (job == NULL || job->r.state != JOB_READING)
		return; /* its session was lost meanwhile */
	/* A pause that a reload, say, has cut short: its end must not come between what is done about
	 * the results, each step of which waits for its own answer. */
	timer_clear(&c->timers, &job->timer);
	struct arena *a = &c->fx->arena;
	free(job->r.old_files);
	job->r.old_files = xstrdup(ev->files);
	/* Only those are recalled without a session whose pool does not serve them. */
	if (submit_session_of(c, job) == NULL) {
		finish_unserved(c, job);
		return;
	}
	struct out_file *ours;
	struct fx_read *read = &effects_add(c->fx, FX_READ)->u.read;
	read->job = job->r.id;
	read->spool = job->r.spool;
	read->name = arena_strdup(a, job->r.name);
	read->ident = job->r.ident;
	read->bytes_max = core_spool_conf(c, job)->file_bytes_max;
	read->private_only = owners_wanted(c, terms_of(c, job).d.pool);
	read->taken = result_names(a, job->r.name);
	read->ours_count = result_files_of_text(a, job->r.old_files, &ours);
	read->ours = ours;
	if (terms_of(c, job).kind == KIND_RUNNER) {
		read->modules = arena_strdup(a, core_spool_conf(c, job)->modules);
		read->modules_bytes_max = MODULES_BYTES_MAX;
	}
}

/* The file does not go now, or not at all: its session is free for the next. */
static void submit_release(struct core *c, struct session *s, struct job *job)
{
	assert(job->r.state == JOB_READING);
	session_unload(s, job->r.id);
	if (session_state(s) == SESSION_BUSY && s->run_count == 0)
		session_becomes(s, SESSION_IDLE, c->now.mono_ms);
	s->fresh = s->fresh && s->run_count > 0;
	depart_wake(c, s, 0); /* to be looked at, or deleted if it was retired meanwhile */
	c->plan = true;
}

void submit_withdraw(struct core *c, struct job *job)
{
	struct session *s = submit_session_of(c, job);
	assert(job->r.state == JOB_READING);
	if (s != NULL)
		submit_release(c, s, job);
	job_move(&c->jobs, job, JOB_QUEUED);
}

static void submit_script(
    struct core *c, struct session *s, struct job *job, const struct ev_read *ev)
{
	struct script *sc = job->script = script_new(c->now.mono_ms);
	sc->suspect = job->forbidden > 0; /* others shall not be refused with it again */
	if (ev->modules_hash != NULL) {
		sc->modules_hash = xstrdup(ev->modules_hash);
		sc->modules = xstrdup(ev->modules.p);
	}
	runner_start(c, s, job);
}

static void submit_send(
    struct core *c, struct session *s, struct job *job, const struct ev_read *ev)
{
	struct run_rec *run = job_begin_run(job);
	assert(job->r.state == JOB_READING && job->lane == NULL);
	/* Drawn anew for each attempt: a runner starts an id once, and what an earlier attempt may
	 * have left under its own can never be taken for this one's. */
	core_token(c, run->token);
	memcpy(run->sha256, ev->sha256, sizeof(run->sha256));
	run->session = s->r.id;
	run->session_name = xstrdup(s->r.name);
	run->script = s->r.kind == KIND_RUNNER;
	char *late = directive_warning(job->said);
	if (late != NULL)
		run->warnings = result_add_warning(run->warnings, late);
	free(late);
	job->r.attempts++;
	job->failures = 0;
	const struct source_plan plan = source_plan(&c->fx->arena, s->r.kind, ev->code);
	assert(plan.refused == NULL); /* submit_check */
	if (plan.warning != NULL)
		run->warnings = result_add_warning(run->warnings, plan.warning);
	job_set_code(job, plan.code);
	job_move(&c->jobs, job, JOB_SENDING);
	core_row_job_code(c, job); /* step 1: the bytes and the intent */
	/* In the same turn as the intent, and behind its commit: a marker that is removed earlier
	 * would let the file lie unseen after a crash. */
	if (job->marker != NULL) {
		struct fx_unmark *unmark = &effects_add(c->fx, FX_UNMARK)->u.unmark;
		unmark->spool = job->r.spool;
		unmark->name = arena_printf(&c->fx->arena, "%s.ready", job->r.name);
		unmark->ident = *job->marker;
		free(job->marker);
		job->marker = NULL;
	}
	if (job->r.run->script)
		submit_script(c, s, job, ev);
	else
		call_raw(c, s, job);
}

/* Not what was queued any more: it has to settle again, or a scan will see that it is gone. */
static void submit_unsettle(struct core *c, struct job *job, int64_t in_ms)
{
	job_move(&c->jobs, job, JOB_SETTLING);
	timer_set(&c->timers, &job->timer, c->now.mono_ms + in_ms);
}

static void submit_reject(
    struct core *c, struct job *job, const struct ev_read *ev, const char *why)
{
	struct run_rec *run = job_begin_run(job);
	memcpy(run->sha256, ev->sha256, sizeof(run->sha256));
	finish_own(c, job, STATUS_REJECTED, "Rejected", why);
}

/* Why it cannot run; NULL: it can, and from now on its own words count. Whatever can be known
 * without a server is said without one: a file that cannot run takes no place. */
static const char *submit_check(struct core *c, struct job *job, const struct ev_read *ev)
{
	struct arena *a = &c->fx->arena;
	const char *why = source_check(ev->code);
	if (why != NULL)
		return arena_printf(a, "the file %s", why);
	why = terms_read(c, job, ev->code);
	if (why == NULL && terms_of(c, job).kind == KIND_RUNNER && ev->code.n > SCRIPT_BYTES_MAX)
		why = arena_printf(a,
		    "the file is larger than what can be sent to a runner: %d bytes",
		    SCRIPT_BYTES_MAX);
	if (why == NULL)
		why = source_plan(a, terms_of(c, job).kind, ev->code).refused;
	return why;
}

static void submit_read_ok(
    struct core *c, struct session *s, struct job *job, const struct ev_read *ev)
{
	const char *why = submit_check(c, job, ev);
	if (why == NULL)
		heads_learn(c, job);
	const struct terms t = terms_of(c, job);
	bool ready = s->r.state == SESSION_BUSY && core_endpoint_up(c, s);
	if (why == NULL && ready && terms_met(s, &t) && submit_is_current(c, t.d.pool, s) &&
	    !pause_holds(c, t.d.pool, job->r.spool) && !wait_holds(c, job)) {
		submit_send(c, s, job, ev);
		return;
	}
	submit_release(c, s, job);
	if (why != NULL) {
		submit_reject(c, job, ev, why);
	} else { /* it wants another kind of session, or this one was retired or it paused meanwhile,
		  * or its server has to be met anew, or a reload has come in between */
		job_move(&c->jobs, job, JOB_QUEUED);
		finish_ready(c, job);
	}
}

static void submit_changed(struct core *c, struct job *job, const struct ident *ident)
{
	const struct conf_spool *spool = core_spool_conf(c, job);
	bool rewritten = ident->ino != job->r.ident.ino || ident_rewritten(ident, &job->r.ident);
	job->r.ident = *ident;
	if (spool->ready != READY_MARKER || job->marker != NULL) {
		submit_unsettle(c, job, spool->settle_ms);
	} else if (rewritten) {
		job_move(&c->jobs, job, JOB_SETTLING); /* until a new marker vouches for it */
	} else { /* its own was removed when it was first to be sent, and holds for these bytes */
		job_move(&c->jobs, job, JOB_QUEUED);
		core_row_job(c, job);
		finish_ready(c, job);
	}
}

static void submit_not_read(struct core *c, struct job *job, const struct ev_read *ev)
{
	struct arena *a = &c->fx->arena;
	switch (ev->result) {
	case READ_TOO_BIG:
		submit_reject(c, job, ev,
		    arena_printf(a, "the file is larger than file_max of its spool (%lld bytes)",
			(long long)core_spool_conf(c, job)->file_bytes_max));
		break;
	case READ_REFUSED:
		finish_silent(c, job, STATUS_REJECTED, ev->why);
		break;
	case READ_TAKEN:
		finish_silent(c, job, STATUS_REJECTED,
		    arena_printf(a,
			"the result's name %s is taken by a file that is not ours: move it away, "
			"then touch "
			"the input",
			ev->why));
		break;
	case READ_CHANGED:
		submit_changed(c, job, &ev->ident);
		break;
	case READ_GONE:
		submit_unsettle(c, job, READ_AGAIN_MS);
		core_scan_soon(c, job->r.spool, 0);
		break;
	default:
		log_error("job=%llu event=not-read file=\"%s\" error=\"%s\" retry_ms=%d",
		    (unsigned long long)job->r.id, job->r.name,
		    ev->why == NULL ? strerror(ev->err) : ev->why, READ_FAILED_MS);
		tally_error(c, TALLY_INPUT);
		submit_unsettle(c, job, READ_FAILED_MS);
	}
}

void submit_on_read(struct core *c, struct job *job, const struct ev_read *ev)
{
	assert(job->r.state == JOB_READING);
	struct session *s = submit_session_of(c, job);
	if (s == NULL)
		return; /* its session was lost meanwhile, and no other one serves it */
	if (ev->result == READ_OK) {
		submit_read_ok(c, s, job, ev);
		return;
	}
	submit_release(c, s, job);
	submit_not_read(c, job, ev);
}
