/* test_control: what peers of the control socket ask, in a whole world. */
#include "askhelp.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One that runs for an hour, and others behind it. */
static void start_queue(const char *const *names)
{
	w->pool[0].max = 1;
	w->pool[0].slots = 1;
	world_begin(w);
	world_put(w, "slow.py", "sleep 3600000");
	world_until(w, MINUTES, world_ran(w, "sleep 3600000") == 1);
	for (size_t i = 0; names[i] != NULL; i++)
		world_put(w, names[i], "quick");
	world_run(w, 1000);
}

static const char *const two[] = { "a.py", "b.py", NULL };

START_TEST(hello)
{
	world_begin(w);
	const char *said = world_ask(w, "{\"v\":1,\"do\":\"hello\"}");
	has(said, "{\"type\":\"hello\",\"v\":1,\"version\":\"" PACKAGE_VERSION "\",");
	has(said, "\"instance\":\"0123abcd\",\"uid\":0,\"admin\":true,\"started\":\"20");
	has(said, "{\"type\":\"end\"}\n");
	has(ask_as(HERS, "{\"v\":1,\"do\":\"hello\"}"), "\"uid\":1000,\"admin\":false");
}
END_TEST

/* Shares between owners may yet let another one go first: these are known when a place is free. */
START_TEST(the_order_of_turns)
{
	world_fault(w, (struct world_fault){ .fate = FATE_NOT_SENT, .times = -1 });
	world_put(w, "a.py", "work");
	world_put(w, "b.py", "# sparkspool: priority=5\nwork");
	world_put(w, "c.py", "work");
	world_begin(w);
	world_run(w, MINUTES);
	const char *said = world_ask(w, "{\"v\":1,\"do\":\"list\"}");
	const char *b = strstr(said, "\"name\":\"b.py\"");
	const char *a = strstr(said, "\"name\":\"a.py\"");
	const char *last = strstr(said, "\"name\":\"c.py\"");
	ck_assert_msg(b != NULL && a != NULL && last != NULL && b < a && a < last, "%s", said);
	has(b, "\"place\":1");
	has(last, "\"place\":3");
}
END_TEST

/* Of an ordered spool only the first has a turn; those behind it take no place of others. */
START_TEST(the_order_of_turns_where_a_spool_has_its_own)
{
	size_t also = world_add_spool(w, "also", 0);
	w->spool[0].ordered = true;
	world_fault(w, (struct world_fault){ .fate = FATE_NOT_SENT, .times = -1 });
	world_put(w, "a.py", "work");
	world_put(w, "b.py", "work");
	world_put(w, "c.py", "work");
	world_begin(w);
	world_run(w, MINUTES);
	world_put_in(w, also, "d.py", "work");
	world_run(w, MINUTES);
	const char *said = world_ask(w, "{\"v\":1,\"do\":\"list\"}");
	has(strstr(said, "\"name\":\"a.py\""), "\"place\":1");
	has(strstr(said, "\"name\":\"d.py\""), "\"place\":2");
	ck_assert_int_eq(count(said, "\"place\":"), 2);
}
END_TEST

START_TEST(metrics)
{
	world_put(w, "a.py", "work");
	world_begin(w);
	world_until(w, MINUTES, world_done(w, "a.py"));
	const char *said = ask_as(HERS, "{\"v\":1,\"do\":\"metrics\"}");
	has(said, "{\"type\":\"text\",\"text\":\"# HELP sparkspool_");
	has(said, "sparkspool_files_ended_total{spool=\\\"in\\\",status=\\\"ok\\\"} 1\\n");
	has(said, "{\"type\":\"end\"}\n");
}
END_TEST

START_TEST(garbage_is_answered)
{
	world_begin(w);
	has(world_ask(w, "garbage"), "{\"type\":\"error\",\"code\":\"bad-request\",");
	has(world_ask(w, "{\"v\":1,\"do\":\"dance\"}"), "\"code\":\"unknown-command\"");
	has(world_ask(w, "{\"v\":1,\"do\":\"hello\"}"), "\"type\":\"end\"");
}
END_TEST

