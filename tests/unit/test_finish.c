/* test_finish: from the outcome of a run to its results and the end of its input. */
#include "world.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MINUTES INT64_C(60000)

static struct world *w;

static void setup(void)
{
	w = world_new();
}

static void teardown(void)
{
	world_free(w);
}

static void start_slow(void)
{
	world_begin(w);
	world_put(w, "a.py", "sleep 5000");
	world_until(w, MINUTES, world_ran(w, "sleep 5000") == 1);
}

/* Of what the trace calls so, how much there was in the turn that had most of it. */
static int most_in_a_turn(const char *what)
{
	int most = 0;
	int n = 0;
	for (const char *line = w->trace.data; *line != '\0'; line = strchr(line, '\n') + 1) {
		n = *line == '.' ? 0 : n + (strncmp(line, what, strlen(what)) == 0);
		most = n > most ? n : most;
	}
	return most;
}

static int hidden_files(void)
{
	int n = 0;
	for (size_t i = 0; i < w->dir[0]->count; i++)
		n += w->dir[0]->file[i].name[0] == '.';
	return n;
}

/* ---- the order of things ------------------------------------------------------------------------ */

START_TEST(keep)
{
	start_slow();
	world_forget(w);
	world_until(w, MINUTES, world_done(w, "a.py"));
	world_story(w, "job|stage|publish|dispose",
	    "+ job 1 ANSWERED ok +answer\n"
	    "stage a.py.out a.py.json\n"
	    "+ job 1 STAGED ok\n"
	    "publish a.py.out a.py.json\n"
	    "+ job 1 DONE ok -blobs\n");
	ck_assert_ptr_nonnull(world_file(w, "a.py"));
	ck_assert_ptr_null(world_row(w, "a.py")->code);
	ck_assert_ptr_null(world_row(w, "a.py")->answer);
	ck_assert_int_eq(hidden_files(), 0);
}
END_TEST

START_TEST(delete)
{
	w->spool[0].after = AFTER_DELETE;
	start_slow();
	world_forget(w);
	world_until(w, MINUTES, world_done(w, "a.py"));
	world_story(w, "job|stage|publish|dispose",
	    "+ job 1 ANSWERED ok +answer\n"
	    "stage a.py.out a.py.json\n"
	    "+ job 1 STAGED ok\n"
	    "publish a.py.out a.py.json\n"
	    "+ job 1 DISPOSING ok -blobs\n"
	    "dispose a.py\n"
	    "+ job 1 DONE ok -blobs history\n");
	ck_assert_ptr_null(world_file(w, "a.py"));
	ck_assert(world_recorded(w, "a.py", "ok"));
	ck_assert_int_eq(hidden_files(), 0);
}
END_TEST

START_TEST(move)
{
	w->spool[0].after = AFTER_MOVE;
	w->spool[0].move_to = xstrdup("done");
	start_slow();
	world_until(w, MINUTES, world_done(w, "a.py"));
	ck_assert_ptr_null(world_file(w, "a.py"));
	ck_assert_uint_eq(w->dir[0]->moved_count, 1);
	ck_assert_str_eq(w->dir[0]->moved[0], "a.py");
	ck_assert_int_eq(world_logged(w, "event=moved to=\"a.py\""), 1);
	ck_assert_ptr_nonnull(world_file(w, "a.py.json"));
}
END_TEST

/* After failure of the code the spool's word counts as well; of what nobody understands it stays. */
START_TEST(an_error_is_an_end_like_any_other)
{
	w->spool[0].after = AFTER_DELETE;
	world_begin(w);
	world_put(w, "a.py", "fail");
	world_until(w, MINUTES, world_done(w, "a.py"));
	ck_assert_str_eq(world_status(w, "a.py"), "error");
	ck_assert_ptr_null(world_file(w, "a.py"));
	ck_assert_str_eq(world_text(w, "a.py.err"), "ZeroDivisionError: division by zero\n");
}
END_TEST

