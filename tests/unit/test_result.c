/* test_result: the verdict on an answer, and the files made of it. */
#include "help.h"
#include "resulthelp.h"

#include <stdlib.h>
#include <string.h>

/* ---- verdicts -------------------------------------------------------------------------------- */

START_TEST(judges)
{
	static const struct {
		const char *answer;
		enum job_status status;
	} known[] = {
		{ "{\"id\":1,\"state\":\"available\",\"output\":{\"status\":\"ok\",\"data\":{}}}",
		    STATUS_OK },
		{ "{\"id\":1,\"state\":\"available\",\"output\":{\"status\":\"error\"}}",
		    STATUS_ERROR },
		{ "{\"id\":1,\"state\":\"error\",\"output\":null}", STATUS_ERROR },
		{ "{\"id\":1,\"state\":\"error\",\"output\":{\"status\":\"error\"}}",
		    STATUS_ERROR },
		{ "{\"id\":1,\"state\":\"cancelled\",\"output\":null}", STATUS_CANCELLED },
		{ "{\"id\":1,\"state\":\"cancelled\",\"output\":{\"status\":\"ok\",\"data\":{}}}",
		    STATUS_CANCELLED },
		/* nothing that could be believed */
		{ "{\"id\":1,\"state\":\"available\",\"output\":null}", STATUS_NONE },
		{ "{\"id\":1,\"state\":\"available\"}", STATUS_NONE },
		{ "{\"id\":1,\"state\":\"available\",\"output\":{}}", STATUS_NONE },
		{ "{\"id\":1,\"state\":\"available\",\"output\":{\"status\":\"fine\"}}",
		    STATUS_NONE },
		{ "{\"id\":1,\"state\":\"running\",\"output\":null}", STATUS_NONE },
		{ "{\"id\":1,\"state\":\"waiting\",\"output\":null}", STATUS_NONE },
		{ "{\"id\":1,\"state\":\"cancelling\",\"output\":null}", STATUS_NONE },
		{ "{\"state\":\"available\",\"output\":{\"status\":\"ok\"}}", STATUS_NONE },
		{ "[1]", STATUS_NONE },
		{ "<html>", STATUS_NONE },
		{ "", STATUS_NONE },
	};

	for (size_t i = 0; i < ARRAY_LEN(known); i++)
		ck_assert_msg(result_judge(BYTES(known[i].answer)).status == known[i].status, "%s",
		    known[i].answer);
	ck_assert_int_eq(result_judge((struct bytes){ 0 }).status, STATUS_NONE);
}
END_TEST

START_TEST(names_of_results)
{
	static const char *const expected[] = { "a.py.out", "a.py.err", "a.py.csv", "a.py.html",
		"a.py.json", "a.py.files", "a.py.1.png", "a.py.2.png", "a.py.3.png", "a.py.4.png",
		"a.py.5.png", "a.py.6.png", "a.py.7.png", "a.py.8.png", "a.py.9.png" };
	struct arena a;

	arena_init(&a);
	const char *const *name = result_names(&a, "a.py");
	for (size_t i = 0; i < ARRAY_LEN(expected); i++)
		ck_assert_str_eq(name[i], expected[i]);
	ck_assert_ptr_null(name[ARRAY_LEN(expected)]);
	arena_fini(&a);
}
END_TEST

/* ---- .out ------------------------------------------------------------------------------------ */

#define OK(data)                                                                                   \
	"{\"id\":7,\"state\":\"available\",\"output\":{\"status\":\"ok\",\"data\":{" data "}}}"
#define TEXT(text) OK("\"text/plain\":\"" text "\"")

static void file_is(const char *answer, const char *suffix, const char *text)
{
	struct made m;

	made_init(&m);
	made_build(&m, answer);
	made_has(&m, suffix, text);
	made_fini(&m);
}

