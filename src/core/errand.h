/* errand: what a session's runner is to be told next, in one call. */
#ifndef SPARKSPOOL_CORE_ERRAND_H
#define SPARKSPOOL_CORE_ERRAND_H

#include "core/core.h"
#include "core/script.h"

/* The file in this place of the session; its script is there. NULL: it is only being read, or its
 * end is committed already. */
struct job *errand_job(const struct core *c, const struct session *s, unsigned place);

/* When there is something to tell, by the monotonic clock: in the past for now, INT64_MAX: never. */
int64_t errand_due_ms(const struct core *c, const struct session *s);

/* The code of a CALL_BOOT or CALL_RUNNER, as things are now. What it speaks of is marked (asked), and
 * the acknowledgements that it carries are the first call->at of the session's. */
struct bytes errand_code(struct core *c, const struct session *s, struct call *call);

#endif
