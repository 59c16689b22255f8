/* test_pool: how many sessions of each kind and owner there are. That max is never passed is held
 * against the servers after every turn of every test (world.c). */
#include "world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MINUTES INT64_C(60000)

static struct world *w;

static void setup(void)
{
	w = world_new();
}

static void teardown(void)
{
	world_free(w);
}

static size_t idle(void)
{
	return core_counts(w->core).sessions_idle;
}

static void put(const char *name, const char *code, uint32_t uid)
{
	world_put(w, name, code)->ident.uid = uid;
}

static void put_many(int n, const char *suffix)
{
	char name[32];
	for (int i = 0; i < n; i++) {
		(void)snprintf(name, sizeof(name), "%d.%s", i, suffix);
		world_put(w, name, name);
	}
}

static size_t done_of(enum job_status status)
{
	return core_counts(w->core).done[status];
}

static int starting(void)
{
	int n = 0;
	for (size_t i = 0; i < w->server[0].count; i++)
		n += w->server[0].session[i]->starting;
	return n;
}

/* ---- warm and max ---------------------------------------------------------------------------------- */

START_TEST(nothing_wanted_nothing_made)
{
	world_begin(w);
	world_run(w, 10 * MINUTES);
	ck_assert_int_eq(w->server[0].created, 0);
}
END_TEST

START_TEST(warm_of_each_kind)
{
	w->pool[0].warm[KIND_PYSPARK] = 2;
	w->pool[0].warm[KIND_SQL] = 1;
	world_begin(w);
	world_until(w, 2 * MINUTES, idle() == 3);
	world_run(w, 10 * MINUTES);
	ck_assert_int_eq(w->server[0].created, 3);
	ck_assert_int_eq(w->server[0].deleted, 0);
}
END_TEST

/* Many at once kill hosts (facts of Livy). */
START_TEST(two_at_a_time)
{
	w->pool[0].warm[KIND_PYSPARK] = 8;
	w->pool[0].max = 8;
	world_begin(w);
	for (int i = 0; i < 3000 && idle() < 8; i++) {
		world_run(w, 100);
		ck_assert_int_le(starting(), 2);
	}
	ck_assert_uint_eq(idle(), 8);
}
END_TEST

START_TEST(as_many_as_there_are_files)
{
	world_begin(w);
	put_many(3, "py");
	world_until(w, 2 * MINUTES, done_of(STATUS_OK) == 3);
	ck_assert_int_le(w->server[0].created, 3);
}
END_TEST

START_TEST(not_more_than_max)
{
	w->pool[0].max = 3;
	world_begin(w);
	put_many(40, "py");
	world_until(w, 10 * MINUTES, done_of(STATUS_OK) == 40);
	ck_assert_int_eq(w->server[0].created, 3);
}
END_TEST

START_TEST(a_warm_one_is_replaced_when_it_is_taken)
{
	w->pool[0].warm[KIND_PYSPARK] = 1;
	world_begin(w);
	world_until(w, MINUTES, idle() == 1);
	world_put(w, "a.py", "sleep 60000");
	world_until(w, MINUTES, world_ran(w, "sleep 60000") == 1);
	world_until(w, MINUTES / 2, idle() == 1);
	ck_assert_int_eq(w->server[0].created, 2);
}
END_TEST

START_TEST(a_warm_one_takes_a_file_at_once)
{
	w->pool[0].warm[KIND_PYSPARK] = 1;
	world_begin(w);
	world_until(w, MINUTES, idle() == 1);
	world_put(w, "a.py", "work");
	world_until(w, 500, world_done(w, "a.py"));
}
END_TEST

/* ---- giving back ------------------------------------------------------------------------------------ */

