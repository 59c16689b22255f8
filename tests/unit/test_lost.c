/* test_lost: what lies in a spool of which the ledger knows nothing, though an earlier life worked there. */
#include "world.h"

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

/* One that is done, one that runs and one that waits. */
static void live(void)
{
	w->pool[0].max = 1;
	world_begin(w);
	world_put(w, "done.py", "done");
	world_until(w, MINUTES, world_recorded(w, "done.py", "ok"));
	world_put(w, "runs.py", "sleep 5000");
	world_until(w, MINUTES, world_ran(w, "sleep 5000") == 1);
	world_put(w, "waits.py", "waits");
	world_run(w, 1000);
	ck_assert_int_eq(world_row(w, "waits.py")->rec.state, JOB_QUEUED);
}

/* While nobody looks. */
static void change(const char *name, const char *text)
{
	dir_set_text(w, world_file(w, name), text, strlen(text));
}

static void begin_again(void)
{
	world_start(w);
	world_run(w, 30 * MINUTES);
}

static bool is_held(const char *name)
{
	const struct world_row *row = world_row(w, name);
	return row != NULL && row->rec.state == JOB_QUEUED && row->rec.held == HELD_LOST;
}

/* Nothing but what ran before the ledger was lost. */
static void assert_nothing_ran(void)
{
	ck_assert_int_eq(world_ran(w, "done"), 1);
	ck_assert_int_eq(world_ran(w, "sleep 5000"), 1);
	ck_assert_int_eq(world_ran(w, "waits"), 0);
}

static void assert_all_is_held(void)
{
	ck_assert_str_eq(world_status(w, "done.py"), "none");
	ck_assert(is_held("runs.py") && is_held("waits.py"));
	assert_nothing_ran();
}

/* ---- what is not held -------------------------------------------------------------------------- */

/* The spool can be read only some time after the start, and one file is heard of before that. What it
 * leaves is no earlier life's. */
START_TEST(what_is_heard_of_before_the_first_scan_waits_for_it)
{
	w->pool[0].warm[KIND_PYSPARK] = 1;
	w->dir[0]->deaf = true;
	world_put(w, "other.py", "other");
	w->dir[0]->gone = true;
	world_begin(w);
	world_until(w, MINUTES, world_logged(w, "event=unreadable") == 1);
	world_until(w, MINUTES, core_counts(w->core).sessions_idle == 1);
	w->dir[0]->gone = w->dir[0]->deaf = false;
	world_put(w, "first.py", "first");
	world_until(w, MINUTES, world_done(w, "first.py") && world_done(w, "other.py"));
	ck_assert_str_eq(world_status(w, "first.py"), "ok");
	ck_assert_str_eq(world_status(w, "other.py"), "ok");
	ck_assert_int_eq(world_logged(w, "event=held"), 0);
}
END_TEST

/* ---- what is held ------------------------------------------------------------------------------- */

START_TEST(what_has_a_record_is_done_the_others_are_held)
{
	live();
	world_lose_ledger(w);
	begin_again();
	assert_all_is_held();
	ck_assert_int_eq(world_logged(w, "event=ledger-lost done=1 held=2"), 1);
	ck_assert_int_eq(
	    world_logged(w, "event=held spool=in file=\"waits.py\" reason=\"the ledger "
			    "was lost, so it may have run"),
	    1);
}
END_TEST

START_TEST(held_over_the_next_lives)
{
	live();
	world_lose_ledger(w);
	begin_again();
	for (int i = 0; i < 2; i++) {
		world_crash(w);
		world_run(w, 30 * MINUTES);
		assert_all_is_held();
	}
}
END_TEST

/* At each place of it: before, in and after the turns that hold, compare and decide. */
START_TEST(killed_on_the_way_it_is_the_same)
{
	for (size_t turn = 1; turn < 40; turn++) {
		live();
		world_lose_ledger(w);
		w->crash_turn = w->turn + turn;
		w->crash_point = turn % 3;
		begin_again();
		assert_all_is_held();
		teardown();
		setup();
	}
}
END_TEST

START_TEST(what_comes_later_runs)
{
	live();
	world_lose_ledger(w);
	begin_again();
	world_put(w, "new.py", "new");
	world_until(w, MINUTES, world_recorded(w, "new.py", "ok"));
	ck_assert_int_eq(world_ran(w, "new"), 1);
	assert_all_is_held();
}
END_TEST

