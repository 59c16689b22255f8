/* resultpage: the .html beside a result, made of the files that are to lie beside it. */
#include "core/resultpage.h"

#include "base/buf.h"
#include "core/livy.h"
#include "core/page.h"
#include "core/record.h"
#include <assert.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

struct pagebuild {
	struct arena *a;
	const struct result_input *in;
	struct page p;
	struct page_picture *picture;
	struct page_file *file;
	const char **warning;
};

/* What is at hand of a file, and how large it is. What lies in a part is here as far as its script
 * has kept its head. */
static struct bytes head_of(const struct pagebuild *b, const struct result_file *f, uint64_t *size)
{
	*size = f->data.n;
	if (f->part == 0)
		return f->data;
	const struct script_part *part = &b->in->script->part[f->part - 1];
	*size = (uint64_t)f->part_bytes + f->data.n;
	struct bytes head = { part->head == NULL ? "" : part->head, part->head_bytes };
	if (f->data.n == 0 || head.n != (size_t)f->part_bytes)
		return head;
	char *both = arena_calloc(b->a, head.n + f->data.n + 1, 1);
	memcpy(both, head.p, head.n);
	memcpy(both + head.n, f->data.p, f->data.n);
	return (struct bytes){ both, head.n + f->data.n };
}

static bool is(const struct pagebuild *b, const struct result_file *f, const char *suffix)
{
	size_t n = strlen(b->in->rec->name);
	return strncmp(f->name, b->in->rec->name, n) == 0 && strcmp(f->name + n, suffix) == 0;
}

static void add_picture(struct pagebuild *b, const struct result_file *f)
{
	struct page_picture *pic = &b->picture[b->p.picture_count++];
	uint64_t size;
	struct bytes head = head_of(b, f, &size);
	pic->file = f->name;
	/* A picture that was cut is none: the page then only names its file. */
	if (head.n == size)
		pic->png = head;
}

static void add_file(struct pagebuild *b, const struct result_file *f)
{
	uint64_t size;
	struct bytes head = head_of(b, f, &size);
	if (is(b, f, ".out"))
		b->p.out = (struct page_head){ head, size, f->name };
	else if (is(b, f, ".err"))
		b->p.err = (struct page_head){ head, size, f->name };
	else if (is(b, f, ".csv"))
		b->p.table = (struct page_table){ head, size, -1, f->name };
	else if (str_ends_with(f->name, ".png") && strchr(f->name, '/') == NULL)
		add_picture(b, f);
	else
		b->file[b->p.file_count++] = (struct page_file){ f->name, (int64_t)size };
}

static void add_error(struct pagebuild *b, const struct outcome *o, const struct report *report)
{
	const struct run_rec *run = b->in->rec->run;
	bool ours = run->error_name != NULL || run->error_message != NULL;
	struct record_error e = { 0 };
	if (run->status == STATUS_OK)
		return;
	if (report != NULL) {
		b->p.error_name = ours ? run->error_name : report->error_name;
		b->p.error_message = ours ? run->error_message : report->error_message;
		b->p.error_line = ours ? 0 : report->line;
		b->p.error_statement = ours ? 0 : report->statement;
	} else if (record_error_of(run, o, &e)) {
		b->p.error_name = e.name;
		b->p.error_message = e.message;
		b->p.error_line = e.of_answer ? outcome_line(o, b->in->rec->kind) : 0;
	}
}

static void add_warnings(struct pagebuild *b, const json_t *warnings)
{
	size_t n = json_array_size(warnings);
	b->warning = arena_calloc(b->a, n + 1, sizeof(*b->warning));
	for (size_t i = 0; i < n; i++)
		b->warning[b->p.warning_count++] = json_string_value(json_array_get(warnings, i));
	b->p.warning = b->warning;
}

static void add_facts(struct pagebuild *b)
{
	const struct job_rec *rec = b->in->rec;
	const struct run_rec *run = rec->run;
	b->p.name = rec->name;
	b->p.kind = livy_kind_name(rec->kind);
	b->p.style = b->in->style;
	b->p.status = result_status_name(run->status);
	b->p.exit_code = run->script ? run->exit_code : -1;
	b->p.code = b->in->code;
	b->p.code_file = b->in->stays ? rec->name : NULL;
	b->p.superseded = run->superseded;
	b->p.queued_ms = rec->queued_ms;
	b->p.started_ms = run->started_ms;
	b->p.finished_ms = run->finished_ms;
	b->p.session = run->session_name;
	b->p.statement = run->statement;
	b->p.pool = b->in->pool;
	b->p.spool = b->in->spool;
	b->p.attempts = rec->attempts;
	b->p.sha256 = run->sha256;
}

struct bytes resultpage_build(struct arena *a, const struct result_input *in,
    const struct outcome *o, const struct report *report, const struct result_file *file,
    size_t count, const struct json_t *warnings)
{
	struct pagebuild b = { .a = a, .in = in };
	struct buf text;
	size_t n;

	b.picture = arena_calloc(a, count + 1, sizeof(*b.picture));
	b.file = arena_calloc(a, count + 1, sizeof(*b.file));
	add_facts(&b);
	add_error(&b, o, report);
	add_warnings(&b, warnings);
	for (size_t i = 0; i < count; i++)
		add_file(&b, &file[i]);
	b.p.picture = b.picture;
	b.p.file = b.file;
	/* All that the page shows was cut to its share before, so this ceiling is never met. */
	buf_init(&text, PAGE_BYTES_MAX);
	page_write(&text, &b.p);
	assert(!text.full);
	char *p = arena_take(a, buf_steal(&text, &n));
	return (struct bytes){ .p = p, .n = n };
}
