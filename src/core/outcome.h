/* outcome: a finished statement taken apart, as pieces of the server's own text. No state. */
#ifndef SPARKSPOOL_CORE_OUTCOME_H
#define SPARKSPOOL_CORE_OUTCOME_H

#include "base/buf.h"
#include "core/jsontext.h"
#include "core/livy.h"
#include "core/msg.h"

/* Pieces of what is not there have no p (core/jsontext.h). */
struct outcome {
	bool readable;		/* it is a statement; otherwise all else is empty */
	enum job_status status; /* as result_judge() says it */
	bool failed;		/* output.status is "error" */
	struct bytes data;	/* of the output: an object of MIME types */
	struct bytes traceback;
	struct bytes code; /* what ran, as the server echoes it */
	char *ename;	   /* NULL, or of the arena; valid UTF-8, no line ends at its ends */
	char *evalue;
};

/* The pieces point into answer. */
void outcome_read(struct arena *a, struct bytes answer, struct outcome *o);

/* The line of the file that the error speaks of, 0 when it names none. */
int64_t outcome_line(const struct outcome *o, enum kind kind);

/* "ename: evalue" and the traceback, as .err has them. A last line of the traceback that says the
 * same as the first of ours (Python's does) is not said twice. */
void outcome_add_error(struct buf *b, const struct outcome *o);

#endif
