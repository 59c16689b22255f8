/* ledgernames: what the living rows speak of, for a start under another configuration. */
#include "edge/ledger_int.h"

#include <assert.h>

/* Each row is a name, and of an endpoint also its URL. */
static int names_each(
    sqlite3 *db, const char *sql, const struct ledger_names *to, void (*name)(const char *, void *))
{
	sqlite3_stmt *st = NULL;
	int rc = sqlite3_prepare_v2(db, sql, -1, &st, NULL);

	while (rc == SQLITE_OK && (rc = sqlite3_step(st)) == SQLITE_ROW) {
		const char *text = (const char *)sqlite3_column_text(st, 0);
		if (name == NULL)
			to->endpoint(text, (const char *)sqlite3_column_text(st, 1), to->arg);
		else
			name(text, to->arg);
		rc = SQLITE_OK;
	}
	sqlite3_finalize(st);
	return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

int ledger_names(struct ledger *l, const struct ledger_names *to)
{
	int rc = names_each(l->db,
	    "SELECT endpoint, url FROM session WHERE endpoint IS NOT NULL AND url IS NOT NULL"
	    " ORDER BY id DESC", /* of several URLs the newest first */
	    to, NULL);

	assert(to->endpoint != NULL && to->pool != NULL && to->spool != NULL);
	if (rc == SQLITE_OK)
		rc = names_each(
		    l->db, "SELECT DISTINCT pool FROM session ORDER BY pool", to, to->pool);
	if (rc == SQLITE_OK)
		rc = names_each(l->db,
		    "SELECT DISTINCT spool FROM job WHERE live = 1 ORDER BY spool", to, to->spool);
	return rc == SQLITE_OK ? 0 : ledger_start_failed(l, rc);
}