START_TEST(a_table)
{
	world_begin(w);
	world_put(w, "a.sql", "select 1");
	world_until(w, MINUTES, world_done(w, "a.sql"));
	ck_assert_str_eq(world_text(w, "a.sql.csv"), "a\r\nselect 1\r\n");
	ck_assert_str_eq(world_text(w, "a.sql.out"), "");
}
END_TEST

START_TEST(every_kind)
{
	world_begin(w);
	world_put(w, "a.scala", "scala");
	world_put(w, "a.R", "r");
	world_put(w, "a.sql", "select 1");
	world_put(w, "a.py", "py");
	world_until(w, 2 * MINUTES,
	    world_done(w, "a.scala") && world_done(w, "a.R") && world_done(w, "a.sql") &&
		world_done(w, "a.py"));
	ck_assert_str_eq(world_text(w, "a.scala.out"), "scala\n");
	ck_assert_str_eq(world_text(w, "a.R.out"), "[1] \"r\"\n");
	ck_assert_str_eq(world_text(w, "a.py.out"), "py\n");
}
END_TEST

/* ---- dropped again -------------------------------------------------------------------------------- */

START_TEST(replaced_while_it_runs)
{
	start_slow();
	world_put(w, "a.py", "second");
	world_until(w, MINUTES, world_recorded(w, "a.py", "ok"));
	ck_assert_ptr_nonnull(strstr(world_text(w, "a.py.json"), "\"superseded\": true"));
	ck_assert_str_eq(world_text(w, "a.py.out"), "sleep 5000\n");
	world_until(w, MINUTES, strcmp(world_text(w, "a.py.out"), "second\n") == 0);
	world_run(w, 2 * MINUTES);
	ck_assert_ptr_nonnull(strstr(world_text(w, "a.py.json"), "\"superseded\": false"));
	ck_assert_uint_eq(w->server[0].ran_count, 2);
}
END_TEST

START_TEST(replaced_while_it_runs_and_is_to_be_deleted)
{
	w->spool[0].after = AFTER_DELETE;
	start_slow();
	world_put(w, "a.py", "second");
	world_until(w, MINUTES, world_ran(w, "second") == 1);
	world_until(w, MINUTES, world_file(w, "a.py") == NULL);
	ck_assert_str_eq(world_text(w, "a.py.out"), "second\n");
	ck_assert_uint_eq(w->server[0].ran_count, 2);
}
END_TEST

START_TEST(dropped_again_after_it_was_deleted)
{
	w->spool[0].after = AFTER_DELETE;
	start_slow();
	world_until(w, MINUTES, world_done(w, "a.py"));
	world_run(w, 1000);
	world_put(w, "a.py", "second");
	world_until(w, MINUTES, strcmp(world_text(w, "a.py.out"), "second\n") == 0);
	world_until(w, MINUTES, world_file(w, "a.py") == NULL);
	ck_assert_int_eq(world_ran(w, "second"), 1);
}
END_TEST

/* Between the results and the disposal: what lies there is not what ran. */
START_TEST(a_stranger_is_put_back_and_runs)
{
	w->spool[0].after = AFTER_DELETE;
	start_slow();
	world_until(w, MINUTES, world_row(w, "a.py")->rec.state == JOB_STAGED);
	world_put(w, "a.py", "stranger");
	world_until(w, MINUTES, world_ran(w, "stranger") == 1);
	world_until(w, MINUTES, world_file(w, "a.py") == NULL);
	ck_assert_uint_eq(w->server[0].ran_count, 2);
	ck_assert_int_eq(hidden_files(), 0);
}
END_TEST

START_TEST(removed_before_it_could_be)
{
	w->spool[0].after = AFTER_DELETE;
	start_slow();
	world_until(w, MINUTES, world_row(w, "a.py")->rec.state == JOB_STAGED);
	world_remove(w, "a.py");
	world_until(w, MINUTES, world_done(w, "a.py"));
	ck_assert_str_eq(world_status(w, "a.py"), "ok");
}
END_TEST

/* ---- many at once ------------------------------------------------------------------------------- */

