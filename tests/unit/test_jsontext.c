/* test_jsontext: walking over JSON as text, and parsing it with tolerance. */
#include "help.h"

#include "core/jsontext.h"
#include "core/livy.h"
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#define BYTES(s) ((struct bytes){ .p = (s), .n = strlen(s) })

static void is_piece(struct bytes piece, const char *expected)
{
	ck_assert_ptr_nonnull(piece.p);
	ck_assert_uint_eq(piece.n, strlen(expected));
	ck_assert_mem_eq(piece.p, expected, piece.n);
}

/* ---- walking --------------------------------------------------------------------------------- */

START_TEST(walks_an_array)
{
	struct bytes text = BYTES(" [ 1 ,\"a,]\" , [2,[3]],{\"x\":[]} ,null,-1.50e+3] ");
	static const char *const element[] = { "1", "\"a,]\"", "[2,[3]]", "{\"x\":[]}", "null",
		"-1.50e+3" };
	struct jsontext it;
	struct bytes value;
	struct bytes key = { .p = "stale", .n = 5 };

	ck_assert(jsontext_open(&it, text));
	ck_assert(!it.object);
	for (size_t i = 0; i < ARRAY_LEN(element); i++) {
		ck_assert(jsontext_next(&it, &key, &value));
		is_piece(value, element[i]);
		ck_assert_ptr_null(key.p);
	}
	ck_assert(!jsontext_next(&it, &key, &value));
	ck_assert(!jsontext_next(&it, &key, &value));
}
END_TEST

START_TEST(walks_an_object)
{
	struct bytes text = BYTES("{\"a\" : 1,\n\"b\\\"}\": {\"a\":\"}\"} , \"\":true}");
	static const char *const expected[] = { "\"a\"", "1", "\"b\\\"}\"", "{\"a\":\"}\"}", "\"\"",
		"true" };
	struct jsontext it;
	struct bytes value;
	struct bytes key;

	ck_assert(jsontext_open(&it, text));
	ck_assert(it.object);
	for (size_t i = 0; i < ARRAY_LEN(expected); i += 2) {
		ck_assert(jsontext_next(&it, &key, &value));
		is_piece(key, expected[i]);
		is_piece(value, expected[i + 1]);
	}
	ck_assert(!jsontext_next(&it, &key, &value));
}
END_TEST

START_TEST(opens_only_what_has_parts)
{
	static const char *const closed[] = { "", "  ", "1", "\"[1]\"", "null", "x" };
	struct jsontext it;
	struct bytes value;

	for (size_t i = 0; i < ARRAY_LEN(closed); i++) {
		ck_assert(!jsontext_open(&it, BYTES(closed[i])));
		ck_assert(!jsontext_next(&it, NULL, &value));
	}
	ck_assert(!jsontext_open(&it, (struct bytes){ 0 }));
	ck_assert(jsontext_open(&it, BYTES("[ ]")));
	ck_assert(!jsontext_next(&it, NULL, &value));
	ck_assert(jsontext_open(&it, BYTES("{}")));
	ck_assert(!jsontext_next(&it, NULL, &value));
}
END_TEST

START_TEST(finds_members)
{
	struct bytes o = BYTES("{\"id\":1,\"x\":{\"id\":2},\"id2\":3,\"id\":\"last\"}");

	is_piece(jsontext_member(o, "id"), "\"last\"");
	is_piece(jsontext_member(jsontext_member(o, "x"), "id"), "2");
	ck_assert_ptr_null(jsontext_member(o, "nope").p);
	ck_assert_ptr_null(jsontext_member(BYTES("[\"id\",1]"), "id").p);
	ck_assert_ptr_null(jsontext_member((struct bytes){ 0 }, "id").p);
}
END_TEST

