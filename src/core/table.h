/* table: what a server shows as rows and columns becomes CSV by RFC 4180. No state.
 *
 * Lines end with CRLF. NULL is an empty field, an empty string is "". Numbers keep the server's
 * digits, nested values are compact JSON. A header line is always there. */
#ifndef SPARKSPOOL_CORE_TABLE_H
#define SPARKSPOOL_CORE_TABLE_H

#include "base/buf.h"
#include "core/msg.h"

struct table {
	size_t columns;
	size_t rows;
	bool sql;      /* of the form in which Livy's SQL kind answers ... */
	bool decimals; /* ... with a column of decimals in it, which that kind sends as doubles */
	bool doubles;  /* ... or of doubles, whose NaN it sends as null */
};

/* The application/json of an output: SQL's {schema, data}; from %json a list of objects (columns
 * in order of first appearance), of lists of one length (columns _1, _2, ...) or of scalars (one
 * column, value). True when it is a table; false, and csv is empty, when it is not or when it
 * would not fit into csv. A table without columns (of a DDL statement) leaves csv empty. */
bool table_of_json(struct buf *csv, struct bytes value, struct table *t);

/* The application/vnd.livy.table.v1+json of an output: {headers, data}. */
bool table_of_livy(struct buf *csv, struct bytes value, struct table *t);

#endif