#define MANY 300

static void put_many(const char *suffix)
{
	char name[16];
	for (int i = 0; i < MANY; i++) {
		snprintf(name, sizeof(name), "%d.%s", i, suffix);
		world_put(w, name, "r");
	}
}

/* Each costs some syncs, and a stop, a signal or a request waits for the end of the turn. */
START_TEST(many_that_are_rejected_at_once)
{
	w->pool[0].warm[KIND_SPARKR] = -1;
	put_many("R");
	world_start(w);
	world_until(w, MINUTES, world_recorded(w, "0.R", "rejected"));
	world_stop(w);
	world_until(w, MINUTES, w->ledger.ends == MANY);
	ck_assert_int_gt(most_in_a_turn("stage"), 0);
	ck_assert_int_le(most_in_a_turn("stage"), 64);
	ck_assert_int_le(most_in_a_turn("publish"), 64);
	ck_assert_int_eq(hidden_files(), 0);
}
END_TEST

/* They may be a thousand, and on a file system across the network each look takes its time. */
START_TEST(many_that_have_settled)
{
	w->spool[0].ready = READY_SETTLE;
	w->spool[0].settle_ms = 1000;
	w->spool[0].python = STYLE_RAW;
	put_many("py");
	world_begin(w);
	world_forget(w);
	world_until(w, MINUTES, w->ledger.jobs == MANY);
	ck_assert_int_gt(most_in_a_turn("look"), 0);
	ck_assert_int_le(most_in_a_turn("look"), 256);
	world_until(w, 100 * MINUTES, w->ledger.ends == MANY);
}
END_TEST

/* The same after a start, when the directory is back, at each of the steps; and none is left behind. */
START_TEST(many_that_have_waited)
{
	w->pool[0].warm[KIND_SPARKR] = -1;
	w->spool[0].after = AFTER_DELETE;
	put_many("R");
	world_start(w);
	w->dir[0]->full = true;
	world_until(w, MINUTES,
	    world_row(w, "299.R") != NULL && world_row(w, "299.R")->rec.state == JOB_ANSWERED);
	w->dir[0]->full = false;
	world_crash(w);
	world_until(w, MINUTES, w->ledger.ends == MANY);
	ck_assert_int_le(most_in_a_turn("stage"), 64);
	ck_assert_int_le(most_in_a_turn("publish"), 64);
}
END_TEST

/* ---- errors of the disk ----------------------------------------------------------------------------- */

START_TEST(a_full_disk_only_delays)
{
	start_slow();
	w->dir[0]->stage_err = ENOSPC;
	world_until(w, MINUTES, w->dir[0]->stage_err == 0);
	ck_assert_str_eq(world_status(w, "a.py"), "");
	ck_assert_ptr_nonnull(world_row(w, "a.py")->answer);
	world_until(w, MINUTES, world_done(w, "a.py"));
	ck_assert(world_recorded(w, "a.py", "ok"));
	ck_assert_int_eq(world_logged(w, "event=writing-failed"), 1);
}
END_TEST

START_TEST(a_full_disk_for_long_is_one_error)
{
	start_slow();
	w->dir[0]->gone = true;
	world_run(w, 30 * MINUTES);
	ck_assert_int_eq(world_logged(w, "<3>job=1 event=writing-failed"), 1);
	w->dir[0]->gone = false;
	world_until(w, 10 * MINUTES, world_done(w, "a.py"));
	ck_assert_int_eq(world_ran(w, "sleep 5000"), 1);
}
END_TEST

START_TEST(a_name_that_was_taken_meanwhile)
{
	start_slow();
	world_put(w, "a.py.json", "mine");
	world_run(w, MINUTES);
	ck_assert_str_eq(world_status(w, "a.py"), "");
	ck_assert_str_eq(world_text(w, "a.py.json"), "mine");
	ck_assert_int_eq(world_logged(w, "<3>job=1 event=publishing-failed"), 1);
	world_remove(w, "a.py.json");
	world_until(w, 10 * MINUTES, world_done(w, "a.py"));
	ck_assert(world_recorded(w, "a.py", "ok"));
	ck_assert_str_eq(world_text(w, "a.py.out"), "sleep 5000\n");
	ck_assert_int_eq(world_ran(w, "sleep 5000"), 1);
}
END_TEST

