/* past: what a peer wants to know of jobs that have ended: the ledger is asked, page by page. */
#ifndef SPARKSPOOL_CORE_PAST_H
#define SPARKSPOOL_CORE_PAST_H

#include "core/peer.h"

/* The newest job of this name in a spool; or, with an id, that one. Its row comes as EV_HISTORY. */
void past_ask(struct core *c, struct peer *p, uint64_t id, const char *spool, const char *name);

/* p->ask is history or ended. */
void past_begin(struct core *c, struct peer *p);
void past_go_on(struct core *c, struct peer *p);
void past_on_history(struct core *c, struct peer *p, const struct ev_history *ev);

/* A job has ended, its row is among the effects of this turn: those who follow are told next. */
void past_ended(struct core *c);

#endif
