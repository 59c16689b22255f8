/* endpoint: whether a server can be spoken to, and when to try again. */
#include "core/endpoint.h"

#include "base/log.h"
#include "core/redact.h"
#include <assert.h>
#include <stdlib.h>

#define BACKOFF_FIRST_MS 1000
#define BACKOFF_MAX_MS 120000
#define STEADY_MS 300000 /* up for so long: the next trouble is a new one */
#define REST_MS 5000	 /* for others to be read and sent */

/* Something was accepted, not only answered: a gateway in front of a dead server answers as
 * well. */
void endpoint_works(struct core *c, size_t endpoint)
{
	struct endpoint_state *e = c->endpoint[endpoint];
	free(e->trouble);
	e->trouble = NULL;
	e->failures = 0;
}

void endpoint_takes(struct core *c, struct session *s)
{
	s->forbids = 0;
	core_session_endpoint(c, s)->forbids = 0;
	endpoint_works(c, s->r.endpoint);
}

void endpoint_forbids(struct core *c, struct session *s, const struct ev_http *ev)
{
	if (ev->outcome != HTTP_REPLY || ev->status != 403)
		return;
	s->forbids++;
	core_session_endpoint(c, s)->forbids++;
}

int64_t endpoint_rest_ms(const struct core *c, const struct session *s)
{
	int64_t up_ms = c->now.mono_ms - core_session_endpoint(c, s)->up_ms;
	return s->forbids > 1 ? core_left_ms(REST_MS, up_ms) : 0;
}

void endpoint_trouble(struct core *c, size_t endpoint, const char *why, int64_t retry_after_ms)
{
	assert(endpoint < c->endpoint_count && why != NULL);
	struct endpoint_state *e = c->endpoint[endpoint];
	if (e->phase == ENDPOINT_DOWN && e->failures > 0)
		return; /* more replies of the same bad moment */
	if (e->phase == ENDPOINT_UP && c->now.mono_ms - e->up_ms >= STEADY_MS)
		endpoint_works(c, endpoint);
	e->failures++;
	tally_error(c, TALLY_ENDPOINT);
	c->changed = true;
	int64_t ms = retry_after_ms > 0
			 ? core_jitter_ms(c, retry_after_ms)
			 : core_backoff_ms(c, e->failures, BACKOFF_FIRST_MS, BACKOFF_MAX_MS);
	const struct conf_endpoint *conf = &c->conf->endpoint[endpoint];
	/* By its words: what a night of retries says is in the log once, and a new cause is an
	 * error again. */
	bool same = str_eq(e->trouble, why);
	log_at(same ? LOG_LEVEL_DEBUG : LOG_LEVEL_ERROR,
	    "endpoint=%s event=down url=%s error=\"%s\" retry_ms=%lld; its files stay queued",
	    conf->name, conf->url, why, (long long)ms);
	if (!same) {
		e->told = true;
		free(e->trouble);
		e->trouble = xstrdup(why);
	}
	/* Whatever was asked before is asked again when it is met anew: answers that still come
	 * find no question. */
	e->phase = ENDPOINT_DOWN;
	e->seq = 0;
	timer_set(&c->timers, &e->timer, c->now.mono_ms + ms);
}

void endpoint_up(struct core *c, size_t endpoint)
{
	struct endpoint_state *e = c->endpoint[endpoint];
	if (e->told || !e->was_up)
		log_info("endpoint=%s event=up url=%s names=%s", c->conf->endpoint[endpoint].name,
		    c->conf->endpoint[endpoint].url, e->dialect.names ? "yes" : "no");
	e->told = false;
	e->up_ms = c->now.mono_ms;
	e->was_up = true;
	e->phase = ENDPOINT_UP;
	c->changed = true;
	timer_clear(&c->timers, &e->timer);
	c->plan = true;
}

/* Whatever a server says may hold the password that it was sent: no word of one goes anywhere but
 * through here. */
