/* properties: what must be true in every world, whatever happens in it. All of it stands here but what is
 * true of sessions (sessions.c), whose turn it is and what people are told (turns.c), and what must be on
 * disk before what: that is held by the world itself, at each effect (worldnet.c, worldspool.c,
 * worldoutput.c), as is that only what is old, ours, and not in its spool goes for its age (worldkeep.c),
 * and that nothing turns without end (world.c). */
#include "properties.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

/* The words that a failing seed prints; where they come from stands behind them. */
#define RUNS_ONCE                                                                                  \
	"nothing runs twice unless its spool or the file says rerun, or the file was written "     \
	"anew "                                                                                    \
	"[behaviour: what a user may rely on]"
#define RUNS_WHOLE "what runs is what lay there, whole [behaviour: a file's way, 3]"
#define ENDS_ONCE                                                                                  \
	"what was picked up ends in exactly one status, and keeps it [behaviour: nothing is lost]"
#define OK_RAN "ok is what ran [behaviour: status]"
#define NEVER_RAN "rejected was never sent, cancelled while queued never ran [behaviour: status]"
#define OWN_RESULT "a result is that file's own [behaviour: no one else's result]"
#define NO_REASON                                                                                  \
	"unknown, died and timeout have a cause [behaviour: it does not guess; issue 5, 6]"
#define NOT_OURS "a result never overwrites what is not ours [behaviour: results; issue 5, 7]"
#define INPUT_STAYS                                                                                \
	"an input goes only as `after` says, once its result is there [behaviour: a file's way, "  \
	"5]"
#define ALL_DONE "once all is mended, every file comes to its end [behaviour: nothing is lost]"
#define NO_LITTER "nothing hidden is left in a spool, nothing needless in the ledger [house: (6)]"
#define RECORD "the record says what the ledger says [behaviour: results]"

/* ---- what ran -------------------------------------------------------------------------------- */

/* The version whose mark is the next in the text; -1: none. *p moves behind it. */
static int next_mark(const struct sim *s, const char **p)
{
	for (const char *at = *p; (at = strchr(at, 'f')) != NULL; at++) {
		size_t digits = strspn(at + 1, "0123456789");
		const char *v = at + 1 + digits;
		if (digits == 0 || *v != 'v')
			continue;
		size_t more = strspn(v + 1, "0123456789");
		const char *end = v + 1 + more;
		if (more == 0 || *end != 'q')
			continue;
		*p = end + 1;
		for (size_t i = 0; i < s->versions; i++)
			if (strncmp(s->version[i].mark, at, (size_t)(*p - at)) == 0)
				return (int)i;
	}
	*p += strlen(*p);
	return -1;
}

/* Each of them may have been begun once, and as often again as users or settings have asked for. */
static int runs_allowed(const struct version *v)
{
	return (1 + v->renewed + v->again) * (v->rerun ? 3 : 1);
}

static void count_runs(struct sim *s)
{
	for (size_t e = 0; e < WORLD_MAX; e++) {
		const struct world_server *sv = &s->w->server[e];
		for (; s->ran[e] < sv->ran_count; s->ran[e]++) {
			const char *code = sv->ran[s->ran[e]];
			const char *p = code;
			int i = next_mark(s, &p);
			holds(i >= 0, RUNS_WHOLE, "\"%s\" ran", code);
			struct version *v = &s->version[i];
			if (strstr(code, "kill ") != NULL)
				sim_touched(s, e); /* what runs beside it goes with it */
			v->runs++;
			holds(v->runs <= runs_allowed(v), RUNS_ONCE, "%s of %s has run %d times",
			    v->mark, v->name, v->runs);
		}
	}
}

/* ---- rows ------------------------------------------------------------------------------------ */