START_TEST(list_in_the_order_of_turns)
{
	start_queue(two);
	const char *said = world_ask(w, "{\"v\":1,\"do\":\"list\"}");
	ck_assert_int_eq(count(said, "\"type\":\"job\""), 3);
	has(said, "{\"type\":\"job\",\"id\":1,\"path\":\"/spool/in/slow.py\",\"name\":\"slow.py\","
		  "\"spool\":\"in\",\"kind\":\"pyspark\",\"owner\":1000,");
	has(said, "\"pool\":\"main\",\"state\":\"running\"");
	has(said, "\"elapsed_s\":");
	const char *a = strstr(said, "a.py");
	const char *b = strstr(said, "b.py");
	ck_assert(a != NULL && b != NULL && a < b);
	has(a, "\"place\":1");
	has(b, "\"place\":2");
	said = world_ask(w, "{\"v\":1,\"do\":\"list\",\"state\":\"queued\"}");
	ck_assert_int_eq(count(said, "\"type\":\"job\""), 2);
	said = world_ask(w, "{\"v\":1,\"do\":\"list\",\"owner\":1001}");
	ck_assert_int_eq(count(said, "\"type\":\"job\""), 0);
	has(world_ask(w, "{\"v\":1,\"do\":\"list\",\"state\":\"gone\"}"), "bad-request");
	has(world_ask(w, "{\"v\":1,\"do\":\"list\",\"spool\":\"out\"}"), "not-found");
}
END_TEST

START_TEST(everyone_sees_their_own)
{
	start_queue(two);
	ck_assert_int_eq(count(ask_as(HERS, "{\"v\":1,\"do\":\"list\"}"), "\"type\":\"job\""), 3);
	ck_assert_int_eq(count(ask_as(HIS, "{\"v\":1,\"do\":\"list\"}"), "\"type\":\"job\""), 0);
	has(ask_as(HIS, "{\"v\":1,\"do\":\"show\",\"jobs\":[1]}"), "\"code\":\"not-allowed\"");
	has(ask_as(HIS, "{\"v\":1,\"do\":\"show\",\"jobs\":[\"/spool/in/a.py\"]}"), "not-allowed");
	has(ask_as(HERS, "{\"v\":1,\"do\":\"show\",\"jobs\":[1]}"), "\"type\":\"job\"");
	ck_assert_int_eq(
	    count(ask_as(HIS, "{\"v\":1,\"do\":\"sessions\"}"), "\"type\":\"session\""), 0);
	has(ask_as(HIS, "{\"v\":1,\"do\":\"spools\"}"), "\"queued\":0,\"held\":0,\"running\":0");
}
END_TEST

START_TEST(a_long_list_comes_in_pieces)
{
	w->pool[0].max = 1;
	world_begin(w);
	for (int i = 0; i < 500; i++) {
		char name[32];
		snprintf(name, sizeof(name), "f%03d.py", i);
		world_put(w, name, "sleep 3600000");
	}
	world_run(w, 2000);
	w->peer[0].pieces = 0;
	const char *said = world_ask(w, "{\"v\":1,\"do\":\"list\"}");
	ck_assert_int_eq(count(said, "\"type\":\"job\""), 500);
	ck_assert_int_gt(w->peer[0].pieces, 3);
	ck_assert_int_lt(w->peer[0].pieces, 20);
}
END_TEST

START_TEST(hanging_up_in_the_middle)
{
	start_queue(two);
	world_ask_as(w, 2, 0, "{\"v\":1,\"do\":\"show\",\"jobs\":[1,77,2]}");
	world_hang_up(w, 2);
	world_run(w, 1000);
	ck_assert_str_eq(world_said(w, 2), "");
	has(world_ask(w, "{\"v\":1,\"do\":\"list\"}"), "\"type\":\"end\"");
}
END_TEST

