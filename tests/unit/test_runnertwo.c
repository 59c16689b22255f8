/* test_runnertwo: files in a session's runner, and something else that happens just then. */
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

static void starts(const char *name, const char *code)
{
	world_put(w, name, code);
	world_until(w, MINUTES, world_ran(w, code) == 1);
}

static void is_running(const char *name)
{
	world_until(
	    w, MINUTES, world_row(w, name) != NULL && world_row(w, name)->rec.state == JOB_RUNNING);
}

/* Once, whatever befell it, and its end is one. */
static void ends_as(const char *name, const char *code, const char *status)
{
	world_until(w, 30 * MINUTES, world_done(w, name));
	world_run(w, 2 * MINUTES);
	ck_assert_str_eq(world_status(w, name), status);
	ck_assert_msg(world_recorded(w, name, status), "%s", world_text(w, name));
	ck_assert_msg(world_ran(w, code) == 1, "'%s' ran %d times", code, world_ran(w, code));
}

/* ---- the session is lost ---------------------------------------------------------------------- */

/* The call that starts it was accepted, and its answer never comes: it may have run. */
START_TEST(the_driver_dies_within_the_first_call)
{
	begin_warm();
	starts("a.py", "die 50");
	ends_as("a.py", "die 50", "unknown");
}
END_TEST

START_TEST(the_session_goes_within_the_first_call)
{
	begin_warm();
	starts("a.py", "sleep 60000");
	world_forgetful_restart(w, 0);
	ends_as("a.py", "sleep 60000", "unknown");
}
END_TEST

static int hidden(void)
{
	int n = 0;
	for (size_t i = 0; i < w->dir[0]->count; i++)
		n += w->dir[0]->file[i].name[0] == '.';
	return n;
}

/* No row says yet that it has ended: another life has to begin it again, and knows nothing of what lies
 * there already. */
static void waits_again(void)
{
	w->spool[0].on_unknown = ON_UNKNOWN_RERUN;
	begin_warm();
	w->server[0].piece_bytes = 100;
	starts("a.py", "big 3500");
	world_until(w, MINUTES, hidden() == 1);
	ck_assert_int_eq(world_row(w, "a.py")->rec.state, JOB_SENDING);
	world_forgetful_restart(w, 0);
	w->server[0].start_ms = 10 * MINUTES;
	world_crash(w);
	world_until(w, 5 * MINUTES, world_logged(w, "event=requeued") == 1);
	ck_assert_int_eq(hidden(), 1);
}

static void ends_without_a_trace(void)
{
	world_until(w, 5 * MINUTES, world_done(w, "a.py"));
	ck_assert_str_eq(world_status(w, "a.py"), "cancelled");
	ck_assert_int_eq(hidden(), 0);
	ck_assert_ptr_null(world_file(w, "a.py.json"));
}

/* Nothing will ever be published of it, which is when such things are removed. */
START_TEST(what_an_attempt_has_left_goes_with_the_file)
{
	waits_again();
	world_remove(w, "a.py");
	ends_without_a_trace();
}
END_TEST

/* Its file is being looked at just then. */
START_TEST(what_an_attempt_has_left_goes_when_it_is_cancelled)
{
	waits_again();
	dir_notify(w, 0, "a.py", NAME_CLOSED);
	world_ask_as(w, 1, 0, "{\"v\":1,\"do\":\"cancel\",\"jobs\":[\"/spool/in/a.py\"]}");
	ends_without_a_trace();
}
END_TEST

/* Another runner than the one that was booted has carried out the call that starts it. */
START_TEST(another_runner_answers)
{
	begin_warm();
	world_runner_is_another(w, 0);
	starts("a.py", "sleep 60000");
	ends_as("a.py", "sleep 60000", "unknown");
}
END_TEST

START_TEST(another_runner_answers_later)
{
	begin_warm();
	starts("a.py", "sleep 60000");
	is_running("a.py");
	world_runner_is_another(w, 0);
	ends_as("a.py", "sleep 60000", "died");
}
END_TEST

/* ---- the daemon comes back ---------------------------------------------------------------------- */

