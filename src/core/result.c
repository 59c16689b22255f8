/* result: an answer becomes the bytes of the result files. */
#include "core/result.h"
#include "core/jsontext.h"
#include "core/outcome.h"
#include "core/record.h"
#include "core/resultpage.h"
#include "core/resultscript.h"
#include "core/table.h"
#include "core/text.h"
#include <assert.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#define FILES_MAX 6		    /* .out .err .csv .1.png .html .json */
#define CSV_EXTRA_BYTES (64u << 20) /* beyond the answer's size: separators of sparse objects */
#define LIVY_SQL_ROWS 1000	    /* livy.rsc.sql.num-rows, where nobody has set it */
#define PICTURES_MAX 9

#define TYPE_TEXT "text/plain"
#define TYPE_JSON "application/json"
#define TYPE_TABLE "application/vnd.livy.table.v1+json"
#define TYPE_PNG "image/png"

struct result_verdict result_judge(struct bytes answer)
{
	struct outcome o;
	struct arena a;

	arena_init(&a);
	outcome_read(&a, answer, &o);
	arena_fini(&a);
	return (struct result_verdict){ .status = o.status };
}

const char *const *result_names(struct arena *a, const char *input_name)
{
	static const char *const suffix[] = { ".out", ".err", ".csv", ".html", ".json", ".files" };
	const char **name = arena_calloc(a, ARRAY_LEN(suffix) + PICTURES_MAX + 1, sizeof(*name));
	size_t n = 0;

	for (size_t i = 0; i < ARRAY_LEN(suffix); i++)
		name[n++] = arena_printf(a, "%s%s", input_name, suffix[i]);
	for (int i = 1; i <= PICTURES_MAX; i++)
		name[n++] = arena_printf(a, "%s.%d.png", input_name, i);
	return name;
}

/* ---- files in the making --------------------------------------------------------------------- */

struct build {
	struct arena *a;
	const struct result_input *in;
	struct outcome o;
	struct buf out;
	struct table t;
	json_t *warnings;
	struct result_file *file;
	size_t count;
};

/* The bytes move from the buffer into the arena. */
static void add_file(struct build *b, const char *suffix, struct buf *data)
{
	struct result_file *f = &b->file[b->count++];

	assert(b->count <= FILES_MAX && !data->full);
	f->name = arena_printf(b->a, "%s%s", b->in->rec->name, suffix);
	f->data.p = arena_take(b->a, buf_steal(data, &f->data.n));
}

static void warn(struct build *b, const char *text)
{
	text_append(b->warnings, text_json(text));
}

static void warn_about_type(struct build *b, struct bytes type, const char *what)
{
	struct buf text;

	buf_init(&text, type.n + strlen(what) + 2);
	jsontext_add_string(&text, type);
	(void)buf_addf(&text, " %s", what);
	warn(b, text.data);
	buf_fini(&text);
}

static void end_line(struct buf *out)
{
	while (out->len > 0 && out->data[out->len - 1] == '\n')
		out->data[--out->len] = '\0';
	if (out->len > 0)
		(void)buf_addc(out, '\n');
}

/* The server's text, then exactly one newline; nothing stays nothing. */
static void put_text(struct build *b, struct bytes value)
{
	if (jsontext_type(value) == '"')
		jsontext_add_string(&b->out, value);
	else if (value.p)
		jsontext_add_compact(&b->out, value);
	end_line(&b->out);
}

/* Livy gives no sign of a cut; a count of exactly its limit is the only one there is. */
static void warn_about_rows(struct build *b, const struct table *t)
{
	if (b->in->rec->kind == KIND_SQL && t->sql && t->rows == LIVY_SQL_ROWS)
		warn(b, "exactly 1000 rows: the server cuts there without a sign unless "
			"livy.rsc.sql.num-rows says otherwise, more may be missing");
}

/* What is no table is shown as JSON among the text: no other file would show it. */
static void put_table(struct build *b)
{
	struct bytes json = jsontext_member(b->o.data, TYPE_JSON);
	struct bytes table = jsontext_member(b->o.data, TYPE_TABLE);
	struct bytes value = table.p ? table : json;
	struct table t;
	struct buf csv;

	if (!value.p)
		return;
	buf_init(&csv, value.n * 4 + CSV_EXTRA_BYTES);
	bool ok = table.p ? table_of_livy(&csv, value, &t) : table_of_json(&csv, value, &t);
	if (!ok)
		put_text(b, value);
	if (ok && t.columns > 0)
		add_file(b, ".csv", &csv);
	if (ok)
		warn_about_rows(b, &t);
	b->t = t;
	buf_fini(&csv);
}

/* Livy's %matplot gives one picture a statement. */
static void put_picture(struct build *b)
{
	struct bytes value = jsontext_member(b->o.data, TYPE_PNG);
	struct buf text;
	struct buf png;

	if (!value.p)
		return;
	buf_init(&text, value.n);
	buf_init(&png, value.n);
	if (jsontext_type(value) == '"')
		jsontext_add_string(&text, value);
	if (text.len > 0 && buf_add_base64(&png, text.data, text.len) == 0 && png.len > 0)
		add_file(b, ".1.png", &png);
	else
		warn(b, TYPE_PNG " that is not base64: it is only in the record");
	buf_fini(&text);
	buf_fini(&png);
}

