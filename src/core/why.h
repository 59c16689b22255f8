/* why: what keeps a file from being picked up, or from its turn; rule by rule. */
#ifndef SPARKSPOOL_CORE_WHY_H
#define SPARKSPOOL_CORE_WHY_H

#include "core/peer.h"

/* p->ask has the path. */
void why_answer(struct core *c, struct peer *p);

#endif
