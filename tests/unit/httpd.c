/* httpd: a small HTTP server for tests that does what its script says, right or wrong. */
#include "httpd.h"

#include "base/util.h"
#include <assert.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#define CONN_MAX 256
#define REQUEST_MAX 4096
#define HEAD_MAX 65536

struct conn {
	struct httpd *d;
	pthread_t thread;
	int fd;
	unsigned number;
};

struct httpd {
	pthread_mutex_t lock; /* of all that follows */
	pthread_cond_t moved;
	struct httpd_step *script;
	size_t step_count;
	size_t step_next;
	struct httpd_request *request[REQUEST_MAX];
	size_t request_count;
	size_t whole_count;
	struct conn conn[CONN_MAX];
	unsigned conn_count;
	unsigned closed_count;
	bool stopping;
	pthread_t listener;
	int listen_fd;
	int port;
};

/* ---- reading ------------------------------------------------------------------------------- */

static void request_free(struct httpd_request *rq)
{
	free(rq->method);
	free(rq->path);
	free(rq->head);
	free(rq->body);
	free(rq);
}

/* Byte by byte, so that what follows the empty line stays in the socket. */
static char *read_head(int fd)
{
	char *head = xmalloc(HEAD_MAX);
	size_t n = 0;

	while (n < HEAD_MAX - 1 && recv(fd, head + n, 1, 0) == 1) {
		head[++n] = '\0';
		if (str_ends_with(head, "\r\n\r\n"))
			return head;
	}
	free(head);
	return NULL;
}

static int64_t content_length(const char *head)
{
	const char *line = strcasestr(head, "\r\nContent-Length:");

	return line != NULL ? strtoll(line + strlen("\r\nContent-Length:"), NULL, 10) : 0;
}

static void read_body(int fd, struct httpd_request *rq)
{
	size_t want = (size_t)content_length(rq->head);
	ssize_t n;

	rq->body = xcalloc(1, want + 1);
	while (rq->body_bytes < want) {
		n = recv(fd, rq->body + rq->body_bytes, want - rq->body_bytes, 0);
		if (n <= 0)
			return;
		rq->body_bytes += (size_t)n;
	}
	rq->whole = true;
}

/* NULL: the client has gone, or what came is no request. */
static struct httpd_request *read_request(struct conn *c, enum httpd_read what)
{
	struct httpd_request *rq;
	char *head = read_head(c->fd);
	size_t method, path;

	if (head == NULL)
		return NULL;
	rq = xcalloc(1, sizeof(*rq));
	rq->conn = c->number;
	rq->head = head;
	method = strcspn(head, " \r");
	path = strcspn(head + method + 1, " \r");
	rq->method = xstrndup(head, method);
	rq->path = xstrndup(head + method + 1, path);
	if (what == HTTPD_READ_ALL)
		read_body(c->fd, rq);
	else
		rq->body = xcalloc(1, 1);
	return rq;
}

static void request_record(struct httpd *d, struct httpd_request *rq)
{
	pthread_mutex_lock(&d->lock);
	assert(d->request_count < REQUEST_MAX);
	d->request[d->request_count++] = rq;
	d->whole_count += rq->whole;
	pthread_cond_broadcast(&d->moved);
	pthread_mutex_unlock(&d->lock);
}

/* ---- doing --------------------------------------------------------------------------------- */

/* Waits for input or the end of it. False: it is over. */
static bool wait_input(int fd)
{
	char c;

	return recv(fd, &c, 1, MSG_PEEK) == 1;
}

/* A pause that the client's going away ends. False: it has gone. */
static bool pause_ms(int fd, int ms)
{
	struct pollfd p = { .fd = fd, .events = POLLRDHUP };

	return poll(&p, 1, ms) == 0;
}

static bool say(int fd, const char *p, size_t n, int drip_ms)
{
	size_t done = 0;
	ssize_t k;

	while (done < n) {
		if (drip_ms > 0 && !pause_ms(fd, drip_ms))
			return false;
		k = send(fd, p + done, drip_ms > 0 ? 1 : n - done, MSG_NOSIGNAL);
		if (k < 0)
			return false;
		done += (size_t)k;
	}
	return true;
}

static void await(struct httpd *d, unsigned count)
{
	pthread_mutex_lock(&d->lock);
	while (d->whole_count < count && !d->stopping)
		pthread_cond_wait(&d->moved, &d->lock);
	pthread_mutex_unlock(&d->lock);
}