START_TEST(beyond_warm_they_are_given_back)
{
	w->pool[0].warm[KIND_PYSPARK] = 1;
	w->pool[0].idle_timeout_ms = 10 * MINUTES;
	world_begin(w);
	put_many(6, "py");
	world_until(w, 3 * MINUTES, done_of(STATUS_OK) == 6);
	int had = world_alive(w, 0);
	ck_assert_int_gt(had, 1);
	world_run(w, 8 * MINUTES);
	ck_assert_int_eq(world_alive(w, 0), had);
	world_run(w, 4 * MINUTES);
	ck_assert_int_eq(world_alive(w, 0), 1);
	world_run(w, 60 * MINUTES);
	ck_assert_int_eq(world_alive(w, 0), 1);
}
END_TEST

START_TEST(never_means_never)
{
	world_begin(w);
	world_put(w, "a.py", "work");
	world_until(w, MINUTES, world_done(w, "a.py"));
	world_run(w, 11 * 60 * MINUTES);
	ck_assert_int_eq(world_alive(w, 0), 1);
}
END_TEST

START_TEST(used_is_not_idle)
{
	w->pool[0].idle_timeout_ms = 2 * MINUTES;
	world_begin(w);
	for (int i = 0; i < 10; i++) {
		world_put(w, "a.py", i % 2 == 0 ? "even" : "odd");
		world_run(w, MINUTES);
	}
	ck_assert_int_eq(w->server[0].created, 1);
	ck_assert_int_eq(w->server[0].deleted, 0);
}
END_TEST

/* To stop with on_stop = keep and to start again is not to have been idle for ever. */
START_TEST(a_restart_does_not_make_them_old)
{
	w->pool[0].idle_timeout_ms = 10 * MINUTES;
	world_begin(w);
	world_put(w, "a.py", "work");
	world_until(w, MINUTES, world_done(w, "a.py"));
	world_crash(w);
	world_run(w, 5 * MINUTES);
	ck_assert_int_eq(world_alive(w, 0), 1);
	world_run(w, 20 * MINUTES);
	ck_assert_int_eq(world_alive(w, 0), 0);
}
END_TEST

START_TEST(after_so_many_files)
{
	w->pool[0].max = 1;
	w->pool[0].recycle_statements = 3;
	world_begin(w);
	put_many(7, "py");
	world_until(w, 5 * MINUTES, done_of(STATUS_OK) == 7);
	ck_assert_int_eq(w->server[0].created, 3);
}
END_TEST

START_TEST(after_so_long)
{
	w->pool[0].warm[KIND_PYSPARK] = 1;
	w->pool[0].recycle_age_ms = 60 * MINUTES;
	world_begin(w);
	world_run(w, 59 * MINUTES);
	ck_assert_int_eq(w->server[0].created, 1);
	world_run(w, 2 * MINUTES);
	ck_assert_int_eq(w->server[0].deleted, 1);
	ck_assert_int_eq(w->server[0].created, 2);
}
END_TEST

START_TEST(age_waits_for_the_end_of_a_file)
{
	w->pool[0].recycle_age_ms = 60 * MINUTES;
	world_begin(w);
	world_put(w, "a.py", "sleep 7200000");
	world_until(w, 3 * 60 * MINUTES, world_done(w, "a.py"));
	ck_assert_str_eq(world_status(w, "a.py"), "ok");
	world_run(w, MINUTES);
	ck_assert_int_eq(w->server[0].deleted, 1);
}
END_TEST

/* ---- fresh ------------------------------------------------------------------------------------------- */

START_TEST(fresh_is_one_file_each)
{
	w->pool[0].isolation = ISOLATION_FRESH;
	w->pool[0].warm[KIND_PYSPARK] = 1;
	w->pool[0].max = 2;
	world_begin(w);
	put_many(5, "py");
	world_until(w, 10 * MINUTES, done_of(STATUS_OK) == 5);
	world_until(w, MINUTES, idle() == 1);
	ck_assert_int_eq(w->server[0].deleted, 5);
	ck_assert_int_eq(w->server[0].created, 6);
	world_story(w, "probe|PROBING", "");
}
END_TEST

/* ---- owners ------------------------------------------------------------------------------------------ */

