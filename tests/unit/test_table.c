/* test_table: what is a table, and how it looks as CSV. */
#include "help.h"

#include "core/table.h"
#include <stdlib.h>
#include <string.h>

#define BYTES(s) ((struct bytes){ .p = (s), .n = strlen(s) })
#define ROOM_BYTES 1000000

struct form {
	const char *json;
	const char *csv; /* NULL: it is no table */
	size_t columns;
	size_t rows;
};

static void becomes(bool (*make)(struct buf *, struct bytes, struct table *), const struct form *f)
{
	struct table t;
	struct buf csv;

	buf_init(&csv, ROOM_BYTES);
	bool is = make(&csv, BYTES(f->json), &t);
	ck_assert_msg(is == (f->csv != NULL), "%s", f->json);
	ck_assert_str_eq(csv.data ? csv.data : "", f->csv ? f->csv : "");
	ck_assert(!csv.full);
	if (is) {
		ck_assert_uint_eq(t.columns, f->columns);
		ck_assert_uint_eq(t.rows, f->rows);
	}
	buf_fini(&csv);
}

/* ---- SQL ------------------------------------------------------------------------------------- */

#define SQL(fields, data)                                                                          \
	"{\"schema\":{\"type\":\"struct\",\"fields\":" fields "},\"data\":" data "}"
#define FIELD(name) "{\"name\":\"" name "\",\"type\":\"x\",\"nullable\":true,\"metadata\":{}}"

static const struct form sql[] = {
	{ SQL("[" FIELD("a") "," FIELD("b") "]", "[[1,\"x\"]]"), "a,b\r\n1,x\r\n", 2, 1 },
	/* the recorded types: number, text, null, array, decimal, date */
	{ SQL("[" FIELD("id") "," FIELD("s") "," FIELD("n") "," FIELD("a") "," FIELD("d") "," FIELD(
		  "dt") "]",
	      "[[0,\"0\",null,[1,2],1.5,\"2026-11-22\"],[1,\"1\",null,[1,2],1.5,\"2026-11-22\"]]"),
	    "id,s,n,a,d,dt\r\n0,0,,\"[1,2]\",1.5,2026-11-22\r\n1,1,,\"[1,2]\",1.5,2026-11-22\r\n",
	    6, 2 },
	{ SQL("[" FIELD("a") "]", "[]"), "a\r\n", 1, 0 },
	{ SQL("[]", "[]"), "", 0, 0 },
	{ SQL("[" FIELD("count(1), \\\"x\\\"") "]", "[[1]]"), "\"count(1), \"\"x\"\"\"\r\n1\r\n", 1,
	    1 },
	{ SQL("[" FIELD("") "]", "[[1]]"), "\"\"\r\n1\r\n", 1, 1 },
	/* rows that do not fit their names */
	{ SQL("[" FIELD("a") "]", "[[1,2]]"), NULL, 0, 0 },
	{ SQL("[" FIELD("a") "," FIELD("b") "]", "[[1,2],[3]]"), NULL, 0, 0 },
	{ SQL("[" FIELD("a") "]", "[1]"), NULL, 0, 0 },
	{ SQL("[" FIELD("a") "]", "[{\"a\":1}]"), NULL, 0, 0 },
	{ SQL("[{\"type\":\"x\"}]", "[[1]]"), NULL, 0, 0 },
	{ SQL("{}", "[]"), NULL, 0, 0 },
	{ "{\"schema\":{\"fields\":[]}}", NULL, 0, 0 },
	{ "{\"data\":[[1]]}", NULL, 0, 0 },
	{ "{\"a\":1}", NULL, 0, 0 },
	{ "{}", NULL, 0, 0 },
};

START_TEST(sql_answers)
{
	becomes(table_of_json, &sql[_i]);
}
END_TEST

START_TEST(knows_sql_from_the_rest)
{
	struct table t;
	struct buf csv;

	buf_init(&csv, ROOM_BYTES);
	ck_assert(table_of_json(&csv, BYTES(SQL("[" FIELD("a") "]", "[[1]]")), &t));
	ck_assert(t.sql);
	buf_reset(&csv);
	ck_assert(table_of_json(&csv, BYTES("[[1]]"), &t));
	ck_assert(!t.sql);
	buf_fini(&csv);
}
END_TEST

