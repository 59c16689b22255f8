/* test_poison: one file whose answer can never be read, or who takes its sessions with it: it gets a
 * record that says so, and its neighbours notice nothing. */
#include "world.h"

#include "core/core.h"
#include "core/script.h"
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#define MINUTES INT64_C(60000)
#define SECONDS INT64_C(1000)
#define DEPTH 10000

static struct world *w;
static char *deep;
static char *path;
static int ailment;
static char name_of_it[] = "a.py";

static void setup(void)
{
	size_t n;
	struct buf b;

	w = world_new();
	buf_init(&b, 4 * DEPTH);
	(void)buf_adds(&b,
	    "{\"id\":1,\"state\":\"available\",\"output\":{\"status\":\"ok\",\"data\":"
	    "{\"application/json\":");
	for (int i = 0; i < DEPTH; i++)
		(void)buf_addc(&b, '[');
	for (int i = 0; i < DEPTH; i++)
		(void)buf_addc(&b, ']');
	(void)buf_adds(&b, "}}}");
	deep = buf_steal(&b, &n);
}

static void teardown(void)
{
	world_free(w);
	free(deep);
	free(path);
}

/* ---- an answer that is none ------------------------------------------------------------------- */

#define OK_WITH(data)                                                                              \
	"{\"id\":1,\"state\":\"available\",\"output\":{\"status\":\"ok\",\"data\":" data "}}"

static const struct poison {
	const char *what;
	enum world_fate fate;
	int status;
	const char *reply; /* NULL: nested too deep */
	const char *end;   /* what becomes of the file */
	const char *said;  /* in .err; or NULL */
} poisons[] = {
	{ "500 for ever", FATE_STATUS, 500, "\"java.lang.RuntimeException: no\"", "unknown",
	    "RuntimeException: no" },
	{ "no JSON", FATE_MANGLED, 200, "<html>hello</html>", "unknown", "could not be read" },
	{ "not UTF-8", FATE_MANGLED, 200, OK_WITH("{\"text/plain\":\"\xff\xc0\xaf\"}"), "unknown",
	    "could not be read" },
	{ "a bare control character", FATE_MANGLED, 200, OK_WITH("{\"text/plain\":\"\x01\"}"),
	    "unknown", "could not be read" },
	{ "nested deep", FATE_MANGLED, 200, NULL, "unknown", "could not be read" },
	{ "an empty object", FATE_MANGLED, 200, "{}", "unknown", "could not be read" },
	{ "nothing", FATE_MANGLED, 200, "", "unknown", "could not be read" },
	{ "too large", FATE_TOO_BIG, 0, "", "error", "AnswerTooLarge" },
	{ "closed at each poll", FATE_LOST_AFTER, 0, "", "unknown", "connection was lost" },
	{ "a gateway that chokes on it", FATE_MANGLED, 502,
	    "<html><title>Bad Gateway</title></html>", "unknown", "Bad Gateway" },
	{ "a gateway's time limit", FATE_MANGLED, 504, "", "unknown", "504" },
	{ "forbidden", FATE_MANGLED, 403, "<html><title>403 Request blocked</title></html>",
	    "unknown", "HTTP 403: 403 Request blocked" },
	{ "not allowed", FATE_MANGLED, 401, "", "unknown", "HTTP 401" },
	{ "a proxy's no", FATE_MANGLED, 407, "", "unknown", "HTTP 407" },
	{ "led elsewhere", FATE_MANGLED, 302, "", "unknown", "HTTP 302" },
	{ "too many", FATE_MANGLED, 429, "", "unknown", "HTTP 429" },
	{ "a gateway that is cut off by it", FATE_MANGLED, 503, "upstream reset", "unknown",
	    "upstream reset" },
	{ "refused", FATE_MANGLED, 400, "{\"msg\":\"no\"}", "unknown", "HTTP 400: no" },
	{ "somebody's not found", FATE_MANGLED, 404, "<html>what?</html>", "unknown", "HTTP 404" },
	{ "gone", FATE_MANGLED, 410, "", "unknown", "HTTP 410" },
	{ "too large for a gateway", FATE_MANGLED, 413, "", "unknown", "HTTP 413" },
	{ "too long", FATE_MANGLED, 414, "", "unknown", "HTTP 414" },
	{ "for legal reasons", FATE_MANGLED, 451, "", "unknown", "HTTP 451" },
	/* These are none. */
	{ "a number beyond 64 bits", FATE_MANGLED, 200,
	    OK_WITH("{\"application/json\":[123456789012345678901234567890,1e999]}"), "ok", NULL },
	{ "a NUL in a string", FATE_MANGLED, 200, OK_WITH("{\"text/plain\":\"a\\u0000b\"}"), "ok",
	    NULL },
	{ "half a character", FATE_MANGLED, 200, OK_WITH("{\"text/plain\":\"\\ud83d\"}"), "ok",
	    NULL },
};

static void begin_two(void)
{
	w->pool[0].warm[KIND_PYSPARK] = 2;
	w->pool[0].max = 3;
	world_begin(w);
	world_until(w, MINUTES, core_counts(w->core).sessions_idle == 2);
}

/* The file is on its way, and from now on nobody hears of it what `p` does not let through. */
static void poison_file(const struct poison *p)
{
	world_put(w, "a.py", "sleep 4000");
	world_until(w, MINUTES, world_ran(w, "sleep 4000") == 1);
	path = xasprintf("/sessions/%s/statements/1", world_session_of(w, "sleep 4000")->name);
	world_fault(w, (struct world_fault){ .method = HTTP_GET,
			   .path = path,
			   .fate = p->fate,
			   .status = p->status,
			   .reply = p->reply == NULL ? deep : p->reply,
			   .times = -1 });
}

/* Neighbours, one after the other, as long as the file is not given up: none waits, but for the one
 * pause that finds out whether it is the server. Returns how many there were. */
