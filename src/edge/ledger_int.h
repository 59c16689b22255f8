/* ledger_int: what the files of the ledger share.
 *
 * Each is one thing that happens to a ledger: ledgeropen (at birth: directory, lock, database),
 * ledgerupgrade (once, under a new release: the tables of the former one), ledgerread (at a start:
 * rows become structs), ledgernames and ledgerpaths
 * (before that: what they speak of, and which spool that is now), ledger (at each turn: a transaction), ledgerrow (in it: structs become rows),
 * ledgerrecall, ledgerhistory and ledgerold (questions about history), ledgerlost (whether there was another before
 * it). They call one way only, ledger and ledgerrow being called by the others, ledgerupgrade and
 * ledgerlost by ledgeropen. */
#ifndef SPARKSPOOL_EDGE_LEDGER_INT_H
#define SPARKSPOOL_EDGE_LEDGER_INT_H

#include "edge/ledger.h"
#include <sqlite3.h>

/* 1: before the runner; 2: before files could be held and paused; 3: before `keep_for`;
 * 4: before a session's row said where it lives and as whom it runs */
#define LEDGER_VERSION 5
/* Room for an instance's or a machine's id: 32 digits, and some to spare. */
#define LEDGER_ID_TEXT_LEN 64

/* Room for a path of any length that can be opened, and what is said of it. */
#define LEDGER_WORDS_BYTES_MAX 8192

/* What to do about a ledger that is not sound. All three files: SQLite takes a -wal that is left
 * behind for the new file's. */
#define LEDGER_MOVE_AWAY                                                                           \
	"nothing was started; restore it or move it away, together with its -wal and -shm"

/* In this order ledgerrow writes and ledgerread reads; one more is a new LEDGER_VERSION. */
#define IDENT_COLUMNS "dev, ino, size, mtime_ns, ctime_ns, uid, gid, mode, nlink"
#define RUN_COLUMNS                                                                                \
	"token, sha256, session, session_name, statement, started_ms, finished_ms, status, "       \
	"error_name, error_message, warnings, files, hidden, superseded, recorded, "               \
	"script, exit_code, moved_to"
/* What is known of the file, which outlives what is known of its run. */
#define FILE_COLUMNS                                                                               \
	"spool, name, " IDENT_COLUMNS ", state, kind, live, attempts, queued_ms, old_files, held"
#define JOB_COLUMNS "id, " FILE_COLUMNS ", has_run, " RUN_COLUMNS
#define SESSION_COLUMNS                                                                            \
	"id, pool, kind, state, owner, proxy_user, name, livy_id, token, last_statement, "         \
	"created_ms, statements, boot, endpoint, url, run_as"

#define LEDGER_ENDED_SQL                                                                           \
	"CREATE TABLE ended(seq INTEGER PRIMARY KEY AUTOINCREMENT, job INT NOT NULL,"              \
	" owner INT NOT NULL) STRICT;"                                                             \
	"CREATE INDEX ended_owner ON ended(owner);"                                                \
	"CREATE INDEX job_owner ON job(uid);"

/* A re-run asks for the files of the run before, and a person for all runs of a file. */
#define LEDGER_NAME_SQL "CREATE INDEX job_name ON job(spool, name);"

/* What has ended and may be forgotten, the oldest of a spool first; its place among the ends. */
#define LEDGER_OLD_SQL                                                                             \
	"CREATE INDEX job_old ON job(spool, finished_ms) WHERE state = 8 AND live = 0;"            \
	"CREATE INDEX ended_job ON ended(job);"

/* The statements of a commit, prepared once and kept. */
enum ledgerrow_stmt {
	ROW_JOB,
	ROW_JOB_FILE, /* all but the run, of a row that exists */
	ROW_BLOB,
	ROW_BLOB_DROP,
	ROW_SESSION,
	ROW_SESSION_DROP,
	ROW_SPOOL,
	ROW_PAUSE,
	ROW_PAUSE_DROP,
	ROW_MARK,
	ROW_ENDED,
	ROW_FORGET,
	ROW_FORGET_ENDED,
	ROW_STMTS
};

struct ledgerrow {
	sqlite3_stmt *st[ROW_STMTS];
};

/* The tables and indexes of a new ledger, as SQL. */
const char *ledgerrow_schema(void);

/* Every int below is a result code of SQLite, SQLITE_OK or why not. */
int ledgerrow_prepare(struct ledgerrow *r, sqlite3 *db);
void ledgerrow_finalize(struct ledgerrow *r);

/* Each writes one row inside the caller's transaction. */
int ledgerrow_put_job(struct ledgerrow *r, const struct fx_row_job *fx, const struct conf *conf);
int ledgerrow_put_session(
    struct ledgerrow *r, const struct session_rec *rec, const struct conf *conf);
int ledgerrow_put_spool(struct ledgerrow *r, const struct spool_rec *rec, const struct conf *conf);
int ledgerrow_put_pause(struct ledgerrow *r, const struct pause_rec *rec, const struct conf *conf);
int ledgerrow_forget(struct ledgerrow *r, uint64_t job);
int ledgerrow_put_mark(struct ledgerrow *r, const char *key, uint64_t id);

/* The highest ids ever given; in meta, because rows of sessions go and history is pruned. */
struct ledger_marks {
	uint64_t job;
	uint64_t session;
};

/* An open ledger. */
struct ledger {
	char *path; /* of the database, for messages */
	sqlite3 *db;
	struct ledgerrow rows;
	int lock_fd; /* held for life; -1 before */
	char instance[LEDGER_ID_TEXT_LEN];
	bool anew;
	struct ledger_marks marks;
	int failed_rc; /* the failure that is already in the log; SQLITE_OK: none */
	int failed_errno;
	bool tended;	/* ledger_tend_log() */
	bool log_stuck; /* it is in the log that SQLite's own cannot be written back */
};

/* What went wrong, in words for the operator. rc is the last failure on l->db. */
void ledger_explain(const struct ledger *l, int rc, struct buf *out);
/* The same, where it keeps the daemon from starting: with what to do. */
void ledger_explain_start(const struct ledger *l, int rc, struct buf *out);
/* ... in the log; -1, for a return. */
int ledger_start_failed(const struct ledger *l, int rc);

/* From now on SQLite's log is written back into the database as it grows. SQLite would do so by itself,
 * and say nothing when it cannot. */
void ledger_tend_log(struct ledger *l);
/* Now; nothing where there is no log yet. */
void ledger_write_back(struct ledger *l);

/* ---- ledgerlost.c ---- */

/* The instance whose ledger was here before, as the file beside it says; "" when there was none. 0, or -1
 * with errno: nobody can tell. dir is state_dir. */
int ledger_earlier(int dir, char id[LEDGER_ID_TEXT_LEN]);

/* Writes that file, so that the loss of this ledger shows. Once the ledger is on disk. */
void ledger_note_instance(const struct ledger *l, int dir);
/* ---- ledgerread.c ---- */

/* The job of a row that begins with JOB_COLUMNS; its strings and its run belong to the arena, *spool
 * to the row. rec->spool is SIZE_MAX where conf does not name it. False: nobody can have written it. */
struct arena;
bool ledgerread_job(struct arena *a, sqlite3_stmt *st, const struct conf *conf, struct job_rec *rec,
    const char **spool);

/* ---- ledgerupgrade.c ---- */

/* Can a ledger of this version become one of LEDGER_VERSION? */
bool ledger_upgrade_knows(int64_t version);

/* Makes it one, in one transaction, and says so in the log. A result code of SQLite. */
int ledger_upgrade(struct ledger *l, int64_t version);

#endif
