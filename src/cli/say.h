/* say: one line for people when something is wrong, with the next step; the exit codes. */
#ifndef SPARKSPOOL_CLI_SAY_H
#define SPARKSPOOL_CLI_SAY_H

#include "base/util.h"
#include <jansson.h>

/* sparkspool(1) explains them; below 120 `run` gives the file's own code. */
enum cli_exit {
	CLI_OK = 0,
	CLI_NOT_SO = 1, /* something that was asked for was not so */
	CLI_USAGE = 120,
	CLI_CONFIG = 121,
	CLI_NO_DAEMON = 122,
	CLI_NOT_ALLOWED = 123,
	CLI_TIMEOUT = 124,
	CLI_FAILED = 125,
	CLI_LOST = 126, /* rejected, died or unknown */
	CLI_CANCELLED = 127
};

/* "usage", "no-daemon": what stands in "why" of the JSON. */
const char *say_word(int code);

/* Writes "sparkspool: WHAT" or "sparkspool: WHAT; NEXT" as one line to standard error, and with json
 * the same as an object to standard output. next may be NULL. Returns code. */
int say_failure(bool json, int code, const char *next, const char *fmt, ...) PRINTF_LIKE(4, 5);

/* "sparkspool: WHAT" to standard error: a word, not a failure. */
void say_note(const char *fmt, ...) PRINTF_LIKE(1, 2);

/* Ends by that signal, as the shell expects it of whoever is interrupted; where it may not end, the
 * exit code that a shell would show. */
int say_interrupted(int number);

/* The last of all: what could not be written to standard output was not said. Returns the exit code. */
int say_end(int code);

/* One object as a line on standard output. It is not taken over. */
void say_json(const json_t *object);

/* "a,b" as an array of its words. */
json_t *say_list(const char *words);

/* The same text without what moves a terminal: control characters become \xHH. free() it. */
char *say_plain(const char *text);

/* The same for porcelain: tab, newline and backslash as \t, \n and \\, others as \xHH. free() it. */
char *say_field(const char *text);

#endif
