/* test_talk: a session's own conversation with the server, from its creation to its readiness. */
#include "world.h"

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

static void wants_one(void)
{
	w->pool[0].warm[KIND_PYSPARK] = 1;
	w->pool[0].max = 1;
}

static bool is_idle(void)
{
	return core_counts(w->core).sessions_idle > 0;
}

static void run_file(void)
{
	world_put(w, "a.py", "work");
	world_until(w, 20 * MINUTES, world_done(w, "a.py"));
	ck_assert_str_eq(world_status(w, "a.py"), "ok");
	ck_assert_int_eq(world_ran(w, "work"), 1);
}

/* ---- a good beginning ---------------------------------------------------------------------------- */

START_TEST(name_then_creation_then_token)
{
	wants_one();
	world_start(w);
	world_until(w, MINUTES, is_idle());
	world_story(w, "session 1|POST",
	    "+ session 1 CREATING -1\n"
	    "POST /sessions\n"
	    "+ session 1 STARTING -1\n"
	    "+ session 1 GREETING -1\n"
	    "POST /sessions/s1/statements [token]\n"
	    "+ session 1 GREETING 0\n"
	    "+ session 1 IDLE 0\n");
	const struct session_rec *rec = ledger_session(&w->ledger, 1);
	ck_assert_str_eq(rec->name, w->server[0].session[0]->name);
	ck_assert_str_eq(rec->livy_id, "0");
	ck_assert_int_eq(strncmp(rec->name, "sparkspool-0123abcd-pyspark-", 28), 0);
}
END_TEST

static const char *const kinds[] = { "a.py", "a.scala", "a.sql", "a.R" };

START_TEST(each_kind_greets_in_its_own_way)
{
	world_begin(w);
	world_put(w, kinds[_i], "work");
	world_until(w, MINUTES, world_done(w, kinds[_i]));
	ck_assert_str_eq(world_status(w, kinds[_i]), "ok");
	ck_assert_int_eq(w->server[0].created, 1);
	ck_assert_int_eq(world_logged(w, "event=limp"), 0);
}
END_TEST

START_TEST(no_two_sessions_have_one_name)
{
	w->pool[0].warm[KIND_PYSPARK] = 4;
	world_begin(w);
	world_until(w, 2 * MINUTES, core_counts(w->core).sessions_idle == 4);
	for (int i = 0; i < 4; i++)
		for (int k = 0; k < i; k++)
			ck_assert_str_ne(
			    w->server[0].session[i]->name, w->server[0].session[k]->name);
}
END_TEST

/* ---- a creation that nobody knows of --------------------------------------------------------------- */

static const struct {
	enum world_fate fate;
	int status;
	const char *reply;
} created_but[] = {
	{ FATE_LOST_AFTER, 0, NULL },
	{ FATE_MANGLED, 502, "<html><head><title>Bad Gateway</title></head></html>" },
	{ FATE_MANGLED, 504, "<html><head><title>Gateway Time-out</title></head></html>" },
	/* something on the way has sent it twice */
	{ FATE_MANGLED, 400, "{\"msg\":\"Rejected, Reason: Duplicate session name: Some(x)\"}" },
	{ FATE_MANGLED, 500, "\"java.util.concurrent.TimeoutException\"" },
	{ FATE_MANGLED, 201, "{\"id\":0,\"na" },
	{ FATE_TOO_BIG, 0, NULL },
};

START_TEST(created_but_its_answer_was_lost)
{
	wants_one();
	world_fault(w, (struct world_fault){ .method = HTTP_POST,
			   .path = "/sessions",
			   .fate = created_but[_i].fate,
			   .status = created_but[_i].status,
			   .reply = created_but[_i].reply });
	world_begin(w);
	run_file();
	ck_assert_int_eq(w->server[0].created, 1);
	ck_assert_int_eq(world_logged(w, "event=creation-lost"), 1);
}
END_TEST

