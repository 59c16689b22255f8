/* run: files as programs: submitted, waited for, their output and their code. */
#include "cli/clock.h"
#include "cli/cmd.h"
#include "cli/copy.h"
#include "cli/follow.h"
#include "cli/row.h"
#include "cli/submit.h"
#include "core/text.h"
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- interrupted ----------------------------------------------------------------------------- */

static void say_how_to_come_back(const struct follow *f, const char *path)
{
	long long id = (long long)ask_int(f->job, "id", 0);

	if (id > 0)
		say_note(
		    "job %lld goes on; 'sparkspool watch %lld' shows it, 'sparkspool cancel %lld' "
		    "ends it",
		    id, id, id);
	else
		say_note("%s stays in the spool and will run; remove it to prevent that", path);
}

/* With its marker, which would vouch for the next file of that name. */
static bool take_out(const struct submission *s)
{
	char *marker = xasprintf("%s" COPY_MARKER, s->path);
	bool taken = unlink(s->path) == 0;

	if (taken && s->marker)
		(void)unlink(marker);
	free(marker);
	return taken;
}

/* It may have been read in the moment before it was taken out: then there is a job. */
static json_t *job_of(struct daemon *d, const struct submission *s)
{
	json_t *job = ask_job(d, text_json(s->path), NULL);

	if (ask_int(job, "id", 0) != s->old_job)
		return job;
	json_decref(job);
	return NULL;
}

/* A file that has no job yet is taken out of the spool again. */
static int cancel(struct follow *f, const struct submission *s)
{
	wire_fini(&f->d->wire);
	if (f->job == NULL && take_out(s) && (f->job = job_of(f->d, s)) == NULL) {
		say_note("%s was taken out of the spool again; it had not begun", s->path);
		return CLI_CANCELLED;
	}
	if (row_is_ended(f->job))
		return CLI_OK;
	json_t *jobs = json_array();
	json_t *request = ask_for("cancel");
	text_append(
	    jobs, f->job == NULL ? text_json(s->path) : json_integer(ask_int(f->job, "id", 0)));
	text_put(request, "jobs", jobs);
	say_note("cancelling it; Ctrl-C once more leaves it alone");
	return ask(f->d, request, NULL, NULL);
}

/* ---- the end --------------------------------------------------------------------------------- */

static void print_json(const struct submission *s, const json_t *job, int code)
{
	static const char *const keys[] = { "id", "status", "exit_code", "record", "error" };
	json_t *line = json_object();

	text_put(line, "type", text_json("result"));
	text_put(line, "file", text_json(s->given));
	text_put(line, "path", text_json(s->path));
	for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
		json_t *v = json_object_get(job, keys[i]);
		text_put(line, keys[i], v == NULL ? json_null() : json_incref(v));
	}
	text_put(line, "exit", json_integer(code));
	text_put(line, "why", text_json(code < CLI_USAGE ? "file" : say_word(code)));
	say_json(line);
	json_decref(line);
}

static void say_result(const struct submission *s, const json_t *job, int code)
{
	const json_t *error = json_object_get(job, "error");
	const char *message = ask_text(error, "message");
	const char *name = ask_text(error, "name");
	const char *status = ask_text(job, "status");
	int64_t own = ask_int(job, "exit_code", -1);
	long long id = (long long)ask_int(job, "id", 0);

	if (own > code && code < CLI_USAGE)
		say_note("its own exit code was %lld, which is given as %d", (long long)own, code);
	if (code != CLI_OK) {
		char *given = say_plain(s->given);
		fprintf(stderr, "sparkspool: %s (job %lld): %s", given, id,
		    status == NULL ? "ended" : status);
		free(given);
	}
	if (code != CLI_OK && name != NULL) {
		char *text = xasprintf(
		    "%s%s%s", name, message == NULL ? "" : ": ", message == NULL ? "" : message);
		char *plain = say_plain(text);
		fprintf(stderr, ", %s", plain);
		free(plain);
		free(text);
	}
	if (code != CLI_OK)
		fprintf(stderr, "; 'sparkspool show %lld' tells more\n", id);
	if (code != CLI_OK && s->line > 0)
		say_note("in what ran, a line of settings stands as line %u: its other lines have "
			 "numbers one higher than in %s",
		    s->line, s->given);
}

