/* beside: what lies in the same directory as the program. */
#include "cli/beside.h"
#include "base/util.h"
#include <assert.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

/* Only the kernel is asked: argv[0], PATH and the current directory are the caller's to choose. Of a program
 * that was replaced while it ran it says "NAME (deleted)", and the directory is still right. */
char *beside_path(const char *name)
{
	char exe[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", exe, sizeof(exe));

	assert(name[0] != '\0' && strchr(name, '/') == NULL);
	if (n <= 0 || n >= (ssize_t)sizeof(exe) || exe[0] != '/')
		return NULL;
	exe[n] = '\0';
	return xasprintf("%.*s/%s", (int)(strrchr(exe, '/') - exe), exe, name);
}
