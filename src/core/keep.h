/* keep: what ended longer ago than its spool keeps it (`keep_for`) goes: results, moved input, history.
 *
 * Only history. A job whose input lies in its spool stays, with its results: its row is how we know that
 * the file has run. Page by page: the ledger names the oldest ones, their results are removed, then
 * their moved inputs, and what has nothing left on disk leaves the ledger. A crash at any place leaves a
 * row that is met again, and removing what is not there does no harm. */
#ifndef SPARKSPOOL_CORE_KEEP_H
#define SPARKSPOOL_CORE_KEEP_H

#include "core/core.h"

#define KEEP_PAGE 50 /* jobs a turn */

/* The wall clock may be wrong, and says by a jump or after a start what it has never said before: nothing
 * goes for so long after either, nor for `keep_for` where that is shorter. */
#define KEEP_GRACE_MS INT64_C(3600000)

void keep_init(struct core *c);
void keep_fini(struct core *c);

/* At a start, and with a new configuration. */
void keep_start(struct core *c);
void keep_conf(struct core *c);

void keep_due(struct core *c);
void keep_on_old(struct core *c, const struct ev_old *ev);
void keep_on_expired(struct core *c, const struct ev_expired *ev);

#endif