/* That no session serves two owners is held against every POST (worldnet.c). */
START_TEST(owners_are_separate)
{
	w->pool[0].max = 3;
	world_begin(w);
	put("a.py", "a", 1);
	put("b.py", "b", 2);
	put("c.py", "c", 1);
	put("d.py", "d", 3);
	world_until(w, 3 * MINUTES, done_of(STATUS_OK) == 4);
	ck_assert_uint_eq(world_session_of(w, "d")->uid, 3);
}
END_TEST

START_TEST(owners_may_share)
{
	w->pool[0].max = 1;
	w->pool[0].owners = OWNERS_SHARED;
	world_begin(w);
	put("a.py", "a", 1);
	put("b.py", "b", 2);
	world_until(w, MINUTES, done_of(STATUS_OK) == 2);
	ck_assert_int_eq(w->server[0].created, 1);
}
END_TEST

/* A session that nobody has to himself, and a file in it that has not ended yet. */
START_TEST(owners_part_while_a_file_runs)
{
	w->pool[0].max = 2;
	w->pool[0].owners = OWNERS_SHARED;
	w->spool[0].python = STYLE_SCRIPT;
	world_begin(w);
	put("a.py", "sleep 60000", 1);
	world_until(w, MINUTES, world_ran(w, "sleep 60000") == 1);
	w->pool[0].owners = OWNERS_SEPARATE;
	if (_i == 0)
		world_reload(w);
	else
		world_crash(w);
	put("b.py", "b", 2);
	world_until(w, MINUTES, world_done(w, "b.py"));
	world_until(w, 2 * MINUTES, world_done(w, "a.py"));
	ck_assert_int_eq(w->server[0].created, 2);
	ck_assert_uint_eq(done_of(STATUS_OK), 2);
}
END_TEST

START_TEST(an_owner_outlives_a_restart)
{
	w->pool[0].max = 2;
	world_begin(w);
	put("a.py", "a", 1);
	world_until(w, MINUTES, world_done(w, "a.py"));
	world_crash(w);
	world_run(w, 2000);
	put("b.py", "b", 2);
	world_until(w, MINUTES, world_done(w, "b.py"));
	ck_assert_ptr_ne(world_session_of(w, "a"), world_session_of(w, "b"));
}
END_TEST

START_TEST(as_their_owner)
{
	w->pool[0].session.proxy_user = xstrdup("%owner");
	world_begin(w);
	put("a.py", "a", 1);
	put("b.py", "b", 2);
	world_until(w, 2 * MINUTES, done_of(STATUS_OK) == 2);
	ck_assert_str_eq(ledger_session(&w->ledger, 1)->proxy_user, "user1");
	ck_assert_str_eq(ledger_session(&w->ledger, 2)->proxy_user, "user2");
	free(w->pool[0].session.proxy_user);
}
END_TEST

START_TEST(as_an_owner_who_is_nobody)
{
	w->pool[0].session.proxy_user = xstrdup("%owner");
	w->nobody = true;
	world_begin(w);
	put("a.py", "a", 1);
	put("b.py", "b", 1);
	world_until(w, 2 * MINUTES, done_of(STATUS_REJECTED) == 2);
	ck_assert_int_eq(w->server[0].created, 0);
	free(w->pool[0].session.proxy_user);
}
END_TEST

/* It has its place already, and is sent when it is read: into a session that is not for its owner any
 * more. */
START_TEST(owners_part_while_a_file_is_read)
{
	char *owner = xstrdup("%owner");
	w->pool[0].owners = OWNERS_SHARED;
	w->spool[0].python = STYLE_SCRIPT;
	world_begin(w);
	put("a.py", "sleep 60000", 1);
	world_until(w, MINUTES, world_ran(w, "sleep 60000") == 1);
	put("b.py", "b", 2);
	world_until(w, MINUTES, strstr(w->trace.data, "recall b.py") != NULL);
	ck_assert_ptr_null(strstr(w->trace.data, "read b.py"));
	w->pool[0].owners = OWNERS_SEPARATE;
	w->pool[0].session.proxy_user = _i == 0 ? NULL : owner;
	world_reload(w);
	world_until(w, MINUTES, world_done(w, "b.py"));
	ck_assert_str_eq(world_status(w, "b.py"), "ok");
	ck_assert_int_eq(w->server[0].created, 2);
	free(owner);
}
END_TEST

