/* past: history without the daemon, from the ledger, for those who may read it. */
#ifndef SPARKSPOOL_CLI_PAST_H
#define SPARKSPOOL_CLI_PAST_H

#include "cli/ask.h"

/* Takes the request that the daemon would have been sent and gives lines as its answer has them.
 * CLI_OK, or what has been said. */
int past_ask(
    struct daemon *d, json_t *request, bool (*fn)(const json_t *line, void *arg), void *arg);

#endif
