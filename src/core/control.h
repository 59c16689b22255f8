/* control: what peers of the control socket ask for, from the line to the answer. */
#ifndef SPARKSPOOL_CORE_CONTROL_H
#define SPARKSPOOL_CORE_CONTROL_H

#include "core/core.h"

void control_on_request(struct core *c, const struct ev_request *ev);
void control_on_taken(struct core *c, uint64_t peer);
void control_on_hung_up(struct core *c, uint64_t peer);
void control_on_history(struct core *c, const struct ev_history *ev);
void control_on_reloaded(struct core *c, const struct ev_reloaded *ev);

/* At the end of each event: what those hear who watch. */
void control_tell(struct core *c);

#endif
