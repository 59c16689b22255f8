/* test_util: allocation, text to numbers and back, the distance of words. */
#include "help.h"

#include "base/util.h"
#include <signal.h>
#include <stdlib.h>
#include <string.h>

START_TEST(nothing_is_still_a_block)
{
	void *p = xmalloc(0);

	ck_assert_ptr_nonnull(p);
	p = xrealloc(p, 0);
	ck_assert_ptr_nonnull(p);
	free(p);
	p = xcalloc(0, 8);
	ck_assert_ptr_nonnull(p);
	free(p);
	p = xcalloc(8, 0);
	ck_assert_ptr_nonnull(p);
	free(p);
	p = xmemdup(NULL, 0);
	ck_assert_ptr_nonnull(p);
	free(p);
}
END_TEST

START_TEST(blocks)
{
	unsigned char *p = xcalloc(100, 3);

	for (size_t i = 0; i < 300; i++)
		ck_assert_uint_eq(p[i], 0);
	memset(p, 7, 300);
	p = xrealloc(p, 30000);
	for (size_t i = 0; i < 300; i++)
		ck_assert_uint_eq(p[i], 7);
	free(p);
}
END_TEST

START_TEST(copies)
{
	char *s = xstrdup("word");

	ck_assert_str_eq(s, "word");
	free(s);
	ck_assert_ptr_null(xstrdup(NULL));
	s = xstrndup("word", 2);
	ck_assert_str_eq(s, "wo");
	free(s);
	s = xstrndup("word", 9);
	ck_assert_str_eq(s, "word");
	free(s);
	s = xstrndup((const char[]){ 'n', 'o' }, 2); /* without a NUL behind */
	ck_assert_str_eq(s, "no");
	free(s);
	s = xmemdup("a\0b", 3);
	ck_assert_mem_eq(s, "a\0b", 3);
	free(s);
}
END_TEST

START_TEST(formatted)
{
	char *s = xasprintf("%s=%d", "answer", 42);

	ck_assert_str_eq(s, "answer=42");
	free(s);
	s = xasprintf("%100000s", "x");
	ck_assert_uint_eq(strlen(s), 100000);
	free(s);
}
END_TEST

START_TEST(no_memory_is_the_end)
{
	/* volatile: the compiler must not see that it cannot work */
	volatile size_t count = SIZE_MAX / 2;

	free(xcalloc(count, 3));
}
END_TEST

START_TEST(equal_strings)
{
	ck_assert(str_eq(NULL, NULL));
	ck_assert(str_eq("a", "a"));
	ck_assert(str_eq("", ""));
	ck_assert(!str_eq("a", "b"));
	ck_assert(!str_eq("a", NULL));
	ck_assert(!str_eq(NULL, ""));
}
END_TEST

START_TEST(suffixes)
{
	ck_assert(str_ends_with("foo.py", ".py"));
	ck_assert(str_ends_with(".py", ".py"));
	ck_assert(str_ends_with("foo", ""));
	ck_assert(str_ends_with("", ""));
	ck_assert(!str_ends_with("py", ".py"));
	ck_assert(!str_ends_with("foo.py2", ".py"));
	ck_assert(!str_ends_with("", "x"));
}
END_TEST

#define TOP INT64_MAX
#define BOTTOM INT64_MIN

