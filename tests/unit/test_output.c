/* Tests of edge/output: complete or not at all, never wider than the input, from every state. */
#include "edge/output.h"
#include "spoolhelp.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <unistd.h>

/* The spool's own inotify tells in which order names appear. */
static int open_dir(struct world *w)
{
	world_open(w, 1);
	return spools_dirfd(w->s, 0);
}

/* How many entries there are, or regular files alone; hidden ones too. */
static size_t entries(const struct world *w, bool files_only)
{
	DIR *list = opendir(w->a);
	const struct dirent *entry;
	size_t n = 0;

	ck_assert_ptr_nonnull(list);
	while ((entry = readdir(list)) != NULL)
		if (!str_eq(entry->d_name, ".") && !str_eq(entry->d_name, ".."))
			n += !files_only || entry->d_type == DT_REG;
	closedir(list);
	return n;
}

/* ---- stage --------------------------------------------------------------------------------- */

#define TEXT(s)                                                                                    \
	{                                                                                          \
		.p = (s), .n = sizeof(s) - 1                                                       \
	}

static const struct result_file three[] = {
	{ .name = "x.py.out", .data = TEXT("out\0put\n") },
	{ .name = "x.py.err", .data = { .p = NULL, .n = 0 } },
	{ .name = "x.py.json", .data = TEXT("{}\n") },
};

static struct fx_stage stage_of(const struct result_file *file, size_t count)
{
	return (struct fx_stage){
		.job = 42,
		.file = file,
		.count = count,
		.input = { .uid = geteuid(), .gid = getegid(), .mode = S_IFREG | 0644 },
	};
}

static const struct ev_staged *stage(struct world *w, int dir, const struct fx_stage *fx)
{
	world_take(w);
	output_stage(dir, fx, &w->q);
	ck_assert_uint_eq(w->q.count, 1);
	ck_assert_int_eq(w->q.item[0].type, EV_STAGED);
	ck_assert_uint_eq(w->q.item[0].u.staged.job, fx->job);
	return &w->q.item[0].u.staged;
}

static void assert_not_staged(struct world *w, int dir, const struct fx_stage *fx, int err)
{
	const struct ev_staged *ev = stage(w, dir, fx);

	ck_assert_msg(ev->err == err, "%s", strerrorname_np(ev->err));
	ck_assert_uint_eq(ev->count, 0);
}

START_TEST(test_stage)
{
	struct world w;
	struct fx_stage fx = stage_of(three, 3);
	int dir = open_dir(&w);
	const struct ev_staged *ev = stage(&w, dir, &fx);
	char path[100], *data;
	size_t len;

	ck_assert_int_eq(ev->err, 0);
	ck_assert_uint_eq(ev->count, 3);
	ck_assert_uint_eq(entries(&w, false), 3);
	for (size_t i = 0; i < 3; i++) {
		ck_assert_str_eq(ev->file[i].name, three[i].name);
		snprintf(path, sizeof(path), ".sparkspool-42-%zu.tmp", i);
		ck_assert_str_eq(ev->file[i].tmp, path);
		snprintf(path, sizeof(path), "a/.sparkspool-42-%zu.tmp", i);
		ck_assert_uint_eq(ev->file[i].ino, stat_of(&w, path).st_ino);
		ck_assert_uint_eq(stat_of(&w, path).st_mode, S_IFREG | 0644);
		data = help_read_file(at(&w, path), &len);
		ck_assert_uint_eq(len, three[i].data.n);
		if (len > 0)
			ck_assert_mem_eq(data, three[i].data.p, len);
		free(data);
	}
	/* Nobody who watches has seen anything. */
	ck_assert_str_eq(world_pump(&w), "");
	world_close(&w);
}
END_TEST

START_TEST(test_stage_nothing_and_much)
{
	struct world w;
	size_t size = (5 << 20) + 1, len;
	char *big = xmalloc(size), *data;
	struct result_file file = { .name = "x.py.out", .data = { .p = big, .n = size } };
	struct fx_stage fx = stage_of(&file, 0);
	int dir = open_dir(&w);

	ck_assert_int_eq(stage(&w, dir, &fx)->err, 0);
	ck_assert_uint_eq(entries(&w, false), 0);
	memset(big, 'x', size);
	fx.count = 1;
	ck_assert_int_eq(stage(&w, dir, &fx)->err, 0);
	data = help_read_file(at(&w, "a/.sparkspool-42-0.tmp"), &len);
	ck_assert_uint_eq(len, size);
	ck_assert_mem_eq(data, big, size);
	free(data);
	free(big);
	world_close(&w);
}
END_TEST

START_TEST(test_stage_over_a_leftover)
{
	struct world w;
	struct fx_stage fx = stage_of(three, 3);
	int dir = open_dir(&w);

	put_text(&w, "a/.sparkspool-42-0.tmp", "half of it, but longer than the whole");
	/* Somebody's trap: the link goes, what it leads to is not touched. */
	put_text(&w, "victim", "kept");
	ck_assert_int_eq(symlink("../victim", at(&w, "a/.sparkspool-42-2.tmp")), 0);
	ck_assert_int_eq(stage(&w, dir, &fx)->err, 0);
	ck_assert_int_eq(stat_of(&w, "a/.sparkspool-42-0.tmp").st_size, 8);
	check_text(&w, "a/.sparkspool-42-2.tmp", "{}\n");
	check_text(&w, "victim", "kept");
	/* As often as it is asked for. */
	ck_assert_int_eq(stage(&w, dir, &fx)->err, 0);
	ck_assert_uint_eq(entries(&w, false), 3);
	world_close(&w);
}
END_TEST

START_TEST(test_stage_leaves_nothing_behind)
{
	const struct result_file last_is_bad[] = { three[0], three[1], { .name = "../x" } };
	struct world w;
	struct fx_stage fx = stage_of(three, 3);
	int dir = open_dir(&w);

	/* The last one cannot be made: the first two go as well. */
	fx.file = last_is_bad;
	assert_not_staged(&w, dir, &fx, EINVAL);
	ck_assert_uint_eq(entries(&w, false), 0);
	fx.file = three;
	assert_not_staged(&w, -1, &fx, ENODEV);
	ck_assert_int_eq(rmdir(w.a), 0);
	assert_not_staged(&w, dir, &fx, ENOENT);
	world_close(&w);
}
END_TEST

