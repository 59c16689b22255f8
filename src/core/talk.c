/* talk: a session's own conversation with the server, from its creation to its readiness. */
#include "core/talk.h"

#include "base/log.h"
#include "core/call.h"
#include "core/depart.h"
#include "core/endpoint.h"
#include "core/source.h"
#include "core/statement.h"
#include <assert.h>
#include <stdlib.h>

#define CREATE_TIMEOUT_MS 180000
#define START_LOOK_MS 500
#define START_LOOK_MAX_MS 5000
#define IDLE_LOOK_MS 60000
#define FIND_MS 60000 /* how long a session whose creation was lost is looked for */
#define FAILURES_MAX 6
#define BREAKER_FIRST_MS 5000
#define BREAKER_MAX_MS 600000

static void talk_ask(struct core *c, struct session *s, const struct request *rq)
{
	s->asked = rq->what;
	s->seq = core_ask(c, core_session_pool(c, s)->endpoint, s->r.id, 0, rq);
}

/* No session of this kind can be had: a pause, longer each time. */
static void talk_breaker(struct core *c, const struct session *s, const char *why)
{
	struct pool_state *pool = c->pool[s->r.pool];
	int failures = ++pool->failures[s->r.kind];
	int64_t ms = core_backoff_ms(c, failures, BREAKER_FIRST_MS, BREAKER_MAX_MS);
	pool->after_ms[s->r.kind] = c->now.mono_ms + ms;
	timer_set_earlier(&c->timers, &pool->timer, c->now.mono_ms + ms);
	log_error("pool=%s kind=%s event=no-session session=%s error=\"%s\" retry_ms=%lld",
	    core_session_pool(c, s)->name, livy_kind_name(s->r.kind), s->r.name, why,
	    (long long)ms);
}

/* ---- creation ------------------------------------------------------------------------------- */

void talk_create(struct core *c, size_t pool, enum kind kind, int64_t owner, const char *proxy_user)
{
	const struct conf_pool *conf = &c->conf->pool[pool];
	struct session_rec rec = {
		.id = ++c->last_session,
		.pool = pool,
		.kind = kind,
		.state = SESSION_CREATING,
		.owner = owner,
		.proxy_user = xstrdup(proxy_user),
		.name = xasprintf("sparkspool-%s-%s-%08llx", c->instance, livy_kind_name(kind),
		    (unsigned long long)(core_random(c) >> 32)),
		.last_statement = -1,
		.created_ms = c->now.real_ms,
	};
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
	talk_ask(c, s, &rq);
}

