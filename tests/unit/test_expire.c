/* Tests of edge/output and edge/spool: results and moved inputs that are old are removed; whatever else
 * has come to have their names, or has been made of them, stays. */
#include "edge/output.h"
#include "spoolhelp.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FILES 4

static const char *const names[FILES] = {
	"x.py.out",
	"x.py.files/a/b.txt",
	"x.py.files/c.txt",
	"x.py.json",
};

/* A job that has ended: its results in the spool a, its input in a/done. */
struct old {
	struct world w;
	struct out_file out[FILES];
	struct old_job job;
};

/* As the ledger has it, the answers' strings live no longer than the queue. */
static void take_staged(struct old *old)
{
	const struct ev_staged *ev = &old->w.q.item[0].u.staged;

	ck_assert_int_eq(ev->err, 0);
	ck_assert_uint_eq(ev->count, FILES);
	for (size_t i = 0; i < FILES; i++) {
		old->out[i] = ev->file[i];
		old->out[i].name = names[i];
		old->out[i].tmp = xstrdup(ev->file[i].tmp);
	}
}

static void write_results(struct old *old)
{
	struct result_file file[FILES];
	struct fx_stage stage = { .job = 42, .file = file, .count = FILES };
	struct fx_publish publish = { .job = 42, .file = old->out, .count = FILES };

	stage.input = (struct ident){ .uid = geteuid(), .gid = getegid(), .mode = S_IFREG | 0644 };
	for (size_t i = 0; i < FILES; i++)
		file[i] = (struct result_file){ .name = names[i], .data = { .p = "text", .n = 4 } };
	output_stage(spools_dirfd(old->w.s, 0), &stage, &old->w.q);
	take_staged(old);
	world_take(&old->w);
	output_publish(spools_dirfd(old->w.s, 0), &publish, &old->w.q);
	ck_assert_int_eq(old->w.q.item[0].u.published.err, 0);
	world_take(&old->w);
}

static void move_input(struct old *old)
{
	struct fx_dispose fx = { .job = 42,
		.name = "x.py",
		.hidden = ".sparkspool-42-input",
		.after = AFTER_MOVE,
		.move_to = "done" };

	put_text(&old->w, "a/x.py", "ran");
	fx.ident = old->job.input = ident_of(&old->w, "a/x.py");
	spools_dispose(old->w.s, &fx, &old->w.q);
	ck_assert_str_eq(old->w.q.item[0].u.disposed.moved_to, "x.py");
	ck_assert_str_eq(old->w.q.item[0].u.disposed.move_to, "done");
	world_take(&old->w);
}

static void old_open(struct old *old)
{
	memset(old, 0, sizeof(*old));
	world_open(&old->w, 1);
	write_results(old);
	move_input(old);
	old->job.job = 42;
	old->job.file = old->out;
	old->job.count = FILES;
	old->job.moved_to = "done/x.py";
	world_forget(&old->w);
}

static void old_close(struct old *old)
{
	for (size_t i = 0; i < FILES; i++)
		free((char *)(uintptr_t)old->out[i].tmp);
	world_close(&old->w);
}

static const struct ev_expired *ask(struct old *old, bool inputs)
{
	const struct fx_expire fx = { .job = &old->job, .count = 1 };
	const struct ev_expired *ev;

	world_take(&old->w);
	if (inputs)
		spools_discard(old->w.s, &fx, &old->w.q);
	else
		output_expire(spools_dirfd(old->w.s, 0), &fx, &old->w.q);
	ck_assert_uint_eq(old->w.q.count, 1);
	ck_assert_int_eq(old->w.q.item[0].type, EV_EXPIRED);
	ev = &old->w.q.item[0].u.expired;
	ck_assert_int_eq(ev->inputs, inputs);
	ck_assert_uint_eq(ev->count, 1);
	ck_assert_uint_eq(ev->job[0].job, 42);
	ck_assert_int_eq(ev->err != 0, ev->job[0].fate == OLD_FAILED);
	return ev;
}

static void expire(struct old *old, enum old_fate fate, unsigned files)
{
	const struct ev_expired *ev = ask(old, false);

	ck_assert_msg(ev->job[0].fate == fate, "%d: %s", ev->job[0].fate, strerror(ev->err));
	ck_assert_uint_eq(ev->job[0].files, files);
}

static void discard(struct old *old, enum old_fate fate, unsigned files)
{
	const struct ev_expired *ev = ask(old, true);

	ck_assert_msg(ev->job[0].fate == fate, "%d: %s", ev->job[0].fate, strerror(ev->err));
	ck_assert_uint_eq(ev->job[0].files, files);
}

