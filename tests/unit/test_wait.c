/* test_wait: files that asked to run after others or later, and spools in which all do. */
#include "world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MINUTES INT64_C(60000)
#define HOURS (60 * MINUTES)

static struct world *w;

static void setup(void)
{
	w = world_new();
}

static void teardown(void)
{
	world_free(w);
}

static void put_says(const char *name, const char *says)
{
	char *code = xasprintf("# sparkspool: %s\nprint %s", says, name);
	world_put(w, name, code);
	free(code);
}

static bool is_state(const char *name, enum job_state state)
{
	const struct world_row *row = world_row(w, name);
	return row != NULL && row->rec.state == state;
}

static bool is_queued(const char *name)
{
	return is_state(name, JOB_QUEUED);
}

static size_t running(void)
{
	return core_counts(w->core).running;
}

static int64_t started_ms(const char *name)
{
	return world_row(w, name)->rec.run->started_ms;
}

/* ---- after ---------------------------------------------------------------------------------- */

/* _i: whichever of them comes first. */
START_TEST(one_after_the_other)
{
	world_begin(w);
	if (_i == 0)
		world_put(w, "a.py", "sleep 60000");
	world_run(w, 5000);
	put_says("b.py", "after=a.py");
	world_run(w, 5000);
	if (_i == 1)
		world_put(w, "a.py", "sleep 60000");
	world_until(w, MINUTES, is_state("a.py", JOB_RUNNING));
	world_run(w, 5000);
	ck_assert(is_queued("b.py"));
	world_until(w, 2 * MINUTES, world_done(w, "a.py"));
	world_until(w, MINUTES, world_recorded(w, "b.py", "ok"));
	ck_assert_int_eq(world_logged(w, "after=missing"), _i);
}
END_TEST

START_TEST(after_several)
{
	world_begin(w);
	world_put(w, "a.py", "sleep 60000");
	world_put(w, "b b.sql", "sleep 120000");
	put_says("c.py", "after=\"a.py 'b b.sql'\"");
	world_until(w, 3 * MINUTES, world_done(w, "a.py"));
	ck_assert(is_queued("c.py"));
	world_until(w, 3 * MINUTES, world_done(w, "b b.sql"));
	world_until(w, MINUTES, world_done(w, "c.py"));
}
END_TEST

/* It waits for the correction, as a target of make does. */
START_TEST(after_one_that_failed)
{
	world_begin(w);
	world_put(w, "a.py", "fail");
	put_says("b.py", "after=a.py");
	put_says("c.py", "after_any=a.py");
	world_until(w, MINUTES, world_recorded(w, "a.py", "error"));
	world_until(w, MINUTES, world_recorded(w, "c.py", "ok"));
	world_run(w, HOURS);
	ck_assert(is_queued("b.py"));
	ck_assert_int_eq(world_logged(w, "after=not-ok"), 1);
	world_write(w, "a.py", "print a");
	world_until(w, MINUTES, world_recorded(w, "b.py", "ok"));
}
END_TEST

/* It has run, and comes again: it is waited for while it is being written, and no longer when it goes
 * without ever being complete. */
START_TEST(after_one_that_went_while_it_came)
{
	w->spool[0].after = AFTER_DELETE;
	w->spool[0].ready = READY_SETTLE;
	w->spool[0].settle_ms = 30000;
	world_begin(w);
	world_write(w, "a.py", "print a");
	world_until(w, 2 * MINUTES, world_done(w, "a.py") && world_file(w, "a.py") == NULL);
	world_write(w, "b.py", "# sparkspool: after=a.py\nprint b");
	world_run(w, 10000);
	world_write(w, "a.py", "print again");
	world_run(w, 25000);
	ck_assert(is_queued("b.py"));
	world_remove(w, "a.py");
	world_until(w, 30 * MINUTES, world_done(w, "b.py"));
	ck_assert_str_eq(world_status(w, "b.py"), "ok");
	ck_assert_int_eq(world_ran(w, "print again"), 0);
}
END_TEST

