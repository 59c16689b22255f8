/* intake: from names in a directory to files that are ready to run. */
#ifndef SPARKSPOOL_CORE_INTAKE_H
#define SPARKSPOOL_CORE_INTAKE_H

#include "core/core.h"

/* A name has been heard of (inotify) or seen (a scan). Most names lead to a look (FX_LOOK), none to
 * more: what it is and whether it is complete only the look can say. */
void intake_on_name(struct core *c, const struct ev_name *ev);
/* What lies under a name. The job of this name may be gone afterwards, or another one. */
void intake_on_looked(struct core *c, const struct ev_looked *ev);

/* Reads a file that is not to run, to see whether it is what has run. */
void intake_reread(struct core *c, struct job *job, const struct ident *ident);

/* A finished job's file was read again because only its inode or ctime had changed. */
void intake_on_reread(struct core *c, struct job *job, const struct ev_read *ev);

/* It waits for its turn from now on. */
void intake_queue(struct core *c, struct job *job);

/* A queued file that was held is let go: now it has to be complete. */
void intake_resume(struct core *c, struct job *job);

/* A new file gets its number, its place in the order of arrival. */
void intake_arrived(struct core *c, struct job *job);

/* A settling job's pause is over: is the file still what it was? */
void intake_job_due(struct core *c, struct job *job);

#endif
