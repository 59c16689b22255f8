/* msgkeep: what crosses the ring about jobs that ended longer ago than their spool keeps them. Of
 * msg.h, by the same rules. */
#ifndef SPARKSPOOL_CORE_MSGKEEP_H
#define SPARKSPOOL_CORE_MSGKEEP_H

#include "core/rec.h"

/* A place among those of a spool that have ended, the oldest first. */
struct old_place {
	int64_t ended_ms; /* wall clock */
	uint64_t job;
};

/* FX_OLD: which have ended before, behind that place? -> EV_OLD */
struct fx_old {
	size_t spool;
	int64_t before_ms;
	struct old_place after;
	int limit; /* rows */
};

/* A job whose input does not lie in its spool any more. */
struct old_row {
	struct job_rec rec; /* with its run */
	bool replaced; /* a later run has left results of the same names: the older ones are gone */
};

struct ev_old {
	size_t spool;
	const char *error; /* in words; NULL: here they are */
	const struct old_row *row;
	size_t count;
	bool more;	       /* there would be more than the limit */
	struct old_place last; /* of the last one, as `after` for those behind it */
};

/* What is to go of a job. */
struct old_job {
	uint64_t job;
	const struct out_file *file; /* the last one is the record */
	size_t count;
	const char *moved_to; /* as run_rec has it; NULL: nowhere */
	struct ident input;   /* of what lies there */
};

/* FX_EXPIRE: the results of these; FX_DISCARD: their inputs, from where they were moved to. What has
 * another inode is somebody else's and stays. -> EV_EXPIRED */
struct fx_expire {
	size_t spool;
	const struct old_job *job;
	size_t count;
};

enum old_fate {
	OLD_GONE,   /* nothing of ours is there any more, and a power cut brings nothing back */
	OLD_KEPT,   /* results only: somebody has changed one of them, so all are as they were */
	OLD_FAILED, /* err; the same effect may follow */
};

struct old_end {
	uint64_t job;
	enum old_fate fate;
	unsigned files; /* that were removed just now */
};

struct ev_expired {
	size_t spool;
	bool inputs; /* answers FX_DISCARD */
	const struct old_end *job;
	size_t count;
	int err;	  /* the first OLD_FAILED's */
	const char *name; /* ... and what it was about; NULL: the directory */
};

#endif
