/* queue: the files whose turn may come, in lanes of one kind of session, one spool and one owner.
 *
 * Lanes, so that a plan looks at as many things as there are kinds and owners, however many files
 * wait: a million of one owner are one lane with a heap in it. */
#include "core/queue.h"

#include <assert.h>
#include <stdlib.h>

/* Numbers are given in the order of arrival and are never used twice, so they settle every tie: two
 * runs over the same events give files the same turns, which the simulator lives on. */
static bool job_earlier(const void *a, const void *b)
{
	const struct job *x = a;
	const struct job *y = b;
	if (x->priority != y->priority)
		return x->priority > y->priority;
	return x->r.id < y->r.id;
}

/* A row knows no priority: a file that could overtake would break the one promise of `ordered`. */
static bool job_arrived_earlier(const void *a, const void *b)
{
	const struct job *x = a;
	const struct job *y = b;
	return x->r.id < y->r.id;
}

static void job_set_pos(void *item, size_t pos)
{
	struct job *job = item;
	job->lane_pos = pos;
}

/* A walk, but of lanes: as many as there are owners with files in this pool, not as many as
 * files. */
static struct lane *lane_of(struct lane_list *lanes, const struct lane *like)
{
	struct lane *lane;
	TAILQ_FOREACH (lane, lanes, link)
		if (queue_alike(lane, like) && lane->spool == like->spool && lane->uid == like->uid)
			return lane;
	lane = xcalloc(1, sizeof(*lane));
	lane->kind = like->kind;
	lane->owner = like->owner;
	lane->fresh = like->fresh;
	lane->spool = like->spool;
	lane->uid = like->uid;
	lane->home = lanes;
	heap_init(&lane->ready, job_earlier, job_set_pos);
	TAILQ_INSERT_TAIL(lanes, lane, link);
	return lane;
}

void queue_push(struct lane_list *lanes, struct job *job, const struct lane *like)
{
	assert(job->lane == NULL && job->r.id != 0);
	/* Whatever changes what a lane stands for (a reload, a file's own words) takes the job out
	 * first: it never moves from lane to lane. */
	job->lane = lane_of(lanes, like);
	heap_insert(&job->lane->ready, job);
}

void queue_row_init(struct lane *row)
{
	heap_init(&row->ready, job_arrived_earlier, job_set_pos);
}

void queue_row_push(struct lane *row, struct job *job)
{
	assert(job->lane == NULL && row->home == NULL && job->r.id != 0);
	job->lane = row;
	heap_insert(&row->ready, job);
}

void queue_remove(struct job *job)
{
	struct lane *lane = job->lane;
	if (lane == NULL)
		return;
	assert(job->lane_pos < lane->ready.len && lane->ready.item[job->lane_pos] == job);
	heap_remove(&lane->ready, job->lane_pos);
	assert(job->lane_pos == HEAP_NOWHERE);
	job->lane = NULL;
	/* Empty lanes go at once: whoever plans takes each lane for somebody who waits, and
	 * queue_first() of one for a file. A row is part of its spool's state and stays. */
	if (lane->ready.len > 0 || lane->home == NULL)
		return;
	heap_fini(&lane->ready);
	TAILQ_REMOVE(lane->home, lane, link);
	free(lane);
}

/* Spool and owner's uid are left out: they decide whose turn it is, not which session can take the
 * file. */
bool queue_alike(const struct lane *a, const struct lane *b)
{
	return a->kind == b->kind && a->owner == b->owner && a->fresh == b->fresh;
}

struct job *queue_first(const struct lane *lane)
{
	return heap_top(&lane->ready);
}

size_t queue_len(const struct lane *lane)
{
	return lane->ready.len;
}
