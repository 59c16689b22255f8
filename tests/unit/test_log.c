/* test_log: what reaches the sink, and what standard error shows on a terminal and in a journal. */
#include "help.h"

#include "base/log.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct seen {
	char line[16384];
	enum log_level level;
	int count;
};

static void see(enum log_level level, const char *line, void *arg)
{
	struct seen *seen = arg;

	ck_assert_uint_lt(strlen(line), sizeof(seen->line));
	memcpy(seen->line, line, strlen(line) + 1);
	seen->level = level;
	seen->count++;
	errno = EDOM; /* a sink may do what it wants */
}

static struct seen *seen_new(void)
{
	struct seen *seen = xcalloc(1, sizeof(*seen));

	log_set_sink(see, seen);
	return seen;
}

START_TEST(a_line_and_its_level)
{
	struct seen *seen = seen_new();

	log_warn("job=%d file=\"%s\"", 7, "a b.py");
	ck_assert_str_eq(seen->line, "job=7 file=\"a b.py\"");
	ck_assert_int_eq(seen->level, LOG_LEVEL_WARN);
	ck_assert_int_eq(seen->count, 1);
	free(seen);
}
END_TEST

START_TEST(levels)
{
	static const enum log_level level[] = { LOG_LEVEL_ERROR, LOG_LEVEL_WARN, LOG_LEVEL_INFO,
		LOG_LEVEL_DEBUG };
	struct seen *seen = seen_new();

	for (size_t i = 0; i < ARRAY_LEN(level); i++) {
		log_set_level(level[i]);
		seen->count = 0;
		log_error("e");
		log_warn("w");
		log_info("i");
		log_debug("d");
		ck_assert_int_eq(seen->count, (int)i + 1);
		ck_assert_int_eq(seen->level, level[i]);
	}
	free(seen);
}
END_TEST

START_TEST(debug_is_off_at_first)
{
	struct seen *seen = seen_new();

	log_debug("d");
	ck_assert_int_eq(seen->count, 0);
	log_info("i");
	ck_assert_int_eq(seen->count, 1);
	free(seen);
}
END_TEST

START_TEST(errno_is_kept)
{
	struct seen *seen = seen_new();

	errno = ENOSPC;
	log_error("error=%s", strerror(errno));
	ck_assert_int_eq(errno, ENOSPC);
	ck_assert_int_eq(seen->count, 1);
	free(seen);
}
END_TEST

static const struct {
	const char *raw;
	const char *line;
} escapes[] = {
	{ "plain", "plain" },
	{ "", "" },
	{ "a\nb", "a\\nb" },
	{ "a\r\tb", "a\\r\\tb" },
	{ "\x1b[31mred", "\\x1b[31mred" },
	{ "\x01\x1f\x7f", "\\x01\\x1f\\x7f" },
	{ "f\xc3\xbcr", "f\xc3\xbcr" }, /* letters of UTF-8 pass */
	{ "\xc2\xa0", "\xc2\xa0" },	/* so does the first behind the controls */
	{ "\xc2\x9b[", "\\xc2\\x9b[" }, /* the one byte form of ESC [ does not */
	{ "\xff\xc2", "\xff\xc2" },
};

START_TEST(controls_are_escaped)
{
	struct seen *seen = seen_new();

	log_info("%s", escapes[_i].raw);
	ck_assert_str_eq(seen->line, escapes[_i].line);
	free(seen);
}
END_TEST

START_TEST(a_name_cannot_forge_a_line)
{
	struct seen *seen = seen_new();

	log_info("file=\"%s\"", "x\n<3>job=1 status=ok");
	ck_assert_ptr_null(strchr(seen->line, '\n'));
	ck_assert_int_eq(seen->count, 1);
	free(seen);
}
END_TEST

