/* ledgerread: each row becomes the struct that it was, at a start. */
#include "edge/ledger_int.h"

#include "base/log.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* Reads one column after the other; a value that we cannot have written makes the row bad. */
struct get {
	sqlite3_stmt *st;
	int col;
	bool bad;
};

/* Every number has a range, if only that of its type: an enum from a damaged row would be an index
 * somewhere. */
static int64_t get_int(struct get *g, int64_t min, int64_t max)
{
	int64_t v = sqlite3_column_int64(g->st, g->col);

	if (sqlite3_column_type(g->st, g->col++) != SQLITE_INTEGER || v < min || v > max)
		g->bad = true;
	return g->bad ? min : v;
}

static int64_t get_i64(struct get *g)
{
	return get_int(g, INT64_MIN, INT64_MAX);
}

/* The bit pattern that put_u64() wrote. */
static uint64_t get_u64(struct get *g)
{
	return (uint64_t)get_i64(g);
}

/* 0 is nobody, and negative ones would come before all others. */
static uint64_t get_id(struct get *g)
{
	return (uint64_t)get_int(g, 1, INT64_MAX);
}

static uint32_t get_u32(struct get *g)
{
	return (uint32_t)get_int(g, 0, UINT32_MAX);
}

/* -1 for NULL; no number of its kind is negative. */
static int get_int_or_none(struct get *g)
{
	if (sqlite3_column_type(g->st, g->col) != SQLITE_NULL)
		return (int)get_int(g, 0, INT32_MAX);
	g->col++;
	return -1;
}

static bool get_bool(struct get *g)
{
	return get_int(g, 0, 1) == 1;
}

/* Malloc'ed with a NUL behind it; p stays NULL for NULL, and only then. */
static struct bytes get_bytes(struct get *g)
{
	struct bytes b = { 0 };

	if (sqlite3_column_type(g->st, g->col) != SQLITE_NULL) {
		const void *p = sqlite3_column_blob(g->st, g->col); /* NULL when it is empty */
		size_t n = (size_t)sqlite3_column_bytes(g->st, g->col);
		char *copy = xmalloc(n + 1);
		if (p != NULL)
			memcpy(copy, p, n);
		copy[n] = '\0';
		b = (struct bytes){ .p = copy, .n = n };
		g->bad |= p == NULL && n > 0;
	}
	g->col++;
	return b;
}

/* A string of C; a NUL in the middle would hide what comes after it. */
static char *get_text(struct get *g)
{
	struct bytes b = get_bytes(g);

	if (b.p != NULL && strlen(b.p) != b.n)
		g->bad = true;
	return (char *)b.p;
}

/* For columns that are never NULL. */
static char *get_text_given(struct get *g)
{
	char *s = get_text(g);

	g->bad |= s == NULL;
	return s;
}

/* Into an array, such as a token's. */
static void get_text_array(struct get *g, char *out, size_t size)
{
	char *s = get_text_given(g);

	if (s != NULL && strlen(s) < size)
		memcpy(out, s, strlen(s) + 1);
	else
		g->bad = true;
	free(s);
}

static void get_ident(struct get *g, struct ident *id)
{
	id->dev = get_u64(g);
	id->ino = get_u64(g);
	id->size = get_i64(g);
	id->mtime_ns = get_i64(g);
	id->ctime_ns = get_i64(g);
	id->uid = get_u32(g);
	id->gid = get_u32(g);
	id->mode = get_u32(g);
	id->nlink = get_u32(g);
}

/* Columns in the order of RUN_COLUMNS, as put_run() has them. */
static struct run_rec *get_run(struct get *g)
{
	struct run_rec *run = xcalloc(1, sizeof *run);

