/* sched: the one door of the core. Events in, effects out; nothing else happens in here.
 *
 * It decides nothing: a case is one call, so that what an event leads to stands in the room that
 * knows. What is kept here is the order behind each event: first the plan, then what others are
 * told of it. */
#include "core/sched.h"

#include "base/log.h"
#include "core/call.h"
#include "core/contact.h"
#include "core/control.h"
#include "core/core.h"
#include "core/export.h"
#include "core/fetch.h"
#include "core/finish.h"
#include "core/heads.h"
#include "core/intake.h"
#include "core/keep.h"
#include "core/life.h"
#include "core/lost.h"
#include "core/owners.h"
#include "core/pool.h"
#include "core/row.h"
#include "core/scan.h"
#include "core/share.h"
#include "core/submit.h"
#include "core/talk.h"
#include "core/wait.h"
#include <assert.h>
#include <errno.h>
#include <string.h>

#define TICK_EFFECTS_MAX 256 /* what timers may bring to one turn */

/* A service manager kills after 90 s by default; what is not heard by then is asked for in the next
 * life. */
#define STOP_MS 20000 /* an orderly stop waits this long for answers that are on their way */

/* ---- planning ------------------------------------------------------------------------------- */

/* Files that waited for others, or for some time. One at a time: each that is let go may change
 * what holds the next. */
static void core_release(struct core *c)
{
	struct job *job;
	while ((job = wait_next(c)) != NULL || (job = row_next(c)) != NULL)
		finish_ready(c, job);
}

/* Once behind the events of a turn that may have changed something, never in the middle of one:
 * sessions that go and come while a room holds a pointer to them are how such programs break. */
static void core_plan(struct core *c)
{
	if (!c->plan)
		return;
	c->plan = false;
	core_release(c);
	for (size_t i = 0; i < c->pool_count; i++) {
		/* What goes first makes room; then those that are there take files; only what still
		 * waits is a reason to make more. */
		pool_recycle(c, i);
		share_begin(c, i);
		submit_assign(c, i);
		pool_plan(c, i);
	}
	heads_go(c);
}

void core_start(struct core *c, struct now now, struct effects *fx)
{
	c->now = now;
	c->fx = fx;
	c->started_ms = now.real_ms;
	struct session *s;
	TAILQ_FOREACH (s, &c->sessions, link)
		s->since_ms = s->used_ms = now.mono_ms;
	for (size_t i = 0; i < c->endpoint_count; i++)
		timer_set(&c->timers, &c->endpoint[i]->timer, now.mono_ms);
	for (size_t i = 0; i < c->spool_count; i++)
		core_scan_soon(c, i, 0);
	life_resume(c);
	core_plan(c);
	export_begin(c);
	keep_start(c);
	c->fx = NULL;
}

/* ---- events --------------------------------------------------------------------------------- */

static void core_job_due(struct core *c, struct job *job)
{
	switch (job->r.state) {
	case JOB_SETTLING:
		intake_job_due(c, job);
		break;
	case JOB_QUEUED:
		if (job->lane == NULL)
			finish_ready(c, job);
		break;
	case JOB_ANSWERED:
	case JOB_STAGED:
	case JOB_DISPOSING:
		finish_go_on(c, job);
		break;
	default:
		break;
	}
}

static size_t core_index(void *const *list, size_t count, const void *wanted)
{
	for (size_t i = 0; i < count; i++)
		if (list[i] == wanted)
			return i;
	assert(!"a timer of nobody");
	return 0;
}

static void core_timer_due(struct core *c, struct timer *t)
{
	switch (t->what) {
	case TIMER_SPOOL:
		scan_due(c, core_index((void *const *)c->spool, c->spool_count,
				CONTAINER_OF(t, struct spool_state, timer)));
		break;
	case TIMER_JOB:
		core_job_due(c, CONTAINER_OF(t, struct job, timer));
		break;
	case TIMER_ENDPOINT:
		contact_due(c, core_index((void *const *)c->endpoint, c->endpoint_count,
				   CONTAINER_OF(t, struct endpoint_state, timer)));
		break;
	case TIMER_SESSION:
		talk_due(c, CONTAINER_OF(t, struct session, timer));
		break;
	case TIMER_POOL:
		c->plan = true;
		break;
	case TIMER_METRICS:
		export_due(c, EXPORT_METRICS);
		break;
	case TIMER_BOARD:
		export_due(c, EXPORT_BOARD);
		break;
	case TIMER_KEEP:
		keep_due(c);
		break;
	}
}

