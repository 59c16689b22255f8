/* report: what a runner says of the end of a script. No state. */
#ifndef SPARKSPOOL_CORE_REPORT_H
#define SPARKSPOOL_CORE_REPORT_H

#include "core/msg.h"

/* Strings belong to the arena. */
struct report {
	bool readable;		/* otherwise all else is empty */
	const char *error_name; /* of the end, when it was not a good one; NULL: there is none */
	const char *error_message;
	bool ours;	   /* the code did not end by itself: its own output does not tell it */
	int64_t line;	   /* in the file; 0: not known */
	int64_t statement; /* of a SQL script, from 1; 0: not said */
	bool rows_cut;	   /* a table has more rows than the spool's limit */
	const char **warning;
	size_t warning_count;
};

void report_read(struct arena *a, struct bytes json, struct report *r);

#endif
