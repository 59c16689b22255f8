/* Tests of edge/output: results in directories below the spool, made, followed, emptied, from every
 * state; nothing leads out of the spool. */
#include "edge/output.h"
#include "spoolhelp.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#define FILES 5
#define PATH_LEN 128

static const char *const names[FILES] = {
	"x.py.out",
	"x.py.files/a/b.txt",
	"x.py.files/a/c.txt",
	"x.py.files/d.txt",
	"x.py.json",
};

/* A run's results; the second part of the text tells the runs apart. */
struct run {
	struct result_file file[FILES];
	struct out_file out[FILES];
	char text[FILES][PATH_LEN];
	size_t count;
};

struct set {
	struct world w;
	int dir;
	struct run run[2];
	struct ident input;
};

static void set_open(struct set *set)
{
	memset(set, 0, sizeof(*set));
	world_open(&set->w, 1);
	set->dir = spools_dirfd(set->w.s, 0);
	set->input = (struct ident){ .uid = geteuid(), .gid = getegid(), .mode = S_IFREG | 0644 };
}

static void run_forget(struct run *run)
{
	for (size_t i = 0; i < run->count; i++)
		free((char *)(uintptr_t)run->out[i].tmp);
	run->count = 0;
}

static void set_close(struct set *set)
{
	run_forget(&set->run[0]);
	run_forget(&set->run[1]);
	world_close(&set->w);
}

/* The n-th run gives the files that bits says; the first and the last are always among them. */
static void describe(struct set *set, size_t n, unsigned bits)
{
	struct run *run = &set->run[n];

	for (unsigned i = 0; i < FILES; i++) {
		size_t at = run->count;

		if (i > 0 && i < FILES - 1 && (bits >> i & 1) == 0)
			continue;
		snprintf(run->text[at], PATH_LEN, "%s of %zu", names[i], n);
		run->file[at] = (struct result_file){ .name = names[i],
			.data = { .p = run->text[at], .n = strlen(run->text[at]) } };
		run->count++;
	}
}

static int stage_err(struct set *set, size_t n)
{
	struct run *run = &set->run[n];
	struct fx_stage fx = {
		.job = 42 + n, .input = set->input, .file = run->file, .count = run->count
	};
	const struct ev_staged *ev;

	world_take(&set->w);
	output_stage(set->dir, &fx, &set->w.q);
	ev = &set->w.q.item[0].u.staged;
	for (size_t i = 0; i < ev->count; i++)
		run->out[i] = (struct out_file){ .name = run->file[i].name,
			.tmp = xstrdup(ev->file[i].tmp),
			.ino = ev->file[i].ino };
	return ev->err;
}

static void stage(struct set *set, size_t n, unsigned bits)
{
	describe(set, n, bits);
	ck_assert_int_eq(stage_err(set, n), 0);
}

#define ALL 0x1f

static struct fx_publish publish_of(const struct set *set, size_t n)
{
	return (struct fx_publish){
		.job = 42 + n,
		.old = n == 0 ? NULL : set->run[0].out,
		.old_count = n == 0 ? 0 : set->run[0].count,
		.file = set->run[n].out,
		.count = set->run[n].count,
	};
}

static const struct ev_published *publish(struct set *set, size_t n)
{
	struct fx_publish fx = publish_of(set, n);

	world_take(&set->w);
	output_publish(set->dir, &fx, &set->w.q);
	ck_assert_uint_eq(set->w.q.count, 1);
	ck_assert_int_eq(set->w.q.item[0].type, EV_PUBLISHED);
	ck_assert_uint_eq(set->w.q.item[0].u.published.job, 42 + n);
	return &set->w.q.item[0].u.published;
}

static void assert_published(struct set *set, size_t n, int err, const char *why)
{
	const struct ev_published *ev = publish(set, n);

	ck_assert_msg(ev->err == err, "%s %s", strerrorname_np(ev->err), ev->why);
	ck_assert_pstr_eq(ev->why, why);
}

static const char *below(const char *name)
{
	static char ring[4][PATH_LEN];
	static size_t next;
	char *out = ring[next++ % ARRAY_LEN(ring)];

	snprintf(out, PATH_LEN, "a/%s", name);
	return out;
}

