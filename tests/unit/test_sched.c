/* test_sched: whole stories: a start, a stop, a reload, a crash at every place there is. */
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

/* ---- the whole of it --------------------------------------------------------------------------------- */

START_TEST(one_file_from_drop_to_done)
{
	w->spool[0].ready = READY_SETTLE;
	w->spool[0].after = AFTER_DELETE;
	world_begin(w);
	world_forget(w);
	world_write(w, "a.py", "print a");
	world_until(w, MINUTES, world_done(w, "a.py"));
	world_story(w, "^\\+|POST|statements|read|recall|stage|publish|dispose|\\(ran",
	    "+ job 1 QUEUED\n"
	    "+ session 1 CREATING -1\n"
	    "POST /sessions\n"
	    "+ session 1 STARTING -1\n"
	    "+ session 1 GREETING -1\n"
	    "POST /sessions/s1/statements [token]\n"
	    "+ session 1 GREETING 0\n"
	    "GET /sessions/s1/statements/0\n"
	    "+ session 1 IDLE 0\n"
	    "+ session 1 IDLE 0\n"
	    "recall a.py\n"
	    "read a.py\n"
	    "+ job 1 SENDING +code\n"
	    "POST /sessions/s1/statements [print a]\n"
	    "(ran print a)\n"
	    "+ session 1 BUSY 1\n"
	    "+ job 1 RUNNING\n"
	    "GET /sessions/s1/statements/1\n"
	    "GET /sessions/s1/statements/1\n"
	    "GET /sessions/s1/statements/1\n"
	    "GET /sessions/s1/statements/1\n"
	    "+ job 1 ANSWERED ok +answer\n"
	    "+ session 1 PROBING 1\n"
	    "POST /sessions/s1/statements [token]\n"
	    "stage a.py.out a.py.json\n"
	    "+ job 1 STAGED ok\n"
	    "publish a.py.out a.py.json\n"
	    "+ job 1 DISPOSING ok -blobs\n"
	    "dispose a.py\n"
	    "+ job 1 DONE ok -blobs history\n");
}
END_TEST

/* The same world twice is the same story twice: that is what makes a seed worth printing. */
START_TEST(it_can_be_repeated)
{
	char *first = NULL;
	for (int i = 0; i < 2; i++) {
		world_begin(w);
		world_put(w, "a.py", "a");
		world_put(w, "b.sql", "select 1");
		world_run(w, 5 * MINUTES);
		if (i == 0) {
			first = xstrdup(w->log.data);
			world_free(w);
			w = world_new();
		}
	}
	ck_assert_str_eq(w->log.data, first);
	free(first);
}
END_TEST

/* What was answered already, or never asked, is dropped by its number. */
START_TEST(replies_that_nobody_waits_for)
{
	static const struct http_tag tag[] = {
		{ .what = 0 },
		{ .session = 77 },
		{ .session = 1 },
		{ .session = 1, .call = 99 },
		{ .session = 1, .what = 4 },
	};
	world_begin(w);
	world_put(w, "a.py", "sleep 5000");
	world_until(w, MINUTES, world_ran(w, "sleep 5000") == 1);
	for (size_t i = 0; i < ARRAY_LEN(tag); i++) {
		struct ev_http *ev = &evq_add(&w->events, EV_HTTP)->u.http;
		*ev = (struct ev_http){ .tag = tag[i], .outcome = HTTP_LOST, .error = "x" };
		ev->tag.seq = 999999;
	}
	world_until(w, MINUTES, world_done(w, "a.py"));
	ck_assert_str_eq(world_status(w, "a.py"), "ok");
}
END_TEST

START_TEST(counts_for_the_status_line)
{
	w->pool[0].max = 1;
	world_begin(w);
	world_put(w, "a.py", "sleep 60000");
	world_put(w, "b.py", "b");
	world_until(w, MINUTES, world_ran(w, "sleep 60000") == 1);
	world_run(w, 1000);
	struct core_counts n = core_counts(w->core);
	ck_assert_uint_eq(n.queued, 1);
	ck_assert_uint_eq(n.running, 1);
	ck_assert_uint_eq(n.sessions, 1);
	ck_assert_uint_eq(n.sessions_idle, 0);
	ck_assert_uint_eq(n.endpoints_down, 0);
	world_until(w, 2 * MINUTES, world_done(w, "b.py"));
	n = core_counts(w->core);
	ck_assert_uint_eq(n.queued + n.running + n.finishing, 0);
	ck_assert_uint_eq(n.done[STATUS_OK], 2);
}
END_TEST

