/* ledgerpaths: the rows of a spool's files go with its directory, whatever the configuration calls it now.
 *
 * Files are known by their spool's name. Under another one all that lies there would be new, and run again. */
#include "edge/ledger_int.h"

#include "base/log.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* No name has it: what two spools exchange goes by way of such names. */
#define IN_BETWEEN "\n"

struct renames {
	char **from;
	const char **to; /* the configuration's */
	size_t count;
};

static const char *name_at(const struct conf *conf, const char *path)
{
	for (size_t i = 0; i < conf->spool_count; i++)
		if (!conf->spool[i].removed && str_eq(conf->spool[i].path, path))
			return conf->spool[i].name;
	return NULL;
}

/* The directory was moved and its spool has its name still; whatever has its former path now is another. */
static bool has_moved(const struct conf *conf, const char *name, int64_t dev, int64_t ino)
{
	struct stat st;

	for (size_t i = 0; i < conf->spool_count; i++)
		if (!conf->spool[i].removed && str_eq(conf->spool[i].name, name))
			return stat(conf->spool[i].path, &st) == 0 && (int64_t)st.st_dev == dev &&
			       (int64_t)st.st_ino == ino;
	return false;
}

static void add(struct renames *r, const char *from, const char *to)
{
	r->from = xrealloc(r->from, (r->count + 1) * sizeof(*r->from));
	r->to = xrealloc(r->to, (r->count + 1) * sizeof(*r->to));
	r->from[r->count] = xstrdup(from);
	r->to[r->count++] = to;
}

/* is: there is a row; NULL: it asks for none. */
static int run(sqlite3 *db, const char *sql, const char *first, const char *second, bool *is)
{
	sqlite3_stmt *st = NULL;
	int rc = sqlite3_prepare_v2(db, sql, -1, &st, NULL);

	if (rc == SQLITE_OK) {
		sqlite3_bind_text(st, 1, first, -1, SQLITE_STATIC);
		sqlite3_bind_text(st, 2, second, -1, SQLITE_STATIC);
		rc = sqlite3_step(st);
	}
	if (is != NULL)
		*is = rc == SQLITE_ROW;
	sqlite3_finalize(st);
	return rc == SQLITE_ROW || rc == SQLITE_DONE ? SQLITE_OK : rc;
}

/* The name is known at that path itself: a reload has given another directory to the spool that was there
 * before, and then this name to the path. Each keeps what it has. */
static int was_there(sqlite3 *db, const char *name, const char *path, bool *was)
{
	return run(db, "SELECT 1 FROM spool WHERE name = ?1 AND path = ?2", name, path, was);
}