/* How many names there are in the whole tree below the spool. */
static size_t count_below(const struct world *w, const char *path)
{
	DIR *list = opendir(at(w, path));
	const struct dirent *entry;
	size_t n = 0;

	ck_assert_ptr_nonnull(list);
	while ((entry = readdir(list)) != NULL) {
		char sub[2 * PATH_LEN + 256];

		if (str_eq(entry->d_name, ".") || str_eq(entry->d_name, ".."))
			continue;
		snprintf(sub, sizeof(sub), "%s/%s", path, entry->d_name);
		n += 1 + (entry->d_type == DT_DIR ? count_below(w, sub) : 0);
	}
	closedir(list);
	return n;
}

/* The n-th run's results, in as many directories, and nothing else. */
static void assert_whole(struct set *set, size_t n, size_t dirs)
{
	const struct run *run = &set->run[n];

	for (size_t i = 0; i < run->count; i++) {
		const char *path = below(run->file[i].name);

		check_text(&set->w, path, run->text[i]);
		ck_assert_uint_eq(stat_of(&set->w, path).st_ino, run->out[i].ino);
	}
	ck_assert_uint_eq(count_below(&set->w, "a"), run->count + dirs);
}

/* A disk syncs a hundred times a second, and each publishing syncs ten times: every place is for
 * make check-long. */
static int stride(int short_one)
{
	return getenv("CHECK_LONG") != NULL ? 1 : short_one;
}

/* ---- made and followed --------------------------------------------------------------------- */

START_TEST(test_publish)
{
	struct set set;

	set_open(&set);
	stage(&set, 0, ALL);
	world_forget(&set.w);
	assert_published(&set, 0, 0, NULL);
	assert_whole(&set, 0, 2);
	/* The record comes last. */
	ck_assert_str_eq(
	    world_pump(&set.w), "0 moved x.py.out\n0 moved x.py.files\n0 moved x.py.json\n");
	/* Again: nothing happens that anybody could see. */
	world_forget(&set.w);
	assert_published(&set, 0, 0, NULL);
	assert_whole(&set, 0, 2);
	ck_assert_str_eq(world_pump(&set.w), "");
	set_close(&set);
}
END_TEST

START_TEST(test_modes)
{
	static const struct {
		mode_t input, dir;
	} t[] = { { 0644, 0755 }, { 0600, 0700 }, { 0640, 0750 }, { 0664, 0775 }, { 0666, 0775 },
		{ 0440, 0750 }, { 0444, 0755 }, { 0000, 0700 }, { 06755, 0755 }, { 0604, 0705 } };
	struct set set;
	mode_t mask = umask(077);

	for (size_t i = 0; i < ARRAY_LEN(t); i++) {
		set_open(&set);
		set.input.mode = S_IFREG | t[i].input;
		stage(&set, 0, ALL);
		assert_published(&set, 0, 0, NULL);
		ck_assert_uint_eq(stat_of(&set.w, "a/x.py.files").st_mode, S_IFDIR | t[i].dir);
		ck_assert_uint_eq(stat_of(&set.w, "a/x.py.files/a").st_mode, S_IFDIR | t[i].dir);
		set_close(&set);
	}
	umask(mask);
}
END_TEST

static struct stat dir_as(uid_t uid, gid_t gid, mode_t spool, mode_t input)
{
	struct set set;
	struct stat st;
	int err;

	set_open(&set);
	ck_assert_int_eq(chown(set.w.a, 0, 2345), 0);
	ck_assert_int_eq(chmod(set.w.a, spool), 0);
	describe(&set, 0, ALL);
	set.input = (struct ident){ .uid = 1234, .gid = 2345, .mode = S_IFREG | input };
	ck_assert_int_eq(setegid(gid), 0);
	ck_assert_int_eq(seteuid(uid), 0);
	err = stage_err(&set, 0);
	if (err == 0)
		err = publish(&set, 0)->err;
	ck_assert_int_eq(seteuid(0), 0);
	ck_assert_int_eq(setegid(0), 0);
	ck_assert_int_eq(err, 0);
	assert_whole(&set, 0, 2);
	/* Both levels are alike. */
	st = stat_of(&set.w, "a/x.py.files/a");
	ck_assert_uint_eq(st.st_uid, stat_of(&set.w, "a/x.py.files").st_uid);
	ck_assert_uint_eq(st.st_gid, stat_of(&set.w, "a/x.py.files").st_gid);
	ck_assert_uint_eq(st.st_mode, stat_of(&set.w, "a/x.py.files").st_mode);
	set_close(&set);
	return st;
}

