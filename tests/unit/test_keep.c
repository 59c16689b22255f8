/* test_keep: what ended longer ago than its spool keeps it goes, and nothing else does. */
#include "core/core.h"
#include "world.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MINUTES INT64_C(60000)
#define HOURS (60 * MINUTES)
#define DAYS (24 * HOURS)

static struct world *w;

static void setup(void)
{
	w = world_new();
	w->spool[0].keep_for_ms = 10 * MINUTES;
	w->spool[0].after = AFTER_DELETE;
	w->spool[0].move_to = xstrdup("done");
}

static void teardown(void)
{
	world_free(w);
}

/* A file that has run and is gone from the spool, or is as `after` leaves it. */
static void run(const char *name)
{
	world_put(w, name, name);
	world_until(w, MINUTES, world_done(w, name));
	ck_assert_str_eq(world_status(w, name), "ok");
}

static bool has_results(const char *name)
{
	char *out = xasprintf("%s.out", name);
	char *json = xasprintf("%s.json", name);
	bool has = world_file(w, out) != NULL;
	ck_assert_int_eq(has, world_file(w, json) != NULL); /* both or none */
	free(out);
	free(json);
	return has;
}

static bool is_there(const char *name)
{
	return world_row(w, name) != NULL && has_results(name);
}

static void assert_gone(const char *name)
{
	ck_assert_ptr_null(world_row(w, name));
	ck_assert(!has_results(name));
	ck_assert_int_eq(world_ran(w, name), 1);
}

/* ---- what goes ------------------------------------------------------------------------------ */

START_TEST(what_is_old_goes)
{
	world_begin(w);
	run("a.py");
	world_run(w, 9 * MINUTES);
	ck_assert(is_there("a.py"));
	ck_assert_int_eq(world_logged(w, "event=expired"), 0);
	run("b.py");
	world_run(w, 6 * MINUTES);
	assert_gone("a.py");
	ck_assert(is_there("b.py"));
	ck_assert_int_eq(world_logged(w, "spool=in event=expired jobs=1 files=2 kept=0"), 1);
	world_run(w, 10 * MINUTES);
	assert_gone("b.py");
}
END_TEST

/* Files first, then the row: whatever comes between, the row finds them again. */
START_TEST(files_go_before_the_row)
{
	world_begin(w);
	run("a.py");
	world_forget(w);
	world_run(w, 15 * MINUTES);
	world_story(w, "^(expire|\\+ forget|old in: [1-9])",
	    "old in: 1\nexpire a.py.json\nexpire a.py.out\n+ forget 1\n");
}
END_TEST

START_TEST(a_moved_input_goes_as_well)
{
	w->spool[0].after = AFTER_MOVE;
	world_begin(w);
	run("a.py");
	ck_assert_str_eq(world_row(w, "a.py")->rec.run->moved_to, "done/a.py");
	ck_assert_uint_eq(w->dir[0]->moved_count, 1);
	world_forget(w);
	world_run(w, 15 * MINUTES);
	world_story(w, "^(expire|discard|\\+ forget)",
	    "expire a.py.json\nexpire a.py.out\ndiscard done/a.py\n+ forget 1\n");
	ck_assert_uint_eq(w->dir[0]->moved_count, 0);
	assert_gone("a.py");
}
END_TEST

/* The setting says now where inputs go; the row says where this one went. */
START_TEST(moved_to_where_it_was_then)
{
	w->spool[0].after = AFTER_MOVE;
	world_begin(w);
	run("a.py");
	w->spool[0].after = AFTER_KEEP;
	world_reload(w);
	world_crash(w);
	world_forget(w);
	world_run(w, 30 * MINUTES);
	world_story(w, "^discard", "discard done/a.py\n");
}
END_TEST

static void run_many(unsigned count)
{
	char name[32];
	world_begin(w);
	for (unsigned i = 0; i < count; i++) {
		(void)snprintf(name, sizeof(name), "f%u.py", i);
		world_put(w, name, name);
	}
	world_until(w, 60 * MINUTES, w->core->done[STATUS_OK] == count);
}

START_TEST(many_go_page_by_page)
{
	run_many(120);
	world_forget(w);
	world_until(w, 60 * MINUTES, w->ledger.jobs == 0);
	world_story(w, "^old in: [1-9]", "old in: 50\nold in: 50\nold in: 20\n");
	ck_assert_int_eq(world_logged(w, "event=expired"), 3);
	for (size_t i = 0; i < w->dir[0]->count; i++)
		ck_abort_msg("%s is left", w->dir[0]->file[i].name);
}
END_TEST

/* ---- what stays ----------------------------------------------------------------------------- */