static int neighbours_run(void)
{
	int count = 0, slow = 0;

	for (int64_t end_ms = w->now.mono_ms + 20 * MINUTES;
	     !world_done(w, "a.py") && w->now.mono_ms < end_ms; count++) {
		char *name = xasprintf("b%d.py", count);
		int64_t began_ms = w->now.mono_ms;

		world_put(w, name, "work");
		world_until(w, MINUTES, world_done(w, name));
		ck_assert_str_eq(world_status(w, name), "ok");
		slow += w->now.mono_ms - began_ms > 4 * SECONDS;
		world_run(w, SECONDS);
		free(name);
	}
	ck_assert_int_le(slow, 2);
	return count;
}

START_TEST(poison_is_one_files_own)
{
	const struct poison *p = &poisons[_i];
	begin_two();
	poison_file(p);
	int count = neighbours_run();
	ck_assert_msg(str_eq(world_status(w, "a.py"), p->end), "%s: %s\n%s", p->what,
	    world_status(w, "a.py"), world_tail(&w->log));
	ck_assert(world_recorded(w, "a.py", p->end));
	if (p->said != NULL)
		ck_assert_msg(strstr(world_text(w, "a.py.err"), p->said) != NULL, "%s: %s", p->what,
		    world_text(w, "a.py.err"));
	ck_assert_int_eq(world_ran(w, "sleep 4000"), 1);
	ck_assert_int_eq(world_ran(w, "work"), count);
	/* Once may be the server's fault. */
	ck_assert_int_le(world_logged(w, "event=down"), 1);
	/* The session of the file is gone, and nothing else of it stays. */
	world_mend(w);
	world_put(w, "c.py", "after");
	world_until(w, MINUTES, world_done(w, "c.py"));
	ck_assert_str_eq(world_status(w, "c.py"), "ok");
}
END_TEST

/* A call of the runner's that can never be heard is made again as another statement, and the run has
 * begun once: nothing is lost, and whoever else is in that session hardly waits. */
START_TEST(poison_of_a_call_is_nobodys)
{
	const struct poison *p = &poisons[_i];
	w->spool[0].python = w->spool[0].sql = STYLE_SCRIPT;
	w->pool[0].warm[KIND_PYSPARK] = 1;
	w->pool[0].max = 1;
	world_begin(w);
	world_until(w, MINUTES, core_counts(w->core).sessions_idle == 1);
	world_fault(w, (struct world_fault){ .method = HTTP_GET,
			   .path = "/sessions/*/statements/2",
			   .fate = p->fate,
			   .status = p->status,
			   .reply = p->reply == NULL ? deep : p->reply,
			   .times = -1 });
	world_put(w, "a.py", "sleep 4000");
	world_put(w, "b.py", "work");
	world_until(w, 5 * MINUTES, world_done(w, "a.py") && world_done(w, "b.py"));
	ck_assert_str_eq(world_status(w, "a.py"), "ok");
	ck_assert_str_eq(world_status(w, "b.py"), "ok");
	ck_assert_int_eq(world_ran(w, "sleep 4000"), 1);
	ck_assert_int_eq(world_ran(w, "work"), 1);
	ck_assert_int_eq(w->server[0].created, 1);
	ck_assert_int_le(world_logged(w, "event=down"), 1);
}
END_TEST

/* A server that is lost now and then while a file runs for long is none. */
START_TEST(now_and_then_is_no_poison)
{
	begin_two();
	world_put(w, "a.py", "sleep 3600000");
	world_until(w, MINUTES, world_ran(w, "sleep 3600000") == 1);
	path = xasprintf("/sessions/%s/statements/1", world_session_of(w, "sleep 3600000")->name);
	for (int i = 0; i < 12; i++)
		world_fault(w,
		    (struct world_fault){
			.method = HTTP_GET, .path = path, .fate = FATE_LOST_AFTER, .skip = 1 + i });
	world_until(w, 120 * MINUTES, world_done(w, "a.py"));
	ck_assert_str_eq(world_status(w, "a.py"), "ok");
}
END_TEST

/* The server itself: everything is lost, not only this statement. */
START_TEST(a_dead_server_is_no_poison)
{
	begin_two();
	world_put(w, "a.py", "sleep 60000");
	world_until(w, MINUTES, world_ran(w, "sleep 60000") == 1);
	world_fault(
	    w, (struct world_fault){ .method = HTTP_GET, .fate = FATE_LOST_BEFORE, .times = -1 });
	world_run(w, 30 * MINUTES);
	world_mend(w);
	world_until(w, 5 * MINUTES, world_done(w, "a.py"));
	ck_assert_str_eq(world_status(w, "a.py"), "ok");
}
END_TEST

/* We may look at no statement any more, though who we are is told still: that is no file's fault. */
START_TEST(no_answer_is_let_through)
{
	w->spool[0].python = _i % 2 == 1 ? STYLE_SCRIPT : STYLE_RAW;
	begin_two();
	world_put(w, "a.py", "sleep 60000");
	world_put(w, "b.py", "sleep 1000");
	world_until(w, MINUTES, world_ran(w, "sleep 60000") == 1);
	world_fault(w, (struct world_fault){ .method = HTTP_GET,
			   .path = "/sessions/*/statements/*",
			   .fate = FATE_STATUS,
			   .status = _i / 2 == 0 ? 403 : 503,
			   .reply = "",
			   .times = -1 });
	world_run(w, 60 * MINUTES);
	ck_assert(!world_done(w, "a.py") && !world_done(w, "b.py"));
	world_mend(w);
	world_until(w, 5 * MINUTES, world_done(w, "a.py") && world_done(w, "b.py"));
	ck_assert_str_eq(world_status(w, "a.py"), "ok");
	ck_assert_str_eq(world_status(w, "b.py"), "ok");
	ck_assert_int_eq(world_ran(w, "sleep 60000"), 1);
}
END_TEST

