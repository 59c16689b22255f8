/* test_r: R files, against what the real Livy 0.10 with R 4.2 was recorded to answer.
 *
 * SparkR itself was not there: a package that answers the interpreter's first questions stood for
 * it. What becomes of values, prints and errors is Livy's work, not SparkR's. */
#include "help.h"
#include "resulthelp.h"

#include "core/livy.h"
#include "core/source.h"
#include <stdlib.h>
#include <string.h>

#define TOKEN "0123456789abcdef0123456789abcdef"

/* The code that was sent, the statement that came of it, and what is to be made of that. Of the
 * picture only the beginning is kept. */
static const struct {
	const char *code;
	const char *answer;
	enum job_status status;
	const char *out;
	const char *err; /* how .err begins or ends; NULL: there is none */
} recorded[] = {
	{ "1 + 1",
	    "{\"id\":0,\"code\":\"1 + "
	    "1\",\"state\":\"available\",\"output\":{\"status\":\"ok\",\"execution_count\":0,"
	    "\"data\":{\"text/plain\":\"[1] "
	    "2\"}},\"progress\":1.0,\"started\":1795403458322,\"completed\":1795403458340}",
	    STATUS_OK, "[1] 2\n", NULL },
	/* the first value is lost */
	{ "\"first\"\n\"second\"",
	    "{\"id\":1,\"code\":\"\\\"first\\\"\\n\\\"second\\\"\",\"state\":\"available\","
	    "\"output\":{\"status\":\"ok\",\"execution_count\":1,\"data\":{\"text/plain\":\"[1] "
	    "\\\"second\\\"\"}},\"progress\":1.0,\"started\":1795403458550,\"completed\":"
	    "1795403458551}",
	    STATUS_OK, "[1] \"second\"\n", NULL },
	/* what is printed is not */
	{ "print(\"printed\")\ncat(\"catted\\n\")\n\"value\"",
	    "{\"id\":2,\"code\":\"print(\\\"printed\\\")\\ncat(\\\"catted\\\\n\\\")"
	    "\\n\\\"value\\\"\",\"state\":\"available\",\"output\":{\"status\":\"ok\",\"execution_"
	    "count\":2,\"data\":{\"text/plain\":\"[1] \\\"printed\\\"\\ncatted\\n[1] "
	    "\\\"value\\\"\"}},\"progress\":1.0,\"started\":1795403458574,\"completed\":"
	    "1795403458574}",
	    STATUS_OK, "[1] \"printed\"\ncatted\n[1] \"value\"\n", NULL },
	{ "x <- 7",
	    "{\"id\":3,\"code\":\"x <- "
	    "7\",\"state\":\"available\",\"output\":{\"status\":\"ok\",\"execution_count\":3,"
	    "\"data\":{\"text/"
	    "plain\":\"\"}},\"progress\":1.0,\"started\":1795403458606,\"completed\":"
	    "1795403458608}",
	    STATUS_OK, "", NULL },
	/* a value before an assignment is lost as well */
	{ "\"shown?\"\ny <- 1",
	    "{\"id\":5,\"code\":\"\\\"shown?\\\"\\ny <- "
	    "1\",\"state\":\"available\",\"output\":{\"status\":\"ok\",\"execution_count\":5,"
	    "\"data\":{\"text/"
	    "plain\":\"\"}},\"progress\":1.0,\"started\":1795403458635,\"completed\":"
	    "1795403458638}",
	    STATUS_OK, "", NULL },
	{ "f <- function(a) {\n  a * 2\n}\nf(21)",
	    "{\"id\":6,\"code\":\"f <- function(a) {\\n  a * "
	    "2\\n}\\nf(21)\",\"state\":\"available\",\"output\":{\"status\":\"ok\",\"execution_"
	    "count\":6,\"data\":{\"text/plain\":\"[1] "
	    "42\"}},\"progress\":1.0,\"started\":1795403458848,\"completed\":1795403458849}",
	    STATUS_OK, "[1] 42\n", NULL },
	{ "data.frame(a = 1:3, b = c(\"x\", \"y\", NA))",
	    "{\"id\":18,\"code\":\"data.frame(a = 1:3, b = c(\\\"x\\\", \\\"y\\\", "
	    "NA))\",\"state\":\"available\",\"output\":{\"status\":\"ok\",\"execution_count\":18,"
	    "\"data\":{\"text/plain\":\"  a    b\\n1 1    x\\n2 2    y\\n3 3 "
	    "<NA>\"}},\"progress\":1.0,\"started\":1795403459743,\"completed\":1795403459749}",
	    STATUS_OK, "  a    b\n1 1    x\n2 2    y\n3 3 <NA>\n", NULL },
	{ "if (TRUE) {\n  \"in a block\"\n} else {\n  2\n}\n",
	    "{\"id\":35,\"code\":\"if (TRUE) {\\n  \\\"in a block\\\"\\n} else {\\n  "
	    "2\\n}\\n\",\"state\":\"available\",\"output\":{\"status\":\"ok\",\"execution_count\":"
	    "35,\"data\":{\"text/plain\":\"[1] \\\"in a "
	    "block\\\"\"}},\"progress\":1.0,\"started\":1795403461368,\"completed\":1795403461369}",
	    STATUS_OK, "[1] \"in a block\"\n", NULL },
	/* both streams are one, and warnings come last */
	{ "message(\"to stderr\")\n4",
	    "{\"id\":14,\"code\":\"message(\\\"to "
	    "stderr\\\")\\n4\",\"state\":\"available\",\"output\":{\"status\":\"ok\",\"execution_"
	    "count\":14,\"data\":{\"text/plain\":\"to stderr\\n[1] "
	    "4\"}},\"progress\":1.0,\"started\":1795403459662,\"completed\":1795403459665}",
	    STATUS_OK, "to stderr\n[1] 4\n", NULL },
	{ "warning(\"careful\")\n3",
	    "{\"id\":13,\"code\":\"warning(\\\"careful\\\")\\n3\",\"state\":\"available\","
	    "\"output\":{\"status\":\"ok\",\"execution_count\":13,\"data\":{\"text/plain\":\"[1] "
	    "3\\nWarning message:\\nIn eval(parse(text = "
	    "\\\"warning(\\\\\\\"careful\\\\\\\")\\\\n3\\\")) : "
	    "careful\"}},\"progress\":1.0,\"started\":1795403459442,\"completed\":1795403459447}",
	    STATUS_OK,
	    "[1] 3\nWarning message:\nIn eval(parse(text = \"warning(\\\"careful\\\")\\n3\")) : "
	    "careful\n",
	    NULL },
	{ "\"\xc3\xa9\xe2\x82\xac\"",
	    "{\"id\":15,\"code\":\"\\\"\xc3\xa9\xe2\x82\xac\\\"\",\"state\":\"available\","
	    "\"output\":{\"status\":\"ok\",\"execution_count\":15,\"data\":{\"text/plain\":\"[1] "
	    "\\\"\xc3\xa9\xe2\x82\xac\\\"\"}},\"progress\":1.0,\"started\":1795403459698,"
	    "\"completed\":1795403459699}",
	    STATUS_OK, "[1] \"\xc3\xa9\xe2\x82\xac\"\n", NULL },
	{ "\"\xf0\x9f\x98\x80\"",
	    "{\"id\":16,\"code\":\"\\\"\\uD83D\\uDE00\\\"\",\"state\":\"available\",\"output\":{"
	    "\"status\":\"ok\",\"execution_count\":16,\"data\":{\"text/plain\":\"[1] "
	    "\\\"\xf0\x9f\x98\x80\\\"\"}},\"progress\":1.0,\"started\":1795403459706,\"completed\":"
	    "1795403459707}",
	    STATUS_OK, "[1] \"\xf0\x9f\x98\x80\"\n", NULL },
	{ "system(\"echo from a child\")",
	    "{\"id\":30,\"code\":\"system(\\\"echo from a "
	    "child\\\")\",\"state\":\"available\",\"output\":{\"status\":\"ok\",\"execution_"
	    "count\":30,\"data\":{\"text/plain\":\"from a "
	    "child\"}},\"progress\":1.0,\"started\":1795403461078,\"completed\":1795403461084}",
	    STATUS_OK, "from a child\n", NULL },
	{ "# nothing",
	    "{\"id\":21,\"code\":\"# "
	    "nothing\",\"state\":\"available\",\"output\":{\"status\":\"ok\",\"execution_count\":"
	    "21,\"data\":{\"text/"
	    "plain\":\"NULL\"}},\"progress\":1.0,\"started\":1795403459822,\"completed\":"
	    "1795403459823}",
	    STATUS_OK, "NULL\n", NULL },
	{ "tryCatch(stop(\"x\"), error = function(e) \"caught\")",
	    "{\"id\":34,\"code\":\"tryCatch(stop(\\\"x\\\"), error = function(e) "
	    "\\\"caught\\\")\",\"state\":\"available\",\"output\":{\"status\":\"ok\",\"execution_"
	    "count\":34,\"data\":{\"text/plain\":\"[1] "
	    "\\\"caught\\\"\"}},\"progress\":1.0,\"started\":1795403461359,\"completed\":"
	    "1795403461361}",
	    STATUS_OK, "[1] \"caught\"\n", NULL },
	/* 'hist' is in the code: Livy takes it for a plot, and the value is lost */
	{ "history <- \"kept\"\nhistory",
	    "{\"id\":23,\"code\":\"history <- "
	    "\\\"kept\\\"\\nhistory\",\"state\":\"available\",\"output\":{\"status\":\"ok\","
	    "\"execution_count\":23,\"data\":{\"text/plain\":\"null device \\n          1 "
	    "\"}},\"progress\":1.0,\"started\":1795403459858,\"completed\":1795403459914}",
	    STATUS_OK, "null device \n          1 \n", NULL },
	{ "plot(1:3)",
	    "{\"id\":24,\"code\":\"plot(1:3)\",\"state\":\"available\",\"output\":{\"status\":"
	    "\"ok\",\"execution_count\":24,\"data\":{\"text/plain\":\"null device \\n          1 "
	    "\",\"image/"
	    "png\":\"iVBORw0KGgoAAAANSUhEUgAAAeAAAAHgCAMAAABKCk6nAAAChVBMVEUAAAAB\"}},\"progress\":"
	    "1.0,\"started\":1795403460077,\"completed\":1795403460130}",
	    STATUS_OK, "null device \n          1 \n", NULL },
	/* the error is R's way to print a text */
	{ "g <- function(v) stop(\"deep: \", v)\ng(3)",
	    "{\"id\":8,\"code\":\"g <- function(v) stop(\\\"deep: \\\", "
	    "v)\\ng(3)\",\"state\":\"available\",\"output\":{\"status\":\"error\",\"execution_"
	    "count\":8,\"ename\":\"Error\",\"evalue\":\"[1] \\\"Error in g(3): deep: "
	    "3\\\"\",\"traceback\":[]},\"progress\":1.0,\"started\":1795403459123,\"completed\":"
	    "1795403459124}",
	    STATUS_ERROR, "", "Error: [1] \"Error in g(3): deep: 3\"\n" },
	/* what was printed before it stands in front */
	{ "print(\"before\")\nstop(\"after\")",
	    "{\"id\":9,\"code\":\"print(\\\"before\\\")\\nstop(\\\"after\\\")\",\"state\":"
	    "\"available\",\"output\":{\"status\":\"error\",\"execution_count\":9,\"ename\":"
	    "\"Error\",\"evalue\":\"[1] \\\"before\\\"\\n[1] \\\"Error in eval(parse(text = "
	    "\\\\\\\"print(\\\\\\\\\\\\\\\"before\\\\\\\\\\\\\\\")\\\\\\\\nstop("
	    "\\\\\\\\\\\\\\\"after\\\\\\\\\\\\\\\")\\\\\\\")): "
	    "after\\\"\",\"traceback\":[]},\"progress\":1.0,\"started\":1795403459138,"
	    "\"completed\":1795403459142}",
	    STATUS_ERROR, "", "Error: [1] \"before\"\n[1] \"Error in eval(" },
	{ "nosuch + 1",
	    "{\"id\":10,\"code\":\"nosuch + "
	    "1\",\"state\":\"available\",\"output\":{\"status\":\"error\",\"execution_count\":10,"
	    "\"ename\":\"Error\",\"evalue\":\"[1] \\\"Error in eval(parse(text = \\\\\\\"nosuch + "
	    "1\\\\\\\")): object 'nosuch' not "
	    "found\\\"\",\"traceback\":[]},\"progress\":1.0,\"started\":1795403459361,"
	    "\"completed\":1795403459363}",
	    STATUS_ERROR, "", "): object 'nosuch' not found\"\n" },
	/* nothing has run then */
	{ "1\n2\nb <- )\n",
	    "{\"id\":12,\"code\":\"1\\n2\\nb <- "
	    ")\\n\",\"state\":\"available\",\"output\":{\"status\":\"error\",\"execution_count\":"
	    "12,\"ename\":\"Error\",\"evalue\":\"[1] \\\"Error in parse(text = "
	    "\\\\\\\"1\\\\\\\\n2\\\\\\\\nb <- )\\\\\\\\n\\\\\\\"): <text>:3:6: unexpected "
	    "')'\\\\n2: 2\\\\n3: b <- )\\\\n        "
	    "^\\\"\",\"traceback\":[]},\"progress\":1.0,\"started\":1795403459400,\"completed\":"
	    "1795403459401}",
	    STATUS_ERROR, "", "): <text>:3:6: unexpected ')'\\n2: 2\\n3: b <- )\\n        ^\"\n" },
	{ "plot(nosuch)",
	    "{\"id\":26,\"code\":\"plot(nosuch)\",\"state\":\"available\",\"output\":{\"status\":"
	    "\"error\",\"execution_count\":26,\"ename\":\"Error\",\"evalue\":\"[1] \\\"Error in "
	    "plot(nosuch): object 'nosuch' not "
	    "found\\\"\",\"traceback\":[]},\"progress\":1.0,\"started\":1795403460554,"
	    "\"completed\":1795403460575}",
	    STATUS_ERROR, "", "Error: [1] \"Error in plot(nosuch): object 'nosuch' not found\"\n" },
	{ "5",
	    "{\"id\":27,\"code\":\"5\",\"state\":\"available\",\"output\":{\"status\":\"ok\","
	    "\"execution_count\":27,\"data\":{\"text/plain\":\"[1] "
	    "5\"}},\"progress\":1.0,\"started\":1795403460802,\"completed\":1795403460803}",
	    STATUS_OK, "[1] 5\n", NULL },
	{ "q(status = 3)",
	    "{\"id\":0,\"code\":\"q(status = "
	    "3)\",\"state\":\"available\",\"output\":{\"status\":\"error\",\"execution_count\":0,"
	    "\"ename\":\"Error\",\"evalue\":\"Interpreter "
	    "died:\\nnull\",\"traceback\":[]},\"progress\":1.0,\"started\":1795403522837,"
	    "\"completed\":1795403522889}",
	    STATUS_ERROR, "", "Error: Interpreter died:\nnull\n" },
	{ "10",
	    "{\"id\":1,\"code\":\"10\",\"state\":\"available\",\"output\":{\"status\":\"error\","
	    "\"execution_count\":1,\"ename\":\"Error\",\"evalue\":\"Interpreter "
	    "died:\\nnull\",\"traceback\":[]},\"progress\":1.0,\"started\":1795403522945,"
	    "\"completed\":1795403522945}",
	    STATUS_ERROR, "", "Error: Interpreter died:\nnull\n" },
};

