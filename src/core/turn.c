/* turn: what keeps a queued file from its turn, and which setting would change that. For people. */
#include "core/turn.h"

#include "core/pause.h"
#include "core/row.h"
#include "core/share.h"
#include "core/terms.h"
#include "core/wait.h"
#include <assert.h>

const char *queue_rule_name(enum queue_rule rule)
{
	static const char *const name[RULE_COUNT] = { "none", "stopping", "settling", "spool-gone",
		"paused-all", "paused-pool", "paused-spool", "ordered", "after", "after-missing",
		"after-not-ok", "after-ring", "time", "rest", "spool-limit", "owner-limit",
		"pool-limit", "server-down", "behind", "session" };
	assert(rule < RULE_COUNT);
	return name[rule];
}

/* The order is that in which a person can do something about it: what holds the whole before what
 * holds a part, and a file that is not complete before any rule that would not look at it yet. */
static bool turn_paused(const struct core *c, const struct job *job, struct turn_why *why)
{
	if (c->stopping)
		why->rule = RULE_STOPPING;
	else if (core_spool_conf(c, job)->removed)
		why->rule = RULE_SPOOL_GONE;
	else if (job->r.state == JOB_SETTLING)
		why->rule = RULE_SETTLING;
	else if (pause_is_set(c, PAUSE_ALL, 0))
		why->rule = RULE_PAUSED_ALL;
	else if (pause_is_set(c, PAUSE_POOL, why->pool))
		why->rule = RULE_PAUSED_POOL;
	else if (pause_is_set(c, PAUSE_SPOOL, job->r.spool))
		why->rule = RULE_PAUSED_SPOOL;
	if (why->rule == RULE_SETTLING)
		why->setting = "spool.*.settle";
	return why->rule != RULE_NONE;
}

static bool turn_ordered(const struct core *c, const struct job *job, struct turn_why *why)
{
	const struct job *ahead = row_ahead(c, job);
	if (ahead == NULL)
		return false;
	why->rule = RULE_ORDERED;
	why->name = ahead->r.name;
	why->setting = "spool.*.ordered";
	return true;
}

static bool turn_waits(const struct core *c, const struct job *job, struct turn_why *why)
{
	switch (wait_why(c, job, &why->name, &why->until_ms)) {
	case WAIT_NOTHING:
		why->until_ms = 0;
		return false;
	case WAIT_TIME:
		why->rule = RULE_TIME;
		why->setting = "at";
		return true;
	case WAIT_ASKED:
	case WAIT_PENDING:
		why->rule = RULE_AFTER;
		break;
	case WAIT_MISSING:
		why->rule = RULE_AFTER_MISSING;
		break;
	case WAIT_NOT_OK:
		why->rule = RULE_AFTER_NOT_OK;
		break;
	case WAIT_RING:
		why->rule = RULE_AFTER_RING;
		break;
	}
	why->setting = "after";
	return true;
}

/* core/depart takes it out of its lane for a while. */
static bool turn_rests(const struct core *c, const struct job *job, struct turn_why *why)
{
	if (job->r.state != JOB_QUEUED || job->lane != NULL || !timer_is_set(&job->timer))
		return false;
	why->rule = RULE_REST;
	why->until_ms = c->now.real_ms + job->timer.due_ms - c->now.mono_ms;
	return true;
}

/* 0 is "no limit" in the configuration. What is counted here are places in sessions that are taken,
 * the same that core/share counts: what `why` says and what the queue does cannot differ. */
static bool turn_limit(
    struct turn_why *why, enum queue_rule rule, int limit, int running, const char *setting)
{
	if (limit == 0 || running < limit)
		return false;
	why->rule = rule;
	why->limit = limit;
	why->count = (size_t)running;
	why->setting = setting;
	return true;
}

static bool turn_limited(struct core *c, const struct job *job, struct turn_why *why)
{
	const struct conf_spool *spool = core_spool_conf(c, job);
	uint32_t uid = job->r.ident.uid;
	share_count(c);
	return turn_limit(why, RULE_SPOOL_LIMIT, spool->running_max,
		   share_of_spool(c, job->r.spool), "spool.*.running_max") ||
	       turn_limit(why, RULE_OWNER_LIMIT, spool->owner_running_max,
		   share_of_owner(c, job->r.spool, uid), "spool.*.owner_running_max") ||
	       turn_limit(why, RULE_POOL_LIMIT, c->conf->pool[why->pool].owner_running_max,
		   share_of_owner_in(c, why->pool, uid), "pool.*.owner_running_max");
}

/* Those of its own lane by priority and arrival, those of the others by whose turn it is. */
static size_t turn_before(const struct core *c, size_t pool, const struct job *job)
{
	const struct lane *lane;
	size_t n = 0;
	TAILQ_FOREACH (lane, &c->pool[pool]->lanes, link) {
		if (lane != job->lane && !share_before(c, lane, job->lane))
			continue;
		for (size_t i = 0; i < lane->ready.len; i++) {
			const struct job *other = lane->ready.item[i];
			n += other->priority > job->priority ||
			     (other->priority == job->priority && other->r.id < job->r.id);
		}
	}
	return n;
}

/* The rules are asked here, not remembered when they were applied: nothing is stored per file, of
 * which there may be a million, and the answer is true for the moment in which somebody asks. */
struct turn_why turn_why(struct core *c, const struct job *job)
{
	struct turn_why why = { .pool = terms_of(c, job).d.pool };
	if (job->r.state != JOB_QUEUED && job->r.state != JOB_SETTLING)
		return why;
	if (turn_paused(c, job, &why) || turn_ordered(c, job, &why) || turn_waits(c, job, &why) ||
	    turn_rests(c, job, &why) || turn_limited(c, job, &why))
		return why;
	if (c->endpoint[c->conf->pool[why.pool].endpoint]->phase != ENDPOINT_UP) {
		why.rule = RULE_SERVER_DOWN;
		why.setting = "endpoint.*.url";
		return why;
	}
	/* Ranks are only up to date while the pool is planned; here nobody has planned. */
	share_begin(c, why.pool);
	if (job->lane != NULL &&
	    job->lane->home != NULL) /* the row of an ordered spool is no pool's */
		why.count = turn_before(c, why.pool, job);
	why.rule = why.count > 0 ? RULE_BEHIND : RULE_SESSION;
	why.setting = why.count > 0 ? "spool.*.priority" : "pool.*.max";
	return why;
}
