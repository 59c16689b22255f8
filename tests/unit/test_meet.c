/* test_meet: sessions that are looked for behind a break, while answers of before it still come. On a
 * server without names nothing is said to one before its token was seen again. */
#include "world.h"

#include "core/core.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define MINUTES INT64_C(60000)
#define LATE_MS 10000  /* what was asked before the break is answered so late ... */
#define PROOF_MS 20000 /* ... and the question for the token so late */

static struct world *w;

static void setup(void)
{
	w = world_new();
	w->server[0].version = NULL;
	w->pool[0].warm[KIND_PYSPARK] = 1;
	w->pool[0].max = 1;
}

static void teardown(void)
{
	world_free(w);
}

static void begin_warm(void)
{
	world_begin(w);
	world_until(w, MINUTES, core_counts(w->core).sessions_idle == 1);
	world_forget(w);
}

static void starts(const char *name, const char *code)
{
	world_put(w, name, code);
	world_until(w, MINUTES, world_ran(w, code) == 1);
}

static struct session *session(void)
{
	return TAILQ_FIRST(&w->core->sessions);
}

static bool asked(const char *line)
{
	return w->trace.data != NULL && strstr(w->trace.data, line) != NULL;
}

/* A break, and nothing is said to session 1 until its token was seen. */
static void breaks(void)
{
	world_fault(
	    w, (struct world_fault){
		   .method = HTTP_GET, .path = "/sessions/0/statements", .delay_ms = PROOF_MS });
	world_reload(w);
	world_forget(w);
	world_run(w, PROOF_MS - 1000);
	ck_assert(asked("GET /sessions/s1/statements\n"));
	world_story(w, "^(POST|DELETE) /sessions/s1", "");
}

/* The answer that says how the statement has ended is on its way. */
static void is_answered_late(const char *path)
{
	world_fault(w, (struct world_fault){
			   .method = HTTP_GET, .path = path, .delay_ms = LATE_MS, .times = -1 });
	world_run(w, LATE_MS * 3 / 2);
}

static void ends_as(const char *name, const char *status)
{
	world_until(w, 30 * MINUTES, world_done(w, name));
	ck_assert_str_eq(world_status(w, name), status);
}

/* ---- nothing before the proof --------------------------------------------------------------- */

/* What it was sent was not taken, since it starts anew; the question for its token fails at first. */
START_TEST(it_starts_anew)
{
	begin_warm();
	world_fault(w, (struct world_fault){ .method = HTTP_POST,
			   .path = "/sessions/0/statements",
			   .fate = FATE_STATUS,
			   .status = 400,
			   .reply = "{\"msg\":\"Session is in state starting\"}",
			   .delay_ms = LATE_MS });
	world_put(w, "a.py", "work");
	world_until(w, MINUTES, asked("POST /sessions/s1"));
	world_fault(w, (struct world_fault){ .method = HTTP_GET,
			   .path = "/sessions/0/statements",
			   .fate = FATE_STATUS,
			   .status = 500,
			   .reply = "\"java.lang.OutOfMemoryError\"",
			   .delay_ms = LATE_MS + 1000 });
	breaks();
	ends_as("a.py", "ok");
	ck_assert_int_eq(world_ran(w, "work"), 1);
	ck_assert_int_eq(w->server[0].created, 1);
}
END_TEST

/* The greeting is answered, and the runner would be brought next. */
START_TEST(it_is_greeted)
{
	w->spool[0].python = STYLE_SCRIPT;
	w->server[0].start_ms = 1000;
	world_fault(
	    w, (struct world_fault){
		   .method = HTTP_GET, .path = "/sessions/0/statements/0", .delay_ms = LATE_MS });
	world_begin(w);
	world_until(w, MINUTES, asked("GET /sessions/s1/statements/0\n"));
	breaks();
	world_put(w, "a.py", "work");
	ends_as("a.py", "ok");
	ck_assert_int_eq(w->server[0].created, 1);
}
END_TEST

/* A probe's POST was lost, it has not arrived, and would be made again. */
START_TEST(its_probe_is_lost)
{
	begin_warm();
	world_put(w, "a.py", "work");
	world_fault(w, (struct world_fault){ .method = HTTP_POST,
			   .path = "/sessions/0/statements",
			   .fate = FATE_STATUS,
			   .status = 500,
			   .reply = "\"no\"",
			   .skip = 1 });
	world_fault(w, (struct world_fault){ .method = HTTP_GET,
			   .path = "/sessions/0/statements/2",
			   .delay_ms = LATE_MS,
			   .times = -1 });
	world_until(w, MINUTES, asked("GET /sessions/s1/statements/2\n"));
	breaks();
	world_mend(w);
	ends_as("a.py", "ok");
	world_put(w, "b.py", "other");
	ends_as("b.py", "ok");
	ck_assert_int_eq(w->server[0].created, 1);
}
END_TEST

