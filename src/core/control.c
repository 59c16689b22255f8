/* control: what peers of the control socket ask for, from the line to the answer. */
#include "core/control.h"

#include "base/log.h"
#include "core/ask.h"
#include "core/items.h"
#include "core/metrics.h"
#include "core/past.h"
#include "core/peer.h"
#include "core/place.h"
#include "core/roll.h"
#include "core/text.h"
#include "core/view.h"
#include "core/watch.h"
#include "core/why.h"
#include <assert.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#define SAID_BYTES_MAX                                                                             \
	(512u << 10) /* of metrics: in JSON it is more, and it has to fit one answer */

/* ---- answers that are there at once --------------------------------------------------------- */

static void control_hello(struct core *c, struct peer *p)
{
	char text[TIME_TEXT_LEN];
	json_t *o = peer_line("hello");
	text_put(o, "v", json_integer(CONTROL_VERSION));
	text_put(o, "version", text_json(PACKAGE_VERSION));
	text_put(o, "instance", text_json(c->instance));
	text_put(o, "uid", json_integer(p->uid));
	text_put(o, "admin", json_boolean(p->admin));
	text_put(o, "started", text_json(time_to_text(c->started_ms, text)));
	peer_say(p, o);
	peer_end(c, p);
}

/* What `spools` counts is what its asker may see: else numbers would tell of others' files. */
static void control_count(const struct job *job, struct view_counts *n)
{
	bool held = job->r.state == JOB_QUEUED && job->r.held != HELD_NOT;
	n->held += held;
	n->queued += job->r.state <= JOB_READING && !held;
	n->running += job->r.state > JOB_READING && job->r.state < JOB_DONE;
}

static void control_spools(struct core *c, struct peer *p)
{
	struct view_counts *n = xcalloc(c->spool_count + 1, sizeof(*n));
	const struct job *job;
	TAILQ_FOREACH (job, &c->jobs.all, link)
		if (peer_may(p, job->r.ident.uid))
			control_count(job, &n[job->r.spool]);
	for (size_t i = 0; i < c->spool_count; i++)
		if (!c->conf->spool[i].removed)
			peer_say(p, view_spool(c, i, &n[i]));
	free(n);
	peer_end(c, p);
}

/* A session that is nobody's yet shows nothing of anybody; others' sessions are others'
 * business. */
static void control_sessions(struct core *c, struct peer *p)
{
	const struct session *s;
	TAILQ_FOREACH (s, &c->sessions, link)
		if (p->admin || s->r.owner < 0 || s->r.owner == (int64_t)p->uid)
			peer_say(p, view_session(c, s));
	peer_end(c, p);
}

/* Sums only: whoever may connect may see them. */
static void control_metrics(struct core *c, struct peer *p)
{
	struct buf b;
	buf_init(&b, SAID_BYTES_MAX);
	metrics_write(&b, c);
	if (b.full) {
		peer_fail(c, p, "failed", "there are too many spools for one answer",
		    "the setting metrics_file has no such limit");
	} else {
		json_t *o = peer_line("text");
		text_put(o, "text", text_json(b.data));
		peer_say(p, o);
		peer_end(c, p);
	}
	buf_fini(&b);
}

/* ---- lists ---------------------------------------------------------------------------------- */

/* False: there is more. */
static bool control_say_jobs(struct core *c, struct peer *p)
{
	for (; p->job_at < p->job_count && !peer_is_full(p); p->job_at++) {
		const struct job *job = job_by_id(&c->jobs, p->job[p->job_at].id);
		if (job != NULL && job->r.state != JOB_DONE)
			peer_say(p, view_job(c, job, p->job[p->job_at].place));
	}
	return p->job_at == p->job_count;
}

static void control_list_on(struct core *c, struct peer *p)
{
	if (control_say_jobs(c, p))
		peer_end(c, p);
	else
		peer_flush(c, p, ANSWER_MORE);
}

static void control_list(struct core *c, struct peer *p)
{
	size_t spool;
	const struct ask *ask = p->ask;
	if (ask->state != NULL && !view_is_state(ask->state)) {
		peer_fail(c, p, "bad-request", "\"state\" is none that there is",
		    "settling, queued, held, reading, sending, running, answered, staged, "
		    "disposing");
	} else if (ask->spool != NULL && !roll_spool(c, ask->spool, &spool)) {
		peer_fail(c, p, "not-found", "there is no spool of this name", NULL);
	} else {
		roll_call(c, p);
		control_list_on(c, p);
	}
}

/* News come behind the list, which begins with how things are. */
static void control_watch_on(struct core *c, struct peer *p)
{
	if (p->ask->item_count > 0)
		items_go_on(c, p);
	else
		peer_flush(c, p, control_say_jobs(c, p) ? ANSWER_NEWS : ANSWER_MORE);
}

