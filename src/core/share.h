/* share: whose turn is next, and how many files of a spool and of an owner may run at once.
 *
 * Among the files that could start in a pool: the higher priority first; then the owner with the
 * fewest files running in it, of those who have as many the one who was served longest ago; then the
 * spool with the fewest for its weight, of those the one whose turn it is by weight; then the order of
 * arrival. Nothing is remembered across a restart but the order of arrival. */
#ifndef SPARKSPOOL_CORE_SHARE_H
#define SPARKSPOOL_CORE_SHARE_H

#include "core/core.h"

/* Counts what runs, for share_of_spool() and the like. */
void share_count(struct core *c);

/* Counts what runs, and what that means for each lane of the pool. Before the others are asked. */
void share_begin(struct core *c, size_t pool);

/* a's first file goes before b's. */
bool share_before(const struct core *c, const struct lane *a, const struct lane *b);

/* How many files of the lane may start now. */
int share_room(const struct lane *lane);

/* Its first file has been given a place: counts it. Before it leaves the lane. */
void share_take(struct core *c, size_t pool, const struct lane *lane);

/* Files that have a place: read, sent or running. Of a spool anywhere; of an owner in a spool, and
 * in a pool. As of the last count. */
int share_of_spool(const struct core *c, size_t spool);
int share_of_owner(const struct core *c, size_t spool, uint32_t uid);
int share_of_owner_in(const struct core *c, size_t pool, uint32_t uid);

void shares_fini(struct core *c);

#endif