/* What else is asked of one session is barred for ever, and of no other one. */
static const struct {
	enum http_method method;
	const char *path; /* behind the first one's own */
	const char *version;
} barred[] = {
	{ HTTP_GET, "/statements/0", "0.8.0" }, /* is there a driver? */
	{ HTTP_GET, "", "0.8.0" },		/* how is it? */
	{ HTTP_DELETE, "", "0.8.0" },		/* it goes */
	{ HTTP_GET, "/statements", NULL },	/* is it ours? */
	{ HTTP_GET, "", NULL },
};
static const int barred_by[] = { 403, 401, 302, 503 };

START_TEST(a_session_that_is_barred_is_one)
{
	const int statuses = (int)ARRAY_LEN(barred_by);
	const char *tail = barred[_i / statuses].path;
	w->server[0].version = barred[_i / statuses].version;
	w->any_number = true;
	begin_two();
	const struct world_session *first = w->server[0].session[0];
	path = w->server[0].version == NULL ? xasprintf("/sessions/%d%s", first->id, tail)
					    : xasprintf("/sessions/%s%s", first->name, tail);
	world_fault(w, (struct world_fault){ .method = barred[_i / statuses].method,
			   .path = path,
			   .fate = FATE_STATUS,
			   .status = barred_by[_i % statuses],
			   .reply = "",
			   .times = -1 });
	w->pool[0].recycle_statements = 3;
	world_reload(w);
	int slow = 0;
	for (int i = 0; i < 40; i++) {
		char *name = xasprintf("b%d.py", i);
		int64_t began_ms = w->now.mono_ms;
		world_put(w, name, "work");
		world_until(w, 5 * MINUTES, world_done(w, name));
		ck_assert_str_eq(world_status(w, name), "ok");
		slow += w->now.mono_ms - began_ms > 40 * SECONDS;
		world_run(w, 30 * SECONDS);
		free(name);
	}
	ck_assert_int_eq(world_ran(w, "work"), 40);
	ck_assert_int_le(world_logged(w, "event=down"), 2);
	ck_assert_int_le(slow, 2);
}
END_TEST

/* Where there is only a list nothing else can be asked for to compare. "Later" means whatever comes now. */
START_TEST(later_is_no_poison_of_a_list)
{
	w->endpoint[0].statements = STATEMENTS_LIST;
	w->spool[0].python = _i == 0 ? STYLE_RAW : STYLE_SCRIPT;
	begin_two();
	world_put(w, "a.py", "sleep 600000");
	world_until(w, MINUTES, world_ran(w, "sleep 600000") == 1);
	world_run(w, MINUTES);
	world_fault(w, (struct world_fault){ .method = HTTP_GET,
			   .path = "/sessions/*/statements",
			   .fate = FATE_STATUS,
			   .status = 429,
			   .reply = "",
			   .retry_after_ms = 60 * SECONDS,
			   .times = -1 });
	world_run(w, 20 * MINUTES);
	ck_assert(!world_done(w, "a.py"));
	world_mend(w);
	world_until(w, 5 * MINUTES, world_done(w, "a.py"));
	ck_assert_str_eq(world_status(w, "a.py"), "ok");
	ck_assert_int_eq(world_ran(w, "sleep 600000"), 1);
}
END_TEST

/* All statements of one session are forbidden for ever, say since somebody has taken its rights away: one in
 * which a file runs, and one that is to take the next. */
START_TEST(a_session_in_which_all_is_forbidden)
{
	bool script = _i >= 2;
	bool runs = _i == 1 || _i == 2;
	w->spool[0].python = script ? STYLE_SCRIPT : STYLE_RAW;
	w->pool[0].slots = 1;
	begin_two();
	if (runs) {
		world_put(w, "a.py", "sleep 36000000");
		world_until(w, MINUTES, world_ran(w, "sleep 36000000") == 1);
		world_run(w, MINUTES);
		path = xstrdup(world_row(w, "a.py")->rec.run->session_name);
	} else {
		path = xstrdup(w->server[0].session[0]->name);
	}
	char *posts = xasprintf("/sessions/%s/statements", path);
	world_fault(w, (struct world_fault){ .method = HTTP_POST,
			   .path = posts,
			   .fate = FATE_STATUS,
			   .status = 403,
			   .reply = "",
			   .times = -1 });
	for (int i = 0; i < 40; i++) {
		char *name = xasprintf("b%d.py", i);
		world_put(w, name, "work");
		world_until(w, 5 * MINUTES, world_done(w, name));
		ck_assert_str_eq(world_status(w, name), "ok");
		world_run(w, 20 * SECONDS);
		free(name);
	}
	ck_assert_int_eq(world_ran(w, "work"), 40);
	ck_assert(!runs || !world_done(w, "a.py"));
	free(posts);
}
END_TEST

/* Its answer is lost from the very first, so it is looked for, and that is lost as well. */
START_TEST(lost_from_the_first)
{
	begin_two();
	world_fault(w, (struct world_fault){ .method = HTTP_POST,
			   .path = "/sessions/*/statements",
			   .body = "sleep 4000",
			   .fate = FATE_LOST_AFTER });
	world_fault(w, (struct world_fault){ .method = HTTP_GET,
			   .path = "/sessions/*/statements/1",
			   .fate = _i == 0 ? FATE_LOST_AFTER : FATE_STATUS,
			   .status = 403,
			   .reply = "",
			   .times = -1 });
	world_put(w, "a.py", "sleep 4000");
	world_until(w, 20 * MINUTES, world_done(w, "a.py"));
	ck_assert_str_eq(world_status(w, "a.py"), "unknown");
	ck_assert_int_eq(world_ran(w, "sleep 4000"), 1);
	ck_assert_int_le(world_logged(w, "event=down"), 2); /* one by the POST */
}
END_TEST

/* ---- a file that takes its sessions with it ----------------------------------------------------- */