/* Known again, it runs when it changes, and only then. */
START_TEST(what_counts_as_done_is_done)
{
	live();
	world_lose_ledger(w);
	begin_again();
	world_touch(w, "done.py");
	world_run(w, 30 * MINUTES);
	assert_all_is_held();
	world_remove(w, "done.py.out");
	world_remove(w, "done.py.json");
	world_put(w, "done.py", "again");
	world_until(w, MINUTES, world_recorded(w, "done.py", "ok"));
	ck_assert_int_eq(world_ran(w, "again"), 1);
}
END_TEST

START_TEST(a_record_of_other_bytes_says_nothing)
{
	live();
	world_die(w);
	change("done.py", "others");
	world_lose_ledger(w);
	begin_again();
	ck_assert(is_held("done.py"));
	ck_assert_int_eq(world_ran(w, "others"), 0);
}
END_TEST

START_TEST(a_record_that_is_no_record)
{
	static const char *const text[] = { "", "{", "[]", "{\"input\": {\"sha256\": 7}}",
		"{\"input\": \"x\", \"session\": []}", "{\"input\": {\"sha256\": \"abc\"}}" };

	for (size_t i = 0; i < ARRAY_LEN(text); i++) {
		live();
		world_die(w);
		change("done.py.json", text[i]);
		world_lose_ledger(w);
		begin_again();
		ck_assert(is_held("done.py"));
		assert_nothing_ran();
		teardown();
		setup();
	}
}
END_TEST

START_TEST(existing_skip_lets_nothing_be_forgotten)
{
	w->spool[0].existing = EXISTING_SKIP;
	live();
	world_lose_ledger(w);
	begin_again();
	assert_all_is_held();
}
END_TEST

START_TEST(gone_it_is_cancelled)
{
	live();
	world_lose_ledger(w);
	begin_again();
	world_remove(w, "waits.py");
	world_run(w, 30 * MINUTES);
	ck_assert_str_eq(world_status(w, "waits.py"), "cancelled");
}
END_TEST

/* ---- without the ledger's directory ------------------------------------------------------------- */

START_TEST(records_show_an_earlier_life)
{
	live();
	world_lose_ledger(w);
	w->ledger.anew = false; /* its directory was lost, too */
	world_forget(w);
	begin_again();
	assert_all_is_held();
	/* The first one shows it, whoever wrote it; what is done, no stranger says. */
	ck_assert_ptr_nonnull(strstr(w->trace.data, "record done.py.json\n"));
	ck_assert_ptr_nonnull(strstr(w->trace.data, "record done.py.json as proof\n"));
	ck_assert_ptr_nonnull(strstr(w->trace.data, "record waits.py.json as proof\n"));
	ck_assert_ptr_null(strstr(w->trace.data, "record waits.py.json\n"));
	world_crash(w);
	world_run(w, 30 * MINUTES);
	assert_all_is_held();
}
END_TEST

/* Its input was moved away, and what is there was not in that life: nobody can know. */
START_TEST(a_record_without_its_input_shows_it)
{
	live();
	world_remove(w, "done.py");
	world_lose_ledger(w);
	w->ledger.anew = false;
	begin_again();
	ck_assert(is_held("waits.py"));
	assert_nothing_ran();
}
END_TEST

START_TEST(records_of_others_show_nothing)
{
	world_put(w, "a.py", "a");
	world_put(w, "b.py.json", "{\"session\": \"sparkspool-\"}");
	world_put(w, "c.py.json", "{\"session\": \"sparkspool-nobodys1-x\"}");
	world_put(w, "d.py.json", "{\"session\": null}");
	world_start(w);
	world_until(w, MINUTES, world_recorded(w, "a.py", "ok"));
	ck_assert_int_eq(world_ran(w, "a"), 1);
	ck_assert_int_eq(world_logged(w, "event=ledger-lost"), 0);
}
END_TEST

START_TEST(records_of_others_and_existing_skip)
{
	w->spool[0].existing = EXISTING_SKIP;
	world_put(w, "a.py", "a");
	world_put(w, "b.py.json", "{}");
	world_start(w);
	world_run(w, 30 * MINUTES);
	ck_assert_int_eq(world_ran(w, "a"), 0);
	ck_assert_str_eq(world_status(w, "a.py"), "none");
}
END_TEST

