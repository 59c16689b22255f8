/* test_errand: what a session's runner is told next, and when. */
#include "help.h"

#include "core/errand.h"
#include "core/sched.h"
#include "core/terms.h"
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NOW_MS INT64_C(1000000)
#define MEGABYTE (1u << 20)
#define BYTES(s) ((struct bytes){ (s), strlen(s) })

static struct conf_endpoint endpoint;
static struct conf_pool pool;
static struct conf_spool spool;
static struct conf conf;
static struct core *c;
static struct effects fx;
static struct session *s;
static struct call *call;
static json_t *told;

static void setup(void)
{
	const uint64_t seed[2] = { 1, 2 };
	endpoint = (struct conf_endpoint){ .name = (char *)"livy", .answer_bytes_max = 64 << 20 };
	pool = (struct conf_pool){ .name = (char *)"main", .slots = 8, .spare = 1 };
	spool = (struct conf_spool){ .name = (char *)"in",
		.python = STYLE_SCRIPT,
		.sql = STYLE_SCRIPT,
		.timeout_ms = CONF_NEVER,
		.allow = ~0u,
		.output_bytes_max = 11,
		.rows_max = 12,
		.files_bytes_max = 13,
		.files_count_max = 14 };
	conf = (struct conf){ .endpoint = &endpoint,
		.endpoint_count = 1,
		.pool = &pool,
		.pool_count = 1,
		.spool = &spool,
		.spool_count = 1,
		.runner_code = (char *)"# runner\n",
		.runner_code_bytes = 9 };
	const struct session_rec rec = { .id = 1,
		.kind = KIND_RUNNER,
		.state = SESSION_BUSY,
		.owner = -1,
		.name = xstrdup("s") };
	effects_init(&fx);
	c = core_new(&conf, "0123abcd", seed, 0, 0);
	c->fx = &fx;
	c->now = (struct now){ NOW_MS, NOW_MS };
	s = session_new(&c->sessions, &rec, 0);
	call = session_add_call(s, 1, CALL_RUNNER, NOW_MS);
	(void)snprintf(call->token, sizeof(call->token), "%032x", 77u);
	told = NULL;
}

static void teardown(void)
{
	json_decref(told);
	core_free(c);
	effects_fini(&fx);
}

/* A file in the session, its id made of its number. */
static struct script *load_as(const char *name, enum kind kind, size_t code_bytes)
{
	const struct ident ident = { .nlink = 1 };
	struct job *job = job_new(&c->jobs, 0, name, kind, &ident);
	char *code = xcalloc(code_bytes + 1, 1);
	job_number(&c->jobs, job, s->run_count + 1);
	job_move(&c->jobs, job, JOB_QUEUED);
	job_move(&c->jobs, job, JOB_READING);
	job_move(&c->jobs, job, JOB_SENDING);
	memset(code, 'x', code_bytes);
	job_begin_run(job)->script = true;
	(void)snprintf(job->r.run->token, TOKEN_TEXT_LEN, "%032x", (unsigned)s->run_count);
	job_set_code(job, (struct bytes){ code, code_bytes });
	free(code);
	job->script = script_new(NOW_MS);
	session_load(s, job->r.id);
	return job->script;
}

static struct script *load(enum script_phase phase)
{
	char name[32];
	(void)snprintf(name, sizeof(name), "a%u.py", s->run_count);
	struct script *sc = load_as(name, KIND_PYSPARK, 10);
	sc->phase = phase;
	return sc;
}

static struct job *job_at(unsigned place)
{
	return job_by_id(&c->jobs, s->run[place]);
}

/* Makes the call's code, and reads it. */
static void tell(void)
{
	json_decref(told);
	struct bytes code = errand_code(c, s, call);
	ck_assert_int_eq(strncmp(code.p, "_sparkspool_call('", 18), 0);
	told = json_loadb(code.p + 18, code.n - 20, 0, NULL);
	ck_assert_msg(json_is_object(told), "%.200s", code.p);
}

