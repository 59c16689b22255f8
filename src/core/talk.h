/* talk: a session's own conversation with the server: its creation, and when to speak of what. */
#ifndef SPARKSPOOL_CORE_TALK_H
#define SPARKSPOOL_CORE_TALK_H

#include "core/core.h"

/* Creates a session: name and token are committed in the turn of the POST.
 * owner -1: nobody's yet; proxy_user NULL: as the pool says. */
void talk_create(
    struct core *c, size_t pool, enum kind kind, int64_t owner, const char *proxy_user);

/* Its timer: whatever is due in this state. A session whose server is not up is parked until it has
 * been met again (core/contact). s may be gone afterwards. */
void talk_due(struct core *c, struct session *s);

/* A reply to the session's own request; s may be gone afterwards. */
void talk_on_http(struct core *c, struct session *s, const struct ev_http *ev);

#endif