START_TEST(taken_meanwhile_and_restarted)
{
	start_slow();
	world_put(w, "a.py.json", "mine");
	world_run(w, MINUTES);
	world_crash(w);
	world_run(w, MINUTES);
	world_remove(w, "a.py.json");
	world_until(w, 10 * MINUTES, world_done(w, "a.py"));
	ck_assert_int_eq(world_ran(w, "sleep 5000"), 1);
}
END_TEST

/* A reload between two attempts: the second has fewer files than the first has left hidden. */
START_TEST(staged_anew_without_a_page)
{
	w->spool[0].html = true;
	start_slow();
	w->dir[0]->full = true;
	world_run(w, MINUTES);
	w->dir[0]->full = false;
	world_put(w, "a.py.json", "somebody else's");
	world_until(w, 10 * MINUTES, world_logged(w, "event=publishing-failed") > 0);
	ck_assert_int_eq(hidden_files(), 1);
	w->spool[0].html = false;
	world_reload(w);
	dir_unlink(w->dir[0], dir_find(w->dir[0], "a.py.out"));
	world_run(w, 10 * MINUTES);
	world_remove(w, "a.py.json");
	world_until(w, 60 * MINUTES, world_done(w, "a.py"));
	ck_assert(world_recorded(w, "a.py", "ok"));
	ck_assert_str_ne(world_text(w, "a.py.out"), "(none)");
	ck_assert_str_eq(world_text(w, "a.py.html"), "(none)");
	ck_assert_int_eq(hidden_files(), 0);
}
END_TEST

START_TEST(another_file_system_leaves_the_input)
{
	w->spool[0].after = AFTER_MOVE;
	w->spool[0].move_to = xstrdup("/elsewhere");
	start_slow();
	w->dir[0]->dispose_err = EXDEV;
	world_until(w, MINUTES, world_done(w, "a.py"));
	world_run(w, 3 * MINUTES);
	ck_assert_ptr_nonnull(world_file(w, "a.py"));
	ck_assert_int_eq(world_logged(w, "event=not-moved"), 1);
	ck_assert_int_eq(world_ran(w, "sleep 5000"), 1);
}
END_TEST

START_TEST(a_directory_that_cannot_be_written_only_delays)
{
	w->spool[0].after = _i == 0 ? AFTER_DELETE : AFTER_MOVE;
	w->spool[0].move_to = xstrdup("done");
	start_slow();
	w->dir[0]->dispose_err = EACCES;
	world_until(w, 10 * MINUTES, world_done(w, "a.py"));
	world_run(w, 3 * MINUTES);
	ck_assert_ptr_null(world_file(w, "a.py"));
	ck_assert_int_eq(world_logged(w, "stays until it can be removed"), _i == 0);
	ck_assert_int_eq(world_logged(w, "stays until it can be moved to done"), _i == 1);
	ck_assert_int_eq(world_ran(w, "sleep 5000"), 1);
}
END_TEST

/* ---- another directory ------------------------------------------------------------------------------- */

/* Unmounted, say: what is below belongs to nobody. */
static void away_while_it_runs(enum conf_after after, bool crash)
{
	struct world_dir *home = w->dir[0];
	struct world_dir *other = spool_dir_new(w);

	w->spool[0].after = after;
	w->spool[0].scan_ms = 1000; /* seen by a scan, before it has ended */
	start_slow();
	w->dir[0] = other;
	world_run(w, 10 * MINUTES);
	if (crash)
		world_crash(w);
	world_run(w, 10 * MINUTES);
	ck_assert(!world_done(w, "a.py"));
	ck_assert_uint_eq(other->count, 0);
	ck_assert_int_eq(world_logged(w, "event=other-directory"), crash ? 2 : 1);
	w->dir[0] = home;
	world_until(w, 10 * MINUTES, world_done(w, "a.py"));
	ck_assert(world_recorded(w, "a.py", "ok"));
	ck_assert((world_file(w, "a.py") == NULL) == (after == AFTER_DELETE));
	world_run(w, 10 * MINUTES);
	ck_assert_int_eq(world_ran(w, "sleep 5000"), 1);
	ck_assert_int_eq(hidden_files(), 0);
	spool_dir_free(other);
}

