/* Tests of edge/output, edge/spool and edge/ledger: what is synced before what. A power cut may keep any of the changes
 * that no sync has covered, and a life that was killed leaves some to the next one. */
#include "edge/ledger.h"
#include "edge/output.h"
#include "spoolhelp.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

/* ---- the calls, in their order ------------------------------------------------------------- */

/* These stand before libc's. Each says what it does in a line; of paths the part below the world. */
static struct buf calls;
static char top[128];
static uint64_t
    broken; /* the inode whose next sync fails with EIO, and drops what it had to write */

static void note(const char *what, int dir, const char *name, const char *rest)
{
	char link[32], path[512] = "";
	ssize_t n;

	if (top[0] == '\0')
		return;
	snprintf(link, sizeof(link), "/proc/self/fd/%d", dir);
	n = readlink(link, path, sizeof(path) - 1);
	path[n > 0 ? n : 0] = '\0';
	if (strncmp(path, top, strlen(top)) != 0)
		return;
	buf_addf(&calls, "%s %s%s%s%s; ", what,
	    path[strlen(top)] == '\0' ? "." : path + strlen(top) + 1, *name == '\0' ? "" : "/",
	    name, rest);
}

int fsync(int fd)
{
	struct stat st;

	note("sync", fd, "", "");
	if (fstat(fd, &st) == 0 && st.st_ino == broken) {
		broken = 0;
		errno = EIO;
		return -1;
	}
	return (int)syscall(SYS_fsync, fd);
}

int unlinkat(int dir, const char *name, int flags)
{
	long rc = syscall(SYS_unlinkat, dir, name, flags);

	if (rc == 0)
		note("unlink", dir, name, "");
	return (int)rc;
}

int mkdirat(int dir, const char *name, mode_t mode)
{
	long rc = syscall(SYS_mkdirat, dir, name, mode);

	if (rc == 0)
		note("mkdir", dir, name, "");
	return (int)rc;
}

int renameat2(int dir, const char *name, int to_dir, const char *to, unsigned flags)
{
	long rc = syscall(SYS_renameat2, dir, name, to_dir, to, flags);
	char rest[256];

	snprintf(rest, sizeof(rest), " %s", to);
	if (rc == 0)
		note("rename", dir, name, rest);
	return (int)rc;
}

static void order_open(struct world *w)
{
	world_open(w, 1);
	buf_init(&calls, 65536);
	snprintf(top, sizeof(top), "%s", w->dir);
}

static void order_close(struct world *w)
{
	top[0] = '\0';
	buf_fini(&calls);
	world_close(w);
}

/* What was called since the last time, and nothing else. */
static void assert_calls(const char *wanted)
{
	ck_assert_str_eq(calls.len == 0 ? "" : calls.data, wanted);
	buf_reset(&calls);
}

/* ---- an input that is to run --------------------------------------------------------------- */

static const struct ev_read *read_input(struct world *w, bool again, bool head)
{
	const struct fx_read fx = { .job = 7,
		.name = "x.py",
		.ident = ident_of(w, "a/x.py"),
		.bytes_max = 100,
		.head = head,
		.sync_name = again };

	world_take(w);
	spools_read(w->s, &fx, &w->q);
	return &w->q.item[0].u.read;
}

/* Else a power cut leaves an empty file, or the old one, and that runs: nobody has run it so far. */
START_TEST(test_read)
{
	struct world w;

	order_open(&w);
	put_text(&w, "a/x.py", "runs");
	ck_assert_int_eq(read_input(&w, false, true)->result, READ_OK);
	assert_calls("");
	ck_assert_int_eq(read_input(&w, false, false)->result, READ_OK);
	assert_calls("sync a/x.py; ");
	ck_assert_int_eq(read_input(&w, true, false)->result, READ_OK);
	assert_calls("sync a/x.py; sync a; ");
	for (int i = 0; i < 2; i++) {
		broken = stat_of(&w, i == 0 ? "a/x.py" : "a").st_ino;
		ck_assert_int_eq(read_input(&w, true, false)->result, READ_FAILED);
		ck_assert_int_eq(w.q.item[0].u.read.err, EIO);
		ck_assert_ptr_null(w.q.item[0].u.read.code.p);
	}
	order_close(&w);
}
END_TEST