/* Each time it is sent, its session is dead before anybody could say that it was accepted. */
static void lose_posts_of(const char *code, enum world_fate fate)
{
	world_fault(w, (struct world_fault){ .method = HTTP_POST,
			   .path = "/sessions/*/statements",
			   .body = code,
			   .fate = fate,
			   .times = -1 });
}

START_TEST(a_killer_is_fed_to_two_sessions)
{
	w->spool[0].on_unknown = _i == 0 ? ON_UNKNOWN_RERUN : ON_UNKNOWN_STOP;
	w->pool[0].max = 1;
	world_begin(w);
	lose_posts_of("die 0", FATE_LOST_AFTER);
	world_put(w, "a.py", "die 0");
	world_until(w, 30 * MINUTES, world_done(w, "a.py"));
	ck_assert_str_eq(world_status(w, "a.py"), "unknown");
	ck_assert_int_eq(world_ran(w, "die 0"), _i == 0 ? 2 : 1);
	world_put(w, "b.py", "work");
	world_until(w, 10 * MINUTES, world_done(w, "b.py"));
	ck_assert_str_eq(world_status(w, "b.py"), "ok");
}
END_TEST

START_TEST(a_killer_is_fed_to_two_sessions_whatever_else_dies)
{
	w->spool[0].on_unknown = ON_UNKNOWN_RERUN;
	w->pool[0].max = 1;
	world_begin(w);
	lose_posts_of("die 0", FATE_LOST_AFTER);
	world_put(w, "a.py", "die 0");
	world_until(w, 30 * MINUTES, world_logged(w, "event=requeued") == 1);
	world_crash(w);
	world_until(w, 30 * MINUTES, world_done(w, "a.py"));
	ck_assert_int_eq(world_ran(w, "die 0"), 2);
	ck_assert_str_eq(world_status(w, "a.py"), "unknown");
}
END_TEST

/* It was seen running: that is an end, whatever the spool says. */
START_TEST(a_killer_that_was_accepted_is_fed_to_one)
{
	w->spool[0].on_unknown = ON_UNKNOWN_RERUN;
	world_begin(w);
	world_put(w, "a.py", "die 2000");
	world_until(w, 30 * MINUTES, world_done(w, "a.py"));
	ck_assert_str_eq(world_status(w, "a.py"), "died");
	ck_assert_int_eq(world_ran(w, "die 2000"), 1);
	ck_assert_int_eq(w->server[0].created, 1);
}
END_TEST

/* Something on the way closes the connection whenever it comes by. Behind a fence it is certain that
 * it never ran, but each fence costs a session. */
START_TEST(never_let_through_costs_few_sessions)
{
	w->pool[0].warm[KIND_PYSPARK] = 1;
	world_begin(w);
	lose_posts_of("work", FATE_LOST_BEFORE);
	world_put(w, "a.py", "work");
	world_until(w, 60 * MINUTES, world_done(w, "a.py"));
	ck_assert_str_eq(world_status(w, "a.py"), "rejected");
	ck_assert_ptr_nonnull(strstr(world_text(w, "a.py.err"), "it never ran"));
	ck_assert_int_eq(world_ran(w, "work"), 0);
	ck_assert_int_le(w->server[0].created, 4);
	world_put(w, "b.py", "other");
	world_until(w, 10 * MINUTES, world_done(w, "b.py"));
	ck_assert_str_eq(world_status(w, "b.py"), "ok");
}
END_TEST

static void begin_scripts(void)
{
	w->spool[0].python = w->spool[0].sql = STYLE_SCRIPT;
	w->spool[0].on_unknown = ON_UNKNOWN_RERUN;
	w->pool[0].max = 1;
	world_begin(w);
}

START_TEST(a_killing_script_is_fed_to_two_sessions)
{
	begin_scripts();
	lose_posts_of("die 0", FATE_LOST_AFTER);
	world_put(w, "a.py", "die 0");
	world_until(w, 30 * MINUTES, world_done(w, "a.py"));
	ck_assert_str_eq(world_status(w, "a.py"), "unknown");
	ck_assert_int_eq(world_ran(w, "die 0"), 2);
	world_put(w, "b.py", "work");
	world_until(w, 10 * MINUTES, world_done(w, "b.py"));
	ck_assert_str_eq(world_status(w, "b.py"), "ok");
}
END_TEST

/* Scripts share a session, and their calls: one that is not let through must not take along who runs
 * there, and who comes then. */
START_TEST(scripts_that_are_never_let_through)
{
	w->spool[0].python = STYLE_SCRIPT;
	w->pool[0].slots = 8;
	w->pool[0].max = 1;
	world_begin(w);
	world_put(w, "n.py", "sleep 3600000");
	world_until(w, MINUTES, world_ran(w, "sleep 3600000") == 1);
	lose_posts_of("large", FATE_LOST_BEFORE);
	for (int i = 0; i <= 2 * _i; i++) {
		char *name = xasprintf("large%d.py", i);
		world_put(w, name, "work");
		free(name);
	}
	world_put(w, "b.py", "other");
	world_until(w, 10 * MINUTES, world_done(w, "b.py"));
	ck_assert_str_eq(world_status(w, "b.py"), "ok");
	world_until(w, 100 * MINUTES, world_done(w, "n.py"));
	ck_assert_str_eq(world_status(w, "n.py"), "ok");
	for (int i = 0; i <= 2 * _i; i++) {
		char *name = xasprintf("large%d.py", i);
		ck_assert_str_eq(world_status(w, name), "rejected");
		free(name);
	}
	ck_assert_ptr_nonnull(strstr(world_text(w, "large0.py.err"), "it never ran"));
	ck_assert_ptr_nonnull(strstr(world_text(w, "large0.py.err"), "not let it through"));
	ck_assert_int_eq(world_ran(w, "work"), 0);
	ck_assert_int_eq(w->server[0].created, 1);
}
END_TEST

