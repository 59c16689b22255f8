/* head: settings put into a file's own "sparkspool:" lines, such that all its other lines keep their
 * numbers where that can be had. */
#ifndef SPARKSPOOL_CLI_HEAD_H
#define SPARKSPOOL_CLI_HEAD_H

#include "base/buf.h"
#include "core/conf.h"

/* Puts KEY=VALUE into the text, in place of what the file says of that key. It goes into a line of
 * ours that is there; else into a comment of its own at the start of the first line (SQL, Scala), or
 * into a blank line of the head; else a line is put in, and *line is its number (0: none was).
 * NULL, or what is wrong, free() it; the text is as it was then. */
char *head_put(
    enum kind kind, struct buf *text, enum conf_key key, const char *value, unsigned *line);

#endif
