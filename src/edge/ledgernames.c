/* ledgernames: what the rows that a start takes over speak of, for one under another configuration. */
#include "edge/ledger_int.h"

#include <assert.h>

/* Each row is a name, and of an endpoint also its URL, of a spool its path. */
static int names_each(sqlite3 *db, const char *sql, const struct ledger_names *to,
    void (*name)(const char *, void *), void (*at)(const char *, const char *, void *))
{
	sqlite3_stmt *st = NULL;
	int rc = sqlite3_prepare_v2(db, sql, -1, &st, NULL);

	while (rc == SQLITE_OK && (rc = sqlite3_step(st)) == SQLITE_ROW) {
		const char *text = (const char *)sqlite3_column_text(st, 0);
		if (at != NULL)
			at(text, (const char *)sqlite3_column_text(st, 1), to->arg);
		else
			name(text, to->arg);
		rc = SQLITE_OK;
	}
	sqlite3_finalize(st);
	return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

/* What is known of a spool is also which directory it is, and that it was used before. */
#define POOLS_SQL "SELECT pool FROM session UNION SELECT name FROM pause WHERE what = 1 ORDER BY 1"
#define SPOOLS_SQL                                                                                 \
	"SELECT known.name, spool.path FROM (SELECT spool AS name FROM job WHERE live = 1"         \
	" UNION SELECT name FROM spool UNION SELECT name FROM pause WHERE what = 2) AS known"      \
	" LEFT JOIN spool ON spool.name = known.name ORDER BY 1"
static_assert(PAUSE_POOL == 1 && PAUSE_SPOOL == 2, "as the ledger has them");

int ledger_names(struct ledger *l, const struct ledger_names *to)
{
	int rc = names_each(l->db,
	    "SELECT endpoint, url FROM session WHERE endpoint IS NOT NULL AND url IS NOT NULL"
	    " ORDER BY id DESC", /* of several URLs the newest first */
	    to, NULL, to->endpoint);

	assert(to->endpoint != NULL && to->pool != NULL && to->spool != NULL);
	if (rc == SQLITE_OK)
		rc = names_each(l->db, POOLS_SQL, to, to->pool, NULL);
	if (rc == SQLITE_OK)
		rc = names_each(l->db, SPOOLS_SQL, to, NULL, to->spool);
	return rc == SQLITE_OK ? 0 : ledger_start_failed(l, rc);
}