/* It may have been created: look for it by its name. */
static void talk_seek(struct core *c, struct session *s, const char *why)
{
	log_warn(
	    "session=%s event=creation-lost error=\"%s\"; looking for it by name", s->r.name, why);
	if (!core_session_endpoint(c, s)->dialect.names) {
		talk_breaker(c, s, why);
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

static void talk_created(struct core *c, struct session *s, const struct livy_session *livy)
{
	free(s->r.livy_id);
	s->r.livy_id = xstrdup(livy->id);
	session_move(s, SESSION_STARTING, c->now.mono_ms);
	core_row_session(c, s);
	depart_wake(c, s, START_LOOK_MS);
}

static void talk_on_created(
    struct core *c, struct session *s, const struct ev_http *ev, const struct livy_answer *a)
{
	const char *words = endpoint_words(c, ev, a);
	bool blamed = endpoint_blames(c, ev, a);
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
	if (!blamed)
		talk_breaker(c, s, words);
	depart_gone(c, s, "it was not created");
}

/* ---- its state ------------------------------------------------------------------------------ */

static void talk_look(struct core *c, struct session *s)
{
	const struct request rq = {
		.what = ASK_SESSION,
		.method = HTTP_GET,
		.path = livy_path(&c->fx->arena, core_session_key(c, s), ""),
	};
	talk_ask(c, s, &rq);
}

static void talk_fetch_log(struct core *c, struct session *s)
{
	const struct request rq = {
		.what = ASK_LOG,
		.method = HTTP_GET,
		.path = livy_path(&c->fx->arena, core_session_key(c, s), "/log?from=-1&size=100"),
	};
	talk_ask(c, s, &rq);
}

/* Idle on the server's side: what is left to do before a file may come? */
static void talk_settle(struct core *c, struct session *s, enum session_state was)
{
	if (!TAILQ_EMPTY(&s->calls)) {
		session_move(s, SESSION_BUSY, c->now.mono_ms);
	} else if (s->r.last_statement < 0 || was == SESSION_GREETING) {
		session_move(s, SESSION_GREETING, c->now.mono_ms);
		statement_greet(c, s);
	} else if (s->r.kind == KIND_PYSPARK && was != SESSION_IDLE) {
		session_move(s, SESSION_PROBING, c->now.mono_ms);
		statement_probe(c, s);
	} else {
		session_move(s, SESSION_IDLE, c->now.mono_ms);
	}
	core_row_session(c, s);
	depart_wake(c, s, 0);
}

static void talk_still_starting(struct core *c, struct session *s, const char *state)
{
	int64_t age_ms = c->now.mono_ms - s->since_ms;
	if (age_ms > core_session_pool(c, s)->start_timeout_ms) {
		talk_breaker(
		    c, s, arena_printf(&c->fx->arena, "still %s after start_timeout", state));
		depart_retire(c, s, "it took too long to start");
		return;
	}
	int64_t ms = START_LOOK_MS + age_ms / 16;
	depart_wake(c, s, ms < START_LOOK_MAX_MS ? ms : START_LOOK_MAX_MS);
}

static void talk_state(struct core *c, struct session *s, const struct livy_session *livy)
{
	bool starting = s->r.state == SESSION_STARTING;
	switch (livy->state) {
	case LIVY_SESSION_STARTING:
		if (s->r.state == SESSION_IDLE) /* a server that recovers */
			session_move(s, SESSION_STARTING, c->now.mono_ms);
		talk_still_starting(c, s, livy->state_text);
		break;
	case LIVY_SESSION_IDLE:
	case LIVY_SESSION_BUSY:
		if (starting)
			talk_settle(c, s, SESSION_STARTING);
		break;
	case LIVY_SESSION_ENDING:
	case LIVY_SESSION_ERROR:
	case LIVY_SESSION_DEAD:
		if (starting) {
			talk_fetch_log(c, s); /* it is gone some minutes after the death */
			break;
		}
		if (TAILQ_EMPTY(&s->calls))
			depart_retire(
			    c, s, arena_printf(&c->fx->arena, "its state is %s", livy->state_text));
		break;
	}
}

static void talk_on_log(struct core *c, struct session *s, const struct ev_http *ev)
{
	struct livy_answer a;
	livy_read_log(ev->status, ev->body, &a);
	const char *log = a.verdict == LIVY_OK && a.session_count == 1 ? a.session[0].log : NULL;
	talk_breaker(c, s, log == NULL ? "the session died at its start and left no log" : log);
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
	talk_breaker(c, s, "the answer to its creation was lost and it does not appear");
	depart_gone(c, s, "it was never created");
}

static void talk_on_session(
    struct core *c, struct session *s, const struct ev_http *ev, const struct livy_answer *a)
{
	bool sought = s->r.state == SESSION_LOOKING;
	if (endpoint_blames(c, ev, a)) {
		depart_wake(c, s, 0);
		return;
	}
	switch (ev->outcome == HTTP_REPLY ? a->verdict : LIVY_GARBAGE) {
	case LIVY_OK:
		if (sought)
			talk_created(c, s, &a->session[0]);
		else
			talk_state(c, s, &a->session[0]);
		break;
	case LIVY_NO_SESSION:
		if (sought)
			talk_seek_again(c, s);
		else
			depart_gone(c, s, "the server does not know it any more");
		break;
	default:
		if (++s->failures < FAILURES_MAX) {
			depart_wake(c, s, core_backoff_ms(c, s->failures, 500, 30000));
			break;
		}
		talk_breaker(c, s, endpoint_words(c, ev, a));
		depart_retire(c, s, "its state cannot be read");
	}
	/* A look at an idle session is done; the next one is a minute away. */
}

/* ---- found again ---------------------------------------------------------------------------- */

static void talk_take_up(struct core *c, struct session *s)
{
	enum session_state was = s->resume;
	assert(s->r.state == SESSION_LOOKING);
	if (was == SESSION_RETIRED || was == SESSION_DELETING)
		depart_retire(c, s, "retired in an earlier life");
	else if (was == SESSION_CREATING || was == SESSION_STARTING)
		session_move(s, SESSION_STARTING, c->now.mono_ms);
	else
		talk_settle(c, s, was);
}

static void talk_verify(struct core *c, struct session *s)
{
	const struct request rq = {
		.what = ASK_VERIFY,
		.method = HTTP_GET,
		.path = livy_path(&c->fx->arena, core_session_key(c, s), "/statements"),
	};
	talk_ask(c, s, &rq);
}

/* On a server without names an id may be a stranger's: our token must be its first answer. */
static void talk_on_verified(struct core *c, struct session *s, const struct ev_http *ev)
{
	struct bytes first;
	if (ev->outcome == HTTP_REPLY && livy_cut_statement(ev->body, 0, &first) &&
	    source_token_answer(s->r.kind, first, s->r.token)) {
		log_info("session=%s event=found", s->r.name);
		talk_take_up(c, s);
		depart_wake(c, s, 0);
		return;
	}
	depart_gone(c, s, "a session has its id, but not its token");
}

void talk_found(struct core *c, struct session *s, const struct livy_session *livy)
{
	s->parked = false;
	if (s->r.state != SESSION_LOOKING) {
		talk_state(c, s, livy);
		return;
	}
	if (s->r.livy_id == NULL)
		s->r.livy_id = xstrdup(livy->id);
	bool dead = livy->state == LIVY_SESSION_ENDING || livy->state == LIVY_SESSION_ERROR ||
		    livy->state == LIVY_SESSION_DEAD;
	if (dead && !core_session_endpoint(c, s)->dialect.names) {
		depart_gone(c, s, "it is dead");
	} else if (dead) {
		/* Its calls learn it from their own answers; without any it is deleted at once. */
		if (TAILQ_EMPTY(&s->calls))
			depart_retire(
			    c, s, arena_printf(&c->fx->arena, "its state is %s", livy->state_text));
		else
			talk_take_up(c, s);
	} else if (!core_session_endpoint(c, s)->dialect.names && s->r.last_statement >= 0) {
		talk_verify(c, s);
	} else {
		log_info("session=%s event=found state=%s", s->r.name, livy->state_text);
		talk_take_up(c, s);
	}
}

/* ---- time and replies ----------------------------------------------------------------------- */

static int64_t talk_idle_look_ms(const struct core *c, const struct session *s)
{
	int64_t heartbeat_ms = (int64_t)core_session_pool(c, s)->session.heartbeat_timeout_s * 1000;
	return heartbeat_ms > 0 && heartbeat_ms / 3 < IDLE_LOOK_MS ? heartbeat_ms / 3
								   : IDLE_LOOK_MS;
}

static void talk_idle(struct core *c, struct session *s)
{
	/* since_ms is the last time that we knew it was well. */
	int64_t look_ms = s->since_ms + talk_idle_look_ms(c, s);
	if (c->now.mono_ms >= look_ms) {
		s->since_ms = c->now.mono_ms;
		talk_look(c, s);
	}
	timer_set_earlier(&c->timers, &s->timer, s->since_ms + talk_idle_look_ms(c, s));
}

void talk_due(struct core *c, struct session *s)
{
	if (!core_endpoint_up(c, s)) {
		s->parked = true;
		return;
	}
	switch (s->r.state) {
	case SESSION_STARTING:
		if (s->seq == 0)
			talk_look(c, s);
		break;
	case SESSION_LOOKING:
		if (s->seq == 0 && s->resume == SESSION_CREATING)
			talk_look(c, s);
		break;
	case SESSION_GREETING:
		if (TAILQ_EMPTY(&s->calls))
			statement_greet(c, s);
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
		if (s->seq == 0)
			talk_idle(c, s);
		break;
	case SESSION_BUSY:
		call_due(c, s);
		break;
	case SESSION_RETIRED:
	case SESSION_DELETING: /* with a fence in it */
		if (TAILQ_EMPTY(&s->calls))
			depart_go_on(c, s);
		else
			call_due(c, s);
		break;
	default:
		break;
	}
}

void talk_on_http(struct core *c, struct session *s, const struct ev_http *ev)
{
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
	if (ev->tag.what == ASK_VERIFY) {
		talk_on_verified(c, s, ev);
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
