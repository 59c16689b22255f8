/* test_livyread: what a status and a body mean. Bodies of the REST reference and of gateways; what
 * was recorded of a real Livy is in test_transcripts. */
#include "help.h"

#include "core/livy.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BYTES(s) ((struct bytes){ .p = (s), .n = strlen(s) })

/* ---- successes that are none ----------------------------------------------------------------- */

static const struct reader {
	const char *name;
	void (*read)(int status, struct bytes body, struct livy_answer *a);
} readers[] = {
	{ "version", livy_read_version },
	{ "session", livy_read_session },
	{ "sessions", livy_read_sessions },
	{ "state", livy_read_state },
	{ "log", livy_read_log },
	{ "statement", livy_read_statement },
	{ "done", livy_read_done },
};

START_TEST(fini_leaves_nothing)
{
	struct livy_answer a;

	livy_read_session(200, BYTES("{\"id\":1,\"state\":\"idle\",\"log\":[\"x\"]}"), &a);
	livy_fini(&a);
	ck_assert_ptr_null(a.session);
	ck_assert_uint_eq(a.session_count, 0);
	livy_fini(&a);
}
END_TEST

START_TEST(garbage)
{
	static const char *const body[] = { "", "   ", "<html><title>Sign in</title></html>", "[]",
		"\"ok\"", "null", "{", "{}", "{\"id\":null}", "{\"id\":1.5}", "{\"id\":true}",
		"{\"id\":[1]}", "{\"id\":\"\"}", "{\"id\":\"..\"}", "{\"id\":\".\"}",
		"{\"id\":\"a\\u0000b\"}", "not json" };

	for (size_t i = 0; i < ARRAY_LEN(body); i++) {
		for (size_t k = 0; k + 1 < ARRAY_LEN(readers); k++) {
			struct livy_answer a;

			readers[k].read(200, BYTES(body[i]), &a);
			ck_assert_msg(
			    a.verdict == LIVY_GARBAGE, "%s: %s", readers[k].name, body[i]);
			ck_assert_ptr_nonnull(a.message);
			ck_assert_uint_eq(a.session_count, 0);
			ck_assert_int_eq(a.statement.id, -1);
			livy_fini(&a);
		}
	}
	struct livy_answer a;
	livy_read_done(200, BYTES("<html><title>Sign in</title></html>"), &a);
	ck_assert_str_eq(a.message, "Sign in");
	livy_fini(&a);
}
END_TEST

START_TEST(an_id_has_a_limit)
{
	char body[400];
	struct livy_answer a;

	for (int n = 255; n <= 256; n++) {
		(void)snprintf(body, sizeof(body), "{\"id\":\"%0*d\"}", n, 7);
		livy_read_session(200, BYTES(body), &a);
		ck_assert_int_eq(a.verdict, n == 255 ? LIVY_OK : LIVY_GARBAGE);
		livy_fini(&a);
	}
}
END_TEST

START_TEST(done)
{
	static const char *const fine[] = { "", "{\"msg\":\"deleted\"}", "{}" };
	struct livy_answer a;

	for (size_t i = 0; i < ARRAY_LEN(fine); i++) {
		for (int status = 200; status <= 204; status++) {
			livy_read_done(status, BYTES(fine[i]), &a);
			ck_assert_int_eq(a.verdict, LIVY_OK);
			ck_assert_ptr_null(a.message);
			livy_fini(&a);
		}
	}
	livy_read_done(200, BYTES("<html></html>"), &a);
	ck_assert_int_eq(a.verdict, LIVY_GARBAGE);
	livy_fini(&a);
}
END_TEST

/* ---- sessions -------------------------------------------------------------------------------- */

