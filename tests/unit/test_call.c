/* test_call: one statement, from its POST to its answer, whatever happens on the way. */
#include "world.h"

#include <stdlib.h>
#include <string.h>

#define MINUTES INT64_C(60000)
#define POSTS "/sessions/*/statements"
#define POLLS "/sessions/*/statements/*"

static struct world *w;

static void setup(void)
{
	w = world_new();
}

static void teardown(void)
{
	world_free(w);
}

/* The file's POST, not those of greetings and probes. */
static struct world_fault fault_of_post(const char *code, enum world_fate fate)
{
	return (
	    struct world_fault){ .method = HTTP_POST, .path = POSTS, .body = code, .fate = fate };
}

static struct world_fault fault_of_polls(enum world_fate fate, int skip)
{
	return (struct world_fault){
		.method = HTTP_GET, .path = POLLS, .fate = fate, .skip = skip, .times = -1
	};
}

/* A warm session, so that a file goes at once. */
static void begin_warm(void)
{
	w->pool[0].warm[KIND_PYSPARK] = 1;
	world_begin(w);
	world_until(w, MINUTES, core_counts(w->core).sessions_idle == 1);
}

static void run(const char *code)
{
	world_put(w, "a.py", code);
	world_until(w, 10 * MINUTES, world_done(w, "a.py"));
}

static bool is_new_session_used(void)
{
	world_put(w, "b.py", "after");
	world_until(w, 3 * MINUTES, world_done(w, "b.py"));
	ck_assert_str_eq(world_status(w, "b.py"), "ok");
	return world_session_of(w, "after")->id > 0;
}

/* ---- a plain answer ---------------------------------------------------------------------------- */

START_TEST(available_in_the_first_answer)
{
	begin_warm();
	struct world_fault f = fault_of_post("quick", FATE_MANGLED);
	f.status = 201;
	f.reply =
	    "{\"id\":1,\"code\":\"quick\",\"state\":\"available\",\"output\":{\"status\":\"ok\","
	    "\"execution_count\":1,\"data\":{\"text/plain\":\"42\"}},\"progress\":1.0,"
	    "\"started\":1795000000000,\"completed\":1795000000001}";
	world_fault(w, f);
	world_forget(w);
	run("quick");
	ck_assert_str_eq(world_text(w, "a.py.out"), "42\n");
	world_story(
	    w, "RUNNING|ANSWERED|statements/1", "+ job 1 RUNNING\n+ job 1 ANSWERED ok +answer\n");
}
END_TEST

START_TEST(the_older_the_longer_between_polls)
{
	begin_warm();
	world_forget(w);
	run("sleep 300000");
	int polls = 0;
	for (const char *p = w->trace.data; (p = strstr(p, "statements/1\n")) != NULL; p++)
		polls++;
	ck_assert_int_gt(polls, 20);
	ck_assert_int_lt(polls, 120);
	ck_assert_str_eq(world_status(w, "a.py"), "ok");
}
END_TEST

START_TEST(a_failure_of_the_code)
{
	begin_warm();
	run("fail");
	ck_assert_str_eq(world_status(w, "a.py"), "error");
	ck_assert(world_recorded(w, "a.py", "error"));
	ck_assert(!is_new_session_used());
}
END_TEST

/* ---- refused: it goes elsewhere, or later, exactly once ------------------------------------------- */

START_TEST(a_session_that_still_starts)
{
	w->pool[0].max = 1;
	begin_warm();
	struct world_fault f = fault_of_post("work", FATE_STATUS);
	f.status = 500;
	f.reply = "\"java.lang.IllegalStateException: Session is in state starting\"";
	world_fault(w, f);
	run("work");
	ck_assert_str_eq(world_status(w, "a.py"), "ok");
	ck_assert_int_eq(world_ran(w, "work"), 1);
	ck_assert_uint_eq(world_row(w, "a.py")->rec.attempts, 2);
	ck_assert_int_eq(w->server[0].created, 1);
}
END_TEST

/* What answers for the session's state is older than what it says to a POST: it says so for a while. */
START_TEST(idle_and_still_starting)
{
	begin_warm();
	world_fault(
	    w, (struct world_fault){ .method = HTTP_POST,
		   .path = POSTS,
		   .fate = FATE_STATUS,
		   .status = 500,
		   .reply = "\"java.lang.IllegalStateException: Session is in state starting\"",
		   .times = -1 });
	world_forget(w);
	world_put(w, "a.py", "work");
	world_run(w, MINUTES);
	int posts = 0;
	for (const char *p = w->trace.data; (p = strstr(p, "POST ")) != NULL; p++)
		posts++;
	ck_assert_int_ge(posts, 2);
	ck_assert_int_le(posts, 300);
	world_mend(w);
	world_until(w, MINUTES, world_done(w, "a.py"));
	ck_assert_str_eq(world_status(w, "a.py"), "ok");
}
END_TEST

START_TEST(a_session_that_has_died_meanwhile)
{
	begin_warm();
	w->server[0].session[0]->dead = true;
	run("work");
	ck_assert_str_eq(world_status(w, "a.py"), "ok");
	ck_assert_int_eq(world_ran(w, "work"), 1);
	ck_assert_int_eq(world_session_of(w, "work")->id, 1);
	ck_assert_int_eq(w->server[0].deleted, 1);
}
END_TEST

START_TEST(a_session_that_is_gone)
{
	begin_warm();
	w->server[0].next_id = 1;
	world_forgetful_restart(w, 0);
	run("work");
	ck_assert_str_eq(world_status(w, "a.py"), "ok");
	ck_assert_int_eq(world_ran(w, "work"), 1);
}
END_TEST

START_TEST(refused_in_livys_own_words)
{
	begin_warm();
	struct world_fault f = fault_of_post("work", FATE_STATUS);
	f.status = 400;
	f.reply = "\"Code is too long\"";
	world_fault(w, f);
	run("work");
	ck_assert_str_eq(world_status(w, "a.py"), "rejected");
	ck_assert_ptr_nonnull(strstr(world_text(w, "a.py.err"), "Code is too long"));
	ck_assert_int_eq(world_ran(w, "work"), 0);
	ck_assert(!is_new_session_used());
}
END_TEST

START_TEST(not_sent_is_sent_again)
{
	begin_warm();
	world_fault(w, fault_of_post("work", FATE_NOT_SENT));
	run("work");
	ck_assert_str_eq(world_status(w, "a.py"), "ok");
	ck_assert_int_eq(world_ran(w, "work"), 1);
}
END_TEST

static const struct {
	int status;
	const char *reply;
} not_accepted[] = {
	{ 401, "{\"msg\":\"who are you\"}" },
	{ 403, "<html><head><title>Missing Required Header for CSRF "
	       "protection</title></head></html>" },
	{ 429, "{\"msg\":\"slow down\"}" },
	{ 301, "" },
	{ 404, "<html><head><title>nginx</title></head></html>" },
};

START_TEST(refused_at_the_door_is_sent_again)
{
	begin_warm();
	struct world_fault f = fault_of_post("work", FATE_STATUS);
	f.status = not_accepted[_i].status;
	f.reply = not_accepted[_i].reply;
	/* The third 403 for one file is its end: test_poison. */
	f.times = f.status == 403 ? 2 : 3;
	world_fault(w, f);
	run("work");
	ck_assert_str_eq(world_status(w, "a.py"), "ok");
	ck_assert_int_eq(world_ran(w, "work"), 1);
}
END_TEST

/* A server that answers questions, but takes no work, is not asked each second for ever. */
START_TEST(refused_at_the_door_for_long)
{
	begin_warm();
	struct world_fault f = fault_of_post("work", FATE_STATUS);
	f.status = 401;
	f.reply = "{\"msg\":\"who are you\"}";
	f.times = -1;
	world_fault(w, f);
	world_put(w, "a.py", "work");
	world_forget(w);
	world_run(w, 60 * MINUTES);
	ck_assert_int_lt(world_logged(w, "<3>"), 5);
	ck_assert_uint_lt(world_row(w, "a.py")->rec.attempts, 200);
	world_mend(w);
	world_until(w, 10 * MINUTES, world_done(w, "a.py"));
	ck_assert_int_eq(world_ran(w, "work"), 1);
}
END_TEST

