/* export: when the metrics and the board are written for others to read. */
#ifndef SPARKSPOOL_CORE_EXPORT_H
#define SPARKSPOOL_CORE_EXPORT_H

#include "core/core.h"

/* The files are for programs and browsers that know nothing of the daemon: they are replaced as a
 * whole, and nothing waits for them. */
void export_init(struct core *c);

/* At the start and after a reload: what is configured is written at once, and then in its time. */
void export_begin(struct core *c);

/* A timer of TIMER_METRICS or TIMER_BOARD is due. */
void export_due(struct core *c, enum export_what what);

/* Something that the board shows has changed. */
void export_changed(struct core *c);

/* One that could not be written is tried again at its next time; the log says so once. */
void export_on_exported(struct core *c, const struct ev_exported *ev);

#endif
