/* loop: the turn. The one room that knows the core and all edges. */
#ifndef SPARKSPOOL_EDGE_LOOP_H
#define SPARKSPOOL_EDGE_LOOP_H

#include "core/conf.h"
#include "edge/ledger.h"
#include "edge/sandbox.h"

/* Runs until SIGTERM or SIGINT has brought everything to an orderly end, and frees conf, which a
 * SIGHUP replaces by what conf_path says then, if the sandbox has room for it. Returns the process's
 * exit code. */
int loop_run(
    struct conf *conf, const char *conf_path, struct ledger *ledger, const struct sandbox *sandbox);

#endif
