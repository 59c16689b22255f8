/* fence: how "not there yet" becomes "never". A lost POST may still arrive; so a statement of our own
 * that only sleeps is put behind everything that did arrive, and the session is deleted while it
 * sleeps: whatever comes after it was never run. Needs a server with names and single statements. */
#ifndef SPARKSPOOL_CORE_FENCE_H
#define SPARKSPOOL_CORE_FENCE_H

#include "core/core.h"

/* Whether this server can tell. */
bool fence_is_possible(const struct core *c, const struct session *s);

/* The session gets no more work; `doubt` (a raw call in CALL_DOUBT) waits for the fence. */
void fence_begin(struct core *c, struct session *s, struct call *doubt);

/* After a restart: the statement at the doubted id is the fence of an earlier life. Nobody knows any
 * more how long it sleeps yet: a new one goes behind it. */
bool fence_is_code(struct core *c, const struct session *s, struct bytes code);

/* Does the fence's next step when it is due. */
void fence_due(struct core *c, struct session *s, struct call *fence);

/* A reply to a request of the fence. True: the answer is the doubted statement, it has arrived
 * before the fence; the fence is gone and the doubted call is to be taken up with it. Else the
 * session may be gone afterwards. */
bool fence_on_http(struct core *c, struct session *s, struct call *fence, const struct ev_http *ev,
    const struct livy_answer *a);

/* The call in doubt that a fence is for; NULL: there is none. */
struct call *fence_doubt(const struct session *s);

#endif
