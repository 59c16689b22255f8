/* msg: what crosses the ring. Events come from the edges, effects go to them; ids, not ownership.
 *
 * What an event points to belongs to the event queue (edge/evq) and lives until the queue has been
 * stepped; what an effect points to belongs to the effects' arena and lives until the effects have
 * been performed. Whoever wants to keep something copies it. */
#ifndef SPARKSPOOL_CORE_MSG_H
#define SPARKSPOOL_CORE_MSG_H

#include "base/arena.h"
#include "core/conf.h"
#include "core/msgkeep.h"

/* One reading of the clocks a turn. mono_ms orders and measures, real_ms is for people. */
struct now {
	int64_t mono_ms;
	int64_t real_ms;
};

struct bytes {
	const char *p;
	size_t n;
};

/* ---- events -------------------------------------------------------------------------------- */

enum event_type {
	EV_TICK,      /* core_deadline() has come */
	EV_NAME,      /* a name was seen in a spool */
	EV_LOOKED,    /* answer to FX_LOOK */
	EV_SCAN,      /* a scan has begun, ended or failed */
	EV_RECALLED,  /* answer to FX_RECALL */
	EV_LAST,      /* answer to FX_LAST */
	EV_READ,      /* answer to FX_READ */
	EV_APPENDED,  /* answer to FX_APPEND */
	EV_STAGED,    /* answer to FX_STAGE */
	EV_PUBLISHED, /* answer to FX_PUBLISH */
	EV_DISPOSED,  /* answer to FX_DISPOSE */
	EV_OWNER,     /* answer to FX_OWNER */
	EV_EXPORTED,  /* answer to FX_EXPORT */
	EV_RECORD,    /* answer to FX_RECORD */
	EV_RELEASE,   /* an operator lets go what was held since the ledger was lost */
	EV_HTTP,      /* answer to FX_HTTP: exactly one for each */
	EV_CONF,      /* the configuration was read anew */
	EV_STOP,      /* come to an end: no new work, idle sessions as on_stop says */
	EV_REQUEST,   /* a peer of the control socket asks for something */
	EV_TAKEN,     /* answer to FX_ANSWER with ANSWER_MORE */
	EV_HUNG_UP,   /* a peer is gone, and hears nothing any more */
	EV_HISTORY,   /* answer to FX_HISTORY */
	EV_OLD,	      /* answer to FX_OLD */
	EV_EXPIRED,   /* answer to FX_EXPIRE and FX_DISCARD */
	EV_RELOADED,  /* answer to FX_RELOAD, behind the EV_CONF if there is one */
};

/* Why a name is reported. Only SCAN and CLOSED say that nobody writes it any more by itself. */
enum name_cause {
	NAME_SCAN,
	NAME_CREATED, /* a link appeared, or a file that is still being written */
	NAME_CLOSED,  /* closed after writing */
	NAME_MOVED,   /* renamed into the spool */
	NAME_GONE,    /* deleted or renamed away: a hint, only a scan proves it */
};

struct ev_name {
	size_t spool;
	const char *name;
	enum name_cause cause;
};

enum file_type { FILE_MISSING, FILE_REGULAR, FILE_DIRECTORY, FILE_LINK, FILE_OTHER };

struct ev_looked {
	size_t spool;
	const char *name;
	enum file_type type;
	struct ident ident; /* unless FILE_MISSING */
	bool synced;
};

enum scan_phase { SCAN_BEGUN, SCAN_ENDED, SCAN_FAILED };

/* Scans follow one another. ENDED: each name that was there since BEGUN was reported. */
struct ev_scan {
	size_t spool;
	enum scan_phase phase;
	uint64_t dev; /* of the directory */
	uint64_t ino;
	uint64_t gone_dev; /* BEGUN: the one that the path led to before was removed; 0: no such */
	uint64_t gone_ino;
	int err;   /* errno of SCAN_FAILED */
	bool lost; /* the kernel's queue has overflowed: events were lost, scan again */
};

/* The result files of the last earlier job of this name, as run_rec.files says; NULL: none. */
struct ev_recalled {
	uint64_t job;
	const char *files;
};

/* How the last run of another file of this name ended that has left results; STATUS_NONE: none has. */
struct ev_last {
	uint64_t job; /* that asked */
	const char *name;
	enum job_status status;
};

