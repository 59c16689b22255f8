/* answer: what a server says, from the typed answer to the bytes of the result files.
 *
 * The first line is the call ("statement", "page": the same with the page, which takes long; "list",
 * "session", ...), the status and the kind's number, as in "statement 200 0"; the rest is the
 * body. */
#include "fuzz.h"

#include "core/jsontext.h"
#include "core/livy.h"
#include "core/livyerror.h"
#include "core/outcome.h"
#include "core/result.h"
#include "core/source.h"
#include "core/text.h"
#include <assert.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MESSAGE_BYTES_MAX 500
#define TOKEN "0123456789abcdef0123456789abcdef"

const char fuzz_name[] = "answer";

static void check_session(const struct livy_session *s)
{
	struct arena a;

	assert(s->state <= LIVY_SESSION_DEAD);
	if (s->id == NULL)
		return;
	arena_init(&a);
	const char *path = livy_path(&a, s->id, "/statements");
	assert(strncmp(path, "/sessions/", 10) == 0);
	for (const char *c = path; *c != '\0'; c++)
		assert(*c > 0x20 && *c < 0x7f && strchr("?#\\\"", *c) == NULL);
	arena_fini(&a);
}

static void check_answer(struct livy_answer *a)
{
	assert(a->verdict <= LIVY_GARBAGE);
	assert(livy_verdict_name(a->verdict) != NULL);
	if (a->message != NULL)
		fuzz_check_line(a->message, MESSAGE_BYTES_MAX);
	for (size_t i = 0; i < a->session_count; i++)
		check_session(&a->session[i]);
	assert(a->statement.state <= LIVY_STATEMENT_CANCELLED);
	assert(a->statement.progress >= 0.0 && a->statement.progress <= 1.0);
	livy_fini(a);
}

/* The files of a finished statement: the record last, and what programs can read. */
static void check_files(const struct result_file *file, size_t count)
{
	assert(count >= 2);
	for (size_t i = 0; i < count; i++)
		assert(strncmp(file[i].name, "foo", 3) == 0 && strchr(file[i].name, '/') == NULL);
	const struct bytes *record = &file[count - 1].data;
	assert(str_ends_with(file[count - 1].name, ".json"));
	json_t *o = livy_parse(*record);
	assert(json_is_object(o));
	assert(text_is_utf8(record->p, record->n));
	json_decref(o);
}

static void build(struct bytes answer, enum kind kind, bool html)
{
	struct run_rec run = { .statement = 7, .status = STATUS_OK, .started_ms = 1 };
	struct job_rec rec = { .id = 1, .name = (char *)"foo.py", .kind = kind, .run = &run };
	struct result_input in = { .rec = &rec,
		.spool_path = "/spool",
		.pool = "p",
		.html = html,
		.answer = answer,
		.spool = "s",
		.style = "raw" };
	struct result_file *file;
	struct arena a;

	arena_init(&a);
	run.status = result_judge(answer).status;
	if (run.status == STATUS_NONE)
		run.status = STATUS_UNKNOWN;
	size_t count = result_build(&a, &in, &file);
	check_files(file, count);
	arena_fini(&a);
}

static void read_statement(int status, struct bytes body, enum kind kind, bool html)
{
	struct livy_answer a;

	livy_read_statement(status, body, &a);
	if (a.statement.code != NULL)
		(void)livy_same_code(
		    (struct bytes){ a.statement.code, a.statement.code_bytes }, body);
	check_answer(&a);
	(void)source_token_answer(kind, body, TOKEN);
	build(body, kind, html);
}

static void read_list(int status, struct bytes body, enum kind kind)
{
	struct livy_answer a;
	struct bytes cut;

	livy_read_statement_of_list(status, body, 3, &a);
	bool found = a.verdict == LIVY_OK;
	check_answer(&a);
	if (livy_cut_statement(body, 3, &cut)) {
		assert(cut.p >= body.p && cut.n <= body.n);
		assert(cut.p + cut.n <= body.p + body.n);
		build(cut, kind, false);
	} else {
		assert(!found);
	}
}

static void read_version(int status, struct bytes body)
{
	struct livy_answer a;

	livy_read_version(status, body, &a);
	(void)livy_dialect_of(&a);
	check_answer(&a);
}

static void read_error(int status, struct bytes body)
{
	char *message;

	if (status < 300) /* a success is read by others */
		return;
	(void)livy_error(status, body, &message);
	fuzz_check_line(message, MESSAGE_BYTES_MAX);
	free(message);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static void (*const simple[])(
	    int, struct bytes, struct livy_answer *) = { livy_read_session, livy_read_sessions,
		livy_read_state, livy_read_log, livy_read_done };
	static const char *const word[] = { "session", "sessions", "state", "log", "done" };
	char line[FUZZ_LINE_LEN], call[FUZZ_LINE_LEN] = "";
	struct bytes body = fuzz_split(p, n, line);
	struct livy_answer a;
	int status = 200, kind = 0;

	(void)sscanf(line, "%30s %3d %1d", call, &status, &kind);
	status = status < 200 || status > 999 ? 0 : status; /* as edge/http has them */
	kind = kind < 0 || kind >= KIND_COUNT ? 0 : kind;
	if (strcmp(call, "list") == 0)
		read_list(status, body, (enum kind)kind);
	else if (strcmp(call, "version") == 0)
		read_version(status, body);
	else if (strcmp(call, "error") == 0)
		read_error(status, body);
	else
		read_statement(status, body, (enum kind)kind, strcmp(call, "page") == 0);
	for (size_t i = 0; i < ARRAY_LEN(word); i++) {
		if (strcmp(call, word[i]) == 0) {
			simple[i](status, body, &a);
			check_answer(&a);
		}
	}
	return 0;
}
