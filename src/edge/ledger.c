/* ledger: a turn is one transaction; what SQLite says of it, in words. */
#include "edge/ledger_int.h"

#include "base/log.h"
#include <assert.h>
#include <errno.h>
#include <string.h>

#define LOG_PAGES_MAX 1000 /* SQLite's own measure */

/* ---- what SQLite says, in words ------------------------------------------------------------ */

/* The errno behind a result code, or 0. SQLite keeps the last one for ever, so only the codes
 * that come from a system call are believed. */
static int sys_errno(sqlite3 *db, int rc)
{
	int primary = rc & 0xff;

	return primary == SQLITE_IOERR || primary == SQLITE_CANTOPEN ? sqlite3_system_errno(db) : 0;
}

/* SQLite says it in three ways, depending on which of its files wanted to grow. */
static bool is_disk_full(sqlite3 *db, int rc)
{
	int err = sys_errno(db, rc);

	return (rc & 0xff) == SQLITE_FULL || err == ENOSPC || err == EDQUOT;
}

/* SQLITE_ERROR: a table or column of ours is not there. */
static bool is_damaged(int rc)
{
	int primary = rc & 0xff;

	return primary == SQLITE_CORRUPT || primary == SQLITE_NOTADB || primary == SQLITE_ERROR;
}

/* SQLite's own words name no file and no remedy; the cases that an operator meets have ours. */
void ledger_explain(const struct ledger *l, int rc, struct buf *out)
{
	bool known = sqlite3_extended_errcode(l->db) == rc;
	const char *words = known ? sqlite3_errmsg(l->db) : sqlite3_errstr(rc);
	int err = sys_errno(l->db, rc);

	if (is_disk_full(l->db, rc))
		buf_addf(out, "%s: disk full, or over quota", l->path);
	else if (is_damaged(rc))
		buf_addf(out, "%s is damaged: %.500s", l->path, words);
	else if ((rc & 0xff) == SQLITE_BUSY)
		buf_addf(out, "%s: another program holds a lock on it", l->path);
	else
		buf_addf(out, "%s: %.500s%s%s", l->path, words, err == 0 ? "" : ": ",
		    err == 0 ? "" : strerror(err));
}

void ledger_explain_start(const struct ledger *l, int rc, struct buf *out)
{
	ledger_explain(l, rc, out);
	if (is_damaged(rc))
		buf_adds(out, ", " LEDGER_MOVE_AWAY);
}

int ledger_start_failed(const struct ledger *l, int rc)
{
	struct buf words;

	assert(rc != SQLITE_OK);
	buf_init(&words, LEDGER_WORDS_BYTES_MAX);
	ledger_explain_start(l, rc, &words);
	log_error("%s", words.data);
	buf_fini(&words);
	return -1;
}

const char *ledger_instance(const struct ledger *l)
{
	return l->instance;
}

void ledger_last_ids(struct ledger *l, uint64_t *job, uint64_t *session)
{
	*job = l->marks.job;
	*session = l->marks.session;
}

/* ---- a turn -------------------------------------------------------------------------------- */

static bool is_row(const struct effect *e)
{
	return e->type == FX_ROW_JOB || e->type == FX_ROW_FORGET || e->type == FX_ROW_SESSION ||
	       e->type == FX_ROW_SPOOL || e->type == FX_ROW_PAUSE;
}

/* Most turns have none, and a transaction costs a sync. */
static bool any_rows(const struct effects *fx)
{
	for (size_t i = 0; i < fx->count; i++)
		if (is_row(&fx->item[i]))
			return true;
	return false;
}

