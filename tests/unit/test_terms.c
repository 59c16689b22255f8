/* test_terms: on what terms a file runs, and which sessions a pool is to keep for such files. */
#include "help.h"

#include "core/sched.h"
#include "core/terms.h"
#include <stdlib.h>
#include <string.h>

#define HOUR INT64_C(3600000)

static struct conf_endpoint endpoint;
static struct conf_pool pool[3];
static struct conf_spool spool[2];
static struct conf conf;
static struct core *c;
static struct effects fx;
static struct job *job;

static void setup(void)
{
	const uint64_t seed[2] = { 1, 2 };
	endpoint = (struct conf_endpoint){ .name = (char *)"livy" };
	for (size_t i = 0; i < ARRAY_LEN(pool); i++)
		pool[i] = (struct conf_pool){ .name = (char *)(i == 0	? "main"
							       : i == 1 ? "big"
									: "odd") };
	for (size_t i = 0; i < ARRAY_LEN(spool); i++)
		spool[i] = (struct conf_spool){ .name = (char *)(i == 0 ? "in" : "more"),
			.timeout_ms = HOUR,
			.python = STYLE_SCRIPT,
			.sql = STYLE_SCRIPT,
			.allow = ~0u,
			.priority_max = 100 };
	conf = (struct conf){ .endpoint = &endpoint,
		.endpoint_count = 1,
		.pool = pool,
		.pool_count = ARRAY_LEN(pool),
		.spool = spool,
		.spool_count = ARRAY_LEN(spool),
		.runner_code = (char *)"#\n",
		.runner_code_bytes = 2 };
	effects_init(&fx);
	c = core_new(&conf, "0123abcd", seed, 0, 0);
	c->fx = &fx;
	job = NULL;
}

static void teardown(void)
{
	core_free(c);
	effects_fini(&fx);
}

static struct job *file(enum kind kind)
{
	const struct ident ident = { .uid = 1000, .nlink = 1 };
	job = job_new(&c->jobs, 0, "a.py", kind, &ident);
	return job;
}

static const char *reads(const char *code)
{
	return terms_read(c, job, (struct bytes){ code, strlen(code) });
}

/* ---- one file -------------------------------------------------------------------------------- */

static const struct {
	enum kind file;
	enum conf_style python, sql;
	enum kind session;
	enum conf_style style;
} kinds[] = {
	{ KIND_PYSPARK, STYLE_SCRIPT, STYLE_RAW, KIND_RUNNER, STYLE_SCRIPT },
	{ KIND_PYSPARK, STYLE_NOTEBOOK, STYLE_RAW, KIND_RUNNER, STYLE_NOTEBOOK },
	{ KIND_PYSPARK, STYLE_RAW, STYLE_SCRIPT, KIND_PYSPARK, STYLE_RAW },
	{ KIND_SQL, STYLE_RAW, STYLE_SCRIPT, KIND_RUNNER, STYLE_SCRIPT },
	{ KIND_SQL, STYLE_SCRIPT, STYLE_RAW, KIND_SQL, STYLE_RAW },
	{ KIND_SPARK, STYLE_SCRIPT, STYLE_SCRIPT, KIND_SPARK, STYLE_RAW },
	{ KIND_SPARKR, STYLE_SCRIPT, STYLE_SCRIPT, KIND_SPARKR, STYLE_RAW },
};

START_TEST(whose_session)
{
	spool[0].python = kinds[_i].python;
	spool[0].sql = kinds[_i].sql;
	const struct terms t = terms_of(c, file(kinds[_i].file));
	ck_assert_int_eq(t.kind, kinds[_i].session);
	ck_assert_int_eq(t.d.style, kinds[_i].style);
	ck_assert_uint_eq(t.d.pool, 0);
	ck_assert_int_eq(t.d.timeout_ms, HOUR);
	ck_assert(!t.fresh);
	ck_assert_int_eq(t.owner, 1000);
}
END_TEST

START_TEST(owners_who_share)
{
	pool[0].owners = OWNERS_SHARED;
	ck_assert_int_eq(terms_of(c, file(KIND_PYSPARK)).owner, -1);
	ck_assert_ptr_null(reads("# sparkspool: pool=big\n1\n"));
	ck_assert_int_eq(terms_of(c, job).owner, 1000);
}
END_TEST

static const struct {
	enum conf_isolation pool;
	const char *code;
	bool fresh;
} isolations[] = {
	{ ISOLATION_SHARED, "1", false },
	{ ISOLATION_SHARED, "# sparkspool: isolation=fresh\n1", true },
	{ ISOLATION_SHARED, "# sparkspool: isolation=shared\n1", false },
	{ ISOLATION_FRESH, "1", true },
	{ ISOLATION_FRESH, "# sparkspool: isolation=fresh\n1", true },
};