/* The file is gone, its end is in the ledger. */
START_TEST(after_one_that_was_moved_away)
{
	w->spool[0].after = AFTER_DELETE;
	world_begin(w);
	world_put(w, "a.py", _i == 0 ? "print a" : "fail");
	world_until(w, MINUTES, world_done(w, "a.py") && world_file(w, "a.py") == NULL);
	world_run(w, 5 * MINUTES);
	put_says("b.py", "after=a.py");
	world_run(w, HOURS);
	ck_assert_int_eq(world_ran(w, "# sparkspool: after=a.py\nprint b.py"), _i == 0);
	world_crash(w);
	world_run(w, HOURS);
	ck_assert_int_eq(world_ran(w, "# sparkspool: after=a.py\nprint b.py"), _i == 0);
}
END_TEST

START_TEST(after_one_that_is_taken_back)
{
	world_begin(w);
	put_says("a.py", "delay=1h");
	put_says("b.py", "after_any=a.py");
	world_run(w, 5 * MINUTES);
	world_remove(w, "a.py");
	world_until(w, 5 * MINUTES, world_recorded(w, "b.py", "ok"));
}
END_TEST

/* It counts by its last run that has left results. */
START_TEST(after_one_that_is_not_to_run_again)
{
	world_begin(w);
	if (_i == 0)
		world_put(w, "a.py", "print a");
	world_run(w, 5 * MINUTES);
	put_says("a.py", "delay=1h");
	put_says("b.py", "after=a.py");
	world_run(w, 5 * MINUTES);
	ck_assert(is_queued("b.py"));
	world_remove(w, "a.py");
	world_run(w, 5 * MINUTES);
	ck_assert_str_eq(world_status(w, "b.py"), _i == 0 ? "ok" : "");
	if (_i == 1)
		ck_assert_int_eq(world_logged(w, "event=waiting after=missing"), 1);
}
END_TEST

/* Its last run left nothing: as soon as it is not there, the one before counts. */
START_TEST(after_one_that_was_cancelled_and_goes)
{
	world_begin(w);
	world_put(w, "a.py", "print a");
	world_run(w, 5 * MINUTES);
	put_says("a.py", "delay=1h");
	put_says("b.py", "after=a.py");
	world_run(w, 5 * MINUTES);
	world_ask(w, "{\"v\":1,\"do\":\"cancel\",\"jobs\":[\"/spool/in/a.py\"]}");
	world_run(w, 5 * MINUTES);
	ck_assert(is_queued("b.py"));
	ck_assert_int_eq(world_logged(w, "after=not-ok"), 1);
	world_remove(w, "a.py");
	world_run(w, 5 * MINUTES);
	ck_assert_str_eq(world_status(w, "b.py"), "ok");
}
END_TEST

START_TEST(a_ring)
{
	world_begin(w);
	put_says("a.py", "after=b.py");
	put_says("b.py", "after=c.py");
	put_says("c.py", "after=a.py");
	put_says("d.py", "after=d.py");
	world_run(w, HOURS);
	ck_assert(is_queued("a.py") && is_queued("b.py") && is_queued("c.py"));
	ck_assert(is_queued("d.py"));
	ck_assert_int_ge(world_logged(w, "after=ring"), 2);
	world_write(w, "c.py", "print c");
	world_until(w, 2 * MINUTES, world_done(w, "a.py"));
}
END_TEST

/* What is known of it stands in the files, so it holds across a restart, too. */
START_TEST(it_survives_restarts)
{
	world_begin(w);
	world_put(w, "a.py", "sleep 600000");
	put_says("b.py", "after=a.py");
	put_says("c.py", "delay=20m");
	for (int i = 0; i < 5; i++) {
		world_run(w, MINUTES);
		ck_assert(is_queued("b.py") && is_queued("c.py"));
		world_crash(w);
	}
	world_until(w, 15 * MINUTES, world_done(w, "b.py"));
	ck_assert(is_queued("c.py"));
	world_until(w, 15 * MINUTES, world_done(w, "c.py"));
	ck_assert_int_eq(world_ran(w, "# sparkspool: after=a.py\nprint b.py"), 1);
}
END_TEST

