/* test_confload: what the configuration file may say, what it may not, and what is said then. */
#include "edge/confload.h"
#include "edge/confload_former.h"
#include "help.h"
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define NAMES_MAX 200
#define TEXT_BYTES_MAX (4 * 1024 * 1024)

/* libconfig 1.5 loses the string that it has read when the next word is a syntax error. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
	return "leak:strbuf_append\nleak:libconfig_yylex\n";
}

/* Of one test, which has a process of its own; the names are found before any test runs. */
static char *dir;
static char *file;
static char *runner;
static struct buf errors;
static char *bad_name[NAMES_MAX];
static char *good_name[NAMES_MAX];

static void setup(void)
{
	dir = help_tmpdir();
	file = help_path(dir, "t.conf");
	runner = help_path(dir, "runner.py");
	help_write_file(runner, "# \xc3\xa9\n", 5);
	buf_init(&errors, TEXT_BYTES_MAX);
	unsetenv("CREDENTIALS_DIRECTORY");
}

static void teardown(void)
{
	buf_fini(&errors);
	help_rmtree(dir);
	free(runner);
	free(file);
	free(dir);
}

/* ---- helpers ---- */

static const char *said(void)
{
	return errors.data == NULL ? "" : errors.data;
}

static struct conf *load_over(const struct conf *prev, const char *text)
{
	buf_reset(&errors);
	help_write_file(file, text, strlen(text));
	return conf_load(file, prev, &errors);
}

static struct conf *must_load_over(const struct conf *prev, const char *text)
{
	struct conf *c = load_over(prev, text);

	ck_assert_msg(c != NULL, "%s", said());
	ck_assert_str_eq(said(), "");
	return c;
}

static struct conf *must_load(const char *text)
{
	return must_load_over(NULL, text);
}

/* The file is refused, with that many lines, one of them being "FILE:LINE: text". */
static void must_refuse_over(
    const struct conf *prev, const char *text, unsigned count, unsigned line, const char *error)
{
	char *expected = line == 0 ? xasprintf("%s: %s\n", file, error)
				   : xasprintf("%s:%u: %s\n", file, line, error);
	struct conf *c = load_over(prev, text);
	unsigned lines = 0;

	ck_assert_msg(c == NULL, "this was taken: %s", text);
	for (const char *p = said(); *p != '\0'; p++)
		lines += *p == '\n';
	ck_assert_msg(strstr(said(), expected) != NULL, "not said: %ssaid: %s", expected, said());
	ck_assert_msg(lines == count, "%u lines: %s", lines, said());
	free(expected);
}

static void must_refuse(const char *text, unsigned line, const char *error)
{
	must_refuse_over(NULL, text, 1, line, error);
}

/* A small file with more in its endpoint (line 2), pool (3) and spool (4); arena: one a test. */
static char *with(const char *endpoint, const char *pool, const char *spool)
{
	return xasprintf("state_dir = \"/s\"; runner = \"%s\";\n"
			 "endpoint: { e: { url = \"http://127.0.0.1:1\"; %s }; };\n"
			 "pool: { p: { warm: { pyspark = 0; }; %s }; };\n"
			 "spool: { s: { path = \"/x\"; pool = \"p\"; %s }; };\n",
	    runner, endpoint, pool, spool);
}

/* Like with(), with the whole inside of the endpoint. */
static char *with_endpoint(const char *endpoint)
{
	return xasprintf("state_dir = \"/s\";\n"
			 "endpoint: { e: { %s }; };\n"
			 "pool: { p: { warm: { spark = 0; }; }; };\n"
			 "spool: { s: { path = \"/x\"; pool = \"p\"; }; };\n",
	    endpoint);
}

static char *describe(const struct conf *c)
{
	struct buf out;

	buf_init(&out, TEXT_BYTES_MAX);
	conf_describe(c, &out);
	ck_assert(!out.full);
	return buf_steal(&out, NULL);
}

/* ---- files with what is said about them ---- */

/* Some tests leave the directory that a relative path would be relative to. */
static void make_data_dir_absolute(void)
{
	char *path = realpath(help_data_dir(), NULL);

	if (path != NULL)
		setenv("TEST_DATA_DIR", path, 1);
	free(path);
}

static void go_to_data(const char *where)
{
	char *conf = help_path(help_data_dir(), "conf");
	char *path = help_path(conf, where);

	ck_assert_msg(chdir(path) == 0, "%s: %s", path, strerror(errno));
	free(path);
	free(conf);
}

static int ends_with_conf(const struct dirent *e)
{
	return str_ends_with(e->d_name, ".conf");
}

/* Returns how many there are; 0 when the directory cannot be read, and then a test fails. */
static int find_names(const char *where, char *name[NAMES_MAX])
{
	struct dirent **entry;
	char *conf = help_path(help_data_dir(), "conf");
	char *path = help_path(conf, where);
	int n = scandir(path, &entry, ends_with_conf, alphasort);

	for (int i = 0; i < n; i++) {
		if (i < NAMES_MAX)
			name[i] = xstrndup(entry[i]->d_name, strlen(entry[i]->d_name) - 5);
		free(entry[i]);
	}
	if (n >= 0)
		free(entry);
	free(path);
	free(conf);
	return n < 0 || n > NAMES_MAX ? 0 : n;
}

START_TEST(test_bad_file)
{
	go_to_data("bad");
	char *conf = xasprintf("%s.conf", bad_name[_i]);
	char *path = xasprintf("%s.errors", bad_name[_i]);
	char *expected = help_read_file(path, NULL);

	ck_assert_ptr_null(conf_load(conf, NULL, &errors));
	ck_assert_str_ne(expected, "");
	ck_assert_str_eq(said(), expected);
	free(expected);
	free(path);
	free(conf);
}
END_TEST

START_TEST(test_good_file)
{
	go_to_data("good");
	char *conf = xasprintf("%s.conf", good_name[_i]);
	char *path = xasprintf("%s.out", good_name[_i]);
	char *expected = help_read_file(path, NULL);
	struct conf *c = conf_load(conf, NULL, &errors);

	ck_assert_msg(c != NULL, "%s", said());
	ck_assert_str_eq(said(), "");
	char *text = describe(c);
	ck_assert_str_eq(text, expected);
	free(text);
	conf_free(c);
	free(expected);
	free(path);
	free(conf);
}
END_TEST

START_TEST(test_there_are_files)
{
	ck_assert_ptr_nonnull(bad_name[20]);
	ck_assert_ptr_nonnull(good_name[2]);
}
END_TEST

/* ---- what ends up where ---- */

static void check_endpoints(const struct conf *c)
{
	const struct conf_endpoint *e = &c->endpoint[0];

	ck_assert_uint_eq(c->endpoint_count, 2);
	ck_assert_str_eq(e->name, "one");
	ck_assert(!e->removed);
	ck_assert_str_eq(e->url, "https://livy.example.com:8443/gateway/livy");
	ck_assert_int_eq(e->auth, AUTH_NONE);
	ck_assert_ptr_null(e->user);
	ck_assert_ptr_null(e->password);
	ck_assert_ptr_null(e->ca_file);
	ck_assert(e->insecure);
	ck_assert_int_eq(e->statements, STATEMENTS_LIST);
	ck_assert_int_eq(e->connect_timeout_ms, 5000);
	ck_assert_int_eq(e->request_timeout_ms, 90000);
	ck_assert_int_eq(e->answer_bytes_max, INT64_C(900) << 20);
	ck_assert_str_eq(c->endpoint[1].name, "two");
	ck_assert_int_eq(c->endpoint[1].statements, STATEMENTS_SINGLE);
}

static void check_pool(const struct conf_pool *p)
{
	ck_assert_str_eq(p->name, "p");
	ck_assert_uint_eq(p->endpoint, 1);
	ck_assert_int_eq(p->warm[KIND_PYSPARK], 2);
	ck_assert_int_eq(p->warm[KIND_SPARK], 1);
	ck_assert_int_eq(p->warm[KIND_SQL], 3);
	ck_assert_int_eq(p->warm[KIND_SPARKR], 0);
	ck_assert_int_eq(p->max, 9);
	ck_assert_int_eq(p->slots, 7);
	ck_assert_int_eq(p->spare, 5);
	ck_assert_int_eq(p->memory_bytes, INT64_C(2) << 30);
	ck_assert_int_eq(p->isolation, ISOLATION_FRESH);
	ck_assert_int_eq(p->owners, OWNERS_SHARED);
	ck_assert_int_eq(p->idle_timeout_ms, 1500);
	ck_assert_int_eq(p->on_stop, ON_STOP_DELETE);
	ck_assert_int_eq(p->recycle_statements, 17);
	ck_assert_int_eq(p->recycle_age_ms, 86400000);
	ck_assert_int_eq(p->start_timeout_ms, 1200000);
}