START_TEST(tells_types)
{
	ck_assert_int_eq(jsontext_type(BYTES("\"x\"")), '"');
	ck_assert_int_eq(jsontext_type(BYTES("[1]")), '[');
	ck_assert_int_eq(jsontext_type(BYTES("-1")), '-');
	ck_assert_int_eq(jsontext_type((struct bytes){ 0 }), '\0');
	ck_assert(jsontext_is_string(BYTES("\"ok\""), "ok"));
	ck_assert(!jsontext_is_string(BYTES("\"okay\""), "ok"));
	ck_assert(!jsontext_is_string(BYTES("okok"), "ok"));
	ck_assert(!jsontext_is_string((struct bytes){ 0 }, "ok"));
}
END_TEST

START_TEST(reads_whole_numbers)
{
	int64_t n = 7;

	ck_assert_int_eq(jsontext_i64(BYTES("42"), &n), 0);
	ck_assert_int_eq(n, 42);
	ck_assert_int_eq(jsontext_i64(BYTES("\"-3\""), &n), 0);
	ck_assert_int_eq(n, -3);
	ck_assert_int_eq(jsontext_i64(BYTES("9223372036854775807"), &n), 0);
	ck_assert_int_eq(n, INT64_MAX);
	static const char *const none[] = { "1.0", "1e3", "true", "\"\"", "\"", "\"x\"", "",
		"9223372036854775808", "1111111111111111111111111111111" };
	for (size_t i = 0; i < ARRAY_LEN(none); i++)
		ck_assert_int_eq(jsontext_i64(BYTES(none[i]), &n), -1);
	ck_assert_int_eq(n, INT64_MAX);
}
END_TEST

START_TEST(unescapes_strings)
{
	static const struct {
		const char *json;
		const char *text;
		size_t n;
	} known[] = {
		{ "\"\"", "", 0 },
		{ "\"plain \xC3\xA9\"", "plain \xC3\xA9", 8 },
		{ "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\\/\b\f\n\r\t", 8 },
		{ "\"a\\u0000b\"", "a\0b", 3 },
		{ "\"\\u00e9\\u4E2D\"", "\xC3\xA9\xE4\xB8\xAD", 5 },
		{ "\"\\ud83d\\ude00\"", "\xF0\x9F\x98\x80", 4 },
		{ "\"\\ud83dx\"", "\xEF\xBF\xBDx", 4 },
		{ "\"\\ude00\\ud83d\"", "\xEF\xBF\xBD\xEF\xBF\xBD", 6 },
		{ "\"\\ud83d\\ud83d\\ude00\"", "\xEF\xBF\xBD\xF0\x9F\x98\x80", 7 },
	};

	for (size_t i = 0; i < ARRAY_LEN(known); i++) {
		struct buf b;

		buf_init(&b, 100);
		(void)buf_addc(&b, '<');
		jsontext_add_string(&b, BYTES(known[i].json));
		ck_assert_uint_eq(b.len, known[i].n + 1);
		ck_assert_mem_eq(b.data + 1, known[i].text, known[i].n);
		buf_fini(&b);
	}
}
END_TEST

START_TEST(compacts)
{
	struct buf b;

	buf_init(&b, 100);
	jsontext_add_compact(&b, BYTES("{ \"a b\" :\n[ 1 , \" \\\" x \" ,1.0,\ttrue ] }"));
	ck_assert_str_eq(b.data, "{\"a b\":[1,\" \\\" x \",1.0,true]}");
	buf_fini(&b);
}
END_TEST

/* Whatever the bytes are, the walk ends and stays inside: the sanitizers watch. */
START_TEST(broken_text_ends_the_walk)
{
	static const char whole[] =
	    "{\"a\":[1,\"x\\\"y\\u00e9\",{\"b\":null}],\"c\":-1.5e3,\"d\":{\"e\":[[]]}}";

	for (size_t n = 0; n <= strlen(whole); n++) {
		char *copy = malloc(n + 1);
		struct jsontext it;
		struct bytes value;
		size_t steps = 0;

		ck_assert_ptr_nonnull(copy);
		memcpy(copy, whole, n);
		(void)jsontext_open(&it, (struct bytes){ .p = copy, .n = n });
		while (jsontext_next(&it, NULL, &value)) {
			ck_assert(value.p >= copy);
			ck_assert(value.p + value.n <= copy + n);
			ck_assert_uint_lt(++steps, 10);
		}
		if (n == strlen(whole))
			ck_assert_uint_eq(steps, 3);
		free(copy);
	}
}
END_TEST

