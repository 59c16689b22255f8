/* talk: a session's own conversation with the server, from its creation to its readiness. */
#include "core/talk.h"

#include "base/log.h"
#include "core/call.h"
#include "core/depart.h"
#include "core/endpoint.h"
#include "core/runner.h"
#include "core/source.h"
#include "core/statement.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define CREATE_TIMEOUT_MS 180000
#define START_LOOK_MS 500
#define START_LOOK_MAX_MS 5000
#define IDLE_LOOK_MS 60000
#define LATE_MS 3600000 /* and then, whether it comes after all */
#define LATE_LOOK_MS 300000
#define FIND_MS 60000 /* how long a session whose creation was lost is looked for */
#define FAILURES_MAX 6

static void talk_ask(struct core *c, struct session *s, const struct request *rq)
{
	s->asked = rq->what;
	s->seq = core_ask(c, core_session_pool(c, s)->endpoint, s->r.id, 0, rq);
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
	size_t endpoint = core_session_pool(c, s)->endpoint;
	TAILQ_FOREACH (old, &c->sessions, link)
		if (old != s && str_eq(old->r.livy_id, id) &&
		    core_session_pool(c, old)->endpoint == endpoint)
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
	endpoint_works(c, core_session_pool(c, s)->endpoint);
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

static void talk_found(struct core *c, struct session *s, const struct livy_session *livy);

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

static void talk_greet(struct core *c, struct session *s)
{
	if (s->greeted && s->r.kind == KIND_RUNNER)
		statement_boot(c, s);
	else
		statement_greet(c, s);
}

/* Whatever was said to the runner before the break is said again: it knows what it has done. */
static void talk_settle_runner(struct core *c, struct session *s)
{
	struct call *call;
	while ((call = TAILQ_FIRST(&s->calls)) != NULL) {
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
	talk_greet(c, s);
}

/* Idle on the server's side: what is left to do before a file may come? */
static void talk_settle(struct core *c, struct session *s, enum session_state was)
{
	if (s->r.kind == KIND_RUNNER) {
		talk_settle_runner(c, s);
	} else if (!TAILQ_EMPTY(&s->calls)) {
		session_move(s, SESSION_BUSY, c->now.mono_ms);
	} else if (s->r.last_statement < 0 || was == SESSION_GREETING) {
		session_move(s, SESSION_GREETING, c->now.mono_ms);
		statement_greet(c, s);
	} else if (session_may_slip(s) && was != SESSION_IDLE) {
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
		depart_breaker(
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
		if (s->r.state == SESSION_STARTING)
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
	depart_breaker(c, s, log == NULL ? "the session died at its start and left no log" : log);
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
		s->lost_ms = -1;
		if (sought && s->late)
			depart_retire(c, s, "it came too late");
		else if (sought)
			talk_created(c, s, &a->session[0]);
		else
			talk_found(c, s, &a->session[0]);
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
		if (++s->failures < FAILURES_MAX) {
			depart_wake(c, s, core_backoff_ms(c, s->failures, 500, 30000));
			break;
		}
		depart_breaker(c, s, endpoint_words(c, ev, a));
		depart_retire(c, s, "its state cannot be read");
	}
}

/* ---- found again ---------------------------------------------------------------------------- */

static void talk_take_up(struct core *c, struct session *s)
{
	enum session_state was = s->resume;
	assert(s->r.state == SESSION_LOOKING);
	s->seq = 0; /* a look that is still under way has nothing to tell any more */
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

static bool talk_contains(struct bytes body, const char *word)
{
	size_t n = strlen(word);
	for (size_t i = 0; i + n <= body.n; i++)
		if (memcmp(body.p + i, word, n) == 0)
			return true;
	return false;
}

/* A server keeps the newest statements. When the first is not among them any more, those that are speak
 * of the runner that answers them, if it is ours. */
static bool talk_has_runner(
    const struct session *s, const struct ev_http *ev, const struct livy_answer *a)
{
	return ev->outcome == HTTP_REPLY && a->verdict == LIVY_NO_STATEMENT && s->r.boot != NULL &&
	       talk_contains(ev->body, s->r.boot);
}

/* On a server without names an id may be a stranger's: our token must be its first answer. */
static void talk_on_verified(struct core *c, struct session *s, const struct ev_http *ev)
{
	struct livy_answer a;
	struct bytes first;
	livy_read_statement_of_list(ev->status, ev->body, 0, &a);
	bool blamed = endpoint_blames(c, ev, &a);
	bool read = ev->outcome == HTTP_REPLY && a.verdict == LIVY_OK;
	bool ours = read && livy_cut_statement(ev->body, 0, &first) &&
		    source_token_answer(s->r.kind, first, s->r.token);
	ours = ours || talk_has_runner(s, ev, &a);
	bool refuted = ev->outcome == HTTP_REPLY &&
		       (a.verdict == LIVY_OK || a.verdict == LIVY_NO_STATEMENT ||
			   a.verdict == LIVY_NO_SESSION || a.verdict == LIVY_NOT_ACTIVE);
	livy_fini(&a);
	if (ours) {
		log_info("session=%s event=found by=token", s->r.name);
		s->verified = true;
		talk_take_up(c, s);
		depart_wake(c, s, 0);
	} else if (refuted) {
		depart_gone(c, s, "a session has its id, but not its token");
	} else {
		depart_wake(c, s, blamed ? 0 : core_backoff_ms(c, ++s->failures, 500, 30000));
	}
}

/* Found in the list or by its name, and certainly ours. */
static void talk_proven(struct core *c, struct session *s, const struct livy_session *livy)
{
	bool dead = livy->state == LIVY_SESSION_ENDING || livy->state == LIVY_SESSION_ERROR ||
		    livy->state == LIVY_SESSION_DEAD;
	log_info("session=%s event=found state=%s", s->r.name, livy->state_text);
	if (dead && TAILQ_EMPTY(&s->calls)) /* else its calls learn it from their own answers */
		depart_retire(
		    c, s, arena_printf(&c->fx->arena, "its state is %s", livy->state_text));
	else
		talk_take_up(c, s);
}

static void talk_found_nameless(struct core *c, struct session *s)
{
	s->verified = false;
	if (s->r.state != SESSION_LOOKING) {
		s->resume = s->r.state;
		session_move(s, SESSION_LOOKING, c->now.mono_ms);
	}
	if (s->r.last_statement < 0)
		depart_gone(c, s, "the server has no names, and it has no token yet to know it by");
	else
		talk_verify(c, s);
}

static void talk_found(struct core *c, struct session *s, const struct livy_session *livy)
{
	s->parked = false;
	if (s->r.livy_id == NULL)
		s->r.livy_id = xstrdup(livy->id);
	if (s->r.state != SESSION_LOOKING)
		talk_state(c, s, livy);
	else if (core_session_endpoint(c, s)->dialect.names)
		talk_proven(c, s, livy);
	else
		talk_found_nameless(c, s);
}

void talk_met(struct core *c, struct session *s, const struct livy_session *livy)
{
	bool made = s->r.state == SESSION_CREATING;
	s->parked = false;
	if (core_session_endpoint(c, s)->dialect.names || made)
		talk_found(c, s, livy);
	else
		talk_found_nameless(c, s); /* after any break an id may be a stranger's */
}

void talk_confirm(struct core *c, struct session *s)
{
	if (s->seq == 0 && s->r.state != SESSION_DELETING)
		talk_look(c, s);
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
	if (c->now.mono_ms >= look_ms && s->seq == 0) {
		s->since_ms = c->now.mono_ms;
		if (!core_session_endpoint(c, s)->dialect.names) {
			talk_found_nameless(c, s); /* is it still ours? */
			return;
		}
		talk_look(c, s);
	}
	if (s->seq == 0 || c->now.mono_ms < look_ms)
		timer_set_earlier(&c->timers, &s->timer, s->since_ms + talk_idle_look_ms(c, s));
	else
		depart_wake(c, s, IDLE_LOOK_MS);
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
	case SESSION_STARTING:
		if (s->seq == 0)
			talk_look(c, s);
		break;
	case SESSION_LOOKING:
		if (s->seq != 0)
			break;
		if (s->r.livy_id == NULL && !core_session_endpoint(c, s)->dialect.names)
			depart_gone(c, s, "its creation was lost on a server without names");
		else
			talk_look(c, s);
		break;
	case SESSION_GREETING:
		if (TAILQ_EMPTY(&s->calls))
			talk_greet(c, s);
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
