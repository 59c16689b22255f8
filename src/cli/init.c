/* init: a first configuration, by a few questions or from flags, with a look at the server.
 *
 * Answers and flags go the same way: into the draft, which is read as the daemon would read the file.
 * So there is one opinion of what is right, and a file that is written is one that the daemon takes. */
#include "cli/init.h"
#include "cli/say.h"
#include "edge/confload.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- answers --------------------------------------------------------------------------------- */

/* What is wrong with the url is wrong with the draft: nothing else in it has been asked for yet. */
static bool take_url(void *arg, const char *answer, char **why)
{
	struct init *in = arg;

	init_set(&in->d.url, answer);
	return init_is_good(in, false, why);
}

static bool take_spool(void *arg, const char *answer, char **why)
{
	struct init *in = arg;

	init_set_path(&in->d.spool, answer);
	return init_is_good(in, false, why);
}

/* Only the words can be wrong: whether the cluster has an interpreter shows no configuration. */
static bool take_kinds(void *arg, const char *answer, char **why)
{
	struct init *in = arg;

	if (draft_set_kinds(&in->d, answer))
		return true;
	*why = xstrdup("name some of python, sql, scala and r, with commas between");
	return false;
}

/* ---- flags ----------------------------------------------------------------------------------- */

/* Both or none; who gave one of them is asked for the other. */
static int read_login(struct init *in)
{
	const struct options *o = in->o;

	if (o->user == NULL && o->password_file == NULL)
		return CLI_OK;
	if ((o->user == NULL || o->password_file == NULL) && !in->q.wanted)
		return say_failure(
		    o->json, CLI_USAGE, "give both", "--user and --password-file belong together");
	return CLI_OK;
}

/* The words that are no paths; what is wrong with one of those says the draft's own check. */
static int read_words(struct init *in)
{
	const struct options *o = in->o;
	char *why = NULL;
	int code = CLI_OK;

	if (o->kind != NULL && !take_kinds(in, o->kind, &why))
		code = say_failure(o->json, CLI_USAGE, NULL, "--kind '%s': %s", o->kind, why);
	else if (o->user != NULL && !init_take_user(in, o->user, &why))
		code = say_failure(o->json, CLI_USAGE, NULL, "--user '%s': %s", o->user, why);
	free(why);
	return code != CLI_OK ? code : read_login(in);
}

/* Each question has its flag, and what a flag says is not asked for. */
static int read_flags(struct init *in)
{
	const struct options *o = in->o;

	if (o->url != NULL)
		init_set(&in->d.url, o->url);
	if (o->ca_file != NULL)
		init_set_path(&in->d.ca_file, o->ca_file);
	if (o->spool != NULL)
		init_set_path(&in->d.spool, o->spool);
	if (o->state_dir != NULL)
		init_set_path(&in->d.state_dir, o->state_dir);
	if (o->run_dir != NULL)
		init_set_path(&in->d.run_dir, o->run_dir);
	return read_words(in);
}

/* Where the program was only built, and not installed, the runner is not where an installed daemon
 * would look for it: then it is named. */
static int find_runner(struct init *in)
{
	char *why = NULL;
	struct conf *conf = draft_read(&in->d, false, &why);

	if (conf == NULL) {
		int code = say_failure(in->o->json, CLI_CONFIG, NULL, "%s", why);
		free(why);
		return code;
	}
	if (access(conf->runner, R_OK) != 0)
		(void)draft_find_runner(&in->d);
	conf_free(conf);
	return CLI_OK;
}

/* All but the login, which is not whole yet: before anything is asked, so that nobody answers in vain. */
static int check_flags(struct init *in)
{
	char *user = in->d.user;
	char *why = NULL;

	in->d.user = NULL;
	int code = find_runner(in);
	if (code == CLI_OK && !in->o->no_check && !init_is_good(in, true, &why))
		code = say_failure(in->o->json, CLI_CONFIG, NULL, "%s", why);
	free(why);
	in->d.user = user;
	return code;
}

/* Before all else: who cannot write there shall not answer questions first. What is there already may
 * be the work of years, so it takes a word of its own to replace it; a link or a device it never is. */
static int find_output(struct init *in)
{
	const struct options *o = in->o;
	const char *name = o->output != NULL ? o->output
			   : o->file != NULL ? o->file
			   : geteuid() == 0  ? INIT_SERVICE_FILE
					     : "sparkspool.conf";
	struct stat st;

	if (o->arg_count > 0)
		return say_failure(o->json, CLI_USAGE, "'sparkspool help init' shows its options",
		    "init takes no '%s'", o->arg[0]);
	if (str_eq(name, "-"))
		return !o->porcelain ? CLI_OK
				     : say_failure(false, CLI_USAGE, "use --json",
					   "--porcelain and --output - cannot be had at once");
	in->output = draft_path(name);
	if (lstat(in->output, &st) != 0)
		return CLI_OK;
	if (!o->force)
		return say_failure(o->json, CLI_NOT_SO,
		    "--force replaces it, --output names another", "%s is there already",
		    in->output);
	if (!S_ISREG(st.st_mode))
		return say_failure(o->json, CLI_NOT_SO, "--output names another",
		    "%s is no regular file", in->output);
	return CLI_OK;
}

/* ---- the questions --------------------------------------------------------------------------- */

/* The server comes first, since what it answers decides whether a login is asked for. */
static int ask_first(struct init *in)
{
	char *url = xstrdup(in->d.url);
	bool ok = true;

	if (in->o->url == NULL && questions_left(&in->q))
		ok = question_ask(&in->q, "Where does Livy answer?", url, take_url, in);
	free(url);
	return ok ? CLI_OK : init_no_answer(in);
}

/* Copies: an answer that is wrong has replaced the default in the draft by then. Where a login and its
 * trouble have taken the place of a question, its default holds. */
static int ask_rest(struct init *in)
{
	assert(in->d.spool != NULL);
	char *spool = xstrdup(in->d.spool);
	char *kinds = draft_kinds(&in->d);
	bool ok = true;

	if (in->o->spool == NULL && questions_left(&in->q))
		ok = question_ask(
		    &in->q, "Which directory is to be watched?", spool, take_spool, in);
	if (ok && in->o->kind == NULL && questions_left(&in->q))
		ok = question_ask(&in->q, "Which files run there, of python, sql, scala and r?",
		    kinds, take_kinds, in);
	free(spool);
	free(kinds);
	return ok ? CLI_OK : init_no_answer(in);
}

/* A pipe is not asked: what comes through it was written by somebody who has not seen the questions. */
static int run(struct init *in)
{
	if (in->o->url == NULL && !in->o->yes && !in->q.wanted)
		return say_failure(in->o->json, CLI_USAGE,
		    "name the server with --url, or take all defaults with --yes",
		    "there is no terminal to ask on");
	int code = find_output(in);
	if (code == CLI_OK)
		code = read_flags(in);
	if (code == CLI_OK)
		code = check_flags(in);
	if (code == CLI_OK)
		code = ask_first(in);
	if (code == CLI_OK)
		code = init_meet_server(in);
	if (code == CLI_OK)
		code = ask_rest(in);
	if (code == CLI_OK)
		code = init_try_server(in);
	return code == CLI_OK ? init_write(in) : code;
}

int init_run(const struct options *o)
{
	struct init in = { .o = o };

	draft_init(&in.d);
	questions_init(&in.q, o->yes);
	int code = run(&in);
	assert(in.q.asked <= QUESTIONS_MAX);
	probe_fini(&in.p);
	draft_fini(&in.d);
	free(in.output);
	return code;
}
