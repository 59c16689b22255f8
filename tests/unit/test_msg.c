/* test_msg: the effects of a turn keep their order and own what they point to. */
#include "help.h"

#include "core/msg.h"
#include <signal.h>
#include <string.h>

START_TEST(empty)
{
	struct effects fx;

	effects_init(&fx);
	ck_assert_uint_eq(fx.count, 0);
	effects_reset(&fx);
	effects_fini(&fx);
	ck_assert_ptr_null(fx.item);
}
END_TEST

START_TEST(effects_are_zero_but_for_their_type)
{
	static const struct effect zero;
	struct effects fx;

	effects_init(&fx);
	for (int turn = 0; turn < 2; turn++) {
		struct effect *e = effects_add(&fx, FX_HTTP);

		ck_assert_int_eq(e->type, FX_HTTP);
		ck_assert_mem_eq(&e->u, &zero.u, sizeof(zero.u));
		/* The next turn's effect lies in the same place. */
		memset(e, 0x5a, sizeof(*e));
		effects_reset(&fx);
	}
	effects_fini(&fx);
}
END_TEST

START_TEST(in_order_however_many)
{
	struct effects fx;

	effects_init(&fx);
	for (uint64_t i = 0; i < 1000; i++)
		effects_add(&fx, i % 2 == 0 ? FX_READ : FX_STAGE)->u.read.job = i;
	ck_assert_uint_eq(fx.count, 1000);
	for (uint64_t i = 0; i < 1000; i++) {
		ck_assert_int_eq(fx.item[i].type, i % 2 == 0 ? FX_READ : FX_STAGE);
		ck_assert_uint_eq(fx.item[i].u.read.job, i);
	}
	effects_fini(&fx);
}
END_TEST

START_TEST(owns_what_effects_point_to)
{
	struct effects fx;
	char path[] = "/sessions/7";

	effects_init(&fx);
	effects_add(&fx, FX_HTTP)->u.http.path = arena_strdup(&fx.arena, path);
	path[10] = '8';
	ck_assert_str_eq(fx.item[0].u.http.path, "/sessions/7");
	effects_reset(&fx);
	ck_assert_uint_eq(fx.count, 0);
	ck_assert_uint_eq(fx.arena.count, 0);
	effects_add(&fx, FX_HTTP)->u.http.path = arena_strdup(&fx.arena, path);
	effects_fini(&fx);
}
END_TEST

START_TEST(an_unknown_type_is_an_error_of_ours)
{
	struct effects fx;

	effects_init(&fx);
	effects_add(&fx, (enum effect_type)(FX_RELOAD + 1));
}
END_TEST

int main(void)
{
	Suite *s = suite_create("msg");
	TCase *t = tcase_create("msg");

	tcase_add_test(t, empty);
	tcase_add_test(t, effects_are_zero_but_for_their_type);
	tcase_add_test(t, in_order_however_many);
	tcase_add_test(t, owns_what_effects_point_to);
	tcase_add_test_raise_signal(t, an_unknown_type_is_an_error_of_ours, SIGABRT);
	suite_add_tcase(s, t);
	return help_run(s);
}