/* As another user than the session that is there: idle, with a file in it, given to the file already, or
 * only being made; after a reload and after a restart. */
START_TEST(as_another_user)
{
	int when = _i % 4;
	char *first = xstrdup("etl");
	char *other = xstrdup("reports");
	w->pool[0].session.proxy_user = first;
	w->spool[0].python = when == 0 ? STYLE_RAW : STYLE_SCRIPT;
	w->server[0].start_ms = when == 3 ? 20000 : w->server[0].start_ms;
	world_begin(w);
	world_put(w, "a.py", when == 1 ? "sleep 60000" : "a");
	world_until(w, MINUTES,
	    when == 3	? w->server[0].created == 1
	    : when == 1 ? world_ran(w, "sleep 60000") == 1
			: world_done(w, "a.py"));
	if (when == 2) {
		world_put(w, "b.py", "b");
		world_until(w, MINUTES, strstr(w->trace.data, "recall b.py") != NULL);
	}
	w->pool[0].session.proxy_user = other;
	if (_i < 4)
		world_reload(w);
	else
		world_crash(w);
	if (when != 2)
		world_put(w, "b.py", "b");
	world_until(w, MINUTES, world_done(w, "b.py"));
	ck_assert_str_eq(world_status(w, "b.py"), "ok");
	ck_assert_int_eq(w->server[0].created, 2);
	world_until(w, 2 * MINUTES, world_done(w, "a.py") && w->server[0].count == 1);
	ck_assert_int_eq(world_ran(w, "b"), 1);
	w->pool[0].session.proxy_user = NULL;
	free(first);
	free(other);
}
END_TEST

/* A login that is deleted while a session of it still lives. */
START_TEST(as_an_owner_who_was_somebody)
{
	w->pool[0].session.proxy_user = xstrdup("%owner");
	world_begin(w);
	put("a.py", "sleep 60000", 1);
	world_until(w, 2 * MINUTES, world_ran(w, "sleep 60000") == 1);
	w->nobody = true;
	world_crash(w);
	world_run(w, 5000);
	put("b.py", "b", 1);
	put("c.py", "c", 1);
	world_until(w, 5 * MINUTES, world_done(w, "a.py") && world_done(w, "b.py"));
	free(w->pool[0].session.proxy_user);
}
END_TEST

/* ---- making room --------------------------------------------------------------------------------------- */

START_TEST(one_makes_room_for_another_kind)
{
	w->pool[0].warm[KIND_PYSPARK] = 3;
	w->pool[0].max = 3;
	world_begin(w);
	world_until(w, 2 * MINUTES, idle() == 3);
	world_put(w, "a.sql", "select 1");
	world_until(w, 2 * MINUTES, world_done(w, "a.sql"));
	ck_assert_int_eq(w->server[0].deleted, 1);
}
END_TEST

START_TEST(the_least_recently_used_one)
{
	w->pool[0].max = 2;
	world_begin(w);
	put("a.py", "a", 1);
	world_until(w, MINUTES, world_done(w, "a.py"));
	put("b.py", "b", 2);
	world_until(w, MINUTES, world_done(w, "b.py"));
	put("c.py", "c", 1);
	world_until(w, MINUTES, world_done(w, "c.py"));
	world_run(w, 1000);
	put("d.py", "d", 3);
	world_until(w, MINUTES, world_done(w, "d.py"));
	ck_assert_ptr_null(world_session_of(w, "b"));
	ck_assert_ptr_nonnull(world_session_of(w, "a"));
}
END_TEST

