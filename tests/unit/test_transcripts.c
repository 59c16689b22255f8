/* test_transcripts: what was recorded of a real Livy 0.10 with Spark 3.5, through livy: every
 * request, every answer. */
#include "help.h"
#include "resulthelp.h"
#include "tape.h"

#include "core/livy.h"
#include "core/source.h"
#include <stdlib.h>
#include <string.h>

/* ---- verdicts -------------------------------------------------------------------------------- */

/* What is not 200 or 201, by its note; the start of the message tells that it is the right one. */
static const struct {
	const char *note;
	enum livy_verdict verdict;
	const char *message;
} refused[] = {
	{ "bogus kind", LIVY_SERVER_ERROR,
	    "java.util.concurrent.ExecutionException: org.apache.livy.rsc.rpc.RpcException: "
	    "java.lang.IllegalArgumentException: Invalid kind: bogus" },
	{ "missing statement", LIVY_NO_STATEMENT, "Statement not found" },
	{ "evicted statement", LIVY_NO_STATEMENT, "Statement not found" },
	{ "missing session", LIVY_NO_SESSION, "Session '77' not found." },
	{ "missing session post", LIVY_NO_SESSION, "Session '77' not found." },
	{ "missing session delete", LIVY_NO_SESSION, "Session '77' not found." },
	{ "after delete", LIVY_NO_SESSION, "Session '2' not found." },
	{ "bad json", LIVY_REFUSED, "Unexpected character ('b' (code 98))" },
	{ "bad kind", LIVY_REFUSED, "Invalid kind: nope" },
	{ "unknown field", LIVY_REFUSED, "Unrecognized field \"nosuch\"" },
	{ "unknown field in statement", LIVY_REFUSED, "Unrecognized field \"zzz\"" },
	{ "duplicate name", LIVY_NAME_TAKEN, "Rejected, Reason: Duplicate session name: Some(t1)" },
	{ "no code", LIVY_SERVER_ERROR, "java.util.concurrent.ExecutionException:" },
	{ "post while starting", LIVY_NOT_READY,
	    "java.lang.IllegalStateException: Session is in state starting" },
	{ "post to dead", LIVY_NOT_ACTIVE,
	    "java.lang.IllegalStateException: Session is in state dead" },
	{ "doomed stmt", LIVY_NOT_ACTIVE, "requirement failed: Session isn't active." },
	{ "doomed stmts", LIVY_NOT_ACTIVE, "requirement failed: Session isn't active." },
	{ "jar outside whitelist", LIVY_REFUSED,
	    "Rejected, Reason: requirement failed: Local path /etc/passwd cannot be added" },
	{ "code 32 MiB", LIVY_REFUSED, "String length (20051112) exceeds the maximum length" },
};

static void expect_refusal(const struct recording *r, const struct livy_answer *a)
{
	for (size_t i = 0; i < ARRAY_LEN(refused); i++) {
		if (strcmp(refused[i].note, r->note) != 0)
			continue;
		ck_assert_msg(a->verdict == refused[i].verdict, "%s: %s", r->note,
		    livy_verdict_name(a->verdict));
		ck_assert_msg(
		    strncmp(a->message, refused[i].message, strlen(refused[i].message)) == 0,
		    "%s: %s", r->note, a->message);
		return;
	}
	ck_abort_msg("%s: status %d is in no table", r->note, r->status);
}

/* Whole lists hold statement 1, whole pages are no answer of the API. */
static enum livy_verdict verdict_of_success(const struct recording *r)
{
	if (r->cut || strcmp(r->note, "metrics") == 0)
		return LIVY_GARBAGE;
	if (strcmp(r->note, "after 150 more statements") == 0)
		return LIVY_NO_STATEMENT;
	return LIVY_OK;
}

START_TEST(every_answer_has_its_verdict)
{
	struct tape *t = tape_load();
	size_t refusals = 0;

	for (size_t i = 0; i < t->count; i++) {
		const struct recording *r = &t->r[i];
		struct livy_answer a;

		tape_read(tape_call(r), r->status, r->body, &a);
		if (r->status > 299) {
			expect_refusal(r, &a);
			refusals++;
		} else {
			ck_assert_msg(a.verdict == verdict_of_success(r), "%s: %s: %s", r->note,
			    livy_verdict_name(a.verdict), a.message);
		}
		livy_fini(&a);
	}
	ck_assert_uint_ge(refusals, ARRAY_LEN(refused));
	tape_free(t);
}
END_TEST