START_TEST(test_stage_on_a_full_disk)
{
	struct world w;
	size_t size = 2 << 20;
	char *big = xcalloc(1, size);
	struct result_file file[] = { three[0], { .name = "b", .data = { .p = big, .n = size } },
		three[2] };
	struct fx_stage fx = stage_of(file, 3);
	int dir;

	world_open(&w, 1);
	if (!skip_unless_root() && !skip_unless_forked() && mount_tmpfs(w.a, "size=1m")) {
		dir = open(w.a, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		assert_not_staged(&w, dir, &fx, ENOSPC);
		ck_assert_uint_eq(entries(&w, false), 0);
		/* What fits is written. */
		file[1].data.n = 1000;
		ck_assert_int_eq(stage(&w, dir, &fx)->err, 0);
		ck_assert_uint_eq(entries(&w, false), 3);
		close(dir);
		ck_assert_int_eq(umount2(w.a, MNT_DETACH), 0);
	}
	free(big);
	world_close(&w);
}
END_TEST

START_TEST(test_stage_without_inodes)
{
	struct world w;
	struct fx_stage fx = stage_of(three, 3);
	int dir;

	world_open(&w, 1);
	/* The root is one of the three: there is none left for the third file. */
	if (!skip_unless_root() && !skip_unless_forked() && mount_tmpfs(w.a, "nr_inodes=3")) {
		dir = open(w.a, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		assert_not_staged(&w, dir, &fx, ENOSPC);
		ck_assert_uint_eq(entries(&w, false), 0);
		close(dir);
		ck_assert_int_eq(umount2(w.a, MNT_DETACH), 0);
	}
	world_close(&w);
}
END_TEST

START_TEST(test_stage_beyond_a_limit)
{
	struct world w;
	struct rlimit limit;
	struct fx_stage fx = stage_of(three, 3);
	int dir = open_dir(&w);

	if (!skip_unless_forked()) {
		/* The first write is a short one, the second fails. */
		ck_assert(signal(SIGXFSZ, SIG_IGN) != SIG_ERR);
		ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &limit), 0);
		limit.rlim_cur = 5;
		ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
		assert_not_staged(&w, dir, &fx, EFBIG);
		ck_assert_uint_eq(entries(&w, false), 0);
	}
	world_close(&w);
}
END_TEST

START_TEST(test_stage_modes)
{
	static const struct {
		mode_t input, result;
	} t[] = { { 0644, 0644 }, { 0600, 0600 }, { 0755, 0644 }, { 06777, 0666 }, { 0440, 0440 },
		{ 0000, 0000 }, { 0111, 0000 }, { 0604, 0604 } };
	struct world w;
	int dir = open_dir(&w);
	mode_t mask = umask(077);

	for (size_t i = 0; i < ARRAY_LEN(t); i++) {
		struct fx_stage fx = stage_of(three, 1);

		fx.input.mode = S_IFREG | t[i].input;
		ck_assert_int_eq(stage(&w, dir, &fx)->err, 0);
		ck_assert_uint_eq(
		    stat_of(&w, "a/.sparkspool-42-0.tmp").st_mode, S_IFREG | t[i].result);
	}
	umask(mask);
	world_close(&w);
}
END_TEST

static struct stat stage_as(struct world *w, int dir, uid_t uid, gid_t gid, mode_t mode)
{
	struct fx_stage fx = stage_of(three, 1);
	int err;

	fx.input = (struct ident){ .uid = 1234, .gid = 2345, .mode = S_IFREG | mode };
	ck_assert_int_eq(setegid(gid), 0);
	ck_assert_int_eq(seteuid(uid), 0);
	err = stage(w, dir, &fx)->err;
	ck_assert_int_eq(seteuid(0), 0);
	ck_assert_int_eq(setegid(0), 0);
	ck_assert_int_eq(err, 0);
	return stat_of(w, "a/.sparkspool-42-0.tmp");
}

START_TEST(test_stage_for_another)
{
	struct world w;
	struct stat st;
	int dir = open_dir(&w);

	if (skip_unless_root())
		goto out;
	ck_assert_int_eq(chmod(w.a, 0777), 0);
	/* root gives it away whole. */
	st = stage_as(&w, dir, 0, 0, 0664);
	ck_assert_uint_eq(st.st_uid, 1234);
	ck_assert_uint_eq(st.st_gid, 2345);
	ck_assert_uint_eq(st.st_mode & 07777, 0664);
	/* A daemon of the input's group gives it to the group. */
	st = stage_as(&w, dir, 4321, 2345, 0664);
	ck_assert_uint_eq(st.st_uid, 4321);
	ck_assert_uint_eq(st.st_gid, 2345);
	ck_assert_uint_eq(st.st_mode & 07777, 0664);
out:
	world_close(&w);
}
END_TEST

START_TEST(test_stage_never_wider)
{
	static const struct {
		mode_t input, result;
	} t[] = { { 0640, 0600 }, { 0660, 0600 }, { 0664, 0644 }, { 0666, 0666 }, { 0646, 0646 },
		{ 0644, 0644 }, { 0604, 0604 } };
	struct world w;
	struct stat st;
	int dir = open_dir(&w);

	if (skip_unless_root())
		goto out;
	/* Our own group has no business there: it gets what everybody has, and no more than the
	 * input's group had. */
	ck_assert_int_eq(chmod(w.a, 0777), 0);
	for (size_t i = 0; i < ARRAY_LEN(t); i++) {
		st = stage_as(&w, dir, 4321, 4321, t[i].input);
		ck_assert_uint_eq(st.st_uid, 4321);
		ck_assert_uint_eq(st.st_gid, 4321);
		ck_assert_uint_eq(st.st_mode & 07777, t[i].result);
	}
out:
	world_close(&w);
}
END_TEST

START_TEST(test_stage_in_a_setgid_directory)
{
	struct world w;
	struct stat st;
	int dir = open_dir(&w);

	if (skip_unless_root())
		goto out;
	/* The way for a daemon that may not change groups: the directory gives it. */
	ck_assert_int_eq(chown(w.a, 0, 2345), 0);
	ck_assert_int_eq(chmod(w.a, 02777), 0);
	st = stage_as(&w, dir, 4321, 4321, 0660);
	ck_assert_uint_eq(st.st_gid, 2345);
	ck_assert_uint_eq(st.st_mode & 07777, 0660);
out:
	world_close(&w);
}
END_TEST

/* ---- parts --------------------------------------------------------------------------------- */

static const char p1[] = "a/.sparkspool-42-p1.tmp";

static const struct ev_appended *append_bytes(
    struct world *w, int dir, unsigned part, int64_t at, struct bytes data)
{
	struct fx_append fx = { .job = 42, .part = part, .at = at, .data = data };

	world_take(w);
	output_append(dir, &fx, &w->q);
	ck_assert_uint_eq(w->q.count, 1);
	ck_assert_int_eq(w->q.item[0].type, EV_APPENDED);
	ck_assert_uint_eq(w->q.item[0].u.appended.job, 42);
	ck_assert_uint_eq(w->q.item[0].u.appended.part, part);
	return &w->q.item[0].u.appended;
}