START_TEST(away_while_it_runs_and_stays)
{
	away_while_it_runs(AFTER_KEEP, false);
}
END_TEST

START_TEST(away_while_it_runs_and_is_to_be_deleted)
{
	away_while_it_runs(AFTER_DELETE, false);
}
END_TEST

START_TEST(away_while_the_daemon_dies)
{
	away_while_it_runs(AFTER_DELETE, true);
}
END_TEST

static int visible_files(const struct world_dir *d)
{
	int n = 0;
	for (size_t i = 0; i < d->count; i++)
		n += d->file[i].name[0] != '.';
	return n;
}

/* By a reload, in any moment of a file's end: nothing of it comes into the other one, nor is what is not
 * there taken for gone, until the path is the former one again. */
START_TEST(another_path_while_it_ends)
{
	static char elsewhere[] = "/elsewhere";
	struct world_dir *home = w->dir[0];
	struct world_dir *other = spool_dir_new(w);
	char *path = w->spool[0].path;

	w->spool[0].after = AFTER_DELETE;
	w->spool[0].python = STYLE_RAW;
	start_slow();
	world_until(w, MINUTES, world_row(w, "a.py")->rec.state >= JOB_ANSWERED);
	for (int i = 0; i < _i; i++)
		(void)world_turn(w, w->now.mono_ms);
	w->dir[0] = other;
	w->spool[0].path = elsewhere;
	world_reload(w);
	world_run(w, 10 * MINUTES);
	ck_assert_int_eq(visible_files(other), 0);
	w->dir[0] = home;
	w->spool[0].path = path;
	world_reload(w);
	world_until(w, 10 * MINUTES, world_done(w, "a.py"));
	world_run(w, 10 * MINUTES);
	ck_assert(world_recorded(w, "a.py", "ok"));
	ck_assert_ptr_null(world_file(w, "a.py"));
	ck_assert_int_eq(world_ran(w, "sleep 5000"), 1);
	spool_dir_free(other);
}
END_TEST

/* Nobody can bring the former one back: this is the spool now. */
START_TEST(removed_while_it_runs)
{
	struct world_dir *home = w->dir[0];
	struct world_dir *other = spool_dir_new(w);

	w->spool[0].scan_ms = 1000;
	start_slow();
	other->was_dev = home->dev;
	other->was_ino = home->ino;
	w->dir[0] = other;
	world_until(w, 10 * MINUTES, world_done(w, "a.py"));
	ck_assert(world_recorded(w, "a.py", "ok"));
	ck_assert_int_eq(world_logged(w, "event=other-directory"), 0);
	world_put(w, "b.py", "x");
	world_until(w, 10 * MINUTES, world_done(w, "b.py"));
	w->dir[0] = home;
	spool_dir_free(other);
}
END_TEST

START_TEST(the_spool_itself_is_no_place_to_move_to)
{
	w->spool[0].after = AFTER_MOVE;
	w->spool[0].move_to = xstrdup("/alias");
	start_slow();
	w->dir[0]->dispose_err = ELOOP;
	world_until(w, MINUTES, world_done(w, "a.py"));
	world_run(w, 3 * MINUTES);
	ck_assert_int_eq(world_logged(w, "event=not-moved"), 1);
	ck_assert_int_eq(world_ran(w, "sleep 5000"), 1);
}
END_TEST

/* ---- old results ------------------------------------------------------------------------------------- */

