/* http: requests out, answers in, over one long-lived multi handle of libcurl. */
#include "edge/http.h"

#include "base/log.h"
#include "edge/httpopt.h"
#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>

/* Easy handles and connections kept for later; more may be in use. */
#define IDLE_EASY_MAX 16
#define IDLE_CONN_MAX 32L
/* libcurl before 8.9 works out how long it may wait before it has looked at its sockets. */
#define WAIT_MS_MAX 1000

LIST_HEAD(transfers, http_transfer);

struct http {
	CURLM *multi;
	const struct conf *conf;
	struct http_headers headers;
	struct transfers active;  /* in the multi handle */
	struct transfers refused; /* never started: ended by the next pump */
	size_t in_flight;	  /* both */
	uint64_t requests;
	CURL *idle[IDLE_EASY_MAX];
	size_t idle_count;
	struct curl_waitfd *waitfd;
	size_t waitfd_cap;
};

struct http *http_new(const struct conf *conf)
{
	struct http *h;
	CURLM *multi;

	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
		log_error("event=not-started error=\"libcurl cannot be initialised\"");
		return NULL;
	}
	multi = curl_multi_init();
	if (multi == NULL) {
		log_error("event=not-started error=\"libcurl: no memory, or no descriptors\"");
		curl_global_cleanup();
		return NULL;
	}
	(void)curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, IDLE_CONN_MAX);
	h = xcalloc(1, sizeof(*h));
	h->multi = multi;
	h->conf = conf;
	http_headers_init(&h->headers);
	LIST_INIT(&h->active);
	LIST_INIT(&h->refused);
	return h;
}

void http_conf(struct http *h, const struct conf *conf)
{
	h->conf = conf;
}

/* ---- easy handles, used again and again: each holds buffers that are worth keeping ---------- */

static CURL *easy_get(struct http *h)
{
	CURL *easy = h->idle_count > 0 ? h->idle[--h->idle_count] : curl_easy_init();

	assert(easy != NULL); /* no memory */
	return easy;
}

static void easy_put(struct http *h, CURL *easy)
{
	if (h->idle_count == IDLE_EASY_MAX) {
		curl_easy_cleanup(easy);
		return;
	}
	/* Its options point into a transfer that is gone, and hold a password. */
	curl_easy_reset(easy);
	h->idle[h->idle_count++] = easy;
}

/* ---- transfers ----------------------------------------------------------------------------- */

void http_perform(struct http *h, const struct fx_http *fx)
{
	struct http_transfer *t;
	CURLcode setup;

	assert(fx->tag.endpoint < h->conf->endpoint_count);
	t = http_transfer_new(
	    easy_get(h), &h->conf->endpoint[fx->tag.endpoint], fx, &h->headers, &setup);
	h->in_flight++;
	h->requests++;
	if (setup == CURLE_OK && curl_multi_add_handle(h->multi, t->easy) == CURLM_OK)
		LIST_INSERT_HEAD(&h->active, t, link);
	else
		/* Its answer comes with the next pump as any other's: every effect has its one
		 * event, and none comes from within the effect. */
		LIST_INSERT_HEAD(&h->refused, t, link);
}

static void transfer_release(struct http *h, struct http_transfer *t)
{
	assert(h->in_flight > 0);
	h->in_flight--;
	LIST_REMOVE(t, link);
	easy_put(h, t->easy);
	http_transfer_free(t);
}

static void transfer_finish(struct http *h, struct http_transfer *t, CURLcode rc, struct evq *q)
{
	struct event *ev = evq_add(q, EV_HTTP);

	http_transfer_end(t, rc, &ev->u.http, &q->arena);
	transfer_release(h, t);
}

static struct http_transfer *transfer_of(CURL *easy)
{
	char *private = NULL;

	(void)curl_easy_getinfo(easy, CURLINFO_PRIVATE, &private);
	assert(private != NULL);
	return (struct http_transfer *)(void *)private;
}

