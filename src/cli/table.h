/* table: columns for people: as wide as what is in them, cut to a terminal's width. */
#ifndef SPARKSPOOL_CLI_TABLE_H
#define SPARKSPOOL_CLI_TABLE_H

#include "base/buf.h"
#include "cli/term.h"

#define TABLE_COLUMNS_MAX 12

struct table {
	const char *const *heads; /* ended by NULL; one that begins with '>' stands at the right */
	size_t columns;
	char ***row;
	enum term_colour *colour; /* of each row */
	size_t count;
};

/* heads is borrowed as long as the table lives; the cells are the table's. */
void table_init(struct table *t, const char *const *heads);
void table_fini(struct table *t);

/* Takes one malloc'ed text for each column; control characters in it must be gone already. */
void table_add(struct table *t, enum term_colour colour, char *const *cells);

/* At most so many rows (0: all), each cut at the terminal's width; to a file each is whole. */
void table_print(const struct table *t, const struct term *term, size_t rows, struct buf *out);

#endif
