/* hear: what a session's runner answers to a call: what has become of its runs, and of itself. */
#ifndef SPARKSPOOL_CORE_HEAR_H
#define SPARKSPOOL_CORE_HEAR_H

#include "core/core.h"

/* The end of a call (CALL_BOOT, CALL_RUNNER) that was answered; the call is dropped, the session may be
 * gone afterwards. */
void hear_answer(
    struct core *c, struct session *s, struct call *call, const struct livy_statement *st);

#endif