/* The one that has its name is ours, and dead: it is deleted, and the next has another name. */
START_TEST(a_dead_one_has_its_name)
{
	w->server[0].start = START_DEAD;
	world_fault(w, (struct world_fault){ .method = HTTP_POST,
			   .path = "/sessions",
			   .fate = FATE_MANGLED,
			   .status = 400,
			   .reply = "{\"msg\":\"Duplicate session name: Some(x)\"}" });
	world_begin(w);
	world_put(w, "a.py", "work");
	world_until(w, MINUTES, w->server[0].created == 1 && w->server[0].session[0]->dead);
	w->server[0].start = START_WELL;
	char *name = xstrdup(w->server[0].session[0]->name);
	world_until(w, 5 * MINUTES, world_done(w, "a.py"));
	ck_assert_str_eq(world_status(w, "a.py"), "ok");
	ck_assert_str_ne(world_session_of(w, "work")->name, name);
	ck_assert_int_eq(w->server[0].deleted, 1);
	ck_assert_int_eq(w->server[0].created, 2);
	free(name);
}
END_TEST

/* The server takes its time: the answer is lost long before the session shows up. */
START_TEST(found_when_it_shows_up)
{
	wants_one();
	w->server[0].create_ms = 20000;
	world_fault(w, (struct world_fault){ .method = HTTP_POST,
			   .path = "/sessions",
			   .fate = FATE_LOST_AFTER,
			   .delay_ms = -19000 });
	world_begin(w);
	run_file();
	ck_assert_int_eq(w->server[0].created, 1);
}
END_TEST

START_TEST(found_by_the_next_life)
{
	wants_one();
	w->server[0].create_ms = 20000;
	world_begin(w);
	world_run(w, 5000);
	world_crash(w);
	run_file();
	ck_assert_int_eq(w->server[0].created, 1);
}
END_TEST

START_TEST(never_created)
{
	wants_one();
	world_fault(w, (struct world_fault){
			   .method = HTTP_POST, .path = "/sessions", .fate = FATE_LOST_BEFORE });
	world_begin(w);
	run_file();
	ck_assert_int_eq(w->server[0].created, 1);
}
END_TEST

START_TEST(not_sent_is_not_looked_for)
{
	wants_one();
	world_fault(w, (struct world_fault){
			   .method = HTTP_POST, .path = "/sessions", .fate = FATE_NOT_SENT });
	world_begin(w);
	run_file();
	ck_assert_int_eq(world_logged(w, "event=creation-lost"), 0);
}
END_TEST

/* ---- a creation that is refused --------------------------------------------------------------------- */

START_TEST(refused_with_a_reason)
{
	wants_one();
	world_fault(
	    w, (struct world_fault){ .method = HTTP_POST,
		   .path = "/sessions",
		   .fate = FATE_STATUS,
		   .status = 400,
		   .reply = "{\"msg\":\"requirement failed: Local path /x.jar cannot be added\"}",
		   .times = -1 });
	world_begin(w);
	world_put(w, "a.py", "work");
	world_forget(w);
	world_run(w, 60 * MINUTES);
	ck_assert_int_ge(world_logged(w, "Local path /x.jar"), 3);
	ck_assert_int_le(world_logged(w, "event=no-session"), 15); /* the pauses grow */
	ck_assert_str_eq(world_status(w, "a.py"), "");
	world_mend(w);
	world_until(w, 20 * MINUTES, world_done(w, "a.py"));
}
END_TEST

/* What runs must not suffer from what cannot be made. */
START_TEST(too_many_sessions)
{
	w->pool[0].max = 2;
	w->server[0].sessions_max = 1;
	world_begin(w);
	world_put(w, "a.py", "sleep 1200000");
	world_until(w, MINUTES, world_ran(w, "sleep 1200000") == 1);
	world_forget(w);
	world_put(w, "b.sql", "select 1");
	world_run(w, 15 * MINUTES);
	ck_assert_int_le(world_logged(w, "<3>"), 12);
	ck_assert_int_eq(world_logged(w, "event=down"), 0);
	world_until(w, 20 * MINUTES, world_done(w, "a.py"));
	ck_assert_str_eq(world_status(w, "a.py"), "ok");
}
END_TEST

START_TEST(dead_at_its_start_says_why)
{
	wants_one();
	w->server[0].start = START_DEAD;
	world_begin(w);
	world_run(w, 60 * MINUTES);
	ck_assert_int_ge(world_logged(w, "no space left"), 3);
	ck_assert_int_le(w->server[0].created, 15);
	ck_assert_int_ge(w->server[0].deleted, w->server[0].created - 1);
	w->server[0].start = START_WELL;
	run_file();
}
END_TEST

