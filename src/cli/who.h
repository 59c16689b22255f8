/* who: which jobs are meant: numbers, paths, "-" for standard input, ALL. */
#ifndef SPARKSPOOL_CLI_WHO_H
#define SPARKSPOOL_CLI_WHO_H

#include "cli/opt.h"
#include <jansson.h>

/* A name made absolute: the directory resolved, the last part as it is, for a spool's files are
 * never links. It need not exist. NULL: its directory cannot be resolved, errno says why. free() it. */
char *who_absolute(const char *name);

/* The arguments as an array of what stands behind "jobs" in requests: arrays, each small enough for
 * one, or the string ALL and nothing else, whatever stands beside it. NULL: *code is the exit
 * code of what has been said. From standard input each line is one, up to the first tab, so that
 * `list --porcelain` fits; empty lines are none. */
json_t *who_read(const struct options *o, int *code);

#endif
