/* watch: what those hear who watch, and how often what they watch is asked after. */
#ifndef SPARKSPOOL_CORE_WATCH_H
#define SPARKSPOOL_CORE_WATCH_H

#include "core/peer.h"

/* From now on the peer hears of what it has asked for: all, a spool's files, or those that are added.
 * What runs of them is asked after soon. */
void watch_begin(struct core *c, struct peer *p);
void watch_add(struct core *c, struct peer *p, const struct job *job);

/* Somebody has come to watch, or nobody watches any more. */
void watch_count(struct core *c);

/* The pause until a file's run is asked after again: shorter than ms where somebody watches it. */
int64_t watch_pace_ms(const struct core *c, const struct job *job, int64_t ms);

/* A job has ended, and has its run still. */
void watch_ended(struct core *c, struct job *job);

/* What has changed of those that have not, since the last time. */
void watch_tell(struct core *c);

#endif
