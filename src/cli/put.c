/* put: a file's new contents, all of them or none.
 *
 * A daemon may read the file at any moment, for a reload: it sees the old one or the new one. */
#include "cli/put.h"
#include "base/fsop.h"
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h> /* renameat */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The mask can only be asked for by setting it; there is no other thread. */
mode_t put_mode(mode_t mode)
{
	mode_t mask = umask(0);

	(void)umask(mask);
	return mode & ~mask;
}

static int write_all(int fd, const char *p)
{
	size_t n = strlen(p);

	while (n > 0) {
		ssize_t wrote = write(fd, p, n);
		if (wrote < 0 && errno == EINTR)
			continue;
		if (wrote < 0)
			return errno;
		p += wrote;
		n -= (size_t)wrote;
	}
	return 0;
}

/* Nobody else can read it before it has its mode. */
static int fill(int fd, const char *text, mode_t mode, gid_t gid)
{
	int err = write_all(fd, text);

	if (err == 0 && gid != (gid_t)-1 && fchown(fd, (uid_t)-1, gid) != 0)
		err = errno;
	if (err == 0 && fchmod(fd, mode) != 0)
		err = errno;
	if (err == 0 && fsync(fd) != 0)
		err = errno;
	if (close(fd) != 0 && err == 0)
		err = errno;
	return err;
}

/* The hidden name has our number in it: what a crash has left of another does not stop us. */
static int put_in(int dir, const char *name, const char *text, mode_t mode, gid_t gid, bool replace)
{
	char *tmp = xasprintf(".%s.%ld.tmp", name, (long)getpid());
	int fd = openat(dir, tmp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	int err = fd == -1 ? errno : fill(fd, text, mode, gid);

	if (err == 0 && replace)
		err = renameat(dir, tmp, dir, name) == 0 ? 0 : errno;
	else if (err == 0)
		err = fsop_rename_new(dir, tmp, dir, name);
	if (err == 0)
		err = fsop_sync_dir(dir);
	else if (fd != -1)
		(void)unlinkat(dir, tmp, 0);
	free(tmp);
	return err;
}

int put_file(const char *path, const char *text, mode_t mode, gid_t gid, bool replace)
{
	const char *slash = strrchr(path, '/');
	char *folder = slash == NULL ? xstrdup(".") : xstrndup(path, (size_t)(slash - path) + 1);
	int dir = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int err = dir == -1 ? errno : 0;

	assert(*path != '\0' && (mode & ~(mode_t)0777) == 0);
	if (err == 0)
		err = put_in(dir, slash == NULL ? path : slash + 1, text, mode, gid, replace);
	if (dir != -1)
		close(dir);
	free(folder);
	return err;
}
