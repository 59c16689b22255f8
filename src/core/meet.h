/* meet: a session is seen again after a break: is it ours, and where was it left? */
#ifndef SPARKSPOOL_CORE_MEET_H
#define SPARKSPOOL_CORE_MEET_H

#include "core/core.h"

/* Each of these may end with the session gone. */

/* The server's list has it: take up where it was left. After any break; on a server without names its
 * token has to be seen again first. livy is the list's entry. */
void meet_listed(struct core *c, struct session *s, const struct livy_session *livy);

/* The list does not have it, which proves nothing (pages shift): the server is asked for it alone.
 * Without names nothing more is said to it before its token is seen: by now its id may be a stranger's. */
void meet_unlisted(struct core *c, struct session *s);

/* It was asked for alone, and the server has it. */
void meet_found(struct core *c, struct session *s, const struct livy_session *livy);

/* By its id alone, on a server without names: its first statement is asked for ... */
void meet_nameless(struct core *c, struct session *s);

/* ... and has been read. */
void meet_verified(struct core *c, struct session *s, const struct ev_http *ev);

/* ... or cannot be read: it is asked again for a while, and then let go, undeleted. */
void meet_unproven(struct core *c, struct session *s, const char *words);

#endif