START_TEST(test_for_another)
{
	struct stat st;

	if (skip_unless_root())
		return;
	/* root gives them away whole. */
	st = dir_as(0, 0, 0777, 0640);
	ck_assert_uint_eq(st.st_uid, 1234);
	ck_assert_uint_eq(st.st_gid, 2345);
	ck_assert_uint_eq(st.st_mode & 07777, 0750);
	/* A daemon of the input's group gives them to the group. */
	st = dir_as(4321, 2345, 0777, 0640);
	ck_assert_uint_eq(st.st_uid, 4321);
	ck_assert_uint_eq(st.st_gid, 2345);
	ck_assert_uint_eq(st.st_mode & 07777, 0750);
	/* Our own group has no business there. */
	st = dir_as(4321, 4321, 0777, 0640);
	ck_assert_uint_eq(st.st_gid, 4321);
	ck_assert_uint_eq(st.st_mode & 07777, 0700);
	/* The spool's directory gives its group, on every level. */
	st = dir_as(4321, 4321, 02777, 0660);
	ck_assert_uint_eq(st.st_gid, 2345);
	ck_assert_uint_eq(st.st_mode & 0777, 0770);
}
END_TEST

START_TEST(test_many_in_deep_ones)
{
	static const char deep[] = "1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16/17/18/19/20/21/22/23/24/"
				   "25/26/27/28/29/30/31/f";
	struct set set;
	struct out_file out[3];
	struct fx_publish fx = { .job = 42, .file = out, .count = 3 };
	struct stat st;

	set_open(&set);
	put_text(&set.w, "a/.0", "0");
	put_text(&set.w, "a/.1", "1");
	put_text(&set.w, "a/.2", "2");
	out[0] =
	    (struct out_file){ .name = deep, .tmp = ".0", .ino = stat_of(&set.w, "a/.0").st_ino };
	out[1] = (struct out_file){
		.name = "1/2/3/f", .tmp = ".1", .ino = stat_of(&set.w, "a/.1").st_ino
	};
	out[2] = (struct out_file){
		.name = "x.json", .tmp = ".2", .ino = stat_of(&set.w, "a/.2").st_ino
	};
	output_publish(set.dir, &fx, &set.w.q);
	ck_assert_int_eq(set.w.q.item[0].u.published.err, 0);
	ck_assert_int_eq(fstatat(set.dir, deep, &st, 0), 0);
	ck_assert_uint_eq(count_below(&set.w, "a"), 31 + 3);
	/* And away again, all of it. */
	fx = (struct fx_publish){ .job = 43, .old = out, .old_count = 3 };
	world_take(&set.w);
	output_publish(set.dir, &fx, &set.w.q);
	ck_assert_int_eq(set.w.q.item[0].u.published.err, 0);
	ck_assert_uint_eq(count_below(&set.w, "a"), 0);
	set_close(&set);
}
END_TEST

START_TEST(test_names_that_lead_away)
{
	static const char *const bad[] = { "../x", "/x", "x.py.files/../../x", "x.py.files//x", "",
		"x.py.files/", "." };
	struct set set;
	struct out_file out;
	struct fx_publish fx = { .job = 42, .count = 1, .file = &out };

	set_open(&set);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		put_text(&set.w, "a/.0", "0");
		out = (struct out_file){
			.name = bad[i], .tmp = ".0", .ino = stat_of(&set.w, "a/.0").st_ino
		};
		world_take(&set.w);
		output_publish(set.dir, &fx, &set.w.q);
		ck_assert_int_eq(set.w.q.item[0].u.published.err, EINVAL);
		ck_assert_str_eq(set.w.q.item[0].u.published.why, bad[i]);
		ck_assert_uint_eq(count_below(&set.w, "a"), 1);
		ck_assert(!exists(&set.w, "x"));
	}
	/* As an old one, it is nobody's to remove. */
	put_text(&set.w, "x", "kept");
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		out = (struct out_file){
			.name = bad[i], .tmp = ".0", .ino = stat_of(&set.w, "x").st_ino
		};
		fx = (struct fx_publish){ .job = 42, .old_count = 1, .old = &out };
		world_take(&set.w);
		output_publish(set.dir, &fx, &set.w.q);
		ck_assert_int_eq(set.w.q.item[0].u.published.err, 0);
		check_text(&set.w, "x", "kept");
	}
	set_close(&set);
}
END_TEST

