/* test_resultscript: what is to lie beside a file that ran as a process. */
#include "help.h"
#include "resulthelp.h"

#include <stdlib.h>
#include <string.h>

static struct made m;
static struct script *sc;

static void setup(void)
{
	made_init(&m);
	m.run.script = true;
	m.in.script = sc = script_new(0);
	m.in.spool = "nightly";
	m.in.style = "script";
}

static void teardown(void)
{
	script_free(sc);
	made_fini(&m);
}

/* So much of it lies in its part. */
static struct script_part *part_of(const char *name, int64_t bytes)
{
	struct script_part *part = script_part(sc, name);
	ck_assert_ptr_nonnull(part);
	part->bytes = part->at = bytes;
	part->last = '\n';
	return part;
}

static const struct result_file *file(const char *name)
{
	for (size_t i = 0; i < m.count; i++)
		if (strcmp(m.file[i].name, name) == 0)
			return &m.file[i];
	ck_abort_msg("no %s", name);
	return NULL;
}

static void names_are(const char *expected)
{
	struct buf b;
	buf_init(&b, 10000);
	for (size_t i = 0; i < m.count; i++)
		(void)buf_addf(&b, "%s ", m.file[i].name);
	ck_assert_str_eq(b.data, expected);
	buf_fini(&b);
}

static void member_is(const char *name, const char *compact)
{
	ck_assert_str_eq(made_member(&m, name), compact);
}

/* ---- files -------------------------------------------------------------------------------------- */

START_TEST(names_and_parts)
{
	part_of("out", 100);
	part_of("err", 3);
	part_of("csv", 50);
	part_of("2.png", 7);
	part_of("files/sub/b.txt", 9);
	part_of("files/empty", 0);
	made_build(&m, "{\"exit_code\":0,\"why\":\"exit\"}");
	names_are("foo.py.out foo.py.err foo.py.csv foo.py.2.png foo.py.files/sub/b.txt "
		  "foo.py.files/empty foo.py.json ");
	for (size_t i = 0; i + 2 < m.count; i++) {
		ck_assert_uint_eq(m.file[i].part, i + 1);
		ck_assert_int_eq(m.file[i].part_bytes, sc->part[i].at);
		ck_assert_uint_eq(m.file[i].data.n, 0);
	}
	/* Of which nothing came there is no part. */
	ck_assert_uint_eq(file("foo.py.files/empty")->part, 0);
	ck_assert_uint_eq(file("foo.py.json")->part, 0);
	ck_assert_uint_gt(file("foo.py.json")->data.n, 0);
	member_is("files", "[\"foo.py.out\",\"foo.py.err\",\"foo.py.csv\",\"foo.py.2.png\","
			   "\"foo.py.files/sub/b.txt\",\"foo.py.files/empty\"]");
}
END_TEST

START_TEST(there_is_always_an_out)
{
	made_build(&m, "{\"exit_code\":0}");
	names_are("foo.py.out foo.py.json ");
	made_has(&m, ".out", "");
	ck_assert_uint_eq(m.file[0].part, 0);
	m.in.script = NULL; /* nobody has its parts any more, or it never ran */
	made_build(&m, NULL);
	names_are("foo.py.out foo.py.json ");
	made_has(&m, ".out", "");
}
END_TEST

/* Not all of it was fetched: what is there is written. */
START_TEST(as_far_as_it_came)
{
	part_of("out", 100)->bytes = 250;
	part_of("csv", 0)->bytes = 9;
	m.run.status = STATUS_DIED;
	made_build(&m, NULL);
	ck_assert_int_eq(file("foo.py.out")->part_bytes, 100);
	ck_assert_uint_eq(file("foo.py.csv")->part, 0);
	member_is("truncated", "{\"out\":150,\"csv\":9}");
}
END_TEST

/* ---- .err --------------------------------------------------------------------------------------- */