/* ---- livy_parse ------------------------------------------------------------------------------ */

START_TEST(big_numbers_become_strings)
{
	static const struct {
		const char *json;
		const char *compact;
	} known[] = {
		{ "[1,-2,0,9223372036854775807]", "[1,-2,0,9223372036854775807]" },
		{ "[9223372036854775808]", "[\"9223372036854775808\"]" },
		{ "[-9223372036854775808,-9223372036854775809]",
		    "[-9223372036854775808,\"-9223372036854775809\"]" },
		{ "{\"n\":123456789012345678901234567890}",
		    "{\"n\":\"123456789012345678901234567890\"}" },
		{ "[1e400, -1.5E+999 ,true]", "[\"1e400\",\"-1.5E+999\",true]" },
		{ "123456789012345678901234567890", "\"123456789012345678901234567890\"" },
		/* digits inside of strings and names are left alone */
		{ "{\"99999999999999999999\":\"99999999999999999999 \\\" 1e999\",\"n\":1e999}",
		    "{\"99999999999999999999\":\"99999999999999999999 \\\" "
		    "1e999\",\"n\":\"1e999\"}" },
	};

	for (size_t i = 0; i < ARRAY_LEN(known); i++) {
		json_t *v = livy_parse(BYTES(known[i].json));

		ck_assert_msg(v != NULL, "%s", known[i].json);
		char *compact = json_dumps(v, JSON_COMPACT | JSON_ENCODE_ANY);
		ck_assert_str_eq(compact, known[i].compact);
		free(compact);
		json_decref(v);
	}
}
END_TEST

/* What is no JSON does not become JSON by being mended. */
START_TEST(mending_makes_nothing_valid)
{
	static const char *const broken[] = { "", " ", "[", "[1", "{\"a\"}", "[01]", "[1.]", "[.5]",
		"[1e]", "[--1]", "[+1]", "[0x10]", "[1 2]", "[NaN]", "[Infinity]", "nul", "[1,]",
		"{\"a\":1,}", "\"open", "\"\\x\"", "\"\\u12\"", "\"\\ud83\"", "[1]x",
		"[12345678901234567890123.]", "[00000000000000000000001]", "<html></html>",
		"[\"\xFF\", 1e999]", "\"tab\there" };

	for (size_t i = 0; i < ARRAY_LEN(broken); i++)
		ck_assert_msg(livy_parse(BYTES(broken[i])) == NULL, "%s", broken[i]);
	ck_assert_ptr_null(livy_parse((struct bytes){ 0 }));
}
END_TEST

START_TEST(nul_and_half_characters)
{
	json_t *v = livy_parse(BYTES("{\"k\":\"a\\u0000b\"}"));
	const json_t *s = json_object_get(v, "k");

	ck_assert_uint_eq(json_string_length(s), 3);
	ck_assert_mem_eq(json_string_value(s), "a\0b", 3);
	json_decref(v);
	v = livy_parse(
	    BYTES("[\"\\ud800x\",\"\\udc00\",\"\\ud83d\\ude00\",\"\\ud83d\\ud83d\\ude00\"]"));
	ck_assert_str_eq(json_string_value(json_array_get(v, 0)), "\xEF\xBF\xBDx");
	ck_assert_str_eq(json_string_value(json_array_get(v, 1)), "\xEF\xBF\xBD");
	ck_assert_str_eq(json_string_value(json_array_get(v, 2)), "\xF0\x9F\x98\x80");
	ck_assert_str_eq(json_string_value(json_array_get(v, 3)), "\xEF\xBF\xBD\xF0\x9F\x98\x80");
	json_decref(v);
	v = livy_parse(BYTES("{\"a\\u0000\" : \"a\\u0000\", \"\\\\u0000\":1}"));
	ck_assert_ptr_nonnull(json_object_get(v, "a\xEF\xBF\xBD"));
	ck_assert_uint_eq(json_string_length(json_object_get(v, "a\xEF\xBF\xBD")), 2);
	ck_assert_int_eq(json_integer_value(json_object_get(v, "\\u0000")), 1);
	json_decref(v);
}
END_TEST

