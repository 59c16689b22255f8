/* Tests of edge/spool: what becomes of an input that has run, and of what only has its name. */
#include "spoolhelp.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#define HIDDEN ".sparkspool-7.in"

/* One input, a/x.py, and what is to become of it. */
struct input {
	struct world w;
	struct fx_dispose fx;
};

static void input_open(struct input *in, enum conf_after after, const char *move_to)
{
	world_open(&in->w, 1);
	put_text(&in->w, "a/x.py", "ran");
	in->fx = (struct fx_dispose){
		.job = 7,
		.name = "x.py",
		.hidden = HIDDEN,
		.ident = ident_of(&in->w, "a/x.py"),
		.after = after,
		.move_to = move_to,
	};
}

static const struct ev_disposed *dispose(struct input *in)
{
	world_take(&in->w);
	spools_dispose(in->w.s, &in->fx, &in->w.q);
	ck_assert_uint_eq(in->w.q.count, 1);
	ck_assert_int_eq(in->w.q.item[0].type, EV_DISPOSED);
	ck_assert_uint_eq(in->w.q.item[0].u.disposed.job, 7);
	return &in->w.q.item[0].u.disposed;
}

static void assert_disposed(struct input *in, int err, bool stranger, const char *moved_to)
{
	const struct ev_disposed *ev = dispose(in);

	ck_assert_msg(ev->err == err, "%s", strerrorname_np(ev->err));
	ck_assert_int_eq(ev->stranger, stranger);
	ck_assert_pstr_eq(ev->moved_to, moved_to);
	/* Whatever became of it, it is not out of sight. */
	ck_assert(!exists(&in->w, "a/" HIDDEN));
}

static void move(const struct input *in, const char *from, const char *to)
{
	ck_assert_int_eq(rename(at(&in->w, from), at(&in->w, to)), 0);
}

/* ---- deleted ------------------------------------------------------------------------------- */

START_TEST(test_delete)
{
	struct input in;

	input_open(&in, AFTER_DELETE, NULL);
	put_text(&in.w, "a/x.py.out", "");
	assert_disposed(&in, 0, false, NULL);
	ck_assert(!exists(&in.w, "a/x.py"));
	ck_assert(exists(&in.w, "a/x.py.out"));
	/* The answer was lost: the effect comes again. */
	assert_disposed(&in, ENOENT, false, NULL);
	world_close(&in.w);
}
END_TEST

START_TEST(test_delete_from_each_state)
{
	struct input in;

	/* Hidden, then a crash. */
	input_open(&in, AFTER_DELETE, NULL);
	move(&in, "a/x.py", "a/" HIDDEN);
	assert_disposed(&in, 0, false, NULL);
	world_close(&in.w);

	/* Meanwhile a new file has come: that one is not touched. */
	input_open(&in, AFTER_DELETE, NULL);
	move(&in, "a/x.py", "a/" HIDDEN);
	put_text(&in.w, "a/x.py", "new");
	assert_disposed(&in, 0, false, NULL);
	check_text(&in.w, "a/x.py", "new");
	world_close(&in.w);

	/* A rename by way of a second link, half done. */
	input_open(&in, AFTER_DELETE, NULL);
	ck_assert_int_eq(link(at(&in.w, "a/x.py"), at(&in.w, "a/" HIDDEN)), 0);
	assert_disposed(&in, 0, false, NULL);
	ck_assert(!exists(&in.w, "a/x.py"));
	world_close(&in.w);
}
END_TEST

START_TEST(test_delete_whatever_its_ctime)
{
	struct input in;

	input_open(&in, AFTER_DELETE, NULL);
	ck_assert_int_eq(chmod(at(&in.w, "a/x.py"), 0600), 0);
	in.fx.ident.ctime_ns = 1;
	assert_disposed(&in, 0, false, NULL);
	ck_assert(!exists(&in.w, "a/x.py"));
	world_close(&in.w);
}
END_TEST

