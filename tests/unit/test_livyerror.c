/* test_livyerror: what a refusal means, whatever was asked, and what it says. */
#include "help.h"

#include "core/livy.h"
#include "core/text.h"
#include <stdlib.h>
#include <string.h>

#define BYTES(s) ((struct bytes){ .p = (s), .n = strlen(s) })

/* ---- refusals -------------------------------------------------------------------------------- */

struct refusal {
	int status;
	const char *body;
	enum livy_verdict verdict;
	const char *message;
};

#define JETTY_401                                                                                  \
	"<html>\n<head>\n<meta http-equiv=\"Content-Type\"/>\n<title>Error 401 Authentication "    \
	"required</title>\n</head>\n<body><h2>HTTP ERROR 401</h2></body></html>\n"

static const struct refusal refusals[] = {
	/* the two 404s of Livy's own, in the words of several versions */
	{ 404, "{\"msg\":\"Session '77' not found.\"}", LIVY_NO_SESSION,
	    "Session '77' not found." },
	{ 404, "\"Session '77' not found.\"", LIVY_NO_SESSION, "Session '77' not found." },
	{ 404, "{\"msg\":\"Session 'sp-x' not found.\"}", LIVY_NO_SESSION,
	    "Session 'sp-x' not found." },
	{ 404, "\"Statement not found\"", LIVY_NO_STATEMENT, "Statement not found" },
	{ 404, "{\"msg\":\"Statement not found\"}", LIVY_NO_STATEMENT, "Statement not found" },
	/* everybody else's */
	{ 404, "Session '77' not found.", LIVY_UNKNOWN_CALL, "Session '77' not found." },
	{ 404, "{\"message\":\"Session '77' not found.\"}", LIVY_UNKNOWN_CALL,
	    "Session '77' not found." },
	{ 404, "<html><title>404 Not Found</title></html>", LIVY_UNKNOWN_CALL, "404 Not Found" },
	{ 404, "", LIVY_UNKNOWN_CALL, "HTTP status 404 without a word" },
	{ 404, "{\"msg\":\"no such route\"}", LIVY_UNKNOWN_CALL, "no such route" },
	{ 405, "{}", LIVY_UNKNOWN_CALL, "HTTP status 405 without a word" },
	{ 406, "\"Unsupported API version\"", LIVY_UNKNOWN_CALL, "Unsupported API version" },
	{ 501, "", LIVY_UNKNOWN_CALL, "HTTP status 501 without a word" },
	/* states */
	{ 500, "\"java.lang.IllegalStateException: Session is in state starting\"", LIVY_NOT_READY,
	    "java.lang.IllegalStateException: Session is in state starting" },
	{ 500, "{\"msg\":\"Session is in state not_started\"}", LIVY_NOT_READY,
	    "Session is in state not_started" },
	{ 400, "{\"msg\":\"Session is in state recovering\"}", LIVY_NOT_READY,
	    "Session is in state recovering" },
	{ 500, "\"java.lang.IllegalStateException: Session is in state dead\"", LIVY_NOT_ACTIVE,
	    "java.lang.IllegalStateException: Session is in state dead" },
	{ 500, "\"Session is in state error\"", LIVY_NOT_ACTIVE, "Session is in state error" },
	{ 500, "\"Session is in state shutting_down\"", LIVY_NOT_ACTIVE,
	    "Session is in state shutting_down" },
	{ 500, "\"Session is in state undreamt_of\"", LIVY_NOT_ACTIVE,
	    "Session is in state undreamt_of" },
	{ 400, "{\"msg\":\"requirement failed: Session isn't active.\"}", LIVY_NOT_ACTIVE,
	    "requirement failed: Session isn't active." },
	/* the channel to the driver */
	{ 500, "\"java.io.IOException: RPC channel is closed.\"", LIVY_CHANNEL_LOST,
	    "java.io.IOException: RPC channel is closed." },
	{ 500,
	    "\"java.util.concurrent.ExecutionException: x\\n\\tat a.b(C.java:1)\\nCaused by: "
	    "java.io.IOException: RPC channel is closed.\\n\"",
	    LIVY_CHANNEL_LOST, "java.util.concurrent.ExecutionException: x" },
	{ 500, "\"java.util.concurrent.CancellationException\\n\\tat a.b(C.java:1)\"",
	    LIVY_CHANNEL_LOST, "java.util.concurrent.CancellationException" },
	/* creation */
	{ 400, "{\"msg\":\"Rejected, Reason: Duplicate session name: Some(t1) for session 1\"}",
	    LIVY_NAME_TAKEN, "Rejected, Reason: Duplicate session name: Some(t1) for session 1" },
	{ 400, "{\"msg\":\"Rejected, too many sessions are being created!\"}", LIVY_LATER,
	    "Rejected, too many sessions are being created!" },
	{ 400, "\"Rejected, too many sessions are being created!\"", LIVY_LATER,
	    "Rejected, too many sessions are being created!" },
	{ 400, "{\"msg\":\"Rejected, Reason: Local path /x cannot be added to user sessions.\"}",
	    LIVY_REFUSED, "Rejected, Reason: Local path /x cannot be added to user sessions." },
	/* by the status alone */
	{ 400, "<html><head><title>Error 400 Missing Required Header for CSRF protection.</title>",
	    LIVY_REFUSED, "Error 400 Missing Required Header for CSRF protection." },
	{ 413, "", LIVY_REFUSED, "HTTP status 413 without a word" },
	{ 401, JETTY_401, LIVY_AUTH, "Error 401 Authentication required" },
	{ 403, "{}", LIVY_AUTH, "HTTP status 403 without a word" },
	{ 403, "{\"msg\":\"User 'x' not allowed to impersonate 'Some(bob)'.\"}", LIVY_AUTH,
	    "User 'x' not allowed to impersonate 'Some(bob)'." },
	{ 407, "", LIVY_AUTH, "HTTP status 407 without a word" },
	{ 429, "{\"errorCode\":\"TooMany\",\"message\":\"slow down\"}", LIVY_LATER, "slow down" },
	{ 430, "", LIVY_LATER, "HTTP status 430 without a word" },
	{ 302, "", LIVY_REDIRECT, "HTTP status 302 without a word" },
	{ 301, "<html><title>Moved</title></html>", LIVY_REDIRECT, "Moved" },
	{ 500, "{}", LIVY_SERVER_ERROR, "HTTP status 500 without a word" },
	{ 502, "<html>\r\n<head><title>502 Bad Gateway</title></head>", LIVY_SERVER_ERROR,
	    "502 Bad Gateway" },
	{ 503, "upstream connect error\nreset", LIVY_SERVER_ERROR, "upstream connect error" },
	{ 504, "", LIVY_SERVER_ERROR, "HTTP status 504 without a word" },
	{ 408, "", LIVY_SERVER_ERROR, "HTTP status 408 without a word" },
	{ 499, "", LIVY_SERVER_ERROR, "HTTP status 499 without a word" },
	{ 100, "", LIVY_SERVER_ERROR, "HTTP status 100 without a word" },
	{ 600, "", LIVY_SERVER_ERROR, "HTTP status 600 without a word" },
	/* Livy's words in a gateway's page or under another status decide nothing */
	{ 503, "<p>Session is in state dead</p>", LIVY_SERVER_ERROR,
	    "an HTML page: Session is in state dead" },
	{ 401, "\"Session is in state dead\"", LIVY_AUTH, "Session is in state dead" },
	{ 429, "\"Duplicate session name\"", LIVY_LATER, "Duplicate session name" },
};

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

