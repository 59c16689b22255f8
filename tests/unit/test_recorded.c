/* test_recorded: every finished statement that was recorded of a real Livy, through result: the
 * verdict, the text, the table, the error and its line, the record. */
#include "help.h"
#include "resulthelp.h"
#include "tape.h"

#include <stdlib.h>
#include <string.h>

/* What .out has to be: the text without its newlines at the end, and one. */
static void out_is(const struct made *m, const json_t *text)
{
	const struct bytes *out = made_file(m, ".out");
	const char *p = json_string_value(text);
	size_t n = json_string_length(text);

	ck_assert_ptr_nonnull(out);
	while (n > 0 && p[n - 1] == '\n')
		n--;
	ck_assert_uint_eq(out->n, n > 0 ? n + 1 : 0);
	ck_assert(n == 0 || memcmp(out->p, p, n) == 0);
	ck_assert(n == 0 || out->p[n] == '\n');
}

static void error_is(struct made *m, const json_t *output)
{
	const json_t *error = json_object_get(m->record, "error");
	const struct bytes *err = made_file(m, ".err");

	ck_assert_str_eq(tape_text(error, "name"), tape_text(output, "ename"));
	ck_assert_ptr_nonnull(strstr(tape_text(output, "evalue"), tape_text(error, "message")));
	ck_assert_ptr_nonnull(err);
	ck_assert_ptr_nonnull(strstr(err->p, tape_text(output, "ename")));
	ck_assert_ptr_nonnull(strstr(err->p, tape_text(error, "message")));
	const json_t *trace = json_object_get(output, "traceback");
	for (size_t i = 0; i < json_array_size(trace); i++)
		ck_assert_ptr_nonnull(strstr(err->p, json_string_value(json_array_get(trace, i))));
}

static void build_recorded(const struct recording *r, const json_t *v)
{
	const json_t *output = json_object_get(v, "output");
	const json_t *data = json_object_get(output, "data");
	bool tabular = json_object_get(data, "application/json") ||
		       json_object_get(data, "application/vnd.livy.table.v1+json");
	struct made m;

	made_init(&m);
	m.run.status = result_judge(r->body).status;
	m.rec.kind = strncmp(r->note, "sql", 3) == 0 ? KIND_SQL : KIND_PYSPARK;
	made_build_bytes(&m, r->body);
	out_is(&m, json_object_get(data, "text/plain"));
	if (m.run.status == STATUS_ERROR)
		error_is(&m, output);
	else
		ck_assert_int_eq(m.run.status == STATUS_OK, made_file(&m, ".err") == NULL);
	ck_assert_int_eq(
	    tabular && strcmp(r->note, "sql ddl result") != 0, made_file(&m, ".csv") != NULL);
	ck_assert(json_equal(json_object_get(m.record, "answer"), v));
	made_fini(&m);
}

START_TEST(every_finished_statement_makes_files)
{
	struct tape *t = tape_load();
	size_t built[STATUS_COUNT] = { 0 };

	for (size_t i = 0; i < t->count; i++) {
		const struct recording *r = &t->r[i];
		enum job_status status = result_judge(r->body).status;

		if (r->cut || (tape_call(r) != CALL_STATEMENT && tape_call(r) != CALL_POST))
			ck_assert_int_eq(status, STATUS_NONE);
		if (status == STATUS_NONE)
			continue;
		json_t *v = json_loadb(r->body.p, r->body.n, JSON_ALLOW_NUL, NULL);
		const char *expected = tape_text(json_object_get(v, "output"), "status");
		if (strcmp(tape_text(v, "state"), "available") == 0)
			ck_assert_str_eq(result_status_name(status), expected);
		build_recorded(r, v);
		json_decref(v);
		built[status]++;
	}
	ck_assert_uint_eq(built[STATUS_OK], 34);
	ck_assert_uint_eq(built[STATUS_ERROR], 8);
	ck_assert_uint_eq(built[STATUS_CANCELLED], 2);
	tape_free(t);
}
END_TEST

