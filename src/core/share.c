/* share: whose turn is next, and how many files of a spool and of an owner may run at once. */
#include "core/share.h"

#include "core/pause.h"
#include <assert.h>
#include <limits.h>
#include <stdlib.h>

#define SHARES_MAX 1000 /* beyond it those that were served longest ago are forgotten */
#define PASS 720720	/* of a spool of weight 1; most weights divide it */

/* What an owner has of a spool's turns in a pool. */
struct share {
	size_t pool;
	size_t spool;
	uint32_t uid;
	int running;
	uint64_t turn; /* when it was last served: the larger the later; 0: never */
	TAILQ_ENTRY(share) link;
};

/* ---- who has what --------------------------------------------------------------------------- */

/* Those with files that run are never forgotten: their count would begin anew at 0, and a limit
 * would let more in. So the list may be longer than its bound, but no longer than what runs. */
static void share_forget_one(struct core *c)
{
	struct share *oldest = NULL;
	struct share *sh;
	TAILQ_FOREACH (sh, &c->shares, link)
		if (sh->running == 0 && (oldest == NULL || sh->turn < oldest->turn))
			oldest = sh;
	if (oldest == NULL)
		return;
	TAILQ_REMOVE(&c->shares, oldest, link);
	c->share_count--;
	free(oldest);
}

static struct share *share_of(struct core *c, size_t pool, size_t spool, uint32_t uid)
{
	struct share *sh;
	TAILQ_FOREACH (sh, &c->shares, link)
		if (sh->pool == pool && sh->spool == spool && sh->uid == uid)
			return sh;
	if (c->share_count >= SHARES_MAX)
		share_forget_one(c);
	sh = xcalloc(1, sizeof(*sh));
	sh->pool = pool;
	sh->spool = spool;
	sh->uid = uid;
	TAILQ_INSERT_TAIL(&c->shares, sh, link);
	c->share_count++;
	return sh;
}

void shares_fini(struct core *c)
{
	struct share *sh;
	while ((sh = TAILQ_FIRST(&c->shares)) != NULL) {
		TAILQ_REMOVE(&c->shares, sh, link);
		free(sh);
	}
}

/* Anew from what the sessions hold: there is nothing that could go wrong over the years. */
void share_count(struct core *c)
{
	struct share *sh;
	const struct session *s;
	TAILQ_FOREACH (sh, &c->shares, link)
		sh->running = 0;
	TAILQ_FOREACH (s, &c->sessions, link)
		for (unsigned i = 0; i < s->run_count; i++) {
			const struct job *job = job_by_id(&c->jobs, s->run[i]);
			if (job != NULL)
				share_of(c, s->r.pool, job->r.spool, job->r.ident.uid)->running++;
		}
}

int share_of_spool(const struct core *c, size_t spool)
{
	const struct share *sh;
	int n = 0;
	TAILQ_FOREACH (sh, &c->shares, link)
		n += sh->spool == spool ? sh->running : 0;
	return n;
}

int share_of_owner(const struct core *c, size_t spool, uint32_t uid)
{
	const struct share *sh;
	int n = 0;
	TAILQ_FOREACH (sh, &c->shares, link)
		n += sh->spool == spool && sh->uid == uid ? sh->running : 0;
	return n;
}

int share_of_owner_in(const struct core *c, size_t pool, uint32_t uid)
{
	const struct share *sh;
	int n = 0;
	TAILQ_FOREACH (sh, &c->shares, link)
		n += sh->pool == pool && sh->uid == uid ? sh->running : 0;
	return n;
}

static uint64_t share_turn_of(const struct core *c, size_t pool, uint32_t uid)
{
	const struct share *sh;
	uint64_t turn = 0;
	TAILQ_FOREACH (sh, &c->shares, link)
		if (sh->pool == pool && sh->uid == uid && sh->turn > turn)
			turn = sh->turn;
	return turn;
}

/* ---- what that means ------------------------------------------------------------------------ */

static void share_limit(int *room, int max, int running)
{
	/* More may run than are allowed: a reload may have lowered the limit, and what runs is let
	 * end. */
	int left = max > running ? max - running : 0;
	if (max > 0 && left < *room)
		*room = left;
}

