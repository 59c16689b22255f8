/* test_livy: bodies and paths of requests, dialects, codes that are the same. */
#include "help.h"

#include "core/livy.h"
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#define BYTES(s) ((struct bytes){ .p = (s), .n = strlen(s) })

static const struct livy_dialect reference; /* nothing but the REST reference */
static const struct livy_dialect recent = { .names = true, .echo = true, .connect = true };

/* ---- POST /sessions -------------------------------------------------------------------------- */

/* The whole body, as text: the order of the fields is part of it. */
static void creates(const struct conf_session *s, enum kind kind, const char *name,
    const char *proxy_user, const struct livy_dialect *d, const char *expected)
{
	struct arena a;

	arena_init(&a);
	struct bytes body = livy_create_body(&a, s, kind, name, proxy_user, d);
	ck_assert_str_eq(body.p, expected);
	ck_assert_uint_eq(body.n, strlen(expected));
	arena_fini(&a);
}

START_TEST(a_bare_session_is_its_kind)
{
	struct conf_session s = { 0 };

	creates(&s, KIND_PYSPARK, NULL, NULL, &recent, "{\"kind\":\"pyspark\"}");
	creates(&s, KIND_SPARK, NULL, NULL, &recent, "{\"kind\":\"spark\"}");
	creates(&s, KIND_SQL, NULL, NULL, &recent, "{\"kind\":\"sql\"}");
	creates(&s, KIND_SPARKR, NULL, NULL, &recent, "{\"kind\":\"sparkr\"}");
	creates(&s, KIND_SPARK, "n-1", NULL, &recent, "{\"kind\":\"spark\",\"name\":\"n-1\"}");
	creates(&s, KIND_SPARK, "n-1", NULL, &reference, "{\"kind\":\"spark\"}");
}
END_TEST

static char *jars[] = { (char *)"wasb://c@a.blob/helper.jar", (char *)"hdfs:///b.jar", NULL };
static char *py_files[] = { (char *)"p.py", NULL };
static char *files[] = { (char *)"config.xml", NULL };
static char *archives[] = { (char *)"z.zip", NULL };
static char *none[] = { NULL };
static struct conf_pair pairs[] = {
	{ .key = (char *)"spark.sql.shuffle.partitions", .value = (char *)"8" },
	{ .key = (char *)"a.b", .value = (char *)"\xC3\xA9 \"q\"" },
};

static struct conf_session full_session(void)
{
	return (struct conf_session){
		.proxy_user = (char *)"etl",
		.jars = jars,
		.py_files = py_files,
		.files = files,
		.archives = archives,
		.driver_memory = (char *)"1G",
		.driver_cores = 2,
		.executor_memory = (char *)"3G",
		.executor_cores = 4,
		.num_executors = 5,
		.queue = (char *)"batch",
		.conf = pairs,
		.conf_count = ARRAY_LEN(pairs),
		.heartbeat_timeout_s = 600,
	};
}

#define REFERENCE_FIELDS                                                                           \
	"\"jars\":[\"wasb://c@a.blob/helper.jar\",\"hdfs:///b.jar\"],\"pyFiles\":[\"p.py\"],"      \
	"\"files\":[\"config.xml\"],\"archives\":[\"z.zip\"],\"driverMemory\":\"1G\","             \
	"\"driverCores\":2,\"executorMemory\":\"3G\",\"executorCores\":4,\"numExecutors\":5"

START_TEST(every_field_has_its_name)
{
	struct conf_session s = full_session();

	creates(&s, KIND_SPARK, "ss", NULL, &recent,
	    "{\"kind\":\"spark\",\"name\":\"ss\",\"proxyUser\":\"etl\"," REFERENCE_FIELDS
	    ",\"queue\":\"batch\",\"conf\":{\"spark.sql.shuffle.partitions\":\"8\","
	    "\"a.b\":\"\xC3\xA9 \\\"q\\\"\"},\"heartbeatTimeoutInSecond\":600}");
}
END_TEST

/* An unknown field is an error to every Livy: an old one gets what the reference names. */
START_TEST(an_old_server_gets_the_reference)
{
	struct conf_session s = full_session();

	creates(&s, KIND_SPARK, "ss", NULL, &reference,
	    "{\"kind\":\"spark\",\"proxyUser\":\"etl\"," REFERENCE_FIELDS "}");
}
END_TEST

START_TEST(what_is_not_set_is_not_sent)
{
	struct conf_session s = { .jars = none,
		.files = none,
		.driver_memory = (char *)"",
		.queue = (char *)"",
		.driver_cores = 0 };

	creates(&s, KIND_SQL, "", "", &recent, "{\"kind\":\"sql\"}");
}
END_TEST