START_TEST(text_ends_with_one_newline)
{
	file_is(TEXT("2"), ".out", "2\n");
	file_is(TEXT("res0: Int = 2\\n"), ".out", "res0: Int = 2\n");
	file_is(TEXT("+---+\\n\\n"), ".out", "+---+\n");
	file_is(TEXT("a\\n\\nb"), ".out", "a\n\nb\n");
	file_is(TEXT("  x  "), ".out", "  x  \n");
	file_is(TEXT(""), ".out", "");
	file_is(TEXT("\\n\\n"), ".out", "");
	file_is(
	    TEXT("\\u00e9\\u4e2d\\ud83d\\ude00"), ".out", "\xC3\xA9\xE4\xB8\xAD\xF0\x9F\x98\x80\n");
	file_is(TEXT("a\\u001b[31mred"), ".out", "a\x1b[31mred\n");
	file_is(OK(""), ".out", "");
	file_is("{\"id\":7,\"state\":\"available\",\"output\":null}", ".out", "");
	file_is("not json", ".out", "");
	file_is(NULL, ".out", "");
}
END_TEST

START_TEST(text_with_nul)
{
	struct made m;

	made_init(&m);
	made_build(&m, TEXT("a\\u0000b"));
	const struct bytes *out = made_file(&m, ".out");
	ck_assert_uint_eq(out->n, 4);
	ck_assert_mem_eq(out->p, "a\0b\n", 4);
	made_fini(&m);
}
END_TEST

/* Nothing else would show it. */
START_TEST(json_that_is_no_table_is_text)
{
	file_is(
	    OK("\"application/json\":{\"a\": 1.50,\n \"b\":[12345678901234567890123, \"x y\"]}"),
	    ".out", "{\"a\":1.50,\"b\":[12345678901234567890123,\"x y\"]}\n");
	file_is(OK("\"application/json\":\"two\\nlines\""), ".out", "two\nlines\n");
	file_is(OK("\"application/json\":null"), ".out", "null\n");
	file_is(OK("\"application/json\":[]"), ".out", "[]\n");
	file_is(OK("\"application/json\":[[1],[2,3]]"), ".out", "[[1],[2,3]]\n");
	file_is(OK("\"text/plain\":\"t\",\"application/json\":{}"), ".out", "t\n{}\n");
	file_is(OK("\"application/json\":{}"), ".csv", NULL);
}
END_TEST

/* ---- .csv ------------------------------------------------------------------------------------ */

START_TEST(tables)
{
	struct made m;

	made_init(&m);
	made_build(&m, OK("\"application/json\":[{\"a\":1,\"b\":\"q\"}]"));
	made_has(&m, ".csv", "a,b\r\n1,q\r\n");
	made_has(&m, ".out", "");
	made_has(&m, ".err", NULL);
	ck_assert_str_eq(made_member(&m, "files"), "[\"foo.py.out\",\"foo.py.csv\"]");
	made_build(&m, OK("\"text/plain\":\"t\",\"application/vnd.livy.table.v1+json\":"
			  "{\"headers\":[{\"name\":\"0\"}],\"data\":[[1]]}"));
	made_has(&m, ".csv", "0\r\n1\r\n");
	made_has(&m, ".out", "t\n");
	made_fini(&m);
}
END_TEST

START_TEST(a_statement_without_columns_has_no_csv)
{
	struct made m;

	made_init(&m);
	m.rec.kind = KIND_SQL;
	made_build(&m, OK("\"application/json\":{\"schema\":{\"type\":\"struct\",\"fields\":[]},"
			  "\"data\":[]}"));
	made_has(&m, ".csv", NULL);
	made_has(&m, ".out", "");
	made_has(&m, ".err", NULL);
	ck_assert_uint_eq(m.count, 2);
	made_fini(&m);
}
END_TEST

static char *sql_rows(int rows)
{
	struct buf b;

	buf_init(&b, 100000);
	(void)buf_adds(&b,
	    "{\"id\":7,\"state\":\"available\",\"output\":{\"status\":\"ok\",\"data\":{"
	    "\"application/json\":{\"schema\":{\"fields\":[{\"name\":\"id\"}]},\"data\":[");
	for (int i = 0; i < rows; i++)
		(void)buf_addf(&b, "%s[%d]", i ? "," : "", i);
	(void)buf_adds(&b, "]}}}}");
	ck_assert(!b.full);
	return buf_steal(&b, NULL);
}

