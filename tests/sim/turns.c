/* turns: whose turn it is, and what people were told of that. All that must be true of it stands here,
 * and that only those ask who may (people.c). It is read off the ledger's rows, one of which says
 * that a file begins before anything of it is sent. */
#include "properties.h"

#include "core/core.h"
#include <stdio.h>
#include <string.h>

#define ONE_BY_ONE "an ordered spool runs one file after the other [sparkspool.conf.5: ordered]"
#define IN_ORDER                                                                                   \
	"the files of an ordered spool begin in the order of their arrival, but for one that was " \
	"held [sparkspool.conf.5: ordered]"
#define LIMIT                                                                                      \
	"no more files run at once than may [sparkspool.conf.5: running_max, owner_running_max]"
#define AFTER                                                                                      \
	"a file with `after` begins once that one has ended as it asks [sparkspool.conf.5: "       \
	"after, "                                                                                  \
	"after_any]"
#define NOT_BEFORE "no file begins before its time [sparkspool.conf.5: at, delay]"
#define PAUSED                                                                                     \
	"nothing begins where somebody was told that it is paused, nor after an end that pauses "  \
	"[sparkspool.1: pause; sparkspool.conf.5: pause_on]"
#define HELD "a file that somebody was told is held does not begin [sparkspool.1: hold]"
#define CANCELLED                                                                                  \
	"what somebody was told is cancelled does not begin any more [sparkspool.1: cancel]"
#define ASKED_FOR                                                                                  \
	"nothing is cancelled, held or paused unless one who may has asked for it "                \
	"[sparkspool.1; sparkspool-control.7]"
#define AGAIN                                                                                      \
	"what somebody was told runs again does, if its file is still there [sparkspool.1: rerun]"
#define NOT_AGAIN "cancelled while it waited never runs [behaviour: status]"

#define GRACE_MS 100 /* a file whose turn came under the old limits is read meanwhile */

bool turns_may(const struct sim *s, uint32_t uid, size_t spool, const char *name)
{
	for (size_t i = 0; i < s->versions && uid != 0; i++)
		if ((s->version[i].owners & 1u << (uid - WORLD_UID)) != 0 &&
		    s->version[i].spool == spool && str_eq(s->version[i].name, name))
			return true; /* as far as a file of that name was ever theirs */
	return uid == 0;
}

static const struct version *turns_version(const struct sim *s, const struct job_rec *rec)
{
	int i = s->seen[rec->id].version;
	return i < 0 ? NULL : &s->version[i];
}

/* What is rejected or taken back before its turn was not sent, and what an earlier attempt has left of it
 * is removed beside the others. */
static bool is_under_way(const struct job_rec *rec)
{
	return rec->state > JOB_READING && rec->state < JOB_DONE && rec->run->session != 0;
}

/* ---- one after the other ------------------------------------------------------------------------ */

static void check_row(struct sim *s, const struct job_rec *rec)
{
	const struct world_ledger *l = &s->w->ledger;
	uint64_t *begun = &s->begun[rec->spool];
	if (!s->w->spool[rec->spool].ordered)
		return;
	for (size_t i = 0; i < l->jobs; i++) {
		const struct job_rec *other = &l->job[i].rec;
		holds(other == rec || other->spool != rec->spool || !is_under_way(other),
		    ONE_BY_ONE, "job %llu begins beside job %llu", (unsigned long long)rec->id,
		    (unsigned long long)other->id);
	}
	holds(rec->id >= *begun || s->turned[rec->id].passed, IN_ORDER,
	    "job %llu begins after job %llu", (unsigned long long)rec->id,
	    (unsigned long long)*begun);
	*begun = rec->id > *begun ? rec->id : *begun;
}

/* ---- limits ---------------------------------------------------------------------------------- */

static size_t pool_of(const struct sim *s, const struct job_rec *rec)
{
	const struct session_rec *session =
	    rec->run == NULL ? NULL : ledger_session(&s->w->ledger, rec->run->session);
	return session == NULL ? WORLD_MAX : session->pool;
}

/* What its runner says is over gets its row when its results are written: so far only the daemon can
 * know. */
static bool is_running(const struct sim *s, const struct job_rec *rec)
{
	const struct job *job = job_by_id(&s->w->core->jobs, rec->id);
	return (rec->state == JOB_SENDING || rec->state == JOB_RUNNING) && job != NULL &&
	       job->r.state <= JOB_RUNNING;
}

static bool is_within(const struct limits *max, const struct job_rec *rec, size_t pool, int spool,
    int owner, int pool_owner)
{
	return (max->spool[rec->spool] == 0 || spool <= max->spool[rec->spool]) &&
	       (max->owner[rec->spool] == 0 || owner <= max->owner[rec->spool]) &&
	       (pool == WORLD_MAX || max->pool_owner[pool] == 0 ||
		   pool_owner <= max->pool_owner[pool]);
}

