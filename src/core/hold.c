/* hold: files that wait until somebody lets them go. */
#include "core/hold.h"

#include "base/log.h"
#include "core/finish.h"
#include "core/intake.h"
#include "core/row.h"
#include <assert.h>

const char *hold_words(enum job_held why)
{
	static const char *const words[HELD_COUNT] = {
		[HELD_NOT] = "not held",
		[HELD_OPERATOR] = "held by an operator: sparkspool release lets it go",
		[HELD_LOST] =
		    "the ledger was lost, so it may have run: look what it did, then touch "
		    "it to run it, or make an empty file named release in state_dir and "
		    "reload, to run all of these",
	};
	assert(why < HELD_COUNT);
	return words[why];
}

/* A row or none: one that is still settling has its first one here. Whether it is complete is asked
 * when it is let go. */
static void hold_put(struct core *c, struct job *job)
{
	if (job->r.state == JOB_SETTLING) {
		row_left(c, job);
		intake_queue(c, job);
		return;
	}
	queue_remove(job);
	row_left(c, job); /* those behind it do not wait for an operator */
	core_row_job(c, job);
	c->plan = true; /* a session may have been made ready for it */
}

bool hold_job(struct core *c, struct job *job, enum job_held why)
{
	assert(why > HELD_NOT && why < HELD_COUNT);
	if (job->r.state != JOB_SETTLING && job->r.state != JOB_QUEUED)
		return false;
	if (job->r.state == JOB_SETTLING && core_spool_conf(c, job)->ready == READY_MARKER &&
	    (job->marker == NULL || (job->r.id == 0 && !job->batched)))
		return false; /* a marker without a file, or the other way round */
	/* A marker and its file are only one job when both are there: held before that, it would be
	 * queued without the one or the other. */
	job->r.held = why;
	if (!job->batched) /* else it gets its number first */
		hold_put(c, job);
	log_info("job=%llu event=held spool=%s file=\"%s\" reason=\"%s\"",
	    (unsigned long long)job->r.id, core_spool_conf(c, job)->name, job->r.name,
	    hold_words(why));
	return true;
}

bool hold_release(struct core *c, struct job *job)
{
	if (job->r.held == HELD_NOT)
		return false;
	job->r.held = HELD_NOT;
	log_info("job=%llu event=released spool=%s file=\"%s\"", (unsigned long long)job->r.id,
	    core_spool_conf(c, job)->name, job->r.name);
	if (job->r.state != JOB_QUEUED)
		return true; /* it has not even a number */
	core_row_job(c, job);
	intake_resume(c, job);
	return true;
}