/* It holds up nobody, and is looked at as any other. */
START_TEST(a_waiting_file_that_goes_or_changes)
{
	world_begin(w);
	put_says("a.py", "after=x.py");
	put_says("b.py", "after=x.py");
	world_put(w, "c.py", "print c");
	world_until(w, MINUTES, world_done(w, "c.py"));
	world_remove(w, "a.py");
	world_write(w, "b.py", "print b");
	world_until(w, 5 * MINUTES, world_done(w, "b.py"));
	world_until(w, 5 * MINUTES, str_eq(world_status(w, "a.py"), "cancelled"));
}
END_TEST

/* It would have been rejected at its turn: now it is not, and waits as it says. */
START_TEST(a_reload_that_allows_its_words)
{
	w->spool[0].allow = ~CONF_ALLOW(KEY_TIMEOUT);
	w->pool[0].max = 1;
	w->pool[0].slots = 1;
	world_begin(w);
	world_put(w, "a.py", "sleep 60000");
	world_until(w, MINUTES, world_ran(w, "sleep 60000") == 1);
	put_says("b.py", "delay=30m timeout=4s");
	world_run(w, 5000);
	ck_assert(is_queued("b.py"));
	w->spool[0].allow = ~0u;
	world_reload(w);
	world_until(w, 3 * MINUTES, world_done(w, "a.py"));
	world_run(w, 20 * MINUTES);
	ck_assert(is_queued("b.py"));
	world_until(w, HOURS, world_done(w, "b.py"));
	ck_assert_str_eq(world_status(w, "b.py"), "ok");
}
END_TEST

START_TEST(a_reload_in_between)
{
	world_begin(w);
	world_put(w, "a.py", "sleep 60000");
	put_says("b.py", "after=a.py");
	put_says("c.py", "delay=30m");
	world_run(w, 1000);
	world_reload(w);
	world_run(w, 1000);
	ck_assert(is_queued("b.py") && is_queued("c.py"));
	world_until(w, 3 * MINUTES, world_done(w, "b.py"));
	ck_assert(is_queued("c.py"));
	world_until(w, HOURS, world_done(w, "c.py"));
}
END_TEST

/* ---- at, delay ------------------------------------------------------------------------------ */

START_TEST(not_before_a_time)
{
	world_begin(w);
	/* 1795000000 is 2026-11-18T11:06:40Z */
	put_says("a.py", "at=2026-11-18T13:00+01:00");
	put_says("b.py", "at=2026-11-18T11:00:00Z");
	put_says("c.py", "delay=2h");
	world_until(w, MINUTES, world_done(w, "b.py"));
	world_until(w, 12 * HOURS, world_done(w, "a.py"));
	ck_assert_int_ge(started_ms("a.py"), INT64_C(1795003200000));
	ck_assert_int_le(started_ms("a.py"), INT64_C(1795003200000) + MINUTES);
	world_until(w, 12 * HOURS, world_done(w, "c.py"));
	ck_assert_int_ge(started_ms("c.py"), INT64_C(1795000000000) + 2 * HOURS);
	ck_assert_int_le(started_ms("c.py"), INT64_C(1795000000000) + 2 * HOURS + MINUTES);
}
END_TEST

/* The clock was set while it slept. */
START_TEST(a_clock_that_jumps)
{
	world_begin(w);
	put_says("a.py", "delay=5d");
	world_run(w, HOURS);
	w->now.real_ms += 5 * 24 * HOURS;
	world_until(w, 10 * MINUTES, world_done(w, "a.py"));
}
END_TEST

/* ---- ordered -------------------------------------------------------------------------------- */

static void put_row(int n, const char *code)
{
	char name[16];
	for (int i = 0; i < n; i++) {
		(void)snprintf(name, sizeof(name), "%02d.%s", i, i % 3 == 1 ? "sql" : "py");
		char *text = xasprintf("%s %d", code, 1000 + i);
		world_put(w, name, text);
		free(text);
		world_run(w, 10);
	}
}