/* The wall clock is set: nothing but people's times may follow it. */
static const int64_t jump_ms[] = { -48 * 3600000, 48 * 3600000 };

START_TEST(the_wall_clock_jumps)
{
	w->pool[0].recycle_age_ms = INT64_C(1000) * 3600000;
	w->spool[0].timeout_ms = 10 * MINUTES;
	world_begin(w);
	world_put(w, "a.py", "sleep 60000");
	world_until(w, MINUTES, world_ran(w, "sleep 60000") == 1);
	w->now.real_ms += jump_ms[_i];
	world_put(w, "b.py", "b");
	world_until(w, 3 * MINUTES, world_done(w, "a.py") && world_done(w, "b.py"));
	ck_assert_str_eq(world_status(w, "a.py"), "ok");
	ck_assert_str_eq(world_status(w, "b.py"), "ok");
}
END_TEST

/* ---- a crash at every place ---------------------------------------------------------------------------- */

/* A story, and what has to be true at its end however often it was interrupted. */
struct story {
	void (*conf)(void);
	void (*drop)(
	    void); /* what users do; again after each crash is not needed: files are there */
	void (*later)(void);
	bool (*is_over)(void);
	void (*check)(void);
};

static void conf_keep(void)
{
	w->pool[0].warm[KIND_PYSPARK] = 1;
	w->pool[0].max = 2;
}

static void conf_delete(void)
{
	conf_keep();
	w->spool[0].after = AFTER_DELETE;
}

static void conf_fresh(void)
{
	conf_keep();
	w->pool[0].isolation = ISOLATION_FRESH;
	w->spool[0].after = AFTER_MOVE;
	w->spool[0].move_to = xstrdup("done");
}

static void conf_marker(void)
{
	conf_delete();
	w->spool[0].ready = READY_MARKER;
	w->spool[0].scan_ms = 5000;
}

static void conf_nameless(void)
{
	conf_keep();
	w->server[0].version = NULL;
	w->any_number = true;
}

/* Its POST is swallowed, and comes out when it is long forgotten; or never. */
static void conf_swallowed(enum world_fate fate)
{
	conf_keep();
	world_fault(w, (struct world_fault){ .method = HTTP_POST,
			   .path = "/sessions/*/statements",
			   .body = "print a",
			   .fate = fate,
			   .delay_ms = fate == FATE_LATE ? 11000 : 0 });
}

static void conf_late(void)
{
	conf_swallowed(FATE_LATE);
}

static void conf_lost(void)
{
	conf_swallowed(FATE_LOST_BEFORE);
}

static void conf_script(void)
{
	conf_keep();
	w->spool[0].python = w->spool[0].sql = STYLE_SCRIPT;
}

/* The same for a call of the runner: it is the one that starts a.py ("cHJpbn..." in base64). */
static void conf_script_swallowed(enum world_fate fate)
{
	conf_script();
	world_fault(w, (struct world_fault){ .method = HTTP_POST,
			   .path = "/sessions/*/statements",
			   .body = "cHJpbnQgY",
			   .fate = fate,
			   .delay_ms = fate == FATE_LATE ? 11000 : 0 });
}

static void conf_script_late(void)
{
	conf_script_swallowed(FATE_LATE);
}

static void conf_script_lost(void)
{
	conf_script_swallowed(FATE_LOST_BEFORE);
}

static void conf_script_unanswered(void)
{
	conf_script_swallowed(FATE_LOST_AFTER);
}

static void conf_script_fresh(void)
{
	conf_fresh();
	w->spool[0].python = w->spool[0].sql = STYLE_SCRIPT;
}

