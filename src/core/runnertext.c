/* runnertext: calls to the runner as code. */
#include "core/runnertext.h"

#include "base/buf.h"
#include "core/text.h"
#include <assert.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What the runner refuses to speak with, should a session have been booted by another release. */
#define PROTOCOL_VERSION 1

/* JSON in ASCII has neither line ends nor anything else that a Python literal would trip over, but
 * for these two characters. */
static void add_literal(struct buf *b, const char *json)
{
	(void)buf_addc(b, '\'');
	for (const char *p = json; *p != '\0'; p++) {
		if (*p == '\\' || *p == '\'')
			(void)buf_addc(b, '\\');
		(void)buf_addc(b, *p);
	}
	(void)buf_addc(b, '\'');
}

static struct bytes code_of(struct arena *a, struct bytes before, const char *function, json_t *o)
{
	struct buf b;
	size_t n;
	char *json = json_dumps(o, JSON_COMPACT | JSON_ENSURE_ASCII);
	assert(json != NULL);
	/* Each character may get a backslash before it: with this ceiling the buffer cannot become
	 * full. */
	buf_init(&b, before.n + 2 * strlen(json) + strlen(function) + 16);
	(void)buf_add(&b, before.p == NULL ? "" : before.p, before.n);
	(void)buf_addf(&b, "%s(", function);
	add_literal(&b, json);
	(void)buf_addc(&b, ')');
	assert(!b.full);
	free(json);
	json_decref(o);
	char *text = arena_take(a, buf_steal(&b, &n));
	return (struct bytes){ .p = text, .n = n };
}

/* Files are bytes, JSON is text: also where they are UTF-8, a NUL or a lone carriage return must
 * come out as it went in. */
static json_t *base64_of(struct bytes data)
{
	struct buf b;
	buf_init(&b, data.n / 3 * 4 + 8);
	(void)buf_put_base64(&b, data.p, data.n);
	assert(!b.full);
	json_t *v = text_json_bytes(b.data == NULL ? "" : b.data, b.len);
	buf_fini(&b);
	return v;
}

static void put_int(json_t *o, const char *key, int64_t v)
{
	text_put(o, key, json_integer((json_int_t)v));
}

/* The list of this name, made when it is first asked for. */
static json_t *list_of(json_t *o, const char *key)
{
	json_t *list = json_object_get(o, key);
	if (list == NULL) {
		list = json_array();
		text_put(o, key, list);
	}
	return list;
}

/* FNV-1a: it only has to tell one release from another. */
void runnertext_name_code(struct bytes code, char name[RUNNER_CODE_TEXT_LEN])
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325);
	for (size_t i = 0; i < code.n; i++)
		hash = (hash ^ (unsigned char)code.p[i]) * UINT64_C(0x100000001b3);
	snprintf(name, RUNNER_CODE_TEXT_LEN, "%016llx", (unsigned long long)hash);
}

struct bytes runnertext_boot(
    struct arena *a, struct bytes code, const char *tag, const struct conf_pool *pool)
{
	char name[RUNNER_CODE_TEXT_LEN];
	json_t *o = runnertext_begin(tag);
	runnertext_name_code(code, name);
	text_put(o, "code", text_json(name));
	put_int(o, "slots", pool->slots);
	put_int(o, "spare", pool->spare);
	put_int(o, "memory_bytes", pool->memory_bytes);
	return code_of(a, code, "_sparkspool_boot", o);
}

struct json_t *runnertext_begin(const char *tag)
{
	json_t *o = json_object();
	put_int(o, "v", PROTOCOL_VERSION);
	text_put(o, "tag", text_json(tag));
	return o;
}

static json_t *limits_of(const struct runner_program *start)
{
	json_t *o = json_object();
	put_int(o, "time_ms", start->time_ms);
	put_int(o, "out_bytes", start->output_bytes);
	put_int(o, "err_bytes", start->output_bytes);
	put_int(o, "files_bytes", start->files_bytes);
	put_int(o, "files_count", start->files_count);
	put_int(o, "rows", start->rows);
	return o;
}

void runnertext_add_start(struct json_t *call, const struct runner_program *start)
{
	json_t *o = json_object();
	json_t *args = json_array();
	json_t *env = json_object();
	text_put(o, "id", text_json(start->id));
	text_put(o, "kind", text_json(start->kind));
	text_put(o, "style", text_json(start->style));
	text_put(o, "name", text_json(start->name));
	text_put(o, "label", text_json(start->label));
	text_put(o, "code", base64_of(start->code));
	for (size_t i = 0; i < start->arg_count; i++)
		text_append(args, text_json(start->args[i]));
	for (size_t i = 0; i < start->env_count; i++)
		text_put(env, start->env[i].key, text_json(start->env[i].value));
	text_put(o, "args", args);
	text_put(o, "env", env);
	if (start->modules != NULL)
		text_put(o, "modules", text_json(start->modules));
	text_put(o, "limits", limits_of(start));
	text_append(list_of(call, "start"), o);
}

void runnertext_add_put(struct json_t *call, const char *hash, const char *files)
{
	json_t *o = json_object();
	json_t *list = json_loads(files, 0, NULL);
	assert(json_is_array(list)); /* edge/spool has made it */
	text_put(o, "hash", text_json(hash));
	text_put(o, "files", list);
	text_append(list_of(call, "put"), o);
}

void runnertext_add_id(struct json_t *call, const char *what, const char *id)
{
	text_append(list_of(call, what), text_json(id));
}

void runnertext_add_kill(struct json_t *call, const char *id, const char *why)
{
	json_t *o = json_object();
	text_put(o, "id", text_json(id));
	text_put(o, "why", text_json(why));
	text_append(list_of(call, "kill"), o);
}

void runnertext_add_poll(struct json_t *call, const char *id, const struct script *sc)
{
	json_t *o = json_object();
	json_t *at = json_object();
	for (size_t i = 0; i < sc->part_count; i++) {
		const struct script_part *part = &sc->part[i];
		/* Of what has ended only what is missing; of what runs whatever it prints. */
		bool more = part->at < part->bytes || (sc->phase < SCRIPT_FETCH && i < 2);
		if (!part->busy && more)
			put_int(at, part->name, part->at);
	}
	text_put(o, "id", text_json(id));
	text_put(o, "at", at);
	text_append(list_of(call, "poll"), o);
}

struct bytes runnertext_end(
    struct arena *a, struct json_t *call, int64_t wait_ms, int64_t data_bytes_max)
{
	put_int(call, "wait_ms", wait_ms);
	put_int(call, "data_bytes_max", data_bytes_max);
	return code_of(a, (struct bytes){ NULL, 0 }, "_sparkspool_call", call);
}
