/* view: jobs, sessions and spools as peers of the control socket see them.
 *
 * Each line is made when it is asked for, from what is so then: nothing is kept that a change could
 * miss. */
#include "core/view.h"

#include "core/pause.h"
#include "core/peer.h"
#include "core/result.h"
#include "core/script.h"
#include "core/terms.h"
#include "core/text.h"
#include <assert.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#define WORDS_BYTES_MAX 2000 /* of an error's message: the record has all of it */

/* These words are the protocol's: none is ever changed. */
static const char *const job_words[JOB_STATES] = {
	[JOB_SETTLING] = "settling",
	[JOB_QUEUED] = "queued",
	[JOB_READING] = "reading",
	[JOB_SENDING] = "sending",
	[JOB_RUNNING] = "running",
	[JOB_ANSWERED] = "answered",
	[JOB_STAGED] = "staged",
	[JOB_DISPOSING] = "disposing",
	[JOB_DONE] = "done",
};

static const char *const session_words[SESSION_STATES] = {
	[SESSION_CREATING] = "creating",
	[SESSION_LOOKING] = "looking",
	[SESSION_STARTING] = "starting",
	[SESSION_GREETING] = "greeting",
	[SESSION_IDLE] = "idle",
	[SESSION_BUSY] = "busy",
	[SESSION_PROBING] = "probing",
	[SESSION_RETIRED] = "retired",
	[SESSION_DELETING] = "deleting",
	[SESSION_GONE] = "gone",
};

/* In short: core/hold says what lets it go. */
static const char *const held_words[HELD_COUNT] = {
	[HELD_OPERATOR] = "by an operator",
	[HELD_LOST] = "since the ledger was lost: it may have run",
};

/* ---- parts ---------------------------------------------------------------------------------- */

static void put_number(json_t *o, const char *key, uint64_t v)
{
	text_put(o, key, json_integer((json_int_t)v));
}

/* What is not known is left out, for all kinds of values: an empty string would be one more thing
 * that programs have to tell from an answer. */
static void put_text(json_t *o, const char *key, const char *s)
{
	if (s != NULL && *s != '\0')
		text_put(o, key, text_json(s));
}

static void put_time(json_t *o, const char *key, int64_t ms)
{
	char text[TIME_TEXT_LEN];
	if (ms > 0)
		text_put(o, key, text_json(time_to_text(ms, text)));
}

/* Both from the wall clock, which may have been set in between: never below 0. */
static void put_elapsed(json_t *o, int64_t from_ms, int64_t to_ms)
{
	if (from_ms > 0)
		text_put(o, "elapsed_s",
		    json_real(to_ms > from_ms ? (double)(to_ms - from_ms) / 1000 : 0));
}

static void put_path(json_t *o, const char *key, const char *dir, const char *name)
{
	if (dir == NULL)
		return;
	char *path = xasprintf("%s/%s", dir, name);
	text_put(o, key, text_json(path));
	free(path);
}

const char *view_state(const struct job *job)
{
	assert(job->r.state < JOB_STATES);
	bool held = job->r.state == JOB_QUEUED && job->r.held != HELD_NOT;
	return held ? "held" : job_words[job->r.state];
}

bool view_is_state(const char *word)
{
	for (size_t i = 0; i < JOB_STATES; i++)
		if (strcmp(job_words[i], word) == 0)
			return true;
	return strcmp(word, "held") == 0;
}

/* ---- jobs ----------------------------------------------------------------------------------- */

static json_t *head_of(const struct job_rec *rec, const char *spool, const char *dir)
{
	json_t *o = peer_line("job");
	put_number(o, "id", rec->id);
	put_path(o, "path", dir, rec->name);
	put_text(o, "name", rec->name);
	put_text(o, "spool", spool);
	put_text(o, "kind", livy_kind_name(rec->kind));
	put_number(o, "owner", rec->ident.uid);
	put_number(o, "attempts", rec->attempts);
	put_time(o, "queued", rec->queued_ms);
	return o;
}