static int version_by_ident(const struct sim *s, const struct job_rec *rec)
{
	for (size_t i = s->versions; i-- > 0;) {
		const struct version *v = &s->version[i];
		if (v->spool == rec->spool && str_eq(v->name, rec->name) &&
		    v->ino == rec->ident.ino && v->size == rec->ident.size &&
		    v->mtime_ns == rec->ident.mtime_ns)
			return (int)i;
	}
	return -1;
}

static void sent(struct sim *s, struct seen *seen, const struct world_row *row)
{
	const char *p = row->code;
	int i = next_mark(s, &p);
	if (seen->version < 0)
		s->version[i].jobs++;
	seen->version = i;
	holds(s->version[i].jobs <= 1 + s->version[i].renewed + s->version[i].again, ENDS_ONCE,
	    "%s has %d rows", s->version[i].mark, s->version[i].jobs);
}

/* A crash alone is no excuse where a server has names, and says what lies at each number. */
static bool tells_little(const struct sim *s)
{
	for (size_t i = 0; i < s->w->conf.endpoint_count; i++)
		if (s->w->server[i].version == NULL || s->w->server[i].list_only)
			return true;
	return false;
}

static void check_cause(const struct sim *s, const struct world_row *row)
{
	const struct run_rec *run = row->rec.run;
	bool touched = s->touched[run->session % SIM_SESSIONS];
	bool crashed = s->crashed && tells_little(s);
	if (run->status == STATUS_UNKNOWN || run->status == STATUS_DIED)
		holds(touched || crashed, NO_REASON, "job %llu, %s: %s",
		    (unsigned long long)row->rec.id, row->rec.name, run->error_message);
	if (run->status == STATUS_TIMEOUT)
		holds(s->timed, NO_REASON, "job %llu has a time limit from nowhere",
		    (unsigned long long)row->rec.id);
}

static void check_status(struct sim *s, struct seen *seen, const struct world_row *row)
{
	enum job_status status = row->rec.run->status;
	if (seen->version < 0)
		seen->version = version_by_ident(s, &row->rec);
	check_cause(s, row);
	if (seen->version < 0)
		return; /* it was replaced before anybody could read it */
	const struct version *v = &s->version[seen->version];
	bool once = !v->rerun && v->renewed == 0 && v->again == 0;
	bool unsent = status == STATUS_CANCELLED && !row->rec.run->recorded; /* while it waited */
	if (status == STATUS_OK)
		holds(v->runs > 0, OK_RAN, "%s has never run", v->mark);
	if (status == STATUS_REJECTED || unsent)
		holds(v->runs == 0 || !once, NEVER_RAN, "%s has run %d times", v->mark, v->runs);
}

/* ---- results --------------------------------------------------------------------------------- */

static const struct world_file *result_at(
    const struct sim *s, const struct job_rec *rec, const json_t *file)
{
	const char *name = json_string_value(json_object_get(file, "name"));
	const struct world_file *f = dir_find(s->w->dir[rec->spool], name);
	const char *digits = json_string_value(json_object_get(file, "ino"));
	holds(name != NULL && digits != NULL, RECORD, "a result without a name or an inode");
	uint64_t ino = strtoull(digits, NULL, 10);
	return f != NULL && f->ident.ino == ino ? f : NULL;
}

static void check_text(const struct sim *s, const struct seen *seen, const struct world_file *f)
{
	const char *p = f->text;
	while (*p != '\0') {
		int i = next_mark(s, &p);
		holds(i < 0 || i == seen->version, OWN_RESULT, "%s speaks of %s", f->name,
		    s->version[i].mark);
	}
}