START_TEST(the_owner_is_the_callers_to_know)
{
	struct conf_session s = { .proxy_user = (char *)"%owner" };

	creates(
	    &s, KIND_SQL, NULL, "alice", &reference, "{\"kind\":\"sql\",\"proxyUser\":\"alice\"}");
	creates(&s, KIND_SQL, NULL, NULL, &reference, "{\"kind\":\"sql\"}");
	s.proxy_user = (char *)"etl";
	creates(
	    &s, KIND_SQL, NULL, "alice", &reference, "{\"kind\":\"sql\",\"proxyUser\":\"alice\"}");
}
END_TEST

/* A configuration file may hold any bytes; a request is JSON in any case. */
START_TEST(a_body_is_always_json)
{
	struct conf_pair bad[] = { { .key = (char *)"k\xFF", .value = (char *)"v" },
		{ .key = (char *)"k", .value = (char *)"v\xFF" } };
	struct conf_session s = { .queue = (char *)"\xE9", .conf = bad, .conf_count = 2 };

	creates(&s, KIND_SQL, NULL, NULL, &recent,
	    "{\"kind\":\"sql\",\"queue\":\"\xEF\xBF\xBD\",\"conf\":{\"k\":\"v\xEF\xBF\xBD\"}}");
}
END_TEST

/* ---- POST statements ------------------------------------------------------------------------- */

START_TEST(code_goes_out_as_it_is)
{
	static const char *const code[] = { "1 + 1", "print(\"a\")\r\nx = '\\n'\n",
		"\xEF\xBB\xBFprint(1)", "\xC3\xA9\xE4\xB8\xAD\xF0\x9F\x98\x80",
		"a\tb\x01\x7F / <&>" };
	struct arena a;

	arena_init(&a);
	for (size_t i = 0; i < ARRAY_LEN(code); i++) {
		struct bytes body = livy_statement_body(&a, BYTES(code[i]));
		json_t *v = json_loadb(body.p, body.n, 0, NULL);

		ck_assert_uint_eq(json_object_size(v), 1);
		ck_assert_str_eq(json_string_value(json_object_get(v, "code")), code[i]);
		json_decref(v);
	}
	ck_assert_str_eq(livy_statement_body(&a, BYTES("1 + 1")).p, "{\"code\":\"1 + 1\"}");
	arena_fini(&a);
}
END_TEST

START_TEST(code_of_megabytes)
{
	size_t n = 5000000;
	char *code = malloc(n);
	struct arena a;

	ck_assert_ptr_nonnull(code);
	memset(code, 'x', n);
	arena_init(&a);
	struct bytes body = livy_statement_body(&a, (struct bytes){ .p = code, .n = n });
	ck_assert_uint_eq(body.n, n + strlen("{\"code\":\"\"}"));
	arena_fini(&a);
	free(code);
}
END_TEST

/* ---- paths ----------------------------------------------------------------------------------- */

START_TEST(paths)
{
	struct arena a;

	arena_init(&a);
	ck_assert_str_eq(livy_path(&a, "7", NULL), "/sessions/7");
	ck_assert_str_eq(livy_path(&a, "7", ""), "/sessions/7");
	ck_assert_str_eq(livy_path(&a, "sp-ab12_3.~", "/state"), "/sessions/sp-ab12_3.~/state");
	ck_assert_str_eq(
	    livy_path(&a, "7", "/log?from=-1&size=50"), "/sessions/7/log?from=-1&size=50");
	ck_assert_str_eq(livy_path_statement(&a, "7", 0, NULL), "/sessions/7/statements/0");
	ck_assert_str_eq(livy_path_statement(&a, "n", INT64_MAX, "/cancel"),
	    "/sessions/n/statements/9223372036854775807/cancel");
	arena_fini(&a);
}
END_TEST

/* A server that answers with a strange id cannot send us anywhere else. */
START_TEST(keys_cannot_leave_the_path)
{
	struct arena a;

	arena_init(&a);
	ck_assert_str_eq(livy_path(&a, "a/../b?c#d", NULL), "/sessions/a%2F..%2Fb%3Fc%23d");
	ck_assert_str_eq(livy_path(&a, "a b%\r\n\xC3\xA9", NULL), "/sessions/a%20b%25%0D%0A%C3%A9");
	arena_fini(&a);
}
END_TEST

/* ---- dialects -------------------------------------------------------------------------------- */

static struct livy_dialect dialect_of(const char *version)
{
	struct livy_answer a = { .verdict = LIVY_OK, .version = (char *)(uintptr_t)version };

	return livy_dialect_of(&a);
}