/* Room for both in one session, and output that comes in pieces. */
static void conf_script_pieces(void)
{
	conf_script();
	w->pool[0].max = 1;
	w->server[0].piece_bytes = 5;
}

static void conf_unanswered(void)
{
	conf_swallowed(FATE_LOST_AFTER);
	world_fault(w, (struct world_fault){
			   .method = HTTP_POST, .path = "/sessions", .fate = FATE_LOST_AFTER });
}

static void drop_two(void)
{
	world_put(w, "a.py", "print a");
	world_put(w, "b.sql", "select 1");
}

static void drop_marked(void)
{
	world_put(w, "a.py", "print a");
	world_put(w, "a.py.ready", "");
	world_put(w, "b.sql", "select 1");
	world_put(w, "b.sql.ready", "");
}

static void drop_files(void)
{
	world_put(w, "a.py", "print a +files +err");
	world_put(w, "b.sql", "select 1");
}

static void rewrite_files(void)
{
	world_write(w, "a.py", "print a again +files");
}

static void rewrite_a(void)
{
	world_write(w, "a.py", "print a again");
}

static bool both_are_done(void)
{
	return world_done(w, "a.py") && world_done(w, "b.sql");
}

static void ran_once(const char *code)
{
	ck_assert_msg(world_ran(w, code) == 1, "'%s' ran %d times", code, world_ran(w, code));
}

static void check_results(const char *out)
{
	bool script = w->spool[0].sql == STYLE_SCRIPT;
	ck_assert_str_eq(world_status(w, "a.py"), "ok");
	ck_assert_str_eq(world_status(w, "b.sql"), "ok");
	ck_assert_str_eq(world_text(w, "a.py.out"), out);
	if (script)
		ck_assert_str_eq(world_text(w, "b.sql.out"), "select 1");
	else
		ck_assert_str_eq(world_text(w, "b.sql.csv"), "a\r\nselect 1\r\n");
	ck_assert(world_recorded(w, "a.py", "ok") && world_recorded(w, "b.sql", "ok"));
	ran_once("print a");
	ran_once("select 1");
	for (size_t i = 0; i < w->dir[0]->count; i++)
		ck_assert_msg(
		    w->dir[0]->file[i].name[0] != '.', "%s was left", w->dir[0]->file[i].name);
	for (size_t i = 0; i < w->ledger.jobs; i++)
		ck_assert(w->ledger.job[i].code == NULL && w->ledger.job[i].answer == NULL);
}

static void check_kept(void)
{
	check_results(w->spool[0].python == STYLE_SCRIPT ? "print a" : "print a\n");
	ck_assert_ptr_nonnull(world_file(w, "a.py"));
	ck_assert_ptr_nonnull(world_file(w, "b.sql"));
	ck_assert_uint_eq(w->ledger.jobs, 2);
}

static void check_gone(void)
{
	check_results(w->spool[0].python == STYLE_SCRIPT ? "print a" : "print a\n");
	ck_assert_ptr_null(world_file(w, "a.py"));
	ck_assert_ptr_null(world_file(w, "b.sql"));
	ck_assert_ptr_null(world_file(w, "a.py.ready"));
}

static void check_moved(void)
{
	check_gone();
	ck_assert_uint_eq(w->dir[0]->moved_count, 2);
	world_run(w, 2 * MINUTES);
	ck_assert_int_le(world_alive(w, 0), 1); /* the warm one: no session was forgotten */
}

static bool is_done_again(void)
{
	return both_are_done() && strncmp(world_text(w, "a.py.out"), "print a again", 13) == 0;
}

static void check_rerun(void)
{
	check_results(w->spool[0].python == STYLE_SCRIPT ? "print a again" : "print a again\n");
	ran_once("print a again");
}