static const struct {
	enum world_fate fate;
	int status;
	const char *reply;
	const char *said;
} unheard[] = {
	{ FATE_MANGLED, 403, "<html><title>403 Request blocked</title></html>", "Request blocked" },
	{ FATE_MANGLED, 500, "\"RuntimeException: no\"", "RuntimeException: no" },
	{ FATE_MANGLED, 200, "<html>hello</html>", "HTTP 200" },
	{ FATE_TOO_BIG, 0, "", "too" },
	{ FATE_LOST_AFTER, 0, "", "connection was lost" },
};

static bool asks_after(const json_t *call, const char *id)
{
	const json_t *poll = json_object_get(call, "poll");
	for (size_t i = 0; i < json_array_size(poll); i++)
		if (str_eq(json_string_value(json_object_get(json_array_get(poll, i), "id")), id))
			return true;
	return false;
}

/* Whatever the runner says of this one is not let through. */
static struct world_fault bars_a_run(struct world *of, const struct fx_http *http, void *arg)
{
	const char *at = strstr(http->path, "/statements/");
	const struct world_session *s = of->server[0].session[0];
	const struct world_row *row = world_row(of, arg);
	int i = http->method == HTTP_GET && at != NULL ? (int)strtol(at + 12, NULL, 10) : -1;
	if (i < 0 || i >= s->count || row == NULL || row->rec.run == NULL ||
	    !asks_after(s->statement[i].call, row->rec.run->token))
		return (struct world_fault){ .fate = FATE_WELL };
	return (struct world_fault){ .fate = unheard[ailment].fate,
		.status = unheard[ailment].status,
		.reply = unheard[ailment].reply };
}

/* What ails the answers is what the runner has to say of one file, an error's words for one. Those beside it
 * hardly notice, and it alone is given up. */
START_TEST(a_script_that_is_not_to_be_heard_of)
{
	bool begun = _i < (int)ARRAY_LEN(unheard);
	ailment = _i % (int)ARRAY_LEN(unheard);
	w->spool[0].python = STYLE_SCRIPT;
	w->pool[0].slots = 8;
	w->pool[0].max = 1;
	world_begin(w);
	world_put(w, "n.py", "sleep 3600000");
	world_until(w, MINUTES, world_ran(w, "sleep 3600000") == 1);
	world_put(w, "a.py", "sleep 20000");
	world_until(w, MINUTES, world_ran(w, "sleep 20000") == begun);
	world_until(w, MINUTES, !begun || world_row(w, "a.py")->rec.state == JOB_RUNNING);
	w->fate = bars_a_run;
	w->fate_arg = name_of_it;
	int slow = 0, count = 0;
	for (; count < 400 && !world_done(w, "a.py"); count++) {
		char *name = xasprintf("b%d.py", count);
		int64_t began_ms = w->now.mono_ms;
		world_put(w, name, "work");
		world_until(w, MINUTES, world_done(w, name));
		ck_assert_str_eq(world_status(w, name), "ok");
		slow += w->now.mono_ms - began_ms > 8 * SECONDS;
		world_run(w, SECONDS);
		free(name);
	}
	ck_assert(world_recorded(w, "a.py", "unknown"));
	ck_assert_msg(strstr(world_text(w, "a.py.err"), unheard[ailment].said) != NULL, "%s",
	    world_text(w, "a.py.err"));
	ck_assert_int_le(slow, 2);
	ck_assert_int_le(world_logged(w, "event=down"), begun ? 2 : 3); /* its starts, too */
	ck_assert_int_eq(world_ran(w, "work"), count);
	ck_assert(!world_done(w, "n.py"));
	world_until(w, 100 * MINUTES, world_done(w, "n.py"));
	ck_assert_str_eq(world_status(w, "n.py"), "ok");
	ck_assert_int_eq(world_ran(w, "sleep 20000"), 1);
	ck_assert_int_eq(w->server[0].created, 1);
}
END_TEST

/* It may run there still, and takes up a place of which nobody knows when it is free: no other file is sent
 * there, and the session goes when those beside it have ended. */
START_TEST(a_script_that_was_given_up_runs_on)
{
	ailment = 0;
	w->spool[0].python = STYLE_SCRIPT;
	w->pool[0].slots = 2;
	w->pool[0].max = 1 + _i;
	world_begin(w);
	world_put(w, "n.py", "sleep 1200000");
	world_put(w, "a.py", "sleep 360000000");
	world_until(w, MINUTES, world_ran(w, "sleep 1200000") == 1);
	world_until(w, MINUTES, world_row(w, "a.py")->rec.state == JOB_RUNNING);
	w->fate = bars_a_run;
	w->fate_arg = name_of_it;
	world_until(w, 15 * MINUTES, world_done(w, "a.py"));
	ck_assert(world_recorded(w, "a.py", "unknown"));
	ck_assert(!world_done(w, "n.py"));
	world_until(w, 30 * MINUTES, _i == 1 || world_done(w, "n.py"));
	world_put(w, "c.py", "sleep 60000 c");
	world_put(w, "d.py", "sleep 60000 d");
	world_until(
	    w, MINUTES, world_ran(w, "sleep 60000 c") == 1 && world_ran(w, "sleep 60000 d") == 1);
	world_until(w, 30 * MINUTES, world_done(w, "n.py") && world_done(w, "d.py"));
	ck_assert_str_eq(world_status(w, "n.py"), "ok");
	world_until(w, MINUTES, world_alive(w, 0) == 1);
	ck_assert_int_eq(w->server[0].created, 2);
}
END_TEST

