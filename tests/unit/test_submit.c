/* test_submit: a file's turn: what lies there is read, committed and sent, or not. */
#include "world.h"

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

static bool was_recalled(const char *name)
{
	char *line = xasprintf("recall %s\n", name);
	bool found = w->trace.data != NULL && strstr(w->trace.data, line) != NULL;
	free(line);
	return found;
}

/* ---- its way to the server ---------------------------------------------------------------------- */

/* The intent and the POST stand in one turn, the row first; its answer's row before the first poll. */
START_TEST(intent_then_post_then_id_then_poll)
{
	world_begin(w);
	world_put(w, "a.py", "print a");
	world_until(w, MINUTES, was_recalled("a.py"));
	world_forget(w);
	world_until(w, MINUTES, world_done(w, "a.py"));
	char *end = strstr(w->trace.data, "GET /sessions/s1/statements/1\n");
	ck_assert_ptr_nonnull(end);
	w->trace.len = (size_t)(end + strlen("GET /sessions/s1/statements/1\n") - w->trace.data);
	w->trace.data[w->trace.len] = '\0';
	ck_assert_str_eq(w->trace.data, "read a.py\n"
					".\n"
					"+ job 1 SENDING +code\n"
					"POST /sessions/s1/statements [print a]\n"
					".\n"
					"(ran print a)\n"
					"+ session 1 BUSY 1\n"
					"+ job 1 RUNNING\n"
					".\n"
					"GET /sessions/s1/statements/1\n");
}
END_TEST

START_TEST(what_the_ledger_knows_when_it_runs)
{
	world_begin(w);
	world_put(w, "a.py", "sleep 5000");
	world_until(
	    w, MINUTES, world_row(w, "a.py") && world_row(w, "a.py")->rec.state == JOB_RUNNING);
	const struct world_row *row = world_row(w, "a.py");
	ck_assert_str_eq(row->code, "sleep 5000");
	ck_assert_uint_eq(row->rec.attempts, 1);
	ck_assert_int_eq(row->rec.run->statement, 1);
	ck_assert_uint_eq(row->rec.run->session, 1);
	ck_assert_uint_eq(strlen(row->rec.run->token), TOKEN_TEXT_LEN - 1);
	ck_assert_uint_eq(strlen(row->rec.run->sha256), SHA256_TEXT_LEN - 1);
	ck_assert_int_eq(row->rec.run->started_ms, w->now.real_ms);
}
END_TEST

/* What was read is what runs, whatever happens to the file later. */
START_TEST(a_file_that_goes_while_it_runs)
{
	world_begin(w);
	world_put(w, "a.py", "sleep 5000");
	world_until(w, MINUTES, world_ran(w, "sleep 5000") == 1);
	world_remove(w, "a.py");
	world_until(w, MINUTES, world_done(w, "a.py"));
	ck_assert_str_eq(world_status(w, "a.py"), "ok");
	ck_assert(world_recorded(w, "a.py", "ok"));
	ck_assert_ptr_nonnull(strstr(world_text(w, "a.py.json"), "\"superseded\": false"));
}
END_TEST

START_TEST(in_order_of_arrival)
{
	w->pool[0].max = 1;
	world_begin(w);
	world_put(w, "c.py", "1");
	world_run(w, 10);
	world_put(w, "b.py", "2");
	world_run(w, 10);
	world_put(w, "a.py", "3");
	world_until(w, MINUTES, w->server[0].ran_count == 3);
	ck_assert_str_eq(w->server[0].ran[0], "1");
	ck_assert_str_eq(w->server[0].ran[1], "2");
	ck_assert_str_eq(w->server[0].ran[2], "3");
}
END_TEST

/* ---- what is not sent ---------------------------------------------------------------------------- */

static void is_rejected_because(const char *text, const char *why)
{
	world_begin(w);
	world_put(w, "a.py", text);
	world_put(w, "b.py", "good");
	world_until(w, MINUTES, world_done(w, "a.py") && world_done(w, "b.py"));
	ck_assert_str_eq(world_status(w, "a.py"), "rejected");
	ck_assert(world_recorded(w, "a.py", "rejected"));
	ck_assert_msg(
	    strstr(world_text(w, "a.py.err"), why) != NULL, "%s", world_text(w, "a.py.err"));
	ck_assert_str_eq(world_text(w, "a.py.out"), "");
	ck_assert_ptr_nonnull(world_file(w, "a.py"));
	ck_assert_str_eq(world_status(w, "b.py"), "ok");
	world_run(w, 5 * MINUTES);
	ck_assert_uint_eq(w->server[0].ran_count, 1);
}

START_TEST(empty)
{
	is_rejected_because("", "is empty");
}
END_TEST

START_TEST(not_utf8)
{
	is_rejected_because("print('\xff')", "is not UTF-8");
}
END_TEST

START_TEST(too_big)
{
	w->spool[0].file_bytes_max = 4;
	is_rejected_because("large", "file_max");
}
END_TEST

/* Rejected with a record, although the spool says delete: somebody has to look at it. */
START_TEST(rejected_stays)
{
	w->spool[0].after = AFTER_DELETE;
	world_begin(w);
	world_put(w, "a.py", "");
	world_until(w, MINUTES, world_done(w, "a.py"));
	world_run(w, 2 * MINUTES);
	ck_assert_ptr_nonnull(world_file(w, "a.py"));
	world_write(w, "a.py", "good");
	world_until(w, MINUTES, world_ran(w, "good") == 1);
	world_until(w, MINUTES, world_recorded(w, "a.py", "ok"));
	ck_assert_ptr_null(world_file(w, "a.py.err"));
}
END_TEST