START_TEST(session_states)
{
	static const struct {
		const char *word;
		enum livy_session_state state;
	} known[] = {
		{ "not_started", LIVY_SESSION_STARTING },
		{ "starting", LIVY_SESSION_STARTING },
		{ "recovering", LIVY_SESSION_STARTING },
		{ "idle", LIVY_SESSION_IDLE },
		{ "Idle", LIVY_SESSION_IDLE },
		{ "running", LIVY_SESSION_IDLE },
		{ "busy", LIVY_SESSION_BUSY },
		{ "shutting_down", LIVY_SESSION_ENDING },
		{ "error", LIVY_SESSION_ERROR },
		{ "dead", LIVY_SESSION_DEAD },
		{ "killed", LIVY_SESSION_DEAD },
		{ "success", LIVY_SESSION_DEAD },
		{ "undreamt_of", LIVY_SESSION_STARTING },
		{ "", LIVY_SESSION_STARTING },
	};

	for (size_t i = 0; i < ARRAY_LEN(known); i++) {
		struct livy_answer a;
		char *body = xasprintf("{\"id\":0,\"state\":\"%s\"}", known[i].word);

		livy_read_state(200, BYTES(body), &a);
		ck_assert_int_eq(a.verdict, LIVY_OK);
		ck_assert_str_eq(a.session[0].state_text, known[i].word);
		ck_assert_int_eq(a.session[0].state, known[i].state);
		livy_fini(&a);
		livy_read_session(201, BYTES(body), &a);
		ck_assert_int_eq(a.session[0].state, known[i].state);
		livy_fini(&a);
		free(body);
	}
}
END_TEST

/* The reference: 200 on create, a number for an id, an array for a log. */
START_TEST(session_of_the_reference)
{
	struct livy_answer a;

	livy_read_session(200,
	    BYTES("{\n\"id\" : 1,\n\"state\" : \"starting\",\n\"kind\" : \"spark\",\n"
		  "\"log\" : [\"logline\", \"another\"]\n}"),
	    &a);
	ck_assert_int_eq(a.verdict, LIVY_OK);
	ck_assert_uint_eq(a.session_count, 1);
	ck_assert_str_eq(a.session[0].id, "1");
	ck_assert_ptr_null(a.session[0].name);
	ck_assert_ptr_null(a.session[0].app_id);
	ck_assert_str_eq(a.session[0].state_text, "starting");
	ck_assert_str_eq(a.session[0].log, "logline\nanother");
	ck_assert_ptr_null(a.message);
	livy_fini(&a);
}
END_TEST

START_TEST(ids_are_opaque)
{
	static const char uuid[] = "0f6c1f36-1d0e-4f4c-9f53-9f0a4bb1f9e1";
	struct livy_answer a;
	char *body =
	    xasprintf("{\"id\":\"%s\",\"name\":\"n\",\"appId\":\"application_1\",\"state\":"
		      "\"idle\",\"log\":[]}",
		uuid);

	livy_read_session(202, BYTES(body), &a);
	ck_assert_str_eq(a.session[0].id, uuid);
	ck_assert_str_eq(a.session[0].name, "n");
	ck_assert_str_eq(a.session[0].app_id, "application_1");
	ck_assert_ptr_null(a.session[0].log);
	livy_fini(&a);
	free(body);
	livy_read_session(200, BYTES("{\"id\":123456789012345678901234567890}"), &a);
	ck_assert_str_eq(a.session[0].id, "123456789012345678901234567890");
	ck_assert_ptr_null(a.session[0].state_text);
	ck_assert_int_eq(a.session[0].state, LIVY_SESSION_STARTING);
	livy_fini(&a);
}
END_TEST

START_TEST(list_of_the_reference)
{
	static const char body[] =
	    "{\"from\" : 0,\"total\" : 2,\"sessions\" : [{\"id\" : 1,\"state\" : \"starting\","
	    "\"kind\" : \"spark\",\"log\" : [\"logline\"]}, {\"id\" : 0,\"state\" : \"idle\","
	    "\"kind\" : \"spark\",\"log\" : [\"logline\"]}]}";
	struct livy_answer a;

	livy_read_sessions(200, BYTES(body), &a);
	ck_assert_int_eq(a.verdict, LIVY_OK);
	ck_assert_int_eq(a.total, 2);
	ck_assert_uint_eq(a.session_count, 2);
	ck_assert_str_eq(a.session[0].id, "1");
	ck_assert_int_eq(a.session[1].state, LIVY_SESSION_IDLE);
	livy_fini(&a);
}
END_TEST

