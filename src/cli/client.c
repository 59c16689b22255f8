/* client: a Livy server asked directly, one request after the other: by init, which has no daemon yet. */
#include "cli/client.h"
#include "core/redact.h"
#include "core/text.h"
#include "edge/evq.h"
#include "edge/http.h"
#include <assert.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

/* Of a list one session is asked for, with ten lines of log; a server that knows no size may send
 * many. */
#define ANSWER_BYTES_MAX (8 * 1024 * 1024)
#define WAIT_MS 1000
#define WORDS_BYTES_MAX 300

/* The daemon's own way to speak, so that what works here works there. */
struct client_wire {
	struct http *http;
	struct evq q;
	uint64_t seq;
};

/* http_new() may fail where the TLS library does. */
bool client_init(struct client *c, const struct conf *conf, int64_t patience_ms)
{
	assert(conf->endpoint_count > 0 && patience_ms > 0);
	*c = (struct client){ .conf = conf, .patience_ms = patience_ms, .signals = -1 };
	(void)signal(SIGPIPE, SIG_IGN); /* libcurl is told not to touch signals */
	struct http *http = http_new(conf);
	if (http == NULL)
		return false;
	c->wire = xcalloc(1, sizeof(*c->wire));
	c->wire->http = http;
	evq_init(&c->wire->q);
	arena_init(&c->arena);
	return true;
}

/* Of a request that was interrupted nobody hears any more. */
void client_fini(struct client *c)
{
	assert(c->wire != NULL);
	http_free(c->wire->http);
	evq_fini(&c->wire->q);
	free(c->wire);
	arena_fini(&c->arena);
}

/* Once is enough: whoever presses Ctrl-C twice waits for the same end. */
static bool is_interrupted(struct client *c)
{
	struct signalfd_siginfo info;

	if (c->signals == -1)
		return false;
	if (c->signal == 0 && read(c->signals, &info, sizeof(info)) == (ssize_t)sizeof(info))
		c->signal = (int)info.ssi_signo;
	return c->signal != 0;
}

/* The answer to the request, if it is among what came. That to an earlier one, which a signal has
 * interrupted, is nobody's. */
static const struct ev_http *find_answer(struct client_wire *w)
{
	const struct event *ev;

	while ((ev = evq_next(&w->q)) != NULL) {
		assert(ev->type == EV_HTTP);
		if (ev->u.http.tag.seq == w->seq)
			return &ev->u.http;
	}
	return NULL;
}

/* It ends: the transfer has a time limit of its own. */
const struct ev_http *client_ask(
    struct client *c, enum http_method method, const char *path, struct bytes body)
{
	struct client_wire *w = c->wire;
	const struct fx_http fx = { .tag = { .seq = ++w->seq },
		.method = method,
		.path = path,
		.body = body,
		.timeout_ms = c->patience_ms,
		.body_bytes_max = ANSWER_BYTES_MAX };
	const struct ev_http *ev;

	evq_done(&w->q);
	http_perform(w->http, &fx);
	for (;;) {
		http_pump(w->http, &w->q);
		ev = find_answer(w);
		if (ev != NULL || is_interrupted(c))
			return ev;
		struct pollfd p = { .fd = c->signals, .events = POLLIN };
		(void)http_wait(w->http, &p, 1, WAIT_MS);
	}
}

const struct ev_http *client_get(struct client *c, const char *path)
{
	return client_ask(c, HTTP_GET, path, (struct bytes){ 0 });
}

/* poll() passes over a descriptor below 0. */
bool client_pause(struct client *c, int64_t ms)
{
	struct pollfd p = { .fd = c->signals, .events = POLLIN };

	assert(ms >= 0 && ms <= INT32_MAX);
	(void)poll(&p, 1, (int)ms);
	return !is_interrupted(c);
}

/* A server that refuses a login may show in its page what it was sent. */
char *client_discreet(struct client *c, const char *text)
{
	const char *safe = redact(&c->arena, &c->conf->endpoint[0], text);

	return text_line(safe, strlen(safe), WORDS_BYTES_MAX);
}

/* The status always stands before the words: gateways say the oddest things with them. */
char *client_words(struct client *c, const struct ev_http *ev, const struct livy_answer *a)
{
	if (ev->outcome != HTTP_REPLY)
		return client_discreet(c, ev->error != NULL ? ev->error : "no answer");
	const char *said = a == NULL ? NULL : a->message;
	char *words = client_discreet(c, said != NULL ? said
					 : a != NULL  ? livy_verdict_name(a->verdict)
						      : "an odd answer");
	char *all = xasprintf("HTTP %d: %s", ev->status, words);
	free(words);
	return all;
}
