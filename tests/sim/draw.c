/* draw: what a seed says: its numbers, its configuration, the texts of its files. */
#include "sim.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define SECOND 1000
#define MINUTE (60 * SECOND)

/* ---- numbers --------------------------------------------------------------------------------- */

/* A counter, and its bits mixed: any seed is as good as another, neighbours too. */
static uint64_t sim_next(struct sim *s)
{
	uint64_t x = s->rng += 0x9e3779b97f4a7c15u;
	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
	x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
	return x ^ (x >> 31);
}

int sim_int(struct sim *s, int from, int to)
{
	ck_assert_int_le(from, to);
	return from + (int)(sim_next(s) % (uint64_t)(to - from + 1));
}

bool sim_chance(struct sim *s, int percent)
{
	return sim_int(s, 0, 99) < percent;
}

/* A draw more or less would make another story of all that follows: what came late has dice of its
 * own. */
void sim_other_dice(struct sim *s)
{
	uint64_t rng = s->rng;
	s->rng = s->other_rng;
	s->other_rng = rng;
}

/* ---- the configuration ----------------------------------------------------------------------- */

static void sim_draw_server(struct sim *s, size_t n)
{
	static const int64_t create_ms[] = { 5, 20, 2000, 45000 };
	static const int64_t start_ms[] = { 1000, 1000, 5000, 5000, 10000, 40000 };
	struct world_server *sv = &s->w->server[n];
	sv->create_ms = create_ms[sim_int(s, 0, 3)];
	sv->start_ms = start_ms[sim_int(s, 0, 5)];
	sv->piece_bytes = sim_chance(s, 70) ? 1000 : sim_chance(s, 50) ? 7 : 200;
	if (sim_chance(s, 15))
		sv->sessions_max = sim_int(s, 1, 4);
	if (sim_chance(s, 8))
		sv->alone = "there is no fork here";
	if (sim_chance(s, 20)) {
		sv->version = NULL;
		sv->list_only = sim_chance(s, 30);
	} else if (sim_chance(s, 6)) {
		sv->list_only = true;
		s->w->endpoint[n].statements = STATEMENTS_LIST;
	}
	/* Without names the first answer is what a session is known by. */
	if (sv->version != NULL && sim_chance(s, 70))
		sv->retained = 12;
}

/* How long servers leave sessions alone that nobody needs, as it seems to them. */
static void sim_draw_limits_of_servers(struct sim *s)
{
	struct world *w = s->w;
	for (size_t i = 0; i < w->conf.endpoint_count; i++)
		if (sim_chance(s, 25))
			w->server[i].idle_timeout_ms =
			    sim_chance(s, 60) ? 11 * MINUTE : 60 * MINUTE;
	for (size_t i = 0; i < w->conf.pool_count; i++)
		if (sim_chance(s, 15))
			w->pool[i].session.heartbeat_timeout_s = sim_int(s, 90, 900);
}

static void sim_draw_pool(struct sim *s, size_t n)
{
	static char owner[] = "%owner";
	static const int64_t idle_ms[] = { CONF_NEVER, CONF_NEVER, 30 * SECOND, 10 * MINUTE };
	struct conf_pool *p = &s->w->pool[n];
	p->max = sim_int(s, 1, 4);
	p->slots = sim_int(s, 1, 4);
	p->isolation = sim_chance(s, 20) ? ISOLATION_FRESH : ISOLATION_SHARED;
	p->owners = sim_chance(s, 70) ? OWNERS_SEPARATE : OWNERS_SHARED;
	p->on_stop = sim_chance(s, 50) ? ON_STOP_KEEP : ON_STOP_DELETE;
	p->idle_timeout_ms = idle_ms[sim_int(s, 0, 3)];
	p->recycle_statements = sim_chance(s, 20) ? sim_int(s, 1, 5) : 500;
	p->recycle_age_ms = sim_chance(s, 15) ? 10 * MINUTE : 720 * MINUTE;
	p->start_timeout_ms = sim_chance(s, 20) ? 60 * SECOND : 300 * SECOND;
	for (int k = 0; k < KIND_COUNT; k++)
		p->warm[k] = sim_chance(s, 4) ? -1 : sim_chance(s, 25) ? 1 : 0;
	if (p->owners == OWNERS_SEPARATE && sim_chance(s, 15))
		p->session.proxy_user = owner;
	if (n > 0 && sim_chance(s, 20))
		p->endpoint = s->w->conf.endpoint_count++;
	s->pool_max[n] = p->max;
}