START_TEST(test_delete_is_refused)
{
	struct input in;
	const struct ev_disposed *ev;

	input_open(&in, AFTER_DELETE, NULL);
	if (!skip_unless_root()) {
		ck_assert_int_eq(chmod(in.w.dir, 0755), 0);
		ck_assert_int_eq(chmod(in.w.a, 01777), 0);
		ck_assert_int_eq(seteuid(65534), 0);
		ev = dispose(&in);
		ck_assert_int_eq(seteuid(0), 0);
		ck_assert_int_eq(ev->err, EPERM);
		check_text(&in.w, "a/x.py", "ran");
	}
	world_close(&in.w);
}
END_TEST

/* ---- strangers ----------------------------------------------------------------------------- */

START_TEST(test_stranger_is_put_back)
{
	struct input in;

	input_open(&in, AFTER_DELETE, NULL);
	put_text(&in.w, "a/.new", "new");
	move(&in, "a/.new", "a/x.py");
	assert_disposed(&in, 0, true, NULL);
	check_text(&in.w, "a/x.py", "new");
	/* As often as it is asked for. */
	assert_disposed(&in, 0, true, NULL);
	check_text(&in.w, "a/x.py", "new");
	/* Also from where a crash has left it. */
	move(&in, "a/x.py", "a/" HIDDEN);
	assert_disposed(&in, 0, true, NULL);
	check_text(&in.w, "a/x.py", "new");
	ck_assert_str_eq(world_log(&in.w), "");
	world_close(&in.w);
}
END_TEST

/* It can be told beforehand: whoever takes it keeps nobody's input from its end. */
START_TEST(test_the_hidden_name_is_taken)
{
	struct input in;

	input_open(&in, _i == 0 ? AFTER_DELETE : AFTER_MOVE, "done");
	put_text(&in.w, "a/" HIDDEN, "somebody's");
	assert_disposed(&in, 0, false, _i == 0 ? NULL : "x.py");
	ck_assert(!exists(&in.w, "a/x.py"));
	ck_assert_int_eq(exists(&in.w, "a/done/x.py"), _i == 1);
	check_text(&in.w, "a/x.py.1", "somebody's");
	ck_assert_uint_eq(count_of(world_log(&in.w), "its name was taken meanwhile"), 1);
	world_close(&in.w);
}
END_TEST

START_TEST(test_stranger_by_its_bytes)
{
	struct input in;
	struct timespec times[2] = { { .tv_sec = 5 }, { .tv_sec = 5 } };

	/* The same inode with other bytes is not what ran. */
	input_open(&in, AFTER_MOVE, "done");
	put_text(&in.w, "a/x.py", "longer than before");
	ck_assert_int_eq(utimensat(AT_FDCWD, at(&in.w, "a/x.py"), times, 0), 0);
	in.fx.ident.mtime_ns = INT64_C(5000000000);
	assert_disposed(&in, 0, true, NULL);
	in.fx.ident.size = 18;
	in.fx.ident.mtime_ns++;
	assert_disposed(&in, 0, true, NULL);
	check_text(&in.w, "a/x.py", "longer than before");
	ck_assert(!exists(&in.w, "a/done"));
	in.fx.ident.mtime_ns--;
	assert_disposed(&in, 0, false, "x.py");
	world_close(&in.w);
}
END_TEST

START_TEST(test_stranger_of_any_type)
{
	struct input in;

	input_open(&in, AFTER_DELETE, NULL);
	move(&in, "a/x.py", "kept");
	ck_assert_int_eq(symlink("../kept", at(&in.w, "a/x.py")), 0);
	assert_disposed(&in, 0, true, NULL);
	ck_assert(S_ISLNK(stat_of(&in.w, "a/x.py").st_mode));
	check_text(&in.w, "kept", "ran");
	ck_assert_int_eq(unlink(at(&in.w, "a/x.py")), 0);
	ck_assert_int_eq(mkdir(at(&in.w, "a/x.py"), 0755), 0);
	put_text(&in.w, "a/x.py/inside", "1");
	assert_disposed(&in, 0, true, NULL);
	check_text(&in.w, "a/x.py/inside", "1");
	world_close(&in.w);
}
END_TEST