/* Whatever it holds, it is one value, and what follows is said by us. */
static const struct {
	const char *value;
	const char *quoted; /* file="%s" status=%s */
	const char *plain;  /* state=%s job=%d */
} values[] = {
	{ "a.py", "file=\"a.py\" status=ok", "state=a.py job=7" },
	{ "a b", "file=\"a b\" status=ok", "state=\"a b\" job=7" },
	{ "", "file=\"\" status=ok", "state=\"\" job=7" },
	{ "x\" status=\"y", "file=\"x\\\" status=\\\"y\" status=ok",
	    "state=\"x\\\" status=\\\"y\" job=7" },
	{ "\\", "file=\"\\\\\" status=ok", "state=\"\\\\\" job=7" },
	{ "a\\nb", "file=\"a\\\\nb\" status=ok", "state=\"a\\\\nb\" job=7" },
	{ "a\nb", "file=\"a\\nb\" status=ok", "state=\"a\\nb\" job=7" },
	{ "\xc2\x85", "file=\"\\xc2\\x85\" status=ok", "state=\"\\xc2\\x85\" job=7" },
	{ "100%s", "file=\"100%s\" status=ok", "state=100%s job=7" },
	{ "k=v", "file=\"k=v\" status=ok", "state=k=v job=7" },
};

START_TEST(a_value_cannot_forge_another)
{
	struct seen *seen = seen_new();

	log_info("file=\"%s\" status=%s", values[_i].value, "ok");
	ck_assert_str_eq(seen->line, values[_i].quoted);
	log_info("state=%s job=%d", values[_i].value, 7);
	ck_assert_str_eq(seen->line, values[_i].plain);
	free(seen);
}
END_TEST

START_TEST(quotation_marks_within_others)
{
	struct seen *seen = seen_new();

	log_info("msg=\"it is \\\"%s\\\" now\" job=%d", "a\"b", 1);
	ck_assert_str_eq(seen->line, "msg=\"it is \\\"a\\\"b\\\" now\" job=1");
	log_info("%s: %s", "words \"of\" ours", "stay\\");
	ck_assert_str_eq(seen->line, "words \"of\" ours: stay\\");
	free(seen);
}
END_TEST

START_TEST(numbers_of_any_length)
{
	struct seen *seen = seen_new();

	log_info("%d %i %u %ld %lu %lld %llu", INT_MIN, 0, UINT_MAX, LONG_MIN, ULONG_MAX, LLONG_MIN,
	    ULLONG_MAX);
	ck_assert_str_eq(seen->line, "-2147483648 0 4294967295 -9223372036854775808 "
				     "18446744073709551615 -9223372036854775808 "
				     "18446744073709551615");
	log_info("%zu %jd %ju %#jx 100%%", SIZE_MAX, INTMAX_MIN, UINTMAX_MAX, (uintmax_t)255);
	ck_assert_str_eq(
	    seen->line, "18446744073709551615 -9223372036854775808 18446744073709551615 0xff 100%");
	log_info("a=%d b=%s", -1, "\"");
	ck_assert_str_eq(seen->line, "a=-1 b=\"\\\"\"");
	log_info("%.*s|%.*s", 2, "abc", -1, "abc");
	ck_assert_str_eq(seen->line, "ab|abc");
	free(seen);
}
END_TEST

START_TEST(a_long_line_is_cut_and_shows_it)
{
	struct seen *seen = seen_new();
	char text[5000];
	size_t len;

	memset(text, 'a', sizeof(text));
	log_info("%.*s", (int)sizeof(text), text);
	len = strlen(seen->line);
	ck_assert_uint_eq(len, 2048);
	ck_assert_str_eq(seen->line + len - 4, "a...");
	log_info("%.*s%d", 2047, text, 1);
	len = strlen(seen->line);
	ck_assert_uint_eq(len, 2048);
	ck_assert_str_eq(seen->line + len - 2, "a1");
	log_info("%.*s\"", 2048, text);
	ck_assert_uint_eq(strlen(seen->line), 2048);
	ck_assert_str_eq(seen->line + 2044, "a...");
	free(seen);
}
END_TEST

