/* ledgerrecall: what an earlier run of a name has left in its spool. */
#include "edge/evq.h"
#include "edge/ledger_int.h"

#include "base/log.h"
#include <assert.h>
#include <string.h>

static const char recall_sql[] =
    "SELECT files FROM job WHERE spool = ? AND name = ? AND id < ? AND files IS NOT NULL "
    "ORDER BY id DESC LIMIT 1";

static int recall_query(sqlite3_stmt *st, const struct fx_recall *fx, const struct conf *conf,
    struct ev_recalled *ev, struct arena *arena)
{
	sqlite3_bind_text(st, 1, conf->spool[fx->spool].name, -1, SQLITE_STATIC);
	sqlite3_bind_blob64(st, 2, fx->name, strlen(fx->name), SQLITE_STATIC);
	sqlite3_bind_int64(st, 3, (sqlite3_int64)fx->job);
	int rc = sqlite3_step(st);
	if (rc == SQLITE_ROW)
		ev->files = arena_strdup(arena, (const char *)sqlite3_column_text(st, 0));
	return rc == SQLITE_ROW || rc == SQLITE_DONE ? SQLITE_OK : rc;
}

void ledger_recall(
    struct ledger *l, const struct fx_recall *fx, const struct conf *conf, struct evq *q)
{
	sqlite3_stmt *st = NULL;
	struct ev_recalled *ev = &evq_add(q, EV_RECALLED)->u.recalled;
	assert(fx->spool < conf->spool_count);
	ev->job = fx->job;
	int rc = sqlite3_prepare_v2(l->db, recall_sql, -1, &st, NULL);
	if (rc == SQLITE_OK)
		rc = recall_query(st, fx, conf, ev, &q->arena);
	sqlite3_finalize(st);
	/* Without an answer the names count as strangers': the file is rejected, nothing is lost. */
	if (rc != SQLITE_OK)
		log_error("job=%llu event=not-recalled error=\"%s\"", (unsigned long long)fx->job,
		    sqlite3_errmsg(l->db));
}

/* Asked of those that left results, as there is an index of them among years of history. */
static const char last_sql[] =
    "SELECT status FROM job WHERE spool = ? AND name = ? AND files IS NOT NULL AND state = 8 "
    "ORDER BY id DESC LIMIT 1";

static int last_query(
    sqlite3_stmt *st, const struct fx_last *fx, const struct conf *conf, struct ev_last *ev)
{
	sqlite3_bind_text(st, 1, conf->spool[fx->spool].name, -1, SQLITE_STATIC);
	sqlite3_bind_blob64(st, 2, fx->name, strlen(fx->name), SQLITE_STATIC);
	int rc = sqlite3_step(st);
	int status = rc == SQLITE_ROW ? sqlite3_column_int(st, 0) : STATUS_NONE;
	if (status > STATUS_NONE && status < STATUS_COUNT)
		ev->status = (enum job_status)status;
	return rc == SQLITE_ROW || rc == SQLITE_DONE ? SQLITE_OK : rc;
}

void ledger_last(struct ledger *l, const struct fx_last *fx, const struct conf *conf, struct evq *q)
{
	sqlite3_stmt *st = NULL;
	struct ev_last *ev = &evq_add(q, EV_LAST)->u.last;
	assert(fx->spool < conf->spool_count);
	ev->job = fx->job;
	ev->name = arena_strdup(&q->arena, fx->name);
	int rc = sqlite3_prepare_v2(l->db, last_sql, -1, &st, NULL);
	if (rc == SQLITE_OK)
		rc = last_query(st, fx, conf, ev);
	sqlite3_finalize(st);
	/* Without an answer it has not ended: whoever waits for it goes on waiting. */
	if (rc != SQLITE_OK)
		log_error("job=%llu event=not-recalled error=\"%s\"", (unsigned long long)fx->job,
		    sqlite3_errmsg(l->db));
}
