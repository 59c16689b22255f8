/* spot: the spool into which a file goes. */
#ifndef SPARKSPOOL_CLI_SPOT_H
#define SPARKSPOOL_CLI_SPOT_H

#include "cli/ask.h"
#include "core/conf.h"

/* Strings are its own. conf is the daemon struct's, or NULL when only the daemon told of the spool,
 * and then what a file may set is not known. */
struct spot {
	char *name;
	char *path;
	bool marker; /* foo.py.ready says that foo.py is complete */
	const struct conf *conf;
	size_t index;
};

/* The spool that o->spool names, or the only one that takes files of the kind (of several, the only
 * one that we may write into). CLI_OK, or what has been said. */
int spot_find(struct daemon *d, enum kind kind, struct spot *s);
void spot_fini(struct spot *s);

/* The spool of the configuration whose directory this is, or conf->spool_count. */
size_t spot_of_dir(const struct conf *conf, const char *dir);

/* ".py" */
const char *spot_suffix(enum kind kind);
/* "pyspark" */
const char *spot_word(enum kind kind);
/* "pyspark", "python", "py": true and *kind. */
bool spot_kind(const char *word, enum kind *kind);

#endif
