/* core: what the rooms of the core share: the state of the whole, and the making of effects.
 * For the rooms of the core only; the world outside includes core/sched.h. */
#ifndef SPARKSPOOL_CORE_CORE_H
#define SPARKSPOOL_CORE_CORE_H

#include "core/job.h"
#include "core/livy.h"
#include "core/queue.h"
#include "core/session.h"
#include "core/tally.h"

/* A server, as far as we know it. */
enum endpoint_phase {
	ENDPOINT_DOWN,	  /* nothing is asked of it until its timer; the phase of birth */
	ENDPOINT_VERSION, /* GET /version is under way */
	ENDPOINT_LISTING, /* GET /sessions is under way */
	ENDPOINT_UP
};

struct endpoint_state {
	enum endpoint_phase phase;
	struct timer timer;
	struct livy_dialect dialect;
	uint64_t seq;	  /* of its own request under way */
	int64_t from;	  /* of the page of the list that is under way */
	int failures;	  /* in a row */
	unsigned forbids; /* statements answered with 403 since it took one last */
	int odd;	  /* answers to /version that were none, since the last that was one */
	char *trouble;	  /* the last one in words; NULL: all is well */
	bool was_up;
	bool told;     /* the log says that it is down */
	int64_t up_ms; /* when it was last met */
	struct tally_endpoint tally;
};

struct pool_state {
	struct lane_list lanes;
	struct timer timer;
	int failures[KIND_SESSIONS];	 /* to start a session, in a row */
	int64_t after_ms[KIND_SESSIONS]; /* no new session of this kind before */
	uint64_t claim; /* a file that no session will serve at max: later ones wait; 0: none */
	bool paused;	/* core/pause */
};

/* What is made of a spool after the ledger was lost (lost.h). */
struct lost_state {
	char **record; /* names of what may be records of an earlier life */
	size_t record_count;
	uint64_t
	    next; /* of the files that the first scan has found the next to be looked at; 0: none */
	uint64_t last;
	bool shown;		      /* a record tells of an earlier life */
	bool asking;		      /* an answer is awaited */
	char sha256[SHA256_TEXT_LEN]; /* of what has run as next, by its record */
	size_t done;
	size_t held;
};

/* Of what a spool does not keep any longer (keep.h). */
struct keep_place {
	struct old_place at; /* the last one that was looked at; all zero: begin with the oldest */
	bool ails;	     /* something could not be removed, since it was at the beginning */
	bool said;	     /* ... and the log has it */
};

/* The jobs of it that are being removed. */
struct keep_page {
	struct arena arena; /* owns what they point to */
	struct old_job *job;
	size_t count;
	struct old_place last; /* behind that one the next page begins, if there are ... */
	bool more;
	bool failed;
	size_t gone; /* from the ledger */
	size_t files;
	size_t kept; /* since somebody has changed a result */
};

struct keep_state {
	struct timer timer;
	size_t spool;	   /* that is being looked at */
	bool asking;	   /* an answer is awaited */
	int64_t offset_ms; /* of the wall clock from the other, as last seen */
	int64_t since_ms;  /* when we started, or the wall clock last jumped */
	struct keep_page page;
};

struct spool_state {
	struct timer timer; /* of the next scan */
	uint64_t dev;	    /* the directory of the last complete scan; 0: never */
	uint64_t ino;
	uint32_t scan; /* number of the scan under way or last ended */
	bool scanning;
	bool known;   /* a complete scan has been committed, in this life or an earlier one */
	bool missed;  /* a name was heard of before that: the next scan is to come at once */
	bool strange; /* another directory than the queue's lies there, and the log says so */
	bool away; /* another directory than the known one lies there, or may: see core_is_away() */
	bool removed;	    /* the known one is no more: whatever lies there is the spool now */
	bool broken;	    /* the last scan failed, and the log says so */
	bool paused;	    /* core/pause */
	struct lane row;    /* core/row: of an ordered spool, those whose turn may not come yet */
	uint64_t front;	    /* ... and the one whose turn it is; 0: none */
	uint64_t pass;	    /* core/share: the smaller, the sooner it is its turn */
	struct job **batch; /* found by the scan under way, not yet numbered */
	size_t batch_count;
	size_t batch_cap;
	struct tally_spool tally;
	struct lost_state lost;
	struct keep_place keep;
};

/* A file that is written for others to read. */
struct export_state {
	struct timer timer;
	int64_t written_ms; /* monotonic, 0: never */
	int err;	    /* of the last time */
};

/* Files whose first lines are still to be read: core/heads. */
struct heads {
	uint64_t *id; /* of jobs, those from `at` on */
	size_t at;
	size_t len;
	size_t cap;
	size_t asked; /* under way */
};

struct share;
TAILQ_HEAD(share_list, share);

/* A user, as the system's database names him. */
struct owner {
	uint32_t uid;
	char *name; /* NULL: nobody, or not yet answered */
	bool answered;
	TAILQ_ENTRY(owner) link; /* core::owners */
};

TAILQ_HEAD(owner_list, owner);
TAILQ_HEAD(peer_list, peer); /* core/peer */