/* ---- %json ----------------------------------------------------------------------------------- */

static const struct form json[] = {
	{ "[{\"a\":1,\"b\":\"q\"}]", "a,b\r\n1,q\r\n", 2, 1 },
	/* columns in order of first appearance, what is missing is NULL */
	{ "[{\"a\":1},{\"b\":2,\"a\":3},{\"c\":null},{}]", "a,b,c\r\n1,,\r\n3,2,\r\n,,\r\n,,\r\n",
	    3, 4 },
	{ "[{\"a\":{\"x\": [1, \"q\"]}}]", "a\r\n\"{\"\"x\"\":[1,\"\"q\"\"]}\"\r\n", 1, 1 },
	{ "[{\"a\":1,\"a\":2}]", "a\r\n2\r\n", 1, 1 },
	{ "[{\"\":1,\"\\u00e9\\\"\":2}]", "\"\",\"\xC3\xA9\"\"\"\r\n1,2\r\n", 2, 1 },
	{ "[{}]", NULL, 0, 0 },
	{ "[{\"a\":1},2]", NULL, 0, 0 },
	{ "[{\"a\":1},null]", NULL, 0, 0 },
	/* lists of lists have no names of their own */
	{ "[[1,\"a\"],[2,null]]", "_1,_2\r\n1,a\r\n2,\r\n", 2, 2 },
	{ "[[1,2],[3]]", NULL, 0, 0 },
	{ "[[1],2]", NULL, 0, 0 },
	{ "[[],[]]", NULL, 0, 0 },
	/* lists of scalars */
	{ "[1,2]", "value\r\n1\r\n2\r\n", 1, 2 },
	{ "[ \"x\" , null , true ]", "value\r\nx\r\n\r\ntrue\r\n", 1, 3 },
	{ "[null,[1]]", NULL, 0, 0 },
	{ "[1,{\"a\":1}]", NULL, 0, 0 },
	/* no lists at all */
	{ "[]", NULL, 0, 0 },
	{ "\"text\"", NULL, 0, 0 },
	{ "12", NULL, 0, 0 },
	{ "null", NULL, 0, 0 },
};

START_TEST(json_answers)
{
	becomes(table_of_json, &json[_i]);
}
END_TEST

/* ---- %table ---------------------------------------------------------------------------------- */

static const struct form livy[] = {
	{ "{\"headers\":[{\"name\":\"0\",\"type\":\"INT_TYPE\"},{\"name\":\"1\",\"type\":"
	  "\"STRING_TYPE\"}],\"data\":[[1,\"a\"],[2,\"b\"]]}",
	    "0,1\r\n1,a\r\n2,b\r\n", 2, 2 },
	{ "{\"headers\":[{\"name\":\"k\"}],\"data\":[]}", "k\r\n", 1, 0 },
	{ "{\"headers\":[{\"name\":\"k\"}],\"data\":[[1,2]]}", NULL, 0, 0 },
	{ "{\"headers\":[{\"name\":7}],\"data\":[[1]]}", NULL, 0, 0 },
	{ "{\"headers\":[{\"name\":\"k\"}]}", NULL, 0, 0 },
	{ "[[1]]", NULL, 0, 0 },
	{ "null", NULL, 0, 0 },
};

START_TEST(livy_tables)
{
	becomes(table_of_livy, &livy[_i]);
}
END_TEST

/* ---- fields ---------------------------------------------------------------------------------- */

