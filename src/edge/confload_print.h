/* confload_print: values of the configuration as they would be written in the file. */
#ifndef SPARKSPOOL_EDGE_CONFLOAD_PRINT_H
#define SPARKSPOOL_EDGE_CONFLOAD_PRINT_H

#include "base/buf.h"
#include "edge/confload_table.h"

/* For --check-config: what is printed can be read again, with the largest unit that says it exactly
 * ("90s", not "1.5m"). */
void confprint_number(struct buf *out, int64_t n);
void confprint_duration(struct buf *out, int64_t ms);
void confprint_size(struct buf *out, int64_t bytes);

/* Appends the value of the row's field of base with quotation marks and brackets; nothing, and
 * false, when it is not set. Of pairs only the keys: their values may be secrets. */
bool confprint_value(
    struct buf *out, const struct conf *c, const struct setting *row, const void *base);

#endif
