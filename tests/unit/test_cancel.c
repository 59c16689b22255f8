/* test_cancel: cancel, rerun, hold, release, pause, resume, drain, reload, by the control socket. */
#include "askhelp.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void start(const char *code)
{
	w->pool[0].max = 1;
	w->pool[0].slots = 1;
	world_begin(w);
	world_put(w, "a.py", code);
	world_until(w, MINUTES, world_ran(w, code) == 1);
	world_put(w, "b.py", "quick");
	world_run(w, 1000);
}

#define CANCEL_A "{\"v\":1,\"do\":\"cancel\",\"jobs\":[\"/spool/in/a.py\"]}"
#define CANCEL_B "{\"v\":1,\"do\":\"cancel\",\"jobs\":[2]}"

/* ---- what has not begun ---------------------------------------------------------------------- */

START_TEST(one_that_waits)
{
	start("sleep 5000");
	has(ask_as(HIS, CANCEL_B), "\"code\":\"not-allowed\"");
	has(ask_as(HERS, CANCEL_B),
	    "{\"type\":\"done\",\"id\":2,\"path\":\"/spool/in/b.py\",\"was\":\"queued\"}");
	ck_assert_str_eq(world_status(w, "b.py"), "cancelled");
	has(world_ask(w, "{\"v\":1,\"do\":\"show\",\"jobs\":[2]}"), "cancelled by its owner");
	ends_as("a.py", "ok");
	world_run(w, 10 * MINUTES);
	ck_assert_int_eq(world_ran(w, "quick"), 0);
	ck_assert_ptr_nonnull(world_file(w, "b.py"));
	has(world_ask(w, CANCEL_B), "it has ended already");
}
END_TEST

START_TEST(by_an_administrator)
{
	start("sleep 5000");
	has(world_ask(w, CANCEL_B), "\"type\":\"done\"");
	has(world_ask(w, "{\"v\":1,\"do\":\"show\",\"jobs\":[2]}"),
	    "cancelled by an administrator (uid 0)");
	world_write(w, "b.py", "again");
	world_until(w, MINUTES, world_ran(w, "again") == 1);
	ends_as("b.py", "ok"); /* what is written anew is a new job */
	ck_assert_int_eq(world_ran(w, "again"), 1);
}
END_TEST

START_TEST(one_that_settles)
{
	w->spool[0].ready = READY_SETTLE;
	w->spool[0].settle_ms = 60000;
	world_begin(w);
	world_put(w, "a.py", "quick");
	world_run(w, 1000);
	has(ask_as(HERS, CANCEL_A), "\"was\":\"settling\"");
	world_run(w, 10 * MINUTES);
	ck_assert_str_eq(world_status(w, "a.py"), "cancelled");
	ck_assert_int_eq(world_ran(w, "quick"), 0);
}
END_TEST

/* At each moment between the queue and the statement's answer: never run to its end, never twice, and
 * cancelled for certain. */
static void at_moment(int turns, enum conf_style style, bool crash)
{
	w->spool[0].python = style;
	world_begin(w);
	world_put(w, "a.py", "sleep 3600000");
	world_until(w, MINUTES,
	    world_ask(w, "{\"v\":1,\"do\":\"list\"}") != NULL &&
		strstr(world_said(w, 0), "a.py") != NULL);
	for (int i = 0; i < turns && world_ran(w, "sleep 3600000") == 0; i++)
		ck_assert(world_turn(w, w->now.mono_ms + MINUTES));
	has(ask_as(HERS, CANCEL_A), "\"type\":\"done\"");
	if (crash)
		world_crash(w);
	ends_as("a.py", "cancelled");
	ck_assert_int_le(world_ran(w, "sleep 3600000"), 1);
	world_put(w, "b.py", "quick");
	ends_as("b.py", "ok");
}

START_TEST(at_any_moment_raw)
{
	at_moment(_i, STYLE_RAW, false);
}
END_TEST

START_TEST(at_any_moment_script)
{
	at_moment(_i, STYLE_SCRIPT, false);
}
END_TEST

START_TEST(at_any_moment_and_a_crash)
{
	at_moment(_i / 2, _i % 2 == 0 ? STYLE_RAW : STYLE_SCRIPT, true);
}
END_TEST

/* ---- what runs ------------------------------------------------------------------------------- */

START_TEST(code_that_stops)
{
	start("sleep 3600000");
	has(ask_as(HERS, CANCEL_A), "\"was\":\"running\"");
	world_until(w, 5000, world_done(w, "a.py"));
	ck_assert_str_eq(world_status(w, "a.py"), "cancelled");
	has(record("a.py"), "\"status\": \"cancelled\"");
	has(record("a.py"), "\"name\": \"Cancelled\"");
	has(record("a.py"), "cancelled by its owner; the code has stopped");
	ends_as("b.py", "ok");
	ck_assert_int_eq(w->server[0].created, 1); /* the same session serves on */
}
END_TEST

