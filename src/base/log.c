/* log: one line an event, key=value, into one replaceable sink. */
#include "base/log.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define LINE_MAX_BYTES 2048 /* of a message, before escaping; the rest is cut off */
#define ESCAPED_BYTES 4	    /* what one byte may become: \x1b */

static void sink_stderr(enum log_level level, const char *line, void *arg);

/* The one thing in base that is remembered from call to call: a log that had to be handed to
 * everybody would be in every signature. */
struct log_state {
	void (*sink)(enum log_level level, const char *line, void *arg);
	void *arg;
	enum log_level level;
};
static struct log_state state = { sink_stderr, NULL, LOG_LEVEL_INFO };

static const char *level_name(enum log_level level)
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
static bool stderr_is_journal(void)
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
static void sink_stderr(enum log_level level, const char *line, void *arg)
{
	char text[LINE_MAX_BYTES * ESCAPED_BYTES + 128];
	char when[TIME_TEXT_LEN];
	int n;

	(void)arg;
	if (stderr_is_journal())
		n = snprintf(text, sizeof(text), "<%d>%s\n", (int)level, line);
	else
		n = snprintf(
		    text, sizeof(text), "%s %s %s\n", time_now(when), level_name(level), line);
	if (n > 0)
		write_all(text, (size_t)n < sizeof(text) ? (size_t)n : sizeof(text) - 1);
}

void log_set_sink(void (*sink)(enum log_level level, const char *line, void *arg), void *arg)
{
	state.sink = sink != NULL ? sink : sink_stderr;
	state.arg = arg;
}

void log_set_level(enum log_level level)
{
	state.level = level;
}

/* How many bytes at p a terminal would obey: those below space, DEL, and in UTF-8 C2 80 to C2 9F. */
static size_t control_bytes(const unsigned char *p)
{
	if (p[0] == 0xc2 && p[1] >= 0x80 && p[1] <= 0x9f)
		return 2;
	return p[0] < 0x20 || p[0] == 0x7f;
}

static char *escape_byte(unsigned char c, char *out)
{
	static const char hex[] = "0123456789abcdef";

	*out++ = '\\';
	if (c == '\n' || c == '\t' || c == '\r') {
		*out++ = c == '\n' ? 'n' : c == '\t' ? 't' : 'r';
		return out;
	}
	*out++ = 'x';
	*out++ = hex[c >> 4];
	*out++ = hex[c & 15];
	return out;
}

/* out has room for ESCAPED_BYTES times the length of s, and the NUL. */
static void escape(const char *s, char *out)
{
	const unsigned char *p = (const unsigned char *)s;

	while (*p != '\0') {
		size_t controls = control_bytes(p);

		if (controls == 0)
			*out++ = (char)*p++;
		for (; controls > 0; controls--)
			out = escape_byte(*p++, out);
	}
	*out = '\0';
}

void log_at(enum log_level level, const char *fmt, ...)
{
	char raw[LINE_MAX_BYTES + 1];
	char line[LINE_MAX_BYTES * ESCAPED_BYTES + 1];
	int saved = errno;
	va_list ap;
	int n;

	if (level > state.level)
		return;
	va_start(ap, fmt);
	n = vsnprintf(raw, sizeof(raw), fmt, ap);
	va_end(ap);
	/* A reader must see that something is missing. */
	if (n >= (int)sizeof(raw))
		memcpy(raw + LINE_MAX_BYTES - 3, "...", 3);
	if (n >= 0) {
		escape(raw, line);
		state.sink(level, line, state.arg);
	}
	errno = saved;
}
