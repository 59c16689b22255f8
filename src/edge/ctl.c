/* ctl: the control socket. Lines of peers in, answers out. */
#include "edge/ctl_int.h"

#include "base/log.h"
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define EVENTS_MAX (CTL_PEERS_MAX + CTL_PEERS_ADMIN + 1)

static const char too_long[] =
    "{\"type\":\"error\",\"code\":\"bad-request\",\"message\":\"a line of more than 65536 "
    "bytes\"}\n";
static const char gap_line[] = "{\"type\":\"gap\"}\n";

static const char too_many[] =
    "{\"type\":\"error\",\"code\":\"too-many\",\"message\":\"too many connections to the control "
    "socket\",\"hint\":\"try again in a moment\"}\n";

/* ---- birth and death ------------------------------------------------------------------------ */

struct ctl *ctl_open(const struct conf *conf)
{
	struct ctl *ctl = xcalloc(1, sizeof(*ctl));
	TAILQ_INIT(&ctl->peers);
	ctl->listen = -1;
	ctl->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (ctl->epoll < 0) {
		log_error("event=not-started error=\"epoll: %s\"", strerror(errno));
		free(ctl);
		return NULL;
	}
	ctl_conf(ctl, conf);
	(void)ctl_listen(ctl, conf);
	return ctl;
}

static void peer_free(struct ctl *ctl, struct ctl_peer *p)
{
	TAILQ_REMOVE(&ctl->peers, p, link);
	close(p->fd);
	buf_fini(&p->in);
	buf_fini(&p->out);
	free(p);
}

void ctl_free(struct ctl *ctl)
{
	struct ctl_peer *p;
	while ((p = TAILQ_FIRST(&ctl->peers)) != NULL)
		peer_free(ctl, p);
	if (ctl->path != NULL)
		ctl_remove(ctl->path);
	if (ctl->listen >= 0)
		close(ctl->listen);
	close(ctl->epoll);
	free(ctl->path);
	free(ctl);
}

int ctl_fd(const struct ctl *ctl)
{
	return ctl->epoll;
}

/* ---- what a peer is waited for -------------------------------------------------------------- */

static size_t out_left(const struct ctl_peer *p)
{
	return p->out.len - p->out_at;
}

static bool has_line(const struct ctl_peer *p)
{
	return p->in.len > 0 && memchr(p->in.data, '\n', p->in.len) != NULL;
}

/* The next line is for the core as soon as the one before is answered, and that taken. */
static bool is_ready(const struct ctl_peer *p)
{
	return !p->dead && !p->dying && !p->busy && out_left(p) == 0;
}

static bool is_full(const struct ctl_peer *p)
{
	return p->in.len > CTL_LINE_BYTES_MAX && !has_line(p);
}

static void peer_kill(struct ctl *ctl, struct ctl_peer *p)
{
	/* Dead ones stay in the list to the end of the pump: somebody up the stack may be walking
	 * it. */
	if (!p->dead)
		ctl->count--;
	p->dead = true;
}

/* Only what can be dealt with is waited for. A peer that sends while its request is being answered
 * is not read: the kernel's buffer holds it back, and with that its sender. */
static void peer_mind(struct ctl *ctl, struct ctl_peer *p)
{
	struct epoll_event ev = { .data.ptr = p };
	if (is_ready(p) && !p->eof && !has_line(p))
		ev.events |= EPOLLIN;
	if (out_left(p) > 0)
		ev.events |= EPOLLOUT;
	if (p->dead || ev.events == p->interest)
		return;
	p->interest = ev.events;
	if (epoll_ctl(ctl->epoll, EPOLL_CTL_MOD, p->fd, &ev) != 0)
		peer_kill(ctl, p);
}

/* Of those who are quiet the one that is so for the longest makes room; uid -1: of all of them. False:
 * nobody is quiet. It is dead then, and no longer counts. */
static bool ctl_make_room(struct ctl *ctl, int64_t uid)
{
	struct ctl_peer *found = NULL;
	struct ctl_peer *p;
	TAILQ_FOREACH (p, &ctl->peers, link) {
		bool quiet = !p->dead && (!p->busy || (out_left(p) > 0 && !p->watches)) &&
			     ctl->now_ms - p->used_ms >= CTL_QUIET_MS;
		if (quiet && (uid < 0 || p->uid == (uint32_t)uid) &&
		    (found == NULL || p->used_ms < found->used_ms))
			found = p;
	}
	if (found != NULL)
		peer_kill(ctl, found);
	return found != NULL;
}

/* Nobody may keep a place for nothing: half a line, an answer that is not taken, and last words
 * each have their time. */
static int64_t peer_due_ms(const struct ctl_peer *p)
{
	if (p->dead || (is_ready(p) && (has_line(p) || is_full(p) || p->eof)))
		return 0;
	if (p->half_ms >= 0 && is_ready(p))
		return p->half_ms + CTL_HALF_LINE_MS;
	if (out_left(p) > 0 && !p->watches)
		return p->used_ms + (p->dying ? CTL_QUIET_MS : CTL_STUCK_MS);
	return INT64_MAX;
}

