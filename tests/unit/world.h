/* world: everything around the core, as a model: clock, spools, ledger, Livy servers.
 *
 * The turn is edge/loop's: events are stepped, the rows are committed, then the other effects are
 * performed; their answers come in a later turn. No real time passes and nothing is random, so a
 * run can be repeated with a crash at any place of it. Every effect is held against what must be in
 * the ledger before it (house: what must be on disk before what); whatever breaks that fails the
 * running test at once. */
#ifndef SPARKSPOOL_TESTS_WORLD_H
#define SPARKSPOOL_TESTS_WORLD_H

#include "help.h"

#include "base/buf.h"
#include "core/sched.h"
#include "edge/evq.h"

#define WORLD_MAX 3 /* endpoints, pools and spools, one of each to begin with */
#define WORLD_UID 1000
#define WORLD_PEERS 8

/* ---- spools -------------------------------------------------------------------------------- */

struct world_file {
	char *name;
	struct ident ident;
	enum file_type type;
	char *text;
};

struct world_dir {
	uint64_t dev;
	uint64_t ino;
	struct world_file *file; /* hidden ones too */
	size_t count;
	char **moved; /* names given to what after=move took away */
	size_t moved_count;
	bool gone;	  /* the path leads nowhere */
	uint64_t was_dev; /* the directory that was removed before this one was made; 0: none */
	uint64_t was_ino;
	bool deaf;	     /* no inotify */
	const char *modules; /* what lies in the spool's directory of modules, as ev_read has it */
	int stage_err;	     /* what the next one comes to; 0: all is well */
	int append_err;
	int publish_err;
	bool full;	 /* no more bytes, until there is room again */
	int dispose_err; /* the same; the file is put back */
	int expire_err;	 /* what all come to */
	int scan;	 /* steps of the scan under way; 0: none */
	bool scan_again;
};

/* ---- servers ------------------------------------------------------------------------------- */

/* The first word of a code tells what it does: "sleep MS", "fail" (an error), "die MS" (with its
 * driver), "deaf MS" (a cancel does not stop it), "slip" (Livy's Python protocol), "null" (available
 * without an output), "json OUTPUT" (that output); everything else takes 200 ms and prints itself.
 * Tokens are answered as each kind does. */
struct world_statement {
	char *code;
	char *echo;	     /* the code as a member of an answer, once it was asked for */
	struct json_t *call; /* the runner's; NULL: it is none */
	bool ours;	     /* a greeting, a probe, a fence: not a file's */
	char *output;	     /* JSON; NULL: not yet */
	const char *state;
	int64_t posted_ms;
	int64_t started_ms; /* -1: not yet */
	int64_t takes_ms;
	int64_t cancel_ms; /* -1: not */
};

struct world_runner;

struct world_session {
	int id;
	char *name; /* or NULL */
	char *kind;
	bool visible; /* its creation takes a while */
	bool starting;
	bool dead;
	bool closed; /* the channel to its driver, which its state does not show */
	bool limp;   /* its interpreter has died */
	bool stranger;
	bool shared; /* somebody else has posted to it */
	int touched; /* POSTs and DELETEs that reached it */
	int64_t visible_ms;
	int64_t recovered_ms; /* until then its server reads what it was before a restart */
	int64_t idle_ms;      /* when it will be, or was */
	int64_t free_ms;      /* end of the last statement */
	int64_t active_ms;    /* when it was last created in, posted to or connected to ... */
	int64_t heard_ms;     /* ... or asked for anything */
	int64_t heartbeat_ms; /* it is ended when it is not asked for so long; 0: never */
	char *slipped;	      /* the answer that comes next instead of the true one */
	struct world_statement *statement;
	int count;
	int over;     /* as many of the first statements are */
	uint32_t uid; /* of the files that it ran */
	struct world_runner *runner;
};

/* How sessions begin. */
enum world_start {
	START_WELL,
	START_DEAD,  /* dead instead of idle */
	START_LIMP,  /* its interpreter answers with an error */
	START_ODD,   /* it answers something else */
	START_MORTAL /* dies when it is first spoken to */
};

struct world_server {
	const char *version; /* NULL: it has no such call, nor names, nor echoes */
	bool list_only;
	enum world_start start;
	int64_t create_ms;
	int64_t start_ms;
	int sessions_max;    /* 0: none */
	const char *alone;   /* why its runners fork nothing; NULL: they do */
	const char *refusal; /* why its runners begin nothing; NULL: they do */
	const char *chokes;  /* its runners fail with an error when they are to begin that file */
	bool limitless;	     /* its runners forget time limits */
	size_t piece_bytes;  /* of output in a runner's answer */
	int retained;	     /* statements of a session, the newest */
	/* It ends a session, busy or not, that is only looked at; 0: never. */
	int64_t idle_timeout_ms;
	struct world_session **session;
	size_t count;
	int next_id;
	int created;
	int deleted;
	char **ran; /* codes of files, in the order in which they were started */
	size_t ran_count;
};