START_TEST(it_takes_too_long_to_start)
{
	wants_one();
	w->pool[0].start_timeout_ms = 60000;
	w->server[0].start_ms = 24 * 60 * MINUTES;
	world_begin(w);
	world_run(w, 2 * MINUTES);
	ck_assert_int_eq(w->server[0].deleted, 1);
	ck_assert_int_eq(world_logged(w, "still starting after start_timeout"), 1);
	w->server[0].start_ms = 1000;
	world_until(w, 10 * MINUTES, is_idle());
}
END_TEST

START_TEST(slow_to_start_is_patience)
{
	wants_one();
	w->server[0].start_ms = 4 * MINUTES;
	world_begin(w);
	run_file();
	ck_assert_int_eq(w->server[0].created, 1);
}
END_TEST

START_TEST(its_state_cannot_be_read)
{
	wants_one();
	world_fault(w, (struct world_fault){ .method = HTTP_GET,
			   .path = "/sessions/*",
			   .fate = FATE_STATUS,
			   .status = 500,
			   .reply = "\"oops\"",
			   .times = 6 });
	world_begin(w);
	run_file();
	ck_assert_int_eq(w->server[0].created, 2);
	ck_assert_int_eq(w->server[0].deleted, 1);
}
END_TEST

/* The connection is closed whenever this one session is asked after, or that is forbidden: that is its own
 * trouble, and the server is up for the others. */
START_TEST(its_state_never_comes)
{
	w->pool[0].warm[KIND_PYSPARK] = 2;
	world_begin(w);
	world_until(w, 60000, core_counts(w->core).sessions_idle == 2);
	char *path = xasprintf("/sessions/%s", w->server[0].session[0]->name);
	world_fault(w, (struct world_fault){ .method = HTTP_GET,
			   .path = path,
			   .fate = _i == 0 ? FATE_LOST_AFTER : FATE_STATUS,
			   .status = 403,
			   .reply = "",
			   .times = -1 });
	world_until(w, INT64_C(3600000), w->server[0].deleted == 1);
	ck_assert_int_le(world_logged(w, "event=down"), 1);
	world_put(w, "a.py", "work");
	world_until(w, 60000, world_done(w, "a.py"));
	ck_assert_str_eq(world_status(w, "a.py"), "ok");
	free(path);
}
END_TEST

/* A session whose answer leaves out its state is waited for like one with a state that nobody knows, also
 * where words of the server are looked through for the password. */
static const char *const stateless[] = { "{\"id\":0}", "{\"id\":0,\"state\":null}" };

START_TEST(without_a_state)
{
	static char password[] = "hunter2";
	w->endpoint[0].auth = AUTH_BASIC;
	w->endpoint[0].user = w->endpoint[0].password = password;
	w->pool[0].start_timeout_ms = 60000;
	wants_one();
	world_begin(w);
	world_until(w, MINUTES, is_idle());
	world_fault(w, (struct world_fault){ .method = HTTP_GET,
			   .path = "/sessions/*",
			   .fate = FATE_MANGLED,
			   .status = 200,
			   .reply = stateless[_i],
			   .times = -1 });
	world_crash(w);
	world_run(w, 10 * MINUTES);
	world_mend(w);
	run_file();
}
END_TEST

/* ---- greetings ---------------------------------------------------------------------------------------- */

START_TEST(a_limp_interpreter_tells_one_file_why)
{
	w->server[0].start = START_LIMP;
	world_begin(w);
	world_put(w, "a.py", "work");
	world_until(w, MINUTES, world_done(w, "a.py"));
	ck_assert_str_eq(world_status(w, "a.py"), "error");
	ck_assert_ptr_nonnull(strstr(world_text(w, "a.py.err"), "Fail to start interpreter"));
	world_run(w, 1000);
	ck_assert_int_eq(w->server[0].deleted, 1);
	ck_assert_int_eq(world_logged(w, "event=limp"), 1);
}
END_TEST