/* ---- lost --------------------------------------------------------------------------------------- */

static const struct {
	enum world_fate fate;
	int status;
	const char *reply;
} accepted_but[] = {
	{ FATE_LOST_AFTER, 0, NULL },
	{ FATE_MANGLED, 502, "<html><head><title>Bad Gateway</title></head></html>" },
	{ FATE_MANGLED, 504, "<html><head><title>Gateway Time-out</title></head></html>" },
	{ FATE_MANGLED, 500, "\"java.util.concurrent.TimeoutException\"" },
	{ FATE_MANGLED, 201, "{\"id\":1,\"code\":\"wo" },
	{ FATE_MANGLED, 200, "<html><head><title>Sign in</title></head></html>" },
	{ FATE_MANGLED, 201, "" },
	{ FATE_TOO_BIG, 0, NULL },
};

START_TEST(accepted_but_its_answer_was_lost)
{
	begin_warm();
	struct world_fault f = fault_of_post("work", accepted_but[_i].fate);
	f.status = accepted_but[_i].status;
	f.reply = accepted_but[_i].reply;
	world_fault(w, f);
	run("work");
	ck_assert_str_eq(world_status(w, "a.py"), "ok");
	ck_assert_str_eq(world_text(w, "a.py.out"), "work\n");
	ck_assert_int_eq(world_ran(w, "work"), 1);
	ck_assert_int_eq(world_row(w, "a.py")->rec.run->statement, 1);
	ck_assert_int_eq(world_logged(w, "event=adopted"), 1);
}
END_TEST

/* Livy turns line ends into \n, and the echo shows it. */
START_TEST(adopted_with_other_line_ends)
{
	begin_warm();
	world_fault(w, fault_of_post("work", FATE_LOST_AFTER));
	world_put(w, "a.py", "work\r\nmore\r");
	world_until(w, MINUTES, world_ran(w, "work\r\nmore\r") == 1);
	char *code = w->server[0].session[0]->statement[1].code;
	memcpy(code, "work\nmore\n", 11);
	world_until(w, MINUTES, world_done(w, "a.py"));
	ck_assert_str_eq(world_status(w, "a.py"), "ok");
}
END_TEST

/* It never arrived: a fence makes sure of that, and it runs elsewhere. */
START_TEST(lost_before_acceptance_runs_elsewhere)
{
	begin_warm();
	world_fault(w, fault_of_post("work", FATE_LOST_BEFORE));
	world_forget(w);
	run("work");
	ck_assert_str_eq(world_status(w, "a.py"), "ok");
	ck_assert_int_eq(world_ran(w, "work"), 1);
	ck_assert_int_eq(world_session_of(w, "work")->id, 1);
	world_story(w, "fence|DELET|job 1 (S|Q)|work\\]",
	    "+ job 1 QUEUED\n"
	    "+ job 1 SENDING +code\n"
	    "POST /sessions/s1/statements [work]\n"
	    "POST /sessions/s1/statements [fence]\n"
	    "+ job 1 SENDING\n"
	    "+ session 1 DELETING 0\n"
	    "DELETE /sessions/s1\n"
	    "+ job 1 QUEUED -blobs\n"
	    "+ job 1 SENDING +code\n"
	    "POST /sessions/s2/statements [work]\n"
	    "+ job 1 STAGED ok\n");
}
END_TEST

/* However late it comes: before its first look, between looks, behind the fence, after the end. */
START_TEST(late_is_once)
{
	begin_warm();
	struct world_fault f = fault_of_post("work", FATE_LATE);
	f.delay_ms = 100 + 331 * _i;
	world_fault(w, f);
	run("work");
	world_run(w, 2 * MINUTES);
	ck_assert_str_eq(world_status(w, "a.py"), "ok");
	ck_assert_int_eq(world_ran(w, "work"), 1);
	ck_assert_uint_eq(w->lates, 0);
	ck_assert_uint_eq(w->arrived, 1);
}
END_TEST

/* Between the last look and the fence, or just behind it: told by how long it takes to come to it. */
START_TEST(late_around_the_fence)
{
	begin_warm();
	world_fault(w, fault_of_post("work", FATE_LOST_BEFORE));
	world_put(w, "a.py", "work");
	world_until(w, MINUTES, strstr(w->trace.data, "[work]") != NULL);
	int64_t posted_ms = w->now.mono_ms;
	world_until(w, MINUTES, strstr(w->trace.data, "[fence]") != NULL);
	int64_t fence_ms = w->now.mono_ms - posted_ms;
	world_free(w);
	w = world_new();
	begin_warm();
	struct world_fault f = fault_of_post("work", FATE_LATE);
	f.delay_ms = fence_ms - 8 + _i;
	world_fault(w, f);
	run("work");
	world_run(w, MINUTES);
	ck_assert_str_eq(world_status(w, "a.py"), "ok");
	ck_assert_int_eq(world_ran(w, "work"), 1);
}
END_TEST

/* The network fails just then: the fence is set when it is back. */
START_TEST(a_fence_that_was_not_sent)
{
	begin_warm();
	world_fault(w, fault_of_post("work", FATE_LOST_BEFORE));
	struct world_fault f = fault_of_post("sleep(300)", FATE_NOT_SENT);
	f.times = 3;
	world_fault(w, f);
	run("work");
	ck_assert_str_eq(world_status(w, "a.py"), "ok");
	ck_assert_int_eq(world_ran(w, "work"), 1);
}
END_TEST

/* A fence that cannot be set, seen or confirmed proves nothing. */
static const struct {
	enum http_method method;
	const char *path;
	const char *body;
	enum world_fate fate;
} no_fence[] = {
	{ HTTP_POST, POSTS, "sleep(300)", FATE_LOST_BEFORE },
	{ HTTP_GET, POLLS, NULL, FATE_STATUS },
	{ HTTP_DELETE, NULL, NULL, FATE_STATUS },
};

START_TEST(without_a_fence_it_is_unknown)
{
	begin_warm();
	world_fault(w, fault_of_post("work", FATE_LOST_BEFORE));
	world_fault(w, (struct world_fault){ .method = no_fence[_i].method,
			   .path = no_fence[_i].path,
			   .body = no_fence[_i].body,
			   .fate = no_fence[_i].fate,
			   .status = 500,
			   .reply = "\"oops\"",
			   .times = -1 });
	run("work");
	ck_assert_str_eq(world_status(w, "a.py"), "unknown");
	ck_assert(world_recorded(w, "a.py", "unknown"));
	ck_assert_int_eq(world_ran(w, "work"), 0);
}
END_TEST

/* What is on the way forbids the fence, and lets others through; or forbids all. */
START_TEST(a_fence_that_is_forbidden)
{
	w->pool[0].warm[KIND_PYSPARK] = 2;
	w->pool[0].max = 3;
	world_begin(w);
	world_until(w, MINUTES, core_counts(w->core).sessions_idle == 2);
	world_fault(w, fault_of_post("work", FATE_LOST_BEFORE));
	struct world_fault f = fault_of_post(_i == 0 ? "sleep(300)" : NULL, FATE_STATUS);
	f.status = 403;
	f.reply = "";
	f.times = -1;
	world_put(w, "a.py", "work");
	world_until(w, MINUTES, strstr(w->trace.data, "[work]") != NULL);
	world_fault(w, f);
	for (int i = 0; i < 60 && !world_done(w, "a.py"); i++) {
		char *name = xasprintf("b%d.py", i);
		world_put(w, name, "other");
		world_run(w, MINUTES);
		free(name);
	}
	ck_assert_int_eq(world_done(w, "a.py"), _i == 0);
	ck_assert_int_eq(world_ran(w, "other") > 0, _i == 0);
	world_mend(w);
	world_until(w, 20 * MINUTES, world_done(w, "a.py"));
	ck_assert_str_eq(world_status(w, "a.py"), _i == 0 ? "unknown" : "ok");
	ck_assert_int_eq(world_ran(w, "work"), _i);
}
END_TEST

