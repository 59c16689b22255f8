/* runnerread: the runner's answers as facts. Nothing that it says is trusted to have the form that it
 * should have: a server, and any file that ran there, may speak in its place. */
#include "core/runnertext.h"

#include "base/buf.h"
#include "core/livy.h"
#include <assert.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

/* Of files and pieces in an answer, all its runs together: some more than honest ones can be. Each
 * is looked for among those of its run, and who speaks in a runner's place may tell of millions. */
#define ENTRIES_MAX 200000

static const char *str_of(struct arena *a, const json_t *o, const char *key)
{
	return arena_strdup(a, json_string_value(json_object_get(o, key)));
}

/* Numbers that are none, or below zero, count as 0. */
static int64_t int_of(const json_t *o, const char *key)
{
	const json_t *v = json_object_get(o, key);
	json_int_t n = json_is_integer(v) ? json_integer_value(v) : 0;
	return n > 0 ? (int64_t)n : 0;
}

static const char **strings_of(struct arena *a, const json_t *list, size_t *count)
{
	*count = 0;
	const char **s = arena_calloc(a, json_array_size(list) + 1, sizeof(*s));
	for (size_t i = 0; i < json_array_size(list); i++)
		if (json_is_string(json_array_get(list, i)))
			s[(*count)++] = arena_strdup(a, json_string_value(json_array_get(list, i)));
	return s;
}

/* Ids are ours, and of one form: whatever else stands there is not of a run that we have
 * started. */
static bool id_is_plain(const char *id)
{
	return id != NULL && strlen(id) == TOKEN_TEXT_LEN - 1 &&
	       strspn(id, "0123456789abcdef") == TOKEN_TEXT_LEN - 1;
}

static enum runner_state state_of(const json_t *o)
{
	static const char *const name[] = {
		[RUNNER_UNKNOWN] = "unknown",
		[RUNNER_BARRED] = "barred",
		[RUNNER_RUNNING] = "running",
		[RUNNER_ENDED] = "ended",
		[RUNNER_FORGOTTEN] = "forgotten",
	};
	const char *s = json_string_value(json_object_get(o, "state"));
	for (size_t i = 0; s != NULL && i < ARRAY_LEN(name); i++)
		if (strcmp(s, name[i]) == 0)
			return (enum runner_state)i;
	/* A state of a later release: what is then done, to ask again, harms nobody. */
	return RUNNER_UNKNOWN;
}

/* How many of the list's there is room for. */
static size_t entries_of(const json_t *list, size_t *room)
{
	size_t count = json_array_size(list) < *room ? json_array_size(list) : *room;
	*room -= count;
	return count;
}

static void read_files(struct arena *a, const json_t *list, struct runner_run *run, size_t *room)
{
	const size_t count = entries_of(list, room);
	run->file = arena_calloc(a, count + 1, sizeof(*run->file));
	for (size_t i = 0; i < count; i++) {
		const json_t *o = json_array_get(list, i);
		struct runner_file *f = &run->file[run->file_count];
		f->name = str_of(a, o, "name");
		f->bytes = int_of(o, "bytes");
		f->cut = int_of(o, "cut");
		run->file_count += f->name != NULL;
	}
}

static bool read_piece(struct arena *a, const json_t *o, struct runner_data *d)
{
	struct buf b;
	const json_t *text = json_object_get(o, "data");
	d->name = str_of(a, o, "name");
	d->at = int_of(o, "at");
	if (d->name == NULL || !json_is_string(text))
		return false;
	buf_init(&b, json_string_length(text));
	bool ok = buf_add_base64(&b, json_string_value(text), json_string_length(text)) == 0;
	d->data.p = arena_take(a, buf_steal(&b, &d->data.n));
	/* An empty piece moves nothing on, and would be written for nothing. */
	return ok && d->data.n > 0;
}

/* Room for all, filled with those that are good: a bad one takes none of its neighbours with it. */
static void read_data(struct arena *a, const json_t *list, struct runner_run *run, size_t *room)
{
	const size_t count = entries_of(list, room);
	run->data = arena_calloc(a, count + 1, sizeof(*run->data));
	for (size_t i = 0; i < count; i++)
		run->data_count +=
		    read_piece(a, json_array_get(list, i), &run->data[run->data_count]);
}

