/* Tests of edge/spool: what is reported of a directory, whatever happens to it. */
#include "spoolhelp.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

/* What each flock() fails with, as on a file system without locks; 0: it does what it is for. */
static int flock_error;

int flock(int fd, int how)
{
	if (flock_error == 0)
		return (int)syscall(SYS_flock, fd, how);
	errno = flock_error;
	return -1;
}

/* ---- inotify ------------------------------------------------------------------------------- */

static void open_append_close(const struct world *w, const char *path)
{
	int fd = open(at(w, path), O_WRONLY | O_APPEND | O_CLOEXEC);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, "x", 1), 1);
	close(fd);
}

START_TEST(test_copied)
{
	struct world w;

	world_open(&w, 1);
	put_text(&w, "a/x.py", "1");
	ck_assert_str_eq(world_pump(&w), "0 created x.py\n0 closed x.py\n");
	world_forget(&w);
	/* Written again is closed again. Unread, the kernel would join the two. */
	open_append_close(&w, "a/x.py");
	ck_assert_str_eq(world_pump(&w), "0 closed x.py\n");
	put_text(&w, "a/x.py", "2");
	ck_assert_str_eq(world_pump(&w), "0 closed x.py\n0 closed x.py\n");
	world_close(&w);
}
END_TEST

START_TEST(test_moved_in_over_and_away)
{
	struct world w;

	world_open(&w, 1);
	put_text(&w, "x", "1");
	ck_assert_int_eq(rename(at(&w, "x"), at(&w, "a/x.py")), 0);
	ck_assert_str_eq(world_pump(&w), "0 moved x.py\n");
	put_text(&w, "y", "2");
	ck_assert_int_eq(rename(at(&w, "y"), at(&w, "a/x.py")), 0);
	ck_assert_int_eq(rename(at(&w, "a/x.py"), at(&w, "a/z.py")), 0);
	ck_assert_int_eq(rename(at(&w, "a/z.py"), at(&w, "z")), 0);
	ck_assert_str_eq(world_pump(&w), "0 moved x.py\n0 moved x.py\n"
					 "0 gone x.py\n0 moved z.py\n0 gone z.py\n");
	world_close(&w);
}
END_TEST

START_TEST(test_linked)
{
	struct world w;

	world_open(&w, 1);
	put_text(&w, "x", "1");
	ck_assert_int_eq(link(at(&w, "x"), at(&w, "a/hard.py")), 0);
	ck_assert_int_eq(symlink("../x", at(&w, "a/soft.py")), 0);
	ck_assert_str_eq(world_pump(&w), "0 created hard.py\n0 created soft.py\n");
	world_close(&w);
}
END_TEST

START_TEST(test_named_late)
{
	struct world w;
	char self[64];
	int fd;

	/* A file without a name gets one: nothing is ever closed under it. */
	world_open(&w, 1);
	fd = open(w.a, O_TMPFILE | O_WRONLY | O_CLOEXEC, 0644);
	if (fd != -1) {
		ck_assert_int_eq(write(fd, "1", 1), 1);
		snprintf(self, sizeof(self), "/proc/self/fd/%d", fd);
		ck_assert_int_eq(
		    linkat(AT_FDCWD, self, AT_FDCWD, at(&w, "a/x.py"), AT_SYMLINK_FOLLOW), 0);
		ck_assert_str_eq(world_pump(&w), "0 created x.py\n");
		close(fd);
		ck_assert_str_eq(world_pump(&w), "0 created x.py\n");
	} else {
		ck_assert(skip("the file system knows no O_TMPFILE"));
	}
	world_close(&w);
}
END_TEST

START_TEST(test_deleted_and_what_is_no_file)
{
	struct world w;

	world_open(&w, 1);
	put_text(&w, "a/x.py", "1");
	ck_assert_int_eq(mkdir(at(&w, "a/d.py"), 0755), 0);
	ck_assert_int_eq(mkfifo(at(&w, "a/f.py"), 0644), 0);
	world_pump(&w);
	world_forget(&w);
	ck_assert_int_eq(unlink(at(&w, "a/x.py")), 0);
	ck_assert_int_eq(rmdir(at(&w, "a/d.py")), 0);
	ck_assert_int_eq(unlink(at(&w, "a/f.py")), 0);
	ck_assert_str_eq(world_pump(&w), "0 gone x.py\n0 gone d.py\n0 gone f.py\n");
	world_close(&w);
}
END_TEST