struct core {
	const struct conf *conf;
	struct now now;	    /* of the event that is being stepped */
	struct effects *fx; /* of the turn; NULL between turns */
	char instance[16];
	int64_t started_ms; /* wall clock */
	uint64_t rng[2];
	uint64_t last_job;
	uint64_t last_session;
	uint64_t last_call;
	uint64_t last_seq;
	struct jobs jobs;
	struct session_list sessions;
	struct owner_list owners;
	struct peer_list peers;
	struct heads heads;
	struct wait_list waits;	  /* core/wait */
	struct share_list shares; /* core/share */
	size_t share_count;
	uint64_t turns; /* files that were given a place so far */
	uint64_t pass;	/* of the spool that was served last, before it was */
	struct heap timers;
	int64_t crowd_ms;		  /* the turn in which ... */
	unsigned crowd;			  /* ... so many results have been gone on with */
	struct endpoint_state **endpoint; /* by number, as in conf */
	struct pool_state **pool;
	struct spool_state **spool;
	size_t endpoint_count;
	size_t pool_count;
	size_t spool_count;
	bool plan;	/* something has changed for the pools: look at them after this event */
	bool changed;	/* something that the board shows */
	bool lost;	/* there was another ledger before this one: see lost.h */
	bool releasing; /* an operator lets go what was held because of that */
	bool paused;	/* all of it: core/pause */
	bool stopping;
	int64_t stop_ms;	     /* when the stop was asked for */
	uint64_t stale;		     /* replies that nobody waited for any more */
	uint64_t done[STATUS_COUNT]; /* jobs ended, by status */
	struct tally tally;
	struct export_state export[EXPORTS];
	struct keep_state keep;
};

/* What belongs to what. All of these are borrowed, and the configuration's only until the next
 * EV_CONF: nobody keeps them. */
const struct conf_spool *core_spool_conf(const struct core *c, const struct job *job);
/* The path leads to another directory than the one that this file was found in: what is written there
 * would not be found beside it, and that it is not there does not say that it is gone. */
bool core_is_away(const struct core *c, const struct job *job);
int64_t core_away_ms(const struct core *c, const struct job *job); /* until asked again; logs it */
/* 0: this turn may go on with one more result. Else as many as are good for it have been, and that one
 * is to ask again so much later. */
int64_t core_crowd_ms(struct core *c);
/* The file of a raw call; it exists as long as the call. */
struct job *core_call_job(const struct core *c, const struct call *call);
const struct conf_pool *core_session_pool(const struct core *c, const struct session *s);
struct endpoint_state *core_session_endpoint(const struct core *c, const struct session *s);
/* Its endpoint's URL is that at which it was made or seen last: no other server can answer there, as far as
 * the configuration says. */
bool core_session_stays(const struct core *c, const struct session *s);
bool core_endpoint_up(const struct core *c, const struct session *s);
/* One that was taken out of the configuration has still to say what becomes of what runs there. */
bool core_endpoint_is_wanted(const struct core *c, size_t endpoint);
/* The key of a session in a URL: its name where names work there, else the server's id. */
const char *core_session_key(const struct core *c, const struct session *s);

/* Repeatable from the seed that core_new() was given, and no secret: names, tokens and jitter.
 * Tokens must be unique and hard to meet by chance; nobody is kept out by them. */
uint64_t core_random(struct core *c);
int64_t core_jitter_ms(struct core *c, int64_t ms); /* something between 3/4 and 5/4 of ms */
void core_token(struct core *c, char token[TOKEN_TEXT_LEN]);
/* Doubles from base with each failure up to max, with jitter. */
int64_t core_backoff_ms(struct core *c, int failures, int64_t base_ms, int64_t max_ms);

/* What is left of a limit when so much of it has passed: 0 to limit_ms, for the wall clock, which tells it
 * of an earlier life, may have jumped. */
int64_t core_left_ms(int64_t limit_ms, int64_t spent_ms);

/* How long a session may be left without a request: ms, or less where the server ends one that is left
 * alone (heartbeatTimeoutInSecond). */
int64_t core_quiet_ms(const struct core *c, const struct session *s, int64_t ms);

/* Effects. Rows hold copies of what the record says now. */
void core_row_job(struct core *c, struct job *job);
void core_row_job_code(struct core *c, struct job *job);   /* with job->code */
void core_row_job_answer(struct core *c, struct job *job); /* with job->answer */
void core_row_job_end(struct core *c, struct job *job);	   /* code and answer are dropped */
void core_row_session(struct core *c, const struct session *s);
/* Asks for a look at a name; the answer goes to core/intake, whatever it was asked for. The effect, for who
 * wants more of it; until the next one is added. */
struct fx_look *core_look(struct core *c, size_t spool, const char *name);
/* At the latest then; a scan that is due sooner stays so. */
void core_scan_soon(struct core *c, size_t spool, int64_t in_ms);

/* The one way of asking a server something. Returns the request's seq. */
struct request {
	uint8_t what; /* enum request_what */
	enum http_method method;
	const char *path;
	struct bytes body;
	int64_t timeout_ms; /* 0: the endpoint's */
};
enum request_what {
	ASK_VERSION,
	ASK_LIST,
	ASK_CREATE,
	ASK_SESSION,
	ASK_VERIFY,  /* the first statement, where a server has no names */
	ASK_CHANNEL, /* the same, where it has: is there a driver behind what says idle? */
	ASK_LOG,
	ASK_DELETE,
	ASK_SUBMIT,
	ASK_STATEMENT,
	ASK_DOUBT,
	ASK_CANCEL,
	ASK_KEEP /* nothing, but that the server does not take its session for forsaken */
};
uint64_t core_ask(
    struct core *c, size_t endpoint, uint64_t session, uint64_t call, const struct request *rq);

#endif
