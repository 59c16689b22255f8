/* test_source: names, bytes, tokens. */
#include "help.h"

#include "core/source.h"
#include <stdlib.h>
#include <string.h>

#define BYTES(s) ((struct bytes){ .p = (s), .n = strlen(s) })
#define TOKEN "0123456789abcdef0123456789abcdef"

/* ---- names ----------------------------------------------------------------------------------- */

START_TEST(code_by_its_suffix)
{
	static const struct {
		const char *name;
		enum kind kind;
	} known[] = {
		{ "a.py", KIND_PYSPARK },
		{ "a.sql", KIND_SQL },
		{ "a.scala", KIND_SPARK },
		{ "a.R", KIND_SPARKR },
		{ "a.r", KIND_SPARKR },
		{ "two.dots.py", KIND_PYSPARK },
		{ "with space and \n.py", KIND_PYSPARK },
		{ "not utf-8 \xFF.sql", KIND_SQL },
		{ "a.sql.py", KIND_PYSPARK },
		{ "a.tmp.py", KIND_PYSPARK },
		{ "a~.py", KIND_PYSPARK },
		{ "#a.py", KIND_PYSPARK },
		{ "ready.py", KIND_PYSPARK },
	};

	for (size_t i = 0; i < ARRAY_LEN(known); i++) {
		enum kind kind = KIND_COUNT;
		size_t stem = 0;

		ck_assert_msg(
		    source_classify(known[i].name, &kind, &stem) == NAME_CODE, "%s", known[i].name);
		ck_assert_int_eq(kind, known[i].kind);
		ck_assert_uint_eq(stem, strlen(known[i].name));
	}
}
END_TEST

START_TEST(other_names_are_ignored)
{
	static const char *const name[] = { "", ".", "..", ".py", ".a.py", ".a.py.swp", "a.PY",
		"a.Sql", "a.SCALA", "a", "apy", "py", "a.py~", "#a.py#", "a.py.tmp", "a.py.part",
		"a.tmp", "a.part", "a.txt", "a.py.out", "a.py.err", "a.py.csv", "a.py.html",
		"a.py.json", "a.py.files", "a.py.1.png", "a.py.bak", "a.py ", "a.pyc", "a.ready",
		".a.py.ready", "a.txt.ready", "a.py.ready.ready", "a.py.READY", ".ready", "ready",
		"dir/a.py", "../a.py", ".#a.py" };

	for (size_t i = 0; i < ARRAY_LEN(name); i++) {
		enum kind kind = KIND_COUNT;
		size_t stem = 9;

		ck_assert_msg(
		    source_classify(name[i], &kind, &stem) == NAME_IGNORED, "%s", name[i]);
	}
}
END_TEST

START_TEST(markers_of_code)
{
	enum kind kind = KIND_COUNT;
	size_t stem = 0;

	ck_assert_int_eq(source_classify("foo.py.ready", &kind, &stem), NAME_MARKER);
	ck_assert_int_eq(kind, KIND_PYSPARK);
	ck_assert_uint_eq(stem, strlen("foo.py"));
	ck_assert_int_eq(source_classify("x.R.ready", &kind, &stem), NAME_MARKER);
	ck_assert_int_eq(kind, KIND_SPARKR);
	ck_assert_int_eq(source_classify("a.ready.py", &kind, &stem), NAME_CODE);
}
END_TEST

/* ".999.png" is the longest of what may be put behind a name. */
START_TEST(names_leave_room_for_results)
{
	char name[300];

	memset(name, 'x', sizeof(name));
	name[247] = '\0';
	ck_assert(source_name_fits(name));
	name[247] = 'x';
	name[248] = '\0';
	ck_assert(!source_name_fits(name));
	ck_assert(source_name_fits("a.py"));
}
END_TEST

/* ---- bytes ----------------------------------------------------------------------------------- */