/* Somebody does not want to wait any longer for a file of which nothing is heard since it was sent. */
START_TEST(a_script_that_is_cancelled_and_not_to_be_heard_of)
{
	ailment = _i;
	w->spool[0].python = STYLE_SCRIPT;
	w->pool[0].slots = 8;
	w->pool[0].max = 1;
	world_begin(w);
	world_put(w, "n.py", "sleep 3600000");
	world_until(w, MINUTES, world_ran(w, "sleep 3600000") == 1);
	w->fate = bars_a_run;
	w->fate_arg = name_of_it;
	world_put(w, "a.py", "sleep 20000");
	world_until(w, MINUTES, world_ran(w, "sleep 20000") == 1);
	ck_assert_int_eq(world_row(w, "a.py")->rec.state, JOB_SENDING);
	(void)world_ask(w, "{\"v\":1,\"do\":\"cancel\",\"jobs\":[2]}");
	world_until(w, 15 * MINUTES, world_done(w, "a.py"));
	ck_assert_str_eq(world_status(w, "a.py"), "unknown");
	ck_assert(!world_done(w, "n.py"));
	world_until(w, 100 * MINUTES, world_done(w, "n.py"));
	ck_assert_str_eq(world_status(w, "n.py"), "ok");
}
END_TEST

static bool is_fetched_from(const char *name)
{
	const struct job *job = job_find(&w->core->jobs, 0, name);
	return job != NULL && job->script != NULL && job->script->phase == SCRIPT_FETCH;
}

/* How it has ended was heard; what it has printed is not let through. */
START_TEST(a_script_whose_output_is_barred)
{
	ailment = _i;
	w->spool[0].python = STYLE_SCRIPT;
	w->pool[0].slots = 8;
	w->pool[0].max = 1;
	w->server[0].piece_bytes = 100;
	world_begin(w);
	world_put(w, "n.py", "sleep 3600000");
	world_put(w, "a.py", "big 100000");
	world_until(w, MINUTES, is_fetched_from("a.py"));
	w->fate = bars_a_run;
	w->fate_arg = name_of_it;
	world_until(w, 30 * MINUTES, world_done(w, "a.py"));
	ck_assert_str_eq(world_status(w, "a.py"), "ok");
	ck_assert_ptr_nonnull(strstr(world_text(w, "a.py.json"), "what it left is not all here"));
	ck_assert(!world_done(w, "n.py"));
	world_until(w, 100 * MINUTES, world_done(w, "n.py"));
	ck_assert_str_eq(world_status(w, "n.py"), "ok");
	ck_assert_int_eq(w->server[0].created, 1);
}
END_TEST

/* What is on the way forbids the runner's own code, or the greeting before it, and nothing else: files that need
 * none go on, and one that is there already is not lost with its session. */
START_TEST(the_runner_is_forbidden)
{
	bool before = _i == 1;
	w->spool[0].python = STYLE_SCRIPT;
	w->spool[0].sql = STYLE_RAW;
	world_begin(w);
	if (before) {
		world_put(w, "n.py", "sleep 7200000");
		world_until(w, MINUTES, world_ran(w, "sleep 7200000") == 1);
		world_until(w, MINUTES, world_row(w, "n.py")->rec.state == JOB_RUNNING);
	}
	world_fault(w, (struct world_fault){ .method = HTTP_POST,
			   .path = "/sessions/*/statements",
			   .body = _i == 2 ? "print(" : "_sparkspool_boot",
			   .fate = FATE_STATUS,
			   .status = 403,
			   .reply = "",
			   .times = -1 });
	if (before)
		world_crash(w);
	else
		world_put(w, "n.py", "sleep 7200000");
	for (int i = 0; i < 30; i++) {
		char *name = xasprintf("b%d.sql", i);
		world_put(w, name, "other");
		world_until(w, 5 * MINUTES, world_done(w, name));
		ck_assert_str_eq(world_status(w, name), "ok");
		free(name);
		world_run(w, 20 * SECONDS);
	}
	ck_assert(!world_done(w, "n.py"));
	ck_assert_int_le(w->server[0].created, before ? 2 : 12);
	world_mend(w);
	world_until(w, 200 * MINUTES, world_done(w, "n.py"));
	ck_assert_str_eq(world_status(w, "n.py"), "ok");
	ck_assert_int_eq(world_ran(w, "sleep 7200000"), 1);
}
END_TEST

/* The call that is to begin it is taken each time, and fails each time: that is not the way's fault. */
START_TEST(a_script_whose_start_fails)
{
	w->spool[0].python = STYLE_SCRIPT;
	w->pool[0].slots = 8;
	w->pool[0].max = 1;
	w->server[0].chokes = "a.py";
	world_begin(w);
	world_put(w, "n.py", "sleep 3600000");
	world_until(w, MINUTES, world_ran(w, "sleep 3600000") == 1);
	world_put(w, "a.py", "work");
	world_put(w, "b.py", "other");
	world_until(w, 10 * MINUTES, world_done(w, "b.py"));
	ck_assert_str_eq(world_status(w, "b.py"), "ok");
	world_until(w, 30 * MINUTES, world_done(w, "a.py"));
	ck_assert_str_eq(world_status(w, "a.py"), "rejected");
	ck_assert_ptr_nonnull(strstr(world_text(w, "a.py.err"), "it never ran"));
	ck_assert_ptr_nonnull(strstr(world_text(w, "a.py.err"), "its runner fails with an error"));
	ck_assert_ptr_null(strstr(world_text(w, "a.py.err"), "connection"));
	world_until(w, 100 * MINUTES, world_done(w, "n.py"));
	ck_assert_str_eq(world_status(w, "n.py"), "ok");
	ck_assert_int_eq(world_ran(w, "work"), 0);
	ck_assert_int_eq(w->server[0].created, 1);
}
END_TEST

/* ---- what a gateway forbids ---------------------------------------------------------------------- */

/* A gateway with rules of its own takes what a file holds for an attack. A runner's call has the code
 * coded, so there it is the name that it looks at. */
static void forbid(const char *what)
{
	world_fault(w, (struct world_fault){ .method = HTTP_POST,
			   .path = "/sessions/*/statements",
			   .body = what,
			   .fate = FATE_STATUS,
			   .status = 403,
			   .reply = "<html><title>403 Request blocked</title></html>",
			   .times = -1 });
}