/* What is asked of each lane again and again, once. */
static void share_rank(struct core *c, size_t pool, struct lane *lane)
{
	assert(lane->spool < c->spool_count && pool < c->pool_count);
	const struct conf_spool *spool = &c->conf->spool[lane->spool];
	struct lane_rank *rank = &lane->rank;
	rank->owner_running = share_of_owner_in(c, pool, lane->uid);
	rank->owner_turn = share_turn_of(c, pool, lane->uid);
	rank->spool_running = share_of_spool(c, lane->spool);
	rank->room = pause_holds(c, pool, lane->spool) ? 0 : INT_MAX;
	share_limit(&rank->room, spool->running_max, rank->spool_running);
	share_limit(&rank->room, c->conf->pool[pool].owner_running_max, rank->owner_running);
	if (spool->owner_running_max > 0)
		share_limit(&rank->room, spool->owner_running_max,
		    share_of_owner(c, lane->spool, lane->uid));
}

static void share_rank_all(struct core *c, size_t pool)
{
	struct lane *lane;
	TAILQ_FOREACH (lane, &c->pool[pool]->lanes, link)
		share_rank(c, pool, lane);
}

void share_begin(struct core *c, size_t pool)
{
	if (TAILQ_EMPTY(&c->pool[pool]->lanes))
		return;
	share_count(c);
	share_rank_all(c, pool);
}

int share_room(const struct lane *lane)
{
	size_t n = queue_len(lane);
	return n < (size_t)lane->rank.room ? (int)n : lane->rank.room;
}

/* It is divided by: a configuration that was not read from a file may hold 0. */
static int64_t share_weight(const struct core *c, size_t spool)
{
	int weight = c->conf->spool[spool].weight;
	return weight > 0 ? weight : 1;
}

/* A spool that had nothing to run has saved nothing up. */
static uint64_t share_pass(const struct core *c, size_t spool)
{
	uint64_t pass = c->spool[spool]->pass;
	return pass > c->pass ? pass : c->pass;
}

/* <0: a, >0: b, 0: the order of arrival decides. */
static int share_cmp_spool(const struct core *c, const struct lane *a, const struct lane *b)
{
	/* Multiplied crosswise: a quotient would have to be rounded, and would then be a tie for
	 * large weights. */
	int64_t x = a->rank.spool_running * share_weight(c, b->spool);
	int64_t y = b->rank.spool_running * share_weight(c, a->spool);
	uint64_t pass_a = share_pass(c, a->spool);
	uint64_t pass_b = share_pass(c, b->spool);
	if (x != y)
		return x < y ? -1 : 1;
	return pass_a < pass_b ? -1 : pass_a > pass_b;
}

/* Owners before spools: a spool of one's own would otherwise be a way to get more than others. */
static int share_cmp_owner(const struct lane *a, const struct lane *b)
{
	if (a->rank.owner_running != b->rank.owner_running)
		return a->rank.owner_running < b->rank.owner_running ? -1 : 1;
	return a->rank.owner_turn < b->rank.owner_turn ? -1
						       : a->rank.owner_turn > b->rank.owner_turn;
}

bool share_before(const struct core *c, const struct lane *a, const struct lane *b)
{
	const struct job *x = queue_first(a);
	const struct job *y = queue_first(b);
	assert(x != NULL && y != NULL);
	int cmp = y->priority - x->priority;
	if (cmp == 0)
		cmp = share_cmp_owner(a, b);
	if (cmp == 0)
		cmp = share_cmp_spool(c, a, b);
	return cmp != 0 ? cmp < 0 : x->r.id < y->r.id;
}

void share_take(struct core *c, size_t pool, const struct lane *lane)
{
	assert(share_room(lane) > 0);
	struct share *sh = share_of(c, pool, lane->spool, lane->uid);
	sh->running++;
	sh->turn = ++c->turns;
	/* Stride scheduling: who is served moves on by the inverse of its weight, and whoever is
	 * least far comes next. The common pass follows, so that a spool that was idle joins where
	 * the others are. */
	c->pass = share_pass(c, lane->spool);
	c->spool[lane->spool]->pass = c->pass + (uint64_t)(PASS / share_weight(c, lane->spool));
	share_rank_all(c, pool);
}