static enum job_status status_of(const json_t *o, int exit_code)
{
	static const struct {
		const char *why;
		enum job_status status;
	} ends[] = {
		{ "timeout", STATUS_TIMEOUT },
		{ "cancelled", STATUS_CANCELLED },
		{ "died", STATUS_DIED },
		{ "memory", STATUS_ERROR },
	};
	const char *why = json_string_value(json_object_get(o, "why"));
	for (size_t i = 0; why != NULL && i < ARRAY_LEN(ends); i++)
		if (strcmp(why, ends[i].why) == 0)
			return ends[i].status;
	return exit_code == 0 ? STATUS_OK : STATUS_ERROR;
}

static void read_end(struct arena *a, json_t *o, struct runner_run *run)
{
	const json_t *v = json_object_get(o, "exit_code");
	json_int_t code = json_is_integer(v) ? json_integer_value(v) : -1;
	run->exit_code = code > 255 ? 255 : code < 0 ? -1 : (int)code;
	run->status = status_of(o, run->exit_code);
	json_object_del(o, "data");
	json_object_del(o, "state");
	char *report = json_dumps(o, JSON_COMPACT);
	assert(report != NULL);
	run->report = arena_take(a, report);
}

static bool read_run(struct arena *a, json_t *o, struct runner_run *run, size_t *room)
{
	run->id = str_of(a, o, "id");
	run->state = state_of(o);
	run->started_ms = int_of(o, "started_ms");
	run->run_ms = int_of(o, "run_ms");
	const json_t *progress = json_object_get(o, "progress");
	run->progress = json_is_number(progress) ? json_number_value(progress) : -1;
	if (!id_is_plain(run->id))
		return false;
	read_files(a, json_object_get(o, "files"), run, room);
	read_data(a, json_object_get(o, "data"), run, room);
	if (run->state == RUNNER_ENDED)
		read_end(a, o, run);
	return true;
}

static void read_refused(struct arena *a, const json_t *list, struct runner_answer *answer)
{
	answer->refused = arena_calloc(a, json_array_size(list) + 1, sizeof(*answer->refused));
	for (size_t i = 0; i < json_array_size(list); i++) {
		struct runner_refusal *r = &answer->refused[answer->refused_count];
		r->id = str_of(a, json_array_get(list, i), "id");
		r->why = str_of(a, json_array_get(list, i), "why");
		answer->refused_count += r->id != NULL && r->why != NULL;
	}
}

static void read_all(struct arena *a, const json_t *o, struct runner_answer *answer)
{
	const char *mode = json_string_value(json_object_get(o, "mode"));
	json_t *runs = json_object_get(o, "runs");
	size_t room = ENTRIES_MAX;
	answer->boot = str_of(a, o, "boot");
	answer->code = str_of(a, o, "code");
	answer->why = str_of(a, o, "why");
	answer->alone = mode != NULL && strcmp(mode, "interpreter") == 0;
	answer->dead = json_is_true(json_object_get(o, "dead"));
	answer->run = arena_calloc(a, json_array_size(runs) + 1, sizeof(*answer->run));
	for (size_t i = 0; i < json_array_size(runs); i++)
		answer->run_count +=
		    read_run(a, json_array_get(runs, i), &answer->run[answer->run_count], &room);
	answer->missing = strings_of(a, json_object_get(o, "missing"), &answer->missing_count);
	answer->warning = strings_of(a, json_object_get(o, "warnings"), &answer->warning_count);
	read_refused(a, json_object_get(o, "refused"), answer);
}

/* Why it is not the answer to this call; NULL: it is. */
static const char *fault_of(struct arena *a, const json_t *o, const char *tag)
{
	const char *theirs = json_string_value(json_object_get(o, "tag"));
	const char *error = json_string_value(json_object_get(o, "error"));
	if (json_object_get(o, "sparkspool") == NULL)
		return "the runner's answer is not the runner's";
	if (error != NULL)
		return arena_printf(a, "the runner refuses the call: %s", error);
	if (tag != NULL && (theirs == NULL || strcmp(theirs, tag) != 0))
		return "the runner's answer belongs to another call";
	if (json_string_value(json_object_get(o, "boot")) == NULL)
		return "the runner's answer does not say whose it is";
	return NULL;
}

void runnertext_read(
    struct arena *a, struct bytes text, const char *tag, struct runner_answer *answer)
{
	*answer = (struct runner_answer){ 0 };
	json_t *o = text.p == NULL ? NULL : livy_parse(text);
	answer->error = fault_of(a, o, tag);
	if (answer->error == NULL)
		read_all(a, o, answer);
	json_decref(o);
}
