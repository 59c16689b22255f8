/* test_session: the table of sessions, their moves, what they hold. */
#include "help.h"

#include "core/session.h"
#include <signal.h>
#include <stdlib.h>

static struct session_list list;
static struct heap timers;

static void setup(void)
{
	TAILQ_INIT(&list);
	timers_init(&timers);
}

static void teardown(void)
{
	struct session *s;
	while ((s = TAILQ_FIRST(&list)) != NULL)
		session_free(&list, &timers, s);
	ck_assert_uint_eq(timers.len, 0);
	heap_fini(&timers);
}

static struct session *session_in(enum session_state state)
{
	const struct session_rec rec = {
		.id = 1, .state = state, .owner = -1, .name = xstrdup("s"), .last_statement = -1
	};
	return session_new(&list, &rec, 50);
}

START_TEST(found_by_number)
{
	struct session *s = session_in(SESSION_IDLE);
	ck_assert_ptr_eq(session_by_id(&list, 1), s);
	ck_assert_ptr_null(session_by_id(&list, 2));
	timer_set(&timers, &s->timer, 3);
	session_add_call(s, 5, CALL_RAW, 0);
	session_free(&list, &timers, s);
	ck_assert_ptr_null(session_by_id(&list, 1));
}
END_TEST

START_TEST(without_a_name_there_is_none)
{
	const struct session_rec rec = { .id = 1 };
	session_new(&list, &rec, 0);
}
END_TEST

/* ---- moves ---------------------------------------------------------------------------------- */

START_TEST(the_whole_way)
{
	static const enum session_state way[] = { SESSION_STARTING, SESSION_GREETING, SESSION_IDLE,
		SESSION_BUSY, SESSION_PROBING, SESSION_IDLE, SESSION_BUSY, SESSION_STARTING,
		SESSION_BUSY, SESSION_RETIRED, SESSION_DELETING, SESSION_GONE };
	struct session *s = session_in(SESSION_CREATING);

	for (size_t i = 0; i < ARRAY_LEN(way); i++) {
		ck_assert(session_exists(s));
		s->failures = 3;
		session_move(s, way[i], (int64_t)i);
		ck_assert_int_eq(s->r.state, way[i]);
		ck_assert_int_eq(s->since_ms, (int64_t)i);
		ck_assert_int_eq(s->failures, 0);
	}
	ck_assert(!session_exists(s));
}
END_TEST

static const struct {
	enum session_state from;
	enum session_state to;
} illegal[] = {
	{ SESSION_CREATING, SESSION_IDLE },
	{ SESSION_CREATING, SESSION_BUSY },
	{ SESSION_STARTING, SESSION_CREATING },
	{ SESSION_GREETING, SESSION_PROBING },
	{ SESSION_IDLE, SESSION_GREETING },
	{ SESSION_IDLE, SESSION_CREATING },
	{ SESSION_PROBING, SESSION_BUSY },
	{ SESSION_RETIRED, SESSION_IDLE },
	{ SESSION_RETIRED, SESSION_BUSY },
	{ SESSION_DELETING, SESSION_IDLE },
	{ SESSION_DELETING, SESSION_RETIRED },
	{ SESSION_GONE, SESSION_LOOKING },
	{ SESSION_GONE, SESSION_CREATING },
};

START_TEST(an_illegal_move_is_an_error_of_ours)
{
	session_move(session_in(illegal[_i].from), illegal[_i].to, 0);
}
END_TEST

START_TEST(every_state_but_the_last_leads_out)
{
	for (int state = SESSION_CREATING; state < SESSION_DELETING; state++) {
		struct session *s = session_in((enum session_state)state);
		session_move(s, state == SESSION_RETIRED ? SESSION_DELETING : SESSION_RETIRED, 0);
		session_free(&list, &timers, s);
		s = session_in((enum session_state)state);
		session_move(s, SESSION_GONE, 0);
		session_free(&list, &timers, s);
	}
	ck_assert(TAILQ_EMPTY(&list));
}
END_TEST

