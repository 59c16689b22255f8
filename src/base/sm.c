/* sm: a state machine whose allowed moves stand in a table; each move is checked and traced. */
#include "base/sm.h"

#include "base/log.h"
#include <assert.h>
#include <inttypes.h>

/* A table may have holes where the numbers of its states do not begin at 0. */
static bool is_state(const struct sm_conf *conf, unsigned state)
{
	return state < conf->n && conf->states[state].name != NULL;
}

static bool holds(const struct sm *sm)
{
	return sm->conf->invariant == NULL || sm->conf->invariant(sm);
}

void sm_init(struct sm *sm, const struct sm_conf *conf, uint64_t id, unsigned state)
{
	assert(conf->n <= 32);
	assert(is_state(conf, state));
	/* The invariant is not looked at: what it speaks of may not be there yet. */
	*sm = (struct sm){ .conf = conf, .id = id, .state = (uint8_t)state };
}

void sm_move(struct sm *sm, unsigned to)
{
	const struct sm_conf *conf = sm->conf;
	const char *from = sm_name(sm);
	bool allowed;

	assert(is_state(conf, to));
	allowed = (conf->states[sm->state].allowed & SM_TO(to)) != 0;
	/* The line is written before the process dies of it: it is all that an operator gets. */
	if (!allowed)
		log_error("%s=%" PRIu64 " from=%s to=%s error=\"no such move\"", conf->machine,
		    sm->id, from, conf->states[to].name);
	assert(allowed);
	sm->state = (uint8_t)to;
	log_debug("%s=%" PRIu64 " from=%s to=%s", conf->machine, sm->id, from, sm_name(sm));
	if (!holds(sm))
		log_error("%s=%" PRIu64 " from=%s to=%s error=\"invariant broken\"", conf->machine,
		    sm->id, from, sm_name(sm));
	assert(holds(sm));
}

const char *sm_name(const struct sm *sm)
{
	return sm->conf->states[sm->state].name;
}