static void check_session(const struct conf_session *s)
{
	ck_assert_str_eq(s->driver_memory, "1g");
	ck_assert_int_eq(s->driver_cores, 3);
	ck_assert_str_eq(s->executor_memory, "512m");
	ck_assert_int_eq(s->executor_cores, 4);
	ck_assert_int_eq(s->num_executors, 5);
	ck_assert_str_eq(s->proxy_user, "etl");
	ck_assert_str_eq(s->jars[0], "hdfs:///a.jar");
	ck_assert_str_eq(s->jars[1], "hdfs:///b.jar");
	ck_assert_ptr_null(s->jars[2]);
	ck_assert_str_eq(s->py_files[0], "a.py");
	ck_assert_ptr_null(s->py_files[1]);
	ck_assert_str_eq(s->files[0], "a.txt");
	ck_assert_str_eq(s->files[1], "b \"quoted\" \\ c.txt");
	ck_assert_ptr_null(s->files[2]);
	ck_assert_str_eq(s->archives[0], "a.zip");
	ck_assert_ptr_null(s->archives[1]);
	ck_assert_str_eq(s->queue, "batch");
	ck_assert_uint_eq(s->conf_count, 2);
	ck_assert_str_eq(s->conf[0].key, "spark.a");
	ck_assert_str_eq(s->conf[0].value, "1");
	ck_assert_str_eq(s->conf[1].key, "spark.secret");
	ck_assert_str_eq(s->conf[1].value, "never-shown");
	ck_assert_int_eq(s->heartbeat_timeout_s, 6);
}

static void check_spools(const struct conf *c)
{
	const struct conf_spool *s = &c->spool[0];

	ck_assert_uint_eq(c->spool_count, 2);
	ck_assert_str_eq(s->name, "s");
	ck_assert_str_eq(s->path, "/srv/s");
	ck_assert_uint_eq(s->pool, 0);
	ck_assert_int_eq(s->ready, READY_MARKER);
	ck_assert_int_eq(s->settle_ms, 250);
	ck_assert_int_eq(s->scan_ms, 7200000);
	ck_assert_int_eq(s->existing, EXISTING_SKIP);
	ck_assert_int_eq(s->after, AFTER_MOVE);
	ck_assert_str_eq(s->move_to, "done/today");
	ck_assert_int_eq(s->keep_for_ms, INT64_C(2592000000));
	ck_assert_int_eq(s->timeout_ms, 10800000);
	ck_assert_int_eq(s->on_unknown, ON_UNKNOWN_RERUN);
	ck_assert_int_eq(s->python, STYLE_RAW);
	ck_assert_int_eq(s->sql, STYLE_RAW);
	ck_assert(s->html);
	ck_assert_int_eq(s->file_bytes_max, 65536);
	ck_assert_uint_eq(s->allow, CONF_ALLOW(KEY_POOL) | CONF_ALLOW(KEY_TIMEOUT));
	ck_assert_uint_eq(s->env_count, 2);
	ck_assert_str_eq(s->env[0].key, "STAGE");
	ck_assert_str_eq(s->env[0].value, "not-shown");
	ck_assert_str_eq(s->env[1].key, "_empty2");
	ck_assert_str_eq(s->env[1].value, "");
	ck_assert_str_eq(s->modules, "/srv/lib");
	ck_assert_int_eq(s->output_bytes_max, 1048576);
	ck_assert_int_eq(s->rows_max, 5000);
	ck_assert_int_eq(s->files_bytes_max, 2097152);
	ck_assert_int_eq(s->files_count_max, 3);
	ck_assert_int_eq(c->spool[1].ready, READY_RENAME);
	ck_assert_int_eq(c->spool[1].after, AFTER_DELETE);
	ck_assert_ptr_null(c->spool[1].move_to);
	ck_assert_int_eq(c->spool[1].settle_ms, 0);
	ck_assert_uint_eq(c->spool[1].allow, 0);
}

START_TEST(test_each_field)
{
	go_to_data("good");
	struct conf *c = conf_load("everything.conf", NULL, &errors);

	ck_assert_msg(c != NULL, "%s", said());
	ck_assert_str_eq(c->state_dir, "/var/lib/s");
	ck_assert_str_eq(c->run_dir, "/tmp/run");
	ck_assert_str_eq(c->runner, "/nowhere/runner.py");
	ck_assert_int_eq(c->log_level, LOG_LEVEL_DEBUG);
	ck_assert(!c->landlock);
	ck_assert_uint_eq(c->source_count, 1);
	ck_assert_str_eq(c->source[0], "everything.conf");
	/* All its spools are raw. */
	ck_assert_ptr_null(c->runner_code);
	check_endpoints(c);
	ck_assert_uint_eq(c->pool_count, 1);
	check_pool(&c->pool[0]);
	check_session(&c->pool[0].session);
	check_spools(c);
	conf_free(c);
}
END_TEST

static void check_default_pool_of_the_runner(const struct conf_pool *p)
{
	ck_assert_int_eq(p->slots, 4);
	ck_assert_int_eq(p->spare, 1);
	ck_assert_int_eq(p->memory_bytes, 0);
}

static void check_default_pool(const struct conf_pool *p)
{
	ck_assert_uint_eq(p->endpoint, 0);
	ck_assert_int_eq(p->warm[KIND_PYSPARK], 0);
	ck_assert_int_eq(p->warm[KIND_SPARK], -1);
	ck_assert_int_eq(p->warm[KIND_SQL], -1);
	ck_assert_int_eq(p->warm[KIND_SPARKR], -1);
	ck_assert_int_eq(p->max, 4);
	check_default_pool_of_the_runner(p);
	ck_assert_int_eq(p->isolation, ISOLATION_SHARED);
	ck_assert_int_eq(p->owners, OWNERS_SEPARATE);
	ck_assert_int_eq(p->idle_timeout_ms, CONF_NEVER);
	ck_assert_int_eq(p->on_stop, ON_STOP_KEEP);
	ck_assert_int_eq(p->recycle_statements, 500);
	ck_assert_int_eq(p->recycle_age_ms, 43200000);
	ck_assert_int_eq(p->start_timeout_ms, 600000);
	/* Nothing of a session is sent that the file does not say. */
	ck_assert_ptr_null(p->session.proxy_user);
	ck_assert_ptr_null(p->session.jars);
	ck_assert_ptr_null(p->session.conf);
	ck_assert_uint_eq(p->session.conf_count, 0);
	ck_assert_ptr_null(p->session.driver_memory);
	ck_assert_int_eq(p->session.driver_cores, 0);
	ck_assert_int_eq(p->session.heartbeat_timeout_s, 0);
}

static void check_default_spool(const struct conf_spool *s)
{
	ck_assert_int_eq(s->ready, READY_SETTLE);
	ck_assert_int_eq(s->settle_ms, 1000);
	ck_assert_int_eq(s->scan_ms, 300000);
	ck_assert_int_eq(s->existing, EXISTING_RUN);
	ck_assert_int_eq(s->after, AFTER_KEEP);
	ck_assert_ptr_null(s->move_to);
	ck_assert_int_eq(s->keep_for_ms, CONF_NEVER);
	ck_assert_int_eq(s->timeout_ms, CONF_NEVER);
	ck_assert_int_eq(s->on_unknown, ON_UNKNOWN_STOP);
	ck_assert_int_eq(s->python, STYLE_SCRIPT);
	ck_assert_int_eq(s->sql, STYLE_SCRIPT);
	ck_assert(!s->html);
	ck_assert_int_eq(s->file_bytes_max, 4194304);
	/* All but what would let a file choose whom it runs as, and how much it takes. */
	ck_assert_uint_eq(
	    s->allow, ((1u << KEY_COUNT) - 1) & ~CONF_ALLOW(KEY_POOL) & ~CONF_ALLOW(KEY_ISOLATION));
	ck_assert_int_eq(s->output_bytes_max, 67108864);
	ck_assert_int_eq(s->rows_max, 0);
	ck_assert_int_eq(s->files_bytes_max, 67108864);
	ck_assert_int_eq(s->files_count_max, 100);
}

