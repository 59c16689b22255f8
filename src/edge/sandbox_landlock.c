/* sandbox_landlock: the three system calls, which Debian 12's libc has no functions for. */
#include "edge/sandbox_int.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Before ABI 2 nothing can be renamed from one directory into another: results in foo.py.files/ and
 * "move:" live on that. */
#define ABI_MIN 2
#define ABI_TRUNCATE 3

#define RIGHTS_ABI_MIN ((LANDLOCK_ACCESS_FS_REFER << 1) - 1)
#define RIGHTS_OF_FILES                                                                            \
	(LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_WRITE_FILE |                              \
	    LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_TRUNCATE)

static int sys_err(long rc)
{
	return rc == -1 ? errno : 0;
}

/* A container's filter may answer EPERM for a call that it does not know. */
int landlock_open(struct sandbox *s)
{
	long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
	struct landlock_ruleset_attr attr = { 0 };
	long fd;

	if (abi < ABI_MIN)
		return abi == -1 ? errno : EOPNOTSUPP;
	s->handled = RIGHTS_ABI_MIN | (abi >= ABI_TRUNCATE ? LANDLOCK_ACCESS_FS_TRUNCATE : 0);
	attr.handled_access_fs = s->handled;
	fd = syscall(SYS_landlock_create_ruleset, &attr, sizeof(attr), 0);
	if (fd == -1)
		return errno;
	s->abi = (int)abi;
	s->ruleset = (int)fd; /* the kernel sets CLOEXEC */
	return 0;
}

static void remember(struct sandbox *s, const struct stat *st, uint64_t rights)
{
	s->rule = xrealloc(s->rule, (s->count + 1) * sizeof(*s->rule));
	s->rule[s->count++] =
	    (struct sandbox_rule){ .dev = st->st_dev, .ino = st->st_ino, .rights = rights };
}

int landlock_allow(struct sandbox *s, const char *path, uint64_t rights)
{
	struct landlock_path_beneath_attr attr = { 0 };
	struct stat st;
	int err, fd = open(path, O_PATH | O_CLOEXEC);

	if (fd == -1)
		return errno;
	err = sys_err(fstat(fd, &st));
	if (err == 0) {
		rights &= s->handled;
		if (!S_ISDIR(st.st_mode))
			rights &= RIGHTS_OF_FILES;
		attr.allowed_access = rights;
		attr.parent_fd = fd;
		err = sys_err(syscall(
		    SYS_landlock_add_rule, s->ruleset, LANDLOCK_RULE_PATH_BENEATH, &attr, 0));
	}
	if (err == 0)
		remember(s, &st, rights);
	close(fd);
	return err;
}

int landlock_enter(struct sandbox *s)
{
	int err = sys_err(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));

	if (err == 0)
		err = sys_err(syscall(SYS_landlock_restrict_self, s->ruleset, 0));
	close(s->ruleset);
	s->ruleset = -1;
	return err;
}