/* The reference's table calls the total a string; some servers leave it out. */
START_TEST(totals_of_several_types)
{
	struct livy_answer a;

	livy_read_sessions(200, BYTES("{\"total\":\"12\",\"sessions\":[{\"id\":1}]}"), &a);
	ck_assert_int_eq(a.total, 12);
	livy_fini(&a);
	livy_read_sessions(200, BYTES("{\"sessions\":[{\"id\":1}]}"), &a);
	ck_assert_int_eq(a.total, 1);
	livy_fini(&a);
	livy_read_sessions(200, BYTES("{\"total\":0,\"sessions\":[]}"), &a);
	ck_assert_int_eq(a.verdict, LIVY_OK);
	ck_assert_uint_eq(a.session_count, 0);
	livy_fini(&a);
	livy_read_sessions(200, BYTES("{\"total\":\"x\",\"sessions\":[{\"id\":1}]}"), &a);
	ck_assert_int_eq(a.total, 1);
	livy_fini(&a);
}
END_TEST

START_TEST(one_unreadable_session_spoils_the_list)
{
	struct livy_answer a;

	livy_read_sessions(
	    200, BYTES("{\"total\":2,\"sessions\":[{\"id\":1},{\"name\":\"x\"}]}"), &a);
	ck_assert_int_eq(a.verdict, LIVY_GARBAGE);
	ck_assert_uint_eq(a.session_count, 0);
	livy_fini(&a);
}
END_TEST

START_TEST(logs)
{
	struct livy_answer a;

	livy_read_log(200,
	    BYTES("{\"id\":0,\"from\":0,\"total\":3,\"log\":[\"stdout: \",\"\\nstderr: "
		  "\",null,\"x\"]}"),
	    &a);
	ck_assert_int_eq(a.verdict, LIVY_OK);
	ck_assert_uint_eq(a.session_count, 1);
	ck_assert_str_eq(a.session[0].log, "stdout: \n\nstderr: \n\nx");
	livy_fini(&a);
	livy_read_log(200, BYTES("{\"id\":0,\"log\":[]}"), &a);
	ck_assert_int_eq(a.verdict, LIVY_OK);
	ck_assert_ptr_null(a.session[0].log);
	livy_fini(&a);
	livy_read_log(200, BYTES("{\"id\":0,\"log\":\"text\"}"), &a);
	ck_assert_int_eq(a.verdict, LIVY_GARBAGE);
	livy_fini(&a);
}
END_TEST

/* ---- statements ------------------------------------------------------------------------------ */

START_TEST(statement_states)
{
	static const struct {
		const char *word;
		enum livy_statement_state state;
	} known[] = {
		{ "waiting", LIVY_STATEMENT_WAITING },
		{ "running", LIVY_STATEMENT_RUNNING },
		{ "available", LIVY_STATEMENT_AVAILABLE },
		{ "error", LIVY_STATEMENT_AVAILABLE },
		{ "cancelling", LIVY_STATEMENT_CANCELLING },
		{ "cancelled", LIVY_STATEMENT_CANCELLED },
		{ "canceled", LIVY_STATEMENT_CANCELLED },
		{ "undreamt_of", LIVY_STATEMENT_WAITING },
	};

	for (size_t i = 0; i < ARRAY_LEN(known); i++) {
		struct livy_answer a;
		char *body =
		    xasprintf("{\"id\":0,\"state\":\"%s\",\"output\":null}", known[i].word);

		livy_read_statement(200, BYTES(body), &a);
		ck_assert_int_eq(a.verdict, LIVY_OK);
		ck_assert_int_eq(a.statement.state, known[i].state);
		ck_assert(!a.statement.output);
		livy_fini(&a);
		free(body);
	}
}
END_TEST