START_TEST(test_defaults)
{
	char *text = with("", "", "");
	struct conf *c = must_load(text);
	const struct conf_endpoint *e = &c->endpoint[0];

	ck_assert_str_eq(c->run_dir, "/run/sparkspool");
	ck_assert_int_eq(c->log_level, LOG_LEVEL_INFO);
	ck_assert(c->landlock);
	ck_assert_int_eq(e->auth, AUTH_NONE);
	ck_assert(!e->insecure);
	ck_assert_int_eq(e->statements, STATEMENTS_AUTO);
	ck_assert_int_eq(e->connect_timeout_ms, 10000);
	ck_assert_int_eq(e->request_timeout_ms, 60000);
	ck_assert_int_eq(e->answer_bytes_max, 67108864);
	check_default_pool(&c->pool[0]);
	check_default_spool(&c->spool[0]);
	ck_assert_ptr_null(c->spool[0].modules);
	ck_assert_ptr_null(c->spool[0].env);
	ck_assert_uint_eq(c->spool[0].env_count, 0);
	conf_free(c);
	free(text);
}
END_TEST

START_TEST(test_limits_are_inclusive)
{
	char *text = with("connect_timeout = \"100ms\"; answer_max = \"64k\"",
	    "max = 1000; slots = 64; spare = 8; memory = \"64M\"; recycle_age = \"365d\"; session: "
	    "{ driverCores = 10000; }",
	    "settle = \"0ms\"; scan = \"1d\"; file_max = \"20000000\"");
	struct conf *c = must_load(text);

	ck_assert_int_eq(c->endpoint[0].connect_timeout_ms, 100);
	ck_assert_int_eq(c->endpoint[0].answer_bytes_max, 65536);
	ck_assert_int_eq(c->pool[0].max, 1000);
	ck_assert_int_eq(c->pool[0].slots, 64);
	ck_assert_int_eq(c->pool[0].spare, 8);
	ck_assert_int_eq(c->pool[0].memory_bytes, 67108864);
	ck_assert_int_eq(c->pool[0].recycle_age_ms, INT64_C(365) * 86400000);
	ck_assert_int_eq(c->pool[0].session.driver_cores, 10000);
	ck_assert_int_eq(c->spool[0].scan_ms, 86400000);
	ck_assert_int_eq(c->spool[0].file_bytes_max, 20000000);
	conf_free(c);
	free(text);
}
END_TEST

/* A limit of one more, in bytes. */
START_TEST(test_file_max_has_the_servers_limit)
{
	char *text = with("", "", "file_max = \"20000001\"");

	must_refuse(text, 4,
	    "setting 'spool.s.file_max': it is out of range; "
	    "write something from 1 to 20000000");
	free(text);
}
END_TEST

/* What SQLite takes for one value ends at 1,000,000,000 bytes: an answer that is read can be committed. */
START_TEST(test_answer_max_has_the_ledgers_limit)
{
	char *text = with("answer_max = \"901M\"", "", "");

	must_refuse(text, 2,
	    "setting 'endpoint.e.answer_max': it is out of range; "
	    "write something from 64k to 900M");
	free(text);
}
END_TEST

START_TEST(test_utf8_is_kept)
{
	char *text = with("", "session: { queue = \"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\"; }", "");
	struct conf *c = must_load(text);

	ck_assert_str_eq(c->pool[0].session.queue, "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80");
	conf_free(c);
	free(text);
}
END_TEST

START_TEST(test_empty_value_of_a_pair)
{
	char *text = with("", "session: { conf = ( (\"spark.x\", \"\") ); }", "");
	struct conf *c = must_load(text);

	ck_assert_str_eq(c->pool[0].session.conf[0].value, "");
	conf_free(c);
	free(text);
}
END_TEST

static const struct {
	const char *number;
	bool taken;
} numbers[] = {
	{ "1", true },
	{ "1000", true },
	{ "0x10", true },
	{ "10L", true },
	{ "2147483648", false },
	{ "4294967297", false }, /* 1 in 32 bits */
	{ "4294967296001", false },
	{ "0x100000001", false },
	{ "-4294967295", false },
	{ "99999999999999999999999999999999999999999999", false },
	{ "4294967297L", false },
	{ "18446744073709551617L", false }, /* 1 in 64 bits */
	{ "1.0", false },
	{ "1e0", false },
};

START_TEST(test_numbers_do_not_wrap)
{
	char *more = xasprintf("max = %s;", numbers[_i].number);
	char *text = with("", more, "");
	struct conf *c = load_over(NULL, text);

	ck_assert_msg((c != NULL) == numbers[_i].taken, "%s: %s", numbers[_i].number, said());
	if (c == NULL)
		ck_assert_ptr_nonnull(strstr(said(), "t.conf:3: "));
	conf_free(c);
	free(text);
	free(more);
}
END_TEST

/* ---- urls ---- */

static const struct {
	const char *url;
	const char *clean; /* NULL: refused */
	bool needs_insecure;
} urls[] = {
	{ "http://localhost", "http://localhost", false },
	{ "http://LOCALHOST:8998/", "http://LOCALHOST:8998", false },
	{ "http://127.0.0.1", "http://127.0.0.1", false },
	{ "http://127.255.0.9:1//", "http://127.255.0.9:1", false },
	{ "http://[::1]:8998", "http://[::1]:8998", false },
	{ "https://livy.example.com/a/b/", "https://livy.example.com/a/b", false },
	{ "HTTPS://h", "HTTPS://h", false },
	{ "https://h/a@b", "https://h/a@b", false },
	{ "http://livy.example.com", "http://livy.example.com", true },
	{ "http://128.0.0.1", "http://128.0.0.1", true },
	{ "http://127.0.0.1.example.com", "http://127.0.0.1.example.com", true },
	{ "http://127.1", "http://127.1", true },
	{ "http://localhost.example.com", "http://localhost.example.com", true },
	{ "http://[::2]", "http://[::2]", true },
	{ "http://[::ffff:127.0.0.1]", "http://[::ffff:127.0.0.1]", true },
	{ "https://h/a?b", NULL, false },
	{ "https://h/a#b", NULL, false },
	{ "https://u@h", NULL, false },
	{ "https://u:p@h", NULL, false },
	{ "https://", NULL, false },
	{ "https:///a", NULL, false },
	{ "https://:80", NULL, false },
	{ "https:h", NULL, false },
	{ "h", NULL, false },
	{ "file:///etc/passwd", NULL, false },
	{ "https://h:", NULL, false },
	{ "https://h:0", NULL, false },
	{ "https://h:65536", NULL, false },
	{ "https://h:99999999999", NULL, false },
	{ "https://h:+1", NULL, false },
	{ "https://[::1", NULL, false },
	{ "https://[]", NULL, false },
	{ "https://[127.0.0.1]", NULL, false },
	{ "https://[::1]1", NULL, false },
	{ "https://a b", NULL, false },
	{ "https://a%20b", NULL, false },
};

static struct conf *load_url(const char *url, const char *more)
{
	char *inside = xasprintf("url = \"%s\"; %s", url, more);
	char *text = with_endpoint(inside);
	struct conf *c = load_over(NULL, text);

	free(text);
	free(inside);
	return c;
}

START_TEST(test_url)
{
	struct conf *c = load_url(urls[_i].url, "");

	ck_assert_msg((c != NULL) == (urls[_i].clean != NULL), "%s: %s", urls[_i].url, said());
	if (c != NULL)
		ck_assert_str_eq(c->endpoint[0].url, urls[_i].clean);
	else
		ck_assert_ptr_nonnull(strstr(said(), "t.conf:2: setting 'endpoint.e.url': "));
	conf_free(c);
}
END_TEST

/* A password crosses a network in the open only where the file says so. */
START_TEST(test_url_with_password)
{
	char *path = help_path(dir, "pw");
	char *login = xasprintf("auth = \"basic\"; user = \"u\"; password_file = \"%s\";", path);
	char *insecure = xasprintf("%s insecure = true;", login);

	help_write_file(path, "pw\n", 3);
	ck_assert_int_eq(chmod(path, 0600), 0);
	if (urls[_i].clean != NULL) {
		struct conf *c = load_url(urls[_i].url, login);
		ck_assert_msg(
		    (c == NULL) == urls[_i].needs_insecure, "%s: %s", urls[_i].url, said());
		if (c == NULL)
			ck_assert_ptr_nonnull(strstr(said(), "insecure = true"));
		conf_free(c);
		c = load_url(urls[_i].url, insecure);
		ck_assert_msg(c != NULL, "%s", said());
		ck_assert_str_eq(c->endpoint[0].password, "pw");
		conf_free(c);
	}
	free(insecure);
	free(login);
	free(path);
}
END_TEST

