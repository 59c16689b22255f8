/* life: the core's birth and death, and what it takes over from an earlier life. */
#include "core/life.h"

#include "core/call.h"
#include "core/export.h"
#include "core/fetch.h"
#include "core/finish.h"
#include "core/heads.h"
#include "core/keep.h"
#include "core/lost.h"
#include "core/owners.h"
#include "core/pause.h"
#include "core/peer.h"
#include "core/row.h"
#include "core/runner.h"
#include "core/sched.h"
#include "core/share.h"
#include "core/terms.h"
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- birth and death ------------------------------------------------------------------------ */

/* Each is an allocation of its own, never an element of an array that grows: timers point into
 * them. */
static struct endpoint_state *endpoint_state_new(void)
{
	struct endpoint_state *e = xcalloc(1, sizeof(*e));
	timer_init(&e->timer, TIMER_ENDPOINT);
	return e;
}

static struct pool_state *pool_state_new(void)
{
	struct pool_state *p = xcalloc(1, sizeof(*p));
	timer_init(&p->timer, TIMER_POOL);
	TAILQ_INIT(&p->lanes);
	return p;
}

static struct spool_state *spool_state_new(void)
{
	struct spool_state *sp = xcalloc(1, sizeof(*sp));
	timer_init(&sp->timer, TIMER_SPOOL);
	queue_row_init(&sp->row);
	return sp;
}

/* States for what is new in the configuration; numbers never change. */
void life_grow(struct core *c)
{
	const struct conf *conf = c->conf;
	assert(conf->endpoint_count >= c->endpoint_count && conf->pool_count >= c->pool_count &&
	       conf->spool_count >= c->spool_count);
	c->endpoint = xrealloc(c->endpoint, (conf->endpoint_count + 1) * sizeof(void *));
	c->pool = xrealloc(c->pool, (conf->pool_count + 1) * sizeof(void *));
	c->spool = xrealloc(c->spool, (conf->spool_count + 1) * sizeof(void *));
	while (c->endpoint_count < conf->endpoint_count)
		c->endpoint[c->endpoint_count++] = endpoint_state_new();
	while (c->pool_count < conf->pool_count)
		c->pool[c->pool_count++] = pool_state_new();
	while (c->spool_count < conf->spool_count)
		c->spool[c->spool_count++] = spool_state_new();
}

/* The instance is part of each session's name, last_job and last_session are where numbers go on:
 * with an older ledger they would be given twice. */
struct core *core_new(const struct conf *conf, const char *instance, const uint64_t seed[2],
    uint64_t last_job, uint64_t last_session)
{
	struct core *c = xcalloc(1, sizeof(*c));
	/* xorshift gives zeros for ever from a state of zeros. */
	assert(seed[0] != 0 || seed[1] != 0);
	c->conf = conf;
	c->rng[0] = seed[0];
	c->rng[1] = seed[1];
	c->last_job = last_job;
	c->last_session = last_session;
	snprintf(c->instance, sizeof(c->instance), "%s", instance);
	jobs_init(&c->jobs);
	TAILQ_INIT(&c->sessions);
	TAILQ_INIT(&c->owners);
	TAILQ_INIT(&c->peers);
	TAILQ_INIT(&c->shares);
	LIST_INIT(&c->waits);
	timers_init(&c->timers);
	tally_init(&c->tally);
	export_init(c);
	keep_init(c);
	life_grow(c);
	return c;
}

void core_free(struct core *c)
{
	struct session *s;
	struct job *job;
	while ((s = TAILQ_FIRST(&c->sessions)) != NULL)
		session_free(&c->sessions, &c->timers, s);
	/* Out of the lanes first: a lane is freed with its last job, and a freed job must not be
	 * the top of a heap. */
	TAILQ_FOREACH (job, &c->jobs.all, link)
		if (job->lane != NULL)
			queue_remove(job);
	jobs_fini(&c->jobs, &c->timers);
	owners_fini(c);
	tally_fini(&c->tally);
	peers_fini(c);
	shares_fini(c);
	heads_fini(c);
	keep_fini(c);
	heap_fini(&c->timers);
	for (size_t i = 0; i < c->endpoint_count; i++) {
		free(c->endpoint[i]->trouble);
		free(c->endpoint[i]);
	}
	for (size_t i = 0; i < c->pool_count; i++)
		free(c->pool[i]);
	for (size_t i = 0; i < c->spool_count; i++) {
		lost_forget(&c->spool[i]->lost);
		heap_fini(&c->spool[i]->row.ready);
		free(c->spool[i]->batch);
		free(c->spool[i]);
	}
	free(c->endpoint);
	free(c->pool);
	free(c->spool);
	free(c);
}