static const struct {
	enum job_status status;
	const char *name;
	const char *message;
	const char *answer;
	int64_t err_bytes;
	const char *own; /* NULL: no .err; "": nothing of ours in it */
} errs[] = {
	{ STATUS_OK, NULL, NULL, "{\"exit_code\":0}", 0, NULL },
	{ STATUS_OK, NULL, NULL, "{\"exit_code\":0}", 5, "" },
	{ STATUS_ERROR, NULL, NULL, "{\"exit_code\":7,\"why\":\"exit\"}", 0, NULL },
	{ STATUS_ERROR, NULL, NULL,
	    "{\"exit_code\":1,\"error\":{\"name\":\"ValueError\",\"message\":\"x\"}}", 90, "" },
	{ STATUS_TIMEOUT, NULL, NULL, "{\"exit_code\":137,\"why\":\"timeout\"}", 0,
	    "sparkspool: Timeout: the time limit has passed; the file was ended\n" },
	{ STATUS_TIMEOUT, NULL, NULL, "{\"exit_code\":137,\"why\":\"timeout\"}", 5,
	    "sparkspool: Timeout: the time limit has passed; the file was ended\n" },
	{ STATUS_ERROR, NULL, NULL, "{\"exit_code\":137,\"why\":\"memory\"}", 5,
	    "sparkspool: MemoryLimit: it took more memory than its pool allows (memory); the file "
	    "was "
	    "ended\n" },
	{ STATUS_CANCELLED, NULL, NULL, "{\"exit_code\":130,\"why\":\"cancelled\"}", 0,
	    "sparkspool: Cancelled: it was cancelled; the file was ended\n" },
	{ STATUS_DIED, "SessionDied", "the session s is gone", NULL, 5,
	    "sparkspool: SessionDied: the session s is gone\n" },
	{ STATUS_DIED, "SessionDied", NULL, NULL, 0, "sparkspool: SessionDied: \n" },
	{ STATUS_DIED, NULL, "gone", NULL, 0, "sparkspool: Error: gone\n" },
	{ STATUS_UNKNOWN, "Unknown", "x", "{\"exit_code\":1,\"why\":\"timeout\"}", 0,
	    "sparkspool: Unknown: x\n" },
	{ STATUS_OK, "SessionDied", "x", NULL, 0, NULL },
};

START_TEST(our_own_words)
{
	part_of("err", errs[_i].err_bytes);
	m.run.status = errs[_i].status;
	m.run.error_name = (char *)errs[_i].name;
	m.run.error_message = (char *)errs[_i].message;
	made_build(&m, errs[_i].answer);
	if (errs[_i].own == NULL) {
		names_are("foo.py.out foo.py.json ");
		return;
	}
	made_has(&m, ".err", errs[_i].own);
	ck_assert_uint_eq(file("foo.py.err")->part, errs[_i].err_bytes > 0 ? 2 : 0);
	ck_assert_int_eq(file("foo.py.err")->part_bytes, errs[_i].err_bytes);
}
END_TEST

/* What it wrote last was no whole line. */
START_TEST(a_line_of_their_own)
{
	part_of("err", 5)->last = '.';
	m.run.status = STATUS_DIED;
	m.run.error_name = (char *)"SessionDied";
	m.run.error_message = (char *)"gone";
	made_build(&m, NULL);
	made_has(&m, ".err", "\nsparkspool: SessionDied: gone\n");
	part_of("err", 0)->last = '.'; /* an append has failed: nothing is there */
	made_build(&m, NULL);
	made_has(&m, ".err", "sparkspool: SessionDied: gone\n");
}
END_TEST

/* Words without end: none rather than half of them, and the record has them all. */
START_TEST(a_message_of_megabytes)
{
	char *message = xcalloc((1 << 20) + 1, 1);
	memset(message, 'm', 1 << 20);
	m.run.status = STATUS_DIED;
	m.run.error_name = (char *)"SessionDied";
	m.run.error_message = message;
	made_build(&m, NULL);
	names_are("foo.py.out foo.py.json ");
	const json_t *error = json_object_get(m.record, "error");
	ck_assert_uint_eq(json_string_length(json_object_get(error, "message")), 1 << 20);
	free(message);
}
END_TEST

/* ---- the record ------------------------------------------------------------------------------------ */

static const struct {
	const char *part;
	int64_t at, bytes, cut;
	const char *sql;
	const char *truncated;
	const char *warnings;
} cuts[] = {
	{ "out", 5, 5, 0, "null", "null", "[]" },
	{ "out", 5, 5, 77, "null", "{\"out\":77}",
	    "[\"out is cut: a limit of the spool (output_max, files_max, rows_max) has dropped 77 "
	    "bytes "
	    "of it\"]" },
	{ "files/a", 5, 5, 1, "null", "{\"files/a\":1}",
	    "[\"files/a is cut: a limit of the spool (output_max, files_max, rows_max) has dropped "
	    "1 "
	    "bytes of it\"]" },
	{ "csv", 5, 9, 0, "null", "{\"csv\":4}", "[]" },
	{ "csv", 9, 5, 0, "null", "null", "[]" },
	{ "csv", 5, 5, 0, "{\"truncated\":true}", "{\"rows\":true}", "[]" },
	{ "csv", 5, 9, 0, "{\"truncated\":true}", "{\"csv\":4,\"rows\":true}", "[]" },
};

START_TEST(what_is_cut_is_said)
{
	struct script_part *part = part_of(cuts[_i].part, cuts[_i].at);
	part->bytes = cuts[_i].bytes;
	part->cut = cuts[_i].cut;
	char *answer = xasprintf("{\"exit_code\":0,\"sql\":%s}", cuts[_i].sql);
	made_build(&m, answer);
	member_is("truncated", cuts[_i].truncated);
	member_is("warnings", cuts[_i].warnings);
	free(answer);
}
END_TEST

