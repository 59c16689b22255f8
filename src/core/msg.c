/* msg: the list of a turn's effects, and what they point to. */
#include "core/msg.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

void effects_init(struct effects *fx)
{
	*fx = (struct effects){ 0 };
	arena_init(&fx->arena);
}

/* The list itself is kept: a turn has about as many effects as the one before. */
void effects_reset(struct effects *fx)
{
	fx->count = 0;
	arena_reset(&fx->arena);
}

void effects_fini(struct effects *fx)
{
	free(fx->item);
	arena_fini(&fx->arena);
	*fx = (struct effects){ 0 };
}

struct effect *effects_add(struct effects *fx, enum effect_type type)
{
	struct effect *e;

	assert(fx->count <= fx->cap);
	assert(type <= FX_RELOAD);
	if (fx->count == fx->cap) {
		fx->cap = fx->cap == 0 ? 64 : fx->cap * 2;
		assert(fx->cap <= SIZE_MAX / sizeof(*fx->item));
		fx->item = xrealloc(fx->item, fx->cap * sizeof(*fx->item));
	}
	e = &fx->item[fx->count++];
	/* An initialiser would promise zeros for the union's first member only. */
	memset(e, 0, sizeof(*e));
	e->type = type;
	return e;
}
