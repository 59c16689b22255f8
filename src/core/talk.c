/* talk: a session's own conversation with the server: its creation, and when to speak of what. */
#include "core/talk.h"

#include "base/log.h"
#include "core/call.h"
#include "core/depart.h"
#include "core/endpoint.h"
#include "core/meet.h"
#include "core/ready.h"
#include "core/runner.h"
#include "core/statement.h"
#include <assert.h>
#include <stdlib.h>

/* Livy launches the driver's process before it answers, and a loaded host takes its time. An answer
 * that is given up too early costs a session that has to be looked for. */
#define CREATE_TIMEOUT_MS 180000
/* A GET of a session's state takes milliseconds and never goes to the driver, so a young one is
 * asked often: a session's start is what a user waits for. */
#define START_LOOK_MS 500
#define START_LOOK_MAX_MS 5000
#define IDLE_LOOK_MS 60000
#define LATE_MS 3600000 /* and then, whether it comes after all */
#define LATE_LOOK_MS 300000
#define FIND_MS 60000 /* how long a session whose creation was lost is looked for */
#define FAILURES_MAX 6

/* ---- creation ------------------------------------------------------------------------------- */

void talk_create(struct core *c, size_t pool, enum kind kind, int64_t owner, const char *proxy_user)
{
	assert(pool < c->pool_count && kind < KIND_SESSIONS);
	const struct conf_pool *conf = &c->conf->pool[pool];
	struct session_rec rec = {
		.id = ++c->last_session,
		.pool = pool,
		.endpoint = conf->endpoint,
		.url = xstrdup(c->conf->endpoint[conf->endpoint].url),
		.kind = kind,
		.state = SESSION_CREATING,
		.owner = owner,
		.run_as = xstrdup(conf->session.proxy_user),
		.proxy_user = xstrdup(proxy_user),
		.name = xasprintf("sparkspool-%s-%s-%08llx", c->instance, livy_kind_name(kind),
		    (unsigned long long)(core_random(c) >> 32)),
		.last_statement = -1,
		.created_ms = c->now.real_ms,
	};
	/* The name and the token are committed before the POST is made: whatever becomes of its
	 * answer, the session is known again by them, and nothing else is ever deleted. */
	core_token(c, rec.token);
	struct session *s = session_new(&c->sessions, &rec, c->now.mono_ms);
	core_row_session(c, s);
	const struct request rq = {
		.what = ASK_CREATE,
		.method = HTTP_POST,
		.path = "/sessions",
		.body = livy_create_body(&c->fx->arena, &conf->session, kind, s->r.name, proxy_user,
		    &c->endpoint[conf->endpoint]->dialect),
		.timeout_ms = CREATE_TIMEOUT_MS,
	};
	log_info("session=%s event=creating pool=%s kind=%s", s->r.name, conf->name,
	    livy_kind_name(kind));
	ready_ask(c, s, &rq);
}

/* It may have been created: look for it by its name. */
static void talk_seek(struct core *c, struct session *s, const char *why)
{
	log_warn(
	    "session=%s event=creation-lost error=\"%s\"; looking for it by name", s->r.name, why);
	if (!core_session_endpoint(c, s)->dialect.names) {
		depart_breaker(c, s, why);
		depart_gone(c, s,
		    "its creation was lost on a server without names; if it exists, the "
		    "server's idle timeout ends it");
		return;
	}
	session_move(s, SESSION_LOOKING, c->now.mono_ms);
	s->resume = SESSION_CREATING;
	core_row_session(c, s);
	depart_wake(c, s, START_LOOK_MS);
}

/* A new session has the id of an old one: the server has counted anew, the old one is gone. */
static void talk_displace(struct core *c, const struct session *s, const char *id)
{
	struct session *old;
	size_t endpoint = s->r.endpoint;
	TAILQ_FOREACH (old, &c->sessions, link)
		if (old != s && str_eq(old->r.livy_id, id) && old->r.endpoint == endpoint)
			break;
	if (old != NULL)
		depart_gone(c, old, "a new session has its id: the server has begun anew");
}

static void talk_created(struct core *c, struct session *s, const struct livy_session *livy)
{
	talk_displace(c, s, livy->id);
	free(s->r.livy_id);
	s->r.livy_id = xstrdup(livy->id);
	session_move(s, SESSION_STARTING, c->now.mono_ms);
	core_row_session(c, s);
	endpoint_works(c, s->r.endpoint);
	depart_wake(c, s, START_LOOK_MS);
}

