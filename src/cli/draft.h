/* draft: a first configuration while it is put together: answers in, the text of the file out. */
#ifndef SPARKSPOOL_CLI_DRAFT_H
#define SPARKSPOOL_CLI_DRAFT_H

#include "base/util.h"
#include "core/conf.h"

/* Strings are its own; NULL: not in the file. */
struct draft {
	char *url;
	char *user; /* with password_file, or neither */
	char *password_file;
	char *ca_file;
	char *spool; /* the directory */
	char *state_dir;
	char *run_dir;
	char *runner;
	char *version; /* of the server, for a comment */
	bool kind[KIND_COUNT];
};

/* Where things are if nobody says otherwise: as the service has them for root, below the home directory
 * for others. */
void draft_init(struct draft *d);
void draft_fini(struct draft *d);

/* "python,sql": false, and nothing changed, where a word is no kind. */
bool draft_set_kinds(struct draft *d, const char *list);
/* "pyspark,sql". free() it. */
char *draft_kinds(const struct draft *d);

/* The file as it will be; name is what it will be called, for its comments. free() it. */
char *draft_text(const struct draft *d, const char *name);

/* Reads the text as the daemon would; files: password and runner, too. NULL: *why says the first thing
 * that is wrong, without a place in a file that nobody has seen; free() it. */
struct conf *draft_read(const struct draft *d, bool files, char **why);

/* The runner of a build that was not installed lies beside the program: true when there is one, and it
 * is now named in the draft. */
bool draft_find_runner(struct draft *d);

/* Absolute, from the current directory; "~/x" as a shell has it. free() it. */
char *draft_path(const char *path);

#endif
