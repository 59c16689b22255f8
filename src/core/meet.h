/* meet: a session is seen again after a break: is it ours, and where was it left? */
#ifndef SPARKSPOOL_CORE_MEET_H
#define SPARKSPOOL_CORE_MEET_H

#include "core/core.h"

/* Each of these may end with the session gone. */

/* The server's list has it: take up where it was left. After any break; on a server without names its
 * token has to be seen again first. livy is the list's entry. */
void meet_listed(struct core *c, struct session *s, const struct livy_session *livy);

/* It was asked for alone, and the server has it. */
void meet_found(struct core *c, struct session *s, const struct livy_session *livy);

/* By its id alone, on a server without names: its first statement is asked for ... */
void meet_nameless(struct core *c, struct session *s);

/* ... and has been read. */
void meet_verified(struct core *c, struct session *s, const struct ev_http *ev);

#endif
