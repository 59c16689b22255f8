/* test_ledgerhistory: what is asked about jobs that have ended. */
#include "help.h"

#include "base/log.h"
#include "edge/evq.h"
#include "edge/ledger.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static char *dir;
static struct conf conf;
static struct conf_spool spools[2];
static struct ledger *l;
static struct effects fx;
static struct evq q;

static void quiet(enum log_level level, const char *line, void *arg)
{
	(void)level;
	(void)line;
	(void)arg;
}

static void open_ledger(void)
{
	struct buf error;
	buf_init(&error, 1000);
	l = ledger_open(dir, &error);
	ck_assert_msg(l != NULL, "%s", error.data);
	buf_fini(&error);
}

static void setup(void)
{
	dir = help_tmpdir();
	ck_assert_int_eq(chmod(dir, 0700), 0);
	spools[0] = (struct conf_spool){ .name = xstrdup("in") };
	spools[1] = (struct conf_spool){ .name = xstrdup("out") };
	conf = (struct conf){ .spool = spools, .spool_count = 2 };
	log_set_sink(quiet, NULL);
	effects_init(&fx);
	evq_init(&q);
	open_ledger();
}

static void teardown(void)
{
	ledger_close(l);
	effects_fini(&fx);
	evq_fini(&q);
	free(spools[0].name);
	free(spools[1].name);
	log_set_sink(NULL, NULL);
	help_rmtree(dir);
	free(dir);
}

static void row(uint64_t id, size_t spool, const char *name, uint32_t uid, enum job_status status)
{
	struct run_rec *run = arena_calloc(&fx.arena, 1, sizeof(*run));
	struct job_rec *rec = &effects_add(&fx, FX_ROW_JOB)->u.job.rec;
	run->status = status;
	run->finished_ms = (int64_t)id * 1000;
	run->statement = run->exit_code = -1;
	run->recorded = true;
	*rec = (struct job_rec){ .id = id,
		.spool = spool,
		.name = arena_strdup(&fx.arena, name),
		.state = status == STATUS_NONE ? JOB_RUNNING : JOB_DONE,
		.live = true,
		.run = run };
	rec->ident.uid = uid;
}

static void commit(void)
{
	ck_assert_int_eq(ledger_commit(l, &fx, &conf), 0);
	effects_reset(&fx);
}

/* Five that have ended, out of order, and one that runs. */
static void fill(void)
{
	row(1, 0, "a.py", 7, STATUS_OK);
	row(3, 0, "c[1].py", 7, STATUS_ERROR);
	commit();
	row(2, 1, "a.py", 8, STATUS_OK);
	row(6, 0, "a.py", 7, STATUS_NONE);
	row(5, 0, "a.py", 7, STATUS_TIMEOUT);
	commit();
	row(4, 1, "b\xff.py", 7, STATUS_OK);
	commit();
}

/* The ids of the answer: "5 3 1", with a + where there would be more. */
static const char *ask(struct fx_history question)
{
	struct buf ids;
	size_t n;
	while (evq_next(&q) != NULL)
		;
	evq_done(&q);
	question.peer = 42;
	question.seq = 43;
	question.limit = question.limit == 0 ? 10 : question.limit;
	ledger_history(l, &question, &conf, &q);
	ck_assert_uint_eq(q.count, 1);
	ck_assert_int_eq(q.item[0].type, EV_HISTORY);
	const struct ev_history *ev = &q.item[0].u.history;
	ck_assert_ptr_null(ev->error);
	ck_assert(ev->peer == 42 && ev->seq == 43);
	buf_init(&ids, 1000);
	for (size_t i = 0; i < ev->count; i++)
		(void)buf_addf(&ids, "%s%d", i == 0 ? "" : " ", (int)ev->row[i].rec.id);
	(void)buf_adds(&ids, ev->more ? "+" : "");
	return arena_take(&q.arena, buf_steal(&ids, &n));
}
#define ask_of(uid, ...) ask((struct fx_history){ .owner = (uid), __VA_ARGS__ })
#define ask_for(...) ask_of(-1, __VA_ARGS__)

