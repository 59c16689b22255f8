/* turn: what keeps a queued file from its turn, and which setting would change that. For people. */
#ifndef SPARKSPOOL_CORE_TURN_H
#define SPARKSPOOL_CORE_TURN_H

#include "core/core.h"

/* In the order in which they are applied. */
enum queue_rule {
	RULE_NONE,	 /* nothing: its turn has come, or is over */
	RULE_STOPPING,	 /* the daemon comes to its end */
	RULE_SETTLING,	 /* it is not known to be complete */
	RULE_SPOOL_GONE, /* its spool is not in the configuration any more */
	RULE_PAUSED_ALL,
	RULE_PAUSED_POOL,
	RULE_PAUSED_SPOOL,
	RULE_ORDERED,	    /* the file `name` of its spool comes first */
	RULE_AFTER,	    /* the file `name` waits or runs */
	RULE_AFTER_MISSING, /* the file `name` is not there and has never run */
	RULE_AFTER_NOT_OK,  /* the file `name` has ended otherwise */
	RULE_AFTER_RING,    /* the file `name` waits for this one */
	RULE_TIME,	    /* it is not yet until_ms, wall clock */
	RULE_REST,	  /* it was forbidden (403), and is queued again at until_ms, wall clock */
	RULE_SPOOL_LIMIT, /* `count` of its spool run already */
	RULE_OWNER_LIMIT, /* `count` of its owner in its spool */
	RULE_POOL_LIMIT,  /* `count` of its owner in its pool */
	RULE_SERVER_DOWN,
	RULE_BEHIND,  /* `count` waiting files come before it */
	RULE_SESSION, /* no session for it has a place, or none is up yet */
	RULE_COUNT
};

struct turn_why {
	enum queue_rule rule;
	size_t pool;	  /* that it would run in */
	const char *name; /* of another file; or NULL. Borrowed */
	int64_t until_ms; /* 0: does not matter */
	size_t count;
	int limit;	     /* what the setting says */
	const char *setting; /* as in the configuration, with * for the name of the spool or pool
				("spool.*.running_max"); "after" and the like: of the file. NULL: none */
};

/* The first rule that holds it. Counts what runs on the way, else changes nothing. */
struct turn_why turn_why(struct core *c, const struct job *job);

/* "paused-spool", ...; for programs. */
const char *queue_rule_name(enum queue_rule rule);

#endif
