/* past: what a peer wants to know of jobs that have ended: the ledger is asked, page by page. */
#include "core/past.h"

#include "core/ask.h"
#include "core/result.h"
#include "core/text.h"
#include "core/view.h"
#include <assert.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#define PAGE_ROWS 50
#define LIMIT_DEFAULT 100
#define LIMIT_MAX 100000

static struct fx_history *past_question(struct core *c, struct peer *p)
{
	struct fx_history *fx = &effects_add(c->fx, FX_HISTORY)->u.history;
	fx->peer = p->id;
	fx->seq = p->seq = ++c->last_seq;
	fx->owner = -1;
	fx->limit = 1;
	return fx;
}

void past_ask(struct core *c, struct peer *p, uint64_t id, const char *spool, const char *name)
{
	struct fx_history *fx = past_question(c, p);
	fx->job = id;
	fx->owner = id == 0 && !p->admin ? (int64_t)p->uid : -1;
	fx->spool = arena_strdup(&c->fx->arena, spool);
	fx->name = arena_strdup(&c->fx->arena, name);
}

/* ---- history and ended ---------------------------------------------------------------------- */

/* STATUS_NONE: it is none. */
static enum job_status past_status(const char *word)
{
	for (int i = STATUS_OK; i < STATUS_COUNT; i++)
		if (strcmp(result_status_name((enum job_status)i), word) == 0)
			return (enum job_status)i;
	return STATUS_NONE;
}

static void past_page(struct core *c, struct peer *p)
{
	const struct ask *ask = p->ask;
	struct fx_history *fx = past_question(c, p);
	fx->ends = ask->what == DO_ENDED;
	fx->limit = p->rest < PAGE_ROWS ? (int)p->rest : PAGE_ROWS;
	fx->owner = p->admin ? ask->owner : (int64_t)p->uid;
	fx->after = p->cursor;
	fx->last = p->from_now;
	if (fx->ends)
		return;
	fx->before = p->cursor;
	fx->spool = arena_strdup(&c->fx->arena, ask->spool);
	fx->name = arena_strdup(&c->fx->arena, ask->name);
	fx->glob = true;
	fx->status = ask->status == NULL ? STATUS_NONE : past_status(ask->status);
	fx->since_ms = ask->since_ms < 0 ? 0 : ask->since_ms;
	fx->until_ms = ask->until_ms < 0 ? 0 : ask->until_ms;
}

static bool past_cursor(struct peer *p)
{
	int64_t n = 0;
	const char *after = p->ask->after;
	p->from_now = p->ask->what == DO_ENDED && after == NULL;
	if (after != NULL && str_to_i64(after, 0, INT64_MAX, &n) != 0)
		return false;
	p->cursor = (uint64_t)n;
	return true;
}

void past_begin(struct core *c, struct peer *p)
{
	const struct ask *ask = p->ask;
	p->rest = ask->limit < 0 ? LIMIT_DEFAULT : ask->limit;
	if (p->rest > LIMIT_MAX)
		p->rest = LIMIT_MAX;
	if (ask->what == DO_ENDED)
		p->rest = INT64_MAX;
	if (ask->status != NULL && past_status(ask->status) == STATUS_NONE)
		peer_fail(c, p, "bad-request", "\"status\" is none that there is",
		    "ok, error, timeout, cancelled, died, unknown or rejected");
	else if (!past_cursor(p))
		peer_fail(c, p, "bad-request", "\"after\" is not a cursor that was given",
		    "\"0\" is before all that there is");
	else if (!p->admin && ask->owner >= 0 && ask->owner != (int64_t)p->uid)
		peer_fail(c, p, "not-allowed", "the history of others is for administrators", NULL);
	else if (p->rest == 0)
		peer_end(c, p);
	else
		past_page(c, p);
}

void past_go_on(struct core *c, struct peer *p)
{
	if (p->seq == 0 && !p->follows)
		past_page(c, p);
}

/* All that there was is said. */
static void past_rest(struct core *c, struct peer *p)
{
	if (p->ask->what != DO_ENDED || !p->ask->follow) {
		peer_end(c, p);
		return;
	}
	p->follows = !p->missed;
	p->missed = false;
	if (p->out.len > 0)
		peer_flush(c, p, ANSWER_MORE);
	else
		past_go_on(c, p);
}

/* Who has no cursor gets the first one at once: he may come again before anything has ended. */
static void past_say_place(struct peer *p, uint64_t last)
{
	char *cursor = xasprintf("%" PRIu64, last);
	json_t *o = peer_line("cursor");
	text_put(o, "cursor", text_json(cursor));
	peer_say(p, o);
	free(cursor);
	p->cursor = last;
}

void past_on_history(struct core *c, struct peer *p, const struct ev_history *ev)
{
	bool silent = p->from_now;
	p->from_now = false;
	if (ev->error != NULL) {
		peer_fail(c, p, "failed", ev->error, NULL);
		return;
	}
	/* Of a ledger that was lost, or of another daemon's: what he waits for may never come. */
	if (p->ask->what == DO_ENDED && p->cursor > ev->last) {
		peer_fail(c, p, "not-found",
		    "the cursor is none of this ledger: fewer jobs have ended in it",
		    "\"0\" is before all that there is");
		return;
	}
	if (silent)
		past_say_place(p, ev->last);
	assert(!silent || ev->count == 0);
	for (size_t i = 0; i < ev->count; i++) {
		p->cursor = p->ask->what == DO_ENDED ? ev->row[i].ended : ev->row[i].rec.id;
		p->rest--;
		peer_say(p, view_row(&c->fx->arena, c, &ev->row[i], false));
	}
	if (ev->more && p->rest > 0)
		peer_flush(c, p, ANSWER_MORE);
	else
		past_rest(c, p);
}

void past_ended(struct core *c)
{
	struct peer *p;
	TAILQ_FOREACH (p, &c->peers, link) {
		if (p->ask == NULL || p->ask->what != DO_ENDED)
			continue;
		p->missed = !p->follows;
		p->follows = false;
		if (!p->missed && !p->waits)
			past_page(c, p);
	}
}