START_TEST(code_that_does_not_stop)
{
	start("deaf 3600000");
	has(ask_as(HERS, CANCEL_A), "\"was\":\"running\"");
	has(ask_as(HERS, CANCEL_A), "\"was\":\"running\""); /* no harm in saying it twice */
	ends_as("a.py", "cancelled");
	has(record("a.py"), "cancelled by its owner; the code ");
	ck_assert(strstr(record("a.py"), "its session is deleted") != NULL);
	ends_as("b.py", "ok");
	ck_assert_int_eq(w->server[0].created, 2);
	ck_assert_int_eq(world_alive(w, 0), 1);
}
END_TEST

START_TEST(it_ends_before)
{
	start("sleep 5000");
	world_until(w, MINUTES, w->server[0].session[0]->statement[1].output != NULL);
	world_ask(w, CANCEL_A);
	ends_as("a.py", "ok");
	ck_assert(strstr(record("a.py"), "ancelled") == NULL);
}
END_TEST

START_TEST(over_a_restart)
{
	start("deaf 3600000");
	has(ask_as(HERS, CANCEL_A), "\"was\":\"running\"");
	world_crash(w);
	ends_as("a.py", "cancelled");
	has(record("a.py"), "cancelled by its owner; ");
}
END_TEST

START_TEST(its_session_dies_meanwhile)
{
	start("deaf 3600000");
	world_ask(w, CANCEL_A);
	world_collect(w, 0, 0);
	ends_as("a.py", "cancelled");
	has(record("a.py"), "is gone");
}
END_TEST

static void start_script(const char *code)
{
	w->spool[0].python = STYLE_SCRIPT;
	start(code);
}

START_TEST(a_script)
{
	start_script("sleep 3600000");
	world_forget(w);
	has(ask_as(HERS, CANCEL_A), "\"was\":\"running\"");
	world_until(w, 3000, world_done(w, "a.py"));
	ck_assert_str_eq(world_status(w, "a.py"), "cancelled");
	has(record("a.py"), "\"exit_code\": 137");
	has(record("a.py"), "cancelled by its owner; its processes were ended");
	ends_as("b.py", "ok");
	ck_assert_int_eq(w->server[0].created, 1);
}
END_TEST

START_TEST(a_script_beside_others)
{
	w->spool[0].python = STYLE_SCRIPT;
	world_begin(w);
	world_put(w, "a.py", "sleep 3600000");
	world_put(w, "c.py", "sleep 30000");
	world_until(w, MINUTES, world_ran(w, "sleep 30000") == 1);
	world_ask(w, CANCEL_A);
	ends_as("a.py", "cancelled");
	ends_as("c.py", "ok");
}
END_TEST

/* Its runner has refused it, but nobody heard that; after the kill it is known that it never began. */
START_TEST(one_that_was_refused_unheard)
{
	w->spool[0].python = STYLE_SCRIPT;
	w->server[0].refusal = "no disk for it";
	world_begin(w);
	world_put(w, "a.py", "sleep 1000");
	world_until(w, MINUTES,
	    world_row(w, "a.py") != NULL && world_row(w, "a.py")->rec.state == JOB_SENDING);
	world_crash(w); /* of the call there is nothing any more */
	world_ask_as(w, 1, HERS, CANCEL_A);
	ends_as("a.py", "cancelled");
	ck_assert_int_eq(world_ran(w, "sleep 1000"), 0);
}
END_TEST

/* Where nothing can be forked, the call that it runs in is cancelled. */
START_TEST(a_script_in_the_interpreter)
{
	w->server[0].alone = "no fork here";
	start_script("sleep 3600000");
	has(ask_as(HERS, CANCEL_A), "\"type\":\"done\"");
	ends_as("a.py", "cancelled");
	has(record("a.py"), "cancelled by its owner; ");
	ends_as("b.py", "ok");
}
END_TEST

START_TEST(all_of_them)
{
	start("sleep 3600000");
	world_put(w, "c.py", "quick");
	world_run(w, 1000);
	const char *said = ask_as(HIS, "{\"v\":1,\"do\":\"cancel\",\"jobs\":\"ALL\"}");
	ck_assert_str_eq(said, "{\"type\":\"end\"}\n");
	said = ask_as(HERS, "{\"v\":1,\"do\":\"cancel\",\"jobs\":\"ALL\"}");
	ck_assert_int_eq(count(said, "\"type\":\"done\""), 3);
	ends_as("a.py", "cancelled");
	ends_as("b.py", "cancelled");
	ends_as("c.py", "cancelled");
	ck_assert_int_eq(world_ran(w, "quick"), 0);
}
END_TEST

