/* call: one statement, from its POST to its answer. */
#include "core/call.h"

#include "base/log.h"
#include "core/after.h"
#include "core/depart.h"
#include "core/endpoint.h"
#include "core/fence.h"
#include "core/finish.h"
#include "core/runner.h"
#include "core/source.h"
#include "core/statement.h"
#include "core/stop.h"
#include "core/terms.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define LOOK_SOON_MS 50
/* Between a proxy and a loaded server a request may be on its way for some seconds after its
 * connection has failed here. Longer is no proof either: that is what core/fence is for. */
#define DOUBT_MS 10000 /* how long a lost POST may take to show up */
#define REPOST_MS 3000 /* the same for our own harmless statements */

/* ---- beginning ------------------------------------------------------------------------------ */

void call_raw(struct core *c, struct session *s, struct job *job)
{
	assert(job->r.state == JOB_SENDING);
	struct call *call = session_add_call(s, ++c->last_call, CALL_RAW, c->now.mono_ms);
	call->job = job->r.id;
	statement_post(c, s, call);
}

/* spent_ms of the limit is over already. Counted from the moment in which the code was first seen
 * running, in whichever life that was: what it waits for in the session is not the file's doing. */
static void call_set_limit(struct core *c, struct call *call, int64_t spent_ms)
{
	int64_t timeout_ms = terms_of(c, core_call_job(c, call)).d.timeout_ms;
	if (timeout_ms == CONF_NEVER || call->started || job_is_cancelled(core_call_job(c, call)))
		return;
	call->started = true;
	call->limit_ms = c->now.mono_ms + core_left_ms(timeout_ms, spent_ms);
}

void call_resume(struct core *c, struct session *s, struct job *job)
{
	struct call *call = session_add_call(s, ++c->last_call, CALL_RAW, c->now.mono_ms);
	call->job = job->r.id;
	s->fresh = terms_of(c, job).fresh;
	session_load(s, job->r.id);
	/* RUNNING is only in the ledger with the statement's id. SENDING says that the intent was
	 * committed and no more: the POST may have been made, and is never made again before that
	 * is known. */
	if (job->r.state == JOB_RUNNING) {
		call->state = CALL_WAITING;
		call->statement = job->r.run->statement;
		int64_t spent_ms = c->now.real_ms - job->r.run->started_ms;
		call_set_limit(c, call, spent_ms);
		call->keep_ms = c->now.mono_ms + core_left_ms(SESSION_KEEP_MS, spent_ms);
		stop_accepted(c, call, job);
	} else {
		assert(job->r.state == JOB_SENDING);
		call->state = CALL_DOUBT;
	}
	call->due_ms = c->now.mono_ms;
}

/* ---- replies -------------------------------------------------------------------------------- */

static void call_progress(struct core *c, struct session *s, struct call *call,
    const struct livy_statement *st, struct bytes answer)
{
	assert(call->state == CALL_WAITING);
	bool ended = st->state == LIVY_STATEMENT_AVAILABLE || st->state == LIVY_STATEMENT_CANCELLED;
	if (ended && st->id != call->statement) { /* mixed up, or kept, by something on the way */
		after_failed(c, s, call, "it is the answer of another statement");
		return;
	}
	if (st->state == LIVY_STATEMENT_AVAILABLE && !st->output) {
		/* Seen on 0.7.1: read while the driver was writing it. The next look has the output. */
		after_failed(c, s, call, "it is available, but without an output");
		return;
	}
	if (ended) {
		after_ended(c, s, call, st, answer);
		return;
	}
	call->failures = 0;
	call->lost_ms = call->lost_before_ms;
	if (st->state == LIVY_STATEMENT_RUNNING)
		statement_begun(c, call);
	if (call->what == CALL_RAW)
		core_call_job(c, call)->progress = (float)st->progress;
	if (call->what == CALL_RAW && st->state == LIVY_STATEMENT_RUNNING)
		call_set_limit(c, call, 0);
	if (call->what == CALL_RAW)
		jobs_touch(&c->jobs, core_call_job(c, call));
	statement_poll(c, s, call);
}

