/* test_contact: the first words with a server, and the first words after a trouble. */
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

static void all_fail(enum http_method method, int status, const char *reply)
{
	world_fault(w, (struct world_fault){ .method = method,
			   .fate = FATE_STATUS,
			   .status = status,
			   .reply = reply,
			   .times = -1 });
}

static void all_well_again(void)
{
	world_mend(w);
	world_until(w, 5 * MINUTES, world_done(w, "a.py"));
	ck_assert_str_eq(world_status(w, "a.py"), "ok");
}

/* ---- a server that cannot be used ----------------------------------------------------------------- */

static const struct {
	int status;
	const char *reply;
	const char *said;
} door[] = {
	{ 401, "<html><head><title>Authentication required</title></head></html>", "check auth" },
	{ 403, "<html><head><title>GSSException</title></head></html>", "GSSException" },
	{ 301, "", "not the server's own" },
	{ 200, "<html><head><title>Sign in</title></head></html>", "Sign in" },
	{ 500, "\"java.lang.OutOfMemoryError\"", "OutOfMemoryError" },
	{ 503, "<html><head><title>Unavailable</title></head></html>", "Unavailable" },
	{ 200, "{\"from\":0,\"total\":1,\"sessions\":[{\"id\":", "HTTP 200" },
};

START_TEST(one_line_and_longer_pauses)
{
	all_fail(HTTP_GET, door[_i].status, door[_i].reply);
	world_put(w, "a.py", "work");
	world_begin(w);
	world_run(w, 60 * MINUTES);
	ck_assert_int_eq(world_logged(w, "<3>"), 1);
	ck_assert_int_eq(world_logged(w, "<3>endpoint=livy event=down url=http://livy0:8998"), 1);
	ck_assert_int_ge(world_logged(w, door[_i].said), 1);
	ck_assert_uint_eq(core_counts(w->core).endpoints_down, 1);
	world_story(w, "POST", "");
	all_well_again();
	ck_assert_uint_eq(core_counts(w->core).endpoints_down, 0);
	ck_assert_int_eq(world_logged(w, "event=up"), 1);
}
END_TEST

START_TEST(the_pauses_grow_to_two_minutes)
{
	all_fail(HTTP_GET, 401, "");
	world_begin(w);
	world_run(w, 60 * MINUTES);
	world_forget(w);
	world_run(w, 60 * MINUTES);
	int asked = 0;
	for (const char *p = w->trace.data; (p = strstr(p, "GET /version")) != NULL; p++)
		asked++;
	ck_assert_int_ge(asked, 20);
	ck_assert_int_le(asked, 45);
}
END_TEST

static int asked(void)
{
	int n = 0;
	for (const char *p = w->trace.data; p != NULL && *p != '\0'; p = strchr(p, '\n')) {
		p += *p == '\n';
		n += strncmp(p, "GET ", 4) == 0 || strncmp(p, "POST ", 5) == 0 ||
		     strncmp(p, "DELETE ", 7) == 0;
	}
	return n;
}

/* With all that has come meanwhile: the server is met first, then each session is spoken to, and no
 * more of them are made at a time than on any other day. */
START_TEST(an_hour_away_and_no_storm)
{
	w->pool[0].max = 4;
	w->pool[0].slots = 4;
	w->spool[0].python = STYLE_SCRIPT;
	world_begin(w);
	for (int i = 0; i < 16; i++) {
		char *name = xasprintf("r%d.py", i);
		world_put(w, name, "sleep 14400000");
		free(name);
	}
	world_until(w, 5 * MINUTES, w->server[0].ran_count == 16);
	world_run(w, 20 * MINUTES);
	for (enum http_method m = HTTP_GET; m <= HTTP_DELETE; m++)
		world_fault(
		    w, (struct world_fault){ .method = m, .fate = FATE_NOT_SENT, .times = -1 });
	world_run(w, 30 * MINUTES);
	for (int i = 0; i < 200; i++) {
		char *name = xasprintf("q%d.py", i);
		world_put(w, name, "sleep 600000");
		free(name);
	}
	world_run(w, 30 * MINUTES);
	if (_i == 1)
		world_forgetful_restart(w, 0);
	world_mend(w);
	world_forget(w);
	world_until(w, 5 * MINUTES, core_counts(w->core).endpoints_down == 0);
	world_run(w, 3000);
	ck_assert_int_ge(asked(), 4);
	ck_assert_msg(asked() <= 2 + 4 * 8, "%d requests\n%s", asked(), world_tail(&w->trace));
	ck_assert_int_le(w->server[0].created, 4 + (_i == 0 ? 0 : 2));
}
END_TEST

START_TEST(another_cause_is_another_line)
{
	all_fail(HTTP_GET, 401, "{\"msg\":\"who\"}");
	world_begin(w);
	world_run(w, 5 * MINUTES);
	world_mend(w);
	all_fail(HTTP_GET, 403, "{\"msg\":\"not you\"}");
	world_run(w, 5 * MINUTES);
	ck_assert_int_eq(world_logged(w, "<3>"), 2);
}
END_TEST

START_TEST(retry_after_is_heard)
{
	world_fault(w, (struct world_fault){ .method = HTTP_GET,
			   .fate = FATE_STATUS,
			   .status = 429,
			   .reply = "{\"msg\":\"slow down\"}",
			   .retry_after_ms = 600000 });
	world_start(w);
	world_run(w, 7 * MINUTES);
	world_story(w, "version", "GET /version\n");
	world_run(w, 7 * MINUTES);
	world_story(w, "version", "GET /version\nGET /version\n");
	ck_assert_uint_eq(core_counts(w->core).endpoints_down, 0);
}
END_TEST