START_TEST(statement_in_full)
{
	struct livy_answer a;

	livy_read_statement(200,
	    BYTES("{\"id\":16,\"code\":\"a\\nb\",\"state\":\"available\",\"output\":{\"status\":"
		  "\"ok\","
		  "\"execution_count\":16,\"data\":{\"text/"
		  "plain\":\"x\\u0000y\"}},\"progress\":0.375,"
		  "\"started\":1795346802054,\"completed\":1795346802058}"),
	    &a);
	const struct livy_statement *s = &a.statement;
	ck_assert_int_eq(a.verdict, LIVY_OK);
	ck_assert_int_eq(s->id, 16);
	ck_assert_str_eq(s->code, "a\nb");
	ck_assert_uint_eq(s->code_bytes, 3);
	ck_assert(s->output);
	ck_assert(!s->failed);
	ck_assert_uint_eq(s->text_bytes, 3);
	ck_assert_mem_eq(s->text, "x\0y", 4);
	ck_assert_double_eq(s->progress, 0.375);
	ck_assert_int_eq(s->started_ms, INT64_C(1795346802054));
	ck_assert_int_eq(s->completed_ms, INT64_C(1795346802058));
	livy_fini(&a);
}
END_TEST

/* The reference: 200 on POST, no echo, no progress, no times. */
START_TEST(statement_of_the_reference)
{
	struct livy_answer a;

	livy_read_statement(
	    200, BYTES("{\"id\" : 1,\"state\" : \"running\",\"output\" : null}"), &a);
	ck_assert_int_eq(a.verdict, LIVY_OK);
	ck_assert_int_eq(a.statement.id, 1);
	ck_assert_int_eq(a.statement.state, LIVY_STATEMENT_RUNNING);
	ck_assert_ptr_null(a.statement.code);
	ck_assert_ptr_null(a.statement.text);
	ck_assert_int_eq(a.statement.started_ms, 0);
	ck_assert(!a.statement.unbegun); /* that is not said */
	livy_fini(&a);
}
END_TEST

START_TEST(statement_that_has_not_begun)
{
	struct livy_answer a;

	livy_read_statement(200,
	    BYTES("{\"id\":173,\"code\":\"5\",\"state\":\"cancelled\",\"output\":null,"
		  "\"progress\":1.0,\"started\":0,\"completed\":1795346377973}"),
	    &a);
	ck_assert_int_eq(a.verdict, LIVY_OK);
	ck_assert_int_eq(a.statement.state, LIVY_STATEMENT_CANCELLED);
	ck_assert(a.statement.unbegun);
	livy_fini(&a);
}
END_TEST

START_TEST(numbers_are_no_reason_to_refuse)
{
	struct livy_answer a;

	livy_read_statement(200,
	    BYTES("{\"id\":3,\"state\":\"available\",\"output\":{\"status\":\"ok\",\"data\":{"
		  "\"application/json\":[123456789012345678901234567890,1e999]}},"
		  "\"progress\":1e999,\"started\":99999999999999999999}"),
	    &a);
	ck_assert_int_eq(a.verdict, LIVY_OK);
	ck_assert_int_eq(a.statement.id, 3);
	ck_assert(a.statement.output);
	ck_assert_double_eq(a.statement.progress, 0.0);
	ck_assert_int_eq(a.statement.started_ms, 0);
	livy_fini(&a);
	livy_read_statement(200, BYTES("{\"id\":99999999999999999999}"), &a);
	ck_assert_int_eq(a.verdict, LIVY_GARBAGE);
	livy_fini(&a);
	livy_read_statement(200, BYTES("{\"id\":-1}"), &a);
	ck_assert_int_eq(a.verdict, LIVY_GARBAGE);
	livy_fini(&a);
}
END_TEST

