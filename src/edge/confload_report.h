/* confload_report: the errors of a configuration file, all at once, in the order of its lines. */
#ifndef SPARKSPOOL_EDGE_CONFLOAD_REPORT_H
#define SPARKSPOOL_EDGE_CONFLOAD_REPORT_H

#include "base/buf.h"

#define CONFREPORT_MAX 200

struct confreport_item {
	char *file;
	size_t rank; /* of the file: the one with the first error comes first */
	unsigned line;
	size_t seq;
	char *text;
};

/* count goes on when no more are kept: a file with errors never passes for good. */
struct confreport {
	struct confreport_item item[CONFREPORT_MAX];
	size_t kept;
	size_t count;
};

/* One error of one line; line 0: the file as a whole. What the file says may be quoted: it is made
 * harmless for a terminal here. */
void confreport_add(struct confreport *r, const char *file, unsigned line, const char *fmt, ...)
    PRINTF_LIKE(4, 5);
void confreport_addv(struct confreport *r, const char *file, unsigned line, const char *fmt,
    va_list ap) PRINTF_LIKE(4, 0);

/* Appends all as lines "FILE:LINE: ..." and forgets them. */
void confreport_write(struct confreport *r, struct buf *out);

#endif
