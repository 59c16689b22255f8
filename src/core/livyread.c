/* livyread: a status and a body become a typed answer. */
#include "base/buf.h"
#include "core/livy.h"
#include "core/livyerror.h"
#include <assert.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define ID_BYTES_MAX 255
#define STATEMENT_MAX INT32_MAX /* Livy's own; the next one is still a number with us */

struct word {
	const char *text;
	int meaning;
};

/* The words of Livy and of the REST reference. A word that is not here is waited on with a limit:
 * LIVY_SESSION_STARTING. */
static const struct word session_word[] = {
	{ "not_started", LIVY_SESSION_STARTING },
	{ "starting", LIVY_SESSION_STARTING },
	{ "recovering", LIVY_SESSION_STARTING },
	{ "idle", LIVY_SESSION_IDLE },
	{ "running", LIVY_SESSION_IDLE },
	{ "busy", LIVY_SESSION_BUSY },
	{ "shutting_down", LIVY_SESSION_ENDING },
	{ "error", LIVY_SESSION_ERROR },
	{ "dead", LIVY_SESSION_DEAD },
	{ "killed", LIVY_SESSION_DEAD },
	{ "success", LIVY_SESSION_DEAD },
};

/* Both spellings of the last two: the answer to a cancel is itself spelled with one l. */
static const struct word statement_word[] = {
	{ "waiting", LIVY_STATEMENT_WAITING },
	{ "running", LIVY_STATEMENT_RUNNING },
	{ "available", LIVY_STATEMENT_AVAILABLE },
	{ "error", LIVY_STATEMENT_AVAILABLE },
	{ "cancelling", LIVY_STATEMENT_CANCELLING },
	{ "canceling", LIVY_STATEMENT_CANCELLING },
	{ "cancelled", LIVY_STATEMENT_CANCELLED },
	{ "canceled", LIVY_STATEMENT_CANCELLED },
};

static const char *const verdict_name[] = {
	[LIVY_OK] = "ok",
	[LIVY_NO_SESSION] = "no-session",
	[LIVY_NO_STATEMENT] = "no-statement",
	[LIVY_NOT_READY] = "not-ready",
	[LIVY_NOT_ACTIVE] = "not-active",
	[LIVY_CHANNEL_LOST] = "channel-lost",
	[LIVY_NAME_TAKEN] = "name-taken",
	[LIVY_REFUSED] = "refused",
	[LIVY_AUTH] = "auth",
	[LIVY_LATER] = "later",
	[LIVY_REDIRECT] = "redirect",
	[LIVY_UNKNOWN_CALL] = "unknown-call",
	[LIVY_SERVER_ERROR] = "server-error",
	[LIVY_GARBAGE] = "garbage",
};

const char *livy_verdict_name(enum livy_verdict v)
{
	assert(v < ARRAY_LEN(verdict_name));
	return verdict_name[v];
}

static void session_fini(struct livy_session *s)
{
	free(s->id);
	free(s->name);
	free(s->app_id);
	free(s->state_text);
	free(s->log);
}

void livy_fini(struct livy_answer *a)
{
	free(a->message);
	free(a->version);
	for (size_t i = 0; i < a->session_count; i++)
		session_fini(&a->session[i]);
	free(a->session);
	free(a->statement.code);
	free(a->statement.text);
	memset(a, 0, sizeof(*a));
}

/* ---- fields: each is NULL or a default where the member is missing or of another type -------- */

/* Fabric begins its words with a capital. */
static int word_of(const struct word *table, size_t count, const json_t *v, int otherwise)
{
	const char *s = json_string_value(v);

	for (size_t i = 0; s && i < count; i++)
		if (strcasecmp(s, table[i].text) == 0)
			return table[i].meaning;
	return otherwise;
}

/* A string that holds no NUL, malloc'ed. With a NUL in it two readers would see two different
 * strings; where names and states are compared that must not be. */
static char *text_of(const json_t *v)
{
	const char *s = json_string_value(v);

	return s && strlen(s) == json_string_length(v) ? xstrdup(s) : NULL;
}

/* A string with its length, which may hold NUL; malloc'ed, NUL-terminated. */
static char *bytes_of(const json_t *v, size_t *n)
{
	if (!json_is_string(v))
		return NULL;
	*n = json_string_length(v);
	char *p = xmalloc(*n + 1);
	memcpy(p, json_string_value(v), *n);
	p[*n] = '\0';
	return p;
}

