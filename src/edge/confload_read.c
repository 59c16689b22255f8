/* confload_read: the settings of a parsed file become the fields of a struct conf, by the table. */
#include "edge/confload_read.h"
#include "edge/confload_entry.h"
#include "edge/confload_value.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define STRINGS_MAX 1000

void confread_error(const struct confread *r, const config_setting_t *at, const char *fmt, ...)
{
	va_list ap;
	unsigned line;
	const char *file = conftext_where(r->text, config_setting_source_line(at), &line);

	va_start(ap, fmt);
	confreport_addv(r->report, file, line, fmt, ap);
	va_end(ap);
}

char *confread_path(const config_setting_t *s)
{
	const config_setting_t *parent = config_setting_parent(s);

	if (parent == NULL)
		return xstrdup("");
	char *front = confread_path(parent);
	const char *dot = *front == '\0' ? "" : ".";
	char *path = config_setting_name(s) != NULL
			 ? xasprintf("%s%s%s", front, dot, config_setting_name(s))
			 : xasprintf("%s[%d]", front, config_setting_index(s));
	free(front);
	return path;
}

/* Not config_setting_lookup(): in 1.5 that takes a path apart by more than dots. */
const config_setting_t *confread_find(const config_setting_t *group, const char *path)
{
	char name[64];

	while (group != NULL && config_setting_is_group(group)) {
		size_t n = strcspn(path, ".");
		assert(n > 0 && n < sizeof(name));
		memcpy(name, path, n);
		name[n] = '\0';
		group = config_setting_get_member(group, name);
		if (path[n] == '\0')
			return group;
		path += n + 1;
	}
	return NULL;
}

const config_setting_t *confread_place(const config_setting_t *group, const char *path)
{
	const config_setting_t *s = confread_find(group, path);

	return s != NULL ? s : group;
}

/* "setting 'a.b.c': why"; why is ours to free. Nothing when it is NULL. */
static void value_error(const struct confread *r, const config_setting_t *s, char *why)
{
	if (why == NULL)
		return;
	char *path = confread_path(s);
	confread_error(r, s, "setting '%s': %s", path, why);
	free(path);
	free(why);
}

/* ---- one value ---- */

/* What a type looks like, for those who wrote something else. */
static const char *example_of(enum setting_type type)
{
	switch (type) {
	case SETTING_BOOL:
		return "write true or false, without quotation marks";
	case SETTING_INT:
		return "write a whole number, without quotation marks";
	case SETTING_DURATION:
		return "write a string with a unit, such as \"250ms\", \"1s\", \"5m\", \"12h\", "
		       "\"7d\"";
	case SETTING_SIZE:
		return "write a string with a unit, such as \"64k\" or \"16M\"";
	case SETTING_STRINGS:
	case SETTING_WORDS:
		return "write an array of strings, such as [ \"one\", \"two\" ]";
	case SETTING_PAIRS:
		return "write a list of pairs, such as ( (\"key\", \"value\"), (\"key\", "
		       "\"value\") )";
	case SETTING_TEXT:
	case SETTING_PATH:
	case SETTING_URL:
	case SETTING_SECRET:
	case SETTING_MEMORY:
	case SETTING_PROXY:
	case SETTING_WORD:
	case SETTING_NAME:
	case SETTING_AFTER:
		break;
	}
	return "write a string, in quotation marks";
}

/* What was written instead. */
static const char *type_word(const config_setting_t *s)
{
	switch (config_setting_type(s)) {
	case CONFIG_TYPE_GROUP:
		return "a group { }";
	case CONFIG_TYPE_INT:
	case CONFIG_TYPE_INT64:
		return "a number";
	case CONFIG_TYPE_FLOAT:
		return "a number with a fraction";
	case CONFIG_TYPE_STRING:
		return "a string";
	case CONFIG_TYPE_BOOL:
		return "true or false";
	case CONFIG_TYPE_ARRAY:
		return "an array [ ]";
	default:
		return "a list ( )";
	}
}

static void type_error(const struct confread *r, const config_setting_t *s, enum setting_type type)
{
	value_error(r, s, xasprintf("it is %s; %s", type_word(s), example_of(type)));
}

