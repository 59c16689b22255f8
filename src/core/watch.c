/* watch: what those hear who watch, and how often what they watch is asked after. */
#include "core/watch.h"

#include "core/ask.h"
#include "core/roll.h"
#include "core/script.h"
#include "core/view.h"
#include <assert.h>
#include <jansson.h>
#include <string.h>

#define WATCHED_MS 2000 /* what is watched is asked after so often */
#define PLACES_MAX 8	/* more that change at once are told without their places: each is a walk */

static size_t watch_index(const struct peer *p, uint64_t id)
{
	size_t i = 0;
	while (i < p->watched_count && p->watched[i] != id)
		i++;
	return i;
}

static bool watch_hears(const struct peer *p, const struct job *job)
{
	switch (p->news) {
	case NEWS_NONE:
		return false;
	case NEWS_ALL:
		return peer_may(p, job->r.ident.uid);
	case NEWS_SPOOL:
		return job->r.spool == p->news_spool && peer_may(p, job->r.ident.uid);
	case NEWS_JOBS:
		return watch_index(p, job->r.id) < p->watched_count;
	}
	return false;
}

static bool watch_is_wanted(const struct core *c, const struct job *job)
{
	const struct peer *p;
	TAILQ_FOREACH (p, &c->peers, link)
		if (watch_hears(p, job))
			return true;
	return false;
}

/* Never longer than it would be: to watch must not make anything slower. */
int64_t watch_pace_ms(const struct core *c, const struct job *job, int64_t ms)
{
	return ms > WATCHED_MS && watch_is_wanted(c, job) ? WATCHED_MS : ms;
}

/* The next look was set by somebody who had all the time in the world. Only what is not under way:
 * an answer that comes anyway sets the next look by the new pace. */
static void watch_hasten(struct core *c, struct session *s, const struct job *job)
{
	int64_t due_ms = c->now.mono_ms + WATCHED_MS;
	struct call *call;
	if (job->script != NULL && job->script->phase == SCRIPT_RUN && job->script->due_ms > due_ms)
		job->script->due_ms = due_ms;
	TAILQ_FOREACH (call, &s->calls, link)
		if (call->what == CALL_RAW && call->job == job->r.id && call->seq == 0 &&
		    call->due_ms > due_ms)
			call->due_ms = due_ms;
	timer_set_earlier(&c->timers, &s->timer, due_ms);
}

/* Anew each time: peers come and go on several ways, and a count that was wrong by one would either
 * cost every change its note or leave somebody without news. */
void watch_count(struct core *c)
{
	const struct peer *p;
	c->jobs.watched = false;
	TAILQ_FOREACH (p, &c->peers, link)
		c->jobs.watched = c->jobs.watched || p->news != NEWS_NONE;
}

void watch_begin(struct core *c, struct peer *p)
{
	const struct ask *ask = p->ask;
	p->news = NEWS_ALL;
	if (ask->item_count > 0)
		p->news = NEWS_JOBS;
	else if (ask->spool != NULL && roll_spool(c, ask->spool, &p->news_spool))
		p->news = NEWS_SPOOL;
	watch_count(c);
	struct session *s;
	TAILQ_FOREACH (s, &c->sessions, link) {
		for (unsigned i = 0; i < s->run_count; i++) {
			const struct job *job = job_by_id(&c->jobs, s->run[i]);
			if (job != NULL && watch_hears(p, job))
				watch_hasten(c, s, job);
		}
	}
}

void watch_add(struct core *c, struct peer *p, const struct job *job)
{
	if (watch_index(p, job->r.id) < p->watched_count)
		return;
	p->watched = xrealloc(p->watched, (p->watched_count + 1) * sizeof(*p->watched));
	p->watched[p->watched_count++] = job->r.id;
	struct session *s =
	    job->r.run == NULL ? NULL : session_by_id(&c->sessions, job->r.run->session);
	if (s != NULL)
		watch_hasten(c, s, job);
}

void watch_ended(struct core *c, struct job *job)
{
	struct peer *p;
	TAILQ_FOREACH (p, &c->peers, link) {
		if (!watch_hears(p, job))
			continue;
		peer_say(p, view_job(c, job, 0));
		if (p->news != NEWS_JOBS) {
			peer_flush(c, p, ANSWER_NEWS);
			continue;
		}
		assert(p->watched_count > 0);
		p->watched[watch_index(p, job->r.id)] = p->watched[p->watched_count - 1];
		p->watched_count--;
		if (p->listed && p->watched_count == 0)
			peer_end(c, p);
		else
			peer_flush(c, p, ANSWER_NEWS);
	}
}

static void watch_tell_of(struct core *c, const struct job *job, bool place)
{
	uint32_t at = place ? roll_place(c, job) : 0;
	struct peer *p;
	TAILQ_FOREACH (p, &c->peers, link) {
		if (!watch_hears(p, job))
			continue;
		peer_say(p, view_job(c, job, at));
		peer_flush(c, p, ANSWER_NEWS);
	}
}

void watch_tell(struct core *c)
{
	struct jobs *jobs = &c->jobs;
	for (size_t i = 0; i < jobs->touched_count; i++) {
		struct job *job = job_by_id(jobs, jobs->touched[i]);
		if (job == NULL)
			continue;
		job->touched = false;
		if (job->r.state != JOB_DONE)
			watch_tell_of(c, job, jobs->touched_count <= PLACES_MAX);
	}
	if (jobs->touched_count > 0)
		watch_count(c); /* they may have hung up, or heard all they wanted */
	jobs->touched_count = 0;
}
