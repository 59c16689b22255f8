/* terms: on what terms a file runs: its spool's settings, and what the file says of itself. */
#ifndef SPARKSPOOL_CORE_TERMS_H
#define SPARKSPOOL_CORE_TERMS_H

#include "core/core.h"
#include "core/directive.h"

struct terms {
	struct directive_terms d;
	enum kind kind; /* of the sessions that can run it */
	bool fresh;	/* it wants a session for itself */
	int64_t owner;	/* whose sessions; -1: anybody's */
};

/* What the file says is known from its turn on (job->said); before, its spool alone decides. */
struct terms terms_of(const struct core *c, const struct job *job);

/* Reads what the file says of itself into job->said. NULL: all is well; else why it is refused, an
 * arena string. */
const char *terms_read(struct core *c, struct job *job, struct bytes code);

/* Whether a session may serve a file on these terms. */
bool terms_met(const struct session *s, const struct terms *t);

/* Sessions of this kind that a pool is to keep idle; -1: it does not serve it. The runner's serve
 * its Python and SQL files together. */
int terms_warm(const struct core *c, size_t pool, enum kind session_kind);

#endif