START_TEST(test_stranger_whose_name_is_taken)
{
	struct input in;

	input_open(&in, AFTER_DELETE, NULL);
	ck_assert_int_eq(unlink(at(&in.w, "a/x.py")), 0);
	put_text(&in.w, "a/" HIDDEN, "second");
	put_text(&in.w, "a/x.py", "third");
	assert_disposed(&in, 0, true, NULL);
	check_text(&in.w, "a/x.py", "third");
	check_text(&in.w, "a/x.py.1", "second");
	ck_assert_uint_eq(count_of(world_log(&in.w), "x.py.1"), 1);
	put_text(&in.w, "a/" HIDDEN, "fourth");
	assert_disposed(&in, 0, true, NULL);
	check_text(&in.w, "a/x.py.1", "second");
	check_text(&in.w, "a/x.py.2", "fourth");
	world_close(&in.w);
}
END_TEST

/* ---- moved --------------------------------------------------------------------------------- */

START_TEST(test_move)
{
	struct input in;

	input_open(&in, AFTER_MOVE, "done");
	ck_assert_int_eq(mkdir(at(&in.w, "a/done"), 0700), 0);
	assert_disposed(&in, 0, false, "x.py");
	check_text(&in.w, "a/done/x.py", "ran");
	ck_assert(!exists(&in.w, "a/x.py"));
	ck_assert_uint_eq(stat_of(&in.w, "a/done").st_mode & 07777, 0700);
	world_close(&in.w);
}
END_TEST

START_TEST(test_move_makes_the_directory)
{
	static const struct {
		mode_t spool, made;
	} t[] = { { 0755, 0755 }, { 0700, 0700 }, { 01777, 0755 }, { 0770, 0750 } };
	struct input in;
	mode_t mask = umask(0);

	for (size_t i = 0; i < ARRAY_LEN(t); i++) {
		input_open(&in, AFTER_MOVE, "far/below");
		ck_assert_int_eq(chmod(in.w.a, t[i].spool), 0);
		assert_disposed(&in, 0, false, "x.py");
		check_text(&in.w, "a/far/below/x.py", "ran");
		ck_assert_uint_eq(stat_of(&in.w, "a/far").st_mode & 07777, t[i].made);
		world_close(&in.w);
	}
	umask(mask);
}
END_TEST

START_TEST(test_move_to_every_kind_of_path)
{
	static const char *const path[] = { "done", "done/", "./done//", "../a/done", "ABS",
		"ABS//" };
	struct input in;

	for (size_t i = 0; i < ARRAY_LEN(path); i++) {
		char *to = NULL;

		input_open(&in, AFTER_MOVE, path[i]);
		ck_assert_int_eq(mkdir(at(&in.w, "a/done"), 0755), 0);
		if (strncmp(path[i], "ABS", 3) == 0)
			in.fx.move_to = to = xasprintf("%s/a/done%s", in.w.dir, path[i] + 3);
		assert_disposed(&in, 0, false, "x.py");
		check_text(&in.w, "a/done/x.py", "ran");
		free(to);
		world_close(&in.w);
	}
}
END_TEST

/* In a spool for many users: who owns the directory may remove whatever comes there. */
static const struct {
	mode_t spool;
	uid_t spools;
	const char *made;
	uid_t uid;
	int err;
} targets[] = {
	{ 01777, 0, "a/done", 4321, EPERM },
	{ 01777, 0, "a/done", 1234, 0 }, /* whose file it is */
	{ 01777, 0, "a/done", 0, 0 },
	{ 01777, 4321, "a/done", 4321, 0 },
	{ 0777, 0, "a/done", 4321, 0 },
	{ 01777, 0, "a/done/old", 4321, 0 },
};

