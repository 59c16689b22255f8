/* worldserver: Livy as far as the core can see it: sessions, statements, its own words. */
#include "world.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TAKES_MS 200
#define TOKEN_MS 20
#define FENCE_MS 300000
#define CANCEL_MS 300
#define CANCEL_FORCED_MS 30000 /* facts: `cancelling` for 30 s, then `cancelled` while it runs on */

/* ---- codes ----------------------------------------------------------------------------------- */

/* Behind what it says of itself. */
static const char *body_of(const struct world_statement *st)
{
	static const char *const mark[] = { "#", "--", "//" };
	const char *line = strchr(st->code, '\n');
	for (size_t i = 0; line != NULL && i < ARRAY_LEN(mark); i++)
		if (strncmp(st->code, mark[i], strlen(mark[i])) == 0)
			return line + 1;
	return st->code;
}

static bool does(const struct world_statement *st, const char *word)
{
	size_t n = strlen(word);
	const char *body = body_of(st);
	return strncmp(body, word, n) == 0 && (body[n] == ' ' || body[n] == '\0');
}

static int64_t takes_ms(const struct world_statement *st)
{
	if (does(st, "sleep") || does(st, "die") || does(st, "deaf"))
		return strtol(body_of(st) + strcspn(body_of(st), " "), NULL, 10);
	return TAKES_MS;
}

/* ---- outputs -------------------------------------------------------------------------------- */

static char *dumped(json_t *tree)
{
	char *text = json_dumps(tree, JSON_COMPACT);
	ck_assert_ptr_nonnull(text);
	json_decref(tree);
	return text;
}

static char *failure(int n, const char *ename, const char *evalue)
{
	return dumped(json_pack("{s:s,s:i,s:s,s:s,s:[]}", "status", "error", "execution_count", n,
	    "ename", ename, "evalue", evalue, "traceback"));
}

static char *success(const char *kind, int n, const char *text)
{
	if (str_eq(kind, "sql"))
		return dumped(json_pack("{s:s,s:i,s:{s:{s:{s:s,s:[{s:s,s:s,s:b,s:{}}]},s:[[s]]}}}",
		    "status", "ok", "execution_count", n, "data", "application/json", "schema",
		    "type", "struct", "fields", "name", "a", "type", "string", "nullable", 0,
		    "metadata", "data", text));
	char *shown = xasprintf(str_eq(kind, "sparkr")	? "[1] \"%s\""
				: str_eq(kind, "spark") ? "%s\n"
							: "%s",
	    text);
	char *output = dumped(json_pack("{s:s,s:i,s:{s:s}}", "status", "ok", "execution_count", n,
	    "data", "text/plain", shown));
	free(shown);
	return output;
}

static char *output_of(struct world *w, const struct world_server *sv, struct world_session *s,
    const struct world_statement *st)
{
	int n = (int)(st - s->statement);
	char token[TOKEN_TEXT_LEN];
	if (sv->start == START_LIMP || s->limp)
		return failure(n, "InterpreterError", "Fail to start interpreter");
	if (st->call != NULL && runner_chokes(sv, st->call))
		return failure(n, "RecursionError", "too deep");
	if (st->call != NULL) {
		char *text = runner_output(w, sv, s, st->call);
		if (text == NULL)
			return failure(n, "NameError", "name '_sparkspool_call' is not defined");
		char *output = success(s->kind, n, text);
		free(text);
		return output;
	}
	if (server_token_of(st->code, token))
		return success(s->kind, n, sv->start == START_ODD ? "huh" : token);
	if (does(st, "fail"))
		return failure(n, "ZeroDivisionError", "division by zero");
	if (does(st, "null"))
		return xstrdup("null");
	if (does(st, "json"))
		return xstrdup(body_of(st) + 5);
	return success(s->kind, n, st->code);
}

/* ---- time ----------------------------------------------------------------------------------- */

static void start(struct world *w, struct world_server *sv, struct world_session *s,
    struct world_statement *st, int64_t at_ms)
{
	st->started_ms = at_ms;
	st->state = "running";
	if (st->call != NULL && !s->limp)
		st->takes_ms = runner_begin(w, sv, s, st, at_ms);
	if (st->ours || s->limp) {
		s->dead = s->dead || sv->start == START_MORTAL;
		return;
	}
	(void)buf_addf(&w->trace, "(ran %s)\n", st->code);
	sv->ran = xrealloc(sv->ran, (sv->ran_count + 1) * sizeof(*sv->ran));
	sv->ran[sv->ran_count++] = xstrdup(st->code);
}