/* ---- in the way ---------------------------------------------------------------------------- */

START_TEST(test_a_directory_that_is_there)
{
	struct set set;

	set_open(&set);
	ck_assert_int_eq(mkdir(at(&set.w, "a/x.py.files"), 0700), 0);
	put_text(&set.w, "a/x.py.files/mine", "mine");
	stage(&set, 0, ALL);
	assert_published(&set, 0, 0, NULL);
	check_text(&set.w, "a/x.py.files/mine", "mine");
	/* Somebody's: its mode is not ours to change. */
	ck_assert_uint_eq(stat_of(&set.w, "a/x.py.files").st_mode, S_IFDIR | 0700);
	ck_assert_int_eq(unlink(at(&set.w, "a/x.py.files/mine")), 0);
	assert_whole(&set, 0, 2);
	set_close(&set);
}
END_TEST

/* In a spool for many users, whose directory gets what is another's? */
static const struct {
	mode_t spool;
	uid_t spools;
	const char *name;
	uid_t uid;
	int err;
} there[] = {
	{ 01777, 0, "x.py.files", 1234, 0 },
	{ 01777, 0, "x.py.files", 0, 0 },
	{ 01777, 0, "x.py.files", 4321, EEXIST },
	{ 01777, 4321, "x.py.files", 4321, 0 }, /* he may remove whatever lies there */
	{ 0777, 0, "x.py.files", 4321, 0 },	/* and so may everybody */
	{ 01777, 0, "x.py.files/a", 4321, 0 },
	{ 0777, 0, "x.py.files/a", 4321, 0 },
};

START_TEST(test_a_directory_of_somebody)
{
	struct set set;
	int err = there[_i].err;

	set_open(&set);
	if (skip_unless_root())
		goto out;
	set.input = (struct ident){ .uid = 1234, .gid = 1234, .mode = S_IFREG | 0600 };
	ck_assert_int_eq(chmod(set.w.a, there[_i].spool), 0);
	ck_assert_int_eq(chown(set.w.a, there[_i].spools, (gid_t)-1), 0);
	ck_assert_int_eq(mkdir(at(&set.w, "a/x.py.files"), 0777), 0);
	if (strchr(there[_i].name, '/') != NULL) {
		ck_assert_int_eq(chown(at(&set.w, "a/x.py.files"), 1234, 1234), 0);
		ck_assert_int_eq(mkdir(at(&set.w, "a/x.py.files/a"), 0777), 0);
	}
	ck_assert_int_eq(chown(at(&set.w, below(there[_i].name)), there[_i].uid, 4321), 0);
	stage(&set, 0, ALL);
	for (int i = 0; i < 2; i++) {
		assert_published(&set, 0, err, err == 0 ? NULL : there[_i].name);
		if (err != 0)
			ck_assert_uint_eq(count_below(&set.w, below(there[_i].name)), 0);
	}
	if (err != 0) {
		ck_assert(!exists(&set.w, "a/x.py.json"));
		ck_assert_int_eq(rmdir(at(&set.w, below(there[_i].name))), 0);
		assert_published(&set, 0, 0, NULL);
	}
	assert_whole(&set, 0, 2);
out:
	set_close(&set);
}
END_TEST

/* And below a directory of his own that is sticky as well. */
START_TEST(test_a_directory_of_somebody_below)
{
	struct set set;

	set_open(&set);
	if (skip_unless_root())
		goto out;
	set.input = (struct ident){ .uid = 1234, .gid = 1234, .mode = S_IFREG | 0600 };
	ck_assert_int_eq(mkdir(at(&set.w, "a/x.py.files"), 0777), 0);
	ck_assert_int_eq(chmod(at(&set.w, "a/x.py.files"), 01777), 0);
	ck_assert_int_eq(chown(at(&set.w, "a/x.py.files"), 1234, 1234), 0);
	ck_assert_int_eq(mkdir(at(&set.w, "a/x.py.files/a"), 0777), 0);
	ck_assert_int_eq(chown(at(&set.w, "a/x.py.files/a"), 4321, 4321), 0);
	stage(&set, 0, ALL);
	assert_published(&set, 0, EEXIST, "x.py.files/a");
	ck_assert_uint_eq(count_below(&set.w, "a/x.py.files/a"), 0);
out:
	set_close(&set);
}
END_TEST

