/* arena: allocations that are released together, at the end of a turn. */
#include "base/arena.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void arena_init(struct arena *a)
{
	*a = (struct arena){ 0 };
}

/* The list of blocks is kept: the next turn will need one as long. */
void arena_reset(struct arena *a)
{
	for (size_t i = 0; i < a->count; i++)
		free(a->ptr[i]);
	a->count = 0;
}

/* Good for use again afterwards, as arena_init() leaves it. */
void arena_fini(struct arena *a)
{
	arena_reset(a);
	free(a->ptr);
	arena_init(a);
}

/* A list of plain blocks, not one large one: what it gives out can have come from anywhere, and
 * the sanitizer still sees who reads behind an end or after a reset. */
void *arena_take(struct arena *a, void *ptr)
{
	if (ptr == NULL)
		return NULL;
	if (a->count == a->cap) {
		a->cap = a->cap == 0 ? 16 : a->cap * 2;
		assert(a->cap <= SIZE_MAX / sizeof(*a->ptr));
		a->ptr = xrealloc(a->ptr, a->cap * sizeof(*a->ptr));
	}
	assert(a->count < a->cap);
	a->ptr[a->count++] = ptr;
	return ptr;
}

void *arena_dup(struct arena *a, const void *p, size_t n)
{
	char *copy;

	if (p == NULL)
		return NULL;
	assert(n < SIZE_MAX);
	copy = xmalloc(n + 1);
	memcpy(copy, p, n);
	copy[n] = '\0';
	return arena_take(a, copy);
}

char *arena_strdup(struct arena *a, const char *s)
{
	return arena_take(a, xstrdup(s));
}

char *arena_printf(struct arena *a, const char *fmt, ...)
{
	va_list ap, again;
	int len;
	char *s;

	va_start(ap, fmt);
	va_copy(again, ap);
	len = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	assert(len >= 0);
	s = xmalloc((size_t)len + 1);
	(void)vsnprintf(s, (size_t)len + 1, fmt, again);
	va_end(again);
	return arena_take(a, s);
}

void *arena_calloc(struct arena *a, size_t count, size_t size)
{
	return arena_take(a, xcalloc(count, size));
}