/* An interpreter that hangs never comes to the fence. */
START_TEST(a_fence_that_never_begins)
{
	w->pool[0].max = 1;
	begin_warm();
	world_fault(w, fault_of_post("work", FATE_LOST_BEFORE));
	world_put(w, "a.py", "work");
	world_until(w, MINUTES, strstr(w->trace.data, "[fence]") != NULL);
	struct world_fault f = fault_of_polls(FATE_MANGLED, 0);
	f.status = 200;
	f.reply = "{\"id\":1,\"state\":\"waiting\",\"output\":null}";
	world_fault(w, f);
	world_until(w, 60 * MINUTES, world_done(w, "a.py"));
	ck_assert_str_eq(world_status(w, "a.py"), "unknown");
	world_mend(w);
	ck_assert(is_new_session_used());
	ck_assert_int_eq(world_ran(w, "work"), 0);
}
END_TEST

/* A reload puts another server where the fence was set, or is to be: it knows nothing of the session, and that
 * proves nothing, in this life and in the next. */
START_TEST(another_server_proves_nothing)
{
	const char *moment = _i % 2 == 0 ? "[fence]" : "DELETE /sessions/s1";
	begin_warm();
	world_fault(w, fault_of_post("work", FATE_LOST_BEFORE));
	world_put(w, "a.py", "work");
	world_until(w, MINUTES, strstr(w->trace.data, moment) != NULL);
	world_forgetful_restart(w, 0);
	if (_i / 2 == 2) {
		world_fault(w, (struct world_fault){ .method = HTTP_GET,
				   .path = "/version",
				   .fate = FATE_NOT_SENT,
				   .times = 5 });
		world_crash(w);
	}
	char *old_url = w->endpoint[0].url;
	w->endpoint[0].url = xstrdup("http://elsewhere:8998");
	world_reload(w);
	world_run(w, 1);
	if (_i / 2 == 1)
		world_crash(w);
	world_until(w, 10 * MINUTES, world_done(w, "a.py"));
	ck_assert_str_eq(world_status(w, "a.py"), "unknown");
	ck_assert_int_eq(world_ran(w, "work"), 0);
	free(old_url);
}
END_TEST

/* What lies there cannot be read for a while, as of any statement: a server that is restarted behind a
 * gateway, or recovers its sessions, takes longer than a lost POST may. */
static const char *const unread[] = { "<html><title>500 Server Error</title></html>",
	"\"java.lang.IllegalStateException: Session is in state recovering\"" };

START_TEST(in_doubt_while_nobody_answers)
{
	begin_warm();
	struct world_fault f = fault_of_post("sleep 100000", FATE_MANGLED);
	f.status = 500;
	f.reply = unread[0];
	world_fault(w, f);
	f = fault_of_polls(FATE_STATUS, 0);
	f.status = 500;
	f.reply = unread[_i];
	world_fault(w, f);
	world_put(w, "a.py", "sleep 100000");
	world_run(w, MINUTES);
	world_mend(w);
	world_until(w, 5 * MINUTES, world_done(w, "a.py"));
	ck_assert_str_eq(world_status(w, "a.py"), "ok");
	ck_assert_int_eq(world_ran(w, "sleep 100000"), 1);
}
END_TEST

/* A server that cannot tell what lies at an id. */
static void lose_without_a_fence(void)
{
	w->endpoint[0].statements = STATEMENTS_LIST;
	begin_warm();
	world_fault(w, fault_of_post("work", FATE_LOST_BEFORE));
	run("work");
}

START_TEST(unknown_stays_whatever_the_spool_says)
{
	w->spool[0].after = AFTER_DELETE;
	lose_without_a_fence();
	ck_assert_str_eq(world_status(w, "a.py"), "unknown");
	world_run(w, MINUTES);
	ck_assert_ptr_nonnull(world_file(w, "a.py"));
	ck_assert_int_eq(w->server[0].deleted, 1);
}
END_TEST

START_TEST(unknown_may_be_run_again)
{
	w->spool[0].on_unknown = ON_UNKNOWN_RERUN;
	lose_without_a_fence();
	ck_assert_str_eq(world_status(w, "a.py"), "ok");
	ck_assert_int_eq(world_ran(w, "work"), 1);
}
END_TEST

/* What the server has not taken is no attempt that could have run. */
START_TEST(unknown_after_a_closed_door)
{
	w->spool[0].on_unknown = ON_UNKNOWN_RERUN;
	struct world_fault f = fault_of_post("work", FATE_NOT_SENT);
	f.times = 3;
	world_fault(w, f);
	lose_without_a_fence();
	ck_assert_str_eq(world_status(w, "a.py"), "ok");
	ck_assert_int_eq(world_ran(w, "work"), 1);
	ck_assert_uint_eq(world_row(w, "a.py")->rec.attempts, 5);
}
END_TEST

/* The same of what was proven never to have run. */
START_TEST(unknown_after_two_fences)
{
	w->spool[0].on_unknown = ON_UNKNOWN_RERUN;
	begin_warm();
	struct world_fault f = fault_of_post("work", FATE_LOST_BEFORE);
	f.times = 2;
	world_fault(w, f);
	f = fault_of_post("work", FATE_STATUS);
	f.status = 500;
	f.reply = "\"java.lang.IllegalStateException: RPC channel is closed.\"";
	world_fault(w, f);
	run("work");
	ck_assert_str_eq(world_status(w, "a.py"), "ok");
	ck_assert_int_eq(world_ran(w, "work"), 1);
	ck_assert_uint_eq(world_row(w, "a.py")->rec.attempts, 4);
}
END_TEST

START_TEST(but_not_for_ever)
{
	w->spool[0].on_unknown = ON_UNKNOWN_RERUN;
	struct world_fault f = fault_of_post("work", FATE_LOST_BEFORE);
	f.times = -1;
	world_fault(w, f);
	lose_without_a_fence();
	ck_assert_str_eq(world_status(w, "a.py"), "unknown");
	ck_assert_uint_le(world_row(w, "a.py")->rec.attempts, 3);
}
END_TEST

START_TEST(somebody_else_is_in_our_session)
{
	begin_warm();
	world_fault(w, fault_of_post("work", FATE_LOST_BEFORE));
	world_put(w, "a.py", "work");
	world_until(
	    w, MINUTES, world_row(w, "a.py") && world_row(w, "a.py")->rec.state == JOB_SENDING);
	struct fx_http theirs = { .method = HTTP_POST, .path = "/sessions/0/statements" };
	theirs.body = (struct bytes){ "{\"code\":\"theirs\"}", 17 };
	char *body;
	ck_assert_int_eq(server_answer(w, 0, &theirs, &body), 201);
	free(body);
	world_until(w, 2 * MINUTES, world_done(w, "a.py"));
	ck_assert_str_eq(world_status(w, "a.py"), "unknown");
	ck_assert_int_eq(world_logged(w, "event=stranger"), 1);
}
END_TEST

/* A greeting and a probe may be repeated: nobody cares how often they run. */
START_TEST(a_greeting_lost)
{
	world_fault(w,
	    (struct world_fault){ .method = HTTP_POST, .path = POSTS, .fate = FATE_LOST_BEFORE });
	world_begin(w);
	run("work");
	ck_assert_str_eq(world_status(w, "a.py"), "ok");
	ck_assert_int_eq(w->server[0].created, 1);
}
END_TEST