/* False: the connection is of no more use. */
static bool answer(struct conn *c, const struct httpd_step *s, const struct httpd_request *rq)
{
	size_t n = s->say != NULL && s->say_bytes == 0 ? strlen(s->say) : s->say_bytes;
	char *own = NULL;
	bool ok;

	await(c->d, s->await);
	if (s->answer != NULL && rq != NULL)
		own = s->answer(rq, &n, s->arg);
	ok = say(c->fd, own != NULL ? own : s->say, n, s->drip_ms);
	free(own);
	while (ok && s->forever != NULL)
		ok = say(c->fd, s->forever, strlen(s->forever), s->drip_ms);
	return ok;
}

static struct httpd_step step_take(struct httpd *d)
{
	struct httpd_step s;

	pthread_mutex_lock(&d->lock);
	s = d->script[d->step_next];
	if (d->step_next + 1 < d->step_count)
		d->step_next++;
	pthread_mutex_unlock(&d->lock);
	return s;
}

static enum httpd_read step_read(struct httpd *d)
{
	enum httpd_read what;

	pthread_mutex_lock(&d->lock);
	what = d->script[d->step_next].read;
	pthread_mutex_unlock(&d->lock);
	return what;
}

static void conn_close(struct conn *c, bool reset, bool by_script)
{
	struct linger linger = { .l_onoff = 1, .l_linger = 0 };

	pthread_mutex_lock(&c->d->lock);
	if (reset)
		(void)setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
	close(c->fd);
	c->fd = -1;
	c->d->closed_count += by_script;
	pthread_cond_broadcast(&c->d->moved);
	pthread_mutex_unlock(&c->d->lock);
}

/* One step of the script. Says what is to be done with the connection. */
static enum httpd_then serve_one(struct conn *c)
{
	struct httpd_request *rq = NULL;
	struct httpd_step s = step_take(c->d);

	if (s.read != HTTPD_READ_NOTHING) {
		rq = read_request(c, s.read);
		if (rq == NULL)
			return HTTPD_CLOSE;
		request_record(c->d, rq);
		if (s.read == HTTPD_READ_ALL && !rq->whole)
			return HTTPD_CLOSE;
	}
	return answer(c, &s, rq) ? s.then : HTTPD_CLOSE;
}

static void *serve(void *arg)
{
	struct conn *c = arg;
	enum httpd_then then = HTTPD_KEEP;
	bool fresh = true;

	while (then == HTTPD_KEEP) {
		if (!(fresh && step_read(c->d) == HTTPD_READ_NOTHING) && !wait_input(c->fd))
			break;
		fresh = false;
		then = serve_one(c);
	}
	if (then == HTTPD_HANG)
		while (pause_ms(c->fd, 1000))
			;
	conn_close(c, then == HTTPD_RESET, then == HTTPD_CLOSE || then == HTTPD_RESET);
	return NULL;
}

/* ---- birth and death ------------------------------------------------------------------------ */

static void conn_open(struct httpd *d, int fd)
{
	struct conn *c;

	pthread_mutex_lock(&d->lock);
	assert(d->conn_count < CONN_MAX);
	c = &d->conn[d->conn_count++];
	*c = (struct conn){ .d = d, .fd = fd, .number = d->conn_count };
	if (d->stopping)
		(void)shutdown(fd, SHUT_RDWR);
	if (pthread_create(&c->thread, NULL, serve, c) != 0)
		abort();
	pthread_mutex_unlock(&d->lock);
}

static void *listen_loop(void *arg)
{
	struct httpd *d = arg;
	int fd;

	while ((fd = accept4(d->listen_fd, NULL, NULL, SOCK_CLOEXEC)) >= 0)
		conn_open(d, fd);
	return NULL;
}

static void listen_open(struct httpd *d)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t n = sizeof(a);

	d->listen_fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (d->listen_fd < 0 || bind(d->listen_fd, (struct sockaddr *)&a, n) < 0 ||
	    listen(d->listen_fd, 128) < 0 ||
	    getsockname(d->listen_fd, (struct sockaddr *)&a, &n) < 0)
		abort();
	d->port = ntohs(a.sin_port);
}