/* What befalls a request. */
enum world_fate {
	FATE_WELL, /* only delayed */
	FATE_NOT_SENT,
	FATE_LOST_BEFORE, /* never processed */
	FATE_LOST_AFTER,  /* processed */
	FATE_LATE,	  /* lost for us, and processed after delay_ms */
	FATE_TOO_BIG,	  /* processed */
	FATE_STATUS,	  /* not processed: status and reply */
	FATE_MANGLED	  /* processed, then status and reply come instead of the answer */
};

struct world_fault {
	enum http_method method;
	const char *path; /* fnmatch(3), a * for one component; NULL: any */
	const char *body; /* what the request holds somewhere; NULL: anything */
	enum world_fate fate;
	int status;
	const char *reply;
	int64_t delay_ms;
	int64_t retry_after_ms;
	int skip;  /* as many requests are spared first */
	int times; /* 0: once; -1: until world_mend() */
	size_t server;
};

struct world_late {
	int64_t due_ms;
	size_t server;
	enum http_method method;
	char *path;
	char *body;
};

struct world_reply {
	int64_t due_ms;
	struct http_tag tag;
	enum http_outcome outcome;
	int status;
	char *body;
	int64_t retry_after_ms;
	uint64_t met; /* how often its server had been met when it was asked */
};

/* ---- the ledger ---------------------------------------------------------------------------- */

struct world_row {
	struct job_rec rec;
	char *code;
	size_t code_bytes;
	char *answer;
	size_t answer_bytes;
};

struct world_ledger {
	struct world_row *job; /* by id */
	size_t jobs;
	struct session_rec *session;
	size_t sessions;
	struct spool_rec spool[WORLD_MAX];
	bool known[WORLD_MAX];
	bool anew; /* made where another had been */
	bool paused[PAUSE_COUNT][WORLD_MAX];
	uint64_t last_job;
	uint64_t last_session;
	uint64_t *end; /* ids in the order in which they ended */
	size_t ends;
};

/* ---- the control socket -------------------------------------------------------------------- */

struct world_peer {
	uint32_t uid;
	bool busy;	  /* waits for the end of its answer */
	uint64_t hung_up; /* so many times */
	int pieces;
	struct buf said;
};

/* ---- the whole ----------------------------------------------------------------------------- */

/* As the core sees it: a new one for each EV_CONF, while the old one is still there. */
struct world_conf {
	struct conf conf;
	struct conf_endpoint endpoint[WORLD_MAX];
	struct conf_pool pool[WORLD_MAX];
	struct conf_spool spool[WORLD_MAX];
};

struct world {
	struct now now;
	/* What befalls this request, where no fault above does; NULL: nothing. */
	struct world_fault (*fate)(struct world *w, const struct fx_http *http, void *arg);
	/* The server ends this session by one of its own time limits; NULL: nobody hears of it. */
	void (*forsaken)(struct world *w, size_t server, const struct world_session *s, void *arg);
	void *fate_arg;
	struct conf conf;
	struct conf_endpoint endpoint[WORLD_MAX];
	struct conf_pool pool[WORLD_MAX];
	struct conf_spool spool[WORLD_MAX];
	struct world_conf in_force[2];
	size_t reloads;
	struct core *core;
	struct evq events;
	struct effects fx;
	struct world_dir *dir[WORLD_MAX];
	struct world_server server[WORLD_MAX];
	struct world_ledger ledger;
	struct world_peer peer[WORLD_PEERS];
	const char *bad_conf; /* what is wrong with it, for the next reload; NULL: nothing */
	struct world_fault fault[16];
	size_t faults;
	struct world_reply *reply;
	size_t replies;
	struct world_late *late;
	size_t lates;
	size_t arrived;		 /* late, all in all */
	uint64_t met[WORLD_MAX]; /* worldproof: how often each server was asked what it is ... */
	uint64_t *proof;	 /* ... and when a session was last proven, by its number */
	size_t proofs;
	char *posted; /* the code of the request under way; NULL: it is no statement's POST */
	uint64_t next_ino;
	struct buf trace; /* "+" rows, then effects, then "." for each turn that had any */
	struct buf log;
	bool any_number;   /* more sessions than max may exist: a server forgot some, or we did */
	bool power_cut;	   /* a crash takes along what was not synced */
	bool nobody;	   /* no uid has a login name */
	int turns_at_once; /* in a row at one time */
	int idle_turns;	   /* of these, the last ones, without an effect */
	/* Crashes: in turn crash_turn, before the commit (0), or after it and crash_point - 1 of the
	 * other effects. */
	size_t turn;
	size_t crash_turn; /* 0: none */
	size_t crash_point;
	int crash_op; /* the daemon dies before its n-th operation on a file from now; 0: none */
	bool died;    /* so it has: nothing of its turn happens any more */
	size_t second_crash; /* so many turns after the first; 0: none */
	size_t crashes;
	size_t effects[4096];	 /* the other effects of each turn */
	char *exported[EXPORTS]; /* the text as it is now; NULL: none */
	int exports[EXPORTS];	 /* how often it was written */
	int export_err;		 /* what the next ones come to */
};