START_TEST(two_servers_are_two_matters)
{
	w->conf.endpoint_count = 2;
	size_t pool = world_add_pool(w, "second");
	w->pool[pool].endpoint = 1;
	size_t spool = world_add_spool(w, "other", pool);
	all_fail(HTTP_GET, 401, "");
	world_begin(w);
	world_put(w, "a.py", "work");
	world_put_in(w, spool, "b.py", "other work");
	world_until(w, MINUTES, world_done(w, "b.py"));
	ck_assert_int_eq(w->server[0].created, 0);
	ck_assert_uint_eq(w->server[1].ran_count, 1);
	all_well_again();
	ck_assert_uint_eq(w->server[0].ran_count, 1);
}
END_TEST

/* The configuration is another one, after a reload or after a restart. */
static void in_force(bool restart)
{
	if (restart)
		world_crash(w);
	else
		world_reload(w);
}

/* The work moves to another server: what runs on the old one comes to its end there, and nothing of ours
 * stays behind. */
START_TEST(taken_out_of_the_configuration)
{
	w->conf.endpoint_count = 2;
	size_t pool = world_add_pool(w, "second");
	w->pool[pool].endpoint = 1;
	w->pool[0].warm[KIND_PYSPARK] = 1;
	world_begin(w);
	world_put(w, "a.py", "sleep 60000");
	world_until(w, MINUTES, world_ran(w, "sleep 60000") == 1);
	w->endpoint[0].removed = w->pool[0].removed = true;
	w->spool[0].pool = pool;
	in_force(_i == 1);
	world_put(w, "b.py", "work");
	world_until(w, 5 * MINUTES, world_done(w, "b.py"));
	ck_assert_uint_eq(w->server[1].ran_count, 1);
	all_well_again();
	world_until(w, 5 * MINUTES, w->server[0].count == 0 && core_counts(w->core).sessions == 1);
	world_forget(w);
	world_fault(w, (struct world_fault){ .fate = FATE_NOT_SENT, .times = -1 });
	world_reload(w);
	world_run(w, 5 * MINUTES);
	ck_assert_int_eq(world_logged(w, "url=http://livy0:8998"), 0);
}
END_TEST

/* The same, but its pool keeps its name. */
START_TEST(the_pool_is_moved_to_another)
{
	w->conf.endpoint_count = 2;
	w->pool[0].warm[KIND_PYSPARK] = 1;
	w->any_number = true;
	w->spool[0].python = _i % 2 == 0 ? STYLE_RAW : STYLE_SCRIPT;
	world_begin(w);
	world_put(w, "a.py", "sleep 60000");
	world_until(w, MINUTES, world_ran(w, "sleep 60000") == 1);
	w->pool[0].endpoint = 1;
	in_force(_i >= 2);
	world_put(w, "b.py", "work");
	world_until(w, 5 * MINUTES, world_done(w, "b.py"));
	ck_assert_str_eq(world_status(w, "b.py"), "ok");
	ck_assert_uint_eq(w->server[1].ran_count, 1);
	all_well_again();
	world_until(w, 5 * MINUTES, w->server[0].count == 0);
}
END_TEST

/* It is moved since its server is dead: whatever that one still has, or was asked for, takes no place of
 * the pool's, and comes to its end should it ever be back. */
START_TEST(the_pool_leaves_a_dead_server)
{
	w->conf.endpoint_count = 2;
	w->any_number = true;
	w->pool[0].max = _i % 3 < 2 ? 1 : 4;
	w->spool[0].python = _i % 3 == 0 ? STYLE_RAW : STYLE_SCRIPT;
	w->server[0].start_ms = _i % 3 < 2 ? w->server[0].start_ms : 60000;
	world_begin(w);
	world_put(w, "a.py", "sleep 60000");
	world_until(
	    w, MINUTES, _i % 3 < 2 ? world_ran(w, "sleep 60000") == 1 : w->server[0].created);
	world_run(w, 2000);
	world_fault(w, (struct world_fault){ .fate = FATE_NOT_SENT, .times = -1 });
	world_run(w, MINUTES);
	w->pool[0].endpoint = 1;
	in_force(_i >= 3);
	world_put(w, "b.py", "work");
	world_until(w, 5 * MINUTES, world_done(w, "b.py"));
	ck_assert_str_eq(world_status(w, "b.py"), "ok");
	world_mend(w);
	all_well_again();
	ck_assert_int_eq(world_ran(w, "sleep 60000"), 1);
	world_until(w, 5 * MINUTES, w->server[0].count == 0);
}
END_TEST

/* The URL is edited in place, and leads to the same server or to another one: then nobody can tell what
 * becomes of what runs on the former. */
START_TEST(the_url_is_another)
{
	bool same = _i % 2 == 0;
	char *was = w->endpoint[0].url;
	w->pool[0].warm[KIND_PYSPARK] = 1;
	w->spool[0].python = _i % 8 < 4 ? STYLE_RAW : STYLE_SCRIPT;
	w->server[0].version = _i < 8 ? w->server[0].version : NULL;
	world_begin(w);
	world_put(w, "a.py", "sleep 60000");
	world_until(w, MINUTES,
	    world_row(w, "a.py") != NULL && world_row(w, "a.py")->rec.state == JOB_RUNNING);
	w->endpoint[0].url = xstrdup("http://anew:8998");
	if (!same)
		world_forgetful_restart(w, 0);
	in_force(_i % 4 >= 2);
	world_until(w, 5 * MINUTES, world_done(w, "a.py"));
	ck_assert_str_eq(world_status(w, "a.py"), same ? "ok" : "unknown");
	if (!same)
		ck_assert_ptr_nonnull(strstr(
		    ledger_job(&w->ledger, 1)->rec.run->error_message, "it was at http://livy0"));
	world_put(w, "b.py", "work");
	world_until(w, 5 * MINUTES, world_done(w, "b.py"));
	for (size_t i = 0; i < w->ledger.sessions; i++)
		ck_assert_str_eq(w->ledger.session[i].url, "http://anew:8998");
	free(was);
}
END_TEST

