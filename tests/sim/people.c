/* people: what they ask for at the control socket, and what they are told. */
#include "properties.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NOT_THEIRS                                                                                 \
	"nobody but its owner and administrators changes anything [sparkspool.1; "                 \
	"sparkspool-control.7]"

/* A connection is one user's. */
static const uint32_t uid_of[WORLD_PEERS] = { 0, 0, WORLD_UID, WORLD_UID + 1, WORLD_UID + 5, 0,
	WORLD_UID, WORLD_UID + 1 };

static const char *const word[] = { "cancel", "hold", "release", "rerun", "pause", "resume" };

static void people_say(struct sim *s, uint32_t uid, const char *line)
{
	(void)buf_addf(&s->w->trace, "! user %u asks %s\n", uid, line);
}

static void people_send(struct sim *s, const struct asking *r, const char *line)
{
	s->asking = *r;
	s->asking.open = true;
	people_say(s, r->uid, line);
	world_ask_as(s->w, r->peer, r->uid, line);
}

/* ---- what it may come to ----------------------------------------------------------------------- */

/* From now on: when it is carried out nobody knows before the answer is there, if it ever is. */
static void people_wish(struct sim *s, const struct asking *r, size_t spool, const char *name)
{
	int file = -1;
	if (!turns_may(s, r->uid, spool, name) || sscanf(name, "f%d.", &file) != 1)
		return;
	s->wished[file] |= 1u << r->wish;
	for (size_t i = 0; r->wish == WISH_RERUN && i < s->versions; i++)
		if (str_eq(s->version[i].name, name))
			s->version[i].again++;
	for (size_t i = 0; r->wish == WISH_RELEASE && i < s->w->ledger.jobs; i++)
		if (str_eq(s->w->ledger.job[i].rec.name, name))
			s->turned[s->w->ledger.job[i].rec.id].told_held = false;
}

static void people_wish_all(struct sim *s, const struct asking *r)
{
	for (size_t i = 0; i < s->versions; i++)
		people_wish(s, r, s->version[i].spool, s->version[i].name);
}

/* ---- jobs ------------------------------------------------------------------------------------ */

/* Whether the wish makes sense for it: most of them do. */
static bool people_fits(const struct job_rec *rec, enum wish wish, bool running)
{
	return wish == WISH_RERUN     ? rec->state == JOB_DONE && rec->live
	       : wish == WISH_RELEASE ? rec->held != HELD_NOT
	       : wish == WISH_HOLD    ? rec->state == JOB_QUEUED
	       : running	      ? rec->state == JOB_SENDING || rec->state == JOB_RUNNING
				      : rec->state < JOB_ANSWERED;
}

static const struct job_rec *people_choose(struct sim *s, enum wish wish)
{
	const struct world_ledger *l = &s->w->ledger;
	const struct job_rec *rec = NULL;
	int tries = sim_chance(s, 80) ? 20 : 1;
	bool running = sim_chance(s, 50);
	while (tries-- > 0 && (rec == NULL || !people_fits(rec, wish, running)))
		rec = &l->job[sim_int(s, 0, (int)l->jobs - 1)].rec;
	return rec;
}

/* By its id, or by its path, whether there is any. */
static char *people_name_one(struct sim *s, const struct asking *r)
{
	if (s->w->ledger.jobs > 0 && sim_chance(s, 75)) {
		const struct job_rec *rec = people_choose(s, r->wish);
		people_wish(s, r, rec->spool, rec->name);
		return xasprintf("%llu", (unsigned long long)rec->id);
	}
	size_t spool = (size_t)sim_int(s, 0, (int)s->w->conf.spool_count - 1);
	int file = sim_int(s, 0, SIM_FILES - 1);
	char *name =
	    xasprintf("f%d.%s", (int)spool * SIM_FILES + file, sim_suffix(s, (size_t)file));
	char *path = xasprintf("\"%s/%s\"", s->w->spool[spool].path, name);
	people_wish(s, r, spool, name);
	free(name);
	return path;
}