START_TEST(test_no_news)
{
	struct world w;
	char *p;
	int fd;

	world_open(&w, 1);
	/* Hidden names, and what happens below. */
	put_text(&w, "a/.hidden.py", "1");
	ck_assert_int_eq(rename(at(&w, "a/.hidden.py"), at(&w, "a/.other.py")), 0);
	ck_assert_int_eq(mkdir(at(&w, "a/.d"), 0755), 0);
	put_text(&w, "a/.d/x.py", "1");
	ck_assert_str_eq(world_pump(&w), "");
	/* Reading, and other modes and times. */
	put_text(&w, "a/x.py", "1");
	world_pump(&w);
	world_forget(&w);
	check_text(&w, "a/x.py", "1");
	ck_assert_int_eq(chmod(at(&w, "a/x.py"), 0600), 0);
	ck_assert_int_eq(utimensat(AT_FDCWD, at(&w, "a/x.py"), NULL, 0), 0);
	ck_assert_str_eq(world_pump(&w), "");
	/* Open and written, also by way of memory: news only when it is closed. */
	fd = open(at(&w, "a/x.py"), O_RDWR | O_CLOEXEC);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, "2", 1), 1);
	p = mmap(NULL, 1, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	ck_assert_ptr_ne(p, MAP_FAILED);
	*p = '3';
	ck_assert_str_eq(world_pump(&w), "");
	munmap(p, 1);
	close(fd);
	ck_assert_str_eq(world_pump(&w), "0 closed x.py\n");
	world_close(&w);
}
END_TEST