/* What a reload may change as well. */
static void sim_draw_rules(struct sim *s, struct conf_spool *in)
{
	static const int64_t timeout_ms[] = { CONF_NEVER, CONF_NEVER, 5 * SECOND, 2 * MINUTE };
	in->after = (enum conf_after)sim_int(s, AFTER_KEEP, AFTER_MOVE);
	in->timeout_ms = timeout_ms[sim_int(s, 0, 3)];
	in->on_unknown = sim_chance(s, 20) ? ON_UNKNOWN_RERUN : ON_UNKNOWN_STOP;
	in->python = sim_chance(s, 45)	 ? STYLE_RAW
		     : sim_chance(s, 70) ? STYLE_SCRIPT
					 : STYLE_NOTEBOOK;
	in->sql = sim_chance(s, 50) ? STYLE_SCRIPT : STYLE_RAW;
	in->html = sim_chance(s, 15);
	s->timed = s->timed || in->timeout_ms != CONF_NEVER;
}

static void sim_draw_spool(struct sim *s, size_t n)
{
	static char modules[] = "/modules";
	static const int64_t keep_for_ms[] = { CONF_NEVER, 20 * SECOND, 5 * MINUTE, CONF_NEVER };
	struct conf_spool *in = &s->w->spool[n];
	in->ready = (enum conf_ready)sim_int(s, READY_SETTLE, READY_MARKER);
	in->settle_ms = sim_int(s, 200, 2000);
	in->scan_ms = sim_chance(s, 50) ? 60 * SECOND : 5 * SECOND;
	in->move_to = xstrdup("done");
	s->w->dir[n]->deaf = sim_chance(s, 10);
	s->w->dir[n]->modules = "[{\"name\":\"helper.py\",\"data\":\"eCA9IDE=\"}]";
	if (sim_chance(s, 15))
		in->modules = modules;
	if (sim_chance(s, 10))
		in->existing = EXISTING_SKIP;
	sim_draw_rules(s, in);
	/* Not drawn, so that seeds are the stories that they were before there was this. */
	in->keep_for_ms = keep_for_ms[(s->seed / 3 + n) % ARRAY_LEN(keep_for_ms)];
}

/* ---- the queue's rules ----------------------------------------------------------------------- */

/* What a reload may change as well; a row and what stops it stay as they are. */
static void sim_draw_limits(struct sim *s)
{
	struct world *w = s->w;
	for (size_t i = 0; i < w->conf.spool_count; i++) {
		struct conf_spool *in = &w->spool[i];
		in->running_max = sim_chance(s, 40) ? sim_int(s, 1, 3) : 0;
		in->owner_running_max = sim_chance(s, 30) ? sim_int(s, 1, 2) : 0;
		in->priority = sim_int(s, -2, 2);
		in->priority_max = sim_chance(s, 20) ? 3 : 100;
		in->weight = sim_int(s, 1, 3);
	}
	for (size_t i = 0; i < w->conf.pool_count; i++)
		w->pool[i].owner_running_max = sim_chance(s, 20) ? sim_int(s, 1, 3) : 0;
}

static void sim_draw_queue(struct sim *s)
{
	struct world *w = s->w;
	for (size_t i = 0; i < w->conf.spool_count; i++) {
		w->spool[i].ordered = sim_chance(s, 50);
		for (int n = sim_chance(s, 40) ? sim_int(s, 1, 3) : 0; n > 0; n--)
			w->spool[i].pause_on |= 1u << sim_int(s, STATUS_ERROR, STATUS_REJECTED);
	}
	sim_draw_limits(s);
}