static bool has(const struct old *old, const char *name)
{
	char *path = xasprintf("a/%s", name);
	bool there = exists(&old->w, path);

	free(path);
	return there;
}

static void assert_results(const struct old *old, unsigned there)
{
	for (size_t i = 0; i < FILES; i++)
		ck_assert_msg(has(old, names[i]) == ((there >> i & 1) != 0), "%s", names[i]);
}

#define NONE 0u
#define ALL 0xfu

/* ---- results -------------------------------------------------------------------------------- */

START_TEST(test_all_go)
{
	struct old old;

	old_open(&old);
	put_text(&old.w, "a/y.py.out", "another's");
	expire(&old, OLD_GONE, FILES);
	assert_results(&old, NONE);
	ck_assert(!has(&old, "x.py.files"));
	check_text(&old.w, "a/y.py.out", "another's");
	check_text(&old.w, "a/done/x.py", "ran");
	/* The answer was lost: it comes again, and does no harm. */
	expire(&old, OLD_GONE, 0);
	old_close(&old);
}
END_TEST

/* How it was left is what is compared: not its name, not its time of reading, not its mode. */
START_TEST(test_looked_at_is_not_changed)
{
	struct old old;

	old_open(&old);
	check_text(&old.w, "a/x.py.out", "text");
	ck_assert_int_eq(chmod(at(&old.w, "a/x.py.out"), 0600), 0);
	ck_assert_int_eq(link(at(&old.w, "a/x.py.json"), at(&old.w, "a/kept.json")), 0);
	expire(&old, OLD_GONE, FILES);
	check_text(&old.w, "a/kept.json", "text");
	old_close(&old);
}
END_TEST

static void append(const struct old *old, const char *path, const char *text)
{
	FILE *f = fopen(at(&old->w, path), "a");

	ck_assert_ptr_nonnull(f);
	ck_assert_int_ge(fputs(text, f), 0);
	ck_assert_int_eq(fclose(f), 0);
}

START_TEST(test_edited_keeps_all)
{
	struct old old;

	for (size_t i = 0; i < FILES; i++) {
		char *path = xasprintf("a/%s", names[i]);

		old_open(&old);
		append(&old, path, ", and mine");
		expire(&old, OLD_KEPT, 0);
		assert_results(&old, ALL);
		check_text(&old.w, path, "text, and mine");
		free(path);
		old_close(&old);
	}
}
END_TEST

/* As many bytes as before: the time tells. */
START_TEST(test_rewritten_in_place_keeps_all)
{
	struct old old;
	struct timespec times[2] = { { .tv_nsec = UTIME_OMIT }, { .tv_sec = 5 } };

	old_open(&old);
	ck_assert_int_eq(utimensat(AT_FDCWD, at(&old.w, "a/x.py.files/c.txt"), times, 0), 0);
	expire(&old, OLD_KEPT, 0);
	assert_results(&old, ALL);
	old_close(&old);
}
END_TEST

START_TEST(test_an_earlier_releases_row_proves_nothing)
{
	struct old old;

	old_open(&old);
	old.out[1].mtime_ns = old.out[1].size = 0;
	expire(&old, OLD_KEPT, 0);
	assert_results(&old, ALL);
	old_close(&old);
}
END_TEST

START_TEST(test_replaced_is_somebody_elses)
{
	struct old old;

	old_open(&old);
	put_text(&old.w, "a/new", "mine");
	ck_assert_int_eq(rename(at(&old.w, "a/new"), at(&old.w, "a/x.py.out")), 0);
	expire(&old, OLD_GONE, FILES - 1);
	assert_results(&old, 1);
	check_text(&old.w, "a/x.py.out", "mine");
	old_close(&old);
}
END_TEST

/* The same inode number, given to another file. */
START_TEST(test_inode_of_another)
{
	struct old old;

	old_open(&old);
	put_text(&old.w, "a/new", "a later run's");
	ck_assert_int_eq(rename(at(&old.w, "a/new"), at(&old.w, "a/x.py.json")), 0);
	old.out[FILES - 1].ino = stat_of(&old.w, "a/x.py.json").st_ino;
	expire(&old, OLD_KEPT, 0);
	check_text(&old.w, "a/x.py.json", "a later run's");
	old_close(&old);
}
END_TEST