	get_text_array(g, run->token, sizeof run->token);
	get_text_array(g, run->sha256, sizeof run->sha256);
	run->session = get_u64(g);
	run->session_name = get_text(g);
	run->statement = get_i64(g);
	run->started_ms = get_i64(g);
	run->finished_ms = get_i64(g);
	run->status = (enum job_status)get_int(g, STATUS_NONE, STATUS_COUNT - 1);
	run->error_name = get_text(g);
	run->error_message = get_text(g);
	run->warnings = get_text(g);
	run->files = get_text(g);
	run->hidden = get_text(g);
	run->superseded = get_bool(g);
	run->recorded = get_bool(g);
	run->script = get_bool(g);
	run->exit_code = get_int_or_none(g);
	run->moved_to = get_text(g);
	return run;
}

/* How many rows were left alone, for want of their spool or pool: they come back with the name. */
struct unnamed {
	size_t sessions;
	size_t spools;
	size_t jobs;
};

/* What a replay carries from row to row. */
struct replaying {
	const struct conf *conf;
	const struct ledger_replay *to;
	struct unnamed *unnamed;
};

/* SQLite found the page sound, so the row was changed by somebody else, or by a mistake of ours:
 * which one it is helps to tell. The first column is the key of every table. */
static int row_damaged(const char *what, sqlite3_stmt *st)
{
	log_error("ledger.db: the row of %s=%s cannot be read", what,
	    (const char *)sqlite3_column_text(st, 0));
	return SQLITE_CORRUPT;
}

/* The number of a name, removed or not; false when the configuration does not have it. Looked up before
 * anything of a row is copied. */
static bool get_spool(struct get *g, const struct conf *conf, size_t *spool)
{
	const char *name = (const char *)sqlite3_column_text(g->st, g->col++);

	for (*spool = 0; *spool < conf->spool_count; ++*spool)
		if (str_eq(conf->spool[*spool].name, name))
			return true;
	return false;
}

static bool get_pool(struct get *g, const struct conf *conf, size_t *pool)
{
	const char *name = (const char *)sqlite3_column_text(g->st, g->col++);

	for (*pool = 0; *pool < conf->pool_count; ++*pool)
		if (str_eq(conf->pool[*pool].name, name))
			return true;
	return false;
}

static bool find_endpoint(const struct conf *conf, const char *name, size_t *endpoint)
{
	for (*endpoint = 0; *endpoint < conf->endpoint_count; ++*endpoint)
		if (str_eq(conf->endpoint[*endpoint].name, name))
			return true;
	return false;
}

/* A row of before version 5 does not say where its session lives and as whom it runs: where its pool has
 * it run, and as that one says now, except that an owner's own can be told from others. */
static bool place_of_before(const struct conf *conf, struct session_rec *rec)
{
	const struct conf_pool *pool = &conf->pool[rec->pool];
	bool of_owner = rec->proxy_user != NULL;
	bool wants_owner = str_eq(pool->session.proxy_user, "%owner");

	if (pool->removed) /* the file does not name it: nobody knows where that was */
		return false;
	rec->endpoint = pool->endpoint;
	rec->url = xstrdup(conf->endpoint[pool->endpoint].url);
	if (of_owner)
		rec->run_as = xstrdup("%owner");
	else
		rec->run_as = xstrdup(wants_owner ? NULL : pool->session.proxy_user);
	return true;
}

/* The last three columns; false: it cannot be placed. */
static bool get_place(struct get *g, const struct conf *conf, struct session_rec *rec)
{
	const char *name = (const char *)sqlite3_column_text(g->st, g->col++);

	if (name == NULL)
		return place_of_before(conf, rec);
	rec->url = get_text_given(g);
	rec->run_as = get_text(g);
	return find_endpoint(conf, name, &rec->endpoint);
}

static void session_free(struct session_rec *rec)
{
	free(rec->url);
	free(rec->run_as);
	free(rec->proxy_user);
	free(rec->name);
	free(rec->livy_id);
	free(rec->boot);
}

