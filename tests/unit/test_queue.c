/* test_queue: lanes of files that any one session may take. */
#include "help.h"

#include "core/queue.h"
#include <signal.h>
#include <stdio.h>

static struct lane_list lanes;
static struct jobs jobs;
static struct heap timers;

static void setup(void)
{
	TAILQ_INIT(&lanes);
	timers_init(&timers);
	jobs_init(&jobs);
}

static void teardown(void)
{
	struct job *job;
	TAILQ_FOREACH (job, &jobs.all, link)
		queue_remove(job);
	ck_assert(TAILQ_EMPTY(&lanes));
	jobs_fini(&jobs, &timers);
	heap_fini(&timers);
}

static struct job *file(uint64_t id, enum kind kind)
{
	const struct ident ident = { .nlink = 1 };
	char name[24];
	snprintf(name, sizeof(name), "%llu", (unsigned long long)id);
	struct job *job = job_new(&jobs, 0, name, kind, &ident);
	job_number(&jobs, job, id);
	return job;
}

static int lane_count(void)
{
	const struct lane *lane;
	int n = 0;
	TAILQ_FOREACH (lane, &lanes, link)
		n++;
	return n;
}

static void push(struct job *job, int64_t owner)
{
	const struct lane like = { .kind = job->r.kind, .owner = owner };

	queue_push(&lanes, job, &like);
}

START_TEST(the_earliest_arrival_is_first)
{
	struct job *late = file(9, KIND_SQL);
	struct job *early = file(3, KIND_SQL);
	struct job *between = file(5, KIND_SQL);

	push(late, 1);
	push(early, 1);
	push(between, 1);
	ck_assert_int_eq(lane_count(), 1);
	ck_assert_uint_eq(queue_len(late->lane), 3);
	ck_assert_ptr_eq(queue_first(late->lane), early);
	queue_remove(early);
	ck_assert_ptr_eq(queue_first(late->lane), between);
}
END_TEST

/* What goes back keeps its place. */
START_TEST(back_to_its_old_place)
{
	struct job *a = file(1, KIND_SQL);
	struct job *b = file(2, KIND_SQL);

	push(a, 1);
	push(b, 1);
	queue_remove(a);
	ck_assert_ptr_null(a->lane);
	push(a, 1);
	ck_assert_ptr_eq(queue_first(b->lane), a);
}
END_TEST

START_TEST(a_lane_for_each_kind_and_owner)
{
	struct job *a = file(1, KIND_SQL);
	struct job *b = file(2, KIND_PYSPARK);
	struct job *c = file(3, KIND_SQL);
	struct job *d = file(4, KIND_SQL);

	push(a, 1);
	push(b, 1);
	push(c, 2);
	push(d, 1);
	ck_assert_int_eq(lane_count(), 3);
	ck_assert_ptr_eq(a->lane, d->lane);
	ck_assert_ptr_ne(a->lane, c->lane);
	ck_assert_int_eq(b->lane->kind, KIND_PYSPARK);
	ck_assert_int_eq((int)c->lane->owner, 2);
}
END_TEST

/* Those that want a session for themselves wait apart from those that share. */
START_TEST(a_lane_for_the_fresh)
{
	struct lane like = { .kind = KIND_RUNNER, .owner = 1 };
	struct job *a = file(1, KIND_PYSPARK);
	struct job *b = file(2, KIND_SQL);
	struct job *c = file(3, KIND_PYSPARK);
	struct job *d = file(4, KIND_PYSPARK);

	queue_push(&lanes, a, &like);
	queue_push(&lanes, b, &like);
	like.fresh = true;
	queue_push(&lanes, c, &like);
	queue_push(&lanes, d, &like);
	ck_assert_int_eq(lane_count(), 2);
	ck_assert_ptr_eq(a->lane, b->lane); /* one kind of session for both kinds of files */
	ck_assert_ptr_eq(c->lane, d->lane);
	ck_assert_ptr_ne(a->lane, c->lane);
	ck_assert(!a->lane->fresh && c->lane->fresh);
	ck_assert_int_eq(c->lane->kind, KIND_RUNNER);
	queue_remove(c);
	ck_assert_ptr_eq(queue_first(d->lane), d);
	queue_remove(d);
	ck_assert_int_eq(lane_count(), 1);
}
END_TEST

START_TEST(an_empty_lane_is_gone)
{
	struct job *a = file(1, KIND_SQL);

	push(a, 1);
	queue_remove(a);
	ck_assert(TAILQ_EMPTY(&lanes));
	queue_remove(a); /* it is in none: nothing happens */
	ck_assert_ptr_null(a->lane);
}
END_TEST

START_TEST(taken_from_the_middle)
{
	struct job *job[20];

	for (uint64_t i = 0; i < 20; i++) {
		job[i] = file(1 + i * 7 % 20, KIND_SQL);
		push(job[i], 1);
	}
	for (uint64_t i = 0; i < 20; i += 2)
		queue_remove(job[i]);
	uint64_t last = 0;
	while (!TAILQ_EMPTY(&lanes)) {
		struct job *first = queue_first(TAILQ_FIRST(&lanes));
		ck_assert_uint_gt(first->r.id, last);
		last = first->r.id;
		queue_remove(first);
	}
	ck_assert_uint_gt(last, 0);
}
END_TEST

START_TEST(nobody_waits_twice)
{
	struct job *a = file(1, KIND_SQL);
	push(a, 1);
	push(a, 1);
}
END_TEST

START_TEST(nobody_waits_without_a_number)
{
	const struct ident ident = { .nlink = 1 };
	push(job_new(&jobs, 0, "a", KIND_SQL, &ident), 1);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("queue");
	TCase *t = tcase_create("queue");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, the_earliest_arrival_is_first);
	tcase_add_test(t, back_to_its_old_place);
	tcase_add_test(t, a_lane_for_each_kind_and_owner);
	tcase_add_test(t, a_lane_for_the_fresh);
	tcase_add_test(t, an_empty_lane_is_gone);
	tcase_add_test(t, taken_from_the_middle);
	tcase_add_test_raise_signal(t, nobody_waits_twice, SIGABRT);
	tcase_add_test_raise_signal(t, nobody_waits_without_a_number, SIGABRT);
	suite_add_tcase(s, t);
	return help_run(s);
}
