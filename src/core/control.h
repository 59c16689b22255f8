/* control: what peers of the control socket ask for, from the line to the answer. */
#ifndef SPARKSPOOL_CORE_CONTROL_H
#define SPARKSPOOL_CORE_CONTROL_H

#include "core/core.h"

/* Each request has exactly one end: a line `end` or `error`. Peers are known by their number, so an
 * event of one that has hung up finds nobody. A line has come. A peer that is not known yet becomes
 * so with it. */
void control_on_request(struct core *c, const struct ev_request *ev);
/* It has taken what was sent (ANSWER_MORE): the next piece may go. No answer is made faster than it
 * is read. */
void control_on_taken(struct core *c, uint64_t peer);
/* Whatever it had asked for is forgotten; what was begun for it (a cancel, a drain) stays as it
 * is. */
void control_on_hung_up(struct core *c, uint64_t peer);
/* The ledger's rows for a question of this peer's; one that it has given up by now is dropped. */
void control_on_history(struct core *c, const struct ev_history *ev);
/* How the reload that it has asked for went. */
void control_on_reloaded(struct core *c, const struct ev_reloaded *ev);

/* At the end of each event: what those hear who watch. */
void control_tell(struct core *c);

#endif