/* Ids are counted with: behind the largest number there is none, and no file. */
START_TEST(an_id_behind_which_nothing_comes)
{
	struct livy_answer a;

	livy_read_statement(201, BYTES("{\"id\":9223372036854775807,\"state\":\"waiting\"}"), &a);
	ck_assert_int_eq(a.verdict, LIVY_GARBAGE);
	livy_fini(&a);
	livy_read_statement(201, BYTES("{\"id\":2147483647,\"state\":\"waiting\"}"), &a);
	ck_assert_int_eq(a.verdict, LIVY_OK);
	ck_assert_int_eq(a.statement.id, INT32_MAX);
	livy_fini(&a);
}
END_TEST

START_TEST(progress_stays_within_bounds)
{
	static const struct {
		const char *json;
		double progress;
	} known[] = { { "0.5", 0.5 }, { "1", 1.0 }, { "1.5", 1.0 }, { "-3", 0.0 }, { "null", 0.0 },
		{ "\"0.5\"", 0.0 } };

	for (size_t i = 0; i < ARRAY_LEN(known); i++) {
		struct livy_answer a;
		char *body = xasprintf("{\"id\":0,\"progress\":%s}", known[i].json);

		livy_read_statement(200, BYTES(body), &a);
		ck_assert_double_eq(a.statement.progress, known[i].progress);
		livy_fini(&a);
		free(body);
	}
}
END_TEST

START_TEST(fields_of_other_types_are_missing)
{
	struct livy_answer a;

	livy_read_statement(200,
	    BYTES("{\"id\":\"4\",\"code\":5,\"state\":6,\"output\":[1],\"started\":\"soon\"}"), &a);
	ck_assert_int_eq(a.verdict, LIVY_OK);
	ck_assert_int_eq(a.statement.id, 4);
	ck_assert_ptr_null(a.statement.code);
	ck_assert_int_eq(a.statement.state, LIVY_STATEMENT_WAITING);
	ck_assert_int_eq(a.statement.started_ms, 0);
	livy_fini(&a);
}
END_TEST

static const char reference_list[] =
    "{\"total_statements\" : 1,\"statements\" : [{\"id\" : 0,\"state\" : \"available\","
    "\"output\" : {\"status\" : \"ok\",\"execution_count\" : 1,\"data\" : {\"text/plain\" : "
    "\"res1: Int = 2\"}}},{\"id\":2,\"state\":\"available\",\"output\":{\"status\":\"error\","
    "\"ename\":\"E\",\"evalue\":\"v\",\"traceback\":[]}}]}";

START_TEST(statement_of_a_list)
{
	struct livy_answer a;

	livy_read_statement_of_list(200, BYTES(reference_list), 0, &a);
	ck_assert_int_eq(a.verdict, LIVY_OK);
	ck_assert_int_eq(a.statement.id, 0);
	ck_assert_str_eq(a.statement.text, "res1: Int = 2");
	livy_fini(&a);
	livy_read_statement_of_list(200, BYTES(reference_list), 2, &a);
	ck_assert_int_eq(a.verdict, LIVY_OK);
	ck_assert(a.statement.failed);
	ck_assert_ptr_null(a.statement.text);
	livy_fini(&a);
	livy_read_statement_of_list(200, BYTES(reference_list), 1, &a);
	ck_assert_int_eq(a.verdict, LIVY_NO_STATEMENT);
	ck_assert_int_eq(a.statement.id, -1);
	livy_fini(&a);
}
END_TEST

START_TEST(list_that_is_none)
{
	static const char *const body[] = { "{}", "{\"statements\":{}}", "[]", "" };
	struct livy_answer a;

	for (size_t i = 0; i < ARRAY_LEN(body); i++) {
		livy_read_statement_of_list(200, BYTES(body[i]), 0, &a);
		ck_assert_int_eq(a.verdict, LIVY_GARBAGE);
		livy_fini(&a);
	}
	livy_read_statement_of_list(200, BYTES("{\"statements\":[]}"), 0, &a);
	ck_assert_int_eq(a.verdict, LIVY_NO_STATEMENT);
	livy_fini(&a);
}
END_TEST

