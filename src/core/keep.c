/* keep: what ended longer ago than its spool keeps it (`keep_for`) goes: results, moved input, history. */
#include "core/keep.h"

#include "base/log.h"
#include "core/result.h"
#include <assert.h>
#include <errno.h>
#include <string.h>

#define EVERY_MS INT64_C(600000) /* at most between two looks */
#define EVERY_MIN_MS 1000
#define PARTS 4	    /* looks in the time that a spool keeps its jobs */
#define PAGE_MS 100 /* between two pages: others have their turns */
#define JUMP_MS INT64_C(3600000)

/* ---- when ----------------------------------------------------------------------------------- */

static int64_t keep_smaller(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

static bool keep_is_kept_for_ever(const struct conf_spool *spool)
{
	return spool->removed || spool->keep_for_ms <= 0;
}

/* Of the one that keeps them the shortest; 0: all keep them for ever. */
static int64_t keep_every_ms(const struct core *c)
{
	int64_t every_ms = 0;
	for (size_t i = 0; i < c->conf->spool_count; i++) {
		const struct conf_spool *spool = &c->conf->spool[i];
		if (keep_is_kept_for_ever(spool))
			continue;
		int64_t ms = keep_smaller(spool->keep_for_ms / PARTS, EVERY_MS);
		every_ms = every_ms == 0 ? ms : keep_smaller(ms, every_ms);
		if (every_ms < EVERY_MIN_MS)
			every_ms = EVERY_MIN_MS;
	}
	return every_ms;
}

static void keep_again_in(struct core *c, int64_t ms)
{
	timer_set(&c->timers, &c->keep.timer, c->now.mono_ms + ms);
}

/* All spools were looked at. */
static void keep_rest(struct core *c)
{
	int64_t every_ms = keep_every_ms(c);
	c->keep.spool = 0;
	if (every_ms > 0)
		keep_again_in(c, every_ms);
}

/* How far the two clocks are apart changes by a jump of the wall clock only. */
static void keep_watch_clock(struct core *c)
{
	struct keep_state *k = &c->keep;
	int64_t offset_ms = c->now.real_ms - c->now.mono_ms;
	int64_t jump_ms = offset_ms - k->offset_ms;
	k->offset_ms = offset_ms;
	if (jump_ms <= JUMP_MS && jump_ms >= -JUMP_MS)
		return;
	k->since_ms = c->now.mono_ms;
	log_warn("event=clock-jumped seconds=%lld; nothing is removed for its age within the next "
		 "%lld s",
	    (long long)(jump_ms / 1000), (long long)(KEEP_GRACE_MS / 1000));
}

/* What lies there is that spool's, and a listing has said which inputs are still there. */
static bool keep_may_look(const struct core *c, size_t i)
{
	const struct conf_spool *conf = &c->conf->spool[i];
	const struct spool_state *sp = c->spool[i];
	if (keep_is_kept_for_ever(conf))
		return false;
	if (!sp->known || sp->scan == 0 || sp->away || sp->strange || sp->removed || sp->broken)
		return false;
	int64_t grace_ms = keep_smaller(conf->keep_for_ms, KEEP_GRACE_MS);
	return c->now.mono_ms - c->keep.since_ms >= grace_ms;
}

static void keep_ask(struct core *c, size_t spool)
{
	assert(!c->keep.asking && c->conf->spool[spool].keep_for_ms > 0);
	struct fx_old *fx = &effects_add(c->fx, FX_OLD)->u.old;
	fx->spool = spool;
	fx->before_ms = c->now.real_ms - c->conf->spool[spool].keep_for_ms;
	fx->after = c->spool[spool]->keep.at;
	fx->limit = KEEP_PAGE;
	c->keep.asking = true;
}

void keep_due(struct core *c)
{
	struct keep_state *k = &c->keep;
	if (k->asking || c->stopping)
		return; /* it goes on with the answer */
	keep_watch_clock(c);
	while (k->spool < c->spool_count && !keep_may_look(c, k->spool))
		k->spool++;
	if (k->spool == c->spool_count)
		keep_rest(c);
	else
		keep_ask(c, k->spool);
}

void keep_conf(struct core *c)
{
	if (c->keep.asking)
		return; /* the answer to that is held against what the new one says */
	c->keep.spool = 0;
	if (keep_every_ms(c) > 0)
		keep_again_in(c, EVERY_MIN_MS);
}

void keep_start(struct core *c)
{
	c->keep.since_ms = c->now.mono_ms;
	c->keep.offset_ms = c->now.real_ms - c->now.mono_ms;
	keep_conf(c);
}

void keep_init(struct core *c)
{
	timer_init(&c->keep.timer, TIMER_KEEP);
	arena_init(&c->keep.page.arena);
}

void keep_fini(struct core *c)
{
	arena_fini(&c->keep.page.arena);
}

/* ---- a page --------------------------------------------------------------------------------- */

static const struct out_file *keep_files(struct arena *a, const struct out_file *file, size_t count)
{
	struct out_file *copy = arena_calloc(a, count, sizeof(*copy));
	for (size_t i = 0; i < count; i++) {
		copy[i] = file[i];
		copy[i].name = arena_strdup(a, file[i].name);
		copy[i].tmp = arena_strdup(a, file[i].tmp);
	}
	return copy;
}

static void keep_turn_page(struct core *c)
{
	arena_reset(&c->keep.page.arena);
	c->keep.page = (struct keep_page){ .arena = c->keep.page.arena };
}

/* Those that the page holds still, for an edge. */
static void keep_act(struct core *c, enum effect_type what)
{
	const struct keep_page *page = &c->keep.page;
	struct arena *a = &c->fx->arena;
	assert(c->keep.asking && page->count > 0 && page->count <= KEEP_PAGE);
	struct old_job *job = arena_calloc(a, page->count, sizeof(*job));
	for (size_t i = 0; i < page->count; i++) {
		job[i] = page->job[i];
		job[i].file = keep_files(a, page->job[i].file, page->job[i].count);
		job[i].moved_to = arena_strdup(a, page->job[i].moved_to);
	}
	struct fx_expire *fx = &effects_add(c->fx, what)->u.expire;
	fx->spool = c->keep.spool;
	fx->job = job;
	fx->count = page->count;
}

/* The question was of another turn: the setting may be another one by now. */
static bool keep_is_due(const struct core *c, const struct old_row *row)
{
	const struct conf_spool *conf = &c->conf->spool[row->rec.spool];
	return !keep_is_kept_for_ever(conf) &&
	       row->rec.run->finished_ms < c->now.real_ms - conf->keep_for_ms;
}

/* Another file of that name is there, and on its way or not: its results may have taken the place of
 * these, or be about to. What is known to be replaced has nothing there any more. */
static bool keep_is_in_use(const struct core *c, const struct old_row *row)
{
	return !row->replaced && job_find(&c->jobs, row->rec.spool, row->rec.name) != NULL;
}

static void keep_put(struct core *c, const struct old_row *row)
{
	struct keep_page *page = &c->keep.page;
	struct old_job *job = &page->job[page->count++];
	struct out_file *file;
	assert(row->rec.state == JOB_DONE && !row->rec.live && row->rec.run != NULL);
	job->job = row->rec.id;
	job->input = row->rec.ident;
	job->moved_to = arena_strdup(&page->arena, row->rec.run->moved_to);
	if (row->replaced)
		return;
	job->count = result_files_of_text(&page->arena, row->rec.run->files, &file);
	job->file = file;
}

static void keep_say(struct core *c)
{
	const struct keep_page *page = &c->keep.page;
	const char *spool = c->conf->spool[c->keep.spool].name;
	if (page->gone > 0)
		log_info("spool=%s event=expired jobs=%zu files=%zu kept=%zu", spool, page->gone,
		    page->files, page->kept);
	else if (page->kept > 0)
		log_debug("spool=%s event=expired jobs=0 kept=%zu", spool, page->kept);
}

/* An error of one page is that of the next, most often: what is left of the spool waits for the next
 * look, which goes on behind it, so that one that can never be removed does not keep the others. */
static void keep_page_done(struct core *c)
{
	struct keep_place *at = &c->spool[c->keep.spool]->keep;
	bool more = c->keep.page.more && !c->keep.page.failed;
	keep_say(c);
	at->ails = at->ails || c->keep.page.failed;
	if (c->keep.page.more) {
		at->at = c->keep.page.last;
	} else { /* all were looked at */
		at->at = (struct old_place){ 0 };
		at->said = at->said && at->ails;
		at->ails = false;
	}
	c->keep.asking = false;
	keep_turn_page(c);
	if (!more)
		c->keep.spool++;
	keep_again_in(c, PAGE_MS);
}

/* Once, until all goes well again. */
static void keep_failed(struct core *c, const char *name, const char *why)
{
	struct keep_place *at = &c->spool[c->keep.spool]->keep;
	c->keep.page.failed = true;
	log_at(at->said ? LOG_LEVEL_DEBUG : LOG_LEVEL_WARN,
	    "spool=%s event=not-expired file=\"%s\" error=\"%s\"; what is left stays in the ledger "
	    "and is tried again in its time",
	    c->conf->spool[c->keep.spool].name, name == NULL ? "." : name, why);
	at->said = true;
}

void keep_on_old(struct core *c, const struct ev_old *ev)
{
	struct keep_page *page = &c->keep.page;
	assert(c->keep.asking && page->count == 0 && ev->count <= KEEP_PAGE);
	assert(ev->spool == c->keep.spool);
	if (ev->error != NULL)
		keep_failed(c, NULL, ev->error);
	page->more = ev->more;
	page->last = ev->last;
	page->job = arena_calloc(&page->arena, ev->count, sizeof(*page->job));
	for (size_t i = 0; i < ev->count; i++)
		if (keep_is_due(c, &ev->row[i]) && !keep_is_in_use(c, &ev->row[i]))
			keep_put(c, &ev->row[i]);
	if (page->count == 0)
		keep_page_done(c);
	else
		keep_act(c, FX_EXPIRE);
}

static void keep_forget(struct core *c, uint64_t job)
{
	assert(job_by_id(&c->jobs, job) == NULL); /* its file is known by it */
	effects_add(c->fx, FX_ROW_FORGET)->u.forget = job;
	c->keep.page.gone++;
	c->spool[c->keep.spool]->tally.expired++;
	tally_forget(c, job);
}

/* What has a moved input stays on the page for that; all others leave it, and most of them the ledger. */
static void keep_take(struct core *c, const struct ev_expired *ev)
{
	struct keep_page *page = &c->keep.page;
	size_t left = 0;
	for (size_t i = 0; i < ev->count; i++) {
		const struct old_job *job = &page->job[i];
		assert(ev->job[i].job == job->job);
		page->files += ev->job[i].files;
		page->kept += ev->job[i].fate == OLD_KEPT;
		if (ev->job[i].fate != OLD_GONE)
			continue;
		if (job->moved_to == NULL || ev->inputs)
			keep_forget(c, job->job);
		else
			page->job[left++] = *job;
	}
	page->count = left;
}

void keep_on_expired(struct core *c, const struct ev_expired *ev)
{
	struct keep_page *page = &c->keep.page;
	assert(c->keep.asking && ev->count == page->count);
	if (ev->err != 0)
		keep_failed(c, ev->name, strerror(ev->err));
	keep_take(c, ev);
	if (page->count > 0)
		keep_act(c, FX_DISCARD);
	else
		keep_page_done(c);
}
