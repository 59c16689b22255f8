/* ledgerrow: the tables, and how each persisted struct becomes a row of them. */
#include "edge/ledger_int.h"

#include <assert.h>
#include <string.h>

enum blob_what { BLOB_CODE = 1, BLOB_ANSWER = 2 }; /* the numbers are in the ledger */

/* STRICT, so that a value of another type is found by SQLite and not by us. Names of files are
 * bytes, not text: BLOB.
 * Spools and pools stand in it by name: their numbers are the process's, and a start with another
 * configuration counts anew. has_run tells a run of which nothing is known from none. Code and
 * answers have a table of their own, so that a row of history stays small, and that table keeps its
 * rowid: values of megabytes do not belong into an index. */
const char *ledgerrow_schema(void)
{
	return "CREATE TABLE meta(key TEXT PRIMARY KEY, value ANY NOT NULL) STRICT;"
	       "CREATE TABLE spool(name TEXT PRIMARY KEY, dev INT NOT NULL, ino INT NOT NULL,"
	       " path TEXT) STRICT;"
	       "CREATE TABLE pause(what INT NOT NULL, name TEXT NOT NULL, PRIMARY KEY(what, name)) "
	       "STRICT;"
	       "CREATE TABLE session(id INTEGER PRIMARY KEY, pool TEXT NOT NULL, kind INT NOT NULL,"
	       " state INT NOT NULL, owner INT NOT NULL, proxy_user TEXT, name TEXT NOT NULL,"
	       " livy_id TEXT, token TEXT NOT NULL, last_statement INT NOT NULL,"
	       " created_ms INT NOT NULL, statements INT NOT NULL, boot TEXT, endpoint TEXT,"
	       " url TEXT, run_as TEXT) STRICT;"
	       "CREATE TABLE job(id INTEGER PRIMARY KEY, spool TEXT NOT NULL, name BLOB NOT NULL,"
	       " dev INT NOT NULL, ino INT NOT NULL, size INT NOT NULL, mtime_ns INT NOT NULL,"
	       " ctime_ns INT NOT NULL, uid INT NOT NULL, gid INT NOT NULL, mode INT NOT NULL,"
	       " nlink INT NOT NULL, state INT NOT NULL, kind INT NOT NULL, live INT NOT NULL,"
	       " attempts INT NOT NULL, queued_ms INT NOT NULL, old_files TEXT,"
	       " has_run INT NOT NULL, token TEXT, sha256 TEXT, session INT, session_name TEXT,"
	       " statement INT, started_ms INT, finished_ms INT, status INT, error_name TEXT,"
	       " error_message TEXT, warnings TEXT, files TEXT, hidden BLOB, superseded INT,"
	       " recorded INT, script INT DEFAULT 0, exit_code INT,"
	       " held INT NOT NULL DEFAULT 0, moved_to BLOB) STRICT;"
	    /* The order in which jobs have ended, for who follows it; no number comes twice. */
	    LEDGER_ENDED_SQL LEDGER_OLD_SQL
	       /* A start reads the living among years of history. */
	       "CREATE INDEX job_live ON job(id) WHERE live = 1;" LEDGER_NAME_SQL
	       "CREATE TABLE blob(job INT NOT NULL, what INT NOT NULL, data BLOB NOT NULL,"
	       " PRIMARY KEY(job, what)) STRICT;";
}

/* OR REPLACE: a row is written whole or not at all, so what is not in the struct any more is not in
 * the ledger either. */
