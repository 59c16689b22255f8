/* test_buf: growth, the ceiling, handing over, base64. */
#include "help.h"

#include "base/buf.h"
#include <stdlib.h>
#include <string.h>

START_TEST(starts_empty)
{
	struct buf b;

	buf_init(&b, 10);
	ck_assert_ptr_null(b.data);
	ck_assert_uint_eq(b.len, 0);
	ck_assert(!b.full);
	buf_fini(&b);
}
END_TEST

START_TEST(keeps_a_nul_behind)
{
	struct buf b;

	buf_init(&b, 100);
	ck_assert_int_eq(buf_add(&b, NULL, 0), 0);
	ck_assert_str_eq(b.data, "");
	ck_assert_int_eq(buf_adds(&b, "one"), 0);
	ck_assert_str_eq(b.data, "one");
	ck_assert_int_eq(buf_addc(&b, ' '), 0);
	ck_assert_int_eq(buf_addf(&b, "%d and %s", 2, "three"), 0);
	ck_assert_str_eq(b.data, "one 2 and three");
	ck_assert_uint_eq(b.len, strlen("one 2 and three"));
	ck_assert_int_eq(buf_add(&b, "\0x", 2), 0);
	ck_assert_uint_eq(b.len, strlen("one 2 and three") + 2);
	ck_assert_mem_eq(b.data + b.len - 2, "\0x", 3);
	buf_fini(&b);
}
END_TEST

START_TEST(grows_a_byte_at_a_time)
{
	struct buf b;

	buf_init(&b, 100000);
	for (int i = 0; i < 100000; i++)
		ck_assert_int_eq(buf_addc(&b, (char)('a' + i % 26)), 0);
	ck_assert_uint_eq(b.len, 100000);
	for (size_t i = 0; i < b.len; i++)
		ck_assert_int_eq(b.data[i], (char)('a' + i % 26));
	ck_assert_int_eq(buf_addc(&b, 'x'), -1);
	buf_fini(&b);
}
END_TEST

START_TEST(never_allocates_beyond_the_ceiling)
{
	struct buf b;

	buf_init(&b, 70);
	for (int i = 0; i < 70; i++)
		ck_assert_int_eq(buf_addc(&b, 'x'), 0);
	ck_assert_uint_le(b.cap, 71);
	ck_assert(!b.full);
	buf_fini(&b);
}
END_TEST

START_TEST(adds_all_or_nothing)
{
	struct buf b;

	buf_init(&b, 5);
	ck_assert_int_eq(buf_adds(&b, "abc"), 0);
	ck_assert_int_eq(buf_adds(&b, "def"), -1);
	ck_assert_str_eq(b.data, "abc");
	ck_assert(b.full);
	buf_fini(&b);

	buf_init(&b, 5);
	ck_assert_int_eq(buf_addf(&b, "%s", "123456"), -1);
	ck_assert_uint_eq(b.len, 0);
	ck_assert(b.full);
	buf_fini(&b);
}
END_TEST

START_TEST(stays_full)
{
	struct buf b;

	buf_init(&b, 5);
	ck_assert_int_eq(buf_adds(&b, "abcdef"), -1);
	/* It would fit, but the text would have a hole. */
	ck_assert_int_eq(buf_addc(&b, 'g'), -1);
	ck_assert_int_eq(buf_addf(&b, "h"), -1);
	ck_assert_int_eq(buf_add_base64(&b, "AAAA", 4), -1);
	ck_assert_uint_eq(b.len, 0);
	ck_assert(b.full);
	buf_reset(&b);
	ck_assert(!b.full);
	ck_assert_int_eq(buf_adds(&b, "abcde"), 0);
	ck_assert_str_eq(b.data, "abcde");
	buf_fini(&b);
}
END_TEST

START_TEST(reset_keeps_the_memory)
{
	struct buf b;
	size_t cap;

	buf_init(&b, 1000);
	buf_reset(&b);
	ck_assert_ptr_null(b.data);
	ck_assert_int_eq(buf_addf(&b, "%500s", "x"), 0);
	cap = b.cap;
	buf_reset(&b);
	ck_assert_uint_eq(b.cap, cap);
	ck_assert_uint_eq(b.len, 0);
	ck_assert_str_eq(b.data, "");
	buf_fini(&b);
}
END_TEST

START_TEST(can_be_used_after_fini)
{
	struct buf b;

	buf_init(&b, 3);
	ck_assert_int_eq(buf_adds(&b, "abc"), 0);
	buf_fini(&b);
	ck_assert_ptr_null(b.data);
	ck_assert_int_eq(buf_adds(&b, "def"), 0);
	ck_assert_int_eq(buf_adds(&b, "g"), -1);
	buf_fini(&b);
}
END_TEST