START_TEST(a_greeting_adopted)
{
	world_fault(
	    w, (struct world_fault){ .method = HTTP_POST, .path = POSTS, .fate = FATE_LOST_AFTER });
	world_begin(w);
	run("work");
	ck_assert_str_eq(world_status(w, "a.py"), "ok");
	ck_assert_int_eq(world_row(w, "a.py")->rec.run->statement, 1);
}
END_TEST

START_TEST(a_probe_lost)
{
	begin_warm();
	world_fault(
	    w, (struct world_fault){
		   .method = HTTP_POST, .path = POSTS, .fate = FATE_LOST_BEFORE, .skip = 1 });
	run("work");
	ck_assert(!is_new_session_used());
}
END_TEST

/* A process that the file has left behind may have read what was meant for the interpreter: its session
 * will never answer. Who waits for it gets another one. */
START_TEST(a_probe_is_never_answered)
{
	w->pool[0].max = 1;
	begin_warm();
	world_fault(w, (struct world_fault){ .method = HTTP_GET,
			   .path = "/sessions/*/statements/2",
			   .fate = FATE_MANGLED,
			   .status = 200,
			   .reply = "{\"id\":2,\"state\":\"running\",\"output\":null}",
			   .times = -1 });
	run("work");
	ck_assert_str_eq(world_status(w, "a.py"), "ok");
	world_put(w, "b.py", "after");
	world_until(w, 30 * MINUTES, world_done(w, "b.py"));
	ck_assert_str_eq(world_status(w, "b.py"), "ok");
	ck_assert_int_eq(w->server[0].deleted, 1);
	ck_assert_int_eq(world_ran(w, "work"), 1);
}
END_TEST

#define RUNS "{\"id\":0,\"state\":\"running\",\"output\":null}"
#define WAITS "{\"id\":0,\"state\":\"waiting\",\"output\":null}"

static const struct {
	const char *reply;   /* of what nobody answers */
	const char *path;    /* those are so */
	enum job_state told; /* all that the ledger knows of the file */
	bool crash;	     /* the daemon's: what is not answered is a greeting or a boot */
	const char *end;
} unheard[] = {
	{ RUNS, "/sessions/*/statements/*", JOB_RUNNING, false, "died" },
	{ RUNS, "/sessions/*/statements/*", JOB_RUNNING, true, "died" },
	{ WAITS, "/sessions/*/statements/*", JOB_RUNNING, true, "died" },
	{ RUNS, "/sessions/*/statements/[2-9]*", JOB_SENDING, true, "unknown" },
	{ RUNS, "/sessions/*/statements/[24-9]*", JOB_SENDING, true, "unknown" },
};

/* A driver that hangs answers no call of the runner's: its files come to an end, and others get a session
 * that does. */
START_TEST(a_runner_is_never_heard_again)
{
	bool told = unheard[_i].told == JOB_RUNNING;
	const struct world_fault hangs = { .method = HTTP_GET,
		.path = unheard[_i].path,
		.fate = FATE_MANGLED,
		.status = 200,
		.reply = unheard[_i].reply,
		.times = -1 };
	w->spool[0].python = STYLE_SCRIPT;
	w->pool[0].max = 1;
	begin_warm();
	if (!told)
		world_fault(w, hangs);
	world_put(w, "a.py", "sleep 36000000");
	world_run(w, MINUTES);
	ck_assert_int_eq(world_row(w, "a.py")->rec.state, unheard[_i].told);
	if (told)
		world_fault(w, hangs);
	if (unheard[_i].crash)
		world_crash(w);
	world_until(w, 60 * MINUTES, world_done(w, "a.py"));
	ck_assert_str_eq(world_status(w, "a.py"), unheard[_i].end);
	ck_assert_int_eq(w->server[0].deleted, 1);
	world_mend(w);
	world_put(w, "b.py", "after");
	world_until(w, 60 * MINUTES, world_done(w, "b.py"));
	ck_assert_str_eq(world_status(w, "b.py"), "ok");
}
END_TEST

/* Asleep for an hour while a call was under way: its answer comes afterwards, and nothing is given up. */
START_TEST(a_runner_is_heard_after_a_sleep)
{
	w->spool[0].python = STYLE_SCRIPT;
	begin_warm();
	world_put(w, "a.py", "sleep 7200000");
	world_run(w, MINUTES);
	world_fault(w, (struct world_fault){ .method = HTTP_GET,
			   .path = "/sessions/*/statements/*",
			   .fate = FATE_MANGLED,
			   .status = 200,
			   .reply = "{\"id\":0,\"state\":\"running\",\"output\":null}",
			   .times = -1 });
	world_run(w, MINUTES);
	w->now.mono_ms += 60 * MINUTES;
	w->now.real_ms += 60 * MINUTES;
	world_run(w, MINUTES);
	world_mend(w);
	world_until(w, 200 * MINUTES, world_done(w, "a.py"));
	ck_assert_str_eq(world_status(w, "a.py"), "ok");
	ck_assert_int_eq(w->server[0].deleted, 0);
}
END_TEST

/* Where nothing can be forked a file holds up what comes behind it, for as long as it likes. */
START_TEST(an_interpreter_is_heard_late)
{
	w->spool[0].python = STYLE_SCRIPT;
	w->server[0].alone = "no fork here";
	begin_warm();
	world_put(w, "a.py", "sleep 36000000");
	world_run(w, MINUTES * (1 + 60 * _i));
	ck_assert_int_eq(world_row(w, "a.py")->rec.state, JOB_SENDING);
	world_crash(w);
	world_until(w, 660 * MINUTES, world_done(w, "a.py"));
	ck_assert_str_eq(world_status(w, "a.py"), "ok");
	ck_assert_int_eq(world_ran(w, "sleep 36000000"), 1);
}
END_TEST

/* Something on the way mixes answers up, or keeps them: another file's is not this one's. */
START_TEST(the_answer_of_another_statement)
{
	begin_warm();
	struct world_fault f = fault_of_polls(FATE_MANGLED, 0);
	f.status = 200;
	f.reply = "{\"id\":0,\"state\":\"available\",\"output\":{\"status\":\"ok\",\"data\":"
		  "{\"text/plain\":\"somebody else's\"}}}";
	f.times = 3;
	world_fault(w, f);
	run("sleep 4000");
	ck_assert_str_eq(world_status(w, "a.py"), "ok");
	ck_assert_ptr_null(strstr(world_text(w, "a.py.out"), "somebody"));
	ck_assert_int_eq(world_ran(w, "sleep 4000"), 1);
}
END_TEST

/* ---- unreadable ----------------------------------------------------------------------------------- */

static void is_given_up(void)
{
	run("work");
	ck_assert_str_eq(world_status(w, "a.py"), "unknown");
	ck_assert(world_recorded(w, "a.py", "unknown"));
	world_mend(w);
	ck_assert(is_new_session_used());
	ck_assert_int_eq(world_ran(w, "work"), 1);
}

START_TEST(an_answer_that_is_500_for_ever)
{
	begin_warm();
	struct world_fault f = fault_of_polls(FATE_STATUS, 0);
	f.status = 500;
	f.reply = "\"com.fasterxml.jackson.core.exc.StreamConstraintsException\"";
	world_fault(w, f);
	is_given_up();
	ck_assert_ptr_nonnull(strstr(world_text(w, "a.py.err"), "StreamConstraints"));
}
END_TEST

START_TEST(an_answer_that_is_never_whole)
{
	begin_warm();
	struct world_fault f = fault_of_polls(FATE_MANGLED, 0);
	f.status = 200;
	f.reply = "{\"id\":1,\"state\":\"avail";
	world_fault(w, f);
	is_given_up();
}
END_TEST

