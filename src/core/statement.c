/* statement: the requests of a call: post it, look at it, cancel it, and when to look next. */
#include "core/statement.h"

#include "core/depart.h"
#include "core/endpoint.h"
#include "core/errand.h"
#include "core/source.h"
#include "core/watch.h"
#include <assert.h>
#include <string.h>

#define POLL_FLOOR_MS 50
#define RUNNER_FLOOR_MS 25 /* its calls are short, and files wait behind them */
/* A day's run costs some hundred looks, and its end is seen two minutes late at worst. */
#define POLL_CEILING_MS 120000
#define PROBE_MS 600000 /* nothing runs before it, and it takes milliseconds */
#define CALL_MS 1800000 /* a runner's answers within seconds, but with it go all that run there */

bool statement_by_list(const struct core *c, const struct session *s)
{
	return core_session_endpoint(c, s)->dialect.list_only;
}

struct bytes statement_code(struct core *c, const struct session *s, struct call *call)
{
	struct bytes code;
	if (call->what == CALL_BOOT || call->what == CALL_RUNNER) {
		code = errand_code(c, s, call);
	} else if (call->what == CALL_RAW) {
		const struct job *job = core_call_job(c, call);
		assert(job->code != NULL);
		code.p = job->code;
		code.n = job->code_bytes;
	} else {
		code.p = call->what == CALL_FENCE
			     ? source_fence_code(&c->fx->arena, s->r.kind, call->token)
			     : source_token_code(&c->fx->arena, s->r.kind, call->token);
		code.n = strlen(code.p);
	}
	return code;
}

static void statement_ask(
    struct core *c, struct session *s, struct call *call, const struct request *rq)
{
	/* One question at a time: the answer to an earlier one would be read as that to this
	 * one. */
	assert(call->seq == 0);
	call->due_ms = INT64_MAX;
	call->seq = core_ask(c, s->r.endpoint, s->r.id, call->id, rq);
}

void statement_post(struct core *c, struct session *s, struct call *call)
{
	struct arena *a = &c->fx->arena;
	const struct request rq = {
		.what = ASK_SUBMIT,
		.method = HTTP_POST,
		.path = livy_path(a, core_session_key(c, s), "/statements"),
		.body = livy_statement_body(a, statement_code(c, s, call)),
	};
	/* Before the effect is performed: rows of this turn, the intent among them, are committed
	 * first. */
	call->state = CALL_POSTING;
	call->since_ms = c->now.mono_ms;
	statement_ask(c, s, call, &rq);
}

/* An answer may come late behind a break: its server has to be met first and, where it is looked for,
 * the session proven. What it wants then is found by its state (core/talk, core/ready). */
static bool statement_may_post(const struct core *c, const struct session *s)
{
	return core_endpoint_up(c, s) && s->r.state != SESSION_LOOKING;
}

void statement_repeat(struct core *c, struct session *s, struct call *call)
{
	assert(call->state == CALL_DOUBT && call->what != CALL_RAW);
	if (!statement_may_post(c, s)) {
		statement_look_in(c, s, call, 0);
		return;
	}
	/* The first one may have arrived. If answers have slipped by one, this one gets that one's, which
	 * has to be told from its own. A greeting's token is the session's: nothing was run before it. */
	if (call->what == CALL_PROBE)
		core_token(c, call->token);
	statement_post(c, s, call);
}

/* Its POST was the last that the server took for use; that it is looked at is nothing to it. Nobody waits
 * for the reply: a session that is gone says so to the look behind this. */
static void statement_keep(struct core *c, struct session *s, struct call *call)
{
	if (!core_session_endpoint(c, s)->dialect.connect || c->now.mono_ms < call->keep_ms)
		return;
	const struct request rq = {
		.what = ASK_KEEP,
		.method = HTTP_POST,
		.path = livy_path(&c->fx->arena, core_session_key(c, s), "/connect"),
	};
	call->keep_ms = c->now.mono_ms + SESSION_KEEP_MS;
	core_ask(c, s->r.endpoint, s->r.id, call->id, &rq);
}

void statement_look(struct core *c, struct session *s, struct call *call)
{
	struct arena *a = &c->fx->arena;
	const char *key = core_session_key(c, s);
	assert(call->state != CALL_POSTING);
	bool doubt = call->state == CALL_DOUBT;
	/* Ids are given one after the other, and nobody else has this session: what was posted
	 * last, and may have arrived, can only lie there. */
	int64_t id = doubt ? s->r.last_statement + 1 : call->statement;
	const struct request rq = {
		.what = doubt ? ASK_DOUBT : ASK_STATEMENT,
		.method = HTTP_GET,
		.path = statement_by_list(c, s) ? livy_path(a, key, "/statements")
						: livy_path_statement(a, key, id, ""),
	};
	call->asked_ms = c->now.mono_ms;
	if (!doubt)
		statement_keep(c, s, call);
	statement_ask(c, s, call, &rq);
}

static void statement_compare(struct core *c, struct session *s, struct call *call)
{
	const struct request rq = {
		.what = ASK_CHANNEL,
		.method = HTTP_GET,
		.path = livy_path_statement(&c->fx->arena, core_session_key(c, s), 0, ""),
	};
	statement_ask(c, s, call, &rq);
}

