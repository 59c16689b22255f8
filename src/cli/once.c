/* once: whether a file of one name waits or runs already. */
#include "cli/once.h"
#include "cli/clock.h"
#include "cli/copy.h"
#include "cli/row.h"
#include "core/source.h"
#include "core/text.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/* flock() has no limit of time, and an alarm would be one more signal: it is tried until our
 * patience ends. */
#define RETRY_MS 20

#define LOCK_BEFORE ".once-"
#define LOCK_BEHIND ".lock"

/* Of the longest names a part: those that have it in common wait for one another, and that is all. */
static char *lock_name(const char *name)
{
	return xasprintf(
	    LOCK_BEFORE "%.*s" LOCK_BEHIND, NAME_MAX - (int)strlen(LOCK_BEFORE LOCK_BEHIND), name);
}

/* False: somebody else has it. Not all file systems have locks. */
static bool take(const struct once *once, int fd, bool quiet)
{
	if (flock(fd, LOCK_EX | LOCK_NB) == 0)
		return true;
	if (errno == EWOULDBLOCK || errno == EINTR)
		return false;
	if (!quiet)
		say_note("%s cannot be locked (%s): if another submits it in this moment, it is "
			 "there twice",
		    once->lock, strerror(errno));
	return true;
}

/* NFS locks for one alone only what is open for writing. Another's may be for us to read, and in a sticky
 * directory the kernel may want (protected_regular) that we do not ask to make it. */
static int open_lock(const struct once *once)
{
	static const int ways[] = { O_RDWR | O_CREAT, O_RDONLY | O_CREAT, O_RDONLY };
	int fd = -1;

	errno = EACCES;
	for (size_t i = 0; fd == -1 && errno == EACCES && i < ARRAY_LEN(ways); i++)
		fd = openat(
		    once->dir, once->lock, ways[i] | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0644);
	return fd;
}

/* Of one who was killed the lock is gone, and the file of it is taken over. While it was waited for
 * its name may have become that of another file: then again. Nobody can make us wait for ever: after
 * our patience we go on without it. */
static int lock(const struct once *once, int64_t until_ms, bool quiet)
{
	struct stat ours, theirs;
	int fd = -1;

	while (clock_mono_ms() < until_ms) {
		fd = open_lock(once);
		if (fd == -1)
			break;
		bool have = take(once, fd, quiet);
		if (have && fstat(fd, &ours) == 0 &&
		    fstatat(once->dir, once->lock, &theirs, 0) == 0 && ours.st_ino == theirs.st_ino)
			break;
		close(fd);
		fd = -1;
		if (!have)
			clock_wait_ms(RETRY_MS);
	}
	return fd;
}

struct look {
	const char *name;
	const char *dir;
	char *found;
};

static bool look_at_job(const json_t *line, void *arg)
{
	struct look *l = arg;
	const char *name = ask_text(line, "name");

	if (!ask_is(line, "job") || name == NULL || !copy_is_one_of(name, l->name))
		return true;
	l->found = xasprintf("%s/%s", l->dir, name);
	return false;
}

/* It waits or runs, or it is so new that the daemon has not seen it. */
static bool is_waiting(struct daemon *d, int dir, const char *path, const char *name)
{
	enum wire_result got = WIRE_CLOSED;
	json_t *job = NULL;

	if (daemon_open(d, true) == CLI_OK)
		job = ask_job(d, text_json(path), &got);
	bool ended = row_is_ended(job);
	json_decref(job);
	if (got == WIRE_LINE)
		return !ended;
	char *record = xasprintf("%s.json", name);
	struct stat st;
	bool has_run = fstatat(dir, record, &st, AT_SYMLINK_NOFOLLOW) == 0;
	free(record);
	return !has_run;
}

static void look_at_files(struct look *l, struct daemon *d)
{
	DIR *dir = opendir(l->dir);
	const struct dirent *e;
	enum kind kind;
	size_t stem;

	while (l->found == NULL && dir != NULL && (e = readdir(dir)) != NULL) {
		if (!copy_is_one_of(e->d_name, l->name) ||
		    source_classify(e->d_name, &kind, &stem) != NAME_CODE)
			continue;
		char *path = xasprintf("%s/%s", l->dir, e->d_name);
		if (is_waiting(d, dirfd(dir), path, e->d_name))
			l->found = path;
		else
			free(path);
	}
	if (dir != NULL)
		closedir(dir);
}

char *once_begin(struct once *once, struct daemon *d, const struct spot *spot, const char *name)
{
	struct look l = { .name = name, .dir = spot->path };

	*once = (struct once){ .fd = -1 };
	once->dir = open(spot->path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (once->dir == -1)
		return NULL; /* nothing will be written there either, and that will be said */
	once->lock = lock_name(name);
	once->fd = lock(once, clock_mono_ms() + d->o->patience_ms, d->o->quiet);
	if (daemon_open(d, true) == CLI_OK) {
		json_t *request = ask_for("list");
		text_put(request, "spool", text_json(spot->name));
		(void)ask(d, request, look_at_job, &l);
	}
	if (l.found == NULL)
		look_at_files(&l, d);
	if (l.found != NULL)
		once_end(once);
	return l.found;
}

void once_end(struct once *once)
{
	if (once->fd != -1) {
		(void)unlinkat(once->dir, once->lock, 0);
		close(once->fd);
	}
	if (once->dir != -1)
		close(once->dir);
	free(once->lock);
	*once = (struct once){ .dir = -1, .fd = -1 };
}
