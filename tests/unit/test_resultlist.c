/* test_resultlist: words for ends, the lists of files and of warnings in a job's row. */
#include "help.h"

#include "core/result.h"
#include <stdlib.h>
#include <string.h>

START_TEST(statuses_have_names)
{
	static const char *const name[] = { "none", "ok", "error", "timeout", "cancelled", "died",
		"unknown", "rejected" };

	ck_assert_uint_eq(ARRAY_LEN(name), STATUS_COUNT);
	for (size_t i = 0; i < ARRAY_LEN(name); i++)
		ck_assert_str_eq(result_status_name((enum job_status)i), name[i]);
}
END_TEST

START_TEST(files_there_and_back)
{
	static const struct out_file file[] = {
		{ "foo.py.out", ".sp-1", 1, 0, 0 },
		{ "caf\xE9.py.json", ".sp-\xFF\xFE", UINT64_MAX, 0, -1 },
		{ "a.py.err", ".sp-2", 2, INT64_MAX, INT64_MIN },
		{ "\xC3\xA9 \"q\"\n.csv", "", 0, 9, 1 },
	};
	struct arena a;
	struct out_file *back;

	arena_init(&a);
	char *text = result_files_to_text(file, ARRAY_LEN(file));
	ck_assert_uint_eq(result_files_of_text(&a, text, &back), ARRAY_LEN(file));
	for (size_t i = 0; i < ARRAY_LEN(file); i++) {
		ck_assert_str_eq(back[i].name, file[i].name);
		ck_assert_str_eq(back[i].tmp, file[i].tmp);
		ck_assert(back[i].ino == file[i].ino);
		ck_assert_int_eq(back[i].size, file[i].size);
		ck_assert_int_eq(back[i].mtime_ns, file[i].mtime_ns);
	}
	free(text);
	arena_fini(&a);
}
END_TEST

START_TEST(files_as_text)
{
	static const struct out_file file[] = { { "a.out", ".a", 42, 3, 5 },
		{ "\xFF", ".b", 7, 0, 0 } };
	char *text = result_files_to_text(file, 2);

	ck_assert_str_eq(text,
	    "[{\"name\":\"a.out\",\"tmp\":\".a\",\"ino\":\"42\",\"size\":3,\"mtime\":5},"
	    "{\"name_hex\":\"ff\",\"tmp\":\".b\",\"ino\":\"7\"}]");
	free(text);
	ck_assert_ptr_null(result_files_to_text(NULL, 0));
}
END_TEST

START_TEST(files_of_damaged_text)
{
	static const char *const text[] = { "", "[", "{}", "[]", "[1,null]", "[{\"name\":\"a\"}]",
		"[{\"name\":\"a\",\"tmp\":\"b\"}]",
		"[{\"name\":\"a\",\"tmp\":\"b\",\"ino\":\"-1\"}]",
		"[{\"name\":\"a\",\"tmp\":\"b\",\"ino\":\"1x\"}]",
		"[{\"name_hex\":\"0\",\"tmp\":\"b\",\"ino\":\"1\"}]",
		"[{\"name\":5,\"tmp\":\"b\",\"ino\":\"1\"}]" };
	struct arena a;
	struct out_file *file;

	arena_init(&a);
	for (size_t i = 0; i < ARRAY_LEN(text); i++)
		ck_assert_msg(result_files_of_text(&a, text[i], &file) == 0, "%s", text[i]);
	ck_assert_uint_eq(result_files_of_text(&a, NULL, &file), 0);
	ck_assert_ptr_null(file);
	ck_assert_uint_eq(result_files_of_text(&a,
			      "[{\"x\":1},{\"name\":\"a\",\"tmp\":\"b\",\"ino\":\"3\"}]", &file),
	    1);
	ck_assert_str_eq(file[0].name, "a");
	/* Half of how it was left proves nothing. */
	ck_assert_uint_eq(
	    result_files_of_text(&a,
		"[{\"name\":\"a\",\"tmp\":\"b\",\"ino\":\"3\",\"mtime\":5},"
		"{\"name\":\"a\",\"tmp\":\"b\",\"ino\":\"3\",\"size\":1,\"mtime\":\"5\"}]",
		&file),
	    2);
	ck_assert_int_eq(file[0].mtime_ns, 0);
	ck_assert_int_eq(file[1].size, 0);
	arena_fini(&a);
}
END_TEST

START_TEST(warnings_add_up)
{
	char *list = result_add_warning(NULL, "one");

	ck_assert_str_eq(list, "[\"one\"]");
	list = result_add_warning(list, "two \"q\" \xFF");
	ck_assert_str_eq(list, "[\"one\",\"two \\\"q\\\" \xEF\xBF\xBD\"]");
	list = result_add_warning(list, "one");
	ck_assert_str_eq(list, "[\"one\",\"two \\\"q\\\" \xEF\xBF\xBD\"]");
	free(list);
	list = result_add_warning(xstrdup("damaged"), "x");
	ck_assert_str_eq(list, "[\"x\"]");
	free(list);
}
END_TEST

START_TEST(warnings_have_a_limit)
{
	char *list = NULL;

	for (int i = 0; i < 300; i++) {
		char text[20];
		struct buf b;

		buf_init(&b, sizeof(text));
		(void)buf_addf(&b, "w%d", i);
		list = result_add_warning(list, b.data);
		buf_fini(&b);
	}
	ck_assert_ptr_nonnull(strstr(list, "\"w99\""));
	ck_assert_ptr_null(strstr(list, "\"w100\""));
	free(list);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("resultlist");
	TCase *t = tcase_create("lists");

	tcase_add_test(t, statuses_have_names);
	tcase_add_test(t, files_there_and_back);
	tcase_add_test(t, files_as_text);
	tcase_add_test(t, files_of_damaged_text);
	tcase_add_test(t, warnings_add_up);
	tcase_add_test(t, warnings_have_a_limit);
	suite_add_tcase(s, t);
	return help_run(s);
}
