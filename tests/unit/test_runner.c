/* test_runner: files as processes in a session's runner, against the model of it. */
#include "world.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define MINUTES INT64_C(60000)

static struct world *w;

static void setup(void)
{
	w = world_new();
	w->spool[0].python = w->spool[0].sql = STYLE_SCRIPT;
	w->pool[0].warm[KIND_PYSPARK] = 1;
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

static void ran_once(const char *code)
{
	ck_assert_msg(world_ran(w, code) == 1, "'%s' ran %d times", code, world_ran(w, code));
}

static void ends_as(const char *name, const char *status)
{
	world_until(w, 10 * MINUTES, world_done(w, name));
	ck_assert_str_eq(world_status(w, name), status);
	ck_assert_msg(world_recorded(w, name, status), "%s", world_text(w, name));
}

static bool record_says(const char *name, const char *text)
{
	char *json = xasprintf("%s.json", name);
	bool says = strstr(world_text(w, json), text) != NULL;
	free(json);
	return says;
}

static int posts(void)
{
	const char *p = w->trace.data == NULL ? "" : w->trace.data;
	int n = 0;
	while ((p = strstr(p, "POST ")) != NULL) {
		n++;
		p++;
	}
	return n;
}

/* ---- the way of a file ----------------------------------------------------------------------- */

START_TEST(one_call_for_a_short_file)
{
	begin_warm();
	world_put(w, "a.py", "work");
	ends_as("a.py", "ok");
	world_story(w, "^\\+|POST|append|stage|publish|\\(ran",
	    "+ job 1 QUEUED\n"
	    "+ session 1 IDLE 1\n"
	    "+ job 1 SENDING +code\n"
	    "POST /sessions/s1/statements [runner]\n"
	    "(ran work)\n"
	    "append 1 at 0\n"
	    "stage a.py.out a.py.json\n"
	    "+ job 1 STAGED ok +answer\n"
	    "+ session 1 IDLE 2\n"
	    "publish a.py.out a.py.json\n"
	    "+ job 1 DONE ok -blobs\n");
	ck_assert_str_eq(world_text(w, "a.py.out"), "work");
	ck_assert(record_says("a.py", "\"exit_code\": 0"));
	/* A second later its runner may forget it. */
	world_forget(w);
	world_run(w, 5000);
	world_story(w, "POST", "POST /sessions/s1/statements [runner]\n");
}
END_TEST

START_TEST(an_exit_code)
{
	begin_warm();
	world_put(w, "a.py", "exit 7");
	ends_as("a.py", "error");
	ck_assert(record_says("a.py", "\"exit_code\": 7"));
	ck_assert(record_says("a.py", "it ended with exit code 7"));
}
END_TEST

START_TEST(four_at_once_in_one_session)
{
	begin_warm();
	int64_t start = w->now.mono_ms;
	for (int i = 0; i < 4; i++) {
		char name[] = "a0.py";
		name[1] = (char)('0' + i);
		world_put(w, name, "sleep 30000");
	}
	world_until(w, MINUTES, world_done(w, "a0.py") && world_done(w, "a3.py"));
	ck_assert_int_lt(w->now.mono_ms - start, 45000);
	ck_assert_int_eq(world_ran(w, "sleep 30000"), 4);
	ck_assert_int_eq(w->server[0].created, 2); /* the first was full: another is kept ready */
}
END_TEST

START_TEST(the_fifth_opens_another_session)
{
	begin_warm();
	for (int i = 0; i < 5; i++) {
		char name[] = "a0.py";
		name[1] = (char)('0' + i);
		world_put(w, name, "sleep 60000");
	}
	world_until(w, MINUTES, world_ran(w, "sleep 60000") == 5);
	world_run(w, 20000);
	ck_assert_int_eq(w->server[0].created, 2);
}
END_TEST

/* How long a file that comes so long after another waits for its start. */
static int64_t held_up_ms(int64_t after_ms)
{
	world_put(w, "a.py", "sleep 60000");
	world_until(w, MINUTES, world_ran(w, "sleep 60000") == 1);
	world_run(w, after_ms);
	world_put(w, "b.py", "work");
	int64_t start = w->now.mono_ms;
	world_until(w, MINUTES, world_ran(w, "work") == 1);
	return w->now.mono_ms - start;
}

/* A call that waits for a young file holds up the next one, though there is a place for it. */
START_TEST(a_file_that_comes_meanwhile)
{
	int64_t sum_ms = 0;
	int64_t alone_ms = 0;
	for (int i = 0; i <= 30; i++) {
		begin_warm();
		int64_t ms = held_up_ms(i == 0 ? 30000 : i * 40);
		alone_ms = i == 0 ? ms : alone_ms;
		sum_ms += ms;
		ck_assert_int_le(ms - alone_ms, 200);
		teardown();
		setup();
	}
	ck_assert_int_le(sum_ms / 30 - alone_ms, 60);
}
END_TEST

START_TEST(python_and_sql_share_a_session)
{
	begin_warm();
	world_put(w, "a.py", "sleep 5000");
	world_put(w, "b.sql", "sleep 5001");
	world_until(w, MINUTES, world_done(w, "a.py") && world_done(w, "b.sql"));
	ck_assert_int_eq(w->server[0].created, 1);
}
END_TEST

START_TEST(output_in_pieces)
{
	begin_warm();
	world_put(w, "a.py", "big 5500");
	ends_as("a.py", "ok");
	ck_assert_uint_eq(strlen(world_text(w, "a.py.out")), 5500);
	ck_assert_str_eq(world_text(w, "a.py.out") + 5494, "00big ");
	world_story(w, "append",
	    "append 1 at 0\nappend 1 at 1000\nappend 1 at 2000\n"
	    "append 1 at 3000\nappend 1 at 4000\nappend 1 at 5000\n");
}
END_TEST

/* A long run is asked after less and less often. */
START_TEST(a_long_run_costs_little)
{
	begin_warm();
	world_put(w, "a.py", "sleep 7200000");
	world_until(w, 200 * MINUTES, world_done(w, "a.py"));
	ck_assert_int_lt(posts(), 150);
	ck_assert_str_eq(world_status(w, "a.py"), "ok");
}
END_TEST

START_TEST(a_time_limit_is_the_runners)
{
	w->spool[0].timeout_ms = 5000;
	begin_warm();
	int64_t start = w->now.mono_ms;
	world_put(w, "a.py", "sleep 600000");
	ends_as("a.py", "timeout");
	ck_assert_int_lt(w->now.mono_ms - start, 7000);
	ck_assert(record_says("a.py", "\"Timeout\""));
	ck_assert_str_eq(world_text(w, "a.py.err"),
	    "sparkspool: Timeout: the time limit has passed; the file was ended\n");
	ck_assert_int_eq(w->server[0].deleted, 0);
}
END_TEST

/* Its runner should have ended it. */
START_TEST(the_time_limit_is_not_kept)
{
	w->server[0].limitless = true;
	w->spool[0].timeout_ms = 5000;
	begin_warm();
	world_put(w, "a.py", "sleep 600000");
	world_until(w, MINUTES, world_ran(w, "sleep 600000") == 1);
	if (_i == 1)
		world_crash(w);
	int64_t start = w->now.mono_ms;
	ends_as("a.py", "timeout");
	ck_assert_int_lt(w->now.mono_ms - start, 60000);
	ran_once("sleep 600000");
}
END_TEST

/* Between two lives our wall clock jumps, or it has always been another one than the driver's. */
START_TEST(a_time_limit_and_another_clock)
{
	w->spool[0].timeout_ms = MINUTES;
	begin_warm();
	world_put(w, "a.py", "sleep 50000");
	world_put(w, "b.py", "sleep 600000");
	world_until(
	    w, MINUTES, world_ran(w, "sleep 50000") == 1 && world_ran(w, "sleep 600000") == 1);
	world_run(w, 1000);
	w->now.real_ms += _i == 0 ? 60 * MINUTES : -60 * MINUTES;
	world_crash(w);
	int64_t start = w->now.mono_ms;
	ends_as("a.py", "ok");
	ends_as("b.py", "timeout");
	ck_assert_int_lt(w->now.mono_ms - start, 2 * MINUTES);
}
END_TEST

/* ---- calls that are lost ---------------------------------------------------------------------- */

static const enum world_fate fates[] = { FATE_NOT_SENT, FATE_LOST_BEFORE, FATE_LOST_AFTER,
	FATE_LATE };

/* What befalls the call that starts it: it runs, and once. */
static void runs_once_in_spite_of(struct world_fault fault)
{
	begin_warm();
	fault.method = HTTP_POST;
	fault.path = "/sessions/*/statements";
	fault.body = "start";
	world_fault(w, fault);
	world_put(w, "a.py", "work");
	ends_as("a.py", "ok");
	world_run(w, MINUTES);
	ran_once("work");
	ck_assert_int_eq(w->server[0].created, 1);
}

START_TEST(the_start_is_lost)
{
	runs_once_in_spite_of((struct world_fault){ .fate = fates[_i], .delay_ms = 7000 });
}
END_TEST

/* A gateway's words, or the server's own, of a call that has arrived or not. */
static const struct {
	enum world_fate fate;
	int status;
	const char *reply;
} no_answers[] = {
	{ FATE_MANGLED, 502, "<html><head><title>Bad Gateway</title></head></html>" },
	{ FATE_MANGLED, 504, "<html><head><title>Gateway Time-out</title></head></html>" },
	{ FATE_MANGLED, 500, "\"java.util.concurrent.TimeoutException\"" },
	{ FATE_MANGLED, 201, "{\"id\":2,\"co" },
	{ FATE_TOO_BIG, 0, NULL },
	{ FATE_STATUS, 502, "<html><head><title>Bad Gateway</title></head></html>" },
	{ FATE_STATUS, 500, "\"java.util.concurrent.TimeoutException\"" },
};

START_TEST(the_start_is_answered_by_others)
{
	runs_once_in_spite_of((struct world_fault){ .fate = no_answers[_i].fate,
	    .status = no_answers[_i].status,
	    .reply = no_answers[_i].reply,
	    .times = 1 + _i % 3 });
}
END_TEST

/* Any call of many, in any way. */
START_TEST(every_third_call_is_lost)
{
	begin_warm();
	for (int i = 0; i < 4; i++)
		world_fault(w,
		    (struct world_fault){ .method = i % 2 == 0 ? HTTP_POST : HTTP_GET,
			.path = i % 2 == 0 ? "/sessions/*/statements" : "/sessions/*/statements/*",
			.fate = fates[i],
			.delay_ms = 3000,
			.skip = _i + 2 * i,
			.times = 3 });
	world_put(w, "a.py", "sleep 20000");
	world_put(w, "b.py", "big 3500");
	world_put(w, "c.py", "exit 3");
	ends_as("a.py", "ok");
	ends_as("b.py", "ok");
	ends_as("c.py", "error");
	ck_assert_uint_eq(strlen(world_text(w, "b.py.out")), 3500);
	ran_once("sleep 20000");
	ran_once("big 3500");
	ran_once("exit 3");
}
END_TEST

START_TEST(an_answer_that_is_none)
{
	begin_warm();
	world_fault(
	    w, (struct world_fault){ .method = HTTP_GET,
		   .path = "/sessions/*/statements/*",
		   .fate = FATE_MANGLED,
		   .status = 200,
		   .reply = "{\"id\":2,\"state\":\"available\",\"output\":{\"status\":\"ok\","
			    "\"data\":{\"text/plain\":\"hello\"}}}",
		   .times = 2 });
	world_put(w, "a.py", "work");
	ends_as("a.py", "ok");
	ran_once("work");
}
END_TEST

/* A statement that can never be read is not asked for for ever: another call is made. */
START_TEST(one_statement_is_500_for_ever)
{
	begin_warm();
	world_fault(w, (struct world_fault){ .method = HTTP_GET,
			   .path = "/sessions/*/statements/2",
			   .fate = FATE_STATUS,
			   .status = 500,
			   .reply = "\"java.lang.Exception: boom\"",
			   .times = -1 });
	world_put(w, "a.py", "work");
	ends_as("a.py", "ok");
	ran_once("work");
	ck_assert_int_eq(w->server[0].created, 1);
}
END_TEST

/* ---- what dies --------------------------------------------------------------------------------- */

START_TEST(the_driver_dies)
{
	begin_warm();
	world_put(w, "a.py", "die 3000");
	world_put(w, "b.py", "sleep 60000");
	ends_as("a.py", "died");
	ends_as("b.py", "died");
	ran_once("die 3000");
	ran_once("sleep 60000");
	ck_assert(record_says("b.py", "SessionDied"));
}
END_TEST

/* Its runs end as died; the session is retired, and the next file finds another. */
START_TEST(the_zygote_dies)
{
	begin_warm();
	world_put(w, "a.py", "kill 3000");
	world_put(w, "b.py", "sleep 60000");
	ends_as("b.py", "died");
	ck_assert(record_says("b.py", "RunnerDied"));
	world_put(w, "c.py", "work");
	ends_as("c.py", "ok");
	world_until(w, MINUTES, w->server[0].deleted == 1);
}
END_TEST

/* Committed and sent, or not: after a crash the session is gone. */
START_TEST(the_session_is_gone_after_a_crash)
{
	begin_warm();
	world_put(w, "a.py", "sleep 60000");
	world_until(w, MINUTES, world_ran(w, "sleep 60000") == 1);
	world_run(w, _i * 400);
	world_forgetful_restart(w, 0);
	world_crash(w);
	world_until(w, 10 * MINUTES, world_done(w, "a.py"));
	ran_once("sleep 60000");
	/* Whether the row of its start was written makes the difference. */
	const char *status = world_status(w, "a.py");
	ck_assert(str_eq(status, "died") || (_i == 0 && str_eq(status, "unknown")));
}
END_TEST

/* ---- the disk ----------------------------------------------------------------------------------- */

START_TEST(the_disk_is_full_for_a_while)
{
	begin_warm();
	w->dir[0]->append_err = ENOSPC;
	w->dir[0]->stage_err = ENOSPC;
	world_put(w, "a.py", "big 2500");
	ends_as("a.py", "ok");
	ck_assert_uint_eq(strlen(world_text(w, "a.py.out")), 2500);
	ck_assert_int_eq(world_logged(w, "event=appending-failed"), 1);
	ran_once("big 2500");
}
END_TEST

/* A server of files that has forgotten the directory for a moment says so in the same word for all that
 * lies in it: its results are there when it is opened anew. */
START_TEST(a_stale_directory_is_no_loss)
{
	begin_warm();
	w->dir[0]->publish_err = ESTALE;
	world_put(w, "a.py", "big 2500");
	ends_as("a.py", "ok");
	ck_assert_uint_eq(strlen(world_text(w, "a.py.out")), 2500);
	ck_assert_ptr_null(strstr(world_text(w, "a.py.json"), "is lost"));
	ck_assert_int_eq(world_logged(w, "event=publishing-failed"), 1);
	ran_once("big 2500");
}
END_TEST

static struct world_file *hidden(void)
{
	for (size_t i = 0; i < w->dir[0]->count; i++)
		if (strncmp(w->dir[0]->file[i].name, ".sparkspool-", 12) == 0)
			return &w->dir[0]->file[i];
	return NULL;
}

/* Somebody tidies up hidden files: what the runner still has is fetched again. */
START_TEST(the_parts_are_removed)
{
	begin_warm();
	w->dir[0]->stage_err = EIO;
	world_put(w, "a.py", "big 2500");
	world_until(w, MINUTES, world_logged(w, "event=writing-failed") == 1);
	ck_assert_ptr_nonnull(hidden());
	dir_unlink(w->dir[0], hidden());
	ends_as("a.py", "ok");
	ck_assert_uint_eq(strlen(world_text(w, "a.py.out")), 2500);
	ran_once("big 2500");
}
END_TEST

/* ---- terms ---------------------------------------------------------------------------------------- */

START_TEST(a_file_wants_a_session_for_itself)
{
	begin_warm();
	world_put(w, "a.py", "# sparkspool: isolation=fresh\nwork");
	ends_as("a.py", "ok");
	world_until(w, 2 * MINUTES, w->server[0].deleted == 1);
	world_until(w, 2 * MINUTES, core_counts(w->core).sessions_idle == 1);
	ck_assert_int_eq(w->server[0].created, 2);
}
END_TEST

/* A used session is no fresh one: it waits for another. */
START_TEST(fresh_is_not_used)
{
	begin_warm();
	world_put(w, "a.py", "work");
	ends_as("a.py", "ok");
	world_put(w, "b.py", "# sparkspool: isolation=fresh\nmore");
	ends_as("b.py", "ok");
	ck_assert_int_eq(w->server[0].created, 2);
}
END_TEST

START_TEST(a_file_names_its_pool)
{
	size_t big = world_add_pool(w, "big");
	w->pool[big].warm[KIND_PYSPARK] = 0;
	begin_warm();
	world_put(w, "a.py", "# sparkspool: pool=big\nwork");
	ends_as("a.py", "ok");
	ck_assert(record_says("a.py", "\"pool\": \"big\""));
}
END_TEST

START_TEST(a_file_may_be_stricter)
{
	begin_warm();
	world_put(w, "a.py", "sleep 600000\n");
	world_put(w, "b.py", "# sparkspool: timeout=2s\n");
	world_put(w, "c.py", "# sparkspool: timeout=2s nonsense=1\nwork");
	ends_as("c.py", "rejected");
	ck_assert(record_says("c.py", "nonsense"));
	ends_as("b.py", "ok");
}
END_TEST

START_TEST(raw_where_the_file_says_so)
{
	begin_warm();
	world_put(w, "a.py", "# sparkspool: style=raw\nwork");
	ends_as("a.py", "ok");
	ck_assert_str_eq(world_text(w, "a.py.out"), "# sparkspool: style=raw\nwork\n");
	ck_assert_int_eq(w->server[0].created, 2);
}
END_TEST

/* A session that is never idle is retired all the same. */
START_TEST(a_busy_session_drains)
{
	w->pool[0].recycle_statements = 3;
	begin_warm();
	for (int i = 0; i < 12; i++) {
		char name[] = "a0.py";
		name[1] = (char)('a' + i);
		world_put(w, name, "sleep 3000");
	}
	world_until(w, 5 * MINUTES, world_done(w, "al.py") && world_done(w, "ak.py"));
	world_until(w, 5 * MINUTES, w->server[0].deleted >= 2);
	ck_assert_int_eq(world_ran(w, "sleep 3000"), 12);
}
END_TEST

START_TEST(owners_do_not_meet)
{
	begin_warm();
	world_put(w, "a.py", "sleep 20000")->ident.uid = 1000;
	world_run(w, 2000);
	world_put(w, "b.py", "sleep 20001")->ident.uid = 1001;
	world_until(w, 3 * MINUTES, world_done(w, "a.py") && world_done(w, "b.py"));
	ck_assert_int_eq(w->server[0].created, 2);
}
END_TEST

START_TEST(a_stop_leaves_it_running)
{
	begin_warm();
	world_put(w, "a.py", "sleep 60000");
	world_until(w, MINUTES, world_ran(w, "sleep 60000") == 1);
	world_run(w, 1000);
	world_stop(w);
	world_until(w, 25000, core_is_done(w->core, w->now.mono_ms));
	world_crash(w);
	ends_as("a.py", "ok");
	ran_once("sleep 60000");
}
END_TEST

/* When it ended, not when somebody heard of it. */
START_TEST(it_ends_while_nobody_looks)
{
	char text[TIME_TEXT_LEN];
	begin_warm();
	world_put(w, "a.py", "sleep 60000");
	world_until(w, MINUTES, world_ran(w, "sleep 60000") == 1);
	for (int method = HTTP_GET; method <= HTTP_DELETE; method++)
		world_fault(w,
		    (struct world_fault){
			.method = (enum http_method)method, .fate = FATE_NOT_SENT, .times = -1 });
	world_run(w, 10 * MINUTES);
	world_mend(w);
	ends_as("a.py", "ok");
	const char *begun = strstr(world_text(w, "a.py.json"), "\"started_ms\":");
	ck_assert_ptr_nonnull(begun);
	int64_t begun_ms = strtoll(begun + strlen("\"started_ms\":"), NULL, 10);
	char *finished = xasprintf("\"finished\": \"%s\"", time_to_text(begun_ms + 60000, text));
	ck_assert_msg(
	    record_says("a.py", finished), "%s: %s", finished, world_text(w, "a.py.json"));
	ck_assert_int_gt(w->now.real_ms, begun_ms + 5 * MINUTES);
	free(finished);
}
END_TEST

/* ---- what it leaves ------------------------------------------------------------------------------- */

static void text_is(const char *name, const char *text)
{
	ck_assert_msg(strcmp(world_text(w, name), text) == 0, "%s: %s", name, world_text(w, name));
}

START_TEST(everything_that_it_leaves)
{
	begin_warm();
	world_put(w, "a.py", "fail +err +csv +png +files +warn");
	ends_as("a.py", "error");
	text_is("a.py.out", "fail +err +csv +png +files +warn");
	text_is("a.py.err", "oops");
	text_is("a.py.csv", "a\r\n1\r\n");
	text_is("a.py.1.png", "PNG");
	text_is("a.py.files/a.txt", "left");
	text_is("a.py.files/sub/b.txt", "");
	ck_assert(record_says("a.py", "\"beware\""));
	ck_assert(record_says("a.py", "\"a.py.files/sub/b.txt\""));
	ck_assert(record_says("a.py", "\"exit_code\": 1"));
	ck_assert(record_says("a.py", "\"truncated\": null"));
}
END_TEST

/* The second run's files take the place of the first's, in directories as well. */
START_TEST(a_run_again_with_files)
{
	begin_warm();
	world_put(w, "a.py", "work +files +csv");
	ends_as("a.py", "ok");
	world_run(w, 1000);
	world_write(w, "a.py", "work again +files");
	world_until(w, 5 * MINUTES, world_ran(w, "work again +files") == 1);
	world_until(w, 5 * MINUTES, strstr(world_text(w, "a.py.out"), "again") != NULL);
	ends_as("a.py", "ok");
	text_is("a.py.files/a.txt", "left");
	text_is("a.py.csv", "(none)");
	ran_once("work +files +csv");
}
END_TEST

/* What no runner of ours says: a name that leads out, bytes that never come, an end without a code. */
static const struct {
	const char *code;
	const char *status;
	const char *word;
} lies[] = {
	{ "work +escape", "ok", "files/../x is left behind" },
	{ "sleep 20000 +escape", "ok", "files/../x is left behind" },
	{ "work +short", "ok", "\"csv\": 10" },
	{ "sleep 20000 +short", "ok", "\"csv\": 10" },
	{ "work +endless", "error", "its runner does not say how it ended" },
	{ "work +huge", "ok", "csv is cut: a limit of the spool" },
	{ "sleep 20000 +huge", "ok", "csv is cut: a limit of the spool" },
	{ "work +flood", "ok", "csv is cut: a limit of the spool" },
	{ "sleep 20000 +flood", "ok", "csv is cut: a limit of the spool" },
	{ "work +wrong", "ok", "\"csv\": 10" },
	{ "sleep 20000 +wrong", "ok", "\"csv\": 10" },
};

/* Who speaks in a runner's place, or an odd one, fills no disk: what the spool does not take is cut,
 * whatever is said of it. */
START_TEST(more_than_its_limit)
{
	static const struct {
		const char *code;
		const char *word;
		const char *name;
	} t[] = {
		{ "big 5500", "\"out\": 3500", "a.py.out" },
		{ "work +flood", "csv is cut", "a.py.csv" },
		{ "sleep 20000 +flood", "csv is cut", "a.py.csv" },
	};
	w->spool[0].output_bytes_max = 2000;
	begin_warm();
	world_put(w, "a.py", t[_i].code);
	ends_as("a.py", "ok");
	ck_assert_uint_eq(strlen(world_text(w, t[_i].name)), 2000);
	ck_assert_msg(record_says("a.py", t[_i].word), "%s", world_text(w, "a.py.json"));
	ck_assert(record_says("a.py", "is cut: a limit of the spool"));
}
END_TEST

/* Of all together: each of them fits. */
START_TEST(more_files_than_their_limit)
{
	w->spool[0].files_bytes_max = 3;
	begin_warm();
	world_put(w, "a.py", "work +files");
	ends_as("a.py", "ok");
	text_is("a.py.files/a.txt", "lef");
	text_is("a.py.files/sub/b.txt", "");
	ck_assert(record_says("a.py", "\"files/a.txt\": 1"));
}
END_TEST

/* A reload takes nothing back of what is there. */
START_TEST(a_smaller_limit_comes_while_it_is_fetched)
{
	begin_warm();
	world_put(w, "a.py", "big 5500");
	world_until(w, MINUTES, strstr(w->trace.data, "append 1 at 1000") != NULL);
	w->spool[0].output_bytes_max = 1000;
	world_reload(w);
	ends_as("a.py", "ok");
	size_t got = strlen(world_text(w, "a.py.out"));
	ck_assert(got == 2000 || got == 3000);
	ck_assert(record_says("a.py", "out is cut"));
}
END_TEST

START_TEST(a_runner_that_lies)
{
	w->spool[0].output_bytes_max = 2000;
	begin_warm();
	world_put(w, "a.py", lies[_i].code);
	ends_as("a.py", lies[_i].status);
	ck_assert_msg(record_says("a.py", lies[_i].word), "%s", world_text(w, "a.py.json"));
	text_is("x", "(none)");
	text_is("a.py.out", lies[_i].code);
	ran_once(lies[_i].code);
	/* Once is enough for people, and some hundred calls for a runner. */
	const char *json = strstr(world_text(w, "a.py.json"), "left behind");
	ck_assert(json == NULL || strstr(json + 1, "left behind") == NULL);
	ck_assert_int_lt(posts(), strstr(lies[_i].code, "+wrong") != NULL ? 200 : 100);
}
END_TEST

/* Its clock is not ours, and whatever runs there may speak in its place: no file begins before it was
 * queued, or ends when that is yet to come. */
START_TEST(a_clock_of_another_age)
{
	static const char *const code[] = { "sleep 60000 +ahead", "sleep 60000 +behind" };
	begin_warm();
	const int64_t from_ms = w->now.real_ms;
	world_put(w, "a.py", code[_i]);
	world_until(w, MINUTES, world_ran(w, code[_i]) == 1);
	ends_as("a.py", "ok");
	const struct world_row *row = ledger_job(&w->ledger, 1);
	ck_assert_ptr_nonnull(row);
	ck_assert_int_ge(row->rec.run->started_ms, from_ms);
	ck_assert_int_le(row->rec.run->started_ms, w->now.real_ms);
	ck_assert_int_ge(row->rec.run->finished_ms, row->rec.run->started_ms + 50000);
	ck_assert_int_le(row->rec.run->finished_ms, w->now.real_ms);
}
END_TEST

/* Its output is to be seen while it runs, but no more calls are made for it than for a silent one. */
START_TEST(a_run_that_prints_all_the_time)
{
	begin_warm();
	world_put(w, "a.py", "drip 3600000");
	world_until(w, MINUTES, world_ran(w, "drip 3600000") == 1);
	world_run(w, 30000);
	const struct world_file *part = hidden();
	ck_assert_ptr_nonnull(part);
	ck_assert_int_gt(part->ident.size, 500);
	world_until(w, 100 * MINUTES, world_done(w, "a.py"));
	ck_assert_uint_eq(strlen(world_text(w, "a.py.out")), 5 * 36000);
	ck_assert_int_lt(posts(), 400);
}
END_TEST

/* An answer has place for one of them at a time. */
START_TEST(two_that_print_a_lot)
{
	begin_warm();
	world_put(w, "a.py", "big 60000");
	world_put(w, "b.py", "big 60001");
	world_until(w, MINUTES, world_done(w, "a.py") || world_done(w, "b.py"));
	world_run(w, 3000);
	ck_assert(world_done(w, "a.py") && world_done(w, "b.py")); /* side by side */
	ck_assert_uint_eq(strlen(world_text(w, "a.py.out")), 60000);
	ck_assert_uint_eq(strlen(world_text(w, "b.py.out")), 60001);
}
END_TEST

/* One spool's disk is full: the files of another one have their answers. */
START_TEST(a_full_disk_is_its_own_trouble)
{
	size_t other = world_add_spool(w, "other", 0);
	w->spool[other].python = STYLE_SCRIPT;
	begin_warm();
	w->dir[0]->full = true;
	world_put(w, "a.py", "big 3500");
	world_run(w, 5000);
	world_put_in(w, other, "b.py", "big 5000");
	world_until(w, 2 * MINUTES, world_done(w, "b.py"));
	ck_assert(!world_done(w, "a.py"));
	w->dir[0]->full = false;
	ends_as("a.py", "ok");
	ran_once("big 3500");
}
END_TEST

/* ---- what is not begun --------------------------------------------------------------------------- */

START_TEST(helper_modules_are_brought_once)
{
	w->spool[0].modules = (char *)"/modules";
	w->dir[0]->modules = "[{\"name\":\"helper.py\",\"data\":\"cGFzcwo=\"}]";
	begin_warm();
	world_put(w, "a.py", "work");
	ends_as("a.py", "ok");
	world_story(w, "POST",
	    "POST /sessions/s1/statements [runner]\n"	/* they are missing there */
	    "POST /sessions/s1/statements [runner]\n"); /* brought, and begun */
	world_run(w, 5000);
	world_forget(w);
	world_put(w, "b.py", "more");
	ends_as("b.py", "ok");
	world_story(w, "POST", "POST /sessions/s1/statements [runner]\n");
	/* Others, and it is they that count. */
	w->dir[0]->modules = "[{\"name\":\"helper.py\",\"data\":\"MQo=\"}]";
	world_put(w, "c.py", "other");
	ends_as("c.py", "ok");
	ran_once("work");
	ran_once("other");
}
END_TEST

START_TEST(the_runner_refuses_it)
{
	w->server[0].refusal = "name is not the name of a file";
	begin_warm();
	world_put(w, "a.py", "work");
	ends_as("a.py", "rejected");
	ck_assert(record_says("a.py", "the runner refuses it: name is not"));
	ck_assert_int_eq(world_ran(w, "work"), 0);
	w->server[0].refusal = NULL;
	world_put(w, "b.py", "good");
	ends_as("b.py", "ok");
	ck_assert_int_eq(w->server[0].created, 1);
}
END_TEST

/* Its start was sent twice, and one of the two comes when the file has been told its end, and when the
 * runner would have room for it. */
START_TEST(what_was_refused_does_not_begin_later)
{
	begin_warm();
	w->server[0].refusal = "no room on the disk";
	world_fault(w, (struct world_fault){ .method = HTTP_POST,
			   .path = "/sessions/*/statements",
			   .body = "start",
			   .fate = FATE_LATE,
			   .delay_ms = MINUTES });
	world_put(w, "a.py", "work");
	ends_as("a.py", "rejected");
	w->server[0].refusal = NULL;
	world_until(w, 2 * MINUTES, w->arrived == 1);
	world_run(w, MINUTES);
	ck_assert_int_eq(world_ran(w, "work"), 0);
}
END_TEST

/* More slots than the runner was booted with: those who find no place wait for one. */
START_TEST(the_runner_is_full)
{
	w->pool[0].slots = 1;
	w->pool[0].max = 1;
	begin_warm();
	w->pool[0].slots = 4;
	world_reload(w);
	world_run(w, 1000);
	world_put(w, "a.py", "sleep 20000");
	world_put(w, "b.py", "sleep 20001");
	world_put(w, "c.py", "sleep 20002");
	world_until(w, 3 * MINUTES,
	    world_done(w, "a.py") && world_done(w, "b.py") && world_done(w, "c.py"));
	ran_once("sleep 20000");
	ran_once("sleep 20001");
	ran_once("sleep 20002");
	ck_assert_int_lt(posts(), 400);
}
END_TEST

/* The server will not have the statement, whatever it is sent: the files in it are to blame. */
START_TEST(the_server_refuses_the_call)
{
	begin_warm();
	world_fault(w, (struct world_fault){ .method = HTTP_POST,
			   .path = "/sessions/*/statements",
			   .body = "start",
			   .fate = FATE_STATUS,
			   .status = 400,
			   .reply = "{\"msg\":\"requirement failed: too long\"}" });
	world_put(w, "a.py", "work");
	ends_as("a.py", "rejected");
	ck_assert(record_says("a.py", "too long"));
	world_put(w, "b.py", "good");
	ends_as("b.py", "ok");
	ck_assert_int_eq(w->server[0].created, 1);
}
END_TEST

/* Several files in one call, and a gateway lets no more than so many bytes through, or not this file: that
 * is no fault of those that happened to come at the same time. */
static void refuse(const char *what, int times)
{
	world_fault(w, (struct world_fault){ .method = HTTP_POST,
			   .path = "/sessions/*/statements",
			   .body = what,
			   .fate = FATE_STATUS,
			   .status = 413,
			   .reply = "<html><title>413 Request Entity Too Large</title></html>",
			   .times = times });
}

START_TEST(others_in_a_refused_call)
{
	static const char *const status[] = { "ok", "rejected" };
	w->pool[0].slots = 8;
	begin_warm();
	world_put(w, "n.py", "sleep 20000");
	world_until(w, MINUTES, world_ran(w, "sleep 20000") == 1);
	world_until(w, MINUTES, w->replies > 0);
	refuse("c.py", _i == 0 ? 1 : -1);
	world_put(w, "b.py", "before");
	world_put(w, "c.py", "large");
	world_put(w, "d.py", "behind");
	ends_as("b.py", "ok");
	ends_as("c.py", status[_i]);
	ends_as("d.py", "ok");
	ends_as("n.py", "ok");
	ran_once("before");
	ran_once("behind");
	ck_assert_int_eq(world_ran(w, "large"), _i == 0 ? 1 : 0);
	ck_assert_int_eq(w->server[0].created, 1);
}
END_TEST

/* It may have come in, since the connection was lost at first: then it shall not begin any more, and those
 * that run beside it have nothing to do with that. */
START_TEST(lost_and_then_refused)
{
	begin_warm();
	world_put(w, "n.py", "sleep 60000");
	world_until(w, MINUTES, world_ran(w, "sleep 60000") == 1);
	world_fault(w, (struct world_fault){ .method = HTTP_POST,
			   .path = "/sessions/*/statements",
			   .body = "a.py",
			   .fate = _i == 0 ? FATE_LOST_BEFORE : FATE_LOST_AFTER });
	refuse("a.py", -1);
	world_put(w, "a.py", "large");
	ends_as("a.py", _i == 0 ? "rejected" : "ok");
	ends_as("n.py", "ok");
	ck_assert_int_eq(world_ran(w, "large"), _i);
	ran_once("sleep 60000");
	ck_assert_int_eq(w->server[0].created, 1);
}
END_TEST

/* ---- other runners --------------------------------------------------------------------------------- */

/* Where nothing can be forked a file runs within its call, and its record says so. */
START_TEST(in_the_interpreter)
{
	w->server[0].alone = "no fork here";
	begin_warm();
	world_put(w, "a.py", "sleep 30000");
	world_put(w, "b.py", "exit 3 +err");
	ends_as("a.py", "ok");
	ends_as("b.py", "error");
	ck_assert(record_says("a.py", "not as a process: no fork here"));
	text_is("b.py.err", "oops");
	ck_assert(record_says("b.py", "\"exit_code\": 3"));
	ran_once("sleep 30000");
	ran_once("exit 3 +err");
}
END_TEST

START_TEST(in_the_interpreter_over_a_crash)
{
	w->server[0].alone = "no fork here";
	begin_warm();
	world_put(w, "a.py", "sleep 60000");
	world_until(w, MINUTES, world_ran(w, "sleep 60000") == 1);
	world_run(w, 10000 * _i);
	world_crash(w);
	ends_as("a.py", "ok");
	ran_once("sleep 60000");
}
END_TEST

/* The daemon was replaced: what runs goes on, and then the session makes place for a newer runner. */
START_TEST(an_older_runner)
{
	static char newer[] = "# another runner\n";
	begin_warm();
	world_put(w, "a.py", "sleep 60000");
	world_until(w, MINUTES, world_ran(w, "sleep 60000") == 1);
	world_run(w, 1000);
	w->conf.runner_code = newer;
	w->conf.runner_code_bytes = strlen(newer);
	world_crash(w);
	world_run(w, 20000);
	world_put(w, "b.py", "work");
	ends_as("b.py", "ok");
	ck_assert_int_eq(w->server[0].created, 2); /* not in the old one */
	ends_as("a.py", "ok");
	world_until(w, 2 * MINUTES, w->server[0].deleted == 1);
	ran_once("sleep 60000");
}
END_TEST

START_TEST(the_runner_may_forget)
{
	begin_warm();
	for (int i = 0; i < 8; i++) {
		char name[] = "a0.py";
		name[1] = (char)('0' + i);
		world_put(w, name, "work");
	}
	world_until(w, MINUTES, world_done(w, "a7.py"));
	world_run(w, 5000);
	ck_assert_int_eq(world_acked(w), 8);
}
END_TEST

/* What has run in it is known to the next life, also while others still do. */
START_TEST(used_is_used)
{
	begin_warm();
	world_put(w, "a.py", "sleep 60000");
	world_put(w, "b.py", "work");
	world_until(w, MINUTES, world_done(w, "b.py"));
	ck_assert_uint_gt(w->ledger.sessions, 0);
	ck_assert_int_eq(w->ledger.session[0].statements, 1);
	ck_assert_str_eq(world_status(w, "a.py"), "");
}
END_TEST

/* The record names the pool in which it ran, whatever the spool's is by then. */
START_TEST(the_pool_it_ran_in)
{
	begin_warm();
	world_put(w, "a.py", "sleep 20000");
	world_until(w, MINUTES, world_ran(w, "sleep 20000") == 1);
	world_run(w, 1000);
	w->spool[0].pool = world_add_pool(w, "elsewhere");
	world_reload(w);
	ends_as("a.py", "ok");
	ck_assert_msg(record_says("a.py", "\"pool\": \"main\""), "%s", world_text(w, "a.py.json"));
}
END_TEST

/* ---- other servers --------------------------------------------------------------------------------- */

static void list_only(void)
{
	w->server[0].version = NULL;
	w->server[0].list_only = true;
}

static void nameless(void)
{
	w->server[0].version = NULL;
}

static void newer(void)
{
	w->server[0].version = "0.10.0";
}

static void (*const servers[])(void) = { list_only, nameless, newer };

START_TEST(on_other_servers)
{
	servers[_i]();
	begin_warm();
	world_put(w, "a.py", "sleep 20000 +files");
	world_put(w, "b.sql", "big 5000");
	world_put(w, "c.py", "exit 3");
	ends_as("a.py", "ok");
	ends_as("b.sql", "ok");
	ends_as("c.py", "error");
	text_is("a.py.files/a.txt", "left");
	ck_assert_uint_eq(strlen(world_text(w, "b.sql.out")), 5000);
	ran_once("sleep 20000 +files");
	ran_once("big 5000");
	ck_assert_int_eq(w->server[0].created, 1);
}
END_TEST

START_TEST(on_other_servers_over_a_crash)
{
	servers[_i / 4]();
	begin_warm();
	world_put(w, "a.py", "sleep 20000");
	world_until(w, MINUTES, world_ran(w, "sleep 20000") == 1);
	world_run(w, 700 * (_i % 4));
	world_crash(w);
	ends_as("a.py", "ok");
	ran_once("sleep 20000");
	ck_assert_int_eq(w->server[0].created, 1);
}
END_TEST

/* Where there is only a list, all answers that the server keeps come with each: together they must
 * not be too large. */
START_TEST(a_list_of_large_answers)
{
	list_only();
	w->endpoint[0].answer_bytes_max = 1 << 20;
	w->server[0].piece_bytes = 1 << 20;
	begin_warm();
	world_put(w, "a.py", "big 150000");
	ends_as("a.py", "ok");
	ck_assert_uint_eq(strlen(world_text(w, "a.py.out")), 150000);
	ran_once("big 150000");
}
END_TEST

/* What the server keeps of the code of all that was sent lies in the list, too: a session goes before that is
 * more than is read, and nothing that runs in it has to bear it. */
START_TEST(a_list_of_large_files)
{
	w->endpoint[0].statements = STATEMENTS_LIST;
	w->endpoint[0].answer_bytes_max = 300000;
	w->pool[0].max = 2;
	begin_warm();
	world_put(w, "n.py", "sleep 1200000");
	for (int i = 0; i < 12; i++) {
		char *name = xasprintf("a%d.py", i);
		char *code = xcalloc(1, 20001);
		memset(code, 'a' + i, 20000);
		world_put(w, name, code);
		ends_as(name, "ok");
		ran_once(code);
		free(code);
		free(name);
	}
	world_until(w, 20 * MINUTES, world_done(w, "n.py"));
	ends_as("n.py", "ok");
	ran_once("sleep 1200000");
}
END_TEST

/* ---- as their owners -------------------------------------------------------------------------------- */

START_TEST(as_its_owner)
{
	w->pool[0].session.proxy_user = (char *)"%owner";
	world_begin(w);
	world_put(w, "a.py", "sleep 20000")->ident.uid = 1000;
	world_put(w, "b.py", "sleep 20001")->ident.uid = 1001;
	world_put(w, "c.py", "sleep 20002")->ident.uid = 1000;
	world_put(w, "d.py", "work")->ident.uid = 60001;
	world_until(w, 3 * MINUTES,
	    world_done(w, "a.py") && world_done(w, "b.py") && world_done(w, "c.py"));
	ck_assert_int_eq(w->server[0].created, 2);
	ran_once("sleep 20002");
	ck_assert_str_eq(world_status(w, "d.py"), "rejected");
	ck_assert_int_eq(world_ran(w, "work"), 0);
}
END_TEST

static void add_ways(TCase *t)
{
	tcase_add_test(t, everything_that_it_leaves);
	tcase_add_test(t, a_run_again_with_files);
	tcase_add_loop_test(t, a_clock_of_another_age, 0, 2);
	tcase_add_loop_test(t, more_than_its_limit, 0, 3);
	tcase_add_test(t, more_files_than_their_limit);
	tcase_add_test(t, a_smaller_limit_comes_while_it_is_fetched);
	tcase_add_loop_test(t, a_runner_that_lies, 0, ARRAY_LEN(lies));
	tcase_add_test(t, a_run_that_prints_all_the_time);
	tcase_add_test(t, two_that_print_a_lot);
	tcase_add_test(t, a_full_disk_is_its_own_trouble);
	tcase_add_test(t, helper_modules_are_brought_once);
	tcase_add_test(t, the_runner_refuses_it);
	tcase_add_test(t, what_was_refused_does_not_begin_later);
	tcase_add_test(t, the_runner_is_full);
	tcase_add_test(t, the_server_refuses_the_call);
	tcase_add_loop_test(t, others_in_a_refused_call, 0, 2);
	tcase_add_loop_test(t, lost_and_then_refused, 0, 2);
	tcase_add_test(t, in_the_interpreter);
	tcase_add_loop_test(t, in_the_interpreter_over_a_crash, 0, 4);
	tcase_add_test(t, an_older_runner);
	tcase_add_test(t, the_runner_may_forget);
	tcase_add_test(t, used_is_used);
	tcase_add_test(t, the_pool_it_ran_in);
	tcase_add_loop_test(t, on_other_servers, 0, ARRAY_LEN(servers));
	tcase_add_loop_test(t, on_other_servers_over_a_crash, 0, 4 * ARRAY_LEN(servers));
	tcase_add_test(t, a_list_of_large_answers);
	tcase_add_test(t, a_list_of_large_files);
	tcase_add_test(t, as_its_owner);
}

static Suite *runner_suite(void)
{
	Suite *s = suite_create("runner");
	TCase *t = tcase_create("runner");
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, one_call_for_a_short_file);
	tcase_add_test(t, an_exit_code);
	tcase_add_test(t, four_at_once_in_one_session);
	tcase_add_test(t, the_fifth_opens_another_session);
	tcase_add_test(t, a_file_that_comes_meanwhile);
	tcase_add_test(t, python_and_sql_share_a_session);
	tcase_add_test(t, output_in_pieces);
	tcase_add_test(t, a_long_run_costs_little);
	tcase_add_test(t, a_time_limit_is_the_runners);
	tcase_add_loop_test(t, a_time_limit_and_another_clock, 0, 2);
	tcase_add_loop_test(t, the_time_limit_is_not_kept, 0, 2);
	tcase_add_loop_test(t, the_start_is_lost, 0, ARRAY_LEN(fates));
	tcase_add_loop_test(t, the_start_is_answered_by_others, 0, ARRAY_LEN(no_answers));
	tcase_add_loop_test(t, every_third_call_is_lost, 0, 20);
	tcase_add_test(t, an_answer_that_is_none);
	tcase_add_test(t, one_statement_is_500_for_ever);
	tcase_add_test(t, the_driver_dies);
	tcase_add_test(t, the_zygote_dies);
	tcase_add_loop_test(t, the_session_is_gone_after_a_crash, 0, 3);
	tcase_add_test(t, the_disk_is_full_for_a_while);
	tcase_add_test(t, a_stale_directory_is_no_loss);
	tcase_add_test(t, the_parts_are_removed);
	tcase_add_test(t, a_file_wants_a_session_for_itself);
	tcase_add_test(t, fresh_is_not_used);
	tcase_add_test(t, a_file_names_its_pool);
	tcase_add_test(t, a_file_may_be_stricter);
	tcase_add_test(t, raw_where_the_file_says_so);
	tcase_add_test(t, a_busy_session_drains);
	tcase_add_test(t, owners_do_not_meet);
	tcase_add_test(t, a_stop_leaves_it_running);
	tcase_add_test(t, it_ends_while_nobody_looks);
	add_ways(t);
	suite_add_tcase(s, t);
	return s;
}

int main(void)
{
	SRunner *runner = srunner_create(runner_suite());
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