static int session_replay(sqlite3_stmt *st, const struct replaying *re)
{
	struct get g = { .st = st };
	struct session_rec rec = { .id = get_id(&g) };
	bool placed;

	if (!get_pool(&g, re->conf, &rec.pool)) {
		re->unnamed->sessions++;
		return SQLITE_OK;
	}
	rec.kind = (enum kind)get_int(&g, 0, KIND_SESSIONS - 1);
	rec.state = (enum session_state)get_int(&g, SESSION_CREATING, SESSION_GONE - 1);
	rec.owner = get_i64(&g);
	rec.proxy_user = get_text(&g);
	rec.name = get_text_given(&g);
	rec.livy_id = get_text(&g);
	get_text_array(&g, rec.token, sizeof rec.token);
	rec.last_statement = get_i64(&g);
	rec.created_ms = get_i64(&g);
	rec.statements = (int)get_int(&g, INT32_MIN, INT32_MAX);
	rec.boot = get_text(&g);
	placed = get_place(&g, re->conf, &rec);
	if (!g.bad && placed) {
		re->to->session(&rec, re->to->arg);
		return SQLITE_OK;
	}
	session_free(&rec);
	re->unnamed->sessions += !placed;
	return g.bad ? row_damaged("session", st) : SQLITE_OK;
}

static int spool_replay(sqlite3_stmt *st, const struct replaying *re)
{
	struct get g = { .st = st };
	struct spool_rec rec = { 0 };

	if (!get_spool(&g, re->conf, &rec.spool)) {
		re->unnamed->spools++;
		return SQLITE_OK;
	}
	rec.dev = get_u64(&g);
	rec.ino = get_u64(&g);
	if (g.bad)
		return row_damaged("spool", st);
	re->to->spool(&rec, re->to->arg);
	return SQLITE_OK;
}

static int pause_replay(sqlite3_stmt *st, const struct replaying *re)
{
	struct get g = { .st = st };
	struct pause_rec rec = { .on = true };

	rec.what = (enum pause_what)get_int(&g, PAUSE_ALL, PAUSE_COUNT - 1);
	if (g.bad)
		return row_damaged("pause", st);
	if ((rec.what == PAUSE_POOL && !get_pool(&g, re->conf, &rec.index)) ||
	    (rec.what == PAUSE_SPOOL && !get_spool(&g, re->conf, &rec.index)))
		return SQLITE_OK; /* it comes back with the name */
	re->to->pause(&rec, re->to->arg);
	return SQLITE_OK;
}

/* Only for rows that are refused; the others belong to the callee. */
static void job_free(struct job_rec *rec)
{
	free(rec->name);
	free(rec->old_files);
	if (rec->run == NULL)
		return;
	free(rec->run->session_name);
	free(rec->run->error_name);
	free(rec->run->error_message);
	free(rec->run->warnings);
	free(rec->run->files);
	free(rec->run->hidden);
	free(rec->run->moved_to);
	free(rec->run);
}

static void get_job(struct get *g, struct job_rec *rec)
{
	rec->name = get_text_given(g);
	get_ident(g, &rec->ident);
	rec->state = (enum job_state)get_int(g, JOB_QUEUED, JOB_STATES - 1);
	rec->kind = (enum kind)get_int(g, 0, KIND_COUNT - 1);
	rec->live = get_bool(g);
	rec->attempts = get_u32(g);
	rec->queued_ms = get_i64(g);
	rec->old_files = get_text(g);
	rec->held = (enum job_held)get_int(g, HELD_NOT, HELD_COUNT - 1);
	if (get_bool(g))
		rec->run = get_run(g);
}

/* The two blobs come last, behind however many columns the job has. */
static int job_replay(sqlite3_stmt *st, const struct replaying *re)
{
	struct get g = { .st = st };
	struct get blob = { .st = st, .col = sqlite3_column_count(st) - 2 };
	struct job_rec rec = { .id = get_id(&g) };
	struct bytes code, answer;

	if (!get_spool(&g, re->conf, &rec.spool)) {
		re->unnamed->jobs++;
		return SQLITE_OK;
	}
	get_job(&g, &rec);
	code = get_bytes(&blob);
	answer = get_bytes(&blob);
	if (!g.bad && !blob.bad) {
		re->to->job(&rec, code, answer, re->to->arg);
		return SQLITE_OK;
	}
	job_free(&rec);
	free((char *)code.p);
	free((char *)answer.p);
	return row_damaged("job", st);
}