/* ---- again ----------------------------------------------------------------------------------- */

#define RERUN "{\"v\":1,\"do\":\"rerun\",\"jobs\":[\"/spool/in/a.py\"]}"

START_TEST(run_again)
{
	world_begin(w);
	world_put(w, "a.py", "quick");
	ends_as("a.py", "ok");
	has(ask_as(HIS, RERUN), "not-allowed");
	has(ask_as(HERS, RERUN), "{\"type\":\"done\",\"id\":1,\"path\":\"/spool/in/a.py\","
				 "\"was\":\"done\"}");
	has(world_ask(w, RERUN), "it has not ended yet");
	world_until(w, MINUTES, world_ran(w, "quick") == 2);
	ends_as("a.py", "ok");
	world_run(w, 10 * MINUTES);
	ck_assert_int_eq(world_ran(w, "quick"), 2);
	ck_assert_uint_eq(world_row(w, "a.py")->rec.id, 2);
	has(world_ask(w, "{\"v\":1,\"do\":\"rerun\",\"jobs\":\"ALL\"}"), "bad-request");
}
END_TEST

START_TEST(run_again_with_markers)
{
	w->spool[0].ready = READY_MARKER;
	world_begin(w);
	world_put(w, "a.py", "quick");
	world_put(w, "a.py.ready", "");
	ends_as("a.py", "ok");
	has(world_ask(w, RERUN), "\"type\":\"done\"");
	world_until(w, MINUTES, world_ran(w, "quick") == 2);
	ends_as("a.py", "ok");
}
END_TEST

/* It was said that it runs again: so it does when its spool is there again, marker or not, in this
 * life of the daemon or the next. */
START_TEST(run_again_what_is_away)
{
	w->spool[0].ready = _i % 2 == 0 ? READY_RENAME : READY_MARKER;
	world_begin(w);
	world_put(w, "a.py", "quick");
	if (_i % 2 == 1)
		world_put(w, "a.py.ready", "");
	ends_as("a.py", "ok");
	w->dir[0]->gone = true;
	has(world_ask(w, RERUN), "\"type\":\"done\"");
	if (_i >= 2)
		world_crash(w);
	world_run(w, MINUTES);
	w->dir[0]->gone = false;
	world_until(w, 5 * MINUTES, world_ran(w, "quick") == 2);
	ends_as("a.py", "ok");
	world_run(w, 10 * MINUTES);
	ck_assert_int_eq(world_ran(w, "quick"), 2);
}
END_TEST

START_TEST(run_again_what_is_not_there)
{
	w->spool[0].after = AFTER_DELETE;
	world_begin(w);
	world_put(w, "a.py", "quick");
	ends_as("a.py", "ok");
	world_run(w, 2000);
	has(world_ask(w, RERUN), "its file does not lie in its spool any more");
}
END_TEST

/* ---- held, paused ---------------------------------------------------------------------------- */

START_TEST(hold_and_release)
{
	start("sleep 5000");
	has(ask_as(HIS, "{\"v\":1,\"do\":\"hold\",\"jobs\":[2]}"), "not-allowed");
	has(ask_as(HERS, "{\"v\":1,\"do\":\"hold\",\"jobs\":[1,2]}"), "its turn has come already");
	has(world_ask(w, "{\"v\":1,\"do\":\"list\",\"state\":\"held\"}"),
	    "\"state\":\"held\",\"priority\":0,\"held\":\"by an operator\"");
	has(world_ask(w, "{\"v\":1,\"do\":\"spools\"}"), "\"queued\":0,\"held\":1,\"running\":1");
	ends_as("a.py", "ok");
	world_run(w, 10 * MINUTES);
	ck_assert_int_eq(world_ran(w, "quick"), 0);
	has(ask_as(HERS, "{\"v\":1,\"do\":\"release\",\"jobs\":[2]}"), "\"was\":\"held\"");
	has(ask_as(HERS, "{\"v\":1,\"do\":\"release\",\"jobs\":[2]}"), "it is not held");
	ends_as("b.py", "ok");
}
END_TEST

