/* ledgerupgrade: the tables of a former release become this one's, in place. */
#include "edge/ledger_int.h"

#include "base/log.h"
#include <assert.h>
#include <inttypes.h>
#include <stdio.h>

/* From each version to the next. ADD COLUMN touches no row, so years of history cost nothing: what
 * is there already reads as the column's default. */
static const char *step_sql(int64_t version)
{
	static const char *const sql[LEDGER_VERSION] = {
		/* No run was a script before there was a runner. */
		[1] = "ALTER TABLE job ADD COLUMN script INT DEFAULT 0;"
		      "ALTER TABLE job ADD COLUMN exit_code INT;"
		      "ALTER TABLE session ADD COLUMN boot TEXT",
		[2] = "ALTER TABLE job ADD COLUMN held INT NOT NULL DEFAULT 0;"
		      "CREATE TABLE pause(what INT NOT NULL, name TEXT NOT NULL,"
		      " PRIMARY KEY(what, name)) STRICT;"
		/* What has ended before has no place in that order. */
		LEDGER_ENDED_SQL,
		/* Where inputs were moved to before, nobody has written down: they stay there. */
		[3] = "ALTER TABLE job ADD COLUMN moved_to BLOB;" LEDGER_OLD_SQL,
		/* Which path a spool's was is noted at the next start (ledgerpaths). A session of before is where its pool says (ledgerread). */
		[4] = "ALTER TABLE session ADD COLUMN endpoint TEXT;"
		      "ALTER TABLE session ADD COLUMN url TEXT;"
		      "ALTER TABLE session ADD COLUMN run_as TEXT;"
		      "ALTER TABLE spool ADD COLUMN path TEXT;"
		      "DROP INDEX IF EXISTS job_files;" LEDGER_NAME_SQL,
	};

	assert(version >= 1 && version < LEDGER_VERSION && sql[version] != NULL);
	return sql[version];
}

bool ledger_upgrade_knows(int64_t version)
{
	return version >= 1 && version <= LEDGER_VERSION;
}

/* All steps at once: no start ever finds a version between two releases'. */
static int upgrade(sqlite3 *db, int64_t version)
{
	char mark[64];
	int rc = sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL);

	for (; rc == SQLITE_OK && version < LEDGER_VERSION; version++)
		rc = sqlite3_exec(db, step_sql(version), NULL, NULL, NULL);
	snprintf(mark, sizeof mark, "PRAGMA user_version = %d; COMMIT", LEDGER_VERSION);
	return rc != SQLITE_OK ? rc : sqlite3_exec(db, mark, NULL, NULL, NULL);
}

/* When it fails the caller closes the database, and with it goes what was begun. */
int ledger_upgrade(struct ledger *l, int64_t version)
{
	int rc;

	if (version == LEDGER_VERSION)
		return SQLITE_OK;
	rc = upgrade(l->db, version);
	if (rc == SQLITE_OK)
		log_info("%s: upgraded from ledger version %" PRId64
			 " to %d; an older sparkspool cannot read it any more",
		    l->path, version, LEDGER_VERSION);
	return rc;
}
