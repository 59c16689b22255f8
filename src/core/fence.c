/* fence: how "not there yet" becomes "never". */
#include "core/fence.h"

#include "base/log.h"
#include "core/depart.h"
#include "core/endpoint.h"
#include "core/finish.h"
#include "core/source.h"
#include "core/statement.h"
#include <assert.h>
#include <string.h>

#define LOOK_MS 500
#define DELETE_TIMEOUT_MS 120000
#define FAILURES_MAX 8
#define LOOKS_MAX 3600 /* half an hour of answers: nothing of ours before it takes so long */

/* A name, since it must never be used again and an id is; the echo of the code and single
 * statements, since each one up to the fence must be held against ours. */
bool fence_is_possible(const struct core *c, const struct session *s)
{
	const struct livy_dialect *d = &core_session_endpoint(c, s)->dialect;
	return d->names && d->echo && !d->list_only;
}

struct call *fence_doubt(const struct session *s)
{
	struct call *call;
	TAILQ_FOREACH (call, &s->calls, link)
		if (call->what == CALL_RAW && call->state == CALL_DOUBT)
			return call;
	return NULL;
}

static struct call *fence_add(struct core *c, struct session *s, struct call *doubt)
{
	struct call *fence = session_add_call(s, ++c->last_call, CALL_FENCE, c->now.mono_ms);
	memcpy(fence->token, s->r.token, sizeof(fence->token));
	doubt->due_ms = INT64_MAX; /* the fence looks for it from now on */
	return fence;
}

void fence_begin(struct core *c, struct session *s, struct call *doubt)
{
	log_warn(
	    "session=%s event=fence: what was sent to it last has not appeared; making sure that "
	    "it never will",
	    s->r.name);
	assert(doubt->what == CALL_RAW && doubt->state == CALL_DOUBT);
	assert(session_call_of(s, CALL_FENCE) == NULL);
	struct call *fence = fence_add(c, s, doubt);
	fence->step = FENCE_SEARCH;
	fence->at = s->r.last_statement + 1;
	/* No file is given to it any more. It is not deleted yet: depart_go_on() waits for calls of
	 * this kind. */
	depart_retire(c, s, "what was sent to it last is in doubt");
	statement_post(c, s, fence);
}

bool fence_is_code(struct core *c, const struct session *s, struct bytes code)
{
	struct bytes ours;
	ours.p = source_fence_code(&c->fx->arena, s->r.kind, s->r.token);
	ours.n = strlen(ours.p);
	return livy_same_code(ours, code);
}

/* It cannot be told after all. */
static void fence_give_up(struct core *c, struct session *s, struct call *fence, const char *why)
{
	struct call *doubt = fence_doubt(s);
	session_drop_call(s, fence);
	if (doubt != NULL) {
		/* What stood there was when the fence began (fence_delete), for another life; the
		 * record must not say it. */
		core_call_job(c, doubt)->r.run->started_ms = 0;
		depart_unknown(c, s, doubt,
		    arena_printf(&c->fx->arena,
			"the answer to its submission was lost, and it cannot be told whether it "
			"ran: %s",
			why));
	}
	depart_retire(c, s, why);
}

static void fence_again(struct core *c, struct session *s, struct call *fence, const char *why)
{
	if (++fence->failures >= FAILURES_MAX)
		fence_give_up(c, s, fence, why);
	else
		statement_look_in(c, s, fence, core_backoff_ms(c, fence->failures, 500, 30000));
}

/* Each step has its own patience: what went wrong in the last one says nothing about this one. */
static void fence_step(struct core *c, struct session *s, struct call *fence, enum fence_step step)
{
	fence->step = step;
	fence->failures = 0;
	fence->lost_ms = -1;
	statement_look_in(c, s, fence, 0);
}

/* ---- asking --------------------------------------------------------------------------------- */

static void fence_ask(struct core *c, struct session *s, struct call *fence, enum request_what what,
    enum http_method method, const char *path, int64_t timeout_ms)
{
	const struct request rq = {
		.what = (uint8_t)what, .method = method, .path = path, .timeout_ms = timeout_ms
	};
	assert(fence->what == CALL_FENCE && fence->seq == 0);
	fence->due_ms = INT64_MAX;
	fence->seq = core_ask(c, s->r.endpoint, s->r.id, fence->id, &rq);
}

