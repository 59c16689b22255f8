/* after: what follows the end of a statement, for its file and for its session. */
#ifndef SPARKSPOOL_CORE_AFTER_H
#define SPARKSPOOL_CORE_AFTER_H

#include "core/core.h"

/* The statement has ended; answer is its JSON as it came. The call is gone afterwards. */
void after_ended(struct core *c, struct session *s, struct call *call,
    const struct livy_statement *st, struct bytes answer);

/* An answer that nobody can read: looked at again some times, then given up. */
void after_failed(struct core *c, struct session *s, struct call *call, const char *words);

/* Its POST was refused: what it holds is to blame, and the session is as it was. */
void after_refused(struct core *c, struct session *s, struct call *call, const char *why);

/* Its POST was answered with 403, which may be meant for us or for what a file holds. Of CALL_RAW and
 * CALL_RUNNER; before it was accepted, as any refusal. */
void after_forbidden(struct core *c, struct session *s, struct call *call, const char *words);

/* The session is free of a file. forced: its code may still run. */
void after_run(struct core *c, struct session *s, bool forced);

/* Ready for the next file. */
void after_idle(struct core *c, struct session *s);

#endif
