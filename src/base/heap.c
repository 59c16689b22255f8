/* heap: a binary heap of pointers in which each element is told its place. */
#include "base/heap.h"

#include <assert.h>
#include <stdlib.h>

void heap_init(
    struct heap *h, bool (*less)(const void *, const void *), void (*set_pos)(void *, size_t))
{
	assert(less != NULL && set_pos != NULL);
	*h = (struct heap){ .less = less, .set_pos = set_pos };
}

void heap_fini(struct heap *h)
{
	free(h->item);
	h->item = NULL;
	h->len = h->cap = 0;
}

/* The only way into item[]: whoever owns the element can always find it again. */
static void place(struct heap *h, size_t pos, void *item)
{
	assert(pos < h->len && item != NULL);
	h->item[pos] = item;
	h->set_pos(item, pos);
}

/* The element at pos goes up past every parent that is greater. True when it has moved. */
static bool sift_up(struct heap *h, size_t pos)
{
	void *item = h->item[pos];
	size_t start = pos;

	while (pos > 0) {
		size_t parent = (pos - 1) / 2;

		if (!h->less(item, h->item[parent]))
			break;
		place(h, pos, h->item[parent]);
		pos = parent;
	}
	place(h, pos, item);
	return pos != start;
}

/* The element at pos goes down until neither child is less. It is written once, at its end. */
static void sift_down(struct heap *h, size_t pos)
{
	void *item = h->item[pos];

	for (;;) {
		size_t child = 2 * pos + 1;

		if (child >= h->len)
			break;
		if (child + 1 < h->len && h->less(h->item[child + 1], h->item[child]))
			child++;
		if (!h->less(h->item[child], item))
			break;
		place(h, pos, h->item[child]);
		pos = child;
	}
	place(h, pos, item);
}

void heap_insert(struct heap *h, void *item)
{
	assert(item != NULL);
	if (h->len == h->cap) {
		h->cap = h->cap == 0 ? 16 : h->cap * 2;
		assert(h->cap <= SIZE_MAX / sizeof(*h->item));
		h->item = xrealloc(h->item, h->cap * sizeof(*h->item));
	}
	h->item[h->len++] = item;
	(void)sift_up(h, h->len - 1);
}

void *heap_top(const struct heap *h)
{
	return h->len > 0 ? h->item[0] : NULL;
}

void *heap_remove(struct heap *h, size_t pos)
{
	void *item;

	assert(pos < h->len);
	item = h->item[pos];
	h->len--;
	/* The last element fills the gap; it may belong above it as well as below. */
	if (pos < h->len) {
		h->item[pos] = h->item[h->len];
		heap_moved(h, pos);
	}
	h->set_pos(item, HEAP_NOWHERE);
	return item;
}

/* At most one of the two directions is open, so the second is tried only if the first was not. */
void heap_moved(struct heap *h, size_t pos)
{
	assert(pos < h->len);
	if (!sift_up(h, pos))
		sift_down(h, pos);
}
