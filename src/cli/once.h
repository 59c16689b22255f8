/* once: whether a file of one name waits or runs already, such that two who ask at the same time do
 * not both hear no. */
#ifndef SPARKSPOOL_CLI_ONCE_H
#define SPARKSPOOL_CLI_ONCE_H

#include "cli/spot.h"

struct once {
	int dir;
	int fd; /* of the lock */
	char *lock;
};

/* Locks the name and looks: NULL: there is none, and once_end() when the new one is there. Else the
 * path of the one that is, free() it. Without a daemon a file without a record counts as waiting. */
char *once_begin(struct once *once, struct daemon *d, const struct spot *spot, const char *name);
void once_end(struct once *once);

#endif
