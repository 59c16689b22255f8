/* rec: what is persisted. One struct a row; edge/ledger writes and reads them, the core owns them.
 * A change of meaning here goes with a new LEDGER_VERSION in edge/ledger.c. */
#ifndef SPARKSPOOL_CORE_REC_H
#define SPARKSPOOL_CORE_REC_H

#include "core/conf.h"

#define SHA256_TEXT_LEN 65
#define TOKEN_TEXT_LEN 33 /* 128 random bits in hexadecimal */

/* What a file was when it was seen. */
struct ident {
	uint64_t dev;
	uint64_t ino; /* of a job that is done, 0: it shall run again (core/rerun) */
	int64_t size;
	int64_t mtime_ns;
	int64_t ctime_ns;
	uint32_t uid;
	uint32_t gid;
	uint32_t mode; /* with the type's bits */
	uint32_t nlink;
};

/* The states of a job. The numbers are in the ledger. */
enum job_state {
	JOB_SETTLING = 0,  /* seen, not known to be complete; never persisted */
	JOB_QUEUED = 1,	   /* a name and an identity */
	JOB_READING = 2,   /* its turn has come, its bytes are being read; persisted as QUEUED */
	JOB_SENDING = 3,   /* bytes and intent are committed; it may have been sent */
	JOB_RUNNING = 4,   /* the server has accepted it */
	JOB_ANSWERED = 5,  /* the outcome is committed; its files are being written */
	JOB_STAGED = 6,	   /* the files lie under hidden names */
	JOB_DISPOSING = 7, /* published; the input is being disposed of */
	JOB_DONE = 8,
	JOB_STATES
};

/* How a job ended. The numbers are in the ledger, the words in the records. */
enum job_status {
	STATUS_NONE = 0,
	STATUS_OK = 1,
	STATUS_ERROR = 2,
	STATUS_TIMEOUT = 3,
	STATUS_CANCELLED = 4,
	STATUS_DIED = 5,
	STATUS_UNKNOWN = 6,
	STATUS_REJECTED = 7,
	STATUS_COUNT
};

/* Why a queued job's turn does not come. The numbers are in the ledger. */
enum job_held {
	HELD_NOT = 0,
	HELD_OPERATOR = 1, /* somebody said so */
	HELD_LOST = 2,	   /* it was there when the ledger was lost: it may have run */
	HELD_COUNT
};

/* A result file that lies on disk, under its hidden or its final name; run_rec.files has them as text. */
struct out_file {
	const char *name; /* "foo.py.out" */
	const char *tmp;  /* its hidden name in the same directory */
	uint64_t ino;
	int64_t size;	  /* as it was left, and */
	int64_t mtime_ns; /* ... when; 0: nobody knows, it is an earlier release's */
};

/* What a job has from its turn on. Strings are NULL when there is nothing to say. */
struct run_rec {
	char token[TOKEN_TEXT_LEN]; /* of this attempt */
	char sha256[SHA256_TEXT_LEN];
	uint64_t session;   /* ours, or 0 */
	char *session_name; /* as the server knows it */
	int64_t statement;  /* or -1 */
	int64_t started_ms; /* wall clock, 0: not yet */
	int64_t finished_ms;
	enum job_status status;
	char *error_name; /* of an end that is not in the server's answer */
	char *error_message;
	char *warnings;	 /* a JSON array of strings */
	char *files;	 /* a JSON array of struct out_file: staged or published results */
	char *hidden;	 /* the input's name while it is disposed of */
	bool superseded; /* the file was replaced while this ran */
	bool recorded;	 /* result files are written (not for what is `rejected` in silence) */
	bool script;	 /* a process of its own in the runner; token is its id there */
	int exit_code;	 /* of a script, as a shell has it; -1: none */
	char *
	    moved_to; /* where the input lies now: a path from its spool, or absolute; NULL: nowhere */
};

struct job_rec {
	uint64_t id; /* also the order of arrival */
	size_t spool;
	char *name;
	struct ident ident;
	enum job_state state;
	enum kind kind;
	bool live;	   /* false: history only, never loaded again */
	uint32_t attempts; /* intents to send so far */
	int64_t queued_ms;
	char *old_files; /* a JSON array as run.files: an earlier run's results, to be replaced */
	enum job_held held;
	struct run_rec *run; /* NULL before its turn, and for a done job that was written already:
				the ledger then leaves what it knows of the run as it is */
};

enum session_state {
	SESSION_CREATING = 1, /* name and token are committed, POST /sessions is under way */
	SESSION_LOOKING = 2,  /* it may exist: being looked for by name */
	SESSION_STARTING = 3, /* the server knows it, it is not yet idle */
	SESSION_GREETING = 4, /* its first statement, the token, is on its way */
	SESSION_IDLE = 5,
	SESSION_BUSY = 6,
	SESSION_PROBING = 7, /* after raw Python: does it still answer what it is asked? */
	SESSION_RETIRED = 8, /* gets no more work; an answer may still be outstanding */
	SESSION_DELETING = 9,
	SESSION_GONE = 10,
	SESSION_STATES
};

struct session_rec {
	uint64_t id; /* ours, never used twice */
	size_t pool;
	size_t endpoint; /* where it lives: its pool may have been moved elsewhere since */
	char *url;	 /* of that endpoint, when it was made or last found there */
	enum kind kind;
	enum session_state state;
	int64_t owner;	  /* uid of the files it serves, or -1: nobody's yet */
	char *run_as;	  /* its pool's proxyUser when it was made, be it %owner; or NULL */
	char *proxy_user; /* the owner's name where that was %owner; or NULL */
	char *name;	  /* as we asked for it */
	char *livy_id;	  /* as the server answered; NULL before */
	char token[TOKEN_TEXT_LEN];
	int64_t last_statement; /* the last id that we know of; -1: none */
	int64_t created_ms;	/* wall clock */
	int statements;		/* files it has run */
	char *boot;		/* KIND_RUNNER: what its runner calls itself; NULL: not yet up */
};

/* What an operator has paused. The numbers are in the ledger. */
enum pause_what { PAUSE_ALL = 0, PAUSE_POOL = 1, PAUSE_SPOOL = 2, PAUSE_COUNT };

struct pause_rec {
	enum pause_what what;
	size_t index; /* of the pool or spool; 0 of PAUSE_ALL */
	bool on;      /* false: not any more */
};

/* What is remembered of a spool. */
struct spool_rec {
	size_t spool;
	uint64_t dev; /* its directory, as the last complete scan found it */
	uint64_t ino;
};

#endif