START_TEST(dialects_by_version)
{
	static const struct {
		const char *version;
		bool names;
		bool echo;
	} known[] = {
		{ "0.10.0-incubating-SNAPSHOT", true, true },
		{ "0.7.1-incubating", true, true },
		{ "0.6.0-incubating", true, true },
		{ "0.6", true, true },
		{ "1.0.0", true, true },
		{ "0.5.0-incubating", false, true },
		{ "0.4.0", false, true },
		{ "0.3.0", false, false },
		{ "0.2.0-SNAPSHOT", false, false },
		{ "", false, false },
		{ "0", false, false },
		{ "0.", false, false },
		{ "0.x", false, false },
		{ "-1.7", false, false },
		{ " 0.7", false, false },
		{ "v0.7", false, false },
		{ "unknown", false, false },
		{ "99999999999999999999.7", false, false },
		{ "0.99999999999999999999", false, false },
	};

	for (size_t i = 0; i < ARRAY_LEN(known); i++) {
		struct livy_dialect d = dialect_of(known[i].version);

		ck_assert_msg(d.names == known[i].names, "names of %s", known[i].version);
		ck_assert_msg(d.connect == known[i].names, "connect of %s", known[i].version);
		ck_assert_msg(d.echo == known[i].echo, "echo of %s", known[i].version);
		ck_assert(!d.list_only);
	}
	ck_assert(dialect_of("0.5.0-incubating").sql && dialect_of("0.10.0").sql);
	ck_assert(!dialect_of("0.4.0").sql && !dialect_of("unknown").sql);
}
END_TEST

START_TEST(no_version_no_dialect)
{
	struct livy_answer a = { .verdict = LIVY_UNKNOWN_CALL, .version = (char *)"0.7.1" };
	struct livy_dialect d = livy_dialect_of(&a);

	ck_assert(!d.names && !d.echo && !d.connect && !d.list_only);
	d = dialect_of(NULL);
	ck_assert(!d.names && !d.echo && !d.connect && !d.list_only);
}
END_TEST

START_TEST(dialect_of_an_answer)
{
	static const char body[] = "{\"url\":\"x\",\"version\":\"0.7.1-incubating\",\"user\":\"\"}";
	struct livy_answer a;

	livy_read_version(200, BYTES(body), &a);
	ck_assert(livy_dialect_of(&a).names);
	livy_fini(&a);
	livy_read_version(404, BYTES("<html>"), &a);
	ck_assert(!livy_dialect_of(&a).echo);
	livy_fini(&a);
}
END_TEST

/* ---- codes ----------------------------------------------------------------------------------- */

START_TEST(same_code)
{
	static const struct {
		const char *a;
		const char *b;
		bool same;
	} known[] = {
		{ "", "", true },
		{ "a\r\nb\rc\n", "a\nb\nc\n", true },
		{ "a\r\n", "a\r", true },
		{ "\r\n\r\n", "\n\n", true },
		{ "\n\r", "\n\n", true },
		{ "a\n", "a", false },
		{ "a", "ab", false },
		{ "ab", "a", false },
		{ "a\n\nb", "a\r\nb", false },
		{ "x", "y", false },
		{ "\xC3\xA9", "\xC3\xA9", true },
		{ "\xC3\xA9", "\xC3\xA8", false },
	};

	for (size_t i = 0; i < ARRAY_LEN(known); i++) {
		ck_assert_msg(livy_same_code(BYTES(known[i].a), BYTES(known[i].b)) == known[i].same,
		    "%zu", i);
		ck_assert_msg(livy_same_code(BYTES(known[i].b), BYTES(known[i].a)) == known[i].same,
		    "%zu the other way", i);
	}
	ck_assert(livy_same_code((struct bytes){ 0 }, BYTES("")));
	ck_assert(!livy_same_code(
	    (struct bytes){ .p = "a\0b", .n = 3 }, (struct bytes){ .p = "a\0c", .n = 3 }));
}
END_TEST

START_TEST(kinds_have_names)
{
	ck_assert_str_eq(livy_kind_name(KIND_PYSPARK), "pyspark");
	ck_assert_str_eq(livy_kind_name(KIND_SPARK), "spark");
	ck_assert_str_eq(livy_kind_name(KIND_SQL), "sql");
	ck_assert_str_eq(livy_kind_name(KIND_SPARKR), "sparkr");
}
END_TEST

int main(void)
{
	Suite *s = suite_create("livy");
	TCase *t = tcase_create("requests");

	tcase_add_test(t, a_bare_session_is_its_kind);
	tcase_add_test(t, every_field_has_its_name);
	tcase_add_test(t, an_old_server_gets_the_reference);
	tcase_add_test(t, what_is_not_set_is_not_sent);
	tcase_add_test(t, the_owner_is_the_callers_to_know);
	tcase_add_test(t, a_body_is_always_json);
	tcase_add_test(t, code_goes_out_as_it_is);
	tcase_add_test(t, code_of_megabytes);
	tcase_add_test(t, paths);
	tcase_add_test(t, keys_cannot_leave_the_path);
	tcase_add_test(t, dialects_by_version);
	tcase_add_test(t, no_version_no_dialect);
	tcase_add_test(t, dialect_of_an_answer);
	tcase_add_test(t, same_code);
	tcase_add_test(t, kinds_have_names);
	suite_add_tcase(s, t);
	return help_run(s);
}
