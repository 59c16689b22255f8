/* confload_read: the settings of a parsed file become the fields of a struct conf, by the table. */
#ifndef SPARKSPOOL_EDGE_CONFLOAD_READ_H
#define SPARKSPOOL_EDGE_CONFLOAD_READ_H

#include "edge/confload_table.h"
#include "edge/confload_text.h"
#include <libconfig.h>

/* What the configuration is read for. */
enum confread_purpose {
	PURPOSE_RUN,
	PURPOSE_CHECK, /* nobody is going to log in */
	PURPOSE_PEEK   /* only by names and paths */
};

/* All borrowed. */
struct confread {
	struct conf *conf;
	const struct conftext *text;
	struct confreport *report;
	enum confread_purpose purpose;
};

/* An error at the place of a setting. */
void confread_error(const struct confread *r, const config_setting_t *at, const char *fmt, ...)
    PRINTF_LIKE(3, 4);

/* "spool.nightly.settle"; free() it. */
char *confread_path(const config_setting_t *s);

/* What stands at a dotted path below a group, or NULL. */
const config_setting_t *confread_find(const config_setting_t *group, const char *path);

/* The same, or the group where there is nothing: a place for an error. */
const config_setting_t *confread_place(const config_setting_t *group, const char *path);

/* Reports every name below root that the table does not know, and groups that are none. */
void confread_names(const struct confread *r, const config_setting_t *root);

/* Reads the settings of one entry into base, a zeroed struct of its scope, and sets the rest to
 * what holds by default. The entries that it names must be there. */
void confread_entry(
    const struct confread *r, enum conf_scope scope, const config_setting_t *group, void *base);

#endif
