/* test_confload_runner: whose files need the runner, where its code is read, and what is said of
 * it. */
#include "edge/confload.h"
#include "edge/confload_runner.h"
#include "help.h"
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define TEXT_BYTES_MAX (1024 * 1024)
#define CODE "# the runner \xc3\xa9\n"

static char *dir;
static char *file;
static char *runner;
static struct buf errors;

static void setup(void)
{
	dir = help_tmpdir();
	file = help_path(dir, "t.conf");
	runner = help_path(dir, "runner.py");
	help_write_file(runner, CODE, strlen(CODE));
	buf_init(&errors, TEXT_BYTES_MAX);
}

static void teardown(void)
{
	buf_fini(&errors);
	help_rmtree(dir);
	free(runner);
	free(file);
	free(dir);
}

static const char *said(void)
{
	return errors.data == NULL ? "" : errors.data;
}

/* Pool p serves what warm says; the spools are in line 4 and those that follow. */
static void write_conf(const char *warm, const char *spools)
{
	char *text =
	    xasprintf("state_dir = \"/s\";\n"
		      "runner = \"%s\"; endpoint: { e: { url = \"http://127.0.0.1\"; }; };\n"
		      "pool: { p: { warm: { %s }; }; q: { warm: { spark = 0; }; }; };\n"
		      "spool: { %s };\n",
		runner, warm, spools);

	help_write_file(file, text, strlen(text));
	buf_reset(&errors);
	free(text);
}

static struct conf *load(const char *warm, const char *spools)
{
	write_conf(warm, spools);
	return conf_load(file, NULL, &errors);
}

static char *describe(const struct conf *c)
{
	struct buf out;

	buf_init(&out, TEXT_BYTES_MAX);
	conf_describe(c, &out);
	return buf_steal(&out, NULL);
}

/* ---- who needs it ---- */

#define SPOOL "s: { path = \"/x\"; pool = \"p\"; "

static const struct {
	const char *warm;
	const char *spools;
	bool needed;
} needs[] = {
	{ "pyspark = 0;", SPOOL "};", true },
	{ "sql = 0;", SPOOL "};", true },
	{ "pyspark = 0;", SPOOL "python = \"notebook\"; };", true },
	{ "pyspark = 0;", SPOOL "python = \"raw\"; };", false },
	{ "pyspark = 0; sql = 0;", SPOOL "python = \"raw\"; };", true },
	{ "pyspark = 0; sql = 0;", SPOOL "sql = \"raw\"; };", true },
	{ "pyspark = 0; sql = 0;", SPOOL "python = \"raw\"; sql = \"raw\"; };", false },
	{ "sql = 0;", SPOOL "sql = \"raw\"; };", false },
	{ "spark = 0; sparkr = 0;", SPOOL "};", false },
	/* A pool that no spool uses needs nothing, and one spool of many is enough. */
	{ "pyspark = 0;", "s: { path = \"/x\"; pool = \"q\"; };", false },
	{ "pyspark = 0;", "t: { path = \"/y\"; pool = \"q\"; }; " SPOOL "};", true },
};

START_TEST(test_need)
{
	struct conf *c = load(needs[_i].warm, needs[_i].spools);

	ck_assert_msg(c != NULL, "%s", said());
	ck_assert_int_eq(c->runner_code != NULL, needs[_i].needed);
	if (needs[_i].needed) {
		ck_assert_str_eq(c->runner_code, CODE);
		ck_assert_uint_eq(c->runner_code_bytes, strlen(CODE));
	}
	char *text = describe(c);
	ck_assert_int_eq(strstr(text, "no spool needs the runner") == NULL, needs[_i].needed);
	free(text);
	conf_free(c);
}
END_TEST

/* Nobody looks at what nobody needs: there may be no runner at all. */
START_TEST(test_missing_where_it_is_not_needed)
{
	ck_assert_int_eq(unlink(runner), 0);
	struct conf *c = load(needs[_i].warm, needs[_i].spools);
	ck_assert_msg((c == NULL) == needs[_i].needed, "%s", said());
	conf_free(c);
}
END_TEST

/* ---- what is wrong with it ---- */

/* One line, at the setting. */
static void must_refuse(const char *what)
{
	char *expected = xasprintf("%s:2: the runner %s cannot be used: %s; spool 's' needs it: "
				   "install it, set runner to where it is, or set python and sql "
				   "of the spool to \"raw\"\n",
	    file, runner, what);

	ck_assert_ptr_null(load("pyspark = 0;", SPOOL "};"));
	ck_assert_str_eq(said(), expected);
	buf_reset(&errors);
	ck_assert_ptr_null(conf_check(file, &errors));
	ck_assert_str_eq(said(), expected);
	free(expected);
}