static void check_limits(const struct sim *s, const struct job_rec *rec)
{
	const struct world_ledger *l = &s->w->ledger;
	size_t pool = pool_of(s, rec);
	int spool = 0;
	int owner = 0;
	int pool_owner = 0;
	for (size_t i = 0; i < l->jobs; i++) {
		const struct job_rec *other = &l->job[i].rec;
		if (other->state >= JOB_ANSWERED || !is_running(s, other))
			continue;
		bool same = other->ident.uid == rec->ident.uid;
		spool += other->spool == rec->spool;
		owner += other->spool == rec->spool && same;
		pool_owner += same && pool_of(s, other) == pool;
	}
	bool before = s->w->now.mono_ms - s->limits_ms <= GRACE_MS &&
		      is_within(&s->limits_before, rec, pool, spool, owner, pool_owner);
	holds(before || is_within(&s->limits, rec, pool, spool, owner, pool_owner), LIMIT,
	    "job %llu: %d of its spool, %d of its owner there, %d in its pool",
	    (unsigned long long)rec->id, spool, owner, pool_owner);
}

static void learn_limits(struct sim *s)
{
	struct limits now = { 0 };
	for (size_t i = 0; i < WORLD_MAX; i++) {
		now.spool[i] = s->w->spool[i].running_max;
		now.owner[i] = s->w->spool[i].owner_running_max;
		now.pool_owner[i] = s->w->pool[i].owner_running_max;
	}
	if (memcmp(&now, &s->limits, sizeof(now)) == 0)
		return;
	s->limits_before = s->limits;
	s->limits = now;
	s->limits_ms = s->w->now.mono_ms;
}

/* ---- after others ----------------------------------------------------------------------------- */

/* Retention has taken it out of the ledger; the daemon may have seen it end before. */
static bool is_forgotten(const struct sim *s, size_t spool, const char *name)
{
	for (uint64_t id = 1; id < SIM_JOBS; id++) {
		const struct version *v =
		    s->seen[id].version < 0 ? NULL : &s->version[s->seen[id].version];
		if (v != NULL && v->spool == spool && str_eq(v->name, name) &&
		    ledger_job(&s->w->ledger, id) == NULL)
			return true;
	}
	return false;
}

/* NULL: nothing, as far as the ledger tells. What has become different in this very turn may be taken
 * either way. One that is not there any more counts by what it has left; a life that saw it go
 * without anything may take that for an end, too, but need not (strictly). */
static const char *waits_for(
    const struct sim *s, const struct job_rec *rec, const struct version *v, bool strictly)
{
	const struct world_ledger *l = &s->w->ledger;
	enum job_status last = STATUS_NONE;
	for (size_t i = 0; i < l->jobs; i++) {
		const struct job_rec *other = &l->job[i].rec;
		if (other->spool != rec->spool || !str_eq(other->name, v->after))
			continue;
		if (s->turned[other->id].changed == s->w->turn)
			return NULL;
		if (other->state != JOB_DONE)
			return "it has not ended";
		if (other->run != NULL && other->run->status != STATUS_NONE &&
		    (other->live || other->run->files != NULL || (v->after_any && !strictly)))
			last = other->run->status;
	}
	bool kept = s->w->spool[rec->spool].keep_for_ms <= 0;
	if (!strictly && !kept && (last == STATUS_NONE || is_forgotten(s, rec->spool, v->after)))
		return NULL; /* its row may have gone for its age since the daemon has seen it end */
	if (last == STATUS_NONE)
		return "it never was";
	return last == STATUS_OK || v->after_any ? NULL : "it has not ended ok";
}

const char *turns_waits(const struct sim *s, const struct world_row *row)
{
	for (size_t i = s->versions; i-- > 0;) {
		const struct version *v = &s->version[i];
		if (v->spool == row->rec.spool && str_eq(v->name, row->rec.name))
			return v->after[0] == '\0' ? NULL : waits_for(s, &row->rec, v, true);
	}
	return NULL;
}

static void check_wait(const struct sim *s, const struct job_rec *rec)
{
	const struct version *v = turns_version(s, rec);
	if (v == NULL)
		return;
	const char *why = v->after[0] == '\0' ? NULL : waits_for(s, rec, v, false);
	holds(why == NULL, AFTER, "job %llu begins: %s: %s", (unsigned long long)rec->id, v->after,
	    why);
	int64_t now_ms = s->w->now.real_ms;
	/* A delay is a time that passes; the row has only the wall clock's. */
	bool waited = v->delay_ms == 0 || s->jumped || now_ms >= rec->queued_ms + v->delay_ms;
	holds(now_ms >= v->at_ms && waited, NOT_BEFORE, "job %llu begins too early",
	    (unsigned long long)rec->id);
}

/* ---- what was said ----------------------------------------------------------------------------- */

static void check_word(const struct sim *s, const struct job_rec *rec)
{
	const struct turned *t = &s->turned[rec->id];
	size_t pool = pool_of(s, rec);
	bool paused = s->told_paused[PAUSE_ALL][0] || s->told_paused[PAUSE_SPOOL][rec->spool] ||
		      (pool < WORLD_MAX && s->told_paused[PAUSE_POOL][pool]);
	holds(!paused, PAUSED, "job %llu begins", (unsigned long long)rec->id);
	holds(!t->told_held, HELD, "job %llu begins", (unsigned long long)rec->id);
	holds(!t->told_cancelled, CANCELLED, "job %llu begins", (unsigned long long)rec->id);
}

