/* ledgerold: which jobs have ended so long ago that their spool does not keep them any more. */
#include "edge/evq.h"
#include "edge/ledger_int.h"

#include <assert.h>

/* Only history: whose input may still lie in its spool is known by its row, and must stay known. The
 * words of the condition are those of the index. A later run whose results are still to be put in the place
 * of these has not replaced them. */
static const char old_sql[] =
    "SELECT " JOB_COLUMNS ", EXISTS(SELECT 1 FROM job AS later WHERE later.spool = job.spool AND "
    "later.name = job.name AND later.files IS NOT NULL AND later.state = 8 AND later.id > job.id) "
    "FROM job "
    "WHERE state = 8 AND live = 0 AND spool = ?1 AND finished_ms < ?2 AND "
    "(finished_ms, id) > (?3, ?4) ORDER BY finished_ms, id LIMIT ?5";

static void bind(sqlite3_stmt *st, const struct fx_old *fx, const struct conf *conf)
{
	sqlite3_bind_text(st, 1, conf->spool[fx->spool].name, -1, SQLITE_STATIC);
	sqlite3_bind_int64(st, 2, fx->before_ms);
	sqlite3_bind_int64(st, 3, fx->after.ended_ms);
	sqlite3_bind_int64(st, 4, (sqlite3_int64)fx->after.job);
	sqlite3_bind_int(st, 5, fx->limit + 1);
}

/* A row that nobody can have written is left alone: who knows what it would make us remove. */
static int fill(sqlite3_stmt *st, const struct fx_old *fx, const struct conf *conf,
    struct ev_old *ev, struct arena *a)
{
	struct old_row *row = arena_calloc(a, (size_t)fx->limit, sizeof(*row));
	const char *spool;
	int rc;

	ev->row = row;
	while ((rc = sqlite3_step(st)) == SQLITE_ROW) {
		struct old_row *next = &row[ev->count];
		if (ev->count == (size_t)fx->limit) {
			ev->more = true;
			return SQLITE_OK;
		}
		if (!ledgerread_job(a, st, conf, &next->rec, &spool) || next->rec.run == NULL)
			continue;
		assert(next->rec.spool == fx->spool && !next->rec.live);
		next->replaced = sqlite3_column_int(st, sqlite3_column_count(st) - 1) != 0;
		ev->last = (struct old_place){ next->rec.run->finished_ms, next->rec.id };
		ev->count++;
	}
	return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

void ledger_old(struct ledger *l, const struct fx_old *fx, const struct conf *conf, struct evq *q)
{
	struct ev_old *ev = &evq_add(q, EV_OLD)->u.old;
	sqlite3_stmt *st = NULL;

	assert(fx->spool < conf->spool_count && fx->limit > 0);
	ev->spool = fx->spool;
	ev->last = fx->after;
	int rc = sqlite3_prepare_v2(l->db, old_sql, -1, &st, NULL);
	if (rc == SQLITE_OK) {
		bind(st, fx, conf);
		rc = fill(st, fx, conf, ev, &q->arena);
	}
	sqlite3_finalize(st);
	if (rc == SQLITE_OK)
		return;
	ev->count = 0;
	ev->error = arena_printf(&q->arena, "the ledger cannot be read: %s", sqlite3_errmsg(l->db));
}