static void append(struct world *w, int dir, unsigned part, int64_t at, const char *text)
{
	struct bytes data = { .p = text, .n = strlen(text) };
	const struct ev_appended *ev = append_bytes(w, dir, part, at, data);

	ck_assert_msg(ev->err == 0, "%s", strerrorname_np(ev->err));
	ck_assert_int_eq(ev->at, at + (int64_t)strlen(text));
}

static void assert_not_appended(struct world *w, int dir, int64_t at, int err)
{
	const struct ev_appended *ev =
	    append_bytes(w, dir, 1, at, (struct bytes){ .p = "more", .n = 4 });

	ck_assert_msg(ev->err == err, "%s", strerrorname_np(ev->err));
}

START_TEST(test_append)
{
	struct world w;
	int dir = open_dir(&w);
	mode_t mask = umask(0);
	char *data;
	size_t len;

	append(&w, dir, 1, 0, "one\n");
	append(&w, dir, 2, 0, "");
	append(&w, dir, 1, 4, "two\n");
	append(&w, dir, 1, 8, "");
	ck_assert_int_eq(
	    append_bytes(&w, dir, 1, 8, (struct bytes){ .p = "\0\xff", .n = 2 })->at, 10);
	umask(mask);
	data = help_read_file(at(&w, p1), &len);
	ck_assert_uint_eq(len, 10);
	ck_assert_mem_eq(data, "one\ntwo\n\0\xff", 10);
	free(data);
	/* Nobody's but ours until it is a result, and nobody has seen it. */
	ck_assert_uint_eq(stat_of(&w, p1).st_mode, S_IFREG | 0600);
	ck_assert_int_eq(stat_of(&w, "a/.sparkspool-42-p2.tmp").st_size, 0);
	ck_assert_uint_eq(entries(&w, false), 2);
	ck_assert_str_eq(world_pump(&w), "");
	world_close(&w);
}
END_TEST

START_TEST(test_append_begins_anew)
{
	struct world w;
	int dir = open_dir(&w);

	put_text(&w, p1, "of an earlier life");
	append(&w, dir, 1, 0, "new");
	check_text(&w, p1, "new");
	append(&w, dir, 1, 3, "er");
	append(&w, dir, 1, 0, "newest");
	check_text(&w, p1, "newest");
	/* A trap: the link goes, what it leads to is not touched. */
	put_text(&w, "victim", "kept");
	ck_assert_int_eq(unlinkat(dir, p1 + 2, 0), 0);
	ck_assert_int_eq(symlink("../victim", at(&w, p1)), 0);
	append(&w, dir, 1, 0, "mine");
	ck_assert_uint_eq(stat_of(&w, p1).st_mode, S_IFREG | 0600);
	/* A second link: what somebody keeps of it stays as it is. */
	ck_assert_int_eq(link(at(&w, p1), at(&w, "kept")), 0);
	append(&w, dir, 1, 0, "again");
	check_text(&w, "kept", "mine");
	check_text(&w, p1, "again");
	check_text(&w, "victim", "kept");
	world_close(&w);
}
END_TEST

START_TEST(test_append_to_something_else)
{
	struct world w;
	int dir = open_dir(&w);

	assert_not_appended(&w, dir, 3, ENOENT);
	append(&w, dir, 1, 0, "abc");
	assert_not_appended(&w, dir, 2, ESTALE);
	assert_not_appended(&w, dir, 4, ESTALE);
	ck_assert_int_eq(link(at(&w, p1), at(&w, "a/second")), 0);
	assert_not_appended(&w, dir, 3, ESTALE);
	ck_assert_int_eq(unlink(at(&w, "a/second")), 0);
	check_text(&w, p1, "abc");
	/* A link, and what nobody reads, are not waited for. */
	ck_assert_int_eq(rename(at(&w, p1), at(&w, "a/abc")), 0);
	ck_assert_int_eq(symlink("abc", at(&w, p1)), 0);
	assert_not_appended(&w, dir, 3, ELOOP);
	check_text(&w, "a/abc", "abc");
	ck_assert_int_eq(unlink(at(&w, p1)), 0);
	ck_assert_int_eq(mkfifo(at(&w, p1), 0600), 0);
	assert_not_appended(&w, dir, 3, ENXIO);
	ck_assert_int_eq(unlink(at(&w, p1)), 0);
	ck_assert_int_eq(mkdir(at(&w, p1), 0700), 0);
	assert_not_appended(&w, dir, 3, EISDIR);
	assert_not_appended(&w, -1, 0, ENODEV);
	world_close(&w);
}
END_TEST

START_TEST(test_append_to_somebodys)
{
	struct world w;
	int dir = open_dir(&w);

	if (skip_unless_root())
		goto out;
	/* As long as ours, and readable by whoever put it there. */
	append(&w, dir, 1, 0, "abc");
	ck_assert_int_eq(chown(at(&w, p1), 1234, (gid_t)-1), 0);
	assert_not_appended(&w, dir, 3, ESTALE);
	check_text(&w, p1, "abc");
	ck_assert_uint_eq(entries(&w, false), 1);
out:
	world_close(&w);
}
END_TEST

/* As on a server that takes root for nobody: what we make belongs to somebody else. */
START_TEST(test_append_where_owners_are_mapped)
{
	struct world w;
	int dir = open_dir(&w);
	struct result_file file[] = { { .name = "x.py.out", .part = 1, .part_bytes = 6 },
		three[2] };
	struct fx_stage fx = stage_of(file, 2);
	int err;

	if (skip_unless_root())
		goto out;
	ck_assert_int_eq(chmod(w.a, 0777), 0);
	setfsuid(4321);
	append(&w, dir, 1, 0, "abc");
	append(&w, dir, 1, 3, "def");
	err = stage(&w, dir, &fx)->err;
	setfsuid(0);
	ck_assert_int_eq(err, 0);
	ck_assert_int_eq(stat_of(&w, p1).st_size, 6);
	ck_assert_uint_eq(entries(&w, false), 2);
out:
	world_close(&w);
}
END_TEST