/* ---- an earlier life ------------------------------------------------------------------------ */

void core_restore_session(struct core *c, struct session_rec *rec)
{
	struct session *s = session_new(&c->sessions, rec, 0);
	/* As LOOKING one is committed whose creation was lost, and by earlier releases any that had to be
	 * found again. */
	s->resume = s->r.state;
	if (s->resume == SESSION_LOOKING)
		s->resume = s->r.livy_id == NULL ? SESSION_CREATING : SESSION_STARTING;
	/* Whatever it was, first its server has to say that it still has it. */
	s->r.state = SESSION_LOOKING;
	s->parked = true;
}

void core_restore_spool(struct core *c, const struct spool_rec *rec)
{
	assert(rec->spool < c->spool_count);
	c->spool[rec->spool]->known = true;
	c->spool[rec->spool]->away = true; /* until a scan has begun */
	c->spool[rec->spool]->dev = rec->dev;
	c->spool[rec->spool]->ino = rec->ino;
}

void core_restore_pause(struct core *c, const struct pause_rec *rec)
{
	assert(rec->on);
	pause_restore(c, rec);
}

void core_restore_job(struct core *c, struct job_rec *rec, struct bytes code, struct bytes answer)
{
	struct job *job = job_restore(&c->jobs, rec);
	job_set_code(job, code);
	job_set_answer(job, answer);
}

void core_lost(struct core *c)
{
	c->lost = true;
}

/* A crash may have come between two commits, but never between a row and what depends on it: what
 * is missing here was taken away by somebody, and nobody can tell any more what has run. */
static void life_resume_sent(struct core *c, struct job *job)
{
	struct session *s = session_by_id(&c->sessions, job->r.run->session);
	if (job->r.state == JOB_RUNNING && s == NULL)
		finish_own(c, job, STATUS_DIED, "SessionDied",
		    "its session is not in the ledger any more");
	else if (s == NULL ||
		 (job->r.state == JOB_SENDING && job->code == NULL && !job->r.run->script))
		finish_own(c, job, STATUS_UNKNOWN, "Unknown",
		    "it was sent, but its session or its bytes are not in the ledger any more");
	else if (job->r.run->script)
		runner_resume(c, s, job);
	else
		call_resume(c, s, job);
}

static void life_resume_job(struct core *c, struct job *job)
{
	if (job_is_active(job))
		row_resume(c, job);
	/* What it says of itself is in its bytes, so no row of its own could differ from them. */
	if (job_is_active(job) && job->code != NULL)
		(void)terms_read(c, job, (struct bytes){ job->code, job->code_bytes });
	switch (job->r.state) {
	case JOB_QUEUED:
		/* A queued file has no run; one that was put back before the crash may still have
		 * its row. */
		job_drop_run(job);
		finish_ready(c, job);
		if (job->r.held == HELD_LOST)
			lost_add(c, job, true);
		break;
	case JOB_SENDING:
	case JOB_RUNNING:
		life_resume_sent(c, job);
		break;
	case JOB_ANSWERED:
		fetch_resume(job);
		/* fall through */
	case JOB_STAGED:
	case JOB_DISPOSING:
		finish_go_on(c, job);
		break;
	case JOB_DONE:
		job_remember(job);
		break;
	default:
		assert(!"not a state that is persisted");
	}
}

void life_resume(struct core *c)
{
	struct job *job;
	struct job *next;
	for (job = TAILQ_FIRST(&c->jobs.all); job != NULL; job = next) {
		next = TAILQ_NEXT(job, link);
		life_resume_job(c, job);
	}
}