/* The second run's files took the place of the first's, and nothing of those is left. */
static void check_files(void)
{
	ck_assert_str_eq(world_status(w, "a.py"), "ok");
	ck_assert_str_eq(world_status(w, "b.sql"), "ok");
	ck_assert_str_eq(world_text(w, "a.py.out"), "print a again +files");
	ck_assert_str_eq(world_text(w, "a.py.err"), "(none)");
	ck_assert_str_eq(world_text(w, "a.py.files/a.txt"), "left");
	ck_assert_str_eq(world_text(w, "a.py.files/sub/b.txt"), "");
	ck_assert_str_eq(world_text(w, "b.sql.out"), "select 1");
	ran_once("print a +files +err");
	ran_once("print a again +files");
	ran_once("select 1");
	for (size_t i = 0; i < w->dir[0]->count; i++)
		ck_assert_msg(
		    w->dir[0]->file[i].name[0] != '.', "%s was left", w->dir[0]->file[i].name);
}

/* Without names it cannot always be told whether a statement was run: then it says so. */
static void check_nameless(void)
{
	const char *a = world_status(w, "a.py");
	const char *b = world_status(w, "b.sql");
	ck_assert(world_ran(w, "print a") <= 1 && world_ran(w, "select 1") <= 1);
	ck_assert(strcmp(a, "unknown") == 0 || (strcmp(a, "ok") == 0 && world_ran(w, "print a")));
	ck_assert(strcmp(b, "unknown") == 0 || (strcmp(b, "ok") == 0 && world_ran(w, "select 1")));
}

static const struct story stories[] = {
	{ conf_keep, drop_two, NULL, both_are_done, check_kept },
	{ conf_delete, drop_two, NULL, both_are_done, check_gone },
	{ conf_fresh, drop_two, NULL, both_are_done, check_moved },
	{ conf_marker, drop_marked, NULL, both_are_done, check_gone },
	{ conf_keep, drop_two, rewrite_a, is_done_again, check_rerun },
	{ conf_late, drop_two, NULL, both_are_done, check_kept },
	{ conf_lost, drop_two, NULL, both_are_done, check_kept },
	{ conf_unanswered, drop_two, NULL, both_are_done, check_kept },
	{ conf_nameless, drop_two, NULL, both_are_done, check_nameless },
	{ conf_script, drop_two, NULL, both_are_done, check_kept },
	{ conf_script_fresh, drop_two, NULL, both_are_done, check_moved },
	{ conf_script, drop_two, rewrite_a, is_done_again, check_rerun },
	{ conf_script_pieces, drop_files, rewrite_files, is_done_again, check_files },
	{ conf_script_late, drop_two, NULL, both_are_done, check_kept },
	{ conf_script_lost, drop_two, NULL, both_are_done, check_kept },
	{ conf_script_unanswered, drop_two, NULL, both_are_done, check_kept },
};

/* Tells the story; a crash in its turn `turn`, behind `point` - 1 of its effects. */
static void tell(const struct story *story, size_t turn, size_t point)
{
	w->crash_turn = turn;
	w->crash_point = point;
	story->conf();
	world_begin(w);
	story->drop();
	if (story->later != NULL) {
		world_until(w, 20 * MINUTES, both_are_done());
		world_run(w, 2000);
		story->later();
	}
	world_until(w, 20 * MINUTES, story->is_over());
	world_run(w, MINUTES);
	story->check();
}

/* A sanitizer makes it slow: then it is every fourth turn, unless all are asked for. */
static size_t stride(void)
{
#ifdef __SANITIZE_ADDRESS__
	return getenv("CHECK_LONG") != NULL ? 1 : 4;
#else
	return 1;
#endif
}

START_TEST(a_crash_at_every_place)
{
	const struct story *story = &stories[_i];
	size_t effects[ARRAY_LEN(w->effects)];

	tell(story, 0, 0);
	size_t turns = w->turn;
	ck_assert_uint_gt(turns, 40);
	ck_assert_uint_lt(turns, ARRAY_LEN(effects));
	memcpy(effects, w->effects, sizeof(effects));
	for (size_t turn = 1; turn <= turns; turn += stride()) {
		for (size_t point = 0; point <= effects[turn] + 1; point++) {
			world_free(w);
			w = world_new();
			(void)buf_addf(&w->log, "CRASH in turn %zu at point %zu\n", turn, point);
			tell(story, turn, point);
			ck_assert_uint_eq(w->crashes, 1);
		}
	}
}
END_TEST

