/* worldctl: peers of the control socket, as edge/ctl has them, and what the ledger tells them. */
#include "world.h"

#include <stdlib.h>
#include <string.h>

#define SAID_BYTES_MAX (16u << 20)

static struct world_peer *peer_of(struct world *w, uint64_t id)
{
	ck_assert_uint_lt(id, WORLD_PEERS);
	return &w->peer[id];
}

/* As the edge does it: who hangs up and comes again is another to the daemon. */
static uint64_t connection_of(const struct world *w, uint64_t id)
{
	return id + WORLD_PEERS * w->peer[id].hung_up;
}

void world_ask_as(struct world *w, uint64_t peer, uint32_t uid, const char *line)
{
	struct world_peer *p = peer_of(w, peer);
	ck_assert_msg(!p->busy, "one request after the other");
	p->busy = true;
	p->uid = uid;
	buf_fini(&p->said);
	buf_init(&p->said, SAID_BYTES_MAX);
	struct ev_request *ev = &evq_add(&w->events, EV_REQUEST)->u.request;
	ev->peer = connection_of(w, peer);
	ev->uid = uid;
	ev->hidden = uid == WORLD_HIDDEN;
	ev->line.n = strlen(line);
	ev->line.p = arena_strdup(&w->events.arena, line);
}

void world_hang_up(struct world *w, uint64_t peer)
{
	struct world_peer *p = peer_of(w, peer);
	p->busy = false;
	evq_add(&w->events, EV_HUNG_UP)->u.peer = connection_of(w, peer);
	p->hung_up++;
}

/* Until the answer has its end; nothing else waits for that. */
const char *world_ask(struct world *w, const char *line)
{
	struct world_peer *p = peer_of(w, 0);
	world_ask_as(w, 0, 0, line);
	world_until(w, 1000, !p->busy);
	return p->said.data;
}

const char *world_said(struct world *w, uint64_t peer)
{
	const char *said = peer_of(w, peer)->said.data;
	return said == NULL ? "" : said;
}

void world_heard(struct world *w, uint64_t peer)
{
	buf_reset(&peer_of(w, peer)->said);
	(void)buf_adds(&peer_of(w, peer)->said, "");
}

bool world_waits(struct world *w, uint64_t peer)
{
	return peer_of(w, peer)->busy;
}

static void ctl_answer(struct world *w, const struct fx_answer *fx)
{
	struct world_peer *p = peer_of(w, fx->peer % WORLD_PEERS);
	if (!p->busy || fx->peer != connection_of(w, fx->peer % WORLD_PEERS))
		return; /* it has hung up */
	ck_assert(fx->bytes.n == 0 || fx->bytes.p[fx->bytes.n - 1] == '\n');
	ck_assert(fx->bytes.n <= (1u << 20));
	(void)buf_add(&p->said, fx->bytes.p, fx->bytes.n);
	p->busy = fx->flow != ANSWER_LAST;
	p->pieces++;
	if (fx->flow == ANSWER_MORE)
		evq_add(&w->events, EV_TAKEN)->u.peer = fx->peer;
}

/* ---- the ledger ----------------------------------------------------------------------------- */

static bool row_fits(const struct world *w, const struct fx_history *fx, const struct job_rec *r)
{
	const struct run_rec *run = r->run;
	const char *spool = w->conf.spool[r->spool].name;
	return (fx->job == 0 || r->id == fx->job) && (fx->job != 0 || r->state == JOB_DONE) &&
	       (fx->before == 0 || r->id < fx->before) &&
	       (fx->spool == NULL || strcmp(fx->spool, spool) == 0) &&
	       (fx->name == NULL || strcmp(fx->name, r->name) == 0) &&
	       (fx->owner < 0 || fx->owner == (int64_t)r->ident.uid) &&
	       (fx->status == STATUS_NONE || (run != NULL && run->status == fx->status)) &&
	       (fx->since_ms == 0 || (run != NULL && run->finished_ms >= fx->since_ms)) &&
	       (fx->until_ms == 0 || (run != NULL && run->finished_ms < fx->until_ms));
}

static void add_row(struct world *w, const struct fx_history *fx, struct ev_history *ev,
    struct history_row *row, const struct job_rec *rec, size_t ended)
{
	if (ev->count == (size_t)fx->limit) {
		ev->more = true;
		return;
	}
	row[ev->count].rec = *rec;
	row[ev->count].spool = w->conf.spool[rec->spool].name;
	row[ev->count++].ended = ended;
}

static void ctl_history(struct world *w, const struct fx_history *fx)
{
	const struct world_ledger *l = &w->ledger;
	struct ev_history ev = { .peer = fx->peer, .seq = fx->seq, .last = l->ends };
	struct history_row *row =
	    arena_calloc(&w->events.arena, (size_t)fx->limit, sizeof(struct history_row));
	ck_assert_int_gt(fx->limit, 0);
	ev.row = row;
	for (size_t i = fx->after; fx->ends && !fx->last && i < l->ends; i++) {
		const struct world_row *found = ledger_job(l, l->end[i]);
		if (found == NULL)
			continue;
		const struct job_rec *rec = &found->rec;
		if (fx->owner < 0 || fx->owner == (int64_t)rec->ident.uid)
			add_row(w, fx, &ev, row, rec, i + 1);
	}
	for (size_t i = l->jobs; !fx->ends && i-- > 0;)
		if (row_fits(w, fx, &l->job[i].rec))
			add_row(w, fx, &ev, row, &l->job[i].rec, 0);
	evq_add(&w->events, EV_HISTORY)->u.history = ev;
}

void ledger_end(struct world_ledger *l, const struct job_rec *rec)
{
	if (rec->state != JOB_DONE || rec->run == NULL)
		return;
	l->end = xrealloc(l->end, (l->ends + 1) * sizeof(*l->end));
	l->end[l->ends++] = rec->id;
}

/* ---- effects -------------------------------------------------------------------------------- */

static void ctl_reload(struct world *w, uint64_t peer)
{
	if (w->bad_conf == NULL)
		world_reload(w);
	struct ev_reloaded *ev = &evq_add(&w->events, EV_RELOADED)->u.reloaded;
	ev->peer = peer;
	ev->errors = w->bad_conf;
}

bool ctl_perform(struct world *w, const struct effect *fx)
{
	if (fx->type == FX_ANSWER)
		ctl_answer(w, &fx->u.answer);
	else if (fx->type == FX_HISTORY)
		ctl_history(w, &fx->u.history);
	else if (fx->type == FX_RELOAD)
		ctl_reload(w, fx->u.reload);
	return fx->type == FX_ANSWER || fx->type == FX_HISTORY || fx->type == FX_RELOAD;
}

/* The daemon has died, and with it all connections. */
void ctl_die(struct world *w)
{
	for (size_t i = 0; i < WORLD_PEERS; i++)
		w->peer[i].busy = false;
}

void ctl_fini(struct world *w)
{
	for (size_t i = 0; i < WORLD_PEERS; i++)
		buf_fini(&w->peer[i].said);
}