static void put_file(const struct world *w, const char *path)
{
	put_text(w, path, "mine");
}

static void put_link(const struct world *w, const char *path)
{
	ck_assert_int_eq(symlink(w->dir, at(w, path)), 0);
}

static void put_fifo(const struct world *w, const char *path)
{
	ck_assert_int_eq(mkfifo(at(w, path), 0600), 0);
}

/* The hidden name under which a directory is made is known to all: nobody is held up by that. */
START_TEST(test_the_hidden_name_is_taken)
{
	struct set set;
	uint64_t ino;

	set_open(&set);
	if (skip_unless_root())
		goto out;
	set.input = (struct ident){ .uid = 1234, .gid = 1234, .mode = S_IFREG | 0600 };
	ck_assert_int_eq(chmod(set.w.a, 01777), 0);
	ino = somebody_takes(&set.w, "a/.sparkspool-42-dir.tmp", _i);
	stage(&set, 0, ALL);
	assert_published(&set, 0, 0, NULL);
	ck_assert_uint_eq(remove_set_aside(&set.w, ".sparkspool-42-dir.tmp"), ino);
	assert_whole(&set, 0, 2);
out:
	set_close(&set);
}
END_TEST

static const struct {
	void (*put)(const struct world *w, const char *path);
	const char *name;
} in_the_way[] = {
	{ put_file, "x.py.files" },
	{ put_link, "x.py.files" },
	{ put_fifo, "x.py.files" },
	{ put_file, "x.py.files/a" },
	{ put_link, "x.py.files/a" },
	{ put_file, "x.py.files/a/b.txt" },
	{ put_link, "x.py.files/a/c.txt" },
	{ put_file, "x.py.files/d.txt" },
};

START_TEST(test_taken)
{
	struct set set;
	const char *name = in_the_way[_i].name;

	set_open(&set);
	if (strchr(name, '/') != NULL)
		ck_assert_int_eq(mkdir(at(&set.w, "a/x.py.files"), 0755), 0);
	if (str_ends_with(name, ".txt"))
		ck_assert_int_eq(mkdir(at(&set.w, "a/x.py.files/a"), 0755), 0);
	in_the_way[_i].put(&set.w, below(name));
	stage(&set, 0, ALL);
	for (int i = 0; i < 2; i++) {
		assert_published(&set, 0, EEXIST, name);
		ck_assert(!exists(&set.w, "a/x.py.json"));
		ck_assert(exists(&set.w, below(name)));
		/* What the link leads to has got nothing. */
		ck_assert_uint_eq(count_below(&set.w, "."), count_below(&set.w, "a") + 1);
	}
	ck_assert_int_eq(unlink(at(&set.w, below(name))), 0);
	assert_published(&set, 0, 0, NULL);
	assert_whole(&set, 0, 2);
	set_close(&set);
}
END_TEST

START_TEST(test_what_is_lost)
{
	struct set set;

	set_open(&set);
	stage(&set, 0, ALL);
	ck_assert_int_eq(unlinkat(set.dir, set.run[0].out[2].tmp, 0), 0);
	assert_published(&set, 0, ENOENT, "x.py.files/a/c.txt");
	ck_assert(!exists(&set.w, "a/x.py.json"));
	/* A directory in its place is not it. */
	ck_assert_int_eq(mkdir(at(&set.w, "a/x.py.files/a/c.txt"), 0700), 0);
	assert_published(&set, 0, ENOENT, "x.py.files/a/c.txt");
	set_close(&set);
}
END_TEST