/* Livy cuts at a thousand rows without a sign. */
START_TEST(a_thousand_rows_are_suspicious)
{
	for (int rows = 999; rows <= 1001; rows++) {
		char *answer = sql_rows(rows);
		struct made m;

		made_init(&m);
		m.rec.kind = KIND_SQL;
		made_build(&m, answer);
		size_t warnings = json_array_size(json_object_get(m.record, "warnings"));
		ck_assert_uint_eq(warnings, rows == 1000 ? 1 : 0);
		ck_assert_int_eq(made_file(&m, ".err") != NULL, rows == 1000);
		if (rows == 1000)
			ck_assert_ptr_nonnull(
			    strstr(made_file(&m, ".err")->p, "livy.rsc.sql.num-rows"));
		m.rec.kind = KIND_PYSPARK;
		made_build(&m, answer);
		ck_assert_str_eq(made_member(&m, "warnings"), "[]");
		made_fini(&m);
		free(answer);
	}
}
END_TEST

/* What Livy's own SQL loses is said, in the record alone. */
static const struct {
	const char *type;
	const char *warning;
} lossy[] = {
	{ "\"decimal(10,2)\"", "decimals came as doubles" },
	{ "\"double\"", "NaN and infinities" },
	{ "\"float\"", "NaN and infinities" },
	{ "\"long\"", NULL },
	{ "{\"type\":\"array\",\"elementType\":\"double\"}", NULL },
	{ "7", NULL },
};

START_TEST(lossy_types)
{
	struct made m;
	char *answer = xasprintf(OK("\"application/json\":{\"schema\":{\"fields\":[{\"name\":\"a\","
				    "\"type\":%s}]},\"data\":[[1]]}"),
	    lossy[_i].type);

	made_init(&m);
	m.rec.kind = KIND_SQL;
	made_build(&m, answer);
	const char *said = made_member(&m, "warnings");
	if (lossy[_i].warning == NULL)
		ck_assert_str_eq(said, "[]");
	else
		ck_assert_ptr_nonnull(strstr(said, lossy[_i].warning));
	made_has(&m, ".err", NULL);
	made_fini(&m);
	free(answer);
}
END_TEST

/* ---- pictures and other types ---------------------------------------------------------------- */

START_TEST(pictures)
{
	struct made m;

	made_init(&m);
	made_build(&m, OK("\"image/png\":\"iVBORw0KGgo=\""));
	const struct bytes *png = made_file(&m, ".1.png");
	ck_assert_ptr_nonnull(png);
	ck_assert_uint_eq(png->n, 8);
	ck_assert_mem_eq(png->p, "\x89PNG\r\n\x1a\n", 8);
	ck_assert_str_eq(made_member(&m, "files"), "[\"foo.py.out\",\"foo.py.1.png\"]");
	made_build(&m, OK("\"image/png\":\"iVBORw0K\\nGgo=\\n\""));
	ck_assert_uint_eq(made_file(&m, ".1.png")->n, 8);
	made_fini(&m);
}
END_TEST

START_TEST(pictures_that_are_none)
{
	static const char *const data[] = { "\"image/png\":\"%%%\"", "\"image/png\":\"\"",
		"\"image/png\":[1]", "\"image/png\":null" };

	for (size_t i = 0; i < ARRAY_LEN(data); i++) {
		struct made m;
		char *answer = xasprintf("{\"id\":7,\"state\":\"available\",\"output\":{\"status\":"
					 "\"ok\",\"data\":{%s}}}",
		    data[i]);

		made_init(&m);
		made_build(&m, answer);
		made_has(&m, ".1.png", NULL);
		made_has(&m, ".err",
		    "warning: image/png that is not base64: it is only in the record\n");
		made_fini(&m);
		free(answer);
	}
}
END_TEST