START_TEST(a_session_for_itself)
{
	pool[0].isolation = isolations[_i].pool;
	file(KIND_PYSPARK);
	ck_assert_int_eq(terms_of(c, job).fresh, isolations[_i].pool == ISOLATION_FRESH);
	ck_assert_ptr_null(reads(isolations[_i].code));
	ck_assert_int_eq(terms_of(c, job).fresh, isolations[_i].fresh);
}
END_TEST

START_TEST(its_own_words)
{
	file(KIND_PYSPARK);
	ck_assert_ptr_null(reads("# sparkspool: timeout=10m pool=big name=nightly args='a b'\n"
				 "# sparkspool: on_unknown=rerun style=notebook priority=5\n1\n"));
	const struct terms t = terms_of(c, job);
	ck_assert_uint_eq(t.d.pool, 1);
	ck_assert_int_eq(t.d.timeout_ms, 600000);
	ck_assert_int_eq(t.d.style, STYLE_NOTEBOOK);
	ck_assert_int_eq(t.d.on_unknown, ON_UNKNOWN_RERUN);
	ck_assert_int_eq(t.d.priority, 5);
	ck_assert_str_eq(t.d.name, "nightly");
	ck_assert_uint_eq(t.d.arg_count, 2);
	ck_assert_str_eq(t.d.args[1], "b");
	ck_assert_int_eq(t.kind, KIND_RUNNER);
	/* Read again, it has said what it says now. */
	ck_assert_ptr_null(reads("# sparkspool: style=raw\n1\n"));
	const struct terms now = terms_of(c, job);
	ck_assert_int_eq(now.kind, KIND_PYSPARK);
	ck_assert_int_eq(now.d.timeout_ms, HOUR);
	ck_assert_ptr_null(now.d.name);
	ck_assert_uint_eq(now.d.pool, 0);
}
END_TEST

static const struct {
	const char *code;
	const char *why;
} refused[] = {
	{ "# sparkspool: nonsense=1\n1", "nonsense" },
	{ "# sparkspool: timeout=2h\n1", "spool.in.timeout" },
	{ "# sparkspool: pool=none\n1", "no pool of that name" },
	{ "# sparkspool: style=raw args=x\n1", "raw" },
	{ "# sparkspool: timeout=never\n1", "timeout" },
};

START_TEST(what_is_refused)
{
	file(KIND_PYSPARK);
	const char *why = reads(refused[_i].code);
	ck_assert_ptr_nonnull(why);
	ck_assert_msg(strstr(why, refused[_i].why) != NULL, "%s", why);
	ck_assert_msg(strstr(why, "line 1") != NULL, "%s", why);
	/* And until it is rejected its spool decides. */
	ck_assert_int_eq(terms_of(c, job).d.timeout_ms, HOUR);
	ck_assert_uint_eq(terms_of(c, job).d.pool, 0);
}
END_TEST

/* ---- a reload while it runs ---------------------------------------------------------------------- */

static void allow_nothing(void)
{
	spool[0].allow = 0;
}

static void serve_nothing(void)
{
	for (int i = 0; i < KIND_COUNT; i++)
		pool[0].warm[i] = -1;
}

static void bring_no_runner(void)
{
	conf.runner_code = NULL;
}

static void be_stricter(void)
{
	spool[0].timeout_ms = 60000;
}

static const struct {
	void (*reload)(void);
	int64_t timeout_ms;
} reloads[] = {
	{ allow_nothing, HOUR },
	{ serve_nothing, HOUR },
	{ bring_no_runner, HOUR },
	{ be_stricter, 60000 },
};

/* Whatever it is not allowed any more: it has a pool and a time limit, those of its spool. */
START_TEST(a_reload_takes_no_limit_away)
{
	file(KIND_PYSPARK);
	ck_assert_ptr_null(reads("# sparkspool: timeout=10m\n1\n"));
	reloads[_i].reload();
	const struct terms t = terms_of(c, job);
	ck_assert_uint_eq(t.d.pool, 0);
	ck_assert_int_eq(t.owner, 1000);
	ck_assert(t.d.timeout_ms == reloads[_i].timeout_ms || t.d.timeout_ms == 600000);
}
END_TEST

static void take_the_pool(void)
{
	pool[1].removed = true;
}

static void leave_nothing(void)
{
	allow_nothing();
	serve_nothing();
}

static void (*const later[])(void) = { allow_nothing, take_the_pool, leave_nothing };

/* It was read, and may be on its way: it is not run as another program than it was read as. */
START_TEST(a_reload_takes_no_argument_away)
{
	file(KIND_PYSPARK);
	ck_assert_ptr_null(reads("# sparkspool: pool=big style=notebook args='a b'\n1\n"));
	later[_i]();
	const struct terms t = terms_of(c, job);
	ck_assert_uint_eq(t.d.arg_count, 2);
	ck_assert_str_eq(t.d.args[1], "b");
	ck_assert_int_eq(t.d.style, STYLE_NOTEBOOK);
}
END_TEST

/* ---- sessions ------------------------------------------------------------------------------------ */

