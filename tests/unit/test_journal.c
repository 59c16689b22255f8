/* test_journal: what arrives at a real socket that stands in for the journal's, and at standard error
 * where that takes nothing. */
#include "help.h"

#include "base/log.h"
#include "edge/journal.h"
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define MANY 20000 /* lines: more than any queue in between has room for */
#define TEXT_BYTES 100000

static char *dir;
static char *path;
static int ear;	      /* the journal's socket */
static int other_ear; /* what standard error is connected to */
static int saved_stderr;
static struct journal *j;
static char text[TEXT_BYTES];

static int listen_at(const char *address)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	ck_assert_int_ge(fd, 0);
	ck_assert_uint_lt(strlen(address), sizeof(un.sun_path));
	memcpy(un.sun_path, address, strlen(address) + 1);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&un, sizeof(un)), 0);
	return fd;
}

/* The next datagram in text, or -1: there is none. On one machine it is there when send() is done. */
static ssize_t hear(void)
{
	ssize_t n = recv(ear, text, sizeof(text) - 1, MSG_DONTWAIT);

	text[n < 0 ? 0 : n] = '\0';
	return n;
}

static void expect(const char *bytes, size_t n)
{
	ck_assert_int_eq(hear(), (ssize_t)n);
	ck_assert_msg(memcmp(text, bytes, n) == 0, "it is:\n%s", text);
}

/* What standard error got since the last time. */
static const char *hear_stderr(void)
{
	size_t n = 0;
	ssize_t done;

	while ((done = recv(other_ear, text + n, sizeof(text) - 1 - n, MSG_DONTWAIT)) > 0)
		n += (size_t)done;
	text[n] = '\0';
	return text;
}

/* As a service's: standard error is a stream that the variable names. */
static void setup(void)
{
	struct stat st;
	int pair[2];

	dir = help_tmpdir();
	path = help_path(dir, "journal");
	ear = listen_at(path);
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
	saved_stderr = dup(STDERR_FILENO);
	ck_assert_int_ge(dup2(pair[1], STDERR_FILENO), 0);
	close(pair[1]);
	other_ear = pair[0];
	ck_assert_int_eq(fstat(STDERR_FILENO, &st), 0);
	char *stream = xasprintf("%ju:%ju", (uintmax_t)st.st_dev, (uintmax_t)st.st_ino);
	ck_assert_int_eq(setenv("JOURNAL_STREAM", stream, 1), 0);
	free(stream);
	j = journal_open(path);
	ck_assert_ptr_nonnull(j);
	log_info("early=1");
	ck_assert_str_eq(hear_stderr(), "<6>early=1\n");
	journal_begin(j);
}

static void teardown(void)
{
	if (j != NULL)
		journal_close(j);
	ck_assert_int_ge(dup2(saved_stderr, STDERR_FILENO), 0);
	close(saved_stderr);
	close(other_ear);
	if (ear >= 0)
		close(ear);
	help_rmtree(dir);
	free(path);
	free(dir);
}

static bool is_full(void)
{
	return journal_fd(j) >= 0;
}

/* Until the journal takes no more: the next lines are kept. Returns how many were said. */
static int fill(void)
{
	int n = 0;

	while (!is_full()) {
		ck_assert_int_lt(n, MANY);
		log_info("line=%d", n++);
	}
	return n;
}

/* All datagrams, with a pump wherever they leave room; each with the number that follows. */
static int hear_lines(void)
{
	char want[32];
	int n = 0;

	for (;; journal_pump(j)) {
		if (hear() < 0 && !is_full())
			return n;
		if (text[0] == '\0')
			continue;
		(void)snprintf(want, sizeof(want), "MESSAGE=line=%d\n", n++);
		ck_assert_msg(
		    strncmp(text, want, strlen(want)) == 0, "no %s in:\n%.200s", want, text);
	}
}

/* ---- lines ---------------------------------------------------------------------------------- */