static const struct {
	const char *text;
	int64_t min, max;
	int result;
	int64_t value;
} numbers[] = {
	{ "0", 0, 10, 0, 0 },
	{ "10", 0, 10, 0, 10 },
	{ "11", 0, 10, -1, 0 },
	{ "007", 0, 10, 0, 7 },
	{ "-1", 0, 10, -1, 0 },
	{ "-1", -1, 10, 0, -1 },
	{ "-0", 0, 10, 0, 0 },
	{ "9223372036854775807", BOTTOM, TOP, 0, TOP },
	{ "9223372036854775808", BOTTOM, TOP, -1, 0 },
	{ "-9223372036854775808", BOTTOM, TOP, 0, BOTTOM },
	{ "-9223372036854775809", BOTTOM, TOP, -1, 0 },
	{ "99999999999999999999999", BOTTOM, TOP, -1, 0 },
	{ "", BOTTOM, TOP, -1, 0 },
	{ "-", BOTTOM, TOP, -1, 0 },
	{ "--1", BOTTOM, TOP, -1, 0 },
	{ "+1", BOTTOM, TOP, -1, 0 },
	{ " 1", BOTTOM, TOP, -1, 0 },
	{ "1 ", BOTTOM, TOP, -1, 0 },
	{ "1.0", BOTTOM, TOP, -1, 0 },
	{ "1e3", BOTTOM, TOP, -1, 0 },
	{ "0x10", BOTTOM, TOP, -1, 0 },
	{ "one", BOTTOM, TOP, -1, 0 },
};

START_TEST(text_to_number)
{
	int64_t value = 4711;

	ck_assert_int_eq(str_to_i64(numbers[_i].text, numbers[_i].min, numbers[_i].max, &value),
	    numbers[_i].result);
	ck_assert_int_eq(value, numbers[_i].result == 0 ? numbers[_i].value : 4711);
}
END_TEST

static const struct {
	const char *text;
	int64_t value; /* or -1: refused */
} durations[] = {
	{ "0s", 0 },
	{ "250ms", 250 },
	{ "1s", 1000 },
	{ "5m", 300000 },
	{ "12h", 43200000 },
	{ "7d", 604800000 },
	{ "106751991167d", INT64_C(9223372036828800000) },
	{ "106751991168d", -1 },
	{ "9223372036854775807ms", TOP },
	{ "9223372036854775808ms", -1 },
	{ "9223372036854775807s", -1 },
	{ "5", -1 },
	{ "", -1 },
	{ "s", -1 },
	{ "-1s", -1 },
	{ "+1s", -1 },
	{ "1 s", -1 },
	{ " 1s", -1 },
	{ "1s ", -1 },
	{ "1S", -1 },
	{ "1.5s", -1 },
	{ "1h30m", -1 },
	{ "1min", -1 },
	{ "1w", -1 },
	{ "never", -1 },
};

START_TEST(text_to_duration)
{
	int64_t value = 4711;
	int64_t expected = durations[_i].value;

	ck_assert_int_eq(str_to_duration_ms(durations[_i].text, &value), expected < 0 ? -1 : 0);
	ck_assert_int_eq(value, expected < 0 ? 4711 : expected);
}
END_TEST

static const struct {
	const char *text;
	int64_t value; /* or -1: refused */
} sizes[] = {
	{ "0", 0 },
	{ "4096", 4096 },
	{ "64k", 65536 },
	{ "64K", 65536 },
	{ "16M", 16777216 },
	{ "16m", 16777216 },
	{ "2g", INT64_C(2147483648) },
	{ "2G", INT64_C(2147483648) },
	{ "8589934591g", INT64_C(9223372035781033984) },
	{ "8589934592g", -1 },
	{ "9223372036854775807", TOP },
	{ "9223372036854775808", -1 },
	{ "", -1 },
	{ "k", -1 },
	{ "-1", -1 },
	{ "1kb", -1 },
	{ "1 k", -1 },
	{ "1.5m", -1 },
	{ "1x", -1 },
};

START_TEST(text_to_size)
{
	int64_t value = 4711;
	int64_t expected = sizes[_i].value;

	ck_assert_int_eq(str_to_size_bytes(sizes[_i].text, &value), expected < 0 ? -1 : 0);
	ck_assert_int_eq(value, expected < 0 ? 4711 : expected);
}
END_TEST