START_TEST(filters)
{
	fill();
	ck_assert_str_eq(ask_for(.job = 0), "5 4 3 2 1");
	ck_assert_str_eq(ask_for(.limit = 2), "5 4+");
	ck_assert_str_eq(ask_for(.before = 4, .limit = 2), "3 2+");
	ck_assert_str_eq(ask_for(.before = 2, .limit = 1), "1");
	ck_assert_str_eq(ask_of(8, .job = 0), "2");
	ck_assert_str_eq(ask_for(.spool = "in"), "5 3 1");
	ck_assert_str_eq(ask_for(.spool = "nowhere"), "");
	ck_assert_str_eq(ask_for(.status = STATUS_OK), "4 2 1");
	ck_assert_str_eq(ask_for(.since_ms = 2000, .until_ms = 4000), "3 2");
	ck_assert_str_eq(ask_for(.name = "a.py"), "5 2 1");
	ck_assert_str_eq(ask_for(.name = "b\xff.py"), "4");
	ck_assert_str_eq(ask_for(.name = "c[1].py"), "3");
	ck_assert_str_eq(ask_for(.name = "[ac]*.py", .glob = true), "5 3 2 1");
	ck_assert_str_eq(ask_for(.name = "a.py", .spool = "in", .limit = 1), "5+");
}
END_TEST

START_TEST(one)
{
	fill();
	ck_assert_str_eq(ask_for(.job = 3), "3");
	const struct history_row *r = q.item[0].u.history.row;
	ck_assert_str_eq(r->rec.name, "c[1].py");
	ck_assert_str_eq(r->spool, "in");
	ck_assert_uint_eq(r->rec.spool, 0);
	ck_assert_uint_eq(r->rec.ident.uid, 7);
	ck_assert_int_eq(r->rec.run->status, STATUS_ERROR);
	ck_assert_uint_eq(r->ended, 0);
	ck_assert_str_eq(ask_for(.job = 6), "6"); /* whatever its state */
	ck_assert_str_eq(ask_for(.job = 99), "");
}
END_TEST

START_TEST(a_spool_of_the_past)
{
	fill();
	conf.spool_count = 1;
	ck_assert_str_eq(ask_for(.job = 2), "2");
	ck_assert_uint_eq(q.item[0].u.history.row[0].rec.spool, SIZE_MAX);
	ck_assert_str_eq(q.item[0].u.history.row[0].spool, "out");
}
END_TEST

START_TEST(the_order_of_ends)
{
	fill();
	ck_assert_str_eq(ask_for(.ends = true), "1 3 2 5 4");
	ck_assert_uint_eq(q.item[0].u.history.row[2].ended, 3);
	ck_assert_str_eq(ask_for(.ends = true, .after = 2, .limit = 2), "2 5+");
	ck_assert_str_eq(ask_of(7, .ends = true, .after = 2), "5 4");
	ck_assert_uint_eq(q.item[0].u.history.last, 5);
	ck_assert_str_eq(ask_of(8, .ends = true, .last = true), "");
	ck_assert_uint_eq(q.item[0].u.history.last, 5);
	ck_assert_str_eq(ask_for(.ends = true, .after = 5), "");
}
END_TEST

/* What a job's later rows say is no second end; a restart goes on counting. */
START_TEST(one_end_each)
{
	fill();
	struct job_rec *rec = &effects_add(&fx, FX_ROW_JOB)->u.job.rec;
	*rec =
	    (struct job_rec){ .id = 1, .name = arena_strdup(&fx.arena, "a.py"), .state = JOB_DONE };
	commit();
	ledger_close(l);
	open_ledger();
	row(7, 0, "g.py", 7, STATUS_OK);
	commit();
	ck_assert_str_eq(ask_for(.ends = true), "1 3 2 5 4 7");
	ck_assert_str_eq(ask_for(.ends = true, .after = 5), "7");
	ck_assert_uint_eq(q.item[0].u.history.row[0].ended, 6);
	ck_assert_uint_eq(q.item[0].u.history.last, 6);
}
END_TEST