/* It starts when its URL is found to be another one, and is written down as what it is: a later life that does
 * not find it any more does not wait for it as for one whose creation was lost. */
START_TEST(the_url_is_another_while_it_starts)
{
	char *was = w->endpoint[0].url;
	w->pool[0].warm[KIND_PYSPARK] = w->pool[0].max = 1;
	w->server[0].start_ms = 20000;
	world_begin(w);
	world_until(w, MINUTES, w->server[0].created == 1);
	world_run(w, 2000);
	w->endpoint[0].url = xstrdup("http://anew:8998");
	world_crash(w);
	world_run(w, 2000);
	ck_assert_str_eq(w->ledger.session[0].url, "http://anew:8998");
	ck_assert_int_eq(w->ledger.session[0].state, SESSION_STARTING);
	world_forgetful_restart(w, 0);
	world_crash(w);
	world_until(w, 40000, core_counts(w->core).sessions_idle == 1);
	free(was);
}
END_TEST

/* A fence sleeps in a session, and the DELETE that would prove something does not get through. Then the URL is
 * edited: that the server there does not have the session tells nothing of it. */
START_TEST(the_url_is_another_behind_a_fence)
{
	char *was = w->endpoint[0].url;
	w->pool[0].warm[KIND_PYSPARK] = 1;
	world_begin(w);
	world_until(w, MINUTES, core_counts(w->core).sessions_idle == 1);
	world_fault(w,
	    (struct world_fault){ .method = HTTP_POST, .body = "work", .fate = FATE_LOST_BEFORE });
	world_fault(w,
	    (struct world_fault){ .method = HTTP_DELETE, .fate = FATE_LOST_BEFORE, .times = -1 });
	world_put(w, "a.py", "work");
	world_until(w, MINUTES, strstr(w->trace.data, "DELETE /sessions/s1") != NULL);
	w->endpoint[0].url = xstrdup("http://anew:8998");
	world_forgetful_restart(w, 0);
	world_mend(w);
	in_force(_i == 1);
	world_until(w, 5 * MINUTES, world_done(w, "a.py"));
	ck_assert_str_eq(world_status(w, "a.py"), "unknown");
	ck_assert_int_eq(world_ran(w, "work"), 0);
	free(was);
}
END_TEST

/* ---- what is found -------------------------------------------------------------------------------- */

START_TEST(strangers_are_left_alone)
{
	for (int i = 0; i < 5; i++)
		world_stranger(w, 0);
	w->server[0].session[2]->name = xstrdup("sparkspool-0123abcd-pyspark-ffffffff");
	world_begin(w);
	world_put(w, "a.py", "work");
	world_until(w, MINUTES, world_done(w, "a.py"));
	world_crash(w);
	world_run(w, 2 * MINUTES);
	for (int i = 0; i < 5; i++)
		ck_assert_int_eq(w->server[0].session[i]->count, 0);
	ck_assert_int_eq(w->server[0].deleted, 0);
	ck_assert_int_eq(world_logged(w, "event=unknown-to-the-ledger"), 2);
}
END_TEST

/* A list that leaves out a session that starts: by its name it is there, and comes to be used. */
START_TEST(not_listed_while_it_starts)
{
	w->pool[0].warm[KIND_PYSPARK] = w->pool[0].max = 1;
	w->server[0].start_ms = 120000;
	world_begin(w);
	world_until(w, MINUTES, w->server[0].count == 1);
	world_run(w, 10 * 1000);
	world_fault(w, (struct world_fault){ .method = HTTP_GET,
			   .path = "/sessions[?]*",
			   .fate = FATE_MANGLED,
			   .status = 200,
			   .reply = "{\"from\":0,\"total\":0,\"sessions\":[]}",
			   .times = -1 });
	world_crash(w);
	world_until(w, 10 * MINUTES, core_counts(w->core).sessions_idle == 1);
	ck_assert_int_eq(w->server[0].created, 1);
}
END_TEST

START_TEST(the_list_has_pages)
{
	w->pool[0].warm[KIND_PYSPARK] = 1;
	for (int i = 0; i < 250; i++)
		world_stranger(w, 0);
	world_begin(w);
	world_until(w, MINUTES, core_counts(w->core).sessions_idle == 1);
	world_forget(w);
	world_crash(w);
	world_until(w, MINUTES, core_counts(w->core).sessions_idle == 1);
	world_story(w, "\\?from",
	    "GET /sessions?from=0&size=100\n"
	    "GET /sessions?from=100&size=100\n"
	    "GET /sessions?from=200&size=100\n");
	ck_assert_int_eq(w->server[0].created, 1);
}
END_TEST

