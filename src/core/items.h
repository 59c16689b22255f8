/* items: requests about jobs by their ids or paths: one after the other, here or in the ledger. */
#ifndef SPARKSPOOL_CORE_ITEMS_H
#define SPARKSPOOL_CORE_ITEMS_H

#include "core/peer.h"

/* p->ask is show, cancel, hold, release or rerun. */
void items_begin(struct core *c, struct peer *p);
/* The next piece, as far as one answer has place; where the ledger has to be asked, the rest comes
 * behind items_on_history(). */
void items_go_on(struct core *c, struct peer *p);

/* What the ledger says of the one that was asked for last. */
void items_on_history(struct core *c, struct peer *p, const struct ev_history *ev);

#endif
