/* heap: a binary heap of pointers in which each element is told its place. */
#ifndef SPARKSPOOL_BASE_HEAP_H
#define SPARKSPOOL_BASE_HEAP_H

#include "base/util.h"

#define HEAP_NOWHERE SIZE_MAX /* the place of an element that is in no heap */

/* less() orders; set_pos() is told the element's index, or HEAP_NOWHERE when it leaves. */
struct heap {
	void **item;
	size_t len;
	size_t cap;
	bool (*less)(const void *a, const void *b);
	void (*set_pos)(void *item, size_t pos);
};

void heap_init(
    struct heap *h, bool (*less)(const void *, const void *), void (*set_pos)(void *, size_t));
void heap_fini(struct heap *h); /* the elements are not touched */

/* None is worse than O(log n), which the place that each element knows is for: a timer or a queued
 * file is taken out of the middle as often as from the top. */
void heap_insert(struct heap *h, void *item);
void *heap_top(const struct heap *h); /* NULL when empty */
/* Gives back the element at pos, which is told that it is nowhere. A pos beyond the end is an error
 * of ours. */
void *heap_remove(struct heap *h, size_t pos);
void heap_moved(struct heap *h, size_t pos); /* the element's key has changed */

#endif