START_TEST(test_links_lead_nowhere)
{
	struct old old;

	old_open(&old);
	ck_assert_int_eq(rename(at(&old.w, "a/x.py.out"), at(&old.w, "kept")), 0);
	ck_assert_int_eq(symlink("../kept", at(&old.w, "a/x.py.out")), 0);
	expire(&old, OLD_GONE, FILES - 1);
	check_text(&old.w, "kept", "text");
	ck_assert(S_ISLNK(stat_of(&old.w, "a/x.py.out").st_mode));
	old_close(&old);
}
END_TEST

START_TEST(test_linked_directories_lead_nowhere)
{
	struct old old;

	old_open(&old);
	ck_assert_int_eq(rename(at(&old.w, "a/x.py.files"), at(&old.w, "kept")), 0);
	ck_assert_int_eq(symlink("../kept", at(&old.w, "a/x.py.files")), 0);
	expire(&old, OLD_GONE, 2);
	check_text(&old.w, "kept/a/b.txt", "text");
	check_text(&old.w, "kept/c.txt", "text");
	ck_assert(S_ISLNK(stat_of(&old.w, "a/x.py.files").st_mode));
	old_close(&old);
}
END_TEST

START_TEST(test_directories_that_are_others)
{
	struct old old;

	/* Another one in its place, and a file in ours. */
	old_open(&old);
	ck_assert_int_eq(rename(at(&old.w, "a/x.py.files/a"), at(&old.w, "kept")), 0);
	ck_assert_int_eq(mkdir(at(&old.w, "a/x.py.files/a"), 0755), 0);
	put_text(&old.w, "a/x.py.files/a/b.txt", "mine");
	put_text(&old.w, "a/x.py.files/d.txt", "mine");
	expire(&old, OLD_GONE, FILES - 1);
	check_text(&old.w, "a/x.py.files/a/b.txt", "mine");
	check_text(&old.w, "a/x.py.files/d.txt", "mine");
	check_text(&old.w, "kept/b.txt", "text");
	ck_assert(!has(&old, "x.py.files/c.txt"));
	old_close(&old);
	/* A directory where a file was, and a file where a directory was. */
	old_open(&old);
	ck_assert_int_eq(unlink(at(&old.w, "a/x.py.out")), 0);
	ck_assert_int_eq(mkdir(at(&old.w, "a/x.py.out"), 0755), 0);
	ck_assert_int_eq(rename(at(&old.w, "a/x.py.files"), at(&old.w, "kept")), 0);
	put_text(&old.w, "a/x.py.files", "mine");
	expire(&old, OLD_GONE, 1);
	check_text(&old.w, "a/x.py.files", "mine");
	ck_assert(has(&old, "x.py.out"));
	old_close(&old);
}
END_TEST

START_TEST(test_names_that_lead_away)
{
	static const char *const bad[] = { "../x", "/x", "a/../../x", ".", "",
		"x.py.files//c.txt" };
	struct old old;

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		old_open(&old);
		put_text(&old.w, "x", "mine");
		struct stat st = stat_of(&old.w, "x");
		old.out[0].name = bad[i];
		old.out[0].ino = st.st_ino;
		old.out[0].size = st.st_size;
		old.out[0].mtime_ns = (int64_t)st.st_mtim.tv_sec * 1000000000 + st.st_mtim.tv_nsec;
		expire(&old, OLD_GONE, FILES - 1);
		check_text(&old.w, "x", "mine");
		old_close(&old);
	}
}
END_TEST

/* Root may do everything: it is somebody else for this. */
START_TEST(test_forbidden)
{
	struct old old;
	uid_t me = geteuid();

	if (me == 0 && skip_unless_forked())
		return;
	if (me == 0)
		ck_assert_int_eq(seteuid(65534), 0);
	old_open(&old);
	ck_assert_int_eq(chmod(at(&old.w, "a"), 0555), 0);
	const struct ev_expired *ev = ask(&old, false);
	ck_assert_int_eq(ev->err, EACCES);
	ck_assert_str_eq(ev->name, "x.py.json");
	assert_results(&old, ALL);
	ck_assert_int_eq(chmod(at(&old.w, "a/done"), 0555), 0);
	ev = ask(&old, true);
	ck_assert_int_eq(ev->err, EACCES);
	ck_assert_str_eq(ev->name, "done/x.py");
	ck_assert_int_eq(chmod(at(&old.w, "a"), 0755), 0);
	ck_assert_int_eq(chmod(at(&old.w, "a/done"), 0755), 0);
	/* When the cause is gone it goes on. */
	expire(&old, OLD_GONE, FILES);
	discard(&old, OLD_GONE, 1);
	old_close(&old);
	ck_assert_int_eq(seteuid(me), 0);
}
END_TEST