START_TEST(test_move_to_somebodys)
{
	struct input in;
	int err = targets[_i].err;
	bool deep = strchr(targets[_i].made + 2, '/') != NULL;

	if (skip_unless_root())
		return;
	input_open(&in, AFTER_MOVE, deep ? "done/old" : "done");
	ck_assert_int_eq(chmod(in.w.a, targets[_i].spool), 0);
	ck_assert_int_eq(chown(in.w.a, targets[_i].spools, (gid_t)-1), 0);
	ck_assert_int_eq(chown(at(&in.w, "a/x.py"), 1234, 1234), 0);
	in.fx.ident = ident_of(&in.w, "a/x.py");
	ck_assert_int_eq(mkdir(at(&in.w, "a/done"), 0777), 0);
	if (deep)
		ck_assert_int_eq(mkdir(at(&in.w, targets[_i].made), 0777), 0);
	ck_assert_int_eq(chown(at(&in.w, targets[_i].made), targets[_i].uid, 4321), 0);
	for (int i = 0; i < 2 && err != 0; i++) {
		assert_disposed(&in, err, false, NULL);
		check_text(&in.w, "a/x.py", "ran");
	}
	if (err != 0)
		ck_assert_int_eq(chown(at(&in.w, targets[_i].made), 0, 0), 0);
	assert_disposed(&in, 0, false, "x.py");
	check_text(&in.w, deep ? "a/done/old/x.py" : "a/done/x.py", "ran");
	world_close(&in.w);
}
END_TEST

/* A squashed root, or a mount with an owner of its own: the directory is ours, and not by our name. */
START_TEST(test_move_where_ours_belongs_to_another)
{
	struct input in;

	input_open(&in, AFTER_MOVE, "done");
	if (make_as(65534)) {
		ck_assert_int_eq(chmod(in.w.a, 01777), 0);
		for (int i = 0; i < 2; i++) {
			assert_disposed(&in, 0, false, "x.py");
			move(&in, "a/done/x.py", "a/x.py");
		}
		ck_assert_uint_eq(stat_of(&in.w, "a/done").st_uid, 65534);
		/* Still there are strangers. */
		in.fx.ident.uid = 1234;
		ck_assert_int_eq(chown(at(&in.w, "a/done"), 4321, 4321), 0);
		assert_disposed(&in, EPERM, false, NULL);
		/* And no trace of how that was found out. */
		ck_assert_int_eq(unlink(at(&in.w, "a/x.py")), 0);
		ck_assert_int_eq(rmdir(at(&in.w, "a/done")), 0);
		ck_assert_int_eq(rmdir(in.w.a), 0);
	}
	world_close(&in.w);
}
END_TEST

START_TEST(test_move_beside_what_is_there)
{
	struct input in;

	input_open(&in, AFTER_MOVE, "done");
	ck_assert_int_eq(mkdir(at(&in.w, "a/done"), 0755), 0);
	put_text(&in.w, "a/done/x.py", "1");
	ck_assert_int_eq(symlink("nowhere", at(&in.w, "a/done/x.py.1")), 0);
	ck_assert_int_eq(mkdir(at(&in.w, "a/done/x.py.2"), 0755), 0);
	assert_disposed(&in, 0, false, "x.py.3");
	check_text(&in.w, "a/done/x.py", "1");
	check_text(&in.w, "a/done/x.py.3", "ran");
	world_close(&in.w);
}
END_TEST

START_TEST(test_move_from_each_state)
{
	struct input in;

	/* Hidden, then a crash; and a new file has come. */
	input_open(&in, AFTER_MOVE, "done");
	move(&in, "a/x.py", "a/" HIDDEN);
	put_text(&in.w, "a/x.py", "new");
	assert_disposed(&in, 0, false, "x.py");
	check_text(&in.w, "a/done/x.py", "ran");
	check_text(&in.w, "a/x.py", "new");
	world_close(&in.w);

	/* Moved, and the answer was lost: the same answer again. */
	input_open(&in, AFTER_MOVE, "done");
	ck_assert_int_eq(mkdir(at(&in.w, "a/done"), 0755), 0);
	put_text(&in.w, "a/done/x.py", "1");
	assert_disposed(&in, 0, false, "x.py.1");
	assert_disposed(&in, 0, false, "x.py.1");
	check_text(&in.w, "a/done/x.py.1", "ran");
	ck_assert(!exists(&in.w, "a/done/x.py.2"));
	/* Moved on by somebody else: then it has vanished. */
	move(&in, "a/done/x.py.1", "elsewhere");
	assert_disposed(&in, ENOENT, false, NULL);
	world_close(&in.w);
}
END_TEST