START_TEST(test_where_we_may_not)
{
	struct set set;

	set_open(&set);
	if (!skip_unless_root()) {
		ck_assert_int_eq(chmod(set.w.dir, 0755), 0);
		ck_assert_int_eq(chown(set.w.a, 4321, (gid_t)-1), 0);
		ck_assert_int_eq(mkdir(at(&set.w, "a/x.py.files"), 0755), 0);
		ck_assert_int_eq(seteuid(4321), 0);
		stage(&set, 0, ALL);
		assert_published(&set, 0, EACCES, "x.py.files/a/b.txt");
		ck_assert_int_eq(seteuid(0), 0);
		/* Nothing of the attempt is left. */
		ck_assert_uint_eq(count_below(&set.w, "a"), FILES + 1);
		assert_published(&set, 0, 0, NULL);
		assert_whole(&set, 0, 2);
	}
	set_close(&set);
}
END_TEST

/* Swaps the directory for a link to another one and back, for ever. */
static void swap(const struct world *w)
{
	ck_assert_int_eq(symlink("../victim", at(w, "a/.link")), 0);
	for (;;)
		(void)renameat2(
		    AT_FDCWD, at(w, "a/.link"), AT_FDCWD, at(w, "a/x.py.files"), RENAME_EXCHANGE);
}

static int publish_lists(struct set *set, const struct out_file *old, const struct out_file *file)
{
	struct fx_publish fx = {
		.job = 42, .old = old, .old_count = old != NULL, .file = file, .count = file != NULL
	};

	world_take(&set->w);
	output_publish(set->dir, &fx, &set->w.q);
	return set->w.q.item[0].u.published.err;
}

START_TEST(test_swapped_all_the_time)
{
	struct set set;
	pid_t pid;
	int err;

	set_open(&set);
	ck_assert_int_eq(mkdir(at(&set.w, "victim"), 0755), 0);
	ck_assert_int_eq(mkdir(at(&set.w, "a/x.py.files"), 0755), 0);
	pid = fork();
	if (pid == 0)
		swap(&set.w);
	for (int i = 0; i < 500; i += stride(10)) {
		char name[PATH_LEN];
		struct out_file file = { .name = name, .tmp = ".0" };

		snprintf(name, sizeof(name), "x.py.files/%d", i);
		put_text(&set.w, "a/.0", "text");
		ck_assert_int_eq(link(at(&set.w, "a/.0"), at(&set.w, "second")), 0);
		file.ino = stat_of(&set.w, "a/.0").st_ino;
		while ((err = publish_lists(&set, NULL, &file)) == EEXIST)
			;
		ck_assert_int_eq(err, 0);
		ck_assert_uint_eq(count_below(&set.w, "victim"), 0);
		/* The same inode, where it is not ours: removed it is only from the spool. */
		ck_assert_int_eq(rename(at(&set.w, "second"), at(&set.w, "victim/v")), 0);
		snprintf(name, sizeof(name), "x.py.files/v");
		ck_assert_int_eq(publish_lists(&set, &file, NULL), 0);
		ck_assert_int_eq(unlink(at(&set.w, "victim/v")), 0);
	}
	ck_assert_int_eq(kill(pid, SIGKILL), 0);
	ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
	set_close(&set);
}
END_TEST

/* ---- the old ones -------------------------------------------------------------------------- */

START_TEST(test_again)
{
	struct set set;

	set_open(&set);
	stage(&set, 0, ALL);
	assert_published(&set, 0, 0, NULL);
	stage(&set, 1, ALL);
	world_pump(&set.w);
	world_forget(&set.w);
	assert_published(&set, 1, 0, NULL);
	assert_whole(&set, 1, 2);
	ck_assert_str_eq(world_pump(&set.w),
	    "0 gone x.py.json\n0 gone x.py.out\n0 gone x.py.files\n"
	    "0 moved x.py.out\n0 moved x.py.files\n0 moved x.py.json\n");
	set_close(&set);
}
END_TEST

/* One set of files after another; the bits say which of the three in the middle there are. */
static void again_with(unsigned first, unsigned second)
{
	static const size_t dirs[] = { 0, 2, 2, 2, 1, 2, 2, 2 };
	struct set set;

	set_open(&set);
	stage(&set, 0, first << 1);
	assert_published(&set, 0, 0, NULL);
	assert_whole(&set, 0, dirs[first]);
	stage(&set, 1, second << 1);
	assert_published(&set, 1, 0, NULL);
	assert_whole(&set, 1, dirs[second]);
	set_close(&set);
}

START_TEST(test_again_with_other_files)
{
	for (unsigned i = 0; i < 64; i += (unsigned)stride(5))
		again_with(i & 7, i >> 3);
}
END_TEST

