/* onend: a command for each file that has ended: run directly, one after the other, in bounded time,
 * and at least once. */
#include "cli/ask.h"
#include "cli/clock.h"
#include "cli/cmd.h"
#include "cli/cursor.h"
#include "cli/hook.h"
#include "core/text.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TIMEOUT_MS 60000
#define RETRIES 3
#define WAIT_MS_MIN 1000
#define WAIT_MS_MAX 30000

struct watchman {
	struct daemon *d;
	const struct options *o;
	struct hook hook;
	char *cursor; /* behind the last that is done with; NULL: not known yet */
	int retries;
};

/* "error,timeout"; "failed" is all that is not ok. NULL: everything. */
static bool is_wanted(const char *list, const char *status)
{
	size_t n = status == NULL ? 0 : strlen(status);

	if (list == NULL)
		return true;
	while (*list != '\0') {
		size_t len = strcspn(list, ",");
		if (len == n && n > 0 && strncmp(list, status, n) == 0)
			return true;
		if (len == 6 && strncmp(list, "failed", 6) == 0 && !str_eq(status, "ok"))
			return true;
		list += len + (list[len] == ',' ? 1 : 0);
	}
	return false;
}

/* CLI_OK, also when it failed for good: the others must not wait for ever. 128 + a signal else. */
static int run_command(struct watchman *w, const json_t *job)
{
	int64_t wait = WAIT_MS_MIN;

	for (int i = 0; i <= w->retries; i++) {
		char *why = hook_run(&w->hook, job);
		if (why == NULL)
			return w->hook.signal != 0 ? 128 + w->hook.signal : CLI_OK;
		say_note("job %lld: %s %s%s", (long long)ask_int(job, "id", 0), w->hook.argv[0],
		    why, i < w->retries ? "; trying again" : "; giving up on it");
		free(why);
		if (i < w->retries && hook_wait(&w->hook, wait))
			return 128 + w->hook.signal;
		wait = wait * 2 > WAIT_MS_MAX ? WAIT_MS_MAX : wait * 2;
	}
	return CLI_OK;
}

/* Only what is done with is behind the cursor. */
static int take(struct watchman *w, const json_t *line)
{
	const char *cursor = ask_text(line, "cursor");
	int code = CLI_OK;

	if (ask_is(line, "job") && is_wanted(w->o->status, ask_text(line, "status")))
		code = run_command(w, line);
	if (code != CLI_OK || cursor == NULL)
		return code;
	free(w->cursor);
	w->cursor = xstrdup(cursor);
	int err = w->o->cursor == NULL ? 0 : cursor_write(w->o->cursor, cursor);
	if (err != 0)
		return say_failure(w->o->json, CLI_FAILED,
		    "without it the next start does not know what was done", "%s: %s", w->o->cursor,
		    strerror(err));
	return CLI_OK;
}

/* Without a cursor the daemon says first where it begins, and that becomes one. */
static int ask_ends(struct watchman *w)
{
	json_t *request = ask_for("ended");

	if (w->cursor != NULL)
		text_put(request, "after", text_json(w->cursor));
	text_put(request, "follow", json_true());
	return ask_send(w->d, request);
}

/* The ledger of the cursor was lost: then nothing of what is in the present one has been dealt with. */
static int begin_anew(struct watchman *w)
{
	say_note("the cursor %s is none of the daemon's ledger: beginning with the first that has "
		 "ended in it",
	    w->cursor);
	free(w->cursor);
	w->cursor = xstrdup("0");
	return ask_ends(w);
}

/* An error in the answer: CLI_OK where it is none for us. */
static int refused(struct watchman *w, const json_t *line)
{
	const char *word = ask_text(line, "code");

	if (w->cursor != NULL && str_eq(word, "not-found"))
		return begin_anew(w);
	if (w->cursor != NULL && w->o->cursor != NULL && str_eq(word, "bad-request"))
		return say_failure(w->o->json, CLI_FAILED,
		    "remove it, and it begins with what ends from then on",
		    "%s: there is no such cursor", w->o->cursor);
	return ask_error(w->d, line);
}

/* Until the connection is lost (CLI_NO_DAEMON) or something else ends it. */
static int follow(struct watchman *w)
{
	int code = ask_ends(w);

	while (code == CLI_OK) {
		json_t *line;
		enum wire_result got = wire_next(&w->d->wire, -1, &line);
		if (got == WIRE_OTHER)
			code = hook_wait(&w->hook, 0) ? 128 + w->hook.signal : CLI_OK;
		else if (got != WIRE_LINE)
			code = CLI_NO_DAEMON;
		else if (ask_is(line, "error"))
			code = refused(w, line);
		else if (ask_is(line, "end"))
			code = CLI_NO_DAEMON;
		else
			code = take(w, line);
		json_decref(line);
	}
	return code;
}

/* A daemon that is stopped will be started again. */
static int follow_for_ever(struct watchman *w)
{
	int64_t wait = WAIT_MS_MIN;
	bool said = false;
	int code;

	for (;;) {
		code = daemon_open(w->d, true);
		if (code == CLI_CONFIG)
			return daemon_open(w->d, false);
		if (code == CLI_OK) {
			said = false;
			wait = WAIT_MS_MIN;
			code = follow(w);
			if (code != CLI_NO_DAEMON)
				return code;
			wire_fini(&w->d->wire);
		}
		if (!said)
			say_note("there is no daemon at %s; waiting for one", w->d->socket);
		said = true;
		if (hook_wait(&w->hook, wait))
			return 128 + w->hook.signal;
		wait = wait * 2 > WAIT_MS_MAX ? WAIT_MS_MAX : wait * 2;
	}
}

static int read_options(struct watchman *w)
{
	const struct options *o = w->o;

	w->hook.argv = o->arg;
	w->hook.timeout_ms = TIMEOUT_MS;
	w->retries = o->retries < 0 ? RETRIES : (int)o->retries;
	if (o->arg_count == 0)
		return say_failure(o->json, CLI_USAGE,
		    "write 'sparkspool on-end -- COMMAND ARGUMENT...'", "run which command?");
	if (o->timeout != NULL && str_to_duration_ms(o->timeout, &w->hook.timeout_ms) != 0)
		return say_failure(o->json, CLI_USAGE,
		    "write a number with a unit, such as 30s or 5m",
		    "--timeout '%s' is no duration", o->timeout);
	int err = o->cursor == NULL ? 0 : cursor_read(o->cursor, &w->cursor);
	if (err == 0 && w->cursor != NULL) /* now, and not when a command was run in vain */
		err = cursor_write(o->cursor, w->cursor);
	else if (err == ENOENT)
		err = 0;
	if (err == 0)
		return CLI_OK;
	free(w->cursor);
	return say_failure(o->json, CLI_FAILED, NULL, "%s: %s", o->cursor, strerror(err));
}

int cmd_on_end(const struct options *o)
{
	struct daemon d;
	struct watchman w = { .d = &d, .o = o };
	int code = read_options(&w);

	if (code != CLI_OK)
		return code;
	daemon_init(&d, o);
	hook_init(&w.hook);
	d.wire.other_fd = w.hook.signals;
	code = follow_for_ever(&w);
	hook_fini(&w.hook);
	free(w.cursor);
	daemon_fini(&d);
	/* To be told to stop is a good end. */
	return code > 128 ? CLI_OK : code;
}