static char *people_name_jobs(struct sim *s, const struct asking *r)
{
	if (r->wish != WISH_RERUN && sim_chance(s, 8)) {
		people_wish_all(s, r);
		return xstrdup("\"ALL\"");
	}
	char *first = people_name_one(s, r);
	char *second = sim_chance(s, 20) ? people_name_one(s, r) : NULL;
	char *list =
	    second == NULL ? xasprintf("[%s]", first) : xasprintf("[%s,%s]", first, second);
	free(first);
	free(second);
	return list;
}

static void people_ask_for_jobs(struct sim *s, const struct asking *r)
{
	char *jobs = people_name_jobs(s, r);
	char *line = xasprintf("{\"v\":1,\"do\":\"%s\",\"jobs\":%s}", word[r->wish], jobs);
	people_send(s, r, line);
	free(line);
	free(jobs);
}

/* ---- places ---------------------------------------------------------------------------------- */

static void people_ask_for_place(struct sim *s, const struct asking *r)
{
	const char *name = r->of == PAUSE_POOL	  ? s->w->pool[r->index].name
			   : r->of == PAUSE_SPOOL ? s->w->spool[r->index].name
						  : "";
	char *line = r->of == PAUSE_ALL
			 ? xasprintf("{\"v\":1,\"do\":\"%s\",\"all\":true}", word[r->wish])
			 : xasprintf("{\"v\":1,\"do\":\"%s\",\"%s\":\"%s\"}", word[r->wish],
			       r->of == PAUSE_POOL ? "pool" : "spool", name);
	if (r->uid == 0 && r->wish == WISH_PAUSE)
		s->may_pause[r->of][r->index] = true;
	if (r->uid == 0 && r->wish == WISH_RESUME) {
		s->told_paused[r->of][r->index] = false;
		s->resumed[r->of][r->index] = s->w->turn + 1;
	}
	people_send(s, r, line);
	free(line);
}

static void people_draw_place(struct sim *s, struct asking *r)
{
	r->of = (enum pause_what)sim_int(s, PAUSE_ALL, PAUSE_SPOOL);
	if (r->of == PAUSE_POOL)
		r->index = (size_t)sim_int(s, 0, (int)s->w->conf.pool_count - 1);
	if (r->of == PAUSE_SPOOL)
		r->index = (size_t)sim_int(s, 0, (int)s->w->conf.spool_count - 1);
}

/* ---- requests ---------------------------------------------------------------------------------- */

/* Some do not wait for the answer, and some daemons do not live to give it. */
static void people_lose_it(struct sim *s)
{
	bool mortal = (s->troubles & 1u << 4) != 0;
	if (sim_chance(s, 12)) {
		people_say(s, s->asking.uid, "and hangs up");
		world_hang_up(s->w, s->asking.peer);
		s->asking.open = false;
	} else if (mortal && s->w->crash_turn <= s->w->turn && sim_chance(s, 15)) {
		s->w->crash_turn = s->w->turn + (size_t)sim_int(s, 1, 3);
		s->w->crash_point = (size_t)sim_int(s, 0, 3);
		sim_begins_anew(s);
	}
}

static void people_draw(struct sim *s)
{
	static const enum wish wish[] = { WISH_CANCEL, WISH_CANCEL, WISH_CANCEL, WISH_HOLD,
		WISH_HOLD, WISH_HOLD, WISH_RELEASE, WISH_RELEASE, WISH_RERUN, WISH_RERUN,
		WISH_RERUN, WISH_PAUSE, WISH_PAUSE, WISH_RESUME, WISH_RESUME };
	struct asking r = { .peer = 1 };
	if (sim_chance(s, 70))
		r.peer = (uint64_t)sim_int(s, 1, WORLD_PEERS - 1);
	r.uid = uid_of[r.peer];
	r.wish = wish[sim_int(s, 0, ARRAY_LEN(wish) - 1)];
	if (r.wish >= WISH_PAUSE) {
		people_draw_place(s, &r);
		people_ask_for_place(s, &r);
	} else {
		people_ask_for_jobs(s, &r);
	}
	people_lose_it(s);
}

void people_ask(struct sim *s)
{
	if (s->asking.open || s->down)
		return;
	sim_other_dice(s);
	people_draw(s);
	sim_other_dice(s);
}

/* A file's turn takes some turns of the daemon: what is asked meanwhile comes between them. */
void people_may_ask(struct sim *s)
{
	sim_other_dice(s);
	int what = sim_int(s, 0, 9);
	int turns = sim_int(s, 1, 15);
	sim_other_dice(s);
	if (what < 2)
		people_ask(s);
	else if (what < 4)
		s->ask_in = turns;
}

