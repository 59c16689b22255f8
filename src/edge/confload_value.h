/* confload_value: one value of the configuration file: words become a field of a struct. */
#ifndef SPARKSPOOL_EDGE_CONFLOAD_VALUE_H
#define SPARKSPOOL_EDGE_CONFLOAD_VALUE_H

#include "edge/confload_table.h"

/* Sets the row's field of base, a struct of the row's scope, from what stands between quotation
 * marks. c is where names are looked up. NULL, or what is wrong and what to do (free() it): it
 * continues "setting 'x': ". Of SETTING_WORDS each word adds to those before. Not for numbers,
 * bools, other lists. */
char *confvalue_set(const struct conf *c, const struct setting *row, void *base, const char *text);

/* The same for a whole number and for true and false. */
char *confvalue_set_int(const struct setting *row, void *base, int64_t value);
void confvalue_set_bool(const struct setting *row, void *base, bool value);

/* Sets what holds when the file says nothing. */
void confvalue_set_fallback(const struct conf *c, const struct setting *row, void *base);

/* What is wrong with any string of the file (free() it), or NULL: it must be UTF-8, of one line,
 * and not empty. */
char *confvalue_check_text(const char *text);

bool confvalue_is_utf8(const char *text);

/* The same for the name of an environment variable that a spool gives to its files. */
char *confvalue_check_env(const char *name);

#endif
