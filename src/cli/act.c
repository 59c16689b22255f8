/* act: what is done to jobs, spools, pools and the daemon. */
#include "cli/ask.h"
#include "cli/cmd.h"
#include "cli/row.h"
#include "cli/term.h"
#include "cli/who.h"
#include "core/text.h"
#include "edge/confload.h"
#include "edge/sandbox.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TEXT_BYTES_MAX 262144

struct deed {
	const struct options *o;
	const char *past; /* "cancelled" */
	size_t count;
	bool single; /* each is named */
};

/* ---- jobs ------------------------------------------------------------------------------------ */

static bool print_done(const json_t *line, void *arg)
{
	static const char *const keys[] = { "id", "was", "path", NULL };
	struct deed *deed = arg;

	if (!ask_is(line, "done"))
		return true;
	deed->count++;
	if (deed->o->json) {
		say_json(line);
	} else if (deed->o->porcelain) {
		char *text = row_fields(line, keys);
		puts(text);
		free(text);
	} else if (!deed->o->quiet) {
		char *path = row_text(line, "path");
		/* What runs ends when its session has heard of it. */
		bool begun = str_eq(deed->past, "cancelled") &&
			     !str_eq(ask_text(line, "was"), "queued") &&
			     !str_eq(ask_text(line, "was"), "held");
		printf("%s job %lld: %s\n", begun ? "cancelling" : deed->past,
		    (long long)ask_int(line, "id", 0), path);
		free(path);
	}
	return true;
}

static int to_jobs(const struct options *o, const char *what, const char *past)
{
	struct deed deed = { .o = o, .past = past };
	struct daemon d;
	int code;
	json_t *batches = who_read(o, &code);
	size_t i;
	json_t *jobs;

	if (batches == NULL)
		return code;
	daemon_init(&d, o);
	json_array_foreach(batches, i, jobs)
	{
		json_t *request = ask_for(what);
		text_put(request, "jobs", json_incref(jobs));
		d.everything = json_is_string(jobs);
		code = ask_worse(code, ask(&d, request, print_done, &deed));
		/* A job that is somebody else's is no reason to leave out the rest; a daemon that
		 * is gone is. */
		if (code >= CLI_NO_DAEMON && code != CLI_NOT_ALLOWED)
			break;
	}
	if (code == CLI_OK && deed.count == 0 && !o->quiet && !o->json && !o->porcelain)
		printf("nothing was %s: there is none\n", past);
	json_decref(batches);
	daemon_fini(&d);
	return code;
}

int cmd_cancel(const struct options *o)
{
	return to_jobs(o, "cancel", "cancelled");
}

int cmd_hold(const struct options *o)
{
	return to_jobs(o, "hold", "held");
}

int cmd_release(const struct options *o)
{
	return to_jobs(o, "release", "released");
}

int cmd_rerun(const struct options *o)
{
	for (int i = 0; i < o->arg_count; i++) {
		if (str_eq(o->arg[i], "ALL"))
			return say_failure(o->json, CLI_USAGE,
			    "choose with 'sparkspool history ... --porcelain | sparkspool rerun -'",
			    "rerun takes no ALL: that would be all that ever ran");
	}
	return to_jobs(o, "rerun", "queued again");
}

/* ---- spools and pools ------------------------------------------------------------------------ */

static int named(const struct options *o, json_t *request, const char **key, const char **name)
{
	const char *word = o->arg_count > 0 ? o->arg[0] : NULL;
	int given = (o->spool != NULL) + (o->pool != NULL) + o->arg_count;

	if (given != 1)
		return say_failure(o->json, CLI_USAGE, NULL,
		    "name one spool, or one pool with --pool NAME, or ALL for everything");
	if (word != NULL && strcasecmp(word, "all") == 0 && !str_eq(word, "ALL"))
		return say_failure(o->json, CLI_USAGE, NULL, "everything is ALL, in capitals");
	*key = o->pool != NULL ? "pool" : str_eq(word, "ALL") ? "all" : "spool";
	*name = o->pool != NULL ? o->pool : o->spool != NULL ? o->spool : word;
	text_put(request, *key, str_eq(*key, "all") ? json_true() : text_json(*name));
	return CLI_OK;
}

