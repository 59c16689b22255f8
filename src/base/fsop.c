/* fsop: what rename and fsync do not give at once: a rename that never replaces, a synced name; and whose
 * something is. */
#include "base/fsop.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

static int sys_err(int rc)
{
	return rc == -1 ? errno : 0;
}

static bool is_same(int a_dir, const char *a, int b_dir, const char *b)
{
	struct stat sa, sb;

	return fstatat(a_dir, a, &sa, AT_SYMLINK_NOFOLLOW) == 0 &&
	       fstatat(b_dir, b, &sb, AT_SYMLINK_NOFOLLOW) == 0 && sa.st_dev == sb.st_dev &&
	       sa.st_ino == sb.st_ino;
}

/* The name is taken: by a stranger, or by what an attempt before a crash has left half done. */
static int finish(int from_dir, const char *from, int to_dir, const char *to)
{
	if (!is_same(from_dir, from, to_dir, to))
		return EEXIST;
	return sys_err(unlinkat(from_dir, from, 0));
}

/* The last resort, with a gap between look and rename: there is no call without one where neither
 * RENAME_NOREPLACE nor links are known. */
static int look_and_rename(int from_dir, const char *from, int to_dir, const char *to)
{
	struct stat st;

	if (fstatat(to_dir, to, &st, AT_SYMLINK_NOFOLLOW) == 0)
		return EEXIST;
	if (errno != ENOENT)
		return errno;
	return sys_err(renameat(from_dir, from, to_dir, to));
}

/* Both names are there now: in a sticky directory the old one may be somebody else's to remove. */
static int unlink_or_undo(int from_dir, const char *from, int to_dir, const char *to)
{
	int err = sys_err(unlinkat(from_dir, from, 0));

	/* Somebody else was faster: what is left is the only name, and the one that was wanted. */
	if (err == ENOENT)
		return 0;
	if (err != 0)
		(void)unlinkat(to_dir, to, 0);
	return err;
}

int fsop_rename_new_plain(int from_dir, const char *from, int to_dir, const char *to)
{
	if (linkat(from_dir, from, to_dir, to, 0) == 0)
		return unlink_or_undo(from_dir, from, to_dir, to);
	switch (errno) {
	case EEXIST:
		return finish(from_dir, from, to_dir, to);
	case EPERM: /* FAT, a directory, another's file under protected_hardlinks */
	case EOPNOTSUPP:
	case ENOSYS:
	case EINVAL:
	case EMLINK:
		return look_and_rename(from_dir, from, to_dir, to);
	default:
		return errno;
	}
}

int fsop_rename_new(int from_dir, const char *from, int to_dir, const char *to)
{
	if (renameat2(from_dir, from, to_dir, to, RENAME_NOREPLACE) == 0)
		return 0;
	if (errno == EEXIST)
		return finish(from_dir, from, to_dir, to);
	/* EINVAL is a file system that does not know the flag, ENOSYS a kernel that does not know
	 * the call. */
	if (errno != EINVAL && errno != ENOSYS)
		return errno;
	return fsop_rename_new_plain(from_dir, from, to_dir, to);
}

int fsop_sync_dir(int dir)
{
	int err = sys_err(fsync(dir));

	/* Some file systems know no fsync of a directory: more cannot be done there. */
	return err == EINVAL || err == EOPNOTSUPP ? 0 : err;
}

int fsop_open_dir(int dir, const char *name)
{
	return openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

int fsop_sync_name(int dir, int fd)
{
	int err = fsop_sync_dir(dir);

	if (err == 0)
		return fd;
	close(fd);
	errno = err;
	return -1;
}

/* A name that nobody can tell beforehand: where we may not take it from him, we would never know. */
bool fsop_makes_as(int dir, uid_t uid)
{
	char tmp[64];
	uint64_t number;
	struct stat st;
	bool same;
	int fd;

	if (getentropy(&number, sizeof(number)) == -1)
		return false;
	snprintf(tmp, sizeof(tmp), ".sparkspool-whose-%016jx.tmp", (uintmax_t)number);
	fd = openat(dir, tmp, O_CREAT | O_EXCL | O_WRONLY | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd == -1)
		return false;
	same = fstat(fd, &st) == 0 && st.st_uid == uid;
	(void)unlinkat(dir, tmp, 0);
	close(fd);
	return same;
}

bool fsop_is_strangers(int dir, const struct stat *st, uid_t uid)
{
	struct stat above;

	if (fstat(dir, &above) == -1)
		return true;
	return (above.st_mode & S_ISVTX) != 0 && st->st_uid != above.st_uid && st->st_uid != 0 &&
	       st->st_uid != geteuid() && st->st_uid != uid && !fsop_makes_as(dir, st->st_uid);
}