START_TEST(test_url_error_shows_no_password)
{
	struct conf *c = load_url("http://admin:hunter2@host:99999/", "");

	ck_assert_ptr_null(c);
	ck_assert_ptr_null(strstr(said(), "hunter2"));
}
END_TEST

/* ---- passwords ---- */

/* Loads with that password_file; where is "cred:x" or a path. */
static struct conf *load_password(const char *where)
{
	char *more = xasprintf("auth = \"basic\"; user = \"u\"; password_file = \"%s\";", where);
	char *text = with(more, "", "");
	struct conf *c = load_over(NULL, text);

	free(text);
	free(more);
	return c;
}

static char *write_password(const char *name, const void *p, size_t n, mode_t mode)
{
	char *path = help_path(dir, name);

	help_write_file(path, p, n);
	ck_assert_int_eq(chmod(path, mode), 0);
	return path;
}

static const struct {
	const char *bytes;
	size_t n;
	const char *password; /* NULL: refused, and why: */
	const char *why;
} secrets[] = {
	{ "hunter2", 7, "hunter2", NULL },
	{ "hunter2\n", 8, "hunter2", NULL },
	{ " a b\t", 5, " a b\t", NULL },
	{ "\xc3\xa9:\xff\n", 5, "\xc3\xa9:\xff", NULL },
	{ "", 0, NULL, "is empty" },
	{ "\n", 1, NULL, "is empty" },
	{ "a\n\n", 3, NULL, "has more than one line" },
	{ "a\nb\n", 4, NULL, "has more than one line" },
	{ "a\r\n", 3, NULL, "has more than one line" },
	{ "a\0b\n", 4, NULL, "holds a NUL byte" },
};

START_TEST(test_password_bytes)
{
	char *path = write_password("pw", secrets[_i].bytes, secrets[_i].n, 0400);
	struct conf *c = load_password(path);

	ck_assert_msg((c != NULL) == (secrets[_i].password != NULL), "%s", said());
	if (c != NULL)
		ck_assert_str_eq(c->endpoint[0].password, secrets[_i].password);
	else
		ck_assert_ptr_nonnull(strstr(said(), secrets[_i].why));
	conf_free(c);
	free(path);
}
END_TEST

START_TEST(test_password_size)
{
	char bytes[4098];

	memset(bytes, 'x', sizeof(bytes));
	char *path = write_password("pw", bytes, 4096, 0600);
	struct conf *c = load_password(path);
	ck_assert_msg(c != NULL, "%s", said());
	ck_assert_uint_eq(strlen(c->endpoint[0].password), 4096);
	conf_free(c);
	help_write_file(path, bytes, 4097);
	ck_assert_int_eq(chmod(path, 0600), 0);
	ck_assert_ptr_null(load_password(path));
	ck_assert_ptr_nonnull(strstr(said(), "is larger than 4096 bytes"));
	free(path);
}
END_TEST

START_TEST(test_password_mode)
{
	static const mode_t modes[] = { 0640, 0620, 0610, 0604, 0602, 0601, 0644, 0777 };
	char *path = write_password("pw", "x", 1, modes[_i]);
	char *error = xasprintf("the password of endpoint 'e': %s can be used by others (mode "
				"%04o); chmod 0600 it",
	    path, (unsigned)modes[_i]);

	ck_assert_ptr_null(load_password(path));
	ck_assert_msg(strstr(said(), error) != NULL, "%s", said());
	free(error);
	free(path);
}
END_TEST

START_TEST(test_password_file_type)
{
	char *fifo = help_path(dir, "fifo");

	ck_assert_int_eq(mkfifo(fifo, 0600), 0);
	ck_assert_ptr_null(load_password(fifo));
	ck_assert_ptr_nonnull(strstr(said(), "is not a regular file"));
	ck_assert_ptr_null(load_password(dir));
	ck_assert_ptr_nonnull(strstr(said(), "is not a regular file"));
	ck_assert_ptr_null(load_password("/dev/null"));
	ck_assert_ptr_nonnull(strstr(said(), "is not a regular file"));
	free(fifo);
}
END_TEST

START_TEST(test_credential)
{
	char *path = write_password("livy", "from the manager\n", 17, 0400);

	ck_assert_int_eq(setenv("CREDENTIALS_DIRECTORY", dir, 1), 0);
	struct conf *c = load_password("cred:livy");
	ck_assert_msg(c != NULL, "%s", said());
	ck_assert_str_eq(c->endpoint[0].password, "from the manager");
	ck_assert_str_eq(c->endpoint[0].password_file, "cred:livy");
	conf_free(c);
	ck_assert_ptr_null(load_password("cred:other"));
	ck_assert_ptr_nonnull(strstr(said(), "/other cannot be read: No such file or directory"));
	free(path);
}
END_TEST

/* Access control lists of the manager's look like a group's rights; only root's are believed. */
START_TEST(test_credential_of_roots)
{
	char *path = write_password("livy", "x", 1, 0440);

	ck_assert_int_eq(setenv("CREDENTIALS_DIRECTORY", dir, 1), 0);
	struct conf *c = load_password("cred:livy");
	ck_assert_int_eq(c != NULL, geteuid() == 0);
	if (c == NULL)
		ck_assert_ptr_nonnull(strstr(said(), "can be used by others"));
	conf_free(c);
	free(path);
}
END_TEST

START_TEST(test_credential_without_a_manager)
{
	static const char word[] = "CREDENTIALS_DIRECTORY is not set; start it as a service with "
				   "LoadCredential=livy:FILE";

	ck_assert_ptr_null(load_password("cred:livy"));
	ck_assert_msg(strstr(said(), word) != NULL, "%s", said());
	ck_assert_int_eq(setenv("CREDENTIALS_DIRECTORY", "relative", 1), 0);
	ck_assert_ptr_null(load_password("cred:livy"));
	ck_assert_ptr_nonnull(strstr(said(), word));
}
END_TEST

START_TEST(test_password_is_not_described)
{
	char *path = write_password("pw", "hunter2\n", 8, 0600);
	struct conf *c = load_password(path);

	ck_assert_msg(c != NULL, "%s", said());
	char *text = describe(c);
	ck_assert_ptr_null(strstr(text, "hunter2"));
	ck_assert_ptr_nonnull(strstr(text, path));
	free(text);
	conf_free(c);
	free(path);
}
END_TEST

START_TEST(test_ca_file)
{
	char *path = write_password("ca", "-----BEGIN CERTIFICATE-----\n", 28, 0644);
	char *more = xasprintf("ca_file = \"%s\";", path);
	char *text = with(more, "", "");
	struct conf *c = must_load(text);

	ck_assert_str_eq(c->endpoint[0].ca_file, path);
	conf_free(c);
	ck_assert_int_eq(unlink(path), 0);
	ck_assert_ptr_null(load_over(NULL, text));
	ck_assert_ptr_nonnull(strstr(said(), "cannot be read: No such file or directory"));
	free(text);
	free(more);
	free(path);
}
END_TEST

/* ---- a reload ---- */

#define RELOAD_HEAD "state_dir = \"/s\"; run_dir = \"/r\";\n"
#define RELOAD_ENDPOINTS "endpoint: { a: { url = \"http://a\"; }; b: { url = \"http://b\"; }; };\n"
#define RELOAD_POOLS                                                                               \
	"pool: { p: { endpoint = \"a\"; warm: { spark = 0; };\n"                                   \
	"  session: { jars = [ \"1\", \"2\" ]; conf = ( (\"k\", \"v\") ); queue = \"q\"; }; };\n"  \
	"  r: { endpoint = \"b\"; warm: { spark = 0; }; }; };\n"
#define RELOAD_SPOOLS                                                                              \
	"spool: { x: { path = \"/x\"; pool = \"p\"; after = \"move:done\"; };\n"                   \
	"  y: { path = \"/y\"; pool = \"r\"; }; };\n"
#define RELOAD_ALL RELOAD_HEAD RELOAD_ENDPOINTS RELOAD_POOLS RELOAD_SPOOLS