/* What of it is paused all the same, "a, b". */
struct rest {
	const char *key, *name;
	struct buf names;
};

static bool add_paused(const json_t *line, void *arg)
{
	struct rest *rest = arg;
	bool pool = str_eq(rest->key, "pool");
	bool meant =
	    str_eq(rest->key, "all") || str_eq(ask_text(line, pool ? "pool" : "name"), rest->name);

	if (ask_is(line, "spool") && meant && json_is_true(json_object_get(line, "paused"))) {
		char *name = row_text(line, "name");
		buf_addf(&rest->names, "%s%s", rest->names.len == 0 ? "" : ", ", name);
		free(name);
	}
	return true;
}

/* A spool, its pool and everything are paused and resumed each by itself: who has resumed one of them
 * must not believe that something runs now when another still keeps it. */
static void tell_rest(struct daemon *d, const char *key, const char *name)
{
	struct rest rest = { .key = key, .name = name };

	buf_init(&rest.names, TEXT_BYTES_MAX);
	if (ask(d, ask_for("spools"), add_paused, &rest) == CLI_OK && rest.names.len > 0)
		say_note(
		    "still paused: %s; 'sparkspool why FILE' tells by what, and 'resume SPOOL', "
		    "'resume --pool POOL' and 'resume ALL' each take back their own",
		    rest.names.data);
	buf_fini(&rest.names);
}

static int to_spools(const struct options *o, const char *what, const char *past)
{
	const char *key = NULL;
	const char *name = NULL;
	struct daemon d;
	json_t *request = ask_for(what);
	int code = named(o, request, &key, &name);

	if (code != CLI_OK) {
		json_decref(request);
		return code;
	}
	daemon_init(&d, o);
	code = ask(&d, request, NULL, NULL);
	if (code == CLI_OK && o->json) {
		json_t *line = json_object();
		text_put(line, "type", text_json("done"));
		text_put(line, key, str_eq(key, "all") ? json_true() : text_json(name));
		text_put(line, "is", text_json(past));
		say_json(line);
		json_decref(line);
	} else if (code == CLI_OK && !o->quiet && !o->porcelain) {
		printf("%s %s\n", past, str_eq(key, "all") ? "everything" : name);
	}
	if (code == CLI_OK && !o->quiet && str_eq(what, "resume"))
		tell_rest(&d, key, name);
	daemon_fini(&d);
	return code;
}

int cmd_pause(const struct options *o)
{
	return to_spools(o, "pause", "paused");
}

int cmd_resume(const struct options *o)
{
	return to_spools(o, "resume", "resumed");
}

/* ---- the daemon ------------------------------------------------------------------------------ */

static int no_words(const struct options *o, const char *command)
{
	if (o->arg_count == 0)
		return CLI_OK;
	return say_failure(o->json, CLI_USAGE, NULL, "%s takes no '%s'", command, o->arg[0]);
}

/* It may take as long as the files take that run: there is no patience to be lost. */
int cmd_drain(const struct options *o)
{
	struct daemon d;
	struct options patient = *o;
	int code = no_words(o, "drain");

	if (code != CLI_OK)
		return code;
	patient.patience_ms = INT64_C(365) * 24 * 3600 * 1000;
	daemon_init(&d, &patient);
	if (!o->quiet && term_of(2).is_terminal)
		say_note(
		    "nothing new is begun; waiting for what runs (Ctrl-C only stops the waiting; "
		    "'sparkspool resume ALL' takes it back)");
	code = ask(&d, ask_for("drain"), NULL, NULL);
	if (code == CLI_OK && o->json)
		puts("{\"type\":\"drained\"}");
	else if (code == CLI_OK && !o->quiet && !o->porcelain)
		puts("drained: nothing runs any more");
	daemon_fini(&d);
	return code;
}