static void talk_on_created(
    struct core *c, struct session *s, const struct ev_http *ev, const struct livy_answer *a)
{
	const char *words = endpoint_words(c, ev, a);
	/* A server that answers and will not create is the pool's trouble: what runs goes on. */
	bool blamed = ev->outcome != HTTP_REPLY && endpoint_blames(c, ev, a);
	if (ev->outcome == HTTP_LOST || ev->outcome == HTTP_TOO_BIG) {
		talk_seek(c, s, words);
		return;
	}
	if (ev->outcome == HTTP_REPLY && a->verdict == LIVY_OK) {
		talk_created(c, s, &a->session[0]);
		return;
	}
	if (ev->outcome == HTTP_REPLY &&
	    (a->verdict == LIVY_SERVER_ERROR || a->verdict == LIVY_GARBAGE ||
		a->verdict == LIVY_NAME_TAKEN || a->verdict == LIVY_CHANNEL_LOST)) {
		talk_seek(c, s, words);
		return;
	}
	s->blamed = blamed; /* the way to the server, not the pool */
	depart_gone(c, s, words);
}

/* ---- what becomes of it ---------------------------------------------------------------------- */

/* The words of a dead driver are in its log and nowhere else, and the server drops the log some
 * minutes after the death: it is read before the session is deleted. */
static void talk_on_log(struct core *c, struct session *s, const struct ev_http *ev)
{
	struct livy_answer a;
	livy_read_log(ev->status, ev->body, &a);
	const char *log = a.verdict == LIVY_OK && a.session_count == 1 ? a.session[0].log : NULL;
	depart_breaker(c, s,
	    log == NULL ? "the session died at its start and left no log"
			: endpoint_discreet(c, s->r.endpoint, log));
	livy_fini(&a);
	depart_retire(c, s, "it died at its start");
}

static void talk_seek_again(struct core *c, struct session *s)
{
	if (c->now.mono_ms - s->since_ms < FIND_MS) {
		depart_wake(
		    c, s, core_backoff_ms(c, ++s->failures, START_LOOK_MS, START_LOOK_MAX_MS));
		return;
	}
	/* Nobody waits for it any more; should it come late, it is ours by its name and goes. */
	if (!s->late)
		depart_breaker(c, s, "the answer to its creation was lost and it does not appear");
	s->late = true;
	c->plan = true;
	if (c->now.mono_ms - s->since_ms < LATE_MS)
		depart_wake(c, s, core_backoff_ms(c, ++s->failures, START_LOOK_MS, LATE_LOOK_MS));
	else
		depart_retire(c, s, "it was never created, as far as can be seen");
}

static void talk_on_session(
    struct core *c, struct session *s, const struct ev_http *ev, const struct livy_answer *a)
{
	bool sought = s->r.state == SESSION_LOOKING && s->resume == SESSION_CREATING;
	if (endpoint_blames_for(c, ev, a, &s->lost_ms)) {
		depart_wake(c, s, 0);
		return;
	}
	switch (ev->outcome == HTTP_REPLY ? a->verdict : LIVY_GARBAGE) {
	case LIVY_OK:
		/* Without names it is the next question that may be lost each time. */
		if (s->r.state != SESSION_LOOKING || core_session_endpoint(c, s)->dialect.names)
			s->lost_ms = -1;
		if (sought && s->late)
			depart_retire(c, s, "it came too late");
		else if (sought)
			talk_created(c, s, &a->session[0]);
		else
			meet_found(c, s, &a->session[0]);
		break;
	case LIVY_NO_SESSION:
		if (sought)
			talk_seek_again(c, s);
		else if (TAILQ_EMPTY(&s->calls) || s->r.state == SESSION_LOOKING)
			depart_gone(c, s, "the server does not know it any more");
		break; /* its calls learn it from their own answers */
	default:
		if (sought) { /* to delete what is still to come would be to lose it */
			talk_seek_again(c, s);
			break;
		}
		if (s->r.state == SESSION_LOOKING && !core_session_endpoint(c, s)->dialect.names) {
			meet_unproven(c, s, endpoint_words(c, ev, a));
			break;
		}
		if (++s->failures < FAILURES_MAX) {
			depart_wake(c, s, core_backoff_ms(c, s->failures, 500, 30000));
			break;
		}
		depart_breaker(c, s, endpoint_words(c, ev, a));
		depart_retire(c, s, "its state cannot be read");
	}
}