/* One endpoint `livy`, one pool `main` without warm sessions and with at most 4, one spool `in`. What
 * the fields of struct world say may be changed before world_start(). */
struct world *world_new(void);
void world_free(struct world *w);
void world_start(struct world *w);
void world_begin(struct world *w); /* starts, and goes on to the end of the first scan */
void world_crash(struct world *w); /* now, between two turns; starts again */
void world_die(struct world *w);   /* now; until world_start() only the others live on */
void world_lose_ledger(
    struct world *w);		     /* dies; a start finds a new one, and knows that it is one */
void world_release(struct world *w); /* what is held since then, by an operator's word */
void world_stop(struct world *w);
void world_pause(struct world *w, enum pause_what what, size_t index, bool on);
void world_reload(struct world *w); /* after the conf was changed */

/* The next turn, if its time comes until end_ms; else only the time passes, and false. */
bool world_turn(struct world *w, int64_t end_ms);
void world_run(struct world *w, int64_t ms);

#define world_until(w, limit_ms, condition)                                                        \
	do {                                                                                       \
		int64_t end_ms_ = (w)->now.mono_ms + (limit_ms);                                   \
		while (!(condition) && world_turn((w), end_ms_))                                   \
			;                                                                          \
		ck_assert_msg(condition, "never: %s\n%s%s", #condition, world_tail(&(w)->trace),   \
		    world_tail(&(w)->log));                                                        \
	} while (0)

/* The last lines of a text. */
const char *world_tail(const struct buf *b);

/* The trace since world_forget(), reduced to lines that match the extended regular expression. */
void world_forget(struct world *w);
void world_story(const struct world *w, const char *regex, const char *expected);
int world_logged(const struct world *w, const char *text); /* lines */

/* A second spool or pool like the first; returns its number. */
size_t world_add_spool(struct world *w, const char *name, size_t pool);
size_t world_add_pool(struct world *w, const char *name);

/* ---- what users do -------------------------------------------------------------------------- */

struct world_file *world_put(struct world *w, const char *name, const char *text); /* mv */
struct world_file *world_put_in(struct world *w, size_t spool, const char *name, const char *text);
void world_write(struct world *w, const char *name, const char *text); /* in place, and close */
void world_touch(struct world *w, const char *name);		       /* ctime only */
void world_remove(struct world *w, const char *name);
struct world_file *world_file(struct world *w, const char *name); /* or NULL */
const char *world_text(struct world *w, const char *name); /* "(none)" when it is not there */

/* ---- what came of it ------------------------------------------------------------------------ */

const struct world_row *world_row(
    const struct world *w, const char *name);			   /* the newest, or NULL */
const char *world_status(const struct world *w, const char *name); /* "ok" when it is done; or "" */
bool world_done(const struct world *w, const char *name);
bool world_recorded(struct world *w, const char *name, const char *status); /* by its .json */
int world_ran(const struct world *w, const char *code); /* times, on all servers */
int world_alive(const struct world *w, size_t server);	/* sessions neither dead nor deleted */
const struct world_session *world_session_of(const struct world *w, const char *code);

/* ---- what servers and networks do ----------------------------------------------------------- */

void world_fault(struct world *w, struct world_fault fault);
void world_mend(struct world *w); /* no faults any more */
/* All sessions gone, ids from 0; what was on its way from it is lost. */
void world_forgetful_restart(struct world *w, size_t server);
/* All sessions there, and recovering for so long. */
void world_restart(struct world *w, size_t server, int64_t ms);
void world_stranger(struct world *w, size_t server);	      /* somebody else's session appears */
void world_intrude(struct world *w, size_t server, size_t n); /* somebody posts to its n-th */
void world_collect(struct world *w, size_t server, size_t n); /* the server ends its n-th session */
void world_runner_is_another(struct world *w, size_t server); /* with the runs of the first */
void world_runner_forgets(struct world *w, size_t server);    /* what has ended */
int world_acked(const struct world *w); /* runs that the first server's runners may forget */