/* In a list of everybody's statements one that no parser takes is its own file's trouble. */
START_TEST(list_with_a_poisonous_neighbour)
{
	static const char *const neighbour[] = { "{\"id\":0,\"output\":nonsense}",
		"{\"id\":0,\"output\":\"\xff\"}", "{\"id\":0,\"output\":{\"a\":}}", NULL };
	struct livy_answer a;

	for (size_t i = 0; i < ARRAY_LEN(neighbour); i++) {
		char *deep = xcalloc(6001, 1);
		memset(deep, '[', 3000);
		memset(deep + 3000, ']', 3000);
		char *body = xasprintf("{\"statements\":[%s,{\"id\":1,\"state\":\"available\"}]}",
		    neighbour[i] == NULL ? deep : neighbour[i]);
		livy_read_statement_of_list(200, BYTES(body), 1, &a);
		ck_assert_int_eq(a.verdict, LIVY_OK);
		ck_assert_int_eq(a.statement.id, 1);
		ck_assert_int_eq((int)a.statement.state, LIVY_STATEMENT_AVAILABLE);
		livy_fini(&a);
		livy_read_statement_of_list(
		    200, BYTES(body), 2, &a); /* it might be the neighbour */
		ck_assert_int_eq(a.verdict, LIVY_GARBAGE);
		livy_fini(&a);
		livy_read_statement_of_list(
		    200, (struct bytes){ body, strlen(body) - 2 }, 1, &a); /* cut off */
		ck_assert_int_eq(a.verdict, LIVY_GARBAGE);
		livy_fini(&a);
		free(body);
		free(deep);
	}
}
END_TEST

START_TEST(verdicts_have_names)
{
	for (int i = LIVY_OK; i <= LIVY_GARBAGE; i++)
		for (int k = i + 1; k <= LIVY_GARBAGE; k++)
			ck_assert_str_ne(livy_verdict_name((enum livy_verdict)i),
			    livy_verdict_name((enum livy_verdict)k));
	ck_assert_str_eq(livy_verdict_name(LIVY_NO_SESSION), "no-session");
}
END_TEST

int main(void)
{
	Suite *s = suite_create("livyread");
	TCase *bad = tcase_create("garbage");
	TCase *yes = tcase_create("answers");

	tcase_add_test(bad, fini_leaves_nothing);
	tcase_add_test(bad, garbage);
	tcase_add_test(bad, an_id_has_a_limit);
	tcase_add_test(bad, done);
	tcase_add_test(bad, verdicts_have_names);
	tcase_add_test(yes, session_states);
	tcase_add_test(yes, session_of_the_reference);
	tcase_add_test(yes, ids_are_opaque);
	tcase_add_test(yes, list_of_the_reference);
	tcase_add_test(yes, list_with_a_poisonous_neighbour);
	tcase_add_test(yes, totals_of_several_types);
	tcase_add_test(yes, one_unreadable_session_spoils_the_list);
	tcase_add_test(yes, logs);
	tcase_add_test(yes, statement_states);
	tcase_add_test(yes, statement_in_full);
	tcase_add_test(yes, statement_of_the_reference);
	tcase_add_test(yes, statement_that_has_not_begun);
	tcase_add_test(yes, numbers_are_no_reason_to_refuse);
	tcase_add_test(yes, an_id_behind_which_nothing_comes);
	tcase_add_test(yes, progress_stays_within_bounds);
	tcase_add_test(yes, fields_of_other_types_are_missing);
	tcase_add_test(yes, statement_of_a_list);
	tcase_add_test(yes, list_that_is_none);
	suite_add_tcase(s, bad);
	suite_add_tcase(s, yes);
	return help_run(s);
}
