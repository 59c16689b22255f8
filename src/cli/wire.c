/* wire: lines of JSON over the daemon's control socket. */
#include "cli/wire.h"
#include "cli/clock.h"
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define READ_BYTES 16384
/* A Unix socket whose backlog is full has nothing to poll(2) for: the kernel says EAGAIN and no
 * more. */
#define RETRY_MS 50

void wire_init(struct wire *w)
{
	*w = (struct wire){ .fd = -1, .other_fd = -1 };
	buf_init(&w->in, WIRE_LINE_BYTES_MAX);
}

void wire_fini(struct wire *w)
{
	int other = w->other_fd;

	if (w->fd != -1)
		close(w->fd);
	buf_fini(&w->in);
	wire_init(w);
	w->other_fd = other;
}

/* While the daemon's backlog is full, a connection that does not wait has EAGAIN. */
static int connect_until(int fd, const struct sockaddr_un *name, int64_t until_ms)
{
	while (connect(fd, (const struct sockaddr *)name, sizeof(*name)) != 0) {
		if (errno == EINTR || (errno == EAGAIN && clock_mono_ms() < until_ms)) {
			clock_wait_ms(RETRY_MS);
			continue;
		}
		return errno == EAGAIN ? ETIMEDOUT : errno;
	}
	return 0;
}

int wire_open(struct wire *w, const char *path, int64_t patience_ms)
{
	struct sockaddr_un name = { .sun_family = AF_UNIX };
	struct ucred peer = { 0 };
	socklen_t n = sizeof(peer);

	if (strlen(path) >= sizeof(name.sun_path))
		return ENAMETOOLONG;
	memcpy(name.sun_path, path, strlen(path));
	wire_fini(w);
	w->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (w->fd == -1)
		return errno;
	int err = connect_until(w->fd, &name, clock_mono_ms() + patience_ms);
	if (err == 0 && getsockopt(w->fd, SOL_SOCKET, SO_PEERCRED, &peer, &n) != 0)
		err = errno;
	w->peer = peer.uid;
	if (err != 0)
		wire_fini(w);
	return err;
}

/* A daemon closes what has been quiet for long; a request on such a connection would be lost in
 * silence. */
bool wire_is_stale(const struct wire *w)
{
	char byte;

	return w->fd != -1 && w->at == w->in.len &&
	       recv(w->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
}

static int poll_until(struct pollfd *p, nfds_t n, int64_t until_ms)
{
	int64_t left = until_ms < 0 ? -1 : until_ms - clock_mono_ms();

	if (until_ms >= 0 && left < 0)
		left = 0;
	return poll(p, n, left > INT32_MAX ? INT32_MAX : (int)left);
}

/* A peer that is gone shows as EPIPE, not as a signal. */
static int send_all(const struct wire *w, const char *p, size_t n, int64_t until_ms)
{
	while (n > 0) {
		ssize_t sent = send(w->fd, p, n, MSG_NOSIGNAL);
		if (sent >= 0) {
			p += sent;
			n -= (size_t)sent;
		} else if (errno == EAGAIN) {
			struct pollfd out = { .fd = w->fd, .events = POLLOUT };
			if (poll_until(&out, 1, until_ms) == 0)
				return ETIMEDOUT;
		} else if (errno != EINTR) {
			return errno;
		}
	}
	return 0;
}

int wire_send(struct wire *w, json_t *request, int64_t patience_ms)
{
	char *line = json_dumps(request, JSON_COMPACT | JSON_PRESERVE_ORDER);
	int err = EMSGSIZE;

	json_decref(request);
	if (line == NULL)
		return EINVAL;
	size_t n = strlen(line);
	if (n < WIRE_REQUEST_BYTES_MAX) {
		line[n] = '\n'; /* where the NUL was */
		err = send_all(w, line, n + 1, clock_mono_ms() + patience_ms);
	}
	free(line);
	return err;
}

/* What has been taken goes, when it is much or all. */
static void compact(struct wire *w)
{
	if (w->at == w->in.len) {
		buf_reset(&w->in);
		w->at = w->seen = 0;
	} else if (w->at > READ_BYTES) {
		memmove(w->in.data, w->in.data + w->at, w->in.len - w->at + 1);
		w->in.len -= w->at;
		w->seen -= w->at;
		w->at = 0;
	}
}

/* The next whole line of what has come: true, and *line is NULL where it is no object. A long line
 * comes in many pieces, and none of them is looked at twice. */
static bool take_line(struct wire *w, json_t **line)
{
	const char *end =
	    w->in.len > w->seen ? memchr(w->in.data + w->seen, '\n', w->in.len - w->seen) : NULL;

	if (end == NULL) {
		w->seen = w->in.len;
		return false;
	}
	json_error_t e;
	size_t n = (size_t)(end - w->in.data) - w->at;
	/* Only in strings, where the daemon may have put any: what is shown goes through
	 * say_plain() anyway. */
	*line = json_loadb(w->in.data + w->at, n, JSON_ALLOW_NUL, &e);
	w->at += n + 1;
	w->seen = w->at;
	if (*line != NULL && !json_is_object(*line)) {
		json_decref(*line);
		*line = NULL;
	}
	return true;
}

/* WIRE_LINE: there is more to look at. */
static enum wire_result receive(struct wire *w)
{
	char bytes[READ_BYTES];
	ssize_t n = recv(w->fd, bytes, sizeof(bytes), 0);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return WIRE_LINE;
	if (n <= 0)
		return WIRE_CLOSED;
	compact(w);
	return buf_add(&w->in, bytes, (size_t)n) == 0 ? WIRE_LINE : WIRE_GARBAGE;
}

enum wire_result wire_next(struct wire *w, int64_t wait_ms, json_t **line)
{
	int64_t until = wait_ms < 0 ? -1 : clock_mono_ms() + wait_ms;

	*line = NULL;
	while (w->fd != -1) {
		if (take_line(w, line))
			return *line == NULL ? WIRE_GARBAGE : WIRE_LINE;
		struct pollfd p[2] = { { .fd = w->fd, .events = POLLIN },
			{ .fd = w->other_fd, .events = POLLIN } };
		int ready = poll_until(p, 2, until);
		if (ready < 0 && errno == EINTR)
			continue;
		if (ready == 0)
			return WIRE_SILENT;
		if (p[1].revents != 0)
			return WIRE_OTHER;
		enum wire_result got = receive(w);
		if (got != WIRE_LINE)
			return got;
	}
	return WIRE_CLOSED;
}