/* It finds the session dead: what ran in it has died, whether anybody polls it or not. */
START_TEST(the_driver_died_while_nobody_looked)
{
	begin_warm();
	starts("a.py", "sleep 60000");
	is_running("a.py");
	world_run(w, 1000);
	w->server[0].session[0]->dead = true;
	world_crash(w);
	ends_as("a.py", "sleep 60000", "died");
	ck_assert_int_eq(w->server[0].deleted, 1);
}
END_TEST

/* The zygote's death has retired the session; its runs are fetched in the next life. */
START_TEST(a_retired_session_in_the_next_life)
{
	begin_warm();
	starts("a.py", "kill 3000");
	is_running("a.py");
	starts("b.py", "sleep 60000");
	is_running("b.py");
	w->dir[0]->full = true;
	world_run(w, 10000);
	ck_assert(!world_done(w, "a.py"));
	world_crash(w);
	world_run(w, MINUTES);
	w->dir[0]->full = false;
	world_until(w, 10 * MINUTES, world_done(w, "a.py"));
	ends_as("b.py", "sleep 60000", "died");
	ck_assert_str_eq(world_text(w, "b.py.out"), "sleep 60000");
	world_until(w, 5 * MINUTES, w->server[0].deleted == 1);
}
END_TEST

/* The greeting of a session that is found again is lost. Behind its last statement that the ledger
 * knows lie calls of the earlier life: they are no stranger's. */
static const enum world_fate fates[] = { FATE_NOT_SENT, FATE_LOST_BEFORE, FATE_LOST_AFTER,
	FATE_LATE };

START_TEST(the_greeting_after_a_crash_is_lost)
{
	begin_warm();
	starts("a.py", "sleep 60000");
	is_running("a.py");
	world_run(w, 10000);
	world_fault(w, (struct world_fault){ .method = HTTP_POST,
			   .path = "/sessions/*/statements",
			   .fate = fates[_i],
			   .delay_ms = 5000 });
	world_crash(w);
	ends_as("a.py", "sleep 60000", "ok");
	ck_assert_int_eq(w->server[0].created, 1);
}
END_TEST

/* What it answers to the boot is no answer. */
START_TEST(the_boot_after_a_crash_goes_wrong)
{
	begin_warm();
	starts("a.py", "sleep 60000");
	is_running("a.py");
	world_crash(w);
	world_fault(
	    w, (struct world_fault){ .method = HTTP_GET,
		   .path = "/sessions/*/statements/*",
		   .fate = FATE_MANGLED,
		   .status = 200,
		   .reply = "{\"id\":4,\"state\":\"available\",\"output\":{\"status\":\"ok\","
			    "\"data\":{\"text/plain\":\"hello\"}}}",
		   .skip = _i,
		   .times = 1 });
	world_until(w, 30 * MINUTES, world_done(w, "a.py"));
	ck_assert_int_eq(world_ran(w, "sleep 60000"), 1);
	ck_assert(world_recorded(w, "a.py", "died") || world_recorded(w, "a.py", "ok"));
}
END_TEST

/* ---- the session is lost while parts are appended ------------------------------------------------- */

/* A server that has begun anew gives the old session's id to a new one, whose creation is answered
 * sooner or later than the last call is. */
START_TEST(its_id_is_given_again)
{
	size_t other = world_add_pool(w, "other");
	size_t spool = world_add_spool(w, "raw", other);
	w->any_number = true;
	begin_warm();
	starts("a.py", "big 500");
	world_until(w, MINUTES, strstr(w->trace.data, "GET /sessions/s1/statements") != NULL);
	world_run(w, 5 * _i);
	world_forgetful_restart(w, 0);
	world_put_in(w, spool, "b.py", "work");
	world_until(w, 10 * MINUTES, world_done(w, "a.py") && world_done(w, "b.py"));
	world_run(w, 2 * MINUTES);
	ck_assert_int_eq(world_ran(w, "big 500"), 1);
	ck_assert(world_recorded(w, "a.py", "ok") || world_recorded(w, "a.py", "died") ||
		  world_recorded(w, "a.py", "unknown"));
}
END_TEST

