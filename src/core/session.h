/* session: one Spark session on a server, the calls under way in it and the runs that it holds.
 *
 * A call is a statement; a run is a file. Raw code is a call with one run. A runner's call speaks of
 * many runs, and a run is spoken of in many calls: one such call at a time is under way. */
#ifndef SPARKSPOOL_CORE_SESSION_H
#define SPARKSPOOL_CORE_SESSION_H

#include "core/msg.h"
#include "core/timer.h"
#include <sys/queue.h>

#define SESSION_RUNS_MAX 64

enum call_what {
	CALL_GREET, /* the session's first statement: prints its token */
	CALL_RAW,   /* a file's code as it is */
	CALL_PROBE, /* after raw Python: prints a new random value */
	CALL_FENCE, /* sleeps behind everything that has arrived (core/fence) */
	CALL_BOOT,  /* brings the runner */
	CALL_RUNNER /* speaks to it (core/errand) */
};

/* A server may end a session in which nothing is asked but how it is, an hour after the last statement
 * came if it is as it was installed, though that statement runs still (facts of Livy). Far below
 * what administrators set: to say that we are there costs it nothing. */
#define SESSION_KEEP_MS 300000

enum call_state {
	CALL_POSTING, /* the POST is under way */
	CALL_DOUBT,   /* its answer was lost: being looked for as last_statement + 1 */
	CALL_WAITING  /* accepted, being polled */
};

/* A fence sleeps 300 s from some moment after its POST (source_fence_code). What is seen within this
 * time of the POST was seen while it slept. */
#define FENCE_ASLEEP_MS 280000

enum fence_step {
	FENCE_SEARCH, /* is the doubted statement among those before the fence? */
	FENCE_WAIT,   /* until the fence runs: all before it has ended */
	FENCE_DELETE,
	FENCE_CONFIRM /* until the server says that the session is not there */
};

struct call {
	uint64_t id;
	TAILQ_ENTRY(call) link; /* session::calls */
	enum call_what what;
	enum call_state state;
	uint64_t job;		    /* CALL_RAW */
	char token[TOKEN_TEXT_LEN]; /* what the answer must hold; not of CALL_RAW and CALL_FENCE */
	int64_t statement;	    /* -1: not known */
	int64_t since_ms;	    /* in this state */
	int64_t asked_ms;	    /* when it was last asked for */
	int64_t due_ms;		    /* the next look */
	int64_t keep_ms;	    /* when its session wants a sign that it is in use */
	int64_t limit_ms;	    /* the time limit, once it has started; INT64_MAX: none */
	int64_t cancelled_ms;	    /* when we cancelled it; -1: not */
	uint64_t seq;		    /* of the request under way; 0: none */
	int failures;		    /* answers in a row that nobody could read */
	int64_t failing_ms;	    /* since when */
	int64_t lost_ms;	    /* since when they do not come at all; -1: they do ... */
	int64_t lost_before_ms;	    /* ... as far as calls before it go, that asked the same */
	bool started;
	bool others_pass;     /* what is harmless was let through just now (statement_compared) */
	enum fence_step step; /* CALL_FENCE */
	int64_t at;	      /* CALL_FENCE: the statement to look at next */
	int looks;	      /* CALL_FENCE: so often it was seen waiting for its turn */
};

TAILQ_HEAD(call_list, call);

