/* worldledger: the rows, as edge/ledger keeps them. */
#include "world.h"

#include <stdlib.h>
#include <string.h>

static const char *job_state_word(enum job_state state)
{
	static const char *const word[JOB_STATES] = { "SETTLING", "QUEUED", "READING", "SENDING",
		"RUNNING", "ANSWERED", "STAGED", "DISPOSING", "DONE" };
	return word[state];
}

static const char *session_state_word(enum session_state state)
{
	static const char *const word[SESSION_STATES] = { "?", "CREATING", "LOOKING", "STARTING",
		"GREETING", "IDLE", "BUSY", "PROBING", "RETIRED", "DELETING", "GONE" };
	return word[state];
}

static const char *status_word(const struct run_rec *run)
{
	static const char *const word[STATUS_COUNT] = { "", " ok", " error", " timeout",
		" cancelled", " died", " unknown", " rejected" };
	return run == NULL ? "" : word[run->status];
}

/* ---- copies --------------------------------------------------------------------------------- */

static struct run_rec *run_dup(const struct run_rec *run)
{
	if (run == NULL)
		return NULL;
	struct run_rec *copy = xmemdup(run, sizeof(*run));
	copy->session_name = xstrdup(run->session_name);
	copy->error_name = xstrdup(run->error_name);
	copy->error_message = xstrdup(run->error_message);
	copy->warnings = xstrdup(run->warnings);
	copy->files = xstrdup(run->files);
	copy->hidden = xstrdup(run->hidden);
	copy->moved_to = xstrdup(run->moved_to);
	return copy;
}

static void run_free(struct run_rec *run)
{
	if (run == NULL)
		return;
	free(run->session_name);
	free(run->error_name);
	free(run->error_message);
	free(run->warnings);
	free(run->files);
	free(run->hidden);
	free(run->moved_to);
	free(run);
}

static struct job_rec job_dup(const struct job_rec *rec)
{
	struct job_rec copy = *rec;
	copy.name = xstrdup(rec->name);
	copy.old_files = xstrdup(rec->old_files);
	copy.run = run_dup(rec->run);
	return copy;
}

static void job_clear(struct job_rec *rec)
{
	free(rec->name);
	free(rec->old_files);
	run_free(rec->run);
}

static struct session_rec session_dup(const struct session_rec *rec)
{
	struct session_rec copy = *rec;
	copy.name = xstrdup(rec->name);
	copy.livy_id = xstrdup(rec->livy_id);
	copy.url = xstrdup(rec->url);
	copy.run_as = xstrdup(rec->run_as);
	copy.proxy_user = xstrdup(rec->proxy_user);
	copy.boot = xstrdup(rec->boot);
	return copy;
}

static void session_clear(struct session_rec *rec)
{
	free(rec->name);
	free(rec->livy_id);
	free(rec->url);
	free(rec->run_as);
	free(rec->proxy_user);
	free(rec->boot);
}

void ledger_fini(struct world_ledger *l)
{
	for (size_t i = 0; i < l->jobs; i++) {
		job_clear(&l->job[i].rec);
		free(l->job[i].code);
		free(l->job[i].answer);
	}
	for (size_t i = 0; i < l->sessions; i++)
		session_clear(&l->session[i]);
	free(l->job);
	free(l->end);
	free(l->session);
	*l = (struct world_ledger){ 0 };
}

/* ---- rows ----------------------------------------------------------------------------------- */

const struct world_row *ledger_job(const struct world_ledger *l, uint64_t id)
{
	for (size_t i = 0; i < l->jobs; i++)
		if (l->job[i].rec.id == id)
			return &l->job[i];
	return NULL;
}

const struct session_rec *ledger_session(const struct world_ledger *l, uint64_t id)
{
	for (size_t i = 0; i < l->sessions; i++)
		if (l->session[i].id == id)
			return &l->session[i];
	return NULL;
}

/* Where the row with this id is, or belongs: rows lie in the order of their ids. */
static struct world_row *job_place(struct world_ledger *l, uint64_t id)
{
	size_t at = l->jobs;
	while (at > 0 && l->job[at - 1].rec.id >= id)
		at--;
	if (at < l->jobs && l->job[at].rec.id == id)
		return &l->job[at];
	l->job = xrealloc(l->job, (l->jobs + 1) * sizeof(*l->job));
	memmove(&l->job[at + 1], &l->job[at], (l->jobs - at) * sizeof(*l->job));
	l->jobs++;
	memset(&l->job[at], 0, sizeof(l->job[at]));
	return &l->job[at];
}

static void set_blob(char **p, size_t *n, struct bytes b)
{
	if (b.p == NULL)
		return;
	free(*p);
	*p = xmemdup(b.p, b.n + 1);
	*n = b.n;
}

static void drop_blobs(struct world_row *row)
{
	free(row->code);
	free(row->answer);
	row->code = row->answer = NULL;
	row->code_bytes = row->answer_bytes = 0;
}