static void begin_guarded(bool script)
{
	w->spool[0].python = script ? STYLE_SCRIPT : STYLE_RAW;
	w->pool[0].warm[KIND_PYSPARK] = 1;
	w->pool[0].max = 1;
	world_begin(w);
	world_until(w, MINUTES, core_counts(w->core).sessions_idle == 1);
}

static void ends_as(const char *name, const char *status)
{
	world_until(w, 10 * MINUTES, world_done(w, name));
	ck_assert_msg(str_eq(world_status(w, name), status), "%s: %s\n%s", name,
	    world_status(w, name), world_tail(&w->log));
}

static void blames_the_gateway(const char *name)
{
	char *err = xasprintf("%s.err", name);
	ends_as(name, "rejected");
	ck_assert(world_recorded(w, name, "rejected"));
	ck_assert_ptr_nonnull(strstr(world_text(w, err), "Refused"));
	ck_assert_ptr_nonnull(strstr(world_text(w, err), "HTTP 403: 403 Request blocked"));
	ck_assert_ptr_nonnull(strstr(world_text(w, err), "let it through"));
	free(err);
}

/* It is first in line, and the only session is there for all. */
START_TEST(forbidden_is_one_files_own)
{
	w->pool[0].slots = 1;
	begin_guarded(_i == 1);
	forbid("poison");
	world_put(w, "poison.py", "poison");
	world_put(w, "b.py", "work");
	ends_as("b.py", "ok");
	ck_assert(!world_done(w, "poison.py"));
	blames_the_gateway("poison.py");
	ck_assert_uint_eq(world_row(w, "poison.py")->rec.attempts, 3);
	ck_assert_int_eq(world_logged(w, "event=down"), 3);
	world_put(w, "c.py", "work");
	ends_as("c.py", "ok");
	ck_assert_int_eq(world_ran(w, "work"), 2);
	ck_assert_int_eq(world_ran(w, "poison"), 0);
	ck_assert_int_eq(w->server[0].created, 1);
}
END_TEST

/* Nobody else is there by whom it could be told that it is this one. */
START_TEST(forbidden_alone)
{
	begin_guarded(_i == 1);
	forbid("poison");
	world_put(w, "poison.py", "poison");
	blames_the_gateway("poison.py");
	ck_assert_int_eq(world_ran(w, "poison"), 0);
	ck_assert_int_eq(w->server[0].created, 1);
}
END_TEST

/* The same where each break makes the session prove itself first, and nothing else is asked of Scala. */
START_TEST(forbidden_alone_without_names)
{
	w->server[0].version = NULL;
	w->pool[0].warm[KIND_SPARK] = 1;
	w->pool[0].max = 1;
	world_begin(w);
	world_until(w, MINUTES, core_counts(w->core).sessions_idle == 1);
	forbid("poison");
	world_put(w, "poison.scala", "poison");
	blames_the_gateway("poison.scala");
	ck_assert_int_eq(world_ran(w, "poison"), 0);
	ck_assert_int_eq(w->server[0].created, 1);
}
END_TEST

/* An interpreter that does not work says so of whatever it is asked; that it was asked tells that it is the
 * file that is forbidden. The next one shows why. */
START_TEST(forbidden_where_nothing_works)
{
	const char *name = _i == 0 ? "poison.py" : "poison.scala";
	const char *next = _i == 0 ? "b.py" : "b.scala";
	w->server[0].start = START_LIMP;
	w->pool[0].max = 1;
	world_begin(w);
	forbid("poison");
	world_put(w, name, "poison");
	blames_the_gateway(name);
	ck_assert_int_eq(w->server[0].created, 1);
	world_put(w, next, "work");
	ends_as(next, "error");
	ck_assert_int_eq(world_ran(w, "poison"), 0);
	ck_assert_int_eq(w->server[0].created, 1);
}
END_TEST

/* Others come all the time. */
static void feed_until(const char *bad)
{
	for (int i = 0; i < 300 && !world_done(w, bad); i++) {
		char *name = xasprintf("%c%d.py", bad[6], i);
		world_put(w, name, "work");
		world_run(w, 200);
		free(name);
	}
	blames_the_gateway(bad);
}

/* In one call with others, and beside one that runs. */
START_TEST(forbidden_in_company)
{
	w->pool[0].slots = 8;
	begin_guarded(true);
	world_put(w, "n.py", "sleep 600000");
	world_until(w, MINUTES, world_ran(w, "sleep 600000") == 1);
	forbid("poison");
	world_put(w, "b.py", "before");
	world_put(w, "poison1.py", "bad");
	world_put(w, "poison2.py", "bad");
	world_put(w, "d.py", "behind");
	ends_as("b.py", "ok");
	ends_as("d.py", "ok");
	feed_until("poison1.py");
	feed_until("poison2.py");
	/* Once by all of them together, and then by each for itself. */
	ck_assert_int_le(world_logged(w, "event=down"), 1 + 3 + 3);
	ck_assert(!world_done(w, "n.py"));
	world_until(w, 20 * MINUTES, world_done(w, "n.py"));
	ck_assert_str_eq(world_status(w, "n.py"), "ok");
	ck_assert_int_eq(world_ran(w, "sleep 600000"), 1);
	ck_assert_int_eq(world_ran(w, "before"), 1);
	ck_assert_int_eq(world_ran(w, "behind"), 1);
	ck_assert_int_eq(world_ran(w, "bad"), 0);
	ck_assert_int_eq(w->server[0].created, 1);
}
END_TEST

static const struct {
	enum http_method method;
	const char *path;
} withdrawn[] = {
	{ HTTP_POST, "/sessions/*/statements" }, /* it may look, and no more */
	{ HTTP_POST, NULL },
	{ HTTP_GET, NULL },
};