START_TEST(the_last_of_equal_names_counts)
{
	json_t *v = livy_parse(BYTES("{\"a\":1,\"a\":2}"));

	ck_assert_int_eq(json_integer_value(json_object_get(v, "a")), 2);
	json_decref(v);
}
END_TEST

static json_t *parse_depth(size_t depth)
{
	char *text = malloc(2 * depth);

	ck_assert_ptr_nonnull(text);
	memset(text, '[', depth);
	memset(text + depth, ']', depth);
	json_t *v = livy_parse((struct bytes){ .p = text, .n = 2 * depth });
	free(text);
	return v;
}

START_TEST(depth_has_a_limit)
{
	json_t *v = parse_depth(2048);

	ck_assert_ptr_nonnull(v);
	json_decref(v);
	ck_assert_ptr_null(parse_depth(2049));
	ck_assert_ptr_null(parse_depth(500000));
}
END_TEST

/* ---- livy_cut_statement ---------------------------------------------------------------------- */

START_TEST(cuts_a_statement_out)
{
	static const char first[] = "{ \"id\" : 3,\"code\":\"[{\\\"id\\\":5}]\", \"n\":1.50 }";
	static const char second[] = "{\"state\":\"available\",\"x\":{\"id\":9},\"id\":5}";
	struct bytes cut = { 0 };
	char *list =
	    xasprintf("{\"total_statements\":2, \"x\":[{\"id\":5}],\n\"statements\" : [ %s\n,%s]}",
		first, second);

	ck_assert(livy_cut_statement(BYTES(list), 3, &cut));
	is_piece(cut, first);
	ck_assert(livy_cut_statement(BYTES(list), 5, &cut));
	is_piece(cut, second);
	ck_assert(cut.p >= list);
	ck_assert(cut.p < list + strlen(list));
	ck_assert(!livy_cut_statement(BYTES(list), 9, &cut));
	ck_assert(!livy_cut_statement(BYTES(list), 1, &cut));
	free(list);
}
END_TEST

START_TEST(cuts_nothing_out_of_other_things)
{
	static const char *const other[] = { "", "[]", "{}", "{\"statements\":{\"id\":1}}",
		"{\"statements\":[1,{\"id\":null},[1]]}", "{\"statements\":[{\"id\":1",
		"\"Statement not found\"", "{\"id\":1}" };
	struct bytes cut = { 0 };

	for (size_t i = 0; i < ARRAY_LEN(other); i++)
		ck_assert_msg(!livy_cut_statement(BYTES(other[i]), 1, &cut), "%s", other[i]);
	ck_assert_ptr_null(cut.p);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("jsontext");
	TCase *walk = tcase_create("walk");
	TCase *parse = tcase_create("parse");

	tcase_add_test(walk, walks_an_array);
	tcase_add_test(walk, walks_an_object);
	tcase_add_test(walk, opens_only_what_has_parts);
	tcase_add_test(walk, finds_members);
	tcase_add_test(walk, tells_types);
	tcase_add_test(walk, reads_whole_numbers);
	tcase_add_test(walk, unescapes_strings);
	tcase_add_test(walk, compacts);
	tcase_add_test(walk, broken_text_ends_the_walk);
	tcase_add_test(parse, big_numbers_become_strings);
	tcase_add_test(parse, mending_makes_nothing_valid);
	tcase_add_test(parse, nul_and_half_characters);
	tcase_add_test(parse, the_last_of_equal_names_counts);
	tcase_add_test(parse, depth_has_a_limit);
	tcase_add_test(parse, cuts_a_statement_out);
	tcase_add_test(parse, cuts_nothing_out_of_other_things);
	suite_add_tcase(s, walk);
	suite_add_tcase(s, parse);
	return help_run(s);
}