START_TEST(an_answer_without_an_output)
{
	begin_warm();
	world_put(w, "a.py", "null");
	struct world_fault f = fault_of_polls(FATE_MANGLED, 0);
	f.status = 200;
	f.reply =
	    "{\"id\":1,\"code\":\"null\",\"state\":\"available\",\"output\":null,\"progress\":1.0}";
	world_fault(w, f);
	world_until(w, 10 * MINUTES, world_done(w, "a.py"));
	ck_assert_str_eq(world_status(w, "a.py"), "unknown");
}
END_TEST

/* Five bad answers and a good one are a good one. */
START_TEST(a_passing_trouble)
{
	begin_warm();
	struct world_fault f = fault_of_polls(FATE_STATUS, 0);
	f.status = 500;
	f.reply = "\"java.lang.RuntimeException\"";
	f.times = 5;
	world_fault(w, f);
	run("work");
	ck_assert_str_eq(world_status(w, "a.py"), "ok");
}
END_TEST

START_TEST(neighbours_of_the_unreadable_are_untouched)
{
	w->pool[0].warm[KIND_PYSPARK] = 2;
	world_begin(w);
	world_until(w, MINUTES, core_counts(w->core).sessions_idle == 2);
	world_put(w, "a.py", "sleep 60000");
	world_until(w, MINUTES, world_ran(w, "sleep 60000") == 1);
	char *path =
	    xasprintf("/sessions/%s/statements/1", world_session_of(w, "sleep 60000")->name);
	world_fault(w, (struct world_fault){ .method = HTTP_GET,
			   .path = path,
			   .fate = FATE_STATUS,
			   .status = 500,
			   .reply = "\"no\"",
			   .times = -1 });
	world_put(w, "b.py", "work");
	world_until(w, 10 * MINUTES, world_done(w, "a.py") && world_done(w, "b.py"));
	ck_assert_str_eq(world_status(w, "a.py"), "unknown");
	ck_assert_str_eq(world_status(w, "b.py"), "ok");
	free(path);
}
END_TEST

/* What lies at the next number is the probe of an earlier life, of which only that life knew the token. */
START_TEST(a_probe_of_an_earlier_life)
{
	begin_warm();
	world_put(w, "a.py", "work");
	world_until(w, MINUTES, w->ledger.session[0].state == SESSION_PROBING);
	world_crash(w);
	world_fault(
	    w, (struct world_fault){ .method = HTTP_POST, .path = POSTS, .fate = FATE_LOST_AFTER });
	world_until(w, MINUTES, w->ledger.session[0].state == SESSION_IDLE);
	ck_assert_int_eq(w->ledger.session[0].last_statement, 3);
	ck_assert_str_eq(world_status(w, "a.py"), "ok");
	ck_assert(!is_new_session_used());
}
END_TEST

/* A greeting was swallowed, and another one sent; the first comes out in front of the file. */
START_TEST(a_greeting_that_came_late)
{
	world_fault(w, (struct world_fault){ .method = HTTP_POST,
			   .path = POSTS,
			   .body = "print(",
			   .fate = FATE_LATE,
			   .delay_ms = 8000 });
	begin_warm();
	world_run(w, 10000);
	world_fault(w, fault_of_post("work", FATE_LOST_AFTER));
	run("work");
	ck_assert_str_eq(world_status(w, "a.py"), "ok");
	ck_assert_int_eq(world_ran(w, "work"), 1);
	ck_assert(!is_new_session_used());
}
END_TEST

START_TEST(an_answer_that_is_too_big)
{
	begin_warm();
	world_fault(
	    w, (struct world_fault){ .method = HTTP_GET, .path = POLLS, .fate = FATE_TOO_BIG });
	run("work");
	ck_assert_str_eq(world_status(w, "a.py"), "error");
	ck_assert_ptr_nonnull(strstr(world_text(w, "a.py.err"), "AnswerTooLarge"));
	ck_assert(!is_new_session_used());
}
END_TEST

START_TEST(a_statement_that_was_dropped)
{
	begin_warm();
	struct world_fault f = fault_of_polls(FATE_STATUS, 0);
	f.status = 404;
	f.reply = "\"Statement not found\"";
	f.times = 1;
	world_fault(w, f);
	run("work");
	ck_assert_str_eq(world_status(w, "a.py"), "unknown");
	ck_assert(is_new_session_used());
}
END_TEST

/* A gateway's word is not the server's: the run is not blamed for it. */
static const int gateway[] = { 502, 503, 504, 401, 429 };

START_TEST(a_gateway_that_fails_while_it_runs)
{
	begin_warm();
	struct world_fault f = fault_of_polls(FATE_STATUS, 1);
	f.status = gateway[_i];
	f.reply = "<html><head><title>Oh no</title></head></html>";
	f.times = 8;
	world_fault(w, f);
	run("sleep 60000");
	ck_assert_str_eq(world_status(w, "a.py"), "ok");
	ck_assert_int_eq(world_ran(w, "sleep 60000"), 1);
}
END_TEST

START_TEST(the_network_fails_while_it_runs)
{
	begin_warm();
	world_put(w, "a.py", "sleep 60000");
	world_until(w, MINUTES, world_ran(w, "sleep 60000") == 1);
	world_fault(
	    w, (struct world_fault){ .method = HTTP_GET, .fate = FATE_NOT_SENT, .times = -1 });
	world_run(w, 20 * MINUTES);
	ck_assert_int_le(world_logged(w, "<3>"), 1);
	world_mend(w);
	world_until(w, 5 * MINUTES, world_done(w, "a.py"));
	ck_assert_str_eq(world_status(w, "a.py"), "ok");
}
END_TEST

/* Livy with recovery: for a while its sessions are `recovering`, and then they are there again. */
START_TEST(a_server_that_recovers)
{
	begin_warm();
	struct world_fault f = fault_of_polls(FATE_STATUS, 1);
	f.status = 500;
	f.reply = "\"java.lang.IllegalStateException: Session is in state recovering\"";
	world_fault(w, f);
	world_put(w, "a.py", "sleep 60000");
	world_run(w, MINUTES);
	world_mend(w);
	world_until(w, 5 * MINUTES, world_done(w, "a.py"));
	ck_assert_str_eq(world_status(w, "a.py"), "ok");
}
END_TEST

/* ---- it takes hours ----------------------------------------------------------------------------- */

#define HOURS (60 * MINUTES)

/* A server counts its idle timeout also while code runs, and being looked at is nothing to it (facts of
 * Livy). */
START_TEST(a_long_one_is_kept_alive)
{
	w->spool[0].python = _i == 0 ? STYLE_RAW : STYLE_SCRIPT;
	w->server[0].alone = _i == 2 ? "no fork here" : NULL;
	w->server[0].idle_timeout_ms = HOURS;
	world_begin(w);
	world_put(w, "a.py", "sleep 36000000");
	world_until(w, 11 * HOURS, world_done(w, "a.py"));
	ck_assert_str_eq(world_status(w, "a.py"), "ok");
	ck_assert_int_eq(world_ran(w, "sleep 36000000"), 1);
	ck_assert_int_eq(w->server[0].created, 1);
}
END_TEST

/* Some minutes before and some behind the break are an hour together. */
START_TEST(a_long_one_is_kept_alive_over_a_break)
{
	w->server[0].idle_timeout_ms = 30 * MINUTES;
	world_begin(w);
	world_put(w, "a.py", "sleep 7200000");
	world_until(w, MINUTES, world_ran(w, "sleep 7200000") == 1);
	world_run(w, 4 * MINUTES);
	world_die(w);
	world_run(w, 25 * MINUTES);
	world_start(w);
	world_until(w, 3 * HOURS, world_done(w, "a.py"));
	ck_assert_str_eq(world_status(w, "a.py"), "ok");
}
END_TEST