static void finish(struct world *w, const struct world_server *sv, struct world_session *s,
    struct world_statement *st)
{
	char *output = output_of(w, sv, s, st);
	if (does(st, "die")) {
		s->dead = true;
		free(output);
		return;
	}
	if (does(st, "slip") || s->slipped != NULL) {
		st->output = s->slipped != NULL ? s->slipped
						: failure(0, "JSONDecodeError", "Expecting value");
		s->slipped = output;
	} else {
		st->output = output;
	}
	st->state = "available";
	s->free_ms = st->started_ms + st->takes_ms;
}

static bool is_over(const struct world_statement *st)
{
	return st->output != NULL || str_eq(st->state, "cancelled");
}

/* False when the next one has to wait for it. */
static bool advance_statement(
    struct world *w, struct world_server *sv, struct world_session *s, struct world_statement *st)
{
	int64_t now = w->now.mono_ms;
	int64_t at = st->posted_ms > s->free_ms ? st->posted_ms : s->free_ms;
	if (is_over(st))
		return true;
	if (st->started_ms < 0 && now < at)
		return false;
	if (st->started_ms < 0)
		start(w, sv, s, st, at);
	if (s->dead)
		return false;
	bool deaf = does(st, "deaf");
	if (st->cancel_ms >= 0 && now >= st->cancel_ms + (deaf ? CANCEL_FORCED_MS : CANCEL_MS)) {
		st->state = "cancelled";
		s->free_ms = deaf ? st->started_ms + st->takes_ms : st->cancel_ms + CANCEL_MS;
		return true;
	}
	if (now >= st->started_ms + st->takes_ms)
		finish(w, sv, s, st);
	return is_over(st);
}

static void advance_session(struct world *w, struct world_server *sv, struct world_session *s)
{
	int64_t now = w->now.mono_ms;
	s->visible = s->visible || now >= s->visible_ms;
	if (s->starting && now >= s->idle_ms) {
		s->starting = false;
		s->dead = s->dead || sv->start == START_DEAD;
	}
	runner_advance(s, now);
	while (s->over < s->count && is_over(&s->statement[s->over]))
		s->over++;
	for (int i = s->over; i < s->count && !s->dead && !s->starting; i++)
		if (!advance_statement(w, sv, s, &s->statement[i]))
			break;
}

/* As Livy does by default (skip-busy=false): whether something runs in it makes no difference. */
static bool is_forsaken(
    const struct world *w, const struct world_server *sv, const struct world_session *s)
{
	bool idle = sv->idle_timeout_ms > 0 && w->now.mono_ms - s->active_ms > sv->idle_timeout_ms;
	return idle || (s->heartbeat_ms > 0 && w->now.mono_ms - s->heard_ms > s->heartbeat_ms);
}

void server_advance(struct world *w, struct world_server *sv)
{
	size_t server = (size_t)(sv - w->server);
	for (size_t i = 0; i < sv->count; i++)
		advance_session(w, sv, sv->session[i]);
	for (size_t i = sv->count; i-- > 0;) {
		if (!is_forsaken(w, sv, sv->session[i]))
			continue;
		if (w->forsaken != NULL)
			w->forsaken(w, server, sv->session[i], w->fate_arg);
		world_collect(w, server, i);
	}
}

/* ---- birth and death ------------------------------------------------------------------------ */

static void session_drop(struct world_session *s)
{
	for (int i = 0; i < s->count; i++) {
		free(s->statement[i].code);
		free(s->statement[i].echo);
		json_decref(s->statement[i].call);
		free(s->statement[i].output);
	}
	free(s->statement);
	runner_fini(s->runner);
	free(s->slipped);
	free(s->name);
	free(s->kind);
	free(s);
}

static void forget_sessions(struct world_server *sv)
{
	for (size_t i = 0; i < sv->count; i++)
		session_drop(sv->session[i]);
	sv->count = 0;
	sv->next_id = 0;
}

void server_fini(struct world_server *sv)
{
	forget_sessions(sv);
	for (size_t i = 0; i < sv->ran_count; i++)
		free(sv->ran[i]);
	free(sv->session);
	free(sv->ran);
}

void world_restart(struct world *w, size_t server, int64_t ms)
{
	for (size_t i = 0; i < w->server[server].count; i++)
		w->server[server].session[i]->recovered_ms = w->now.mono_ms + ms;
	net_cut(w, server);
}