START_TEST(test_reload_of_the_same)
{
	struct conf *prev = must_load(RELOAD_ALL);
	struct conf *c = must_load_over(prev, RELOAD_ALL);
	char *before = describe(prev);

	conf_free(prev);
	char *after = describe(c);
	ck_assert_str_eq(before, after);
	ck_assert_uint_eq(c->endpoint_count, 2);
	ck_assert_uint_eq(c->pool_count, 2);
	ck_assert_uint_eq(c->spool_count, 2);
	ck_assert(!c->endpoint[0].removed && !c->pool[1].removed && !c->spool[1].removed);
	conf_free(c);
	free(after);
	free(before);
}
END_TEST

/* Whatever order the file has, and whatever is new in it, numbers stay. */
START_TEST(test_reload_keeps_numbers)
{
	struct conf *prev = must_load(RELOAD_ALL);
	struct conf *c = must_load_over(prev, RELOAD_HEAD
	    "spool: { n: { path = \"/n\"; pool = \"n\"; }; y: { path = \"/y\"; pool = \"p\"; };\n"
	    "  x: { path = \"/x\"; pool = \"r\"; }; };\n"
	    "pool: { n: { endpoint = \"n\"; warm: { spark = 0; }; };\n"
	    "  r: { endpoint = \"a\"; warm: { spark = 0; }; };\n"
	    "  p: { endpoint = \"b\"; warm: { spark = 0; }; }; };\n"
	    "endpoint: { n: { url = \"http://n\"; }; b: { url = \"http://b2\"; };\n"
	    "  a: { url = \"http://a\"; }; };\n");

	conf_free(prev);
	ck_assert_str_eq(c->endpoint[0].name, "a");
	ck_assert_str_eq(c->endpoint[1].name, "b");
	ck_assert_str_eq(c->endpoint[1].url, "http://b2");
	ck_assert_str_eq(c->endpoint[2].name, "n");
	ck_assert_str_eq(c->pool[0].name, "p");
	ck_assert_uint_eq(c->pool[0].endpoint, 1);
	/* What the file no longer says is forgotten, not inherited. */
	ck_assert_ptr_null(c->pool[0].session.jars);
	ck_assert_uint_eq(c->pool[1].endpoint, 0);
	ck_assert_uint_eq(c->pool[2].endpoint, 2);
	ck_assert_str_eq(c->spool[0].name, "x");
	ck_assert_int_eq(c->spool[0].after, AFTER_KEEP);
	ck_assert_ptr_null(c->spool[0].move_to);
	ck_assert_uint_eq(c->spool[0].pool, 1);
	ck_assert_uint_eq(c->spool[1].pool, 0);
	ck_assert_uint_eq(c->spool[2].pool, 2);
	conf_free(c);
}
END_TEST

#define RELOAD_LESS                                                                                \
	RELOAD_HEAD "endpoint: { b: { url = \"http://b\"; }; };\n"                                 \
		    "pool: { r: { warm: { spark = 0; }; }; };\n"                                   \
		    "spool: { y: { path = \"/y\"; pool = \"r\"; }; };\n"

static void check_removed(const struct conf *c)
{
	const struct conf_session *s = &c->pool[0].session;

	ck_assert_uint_eq(c->endpoint_count, 2);
	ck_assert_str_eq(c->endpoint[0].name, "a");
	ck_assert(c->endpoint[0].removed);
	ck_assert_str_eq(c->endpoint[0].url, "http://a");
	ck_assert(c->pool[0].removed);
	ck_assert_uint_eq(c->pool[0].endpoint, 0);
	ck_assert_str_eq(s->jars[1], "2");
	ck_assert_ptr_null(s->jars[2]);
	ck_assert_str_eq(s->queue, "q");
	ck_assert_uint_eq(s->conf_count, 1);
	ck_assert_str_eq(s->conf[0].value, "v");
	ck_assert(c->spool[0].removed);
	ck_assert_str_eq(c->spool[0].path, "/x");
	ck_assert_int_eq(c->spool[0].after, AFTER_MOVE);
	ck_assert_str_eq(c->spool[0].move_to, "done");
	/* And the only one that is left is the only one. */
	ck_assert(!c->pool[1].removed);
	ck_assert_uint_eq(c->pool[1].endpoint, 1);
}

START_TEST(test_reload_keeps_the_removed)
{
	struct conf *prev = must_load(RELOAD_ALL);
	struct conf *c = must_load_over(prev, RELOAD_LESS);

	conf_free(prev);
	check_removed(c);
	char *text = describe(c);
	ck_assert_ptr_null(strstr(text, "endpoint a"));
	ck_assert_ptr_null(strstr(text, "spool x"));
	free(text);
	/* They stay through further reloads, and come back under their numbers. */
	struct conf *again = must_load_over(c, RELOAD_LESS);
	conf_free(c);
	check_removed(again);
	struct conf *back = must_load_over(again, RELOAD_ALL);
	conf_free(again);
	ck_assert_uint_eq(back->spool_count, 2);
	ck_assert(!back->endpoint[0].removed && !back->pool[0].removed && !back->spool[0].removed);
	ck_assert_uint_eq(back->pool[0].endpoint, 0);
	conf_free(back);
}
END_TEST

/* Whether it is still there under its former name or not: its files are known by that. */
START_TEST(test_reload_renames_no_spool)
{
	struct conf *prev = must_load(RELOAD_LESS);

	must_refuse_over(prev,
	    RELOAD_HEAD "endpoint: { b: { url = \"http://b\"; }; };\n"
			"pool: { r: { warm: { spark = 0; }; }; };\n"
			"spool: { z: { path = \"/y\"; pool = \"r\"; }; };\n",
	    1, 4,
	    "spool 'z' has the path /y, whose files are known as those of spool 'y': that needs "
	    "a restart");
	conf_free(prev);
}
END_TEST

/* Of another one that was there before, and is taken out, some file may be known there still. */
START_TEST(test_reload_where_another_was_before)
{
	struct conf *prev = must_load(RELOAD_LESS);
	struct conf *same;
	size_t active = prev->spool_count;

	for (size_t i = 0; i < prev->spool_count; i++)
		active = prev->spool[i].removed ? active : i;
	conf_add_former_spool(prev, "before", prev->spool[active].path);
	same = must_load_over(prev, RELOAD_LESS);
	ck_assert(!same->spool[active].removed);
	conf_free(same);
	conf_free(prev);
}
END_TEST

/* What a restart finds in the ledger and not in the file is as a reload would have left it. */
START_TEST(test_former_entries_are_removed_ones)
{
	char *path = write_password("pw", "hunter2\n", 8, 0600);
	struct conf *c = load_password(path);

	ck_assert_msg(c != NULL, "%s", said());
	conf_add_former_endpoint(c, "old", c->endpoint[0].url);
	conf_add_former_endpoint(c, "older", "http://elsewhere");
	conf_add_former_endpoint(c, "older", "http://earlier");
	conf_add_former_endpoint(c, c->endpoint[0].name, "http://earlier");
	conf_add_former_pool(c, c->pool[0].name);
	conf_add_former_pool(c, "was");
	conf_add_former_spool(c, c->spool[0].name, "/former");
	conf_add_former_spool(c, "it's", "/it");
	conf_add_former_spool(c, "paused", NULL);
	ck_assert_uint_eq(c->endpoint_count, 3);
	ck_assert(!c->endpoint[0].removed && c->endpoint[1].removed && c->endpoint[2].removed);
	ck_assert_str_eq(c->endpoint[1].name, "old");
	ck_assert_str_eq(c->endpoint[1].password, "hunter2");
	ck_assert_str_eq(c->endpoint[2].url, "http://elsewhere");
	ck_assert_ptr_null(c->endpoint[2].password);
	ck_assert_int_eq(c->endpoint[2].auth, AUTH_NONE);
	ck_assert_int_eq(c->endpoint[2].request_timeout_ms, 60000);
	ck_assert_uint_eq(c->pool_count, 2);
	ck_assert(!c->pool[0].removed && c->pool[1].removed);
	ck_assert_int_eq(c->pool[1].warm[KIND_PYSPARK], -1);
	ck_assert_int_eq(c->pool[1].slots, 4);
	ck_assert_int_eq(c->pool[1].session.heartbeat_timeout_s, 30); /* it may have had one */
	ck_assert_uint_eq(c->spool_count, 3);
	ck_assert(!c->spool[0].removed && c->spool[1].removed);
	ck_assert_str_eq(c->spool[1].path, "/it");
	ck_assert_str_eq(c->spool[2].path, "(not configured)");
	ck_assert_int_eq(c->spool[1].after, AFTER_KEEP);
	/* A reload that names them gives them back their numbers. */
	struct conf *again = must_load_over(c,
	    "state_dir = \"/s\"; endpoint: { older: { url = \"http://f\"; }; };\n"
	    "pool: { was: { warm: { spark = 0; }; }; }; spool: { x: { path = \"/z\"; pool = "
	    "\"was\"; }; };");
	conf_free(c);
	ck_assert(!again->endpoint[2].removed && !again->pool[1].removed);
	ck_assert_uint_eq(again->pool[1].endpoint, 2);
	ck_assert_uint_eq(again->spool_count, 4);
	conf_free(again);
	free(path);
}
END_TEST

