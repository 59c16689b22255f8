/* heads: what files that wait say of their turn themselves, read before it comes.
 *
 * The bytes of a file are read once, at its turn; but its priority and what it waits for count before.
 * So the first lines of each file that waits are looked at, a few at a time, and only what they say
 * of its turn is kept. A file whose turn comes sooner than that does not wait for it. */
#ifndef SPARKSPOOL_CORE_HEADS_H
#define SPARKSPOOL_CORE_HEADS_H

#include "core/core.h"

/* A file waits from now on: its head is to be read. */
void heads_want(struct core *c, struct job *job);

/* Asks for some, as far as not enough of them are under way. */
void heads_go(struct core *c);

/* The file that is to be put where it belongs now (finish_ready()), or NULL. The answer to one of
 * our questions, also of a file that is gone or has changed since. */
struct job *heads_on_read(struct core *c, const struct ev_read *ev);

/* What it says of its turn, and what its spool makes of that: after anything is known anew. */
void heads_learn(struct core *c, struct job *job);

/* It may hold other bytes now: nothing counts of what was read of it. */
void heads_forget(struct job *job);

void heads_fini(struct core *c);

#endif