static void made_r(struct made *m, const char *answer)
{
	made_init(m);
	m->rec.name = (char *)(uintptr_t) "foo.R";
	m->rec.kind = KIND_SPARKR;
	if (answer)
		m->run.status = result_judge(BYTES(answer)).status;
	made_build(m, answer);
}

/* ---- requests -------------------------------------------------------------------------------- */

/* The session is of the kind, so that the statement need not say it. */
START_TEST(session_request)
{
	const struct livy_dialect recent = { .names = true, .echo = true, .connect = true };
	const struct conf_session conf = { 0 };
	struct arena a;

	arena_init(&a);
	struct bytes body = livy_create_body(&a, &conf, KIND_SPARKR, "sp-1", NULL, &recent);
	json_t *v = livy_parse(body);
	ck_assert_str_eq(json_string_value(json_object_get(v, "kind")), "sparkr");
	ck_assert_str_eq(json_string_value(json_object_get(v, "name")), "sp-1");
	json_decref(v);
	arena_fini(&a);
}
END_TEST

/* A file is sent as it is, and known again by its echo. */
START_TEST(statement_request)
{
	struct bytes code = BYTES(recorded[_i].code);
	struct livy_answer read;
	struct arena a;

	arena_init(&a);
	ck_assert_ptr_null(source_check(code));
	struct source_plan plan = source_plan(&a, KIND_SPARKR, code);
	ck_assert_ptr_null(plan.refused);
	ck_assert_ptr_null(plan.warning);
	json_t *v = livy_parse(livy_statement_body(&a, plan.code));
	ck_assert_uint_eq(json_object_size(v), 1);
	ck_assert_str_eq(json_string_value(json_object_get(v, "code")), recorded[_i].code);
	json_decref(v);
	livy_read_statement(200, BYTES(recorded[_i].answer), &read);
	ck_assert_int_eq(read.verdict, LIVY_OK);
	ck_assert_int_eq(read.statement.state, LIVY_STATEMENT_AVAILABLE);
	struct bytes echo = { read.statement.code, read.statement.code_bytes };
	ck_assert(livy_same_code(code, echo));
	ck_assert(!livy_same_code(BYTES("something else"), echo));
	livy_fini(&read);
	arena_fini(&a);
}
END_TEST

