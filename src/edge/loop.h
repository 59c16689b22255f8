/* loop: the turn. The one room that knows the core and all edges. */
#ifndef SPARKSPOOL_EDGE_LOOP_H
#define SPARKSPOOL_EDGE_LOOP_H

#include "core/conf.h"
#include "edge/journal.h"
#include "edge/ledger.h"
#include "edge/sandbox.h"

struct loop_start {
	struct conf *conf;     /* the loop's from now on; a SIGHUP replaces it ... */
	const char *conf_path; /* ... by what this file says then, if the sandbox has room for it */
	struct ledger *ledger;
	const struct sandbox *sandbox;
	struct journal *journal; /* or NULL */
	bool debug;		 /* every move is logged, whatever the configuration says */
};

/* Runs until SIGTERM or SIGINT has brought everything to an orderly end. Returns the process's exit
 * code. */
int loop_run(const struct loop_start *start);

#endif