static bool is_wished(const struct sim *s, const struct job_rec *rec, enum wish wish)
{
	int file = -1;
	return sscanf(rec->name, "f%d.", &file) == 1 && (s->wished[file] & 1u << wish) != 0;
}

static void check_asked(const struct sim *s, const struct job_rec *rec)
{
	const char *words = rec->run == NULL ? NULL : rec->run->error_message;
	if (words != NULL && strncmp(words, "cancelled by ", 13) == 0)
		holds(is_wished(s, rec, WISH_CANCEL), ASKED_FOR, "job %llu: %s",
		    (unsigned long long)rec->id, words);
	if (rec->held == HELD_OPERATOR)
		holds(is_wished(s, rec, WISH_HOLD), ASKED_FOR, "job %llu is held",
		    (unsigned long long)rec->id);
}

/* An end that pauses does so at once, unless it is resumed in the same turn. */
static void has_ended(struct sim *s, const struct job_rec *rec)
{
	const struct conf_spool *spool = &s->w->spool[rec->spool];
	enum job_status status = rec->run == NULL ? STATUS_NONE : rec->run->status;
	if ((spool->pause_on & 1u << status) == 0 && !(spool->ordered && status == STATUS_UNKNOWN))
		return;
	s->may_pause[PAUSE_SPOOL][rec->spool] = true;
	if (s->resumed[PAUSE_SPOOL][rec->spool] < s->w->turn)
		s->told_paused[PAUSE_SPOOL][rec->spool] = true;
}

static void check_pauses(const struct sim *s)
{
	for (int of = 0; of < PAUSE_COUNT; of++)
		for (size_t i = 0; i < WORLD_MAX; i++)
			holds(!s->w->ledger.paused[of][i] || s->may_pause[of][i], ASKED_FOR,
			    "pause %d of %zu", of, i);
}

/* ---- each turn ------------------------------------------------------------------------------- */

static bool has_changed(const struct turned *t, const struct job_rec *rec)
{
	return t->state != rec->state || t->live != rec->live || t->held != rec->held ||
	       t->attempts != rec->attempts;
}

static void learn(struct sim *s, const struct job_rec *rec)
{
	struct turned *t = &s->turned[rec->id];
	t->state = rec->state;
	t->live = rec->live;
	t->held = rec->held;
	t->attempts = rec->attempts;
	t->changed = s->w->turn;
	t->passed = t->passed || rec->held != HELD_NOT;
}

static void begins(struct sim *s, const struct job_rec *rec)
{
	check_word(s, rec);
	check_wait(s, rec);
	check_row(s, rec);
	check_limits(s, rec);
}

void turns_each_turn(struct sim *s)
{
	const struct world_ledger *l = &s->w->ledger;
	bool begun[SIM_JOBS] = { false };
	bool ended[SIM_JOBS] = { false };
	if (s->w->now.real_ms > s->latest_ms)
		s->latest_ms = s->w->now.real_ms;
	learn_limits(s);
	for (size_t i = 0; i < l->jobs; i++) { /* all of them before any is judged */
		const struct job_rec *rec = &l->job[i].rec;
		const struct turned *t = &s->turned[rec->id];
		if (!has_changed(t, rec))
			continue;
		begun[i] = rec->attempts > t->attempts;
		ended[i] = rec->state == JOB_DONE && t->state != JOB_DONE;
		learn(s, rec);
		check_asked(s, rec);
	}
	for (size_t i = 0; i < l->jobs; i++)
		if (begun[i])
			begins(s, &l->job[i].rec);
	for (size_t i = 0; i < l->jobs; i++)
		if (ended[i])
			has_ended(s, &l->job[i].rec);
	check_pauses(s);
	people_hear(s);
}

/* ---- in the end ------------------------------------------------------------------------------ */

static void check_again(const struct sim *s, const struct job_rec *rec)
{
	const struct world_ledger *l = &s->w->ledger;
	bool again = dir_find(s->w->dir[rec->spool], rec->name) == NULL;
	for (size_t i = 0; i < l->jobs; i++)
		again = again || (l->job[i].rec.id > rec->id && l->job[i].rec.spool == rec->spool &&
				     str_eq(l->job[i].rec.name, rec->name));
	holds(again, AGAIN, "job %llu did not", (unsigned long long)rec->id);
}

void turns_in_the_end(const struct sim *s)
{
	for (size_t i = 0; i < s->w->ledger.jobs; i++) {
		const struct job_rec *rec = &s->w->ledger.job[i].rec;
		const struct version *v = turns_version(s, rec);
		if (s->turned[rec->id].told_again)
			check_again(s, rec);
		if (v == NULL || v->rerun || v->renewed > 0 || v->again > 0 || rec->run == NULL)
			continue;
		holds(rec->run->status != STATUS_CANCELLED || rec->run->recorded || v->runs == 0,
		    NOT_AGAIN, "%s has run %d times", v->mark, v->runs);
	}
}
