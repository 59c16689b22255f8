/* ask: a line that a peer of the control socket has sent, as a request. */
#include "core/ask.h"

#include <assert.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#define TEXT_BYTES_MAX 4096 /* of a string: the longest path that can be opened */

static const char *const ask_words[DO_COUNT] = {
	[DO_HELLO] = "hello",
	[DO_SPOOLS] = "spools",
	[DO_LIST] = "list",
	[DO_SHOW] = "show",
	[DO_HISTORY] = "history",
	[DO_WHY] = "why",
	[DO_SESSIONS] = "sessions",
	[DO_CANCEL] = "cancel",
	[DO_HOLD] = "hold",
	[DO_RELEASE] = "release",
	[DO_RERUN] = "rerun",
	[DO_PAUSE] = "pause",
	[DO_RESUME] = "resume",
	[DO_DRAIN] = "drain",
	[DO_RELOAD] = "reload",
	[DO_WATCH] = "watch",
	[DO_ENDED] = "ended",
	[DO_METRICS] = "metrics",
};

const char *ask_word(enum ask_what what)
{
	assert(what < DO_COUNT);
	return ask_words[what];
}

/* ---- fields --------------------------------------------------------------------------------- */

enum field_type { FIELD_TEXT, FIELD_BOOL, FIELD_NUMBER, FIELD_JOBS };

#define OF(what) (UINT32_C(1) << (what))
#define OF_JOBS (OF(DO_SHOW) | OF(DO_CANCEL) | OF(DO_HOLD) | OF(DO_RELEASE) | OF(DO_RERUN))
#define OF_PLACE (OF(DO_PAUSE) | OF(DO_RESUME))
#define AT(field) offsetof(struct ask, field)

/* Which commands know a field, and which cannot do without it. One table, so that what is read,
 * what is required and what an error says of a field cannot differ. */
struct field {
	const char *name;
	enum field_type type;
	size_t offset;
	uint32_t known;
	uint32_t needed;
};
static const struct field fields[] = {
	{ "jobs", FIELD_JOBS, 0, OF_JOBS | OF(DO_WATCH), OF_JOBS },
	{ "spool", FIELD_TEXT, AT(spool), OF(DO_LIST) | OF(DO_HISTORY) | OF(DO_WATCH) | OF_PLACE,
	    0 },
	{ "pool", FIELD_TEXT, AT(pool), OF_PLACE, 0 },
	{ "all", FIELD_BOOL, AT(all), OF(DO_WATCH) | OF_PLACE, 0 },
	{ "owner", FIELD_NUMBER, AT(owner), OF(DO_LIST) | OF(DO_HISTORY), 0 },
	{ "state", FIELD_TEXT, AT(state), OF(DO_LIST), 0 },
	{ "status", FIELD_TEXT, AT(status), OF(DO_HISTORY), 0 },
	{ "since_ms", FIELD_NUMBER, AT(since_ms), OF(DO_HISTORY), 0 },
	{ "until_ms", FIELD_NUMBER, AT(until_ms), OF(DO_HISTORY), 0 },
	{ "name", FIELD_TEXT, AT(name), OF(DO_HISTORY), 0 },
	{ "limit", FIELD_NUMBER, AT(limit), OF(DO_HISTORY), 0 },
	{ "path", FIELD_TEXT, AT(path), OF(DO_WHY), OF(DO_WHY) },
	{ "after", FIELD_TEXT, AT(after), OF(DO_ENDED), 0 },
	{ "follow", FIELD_BOOL, AT(follow), OF(DO_ENDED), 0 },
};

static const struct field *field_of(enum ask_what what, const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(fields); i++)
		if (strcmp(fields[i].name, name) == 0 && (fields[i].known & OF(what)) != 0)
			return &fields[i];
	return NULL;
}

/* A NUL in a string would end it early for everybody who reads it: xstrndup() cuts there, and what
 * is left is judged as what it is. */
static char *take_text(const json_t *v)
{
	size_t n = json_string_length(v);
	return n == 0 || n > TEXT_BYTES_MAX ? NULL : xstrndup(json_string_value(v), n);
}

static bool take_item(struct ask_item *item, const json_t *v)
{
	if (json_is_integer(v) && json_integer_value(v) > 0)
		item->id = (uint64_t)json_integer_value(v);
	else if (json_is_string(v))
		item->path = take_text(v);
	return item->id != 0 || item->path != NULL;
}

/* NULL, or what it has to be. */
static const char *take_jobs(struct ask *ask, const json_t *v)
{
	if (json_is_string(v) && strcmp(json_string_value(v), "ALL") == 0) {
		ask->all_jobs = true;
		return NULL;
	}
	size_t count = json_array_size(v);
	if (count == 0 || count > ASK_ITEMS_MAX)
		return "an array of 1 to 10000 ids and paths, or \"ALL\"";
	ask->item = xcalloc(count, sizeof(*ask->item));
	ask->item_count = count;
	for (size_t i = 0; i < count; i++)
		if (!take_item(&ask->item[i], json_array_get(v, i)))
			return "an array of ids (numbers from 1) and paths, or \"ALL\"";
	return NULL;
}

