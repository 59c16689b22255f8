/* help: what test programs share: temporary directories, whole files, running a suite. */
#include "help.h"

#include "base/util.h"
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Before any test case is made: check's own limit of 4 seconds is a test of the machine's speed. */
__attribute__((constructor)) static void be_patient(void)
{
	(void)setenv("CK_DEFAULT_TIMEOUT", "120", 0);
}

char *help_path(const char *dir, const char *name)
{
	return xasprintf("%s/%s", dir, name);
}

char *help_tmpdir(void)
{
	const char *base = getenv("TMPDIR");
	char *path = help_path(base != NULL && *base == '/' ? base : "/tmp", "sparkspool.XXXXXX");
	char *real;

	if (mkdtemp(path) == NULL)
		ck_abort_msg("mkdtemp %s: %s", path, strerror(errno));
	/* Tests compare paths: a TMPDIR behind a link must not show. */
	real = realpath(path, NULL);
	ck_assert_ptr_nonnull(real);
	free(path);
	return real;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	if (remove(path) < 0)
		ck_abort_msg("remove %s: %s", path, strerror(errno));
	return 0;
}

/* A directory that a test made unreadable must not survive the test. */
static int open_up(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)ftw;
	if (type == FTW_D || type == FTW_DNR)
		(void)chmod(path, 0700);
	return 0;
}

void help_rmtree(const char *path)
{
	(void)nftw(path, open_up, 16, FTW_PHYS);
	if (nftw(path, remove_one, 16, FTW_PHYS | FTW_DEPTH) < 0)
		ck_abort_msg("cannot walk %s: %s", path, strerror(errno));
}

char *help_read_file(const char *path, size_t *len)
{
	size_t size = 0, cap = 4096;
	char *data = xmalloc(cap + 1);
	ssize_t n;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		ck_abort_msg("open %s: %s", path, strerror(errno));
	while ((n = read(fd, data + size, cap - size)) > 0) {
		size += (size_t)n;
		if (size == cap) {
			cap *= 2;
			data = xrealloc(data, cap + 1);
		}
	}
	if (n < 0)
		ck_abort_msg("read %s: %s", path, strerror(errno));
	close(fd);
	data[size] = '\0';
	if (len != NULL)
		*len = size;
	return data;
}

void help_write_file(const char *path, const void *p, size_t n)
{
	const char *data = p;
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	if (fd < 0 || fchmod(fd, 0644) < 0)
		ck_abort_msg("create %s: %s", path, strerror(errno));
	while (n > 0) {
		ssize_t done = write(fd, data, n);

		if (done < 0)
			ck_abort_msg("write %s: %s", path, strerror(errno));
		data += done;
		n -= (size_t)done;
	}
	ck_assert_int_eq(close(fd), 0);
}

const char *help_data_dir(void)
{
	const char *dir = getenv("TEST_DATA_DIR");

	return dir != NULL ? dir : "tests/data";
}

static void put_map(const char *path, const char *map)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	ck_assert_int_ne(fd, -1);
	ck_assert_int_eq(write(fd, map, strlen(map)), (ssize_t)strlen(map));
	close(fd);
}

bool help_hide_others(void)
{
	if (unshare(CLONE_NEWUSER) == -1)
		return false;
	put_map("/proc/self/uid_map", "0 0 1\n");
	put_map("/proc/self/setgroups", "deny");
	put_map("/proc/self/gid_map", "0 0 1\n");
	return true;
}

int help_run(Suite *suite)
{
	SRunner *runner = srunner_create(suite);
	int failed;

	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
