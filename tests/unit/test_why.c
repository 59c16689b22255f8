/* test_why: each rule that keeps a file from its turn says so, and what would change it. */
#include "askhelp.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *why(const char *name)
{
	char line[300];
	snprintf(line, sizeof(line), "{\"v\":1,\"do\":\"why\",\"path\":\"%s%s\"}",
	    name[0] == '/' ? "" : "/spool/in/", name);
	return world_ask(w, line);
}

/* The rule does not hold, and is the first that does not: it is the verdict. */
static void kept_by(const char *name, const char *rule, const char *message, const char *setting)
{
	char line[500];
	const char *said = why(name);
	snprintf(line, sizeof(line),
	    "{\"type\":\"rule\",\"rule\":\"%s\",\"holds\":false,\"message\":\"%s", rule, message);
	has(said, line);
	if (setting != NULL) {
		snprintf(line, sizeof(line), "\"setting\":\"%s\"", setting);
		has(said, line);
	}
	snprintf(line, sizeof(line), "{\"type\":\"verdict\",\"message\":\"%s", message);
	has(said, line);
	has(said, "{\"type\":\"end\"}\n");
}

START_TEST(names)
{
	world_begin(w);
	kept_by("/else/a.py", "spool", "it lies in no spool's directory", "spool.*.path");
	kept_by(".a.py", "name", "its name is hidden", NULL);
	kept_by("a.txt", "name", "its name ends in none of", NULL);
	kept_by("a.py.out", "name", "its name ends in none of", NULL);
	kept_by("a.py", "seen",
	    "no complete file of this name was seen yet; the directory is read "
	    "every 60 s",
	    "spool.in.scan");
}
END_TEST

START_TEST(markers)
{
	w->spool[0].ready = READY_MARKER;
	world_begin(w);
	world_put(w, "a.py", "quick");
	world_run(w, 1000);
	kept_by("a.py", "seen", "no marker vouches for it: a.py.ready", "spool.in.ready");
	kept_by("a.py.ready", "name", "it is a marker", NULL);
}
END_TEST

START_TEST(settling)
{
	w->spool[0].ready = READY_SETTLE;
	w->spool[0].settle_ms = 60000;
	world_begin(w);
	world_put(w, "a.py", "quick");
	world_run(w, 1000);
	kept_by("a.py", "complete", "it has to be quiet for 60000 ms", "spool.in.settle");
}
END_TEST

START_TEST(its_life)
{
	world_begin(w);
	world_put(w, "a.py", "sleep 5000");
	world_run(w, 1000);
	kept_by("a.py", "session", "a session for it is being started", "pool.main.warm.pyspark");
	world_until(w, MINUTES, world_ran(w, "sleep 5000") == 1);
	world_run(w, 1000);
	has(why("a.py"), "{\"type\":\"verdict\",\"message\":\"its turn has come: it is running\"}");
	world_until(w, MINUTES, world_done(w, "a.py"));
	kept_by("a.py", "ended", "it has ended: it runs again when it is written anew", NULL);
	world_ask_as(w, 1, HIS, "{\"v\":1,\"do\":\"why\",\"path\":\"/spool/in/a.py\"}");
	world_run(w, 100);
	has(world_said(w, 1), "not-allowed");
	world_hang_up(w, 1);
	world_ask_as(w, 1, HERS, "{\"v\":1,\"do\":\"why\",\"path\":\"/spool/in/a.py\"}");
	world_run(w, 100);
	has(world_said(w, 1), "verdict");
}
END_TEST

START_TEST(at_rest)
{
	w->pool[0].warm[KIND_PYSPARK] = 1;
	world_begin(w);
	world_until(w, MINUTES, core_counts(w->core).sessions_idle == 1);
	world_fault(w, (struct world_fault){ .method = HTTP_POST,
			   .path = "/sessions/*/statements",
			   .body = "poison",
			   .fate = FATE_STATUS,
			   .status = 403,
			   .reply = "",
			   .times = -1 });
	world_put(w, "a.py", "poison");
	world_until(w, MINUTES, world_logged(w, "event=requeued") == 1);
	world_run(w, 3000);
	kept_by("a.py", "queue",
	    "it rests: something on the way to Livy has forbidden it (HTTP 403); it is queued "
	    "again in ",
	    NULL);
	world_mend(w);
	world_until(w, MINUTES, world_done(w, "a.py"));
	ck_assert_str_eq(world_status(w, "a.py"), "ok");
}
END_TEST

START_TEST(behind_others)
{
	w->pool[0].max = 1;
	world_begin(w);
	world_put(w, "slow.py", "sleep 3600000");
	world_until(w, MINUTES, world_ran(w, "sleep 3600000") == 1);
	world_put(w, "a.py", "quick");
	world_put(w, "b.py", "quick");
	world_run(w, 1000);
	kept_by("a.py", "session", "all 1 sessions of the pool main are in use", "pool.main.max");
	has(why("a.py"), "\"rule\":\"place\",\"holds\":true,\"message\":\"no other file comes");
	has(why("b.py"),
	    "\"rule\":\"place\",\"holds\":false,\"message\":\"one file of its pool comes");
	world_ask(w, "{\"v\":1,\"do\":\"hold\",\"jobs\":[3]}");
	kept_by("b.py", "held", "held by an operator", NULL);
	world_ask(w, "{\"v\":1,\"do\":\"pause\",\"spool\":\"in\"}");
	kept_by("a.py", "paused", "the spool in is paused", NULL);
	world_ask(w, "{\"v\":1,\"do\":\"pause\",\"all\":true}");
	kept_by("a.py", "paused", "all is paused", NULL);
}
END_TEST

START_TEST(no_server)
{
	world_fault(w, (struct world_fault){ .fate = FATE_NOT_SENT, .times = -1 });
	world_begin(w);
	world_put(w, "a.py", "quick");
	world_run(w, 1000);
	kept_by("a.py", "server", "the server livy does not answer: ", "endpoint.livy.url");
}
END_TEST

START_TEST(no_session)
{
	w->server[0].start = START_DEAD;
	w->server[0].start_ms = 100;
	world_begin(w);
	world_put(w, "a.py", "quick");
	world_until(w, MINUTES, world_logged(w, "event=no-session") > 0);
	kept_by("a.py", "session", "no session could be started, see the log", "pool.main.session");
}
END_TEST

START_TEST(the_directory)
{
	w->dir[0]->gone = true;
	world_begin(w);
	kept_by("a.py", "directory", "the spool's directory cannot be read", "spool.in.path");
}
END_TEST

START_TEST(rules_of_the_queue)
{
	w->spool[0].ordered = true;
	world_put(w, "a.py", "sleep 600000");
	world_put(w, "b.py", "work");
	world_begin(w);
	world_run(w, MINUTES);
	kept_by(
	    "b.py", "queue", "its spool is ordered, and a.py comes before it", "spool.in.ordered");
	has(why("a.py"), "\"rule\":\"turn\"");
}
END_TEST

int main(void)
{
	Suite *s = suite_create("why");
	TCase *t = tcase_create("why");
	tcase_add_checked_fixture(t, ask_setup, ask_teardown);
	tcase_add_test(t, names);
	tcase_add_test(t, rules_of_the_queue);
	tcase_add_test(t, markers);
	tcase_add_test(t, settling);
	tcase_add_test(t, its_life);
	tcase_add_test(t, at_rest);
	tcase_add_test(t, behind_others);
	tcase_add_test(t, no_server);
	tcase_add_test(t, no_session);
	tcase_add_test(t, the_directory);
	suite_add_tcase(s, t);
	return help_run(s);
}