START_TEST(the_worst_line_fits)
{
	struct seen *seen = seen_new();
	char worst[3000];

	memset(worst, '\x01', sizeof(worst) - 1);
	worst[sizeof(worst) - 1] = '\0';
	log_info("%s", worst);
	ck_assert_uint_eq(strlen(seen->line), 2045 * 4 + 3);
	free(seen);
}
END_TEST

/* ---- fields --------------------------------------------------------------------------------- */

/* "key=value|" for each; what is no field is not there. */
static void note_fields(const struct log_line *line, void *arg)
{
	struct seen *seen = arg;
	size_t n = 0;

	seen->level = line->level;
	seen->count++;
	for (size_t i = 0; i < line->field_count; i++) {
		const struct log_field *f = &line->field[i];

		ck_assert_uint_lt(n + f->key_len + f->value_len + 3, sizeof(seen->line));
		memcpy(seen->line + n, f->key, f->key_len);
		n += f->key_len;
		seen->line[n++] = '=';
		memcpy(seen->line + n, f->value, f->value_len);
		n += f->value_len;
		seen->line[n++] = '|';
	}
	seen->line[n] = '\0';
	errno = EDOM;
}

static struct seen *fields_new(void)
{
	struct seen *seen = xcalloc(1, sizeof(*seen));

	log_set_line_sink(note_fields, seen);
	return seen;
}

START_TEST(fields_of_the_format)
{
	struct seen *seen = fields_new();

	log_warn("job=%d event=queued spool=%s file=\"%s\"", 42, "in", "a b.py");
	ck_assert_str_eq(seen->line, "job=42|event=queued|spool=in|file=a b.py|");
	ck_assert_int_eq(seen->level, LOG_LEVEL_WARN);
	log_info("event=stopped code=%d", -1);
	ck_assert_str_eq(seen->line, "event=stopped|code=-1|");
	log_info("job=%d event=%s session=%s; cancelling", 1, "timeout", "s-1");
	ck_assert_str_eq(seen->line, "job=1|event=timeout|session=s-1|");
	log_info(
	    "done=%zu held=%zu: an earlier life (err=%d), x=%d, y=1", (size_t)1, (size_t)2, 5, 6);
	ck_assert_str_eq(seen->line, "done=1|held=2|x=6|y=1|");
	log_info("path=\"%s/%s\" a=%d/%d e=\"\"", "/x", "y;z", 1, 2);
	ck_assert_str_eq(seen->line, "path=/x/y;z|a=1/2|e=|");
	log_info("msg=\"it is now \\\"%s\\\"\" job=%d", "a=b c=d", 7);
	ck_assert_str_eq(seen->line, "msg=it is now \"a=b c=d\"|job=7|");
	free(seen);
}
END_TEST

/* The moves of a state machine have its name in front. */
START_TEST(a_key_may_be_a_word_of_the_caller)
{
	struct seen *seen = fields_new();

	log_info("%s=%d from=%s", "job", 42, "queued");
	ck_assert_str_eq(seen->line, "job=42|from=queued|");
	log_info("%s=%d x=1", "no key", 42);
	ck_assert_str_eq(seen->line, "x=1|");
	log_info("a %s%s=%d", "job", "s", 42);
	ck_assert_str_eq(seen->line, "");
	log_info("%d=%d %s: b=2", 1, 2, "path");
	ck_assert_str_eq(seen->line, "b=2|");
	free(seen);
}
END_TEST