static void take_job(struct arena *a, struct job_rec *rec)
{
	arena_take(a, rec->name);
	arena_take(a, rec->old_files);
	if (rec->run == NULL)
		return;
	arena_take(a, rec->run->session_name);
	arena_take(a, rec->run->error_name);
	arena_take(a, rec->run->error_message);
	arena_take(a, rec->run->warnings);
	arena_take(a, rec->run->files);
	arena_take(a, rec->run->hidden);
	arena_take(a, rec->run->moved_to);
	arena_take(a, rec->run);
}

bool ledgerread_job(struct arena *a, sqlite3_stmt *st, const struct conf *conf, struct job_rec *rec,
    const char **spool)
{
	struct get g = { .st = st };

	*rec = (struct job_rec){ .id = get_id(&g) };
	*spool = (const char *)sqlite3_column_text(st, g.col);
	if (!get_spool(&g, conf, &rec->spool) || conf->spool[rec->spool].removed)
		rec->spool = SIZE_MAX;
	get_job(&g, rec);
	take_job(a, rec);
	return !g.bad && *spool != NULL;
}

/* Row by row, so that a ledger of any size is replayed in the memory of one row. */
static int replay_each(sqlite3 *db, const char *sql, const struct replaying *re,
    int (*row)(sqlite3_stmt *, const struct replaying *))
{
	sqlite3_stmt *st = NULL;
	int rc = sqlite3_prepare_v2(db, sql, -1, &st, NULL);

	while (rc == SQLITE_OK && (rc = sqlite3_step(st)) == SQLITE_ROW)
		rc = row(st, re);
	sqlite3_finalize(st);
	return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

/* Sessions first: a job that was sent looks for its session. */
static int replay_all(
    sqlite3 *db, const struct conf *conf, const struct ledger_replay *to, struct unnamed *unnamed)
{
	static const char jobs[] =
	    "SELECT " JOB_COLUMNS ", code.data, answer.data FROM job"
	    " LEFT JOIN blob AS code ON code.job = id AND code.what = 1"
	    " LEFT JOIN blob AS answer ON answer.job = id AND answer.what = 2"
	    " WHERE live = 1 ORDER BY id";
	struct replaying re = { .conf = conf, .to = to, .unnamed = unnamed };
	int rc;

	assert(to->session != NULL && to->spool != NULL && to->pause != NULL && to->job != NULL);
	rc = replay_each(
	    db, "SELECT " SESSION_COLUMNS " FROM session ORDER BY id", &re, session_replay);
	if (rc == SQLITE_OK)
		rc = replay_each(
		    db, "SELECT name, dev, ino FROM spool ORDER BY name", &re, spool_replay);
	if (rc == SQLITE_OK)
		rc = replay_each(
		    db, "SELECT what, name FROM pause ORDER BY what, name", &re, pause_replay);
	if (rc == SQLITE_OK)
		rc = replay_each(db, jobs, &re, job_replay);
	return rc;
}

int ledger_replay(struct ledger *l, const struct conf *conf, const struct ledger_replay *to)
{
	struct unnamed unnamed = { 0 };
	int rc = replay_all(l->db, conf, to, &unnamed);

	if (rc != SQLITE_OK)
		return ledger_start_failed(l, rc);
	if (unnamed.jobs + unnamed.sessions + unnamed.spools > 0)
		log_warn("%s: left alone, as the configuration does not name their spool or pool: "
			 "jobs=%zu sessions=%zu spools=%zu",
		    l->path, unnamed.jobs, unnamed.sessions, unnamed.spools);
	return 0;
}
