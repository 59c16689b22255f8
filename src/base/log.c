/* log: one line an event, key=value, into one replaceable sink. */
#include "base/log_int.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static void sink_stderr(enum log_level level, const char *line, void *arg);

/* The one thing in base that is remembered from call to call: a log that had to be handed to
 * everybody would be in every signature. */
struct log_state {
	void (*sink)(enum log_level level, const char *line, void *arg);
	void (*line_sink)(const struct log_line *line, void *arg); /* in its stead, or NULL */
	void *arg;
	enum log_level level;
};
static struct log_state state = { sink_stderr, NULL, NULL, LOG_LEVEL_INFO };

const char *log_level_name(enum log_level level)
{
	switch (level) {
	case LOG_LEVEL_ERROR:
		return "error";
	case LOG_LEVEL_WARN:
		return "warn";
	case LOG_LEVEL_INFO:
		return "info";
	case LOG_LEVEL_DEBUG:
		return "debug";
	}
	return "?";
}

/* JOURNAL_STREAM names the journal's socket as "device:inode". A child whose standard error was
 * redirected inherits the variable all the same, so both numbers must be those of our own. */
bool log_is_journal(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	char mine[64];
	struct stat st;

	if (stream == NULL || fstat(STDERR_FILENO, &st) < 0)
		return false;
	(void)snprintf(mine, sizeof(mine), "%ju:%ju", (uintmax_t)st.st_dev, (uintmax_t)st.st_ino);
	return strcmp(stream, mine) == 0;
}

static void write_all(const char *p, size_t n)
{
	/* A full pipe takes a line in parts. */
	while (n > 0) {
		ssize_t done = write(STDERR_FILENO, p, n);

		if (done < 0 && errno == EINTR)
			continue;
		/* There is nowhere left to complain. */
		if (done <= 0)
			return;
		p += done;
		n -= (size_t)done;
	}
}

static const char *time_now(char out[TIME_TEXT_LEN])
{
	struct timespec ts = { 0 };

	(void)clock_gettime(CLOCK_REALTIME, &ts);
	return time_to_text((int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000, out);
}

/* One write a line: lines of several processes on one terminal do not mix. */
void log_to_stderr(enum log_level level, const char *line)
{
	char text[LINE_MAX_BYTES * ESCAPED_BYTES + 128];
	char when[TIME_TEXT_LEN];
	int n;

	if (log_is_journal())
		n = snprintf(text, sizeof(text), "<%d>%s\n", (int)level, line);
	else
		n = snprintf(
		    text, sizeof(text), "%s %s %s\n", time_now(when), log_level_name(level), line);
	if (n > 0)
		write_all(text, (size_t)n < sizeof(text) ? (size_t)n : sizeof(text) - 1);
}

static void sink_stderr(enum log_level level, const char *line, void *arg)
{
	(void)arg;
	log_to_stderr(level, line);
}

void log_set_sink(void (*sink)(enum log_level level, const char *line, void *arg), void *arg)
{
	state.sink = sink != NULL ? sink : sink_stderr;
	state.line_sink = NULL;
	state.arg = arg;
}

void log_set_line_sink(void (*sink)(const struct log_line *line, void *arg), void *arg)
{
	assert(sink != NULL);
	state.line_sink = sink;
	state.arg = arg;
}

void log_set_level(enum log_level level)
{
	state.level = level;
}

enum log_level log_level_now(void)
{
	return state.level;
}

void log_at(enum log_level level, const char *fmt, ...)
{
	struct line l;
	struct log_line said;
	int saved = errno;
	va_list ap;

	if (level > state.level)
		return;
	va_start(ap, fmt);
	log_line_format(&l, fmt, ap);
	va_end(ap);
	said = (struct log_line){ level, l.text, l.field, l.field_count };
	if (state.line_sink != NULL)
		state.line_sink(&said, state.arg);
	else
		state.sink(level, l.text, state.arg);
	errno = saved;
}
