/* loop_int: what the files of the loop share; nobody else includes it. */
#ifndef SPARKSPOOL_EDGE_LOOP_INT_H
#define SPARKSPOOL_EDGE_LOOP_INT_H

#include "core/sched.h"
#include "edge/ledger.h"

/* Each row of the ledger into the core, before its start. 0 or -1, and the log says why. */
int loop_replay(struct ledger *ledger, const struct conf *conf, struct core *core);

#endif
