/* cursor: a file of one line that is replaced as a whole. */
#ifndef SPARKSPOOL_CLI_CURSOR_H
#define SPARKSPOOL_CLI_CURSOR_H

/* 0 or an errno; ENOENT: there is none yet. *text is the caller's. */
int cursor_read(const char *path, char **text);
int cursor_write(const char *path, const char *text);

#endif