static void put_job(struct world *w, const struct fx_row_job *fx)
{
	struct world_ledger *l = &w->ledger;
	ledger_end(l, &fx->rec);
	struct world_row *row = job_place(l, fx->rec.id);
	struct run_rec *run = row->rec.run;
	struct job_rec old = row->rec;
	row->rec = job_dup(&fx->rec);
	/* A done job's row without a run leaves the run alone (core/rec.h). */
	if (fx->rec.run == NULL && fx->rec.state == JOB_DONE) {
		row->rec.run = run;
		old.run = NULL;
	}
	job_clear(&old);
	if (row->rec.state == JOB_READING)
		row->rec.state = JOB_QUEUED;
	if (fx->drop_blobs)
		drop_blobs(row);
	set_blob(&row->code, &row->code_bytes, fx->code);
	set_blob(&row->answer, &row->answer_bytes, fx->answer);
	if (fx->rec.id > l->last_job)
		l->last_job = fx->rec.id;
	(void)buf_addf(&w->trace, "+ job %llu %s%s%s%s%s%s\n", (unsigned long long)fx->rec.id,
	    job_state_word(fx->rec.state), status_word(fx->rec.run),
	    fx->code.p == NULL ? "" : " +code", fx->answer.p == NULL ? "" : " +answer",
	    fx->drop_blobs ? " -blobs" : "", fx->rec.live ? "" : " history");
}

void ledger_drop(struct world_ledger *l, struct world_row *row)
{
	size_t at = (size_t)(row - l->job);
	job_clear(&row->rec);
	drop_blobs(row);
	memmove(row, row + 1, (--l->jobs - at) * sizeof(*row));
}

static void put_session(struct world *w, const struct session_rec *rec)
{
	struct world_ledger *l = &w->ledger;
	size_t at = 0;
	(void)buf_addf(&w->trace, "+ session %llu %s %lld\n", (unsigned long long)rec->id,
	    session_state_word(rec->state), (long long)rec->last_statement);
	while (at < l->sessions && l->session[at].id != rec->id)
		at++;
	if (rec->id > l->last_session)
		l->last_session = rec->id;
	if (at < l->sessions)
		session_clear(&l->session[at]);
	if (rec->state == SESSION_GONE) {
		if (at < l->sessions)
			memmove(&l->session[at], &l->session[at + 1],
			    (--l->sessions - at) * sizeof(*l->session));
		return;
	}
	if (at == l->sessions)
		l->session = xrealloc(l->session, ++l->sessions * sizeof(*l->session));
	l->session[at] = session_dup(rec);
}

void ledger_apply(struct world *w, const struct effect *fx)
{
	if (fx->type == FX_ROW_JOB) {
		put_job(w, &fx->u.job);
	} else if (fx->type == FX_ROW_FORGET) {
		ledger_forget(w, fx->u.forget);
	} else if (fx->type == FX_ROW_SESSION) {
		put_session(w, &fx->u.session);
	} else if (fx->type == FX_ROW_PAUSE) {
		const struct pause_rec *rec = &fx->u.pause;
		w->ledger.paused[rec->what][rec->index] = rec->on;
		(void)buf_addf(&w->trace, "+ pause %d %zu %s\n", (int)rec->what, rec->index,
		    rec->on ? "on" : "off");
	} else {
		const struct spool_rec *rec = &fx->u.spool_row;
		w->ledger.spool[rec->spool] = *rec;
		w->ledger.known[rec->spool] = true;
		(void)buf_addf(&w->trace, "+ spool %zu\n", rec->spool);
	}
}

/* ---- questions ------------------------------------------------------------------------------ */

void ledger_recall(struct world *w, const struct fx_recall *fx)
{
	struct ev_recalled *ev = &evq_add(&w->events, EV_RECALLED)->u.recalled;
	ev->job = fx->job;
	(void)buf_addf(&w->trace, "recall %s\n", fx->name);
	for (size_t i = 0; i < w->ledger.jobs; i++) {
		const struct job_rec *rec = &w->ledger.job[i].rec;
		if (rec->spool == fx->spool && rec->id < fx->job && str_eq(rec->name, fx->name) &&
		    rec->run != NULL && rec->run->files != NULL)
			ev->files = arena_strdup(&w->events.arena, rec->run->files);
	}
}

void ledger_last(struct world *w, const struct fx_last *fx)
{
	struct ev_last *ev = &evq_add(&w->events, EV_LAST)->u.last;
	ev->job = fx->job;
	ev->name = arena_strdup(&w->events.arena, fx->name);
	(void)buf_addf(&w->trace, "last %s\n", fx->name);
	for (size_t i = 0; i < w->ledger.jobs; i++) {
		const struct job_rec *rec = &w->ledger.job[i].rec;
		if (rec->spool == fx->spool && str_eq(rec->name, fx->name) && rec->run != NULL &&
		    rec->run->files != NULL && rec->state == JOB_DONE)
			ev->status = rec->run->status;
	}
}

void ledger_replay(struct world *w)
{
	const struct world_ledger *l = &w->ledger;
	for (size_t i = 0; i < l->sessions; i++) {
		struct session_rec rec = session_dup(&l->session[i]);
		core_restore_session(w->core, &rec);
	}
	for (size_t i = 0; i < WORLD_MAX; i++)
		if (l->known[i])
			core_restore_spool(w->core, &l->spool[i]);
	for (int what = 0; what < PAUSE_COUNT; what++)
		for (size_t i = 0; i < WORLD_MAX; i++) {
			const struct pause_rec rec = { (enum pause_what)what, i, true };
			if (l->paused[what][i])
				core_restore_pause(w->core, &rec);
		}
	for (size_t i = 0; i < l->jobs; i++) {
		const struct world_row *row = &l->job[i];
		if (!row->rec.live)
			continue;
		struct job_rec rec = job_dup(&row->rec);
		core_restore_job(w->core, &rec, (struct bytes){ row->code, row->code_bytes },
		    (struct bytes){ row->answer, row->answer_bytes });
	}
}