START_TEST(names_of_r)
{
	enum kind kind;
	size_t stem_len;

	ck_assert_int_eq(source_classify("foo.R", &kind, &stem_len), NAME_CODE);
	ck_assert_int_eq(kind, KIND_SPARKR);
	ck_assert_int_eq(source_classify("foo.r", &kind, &stem_len), NAME_CODE);
	ck_assert_int_eq(kind, KIND_SPARKR);
	ck_assert_str_eq(livy_kind_name(KIND_SPARKR), "sparkr");
}
END_TEST

/* ---- answers --------------------------------------------------------------------------------- */

START_TEST(answer_makes_files)
{
	struct made m;

	made_r(&m, recorded[_i].answer);
	ck_assert_int_eq(m.run.status, recorded[_i].status);
	made_has(&m, ".out", recorded[_i].out);
	const struct bytes *err = made_file(&m, ".err");
	ck_assert_int_eq(err != NULL, recorded[_i].err != NULL);
	if (err)
		ck_assert_msg(strncmp(err->p, recorded[_i].err, strlen(recorded[_i].err)) == 0 ||
				  str_ends_with(err->p, recorded[_i].err),
		    "%s", err->p);
	ck_assert_int_eq(
	    strstr(recorded[_i].answer, "image/png") != NULL, made_file(&m, ".1.png") != NULL);
	json_t *v = livy_parse(BYTES(recorded[_i].answer));
	ck_assert(json_equal(json_object_get(m.record, "answer"), v));
	json_decref(v);
	made_fini(&m);
}
END_TEST

