/* tape: the recordings of a real Livy 0.10 with Spark 3.5, one by one. */
#include "tape.h"
#include "help.h"

#include <stdlib.h>
#include <string.h>

const char *tape_text(const json_t *o, const char *key)
{
	const char *s = json_string_value(json_object_get(o, key));

	return s ? s : "";
}

static void tape_add(struct tape *t, const char *p, size_t n)
{
	ck_assert_uint_lt(t->count, RECORDINGS_MAX);
	json_t *line = json_loadb(p, n, JSON_ALLOW_NUL, NULL);
	ck_assert_ptr_nonnull(line);
	const json_t *request = json_object_get(line, "request");
	const json_t *response = json_object_get(line, "response");
	const json_t *body = json_object_get(response, "body");
	t->line[t->count] = line;
	t->r[t->count++] = (struct recording){
		.note = tape_text(line, "note"),
		.method = tape_text(request, "method"),
		.path = tape_text(request, "path"),
		.request = json_object_get(request, "body"),
		.status = (int)json_integer_value(json_object_get(response, "status")),
		.body = { json_string_value(body), json_string_length(body) },
		.cut = json_is_true(json_object_get(response, "body_cut")),
	};
}

struct tape *tape_load(void)
{
	struct tape *t = xcalloc(1, sizeof(*t));
	char *path = help_path(help_data_dir(), "livy-0.10-spark-3.5.jsonl");
	char *text = help_read_file(path, NULL);

	for (char *p = text; *p;) {
		size_t n = strcspn(p, "\n");

		if (n > 0)
			tape_add(t, p, n);
		p += n + (p[n] == '\n');
	}
	ck_assert_uint_eq(t->count, 198);
	free(text);
	free(path);
	return t;
}

void tape_free(struct tape *t)
{
	for (size_t i = 0; i < t->count; i++)
		json_decref(t->line[i]);
	free(t);
}

/* ---- which call it was ----------------------------------------------------------------------- */

static bool contains(const char *s, const char *part)
{
	return strstr(s, part) != NULL;
}

enum call tape_call(const struct recording *r)
{
	const char *p = r->path;
	bool post = strcmp(r->method, "POST") == 0;

	if (strcmp(r->method, "DELETE") == 0 || str_ends_with(p, "/cancel"))
		return CALL_DONE;
	if (strcmp(p, "/version") == 0)
		return CALL_VERSION;
	if (strncmp(p, "/sessions", 9) != 0)
		return CALL_OTHER;
	if (contains(p, "/statements/"))
		return CALL_STATEMENT;
	if (contains(p, "/statements"))
		return post ? CALL_POST : CALL_STATEMENTS;
	if (contains(p, "/state"))
		return CALL_STATE;
	if (contains(p, "/log"))
		return CALL_LOG;
	if (post)
		return CALL_CREATE;
	return p[9] == '/' ? CALL_SESSION : CALL_LIST;
}

void tape_read(enum call call, int status, struct bytes body, struct livy_answer *a)
{
	switch (call) {
	case CALL_CREATE:
	case CALL_SESSION:
		livy_read_session(status, body, a);
		break;
	case CALL_LIST:
		livy_read_sessions(status, body, a);
		break;
	case CALL_STATE:
		livy_read_state(status, body, a);
		break;
	case CALL_LOG:
		livy_read_log(status, body, a);
		break;
	case CALL_POST:
	case CALL_STATEMENT:
		livy_read_statement(status, body, a);
		break;
	case CALL_STATEMENTS:
		livy_read_statement_of_list(status, body, 1, a);
		break;
	case CALL_VERSION:
		livy_read_version(status, body, a);
		break;
	case CALL_DONE:
	case CALL_OTHER:
		livy_read_done(status, body, a);
		break;
	}
}