/* The REST reference calls some whole numbers strings. */
static int64_t number_of(const json_t *v, int64_t otherwise)
{
	int64_t n = otherwise;

	if (json_is_integer(v))
		return json_integer_value(v);
	if (json_is_string(v) && str_to_i64(json_string_value(v), INT64_MIN, INT64_MAX, &n) < 0)
		return otherwise;
	return n;
}

/* An id becomes part of a path, and one of dots alone would lead out of it. */
static bool id_is_usable(const char *id)
{
	return *id && strlen(id) <= ID_BYTES_MAX && strspn(id, ".") < strlen(id);
}

static char *id_of(const json_t *v)
{
	if (json_is_integer(v))
		return xasprintf("%lld", (long long)json_integer_value(v));
	char *id = text_of(v);
	if (id && !id_is_usable(id)) {
		free(id);
		id = NULL;
	}
	return id;
}

/* An element of another type still takes its line. */
static char *log_of(const json_t *v)
{
	struct buf log;

	if (json_array_size(v) == 0)
		return NULL;
	buf_init(&log, SIZE_MAX - 1);
	for (size_t i = 0; i < json_array_size(v); i++) {
		const char *line = json_string_value(json_array_get(v, i));

		if (i > 0)
			(void)buf_addc(&log, '\n');
		(void)buf_adds(&log, line ? line : "");
	}
	return buf_steal(&log, NULL);
}

/* ---- answers --------------------------------------------------------------------------------- */

/* Starts again: nothing that was read before counts. */
static void garbage(int status, struct bytes body, struct livy_answer *a)
{
	livy_fini(a);
	a->verdict = LIVY_GARBAGE;
	a->message = livy_error_message(status, body);
	a->statement.id = -1;
}

/* The tree of a success, to be released with json_decref(); NULL: the verdict says what it is. */
static json_t *begin(int status, struct bytes body, struct livy_answer *a)
{
	assert(status >= 0);
	memset(a, 0, sizeof(*a));
	a->statement.id = -1;
	if (status < 200 || status > 299) {
		a->verdict = livy_error(status, body, &a->message);
		return NULL;
	}
	json_t *tree = livy_parse(body);
	if (json_is_object(tree))
		return tree;
	json_decref(tree);
	garbage(status, body, a);
	return NULL;
}

static void sessions_new(struct livy_answer *a, size_t count)
{
	assert(!a->session);
	a->session = count > 0 ? xcalloc(count, sizeof(*a->session)) : NULL;
	a->session_count = count;
}

/* Only the id has to be there: what cannot be named cannot be used. */
static bool session_of(const json_t *v, struct livy_session *s)
{
	const json_t *state = json_object_get(v, "state");

	s->id = id_of(json_object_get(v, "id"));
	s->name = text_of(json_object_get(v, "name"));
	s->app_id = text_of(json_object_get(v, "appId"));
	s->state_text = text_of(state);
	s->state = (enum livy_session_state)word_of(
	    session_word, ARRAY_LEN(session_word), state, LIVY_SESSION_STARTING);
	s->log = log_of(json_object_get(v, "log"));
	return s->id != NULL;
}

void livy_read_version(int status, struct bytes body, struct livy_answer *a)
{
	json_t *tree = begin(status, body, a);

	if (!tree)
		return;
	a->version = text_of(json_object_get(tree, "version"));
	if (!a->version)
		garbage(status, body, a);
	json_decref(tree);
}

void livy_read_session(int status, struct bytes body, struct livy_answer *a)
{
	json_t *tree = begin(status, body, a);

	if (!tree)
		return;
	sessions_new(a, 1);
	if (!session_of(tree, &a->session[0]))
		garbage(status, body, a);
	json_decref(tree);
}

/* One element that cannot be read spoils the list: it could be the one that is looked for, and
 * "not there" has consequences. */
void livy_read_sessions(int status, struct bytes body, struct livy_answer *a)
{
	json_t *tree = begin(status, body, a);
	bool ok = true;

	if (!tree)
		return;
	const json_t *list = json_object_get(tree, "sessions");
	size_t count = json_array_size(list);
	sessions_new(a, count);
	for (size_t i = 0; i < count; i++)
		ok = session_of(json_array_get(list, i), &a->session[i]) && ok;
	a->total = number_of(json_object_get(tree, "total"), (int64_t)count);
	if (!ok || !json_is_array(list))
		garbage(status, body, a);
	json_decref(tree);
}