START_TEST(fields)
{
	static const struct {
		const char *json;
		const char *csv;
	} known[] = {
		{ "null", "" },
		{ "\"\"", "\"\"" },
		{ "\"null\"", "null" },
		{ "true", "true" },
		{ "false", "false" },
		{ "\"plain text\"", "plain text" },
		{ "\"a,b\"", "\"a,b\"" },
		{ "\"say \\\"hi\\\"\"", "\"say \"\"hi\"\"\"" },
		{ "\"\\\"\"", "\"\"\"\"" },
		{ "\"two\\nlines\"", "\"two\nlines\"" },
		{ "\"two\\rlines\"", "\"two\rlines\"" },
		{ "\" lead\"", "\" lead\"" },
		{ "\"trail \"", "\"trail \"" },
		{ "\" \"", "\" \"" },
		{ "\"in side\"", "in side" },
		{ "\"semi;colon\"", "semi;colon" },
		{ "\"\\u00e9\\ud83d\\ude00\"", "\xC3\xA9\xF0\x9F\x98\x80" },
		/* digits as the server wrote them */
		{ "0", "0" },
		{ "-17", "-17" },
		{ "1.0", "1.0" },
		{ "1.50", "1.50" },
		{ "0.1", "0.1" },
		{ "1E10", "1E10" },
		{ "9223372036854775807", "9223372036854775807" },
		{ "123456789012345678901234567890", "123456789012345678901234567890" },
		{ "0.1000000000000000055511151231257827", "0.1000000000000000055511151231257827" },
		{ "[]", "[]" },
		{ "[ ]", "[]" },
		{ "{}", "{}" },
		{ "[1]", "[1]" },
		{ "[\"a\"]", "\"[\"\"a\"\"]\"" },
	};

	for (size_t i = 0; i < ARRAY_LEN(known); i++) {
		char *value = xasprintf("[{\"v\":%s,\"w\":1}]", known[i].json);
		char *csv = xasprintf("v,w\r\n%s,1\r\n", known[i].csv);
		const struct form f = { value, csv, 2, 1 };

		becomes(table_of_json, &f);
		free(value);
		free(csv);
	}
}
END_TEST

START_TEST(nul_stays_in_a_field)
{
	struct table t;
	struct buf csv;

	buf_init(&csv, ROOM_BYTES);
	ck_assert(table_of_json(&csv, BYTES("[\"a\\u0000b\"]"), &t));
	ck_assert_uint_eq(csv.len, strlen("value\r\n") + 3 + 2);
	ck_assert_mem_eq(csv.data + strlen("value\r\n"), "a\0b\r\n", 5);
	buf_fini(&csv);
}
END_TEST

/* ---- limits ---------------------------------------------------------------------------------- */

START_TEST(a_table_that_does_not_fit_is_none)
{
	for (size_t room = 0; room < 12; room++) {
		struct table t;
		struct buf csv;

		buf_init(&csv, room);
		/* "value\r\n1\r\n" is ten bytes */
		ck_assert_int_eq(table_of_json(&csv, BYTES("[1]"), &t), room >= 10);
		ck_assert_uint_eq(csv.len, room >= 10 ? 10 : 0);
		ck_assert(!csv.full);
		buf_fini(&csv);
	}
}
END_TEST

/* Each object brings another column: as a table it would be the square of what it is. */
START_TEST(columns_have_a_limit)
{
	for (int n = 2000; n <= 2001; n++) {
		struct table t;
		struct buf csv;
		struct buf list;

		buf_init(&csv, 64 * ROOM_BYTES);
		buf_init(&list, ROOM_BYTES);
		(void)buf_addc(&list, '[');
		for (int i = 0; i < n; i++)
			(void)buf_addf(&list, "%s{\"c%d\":%d}", i ? "," : "", i, i);
		(void)buf_addc(&list, ']');
		bool is = table_of_json(&csv, (struct bytes){ .p = list.data, .n = list.len }, &t);
		ck_assert_int_eq(is, n == 2000);
		if (is) {
			ck_assert_uint_eq(t.columns, 2000);
			ck_assert_uint_eq(t.rows, 2000);
		}
		buf_fini(&csv);
		buf_fini(&list);
	}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("table");
	TCase *t = tcase_create("table");

	tcase_add_loop_test(t, sql_answers, 0, (int)ARRAY_LEN(sql));
	tcase_add_loop_test(t, json_answers, 0, (int)ARRAY_LEN(json));
	tcase_add_loop_test(t, livy_tables, 0, (int)ARRAY_LEN(livy));
	tcase_add_test(t, knows_sql_from_the_rest);
	tcase_add_test(t, fields);
	tcase_add_test(t, nul_stays_in_a_field);
	tcase_add_test(t, a_table_that_does_not_fit_is_none);
	tcase_add_test(t, columns_have_a_limit);
	suite_add_tcase(s, t);
	return help_run(s);
}
