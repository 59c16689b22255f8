/* confload: the libconfig file becomes a const struct conf, from one table of settings. */
#include "edge/confload.h"
#include "edge/confload_check.h"
#include "edge/confload_entry.h"
#include "edge/confload_runner.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* Numbers are never given back, so names that come and go with reloads add up. */
#define ENTRIES_MAX 1000

/* What was in force keeps its number; all of it is `removed` until the file names it. */
static void take_numbers(struct conf *c, const struct conf *prev, enum conf_scope scope)
{
	for (size_t i = 0; i < confentry_count(prev, scope); i++) {
		const void *from = confentry_at(prev, scope, i);
		void *to = confentry_add(c, scope, confentry_name(from));
		confentry_copy(scope, to, from);
		confentry_remove(to);
	}
}

/* The group's members that can be entries; others have their own error. */
static bool is_entry(const config_setting_t *s)
{
	return config_setting_is_group(s) && strchr(config_setting_name(s), '*') == NULL;
}

/* Every entry of the file gets its number before any is read, so that names can be looked up. */
static void number_entries(
    const struct confread *r, const config_setting_t *group, enum conf_scope scope)
{
	for (int i = 0; i < config_setting_length(group); i++) {
		const config_setting_t *s = config_setting_get_elem(group, (unsigned)i);
		const char *name = config_setting_name(s);
		if (!is_entry(s))
			continue;
		size_t at = confentry_find(r->conf, scope, name);
		if (at != ENTRY_NOWHERE) {
			confentry_reset(r->conf, scope, at);
		} else if (confentry_count(r->conf, scope) < ENTRIES_MAX) {
			confentry_add(r->conf, scope, name);
		} else {
			confread_error(r, s,
			    "there are more than %d names here, with those of "
			    "earlier reloads; restart the daemon",
			    ENTRIES_MAX);
			return;
		}
	}
}

static void read_entries(
    const struct confread *r, const config_setting_t *group, enum conf_scope scope)
{
	for (int i = 0; i < config_setting_length(group); i++) {
		const config_setting_t *s = config_setting_get_elem(group, (unsigned)i);
		if (!is_entry(s))
			continue;
		size_t at = confentry_find(r->conf, scope, config_setting_name(s));
		if (at == ENTRY_NOWHERE)
			return;
		void *entry = confentry_at(r->conf, scope, at);
		confread_entry(r, scope, s, entry);
		confcheck_entry(r, scope, s, entry);
	}
}

/* NULL when it is missing or no group, which has its own error. */
static const config_setting_t *scope_group(const config_setting_t *root, enum conf_scope scope)
{
	const config_setting_t *s = confread_find(root, conftable_word(scope));

	return s != NULL && config_setting_is_group(s) ? s : NULL;
}

/* Endpoints before pools before spools, as they name one another. */
static void read_scopes(const struct confread *r, const config_setting_t *root)
{
	for (enum conf_scope scope = SCOPE_ENDPOINT; scope < SCOPE_COUNT; scope++) {
		const config_setting_t *group = scope_group(root, scope);
		if (group != NULL)
			number_entries(r, group, scope);
	}
	for (enum conf_scope scope = SCOPE_ENDPOINT; scope < SCOPE_COUNT; scope++) {
		const config_setting_t *group = scope_group(root, scope);
		if (group != NULL)
			read_entries(r, group, scope);
	}
}

/* libconfig stops at the first one and says little: what usually lies behind it is said here. */
static void syntax_error(const struct confread *r, const config_t *parsed)
{
	unsigned line;
	unsigned at = parsed->error_line > 0 ? (unsigned)parsed->error_line : 1;
	const char *file = conftext_where(r->text, at, &line);
	const char *what = config_error_text(parsed);

	if (what == NULL || str_eq(what, "syntax error"))
		what =
		    "this is not the configuration's syntax; look here and in the line before for "
		    "a missing quotation mark, bracket, '=' or value";
	else if (str_eq(what, "duplicate setting name"))
		what = "this name stands here for the second time; remove one";
	else if (str_eq(what, "mismatched element type in array"))
		what =
		    "the elements of an array [ ] must be of one type; put all in quotation marks";
	confreport_add(r->report, file, line, "%s", what);
}

static void read_text(const struct confread *r, const struct conf *prev)
{
	config_t parsed;

	config_init(&parsed);
	if (config_read_string(&parsed, r->text->text.data) != CONFIG_TRUE) {
		syntax_error(r, &parsed);
		goto out;
	}
	const config_setting_t *root = config_root_setting(&parsed);
	for (enum conf_scope scope = SCOPE_ENDPOINT; prev != NULL && scope < SCOPE_COUNT; scope++)
		take_numbers(r->conf, prev, scope);
	confread_names(r, root);
	confread_entry(r, SCOPE_ROOT, root, r->conf);
	read_scopes(r, root);
	confcheck_whole(r, root, prev);
	confrunner_read(r, root);
out:
	config_destroy(&parsed);
}

/* Whatever is wrong, everything else is still read and checked, and then all of it is dropped: who
 * edits the file shall see all errors at once, and a daemon never runs on half a file. */
static struct conf *load(const char *path, const struct conf *prev, enum confread_purpose purpose,
    char **run_dir, struct buf *errors)
{
	struct conf *c = xcalloc(1, sizeof(*c));
	struct confreport *report = xcalloc(1, sizeof(*report));
	struct conftext text;
	struct confread r = { .conf = c, .text = &text, .report = report, .purpose = purpose };

	if (conftext_read(&text, path, report) == 0)
		read_text(&r, prev);
	c->source = conftext_take_files(&text, &c->source_count);
	conftext_fini(&text);
	if (run_dir != NULL)
		*run_dir = xstrdup(c->run_dir);
	if (report->count > 0) {
		conf_free(c);
		c = NULL;
	}
	confreport_write(report, errors);
	free(report);
	return c;
}

struct conf *conf_load(const char *path, const struct conf *prev, struct buf *errors)
{
	return load(path, prev, PURPOSE_RUN, NULL, errors);
}

struct conf *conf_check(const char *path, struct buf *errors)
{
	return load(path, NULL, PURPOSE_CHECK, NULL, errors);
}

struct conf *conf_peek(const char *path, char **run_dir, struct buf *errors)
{
	return load(path, NULL, PURPOSE_PEEK, run_dir, errors);
}

void conf_each_setting(void (*fn)(const char *path, void *arg), void *arg)
{
	size_t n;
	const struct setting *row = conftable(&n);

	for (size_t i = 0; i < n; i++)
		fn(row[i].path, arg);
}
