/* call: one statement, from its POST to its answer. */
#ifndef SPARKSPOOL_CORE_CALL_H
#define SPARKSPOOL_CORE_CALL_H

#include "core/core.h"

/* Sends a file's code: its intent is committed in the same turn. */
void call_raw(struct core *c, struct session *s, struct job *job);

/* After a start: a call that was committed as sent (job->code is there), or as accepted. */
void call_resume(struct core *c, struct session *s, struct job *job);

/* Does what is due in the session's calls and sets its timer for the next. */
void call_due(struct core *c, struct session *s);

/* The reply to a request of a call; the session may be gone afterwards. */
void call_on_http(struct core *c, struct session *s, struct call *call, const struct ev_http *ev);

#endif