START_TEST(warnings_of_both)
{
	m.run.warnings = (char *)"[\"ours\"]";
	made_build(&m, "{\"exit_code\":0,\"warnings\":[\"theirs\",\"\\u0007\"]}");
	member_is("warnings", "[\"ours\",\"theirs\",\"\\u0007\"]");
	made_has(&m, ".err", NULL); /* its standard error is its own */
}
END_TEST

/* ---- the page -------------------------------------------------------------------------------------- */

static const char *page(void)
{
	const struct bytes *html = made_file(&m, ".html");
	ck_assert_ptr_nonnull(html);
	ck_assert_uint_eq(strlen(html->p), html->n);
	return html->p;
}

static void shows(const char *text)
{
	ck_assert_msg(strstr(page(), text) != NULL, "the page does not show '%s'", text);
}

static void keep(const char *name, const char *text)
{
	struct script_part *part = script_part(sc, name);
	script_keep(sc, part, (struct bytes){ text, strlen(text) });
	part->at += (int64_t)strlen(text);
	part->bytes = part->at;
	part->last = text[strlen(text) - 1];
}

START_TEST(a_page_of_its_heads)
{
	m.in.html = true;
	m.in.code = (struct bytes){ "print(1)", 8 };
	keep("out", "<b>printed</b>");
	keep("err", "moaned");
	keep("csv", "name,n\r\nspam,1\r\n");
	keep("files/left.bin", "bytes");
	made_build(&m, "{\"exit_code\":0,\"warnings\":[\"beware\"]}");
	names_are(
	    "foo.py.out foo.py.err foo.py.csv foo.py.files/left.bin foo.py.html foo.py.json ");
	ck_assert_uint_eq(file("foo.py.html")->part, 0);
	shows("&lt;b&gt;printed");
	shows("moaned");
	shows("spam");
	shows("foo.py.files/left.bin");
	shows("beware");
	shows("print");
	ck_assert_ptr_null(strstr(page(), "<b>printed"));
	member_is("files",
	    "[\"foo.py.out\",\"foo.py.err\",\"foo.py.csv\",\"foo.py.files/left.bin\","
	    "\"foo.py.html\"]");
}
END_TEST

START_TEST(a_page_of_an_error)
{
	m.in.html = true;
	m.in.code = (struct bytes){ "x\n1/0\n", 6 };
	m.run.status = STATUS_ERROR;
	m.run.exit_code = 1;
	made_build(&m, "{\"exit_code\":1,\"error\":{\"name\":\"ZeroDivisionError\",\"message\":"
		       "\"division by zero\",\"line\":2}}");
	shows("ZeroDivisionError");
	shows("division by zero");
	member_is("exit_code", "1");
	/* An end of ours is the reason. */
	m.run.status = STATUS_DIED;
	m.run.error_name = (char *)"SessionDied";
	m.run.error_message = (char *)"it is gone";
	made_build(&m, NULL);
	shows("SessionDied");
	shows("it is gone");
}
END_TEST

/* What it wrote last, and why it was ended, as .err has them. */
START_TEST(a_page_of_both_words)
{
	m.in.html = true;
	m.run.status = STATUS_TIMEOUT;
	keep("err", "moaned\n");
	made_build(&m, "{\"exit_code\":137,\"why\":\"timeout\"}");
	shows("moaned\nsparkspool: Timeout: the time limit");
}
END_TEST

/* The reload that asked for pages came while it ran: its heads are not there. */
START_TEST(a_page_without_heads)
{
	m.in.html = true;
	part_of("out", 1000);
	part_of("1.png", 1000);
	made_build(&m, "{\"exit_code\":0}");
	shows("foo.py.out");
	shows("foo.py.1.png");
	ck_assert_ptr_null(strstr(page(), "data:image/png"));
}
END_TEST

int main(void)
{
	Suite *s = suite_create("resultscript");
	TCase *t = tcase_create("resultscript");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, names_and_parts);
	tcase_add_test(t, there_is_always_an_out);
	tcase_add_test(t, as_far_as_it_came);
	tcase_add_loop_test(t, our_own_words, 0, ARRAY_LEN(errs));
	tcase_add_test(t, a_line_of_their_own);
	tcase_add_test(t, a_message_of_megabytes);
	tcase_add_loop_test(t, what_is_cut_is_said, 0, ARRAY_LEN(cuts));
	tcase_add_test(t, warnings_of_both);
	tcase_add_test(t, a_page_of_its_heads);
	tcase_add_test(t, a_page_of_an_error);
	tcase_add_test(t, a_page_of_both_words);
	tcase_add_test(t, a_page_without_heads);
	suite_add_tcase(s, t);
	return help_run(s);
}