static const struct {
	int64_t real_ms;
	const char *text;
} times[] = {
	{ 0, "1970-01-01T00:00:00.000Z" },
	{ 1, "1970-01-01T00:00:00.001Z" },
	{ 999, "1970-01-01T00:00:00.999Z" },
	{ 1000, "1970-01-01T00:00:01.000Z" },
	{ -1, "1969-12-31T23:59:59.999Z" },
	{ -1000, "1969-12-31T23:59:59.000Z" },
	{ -1001, "1969-12-31T23:59:58.999Z" },
	{ INT64_C(951782400000), "2000-02-29T00:00:00.000Z" },
	{ INT64_C(1795335300123), "2026-11-22T08:15:00.123Z" },
	{ INT64_C(2147483648000), "2038-01-19T03:14:08.000Z" },
	{ INT64_C(253402300799999), "9999-12-31T23:59:59.999Z" },
	{ INT64_C(253402300800000), "10000-01-01T00:00:00.000Z" },
	{ INT64_C(-62135596800000), "0001-01-01T00:00:00.000Z" },
	{ TOP, "292278994-08-17T07:12:55.807Z" },
	{ BOTTOM, "-292275055-05-16T16:47:04.192Z" },
};

START_TEST(time_to_words)
{
	char text[TIME_TEXT_LEN];

	/* Whatever the machine's own zone is. */
	ck_assert_int_eq(setenv("TZ", "Asia/Kathmandu", 1), 0);
	ck_assert_ptr_eq(time_to_text(times[_i].real_ms, text), text);
	ck_assert_str_eq(text, times[_i].text);
}
END_TEST

#define W63 "012345678901234567890123456789012345678901234567890123456789012"

static const struct {
	const char *a, *b;
	int distance;
} words[] = {
	{ "", "", 0 },
	{ "timeout", "timeout", 0 },
	{ "timeout", "timout", 1 },
	{ "timeout", "time_out", 1 },
	{ "timeout", "tineout", 1 },
	{ "timeout", "itmeout", 2 },
	{ "timeout", "", 7 },
	{ "kitten", "sitting", 3 },
	{ "flaw", "lawn", 2 },
	{ "abcdefgh", "", 8 },
	{ "abcdefghi", "", 8 },
	{ "abcdefghij", "0123456789", 8 },
	{ W63, W63, 0 },
	{ W63, W63 "3", 8 },
	{ W63 "3", W63 "3", 8 },
};

START_TEST(distance_of_words)
{
	ck_assert_int_eq(str_distance(words[_i].a, words[_i].b), words[_i].distance);
	ck_assert_int_eq(str_distance(words[_i].b, words[_i].a), words[_i].distance);
}
END_TEST

struct outer {
	int before;
	struct inner {
		int x;
	} inner;
};

START_TEST(macros)
{
	struct outer outer = { 3, { 4 } };
	struct inner *inner = &outer.inner;
	int array[7] = { 0 };

	ck_assert_ptr_eq(CONTAINER_OF(inner, struct outer, inner), &outer);
	ck_assert_uint_eq(ARRAY_LEN(array), 7);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("util");
	TCase *t = tcase_create("util");

	tcase_add_test(t, nothing_is_still_a_block);
	tcase_add_test(t, blocks);
	tcase_add_test(t, copies);
	tcase_add_test(t, formatted);
	tcase_add_test_raise_signal(t, no_memory_is_the_end, SIGABRT);
	tcase_add_test(t, equal_strings);
	tcase_add_test(t, suffixes);
	tcase_add_loop_test(t, text_to_number, 0, (int)ARRAY_LEN(numbers));
	tcase_add_loop_test(t, text_to_duration, 0, (int)ARRAY_LEN(durations));
	tcase_add_loop_test(t, text_to_size, 0, (int)ARRAY_LEN(sizes));
	tcase_add_loop_test(t, time_to_words, 0, (int)ARRAY_LEN(times));
	tcase_add_loop_test(t, distance_of_words, 0, (int)ARRAY_LEN(words));
	tcase_add_test(t, macros);
	suite_add_tcase(s, t);
	return help_run(s);
}
