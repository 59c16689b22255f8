/* why: what keeps a file from being picked up, or from its turn; rule by rule. */
#include "core/why.h"

#include "core/ask.h"
#include "core/hold.h"
#include "core/pause.h"
#include "core/roll.h"
#include "core/source.h"
#include "core/terms.h"
#include "core/text.h"
#include "core/turn.h"
#include "core/view.h"
#include <jansson.h>
#include <string.h>

/* What is looked at. Each rule says a line; one that keeps the file may say what would change that. */
struct why {
	struct core *c;
	struct peer *p;
	size_t spool;
	const struct conf_spool *conf; /* NULL: no spool's */
	const char *name;
	struct job *job; /* NULL: not seen */
	struct terms t;
	const struct conf_pool *pool;
	bool keeps; /* the rule that was looked at last */
	bool end;   /* nothing behind this one can be told */
	const char *setting;
};

/* The rules are asked in the order in which the daemon applies them, and all are answered, also
 * behind the first one that keeps the file: who mends one thing wants to know what comes next. */
static const char *why_keeps(struct why *y, const char *setting, const char *message)
{
	y->keeps = true;
	y->setting = setting;
	return message;
}

static const char *why_stops(struct why *y, const char *setting, const char *message)
{
	y->end = true;
	return why_keeps(y, setting, message);
}

static struct arena *why_arena(const struct why *y)
{
	return &y->c->fx->arena;
}

static const char *why_of_spool(const struct why *y, const char *setting)
{
	return arena_printf(why_arena(y), "spool.%s.%s", y->conf->name, setting);
}

static const char *why_of_pool(const struct why *y, const char *setting)
{
	return arena_printf(why_arena(y), "pool.%s.%s", y->pool->name, setting);
}

/* ---- before it is a job --------------------------------------------------------------------- */

static const char *why_spool(struct why *y)
{
	if (y->conf == NULL)
		return why_stops(y, "spool.*.path", "it lies in no spool's directory");
	return arena_printf(why_arena(y), "it lies in the spool %s", y->conf->name);
}

static const char *why_name(struct why *y)
{
	enum kind kind;
	size_t stem;
	enum name_class class = source_classify(y->name, &kind, &stem);
	if (y->name[0] == '.')
		return why_stops(y, NULL, "its name is hidden: it begins with a dot");
	if (class == NAME_MARKER)
		return why_stops(y, NULL, "it is a marker: ask for the file that it vouches for");
	if (class != NAME_CODE)
		return why_stops(
		    y, NULL, "its name ends in none of .py .sql .scala .R .r, or it is a result's");
	if (!source_name_fits(y->name))
		return why_stops(y, NULL, "its name is too long for the names of its results");
	return "its name is one of a file to be run";
}

static const char *why_directory(struct why *y)
{
	const struct spool_state *sp = y->c->spool[y->spool];
	if (sp->broken)
		return why_keeps(y, why_of_spool(y, "path"),
		    "the spool's directory cannot be read: see the log");
	if (sp->strange)
		return why_keeps(y, why_of_spool(y, "path"),
		    "another directory lies there than the one that the queue is from");
	return "the spool's directory can be read";
}

static const char *why_seen(struct why *y)
{
	if (y->job != NULL && y->job->r.id != 0)
		return arena_printf(
		    why_arena(y), "it is job %llu", (unsigned long long)y->job->r.id);
	if (y->conf->ready == READY_MARKER)
		return why_stops(y, why_of_spool(y, "ready"),
		    arena_printf(why_arena(y), "no marker vouches for it: %s.ready", y->name));
	return why_stops(y, why_of_spool(y, "scan"),
	    arena_printf(why_arena(y),
		"no complete file of this name was seen yet; the directory is read every %lld s",
		(long long)y->conf->scan_ms / 1000));
}

/* ---- the job itself ------------------------------------------------------------------------- */

static const char *why_ended(struct why *y)
{
	if (y->job->r.state != JOB_DONE)
		return "it has not ended";
	return why_stops(
	    y, NULL, "it has ended: it runs again when it is written anew, or by sparkspool rerun");
}

static const char *why_turn(struct why *y)
{
	if (!job_is_active(y->job))
		return "its turn has not come";
	y->end = true;
	return arena_printf(why_arena(y), "its turn has come: it is %s", view_state(y->job));
}

