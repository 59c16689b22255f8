/* test_report: what a runner says of the end of a script, also when it says it badly. */
#include "help.h"

#include "core/report.h"
#include <stdlib.h>
#include <string.h>

static struct arena arena;
static struct report report;

static void setup(void)
{
	arena_init(&arena);
}

static void teardown(void)
{
	arena_fini(&arena);
}

static void read_text(const char *json)
{
	report_read(&arena, (struct bytes){ json, json == NULL ? 0 : strlen(json) }, &report);
}

static void same(const char *what, const char *a, const char *b)
{
	ck_assert_msg((a == NULL) == (b == NULL) && (a == NULL || strcmp(a, b) == 0),
	    "%s is %s, not %s", what, a == NULL ? "nothing" : a, b == NULL ? "nothing" : b);
}

static const struct {
	const char *json;
	const char *name;
	const char *message;
	int64_t line;
	int64_t statement;
	bool ours;
} ends[] = {
	{ "{\"exit_code\":0,\"why\":\"exit\"}", NULL, NULL, 0, 0, false },
	{ "{\"exit_code\":7,\"why\":\"exit\"}", "ExitCode", "it ended with exit code 7", 0, 0,
	    false },
	{ "{\"exit_code\":7}", "ExitCode", "it ended with exit code 7", 0, 0, false },
	{ "{\"exit_code\":137,\"why\":\"signal\"}", "Signal", "it was ended by signal 9", 0, 0,
	    false },
	{ "{\"exit_code\":1,\"why\":\"exit\",\"error\":{\"name\":\"ValueError\",\"message\":\"no\","
	  "\"line\":3}}",
	    "ValueError", "no", 3, 0, false },
	{ "{\"exit_code\":1,\"why\":\"exit\",\"error\":{\"name\":\"E\",\"message\":\"no\",\"line\":"
	  "9,"
	  "\"statement\":2}}",
	    "E", "no", 9, 2, false },
	{ "{\"exit_code\":1,\"why\":\"exit\",\"error\":{\"name\":\"E\"}}", "E", NULL, 0, 0, false },
	{ "{\"exit_code\":1,\"why\":\"exit\",\"error\":null}", "ExitCode",
	    "it ended with exit code 1", 0, 0, false },
	/* Ends of the runner's making; what the code said then is a consequence. */
	{ "{\"exit_code\":137,\"why\":\"timeout\",\"error\":{\"name\":\"E\",\"message\":\"no\"}}",
	    "Timeout", "the time limit has passed; the file was ended", 0, 0, true },
	{ "{\"exit_code\":130,\"why\":\"cancelled\"}", "Cancelled",
	    "it was cancelled; the file was ended", 0, 0, true },
	{ "{\"exit_code\":137,\"why\":\"memory\"}", "MemoryLimit",
	    "it took more memory than its pool allows (memory); the file was ended", 0, 0, true },
	{ "{\"exit_code\":137,\"why\":\"died\"}", "RunnerDied",
	    "the runner has died, and the file's process with it", 0, 0, true },
	/* Not as it should be. */
	{ "{\"exit_code\":9,\"why\":\"signal\"}", "ExitCode", "it ended with exit code 9", 0, 0,
	    false },
	{ "{}", "ExitCode", "its runner does not say how it ended", 0, 0, false },
	{ "{\"exit_code\":-9,\"why\":\"signal\"}", "ExitCode",
	    "its runner does not say how it ended", 0, 0, false },
	{ "{\"exit_code\":\"7\",\"why\":7,\"error\":[]}", "ExitCode",
	    "its runner does not say how it ended", 0, 0, false },
	{ "{\"exit_code\":7,\"why\":\"boredom\"}", "ExitCode", "it ended with exit code 7", 0, 0,
	    false },
	{ "{\"exit_code\":1,\"error\":{\"name\":7,\"message\":{},\"line\":-3,\"statement\":1.5}}",
	    "ExitCode", "it ended with exit code 1", 0, 0, false },
	{ "{\"exit_code\":1,\"error\":{\"name\":\"E\",\"line\":\"3\",\"statement\":-1}}", "E", NULL,
	    0, 0, false },
	{ "{\"exit_code\":1,\"error\":{\"name\":\"E\",\"line\":99999999999999999999}}", "E", NULL,
	    0, 0, false },
};

START_TEST(ends_in_words)
{
	read_text(ends[_i].json);
	ck_assert(report.readable);
	same("the name", report.error_name, ends[_i].name);
	same("the message", report.error_message, ends[_i].message);
	ck_assert_int_eq(report.line, ends[_i].line);
	ck_assert_int_eq(report.statement, ends[_i].statement);
	ck_assert_int_eq(report.ours, ends[_i].ours);
	ck_assert(!report.rows_cut);
	ck_assert_uint_eq(report.warning_count, 0);
}
END_TEST

static const char *const unreadable[] = { NULL, "", "no", "{", "7", "null", "\"x\"",
	"[{\"exit_code\":1}]", "{\"exit_code\":1}}" };

START_TEST(otherwise_all_is_empty)
{
	read_text(unreadable[_i]);
	ck_assert(!report.readable && !report.ours && !report.rows_cut);
	ck_assert_ptr_null(report.error_name);
	ck_assert_ptr_null(report.error_message);
	ck_assert_int_eq(report.line + report.statement, 0);
	ck_assert_uint_eq(report.warning_count, 0);
}
END_TEST

static const struct {
	const char *json;
	bool cut;
} rows[] = {
	{ "{\"sql\":{\"truncated\":true}}", true },
	{ "{\"sql\":{\"truncated\":false}}", false },
	{ "{\"sql\":{\"truncated\":\"true\"}}", false },
	{ "{\"sql\":{\"truncated\":1}}", false },
	{ "{\"sql\":[true]}", false },
	{ "{\"sql\":null,\"truncated\":true}", false },
};

START_TEST(rows_that_were_cut)
{
	read_text(rows[_i].json);
	ck_assert_int_eq(report.rows_cut, rows[_i].cut);
}
END_TEST

START_TEST(warnings_are_texts)
{
	read_text("{\"warnings\":[\"a\",7,null,\"\",[\"x\"],{},\"caf\\u00e9\"]}");
	ck_assert_uint_eq(report.warning_count, 3);
	ck_assert_str_eq(report.warning[0], "a");
	ck_assert_str_eq(report.warning[1], "");
	ck_assert_str_eq(report.warning[2], "caf\xC3\xA9");
	read_text("{\"warnings\":\"a\"}");
	ck_assert_uint_eq(report.warning_count, 0);
	read_text("{\"warnings\":{\"a\":\"b\"}}");
	ck_assert_uint_eq(report.warning_count, 0);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("report");
	TCase *t = tcase_create("report");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_loop_test(t, ends_in_words, 0, ARRAY_LEN(ends));
	tcase_add_loop_test(t, otherwise_all_is_empty, 0, ARRAY_LEN(unreadable));
	tcase_add_loop_test(t, rows_that_were_cut, 0, ARRAY_LEN(rows));
	tcase_add_test(t, warnings_are_texts);
	suite_add_tcase(s, t);
	return help_run(s);
}