static const char *take_field(struct ask *ask, const struct field *f, const json_t *v)
{
	char *to = (char *)ask + f->offset;
	switch (f->type) {
	case FIELD_TEXT:
		if (!json_is_string(v) || (*(char **)to = take_text(v)) == NULL)
			return "a string of 1 to 4096 bytes";
		break;
	case FIELD_BOOL:
		if (!json_is_boolean(v))
			return "true or false";
		*(bool *)to = json_is_true(v);
		break;
	case FIELD_NUMBER:
		if (!json_is_integer(v) || json_integer_value(v) < 0)
			return "a number from 0";
		*(int64_t *)to = json_integer_value(v);
		break;
	case FIELD_JOBS:
		return take_jobs(ask, v);
	}
	return NULL;
}

/* ---- the whole ------------------------------------------------------------------------------ */

static struct ask_error bad(const char *message)
{
	return (struct ask_error){ "bad-request", message, "see sparkspool-control(7)" };
}

static bool ask_fields(struct arena *a, struct ask *ask, const json_t *root, struct ask_error *e)
{
	const char *key;
	json_t *v;
	/* jansson takes no const object here, and changes nothing. */
	json_object_foreach((json_t *)(uintptr_t)root, key, v)
	{
		if (strcmp(key, "v") == 0 || strcmp(key, "do") == 0)
			continue;
		const struct field *f = field_of(ask->what, key);
		const char *wanted = f == NULL ? NULL : take_field(ask, f, v);
		if (f != NULL && wanted == NULL)
			continue;
		*e = bad(f == NULL ? arena_printf(
					 a, "%s has no field \"%.100s\"", ask_word(ask->what), key)
				   : arena_printf(a, "\"%s\" of %s must be %s", key,
					 ask_word(ask->what), wanted));
		return false;
	}
	for (size_t i = 0; i < ARRAY_LEN(fields); i++) {
		if ((fields[i].needed & OF(ask->what)) == 0 ||
		    json_object_get(root, fields[i].name) != NULL)
			continue;
		*e = bad(arena_printf(
		    a, "%s needs the field \"%s\"", ask_word(ask->what), fields[i].name));
		return false;
	}
	return true;
}

static bool ask_head(struct arena *a, struct ask *ask, const json_t *root, struct ask_error *e)
{
	const json_t *v = json_object_get(root, "v");
	const char *word = json_string_value(json_object_get(root, "do"));
	if (!json_is_integer(v)) {
		*e = bad("a request needs \"v\", the protocol's version: 1");
		return false;
	}
	if (json_integer_value(v) != CONTROL_VERSION) {
		*e = (struct ask_error){ "version",
			"this daemon speaks version 1 of the control protocol",
			"sparkspool and sparkspoold should be of the same release" };
		return false;
	}
	if (word == NULL) {
		*e = bad("a request needs \"do\", the word for what is wanted");
		return false;
	}
	for (int i = 0; i < DO_COUNT; i++) {
		ask->what = (enum ask_what)i;
		if (strcmp(ask_words[i], word) == 0)
			return true;
	}
	*e = (struct ask_error){ "unknown-command",
		arena_printf(a, "this daemon does not know \"%.100s\"", word),
		"see sparkspool-control(7)" };
	return false;
}

struct ask *ask_read(struct arena *a, struct bytes line, struct ask_error *e)
{
	json_error_t error;
	/* Twice the same key would be two answers to one question: who reads first and who reads
	 * last would not agree. */
	json_t *root = json_loadb(line.p, line.n, JSON_REJECT_DUPLICATES, &error);
	struct ask *ask = xcalloc(1, sizeof(*ask));
	ask->owner = ask->since_ms = ask->until_ms = ask->limit = -1;
	bool ok = false;
	if (root == NULL)
		*e = bad(arena_printf(a, "this is no JSON: %.120s", error.text));
	else if (!json_is_object(root))
		*e = bad("a request is a JSON object");
	else
		ok = ask_head(a, ask, root, e) && ask_fields(a, ask, root, e);
	json_decref(root);
	if (ok)
		return ask;
	ask_free(ask);
	return NULL;
}

void ask_free(struct ask *ask)
{
	if (ask == NULL)
		return;
	for (size_t i = 0; i < ask->item_count; i++)
		free(ask->item[i].path);
	free(ask->item);
	free(ask->spool);
	free(ask->pool);
	free(ask->state);
	free(ask->status);
	free(ask->name);
	free(ask->path);
	free(ask->after);
	free(ask);
}
