/* contact: the first words with a server: what it is, and which of our sessions it still has. */
#include "core/contact.h"

#include "base/log.h"
#include "core/depart.h"
#include "core/endpoint.h"
#include "core/meet.h"
#include "core/talk.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* Livy's own default; a busy server may hold more sessions, so it is read page by page. */
#define PAGE 100
#define ODD_MAX 5 /* such answers before one that is no version is believed */

void contact_due(struct core *c, size_t endpoint)
{
	struct endpoint_state *e = c->endpoint[endpoint];
	assert(endpoint < c->endpoint_count);
	if (e->phase != ENDPOINT_DOWN || !core_endpoint_is_wanted(c, endpoint))
		return;
	const struct request rq = { .what = ASK_VERSION, .method = HTTP_GET, .path = "/version" };
	e->phase = ENDPOINT_VERSION;
	e->seq = core_ask(c, endpoint, 0, 0, &rq);
}

static void contact_list(struct core *c, size_t endpoint, int64_t from)
{
	struct endpoint_state *e = c->endpoint[endpoint];
	struct session *s;
	/* A session that is created or deleted between two pages moves others from one page to the
	 * next: each that was seen on any page counts as seen. */
	if (from == 0)
		TAILQ_FOREACH (s, &c->sessions, link)
			if (s->r.endpoint == endpoint)
				s->seen = false;
	const struct request rq = {
		.what = ASK_LIST,
		.method = HTTP_GET,
		.path = arena_printf(
		    &c->fx->arena, "/sessions?from=%lld&size=%d", (long long)from, PAGE),
	};
	e->from = from;
	e->phase = ENDPOINT_LISTING;
	e->seq = core_ask(c, endpoint, 0, 0, &rq);
}

static void contact_on_version(
    struct core *c, const struct ev_http *ev, const struct livy_answer *a)
{
	struct endpoint_state *e = c->endpoint[ev->tag.endpoint];
	if (endpoint_blames(c, ev, a))
		return;
	/* A server that had names does not lose them: that is a gateway's page. */
	bool lapse = e->was_up && e->dialect.names && a->verdict != LIVY_OK;
	/* What is neither a version nor "no such call" may be something on the way: before the server is
	 * taken for one without names, and sessions that it was given by name are given up, it is asked
	 * again. */
	bool lost = ev->outcome != HTTP_REPLY || a->verdict == LIVY_SERVER_ERROR;
	bool odd = !lost && a->verdict != LIVY_OK && a->verdict != LIVY_UNKNOWN_CALL;
	if (!lost)
		e->odd = odd ? e->odd + 1 : 0;
	if (lost || lapse || (odd && e->odd <= ODD_MAX)) {
		endpoint_trouble(c, ev->tag.endpoint, endpoint_words(c, ev, a), 0);
		return;
	}
	e->dialect = livy_dialect_of(a);
	if (c->conf->endpoint[ev->tag.endpoint].statements == STATEMENTS_LIST)
		e->dialect.list_only = true;
	contact_list(c, ev->tag.endpoint, 0);
}

static const struct livy_session *contact_find(
    const struct core *c, const struct session *s, const struct livy_answer *a)
{
	bool names = core_session_endpoint(c, s)->dialect.names;
	for (size_t i = 0; i < a->session_count; i++) {
		const struct livy_session *livy = &a->session[i];
		if (names ? livy->name != NULL && strcmp(livy->name, s->r.name) == 0
			  : s->r.livy_id != NULL && str_eq(livy->id, s->r.livy_id))
			return livy;
	}
	return NULL;
}

static bool contact_bears_our_mark(const struct core *c, const struct livy_session *livy)
{
	char *mark = xasprintf("sparkspool-%s-", c->instance);
	bool bears = livy->name != NULL && strncmp(livy->name, mark, strlen(mark)) == 0;
	free(mark);
	return bears;
}

