/* test_hold: files that wait until somebody lets them go. */
#include "world.h"

#include "core/hold.h"
#include <stdlib.h>

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

static struct job *job_named(const char *name)
{
	struct job *job = job_find(&w->core->jobs, 0, name);
	ck_assert_ptr_nonnull(job);
	return job;
}

/* As whoever has an operator's word would, in a turn of the core. */
static bool hold(const char *name)
{
	w->core->fx = &w->fx;
	bool held = hold_job(w->core, job_named(name), HELD_OPERATOR);
	w->core->fx = NULL;
	evq_add(&w->events, EV_TICK); /* the turn's end */
	return held;
}

static bool release(const char *name)
{
	w->core->fx = &w->fx;
	bool released = hold_release(w->core, job_named(name));
	w->core->fx = NULL;
	evq_add(&w->events, EV_TICK); /* the turn's end */
	return released;
}

/* Queued behind a long one, in a pool of one session. */
static void begin_with_queue(void)
{
	w->pool[0].max = 1;
	world_begin(w);
	world_put(w, "long.py", "sleep 60000");
	world_until(w, MINUTES, world_ran(w, "sleep 60000") == 1);
	world_put(w, "a.py", "a");
	world_put(w, "b.py", "b");
	world_run(w, 10000);
	ck_assert_int_eq(world_row(w, "b.py")->rec.state, JOB_QUEUED);
}

/* ---- held, let go ------------------------------------------------------------------------------- */

START_TEST(a_held_file_waits)
{
	begin_with_queue();
	ck_assert(hold("a.py"));
	world_until(w, 2 * MINUTES, world_done(w, "b.py"));
	world_run(w, 30 * MINUTES);
	ck_assert_int_eq(world_ran(w, "a"), 0);
	ck_assert_int_eq(world_row(w, "a.py")->rec.held, HELD_OPERATOR);
	ck_assert_int_eq(world_logged(w, "event=held spool=in file=\"a.py\" reason=\"held by an "
					 "operator: sparkspool release lets it go\""),
	    1);
	ck_assert(release("a.py"));
	ck_assert(!release("a.py"));
	world_until(w, MINUTES, world_recorded(w, "a.py", "ok"));
	ck_assert_int_eq(world_ran(w, "a"), 1);
	ck_assert_int_eq(world_logged(w, "event=released"), 1);
}
END_TEST

START_TEST(released_it_has_its_old_place)
{
	begin_with_queue();
	ck_assert(hold("a.py"));
	world_run(w, 1000);
	ck_assert(release("a.py"));
	world_until(w, 3 * MINUTES, world_done(w, "a.py"));
	ck_assert(!world_done(w, "b.py"));
}
END_TEST

START_TEST(it_is_held_in_the_next_life)
{
	begin_with_queue();
	ck_assert(hold("a.py"));
	world_run(w, 1);
	world_crash(w);
	world_until(w, 3 * MINUTES, world_done(w, "b.py"));
	ck_assert_int_eq(world_ran(w, "a"), 0);
	ck_assert(release("a.py"));
	world_run(w, 1);
	world_crash(w); /* and let go in the one after that */
	world_until(w, MINUTES, world_recorded(w, "a.py", "ok"));
}
END_TEST

START_TEST(a_settling_file_is_held_at_once)
{
	w->spool[0].ready = READY_SETTLE;
	w->spool[0].settle_ms = 5000;
	world_begin(w);
	world_put(w, "a.py", "a");
	world_run(w, 100);
	ck_assert_ptr_null(world_row(w, "a.py"));
	ck_assert(hold("a.py"));
	world_run(w, 1);
	ck_assert_int_eq(world_row(w, "a.py")->rec.held, HELD_OPERATOR);
	world_run(w, MINUTES);
	ck_assert_int_eq(world_ran(w, "a"), 0);
	ck_assert(release("a.py"));
	world_run(w, 4000);
	ck_assert_int_eq(world_ran(w, "a"), 0); /* it has to settle first */
	world_until(w, MINUTES, world_recorded(w, "a.py", "ok"));
}
END_TEST

START_TEST(what_runs_is_not_held)
{
	world_begin(w);
	world_put(w, "a.py", "sleep 5000");
	world_until(w, MINUTES, world_ran(w, "sleep 5000") == 1);
	ck_assert(!hold("a.py"));
	world_until(w, MINUTES, world_done(w, "a.py"));
	ck_assert(!hold("a.py"));
	ck_assert_int_eq(world_row(w, "a.py")->rec.held, HELD_NOT);
}
END_TEST

/* ---- what befalls it meanwhile ------------------------------------------------------------------ */

START_TEST(its_newer_bytes_run)
{
	begin_with_queue();
	ck_assert(hold("a.py"));
	world_put(w, "a.py", "newer");
	world_run(w, 30 * MINUTES);
	ck_assert_int_eq(world_ran(w, "newer"), 0);
	ck_assert(release("a.py"));
	world_until(w, MINUTES, world_recorded(w, "a.py", "ok"));
	ck_assert_int_eq(world_ran(w, "newer"), 1);
	ck_assert_int_eq(world_ran(w, "a"), 0);
}
END_TEST