static const struct {
	size_t pool;
	enum kind kind;
	bool fresh;
	bool wanted; /* fresh */
	bool met;
} meetings[] = {
	{ 0, KIND_RUNNER, false, false, true },
	{ 0, KIND_RUNNER, true, true, true },
	{ 0, KIND_RUNNER, true, false, true },
	{ 0, KIND_RUNNER, false, true, false },
	{ 1, KIND_RUNNER, false, false, false },
	{ 0, KIND_PYSPARK, false, false, false },
};

START_TEST(met_by_which_session)
{
	const struct session s = { .r = { .pool = meetings[_i].pool, .kind = meetings[_i].kind },
		.fresh = meetings[_i].fresh };
	const struct terms t = {
		.d = { .pool = 0 }, .kind = KIND_RUNNER, .fresh = meetings[_i].wanted
	};
	ck_assert_int_eq(terms_met(&s, &t), meetings[_i].met);
}
END_TEST

/* warm of python, scala, sql and R; the styles of the pool's spool; for sessions of those kinds and the
 * runner's. */
static const struct {
	int warm[KIND_COUNT];
	enum conf_style python, sql;
	int expected[KIND_SESSIONS];
} warm[] = {
	{ { 2, 1, 3, 0 }, STYLE_SCRIPT, STYLE_SCRIPT, { 0, 1, 0, 0, 3 } },
	{ { 2, 1, 3, 0 }, STYLE_RAW, STYLE_RAW, { 2, 1, 3, 0, 0 } },
	{ { 2, 1, 3, 0 }, STYLE_SCRIPT, STYLE_RAW, { 0, 1, 3, 0, 2 } },
	{ { 2, 1, 3, 0 }, STYLE_RAW, STYLE_NOTEBOOK, { 2, 1, 0, 0, 3 } },
	{ { 0, 0, 0, 0 }, STYLE_SCRIPT, STYLE_SCRIPT, { 0, 0, 0, 0, 0 } },
	{ { -1, 4, -1, -1 }, STYLE_SCRIPT, STYLE_SCRIPT, { -1, 4, -1, -1, -1 } },
	{ { -1, -1, 5, -1 }, STYLE_SCRIPT, STYLE_SCRIPT, { -1, -1, 0, -1, 5 } },
	{ { 6, -1, -1, -1 }, STYLE_SCRIPT, STYLE_SCRIPT, { 0, -1, -1, -1, 6 } },
};

START_TEST(how_many_are_kept)
{
	memcpy(pool[0].warm, warm[_i].warm, sizeof(pool[0].warm));
	spool[0].python = warm[_i].python;
	spool[0].sql = warm[_i].sql;
	spool[1].removed = true;
	for (int k = 0; k < KIND_SESSIONS; k++)
		ck_assert_msg(terms_warm(c, 0, (enum kind)k) == warm[_i].expected[k], "kind %d: %d",
		    k, terms_warm(c, 0, (enum kind)k));
}
END_TEST

/* Two spools of one pool may want both. */
START_TEST(kept_for_either_spool)
{
	pool[0].warm[KIND_PYSPARK] = 2;
	spool[1].python = STYLE_RAW;
	ck_assert_int_eq(terms_warm(c, 0, KIND_RUNNER), 2);
	ck_assert_int_eq(terms_warm(c, 0, KIND_PYSPARK), 2);
	spool[1].pool = 1;
	ck_assert_int_eq(terms_warm(c, 0, KIND_PYSPARK), 0);
}
END_TEST

/* A pool that is only named in files: they are most likely scripts, if there is a runner at all. */
START_TEST(kept_for_those_who_name_it)
{
	pool[2].warm[KIND_PYSPARK] = 2;
	ck_assert_int_eq(terms_warm(c, 2, KIND_RUNNER), 2);
	ck_assert_int_eq(terms_warm(c, 2, KIND_PYSPARK), 0);
	conf.runner_code = NULL;
	ck_assert_int_eq(terms_warm(c, 2, KIND_PYSPARK), 2);
	ck_assert_int_eq(terms_warm(c, 2, KIND_RUNNER), 0);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("terms");
	TCase *t = tcase_create("terms");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_loop_test(t, whose_session, 0, ARRAY_LEN(kinds));
	tcase_add_test(t, owners_who_share);
	tcase_add_loop_test(t, a_session_for_itself, 0, ARRAY_LEN(isolations));
	tcase_add_test(t, its_own_words);
	tcase_add_loop_test(t, what_is_refused, 0, ARRAY_LEN(refused));
	tcase_add_loop_test(t, a_reload_takes_no_limit_away, 0, ARRAY_LEN(reloads));
	tcase_add_loop_test(t, a_reload_takes_no_argument_away, 0, ARRAY_LEN(later));
	tcase_add_loop_test(t, met_by_which_session, 0, ARRAY_LEN(meetings));
	tcase_add_loop_test(t, how_many_are_kept, 0, ARRAY_LEN(warm));
	tcase_add_test(t, kept_for_either_spool);
	tcase_add_test(t, kept_for_those_who_name_it);
	suite_add_tcase(s, t);
	return help_run(s);
}
