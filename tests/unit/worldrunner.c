/* worldrunner: the runner of a pyspark session, as src/runner/PROTOCOL has it. Its files know the same
 * first words as raw code: "sleep MS", "fail", "die MS" (with the driver); and "exit N", "big N" (so
 * many bytes of output), "kill MS" (after which the runner's zygote is dead). */
#include "world.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RUN_MS 200
#define CALL_MS 10
#define PIECE_BYTES_MAX 1000

enum run_state { RUN_BARRED, RUN_RUNS, RUN_ENDED, RUN_FORGOTTEN };

struct world_run {
	char id[TOKEN_TEXT_LEN];
	enum run_state state;
	int64_t begun_ms;
	int64_t ends_ms; /* INT64_MAX: only when it is killed */
	char *code;
	char *why;
	int exit_code;
	size_t out_bytes;
};

struct world_runner {
	struct world_run *run;
	size_t count;
	char boot[32];
	bool dead;
};

/* ---- codes ----------------------------------------------------------------------------------- */

bool server_is_runner(const char *code)
{
	return strstr(code, "_sparkspool_call('") == code ||
	       strstr(code, "_sparkspool_boot('") != NULL;
}

/* What stands between the quotes of the call, as JSON. */
json_t *server_call_of(const char *code)
{
	const char *p = strstr(code, "_sparkspool_");
	size_t n = 0;
	p = strchr(p, '\'') + 1;
	char *text = xcalloc(strlen(p) + 1, 1);
	for (; *p != '\'' && *p != '\0'; p++) {
		if (*p == '\\')
			p++;
		text[n++] = *p;
	}
	json_t *call = json_loads(text, 0, NULL);
	ck_assert_msg(call != NULL, "no call: %s", code);
	free(text);
	return call;
}

static char *plain_of(const char *base64)
{
	struct buf b;
	buf_init(&b, 64u << 20);
	ck_assert_int_eq(buf_add_base64(&b, base64, strlen(base64)), 0);
	return buf_steal(&b, NULL);
}

/* ---- runs ------------------------------------------------------------------------------------ */

static struct world_run *run_by_id(const struct world_runner *r, const char *id)
{
	for (size_t i = 0; i < r->count; i++)
		if (str_eq(r->run[i].id, id))
			return &r->run[i];
	return NULL;
}

static struct world_run *run_add(struct world_runner *r, const char *id)
{
	r->run = xrealloc(r->run, (r->count + 1) * sizeof(*r->run));
	struct world_run *run = &r->run[r->count++];
	*run = (struct world_run){ .state = RUN_BARRED };
	(void)snprintf(run->id, sizeof(run->id), "%s", id);
	return run;
}

static bool does(const struct world_run *run, const char *word)
{
	size_t n = strlen(word);
	return strncmp(run->code, word, n) == 0 && (run->code[n] == ' ' || run->code[n] == '\0');
}

static int64_t number_of(const struct world_run *run)
{
	return strtol(run->code + strcspn(run->code, " "), NULL, 10);
}

static void run_begin(struct world *w, struct world_server *sv, struct world_session *s,
    const json_t *start, int64_t at_ms)
{
	struct world_runner *r = s->runner;
	const char *id = json_string_value(json_object_get(start, "id"));
	json_int_t limit_ms =
	    json_integer_value(json_object_get(json_object_get(start, "limits"), "time_ms"));
	if (r->dead || run_by_id(r, id) != NULL)
		return;
	struct world_run *run = run_add(r, id);
	run->state = RUN_RUNS;
	run->begun_ms = at_ms;
	run->code = plain_of(json_string_value(json_object_get(start, "code")));
	run->why = xstrdup("exit");
	run->exit_code = does(run, "fail") ? 1 : does(run, "exit") ? (int)number_of(run) : 0;
	run->out_bytes = does(run, "big") ? (size_t)number_of(run) : strlen(run->code);
	bool timed = does(run, "sleep") || does(run, "die") || does(run, "kill");
	run->ends_ms = at_ms + (timed ? number_of(run) : RUN_MS);
	if (limit_ms > 0 && run->ends_ms - at_ms > limit_ms) {
		run->ends_ms = at_ms + limit_ms;
		run->exit_code = 137;
		free(run->why);
		run->why = xstrdup("timeout");
	}
	(void)buf_addf(&w->trace, "(ran %s)\n", run->code);
	sv->ran = xrealloc(sv->ran, (sv->ran_count + 1) * sizeof(*sv->ran));
	sv->ran[sv->ran_count++] = xstrdup(run->code);
}

static void run_end(struct world_run *run, const char *why, int exit_code)
{
	if (run->state != RUN_RUNS)
		return;
	run->state = RUN_ENDED;
	if (why != NULL) {
		free(run->why);
		run->why = xstrdup(why);
		run->exit_code = exit_code;
	}
}

static void runner_die(struct world_runner *r)
{
	r->dead = true;
	for (size_t i = 0; i < r->count; i++)
		run_end(&r->run[i], "died", 137);
}

void runner_advance(struct world_session *s, int64_t now_ms)
{
	struct world_runner *r = s->runner;
	for (size_t i = 0; r != NULL && i < r->count; i++) {
		struct world_run *run = &r->run[i];
		if (run->state != RUN_RUNS || run->ends_ms > now_ms)
			continue;
		s->dead = s->dead || does(run, "die");
		run_end(run, NULL, 0);
		if (does(run, "kill"))
			runner_die(r);
	}
}

/* ---- calls ----------------------------------------------------------------------------------- */