/* Step 2 of what must be on disk: the statement's id. */
static void call_accepted(struct core *c, struct session *s, struct call *call,
    const struct livy_statement *st, struct bytes answer)
{
	assert(call->state == CALL_POSTING || call->state == CALL_DOUBT);
	if (st->id <= s->r.last_statement) {
		/* Ids only grow: the server has begun anew, and this session is somebody else's. */
		depart_gone(
		    c, s, "its statements are counted anew: it is another session of this id");
		return;
	}
	call->state = CALL_WAITING;
	call->since_ms = c->now.mono_ms;
	call->statement = st->id;
	s->r.last_statement = st->id;
	endpoint_takes(c, s);
	if (call->what != CALL_RUNNER) /* nothing is ever looked for behind one of those */
		core_row_session(c, s);
	if (call->what == CALL_RAW) {
		struct job *job = core_call_job(c, call);
		job->r.run->statement = st->id;
		job->r.run->started_ms = c->now.real_ms;
		job_move(&c->jobs, job, JOB_RUNNING);
		core_row_job(c, job);
		stop_accepted(c, call, job);
		/* The server has the code now, so it is not needed to tell whether it arrived; only
		 * a page shows it again. */
		if (!core_spool_conf(c, job)->html)
			job_set_code(job, (struct bytes){ NULL, 0 });
		log_info("job=%llu event=running session=%s statement=%lld",
		    (unsigned long long)job->r.id, s->r.name, (long long)st->id);
	}
	call_progress(c, s, call, st, answer);
}

static bool call_is_runners(const struct call *call)
{
	return call->what == CALL_BOOT || call->what == CALL_RUNNER;
}

/* The server has certainly not taken it. */
static void call_not_accepted(struct core *c, struct session *s, struct call *call, const char *why)
{
	if (call_is_runners(call)) {
		runner_unsent(c, s, call, false);
		return;
	}
	struct job *job = call->what == CALL_RAW ? core_call_job(c, call) : NULL;
	session_drop_call(s, call);
	if (job != NULL) {
		session_unload(s, job->r.id);
		finish_requeue_unrun(c, job, why);
		if (session_state(s) == SESSION_BUSY)
			session_becomes(s, SESSION_IDLE, c->now.mono_ms);
	}
	depart_wake(c, s, 0); /* talk_due() posts a greeting or a probe again */
}

/* The heart of "nothing runs twice": from here on the file is neither sent again nor given up
 * before the server has said what lies where its statement would. */
static void call_doubt(struct core *c, struct session *s, struct call *call, const char *why)
{
	assert(call->state == CALL_POSTING);
	if (s->r.kind == KIND_RUNNER) {
		/* It may be sent twice. Behind the last statement that the ledger knows of lie calls of an
		 * earlier life, and no answer to the question whether this one arrived. */
		runner_failed(c, s, call, why);
		return;
	}
	log_warn("session=%s event=doubt call=%llu error=\"%s\"; looking whether it arrived",
	    s->r.name, (unsigned long long)call->id, why);
	call->state = CALL_DOUBT;
	call->since_ms = c->now.mono_ms;
	statement_look_in(c, s, call, LOOK_SOON_MS);
}