START_TEST(test_again_leaves_strangers)
{
	struct set set;

	set_open(&set);
	stage(&set, 0, ALL);
	assert_published(&set, 0, 0, NULL);
	/* A file of somebody's own, and one that was replaced. */
	put_text(&set.w, "a/x.py.files/a/mine", "mine");
	put_text(&set.w, "a/.new", "mine");
	ck_assert_int_eq(renameat(set.dir, ".new", set.dir, "x.py.files/a/c.txt"), 0);
	stage(&set, 1, 0);
	assert_published(&set, 1, 0, NULL);
	check_text(&set.w, "a/x.py.files/a/mine", "mine");
	check_text(&set.w, "a/x.py.files/a/c.txt", "mine");
	ck_assert(!exists(&set.w, "a/x.py.files/a/b.txt"));
	ck_assert(!exists(&set.w, "a/x.py.files/d.txt"));
	help_rmtree(at(&set.w, "a/x.py.files"));
	assert_whole(&set, 1, 0);
	set_close(&set);
}
END_TEST

START_TEST(test_again_behind_a_link)
{
	struct set set;

	/* The old directory lies elsewhere now, with a link to it: nothing there is touched. */
	set_open(&set);
	stage(&set, 0, ALL);
	assert_published(&set, 0, 0, NULL);
	ck_assert_int_eq(rename(at(&set.w, "a/x.py.files"), at(&set.w, "kept")), 0);
	ck_assert_int_eq(symlink("../kept", at(&set.w, "a/x.py.files")), 0);
	stage(&set, 1, 0);
	assert_published(&set, 1, 0, NULL);
	check_text(&set.w, "kept/a/b.txt", set.run[0].text[1]);
	ck_assert_int_eq(unlink(at(&set.w, "a/x.py.files")), 0);
	assert_whole(&set, 1, 0);
	set_close(&set);
}
END_TEST

/* ---- killed at every system call ----------------------------------------------------------- */

/* Lets the child go to its n-th stop at a system call and no further. True when it came to its end
 * before. */
static bool run_until_stop(pid_t pid, int n)
{
	int status;

	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFSTOPPED(status));
	for (int i = 0; i < n; i++) {
		ck_assert_int_eq(ptrace(PTRACE_SYSCALL, pid, NULL, NULL), 0);
		ck_assert_int_eq(waitpid(pid, &status, 0), pid);
		if (WIFEXITED(status)) {
			ck_assert_int_eq(WEXITSTATUS(status), 0);
			return true;
		}
		ck_assert(WIFSTOPPED(status));
	}
	ck_assert_int_eq(kill(pid, SIGKILL), 0);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	return false;
}

static bool killed_publish(struct set *set, size_t n, int stop)
{
	pid_t pid = fork();

	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) == -1 || raise(SIGSTOP) != 0)
			_exit(2);
		_exit(publish(set, n)->err == 0 ? 0 : 1);
	}
	return !run_until_stop(pid, stop);
}

static bool can_trace(void)
{
	pid_t pid = fork();
	int status;

	if (pid == 0)
		_exit(ptrace(PTRACE_TRACEME, 0, NULL, NULL) == -1);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	return (WIFEXITED(status) && WEXITSTATUS(status) == 0) ||
	       !skip("a process cannot be traced here");
}

/* When the record is there, all is there, and of one run. */
static void assert_honest(struct set *set, size_t n)
{
	const struct run *run = &set->run[n];
	struct stat st;

	if (fstatat(set->dir, "x.py.json", &st, AT_SYMLINK_NOFOLLOW) == -1)
		return;
	if (n == 1 && st.st_ino == set->run[0].out[set->run[0].count - 1].ino)
		run = &set->run[0];
	for (size_t i = 0; i < run->count; i++)
		check_text(&set->w, below(run->file[i].name), run->text[i]);
}

