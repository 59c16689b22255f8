/* test_watch: what those hear who watch. */
#include "askhelp.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

START_TEST(a_whole_life)
{
	world_begin(w);
	world_ask_as(w, 1, HERS, "{\"v\":1,\"do\":\"watch\"}");
	world_ask_as(w, 2, HIS, "{\"v\":1,\"do\":\"watch\",\"all\":true}");
	world_run(w, 100);
	world_put(w, "a.py", "sleep 5000");
	ends_as("a.py", "ok");
	const char *said = world_said(w, 1);
	has(said, "\"state\":\"queued\"");
	has(said, "\"state\":\"sending\"");
	has(said, "\"state\":\"running\"");
	has(said, "\"state\":\"answered\"");
	ck_assert_int_eq(count(said, "\"state\":\"done\""), 1);
	has(strstr(said, "\"state\":\"done\""), "\"status\":\"ok\"");
	ck_assert_str_eq(world_said(w, 2), "");
	ck_assert(world_waits(w, 1) && world_waits(w, 2));
	world_hang_up(w, 1);
	world_put(w, "b.py", "quick");
	ends_as("b.py", "ok");
	lacks(world_said(w, 1), "b.py");
}
END_TEST

START_TEST(one_job_to_its_end)
{
	w->pool[0].max = 1;
	world_begin(w);
	world_put(w, "a.py", "sleep 20000");
	world_put(w, "b.py", "quick");
	world_until(w, MINUTES, world_ran(w, "sleep 20000") == 1);
	world_ask_as(w, 1, HERS, "{\"v\":1,\"do\":\"watch\",\"jobs\":[\"/spool/in/b.py\",99]}");
	world_ask_as(w, 2, HIS, "{\"v\":1,\"do\":\"watch\",\"jobs\":[1]}");
	world_ask_as(w, 3, HERS, "{\"v\":1,\"do\":\"watch\",\"jobs\":[1,2]}");
	world_run(w, 100);
	has(world_said(w, 1), "\"state\":\"queued\",\"priority\":0,\"place\":1");
	has(world_said(w, 1), "\"id\":99,\"code\":\"not-found\"");
	ck_assert(!world_waits(w, 2));
	has(world_said(w, 2), "not-allowed");
	ends_as("b.py", "ok");
	world_run(w, 100);
	ck_assert(!world_waits(w, 1) && !world_waits(w, 3));
	lacks(world_said(w, 1), "a.py");
	has(strstr(world_said(w, 1), "\"status\":\"ok\""), "{\"type\":\"end\"}\n");
	ck_assert_int_eq(count(world_said(w, 3), "\"state\":\"done\""), 2);
	ck_assert_int_eq(
	    count(world_ask(w, "{\"v\":1,\"do\":\"watch\",\"jobs\":[1,2]}"), "\"state\":\"done\""),
	    2);
}
END_TEST

static int looks(void)
{
	return count(w->trace.data == NULL ? "" : w->trace.data, "GET ");
}

/* An old run is asked after every two minutes, unless somebody watches it. */
static void is_asked_after(enum conf_style style)
{
	w->spool[0].python = style;
	world_begin(w);
	world_put(w, "a.py", "sleep 36000000");
	world_until(w, MINUTES, world_ran(w, "sleep 36000000") == 1);
	world_run(w, 60 * MINUTES);
	world_forget(w);
	world_run(w, 2 * MINUTES);
	int before = looks();
	world_ask_as(w, 1, HERS, "{\"v\":1,\"do\":\"watch\",\"jobs\":[1]}");
	world_run(w, 10);
	world_heard(w, 1);
	world_forget(w);
	world_run(w, 2 * MINUTES);
	ck_assert_int_ge(looks(), before + 30);
	ck_assert_int_ge(count(world_said(w, 1), "\"state\":\"running\""), 30);
	has(world_said(w, 1), "\"progress\":");
	world_hang_up(w, 1);
	world_run(w, 10 * MINUTES);
	world_forget(w);
	world_run(w, 2 * MINUTES);
	ck_assert_int_le(looks(), before + 10);
}

START_TEST(what_is_watched_is_asked_after)
{
	is_asked_after(STYLE_RAW);
}
END_TEST

START_TEST(a_script_that_is_watched)
{
	is_asked_after(STYLE_SCRIPT);
}
END_TEST

START_TEST(output_as_it_comes)
{
	w->spool[0].python = STYLE_SCRIPT;
	world_begin(w);
	world_put(w, "a.py", "drip 60000");
	world_until(w, MINUTES, world_ran(w, "drip 60000") == 1);
	world_ask_as(w, 1, HERS, "{\"v\":1,\"do\":\"watch\",\"jobs\":[1]}");
	world_run(w, 20000);
	has(world_said(w, 1), "\"output\":{\"path\":\"/spool/in/.sparkspool-1-p1.tmp\",\"bytes\":");
	ck_assert_int_ge(count(world_said(w, 1), "\"output\":"), 5);
	ends_as("a.py", "ok");
}
END_TEST

START_TEST(a_spool)
{
	world_add_spool(w, "two", 0);
	world_begin(w);
	world_ask_as(w, 1, 0, "{\"v\":1,\"do\":\"watch\",\"spool\":\"two\"}");
	world_run(w, 100);
	world_put(w, "a.py", "quick");
	world_put_in(w, 1, "b.py", "quick");
	ends_as("a.py", "ok");
	ends_as("b.py", "ok");
	has(world_said(w, 1), "b.py");
	lacks(world_said(w, 1), "a.py");
	has(world_ask(w, "{\"v\":1,\"do\":\"watch\",\"spool\":\"three\"}"), "not-found");
	has(world_ask(w, "{\"v\":1,\"do\":\"watch\",\"spool\":\"in\",\"all\":true}"),
	    "bad-request");
}
END_TEST

int main(void)
{
	Suite *s = suite_create("watch");
	TCase *t = tcase_create("watch");
	tcase_add_checked_fixture(t, ask_setup, ask_teardown);
	tcase_add_test(t, a_whole_life);
	tcase_add_test(t, one_job_to_its_end);
	tcase_add_test(t, what_is_watched_is_asked_after);
	tcase_add_test(t, a_script_that_is_watched);
	tcase_add_test(t, output_as_it_comes);
	tcase_add_test(t, a_spool);
	suite_add_tcase(s, t);
	return help_run(s);
}
