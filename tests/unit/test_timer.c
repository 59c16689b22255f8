/* test_timer: what is due, in the order in which it is due. */
#include "help.h"

#include "core/timer.h"
#include <signal.h>

static struct heap timers;
static struct timer a, b, c;

static void setup(void)
{
	timers_init(&timers);
	timer_init(&a, TIMER_JOB);
	timer_init(&b, TIMER_POOL);
	timer_init(&c, TIMER_SPOOL);
}

static void teardown(void)
{
	heap_fini(&timers);
}

START_TEST(a_new_timer_is_not_set)
{
	ck_assert(!timer_is_set(&a));
	ck_assert_int_eq(a.what, TIMER_JOB);
	ck_assert_ptr_null(timers_pop(&timers, INT64_MAX));
}
END_TEST

START_TEST(the_earliest_comes_first)
{
	timer_set(&timers, &a, 30);
	timer_set(&timers, &b, 10);
	timer_set(&timers, &c, 20);
	ck_assert_ptr_eq(timers_pop(&timers, 30), &b);
	ck_assert_ptr_eq(timers_pop(&timers, 30), &c);
	ck_assert_ptr_eq(timers_pop(&timers, 30), &a);
	ck_assert_ptr_null(timers_pop(&timers, 30));
	ck_assert(!timer_is_set(&a) && !timer_is_set(&b) && !timer_is_set(&c));
}
END_TEST

START_TEST(nothing_is_due_before_its_time)
{
	timer_set(&timers, &a, 10);
	ck_assert_ptr_null(timers_pop(&timers, 9));
	ck_assert(timer_is_set(&a));
	ck_assert_ptr_eq(timers_pop(&timers, 10), &a);
}
END_TEST

START_TEST(setting_again_moves_it)
{
	timer_set(&timers, &a, 10);
	timer_set(&timers, &b, 20);
	timer_set(&timers, &a, 30);
	ck_assert_uint_eq(timers.len, 2);
	ck_assert_ptr_eq(timers_pop(&timers, 100), &b);
	ck_assert_ptr_eq(timers_pop(&timers, 100), &a);
}
END_TEST

START_TEST(earlier_is_never_later)
{
	timer_set_earlier(&timers, &a, 20);
	ck_assert_int_eq(a.due_ms, 20);
	timer_set_earlier(&timers, &a, 30);
	ck_assert_int_eq(a.due_ms, 20);
	timer_set_earlier(&timers, &a, 10);
	ck_assert_int_eq(a.due_ms, 10);
	ck_assert_uint_eq(timers.len, 1);
}
END_TEST

START_TEST(clearing_twice_is_clearing_once)
{
	timer_set(&timers, &a, 1);
	timer_set(&timers, &b, 2);
	timer_clear(&timers, &a);
	timer_clear(&timers, &a);
	ck_assert_ptr_eq(timers_pop(&timers, 9), &b);
}
END_TEST

/* A timer that was popped may be set again at once. */
START_TEST(popped_is_free)
{
	timer_set(&timers, &a, 1);
	ck_assert_ptr_eq(timers_pop(&timers, 1), &a);
	timer_set_earlier(&timers, &a, 50);
	ck_assert_int_eq(a.due_ms, 50);
	ck_assert_ptr_eq(timers_pop(&timers, 50), &a);
}
END_TEST

START_TEST(no_time_before_the_beginning)
{
	timer_set(&timers, &a, -1);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("timer");
	TCase *t = tcase_create("timer");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, a_new_timer_is_not_set);
	tcase_add_test(t, the_earliest_comes_first);
	tcase_add_test(t, nothing_is_due_before_its_time);
	tcase_add_test(t, setting_again_moves_it);
	tcase_add_test(t, earlier_is_never_later);
	tcase_add_test(t, clearing_twice_is_clearing_once);
	tcase_add_test(t, popped_is_free);
	tcase_add_test_raise_signal(t, no_time_before_the_beginning, SIGABRT);
	suite_add_tcase(s, t);
	return help_run(s);
}
