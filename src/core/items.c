/* items: requests about jobs by their ids or paths: one after the other, here or in the ledger. */
#include "core/items.h"

#include "core/ask.h"
#include "core/cancel.h"
#include "core/hold.h"
#include "core/past.h"
#include "core/rerun.h"
#include "core/roll.h"
#include "core/text.h"
#include "core/view.h"
#include "core/watch.h"
#include <assert.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

/* ---- what is said --------------------------------------------------------------------------- */

static void items_failed(
    struct peer *p, uint64_t id, const char *path, const char *code, const char *message)
{
	json_t *o = peer_line("failed");
	if (id != 0)
		text_put(o, "id", json_integer((json_int_t)id));
	if (path != NULL)
		text_put(o, "path", text_json(path));
	text_put(o, "code", text_json(code));
	text_put(o, "message", text_json(message));
	peer_say(p, o);
}

static char *items_path(struct core *c, const struct job *job)
{
	return arena_printf(&c->fx->arena, "%s/%s", core_spool_conf(c, job)->path, job->r.name);
}

/* was: its state before. */
static void items_done(
    struct peer *p, uint64_t id, const char *path, const char *was, const char *why)
{
	if (why != NULL) {
		items_failed(p, id, path, "not-now", why);
		return;
	}
	json_t *o = peer_line("done");
	text_put(o, "id", json_integer((json_int_t)id));
	text_put(o, "path", text_json(path));
	text_put(o, "was", text_json(was));
	peer_say(p, o);
}

/* ---- one of them ---------------------------------------------------------------------------- */

/* Whoever sees the record shall know whom to ask. */
static const char *items_who(struct core *c, const struct peer *p, const struct job *job)
{
	if (p->uid == job->r.ident.uid)
		return "its owner";
	return arena_printf(&c->fx->arena, "an administrator (uid %u)", p->uid);
}

/* The job may be gone afterwards. */
static void items_act(struct core *c, struct peer *p, struct job *job, uint32_t place)
{
	uint64_t id = job->r.id;
	const char *path = items_path(c, job);
	const char *was = view_state(job);
	switch (p->ask->what) {
	case DO_SHOW:
		peer_say(p, view_job_whole(&c->fx->arena, c, job, place));
		break;
	case DO_WATCH:
		peer_say(p, view_job(c, job, place));
		watch_add(c, p, job);
		break;
	case DO_CANCEL:
		items_done(p, id, path, was, cancel_job(c, job, items_who(c, p, job)));
		break;
	case DO_RERUN:
		items_done(p, id, path, was, rerun_job(c, job));
		break;
	case DO_HOLD:
		items_done(p, id, path, was,
		    hold_job(c, job, HELD_OPERATOR) ? NULL
		    : job->r.state == JOB_DONE	    ? "it has ended already"
						    : "its turn has come already");
		break;
	case DO_RELEASE:
		items_done(p, id, path, was, hold_release(c, job) ? NULL : "it is not held");
		break;
	default:
		assert(!"a request about jobs");
	}
}

/* Of one that is not here any more. */
static const char *items_too_late(enum ask_what what)
{
	return what == DO_RERUN ? "its file does not lie in its spool any more: put it there again"
				: "it has ended already";
}

/* Nothing is done to the job. */
static bool items_looks(enum ask_what what)
{
	return what == DO_SHOW || what == DO_WATCH;
}

/* False: the ledger has been asked. */
static bool items_find(struct core *c, struct peer *p, const struct ask_item *item)
{
	size_t spool = 0;
	const char *name = NULL;
	if (item->id == 0 && !roll_path(c, item->path, &spool, &name)) {
		items_failed(p, 0, item->path, "not-found", "no spool has this directory");
		return true;
	}
	struct job *job =
	    item->id != 0 ? job_by_id(&c->jobs, item->id) : job_find(&c->jobs, spool, name);
	if (job != NULL && job->r.id == 0)
		job = NULL; /* the scan that has found it is not yet at its end */
	bool past = job == NULL || (job->r.state == JOB_DONE && items_looks(p->ask->what));
	if (past) {
		past_ask(c, p, job != NULL ? job->r.id : item->id,
		    name == NULL ? NULL : c->conf->spool[spool].name, name);
		return false;
	}
	if (peer_may(p, job->r.ident.uid))
		items_act(c, p, job, items_looks(p->ask->what) ? roll_place(c, job) : 0);
	else
		items_failed(p, job->r.id, item->path, "not-allowed", "it belongs to another user");
	return true;
}

void items_on_history(struct core *c, struct peer *p, const struct ev_history *ev)
{
	const struct ask_item *item = &p->ask->item[p->item_at++];
	const struct history_row *row = ev->row;
	if (ev->error != NULL)
		items_failed(p, item->id, item->path, "failed", ev->error);
	else if (ev->count == 0)
		items_failed(p, item->id, item->path, "not-found",
		    item->id != 0 ? "there was never a job of this id, or it is forgotten"
				  : "no job of this file is known");
	else if (!peer_may(p, row->rec.ident.uid))
		items_failed(
		    p, row->rec.id, item->path, "not-allowed", "it belongs to another user");
	else if (items_looks(p->ask->what))
		peer_say(p, view_row(&c->fx->arena, c, row, p->ask->what == DO_SHOW));
	else
		items_failed(p, row->rec.id, item->path, "not-now", items_too_late(p->ask->what));
	items_go_on(c, p);
}

/* ---- all of them ---------------------------------------------------------------------------- */

static void items_all(struct core *c, struct peer *p)
{
	while (p->job_at < p->job_count && !peer_is_full(p)) {
		const struct peer_job *next = &p->job[p->job_at++];
		struct job *job = job_by_id(&c->jobs, next->id);
		if (job != NULL && job->r.state != JOB_DONE)
			items_act(c, p, job, next->place);
	}
}

void items_begin(struct core *c, struct peer *p)
{
	if (p->ask->all_jobs && p->ask->what == DO_RERUN) {
		peer_fail(
		    c, p, "bad-request", "rerun takes no ALL", "name the jobs, or their files");
		return;
	}
	if (p->ask->all_jobs)
		roll_call(c, p);
	items_go_on(c, p);
}

void items_go_on(struct core *c, struct peer *p)
{
	if (p->seq != 0)
		return; /* the ledger's answer comes first */
	items_all(c, p);
	while (p->item_at < p->ask->item_count && !peer_is_full(p)) {
		if (!items_find(c, p, &p->ask->item[p->item_at]))
			return;
		p->item_at++;
	}
	if (p->item_at < p->ask->item_count || p->job_at < p->job_count) {
		peer_flush(c, p, ANSWER_MORE);
		return;
	}
	p->listed = true;
	if (p->watched_count == 0)
		peer_end(c, p);
	else
		peer_flush(c, p, ANSWER_NEWS);
}
