/* test_turn: the first rule that keeps a file from its turn, in the order in which they are applied. */
#include "world.h"

#include "core/turn.h"
#include <stdlib.h>
#include <string.h>

#define MINUTES INT64_C(60000)

static struct world *w;

static void setup(void)
{
	w = world_new();
	w->pool[0].max = 1;
}

static void teardown(void)
{
	world_free(w);
}

/* What runs already, and the file that is asked about. */
static void begin(const char *says)
{
	char *code = xasprintf("# sparkspool: %s\nprint b", says);
	world_begin(w);
	world_put(w, "a.py", "sleep 600000");
	world_until(w, MINUTES, core_counts(w->core).running == 1);
	world_put(w, "b.py", code);
	world_run(w, 5000);
	free(code);
}

static struct turn_why why(const char *name)
{
	const struct job *job = job_find(&w->core->jobs, 0, name);
	ck_assert_ptr_nonnull(job);
	return turn_why(w->core, job);
}

static void is(enum queue_rule rule, const char *setting)
{
	const struct turn_why y = why("b.py");
	ck_assert_str_eq(queue_rule_name(y.rule), queue_rule_name(rule));
	if (setting == NULL)
		ck_assert_ptr_null(y.setting);
	else
		ck_assert_str_eq(y.setting, setting);
}

START_TEST(no_place)
{
	begin("name=x");
	is(RULE_SESSION, "pool.*.max");
	ck_assert_int_eq(why("a.py").rule, RULE_NONE);
	world_put(w, "c.py", "# sparkspool: priority=5\n");
	world_put(w, "d.py", "print d");
	world_run(w, 100);
	is(RULE_BEHIND, "spool.*.priority");
	ck_assert_uint_eq(why("b.py").count, 1);
	ck_assert_uint_eq(why("d.py").count, 2);
}
END_TEST

START_TEST(paused)
{
	begin("after=c.py");
	world_pause(w, PAUSE_SPOOL, 0, true);
	is(RULE_PAUSED_SPOOL, NULL);
	world_pause(w, PAUSE_POOL, 0, true);
	is(RULE_PAUSED_POOL, NULL);
	world_pause(w, PAUSE_ALL, 0, true);
	is(RULE_PAUSED_ALL, NULL);
	world_run(w, 10);
}
END_TEST

START_TEST(after_others)
{
	begin("after=c.py");
	is(RULE_AFTER_MISSING, "after");
	ck_assert_str_eq(why("b.py").name, "c.py");
	world_put(w, "c.py", "# sparkspool: after=b.py\n");
	world_run(w, 100);
	is(RULE_AFTER_RING, "after");
	world_write(w, "c.py", "fail");
	world_run(w, 2000);
	is(RULE_AFTER, "after");
	world_until(w, 15 * MINUTES, world_done(w, "c.py"));
	is(RULE_AFTER_NOT_OK, "after");
}
END_TEST

START_TEST(in_its_row)
{
	w->spool[0].ordered = true;
	begin("delay=1d");
	is(RULE_ORDERED, "spool.*.ordered");
	ck_assert_str_eq(why("b.py").name, "a.py");
	world_until(w, 15 * MINUTES, world_done(w, "a.py"));
	world_run(w, 100);
	is(RULE_TIME, "at");
	ck_assert_int_gt(why("b.py").until_ms, w->now.real_ms);
}
END_TEST

START_TEST(limits)
{
	w->pool[0].max = 4;
	w->spool[0].running_max = _i == 0;
	w->spool[0].owner_running_max = _i <= 1;
	w->pool[0].owner_running_max = 1;
	begin("name=x");
	if (_i == 0)
		is(RULE_SPOOL_LIMIT, "spool.*.running_max");
	else if (_i == 1)
		is(RULE_OWNER_LIMIT, "spool.*.owner_running_max");
	else
		is(RULE_POOL_LIMIT, "pool.*.owner_running_max");
	ck_assert_int_eq(why("b.py").limit, 1);
	ck_assert_uint_eq(why("b.py").count, 1);
}
END_TEST

START_TEST(not_complete)
{
	w->spool[0].ready = READY_SETTLE;
	w->spool[0].settle_ms = 60000;
	world_begin(w);
	world_put(w, "b.py", "print b");
	world_run(w, 100);
	is(RULE_SETTLING, "spool.*.settle");
}
END_TEST

START_TEST(no_server)
{
	world_fault(w, (struct world_fault){ .fate = FATE_NOT_SENT, .times = -1 });
	world_begin(w);
	world_put(w, "b.py", "print b");
	world_run(w, 1000);
	is(RULE_SERVER_DOWN, "endpoint.*.url");
}
END_TEST

START_TEST(each_has_a_word)
{
	for (enum queue_rule r = RULE_NONE; r < RULE_COUNT; r++)
		ck_assert_str_ne(queue_rule_name(r), "");
}
END_TEST

int main(void)
{
	Suite *s = suite_create("turn");
	TCase *t = tcase_create("why");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, no_place);
	tcase_add_test(t, paused);
	tcase_add_test(t, after_others);
	tcase_add_test(t, in_its_row);
	tcase_add_loop_test(t, limits, 0, 3);
	tcase_add_test(t, not_complete);
	tcase_add_test(t, no_server);
	tcase_add_test(t, each_has_a_word);
	suite_add_tcase(s, t);
	return help_run(s);
}
