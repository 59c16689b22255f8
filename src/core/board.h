/* board: the state of the whole as one HTML page for people. Keeps no state. */
#ifndef SPARKSPOOL_CORE_BOARD_H
#define SPARKSPOOL_CORE_BOARD_H

#include "base/buf.h"
#include "core/core.h"

#define BOARD_BYTES_MAX (4u << 20)
#define BOARD_ROWS_MAX 100 /* of each list */

/* Appends the page. It has no script and loads nothing; a browser reads it anew every refresh_s. */
void board_write(struct buf *b, const struct core *c, int refresh_s);

#endif