/* Again and again, each time a little later. */
START_TEST(crash_after_crash)
{
	conf_keep();
	world_begin(w);
	drop_two();
	for (int i = 0; i < 200 && !both_are_done(); i++) {
		world_run(w, 50 + 37 * i);
		world_crash(w);
	}
	world_run(w, MINUTES);
	check_kept();
}
END_TEST

/* Two crashes, the second often in the midst of what follows the first. The numbers are any numbers:
 * what they hit is the same in each run. */
START_TEST(two_crashes)
{
	const struct story *story = &stories[_i / 40];
	size_t seed = (size_t)_i % 40 * 2654435761u;

	w->second_crash = 1 + (seed >> 8) % 60;
	tell(story, 5 + seed % 130, (seed >> 16) % 4);
	ck_assert_uint_le(w->crashes, 2);
}
END_TEST

/* ---- the end ------------------------------------------------------------------------------------------- */

static void stop_and_wait(void)
{
	world_stop(w);
	world_until(w, 25000, core_is_done(w->core, w->now.mono_ms));
}

START_TEST(without_a_stop_it_is_never_done)
{
	world_begin(w);
	ck_assert(!core_is_done(w->core, w->now.mono_ms));
	ck_assert(!core_is_done(w->core, INT64_MAX));
}
END_TEST

START_TEST(stopped_when_idle)
{
	world_begin(w);
	int64_t start = w->now.mono_ms;
	stop_and_wait();
	ck_assert_int_lt(w->now.mono_ms - start, 100);
}
END_TEST

START_TEST(a_stop_takes_no_new_work)
{
	w->pool[0].warm[KIND_PYSPARK] = 1;
	world_begin(w);
	world_until(w, MINUTES, core_counts(w->core).sessions_idle == 1);
	world_stop(w);
	world_run(w, 10);
	world_put(w, "a.py", "work");
	world_put(w, "b.sql", "select 1");
	world_run(w, MINUTES);
	ck_assert_uint_eq(w->server[0].ran_count, 0);
	ck_assert_int_eq(w->server[0].created, 1);
	world_crash(w); /* the next start takes them up */
	world_until(w, 2 * MINUTES, world_done(w, "a.py") && world_done(w, "b.sql"));
}
END_TEST

START_TEST(a_stop_waits_for_a_post_under_way)
{
	w->pool[0].warm[KIND_PYSPARK] = 1;
	world_fault(w, (struct world_fault){ .method = HTTP_POST,
			   .path = "/sessions/*/statements",
			   .body = "sleep",
			   .fate = FATE_WELL,
			   .delay_ms = 3000 });
	world_begin(w);
	world_until(w, MINUTES, core_counts(w->core).sessions_idle == 1);
	world_put(w, "a.py", "sleep 60000");
	world_until(w, MINUTES, world_ran(w, "sleep 60000") == 1);
	int64_t start = w->now.mono_ms;
	stop_and_wait();
	ck_assert_int_ge(w->now.mono_ms - start, 2900);
	ck_assert_int_lt(w->now.mono_ms - start, 4000);
	ck_assert_int_eq(world_row(w, "a.py")->rec.state, JOB_RUNNING);
	ck_assert_int_eq(w->server[0].deleted, 0);
	world_crash(w);
	world_until(w, 2 * MINUTES, world_done(w, "a.py"));
	ran_once("sleep 60000");
}
END_TEST

START_TEST(a_stop_writes_what_was_answered)
{
	world_begin(w);
	world_put(w, "a.py", "work");
	world_until(
	    w, MINUTES, world_row(w, "a.py") && world_row(w, "a.py")->rec.state == JOB_ANSWERED);
	stop_and_wait();
	ck_assert(world_recorded(w, "a.py", "ok"));
}
END_TEST

START_TEST(a_stop_has_an_end)
{
	world_fault(w,
	    (struct world_fault){
		.method = HTTP_POST, .path = "/sessions", .fate = FATE_WELL, .delay_ms = 9999999 });
	world_begin(w);
	world_put(w, "a.py", "work");
	world_run(w, 1000);
	world_stop(w);
	world_run(w, 19000);
	ck_assert(!core_is_done(w->core, w->now.mono_ms));
	world_run(w, 2000);
	ck_assert(core_is_done(w->core, w->now.mono_ms));
}
END_TEST