/* The core renews its row by such a look. */
START_TEST(test_look)
{
	struct world w;
	struct fx_look fx = { .name = "x.py" };

	order_open(&w);
	put_text(&w, "a/x.py", "new");
	for (int i = 0; i < 2; i++) {
		fx.sync = i == 1;
		world_take(&w);
		spools_look(w.s, &fx, &w.q);
		ck_assert_int_eq(w.q.item[0].u.looked.type, FILE_REGULAR);
		ck_assert_int_eq(w.q.item[0].u.looked.synced, fx.sync);
		assert_calls(fx.sync ? "sync a/x.py; sync a; " : "");
	}
	for (int i = 0; i < 2; i++) {
		broken = stat_of(&w, i == 0 ? "a/x.py" : "a").st_ino;
		world_take(&w);
		spools_look(w.s, &fx, &w.q);
		ck_assert_int_eq(w.q.item[0].u.looked.type, FILE_MISSING);
		ck_assert_ptr_nonnull(strstr(world_log(&w), "look=failed"));
		world_forget(&w);
		buf_reset(&calls);
	}
	/* What is no file is not opened: a FIFO would wait. */
	ck_assert_int_eq(unlink(at(&w, "a/x.py")), 0);
	ck_assert_int_eq(mkfifo(at(&w, "a/x.py"), 0600), 0);
	world_take(&w);
	spools_look(w.s, &fx, &w.q);
	assert_calls("sync a; ");
	order_close(&w);
}
END_TEST

/* Every descriptor below the limit is in use then; 0 makes it so. The limit before. */
static rlim_t limit_descriptors(rlim_t limit)
{
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	struct rlimit r;

	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &r), 0);
	const rlim_t before = r.rlim_cur;
	r.rlim_cur = limit == 0 ? (rlim_t)fd : limit;
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &r), 0);
	if (fd != -1)
		close(fd);
	return before;
}

/* Its bytes are not synced then, whatever may be said of its name. */
START_TEST(test_look_without_descriptors)
{
	const struct fx_look fx = { .name = "x.py", .sync = true };
	struct world w;

	order_open(&w);
	put_text(&w, "a/x.py", "new");
	world_take(&w);
	const rlim_t limit = limit_descriptors(0);
	spools_look(w.s, &fx, &w.q);
	limit_descriptors(limit);
	ck_assert_int_eq(w.q.item[0].u.looked.type, FILE_MISSING);
	ck_assert(!w.q.item[0].u.looked.synced);
	ck_assert_ptr_nonnull(strstr(world_log(&w), "look=failed"));
	order_close(&w);
}
END_TEST

/* ---- an input that is gone ----------------------------------------------------------------- */

/* The user's rm is not synced. The core forgets what a whole scan has not seen. */
START_TEST(test_scan)
{
	struct world w;

	order_open(&w);
	put_text(&w, "a/x.py", "has run");
	world_scan(&w, 0); /* whatever befell it before */
	assert_calls("sync a; ");
	world_scan(&w, 0);
	assert_calls("");
	for (int i = 0; i < 2; i++) {
		put_text(&w, "a/x.py", "has run");
		world_scan(&w, 0);
		assert_calls("");
		if (i == 0)
			ck_assert_int_eq(unlink(at(&w, "a/x.py")), 0);
		else
			ck_assert_int_eq(rename(at(&w, "a/x.py"), at(&w, "a/.x")), 0);
		world_scan(&w, 0);
		assert_calls("sync a; ");
	}
	order_close(&w);
}
END_TEST

START_TEST(test_scan_that_cannot_be_synced)
{
	struct world w;

	order_open(&w);
	broken = stat_of(&w, "a").st_ino;
	ck_assert_ptr_nonnull(strstr(world_scan(&w, 0), "FAILED"));
	world_forget(&w);
	ck_assert_ptr_null(strstr(world_scan(&w, 0), "FAILED"));
	order_close(&w);
}
END_TEST

/* ---- an input that has run ----------------------------------------------------------------- */

#define HIDDEN ".h"

static struct fx_dispose input_of(struct world *w, enum conf_after after, const char *move_to)
{
	put_text(w, "a/x.py", "ran");
	return (struct fx_dispose){
		.job = 7,
		.name = "x.py",
		.hidden = HIDDEN,
		.ident = ident_of(w, "a/x.py"),
		.after = after,
		.move_to = move_to,
	};
}

static int dispose(struct world *w, const struct fx_dispose *fx)
{
	world_take(w);
	spools_dispose(w->s, fx, &w->q);
	return w->q.item[0].u.disposed.err;
}

START_TEST(test_delete)
{
	struct world w;

	order_open(&w);
	struct fx_dispose fx = input_of(&w, AFTER_DELETE, NULL);
	ck_assert_int_eq(dispose(&w, &fx), 0);
	assert_calls("rename a/x.py .h; unlink a/.h; sync a; ");
	/* Who was there before us may have been killed, or is a user, who syncs nothing. What comes back
	 * would be a new file. */
	ck_assert_int_eq(dispose(&w, &fx), ENOENT);
	assert_calls("sync a; ");
	order_close(&w);
}
END_TEST