START_TEST(other_types_are_in_the_record)
{
	struct made m;

	made_init(&m);
	made_build(&m, OK("\"text/html\":\"<b>\",\"text/plain\":\"t\",\"image/jpeg\":\"/9j/\""));
	made_has(&m, ".out", "t\n");
	ck_assert_str_eq(made_member(&m, "warnings"),
	    "[\"text/html is only in the record\",\"image/jpeg is only in the record\"]");
	ck_assert_str_eq(made_member(&m, "files"), "[\"foo.py.out\",\"foo.py.err\"]");
	made_fini(&m);
}
END_TEST

START_TEST(files_come_in_their_order)
{
	static const char *const name[] = { "foo.py.out", "foo.py.err", "foo.py.csv",
		"foo.py.1.png", "foo.py.json" };
	struct made m;

	made_init(&m);
	made_build(&m, OK("\"image/png\":\"iVBORw0KGgo=\",\"application/json\":[1],\"x/y\":1,"
			  "\"text/plain\":\"t\""));
	ck_assert_uint_eq(m.count, ARRAY_LEN(name));
	for (size_t i = 0; i < ARRAY_LEN(name); i++)
		ck_assert_str_eq(m.file[i].name, name[i]);
	made_fini(&m);
}
END_TEST

/* ---- .err ------------------------------------------------------------------------------------ */

#define FAILED(ename, evalue, traceback)                                                           \
	"{\"id\":7,\"state\":\"available\",\"output\":{\"status\":\"error\",\"execution_count\":"  \
	"1,"                                                                                       \
	"\"ename\":\"" ename "\",\"evalue\":\"" evalue "\",\"traceback\":" traceback "}}"

static void error_is(const char *answer, const char *text)
{
	struct made m;

	made_init(&m);
	m.run.status = STATUS_ERROR;
	made_build(&m, answer);
	made_has(&m, ".err", text);
	made_has(&m, ".out", "");
	made_fini(&m);
}

START_TEST(errors_of_the_code)
{
	/* Python says it at the end of the traceback: not twice */
	error_is(FAILED("ZeroDivisionError", "division by zero",
		     "[\"Traceback (most recent call last):\\n\",\"ZeroDivisionError: division by "
		     "zero\\n\"]"),
	    "Traceback (most recent call last):\nZeroDivisionError: division by zero\n");
	error_is(FAILED("SyntaxError", "invalid syntax (<stdin>, line 1)",
		     "[\"  File \\\"<stdin>\\\", line 1\\n\",\"SyntaxError: invalid syntax\\n\"]"),
	    "SyntaxError: invalid syntax (<stdin>, line 1)\n  File \"<stdin>\", line 1\n"
	    "SyntaxError: invalid syntax\n");
	/* Scala's traceback goes on where the value stops */
	error_is(FAILED("Error", "<console>:22: error: type mismatch;",
		     "[\" found   : String(\\\"a\\\")\\n\",\" required: Int\\n\"]"),
	    "Error: <console>:22: error: type mismatch;\n found   : String(\"a\")\n required: "
	    "Int\n");
	/* SQL's lines have no ends */
	error_is(FAILED("Error", "\\n[PARSE_SYNTAX_ERROR] x\\n\\n== SQL ==\\n",
		     "[\"a.b(C:1)\",\"d.e(F:2)\"]"),
	    "Error: [PARSE_SYNTAX_ERROR] x\n\n== SQL ==\na.b(C:1)\nd.e(F:2)\n");
	error_is(FAILED("Error", "incomplete statement", "[]"), "Error: incomplete statement\n");
	error_is(FAILED("KeyboardInterrupt", "", "[\"x\", 5, \"\"]"), "KeyboardInterrupt\nx\n");
	error_is(FAILED("", "", "null"), "Error\n");
	error_is("{\"id\":7,\"state\":\"available\",\"output\":{\"status\":\"error\"}}", "Error\n");
	error_is(FAILED("\\u001b[31mE", "a\\u0000b", "[\"\\u001b[0m\"]"), "\x1b[31mE: a\xEF\xBF\xBD"
									  "b\n\x1b[0m\n");
}
END_TEST