START_TEST(test_reload_keeps_a_removed_password)
{
	char *path = write_password("pw", "hunter2\n", 8, 0600);
	struct conf *prev = load_password(path);

	ck_assert_msg(prev != NULL, "%s", said());
	ck_assert_int_eq(unlink(path), 0);
	struct conf *c =
	    must_load_over(prev, "state_dir = \"/s\"; endpoint: { f: { url = \"http://f\"; }; };\n"
				 "pool: { p: { warm: { spark = 0; }; }; }; spool: { s: { path = "
				 "\"/x\"; pool = \"p\"; }; };");
	conf_free(prev);
	ck_assert(c->endpoint[0].removed);
	ck_assert_str_eq(c->endpoint[0].password, "hunter2");
	ck_assert_str_eq(c->endpoint[0].user, "u");
	ck_assert_str_eq(c->endpoint[0].password_file, path);
	ck_assert_uint_eq(c->pool[0].endpoint, 1);
	conf_free(c);
	free(path);
}
END_TEST

/* What is gone can no more be named; its path is free for another. */
START_TEST(test_reload_removed_is_not_there)
{
	struct conf *prev = must_load(RELOAD_ALL);

	must_refuse_over(prev,
	    RELOAD_HEAD "endpoint: { b: { url = \"http://b\"; }; };\n"
			"pool: { r: { endpoint = \"a\"; warm: { spark = 0; }; }; };\n"
			"spool: { y: { path = \"/y\"; pool = \"r\"; }; };\n",
	    1, 3,
	    "setting 'pool.r.endpoint': there is no endpoint \"a\" in this file; add it or "
	    "name another");
	conf_free(prev);
}
END_TEST

START_TEST(test_reload_needs_a_restart)
{
	struct conf *prev = must_load(RELOAD_ALL);
	static const char rest[] = RELOAD_ENDPOINTS RELOAD_POOLS RELOAD_SPOOLS;
	char *text = xasprintf("state_dir = \"/other\";\nrun_dir = \"/r/\";\n%s", rest);

	must_refuse_over(prev, text, 1, 1,
	    "setting 'state_dir' was /s and cannot change while the daemon runs: that needs a "
	    "restart");
	free(text);
	/* A setting that is gone changes to its default. */
	text = xasprintf("// \nstate_dir = \"/s\";\n%s", rest);
	must_refuse_over(prev, text, 1, 1,
	    "setting 'run_dir' was /r and cannot change while the daemon runs: that needs a "
	    "restart");
	free(text);
	text = xasprintf("state_dir = \"/s\"; run_dir = \"/r\";\nlandlock = false;\n%s", rest);
	must_refuse_over(prev, text, 1, 2,
	    "setting 'landlock' was true and cannot change while the daemon runs: that needs a "
	    "restart");
	free(text);
	conf_free(prev);
}
END_TEST

START_TEST(test_reload_with_errors_leaves_prev)
{
	struct conf *prev = must_load(RELOAD_ALL);
	char *before = describe(prev);

	must_refuse_over(prev, RELOAD_ALL "nonsense = 1;\n", 1, 8,
	    "setting 'nonsense' is not known; here may stand: state_dir, run_dir, "
	    "metrics_file, metrics_every, status_dir, status_every, control, runner, log_level, "
	    "landlock, "
	    "endpoint, pool, spool");
	char *after = describe(prev);
	ck_assert_str_eq(before, after);
	free(after);
	free(before);
	conf_free(prev);
}
END_TEST

/* ---- many ---- */

static char *with_spools(unsigned from, unsigned count)
{
	struct buf text;

	buf_init(&text, TEXT_BYTES_MAX);
	buf_adds(&text, "state_dir = \"/s\"; endpoint: { e: { url = \"http://e\"; }; };\n"
			"pool: { p: { warm: { spark = 0; }; }; }; spool: {\n");
	for (unsigned i = from; i < from + count; i++)
		buf_addf(&text, "s%u: { path = \"/srv/%u\"; pool = \"p\"; };\n", i, i);
	buf_adds(&text, "};\n");
	return buf_steal(&text, NULL);
}

START_TEST(test_as_many_as_allowed)
{
	char *text = with_spools(0, 1000);
	struct conf *prev = must_load(text);

	ck_assert_uint_eq(prev->spool_count, 1000);
	ck_assert_str_eq(prev->spool[999].path, "/srv/999");
	free(text);
	text = with_spools(0, 1001);
	must_refuse(text, 1003,
	    "there are more than 1000 names here, with those of earlier reloads; "
	    "restart the daemon");
	free(text);
	/* The removed ones count, for their numbers are taken. */
	text = with_spools(5, 1000);
	must_refuse_over(prev, text, 1, 998,
	    "there are more than 1000 names here, with those of "
	    "earlier reloads; restart the daemon");
	free(text);
	conf_free(prev);
}
END_TEST

START_TEST(test_many_errors)
{
	struct buf text;
	unsigned lines = 0;

	buf_init(&text, TEXT_BYTES_MAX);
	for (int i = 0; i < 5000; i++)
		buf_addf(&text, "x%d = 1;\n", i);
	ck_assert_ptr_null(load_over(NULL, text.data));
	for (const char *p = said(); *p != '\0'; p++)
		lines += *p == '\n';
	ck_assert_uint_eq(lines, 201);
	ck_assert(str_ends_with(said(), "\nand 4804 more errors\n"));
	buf_fini(&text);
}
END_TEST

/* Even where no word of them can be written. */
START_TEST(test_errors_without_room)
{
	struct buf none;

	buf_init(&none, 0);
	help_write_file(file, "x = 1;", 6);
	ck_assert_ptr_null(conf_load(file, NULL, &none));
	ck_assert(none.full);
	buf_fini(&none);
}
END_TEST

START_TEST(test_long_strings)
{
	char *a = xmalloc(9000);

	memset(a, 'a', 8999);
	a[8999] = '\0';
	char *more = xasprintf("session: { queue = \"%s\"; };", a);
	char *text = with("", more, "");
	must_refuse(text, 3, "setting 'pool.p.session.queue': it is longer than 8192 bytes");
	free(text);
	free(more);
	a[5000] = '\0';
	more = xasprintf("after = \"move:/%s\"; scan = \"%s\";", a, a);
	text = with("", "", more);
	ck_assert_ptr_null(load_over(NULL, text));
	/* An error quotes what it can. */
	ck_assert_uint_lt(errors.len, 4096);
	free(text);
	free(more);
	free(a);
}
END_TEST

START_TEST(test_errors_cannot_be_forged)
{
	char *text = with("", "", "ready = \"a\x1b[2Jb\"");

	ck_assert_ptr_null(load_over(NULL, text));
	ck_assert_ptr_null(strchr(said(), '\x1b'));
	free(text);
	ck_assert_ptr_null(load_over(NULL, "\n@include \"a\x1b[2Jb\"\n"));
	ck_assert_ptr_nonnull(strstr(said(), "t.conf:2: the include '"));
	ck_assert_ptr_null(strchr(said(), '\x1b'));
}
END_TEST

/* ---- the file and its includes ---- */

START_TEST(test_unreadable_file)
{
	char *missing = help_path(dir, "missing.conf");
	char *error =
	    xasprintf("%s: the configuration cannot be read: No such file or directory\n", missing);

	ck_assert_ptr_null(conf_load(missing, NULL, &errors));
	ck_assert_str_eq(said(), error);
	free(error);
	free(missing);
	buf_reset(&errors);
	ck_assert_ptr_null(conf_load(dir, NULL, &errors));
	ck_assert(str_ends_with(said(), ": the configuration cannot be read: Is a directory\n"));
	buf_reset(&errors);
	ck_assert_ptr_null(conf_load("/dev/zero", NULL, &errors));
	ck_assert_str_eq(
	    said(), "/dev/zero: the configuration cannot be read: it is not a regular file\n");
}
END_TEST