static void call_on_posted(struct core *c, struct session *s, struct call *call,
    const struct ev_http *ev, const struct livy_answer *a)
{
	const char *words = endpoint_words(c, ev, a);
	bool blamed = endpoint_blames(c, ev, a);
	endpoint_forbids(c, s, ev);
	if (ev->outcome == HTTP_NOT_SENT) {
		call_not_accepted(c, s, call, words);
		return;
	}
	if (ev->outcome != HTTP_REPLY) {
		call_doubt(c, s, call, words);
		return;
	}
	switch (a->verdict) {
	case LIVY_OK:
		call_accepted(c, s, call, &a->statement, ev->body);
		break;
	case LIVY_NOT_READY:
		call_not_accepted(c, s, call, words);
		if (session_state(s) < SESSION_RETIRED)
			session_becomes(s, SESSION_STARTING, c->now.mono_ms);
		break;
	case LIVY_NO_SESSION:
	case LIVY_NOT_ACTIVE:
		call_not_accepted(c, s, call, words);
		depart_lost(c, s, words);
		break;
	case LIVY_CHANNEL_LOST: /* nobody can tell on which side of the channel it was lost */
		if (call_is_runners(call))
			runner_unsent(c, s, call, true);
		depart_lost(c, s, words);
		break;
	case LIVY_AUTH:
		if (ev->status == 403 && (call->what == CALL_RAW || call_is_runners(call))) {
			after_forbidden(c, s, call, endpoint_says(c, ev, a));
			break;
		}
		/* fall through */
	case LIVY_LATER:
	case LIVY_REDIRECT:
		assert(blamed);
		call_not_accepted(c, s, call, words);
		break;
	case LIVY_UNKNOWN_CALL:
		endpoint_trouble(c, ev->tag.endpoint, words, 0);
		call_not_accepted(c, s, call, words);
		break;
	case LIVY_REFUSED:
	case LIVY_NAME_TAKEN:
		after_refused(c, s, call, words);
		break;
	case LIVY_NO_STATEMENT:
	case LIVY_SERVER_ERROR:
	case LIVY_GARBAGE:
		call_doubt(c, s, call, words);
		break;
	}
}

/* Livy keeps the newest hundred. One of ours is only dropped where somebody else has used the
 * session, or after a very long time away. */
static void call_dropped(struct core *c, struct session *s, struct call *call)
{
	/* A server that was restarted says so, too, of somebody else's session. */
	s->verified = false;
	if (call_is_runners(call)) {
		runner_dropped(c, s, call);
		return;
	}
	if (call->what == CALL_RAW)
		depart_unknown(
		    c, s, call, "the server has dropped the statement's result before it was read");
	else
		session_drop_call(s, call);
	depart_retire(c, s, "it has dropped a statement");
}

static void call_too_big(struct core *c, struct session *s, struct call *call, const char *words)
{
	if (call_is_runners(call)) {
		runner_failed(c, s, call, words);
		return;
	}
	if (call->what != CALL_RAW) {
		session_drop_call(s, call);
		depart_retire(c, s, words);
		return;
	}
	struct job *job = core_call_job(c, call);
	s->full = s->full || statement_by_list(c, s);
	session_unload(s, job->r.id);
	session_drop_call(s, call);
	finish_own(c, job, STATUS_ERROR, "AnswerTooLarge", words);
	after_run(c, s, false);
}

/* What the others have left lies in there, too: if it takes up to a half, an answer that makes the list too
 * large is a large one itself, and the file's own. */
static void call_cut(const struct core *c, struct session *s, const struct call *call,
    struct bytes list, struct bytes *answer)
{
	int64_t most = c->conf->endpoint[s->r.endpoint].answer_bytes_max;
	s->full = s->full || (int64_t)list.n > most / 2;
	livy_cut_statement(list, call->statement, answer);
}

static void call_on_looked(struct core *c, struct session *s, struct call *call,
    const struct ev_http *ev, const struct livy_answer *a)
{
	if (statement_is_withheld(c, s, call, ev, a))
		return;
	const char *words =
	    ev->outcome == HTTP_REPLY ? endpoint_says(c, ev, a) : endpoint_words(c, ev, a);
	if (ev->outcome == HTTP_TOO_BIG) {
		call_too_big(c, s, call, words);
		return;
	}
	if (ev->outcome != HTTP_REPLY) {
		after_failed(c, s, call, words);
		return;
	}
	struct bytes answer = ev->body;
	struct endpoint_state *e = core_session_endpoint(c, s);
	/* Servers of the REST reference's age know a list of statements and no single one. They
	 * have no names either: a server with names that says so is a gateway, or broken. */
	bool may_list = c->conf->endpoint[ev->tag.endpoint].statements == STATEMENTS_AUTO;
	switch (a->verdict) {
	case LIVY_OK:
		if (statement_by_list(c, s))
			call_cut(c, s, call, ev->body, &answer);
		call_progress(c, s, call, &a->statement, answer);
		break;
	case LIVY_NO_SESSION:
	case LIVY_NOT_ACTIVE:
	case LIVY_CHANNEL_LOST:
		depart_lost(c, s, words);
		break;
	case LIVY_NO_STATEMENT:
		call_dropped(c, s, call);
		break;
	case LIVY_UNKNOWN_CALL:
		if (may_list && !e->dialect.list_only && !e->dialect.names) {
			log_info("endpoint=%s event=list-only: it has no call for one statement",
			    c->conf->endpoint[ev->tag.endpoint].name);
			e->dialect.list_only = true;
			statement_look_in(c, s, call, 0);
			break;
		}
		/* fall through */
	default:
		after_failed(c, s, call, words);
	}
}