/* Visible from this turn on. */
static void check_results(const struct sim *s, const struct seen *seen, const struct job_rec *rec)
{
	const char *const mark = seen->version < 0 ? "?" : s->version[seen->version].mark;
	json_t *list = rec->run->files == NULL ? NULL : json_loads(rec->run->files, 0, NULL);
	bool whole = true;
	bool told = false;
	for (size_t i = 0; i < json_array_size(list); i++) {
		const struct world_file *f = result_at(s, rec, json_array_get(list, i));
		whole = whole && f != NULL;
		if (f == NULL)
			continue;
		if (seen->version >= 0)
			check_text(s, seen, f);
		told = told || (!str_ends_with(f->name, ".json") && strstr(f->text, mark) != NULL);
	}
	bool warned = rec->run->warnings != NULL && strstr(rec->run->warnings, "lost") != NULL;
	json_decref(list);
	if (rec->run->status == STATUS_OK && whole && seen->version >= 0 && !warned &&
	    !s->version[seen->version].mute)
		holds(told, OWN_RESULT, "nothing of %s is in its results", mark);
}

static void check_record(const struct sim *s, const struct job_rec *rec)
{
	static const char *const word[STATUS_COUNT] = { "none", "ok", "error", "timeout",
		"cancelled", "died", "unknown", "rejected" };
	json_t *list = json_loads(rec->run->files, 0, NULL);
	size_t n = json_array_size(list);
	const struct world_file *f = n == 0 ? NULL : result_at(s, rec, json_array_get(list, n - 1));
	if (f != NULL) {
		json_t *record = json_loads(f->text, 0, NULL);
		const char *status = json_string_value(json_object_get(record, "status"));
		holds(str_eq(status, word[rec->run->status]), RECORD, "%s says %s, the ledger %s",
		    f->name, status == NULL ? "nothing" : status, word[rec->run->status]);
		json_decref(record);
	}
	json_decref(list);
}

static void look_at_row(struct sim *s, const struct world_row *row)
{
	struct seen *seen = &s->seen[row->rec.id];
	const struct run_rec *run = row->rec.run;
	if (row->code != NULL && row->rec.state == JOB_SENDING)
		sent(s, seen, row);
	if (seen->state == JOB_DONE)
		holds(run == NULL || run->status == seen->status, ENDS_ONCE,
		    "job %llu was done, and is something else now",
		    (unsigned long long)row->rec.id);
	if (seen->state == JOB_DONE || (seen->state == row->rec.state && seen->checked))
		return;
	seen->state = row->rec.state;
	seen->checked = true;
	if (run == NULL || row->rec.state < JOB_ANSWERED)
		return;
	if (row->rec.state == JOB_ANSWERED || row->rec.state == JOB_DONE)
		check_status(s, seen, row);
	if (row->rec.state >= JOB_DISPOSING && run->recorded && run->files != NULL) {
		check_results(s, seen, &row->rec);
		check_record(s, &row->rec);
	}
	if (row->rec.state == JOB_DONE)
		seen->status = run->status;
}

static void look_at_rows(struct sim *s)
{
	const struct world_ledger *l = &s->w->ledger;
	for (size_t i = 0; i < l->jobs; i++) {
		ck_assert_uint_lt(l->job[i].rec.id, SIM_JOBS);
		look_at_row(s, &l->job[i]);
	}
}

/* ---- spools ---------------------------------------------------------------------------------- */

static void check_precious(const struct sim *s)
{
	for (size_t i = 0; i < s->preciouses; i++) {
		const struct precious *p = &s->precious[i];
		const struct world_file *f = dir_find(s->w->dir[p->spool], p->name);
		holds(f != NULL && f->ident.ino == p->ino && str_eq(f->text, "precious"), NOT_OURS,
		    "%s is not what it was", p->name);
	}
}

static bool may_be_gone(const struct sim *s, int version)
{
	/* Its row may be gone as well by now. */
	for (size_t i = 0; i < SIM_JOBS; i++)
		if (s->seen[i].version == version && s->seen[i].state >= JOB_DISPOSING)
			return true;
	return false;
}

static bool lies_somewhere(const struct world_dir *d, uint64_t ino)
{
	for (size_t i = 0; i < d->count; i++)
		if (d->file[i].ident.ino == ino)
			return true;
	return false;
}

