/* life: the core's birth and death, and what it takes over from an earlier life. core_new(), core_free() and
 * core_restore_*() of core/sched.h are here, too. */
#ifndef SPARKSPOOL_CORE_LIFE_H
#define SPARKSPOOL_CORE_LIFE_H

#include "core/core.h"

/* States for what is new in the configuration; numbers never change. States are found by the same
 * numbers as the configuration's: an entry that the file does not name any more keeps its place,
 * and its state. */
void life_grow(struct core *c);

/* Each job that was restored goes on from where it was. */
void life_resume(struct core *c);

#endif