bool statement_is_withheld(struct core *c, struct session *s, struct call *call,
    const struct ev_http *ev, const struct livy_answer *a)
{
	bool barred = endpoint_is_barred(ev, a);
	bool again = barred && endpoint_is_back(c, s->r.endpoint, call->lost_ms);
	bool passes = call->others_pass;
	call->others_pass = false;
	bool by_list = statement_by_list(c, s);
	/* With a greeting nothing of a file's would be given up; a list has no other answer beside it, but who
	 * says "later" means whatever comes now. */
	bool alone = call->what == CALL_GREET || (by_list && a->verdict != LIVY_LATER);
	if (again && (passes || alone))
		return false;
	if (again && !by_list) {
		statement_compare(c, s, call);
		return true;
	}
	if (!endpoint_blames_for(c, ev, a, &call->lost_ms))
		return false;
	statement_look_in(c, s, call, 0); /* parks until the server is back */
	return true;
}

void statement_compared(struct core *c, struct session *s, struct call *call,
    const struct ev_http *ev, const struct livy_answer *a)
{
	call->others_pass = !endpoint_blames(c, ev, a);
	statement_look_in(c, s, call, 0);
}

void statement_cancel(struct core *c, struct session *s, const struct call *call)
{
	const struct request rq = {
		.what = ASK_CANCEL,
		.method = HTTP_POST,
		.path = livy_path_statement(
		    &c->fx->arena, core_session_key(c, s), call->statement, "/cancel"),
	};
	assert(call->state == CALL_WAITING && call->statement >= 0);
	/* Its reply says nothing (200 even for what never was), so it is not waited for. */
	core_ask(c, s->r.endpoint, s->r.id, call->id, &rq);
}

void statement_look_in(struct core *c, struct session *s, struct call *call, int64_t in_ms)
{
	call->due_ms = c->now.mono_ms + in_ms;
	depart_wake(c, s, in_ms);
}

/* The older a statement, the longer the pause: about an eighth of its age. */
void statement_poll(struct core *c, struct session *s, struct call *call)
{
	int64_t ms = (c->now.mono_ms - call->since_ms) / 8;
	int64_t floor_ms = call->what == CALL_RUNNER ? RUNNER_FLOOR_MS : POLL_FLOOR_MS;
	if (ms < floor_ms)
		ms = floor_ms;
	if (ms > POLL_CEILING_MS)
		ms = POLL_CEILING_MS;
	ms = core_quiet_ms(c, s, ms);
	if (call->what == CALL_RAW)
		ms = watch_pace_ms(c, core_call_job(c, call), ms);
	statement_look_in(c, s, call, ms);
}

/* A file that was seen running is a process: of one that runs within a call only the end is heard
 * (core/hear: alone). */
static bool statement_is_behind_a_process(const struct core *c, const struct session *s)
{
	for (unsigned i = 0; i < s->run_count; i++)
		if (job_by_id(&c->jobs, s->run[i])->r.state >= JOB_RUNNING)
			return true;
	return false;
}

void statement_begun(const struct core *c, struct call *call)
{
	bool first = call->what == CALL_GREET || call->what == CALL_BOOT;
	if (first && call->limit_ms == INT64_MAX)
		call->limit_ms = c->now.mono_ms + CALL_MS;
}

static void statement_ours(struct core *c, struct session *s, enum call_what what)
{
	assert(what != CALL_RAW && what != CALL_FENCE);
	if (!statement_may_post(c, s))
		return;
	int64_t rest_ms = endpoint_rest_ms(c, s);
	if (rest_ms > 0) {
		depart_wake(c, s, rest_ms); /* what it wants then is found by its state, as above */
		return;
	}
	struct call *call = session_add_call(s, ++c->last_call, what, c->now.mono_ms);
	/* By a greeting's token the session is known again on a server without names, so it is the
	 * one in the ledger; all others are of the moment. */
	if (what == CALL_GREET)
		memcpy(call->token, s->r.token, sizeof(call->token));
	else
		core_token(c, call->token);
	/* An interpreter that hangs never answers, and a file's child may have read what was meant
	 * for it: files would wait for this session for ever. In a session without processes files
	 * run as long as they like, also before a boot in a later life: there time counts from when
	 * the interpreter is seen to have come to it (statement_begun). */
	if (what == CALL_PROBE)
		call->limit_ms = c->now.mono_ms + PROBE_MS;
	else if (what == CALL_RUNNER && !s->alone)
		call->limit_ms = c->now.mono_ms + CALL_MS;
	else if (what != CALL_RUNNER && s->run_count == 0)
		call->limit_ms = c->now.mono_ms + core_session_pool(c, s)->start_timeout_ms;
	else if (what != CALL_RUNNER && statement_is_behind_a_process(c, s))
		call->limit_ms = c->now.mono_ms + CALL_MS; /* with it go all that run there, too */
	statement_post(c, s, call);
}

void statement_greet(struct core *c, struct session *s)
{
	statement_ours(c, s, CALL_GREET);
}

void statement_probe(struct core *c, struct session *s)
{
	statement_ours(c, s, CALL_PROBE);
}

void statement_boot(struct core *c, struct session *s)
{
	statement_ours(c, s, CALL_BOOT);
}

void statement_runner(struct core *c, struct session *s)
{
	assert(session_call_of(s, CALL_RUNNER) == NULL);
	statement_ours(c, s, CALL_RUNNER);
}