/* Both of libconfig's integers: an L behind the number is no offence. */
static void read_int(
    const struct confread *r, const config_setting_t *s, const struct setting *row, void *base)
{
	int type = config_setting_type(s);

	if (type == CONFIG_TYPE_INT)
		value_error(r, s, confvalue_set_int(row, base, config_setting_get_int(s)));
	else if (type == CONFIG_TYPE_INT64)
		value_error(r, s, confvalue_set_int(row, base, config_setting_get_int64(s)));
	else
		type_error(r, s, row->type);
}

static void read_bool(
    const struct confread *r, const config_setting_t *s, const struct setting *row, void *base)
{
	if (config_setting_type(s) == CONFIG_TYPE_BOOL)
		confvalue_set_bool(row, base, config_setting_get_bool(s) != 0);
	else
		type_error(r, s, row->type);
}

/* All that is written as a string: confload_value makes of it what the type wants. */
static void read_text(
    const struct confread *r, const config_setting_t *s, const struct setting *row, void *base)
{
	const char *text = config_setting_get_string(s);

	if (text == NULL) {
		type_error(r, s, row->type);
		return;
	}
	char *why = confvalue_check_text(text);
	value_error(r, s, why != NULL ? why : confvalue_set(r->conf, row, base, text));
}

/* An element that must be a string, or NULL after an error. */
static const char *read_element(
    const struct confread *r, const config_setting_t *s, enum setting_type type)
{
	const char *text = config_setting_get_string(s);

	if (text == NULL) {
		type_error(r, s, type);
		return NULL;
	}
	char *why = confvalue_check_text(text);
	if (why == NULL)
		return text;
	value_error(r, s, why);
	return NULL;
}

/* The number of elements; 0 also after an error. */
static int length_of(
    const struct confread *r, const config_setting_t *s, const struct setting *row, bool is_it)
{
	int n = config_setting_length(s);

	if (!is_it) {
		type_error(r, s, row->type);
		return 0;
	}
	if (n <= STRINGS_MAX)
		return n;
	value_error(r, s, xasprintf("it has more than %d elements", STRINGS_MAX));
	return 0;
}

static bool is_array(const config_setting_t *s)
{
	return config_setting_is_array(s) || config_setting_is_list(s);
}

/* An array of strings, or a list of them. An empty one is the same as none. */
static void read_strings(
    const struct confread *r, const config_setting_t *s, const struct setting *row, void *base)
{
	int n = length_of(r, s, row, is_array(s));

	if (n == 0)
		return;
	char **strings = xcalloc((size_t)n + 1, sizeof(*strings));
	size_t count = 0;
	for (int i = 0; i < n; i++) {
		const config_setting_t *e = config_setting_get_elem(s, (unsigned)i);
		const char *text = read_element(r, e, SETTING_TEXT);
		if (text != NULL)
			strings[count++] = xstrdup(text);
	}
	*(char ***)((char *)base + row->offset) = strings;
}

/* Here an empty array is not the same as none: it takes away what would hold otherwise. */
static void read_words(
    const struct confread *r, const config_setting_t *s, const struct setting *row, void *base)
{
	int n = length_of(r, s, row, is_array(s));

	for (int i = 0; i < n; i++) {
		const config_setting_t *e = config_setting_get_elem(s, (unsigned)i);
		const char *text = read_element(r, e, SETTING_TEXT);
		if (text != NULL)
			value_error(r, e, confvalue_set(r->conf, row, base, text));
	}
}

/* The field of the row, while it grows. */
struct pairs {
	const struct setting *row;
	struct conf_pair *item;
	size_t *count;
};

/* Which of two values holds would be Livy's secret. */
static bool has_key(const struct pairs *p, const char *key)
{
	for (size_t i = 0; i < *p->count; i++) {
		if (str_eq(p->item[i].key, key))
			return true;
	}
	return false;
}

/* NULL, or why this key cannot stand here. */
static char *check_key(const struct pairs *p, const char *key)
{
	if (has_key(p, key))
		return xasprintf("the key \"%s\" stands here twice; remove one", key);
	return (p->row->flags & SETTING_ENV) != 0 ? confvalue_check_env(key) : NULL;
}

/* Spark wants strings. A number without quotation marks would have to be printed again, and 1.10
 * would come out as 1.1: the user says how it is written. */