START_TEST(test_delete_that_cannot_be_synced)
{
	struct world w;

	order_open(&w);
	struct fx_dispose fx = input_of(&w, AFTER_DELETE, NULL);
	ck_assert_int_eq(unlink(at(&w, "a/x.py")), 0);
	broken = stat_of(&w, "a").st_ino;
	ck_assert_int_eq(dispose(&w, &fx), EIO);
	ck_assert_int_eq(dispose(&w, &fx), ENOENT);
	order_close(&w);
}
END_TEST

START_TEST(test_move)
{
	struct world w;

	order_open(&w);
	struct fx_dispose fx = input_of(&w, AFTER_MOVE, "done/old");
	ck_assert_int_eq(dispose(&w, &fx), 0);
	assert_calls("rename a/x.py .h; mkdir a/done; sync a; mkdir a/done/old; sync a/done; "
		     "rename a/.h x.py; sync a/done/old; sync a; ");
	/* The one before us was killed where nothing of that was synced. */
	ck_assert_int_eq(dispose(&w, &fx), 0);
	ck_assert_str_eq(w.q.item[0].u.disposed.moved_to, "x.py");
	assert_calls("sync a/done/old; sync a; ");
	order_close(&w);
}
END_TEST

/* Where it has come to must not be forgotten for that. */
START_TEST(test_moved_before_without_descriptors)
{
	struct world w;

	order_open(&w);
	struct fx_dispose fx = input_of(&w, AFTER_MOVE, "done");
	ck_assert_int_eq(dispose(&w, &fx), 0);
	const rlim_t limit = limit_descriptors(0);
	ck_assert_int_eq(dispose(&w, &fx), EMFILE);
	limit_descriptors(limit);
	ck_assert_int_eq(dispose(&w, &fx), 0);
	ck_assert_str_eq(w.q.item[0].u.disposed.moved_to, "x.py");
	order_close(&w);
}
END_TEST

/* A life that was killed made the directories, and nobody knows whether they were synced. */
START_TEST(test_move_into_what_is_there)
{
	struct world w;

	order_open(&w);
	struct fx_dispose fx = input_of(&w, AFTER_MOVE, "done/old");
	ck_assert_int_eq(mkdir(at(&w, "a/done"), 0755), 0);
	ck_assert_int_eq(mkdir(at(&w, "a/done/old"), 0755), 0);
	broken = stat_of(&w, "a/done").st_ino;
	ck_assert_int_eq(dispose(&w, &fx), EIO);
	assert_calls("sync a; sync a/done; ");
	ck_assert_int_eq(dispose(&w, &fx), 0);
	assert_calls("sync a; sync a/done; rename a/x.py .h; rename a/.h x.py; sync a/done/old; "
		     "sync a; ");
	/* Once. */
	fx = input_of(&w, AFTER_MOVE, "done/old");
	ck_assert_int_eq(dispose(&w, &fx), 0);
	assert_calls("rename a/x.py .h; rename a/.h x.py.1; sync a/done/old; sync a; ");
	order_close(&w);
}
END_TEST

/* What was found back and cannot be synced has not gone its way. */
START_TEST(test_not_moved_and_not_synced)
{
	struct world w;

	order_open(&w);
	struct fx_dispose fx = input_of(&w, AFTER_MOVE, w.a);
	broken = stat_of(&w, "a").st_ino;
	ck_assert_int_eq(dispose(&w, &fx), EIO);
	ck_assert_int_eq(dispose(&w, &fx), ELOOP);
	check_text(&w, "a/x.py", "ran");
	order_close(&w);
}
END_TEST

/* ---- the ledger ---------------------------------------------------------------------------- */

/* A start that was killed has made its directory, and no more. */
START_TEST(test_ledger)
{
	struct world w;
	struct buf error;
	struct ledger *l;

	order_open(&w);
	buf_init(&error, 1000);
	ck_assert_int_eq(mkdir(at(&w, "state"), 0700), 0);
	for (int i = 0; i < 2; i++) {
		l = ledger_open(at(&w, "state"), &error);
		ck_assert_msg(l != NULL, "%s", error.data);
		ck_assert_ptr_nonnull(strstr(calls.data, "sync state; "));
		ck_assert_int_eq(strstr(calls.data, "sync .; ") != NULL, i == 0);
		ledger_close(l);
		buf_reset(&calls);
	}
	buf_fini(&error);
	order_close(&w);
}
END_TEST