void world_forgetful_restart(struct world *w, size_t server)
{
	forget_sessions(&w->server[server]);
	net_cut(w, server);
}

static struct world_session *session_add(struct world *w, struct world_server *sv)
{
	struct world_session *s = xcalloc(1, sizeof(*s));
	s->id = sv->next_id++;
	s->starting = true;
	s->visible_ms = w->now.mono_ms + sv->create_ms;
	s->idle_ms = s->visible_ms + sv->start_ms;
	s->free_ms = s->idle_ms;
	s->active_ms = s->heard_ms = w->now.mono_ms;
	sv->session = xrealloc(sv->session, (sv->count + 1) * sizeof(struct world_session *));
	sv->session[sv->count++] = s;
	return s;
}

void world_stranger(struct world *w, size_t server)
{
	struct world_session *s = session_add(w, &w->server[server]);
	s->kind = xstrdup("pyspark");
	s->stranger = true;
	s->idle_ms = s->free_ms = s->visible_ms = w->now.mono_ms;
	advance_session(w, &w->server[server], s);
}

/* ---- answers -------------------------------------------------------------------------------- */

static char *msg(const char *text)
{
	return dumped(json_pack("{s:s}", "msg", text));
}

static const char *state_of(const struct world *w, const struct world_session *s)
{
	if (s->dead)
		return "dead";
	if (w->now.mono_ms < s->recovered_ms)
		return "recovering";
	if (s->starting)
		return "starting";
	return s->count > 0 && !is_over(&s->statement[s->count - 1]) ? "busy" : "idle";
}

static json_t *session_json(
    const struct world *w, const struct world_server *sv, const struct world_session *s)
{
	json_t *o = json_pack("{s:i,s:n,s:n,s:n,s:s,s:s,s:{s:n,s:n},s:[s,s]}", "id", s->id, "appId",
	    "owner", "proxyUser", "state", state_of(w, s), "kind", s->kind, "appInfo",
	    "driverLogUrl", "sparkUiUrl", "log", "stdout: ", "\nstderr: ");
	ck_assert_ptr_nonnull(o);
	if (sv->version != NULL && s->name != NULL)
		json_object_set_new(o, "name", json_string(s->name));
	return o;
}

static const char *echo_of(const struct world_server *sv, struct world_statement *st)
{
	if (sv->version == NULL)
		return "";
	if (st->echo == NULL) {
		char *code = dumped(json_pack("{s:s}", "code", st->code));
		st->echo = xasprintf("%.*s,", (int)strlen(code) - 2, code + 1);
		free(code);
	}
	return st->echo;
}

static void add_statement(struct buf *b, const struct world_server *sv, const struct world *w,
    const struct world_session *s, int n)
{
	struct world_statement *st = &s->statement[n];
	int64_t epoch = w->now.real_ms - w->now.mono_ms;
	const char *state = st->cancel_ms >= 0 && !is_over(st) ? "cancelling" : st->state;
	(void)buf_addf(b, "{\"id\":%d,", n);
	(void)buf_adds(b, echo_of(sv, st));
	(void)buf_addf(b, "\"state\":\"%s\",\"output\":", state);
	(void)buf_adds(b, st->output == NULL ? "null" : st->output);
	(void)buf_addf(b, ",\"progress\":%s,\"started\":%lld,\"completed\":%lld}",
	    st->output == NULL ? "0.0" : "1.0",
	    (long long)(st->started_ms < 0 ? 0 : st->started_ms + epoch),
	    (long long)(st->output == NULL ? 0 : st->started_ms + st->takes_ms + epoch));
}

static char *statement_text(
    const struct world_server *sv, const struct world *w, const struct world_session *s, int n)
{
	struct buf b;
	buf_init(&b, 64u << 20);
	add_statement(&b, sv, w, s, n);
	return buf_steal(&b, NULL);
}

static int list_sessions(
    const struct world *w, const struct world_server *sv, const char *query, char **body)
{
	int from = 0;
	int size = 100;
	(void)sscanf(query, "?from=%d&size=%d", &from, &size);
	json_t *list = json_array();
	int total = 0;
	for (size_t i = 0; i < sv->count; i++) {
		if (!sv->session[i]->visible)
			continue;
		if (total >= from && total < from + size)
			json_array_append_new(list, session_json(w, sv, sv->session[i]));
		total++;
	}
	*body = dumped(json_pack("{s:i,s:i,s:o}", "from", from, "total", total, "sessions", list));
	return 200;
}