START_TEST(test_fifo_does_not_block)
{
	char *fifo = help_path(dir, "fifo");

	ck_assert_int_eq(mkfifo(fifo, 0600), 0);
	ck_assert_ptr_null(conf_load(fifo, NULL, &errors));
	ck_assert(str_ends_with(said(), ": it is not a regular file\n"));
	char *error = xasprintf("the include '%s' cannot be read: it is not a regular file", fifo);
	must_refuse("\n@include \"fifo\"\n", 2, error);
	free(error);
	free(fifo);
}
END_TEST

/* Includes are looked for beside the file, wherever the daemon was started. */
START_TEST(test_include_is_relative_to_the_file)
{
	char *sub = help_path(dir, "sub");
	char *part = help_path(sub, "part.conf");
	char *absolute;

	ck_assert_int_eq(mkdir(sub, 0700), 0);
	help_write_file(part, "run_dir = \"/included\";", 22);
	char *rest = with("", "", "");
	char *text = xasprintf("%s\t @include \"sub/part.conf\"", rest);
	struct conf *c = must_load(text);
	ck_assert_str_eq(c->run_dir, "/included");
	conf_free(c);
	absolute = xasprintf("@include\t\"%s\" // and a comment\n%s", part, rest);
	c = must_load(absolute);
	ck_assert_str_eq(c->run_dir, "/included");
	conf_free(c);
	free(absolute);
	free(text);
	free(rest);
	free(part);
	free(sub);
}
END_TEST

/* Neither a comment nor a string is a directive. */
START_TEST(test_include_that_is_none)
{
	char *rest = with("", "session: { queue = \"a\" \"\\\n@include\"; };", "");
	char *text =
	    xasprintf("// @include \"x\"\n# @include \"x\"\n/*\n@include \"x\"\n*/\n%s", rest);

	must_refuse(text, 8,
	    "setting 'pool.p.session.queue': it holds a newline, tab or other control "
	    "character; is a quotation mark missing?");
	free(text);
	free(rest);
}
END_TEST

static void write_chain(unsigned length, const char *end)
{
	for (unsigned i = 1; i <= length; i++) {
		char *name = xasprintf("chain%u", i);
		char *path = help_path(dir, name);
		char *text = i < length ? xasprintf("@include \"chain%u\"\n", i + 1) : xstrdup(end);
		help_write_file(path, text, strlen(text));
		free(text);
		free(path);
		free(name);
	}
}

START_TEST(test_include_depth)
{
	char *end = with("", "", "");
	char *last = help_path(dir, "chain9");

	write_chain(9, end);
	struct conf *c = must_load("@include \"chain1\"\n");
	conf_free(c);
	write_chain(10, end);
	ck_assert_ptr_null(load_over(NULL, "@include \"chain1\"\n"));
	char *error = xasprintf("%s:1: too many includes; does a file include itself?\n", last);
	ck_assert_str_eq(said(), error);
	free(error);
	free(last);
	free(end);
}
END_TEST

START_TEST(test_include_count)
{
	struct buf text;
	char *part = help_path(dir, "part");

	help_write_file(part, "\n", 1);
	buf_init(&text, TEXT_BYTES_MAX);
	for (int i = 0; i < 150; i++)
		buf_adds(&text, "@include \"part\"\n");
	must_refuse(text.data, 100, "too many includes; does a file include itself?");
	buf_fini(&text);
	free(part);
}
END_TEST

static char *comment_of(size_t bytes)
{
	char *text = xmalloc(bytes + 1);

	memset(text, '/', bytes);
	text[bytes - 1] = '\n';
	text[bytes] = '\0';
	return text;
}

START_TEST(test_size)
{
	char *rest = with("", "", "");
	char *filler = comment_of(1024 * 1024 - strlen(rest));
	char *text = xasprintf("%s%s", filler, rest);
	struct conf *c = must_load(text);

	conf_free(c);
	free(text);
	text = xasprintf("\n%s%s", filler, rest);
	must_refuse(text, 0,
	    "the configuration cannot be read: with its includes it is larger than "
	    "1 MiB");
	free(text);
	free(filler);
	free(rest);
}
END_TEST

/* No file is too large, only all of them together; whatever follows an include counts too. */
START_TEST(test_size_of_all)
{
	char *part = help_path(dir, "part");
	char *filler = comment_of(400 * 1024);
	char *text = xasprintf("@include \"part\"\n%s%s", filler, filler);

	help_write_file(part, filler, strlen(filler));
	must_refuse(text, 0,
	    "the configuration cannot be read: with its includes it is larger than "
	    "1 MiB");
	free(text);
	text = xasprintf("%s%s\n@include \"part\"\n", filler, filler);
	char *error = xasprintf("the include '%s' cannot be read: with its includes it is larger "
				"than 1 MiB",
	    part);
	must_refuse(text, 4, error);
	free(error);
	free(text);
	free(filler);
	free(part);
}
END_TEST

/* libconfig's parser has a depth of its own. */
START_TEST(test_deep_nesting)
{
	struct buf text;

	buf_init(&text, TEXT_BYTES_MAX);
	for (int i = 0; i < 20000; i++)
		buf_adds(&text, "a:{");
	ck_assert_ptr_null(load_over(NULL, text.data));
	ck_assert_ptr_nonnull(strstr(said(), "t.conf:1: "));
	buf_fini(&text);
}
END_TEST

/* ---- the example ---- */

/* With a runner that is there. */
static char *read_example(void)
{
	static const char line[] = "#runner = \"/usr/share/sparkspool/runner.py\";";
	char *path = help_path(help_data_dir(), "../../etc/sparkspool.conf");
	char *text = help_read_file(path, NULL);
	char *at = strstr(text, line);

	ck_assert_ptr_nonnull(at);
	char *with =
	    xasprintf("%.*srunner = \"%s\";%s", (int)(at - text), text, runner, at + strlen(line));
	free(text);
	free(path);
	return with;
}

/* Puts every setting of the example in force: its # becomes a blank. Secrets and certificates are
 * elsewhere on this machine. */
static char *whole_example(void)
{
	struct buf out;
	char *text = read_example();
	char *password = write_password("pw", "x\n", 2, 0600);

	buf_init(&out, TEXT_BYTES_MAX);
	for (char *line = text, *next; *line != '\0'; line = next) {
		size_t n = strcspn(line, "\n") + 1;
		size_t start = strspn(line, " \t");
		next = line + n;
		if (line[start] == '#')
			line[start] = ' ';
		size_t name = start + strspn(line + start, " ");
		if (strncmp(line + name, "password_file", 13) == 0)
			buf_addf(&out, "password_file = \"%s\";\n", password);
		else if (strncmp(line + name, "ca_file", 7) == 0)
			buf_addf(&out, "ca_file = \"%s\";\n", password);
		else
			buf_add(&out, line, n);
	}
	free(password);
	free(text);
	return buf_steal(&out, NULL);
}

START_TEST(test_example_is_good)
{
	char *text = read_example();
	struct conf *c = must_load(text);

	ck_assert_str_eq(c->state_dir, "/var/lib/sparkspool");
	ck_assert_uint_eq(c->spool_count, 1);
	conf_free(c);
	free(text);
}
END_TEST

struct seen {
	const char *text;
	size_t count;
	char last[100];
};

/* The last part of its path stands in the text as a setting: "name = ". */
static void must_be_said(const char *path, void *arg)
{
	struct seen *seen = arg;
	const char *dot = strrchr(path, '.');
	char *setting = xasprintf("%s = ", dot == NULL ? path : dot + 1);

	ck_assert_msg(strstr(seen->text, setting) != NULL, "%s is not there", path);
	ck_assert_str_ne(seen->last, path);
	ck_assert_int_lt(snprintf(seen->last, sizeof(seen->last), "%s", path), 100);
	seen->count++;
	free(setting);
}

START_TEST(test_example_has_every_setting)
{
	char *text = whole_example();
	struct conf *c = must_load(text);
	char *described = describe(c);
	struct seen in_file = { .text = text };
	struct seen in_words = { .text = described };

	conf_each_setting(must_be_said, &in_file);
	conf_each_setting(must_be_said, &in_words);
	ck_assert_uint_eq(in_file.count, in_words.count);
	ck_assert_uint_gt(in_file.count, 45);
	free(described);
	conf_free(c);
	free(text);
}
END_TEST

