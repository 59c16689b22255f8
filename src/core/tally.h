/* tally: counts of what has happened since the start, for core/metrics and core/board. */
#ifndef SPARKSPOOL_CORE_TALLY_H
#define SPARKSPOOL_CORE_TALLY_H

#include "core/msg.h"
#include <sys/queue.h>

struct core;
struct job;

/* A file's way in three parts: from its arrival to its start, to its end, to its record in place. */
enum tally_stage { TALLY_WAIT, TALLY_RUN, TALLY_WRITE, TALLY_STAGES };

/* Upper bounds of the buckets in seconds; what is longer counts in the last one. */
#define TALLY_BOUNDS                                                                               \
	{                                                                                          \
		0.1, 0.5, 1, 5, 15, 60, 300, 900, 3600, 10800, 43200                               \
	}
#define TALLY_BUCKETS 12

struct tally_histogram {
	uint64_t bucket[TALLY_BUCKETS]; /* each for itself, not added up */
	int64_t sum_ms;
};

/* Of a spool. */
struct tally_spool {
	uint64_t ended[STATUS_COUNT];
	uint64_t expired; /* that were removed for their age */
	struct tally_histogram stage[TALLY_STAGES];
};

enum tally_result {
	TALLY_OK,	/* 2xx */
	TALLY_REDIRECT, /* 3xx: never followed */
	TALLY_REFUSED,	/* 4xx */
	TALLY_SERVER,	/* 5xx */
	TALLY_LOST,	/* no whole answer */
	TALLY_NOT_SENT, /* no connection */
	TALLY_TOO_BIG,	/* an answer beyond answer_max */
	TALLY_RESULTS
};
#define TALLY_REQUESTS 16 /* more than there are in enum request_what */

/* Of an endpoint. */
struct tally_endpoint {
	uint64_t request[TALLY_REQUESTS][TALLY_RESULTS];
};

/* What an operator may have to look after, by the kind of cause. */
enum tally_error {
	TALLY_ENDPOINT, /* a server or the way to it */
	TALLY_SESSION,	/* a session that could not be had */
	TALLY_SPOOL,	/* a directory that cannot be read */
	TALLY_INPUT,	/* a file that cannot be read */
	TALLY_RESULT,	/* a result that cannot be written */
	TALLY_ERRORS
};

/* A file that has ended, as the board shows it; strings are its own. */
struct tally_ended {
	TAILQ_ENTRY(tally_ended) link;
	uint64_t id;
	size_t spool;
	char *name;
	enum kind kind;
	enum job_status status;
	int exit_code;	    /* -1: none */
	bool recorded;	    /* there are result files */
	int64_t started_ms; /* wall clock; 0: never */
	int64_t finished_ms;
	char *error; /* in a word; NULL: none */
};

TAILQ_HEAD(tally_ended_list, tally_ended);
#define TALLY_ENDED_MAX 50 /* newest first */

struct tally {
	uint64_t error[TALLY_ERRORS];
	struct tally_ended_list ended;
	size_t ended_count;
};

/* What is counted is of this life alone: Prometheus knows how to deal with counters that begin
 * anew, and a start need not read them. */
void tally_init(struct tally *t);
void tally_fini(struct tally *t);

/* Whatever became of the request, once for each EV_HTTP. */
void tally_http(struct core *c, const struct ev_http *ev);
/* Beside the line in the log, each time, also where the log keeps quiet about a repetition. */
void tally_error(struct core *c, enum tally_error what);

/* The job's way is over; its run is still there. */
void tally_job(struct core *c, const struct job *job);

/* Its results are gone. */
void tally_forget(struct core *c, uint64_t job);

#endif