/* ---- results ------------------------------------------------------------------------------- */

static int append(struct world *w, const char *text)
{
	const struct fx_append fx = {
		.job = 7, .part = 1, .data = { .p = text, .n = strlen(text) }
	};

	world_take(w);
	output_append(spools_dirfd(w->s, 0), &fx, &w->q);
	return w->q.item[0].u.appended.err;
}

static int stage_part(struct world *w)
{
	const struct result_file file[] = {
		{ .name = "x.py.out", .part = 1, .part_bytes = 4, .data = { .p = "", .n = 0 } },
		{ .name = "x.py.json", .data = { .p = "{}", .n = 2 } },
	};
	const struct fx_stage fx = { .job = 7,
		.file = file,
		.count = ARRAY_LEN(file),
		.input = { .uid = geteuid(), .gid = getegid(), .mode = S_IFREG | 0644 } };

	world_take(w);
	output_stage(spools_dirfd(w->s, 0), &fx, &w->q);
	return w->q.item[0].u.staged.err;
}

/* The second sync of a file whose first one failed says that all is well, and writes nothing. */
START_TEST(test_a_part_that_cannot_be_synced)
{
	struct world w;

	order_open(&w);
	ck_assert_int_eq(append(&w, "said"), 0);
	broken = stat_of(&w, "a/.sparkspool-7-p1.tmp").st_ino;
	ck_assert_int_eq(stage_part(&w), EIO);
	ck_assert_int_eq(stage_part(&w), ENOENT); /* which makes the core fetch it again */
	ck_assert_int_eq(append(&w, "said"), 0);
	ck_assert_int_eq(stage_part(&w), 0);
	check_text(&w, "a/.sparkspool-7-p1.tmp", "said");
	order_close(&w);
}
END_TEST

/* Results in directories: two, and the record. */
#define FILES 4
struct results {
	struct out_file file[FILES];
};

static const char *const names[FILES] = { "x.py.files/a/1", "x.py.files/a/2", "x.py.files/b",
	"x.py.json" };

static void stage_files(struct world *w, uint64_t job, struct results *r)
{
	struct result_file file[FILES];
	struct fx_stage fx = { .job = job,
		.file = file,
		.count = FILES,
		.input = { .uid = geteuid(), .gid = getegid(), .mode = S_IFREG | 0644 } };

	for (size_t i = 0; i < FILES; i++)
		file[i] = (struct result_file){ .name = names[i], .data = { .p = "", .n = 0 } };
	world_take(w);
	output_stage(spools_dirfd(w->s, 0), &fx, &w->q);
	ck_assert_int_eq(w->q.item[0].u.staged.err, 0);
	for (size_t i = 0; i < FILES; i++) {
		r->file[i] = w->q.item[0].u.staged.file[i];
		r->file[i].name = names[i];
		r->file[i].tmp = xstrdup(r->file[i].tmp);
	}
	buf_reset(&calls);
}

static void forget_files(struct results *r)
{
	for (size_t i = 0; i < FILES; i++)
		free((char *)(uintptr_t)r->file[i].tmp);
}

static int publish(
    struct world *w, uint64_t job, const struct results *r, const struct results *old)
{
	struct fx_publish fx = { .job = job, .file = r->file, .count = FILES };

	if (old != NULL) {
		fx.old = old->file;
		fx.old_count = FILES;
	}
	world_take(w);
	output_publish(spools_dirfd(w->s, 0), &fx, &w->q);
	return w->q.item[0].u.published.err;
}

/* The files of job 7, in directories that are there for good. */
#define PLACED                                                                                     \
	"rename a/.sparkspool-7-0.tmp 1; rename a/.sparkspool-7-1.tmp 2; "                         \
	"sync a/x.py.files/a; rename a/.sparkspool-7-2.tmp b; sync a/x.py.files; "                 \
	"sync a; rename a/.sparkspool-7-3.tmp x.py.json; sync a; "

START_TEST(test_publish)
{
	struct world w;
	struct results r;

	order_open(&w);
	stage_files(&w, 7, &r);
	ck_assert_int_eq(publish(&w, 7, &r, NULL), 0);
	/* Nothing lies in a directory before its name is sure, no record before all the others. */
	assert_calls("mkdir a/.sparkspool-7-dir.tmp; sync a/.sparkspool-7-dir.tmp; "
		     "rename a/.sparkspool-7-dir.tmp x.py.files; sync a; "
		     "mkdir a/.sparkspool-7-dir.tmp; sync a/.sparkspool-7-dir.tmp; "
		     "rename a/.sparkspool-7-dir.tmp a; sync a/x.py.files; " PLACED);
	forget_files(&r);
	order_close(&w);
}
END_TEST

