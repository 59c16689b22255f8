/* worldrunner: the runner of a pyspark session, as src/runner/PROTOCOL has it. Its files know the same
 * first words as raw code: "sleep MS", "fail", "die MS" (with the driver); and "exit N", "big N" (so
 * many bytes of output), "drip MS" (a line each 100 ms), "kill MS" (after which the runner's zygote is
 * dead). What they leave besides stands behind it: "+err", "+csv", "+png", "+files", "+warn"; and what
 * no honest runner says: "+escape" (a name that leads out), "+short" (bytes that never come),
 * "+endless" (no exit code), "+ahead" and "+behind" (times of another age), "+huge" (more bytes than there are
 * numbers), "+flood" (bytes for ever), "+wrong" (bytes that nobody has asked for, instead of others). */
#include "world.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RUN_MS 200
#define CALL_MS 10
#define DRIP_MS 100
#define DRIP "drop\n"

enum run_state { RUN_BARRED, RUN_RUNS, RUN_ENDED, RUN_FORGOTTEN };

struct world_run {
	char id[TOKEN_TEXT_LEN];
	enum run_state state;
	int64_t begun_ms;
	int64_t ends_ms;
	char *code;
	char *why;
	int exit_code;
	size_t out_bytes;
};

struct world_runner {
	struct world_run *run;
	size_t count;
	char boot[32];
	char *code; /* its own name */
	json_int_t slots;
	bool dead;
	char taken[TOKEN_TEXT_LEN]; /* by this run, which wanted it for itself */
	char **modules;
	size_t module_count;
};

/* ---- codes ----------------------------------------------------------------------------------- */