const char *endpoint_discreet(struct core *c, size_t endpoint, const char *text)
{
	if (text == NULL) /* what a server leaves out, the state of a session for one */
		return "not said";
	return redact(&c->fx->arena, &c->conf->endpoint[endpoint], text);
}

const char *endpoint_says(struct core *c, const struct ev_http *ev, const struct livy_answer *a)
{
	assert(ev->outcome == HTTP_REPLY);
	return arena_printf(&c->fx->arena, "HTTP %d: %s", ev->status,
	    a->message == NULL ? livy_verdict_name(a->verdict)
			       : endpoint_discreet(c, ev->tag.endpoint, a->message));
}

const char *endpoint_words(struct core *c, const struct ev_http *ev, const struct livy_answer *a)
{
	size_t endpoint = ev->tag.endpoint;
	if (ev->outcome != HTTP_REPLY)
		return ev->error != NULL ? endpoint_discreet(c, endpoint, ev->error) : "no answer";
	/* What the administrator can do about it, where an answer is a sign of one usual
	 * mistake. */
	const char *hint = "";
	if (a->verdict == LIVY_REDIRECT)
		hint = "; the url is not the server's own, see where it points";
	else if (a->verdict == LIVY_AUTH)
		hint = "; check auth, user and password_file";
	else if (a->verdict == LIVY_UNKNOWN_CALL ||
		 (a->verdict == LIVY_GARBAGE && ev->tag.session == 0))
		hint = "; is the url that of a Livy server, with its path?";
	return arena_printf(&c->fx->arena, "%s%s", endpoint_says(c, ev, a), hint);
}

/* Nobody can tell on whose account there is no answer. 502 and 504 are a gateway's words for "I got
 * none either". */
static bool endpoint_is_lost(const struct ev_http *ev, const struct livy_answer *a)
{
	bool gateway = ev->status == 502 || ev->status == 504;
	return ev->outcome == HTTP_LOST ||
	       (ev->outcome == HTTP_REPLY && a->verdict == LIVY_SERVER_ERROR && gateway);
}

/* 503 is also what some gateways say when they are cut off in the middle of an answer. */
bool endpoint_is_barred(const struct ev_http *ev, const struct livy_answer *a)
{
	return ev->outcome == HTTP_REPLY &&
	       (a->verdict == LIVY_AUTH || a->verdict == LIVY_REDIRECT ||
		   a->verdict == LIVY_LATER ||
		   (a->verdict == LIVY_SERVER_ERROR && ev->status == 503));
}

bool endpoint_is_back(const struct core *c, size_t endpoint, int64_t since_ms)
{
	const struct endpoint_state *e = c->endpoint[endpoint];
	return since_ms >= 0 && e->phase == ENDPOINT_UP && e->up_ms >= since_ms;
}

bool endpoint_blames_for(
    struct core *c, const struct ev_http *ev, const struct livy_answer *a, int64_t *lost_ms)
{
	bool lost = endpoint_is_lost(ev, a) || endpoint_is_barred(ev, a);
	bool later = ev->outcome == HTTP_REPLY && a->verdict == LIVY_LATER;
	/* The server has come up since this question was lost for the first time, so it was not the
	 * server then, and is not now: the one whose question it is has to bear it. Who says "later"
	 * means whatever comes now. */
	if (lost && !later && endpoint_is_back(c, ev->tag.endpoint, *lost_ms))
		return false;
	if (lost && *lost_ms < 0)
		*lost_ms = c->now.mono_ms;
	return endpoint_blames(c, ev, a);
}

bool endpoint_blames(struct core *c, const struct ev_http *ev, const struct livy_answer *a)
{
	bool blame =
	    ev->outcome == HTTP_NOT_SENT || endpoint_is_lost(ev, a) || endpoint_is_barred(ev, a);
	if (blame)
		endpoint_trouble(c, ev->tag.endpoint, endpoint_words(c, ev, a), ev->retry_after_ms);
	return blame;
}
