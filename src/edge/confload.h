/* confload: the libconfig file becomes a const struct conf, from one table of settings. */
#ifndef SPARKSPOOL_EDGE_CONFLOAD_H
#define SPARKSPOOL_EDGE_CONFLOAD_H

#include "base/buf.h"
#include "core/conf.h"

/* Reads and checks the whole file. prev is the configuration in force, or NULL at the start: what
 * has the same name keeps its number, what is gone stays as `removed`; state_dir and run_dir
 * cannot change and say so. All errors are collected, each a line "FILE:LINE: what, and what to
 * do" in errors. Returns NULL when there is any.
 * Nothing of the result points into prev; free it with conf_free(). */
struct conf *conf_load(const char *path, const struct conf *prev, struct buf *errors);
void conf_free(struct conf *c);

/* The same for somebody who only wants to know: credentials of the service manager, which none but
 * the service itself can read, are not looked at. */
struct conf *conf_check(const char *path, struct buf *errors);

/* The same for somebody who only wants to know where things are: passwords and the runner, which not
 * everyone can read, are not looked at. *run_dir is the caller's: where the daemon is has to be known
 * also while somebody edits the file; NULL where nothing of it can be read. */
struct conf *conf_peek(const char *path, char **run_dir, struct buf *errors);

/* What would run, in words, for --check-config; no secrets. */
void conf_describe(const struct conf *c, struct buf *out);

/* The settings table for tests of the documentation: calls fn with "spool.*.settle" and so on. */
void conf_each_setting(void (*fn)(const char *path, void *arg), void *arg);

#endif