START_TEST(show_asks_the_ledger)
{
	world_begin(w);
	world_put(w, "a.py", "quick");
	world_until(w, MINUTES, world_done(w, "a.py"));
	const char *said =
	    world_ask(w, "{\"v\":1,\"do\":\"show\",\"jobs\":[\"/spool/in/a.py\",99,1]}");
	ck_assert_int_eq(count(said, "\"state\":\"done\",\"session\":"), 2);
	has(said, "\"status\":\"ok\"");
	has(said, "\"record\":\"/spool/in/a.py.json\"");
	has(said, "\"files\":[\"a.py.out\",\"a.py.json\"],\"warnings\":[]");
	has(said, "\"code_sha256\":\"");
	has(said, "{\"type\":\"failed\",\"id\":99,\"code\":\"not-found\"");
	has(world_ask(w, "{\"v\":1,\"do\":\"show\",\"jobs\":[\"/else/a.py\"]}"),
	    "no spool has this directory");
	has(world_ask(w, "{\"v\":1,\"do\":\"show\",\"jobs\":[\"/spool/in/b.py\"]}"), "not-found");
	has(ask_as(HIS, "{\"v\":1,\"do\":\"show\",\"jobs\":[1]}"), "not-allowed");
}
END_TEST

START_TEST(sessions_and_spools)
{
	start_queue(two);
	const char *said = world_ask(w, "{\"v\":1,\"do\":\"sessions\"}");
	has(said, "{\"type\":\"session\",\"id\":1,\"name\":\"sparkspool-0123abcd-pyspark-");
	has(said, "\"pool\":\"main\",\"kind\":\"pyspark\",\"state\":\"busy\",\"owner\":1000,"
		  "\"runs\":1,\"slots\":1,");
	said = world_ask(w, "{\"v\":1,\"do\":\"spools\"}");
	has(said, "{\"type\":\"spool\",\"name\":\"in\",\"path\":\"/spool/in\",\"pool\":\"main\","
		  "\"ready\":\"rename\",\"after\":\"keep\",\"suffixes\":[\".py\"");
	has(said, "\"queued\":2,\"held\":0,\"running\":1,\"state\":\"ok\"}");
}
END_TEST

START_TEST(history)
{
	world_begin(w);
	world_put(w, "a.py", "quick");
	world_until(w, MINUTES, world_done(w, "a.py"));
	world_put(w, "b.py", "fail");
	world_until(w, MINUTES, world_done(w, "b.py"));
	const char *said = world_ask(w, "{\"v\":1,\"do\":\"history\"}");
	ck_assert_int_eq(count(said, "\"type\":\"job\""), 2);
	ck_assert(strstr(said, "b.py") < strstr(said, "a.py"));
	lacks(said, "cursor");
	said = world_ask(w, "{\"v\":1,\"do\":\"history\",\"status\":\"error\"}");
	ck_assert_int_eq(count(said, "\"type\":\"job\""), 1);
	has(said, "b.py");
	said = world_ask(w, "{\"v\":1,\"do\":\"history\",\"limit\":1}");
	ck_assert_int_eq(count(said, "\"type\":\"job\""), 1);
	has(world_ask(w, "{\"v\":1,\"do\":\"history\",\"status\":\"good\"}"), "bad-request");
	has(ask_as(HERS, "{\"v\":1,\"do\":\"history\"}"), "b.py");
	lacks(ask_as(HIS, "{\"v\":1,\"do\":\"history\"}"), "\"type\":\"job\"");
	has(ask_as(HIS, "{\"v\":1,\"do\":\"history\",\"owner\":1000}"), "not-allowed");
}
END_TEST

