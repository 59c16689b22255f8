/* queue: the files whose turn may come, in lanes of one kind of session, one spool and one owner. */
#ifndef SPARKSPOOL_CORE_QUEUE_H
#define SPARKSPOOL_CORE_QUEUE_H

#include "core/job.h"

/* A lane's files are interchangeable for a session: any session that may take one may take all.
 * It exists while it is not empty. */
struct lane {
	enum kind kind;		/* of the sessions that can take them */
	int64_t owner;		/* uid, or -1 where owners share sessions */
	bool fresh;		/* each wants a session for itself */
	size_t spool;		/* that they lie in */
	uint32_t uid;		/* whose they are, also where owners share sessions */
	struct lane_list *home; /* that it is in */
	struct heap ready;	/* of jobs, the earliest arrival on top */
	TAILQ_ENTRY(lane) link; /* pool_state::lanes */
};

TAILQ_HEAD(lane_list, lane);

/* like: all but the lane's own place. */
void queue_push(struct lane_list *lanes, struct job *job, const struct lane *like);
void queue_remove(
    struct job *job); /* from where it is, if it is; frees a lane that is empty then */
struct job *queue_first(const struct lane *lane);
size_t queue_len(const struct lane *lane);

#endif