/* Where sessions that nobody asks for anything are ended soon, none is left alone for so long. */
START_TEST(a_long_one_has_its_heartbeat)
{
	w->spool[0].python = _i == 0 ? STYLE_RAW : STYLE_SCRIPT;
	w->server[0].alone = _i == 2 ? "no fork here" : NULL;
	w->pool[0].warm[KIND_PYSPARK] = w->pool[0].max = 1;
	w->pool[0].session.heartbeat_timeout_s = 45;
	world_begin(w);
	world_put(w, "a.py", "sleep 7200000");
	world_until(w, 3 * HOURS, world_done(w, "a.py"));
	ck_assert_str_eq(world_status(w, "a.py"), "ok");
	world_run(w, HOURS);
	ck_assert_int_eq(w->server[0].created, 1);
	ck_assert_int_eq(world_alive(w, 0), 1);
}
END_TEST

/* What a run has left is with its session still, as long as our disk is full. */
START_TEST(a_heartbeat_while_the_disk_is_full)
{
	w->spool[0].python = STYLE_SCRIPT;
	w->pool[0].max = 1;
	w->pool[0].session.heartbeat_timeout_s = 45;
	world_begin(w);
	w->dir[0]->full = true;
	world_put(w, "a.py", "big 2500");
	world_until(w, MINUTES, world_ran(w, "big 2500") == 1);
	world_run(w, HOURS);
	ck_assert(!world_done(w, "a.py"));
	w->dir[0]->full = false;
	world_until(w, 5 * MINUTES, world_done(w, "a.py"));
	ck_assert_str_eq(world_status(w, "a.py"), "ok");
	ck_assert_uint_eq(strlen(world_text(w, "a.py.out")), 2500);
	ck_assert_int_eq(w->server[0].created, 1);
}
END_TEST

/* Nobody asks for that where a server has no such call. */
START_TEST(without_such_a_call_it_is_not_kept)
{
	w->server[0].version = "0.5.0-incubating";
	world_begin(w);
	world_forget(w);
	world_put(w, "a.py", "sleep 3600000");
	world_until(w, 2 * HOURS, world_done(w, "a.py"));
	ck_assert_str_eq(world_status(w, "a.py"), "ok");
	world_story(w, "connect", "");
}
END_TEST

/* One that nobody uses is the server's to end, and no file hears of it. */
START_TEST(an_idle_one_that_was_collected)
{
	w->server[0].idle_timeout_ms = HOURS;
	begin_warm();
	for (int i = 0; i < 3; i++) {
		char *name = xasprintf("a%d.py", i);
		world_run(w, HOURS + i);
		world_put(w, name, "work");
		world_until(w, 5 * MINUTES, world_done(w, name));
		ck_assert_str_eq(world_status(w, name), "ok");
		ck_assert_int_eq(world_ran(w, "work"), 1 + i);
		free(name);
	}
	ck_assert_int_gt(w->server[0].created, 1);
}
END_TEST

/* ---- the session ends ------------------------------------------------------------------------------- */

START_TEST(the_driver_dies)
{
	begin_warm();
	run("die 3000");
	ck_assert_str_eq(world_status(w, "a.py"), "died");
	ck_assert(world_recorded(w, "a.py", "died"));
	ck_assert_ptr_nonnull(world_file(w, "a.py"));
	ck_assert(is_new_session_used());
	ck_assert_int_eq(world_ran(w, "die 3000"), 1);
}
END_TEST

START_TEST(a_server_without_recovery_is_restarted)
{
	begin_warm();
	world_put(w, "a.py", "sleep 60000");
	world_until(w, MINUTES, world_ran(w, "sleep 60000") == 1);
	world_forgetful_restart(w, 0);
	world_stranger(w, 0); /* has our session's id now */
	world_until(w, 5 * MINUTES, world_done(w, "a.py"));
	ck_assert_str_eq(world_status(w, "a.py"), "died");
	ck_assert(is_new_session_used());
	ck_assert_int_eq(w->server[0].session[0]->count, 0);
}
END_TEST

START_TEST(the_channel_is_lost)
{
	begin_warm();
	struct world_fault f = fault_of_polls(FATE_STATUS, 1);
	f.status = 500;
	f.reply = "\"java.lang.IllegalStateException: RPC channel is closed.\"";
	world_fault(w, f);
	run("sleep 60000");
	ck_assert_str_eq(world_status(w, "a.py"), "died");
	world_mend(w);
	ck_assert(is_new_session_used());
	ck_assert_int_eq(w->server[0].deleted, 1);
}
END_TEST

/* A file has killed the interpreter and not the driver: the session answers, and nothing runs in it. */
START_TEST(the_interpreter_dies)
{
	begin_warm();
	world_put(w, "a.py", "sleep 5000");
	world_until(w, MINUTES, world_ran(w, "sleep 5000") == 1);
	w->server[0].session[0]->limp = true;
	world_until(w, MINUTES, world_done(w, "a.py"));
	ck_assert_str_eq(world_status(w, "a.py"), "error");
	ck_assert(is_new_session_used());
	ck_assert_int_eq(world_ran(w, "after"), 1);
	ck_assert_int_eq(w->server[0].deleted, 1);
}
END_TEST

/* ---- answers slip ----------------------------------------------------------------------------------- */

START_TEST(slipped_answers_reach_no_other_file)
{
	begin_warm();
	run("slip");
	ck_assert_str_eq(world_status(w, "a.py"), "error");
	ck_assert(is_new_session_used());
	ck_assert_str_eq(world_text(w, "b.py.out"), "after\n");
	ck_assert_int_eq(world_logged(w, "its answers have slipped"), 1);
	ck_assert_int_eq(w->server[0].deleted, 1);
}
END_TEST

/* Its driver has died while nothing was done in it, and the server does not know yet. */
START_TEST(a_driver_that_died_unseen_gets_no_file)
{
	begin_warm();
	world_run(w, 10000);
	w->server[0].session[0]->closed = true;
	world_forget(w);
	run("work");
	ck_assert_str_eq(world_status(w, "a.py"), "ok");
	ck_assert_int_eq(world_session_of(w, "work")->id, 1);
	world_story(w, "s1/statements", "GET /sessions/s1/statements/0\n");
}
END_TEST

START_TEST(a_session_in_use_is_not_asked_before_each_file)
{
	begin_warm();
	world_run(w, 10000);
	world_forget(w);
	run("work");
	world_put(w, "b.py", "more");
	world_until(w, MINUTES, world_done(w, "b.py"));
	world_story(w, "statements/0", "GET /sessions/s1/statements/0\n");
}
END_TEST

/* The lost probe has arrived, and where only the list can be asked nobody looks for it. The one that
 * repeats it gets its answer, which must not look like its own. */
START_TEST(slipped_answers_are_not_hidden_by_a_repeated_probe)
{
	w->server[0].list_only = true;
	w->endpoint[0].statements = STATEMENTS_LIST;
	begin_warm();
	world_fault(
	    w, (struct world_fault){
		   .method = HTTP_POST, .path = POSTS, .fate = FATE_LOST_AFTER, .skip = 1 });
	run("slip");
	ck_assert(is_new_session_used());
	ck_assert_str_eq(world_text(w, "b.py.out"), "after\n");
	ck_assert_int_eq(world_logged(w, "its answers have slipped"), 1);
}
END_TEST

START_TEST(only_raw_python_is_probed)
{
	world_begin(w);
	world_put(w, "a.sql", "select 1");
	world_until(w, MINUTES, world_done(w, "a.sql"));
	world_forget(w);
	world_run(w, 5000);
	world_story(w, "token", "");
}
END_TEST

/* Why a statement was cancelled, another life has to know, whatever the clock says by then. */
START_TEST(a_time_limit_is_remembered_over_a_restart)
{
	w->spool[0].timeout_ms = 5000;
	world_put(w, "a.py", "sleep 600000");
	world_begin(w);
	world_until(w, MINUTES, world_logged(w, "event=timeout") == 1);
	w->now.real_ms -= 10 * MINUTES;
	world_crash(w);
	world_until(w, 5 * MINUTES, world_done(w, "a.py"));
	ck_assert_str_eq(world_status(w, "a.py"), "timeout");
}
END_TEST