START_TEST(what_its_newer_bytes_say_counts)
{
	begin_with_queue();
	ck_assert(hold("a.py"));
	world_put(w, "a.py", "# sparkspool: after=never.py\nnewer");
	world_run(w, 5 * MINUTES);
	ck_assert(release("a.py"));
	world_run(w, 30 * MINUTES);
	ck_assert_int_eq(world_row(w, "a.py")->rec.state, JOB_QUEUED);
}
END_TEST

/* Whichever of a row is held, and whenever: those behind it do not wait for an operator. */
START_TEST(a_row_goes_on_without_it)
{
	w->spool[0].ordered = true;
	w->spool[0].ready = _i == 2 ? READY_SETTLE : READY_RENAME;
	begin_with_queue();
	ck_assert(hold("a.py"));
	if (_i == 1) {
		world_run(w, 1);
		world_crash(w);
	}
	world_until(w, 5 * MINUTES, world_done(w, "b.py"));
	ck_assert_int_eq(world_row(w, "a.py")->rec.state, JOB_QUEUED);
	world_put(w, "c.py", "c");
	ck_assert(release("a.py"));
	world_until(w, MINUTES, world_done(w, "c.py"));
	ck_assert(world_done(w, "a.py"));
}
END_TEST

/* The first of a row waits for a session only, or settles. */
START_TEST(the_first_of_a_row)
{
	w->spool[0].ordered = true;
	w->spool[0].ready = _i == 1 ? READY_SETTLE : READY_RENAME;
	w->server[0].start_ms = 20000;
	world_begin(w);
	world_put(w, "a.py", "a");
	world_run(w, 100);
	world_put(w, "b.py", "b");
	world_run(w, 100);
	ck_assert(hold("a.py"));
	world_until(w, 5 * MINUTES, world_done(w, "b.py"));
	ck_assert_int_eq(world_ran(w, "a"), 0);
	world_put(w, "c.py", "sleep 5000");
	world_until(w, MINUTES, world_ran(w, "sleep 5000") == 1);
	world_put(w, "d.py", "d");
	world_run(w, 2000);
	ck_assert(release("a.py")); /* at the place of its arrival */
	world_until(w, MINUTES, world_done(w, "a.py"));
	ck_assert(!world_done(w, "d.py"));
	world_until(w, MINUTES, world_done(w, "d.py"));
}
END_TEST

START_TEST(gone_it_is_cancelled)
{
	begin_with_queue();
	ck_assert(hold("a.py"));
	world_remove(w, "a.py");
	world_until(w, 30 * MINUTES, world_row(w, "a.py")->rec.state == JOB_DONE);
	ck_assert_str_eq(world_status(w, "a.py"), "cancelled");
}
END_TEST

START_TEST(a_reload_lets_nothing_go)
{
	begin_with_queue();
	ck_assert(hold("a.py"));
	world_run(w, 1);
	world_reload(w);
	world_run(w, 30 * MINUTES);
	ck_assert_int_eq(world_ran(w, "a"), 0);
	ck_assert_int_eq(world_ran(w, "b"), 1);
}
END_TEST

/* One that the pool has no place for is rejected when its turn comes, not before. */
START_TEST(of_a_kind_that_is_not_served)
{
	w->pool[0].warm[KIND_SQL] = -1;
	w->spool[0].ready = READY_SETTLE;
	w->spool[0].settle_ms = 5000;
	world_begin(w);
	world_put(w, "a.sql", "a");
	world_run(w, 100);
	ck_assert(hold("a.sql"));
	world_run(w, 30 * MINUTES);
	ck_assert_str_eq(world_status(w, "a.sql"), "");
	ck_assert(release("a.sql"));
	world_until(w, MINUTES, world_recorded(w, "a.sql", "rejected"));
}
END_TEST

int main(void)
{
	Suite *s = suite_create("hold");
	TCase *t = tcase_create("hold");
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, a_held_file_waits);
	tcase_add_test(t, released_it_has_its_old_place);
	tcase_add_test(t, it_is_held_in_the_next_life);
	tcase_add_test(t, a_settling_file_is_held_at_once);
	tcase_add_test(t, what_runs_is_not_held);
	tcase_add_test(t, its_newer_bytes_run);
	tcase_add_test(t, what_its_newer_bytes_say_counts);
	tcase_add_loop_test(t, a_row_goes_on_without_it, 0, 3);
	tcase_add_loop_test(t, the_first_of_a_row, 0, 2);
	tcase_add_test(t, gone_it_is_cancelled);
	tcase_add_test(t, a_reload_lets_nothing_go);
	tcase_add_test(t, of_a_kind_that_is_not_served);
	suite_add_tcase(s, t);
	return help_run(s);
}