/* Whatever a name holds, it is one value, and what is not within a key=value is no field. */
START_TEST(a_value_cannot_forge_a_field)
{
	static const char *const names[] = { "x\" job=1 y=\"", "a job=1 b", "a\njob=1", "; job=1",
		"\\\" job=1", "" };
	struct seen *seen = fields_new();
	char want[64];

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		log_info("file=\"%s\" state=%s: %s (%s)", names[i], names[i], names[i], names[i]);
		(void)snprintf(want, sizeof(want), "file=%s|state=%s|", names[i], names[i]);
		ck_assert_str_eq(seen->line, want);
		log_info("%s", names[i]);
		ck_assert_str_eq(seen->line, "");
		log_info("%s: \"job=%s job=3\" a=1", names[i], names[i]);
		ck_assert_str_eq(seen->line, "a=1|");
	}
	free(seen);
}
END_TEST

START_TEST(fields_are_bounded)
{
	struct seen *seen = fields_new();
	char text[5000];

	memset(text, 'a', sizeof(text));
	log_info("a=%.*s b=%.*s", 2000, text, (int)sizeof(text), text);
	ck_assert_uint_eq(strlen(seen->line), 2048 + strlen("a=|b=|"));
	log_info("a=1 a=1 a=1 a=1 a=1 a=1 a=1 a=1 a=1 a=1 a=1 a=1 a=1 a=1 a=1 a=1 a=1 a=1 a=1 a=1 "
		 "a=1 a=1 a=1 a=1 z=1 z=1");
	ck_assert_uint_eq(strlen(seen->line), 24 * strlen("a=1|"));
	ck_assert_ptr_null(strchr(seen->line, 'z'));
	ck_assert_int_eq(seen->count, 2);
	free(seen);
}
END_TEST

START_TEST(one_sink_at_a_time)
{
	struct seen *fields = fields_new();
	struct seen *lines = seen_new();

	errno = ENOSPC;
	log_info("a=1");
	ck_assert_int_eq(errno, ENOSPC);
	ck_assert_int_eq(fields->count, 0);
	ck_assert_int_eq(lines->count, 1);
	log_set_line_sink(note_fields, fields);
	log_debug("a=1");
	ck_assert_int_eq(fields->count, 0);
	log_info("a=1");
	ck_assert_int_eq(fields->count, 1);
	ck_assert_int_eq(lines->count, 1);
	free(fields);
	free(lines);
}
END_TEST

/* ---- standard error ------------------------------------------------------------------------- */

/* Standard error goes to a file while lines are logged; gives what was written there. */
static char *stderr_of(void (*speak)(void), const char *journal)
{
	char *dir = help_tmpdir();
	char *path = help_path(dir, "stderr");
	char *text;
	int saved = dup(STDERR_FILENO);
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	struct stat st;

	ck_assert_int_ge(fd, 0);
	ck_assert_int_ge(saved, 0);
	ck_assert_int_eq(fstat(fd, &st), 0);
	if (strcmp(journal, "this") == 0) {
		char *stream = xasprintf("%ju:%ju", (uintmax_t)st.st_dev, (uintmax_t)st.st_ino);

		ck_assert_int_eq(setenv("JOURNAL_STREAM", stream, 1), 0);
		free(stream);
	} else if (strcmp(journal, "none") == 0) {
		ck_assert_int_eq(unsetenv("JOURNAL_STREAM"), 0);
	} else {
		ck_assert_int_eq(setenv("JOURNAL_STREAM", journal, 1), 0);
	}
	ck_assert_int_ge(dup2(fd, STDERR_FILENO), 0);
	speak();
	ck_assert_int_ge(dup2(saved, STDERR_FILENO), 0);
	close(fd);
	close(saved);
	text = help_read_file(path, NULL);
	help_rmtree(dir);
	free(path);
	free(dir);
	return text;
}

static void speak_two(void)
{
	log_error("job=%d", 1);
	log_info("job=%d", 2);
	log_debug("job=%d", 3);
}