/* ---- fields ---------------------------------------------------------------------------------- */

static void same_text(const json_t *v, const char *text)
{
	if (json_is_string(v))
		ck_assert_str_eq(text, json_string_value(v));
	else
		ck_assert_ptr_null(text);
}

static void same_session(const json_t *v, const struct livy_session *s)
{
	char id[24];

	(void)snprintf(
	    id, sizeof(id), "%" JSON_INTEGER_FORMAT, json_integer_value(json_object_get(v, "id")));
	ck_assert_str_eq(s->id, id);
	same_text(json_object_get(v, "name"), s->name);
	same_text(json_object_get(v, "appId"), s->app_id);
	same_text(json_object_get(v, "state"), s->state_text);
	const json_t *log = json_object_get(v, "log");
	ck_assert_int_eq(json_array_size(log) > 0, s->log != NULL);
	for (size_t i = 0; i < json_array_size(log); i++)
		ck_assert_ptr_nonnull(strstr(s->log, json_string_value(json_array_get(log, i))));
}

static void same_statement(const json_t *v, const struct livy_statement *s)
{
	const json_t *output = json_object_get(v, "output");
	const json_t *data = json_object_get(output, "data");

	ck_assert_int_eq(s->id, json_integer_value(json_object_get(v, "id")));
	same_text(json_object_get(v, "code"), s->code);
	ck_assert_uint_eq(s->code_bytes, json_string_length(json_object_get(v, "code")));
	ck_assert_int_eq(s->output, json_is_object(output));
	ck_assert_int_eq(s->failed, json_object_get(output, "ename") != NULL);
	ck_assert_uint_eq(s->text_bytes, json_string_length(json_object_get(data, "text/plain")));
	ck_assert_double_eq(s->progress, json_real_value(json_object_get(v, "progress")));
	ck_assert_int_eq(s->started_ms, json_integer_value(json_object_get(v, "started")));
	ck_assert_int_eq(s->completed_ms, json_integer_value(json_object_get(v, "completed")));
	const char *word = tape_text(v, "state");
	ck_assert_int_eq(s->state == LIVY_STATEMENT_AVAILABLE, strcmp(word, "available") == 0);
	ck_assert_int_eq(s->state == LIVY_STATEMENT_RUNNING, strcmp(word, "running") == 0);
	ck_assert_int_eq(s->state == LIVY_STATEMENT_CANCELLED, strcmp(word, "cancelled") == 0);
	ck_assert_int_eq(s->state == LIVY_STATEMENT_CANCELLING, strcmp(word, "cancelling") == 0);
}

static void same_answer(enum call call, const json_t *v, const struct livy_answer *a)
{
	const json_t *list = json_object_get(v, "sessions");

	switch (call) {
	case CALL_CREATE:
	case CALL_SESSION:
	case CALL_STATE:
	case CALL_LOG:
		ck_assert_uint_eq(a->session_count, 1);
		same_session(v, &a->session[0]);
		break;
	case CALL_LIST:
		ck_assert_uint_eq(a->session_count, json_array_size(list));
		ck_assert_int_eq(a->total, json_integer_value(json_object_get(v, "total")));
		same_session(json_array_get(list, 0), &a->session[0]);
		break;
	case CALL_POST:
	case CALL_STATEMENT:
		same_statement(v, &a->statement);
		break;
	case CALL_STATEMENTS:
		same_statement(json_array_get(json_object_get(v, "statements"), 1), &a->statement);
		break;
	case CALL_VERSION:
		ck_assert_str_eq(a->version, "0.10.0-incubating-SNAPSHOT");
		ck_assert(livy_dialect_of(a).names);
		break;
	case CALL_DONE:
	case CALL_OTHER:
		break;
	}
}