START_TEST(bytes_that_can_be_sent)
{
	static const char *const code[] = { "1", " ", "\n", "print(1)\r\n", "\xEF\xBB\xBFprint(1)",
		"\xEF\xBB\xBF\n", "\xC3\xA9\xE4\xB8\xAD\xF0\x9F\x98\x80", "\x01\x1b\x7f" };

	for (size_t i = 0; i < ARRAY_LEN(code); i++)
		ck_assert_msg(source_check(BYTES(code[i])) == NULL, "%zu", i);
}
END_TEST

START_TEST(bytes_that_cannot)
{
	ck_assert_str_eq(source_check(BYTES("")), "is empty");
	ck_assert_str_eq(source_check((struct bytes){ 0 }), "is empty");
	ck_assert_str_eq(source_check(BYTES("\xEF\xBB\xBF")), "is empty");
	ck_assert_str_eq(source_check(BYTES("caf\xE9")), "is not UTF-8 text");
	ck_assert_str_eq(source_check(BYTES("\xEF\xBB")), "is not UTF-8 text");
	ck_assert_str_eq(source_check(BYTES("\xED\xA0\x80")), "is not UTF-8 text");
	ck_assert_str_eq(
	    source_check((struct bytes){ .p = "a\0b", .n = 3 }), "contains a NUL byte");
	/* UTF-16 has NULs too; that it is another encoding is the better word */
	ck_assert_str_eq(source_check((struct bytes){ .p = "\xFF\xFE"
							   "a\0",
			     .n = 4 }),
	    "is not UTF-8 text");
}
END_TEST

/* ---- tokens ---------------------------------------------------------------------------------- */

START_TEST(token_code)
{
	struct arena a;

	arena_init(&a);
	ck_assert_str_eq(source_token_code(&a, KIND_PYSPARK, TOKEN), "print(\"" TOKEN "\")");
	ck_assert_str_eq(source_token_code(&a, KIND_SPARK, TOKEN), "println(\"" TOKEN "\")");
	ck_assert_str_eq(
	    source_token_code(&a, KIND_SQL, TOKEN), "select '" TOKEN "' as sparkspool");
	ck_assert_str_eq(source_token_code(&a, KIND_SPARKR, TOKEN), "\"" TOKEN "\"");
	arena_fini(&a);
}
END_TEST

static bool answers(enum kind kind, const char *state, const char *status, const char *data)
{
	char *json = xasprintf("{\"id\":0,\"state\":\"%s\",\"output\":{\"status\":\"%s\","
			       "\"data\":{%s}}}",
	    state, status, data);
	bool is = source_token_answer(kind, BYTES(json), TOKEN);

	free(json);
	return is;
}

static bool prints(enum kind kind, const char *text)
{
	char *data = xasprintf("\"text/plain\":\"%s\"", text);
	bool is = answers(kind, "available", "ok", data);

	free(data);
	return is;
}

START_TEST(token_as_text)
{
	ck_assert(prints(KIND_PYSPARK, TOKEN));
	ck_assert(prints(KIND_PYSPARK, TOKEN "\\n"));
	ck_assert(prints(KIND_PYSPARK, " \\r\\n" TOKEN " \\n"));
	ck_assert(!prints(KIND_PYSPARK, ""));
	ck_assert(!prints(KIND_PYSPARK, "x" TOKEN));
	ck_assert(!prints(KIND_PYSPARK, "warning\\n" TOKEN));
	ck_assert(!prints(KIND_PYSPARK, "0123456789abcdef"));
	ck_assert(prints(KIND_SPARK, TOKEN "\\n"));
	ck_assert(prints(KIND_SPARK, "warning: there was one\\n" TOKEN "\\n\\n"));
	ck_assert(!prints(KIND_SPARK, TOKEN "\\nres0: Int = 2\\n"));
	ck_assert(!prints(KIND_SPARK, ""));
	ck_assert(prints(KIND_SPARKR, "[1] \\\"" TOKEN "\\\""));
	ck_assert(!prints(KIND_SPARKR, "[1] 2"));
	ck_assert(!prints(KIND_SQL, TOKEN));
}
END_TEST

#define SQL_CELLS(rows)                                                                            \
	"\"application/json\":{\"schema\":{\"type\":\"struct\",\"fields\":[{\"name\":"             \
	"\"sparkspool\"}]},\"data\":" rows "}"