enum read_result {
	READ_OK,
	READ_GONE,    /* no such name */
	READ_CHANGED, /* another identity or owner than expected, or it changed while it was read */
	READ_REFUSED, /* not a regular file with one link, or writable by strangers: why says which */
	READ_TOO_BIG,
	READ_TAKEN,  /* a result's name is in use by a file that is not ours: why is that name */
	READ_FAILED, /* err */
};

struct ev_read {
	uint64_t job;
	bool head; /* as it was asked for */
	enum read_result result;
	struct bytes code;
	char sha256[SHA256_TEXT_LEN]; /* of code, in hexadecimal */
	struct ident ident;	      /* as read; what is there now for READ_CHANGED */
	const char *owner;	      /* the login name if it was asked for and there is one */
	const char *why;
	int err;
	/* Of fx_read.modules, or NULL: JSON, [{name, data in base64}] by name; its sha256. */
	struct bytes modules;
	const char *modules_hash;
};

struct ev_appended {
	uint64_t job;
	unsigned part;
	int err;    /* 0, or errno: nothing can be said of what lies there, begin again at 0 */
	int64_t at; /* the part's length now */
};

struct ev_staged {
	uint64_t job;
	int err; /* 0, or errno: nothing was left behind */
	const struct out_file *file;
	size_t count;
};

struct ev_published {
	uint64_t job;
	int err;	 /* 0, or errno; what was done stays done, the effect may be repeated */
	const char *why; /* the name in question: EEXIST, a stranger has taken it */
};

struct ev_disposed {
	uint64_t job;
	int err;	      /* 0, or errno; may be repeated */
	bool stranger;	      /* what lay there was not the file that ran: it was put back */
	const char *moved_to; /* the name it got, for AFTER_MOVE, ... */
	const char *move_to;  /* ... in this directory, as it was said */
};

struct ev_owner {
	uint32_t uid;
	const char *name; /* the login name; NULL: there is none, or it cannot be told now */
};

/* What is written for others to read. */
enum export_what { EXPORT_METRICS, EXPORT_BOARD, EXPORTS };

struct ev_exported {
	enum export_what what;
	const char *path;
	int err; /* 0, or errno: the old file is still there */
};

/* The record beside an input; text.p is NULL when there is none that can be read. */
struct ev_record {
	size_t spool;
	const char *name;
	struct bytes text;
};

/* How a request ended, as far as it can be told. */
enum http_outcome {
	HTTP_REPLY, /* a whole answer with a status */
	HTTP_NOT_SENT, /* certainly not processed: no name, no connection, no TLS, credentials refused */
	HTTP_LOST,    /* sent at least in part, no whole answer: it may have been processed */
	HTTP_TOO_BIG, /* an answer larger than body_bytes_max: it was processed */
};

/* What a request was for; edge/http hands it back untouched. */
struct http_tag {
	uint64_t session; /* or 0 */
	uint64_t call;	  /* or 0 */
	uint64_t seq;	  /* unique: a reply that is no longer waited for is dropped by it */
	uint16_t endpoint;
	uint8_t what; /* enum request of core/talk.h */
};

struct ev_http {
	struct http_tag tag;
	enum http_outcome outcome;
	int status;
	struct bytes body;
	int64_t retry_after_ms; /* 0: not said */
	const char *error;	/* in words, unless HTTP_REPLY */
};

/* A peer is a connection to the control socket, by a number that is never used twice. It sends its
 * next line only when the last one has its ANSWER_LAST. */
struct ev_request {
	uint64_t peer;
	uint32_t uid;
	bool hidden;	   /* ... or not: it stands for everybody who has no name here */
	bool own;	   /* that is the user whom this process runs as */
	bool group;	   /* it is in the group of the setting control.admins */
	struct bytes line; /* without its end */
};

struct history_row {
	struct job_rec rec; /* rec.spool is SIZE_MAX where the configuration has no such spool */
	const char *spool;  /* its name */
	uint64_t ended;	    /* its place in the order of ends; 0: not said */
};

struct ev_history {
	uint64_t peer;
	uint64_t seq;	   /* as in the question */
	const char *error; /* in words; NULL: here it is */
	const struct history_row *row;
	size_t count;
	bool more;     /* there would be more rows than were asked for */
	uint64_t last; /* of ends: the place of the last one, whoever's; 0: nothing has ended yet */
};

struct ev_reloaded {
	uint64_t peer;
	const char *errors; /* lines; NULL: it is in force */
};

