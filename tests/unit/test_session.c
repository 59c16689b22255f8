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
		SESSION_BUSY, SESSION_PROBING, SESSION_IDLE, SESSION_BUSY, SESSION_RETIRED,
		SESSION_DELETING, SESSION_GONE };
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
	{ SESSION_STARTING, SESSION_BUSY },
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
	tcase_add_test(t, free_for_whom);
	tcase_add_test(t, coming_is_not_there);
	tcase_add_test(t, runs_come_and_go);
	tcase_add_test_raise_signal(t, what_it_does_not_hold, SIGABRT);
	tcase_add_test_raise_signal(t, no_more_than_it_can_hold, SIGABRT);
	tcase_add_test(t, a_new_call_knows_nothing_yet);
	suite_add_tcase(s, t);
	return help_run(s);
}
