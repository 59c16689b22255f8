/* arena: allocations that are released together, at the end of a turn. */
#ifndef SPARKSPOOL_BASE_ARENA_H
#define SPARKSPOOL_BASE_ARENA_H

#include "base/util.h"

struct arena {
	void **ptr;
	size_t count;
	size_t cap;
};

/* What is handed out is never freed by itself and never moves: pointers into an arena are good
 * until its reset. The turn's two arenas (evq, effects) are what "ids and copies" stand on. */
void arena_init(struct arena *a);
void arena_reset(struct arena *a); /* frees everything in it */
void arena_fini(struct arena *a);

/* The arena becomes the owner of a malloc'ed block and gives it back, for use in an expression. */
void *arena_take(struct arena *a, void *ptr);

/* Copies: NULL stays NULL; one NUL byte follows the n bytes. */
void *arena_dup(struct arena *a, const void *p, size_t n);
char *arena_strdup(struct arena *a, const char *s);
char *arena_printf(struct arena *a, const char *fmt, ...) PRINTF_LIKE(2, 3);
void *arena_calloc(struct arena *a, size_t count, size_t size);

#endif
