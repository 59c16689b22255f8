/* record: the .json beside a result, which programs read. */
#include "core/record.h"
#include "core/report.h"
#include "core/text.h"
#include <assert.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#define NS_IN_MS INT64_C(1000000)

/* ---- parts ----------------------------------------------------------------------------------- */

/* 0 is how a row says "not yet". */
static json_t *json_time(int64_t ms)
{
	char text[TIME_TEXT_LEN];

	return ms > 0 ? text_json(time_to_text(ms, text)) : json_null();
}

/* Before the epoch as well: a file may be said to be as old as that. */
static json_t *json_mtime(int64_t ns)
{
	char text[TIME_TEXT_LEN];
	int64_t ms = ns / NS_IN_MS - (ns % NS_IN_MS < 0);

	return text_json(time_to_text(ms, text));
}

static json_t *json_text_or_null(const char *s)
{
	return s && *s ? text_json(s) : json_null();
}

static json_t *json_hex(const char *p, size_t n)
{
	struct buf hex;

	buf_init(&hex, 2 * n);
	text_add_hex(&hex, p, n);
	json_t *v = text_json_bytes(hex.data ? hex.data : "", hex.len);
	buf_fini(&hex);
	return v;
}

/* The path as people read it; programs that need the exact bytes of a strange one find them too. */
static json_t *input_of(const struct result_input *in)
{
	json_t *o = json_object();
	char *path = xasprintf("%s/%s", in->spool_path, in->rec->name);
	size_t n = strlen(path);

	text_put(o, "path", text_json_bytes(path, n));
	if (!text_is_utf8(path, n))
		text_put(o, "path_bytes", json_hex(path, n));
	text_put(o, "size", json_integer(in->rec->ident.size));
	text_put(o, "mtime", json_mtime(in->rec->ident.mtime_ns));
	text_put(o, "sha256", json_text_or_null(in->rec->run->sha256));
	free(path);
	return o;
}

static json_t *times_of(const struct job_rec *rec)
{
	json_t *o = json_object();

	text_put(o, "queued", json_time(rec->queued_ms));
	text_put(o, "started", json_time(rec->run->started_ms));
	text_put(o, "finished", json_time(rec->run->finished_ms));
	return o;
}

static json_t *files_of(const struct result_file *file, size_t count)
{
	json_t *list = json_array();

	for (size_t i = 0; i < count; i++)
		text_append(list, text_json(file[i].name));
	return list;
}

/* ---- the error ------------------------------------------------------------------------------- */

/* An end that we decided on (a time limit, a lost session) is the reason; what the server's answer
 * says besides is a consequence. */
bool record_error_of(const struct run_rec *run, const struct outcome *o, struct record_error *e)
{
	bool ours = run->error_name || run->error_message;

	*e = (struct record_error){ 0 };
	if (run->status == STATUS_OK)
		return false;
	if (o->failed && (run->status == STATUS_ERROR || !ours)) {
		e->name = o->ename && *o->ename ? o->ename : "Error";
		e->message = o->evalue ? o->evalue : "";
		e->of_answer = true;
		return true;
	}
	e->name = run->error_name;
	e->message = run->error_message;
	return ours;
}

/* Of a script: ours first, then what its runner says. */
static json_t *error_of_script(const struct run_rec *run, const struct report *r)
{
	bool ours = run->error_name || run->error_message;
	const char *name = ours ? run->error_name : r->error_name;

	if (run->status == STATUS_OK || (!ours && !name))
		return json_null();
	json_t *v = json_object();
	text_put(v, "name", text_json(name));
	text_put(v, "message", text_json(ours ? run->error_message : r->error_message));
	text_put(v, "line", !ours && r->line > 0 ? json_integer(r->line) : json_null());
	if (!ours && r->statement > 0)
		text_put(v, "statement", json_integer(r->statement));
	return v;
}

/* What limits have cut off, by name: bytes, and rows without a number. */
static json_t *truncated_of(const struct script *sc, const struct report *r)
{
	json_t *v = json_object();

	for (size_t i = 0; sc && i < sc->part_count; i++) {
		int64_t lost = sc->part[i].cut + (sc->part[i].bytes - sc->part[i].at);

		if (lost > 0)
			text_put(v, sc->part[i].name, json_integer(lost));
	}
	if (r->rows_cut)
		text_put(v, "rows", json_true());
	if (json_object_size(v) > 0)
		return v;
	json_decref(v);
	return json_null();
}

