/* pool: how many sessions of each kind and owner there are to be. */
#include "core/pool.h"

#include "core/depart.h"
#include "core/finish.h"
#include "core/owners.h"
#include "core/share.h"
#include "core/talk.h"
#include "core/terms.h"
#include <assert.h>
#include <string.h>

/* Without names the first statement is what a session is known by, so it goes before that one is
 * dropped. */
#define NAMELESS_MAX 80 /* servers retain the newest 100 statements */
#define CREATING_MAX 2	/* at once: many at once bring hosts down (facts of Livy) */

/* Sessions of one kind, counted. */
struct pool_count {
	int all;      /* existing, whatever their state */
	int creating; /* not yet idle for the first time */
	int leaving;  /* retired or being deleted */
	int spare;    /* with a place for a file, or soon so */
	int places;   /* for files, in those that anybody may take */
	int waiting;  /* sessions that the files in the lanes will fill */
};

/* Whatever lives where the pool was before a reload serves it no more, and takes no place of its own:
 * that server may be dead for good. */
static bool pool_has(const struct core *c, size_t pool, const struct session *s)
{
	return s->r.pool == pool && s->r.endpoint == c->conf->pool[pool].endpoint;
}

/* Ready for a file at once, or soon so: a runner's also beside others. */
static bool pool_is_spare(const struct core *c, const struct session *s)
{
	return session_places(s, core_session_pool(c, s)->slots) > 0;
}

/* How many files a session of this kind holds. */
static int pool_slots(const struct core *c, size_t pool, enum kind kind, bool fresh)
{
	return kind == KIND_RUNNER && !fresh ? c->conf->pool[pool].slots : 1;
}

/* As many sessions as these files need. */
static int pool_sessions(const struct core *c, size_t pool, const struct lane *like, int files)
{
	int slots = pool_slots(c, pool, like->kind, like->fresh);
	return files > 0 ? (files + slots - 1) / slots : 0;
}

/* Those that cost the host a driver's start just now; whoever waits for its first file costs no
 * more. */
static bool pool_is_creating(const struct session *s)
{
	return s->r.state == SESSION_CREATING || s->r.state == SESSION_STARTING ||
	       s->r.state == SESSION_GREETING;
}

/* So many files may be started now of this lane and those like it, which wait for the same sessions;
 * 0 of those that are not the first of them. */
static int pool_wants(const struct core *c, size_t pool, const struct lane *first)
{
	const struct lane *lane;
	int wants = 0;
	TAILQ_FOREACH (lane, &c->pool[pool]->lanes, link) {
		if (!queue_alike(lane, first))
			continue;
		if (wants == 0 && lane != first && share_room(lane) > 0)
			return 0;
		wants += share_room(lane);
	}
	return wants;
}

/* Counted anew for each plan, as core/share does: no number is kept that could go wrong in a
 * month. */
static int pool_count(const struct core *c, size_t pool, struct pool_count count[KIND_SESSIONS])
{
	int all = 0;
	const struct session *s;
	TAILQ_FOREACH (s, &c->sessions, link) {
		if (!pool_has(c, pool, s) || !session_exists(s))
			continue;
		struct pool_count *k = &count[s->r.kind];
		all++;
		k->all++;
		k->creating += pool_is_creating(s);
		k->leaving += session_state(s) >= SESSION_RETIRED;
		k->spare += pool_is_spare(c, s);
		if (s->r.owner == -1)
			k->places += session_places(s, c->conf->pool[pool].slots);
	}
	const struct lane *lane;
	TAILQ_FOREACH (lane, &c->pool[pool]->lanes, link)
		count[lane->kind].waiting +=
		    pool_wants(c, pool, lane) / pool_slots(c, pool, lane->kind, lane->fresh);
	return all;
}

static bool pool_serves_lane(const struct session *s, const struct lane *lane)
{
	if (s->draining || s->fresh || (lane->fresh && (s->r.statements > 0 || s->run_count > 0)))
		return false;
	return s->r.kind == lane->kind && (s->r.owner == -1 || s->r.owner == lane->owner);
}