static void put_error(json_t *o, const struct run_rec *run)
{
	if (run->error_name == NULL && run->error_message == NULL)
		return;
	json_t *e = json_object();
	char *words = text_line(run->error_message == NULL ? "" : run->error_message,
	    run->error_message == NULL ? 0 : strlen(run->error_message), WORDS_BYTES_MAX);
	put_text(e, "name", run->error_name);
	put_text(e, "message", words);
	free(words);
	text_put(o, "error", e);
}

/* Of a run that has ended. */
static void put_end(json_t *o, const struct job_rec *rec, const char *dir)
{
	const struct run_rec *run = rec->run;
	put_text(o, "status", result_status_name(run->status));
	if (run->exit_code >= 0)
		put_number(o, "exit_code", (uint64_t)run->exit_code);
	put_time(o, "finished", run->finished_ms);
	put_elapsed(o, run->started_ms, run->finished_ms);
	put_error(o, run);
	if (run->superseded)
		text_put(o, "superseded", json_true());
	if (run->recorded && rec->state == JOB_DONE && dir != NULL) {
		char *path = xasprintf("%s/%s.json", dir, rec->name);
		text_put(o, "record", text_json(path));
		free(path);
	}
}

static void put_run(json_t *o, const struct run_rec *run)
{
	put_text(o, "session", run->session_name);
	if (run->statement >= 0)
		put_number(o, "statement", (uint64_t)run->statement);
	put_time(o, "started", run->started_ms);
}

/* The hidden file grows while the run goes on, so that the command line can show it: the daemon
 * sends its name and length, not its bytes. */
static void put_part(
    json_t *o, const char *key, const char *dir, const struct job *job, const char *name)
{
	const struct script *sc = job->script;
	for (size_t i = 0; sc != NULL && i < sc->part_count; i++) {
		if (strcmp(sc->part[i].name, name) != 0 || sc->part[i].at == 0)
			continue;
		json_t *part = json_object();
		char *file = xasprintf(PART_NAME, (uintmax_t)job->r.id, (unsigned)i + 1);
		put_path(part, "path", dir, file);
		put_number(part, "bytes", (uint64_t)sc->part[i].at);
		text_put(o, key, part);
		free(file);
	}
}

static void put_running(const struct core *c, json_t *o, const struct job *job, const char *dir)
{
	put_elapsed(o, job->r.run->started_ms, c->now.real_ms);
	if (job->progress >= 0)
		text_put(o, "progress", json_real((double)job->progress));
	put_part(o, "output", dir, job, "out");
	put_part(o, "output_err", dir, job, "err");
}

json_t *view_job(const struct core *c, const struct job *job, uint32_t place)
{
	const struct conf_spool *spool = core_spool_conf(c, job);
	const struct run_rec *run = job->r.run;
	const struct terms t = terms_of(c, job);
	json_t *o = head_of(&job->r, spool->name, spool->path);
	put_text(o, "pool", c->conf->pool[t.d.pool].name);
	put_text(o, "state", view_state(job));
	text_put(o, "priority", json_integer(t.d.priority));
	if (place > 0)
		put_number(o, "place", place);
	if (job->r.held != HELD_NOT)
		put_text(o, "held", held_words[job->r.held]);
	if (run == NULL)
		return o;
	put_run(o, run);
	if (run->status != STATUS_NONE)
		put_end(o, &job->r, spool->path);
	else
		put_running(c, o, job, spool->path);
	return o;
}

static void put_whole(struct arena *a, json_t *o, const struct job_rec *rec)
{
	const struct run_rec *run = rec->run;
	if (run == NULL)
		return;
	struct out_file *file;
	size_t count = result_files_of_text(a, run->files, &file);
	json_t *files = json_array();
	for (size_t i = 0; i < count; i++)
		text_append(files, text_json(file[i].name));
	text_put(o, "files", files);
	text_put(o, "warnings", result_warnings(run->warnings));
	put_text(o, "code_sha256", run->sha256);
}