/* An attempt was killed when it had just made it. */
START_TEST(test_publish_into_what_is_there)
{
	struct world w;
	struct results r;

	order_open(&w);
	stage_files(&w, 7, &r);
	ck_assert_int_eq(mkdir(at(&w, "a/x.py.files"), 0755), 0);
	ck_assert_int_eq(mkdir(at(&w, "a/x.py.files/a"), 0755), 0);
	broken = stat_of(&w, "a/x.py.files").st_ino;
	ck_assert_int_eq(publish(&w, 7, &r, NULL), EIO);
	assert_calls("sync a; sync a/x.py.files; ");
	ck_assert_int_eq(publish(&w, 7, &r, NULL), 0);
	assert_calls("sync a; sync a/x.py.files; " PLACED);
	forget_files(&r);
	order_close(&w);
}
END_TEST

/* An attempt was killed when it had removed the old ones in the directory, and a user's file keeps that. */
START_TEST(test_old_ones_that_are_gone)
{
	struct world w;
	struct results r, old;

	order_open(&w);
	stage_files(&w, 6, &old);
	ck_assert_int_eq(publish(&w, 6, &old, NULL), 0);
	stage_files(&w, 7, &r);
	put_text(&w, "a/x.py.files/a/mine", "");
	ck_assert_int_eq(unlink(at(&w, "a/x.py.json")), 0);
	ck_assert_int_eq(unlink(at(&w, "a/x.py.files/b")), 0);
	ck_assert_int_eq(unlink(at(&w, "a/x.py.files/a/2")), 0);
	ck_assert_int_eq(unlink(at(&w, "a/x.py.files/a/1")), 0);
	ck_assert_int_eq(publish(&w, 7, &r, &old), 0);
	ck_assert_ptr_nonnull(calls.data);
	calls.data[strcspn(calls.data, "r")] = '\0'; /* up to the first rename */
	ck_assert_str_eq(calls.data, "sync a; sync a/x.py.files; sync a/x.py.files/a; "
				     "sync a/x.py.files; sync a; sync a; sync a/x.py.files; ");
	forget_files(&r);
	forget_files(&old);
	order_close(&w);
}
END_TEST

/* The same of results that are too old. */
START_TEST(test_expired_ones_that_are_gone)
{
	struct world w;
	struct results old;
	struct old_job job = { .job = 6, .file = old.file, .count = FILES };
	const struct fx_expire fx = { .job = &job, .count = 1 };

	order_open(&w);
	stage_files(&w, 6, &old);
	ck_assert_int_eq(publish(&w, 6, &old, NULL), 0);
	put_text(&w, "a/x.py.files/mine", "");
	ck_assert_int_eq(unlink(at(&w, "a/x.py.files/b")), 0);
	world_take(&w);
	buf_reset(&calls);
	output_expire(spools_dirfd(w.s, 0), &fx, &w.q);
	ck_assert_int_eq(w.q.item[0].u.expired.job[0].fate, OLD_GONE);
	assert_calls("unlink a/x.py.json; sync a/x.py.files; unlink a/x.py.files/a/2; "
		     "unlink a/x.py.files/a/1; sync a/x.py.files/a; unlink a/x.py.files/a; "
		     "sync a/x.py.files; sync a; ");
	forget_files(&old);
	order_close(&w);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("order");
	TCase *t = tcase_create("inputs");

	tcase_add_test(t, test_read);
	tcase_add_test(t, test_look);
	tcase_add_test(t, test_look_without_descriptors);
	tcase_add_test(t, test_scan);
	tcase_add_test(t, test_scan_that_cannot_be_synced);
	tcase_add_test(t, test_delete);
	tcase_add_test(t, test_delete_that_cannot_be_synced);
	tcase_add_test(t, test_move);
	tcase_add_test(t, test_moved_before_without_descriptors);
	tcase_add_test(t, test_move_into_what_is_there);
	tcase_add_test(t, test_not_moved_and_not_synced);
	suite_add_tcase(suite, t);
	t = tcase_create("ledger");
	tcase_add_test(t, test_ledger);
	suite_add_tcase(suite, t);
	t = tcase_create("results");
	tcase_add_test(t, test_a_part_that_cannot_be_synced);
	tcase_add_test(t, test_publish);
	tcase_add_test(t, test_publish_into_what_is_there);
	tcase_add_test(t, test_old_ones_that_are_gone);
	tcase_add_test(t, test_expired_ones_that_are_gone);
	suite_add_tcase(suite, t);
	return help_run(suite);
}
