/* apart: a command that is a program of its own, since it needs what no other does.
 *
 * init asks a server, with libcurl, whose start costs some milliseconds; the others are run in loops, and
 * must not pay for it. Its words were looked at before: what is wrong with them, and its help, need no
 * second program. */
#include "cli/beside.h"
#include "cli/cmd.h"
#include "cli/say.h"
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define INIT_PROGRAM "sparkspool-init"

/* A file that somebody else has put beside us, in /tmp say, is not ours. Whoever owns the program could have
 * changed that as well, so a neighbour of the same owner is to be trusted as far as we are. A link says
 * nothing of who made the file that it leads to. */
static bool is_ours(const char *path)
{
	struct stat self, other;

	return stat("/proc/self/exe", &self) == 0 && lstat(path, &other) == 0 &&
	       S_ISREG(other.st_mode) && other.st_uid == self.st_uid;
}

/* In a build that was not installed it lies beside us; an installed one, of whatever version, is not meant
 * there. Else it is where make install has put it. */
static char *find(void)
{
	char *path = beside_path(INIT_PROGRAM);

	if (path != NULL && is_ours(path))
		return path;
	free(path);
	return xstrdup(PKGLIBEXECDIR "/" INIT_PROGRAM);
}

/* All that it is given is ours, and its exit code is what our caller gets: there is no process between. */
int cmd_init(const struct options *o)
{
	char *path = find();

	assert(path[0] == '/' && o->all != NULL);
	(void)execv(path, o->all);
	int code =
	    say_failure(o->json, CLI_FAILED, "it is a part of sparkspool: install that again",
		"%s cannot be run: %s", path, strerror(errno));
	free(path);
	return code;
}