struct event {
	struct now now;
	enum event_type type;
	union {
		struct ev_name name;
		struct ev_looked looked;
		struct ev_scan scan;
		struct ev_recalled recalled;
		struct ev_last last;
		struct ev_read read;
		struct ev_appended appended;
		struct ev_staged staged;
		struct ev_published published;
		struct ev_disposed disposed;
		struct ev_owner owner;
		struct ev_exported exported;
		struct ev_record record;
		struct ev_http http;
		const struct conf *conf;
		struct ev_request request;
		uint64_t peer; /* EV_TAKEN, EV_HUNG_UP */
		struct ev_history history;
		struct ev_reloaded reloaded;
		struct ev_old old;
		struct ev_expired expired;
	} u;
};

/* ---- effects ------------------------------------------------------------------------------- */

/* Rows are committed in one transaction before any other effect of the turn is performed. */
enum effect_type {
	FX_ROW_JOB,
	FX_ROW_FORGET, /* a job that is history and shall not even be that */
	FX_ROW_SESSION,
	FX_ROW_SPOOL,
	FX_ROW_PAUSE,
	FX_SCAN,    /* list the spool; -> EV_SCAN, EV_NAME ..., EV_SCAN */
	FX_LOOK,    /* -> EV_LOOKED */
	FX_RECALL,  /* what results of an earlier run lie there? -> EV_RECALLED */
	FX_LAST,    /* how did the last run of that name end? -> EV_LAST */
	FX_READ,    /* -> EV_READ */
	FX_UNMARK,  /* remove a marker if it is still that one; no answer */
	FX_APPEND,  /* -> EV_APPENDED */
	FX_STAGE,   /* -> EV_STAGED */
	FX_PUBLISH, /* -> EV_PUBLISHED */
	FX_DISPOSE, /* -> EV_DISPOSED */
	FX_EXPORT,  /* -> EV_EXPORTED */
	FX_OWNER,   /* what is the login name of this uid? -> EV_OWNER */
	FX_RECORD,  /* -> EV_RECORD */
	FX_SETTLED, /* EV_RELEASE is carried out, for good: it is not to come again */
	FX_HTTP,    /* -> EV_HTTP */
	FX_ANSWER,  /* to a peer of the control socket */
	FX_HISTORY, /* what does the ledger say? -> EV_HISTORY */
	FX_OLD,	    /* -> EV_OLD */
	FX_EXPIRE,  /* -> EV_EXPIRED */
	FX_DISCARD, /* -> EV_EXPIRED */
	FX_RELOAD,  /* read the configuration anew -> EV_CONF if it is good, EV_RELOADED */
};

struct fx_row_job {
	struct job_rec rec;  /* the row as it is to be */
	struct bytes code;   /* set when p is not NULL */
	struct bytes answer; /* set when p is not NULL */
	bool drop_blobs;     /* code and answer are not needed any more */
};

struct fx_look {
	size_t spool;
	const char *name;
	bool sync; /* no power cut is to bring back what lay there before */
};

struct fx_recall {
	uint64_t job;
	size_t spool;
	const char *name;
};

struct fx_last {
	uint64_t job; /* that asks */
	size_t spool;
	const char *name;
};

struct fx_read {
	uint64_t job;
	size_t spool;
	const char *name;
	struct ident ident; /* as queued */
	int64_t bytes_max;
	bool head;	   /* only the first bytes_max bytes, however large it is; no sha256 */
	bool sync_name;	   /* not only its bytes: another of that name has run */
	bool private_only; /* refuse what group or others may write: it will run as its owner */
	const char *const *taken;    /* names that results would use, ended by NULL ... */
	const struct out_file *ours; /* ... unless they are these */
	size_t ours_count;
	const char *modules; /* also read the regular files of this directory; or NULL */
	int64_t modules_bytes_max;
};

struct fx_unmark {
	size_t spool;
	const char *name;
	struct ident ident;
};

/* A result that grows: adds data at offset `at` to the part's hidden name. At 0 the part begins anew;
 * elsewhere it must be that long. A job's parts are numbered from 1. */
#define PART_NAME ".sparkspool-%ju-p%u.tmp" /* of a job's id and the part's number */
struct fx_append {
	uint64_t job;
	size_t spool;
	unsigned part;
	int64_t at;
	struct bytes data;
	uint32_t uid; /* whose the input is: he may have been given it by an earlier attempt */
};