/* R counts lines in what it parses, and nobody can tell whether that was the file. */
START_TEST(lines_are_not_guessed)
{
	struct made m;

	made_r(&m, recorded[_i].answer);
	const json_t *error = json_object_get(m.record, "error");
	ck_assert_int_eq(json_is_object(error), recorded[_i].status == STATUS_ERROR);
	if (error && json_is_object(error))
		ck_assert(json_is_null(json_object_get(error, "line")));
	made_fini(&m);
}
END_TEST

START_TEST(picture_of_a_plot)
{
	struct made m;
	size_t seen = 0;

	for (size_t i = 0; i < ARRAY_LEN(recorded); i++) {
		if (!strstr(recorded[i].answer, "image/png"))
			continue;
		made_r(&m, recorded[i].answer);
		const struct bytes *png = made_file(&m, ".1.png");
		ck_assert_ptr_nonnull(png);
		ck_assert_int_eq(memcmp(png->p, "\x89PNG\r\n\x1a\n", 8), 0);
		made_fini(&m);
		seen++;
	}
	ck_assert_uint_eq(seen, 1);
}
END_TEST

/* ---- what is lost ---------------------------------------------------------------------------- */

static size_t losses_of(const struct made *m)
{
	const json_t *list = json_object_get(m->record, "warnings");
	size_t n = 0;

	ck_assert(json_is_array(list));
	for (size_t i = 0; i < json_array_size(list); i++)
		n += strstr(json_string_value(json_array_get(list, i)), "only the last value") !=
		     NULL;
	return n;
}