/* The id is not asked for here: the path has named the session. */
void livy_read_state(int status, struct bytes body, struct livy_answer *a)
{
	json_t *tree = begin(status, body, a);

	if (!tree)
		return;
	sessions_new(a, 1);
	(void)session_of(tree, &a->session[0]);
	if (!a->session[0].state_text)
		garbage(status, body, a);
	json_decref(tree);
}

void livy_read_log(int status, struct bytes body, struct livy_answer *a)
{
	json_t *tree = begin(status, body, a);

	if (!tree)
		return;
	sessions_new(a, 1);
	(void)session_of(tree, &a->session[0]);
	if (!json_is_array(json_object_get(tree, "log")))
		garbage(status, body, a);
	json_decref(tree);
}

static double progress_of(const json_t *v)
{
	double p = json_number_value(v);

	if (p > 1.0)
		return 1.0;
	return p > 0.0 ? p : 0.0;
}

/* As for sessions, only the id has to be there: a server of the reference's age says little else. */
static bool statement_of(const json_t *v, struct livy_statement *s)
{
	const json_t *output = json_object_get(v, "output");
	const char *status = json_string_value(json_object_get(output, "status"));
	const json_t *data = json_object_get(output, "data");

	s->id = number_of(json_object_get(v, "id"), -1);
	s->state = (enum livy_statement_state)word_of(statement_word, ARRAY_LEN(statement_word),
	    json_object_get(v, "state"), LIVY_STATEMENT_WAITING);
	s->progress = progress_of(json_object_get(v, "progress"));
	s->started_ms = number_of(json_object_get(v, "started"), 0);
	s->unbegun = number_of(json_object_get(v, "started"), -1) == 0;
	s->completed_ms = number_of(json_object_get(v, "completed"), 0);
	s->code = bytes_of(json_object_get(v, "code"), &s->code_bytes);
	s->output = output && !json_is_null(output);
	s->failed = status && strcmp(status, "error") == 0;
	s->text = bytes_of(json_object_get(data, "text/plain"), &s->text_bytes);
	return s->id >= 0 && s->id <= STATEMENT_MAX;
}

void livy_read_statement(int status, struct bytes body, struct livy_answer *a)
{
	json_t *tree = begin(status, body, a);

	if (!tree)
		return;
	if (!statement_of(tree, &a->statement))
		garbage(status, body, a);
	json_decref(tree);
}

/* What lies beside it may be large, and none of our concern, even where no parser would take it. */
static bool read_cut_statement(int status, struct bytes body, int64_t id, struct livy_answer *a)
{
	struct bytes element;

	if (status < 200 || status > 299 || !livy_cut_statement(body, id, &element))
		return false;
	livy_read_statement(status, element, a);
	if (a->verdict == LIVY_OK && a->statement.id == id)
		return true;
	livy_fini(a);
	return false;
}

/* A list without the statement is no proof that it never was: only the newest are kept. One that cannot
 * be read as a whole is not even a list without it: its element might be spelled in another way. */
void livy_read_statement_of_list(int status, struct bytes body, int64_t id, struct livy_answer *a)
{
	if (read_cut_statement(status, body, id, a))
		return;
	json_t *tree = begin(status, body, a);
	const json_t *list = json_object_get(tree, "statements");

	if (!tree)
		return;
	a->verdict = LIVY_NO_STATEMENT;
	for (size_t i = 0; i < json_array_size(list) && a->verdict != LIVY_OK; i++) {
		const json_t *v = json_array_get(list, i);

		if (number_of(json_object_get(v, "id"), -1) != id)
			continue;
		if (statement_of(v, &a->statement))
			a->verdict = LIVY_OK;
	}
	if (!json_is_array(list))
		garbage(status, body, a);
	json_decref(tree);
}

/* Some servers say nothing at all after a DELETE. */
void livy_read_done(int status, struct bytes body, struct livy_answer *a)
{
	if (status >= 200 && status <= 299 && body.n == 0) {
		memset(a, 0, sizeof(*a));
		a->statement.id = -1;
		return;
	}
	json_decref(begin(status, body, a));
}
