/* userns: users and groups that this process's user namespace has no name for. */
#include "base/userns.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

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

static bool shows(const char *map_path, uint32_t id)
{
	char map[MAP_BYTES_MAX];
	int fd = open(map_path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd == -1 ? -1 : read(fd, map, sizeof(map) - 1);

	if (fd != -1)
		close(fd);
	if (n <= 0)
		return id != USERNS_NOBODY;
	map[n] = '\0';
	return map_has(map, id);
}

bool userns_shows_user(uint32_t uid)
{
	return shows("/proc/self/uid_map", uid);
}

bool userns_shows_group(uint32_t gid)
{
	return shows("/proc/self/gid_map", gid);
}