/* Of every file that R has run, whatever came of it: the record says it, and .err does not, for it
 * would be there beside each file then. */
START_TEST(record_says_what_is_lost)
{
	struct made m;

	made_r(&m, recorded[_i].answer);
	ck_assert_uint_eq(losses_of(&m), 1);
	const struct bytes *err = made_file(&m, ".err");
	ck_assert(!err || !strstr(err->p, "only the last value"));
	made_fini(&m);
}
END_TEST

/* No answer, nothing to be lost of it; and other kinds lose other things. */
START_TEST(nothing_is_lost_of_others)
{
	struct made m;

	made_init(&m);
	m.rec.name = (char *)(uintptr_t) "foo.R";
	m.rec.kind = KIND_SPARKR;
	m.run.status = STATUS_DIED;
	m.run.error_name = (char *)(uintptr_t) "SessionDied";
	made_build(&m, NULL);
	ck_assert_uint_eq(losses_of(&m), 0);
	made_fini(&m);

	made_init(&m);
	made_build(&m, recorded[0].answer);
	ck_assert_uint_eq(losses_of(&m), 0);
	made_fini(&m);
}
END_TEST

START_TEST(warnings_of_the_run_stay)
{
	struct made m;

	made_init(&m);
	m.rec.name = (char *)(uintptr_t) "foo.R";
	m.rec.kind = KIND_SPARKR;
	m.run.warnings = (char *)(uintptr_t) "[\"of the run\"]";
	made_build(&m, recorded[0].answer);
	ck_assert_uint_eq(losses_of(&m), 1);
	const json_t *list = json_object_get(m.record, "warnings");
	ck_assert_uint_eq(json_array_size(list), 2);
	ck_assert_str_eq(json_string_value(json_array_get(list, 0)), "of the run");
	made_fini(&m);
}
END_TEST

