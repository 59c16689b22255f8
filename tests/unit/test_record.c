/* test_record: the .json beside a result: its members, their order, the answer in it. */
#include "help.h"
#include "resulthelp.h"

#include <stdlib.h>
#include <string.h>

#define ANSWER                                                                                     \
	"{\"id\":7,\"code\":\"1\",\"state\":\"available\",\"output\":{\"status\":\"ok\",\"data\":" \
	"{"                                                                                        \
	"\"text/plain\":\"1\"}}}"

static void member_is(struct made *m, const char *name, const char *compact)
{
	ck_assert_str_eq(made_member(m, name), compact);
}

/* ---- the whole ------------------------------------------------------------------------------- */

START_TEST(looks_like_this)
{
	struct made m;

	made_init(&m);
	m.run.warnings = (char *)"[\"w\"]";
	made_build(&m, ANSWER);
	made_has(&m, ".json",
	    "{\n"
	    "  \"status\": \"ok\",\n"
	    "  \"exit_code\": null,\n"
	    "  \"kind\": \"pyspark\",\n"
	    "  \"pool\": \"default\",\n"
	    "  \"input\": {\n"
	    "    \"path\": \"/spool/nightly/foo.py\",\n"
	    "    \"size\": 11,\n"
	    "    \"mtime\": \"2026-11-22T11:18:20.123Z\",\n"
	    "    \"sha256\": \"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"\n"
	    "  },\n"
	    "  \"times\": {\n"
	    "    \"queued\": \"2026-11-22T11:18:30.000Z\",\n"
	    "    \"started\": \"2026-11-22T11:18:39.122Z\",\n"
	    "    \"finished\": \"2026-11-22T11:18:39.719Z\"\n"
	    "  },\n"
	    "  \"session\": \"sp-1\",\n"
	    "  \"statement\": 7,\n"
	    "  \"attempts\": 1,\n"
	    "  \"files\": [\n"
	    "    \"foo.py.out\",\n"
	    "    \"foo.py.err\"\n"
	    "  ],\n"
	    "  \"truncated\": null,\n"
	    "  \"superseded\": false,\n"
	    "  \"error\": null,\n"
	    "  \"warnings\": [\n"
	    "    \"w\"\n"
	    "  ],\n"
	    "  \"id\": 42,\n"
	    "  \"answer\": " ANSWER "\n"
	    "}\n");
	made_fini(&m);
}
END_TEST

START_TEST(what_is_not_known_is_null)
{
	struct made m;

	made_init(&m);
	m.run = (struct run_rec){ .status = STATUS_REJECTED, .statement = -1 };
	m.run.error_name = (char *)"Rejected";
	m.run.error_message = (char *)"is empty";
	m.rec.attempts = 0;
	made_build(&m, NULL);
	member_is(&m, "status", "\"rejected\"");
	member_is(&m, "session", "null");
	member_is(&m, "statement", "null");
	member_is(&m, "answer", "null");
	member_is(&m, "attempts", "0");
	member_is(&m, "times",
	    "{\"queued\":\"2026-11-22T11:18:30.000Z\",\"started\":null,\"finished\":null}");
	ck_assert(json_is_null(json_object_get(json_object_get(m.record, "input"), "sha256")));
	member_is(&m, "error", "{\"name\":\"Rejected\",\"message\":\"is empty\",\"line\":null}");
	made_fini(&m);
}
END_TEST

START_TEST(words_for_kinds_and_ends)
{
	static const char *const kind[] = { "\"pyspark\"", "\"spark\"", "\"sql\"", "\"sparkr\"" };
	struct made m;

	made_init(&m);
	for (int i = 0; i < KIND_COUNT; i++) {
		m.rec.kind = (enum kind)i;
		made_build(&m, ANSWER);
		member_is(&m, "kind", kind[i]);
	}
	m.run.superseded = true;
	m.rec.attempts = 3;
	made_build(&m, ANSWER);
	member_is(&m, "superseded", "true");
	member_is(&m, "attempts", "3");
	made_fini(&m);
}
END_TEST

