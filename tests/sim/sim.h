/* sim: the core in a world that a seed has drawn.
 *
 * A seed is a configuration, a history of what users, servers, networks, disks and clocks do and people
 * ask for, and crashes at any place of a turn. Then all of it is mended, and the world comes to rest.
 * What has to be true on the way and at the end stands in properties.c and, of whose turn it is,
 * in turns.c, and nowhere else but in the world's own checks of what must be on disk before what. The
 * same seed is the same story each time. */
#ifndef SPARKSPOOL_TESTS_SIM_H
#define SPARKSPOOL_TESTS_SIM_H

#include "world.h"

#define SIM_FILES 8	/* names of each spool */
#define SIM_VERSIONS 96 /* contents, of all names together */
#define SIM_JOBS 256
#define SIM_POISONED 8
#define SIM_SESSIONS 4096

/* Of a file: each content has a mark of its own, so that what ran can be told from all else. */
struct version {
	char mark[24]; /* "f3v2q": the third name, its second content */
	size_t spool;
	char name[16];
	uint64_t ino;
	int64_t size;
	int64_t mtime_ns; /* of the last time that it was given one */
	bool there;	  /* it is what its name holds, as far as users are concerned */
	bool rerun;	  /* it, or a spool of it, allows to run what may have run already */
	bool mute;	  /* what it prints need not hold its mark */
	int renewed;	  /* so many times users have made it new without changing it */
	int runs;	  /* begun on servers */
	int jobs;	  /* that have sent it */
	unsigned owners;  /* whose it is or was, bits by uid from WORLD_UID */
	int again;	  /* so often somebody who may has asked for another run */
	char after[16];	  /* it says so of itself; empty: it does not */
	bool after_any;	  /* ... however that ends */
	int64_t at_ms;	  /* not before this, of the wall clock; 0: it does not say */
	int64_t delay_ms; /* ... since it was queued */
};

/* What is remembered of a row. */
struct seen {
	int version; /* -1: not known yet */
	enum job_state state;
	enum job_status status; /* once it is done */
	int attempts;
	bool checked; /* its results were looked at */
};

/* What is remembered of a row for its turn, and what people were told of it. */
struct turned {
	uint32_t attempts;
	enum job_state state; /* SETTLING: it was not there yet */
	bool live;
	enum job_held held;
	size_t changed;	     /* the last turn in which one of these did */
	bool told_held;	     /* "done", and nobody has let it go since */
	bool told_cancelled; /* "done" */
	bool told_again;     /* "done": its file runs again, whatever crashes */
	bool passed;	     /* it was held at some time: others may have passed it */
};

/* At most so many files at once; 0: no limit. */
struct limits {
	int spool[WORLD_MAX];
	int owner[WORLD_MAX];
	int pool_owner[WORLD_MAX];
};

enum wish { WISH_CANCEL, WISH_HOLD, WISH_RELEASE, WISH_RERUN, WISH_PAUSE, WISH_RESUME };

/* What was asked last at the control socket: one asks after the other. */
struct asking {
	bool open; /* its answer is waited for */
	uint64_t peer;
	uint32_t uid;
	enum wish wish;
	enum pause_what of; /* of WISH_PAUSE and WISH_RESUME */
	size_t index;
};

/* A file that is not the daemon's, where it would like to have one of its own. */
struct precious {
	size_t spool;
	char name[40];
	uint64_t ino;
	bool there;
};

enum aim { AIM_FILE, AIM_STATEMENT, AIM_CREATION, AIM_DELETE };

struct outage {
	int64_t end_ms;
	int64_t begin_ms;
	int requests;
};

