/* meet: a session is seen again after a break: is it ours, and where was it left? */
#include "core/meet.h"

#include "base/log.h"
#include "core/depart.h"
#include "core/endpoint.h"
#include "core/ready.h"
#include "core/source.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* In a row, over three minutes: a session that cannot be proven serves nobody. */
#define FAILURES_MAX 13

/* The endpoint's URL may be another one, and leads to the same server. */
static void meet_here(struct core *c, struct session *s)
{
	if (core_session_stays(c, s))
		return;
	free(s->r.url);
	s->r.url = xstrdup(c->conf->endpoint[s->r.endpoint].url);
	core_row_session(c, s);
}

/* After a break a session is LOOKING, and `resume` says what it was. Only when its server has
 * proven it does it become that again: until then nothing may be sent to it or deleted by its
 * id. */
static void meet_take_up(struct core *c, struct session *s)
{
	enum session_state was = s->resume;
	assert(s->r.state == SESSION_LOOKING);
	s->seq = 0; /* a look that is still under way has nothing to tell any more */
	if (was == SESSION_RETIRED || was == SESSION_DELETING) {
		depart_retire(c, s, "it was to go before it had to be found again");
	} else if (was == SESSION_CREATING || was == SESSION_STARTING) {
		session_move(s, SESSION_STARTING, c->now.mono_ms);
		core_row_session(c, s); /* its row may say LOOKING since meet_here() */
		depart_wake(c, s, 0);
	} else {
		ready_settle(c, s, was);
	}
}

static void meet_verify(struct core *c, struct session *s)
{
	const struct request rq = {
		.what = ASK_VERIFY,
		.method = HTTP_GET,
		.path = livy_path(&c->fx->arena, core_session_key(c, s), "/statements"),
	};
	ready_ask(c, s, &rq);
}

static bool meet_contains(struct bytes body, const char *word)
{
	size_t n = strlen(word);
	for (size_t i = 0; i + n <= body.n; i++)
		if (memcmp(body.p + i, word, n) == 0)
			return true;
	return false;
}

/* A server keeps the newest statements. When the first is not among them any more, those that are speak
 * of the runner that answers them, if it is ours. */
static bool meet_has_runner(
    const struct session *s, const struct ev_http *ev, const struct livy_answer *a)
{
	return ev->outcome == HTTP_REPLY && a->verdict == LIVY_NO_STATEMENT && s->r.boot != NULL &&
	       meet_contains(ev->body, s->r.boot);
}

/* Its list may be larger than we read, or hang, for as long as it lives. */
void meet_unproven(struct core *c, struct session *s, const char *words)
{
	assert(s->r.state == SESSION_LOOKING);
	if (++s->failures < FAILURES_MAX)
		depart_wake(c, s, core_backoff_ms(c, s->failures, 500, 30000));
	else
		depart_gone(c, s,
		    arena_printf(
			&c->fx->arena, "nobody can tell whether it is still ours: %s", words));
}

/* On a server without names an id may be a stranger's: our token must be its first answer. */
void meet_verified(struct core *c, struct session *s, const struct ev_http *ev)
{
	struct livy_answer a;
	struct bytes first;
	/* Statement 0 is always ours: nothing is given to a session before its greeting. */
	livy_read_statement_of_list(ev->status, ev->body, 0, &a);
	bool blamed = endpoint_blames_for(c, ev, &a, &s->lost_ms);
	const char *words = endpoint_words(c, ev, &a);
	bool read = ev->outcome == HTTP_REPLY && a.verdict == LIVY_OK;
	bool ours = read && livy_cut_statement(ev->body, 0, &first) &&
		    source_token_answer(s->r.kind, first, s->r.token);
	ours = ours || meet_has_runner(s, ev, &a);
	bool refuted = ev->outcome == HTTP_REPLY &&
		       (a.verdict == LIVY_OK || a.verdict == LIVY_NO_STATEMENT ||
			   a.verdict == LIVY_NO_SESSION || a.verdict == LIVY_NOT_ACTIVE);
	bool lost = ev->outcome == HTTP_REPLY && a.verdict == LIVY_CHANNEL_LOST;
	bool none = a.verdict == LIVY_NO_SESSION;
	/* Not any more, where its server was found to have names meanwhile, and it to be of no use. */
	bool looking = s->r.state == SESSION_LOOKING;
	livy_fini(&a);
	if (ours) {
		log_info("session=%s event=found by=token", s->r.name);
		s->verified = true;
		meet_here(c, s);
		s->lost_ms = -1;
	}
	if (ours && looking) {
		meet_take_up(c, s);
	} else if (refuted && !ours) {
		depart_gone(c, s,
		    none ? "the server does not know it any more"
			 : "a session has its id, but not its token");
	} else if (lost) { /* ours or not, nothing will come of it; unproven, it is not deleted */
		depart_gone(c, s, "its channel to the driver is closed");
	} else if (ours || blamed || !looking) {
		depart_wake(c, s, 0);
	} else {
		meet_unproven(c, s, words);
	}
}

/* Found in the list or by its name, and certainly ours. */
static void meet_proven(struct core *c, struct session *s, const struct livy_session *livy)
{
	bool dead = livy->state == LIVY_SESSION_ENDING || livy->state == LIVY_SESSION_ERROR ||
		    livy->state == LIVY_SESSION_DEAD;
	const char *state = endpoint_discreet(c, s->r.endpoint, livy->state_text);
	log_info("session=%s event=found state=%s", s->r.name, state);
	if (dead && TAILQ_EMPTY(&s->calls)) /* else its calls learn it from their own answers */
		depart_retire(c, s, arena_printf(&c->fx->arena, "its state is %s", state));
	else
		meet_take_up(c, s);
}

void meet_nameless(struct core *c, struct session *s)
{
	depart_prove(c, s);
	if (s->r.last_statement < 0)
		depart_gone(c, s, "the server has no names, and it has no token yet to know it by");
	else
		meet_verify(c, s);
}

void meet_found(struct core *c, struct session *s, const struct livy_session *livy)
{
	s->parked = false;
	if (core_session_endpoint(c, s)->dialect.names)
		meet_here(c, s);
	if (s->r.livy_id == NULL)
		s->r.livy_id = xstrdup(livy->id);
	if (s->r.state != SESSION_LOOKING)
		ready_state(c, s, livy);
	else if (core_session_endpoint(c, s)->dialect.names)
		meet_proven(c, s, livy);
	else
		meet_nameless(c, s);
}

void meet_listed(struct core *c, struct session *s, const struct livy_session *livy)
{
	bool made = s->r.state == SESSION_CREATING;
	s->parked = false;
	if (core_session_endpoint(c, s)->dialect.names || made)
		meet_found(c, s, livy);
	else
		meet_nameless(c, s); /* after any break an id may be a stranger's */
}

void meet_unlisted(struct core *c, struct session *s)
{
	if (!core_session_endpoint(c, s)->dialect.names)
		meet_nameless(c, s);
	else if (s->seq == 0 && s->r.state != SESSION_DELETING) /* that is what it is to be */
		ready_look(c, s);
}
