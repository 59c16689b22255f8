/* ready: from what a server says of a session's state to one in which a file may come. */
#ifndef SPARKSPOOL_CORE_READY_H
#define SPARKSPOOL_CORE_READY_H

#include "core/core.h"

/* The session's own request; s->asked and s->seq say for which answer it waits. */
void ready_ask(struct core *c, struct session *s, const struct request *rq);

/* What is its state? -> ready_state(), by way of talk_on_http(). */
void ready_look(struct core *c, struct session *s);

/* Its first statement, or the second of a runner's. */
void ready_greet(struct core *c, struct session *s);

/* Idle on the server's side: begins what is left to do before a file may come. was: the state that it
 * had when it was last known to be well. */
void ready_settle(struct core *c, struct session *s, enum session_state was);

/* The server has told its state. s may be gone afterwards. */
void ready_state(struct core *c, struct session *s, const struct livy_session *livy);

/* Whether a file may be given to it without asking its driver first, which is a matter of milliseconds.
 * Without that, a file that comes after the driver has died, and before the server has seen it, is
 * accepted, and nobody can tell any more that it never ran. */
bool ready_is_heard(const struct core *c, const struct session *s);
void ready_sound(struct core *c, struct session *s);

/* What came of asking an idle session's driver (ASK_CHANNEL). */
void ready_sounded(struct core *c, struct session *s, const struct ev_http *ev);

#endif