START_TEST(by_default_all_stays)
{
	w->spool[0].keep_for_ms = CONF_NEVER;
	world_begin(w);
	run("a.py");
	world_forget(w);
	world_run(w, 400 * DAYS);
	ck_assert(is_there("a.py"));
	world_story(w, "^old", "");
}
END_TEST

/* Else it would run again, or its results would lie elsewhere than where people look. */
START_TEST(what_lies_in_its_spool_stays)
{
	w->spool[0].after = AFTER_KEEP;
	world_begin(w);
	run("a.py");
	world_run(w, 5 * HOURS);
	world_crash(w);
	world_run(w, 5 * HOURS);
	ck_assert(is_there("a.py"));
	ck_assert_int_eq(world_ran(w, "a.py"), 1);
	/* When it is gone nobody needs the row any more. */
	world_remove(w, "a.py");
	world_run(w, 10 * MINUTES);
	assert_gone("a.py");
}
END_TEST

START_TEST(a_later_run_has_the_results)
{
	w->spool[0].after = AFTER_KEEP;
	world_begin(w);
	run("a.py");
	world_run(w, 8 * MINUTES);
	world_put(w, "a.py", "another");
	world_until(w, MINUTES, world_ran(w, "another") == 1 && world_done(w, "a.py"));
	world_forget(w);
	world_run(w, 60 * MINUTES);
	/* The first run's row goes, and nothing beside it. */
	world_story(w, "^(expire|\\+ forget)", "+ forget 1\n");
	ck_assert(is_there("a.py"));
	ck_assert_uint_eq(world_row(w, "a.py")->rec.id, 2);
}
END_TEST

/* A new file of the name is there, and has not ended: what the old one left is to be replaced by it. */
START_TEST(while_another_of_its_name_waits_it_stays)
{
	world_begin(w);
	run("a.py");
	world_pause(w, PAUSE_ALL, 0, true);
	world_put(w, "a.py", "another");
	world_run(w, 60 * MINUTES);
	ck_assert(has_results("a.py"));
	ck_assert_int_eq(world_logged(w, "event=expired"), 0);
	world_pause(w, PAUSE_ALL, 0, false);
	world_run(w, MINUTES);
	ck_assert_int_eq(world_ran(w, "another"), 1);
	world_run(w, 60 * MINUTES);
	ck_assert_uint_eq(w->ledger.jobs, 0);
	ck_assert(!has_results("a.py"));
}
END_TEST

/* Whoever has written into a result wants to have it, and the record beside it. */
START_TEST(a_changed_result_keeps_all_of_them)
{
	w->spool[0].after = AFTER_MOVE;
	world_begin(w);
	run("a.py");
	run("b.py");
	dir_set_text(w, world_file(w, "a.py.out"), "a.py, and a note", 16);
	world_run(w, 60 * MINUTES);
	ck_assert(is_there("a.py"));
	ck_assert_str_eq(world_text(w, "a.py.out"), "a.py, and a note");
	ck_assert_uint_eq(w->dir[0]->moved_count, 1);
	assert_gone("b.py");
	ck_assert_int_eq(world_logged(w, "event=expired jobs=1 files=3 kept=1"), 1);
	/* It is still ours to replace, as it has always been. */
	world_put(w, "a.py", "again");
	world_until(w, MINUTES, world_recorded(w, "a.py", "ok") && world_ran(w, "again") == 1);
}
END_TEST

START_TEST(what_took_a_results_place_stays)
{
	world_begin(w);
	run("a.py");
	dir_set_text(w, dir_create(w, w->dir[0], "a.py.out"), "mine", 4);
	world_run(w, 60 * MINUTES);
	ck_assert_str_eq(world_text(w, "a.py.out"), "mine");
	ck_assert_ptr_null(world_file(w, "a.py.json"));
	ck_assert_ptr_null(world_row(w, "a.py"));
}
END_TEST

START_TEST(other_spools_keep_theirs)
{
	world_add_spool(w, "other", 0);
	w->spool[1].after = AFTER_DELETE;
	world_begin(w);
	world_put_in(w, 1, "o.py", "o.py");
	run("a.py");
	world_run(w, 24 * HOURS);
	assert_gone("a.py");
	ck_assert_str_eq(world_status(w, "o.py"), "ok");
	ck_assert_ptr_nonnull(dir_find(w->dir[1], "o.py.json"));
}
END_TEST

/* ---- what goes wrong ------------------------------------------------------------------------ */

/* One line, and not a try a second. */
static void assert_patience(void)
{
	world_forget(w);
	world_run(w, 24 * HOURS);
	ck_assert_int_le(world_logged(w, "event=not-expired"), 24 * 60 * 4 / 10 + 1);
	ck_assert_int_eq(world_logged(w, "<4>spool=in event=not-expired"), 0);
}