static void control_watch(struct core *c, struct peer *p)
{
	size_t spool;
	const struct ask *ask = p->ask;
	if ((ask->item_count > 0) + ask->all_jobs + (ask->spool != NULL) + ask->all > 1) {
		peer_fail(
		    c, p, "bad-request", "one of \"jobs\", \"spool\" and \"all\" is enough", NULL);
	} else if (ask->spool != NULL && !roll_spool(c, ask->spool, &spool)) {
		peer_fail(c, p, "not-found", "there is no spool of this name", NULL);
	} else {
		watch_begin(c, p);
		if (ask->item_count == 0)
			roll_call(c, p);
		control_watch_on(c, p);
	}
}

/* ---- the door ------------------------------------------------------------------------------- */

/* Two of those whom the daemon cannot tell apart would see and cancel what is the other's. So none of
 * them hears more than sums. */
static bool control_knows(const struct peer *p)
{
	return p->admin || !p->hidden || p->ask->what == DO_METRICS;
}

/* begin answers, or begins to; go_on when the peer has taken what there was, until the answer has its
 * end; on_history when the ledger has answered. */
struct command {
	void (*begin)(struct core *c, struct peer *p);
	void (*go_on)(struct core *c, struct peer *p);
	void (*on_history)(struct core *c, struct peer *p, const struct ev_history *ev);
	bool admin; /* for administrators only */
};
static const struct command commands[DO_COUNT] = {
	[DO_HELLO] = { .begin = control_hello },
	[DO_SPOOLS] = { .begin = control_spools },
	[DO_LIST] = { .begin = control_list, .go_on = control_list_on },
	[DO_SHOW] = { items_begin, items_go_on, items_on_history, false },
	[DO_HISTORY] = { past_begin, past_go_on, past_on_history, false },
	[DO_WHY] = { .begin = why_answer },
	[DO_SESSIONS] = { .begin = control_sessions },
	[DO_CANCEL] = { items_begin, items_go_on, items_on_history, false },
	[DO_HOLD] = { items_begin, items_go_on, items_on_history, false },
	[DO_RELEASE] = { items_begin, items_go_on, items_on_history, false },
	[DO_RERUN] = { items_begin, items_go_on, items_on_history, false },
	[DO_PAUSE] = { .begin = place_pause, .admin = true },
	[DO_RESUME] = { .begin = place_pause, .admin = true },
	[DO_DRAIN] = { .begin = place_drain, .admin = true },
	[DO_RELOAD] = { .begin = place_reload, .admin = true },
	[DO_WATCH] = { control_watch, control_watch_on, items_on_history, false },
	[DO_METRICS] = { .begin = control_metrics },
	[DO_ENDED] = { past_begin, past_go_on, past_on_history, false },
};

void control_on_request(struct core *c, const struct ev_request *ev)
{
	struct ask_error e;
	struct peer *p = peer_find(c, ev->peer);
	if (p == NULL)
		p = peer_add(c, ev);
	/* The edge gives the next line of a peer only when the last one has its end. */
	assert(p->ask == NULL);
	p->ask = ask_read(&c->fx->arena, ev->line, &e);
	if (p->ask == NULL) {
		peer_fail(c, p, e.code, e.message, e.hint);
		return;
	}
	const struct command *command = &commands[p->ask->what];
	/* A word that the protocol has and no command carries out yet. */
	if (command->begin == NULL)
		peer_fail(c, p, "not-now", "this daemon cannot do that yet", NULL);
	else if (!control_knows(p))
		peer_fail(c, p, "not-allowed",
		    "the daemon cannot see who you are: its service has PrivateUsers=yes",
		    "see THE SERVICE in sparkspoold(8)");
	else if (command->admin && !p->admin)
		peer_fail(c, p, "not-allowed", "this is for administrators",
		    "they are root and the group of the setting control.admins");
	else
		command->begin(c, p);
}

void control_on_taken(struct core *c, uint64_t peer)
{
	struct peer *p = peer_find(c, peer);
	if (p == NULL || p->ask == NULL || !p->waits)
		return;
	p->waits = false;
	if (commands[p->ask->what].go_on != NULL)
		commands[p->ask->what].go_on(c, p);
}

void control_on_hung_up(struct core *c, uint64_t peer)
{
	struct peer *p = peer_find(c, peer);
	if (p != NULL)
		peer_drop(c, p);
	watch_count(c);
}

void control_on_history(struct core *c, const struct ev_history *ev)
{
	struct peer *p = peer_find(c, ev->peer);
	if (p == NULL || p->seq != ev->seq)
		return; /* it has hung up, or asks for something else by now */
	p->seq = 0;
	assert(p->ask != NULL && commands[p->ask->what].on_history != NULL);
	commands[p->ask->what].on_history(c, p, ev);
}

void control_on_reloaded(struct core *c, const struct ev_reloaded *ev)
{
	struct peer *p = peer_find(c, ev->peer);
	if (p != NULL && p->ask != NULL && p->ask->what == DO_RELOAD)
		place_reloaded(c, p, ev);
}

/* Behind each event, and after the plan: who watches hears of a turn's changes once, as they are in
 * the end. */
void control_tell(struct core *c)
{
	watch_tell(c);
	place_drained(c);
}