/* Old files, and files from before the epoch. */
START_TEST(mtimes)
{
	static const struct {
		int64_t ns;
		const char *text;
	} known[] = {
		{ 0, "1970-01-01T00:00:00.000Z" },
		{ 999999, "1970-01-01T00:00:00.000Z" },
		{ 1000000, "1970-01-01T00:00:00.001Z" },
		{ -1, "1969-12-31T23:59:59.999Z" },
		{ -1000000, "1969-12-31T23:59:59.999Z" },
		{ -1000001, "1969-12-31T23:59:59.998Z" },
		{ INT64_C(1582934400000000000), "2020-02-29T00:00:00.000Z" },
	};
	struct made m;

	made_init(&m);
	for (size_t i = 0; i < ARRAY_LEN(known); i++) {
		m.rec.ident.mtime_ns = known[i].ns;
		made_build(&m, ANSWER);
		const json_t *input = json_object_get(m.record, "input");
		ck_assert_str_eq(json_string_value(json_object_get(input, "mtime")), known[i].text);
	}
	made_fini(&m);
}
END_TEST

/* ---- names that are no text ------------------------------------------------------------------ */

START_TEST(a_path_of_any_bytes)
{
	struct made m;

	made_init(&m);
	m.rec.name = (char *)"caf\xE9.py";
	made_build(&m, ANSWER);
	const json_t *input = json_object_get(m.record, "input");
	ck_assert_str_eq(
	    json_string_value(json_object_get(input, "path")), "/spool/nightly/caf\xEF\xBF\xBD.py");
	ck_assert_str_eq(json_string_value(json_object_get(input, "path_bytes")),
	    "2f73706f6f6c2f6e696768746c792f636166e92e7079");
	member_is(&m, "files", "[\"caf\xEF\xBF\xBD.py.out\"]");
	ck_assert_str_eq(m.file[0].name, "caf\xE9.py.out");
	m.rec.name = (char *)"caf\xC3\xA9.py";
	made_build(&m, ANSWER);
	input = json_object_get(m.record, "input");
	ck_assert_ptr_null(json_object_get(input, "path_bytes"));
	made_fini(&m);
}
END_TEST

START_TEST(words_of_any_bytes)
{
	struct made m;

	made_init(&m);
	m.run.status = STATUS_UNKNOWN;
	m.run.error_name = (char *)"E\xFF";
	m.run.error_message = (char *)"\"quoted\"\n\x1b";
	m.in.pool = "p\xC3";
	made_build(&m, NULL);
	const json_t *error = json_object_get(m.record, "error");
	ck_assert_str_eq(json_string_value(json_object_get(error, "name")), "E\xEF\xBF\xBD");
	ck_assert_str_eq(json_string_value(json_object_get(error, "message")), "\"quoted\"\n\x1b");
	member_is(&m, "pool", "\"p\xEF\xBF\xBD\"");
	made_fini(&m);
}
END_TEST

/* ---- the answer ------------------------------------------------------------------------------ */

static void answer_in_text(const char *answer, const char *expected)
{
	struct made m;
	char *tail = xasprintf("\n  \"answer\": %s\n}\n", expected);

	made_init(&m);
	made_build(&m, answer);
	const struct bytes *json = made_file(&m, ".json");
	ck_assert_uint_gt(json->n, strlen(tail));
	ck_assert_str_eq(json->p + json->n - strlen(tail), tail);
	made_fini(&m);
	free(tail);
}

START_TEST(the_answer_is_not_changed)
{
	answer_in_text(ANSWER, ANSWER);
	answer_in_text(" \n" ANSWER "\r\n", ANSWER);
	answer_in_text(
	    "{ \"id\" : 7 , \"n\":[1.50, 123456789012345678901234567890,1e999],\n\t\"s\":"
	    "\"\\u00e9\\/\\ud800\" }",
	    "{ \"id\" : 7 , \"n\":[1.50, 123456789012345678901234567890,1e999],\n\t\"s\":"
	    "\"\\u00e9\\/\\ud800\" }");
	answer_in_text("[1]", "[1]");
	answer_in_text("\"Statement not found\"", "\"Statement not found\"");
}
END_TEST

