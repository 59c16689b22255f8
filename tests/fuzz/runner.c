/* runner: what a runner says, and what stands in its place when a file that ran there has spoken.
 *
 * The first line is "answer" (the rest is one), "report" (the rest is the end of a run, as the
 * ledger has it) or "call" (the rest is a file that is to be started). */
#include "fuzz.h"

#include "core/report.h"
#include "core/result.h"
#include "core/runnertext.h"
#include "core/script.h"
#include "core/text.h"
#include <assert.h>
#include <jansson.h>
#include <string.h>

#define TAG "t"
#define ID "0123456789abcdef0123456789abcdef"

const char fuzz_name[] = "runner";

/* A name of a part becomes the name of a file in the spool. */
static void check_part(const struct script_part *part)
{
	char *own = xasprintf("/%s/", part->name);

	assert(part->name[0] != '\0');
	assert(strstr(own, "/../") == NULL && strstr(own, "/./") == NULL);
	assert(strstr(own, "//") == NULL);
	free(own);
}

static void build(struct arena *a, const char *report, const struct script *sc)
{
	struct run_rec run = { .statement = -1,
		.status = STATUS_ERROR,
		.script = true,
		.exit_code = -1,
		.started_ms = 1 };
	struct job_rec rec = { .id = 1, .name = (char *)"foo.py", .run = &run };
	struct result_input in = { .rec = &rec,
		.spool_path = "/spool",
		.pool = "p",
		.html = true,
		.answer = { report, strlen(report) },
		.spool = "s",
		.style = "script",
		.script = sc };
	struct result_file *file;
	size_t count = result_build(a, &in, &file);

	assert(count >= 2 && str_ends_with(file[count - 1].name, ".json"));
	assert(text_is_utf8(file[count - 1].data.p, file[count - 1].data.n));
	json_t *o =
	    json_loadb(file[count - 1].data.p, file[count - 1].data.n, JSON_ALLOW_NUL, NULL);
	assert(json_is_object(o) || file[count - 1].data.n > 0);
	json_decref(o);
}

/* As the room runner takes the parts over. */
static void keep(struct arena *a, const struct runner_run *run)
{
	struct script *sc = script_new(0);

	for (size_t i = 0; i < run->file_count; i++) {
		struct script_part *part = script_part(sc, run->file[i].name);
		if (part == NULL)
			continue;
		check_part(part);
		part->bytes = run->file[i].bytes;
		part->cut = run->file[i].cut;
	}
	for (size_t i = 0; i < run->data_count; i++) {
		struct script_part *part = script_part(sc, run->data[i].name);
		if (part == NULL || run->data[i].at != part->at)
			continue;
		script_keep(sc, part, run->data[i].data);
		part->at += (int64_t)run->data[i].data.n;
	}
	(void)script_is_fetched(sc);
	if (run->state == RUNNER_ENDED)
		build(a, run->report, sc);
	script_free(sc);
}

static void read_report(struct arena *a, struct bytes json)
{
	struct report r;

	report_read(a, json, &r);
	assert(r.line >= 0 && r.statement >= 0);
	assert(r.error_name == NULL || text_is_utf8(r.error_name, strlen(r.error_name)));
}

static void read_answer(struct arena *a, struct bytes text, const char *tag)
{
	struct runner_answer answer;

	runnertext_read(a, text, tag, &answer);
	if (answer.error != NULL)
		assert(answer.run_count == 0);
	for (size_t i = 0; i < answer.run_count; i++) {
		const struct runner_run *run = &answer.run[i];
		assert(strlen(run->id) == TOKEN_TEXT_LEN - 1);
		assert(run->exit_code >= -1 && run->exit_code <= 255);
		if (run->report != NULL)
			read_report(a, (struct bytes){ run->report, strlen(run->report) });
		keep(a, run);
	}
}

/* Whatever is in the file, the call is one line of ASCII that holds one literal. */
static void write_call(struct arena *a, struct bytes code)
{
	struct runner_program program = { .id = ID,
		.kind = "python",
		.style = "script",
		.name = "foo.py",
		.label = "foo.py",
		.code = code };
	json_t *call;

	if (!text_is_utf8(code.p, code.n))
		return;
	call = runnertext_begin(TAG);
	runnertext_add_start(call, &program);
	struct bytes text = runnertext_end(a, call, 1000, 1 << 20);
	for (size_t i = 0; i < text.n; i++)
		assert(text.p[i] >= 0x20 && text.p[i] < 0x7f);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	char line[FUZZ_LINE_LEN];
	struct bytes text = fuzz_split(p, n, line);
	struct arena a;

	arena_init(&a);
	if (strcmp(line, "report") == 0)
		read_report(&a, text);
	else if (strcmp(line, "call") == 0)
		write_call(&a, text);
	else if (strcmp(line, "tagged") == 0)
		read_answer(&a, text, TAG);
	else
		read_answer(&a, text, NULL);
	arena_fini(&a);
	return 0;
}
