/* main: sparkspool(1): which command it is. */
#include "cli/cmd.h"
#include "cli/say.h"
#include <jansson.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Further apart a guess is more often wrong than right, and a wrong one is worse than none. */
#define WORD_DISTANCE_MAX 3

struct command {
	const char *name;
	int (*run)(const struct options *o);
	unsigned uses;
	const char *takes;
	const char *what;
};

/* In the order in which help shows them: what one needs first comes first. The bits say which
 * options a command takes, so that an option in the wrong place is an error and not ignored. */
static const struct command commands[] = {
	{ "init", cmd_init, OPT_INIT, "", "write a first configuration, and look at the server" },
	{ "submit", cmd_submit, OPT_SUBMIT, "FILE...", "copy files into a spool, print where" },
	{ "run", cmd_run, OPT_SUBMIT | OPT_RUN, "FILE...",
	    "the same, wait, print the output, exit with the file's code" },
	{ "list", cmd_list, OPT_LIST, "", "what is queued and running" },
	{ "show", cmd_show, 0, "JOB...", "all about jobs" },
	{ "history", cmd_history, OPT_HISTORY, "", "what has ended, the newest first" },
	{ "why", cmd_why, 0, "FILE...", "why a file does not run, rule by rule" },
	{ "sessions", cmd_sessions, 0, "", "the Spark sessions" },
	{ "spools", cmd_spools, 0, "", "the directories, and how they are" },
	{ "watch", cmd_watch, OPT_WATCH, "[JOB...]",
	    "see what happens; of one job also its output" },
	{ "cancel", cmd_cancel, 0, "JOB...", "end jobs, whether they run or wait" },
	{ "hold", cmd_hold, 0, "JOB...", "keep queued jobs from their turn" },
	{ "release", cmd_release, 0, "JOB...", "let them go on" },
	{ "rerun", cmd_rerun, 0, "JOB...", "run ended jobs again" },
	{ "pause", cmd_pause, OPT_PAUSE, "SPOOL|ALL",
	    "begin nothing of a spool, or of --pool NAME" },
	{ "resume", cmd_resume, OPT_PAUSE, "SPOOL|ALL", "take that back" },
	{ "drain", cmd_drain, 0, "", "begin nothing more, wait until nothing runs" },
	{ "reload", cmd_reload, 0, "", "put the configuration in force" },
	{ "check", cmd_check, 0, "", "whether the configuration is right, and what would run" },
	{ "on-end", cmd_on_end, OPT_ON_END, "-- COMMAND", "run a command for each file that ends" },
	{ "metrics", cmd_metrics, 0, "", "figures for Prometheus" },
};

static void print_help(void)
{
	puts("usage: sparkspool [-f FILE] COMMAND [OPTION...] [ARGUMENT...]\n");
	for (size_t i = 0; i < ARRAY_LEN(commands); i++) {
		char *head = xasprintf("%s %s", commands[i].name, commands[i].takes);
		printf("  %-18s %s\n", head, commands[i].what);
		free(head);
	}
	puts("\n"
	     "JOB is a number, a file's name, - for standard input, or ALL. Without a command: "
	     "list.\n"
	     "-f FILE names the configuration, --json and --porcelain are for programs, -q is "
	     "quiet.\n"
	     "'sparkspool help COMMAND' shows a command's options; sparkspool(1) explains all.");
}

static const struct command *find(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(commands); i++) {
		if (str_eq(name, commands[i].name))
			return &commands[i];
	}
	return NULL;
}

static int unknown(const struct options *o, const char *name)
{
	const char *nearest = NULL;
	int best = WORD_DISTANCE_MAX;

	for (size_t i = 0; i < ARRAY_LEN(commands); i++) {
		int distance = str_distance(name, commands[i].name);
		if (distance < best) {
			best = distance;
			nearest = commands[i].name;
		}
	}
	char *next = nearest == NULL ? xstrdup("'sparkspool help' lists them")
				     : xasprintf("did you mean '%s'?", nearest);
	int code = say_failure(o->json, CLI_USAGE, next, "there is no command '%s'", name);
	free(next);
	return code;
}

static int help_of(const struct command *c)
{
	printf(
	    "usage: sparkspool %s [OPTION...] %s\n\n%s\n\noptions:\n", c->name, c->takes, c->what);
	opt_print(c->uses);
	return CLI_OK;
}

static int help(const struct options *o)
{
	const struct command *c = o->arg_count > 1 ? find(o->arg[1]) : NULL;

	if (o->arg_count > 1 && c == NULL)
		return unknown(o, o->arg[1]);
	if (c != NULL)
		return help_of(c);
	print_help();
	return CLI_OK;
}

static int version(void)
{
	printf("sparkspool %s\n", PACKAGE_VERSION);
	return CLI_OK;
}

/* What opt_parse_*() has left: help and version are asked for by codes of their own. */
static int stopped(const struct command *c, int code)
{
	if (code == OPT_VERSION)
		return version();
	if (code != OPT_HELP)
		return code;
	if (c != NULL)
		return help_of(c);
	print_help();
	return CLI_OK;
}

static int command(struct options *o)
{
	static char *const list[] = { (char *)(uintptr_t) "list", NULL };
	int code;

	if (o->arg_count == 0) {
		o->arg = (char **)(uintptr_t)list;
		o->arg_count = 1;
	}
	const char *name = o->arg[0];
	if (str_eq(name, "help"))
		return help(o);
	const struct command *c = find(name);
	if (c == NULL)
		return unknown(o, name);
	if (opt_parse_command(o, c->uses, c->run == cmd_on_end, name, &code) != 0)
		return stopped(c, code);
	return c->run(o);
}

int main(int argc, char **argv)
{
	struct options o;
	int code;

	opt_init(&o);
	/* Only for dates: numbers and messages stay as programs expect them. */
	setlocale(LC_TIME, "");
	/* Drawn now, once: jansson would else do it at its first object. */
	json_object_seed(0);
	if (opt_parse_global(&o, argc, argv, &code) != 0)
		return say_end(stopped(NULL, code));
	return say_end(command(&o));
}
