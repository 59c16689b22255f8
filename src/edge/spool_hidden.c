/* spool_hidden: files whose owner or group this process cannot see. */
#include "edge/spool_int.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* What the kernel shows instead of each id that the user namespace has no name for. */
#define NOBODY 65534

#define MAP_BYTES_MAX 4096

/* A line of a map: the first id here, the first one outside, how many. */
static bool line_has(const char *line, uintmax_t id)
{
	uintmax_t inside, outside, count;

	return sscanf(line, "%ju %ju %ju", &inside, &outside, &count) == 3 && id >= inside &&
	       id - inside < count;
}

static bool map_has(char *map, uintmax_t id)
{
	for (char *line; (line = strsep(&map, "\n")) != NULL;)
		if (line_has(line, id))
			return true;
	return false;
}

/* A map that cannot be read is no proof that nobody is nobody. */
static bool hides_nobody(const char *map_path)
{
	char map[MAP_BYTES_MAX];
	int fd = open(map_path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd == -1 ? -1 : read(fd, map, sizeof(map) - 1);

	if (fd != -1)
		close(fd);
	if (n <= 0)
		return true;
	map[n] = '\0';
	return !map_has(map, NOBODY);
}

void spool_hidden_find(struct spools *s)
{
	s->hides_users = hides_nobody("/proc/self/uid_map");
	s->hides_groups = hides_nobody("/proc/self/gid_map");
}

const char *spool_hidden_why(const struct spools *s, const struct stat *st)
{
	if (s->hides_users && st->st_uid == NOBODY)
		return "its owner is hidden by the service's PrivateUsers=yes: see THE SERVICE "
		       "in sparkspoold(8)";
	if (s->hides_groups && st->st_gid == NOBODY)
		return "its group is hidden by the service's PrivateUsers=yes: see THE SERVICE "
		       "in sparkspoold(8)";
	return NULL;
}
