/* test_job: the table of files, their moves, and when two files are the same. */
#include "help.h"

#include "core/job.h"
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct jobs jobs;
static struct heap timers;

static void setup(void)
{
	timers_init(&timers);
	jobs_init(&jobs);
}

static void teardown(void)
{
	jobs_fini(&jobs, &timers);
	ck_assert_uint_eq(timers.len, 0);
	heap_fini(&timers);
}

static struct job *new_job(size_t spool, const char *name)
{
	const struct ident ident = { .ino = 1, .nlink = 1 };
	return job_new(&jobs, spool, name, KIND_SQL, &ident);
}

static struct job *job_in(enum job_state state)
{
	struct job *job = new_job(0, "a.sql");
	job_number(&jobs, job, 1);
	jobs.in_state[job->r.state]--;
	job->r.state = state;
	jobs.in_state[state]++;
	return job;
}

/* ---- the table ------------------------------------------------------------------------------ */

START_TEST(found_by_spool_and_name)
{
	struct job *a = new_job(0, "a.sql");
	struct job *b = new_job(0, "b.sql");
	struct job *other = new_job(1, "a.sql");

	ck_assert_ptr_eq(job_find(&jobs, 0, "a.sql"), a);
	ck_assert_ptr_eq(job_find(&jobs, 0, "b.sql"), b);
	ck_assert_ptr_eq(job_find(&jobs, 1, "a.sql"), other);
	ck_assert_ptr_null(job_find(&jobs, 1, "b.sql"));
	ck_assert_ptr_null(job_find(&jobs, 0, "a"));
	ck_assert_uint_eq(jobs.count, 3);
	ck_assert_uint_eq(jobs.in_state[JOB_SETTLING], 3);
}
END_TEST

START_TEST(found_by_number_once_it_has_one)
{
	struct job *a = new_job(0, "a.sql");

	ck_assert_ptr_null(job_by_id(&jobs, 0));
	job_number(&jobs, a, 7);
	ck_assert_ptr_eq(job_by_id(&jobs, 7), a);
	ck_assert_ptr_null(job_by_id(&jobs, 8));
}
END_TEST

START_TEST(freed_is_found_no_more)
{
	struct job *a = new_job(0, "a.sql");
	struct job *b = new_job(0, "b.sql");

	job_number(&jobs, a, 1);
	timer_set(&timers, &a->timer, 5);
	a->marker = xcalloc(1, sizeof(*a->marker));
	job_free(&jobs, &timers, a);
	ck_assert_ptr_null(job_find(&jobs, 0, "a.sql"));
	ck_assert_ptr_null(job_by_id(&jobs, 1));
	ck_assert_uint_eq(timers.len, 0);
	ck_assert_uint_eq(jobs.count, 1);
	ck_assert_ptr_eq(TAILQ_FIRST(&jobs.all), b);
}
END_TEST

START_TEST(many)
{
	char name[32];

	for (uint64_t i = 1; i <= 2000; i++) {
		snprintf(name, sizeof(name), "%llu.sql", (unsigned long long)(i * 7919 % 2003));
		job_number(&jobs, new_job(0, name), i);
	}
	for (uint64_t i = 1; i <= 2000; i++) {
		snprintf(name, sizeof(name), "%llu.sql", (unsigned long long)(i * 7919 % 2003));
		ck_assert_uint_eq(job_find(&jobs, 0, name)->r.id, i);
		ck_assert_str_eq(job_by_id(&jobs, i)->r.name, name);
	}
}
END_TEST

START_TEST(restored_as_it_was)
{
	struct job_rec rec = {
		.id = 9, .spool = 2, .name = xstrdup("r.py"), .state = JOB_RUNNING, .live = true
	};

	rec.run = xcalloc(1, sizeof(*rec.run));
	struct job *job = job_restore(&jobs, &rec);
	ck_assert(job->rowed);
	ck_assert_ptr_eq(job_by_id(&jobs, 9), job);
	ck_assert_ptr_eq(job_find(&jobs, 2, "r.py"), job);
	ck_assert_uint_eq(jobs.in_state[JOB_RUNNING], 1);
	ck_assert(!timer_is_set(&job->timer));
}
END_TEST