/* We may do nothing any more, or only look: that is no file's fault, however many sessions each could be
 * tried in. Whatever waits runs when it is allowed again. */
START_TEST(forbidden_to_everybody)
{
	bool script = _i % 2 == 1;
	char name[] = "a.py";
	w->spool[0].python = script ? STYLE_SCRIPT : STYLE_RAW;
	w->pool[0].warm[KIND_PYSPARK] = 4;
	w->pool[0].max = 4;
	world_begin(w);
	world_until(w, MINUTES, core_counts(w->core).sessions_idle == 4);
	world_fault(w, (struct world_fault){ .method = withdrawn[_i / 2].method,
			   .path = withdrawn[_i / 2].path,
			   .fate = FATE_STATUS,
			   .status = 403,
			   .reply = "{\"msg\":\"not you\"}",
			   .times = -1 });
	world_put(w, name, "work");
	world_run(w, 10 * MINUTES);
	for (name[0] = 'b'; name[0] <= 'f'; name[0]++)
		world_put(w, name, "work");
	world_run(w, 60 * MINUTES);
	for (name[0] = 'a'; name[0] <= 'f'; name[0]++)
		ck_assert(!world_done(w, name));
	world_mend(w);
	for (name[0] = 'a'; name[0] <= 'f'; name[0]++)
		ends_as(name, "ok");
	ck_assert_int_eq(world_ran(w, "work"), 6);
}
END_TEST

/* What was written anew is another file's worth: it is judged by its own answers. */
START_TEST(forbidden_until_it_was_changed)
{
	begin_guarded(_i == 1);
	forbid(_i == 1 ? "poison" : "bad");
	world_put(w, "poison.py", "bad");
	world_until(w, MINUTES, world_logged(w, "event=requeued") == 2);
	world_put(w, "poison.py", "as bad");
	world_until(w, MINUTES, world_logged(w, "event=requeued") == 4);
	world_mend(w);
	ends_as("poison.py", "ok");
	ck_assert_int_eq(world_ran(w, "bad"), 0);
	ck_assert_int_eq(world_ran(w, "as bad"), 1);
}
END_TEST

/* A reload brings it back to its lane before its pause is over: that has nothing to say any more when its
 * results are written, however long the disk takes for that. */
START_TEST(forbidden_and_soon_brought_back)
{
	const char *step = _i == 0 ? "stage" : "publish";
	w->spool[0].after = AFTER_DELETE;
	begin_guarded(false);
	forbid("bad");
	world_put(w, "poison.py", "bad");
	world_until(w, MINUTES, world_logged(w, "event=requeued") == 1);
	world_mend(w);
	world_reload(w);
	world_until(w, 4 * SECONDS, strstr(w->trace.data, step) != NULL);
	w->now.mono_ms += 10 * SECONDS;
	w->now.real_ms += 10 * SECONDS;
	ends_as("poison.py", "ok");
	ck_assert_int_eq(world_ran(w, "bad"), 1);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("poison");
	TCase *tc = tcase_create("poison");
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, poison_is_one_files_own, 0, (int)ARRAY_LEN(poisons));
	tcase_add_loop_test(tc, poison_of_a_call_is_nobodys, 0, (int)ARRAY_LEN(poisons));
	tcase_add_test(tc, now_and_then_is_no_poison);
	tcase_add_test(tc, a_dead_server_is_no_poison);
	tcase_add_loop_test(tc, no_answer_is_let_through, 0, 4);
	tcase_add_loop_test(tc, a_session_that_is_barred_is_one, 0,
	    (int)(ARRAY_LEN(barred) * ARRAY_LEN(barred_by)));
	tcase_add_loop_test(tc, lost_from_the_first, 0, 2);
	tcase_add_loop_test(tc, later_is_no_poison_of_a_list, 0, 2);
	tcase_add_loop_test(tc, a_session_in_which_all_is_forbidden, 0, 4);
	tcase_add_loop_test(tc, a_killer_is_fed_to_two_sessions, 0, 2);
	tcase_add_test(tc, a_killer_is_fed_to_two_sessions_whatever_else_dies);
	tcase_add_test(tc, a_killer_that_was_accepted_is_fed_to_one);
	tcase_add_test(tc, never_let_through_costs_few_sessions);
	tcase_add_test(tc, a_killing_script_is_fed_to_two_sessions);
	tcase_add_loop_test(tc, scripts_that_are_never_let_through, 0, 2);
	tcase_add_test(tc, a_script_whose_start_fails);
	tcase_add_loop_test(tc, a_script_whose_output_is_barred, 0, (int)ARRAY_LEN(unheard));
	tcase_add_loop_test(
	    tc, a_script_that_is_not_to_be_heard_of, 0, 2 * (int)ARRAY_LEN(unheard));
	tcase_add_loop_test(tc, a_script_that_was_given_up_runs_on, 0, 2);
	tcase_add_loop_test(
	    tc, a_script_that_is_cancelled_and_not_to_be_heard_of, 0, (int)ARRAY_LEN(unheard));
	tcase_add_loop_test(tc, the_runner_is_forbidden, 0, 3);
	tcase_add_loop_test(tc, forbidden_is_one_files_own, 0, 2);
	tcase_add_loop_test(tc, forbidden_alone, 0, 2);
	tcase_add_test(tc, forbidden_alone_without_names);
	tcase_add_loop_test(tc, forbidden_where_nothing_works, 0, 2);
	tcase_add_test(tc, forbidden_in_company);
	tcase_add_loop_test(tc, forbidden_to_everybody, 0, 2 * (int)ARRAY_LEN(withdrawn));
	tcase_add_loop_test(tc, forbidden_until_it_was_changed, 0, 2);
	tcase_add_loop_test(tc, forbidden_and_soon_brought_back, 0, 2);
	suite_add_tcase(s, tc);
	return help_run(s);
}