/* How many of a lane's files find no place in the sessions that are its owner's. */
static int pool_lacks(const struct core *c, size_t pool, const struct lane *lane)
{
	int lacks = pool_wants(c, pool, lane);
	const struct session *s;
	TAILQ_FOREACH (s, &c->sessions, link)
		if (pool_has(c, pool, s) && s->r.owner == lane->owner && s->r.owner != -1 &&
		    pool_serves_lane(s, lane))
			lacks -= session_places(s, c->conf->pool[pool].slots);
	return lacks > 0 ? lacks : 0;
}

/* Is there any session that will serve this lane sooner or later? Sooner or later, not now: one
 * that is busy will be free, and a further session would come later than that, or would be one too
 * many. */
static bool pool_has_server(const struct core *c, size_t pool, const struct lane *lane)
{
	const struct session *s;
	TAILQ_FOREACH (s, &c->sessions, link)
		if (pool_has(c, pool, s) && session_state(s) < SESSION_RETIRED &&
		    pool_serves_lane(s, lane))
			return true;
	return false;
}

/* The idle session least recently used that no file before this lane's could take. Never one that
 * an earlier file could take: two owners at `max` 1 would otherwise take the session from each
 * other before either had run. */
static struct session *pool_dispensable(const struct core *c, size_t pool, const struct lane *than)
{
	struct session *found = NULL;
	struct session *s;
	TAILQ_FOREACH (s, &c->sessions, link) {
		const struct lane *lane;
		bool wanted = false;
		if (!pool_has(c, pool, s) || s->r.state != SESSION_IDLE || s->run_count > 0)
			continue;
		TAILQ_FOREACH (lane, &c->pool[pool]->lanes, link)
			wanted = wanted || (pool_serves_lane(s, lane) && share_room(lane) > 0 &&
					       share_before(c, lane, than));
		if (!wanted && (found == NULL || s->used_ms < found->used_ms))
			found = s;
	}
	return found;
}

static void pool_wake(struct core *c, size_t pool, int64_t due_ms)
{
	timer_set_earlier(&c->timers, &c->pool[pool]->timer, due_ms);
}

/* What a plan has to spend. */
struct pool_room {
	size_t pool;
	int free;     /* sessions that may still be made */
	int creating; /* sessions that are being made */
	int leaving;  /* sessions that will make room by themselves */
};

/* As whom a session runs: nobody's yet, or from its birth the owner's of the files that wait. */
struct pool_who {
	int64_t owner;
	const char *proxy_user;
};

static const struct pool_who pool_anybody = { -1, NULL };

/* False: not known yet, or the lane's first file was refused because its owner has no name. */
static bool pool_who(struct core *c, size_t pool, struct lane *lane, struct pool_who *who)
{
	*who = pool_anybody;
	if (!owners_wanted(c, pool))
		return true;
	who->owner = lane->owner;
	switch (owners_name(c, (uint32_t)lane->owner, &who->proxy_user)) {
	case OWNER_KNOWN:
		return true;
	case OWNER_ASKED:
		return false;
	case OWNER_NOBODY:
		break;
	}
	finish_silent(c, queue_first(lane), STATUS_REJECTED,
	    "its owner has no login name, and it would run under that name");
	c->plan = true;
	return false;
}

/* Makes what a kind lacks, as far as limits allow. Returns how many were made. */
static int pool_grow(
    struct core *c, struct pool_room *room, enum kind kind, int lacks, const struct pool_who *who)
{
	int made = 0;
	int64_t after_ms = c->pool[room->pool]->after_ms[kind];
	assert(room->creating >= 0 && kind < KIND_SESSIONS);
	if (lacks > 0 && after_ms > c->now.mono_ms) {
		pool_wake(c, room->pool, after_ms);
		return 0;
	}
	while (made < lacks && room->free > 0 && room->creating < CREATING_MAX) {
		talk_create(c, room->pool, kind, who->owner, who->proxy_user);
		made++;
		room->free--;
		room->creating++;
	}
	return made;
}