bool server_is_runner(const char *code)
{
	return strncmp(code, "_sparkspool_call('", 18) == 0 ||
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

/* Behind what it says of itself. */
static const char *body_of(const struct world_run *run)
{
	bool says = run->code[0] == '#' || strncmp(run->code, "--", 2) == 0;
	const char *line = says ? strchr(run->code, '\n') : NULL;
	return line == NULL ? run->code : line + 1;
}

static bool does(const struct world_run *run, const char *word)
{
	const char *body = body_of(run);
	size_t n = strlen(word);
	return strncmp(body, word, n) == 0 && (body[n] == ' ' || body[n] == '\0');
}

static int64_t number_of(const struct world_run *run)
{
	const char *body = body_of(run);
	return strtol(body + strcspn(body, " "), NULL, 10);
}

static bool has(const struct world_run *run, const char *mark)
{
	return strstr(run->code, mark) != NULL;
}

static void run_end(struct world_run *run, const char *why, int exit_code, int64_t at_ms)
{
	if (run->state != RUN_RUNS)
		return;
	run->state = RUN_ENDED;
	run->ends_ms = run->ends_ms < at_ms ? run->ends_ms : at_ms;
	if (why != NULL) {
		free(run->why);
		run->why = xstrdup(why);
		run->exit_code = exit_code;
	}
}

static int64_t length_of(const struct world_run *run)
{
	bool timed =
	    does(run, "sleep") || does(run, "die") || does(run, "kill") || does(run, "drip");
	return timed ? number_of(run) : RUN_MS;
}

/* How long it takes. */
static int64_t run_begin(struct world *w, struct world_server *sv, struct world_runner *r,
    const json_t *start, int64_t at_ms)
{
	json_int_t limit_ms =
	    json_integer_value(json_object_get(json_object_get(start, "limits"), "time_ms"));
	struct world_run *run = run_add(r, json_string_value(json_object_get(start, "id")));
	run->state = RUN_RUNS;
	run->begun_ms = at_ms;
	run->code = plain_of(json_string_value(json_object_get(start, "code")));
	run->why = xstrdup("exit");
	run->exit_code = does(run, "fail") ? 1 : does(run, "exit") ? (int)number_of(run) : 0;
	run->out_bytes = does(run, "big") ? (size_t)number_of(run) : strlen(run->code);
	run->ends_ms = at_ms + length_of(run);
	if (limit_ms > 0 && !sv->limitless && run->ends_ms - at_ms > limit_ms) {
		run->ends_ms = at_ms + limit_ms;
		run->exit_code = 137;
		free(run->why);
		run->why = xstrdup("timeout");
	}
	(void)buf_addf(&w->trace, "(ran %s)\n", run->code);
	sv->ran = xrealloc(sv->ran, (sv->ran_count + 1) * sizeof(*sv->ran));
	sv->ran[sv->ran_count++] = xstrdup(run->code);
	return run->ends_ms - at_ms;
}

static void runner_die(struct world_runner *r, int64_t now_ms)
{
	r->dead = true;
	for (size_t i = 0; i < r->count; i++)
		run_end(&r->run[i], "died", 137, now_ms);
}

void runner_advance(struct world_session *s, int64_t now_ms)
{
	struct world_runner *r = s->runner;
	for (size_t i = 0; r != NULL && i < r->count; i++) {
		struct world_run *run = &r->run[i];
		if (run->state != RUN_RUNS || run->ends_ms > now_ms)
			continue;
		s->dead = s->dead || does(run, "die");
		run_end(run, NULL, 0, now_ms);
		if (does(run, "kill"))
			runner_die(r, now_ms);
	}
}

/* ---- what befalls runners -------------------------------------------------------------------- */

void world_runner_is_another(struct world *w, size_t server)
{
	for (size_t i = 0; i < w->server[server].count; i++) {
		struct world_runner *r = w->server[server].session[i]->runner;
		if (r != NULL)
			(void)snprintf(r->boot, sizeof(r->boot), "another-%zu", i);
	}
}

void world_runner_forgets(struct world *w, size_t server)
{
	for (size_t i = 0; i < w->server[server].count; i++) {
		struct world_runner *r = w->server[server].session[i]->runner;
		for (size_t k = 0; r != NULL && k < r->count; k++)
			if (r->run[k].state == RUN_ENDED)
				r->run[k].state = RUN_FORGOTTEN;
	}
}

int world_acked(const struct world *w)
{
	int n = 0;
	for (size_t i = 0; i < w->server[0].count; i++) {
		const struct world_runner *r = w->server[0].session[i]->runner;
		for (size_t k = 0; r != NULL && k < r->count; k++)
			n += r->run[k].state == RUN_FORGOTTEN;
	}
	return n;
}

bool runner_takes(struct world_session *s, const char *id, bool alone)
{
	struct world_runner *r = s->runner;
	bool others = false;
	for (size_t i = 0; r != NULL && i < r->count; i++)
		others = others || (r->run[i].state != RUN_BARRED && !str_eq(r->run[i].id, id));
	if (r == NULL)
		return true; /* another session has its name by now, and will say so */
	const struct world_run *taker = run_by_id(r, r->taken);
	if (taker != NULL && taker->state == RUN_BARRED)
		r->taken[0] = '\0'; /* it was lost on its way, and never shall be begun */
	if (r->taken[0] != '\0')
		return str_eq(r->taken, id); /* sent again */
	if (alone)
		(void)snprintf(r->taken, sizeof(r->taken), "%s", id);
	return !alone || !others;
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

/* One that was never seen is marked, and will not start. */
static void kill_all(const json_t *call, struct world_runner *r, int64_t at_ms)
{
	const json_t *list = json_object_get(call, "kill");
	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *o = json_array_get(list, i);
		const char *id = json_string_value(json_object_get(o, "id"));
		const char *why = json_string_value(json_object_get(o, "why"));
		struct world_run *run = run_by_id(r, id);
		if (run == NULL) {
			run = run_add(r, id);
			*run = (struct world_run){ .state = RUN_RUNS,
				.code = xstrdup(""),
				.begun_ms = at_ms,
				.ends_ms = at_ms };
			(void)snprintf(run->id, sizeof(run->id), "%s", id);
			run_end(run, why, 130, at_ms);
		}
		run_end(run, why, 137, at_ms);
	}
}

static bool has_modules(const struct world_runner *r, const char *hash)
{
	for (size_t i = 0; i < r->module_count; i++)
		if (str_eq(r->modules[i], hash))
			return true;
	return hash == NULL;
}

static void put_modules(struct world_runner *r, const json_t *call)
{
	const json_t *list = json_object_get(call, "put");
	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *files = json_object_get(json_array_get(list, i), "files");
		ck_assert_uint_gt(json_array_size(files), 0);
		r->modules = xrealloc(r->modules, (r->module_count + 1) * sizeof(char *));
		r->modules[r->module_count++] =
		    xstrdup(json_string_value(json_object_get(json_array_get(list, i), "hash")));
	}
}