/* All that is wrong, a line each, as `check` has it. */
static int print_messages(const struct options *o, const json_t *messages)
{
	size_t i;
	const json_t *item;

	json_array_foreach(messages, i, item)
	{
		if (json_is_string(item))
			(void)say_failure(o->json, CLI_CONFIG, NULL, "%s", json_string_value(item));
	}
	return CLI_CONFIG;
}

static int read_reload(struct daemon *d)
{
	json_t *messages = NULL;
	int code = -1;

	while (code == -1) {
		json_t *line;
		enum wire_result got = wire_next(&d->wire, d->o->patience_ms, &line);
		if (got != WIRE_LINE)
			code = ask_lost(d, got);
		else if (ask_is(line, "end"))
			code = CLI_OK;
		else if (ask_is(line, "error"))
			code = json_array_size(messages) > 0 ? print_messages(d->o, messages)
							     : ask_error(d, line);
		else if (messages == NULL && ask_is(line, "messages"))
			messages = json_incref(json_object_get(line, "messages"));
		json_decref(line);
	}
	json_decref(messages);
	return code;
}

int cmd_reload(const struct options *o)
{
	struct daemon d;
	int code = no_words(o, "reload");

	if (code != CLI_OK)
		return code;
	daemon_init(&d, o);
	code = ask_send(&d, ask_for("reload"));
	if (code == CLI_OK)
		code = read_reload(&d);
	if (code == CLI_OK && o->json)
		puts("{\"type\":\"done\",\"is\":\"reloaded\"}");
	else if (code == CLI_OK && !o->quiet && !o->porcelain)
		puts("reloaded: the configuration is in force");
	daemon_fini(&d);
	return code;
}

static bool print_text(const json_t *line, void *arg)
{
	const struct options *o = arg;
	const char *text = ask_text(line, "text");

	if (o->json)
		say_json(line);
	else if (ask_is(line, "text") && text != NULL)
		fputs(text, stdout);
	return true;
}

int cmd_metrics(const struct options *o)
{
	struct daemon d;
	int code = no_words(o, "metrics");

	if (code != CLI_OK)
		return code;
	daemon_init(&d, o);
	code = ask(&d, ask_for("metrics"), print_text, (void *)(uintptr_t)o);
	daemon_fini(&d);
	return code;
}

/* ---- the configuration ----------------------------------------------------------------------- */

static int print_checked(const struct options *o, const char *file, const struct conf *c)
{
	struct buf text;

	buf_init(&text, TEXT_BYTES_MAX);
	conf_describe(c, &text);
	if (o->json) {
		json_t *line = json_object();
		text_put(line, "type", text_json("checked"));
		text_put(line, "file", text_json(file));
		text_put(line, "text", text_json(text.data));
		say_json(line);
		json_decref(line);
	} else if (!o->quiet) {
		fputs(text.data == NULL ? "" : text.data, stdout);
	}
	buf_fini(&text);
	return CLI_OK;
}

/* All that is wrong, a line each: who edits the file wants to see all of it. */
static int print_wrong(const struct options *o, char *errors)
{
	char *rest = errors;
	int code = CLI_CONFIG;

	for (char *line; (line = strsep(&rest, "\n")) != NULL;) {
		if (*line != '\0')
			code = say_failure(o->json, CLI_CONFIG, NULL, "%s", line);
	}
	return code;
}

int cmd_check(const struct options *o)
{
	const char *file = o->file == NULL ? SYSCONFDIR "/sparkspool.conf" : o->file;
	struct buf errors;
	int code = no_words(o, "check");

	if (code != CLI_OK)
		return code;
	buf_init(&errors, TEXT_BYTES_MAX);
	sandbox_keep_secrets(); /* it reads them, to see that they can be read */
	struct conf *c = conf_check(file, &errors);
	if (c != NULL) {
		code = print_checked(o, file, c);
		conf_free(c);
	} else {
		code = print_wrong(o, errors.data);
	}
	buf_fini(&errors);
	return code;
}
