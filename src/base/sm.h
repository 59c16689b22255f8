/* sm: a state machine whose allowed moves stand in a table; each move is checked and traced. */
#ifndef SPARKSPOOL_BASE_SM_H
#define SPARKSPOOL_BASE_SM_H

#include "base/util.h"

#define SM_TO(state) (UINT32_C(1) << (state))

struct sm;

struct sm_state {
	const char *name;
	uint32_t allowed; /* SM_TO(x) | SM_TO(y); 0: nothing leaves it */
};

/* A machine: its states by number, and what must hold after each move (NULL: nothing). */
struct sm_conf {
	const char *machine; /* "job": the key of the trace lines */
	const struct sm_state *states;
	unsigned n;
	bool (*invariant)(const struct sm *sm);
};

struct sm {
	const struct sm_conf *conf;
	uint64_t id;
	uint8_t state;
};

/* conf and what it points to must be static. The machine is for the moment of a move: what is kept
 * is the state's number in the object itself, since that is what is persisted. */
void sm_init(struct sm *sm, const struct sm_conf *conf, uint64_t id, unsigned state);

/* A move that the table does not allow, or after which the invariant does not hold, is an error
 * of ours and aborts. Each move is a debug line: "job=42 from=QUEUED to=READING". */
void sm_move(struct sm *sm, unsigned to);

const char *sm_name(const struct sm *sm); /* of the present state */

#endif
