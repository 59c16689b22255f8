/* put: a file's new contents, all of them or none, under a name that may be taken. */
#ifndef SPARKSPOOL_CLI_PUT_H
#define SPARKSPOOL_CLI_PUT_H

#include "base/util.h"
#include <sys/types.h>

/* A hidden file beside it, synced, then renamed. gid -1: the directory's own way. replace: what has the
 * name is replaced, else it stays: EEXIST. 0 or an errno. */
int put_file(const char *path, const char *text, mode_t mode, gid_t gid, bool replace);

/* What a file of this mode that everybody may read gets by the umask. */
mode_t put_mode(mode_t mode);

#endif