/* What the example shows as commented out holds anyway, where it is a default at all. */
START_TEST(test_example_shows_defaults)
{
	char *text = read_example();
	char *whole = whole_example();
	struct conf *shown = must_load(whole);
	struct conf *c = must_load(text);

	ck_assert_str_eq(c->run_dir, shown->run_dir);
	ck_assert_int_eq(c->endpoint[0].connect_timeout_ms, shown->endpoint[0].connect_timeout_ms);
	ck_assert_int_eq(c->endpoint[0].answer_bytes_max, shown->endpoint[0].answer_bytes_max);
	check_default_spool(&c->spool[0]);
	check_default_spool(&shown->spool[0]);
	ck_assert_int_eq(c->pool[0].max, shown->pool[0].max);
	check_default_pool_of_the_runner(&c->pool[0]);
	check_default_pool_of_the_runner(&shown->pool[0]);
	ck_assert_int_eq(c->pool[0].recycle_age_ms, shown->pool[0].recycle_age_ms);
	ck_assert_int_eq(c->pool[0].start_timeout_ms, shown->pool[0].start_timeout_ms);
	conf_free(c);
	conf_free(shown);
	free(whole);
	free(text);
}
END_TEST

/* ---- what nobody would write ---- */

/* Whatever it is: taken, or refused with a word; never a crash, never silence. */
static void must_answer(const char *bytes, size_t n)
{
	buf_reset(&errors);
	help_write_file(file, bytes, n);
	struct conf *c = conf_load(file, NULL, &errors);
	if (c == NULL)
		ck_assert_msg(errors.len > 0 && errors.data[errors.len - 1] == '\n',
		    "refused without a word: %.*s", (int)n, bytes);
	else
		ck_assert_uint_eq(errors.len, 0);
	conf_free(c);
}

#define PARTS 8

/* All its beginnings, of which each part takes some. */
START_TEST(test_truncated_example)
{
	char *text = whole_example();
	size_t len = strlen(text);

	ck_assert_uint_gt(len, 1000);
	for (size_t n = (size_t)_i; n <= len; n += PARTS)
		must_answer(text, n);
	free(text);
}
END_TEST

START_TEST(test_example_with_a_byte_changed)
{
	static const char bytes[] = "\0\n\"{}()[];=:,@#/*\\x9-.\x80\xff";
	char *text = whole_example();
	size_t len = strlen(text);

	for (size_t n = (size_t)_i; n < len; n += PARTS) {
		char was = text[n];
		text[n] = bytes[(n / PARTS) % (sizeof(bytes) - 1)];
		must_answer(text, len);
		text[n] = was;
	}
	free(text);
}
END_TEST

START_TEST(test_example_with_a_line_missing)
{
	char *text = whole_example();
	size_t len = strlen(text);

	for (size_t at = 0; at < len;) {
		size_t n = strcspn(text + at, "\n") + 1;
		char *rest = xasprintf("%.*s%s", (int)at, text, text + at + n);
		must_answer(rest, strlen(rest));
		free(rest);
		at += n;
	}
	free(text);
}
END_TEST

START_TEST(test_noise)
{
	uint32_t x = 2463534242u + (uint32_t)_i;
	static const char *const word[] = { "endpoint", "pool", "spool", "e", ": {", "};", "=", ";",
		"\"", "1", "@include ", "\n", "/*", "*/", "//", "( ", ") ", "[ ", "] ", "warm", ",",
		"true", "url", "\\", "path", "session", "conf", "-5L", ".", "0x" };

	for (int round = 0; round < 300; round++) {
		struct buf text;
		buf_init(&text, 4096);
		for (int i = 0; i < 60; i++) {
			x ^= x << 13;
			x ^= x >> 17;
			x ^= x << 5;
			buf_adds(&text, word[x % ARRAY_LEN(word)]);
		}
		must_answer(text.data, text.len);
		buf_fini(&text);
	}
}
END_TEST

/* ---- the suite ---- */

static TCase *add_case(Suite *suite, const char *name)
{
	TCase *tc = tcase_create(name);

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 120);
	suite_add_tcase(suite, tc);
	return tc;
}

static void add_data(Suite *suite)
{
	TCase *tc = add_case(suite, "data");

	tcase_add_test(tc, test_there_are_files);
	tcase_add_loop_test(tc, test_bad_file, 0, find_names("bad", bad_name));
	tcase_add_loop_test(tc, test_good_file, 0, find_names("good", good_name));
}

static void add_values(Suite *suite)
{
	TCase *tc = add_case(suite, "values");

	tcase_add_test(tc, test_each_field);
	tcase_add_test(tc, test_defaults);
	tcase_add_test(tc, test_limits_are_inclusive);
	tcase_add_test(tc, test_file_max_has_the_servers_limit);
	tcase_add_test(tc, test_answer_max_has_the_ledgers_limit);
	tcase_add_test(tc, test_utf8_is_kept);
	tcase_add_test(tc, test_empty_value_of_a_pair);
	tcase_add_loop_test(tc, test_numbers_do_not_wrap, 0, ARRAY_LEN(numbers));
	tcase_add_loop_test(tc, test_url, 0, ARRAY_LEN(urls));
	tcase_add_loop_test(tc, test_url_with_password, 0, ARRAY_LEN(urls));
	tcase_add_test(tc, test_url_error_shows_no_password);
}

static void add_secrets(Suite *suite)
{
	TCase *tc = add_case(suite, "secrets");

	tcase_add_loop_test(tc, test_password_bytes, 0, ARRAY_LEN(secrets));
	tcase_add_test(tc, test_password_size);
	tcase_add_loop_test(tc, test_password_mode, 0, 8);
	tcase_add_test(tc, test_password_file_type);
	tcase_add_test(tc, test_credential);
	tcase_add_test(tc, test_credential_of_roots);
	tcase_add_test(tc, test_credential_without_a_manager);
	tcase_add_test(tc, test_password_is_not_described);
	tcase_add_test(tc, test_ca_file);
}

static void add_reload(Suite *suite)
{
	TCase *tc = add_case(suite, "reload");

	tcase_add_test(tc, test_reload_of_the_same);
	tcase_add_test(tc, test_reload_keeps_numbers);
	tcase_add_test(tc, test_reload_keeps_the_removed);
	tcase_add_test(tc, test_reload_renames_no_spool);
	tcase_add_test(tc, test_reload_where_another_was_before);
	tcase_add_test(tc, test_former_entries_are_removed_ones);
	tcase_add_test(tc, test_reload_keeps_a_removed_password);
	tcase_add_test(tc, test_reload_removed_is_not_there);
	tcase_add_test(tc, test_reload_needs_a_restart);
	tcase_add_test(tc, test_reload_with_errors_leaves_prev);
}

static void add_text(Suite *suite)
{
	TCase *tc = add_case(suite, "text");

	tcase_add_test(tc, test_as_many_as_allowed);
	tcase_add_test(tc, test_many_errors);
	tcase_add_test(tc, test_errors_without_room);
	tcase_add_test(tc, test_long_strings);
	tcase_add_test(tc, test_errors_cannot_be_forged);
	tcase_add_test(tc, test_unreadable_file);
	tcase_add_test(tc, test_fifo_does_not_block);
	tcase_add_test(tc, test_include_is_relative_to_the_file);
	tcase_add_test(tc, test_include_that_is_none);
	tcase_add_test(tc, test_include_depth);
	tcase_add_test(tc, test_include_count);
	tcase_add_test(tc, test_size);
	tcase_add_test(tc, test_size_of_all);
	tcase_add_test(tc, test_deep_nesting);
}

static void add_example(Suite *suite)
{
	TCase *tc = add_case(suite, "example");

	tcase_add_test(tc, test_example_is_good);
	tcase_add_test(tc, test_example_has_every_setting);
	tcase_add_test(tc, test_example_shows_defaults);
	tcase_add_loop_test(tc, test_truncated_example, 0, PARTS);
	tcase_add_loop_test(tc, test_example_with_a_byte_changed, 0, PARTS);
	tcase_add_test(tc, test_example_with_a_line_missing);
	tcase_add_loop_test(tc, test_noise, 0, PARTS);
}

int main(void)
{
	Suite *suite = suite_create("confload");

	make_data_dir_absolute();
	add_data(suite);
	add_values(suite);
	add_secrets(suite);
	add_reload(suite);
	add_text(suite);
	add_example(suite);
	return help_run(suite);
}