/* It says nothing of what lies there; of what is ours that is no matter, it can be sent again. */
static bool call_is_mute(
    const struct call *call, const struct ev_http *ev, const struct livy_answer *a)
{
	bool told = a->verdict == LIVY_OK || a->verdict == LIVY_NO_STATEMENT;
	return ev->outcome == HTTP_LOST || (call->what == CALL_RAW && !told);
}

/* What lies at the id that the lost POST would have got. */
static void call_on_doubted(struct core *c, struct session *s, struct call *call,
    const struct ev_http *ev, const struct livy_answer *a)
{
	if (statement_is_withheld(c, s, call, ev, a))
		return;
	const char *words = endpoint_words(c, ev, a);
	assert(call->state == CALL_DOUBT);
	/* The order below is that of what proves most: the session's end, our own code, a fence or
	 * a greeting of an earlier life, a stranger's code. Only when nothing lies there may
	 * anything be sent again, and never a file. */
	int64_t waited_ms = c->now.mono_ms - call->since_ms;
	const struct livy_statement *st = &a->statement;
	struct bytes theirs = { st->code, st->code_bytes };
	if (a->verdict == LIVY_NO_SESSION || a->verdict == LIVY_NOT_ACTIVE ||
	    a->verdict == LIVY_CHANNEL_LOST) {
		depart_lost(c, s, words);
	} else if (a->verdict == LIVY_OK && ev->outcome == HTTP_REPLY && theirs.p != NULL &&
		   livy_same_code(theirs, statement_code(c, s, call))) {
		log_info("session=%s event=adopted statement=%lld", s->r.name, (long long)st->id);
		call_accepted(c, s, call, st, ev->body);
	} else if (a->verdict == LIVY_OK && theirs.p != NULL && call->what == CALL_RAW &&
		   fence_is_code(c, s, theirs)) {
		fence_begin(c, s, call);
	} else if (a->verdict == LIVY_OK && theirs.p != NULL &&
		   source_is_token_code(&c->fx->arena, s->r.kind, theirs)) {
		/* A greeting or a probe that came late, or that an earlier life has asked: what is looked
		 * for lies behind it. */
		s->r.last_statement = st->id;
		core_row_session(c, s);
		statement_look_in(c, s, call, 0);
	} else if (a->verdict == LIVY_OK && theirs.p != NULL) {
		log_warn(
		    "session=%s event=stranger statement=%lld: somebody else uses this session",
		    s->r.name, (long long)st->id);
		depart_gone(c, s, "a statement in it is not ours");
	} else if (call_is_mute(call, ev, a)) {
		after_failed(c, s, call, words);
	} else if (call->what != CALL_RAW && waited_ms >= REPOST_MS) {
		statement_repeat(c, s, call);
	} else if (waited_ms < DOUBT_MS && a->verdict != LIVY_OK) {
		if (call->failures == 0)
			call->failing_ms = c->now.mono_ms;
		statement_look_in(c, s, call, core_backoff_ms(c, ++call->failures, 250, 5000));
	} else if (call->what == CALL_RAW && a->verdict == LIVY_NO_STATEMENT &&
		   fence_is_possible(c, s)) {
		fence_begin(c, s, call);
	} else {
		if (call->what == CALL_RAW)
			depart_unknown(c, s, call,
			    "the answer to its submission was lost, and it "
			    "cannot be told whether it ran");
		else
			session_drop_call(s, call);
		depart_retire(c, s, "what was sent to it last is unknown");
	}
}