START_TEST(test_without_a_directory)
{
	struct old old;
	struct fx_expire fx;

	old_open(&old);
	fx = (struct fx_expire){ .job = &old.job, .count = 1 };
	output_expire(-1, &fx, &old.w.q);
	ck_assert_int_eq(old.w.q.item[0].u.expired.err, ENODEV);
	ck_assert_int_eq(old.w.q.item[0].u.expired.job[0].fate, OLD_FAILED);
	world_take(&old.w);
	ck_assert_int_eq(rename(old.w.a, at(&old.w, "elsewhere")), 0);
	(void)world_pump(&old.w);
	ck_assert_int_eq(ask(&old, true)->err, ENODEV);
	check_text(&old.w, "elsewhere/done/x.py", "ran");
	check_text(&old.w, "elsewhere/x.py.out", "text");
	old_close(&old);
}
END_TEST

/* One that fails does not keep the others. */
START_TEST(test_each_for_itself)
{
	struct old old;
	struct out_file strange = { .name = "y.py.json", .tmp = ".y" };
	struct old_job job[3];
	struct fx_expire fx = { .job = job, .count = 3 };
	const struct ev_expired *ev;

	old_open(&old);
	put_text(&old.w, "a/y.py.json", "edited");
	strange.ino = stat_of(&old.w, "a/y.py.json").st_ino;
	job[0] = (struct old_job){ .job = 7, .file = &strange, .count = 1 };
	job[1] = old.job;
	job[2] = (struct old_job){ .job = 9 };
	output_expire(spools_dirfd(old.w.s, 0), &fx, &old.w.q);
	ev = &old.w.q.item[0].u.expired;
	ck_assert_uint_eq(ev->count, 3);
	ck_assert_int_eq(ev->job[0].fate, OLD_KEPT);
	ck_assert_int_eq(ev->job[1].fate, OLD_GONE);
	ck_assert_int_eq(ev->job[2].fate, OLD_GONE);
	ck_assert_uint_eq(ev->job[2].job, 9);
	assert_results(&old, NONE);
	check_text(&old.w, "a/y.py.json", "edited");
	old_close(&old);
}
END_TEST

/* ---- moved inputs --------------------------------------------------------------------------- */

START_TEST(test_moved_goes)
{
	struct old old;

	old_open(&old);
	put_text(&old.w, "a/done/y.py", "another's");
	discard(&old, OLD_GONE, 1);
	ck_assert(!has(&old, "done/x.py"));
	check_text(&old.w, "a/done/y.py", "another's");
	assert_results(&old, ALL);
	discard(&old, OLD_GONE, 0);
	old_close(&old);
}
END_TEST

START_TEST(test_moved_to_an_absolute_path)
{
	struct old old;
	char *path;

	old_open(&old);
	ck_assert_int_eq(mkdir(at(&old.w, "far"), 0755), 0);
	ck_assert_int_eq(rename(at(&old.w, "a/done/x.py"), at(&old.w, "far/x.py.1")), 0);
	old.job.moved_to = path = xasprintf("%s/far//x.py.1", old.w.dir);
	discard(&old, OLD_GONE, 1);
	ck_assert(!exists(&old.w, "far/x.py.1"));
	free(path);
	old_close(&old);
}
END_TEST

START_TEST(test_moved_and_changed_stays)
{
	struct timespec times[2] = { { .tv_nsec = UTIME_OMIT }, { .tv_sec = 5 } };
	struct old old;

	/* Written into, rewritten at another time, replaced, a link to it. */
	old_open(&old);
	append(&old, "a/done/x.py", " and more");
	discard(&old, OLD_GONE, 0);
	check_text(&old.w, "a/done/x.py", "ran and more");
	old_close(&old);
	old_open(&old);
	ck_assert_int_eq(utimensat(AT_FDCWD, at(&old.w, "a/done/x.py"), times, 0), 0);
	discard(&old, OLD_GONE, 0);
	ck_assert(has(&old, "done/x.py"));
	old_close(&old);
	old_open(&old);
	put_text(&old.w, "a/done/new", "ran");
	ck_assert_int_eq(rename(at(&old.w, "a/done/new"), at(&old.w, "a/done/x.py")), 0);
	discard(&old, OLD_GONE, 0);
	check_text(&old.w, "a/done/x.py", "ran");
	old_close(&old);
	old_open(&old);
	ck_assert_int_eq(rename(at(&old.w, "a/done/x.py"), at(&old.w, "kept")), 0);
	ck_assert_int_eq(symlink("../../kept", at(&old.w, "a/done/x.py")), 0);
	discard(&old, OLD_GONE, 0);
	check_text(&old.w, "kept", "ran");
	ck_assert(S_ISLNK(stat_of(&old.w, "a/done/x.py").st_mode));
	old_close(&old);
}
END_TEST