/* "2026-11-22T08:15:00.123Z error job=1": the shape, whatever the time. */
static const char *after_time(const char *line)
{
	static const char shape[] = "dddd-dd-ddTdd:dd:dd.dddZ ";

	for (const char *p = shape; *p != '\0'; p++, line++) {
		if (*p == 'd')
			ck_assert_msg(*line >= '0' && *line <= '9', "no digit at: %s", line);
		else
			ck_assert_msg(*line == *p, "no %c at: %s", *p, line);
	}
	return line;
}

START_TEST(standard_error_has_the_time)
{
	char *text = stderr_of(speak_two, "none");
	char *second = strchr(text, '\n');

	ck_assert_ptr_nonnull(second);
	*second++ = '\0';
	ck_assert_str_eq(after_time(text), "error job=1");
	ck_assert_str_eq(after_time(second), "info job=2\n");
	free(text);
}
END_TEST

START_TEST(the_journal_has_levels)
{
	char *text = stderr_of(speak_two, "this");

	ck_assert_str_eq(text, "<3>job=1\n<6>job=2\n");
	free(text);
}
END_TEST

/* The variable is inherited from a service, standard error is not the journal any more. */
START_TEST(another_journal_is_not_ours)
{
	static const char *const other[] = { "1:2", "", ":", "nonsense", "0:0" };

	for (size_t i = 0; i < ARRAY_LEN(other); i++) {
		char *text = stderr_of(speak_two, other[i]);

		ck_assert_int_eq(strncmp(after_time(text), "error job=1\n", 12), 0);
		free(text);
	}
}
END_TEST

static void speak_again(void)
{
	struct seen *seen = seen_new();

	log_info("to the sink");
	ck_assert_int_eq(seen->count, 1);
	log_set_sink(NULL, NULL);
	log_info("to standard error");
	ck_assert_int_eq(seen->count, 1);
	free(seen);
}

START_TEST(null_is_the_default_again)
{
	char *text = stderr_of(speak_again, "this");

	ck_assert_str_eq(text, "<6>to standard error\n");
	free(text);
}
END_TEST

static void speak_worst(void)
{
	char worst[3000];

	memset(worst, '\x01', sizeof(worst) - 1);
	worst[sizeof(worst) - 1] = '\0';
	log_info("%s", worst);
}

START_TEST(the_worst_line_reaches_standard_error)
{
	char *text = stderr_of(speak_worst, "none");

	ck_assert_uint_eq(strlen(after_time(text)), strlen("info ") + 2045 * 4 + 3 + 1);
	ck_assert_int_eq(text[strlen(text) - 1], '\n');
	free(text);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("log");
	TCase *t = tcase_create("log");

	tcase_add_test(t, a_line_and_its_level);
	tcase_add_test(t, levels);
	tcase_add_test(t, debug_is_off_at_first);
	tcase_add_test(t, errno_is_kept);
	tcase_add_loop_test(t, controls_are_escaped, 0, (int)ARRAY_LEN(escapes));
	tcase_add_test(t, a_name_cannot_forge_a_line);
	tcase_add_loop_test(t, a_value_cannot_forge_another, 0, (int)ARRAY_LEN(values));
	tcase_add_test(t, quotation_marks_within_others);
	tcase_add_test(t, numbers_of_any_length);
	tcase_add_test(t, a_long_line_is_cut_and_shows_it);
	tcase_add_test(t, the_worst_line_fits);
	tcase_add_test(t, fields_of_the_format);
	tcase_add_test(t, a_key_may_be_a_word_of_the_caller);
	tcase_add_test(t, a_value_cannot_forge_a_field);
	tcase_add_test(t, fields_are_bounded);
	tcase_add_test(t, one_sink_at_a_time);
	tcase_add_test(t, standard_error_has_the_time);
	tcase_add_test(t, the_journal_has_levels);
	tcase_add_test(t, another_journal_is_not_ours);
	tcase_add_test(t, null_is_the_default_again);
	tcase_add_test(t, the_worst_line_reaches_standard_error);
	suite_add_tcase(s, t);
	return help_run(s);
}
