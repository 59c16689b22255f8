/* lost: what lies in a spool of which the ledger knows nothing, though an earlier life has worked there. */
#include "core/lost.h"

#include "base/log.h"
#include "core/finish.h"
#include "core/hold.h"
#include "core/intake.h"
#include "core/jsontext.h"
#include "core/source.h"
#include <assert.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define RECORD_SUFFIX ".json"
#define RECORDS_MAX 64 /* of so many one tells of a session, or none does */
#define RECORD_BYTES_MAX (INT64_C(128) << 20)
#define SESSION_PREFIX "sparkspool-"
#define INSTANCE_DIGITS 8
#define TEXT_BYTES_MAX 256

/* ---- records -------------------------------------------------------------------------------- */

static bool lost_is_record(const char *name)
{
	size_t n = strlen(name);
	size_t suffix = strlen(RECORD_SUFFIX);
	enum kind kind;
	size_t stem;
	if (n <= suffix || !str_eq(name + n - suffix, RECORD_SUFFIX))
		return false;
	/* A record is known by the file that it is of: any other .json in the directory is a user's
	 * own. */
	char *code = xstrndup(name, n - suffix);
	bool found = source_classify(code, &kind, &stem) == NAME_CODE;
	free(code);
	return found;
}

/* A member that is a short string, or "". The record lies in a directory that others may write: it
 * is read as any other input, and whatever does not look as it should is as if it were not there.
 * */
static void lost_member(struct bytes object, const char *name, char *out, size_t size)
{
	struct bytes value = jsontext_member(object, name);
	struct buf text;
	*out = '\0';
	if (jsontext_type(value) != '"' || value.n > TEXT_BYTES_MAX)
		return;
	buf_init(&text, TEXT_BYTES_MAX * 4);
	jsontext_add_string(&text, value);
	if (text.data != NULL && text.len < size && strlen(text.data) == text.len)
		memcpy(out, text.data, text.len + 1);
	buf_fini(&text);
}

/* Whose session it ran in is not asked: another instance's, or ours under another name of the spool. */
static bool lost_tells(struct bytes record)
{
	char name[TEXT_BYTES_MAX];
	lost_member(record, "session", name, sizeof(name));
	const char *p = name + strlen(SESSION_PREFIX);
	if (strncmp(name, SESSION_PREFIX, strlen(SESSION_PREFIX)) != 0)
		return false;
	for (int i = 0; i < INSTANCE_DIGITS; i++)
		if (!isxdigit((unsigned char)*p++))
			return false;
	return *p == '-';
}

void lost_on_name(struct core *c, const struct ev_name *ev)
{
	struct spool_state *sp = c->spool[ev->spool];
	struct lost_state *l = &sp->lost;
	if (sp->known || c->lost || ev->cause != NAME_SCAN || l->record_count == RECORDS_MAX ||
	    !lost_is_record(ev->name))
		return;
	if (l->record == NULL)
		l->record = xcalloc(RECORDS_MAX, sizeof(*l->record));
	l->record[l->record_count++] = xstrdup(ev->name);
}

void lost_forget(struct lost_state *l)
{
	for (size_t i = 0; i < l->record_count; i++)
		free(l->record[i]);
	free(l->record);
	l->record = NULL;
	l->record_count = 0;
}

void lost_begin(struct core *c, size_t spool)
{
	if (!c->spool[spool]->known)
		lost_forget(&c->spool[spool]->lost);
}

bool lost_is_suspect(const struct core *c, size_t spool)
{
	const struct spool_state *sp = c->spool[spool];
	return !sp->known && (c->lost || sp->lost.record_count > 0);
}

/* ---- one file after the other --------------------------------------------------------------- */

void lost_add(struct core *c, struct job *job, bool shown)
{
	struct lost_state *l = &c->spool[job->r.spool]->lost;
	assert(job->r.id != 0 && job->r.held == HELD_LOST);
	if (l->next == 0)
		l->next = job->r.id;
	l->last = job->r.id;
	l->shown = l->shown || shown;
}

/* Still there, and nobody has let it go. By number, each time: between a question and its answer a
 * user may have removed or rewritten the file, or an operator may have let it go. */
static struct job *lost_job(const struct core *c, uint64_t id)
{
	struct job *job = job_by_id(&c->jobs, id);
	bool held = job != NULL && job->r.state == JOB_QUEUED && job->r.held == HELD_LOST;
	return held ? job : NULL;
}

static bool lost_is_pending(const struct core *c)
{
	for (size_t i = 0; i < c->spool_count; i++)
		if (!c->conf->spool[i].removed &&
		    (!c->spool[i]->known || c->spool[i]->lost.next != 0))
			return true;
	return false;
}

/* What the operator has asked for is done when all spools have been looked into. */
static void lost_settle(struct core *c)
{
	if (!c->releasing || lost_is_pending(c))
		return;
	c->releasing = c->lost = false;
	effects_add(c->fx, FX_SETTLED);
	log_info("event=released: what was held since the ledger was lost is let go");
}

static void lost_end(struct core *c, size_t spool)
{
	struct lost_state *l = &c->spool[spool]->lost;
	if (l->held + l->done > 0)
		log_warn("spool=%s event=ledger-lost done=%zu held=%zu: an earlier life has worked "
			 "here, of which the ledger knows nothing; what a record says has run is "
			 "done, the others are held: %s",
		    c->conf->spool[spool].name, l->done, l->held, hold_words(HELD_LOST));
	lost_forget(l);
	*l = (struct lost_state){ 0 };
	lost_settle(c);
}