START_TEST(pause_and_resume)
{
	start("sleep 5000");
	has(ask_as(HERS, "{\"v\":1,\"do\":\"pause\",\"all\":true}"), "not-allowed");
	has(world_ask(w, "{\"v\":1,\"do\":\"pause\"}"), "bad-request");
	has(world_ask(w, "{\"v\":1,\"do\":\"pause\",\"all\":false}"), "bad-request");
	has(world_ask(w, "{\"v\":1,\"do\":\"pause\",\"all\":true,\"pool\":\"main\"}"),
	    "bad-request");
	has(world_ask(w, "{\"v\":1,\"do\":\"pause\",\"spool\":\"out\"}"), "not-found");
	has(world_ask(w, "{\"v\":1,\"do\":\"pause\",\"pool\":\"out\"}"), "not-found");
	has(world_ask(w, "{\"v\":1,\"do\":\"pause\",\"spool\":\"in\"}"),
	    "{\"type\":\"done\",\"of\":\"spool\",\"name\":\"in\",\"changed\":true}");
	has(world_ask(w, "{\"v\":1,\"do\":\"pause\",\"spool\":\"in\"}"), "\"changed\":false");
	has(world_ask(w, "{\"v\":1,\"do\":\"spools\"}"), "\"paused\":true");
	ends_as("a.py", "ok");
	world_run(w, 10 * MINUTES);
	ck_assert_int_eq(world_ran(w, "quick"), 0);
	world_crash(w);
	world_run(w, 10 * MINUTES);
	ck_assert_int_eq(world_ran(w, "quick"), 0);
	has(world_ask(w, "{\"v\":1,\"do\":\"resume\",\"spool\":\"in\"}"), "\"changed\":true");
	ends_as("b.py", "ok");
}
END_TEST

START_TEST(drain)
{
	start("sleep 5000");
	world_ask_as(w, 2, 0, "{\"v\":1,\"do\":\"drain\"}");
	world_run(w, 1000);
	ck_assert_str_eq(world_said(w, 2), "{\"type\":\"done\",\"of\":\"all\",\"changed\":true}\n");
	ends_as("a.py", "ok");
	world_until(w, 1000, !world_waits(w, 2));
	has(world_said(w, 2), "{\"type\":\"drained\"}\n{\"type\":\"end\"}\n");
	world_run(w, 10 * MINUTES);
	ck_assert_int_eq(world_ran(w, "quick"), 0);
	has(world_ask(w, "{\"v\":1,\"do\":\"resume\",\"all\":true}"), "\"changed\":true");
	ends_as("b.py", "ok");
	has(world_ask(w, "{\"v\":1,\"do\":\"drain\"}"), "drained");
}
END_TEST

START_TEST(reload)
{
	world_begin(w);
	has(ask_as(HERS, "{\"v\":1,\"do\":\"reload\"}"), "not-allowed");
	ck_assert_str_eq(world_ask(w, "{\"v\":1,\"do\":\"reload\"}"), "{\"type\":\"end\"}\n");
	ck_assert_int_eq(world_logged(w, "event=reloaded"), 1);
	w->bad_conf = "x:1: no\nx:2: nor that\n";
	has(world_ask(w, "{\"v\":1,\"do\":\"reload\"}"),
	    "{\"type\":\"messages\",\"messages\":[\"x:1: no\",\"x:2: nor that\"]}\n"
	    "{\"type\":\"error\",\"code\":\"failed\",\"message\":\"x:1: no\",\"hint\":");
}
END_TEST

int main(void)
{
	Suite *s = suite_create("cancel");
	TCase *t = tcase_create("cancel");
	tcase_add_checked_fixture(t, ask_setup, ask_teardown);
	tcase_add_test(t, one_that_was_refused_unheard);
	tcase_add_test(t, one_that_waits);
	tcase_add_test(t, by_an_administrator);
	tcase_add_test(t, one_that_settles);
	tcase_add_loop_test(t, at_any_moment_raw, 0, 40);
	tcase_add_loop_test(t, at_any_moment_script, 0, 50);
	tcase_add_loop_test(t, at_any_moment_and_a_crash, 0, 90);
	tcase_add_test(t, code_that_stops);
	tcase_add_test(t, code_that_does_not_stop);
	tcase_add_test(t, it_ends_before);
	tcase_add_test(t, over_a_restart);
	tcase_add_test(t, its_session_dies_meanwhile);
	tcase_add_test(t, a_script);
	tcase_add_test(t, a_script_beside_others);
	tcase_add_test(t, a_script_in_the_interpreter);
	tcase_add_test(t, all_of_them);
	tcase_add_test(t, run_again);
	tcase_add_test(t, run_again_with_markers);
	tcase_add_loop_test(t, run_again_what_is_away, 0, 4);
	tcase_add_test(t, run_again_what_is_not_there);
	tcase_add_test(t, hold_and_release);
	tcase_add_test(t, pause_and_resume);
	tcase_add_test(t, drain);
	tcase_add_test(t, reload);
	suite_add_tcase(s, t);
	return help_run(s);
}