static size_t count(const char *part)
{
	return json_array_size(json_object_get(told, part));
}

static const char *id_of(const char *part, size_t i)
{
	const json_t *o = json_array_get(json_object_get(told, part), i);
	const char *id = json_string_value(json_is_object(o) ? json_object_get(o, "id") : o);
	ck_assert_ptr_nonnull(id);
	return id;
}

static unsigned place_of(const char *part, size_t i)
{
	return (unsigned)strtoul(id_of(part, i), NULL, 16);
}

static int64_t number(const json_t *o, const char *key)
{
	ck_assert_msg(json_is_integer(json_object_get(o, key)), "no number %s", key);
	return (int64_t)json_integer_value(json_object_get(o, key));
}

/* ---- when ------------------------------------------------------------------------------------- */

START_TEST(nothing_to_tell)
{
	ck_assert_int_eq(errand_due_ms(c, s), INT64_MAX);
	load(SCRIPT_KEPT)->due_ms = 5; /* its end is being committed */
	load(SCRIPT_START)->due_ms = 6;
	script_free(job_at(1)->script);
	job_at(1)->script = NULL; /* it is only being read */
	ck_assert_ptr_null(errand_job(c, s, 0));
	ck_assert_ptr_null(errand_job(c, s, 1));
	ck_assert_int_eq(errand_due_ms(c, s), INT64_MAX);
	tell();
	ck_assert_uint_eq(count("poll") + count("start") + count("bar") + count("ack"), 0);
}
END_TEST

START_TEST(the_earliest_of_all)
{
	load(SCRIPT_RUN)->due_ms = NOW_MS + 300;
	load(SCRIPT_FETCH)->due_ms = NOW_MS + 200;
	struct script *sc = load(SCRIPT_RUN);
	sc->due_ms = NOW_MS - 100;
	ck_assert_ptr_eq(errand_job(c, s, 2), job_at(2));
	ck_assert_int_eq(errand_due_ms(c, s), NOW_MS - 100);
	sc->part[1].busy = true; /* it waits for the disk */
	ck_assert_int_eq(errand_due_ms(c, s), NOW_MS + 200);
	session_add_ack(s, "aa", NOW_MS + 150);
	session_add_ack(s, "bb", NOW_MS + 10);
	ck_assert_int_eq(errand_due_ms(c, s), NOW_MS + 150);
	s->pause_ms = NOW_MS + 5000;
	ck_assert_int_eq(errand_due_ms(c, s), NOW_MS + 5000);
}
END_TEST

/* ---- what ------------------------------------------------------------------------------------- */

START_TEST(the_boot_brings_the_code)
{
	call->what = CALL_BOOT;
	struct bytes code = errand_code(c, s, call);
	ck_assert_int_eq(strncmp(code.p, "# runner\n_sparkspool_boot('", 27), 0);
	ck_assert_ptr_nonnull(strstr(code.p, "\"slots\":8"));
	conf.runner_code = NULL; /* no spool needs it any more: one that stands answers as before */
	conf.runner_code_bytes = 0;
	code = errand_code(c, s, call);
	ck_assert_int_eq(strncmp(code.p, "_sparkspool_boot('", 18), 0);
}
END_TEST

static const struct {
	enum script_phase phase;
	bool start, bar;
} phases[] = {
	{ SCRIPT_START, true, false },
	{ SCRIPT_BAR, false, true },
	{ SCRIPT_RUN, false, false },
	{ SCRIPT_FETCH, false, false },
};

