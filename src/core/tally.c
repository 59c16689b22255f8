/* tally: counts of what has happened since the start, for core/metrics and core/board. */
#include "core/tally.h"

#include "core/core.h"
#include <assert.h>
#include <stdlib.h>

void tally_init(struct tally *t)
{
	TAILQ_INIT(&t->ended);
}

static void tally_ended_free(struct tally *t, struct tally_ended *e)
{
	TAILQ_REMOVE(&t->ended, e, link);
	t->ended_count--;
	free(e->name);
	free(e->error);
	free(e);
}

void tally_fini(struct tally *t)
{
	while (!TAILQ_EMPTY(&t->ended))
		tally_ended_free(t, TAILQ_FIRST(&t->ended));
}

/* ---- requests and errors --------------------------------------------------------------------- */

static enum tally_result tally_reply(int status)
{
	if (status >= 500)
		return TALLY_SERVER;
	if (status >= 400)
		return TALLY_REFUSED;
	return status >= 300 ? TALLY_REDIRECT : TALLY_OK;
}

static enum tally_result tally_result_of(const struct ev_http *ev)
{
	switch (ev->outcome) {
	case HTTP_REPLY:
		return tally_reply(ev->status);
	case HTTP_NOT_SENT:
		return TALLY_NOT_SENT;
	case HTTP_TOO_BIG:
		return TALLY_TOO_BIG;
	case HTTP_LOST:
		break;
	}
	return TALLY_LOST;
}

void tally_http(struct core *c, const struct ev_http *ev)
{
	assert(ev->tag.endpoint < c->endpoint_count && ev->tag.what < TALLY_REQUESTS);
	/* By server and by what was asked: a rise of one of the two is what an operator looks
	 * for. */
	c->endpoint[ev->tag.endpoint]->tally.request[ev->tag.what][tally_result_of(ev)]++;
}

void tally_error(struct core *c, enum tally_error what)
{
	assert(what < TALLY_ERRORS);
	c->tally.error[what]++;
}

/* ---- files ----------------------------------------------------------------------------------- */

/* A clock that was set in between gives no time at all rather than a wrong one. */
static void tally_span(struct tally_histogram *h, int64_t from_ms, int64_t to_ms)
{
	static const double bound[] = TALLY_BOUNDS;
	size_t i = 0;
	if (from_ms <= 0 || to_ms < from_ms)
		return;
	while (i < ARRAY_LEN(bound) && (double)(to_ms - from_ms) > bound[i] * 1000)
		i++;
	assert(i < TALLY_BUCKETS);
	h->bucket[i]++;
	h->sum_ms += to_ms - from_ms;
}

/* Copies: the job may be gone long before the page stops showing it. */
static void tally_show(struct tally *t, const struct job *job)
{
	const struct run_rec *run = job->r.run;
	struct tally_ended *e = xcalloc(1, sizeof(*e));
	e->id = job->r.id;
	e->spool = job->r.spool;
	e->name = xstrdup(job->r.name);
	e->kind = job->r.kind;
	e->status = run->status;
	e->exit_code = run->script ? run->exit_code : -1;
	e->recorded = run->recorded;
	e->started_ms = run->started_ms;
	e->finished_ms = run->finished_ms;
	e->error = xstrdup(run->error_name != NULL ? run->error_name : run->error_message);
	TAILQ_INSERT_HEAD(&t->ended, e, link);
	if (++t->ended_count > TALLY_ENDED_MAX)
		tally_ended_free(t, TAILQ_LAST(&t->ended, tally_ended_list));
}

void tally_job(struct core *c, const struct job *job)
{
	const struct run_rec *run = job->r.run;
	assert(run != NULL && run->status < STATUS_COUNT);
	struct tally_spool *t = &c->spool[job->r.spool]->tally;
	if (run->status == STATUS_NONE)
		return; /* it is only known to have run in an earlier life */
	t->ended[run->status]++;
	tally_span(&t->stage[TALLY_WAIT], job->r.queued_ms, run->started_ms);
	tally_span(&t->stage[TALLY_RUN], run->started_ms, run->finished_ms);
	if (run->recorded)
		tally_span(&t->stage[TALLY_WRITE], run->finished_ms, c->now.real_ms);
	tally_show(&c->tally, job);
}

void tally_forget(struct core *c, uint64_t job)
{
	struct tally_ended *e;
	TAILQ_FOREACH (e, &c->tally.ended, link)
		if (e->id == job)
			break;
	if (e == NULL)
		return;
	tally_ended_free(&c->tally, e);
	c->changed = true; /* no link leads to what is gone */
}