START_TEST(test_vanished)
{
	struct input in;

	input_open(&in, AFTER_MOVE, "done");
	ck_assert_int_eq(unlink(at(&in.w, "a/x.py")), 0);
	assert_disposed(&in, ENOENT, false, NULL);
	/* Nothing is made for nothing. */
	ck_assert(!exists(&in.w, "a/done"));
	world_close(&in.w);
}
END_TEST

START_TEST(test_no_directory)
{
	struct input in;

	input_open(&in, AFTER_DELETE, NULL);
	ck_assert_int_eq(rename(in.w.a, at(&in.w, "elsewhere")), 0);
	world_pump(&in.w);
	/* Not ENOENT, which would say that there is nothing left to do. */
	ck_assert_int_eq(dispose(&in)->err, ENODEV);
	check_text(&in.w, "elsewhere/x.py", "ran");
	world_close(&in.w);
}
END_TEST

/* ---- moved in vain ------------------------------------------------------------------------- */

static void assert_kept(struct input *in, int err)
{
	assert_disposed(in, err, false, NULL);
	check_text(&in->w, "a/x.py", "ran");
	/* And again, with the same answer. */
	assert_disposed(in, err, false, NULL);
	check_text(&in->w, "a/x.py", "ran");
}

START_TEST(test_move_through_a_link)
{
	static const char *const path[] = { "link", "link/", "link/sub" };
	struct input in;

	for (size_t i = 0; i < ARRAY_LEN(path); i++) {
		input_open(&in, AFTER_MOVE, path[i]);
		ck_assert_int_eq(mkdir(at(&in.w, "victim"), 0755), 0);
		ck_assert_int_eq(mkdir(at(&in.w, "victim/sub"), 0755), 0);
		ck_assert_int_eq(symlink("../victim", at(&in.w, "a/link")), 0);
		assert_kept(&in, ENOTDIR);
		ck_assert(!exists(&in.w, "victim/x.py"));
		ck_assert(!exists(&in.w, "victim/sub/x.py"));
		world_close(&in.w);
	}
}
END_TEST

START_TEST(test_move_through_an_absolute_link)
{
	struct input in;
	char *to;

	input_open(&in, AFTER_MOVE, NULL);
	ck_assert_int_eq(mkdir(at(&in.w, "victim"), 0755), 0);
	ck_assert_int_eq(symlink("victim", at(&in.w, "link")), 0);
	in.fx.move_to = to = xasprintf("%s/link/", in.w.dir);
	assert_kept(&in, ENOTDIR);
	free(to);
	/* Above the last component, links are the administrator's own. */
	ck_assert_int_eq(mkdir(at(&in.w, "victim/sub"), 0755), 0);
	in.fx.move_to = to = xasprintf("%s/link/sub", in.w.dir);
	assert_disposed(&in, 0, false, "x.py");
	free(to);
	world_close(&in.w);
}
END_TEST

START_TEST(test_move_to_what_is_no_directory)
{
	struct input in;
	char *to;

	input_open(&in, AFTER_MOVE, "done");
	put_text(&in.w, "a/done", "a file");
	assert_kept(&in, ENOTDIR);
	/* An absolute one is not made; that it is missing must not look as if the input were. */
	in.fx.move_to = to = xasprintf("%s/none", in.w.dir);
	assert_kept(&in, ENOTDIR);
	ck_assert(!exists(&in.w, "none"));
	free(to);
	world_close(&in.w);
}
END_TEST

/* It would be found there again, and run, for ever. */
START_TEST(test_move_to_the_spool_itself)
{
	static const char *const path[] = { "../a", "done/..", "ABS" };
	struct input in;

	for (size_t i = 0; i < ARRAY_LEN(path); i++) {
		char *to = NULL;

		input_open(&in, AFTER_MOVE, path[i]);
		ck_assert_int_eq(mkdir(at(&in.w, "a/done"), 0755), 0);
		ck_assert_int_eq(symlink(in.w.dir, at(&in.w, "alias")), 0);
		if (str_eq(path[i], "ABS"))
			in.fx.move_to = to = xasprintf("%s/alias/a", in.w.dir);
		assert_kept(&in, ELOOP);
		free(to);
		world_close(&in.w);
	}
}
END_TEST

