/* test_pause: where nothing new is started for now, and what goes on there nevertheless. */
#include "world.h"

#include "core/pause.h"
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

static bool is_state(const char *name, enum job_state state)
{
	const struct world_row *row = world_row(w, name);
	return row != NULL && row->rec.state == state;
}

static void pause_one(enum pause_what what, bool on)
{
	world_pause(w, what, 0, on);
}

/* For all three: what runs ends, what waits waits, no session is made, and then it goes on. */
START_TEST(what_runs_goes_on_and_nothing_else)
{
	const enum pause_what what = (enum pause_what)_i;

	world_begin(w);
	world_put(w, "a.py", "sleep 60000");
	world_until(w, MINUTES, is_state("a.py", JOB_RUNNING));
	pause_one(what, true);
	world_put(w, "b.py", "print b");
	world_put(w, "c.sql", "select 1");
	world_run(w, 30 * MINUTES);
	ck_assert(world_recorded(w, "a.py", "ok"));
	ck_assert(is_state("b.py", JOB_QUEUED) && is_state("c.sql", JOB_QUEUED));
	ck_assert_int_eq(w->server[0].created, 1);
	ck_assert_int_eq(world_logged(w, "event=paused"), 1);
	pause_one(what, false);
	world_until(w, 2 * MINUTES, world_done(w, "b.py") && world_done(w, "c.sql"));
	ck_assert_int_eq(world_ran(w, "print b"), 1);
	ck_assert_int_eq(world_logged(w, "event=resumed"), 1);
}
END_TEST

START_TEST(it_survives_a_restart)
{
	const enum pause_what what = (enum pause_what)_i;

	world_begin(w);
	pause_one(what, true);
	world_run(w, 1000);
	world_crash(w);
	world_put(w, "a.py", "print a");
	world_run(w, 30 * MINUTES);
	ck_assert(is_state("a.py", JOB_QUEUED));
	ck_assert(pause_is_set(w->core, what, 0));
	pause_one(what, false);
	world_until(w, MINUTES, world_done(w, "a.py"));
	world_crash(w);
	world_put(w, "b.py", "print b");
	world_until(w, MINUTES, world_done(w, "b.py"));
}
END_TEST

/* Its row is committed before anybody could be told of it, and only where something has changed. */
START_TEST(twice_is_once)
{
	world_begin(w);
	world_forget(w);
	pause_one(PAUSE_SPOOL, true);
	pause_one(PAUSE_SPOOL, true);
	world_run(w, 1000);
	pause_one(PAUSE_SPOOL, false);
	pause_one(PAUSE_SPOOL, false);
	pause_one(PAUSE_ALL, false);
	world_run(w, 1000);
	world_story(w, "^. pause", "+ pause 2 0 on\n+ pause 2 0 off\n");
}
END_TEST

START_TEST(the_others_go_on)
{
	size_t other = world_add_spool(w, "other", 0);
	world_begin(w);
	pause_one(PAUSE_SPOOL, true);
	world_put(w, "a.py", "print a"); /* the earlier one, and of the same kind */
	world_run(w, 5000);
	world_put_in(w, other, "b.py", "print b");
	world_until(w, MINUTES, world_done(w, "b.py"));
	ck_assert(is_state("a.py", JOB_QUEUED));
}
END_TEST

START_TEST(another_pool_goes_on)
{
	size_t pool = world_add_pool(w, "other");
	size_t other = world_add_spool(w, "other", pool);
	world_begin(w);
	pause_one(PAUSE_POOL, true);
	world_put(w, "a.py", "print a");
	world_put_in(w, other, "b.py", "print b");
	world_until(w, MINUTES, world_done(w, "b.py"));
	world_run(w, 5 * MINUTES);
	ck_assert(is_state("a.py", JOB_QUEUED));
}
END_TEST

/* Each of them is lifted by itself. */
START_TEST(paused_for_two_reasons)
{
	world_begin(w);
	pause_one(PAUSE_SPOOL, true);
	pause_one(PAUSE_ALL, true);
	world_put(w, "a.py", "print a");
	world_run(w, MINUTES);
	pause_one(PAUSE_ALL, false);
	world_run(w, MINUTES);
	ck_assert(is_state("a.py", JOB_QUEUED));
	ck_assert(pause_holds(w->core, 0, 0));
	pause_one(PAUSE_SPOOL, false);
	world_until(w, MINUTES, world_done(w, "a.py"));
}
END_TEST

/* Between its turn and its sending: it goes back to its place. */
START_TEST(while_it_is_read)
{
	world_begin(w);
	world_put(w, "a.py", "print a");
	world_until(
	    w, MINUTES, w->trace.data != NULL && strstr(w->trace.data, "read a.py") != NULL);
	pause_one(PAUSE_SPOOL, true);
	world_run(w, 10 * MINUTES);
	ck_assert(is_state("a.py", JOB_QUEUED));
	ck_assert_int_eq(world_ran(w, "print a"), 0);
	pause_one(PAUSE_SPOOL, false);
	world_until(w, MINUTES, world_done(w, "a.py"));
	ck_assert_int_eq(world_ran(w, "print a"), 1);
}
END_TEST

/* A paused lane does not claim the next session, nor keep one that another file needs. */
START_TEST(a_paused_file_claims_nothing)
{
	size_t other = world_add_spool(w, "other", 0);
	w->pool[0].max = 1;
	world_begin(w);
	world_put_in(w, other, "a.py", "sleep 5000");
	world_until(w, MINUTES, is_state("a.py", JOB_RUNNING));
	world_put(w, "b.sql", "select 1");
	world_run(w, 100);
	pause_one(PAUSE_SPOOL, true);
	world_put_in(w, other, "c.py", "print c");
	world_until(w, MINUTES, world_done(w, "c.py"));
	ck_assert_int_eq(w->server[0].created, 1);
	ck_assert(is_state("b.sql", JOB_QUEUED));
}
END_TEST

/* A server may be under repair. */
START_TEST(warm_sessions_wait)
{
	w->pool[0].warm[KIND_PYSPARK] = 2;
	world_start(w);
	pause_one(PAUSE_POOL, true);
	world_run(w, 10 * MINUTES);
	ck_assert_int_eq(w->server[0].created, 0);
	pause_one(PAUSE_POOL, false);
	world_until(w, 2 * MINUTES, core_counts(w->core).sessions_idle == 2);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("pause");
	TCase *t = tcase_create("pause");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_loop_test(t, what_runs_goes_on_and_nothing_else, 0, PAUSE_COUNT);
	tcase_add_loop_test(t, it_survives_a_restart, 0, PAUSE_COUNT);
	tcase_add_test(t, twice_is_once);
	tcase_add_test(t, the_others_go_on);
	tcase_add_test(t, another_pool_goes_on);
	tcase_add_test(t, paused_for_two_reasons);
	tcase_add_test(t, while_it_is_read);
	tcase_add_test(t, a_paused_file_claims_nothing);
	tcase_add_test(t, warm_sessions_wait);
	suite_add_tcase(s, t);
	return help_run(s);
}
