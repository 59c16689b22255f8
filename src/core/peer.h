/* peer: those who are connected to the control socket, and what is said to them. */
#ifndef SPARKSPOOL_CORE_PEER_H
#define SPARKSPOOL_CORE_PEER_H

#include "core/core.h"

struct ask;

/* Whom a peer hears of, unasked: core/watch. */
enum peer_news { NEWS_NONE, NEWS_ALL, NEWS_SPOOL, NEWS_JOBS };

struct peer_job {
	uint64_t id;
	uint32_t place; /* in its pool's queue, from 1; 0: it does not wait */
};

struct peer {
	uint64_t id;
	uint32_t uid;
	bool hidden; /* who that is cannot be told: it owns nothing, whatever its uid */
	bool admin;
	struct ask *ask;      /* that is being answered; NULL: none */
	struct peer_job *job; /* to go through, as they were when that was begun */
	size_t job_count;
	size_t job_at;
	size_t item_at;	   /* the same of ask->item */
	uint64_t *watched; /* NEWS_JOBS: ids that have not ended */
	size_t watched_count;
	uint64_t seq;	 /* of the question to the ledger under way; 0: none */
	uint64_t cursor; /* in the ledger: what was said last */
	int64_t rest;	 /* rows that may still be said */
	bool waits;	 /* for EV_TAKEN */
	bool follows;	 /* has heard of all ends so far, and waits for more */
	bool missed;	 /* something has ended since the ledger was asked */
	bool from_now;	 /* of all ends so far nothing is said but where they end */
	bool listed;	 /* what it watches has been said once */
	bool drains;	 /* waits until nothing runs */
	enum peer_news news;
	size_t news_spool;
	struct buf out;		/* lines that are not yet an effect */
	TAILQ_ENTRY(peer) link; /* core::peers */
};

/* A peer is found by its number each time: between an effect and its answer it may have hung up. */
struct peer *peer_find(const struct core *c, uint64_t id); /* or NULL */
struct peer *peer_add(struct core *c, const struct ev_request *ev);
void peer_drop(struct core *c, struct peer *p);
void peers_fini(struct core *c);

/* What belongs to this user may be seen, and acted on. The one rule of access for what belongs to
 * users: administrators may all, everybody their own. What it is asked of are uids as the kernel
 * has told them (SO_PEERCRED), never what a peer says of itself. */
bool peer_may(const struct peer *p, uint32_t owner);

/* One line; takes the reference. "type" stands first in it. */
struct json_t;
struct json_t *peer_line(const char *type);
void peer_say(struct peer *p, struct json_t *line);

/* So much is ready that the peer has to take it first. */
bool peer_is_full(const struct peer *p);

/* What was said becomes an effect. */
void peer_flush(struct core *c, struct peer *p, enum answer_flow flow);

/* The last line of an answer, and its end. hint may be NULL. */
void peer_end(struct core *c, struct peer *p);
void peer_fail(
    struct core *c, struct peer *p, const char *code, const char *message, const char *hint);

#endif