void sim_configure(struct sim *s)
{
	struct world *w = s->w;
	if (sim_chance(s, 35))
		world_add_pool(w, "other");
	if (sim_chance(s, 35))
		world_add_spool(w, "also", sim_chance(s, 50) ? w->conf.pool_count - 1 : 0);
	for (size_t i = 0; i < w->conf.pool_count; i++)
		sim_draw_pool(s, i);
	for (size_t i = 0; i < w->conf.spool_count; i++)
		sim_draw_spool(s, i);
	for (size_t i = 0; i < w->conf.endpoint_count; i++)
		sim_draw_server(s, i);
	s->styles = sim_int(s, 0, 3);
	s->only_python = sim_chance(s, 50);
	s->poison_percent = sim_chance(s, 15) ? 5 : 0;
	sim_other_dice(s);
	s->ruled = sim_chance(s, 33);
	s->asked = sim_chance(s, 35);
	if (s->ruled)
		sim_draw_queue(s);
	sim_draw_limits_of_servers(s);
	sim_other_dice(s);
}

static void sim_may_rerun(struct sim *s, size_t spool)
{
	for (size_t i = 0; i < s->versions; i++)
		s->version[i].rerun = s->version[i].rerun || s->version[i].spool == spool;
}

/* Its spools have another one from then on. */
static void sim_remove_pool(struct sim *s, size_t pool)
{
	s->w->pool[pool].removed = true;
	for (size_t i = 0; i < s->w->conf.spool_count; i++)
		if (s->w->spool[i].pool == pool)
			s->w->spool[i].pool = 0;
}

void sim_reconfigure(struct sim *s)
{
	struct world *w = s->w;
	size_t n = (size_t)sim_int(s, 0, (int)w->conf.spool_count - 1);
	size_t p = (size_t)sim_int(s, 0, (int)w->conf.pool_count - 1);
	sim_draw_rules(s, &w->spool[n]);
	if (w->spool[n].on_unknown == ON_UNKNOWN_RERUN)
		sim_may_rerun(s, n);
	if (sim_chance(s, 30))
		w->spool[n].pool = w->pool[p].removed ? 0 : p;
	if (sim_chance(s, 50))
		w->pool[p].max = sim_int(s, 1, 4);
	if (sim_chance(s, 50))
		w->pool[p].slots = sim_int(s, 1, 4);
	if (s->pool_max[p] < w->pool[p].max)
		s->pool_max[p] = w->pool[p].max;
	if (sim_chance(s, 10))
		w->spool[n].removed = !w->spool[n].removed;
	if (p > 0 && sim_chance(s, 20))
		sim_remove_pool(s, p);
	sim_other_dice(s);
	if (w->conf.endpoint_count > 1 && sim_chance(s, 20))
		w->pool[p].endpoint = (size_t)sim_int(s, 0, (int)w->conf.endpoint_count - 1);
	if (s->ruled && sim_chance(s, 50))
		sim_draw_limits(s);
	sim_other_dice(s);
	if (!s->down) /* else the next life begins with it */
		world_reload(w);
}

/* ---- files ----------------------------------------------------------------------------------- */

const char *sim_suffix(const struct sim *s, size_t number)
{
	static const char *const suffix[SIM_FILES] = { "py", "py", "py", "sql", "py", "scala",
		"sql", "R" };
	return s->only_python ? "py" : suffix[number % SIM_FILES];
}

/* An output of thousands of pieces shows nothing that one of a hundred does not. */
static bool sim_in_drops(const struct sim *s)
{
	for (size_t i = 0; i < s->w->conf.endpoint_count; i++)
		if (s->w->server[i].piece_bytes < 100)
			return true;
	return false;
}

/* Longer than some server leaves a session alone. */
static int sim_long_ms(const struct sim *s)
{
	for (size_t i = 0; i < s->w->conf.endpoint_count; i++)
		if (s->w->server[i].idle_timeout_ms > 0)
			return 25 * MINUTE;
	return 4 * MINUTE;
}

