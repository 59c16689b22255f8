/* ctl_int: what the files of ctl share. ctl_listen: the socket and who comes; ctl: those who are
 * there. */
#ifndef SPARKSPOOL_EDGE_CTL_INT_H
#define SPARKSPOOL_EDGE_CTL_INT_H

#include "base/buf.h"
#include "edge/ctl.h"
#include <sys/queue.h>
#include <sys/types.h>

#define CTL_LINE_BYTES_MAX (64 << 10)
#define CTL_OUT_BYTES_MAX (256 << 10) /* of news that wait; an answer's piece goes beyond it */
#define CTL_PEERS_MAX 64
#define CTL_PEERS_OF_UID_MAX 8
#define CTL_PEERS_ADMIN 16 /* more, for administrators only; for them there is no limit of a uid */
#define CTL_ACCEPTS_MAX 32 /* a turn */
#define CTL_HALF_LINE_MS 10000
#define CTL_STUCK_MS 300000 /* it takes nothing of its answer */
#define CTL_QUIET_MS 1000   /* one that was heard of since does not make room for another */
#define CTL_REST_MS 1000    /* after it was found that there are no descriptors */

struct ctl_peer {
	uint64_t id;
	int fd;
	uint32_t uid;
	bool hidden; /* uid is what stands for all whom the user namespace has no name for */
	bool own;
	bool group;
	bool known;   /* to the core */
	bool busy;    /* its request has no ANSWER_LAST yet */
	bool more;    /* EV_TAKEN is wanted when all is taken */
	bool watches; /* what comes is news: it loses some rather than its place */
	bool gap;     /* it has lost some, and was not yet told */
	bool eof;     /* it sends nothing any more */
	bool dying;   /* is cut off when its last words are taken, or cannot be */
	bool dead;
	uint32_t interest; /* as epoll knows it */
	struct buf in;
	struct buf out;
	size_t out_at;	 /* of these are taken */
	int64_t half_ms; /* since when it has begun a line; -1: it has not */
	int64_t used_ms; /* when it last said or took something */
	TAILQ_ENTRY(ctl_peer) link;
};

TAILQ_HEAD(ctl_peers, ctl_peer);

struct ctl {
	int epoll;
	int listen; /* -1: not open */
	char *path; /* of the socket, if it is ours */
	bool hides_users;
	bool hides_groups;
	bool any_group;
	gid_t group;
	uint64_t last_id;
	int64_t now_ms;
	int64_t rest_ms; /* no accept before; 0: now */
	struct ctl_peers peers;
	size_t count;
};

/* ---- ctl_listen.c ---- */

/* 0, or -1 with a line in the log. */
int ctl_listen(struct ctl *ctl, const struct conf *conf);

/* Removes a socket that may be there; one that stays is in nobody's way, and the log has it. */
void ctl_remove(const char *path);

/* One that has come, not yet in the list; NULL: nobody. more: another may have. */
struct ctl_peer *ctl_accept(struct ctl *ctl, bool *more);

#endif