static int list_statements(const struct world_server *sv, const struct world *w,
    const struct world_session *s, char **body)
{
	struct buf b;
	buf_init(&b, 64u << 20);
	int from = s->count > sv->retained ? s->count - sv->retained : 0;
	(void)buf_addf(&b, "{\"total_statements\":%d,\"statements\":[", s->count - from);
	for (int i = from; i < s->count; i++) {
		(void)buf_adds(&b, i == from ? "" : ",");
		add_statement(&b, sv, w, s, i);
	}
	(void)buf_adds(&b, "]}");
	*body = buf_steal(&b, NULL);
	return 200;
}

static int create(struct world *w, struct world_server *sv, struct bytes body, char **reply)
{
	json_t *tree = json_loadb(body.p, body.n, 0, NULL);
	const char *name = json_string_value(json_object_get(tree, "name"));
	int status = 400;
	ck_assert_msg(name == NULL || sv->version != NULL, "a name for a server without names");
	for (size_t i = 0; i < sv->count && *reply == NULL; i++)
		if (name != NULL && str_eq(sv->session[i]->name, name))
			*reply = msg("Rejected, Reason: Duplicate session name: Some(x)");
	if (*reply == NULL && sv->sessions_max > 0 && (int)sv->count >= sv->sessions_max)
		*reply = msg("Rejected, too many sessions are being created!");
	if (*reply == NULL) {
		struct world_session *s = session_add(w, sv);
		s->name = xstrdup(name);
		s->kind = xstrdup(json_string_value(json_object_get(tree, "kind")));
		s->heartbeat_ms =
		    json_integer_value(json_object_get(tree, "heartbeatTimeoutInSecond")) * 1000;
		sv->created++;
		*reply = dumped(session_json(w, sv, s));
		status = 201;
	}
	json_decref(tree);
	return status;
}

static struct world_statement *statement_add(
    const struct world *w, struct world_session *s, char *code)
{
	s->statement = xrealloc(s->statement, (size_t)(s->count + 1) * sizeof(*s->statement));
	struct world_statement *st = &s->statement[s->count++];
	*st = (struct world_statement){ .code = code,
		.state = "waiting",
		.posted_ms = w->now.mono_ms,
		.started_ms = -1,
		.cancel_ms = -1 };
	return st;
}

void world_intrude(struct world *w, size_t server, size_t n)
{
	ck_assert_uint_lt(n, w->server[server].count);
	struct world_session *s = w->server[server].session[n];
	struct world_statement *st = statement_add(w, s, xstrdup("somebody else's"));
	st->ours = true; /* no file's, at least */
	st->takes_ms = TAKES_MS;
	s->shared = true;
}

static int in_state(const struct world *w, const struct world_session *s, char **reply)
{
	*reply = xasprintf(
	    "\"java.lang.IllegalStateException: Session is in state %s\"", state_of(w, s));
	return 500;
}

static int submit(struct world *w, struct world_server *sv, struct world_session *s,
    struct bytes body, char **reply)
{
	char token[TOKEN_TEXT_LEN];
	if (s->starting || s->dead)
		return in_state(w, s, reply);
	struct world_statement *st = statement_add(w, s, server_code_of(body));
	bool fence = server_is_fence(st->code);
	st->call = server_is_runner(st->code) ? server_call_of(st->code) : NULL;
	st->ours = fence || st->call != NULL || server_token_of(st->code, token);
	st->takes_ms = fence ? FENCE_MS : st->ours ? TOKEN_MS : takes_ms(st);
	*reply = statement_text(sv, w, s, s->count - 1);
	return 201;
}

static void cancel(struct world *w, struct world_session *s, int n)
{
	if (n >= s->count || is_over(&s->statement[n]) || s->statement[n].cancel_ms >= 0)
		return;
	s->statement[n].cancel_ms = w->now.mono_ms;
	if (s->statement[n].started_ms < 0)
		s->statement[n].state = "cancelled";
}

