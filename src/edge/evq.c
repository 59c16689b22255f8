/* evq: the events of a turn, in order, and what they point to. */
#include "edge/evq.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

void evq_init(struct evq *q)
{
	*q = (struct evq){ 0 };
	arena_init(&q->arena);
}

void evq_fini(struct evq *q)
{
	free(q->item);
	arena_fini(&q->arena);
	*q = (struct evq){ 0 };
}

/* Only for those who can stop and go on: a scan, inotify. The rest of the turn's events come from
 * effects, whose number is bounded already. */
size_t evq_room(const struct evq *q)
{
	return q->count < EVQ_SOFT_MAX ? EVQ_SOFT_MAX - q->count : 0;
}

struct event *evq_add(struct evq *q, enum event_type type)
{
	struct event *ev;

	/* No ceiling here: an answer that was dropped would leave the core waiting for ever. The
	 * answers are bounded by the effects, the producers by evq_room(). */
	if (q->count == q->cap) {
		q->cap = q->cap == 0 ? 64 : q->cap * 2;
		assert(q->cap <= SIZE_MAX / sizeof(*q->item));
		q->item = xrealloc(q->item, q->cap * sizeof(*q->item));
	}
	ev = &q->item[q->count++];
	/* An initialiser would promise zeros for the union's first member only. */
	memset(ev, 0, sizeof(*ev));
	ev->type = type;
	return ev;
}

struct event *evq_next(struct evq *q)
{
	assert(q->next <= q->count);
	return q->next < q->count ? &q->item[q->next++] : NULL;
}

void evq_done(struct evq *q)
{
	/* An event that nobody has stepped must not be forgotten. */
	assert(q->next == q->count);
	q->count = q->next = 0;
	arena_reset(&q->arena);
}
