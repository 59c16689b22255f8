/* rerun: files that shall run again as they are. */
#include "core/rerun.h"

#include "base/log.h"

/* By way of a look: whether the file is still there, and is one, only the edge can say. Its old
 * results stay until the new ones are ready, as with a file that was changed. */
const char *rerun_job(struct core *c, struct job *job)
{
	if (job->r.state != JOB_DONE)
		return "it has not ended yet";
	if (core_spool_conf(c, job)->removed)
		return "its spool is not in the configuration any more";
	if (core_is_away(c, job))
		return "another directory lies where its file's was";
	log_info("job=%llu event=rerun spool=%s file=\"%s\"", (unsigned long long)job->r.id,
	    core_spool_conf(c, job)->name, job->r.name);
	/* Said before it is done: a row of what has ended, without an inode, is how another life knows. */
	job->rerun = true;
	job->r.ident.ino = 0;
	core_row_job(c, job);
	core_look(c, job->r.spool, job->r.name);
	return NULL;
}