START_TEST(history_is_not_restored)
{
	struct job_rec rec = { .id = 9, .name = NULL, .state = JOB_DONE, .live = false };
	job_restore(&jobs, &rec);
}
END_TEST

START_TEST(a_number_is_given_once)
{
	struct job *a = new_job(0, "a.sql");
	job_number(&jobs, a, 1);
	job_number(&jobs, a, 2);
}
END_TEST

START_TEST(two_files_never_share_a_name)
{
	new_job(0, "a.sql");
	new_job(0, "a.sql");
}
END_TEST

START_TEST(two_files_never_share_a_number)
{
	job_number(&jobs, new_job(0, "a.sql"), 1);
	job_number(&jobs, new_job(0, "b.sql"), 1);
}
END_TEST

/* ---- moves ---------------------------------------------------------------------------------- */

START_TEST(the_whole_way_is_counted)
{
	static const enum job_state way[] = { JOB_QUEUED, JOB_READING, JOB_SENDING, JOB_RUNNING,
		JOB_ANSWERED, JOB_STAGED, JOB_DISPOSING, JOB_DONE };
	struct job *job = new_job(0, "a.sql");
	enum job_state was = JOB_SETTLING;

	job_number(&jobs, job, 1);
	for (size_t i = 0; i < ARRAY_LEN(way); i++) {
		job_move(&jobs, job, way[i]);
		ck_assert_int_eq(job->r.state, way[i]);
		ck_assert_uint_eq(jobs.in_state[was], 0);
		ck_assert_uint_eq(jobs.in_state[way[i]], 1);
		ck_assert_int_eq(job_is_active(job), way[i] != JOB_QUEUED && way[i] != JOB_DONE);
		was = way[i];
	}
}
END_TEST

/* Each is an end of trust or of order: nothing may run twice, or be disposed of unwritten. */
static const struct {
	enum job_state from;
	enum job_state to;
} illegal[] = {
	{ JOB_SETTLING, JOB_READING },
	{ JOB_SETTLING, JOB_SENDING },
	{ JOB_QUEUED, JOB_SENDING },
	{ JOB_QUEUED, JOB_RUNNING },
	{ JOB_QUEUED, JOB_ANSWERED },
	{ JOB_READING, JOB_RUNNING },
	{ JOB_SENDING, JOB_READING },
	{ JOB_SENDING, JOB_SETTLING },
	{ JOB_SENDING, JOB_DONE },
	{ JOB_RUNNING, JOB_SENDING },
	{ JOB_RUNNING, JOB_DONE },
	{ JOB_ANSWERED, JOB_QUEUED },
	{ JOB_ANSWERED, JOB_DONE },
	{ JOB_ANSWERED, JOB_DISPOSING },
	{ JOB_STAGED, JOB_QUEUED },
	{ JOB_DISPOSING, JOB_QUEUED },
	{ JOB_DONE, JOB_QUEUED },
	{ JOB_DONE, JOB_SETTLING },
};

START_TEST(an_illegal_move_is_an_error_of_ours)
{
	job_move(&jobs, job_in(illegal[_i].from), illegal[_i].to);
}
END_TEST

static const struct {
	enum job_state from;
	enum job_state to;
} back[] = {
	{ JOB_QUEUED, JOB_SETTLING },  /* changed */
	{ JOB_QUEUED, JOB_DONE },      /* gone */
	{ JOB_READING, JOB_QUEUED },   /* its session was lost */
	{ JOB_READING, JOB_SETTLING }, /* changed */
	{ JOB_READING, JOB_ANSWERED }, /* rejected with a record */
	{ JOB_READING, JOB_DONE },     /* rejected in silence */
	{ JOB_SENDING, JOB_QUEUED },   /* not accepted */
	{ JOB_SENDING, JOB_ANSWERED }, /* unknown */
	{ JOB_RUNNING, JOB_QUEUED },   /* to be run again */
	{ JOB_STAGED, JOB_DONE },      /* kept */
	{ JOB_STAGED, JOB_ANSWERED },  /* to be written anew */
};