static const struct {
	const char *bytes;
	size_t n;
	const char *what; /* NULL: good */
} codes[] = {
	{ "x", 1, NULL },
	{ "\xf0\x9f\x98\x80\n", 5, NULL },
	{ "", 0, "it is empty" },
	{ "a\0b", 3, "it holds a NUL byte" },
	{ "a\xff", 2, "it is not UTF-8" },
	{ "a\xc3", 2, "it is not UTF-8" },
	{ "\xed\xa0\x80", 3, "it is not UTF-8" },
};

START_TEST(test_bytes)
{
	help_write_file(runner, codes[_i].bytes, codes[_i].n);
	if (codes[_i].what != NULL) {
		must_refuse(codes[_i].what);
	} else {
		struct conf *c = load("pyspark = 0;", SPOOL "};");
		ck_assert_msg(c != NULL, "%s", said());
		ck_assert_uint_eq(c->runner_code_bytes, codes[_i].n);
		ck_assert_mem_eq(c->runner_code, codes[_i].bytes, codes[_i].n + 1);
		conf_free(c);
	}
}
END_TEST

START_TEST(test_size)
{
	char *code = xmalloc(RUNNER_BYTES_MAX + 1);

	memset(code, '#', RUNNER_BYTES_MAX + 1);
	help_write_file(runner, code, RUNNER_BYTES_MAX);
	struct conf *c = load("pyspark = 0;", SPOOL "};");
	ck_assert_msg(c != NULL, "%s", said());
	ck_assert_uint_eq(c->runner_code_bytes, RUNNER_BYTES_MAX);
	conf_free(c);
	help_write_file(runner, code, RUNNER_BYTES_MAX + 1);
	must_refuse("it is larger than 1 MiB");
	free(code);
}
END_TEST

START_TEST(test_no_such_file)
{
	ck_assert_int_eq(unlink(runner), 0);
	must_refuse("No such file or directory");
	/* Neither of these holds up a reload. */
	ck_assert_int_eq(mkfifo(runner, 0600), 0);
	must_refuse("it is not a regular file");
	ck_assert_int_eq(unlink(runner), 0);
	ck_assert_int_eq(mkdir(runner, 0700), 0);
	must_refuse("Is a directory");
}
END_TEST

/* What is written comes first; of the runner it is said when the rest is right. */
START_TEST(test_after_the_other_errors)
{
	ck_assert_int_eq(unlink(runner), 0);
	ck_assert_ptr_null(load("pyspark = 0; sql = -7;", SPOOL "};"));
	ck_assert_ptr_null(strstr(said(), "the runner"));
	ck_assert_ptr_nonnull(strstr(said(), "warm.sql"));
}
END_TEST

/* ---- a reload ---- */

START_TEST(test_reload_reads_it_anew)
{
	struct conf *prev = load("pyspark = 0;", SPOOL "};");

	ck_assert_msg(prev != NULL, "%s", said());
	help_write_file(runner, "new", 3);
	struct conf *c = conf_load(file, prev, &errors);
	ck_assert_msg(c != NULL, "%s", said());
	ck_assert_str_eq(prev->runner_code, CODE);
	ck_assert_str_eq(c->runner_code, "new");
	conf_free(prev);
	/* A spool that needed it is gone. */
	write_conf("pyspark = 0;", "t: { path = \"/y\"; pool = \"q\"; };");
	ck_assert_int_eq(unlink(runner), 0);
	struct conf *less = conf_load(file, c, &errors);
	ck_assert_msg(less != NULL, "%s", said());
	ck_assert_ptr_null(less->runner_code);
	ck_assert(less->spool[0].removed);
	conf_free(less);
	conf_free(c);
}
END_TEST

/* ---- what would run ---- */

static void must_describe(const char *warm, const char *spools, const char *words)
{
	struct conf *c = load(warm, spools);

	ck_assert_msg(c != NULL, "%s", said());
	char *text = describe(c);
	ck_assert_msg(strstr(text, words) != NULL, "%s is not in %s", words, text);
	free(text);
	conf_free(c);
}