static bool is_full(const struct world_runner *r)
{
	json_int_t running = 0;
	for (size_t i = 0; i < r->count; i++)
		running += r->run[i].state == RUN_RUNS;
	return running >= r->slots;
}

/* What was refused once never begins: another start of it may still be on its way. */
static void run_refuse(struct world_runner *r, const char *id, const char *why)
{
	struct world_run *run = run_add(r, id);
	run->why = xstrdup(why);
}

static int64_t begin_all(struct world *w, struct world_server *sv, struct world_session *s,
    const json_t *call, int64_t at_ms)
{
	struct world_runner *r = s->runner;
	const json_t *starts = json_object_get(call, "start");
	int64_t alone_ms = 0;
	for (size_t i = 0; i < json_array_size(starts); i++) {
		const json_t *start = json_array_get(starts, i);
		const char *id = json_string_value(json_object_get(start, "id"));
		const char *hash = json_string_value(json_object_get(start, "modules"));
		if (r->dead || run_by_id(r, id) != NULL || !has_modules(r, hash))
			continue;
		if (sv->refusal != NULL)
			run_refuse(r, id, sv->refusal);
		if (sv->refusal != NULL || (sv->alone == NULL && is_full(r)))
			continue;
		int64_t ms = run_begin(w, sv, r, start, at_ms + alone_ms);
		alone_ms += sv->alone != NULL ? ms : 0;
	}
	return alone_ms;
}

static struct world_runner *runner_new(const struct world_session *s, const json_t *boot)
{
	struct world_runner *r = xcalloc(1, sizeof(*r));
	(void)snprintf(r->boot, sizeof(r->boot), "boot-%d", s->id);
	r->code = xstrdup(json_string_value(json_object_get(boot, "code")));
	r->slots = json_integer_value(json_object_get(boot, "slots"));
	ck_assert_ptr_nonnull(r->code);
	ck_assert_int_gt(r->slots, 0);
	return r;
}

bool runner_chokes(const struct world_server *sv, const json_t *call)
{
	const json_t *starts = json_object_get(call, "start");
	for (size_t i = 0; sv->chokes != NULL && i < json_array_size(starts); i++)
		if (str_eq(json_string_value(json_object_get(json_array_get(starts, i), "name")),
			sv->chokes))
			return true;
	return false;
}

/* Carries out a call; how long its statement takes. */
int64_t runner_begin(struct world *w, struct world_server *sv, struct world_session *s,
    const struct world_statement *st, int64_t at_ms)
{
	const json_t *call = st->call;
	if (s->runner == NULL && strstr(st->code, "_sparkspool_boot('") != NULL)
		s->runner = runner_new(s, call);
	if (s->runner == NULL || runner_chokes(sv, call))
		return CALL_MS;
	put_modules(s->runner, call);
	int64_t ms = begin_all(w, sv, s, call, at_ms);
	each(call, "bar", s->runner);
	kill_all(call, s->runner, at_ms);
	each(call, "ack", s->runner);
	ms += CALL_MS + (sv->alone != NULL ? 0 : wait_of(s->runner, call, at_ms));
	return ms;
}

/* ---- answers --------------------------------------------------------------------------------- */

struct output {
	const char *name;
	char *text;
	size_t bytes;
};

#define OUTPUTS_MAX 8

/* Of what runs, only drops are to be seen; of what has ended, all of it. */
static char *out_of(const struct world_run *run, int64_t now_ms, size_t *bytes)
{
	int64_t end_ms = run->state == RUN_RUNS && now_ms < run->ends_ms ? now_ms : run->ends_ms;
	*bytes = run->state == RUN_ENDED ? run->out_bytes : 0;
	const char *text = run->code;
	if (does(run, "drip")) {
		text = DRIP;
		*bytes = (size_t)((end_ms - run->begun_ms) / DRIP_MS) * strlen(DRIP);
	}
	char *out = xcalloc(*bytes + 1, 1);
	size_t length = strlen(text);
	for (size_t i = 0; i < *bytes; i += length)
		memcpy(out + i, text, *bytes - i < length ? *bytes - i : length);
	return out;
}