/* ---- answers --------------------------------------------------------------------------------- */

static void people_told_job(struct sim *s, const struct asking *r, const json_t *line)
{
	uint64_t id = (uint64_t)json_integer_value(json_object_get(line, "id"));
	const struct world_row *row = ledger_job(&s->w->ledger, id);
	ck_assert_uint_lt(id, SIM_JOBS);
	if (row != NULL)
		holds(turns_may(s, r->uid, row->rec.spool, row->rec.name), NOT_THEIRS,
		    "user %u did %s job %llu", r->uid, word[r->wish], (unsigned long long)id);
	if (r->wish == WISH_HOLD)
		s->turned[id].told_held = true;
	if (r->wish == WISH_CANCEL)
		s->turned[id].told_cancelled = true;
	if (r->wish == WISH_RERUN)
		s->turned[id].told_again = true;
}

static void people_told(struct sim *s, const struct asking *r, const json_t *line)
{
	const char *type = json_string_value(json_object_get(line, "type"));
	if (!str_eq(type, "done"))
		return;
	if (r->wish < WISH_PAUSE) {
		people_told_job(s, r, line);
		return;
	}
	holds(r->uid == 0, NOT_THEIRS, "user %u did %s", r->uid, word[r->wish]);
	s->told_paused[r->of][r->index] = r->wish == WISH_PAUSE;
}

/* What was said counts from the next turn on. A connection that died with the daemon says nothing. */
void people_hear(struct sim *s)
{
	const struct asking r = s->asking;
	if (!r.open || world_waits(s->w, r.peer))
		return;
	s->asking.open = false;
	const char *said = world_said(s->w, r.peer);
	for (const char *p = said; *p != '\0'; p += strcspn(p, "\n"), p += *p == '\n') {
		json_t *line = json_loadb(p, strcspn(p, "\n"), 0, NULL);
		people_told(s, &r, line);
		json_decref(line);
	}
}

/* ---- operators ------------------------------------------------------------------------------- */

static void people_wait(struct sim *s)
{
	for (int n = 0; n < 20 && s->asking.open; n++)
		sim_pass(s, 100);
}

static void people_resume(struct sim *s)
{
	for (int of = 0; of < PAUSE_COUNT; of++)
		for (size_t i = 0; i < WORLD_MAX; i++) {
			const struct asking r = { .wish = WISH_RESUME,
				.peer = 1,
				.of = (enum pause_what)of,
				.index = i };
			if (!s->w->ledger.paused[of][i] ||
			    (of == PAUSE_POOL && s->w->pool[i].removed))
				continue;
			people_ask_for_place(s, &r);
			people_wait(s);
		}
}

static bool people_hold_any(const struct sim *s)
{
	for (size_t i = 0; i < s->w->ledger.jobs; i++) {
		const struct job_rec *rec = &s->w->ledger.job[i].rec;
		if (rec->state == JOB_QUEUED &&
		    (rec->held != HELD_NOT || s->turned[rec->id].told_held))
			return true;
	}
	return false;
}

void people_mend(struct sim *s)
{
	const struct asking r = { .wish = WISH_RELEASE, .peer = 1 };
	people_wait(s);
	people_resume(s);
	if (!people_hold_any(s))
		return;
	people_wish_all(s, &r);
	people_send(s, &r, "{\"v\":1,\"do\":\"release\",\"jobs\":\"ALL\"}");
	people_wait(s);
}

void people_give_up(struct sim *s)
{
	const struct asking r = { .wish = WISH_CANCEL, .peer = 1 };
	for (size_t i = 0; i < s->w->ledger.jobs; i++) {
		const struct world_row *row = &s->w->ledger.job[i];
		if (row->rec.state != JOB_QUEUED || turns_waits(s, row) == NULL)
			continue;
		char *line = xasprintf(
		    "{\"v\":1,\"do\":\"cancel\",\"jobs\":[%llu]}", (unsigned long long)row->rec.id);
		people_wish(s, &r, row->rec.spool, row->rec.name);
		people_send(s, &r, line);
		free(line);
		people_wait(s);
	}
}
