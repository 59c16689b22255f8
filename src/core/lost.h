/* lost: what lies in a spool of which the ledger knows nothing, though an earlier life has worked there.
 *
 * Whether one has, the ledger's own directory tells (core_lost()), or the records in the spool: of a
 * run in a session they hold its name, and that the instance's id. Then all that the first scan finds is
 * held, in the turn in which the spool becomes known. One file after the other is compared with its
 * record: what that says has run is done. The others stay held. */
#ifndef SPARKSPOOL_CORE_LOST_H
#define SPARKSPOOL_CORE_LOST_H

#include "core/core.h"

/* A name that a scan of a spool has found; of an unknown one's, records are remembered. */
void lost_on_name(struct core *c, const struct ev_name *ev);

/* A scan of a spool begins: what an earlier one has remembered is forgotten. */
void lost_begin(struct core *c, size_t spool);
void lost_forget(struct lost_state *l);

/* Whether what the first scan of this spool has found is to be held. */
bool lost_is_suspect(const struct core *c, size_t spool);

/* A file that is held since the ledger was lost, to be compared with its record. In the order of ids;
 * shown: that there was an earlier life needs no other proof. */
void lost_add(struct core *c, struct job *job, bool shown);

/* A scan has ended: the directory can be read. */
void lost_go_on(struct core *c, size_t spool);

void lost_on_record(struct core *c, const struct ev_record *ev);
bool lost_on_read(struct core *c, const struct ev_read *ev); /* false: not one of these */

/* An operator lets go whatever is held so, or will be. */
void lost_release(struct core *c);

#endif