START_TEST(each_phase_has_its_part)
{
	struct script *sc = load(phases[_i].phase);
	tell();
	ck_assert_uint_eq(count("start"), phases[_i].start);
	ck_assert_uint_eq(count("bar"), phases[_i].bar);
	ck_assert_uint_eq(count("poll"), 1);
	ck_assert_str_eq(id_of("poll", 0), job_at(0)->r.run->token);
	if (phases[_i].start)
		ck_assert_str_eq(id_of("start", 0), job_at(0)->r.run->token);
	if (phases[_i].bar)
		ck_assert_str_eq(id_of("bar", 0), job_at(0)->r.run->token);
	ck_assert(sc->asked);
	ck_assert_str_eq(json_string_value(json_object_get(told, "tag")), call->token);
}
END_TEST

START_TEST(what_a_start_says)
{
	struct conf_pair env[] = { { (char *)"A", (char *)"b" } };
	spool.env = env;
	spool.env_count = 1;
	spool.timeout_ms = 60000;
	load_as("a.sql", KIND_SQL, 3);
	tell();
	const json_t *start = json_array_get(json_object_get(told, "start"), 0);
	const json_t *limits = json_object_get(start, "limits");
	ck_assert_str_eq(json_string_value(json_object_get(start, "kind")), "sql");
	ck_assert_str_eq(json_string_value(json_object_get(start, "style")), "script");
	ck_assert_str_eq(json_string_value(json_object_get(start, "name")), "a.sql");
	ck_assert_str_eq(json_string_value(json_object_get(start, "label")), "in/a.sql");
	ck_assert_str_eq(json_string_value(json_object_get(start, "code")), "eHh4");
	ck_assert_uint_eq(json_array_size(json_object_get(start, "args")), 0);
	ck_assert_str_eq(
	    json_string_value(json_object_get(json_object_get(start, "env"), "A")), "b");
	ck_assert_int_eq(number(limits, "time_ms"), 60000);
	ck_assert_int_eq(number(limits, "out_bytes"), 11);
	ck_assert_int_eq(number(limits, "rows"), 12);
	ck_assert_int_eq(number(limits, "files_bytes"), 13);
	ck_assert_int_eq(number(limits, "files_count"), 14);
}
END_TEST

START_TEST(its_own_name_and_no_limit)
{
	load(SCRIPT_START);
	ck_assert_ptr_null(terms_read(
	    c, job_at(0), BYTES("# sparkspool: name=nightly style=notebook args='x y'\n1")));
	tell();
	const json_t *start = json_array_get(json_object_get(told, "start"), 0);
	ck_assert_str_eq(json_string_value(json_object_get(start, "label")), "nightly");
	ck_assert_uint_eq(json_array_size(json_object_get(start, "args")), 2);
	ck_assert_str_eq(json_string_value(json_object_get(start, "style")), "notebook");
	ck_assert_str_eq(json_string_value(json_object_get(start, "kind")), "python");
	ck_assert_int_eq(number(json_object_get(start, "limits"), "time_ms"), 0);
	ck_assert_ptr_null(json_object_get(start, "modules"));
}
END_TEST

/* They are only put where they are missing. */
START_TEST(helper_modules)
{
	struct script *sc = load(SCRIPT_START);
	sc->modules = xstrdup("[{\"name\":\"h.py\",\"data\":\"cA==\"}]");
	sc->modules_hash = xstrdup("abcd");
	tell();
	const json_t *start = json_array_get(json_object_get(told, "start"), 0);
	ck_assert_str_eq(json_string_value(json_object_get(start, "modules")), "abcd");
	ck_assert_uint_eq(count("put"), 0);
	sc->put = true;
	tell();
	ck_assert_uint_eq(count("put"), 1);
	const json_t *put = json_array_get(json_object_get(told, "put"), 0);
	ck_assert_str_eq(json_string_value(json_object_get(put, "hash")), "abcd");
}
END_TEST

/* ---- how much ----------------------------------------------------------------------------------- */

static void load_sizes(const size_t *megabytes, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		char name[32];
		(void)snprintf(name, sizeof(name), "b%zu.py", i);
		load_as(name, KIND_PYSPARK, megabytes[i] * MEGABYTE);
	}
}