START_TEST(an_answer_that_is_no_json_is_a_string)
{
	answer_in_text("<html>\n\"q\" \xFF", "\"<html>\\n\\\"q\\\" \xEF\xBF\xBD\"");
	answer_in_text("{\"id\":7", "\"{\\\"id\\\":7\"");
	answer_in_text("", "null");
	answer_in_text(NULL, "null");
}
END_TEST

/* Six bytes for one is what escaping can make of them. */
START_TEST(an_answer_of_control_characters)
{
	char bytes[3000];
	struct made m;

	memset(bytes, '\0', sizeof(bytes));
	made_init(&m);
	made_build_bytes(&m, (struct bytes){ .p = bytes, .n = sizeof(bytes) });
	ck_assert_uint_eq(json_string_length(json_object_get(m.record, "answer")), sizeof(bytes));
	made_fini(&m);
}
END_TEST

START_TEST(a_big_answer)
{
	size_t n = 3000000;
	struct made m;
	struct buf b;

	buf_init(&b, 2 * n);
	(void)buf_adds(&b,
	    "{\"id\":7,\"state\":\"available\",\"output\":{\"status\":\"ok\",\"data\":{"
	    "\"text/plain\":\"");
	while (b.len < n)
		(void)buf_adds(&b, "a line of output\\n");
	(void)buf_adds(&b, "\"}}}");
	made_init(&m);
	made_build_bytes(&m, (struct bytes){ .p = b.data, .n = b.len });
	const struct bytes *json = made_file(&m, ".json");
	ck_assert_uint_gt(json->n, b.len);
	ck_assert_mem_eq(json->p + json->n - 3 - b.len, b.data, b.len);
	ck_assert_uint_gt(made_file(&m, ".out")->n, n / 18 * 17 - 200);
	made_fini(&m);
	buf_fini(&b);
}
END_TEST

/* ---- errors and their lines ------------------------------------------------------------------ */

static void error_is(
    enum kind kind, const char *evalue, const char *traceback, const char *expected)
{
	struct made m;
	char *answer =
	    xasprintf("{\"id\":7,\"state\":\"available\",\"output\":{\"status\":\"error\","
		      "\"ename\":\"E\",\"evalue\":\"%s\",\"traceback\":%s}}",
		evalue, traceback);

	made_init(&m);
	m.rec.kind = kind;
	m.run.status = STATUS_ERROR;
	made_build(&m, answer);
	member_is(&m, "error", expected);
	made_fini(&m);
	free(answer);
}

START_TEST(lines_of_python)
{
	error_is(KIND_PYSPARK, "division by zero",
	    "[\"Traceback (most recent call last):\\n\",\"ZeroDivisionError: x\\n\"]",
	    "{\"name\":\"E\",\"message\":\"division by zero\",\"line\":null}");
	error_is(KIND_PYSPARK, "invalid syntax (<stdin>, line 3)",
	    "[\"  File \\\"<stdin>\\\", line 4\\n\"]",
	    "{\"name\":\"E\",\"message\":\"invalid syntax (<stdin>, line 3)\",\"line\":4}");
	error_is(KIND_PYSPARK, "invalid syntax (<stdin>, line 3)", "[]",
	    "{\"name\":\"E\",\"message\":\"invalid syntax (<stdin>, line 3)\",\"line\":3}");
	error_is(KIND_PYSPARK, "v",
	    "[\"  File \\\"<stdin>\\\", line 9, in <module>\\n\","
	    "\"  File \\\"<stdin>\\\", line 2, in f\\n\",\"  File \\\"/lib/x.py\\\", line 77, in "
	    "g\\n\"]",
	    "{\"name\":\"E\",\"message\":\"v\",\"line\":2}");
	error_is(KIND_PYSPARK, "v", "[\"  File \\\"<stdin>\\\", line 99999999999\\n\",7]",
	    "{\"name\":\"E\",\"message\":\"v\",\"line\":null}");
	error_is(KIND_PYSPARK, "v", "[\"  File \\\"<stdin>\\\", line 0\\n\"]",
	    "{\"name\":\"E\",\"message\":\"v\",\"line\":null}");
}
END_TEST