static void ends(enum job_status status, const char *name, const char *message, const char *answer,
    const char *err, const char *out)
{
	struct made m;

	made_init(&m);
	m.run.status = status;
	m.run.error_name = (char *)(uintptr_t)name;
	m.run.error_message = (char *)(uintptr_t)message;
	made_build(&m, answer);
	made_has(&m, ".err", err);
	made_has(&m, ".out", out);
	ck_assert_str_eq(
	    json_string_value(json_object_get(m.record, "status")), result_status_name(status));
	made_fini(&m);
}

START_TEST(ends_of_our_own)
{
	ends(STATUS_REJECTED, "Rejected", "is empty", NULL, "Rejected: is empty\n", "");
	ends(STATUS_UNKNOWN, "Lost", "no answer", NULL, "Lost: no answer\n", "");
	ends(STATUS_DIED, "SessionDied", NULL, NULL, "SessionDied\n", "");
	ends(STATUS_TIMEOUT, NULL, "after 1h", NULL, "timeout: after 1h\n", "");
	ends(STATUS_CANCELLED, NULL, NULL, NULL, "cancelled\n", "");
	ends(STATUS_ERROR, NULL, NULL, NULL, "error\n", "");
}
END_TEST

/* What the statement still had to say when it was stopped is kept. */
START_TEST(text_after_a_cancel)
{
	ends(STATUS_TIMEOUT, "Timeout", "after 1h",
	    "{\"id\":7,\"state\":\"cancelled\",\"output\":{\"status\":\"ok\",\"data\":{"
	    "\"text/plain\":\"7\"}}}",
	    "Timeout: after 1h\n", "7\n");
	ends(STATUS_TIMEOUT, "Timeout", "after 1h", FAILED("Py4JJavaError", "Job cancelled", "[]"),
	    "Timeout: after 1h\nPy4JJavaError: Job cancelled\n", "");
}
END_TEST

START_TEST(warnings_of_the_run_come_first)
{
	struct made m;

	made_init(&m);
	m.run.warnings = (char *)"[\"ran again\",5]";
	made_build(&m, OK("\"x/y\":1"));
	made_has(&m, ".err", "warning: ran again\nwarning: x/y is only in the record\n");
	ck_assert_str_eq(
	    made_member(&m, "warnings"), "[\"ran again\",\"x/y is only in the record\"]");
	ck_assert_str_eq(made_member(&m, "error"), "null");
	m.run.warnings = (char *)"not json";
	made_build(&m, TEXT("x"));
	ck_assert_str_eq(made_member(&m, "warnings"), "[]");
	made_fini(&m);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("result");
	TCase *files = tcase_create("files");

	tcase_add_test(files, judges);
	tcase_add_test(files, names_of_results);
	tcase_add_test(files, text_ends_with_one_newline);
	tcase_add_test(files, text_with_nul);
	tcase_add_test(files, json_that_is_no_table_is_text);
	tcase_add_test(files, tables);
	tcase_add_test(files, a_statement_without_columns_has_no_csv);
	tcase_add_test(files, a_thousand_rows_are_suspicious);
	tcase_add_loop_test(files, lossy_types, 0, ARRAY_LEN(lossy));
	tcase_add_test(files, pictures);
	tcase_add_test(files, pictures_that_are_none);
	tcase_add_test(files, other_types_are_in_the_record);
	tcase_add_test(files, files_come_in_their_order);
	tcase_add_test(files, errors_of_the_code);
	tcase_add_test(files, ends_of_our_own);
	tcase_add_test(files, text_after_a_cancel);
	tcase_add_test(files, warnings_of_the_run_come_first);
	suite_add_tcase(s, files);
	return help_run(s);
}