START_TEST(as_many_files_as_fit)
{
	static const size_t megabytes[] = { 5, 2, 3, 1 };
	load_sizes(megabytes, ARRAY_LEN(megabytes));
	load(SCRIPT_RUN);
	tell();
	ck_assert_uint_eq(count("start"), 3); /* 5, 2 and 1 */
	ck_assert_uint_eq(place_of("start", 2), 3);
	ck_assert_uint_eq(count("poll"), 4);
	ck_assert(!job_at(2)->script->asked); /* the next call takes it */
	for (unsigned i = 0; i < s->run_count; i++)
		if (job_at(i)->script->asked && i < 4)
			job_at(i)->script->phase = SCRIPT_RUN;
	tell();
	ck_assert_uint_eq(count("start"), 1);
	ck_assert_uint_eq(place_of("start", 0), 2);
}
END_TEST

START_TEST(one_that_is_too_large_goes_alone)
{
	static const size_t megabytes[] = { 13, 1 };
	load_sizes(megabytes, ARRAY_LEN(megabytes));
	tell();
	ck_assert_uint_eq(count("start"), 1);
	ck_assert_uint_eq(place_of("start", 0), 0);
}
END_TEST

START_TEST(some_of_many_acknowledgements)
{
	char id[TOKEN_TEXT_LEN];
	for (unsigned i = 0; i < 500; i++) {
		(void)snprintf(id, sizeof(id), "%032x", i);
		session_add_ack(s, id, NOW_MS);
	}
	tell();
	ck_assert_uint_eq(count("ack"), 200);
	ck_assert_int_eq(call->at, 200);
	ck_assert_uint_eq(place_of("ack", 199), 199);
	session_drop_acks(s, 200);
	tell();
	ck_assert_uint_eq(place_of("ack", 0), 200);
	session_drop_acks(s, 200);
	tell();
	ck_assert_uint_eq(count("ack"), 100);
	ck_assert_int_eq(call->at, 100);
}
END_TEST

static const struct {
	int64_t answer_bytes_max;
	bool list_only;
	int64_t data_bytes_max;
} budgets[] = {
	{ 64 << 20, false, 512 << 10 },
	{ 1 << 20, false, 256 << 10 },
	{ 64 << 20, true, (64 << 20) / 400 },
	{ 1 << 20, true, (1 << 20) / 400 },
};

/* Where there is only a list, a hundred answers come at once. */
START_TEST(what_an_answer_may_carry)
{
	endpoint.answer_bytes_max = budgets[_i].answer_bytes_max;
	c->endpoint[0]->dialect.list_only = budgets[_i].list_only;
	tell();
	ck_assert_int_eq(number(told, "data_bytes_max"), budgets[_i].data_bytes_max);
}
END_TEST

static const struct {
	enum script_phase phase;
	int64_t age_ms;
	int slots;
	int64_t wait_ms;
} waits[] = {
	{ SCRIPT_START, 0, 3, 300 },
	{ SCRIPT_START, 60000, 3, 300 },
	{ SCRIPT_RUN, 0, 3, 300 },
	{ SCRIPT_RUN, 1199, 3, 300 },
	{ SCRIPT_RUN, 1200, 3, 0 },
	{ SCRIPT_FETCH, 60000, 3, 0 },
	{ SCRIPT_START, 0, 4, 200 },
	{ SCRIPT_RUN, 1199, 4, 100 },
	{ SCRIPT_RUN, 1200, 4, 0 },
};

/* Short files are worth a wait in the call that starts them; long ones are not. While there is a place
 * for another file, that one should not wait long for the call. */
START_TEST(how_long_a_call_waits)
{
	pool.slots = waits[_i].slots;
	struct script *sc = load(waits[_i].phase);
	(void)load(SCRIPT_RUN);
	(void)load(SCRIPT_RUN);
	for (unsigned i = 1; i < 3; i++)
		job_at(i)->script->since_ms = 0;
	sc->since_ms = NOW_MS - waits[_i].age_ms;
	tell();
	ck_assert_int_eq(number(told, "wait_ms"), waits[_i].wait_ms);
}
END_TEST