START_TEST(a_long_history_comes_page_by_page)
{
	world_begin(w);
	for (int i = 0; i < 120; i++) {
		char name[32];
		snprintf(name, sizeof(name), "f%03d.py", i);
		world_put(w, name, "quick");
	}
	world_until(w, 10 * MINUTES, world_done(w, "f119.py"));
	world_run(w, MINUTES);
	ck_assert_int_eq(
	    count(world_ask(w, "{\"v\":1,\"do\":\"history\",\"limit\":1000}"), "\"type\":\"job\""),
	    120);
	ck_assert_int_eq(
	    count(world_ask(w, "{\"v\":1,\"do\":\"history\",\"limit\":70}"), "\"type\":\"job\""),
	    70);
	ck_assert_int_eq(
	    count(world_ask(w, "{\"v\":1,\"do\":\"ended\",\"after\":\"0\"}"), "\"type\":\"job\""),
	    120);
	ck_assert_int_eq(
	    count(world_ask(w, "{\"v\":1,\"do\":\"ended\",\"after\":\"100\"}"), "\"type\":\"job\""),
	    20);
}
END_TEST

/* Those whom the daemon cannot tell apart see nothing of each other, nor of anybody. */
START_TEST(who_is_hidden)
{
	static const char *const lines[] = { "{\"v\":1,\"do\":\"hello\"}",
		"{\"v\":1,\"do\":\"list\"}", "{\"v\":1,\"do\":\"spools\"}",
		"{\"v\":1,\"do\":\"sessions\"}", "{\"v\":1,\"do\":\"history\"}",
		"{\"v\":1,\"do\":\"watch\"}", "{\"v\":1,\"do\":\"show\",\"jobs\":[1]}",
		"{\"v\":1,\"do\":\"cancel\",\"jobs\":\"ALL\"}",
		"{\"v\":1,\"do\":\"ended\",\"after\":\"0\"}", "{\"v\":1,\"do\":\"reload\"}",
		"{\"v\":1,\"do\":\"why\",\"path\":\"/spool/in/a.py\"}" };

	world_begin(w);
	world_put(w, "a.py", "sleep 60000");
	world_run(w, 1000);
	for (size_t i = 0; i < ARRAY_LEN(lines); i++)
		ck_assert_str_eq(ask_as(WORLD_HIDDEN, lines[i]),
		    "{\"type\":\"error\",\"code\":\"not-allowed\",\"message\":\"the daemon cannot "
		    "see who you are: its service has PrivateUsers=yes\",\"hint\":\"see THE "
		    "SERVICE "
		    "in sparkspoold(8)\"}\n");
	has(ask_as(WORLD_HIDDEN, "{\"v\":1,\"do\":\"metrics\"}"), "sparkspool_files{");
	has(ask_as(WORLD_HIDDEN, "{\"v\":1,\"do\":\"nonsense\"}"), "unknown-command");
	world_until(w, 10 * MINUTES, world_done(w, "a.py"));
	ck_assert_str_eq(world_status(w, "a.py"), "ok");
}
END_TEST

START_TEST(following_the_ends)
{
	world_begin(w);
	world_put(w, "a.py", "quick");
	world_until(w, MINUTES, world_done(w, "a.py"));
	world_ask_as(w, 1, HERS, "{\"v\":1,\"do\":\"ended\",\"follow\":true}");
	world_ask_as(w, 2, HIS, "{\"v\":1,\"do\":\"ended\",\"after\":\"0\",\"follow\":true}");
	world_ask_as(w, 3, 0, "{\"v\":1,\"do\":\"ended\",\"after\":\"0\",\"follow\":true}");
	world_run(w, 1000);
	ck_assert_str_eq(world_said(w, 1), "{\"type\":\"cursor\",\"cursor\":\"1\"}\n");
	ck_assert_int_eq(count(world_said(w, 3), "\"cursor\":\"1\""), 1);
	world_put(w, "b.py", "fail");
	world_put(w, "c.py", "quick");
	world_until(w, MINUTES, world_done(w, "b.py") && world_done(w, "c.py"));
	world_run(w, 1000);
	ck_assert_int_eq(count(world_said(w, 1), "\"type\":\"job\""), 2);
	has(world_said(w, 1), "\"status\":\"error\"");
	has(world_said(w, 1), "\"cursor\":\"2\"");
	has(world_said(w, 1), "\"cursor\":\"3\"");
	ck_assert_str_eq(world_said(w, 2), "");
	ck_assert_int_eq(count(world_said(w, 3), "\"type\":\"job\""), 3);
	ck_assert(world_waits(w, 1) && world_waits(w, 2) && world_waits(w, 3));
	has(world_ask(w, "{\"v\":1,\"do\":\"ended\",\"after\":\"x\"}"), "bad-request");
	ck_assert_str_eq(world_ask(w, "{\"v\":1,\"do\":\"ended\"}"),
	    "{\"type\":\"cursor\",\"cursor\":\"3\"}\n{\"type\":\"end\"}\n");
}
END_TEST