static int find(sqlite3 *db, const struct conf *conf, struct renames *r)
{
	sqlite3_stmt *st = NULL;
	int rc = sqlite3_prepare_v2(db,
	    "SELECT name, path, dev, ino FROM spool WHERE path IS NOT NULL ORDER BY name", -1, &st,
	    NULL);

	while (rc == SQLITE_OK && (rc = sqlite3_step(st)) == SQLITE_ROW) {
		const char *name = (const char *)sqlite3_column_text(st, 0);
		const char *path = (const char *)sqlite3_column_text(st, 1);
		const char *now = name_at(conf, path);
		bool stays =
		    now == NULL || str_eq(now, name) ||
		    has_moved(conf, name, sqlite3_column_int64(st, 2), sqlite3_column_int64(st, 3));
		rc = stays ? SQLITE_OK : was_there(db, now, path, &stays);
		if (!stays)
			add(r, name, now);
	}
	sqlite3_finalize(st);
	return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

static int rename_all(sqlite3 *db, const char *from, const char *to)
{
	static const char *const sql[] = {
		"UPDATE job SET spool = ?2 WHERE spool = ?1",
		"UPDATE OR REPLACE spool SET name = ?2 WHERE name = ?1",
		"UPDATE OR REPLACE pause SET name = ?2 WHERE name = ?1 AND what = 2",
	};
	int rc = SQLITE_OK;

	static_assert(PAUSE_SPOOL == 2, "as the ledger has it");
	for (size_t i = 0; rc == SQLITE_OK && i < ARRAY_LEN(sql); i++)
		rc = run(db, sql[i], from, to, NULL);
	return rc;
}

/* Out of the way first: two may have exchanged their names. */
static int rename_each(sqlite3 *db, const struct renames *r)
{
	int rc = SQLITE_OK;

	for (int last = 0; last < 2; last++) {
		for (size_t i = 0; rc == SQLITE_OK && i < r->count; i++) {
			char *between = xasprintf(IN_BETWEEN "%s", r->from[i]);
			rc = last ? rename_all(db, between, r->to[i])
				  : rename_all(db, r->from[i], between);
			free(between);
		}
	}
	return rc;
}

static bool goes_away(const struct renames *r, const char *name)
{
	for (size_t i = 0; i < r->count; i++)
		if (str_eq(r->from[i], name))
			return true;
	return false;
}

static bool had_both(const struct renames *r, size_t i)
{
	for (size_t j = 0; j < i; j++) {
		if (!str_eq(r->to[j], r->to[i]))
			continue;
		log_error(
		    "event=not-started error=\"spool '%s' has the path now that the spools '%s' "
		    "and '%s' had: what has run in the two could not be told apart; give it one of "
		    "their names again\"",
		    r->to[i], r->from[j], r->from[i]);
		return true;
	}
	return false;
}

/* One name for two directories, or two names for one: the rows of both could not be told apart any more. */
static int check(const struct ledger *l, const struct renames *r)
{
	for (size_t i = 0; i < r->count; i++) {
		bool has = false;
		if (had_both(r, i))
			return -1;
		if (goes_away(r, r->to[i]))
			continue;
		int rc = run(
		    l->db, "SELECT 1 FROM job WHERE live = 1 AND spool = ?1", r->to[i], NULL, &has);
		if (rc != SQLITE_OK)
			return ledger_start_failed(l, rc);
		if (!has)
			continue;
		log_error(
		    "event=not-started error=\"spool '%s' has the path now that spool '%s' "
		    "had, and was another directory before: what has run in the two could not be "
		    "told apart; give it a name that is new, or '%s' again\"",
		    r->to[i], r->from[i], r->from[i]);
		return -1;
	}
	return 0;
}

static int carry_out(struct ledger *l, const struct renames *r)
{
	int rc = sqlite3_exec(l->db, "BEGIN IMMEDIATE", NULL, NULL, NULL);

	if (rc == SQLITE_OK)
		rc = rename_each(l->db, r);
	if (rc == SQLITE_OK)
		rc = sqlite3_exec(l->db, "COMMIT", NULL, NULL, NULL);
	if (rc != SQLITE_OK) {
		(void)ledger_start_failed(l, rc);
		sqlite3_exec(l->db, "ROLLBACK", NULL, NULL, NULL);
		return -1;
	}
	for (size_t i = 0; i < r->count; i++)
		log_warn("spool=%s event=renamed from=%s: what is known of the files there goes "
			 "with their directory",
		    r->to[i], r->from[i]);
	return 0;
}

/* Rows of an earlier release do not say which path theirs was: that of now. That of a directory that was
 * moved is written down here, as for the core it is the same one. */
static int note_path(sqlite3 *db, const struct conf *conf, const struct conf_spool *sp)
{
	sqlite3_stmt *st = NULL;
	int rc = sqlite3_prepare_v2(
	    db, "SELECT path IS NULL, dev, ino FROM spool WHERE name = ?1", -1, &st, NULL);
	bool note = false;

	if (rc == SQLITE_OK)
		sqlite3_bind_text(st, 1, sp->name, -1, SQLITE_STATIC);
	if (rc == SQLITE_OK && (rc = sqlite3_step(st)) == SQLITE_ROW)
		note = sqlite3_column_int(st, 0) != 0 ||
		       has_moved(conf, sp->name, sqlite3_column_int64(st, 1),
			   sqlite3_column_int64(st, 2));
	sqlite3_finalize(st);
	if (note)
		return run(db, "UPDATE spool SET path = ?2 WHERE name = ?1 AND path IS NOT ?2",
		    sp->name, sp->path, NULL);
	return rc == SQLITE_ROW || rc == SQLITE_DONE ? SQLITE_OK : rc;
}

static int note_paths(struct ledger *l, const struct conf *conf)
{
	int rc = SQLITE_OK;

	for (size_t i = 0; rc == SQLITE_OK && i < conf->spool_count; i++)
		if (!conf->spool[i].removed)
			rc = note_path(l->db, conf, &conf->spool[i]);
	return rc == SQLITE_OK ? 0 : ledger_start_failed(l, rc);
}

int ledger_follow_paths(struct ledger *l, const struct conf *conf)
{
	struct renames r = { 0 };
	int err, rc = find(l->db, conf, &r);

	assert(l->db != NULL);
	err = rc != SQLITE_OK ? ledger_start_failed(l, rc) : check(l, &r);
	if (err == 0 && r.count > 0)
		err = carry_out(l, &r);
	for (size_t i = 0; i < r.count; i++)
		free(r.from[i]);
	free(r.from);
	free(r.to);
	return err == 0 ? note_paths(l, conf) : err;
}
