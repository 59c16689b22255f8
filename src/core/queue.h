/* queue: the files whose turn may come, in lanes of one kind of session, one spool and one owner. */
#ifndef SPARKSPOOL_CORE_QUEUE_H
#define SPARKSPOOL_CORE_QUEUE_H

#include "core/job.h"

/* What core/share knows of a lane. */
struct lane_rank {
	int owner_running;   /* files of its owner that run in the pool */
	uint64_t owner_turn; /* when the last of them was started; 0: never */
	int spool_running;
	int room; /* so many may start now */
};

/* A lane's files are interchangeable for a session: any session that may take one may take all.
 * It exists while it is not empty. */
struct lane {
	enum kind kind;		/* of the sessions that can take them */
	int64_t owner;		/* uid, or -1 where owners share sessions */
	bool fresh;		/* each wants a session for itself */
	size_t spool;		/* that they lie in */
	uint32_t uid;		/* whose they are, also where owners share sessions */
	struct lane_list *home; /* that it is in; NULL: a row (core/row), which stays */
	struct heap ready;	/* of jobs, the highest priority and earliest arrival on top */
	struct lane_rank rank;
	bool planned;		/* core/pool has looked at it in this plan */
	TAILQ_ENTRY(lane) link; /* pool_state::lanes */
};

TAILQ_HEAD(lane_list, lane);

/* A row is a lane that no session is given files of: in the order of arrival alone. The lane stays
 * where it is as long as it lives: its jobs point to it. */
void queue_row_init(struct lane *row);
void queue_row_push(struct lane *row, struct job *job);

/* like: all but the lane's own place. */
void queue_push(struct lane_list *lanes, struct job *job, const struct lane *like);
void queue_remove(
    struct job *job); /* from where it is, if it is; frees a lane that is empty then */
/* Borrowed; NULL only of a row, since other lanes do not exist when they are empty. */
struct job *queue_first(const struct lane *lane);
bool queue_alike(const struct lane *a, const struct lane *b); /* the same sessions serve both */
size_t queue_len(const struct lane *lane);

#endif
