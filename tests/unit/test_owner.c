/* test_owner: names of users, as the system's database has them. */
#include "edge/owner.h"

#include <check.h>
#include <stdlib.h>
#include <unistd.h>

static const struct ev_owner *look(struct evq *q, uint32_t uid)
{
	const struct event *ev;

	owner_look(uid, q);
	ev = evq_next(q);
	ck_assert_ptr_nonnull(ev);
	ck_assert_int_eq(ev->type, EV_OWNER);
	ck_assert_uint_eq(ev->u.owner.uid, uid);
	ck_assert_ptr_null(evq_next(q));
	return &ev->u.owner;
}

START_TEST(root_has_a_name)
{
	struct evq q;

	evq_init(&q);
	ck_assert_str_eq(look(&q, 0)->name, "root");
	evq_done(&q);
	evq_fini(&q);
}
END_TEST

START_TEST(a_stranger_has_none)
{
	struct evq q;

	evq_init(&q);
	ck_assert_ptr_null(look(&q, 1234567)->name);
	evq_done(&q);
	evq_fini(&q);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("owner");
	TCase *tc = tcase_create("owner");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_test(tc, root_has_a_name);
	tcase_add_test(tc, a_stranger_has_none);
	suite_add_tcase(suite, tc);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