/* One whose end is only being written gives its place soon. */
START_TEST(a_place_that_comes)
{
	pool.slots = 2;
	(void)load(SCRIPT_START);
	(void)load(SCRIPT_KEPT);
	tell();
	ck_assert_int_eq(number(told, "wait_ms"), 200);
}
END_TEST

/* ---- whom it speaks of ---------------------------------------------------------------------------- */

/* Runs, one of them as said here, another one due: is the first in the call? */
static const struct {
	enum script_phase phase;
	int64_t due_in_ms;
	int failures;
	int waits;
	bool busy;
	bool asked;
} others[] = {
	{ SCRIPT_RUN, 5000, 0, 0, false, true }, /* a word costs nothing */
	{ SCRIPT_FETCH, 5000, 0, 0, false, true },
	{ SCRIPT_START, 5000, 0, 0, false, false }, /* refused a moment ago: its code does */
	{ SCRIPT_START, 0, 0, 0, false, true },
	{ SCRIPT_RUN, 5000, 1, 0, false,
	    false }, /* its disk is full: a piece would be for nothing */
	{ SCRIPT_RUN, 0, 1, 0, false, true },
	{ SCRIPT_FETCH, 5000, 0, 2, false, false }, /* it was not given */
	{ SCRIPT_FETCH, 0, 0, 2, false, true },
	{ SCRIPT_RUN, 0, 0, 0, true, false }, /* a piece is being written */
};

START_TEST(spoken_of_by_the_way)
{
	struct script *sc = load(others[_i].phase);
	sc->due_ms = NOW_MS + others[_i].due_in_ms;
	sc->failures = others[_i].failures;
	sc->waits = others[_i].waits;
	sc->part[0].busy = others[_i].busy;
	load(SCRIPT_RUN);
	tell();
	ck_assert_uint_eq(count("poll"), others[_i].asked ? 2 : 1);
	ck_assert_int_eq(sc->asked, others[_i].asked);
	ck_assert_uint_eq(count("start"), others[_i].asked && others[_i].phase == SCRIPT_START);
}
END_TEST

/* An answer has place for so much: who got nothing comes first the next time. */
START_TEST(who_waited_comes_first)
{
	for (int i = 0; i < 4; i++)
		load(SCRIPT_RUN);
	job_at(2)->script->waits = 1;
	job_at(3)->script->waits = 1;
	tell();
	ck_assert_uint_eq(place_of("poll", 0), 2);
	ck_assert_uint_eq(place_of("poll", 1), 3);
	ck_assert_uint_eq(place_of("poll", 2), 0);
	ck_assert_uint_eq(place_of("poll", 3), 1);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("errand");
	TCase *t = tcase_create("errand");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, nothing_to_tell);
	tcase_add_test(t, the_earliest_of_all);
	tcase_add_test(t, the_boot_brings_the_code);
	tcase_add_loop_test(t, each_phase_has_its_part, 0, ARRAY_LEN(phases));
	tcase_add_test(t, what_a_start_says);
	tcase_add_test(t, its_own_name_and_no_limit);
	tcase_add_test(t, helper_modules);
	tcase_add_test(t, as_many_files_as_fit);
	tcase_add_test(t, one_that_is_too_large_goes_alone);
	tcase_add_test(t, some_of_many_acknowledgements);
	tcase_add_loop_test(t, what_an_answer_may_carry, 0, ARRAY_LEN(budgets));
	tcase_add_loop_test(t, how_long_a_call_waits, 0, ARRAY_LEN(waits));
	tcase_add_test(t, a_place_that_comes);
	tcase_add_loop_test(t, spoken_of_by_the_way, 0, ARRAY_LEN(others));
	tcase_add_test(t, who_waited_comes_first);
	suite_add_tcase(suite, t);
	return help_run(suite);
}
