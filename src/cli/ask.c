/* ask: requests to the daemon and what comes back, with each failure in one line. */
#include "cli/ask.h"
#include "core/text.h"
#include "edge/confload.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define ERRORS_BYTES_MAX 262144
#define RUN_DIR "/run/sparkspool"
#define CONFIGURATION SYSCONFDIR "/sparkspool.conf"

/* ---- members --------------------------------------------------------------------------------- */

const char *ask_text(const json_t *o, const char *key)
{
	return json_string_value(json_object_get(o, key));
}

int64_t ask_int(const json_t *o, const char *key, int64_t fallback)
{
	const json_t *v = json_object_get(o, key);

	return json_is_integer(v) ? (int64_t)json_integer_value(v) : fallback;
}

bool ask_is(const json_t *o, const char *type)
{
	return str_eq(ask_text(o, "type"), type);
}

/* ---- where it is ----------------------------------------------------------------------------- */

/* The daemon's configuration is not everybody's to read: that it cannot be read is no error until
 * somebody needs it. One that was named is meant: there is no other place to look then. */
void daemon_init(struct daemon *d, const struct options *o)
{
	const char *file = o->file == NULL ? CONFIGURATION : o->file;
	struct buf errors;

	buf_init(&errors, ERRORS_BYTES_MAX);
	*d = (struct daemon){ .o = o };
	wire_init(&d->wire);
	char *run_dir = NULL;
	d->conf = conf_peek(file, &run_dir, &errors);
	if (d->conf == NULL) {
		const char *text = errors.data == NULL ? file : errors.data;
		d->conf_error = xstrndup(text, strcspn(text, "\n"));
	}
	if (run_dir != NULL || o->file == NULL)
		d->socket = xasprintf("%s/control", run_dir == NULL ? RUN_DIR : run_dir);
	free(run_dir);
	buf_fini(&errors);
}

void daemon_fini(struct daemon *d)
{
	wire_fini(&d->wire);
	if (d->conf != NULL)
		conf_free(d->conf);
	free(d->conf_error);
	free(d->socket);
}

/* ---- failures -------------------------------------------------------------------------------- */

/* Without the configuration the socket is a guess, and that is what is wrong. */
static int say_no_daemon(const struct daemon *d, int err)
{
	const char *next = "is it running? 'systemctl status sparkspool' tells";

	if (d->conf == NULL)
		return say_failure(d->o->json, CLI_CONFIG,
		    d->o->file == NULL ? "give the daemon's configuration with -f FILE"
				       : "'sparkspool check' says it all",
		    "there is no daemon at %s, and where else it could be is not known: %s",
		    d->socket, d->conf_error);
	if (err == EACCES)
		return say_failure(d->o->json, CLI_NOT_ALLOWED, "the directory is not for everyone",
		    "%s cannot be used: %s", d->socket, strerror(err));
	if (err == ENAMETOOLONG)
		next = "choose a shorter run_dir";
	if (err == ETIMEDOUT)
		next = "it may be very busy, or hang: its log tells";
	return say_failure(d->o->json, CLI_NO_DAEMON, next, "there is no daemon at %s: %s",
	    d->socket, strerror(err));
}

int daemon_open(struct daemon *d, bool quiet)
{
	if (wire_is_stale(&d->wire))
		wire_fini(&d->wire);
	if (d->wire.fd != -1)
		return CLI_OK;
	if (d->socket == NULL)
		return quiet ? CLI_CONFIG
			     : say_failure(d->o->json, CLI_CONFIG, "'sparkspool check' says it all",
				   "%s", d->conf_error);
	int err = wire_open(&d->wire, d->socket, d->o->patience_ms);
	if (err == 0)
		return CLI_OK;
	return quiet ? CLI_NO_DAEMON : say_no_daemon(d, err);
}

int ask_lost(const struct daemon *d, enum wire_result got)
{
	switch (got) {
	case WIRE_SILENT:
		return say_failure(d->o->json, CLI_NO_DAEMON,
		    "it may be very busy, or hang: its log tells; --patience waits longer",
		    "the daemon at %s does not answer", d->socket);
	case WIRE_GARBAGE:
		return say_failure(d->o->json, CLI_FAILED,
		    "is 'sparkspool --version' that of the daemon?",
		    "what answers at %s does not speak as a daemon does", d->socket);
	case WIRE_CLOSED:
	default:
		return say_failure(d->o->json, CLI_NO_DAEMON,
		    "it may have been stopped: 'systemctl status sparkspool' tells",
		    "the daemon at %s has closed the connection in the middle of an answer",
		    d->socket);
	}
}

static int code_of(const char *word)
{
	static const struct {
		const char *word;
		int code;
	} known[] = {
		{ "not-found", CLI_NOT_SO },
		{ "ambiguous", CLI_NOT_SO },
		{ "not-now", CLI_NOT_SO },
		{ "not-allowed", CLI_NOT_ALLOWED },
		{ "too-many", CLI_NO_DAEMON },
	};

	for (size_t i = 0; i < ARRAY_LEN(known); i++) {
		if (str_eq(word, known[i].word))
			return known[i].code;
	}
	return CLI_FAILED;
}

/* Of several items, which one it is about. */
static char *whose_is(const json_t *line)
{
	const json_t *id = json_object_get(line, "id");
	const char *path = ask_text(line, "path");

	if (!ask_is(line, "failed"))
		return xstrdup("");
	if (json_is_integer(id))
		return xasprintf("job %lld: ", (long long)json_integer_value(id));
	if (path == NULL)
		path = json_string_value(id);
	return path == NULL ? xstrdup("") : xasprintf("%s: ", path);
}