/* The same, with the answer to the last call and the creation in one turn. */
START_TEST(the_end_and_the_loss_in_one_turn)
{
	size_t other = world_add_pool(w, "other");
	size_t spool = world_add_spool(w, "raw", other);
	w->any_number = true;
	begin_warm();
	world_fault(w, (struct world_fault){ .method = HTTP_GET,
			   .path = "/sessions/*/statements/*",
			   .fate = FATE_WELL,
			   .delay_ms = 100,
			   .skip = 6 });
	world_fault(
	    w, (struct world_fault){
		   .method = HTTP_POST, .path = "/sessions", .fate = FATE_WELL, .delay_ms = _i });
	starts("a.py", "big 500");
	world_run(w, 250);
	world_forgetful_restart(w, 0);
	world_put_in(w, spool, "b.py", "work");
	world_until(w, 10 * MINUTES, world_done(w, "a.py") && world_done(w, "b.py"));
	ck_assert_int_eq(world_ran(w, "big 500"), 1);
}
END_TEST

/* Its disk is full, and then its session is gone: what is there is written, and what is missing said. */
START_TEST(append_errors_and_then_the_session_is_lost)
{
	begin_warm();
	starts("a.py", "big 2500");
	w->dir[0]->full = true;
	world_run(w, 10000);
	world_forgetful_restart(w, 0);
	world_run(w, 10 * MINUTES);
	w->dir[0]->full = false;
	ends_as("a.py", "big 2500", "died");
	ck_assert_msg(strstr(world_text(w, "a.py.json"), "\"truncated\": {") != NULL, "%s",
	    world_text(w, "a.py.json"));
}
END_TEST

/* ---- its hidden files are gone --------------------------------------------------------------------- */

static void lose_hidden_files(void)
{
	for (size_t i = w->dir[0]->count; i-- > 0;)
		if (strncmp(w->dir[0]->file[i].name, ".sparkspool-", 12) == 0)
			dir_unlink(w->dir[0], &w->dir[0]->file[i]);
}

/* Nobody has what it printed any more: that is said, not passed over. */
static void loses_its_output(void)
{
	lose_hidden_files();
	world_until(w, 30 * MINUTES, world_done(w, "a.py"));
	world_run(w, MINUTES);
	ck_assert(world_recorded(w, "a.py", "ok"));
	ck_assert_str_eq(world_text(w, "a.py.out"), "");
	ck_assert_msg(strstr(world_text(w, "a.py.json"), "is lost") != NULL, "%s",
	    world_text(w, "a.py.json"));
	ck_assert_int_eq(world_ran(w, "work"), 1);
}

START_TEST(staged_and_lost)
{
	begin_warm();
	starts("a.py", "work");
	world_put(w, "a.py.out", "a stranger's");
	world_until(w, MINUTES, world_row(w, "a.py")->rec.state == JOB_STAGED);
	if (_i == 1)
		world_crash(w);
	world_remove(w, "a.py.out");
	loses_its_output();
}
END_TEST

START_TEST(fetched_and_lost_with_its_session)
{
	begin_warm();
	w->dir[0]->stage_err = EIO;
	world_put(w, "a.py", "work");
	world_until(w, MINUTES, world_logged(w, "event=writing-failed") == 1);
	world_forgetful_restart(w, 0);
	world_put(w, "b.py", "another");
	w->dir[0]->stage_err = EIO;
	world_run(w, 1000);
	loses_its_output();
}
END_TEST

/* No row had promised it. */
START_TEST(fetched_and_lost_with_its_session_and_a_life)
{
	begin_warm();
	w->dir[0]->stage_err = EIO;
	world_put(w, "a.py", "work");
	world_until(w, MINUTES, world_logged(w, "event=writing-failed") == 1);
	w->dir[0]->full = true;
	world_forgetful_restart(w, 0);
	world_put(w, "b.py", "another");
	world_until(w, 10 * MINUTES, world_row(w, "a.py")->rec.state == JOB_ANSWERED);
	world_crash(w);
	w->dir[0]->full = false;
	loses_its_output();
}
END_TEST

/* It has them no more either. */
START_TEST(fetched_and_lost_and_forgotten)
{
	begin_warm();
	w->dir[0]->stage_err = EIO;
	world_put(w, "a.py", "work");
	world_until(w, MINUTES, world_logged(w, "event=writing-failed") == 1);
	world_runner_forgets(w, 0);
	loses_its_output();
}
END_TEST