START_TEST(on_stop_delete)
{
	w->pool[0].warm[KIND_PYSPARK] = 2;
	w->pool[0].on_stop = ON_STOP_DELETE;
	world_begin(w);
	world_until(w, MINUTES, core_counts(w->core).sessions_idle == 2);
	world_put(w, "a.py", "sleep 60000");
	world_until(w, MINUTES, world_ran(w, "sleep 60000") == 1);
	world_run(w, 1000);
	world_fault(
	    w, (struct world_fault){
		   .method = HTTP_DELETE, .fate = FATE_WELL, .delay_ms = 4000, .times = -1 });
	stop_and_wait();
	world_until(w, 10000, w->server[0].deleted > 0);
	ck_assert_ptr_nonnull(world_session_of(w, "sleep 60000")); /* busy ones stay */
	for (size_t i = 0; i < w->ledger.sessions; i++)
		ck_assert_int_ne(w->ledger.session[i].state, SESSION_DELETING);
	world_mend(w);
	world_crash(w);
	world_until(w, 2 * MINUTES, world_done(w, "a.py"));
	ran_once("sleep 60000");
}
END_TEST

START_TEST(on_stop_keep)
{
	w->pool[0].warm[KIND_PYSPARK] = 2;
	world_begin(w);
	world_until(w, MINUTES, core_counts(w->core).sessions_idle == 2);
	stop_and_wait();
	world_run(w, MINUTES);
	ck_assert_int_eq(w->server[0].deleted, 0);
	world_crash(w);
	world_until(w, MINUTES, core_counts(w->core).sessions_idle == 2);
	ck_assert_int_eq(w->server[0].created, 2);
}
END_TEST

/* ---- a new configuration ---------------------------------------------------------------------------------- */

START_TEST(a_removed_spool_holds_its_queue)
{
	w->pool[0].max = 1;
	world_begin(w);
	world_put(w, "a.py", "sleep 20000");
	world_until(w, MINUTES, world_ran(w, "sleep 20000") == 1);
	world_put(w, "b.py", "b");
	world_run(w, 100);
	w->spool[0].removed = true;
	world_reload(w);
	world_run(w, 3 * MINUTES);
	ck_assert_str_eq(world_status(w, "a.py"), "ok"); /* what runs is brought to its end */
	ck_assert_int_eq(world_ran(w, "b"), 0);
	ck_assert_int_eq(world_row(w, "b.py")->rec.state, JOB_QUEUED);
	w->spool[0].removed = false;
	world_reload(w);
	world_until(w, MINUTES, world_done(w, "b.py"));
}
END_TEST

START_TEST(a_new_pool_takes_the_queue)
{
	w->pool[0].max = 1;
	world_begin(w);
	world_put(w, "a.py", "sleep 600000");
	world_until(w, MINUTES, world_ran(w, "sleep 600000") == 1);
	world_put(w, "b.py", "b");
	world_run(w, 100);
	w->spool[0].pool = world_add_pool(w, "new");
	world_reload(w);
	world_until(w, 2 * MINUTES, world_done(w, "b.py"));
	ck_assert_str_eq(world_status(w, "a.py"), "");
	world_until(w, 20 * MINUTES, world_done(w, "a.py"));
	ck_assert_str_eq(world_status(w, "a.py"), "ok");
}
END_TEST

START_TEST(a_new_spool_is_scanned)
{
	world_begin(w);
	size_t spool = world_add_spool(w, "new", 0);
	world_put_in(w, spool, "a.py", "work");
	evq_fini(&w->events);
	evq_init(&w->events);
	world_reload(w);
	world_until(w, MINUTES, world_done(w, "a.py"));
	ck_assert_uint_eq(world_row(w, "a.py")->rec.spool, spool);
}
END_TEST

