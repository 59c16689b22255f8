/* outcome: a finished statement taken apart, as pieces of the server's own text. */
#include "core/outcome.h"
#include "core/scala.h"
#include "core/text.h"
#include <assert.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#define LINE_DIGITS_MAX 9

/* A string of the answer as C text for people and records, NULL when it is none. */
static char *text_of(struct arena *a, struct bytes value)
{
	struct buf raw;
	struct buf clean;

	if (jsontext_type(value) != '"')
		return NULL;
	buf_init(&raw, value.n);
	jsontext_add_string(&raw, value);
	size_t start = 0;
	while (raw.len > 0 && strchr("\r\n", raw.data[raw.len - 1]) && raw.data[raw.len - 1])
		raw.len--;
	while (start < raw.len && (raw.data[start] == '\n' || raw.data[start] == '\r'))
		start++;
	buf_init(&clean, value.n * 3);
	/* C text ends at a NUL: it is made visible. */
	for (size_t i = start; i < raw.len; i++) {
		if (raw.data[i] == '\0')
			text_add_char(&clean, 0xFFFD);
		else
			(void)buf_addc(&clean, raw.data[i]);
	}
	assert(!raw.full && !clean.full);
	buf_fini(&raw);
	return arena_take(a, buf_steal(&clean, NULL));
}

/* "available" without an output has never been seen and says nothing of how it went. */
static enum job_status status_of(struct bytes answer, const struct livy_statement *s)
{
	struct bytes status = jsontext_member(jsontext_member(answer, "output"), "status");

	if (s->state == LIVY_STATEMENT_CANCELLED)
		return STATUS_CANCELLED;
	if (s->state != LIVY_STATEMENT_AVAILABLE)
		return STATUS_NONE;
	if (s->failed || jsontext_is_string(jsontext_member(answer, "state"), "error"))
		return STATUS_ERROR;
	return jsontext_is_string(status, "ok") ? STATUS_OK : STATUS_NONE;
}

/* livy has the last word on what is a statement; the pieces are found again in its text. */
void outcome_read(struct arena *a, struct bytes answer, struct outcome *o)
{
	struct livy_answer read;

	*o = (struct outcome){ .status = STATUS_NONE };
	if (!answer.p || answer.n == 0)
		return;
	livy_read_statement(200, answer, &read);
	o->readable = read.verdict == LIVY_OK;
	if (o->readable) {
		struct bytes output = jsontext_member(answer, "output");

		o->status = status_of(answer, &read.statement);
		o->failed = read.statement.failed;
		o->data = jsontext_member(output, "data");
		o->traceback = jsontext_member(output, "traceback");
		o->code = jsontext_member(answer, "code");
		o->ename = text_of(a, jsontext_member(output, "ename"));
		o->evalue = text_of(a, jsontext_member(output, "evalue"));
	}
	livy_fini(&read);
}

/* ---- the line -------------------------------------------------------------------------------- */

/* The number between two phrases: of their first occurrence, or of the last; 0 when there is
 * none. */
static int64_t find_line(const char *text, const char *before, const char *after, bool last)
{
	int64_t line = 0;

	for (const char *p = strstr(text, before); p; p = strstr(p, before)) {
		char number[LINE_DIGITS_MAX + 1] = { 0 };

		p += strlen(before);
		size_t n = strspn(p, "0123456789");
		if (n == 0 || n > LINE_DIGITS_MAX || strncmp(p + n, after, strlen(after)) != 0)
			continue;
		memcpy(number, p, n);
		if (str_to_i64(number, 1, INT64_MAX, &line) == 0 && !last)
			break;
	}
	return line;
}

/* The innermost frame that is in the file: what it calls has other names. */
static int64_t python_line(const struct outcome *o)
{
	struct jsontext it;
	struct bytes value;
	int64_t line = 0;

	(void)jsontext_open(&it, o->traceback);
	while (jsontext_next(&it, NULL, &value)) {
		struct arena a;

		arena_init(&a);
		const char *text = text_of(&a, value);
		int64_t found = text ? find_line(text, "File \"<stdin>\", line ", "", true) : 0;
		line = found > 0 ? found : line;
		arena_fini(&a);
	}
	if (line == 0 && o->evalue)
		line = find_line(o->evalue, "(<stdin>, line ", ")", true);
	return line;
}

/* Spark says it in three ways: "(line 1, pos 10)", "== SQL (line 1, position 10) ==" and
 * "; line 1 pos 10". */
static int64_t sql_line(const struct outcome *o)
{
	if (!o->evalue)
		return 0;
	int64_t line = find_line(o->evalue, "(line ", ", pos", false);
	return line > 0 ? line : find_line(o->evalue, "; line ", " pos ", false);
}

/* ---- the error as text ----------------------------------------------------------------------- */

/* With exactly one newline, whether the server gave one or not. */
static void add_line(struct buf *b, const char *p, size_t n)
{
	if (n == 0)
		return;
	(void)buf_add(b, p, n);
	if (p[n - 1] != '\n')
		(void)buf_addc(b, '\n');
}

/* Python's lines end with a newline each, SQL's do not. Returns where the last one starts. */
static size_t add_traceback(struct buf *b, const struct outcome *o)
{
	struct jsontext it;
	struct bytes value;
	struct buf line;
	size_t last = b->len;

	(void)jsontext_open(&it, o->traceback);
	buf_init(&line, o->traceback.n);
	while (jsontext_next(&it, NULL, &value)) {
		if (jsontext_type(value) != '"')
			continue;
		buf_reset(&line);
		jsontext_add_string(&line, value);
		last = b->len;
		add_line(b, line.data, line.len);
	}
	buf_fini(&line);
	return last;
}

/* "<console>:22:" counts what the session has run before as well: the code itself is needed. */
static int64_t scala_line(const struct outcome *o)
{
	struct buf code;
	struct buf error;
	int64_t line = 0;

	if (jsontext_type(o->code) != '"' || !o->evalue)
		return 0;
	buf_init(&code, o->code.n);
	jsontext_add_string(&code, o->code);
	buf_init(&error, strlen(o->evalue) + 1 + o->traceback.n * 2);
	(void)buf_adds(&error, o->evalue);
	(void)buf_addc(&error, '\n');
	(void)add_traceback(&error, o);
	if (code.len > 0)
		line = scala_error_line(
		    (struct bytes){ code.data, code.len }, (struct bytes){ error.data, error.len });
	buf_fini(&error);
	buf_fini(&code);
	return line;
}

/* 0 is better than a line of something else. */
int64_t outcome_line(const struct outcome *o, enum kind kind)
{
	switch (kind) {
	case KIND_PYSPARK:
		return python_line(o);
	case KIND_SQL:
		return sql_line(o);
	case KIND_SPARK:
		return scala_line(o);
	case KIND_SPARKR:
	case KIND_COUNT:
		break;
	}
	return 0;
}

void outcome_add_error(struct buf *b, const struct outcome *o)
{
	struct buf trace;

	assert(o->failed);
	const char *ename = o->ename && *o->ename ? o->ename : "Error";
	const char *colon = o->evalue && *o->evalue ? ": " : "";
	char *first = xasprintf("%s%s%s\n", ename, colon, *colon ? o->evalue : "");
	buf_init(&trace, o->traceback.n * 2);
	size_t last = add_traceback(&trace, o);
	if (trace.len == 0 || strcmp(trace.data + last, first) != 0)
		(void)buf_adds(b, first);
	if (trace.len > 0)
		(void)buf_add(b, trace.data, trace.len);
	assert(!trace.full);
	buf_fini(&trace);
	free(first);
}