START_TEST(what_cannot_be_removed_is_tried_again)
{
	world_begin(w);
	run("a.py");
	w->dir[0]->expire_err = EROFS;
	world_run(w, 30 * MINUTES);
	ck_assert_int_eq(world_logged(w, "<4>spool=in event=not-expired file=\".\" "
					 "error=\"Read-only file system\""),
	    1);
	assert_patience();
	ck_assert(is_there("a.py"));
	w->dir[0]->expire_err = 0;
	world_run(w, 30 * MINUTES);
	assert_gone("a.py");
	/* The next trouble has its line again. */
	run("b.py");
	w->dir[0]->expire_err = EROFS;
	world_run(w, 60 * MINUTES);
	ck_assert_int_eq(world_logged(w, "<4>spool=in event=not-expired"), 1);
}
END_TEST

/* Each look goes on behind the page that failed, and then from the beginning. */
START_TEST(what_cannot_be_removed_keeps_no_others)
{
	run_many(60);
	w->dir[0]->expire_err = EIO;
	world_run(w, 20 * MINUTES);
	world_story(w, "^old in: [1-9]", "old in: 50\nold in: 10\nold in: 50\nold in: 10\n");
	/* One that stays for ever is no reason for a line at each look. */
	ck_assert_int_eq(world_logged(w, "<4>spool=in event=not-expired"), 1);
	w->dir[0]->expire_err = 0;
	world_run(w, 10 * MINUTES);
	ck_assert_uint_eq(w->ledger.jobs, 0);
}
END_TEST

START_TEST(a_spool_that_is_away_is_left_alone)
{
	world_begin(w);
	run("a.py");
	w->dir[0]->gone = true;
	world_run(w, 24 * HOURS);
	ck_assert_ptr_nonnull(world_row(w, "a.py"));
	w->dir[0]->gone = false;
	world_run(w, 30 * MINUTES);
	assert_gone("a.py");
}
END_TEST

/* In another directory there is nothing to be removed, and nothing proves that there is not. */
START_TEST(another_directory_is_not_the_spool)
{
	struct world_dir *was = w->dir[0];
	world_begin(w);
	run("a.py");
	world_pause(w, PAUSE_ALL, 0, true);
	world_put(w, "b.py", "b.py");
	world_run(w, MINUTES);
	w->dir[0] = spool_dir_new(w);
	world_run(w, 24 * HOURS);
	ck_assert_int_eq(world_logged(w, "event=other-directory"), 1);
	ck_assert_ptr_nonnull(world_row(w, "a.py"));
	spool_dir_free(w->dir[0]);
	w->dir[0] = was;
	world_run(w, 30 * MINUTES);
	assert_gone("a.py");
}
END_TEST

START_TEST(a_crash_anywhere_forgets_no_file)
{
	for (int op = 1; op <= 2; op++) {
		world_begin(w);
		run("a.py");
		w->crash_op = op;
		world_run(w, 40 * MINUTES);
		ck_assert_int_eq(w->crash_op, 0);
		assert_gone("a.py");
		teardown();
		setup();
	}
}
END_TEST

START_TEST(a_crash_before_the_row_goes)
{
	world_begin(w);
	run("a.py");
	world_until(w, 30 * MINUTES, world_file(w, "a.py.out") == NULL);
	ck_assert_ptr_nonnull(world_row(w, "a.py"));
	world_crash(w);
	world_run(w, 30 * MINUTES);
	assert_gone("a.py");
}
END_TEST

/* ---- settings and clocks -------------------------------------------------------------------- */

START_TEST(a_reload_counts_at_once)
{
	w->spool[0].keep_for_ms = CONF_NEVER;
	world_begin(w);
	run("a.py");
	world_run(w, 24 * HOURS);
	w->spool[0].keep_for_ms = 23 * HOURS;
	world_reload(w);
	world_run(w, 5000);
	assert_gone("a.py");
	run("b.py");
	world_run(w, 22 * HOURS);
	w->spool[0].keep_for_ms = CONF_NEVER;
	world_reload(w);
	world_run(w, 24 * HOURS);
	ck_assert(is_there("b.py"));
}
END_TEST

/* Between the ledger's answer and what is done about it. */
START_TEST(a_reload_in_between_counts)
{
	world_begin(w);
	run("a.py");
	world_forget(w);
	w->spool[0].keep_for_ms = CONF_NEVER;
	world_until(w, 30 * MINUTES, strstr(world_tail(&w->trace), "old in: 1") != NULL);
	/* A peer's reload, in the same turn: it comes in front of the answer. */
	world_reload(w);
	ck_assert_uint_eq(w->events.count, 2);
	ck_assert_int_eq(w->events.item[0].type, EV_OLD);
	const struct event answer = w->events.item[0];
	w->events.item[0] = w->events.item[1];
	w->events.item[1] = answer;
	world_run(w, 24 * HOURS);
	ck_assert(is_there("a.py"));
}
END_TEST