/* ---- peers of the control socket ------------------------------------------------------------- */

/* An administrator asks, and has the whole answer: until the next question. */
const char *world_ask(struct world *w, const char *line);

#define WORLD_HIDDEN 65534 /* the uid of all whom the service's user namespace has no name for */

/* The same for any peer, from 1, without waiting. Each line is told, and how far it is. */
void world_ask_as(struct world *w, uint64_t peer, uint32_t uid, const char *line);
bool world_waits(struct world *w, uint64_t peer);
const char *world_said(struct world *w, uint64_t peer);
void world_heard(struct world *w, uint64_t peer); /* forgets what was said so far */
void world_hang_up(struct world *w, uint64_t peer);

/* ---- between the files of the world ---------------------------------------------------------- */

bool spool_perform(struct world *w, const struct effect *fx);
void spool_step(struct world *w); /* goes on with scans */
bool spool_is_busy(const struct world *w);
struct world_dir *spool_dir_new(struct world *w);
void spool_dir_free(struct world_dir *d);

void spool_stage(struct world *w, const struct fx_stage *fx);
void spool_publish(struct world *w, const struct fx_publish *fx);

struct world_file *dir_find(struct world_dir *d, const char *name); /* or NULL */
struct world_file *dir_create(struct world *w, struct world_dir *d, const char *name);
void dir_set_text(const struct world *w, struct world_file *f, const char *text, size_t n);
void dir_rename(const struct world *w, struct world_dir *d, struct world_file *f, const char *to);
void dir_unlink(struct world_dir *d, struct world_file *f);
void dir_notify(struct world *w, size_t spool, const char *name, enum name_cause cause);
bool dir_op(struct world *w); /* the daemon is about to change a file: false when it is dead */
void dir_power_cut(
    const struct world *w, struct world_dir *d); /* what lies in parts was never synced */

void ledger_apply(struct world *w, const struct effect *fx);
void ledger_forget(struct world *w, uint64_t job);
void ledger_drop(struct world_ledger *l, struct world_row *row);
void ledger_replay(struct world *w);
void ledger_fini(struct world_ledger *l);
void ledger_recall(struct world *w, const struct fx_recall *fx);
void ledger_last(struct world *w, const struct fx_last *fx);
const struct world_row *ledger_job(const struct world_ledger *l, uint64_t id);
const struct session_rec *ledger_session(const struct world_ledger *l, uint64_t id);

void net_perform(struct world *w, const struct fx_http *http);
void net_deliver(struct world *w);
int64_t net_due_ms(const struct world *w);
void net_drop_replies(struct world *w);
void net_cut(struct world *w, size_t server); /* no answer of it comes any more */
void net_fini(struct world *w);

void proof_perform(struct world *w, const struct fx_http *http);
void proof_deliver(struct world *w, const struct world_reply *r);

/* One request: the status, and *body malloc'ed. */
int server_answer(struct world *w, size_t server, const struct fx_http *http, char **body);
void server_advance(struct world *w, struct world_server *sv);
void server_fini(struct world_server *sv);

char *server_code_of(struct bytes body); /* of a POST of a statement; free() it */
bool server_token_of(const char *code, char token[TOKEN_TEXT_LEN]);
bool server_is_fence(const char *code);
bool server_is_runner(const char *code);
struct json_t *server_call_of(const char *code); /* a call of the runner; the caller's */

/* worldrunner: begin carries a call out and says how long it takes; output is its answer. */
int64_t runner_begin(struct world *w, struct world_server *sv, struct world_session *s,
    const struct world_statement *st, int64_t at_ms);
char *runner_output(struct world *w, const struct world_server *sv, struct world_session *s,
    const struct json_t *call);
/* This call ends in an error, before any of it is carried out. */
bool runner_chokes(const struct world_server *sv, const struct json_t *call);
void runner_advance(struct world_session *s, int64_t now_ms);
/* False: this run, or one before it, was to have the session for itself (alone). */
bool runner_takes(struct world_session *s, const char *id, bool alone);
void runner_fini(struct world_runner *r);

void spool_append(struct world *w, const struct fx_append *fx);

bool keep_perform(struct world *w, const struct effect *fx); /* false: not its */
bool ctl_perform(struct world *w, const struct effect *fx);  /* false: not its */
void ctl_die(struct world *w);
void ctl_fini(struct world *w);
void ledger_end(struct world_ledger *l, const struct job_rec *rec);

#endif
