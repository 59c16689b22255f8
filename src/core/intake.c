/* intake: from names in a directory to files that are ready to run. */
#include "core/intake.h"

#include "base/log.h"
#include "core/finish.h"
#include "core/heads.h"
#include "core/row.h"
#include "core/source.h"
#include "core/wait.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define GONE_SCAN_MS 2000 /* a name is said to be gone: a scan soon proves it */
#define MISSED_MS 30000	  /* until a file that was missed is looked for again */
#define LINKED_LOOKS 5	  /* a second link may be on its way out (link, then unlink) */
#define LINKED_MS 1000

/* A second name would let somebody write into the file after it was read, and delete or move one
 * name of two: neither of them would then be what was promised. */
static bool intake_is_file(const struct ev_looked *ev)
{
	return ev->type == FILE_REGULAR && ev->ident.nlink == 1;
}

static const char *intake_refusal(const struct ev_looked *ev)
{
	switch (ev->type) {
	case FILE_REGULAR:
		return "a hard link: another name has the same file";
	case FILE_DIRECTORY:
		return "a directory";
	case FILE_LINK:
		return "a symbolic link";
	default:
		return "not a regular file";
	}
}

static void intake_settle(struct core *c, struct job *job)
{
	assert(job->r.state == JOB_SETTLING && !job->batched);
	timer_set(&c->timers, &job->timer, c->now.mono_ms + core_spool_conf(c, job)->settle_ms);
}

void intake_queue(struct core *c, struct job *job)
{
	timer_clear(&c->timers, &job->timer);
	job_move(&c->jobs, job, JOB_QUEUED);
	job->failures = 0;
	job->forbidden = 0;
	heads_forget(job); /* what it says of itself is of other bytes now */
	job->r.queued_ms = c->now.real_ms;
	core_row_job(c, job);
	finish_ready(c, job);
	log_info("job=%llu event=queued spool=%s file=\"%s\"", (unsigned long long)job->r.id,
	    core_spool_conf(c, job)->name, job->r.name);
}

void intake_resume(struct core *c, struct job *job)
{
	assert(job->r.state == JOB_QUEUED && job->lane == NULL);
	/* It was complete once; where that is known by a pause, the pause is made again, since it
	 * may have been written to for as long as it was held. */
	if (core_spool_conf(c, job)->ready != READY_SETTLE) {
		finish_ready(c, job);
		return;
	}
	job_move(&c->jobs, job, JOB_SETTLING);
	(void)row_holds(c, job);
	intake_settle(c, job);
}

/* It has its place in the order of arrival; now it has to be complete. */
void intake_arrived(struct core *c, struct job *job)
{
	assert(!job->batched);
	job_number(&c->jobs, job, ++c->last_job);
	(void)row_holds(c, job);
	bool settles = core_spool_conf(c, job)->ready == READY_SETTLE || job->r.ident.nlink != 1;
	if (settles && job->r.held == HELD_NOT)
		intake_settle(c, job);
	else
		intake_queue(c, job);
}

static void intake_batch_add(struct spool_state *sp, struct job *job)
{
	if (sp->batch_count == sp->batch_cap) {
		sp->batch_cap = sp->batch_cap == 0 ? 64 : sp->batch_cap * 2;
		sp->batch = xrealloc(sp->batch, sp->batch_cap * sizeof(*sp->batch));
	}
	assert(!job->batched && job->r.id == 0);
	sp->batch[sp->batch_count++] = job;
	job->batched = true;
}

static struct job *intake_new(struct core *c, const struct ev_looked *ev, enum kind kind)
{
	struct spool_state *sp = c->spool[ev->spool];
	struct job *job = job_new(&c->jobs, ev->spool, ev->name, kind, &ev->ident);
	job->scan = sp->scan;
	return job;
}

/* Within one scan the order is that of mtime, then name: wait until the scan has ended. */
static void intake_arrive(struct core *c, struct job *job)
{
	struct spool_state *sp = c->spool[job->r.spool];
	if (sp->scanning)
		intake_batch_add(sp, job);
	else
		intake_arrived(c, job);
}

static void intake_refuse(struct core *c, struct job *job, const char *why)
{
	assert(job->r.state == JOB_SETTLING && !job->batched);
	/* Its end is a row of the history, and rows are known by their number. */
	if (job->r.id == 0)
		job_number(&c->jobs, job, ++c->last_job);
	timer_clear(&c->timers, &job->timer);
	job->r.queued_ms = c->now.real_ms;
	finish_silent(c, job, STATUS_REJECTED, why);
}