static int one_statement(struct world *w, struct world_server *sv, struct world_session *s,
    const char *rest, char **reply)
{
	int n = 0;
	int used = 0;
	if (sv->list_only) {
		*reply = xstrdup("<html><head><title>Not Found</title></head></html>");
		return 404;
	}
	ck_assert_int_eq(sscanf(rest, "/statements/%d%n", &n, &used), 1);
	if (str_eq(rest + used, "/cancel")) {
		cancel(w, s, n);
		*reply = msg("canceled");
		return 200;
	}
	if (s->dead) {
		*reply = msg("requirement failed: Session isn't active.");
		return 400;
	}
	if (n >= s->count || n < s->count - sv->retained) {
		*reply = xstrdup("\"Statement not found\"");
		return 404;
	}
	*reply = statement_text(sv, w, s, n);
	return 200;
}

static void drop(struct world_server *sv, struct world_session *s)
{
	size_t at = 0;
	while (sv->session[at] != s)
		at++;
	session_drop(s);
	memmove(&sv->session[at], &sv->session[at + 1],
	    (--sv->count - at) * sizeof(struct world_session *));
	sv->deleted++;
}

void world_collect(struct world *w, size_t server, size_t n)
{
	struct world_server *sv = &w->server[server];
	ck_assert_uint_lt(n, sv->count);
	drop(sv, sv->session[n]);
	sv->deleted--;
}

static struct world_session *by_key(const struct world_server *sv, const char *key)
{
	char *end;
	long id = strtol(key, &end, 10);
	bool number = end != key && *end == '\0';
	for (size_t i = 0; i < sv->count; i++) {
		struct world_session *s = sv->session[i];
		bool named = sv->version != NULL && s->name != NULL && str_eq(s->name, key);
		if (s->visible && (named || (number && id == s->id)))
			return s;
	}
	return NULL;
}

static int of_session(struct world *w, struct world_server *sv, struct world_session *s,
    const struct fx_http *http, const char *rest, char **reply)
{
	s->touched += http->method != HTTP_GET;
	s->heard_ms = w->now.mono_ms;
	if (http->method == HTTP_POST)
		s->active_ms = w->now.mono_ms;
	if (http->method == HTTP_DELETE && s->stranger) {
		*reply = msg("deleted"); /* it stays, so that it can be seen who has done it */
	} else if (http->method == HTTP_DELETE) {
		drop(sv, s);
		*reply = msg("deleted");
	} else if (*rest == '\0') {
		*reply = dumped(session_json(w, sv, s));
	} else if (str_eq(rest, "/connect")) {
		*reply = dumped(session_json(w, sv, s));
	} else if (strncmp(rest, "/log", 4) == 0) {
		*reply = xasprintf(
		    "{\"id\":%d,\"from\":0,\"total\":1,\"log\":[\"no space left\"]}", s->id);
	} else if (w->now.mono_ms < s->recovered_ms) {
		return in_state(w, s, reply);
	} else if (s->closed && !s->dead) {
		*reply = xstrdup("\"java.lang.IllegalStateException: RPC channel is closed.\"");
		return 500;
	} else if (strncmp(rest, "/statements/", 12) == 0) {
		return one_statement(w, sv, s, rest, reply);
	} else if (http->method == HTTP_POST) {
		return submit(w, sv, s, http->body, reply);
	} else if (s->dead) {
		*reply = msg("requirement failed: Session isn't active.");
		return 400;
	} else {
		return list_statements(sv, w, s, reply);
	}
	return 200;
}

int server_answer(struct world *w, size_t server, const struct fx_http *http, char **body)
{
	struct world_server *sv = &w->server[server];
	const char *path = http->path;
	*body = NULL;
	server_advance(w, sv);
	if (str_eq(path, "/version") && sv->version != NULL) {
		*body = dumped(json_pack("{s:s,s:s}", "branch", "x", "version", sv->version));
		return 200;
	}
	if (str_eq(path, "/version")) {
		*body = xstrdup("<html><head><title>Not Found</title></head></html>");
		return 404;
	}
	if (str_eq(path, "/sessions"))
		return create(w, sv, http->body, body);
	if (strncmp(path, "/sessions?", 10) == 0)
		return list_sessions(w, sv, path + 9, body);
	ck_assert_msg(strncmp(path, "/sessions/", 10) == 0, "what is %s?", path);
	char *key = xstrndup(path + 10, strcspn(path + 10, "/"));
	struct world_session *s = by_key(sv, key);
	char *words = xasprintf("Session '%s' not found.", key);
	int status = 404;
	if (s != NULL)
		status = of_session(w, sv, s, http, path + 10 + strlen(key), body);
	else
		*body = msg(words);
	free(key);
	free(words);
	return status;
}