START_TEST(token_as_a_cell)
{
	ck_assert(answers(KIND_SQL, "available", "ok", SQL_CELLS("[[\"" TOKEN "\"]]")));
	ck_assert(answers(KIND_SQL, "available", "ok", SQL_CELLS("[ [ \"" TOKEN "\" ] ]")));
	ck_assert(!answers(KIND_SQL, "available", "ok", SQL_CELLS("[[\"x\"]]")));
	ck_assert(!answers(KIND_SQL, "available", "ok", SQL_CELLS("[[\"" TOKEN "\",1]]")));
	ck_assert(!answers(KIND_SQL, "available", "ok", SQL_CELLS("[[\"" TOKEN "\"],[1]]")));
	ck_assert(!answers(KIND_SQL, "available", "ok", SQL_CELLS("[\"" TOKEN "\"]")));
	ck_assert(!answers(KIND_SQL, "available", "ok", SQL_CELLS("[[]]")));
	ck_assert(!answers(KIND_SQL, "available", "ok", SQL_CELLS("[]")));
	ck_assert(!answers(KIND_PYSPARK, "available", "ok", SQL_CELLS("[[\"" TOKEN "\"]]")));
}
END_TEST

START_TEST(token_only_of_what_went_well)
{
	static const char text[] = "\"text/plain\":\"" TOKEN "\"";

	ck_assert(answers(KIND_PYSPARK, "available", "ok", text));
	ck_assert(!answers(KIND_PYSPARK, "cancelled", "ok", text));
	ck_assert(!answers(KIND_PYSPARK, "running", "ok", text));
	ck_assert(!answers(KIND_PYSPARK, "available", "error", text));
	ck_assert(!source_token_answer(KIND_PYSPARK, BYTES("\"" TOKEN "\""), TOKEN));
	ck_assert(!source_token_answer(KIND_PYSPARK, BYTES("<html>" TOKEN), TOKEN));
	ck_assert(!source_token_answer(KIND_SQL, BYTES("{\"id\":0,\"output\":null}"), TOKEN));
	ck_assert(!source_token_answer(KIND_SQL, (struct bytes){ 0 }, TOKEN));
}
END_TEST

/* How Scala is joined is test_scala's. */
START_TEST(code_that_is_sent)
{
	static const char text[] = "val a = b\n.c\n";
	struct source_plan p;
	struct arena a;

	arena_init(&a);
	p = source_plan(&a, KIND_PYSPARK, BYTES(text));
	ck_assert_ptr_eq(p.code.p, text);
	ck_assert_uint_eq(p.code.n, strlen(text));
	ck_assert_ptr_null(p.refused);
	ck_assert_ptr_null(p.warning);
	p = source_plan(&a, KIND_SPARK, BYTES(text));
	ck_assert_ptr_null(p.refused);
	ck_assert_ptr_null(p.warning);
	ck_assert_str_eq(p.code.p, "val a = b /*\n*/.c\n");
	p = source_plan(&a, KIND_SPARK, BYTES("foo(\n"));
	ck_assert_ptr_nonnull(p.warning);
	p = source_plan(&a, KIND_SPARK, BYTES("package a\n"));
	ck_assert_ptr_nonnull(p.refused);
	arena_fini(&a);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("source");
	TCase *t = tcase_create("source");

	tcase_add_test(t, code_by_its_suffix);
	tcase_add_test(t, other_names_are_ignored);
	tcase_add_test(t, markers_of_code);
	tcase_add_test(t, names_leave_room_for_results);
	tcase_add_test(t, bytes_that_can_be_sent);
	tcase_add_test(t, bytes_that_cannot);
	tcase_add_test(t, code_that_is_sent);
	tcase_add_test(t, token_code);
	tcase_add_test(t, token_as_text);
	tcase_add_test(t, token_as_a_cell);
	tcase_add_test(t, token_only_of_what_went_well);
	suite_add_tcase(s, t);
	return help_run(s);
}