/* ---- names ---------------------------------------------------------------------------------- */

/* A hint, never a proof: by now the name may be there again, and of a directory that was moved away
 * all names are gone. */
static void intake_on_gone(struct core *c, const struct ev_name *ev)
{
	const struct job *job = job_find(&c->jobs, ev->spool, ev->name);
	if (job != NULL && !job_is_active(job))
		core_scan_soon(c, ev->spool, GONE_SCAN_MS);
}

/* The number of the scan is noted before anything else: it is what proves, when the scan has ended,
 * that the name is still there, also of files that are otherwise left alone. */
static void intake_on_code_name(struct core *c, const struct ev_name *ev)
{
	const struct conf_spool *spool = &c->conf->spool[ev->spool];
	struct job *job = job_find(&c->jobs, ev->spool, ev->name);
	if (job != NULL)
		job->scan = c->spool[ev->spool]->scan;
	if (job != NULL && job_is_active(job)) {
		/* A scan sees every name each time; only an event says that something has happened
		 * to this one. */
		job->again = job->again || ev->cause != NAME_SCAN;
		return;
	}
	if (spool->ready == READY_MARKER && !(job != NULL && job->rerun))
		return; /* without a marker a name means nothing, unless somebody said so */
	if (job == NULL && spool->ready == READY_SETTLE && ev->cause == NAME_CREATED)
		return; /* it is being written; its close, or the next scan, will tell */
	if (job != NULL && job->r.state == JOB_SETTLING &&
	    (timer_is_set(&job->timer) || job->batched))
		return; /* looked at when its pause is over */
	if (job != NULL && job->r.state == JOB_QUEUED && ev->cause == NAME_SCAN &&
	    job->r.held == HELD_NOT && job->wait == NULL)
		return; /* looked at when its turn comes; which of one that waits may be never */
	core_look(c, ev->spool, ev->name);
}

void intake_on_name(struct core *c, const struct ev_name *ev)
{
	enum kind kind;
	size_t stem;
	enum name_class class = source_classify(ev->name, &kind, &stem);
	struct spool_state *sp = c->spool[ev->spool];
	if (class == NAME_IGNORED || c->conf->spool[ev->spool].removed)
		return;
	if (!sp->known && ev->cause != NAME_SCAN) {
		/* What runs now leaves a record, and the first whole scan takes records for those of an
		 * earlier life. */
		sp->missed = true;
		return;
	}
	if (ev->cause == NAME_GONE)
		intake_on_gone(c, ev);
	else if (class == NAME_CODE)
		intake_on_code_name(c, ev);
	else if (c->conf->spool[ev->spool].ready == READY_MARKER)
		core_look(c, ev->spool, ev->name);
}

/* ---- markers -------------------------------------------------------------------------------- */

static void intake_unmark(struct core *c, struct job *job)
{
	if (job->marker == NULL)
		return;
	struct fx_unmark *unmark = &effects_add(c->fx, FX_UNMARK)->u.unmark;
	unmark->spool = job->r.spool;
	unmark->name = arena_printf(&c->fx->arena, "%s.ready", job->r.name);
	/* Only that very marker goes: one that was made since vouches for newer bytes. */
	unmark->ident = *job->marker;
	free(job->marker);
	job->marker = NULL;
}

static void intake_on_marker(
    struct core *c, const struct ev_looked *ev, enum kind kind, size_t stem)
{
	if (!intake_is_file(ev) || c->conf->spool[ev->spool].ready != READY_MARKER)
		return;
	struct ev_looked code = *ev;
	code.name = arena_dup(&c->fx->arena, ev->name, stem);
	struct job *job = job_find(&c->jobs, ev->spool, code.name);
	if (job == NULL && !source_name_fits(code.name))
		return;
	if (job == NULL) {
		/* The file itself has not been looked at: whatever it is, it differs from this. */
		memset(&code.ident, 0, sizeof(code.ident));
		job = intake_new(c, &code, kind);
	}
	free(job->marker);
	job->marker = xmemdup(&ev->ident, sizeof(ev->ident));
	if (job_is_active(job))
		job->again = true;
	else
		core_look(c, ev->spool, code.name);
}

/* ---- looks ---------------------------------------------------------------------------------- */

/* What cannot be run for what it is gets an end of its own, so that `why`, the log and the history
 * can say so. Unknown suffixes do not come here: a directory may hold whatever its users like. */
