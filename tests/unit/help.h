/* help: what test programs share: temporary directories, whole files, running a suite. */
#ifndef SPARKSPOOL_TESTS_HELP_H
#define SPARKSPOOL_TESTS_HELP_H

#include <check.h>
#include <stdbool.h>
#include <stddef.h>

/* Each fails the running test, saying why, when the system refuses. */

/* A new empty directory under TMPDIR (or /tmp): an absolute path, free() it. */
char *help_tmpdir(void);

/* Removes a directory and all below it; links are not followed. */
void help_rmtree(const char *path);

/* The whole file and a NUL behind it, free() it. len may be NULL. */
char *help_read_file(const char *path, size_t *len);

/* Creates or replaces the file with mode 0644, whatever the umask. */
void help_write_file(const char *path, const void *p, size_t n);

/* "dir/name", free() it. */
char *help_path(const char *dir, const char *name);

/* Where the tests' data lies: "tests/data" of the source tree, whatever the build directory. */
const char *help_data_dir(void);

/* Into a user namespace that has root and nobody else, as a service with PrivateUsers= is in; for good.
 * False: errno says why not. */
bool help_hide_others(void);

/* Runs the suite as CK_VERBOSITY and CK_RUN_CASE ask and gives main()'s exit status. */
int help_run(Suite *suite);

#endif