/* The list changes while it is read: what moved from one page to the other is not gone. */
START_TEST(the_list_moves_while_it_is_read)
{
	for (int i = 0; i < 100; i++)
		world_stranger(w, 0);
	world_begin(w);
	world_put(w, "a.py", "sleep 60000");
	world_until(w, MINUTES, world_ran(w, "sleep 60000") == 1);
	world_forget(w);
	world_crash(w);
	world_until(w, MINUTES, strstr(w->trace.data, "from=0") != NULL);
	struct fx_http delete = { .method = HTTP_DELETE, .path = "/sessions/7" };
	char *body;
	ck_assert_int_eq(server_answer(w, 0, &delete, &body), 200);
	free(body);
	world_until(w, 2 * MINUTES, world_done(w, "a.py"));
	ck_assert_str_eq(world_status(w, "a.py"), "ok");
}
END_TEST

/* A session that was born after the list was written is not gone because it is not in it. */
START_TEST(born_while_the_list_was_on_its_way)
{
	w->pool[0].warm[KIND_PYSPARK] = 1;
	w->server[0].create_ms = 3000;
	world_begin(w);
	world_run(w, 2000);
	world_fault(w,
	    (struct world_fault){
		.method = HTTP_GET, .path = "/sessions[?]*", .fate = FATE_WELL, .delay_ms = 5000 });
	world_reload(w); /* meets the server anew */
	world_until(w, MINUTES, core_counts(w->core).sessions_idle == 1);
	world_run(w, MINUTES);
	ck_assert_int_eq(w->server[0].created, 1);
}
END_TEST

START_TEST(a_restart_goes_on_with_what_runs)
{
	world_begin(w);
	world_put(w, "a.py", "sleep 60000");
	world_until(w, MINUTES, world_ran(w, "sleep 60000") == 1);
	world_crash(w);
	world_until(w, 2 * MINUTES, world_done(w, "a.py"));
	ck_assert_str_eq(world_status(w, "a.py"), "ok");
	ck_assert_int_eq(world_ran(w, "sleep 60000"), 1);
	ck_assert_int_eq(w->server[0].created, 1);
}
END_TEST

START_TEST(a_restart_while_the_server_is_away)
{
	world_begin(w);
	world_put(w, "a.py", "sleep 60000");
	world_until(w, MINUTES, world_ran(w, "sleep 60000") == 1);
	world_fault(
	    w, (struct world_fault){ .method = HTTP_GET, .fate = FATE_NOT_SENT, .times = -1 });
	world_crash(w);
	world_run(w, 10 * MINUTES);
	all_well_again();
	ck_assert_int_eq(world_ran(w, "sleep 60000"), 1);
}
END_TEST

START_TEST(what_was_retired_is_deleted_after_a_restart)
{
	w->pool[0].isolation = ISOLATION_FRESH;
	world_begin(w);
	world_put(w, "a.py", "work");
	world_until(
	    w, MINUTES, world_row(w, "a.py") && world_row(w, "a.py")->rec.state == JOB_ANSWERED);
	world_fault(
	    w, (struct world_fault){ .method = HTTP_DELETE, .fate = FATE_NOT_SENT, .times = -1 });
	world_run(w, 500);
	world_mend(w);
	world_crash(w);
	world_until(w, MINUTES, w->server[0].deleted == 1);
	world_run(w, MINUTES);
	ck_assert_int_eq(world_ran(w, "work"), 1);
}
END_TEST

START_TEST(both_were_restarted)
{
	world_begin(w);
	world_put(w, "a.py", "sleep 60000");
	world_until(w, MINUTES, world_ran(w, "sleep 60000") == 1);
	world_forgetful_restart(w, 0);
	world_stranger(w, 0);
	world_crash(w);
	world_until(w, MINUTES, world_done(w, "a.py"));
	ck_assert_str_eq(world_status(w, "a.py"), "died");
	ck_assert_int_eq(w->server[0].session[0]->count, 0);
}
END_TEST

/* ---- servers without names ------------------------------------------------------------------------- */

static void begin_nameless(void)
{
	w->server[0].version = NULL;
	w->pool[0].warm[KIND_PYSPARK] = 1;
	w->pool[0].max = 1;
	world_begin(w);
	world_until(w, MINUTES, core_counts(w->core).sessions_idle == 1);
}

/* A proxy's own words, in the first moments of a life: the server behind it has names all the same. */
START_TEST(an_odd_version_is_asked_for_again)
{
	static const char *const reply[] = { "{}", "[]", "\"yes\"", "{\"id\":", "<html></html>" };
	for (size_t i = 0; i < ARRAY_LEN(reply); i++)
		world_fault(w, (struct world_fault){ .method = HTTP_GET,
				   .path = "/version",
				   .fate = FATE_MANGLED,
				   .status = i == 4 ? 408 : 200,
				   .reply = reply[i] });
	world_begin(w);
	world_put(w, "a.py", "one");
	world_until(w, 10 * MINUTES, world_done(w, "a.py"));
	ck_assert_ptr_nonnull(w->server[0].session[0]->name);
}
END_TEST

/* That it could not be reached before is no reason to believe it sooner. */
START_TEST(an_odd_version_after_a_night_that_was_down)
{
	world_fault(
	    w, (struct world_fault){
		   .method = HTTP_GET, .path = "/version", .fate = FATE_NOT_SENT, .times = 9 });
	world_fault(w, (struct world_fault){ .method = HTTP_GET,
			   .path = "/version",
			   .fate = FATE_MANGLED,
			   .status = 200,
			   .reply = "<html></html>" });
	world_begin(w);
	world_put(w, "a.py", "one");
	world_until(w, 60 * MINUTES, world_done(w, "a.py"));
	ck_assert_ptr_nonnull(w->server[0].session[0]->name);
	ck_assert_int_eq(world_logged(w, "names=no"), 0);
}
END_TEST