/* What a file does: the first word is known to the world's interpreters. */
static char *sim_body(struct sim *s, enum kind kind)
{
	bool long_one = sim_chance(s, 20);
	switch (sim_int(s, 0, s->styles < 2 ? 9 : 15)) {
	case 0:
	case 1:
		return xasprintf("sleep %d", long_one ? sim_long_ms(s) : sim_int(s, 1, 20000));
	case 2:
		return xstrdup("fail");
	case 3:
		return xasprintf("drip %d", sim_int(s, 100, 5000));
	case 4:
		return xasprintf("big %d", sim_int(s, 1, sim_in_drops(s) ? 600 : 6000));
	case 5:
		return xasprintf("exit %d", sim_int(s, 0, 255));
	case 10:
		return xasprintf("die %d", sim_int(s, 1, 5000));
	case 11:
		return xasprintf("deaf %d", long_one ? 100000 : 3000);
	case 12:
		return xasprintf("kill %d", sim_int(s, 1, 5000));
	case 13:
	case 14:
		return xstrdup(kind == KIND_PYSPARK || kind == KIND_SPARKR ? "slip" : "print");
	default:
		return xstrdup("print");
	}
}

static const char *const comment[KIND_COUNT] = { "#", "//", "--", "#" };

static char *sim_says(struct sim *s, enum kind kind)
{
	switch (sim_int(s, 0, 19)) {
	case 0:
		return xasprintf("%s sparkspool: on_unknown=rerun\n", comment[kind]);
	case 1:
		return xasprintf("%s sparkspool: timeout=4s\n", comment[kind]);
	case 2:
		return xasprintf("%s sparkspool: isolation=fresh\n", comment[kind]);
	case 3:
		return xasprintf("%s sparkspool: pool=main\n", comment[kind]);
	case 4:
		return xasprintf("%s sparkspool: nonsense=1\n", comment[kind]);
	default:
		return xstrdup("");
	}
}

/* Of the same spool; there may never be one. */
static void sim_names_one(struct sim *s, struct version *v)
{
	int file = sim_int(s, 0, SIM_FILES - 1);
	if (sim_chance(s, 8))
		(void)snprintf(v->after, sizeof(v->after), "never.py");
	else
		(void)snprintf(v->after, sizeof(v->after), "f%d.%s",
		    (int)v->spool * SIM_FILES + file, sim_suffix(s, (size_t)file));
}

static char *sim_says_at(struct sim *s, struct version *v)
{
	char text[32];
	struct tm tm;
	time_t at = (time_t)(s->w->now.real_ms / SECOND + sim_int(s, -10, 120));
	(void)strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&at, &tm));
	v->at_ms = (int64_t)at * SECOND;
	/* The clock may go back before anybody else looks at it. */
	if (s->w->now.real_ms > s->latest_ms)
		s->latest_ms = s->w->now.real_ms;
	return xasprintf("at=%s", text);
}

/* What it says of its turn. */
static char *sim_says_when(struct sim *s, struct version *v)
{
	switch (sim_int(s, 0, 9)) {
	case 0:
	case 1:
	case 2:
	case 3:
		sim_names_one(s, v);
		v->after_any = sim_chance(s, 40);
		return xasprintf("%s=%s", v->after_any ? "after_any" : "after", v->after);
	case 4:
	case 5:
		v->delay_ms = sim_int(s, 1, sim_chance(s, 70) ? 5000 : 90000);
		return xasprintf("delay=%dms", (int)v->delay_ms);
	case 6:
		return sim_says_at(s, v);
	default:
		return xasprintf("priority=%d", sim_int(s, -5, 5));
	}
}

static char *sim_says_rules(struct sim *s, struct version *v, enum kind kind)
{
	char *line = xstrdup("");
	sim_other_dice(s);
	if (s->ruled && sim_chance(s, 45)) {
		char *words = sim_says_when(s, v);
		free(line);
		line = xasprintf("%s sparkspool: %s\n", comment[kind], words);
		free(words);
	}
	sim_other_dice(s);
	return line;
}

char *sim_text(struct sim *s, struct version *v, enum kind kind)
{
	static const char *const left[] = { "+err", "+csv", "+png", "+files", "+warn" };
	char *says = sim_says(s, kind);
	char *body = sim_body(s, kind);
	const char *more = sim_chance(s, 30) ? left[sim_int(s, 0, 4)] : "";
	char *rules = sim_says_rules(s, v, kind);
	char *text =
	    xasprintf("%s%s%s %s %s", rules, says, body, v->mark, kind == KIND_SPARK ? "" : more);
	free(rules);
	free(says);
	free(body);
	return text;
}