static void check_inputs(const struct sim *s)
{
	for (size_t i = 0; i < s->versions; i++) {
		const struct version *v = &s->version[i];
		if (v->there && !lies_somewhere(s->w->dir[v->spool], v->ino))
			holds(may_be_gone(s, (int)i), INPUT_STAYS, "%s has gone", v->mark);
	}
}

void properties_each_turn(struct sim *s)
{
	sessions_each_turn(s);
	count_runs(s);
	look_at_rows(s);
	turns_each_turn(s);
	check_precious(s);
	check_inputs(s);
	s->crashes = s->w->crashes;
}

/* ---- at rest --------------------------------------------------------------------------------- */

/* Without its marker a file is nobody's business. */
static bool is_meant(const struct sim *s, size_t spool, const struct world_file *f)
{
	char *marker = xasprintf("%s.ready", f->name);
	bool meant =
	    s->w->spool[spool].ready != READY_MARKER || dir_find(s->w->dir[spool], marker) != NULL;
	free(marker);
	return meant;
}

static bool has_end(const struct sim *s, size_t spool, const struct world_file *f)
{
	for (size_t i = 0; i < s->w->ledger.jobs; i++) {
		const struct job_rec *rec = &s->w->ledger.job[i].rec;
		if (rec->spool == spool && str_eq(rec->name, f->name) && rec->state == JOB_DONE &&
		    rec->ident.ino == f->ident.ino && rec->ident.size == f->ident.size &&
		    rec->ident.mtime_ns == f->ident.mtime_ns)
			return true;
	}
	return false;
}

static const struct world_file *unfinished(const struct sim *s)
{
	for (size_t i = 0; i < s->versions; i++) {
		const struct version *v = &s->version[i];
		const struct world_file *f = dir_find(s->w->dir[v->spool], v->name);
		if (v->there && f != NULL && f->ident.ino == v->ino && is_meant(s, v->spool, f) &&
		    !has_end(s, v->spool, f))
			return f;
	}
	return NULL;
}

/* That a session has come to rest again without having run anything needs no row: the ledger may have it
 * as BUSY. */
bool properties_at_rest(const struct sim *s, const char **why)
{
	const struct world_ledger *l = &s->w->ledger;
	*why = NULL;
	for (size_t i = 0; i < l->jobs && *why == NULL; i++)
		if (l->job[i].rec.state != JOB_DONE)
			*why = l->job[i].rec.name;
	if (*why == NULL && unfinished(s) != NULL)
		*why = unfinished(s)->name;
	for (size_t i = 0; i < l->sessions && *why == NULL; i++)
		if (l->session[i].state != SESSION_IDLE && l->session[i].state != SESSION_BUSY)
			*why = l->session[i].name;
	return *why == NULL;
}

static void check_litter(const struct sim *s)
{
	for (size_t d = 0; d < s->w->conf.spool_count; d++)
		for (size_t i = 0; i < s->w->dir[d]->count; i++)
			holds(s->w->dir[d]->file[i].name[0] != '.', NO_LITTER, "%s lies there",
			    s->w->dir[d]->file[i].name);
	for (size_t i = 0; i < s->w->ledger.jobs; i++)
		holds(s->w->ledger.job[i].code == NULL && s->w->ledger.job[i].answer == NULL,
		    NO_LITTER, "job %zu still has its bytes", i);
}

void properties_in_the_end(struct sim *s)
{
	const char *why;
	properties_each_turn(s);
	holds(properties_at_rest(s, &why), ALL_DONE, "%s has no end", why);
	for (size_t i = 0; i < s->w->ledger.jobs; i++) {
		const struct job_rec *rec = &s->w->ledger.job[i].rec;
		bool skipped = s->w->spool[rec->spool].existing == EXISTING_SKIP;
		holds(rec->run != NULL && (rec->run->status != STATUS_NONE || skipped), ENDS_ONCE,
		    "job %llu has no status", (unsigned long long)rec->id);
	}
	turns_in_the_end(s);
	sessions_in_the_end(s);
	check_litter(s);
}