START_TEST(a_ceiling_of_nothing)
{
	struct buf b;

	buf_init(&b, 0);
	ck_assert_int_eq(buf_adds(&b, ""), 0);
	ck_assert_str_eq(b.data, "");
	ck_assert_int_eq(buf_addc(&b, 'x'), -1);
	buf_fini(&b);
}
END_TEST

START_TEST(the_highest_ceiling)
{
	struct buf b;

	buf_init(&b, SIZE_MAX - 1);
	ck_assert_int_eq(buf_adds(&b, "x"), 0);
	/* More than the address space has: refused before anything is computed from it. */
	ck_assert_int_eq(buf_add(&b, b.data, SIZE_MAX - 1), -1);
	ck_assert(b.full);
	buf_fini(&b);
}
END_TEST

START_TEST(steal_hands_over)
{
	struct buf b;
	size_t len = 99;
	char *s;

	buf_init(&b, 8);
	ck_assert_int_eq(buf_add(&b, "a\0b", 3), 0);
	s = buf_steal(&b, &len);
	ck_assert_uint_eq(len, 3);
	ck_assert_mem_eq(s, "a\0b", 4);
	free(s);
	ck_assert_ptr_null(b.data);
	ck_assert_uint_eq(b.len, 0);

	/* Never NULL, and the length is not always wanted. */
	s = buf_steal(&b, NULL);
	ck_assert_str_eq(s, "");
	free(s);

	/* The ceiling is still there. */
	ck_assert_int_eq(buf_adds(&b, "123456789"), -1);
	s = buf_steal(&b, &len);
	ck_assert_uint_eq(len, 0);
	ck_assert_str_eq(s, "");
	ck_assert(!b.full);
	free(s);
	buf_fini(&b);
}
END_TEST

static const struct {
	const char *text;
	const char *bytes;
} base64_good[] = {
	{ "", "" },
	{ " \r\n\t", "" },
	{ "Zg==", "f" },
	{ "Zm8=", "fo" },
	{ "Zm9v", "foo" },
	{ "Zm9vYg==", "foob" },
	{ "Zm9vYmE=", "fooba" },
	{ "Zm9vYmFy", "foobar" },
	{ "Zm9v\nYmFy\n", "foobar" },
	{ "Z m\t9\rv Y\n\ng = =", "foob" },
	{ "fn5+Pj4+", "~~~>>>" },
};

START_TEST(base64_reads)
{
	struct buf b;

	buf_init(&b, 100);
	ck_assert_int_eq(buf_adds(&b, "<"), 0);
	ck_assert_int_eq(buf_add_base64(&b, base64_good[_i].text, strlen(base64_good[_i].text)), 0);
	ck_assert_uint_eq(b.len, 1 + strlen(base64_good[_i].bytes));
	ck_assert_str_eq(b.data + 1, base64_good[_i].bytes);
	buf_fini(&b);
}
END_TEST

static const char *const base64_bad[] = {
	"Z",
	"Zg",
	"Zg=",
	"Zg===",
	"Z===",
	"====",
	"Zg==Zg==",
	"Zm9vZg",
	"Zm=v",
	"=Zm9",
	"Zm9-",
	"Zm9_",
	"Zm9v!",
	"Zm9\xc3",
	"\x0bZm9v",
};

START_TEST(base64_refuses)
{
	struct buf b;

	buf_init(&b, 100);
	ck_assert_int_eq(buf_adds(&b, "before"), 0);
	ck_assert_int_eq(buf_add_base64(&b, base64_bad[_i], strlen(base64_bad[_i])), -1);
	/* Nothing of it was added, and the fault is not the ceiling's. */
	ck_assert_str_eq(b.data, "before");
	ck_assert(!b.full);
	buf_fini(&b);
}
END_TEST

START_TEST(base64_minds_the_ceiling)
{
	struct buf b;

	buf_init(&b, 6);
	/* The text is longer than the ceiling, what it stands for is not. */
	ck_assert_int_eq(buf_add_base64(&b, "Zm9v\n\n\nYmFy", 11), 0);
	ck_assert_str_eq(b.data, "foobar");
	buf_reset(&b);
	ck_assert_int_eq(buf_add_base64(&b, "Zm9vYmFyYg==", 12), -1);
	ck_assert_uint_eq(b.len, 0);
	ck_assert(b.full);
	buf_fini(&b);
}
END_TEST