START_TEST(every_answer_has_its_fields)
{
	struct tape *t = tape_load();
	size_t read = 0;

	for (size_t i = 0; i < t->count; i++) {
		const struct recording *r = &t->r[i];
		struct livy_answer a;

		tape_read(tape_call(r), r->status, r->body, &a);
		if (a.verdict == LIVY_OK) {
			json_t *v = json_loadb(r->body.p, r->body.n, JSON_ALLOW_NUL, NULL);

			same_answer(tape_call(r), v, &a);
			json_decref(v);
			read++;
		}
		livy_fini(&a);
	}
	ck_assert_uint_gt(read, 150);
	tape_free(t);
}
END_TEST

START_TEST(recorded_session_states)
{
	static const struct {
		const char *note;
		enum livy_session_state state;
	} known[] = {
		{ "state", LIVY_SESSION_IDLE },
		{ "busy", LIVY_SESSION_BUSY },
		{ "create pyspark", LIVY_SESSION_STARTING },
		{ "dead session", LIVY_SESSION_DEAD },
		{ "bad conf session", LIVY_SESSION_DEAD },
	};
	struct tape *t = tape_load();
	size_t seen = 0;

	for (size_t i = 0; i < t->count; i++) {
		for (size_t k = 0; k < ARRAY_LEN(known); k++) {
			struct livy_answer a;

			if (strcmp(t->r[i].note, known[k].note) != 0)
				continue;
			tape_read(tape_call(&t->r[i]), t->r[i].status, t->r[i].body, &a);
			ck_assert_int_eq(a.session[0].state, known[k].state);
			livy_fini(&a);
			seen++;
		}
	}
	ck_assert_uint_ge(seen, ARRAY_LEN(known));
	tape_free(t);
}
END_TEST

/* ---- requests -------------------------------------------------------------------------------- */

/* The recorder sent a kind with each statement of a shared session; we never do. */
START_TEST(our_statements_are_the_recorded_ones)
{
	struct tape *t = tape_load();
	struct arena a;
	size_t compared = 0;

	arena_init(&a);
	for (size_t i = 0; i < t->count; i++) {
		const json_t *code = json_object_get(t->r[i].request, "code");

		if (tape_call(&t->r[i]) != CALL_POST || json_object_get(t->r[i].request, "zzz") ||
		    !code)
			continue;
		struct bytes raw = { json_string_value(code), json_string_length(code) };
		if (raw.n > 0)
			ck_assert_ptr_null(source_check(raw));
		struct bytes body = livy_statement_body(&a, raw);
		json_t *ours = json_loadb(body.p, body.n, 0, NULL);
		json_t *theirs = json_copy((json_t *)(uintptr_t)t->r[i].request);
		(void)json_object_del(theirs, "kind");
		ck_assert_msg(json_equal(ours, theirs), "%s", t->r[i].note);
		json_decref(ours);
		json_decref(theirs);
		compared++;
	}
	ck_assert_uint_gt(compared, 60);
	arena_fini(&a);
	tape_free(t);
}
END_TEST

/* The paths that were recorded are what we would ask for. */
START_TEST(our_paths_are_the_recorded_ones)
{
	struct tape *t = tape_load();
	struct arena a;

	arena_init(&a);
	for (size_t i = 0; i < t->count; i++) {
		const char *p = t->r[i].path;
		char key[32] = { 0 };

		if (strncmp(p, "/sessions/", 10) != 0)
			continue;
		size_t n = strcspn(p + 10, "/?");
		ck_assert_uint_lt(n, sizeof(key));
		memcpy(key, p + 10, n);
		ck_assert_str_eq(livy_path(&a, key, p + 10 + n), p);
		const char *id = strstr(p, "/statements/");
		if (!id)
			continue;
		char *rest;
		long long number = strtoll(id + strlen("/statements/"), &rest, 10);
		ck_assert_str_eq(livy_path_statement(&a, key, number, rest), p);
	}
	arena_fini(&a);
	tape_free(t);
}
END_TEST

static bool kind_named(const char *name, enum kind *kind)
{
	for (int i = 0; i < KIND_COUNT; i++) {
		*kind = (enum kind)i;
		if (strcmp(livy_kind_name(*kind), name) == 0)
			return true;
	}
	return false;
}