/* What is set during the turn for now or earlier waits for the next tick: no turn lasts for ever. The
 * rest of thousands that are due at once comes in the next turn, which comes at once, and first: those
 * that have waited longest are in front. */
static void core_on_tick(struct core *c)
{
	struct timer *t;
	size_t most = c->timers.len;
	size_t full = c->fx->count + TICK_EFFECTS_MAX;
	while (most-- > 0 && c->fx->count < full &&
	       (t = timers_pop(&c->timers, c->now.mono_ms)) != NULL)
		core_timer_due(c, t);
}

static void core_on_http(struct core *c, const struct ev_http *ev)
{
	tally_http(c, ev);
	assert(ev->tag.endpoint < c->endpoint_count);
	if (ev->tag.session == 0) {
		contact_on_http(c, ev);
		return;
	}
	struct session *s = session_by_id(&c->sessions, ev->tag.session);
	if (s == NULL) {
		c->stale++;
		return;
	}
	if (ev->tag.call == 0) {
		talk_on_http(c, s, ev);
		return;
	}
	struct call *call = session_call(s, ev->tag.call);
	if (call == NULL)
		c->stale++;
	else
		call_on_http(c, s, call, ev);
}

static void core_on_read(struct core *c, const struct ev_read *ev)
{
	if (!ev->head && lost_on_read(c, ev))
		return;
	struct job *job = ev->head ? heads_on_read(c, ev) : job_by_id(&c->jobs, ev->job);
	if (ev->head) {
		if (job != NULL)
			finish_ready(c, job);
		c->plan = true; /* others are waiting to be read */
		return;
	}
	if (job != NULL && job->r.state == JOB_READING)
		submit_on_read(c, job, ev);
	else if (job != NULL && job->r.state == JOB_DONE && job->reread)
		intake_on_reread(c, job, ev);
}

static void core_on_staged(struct core *c, const struct ev_staged *ev)
{
	struct job *job = job_by_id(&c->jobs, ev->job);
	assert(job != NULL && job->staging);
	job->staging = false;
	if (ev->err == ENOENT && job->script != NULL && fetch_lost_parts(c, job))
		return;
	finish_staged(c, ev);
	if (job->r.state == JOB_STAGED)
		fetch_committed(c, job);
}

/* Files that wait may belong to another pool now; servers are met anew. */
static void core_on_conf(struct core *c, const struct conf *conf)
{
	struct job *job;
	TAILQ_FOREACH (job, &c->jobs.all, link)
		if (job->lane != NULL)
			queue_remove(job);
	assert(conf != NULL);
	contact_conf(c, conf);
	scan_conf(c, conf);
	/* The old one is freed by the loop after this turn: nothing in the core may point into it
	 * but this. */
	c->conf = conf;
	life_grow(c);
	TAILQ_FOREACH (job, &c->jobs.all, link)
		if (job->r.state == JOB_QUEUED)
			finish_ready(c, job);
		else if (job->r.state == JOB_SETTLING && job->r.id != 0)
			(void)row_holds(c, job);
	for (size_t i = 0; i < c->endpoint_count; i++) {
		c->endpoint[i]->phase = ENDPOINT_DOWN;
		c->endpoint[i]->seq = 0;
		timer_set(&c->timers, &c->endpoint[i]->timer, c->now.mono_ms);
	}
	for (size_t i = 0; i < c->spool_count; i++)
		core_scan_soon(c, i, 0);
	export_begin(c);
	keep_conf(c);
	log_info("event=reloaded");
}

static void core_on_stop(struct core *c)
{
	if (c->stopping)
		return;
	c->stopping = true;
	c->stop_ms = c->now.mono_ms;
	c->plan = true;
	log_info("event=stopping queued=%zu running=%zu; what runs goes on in Spark",
	    c->jobs.in_state[JOB_QUEUED], c->jobs.in_state[JOB_RUNNING]);
}