/* Whoever has put a link there: what it leads to is not where we have moved anything to. */
START_TEST(test_moved_and_linked_directory)
{
	struct old old;

	old_open(&old);
	ck_assert_int_eq(rename(at(&old.w, "a/done"), at(&old.w, "kept")), 0);
	ck_assert_int_eq(symlink("../kept", at(&old.w, "a/done")), 0);
	discard(&old, OLD_GONE, 0);
	check_text(&old.w, "kept/x.py", "ran");
	ck_assert_int_eq(unlink(at(&old.w, "a/done")), 0);
	discard(&old, OLD_GONE, 0);
	put_text(&old.w, "a/done", "a file");
	discard(&old, OLD_GONE, 0);
	check_text(&old.w, "kept/x.py", "ran");
	old_close(&old);
}
END_TEST

START_TEST(test_moved_nowhere_that_we_know)
{
	static const char *const bad[] = { "", "x.py", "done/", "/x.py", "done/none.py" };
	struct old old;

	old_open(&old);
	put_text(&old.w, "a/x.py", "mine");
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		old.job.moved_to = bad[i];
		discard(&old, OLD_GONE, 0);
	}
	check_text(&old.w, "a/x.py", "mine");
	check_text(&old.w, "a/done/x.py", "ran");
	old_close(&old);
}
END_TEST

START_TEST(test_moved_to_several_directories)
{
	static const char *const path[] = { "done/a.py", "done/b.py", "far/below/c.py",
		"done/d.py" };
	struct old old;
	struct old_job job[4];
	struct fx_expire fx = { .job = job, .count = 4 };
	const struct ev_expired *ev;

	old_open(&old);
	ck_assert_int_eq(mkdir(at(&old.w, "a/far"), 0755), 0);
	ck_assert_int_eq(mkdir(at(&old.w, "a/far/below"), 0755), 0);
	for (size_t i = 0; i < ARRAY_LEN(path); i++) {
		char *to = xasprintf("a/%s", path[i]);

		put_text(&old.w, to, path[i]);
		job[i] = (struct old_job){ .job = i + 1, .moved_to = path[i] };
		job[i].input = ident_of(&old.w, to);
		free(to);
	}
	spools_discard(old.w.s, &fx, &old.w.q);
	ev = &old.w.q.item[0].u.expired;
	for (size_t i = 0; i < ARRAY_LEN(path); i++) {
		ck_assert_uint_eq(ev->job[i].job, i + 1);
		ck_assert_uint_eq(ev->job[i].files, 1);
		ck_assert(!has(&old, path[i]));
	}
	check_text(&old.w, "a/done/x.py", "ran");
	ck_assert(has(&old, "far/below"));
	old_close(&old);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("expire");
	TCase *t = tcase_create("results");

	tcase_add_test(t, test_all_go);
	tcase_add_test(t, test_looked_at_is_not_changed);
	tcase_add_test(t, test_edited_keeps_all);
	tcase_add_test(t, test_rewritten_in_place_keeps_all);
	tcase_add_test(t, test_an_earlier_releases_row_proves_nothing);
	tcase_add_test(t, test_replaced_is_somebody_elses);
	tcase_add_test(t, test_inode_of_another);
	tcase_add_test(t, test_links_lead_nowhere);
	tcase_add_test(t, test_linked_directories_lead_nowhere);
	tcase_add_test(t, test_directories_that_are_others);
	tcase_add_test(t, test_names_that_lead_away);
	tcase_add_test(t, test_forbidden);
	tcase_add_test(t, test_without_a_directory);
	tcase_add_test(t, test_each_for_itself);
	suite_add_tcase(s, t);
	t = tcase_create("moved");
	tcase_add_test(t, test_moved_goes);
	tcase_add_test(t, test_moved_to_an_absolute_path);
	tcase_add_test(t, test_moved_and_changed_stays);
	tcase_add_test(t, test_moved_and_linked_directory);
	tcase_add_test(t, test_moved_nowhere_that_we_know);
	tcase_add_test(t, test_moved_to_several_directories);
	suite_add_tcase(s, t);
	return help_run(s);
}
