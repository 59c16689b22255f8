/* confload_names: no name of the file goes unnoticed: an unknown one is an error with the nearest
 * known one, since a misspelt setting would otherwise silently not hold. */
#include "edge/confload_read.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define NAME_BYTES_MAX 64
#define KNOWN_BYTES_MAX 1024

static void check_group(
    const struct confread *r, const config_setting_t *group, const char *prefix);

/* The part of the path that stands at the prefix's level; NULL when it is not below the prefix.
 * "pool.*." and "pool.*.warm.sql" give "warm.sql" and a length of 4. */
static const char *name_below(const char *path, const char *prefix, size_t *len)
{
	size_t n = strlen(prefix);

	if (strncmp(path, prefix, n) != 0)
		return NULL;
	*len = strcspn(path + n, ".");
	return path + n;
}

/* Calls fn with each different name that may stand below the prefix. */
static void each_name(const char *prefix, void (*fn)(const char *name, void *arg), void *arg)
{
	size_t n, len, last_len = 0;
	const struct setting *row = conftable(&n);
	const char *last = NULL;
	char name[NAME_BYTES_MAX];

	for (size_t i = 0; i < n; i++) {
		const char *p = name_below(row[i].path, prefix, &len);
		/* The table keeps what belongs together together. */
		if (p == NULL || (last != NULL && len == last_len && memcmp(p, last, len) == 0))
			continue;
		assert(len < sizeof(name));
		memcpy(name, p, len);
		name[len] = '\0';
		fn(name, arg);
		last = p;
		last_len = len;
	}
}

/* ---- what to say about an unknown one ---- */

struct guess {
	const char *wrong;
	char best[NAME_BYTES_MAX];
	int distance;
	struct buf known;
};

/* A word that was cut short, or goes on, is the same word: "max" for "maximum". */
static bool begins_with(const char *s, const char *start)
{
	return strncasecmp(s, start, strlen(start)) == 0;
}

static void consider(const char *name, void *arg)
{
	struct guess *g = arg;
	int distance = str_distance(g->wrong, name);

	buf_addf(&g->known, "%s%s", g->known.len > 0 ? ", " : "", name);
	if (begins_with(name, g->wrong) || begins_with(g->wrong, name))
		distance = distance > 2 ? 2 : distance;
	if (distance < g->distance) {
		g->distance = distance;
		memcpy(g->best, name, strlen(name) + 1);
	}
}

/* A setting of that name which belongs somewhere else, or NULL. */
static const char *elsewhere(const char *name)
{
	size_t n;
	const struct setting *row = conftable(&n);

	for (size_t i = 0; i < n; i++) {
		const char *dot = strrchr(row[i].path, '.');
		if (str_eq(dot == NULL ? row[i].path : dot + 1, name))
			return row[i].path;
	}
	return NULL;
}

/* The nearest name; else where it would be right; else all that may stand here. */
static void unknown_error(const struct confread *r, const config_setting_t *s, const char *prefix)
{
	const char *name = config_setting_name(s);
	/* A third of its letters wrong: that is still the same word. */
	struct guess g = { .wrong = name, .distance = (int)(strlen(name) + 2) / 3 + 1 };
	char *path = confread_path(s);
	const char *other = elsewhere(name);

	buf_init(&g.known, KNOWN_BYTES_MAX);
	each_name(prefix, consider, &g);
	if (g.best[0] != '\0')
		confread_error(r, s, "setting '%s' is not known; did you mean '%s'?", path, g.best);
	else if (other != NULL)
		confread_error(r, s, "setting '%s' is not known, only '%s' is; here may stand: %s",
		    path, other, g.known.data);
	else
		confread_error(
		    r, s, "setting '%s' is not known; here may stand: %s", path, g.known.data);
	buf_fini(&g.known);
	free(path);
}

/* ---- the walk ---- */

static bool is_setting(const char *path)
{
	size_t n;
	const struct setting *row = conftable(&n);

	for (size_t i = 0; i < n; i++) {
		if (str_eq(row[i].path, path))
			return true;
	}
	return false;
}

/* Whether settings lie below it: then it must be a group. */
static bool is_above(const char *prefix)
{
	size_t n;
	const struct setting *row = conftable(&n);

	for (size_t i = 0; i < n; i++) {
		if (strncmp(row[i].path, prefix, strlen(prefix)) == 0)
			return true;
	}
	return false;
}

/* What is above settings cannot be a value itself. */
static bool check_is_group(const struct confread *r, const config_setting_t *s)
{
	if (config_setting_is_group(s))
		return true;
	char *path = confread_path(s);
	confread_error(r, s, "setting '%s' must be a group; write it as %s: { ... };", path,
	    config_setting_name(s));
	free(path);
	return false;
}

/* Entries' names become parts of file names, of sessions' names and of log lines. */
static bool check_entry_name(const struct confread *r, const config_setting_t *s)
{
	const char *name = config_setting_name(s);

	if (strchr(name, '*') == NULL && strlen(name) < NAME_BYTES_MAX)
		return true;
	confread_error(r, s,
	    "the name '%s' cannot be used; write at most %d letters, digits, '-' "
	    "and '_'",
	    name, NAME_BYTES_MAX - 1);
	return false;
}

/* The members of endpoint, pool and spool: their names are the user's. */
static void check_entries(
    const struct confread *r, const config_setting_t *group, const char *prefix)
{
	for (int i = 0; i < config_setting_length(group); i++) {
		const config_setting_t *s = config_setting_get_elem(group, (unsigned)i);
		if (check_entry_name(r, s) && check_is_group(r, s))
			check_group(r, s, prefix);
	}
}

/* Down one level, the file's tree and the table's paths hand in hand. */
static void check_member(const struct confread *r, const config_setting_t *s, const char *prefix)
{
	char *path = xasprintf("%s%s", prefix, config_setting_name(s));
	char *below = xasprintf("%s.", path);
	char *entries = xasprintf("%s*.", below);
	bool wild = strchr(path + strlen(prefix), '*') != NULL; /* a '*' of the user's */

	/* What a setting's own value is, and so whether it may be a group, is checked elsewhere. */
	if (wild || (!is_setting(path) && !is_above(below)))
		unknown_error(r, s, prefix);
	else if (is_above(entries) && check_is_group(r, s))
		check_entries(r, s, entries);
	else if (!is_above(entries) && is_above(below) && check_is_group(r, s))
		check_group(r, s, below);
	free(entries);
	free(below);
	free(path);
}

static void check_group(const struct confread *r, const config_setting_t *group, const char *prefix)
{
	for (int i = 0; i < config_setting_length(group); i++)
		check_member(r, config_setting_get_elem(group, (unsigned)i), prefix);
}

void confread_names(const struct confread *r, const config_setting_t *root)
{
	check_group(r, root, "");
}
