/* timer: when something is due, in one heap. */
#ifndef SPARKSPOOL_CORE_TIMER_H
#define SPARKSPOOL_CORE_TIMER_H

#include "base/heap.h"

enum timer_what {
	TIMER_SPOOL,
	TIMER_JOB,
	TIMER_ENDPOINT,
	TIMER_SESSION,
	TIMER_POOL,
	TIMER_METRICS,
	TIMER_BOARD,
	TIMER_KEEP
};

/* Lives inside what it is for. */
struct timer {
	int64_t due_ms; /* monotonic */
	size_t pos;	/* in the heap */
	enum timer_what what;
};

void timers_init(struct heap *timers);
/* Not set; to be done once, before anything else. */
void timer_init(struct timer *t, enum timer_what what);
bool timer_is_set(const struct timer *t);
/* Monotonic, from 0; whatever it was set to before does not count any more. In the past: at the
 * next tick. */
void timer_set(struct heap *timers, struct timer *t, int64_t due_ms);
void timer_set_earlier(struct heap *timers, struct timer *t, int64_t due_ms); /* never later */
/* To be done before what it lives in is freed. Not set is fine. */
void timer_clear(struct heap *timers, struct timer *t);

/* Takes out and returns the first timer that is due, or NULL. */
struct timer *timers_pop(struct heap *timers, int64_t now_ms);

#endif