static size_t done(void)
{
	size_t n = 0;
	for (size_t i = 0; i < w->ledger.jobs; i++)
		n += w->ledger.job[i].rec.state == JOB_DONE;
	return n;
}

/* Never two of them, in the order of their arrival, each after the results of the one before. */
static void goes_in_order(int n)
{
	while (done() < (size_t)n && world_turn(w, w->now.mono_ms + HOURS))
		ck_assert_uint_le(running() + core_counts(w->core).finishing, 1);
	ck_assert_uint_eq(w->server[0].ran_count, (size_t)n);
	for (int i = 0; i < n; i++)
		ck_assert_int_eq(strtol(strchr(w->server[0].ran[i], ' '), NULL, 10), 1000 + i);
}

START_TEST(a_row)
{
	w->spool[0].ordered = true;
	w->spool[0].ready = _i == 0 ? READY_RENAME : READY_SETTLE;
	w->pool[0].owners = OWNERS_SHARED;
	world_begin(w);
	put_row(9, "sleep");
	goes_in_order(9);
}
END_TEST

START_TEST(a_row_across_crashes)
{
	w->spool[0].ordered = true;
	world_begin(w);
	put_row(6, "sleep");
	for (int i = 0; i < 6; i++) {
		world_run(w, 1700);
		world_crash(w);
	}
	goes_in_order(6);
}
END_TEST

/* Others are not held up by a row, and a word of priority changes nothing in it. */
START_TEST(a_row_beside_others)
{
	size_t other = world_add_spool(w, "other", 0);
	w->spool[0].ordered = true;
	world_begin(w);
	world_put(w, "a.py", "sleep 60000");
	put_says("b.py", "delay=10m");
	put_says("c.py", "priority=9");
	world_run(w, 10);
	world_put_in(w, other, "d.py", "print d");
	world_until(w, MINUTES, world_done(w, "d.py"));
	world_until(w, 5 * MINUTES, world_done(w, "a.py"));
	world_run(w, 5 * MINUTES);
	ck_assert(is_queued("b.py") && is_queued("c.py"));
	world_until(w, 20 * MINUTES, world_done(w, "c.py"));
	ck_assert(world_done(w, "b.py"));
}
END_TEST

/* The one that it is the turn of is written anew: the others wait for it. */
START_TEST(a_row_with_a_change)
{
	w->spool[0].ordered = true;
	world_begin(w);
	world_put(w, "a.py", "sleep 60000");
	world_run(w, 10);
	world_put(w, "b.py", "sleep 1000");
	world_run(w, 10);
	world_put(w, "c.py", "sleep 1001");
	world_run(w, 10);
	world_put(w, "d.py", "sleep 1002");
	world_run(w, 10);
	world_write(w, "b.py", "sleep 1003");
	world_remove(w, "c.py");
	world_until(w, 5 * MINUTES, world_done(w, "d.py"));
	ck_assert_uint_eq(w->server[0].ran_count, 3);
	ck_assert_str_eq(w->server[0].ran[1], "sleep 1003");
	ck_assert_str_eq(w->server[0].ran[2], "sleep 1002");
}
END_TEST

START_TEST(a_row_since_a_reload)
{
	world_begin(w);
	put_row(3, "sleep");
	world_put(w, "long.py", "sleep 60000");
	world_run(w, 20000);
	w->spool[0].ordered = true;
	world_put(w, "x.py", "sleep 7000");
	world_put(w, "y.py", "sleep 7001");
	world_reload(w);
	world_run(w, 20000);
	ck_assert(is_queued("x.py") && is_queued("y.py"));
	w->spool[0].ordered = false;
	world_reload(w);
	world_until(w, MINUTES, is_state("x.py", JOB_RUNNING) && is_state("y.py", JOB_RUNNING));
	w->spool[0].ordered = true;
	world_reload(w);
	world_put(w, "z.py", "sleep 7002");
	world_until(w, 5 * MINUTES, world_done(w, "z.py"));
	ck_assert(world_done(w, "y.py") && world_done(w, "long.py"));
}
END_TEST

