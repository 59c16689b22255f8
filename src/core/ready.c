/* ready: from what a server says of a session's state to one in which a file may come. */
#include "core/ready.h"

#include "core/call.h"
#include "core/depart.h"
#include "core/endpoint.h"
#include "core/runner.h"
#include "core/statement.h"
#include <assert.h>
#define START_LOOK_MS 500
#define START_LOOK_MAX_MS 5000
#define HEARD_MS 1000 /* an answer of its driver holds for so long */

/* The session's own question, beside those of its calls: `asked` tells what an answer is to, where
 * the state alone does not. */
void ready_ask(struct core *c, struct session *s, const struct request *rq)
{
	s->asked = rq->what;
	s->seq = core_ask(c, s->r.endpoint, s->r.id, 0, rq);
}

/* The session, not its statements: it is answered by the server alone, so it can be asked of a
 * driver that is starting, busy or dead. */
void ready_look(struct core *c, struct session *s)
{
	const struct request rq = {
		.what = ASK_SESSION,
		.method = HTTP_GET,
		.path = livy_path(&c->fx->arena, core_session_key(c, s), ""),
	};
	ready_ask(c, s, &rq);
}

bool ready_is_heard(const struct core *c, const struct session *s)
{
	bool can_ask = core_session_endpoint(c, s)->dialect.names;
	return s->r.state != SESSION_IDLE || !can_ask ||
	       (s->heard_ms >= 0 && c->now.mono_ms - s->heard_ms < HEARD_MS);
}

/* A server that has lost the driver may say "idle" for ever. Its first statement is small and ours; whether
 * it is still there does not matter, the question goes to the driver. */
void ready_sound(struct core *c, struct session *s)
{
	if (s->seq != 0)
		return; /* it is asked how it is, and this comes after that */
	const struct request rq = {
		.what = ASK_CHANNEL,
		.method = HTTP_GET,
		.path = livy_path_statement(&c->fx->arena, core_session_key(c, s), 0, ""),
	};
	ready_ask(c, s, &rq);
}

void ready_sounded(struct core *c, struct session *s, const struct ev_http *ev)
{
	struct livy_answer a;
	livy_read_statement(ev->status, ev->body, &a);
	bool lost = ev->outcome == HTTP_REPLY && a.verdict == LIVY_CHANNEL_LOST;
	bool blamed = endpoint_blames_for(c, ev, &a, &s->mute_ms);
	if (ev->outcome == HTTP_REPLY && (a.verdict == LIVY_OK || a.verdict == LIVY_NO_STATEMENT))
		s->mute_ms = -1;
	livy_fini(&a);
	/* Any answer that is not "the channel is closed" has come through it, or says at least that
	 * the server has nothing against the session. A file is not kept from it for longer. */
	if (!blamed) {
		s->heard_ms = c->now.mono_ms;
		c->plan = true;
	}
	if (lost && s->r.state == SESSION_IDLE && TAILQ_EMPTY(&s->calls))
		depart_retire(c, s, "its channel to the driver is closed");
}

static void ready_fetch_log(struct core *c, struct session *s)
{
	const struct request rq = {
		.what = ASK_LOG,
		.method = HTTP_GET,
		.path = livy_path(&c->fx->arena, core_session_key(c, s), "/log?from=-1&size=100"),
	};
	ready_ask(c, s, &rq);
}

void ready_greet(struct core *c, struct session *s)
{
	assert(TAILQ_EMPTY(&s->calls));
	/* The runner is sent as the second statement: by the first, which is small, a server
	 * without names knows the session again. */
	if (s->greeted && s->r.kind == KIND_RUNNER)
		statement_boot(c, s);
	else
		statement_greet(c, s);
}

/* Whatever was said to the runner before the break is said again: it knows what it has done. But what the
 * server has taken is waited for: a file may run in it, in the interpreter, and be cancelled by it. */
static void ready_settle_runner(struct core *c, struct session *s, enum session_state was)
{
	struct call *call;
	struct call *next;
	for (call = TAILQ_FIRST(&s->calls); call != NULL; call = next) {
		next = TAILQ_NEXT(call, link);
		bool taken = s->booted && was == SESSION_BUSY && call->state == CALL_WAITING;
		if (call->what == CALL_RUNNER && taken)
			continue;
		if (call->what == CALL_RUNNER || call->what == CALL_BOOT)
			runner_unsent(c, s, call, true);
		else
			session_drop_call(s, call);
	}
	if (s->booted) {
		session_move(s, s->run_count > 0 ? SESSION_BUSY : SESSION_IDLE, c->now.mono_ms);
		return;
	}
	session_move(s, SESSION_GREETING, c->now.mono_ms);
	ready_greet(c, s);
}

/* Idle on the server's side: what is left to do before a file may come? */
void ready_settle(struct core *c, struct session *s, enum session_state was)
{
	if (s->r.kind == KIND_RUNNER) {
		ready_settle_runner(c, s, was);
	} else if (!TAILQ_EMPTY(&s->calls)) {
		session_move(s, SESSION_BUSY, c->now.mono_ms);
	} else if (s->r.last_statement < 0 || was == SESSION_GREETING) {
		session_move(s, SESSION_GREETING, c->now.mono_ms);
		statement_greet(c, s);
	} else if (was == SESSION_PROBING || (session_may_slip(s) && was != SESSION_IDLE)) {
		session_move(s, SESSION_PROBING, c->now.mono_ms);
		statement_probe(c, s);
	} else {
		session_move(s, SESSION_IDLE, c->now.mono_ms);
	}
	core_row_session(c, s);
	depart_wake(c, s, 0);
}

static void ready_still_starting(struct core *c, struct session *s, const char *state)
{
	assert(s->r.state == SESSION_STARTING);
	int64_t age_ms = c->now.mono_ms - s->since_ms;
	if (age_ms > core_session_pool(c, s)->start_timeout_ms) {
		depart_breaker(c, s,
		    arena_printf(&c->fx->arena, "still %s after start_timeout",
			endpoint_discreet(c, s->r.endpoint, state)));
		depart_retire(c, s, "it took too long to start");
		return;
	}
	int64_t ms = START_LOOK_MS + age_ms / 16;
	depart_wake(c, s, ms < START_LOOK_MAX_MS ? ms : START_LOOK_MAX_MS);
}

void ready_state(struct core *c, struct session *s, const struct livy_session *livy)
{
	bool starting = s->r.state == SESSION_STARTING;
	switch (livy->state) {
	case LIVY_SESSION_STARTING:
		if (s->r.state == SESSION_IDLE) /* a server that recovers */
			session_move(s, SESSION_STARTING, c->now.mono_ms);
		if (s->r.state == SESSION_STARTING)
			ready_still_starting(c, s, livy->state_text);
		break;
	/* "idle" and "busy" are said of the interpreter, flicker between two statements, and say
	 * nothing of ours: both mean only that there is one. */
	case LIVY_SESSION_IDLE:
	case LIVY_SESSION_BUSY:
		if (starting)
			ready_settle(c, s, SESSION_STARTING);
		else if (s->r.state == SESSION_IDLE)
			ready_sound(c, s);
		break;
	case LIVY_SESSION_ENDING:
	case LIVY_SESSION_ERROR:
	case LIVY_SESSION_DEAD:
		if (starting) {
			ready_fetch_log(c, s); /* it is gone some minutes after the death */
			break;
		}
		if (TAILQ_EMPTY(&s->calls))
			depart_retire(
			    c, s, arena_printf(&c->fx->arena, "its state is %s", livy->state_text));
		break;
	}
}