/* Its runner has died, and it would be asked at once for what is left of its files. */
START_TEST(its_runner_has_died)
{
	w->spool[0].python = STYLE_SCRIPT;
	w->server[0].piece_bytes = 5;
	begin_warm();
	starts("a.py", "kill 2000");
	is_answered_late("/sessions/0/statements/*");
	breaks();
	world_mend(w);
	ends_as("a.py", "ok"); /* it ended by itself, and took its runner with it */
	ck_assert_int_eq(world_logged(w, "session=1 from=LOOKING to=IDLE"), 0);
	world_put(w, "b.py", "work");
	ends_as("b.py", "ok");
	ck_assert_int_eq(w->server[0].deleted, 1);
}
END_TEST

/* Its DELETE was lost, and it is not in the list: that its id is free is no word on whose it is next. */
START_TEST(it_is_deleted_and_not_listed)
{
	begin_warm();
	w->pool[0].warm[KIND_PYSPARK] = -1;
	world_fault(
	    w, (struct world_fault){
		   .method = HTTP_DELETE, .path = "/sessions/0", .fate = FATE_LOST_BEFORE });
	world_reload(w);
	world_until(w, MINUTES, asked("DELETE /sessions/s1\n"));
	world_forgetful_restart(w, 0);
	world_forget(w);
	world_until(w, MINUTES, ledger_session(&w->ledger, 1) == NULL);
	world_story(w, "^DELETE /sessions/s1", "");
}
END_TEST

/* The answer comes while its server is being met, and a probe would follow at once. */
START_TEST(it_is_heard_while_its_server_is_met)
{
	begin_warm();
	starts("a.py", "work");
	is_answered_late("/sessions/0/statements/1");
	world_fault(w,
	    (struct world_fault){ .method = HTTP_GET, .path = "/version", .delay_ms = PROOF_MS });
	world_reload(w);
	world_forget(w);
	world_run(w, PROOF_MS - 1000);
	world_story(w, "^(POST|DELETE) /sessions/s1", "");
	world_mend(w);
	ends_as("a.py", "ok");
	world_put(w, "b.py", "other");
	ends_as("b.py", "ok");
	ck_assert_int_eq(w->server[0].created, 1);
}
END_TEST

static bool is_read(void)
{
	const struct job *job = TAILQ_FIRST(&w->core->jobs.all);
	return job != NULL && job->r.state == JOB_READING;
}

/* A file was given to it, and is being read, when its server has to be met anew. */
START_TEST(it_is_to_have_a_file)
{
	if (_i == 1)
		w->server[0].version = "0.7.1-incubating";
	begin_warm();
	world_fault(w,
	    (struct world_fault){ .method = HTTP_GET, .path = "/version", .delay_ms = PROOF_MS });
	world_put(w, "a.py", "work");
	world_until(w, MINUTES, is_read());
	world_reload(w);
	world_forget(w);
	world_run(w, PROOF_MS - 1000);
	world_story(w, "^(POST|DELETE) /sessions/s1", "");
	ends_as("a.py", "ok");
	ck_assert_int_eq(world_ran(w, "work"), 1);
	ck_assert_int_eq(w->server[0].created, 1);
}
END_TEST

/* ---- nothing is forgotten ------------------------------------------------------------------- */

/* Its runner's call is answered when the file has ended that runs in its interpreter: behind the break that is
 * waited for still, and a word to the file goes to where it runs. */
START_TEST(it_runs_a_file_in_its_interpreter)
{
	w->server[0].alone = "there is no fork here";
	w->spool[0].python = STYLE_SCRIPT;
	begin_warm();
	starts("a.py", "sleep 240000");
	world_run(w, 10000);
	world_reload(w);
	world_forget(w);
	world_run(w, 10000);
	ck_assert(asked("GET /sessions/s1/statements\n"));
	world_story(w, "^(POST|DELETE) /sessions/s1", "");
	world_until(w, 10 * MINUTES, world_done(w, "a.py"));
	ck_assert_str_eq(world_status(w, "a.py"), "ok");
	ck_assert_int_eq(world_ran(w, "sleep 240000"), 1);
}
END_TEST

/* The file that had it for itself has ended: it is nobody's after that. */
START_TEST(it_was_for_one_file)
{
	w->pool[0].isolation = ISOLATION_FRESH;
	begin_warm();
	starts("a.py", "work");
	is_answered_late("/sessions/0/statements/1");
	w->pool[0].isolation = ISOLATION_SHARED;
	breaks();
	world_mend(w);
	ends_as("a.py", "ok");
	world_put(w, "b.py", "other");
	ends_as("b.py", "ok");
	ck_assert_int_eq(w->server[0].deleted, 1);
	ck_assert_int_eq(w->server[0].created, 2);
}
END_TEST

/* It was retired, since its runner has died, and the results of its last file come to lie on disk. */
START_TEST(it_is_retired_still)
{
	w->spool[0].python = STYLE_SCRIPT;
	begin_warm();
	starts("a.py", "kill 2000");
	w->dir[0]->stage_err = EIO;
	world_until(w, MINUTES, session()->r.state == SESSION_RETIRED);
	breaks();
	ck_assert(world_done(w, "a.py"));
	world_put(w, "b.py", "work");
	ends_as("b.py", "ok");
	ck_assert_int_eq(world_logged(w, "session=1 from=LOOKING to=IDLE"), 0);
	ck_assert_int_eq(w->server[0].deleted, 1);
}
END_TEST