/* ---- one file -------------------------------------------------------------------------------- */

static int wait_for(struct follow *f, const struct submission *s)
{
	int code = f->job != NULL ? CLI_OK : follow_pick_up(f, s->path, s->old_job);

	return code != CLI_OK ? code : follow_to_end(f, ask_int(f->job, "id", 0));
}

static int follow_one(struct daemon *d, const struct submission *s)
{
	struct follow f;
	bool cancelled = false;
	int code;

	follow_init(&f, d, s->given);
	for (;;) {
		code = wait_for(&f, s);
		if (f.signal == 0)
			break;
		bar_clear(&f.bar);
		if (f.signal != SIGINT || !d->o->cancel_on_interrupt || cancelled)
			break;
		cancelled = true;
		f.signal = 0;
		code = cancel(&f, s);
		if (code != CLI_OK)
			break;
	}
	if (f.signal != 0) {
		say_how_to_come_back(&f, s->path);
		code = say_interrupted(f.signal);
	} else if (code == CLI_OK) {
		code = follow_code(f.job);
		if (d->o->json)
			print_json(s, f.job, code);
		else
			say_result(s, f.job, code);
	}
	follow_fini(&f);
	return code;
}

/* ---- all ------------------------------------------------------------------------------------- */

static int say_there(const struct options *o, const struct submission *s)
{
	return say_failure(o->json, CLI_NOT_SO,
	    "'sparkspool list' shows it, 'sparkspool watch' follows it",
	    "%s was not run: %s waits or runs already", s->given, s->path);
}

static int submit_all(struct daemon *d, struct submission *s)
{
	const struct options *o = d->o;
	int code = CLI_OK;

	for (int i = 0; i < o->arg_count && code == CLI_OK; i++) {
		code = submit_one(d, o->arg[i], CLI_LOST, &s[i]);
		if (code == CLI_OK && s[i].there)
			code = say_there(o, &s[i]);
	}
	return code;
}

/* In JSON there is no such name: nobody could be asked what becomes of it, and it would be waited for for
 * ever. */
static int check_names(const struct options *o)
{
	for (int i = 0; i < o->arg_count; i++) {
		const char *slash = strrchr(o->arg[i], '/');
		const char *own = slash == NULL ? o->arg[i] : slash + 1;
		const char *name = o->name != NULL ? o->name : own;
		if (!text_is_utf8(name, strlen(name)))
			return say_failure(o->json, CLI_USAGE, "choose another one with --name",
			    "%s was not run: its name is not UTF-8", o->arg[i]);
	}
	return CLI_OK;
}

/* Without a daemon there is nothing to wait for, and then nothing is submitted. */
int cmd_run(const struct options *o)
{
	struct daemon d;
	int code;

	if (o->arg_count == 0)
		return say_failure(
		    o->json, CLI_USAGE, "'-' with -k KIND is standard input", "run which files?");
	code = check_names(o);
	if (code != CLI_OK)
		return code;
	daemon_init(&d, o);
	struct submission *s = xcalloc((size_t)o->arg_count, sizeof(*s));
	code = ask(&d, ask_for("hello"), NULL, NULL);
	if (code == CLI_OK)
		code = submit_all(&d, s);
	for (int i = 0; i < o->arg_count; i++) {
		if (s[i].path != NULL && !s[i].there) {
			int one = follow_one(&d, &s[i]);
			code = code == CLI_OK ? one : code;
		}
		submit_fini(&s[i]);
	}
	free(s);
	daemon_fini(&d);
	return code;
}