START_TEST(a_line_and_its_fields)
{
	static const char warn[] = "MESSAGE=job=42 event=queued file=\"a b.py\"\nPRIORITY=4\n"
				   "SYSLOG_FACILITY=3\nSYSLOG_IDENTIFIER=sparkspoold\n"
				   "SPARKSPOOL_JOB=42\nSPARKSPOOL_EVENT=queued\n"
				   "SPARKSPOOL_FILE=a b.py\n";
	static const char bare[] = "MESSAGE=words\nPRIORITY=3\nSYSLOG_FACILITY=3\n"
				   "SYSLOG_IDENTIFIER=sparkspoold\n";

	log_warn("job=%d event=queued file=\"%s\"", 42, "a b.py");
	expect(warn, sizeof(warn) - 1);
	log_error("words");
	expect(bare, sizeof(bare) - 1);
	log_debug("job=%d", 1);
	ck_assert_int_lt(hear(), 0);
	ck_assert_str_eq(hear_stderr(), "");
	ck_assert(!is_full());
}
END_TEST

/* A file's name may have a newline, which must not begin another field. */
START_TEST(a_value_of_several_lines)
{
	static const char bytes[] = "MESSAGE=file=\"a\\nPRIORITY=0\" retry_ms=5\nPRIORITY=6\n"
				    "SYSLOG_FACILITY=3\nSYSLOG_IDENTIFIER=sparkspoold\n"
				    "SPARKSPOOL_FILE\n\x0c\0\0\0\0\0\0\0"
				    "a\nPRIORITY=0\nSPARKSPOOL_RETRY_MS=5\n";

	log_info("file=\"%s\" retry_ms=%d", "a\nPRIORITY=0", 5);
	expect(bytes, sizeof(bytes) - 1);
}
END_TEST

START_TEST(the_longest_line)
{
	char worst[3000];

	memset(worst, '\x01', sizeof(worst) - 1);
	worst[sizeof(worst) - 1] = '\0';
	log_info("a=\"%s\"", worst);
	ck_assert_int_gt(hear(), 2048 * 4);
	memset(worst, '\n', sizeof(worst) - 1);
	log_info("a=%s b=%s c=%s", worst, worst, worst);
	ck_assert_int_gt(hear(), 2048 * 2);
	ck_assert_str_eq(hear_stderr(), "");
}
END_TEST

/* ---- no room -------------------------------------------------------------------------------- */

START_TEST(what_is_kept_comes_in_its_order)
{
	int n = fill();

	log_info("line=%d", n);
	log_info("line=%d", n + 1);
	journal_pump(j); /* there is no room yet, and it does not wait for any */
	ck_assert(is_full());
	ck_assert_str_eq(hear_stderr(), "");
	ck_assert_int_eq(hear_lines(), n + 2);
}
END_TEST

START_TEST(room_can_be_waited_for)
{
	int n = fill();
	struct pollfd fd = { .fd = journal_fd(j), .events = POLLOUT };

	ck_assert_int_eq(poll(&fd, 1, 0), 0); /* a loop that waits for it does not spin */
	while (poll(&fd, 1, 0) == 0)
		ck_assert_int_gt(hear(), 0);
	journal_pump(j);
	ck_assert(!is_full());
	ck_assert_int_gt(n, 0);
}
END_TEST

/* The process may be about to die of what it says. */
START_TEST(an_error_is_not_kept)
{
	int n = fill();

	log_error("job=%d error=\"no such move\"", 7);
	ck_assert_str_eq(hear_stderr(), "<3>job=7 error=\"no such move\"\n");
	ck_assert_int_eq(hear_lines(), n);
	log_error("job=%d", 8);
	ck_assert_int_gt(hear(), 0);
	ck_assert_ptr_nonnull(strstr(text, "SPARKSPOOL_JOB=8\n"));
}
END_TEST

