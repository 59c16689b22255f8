/* finish: from the outcome of a run to its result files and the end of its input. */
#ifndef SPARKSPOOL_CORE_FINISH_H
#define SPARKSPOOL_CORE_FINISH_H

#include "core/core.h"

/* The server has answered: status and answer are committed, then the results are written.
 * The job is in SENDING or RUNNING. */
void finish_answered(struct core *c, struct job *job, enum job_status status, struct bytes answer);

/* It ends without an answer, in our own words: result files say so. From READING on. */
void finish_own(
    struct core *c, struct job *job, enum job_status status, const char *name, const char *message);

#define FINISH_SKIPPED "it was there before the first start"
#define FINISH_KNOWN "its record says that it has run"

/* A QUEUED file has run in another life, as its record says. */
void finish_known(struct core *c, struct job *job, const char sha256[SHA256_TEXT_LEN]);

/* It ends in ledger and log only, at a time when nothing of it is sent: at once, or, where an attempt
 * has been made before, when the hidden files of that are gone. */
void finish_silent(struct core *c, struct job *job, enum job_status status, const char *why);

/* What was sent may be run again: back to the queue, same place. _unrun: it has certainly not run, nor
 * will it, and the attempt counts for no limit of tries. */
void finish_requeue(struct core *c, struct job *job, const char *why);
void finish_requeue_unrun(struct core *c, struct job *job, const char *why);

/* Puts a QUEUED job into its lane. */
void finish_ready(struct core *c, struct job *job);

/* A QUEUED job's turn has come, and be it to be rejected: what lies there of earlier results? */
void finish_recall(struct core *c, struct job *job);

/* It was recalled without a session to go to: its pool does not serve it, or did not. */
void finish_unserved(struct core *c, struct job *job);

void finish_looked(struct core *c, struct job *job, const struct ev_looked *ev);
void finish_staged(struct core *c, const struct ev_staged *ev);
void finish_published(struct core *c, const struct ev_published *ev);
void finish_disposed(struct core *c, const struct ev_disposed *ev);

/* Takes the next step of a job in ANSWERED, STAGED or DISPOSING: after a failure's pause, and at
 * the start for what a crash left. Of many at once most are put off for a moment. */
void finish_go_on(struct core *c, struct job *job);

#endif