/* The first in turn of those that were not looked at yet, and then none of those like it is. */
static struct lane *pool_next_unserved(const struct core *c, size_t pool)
{
	struct lane *first = NULL;
	struct lane *lane;
	TAILQ_FOREACH (lane, &c->pool[pool]->lanes, link)
		if (!lane->planned && share_room(lane) > 0 &&
		    (first == NULL || share_before(c, lane, first)) &&
		    !pool_has_server(c, pool, lane))
			first = lane;
	TAILQ_FOREACH (lane, &c->pool[pool]->lanes, link)
		lane->planned = lane->planned || (first != NULL && queue_alike(lane, first));
	return first;
}

/* Lanes that no session will ever serve come first, in their turn. At max an idle session makes room;
 * where none is idle, later files wait until one is (claim). */
static bool pool_serve_all(struct core *c, struct pool_room *room)
{
	struct pool_state *pool = c->pool[room->pool];
	struct lane *lane = NULL;
	uint64_t old_claim = pool->claim;
	bool all = true;
	pool->claim = 0;
	TAILQ_FOREACH (lane, &pool->lanes, link)
		lane->planned = false;
	while ((lane = pool_next_unserved(c, room->pool)) != NULL) {
		struct pool_who who;
		if (!pool_who(c, room->pool, lane, &who) ||
		    pool_grow(c, room, lane->kind, 1, &who) > 0)
			continue;
		all = false;
		if (room->free > 0 || room->leaving-- > 0)
			continue; /* one is on its way out, or no more may be created just now */
		struct session *s = pool_dispensable(c, room->pool, lane);
		if (s != NULL)
			depart_retire(
			    c, s, "it makes room for an earlier file of another kind or owner");
		else if (pool->claim == 0)
			pool->claim = queue_first(lane)->r.id;
	}
	if (pool->claim != old_claim)
		c->plan = true; /* others may go now */
	return all;
}

/* Need before comfort: what waits gets its sessions first, and only what is left of `max` is kept
 * warm. */
static void pool_make(struct core *c, size_t pool)
{
	const struct conf_pool *conf = &c->conf->pool[pool];
	struct pool_count count[KIND_SESSIONS] = { { 0 } };
	struct pool_room room = { .pool = pool, .free = conf->max - pool_count(c, pool, count) };
	for (int k = 0; k < KIND_SESSIONS; k++) {
		room.creating += count[k].creating;
		room.leaving += count[k].leaving;
	}
	/* Some wait for a session that cannot be made yet. Whatever more is made for others now
	 * would only have to go again for them. */
	if (!pool_serve_all(c, &room))
		return;
	memset(count, 0, sizeof(count));
	pool_count(c, pool, count);
	struct lane *lane;
	TAILQ_FOREACH (lane, &c->pool[pool]->lanes, link) {
		struct pool_count *k = &count[lane->kind];
		struct pool_who who = pool_anybody;
		int lacks = pool_lacks(c, pool, lane);
		if (owners_wanted(c, pool)) { /* it has a session already, so its name is known */
			who.owner = lane->owner;
			if (owners_name(c, (uint32_t)lane->owner, &who.proxy_user) != OWNER_KNOWN)
				continue;
		}
		int taken = lacks < k->places ? lacks : k->places;
		k->places -= taken;
		k->spare += pool_grow(
		    c, &room, lane->kind, pool_sessions(c, pool, lane, lacks - taken), &who);
	}
	for (int k = 0; k < KIND_SESSIONS; k++)
		if (!owners_wanted(c, pool)) /* those have no owner to run as */
			pool_grow(c, &room, (enum kind)k,
			    terms_warm(c, pool, (enum kind)k) - (count[k].spare - count[k].waiting),
			    &pool_anybody);
}

/* The order is that of what an operator wants to read first: the configuration's doing before
 * wear. */
