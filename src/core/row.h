/* row: a spool whose files run one after the other (`ordered`).
 *
 * From its number on, a file stands in its spool's row, in the order of arrival. Only the first of the
 * row may wait for its turn among others, and only when no file of the spool has one. */
#ifndef SPARKSPOOL_CORE_ROW_H
#define SPARKSPOOL_CORE_ROW_H

#include "core/core.h"

/* It stands in the row of its spool now, or stood there already: its turn is not to come yet. False:
 * its spool has no row, or it is the one whose turn it is. */
bool row_holds(struct core *c, struct job *job);

/* One that has a turn since an earlier life of ours. */
void row_resume(struct core *c, const struct job *job);

/* A file has ended, or is held: it is the next one's turn. */
void row_left(struct core *c, const struct job *job);

/* The next file whose turn it is in its row, or NULL: finish_ready() it. */
struct job *row_next(struct core *c);

/* What has to end before this file; NULL: nothing in its row. */
const struct job *row_ahead(const struct core *c, const struct job *job);

#endif