START_TEST(lines_of_sql)
{
	error_is(KIND_SQL, "\\n[PARSE_SYNTAX_ERROR] near 'x'.(line 3, pos 10)\\n", "[]",
	    "{\"name\":\"E\",\"message\":\"[PARSE_SYNTAX_ERROR] near 'x'.(line 3, pos "
	    "10)\",\"line\":3}");
	error_is(KIND_SQL, "[DIVIDE_BY_ZERO] x\\n== SQL (line 2, position 8) ==\\n", "[]",
	    "{\"name\":\"E\",\"message\":\"[DIVIDE_BY_ZERO] x\\n== SQL (line 2, position 8) ==\","
	    "\"line\":2}");
	error_is(KIND_SQL, "not found; line 4 pos 14;\\n'Project", "[]",
	    "{\"name\":\"E\",\"message\":\"not found; line 4 pos 14;\\n'Project\",\"line\":4}");
	error_is(KIND_SQL, "no (line x, pos 1) and (line 5) here", "[]",
	    "{\"name\":\"E\",\"message\":\"no (line x, pos 1) and (line 5) here\",\"line\":null}");
}
END_TEST

/* The interpreter's own count goes over all that the session has run. */
START_TEST(lines_of_scala_are_not_the_files)
{
	error_is(KIND_SPARK, "<console>:22: error: type mismatch;", "[]",
	    "{\"name\":\"E\",\"message\":\"<console>:22: error: type mismatch;\",\"line\":null}");
	error_is(KIND_SPARKR, "x (line 3, pos 10)", "[]",
	    "{\"name\":\"E\",\"message\":\"x (line 3, pos 10)\",\"line\":null}");
}
END_TEST

#define FAILED                                                                                     \
	"{\"id\":7,\"state\":\"available\",\"output\":{\"status\":\"error\",\"ename\":"            \
	"\"Py4JError\","                                                                           \
	"\"evalue\":\"cancelled\",\"traceback\":[]}}"

/* An end of ours is the reason, an error in the answer its consequence. */
START_TEST(whose_error)
{
	struct made m;

	made_init(&m);
	m.run.error_name = (char *)"Timeout";
	m.run.error_message = (char *)"after 1h";
	m.run.status = STATUS_TIMEOUT;
	made_build(&m, FAILED);
	member_is(&m, "error", "{\"name\":\"Timeout\",\"message\":\"after 1h\",\"line\":null}");
	m.run.status = STATUS_ERROR;
	made_build(&m, FAILED);
	member_is(&m, "error", "{\"name\":\"Py4JError\",\"message\":\"cancelled\",\"line\":null}");
	m.run.error_name = NULL;
	m.run.error_message = NULL;
	m.run.status = STATUS_CANCELLED;
	made_build(&m, FAILED);
	member_is(&m, "error", "{\"name\":\"Py4JError\",\"message\":\"cancelled\",\"line\":null}");
	made_build(&m, ANSWER);
	member_is(&m, "error", "null");
	m.run.status = STATUS_OK;
	made_build(&m, FAILED);
	member_is(&m, "error", "null");
	made_fini(&m);
}
END_TEST

/* ---- scripts --------------------------------------------------------------------------------- */