/* A signal is the test's own: none may end a call of the server's, whose threads have its mask. */
static void listener_start(struct httpd *d)
{
	sigset_t all, before;

	sigfillset(&all);
	if (pthread_sigmask(SIG_SETMASK, &all, &before) != 0 ||
	    pthread_create(&d->listener, NULL, listen_loop, d) != 0 ||
	    pthread_sigmask(SIG_SETMASK, &before, NULL) != 0)
		abort();
}

struct httpd *httpd_start(const struct httpd_step *script, size_t count)
{
	struct httpd *d = xcalloc(1, sizeof(*d));

	assert(count > 0);
	d->script = xmemdup(script, count * sizeof(*script));
	d->step_count = count;
	pthread_mutex_init(&d->lock, NULL);
	pthread_cond_init(&d->moved, NULL);
	listen_open(d);
	listener_start(d);
	return d;
}

void httpd_stop(struct httpd *d)
{
	size_t i;

	pthread_mutex_lock(&d->lock);
	d->stopping = true;
	(void)shutdown(d->listen_fd, SHUT_RDWR);
	for (i = 0; i < d->conn_count; i++)
		if (d->conn[i].fd >= 0)
			(void)shutdown(d->conn[i].fd, SHUT_RDWR);
	pthread_cond_broadcast(&d->moved);
	pthread_mutex_unlock(&d->lock);
	/* The listener first: behind it no connection is added any more. */
	pthread_join(d->listener, NULL);
	for (i = 0; i < d->conn_count; i++)
		pthread_join(d->conn[i].thread, NULL);
	for (i = 0; i < d->request_count; i++)
		request_free(d->request[i]);
	close(d->listen_fd);
	pthread_mutex_destroy(&d->lock);
	pthread_cond_destroy(&d->moved);
	free(d->script);
	free(d);
}

/* ---- looking ------------------------------------------------------------------------------- */

int httpd_port(const struct httpd *d)
{
	return d->port;
}

char *httpd_url(const struct httpd *d, const char *path)
{
	return xasprintf("http://127.0.0.1:%d%s", d->port, path);
}

char *httpd_answer(int status, const char *body)
{
	return xasprintf("HTTP/1.1 %d Word\r\nContent-Type: application/json\r\n"
			 "Content-Length: %zu\r\n\r\n%s",
	    status, strlen(body), body);
}

unsigned httpd_connections(struct httpd *d)
{
	unsigned n;

	pthread_mutex_lock(&d->lock);
	n = d->conn_count;
	pthread_mutex_unlock(&d->lock);
	return n;
}

static size_t count_requests(struct httpd *d, const char *method, bool whole)
{
	size_t i, n = 0;

	pthread_mutex_lock(&d->lock);
	for (i = 0; i < d->request_count; i++)
		n += (method == NULL || str_eq(d->request[i]->method, method)) &&
		     (!whole || d->request[i]->whole);
	pthread_mutex_unlock(&d->lock);
	return n;
}

size_t httpd_count(struct httpd *d, const char *method)
{
	return count_requests(d, method, false);
}

size_t httpd_count_whole(struct httpd *d, const char *method)
{
	return count_requests(d, method, true);
}

const struct httpd_request *httpd_request(struct httpd *d, size_t i)
{
	const struct httpd_request *rq;

	pthread_mutex_lock(&d->lock);
	rq = i < d->request_count ? d->request[i] : NULL;
	pthread_mutex_unlock(&d->lock);
	return rq;
}

bool httpd_has(const struct httpd_request *rq, const char *line)
{
	char *whole = xasprintf("\r\n%s\r\n", line);
	bool has = strstr(rq->head, whole) != NULL;

	free(whole);
	return has;
}

bool httpd_has_name(const struct httpd_request *rq, const char *name)
{
	char *begin = xasprintf("\r\n%s", name);
	bool has = strcasestr(rq->head, begin) != NULL;

	free(begin);
	return has;
}

void httpd_await(struct httpd *d, size_t requests)
{
	pthread_mutex_lock(&d->lock);
	while (d->request_count < requests)
		pthread_cond_wait(&d->moved, &d->lock);
	pthread_mutex_unlock(&d->lock);
}

void httpd_await_closed(struct httpd *d, unsigned connections)
{
	pthread_mutex_lock(&d->lock);
	while (d->closed_count < connections)
		pthread_cond_wait(&d->moved, &d->lock);
	pthread_mutex_unlock(&d->lock);
}