/* Two owners with one session between them: both get their turn, in the order of arrival. */
START_TEST(nobody_starves)
{
	w->pool[0].max = 1;
	world_begin(w);
	for (int i = 0; i < 10; i++) {
		char name[32];
		(void)snprintf(name, sizeof(name), "%d.py", i);
		put(name, name, 1);
	}
	world_run(w, 100);
	put("other.py", "other", 2);
	world_run(w, 100);
	for (int i = 10; i < 30; i++) {
		char name[32];
		(void)snprintf(name, sizeof(name), "%d.py", i);
		put(name, name, 1);
	}
	world_until(w, 10 * MINUTES, world_done(w, "other.py"));
	ck_assert_int_le((int)w->server[0].ran_count, 12);
	world_until(w, 10 * MINUTES, done_of(STATUS_OK) == 31);
}
END_TEST

START_TEST(busy_ones_make_no_room)
{
	w->pool[0].max = 1;
	world_begin(w);
	world_put(w, "a.py", "sleep 600000");
	world_until(w, MINUTES, world_ran(w, "sleep 600000") == 1);
	world_put(w, "b.sql", "select 1");
	world_run(w, 5 * MINUTES);
	ck_assert_int_eq(w->server[0].deleted, 0);
	world_until(w, 10 * MINUTES, world_done(w, "b.sql"));
	ck_assert_str_eq(world_status(w, "a.py"), "ok");
}
END_TEST

/* ---- a mixed crowd ------------------------------------------------------------------------------------- */

START_TEST(a_crowd)
{
	static const char *const suffix[] = { "py", "sql", "scala" };
	char name[32];
	w->pool[0].max = 4;
	w->pool[0].warm[KIND_PYSPARK] = 1;
	w->pool[0].recycle_statements = 5;
	w->pool[0].idle_timeout_ms = MINUTES;
	world_begin(w);
	for (int i = 0; i < 60; i++) {
		(void)snprintf(name, sizeof(name), "%d.%s", i, suffix[i % 3]);
		put(name, name, (uint32_t)(1 + i % 2));
		world_run(w, 300 * (i % 7));
	}
	world_until(w, 60 * MINUTES, done_of(STATUS_OK) == 60);
	ck_assert_uint_eq(w->server[0].ran_count, 60);
	world_run(w, 5 * MINUTES);
	ck_assert_int_le(world_alive(w, 0), 2);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("pool");
	TCase *t = tcase_create("pool");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, nothing_wanted_nothing_made);
	tcase_add_test(t, warm_of_each_kind);
	tcase_add_test(t, two_at_a_time);
	tcase_add_test(t, as_many_as_there_are_files);
	tcase_add_test(t, not_more_than_max);
	tcase_add_test(t, a_warm_one_is_replaced_when_it_is_taken);
	tcase_add_test(t, a_warm_one_takes_a_file_at_once);
	tcase_add_test(t, beyond_warm_they_are_given_back);
	tcase_add_test(t, never_means_never);
	tcase_add_test(t, used_is_not_idle);
	tcase_add_test(t, a_restart_does_not_make_them_old);
	tcase_add_test(t, after_so_many_files);
	tcase_add_test(t, after_so_long);
	tcase_add_test(t, age_waits_for_the_end_of_a_file);
	tcase_add_test(t, fresh_is_one_file_each);
	tcase_add_test(t, owners_are_separate);
	tcase_add_test(t, owners_may_share);
	tcase_add_loop_test(t, owners_part_while_a_file_runs, 0, 2);
	tcase_add_test(t, an_owner_outlives_a_restart);
	tcase_add_test(t, as_their_owner);
	tcase_add_test(t, as_an_owner_who_is_nobody);
	tcase_add_loop_test(t, owners_part_while_a_file_is_read, 0, 2);
	tcase_add_loop_test(t, as_another_user, 0, 8);
	tcase_add_test(t, as_an_owner_who_was_somebody);
	tcase_add_test(t, one_makes_room_for_another_kind);
	tcase_add_test(t, the_least_recently_used_one);
	tcase_add_test(t, nobody_starves);
	tcase_add_test(t, busy_ones_make_no_room);
	tcase_add_test(t, a_crowd);
	suite_add_tcase(s, t);
	return help_run(s);
}
