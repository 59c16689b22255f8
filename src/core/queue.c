/* queue: the files whose turn may come, in lanes of one kind of session, one spool and one owner. */
#include "core/queue.h"

#include <assert.h>
#include <stdlib.h>

static bool job_earlier(const void *a, const void *b)
{
	const struct job *x = a;
	const struct job *y = b;
	if (x->priority != y->priority)
		return x->priority > y->priority;
	return x->r.id < y->r.id;
}

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
	heap_remove(&lane->ready, job->lane_pos);
	assert(job->lane_pos == HEAP_NOWHERE);
	job->lane = NULL;
	if (lane->ready.len > 0 || lane->home == NULL)
		return;
	heap_fini(&lane->ready);
	TAILQ_REMOVE(lane->home, lane, link);
	free(lane);
}

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