/* ---- time limits ------------------------------------------------------------------------------------ */

START_TEST(the_time_limit)
{
	w->spool[0].timeout_ms = 5000;
	begin_warm();
	world_forget(w);
	run("sleep 600000");
	ck_assert_str_eq(world_status(w, "a.py"), "timeout");
	ck_assert(world_recorded(w, "a.py", "timeout"));
	world_story(w, "cancel", "POST /sessions/s1/statements/1/cancel\n");
	ck_assert(!is_new_session_used());
}
END_TEST

START_TEST(the_time_limit_counts_from_its_start)
{
	w->spool[0].timeout_ms = 5000;
	w->pool[0].max = 1;
	world_begin(w);
	world_put(w, "a.py", "sleep 4000");
	world_put(w, "b.py", "sleep 4001");
	world_put(w, "c.py", "sleep 4002");
	world_until(w, MINUTES, world_done(w, "c.py"));
	ck_assert_str_eq(world_status(w, "a.py"), "ok");
	ck_assert_str_eq(world_status(w, "b.py"), "ok");
	ck_assert_str_eq(world_status(w, "c.py"), "ok");
}
END_TEST

START_TEST(a_restart_does_not_prolong_it)
{
	w->spool[0].timeout_ms = 60000;
	begin_warm();
	world_put(w, "a.py", "sleep 600000");
	world_until(w, MINUTES, world_ran(w, "sleep 600000") == 1);
	int64_t start = w->now.mono_ms;
	world_run(w, 40000);
	world_crash(w);
	world_until(w, MINUTES, world_done(w, "a.py"));
	ck_assert_str_eq(world_status(w, "a.py"), "timeout");
	ck_assert_int_lt(w->now.mono_ms - start, 70000);
}
END_TEST

START_TEST(code_that_stops_late)
{
	w->spool[0].timeout_ms = 5000;
	begin_warm();
	run("deaf 600000");
	ck_assert_str_eq(world_status(w, "a.py"), "timeout");
	ck_assert(is_new_session_used()); /* the old one is still busy with it */
	ck_assert_int_eq(w->server[0].deleted, 1);
}
END_TEST

START_TEST(code_that_does_not_stop)
{
	w->spool[0].timeout_ms = 5000;
	begin_warm();
	struct world_fault f = { .method = HTTP_POST, .path = "/sessions/*/statements/1/cancel" };
	f.fate = FATE_LOST_BEFORE;
	f.times = -1;
	world_fault(w, f);
	int64_t start = w->now.mono_ms;
	run("sleep 600000");
	ck_assert_str_eq(world_status(w, "a.py"), "timeout");
	ck_assert_ptr_nonnull(strstr(world_text(w, "a.py.err"), "did not stop"));
	ck_assert_int_lt(w->now.mono_ms - start, 60000);
	world_run(w, 1000);
	ck_assert_int_eq(w->server[0].deleted, 1);
}
END_TEST

/* It ended by itself while the cancel was on its way: what it printed is not thrown away. */
START_TEST(done_just_in_time)
{
	w->spool[0].timeout_ms = 5000;
	begin_warm();
	run("deaf 5150");
	ck_assert_str_eq(world_status(w, "a.py"), "ok");
	ck_assert_str_eq(world_text(w, "a.py.out"), "deaf 5150\n");
}
END_TEST

START_TEST(cancelled_by_somebody_else)
{
	begin_warm();
	world_put(w, "a.py", "sleep 60000");
	world_until(w, MINUTES, world_ran(w, "sleep 60000") == 1);
	struct fx_http cancel = { .method = HTTP_POST, .path = "/sessions/0/statements/1/cancel" };
	char *body;
	ck_assert_int_eq(server_answer(w, 0, &cancel, &body), 200);
	free(body);
	world_until(w, MINUTES, world_done(w, "a.py"));
	ck_assert_str_eq(world_status(w, "a.py"), "cancelled");
}
END_TEST

static const struct world_session *waits_behind_somebody(void)
{
	begin_warm();
	world_intrude(w, 0, 0);
	struct world_session *s = w->server[0].session[0];
	s->statement[1].takes_ms = 60000;
	world_put(w, "a.py", "work");
	world_until(w, MINUTES, s->count == 3 && world_row(w, "a.py")->rec.state == JOB_RUNNING);
	ck_assert_int_eq(s->statement[2].started_ms, -1);
	return s;
}

/* It says that it has never begun: nobody has asked us to give it up. */
START_TEST(cancelled_before_it_began)
{
	const struct world_session *s = waits_behind_somebody();
	struct fx_http cancel = { .method = HTTP_POST, .path = "/sessions/0/statements/2/cancel" };
	char *body;
	ck_assert_int_eq(server_answer(w, 0, &cancel, &body), 200);
	free(body);
	ck_assert_str_eq(s->statement[2].state, "cancelled");
	world_until(w, 3 * MINUTES, world_done(w, "a.py"));
	ck_assert_str_eq(world_status(w, "a.py"), "ok");
	ck_assert_int_eq(world_ran(w, "work"), 1);
	ck_assert_uint_eq(world_row(w, "a.py")->rec.attempts, 2);
}
END_TEST

START_TEST(cancelled_before_it_began_and_by_us)
{
	(void)waits_behind_somebody();
	world_ask_as(w, 1, 0, "{\"v\":1,\"do\":\"cancel\",\"jobs\":[\"/spool/in/a.py\"]}");
	world_until(w, 3 * MINUTES, world_done(w, "a.py"));
	ck_assert_str_eq(world_status(w, "a.py"), "cancelled");
	world_run(w, 2 * MINUTES);
	ck_assert_int_eq(world_ran(w, "work"), 0);
}
END_TEST

static const struct {
	const char *started;
	unsigned attempts;
} cancelled_each_time[] = {
	{ "", 1 }, /* an older server: it may have run */
	{ ",\"started\":null", 1 }, { ",\"started\":1795000000000", 1 },
	{ ",\"started\":0", 3 }, /* a server that will not have it */
};

START_TEST(cancelled_whenever_it_is_sent)
{
	begin_warm();
	char *polls[3];
	char *reply[3];
	struct world_fault f = fault_of_polls(FATE_MANGLED, 0);
	f.status = 200;
	for (int i = 0; i < 3; i++) { /* the even ones are ours */
		f.path = polls[i] = xasprintf("/sessions/*/statements/%d", 2 * i + 1);
		f.reply = reply[i] = xasprintf(
		    "{\"id\":%d,\"code\":\"work\",\"state\":\"cancelled\",\"output\":null%s}",
		    2 * i + 1, cancelled_each_time[_i].started);
		world_fault(w, f);
	}
	run("work");
	ck_assert_str_eq(world_status(w, "a.py"), "cancelled");
	ck_assert_uint_eq(world_row(w, "a.py")->rec.attempts, cancelled_each_time[_i].attempts);
	for (int i = 0; i < 3; i++) {
		free(polls[i]);
		free(reply[i]);
	}
}
END_TEST

/* ---- servers that have only the list ------------------------------------------------------------------ */

START_TEST(the_list_is_learnt)
{
	w->server[0].list_only = true;
	w->server[0].version = NULL;
	world_begin(w);
	run("work");
	ck_assert_str_eq(world_status(w, "a.py"), "ok");
	ck_assert_str_eq(world_text(w, "a.py.out"), "work\n");
	ck_assert_int_eq(world_logged(w, "event=list-only"), 1);
	const char *answer = strstr(world_text(w, "a.py.json"), "\"answer\": {\"id\":1,");
	ck_assert_ptr_nonnull(answer);
}
END_TEST