START_TEST(a_wrong_greeting_is_not_trusted)
{
	wants_one();
	w->server[0].start = START_ODD;
	world_begin(w);
	world_put(w, "a.py", "work");
	world_run(w, 60 * MINUTES);
	ck_assert_int_eq(world_ran(w, "work"), 0);
	ck_assert_int_ge(w->server[0].deleted, 1);
	ck_assert_int_le(w->server[0].created, 30); /* the pauses grow */
	w->server[0].start = START_WELL;
	world_until(w, 20 * MINUTES, world_ran(w, "work") == 1);
}
END_TEST

/* A POST that is an error each time, or an answer that never comes: a greeting's, and a boot's. */
static const struct {
	enum http_method method;
	const char *path;
	enum conf_style style;
	int status;
	const char *reply;
} unanswered[] = {
	{ HTTP_POST, "/sessions/*/statements", STYLE_RAW, 500, "\"NullPointerException\"" },
	{ HTTP_GET, "/sessions/*/statements/0", STYLE_RAW, 200,
	    "{\"id\":0,\"state\":\"running\"}" },
	{ HTTP_GET, "/sessions/*/statements/1", STYLE_SCRIPT, 200,
	    "{\"id\":1,\"state\":\"running\"}" },
};

START_TEST(never_ready_is_given_up)
{
	wants_one();
	w->spool[0].python = unanswered[_i].style;
	world_fault(w, (struct world_fault){ .method = unanswered[_i].method,
			   .path = unanswered[_i].path,
			   .fate = FATE_STATUS,
			   .status = unanswered[_i].status,
			   .reply = unanswered[_i].reply,
			   .times = -1 });
	world_begin(w);
	world_run(w, 120 * MINUTES);
	ck_assert_int_ge(w->server[0].deleted, 2);
	ck_assert_int_le(w->server[0].created, 20); /* the pauses grow */
	ck_assert_int_eq(world_logged(w, "event=no-session"), w->server[0].deleted);
	world_mend(w);
	run_file();
}
END_TEST

START_TEST(dead_when_it_is_greeted)
{
	wants_one();
	w->server[0].start = START_MORTAL;
	world_begin(w);
	world_run(w, 60 * MINUTES);
	ck_assert_int_ge(w->server[0].created, 3);
	ck_assert_int_le(w->server[0].created, 30);
	w->server[0].start = START_WELL;
	run_file();
}
END_TEST

/* ---- idle ----------------------------------------------------------------------------------------------- */

START_TEST(an_idle_one_that_died_is_noticed)
{
	wants_one();
	world_begin(w);
	world_until(w, MINUTES, is_idle());
	w->server[0].session[0]->dead = true;
	world_until(w, 3 * MINUTES, w->server[0].created == 2);
	ck_assert_int_eq(w->server[0].deleted, 1);
	world_until(w, MINUTES, is_idle());
}
END_TEST

/* A file that was sent there would be unknown. */
START_TEST(an_idle_one_whose_channel_is_closed_is_noticed)
{
	wants_one();
	world_begin(w);
	world_until(w, MINUTES, is_idle());
	world_fault(
	    w, (struct world_fault){ .method = HTTP_GET,
		   .path = "/sessions/*/statements/0",
		   .fate = FATE_STATUS,
		   .status = 500,
		   .reply = "\"java.lang.IllegalStateException: RPC channel is closed.\"" });
	world_until(w, 3 * MINUTES, w->server[0].created == 2);
	ck_assert_int_eq(w->server[0].deleted, 1);
	run_file();
}
END_TEST

START_TEST(an_idle_one_is_looked_at_now_and_then)
{
	wants_one();
	world_begin(w);
	world_until(w, MINUTES, is_idle());
	world_forget(w);
	world_run(w, 10 * MINUTES + 5000);
	world_story(w, "GET",
	    "GET /sessions/s1\nGET /sessions/s1/statements/0\n"
	    "GET /sessions/s1\nGET /sessions/s1/statements/0\n"
	    "GET /sessions/s1\nGET /sessions/s1/statements/0\n"
	    "GET /sessions/s1\nGET /sessions/s1/statements/0\n"
	    "GET /sessions/s1\nGET /sessions/s1/statements/0\n"
	    "GET /sessions/s1\nGET /sessions/s1/statements/0\n"
	    "GET /sessions/s1\nGET /sessions/s1/statements/0\n"
	    "GET /sessions/s1\nGET /sessions/s1/statements/0\n"
	    "GET /sessions/s1\nGET /sessions/s1/statements/0\n"
	    "GET /sessions/s1\nGET /sessions/s1/statements/0\n");
}
END_TEST

