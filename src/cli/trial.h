/* trial: one session, one statement, and all of it taken away again: what only trying can show. */
#ifndef SPARKSPOOL_CLI_TRIAL_H
#define SPARKSPOOL_CLI_TRIAL_H

#include "cli/probe.h"

/* After probe_look() has found no trouble. Opens a session for files of the kind as the daemon would,
 * on the terms of the configuration's first pool, runs 1+1, connects, and deletes it, whatever happened
 * in between. what goes wrong is a trouble of p's. A signal ends it after the session is deleted: its
 * number, else 0. */
int trial_run(struct probe *p, struct client *c, enum kind kind, bool quiet);

#endif
