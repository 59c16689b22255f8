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

/* How many of the n bytes at p a terminal would obey: those below space, DEL, and in UTF-8 C2 80 to
 * C2 9F. */
static size_t control_bytes(const unsigned char *p, size_t n)
{
	if (n > 1 && p[0] == 0xc2 && p[1] >= 0x80 && p[1] <= 0x9f)
		return 2;
	return p[0] < 0x20 || p[0] == 0x7f;
}

/* A line on its way. */
struct line {
	char text[LINE_MAX_BYTES * ESCAPED_BYTES + 1];
	size_t len;
	size_t raw;    /* bytes before escaping */
	size_t room;   /* len when so much of raw was there that only the dots still fit */
	bool quoted;   /* between quotation marks of the format */
	bool is_value; /* the format's last byte was the = of key= */
};

static void put(struct line *l, char c)
{
	l->text[l->len++] = c;
}

static void put_escaped(struct line *l, unsigned char c)
{
	static const char hex[] = "0123456789abcdef";

	put(l, '\\');
	if (c == '\n' || c == '\t' || c == '\r') {
		put(l, c == '\n' ? 'n' : c == '\t' ? 't' : 'r');
	} else if (c == '"' || c == '\\') {
		put(l, (char)c);
	} else {
		put(l, 'x');
		put(l, hex[c >> 4]);
		put(l, hex[c & 15]);
	}
}

/* Counts a byte; false when the line is full. */
static bool take(struct line *l)
{
	if (l->raw == LINE_MAX_BYTES - 3)
		l->room = l->len;
	return l->raw++ < LINE_MAX_BYTES;
}

/* Whatever a value holds, what stands around it is still what the format says: within quotation
 * marks there are no others. */
static void put_text(struct line *l, const char *s, size_t n, bool quoted)
{
	const unsigned char *p = (const unsigned char *)s;
	size_t controls = 0;

	for (size_t i = 0; i < n; i++) {
		if (!take(l))
			return;
		if (controls == 0)
			controls = control_bytes(p + i, n - i);
		if (controls > 0 || (quoted && (p[i] == '"' || p[i] == '\\')))
			put_escaped(l, p[i]);
		else
			put(l, (char)p[i]);
		controls -= controls > 0;
	}
}

/* key=value needs no quotation marks as long as the next reader sees where it ends. */
static bool needs_quotes(const char *s, size_t n)
{
	const unsigned char *p = (const unsigned char *)s;

	for (size_t i = 0; i < n; i++)
		if (p[i] <= ' ' || p[i] == '"' || p[i] == '\\' || control_bytes(p + i, n - i) > 0)
			return true;
	return n == 0;
}

static void put_value(struct line *l, const char *s, size_t n)
{
	bool quotes = !l->quoted && l->is_value && needs_quotes(s, n);

	if (quotes)
		put_text(l, "\"", 1, false);
	put_text(l, s, n, l->quoted || quotes);
	if (quotes)
		put_text(l, "\"", 1, false);
	l->is_value = false;
}

/* The format's own text, up to a conversion or its end. */
static const char *put_format(struct line *l, const char *p)
{
	const char *end = p + strcspn(p, "%");

	for (const char *q = p; q < end; q++) {
		if (*q == '\\' && q + 1 < end)
			q++; /* quotation marks within quotation marks are somebody else's */
		else if (*q == '"')
			l->quoted = !l->quoted;
	}
	if (end > p)
		l->is_value = end[-1] == '=';
	put_text(l, p, (size_t)(end - p), false);
	return end;
}

/* A copy of a va_list that can be handed on. */
struct args {
	va_list ap;
};

static uintmax_t next_number(struct args *args, char length, bool is_signed)
{
	switch (length) {
	case 'L':
		return va_arg(args->ap, unsigned long long);
	case 'l':
		return is_signed ? (uintmax_t)va_arg(args->ap, long)
				 : va_arg(args->ap, unsigned long);
	case 'j':
		return va_arg(args->ap, uintmax_t);
	case 'z':
		return va_arg(args->ap, size_t);
	default:
		return is_signed ? (uintmax_t)va_arg(args->ap, int) : va_arg(args->ap, unsigned);
	}
}

static void put_number(struct line *l, struct args *args, char length, char conversion)
{
	bool is_signed = conversion == 'd' || conversion == 'i';
	uintmax_t n = next_number(args, length, is_signed);
	char text[32];

	if (is_signed)
		(void)snprintf(text, sizeof(text), "%jd", (intmax_t)n);
	else if (conversion == 'x')
		(void)snprintf(text, sizeof(text), "%#jx", n);
	else
		(void)snprintf(text, sizeof(text), "%ju", n);
	put_value(l, text, strlen(text));
}

static void put_string(struct line *l, struct args *args, bool has_max, int max)
{
	const char *s = va_arg(args->ap, const char *);

	if (s == NULL)
		s = "(null)";
	put_value(l, s, has_max && max >= 0 ? strnlen(s, (size_t)max) : strlen(s));
}

/* One conversion: of printf(3) as much as lines of a log need, which is %s, %.*s and whole numbers
 * of any length. NULL: it is something else. */
static const char *put_conversion(struct line *l, const char *p, struct args *args)
{
	bool has_max = strncmp(p, "%.*", 3) == 0;
	int max = has_max ? va_arg(args->ap, int) : 0;
	char length = '\0';

	p += has_max ? 3 : 1;
	p += *p == '#';
	if (*p != '\0' && strchr("ljz", *p) != NULL)
		length = *p++;
	if (length == 'l' && *p == 'l') {
		length = 'L';
		p++;
	}
	switch (*p) {
	case '%':
		put_text(l, "%", 1, false);
		return p + 1;
	case 's':
		put_string(l, args, has_max, max);
		return p + 1;
	case 'd':
	case 'i':
	case 'u':
	case 'x':
		put_number(l, args, length, *p);
		return p + 1;
	default:
		return NULL;
	}
}

void log_at(enum log_level level, const char *fmt, ...)
{
	struct line l; /* but for its text, which is long */
	int saved = errno;
	struct args args;

	if (level > state.level)
		return;
	l.len = l.raw = l.room = 0;
	l.quoted = l.is_value = false;
	va_start(args.ap, fmt);
	for (const char *p = fmt; p != NULL && *p != '\0';)
		p = *p == '%' ? put_conversion(&l, p, &args) : put_format(&l, p);
	va_end(args.ap);
	/* A reader must see that something is missing. */
	if (l.raw > LINE_MAX_BYTES) {
		l.len = l.room;
		for (int i = 0; i < 3; i++)
			put(&l, '.');
	}
	put(&l, '\0');
	state.sink(level, l.text, state.arg);
	errno = saved;
}