START_TEST(nothing_yet)
{
	ck_assert_str_eq(ask_for(.job = 0), "");
	ck_assert_str_eq(ask_for(.ends = true), "");
	ck_assert_str_eq(ask_for(.ends = true, .last = true), "");
	ck_assert_uint_eq(q.item[0].u.history.last, 0);
}
END_TEST

/* ---- what is old ---------------------------------------------------------------------------- */

/* The input of this one does not lie in its spool any more. */
static void past(uint64_t id, const char *name, const char *files)
{
	row(id, 0, name, 7, STATUS_OK);
	struct job_rec *rec = &fx.item[fx.count - 1].u.job.rec;
	rec->live = false;
	rec->run->files = arena_strdup(&fx.arena, files);
}

/* "2 4* 1+": those that are old, with a star when a later run has replaced their results. */
static const char *old(struct fx_old question)
{
	struct buf ids;
	size_t n;
	while (evq_next(&q) != NULL)
		;
	evq_done(&q);
	question.limit = question.limit == 0 ? 10 : question.limit;
	ledger_old(l, &question, &conf, &q);
	ck_assert_uint_eq(q.count, 1);
	const struct ev_old *ev = &q.item[0].u.old;
	ck_assert_ptr_null(ev->error);
	ck_assert_uint_eq(ev->spool, question.spool);
	buf_init(&ids, 1000);
	for (size_t i = 0; i < ev->count; i++)
		(void)buf_addf(&ids, "%s%d%s", i == 0 ? "" : " ", (int)ev->row[i].rec.id,
		    ev->row[i].replaced ? "*" : "");
	(void)buf_adds(&ids, ev->more ? "+" : "");
	return arena_take(&q.arena, buf_steal(&ids, &n));
}
#define old_of(ms, ...) old((struct fx_old){ .before_ms = (ms), __VA_ARGS__ })

/* Of the first spool: 1 to 6 have ended in this order, 7 lies there, 8 runs. */
static void fill_old(void)
{
	past(1, "a.py", "[1]");
	past(2, "b.py", "[2]");
	past(3, "a.py", NULL);
	past(4, "c.py", NULL);
	past(5, "a.py", "[5]");
	past(6, "b.py", "[6]");
	row(7, 0, "b.py", 7, STATUS_OK);
	row(8, 0, "a.py", 7, STATUS_NONE);
	row(9, 1, "a.py", 7, STATUS_OK);
	commit();
}

START_TEST(the_old_in_their_order)
{
	ck_assert_str_eq(old_of(10000, .limit = 3), "");
	fill_old();
	ck_assert_str_eq(old_of(10000, .limit = 0), "1* 2* 3* 4 5 6");
	ck_assert_str_eq(old_of(6000, .limit = 5), "1* 2* 3* 4 5");
	ck_assert_str_eq(old_of(10000, .limit = 2), "1* 2*+");
	ck_assert_int_eq(q.item[0].u.old.last.ended_ms, 2000);
	ck_assert_uint_eq(q.item[0].u.old.last.job, 2);
	ck_assert_str_eq(old_of(10000, .limit = 4, .after = { 2000, 2 }), "3* 4 5 6");
	ck_assert_str_eq(old_of(10000, .after = { 6000, 6 }), "");
	ck_assert_uint_eq(q.item[0].u.old.last.job, 6);
	ck_assert_str_eq(old_of(10000, .spool = 1), "");
	ck_assert_str_eq(old_of(1000, .limit = 1), "");
}
END_TEST

/* Its results have no names yet: those before are still where they were. */
START_TEST(the_old_before_one_that_is_staged)
{
	past(1, "a.py", "[1]");
	row(2, 0, "a.py", 7, STATUS_NONE);
	struct job_rec *rec = &fx.item[fx.count - 1].u.job.rec;
	rec->state = JOB_STAGED;
	rec->run->files = arena_strdup(&fx.arena, "[2]");
	commit();
	ck_assert_str_eq(old_of(10000, .limit = 3), "1");
	past(2, "a.py", "[2]");
	commit();
	ck_assert_str_eq(old_of(10000, .limit = 3), "1* 2");
}
END_TEST