/* One that never says anything else is believed. */
START_TEST(a_version_that_is_none)
{
	world_fault(w, (struct world_fault){ .method = HTTP_GET,
			   .path = "/version",
			   .fate = FATE_MANGLED,
			   .status = 200,
			   .reply = "{}",
			   .times = -1 });
	w->server[0].version = NULL;
	world_begin(w);
	world_put(w, "a.py", "one");
	world_until(w, 10 * MINUTES, world_done(w, "a.py"));
	ck_assert_ptr_null(w->server[0].session[0]->name);
}
END_TEST

/* What was said first can never be read again: it is nobody's that may be used or deleted. */
START_TEST(without_names_and_without_a_channel)
{
	begin_nameless();
	w->server[0].session[0]->closed = true;
	w->any_number = true; /* it stays until the server's idle timeout */
	world_reload(w);
	world_put(w, "a.py", "one");
	world_until(w, 10 * MINUTES, world_done(w, "a.py"));
	world_put(w, "b.py", "two");
	world_until(w, 10 * MINUTES, world_done(w, "b.py"));
	ck_assert_str_eq(world_status(w, "b.py"), "ok");
	ck_assert_int_eq(w->server[0].deleted, 0);
}
END_TEST

/* It is being proven after a break when the answer to what it was sent before says that it starts anew, and
 * that comes before the proof, which cannot be read or can. */
START_TEST(without_names_it_starts_while_it_is_proven)
{
	begin_nameless();
	world_fault(w, (struct world_fault){ .method = HTTP_POST,
			   .path = "/sessions/0/statements",
			   .fate = FATE_STATUS,
			   .status = 400,
			   .reply = "{\"msg\":\"Session is in state starting\"}",
			   .delay_ms = 10000 });
	world_forget(w);
	world_put(w, "a.py", "work");
	world_until(w, MINUTES, strstr(w->trace.data, "/statements") != NULL);
	world_fault(w, (struct world_fault){ .method = HTTP_GET,
			   .path = "/sessions/0/statements",
			   .fate = _i == 0 ? FATE_STATUS : FATE_WELL,
			   .status = 500,
			   .reply = "\"java.lang.OutOfMemoryError\"",
			   .delay_ms = 20000 });
	world_reload(w);
	world_until(w, 10 * MINUTES, world_done(w, "a.py"));
	ck_assert_str_eq(world_status(w, "a.py"), "ok");
	ck_assert_int_eq(world_ran(w, "work"), 1);
	ck_assert_int_eq(w->server[0].created, 1);
}
END_TEST

START_TEST(without_names_ids_do)
{
	begin_nameless();
	world_put(w, "a.py", "work");
	all_well_again();
	ck_assert_str_eq(ledger_session(&w->ledger, 1)->livy_id, "0");
}
END_TEST

START_TEST(without_names_the_token_is_looked_for)
{
	begin_nameless();
	world_forget(w);
	world_crash(w);
	world_put(w, "a.py", "work");
	all_well_again();
	ck_assert_int_eq(w->server[0].created, 1);
	world_story(w, "statements$", "GET /sessions/s1/statements\n");
}
END_TEST

START_TEST(without_names_a_strangers_id_is_not_ours)
{
	begin_nameless();
	world_forgetful_restart(w, 0);
	world_stranger(w, 0);
	world_crash(w);
	world_put(w, "a.py", "work");
	all_well_again();
	ck_assert_int_eq(w->server[0].session[0]->count, 0);
	ck_assert_int_eq(w->server[0].deleted, 0);
}
END_TEST

/* Nor is anything more said to an id that the list does not have: the next session gets it, and nobody
 * knows whose that is. */
START_TEST(without_names_what_is_not_listed_is_left_alone)
{
	w->spool[0].python = STYLE_SCRIPT;
	begin_nameless();
	world_put(w, "a.py", "sleep 600000");
	world_until(w, MINUTES,
	    world_row(w, "a.py") != NULL && world_row(w, "a.py")->rec.state == JOB_RUNNING);
	world_fault(w, (struct world_fault){ .fate = FATE_NOT_SENT, .times = -1 });
	world_run(w, MINUTES);
	world_forgetful_restart(w, 0);
	world_mend(w);
	world_forget(w);
	world_put(w, "b.py", "work");
	world_until(w, 5 * MINUTES, world_done(w, "b.py"));
	ck_assert_str_eq(world_status(w, "a.py"), "died");
	const char *first = strstr(w->trace.data, "POST /sessions/");
	ck_assert_ptr_nonnull(first);
	ck_assert_msg(strncmp(first, "POST /sessions/s1/", 18) != 0, "%.200s", first);
	const char *asked = strstr(w->trace.data, "GET /sessions/s1/statements\n");
	ck_assert_msg(asked != NULL && asked < first, "%s", world_tail(&w->trace));
}
END_TEST

START_TEST(without_names_what_runs_goes_on)
{
	begin_nameless();
	world_put(w, "a.py", "sleep 60000");
	world_until(w, MINUTES, world_ran(w, "sleep 60000") == 1);
	world_crash(w);
	all_well_again();
	ck_assert_int_eq(world_ran(w, "sleep 60000"), 1);
}
END_TEST

/* The question for the token may fail like any other: that says nothing about the session. */
START_TEST(without_names_a_lost_question_is_asked_again)
{
	begin_nameless();
	world_put(w, "a.py", "sleep 60000");
	world_until(w, MINUTES, world_ran(w, "sleep 60000") == 1);
	world_fault(
	    w, (struct world_fault){
		   .method = HTTP_GET, .path = "/sessions/0/statements", .fate = FATE_LOST_AFTER });
	world_crash(w);
	all_well_again();
}
END_TEST

