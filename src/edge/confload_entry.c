/* confload_entry: the endpoints, pools and spools of a struct conf, all handled alike. */
#include "edge/confload_entry.h"
#include "base/util.h"
#include "edge/confload.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* What the three structs have in common, and what this file lives on. */
static_assert(offsetof(struct conf_endpoint, name) == 0, "an entry begins with its name");
static_assert(offsetof(struct conf_pool, name) == 0, "an entry begins with its name");
static_assert(offsetof(struct conf_spool, name) == 0, "an entry begins with its name");
#define REMOVED_OFFSET offsetof(struct conf_spool, removed)
static_assert(offsetof(struct conf_endpoint, removed) == REMOVED_OFFSET, "removed moved");
static_assert(offsetof(struct conf_pool, removed) == REMOVED_OFFSET, "removed moved");

static size_t entry_size(enum conf_scope scope)
{
	static const size_t size[SCOPE_COUNT] = { sizeof(struct conf), sizeof(struct conf_endpoint),
		sizeof(struct conf_pool), sizeof(struct conf_spool) };

	assert(scope < SCOPE_COUNT);
	return size[scope];
}

/* The three arrays have three types: here and in the next functions each is named once, so that
 * nobody else has to. */
size_t confentry_count(const struct conf *c, enum conf_scope scope)
{
	switch (scope) {
	case SCOPE_ENDPOINT:
		return c->endpoint_count;
	case SCOPE_POOL:
		return c->pool_count;
	case SCOPE_SPOOL:
		return c->spool_count;
	case SCOPE_ROOT:
	case SCOPE_COUNT:
		break;
	}
	return 1;
}

void *confentry_at(const struct conf *c, enum conf_scope scope, size_t i)
{
	assert(i < confentry_count(c, scope));
	switch (scope) {
	case SCOPE_ENDPOINT:
		return &c->endpoint[i];
	case SCOPE_POOL:
		return &c->pool[i];
	case SCOPE_SPOOL:
		return &c->spool[i];
	case SCOPE_ROOT:
	case SCOPE_COUNT:
		break;
	}
	/* The caller has what it points to for writing, or treats the result as const. */
	return (void *)(uintptr_t)c;
}

size_t confentry_find(const struct conf *c, enum conf_scope scope, const char *name)
{
	for (size_t i = 0; i < confentry_count(c, scope); i++) {
		if (str_eq(confentry_name(confentry_at(c, scope, i)), name))
			return i;
	}
	return ENTRY_NOWHERE;
}

void *confentry_add(struct conf *c, enum conf_scope scope, const char *name)
{
	size_t i = confentry_count(c, scope);
	size_t bytes = (i + 1) * entry_size(scope);

	switch (scope) {
	case SCOPE_ENDPOINT:
		c->endpoint = xrealloc(c->endpoint, bytes);
		c->endpoint[c->endpoint_count++] = (struct conf_endpoint){ .name = xstrdup(name) };
		break;
	case SCOPE_POOL:
		c->pool = xrealloc(c->pool, bytes);
		c->pool[c->pool_count++] = (struct conf_pool){ .name = xstrdup(name) };
		break;
	case SCOPE_SPOOL:
		c->spool = xrealloc(c->spool, bytes);
		c->spool[c->spool_count++] = (struct conf_spool){ .name = xstrdup(name) };
		break;
	case SCOPE_ROOT:
	case SCOPE_COUNT:
		assert(false);
	}
	return confentry_at(c, scope, i);
}

const char *confentry_name(const void *entry)
{
	return *(char *const *)entry;
}

/* Takes what is const for a caller that only looks: see confentry_at(). */
static bool *removed_of(const void *entry)
{
	return (bool *)((uintptr_t)entry + REMOVED_OFFSET);
}

bool confentry_removed(const void *entry)
{
	return *removed_of(entry);
}

void confentry_remove(void *entry)
{
	*removed_of(entry) = true;
}

static char **copy_strings(char *const *from)
{
	size_t n = 0;

	if (from == NULL)
		return NULL;
	while (from[n] != NULL)
		n++;
	char **to = xcalloc(n + 1, sizeof(*to));
	for (size_t i = 0; i < n; i++)
		to[i] = xstrdup(from[i]);
	return to;
}