START_TEST(the_list_is_configured)
{
	w->endpoint[0].statements = STATEMENTS_LIST;
	world_begin(w);
	run("work");
	ck_assert_str_eq(world_status(w, "a.py"), "ok");
	world_story(w, "GET /sessions/s1/statements/", "");
}
END_TEST

START_TEST(the_list_cannot_tell_what_was_lost)
{
	w->endpoint[0].statements = STATEMENTS_LIST;
	begin_warm();
	world_fault(w, fault_of_post("work", FATE_LOST_AFTER));
	run("work");
	ck_assert_str_eq(world_status(w, "a.py"), "unknown");
	ck_assert_int_eq(world_ran(w, "work"), 1);
}
END_TEST

static void put_long(const char *name, size_t n)
{
	char *code = xcalloc(1, n + 1);
	memset(code, 'x', n);
	world_put(w, name, code); /* which prints itself, and is echoed */
	world_until(w, 10 * MINUTES, world_done(w, name));
	free(code);
}

/* A list has the answers of all that ran in the session: what they make of it is not the next file's. */
START_TEST(the_list_grows)
{
	const char *kind = _i == 0 ? "sql" : "py"; /* a probe between, or none */
	size_t large = 9990;			   /* in its own answer, with its echo */
	if (_i == 2) {
		w->server[0].version = NULL; /* which echoes nothing */
		large = 19990;
		w->any_number = true; /* one whose token cannot be read is not deleted */
	}
	w->endpoint[0].statements = STATEMENTS_LIST;
	w->endpoint[0].answer_bytes_max = 20000;
	w->pool[0].max = 1;
	world_begin(w);
	for (int i = 0; i < 10; i++) {
		char *name = xasprintf("a%d.%s", i, kind);
		put_long(name, i == 3 ? large : 4700);
		ck_assert_str_eq(world_status(w, name), i == 3 ? "error" : "ok");
		free(name);
	}
	char *err = xasprintf("a3.%s.err", kind);
	ck_assert_ptr_nonnull(strstr(world_text(w, err), "AnswerTooLarge"));
	free(err);
	char *name = xasprintf("b.%s", kind);
	world_put(w, name, "sleep 60000");
	world_until(w, 10 * MINUTES, world_done(w, name));
	ck_assert_str_eq(world_status(w, name), "ok");
	ck_assert_int_eq(world_ran(w, "sleep 60000"), 1);
	free(name);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("call");
	TCase *t = tcase_create("call");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, available_in_the_first_answer);
	tcase_add_test(t, the_older_the_longer_between_polls);
	tcase_add_test(t, a_failure_of_the_code);
	tcase_add_test(t, a_session_that_still_starts);
	tcase_add_test(t, idle_and_still_starting);
	tcase_add_test(t, a_session_that_has_died_meanwhile);
	tcase_add_test(t, a_session_that_is_gone);
	tcase_add_test(t, refused_in_livys_own_words);
	tcase_add_test(t, not_sent_is_sent_again);
	tcase_add_loop_test(t, refused_at_the_door_is_sent_again, 0, ARRAY_LEN(not_accepted));
	tcase_add_test(t, refused_at_the_door_for_long);
	tcase_add_loop_test(t, accepted_but_its_answer_was_lost, 0, ARRAY_LEN(accepted_but));
	tcase_add_test(t, adopted_with_other_line_ends);
	tcase_add_test(t, lost_before_acceptance_runs_elsewhere);
	tcase_add_loop_test(t, late_is_once, 0, 60);
	tcase_add_loop_test(t, late_around_the_fence, 0, 16);
	tcase_add_test(t, a_fence_that_was_not_sent);
	tcase_add_loop_test(t, another_server_proves_nothing, 0, 6);
	tcase_add_loop_test(t, a_fence_that_is_forbidden, 0, 2);
	tcase_add_test(t, a_fence_that_never_begins);
	tcase_add_loop_test(t, without_a_fence_it_is_unknown, 0, ARRAY_LEN(no_fence));
	tcase_add_loop_test(t, in_doubt_while_nobody_answers, 0, (int)ARRAY_LEN(unread));
	tcase_add_test(t, unknown_stays_whatever_the_spool_says);
	tcase_add_test(t, unknown_may_be_run_again);
	tcase_add_test(t, unknown_after_a_closed_door);
	tcase_add_test(t, unknown_after_two_fences);
	tcase_add_test(t, but_not_for_ever);
	tcase_add_test(t, somebody_else_is_in_our_session);
	tcase_add_test(t, a_greeting_lost);
	tcase_add_test(t, a_greeting_adopted);
	tcase_add_test(t, a_probe_lost);
	tcase_add_test(t, a_probe_is_never_answered);
	tcase_add_loop_test(t, a_runner_is_never_heard_again, 0, (int)ARRAY_LEN(unheard));
	tcase_add_loop_test(t, an_interpreter_is_heard_late, 0, 2);
	tcase_add_test(t, the_answer_of_another_statement);
	tcase_add_test(t, a_runner_is_heard_after_a_sleep);
	tcase_add_test(t, an_answer_that_is_500_for_ever);
	tcase_add_test(t, an_answer_that_is_never_whole);
	tcase_add_test(t, an_answer_without_an_output);
	tcase_add_test(t, a_passing_trouble);
	tcase_add_test(t, neighbours_of_the_unreadable_are_untouched);
	tcase_add_test(t, a_probe_of_an_earlier_life);
	tcase_add_test(t, a_greeting_that_came_late);
	tcase_add_test(t, an_answer_that_is_too_big);
	tcase_add_test(t, a_statement_that_was_dropped);
	tcase_add_loop_test(t, a_gateway_that_fails_while_it_runs, 0, ARRAY_LEN(gateway));
	tcase_add_test(t, the_network_fails_while_it_runs);
	tcase_add_test(t, a_server_that_recovers);
	tcase_add_loop_test(t, a_long_one_is_kept_alive, 0, 3);
	tcase_add_test(t, a_long_one_is_kept_alive_over_a_break);
	tcase_add_loop_test(t, a_long_one_has_its_heartbeat, 0, 3);
	tcase_add_test(t, a_heartbeat_while_the_disk_is_full);
	tcase_add_test(t, without_such_a_call_it_is_not_kept);
	tcase_add_test(t, an_idle_one_that_was_collected);
	tcase_add_test(t, the_driver_dies);
	tcase_add_test(t, a_server_without_recovery_is_restarted);
	tcase_add_test(t, the_channel_is_lost);
	tcase_add_test(t, the_interpreter_dies);
	tcase_add_test(t, slipped_answers_reach_no_other_file);
	tcase_add_test(t, a_driver_that_died_unseen_gets_no_file);
	tcase_add_test(t, a_session_in_use_is_not_asked_before_each_file);
	tcase_add_test(t, slipped_answers_are_not_hidden_by_a_repeated_probe);
	tcase_add_test(t, only_raw_python_is_probed);
	tcase_add_test(t, a_time_limit_is_remembered_over_a_restart);
	tcase_add_test(t, the_time_limit);
	tcase_add_test(t, the_time_limit_counts_from_its_start);
	tcase_add_test(t, a_restart_does_not_prolong_it);
	tcase_add_test(t, code_that_stops_late);
	tcase_add_test(t, code_that_does_not_stop);
	tcase_add_test(t, done_just_in_time);
	tcase_add_test(t, cancelled_by_somebody_else);
	tcase_add_test(t, cancelled_before_it_began);
	tcase_add_test(t, cancelled_before_it_began_and_by_us);
	tcase_add_loop_test(t, cancelled_whenever_it_is_sent, 0, ARRAY_LEN(cancelled_each_time));
	tcase_add_test(t, the_list_is_learnt);
	tcase_add_test(t, the_list_is_configured);
	tcase_add_test(t, the_list_cannot_tell_what_was_lost);
	tcase_add_loop_test(t, the_list_grows, 0, 3);
	suite_add_tcase(s, t);
	return help_run(s);
}