/* Sessions that bear our instance's mark, but that our ledger does not know: never touched. */
static void contact_strangers(struct core *c, size_t endpoint, const struct livy_answer *a)
{
	for (size_t i = 0; i < a->session_count; i++) {
		const struct session *s;
		bool known = !contact_bears_our_mark(c, &a->session[i]);
		TAILQ_FOREACH (s, &c->sessions, link)
			known = known || str_eq(s->r.name, a->session[i].name);
		if (!known)
			log_warn("session=%s event=unknown-to-the-ledger: left alone",
			    endpoint_discreet(c, endpoint, a->session[i].name));
	}
}

/* Only a server that had said that it has names was ever given one of ours: what has just answered
 * for its version was not that server. */
static void contact_trust_names(
    const struct core *c, struct endpoint_state *e, const struct livy_answer *a)
{
	for (size_t i = 0; i < a->session_count && !e->dialect.names; i++)
		if (contact_bears_our_mark(c, &a->session[i]))
			e->dialect.names = e->dialect.echo = true;
}

/* The list is complete. */
static void contact_done(struct core *c, size_t endpoint)
{
	struct session *s;
	struct session *next;
	endpoint_up(c, endpoint);
	for (s = TAILQ_FIRST(&c->sessions); s != NULL; s = next) {
		next = TAILQ_NEXT(s, link);
		bool being_made = s->r.state == SESSION_CREATING ||
				  (s->r.state == SESSION_LOOKING && s->resume == SESSION_CREATING);
		if (s->r.endpoint != endpoint)
			continue;
		s->parked = false;
		depart_wake(c, s, 0);
		/* Absence from a list proves nothing by itself, see above: it is asked for by its
		 * name. */
		if (!s->seen && !being_made)
			meet_unlisted(c, s); /* it may be gone now */
	}
}

static void contact_on_list(struct core *c, const struct ev_http *ev, const struct livy_answer *a)
{
	size_t endpoint = ev->tag.endpoint;
	struct endpoint_state *e = c->endpoint[endpoint];
	struct session *s;
	struct session *next;
	if (endpoint_blames(c, ev, a))
		return;
	if (ev->outcome != HTTP_REPLY || a->verdict != LIVY_OK) {
		endpoint_trouble(c, endpoint, endpoint_words(c, ev, a), 0);
		return;
	}
	contact_trust_names(c, e, a);
	e->phase = ENDPOINT_UP; /* so that what is found may speak at once */
	for (s = TAILQ_FIRST(&c->sessions); s != NULL; s = next) {
		next = TAILQ_NEXT(s, link);
		const struct livy_session *livy =
		    s->r.endpoint == endpoint ? contact_find(c, s, a) : NULL;
		if (livy == NULL || s->seen)
			continue;
		s->seen = true;
		meet_listed(c, s, livy);
	}
	contact_strangers(c, endpoint, a);
	int64_t read = e->from + (int64_t)a->session_count;
	/* An empty page ends it whatever `total` says: a server that counts wrongly must not be
	 * asked for ever. */
	if (a->session_count > 0 && read < a->total)
		contact_list(c, endpoint, read);
	else
		contact_done(c, endpoint);
}

void contact_on_http(struct core *c, const struct ev_http *ev)
{
	struct endpoint_state *e = c->endpoint[ev->tag.endpoint];
	if (e->seq != ev->tag.seq) {
		c->stale++;
		return;
	}
	e->seq = 0;
	struct livy_answer a;
	if (ev->tag.what == ASK_VERSION) {
		livy_read_version(ev->status, ev->body, &a);
		contact_on_version(c, ev, &a);
	} else {
		assert(ev->tag.what == ASK_LIST);
		livy_read_sessions(ev->status, ev->body, &a);
		contact_on_list(c, ev, &a);
	}
	livy_fini(&a);
}

/* Another server answers there, and may be an older one: what the former could says nothing of it. */
void contact_conf(struct core *c, const struct conf *conf)
{
	assert(conf->endpoint_count >= c->endpoint_count);
	for (size_t i = 0; i < c->endpoint_count; i++) {
		struct endpoint_state *e = c->endpoint[i];
		if (str_eq(c->conf->endpoint[i].url, conf->endpoint[i].url))
			continue;
		e->was_up = false;
		e->odd = 0;
	}
}