/* ---- sessions -------------------------------------------------------------------------------- */

/* The greeting of a session, as R answers it. */
static const char greeting[] =
    "{\"id\":33,\"code\":\"\\\"0123456789abcdef0123456789abcdef\\\"\",\"state\":\"available\","
    "\"output\":{\"status\":\"ok\",\"execution_count\":33,\"data\":{\"text/plain\":\"[1] "
    "\\\"0123456789abcdef0123456789abcdef\\\"\"}},\"progress\":1.0,\"started\":1795403461353,"
    "\"completed\":1795403461355}";

/* Printing Livy's own end mark made each later statement get the answer of an earlier one: this is
 * what "next" got. A session that slips like that must not pass for ours. */
static const char slipped[] =
    "{\"id\":43,\"code\":\"\\\"next\\\"\",\"state\":\"available\",\"output\":{\"status\":\"ok\","
    "\"execution_count\":43,\"data\":{\"text/"
    "plain\":\"\"}},\"progress\":1.0,\"started\":1795403461709,\"completed\":1795403461710}";

START_TEST(token_is_known_again)
{
	struct arena a;

	arena_init(&a);
	struct bytes sent = BYTES(source_token_code(&a, KIND_SPARKR, TOKEN));
	json_t *v = livy_parse(BYTES(greeting));
	const json_t *code = json_object_get(v, "code");
	ck_assert_uint_eq(sent.n, json_string_length(code));
	ck_assert_mem_eq(sent.p, json_string_value(code), sent.n);
	json_decref(v);
	ck_assert(source_token_answer(KIND_SPARKR, BYTES(greeting), TOKEN));
	ck_assert(!source_token_answer(KIND_SPARKR, BYTES(slipped), TOKEN));
	for (size_t i = 0; i < ARRAY_LEN(recorded); i++)
		ck_assert(!source_token_answer(KIND_SPARKR, BYTES(recorded[i].answer), TOKEN));
	arena_fini(&a);
}
END_TEST

#define ADD_LOOP(tcase, test) tcase_add_loop_test(tcase, test, 0, (int)ARRAY_LEN(recorded))

int main(void)
{
	Suite *s = suite_create("r");
	TCase *requests = tcase_create("requests");
	TCase *answers = tcase_create("answers");
	TCase *lost = tcase_create("lost");

	tcase_add_test(requests, session_request);
	ADD_LOOP(requests, statement_request);
	tcase_add_test(requests, names_of_r);
	tcase_add_test(requests, token_is_known_again);
	ADD_LOOP(answers, answer_makes_files);
	ADD_LOOP(answers, lines_are_not_guessed);
	tcase_add_test(answers, picture_of_a_plot);
	ADD_LOOP(lost, record_says_what_is_lost);
	tcase_add_test(lost, nothing_is_lost_of_others);
	tcase_add_test(lost, warnings_of_the_run_stay);
	suite_add_tcase(s, requests);
	suite_add_tcase(s, answers);
	suite_add_tcase(s, lost);
	return help_run(s);
}
