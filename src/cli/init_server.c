/* init_server: the server's part of init: what it is, and whether it lets us in.
 *
 * A login is asked for only when the server wants one: most do not, and nobody should have to know
 * before he is asked. */
#include "cli/init.h"
#include "cli/say.h"
#include "cli/trial.h"
#include "core/text.h"
#include "edge/confload.h"
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What is missing is easily made, in the one way that the daemon takes it. */
static bool take_password_file(void *arg, const char *answer, char **why)
{
	struct init *in = arg;

	init_set_path(&in->d.password_file, answer);
	bool ok = init_is_good(in, !in->o->no_check, why);
	if (!ok && in->d.password_file[0] == '/' && access(in->d.password_file, F_OK) != 0) {
		char *said = *why;
		*why = xasprintf("%s; (umask 077; cat >%s) takes it from the keyboard", said,
		    in->d.password_file);
		free(said);
	}
	return ok;
}

/* ---- the server ------------------------------------------------------------------------------ */

/* Standard output is the file's own where that is wanted there. */
static FILE *report_to(const struct init *in)
{
	return in->output == NULL ? stderr : stdout;
}

static bool is_for_people(const struct init *in)
{
	return !in->o->json && !in->o->porcelain && !in->o->quiet;
}

/* The session that the first of the chosen files will find. */
static enum kind kind_to_try(const struct draft *d)
{
	if (d->kind[KIND_PYSPARK] || d->kind[KIND_SQL])
		return KIND_RUNNER;
	return d->kind[KIND_SPARK] ? KIND_SPARK : KIND_SPARKR;
}

/* CLI_OK: p says what came of it. */
static int ask_server(struct init *in, bool try)
{
	struct client c;
	char *why = NULL;
	int code = CLI_OK;

	struct conf *conf = draft_read(&in->d, true, &why);
	if (conf == NULL) {
		code = say_failure(in->o->json, CLI_CONFIG, NULL, "%s", why);
		free(why);
		return code;
	}
	/* A credential of the service manager is for the service alone, and to try a login without its
	 * password might lock it. */
	struct conf_endpoint *e = &conf->endpoint[0];
	in->unseen = e->auth == AUTH_BASIC && e->password == NULL;
	if (in->unseen)
		e->auth = AUTH_NONE;
	if (!client_init(&c, conf, in->o->patience_ms)) {
		conf_free(conf);
		return say_failure(in->o->json, CLI_FAILED, NULL, "libcurl does not start");
	}
	if (try) {
		int number = trial_run(&in->p, &c, kind_to_try(&in->d), !is_for_people(in));
		code = number == 0 ? CLI_OK : say_interrupted(number);
	} else {
		probe_fini(&in->p);
		probe_look(&in->p, &c);
		in->unseen = in->unseen && str_eq(in->p.trouble, "login");
	}
	client_fini(&c);
	conf_free(conf);
	in->asked_server = true;
	return code;
}

/* A guess that costs an Enter: the person's own name, or what clusters call their first user. */
static const char *login_name(void)
{
	const char *name = getenv("LOGNAME");

	return name != NULL && *name != '\0' && strchr(name, ':') == NULL ? name : "admin";
}

/* The place that the guide uses, and one for those who cannot write there. */
static const char *password_place(void)
{
	return geteuid() == 0 ? SYSCONFDIR "/sparkspool.password" : "~/.sparkspool.password";
}

/* By flags, or because the server wants one: what is missing is asked for. */
static int complete_login(struct init *in)
{
	const struct options *o = in->o;
	char *why = NULL;
	int code = CLI_OK;

	assert(in->q.wanted || (in->d.user != NULL && o->password_file != NULL));
	if (in->d.user == NULL &&
	    !question_ask(&in->q, "Which login does it want?", login_name(), init_take_user, in))
		return init_no_answer(in);
	if (o->password_file == NULL) {
		if (!question_ask(&in->q, "Which file holds its password, and nothing else?",
			password_place(), take_password_file, in))
			code = init_no_answer(in);
		return code;
	}
	if (!take_password_file(in, o->password_file, &why))
		code = say_failure(o->json, CLI_CONFIG, NULL, "%s", why);
	free(why);
	return code;
}

/* Two ways on: to mend it, or to write the file for a server that is to come. */
static int fail_by_server(const struct init *in)
{
	const struct probe *p = &in->p;
	assert(p->trouble != NULL && p->what != NULL);
	static const char anyway[] = "--no-check writes the file without asking the server";
	char *next = p->next == NULL ? xstrdup(anyway) : xasprintf("%s; or %s", p->next, anyway);
	int code = say_failure(in->o->json,
	    str_eq(p->trouble, "login") ? CLI_NOT_ALLOWED : CLI_NOT_SO, next, "%s", p->what);

	free(next);
	return code;
}

void init_report_server(const struct init *in)
{
	if (!in->o->json)
		return;
	assert(in->asked_server);
	json_t *o = probe_json(&in->p, in->d.url);
	say_json(o);
	json_decref(o);
}

/* A server that is not as it should be is no reason to lose the answers, where there is somebody to
 * decide. */
static int decide(struct init *in)
{
	const struct probe *p = &in->p;

	if (p->trouble == NULL || in->unseen)
		return CLI_OK;
	if (!questions_left(&in->q)) {
		init_report_server(in);
		return fail_by_server(in);
	}
	say_note("%s%s%s", p->what, p->next == NULL ? "" : "; ", p->next == NULL ? "" : p->next);
	if (question_confirm(&in->q, "Write a configuration for it all the same?"))
		return CLI_OK;
	init_report_server(in);
	return say_failure(in->o->json, str_eq(p->trouble, "login") ? CLI_NOT_ALLOWED : CLI_NOT_SO,
	    NULL, "nothing was written");
}

/* At once, before any further question: what a server is may change the answers. */
static void report_found(struct init *in)
{
	if (in->unseen && !in->o->quiet)
		say_note("%s; %s", in->p.what, in->p.next);
	if (in->p.trouble != NULL)
		return;
	init_set(&in->d.version, in->p.version);
	if (!is_for_people(in))
		return;
	char *text = probe_text(&in->p, in->d.url);
	fputs(text, report_to(in));
	fflush(report_to(in));
	free(text);
}

/* A second look at most: whether the login is right shows only when it is used. */
int init_meet_server(struct init *in)
{
	int code = CLI_OK;

	if (in->o->user != NULL || in->o->password_file != NULL)
		code = complete_login(in);
	if (code != CLI_OK || in->o->no_check)
		return code;
	code = ask_server(in, false);
	if (code == CLI_OK && in->p.wants_login && questions_left(&in->q)) {
		say_note("%s", in->p.what);
		code = complete_login(in);
		if (code == CLI_OK)
			code = ask_server(in, false);
	}
	if (code == CLI_OK)
		report_found(in);
	return code == CLI_OK ? decide(in) : code;
}

/* Not where the look has found trouble: who wants the file all the same knows that it will not work. */
int init_try_server(struct init *in)
{
	if (!in->o->try || in->o->no_check || in->p.trouble != NULL)
		return CLI_OK;
	assert(in->asked_server);
	int code = ask_server(in, true);
	if (code == CLI_OK && in->p.trouble == NULL && is_for_people(in)) {
		char *text = probe_trial_text(&in->p);
		fputs(text, report_to(in));
		free(text);
	}
	return code == CLI_OK ? decide(in) : code;
}