/* ---- time and replies ----------------------------------------------------------------------- */

static void talk_idle(struct core *c, struct session *s)
{
	int64_t pause_ms = core_quiet_ms(c, s, IDLE_LOOK_MS);
	/* since_ms is the last time that we knew it was well. */
	int64_t look_ms = s->since_ms + pause_ms;
	if (c->now.mono_ms >= look_ms && s->seq == 0) {
		s->since_ms = c->now.mono_ms;
		if (!core_session_endpoint(c, s)->dialect.names) {
			meet_nameless(c, s); /* is it still ours? */
			return;
		}
		ready_look(c, s);
	}
	if (s->seq == 0 || c->now.mono_ms < look_ms)
		timer_set_earlier(&c->timers, &s->timer, s->since_ms + pause_ms);
	else
		depart_wake(c, s, pause_ms);
}

/* The session may have gone by its last call. */
static void talk_runner(struct core *c, uint64_t id)
{
	struct session *s = session_by_id(&c->sessions, id);
	if (s == NULL || s->r.kind != KIND_RUNNER)
		return;
	if (s->r.state == SESSION_IDLE && !TAILQ_EMPTY(&s->calls))
		call_due(c, s);
	runner_due(c, s);
}

void talk_due(struct core *c, struct session *s)
{
	uint64_t id = s->r.id;
	if (!core_endpoint_up(c, s)) {
		s->parked = true;
		return;
	}
	switch (s->r.state) {
	case SESSION_STARTING: /* after a POST, too, to which a server that says "idle" said so */
		if (s->seq == 0 && c->now.mono_ms - s->since_ms >= START_LOOK_MS)
			ready_look(c, s);
		else if (s->seq == 0)
			depart_wake(c, s, s->since_ms + START_LOOK_MS - c->now.mono_ms);
		break;
	case SESSION_LOOKING:
		if (s->seq != 0)
			break;
		if (s->r.livy_id == NULL && !core_session_endpoint(c, s)->dialect.names)
			depart_gone(c, s, "its creation was lost on a server without names");
		else
			ready_look(c, s);
		break;
	case SESSION_GREETING:
		if (TAILQ_EMPTY(&s->calls))
			ready_greet(c, s);
		else
			call_due(c, s);
		break;
	case SESSION_PROBING:
		if (TAILQ_EMPTY(&s->calls))
			statement_probe(c, s);
		else
			call_due(c, s);
		break;
	case SESSION_IDLE:
		talk_idle(c, s);
		talk_runner(c, id);
		break;
	case SESSION_BUSY:
		call_due(c, s);
		talk_runner(c, id);
		break;
	case SESSION_RETIRED:
	case SESSION_DELETING: /* with a fence in it */
		if (TAILQ_EMPTY(&s->calls) && s->run_count == 0)
			depart_go_on(c, s);
		else
			call_due(c, s);
		talk_runner(c, id);
		break;
	default:
		break;
	}
}

void talk_on_http(struct core *c, struct session *s, const struct ev_http *ev)
{
	/* An answer to a question that was asked before a break: what it says of then is not so
	 * now. */
	if (s->seq != ev->tag.seq) {
		c->stale++;
		return;
	}
	s->seq = 0;
	if (ev->tag.what == ASK_DELETE) {
		depart_on_deleted(c, s, ev);
		return;
	}
	if (ev->tag.what == ASK_LOG) {
		talk_on_log(c, s, ev);
		return;
	}
	if (ev->tag.what == ASK_CHANNEL) {
		ready_sounded(c, s, ev);
		return;
	}
	if (ev->tag.what == ASK_VERIFY) {
		meet_verified(c, s, ev);
		return;
	}
	struct livy_answer a;
	livy_read_session(ev->status, ev->body, &a);
	if (ev->tag.what == ASK_CREATE)
		talk_on_created(c, s, ev, &a);
	else
		talk_on_session(c, s, ev, &a);
	livy_fini(&a);
}