struct session {
	struct session_rec r;	   /* persisted */
	TAILQ_ENTRY(session) link; /* core::sessions */
	struct timer timer;
	struct call_list calls;
	uint64_t run[SESSION_RUNS_MAX]; /* the jobs that are read, sent or run in it */
	unsigned run_count;
	enum session_state resume; /* SESSION_LOOKING: what it was before: see session_state() */
	uint64_t seq;		   /* of the session's own request under way; 0: none */
	uint8_t asked;		   /* what that request is for */
	int64_t since_ms;	   /* in this state */
	int64_t used_ms;	   /* end of its last file */
	int64_t heard_ms;	   /* when its driver answered last; -1: not in this life */
	int failures;
	int64_t lost_ms;  /* since when nothing is heard of its state; -1: it is */
	int64_t mute_ms;  /* the same of whether its driver is there (ASK_CHANNEL) */
	bool limp;	  /* its interpreter did not greet: one file to hear why, then it goes */
	unsigned forbids; /* its statements answered with 403 since it took one last */
	bool full;	  /* its list of statements leaves too little room for another answer */
	bool seen;	  /* in the server's list that is being read */
	bool blamed;	  /* that it did not come up is counted already */
	bool late;	  /* its creation was lost, and nobody waits for it any more */
	bool verified;	  /* on a server without names: its token was seen since the last break */
	bool fenced;	  /* what is in doubt in it has certainly never run */
	bool parked;	  /* waits for its endpoint to come back */
	bool greeted;	  /* its interpreter works */
	bool booted;	  /* KIND_RUNNER: its runner has answered in this life of ours */
	bool alone; /* KIND_RUNNER: it cannot fork, files run in its interpreter one by one ... */
	char *alone_why; /* ... and why that is so */
	bool fresh;	 /* given to one file for itself, and retired after it */
	bool draining;	 /* is to be retired as soon as what runs in it has ended */
	char **ack; /* KIND_RUNNER: ids of runs whose results are committed: it may forget them */
	size_t ack_count;
	int64_t ack_ms;	    /* when that is to be said at the latest */
	int64_t failing_ms; /* KIND_RUNNER: since when its runner is not heard; -1: it was */
	int64_t pause_ms;   /* ... and no call before */
	uint64_t answers;   /* KIND_RUNNER: that could be read, in this life of ours */
};

TAILQ_HEAD(session_list, session);

/* Takes over what rec points to. now_ms is monotonic, as all times here are. */
struct session *session_new(
    struct session_list *list, const struct session_rec *rec, int64_t now_ms);
void session_free(struct session_list *list, struct heap *timers, struct session *s);
struct session *session_by_id(const struct session_list *list, uint64_t id); /* or NULL */

/* A move that the table in session.c does not have is an error of ours and aborts. Also sets
 * since_ms and forgives the failures of the last state. */
void session_move(struct session *s, enum session_state to, int64_t now_ms);

/* What it is or, while it is looked for (SESSION_LOOKING), what it was and will be when its server has
 * proven it. For whatever an answer means to it; whether it may be spoken to, r.state says alone. */
enum session_state session_state(const struct session *s);

/* The same move by an answer, which may come late behind a break: it is made when the session is
 * proven. From retirement nothing leads back. */
void session_becomes(struct session *s, enum session_state to, int64_t now_ms);

/* Between the server's first sign of it and its end: it counts against the pool's max. */
bool session_exists(const struct session *s);

/* Its states as people need to tell them apart. */
enum session_phase { PHASE_STARTING, PHASE_IDLE, PHASE_BUSY, PHASE_ENDING, PHASE_GONE };
#define SESSION_PHASES PHASE_GONE /* of those that are there */
enum session_phase session_phase(const struct session *s);
const char *session_phase_name(enum session_phase phase);

/* Will be idle by itself before long. */
bool session_is_coming(const struct session *s);
#define SESSION_ACKS_MAX 1000 /* beyond it a session is retired: its runner never forgets */

/* A line on its interpreter's own channel, from a file or from what it has started, makes each answer
 * that of an earlier statement (facts of Livy): Python's and R's have such a channel. */
bool session_may_slip(const struct session *s);

/* It has had files, or has some, and is nobody's: it can be no owner's any more. */
bool session_is_common(const struct session *s);

/* May be given a file of this owner now, one of slots (raw code runs alone). fresh: it must never
 * have run any. */
bool session_is_free(const struct session *s, int64_t owner, int slots, bool fresh);

/* How many more files it can hold, now or when it has come up. */
int session_places(const struct session *s, int slots);

/* Its place in the session is taken from now on; it must not be in it yet, and there must be
 * one. */
void session_load(struct session *s, uint64_t job);
/* It must be in it: a place that is given back twice would be somebody else's. */
void session_unload(struct session *s, uint64_t job);

/* The runner may forget this run. */
void session_add_ack(struct session *s, const char *id, int64_t due_ms);
void session_drop_acks(struct session *s, size_t count); /* the first ones: it has been told */

/* The call is the session's; with the session it goes. Ids are the core's and never used twice. */
struct call *session_add_call(struct session *s, uint64_t id, enum call_what what, int64_t now_ms);
void session_drop_call(struct session *s, struct call *call);
struct call *session_call(const struct session *s, uint64_t id);	    /* or NULL */
struct call *session_call_of(const struct session *s, enum call_what what); /* the first, or NULL */

#endif