START_TEST(ways_off_the_path)
{
	struct job *job = job_in(back[_i].from);
	job_move(&jobs, job, back[_i].to);
	ck_assert_int_eq(job->r.state, back[_i].to);
}
END_TEST

/* ---- runs ----------------------------------------------------------------------------------- */

START_TEST(a_run_begins_empty_and_ends_with_its_bytes)
{
	struct job *job = new_job(0, "a.sql");
	struct run_rec *run = job_begin_run(job);

	ck_assert_int_eq(run->statement, -1);
	ck_assert(run->recorded);
	ck_assert_int_eq(run->status, STATUS_NONE);
	run->error_name = xstrdup("x");
	job_set_code(job, (struct bytes){ "code", 4 });
	job_set_answer(job, (struct bytes){ "a\0b", 3 });
	ck_assert_uint_eq(job->answer_bytes, 3);
	ck_assert_mem_eq(job->answer, "a\0b", 3);
	job_set_answer(job, (struct bytes){ NULL, 0 });
	ck_assert_ptr_null(job->answer);
	run = job_begin_run(job);
	ck_assert_ptr_null(run->error_name);
	ck_assert_ptr_null(job->code);
	job_drop_run(job);
	ck_assert_ptr_null(job->r.run);
}
END_TEST

START_TEST(when_a_file_is_the_same)
{
	const struct ident a = { 1, 2, 3, 4, 5, 6, 7, 0100644, 1 };
	struct ident b = a;

	ck_assert(ident_same(&a, &b) && !ident_rewritten(&a, &b));
	b.mode = 0100600;
	b.gid = 8;
	ck_assert(ident_same(&a, &b));
	b.ctime_ns++;
	ck_assert(!ident_same(&a, &b) && !ident_rewritten(&a, &b));
	b = a;
	b.ino++;
	ck_assert(!ident_same(&a, &b) && !ident_rewritten(&a, &b));
	b = a;
	b.uid++;
	ck_assert(!ident_same(&a, &b));
	b = a;
	b.size++;
	ck_assert(!ident_same(&a, &b) && ident_rewritten(&a, &b));
	b = a;
	b.mtime_ns--;
	ck_assert(!ident_same(&a, &b) && ident_rewritten(&a, &b));
}
END_TEST

int main(void)
{
	Suite *s = suite_create("job");
	TCase *t = tcase_create("job");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, found_by_spool_and_name);
	tcase_add_test(t, found_by_number_once_it_has_one);
	tcase_add_test(t, freed_is_found_no_more);
	tcase_add_test(t, many);
	tcase_add_test(t, restored_as_it_was);
	tcase_add_test_raise_signal(t, history_is_not_restored, SIGABRT);
	tcase_add_test_raise_signal(t, a_number_is_given_once, SIGABRT);
	tcase_add_test_raise_signal(t, two_files_never_share_a_name, SIGABRT);
	tcase_add_test_raise_signal(t, two_files_never_share_a_number, SIGABRT);
	tcase_add_test(t, the_whole_way_is_counted);
	tcase_add_loop_test_raise_signal(
	    t, an_illegal_move_is_an_error_of_ours, SIGABRT, 0, ARRAY_LEN(illegal));
	tcase_add_loop_test(t, ways_off_the_path, 0, ARRAY_LEN(back));
	tcase_add_test(t, a_run_begins_empty_and_ends_with_its_bytes);
	tcase_add_test(t, when_a_file_is_the_same);
	suite_add_tcase(s, t);
	return help_run(s);
}