/* What it was sent last is accepted while it is looked for, and then the daemon dies, and its server. */
START_TEST(it_is_what_it_was_in_the_next_life)
{
	begin_warm();
	world_fault(
	    w, (struct world_fault){
		   .method = HTTP_POST, .path = "/sessions/0/statements", .delay_ms = LATE_MS });
	world_put(w, "a.py", "sleep 600000");
	world_until(w, MINUTES, asked("POST /sessions/s1"));
	breaks();
	ck_assert_int_eq(world_row(w, "a.py")->rec.state, JOB_RUNNING);
	ck_assert_int_eq(ledger_session(&w->ledger, 1)->state, SESSION_BUSY);
	world_die(w);
	world_forgetful_restart(w, 0);
	world_start(w);
	world_until(w, MINUTES, world_done(w, "a.py"));
	ck_assert_str_eq(world_status(w, "a.py"), "died");
}
END_TEST

/* An earlier release has written of such a session that it was looked for, as of one that was never seen. */
START_TEST(it_is_looked_for_by_an_earlier_release)
{
	begin_warm();
	starts("a.py", "sleep 600000");
	world_until(w, MINUTES, world_row(w, "a.py")->rec.state == JOB_RUNNING);
	world_die(w);
	w->ledger.session[0].state = SESSION_LOOKING;
	if (_i == 1)
		world_forgetful_restart(w, 0);
	world_start(w);
	world_until(w, _i == 1 ? MINUTES : 20 * MINUTES, world_done(w, "a.py"));
	ck_assert_str_eq(world_status(w, "a.py"), _i == 1 ? "died" : "ok");
}
END_TEST

/* Its DELETE is on its way at a stop, and lost, when its server has to be met anew: the stop waits for its
 * proof, and for the next DELETE. */
START_TEST(it_is_deleted_at_a_stop)
{
	w->pool[0].on_stop = ON_STOP_DELETE;
	begin_warm();
	world_fault(w, (struct world_fault){ .method = HTTP_DELETE,
			   .path = "/sessions/0",
			   .fate = FATE_LOST_BEFORE,
			   .delay_ms = LATE_MS });
	world_stop(w);
	world_until(w, MINUTES, asked("DELETE /sessions/s1\n"));
	world_reload(w);
	world_until(w, MINUTES, session()->r.state == SESSION_LOOKING);
	world_until(w, MINUTES, core_is_done(w->core, w->now.mono_ms));
	ck_assert_int_eq(w->server[0].deleted, 1);
}
END_TEST

/* ---- what others make of it ------------------------------------------------------------------ */

/* One session makes room for a file of another kind, and has to be proven before it is deleted: it is on its
 * way out, and no other has to go as well. */
START_TEST(it_makes_room)
{
	if (_i == 1)
		w->server[0].version = "0.7.1-incubating";
	w->pool[0].max = w->pool[0].warm[KIND_PYSPARK] = 2;
	world_begin(w);
	world_until(w, 2 * MINUTES, core_counts(w->core).sessions_idle == 2);
	world_put(w, "a.scala", "work");
	ends_as("a.scala", "ok");
	ck_assert_int_eq(world_logged(w, "event=retired reason=\"it makes room"), 1);
}
END_TEST

/* It is to go, and that takes its time: another one serves the next file. */
START_TEST(it_is_not_waited_for)
{
	w->spool[0].python = STYLE_SCRIPT;
	w->pool[0].max = 2;
	begin_warm();
	w->pool[0].warm[KIND_PYSPARK] = 0;
	world_reload(w);
	starts("a.py", "kill 2000");
	w->dir[0]->stage_err = EIO;
	world_until(w, MINUTES, session()->r.state == SESSION_RETIRED);
	world_put(w, "b.py", "work");
	breaks();
	ck_assert(asked("POST /sessions\n"));
	ends_as("b.py", "ok");
}
END_TEST

int main(void)
{
	Suite *s = suite_create("meet");
	TCase *t = tcase_create("meet");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, it_starts_anew);
	tcase_add_test(t, it_is_greeted);
	tcase_add_test(t, its_probe_is_lost);
	tcase_add_test(t, its_runner_has_died);
	tcase_add_test(t, it_is_deleted_and_not_listed);
	tcase_add_test(t, it_is_heard_while_its_server_is_met);
	tcase_add_loop_test(t, it_is_to_have_a_file, 0, 2);
	tcase_add_test(t, it_runs_a_file_in_its_interpreter);
	tcase_add_test(t, it_was_for_one_file);
	tcase_add_test(t, it_is_retired_still);
	tcase_add_test(t, it_is_what_it_was_in_the_next_life);
	tcase_add_test(t, it_is_deleted_at_a_stop);
	tcase_add_loop_test(t, it_is_looked_for_by_an_earlier_release, 0, 2);
	tcase_add_loop_test(t, it_makes_room, 0, 2);
	tcase_add_test(t, it_is_not_waited_for);
	suite_add_tcase(s, t);
	return help_run(s);
}