/* First kept, then to the other ear, then counted: each of them is one of these, and the count is said. */
START_TEST(none_is_lost_in_silence)
{
	int n, by_stderr = 0, heard = 0;
	intmax_t lost = 0;

	for (n = 0; n < MANY; n++)
		log_info("line=%d", n); /* and does not wait: nobody hears anything */
	for (const char *p = hear_stderr(); (p = strstr(p, "<6>line=")) != NULL; p++)
		by_stderr++;
	ck_assert_int_gt(by_stderr, 0);
	while (lost == 0) {
		if (hear() < 0)
			journal_pump(j);
		else if (sscanf(text, "MESSAGE=event=log-lost lines=%jd:", &lost) != 1)
			heard++;
	}
	ck_assert_int_gt(lost, 0);
	ck_assert_int_eq(heard + by_stderr + (int)lost, n);
	ck_assert_ptr_nonnull(strstr(text, "PRIORITY=4\n"));
	log_info("again=1");
	ck_assert_int_gt(hear(), 0);
	ck_assert_ptr_nonnull(strstr(text, "SPARKSPOOL_AGAIN=1\n"));
}
END_TEST

START_TEST(the_end_brings_what_is_kept)
{
	int n = fill(), heard = 0, by_stderr = 0;

	journal_close(j); /* nobody makes room: the wait for it has an end */
	j = NULL;
	for (const char *p = hear_stderr(); (p = strstr(p, "<6>line=")) != NULL; p++)
		by_stderr++;
	while (hear() > 0)
		heard++;
	ck_assert_int_eq(by_stderr, 1);
	ck_assert_int_eq(heard + by_stderr, n);
	log_info("a=1");
	ck_assert_str_eq(hear_stderr(), "<6>a=1\n");
}
END_TEST

/* ---- no socket ------------------------------------------------------------------------------ */

START_TEST(the_socket_is_made_anew)
{
	ck_assert_int_eq(unlink(path), 0);
	log_info("line=%d", 0); /* the old one is still there, without a name */
	close(ear);
	log_info("line=%d", 1);
	ck_assert_str_eq(hear_stderr(), "<6>line=1\n");
	ear = listen_at(path);
	log_info("line=%d", 2);
	ck_assert_int_gt(hear(), 0);
	ck_assert_ptr_nonnull(strstr(text, "SPARKSPOOL_LINE=2\n"));
	ck_assert_str_eq(hear_stderr(), "");
}
END_TEST

START_TEST(it_goes_while_lines_are_kept)
{
	fill();
	close(ear);
	ear = -1;
	journal_pump(j);
	ck_assert(!is_full());
	ck_assert_ptr_nonnull(strstr(hear_stderr(), "<6>line="));
}
END_TEST

START_TEST(there_is_none)
{
	journal_close(j);
	ck_assert_int_eq(unlink(path), 0);
	j = journal_open(path);
	ck_assert_ptr_null(j);
	ck_assert_ptr_nonnull(strstr(hear_stderr(), "<6>event=no-journal socket="));
	log_info("a=1");
	ck_assert_str_eq(hear_stderr(), "<6>a=1\n");
}
END_TEST

/* Whoever redirects standard error wants the log there. */
START_TEST(standard_error_is_no_journal)
{
	journal_close(j);
	ck_assert_int_eq(setenv("JOURNAL_STREAM", "1:2", 1), 0);
	j = journal_open(path);
	ck_assert_ptr_null(j);
	log_info("a=1");
	ck_assert_ptr_nonnull(strstr(hear_stderr(), "Z info a=1\n"));
	ck_assert_int_lt(hear(), 0);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("journal");
	TCase *t = tcase_create("journal");

	signal(SIGPIPE, SIG_IGN);
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, a_line_and_its_fields);
	tcase_add_test(t, a_value_of_several_lines);
	tcase_add_test(t, the_longest_line);
	tcase_add_test(t, what_is_kept_comes_in_its_order);
	tcase_add_test(t, room_can_be_waited_for);
	tcase_add_test(t, an_error_is_not_kept);
	tcase_add_test(t, none_is_lost_in_silence);
	tcase_add_test(t, the_end_brings_what_is_kept);
	tcase_add_test(t, the_socket_is_made_anew);
	tcase_add_test(t, it_goes_while_lines_are_kept);
	tcase_add_test(t, there_is_none);
	tcase_add_test(t, standard_error_is_no_journal);
	suite_add_tcase(s, t);
	return help_run(s);
}