/* A restart finds the spool taken out while one of its files runs, and does not know that it had a row. Named
 * again, the next one waits for what the first one has left. */
START_TEST(a_row_since_a_restart_without_its_spool)
{
	char *was = w->spool[0].path;
	w->spool[0].ordered = true;
	world_begin(w);
	world_put(w, "a.py", "sleep 1000");
	world_run(w, 10);
	world_put(w, "b.py", "sleep 1001");
	world_until(w, MINUTES, world_ran(w, "sleep 1000") == 1);
	w->spool[0].removed = true;
	w->spool[0].ordered = false;
	w->spool[0].path = xstrdup("(not configured)");
	world_crash(w);
	world_until(w, MINUTES, is_state("a.py", JOB_ANSWERED));
	world_run(w, MINUTES);
	char *none = w->spool[0].path;
	w->spool[0].path = was;
	w->spool[0].removed = false;
	w->spool[0].ordered = true;
	world_reload(w);
	goes_in_order(2);
	free(none); /* not before another one is in force */
}
END_TEST

/* It may run still: the row stops until somebody says so. */
START_TEST(a_row_stops_at_what_is_unknown)
{
	w->spool[0].ordered = true;
	w->server[0].list_only = true;
	w->server[0].version = NULL;
	world_begin(w);
	world_put(w, "a.py", "sleep 1000");
	world_fault(w, (struct world_fault){ .method = HTTP_POST,
			   .path = "/sessions/*/statements",
			   .body = "sleep 1000",
			   .fate = FATE_LOST_AFTER });
	world_until(w, 30 * MINUTES, world_done(w, "a.py"));
	if (!str_eq(world_status(w, "a.py"), "unknown"))
		ck_abort_msg("%s", world_status(w, "a.py"));
	world_put(w, "b.py", "print b");
	world_run(w, HOURS);
	ck_assert(is_queued("b.py"));
	ck_assert_int_eq(world_logged(w, "event=stopped"), 1);
	world_pause(w, PAUSE_SPOOL, 0, false);
	world_until(w, 5 * MINUTES, world_done(w, "b.py"));
}
END_TEST

START_TEST(a_spool_that_stops_at_an_error)
{
	w->spool[0].ordered = _i == 1;
	w->spool[0].pause_on = 1u << STATUS_ERROR;
	world_begin(w);
	world_put(w, "a.py", "fail");
	world_until(w, MINUTES, world_recorded(w, "a.py", "error"));
	world_put(w, "b.py", "print b");
	world_run(w, 30 * MINUTES);
	ck_assert(is_queued("b.py"));
	world_crash(w);
	world_run(w, 30 * MINUTES);
	ck_assert(is_queued("b.py"));
	world_pause(w, PAUSE_SPOOL, 0, false);
	world_until(w, 5 * MINUTES, world_done(w, "b.py"));
}
END_TEST

/* Its kind is not served, which comes before the row; nothing of it stays in there. */
START_TEST(a_row_with_one_that_is_rejected)
{
	w->spool[0].ordered = true;
	w->pool[0].warm[KIND_SQL] = -1;
	world_begin(w);
	world_put(w, "a.sql", "select 1");
	world_until(w, MINUTES, str_eq(world_status(w, "a.sql"), "rejected"));
	world_put(w, "a.sql", "select 22");
	world_until(w, MINUTES, w->ledger.jobs == 2 && world_done(w, "a.sql"));
	world_put(w, "b.py", "print b");
	world_until(w, MINUTES, world_done(w, "b.py"));
}
END_TEST

/* Beside the one that runs, another one's rejection waits for room on the disk, when the daemon begins
 * anew: the row goes on behind the first. */
