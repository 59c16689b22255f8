/* timer: when something is due, in one heap. */
#include "core/timer.h"

#include <assert.h>

/* Equal times come in any order: nothing in the core may depend on which of two timers is the
 * first. */
static bool timer_less(const void *a, const void *b)
{
	const struct timer *x = a;
	const struct timer *y = b;
	return x->due_ms < y->due_ms;
}

static void timer_set_pos(void *item, size_t pos)
{
	struct timer *t = item;
	t->pos = pos;
}

void timers_init(struct heap *timers)
{
	heap_init(timers, timer_less, timer_set_pos);
}

/* A timer lives inside what it is for and is found by CONTAINER_OF: no allocation, and no timer can
 * outlive its owner as long as that is taken from the heap before it is freed. */
void timer_init(struct timer *t, enum timer_what what)
{
	t->due_ms = 0;
	t->pos = HEAP_NOWHERE;
	t->what = what;
}

bool timer_is_set(const struct timer *t)
{
	return t->pos != HEAP_NOWHERE;
}

void timer_set(struct heap *timers, struct timer *t, int64_t due_ms)
{
	/* Monotonic times begin at 0; a negative one is a sum that ran over, and it would be due
	 * before all others, at every tick, for ever. */
	assert(due_ms >= 0);
	t->due_ms = due_ms;
	if (timer_is_set(t))
		heap_moved(timers, t->pos);
	else
		heap_insert(timers, t);
}

/* Several rooms want the same session or pool to be looked at, each for its own reason. None may
 * put off what another waits for, and a look too many costs nothing. */
void timer_set_earlier(struct heap *timers, struct timer *t, int64_t due_ms)
{
	if (!timer_is_set(t) || due_ms < t->due_ms)
		timer_set(timers, t, due_ms);
}

void timer_clear(struct heap *timers, struct timer *t)
{
	if (timer_is_set(t))
		heap_remove(timers, t->pos);
	assert(!timer_is_set(t));
}

struct timer *timers_pop(struct heap *timers, int64_t now_ms)
{
	struct timer *t = heap_top(timers);
	if (t == NULL || t->due_ms > now_ms)
		return NULL;
	assert(t->pos == 0);
	return heap_remove(timers, t->pos);
}