/* While it is looked for nothing moves it; from retirement nothing leads back. */
START_TEST(what_it_becomes_while_it_is_looked_for)
{
	struct session *s = session_in(SESSION_BUSY);

	session_becomes(s, SESSION_IDLE, 0);
	ck_assert_int_eq(s->r.state, SESSION_IDLE);
	ck_assert_int_eq(session_state(s), SESSION_IDLE);
	session_move(s, SESSION_LOOKING, 0);
	s->resume = SESSION_IDLE;
	session_becomes(s, SESSION_STARTING, 0);
	ck_assert_int_eq(s->r.state, SESSION_LOOKING);
	ck_assert_int_eq(session_state(s), SESSION_STARTING);
	session_becomes(s, SESSION_RETIRED, 0);
	session_becomes(s, SESSION_IDLE, 0);
	ck_assert_int_eq(s->r.state, SESSION_LOOKING);
	ck_assert_int_eq(session_state(s), SESSION_RETIRED);
}
END_TEST

/* ---- who may be given a file ------------------------------------------------------------------ */

START_TEST(free_for_whom)
{
	struct session *s = session_in(SESSION_IDLE);

	ck_assert(session_is_free(s, 7, 1, false));
	s->r.owner = 7;
	ck_assert(session_is_free(s, 7, 1, false));
	ck_assert(!session_is_free(s, 8, 1, false));
	ck_assert(!session_is_free(s, -1, 1, false));
	s->parked = true;
	ck_assert(!session_is_free(s, 7, 1, false));
	s->parked = false;
	session_load(s, 1);
	ck_assert(!session_is_free(s, 7, 1, false));
	session_unload(s, 1);
	session_move(s, SESSION_BUSY, 0);
	ck_assert(!session_is_free(s, 7, 1, false));
}
END_TEST

START_TEST(coming_is_not_there)
{
	static const bool coming[SESSION_STATES] = { [SESSION_CREATING] = true,
		[SESSION_LOOKING] = true,
		[SESSION_STARTING] = true,
		[SESSION_GREETING] = true,
		[SESSION_PROBING] = true };
	struct session *s = session_in(SESSION_IDLE);

	for (int state = SESSION_CREATING; state < SESSION_STATES; state++) {
		s->r.state = (enum session_state)state;
		ck_assert_int_eq(session_is_coming(s), coming[state]);
	}
	s->r.state = SESSION_LOOKING;
	s->resume = SESSION_BUSY;
	ck_assert(session_is_coming(s));
	s->resume = SESSION_RETIRED;
	ck_assert(!session_is_coming(s));
}
END_TEST

static const struct {
	enum session_state state;
	enum kind kind;
	bool alone, fresh, draining, late;
	unsigned runs;
	int places; /* of 4 slots */
	bool now;   /* and not only when it has come up */
} places[] = {
	{ SESSION_IDLE, KIND_RUNNER, false, false, false, false, 0, 4, true },
	{ SESSION_BUSY, KIND_RUNNER, false, false, false, false, 1, 3, true },
	{ SESSION_BUSY, KIND_RUNNER, false, false, false, false, 4, 0, false },
	{ SESSION_BUSY, KIND_RUNNER, false, false, false, false, 6, 0,
	    false }, /* slots were more */
	{ SESSION_IDLE, KIND_RUNNER, true, false, false, false, 0, 1, true },
	{ SESSION_BUSY, KIND_RUNNER, true, false, false, false, 1, 0, false },
	{ SESSION_IDLE, KIND_RUNNER, false, true, false, false, 0, 1, true },
	{ SESSION_BUSY, KIND_RUNNER, false, true, false, false, 1, 0, false },
	{ SESSION_BUSY, KIND_RUNNER, false, false, true, false, 1, 0, false },
	{ SESSION_IDLE, KIND_RUNNER, false, false, true, false, 0, 0, false },
	{ SESSION_GREETING, KIND_RUNNER, false, false, false, false, 0, 4, false },
	{ SESSION_LOOKING, KIND_RUNNER, false, false, false, false, 2, 2, false },
	{ SESSION_LOOKING, KIND_RUNNER, false, false, false, true, 0, 0, false },
	{ SESSION_RETIRED, KIND_RUNNER, false, false, false, false, 1, 0, false },
	{ SESSION_DELETING, KIND_RUNNER, false, false, false, false, 0, 0, false },
	{ SESSION_IDLE, KIND_PYSPARK, false, false, false, false, 0, 1, true },
	{ SESSION_BUSY, KIND_PYSPARK, false, false, false, false, 1, 0, false },
	{ SESSION_BUSY, KIND_PYSPARK, false, false, false, false, 0, 0, false },
	{ SESSION_PROBING, KIND_PYSPARK, false, false, false, false, 0, 1, false },
	{ SESSION_CREATING, KIND_SQL, false, false, false, false, 0, 1, false },
};

