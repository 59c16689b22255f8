/* metrics: the core's state and counts as text for Prometheus. Keeps no state. */
#ifndef SPARKSPOOL_CORE_METRICS_H
#define SPARKSPOOL_CORE_METRICS_H

#include "base/buf.h"
#include "core/core.h"

#define METRICS_BYTES_MAX (16u << 20)

/* Appends the whole: Prometheus text format 0.0.4, without timestamps. Walks through all files: for
 * every few seconds, not for every turn. */
void metrics_write(struct buf *b, const struct core *c);

#endif