/* ---- let go ------------------------------------------------------------------------------------- */

START_TEST(touched_it_runs)
{
	live();
	world_lose_ledger(w);
	begin_again();
	world_write(w, "waits.py", "waits");
	world_until(w, MINUTES, world_recorded(w, "waits.py", "ok"));
	ck_assert_int_eq(world_ran(w, "waits"), 1);
	ck_assert(is_held("runs.py"));
}
END_TEST

START_TEST(touched_where_no_event_tells)
{
	live();
	world_lose_ledger(w);
	begin_again();
	w->dir[0]->deaf = true;
	world_write(w, "waits.py", "waits");
	world_until(w, 30 * MINUTES, world_recorded(w, "waits.py", "ok"));
}
END_TEST

START_TEST(released_all_run)
{
	live();
	world_lose_ledger(w);
	begin_again();
	world_release(w);
	world_until(w, 5 * MINUTES,
	    world_recorded(w, "waits.py", "ok") && world_recorded(w, "runs.py", "ok"));
	ck_assert_int_eq(world_ran(w, "done"), 1);
	ck_assert_int_eq(world_ran(w, "waits"), 1);
	ck_assert(!w->ledger.anew);
	world_crash(w);
	world_run(w, 30 * MINUTES);
	ck_assert_int_eq(world_ran(w, "sleep 5000"), 2);
}
END_TEST

/* Said at the start, before anything was found: it is still compared with the records. */
START_TEST(released_from_the_start)
{
	live();
	world_lose_ledger(w);
	world_start(w);
	world_release(w);
	world_until(w, 5 * MINUTES,
	    world_recorded(w, "waits.py", "ok") && world_recorded(w, "runs.py", "ok"));
	ck_assert_int_eq(world_ran(w, "done"), 1);
	ck_assert_str_eq(world_status(w, "done.py"), "none");
	ck_assert(!w->ledger.anew);
}
END_TEST

START_TEST(released_without_anything_held)
{
	world_begin(w);
	world_forget(w);
	world_release(w);
	world_run(w, MINUTES);
	world_story(w, "released", "released\n");
}
END_TEST

/* The word stands until every spool has been looked into. */
START_TEST(released_while_a_spool_is_away)
{
	live();
	world_lose_ledger(w);
	w->dir[0]->gone = true;
	world_start(w);
	world_release(w);
	world_run(w, MINUTES);
	ck_assert(w->ledger.anew);
	w->dir[0]->gone = false;
	world_until(w, 5 * MINUTES, world_recorded(w, "waits.py", "ok"));
	ck_assert_int_eq(world_ran(w, "done"), 1);
	ck_assert(!w->ledger.anew);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("lost");
	TCase *t = tcase_create("lost");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, what_is_heard_of_before_the_first_scan_waits_for_it);
	tcase_add_test(t, what_has_a_record_is_done_the_others_are_held);
	tcase_add_test(t, held_over_the_next_lives);
	tcase_add_test(t, killed_on_the_way_it_is_the_same);
	tcase_add_test(t, what_comes_later_runs);
	tcase_add_test(t, what_counts_as_done_is_done);
	tcase_add_test(t, a_record_of_other_bytes_says_nothing);
	tcase_add_test(t, a_record_that_is_no_record);
	tcase_add_test(t, existing_skip_lets_nothing_be_forgotten);
	tcase_add_test(t, gone_it_is_cancelled);
	tcase_add_test(t, records_show_an_earlier_life);
	tcase_add_test(t, a_record_without_its_input_shows_it);
	tcase_add_test(t, records_of_others_show_nothing);
	tcase_add_test(t, records_of_others_and_existing_skip);
	tcase_add_test(t, touched_it_runs);
	tcase_add_test(t, touched_where_no_event_tells);
	tcase_add_test(t, released_all_run);
	tcase_add_test(t, released_from_the_start);
	tcase_add_test(t, released_without_anything_held);
	tcase_add_test(t, released_while_a_spool_is_away);
	suite_add_tcase(s, t);
	return help_run(s);
}