void http_pump(struct http *h, struct evq *q)
{
	struct http_transfer *t;
	const CURLMsg *msg;
	int running, left;
	CURLMcode code;
	CURLcode rc;

	while ((t = LIST_FIRST(&h->refused)) != NULL)
		transfer_finish(h, t, CURLE_BAD_FUNCTION_ARGUMENT, q);
	code = curl_multi_perform(h->multi, &running);
	assert(code == CURLM_OK); /* else misuse, or no memory */
	while ((msg = curl_multi_info_read(h->multi, &left)) != NULL) {
		if (msg->msg != CURLMSG_DONE)
			continue;
		t = transfer_of(msg->easy_handle);
		rc = msg->data.result; /* msg does not outlive the removal */
		(void)curl_multi_remove_handle(h->multi, t->easy);
		transfer_finish(h, t, rc, q);
	}
}

void http_free(struct http *h)
{
	struct http_transfer *t;

	if (h == NULL)
		return;
	while ((t = LIST_FIRST(&h->active)) != NULL) {
		(void)curl_multi_remove_handle(h->multi, t->easy);
		transfer_release(h, t);
	}
	while ((t = LIST_FIRST(&h->refused)) != NULL)
		transfer_release(h, t);
	while (h->idle_count > 0)
		curl_easy_cleanup(h->idle[--h->idle_count]);
	curl_multi_cleanup(h->multi);
	http_headers_fini(&h->headers);
	curl_global_cleanup();
	free(h->waitfd);
	free(h);
}

/* ---- waiting ------------------------------------------------------------------------------- */

static int wait_poll(struct pollfd *fd, unsigned count, int timeout_ms)
{
	unsigned i;

	if (poll(fd, count, timeout_ms) >= 0)
		return 0;
	if (errno != EINTR)
		return -1;
	/* As if the time had run out: the caller's turn begins early, that is all. */
	for (i = 0; i < count; i++)
		fd[i].revents = 0;
	return 0;
}

static short waitfd_events(short events)
{
	return (short)((events & POLLIN ? CURL_WAIT_POLLIN : 0) |
		       (events & POLLPRI ? CURL_WAIT_POLLPRI : 0) |
		       (events & POLLOUT ? CURL_WAIT_POLLOUT : 0));
}

/* The caller's descriptors in libcurl's form; those below 0 are left out, as poll(2) does. */
static unsigned waitfd_fill(struct http *h, const struct pollfd *fd, unsigned count)
{
	unsigned i, n = 0;

	if (count > h->waitfd_cap) {
		h->waitfd = xrealloc(h->waitfd, count * sizeof(*h->waitfd));
		h->waitfd_cap = count;
	}
	for (i = 0; i < count; i++)
		if (fd[i].fd >= 0)
			h->waitfd[n++] = (struct curl_waitfd){ .fd = fd[i].fd,
				.events = waitfd_events(fd[i].events) };
	return n;
}

int http_wait(struct http *h, struct pollfd *fd, unsigned count, int64_t timeout_ms)
{
	int wait_ms = timeout_ms > INT_MAX ? INT_MAX : (int)(timeout_ms < 0 ? -1 : timeout_ms);
	unsigned n;

	if (h->in_flight == 0)
		return wait_poll(fd, count, wait_ms);
	if (wait_ms < 0 || wait_ms > WAIT_MS_MAX)
		wait_ms = WAIT_MS_MAX;
	if (!LIST_EMPTY(&h->refused))
		wait_ms = 0;
	n = waitfd_fill(h, fd, count);
	errno = EIO; /* for what is not poll(2)'s own refusal */
	if (curl_multi_poll(h->multi, h->waitfd, n, wait_ms, NULL) != CURLM_OK)
		return -1;
	/* libcurl keeps POLLHUP, POLLERR and POLLNVAL to itself: a caller that is not told of them
	 * would be woken for ever. */
	return wait_poll(fd, count, 0);
}

size_t http_in_flight(const struct http *h)
{
	return h->in_flight;
}

uint64_t http_requests(const struct http *h)
{
	return h->requests;
}