static const char *why_complete(struct why *y)
{
	if (y->job->r.state != JOB_SETTLING)
		return "it is complete";
	if (y->conf->ready == READY_MARKER)
		return why_keeps(y, why_of_spool(y, "ready"),
		    arena_printf(why_arena(y),
			"it has changed since its marker: %s.ready vouches for "
			"it again",
			y->name));
	return why_keeps(y, why_of_spool(y, "settle"),
	    arena_printf(why_arena(y), "it has to be quiet for %lld ms, and to be its only name",
		(long long)y->conf->settle_ms));
}

static const char *why_held(struct why *y)
{
	if (y->job->r.held == HELD_NOT)
		return "it is not held";
	return why_keeps(y, NULL, hold_words(y->job->r.held));
}

/* ---- its pool ------------------------------------------------------------------------------- */

static const char *why_kind(struct why *y)
{
	const char *kind = livy_kind_name(y->job->r.kind);
	if (y->pool->warm[y->job->r.kind] >= 0)
		return arena_printf(
		    why_arena(y), "the pool %s serves the kind %s", y->pool->name, kind);
	return why_keeps(y, why_of_pool(y, arena_printf(why_arena(y), "warm.%s", kind)),
	    arena_printf(
		why_arena(y), "the pool %s does not serve the kind %s", y->pool->name, kind));
}

static const char *why_paused(struct why *y)
{
	const struct core *c = y->c;
	if (pause_is_set(c, PAUSE_ALL, 0))
		return why_keeps(y, NULL, "all is paused: sparkspool resume --all");
	if (pause_is_set(c, PAUSE_POOL, y->t.d.pool))
		return why_keeps(
		    y, NULL, arena_printf(why_arena(y), "the pool %s is paused", y->pool->name));
	if (pause_is_set(c, PAUSE_SPOOL, y->spool))
		return why_keeps(
		    y, NULL, arena_printf(why_arena(y), "the spool %s is paused", y->conf->name));
	return c->stopping ? why_keeps(y, NULL, "the daemon is coming to its end")
			   : "nothing of it is paused";
}

/* What the queue's rules say of it, in words; NULL: none of them keeps it. */
static const char *why_queue_words(struct why *y, const struct turn_why *t)
{
	char until[TIME_TEXT_LEN];
	switch (t->rule) {
	case RULE_ORDERED:
		return arena_printf(
		    why_arena(y), "its spool is ordered, and %s comes before it", t->name);
	case RULE_AFTER:
		return arena_printf(
		    why_arena(y), "it comes after %s, which has not ended", t->name);
	case RULE_AFTER_MISSING:
		return arena_printf(why_arena(y),
		    "it comes after %s, which is not there and has never run", t->name);
	case RULE_AFTER_NOT_OK:
		return arena_printf(
		    why_arena(y), "it comes after %s, which has not ended well", t->name);
	case RULE_AFTER_RING:
		return arena_printf(
		    why_arena(y), "it comes after %s, which waits for this one", t->name);
	case RULE_TIME:
		return arena_printf(
		    why_arena(y), "its time is %s", time_to_text(t->until_ms, until));
	case RULE_REST:
		return arena_printf(why_arena(y),
		    "it rests: something on the way to Livy has forbidden it (HTTP 403); it is "
		    "queued again in %lld s",
		    (long long)(t->until_ms - y->c->now.real_ms) / 1000 + 1);
	case RULE_SPOOL_LIMIT:
		return arena_printf(why_arena(y), "%zu files of its spool run already", t->count);
	case RULE_OWNER_LIMIT:
		return arena_printf(
		    why_arena(y), "%zu files of its owner run in its spool already", t->count);
	case RULE_POOL_LIMIT:
		return arena_printf(
		    why_arena(y), "%zu files of its owner run in its pool already", t->count);
	default: /* the other rules say that */
		return NULL;
	}
}

/* What the queue itself would say (core/turn), in words: one source for both, so that `why` never
 * tells of a rule that does not hold. */
static const char *why_queue(struct why *y)
{
	struct turn_why t = turn_why(y->c, y->job);
	const char *words = why_queue_words(y, &t);
	if (words == NULL)
		return "no limit, row, time or other file keeps it";
	const char *setting = t.setting;
	if (setting != NULL && strncmp(setting, "spool.*.", 8) == 0)
		setting = why_of_spool(y, setting + 8);
	else if (setting != NULL && strncmp(setting, "pool.*.", 7) == 0)
		setting = why_of_pool(y, setting + 7);
	return why_keeps(y, setting, words);
}