static const char *pool_reason_to_retire(const struct core *c, const struct session *s)
{
	const struct conf_pool *conf = core_session_pool(c, s);
	if (conf->removed || terms_warm(c, s->r.pool, s->r.kind) < 0)
		return "its pool does not want it any more";
	if (c->stopping && conf->on_stop == ON_STOP_DELETE)
		return "the daemon stops";
	if (s->draining)
		return "it has drained";
	if (s->full)
		return "its list of statements takes half of answer_max";
	if (s->r.endpoint != conf->endpoint)
		return "its pool has another endpoint now";
	if (!str_eq(s->r.run_as, conf->session.proxy_user))
		return "its pool runs files as others now";
	if (conf->owners == OWNERS_SEPARATE && session_is_common(s))
		return "it has served several owners";
	if (!core_session_endpoint(c, s)->dialect.names && s->r.last_statement >= NAMELESS_MAX)
		return "its first statement, by which it is known, will be dropped soon";
	if (s->r.statements >= conf->recycle_statements)
		return "recycle_statements";
	/* By the wall clock, as the monotonic one does not outlive the machine; a session may. */
	if (c->now.real_ms - s->r.created_ms >= conf->recycle_age_ms)
		return "recycle_age";
	return NULL;
}

/* Idle, or at a stop without any file in it: one that is being created is waited for. */
static bool pool_may_go(const struct core *c, const struct session *s)
{
	bool early = s->r.state == SESSION_STARTING || s->r.state == SESSION_GREETING ||
		     s->r.state == SESSION_PROBING;
	return s->run_count == 0 && (s->r.state == SESSION_IDLE || (early && c->stopping));
}

void pool_recycle(struct core *c, size_t pool)
{
	struct session *s;
	struct session *next;
	for (s = TAILQ_FIRST(&c->sessions); s != NULL; s = next) {
		next = TAILQ_NEXT(s, link);
		bool runs = s->r.kind == KIND_RUNNER && s->r.state == SESSION_BUSY;
		if (s->r.pool != pool || !core_endpoint_up(c, s) || !(runs || pool_may_go(c, s)))
			continue;
		const char *why = pool_reason_to_retire(c, s);
		if (why != NULL && runs)
			s->draining = true; /* one is always busy otherwise, and never goes */
		else if (why != NULL)
			depart_retire(c, s, why);
		else
			pool_wake(c, pool,
			    c->now.mono_ms + core_session_pool(c, s)->recycle_age_ms -
				(c->now.real_ms - s->r.created_ms));
	}
}

/* Beyond `warm`, a session that was idle for idle_timeout is given back. */
static void pool_give_back(struct core *c, size_t pool)
{
	const struct conf_pool *conf = &c->conf->pool[pool];
	struct pool_count count[KIND_SESSIONS] = { { 0 } };
	if (conf->idle_timeout_ms == CONF_NEVER)
		return;
	pool_count(c, pool, count);
	struct session *s;
	struct session *next;
	for (s = TAILQ_FIRST(&c->sessions); s != NULL; s = next) {
		next = TAILQ_NEXT(s, link);
		if (!pool_has(c, pool, s) || s->r.state != SESSION_IDLE || s->run_count > 0 ||
		    count[s->r.kind].spare <= terms_warm(c, pool, s->r.kind))
			continue;
		if (c->now.mono_ms - s->used_ms < conf->idle_timeout_ms) {
			pool_wake(c, pool, s->used_ms + conf->idle_timeout_ms);
			continue;
		}
		count[s->r.kind].spare--;
		depart_retire(c, s, "idle_timeout");
	}
}

void pool_plan(struct core *c, size_t pool)
{
	assert(pool < c->pool_count);
	const struct conf_pool *conf = &c->conf->pool[pool];
	if (c->endpoint[conf->endpoint]->phase != ENDPOINT_UP)
		return;
	if (conf->removed || c->stopping)
		return;
	pool_give_back(c, pool);
	/* Without a claim: what is paused takes no session, and others must not wait behind it. */
	if (c->paused || c->pool[pool]->paused)
		c->pool[pool]->claim = 0;
	else
		pool_make(c, pool);
}
