/* confload_text: the bytes of a configuration file and its includes, and where lines are from.
 *
 * libconfig could read the files itself, but 1.5 ends the process at an @include of a directory,
 * waits at a FIFO, looks for includes in the working directory, and takes without a word what
 * cannot be meant: a number that wraps, a comment that never ends, a NUL in a string. */
#ifndef SPARKSPOOL_EDGE_CONFLOAD_TEXT_H
#define SPARKSPOOL_EDGE_CONFLOAD_TEXT_H

#include "edge/confload_report.h"

struct conftext_line {
	size_t file;
	unsigned line;
};

struct conftext {
	struct buf text; /* without @include directives; ends with a newline and a NUL */
	char **file;
	size_t file_count;
	struct conftext_line *line; /* of each line of text, from 0 */
	size_t line_count;
	size_t line_cap;
};

/* 0, or -1 when there is no text to parse. Errors that leave it parseable are only reported.
 * conftext_fini() in both cases. */
int conftext_read(struct conftext *t, const char *path, struct confreport *report);
void conftext_fini(struct conftext *t);

/* Their names; the list and each of them are the caller's to free(), and the text forgets them. */
char **conftext_take_files(struct conftext *t, size_t *count);

/* Appends a regular file's bytes: 0, or an errno: EINVAL when it is no such file, EFBIG when the
 * buffer's ceiling is too low. It never waits, should it be a pipe. */
int conftext_read_file(const char *path, struct buf *bytes);

/* The file and line that line `at` of the text came from; at counts from 1. */
const char *conftext_where(const struct conftext *t, unsigned at, unsigned *line);

#endif