/* name may have directories below the spool ("foo.py.files/a/b"), made as they are needed. */
struct result_file {
	const char *name;
	unsigned part; /* the bytes lie in this part of FX_APPEND, data behind them; 0: in none */
	int64_t part_bytes; /* so many of them; what lies behind is cut off */
	struct bytes data;
};

/* Writes files under hidden names and syncs them, with the input's owner, group and mode. Other parts of
 * the job are removed, and what an earlier attempt of `before` files has left. ENOENT: no such part. */
struct fx_stage {
	uint64_t job;
	size_t spool;
	struct ident input;
	const struct result_file *file;
	size_t count;
	size_t before;
};

/* Removes the old files, the .json first, each only if its inode is the one given; renames the new
 * ones to their names, the .json last; syncs the directory. The last of each list is the .json. */
struct fx_publish {
	uint64_t job;
	size_t spool;
	const struct out_file *old;
	size_t old_count;
	const struct out_file *file;
	size_t count;
	uint32_t uid; /* whose the input is */
};

/* Moves the input to `hidden`, checks that it is the file that ran, then deletes or moves it.
 * AFTER_KEEP: only puts back what an earlier attempt has hidden. */
struct fx_dispose {
	uint64_t job;
	size_t spool;
	const char *name;
	const char *hidden;
	struct ident ident;
	enum conf_after after;
	const char *move_to;
};

struct fx_export { /* a file for others to read takes the place of the one before */
	enum export_what what;
	const char *path;
	struct bytes text;
};

struct fx_record {
	size_t spool;
	const char *name;
	bool proof; /* none that a stranger to its input may have written */
	int64_t bytes_max;
};

enum http_method { HTTP_GET, HTTP_POST, HTTP_DELETE };

struct fx_http {
	struct http_tag tag;
	enum http_method method;
	const char *path; /* behind the endpoint's url: "/sessions/x" */
	struct bytes body;
	int64_t timeout_ms;
	int64_t body_bytes_max;
};

enum answer_flow {
	ANSWER_LAST, /* the request is answered */
	ANSWER_MORE, /* there is more; when these bytes are taken: EV_TAKEN */
	ANSWER_NEWS  /* to one that watches: is dropped where it does not take them */
};

struct fx_answer {
	uint64_t peer;
	enum answer_flow flow;
	struct bytes bytes; /* whole lines */
};

/* What is not given does not narrow it: NULL, 0, of the owner -1. */
struct fx_history {
	uint64_t peer;
	uint64_t seq;
	bool ends; /* in the order in which they ended, the oldest first; else the newest first */
	uint64_t after;	 /* ends: behind this place ... */
	bool last;	 /* ... or none of them: only the place of the last one */
	uint64_t before; /* else: ids below this one */
	uint64_t job;	 /* this one only */
	const char *spool;
	const char *name;
	bool glob; /* name is a pattern, as a shell has them */
	int64_t owner;
	enum job_status status;
	int64_t since_ms; /* ended not before, and before */
	int64_t until_ms;
	int limit; /* rows */
};

struct effect {
	enum effect_type type;
	union {
		struct fx_row_job job;
		uint64_t forget; /* job */
		struct session_rec session;
		struct spool_rec spool_row;
		struct pause_rec pause;
		size_t scan; /* spool */
		struct fx_look look;
		struct fx_recall recall;
		struct fx_last last;
		struct fx_read read;
		struct fx_append append;
		struct fx_unmark unmark;
		struct fx_stage stage;
		struct fx_publish publish;
		struct fx_dispose dispose;
		uint32_t owner; /* uid */
		struct fx_export export;
		struct fx_record record;
		struct fx_http http;
		struct fx_answer answer;
		struct fx_history history;
		uint64_t reload; /* peer */
		struct fx_old old;
		struct fx_expire expire; /* and FX_DISCARD */
	} u;
};

/* The effects of a turn. */
struct effects {
	struct effect *item;
	size_t count;
	size_t cap;
	struct arena arena; /* owns what the items point to */
};

void effects_init(struct effects *fx);
void effects_reset(struct effects *fx);
void effects_fini(struct effects *fx);

/* A zeroed effect at the end of the list; valid until the next call. */
struct effect *effects_add(struct effects *fx, enum effect_type type);

#endif
