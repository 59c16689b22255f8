/* roll: the files that a peer may see, in the order of their turn. */
#ifndef SPARKSPOOL_CORE_ROLL_H
#define SPARKSPOOL_CORE_ROLL_H

#include "core/peer.h"

/* What is begun, then what waits in the order of the queue, then what is not yet complete; in p->job,
 * of the spool, owner and state that p->ask names. */
void roll_call(struct core *c, struct peer *p);

/* The place of one in its pool's queue, from 1; 0: it does not wait in it. */
uint32_t roll_place(const struct core *c, const struct job *job);

/* The spool of this name, or of this path's directory; false: none is. */
bool roll_spool(const struct core *c, const char *name, size_t *spool);
bool roll_path(const struct core *c, const char *path, size_t *spool, const char **name);

#endif
