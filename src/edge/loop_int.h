/* loop_int: what the files of the loop share; nobody else includes it. */
#ifndef SPARKSPOOL_EDGE_LOOP_INT_H
#define SPARKSPOOL_EDGE_LOOP_INT_H

#include "core/sched.h"
#include "edge/ctl.h"
#include "edge/http.h"
#include "edge/journal.h"
#include "edge/ledger.h"
#include "edge/sandbox.h"
#include "edge/spool.h"

struct loop {
	struct conf *conf;
	const char *conf_path;
	struct ledger *ledger;
	const struct sandbox *sandbox;
	struct journal *journal; /* NULL: the log goes elsewhere */
	bool debug;		 /* whatever the configuration says */
	struct spools *spools;
	struct http *http;
	struct ctl *ctl;
	struct core *core;
	struct evq events;
	struct effects fx;
	struct now now;
	struct conf *old; /* replaced in this turn */
	int signals;
	bool stopping;
	bool again;	     /* a reload was asked for while one, or a commit, was under way */
	bool more;	     /* a spool has more to tell at once */
	int64_t watchdog_ms; /* 0: none */
	int64_t alive_ms;    /* when the watchdog was last told */
	int64_t status_ms;
	bool status_due;
	struct core_counts told; /* to the service manager */
};

/* What the ledger speaks of and the file does not name any more is added to conf as removed, so that a
 * restart leaves of it what a reload would. Before any room has seen conf. 0 or -1, and the log says why. */
int loop_add_former(struct ledger *ledger, struct conf *conf);

/* Each row of the ledger into the core, before its start. 0 or -1, and the log says why. */
int loop_replay(struct ledger *ledger, const struct conf *conf, struct core *core);

/* Has the operator left the word that what is held may go? Then the core hears of it. */
void loop_hear_release(struct loop *l);

/* Reads the configuration anew and hands it to all rooms; what is wrong with it is logged, and the one
 * in force stays. A peer of the control socket hears that, too. */
void loop_reload(struct loop *l);
void loop_reload_for(struct loop *l, uint64_t peer);

#endif