int64_t ctl_due_ms(const struct ctl *ctl)
{
	int64_t due = ctl->rest_ms > 0 ? ctl->rest_ms : INT64_MAX;
	const struct ctl_peer *p;
	TAILQ_FOREACH (p, &ctl->peers, link)
		due = peer_due_ms(p) < due ? peer_due_ms(p) : due;
	return due;
}

/* ---- out ------------------------------------------------------------------------------------ */

/* What it has taken makes place; EV_TAKEN when that is all. */
static void peer_send(struct ctl *ctl, struct ctl_peer *p, struct evq *q)
{
	while (!p->dead && out_left(p) > 0) {
		ssize_t n =
		    send(p->fd, p->out.data + p->out_at, out_left(p), MSG_NOSIGNAL | MSG_DONTWAIT);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			break;
		if (n < 0) {
			peer_kill(ctl, p);
			return;
		}
		p->out_at += (size_t)n;
		p->used_ms = ctl->now_ms;
	}
	if (out_left(p) > 0)
		return;
	p->out_at = 0;
	buf_fini(&p->out);
	if (p->dying)
		peer_kill(ctl, p);
	if (p->more && !p->dead)
		evq_add(q, EV_TAKEN)->u.peer = p->id;
	p->more = false;
}

static void peer_add_out(struct ctl *ctl, struct ctl_peer *p, const char *data, size_t n)
{
	if (p->out_at > CTL_OUT_BYTES_MAX / 2) { /* room in front */
		memmove(p->out.data, p->out.data + p->out_at, out_left(p));
		p->out.len -= p->out_at;
		p->out_at = 0;
	}
	assert(p->out_at <= p->out.len);
	if (buf_add(&p->out, data, n) != 0)
		peer_kill(ctl, p);
}

static void peer_cut(struct ctl *ctl, struct ctl_peer *p, const char *words, struct evq *q)
{
	p->dying = true;
	p->in.len = 0;
	peer_add_out(ctl, p, words, strlen(words));
	peer_send(ctl, p, q);
}

/* Who watches and does not read loses news, and is told so as soon as there is place; an answer is
 * never cut. */
static bool loses_news(struct ctl *ctl, struct ctl_peer *p, size_t bytes)
{
	p->watches = true;
	if (out_left(p) + bytes > CTL_OUT_BYTES_MAX ||
	    (p->gap && out_left(p) > CTL_OUT_BYTES_MAX / 2)) {
		p->gap = true;
		return true;
	}
	if (p->gap)
		peer_add_out(ctl, p, gap_line, sizeof(gap_line) - 1);
	p->gap = false;
	return false;
}

static struct ctl_peer *peer_by_id(const struct ctl *ctl, uint64_t id)
{
	struct ctl_peer *p;
	TAILQ_FOREACH (p, &ctl->peers, link)
		if (p->id == id && !p->dead)
			return p;
	return NULL;
}

void ctl_answer(struct ctl *ctl, const struct fx_answer *fx, struct evq *q)
{
	struct ctl_peer *p = peer_by_id(ctl, fx->peer);
	if (p == NULL || (fx->flow == ANSWER_NEWS && loses_news(ctl, p, fx->bytes.n)))
		return;
	if (fx->flow == ANSWER_LAST)
		p->busy = p->watches = false;
	if (fx->flow == ANSWER_MORE)
		p->more = true;
	peer_add_out(ctl, p, fx->bytes.p, fx->bytes.n);
	peer_send(ctl, p, q);
	peer_mind(ctl, p);
}

/* ---- in ------------------------------------------------------------------------------------- */

/* The first line, if there is one, becomes a request; what lies behind it waits. */
static void peer_take_line(struct ctl *ctl, struct ctl_peer *p, struct evq *q)
{
	const char *end = p->in.len == 0 ? NULL : memchr(p->in.data, '\n', p->in.len);
	if (end == NULL) {
		if (p->in.len > 0 && p->half_ms < 0)
			p->half_ms = ctl->now_ms;
		return;
	}
	size_t n = (size_t)(end - p->in.data);
	struct ev_request *ev = &evq_add(q, EV_REQUEST)->u.request;
	ev->peer = p->id;
	ev->uid = p->uid;
	ev->hidden = p->hidden;
	ev->own = p->own;
	ev->group = p->group;
	ev->line.n = n;
	ev->line.p = arena_dup(&q->arena, p->in.data, n);
	p->known = p->busy = true;
	p->half_ms = -1;
	assert(n < p->in.len);
	memmove(p->in.data, p->in.data + n + 1, p->in.len - n - 1);
	p->in.len -= n + 1;
	if (p->in.len == 0)
		buf_fini(&p->in);
}

static void peer_read(struct ctl *ctl, struct ctl_peer *p)
{
	char piece[8192];
	while (is_ready(p) && !p->eof && !has_line(p) && !is_full(p)) {
		assert(p->in.len <= CTL_LINE_BYTES_MAX);
		/* One byte more than a line may have: with it one sees that it is too long. */
		size_t room = CTL_LINE_BYTES_MAX + 1 - p->in.len;
		ssize_t n = recv(p->fd, piece, room < sizeof(piece) ? room : sizeof(piece), 0);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			break;
		if (n < 0) {
			peer_kill(ctl, p);
			return;
		}
		p->used_ms = ctl->now_ms;
		p->eof = n == 0;
		(void)buf_add(&p->in, piece, (size_t)n);
	}
}

