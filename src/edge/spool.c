/* spool: the directories, their birth and configuration, and what inotify says about them. */
#include "edge/spool_int.h"

#include "base/log.h"
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#define INOTIFY_BYTES 65536 /* some 2,000 events a read */
#define READS_A_PUMP                                                                               \
	16 /* our own hidden names are dropped and fill no queue: there must be an end */

struct spools *spools_new(void)
{
	struct spools *s;
	int fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);

	if (fd == -1) {
		log_error("inotify=failed error=\"%s\" msg=\"%s\"", strerror(errno),
		    errno == EMFILE ? "fs.inotify.max_user_instances or the limit on open files"
				    : "no watch is possible");
		return NULL;
	}
	s = xcalloc(1, sizeof(*s));
	s->fd = fd;
	spool_hidden_find(s);
	s->buf = xmalloc(INOTIFY_BYTES);
	return s;
}

static void retire(struct spools *s, struct spool *sp)
{
	/* Whoever waits for the scan's end must not wait for ever. */
	sp->cut = sp->cut || sp->list != NULL;
	spool_dir_close(s, sp);
	free(sp->name);
	free(sp->path);
	sp->name = sp->path = NULL;
	sp->said_watch = 0;
	sp->said_readonly = false;
	sp->gone_dev = sp->gone_ino = 0;
}

void spools_free(struct spools *s)
{
	if (s == NULL)
		return;
	for (size_t i = 0; i < s->count; i++)
		retire(s, &s->item[i]);
	close(s->fd);
	free(s->item);
	free(s->buf);
	free(s);
}

static void grow(struct spools *s, size_t count)
{
	/* A number is never given twice, so the list never becomes shorter. */
	assert(count >= s->count);
	s->item = xrealloc(s->item, count * sizeof(*s->item));
	for (; s->count < count; s->count++)
		s->item[s->count] = (struct spool){ .dir = -1, .wd = -1 };
}

static int configure(struct spools *s, struct spool *sp, const struct conf_spool *conf)
{
	if (sp->path == NULL) {
		sp->name = xstrdup(conf->name);
		sp->path = xstrdup(conf->path);
	}
	if (sp->dir != -1)
		return 0;
	/* A new configuration deserves a new answer, though it be the old one. */
	sp->said_lock = false;
	return spool_dir_open(s, sp);
}

int spools_conf(struct spools *s, const struct conf *conf)
{
	int rc = 0;

	grow(s, conf->spool_count);
	/* All that goes, goes first: two spools may have exchanged their directories. */
	for (size_t i = 0; i < s->count; i++)
		if (conf->spool[i].removed || !str_eq(s->item[i].path, conf->spool[i].path))
			retire(s, &s->item[i]);
	/* Only a lock is an error: what is missing may be mounted later. */
	for (size_t i = 0; i < s->count; i++)
		if (!conf->spool[i].removed &&
		    configure(s, &s->item[i], &conf->spool[i]) == EWOULDBLOCK)
			rc = -1;
	return rc;
}

int spools_fd(const struct spools *s)
{
	return s->fd;
}

int spools_dirfd(const struct spools *s, size_t spool)
{
	return spool_at(s, spool)->dir;
}

/* ---- inotify ------------------------------------------------------------------------------- */

static void take_overflow(struct spools *s, struct evq *q)
{
	log_warn("inotify=overflow msg=\"events were lost; every spool is scanned\"");
	for (size_t i = 0; i < s->count; i++)
		if (s->item[i].path != NULL) {
			s->item[i].lost_names = true;
			spool_scan_lost(s, i, q);
		}
}

/* The path leads somewhere else now, or nowhere: what we hold is not the spool any more. */
static void take_loss(struct spools *s, size_t spool, struct evq *q)
{
	spool_scan_fail(s, spool, q, ENOENT, true);
	spool_dir_close(s, spool_at(s, spool));
}

static enum name_cause cause_of(uint32_t mask)
{
	if (mask & IN_CLOSE_WRITE)
		return NAME_CLOSED;
	if (mask & IN_MOVED_TO)
		return NAME_MOVED;
	if (mask & IN_CREATE)
		return NAME_CREATED;
	assert(mask & (IN_DELETE | IN_MOVED_FROM));
	return NAME_GONE;
}

static void take_name(struct spools *s, size_t spool, const struct inotify_event *e, struct evq *q)
{
	struct ev_name *ev;

	/* Dot names are nobody's input; our own temporary files are the most of them. */
	if (e->len == 0 || e->name[0] == '.')
		return;
	ev = &evq_add(q, EV_NAME)->u.name;
	ev->spool = spool;
	ev->name = arena_strdup(&q->arena, e->name);
	/* The mask has other bits beside the one that counts (IN_ISDIR); what it is a look
	 * tells. */
	ev->cause = cause_of(e->mask);
	if (ev->cause == NAME_GONE)
		spool_at(s, spool)->lost_names = true;
}

static void take_event(struct spools *s, const struct inotify_event *e, struct evq *q)
{
	size_t i = 0;

	if (e->mask & IN_Q_OVERFLOW) {
		take_overflow(s, q);
		return;
	}
	/* A walk: spools are few, and events of one come in bundles. */
	while (i < s->count && s->item[i].wd != e->wd)
		i++;
	/* What is left of a watch that was removed meanwhile. */
	if (i == s->count)
		return;
	if (e->mask & (IN_MOVE_SELF | IN_DELETE_SELF | IN_UNMOUNT | IN_IGNORED))
		take_loss(s, i, q);
	else
		take_name(s, i, e, q);
}

/* False when there is nothing to read. */
static bool fill(struct spools *s)
{
	ssize_t n;

	do
		n = read(s->fd, s->buf, INOTIFY_BYTES);
	while (n == -1 && errno == EINTR);
	/* EAGAIN. Whatever else it might be, the scans do without inotify. */
	s->pos = 0;
	s->len = n > 0 ? (size_t)n : 0;
	return n > 0;
}

/* True when inotify has nothing left. */
static bool take_events(struct spools *s, struct evq *q)
{
	for (int reads = 0; reads <= READS_A_PUMP; reads++) {
		while (s->pos < s->len) {
			const struct inotify_event *e = (const void *)(s->buf + s->pos);

			/* An overflow needs a place for each spool. */
			if (evq_room(q) < s->count)
				return false;
			s->pos += sizeof(*e) + e->len;
			take_event(s, e, q);
		}
		if (!fill(s))
			return true;
	}
	return false;
}

bool spools_pump(struct spools *s, struct evq *q)
{
	/* In this order: what inotify knows already is older than what a listing is going to find. */
	bool drained = take_events(s, q);
	bool more = !drained;

	for (size_t i = 0; i < s->count; i++)
		more = spool_scan_step(s, i, q, drained) || more;
	return more;
}