static void read_pair(const struct confread *r, const config_setting_t *s, const struct pairs *p)
{
	if (!config_setting_is_list(s) || config_setting_length(s) != 2) {
		value_error(r, s, xstrdup("it is not a pair; write (\"key\", \"value\")"));
		return;
	}
	const config_setting_t *value = config_setting_get_elem(s, 1);
	const char *key = read_element(r, config_setting_get_elem(s, 0), SETTING_TEXT);
	const char *text = config_setting_get_string(value);
	if (text == NULL || *text != '\0')
		text = read_element(r, value, SETTING_TEXT);
	if (key == NULL || text == NULL)
		return;
	char *why = check_key(p, key);
	if (why != NULL) {
		value_error(r, s, why);
		return;
	}
	p->item[(*p->count)++] = (struct conf_pair){ .key = xstrdup(key), .value = xstrdup(text) };
}

static void read_pairs(
    const struct confread *r, const config_setting_t *s, const struct setting *row, void *base)
{
	int n = length_of(r, s, row, config_setting_is_list(s) != 0);

	if (n == 0)
		return;
	struct pairs p = { .row = row,
		.item = xcalloc((size_t)n, sizeof(*p.item)),
		.count = (size_t *)((char *)base + row->count_offset) };
	*(struct conf_pair **)((char *)base + row->offset) = p.item;
	for (int i = 0; i < n; i++)
		read_pair(r, config_setting_get_elem(s, (unsigned)i), &p);
}

static void read_value(
    const struct confread *r, const config_setting_t *s, const struct setting *row, void *base)
{
	if (row->type == SETTING_INT)
		read_int(r, s, row, base);
	else if (row->type == SETTING_BOOL)
		read_bool(r, s, row, base);
	else if (row->type == SETTING_STRINGS)
		read_strings(r, s, row, base);
	else if (row->type == SETTING_WORDS)
		read_words(r, s, row, base);
	else if (row->type == SETTING_PAIRS)
		read_pairs(r, s, row, base);
	else
		read_text(r, s, row, base);
}

/* ---- one entry ---- */

/* The entry that can only be meant, or ENTRY_NOWHERE. */
static size_t only_one(const struct conf *c, enum conf_scope scope)
{
	size_t found = ENTRY_NOWHERE;

	for (size_t i = 0; i < confentry_count(c, scope); i++) {
		if (confentry_removed(confentry_at(c, scope, i)))
			continue;
		if (found != ENTRY_NOWHERE)
			return ENTRY_NOWHERE;
		found = i;
	}
	return found;
}

/* At the group, for what is not there has no line. */
static void missing_error(
    const struct confread *r, const config_setting_t *group, const char *name, const char *doc)
{
	char *path = confread_path(group);

	confread_error(r, group, "setting '%s%s%s' is missing: %s; add it", path,
	    *path == '\0' ? "" : ".", name, doc);
	free(path);
}

/* What holds where the file is silent: an error, the only entry that can be meant, the default. */
static void read_nothing(const struct confread *r, const config_setting_t *group,
    const struct setting *row, const char *name, void *base)
{
	bool required = (row->flags & SETTING_REQUIRED) != 0;

	if ((row->flags & SETTING_ONLY_ONE) != 0) {
		size_t i = only_one(r->conf, row->target);
		required = i == ENTRY_NOWHERE && confentry_count(r->conf, row->target) > 0;
		*(size_t *)((char *)base + row->offset) = i == ENTRY_NOWHERE ? 0 : i;
	}
	if (required)
		missing_error(r, group, name, row->doc);
	else
		confvalue_set_fallback(r->conf, row, base);
}

/* By the table and not by the file: what the file does not say needs a value too. */
void confread_entry(
    const struct confread *r, enum conf_scope scope, const config_setting_t *group, void *base)
{
	size_t n;
	const struct setting *row = conftable(&n);

	for (size_t i = 0; i < n; i++) {
		const char *name = conftable_within(&row[i], scope);
		if (name == NULL)
			continue;
		const config_setting_t *s = confread_find(group, name);
		if (s != NULL)
			read_value(r, s, &row[i], base);
		else
			read_nothing(r, group, &row[i], name, base);
	}
}
