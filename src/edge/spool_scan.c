/* spool_scan: lists the spools in pieces, so that a turn stays short however full one is. */
#include "edge/spool_int.h"

#include "base/fsop.h"
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#define NAMES_A_STEP 512 /* replies and peers wait no longer than the core needs for these */

static struct ev_scan *add_scan(
    const struct spools *s, size_t spool, struct evq *q, enum scan_phase phase)
{
	const struct spool *sp = spool_at(s, spool);
	struct ev_scan *ev = &evq_add(q, EV_SCAN)->u.scan;

	*ev = (struct ev_scan){
		.spool = spool,
		.phase = phase,
		.dev = sp->dev,
		.ino = sp->ino,
		.gone_dev = sp->gone_dev,
		.gone_ino = sp->gone_ino,
	};
	return ev;
}

static void drop_list(struct spool *sp)
{
	if (sp->list != NULL)
		closedir(sp->list);
	sp->list = NULL;
	sp->listed = false;
}

void spool_scan_fail(struct spools *s, size_t spool, struct evq *q, int err, bool lost)
{
	struct spool *sp = spool_at(s, spool);
	struct ev_scan *ev = add_scan(s, spool, q, SCAN_FAILED);

	ev->err = err;
	ev->lost = lost;
	drop_list(sp);
	/* Whoever asked for another one hears of this failure instead. */
	sp->again = false;
}

void spool_scan_lost(struct spools *s, size_t spool, struct evq *q)
{
	/* No errno: nothing has failed. */
	add_scan(s, spool, q, SCAN_FAILED)->lost = true;
}

/* A stream of its own: the descriptor in sp->dir has no place in the listing to share. */
static int open_list(struct spool *sp)
{
	int err, fd = openat(sp->dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd == -1)
		return errno;
	sp->list = fdopendir(fd);
	if (sp->list != NULL)
		return 0;
	err = errno;
	close(fd);
	return err;
}

/* First the watch, then the list: what happens between the two is seen by both. */
static int begin_list(struct spools *s, struct spool *sp)
{
	int err = 0;

	for (int tries = 0; tries < 2; tries++) {
		err = spool_dir_follow(s, sp);
		if (err != 0)
			return err;
		err = open_list(sp);
		spool_say_scarce(sp, err);
		if (err == 0)
			return 0;
		/* A directory that its server has forgotten looks as ever: it is opened anew. */
		spool_dir_close(s, sp);
	}
	return err;
}

/* The end of a scan that spools_conf() has cut short comes before anything new. */
static void report_cut(struct spools *s, size_t spool, struct evq *q)
{
	struct spool *sp = spool_at(s, spool);

	if (sp->cut)
		spool_scan_fail(s, spool, q, ECANCELED, sp->path != NULL);
	sp->cut = false;
}

void spools_scan(struct spools *s, size_t spool, struct evq *q)
{
	struct spool *sp = spool_at(s, spool);
	int err;

	report_cut(s, spool, q);
	/* What changed before now may be behind the listing's place: it takes a whole new one. */
	if (sp->list != NULL) {
		sp->again = true;
		return;
	}
	err = begin_list(s, sp);
	if (err != 0)
		spool_scan_fail(s, spool, q, err, false);
	else
		add_scan(s, spool, q, SCAN_BEGUN);
}

static void add_name(size_t spool, struct evq *q, const char *name)
{
	struct ev_name *ev = &evq_add(q, EV_NAME)->u.name;

	ev->spool = spool;
	ev->name = arena_strdup(&q->arena, name);
	ev->cause = NAME_SCAN;
}

static void list_some(struct spools *s, size_t spool, struct evq *q)
{
	struct spool *sp = spool_at(s, spool);

	for (int n = 0; n < NAMES_A_STEP && evq_room(q) > 0; n++) {
		const struct dirent *entry;

		/* Only errno tells the end of a directory from an error. */
		errno = 0;
		entry = readdir(sp->list);
		if (entry == NULL && errno != 0) {
			spool_scan_fail(s, spool, q, errno, false);
			return;
		}
		if (entry == NULL) {
			sp->listed = true;
			return;
		}
		if (entry->d_name[0] != '.')
			add_name(spool, q, entry->d_name);
	}
}

/* What a whole listing does not show is forgotten: who removed it has synced nothing, and what a power
 * cut brings back after that is new, and runs again. Without a watch nobody knows whether any has gone. */
static int sync_names(struct spool *sp)
{
	int err = sp->lost_names || sp->wd == -1 ? fsop_sync_dir(sp->dir) : 0;

	sp->lost_names = sp->lost_names && err != 0;
	return err;
}

static void end_list(struct spools *s, size_t spool, struct evq *q)
{
	struct spool *sp = spool_at(s, spool);
	bool again = sp->again;
	int err = sync_names(sp);

	if (err != 0) {
		spool_scan_fail(s, spool, q, err, false);
		return;
	}
	drop_list(sp);
	sp->again = false;
	add_scan(s, spool, q, SCAN_ENDED);
	if (again)
		spools_scan(s, spool, q);
}

bool spool_scan_step(struct spools *s, size_t spool, struct evq *q, bool drained)
{
	struct spool *sp = spool_at(s, spool);

	report_cut(s, spool, q);
	if (sp->list == NULL)
		return false;
	/* A file that was replaced by rename may be missed by the listing, but not by inotify: the
	 * end waits until all that happened meanwhile has been reported. */
	if (!sp->listed)
		list_some(s, spool, q);
	else if (drained)
		end_list(s, spool, q);
	return sp->list != NULL;
}