START_TEST(test_append_on_a_full_disk)
{
	struct world w;
	size_t size = 2 << 20;
	struct bytes big = { .p = xcalloc(1, size), .n = size };
	int dir;

	world_open(&w, 1);
	if (!skip_unless_root() && !skip_unless_forked() && mount_tmpfs(w.a, "size=1m")) {
		dir = open(w.a, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		ck_assert_int_eq(append_bytes(&w, dir, 1, 0, big)->err, ENOSPC);
		ck_assert_uint_eq(entries(&w, false), 0);
		append(&w, dir, 1, 0, "abc");
		ck_assert_int_eq(append_bytes(&w, dir, 1, 3, big)->err, ENOSPC);
		/* As long as before: the same piece may come again when there is room. */
		append(&w, dir, 1, 3, "def");
		check_text(&w, p1, "abcdef");
		close(dir);
		ck_assert_int_eq(umount2(w.a, MNT_DETACH), 0);
	}
	free((char *)(uintptr_t)big.p);
	world_close(&w);
}
END_TEST

/* Ten bytes of output, of which eight count, and a line behind them; a table; the record. */
static const struct result_file parts[] = {
	{ .name = "x.py.out", .part = 1, .part_bytes = 8, .data = TEXT("cut\n") },
	{ .name = "x.py.err", .data = TEXT("") },
	{ .name = "x.py.csv", .part = 3, .part_bytes = 0 },
	{ .name = "x.py.json", .data = TEXT("{}\n") },
};

static int open_parts(struct world *w)
{
	int dir = open_dir(w);

	append(w, dir, 1, 0, "one\ntwo\nth");
	append(w, dir, 2, 0, "nobody wants it");
	append(w, dir, 3, 0, "1,2");
	return dir;
}

static void assert_parts_staged(struct world *w, const struct ev_staged *ev)
{
	static const char *const tmp[] = { ".sparkspool-42-p1.tmp", ".sparkspool-42-1.tmp",
		".sparkspool-42-p3.tmp", ".sparkspool-42-3.tmp" };

	ck_assert_msg(ev->err == 0, "%s", strerrorname_np(ev->err));
	ck_assert_uint_eq(ev->count, 4);
	for (size_t i = 0; i < 4; i++) {
		char path[100];

		ck_assert_str_eq(ev->file[i].name, parts[i].name);
		ck_assert_str_eq(ev->file[i].tmp, tmp[i]);
		snprintf(path, sizeof(path), "a/%s", tmp[i]);
		ck_assert_uint_eq(ev->file[i].ino, stat_of(w, path).st_ino);
	}
	check_text(w, p1, "one\ntwo\ncut\n");
	check_text(w, "a/.sparkspool-42-p3.tmp", "");
	check_text(w, "a/.sparkspool-42-3.tmp", "{}\n");
	ck_assert_uint_eq(entries(w, false), 4);
}

START_TEST(test_stage_parts)
{
	struct world w;
	struct fx_stage fx = stage_of(parts, 4);
	int dir = open_parts(&w);
	uint64_t ino = stat_of(&w, p1).st_ino;

	/* The same again after a crash: the same bytes, in the same file. */
	for (int i = 0; i < 3; i++) {
		assert_parts_staged(&w, stage(&w, dir, &fx));
		ck_assert_uint_eq(stat_of(&w, p1).st_ino, ino);
		ck_assert_uint_eq(stat_of(&w, p1).st_mode, S_IFREG | 0644);
	}
	ck_assert_str_eq(world_pump(&w), "");
	world_close(&w);
}
END_TEST

START_TEST(test_stage_parts_again_for_another)
{
	struct world w;
	struct fx_stage fx = stage_of(parts, 4);
	int dir = open_parts(&w);

	if (skip_unless_root())
		goto out;
	fx.input = (struct ident){ .uid = 1234, .gid = 2345, .mode = S_IFREG | 0640 };
	for (int i = 0; i < 2; i++) {
		assert_parts_staged(&w, stage(&w, dir, &fx));
		ck_assert_uint_eq(stat_of(&w, p1).st_uid, 1234);
		ck_assert_uint_eq(stat_of(&w, p1).st_gid, 2345);
		ck_assert_uint_eq(stat_of(&w, p1).st_mode, S_IFREG | 0640);
	}
out:
	world_close(&w);
}
END_TEST

START_TEST(test_stage_parts_again_without_rights)
{
	static const mode_t mode[] = { 0440, 0400, 0000 };
	struct world w;
	struct fx_stage fx = stage_of(parts, 4);
	int dir = open_parts(&w), err[2];

	if (skip_unless_root())
		goto out;
	/* What a daemon that is not root has staged for a file that is only to be read. */
	ck_assert_int_eq(chmod(w.dir, 0755), 0);
	ck_assert_int_eq(chown(w.a, 4321, (gid_t)-1), 0);
	ck_assert_int_eq(chown(at(&w, p1), 4321, (gid_t)-1), 0);
	ck_assert_int_eq(chown(at(&w, "a/.sparkspool-42-p2.tmp"), 4321, (gid_t)-1), 0);
	ck_assert_int_eq(chown(at(&w, "a/.sparkspool-42-p3.tmp"), 4321, (gid_t)-1), 0);
	for (size_t i = 0; i < ARRAY_LEN(mode); i++) {
		fx.input = (struct ident){ .uid = 1234, .gid = 0, .mode = S_IFREG | mode[i] };
		ck_assert_int_eq(seteuid(4321), 0);
		err[0] = stage(&w, dir, &fx)->err;
		err[1] = stage(&w, dir, &fx)->err;
		ck_assert_int_eq(seteuid(0), 0);
		ck_assert_int_eq(err[0], 0);
		assert_parts_staged(&w, &w.q.item[0].u.staged);
		ck_assert_uint_eq(stat_of(&w, p1).st_mode, S_IFREG | mode[i]);
	}
out:
	world_close(&w);
}
END_TEST

/* Each takes the first part away, or what makes it a part. */
static void make_missing(const struct world *w)
{
	(void)w;
}

static void make_short(const struct world *w)
{
	put_text(w, p1, "1234567");
}

static void make_link(const struct world *w)
{
	put_text(w, "victim", "one\ntwo\nth");
	ck_assert_int_eq(symlink("../victim", at(w, p1)), 0);
}

static void make_hard_link(const struct world *w)
{
	put_text(w, "victim", "one\ntwo\nth");
	ck_assert_int_eq(link(at(w, "victim"), at(w, p1)), 0);
}

static void make_fifo(const struct world *w)
{
	ck_assert_int_eq(mkfifo(at(w, p1), 0600), 0);
}

static void make_directory(const struct world *w)
{
	ck_assert_int_eq(mkdir(at(w, p1), 0700), 0);
}

static void make_somebodys(const struct world *w)
{
	if (skip_unless_root())
		return;
	put_text(w, p1, "one\ntwo\nth");
	ck_assert_int_eq(chown(at(w, p1), 4321, (gid_t)-1), 0);
}

static void (*const no_part[])(const struct world *w) = {
	make_missing,
	make_short,
	make_link,
	make_hard_link,
	make_fifo,
	make_directory,
	make_somebodys,
};

START_TEST(test_stage_without_a_part)
{
	struct world w;
	struct result_file file[] = { parts[2], parts[1], parts[0], parts[3] };
	struct fx_stage fx = stage_of(file, 4);
	int dir = open_parts(&w);

	ck_assert_int_eq(unlink(at(&w, p1)), 0);
	no_part[_i](&w);
	assert_not_staged(&w, dir, &fx, ENOENT);
	if (exists(&w, "victim"))
		check_text(&w, "victim", "one\ntwo\nth");
	/* The other parts are there, nothing else is. */
	ck_assert(exists(&w, "a/.sparkspool-42-p2.tmp"));
	ck_assert(exists(&w, "a/.sparkspool-42-p3.tmp"));
	ck_assert_uint_eq(entries(&w, false), 2 + (size_t)exists(&w, p1));
	/* It begins anew, and all is well. */
	if (exists(&w, p1) && S_ISDIR(stat_of(&w, p1).st_mode))
		ck_assert_int_eq(rmdir(at(&w, p1)), 0);
	append(&w, dir, 1, 0, "one\ntwo\nth");
	append(&w, dir, 3, 0, "1,2");
	if (no_part[_i] == make_somebodys && geteuid() == 0)
		ck_assert_uint_ne(remove_set_aside(&w, p1 + 2), 0);
	fx.file = parts;
	assert_parts_staged(&w, stage(&w, dir, &fx));
	world_close(&w);
}
END_TEST

START_TEST(test_stage_drops_what_is_not_listed)
{
	struct world w;
	struct result_file file[] = { { .name = "x.py.out", .part = 4, .part_bytes = 1 },
		three[2] };
	struct fx_stage fx = stage_of(file, 2);
	int dir = open_dir(&w);

	for (unsigned part = 1; part <= 8; part++)
		if (part != 2 && part != 7)
			append(&w, dir, part, 0, "x");
	put_text(&w, "a/.sparkspool-41-p1.tmp", "another job's");
	put_text(&w, "a/.sparkspool-421-p1.tmp", "another job's");
	ck_assert_int_eq(stage(&w, dir, &fx)->err, 0);
	/* Its own, the record, and two of other jobs. */
	ck_assert_uint_eq(entries(&w, false), 4);
	ck_assert(exists(&w, "a/.sparkspool-42-p4.tmp"));
	check_text(&w, "a/.sparkspool-41-p1.tmp", "another job's");
	check_text(&w, "a/.sparkspool-421-p1.tmp", "another job's");
	/* A result without any, of one that had nothing to say beside its output and a table: its session was
	 * lost, and the daemon restarted. */
	fx = stage_of(three, 3);
	append(&w, dir, 1, 0, "x");
	append(&w, dir, 3, 0, "x");
	put_text(&w, "a/.sparkspool-42-5.tmp", "left by one who was killed here");
	ck_assert_int_eq(stage(&w, dir, &fx)->err, 0);
	/* Its own, and two of other jobs. */
	ck_assert_uint_eq(entries(&w, false), 5);
	world_close(&w);
}
END_TEST

START_TEST(test_stage_drops_what_an_attempt_with_more_files_has_left)
{
	struct world w;
	struct result_file file[] = { three[0], { .name = "x.py.csv", .part = 1, .part_bytes = 1 },
		three[2] };
	struct fx_stage fx = stage_of(file, 3);
	int dir = open_dir(&w);

	append(&w, dir, 1, 0, "x");
	for (int n = 1; n <= 9; n++)
		if (n != 2 && n != 4) {
			char *name = xasprintf("a/.sparkspool-42-%d.tmp", n);
			put_text(&w, name, "left");
			free(name);
		}
	put_text(&w, "a/.sparkspool-421-3.tmp", "another job's");
	fx.before = 8;
	ck_assert_int_eq(stage(&w, dir, &fx)->err, 0);
	check_text(&w, "a/.sparkspool-421-3.tmp", "another job's");
	ck_assert(exists(&w, "a/.sparkspool-42-0.tmp"));
	ck_assert(exists(&w, "a/.sparkspool-42-2.tmp"));
	ck_assert(exists(&w, p1));
	ck_assert_uint_eq(entries(&w, false), 4);
	world_close(&w);
}
END_TEST

START_TEST(test_stage_parts_on_a_full_disk)
{
	struct world w;
	size_t size = 2 << 20;
	char *big = xcalloc(1, size);
	struct result_file file[] = { three[0],
		{ .name = "b", .part = 1, .part_bytes = 3, .data = { .p = big, .n = size } },
		three[2] };
	struct fx_stage fx = stage_of(file, 3);
	int dir;

	world_open(&w, 1);
	if (!skip_unless_root() && !skip_unless_forked() && mount_tmpfs(w.a, "size=1m")) {
		dir = open(w.a, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		append(&w, dir, 1, 0, "abcdef");
		assert_not_staged(&w, dir, &fx, ENOSPC);
		ck_assert_uint_eq(entries(&w, false), 1);
		file[1].data = (struct bytes){ .p = "!", .n = 1 };
		ck_assert_int_eq(stage(&w, dir, &fx)->err, 0);
		check_text(&w, p1, "abc!");
		close(dir);
		ck_assert_int_eq(umount2(w.a, MNT_DETACH), 0);
	}
	free(big);
	world_close(&w);
}
END_TEST

START_TEST(test_stage_names)
{
	static const struct {
		const char *name;
		int err;
	} t[] = {
		{ "", EINVAL },
		{ "/x.py.out", EINVAL },
		{ "x.py.files/", EINVAL },
		{ "x.py.files//a", EINVAL },
		{ ".", EINVAL },
		{ "..", EINVAL },
		{ "../x.py.out", EINVAL },
		{ "x.py.files/../../a", EINVAL },
		{ "x.py.files/..", EINVAL },
		{ "x.py.files/./a", EINVAL },
		{ "x.py.files/...", 0 },
		{ "x.py.files/..a/.b", 0 },
		{ "1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16/17/18/19/20/21/22/23/24/25/26/27/28/29/"
		  "30/31/32",
		    0 },
		{ "1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16/17/18/19/20/21/22/23/24/25/26/27/28/29/"
		  "30/31/32/33",
		    ENAMETOOLONG },
	};
	struct world w;
	char name[300];
	struct result_file file[] = { three[0], { .name = name, .data = TEXT("x") }, three[2] };
	struct fx_stage fx = stage_of(file, 3);
	int dir = open_dir(&w);

	for (size_t i = 0; i < ARRAY_LEN(t); i++) {
		snprintf(name, sizeof(name), "%s", t[i].name);
		ck_assert_msg(stage(&w, dir, &fx)->err == t[i].err, "%s", t[i].name);
		ck_assert_uint_eq(entries(&w, false), t[i].err == 0 ? 3 : 0);
		for (int n = 0; t[i].err == 0 && n < 3; n++) {
			char path[100];

			snprintf(path, sizeof(path), "a/.sparkspool-42-%d.tmp", n);
			ck_assert_int_eq(unlink(at(&w, path)), 0);
		}
	}
	memset(name, 'n', 256);
	name[256] = '\0';
	assert_not_staged(&w, dir, &fx, ENAMETOOLONG);
	name[255] = '\0';
	ck_assert_int_eq(stage(&w, dir, &fx)->err, 0);
	world_close(&w);
}
END_TEST

/* The names can be told beforehand: whoever takes one keeps it, and holds up nobody. */
START_TEST(test_hidden_names_are_taken)
{
	static const char part[] = ".sparkspool-42-p1.tmp", whole[] = ".sparkspool-42-1.tmp",
			  beside[] = ".sparkspool-42-2.tmp";
	struct world w;
	struct result_file file[] = { { .name = "x.py.out", .part = 1, .part_bytes = 3 },
		three[2] };
	struct fx_stage fx = stage_of(file, 2);
	uint64_t ino[3];
	int dir = open_dir(&w);

	if (skip_unless_root())
		goto out;
	fx.input = (struct ident){ .uid = 1234, .gid = 1234, .mode = S_IFREG | 0600 };
	ck_assert_int_eq(chmod(w.a, 01777), 0);
	ino[0] = somebody_takes(&w, "a/.sparkspool-42-p1.tmp", _i);
	ino[1] = somebody_takes(&w, "a/.sparkspool-42-1.tmp", _i);
	ino[2] = somebody_takes(&w, "a/.sparkspool-42-2.tmp", _i);
	append(&w, dir, 1, 0, "one");
	ck_assert_int_eq(stage(&w, dir, &fx)->err, 0);
	check_text(&w, p1, "one");
	check_text(&w, "a/.sparkspool-42-1.tmp", "{}\n");
	ck_assert_uint_eq(remove_set_aside(&w, part), ino[0]);
	ck_assert_uint_eq(remove_set_aside(&w, whole), ino[1]);
	/* Where nothing was to be written it stays. */
	ck_assert_uint_eq(stat_of(&w, "a/.sparkspool-42-2.tmp").st_ino, ino[2]);
	ck_assert_uint_eq(remove_set_aside(&w, beside), 0);
	help_rmtree(at(&w, "a/.sparkspool-42-2.tmp"));
	ck_assert_uint_eq(entries(&w, false), 2);
out:
	world_close(&w);
}
END_TEST

/* What an attempt that was killed has given to the input's owner is ours to remove. */
START_TEST(test_hidden_names_of_the_owner)
{
	struct world w;
	struct fx_stage fx = stage_of(three, 3);
	struct fx_append again = { .job = 42, .part = 1, .uid = 1234, .data = TEXT("new") };
	int dir = open_dir(&w);

	if (skip_unless_root())
		goto out;
	fx.input = (struct ident){ .uid = 1234, .gid = 1234, .mode = S_IFREG | 0600 };
	ck_assert_int_eq(chmod(w.a, 01777), 0);
	ck_assert_int_eq(stage(&w, dir, &fx)->err, 0);
	put_text(&w, p1, "left");
	ck_assert_int_eq(chown(at(&w, p1), 1234, 1234), 0);
	world_take(&w);
	output_append(dir, &again, &w.q);
	ck_assert_int_eq(w.q.item[0].u.appended.err, 0);
	check_text(&w, p1, "new");
	ck_assert_int_eq(stage(&w, dir, &fx)->err, 0);
	ck_assert_uint_eq(entries(&w, false), 3);
out:
	world_close(&w);
}
END_TEST

/* Not root, and in a sticky spool of somebody else: it is said, and what is his stays. */
START_TEST(test_hidden_names_that_are_not_ours_to_rename)
{
	struct world w;
	struct fx_stage fx = stage_of(three, 3);
	uint64_t ino;
	int err, dir = open_dir(&w);

	if (skip_unless_root())
		goto out;
	fx.input.uid = fx.input.gid = 1234;
	ck_assert_int_eq(chmod(w.a, 01777), 0);
	ino = somebody_takes(&w, "a/.sparkspool-42-2.tmp", _i);
	ck_assert_int_eq(seteuid(1234), 0);
	err = stage(&w, dir, &fx)->err;
	ck_assert_int_eq(seteuid(0), 0);
	ck_assert_int_eq(err, EEXIST);
	ck_assert_uint_eq(count_of(world_log(&w), "event=set-aside"), 1);
	ck_assert_uint_eq(stat_of(&w, "a/.sparkspool-42-2.tmp").st_ino, ino);
	ck_assert_uint_eq(remove_set_aside(&w, ".sparkspool-42-2.tmp"), 0);
	help_rmtree(at(&w, "a/.sparkspool-42-2.tmp"));
	ck_assert_uint_eq(entries(&w, false), 0);
out:
	world_close(&w);
}
END_TEST

/* A squashed root in a sticky spool may rename nothing of anybody's: no name that can be told beforehand decides
 * what is ours. */
START_TEST(test_squashed_beside_a_name_that_is_taken)
{
	static const char *const taken[] = { "a/.sparkspool-42-whose.tmp",
		"a/.sparkspool-42-9.tmp" };
	struct world w;
	struct fx_append fx = { .job = 42, .part = 1, .uid = 1234 };
	int dir = open_dir(&w);

	if (skip_unless_root() || skip_unless_forked())
		goto out;
	ck_assert_int_eq(chmod(w.a, 01777), 0);
	(void)somebody_takes(&w, taken[_i], 0);
	(void)setfsuid(65534); /* and its rights are gone */
	for (const char *p = "one"; *p != '\0'; p++) {
		fx.data = (struct bytes){ .p = p, .n = 1 };
		world_take(&w);
		output_append(dir, &fx, &w.q);
		ck_assert_int_eq(w.q.item[0].u.appended.err, 0);
		fx.at++;
	}
	(void)setfsuid(0);
	check_text(&w, p1, "one");
	ck_assert_uint_eq(stat_of(&w, p1).st_uid, 65534);
	ck_assert_uint_eq(entries(&w, false), 2);
out:
	world_close(&w);
}
END_TEST

/* ---- publish ------------------------------------------------------------------------------- */

/* An old set of three and a new one of four, staged. */
struct set {
	struct world w;
	int dir;
	struct out_file old[3];
	struct out_file file[4];
	struct fx_publish fx;
};

static const char *const old_name[] = { "x.py.out", "x.py.1.png", "x.py.json" };
static const char *const new_name[] = { "x.py.out", "x.py.err", "x.py.csv", "x.py.json" };

static uint64_t put_ino(const struct world *w, const char *name, const char *text)
{
	char path[100];

	snprintf(path, sizeof(path), "a/%s", name);
	put_text(w, path, text);
	return stat_of(w, path).st_ino;
}

static void set_open(struct set *set)
{
	static const char *const tmp[] = { ".0", ".1", ".2", ".3" };

	set->dir = open_dir(&set->w);
	for (size_t i = 0; i < 3; i++)
		set->old[i] = (struct out_file){
			.name = old_name[i], .tmp = "", .ino = put_ino(&set->w, old_name[i], "old")
		};
	for (size_t i = 0; i < 4; i++)
		set->file[i] = (struct out_file){ .name = new_name[i],
			.tmp = tmp[i],
			.ino = put_ino(&set->w, tmp[i], new_name[i]) };
	set->fx = (struct fx_publish){
		.job = 42, .old = set->old, .old_count = 3, .file = set->file, .count = 4
	};
	world_pump(&set->w);
	world_forget(&set->w);
}

static void assert_published(struct set *set, int err, const char *why)
{
	const struct ev_published *ev;

	world_take(&set->w);
	output_publish(set->dir, &set->fx, &set->w.q);
	ck_assert_uint_eq(set->w.q.count, 1);
	ck_assert_int_eq(set->w.q.item[0].type, EV_PUBLISHED);
	ev = &set->w.q.item[0].u.published;
	ck_assert_uint_eq(ev->job, 42);
	ck_assert_msg(ev->err == err, "%s %s", strerrorname_np(ev->err), ev->why);
	ck_assert_pstr_eq(ev->why, why);
}

/* The four new ones and nothing else. */
static void assert_whole(struct set *set)
{
	char path[100];

	ck_assert_uint_eq(entries(&set->w, false), 4);
	for (size_t i = 0; i < 4; i++) {
		snprintf(path, sizeof(path), "a/%s", new_name[i]);
		check_text(&set->w, path, new_name[i]);
		ck_assert_uint_eq(stat_of(&set->w, path).st_ino, set->file[i].ino);
		ck_assert_uint_eq(stat_of(&set->w, path).st_nlink, 1);
	}
}

START_TEST(test_publish)
{
	struct set set;

	set_open(&set);
	assert_published(&set, 0, NULL);
	/* The record goes first and comes last. */
	ck_assert_str_eq(world_pump(&set.w),
	    "0 gone x.py.json\n0 gone x.py.1.png\n0 gone x.py.out\n"
	    "0 moved x.py.out\n0 moved x.py.err\n0 moved x.py.csv\n0 moved x.py.json\n");
	assert_whole(&set);
	/* Again: nothing happens that anybody could see. */
	world_forget(&set.w);
	assert_published(&set, 0, NULL);
	ck_assert_str_eq(world_pump(&set.w), "");
	assert_whole(&set);
	world_close(&set.w);
}
END_TEST

START_TEST(test_publish_a_first_time)
{
	struct set set;

	set_open(&set);
	for (size_t i = 0; i < 3; i++)
		ck_assert_int_eq(unlinkat(set.dir, old_name[i], 0), 0);
	set.fx.old_count = 0;
	set.fx.old = NULL;
	assert_published(&set, 0, NULL);
	assert_whole(&set);
	world_close(&set.w);
}
END_TEST

START_TEST(test_publish_from_each_state)
{
	/* Three removals, then four renames; the state after _i of them. */
	struct set set;

	set_open(&set);
	for (int n = 0; n < _i && n < 3; n++)
		ck_assert_int_eq(unlinkat(set.dir, old_name[2 - n], 0), 0);
	for (int n = 0; n < _i - 3; n++)
		ck_assert_int_eq(renameat(set.dir, set.file[n].tmp, set.dir, new_name[n]), 0);
	assert_published(&set, 0, NULL);
	assert_whole(&set);
	world_close(&set.w);
}
END_TEST

START_TEST(test_publish_a_name_with_two_links)
{
	struct set set;

	/* A rename by way of a second link, half done. */
	set_open(&set);
	for (size_t i = 0; i < 3; i++)
		ck_assert_int_eq(unlinkat(set.dir, old_name[i], 0), 0);
	ck_assert_int_eq(linkat(set.dir, ".0", set.dir, "x.py.out", 0), 0);
	assert_published(&set, 0, NULL);
	assert_whole(&set);
	world_close(&set.w);
}
END_TEST

START_TEST(test_publish_old_ones_that_are_gone)
{
	struct set set;

	set_open(&set);
	ck_assert_int_eq(unlinkat(set.dir, "x.py.1.png", 0), 0);
	ck_assert_int_eq(unlinkat(set.dir, "x.py.json", 0), 0);
	assert_published(&set, 0, NULL);
	assert_whole(&set);
	world_close(&set.w);
}
END_TEST

START_TEST(test_publish_leaves_strangers)
{
	struct set set;

	/* Somebody has replaced an old result that has no successor. */
	set_open(&set);
	put_text(&set.w, "a/.mine", "mine");
	ck_assert_int_eq(renameat(set.dir, ".mine", set.dir, "x.py.1.png"), 0);
	assert_published(&set, 0, NULL);
	check_text(&set.w, "a/x.py.1.png", "mine");
	ck_assert_int_eq(unlinkat(set.dir, "x.py.1.png", 0), 0);
	assert_whole(&set);
	world_close(&set.w);
}
END_TEST

static void assert_stopped_by(struct set *set, const char *name)
{
	char path[100];

	snprintf(path, sizeof(path), "a/%s", name);
	assert_published(set, EEXIST, name);
	check_text(&set->w, path, "mine");
	/* No record before all is there. */
	ck_assert_uint_eq(count_of(world_pump(&set->w), "moved x.py.json"), 0);
	/* Again, with the same answer; and whole as soon as the name is free. */
	assert_published(set, EEXIST, name);
	ck_assert_int_eq(unlinkat(set->dir, name, 0), 0);
	assert_published(set, 0, NULL);
	assert_whole(set);
}

START_TEST(test_publish_taken)
{
	static const char *const name[] = { "x.py.out", "x.py.err", "x.py.csv", "x.py.json" };
	struct set set;

	set_open(&set);
	put_text(&set.w, "a/.mine", "mine");
	ck_assert_int_eq(renameat(set.dir, ".mine", set.dir, name[_i]), 0);
	world_pump(&set.w);
	world_forget(&set.w);
	assert_stopped_by(&set, name[_i]);
	world_close(&set.w);
}
END_TEST

START_TEST(test_publish_spares_a_reused_inode)
{
	struct set set;

	/* The old ones are gone, the first new one is there; then somebody's file was given the
	 * inode that an old one had. */
	set_open(&set);
	for (size_t i = 0; i < 3; i++)
		ck_assert_int_eq(unlinkat(set.dir, old_name[i], 0), 0);
	ck_assert_int_eq(renameat(set.dir, ".0", set.dir, "x.py.out"), 0);
	set.old[1].ino = put_ino(&set.w, "x.py.1.png", "mine");
	assert_published(&set, 0, NULL);
	check_text(&set.w, "a/x.py.1.png", "mine");
	world_close(&set.w);
}
END_TEST

START_TEST(test_publish_what_is_lost)
{
	struct set set;

	set_open(&set);
	ck_assert_int_eq(unlinkat(set.dir, ".2", 0), 0);
	assert_published(&set, ENOENT, "x.py.csv");
	ck_assert(!exists(&set.w, "a/x.py.json"));
	/* Somebody's file in its place is not published under our name. */
	put_ino(&set.w, ".2", "forged");
	set.file[2].ino++;
	assert_published(&set, ENOENT, ".2");
	ck_assert(!exists(&set.w, "a/x.py.csv"));
	ck_assert(!exists(&set.w, "a/x.py.json"));
	world_close(&set.w);
}
END_TEST

START_TEST(test_publish_without_a_directory)
{
	struct set set;
	int dir;

	set_open(&set);
	dir = set.dir;
	set.dir = -1;
	assert_published(&set, ENODEV, NULL);
	set.dir = dir;
	assert_published(&set, 0, NULL);
	assert_whole(&set);
	world_close(&set.w);
}
END_TEST

START_TEST(test_publish_where_we_may_not)
{
	struct set set;

	set_open(&set);
	if (!skip_unless_root()) {
		ck_assert_int_eq(chmod(set.w.dir, 0755), 0);
		ck_assert_int_eq(seteuid(65534), 0);
		assert_published(&set, EACCES, "x.py.json");
		ck_assert_int_eq(seteuid(0), 0);
		check_text(&set.w, "a/x.py.json", "old");
		assert_published(&set, 0, NULL);
		assert_whole(&set);
	}
	world_close(&set.w);
}
END_TEST

/* What one job goes through: its bytes, two times. */
START_TEST(test_stage_then_publish_twice)
{
	struct world w;
	struct fx_stage fx = stage_of(three, 3);
	int dir = open_dir(&w);
	struct out_file file[2][3];
	struct stat st;

	for (int run = 0; run < 2; run++) {
		struct fx_publish publish = { .job = 42, .file = file[run], .count = 3 };
		const struct ev_staged *ev = stage(&w, dir, &fx);

		ck_assert_int_eq(ev->err, 0);
		for (size_t i = 0; i < 3; i++)
			file[run][i] = (struct out_file){ .name = three[i].name,
				.tmp = xstrdup(ev->file[i].tmp),
				.ino = ev->file[i].ino };
		publish.old = file[0];
		publish.old_count = run == 0 ? 0 : 3;
		world_take(&w);
		output_publish(dir, &publish, &w.q);
		ck_assert_int_eq(w.q.item[0].u.published.err, 0);
		ck_assert_uint_eq(entries(&w, false), 3);
		for (size_t i = 0; i < 3; i++) {
			ck_assert_int_eq(fstatat(dir, three[i].name, &st, AT_SYMLINK_NOFOLLOW), 0);
			ck_assert_uint_eq(st.st_ino, file[run][i].ino);
			free((char *)(uintptr_t)file[run][i].tmp);
		}
		ck_assert_uint_eq(count_of(world_pump(&w), "moved"), 3 * ((size_t)run + 1));
	}
	world_close(&w);
}
END_TEST

static void add_stage(Suite *suite)
{
	TCase *tc = tcase_create("stage");

	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, test_stage);
	tcase_add_test(tc, test_stage_nothing_and_much);
	tcase_add_test(tc, test_stage_over_a_leftover);
	tcase_add_loop_test(tc, test_hidden_names_are_taken, 0, TAKEN);
	tcase_add_test(tc, test_hidden_names_of_the_owner);
	tcase_add_loop_test(tc, test_squashed_beside_a_name_that_is_taken, 0, 2);
	tcase_add_loop_test(tc, test_hidden_names_that_are_not_ours_to_rename, 0, TAKEN);
	tcase_add_test(tc, test_stage_leaves_nothing_behind);
	tcase_add_test(tc, test_stage_on_a_full_disk);
	tcase_add_test(tc, test_stage_without_inodes);
	tcase_add_test(tc, test_stage_beyond_a_limit);
	tcase_add_test(tc, test_stage_modes);
	tcase_add_test(tc, test_stage_for_another);
	tcase_add_test(tc, test_stage_never_wider);
	tcase_add_test(tc, test_stage_in_a_setgid_directory);
	suite_add_tcase(suite, tc);
}

static void add_parts(Suite *suite)
{
	TCase *tc = tcase_create("parts");

	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, test_append);
	tcase_add_test(tc, test_append_begins_anew);
	tcase_add_test(tc, test_append_to_something_else);
	tcase_add_test(tc, test_append_to_somebodys);
	tcase_add_test(tc, test_append_where_owners_are_mapped);
	tcase_add_test(tc, test_append_on_a_full_disk);
	tcase_add_test(tc, test_stage_parts);
	tcase_add_test(tc, test_stage_parts_again_for_another);
	tcase_add_test(tc, test_stage_parts_again_without_rights);
	tcase_add_loop_test(tc, test_stage_without_a_part, 0, (int)ARRAY_LEN(no_part));
	tcase_add_test(tc, test_stage_drops_what_is_not_listed);
	tcase_add_test(tc, test_stage_drops_what_an_attempt_with_more_files_has_left);
	tcase_add_test(tc, test_stage_parts_on_a_full_disk);
	tcase_add_test(tc, test_stage_names);
	suite_add_tcase(suite, tc);
}

static void add_publish(Suite *suite)
{
	TCase *tc = tcase_create("publish");

	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, test_publish);
	tcase_add_test(tc, test_publish_a_first_time);
	tcase_add_loop_test(tc, test_publish_from_each_state, 0, 8);
	tcase_add_test(tc, test_publish_a_name_with_two_links);
	tcase_add_test(tc, test_publish_old_ones_that_are_gone);
	tcase_add_test(tc, test_publish_leaves_strangers);
	tcase_add_loop_test(tc, test_publish_taken, 0, 4);
	tcase_add_test(tc, test_publish_spares_a_reused_inode);
	tcase_add_test(tc, test_publish_what_is_lost);
	tcase_add_test(tc, test_publish_without_a_directory);
	tcase_add_test(tc, test_publish_where_we_may_not);
	tcase_add_test(tc, test_stage_then_publish_twice);
	suite_add_tcase(suite, tc);
}

int main(void)
{
	Suite *suite = suite_create("output");

	add_stage(suite);
	add_parts(suite);
	add_publish(suite);
	return help_run(suite);
}
