/* test_sm: moves are checked, and each leaves its line in the trace. */
#include "help.h"

#include "base/log.h"
#include "base/sm.h"
#include <setjmp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

enum door_state { OPEN = 1, SHUT = 2, LOCKED = 3, BROKEN = 4, DOOR_STATES };

struct door {
	bool has_key;
	struct sm sm;
};

static bool door_invariant(const struct sm *sm)
{
	const struct door *door = CONTAINER_OF(sm, const struct door, sm);

	return sm->state != LOCKED || door->has_key;
}

static const struct sm_state door_states[] = {
	[OPEN] = { "OPEN", SM_TO(SHUT) | SM_TO(BROKEN) | SM_TO(OPEN) },
	[SHUT] = { "SHUT", SM_TO(OPEN) | SM_TO(LOCKED) },
	[LOCKED] = { "LOCKED", SM_TO(SHUT) },
	[BROKEN] = { "BROKEN", 0 },
};

static const struct sm_conf door_conf = { "door", door_states, DOOR_STATES, door_invariant };
static const struct sm_conf free_conf = { "gate", door_states, DOOR_STATES, NULL };

struct trace {
	char text[512];
	enum log_level level;
};

static void trace_sink(enum log_level level, const char *line, void *arg)
{
	struct trace *trace = arg;
	size_t len = strlen(trace->text);

	ck_assert_uint_lt(len + strlen(line) + 1, sizeof(trace->text));
	memcpy(trace->text + len, line, strlen(line) + 1);
	len += strlen(line);
	memcpy(trace->text + len, "\n", 2);
	trace->level = level;
}

START_TEST(begins_without_a_trace)
{
	struct trace trace = { 0 };
	struct door door = { false, { 0 } };

	log_set_sink(trace_sink, &trace);
	log_set_level(LOG_LEVEL_DEBUG);
	sm_init(&door.sm, &door_conf, 7, SHUT);
	ck_assert_str_eq(sm_name(&door.sm), "SHUT");
	ck_assert_uint_eq(door.sm.state, SHUT);
	ck_assert_str_eq(trace.text, "");
}
END_TEST

START_TEST(each_move_is_a_line)
{
	struct trace trace = { 0 };
	struct door door = { true, { 0 } };

	log_set_sink(trace_sink, &trace);
	log_set_level(LOG_LEVEL_DEBUG);
	sm_init(&door.sm, &door_conf, UINT64_MAX, OPEN);
	sm_move(&door.sm, SHUT);
	sm_move(&door.sm, LOCKED);
	ck_assert_str_eq(sm_name(&door.sm), "LOCKED");
	ck_assert_str_eq(trace.text, "door=18446744073709551615 from=OPEN to=SHUT\n"
				     "door=18446744073709551615 from=SHUT to=LOCKED\n");
	ck_assert_int_eq(trace.level, LOG_LEVEL_DEBUG);
}
END_TEST

START_TEST(to_itself_if_the_table_says_so)
{
	struct door door = { false, { 0 } };

	sm_init(&door.sm, &free_conf, 1, OPEN);
	sm_move(&door.sm, OPEN);
	ck_assert_uint_eq(door.sm.state, OPEN);
}
END_TEST

START_TEST(without_an_invariant)
{
	struct door door = { false, { 0 } };

	sm_init(&door.sm, &free_conf, 1, SHUT);
	sm_move(&door.sm, LOCKED);
	ck_assert_uint_eq(door.sm.state, LOCKED);
}
END_TEST

static sigjmp_buf back;

static void jump_back(int sig)
{
	siglongjmp(back, sig);
}

/* Whether the move is made; if it is not, the state must be the old one. */
static bool can_move(unsigned from, unsigned to)
{
	static struct door door;

	door.has_key = true;
	sm_init(&door.sm, &door_conf, 1, from);
	if (sigsetjmp(back, 1) != 0) {
		ck_assert_uint_eq(door.sm.state, from);
		return false;
	}
	sm_move(&door.sm, to);
	ck_assert_uint_eq(door.sm.state, to);
	return true;
}

START_TEST(the_table_and_nothing_but_the_table)
{
	struct trace trace = { 0 };
	int moves = 0;

	ck_assert(signal(SIGABRT, jump_back) != SIG_ERR);
	for (unsigned from = OPEN; from < DOOR_STATES; from++) {
		for (unsigned to = OPEN; to < DOOR_STATES; to++) {
			bool allowed = (door_states[from].allowed & SM_TO(to)) != 0;

			trace.text[0] = '\0';
			log_set_sink(trace_sink, &trace);
			ck_assert_int_eq(can_move(from, to), allowed);
			moves += allowed;
		}
	}
	ck_assert_int_eq(moves, 6);
}
END_TEST

/* Dies as it should, having said why: seen from inside, at the signal. */
static struct trace *dying;

static void at_abort(int sig)
{
	static const char said[] = "door=3 from=BROKEN to=OPEN error=\"no such move\"\n";

	(void)sig;
	_Exit(strcmp(dying->text, said) == 0 && dying->level == LOG_LEVEL_ERROR ? 42 : 1);
}

START_TEST(says_which_move_before_it_dies)
{
	struct trace trace = { 0 };
	struct door door = { true, { 0 } };

	dying = &trace;
	log_set_sink(trace_sink, &trace);
	ck_assert(signal(SIGABRT, at_abort) != SIG_ERR);
	sm_init(&door.sm, &door_conf, 3, BROKEN);
	sm_move(&door.sm, OPEN);
	ck_abort_msg("a broken door was opened");
}
END_TEST

START_TEST(a_broken_invariant_is_an_error_of_ours)
{
	struct door door = { false, { 0 } };

	sm_init(&door.sm, &door_conf, 1, SHUT);
	sm_move(&door.sm, LOCKED);
}
END_TEST

START_TEST(a_hole_is_not_a_state)
{
	struct door door = { false, { 0 } };

	sm_init(&door.sm, &door_conf, 1, 0);
}
END_TEST

START_TEST(a_number_outside_is_not_a_state)
{
	struct door door = { false, { 0 } };

	sm_init(&door.sm, &door_conf, 1, OPEN);
	sm_move(&door.sm, DOOR_STATES);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("sm");
	TCase *t = tcase_create("sm");

	tcase_add_test(t, begins_without_a_trace);
	tcase_add_test(t, each_move_is_a_line);
	tcase_add_test(t, to_itself_if_the_table_says_so);
	tcase_add_test(t, without_an_invariant);
	tcase_add_test(t, the_table_and_nothing_but_the_table);
	tcase_add_exit_test(t, says_which_move_before_it_dies, 42);
	tcase_add_test_raise_signal(t, a_broken_invariant_is_an_error_of_ours, SIGABRT);
	tcase_add_test_raise_signal(t, a_hole_is_not_a_state, SIGABRT);
	tcase_add_test_raise_signal(t, a_number_outside_is_not_a_state, SIGABRT);
	suite_add_tcase(s, t);
	return help_run(s);
}
