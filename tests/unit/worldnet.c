/* worldnet: the way to the servers and back, what befalls requests on it, and what the ledger must
 * hold before each of them. */
#include "world.h"

#include "core/core.h"
#include <fnmatch.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LATENCY_MS 5
#define LOST_MS 1000

/* ---- codes ---------------------------------------------------------------------------------- */

char *server_code_of(struct bytes body)
{
	json_t *tree = json_loadb(body.p, body.n, JSON_ALLOW_NUL, NULL);
	const char *code = json_string_value(json_object_get(tree, "code"));
	ck_assert_ptr_nonnull(code);
	char *copy = xstrdup(code);
	json_decref(tree);
	return copy;
}

bool server_token_of(const char *code, char token[TOKEN_TEXT_LEN])
{
	static const char *const form[] = { "print(\"%32[0-9a-f]\")%n",
		"println(\"%32[0-9a-f]\")%n", "select '%32[0-9a-f]' as sparkspool%n",
		"\"%32[0-9a-f]\"%n" };
	for (size_t i = 0; i < ARRAY_LEN(form); i++) {
		int n = 0;
		if (strncmp(code, form[i], strcspn(form[i], "%")) != 0)
			continue; /* sscanf() measures all of the text first */
/* The forms are constants above. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
		(void)sscanf(code, form[i], token, &n);
#pragma GCC diagnostic pop
		if (n > 0 && code[n] == '\0' && strlen(token) == TOKEN_TEXT_LEN - 1)
			return true;
	}
	return false;
}

/* What core/fence posts: a sleep that bears the session's token. */
bool server_is_fence(const char *code)
{
	return strncmp(code, "import time; time.sleep(300) # ", 31) == 0 ||
	       strncmp(code, "Thread.sleep(300000) // ", 24) == 0 ||
	       strncmp(code, "select java_method('java.lang.Thread', 'sleep', ", 48) == 0 ||
	       strncmp(code, "Sys.sleep(300) # ", 17) == 0;
}

/* ---- faults --------------------------------------------------------------------------------- */

void world_fault(struct world *w, struct world_fault fault)
{
	ck_assert_uint_lt(w->faults, ARRAY_LEN(w->fault));
	if (fault.times == 0)
		fault.times = 1;
	w->fault[w->faults++] = fault;
}

void world_mend(struct world *w)
{
	w->faults = 0;
}

static bool befalls(const struct world_fault *f, const struct fx_http *http)
{
	return f->times != 0 && f->server == http->tag.endpoint && f->method == http->method &&
	       (f->path == NULL || fnmatch(f->path, http->path, FNM_PATHNAME) == 0) &&
	       (f->body == NULL || (http->body.p != NULL && strstr(http->body.p, f->body) != NULL));
}

/* The fault that befalls this request, or one that does nothing. */
static struct world_fault fault_of(struct world *w, const struct fx_http *http)
{
	for (size_t i = 0; i < w->faults; i++) {
		struct world_fault *f = &w->fault[i];
		if (!befalls(f, http))
			continue;
		if (f->skip > 0) {
			f->skip--;
			continue;
		}
		if (f->times > 0)
			f->times--;
		return *f;
	}
	if (w->fate != NULL)
		return w->fate(w, http, w->fate_arg);
	return (struct world_fault){ .fate = FATE_WELL };
}

/* ---- what must have been committed ----------------------------------------------------------- */

static const struct world_row *row_sent_as(
    const struct world *w, uint64_t session, const char *code)
{
	for (size_t i = 0; i < w->ledger.jobs; i++) {
		const struct world_row *row = &w->ledger.job[i];
		if (row->rec.state == JOB_SENDING && row->rec.run->session == session &&
		    row->code != NULL && str_eq(row->code, code))
			return row;
	}
	return NULL;
}

/* As far as its server has one by then: before that it says "not found". */
static struct world_session *server_side(const struct world *w, const struct fx_http *http)
{
	const struct session_rec *rec = ledger_session(&w->ledger, http->tag.session);
	const struct world_server *sv = &w->server[http->tag.endpoint];
	for (size_t i = 0; rec != NULL && i < sv->count; i++) {
		struct world_session *s = sv->session[i];
		if (w->now.mono_ms < s->visible_ms)
			continue;
		if (sv->version != NULL
			? str_eq(s->name, rec->name)
			: rec->livy_id != NULL && strtol(rec->livy_id, NULL, 10) == s->id)
			return s;
	}
	return NULL;
}

/* One file at a time, and of one owner where owners are separate. */
static void check_company(const struct world *w, const struct fx_http *http, uint32_t uid)
{
	struct world_session *s = server_side(w, http);
	const struct session_rec *rec = ledger_session(&w->ledger, http->tag.session);
	for (int i = 0; s != NULL && i < s->count; i++)
		ck_assert_msg(s->statement[i].ours || s->statement[i].output != NULL ||
				  str_eq(s->statement[i].state, "cancelled"),
		    "a file was sent while another one ran");
	if (s == NULL || w->pool[rec->pool].owners == OWNERS_SHARED)
		return;
	ck_assert_msg(s->uid == 0 || s->uid == uid, "a session served two owners");
	s->uid = uid;
}

/* By the pool's settings, old and new: what was sent before a reload is sent again as it was. */
static bool is_for_one(const struct world *w, size_t pool)
{
	bool fresh = true;
	for (size_t i = 0; i < w->reloads && i < ARRAY_LEN(w->in_force); i++)
		fresh = fresh && w->in_force[i].pool[pool].isolation == ISOLATION_FRESH;
	return fresh;
}

static const struct world_row *row_by_token(const struct world *w, const char *token)
{
	const struct world_row *row = NULL;
	for (size_t k = 0; k < w->ledger.jobs; k++)
		if (w->ledger.job[k].rec.run != NULL &&
		    str_eq(w->ledger.job[k].rec.run->token, token))
			row = &w->ledger.job[k];
	return row;
}

/* A runner may forget what is on disk, and what nobody waits for. */
static void check_acks(const struct world *w, const json_t *call)
{
	const json_t *list = json_object_get(call, "ack");
	for (size_t i = 0; i < json_array_size(list); i++) {
		const char *id = json_string_value(json_array_get(list, i));
		const struct world_row *row = row_by_token(w, id);
		ck_assert_msg(row == NULL || row->rec.state >= JOB_STAGED,
		    "the result of job %llu may be forgotten before it is on disk",
		    (unsigned long long)row->rec.id);
	}
}

/* Each run's id was committed with the intent, before it is sent for the first time or again. */
static void check_starts(const struct world *w, const struct fx_http *http, const char *code)
{
	json_t *call = server_call_of(code);
	const json_t *list = json_object_get(call, "start");
	check_acks(w, call);
	for (size_t i = 0; i < json_array_size(list); i++) {
		const char *id = json_string_value(json_object_get(json_array_get(list, i), "id"));
		const struct world_row *row = row_by_token(w, id);
		ck_assert_msg(row != NULL && row->rec.state == JOB_SENDING &&
				  row->rec.run->session == http->tag.session,
		    "a run was sent before its intent was committed");
		struct world_session *s = server_side(w, http);
		const struct session_rec *rec = ledger_session(&w->ledger, http->tag.session);
		if (s == NULL)
			continue;
		bool alone = is_for_one(w, rec->pool) ||
			     (row->code != NULL && strstr(row->code, "isolation=fresh") != NULL);
		ck_assert_msg(runner_takes(s, id, alone), "a fresh session was shared by %s\n%s%s",
		    row->rec.name, world_tail(&w->trace), world_tail(&w->log));
		if (w->pool[rec->pool].owners == OWNERS_SHARED)
			continue;
		ck_assert_msg(
		    s->uid == 0 || s->uid == row->rec.ident.uid, "a session served two owners");
		s->uid = row->rec.ident.uid;
	}
	json_decref(call);
}

static void check_submit(const struct world *w, const struct fx_http *http)
{
	char token[TOKEN_TEXT_LEN];
	const char *code = w->posted;
	ck_assert_ptr_nonnull(ledger_session(&w->ledger, http->tag.session));
	if (server_is_runner(code)) {
		check_starts(w, http, code);
	} else if (!server_token_of(code, token) && !server_is_fence(code)) {
		const struct world_row *row = row_sent_as(w, http->tag.session, code);
		ck_assert_msg(row != NULL, "'%s' was sent before its intent was committed", code);
		check_company(w, http, row->rec.ident.uid);
	}
}

static bool has_fence(const struct world *w, const struct fx_http *http)
{
	const struct world_session *s = server_side(w, http);
	for (int i = 0; s != NULL && i < s->count; i++)
		if (server_is_fence(s->statement[i].code) && s->statement[i].started_ms >= 0)
			return true;
	return false;
}

/* A session is not deleted while an answer of it is not committed; one in doubt only behind a fence
 * that runs, or when it is gone already. */
static void check_delete(const struct world *w, const struct fx_http *http)
{
	const struct session_rec *rec = ledger_session(&w->ledger, http->tag.session);
	ck_assert_msg(rec != NULL && rec->state == SESSION_DELETING, "deleted uncommitted");
	for (size_t i = 0; i < w->ledger.jobs; i++) {
		const struct job_rec *job = &w->ledger.job[i].rec;
		bool sent = job->state == JOB_SENDING || job->state == JOB_RUNNING;
		bool fenced = job->state == JOB_SENDING &&
			      (server_side(w, http) == NULL || has_fence(w, http));
		ck_assert_msg(!sent || fenced || job->run->session != rec->id,
		    "session %llu was deleted under job %llu", (unsigned long long)rec->id,
		    (unsigned long long)job->id);
	}
}

static void check_request(const struct world *w, const struct fx_http *http)
{
	const struct session_rec *rec = ledger_session(&w->ledger, http->tag.session);
	const char *at = strstr(http->path, "/statements/");
	switch (http->tag.what) {
	case ASK_CREATE:
		ck_assert_msg(rec != NULL && rec->state == SESSION_CREATING,
		    "a session was created before its name was committed");
		break;
	case ASK_SUBMIT:
		check_submit(w, http);
		break;
	case ASK_STATEMENT:
		ck_assert_msg(rec != NULL && (rec->kind == KIND_RUNNER || at == NULL ||
						 rec->last_statement >= strtol(at + 12, NULL, 10) ||
						 rec->state >= SESSION_RETIRED),
		    "%s was polled before its id was committed", http->path);
		break;
	case ASK_DELETE:
		check_delete(w, http);
		break;
	default:
		break;
	}
}

/* ---- requests ------------------------------------------------------------------------------- */

/* Names are random: the trace has our own number of the session in their place. */
static void trace(struct world *w, const struct fx_http *http)
{
	static const char *const method[] = { "GET", "POST", "DELETE" };
	char token[TOKEN_TEXT_LEN];
	(void)buf_addf(&w->trace, "%s ", method[http->method]);
	if (http->tag.session != 0 && strncmp(http->path, "/sessions/", 10) == 0)
		(void)buf_addf(&w->trace, "/sessions/s%llu%s",
		    (unsigned long long)http->tag.session,
		    http->path + 10 + strcspn(http->path + 10, "/"));
	else
		(void)buf_adds(&w->trace, http->path);
	const char *code = w->posted;
	if (code != NULL)
		(void)buf_addf(&w->trace, " [%s]",
		    server_is_runner(code)	   ? "runner"
		    : server_token_of(code, token) ? "token"
		    : server_is_fence(code)	   ? "fence"
						   : code);
	(void)buf_adds(&w->trace, "\n");
}

static struct world_reply *reply_add(struct world *w, const struct fx_http *http, int64_t in_ms)
{
	w->reply = xrealloc(w->reply, (w->replies + 1) * sizeof(*w->reply));
	struct world_reply *r = &w->reply[w->replies++];
	*r = (struct world_reply){ .due_ms = w->now.mono_ms + in_ms,
		.tag = http->tag,
		.met = w->met[http->tag.endpoint] };
	return r;
}

static void set_body(struct world_reply *r, int status, char *body)
{
	free(r->body);
	r->outcome = HTTP_REPLY;
	r->status = status;
	r->body = body;
}

/* It comes in the end, when nobody waits for its answer any more. */
static void send_late(struct world *w, const struct fx_http *http, int64_t in_ms)
{
	w->late = xrealloc(w->late, (w->lates + 1) * sizeof(*w->late));
	w->late[w->lates++] = (struct world_late){
		.due_ms = w->now.mono_ms + in_ms,
		.server = http->tag.endpoint,
		.method = http->method,
		.path = xstrdup(http->path),
		.body = http->body.p == NULL ? NULL : xstrndup(http->body.p, http->body.n),
	};
}

static void arrive_late(struct world *w)
{
	for (size_t i = 0; i < w->lates;) {
		struct world_late *late = &w->late[i];
		char *answer = NULL;
		if (late->due_ms > w->now.mono_ms) {
			i++;
			continue;
		}
		const struct fx_http http = { .method = late->method,
			.path = late->path,
			.body = { late->body, late->body == NULL ? 0 : strlen(late->body) } };
		int status = server_answer(w, late->server, &http, &answer);
		w->arrived++;
		(void)buf_addf(&w->trace, "(late: %d)\n", status);
		free(answer);
		free(late->path);
		free(late->body);
		memmove(late, late + 1, (--w->lates - i) * sizeof(*late));
	}
}

static void perform_posted(struct world *w, const struct fx_http *http)
{
	struct world_fault f = fault_of(w, http);
	bool creates = http->tag.what == ASK_CREATE;
	bool processed = f.fate != FATE_NOT_SENT && f.fate != FATE_LOST_BEFORE &&
			 f.fate != FATE_STATUS && f.fate != FATE_LATE;
	trace(w, http);
	check_request(w, http);
	proof_perform(w, http);
	struct world_reply *r = reply_add(w, http,
	    LATENCY_MS + f.delay_ms +
		(creates && processed ? w->server[http->tag.endpoint].create_ms : 0));
	if (processed)
		r->status = server_answer(w, http->tag.endpoint, http, &r->body);
	r->outcome = r->body != NULL && strlen(r->body) > (size_t)http->body_bytes_max
			 ? HTTP_TOO_BIG
			 : HTTP_REPLY;
	r->retry_after_ms = f.retry_after_ms;
	if (f.fate == FATE_STATUS || f.fate == FATE_MANGLED)
		set_body(r, f.status, xstrdup(f.reply == NULL ? "" : f.reply));
	else if (f.fate == FATE_NOT_SENT)
		r->outcome = HTTP_NOT_SENT;
	else if (f.fate == FATE_TOO_BIG)
		r->outcome = HTTP_TOO_BIG;
	else if (f.fate != FATE_WELL)
		r->outcome = HTTP_LOST;
	if (r->outcome == HTTP_LOST)
		r->due_ms += LOST_MS;
	if (f.fate == FATE_LATE) {
		r->due_ms -= f.delay_ms;
		send_late(w, http, f.delay_ms);
	}
}

void net_perform(struct world *w, const struct fx_http *http)
{
	w->posted = http->tag.what == ASK_SUBMIT ? server_code_of(http->body) : NULL;
	perform_posted(w, http);
	free(w->posted);
	w->posted = NULL;
}

/* ---- replies -------------------------------------------------------------------------------- */

int64_t net_due_ms(const struct world *w)
{
	int64_t due = INT64_MAX;
	for (size_t i = 0; i < w->replies; i++)
		if (w->reply[i].due_ms < due)
			due = w->reply[i].due_ms;
	for (size_t i = 0; i < w->lates; i++)
		if (w->late[i].due_ms < due)
			due = w->late[i].due_ms;
	return due;
}

static void deliver(struct world *w, const struct world_reply *r)
{
	static const char *const words[] = { [HTTP_NOT_SENT] = "connection refused",
		[HTTP_LOST] = "the connection was lost",
		[HTTP_TOO_BIG] = "the answer is too big" };
	struct ev_http *ev = &evq_add(&w->events, EV_HTTP)->u.http;
	ev->tag = r->tag;
	ev->outcome = r->outcome;
	ev->error = r->outcome == HTTP_REPLY ? NULL : words[r->outcome];
	ev->retry_after_ms = r->retry_after_ms;
	if (r->outcome != HTTP_REPLY)
		return;
	ev->status = r->status;
	ev->body.n = r->body == NULL ? 0 : strlen(r->body);
	ev->body.p = arena_dup(&w->events.arena, r->body == NULL ? "" : r->body, ev->body.n);
}

void net_deliver(struct world *w)
{
	arrive_late(w);
	for (size_t i = 0; i < w->replies;) {
		struct world_reply r = w->reply[i];
		if (r.due_ms > w->now.mono_ms) {
			i++;
			continue;
		}
		deliver(w, &r);
		proof_deliver(w, &r);
		free(r.body);
		memmove(&w->reply[i], &w->reply[i + 1], (--w->replies - i) * sizeof(r));
	}
}

void net_cut(struct world *w, size_t server)
{
	for (size_t i = 0; i < w->replies; i++) {
		struct world_reply *r = &w->reply[i];
		if (r->tag.endpoint != server || r->outcome == HTTP_NOT_SENT)
			continue;
		r->outcome = HTTP_LOST;
		r->due_ms = w->now.mono_ms + LATENCY_MS;
	}
}

void net_drop_replies(struct world *w)
{
	for (size_t i = 0; i < w->replies; i++)
		free(w->reply[i].body);
	free(w->reply);
	w->reply = NULL;
	w->replies = 0;
}

void net_fini(struct world *w)
{
	net_drop_replies(w);
	for (size_t i = 0; i < w->lates; i++) {
		free(w->late[i].path);
		free(w->late[i].body);
	}
	free(w->late);
	free(w->proof);
}