START_TEST(a_result_name_is_taken)
{
	world_begin(w);
	world_put(w, "a.py.csv", "mine");
	world_put(w, "a.py", "x");
	world_until(w, MINUTES, world_done(w, "a.py"));
	ck_assert_str_eq(world_status(w, "a.py"), "rejected");
	ck_assert_ptr_null(world_file(w, "a.py.json"));
	ck_assert_str_eq(world_text(w, "a.py.csv"), "mine");
	ck_assert_int_eq(world_logged(w, "a.py.csv is taken"), 1);
	world_run(w, 1000);
	world_remove(w, "a.py.csv");
	world_write(w, "a.py", "again");
	world_until(w, MINUTES, world_ran(w, "again") == 1);
}
END_TEST

/* Ours by a former run are not strangers, unless somebody has replaced them. */
START_TEST(a_result_that_was_replaced_is_a_strangers)
{
	world_begin(w);
	world_put(w, "a.py", "x");
	world_until(w, MINUTES, world_done(w, "a.py"));
	world_run(w, 1000);
	world_put(w, "a.py.out", "edited");
	world_write(w, "a.py", "longer");
	world_until(w, MINUTES, world_row(w, "a.py")->rec.id == 2 && world_done(w, "a.py"));
	ck_assert_str_eq(world_status(w, "a.py"), "rejected");
	ck_assert_str_eq(world_text(w, "a.py.out"), "edited");
	ck_assert(world_recorded(w, "a.py", "ok"));
}
END_TEST

/* ---- changed at the last moment -------------------------------------------------------------------- */

START_TEST(changed_between_its_turn_and_its_reading)
{
	world_begin(w);
	world_put(w, "a.py", "old");
	world_until(w, MINUTES, was_recalled("a.py"));
	world_write(w, "a.py", "newer");
	world_until(w, MINUTES, world_done(w, "a.py"));
	world_run(w, 2 * MINUTES);
	ck_assert_int_eq(world_ran(w, "newer"), 1);
	ck_assert_uint_eq(w->server[0].ran_count, 1);
	ck_assert_ptr_null(strstr(world_text(w, "a.py.json"), "\"superseded\": true"));
}
END_TEST

START_TEST(changed_without_an_event)
{
	w->dir[0]->deaf = true;
	world_put(w, "a.py", "old");
	world_begin(w);
	world_until(w, MINUTES, was_recalled("a.py"));
	world_write(w, "a.py", "newer");
	world_until(w, 2 * MINUTES, world_done(w, "a.py"));
	ck_assert_int_eq(world_ran(w, "newer"), 1);
	ck_assert_uint_eq(w->server[0].ran_count, 1);
}
END_TEST

START_TEST(another_owner_at_the_last_moment)
{
	world_begin(w);
	world_put(w, "a.py", "x");
	world_until(w, MINUTES, was_recalled("a.py"));
	world_file(w, "a.py")->ident.uid = 77;
	world_until(w, 2 * MINUTES, world_done(w, "a.py"));
	ck_assert_uint_eq(world_row(w, "a.py")->rec.ident.uid, 77);
	ck_assert_uint_eq(world_session_of(w, "x")->uid, 77);
}
END_TEST

START_TEST(gone_at_the_last_moment)
{
	world_begin(w);
	world_put(w, "a.py", "x");
	world_until(w, MINUTES, was_recalled("a.py"));
	world_remove(w, "a.py");
	world_until(w, 2 * MINUTES, world_done(w, "a.py"));
	ck_assert_str_eq(world_status(w, "a.py"), "cancelled");
	ck_assert_uint_eq(w->server[0].ran_count, 0);
}
END_TEST

START_TEST(a_directory_at_the_last_moment)
{
	world_begin(w);
	world_put(w, "a.py", "x");
	world_until(w, MINUTES, was_recalled("a.py"));
	world_file(w, "a.py")->type = FILE_DIRECTORY;
	world_until(w, 2 * MINUTES, world_done(w, "a.py"));
	ck_assert_str_eq(world_status(w, "a.py"), "rejected");
	ck_assert_ptr_null(world_file(w, "a.py.json"));
}
END_TEST

/* The session that it was to go to dies while it is read. */
START_TEST(its_session_is_lost_while_it_is_read)
{
	w->pool[0].warm[KIND_PYSPARK] = 1;
	world_begin(w);
	world_run(w, MINUTES / 2);
	world_put(w, "a.py", "x");
	world_until(w, MINUTES, was_recalled("a.py"));
	world_forgetful_restart(w, 0);
	world_until(w, 3 * MINUTES, world_done(w, "a.py"));
	ck_assert_str_eq(world_status(w, "a.py"), "ok");
	ck_assert_int_eq(world_ran(w, "x"), 1);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("submit");
	TCase *t = tcase_create("submit");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, intent_then_post_then_id_then_poll);
	tcase_add_test(t, what_the_ledger_knows_when_it_runs);
	tcase_add_test(t, a_file_that_goes_while_it_runs);
	tcase_add_test(t, in_order_of_arrival);
	tcase_add_test(t, empty);
	tcase_add_test(t, not_utf8);
	tcase_add_test(t, too_big);
	tcase_add_test(t, rejected_stays);
	tcase_add_test(t, a_result_name_is_taken);
	tcase_add_test(t, a_result_that_was_replaced_is_a_strangers);
	tcase_add_test(t, changed_between_its_turn_and_its_reading);
	tcase_add_test(t, changed_without_an_event);
	tcase_add_test(t, another_owner_at_the_last_moment);
	tcase_add_test(t, gone_at_the_last_moment);
	tcase_add_test(t, a_directory_at_the_last_moment);
	tcase_add_test(t, its_session_is_lost_while_it_is_read);
	suite_add_tcase(s, t);
	return help_run(s);
}