void core_step(struct core *c, const struct event *ev, struct effects *fx)
{
	/* Nothing calls back into the core: whoever is stepped while a step goes on has found a way
	 * around the ring. */
	assert(c->fx == NULL && ev->now.mono_ms >= c->now.mono_ms);
	c->now = ev->now;
	c->fx = fx;
	switch (ev->type) {
	case EV_TICK:
		core_on_tick(c);
		break;
	case EV_NAME:
		lost_on_name(c, &ev->u.name);
		intake_on_name(c, &ev->u.name);
		break;
	case EV_LOOKED:
		intake_on_looked(c, &ev->u.looked);
		break;
	case EV_SCAN:
		scan_on_scan(c, &ev->u.scan);
		break;
	case EV_LAST:
		wait_on_last(c, &ev->u.last);
		break;
	case EV_RECALLED:
		submit_on_recalled(c, &ev->u.recalled);
		break;
	case EV_READ:
		core_on_read(c, &ev->u.read);
		break;
	case EV_APPENDED:
		fetch_on_appended(c, &ev->u.appended);
		break;
	case EV_STAGED:
		core_on_staged(c, &ev->u.staged);
		break;
	case EV_PUBLISHED:
		finish_published(c, &ev->u.published);
		break;
	case EV_DISPOSED:
		finish_disposed(c, &ev->u.disposed);
		break;
	case EV_OWNER:
		owners_on_owner(c, &ev->u.owner);
		break;
	case EV_EXPORTED:
		export_on_exported(c, &ev->u.exported);
		break;
	case EV_RECORD:
		lost_on_record(c, &ev->u.record);
		break;
	case EV_RELEASE:
		lost_release(c);
		break;
	case EV_HTTP:
		core_on_http(c, &ev->u.http);
		break;
	case EV_CONF:
		core_on_conf(c, ev->u.conf);
		break;
	case EV_STOP:
		core_on_stop(c);
		break;
	case EV_REQUEST:
		control_on_request(c, &ev->u.request);
		break;
	case EV_TAKEN:
		control_on_taken(c, ev->u.peer);
		break;
	case EV_HUNG_UP:
		control_on_hung_up(c, ev->u.peer);
		break;
	case EV_HISTORY:
		control_on_history(c, &ev->u.history);
		break;
	case EV_RELOADED:
		control_on_reloaded(c, &ev->u.reloaded);
		break;
	case EV_OLD:
		keep_on_old(c, &ev->u.old);
		break;
	case EV_EXPIRED:
		keep_on_expired(c, &ev->u.expired);
		break;
	}
	core_plan(c);
	if (c->changed)
		export_changed(c);
	c->changed = false;
	control_tell(c);
	c->fx = NULL;
}

/* ---- questions ------------------------------------------------------------------------------ */

int64_t core_deadline(const struct core *c)
{
	if (c->plan)
		return c->now.mono_ms;
	const struct timer *t = heap_top(&c->timers);
	return t == NULL ? INT64_MAX : t->due_ms;
}

bool core_is_done(const struct core *c, int64_t mono_ms)
{
	const struct session *s;
	if (!c->stopping)
		return false;
	if (mono_ms - c->stop_ms >= STOP_MS)
		return true;
	bool waiting = c->jobs.in_state[JOB_SENDING] > 0 || c->jobs.in_state[JOB_READING] > 0;
	TAILQ_FOREACH (s, &c->sessions, link)
		waiting = waiting || s->r.state == SESSION_CREATING ||
			  (s->r.state == SESSION_DELETING && s->seq != 0) ||
			  (s->r.state == SESSION_LOOKING && s->resume >= SESSION_RETIRED &&
			      core_endpoint_up(c, s)); /* its proof, and then its DELETE */
	/* Results that only wait for a full disk or a taken name are safe in the ledger. */
	const struct job *job;
	TAILQ_FOREACH (job, &c->jobs.all, link)
		waiting = waiting || (job->r.state >= JOB_ANSWERED && job->r.state < JOB_DONE &&
					 job->failures == 0);
	return !waiting;
}

struct core_counts core_counts(const struct core *c)
{
	const size_t *in = c->jobs.in_state;
	struct core_counts n = { 0 };
	const struct session *s;
	n.queued = in[JOB_SETTLING] + in[JOB_QUEUED] + in[JOB_READING];
	n.running = in[JOB_SENDING] + in[JOB_RUNNING];
	n.finishing = in[JOB_ANSWERED] + in[JOB_STAGED] + in[JOB_DISPOSING];
	TAILQ_FOREACH (s, &c->sessions, link) {
		n.sessions += session_exists(s);
		n.sessions_idle += s->r.state == SESSION_IDLE;
	}
	for (size_t i = 0; i < c->endpoint_count; i++)
		n.endpoints_down +=
		    !c->conf->endpoint[i].removed && c->endpoint[i]->phase != ENDPOINT_UP;
	memcpy(n.done, c->done, sizeof(n.done));
	return n;
}