/* The files of some that were looked at by eye. */
static const struct {
	const char *note;
	enum kind kind;
	const char *suffix;
	const char *text;
} looked_at[] = {
	{ "spark stdout+stderr result", KIND_SPARK, ".out", "hi\nres1: Int = 3\n" },
	{ "scala case class dataset result", KIND_SPARK, ".out",
	    "defined object O\ndefined class P\n+---+\n|  a|\n+---+\n|  1|\n|  2|\n+---+\n" },
	{ "empty code result", KIND_SPARK, ".out", "" },
	{ "pyspark unicode result", KIND_PYSPARK, ".out",
	    "\xC3\xA9\xE4\xB8\xAD\xF0\x9F\x98\x80\n" },
	{ "spark runtime error result", KIND_SPARK, ".err",
	    "Error: java.lang.ArithmeticException: / by zero\n  ... 51 elided\n" },
	{ "spark compile error result", KIND_SPARK, ".err",
	    "Error: <console>:22: error: type mismatch;\n found   : String(\"a\")\n required: Int\n"
	    "       val y: Int = \"a\"\n                    ^\n" },
	{ "spark incomplete result", KIND_SPARK, ".err", "Error: incomplete statement\n" },
	{ "pyspark error result", KIND_PYSPARK, ".err",
	    "Traceback (most recent call last):\nZeroDivisionError: division by zero\n" },
	{ "pyspark sys.exit result", KIND_PYSPARK, ".err",
	    "Traceback (most recent call last):\nSystemExit: 3\n" },
	{ "sparkr without R result", KIND_SPARKR, ".err",
	    "InterpreterError: Fail to start interpreter\n" },
	{ "sql ok result", KIND_SQL, ".csv", "a,b\r\n1,x\r\n" },
	{ "sql types result", KIND_SQL, ".csv",
	    "id,s,n,a,d,dt\r\n0,0,,\"[1,2]\",1.5,2026-11-22\r\n1,1,,\"[1,2]\",1.5,2026-11-22\r\n"
	    "2,2,,\"[1,2]\",1.5,2026-11-22\r\n" },
	{ "sql ddl result", KIND_SQL, ".out", "" },
	{ "pyspark %json result", KIND_PYSPARK, ".csv", "a,b\r\n1,q\r\n" },
	{ "pyspark %table result", KIND_PYSPARK, ".csv", "0,1\r\n1,a\r\n2,b\r\n" },
	{ "magic + trailing comment scala result", KIND_SPARK, ".csv", "value\r\n1\r\n2\r\n" },
	{ "driver-only final", KIND_PYSPARK, ".out", "7\n" },
};

START_TEST(files_looked_at)
{
	struct tape *t = tape_load();
	size_t seen = 0;

	for (size_t i = 0; i < t->count; i++) {
		struct made m;

		if (strcmp(t->r[i].note, looked_at[_i].note) != 0)
			continue;
		made_init(&m);
		m.rec.kind = looked_at[_i].kind;
		m.run.status = result_judge(t->r[i].body).status;
		made_build_bytes(&m, t->r[i].body);
		made_has(&m, looked_at[_i].suffix, looked_at[_i].text);
		made_fini(&m);
		seen++;
	}
	ck_assert_uint_eq(seen, 1);
	tape_free(t);
}
END_TEST

static void line_is(const struct tape *t, const char *note, enum kind kind, int line)
{
	for (size_t i = 0; i < t->count; i++) {
		struct made m;

		if (strcmp(t->r[i].note, note) != 0)
			continue;
		made_init(&m);
		m.rec.kind = kind;
		m.run.status = STATUS_ERROR;
		made_build_bytes(&m, t->r[i].body);
		const json_t *error = json_object_get(m.record, "error");
		ck_assert_int_eq(json_integer_value(json_object_get(error, "line")), line);
		made_fini(&m);
		return;
	}
	ck_abort_msg("no %s", note);
}

START_TEST(recorded_lines)
{
	struct tape *t = tape_load();

	line_is(t, "pyspark syntax error result", KIND_PYSPARK, 1);
	line_is(t, "sql two result", KIND_SQL, 1);
	line_is(t, "spark compile error result", KIND_SPARK, 1);
	line_is(t, "pyspark error result", KIND_PYSPARK, 0);
	tape_free(t);
}
END_TEST

/* A statement cut out of a recorded list is the statement that was recorded by itself. */
START_TEST(cut_statements_are_the_single_ones)
{
	struct tape *t = tape_load();
	struct bytes list = { 0 };
	struct bytes cut;

	for (size_t i = 0; i < t->count; i++)
		if (strcmp(t->r[i].note, "paging") == 0)
			list = t->r[i].body;
	ck_assert_ptr_nonnull(list.p);
	for (int64_t id = 0; id < 2; id++) {
		const char *path =
		    id == 0 ? "/sessions/0/statements/0" : "/sessions/0/statements/1";
		const struct recording *single = NULL;

		for (size_t i = 0; i < t->count && !single; i++)
			if (strcmp(t->r[i].path, path) == 0)
				single = &t->r[i];
		ck_assert_ptr_nonnull(single);
		ck_assert(livy_cut_statement(list, id, &cut));
		ck_assert_uint_eq(cut.n, single->body.n);
		ck_assert_mem_eq(cut.p, single->body.p, cut.n);
	}
	ck_assert(!livy_cut_statement(list, 2, &cut));
	tape_free(t);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("recorded");
	TCase *t = tcase_create("results");

	tcase_add_test(t, every_finished_statement_makes_files);
	tcase_add_loop_test(t, files_looked_at, 0, (int)ARRAY_LEN(looked_at));
	tcase_add_test(t, recorded_lines);
	tcase_add_test(t, cut_statements_are_the_single_ones);
	suite_add_tcase(s, t);
	return help_run(s);
}