static const char *stmt_sql(enum ledgerrow_stmt which)
{
	static const char *const sql[ROW_STMTS] = {
		[ROW_JOB] = "INSERT OR REPLACE INTO job(" JOB_COLUMNS ") VALUES (?,?,?,"
			    "?,?,?,?,?,?,?,?,?," /* the identity */
			    "?,?,?,?,?,?,?,?,"
			    "?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)", /* the run */
		[ROW_JOB_FILE] = "UPDATE job SET (" FILE_COLUMNS ") = (?2,?3,"
				 "?4,?5,?6,?7,?8,?9,?10,?11,?12,"
				 "?13,?14,?15,?16,?17,?18,?19) WHERE id = ?1",
		[ROW_BLOB] = "INSERT OR REPLACE INTO blob(job, what, data) VALUES (?,?,?)",
		[ROW_BLOB_DROP] = "DELETE FROM blob WHERE job = ?",
		[ROW_SESSION] = "INSERT OR REPLACE INTO session(" SESSION_COLUMNS
				") VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
		[ROW_SESSION_DROP] = "DELETE FROM session WHERE id = ?",
		[ROW_SPOOL] = "INSERT OR REPLACE INTO spool(name, dev, ino, path) VALUES (?,?,?,?)",
		[ROW_PAUSE] = "INSERT OR REPLACE INTO pause(what, name) VALUES (?,?)",
		[ROW_PAUSE_DROP] = "DELETE FROM pause WHERE what = ? AND name = ?",
		[ROW_MARK] = "UPDATE meta SET value = ?2 WHERE key = ?1",
		[ROW_ENDED] = "INSERT INTO ended(job, owner) VALUES (?,?)",
		/* Whatever is asked: the row of a file that may lie in its spool stays. */
		[ROW_FORGET] = "DELETE FROM job WHERE id = ? AND state = 8 AND live = 0",
		[ROW_FORGET_ENDED] = "DELETE FROM ended WHERE job = ?1 AND NOT EXISTS"
				     " (SELECT 1 FROM job WHERE id = ?1)",
	};
	assert(which < ROW_STMTS && sql[which] != NULL);
	return sql[which];
}

int ledgerrow_prepare(struct ledgerrow *r, sqlite3 *db)
{
	int rc = SQLITE_OK;
	for (enum ledgerrow_stmt i = ROW_JOB; i < ROW_STMTS && rc == SQLITE_OK; i++)
		rc = sqlite3_prepare_v3(
		    db, stmt_sql(i), -1, SQLITE_PREPARE_PERSISTENT, &r->st[i], NULL);
	return rc;
}

void ledgerrow_finalize(struct ledgerrow *r)
{
	for (enum ledgerrow_stmt i = ROW_JOB; i < ROW_STMTS; i++)
		sqlite3_finalize(r->st[i]);
	*r = (struct ledgerrow){ 0 };
}

/* Binds one column after the other; the first failure stays. Nothing is copied: what is bound
 * outlives put_done(). */
struct put {
	sqlite3_stmt *st;
	int col;
	int rc;
};

static struct put put_begin(struct ledgerrow *r, enum ledgerrow_stmt which)
{
	assert(r->st[which] != NULL);
	return (struct put){ .st = r->st[which], .rc = SQLITE_OK };
}

static void put_int(struct put *p, int64_t v)
{
	if (p->rc == SQLITE_OK)
		p->rc = sqlite3_bind_int64(p->st, ++p->col, v);
}

/* NULL stands for what there is none of. */
static void put_unless_negative(struct put *p, int64_t v)
{
	assert(v >= -1);
	if (v >= 0)
		put_int(p, v);
	else if (p->rc == SQLITE_OK)
		p->rc = sqlite3_bind_null(p->st, ++p->col);
}

/* SQLite knows no unsigned numbers: the same 64 bits, read back by get_u64(). */
static void put_u64(struct put *p, uint64_t v)
{
	put_int(p, (int64_t)v);
}

/* NULL stays NULL. Nobody checks that it is UTF-8: SQLite keeps the bytes as they are. */
static void put_text(struct put *p, const char *s)
{
	if (p->rc == SQLITE_OK)
		p->rc = sqlite3_bind_text(p->st, ++p->col, s, -1, SQLITE_STATIC);
}

static void put_bytes(struct put *p, struct bytes b)
{
	if (p->rc == SQLITE_OK)
		p->rc = sqlite3_bind_blob64(p->st, ++p->col, b.p, b.n, SQLITE_STATIC);
}

/* A name in a directory is any bytes but NUL and a slash. */
static void put_file_name(struct put *p, const char *name)
{
	put_bytes(p, (struct bytes){ .p = name, .n = name == NULL ? 0 : strlen(name) });
}

/* Performs the statement and makes it ready for the next row, whatever became of this one. */
static int put_done(struct put *p)
{
	if (p->rc == SQLITE_OK) {
		sqlite3_step(p->st);
		p->rc = sqlite3_reset(p->st);
	}
	/* Whoever binds less next time gets NULL for the rest, not this row's values. */
	sqlite3_clear_bindings(p->st);
	return p->rc;
}

