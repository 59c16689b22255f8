/* test_ask: a line as a request, or why it is none. */
#include "help.h"

#include "core/ask.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct arena arena;
static struct ask_error error;
static struct ask *ask;

static void setup(void)
{
	arena_init(&arena);
}

static void teardown(void)
{
	ask_free(ask);
	arena_fini(&arena);
}

static const struct ask *read_line(const char *line)
{
	ask_free(ask);
	memset(&error, 0, sizeof(error));
	ask = ask_read(&arena, (struct bytes){ line, strlen(line) }, &error);
	return ask;
}

static void refused(const char *line, const char *code, const char *message)
{
	ck_assert_msg(read_line(line) == NULL, "taken: %s", line);
	ck_assert_str_eq(error.code, code);
	ck_assert_msg(strstr(error.message, message) != NULL, "%s: %s", line, error.message);
}

START_TEST(every_command)
{
	static const char *const more[DO_COUNT] = {
		[DO_SHOW] = ",\"jobs\":[1]",
		[DO_CANCEL] = ",\"jobs\":\"ALL\"",
		[DO_HOLD] = ",\"jobs\":[1,\"/a\"]",
		[DO_RELEASE] = ",\"jobs\":[1]",
		[DO_RERUN] = ",\"jobs\":[1]",
		[DO_WHY] = ",\"path\":\"/a\"",
	};
	for (int i = 0; i < DO_COUNT; i++) {
		char *line = xasprintf("{\"v\":1,\"do\":\"%s\"%s}", ask_word((enum ask_what)i),
		    more[i] == NULL ? "" : more[i]);
		ck_assert_msg(read_line(line) != NULL, "%s: %s", line, error.message);
		ck_assert_int_eq(ask->what, i);
		free(line);
	}
}
END_TEST

START_TEST(fields)
{
	read_line("{\"v\":1,\"do\":\"history\",\"spool\":\"in\",\"owner\":7,\"status\":\"ok\","
		  "\"since_ms\":1,\"until_ms\":2,\"name\":\"a*\",\"limit\":3}");
	ck_assert_ptr_nonnull(ask);
	ck_assert_str_eq(ask->spool, "in");
	ck_assert_int_eq(ask->owner, 7);
	ck_assert_str_eq(ask->status, "ok");
	ck_assert_int_eq(ask->since_ms, 1);
	ck_assert_int_eq(ask->until_ms, 2);
	ck_assert_str_eq(ask->name, "a*");
	ck_assert_int_eq(ask->limit, 3);
	read_line("{\"v\":1,\"do\":\"list\"}");
	ck_assert_ptr_nonnull(ask);
	ck_assert_int_eq(ask->owner, -1);
	ck_assert_ptr_null(ask->spool);
	read_line("{\"v\":1,\"do\":\"ended\",\"after\":\"12\",\"follow\":true}");
	ck_assert_ptr_nonnull(ask);
	ck_assert_str_eq(ask->after, "12");
	ck_assert(ask->follow);
}
END_TEST

START_TEST(jobs)
{
	read_line("{\"v\":1,\"do\":\"show\",\"jobs\":[42,\"/spool/a.py\"]}");
	ck_assert_ptr_nonnull(ask);
	ck_assert_uint_eq(ask->item_count, 2);
	ck_assert_uint_eq(ask->item[0].id, 42);
	ck_assert_str_eq(ask->item[1].path, "/spool/a.py");
	read_line("{\"v\":1,\"do\":\"show\",\"jobs\":\"ALL\"}");
	ck_assert_ptr_nonnull(ask);
	ck_assert(ask->all_jobs);
	refused("{\"v\":1,\"do\":\"show\"}", "bad-request", "needs the field \"jobs\"");
	refused("{\"v\":1,\"do\":\"show\",\"jobs\":[]}", "bad-request", "array of 1 to 10000");
	refused("{\"v\":1,\"do\":\"show\",\"jobs\":\"all\"}", "bad-request", "array of 1");
	refused("{\"v\":1,\"do\":\"show\",\"jobs\":[0]}", "bad-request", "ids");
	refused("{\"v\":1,\"do\":\"show\",\"jobs\":[1,null]}", "bad-request", "ids");
	refused("{\"v\":1,\"do\":\"show\",\"jobs\":[\"\"]}", "bad-request", "ids");
	refused("{\"v\":1,\"do\":\"show\",\"jobs\":{}}", "bad-request", "array");
}
END_TEST

START_TEST(garbage)
{
	refused("", "bad-request", "no JSON");
	refused("hello", "bad-request", "no JSON");
	refused("[]", "bad-request", "object");
	refused("{\"v\":1,\"do\":\"list\"} x", "bad-request", "no JSON");
	refused("{\"v\":1,\"do\":\"list\",\"do\":\"show\"}", "bad-request", "no JSON");
	refused("{\"do\":\"list\"}", "bad-request", "\"v\"");
	refused("{\"v\":\"1\",\"do\":\"list\"}", "bad-request", "\"v\"");
	refused("{\"v\":1}", "bad-request", "\"do\"");
	refused("{\"v\":1,\"do\":1}", "bad-request", "\"do\"");
	refused("{\"v\":2,\"do\":\"list\"}", "version", "version 1");
	refused("{\"v\":1,\"do\":\"lisp\"}", "unknown-command", "lisp");
	refused("{\"v\":1,\"do\":\"list\",\"jobs\":[1]}", "bad-request", "no field \"jobs\"");
	refused("{\"v\":1,\"do\":\"list\",\"owner\":-1}", "bad-request", "a number from 0");
	refused("{\"v\":1,\"do\":\"list\",\"owner\":1.5}", "bad-request", "a number from 0");
	refused("{\"v\":1,\"do\":\"list\",\"owner\":99999999999999999999}", "bad-request", "JSON");
	refused("{\"v\":1,\"do\":\"list\",\"spool\":\"\"}", "bad-request", "a string of 1");
	refused("{\"v\":1,\"do\":\"list\",\"spool\":\"a\\u0000b\"}", "bad-request", "JSON");
	refused("{\"v\":1,\"do\":\"watch\",\"all\":1}", "bad-request", "true or false");
}
END_TEST

START_TEST(long_texts)
{
	char *line = xmalloc(6000);
	memset(line, 0, 6000);
	snprintf(line, 100, "{\"v\":1,\"do\":\"list\",\"spool\":\"");
	size_t n = strlen(line);
	memset(line + n, 'a', 4096);
	memcpy(line + n + 4096, "\"}", 3);
	ck_assert_ptr_nonnull(read_line(line));
	memset(line + n, 'a', 4097);
	memcpy(line + n + 4097, "\"}", 3);
	refused(line, "bad-request", "a string of 1 to 4096");
	free(line);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("ask");
	TCase *tc = tcase_create("ask");
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, every_command);
	tcase_add_test(tc, fields);
	tcase_add_test(tc, jobs);
	tcase_add_test(tc, garbage);
	tcase_add_test(tc, long_texts);
	suite_add_tcase(s, tc);
	return help_run(s);
}