START_TEST(base64_reads_every_byte)
{
	static const char letter[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	struct buf b;

	buf_init(&b, 3);
	for (unsigned v = 0; v < 1U << 24; v += 4099) {
		char text[4] = { letter[v >> 18], letter[v >> 12 & 63], letter[v >> 6 & 63],
			letter[v & 63] };
		unsigned char bytes[3] = { (unsigned char)(v >> 16), (unsigned char)(v >> 8),
			(unsigned char)v };

		buf_reset(&b);
		ck_assert_int_eq(buf_add_base64(&b, text, 4), 0);
		ck_assert_uint_eq(b.len, 3);
		ck_assert_mem_eq(b.data, bytes, 3);
	}
	buf_fini(&b);
}
END_TEST

/* ---- and back ---------------------------------------------------------------------------------- */

START_TEST(base64_writes)
{
	static const struct {
		const char *bytes;
		const char *text;
	} known[] = {
		{ "", "" },
		{ "f", "Zg==" },
		{ "fo", "Zm8=" },
		{ "foo", "Zm9v" },
		{ "foob", "Zm9vYg==" },
		{ "fooba", "Zm9vYmE=" },
		{ "foobar", "Zm9vYmFy" },
		{ "\xfb\xef\xbe\xff", "++++/w==" },
	};
	struct buf b;

	buf_init(&b, 100);
	for (size_t i = 0; i < ARRAY_LEN(known); i++) {
		buf_reset(&b);
		ck_assert_int_eq(buf_adds(&b, "x"), 0);
		ck_assert_int_eq(buf_put_base64(&b, known[i].bytes, strlen(known[i].bytes)), 0);
		ck_assert_str_eq(b.data + 1, known[i].text);
		ck_assert_uint_eq(b.len, 1 + strlen(known[i].text));
	}
	buf_fini(&b);
}
END_TEST

START_TEST(base64_writes_to_the_ceiling)
{
	struct buf b;

	buf_init(&b, 8);
	ck_assert_int_eq(buf_put_base64(&b, "foobar", 6), 0);
	ck_assert_int_eq(buf_put_base64(&b, "", 0), 0);
	ck_assert_int_eq(buf_put_base64(&b, "x", 1), -1);
	ck_assert(b.full);
	ck_assert_str_eq(b.data, "Zm9vYmFy"); /* nothing of it */
	buf_reset(&b);
	ck_assert_int_eq(buf_put_base64(&b, "foobarx", 7), -1);
	ck_assert_uint_eq(b.len, 0);
	buf_fini(&b);
}
END_TEST

/* Whatever was written is read as it was. */
START_TEST(base64_there_and_back)
{
	char bytes[600];
	struct buf text;
	struct buf back;

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (char)(i * 167 + i / 7);
	buf_init(&text, 1000);
	buf_init(&back, 1000);
	for (size_t n = 0; n <= sizeof(bytes); n++) {
		buf_reset(&text);
		buf_reset(&back);
		ck_assert_int_eq(buf_put_base64(&text, bytes, n), 0);
		ck_assert_uint_eq(text.len, (n + 2) / 3 * 4);
		ck_assert_int_eq(buf_add_base64(&back, text.data, text.len), 0);
		ck_assert_uint_eq(back.len, n);
		ck_assert(n == 0 || memcmp(back.data, bytes, n) == 0);
	}
	buf_fini(&text);
	buf_fini(&back);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("buf");
	TCase *t = tcase_create("buf");

	tcase_add_test(t, starts_empty);
	tcase_add_test(t, keeps_a_nul_behind);
	tcase_add_test(t, grows_a_byte_at_a_time);
	tcase_add_test(t, never_allocates_beyond_the_ceiling);
	tcase_add_test(t, adds_all_or_nothing);
	tcase_add_test(t, stays_full);
	tcase_add_test(t, reset_keeps_the_memory);
	tcase_add_test(t, can_be_used_after_fini);
	tcase_add_test(t, a_ceiling_of_nothing);
	tcase_add_test(t, the_highest_ceiling);
	tcase_add_test(t, steal_hands_over);
	tcase_add_loop_test(t, base64_reads, 0, (int)ARRAY_LEN(base64_good));
	tcase_add_loop_test(t, base64_refuses, 0, (int)ARRAY_LEN(base64_bad));
	tcase_add_test(t, base64_minds_the_ceiling);
	tcase_add_test(t, base64_reads_every_byte);
	tcase_add_test(t, base64_writes);
	tcase_add_test(t, base64_writes_to_the_ceiling);
	tcase_add_test(t, base64_there_and_back);
	suite_add_tcase(s, t);
	return help_run(s);
}