/* Gone while a file was on its way into it: that POST says for certain that it was not taken. */
START_TEST(gone_while_a_file_was_on_its_way)
{
	wants_one();
	world_begin(w);
	world_until(w, MINUTES, is_idle());
	world_forget(w);
	world_until(w, 2 * MINUTES, w->replies == 1); /* its idle look is on its way */
	free(w->reply[0].body);
	w->reply[0].body = xstrdup("{\"msg\":\"Session 'x' not found.\"}");
	w->reply[0].status = 404;
	world_forgetful_restart(w, 0);
	run_file();
}
END_TEST

/* ---- deletion ------------------------------------------------------------------------------------------- */

START_TEST(a_deletion_is_repeated)
{
	w->pool[0].isolation = ISOLATION_FRESH;
	world_fault(
	    w, (struct world_fault){ .method = HTTP_DELETE, .fate = FATE_LOST_BEFORE, .times = 2 });
	world_begin(w);
	run_file();
	world_until(w, 5 * MINUTES, w->server[0].deleted == 1);
	world_run(w, 5 * MINUTES);
	ck_assert_uint_eq(w->ledger.sessions, 0);
}
END_TEST

START_TEST(deleted_although_the_answer_was_lost)
{
	w->pool[0].isolation = ISOLATION_FRESH;
	world_fault(w, (struct world_fault){ .method = HTTP_DELETE, .fate = FATE_LOST_AFTER });
	world_begin(w);
	run_file();
	world_run(w, 5 * MINUTES);
	ck_assert_uint_eq(w->ledger.sessions, 0);
	ck_assert_int_eq(world_logged(w, "event=not-deleted"), 0);
}
END_TEST

START_TEST(deleted_by_the_next_life)
{
	w->pool[0].isolation = ISOLATION_FRESH;
	world_fault(w, (struct world_fault){ .method = HTTP_DELETE, .fate = FATE_LOST_BEFORE });
	world_begin(w);
	run_file();
	world_crash(w);
	world_until(w, 5 * MINUTES, w->server[0].deleted == 1);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("talk");
	TCase *t = tcase_create("talk");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, name_then_creation_then_token);
	tcase_add_loop_test(t, each_kind_greets_in_its_own_way, 0, ARRAY_LEN(kinds));
	tcase_add_test(t, no_two_sessions_have_one_name);
	tcase_add_loop_test(t, created_but_its_answer_was_lost, 0, ARRAY_LEN(created_but));
	tcase_add_test(t, a_dead_one_has_its_name);
	tcase_add_test(t, found_when_it_shows_up);
	tcase_add_test(t, found_by_the_next_life);
	tcase_add_test(t, never_created);
	tcase_add_test(t, not_sent_is_not_looked_for);
	tcase_add_test(t, refused_with_a_reason);
	tcase_add_test(t, too_many_sessions);
	tcase_add_test(t, dead_at_its_start_says_why);
	tcase_add_test(t, it_takes_too_long_to_start);
	tcase_add_test(t, slow_to_start_is_patience);
	tcase_add_test(t, its_state_cannot_be_read);
	tcase_add_loop_test(t, its_state_never_comes, 0, 2);
	tcase_add_loop_test(t, without_a_state, 0, (int)ARRAY_LEN(stateless));
	tcase_add_test(t, a_limp_interpreter_tells_one_file_why);
	tcase_add_test(t, a_wrong_greeting_is_not_trusted);
	tcase_add_loop_test(t, never_ready_is_given_up, 0, (int)ARRAY_LEN(unanswered));
	tcase_add_test(t, dead_when_it_is_greeted);
	tcase_add_test(t, an_idle_one_that_died_is_noticed);
	tcase_add_test(t, an_idle_one_whose_channel_is_closed_is_noticed);
	tcase_add_test(t, an_idle_one_is_looked_at_now_and_then);
	tcase_add_test(t, gone_while_a_file_was_on_its_way);
	tcase_add_test(t, a_deletion_is_repeated);
	tcase_add_test(t, deleted_although_the_answer_was_lost);
	tcase_add_test(t, deleted_by_the_next_life);
	suite_add_tcase(s, t);
	return help_run(s);
}
