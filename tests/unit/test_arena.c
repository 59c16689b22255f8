/* test_arena: what is put in stays whole until the reset; the sanitizer sees what is left. */
#include "help.h"

#include "base/arena.h"
#include <stdlib.h>
#include <string.h>

START_TEST(empty)
{
	struct arena a;

	arena_init(&a);
	ck_assert_uint_eq(a.count, 0);
	arena_reset(&a);
	arena_fini(&a);
	ck_assert_ptr_null(a.ptr);
}
END_TEST

START_TEST(null_stays_null)
{
	struct arena a;

	arena_init(&a);
	ck_assert_ptr_null(arena_take(&a, NULL));
	ck_assert_ptr_null(arena_dup(&a, NULL, 7));
	ck_assert_ptr_null(arena_strdup(&a, NULL));
	ck_assert_uint_eq(a.count, 0);
	arena_fini(&a);
}
END_TEST

START_TEST(take_gives_back_the_same)
{
	struct arena a;
	char *p = xstrdup("mine");

	arena_init(&a);
	ck_assert_ptr_eq(arena_take(&a, p), p);
	ck_assert_uint_eq(a.count, 1);
	arena_fini(&a);
}
END_TEST

START_TEST(dup_copies_and_ends)
{
	struct arena a;
	char source[] = { 'a', '\0', 'b', 'c' };
	const char *copy, *none;

	arena_init(&a);
	copy = arena_dup(&a, source, 3);
	none = arena_dup(&a, source, 0);
	memset(source, 'x', sizeof(source));
	ck_assert_mem_eq(copy, "a\0b", 4);
	ck_assert_str_eq(none, "");
	arena_fini(&a);
}
END_TEST

START_TEST(strings)
{
	struct arena a;
	const char *s, *f;

	arena_init(&a);
	s = arena_strdup(&a, "a word");
	f = arena_printf(&a, "%s, %d times", s, 12);
	ck_assert_str_eq(s, "a word");
	ck_assert_str_eq(f, "a word, 12 times");
	ck_assert_str_eq(arena_printf(&a, "%s", ""), "");
	arena_fini(&a);
}
END_TEST

START_TEST(printf_has_no_limit)
{
	struct arena a;
	const char *s;

	arena_init(&a);
	s = arena_printf(&a, "%100000d", 7);
	ck_assert_uint_eq(strlen(s), 100000);
	ck_assert_int_eq(s[99999], '7');
	arena_fini(&a);
}
END_TEST

START_TEST(calloc_is_zero)
{
	struct arena a;
	const unsigned char *p;

	arena_init(&a);
	p = arena_calloc(&a, 300, 7);
	for (size_t i = 0; i < 2100; i++)
		ck_assert_uint_eq(p[i], 0);
	ck_assert_ptr_nonnull(arena_calloc(&a, 0, 8));
	arena_fini(&a);
}
END_TEST

START_TEST(many_and_again)
{
	struct arena a;
	char *all[1000];

	arena_init(&a);
	for (int turn = 0; turn < 3; turn++) {
		for (int i = 0; i < 1000; i++)
			all[i] = arena_printf(&a, "%d of turn %d", i, turn);
		ck_assert_uint_eq(a.count, 1000);
		for (int i = 0; i < 1000; i++) {
			char *expected = xasprintf("%d of turn %d", i, turn);

			ck_assert_str_eq(all[i], expected);
			free(expected);
		}
		arena_reset(&a);
		ck_assert_uint_eq(a.count, 0);
	}
	arena_fini(&a);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("arena");
	TCase *t = tcase_create("arena");

	tcase_add_test(t, empty);
	tcase_add_test(t, null_stays_null);
	tcase_add_test(t, take_gives_back_the_same);
	tcase_add_test(t, dup_copies_and_ends);
	tcase_add_test(t, strings);
	tcase_add_test(t, printf_has_no_limit);
	tcase_add_test(t, calloc_is_zero);
	tcase_add_test(t, many_and_again);
	suite_add_tcase(s, t);
	return help_run(s);
}