/* Nor can it be asked when its channel is closed: ours or not, nothing will come of it any more. */
START_TEST(without_names_a_closed_channel_is_the_end)
{
	begin_nameless();
	world_put(w, "a.py", "sleep 60000");
	world_until(w, MINUTES, world_ran(w, "sleep 60000") == 1);
	world_fault(w, (struct world_fault){ .method = HTTP_GET,
			   .path = "/sessions/0/statements*",
			   .fate = FATE_STATUS,
			   .status = 500,
			   .reply = "\"java.lang.IllegalStateException: RPC channel is closed.\"",
			   .times = -1 });
	w->any_number = true;
	world_crash(w);
	world_until(w, 3 * MINUTES, world_done(w, "a.py"));
	ck_assert_str_eq(world_status(w, "a.py"), "died");
	world_put(w, "b.py", "work");
	world_until(w, 3 * MINUTES, world_done(w, "b.py"));
	ck_assert_str_eq(world_status(w, "b.py"), "ok");
	ck_assert_int_eq(w->server[0].deleted, 0);
}
END_TEST

START_TEST(without_names_a_lost_creation_cannot_be_found)
{
	w->server[0].version = NULL;
	w->any_number = true;
	world_fault(w, (struct world_fault){
			   .method = HTTP_POST, .path = "/sessions", .fate = FATE_LOST_AFTER });
	world_begin(w);
	world_put(w, "a.py", "work");
	world_run(w, MINUTES);
	all_well_again();
	ck_assert_int_eq(w->server[0].created, 2);
	ck_assert_int_eq(w->server[0].deleted, 0);
}
END_TEST

START_TEST(without_names_nor_an_id_after_a_restart)
{
	w->server[0].version = NULL;
	w->server[0].create_ms = 5000;
	w->any_number = true;
	world_begin(w);
	world_put(w, "a.py", "work");
	world_run(w, 2000);
	world_crash(w); /* before the id was known */
	all_well_again();
	ck_assert_int_eq(world_ran(w, "work"), 1);
}
END_TEST

START_TEST(without_names_a_lost_post_is_unknown)
{
	begin_nameless();
	world_fault(w, (struct world_fault){ .method = HTTP_POST,
			   .path = "/sessions/*/statements",
			   .body = "work",
			   .fate = FATE_LOST_AFTER });
	world_put(w, "a.py", "work");
	world_until(w, 3 * MINUTES, world_done(w, "a.py"));
	ck_assert_str_eq(world_status(w, "a.py"), "unknown");
	ck_assert_int_eq(world_ran(w, "work"), 1);
}
END_TEST

/* An id that is lower than the last one known: the session is another one (facts of Livy). */
START_TEST(without_names_a_restart_between_two_files)
{
	begin_nameless();
	world_put(w, "a.py", "first");
	world_until(w, MINUTES, world_done(w, "a.py"));
	world_run(w, 1000);
	world_forgetful_restart(w, 0);
	world_stranger(w, 0);
	world_put(w, "b.py", "second");
	world_until(w, 3 * MINUTES, world_done(w, "b.py"));
	world_put(w, "c.py", "third");
	world_until(w, 3 * MINUTES, world_done(w, "c.py"));
	ck_assert_int_gt(world_session_of(w, "third")->id, 0);
}
END_TEST

/* Nothing without our token is deleted either. */
START_TEST(without_names_a_stranger_is_not_deleted)
{
	w->pool[0].idle_timeout_ms = 5 * MINUTES;
	w->server[0].version = NULL;
	world_begin(w);
	world_put(w, "a.py", "work");
	all_well_again();
	world_forgetful_restart(w, 0);
	world_stranger(w, 0);
	world_run(w, 20 * MINUTES);
	ck_assert_int_eq(w->server[0].deleted, 0);
}
END_TEST

static bool waits_for_an_answer(void)
{
	const struct world_session *s = w->server[0].session[0];
	return w->replies == 0 && s->count > 0 && s->statement[s->count - 1].output == NULL;
}

/* A runner that could not be asked for its answer has not kept it back: the server was away for an hour, or
 * nothing could be committed on our own disk. What runs there runs on. */
START_TEST(nobody_has_asked)
{
	w->spool[0].python = STYLE_SCRIPT;
	w->pool[0].warm[KIND_PYSPARK] = 1;
	world_begin(w);
	world_put(w, "a.py", "sleep 7200000");
	world_until(w, MINUTES, world_ran(w, "sleep 7200000") == 1);
	world_run(w, 1000);
	world_until(w, MINUTES, waits_for_an_answer());
	if (_i == 0) {
		world_fault(w, (struct world_fault){ .fate = FATE_NOT_SENT, .times = -1 });
		world_run(w, 60 * MINUTES);
		world_mend(w);
	} else {
		w->now.mono_ms += 60 * MINUTES;
		w->now.real_ms += 60 * MINUTES;
	}
	world_until(w, 180 * MINUTES, world_done(w, "a.py"));
	ck_assert_str_eq(world_status(w, "a.py"), "ok");
	ck_assert_int_eq(w->server[0].created, 1);
}
END_TEST

/* The server is restarted while nobody asks it anything, and says that there is no such statement, or no
 * such session alive: of a stranger's, that has our id now and was verified a minute ago as ours. */