START_TEST(test_closed_after_its_end)
{
	struct world w;
	int fd;

	world_open(&w, 1);
	fd = open(at(&w, "a/x.py"), O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(unlink(at(&w, "a/x.py")), 0);
	ck_assert_int_eq(write(fd, "1", 1), 1);
	close(fd);
	ck_assert_str_eq(world_pump(&w), "0 created x.py\n0 gone x.py\n");
	world_close(&w);
}
END_TEST

START_TEST(test_order_across_spools)
{
	struct world w;
	struct pollfd fd;

	world_open(&w, 3);
	fd = (struct pollfd){ .fd = spools_fd(w.s), .events = POLLIN };
	ck_assert_int_eq(poll(&fd, 1, 0), 0);
	put_text(&w, "c/1.py", "");
	ck_assert_int_eq(rename(at(&w, "c/1.py"), at(&w, "a/1.py")), 0);
	ck_assert_int_eq(link(at(&w, "a/1.py"), at(&w, "b/1.py")), 0);
	ck_assert_int_eq(poll(&fd, 1, 0), 1);
	ck_assert_str_eq(world_pump(&w), "2 created 1.py\n2 closed 1.py\n"
					 "2 gone 1.py\n0 moved 1.py\n1 created 1.py\n");
	ck_assert_int_eq(poll(&fd, 1, 0), 0);
	world_close(&w);
}
END_TEST

START_TEST(test_longest_and_odd_names)
{
	struct world w;
	char name[256], path[260], line[300];

	world_open(&w, 1);
	memset(name, 'n', 255);
	name[255] = '\0';
	snprintf(path, sizeof(path), "a/%s", name);
	put_text(&w, path, "");
	snprintf(line, sizeof(line), "0 created %s\n", name);
	ck_assert_uint_eq(count_of(world_pump(&w), line), 1);
	world_forget(&w);
	put_text(&w, "a/ \t\xff\\..py", "");
	ck_assert_str_eq(world_pump(&w), "0 created  \t\xff\\..py\n0 closed  \t\xff\\..py\n");
	world_close(&w);
}
END_TEST

/* Fills the queue, so that there is room for so many more. */
static void leave_room(struct world *w, size_t room)
{
	while (evq_room(&w->q) > room)
		evq_add(&w->q, EV_TICK);
}

START_TEST(test_a_full_queue_waits)
{
	struct world w;

	world_open(&w, 2);
	put_text(&w, "a/1.py", "");
	put_text(&w, "b/2.py", "");
	spools_scan(w.s, 0, &w.q);
	leave_room(&w, 0);
	ck_assert(spools_pump(w.s, &w.q));
	world_take(&w);
	ck_assert_str_eq(w.trace.data, "0 BEGUN\n");
	/* An overflow would need a place for each spool. */
	leave_room(&w, 3);
	ck_assert(spools_pump(w.s, &w.q));
	world_take(&w);
	ck_assert_str_eq(w.trace.data, "0 BEGUN\n0 created 1.py\n0 closed 1.py\n0 scan 1.py\n");
	ck_assert_str_eq(world_pump(&w), "0 BEGUN\n0 created 1.py\n0 closed 1.py\n0 scan 1.py\n"
					 "1 created 2.py\n1 closed 2.py\n0 ENDED\n");
	world_close(&w);
}
END_TEST

START_TEST(test_many_events)
{
	struct world w;
	size_t pumps = 0;

	world_open(&w, 1);
	put_text(&w, "a/x.py", "");
	for (int i = 0; i < 1500; i++) {
		ck_assert_int_eq(rename(at(&w, "a/x.py"), at(&w, "a/y.py")), 0);
		ck_assert_int_eq(rename(at(&w, "a/y.py"), at(&w, "a/x.py")), 0);
	}
	do {
		ck_assert_uint_lt(pumps++, 100);
		spools_pump(w.s, &w.q);
		ck_assert_uint_le(w.q.count, EVQ_SOFT_MAX);
		world_take(&w);
	} while (count_of(w.trace.data, "moved") < 3000);
	ck_assert_uint_eq(count_of(w.trace.data, "gone"), 3000);
	ck_assert_uint_gt(pumps, 1);
	ck_assert(!spools_pump(w.s, &w.q));
	world_close(&w);
}
END_TEST

/* As many events as the kernel's queue holds, and more. False when that would be too many. */
static bool overflow(const struct world *w)
{
	char *text = help_read_file("/proc/sys/fs/inotify/max_queued_events", NULL);
	int64_t max = 0;

	text[strcspn(text, "\n")] = '\0';
	ck_assert_int_eq(str_to_i64(text, 1, INT64_MAX, &max), 0);
	free(text);
	if (max > 200000)
		return !skip("fs.inotify.max_queued_events is too high to be filled");
	put_text(w, "a/x.py", "");
	for (int64_t i = 0; i <= max / 4; i++) {
		ck_assert_int_eq(rename(at(w, "a/x.py"), at(w, "a/y.py")), 0);
		ck_assert_int_eq(rename(at(w, "a/y.py"), at(w, "a/x.py")), 0);
	}
	return true;
}

START_TEST(test_overflow)
{
	struct world w;
	const char *text;

	world_open(&w, 2);
	spools_scan(w.s, 1, &w.q);
	if (overflow(&w)) {
		text = world_pump(&w);
		ck_assert_uint_eq(count_of(text, "0 FAILED lost\n"), 1);
		ck_assert_uint_eq(count_of(text, "1 FAILED lost\n"), 1);
		/* The scan that was under way has not failed: it ends as it would have. */
		ck_assert_uint_eq(count_of(text, "1 BEGUN"), 1);
		ck_assert_str_eq(strstr(text, "1 ENDED"), "1 ENDED\n");
		ck_assert_uint_eq(count_of(w.log.data, "overflow"), 1);
		/* And what comes afterwards is heard. */
		ck_assert_str_eq(world_scan(&w, 0), "0 BEGUN\n0 scan x.py\n0 ENDED\n");
		world_forget(&w);
		put_text(&w, "a/z.py", "");
		ck_assert_str_eq(world_pump(&w), "0 created z.py\n0 closed z.py\n");
	}
	world_close(&w);
}
END_TEST

/* ---- scans --------------------------------------------------------------------------------- */

START_TEST(test_scan)
{
	struct world w;

	world_open(&w, 2);
	ck_assert_str_eq(world_scan(&w, 1), "1 BEGUN\n1 ENDED\n");
	put_text(&w, "b/x.py", "");
	put_text(&w, "b/.y.py", "");
	ck_assert_int_eq(mkdir(at(&w, "b/d"), 0755), 0);
	world_pump(&w);
	world_scan(&w, 1);
	ck_assert_uint_eq(count_of(w.trace.data, "\n"), 4);
	ck_assert_uint_eq(count_of(w.trace.data, "1 scan x.py\n"), 1);
	ck_assert_uint_eq(count_of(w.trace.data, "1 scan d\n"), 1);
	ck_assert_uint_eq(count_of(w.trace.data, "1 BEGUN\n"), 1);
	ck_assert_uint_eq(count_of(w.trace.data, "1 ENDED\n"), 1);
	ck_assert_str_eq(world_log(&w), "");
	world_close(&w);
}
END_TEST

START_TEST(test_scan_says_which_directory)
{
	struct world w;
	struct stat st;

	world_open(&w, 2);
	st = stat_of(&w, "b");
	spools_scan(w.s, 1, &w.q);
	while (spools_pump(w.s, &w.q))
		;
	ck_assert_uint_eq(w.q.count, 2);
	for (size_t i = 0; i < 2; i++) {
		ck_assert_uint_eq(w.q.item[i].u.scan.spool, 1);
		ck_assert_uint_eq(w.q.item[i].u.scan.dev, st.st_dev);
		ck_assert_uint_eq(w.q.item[i].u.scan.ino, st.st_ino);
		ck_assert_int_eq(w.q.item[i].u.scan.err, 0);
		ck_assert(!w.q.item[i].u.scan.lost);
	}
	world_close(&w);
}
END_TEST

/* a/0.py, a/1.py ...: one file with many names is made sooner than many files. */
static void put_names(const struct world *w, int count)
{
	char name[32];

	put_text(w, "a/0.py", "");
	for (int i = 1; i < count; i++) {
		snprintf(name, sizeof(name), "a/%d.py", i);
		ck_assert_int_eq(link(at(w, "a/0.py"), at(w, name)), 0);
	}
}

START_TEST(test_scan_in_pieces)
{
	struct world w;
	char line[32];
	size_t pumps = 0;
	const char *ended;
	bool more;

	world_open(&w, 1);
	put_names(&w, 3000);
	world_pump(&w);
	world_forget(&w);
	spools_scan(w.s, 0, &w.q);
	do {
		size_t before = w.q.count;

		more = spools_pump(w.s, &w.q);
		ck_assert_uint_le(w.q.count - before, 512 + 4);
		/* One comes, one goes and one is replaced while it runs. */
		if (++pumps == 3) {
			put_text(&w, "a/late.py", "");
			ck_assert_int_eq(unlink(at(&w, "a/7.py")), 0);
			put_text(&w, "a/.8", "");
			ck_assert_int_eq(rename(at(&w, "a/.8"), at(&w, "a/8.py")), 0);
		}
		world_take(&w);
	} while (more);
	ck_assert_uint_ge(pumps, 6);
	for (int i = 9; i < 3000; i++) {
		snprintf(line, sizeof(line), " scan %d.py\n", i);
		ck_assert_msg(count_of(w.trace.data, line) == 1, "%s", line);
	}
	/* What happened meanwhile was told before the end. */
	ended = strstr(w.trace.data, "0 ENDED\n");
	ck_assert_str_eq(ended, "0 ENDED\n");
	ck_assert_uint_eq(count_of(w.trace.data, "0 closed late.py\n"), 1);
	ck_assert_uint_eq(count_of(w.trace.data, "0 gone 7.py\n"), 1);
	ck_assert_uint_eq(count_of(w.trace.data, "0 moved 8.py\n"), 1);
	world_close(&w);
}
END_TEST

START_TEST(test_last_moment_before_the_end)
{
	struct world w;

	world_open(&w, 1);
	spools_scan(w.s, 0, &w.q);
	/* The list is read to its end here; its end is not yet told. */
	ck_assert(spools_pump(w.s, &w.q));
	put_text(&w, "a/x.py", "");
	ck_assert_str_eq(world_pump(&w), "0 BEGUN\n0 created x.py\n0 closed x.py\n0 ENDED\n");
	world_close(&w);
}
END_TEST

START_TEST(test_scan_asked_for_while_one_runs)
{
	struct world w;

	world_open(&w, 2);
	put_text(&w, "a/x.py", "");
	world_pump(&w);
	world_forget(&w);
	spools_scan(w.s, 0, &w.q);
	spools_scan(w.s, 0, &w.q);
	spools_scan(w.s, 0, &w.q);
	ck_assert_str_eq(world_pump(&w), "0 BEGUN\n0 scan x.py\n0 ENDED\n"
					 "0 BEGUN\n0 scan x.py\n0 ENDED\n");
	/* Two spools go on side by side. */
	world_forget(&w);
	spools_scan(w.s, 0, &w.q);
	spools_scan(w.s, 1, &w.q);
	ck_assert_str_eq(world_pump(&w), "0 BEGUN\n1 BEGUN\n0 scan x.py\n0 ENDED\n1 ENDED\n");
	world_close(&w);
}
END_TEST

/* ---- the directory goes and comes ---------------------------------------------------------- */

START_TEST(test_directory_moved_away)
{
	struct world w;

	world_open(&w, 2);
	ck_assert_int_eq(rename(w.a, at(&w, "elsewhere")), 0);
	ck_assert_str_eq(world_pump(&w), "0 FAILED ENOENT lost\n");
	ck_assert_int_eq(spools_dirfd(w.s, 0), -1);
	ck_assert_int_ge(spools_dirfd(w.s, 1), 0);
	/* What happens there is not ours any more. To tell the world about it is the core's. */
	put_text(&w, "elsewhere/x.py", "");
	ck_assert_str_eq(world_scan(&w, 0), "0 FAILED ENOENT\n");
	ck_assert_str_eq(world_scan(&w, 0), "0 FAILED ENOENT\n");
	ck_assert_str_eq(world_log(&w), "");
	/* Back again. */
	ck_assert_int_eq(rename(at(&w, "elsewhere"), w.a), 0);
	ck_assert_str_eq(world_scan(&w, 0), "0 BEGUN\n0 scan x.py\n0 ENDED\n");
	world_forget(&w);
	put_text(&w, "a/y.py", "");
	ck_assert_str_eq(world_pump(&w), "0 created y.py\n0 closed y.py\n");
	world_close(&w);
}
END_TEST

START_TEST(test_directory_removed_and_made_again)
{
	struct world w;
	struct stat was, st;
	char *story;

	world_open(&w, 1);
	put_text(&w, "a/x.py", "");
	world_pump(&w);
	was = stat_of(&w, "a");
	help_rmtree(w.a);
	ck_assert_int_eq(mkdir(w.a, 0755), 0);
	put_text(&w, "a/y.py", "");
	/* The kernel cannot speak of the new one; the scan finds it. */
	/* Nor can anybody bring back the former one. */
	story = xasprintf("0 BEGUN after %ju %ju\n0 scan y.py\n0 ENDED\n", (uintmax_t)was.st_dev,
	    (uintmax_t)was.st_ino);
	ck_assert_str_eq(world_scan(&w, 0), story);
	free(story);
	ck_assert_int_eq(fstat(spools_dirfd(w.s, 0), &st), 0);
	ck_assert_uint_eq(st.st_ino, stat_of(&w, "a").st_ino);
	world_forget(&w);
	put_text(&w, "a/z.py", "");
	ck_assert_str_eq(world_pump(&w), "0 created z.py\n0 closed z.py\n");
	world_close(&w);
}
END_TEST

START_TEST(test_directory_removed)
{
	struct world w;

	world_open(&w, 1);
	ck_assert_int_eq(rmdir(w.a), 0);
	ck_assert_str_eq(world_scan(&w, 0), "0 FAILED ENOENT\n");
	put_text(&w, "a", "a file now");
	ck_assert_str_eq(world_scan(&w, 0), "0 FAILED ENOTDIR\n");
	ck_assert_int_eq(spools_dirfd(w.s, 0), -1);
	world_close(&w);
}
END_TEST

START_TEST(test_directory_moved_away_during_a_scan)
{
	struct world w;

	world_open(&w, 1);
	put_names(&w, 600);
	world_pump(&w);
	world_forget(&w);
	spools_scan(w.s, 0, &w.q);
	ck_assert(spools_pump(w.s, &w.q));
	ck_assert_int_eq(rename(w.a, at(&w, "elsewhere")), 0);
	spools_scan(w.s, 0, &w.q);
	world_pump(&w);
	ck_assert_uint_eq(count_of(w.trace.data, "BEGUN"), 1);
	ck_assert_uint_eq(count_of(w.trace.data, "0 FAILED ENOENT lost\n"), 1);
	ck_assert_uint_eq(count_of(w.trace.data, "ENDED"), 0);
	world_close(&w);
}
END_TEST

START_TEST(test_directory_forbidden)
{
	struct world w;

	world_open(&w, 1);
	if (!skip_unless_root()) {
		/* Nobody may enter what lies above. */
		ck_assert_int_eq(chmod(w.dir, 0700), 0);
		ck_assert_int_eq(seteuid(65534), 0);
		world_scan(&w, 0);
		ck_assert_int_eq(seteuid(0), 0);
		ck_assert_str_eq(w.trace.data, "0 FAILED EACCES\n");
		ck_assert_str_eq(world_scan(&w, 0), "0 BEGUN\n0 ENDED\n");
	}
	world_close(&w);
}
END_TEST

START_TEST(test_another_file_system_is_mounted)
{
	struct world w;

	world_open(&w, 1);
	put_text(&w, "a/under.py", "");
	world_pump(&w);
	if (!skip_unless_root() && !skip_unless_forked() && mount_tmpfs(w.a, "size=1m")) {
		ck_assert_str_eq(world_scan(&w, 0), "0 BEGUN\n0 ENDED\n");
		world_forget(&w);
		put_text(&w, "a/over.py", "");
		ck_assert_str_eq(world_pump(&w), "0 created over.py\n0 closed over.py\n");
		ck_assert_int_eq(umount2(w.a, MNT_DETACH), 0);
		/* What lies below is another directory than the one that we hold. */
		ck_assert_str_eq(world_scan(&w, 0), "0 BEGUN\n0 scan under.py\n0 ENDED\n");
	}
	world_close(&w);
}
END_TEST

/* ---- locks --------------------------------------------------------------------------------- */

/* As a service sees what its unit does not let it write. */
START_TEST(test_a_directory_that_cannot_be_written)
{
	struct world w;

	world_open(&w, 1);
	if (!skip_unless_root() && !skip_unless_forked() && mount_tmpfs(w.a, "size=1m")) {
		ck_assert_int_eq(mount("none", w.a, "none", MS_REMOUNT | MS_RDONLY, NULL), 0);
		world_scan(&w, 0);
		ck_assert_uint_eq(count_of(world_log(&w), "spool=s0 "), 1);
		ck_assert_uint_eq(count_of(world_log(&w), "error=\"Read-only file system\""), 1);
		ck_assert_uint_eq(count_of(world_log(&w), "ReadWritePaths="), 1);
		world_scan(&w, 0);
		ck_assert_str_eq(world_log(&w), "");
		ck_assert_int_eq(umount2(w.a, MNT_DETACH), 0);
	}
	world_close(&w);
}
END_TEST

START_TEST(test_locked_by_another)
{
	struct world w;
	struct spools *other;

	world_open(&w, 2);
	other = spools_new();
	ck_assert_int_eq(spools_conf(other, &w.conf), -1);
	ck_assert_uint_eq(count_of(w.log.data, "another daemon"), 2);
	ck_assert_uint_eq(count_of(w.log.data, "\n"), 2);
	ck_assert_uint_eq(count_of(w.log.data, w.a), 1);
	ck_assert_int_eq(spools_dirfd(other, 0), -1);
	/* Still locked, no second line. */
	world_forget(&w);
	spools_scan(other, 0, &w.q);
	world_take(&w);
	ck_assert_str_eq(w.trace.data, "0 FAILED EAGAIN\n");
	ck_assert_str_eq(world_log(&w), "");
	/* Whoever reads the configuration anew is told again. */
	ck_assert_int_eq(spools_conf(other, &w.conf), -1);
	ck_assert_uint_eq(count_of(w.log.data, "another daemon"), 2);
	spools_free(w.s);
	w.s = other;
	ck_assert_str_eq(world_scan(&w, 0), "0 BEGUN\n0 ENDED\n");
	ck_assert_int_eq(spools_conf(w.s, &w.conf), 0);
	world_close(&w);
}
END_TEST

START_TEST(test_one_locked_of_two)
{
	struct world w;
	int fd;

	world_open(&w, 2);
	spools_free(w.s);
	w.s = spools_new();
	fd = open(w.a, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_eq(flock(fd, LOCK_EX | LOCK_NB), 0);
	ck_assert_int_eq(spools_conf(w.s, &w.conf), -1);
	ck_assert_int_eq(spools_dirfd(w.s, 0), -1);
	ck_assert_int_ge(spools_dirfd(w.s, 1), 0);
	close(fd);
	ck_assert_int_eq(spools_conf(w.s, &w.conf), 0);
	ck_assert_int_ge(spools_dirfd(w.s, 0), 0);
	world_close(&w);
}
END_TEST

/* Another daemon would be no news there: it is said, and the spool is served. */
START_TEST(test_no_locks)
{
	struct world w;

	flock_error = ENOLCK;
	world_open(&w, 1);
	ck_assert_uint_eq(count_of(w.log.data, "lock=none error=\"No locks available\""), 1);
	world_forget(&w);
	put_text(&w, "a/x.py", "");
	ck_assert_str_eq(
	    world_scan(&w, 0), "0 BEGUN\n0 created x.py\n0 closed x.py\n0 scan x.py\n0 ENDED\n");
	ck_assert_int_eq(spools_conf(w.s, &w.conf), 0);
	ck_assert_str_eq(world_log(&w), "");
	flock_error = 0;
	world_close(&w);
}
END_TEST

START_TEST(test_locked_while_it_was_away)
{
	struct world w;
	int fd;

	world_open(&w, 1);
	ck_assert_int_eq(rmdir(w.a), 0);
	ck_assert_int_eq(mkdir(w.a, 0755), 0);
	fd = open(w.a, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_eq(flock(fd, LOCK_EX | LOCK_NB), 0);
	ck_assert_str_eq(world_scan(&w, 0), "0 FAILED EAGAIN\n");
	ck_assert_uint_eq(count_of(w.log.data, "another daemon"), 1);
	close(fd);
	ck_assert_ptr_nonnull(strstr(world_scan(&w, 0), "0 BEGUN after "));
	ck_assert_ptr_nonnull(strstr(w.trace.data, "\n0 ENDED\n"));
	world_close(&w);
}
END_TEST

START_TEST(test_the_same_directory_twice)
{
	struct world w;

	world_open(&w, 2);
	ck_assert_int_eq(symlink("a", at(&w, "again")), 0);
	w.spool[1].path = help_path(w.dir, "again");
	ck_assert_int_eq(spools_conf(w.s, &w.conf), -1);
	ck_assert_uint_eq(count_of(w.log.data, "spool=s1"), 1);
	put_text(&w, "a/x.py", "");
	ck_assert_str_eq(world_pump(&w), "0 created x.py\n0 closed x.py\n");
	free(w.spool[1].path);
	world_close(&w);
}
END_TEST

/* ---- configuration ------------------------------------------------------------------------- */

START_TEST(test_conf_of_what_is_not_there)
{
	struct world w;

	world_open(&w, 1);
	ck_assert_int_eq(rmdir(w.a), 0);
	spools_free(w.s);
	w.s = spools_new();
	/* Missing is no error: it may be mounted later. */
	ck_assert_int_eq(spools_conf(w.s, &w.conf), 0);
	ck_assert_int_eq(spools_dirfd(w.s, 0), -1);
	ck_assert_int_eq(mkdir(w.a, 0755), 0);
	ck_assert_str_eq(world_scan(&w, 0), "0 BEGUN\n0 ENDED\n");
	world_close(&w);
}
END_TEST

START_TEST(test_conf_adds_and_removes)
{
	struct world w;
	int kept, fd;

	world_open(&w, 2);
	kept = spools_dirfd(w.s, 1);
	w.spool[0].removed = true;
	ck_assert_int_eq(spools_conf(w.s, &w.conf), 0);
	/* The other one is not touched; this one is everybody's again. */
	ck_assert_int_eq(spools_dirfd(w.s, 1), kept);
	ck_assert_int_eq(spools_dirfd(w.s, 0), -1);
	fd = open(w.a, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_eq(flock(fd, LOCK_EX | LOCK_NB), 0);
	close(fd);
	put_text(&w, "a/x.py", "");
	put_text(&w, "b/y.py", "");
	ck_assert_str_eq(world_pump(&w), "1 created y.py\n1 closed y.py\n");
	ck_assert_str_eq(world_scan(&w, 0), "0 FAILED ENODEV\n");
	/* It comes back, and a third with it. */
	w.spool[0].removed = false;
	w.path[2] = help_path(w.dir, "c");
	w.spool[2] = (struct conf_spool){ .name = xstrdup("s2"), .path = w.path[2] };
	ck_assert_int_eq(mkdir(w.path[2], 0755), 0);
	w.conf.spool_count = 3;
	ck_assert_int_eq(spools_conf(w.s, &w.conf), 0);
	world_forget(&w);
	put_text(&w, "a/z.py", "");
	put_text(&w, "c/z.py", "");
	ck_assert_str_eq(
	    world_pump(&w), "0 created z.py\n0 closed z.py\n2 created z.py\n2 closed z.py\n");
	world_close(&w);
}
END_TEST

START_TEST(test_conf_exchanges_directories)
{
	struct world w;

	world_open(&w, 2);
	w.spool[0].path = w.path[1];
	w.spool[1].path = w.path[0];
	ck_assert_int_eq(spools_conf(w.s, &w.conf), 0);
	put_text(&w, "a/x.py", "");
	ck_assert_str_eq(world_pump(&w), "1 created x.py\n1 closed x.py\n");
	world_close(&w);
}
END_TEST

START_TEST(test_conf_cuts_a_scan_short)
{
	struct world w;

	world_open(&w, 3);
	for (size_t i = 0; i < 3; i++)
		spools_scan(w.s, i, &w.q);
	/* Removed, another path, and a third that stays. */
	w.spool[0].removed = true;
	w.spool[1].path = w.path[0];
	ck_assert_int_eq(spools_conf(w.s, &w.conf), 0);
	/* A new scan is asked for before the old one's end could be told. */
	spools_scan(w.s, 1, &w.q);
	ck_assert_str_eq(world_pump(&w), "0 BEGUN\n1 BEGUN\n2 BEGUN\n"
					 "1 FAILED ECANCELED lost\n1 BEGUN\n"
					 "0 FAILED ECANCELED\n1 ENDED\n2 ENDED\n");
	world_close(&w);
}
END_TEST

/* ---- without inotify ----------------------------------------------------------------------- */

/* In a user namespace the limits are our own. False, with a word, when there can be none. */
static bool limit(const char *what, const char *to)
{
	char *path;
	int fd;
	bool done;

	if (skip_unless_forked())
		return false;
	if (unshare(CLONE_NEWUSER) == -1)
		return !skip("no user namespace may be made");
	path = help_path("/proc/sys/user", what);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	done = fd != -1 && write(fd, to, strlen(to)) == (ssize_t)strlen(to);
	if (fd != -1)
		close(fd);
	free(path);
	return done || !skip("the limits cannot be set");
}

START_TEST(test_no_watch)
{
	struct world w;

	world_open(&w, 1);
	if (limit("max_inotify_watches", "0")) {
		spools_free(w.s);
		w.s = spools_new();
		ck_assert_ptr_nonnull(w.s);
		ck_assert_int_eq(spools_conf(w.s, &w.conf), 0);
		ck_assert_uint_eq(count_of(w.log.data, "max_user_watches"), 1);
		/* Scans alone find everything; nobody is told a second time. */
		put_text(&w, "a/x.py", "");
		ck_assert_str_eq(world_scan(&w, 0), "0 BEGUN\n0 scan x.py\n0 ENDED\n");
		ck_assert_str_eq(world_log(&w), "");
	}
	world_close(&w);
}
END_TEST

START_TEST(test_no_inotify)
{
	struct world w;

	world_open(&w, 1);
	if (limit("max_inotify_instances", "0")) {
		errno = 0;
		ck_assert_ptr_null(spools_new());
		ck_assert_int_eq(errno, EMFILE);
		ck_assert_uint_eq(count_of(w.log.data, "max_user_instances"), 1);
	}
	world_close(&w);
}
END_TEST

static TCase *add_case(Suite *suite, const char *name)
{
	TCase *tc = tcase_create(name);

	suite_add_tcase(suite, tc);
	tcase_set_timeout(tc, 60);
	return tc;
}

int main(void)
{
	Suite *suite = suite_create("spool");
	TCase *tc = add_case(suite, "inotify");

	tcase_add_test(tc, test_copied);
	tcase_add_test(tc, test_moved_in_over_and_away);
	tcase_add_test(tc, test_linked);
	tcase_add_test(tc, test_named_late);
	tcase_add_test(tc, test_deleted_and_what_is_no_file);
	tcase_add_test(tc, test_no_news);
	tcase_add_test(tc, test_closed_after_its_end);
	tcase_add_test(tc, test_order_across_spools);
	tcase_add_test(tc, test_longest_and_odd_names);
	tcase_add_test(tc, test_a_full_queue_waits);
	tcase_add_test(tc, test_many_events);
	tcase_add_test(tc, test_overflow);
	tcase_add_test(tc, test_no_watch);
	tcase_add_test(tc, test_no_inotify);
	tc = add_case(suite, "scan");
	tcase_add_test(tc, test_scan);
	tcase_add_test(tc, test_scan_says_which_directory);
	tcase_add_test(tc, test_scan_in_pieces);
	tcase_add_test(tc, test_last_moment_before_the_end);
	tcase_add_test(tc, test_scan_asked_for_while_one_runs);
	tc = add_case(suite, "directory");
	tcase_add_test(tc, test_directory_moved_away);
	tcase_add_test(tc, test_directory_removed_and_made_again);
	tcase_add_test(tc, test_directory_removed);
	tcase_add_test(tc, test_directory_moved_away_during_a_scan);
	tcase_add_test(tc, test_directory_forbidden);
	tcase_add_test(tc, test_another_file_system_is_mounted);
	tc = add_case(suite, "lock and configuration");
	tcase_add_test(tc, test_a_directory_that_cannot_be_written);
	tcase_add_test(tc, test_locked_by_another);
	tcase_add_test(tc, test_one_locked_of_two);
	tcase_add_test(tc, test_no_locks);
	tcase_add_test(tc, test_locked_while_it_was_away);
	tcase_add_test(tc, test_the_same_directory_twice);
	tcase_add_test(tc, test_conf_of_what_is_not_there);
	tcase_add_test(tc, test_conf_adds_and_removes);
	tcase_add_test(tc, test_conf_exchanges_directories);
	tcase_add_test(tc, test_conf_cuts_a_scan_short);
	return help_run(suite);
}