/* What may have run in a session has used it. */
START_TEST(forgotten_and_then_a_fresh_one)
{
	begin_warm();
	world_put(w, "a.py", "sleep 1000");
	world_until(w, MINUTES, world_ran(w, "sleep 1000") == 1);
	w->dir[0]->append_err = EIO; /* its output cannot be had at once */
	world_run(w, 1500);
	world_runner_forgets(w, 0);
	world_until(w, MINUTES, world_done(w, "a.py"));
	ck_assert_str_eq(world_status(w, "a.py"), "unknown");
	world_put(w, "b.py", "# sparkspool: isolation=fresh\nwork");
	world_until(w, 2 * MINUTES, world_done(w, "b.py"));
	ck_assert_str_eq(
	    world_status(w, "b.py"), "ok"); /* the world has seen to it that it was alone */
	ck_assert_int_eq(w->server[0].created, 2);
}
END_TEST

/* ---- alone ------------------------------------------------------------------------------------------- */

/* A session of its own, on a server without names that is met anew just when its results are
 * committed: nobody gets it after that. */
START_TEST(fresh_and_met_anew)
{
	w->server[0].version = NULL;
	w->any_number = true;
	w->pool[0].isolation = ISOLATION_FRESH;
	begin_warm();
	starts("a.py", "sleep 2000");
	is_running("a.py");
	world_run(w, 1500 + 5 * _i);
	world_reload(w);
	world_until(w, 10 * MINUTES, world_done(w, "a.py"));
	world_put(w, "b.py", "work");
	ends_as("b.py", "work", "ok");
	ck_assert(!world_recorded(w, "a.py", "unknown"));
}
END_TEST

/* ---- the server is away, or the daemon stops ----------------------------------------------------------- */

/* Moments in the life of a.py, from its reading to its acknowledgement. */
#define MOMENTS 30

static void begin_until_moment(int i)
{
	begin_warm();
	world_put(w, "a.py", "sleep 2000 +files");
	world_put(w, "b.py", "big 3500");
	world_run(w, i < 12 ? 7 * i : i < 20 ? 100 * i : 1900 + 15 * i);
}

static void both_end_well(void)
{
	ends_as("a.py", "sleep 2000 +files", "ok");
	ends_as("b.py", "big 3500", "ok");
	ck_assert_str_eq(world_text(w, "a.py.files/a.txt"), "left");
	ck_assert_uint_eq(strlen(world_text(w, "b.py.out")), 3500);
}

START_TEST(ten_minutes_without_a_server)
{
	begin_until_moment(_i / 2);
	for (int method = HTTP_GET; method <= HTTP_DELETE; method++)
		world_fault(w, (struct world_fault){ .method = (enum http_method)method,
				   .fate = _i % 2 == 0 ? FATE_NOT_SENT : FATE_LOST_AFTER,
				   .times = -1 });
	world_run(w, 10 * MINUTES);
	world_mend(w);
	both_end_well();
	ck_assert_int_eq(w->server[0].created, 1);
}
END_TEST

/* The server comes back, with the session and all that runs in it; for a while it is still reading up. */
START_TEST(a_server_that_recovers)
{
	begin_until_moment(_i);
	world_restart(w, 0, 20000);
	both_end_well();
	ck_assert_int_eq(w->server[0].created, 1);
}
END_TEST

START_TEST(a_stop_at_any_moment)
{
	begin_until_moment(_i);
	world_stop(w);
	world_until(w, 25000, core_is_done(w->core, w->now.mono_ms));
	world_run(w, 100);
	world_crash(w);
	both_end_well();
	ck_assert_int_eq(w->server[0].created, 1);
}
END_TEST

/* A stop that deletes idle sessions: one that still has a run in it is not idle. */
START_TEST(a_stop_that_deletes)
{
	w->pool[0].on_stop = ON_STOP_DELETE;
	begin_until_moment(_i);
	world_stop(w);
	world_until(w, 25000, core_is_done(w->core, w->now.mono_ms));
	world_run(w, 100);
	world_crash(w);
	both_end_well();
}
END_TEST

START_TEST(a_crash_at_any_moment)
{
	begin_until_moment(_i);
	world_crash(w);
	world_run(w, 50 + 31 * _i);
	world_crash(w);
	both_end_well();
	ck_assert_int_eq(w->server[0].created, 1);
}
END_TEST

/* ---- a reload while they run --------------------------------------------------------------------------- */

static void be_raw(void)
{
	w->spool[0].python = w->spool[0].sql = STYLE_RAW;
}

static void be_notebooks(void)
{
	w->spool[0].python = STYLE_NOTEBOOK;
}