START_TEST(without_names_a_restart_unseen)
{
	w->spool[0].python = _i == 2 ? STYLE_SCRIPT : STYLE_RAW;
	begin_nameless();
	world_run(w, 3 * MINUTES);
	world_put(w, "a.py", "sleep 60000");
	world_until(w, MINUTES, world_ran(w, "sleep 60000") == 1);
	world_run(w, 1000);
	world_until(w, MINUTES, waits_for_an_answer());
	world_forgetful_restart(w, 0);
	world_stranger(w, 0);
	w->server[0].session[0]->dead = _i == 1;
	world_until(w, 10 * MINUTES, world_done(w, "a.py"));
	world_run(w, MINUTES);
	ck_assert_str_eq(world_status(w, "a.py"), _i == 0 ? "unknown" : "died");
	ck_assert_int_eq(w->server[0].session[0]->touched, 0);
}
END_TEST

/* The same, while the runner is told that it may forget what has ended, or is just being brought. */
START_TEST(without_names_a_restart_between_runs)
{
	w->spool[0].python = STYLE_SCRIPT;
	w->pool[0].max = 1;
	if (_i == 0) {
		begin_nameless();
		world_put(w, "a.py", "work");
		world_until(w, MINUTES, world_done(w, "a.py"));
	} else {
		w->server[0].version = NULL;
		w->pool[0].warm[KIND_PYSPARK] = 1;
		world_begin(w);
		world_until(w, MINUTES, w->server[0].session[0]->count == 2);
	}
	world_until(w, MINUTES, waits_for_an_answer());
	world_forgetful_restart(w, 0);
	world_stranger(w, 0);
	world_run(w, 10 * 1000);
	world_put(w, "b.py", "other");
	world_until(w, 10 * MINUTES, world_done(w, "b.py"));
	ck_assert_str_eq(world_status(w, "b.py"), "ok");
	ck_assert_int_eq(w->server[0].session[0]->touched, 0);
}
END_TEST

/* Its session is proven each time, and the next answer is not to be had as well. */
START_TEST(without_names_all_answers_are_dropped)
{
	w->spool[0].python = STYLE_SCRIPT;
	begin_nameless();
	world_put(w, "a.py", "sleep 36000000");
	world_until(w, MINUTES, world_ran(w, "sleep 36000000") == 1);
	world_run(w, 1000);
	world_fault(w, (struct world_fault){ .method = HTTP_GET,
			   .path = "/sessions/0/statements/*",
			   .fate = FATE_MANGLED,
			   .status = 404,
			   .reply = "{\"msg\":\"Statement not found\"}",
			   .times = -1 });
	world_until(w, 30 * MINUTES, world_done(w, "a.py"));
	ck_assert_str_eq(world_status(w, "a.py"), "died");
	world_mend(w);
	world_put(w, "b.py", "work");
	world_until(w, 30 * MINUTES, world_done(w, "b.py"));
	ck_assert_str_eq(world_status(w, "b.py"), "ok");
}
END_TEST

/* All that its session has printed is larger than what we read, or the driver chokes on it: its token
 * cannot be had, and that is nobody's trouble but that session's. */
static const enum world_fate unproven[] = { FATE_TOO_BIG, FATE_MANGLED, FATE_LOST_AFTER };

START_TEST(without_names_and_never_proven)
{
	w->pool[0].max = 1;
	w->any_number = true;
	begin_nameless();
	world_put(w, "a.py", "sleep 60000");
	world_until(w, MINUTES, world_ran(w, "sleep 60000") == 1);
	world_fault(w, (struct world_fault){ .method = HTTP_GET,
			   .path = "/sessions/0/statements",
			   .fate = unproven[_i],
			   .status = 500,
			   .reply = "\"java.lang.OutOfMemoryError\"",
			   .times = -1 });
	world_crash(w);
	world_forget(w);
	world_put(w, "b.py", "work");
	world_until(w, 30 * MINUTES, world_done(w, "b.py"));
	ck_assert_str_eq(world_status(w, "b.py"), "ok");
	ck_assert_str_eq(world_status(w, "a.py"), "died");
	ck_assert_int_le(world_logged(w, "event=down"), 1);
	ck_assert_int_eq(w->server[0].deleted, 0);
}
END_TEST

/* The same, when not even its state can be read. */
START_TEST(without_names_and_its_state_is_an_error)
{
	w->pool[0].max = 1;
	w->any_number = true;
	w->spool[0].python = _i == 2 ? STYLE_SCRIPT : STYLE_RAW;
	begin_nameless();
	if (_i > 0) {
		world_put(w, "a.py", "sleep 60000");
		world_until(w, MINUTES, world_ran(w, "sleep 60000") == 1);
	}
	world_fault(w, (struct world_fault){ .method = HTTP_GET,
			   .path = "/sessions/0",
			   .fate = FATE_STATUS,
			   .status = 500,
			   .reply = "\"java.lang.OutOfMemoryError\"",
			   .times = -1 });
	world_fault(w, (struct world_fault){ .method = HTTP_GET,
			   .path = "/sessions/0/statements",
			   .fate = FATE_STATUS,
			   .status = 500,
			   .reply = "\"java.lang.OutOfMemoryError\"",
			   .times = -1 });
	const int touched = w->server[0].session[0]->touched;
	world_crash(w);
	world_forget(w);
	world_put(w, "b.py", "work");
	world_until(w, 30 * MINUTES, world_done(w, "b.py"));
	ck_assert_str_eq(world_status(w, "b.py"), "ok");
	ck_assert_int_eq(w->server[0].session[0]->touched, touched);
}
END_TEST

/* At a start, a gateway's page in the place of the version: our sessions in the list bear our names, so
 * this server has some. */