json_t *view_job_whole(struct arena *a, const struct core *c, const struct job *job, uint32_t place)
{
	json_t *o = view_job(c, job, place);
	put_whole(a, o, &job->r);
	return o;
}

json_t *view_row(struct arena *a, const struct core *c, const struct history_row *row, bool whole)
{
	const struct job_rec *rec = &row->rec;
	/* The history is longer than the configuration: a row may be of a spool that nobody names
	 * any more. */
	bool known = rec->spool < c->conf->spool_count;
	const struct conf_spool *spool = known ? &c->conf->spool[rec->spool] : NULL;
	json_t *o = head_of(rec, row->spool, known ? spool->path : NULL);
	put_text(o, "pool", known ? c->conf->pool[spool->pool].name : NULL);
	put_text(o, "state", job_words[rec->state]);
	if (rec->run != NULL) {
		put_run(o, rec->run);
		put_end(o, rec, known ? spool->path : NULL);
	}
	if (whole)
		put_whole(a, o, rec);
	if (row->ended > 0) {
		char *cursor = xasprintf("%" PRIu64, row->ended);
		text_put(o, "cursor", text_json(cursor));
		free(cursor);
	}
	return o;
}

/* ---- sessions and spools -------------------------------------------------------------------- */

json_t *view_session(const struct core *c, const struct session *s)
{
	json_t *o = peer_line("session");
	put_number(o, "id", s->r.id);
	put_text(o, "name", s->r.name);
	put_text(o, "livy_id", s->r.livy_id);
	put_text(o, "pool", core_session_pool(c, s)->name);
	put_text(o, "kind", livy_kind_name(s->r.kind));
	put_text(o, "state", session_words[s->r.state]);
	if (s->r.owner >= 0)
		put_number(o, "owner", (uint64_t)s->r.owner);
	put_number(o, "runs", s->run_count);
	put_number(o, "slots",
	    s->r.kind == KIND_RUNNER && !s->alone ? (uint64_t)core_session_pool(c, s)->slots : 1);
	int64_t age_ms = c->now.real_ms - s->r.created_ms;
	text_put(o, "age_s", json_integer(age_ms > 0 ? age_ms / 1000 : 0));
	put_number(o, "statements", (uint64_t)s->r.statements);
	if (s->r.kind == KIND_RUNNER && s->booted) {
		put_text(o, "mode", s->alone ? "interpreter" : "process");
		put_text(o, "why", s->alone_why);
	}
	return o;
}

static const char *spool_trouble(const struct core *c, size_t spool, const char **state)
{
	const struct spool_state *sp = c->spool[spool];
	*state = "ok";
	if (sp->strange) {
		*state = "away";
		return "another directory lies there than the one that its queue is from";
	}
	if (sp->broken) {
		*state = "failing";
		return "the directory cannot be read";
	}
	return NULL;
}

json_t *view_spool(const struct core *c, size_t spool, const struct view_counts *n)
{
	static const char *const ready[] = { "settle", "rename", "marker" };
	static const char *const after[] = { "keep", "delete", "move" };
	static const char *const suffixes[] = { ".py", ".sql", ".scala", ".R", ".r" };
	const struct conf_spool *conf = &c->conf->spool[spool];
	const char *state;
	const char *trouble = spool_trouble(c, spool, &state);
	json_t *o = peer_line("spool");
	json_t *list = json_array();
	put_text(o, "name", conf->name);
	put_text(o, "path", conf->path);
	put_text(o, "pool", c->conf->pool[conf->pool].name);
	put_text(o, "ready", ready[conf->ready]);
	put_text(o, "after", after[conf->after]);
	for (size_t i = 0; i < ARRAY_LEN(suffixes); i++)
		text_append(list, text_json(suffixes[i]));
	text_put(o, "suffixes", list);
	text_put(o, "paused", json_boolean(pause_holds(c, conf->pool, spool)));
	put_number(o, "queued", n->queued);
	put_number(o, "held", n->held);
	put_number(o, "running", n->running);
	put_text(o, "state", state);
	put_text(o, "message", trouble);
	return o;
}