static void intake_first_look(struct core *c, const struct ev_looked *ev, enum kind kind)
{
	if (ev->type == FILE_MISSING)
		return;
	struct job *job = intake_new(c, ev, kind);
	if (ev->type != FILE_REGULAR)
		intake_refuse(c, job, intake_refusal(ev));
	else if (!source_name_fits(ev->name))
		intake_refuse(c, job, "its name is too long for the names of its results");
	else
		intake_arrive(c, job);
}

static void intake_look_settling(struct core *c, struct job *job, const struct ev_looked *ev)
{
	/* A look that another event of the same turn has asked for comes before the pause is over. */
	bool quiet = ident_same(&job->r.ident, &ev->ident) && !timer_is_set(&job->timer);
	if (ev->type == FILE_MISSING && job->r.id == 0 && !job->batched) {
		/* A marker without its file; a numbered one is proven gone by a scan. */
		wait_gone(c, job);
		job_free(&c->jobs, &c->timers, job);
		return;
	}
	bool marked = core_spool_conf(c, job)->ready != READY_MARKER || job->marker != NULL;
	if (ev->type == FILE_MISSING) {
		core_scan_soon(c, ev->spool, GONE_SCAN_MS);
		if (!marked) /* no scan will bring it up by its name alone, should it be there again */
			timer_set(&c->timers, &job->timer, c->now.mono_ms + MISSED_MS);
		return;
	}
	if (!marked && ident_rewritten(&job->r.ident, &ev->ident))
		return; /* its marker held for other bytes */
	job->r.ident = ev->ident;
	if (job->batched)
		return; /* the end of the scan goes on with it */
	if (ev->type != FILE_REGULAR || (ev->ident.nlink != 1 && job->failures >= LINKED_LOOKS)) {
		intake_refuse(c, job, intake_refusal(ev));
	} else if (job->r.id == 0) {
		intake_arrive(c, job);
	} else if (ev->ident.nlink != 1) {
		job->failures++;
		timer_set(&c->timers, &job->timer, c->now.mono_ms + LINKED_MS);
	} else if (quiet || core_spool_conf(c, job)->ready != READY_SETTLE) {
		intake_queue(c, job);
	} else {
		intake_settle(c, job);
	}
}

/* Whether it stays so, now that it looks like this. What was written since the ledger was lost has not
 * run: whoever wrote it, or touched it, wants it to. */
static bool intake_stays_held(const struct job *job, const struct ev_looked *ev)
{
	if (ev->type != FILE_REGULAR)
		return false;
	return job->r.held == HELD_OPERATOR ||
	       (job->r.held == HELD_LOST && !ident_rewritten(&job->r.ident, &ev->ident));
}

static void intake_look_queued(struct core *c, struct job *job, const struct ev_looked *ev)
{
	if (ev->type == FILE_MISSING) {
		core_scan_soon(c, ev->spool, GONE_SCAN_MS);
		return;
	}
	if (intake_is_file(ev) && ident_same(&job->r.ident, &ev->ident))
		return;
	if (intake_stays_held(job, ev)) {
		bool same = ident_same(&job->r.ident, &ev->ident);
		job->r.ident = ev->ident;
		if (!same) {
			heads_forget(job);
			core_row_job(c, job);
		}
		return;
	}
	if (job->r.held != HELD_NOT)
		log_info("job=%llu event=released spool=%s file=\"%s\" reason=\"it has changed\"",
		    (unsigned long long)job->r.id, core_spool_conf(c, job)->name, job->r.name);
	job->r.held = HELD_NOT;
	queue_remove(job);
	job_move(&c->jobs, job, JOB_SETTLING);
	(void)row_holds(c, job);
	job->r.ident = ev->ident;
	if (ev->type == FILE_REGULAR)
		intake_settle(c, job);
	else
		intake_refuse(c, job, intake_refusal(ev));
}

/* The job's name holds another file: the old job becomes history, a new one begins. */
static void intake_renew(struct core *c, struct job *job, const struct ev_looked *ev)
{
	enum kind kind = job->r.kind;
	struct ident *marker = job->marker;
	assert(job->r.state == JOB_DONE);
	job->marker = NULL;
	job->r.live = false;
	core_row_job(c, job);
	job_free(&c->jobs, &c->timers, job);
	intake_first_look(c, ev, kind);
	struct job *new = job_find(&c->jobs, ev->spool, ev->name);
	if (new != NULL &&new->marker == NULL)
		new->marker = marker;
	else
		free(marker);
}

