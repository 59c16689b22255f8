/* resultlist: how a job's row says what came of it: the word for its end, the lists of its files on
 * disk and of its warnings as JSON. */
#include "base/buf.h"
#include "core/livy.h"
#include "core/result.h"
#include "core/text.h"
#include <assert.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAME_BYTES_MAX 4096
#define WARNINGS_MAX 100

/* These words are in records that programs read: none is ever changed. */
const char *result_status_name(enum job_status s)
{
	static const char *const name[STATUS_COUNT] = {
		[STATUS_NONE] = "none",
		[STATUS_OK] = "ok",
		[STATUS_ERROR] = "error",
		[STATUS_TIMEOUT] = "timeout",
		[STATUS_CANCELLED] = "cancelled",
		[STATUS_DIED] = "died",
		[STATUS_UNKNOWN] = "unknown",
		[STATUS_REJECTED] = "rejected",
	};

	assert(s < STATUS_COUNT);
	return name[s];
}

/* ---- files: [{"name": …, "tmp": …, "ino": "42", "size": 7, "mtime": 1795000000000000000}]; a name
 * that is not UTF-8 is name_hex, its bytes in hexadecimal, and so is tmp; ino is a string, for JSON's
 * numbers end at 63 bits; earlier releases wrote neither size nor mtime ------------------------ */

static void put_name(json_t *o, const char *key, const char *hex_key, const char *name)
{
	struct buf hex;

	assert(name);
	if (text_is_utf8(name, strlen(name))) {
		text_put(o, key, text_json(name));
		return;
	}
	buf_init(&hex, 2 * NAME_BYTES_MAX);
	text_add_hex(&hex, name, strlen(name));
	text_put(o, hex_key, text_json(hex.data));
	buf_fini(&hex);
}

char *result_files_to_text(const struct out_file *file, size_t count)
{
	if (count == 0)
		return NULL;
	json_t *list = json_array();
	for (size_t i = 0; i < count; i++) {
		json_t *o = json_object();
		char ino[24];

		(void)snprintf(ino, sizeof(ino), "%" PRIu64, file[i].ino);
		put_name(o, "name", "name_hex", file[i].name);
		put_name(o, "tmp", "tmp_hex", file[i].tmp);
		text_put(o, "ino", text_json(ino));
		if (file[i].mtime_ns != 0) {
			text_put(o, "size", json_integer(file[i].size));
			text_put(o, "mtime", json_integer(file[i].mtime_ns));
		}
		text_append(list, o);
	}
	char *text = json_dumps(list, JSON_COMPACT);
	assert(text);
	json_decref(list);
	return text;
}

/* An arena string, or NULL when there is neither of the two members. */
static const char *name_of(struct arena *a, const json_t *o, const char *key, const char *hex_key)
{
	const char *plain = json_string_value(json_object_get(o, key));
	const char *hex = json_string_value(json_object_get(o, hex_key));
	struct buf name;

	if (plain || !hex)
		return arena_strdup(a, plain);
	buf_init(&name, NAME_BYTES_MAX);
	bool ok = text_add_unhex(&name, hex) && !name.full;
	char *bytes = arena_take(a, buf_steal(&name, NULL));
	return ok ? bytes : NULL;
}

static bool ino_of(const json_t *v, uint64_t *ino)
{
	const char *s = json_string_value(v);
	char *end;

	if (!s || *s < '0' || *s > '9' || strlen(s) > 20)
		return false;
	*ino = strtoull(s, &end, 10);
	return *end == '\0';
}

/* Both or none: half of it proves nothing. */
static void left_of(const json_t *o, struct out_file *f)
{
	const json_t *size = json_object_get(o, "size");
	const json_t *mtime = json_object_get(o, "mtime");

	if (!json_is_integer(size) || !json_is_integer(mtime))
		return;
	f->size = json_integer_value(size);
	f->mtime_ns = json_integer_value(mtime);
}

/* What is no list of ours, or no element of one, is left out: the ledger may have been touched. */
size_t result_files_of_text(struct arena *a, const char *text, struct out_file **file)
{
	struct bytes b = { .p = text, .n = text ? strlen(text) : 0 };
	json_t *list = livy_parse(b);
	size_t n = 0;

	*file = NULL;
	if (json_array_size(list) > 0)
		*file = arena_calloc(a, json_array_size(list), sizeof(**file));
	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *o = json_array_get(list, i);
		struct out_file *f = &(*file)[n];

		f->name = name_of(a, o, "name", "name_hex");
		f->tmp = name_of(a, o, "tmp", "tmp_hex");
		left_of(o, f);
		if (f->name && f->tmp && ino_of(json_object_get(o, "ino"), &f->ino))
			n++;
	}
	json_decref(list);
	return n;
}

char *result_files_join(const char *a, const char *b)
{
	struct arena arena;
	struct out_file *one;
	struct out_file *two;

	arena_init(&arena);
	size_t n = result_files_of_text(&arena, a, &one);
	size_t m = result_files_of_text(&arena, b, &two);
	struct out_file *all = arena_calloc(&arena, n + m + 1, sizeof(*all));
	if (n > 0)
		memcpy(all, one, n * sizeof(*all));
	if (m > 0)
		memcpy(all + n, two, m * sizeof(*all));
	char *text = result_files_to_text(all, n + m);
	arena_fini(&arena);
	return text;
}

/* ---- warnings: ["…", "…"] --------------------------------------------------------------------- */

static bool has_text(const json_t *list, const json_t *text)
{
	for (size_t i = 0; i < json_array_size(list); i++)
		if (json_equal(json_array_get(list, i), text))
			return true;
	return false;
}

/* A warning that is there already is not repeated: a retry may give the same one a thousand times. */
char *result_add_warning(char *old_array, const char *warning)
{
	struct bytes b = { .p = old_array, .n = old_array ? strlen(old_array) : 0 };
	json_t *list = livy_parse(b);
	json_t *text = text_json(warning);

	assert(warning);
	if (!json_is_array(list)) {
		json_decref(list);
		list = json_array();
	}
	if (!has_text(list, text) && json_array_size(list) < WARNINGS_MAX)
		text_append(list, json_incref(text));
	char *array = json_dumps(list, JSON_COMPACT);
	assert(array);
	json_decref(text);
	json_decref(list);
	free(old_array);
	return array;
}

json_t *result_warnings(const char *text)
{
	struct bytes b = { .p = text, .n = text ? strlen(text) : 0 };
	json_t *v = livy_parse(b);
	json_t *list = json_array();

	for (size_t i = 0; i < json_array_size(v); i++)
		if (json_is_string(json_array_get(v, i)))
			text_append(list, json_incref(json_array_get(v, i)));
	json_decref(v);
	return list;
}