/* A configuration with what the recorded request has, and nothing else. */
static struct conf_session session_as(const json_t *body, struct conf_pair *pair, char **jar)
{
	struct conf_session s = { 0 };
	const char *memory = tape_text(body, "driverMemory");
	const char *proxy = tape_text(body, "proxyUser");
	const json_t *conf = json_object_get(body, "conf");

	s.driver_memory = (char *)(uintptr_t)memory;
	s.proxy_user = (char *)(uintptr_t)proxy;
	jar[0] =
	    (char *)(uintptr_t)json_string_value(json_array_get(json_object_get(body, "jars"), 0));
	s.jars = jar;
	ck_assert_uint_le(json_object_size(conf), 1);
	if (json_object_size(conf) == 1) {
		void *it = json_object_iter((json_t *)(uintptr_t)conf);

		pair->key = (char *)(uintptr_t)json_object_iter_key(it);
		pair->value = (char *)(uintptr_t)json_string_value(json_object_iter_value(it));
		s.conf = pair;
		s.conf_count = 1;
	}
	return s;
}

START_TEST(our_sessions_are_the_recorded_ones)
{
	const struct livy_dialect recent = { .names = true, .echo = true, .connect = true };
	struct tape *t = tape_load();
	struct arena a;
	size_t compared = 0;

	arena_init(&a);
	for (size_t i = 0; i < t->count; i++) {
		const json_t *request = t->r[i].request;
		struct conf_pair pair = { 0 };
		char *jar[2] = { 0 };
		enum kind kind;

		if (tape_call(&t->r[i]) != CALL_CREATE || json_object_get(request, "nosuch") ||
		    !kind_named(tape_text(request, "kind"), &kind))
			continue;
		struct conf_session s = session_as(request, &pair, jar);
		struct bytes body =
		    livy_create_body(&a, &s, kind, tape_text(request, "name"), NULL, &recent);
		json_t *ours = json_loadb(body.p, body.n, 0, NULL);
		ck_assert_msg(json_equal(ours, request), "%s: %s", t->r[i].note, body.p);
		json_decref(ours);
		compared++;
	}
	ck_assert_uint_ge(compared, 7);
	arena_fini(&a);
	tape_free(t);
}
END_TEST

/* What the server echoes is what was sent, line ends aside. */
START_TEST(echoes_are_recognised)
{
	struct tape *t = tape_load();
	size_t same = 0;
	size_t cut = 0;

	for (size_t i = 0; i < t->count; i++) {
		const json_t *code = json_object_get(t->r[i].request, "code");
		struct livy_answer a;

		if (tape_call(&t->r[i]) != CALL_POST || !code)
			continue;
		tape_read(CALL_POST, t->r[i].status, t->r[i].body, &a);
		if (a.verdict == LIVY_OK) {
			struct bytes sent = { json_string_value(code), json_string_length(code) };
			struct bytes echo = { a.statement.code, a.statement.code_bytes };

			ck_assert_msg(livy_same_code(sent, echo), "%s", t->r[i].note);
			ck_assert(!livy_same_code(sent, BYTES("something else")));
			same++;
		}
		cut += a.verdict == LIVY_GARBAGE;
		livy_fini(&a);
	}
	ck_assert_uint_gt(same, 60);
	ck_assert_uint_eq(cut, 2);
	tape_free(t);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("transcripts");
	TCase *answers = tcase_create("answers");
	TCase *requests = tcase_create("requests");

	tcase_add_test(answers, every_answer_has_its_verdict);
	tcase_add_test(answers, every_answer_has_its_fields);
	tcase_add_test(answers, recorded_session_states);
	tcase_add_test(requests, our_statements_are_the_recorded_ones);
	tcase_add_test(requests, our_paths_are_the_recorded_ones);
	tcase_add_test(requests, our_sessions_are_the_recorded_ones);
	tcase_add_test(requests, echoes_are_recognised);
	suite_add_tcase(s, answers);
	suite_add_tcase(s, requests);
	return help_run(s);
}
