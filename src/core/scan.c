/* scan: what a whole listing of a spool proves: the order of arrival, and who is gone. */
#include "core/scan.h"

#include "base/log.h"
#include "core/finish.h"
#include "core/intake.h"
#include "core/lost.h"
#include "core/wait.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define RETRY_SCAN_MS 5000 /* a directory could not be read */

/* The order of a directory is that of a hash table: mtime is as near as one can come to the order
 * in which files were written, and the name makes it the same each time. */
static int scan_by_age(const void *a, const void *b)
{
	const struct job *x = *(struct job *const *)a;
	const struct job *y = *(struct job *const *)b;
	if (x->r.ident.mtime_ns != y->r.ident.mtime_ns)
		return x->r.ident.mtime_ns < y->r.ident.mtime_ns ? -1 : 1;
	return strcmp(x->r.name, y->r.name);
}

/* What becomes of the files that a scan has found. */
enum scan_fate {
	SCAN_ARRIVE,
	SCAN_SKIP, /* they were there before the first start */
	SCAN_FORGET, /* that first scan has failed, so nobody can tell yet; the next one finds them again */
	SCAN_HOLD /* an earlier life may have run them */
};

static void scan_number_batch(struct core *c, struct spool_state *sp, enum scan_fate fate)
{
	for (size_t i = 0; i < sp->batch_count; i++)
		assert(sp->batch[i]->batched && sp->batch[i]->r.id == 0);
	if (sp->batch_count > 1)
		qsort(sp->batch, sp->batch_count, sizeof(*sp->batch), scan_by_age);
	for (size_t i = 0; i < sp->batch_count; i++) {
		struct job *job = sp->batch[i];
		job->batched = false;
		if (fate == SCAN_FORGET) {
			wait_gone(c, job);
			job_free(&c->jobs, &c->timers, job);
		} else if (fate == SCAN_SKIP) {
			job_number(&c->jobs, job, ++c->last_job);
			finish_silent(c, job, STATUS_NONE, FINISH_SKIPPED);
		} else if (fate == SCAN_HOLD) {
			job->r.held = HELD_LOST;
			intake_arrived(c, job);
			lost_add(c, job, false);
		} else {
			intake_arrived(c, job);
		}
	}
	free(sp->batch);
	sp->batch = NULL;
	sp->batch_count = sp->batch_cap = 0;
}

/* A job whose name a complete scan of its directory did not see. */
static void scan_vanished(struct core *c, struct job *job)
{
	switch (job->r.state) {
	case JOB_SETTLING:
		if (!job->rowed) { /* it was never queued */
			queue_remove(job);
			wait_gone(c, job);
			job_free(&c->jobs, &c->timers, job);
			break;
		}
		/* fall through */
	case JOB_QUEUED:
		finish_silent(c, job, STATUS_CANCELLED, "the file is gone");
		break;
	case JOB_DONE:
		break;
	default:
		return; /* its turn has come: its bytes are ours already */
	}
}

static void scan_forget(struct core *c, struct job *job)
{
	assert(job->r.state == JOB_DONE);
	/* Its history stays in the ledger; what goes is the promise not to run this name again
	 * while it lies there. */
	job->r.live = false;
	core_row_job(c, job);
	wait_gone(c, job);
	job_free(&c->jobs, &c->timers, job);
}

/* Returns how many of the spool's names were not seen; of those whose turn has come only where that
 * may mean that they lie elsewhere. */
static size_t scan_missing(struct core *c, size_t spool, bool drop)
{
	const struct spool_state *sp = c->spool[spool];
	size_t missing = 0;
	struct job *job;
	struct job *next;
	/* All jobs, once a scan: a list for each spool would cost two pointers for each of a
	 * million queued files, and a scan has read as many names anyway. */
	for (job = TAILQ_FIRST(&c->jobs.all); job != NULL; job = next) {
		next = TAILQ_NEXT(job, link);
		if (job->r.spool != spool || job->scan == sp->scan || (drop && job_is_active(job)))
			continue;
		missing++;
		if (!drop)
			continue;
		uint64_t id = job->r.id;
		scan_vanished(c, job);
		if (id != 0 && (job = job_by_id(&c->jobs, id)) != NULL && job->r.state == JOB_DONE)
			scan_forget(c, job);
	}
	return missing;
}

/* Device and inode, not the path: a file system that was not mounted, or another that was, has the
 * same path. */
static bool scan_is_known(const struct spool_state *sp, const struct ev_scan *ev)
{
	return sp->dev == ev->dev && sp->ino == ev->ino;
}