static void fence_delete(struct core *c, struct session *s, struct call *fence)
{
	/* Committed before the DELETE: a start that does not find the session any more has to know that
	 * this was why, and whether the fence can have ended by then. */
	struct job *job = core_call_job(c, fence_doubt(s));
	job->r.run->started_ms = c->now.real_ms - (c->now.mono_ms - fence->since_ms);
	core_row_job(c, job);
	if (s->r.state != SESSION_DELETING) {
		session_move(s, SESSION_DELETING, c->now.mono_ms);
		core_row_session(c, s);
	}
	fence_ask(c, s, fence, ASK_DELETE, HTTP_DELETE, livy_path(&c->fx->arena, s->r.name, ""),
	    DELETE_TIMEOUT_MS);
}

static void fence_post(struct core *c, struct session *s, struct call *fence)
{
	int64_t rest_ms = endpoint_rest_ms(c, s);
	if (rest_ms > 0)
		statement_look_in(c, s, fence, rest_ms);
	else
		statement_post(c, s, fence);
}

void fence_due(struct core *c, struct session *s, struct call *fence)
{
	struct arena *a = &c->fx->arena;
	if (fence->seq != 0 || fence->due_ms > c->now.mono_ms)
		return;
	switch (fence->step) {
	case FENCE_SEARCH:
		if (fence->statement < 0) /* it was refused at the door */
			fence_post(c, s, fence);
		else if (fence->at >= fence->statement)
			fence_step(c, s, fence, FENCE_WAIT);
		else
			fence_ask(c, s, fence, ASK_DOUBT, HTTP_GET,
			    livy_path_statement(a, s->r.name, fence->at, ""), 0);
		break;
	case FENCE_WAIT:
		statement_look(c, s, fence);
		break;
	case FENCE_DELETE:
		fence_delete(c, s, fence);
		break;
	case FENCE_CONFIRM:
		fence_ask(c, s, fence, ASK_SESSION, HTTP_GET, livy_path(a, s->r.name, ""), 0);
		break;
	}
}

/* ---- replies -------------------------------------------------------------------------------- */

static void fence_posted(struct core *c, struct session *s, struct call *fence,
    const struct ev_http *ev, const struct livy_answer *a)
{
	/* Refused at the door for the server's own reasons: it has not come in, so it may be posted
	 * again. Anything less clear ends the attempt: two fences in one session prove nothing. */
	endpoint_forbids(c, s, ev);
	bool refused = endpoint_blames(c, ev, a) &&
		       (ev->outcome == HTTP_NOT_SENT ||
			   (ev->outcome == HTTP_REPLY && a->verdict != LIVY_SERVER_ERROR));
	/* A statement was taken since the last such answer: it is the fence that is not let through. */
	bool forbidden = refused && ev->status == 403 && core_session_endpoint(c, s)->forbids == 1;
	if (forbidden) {
		fence_again(c, s, fence, endpoint_words(c, ev, a));
		return;
	}
	if (refused) {
		statement_look_in(c, s, fence, 0);
		return;
	}
	if (ev->outcome != HTTP_REPLY || a->verdict != LIVY_OK) {
		fence_give_up(c, s, fence, endpoint_words(c, ev, a));
		return;
	}
	fence->state = CALL_WAITING;
	fence->statement = a->statement.id;
	core_row_session(c, s);
	fence_step(c, s, fence, FENCE_SEARCH);
}

/* One of the statements that came between the last known one and the fence. */
static bool fence_searched(struct core *c, struct session *s, struct call *fence,
    const struct ev_http *ev, const struct livy_answer *a)
{
	struct call *doubt = fence_doubt(s);
	struct bytes theirs = { a->statement.code, a->statement.code_bytes };
	if (ev->outcome != HTTP_REPLY || a->verdict != LIVY_OK || theirs.p == NULL) {
		fence_again(c, s, fence, endpoint_words(c, ev, a));
		return false;
	}
	assert(doubt != NULL);
	/* It had arrived after all, so it runs or has run: its answer is waited for as that of any
	 * other. */
	if (livy_same_code(theirs, statement_code(c, s, doubt))) {
		session_drop_call(
		    s, fence); /* the session is deleted after the answer, and it with it */
		return true;
	}
	fence->at++;
	fence_step(c, s, fence, FENCE_SEARCH);
	return false;
}

