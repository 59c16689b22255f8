/* fetch: what a run leaves, piece by piece, on its way into the spool: sizes and bytes out of the
 * runner's answers, hidden files that grow, its end once all of them are whole and on disk. */
#ifndef SPARKSPOOL_CORE_FETCH_H
#define SPARKSPOOL_CORE_FETCH_H

#include "core/core.h"
#include "core/runnertext.h"

/* What an answer says of a run that goes on or has ended; answer is the whole of it. */
void fetch_take(struct core *c, struct job *job, const struct runner_run *run,
    const struct runner_answer *answer);

/* A piece lies in its hidden file, or does not; not yet synced. Comes also for a job whose session
 * was lost since, and then changes nothing but the part. */
void fetch_on_appended(struct core *c, const struct ev_appended *ev);

/* Its hidden files are not there any more: they are fetched again. False where nobody has them. */
bool fetch_lost_parts(struct core *c, struct job *job);

/* Another life begins with it: its row is ANSWERED. */
void fetch_resume(struct job *job);

/* Its runner does not know it any more, and its end is told already: the record goes without. */
void fetch_lost_output(struct core *c, struct job *job);

/* The job's results are committed: its runner may forget it, its place is free. */
void fetch_committed(struct core *c, struct job *job);

#endif