static void call_on_fenced(struct core *c, struct session *s, struct call *fence,
    const struct ev_http *ev, const struct livy_answer *a)
{
	struct call *doubt = fence_doubt(s);
	if (fence_on_http(c, s, fence, ev, a))
		call_accepted(c, s, doubt, &a->statement, ev->body);
}

void call_on_http(struct core *c, struct session *s, struct call *call, const struct ev_http *ev)
{
	if (ev->tag.what == ASK_CANCEL || ev->tag.what == ASK_KEEP)
		return; /* what became of it the next look says */
	if (call->seq != ev->tag.seq) {
		c->stale++;
		return;
	}
	call->seq = 0;
	struct livy_answer a;
	if (ev->tag.what == ASK_STATEMENT && statement_by_list(c, s))
		livy_read_statement_of_list(ev->status, ev->body, call->statement, &a);
	else if (ev->tag.what == ASK_DELETE)
		livy_read_done(ev->status, ev->body, &a);
	else if (ev->tag.what == ASK_SESSION)
		livy_read_session(ev->status, ev->body, &a);
	else
		livy_read_statement(ev->status, ev->body, &a);
	if (ev->tag.what == ASK_CHANNEL)
		statement_compared(c, s, call, ev, &a);
	else if (call->what == CALL_FENCE)
		call_on_fenced(c, s, call, ev, &a);
	else if (ev->tag.what == ASK_SUBMIT)
		call_on_posted(c, s, call, ev, &a);
	else if (ev->tag.what == ASK_STATEMENT)
		call_on_looked(c, s, call, ev, &a);
	else
		call_on_doubted(c, s, call, ev, &a);
	livy_fini(&a);
}

/* ---- time ----------------------------------------------------------------------------------- */

static void call_look(struct core *c, struct session *s, struct call *call)
{
	if (call->state == CALL_DOUBT && statement_by_list(c, s) && call->what == CALL_RAW) {
		/* Without single statements there is no telling; the house's rule is `unknown`. */
		depart_unknown(c, s, call,
		    "the answer to its submission was lost, and this server "
		    "cannot tell whether it arrived");
		depart_retire(c, s, "what was sent to it last is unknown");
		return;
	}
	statement_look(c, s, call);
}

/* The limit counts also while a request is under way: a server that takes its time over an answer
 * must not lengthen a file's time. */
static bool call_is_due(const struct core *c, const struct call *call)
{
	return call->limit_ms <= c->now.mono_ms ||
	       (call->seq == 0 && call->due_ms <= c->now.mono_ms);
}

static void call_act(struct core *c, struct session *s, struct call *call)
{
	bool late = call->limit_ms <= c->now.mono_ms;
	if (late && (call->what == CALL_RAW || (call->what == CALL_RUNNER && s->alone)))
		stop_call(c, s, call);
	else if (late)
		stop_unanswered(c, s, call);
	else if (call->what == CALL_FENCE)
		fence_due(c, s, call);
	else
		call_look(c, s, call);
}

void call_due(struct core *c, struct session *s)
{
	if (!core_endpoint_up(c, s)) {
		s->parked = true;
		return;
	}
	/* One call at a time: it may end, and with it the session, and then its timer is not ours. */
	uint64_t id = s->r.id;
	struct call *call;
	TAILQ_FOREACH (call, &s->calls, link)
		if (call_is_due(c, call))
			break;
	if (call != NULL)
		call_act(c, s, call);
	if (session_by_id(&c->sessions, id) == NULL)
		return;
	TAILQ_FOREACH (call, &s->calls, link) {
		int64_t next =
		    call->seq != 0 || call->due_ms > call->limit_ms ? call->limit_ms : call->due_ms;
		if (next != INT64_MAX)
			timer_set_earlier(&c->timers, &s->timer, next);
	}
}