START_TEST(the_same_name_in_two_spools)
{
	size_t spool = world_add_spool(w, "other", 0);
	world_begin(w);
	world_put(w, "a.py", "here");
	world_put_in(w, spool, "a.py", "there");
	world_run(w, MINUTES);
	ran_once("here");
	ran_once("there");
	ck_assert_str_eq(world_text(w, "a.py.out"), "here\n");
}
END_TEST

START_TEST(a_reload_without_a_change_changes_nothing)
{
	w->pool[0].warm[KIND_PYSPARK] = 1;
	world_begin(w);
	world_put(w, "a.py", "sleep 20000");
	for (int i = 0; i < 30; i++) {
		world_run(w, 777);
		world_reload(w);
	}
	world_until(w, MINUTES, world_done(w, "a.py"));
	ck_assert_str_eq(world_status(w, "a.py"), "ok");
	ran_once("sleep 20000");
	ck_assert_int_eq(w->server[0].deleted, 0);
}
END_TEST

START_TEST(a_pool_that_is_not_wanted_any_more)
{
	w->pool[0].warm[KIND_PYSPARK] = 1;
	world_begin(w);
	world_until(w, MINUTES, core_counts(w->core).sessions_idle == 1);
	w->spool[0].pool = world_add_pool(w, "new");
	w->pool[0].removed = true;
	world_reload(w);
	world_until(w, MINUTES, w->server[0].deleted == 1);
	world_run(w, 5 * MINUTES);
	ck_assert_int_eq(w->server[0].created, 1);
}
END_TEST

/* The sessions of the old server are not there: it is another server. */
START_TEST(another_url)
{
	w->pool[0].warm[KIND_PYSPARK] = 1;
	world_begin(w);
	world_until(w, MINUTES, core_counts(w->core).sessions_idle == 1);
	char *old_url = w->endpoint[0].url;
	w->endpoint[0].url = xstrdup("http://elsewhere:8998");
	world_forgetful_restart(w, 0);
	if (_i == 1)
		w->server[0].version = NULL; /* an older one, without names */
	world_reload(w);
	world_put(w, "a.py", "work");
	world_until(w, 10 * MINUTES, world_done(w, "a.py"));
	ck_assert_str_eq(world_status(w, "a.py"), "ok");
	free(old_url);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("sched");
	TCase *t = tcase_create("sched");
	TCase *crash = tcase_create("crash");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_checked_fixture(crash, setup, teardown);
	tcase_set_timeout(crash, 600);
	tcase_add_test(t, one_file_from_drop_to_done);
	tcase_add_test(t, it_can_be_repeated);
	tcase_add_test(t, replies_that_nobody_waits_for);
	tcase_add_test(t, counts_for_the_status_line);
	tcase_add_loop_test(t, the_wall_clock_jumps, 0, ARRAY_LEN(jump_ms));
	tcase_add_loop_test(crash, a_crash_at_every_place, 0, ARRAY_LEN(stories));
	tcase_add_loop_test(crash, two_crashes, 0, 40 * (ARRAY_LEN(stories) - 1));
	tcase_add_test(crash, crash_after_crash);
	tcase_add_test(t, without_a_stop_it_is_never_done);
	tcase_add_test(t, stopped_when_idle);
	tcase_add_test(t, a_stop_takes_no_new_work);
	tcase_add_test(t, a_stop_waits_for_a_post_under_way);
	tcase_add_test(t, a_stop_writes_what_was_answered);
	tcase_add_test(t, a_stop_has_an_end);
	tcase_add_test(t, on_stop_delete);
	tcase_add_test(t, on_stop_keep);
	tcase_add_test(t, a_removed_spool_holds_its_queue);
	tcase_add_test(t, a_new_pool_takes_the_queue);
	tcase_add_test(t, a_new_spool_is_scanned);
	tcase_add_test(t, the_same_name_in_two_spools);
	tcase_add_test(t, a_reload_without_a_change_changes_nothing);
	tcase_add_test(t, a_pool_that_is_not_wanted_any_more);
	tcase_add_loop_test(t, another_url, 0, 2);
	suite_add_tcase(s, t);
	suite_add_tcase(s, crash);
	return help_run(s);
}
