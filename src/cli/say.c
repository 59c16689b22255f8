/* say: one line for people when something is wrong, with the next step; the exit codes. */
#include "cli/say.h"
#include "base/buf.h"
#include "core/text.h"
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LINE_BYTES_MAX 65536

const char *say_word(int code)
{
	switch (code) {
	case CLI_OK:
		return "ok";
	case CLI_USAGE:
		return "usage";
	case CLI_CONFIG:
		return "config";
	case CLI_NO_DAEMON:
		return "no-daemon";
	case CLI_NOT_ALLOWED:
		return "not-allowed";
	case CLI_TIMEOUT:
		return "timeout";
	case CLI_FAILED:
		return "failed";
	case CLI_LOST:
		return "lost";
	case CLI_CANCELLED:
		return "cancelled";
	default:
		return "not-so";
	}
}

/* A character that a terminal could take for a command: C0, DEL, and C1 in UTF-8 (C2 80 to C2 9F).
 * Returns its length, or 0. */
static size_t control_at(const char *s)
{
	const unsigned char *p = (const unsigned char *)s;

	if (p[0] < 0x20 || p[0] == 0x7f)
		return 1;
	return p[0] == 0xc2 && p[1] >= 0x80 && p[1] < 0xa0 ? 2 : 0;
}

static char *escaped(const char *text, bool field)
{
	struct buf out;

	buf_init(&out, strlen(text) * 8 + 1);
	buf_adds(&out, "");
	while (*text != '\0') {
		size_t n = control_at(text);
		if (field && (*text == '\t' || *text == '\n' || *text == '\\'))
			buf_adds(&out, *text == '\t' ? "\\t" : *text == '\n' ? "\\n" : "\\\\");
		else if (n == 0)
			buf_addc(&out, *text);
		else
			for (size_t i = 0; i < n; i++)
				buf_addf(&out, "\\x%02x", (unsigned)(unsigned char)text[i]);
		text += n > 0 ? n : 1;
	}
	return buf_steal(&out, NULL);
}

/* What is shown may come from a file's name, a server or a user's code: none of it may move the
 * cursor of somebody's terminal, or colour it. */
char *say_plain(const char *text)
{
	return escaped(text, false);
}

/* Beyond that nothing that could end the field or the line: programs split at tabs and line
 * ends. */
char *say_field(const char *text)
{
	return escaped(text, true);
}

void say_json(const json_t *object)
{
	char *line =
	    json_dumps(object, JSON_COMPACT | JSON_PRESERVE_ORDER | JSON_REAL_PRECISION(10));

	if (line == NULL)
		return;
	puts(line);
	fflush(stdout);
	free(line);
}

json_t *say_list(const char *words)
{
	json_t *list = json_array();

	while (*words != '\0') {
		size_t n = strcspn(words, ",");
		text_append(list, text_json_bytes(words, n));
		words += n + (words[n] == ',' ? 1 : 0);
	}
	return list;
}

static char *format(const char *fmt, va_list ap)
{
	char text[LINE_BYTES_MAX];

	(void)vsnprintf(text, sizeof(text), fmt, ap);
	return say_plain(text);
}

int say_failure(bool json, int code, const char *next, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	char *what = format(fmt, ap);
	va_end(ap);
	char *hint = say_plain(next == NULL ? "" : next);
	fflush(stdout);
	/* Also with --json: a log that only keeps standard error shows why a script has stopped. */
	fprintf(stderr, "sparkspool: %s%s%s\n", what, next == NULL ? "" : "; ", hint);
	if (json) {
		json_t *o = json_object();
		text_put(o, "type", text_json("error"));
		text_put(o, "why", text_json(say_word(code)));
		text_put(o, "exit", json_integer(code));
		text_put(o, "message", text_json(what));
		if (next != NULL)
			text_put(o, "hint", text_json(next));
		say_json(o);
		json_decref(o);
	}
	free(hint);
	free(what);
	return code;
}

void say_note(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	char *what = format(fmt, ap);
	va_end(ap);
	fflush(stdout);
	fprintf(stderr, "sparkspool: %s\n", what);
	free(what);
}

/* The reader of a pipe has heard enough, as head does: no trouble of anybody's. */
static bool nobody_reads(void)
{
	struct pollfd out = { .fd = STDOUT_FILENO };

	return poll(&out, 1, 0) == 1 && (out.revents & POLLERR) != 0;
}

int say_end(int code)
{
	bool lost = ferror(stdout) != 0;
	int err = fflush(stdout) == 0 ? 0 : errno;

	if (!lost && err == 0)
		return code;
	if (!nobody_reads())
		fprintf(stderr, "sparkspool: standard output cannot be written%s%s\n",
		    err == 0 ? "" : ": ", err == 0 ? "" : strerror(err));
	return code == CLI_OK ? CLI_FAILED : code;
}

int say_interrupted(int number)
{
	sigset_t set;

	fflush(stdout);
	sigemptyset(&set);
	sigaddset(&set, number);
	(void)signal(number, SIG_DFL);
	(void)sigprocmask(SIG_UNBLOCK, &set, NULL);
	(void)raise(number);
	return 128 + number;
}