static void peer_pump(struct ctl *ctl, struct ctl_peer *p, struct evq *q)
{
	if (is_ready(p))
		peer_take_line(ctl, p, q);
	if (is_ready(p) && is_full(p))
		peer_cut(ctl, p, too_long, q);
	if ((is_ready(p) && p->eof) || peer_due_ms(p) <= ctl->now_ms)
		peer_kill(ctl, p);
	peer_mind(ctl, p);
}

static size_t count_of(const struct ctl *ctl, uint32_t uid)
{
	size_t n = 0;
	const struct ctl_peer *p;
	TAILQ_FOREACH (p, &ctl->peers, link)
		n += p->uid == uid && !p->dead;
	return n;
}

/* A user alone cannot fill the house, and all users together leave some places for administrators,
 * who may be needed just then. */
static bool has_room(struct ctl *ctl, const struct ctl_peer *p)
{
	bool admin = p->own || p->group || p->uid == 0;
	size_t max = CTL_PEERS_MAX + (admin ? CTL_PEERS_ADMIN : 0);
	if (!admin && count_of(ctl, p->uid) >= CTL_PEERS_OF_UID_MAX &&
	    !ctl_make_room(ctl, (int64_t)p->uid))
		return false;
	return ctl->count < max || ctl_make_room(ctl, -1);
}

/* False: there is no place for it. */
static bool ctl_seat(struct ctl *ctl, struct ctl_peer *p)
{
	struct epoll_event ev = { .events = EPOLLIN, .data.ptr = p };
	if (!has_room(ctl, p)) {
		(void)send(p->fd, too_many, sizeof(too_many) - 1, MSG_NOSIGNAL | MSG_DONTWAIT);
		return false;
	}
	p->interest = ev.events;
	if (epoll_ctl(ctl->epoll, EPOLL_CTL_ADD, p->fd, &ev) != 0)
		return false;
	p->id = ++ctl->last_id;
	TAILQ_INSERT_TAIL(&ctl->peers, p, link);
	ctl->count++;
	return true;
}

/* A few at a time: a flood of connections must not keep the loop from everything else. */
static void ctl_come(struct ctl *ctl)
{
	bool more = ctl->listen >= 0;
	for (int i = 0; more && i < CTL_ACCEPTS_MAX; i++) {
		struct ctl_peer *p = ctl_accept(ctl, &more);
		if (p == NULL || ctl_seat(ctl, p))
			continue;
		close(p->fd);
		free(p);
	}
}

/* No descriptor is free: one that waits in vain would keep us awake. */
static void ctl_rest(struct ctl *ctl, bool rested)
{
	struct epoll_event ev = { .events = ctl->rest_ms > 0 ? 0 : EPOLLIN };
	if (ctl->listen >= 0 && (ctl->rest_ms > 0) != rested)
		(void)epoll_ctl(ctl->epoll, EPOLL_CTL_MOD, ctl->listen, &ev);
}

static void ctl_bury(struct ctl *ctl, struct evq *q)
{
	struct ctl_peer *p;
	struct ctl_peer *next;
	for (p = TAILQ_FIRST(&ctl->peers); p != NULL; p = next) {
		next = TAILQ_NEXT(p, link);
		if (!p->dead)
			continue;
		/* What the core has never heard of, it need not forget. */
		if (p->known)
			evq_add(q, EV_HUNG_UP)->u.peer = p->id;
		peer_free(ctl, p);
	}
}

void ctl_pump(struct ctl *ctl, int64_t mono_ms, struct evq *q)
{
	struct epoll_event ev[EVENTS_MAX];
	struct ctl_peer *p;
	bool rested = ctl->rest_ms > 0;
	ctl->now_ms = mono_ms;
	if (ctl->rest_ms <= mono_ms)
		ctl->rest_ms = 0;
	int n = epoll_wait(ctl->epoll, ev, EVENTS_MAX, 0);
	for (int i = 0; i < n; i++) {
		p = ev[i].data.ptr;
		if (p == NULL)
			continue;
		if ((ev[i].events & EPOLLOUT) != 0)
			peer_send(ctl, p, q);
		if ((ev[i].events & EPOLLIN) != 0)
			peer_read(ctl, p);
		p->eof = p->eof || (ev[i].events & (EPOLLHUP | EPOLLERR)) != 0;
		if ((ev[i].events & (EPOLLHUP | EPOLLERR)) != 0 && !(is_ready(p) && has_line(p)))
			peer_kill(ctl, p); /* but what it has said last is heard */
	}
	TAILQ_FOREACH (p, &ctl->peers, link)
		peer_pump(ctl, p, q);
	if (ctl->rest_ms == 0)
		ctl_come(ctl);
	ctl_rest(ctl, rested);
	ctl_bury(ctl, q);
}