START_TEST(test_killed_anywhere)
{
	static const unsigned second[] = { ALL, 0, 4 };
	static const size_t dirs[] = { 2, 0, 2 };
	bool killed = can_trace();
	int stop;

	for (stop = 1 + _i; killed; stop += stride(13)) {
		struct set set;

		set_open(&set);
		stage(&set, 0, ALL);
		if (_i > 0)
			assert_published(&set, 0, 0, NULL);
		if (_i > 0)
			stage(&set, 1, second[_i - 1]);
		killed = killed_publish(&set, _i > 0, stop);
		assert_honest(&set, _i > 0);
		assert_published(&set, _i > 0, 0, NULL);
		assert_whole(&set, _i > 0, _i > 0 ? dirs[_i - 1] : 2);
		set_close(&set);
	}
	ck_assert(stop == 1 + _i || stop > 40);
}
END_TEST

/* A result that grew in a part, and one that is whole. */
static const struct result_file growing[] = {
	{ .name = "x.py.out", .part = 2, .part_bytes = 3, .data = { .p = "!", .n = 1 } },
	{ .name = "x.py.json", .data = { .p = "{}", .n = 2 } },
};

static const struct ev_staged *stage_growing(struct set *set)
{
	struct fx_stage fx = {
		.job = 42, .input = set->input, .file = growing, .count = ARRAY_LEN(growing)
	};

	world_take(&set->w);
	output_stage(set->dir, &fx, &set->w.q);
	return &set->w.q.item[0].u.staged;
}

static void append(struct set *set, unsigned part, const char *text)
{
	struct fx_append fx = { .job = 42, .part = part, .data = { .p = text, .n = strlen(text) } };

	world_take(&set->w);
	output_append(set->dir, &fx, &set->w.q);
	ck_assert_int_eq(set->w.q.item[0].u.appended.err, 0);
}

static bool killed_stage(struct set *set, int stop)
{
	pid_t pid = fork();

	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) == -1 || raise(SIGSTOP) != 0)
			_exit(2);
		_exit(stage_growing(set)->err == 0 ? 0 : 1);
	}
	return !run_until_stop(pid, stop);
}

START_TEST(test_killed_while_staging)
{
	bool killed = can_trace();
	int stop;

	for (stop = 1; killed; stop += stride(3)) {
		struct set set;
		const struct ev_staged *ev;

		set_open(&set);
		if (geteuid() == 0)
			set.input.uid = 1234;
		append(&set, 1, "not wanted");
		append(&set, 2, "abcdef");
		killed = killed_stage(&set, stop);
		ev = stage_growing(&set);
		ck_assert_msg(ev->err == 0, "%s", strerrorname_np(ev->err));
		check_text(&set.w, "a/.sparkspool-42-p2.tmp", "abc!");
		check_text(&set.w, "a/.sparkspool-42-1.tmp", "{}");
		ck_assert_uint_eq(ev->file[0].ino, stat_of(&set.w, below(ev->file[0].tmp)).st_ino);
		ck_assert_uint_eq(stat_of(&set.w, below(ev->file[0].tmp)).st_uid, set.input.uid);
		ck_assert_uint_eq(count_below(&set.w, "a"), 2);
		set_close(&set);
	}
	ck_assert(stop == 1 || stop > 20);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("outputdir");
	TCase *tc = tcase_create("directories");

	tcase_set_timeout(tc, 600);
	tcase_add_test(tc, test_publish);
	tcase_add_test(tc, test_modes);
	tcase_add_test(tc, test_for_another);
	tcase_add_test(tc, test_many_in_deep_ones);
	tcase_add_test(tc, test_names_that_lead_away);
	tcase_add_test(tc, test_a_directory_that_is_there);
	tcase_add_loop_test(tc, test_a_directory_of_somebody, 0, (int)ARRAY_LEN(there));
	tcase_add_test(tc, test_a_directory_of_somebody_below);
	tcase_add_loop_test(tc, test_the_hidden_name_is_taken, 0, TAKEN);
	tcase_add_loop_test(tc, test_taken, 0, (int)ARRAY_LEN(in_the_way));
	tcase_add_test(tc, test_what_is_lost);
	tcase_add_test(tc, test_where_we_may_not);
	tcase_add_test(tc, test_swapped_all_the_time);
	tcase_add_test(tc, test_again);
	tcase_add_test(tc, test_again_with_other_files);
	tcase_add_test(tc, test_again_leaves_strangers);
	tcase_add_test(tc, test_again_behind_a_link);
	tcase_add_loop_test(tc, test_killed_anywhere, 0, 4);
	tcase_add_test(tc, test_killed_while_staging);
	suite_add_tcase(suite, tc);
	return help_run(suite);
}
