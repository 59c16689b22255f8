/* pool: how many sessions of each kind and owner there are to be. */
#ifndef SPARKSPOOL_CORE_POOL_H
#define SPARKSPOOL_CORE_POOL_H

#include "core/core.h"

/* Before files are given out: idle sessions that are too old, or of another configuration, go. */
void pool_recycle(struct core *c, size_t pool);

/* Looks at a pool after the ready files were given out: makes sessions that are missing, gives
 * back those that are too many, too old or idle for too long. */
void pool_plan(struct core *c, size_t pool);

#endif
