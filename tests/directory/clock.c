/* clock: stands before the clock that the daemon reads and makes it jump.
 *
 * CLOCK_JUMP names a file of two numbers of 64 bits, seconds that are added: to the time of day, and
 * to the time since the start, which jumps forward when a machine was asleep. */
#include <dlfcn.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

typedef int (*clock_fn)(clockid_t clock, struct timespec *ts);

static clock_fn next;
static const volatile int64_t *jump;

static void begin(void)
{
	const char *path = getenv("CLOCK_JUMP");
	int fd = path == NULL ? -1 : open(path, O_RDONLY | O_CLOEXEC);
	void *at = fd == -1 ? MAP_FAILED : mmap(NULL, 16, PROT_READ, MAP_SHARED, fd, 0);
	void *found = dlsym(RTLD_NEXT, "clock_gettime");

	if (found == NULL || at == MAP_FAILED)
		abort();
	(void)close(fd);
	jump = at;
	memcpy(&next, &found, sizeof(next));
}

int clock_gettime(clockid_t clock, struct timespec *ts)
{
	if (next == NULL)
		begin();
	int rc = next(clock, ts);
	if (rc == 0 && clock == CLOCK_REALTIME)
		ts->tv_sec += jump[0];
	if (rc == 0 && clock == CLOCK_BOOTTIME)
		ts->tv_sec += jump[1];
	return rc;
}
