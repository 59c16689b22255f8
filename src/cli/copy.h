/* copy: bytes into a spool under a free name, complete or not at all. */
#ifndef SPARKSPOOL_CLI_COPY_H
#define SPARKSPOOL_CLI_COPY_H

#include "base/buf.h"
#include <sys/types.h>

#define COPY_MARKER ".ready" /* behind the name of what it vouches for */

struct copy {
	const char *dir;  /* the spool's */
	const char *name; /* as it is wanted; foo-1.py, foo-2.py ... if it is taken */
	bool marker;	  /* foo.py.ready comes behind it */
	mode_t mode;
	const char *p;
	size_t n;
	/* Called with each path before it is tried. May be NULL. */
	void (*before)(const char *path, void *arg);
	void *arg;
};

/* Writes it under a hidden name, syncs it, renames it without replacing anything, and syncs the
 * directory. The path (free() it), or NULL with errno and *what, a static string. */
char *copy_in(const struct copy *c, const char **what);

/* Whether name is stem.suffix or stem-NUMBER.suffix of the other. */
bool copy_is_one_of(const char *name, const char *wanted);

#endif