START_TEST(places_for_files)
{
	struct session *s = session_in(places[_i].state);

	s->r.kind = places[_i].kind;
	s->alone = places[_i].alone;
	s->fresh = places[_i].fresh;
	s->draining = places[_i].draining;
	s->late = places[_i].late;
	for (unsigned i = 0; i < places[_i].runs; i++)
		session_load(s, 1 + i);
	ck_assert_int_eq(session_places(s, 4), places[_i].places);
	ck_assert_int_eq(session_is_free(s, 7, 4, false), places[_i].now);
}
END_TEST

START_TEST(fresh_is_never_used)
{
	struct session *s = session_in(SESSION_IDLE);

	s->r.kind = KIND_RUNNER;
	ck_assert(session_is_free(s, 7, 4, true));
	s->r.statements = 1;
	ck_assert(!session_is_free(s, 7, 4, true));
	ck_assert(session_is_free(s, 7, 4, false));
	s->r.statements = 0;
	session_load(s, 1);
	ck_assert(!session_is_free(s, 7, 4, true));
	ck_assert(session_is_free(s, 7, 4, false));
}
END_TEST

/* ---- acknowledgements ---------------------------------------------------------------------------- */

START_TEST(acks_in_order)
{
	static const char *const id[] = { "aa", "bb", "cc", "dd" };
	struct session *s = session_in(SESSION_IDLE);

	session_drop_acks(s, 0);
	for (size_t i = 0; i < ARRAY_LEN(id); i++)
		session_add_ack(s, id[i], 100 + (int64_t)i);
	ck_assert_uint_eq(s->ack_count, 4);
	ck_assert_int_eq(s->ack_ms, 100); /* of the first: the others go with it */
	ck_assert_str_eq(s->ack[3], "dd");
	session_drop_acks(s, 2);
	ck_assert_uint_eq(s->ack_count, 2);
	ck_assert_str_eq(s->ack[0], "cc");
	session_add_ack(s, "ee", 300);
	ck_assert_str_eq(s->ack[2], "ee");
	session_drop_acks(s, 3);
	ck_assert_uint_eq(s->ack_count, 0);
	session_add_ack(s, "ff", 400);
	ck_assert_int_eq(s->ack_ms, 400);
	ck_assert_str_eq(s->ack[0], "ff"); /* and what is left goes with the session */
}
END_TEST

START_TEST(more_acks_than_there_are)
{
	struct session *s = session_in(SESSION_IDLE);
	session_add_ack(s, "aa", 0);
	session_drop_acks(s, 2);
}
END_TEST

/* ---- runs and calls ---------------------------------------------------------------------------- */

