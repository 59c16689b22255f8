/* job: one file's way from its name to its results; the table of all of them.
 *
 * A queued job is a name and an identity; what it has beyond that (struct run_rec, the bytes, the
 * answer) exists from its turn to its end, so that a million may wait. */
#ifndef SPARKSPOOL_CORE_JOB_H
#define SPARKSPOOL_CORE_JOB_H

#include "core/msg.h"
#include "core/timer.h"
#include <sys/queue.h>

#define JOB_SHA_BYTES 16 /* of a finished run's sha256: enough to see that a file is the same */

struct lane;
struct directives;
struct script;

/* What a file waits for that is still queued: core/wait. */
struct wait_after {
	char *name;
	bool any;		/* however it ended */
	bool asked;		/* the ledger */
	bool known;		/* status is: its last end, as far as anybody knows */
	enum job_status status; /* STATUS_NONE: none */
};

struct wait {
	struct job *job;
	LIST_ENTRY(wait) link; /* core::waits, when it is listed */
	bool listed;
	bool look;	  /* something has changed */
	uint8_t told;	  /* enum wait_reason that the log has */
	int64_t until_ms; /* wall clock; 0: no matter */
	struct wait_after *after;
	size_t after_count;
};

LIST_HEAD(wait_list, wait);

struct job {
	struct job_rec r; /* persisted */
	struct timer timer;
	size_t lane_pos;       /* in lane->ready */
	struct lane *lane;     /* queue.h; NULL unless it is ready */
	TAILQ_ENTRY(job) link; /* jobs::all */
	struct ident *marker;  /* the marker that vouched for it, until the bytes are committed */
	struct wait *wait;     /* what it waits for beside its turn; NULL: nothing */
	char *code;	       /* the bytes that run, until the server has accepted them */
	char *answer;	       /* the server's answer, until the results are published */
	uint32_t code_bytes;
	uint32_t answer_bytes;
	struct directives
	    *said;	       /* what the file says of itself, once it was read; NULL: not read */
	struct script *script; /* its process in a session's runner; NULL: none */
	uint32_t scan;	       /* the last scan that saw its name */
	int8_t priority;       /* the larger the sooner: core/heads */
	bool own_priority;     /* the file says so itself */
	uint8_t status;	       /* enum job_status of one that is done */
	bool headed;	       /* its head was read, and what it says of its turn is known */
	uint16_t failures;     /* to settle, write or publish, in a row */
	uint32_t unrun;	       /* attempts that have certainly not run, of this life */
	uint8_t losses;	       /* sessions that were lost with it, and it did not end by that ... */
	uint8_t fences;	       /* ... or were given up to prove that it never ran */
	uint8_t forbidden;     /* answers that forbade it while others were let through */
	bool reread;	       /* its file is being read again, to see whether it is the same */
	bool rerun;	       /* somebody wants it to run again, whatever it is now */
	bool touched;	       /* it is in jobs::touched */
	bool again;	       /* its name was seen while it was busy: look again when it is done */
	bool rowed;	       /* the ledger knows it */
	bool staging;	       /* FX_STAGE is being carried out */
	bool batched;	       /* waits for the end of a scan to get its number */
	float progress;	       /* of its run, 0 to 1; below 0: not known */
	bool sha_known;
	uint8_t sha[JOB_SHA_BYTES]; /* of what ran, when it is done */
};

TAILQ_HEAD(job_list, job);

struct jobs {
	void *by_name; /* tsearch() trees */
	void *by_id;
	struct job_list all;
	size_t count;
	size_t in_state[JOB_STATES];
	bool watched;	   /* somebody wants to know what changes ... */
	uint64_t *touched; /* ... ids of what has, since they were told */
	size_t touched_count;
	size_t touched_cap;
};

void jobs_init(struct jobs *jobs);
void jobs_fini(struct jobs *jobs, struct heap *timers);

/* A new job in JOB_SETTLING without an id; name is copied. No other job may have this name. */
struct job *job_new(
    struct jobs *jobs, size_t spool, const char *name, enum kind kind, const struct ident *ident);
/* A job from the ledger; takes over everything that rec points to. */
struct job *job_restore(struct jobs *jobs, struct job_rec *rec);
/* From here on it is in the history: a number is given once and never used again, not even by a
 * later life. */
void job_number(struct jobs *jobs, struct job *job, uint64_t id);
/* It must be in no lane (queue_remove()): those point to it, and would not know. */
void job_free(struct jobs *jobs, struct heap *timers, struct job *job);

struct job *job_find(const struct jobs *jobs, size_t spool, const char *name); /* or NULL */
struct job *job_by_id(const struct jobs *jobs, uint64_t id);		       /* or NULL */

/* A move that the table in job.c does not have is an error of ours and aborts. */
void job_move(struct jobs *jobs, struct job *job, enum job_state to);
void jobs_touch(struct jobs *jobs, struct job *job); /* something of it has changed */
bool job_is_active(const struct job *job);	     /* its turn has come and it is not done */

struct run_rec *job_begin_run(struct job *job); /* fresh and zeroed; statement is -1 */
void job_drop_run(struct job *job); /* and the bytes, the answer and the script with it */
/* An end in our own words; NULL: none. Also persisted of a run that goes on: "Cancelled", when it is to
 * come to that end (core/cancel). */
#define JOB_CANCELLED "Cancelled"
void job_set_error(struct job *job, const char *name, const char *message);
bool job_is_cancelled(const struct job *job);
/* The same of a raw file whose time limit has passed: its statement is being cancelled. */
#define JOB_TIMED_OUT "Timeout"
bool job_is_timed_out(const struct job *job);
/* It has come to it: how, behind who it was. */
void job_end_cancelled(struct job *job, const char *how);

/* What the file says of itself is read again at its turn; so a million that wait do not hold it. */
void job_forget_said(struct job *job);
void job_drop_wait(struct job *job);
/* What is kept of a finished job's run: enough to know its file again. */
void job_remember(struct job *job);
/* Both copy; no p drops what there was. At most UINT32_MAX bytes: answer_max and file_max are far
 * below. */
void job_set_answer(struct job *job, struct bytes answer);
void job_set_code(struct job *job, struct bytes code);

/* The same bytes, as far as stat can tell. */
bool ident_same(const struct ident *a, const struct ident *b);
/* Size or mtime differ: certainly to be run again. */
bool ident_rewritten(const struct ident *a, const struct ident *b);

#endif