START_TEST(a_page_for_a_version)
{
	world_begin(w);
	world_put(w, "a.py", "sleep 60000");
	world_until(w, MINUTES, world_ran(w, "sleep 60000") == 1);
	world_fault(w, (struct world_fault){ .method = HTTP_GET,
			   .path = "/version",
			   .fate = FATE_MANGLED,
			   .status = 200,
			   .reply = "<html></html>" });
	world_crash(w);
	world_forget(w);
	world_until(w, 2 * MINUTES, world_done(w, "a.py"));
	ck_assert_str_eq(world_status(w, "a.py"), "ok");
	ck_assert_int_eq(world_logged(w, "event=found by=token"), 0);
	ck_assert_int_eq(world_logged(w, "names=yes"), 1);
}
END_TEST

/* A creation that was swallowed and comes out when nobody looks for it any more: with its name, it
 * can still be known as ours. */
/* That its state cannot be read is no sign that it is there: it comes after all, and is ours. */
START_TEST(born_too_late_and_not_to_be_seen)
{
	w->pool[0].warm[KIND_PYSPARK] = 1;
	world_fault(w,
	    (struct world_fault){
		.method = HTTP_POST, .path = "/sessions", .fate = FATE_LATE, .delay_ms = 300000 });
	world_fault(w, (struct world_fault){ .method = HTTP_GET,
			   .path = "/sessions/*",
			   .fate = FATE_STATUS,
			   .status = 500,
			   .reply = "\"no\"",
			   .times = 20 });
	world_begin(w);
	world_run(w, 70 * MINUTES);
	ck_assert_int_eq(world_alive(w, 0), 1);
}
END_TEST

START_TEST(born_too_late)
{
	w->any_number = true;
	world_fault(w,
	    (struct world_fault){
		.method = HTTP_POST, .path = "/sessions", .fate = FATE_LATE, .delay_ms = 90000 });
	world_begin(w);
	world_put(w, "a.py", "work");
	world_run(w, 5 * MINUTES);
	ck_assert_int_eq(world_ran(w, "work"), 1);
	world_run(w, 60 * MINUTES);
	ck_assert_int_eq(world_alive(w, 0), 1);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("contact");
	TCase *t = tcase_create("contact");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_loop_test(t, one_line_and_longer_pauses, 0, ARRAY_LEN(door));
	tcase_add_test(t, the_pauses_grow_to_two_minutes);
	tcase_add_loop_test(t, an_hour_away_and_no_storm, 0, 2);
	tcase_add_test(t, another_cause_is_another_line);
	tcase_add_test(t, retry_after_is_heard);
	tcase_add_test(t, two_servers_are_two_matters);
	tcase_add_loop_test(t, taken_out_of_the_configuration, 0, 2);
	tcase_add_loop_test(t, the_pool_is_moved_to_another, 0, 4);
	tcase_add_loop_test(t, the_pool_leaves_a_dead_server, 0, 6);
	tcase_add_loop_test(t, the_url_is_another, 0, 16);
	tcase_add_test(t, the_url_is_another_while_it_starts);
	tcase_add_loop_test(t, the_url_is_another_behind_a_fence, 0, 2);
	tcase_add_test(t, strangers_are_left_alone);
	tcase_add_test(t, the_list_has_pages);
	tcase_add_test(t, not_listed_while_it_starts);
	tcase_add_test(t, the_list_moves_while_it_is_read);
	tcase_add_test(t, born_while_the_list_was_on_its_way);
	tcase_add_test(t, a_restart_goes_on_with_what_runs);
	tcase_add_test(t, a_restart_while_the_server_is_away);
	tcase_add_test(t, what_was_retired_is_deleted_after_a_restart);
	tcase_add_test(t, both_were_restarted);
	tcase_add_test(t, an_odd_version_is_asked_for_again);
	tcase_add_test(t, an_odd_version_after_a_night_that_was_down);
	tcase_add_test(t, a_version_that_is_none);
	tcase_add_test(t, without_names_and_without_a_channel);
	tcase_add_loop_test(t, without_names_it_starts_while_it_is_proven, 0, 2);
	tcase_add_test(t, without_names_ids_do);
	tcase_add_test(t, without_names_the_token_is_looked_for);
	tcase_add_test(t, without_names_a_strangers_id_is_not_ours);
	tcase_add_test(t, without_names_what_is_not_listed_is_left_alone);
	tcase_add_test(t, without_names_what_runs_goes_on);
	tcase_add_test(t, without_names_a_lost_question_is_asked_again);
	tcase_add_test(t, without_names_a_closed_channel_is_the_end);
	tcase_add_test(t, without_names_a_lost_creation_cannot_be_found);
	tcase_add_test(t, without_names_nor_an_id_after_a_restart);
	tcase_add_test(t, without_names_a_lost_post_is_unknown);
	tcase_add_test(t, without_names_a_restart_between_two_files);
	tcase_add_test(t, without_names_a_stranger_is_not_deleted);
	tcase_add_loop_test(t, nobody_has_asked, 0, 2);
	tcase_add_loop_test(t, without_names_a_restart_unseen, 0, 3);
	tcase_add_loop_test(t, without_names_a_restart_between_runs, 0, 2);
	tcase_add_test(t, without_names_all_answers_are_dropped);
	tcase_add_loop_test(t, without_names_and_never_proven, 0, (int)ARRAY_LEN(unproven));
	tcase_add_loop_test(t, without_names_and_its_state_is_an_error, 0, 3);
	tcase_add_test(t, a_page_for_a_version);
	tcase_add_test(t, born_too_late);
	tcase_add_test(t, born_too_late_and_not_to_be_seen);
	suite_add_tcase(s, t);
	return help_run(s);
}