START_TEST(after_a_start_nothing_goes_for_a_while)
{
	w->spool[0].keep_for_ms = 2 * DAYS;
	world_begin(w);
	run("a.py");
	world_die(w);
	w->now.real_ms += 3 * DAYS;
	w->now.mono_ms += 3 * DAYS;
	world_begin(w);
	world_run(w, 59 * MINUTES);
	ck_assert(is_there("a.py"));
	world_run(w, 15 * MINUTES);
	assert_gone("a.py");
}
END_TEST

START_TEST(a_clock_that_jumps_removes_nothing_at_once)
{
	w->spool[0].keep_for_ms = 2 * DAYS;
	world_begin(w);
	run("a.py");
	world_run(w, 2 * HOURS);
	w->now.real_ms += 3 * DAYS;
	world_run(w, 55 * MINUTES);
	ck_assert(is_there("a.py"));
	ck_assert_int_eq(world_logged(w, "event=clock-jumped seconds=259200"), 1);
	/* It was wrong, and somebody has put it right: as if nothing had been. */
	w->now.real_ms -= 3 * DAYS;
	world_run(w, 24 * HOURS);
	ck_assert(is_there("a.py"));
	ck_assert_int_eq(world_logged(w, "event=clock-jumped"), 2);
	/* It was right. */
	w->now.real_ms += 3 * DAYS;
	world_run(w, 80 * MINUTES);
	assert_gone("a.py");
}
END_TEST

START_TEST(small_steps_of_the_clock_are_none)
{
	world_begin(w);
	run("a.py");
	w->now.real_ms += 59 * MINUTES;
	world_run(w, 11 * MINUTES);
	assert_gone("a.py");
	ck_assert_int_eq(world_logged(w, "event=clock-jumped"), 0);
}
END_TEST

/* ---- what others see ------------------------------------------------------------------------ */

START_TEST(history_knows_it_no_more)
{
	world_begin(w);
	run("a.py");
	run("b.py");
	ck_assert_ptr_nonnull(strstr(world_ask(w, "{\"v\":1,\"do\":\"history\"}"), "a.py"));
	world_run(w, 30 * MINUTES);
	ck_assert_ptr_null(strstr(world_ask(w, "{\"v\":1,\"do\":\"history\"}"), "a.py"));
	ck_assert_ptr_null(
	    strstr(world_ask(w, "{\"v\":1,\"do\":\"show\",\"jobs\":[1]}"), "\"type\":\"job\""));
	/* Ids are never given again. */
	run("c.py");
	ck_assert_uint_eq(world_row(w, "c.py")->rec.id, 3);
	ck_assert_uint_eq(w->core->spool[0]->tally.expired, 2);
	ck_assert_uint_eq(w->core->tally.ended_count, 1);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("keep");
	TCase *t = tcase_create("keep");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, what_is_old_goes);
	tcase_add_test(t, files_go_before_the_row);
	tcase_add_test(t, a_moved_input_goes_as_well);
	tcase_add_test(t, moved_to_where_it_was_then);
	tcase_add_test(t, many_go_page_by_page);
	tcase_add_test(t, by_default_all_stays);
	tcase_add_test(t, what_lies_in_its_spool_stays);
	tcase_add_test(t, a_later_run_has_the_results);
	tcase_add_test(t, while_another_of_its_name_waits_it_stays);
	tcase_add_test(t, a_changed_result_keeps_all_of_them);
	tcase_add_test(t, what_took_a_results_place_stays);
	tcase_add_test(t, other_spools_keep_theirs);
	tcase_add_test(t, what_cannot_be_removed_is_tried_again);
	tcase_add_test(t, what_cannot_be_removed_keeps_no_others);
	tcase_add_test(t, a_spool_that_is_away_is_left_alone);
	tcase_add_test(t, another_directory_is_not_the_spool);
	tcase_add_test(t, a_crash_anywhere_forgets_no_file);
	tcase_add_test(t, a_crash_before_the_row_goes);
	tcase_add_test(t, a_reload_counts_at_once);
	tcase_add_test(t, a_reload_in_between_counts);
	tcase_add_test(t, after_a_start_nothing_goes_for_a_while);
	tcase_add_test(t, a_clock_that_jumps_removes_nothing_at_once);
	tcase_add_test(t, small_steps_of_the_clock_are_none);
	tcase_add_test(t, history_knows_it_no_more);
	suite_add_tcase(s, t);
	return help_run(s);
}