static json_t *error_of(const struct result_input *in, const struct outcome *o)
{
	struct record_error e;

	if (!record_error_of(in->rec->run, o, &e))
		return json_null();
	int64_t line = e.of_answer ? outcome_line(o, in->rec->kind) : 0;
	json_t *v = json_object();
	text_put(v, "name", text_json(e.name));
	text_put(v, "message", text_json(e.message));
	text_put(v, "line", line > 0 ? json_integer(line) : json_null());
	return v;
}

/* ---- the whole ------------------------------------------------------------------------------- */

/* Everything but the answer. report is NULL for raw code, o for a script. */
static json_t *tree_of(const struct result_input *in, const struct outcome *o,
    const struct report *report, const struct result_file *file, size_t count, json_t *warnings)
{
	const struct job_rec *rec = in->rec;
	const struct run_rec *run = rec->run;
	json_t *v = json_object();

	text_put(v, "status", text_json(result_status_name(run->status)));
	text_put(v, "exit_code",
	    run->script && run->exit_code >= 0 ? json_integer(run->exit_code) : json_null());
	text_put(v, "kind", text_json(livy_kind_name(rec->kind)));
	text_put(v, "pool", text_json(in->pool));
	text_put(v, "input", input_of(in));
	text_put(v, "times", times_of(rec));
	text_put(v, "session", json_text_or_null(run->session_name));
	text_put(v, "statement", run->statement >= 0 ? json_integer(run->statement) : json_null());
	text_put(v, "attempts", json_integer(rec->attempts));
	text_put(v, "files", files_of(file, count));
	text_put(v, "truncated", report ? truncated_of(in->script, report) : json_null());
	text_put(v, "superseded", json_boolean(run->superseded));
	text_put(v, "error", report ? error_of_script(run, report) : error_of(in, o));
	text_put(v, "warnings", json_incref(warnings));
	text_put(v, "id", json_integer((json_int_t)rec->id));
	return v;
}

/* Of an answer that is no statement: it may still be JSON, and then it is kept as such. */
static bool is_json(struct bytes answer)
{
	json_t *tree = livy_parse(answer);

	json_decref(tree);
	return tree != NULL;
}

/* White space around a value would break the lines, and is no part of it. */
static struct bytes trimmed(struct bytes b)
{
	while (b.n > 0 && strchr(" \t\r\n", b.p[b.n - 1]))
		b.n--;
	while (b.n > 0 && strchr(" \t\r\n", b.p[0])) {
		b.p++;
		b.n--;
	}
	return b;
}

static void add_answer(struct buf *b, struct bytes answer, const struct outcome *o)
{
	if (!answer.p || answer.n == 0) {
		(void)buf_adds(b, "null");
	} else if ((o && o->readable) || is_json(answer)) {
		struct bytes value = trimmed(answer);

		(void)buf_add(b, value.p, value.n);
	} else {
		json_t *text = text_json_bytes(answer.p, answer.n);
		char *dump = json_dumps(text, JSON_ENCODE_ANY);

		assert(dump);
		(void)buf_adds(b, dump);
		free(dump);
		json_decref(text);
	}
}

/* jansson writes all but the answer: that one would come out with other digits and escapes. */
struct bytes record_build(struct arena *a, const struct result_input *in, const struct outcome *o,
    const struct result_file *file, size_t count, json_t *warnings)
{
	struct buf b;
	size_t n;
	struct report report;
	bool script = in->rec->run->script;
	if (script)
		report_read(a, in->answer, &report);
	json_t *tree = tree_of(in, o, script ? &report : NULL, file, count, warnings);
	char *head = json_dumps(tree, JSON_INDENT(2));

	assert(head);
	json_decref(tree);
	n = strlen(head);
	/* The closing bracket gives way to one more member. */
	assert(n > 2 && strcmp(head + n - 2, "\n}") == 0);
	/* Six bytes for each byte of an unreadable answer is the most that escaping can make. */
	buf_init(&b, n + 64 + in->answer.n * 6);
	(void)buf_add(&b, head, n - 2);
	free(head);
	(void)buf_adds(&b, ",\n  \"answer\": ");
	add_answer(&b, in->answer, o);
	(void)buf_adds(&b, "\n}\n");
	assert(!b.full);
	char *text = buf_steal(&b, &n);
	return (struct bytes){ .p = arena_take(a, text), .n = n };
}