START_TEST(a_row_with_one_that_is_still_being_rejected)
{
	w->spool[0].ordered = true;
	w->pool[0].warm[KIND_SQL] = -1;
	world_begin(w);
	world_put(w, "a.py", "sleep 60000");
	world_until(w, MINUTES, world_ran(w, "sleep 60000") == 1);
	w->dir[0]->full = true;
	world_put(w, "b.sql", "select 1");
	world_put(w, "c.py", "print c");
	world_until(w, MINUTES, world_logged(w, "event=writing-failed") > 0);
	world_crash(w);
	world_put(w, "a.py.out", "somebody else's");
	w->dir[0]->full = false;
	world_until(w, 10 * MINUTES, str_eq(world_status(w, "b.sql"), "rejected"));
	world_run(w, 10 * MINUTES); /* a.py has ended, and cannot be written */
	ck_assert_int_eq(world_ran(w, "print c"), 0);
	world_remove(w, "a.py.out");
	world_until(w, 10 * MINUTES, world_done(w, "c.py"));
	ck_assert_str_eq(world_status(w, "a.py"), "ok");
}
END_TEST

/* What it said before it was written anew counts no more, though its turn had come once. */
START_TEST(what_it_said_before_is_forgotten)
{
	w->pool[0].max = 1;
	w->server[0].start_ms = 60000;
	world_begin(w);
	world_put(w, "a.py", "print a");
	world_until(w, 5 * MINUTES, world_done(w, "a.py"));
	put_says("b.py", "isolation=fresh"); /* which is seen at its turn, in the warm session */
	world_run(w, 20000);
	ck_assert(is_queued("b.py"));
	put_says("b.py", "after=c.py");
	world_run(w, 30 * MINUTES);
	ck_assert(is_queued("b.py"));
	ck_assert_int_eq(world_logged(w, "event=waiting after=missing"), 1);
}
END_TEST

/* On a file system that tells nothing: a scan finds that it waits for nothing any more. */
START_TEST(a_waiting_file_that_changes_unheard)
{
	w->dir[0]->deaf = true;
	world_begin(w);
	put_says("a.py", "after=never.py");
	world_run(w, 5 * MINUTES);
	ck_assert(is_queued("a.py"));
	world_put(w, "a.py", "print a");
	world_until(w, 5 * MINUTES, world_done(w, "a.py"));
}
END_TEST

int main(void)
{
	Suite *s = suite_create("wait");
	TCase *t = tcase_create("after");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_loop_test(t, one_after_the_other, 0, 2);
	tcase_add_test(t, after_several);
	tcase_add_test(t, after_one_that_failed);
	tcase_add_test(t, after_one_that_went_while_it_came);
	tcase_add_loop_test(t, after_one_that_was_moved_away, 0, 2);
	tcase_add_test(t, after_one_that_is_taken_back);
	tcase_add_loop_test(t, after_one_that_is_not_to_run_again, 0, 2);
	tcase_add_test(t, after_one_that_was_cancelled_and_goes);
	tcase_add_test(t, a_ring);
	tcase_add_test(t, it_survives_restarts);
	tcase_add_test(t, a_waiting_file_that_goes_or_changes);
	tcase_add_test(t, a_reload_that_allows_its_words);
	tcase_add_test(t, a_reload_in_between);
	tcase_add_test(t, what_it_said_before_is_forgotten);
	tcase_add_test(t, a_waiting_file_that_changes_unheard);
	tcase_add_test(t, not_before_a_time);
	tcase_add_test(t, a_clock_that_jumps);
	suite_add_tcase(s, t);
	t = tcase_create("row");
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_loop_test(t, a_row, 0, 2);
	tcase_add_test(t, a_row_across_crashes);
	tcase_add_test(t, a_row_beside_others);
	tcase_add_test(t, a_row_with_a_change);
	tcase_add_test(t, a_row_since_a_reload);
	tcase_add_test(t, a_row_since_a_restart_without_its_spool);
	tcase_add_test(t, a_row_stops_at_what_is_unknown);
	tcase_add_test(t, a_row_with_one_that_is_rejected);
	tcase_add_test(t, a_row_with_one_that_is_still_being_rejected);
	tcase_add_loop_test(t, a_spool_that_stops_at_an_error, 0, 2);
	suite_add_tcase(s, t);
	return help_run(s);
}