/* A refusal is the same whatever was asked. */
START_TEST(refused)
{
	const struct refusal *r = &refusals[_i];
	struct livy_answer a;

	for (size_t i = 0; i < ARRAY_LEN(readers); i++) {
		readers[i].read(r->status, BYTES(r->body), &a);
		ck_assert_msg(a.verdict == r->verdict, "%s: %d %s: %s", readers[i].name, r->status,
		    r->body, livy_verdict_name(a.verdict));
		ck_assert_str_eq(a.message, r->message);
		ck_assert_uint_eq(a.session_count, 0);
		livy_fini(&a);
	}
	livy_read_statement_of_list(r->status, BYTES(r->body), 3, &a);
	ck_assert_int_eq(a.verdict, r->verdict);
	livy_fini(&a);
}
END_TEST

/* ---- messages -------------------------------------------------------------------------------- */

static void says(int status, struct bytes body, const char *message)
{
	struct livy_answer a;

	livy_read_done(status, body, &a);
	ck_assert_str_eq(a.message, message);
	livy_fini(&a);
}

START_TEST(messages_are_one_clean_line)
{
	says(500, BYTES("\"\\n\\n  first \\u001b[31m\\nsecond\""), "first [31m");
	says(500, BYTES("{\"msg\":\"a\\u0000b\\tc\"}"), "ab c");
	says(500, BYTES("\"\""), "HTTP status 500 without a word");
	says(500, BYTES("[\"x\"]"), "HTTP status 500 without a word");
	says(500, BYTES("{\"msg\":5}"), "HTTP status 500 without a word");
	says(500, BYTES("{\"msg\":null,\"error\":\"e\"}"), "e");
	says(500, BYTES("caf\xE9 closed"), "caf\xEF\xBF\xBD closed");
	says(500, (struct bytes){ .p = "a\0b", .n = 3 }, "ab");
	says(500, (struct bytes){ 0 }, "HTTP status 500 without a word");
}
END_TEST

START_TEST(messages_of_pages)
{
	says(502, BYTES("<HTML><TITLE class=x>\n Bad\tthing \n</TITLE>"), "Bad thing");
	says(502, BYTES("<html><title></title><h1>Oh no</h1></html>"), "an HTML page: Oh no");
	says(502, BYTES("  <html>\n<body>\n\n<p>first</p>\n<p>second"), "an HTML page: first");
	says(502, BYTES("<html>"), "an HTML page");
	says(502, BYTES("<html"), "an HTML page");
	says(502, BYTES("<title"), "an HTML page");
	says(502, BYTES("<title></titl"), "an HTML page");
	says(502, BYTES("<title>a</title"), "a");
}
END_TEST

START_TEST(messages_are_short)
{
	struct livy_answer a;
	struct buf b;

	buf_init(&b, 10000);
	(void)buf_adds(&b, "{\"msg\":\"x");
	for (int i = 0; i < 1000; i++)
		(void)buf_adds(&b, "\xE4\xB8\xAD");
	(void)buf_adds(&b, "\"}");
	livy_read_done(500, (struct bytes){ .p = b.data, .n = b.len }, &a);
	ck_assert_uint_eq(strlen(a.message), 499);
	ck_assert(text_is_utf8(a.message, strlen(a.message)));
	livy_fini(&a);
	buf_fini(&b);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("livyerror");
	TCase *t = tcase_create("refusals");

	tcase_add_loop_test(t, refused, 0, (int)ARRAY_LEN(refusals));
	tcase_add_test(t, messages_are_one_clean_line);
	tcase_add_test(t, messages_of_pages);
	tcase_add_test(t, messages_are_short);
	suite_add_tcase(s, t);
	return help_run(s);
}
