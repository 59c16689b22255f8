/* place: requests about pools, spools and the whole: pause, resume, drain, reload. */
#ifndef SPARKSPOOL_CORE_PLACE_H
#define SPARKSPOOL_CORE_PLACE_H

#include "core/peer.h"

/* Each is p->ask; an answer or an error goes to p. Only administrators come here (core/control). */
void place_pause(struct core *c, struct peer *p); /* or resume */
void place_reload(struct core *c, struct peer *p);
/* How it went; ev->errors has a line for each mistake, and what was in force stays in force. */
void place_reloaded(struct core *c, struct peer *p, const struct ev_reloaded *ev);

/* All is paused; the answer comes when nothing runs any more. */
void place_drain(struct core *c, struct peer *p);
void place_drained(struct core *c); /* at the end of each event */

#endif