static size_t outputs_of(
    const struct world_run *run, int64_t now_ms, struct output list[OUTPUTS_MAX])
{
	static const struct {
		const char *mark;
		const char *name;
		const char *text;
	} more[] = {
		{ "", "out", NULL },
		{ "+err", "err", "oops" },
		{ "+csv", "csv", "a\r\n1\r\n" },
		{ "+png", "1.png", "PNG" },
		{ "+files", "files/a.txt", "left" },
		{ "+files", "files/sub/b.txt", "" },
	};
	size_t n = 0;
	for (size_t i = 0; i < ARRAY_LEN(more); i++) {
		bool there = i == 0 || (run->state == RUN_ENDED && has(run, more[i].mark));
		if (!there)
			continue;
		struct output *o = &list[n++];
		o->name = more[i].name;
		o->text = i == 0 ? out_of(run, now_ms, &o->bytes) : xstrdup(more[i].text);
		o->bytes = i == 0 ? o->bytes : strlen(o->text);
	}
	return n;
}

/* In pieces, as far as an answer may go. */
static void add_piece(json_t *list, const struct output *o, const json_t *at, size_t *most)
{
	const json_t *from = json_object_get(at, o->name);
	size_t offset = (size_t)json_integer_value(from);
	if (from == NULL || offset >= o->bytes)
		return;
	struct buf b;
	size_t n = o->bytes - offset < *most ? o->bytes - offset : *most;
	buf_init(&b, 2 * n + 8);
	ck_assert_int_eq(buf_put_base64(&b, o->text + offset, n), 0);
	json_array_append_new(list,
	    json_pack("{s:s,s:I,s:s}", "name", o->name, "at", (json_int_t)offset, "data", b.data));
	buf_fini(&b);
	*most -= n;
}

static void add_file(json_t *files, const char *name, size_t bytes)
{
	json_array_append_new(
	    files, json_pack("{s:s,s:I,s:i}", "name", name, "bytes", (json_int_t)bytes, "cut", 0));
}

/* Of a table that is said to have some bytes. */
static void add_lies(const struct world_run *run, const json_t *at, json_t *files, json_t *data)
{
	static const char line[] = "0123456789\r\n";
	json_int_t offset = json_integer_value(json_object_get(at, "csv"));
	struct output o = { .name = "csv", .text = xcalloc(1, (size_t)offset + 1000) };
	size_t most = 1000;
	add_file(files, "csv", has(run, "+flood") ? (size_t)1 << 40 : 10);
	if (has(run, "+huge")) {
		json_t *file = json_array_get(files, json_array_size(files) - 1);
		json_object_set_new(file, "bytes", json_integer(INT64_MAX));
		json_object_set_new(file, "cut", json_integer(INT64_MAX));
	}
	o.bytes = (size_t)offset + 1000;
	for (size_t i = 0; i < o.bytes; i++)
		o.text[i] = line[i % 12];
	if (has(run, "+flood"))
		add_piece(data, &o, at, &most);
	if (has(run, "+wrong"))
		json_array_append_new(data,
		    json_pack("{s:s,s:I,s:s}", "name", "csv", "at", offset + 7, "data", "AAAA"));
	free(o.text);
}

static void add_outputs(
    json_t *o, const struct world_run *run, const json_t *at, int64_t now_ms, size_t *most)
{
	struct output list[OUTPUTS_MAX];
	json_t *files = json_array();
	json_t *data = json_array();
	size_t n = outputs_of(run, now_ms, list);
	for (size_t i = 0; i < n; i++) {
		add_file(files, list[i].name, list[i].bytes);
		add_piece(data, &list[i], at, most);
		free(list[i].text);
	}
	if (has(run, "+escape"))
		add_file(files, "files/../x", 3);
	if (has(run, "+short"))
		add_file(files, "csv", 10);
	if (has(run, "+huge") || has(run, "+flood") || has(run, "+wrong"))
		add_lies(run, at, files, data);
	json_object_set_new(o, "files", files);
	json_object_set_new(o, "data", data);
}

