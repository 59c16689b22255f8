/* copy: bytes into a spool under a free name, complete or not at all. */
#include "cli/copy.h"
#include "base/fsop.h"
#include "cli/clock.h"
#include "core/source.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A directory with so many of one name wants cleaning, not one more number. */
#define NAMES_MAX 100000
#define TEMPORARIES_MAX 100

/* Where the suffix begins: at the last dot, or at the end. The number goes before the suffix, which
 * says of what kind the file is. */
static size_t stem_of(const char *name)
{
	const char *dot = strrchr(name, '.');

	return dot == NULL || dot == name ? strlen(name) : (size_t)(dot - name);
}

bool copy_is_one_of(const char *name, const char *wanted)
{
	size_t stem = stem_of(wanted);
	size_t n = stem_of(name);

	if (!str_eq(name + n, wanted + stem) || n < stem || strncmp(name, wanted, stem) != 0)
		return false;
	if (n == stem)
		return true;
	return name[stem] == '-' && n > stem + 1 &&
	       strspn(name + stem + 1, "0123456789") == n - stem - 1;
}

static char *name_number(const char *wanted, unsigned number)
{
	size_t stem = stem_of(wanted);

	if (number == 0)
		return xstrdup(wanted);
	return xasprintf("%.*s-%u%s", (int)stem, wanted, number, wanted + stem);
}

static bool is_taken(int dir, const char *name)
{
	struct stat st;

	return fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

/* Hidden names are nobody's business but of those who made them. */
static int open_temporary(int dir, mode_t mode, char **tmp)
{
	int fd = -1;

	for (int i = 0; i < TEMPORARIES_MAX && fd == -1; i++) {
		*tmp = xasprintf(".submit-%ld-%llx.tmp", (long)getpid(),
		    (unsigned long long)clock_mono_ms() * TEMPORARIES_MAX + (unsigned)i);
		fd = openat(dir, *tmp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);
		if (fd != -1)
			break;
		int err = errno;
		free(*tmp);
		*tmp = NULL;
		errno = err;
		if (err != EEXIST)
			break;
	}
	return fd;
}

/* In a directory that gives its group to what is made in it, that group is the daemon's way to
 * read: a file that is closed to it would never run. */
static mode_t mode_for(int fd, mode_t mode)
{
	struct stat st;

	if (fstat(fd, &st) == 0 && st.st_gid != getegid())
		mode |= S_IRGRP;
	return mode;
}

static int write_all(int fd, const char *p, size_t n)
{
	while (n > 0) {
		ssize_t wrote = write(fd, p, n);
		if (wrote < 0 && errno == EINTR)
			continue;
		if (wrote < 0)
			return -1;
		p += wrote;
		n -= (size_t)wrote;
	}
	return 0;
}

static int write_temporary(const struct copy *c, int dir, char **tmp)
{
	/* Closed to others until it has all of its bytes; its mode comes then. */
	int fd = open_temporary(dir, 0600, tmp);

	if (fd == -1)
		return -1;
	int rc = write_all(fd, c->p, c->n);
	if (rc == 0)
		rc = fchmod(fd, mode_for(fd, c->mode));
	if (rc == 0)
		rc = fsync(fd);
	int err = errno;
	if (close(fd) != 0 && rc == 0)
		return -1;
	errno = err;
	return rc;
}

/* A marker that lies about already would be taken for ours. */
static int try_name(const struct copy *c, int dir, const char *tmp, const char *name)
{
	char *marker = xasprintf("%s" COPY_MARKER, name);
	int err = EEXIST;

	if (!is_taken(dir, name) && !(c->marker && is_taken(dir, marker))) {
		char *path = xasprintf("%s/%s", c->dir, name);
		/* Before the name is there: whoever follows the job must know the name earlier than
		 * the daemon can pick it up. */
		if (c->before != NULL)
			c->before(path, c->arg);
		free(path);
		err = fsop_rename_new(dir, tmp, dir, name);
	}
	free(marker);
	return err;
}

/* After the file and never before: a marker says that what it vouches for is complete. */
static int make_marker(int dir, const char *name, mode_t mode)
{
	char *marker = xasprintf("%s" COPY_MARKER, name);
	int fd = openat(dir, marker, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);

	free(marker);
	if (fd == -1)
		return errno;
	int err = fsync(fd) == 0 ? 0 : errno;
	if (close(fd) != 0 && err == 0)
		err = errno;
	return err;
}

static int give_name(const struct copy *c, int dir, const char *tmp, char **path, const char **what)
{
	int err = EEXIST;
	char *name = NULL;

	*what = "it cannot be given a name";
	for (unsigned i = 0; err == EEXIST && i < NAMES_MAX; i++) {
		free(name);
		name = name_number(c->name, i);
		/* One that is too long only by its number would be rejected. */
		err = i > 0 && !source_name_fits(name) ? ENAMETOOLONG : try_name(c, dir, tmp, name);
	}
	if (err == 0)
		*path = xasprintf("%s/%s", c->dir, name);
	if (err == 0 && c->marker) {
		*what = "its marker cannot be made, and without it it does not run";
		err = make_marker(dir, name, c->mode);
	}
	if (err == 0) {
		*what = "its name cannot be synced";
		err = fsop_sync_dir(dir);
	}
	free(name);
	return err;
}

char *copy_in(const struct copy *c, const char **what)
{
	char *path = NULL;
	char *tmp = NULL;
	int dir = open(c->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	/* One may be allowed to put files there without being allowed to see them. */
	if (dir == -1 && errno == EACCES)
		dir = open(c->dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	*what = "the spool's directory cannot be opened";
	if (dir == -1)
		return NULL;
	*what = "it cannot be written there";
	int err = write_temporary(c, dir, &tmp) == 0 ? 0 : errno;
	if (err == 0)
		err = give_name(c, dir, tmp, &path, what);
	if (err != 0 && path == NULL && tmp != NULL)
		(void)unlinkat(dir, tmp, 0);
	close(dir);
	free(tmp);
	/* fsync of a directory that may not be read is EBADF: the file is there all the same. */
	if (err == EBADF && path != NULL)
		err = 0;
	if (err != 0) {
		free(path);
		path = NULL;
	}
	errno = err;
	return path;
}