static struct conf_pair *copy_pairs(const struct conf_pair *from, size_t count)
{
	if (from == NULL)
		return NULL;
	struct conf_pair *to = xcalloc(count, sizeof(*to));
	for (size_t i = 0; i < count; i++) {
		to[i].key = xstrdup(from[i].key);
		to[i].value = xstrdup(from[i].value);
	}
	return to;
}

/* The bytes were copied already; what they point to gets a copy of its own. */
static void copy_field(const struct setting *row, char *to, const char *from)
{
	size_t count = setting_count(row, from);

	to += row->offset;
	from += row->offset;
	if (setting_is_text(row))
		*(char **)to = xstrdup(*(char *const *)from);
	else if (row->type == SETTING_STRINGS)
		*(char ***)to = copy_strings(*(char **const *)from);
	else if (row->type == SETTING_PAIRS)
		*(struct conf_pair **)to = copy_pairs(*(struct conf_pair *const *)from, count);
	else if (row->type == SETTING_AFTER)
		((struct conf_spool *)to)->move_to =
		    xstrdup(((const struct conf_spool *)from)->move_to);
}

/* By the table, so that no setting is forgotten here; name and password are none. */
void confentry_copy(enum conf_scope scope, void *to, const void *from)
{
	size_t n;
	const struct setting *row = conftable(&n);

	assert(scope != SCOPE_ROOT);
	free(*(char **)to);
	memcpy(to, from, entry_size(scope));
	*(char **)to = xstrdup(confentry_name(from));
	if (scope == SCOPE_ENDPOINT) {
		struct conf_endpoint *e = to;
		e->password = xstrdup(e->password);
	}
	for (size_t i = 0; i < n; i++) {
		if (conftable_within(&row[i], scope) != NULL)
			copy_field(&row[i], to, from);
	}
}

static void free_strings(char **s)
{
	for (size_t i = 0; s != NULL && s[i] != NULL; i++)
		free(s[i]);
	free(s);
}

static void free_pairs(struct conf_pair *pair, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		free(pair[i].key);
		free(pair[i].value);
	}
	free(pair);
}

static void free_field(const struct setting *row, char *entry)
{
	char *field = entry + row->offset;

	if (setting_is_text(row))
		free(*(char **)field);
	else if (row->type == SETTING_STRINGS)
		free_strings(*(char ***)field);
	else if (row->type == SETTING_PAIRS)
		free_pairs(*(struct conf_pair **)field, setting_count(row, entry));
	else if (row->type == SETTING_AFTER)
		free(((struct conf_spool *)field)->move_to);
}

static void free_fields(enum conf_scope scope, void *entry)
{
	size_t n;
	const struct setting *row = conftable(&n);

	for (size_t i = 0; i < n; i++) {
		if (conftable_within(&row[i], scope) != NULL)
			free_field(&row[i], entry);
	}
}

/* Nothing of a password stays in memory that is given back. */
static void forget_password(struct conf_endpoint *e)
{
	if (e->password != NULL)
		explicit_bzero(e->password, strlen(e->password));
	free(e->password);
}

static void free_within(enum conf_scope scope, void *entry)
{
	if (scope == SCOPE_ENDPOINT)
		forget_password(entry);
	free_fields(scope, entry);
}

/* The old settings must not shine through where the file no longer says anything. */
void confentry_reset(struct conf *c, enum conf_scope scope, size_t i)
{
	void *entry = confentry_at(c, scope, i);
	char *name = *(char **)entry;

	assert(scope != SCOPE_ROOT);
	free_within(scope, entry);
	memset(entry, 0, entry_size(scope));
	*(char **)entry = name;
}

static void free_entries(struct conf *c, enum conf_scope scope)
{
	for (size_t i = 0; i < confentry_count(c, scope); i++) {
		void *entry = confentry_at(c, scope, i);
		free_within(scope, entry);
		free(*(char **)entry);
	}
}

void conf_free(struct conf *c)
{
	if (c == NULL)
		return;
	for (enum conf_scope scope = SCOPE_ENDPOINT; scope < SCOPE_COUNT; scope++)
		free_entries(c, scope);
	free_within(SCOPE_ROOT, c);
	free(c->endpoint);
	free(c->pool);
	free(c->spool);
	free(c->runner_code);
	for (size_t i = 0; i < c->source_count; i++)
		free(c->source[i]);
	free(c->source);
	free(c);
}
