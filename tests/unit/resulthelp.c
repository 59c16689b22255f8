/* resulthelp: a job that has ended, and the files that its result is made of. */
#include "resulthelp.h"
#include "help.h"

#include "core/livy.h"
#include "core/text.h"
#include <stdlib.h>
#include <string.h>

void made_init(struct made *m)
{
	*m = (struct made){ 0 };
	arena_init(&m->arena);
	m->run = (struct run_rec){
		.session_name = (char *)"sp-1",
		.statement = 7,
		.started_ms = INT64_C(1795346319122),
		.finished_ms = INT64_C(1795346319719),
		.status = STATUS_OK,
	};
	memset(m->run.sha256, 'a', SHA256_TEXT_LEN - 1);
	m->rec = (struct job_rec){
		.id = 42,
		.name = (char *)"foo.py",
		.ident = { .size = 11, .mtime_ns = INT64_C(1795346300123456789) },
		.kind = KIND_PYSPARK,
		.attempts = 1,
		.queued_ms = INT64_C(1795346310000),
		.run = &m->run,
	};
	m->in = (struct result_input){
		.rec = &m->rec,
		.spool_path = "/spool/nightly",
		.pool = "default",
	};
}

void made_fini(struct made *m)
{
	json_decref(m->record);
	arena_fini(&m->arena);
}

void made_build_bytes(struct made *m, struct bytes answer)
{
	json_decref(m->record);
	m->in.answer = answer;
	m->count = result_build(&m->arena, &m->in, &m->file);
	ck_assert_uint_ge(m->count, 2);
	const struct bytes *json = made_file(m, ".json");
	ck_assert_ptr_nonnull(json);
	m->record = livy_parse(*json);
	ck_assert_msg(json_is_object(m->record), "%s", json->p);
}

void made_build(struct made *m, const char *answer)
{
	struct bytes none = { 0 };

	made_build_bytes(m, answer ? BYTES(answer) : none);
}

const struct bytes *made_file(const struct made *m, const char *suffix)
{
	size_t n = strlen(m->rec.name);

	for (size_t i = 0; i < m->count; i++) {
		ck_assert_int_eq(strncmp(m->file[i].name, m->rec.name, n), 0);
		if (strcmp(m->file[i].name + n, suffix) == 0)
			return &m->file[i].data;
	}
	return NULL;
}

void made_has(const struct made *m, const char *suffix, const char *text)
{
	const struct bytes *data = made_file(m, suffix);

	if (!text) {
		ck_assert_msg(data == NULL, "there is a %s", suffix);
		return;
	}
	ck_assert_msg(data != NULL, "there is no %s", suffix);
	ck_assert_str_eq(data->p, text);
	ck_assert_uint_eq(data->n, strlen(text));
}

const char *made_member(struct made *m, const char *name)
{
	const json_t *v = json_object_get(m->record, name);

	ck_assert_msg(v != NULL, "the record has no %s", name);
	return arena_take(&m->arena, json_dumps(v, JSON_COMPACT | JSON_ENCODE_ANY));
}