/* What the daemon says without a hint, for it does not know what its asker has at hand to go on with. */
static const struct {
	const char *message, *next;
} steps[] = {
	{ "no spool has this directory",
	    "give the job's number, or its path in a spool: 'sparkspool list' has both, "
	    "'sparkspool spools' the directories" },
	{ "there is no spool of this name", "'sparkspool spools' lists them" },
	{ "there is no pool of this name", "'sparkspool spools' lists them" },
	{ "it belongs to another user", "its owner may, root, and the group of control.admins" },
	{ "the file belongs to another user",
	    "its owner may, root, and the group of control.admins" },
	{ "its turn has come already", "'sparkspool show' tells how far it is" },
};

/* NULL: there is nothing to add. */
static const char *next_of(const char *word, const char *message)
{
	if (str_eq(word, "version") || str_eq(word, "unknown-command"))
		return "the daemon is of another version: install the same of both, and restart it";
	for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
		if (str_eq(message, steps[i].message))
			return steps[i].next;
	}
	return NULL;
}

int ask_error(const struct daemon *d, const json_t *line)
{
	const char *word = ask_text(line, "code");
	const char *message = ask_text(line, "message");
	const char *hint = ask_text(line, "hint");

	if (message == NULL)
		message = word == NULL ? "the daemon refuses, and does not say why" : word;
	if (hint == NULL)
		hint = next_of(word, message);
	char *whose = whose_is(line);
	int code = say_failure(d->o->json, code_of(word), hint, "%s%s", whose, message);
	free(whose);
	return code;
}

/* The codes are ordered by how much is wrong: of many items the worst one is what a script has to
 * hear. */
int ask_worse(int a, int b)
{
	return a > b ? a : b;
}

/* ---- asking ---------------------------------------------------------------------------------- */

json_t *ask_for(const char *what)
{
	json_t *o = json_object();

	text_put(o, "v", json_integer(1));
	text_put(o, "do", text_json(what));
	return o;
}

int ask_send(struct daemon *d, json_t *request)
{
	int code = daemon_open(d, false);

	if (code != CLI_OK) {
		json_decref(request);
		return code;
	}
	int err = wire_send(&d->wire, request, d->o->patience_ms);
	if (err == 0)
		return CLI_OK;
	if (err == EMSGSIZE)
		return say_failure(d->o->json, CLI_USAGE, "ask for less at once",
		    "a request has at most %d bytes", WIRE_REQUEST_BYTES_MAX);
	return ask_lost(d, err == ETIMEDOUT ? WIRE_SILENT : WIRE_CLOSED);
}

int ask(struct daemon *d, json_t *request, bool (*fn)(const json_t *line, void *arg), void *arg)
{
	int code = ask_send(d, request);
	bool more = code == CLI_OK;

	while (more) {
		json_t *line;
		enum wire_result got = wire_next(&d->wire, d->o->patience_ms, &line);
		if (got != WIRE_LINE) {
			code = ask_worse(code, ask_lost(d, got));
			break;
		}
		more = !ask_is(line, "end") && !ask_is(line, "error");
		if (d->everything && ask_is(line, "failed") &&
		    str_eq(ask_text(line, "code"), "not-now"))
			; /* who says ALL means those that it can be done to */
		else if (ask_is(line, "error") || ask_is(line, "failed"))
			code = ask_worse(code, ask_error(d, line));
		else if (more && fn != NULL && !fn(line, arg)) {
			more = false;
			wire_fini(&d->wire);
		}
		json_decref(line);
	}
	return code;
}

/* Quiet: it is for commands that can go on without the daemon, and say themselves what they then
 * do. */
json_t *ask_one(struct daemon *d, json_t *request, const char *type, enum wire_result *got)
{
	enum wire_result r = WIRE_CLOSED;
	json_t *found = NULL;
	bool more = daemon_open(d, true) == CLI_OK;

	if (!more)
		json_decref(request);
	else
		more = wire_send(&d->wire, request, d->o->patience_ms) == 0;
	while (more) {
		json_t *line;
		r = wire_next(&d->wire, d->o->patience_ms, &line);
		more = r == WIRE_LINE && !ask_is(line, "end") && !ask_is(line, "error");
		if (found == NULL && ask_is(line, type))
			found = json_incref(line);
		json_decref(line);
	}
	/* In the middle of an answer the connection is of no use any more: the next line would be
	 * of this request. */
	if (r != WIRE_LINE)
		wire_fini(&d->wire);
	if (got != NULL)
		*got = r;
	return found;
}

json_t *ask_job(struct daemon *d, json_t *who, enum wire_result *got)
{
	json_t *request = ask_for("show");
	json_t *jobs = json_array();

	text_append(jobs, who);
	text_put(request, "jobs", jobs);
	return ask_one(d, request, "job", got);
}

/* On a connection of its own: the other one is in the middle of an answer that does not end
 * (watch). */
void ask_aside(
    const struct daemon *d, json_t *request, bool (*fn)(const json_t *line, void *arg), void *arg)
{
	struct wire w;
	json_t *line = NULL;

	wire_init(&w);
	if (wire_open(&w, d->socket, d->o->patience_ms) != 0)
		json_decref(request);
	else
		(void)wire_send(&w, request, d->o->patience_ms);
	while (wire_next(&w, d->o->patience_ms, &line) == WIRE_LINE && !ask_is(line, "end") &&
	       !ask_is(line, "error") && fn(line, arg)) {
		json_decref(line);
		line = NULL;
	}
	json_decref(line);
	wire_fini(&w);
}