/* This directory is the spool. */
static void scan_settle_in(struct core *c, size_t spool, const struct ev_scan *ev)
{
	struct spool_state *sp = c->spool[spool];
	bool new = !sp->known || !scan_is_known(sp, ev);
	sp->strange = sp->away = sp->removed = false;
	if (!new)
		return;
	sp->known = true;
	sp->dev = ev->dev;
	sp->ino = ev->ino;
	struct spool_rec *row = &effects_add(c->fx, FX_ROW_SPOOL)->u.spool_row;
	row->spool = spool;
	row->dev = ev->dev;
	row->ino = ev->ino;
}

static void scan_begun(struct core *c, const struct ev_scan *ev)
{
	struct spool_state *sp = c->spool[ev->spool];
	lost_begin(c, ev->spool);
	sp->scan++;
	sp->scanning = true;
	bool other = sp->known && !scan_is_known(sp, ev);
	/* Nobody can bring it back: what is not in the one that has its name now is gone. */
	if (other && sp->dev == ev->gone_dev && sp->ino == ev->gone_ino)
		sp->removed = true;
	sp->away = other && !sp->removed;
}

static enum scan_fate scan_fate(const struct core *c, size_t spool, bool ended)
{
	bool first = !c->spool[spool]->known;
	bool skip = first && c->conf->spool[spool].existing == EXISTING_SKIP;
	bool suspect = lost_is_suspect(c, spool);
	if (!ended) /* none may leave a record before it is clear what others' mean */
		return first ? SCAN_FORGET : SCAN_ARRIVE;
	if (suspect)
		return SCAN_HOLD;
	return skip ? SCAN_SKIP : SCAN_ARRIVE;
}

static void scan_ended(struct core *c, size_t spool, const struct ev_scan *ev)
{
	struct spool_state *sp = c->spool[spool];
	const struct conf_spool *conf = &c->conf->spool[spool];
	bool same = sp->known && (sp->removed || scan_is_known(sp, ev));
	scan_number_batch(c, sp, scan_fate(c, spool, true));
	size_t missing = scan_missing(c, spool, same);
	if (sp->broken)
		log_info("spool=%s event=readable path=%s", conf->name, conf->path);
	sp->broken = false;
	if (!same && missing > 0) {
		if (!sp->strange)
			log_warn("spool=%s event=other-directory path=%s: %zu files known from the "
				 "former one are not in it; they stay queued, and results are kept "
				 "until it is back",
			    conf->name, conf->path, missing);
		sp->strange = true;
	} else {
		scan_settle_in(c, spool, ev);
	}
	lost_go_on(c, spool);
	core_scan_soon(c, spool, sp->known && sp->missed ? 0 : conf->scan_ms);
	sp->missed = sp->missed && !sp->known;
}

static void scan_failed(struct core *c, size_t spool, const struct ev_scan *ev)
{
	struct spool_state *sp = c->spool[spool];
	const struct conf_spool *conf = &c->conf->spool[spool];
	scan_number_batch(c, sp, scan_fate(c, spool, false));
	log_at(sp->broken ? LOG_LEVEL_DEBUG : LOG_LEVEL_ERROR,
	    "spool=%s event=unreadable path=%s error=\"%s\"; its queue is kept, trying again",
	    conf->name, conf->path, strerror(ev->err));
	sp->broken = true;
	tally_error(c, TALLY_SPOOL);
	core_scan_soon(c, spool, RETRY_SCAN_MS);
}

void scan_on_scan(struct core *c, const struct ev_scan *ev)
{
	struct spool_state *sp = c->spool[ev->spool];
	/* Events are missing, since the kernel's queue ran over or the directory was moved: only a
	 * scan that begins after this can be trusted. */
	if (ev->lost)
		core_scan_soon(c, ev->spool, 0);
	if (ev->lost && ev->err == 0)
		return; /* a scan under way goes on */
	if (ev->phase == SCAN_BEGUN) {
		scan_begun(c, ev);
		return;
	}
	sp->scanning = false;
	if (ev->phase == SCAN_ENDED)
		scan_ended(c, ev->spool, ev);
	else
		scan_failed(c, ev->spool, ev);
}

void scan_due(struct core *c, size_t spool)
{
	assert(spool < c->spool_count);
	if (c->conf->spool[spool].removed)
		return;
	if (c->spool[spool]->scanning) {
		/* Two at once would have one number, and what only the earlier one saw would count
		 * for both. */
		core_scan_soon(c, spool, 100);
		return;
	}
	effects_add(c->fx, FX_SCAN)->u.scan = spool;
}

/* Where the edge looks from now on is another directory, until a scan that begins there knows better: what
 * was seen up to now was not seen in it. */
void scan_conf(struct core *c, const struct conf *conf)
{
	assert(conf->spool_count >= c->spool_count);
	for (size_t i = 0; i < c->spool_count; i++) {
		struct spool_state *sp = c->spool[i];
		if (!sp->known || str_eq(c->conf->spool[i].path, conf->spool[i].path))
			continue;
		sp->away = true;
		sp->scan++;
	}
}