/* Many may have ended at one time. */
START_TEST(the_old_of_one_time)
{
	for (uint64_t id = 1; id <= 4; id++) {
		past(id, "a.py", NULL);
		fx.item[fx.count - 1].u.job.rec.run->finished_ms = 500;
	}
	commit();
	ck_assert_str_eq(old_of(501, .limit = 2), "1 2+");
	ck_assert_str_eq(old_of(501, .limit = 2, .after = { 500, 2 }), "3 4");
}
END_TEST

START_TEST(the_old_with_all_that_is_known)
{
	past(1, "a.py", "[{\"name\":\"a.py.out\"}]");
	fx.item[0].u.job.rec.run->moved_to = arena_strdup(&fx.arena, "done/\xff.py.1");
	fx.item[0].u.job.rec.ident = (struct ident){ 1, 2, 3, 4, 5, 7, 6, 7, 1 };
	commit();
	ck_assert_str_eq(old_of(10000, .limit = 1), "1");
	const struct job_rec *rec = &q.item[0].u.old.row[0].rec;
	ck_assert_str_eq(rec->run->moved_to, "done/\xff.py.1");
	ck_assert_str_eq(rec->run->files, "[{\"name\":\"a.py.out\"}]");
	ck_assert_int_eq(rec->ident.mtime_ns, 4);
	ck_assert(!rec->live && rec->state == JOB_DONE);
}
END_TEST

static void forget(uint64_t id)
{
	effects_add(&fx, FX_ROW_FORGET)->u.forget = id;
}

START_TEST(forgotten_it_is_nowhere)
{
	fill_old();
	forget(5);
	forget(1);
	forget(77); /* there is none */
	commit();
	ck_assert_str_eq(old_of(10000, .limit = 0), "2* 3 4 6");
	ck_assert_str_eq(ask_for(.job = 5), "");
	ck_assert_str_eq(ask_for(.job = 0), "9 7 6 4 3 2");
	ck_assert_str_eq(ask_for(.ends = true), "2 3 4 6 7 9");
	ck_assert_str_eq(ask_for(.ends = true, .after = 4), "6 7 9");
	forget(1); /* again does no harm */
	forget(9);
	commit();
}
END_TEST

/* Whatever is asked: these rows are how files are known. */
START_TEST(only_history_is_forgotten)
{
	fill_old();
	forget(7);
	forget(8);
	commit();
	ck_assert_str_eq(ask_for(.job = 7), "7");
	ck_assert_str_eq(ask_for(.job = 8), "8");
	ck_assert_str_eq(ask_for(.ends = true, .after = 6), "7 9");
}
END_TEST

/* The highest ids are remembered apart from the rows, and so are the places among the ends. */
START_TEST(forgotten_numbers_are_not_given_again)
{
	uint64_t job;
	uint64_t session;
	past(1, "a.py", NULL);
	past(2, "a.py", NULL);
	commit();
	forget(1);
	forget(2);
	commit();
	ledger_close(l);
	open_ledger();
	ledger_last_ids(l, &job, &session);
	ck_assert_uint_eq(job, 2);
	ck_assert_str_eq(ask_for(.ends = true, .last = true), "");
	row(3, 0, "b.py", 7, STATUS_OK);
	commit();
	ck_assert_str_eq(ask_for(.ends = true, .after = 2), "3");
	ck_assert_uint_eq(q.item[0].u.history.row[0].ended, 3);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("ledgerhistory");
	TCase *t = tcase_create("ledgerhistory");
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, filters);
	tcase_add_test(t, one);
	tcase_add_test(t, a_spool_of_the_past);
	tcase_add_test(t, the_order_of_ends);
	tcase_add_test(t, one_end_each);
	tcase_add_test(t, nothing_yet);
	tcase_add_test(t, the_old_in_their_order);
	tcase_add_test(t, the_old_before_one_that_is_staged);
	tcase_add_test(t, the_old_of_one_time);
	tcase_add_test(t, the_old_with_all_that_is_known);
	tcase_add_test(t, forgotten_it_is_nowhere);
	tcase_add_test(t, only_history_is_forgotten);
	tcase_add_test(t, forgotten_numbers_are_not_given_again);
	suite_add_tcase(s, t);
	return help_run(s);
}