static bool fence_sleeps(const struct core *c, const struct call *fence)
{
	return fence->started && c->now.mono_ms - fence->since_ms < FENCE_ASLEEP_MS;
}

/* The session has ended while the fence slept in it: nothing behind the fence has ever run. But where another
 * server may answer now, that this one does not have it tells nothing. */
static void fence_proven(struct core *c, struct session *s, struct call *fence)
{
	if (!core_session_stays(c, s)) {
		fence_give_up(c, s, fence,
		    arena_printf(&c->fx->arena,
			"it was sent to %s, and the endpoint has another URL now", s->r.url));
		return;
	}
	session_drop_call(s, fence);
	s->fenced = true;
	depart_gone(c, s, "deleted behind its fence"); /* and what was in doubt goes elsewhere */
}

static void fence_waited(struct core *c, struct session *s, struct call *fence,
    const struct ev_http *ev, const struct livy_answer *a)
{
	if (ev->outcome == HTTP_REPLY && a->verdict == LIVY_NO_SESSION && fence_sleeps(c, fence)) {
		fence_proven(c, s, fence); /* by a DELETE whose answer was lost */
	} else if (ev->outcome != HTTP_REPLY || a->verdict != LIVY_OK) {
		fence_again(c, s, fence, endpoint_words(c, ev, a));
	} else if (a->statement.state == LIVY_STATEMENT_RUNNING) {
		fence->started = true;
		fence_step(c, s, fence, FENCE_DELETE);
	} else if (a->statement.state == LIVY_STATEMENT_WAITING && ++fence->looks >= LOOKS_MAX) {
		fence_give_up(c, s, fence, "its interpreter does not come to what it is asked");
	} else if (a->statement.state == LIVY_STATEMENT_WAITING) {
		fence->since_ms = fence->asked_ms; /* it cannot have begun before we asked */
		statement_look_in(c, s, fence, LOOK_MS);
	} else {
		fence_give_up(c, s, fence, "the fence ended before the session was deleted");
	}
}

static void fence_deleted(struct core *c, struct session *s, struct call *fence,
    const struct ev_http *ev, const struct livy_answer *a)
{
	/* A DELETE of a session that sleeps ends the sleep; of one that has woken, what waited
	 * behind the fence may have begun in between. Only the former is a proof. */
	bool gone =
	    ev->outcome == HTTP_REPLY && (a->verdict == LIVY_OK || a->verdict == LIVY_NO_SESSION);
	if (gone && fence_sleeps(c, fence)) {
		fence_step(c, s, fence, FENCE_CONFIRM);
	} else if (gone) {
		fence_give_up(
		    c, s, fence, "the fence may have ended before the session was deleted");
	} else {
		fence->step = FENCE_WAIT; /* does it still sleep? */
		fence_again(c, s, fence, endpoint_words(c, ev, a));
	}
}

static void fence_confirmed(struct core *c, struct session *s, struct call *fence,
    const struct ev_http *ev, const struct livy_answer *a)
{
	if (ev->outcome != HTTP_REPLY || a->verdict != LIVY_NO_SESSION) {
		fence_again(c, s, fence, "the deleted session is still there");
		return;
	}
	fence_proven(c, s, fence);
}

bool fence_on_http(struct core *c, struct session *s, struct call *fence, const struct ev_http *ev,
    const struct livy_answer *a)
{
	bool looked = ev->tag.what == ASK_STATEMENT || ev->tag.what == ASK_DOUBT;
	if (looked && statement_is_withheld(c, s, fence, ev, a))
		return false;
	if (!looked && ev->tag.what != ASK_SUBMIT &&
	    endpoint_blames_for(c, ev, a, &fence->lost_ms)) {
		if (fence->step == FENCE_DELETE)
			fence->step = FENCE_WAIT;
		statement_look_in(c, s, fence, 0);
		return false;
	}
	if (ev->tag.what == ASK_SUBMIT) {
		fence_posted(c, s, fence, ev, a);
		return false;
	}
	switch (fence->step) {
	case FENCE_SEARCH:
		return fence_searched(c, s, fence, ev, a);
	case FENCE_WAIT:
		fence_waited(c, s, fence, ev, a);
		break;
	case FENCE_DELETE:
		fence_deleted(c, s, fence, ev, a);
		break;
	case FENCE_CONFIRM:
		fence_confirmed(c, s, fence, ev, a);
		break;
	}
	return false;
}
