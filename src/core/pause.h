/* pause: where nothing new is started for now: a pool, a spool or all. What runs goes on. */
#ifndef SPARKSPOOL_CORE_PAUSE_H
#define SPARKSPOOL_CORE_PAUSE_H

#include "core/core.h"

/* index: of the pool or spool; nothing for PAUSE_ALL. Persisted; a pool, its spools and all are
 * paused apart from each other, and each has to be resumed by itself. False: it was so already. */
bool pause_set(struct core *c, enum pause_what what, size_t index, bool on);
bool pause_is_set(const struct core *c, enum pause_what what, size_t index);

void pause_restore(struct core *c, const struct pause_rec *rec); /* of an earlier life */

/* Nothing of this spool is started in this pool now. */
bool pause_holds(const struct core *c, size_t pool, size_t spool);

#endif
