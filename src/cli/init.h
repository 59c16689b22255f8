/* init: the command, and its steps among themselves. */
#ifndef SPARKSPOOL_CLI_INIT_H
#define SPARKSPOOL_CLI_INIT_H

#include "cli/draft.h"
#include "cli/opt.h"
#include "cli/probe.h"
#include "cli/question.h"

#define INIT_SERVICE_FILE SYSCONFDIR "/sparkspool.conf"

struct init {
	const struct options *o;
	struct draft d;
	struct questions q;
	struct probe p;
	bool asked_server; /* p holds what came of it */
	bool unseen;  /* the server wants a login that only the service has: p has nothing else */
	char *output; /* absolute; NULL: standard output */
};

/* All of it: returns the exit code; what goes wrong has been said by then. */
int init_run(const struct options *o);

/* Each step returns CLI_OK, or an exit code that has been said. */

/* init_server.c: asks for the login where one is wanted, looks at the server and says what it is; then,
 * when the kinds are known, tries it where the user agrees. */
int init_meet_server(struct init *in);
int init_try_server(struct init *in);
/* The object of --json. */
void init_report_server(const struct init *in);

/* init_file.c: checks all of it once more, writes the file, says what is next. */
int init_write(struct init *in);

/* init_answer.c: an answer for question_ask(), or a flag. */
bool init_take_user(void *arg, const char *answer, char **why);
/* Whether the daemon would take the draft; files: with what it names. free(*why). */
bool init_is_good(struct init *in, bool files, char **why);
int init_no_answer(const struct init *in);
void init_set(char **field, const char *value);
/* A path becomes absolute, "cred:NAME" stays. */
void init_set_path(char **field, const char *value);

#endif
