/* opt: what stands on the command line. */
#ifndef SPARKSPOOL_CLI_OPT_H
#define SPARKSPOOL_CLI_OPT_H

#include "base/util.h"

/* Which command an option belongs to; all take those of OPT_ANY. */
enum opt_use {
	OPT_ANY = 1 << 0,
	OPT_SUBMIT = 1 << 1, /* submit and run */
	OPT_RUN = 1 << 2,
	OPT_WATCH = 1 << 3,   /* spool */
	OPT_LIST = 1 << 4,    /* spool, owner, state */
	OPT_HISTORY = 1 << 5, /* the same, status, since, until, name, limit */
	OPT_PAUSE = 1 << 6,   /* spool, pool */
	OPT_ON_END = 1 << 7,
	OPT_INIT = 1 << 8 /* spool, kind */
};

/* Borrowed from argv. NULL and false: not given. */
struct options {
	const char *file; /* the configuration */
	bool json;
	bool porcelain;
	bool quiet;
	int64_t patience_ms; /* for an answer of the daemon */

	const char *spool;
	const char *pool;
	const char *kind;
	const char *name;
	const char *timeout;
	const char *priority;
	const char *args;
	bool once;
	bool cancel_on_interrupt;

	const char *owner;
	const char *state;
	const char *status;
	const char *since;
	const char *until;
	int64_t limit; /* 0: not given */

	const char *cursor;
	int64_t retries; /* -1: not given */

	const char *url;
	const char *user;
	const char *password_file;
	const char *ca_file;
	const char *state_dir;
	const char *run_dir;
	const char *output;
	bool force;
	bool yes;
	bool no_check;
	bool try;

	char **arg; /* what is no option, ended by NULL */
	int arg_count;
	char **all; /* the command line */
};

/* In place of an exit code: whoever called prints them. */
enum opt_asked { OPT_HELP = -1, OPT_VERSION = -2 };

/* What holds where nothing is given. */
void opt_init(struct options *o);

/* Up to the first word that is no option: 0 with o->arg at it, or -1 and in *code an exit code that has
 * been said, or what was asked for. */
int opt_parse_global(struct options *o, int argc, char **argv, int *code);

/* The rest, for a command that takes the uses; stop: the first word that is no option ends them. */
int opt_parse_command(struct options *o, unsigned uses, bool stop, const char *command, int *code);

/* The long options that a command takes, one a line, for the completion and for tests. */
void opt_print(unsigned uses);

#endif
