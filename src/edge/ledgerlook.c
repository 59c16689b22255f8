/* ledgerlook: the history for people, read from the ledger while no daemon runs. */
#include "edge/ledgerlook.h"

#include <errno.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BUSY_WAIT_MS 250

/* What every version has. A condition that is not asked for holds. */
static const char look_sql[] =
    "SELECT id, spool, CAST(name AS TEXT), uid, kind, status, exit_code, attempts, queued_ms,"
    " started_ms, finished_ms, session_name, error_name, error_message, recorded FROM job"
    " WHERE state = ?1 AND (?2 IS NULL OR spool = ?2) AND (?3 IS NULL OR CAST(name AS TEXT) GLOB "
    "?3)"
    " AND (?4 < 0 OR uid = ?4) AND (?5 = 0 OR status = ?5)"
    " AND (?6 = 0 OR finished_ms >= ?6) AND (?7 = 0 OR finished_ms < ?7)"
    " ORDER BY id DESC LIMIT ?8";

static const char *text_at(sqlite3_stmt *st, int column)
{
	return (const char *)sqlite3_column_text(st, column);
}

/* False for what nobody of ours has written. */
static bool read_row(sqlite3_stmt *st, struct ledger_past *p)
{
	int kind = sqlite3_column_int(st, 4);
	int status = sqlite3_column_int(st, 5);

	*p = (struct ledger_past){ .id = sqlite3_column_int64(st, 0),
		.spool = text_at(st, 1),
		.name = text_at(st, 2),
		.owner = sqlite3_column_int64(st, 3),
		.kind = (enum kind)kind,
		.status = (enum job_status)status,
		.exit_code =
		    sqlite3_column_type(st, 6) == SQLITE_NULL ? -1 : sqlite3_column_int(st, 6),
		.attempts = sqlite3_column_int64(st, 7),
		.queued_ms = sqlite3_column_int64(st, 8),
		.started_ms = sqlite3_column_int64(st, 9),
		.finished_ms = sqlite3_column_int64(st, 10),
		.session = text_at(st, 11),
		.error_name = text_at(st, 12),
		.error_message = text_at(st, 13),
		.recorded = sqlite3_column_int(st, 14) != 0 };
	return p->spool != NULL && p->name != NULL && kind >= 0 && kind < KIND_COUNT &&
	       status >= 0 && status < STATUS_COUNT;
}

static int query(sqlite3 *db, const struct ledger_look *look)
{
	sqlite3_stmt *st = NULL;
	struct ledger_past past;
	int rc = sqlite3_prepare_v2(db, look_sql, -1, &st, NULL);

	if (rc != SQLITE_OK)
		return rc;
	sqlite3_bind_int(st, 1, JOB_DONE);
	sqlite3_bind_text(st, 2, look->spool, -1, SQLITE_STATIC);
	sqlite3_bind_text(st, 3, look->name, -1, SQLITE_STATIC);
	sqlite3_bind_int64(st, 4, look->owner);
	sqlite3_bind_int(st, 5, (int)look->status);
	sqlite3_bind_int64(st, 6, look->since_ms);
	sqlite3_bind_int64(st, 7, look->until_ms);
	sqlite3_bind_int64(st, 8, look->limit);
	while ((rc = sqlite3_step(st)) == SQLITE_ROW) {
		if (read_row(st, &past))
			look->fn(&past, look->arg);
	}
	sqlite3_finalize(st);
	return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

int ledger_look(const char *state_dir, const struct ledger_look *look, struct buf *error)
{
	char *path = xasprintf("%s/ledger.db", state_dir);
	sqlite3 *db = NULL;
	int rc = SQLITE_OK;

	/* SQLite says of all that it cannot be opened; the reason is the kernel's. */
	if (access(path, R_OK) != 0) {
		buf_addf(error, "%s: %s", path, strerror(errno));
		free(path);
		return -1;
	}
	rc = sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, NULL);
	if (rc == SQLITE_OK) {
		sqlite3_busy_timeout(db, BUSY_WAIT_MS);
		rc = query(db, look);
	}
	if (rc != SQLITE_OK)
		buf_addf(
		    error, "%s: %s", path, db == NULL ? sqlite3_errstr(rc) : sqlite3_errmsg(db));
	sqlite3_close(db);
	free(path);
	return rc == SQLITE_OK ? 0 : -1;
}
