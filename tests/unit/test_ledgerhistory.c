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
	ck_assert_str_eq(ask_of(8, .ends = true, .last = true), "4");
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
	ck_assert_str_eq(ask_for(.ends = true, .last = true), "7");
	ck_assert_uint_eq(q.item[0].u.history.row[0].ended, 6);
}
END_TEST

START_TEST(nothing_yet)
{
	ck_assert_str_eq(ask_for(.job = 0), "");
	ck_assert_str_eq(ask_for(.ends = true), "");
	ck_assert_str_eq(ask_for(.ends = true, .last = true), "");
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
	suite_add_tcase(s, t);
	return help_run(s);
}