static void go_elsewhere(void)
{
	w->spool[0].pool = world_add_pool(w, "elsewhere");
}

static void lose_the_pool(void)
{
	go_elsewhere();
	w->pool[0].removed = true;
}

static void have_one_slot(void)
{
	w->pool[0].slots = 1;
}

static void be_fresh(void)
{
	w->pool[0].isolation = ISOLATION_FRESH;
}

static void want_pages(void)
{
	w->spool[0].html = true;
}

static void bring_no_runner(void)
{
	be_raw();
	w->conf.runner_code = NULL;
	w->conf.runner_code_bytes = 0;
}

static void serve_nothing(void)
{
	for (int i = 0; i < KIND_COUNT; i++)
		w->pool[0].warm[i] = -1;
}

static void (*const reloads[])(void) = { be_raw, be_notebooks, go_elsewhere, lose_the_pool,
	have_one_slot, be_fresh, want_pages, bring_no_runner, serve_nothing };

#define RELOAD_MOMENTS 10

/* What was begun is brought to its end; what was not goes where it belongs now. */
START_TEST(a_reload_at_any_moment)
{
	begin_warm();
	world_put(w, "a.py", "sleep 2000");
	world_put(w, "b.py", "sleep 2001");
	int moment = _i % RELOAD_MOMENTS;
	world_run(w, moment < 5 ? 7 * moment : moment < 8 ? 250 * moment : 2000 + 20 * moment);
	reloads[_i / RELOAD_MOMENTS]();
	world_reload(w);
	world_until(w, 30 * MINUTES, world_done(w, "a.py") && world_done(w, "b.py"));
	bool served = reloads[_i / RELOAD_MOMENTS] != serve_nothing;
	for (int i = 0; i < 2; i++) {
		const char *name = i == 0 ? "a.py" : "b.py";
		int ran = world_ran(w, i == 0 ? "sleep 2000" : "sleep 2001");
		bool ok = world_recorded(w, name, "ok");
		ck_assert_msg(ok ? ran == 1 : !served && ran == 0, "%s", world_text(w, name));
		ck_assert(ok || world_recorded(w, name, "rejected"));
	}
}
END_TEST

/* ---- a server that keeps a hundred statements ------------------------------------------------------------ */

/* The first one, by which a session without a name is known, is not there any more. */
START_TEST(a_long_run_without_a_name)
{
	w->server[0].version = NULL;
	w->any_number = true;
	begin_warm();
	starts("a.py", "sleep 5400000");
	for (int i = 0; i < 60; i++) { /* others, too, make the hundred full */
		char *name = xasprintf("b%02d.py", i);
		world_put(w, name, "work");
		free(name);
		world_run(w, 5000);
	}
	world_run(w, 60 * MINUTES);
	ck_assert_int_gt(w->server[0].session[0]->count, 100);
	world_reload(w);
	ends_as("a.py", "sleep 5400000", "ok");
}
END_TEST

/* ---- anything at once ----------------------------------------------------------------------------------- */

#define FILES 10

static uint64_t seed;

static unsigned any(unsigned below)
{
	seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (unsigned)(seed >> 33) % below;
}

static void any_conf(void)
{
	static const char *const version[] = { "0.7.1-incubating", "0.10.0", NULL };
	w->server[0].version = version[any(3)];
	w->server[0].list_only = w->server[0].version == NULL && any(2) == 0;
	w->server[0].alone = any(6) == 0 ? "no fork here" : NULL;
	w->pool[0].warm[KIND_PYSPARK] = (int)any(2);
	w->pool[0].max = 1 + (int)any(3);
	w->pool[0].slots = 1 + (int)any(4);
	w->pool[0].isolation = any(4) == 0 ? ISOLATION_FRESH : ISOLATION_SHARED;
	w->pool[0].recycle_statements = any(3) == 0 ? 3 : 500;
	w->pool[0].session.proxy_user = any(4) == 0 ? (char *)"%owner" : NULL;
	w->spool[0].html = any(3) == 0;
	w->spool[0].modules = any(3) == 0 ? (char *)"/modules" : NULL;
	w->spool[0].timeout_ms = any(3) == 0 ? 20000 : CONF_NEVER;
	w->dir[0]->modules = "[{\"name\":\"helper.py\",\"data\":\"cGFzcwo=\"}]";
	w->any_number = true; /* servers forget */
}