static json_t *run_json(
    const struct world *w, const struct world_run *run, const json_t *poll, size_t *most)
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
	add_outputs(o, run, json_object_get(poll, "at"), w->now.mono_ms, most);
	int64_t until_ms = run->state == RUN_ENDED ? run->ends_ms : w->now.mono_ms;
	json_object_set_new(o, "run_ms", json_integer(until_ms - run->begun_ms));
	if (has(run, "+ahead")) {
		json_object_set_new(o, "started_ms", json_integer(INT64_MAX));
		json_object_set_new(o, "run_ms", json_integer(INT64_MAX));
	} else if (has(run, "+behind")) {
		json_object_set_new(o, "started_ms", json_integer(1));
	}
	json_object_set_new(o, "progress", json_real(run->state == RUN_ENDED ? 1 : 0.5));
	if (run->state != RUN_ENDED)
		return o;
	if (!has(run, "+endless"))
		json_object_set_new(o, "exit_code", json_integer(run->exit_code));
	json_object_set_new(o, "why", json_string(run->why));
	if (has(run, "+warn"))
		json_object_set_new(o, "warnings", json_pack("[s]", "beware"));
	return o;
}

/* Those of a call's starts that were not begun. */
static void add_not_begun(json_t *answer, const struct world_runner *r, const json_t *call)
{
	json_t *missing = json_array();
	json_t *refused = json_array();
	const json_t *starts = json_object_get(call, "start");
	for (size_t i = 0; i < json_array_size(starts); i++) {
		const json_t *start = json_array_get(starts, i);
		const char *id = json_string_value(json_object_get(start, "id"));
		const char *hash = json_string_value(json_object_get(start, "modules"));
		const struct world_run *run = run_by_id(r, id);
		if (run != NULL && (run->state != RUN_BARRED || run->why == NULL))
			continue;
		if (!has_modules(r, hash))
			json_array_append_new(missing, json_string(hash));
		else
			json_array_append_new(refused, json_pack("{s:s,s:s}", "id", id, "why",
							   run == NULL ? "full" : run->why));
	}
	json_object_set_new(answer, "missing", missing);
	json_object_set_new(answer, "refused", refused);
}

/* The answer to a call, or to the boot, as its statement's output. NULL: there is no runner. */
char *runner_output(
    struct world *w, const struct world_server *sv, struct world_session *s, const json_t *call)
{
	struct world_runner *r = s->runner;
	if (r == NULL)
		return NULL;
	json_t *runs = json_array();
	const json_t *polls = json_object_get(call, "poll");
	const json_t *bytes_max = json_object_get(call, "data_bytes_max");
	size_t most = (size_t)json_integer_value(bytes_max);
	most = most < sv->piece_bytes ? most : sv->piece_bytes;
	runner_advance(s, w->now.mono_ms);
	for (size_t i = 0; i < json_array_size(polls); i++) {
		const json_t *poll = json_array_get(polls, i);
		const char *id = json_string_value(json_object_get(poll, "id"));
		json_array_append_new(runs, run_json(w, run_by_id(r, id), poll, &most));
	}
	json_t *answer = json_pack("{s:i,s:O,s:s,s:s,s:s,s:s,s:b,s:o}", "sparkspool", 1, "tag",
	    json_object_get(call, "tag"), "boot", r->boot, "code", r->code, "mode",
	    sv->alone == NULL ? "process" : "interpreter", "why",
	    sv->alone == NULL ? "" : sv->alone, "dead", r->dead, "runs", runs);
	add_not_begun(answer, r, call);
	char *text = json_dumps(answer, JSON_COMPACT);
	json_decref(answer);
	return text;
}

void runner_fini(struct world_runner *r)
{
	if (r == NULL)
		return;
	for (size_t i = 0; i < r->count; i++) {
		free(r->run[i].code);
		free(r->run[i].why);
	}
	for (size_t i = 0; i < r->module_count; i++)
		free(r->modules[i]);
	free(r->modules);
	free(r->code);
	free(r->run);
	free(r);
}
