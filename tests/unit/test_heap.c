/* test_heap: order, and each element's knowledge of its place, under random orders of changes. */
#include "help.h"

#include "base/heap.h"
#include <signal.h>

struct thing {
	int key;
	size_t pos;
};

static bool thing_less(const void *a, const void *b)
{
	return ((const struct thing *)a)->key < ((const struct thing *)b)->key;
}

static void thing_set_pos(void *item, size_t pos)
{
	((struct thing *)item)->pos = pos;
}

/* Our own, so that a failing seed fails everywhere. */
static unsigned random_next(uint32_t *seed)
{
	*seed = *seed * 1664525 + 1013904223;
	return *seed >> 8;
}

static void check_whole(const struct heap *h)
{
	for (size_t i = 0; i < h->len; i++) {
		const struct thing *t = h->item[i];

		ck_assert_uint_eq(t->pos, i);
		if (i > 0)
			ck_assert(!thing_less(t, h->item[(i - 1) / 2]));
	}
}

START_TEST(empty)
{
	struct heap h;

	heap_init(&h, thing_less, thing_set_pos);
	ck_assert_ptr_null(heap_top(&h));
	heap_fini(&h);
	ck_assert_uint_eq(h.len, 0);
}
END_TEST

START_TEST(a_single_one)
{
	struct heap h;
	struct thing t = { 5, HEAP_NOWHERE };

	heap_init(&h, thing_less, thing_set_pos);
	heap_insert(&h, &t);
	ck_assert_uint_eq(t.pos, 0);
	ck_assert_ptr_eq(heap_top(&h), &t);
	heap_moved(&h, 0);
	ck_assert_ptr_eq(heap_remove(&h, 0), &t);
	ck_assert_uint_eq(t.pos, HEAP_NOWHERE);
	ck_assert_ptr_null(heap_top(&h));
	heap_fini(&h);
}
END_TEST

START_TEST(comes_out_in_order)
{
	struct heap h;
	struct thing t[500];
	uint32_t seed = (uint32_t)_i;
	int last = -1;

	heap_init(&h, thing_less, thing_set_pos);
	for (size_t i = 0; i < ARRAY_LEN(t); i++) {
		t[i] = (struct thing){ (int)(random_next(&seed) % 100), HEAP_NOWHERE };
		heap_insert(&h, &t[i]);
		check_whole(&h);
	}
	for (size_t i = 0; i < ARRAY_LEN(t); i++) {
		struct thing *top = heap_top(&h);

		ck_assert_ptr_eq(heap_remove(&h, 0), top);
		ck_assert_int_ge(top->key, last);
		last = top->key;
	}
	ck_assert_uint_eq(h.len, 0);
	heap_fini(&h);
}
END_TEST

/* The last element, moved into a gap in another branch, may be less than its new parent. */
START_TEST(the_gap_is_filled_upwards)
{
	struct heap h;
	int key[] = { 0, 10, 1, 11, 12, 2, 3, 13, 14, 15, 16, 4 };
	struct thing t[ARRAY_LEN(key)];

	heap_init(&h, thing_less, thing_set_pos);
	for (size_t i = 0; i < ARRAY_LEN(key); i++) {
		t[i] = (struct thing){ key[i], HEAP_NOWHERE };
		heap_insert(&h, &t[i]);
		ck_assert_uint_eq(t[i].pos, i);
	}
	heap_remove(&h, t[7].pos);
	check_whole(&h);
	ck_assert_uint_eq(t[11].pos, 1);
	heap_fini(&h);
}
END_TEST

START_TEST(changed_keys_find_their_place)
{
	struct heap h;
	struct thing t[] = { { 1, 0 }, { 2, 0 }, { 3, 0 }, { 4, 0 }, { 5, 0 } };

	heap_init(&h, thing_less, thing_set_pos);
	for (size_t i = 0; i < ARRAY_LEN(t); i++)
		heap_insert(&h, &t[i]);
	t[4].key = 0;
	heap_moved(&h, t[4].pos);
	ck_assert_ptr_eq(heap_top(&h), &t[4]);
	check_whole(&h);
	t[4].key = 9;
	heap_moved(&h, t[4].pos);
	ck_assert_ptr_eq(heap_top(&h), &t[0]);
	check_whole(&h);
	heap_fini(&h);
}
END_TEST

/* One random change of the heap and of the list of those that should be in it. */
static void change(struct heap *h, struct thing *t, size_t n, uint32_t *seed, size_t *inside)
{
	struct thing *one = &t[random_next(seed) % n];
	int key = (int)(random_next(seed) % 1000);

	if (one->pos == HEAP_NOWHERE) {
		one->key = key;
		heap_insert(h, one);
		++*inside;
	} else if (random_next(seed) % 2 == 0) {
		ck_assert_ptr_eq(heap_remove(h, one->pos), one);
		ck_assert_uint_eq(one->pos, HEAP_NOWHERE);
		--*inside;
	} else {
		one->key = key;
		heap_moved(h, one->pos);
	}
}

START_TEST(random_changes)
{
	struct heap h;
	struct thing t[64];
	uint32_t seed = (uint32_t)_i * 7919 + 1;
	size_t inside = 0;

	heap_init(&h, thing_less, thing_set_pos);
	for (size_t i = 0; i < ARRAY_LEN(t); i++)
		t[i].pos = HEAP_NOWHERE;
	for (int step = 0; step < 5000; step++) {
		change(&h, t, ARRAY_LEN(t), &seed, &inside);
		ck_assert_uint_eq(h.len, inside);
		check_whole(&h);
	}
	heap_fini(&h);
}
END_TEST

START_TEST(a_place_outside_is_an_error_of_ours)
{
	struct heap h;

	heap_init(&h, thing_less, thing_set_pos);
	heap_remove(&h, 0);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("heap");
	TCase *t = tcase_create("heap");

	tcase_add_test(t, empty);
	tcase_add_test(t, a_single_one);
	tcase_add_loop_test(t, comes_out_in_order, 0, 10);
	tcase_add_test(t, the_gap_is_filled_upwards);
	tcase_add_test(t, changed_keys_find_their_place);
	tcase_add_loop_test(t, random_changes, 0, 20);
	tcase_add_test_raise_signal(t, a_place_outside_is_an_error_of_ours, SIGABRT);
	suite_add_tcase(s, t);
	return help_run(s);
}