static void put_ident(struct put *p, const struct ident *id)
{
	put_u64(p, id->dev);
	put_u64(p, id->ino);
	put_int(p, id->size);
	put_int(p, id->mtime_ns);
	put_int(p, id->ctime_ns);
	put_int(p, id->uid);
	put_int(p, id->gid);
	put_int(p, id->mode);
	put_int(p, id->nlink);
}

static void put_run(struct put *p, const struct run_rec *run)
{
	assert(run->status < STATUS_COUNT);
	assert(memchr(run->token, 0, sizeof run->token) != NULL);
	assert(memchr(run->sha256, 0, sizeof run->sha256) != NULL);
	put_text(p, run->token);
	put_text(p, run->sha256);
	put_u64(p, run->session);
	put_text(p, run->session_name);
	put_int(p, run->statement);
	put_int(p, run->started_ms);
	put_int(p, run->finished_ms);
	put_int(p, run->status);
	put_text(p, run->error_name);
	put_text(p, run->error_message);
	put_text(p, run->warnings);
	put_text(p, run->files);
	put_file_name(p, run->hidden);
	put_int(p, run->superseded);
	put_int(p, run->recorded);
	put_int(p, run->script);
	put_unless_negative(p, run->exit_code);
	put_file_name(p, run->moved_to);
}

/* A job that is being read is written as queued: a start has nothing of its bytes. */
static enum job_state state_persisted(enum job_state state)
{
	assert(state > JOB_SETTLING && state < JOB_STATES);
	return state == JOB_READING ? JOB_QUEUED : state;
}

static void put_file(struct put *p, const struct job_rec *rec, const struct conf *conf)
{
	assert(rec->spool < conf->spool_count && rec->kind < KIND_COUNT);
	assert(rec->held < HELD_COUNT);
	assert(rec->name != NULL && rec->id > 0 && rec->id <= INT64_MAX);
	put_u64(p, rec->id);
	put_text(p, conf->spool[rec->spool].name);
	put_file_name(p, rec->name);
	put_ident(p, &rec->ident);
	put_int(p, state_persisted(rec->state));
	put_int(p, rec->kind);
	put_int(p, rec->live);
	put_int(p, rec->attempts);
	put_int(p, rec->queued_ms);
	put_text(p, rec->old_files);
	put_int(p, rec->held);
}

/* The core forgets the runs of jobs that are done, for there may be a million of them; history does
 * not. Sets *found when there was a row. */
static int job_put_file(
    struct ledgerrow *r, const struct job_rec *rec, const struct conf *conf, bool *found)
{
	struct put p = put_begin(r, ROW_JOB_FILE);
	int rc;

	put_file(&p, rec, conf);
	rc = put_done(&p);
	*found = sqlite3_changes(sqlite3_db_handle(p.st)) > 0;
	return rc;
}

static int job_put(struct ledgerrow *r, const struct job_rec *rec, const struct conf *conf)
{
	struct put p = put_begin(r, ROW_JOB);
	bool found = false;
	int rc = SQLITE_OK;

	if (rec->state == JOB_DONE && rec->run == NULL)
		rc = job_put_file(r, rec, conf, &found);
	if (rc != SQLITE_OK || found)
		return rc;
	put_file(&p, rec, conf);
	put_int(&p, rec->run != NULL);
	if (rec->run != NULL)
		put_run(&p, rec->run);
	return put_done(&p);
}

/* An empty answer is an answer; only NULL says that there is nothing to write. */
static int blob_put(struct ledgerrow *r, uint64_t job, enum blob_what what, struct bytes data)
{
	struct put p = put_begin(r, ROW_BLOB);

	if (data.p == NULL)
		return SQLITE_OK;
	put_u64(&p, job);
	put_int(&p, what);
	put_bytes(&p, data);
	return put_done(&p);
}

static int blob_drop(struct ledgerrow *r, uint64_t job)
{
	struct put p = put_begin(r, ROW_BLOB_DROP);

	put_u64(&p, job);
	return put_done(&p);
}

/* Once: later rows of one that is done come without its run. */
static int ended_put(struct ledgerrow *r, const struct job_rec *rec)
{
	struct put p = put_begin(r, ROW_ENDED);

	if (rec->state != JOB_DONE || rec->run == NULL)
		return SQLITE_OK;
	put_u64(&p, rec->id);
	put_int(&p, rec->ident.uid);
	return put_done(&p);
}