static const char *why_server(struct why *y)
{
	const struct endpoint_state *e = y->c->endpoint[y->pool->endpoint];
	const struct conf_endpoint *conf = &y->c->conf->endpoint[y->pool->endpoint];
	if (e->phase == ENDPOINT_UP)
		return arena_printf(why_arena(y), "the server %s answers", conf->name);
	return why_keeps(y, arena_printf(why_arena(y), "endpoint.%s.url", conf->name),
	    arena_printf(why_arena(y), "the server %s does not answer: %s", conf->name,
		e->trouble == NULL ? "it is being asked" : e->trouble));
}

static const char *why_session(struct why *y)
{
	const struct core *c = y->c;
	int all = 0;
	int starting = 0;
	const struct session *s;
	TAILQ_FOREACH (s, &c->sessions, link) {
		if (s->r.pool != y->t.d.pool)
			continue;
		all++;
		if (session_is_free(s, y->t.owner, y->pool->slots, y->t.fresh) &&
		    s->r.kind == y->t.kind)
			return "a session is free for it";
		starting += s->r.kind == y->t.kind && session_is_coming(s);
	}
	int64_t wait_ms = c->pool[y->t.d.pool]->after_ms[y->t.kind] - c->now.mono_ms;
	if (starting > 0)
		return why_keeps(y,
		    why_of_pool(
			y, arena_printf(why_arena(y), "warm.%s", livy_kind_name(y->job->r.kind))),
		    "a session for it is being started");
	if (wait_ms > 0)
		return why_keeps(y, why_of_pool(y, "session"),
		    arena_printf(why_arena(y),
			"no session could be started, see the log; the next try is in %lld s",
			(long long)wait_ms / 1000 + 1));
	if (all >= y->pool->max)
		return why_keeps(y, why_of_pool(y, "max"),
		    arena_printf(why_arena(y),
			"all %d sessions of the pool %s are in use, or are those of other owners "
			"or kinds",
			all, y->pool->name));
	return why_keeps(y, why_of_pool(y, "slots"), "no session is free for it yet");
}

static const char *why_place(struct why *y)
{
	uint32_t place = roll_place(y->c, y->job);
	if (place <= 1)
		return "no other file comes before it";
	return why_keeps(y, why_of_spool(y, "priority"),
	    place == 2
		? "one file of its pool comes before it"
		: arena_printf(why_arena(y), "%u files of its pool come before it", place - 1));
}

/* ---- the rules ------------------------------------------------------------------------------ */

struct why_rule {
	const char *name;
	const char *(*look)(struct why *y); /* the message */
};
static const struct why_rule why_rules[] = {
	{ "spool", why_spool },
	{ "name", why_name },
	{ "directory", why_directory },
	{ "seen", why_seen },
	{ "ended", why_ended },
	{ "turn", why_turn },
	{ "complete", why_complete },
	{ "held", why_held },
	{ "kind", why_kind },
	{ "paused", why_paused },
	{ "queue", why_queue },
	{ "server", why_server },
	{ "session", why_session },
	{ "place", why_place },
};

static void why_say(struct why *y, const struct why_rule *rule, const char *message)
{
	json_t *o = peer_line("rule");
	text_put(o, "rule", text_json(rule->name));
	text_put(o, "holds", json_boolean(!y->keeps));
	text_put(o, "message", text_json(message));
	if (y->setting != NULL)
		text_put(o, "setting", text_json(y->setting));
	peer_say(y->p, o);
}

static bool why_look(struct core *c, struct peer *p, struct why *y)
{
	*y = (struct why){ .c = c, .p = p };
	if (!roll_path(c, p->ask->path, &y->spool, &y->name))
		return true;
	y->conf = &c->conf->spool[y->spool];
	y->job = job_find(&c->jobs, y->spool, y->name);
	if (y->job == NULL)
		return true;
	y->t = terms_of(c, y->job);
	y->pool = &c->conf->pool[y->t.d.pool];
	return peer_may(p, y->job->r.ident.uid);
}

void why_answer(struct core *c, struct peer *p)
{
	struct why y;
	const char *verdict = NULL;
	const char *message = NULL;
	if (!why_look(c, p, &y)) {
		peer_fail(c, p, "not-allowed", "the file belongs to another user", NULL);
		return;
	}
	for (size_t i = 0; i < ARRAY_LEN(why_rules) && !y.end; i++) {
		y.keeps = false;
		y.setting = NULL;
		message = why_rules[i].look(&y);
		why_say(&y, &why_rules[i], message);
		if (y.keeps && verdict == NULL)
			verdict = message;
	}
	if (verdict == NULL)
		verdict = y.end ? message : "nothing keeps it from its turn";
	json_t *o = peer_line("verdict");
	text_put(o, "message", text_json(verdict));
	peer_say(p, o);
	peer_end(c, p);
}