struct sim {
	struct world *w;
	uint64_t seed;
	uint64_t rng;
	bool mended;
	bool crashed;		 /* the daemon, at some time */
	bool jumped;		 /* the wall clock, at some time */
	bool timed;		 /* some time limit there is, or was */
	int pool_max[WORLD_MAX]; /* the largest that was ever configured */
	size_t tick;		 /* makes each mtime another one */
	/* users */
	struct version version[SIM_VERSIONS];
	size_t versions;
	int newest[WORLD_MAX * SIM_FILES]; /* version of each name; -1: none yet */
	int contents[WORLD_MAX * SIM_FILES];
	struct precious precious[SIM_FILES];
	size_t preciouses;
	unsigned troubles; /* of which kinds there are, bits by sim_happen() */
	bool only_python;  /* many files of a kind, so that they share sessions */
	int styles;	   /* which bodies files may have, drawn once */
	/* servers and networks */
	int storm_percent;
	int64_t storm_end_ms;
	enum aim aim;
	int aims;	   /* so many requests of that kind are hit for certain */
	int crash_at_post; /* the n-th POST from now; 0: none */
	struct outage outage[WORLD_MAX];
	int64_t trouble_ms[WORLD_MAX]; /* when a request last did not go well */
	bool restarted[WORLD_MAX];     /* and the daemon has no sign of it: see sim_hears() */
	uint64_t sign[WORLD_MAX];      /* the request that will be the first one; 0: none */
	char *poisoned[SIM_POISONED];
	int poison[SIM_POISONED]; /* which answer it gives */
	size_t poisons;
	int poison_percent;
	/* the daemon */
	bool down;
	size_t crashes;	       /* as many as there had been before this turn */
	int64_t begun_ms;      /* when it last began anew */
	size_t ran[WORLD_MAX]; /* entries of the servers' lists that are counted */
	struct seen seen[SIM_JOBS];
	size_t born[SIM_SESSIONS];   /* after so many crashes, and one; 0: not seen yet */
	bool touched[SIM_SESSIONS];  /* something has befallen it, or what was said to it */
	bool doubtful[SIM_SESSIONS]; /* its creation was lost at some time */
	/* turns: what a seed without any of it does not know */
	uint64_t other_rng; /* of what is said here, so that all else is drawn as without it */
	bool ruled;	    /* there are rules of the queue */
	bool asked;	    /* people ask for things */
	struct asking asking;
	int ask_in; /* so many turns, in the midst of whatever happens; 0: never */
	struct turned turned[SIM_JOBS];
	unsigned wished[WORLD_MAX * SIM_FILES]; /* by somebody who may, bits of enum wish */
	bool told_paused[PAUSE_COUNT][WORLD_MAX];
	bool may_pause[PAUSE_COUNT][WORLD_MAX];
	size_t resumed[PAUSE_COUNT][WORLD_MAX]; /* the turn in which that may happen */
	struct limits limits;
	struct limits limits_before;
	int64_t limits_ms;	   /* when they became others */
	uint64_t begun[WORLD_MAX]; /* the highest id of each spool */
	int64_t latest_ms;	   /* that the wall clock has ever shown, or a file has named */
};

/* ---- draw: what a seed says ------------------------------------------------------------------ */

int sim_int(struct sim *s, int from, int to); /* both included */
bool sim_chance(struct sim *s, int percent);
void sim_configure(struct sim *s);
void sim_reconfigure(struct sim *s); /* something of it, in the midst of all */
char *sim_text(struct sim *s, struct version *v, enum kind kind);
const char *sim_suffix(const struct sim *s, size_t number); /* of a spool's name of that number */
void sim_other_dice(struct sim *s);			    /* or the first ones again */

/* ---- history: what happens -------------------------------------------------------------------- */

void sim_user(struct sim *s);	/* does something */
void sim_happen(struct sim *s); /* somebody does, or something goes wrong */
void sim_pass(struct sim *s, int64_t ms);
void sim_mend(struct sim *s);
void sim_begins_anew(struct sim *s); /* the daemon does, or soon will */

/* ---- people: what they ask for at the control socket ------------------------------------------- */

void people_may_ask(struct sim *s); /* now, soon, or not */
void people_ask(struct sim *s);
void people_hear(struct sim *s); /* each turn: what they are told */
void people_mend(struct sim *s); /* again and again: whatever stands still by their word goes on */
void people_give_up(struct sim *s); /* what waits for what never comes */

/* ---- weather: what befalls requests ------------------------------------------------------------ */

struct world_fault sim_fate(struct world *w, const struct fx_http *http, void *arg);
void sim_hears(struct sim *s); /* what it now can know of servers that have begun anew */
void sim_touched(struct sim *s, size_t server); /* what befell all sessions that it has */
void sim_storm(struct sim *s);
void sim_aim(struct sim *s);
void sim_outage(struct sim *s, size_t server, int64_t ms);

#endif
