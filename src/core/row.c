/* row: a spool whose files run one after the other (`ordered`). */
#include "core/row.h"

#include "core/share.h"
#include <assert.h>

/* Asked for every file, also of spools that have no row: which spools do may change with each
 * reload. */
bool row_holds(struct core *c, struct job *job)
{
	struct spool_state *sp = c->spool[job->r.spool];
	assert(job->r.id != 0);
	if (!core_spool_conf(c, job)->ordered || sp->front == job->r.id)
		return false;
	/* From its arrival on, while it still settles: the row is in the order of arrival, and one
	 * that is complete sooner must not pass one that came before it. */
	if (job->lane == NULL)
		queue_row_push(&sp->row, job);
	c->plan = true;
	return true;
}

/* What was under way when an earlier life ended is still the front: nothing of the row is in the
 * ledger, since it follows from the jobs. */
void row_resume(struct core *c, const struct job *job)
{
	/* One that was rejected may be written still, beside it: it never had a turn. */
	bool sent = job->r.run != NULL && job->r.run->session != 0;
	/* Whether one that was taken out had a row nobody knows until it is named again. */
	if (sent && (core_spool_conf(c, job)->ordered || core_spool_conf(c, job)->removed))
		c->spool[job->r.spool]->front = job->r.id;
}

void row_left(struct core *c, const struct job *job)
{
	struct spool_state *sp = c->spool[job->r.spool];
	if (sp->front == job->r.id)
		sp->front = 0;
	c->plan = true;
}

static struct job *row_next_of(struct core *c, size_t spool)
{
	struct spool_state *sp = c->spool[spool];
	struct job *job = queue_first(&sp->row);
	if (job == NULL)
		return NULL;
	const struct job *front = job_by_id(&c->jobs, sp->front);
	/* Whatever way it went: a front that is not there any more holds up nobody. */
	if (front == NULL || front->r.state == JOB_DONE)
		sp->front = 0;
	/* One that is not complete yet holds up those behind it. */
	if (sp->front != 0 || job->r.state != JOB_QUEUED)
		return NULL;
	share_count(c); /* some may run since before the spool had a row */
	if (share_of_spool(c, spool) > 0)
		return NULL;
	assert(job->lane == &sp->row);
	queue_remove(job);
	sp->front = job->r.id;
	return job;
}

struct job *row_next(struct core *c)
{
	struct job *job = NULL;
	for (size_t i = 0; i < c->spool_count && job == NULL; i++)
		job = row_next_of(c, i);
	return job;
}

const struct job *row_ahead(const struct core *c, const struct job *job)
{
	const struct spool_state *sp = c->spool[job->r.spool];
	const struct job *front = job_by_id(&c->jobs, sp->front);
	if (front != NULL && front->r.state == JOB_DONE)
		front = NULL;
	if (!core_spool_conf(c, job)->ordered || front == job)
		return NULL;
	if (front == NULL)
		front = queue_first(&sp->row);
	return front == job ? NULL : front;
}