/* Where he begins is said to who has no cursor, also when nothing has ended yet. */
START_TEST(the_first_cursor)
{
	world_begin(w);
	ck_assert_str_eq(world_ask(w, "{\"v\":1,\"do\":\"ended\"}"),
	    "{\"type\":\"cursor\",\"cursor\":\"0\"}\n{\"type\":\"end\"}\n");
	world_ask_as(w, 2, HERS, "{\"v\":1,\"do\":\"ended\",\"follow\":true}");
	world_run(w, 1000);
	ck_assert_str_eq(world_said(w, 2), "{\"type\":\"cursor\",\"cursor\":\"0\"}\n");
	world_put(w, "a.py", "quick");
	world_until(w, MINUTES, world_done(w, "a.py"));
	world_run(w, 1000);
	has(world_said(w, 2), "\"cursor\":\"1\"");
	has(ask_as(HIS, "{\"v\":1,\"do\":\"ended\"}"), "\"cursor\":\"1\"");
}
END_TEST

/* Of a ledger that was lost: nobody shall wait for a number that comes in a year. */
START_TEST(a_cursor_of_another_ledger)
{
	world_begin(w);
	world_put(w, "a.py", "quick");
	world_until(w, MINUTES, world_done(w, "a.py"));
	has(world_ask(w, "{\"v\":1,\"do\":\"ended\",\"after\":\"2\"}"), "not-found");
	has(ask_as(HIS, "{\"v\":1,\"do\":\"ended\",\"after\":\"2\",\"follow\":true}"), "not-found");
	ck_assert_str_eq(
	    world_ask(w, "{\"v\":1,\"do\":\"ended\",\"after\":\"1\"}"), "{\"type\":\"end\"}\n");
	has(ask_as(HERS, "{\"v\":1,\"do\":\"ended\",\"after\":\"0\"}"), "\"cursor\":\"1\"");
}
END_TEST

int main(void)
{
	Suite *s = suite_create("control");
	TCase *t = tcase_create("control");
	tcase_add_checked_fixture(t, ask_setup, ask_teardown);
	tcase_add_test(t, hello);
	tcase_add_test(t, the_order_of_turns);
	tcase_add_test(t, the_order_of_turns_where_a_spool_has_its_own);
	tcase_add_test(t, metrics);
	tcase_add_test(t, garbage_is_answered);
	tcase_add_test(t, list_in_the_order_of_turns);
	tcase_add_test(t, everyone_sees_their_own);
	tcase_add_test(t, a_long_list_comes_in_pieces);
	tcase_add_test(t, hanging_up_in_the_middle);
	tcase_add_test(t, show_asks_the_ledger);
	tcase_add_test(t, sessions_and_spools);
	tcase_add_test(t, history);
	tcase_add_test(t, a_long_history_comes_page_by_page);
	tcase_add_test(t, who_is_hidden);
	tcase_add_test(t, following_the_ends);
	tcase_add_test(t, the_first_cursor);
	tcase_add_test(t, a_cursor_of_another_ledger);
	suite_add_tcase(s, t);
	return help_run(s);
}