START_TEST(old_results_give_way_to_the_new_ones)
{
	world_begin(w);
	world_put(w, "a.py", "fail");
	world_until(w, MINUTES, world_done(w, "a.py"));
	uint64_t ino = world_file(w, "a.py.json")->ident.ino;
	world_run(w, 1000);
	world_put(w, "a.py.4.note", "not ours");
	world_write(w, "a.py", "good now");
	world_until(w, MINUTES, world_recorded(w, "a.py", "ok"));
	ck_assert_ptr_null(world_file(w, "a.py.err"));
	ck_assert_uint_ne(world_file(w, "a.py.json")->ident.ino, ino);
	ck_assert_ptr_nonnull(world_file(w, "a.py.4.note"));
}
END_TEST

/* The ledger's list, even when the files of the last but one run are the last that there are. */
START_TEST(results_that_a_rejected_run_did_not_touch)
{
	world_begin(w);
	world_put(w, "a.py", "one");
	world_until(w, MINUTES, world_done(w, "a.py"));
	world_run(w, 1000);
	world_file(w, "a.py")->type = FILE_OTHER; /* of another size: it is renewed, and refused */
	world_file(w, "a.py")->ident.size++;
	world_run(w, 2 * MINUTES);
	ck_assert_str_eq(world_status(w, "a.py"), "rejected");
	world_put(w, "a.py", "three");
	world_until(w, 2 * MINUTES, strcmp(world_text(w, "a.py.out"), "three\n") == 0);
}
END_TEST

/* Somebody cleared the results away: nothing of the old list is missed. */
START_TEST(results_that_are_gone)
{
	world_begin(w);
	world_put(w, "a.py", "one");
	world_until(w, MINUTES, world_done(w, "a.py"));
	world_run(w, 1000);
	world_remove(w, "a.py.out");
	world_remove(w, "a.py.json");
	world_write(w, "a.py", "second");
	world_until(w, MINUTES, world_recorded(w, "a.py", "ok"));
}
END_TEST

int main(void)
{
	Suite *s = suite_create("finish");
	TCase *t = tcase_create("finish");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, keep);
	tcase_add_test(t, delete);
	tcase_add_test(t, move);
	tcase_add_test(t, an_error_is_an_end_like_any_other);
	tcase_add_test(t, a_table);
	tcase_add_test(t, every_kind);
	tcase_add_test(t, replaced_while_it_runs);
	tcase_add_test(t, replaced_while_it_runs_and_is_to_be_deleted);
	tcase_add_test(t, dropped_again_after_it_was_deleted);
	tcase_add_test(t, a_stranger_is_put_back_and_runs);
	tcase_add_test(t, removed_before_it_could_be);
	tcase_add_test(t, many_that_are_rejected_at_once);
	tcase_add_test(t, many_that_have_settled);
	tcase_add_test(t, many_that_have_waited);
	tcase_add_test(t, a_full_disk_only_delays);
	tcase_add_test(t, a_full_disk_for_long_is_one_error);
	tcase_add_test(t, a_name_that_was_taken_meanwhile);
	tcase_add_test(t, taken_meanwhile_and_restarted);
	tcase_add_test(t, staged_anew_without_a_page);
	tcase_add_test(t, another_file_system_leaves_the_input);
	tcase_add_loop_test(t, a_directory_that_cannot_be_written_only_delays, 0, 2);
	tcase_add_test(t, away_while_it_runs_and_stays);
	tcase_add_test(t, away_while_it_runs_and_is_to_be_deleted);
	tcase_add_test(t, away_while_the_daemon_dies);
	tcase_add_loop_test(t, another_path_while_it_ends, 0, 8);
	tcase_add_test(t, removed_while_it_runs);
	tcase_add_test(t, the_spool_itself_is_no_place_to_move_to);
	tcase_add_test(t, old_results_give_way_to_the_new_ones);
	tcase_add_test(t, results_that_a_rejected_run_did_not_touch);
	tcase_add_test(t, results_that_are_gone);
	suite_add_tcase(s, t);
	return help_run(s);
}