START_TEST(test_styles_are_described)
{
	must_describe("pyspark = 0; sql = 0;", SPOOL "python = \"notebook\"; };",
	    "\nspool s: .py (notebooks), .sql (scripts) files in /x run in pool p\n");
	must_describe("pyspark = 0; spark = 0; sparkr = 0;", SPOOL "python = \"raw\"; };",
	    "\nspool s: .py (raw), .scala (raw), .R (raw) files in /x run in pool p\n");
}
END_TEST

START_TEST(test_slots_are_described)
{
	must_describe(
	    "pyspark = 1;", SPOOL "};", "kept ready: 1 pyspark; up to 4 scripts at once in one\n");
	must_describe("pyspark = 1; }; slots = 1; session: {", SPOOL "};",
	    "kept ready: 1 pyspark; up to 1 script at once in one\n");
	must_describe("sql = 0; }; isolation = \"fresh\"; session: {", SPOOL "};",
	    "kept ready: 0 sql; each file in a session of its own\n");
	must_describe("pyspark = 0;", SPOOL "};", "kept ready: 0 spark\n");
}
END_TEST

START_TEST(test_modules_are_described)
{
	char *there = xasprintf(SPOOL "modules = \"%s\"; };", dir);
	char *missing = xasprintf(SPOOL "modules = \"%s/lib\"; };", dir);
	char *words = xasprintf("    its modules in %s/lib cannot be read now: No such file", dir);
	struct conf *c = load("pyspark = 0;", there);
	char *text = describe(c);

	ck_assert_ptr_null(strstr(text, "cannot be read"));
	free(text);
	conf_free(c);
	must_describe("pyspark = 0;", missing, words);
	free(words);
	free(missing);
	free(there);
}
END_TEST

/* Whoever only wants to know where things are can read neither passwords nor, perhaps, the runner. */
START_TEST(test_peek)
{
	const char *text =
	    "state_dir = \"/s\"; run_dir = \"/r\"; runner = \"/nowhere/runner.py\";\n"
	    "endpoint: { e: { url = \"http://127.0.0.1\"; auth = \"basic\"; user = \"u\";\n"
	    "password_file = \"/nowhere/password\"; }; };\n"
	    "pool: { p: { warm: { pyspark = 0; }; }; };\n"
	    "spool: { a: { path = \"/a\"; pool = \"p\"; }; };\n";
	char *run_dir;

	help_write_file(file, text, strlen(text));
	ck_assert_ptr_null(conf_check(file, &errors));
	buf_reset(&errors);
	struct conf *c = conf_peek(file, &run_dir, &errors);
	ck_assert_msg(c != NULL, "%s", said());
	ck_assert_str_eq(run_dir, "/r");
	ck_assert_str_eq(c->spool[0].path, "/a");
	ck_assert_ptr_null(c->endpoint[0].password);
	/* Who asks whether a script may run there must not hear that there is no runner. */
	ck_assert_ptr_nonnull(c->runner_code);
	conf_free(c);
	free(run_dir);
}
END_TEST

/* Where the daemon is has to be known while somebody edits the file. */
START_TEST(test_peek_with_errors)
{
	const char *wrong = "run_dir = \"/r\";\nnope = 1;\n";
	const char *none = "run_dir = {\n";
	char *run_dir;

	help_write_file(file, wrong, strlen(wrong));
	ck_assert_ptr_null(conf_peek(file, &run_dir, &errors));
	ck_assert_ptr_nonnull(strstr(said(), "nope"));
	ck_assert_str_eq(run_dir, "/r");
	free(run_dir);
	help_write_file(file, none, strlen(none));
	ck_assert_ptr_null(conf_peek(file, &run_dir, &errors));
	ck_assert_ptr_null(run_dir);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("confload_runner");
	TCase *tc = tcase_create("runner");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, test_need, 0, (int)ARRAY_LEN(needs));
	tcase_add_loop_test(tc, test_missing_where_it_is_not_needed, 0, (int)ARRAY_LEN(needs));
	tcase_add_loop_test(tc, test_bytes, 0, (int)ARRAY_LEN(codes));
	tcase_add_test(tc, test_size);
	tcase_add_test(tc, test_no_such_file);
	tcase_add_test(tc, test_after_the_other_errors);
	tcase_add_test(tc, test_reload_reads_it_anew);
	tcase_add_test(tc, test_styles_are_described);
	tcase_add_test(tc, test_slots_are_described);
	tcase_add_test(tc, test_modules_are_described);
	tcase_add_test(tc, test_peek);
	tcase_add_test(tc, test_peek_with_errors);
	suite_add_tcase(suite, tc);
	return help_run(suite);
}