static const char *const codes[] = { "work %u", "sleep %u000", "exit %u", "big 3%u00", "die 1%u00",
	"die %u0", "kill 2%u00", "drip 9%u00", "work %u +err +files", "work %u +warn +csv +png" };

static char *any_code(unsigned i)
{
/* The forms are constants above. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	char *code = xasprintf(codes[any(ARRAY_LEN(codes))], i + 1);
#pragma GCC diagnostic pop
	char *whole =
	    xasprintf("%s%s # %u", any(6) == 0 ? "# sparkspool: isolation=fresh\n" : "", code, i);
	free(code);
	return whole;
}

static void any_fault(void)
{
	static const char *const path[] = { "/sessions/*/statements", "/sessions/*/statements/*",
		"/sessions", "/sessions/*", "/sessions?*", "/version" };
	static const enum http_method method[] = { HTTP_POST, HTTP_GET, HTTP_POST, HTTP_GET,
		HTTP_GET, HTTP_GET };
	static const enum world_fate fate[] = { FATE_WELL, FATE_NOT_SENT, FATE_LOST_BEFORE,
		FATE_LOST_AFTER, FATE_LATE, FATE_STATUS };
	unsigned which = any(ARRAY_LEN(path));
	if (w->faults == ARRAY_LEN(w->fault))
		world_mend(w);
	world_fault(w, (struct world_fault){ .method = method[which],
			   .path = path[which],
			   .fate = fate[any(ARRAY_LEN(fate))],
			   .status = any(2) == 0 ? 500 : 503,
			   .reply = "\"oops\"",
			   .delay_ms = any(3000),
			   .skip = (int)any(3),
			   .times = 1 + (int)any(3) });
}

static void any_reload(void)
{
	switch (any(4)) {
	case 0:
		w->spool[0].python = any(3) == 0 ? STYLE_RAW : STYLE_SCRIPT;
		break;
	case 1:
		w->pool[0].slots = 1 + (int)any(4);
		break;
	case 2:
		w->spool[0].timeout_ms = any(2) == 0 ? 20000 : CONF_NEVER;
		break;
	default:
		w->spool[0].html = !w->spool[0].html;
	}
	world_reload(w);
}

static void any_event(void)
{
	switch (any(12)) {
	case 0:
	case 1:
		world_crash(w);
		break;
	case 2:
	case 3:
		any_reload();
		break;
	case 4:
		w->dir[0]->full = !w->dir[0]->full;
		break;
	case 5:
		w->dir[0]->append_err = EIO;
		break;
	case 6:
		if (any(3) == 0)
			world_forgetful_restart(w, 0);
		break;
	case 7:
		if (any(4) == 0)
			world_runner_is_another(w, 0);
		break;
	default:
		any_fault();
	}
}

static void check_end(const char *name, const char *code)
{
	char *out = xasprintf("%s.out", name);
	int ran = world_ran(w, code);
	const char *status = world_status(w, name);
	ck_assert_msg(ran <= 1, "'%s' ran %d times", code, ran);
	ck_assert_msg(ran == 1 || str_eq(status, "unknown") || str_eq(status, "rejected"),
	    "%s is %s and never ran", name, status);
	ck_assert_msg(world_recorded(w, name, status), "%s", world_text(w, name));
	if (str_eq(status, "ok") && strstr(code, "work") != NULL)
		ck_assert_msg(strncmp(world_text(w, out), code, strlen(code)) == 0, "%s: %s", code,
		    world_text(w, out));
	free(out);
}

static bool all_done(void)
{
	for (unsigned i = 0; i < FILES; i++) {
		char name[] = "a0.py";
		name[1] = (char)('0' + i);
		if (!world_done(w, name))
			return false;
	}
	return true;
}

START_TEST(anything_at_once)
{
	char *code[FILES];
	seed = (uint64_t)_i;
	any_conf();
	(void)buf_addf(&w->log, "SEED %d\n", _i);
	world_begin(w);
	for (unsigned i = 0; i < FILES; i++) {
		char name[] = "a0.py";
		name[1] = (char)('0' + i);
		code[i] = any_code(i);
		world_put(w, name, code[i]);
		world_run(w, any(4000));
		any_event();
		world_run(w, any(2) == 0 ? any(100) : any(8000));
		any_event();
	}
	world_run(w, any(20000));
	world_mend(w);
	w->dir[0]->full = false;
	world_until(w, 120 * MINUTES, all_done());
	world_run(w, 5 * MINUTES);
	for (unsigned i = 0; i < FILES; i++) {
		char name[] = "a0.py";
		name[1] = (char)('0' + i);
		check_end(name, code[i]);
		free(code[i]);
	}
	for (size_t i = 0; i < w->dir[0]->count; i++)
		ck_assert_msg(
		    w->dir[0]->file[i].name[0] != '.', "%s was left", w->dir[0]->file[i].name);
}
END_TEST

static int seeds(void)
{
	return getenv("CHECK_LONG") != NULL ? 3000 : 40;
}

/* While it is not known whether the session is ours still, its list cannot be read for a while; an answer from
 * before that comes then says nothing of how long its runner is not heard. */
START_TEST(a_late_answer_while_it_is_proven)
{
	w->server[0].version = NULL;
	begin_warm();
	starts("a.py", "sleep 1200000");
	world_run(w, 6 * MINUTES);
	world_forget(w);
	world_fault(w, (struct world_fault){ .method = HTTP_GET,
			   .path = "/sessions/*/statements/*",
			   .fate = FATE_MANGLED,
			   .status = 404,
			   .reply = "{\"msg\":\"Statement not found\"}",
			   .delay_ms = 20000 });
	world_until(w, MINUTES, strstr(w->trace.data, "/statements/") != NULL);
	world_fault(w, (struct world_fault){ .method = HTTP_GET,
			   .path = "/sessions/*/statements",
			   .fate = FATE_STATUS,
			   .status = 500,
			   .reply = "\"no\"",
			   .times = 6 });
	world_reload(w);
	ends_as("a.py", "sleep 1200000", "ok");
	ck_assert_int_eq(w->server[0].created, 1);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("runnertwo");
	TCase *t = tcase_create("runnertwo");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, the_driver_dies_within_the_first_call);
	tcase_add_test(t, the_session_goes_within_the_first_call);
	tcase_add_test(t, what_an_attempt_has_left_goes_with_the_file);
	tcase_add_test(t, what_an_attempt_has_left_goes_when_it_is_cancelled);
	tcase_add_test(t, another_runner_answers);
	tcase_add_test(t, another_runner_answers_later);
	tcase_add_test(t, the_driver_died_while_nobody_looked);
	tcase_add_test(t, a_retired_session_in_the_next_life);
	tcase_add_loop_test(t, the_greeting_after_a_crash_is_lost, 0, ARRAY_LEN(fates));
	tcase_add_loop_test(t, the_boot_after_a_crash_goes_wrong, 0, 3);
	tcase_add_loop_test(t, its_id_is_given_again, 0, 50);
	tcase_add_loop_test(t, the_end_and_the_loss_in_one_turn, 0, 100);
	tcase_add_test(t, append_errors_and_then_the_session_is_lost);
	tcase_add_loop_test(t, staged_and_lost, 0, 2);
	tcase_add_test(t, fetched_and_lost_with_its_session);
	tcase_add_test(t, fetched_and_lost_with_its_session_and_a_life);
	tcase_add_test(t, forgotten_and_then_a_fresh_one);
	tcase_add_test(t, fetched_and_lost_and_forgotten);
	tcase_add_loop_test(t, fresh_and_met_anew, 0, 140);
	tcase_add_loop_test(t, ten_minutes_without_a_server, 0, 2 * MOMENTS);
	tcase_add_loop_test(t, a_server_that_recovers, 0, MOMENTS);
	tcase_add_loop_test(t, a_stop_at_any_moment, 0, MOMENTS);
	tcase_add_loop_test(t, a_stop_that_deletes, 0, MOMENTS);
	tcase_add_loop_test(t, a_crash_at_any_moment, 0, MOMENTS);
	tcase_add_loop_test(t, a_reload_at_any_moment, 0, ARRAY_LEN(reloads) * RELOAD_MOMENTS);
	tcase_add_test(t, a_long_run_without_a_name);
	tcase_add_loop_test(t, anything_at_once, 0, seeds());
	tcase_add_test(t, a_late_answer_while_it_is_proven);
	suite_add_tcase(s, t);
	return help_run(s);
}