/* Dropping comes before setting: what comes with the row itself is never what it drops. */
int ledgerrow_put_job(struct ledgerrow *r, const struct fx_row_job *fx, const struct conf *conf)
{
	int rc = job_put(r, &fx->rec, conf);

	if (rc == SQLITE_OK)
		rc = ended_put(r, &fx->rec);
	if (rc == SQLITE_OK && fx->drop_blobs)
		rc = blob_drop(r, fx->rec.id);
	if (rc == SQLITE_OK)
		rc = blob_put(r, fx->rec.id, BLOB_CODE, fx->code);
	if (rc == SQLITE_OK)
		rc = blob_put(r, fx->rec.id, BLOB_ANSWER, fx->answer);
	return rc;
}

static int row_forget(struct ledgerrow *r, enum ledgerrow_stmt which, uint64_t id)
{
	struct put p = put_begin(r, which);

	put_u64(&p, id);
	return put_done(&p);
}

/* Its bytes went when it ended. Ids and places among the ends are never given again. */
int ledgerrow_forget(struct ledgerrow *r, uint64_t job)
{
	int rc = row_forget(r, ROW_FORGET, job);

	assert(job > 0 && job <= INT64_MAX);
	return rc != SQLITE_OK ? rc : row_forget(r, ROW_FORGET_ENDED, job);
}

/* A session that is gone has no history: the jobs that it ran tell its name. */
static int session_drop(struct ledgerrow *r, uint64_t id)
{
	struct put p = put_begin(r, ROW_SESSION_DROP);

	put_u64(&p, id);
	return put_done(&p);
}

int ledgerrow_put_session(
    struct ledgerrow *r, const struct session_rec *rec, const struct conf *conf)
{
	struct put p = put_begin(r, ROW_SESSION);

	assert(rec->id > 0 && rec->id <= INT64_MAX);
	assert(rec->state >= SESSION_CREATING && rec->state < SESSION_STATES);
	if (rec->state == SESSION_GONE)
		return session_drop(r, rec->id);
	assert(rec->pool < conf->pool_count && rec->endpoint < conf->endpoint_count);
	assert(rec->kind < KIND_SESSIONS && rec->name != NULL && rec->url != NULL);
	assert(memchr(rec->token, 0, sizeof rec->token) != NULL);
	put_u64(&p, rec->id);
	put_text(&p, conf->pool[rec->pool].name);
	put_int(&p, rec->kind);
	put_int(&p, rec->state);
	put_int(&p, rec->owner);
	put_text(&p, rec->proxy_user);
	put_text(&p, rec->name);
	put_text(&p, rec->livy_id);
	put_text(&p, rec->token);
	put_int(&p, rec->last_statement);
	put_int(&p, rec->created_ms);
	put_int(&p, rec->statements);
	put_text(&p, rec->boot);
	put_text(&p, conf->endpoint[rec->endpoint].name);
	put_text(&p, rec->url);
	put_text(&p, rec->run_as);
	return put_done(&p);
}

int ledgerrow_put_spool(struct ledgerrow *r, const struct spool_rec *rec, const struct conf *conf)
{
	struct put p = put_begin(r, ROW_SPOOL);

	assert(rec->spool < conf->spool_count);
	put_text(&p, conf->spool[rec->spool].name);
	put_u64(&p, rec->dev);
	put_u64(&p, rec->ino);
	put_text(&p, conf->spool[rec->spool].removed ? NULL : conf->spool[rec->spool].path);
	return put_done(&p);
}

int ledgerrow_put_pause(struct ledgerrow *r, const struct pause_rec *rec, const struct conf *conf)
{
	struct put p = put_begin(r, rec->on ? ROW_PAUSE : ROW_PAUSE_DROP);
	const char *name = "";

	if (rec->what == PAUSE_POOL) {
		assert(rec->index < conf->pool_count);
		name = conf->pool[rec->index].name;
	} else if (rec->what == PAUSE_SPOOL) {
		assert(rec->index < conf->spool_count);
		name = conf->spool[rec->index].name;
	}
	put_int(&p, rec->what);
	put_text(&p, name);
	return put_done(&p);
}

int ledgerrow_put_mark(struct ledgerrow *r, const char *key, uint64_t id)
{
	struct put p = put_begin(r, ROW_MARK);

	assert(id <= INT64_MAX);
	put_text(&p, key);
	put_u64(&p, id);
	return put_done(&p);
}