static int64_t wait_of(const struct world_runner *r, const json_t *call, int64_t at_ms)
{
	int64_t wait_ms = json_integer_value(json_object_get(call, "wait_ms"));
	for (size_t i = 0; i < r->count; i++)
		if (r->run[i].state == RUN_RUNS && r->run[i].ends_ms - at_ms < wait_ms)
			wait_ms = r->run[i].ends_ms - at_ms;
	return wait_ms > 0 ? wait_ms : 0;
}

static void each(const json_t *call, const char *what, struct world_runner *r)
{
	const json_t *list = json_object_get(call, what);
	for (size_t i = 0; i < json_array_size(list); i++) {
		const char *id = json_string_value(json_array_get(list, i));
		struct world_run *run = run_by_id(r, id);
		if (str_eq(what, "bar") && run == NULL)
			run_add(r, id);
		if (str_eq(what, "ack") && run != NULL && run->state == RUN_ENDED)
			run->state = RUN_FORGOTTEN;
	}
}

/* Carries out a call; how long its statement takes. */
int64_t runner_begin(struct world *w, struct world_server *sv, struct world_session *s,
    const char *code, int64_t at_ms)
{
	json_t *call = server_call_of(code);
	const json_t *starts = json_object_get(call, "start");
	if (s->runner == NULL) {
		ck_assert_msg(strstr(code, "_sparkspool_boot('") != NULL, "a call before the boot");
		s->runner = xcalloc(1, sizeof(*s->runner));
		(void)snprintf(s->runner->boot, sizeof(s->runner->boot), "boot-%d", s->id);
	}
	for (size_t i = 0; i < json_array_size(starts); i++)
		run_begin(w, sv, s, json_array_get(starts, i), at_ms);
	each(call, "bar", s->runner);
	each(call, "ack", s->runner);
	int64_t ms = CALL_MS + wait_of(s->runner, call, at_ms);
	json_decref(call);
	return ms;
}

static char *text_of(const struct world_run *run)
{
	char *text = xcalloc(run->out_bytes + 1, 1);
	for (size_t i = 0; i < run->out_bytes; i++)
		text[i] = run->code[i % strlen(run->code)];
	return text;
}

/* Of what runs, nothing is to be seen; of what has ended, all of it, in pieces. */
static json_t *data_of(const struct world_run *run, const json_t *at)
{
	json_t *list = json_array();
	const json_t *from = json_object_get(at, "out");
	size_t offset = (size_t)json_integer_value(from);
	if (from == NULL || run->state != RUN_ENDED || offset >= run->out_bytes)
		return list;
	struct buf b;
	char *text = text_of(run);
	size_t n =
	    run->out_bytes - offset < PIECE_BYTES_MAX ? run->out_bytes - offset : PIECE_BYTES_MAX;
	buf_init(&b, 2 * PIECE_BYTES_MAX);
	ck_assert_int_eq(buf_put_base64(&b, text + offset, n), 0);
	json_array_append_new(list,
	    json_pack("{s:s,s:I,s:s}", "name", "out", "at", (json_int_t)offset, "data", b.data));
	buf_fini(&b);
	free(text);
	return list;
}

static json_t *run_json(const struct world *w, const struct world_run *run, const json_t *poll)
{
	static const char *const state[] = { "barred", "running", "ended", "forgotten" };
	const char *id = json_string_value(json_object_get(poll, "id"));
	if (run == NULL)
		return json_pack("{s:s,s:s}", "id", id, "state", "unknown");
	json_t *o = json_pack("{s:s,s:s}", "id", id, "state", state[run->state]);
	if (run->state == RUN_BARRED || run->state == RUN_FORGOTTEN)
		return o;
	json_object_set_new(
	    o, "started_ms", json_integer(run->begun_ms + w->now.real_ms - w->now.mono_ms));
	json_object_set_new(o, "data", data_of(run, json_object_get(poll, "at")));
	if (run->state != RUN_ENDED)
		return o;
	json_object_set_new(o, "files",
	    json_pack("[{s:s,s:I,s:i},{s:s,s:i,s:i}]", "name", "out", "bytes",
		(json_int_t)run->out_bytes, "cut", 0, "name", "err", "bytes", 0, "cut", 0));
	json_object_set_new(o, "exit_code", json_integer(run->exit_code));
	json_object_set_new(o, "why", json_string(run->why));
	return o;
}

/* The answer to a call, or to the boot, as its statement's output. */
char *runner_output(struct world *w, struct world_session *s, const char *code)
{
	struct world_runner *r = s->runner;
	json_t *call = server_call_of(code);
	json_t *runs = json_array();
	const json_t *polls = json_object_get(call, "poll");
	runner_advance(s, w->now.mono_ms);
	for (size_t i = 0; i < json_array_size(polls); i++) {
		const json_t *poll = json_array_get(polls, i);
		const char *id = json_string_value(json_object_get(poll, "id"));
		json_array_append_new(runs, run_json(w, run_by_id(r, id), poll));
	}
	json_t *answer = json_pack("{s:i,s:O,s:s,s:s,s:b,s:o}", "sparkspool", 1, "tag",
	    json_object_get(call, "tag"), "boot", r->boot, "mode", "process", "dead", r->dead,
	    "runs", runs);
	char *text = json_dumps(answer, JSON_COMPACT);
	json_decref(answer);
	json_decref(call);
	return text;
}

void runner_fini(struct world_runner *r)
{
	for (size_t i = 0; r != NULL && i < r->count; i++) {
		free(r->run[i].code);
		free(r->run[i].why);
	}
	if (r != NULL)
		free(r->run);
	free(r);
}