void intake_reread(struct core *c, struct job *job, const struct ident *ident)
{
	/* No names are taken by its results: nothing of this reading is ever published. */
	static const char *const nothing[] = { NULL };
	struct fx_read *read = &effects_add(c->fx, FX_READ)->u.read;
	job->reread = true;
	read->job = job->r.id;
	read->spool = job->r.spool;
	read->name = arena_strdup(&c->fx->arena, job->r.name);
	read->ident = *ident;
	read->bytes_max = core_spool_conf(c, job)->file_bytes_max;
	read->sync_name = true;
	read->taken = nothing;
}

/* When its row is history, nobody knows the file that has run: before that it must be gone for good. */
static void intake_look_surely(struct core *c, const struct job *job)
{
	core_look(c, job->r.spool, job->r.name)->sync = true;
}

static void intake_look_done(struct core *c, struct job *job, const struct ev_looked *ev)
{
	const struct ident *old = &job->r.ident;
	bool marked = c->conf->spool[ev->spool].ready != READY_MARKER || job->marker != NULL;
	if (ev->type == FILE_MISSING) {
		core_scan_soon(c, ev->spool, GONE_SCAN_MS);
	} else if (job->rerun) {
		intake_renew(c, job, ev);
	} else if (!marked) {
		return; /* what was written since is not complete before its marker is there */
	} else if (intake_is_file(ev) && ident_same(old, &ev->ident)) {
		intake_unmark(c, job);
	} else if (intake_is_file(ev) && !ident_rewritten(old, &ev->ident) && job->sha_known) {
		intake_reread(c, job, &ev->ident);
	} else if (ident_rewritten(old, &ev->ident) || (intake_is_file(ev) && old->nlink != 1)) {
		if (ev->synced)
			intake_renew(c, job, ev);
		else
			intake_look_surely(c, job);
	} else { /* it never ran, and only its inode or its ctime is another: still no reason to */
		job->r.ident = ev->ident;
		core_row_job(c, job);
	}
}

void intake_on_reread(struct core *c, struct job *job, const struct ev_read *ev)
{
	assert(job->r.state == JOB_DONE);
	job->reread = false;
	bool same = ev->result == READ_OK;
	for (size_t i = 0; same && i < JOB_SHA_BYTES; i++) {
		char byte[3] = { ev->sha256[2 * i], ev->sha256[2 * i + 1], '\0' };
		same = job->sha[i] == (uint8_t)strtoul(byte, NULL, 16);
	}
	if (same) {
		job->r.ident = ev->ident;
		core_row_job(c, job);
		intake_unmark(c, job);
	} else if (ev->result == READ_OK) {
		const struct ev_looked look = { job->r.spool,
			arena_strdup(&c->fx->arena, job->r.name), FILE_REGULAR, ev->ident, true };
		intake_renew(c, job, &look);
	} /* anything else: the next event or scan looks again */
}

void intake_on_looked(struct core *c, const struct ev_looked *ev)
{
	enum kind kind;
	size_t stem;
	enum name_class class = source_classify(ev->name, &kind, &stem);
	const struct spool_state *sp = c->spool[ev->spool];
	if (!sp->known && !sp->scanning)
		return; /* its scan has failed: the next one finds it again */
	if (class == NAME_MARKER)
		intake_on_marker(c, ev, kind, stem);
	if (class != NAME_CODE)
		return;
	struct job *job = job_find(&c->jobs, ev->spool, ev->name);
	if (job == NULL) {
		/* In marker mode a file is only looked at because of its marker, or after its end. */
		if (c->conf->spool[ev->spool].ready != READY_MARKER)
			intake_first_look(c, ev, kind);
		return;
	}
	if (ev->type != FILE_MISSING)
		job->scan = c->spool[ev->spool]->scan;
	switch (job->r.state) {
	case JOB_SETTLING:
		intake_look_settling(c, job, ev);
		break;
	case JOB_QUEUED:
		intake_look_queued(c, job, ev);
		break;
	case JOB_ANSWERED:
		finish_looked(c, job, ev);
		break;
	case JOB_DONE:
		intake_look_done(c, job, ev);
		break;
	default:
		break; /* its turn has come: it is looked at again when it is done */
	}
}

/* ---- time ----------------------------------------------------------------------------------- */

void intake_job_due(struct core *c, struct job *job)
{
	assert(job->r.state == JOB_SETTLING);
	core_look(c, job->r.spool, job->r.name);
}