START_TEST(test_move_to_another_file_system)
{
	struct input in;

	input_open(&in, AFTER_MOVE, "done");
	ck_assert_int_eq(mkdir(at(&in.w, "a/done"), 0755), 0);
	if (!skip_unless_root() && !skip_unless_forked() &&
	    mount_tmpfs(at(&in.w, "a/done"), "size=1m")) {
		/* What was opened before does not see the mount. */
		spools_free(in.w.s);
		in.w.s = spools_new();
		ck_assert_int_eq(spools_conf(in.w.s, &in.w.conf), 0);
		assert_kept(&in, EXDEV);
		ck_assert_int_eq(umount2(at(&in.w, "a/done"), MNT_DETACH), 0);
	}
	world_close(&in.w);
}
END_TEST

START_TEST(test_move_and_no_name_is_left)
{
	struct input in;
	char name[NAME_MAX + 1], path[NAME_MAX + 10];

	input_open(&in, AFTER_MOVE, "done");
	memset(name, 'n', NAME_MAX);
	name[NAME_MAX] = '\0';
	snprintf(path, sizeof(path), "a/%s", name);
	move(&in, "a/x.py", path);
	in.fx.name = name;
	ck_assert_int_eq(mkdir(at(&in.w, "a/done"), 0755), 0);
	snprintf(path, sizeof(path), "a/done/%s", name);
	put_text(&in.w, path, "1");
	/* There is no room for ".1". */
	assert_disposed(&in, ENAMETOOLONG, false, NULL);
	check_text(&in.w, path, "1");
	snprintf(path, sizeof(path), "a/%s", name);
	check_text(&in.w, path, "ran");
	world_close(&in.w);
}
END_TEST

START_TEST(test_back_beside_a_new_file)
{
	struct input in;

	/* The move fails, and the name is taken: it stays in sight all the same. */
	input_open(&in, AFTER_MOVE, "done");
	put_text(&in.w, "a/done", "a file");
	move(&in, "a/x.py", "a/" HIDDEN);
	put_text(&in.w, "a/x.py", "new");
	assert_disposed(&in, ENOTDIR, false, NULL);
	check_text(&in.w, "a/x.py", "new");
	check_text(&in.w, "a/x.py.1", "ran");
	world_close(&in.w);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("dispose");
	TCase *tc = tcase_create("dispose");

	tcase_add_test(tc, test_delete);
	tcase_add_test(tc, test_delete_from_each_state);
	tcase_add_test(tc, test_delete_whatever_its_ctime);
	tcase_add_test(tc, test_delete_is_refused);
	tcase_add_test(tc, test_stranger_is_put_back);
	tcase_add_loop_test(tc, test_the_hidden_name_is_taken, 0, 2);
	tcase_add_test(tc, test_stranger_by_its_bytes);
	tcase_add_test(tc, test_stranger_of_any_type);
	tcase_add_test(tc, test_stranger_whose_name_is_taken);
	tcase_add_test(tc, test_move);
	tcase_add_test(tc, test_move_makes_the_directory);
	tcase_add_test(tc, test_move_to_every_kind_of_path);
	tcase_add_loop_test(tc, test_move_to_somebodys, 0, (int)ARRAY_LEN(targets));
	tcase_add_test(tc, test_move_where_ours_belongs_to_another);
	tcase_add_test(tc, test_move_beside_what_is_there);
	tcase_add_test(tc, test_move_from_each_state);
	tcase_add_test(tc, test_vanished);
	tcase_add_test(tc, test_no_directory);
	tcase_add_test(tc, test_move_through_a_link);
	tcase_add_test(tc, test_move_through_an_absolute_link);
	tcase_add_test(tc, test_move_to_what_is_no_directory);
	tcase_add_test(tc, test_move_to_the_spool_itself);
	tcase_add_test(tc, test_move_to_another_file_system);
	tcase_add_test(tc, test_move_and_no_name_is_left);
	tcase_add_test(tc, test_back_beside_a_new_file);
	tcase_set_timeout(tc, 60);
	suite_add_tcase(suite, tc);
	return help_run(suite);
}