static uint64_t max_u64(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

/* Remembers the highest ids on the way; they count once the transaction is through. */
static int row_put(
    struct ledger *l, const struct effect *e, const struct conf *conf, struct ledger_marks *marks)
{
	switch (e->type) {
	case FX_ROW_JOB:
		marks->job = max_u64(marks->job, e->u.job.rec.id);
		return ledgerrow_put_job(&l->rows, &e->u.job, conf);
	case FX_ROW_FORGET:
		return ledgerrow_forget(&l->rows, e->u.forget);
	case FX_ROW_SESSION:
		marks->session = max_u64(marks->session, e->u.session.id);
		return ledgerrow_put_session(&l->rows, &e->u.session, conf);
	case FX_ROW_SPOOL:
		return ledgerrow_put_spool(&l->rows, &e->u.spool_row, conf);
	case FX_ROW_PAUSE:
		return ledgerrow_put_pause(&l->rows, &e->u.pause, conf);
	default:
		return SQLITE_OK; /* another edge's */
	}
}

/* In the transaction of the rows themselves, so that no crash comes between them. */
static int marks_put(struct ledger *l, const struct ledger_marks *marks)
{
	int rc = SQLITE_OK;

	if (marks->job != l->marks.job)
		rc = ledgerrow_put_mark(&l->rows, "last_job", marks->job);
	if (rc == SQLITE_OK && marks->session != l->marks.session)
		rc = ledgerrow_put_mark(&l->rows, "last_session", marks->session);
	return rc;
}

/* The same failure comes again at each retry, perhaps for hours: one line is enough. */
static void commit_failed(struct ledger *l, int rc)
{
	int err = sys_errno(l->db, rc);
	struct buf words;

	if (rc == l->failed_rc && err == l->failed_errno)
		return;
	buf_init(&words, LEDGER_WORDS_BYTES_MAX);
	ledger_explain(l, rc, &words);
	log_error("nothing can be committed, waiting until it can: %s", words.data);
	buf_fini(&words);
	l->failed_rc = rc;
	l->failed_errno = err;
}

static void commit_succeeded(struct ledger *l, const struct ledger_marks *marks)
{
	l->marks = *marks;
	if (l->failed_rc != SQLITE_OK)
		log_info("%s: committed again", l->path);
	l->failed_rc = SQLITE_OK;
	l->failed_errno = 0;
}

/* Nothing of it is kept when it fails, neither on disk nor in *l, so the same call may follow. A
 * crash after a failed COMMIT may still bring the turn back at the next start: that is as if the
 * crash had come right after a good one, for nobody has acted on it. */
int ledger_commit(struct ledger *l, const struct effects *fx, const struct conf *conf)
{
	struct ledger_marks marks = l->marks;
	int rc;

	if (!any_rows(fx))
		return 0;
	/* IMMEDIATE: the lock is had at the start or not at all, never in the middle. */
	rc = sqlite3_exec(l->db, "BEGIN IMMEDIATE", NULL, NULL, NULL);
	for (size_t i = 0; rc == SQLITE_OK && i < fx->count; i++)
		rc = row_put(l, &fx->item[i], conf, &marks);
	if (rc == SQLITE_OK)
		rc = marks_put(l, &marks);
	if (rc == SQLITE_OK)
		rc = sqlite3_exec(l->db, "COMMIT", NULL, NULL, NULL);
	if (rc == SQLITE_OK) {
		commit_succeeded(l, &marks);
		return 0;
	}
	commit_failed(l, rc);
	/* Some failures have already rolled back by themselves. */
	if (!sqlite3_get_autocommit(l->db))
		sqlite3_exec(l->db, "ROLLBACK", NULL, NULL, NULL);
	return -1;
}

/* ---- SQLite's log -------------------------------------------------------------------------- */

/* Nothing is lost while it fails, but each start reads all of that log, and the disk fills up. */
void ledger_write_back(struct ledger *l)
{
	struct buf words;
	int rc = SQLITE_OK;

	if (l->tended)
		rc = sqlite3_wal_checkpoint_v2(l->db, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
	if (rc == SQLITE_OK && l->log_stuck)
		log_info("%s: written again", l->path);
	if (rc == SQLITE_BUSY) /* somebody reads in it: the next time */
		return;
	if (rc != SQLITE_OK && !l->log_stuck) {
		buf_init(&words, LEDGER_WORDS_BYTES_MAX);
		ledger_explain(l, rc, &words);
		log_error("the ledger's log cannot be written back, and grows: %s", words.data);
		buf_fini(&words);
	}
	l->log_stuck = rc != SQLITE_OK;
}

/* What is committed is committed, whatever becomes of the log. */
static int log_has_grown(void *arg, sqlite3 *db, const char *name, int pages)
{
	(void)db, (void)name;
	if (pages >= LOG_PAGES_MAX)
		ledger_write_back(arg);
	return SQLITE_OK;
}

void ledger_tend_log(struct ledger *l)
{
	l->tended = true;
	(void)sqlite3_wal_hook(l->db, log_has_grown, l);
}