/* proof: by what it says a file is done. That an earlier life was here anybody may say: files are held then,
 * and else they would run, perhaps again. */
static void lost_ask(struct core *c, size_t spool, const char *name, bool proof)
{
	struct fx_record *record = &effects_add(c->fx, FX_RECORD)->u.record;
	assert(!c->spool[spool]->lost.asking);
	record->spool = spool;
	record->name = name;
	record->proof = proof;
	record->bytes_max = RECORD_BYTES_MAX;
	c->spool[spool]->lost.asking = true;
}

/* The records are somebody else's: what was found is as on any first start. */
static void lost_disprove(struct core *c, size_t spool)
{
	struct lost_state *l = &c->spool[spool]->lost;
	bool skip = c->conf->spool[spool].existing == EXISTING_SKIP;
	for (; l->next <= l->last; l->next++) {
		struct job *job = lost_job(c, l->next);
		if (job != NULL && skip)
			finish_silent(c, job, STATUS_NONE, FINISH_SKIPPED);
		else if (job != NULL)
			(void)hold_release(c, job);
	}
	lost_end(c, spool);
}

/* One file after the other: the records may be large, and the daemon has other things to do. Until
 * its answer has come nothing else is asked for this spool. */
static void lost_look(struct core *c, size_t spool)
{
	struct lost_state *l = &c->spool[spool]->lost;
	struct arena *a = &c->fx->arena;
	const struct job *job = NULL;
	if (!c->lost && !l->shown && l->record_count > 0) {
		char *name = l->record[--l->record_count];
		lost_ask(c, spool, arena_strdup(a, name), false);
		free(name);
		return;
	}
	if (!c->lost && !l->shown) {
		lost_disprove(c, spool);
		return;
	}
	while (l->next <= l->last && (job = lost_job(c, l->next)) == NULL)
		l->next++;
	if (job == NULL)
		lost_end(c, spool);
	else
		lost_ask(c, spool, arena_printf(a, "%s" RECORD_SUFFIX, job->r.name), true);
}

void lost_go_on(struct core *c, size_t spool)
{
	struct lost_state *l = &c->spool[spool]->lost;
	if (l->next == 0) {
		lost_forget(l); /* nothing was there to be held */
		lost_settle(c);
	} else if (!l->asking) {
		lost_look(c, spool);
	}
}

/* ---- answers -------------------------------------------------------------------------------- */

static void lost_stays(struct core *c, struct job *job)
{
	struct lost_state *l = &c->spool[job->r.spool]->lost;
	if (c->releasing) {
		(void)hold_release(c, job);
		return;
	}
	l->held++;
	log_info("job=%llu event=held spool=%s file=\"%s\" reason=\"%s\"",
	    (unsigned long long)job->r.id, core_spool_conf(c, job)->name, job->r.name,
	    hold_words(HELD_LOST));
}

static void lost_next(struct core *c, size_t spool)
{
	c->spool[spool]->lost.next++;
	lost_look(c, spool);
}

void lost_on_record(struct core *c, const struct ev_record *ev)
{
	struct lost_state *l = &c->spool[ev->spool]->lost;
	char sha256[TEXT_BYTES_MAX];
	l->asking = false;
	if (!c->lost && !l->shown) {
		l->shown = lost_tells(ev->text);
		lost_look(c, ev->spool);
		return;
	}
	struct job *job = lost_job(c, l->next);
	lost_member(jsontext_member(ev->text, "input"), "sha256", sha256, sizeof(sha256));
	if (job != NULL && strlen(sha256) == SHA256_TEXT_LEN - 1) {
		/* A record says what has run; only the bytes that lie there now say whether they
		 * are the same. */
		memcpy(l->sha256, sha256, SHA256_TEXT_LEN);
		l->asking = true;
		intake_reread(c, job, &job->r.ident);
		return;
	}
	if (job != NULL)
		lost_stays(c, job);
	lost_next(c, ev->spool);
}

bool lost_on_read(struct core *c, const struct ev_read *ev)
{
	size_t spool = 0;
	while (spool < c->spool_count &&
	       !(c->spool[spool]->lost.asking && c->spool[spool]->lost.next == ev->job))
		spool++;
	if (spool == c->spool_count)
		return false;
	struct lost_state *l = &c->spool[spool]->lost;
	struct job *job = lost_job(c, l->next);
	l->asking = false;
	if (job != NULL && ev->result == READ_OK && str_eq(ev->sha256, l->sha256)) {
		l->done++;
		finish_known(c, job, l->sha256);
	} else if (job != NULL) {
		lost_stays(c, job);
	}
	lost_next(c, spool);
	return true;
}

void lost_release(struct core *c)
{
	struct job *job;
	struct job *next;
	c->releasing = true;
	for (job = TAILQ_FIRST(&c->jobs.all); job != NULL; job = next) {
		next = TAILQ_NEXT(job, link);
		/* One that is still to be compared with its record is let go after that. */
		if (job->r.held == HELD_LOST && c->spool[job->r.spool]->lost.next == 0)
			(void)hold_release(c, job);
	}
	lost_settle(c);
}
