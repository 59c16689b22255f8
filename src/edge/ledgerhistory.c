/* ledgerhistory: what peers of the control socket ask about jobs that have ended. */
#include "edge/evq.h"
#include "edge/ledger_int.h"

#include "base/log.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define SQL_BYTES_MAX 4096
#define BINDS_MAX 16

/* A query in the making: each condition brings the value that it is bound to. */
struct query {
	struct buf sql;
	struct {
		int64_t number;
		const char *text; /* NULL: the number */
		bool blob;
	} bind[BINDS_MAX];
	int count;
	const char *word; /* in front of the next condition */
};

static void add_value(struct query *u, const char *condition, int64_t number, const char *text)
{
	assert(u->count < BINDS_MAX);
	(void)buf_addf(&u->sql, "%s%s", u->word, condition);
	u->word = " AND ";
	u->bind[u->count].number = number;
	u->bind[u->count++].text = text;
}

/* Names of files are bytes there. */
static void add_name(struct query *u, const struct fx_history *fx)
{
	if (fx->glob) {
		add_value(u, "CAST(name AS TEXT) GLOB ?", 0, fx->name);
		return;
	}
	add_value(u, "name = ?", 0, fx->name);
	u->bind[u->count - 1].blob = true;
}

static void add_conditions(struct query *u, const struct fx_history *fx)
{
	if (fx->job != 0)
		add_value(u, "id = ?", (int64_t)fx->job, NULL);
	if (fx->spool != NULL)
		add_value(u, "spool = ?", 0, fx->spool);
	if (fx->name != NULL)
		add_name(u, fx);
	if (fx->owner >= 0)
		add_value(u, "uid = ?", fx->owner, NULL);
	if (fx->before != 0)
		add_value(u, "id < ?", (int64_t)fx->before, NULL);
	if (fx->status != STATUS_NONE)
		add_value(u, "status = ?", fx->status, NULL);
	if (fx->since_ms > 0)
		add_value(u, "finished_ms >= ?", fx->since_ms, NULL);
	if (fx->until_ms > 0)
		add_value(u, "finished_ms < ?", fx->until_ms, NULL);
	if (fx->job == 0)
		add_value(u, "state = ?", JOB_DONE, NULL);
}

/* The place among the ends comes last, behind the columns of the job. */
static void build(struct query *u, const struct fx_history *fx)
{
	buf_init(&u->sql, SQL_BYTES_MAX);
	u->word = " WHERE ";
	if (fx->ends) {
		(void)buf_adds(&u->sql,
		    "SELECT " JOB_COLUMNS ", seq FROM ended JOIN job ON job.id = ended.job");
		add_value(u, "seq > ?", (int64_t)fx->after, NULL);
		if (fx->owner >= 0)
			add_value(u, "owner = ?", fx->owner, NULL);
		(void)buf_adds(&u->sql, " ORDER BY seq");
	} else {
		(void)buf_adds(&u->sql, "SELECT " JOB_COLUMNS ", 0 FROM job");
		add_conditions(u, fx);
		(void)buf_adds(&u->sql, " ORDER BY id DESC");
	}
	(void)buf_addf(&u->sql, " LIMIT %d", fx->limit + 1);
	assert(!u->sql.full);
}

static void bind(const struct query *u, sqlite3_stmt *st)
{
	for (int i = 0; i < u->count; i++) {
		const char *text = u->bind[i].text;
		if (text == NULL)
			sqlite3_bind_int64(st, i + 1, u->bind[i].number);
		else if (u->bind[i].blob)
			sqlite3_bind_blob64(st, i + 1, text, strlen(text), SQLITE_STATIC);
		else
			sqlite3_bind_text(st, i + 1, text, -1, SQLITE_STATIC);
	}
}

/* A row that nobody can have written is left out: it helps nobody here. */
static int fill(sqlite3_stmt *st, const struct fx_history *fx, const struct conf *conf,
    struct ev_history *ev, struct arena *a)
{
	struct history_row *row = arena_calloc(a, (size_t)fx->limit, sizeof(*row));
	int rc;

	ev->row = row;
	while ((rc = sqlite3_step(st)) == SQLITE_ROW) {
		struct history_row *next = &row[ev->count];
		if (ev->count == (size_t)fx->limit) {
			ev->more = true;
			return SQLITE_OK;
		}
		if (!ledgerread_job(a, st, conf, &next->rec, &next->spool))
			continue;
		next->spool = arena_strdup(a, next->spool);
		next->ended = (uint64_t)sqlite3_column_int64(st, sqlite3_column_count(st) - 1);
		ev->count++;
	}
	return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

static int find(struct ledger *l, const struct fx_history *fx, const struct conf *conf,
    struct ev_history *ev, struct arena *a)
{
	struct query u = { .count = 0 };
	sqlite3_stmt *st = NULL;
	int rc;

	build(&u, fx);
	rc = sqlite3_prepare_v2(l->db, u.sql.data, -1, &st, NULL);
	if (rc == SQLITE_OK) {
		bind(&u, st);
		rc = fill(st, fx, conf, ev, a);
	}
	sqlite3_finalize(st);
	buf_fini(&u.sql);
	return rc;
}

/* SQLite's own count of the numbers that it has given: it holds also when the last rows are gone. */
static int find_last(struct ledger *l, uint64_t *last)
{
	sqlite3_stmt *st = NULL;
	int rc = sqlite3_prepare_v2(
	    l->db, "SELECT seq FROM sqlite_sequence WHERE name = 'ended'", -1, &st, NULL);

	if (rc == SQLITE_OK)
		rc = sqlite3_step(st);
	if (rc == SQLITE_ROW)
		*last = (uint64_t)sqlite3_column_int64(st, 0);
	sqlite3_finalize(st);
	return rc == SQLITE_ROW || rc == SQLITE_DONE ? SQLITE_OK : rc;
}

void ledger_history(
    struct ledger *l, const struct fx_history *fx, const struct conf *conf, struct evq *q)
{
	struct ev_history ev = { .peer = fx->peer, .seq = fx->seq };
	int rc = SQLITE_OK;

	assert(fx->limit > 0);
	if (fx->ends)
		rc = find_last(l, &ev.last);
	if (rc == SQLITE_OK && !fx->last)
		rc = find(l, fx, conf, &ev, &q->arena);
	if (rc != SQLITE_OK)
		ev.error =
		    arena_printf(&q->arena, "the ledger cannot be read: %s", sqlite3_errmsg(l->db));
	evq_add(q, EV_HISTORY)->u.history = ev;
}