static const struct {
	enum job_status status;
	int exit_code;
	const char *answer;
	const char *code;
	const char *error;
} scripts[] = {
	{ STATUS_OK, 0, "{\"exit_code\":0,\"why\":\"exit\"}", "0", "null" },
	{ STATUS_ERROR, 7, "{\"exit_code\":7,\"why\":\"exit\"}", "7",
	    "{\"name\":\"ExitCode\",\"message\":\"it ended with exit code 7\",\"line\":null}" },
	{ STATUS_ERROR, 1,
	    "{\"exit_code\":1,\"error\":{\"name\":\"E\",\"message\":\"m\",\"line\":3}}", "1",
	    "{\"name\":\"E\",\"message\":\"m\",\"line\":3}" },
	{ STATUS_ERROR, 1,
	    "{\"exit_code\":1,\"error\":{\"name\":\"E\",\"message\":\"m\",\"line\":3,"
	    "\"statement\":2}}",
	    "1", "{\"name\":\"E\",\"message\":\"m\",\"line\":3,\"statement\":2}" },
	{ STATUS_ERROR, 1, "{\"exit_code\":1,\"error\":{\"name\":\"E\"}}", "1",
	    "{\"name\":\"E\",\"message\":null,\"line\":null}" },
	{ STATUS_TIMEOUT, 137, "{\"exit_code\":137,\"why\":\"timeout\"}", "137",
	    "{\"name\":\"Timeout\",\"message\":\"the time limit has passed; the file was ended\","
	    "\"line\":null}" },
	{ STATUS_DIED, -1, NULL, "null", "null" },
	{ STATUS_OK, 0, "{\"exit_code\":0,\"error\":{\"name\":\"E\"}}", "0", "null" },
};

START_TEST(ends_of_scripts)
{
	struct made m;

	made_init(&m);
	m.run.script = true;
	m.run.status = scripts[_i].status;
	m.run.exit_code = scripts[_i].exit_code;
	made_build(&m, scripts[_i].answer);
	member_is(&m, "exit_code", scripts[_i].code);
	member_is(&m, "error", scripts[_i].error);
	member_is(&m, "truncated", "null");
	member_is(&m, "answer", scripts[_i].answer == NULL ? "null" : scripts[_i].answer);
	made_fini(&m);
}
END_TEST

/* Whatever the runner says of it. */
START_TEST(our_end_of_a_script)
{
	struct made m;

	made_init(&m);
	m.run.script = true;
	m.run.status = STATUS_DIED;
	m.run.error_name = (char *)"SessionDied";
	m.run.error_message = (char *)"gone";
	made_build(&m, "{\"exit_code\":1,\"error\":{\"name\":\"E\",\"line\":3,\"statement\":2}}");
	member_is(&m, "error", "{\"name\":\"SessionDied\",\"message\":\"gone\",\"line\":null}");
	made_fini(&m);
}
END_TEST

/* Of raw code nobody knows an exit code, whatever stands there. */
START_TEST(raw_code_has_no_exit_code)
{
	struct made m;

	made_init(&m);
	m.run.exit_code = 3;
	made_build(&m, ANSWER);
	member_is(&m, "exit_code", "null");
	made_fini(&m);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("record");
	TCase *t = tcase_create("record");

	tcase_add_test(t, looks_like_this);
	tcase_add_test(t, what_is_not_known_is_null);
	tcase_add_test(t, words_for_kinds_and_ends);
	tcase_add_test(t, mtimes);
	tcase_add_test(t, a_path_of_any_bytes);
	tcase_add_test(t, words_of_any_bytes);
	tcase_add_test(t, the_answer_is_not_changed);
	tcase_add_test(t, an_answer_that_is_no_json_is_a_string);
	tcase_add_test(t, an_answer_of_control_characters);
	tcase_add_test(t, a_big_answer);
	tcase_add_test(t, lines_of_python);
	tcase_add_test(t, lines_of_sql);
	tcase_add_test(t, lines_of_scala_are_not_the_files);
	tcase_add_test(t, whose_error);
	tcase_add_loop_test(t, ends_of_scripts, 0, ARRAY_LEN(scripts));
	tcase_add_test(t, our_end_of_a_script);
	tcase_add_test(t, raw_code_has_no_exit_code);
	suite_add_tcase(s, t);
	return help_run(s);
}