/* Nothing of an answer gets lost without a word. */
static void warn_about_others(struct build *b)
{
	static const char *const shown[] = { TYPE_TEXT, TYPE_JSON, TYPE_TABLE, TYPE_PNG };
	struct jsontext it;
	struct bytes type;
	struct bytes value;

	if (!jsontext_open(&it, b->o.data) || !it.object)
		return;
	while (jsontext_next(&it, &type, &value)) {
		bool known = false;

		for (size_t i = 0; i < ARRAY_LEN(shown); i++)
			known = known || jsontext_is_string(type, shown[i]);
		if (!known)
			warn_about_type(b, type, "is only in the record");
	}
}

/* ---- .err ------------------------------------------------------------------------------------ */

/* The message is in our words already; the name alone is better than nothing. */
static void add_own_error(struct buf *err, const struct run_rec *run)
{
	const char *name = run->error_name ? run->error_name : result_status_name(run->status);

	(void)buf_adds(err, name);
	if (run->error_message && *run->error_message)
		(void)buf_addf(err, ": %s", run->error_message);
	(void)buf_addc(err, '\n');
}

/* All that put_err() can write: each of its parts is added at most once. */
static size_t err_bytes_max(const struct build *b)
{
	const struct run_rec *run = b->in->rec->run;
	size_t n = 4096 + b->in->answer.n * 4;

	n += run->error_name ? strlen(run->error_name) : 0;
	n += run->error_message ? strlen(run->error_message) : 0;
	for (size_t i = 0; i < json_array_size(b->warnings); i++)
		n += json_string_length(json_array_get(b->warnings, i)) + 16;
	return n;
}

/* The reason of the end first; an error of the code that came with an end of ours behind it. What
 * is to be warned of stands here too: few people open the record. */
static void put_err(struct build *b)
{
	const struct run_rec *run = b->in->rec->run;
	struct record_error e;
	struct buf err;

	buf_init(&err, err_bytes_max(b));
	(void)record_error_of(run, &b->o, &e);
	if (run->status != STATUS_OK && !e.of_answer)
		add_own_error(&err, run);
	if (run->status != STATUS_OK && b->o.failed)
		outcome_add_error(&err, &b->o);
	for (size_t i = 0; i < json_array_size(b->warnings); i++)
		(void)buf_addf(
		    &err, "warning: %s\n", json_string_value(json_array_get(b->warnings, i)));
	if (err.len > 0)
		add_file(b, ".err", &err);
	buf_fini(&err);
}

/* What Livy's interpreters lose without a sign (facts of Livy). Behind .err, which would otherwise lie
 * beside every such file. */
static void warn_about_losses(struct build *b)
{
	bool sql = b->in->rec->kind == KIND_SQL && b->t.sql;

	if (sql && b->t.decimals)
		warn(b,
		    "decimals came as doubles, as Livy's own SQL sends them: digits may be lost");
	if (sql && b->t.doubles)
		warn(b, "NaN and infinities come as null from Livy's own SQL");
	if (b->in->rec->kind == KIND_SPARKR && b->o.readable)
		warn(b,
		    "of R only the last value is shown, print() shows others; where the code names "
		    "a plot function (plot, hist, lines ...) not even that");
}

/* ---- all ------------------------------------------------------------------------------------- */

/* The files are made in the order of what they need to know of one another, and become visible in
 * the order of the list. */
static void sort_files(struct build *b)
{
	static const char *const order[] = { ".out", ".err", ".csv", ".png" };
	struct result_file sorted[FILES_MAX];
	size_t n = 0;

	for (size_t k = 0; k < ARRAY_LEN(order); k++)
		for (size_t i = 0; i < b->count; i++)
			if (str_ends_with(b->file[i].name, order[k]))
				sorted[n++] = b->file[i];
	assert(n == b->count);
	memcpy(b->file, sorted, n * sizeof(*sorted));
}

/* .err is made last of those beside the record, for it repeats the warnings of the others. */
size_t result_build(struct arena *a, const struct result_input *in, struct result_file **file)
{
	struct build b = { .a = a, .in = in };

	assert(in->rec->run && in->rec->run->status != STATUS_NONE);
	if (in->rec->run->script)
		return result_build_script(a, in, file);
	b.file = arena_calloc(a, FILES_MAX, sizeof(*b.file));
	b.warnings = result_warnings(in->rec->run->warnings);
	outcome_read(a, in->answer, &b.o);
	buf_init(&b.out, in->answer.n * 2 + 2);
	put_text(&b, jsontext_member(b.o.data, TYPE_TEXT));
	put_table(&b);
	put_picture(&b);
	warn_about_others(&b);
	add_file(&b, ".out", &b.out);
	put_err(&b);
	warn_about_losses(&b);
	sort_files(&b);
	if (in->html) {
		b.file[b.count].data =
		    resultpage_build(a, in, &b.o, NULL, b.file, b.count, b.warnings);
		b.file[b.count++].name = arena_printf(a, "%s.html", in->rec->name);
	}
	struct bytes record = record_build(a, in, &b.o, b.file, b.count, b.warnings);
	json_decref(b.warnings);
	b.file[b.count].name = arena_printf(a, "%s.json", in->rec->name);
	b.file[b.count++].data = record;
	*file = b.file;
	return b.count;
}