START_TEST(runs_come_and_go)
{
	struct session *s = session_in(SESSION_BUSY);

	s->r.kind = KIND_RUNNER;
	session_load(s, 1);
	session_load(s, 2);
	session_load(s, 3);
	session_unload(s, 1);
	ck_assert_uint_eq(s->run_count, 2);
	session_unload(s, 3);
	ck_assert_uint_eq(s->run[0], 2);
}
END_TEST

START_TEST(what_it_does_not_hold)
{
	struct session *s = session_in(SESSION_BUSY);
	session_load(s, 1);
	session_unload(s, 2);
}
END_TEST

START_TEST(no_more_than_it_can_hold)
{
	struct session *s = session_in(SESSION_BUSY);
	for (uint64_t i = 0; i <= SESSION_RUNS_MAX; i++)
		session_load(s, i);
}
END_TEST

START_TEST(a_new_call_knows_nothing_yet)
{
	struct session *s = session_in(SESSION_BUSY);
	struct call *call = session_add_call(s, 5, CALL_PROBE, 99);

	ck_assert_int_eq(call->state, CALL_POSTING);
	ck_assert_int_eq(call->statement, -1);
	ck_assert_int_eq(call->cancelled_ms, -1);
	ck_assert_int_eq(call->since_ms, 99);
	ck_assert_int_eq(call->due_ms, INT64_MAX);
	ck_assert_int_eq(call->limit_ms, INT64_MAX);
	ck_assert_ptr_eq(session_call(s, 5), call);
	ck_assert_ptr_null(session_call(s, 6));
	session_drop_call(s, call);
	ck_assert_ptr_null(session_call(s, 5));
}
END_TEST

START_TEST(the_first_call_of_its_kind)
{
	struct session *s = session_in(SESSION_BUSY);

	ck_assert_ptr_null(session_call_of(s, CALL_RUNNER));
	session_add_call(s, 5, CALL_GREET, 0);
	struct call *first = session_add_call(s, 6, CALL_RUNNER, 0);
	session_add_call(s, 7, CALL_RUNNER, 0);
	ck_assert_ptr_eq(session_call_of(s, CALL_RUNNER), first);
	ck_assert_ptr_null(session_call_of(s, CALL_BOOT));
	session_drop_call(s, first);
	ck_assert_uint_eq(session_call_of(s, CALL_RUNNER)->id, 7);
}
END_TEST

START_TEST(raw_code_runs_alone)
{
	struct session *s = session_in(SESSION_BUSY);
	session_load(s, 1);
	session_load(s, 2);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("session");
	TCase *t = tcase_create("session");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, found_by_number);
	tcase_add_test_raise_signal(t, without_a_name_there_is_none, SIGABRT);
	tcase_add_test(t, the_whole_way);
	tcase_add_loop_test_raise_signal(
	    t, an_illegal_move_is_an_error_of_ours, SIGABRT, 0, ARRAY_LEN(illegal));
	tcase_add_test(t, every_state_but_the_last_leads_out);
	tcase_add_test(t, what_it_becomes_while_it_is_looked_for);
	tcase_add_test(t, free_for_whom);
	tcase_add_test(t, coming_is_not_there);
	tcase_add_loop_test(t, places_for_files, 0, ARRAY_LEN(places));
	tcase_add_test(t, fresh_is_never_used);
	tcase_add_test(t, acks_in_order);
	tcase_add_test_raise_signal(t, more_acks_than_there_are, SIGABRT);
	tcase_add_test(t, runs_come_and_go);
	tcase_add_test_raise_signal(t, what_it_does_not_hold, SIGABRT);
	tcase_add_test_raise_signal(t, no_more_than_it_can_hold, SIGABRT);
	tcase_add_test(t, a_new_call_knows_nothing_yet);
	tcase_add_test(t, the_first_call_of_its_kind);
	tcase_add_test_raise_signal(t, raw_code_runs_alone, SIGABRT);
	suite_add_tcase(s, t);
	return help_run(s);
}
