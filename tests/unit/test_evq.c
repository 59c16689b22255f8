/* test_evq: order, room, and that nothing is forgotten before it was stepped. */
#include "help.h"

#include "edge/evq.h"
#include <signal.h>
#include <string.h>

START_TEST(empty)
{
	struct evq q;

	evq_init(&q);
	ck_assert_ptr_null(evq_next(&q));
	ck_assert_uint_eq(evq_room(&q), EVQ_SOFT_MAX);
	evq_done(&q);
	evq_fini(&q);
	ck_assert_ptr_null(q.item);
}
END_TEST

START_TEST(events_are_zero_but_for_their_type)
{
	static const struct event zero;
	struct evq q;
	struct event *ev;

	evq_init(&q);
	for (int turn = 0; turn < 2; turn++) {
		ev = evq_add(&q, EV_HTTP);
		ck_assert_int_eq(ev->type, EV_HTTP);
		ck_assert_mem_eq(&ev->u, &zero.u, sizeof(zero.u));
		ck_assert_mem_eq(&ev->now, &zero.now, sizeof(zero.now));
		/* The next turn's event lies in the same place. */
		memset(ev, 0x5a, sizeof(*ev));
		ck_assert_ptr_eq(evq_next(&q), ev);
		evq_done(&q);
	}
	evq_fini(&q);
}
END_TEST

START_TEST(first_in_first_out)
{
	struct evq q;
	struct event *ev;

	evq_init(&q);
	for (uint64_t i = 0; i < 1000; i++)
		evq_add(&q, EV_READ)->u.read.job = i;
	for (uint64_t i = 0; i < 1000; i++) {
		ev = evq_next(&q);
		ck_assert_ptr_nonnull(ev);
		ck_assert_int_eq(ev->type, EV_READ);
		ck_assert_uint_eq(ev->u.read.job, i);
	}
	ck_assert_ptr_null(evq_next(&q));
	evq_done(&q);
	evq_fini(&q);
}
END_TEST

/* What is added while others are stepped comes after them, in the same turn. */
START_TEST(added_on_the_way)
{
	struct evq q;

	evq_init(&q);
	evq_add(&q, EV_TICK);
	evq_add(&q, EV_STOP);
	ck_assert_int_eq(evq_next(&q)->type, EV_TICK);
	evq_add(&q, EV_SCAN);
	ck_assert_int_eq(evq_next(&q)->type, EV_STOP);
	ck_assert_int_eq(evq_next(&q)->type, EV_SCAN);
	ck_assert_ptr_null(evq_next(&q));
	evq_done(&q);
	ck_assert_ptr_null(evq_next(&q));
	evq_fini(&q);
}
END_TEST

START_TEST(room_shrinks_to_nothing_and_comes_back)
{
	struct evq q;

	evq_init(&q);
	for (size_t i = 0; i < EVQ_SOFT_MAX; i++) {
		ck_assert_uint_eq(evq_room(&q), EVQ_SOFT_MAX - i);
		evq_add(&q, EV_NAME);
	}
	ck_assert_uint_eq(evq_room(&q), 0);
	/* An answer has its place all the same. */
	evq_add(&q, EV_HTTP);
	ck_assert_uint_eq(q.count, EVQ_SOFT_MAX + 1);
	ck_assert_uint_eq(evq_room(&q), 0);
	while (evq_next(&q) != NULL)
		continue;
	evq_done(&q);
	ck_assert_uint_eq(evq_room(&q), EVQ_SOFT_MAX);
	evq_fini(&q);
}
END_TEST

START_TEST(owns_what_events_point_to)
{
	struct evq q;
	struct event *ev;
	char name[] = "foo.py";

	evq_init(&q);
	ev = evq_add(&q, EV_NAME);
	ev->u.name.name = arena_strdup(&q.arena, name);
	name[0] = 'g';
	ck_assert_str_eq(evq_next(&q)->u.name.name, "foo.py");
	evq_done(&q);
	ck_assert_uint_eq(q.arena.count, 0);
	/* Also what was never stepped, at the end. */
	evq_add(&q, EV_NAME)->u.name.name = arena_strdup(&q.arena, name);
	evq_fini(&q);
}
END_TEST

START_TEST(forgetting_too_early_is_an_error_of_ours)
{
	struct evq q;

	evq_init(&q);
	evq_add(&q, EV_READ);
	evq_done(&q);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("evq");
	TCase *t = tcase_create("evq");

	tcase_add_test(t, empty);
	tcase_add_test(t, events_are_zero_but_for_their_type);
	tcase_add_test(t, first_in_first_out);
	tcase_add_test(t, added_on_the_way);
	tcase_add_test(t, room_shrinks_to_nothing_and_comes_back);
	tcase_add_test(t, owns_what_events_point_to);
	tcase_add_test_raise_signal(t, forgetting_too_early_is_an_error_of_ours, SIGABRT);
	suite_add_tcase(s, t);
	return help_run(s);
}
