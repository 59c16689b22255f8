/* Tests of base/fsop. Both ways of renaming are held to the same rules. */
#include "base/fsop.h"
#include "spoolhelp.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

typedef int rename_fn(int from_dir, const char *from, int to_dir, const char *to);

static rename_fn *const way[] = { fsop_rename_new, fsop_rename_new_plain };

/* Only a directory is wanted; the spools serve as one. */
static int open_a(struct world *w)
{
	world_open(w, 2);
	return spools_dirfd(w->s, 0);
}

START_TEST(test_rename)
{
	struct world w;
	int a = open_a(&w);
	int b = spools_dirfd(w.s, 1);

	put_text(&w, "a/x", "1");
	ck_assert_int_eq(way[_i](a, "x", a, "y"), 0);
	ck_assert(!exists(&w, "a/x"));
	ck_assert_int_eq(way[_i](a, "y", b, "z"), 0);
	ck_assert(!exists(&w, "a/y"));
	check_text(&w, "b/z", "1");
	ck_assert_uint_eq(stat_of(&w, "b/z").st_nlink, 1);
	world_close(&w);
}
END_TEST

START_TEST(test_rename_never_replaces)
{
	struct world w;
	int a = open_a(&w);

	put_text(&w, "a/x", "1");
	put_text(&w, "a/y", "2");
	ck_assert_int_eq(way[_i](a, "x", a, "y"), EEXIST);
	ck_assert_int_eq(symlink("nowhere", at(&w, "a/l")), 0);
	ck_assert_int_eq(way[_i](a, "x", a, "l"), EEXIST);
	ck_assert_int_eq(mkdir(at(&w, "a/d"), 0755), 0);
	ck_assert_int_eq(way[_i](a, "x", a, "d"), EEXIST);
	ck_assert_int_eq(mkdir(at(&w, "a/e"), 0755), 0);
	ck_assert_int_eq(way[_i](a, "d", a, "e"), EEXIST);
	check_text(&w, "a/x", "1");
	check_text(&w, "a/y", "2");
	world_close(&w);
}
END_TEST

START_TEST(test_rename_missing)
{
	struct world w;
	int a = open_a(&w);

	ck_assert_int_eq(way[_i](a, "x", a, "y"), ENOENT);
	world_close(&w);
}
END_TEST

START_TEST(test_rename_of_what_is_no_file)
{
	struct world w;
	int a = open_a(&w);

	/* There is no second link to a directory: the plain way looks first instead. */
	ck_assert_int_eq(mkdir(at(&w, "a/d"), 0755), 0);
	ck_assert_int_eq(way[_i](a, "d", a, "e"), 0);
	ck_assert(S_ISDIR(stat_of(&w, "a/e").st_mode));
	/* A link itself is renamed, not what it leads to. */
	put_text(&w, "a/x", "1");
	ck_assert_int_eq(symlink("x", at(&w, "a/l")), 0);
	ck_assert_int_eq(way[_i](a, "l", a, "m"), 0);
	ck_assert(S_ISLNK(stat_of(&w, "a/m").st_mode));
	ck_assert(exists(&w, "a/x"));
	world_close(&w);
}
END_TEST

START_TEST(test_rename_finishes_what_was_begun)
{
	struct world w;
	int a = open_a(&w);

	put_text(&w, "a/x", "1");
	ck_assert_int_eq(link(at(&w, "a/x"), at(&w, "a/y")), 0);
	ck_assert_int_eq(way[_i](a, "x", a, "y"), 0);
	ck_assert(!exists(&w, "a/x"));
	check_text(&w, "a/y", "1");
	world_close(&w);
}
END_TEST

START_TEST(test_plain_undoes_what_it_may_not_finish)
{
	struct world w;
	int a = open_a(&w), b = spools_dirfd(w.s, 1);

	if (!skip_unless_root()) {
		/* A sticky directory of root's: somebody may add to b, and not take from a. */
		put_text(&w, "a/x", "1");
		ck_assert_int_eq(chmod(at(&w, "a/x"), 0666), 0);
		ck_assert_int_eq(chmod(at(&w, "a"), 01777), 0);
		ck_assert_int_eq(chmod(at(&w, "b"), 0777), 0);
		ck_assert_int_eq(chmod(w.dir, 0755), 0);
		ck_assert_int_eq(seteuid(65534), 0);
		ck_assert_int_eq(fsop_rename_new_plain(a, "x", b, "x"), EPERM);
		ck_assert_int_eq(seteuid(0), 0);
		check_text(&w, "a/x", "1");
		ck_assert(!exists(&w, "b/x"));
		ck_assert_uint_eq(stat_of(&w, "a/x").st_nlink, 1);
	}
	world_close(&w);
}
END_TEST

START_TEST(test_sync_dir)
{
	struct world w;
	int a = open_a(&w), pair[2];

	ck_assert_int_eq(fsop_sync_dir(a), 0);
	ck_assert_int_eq(fsop_sync_dir(-1), EBADF);
	/* What knows no fsync is not an error. */
	ck_assert_int_eq(pipe(pair), 0);
	ck_assert_int_eq(fsop_sync_dir(pair[0]), 0);
	close(pair[0]);
	close(pair[1]);
	world_close(&w);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("fsop");
	TCase *tc = tcase_create("fsop");

	tcase_add_loop_test(tc, test_rename, 0, 2);
	tcase_add_loop_test(tc, test_rename_never_replaces, 0, 2);
	tcase_add_loop_test(tc, test_rename_missing, 0, 2);
	tcase_add_loop_test(tc, test_rename_of_what_is_no_file, 0, 2);
	tcase_add_loop_test(tc, test_rename_finishes_what_was_begun, 0, 2);
	tcase_add_test(tc, test_plain_undoes_what_it_may_not_finish);
	tcase_add_test(tc, test_sync_dir);
	suite_add_tcase(suite, tc);
	return help_run(suite);
}
