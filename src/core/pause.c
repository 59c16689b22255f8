/* pause: where nothing new is started for now: a pool, a spool or all. What runs goes on.
 *
 * It holds what is to begin and takes nothing from what runs, so that it can be set at any moment
 * without a thought, and taken back without a trace. */
#include "core/pause.h"

#include "base/log.h"
#include <assert.h>

/* Flags lie with what they are of, so that a reload, which only ever adds places, leaves them as
 * they are. */
static bool *pause_flag(const struct core *c, enum pause_what what, size_t index)
{
	assert(what < PAUSE_COUNT);
	if (what == PAUSE_POOL) {
		assert(index < c->pool_count);
		return &c->pool[index]->paused;
	}
	assert(what == PAUSE_ALL || index < c->spool_count);
	return what == PAUSE_SPOOL ? &c->spool[index]->paused : NULL;
}

bool pause_is_set(const struct core *c, enum pause_what what, size_t index)
{
	return what == PAUSE_ALL ? c->paused : *pause_flag(c, what, index);
}

/* Without a row and without a line: it is what the ledger says already. */
void pause_restore(struct core *c, const struct pause_rec *rec)
{
	if (rec->what == PAUSE_ALL)
		c->paused = rec->on;
	else
		*pause_flag(c, rec->what, rec->index) = rec->on;
}

static void pause_log(const struct core *c, const struct pause_rec *rec)
{
	const char *event = rec->on ? "paused" : "resumed";
	if (rec->what == PAUSE_ALL)
		log_info("event=%s of=all", event);
	else if (rec->what == PAUSE_POOL)
		log_info("pool=%s event=%s", c->conf->pool[rec->index].name, event);
	else
		log_info("spool=%s event=%s", c->conf->spool[rec->index].name, event);
}

bool pause_set(struct core *c, enum pause_what what, size_t index, bool on)
{
	assert(c->fx != NULL && what < PAUSE_COUNT);
	const struct pause_rec rec = { what, what == PAUSE_ALL ? 0 : index, on };
	if (pause_is_set(c, what, index) == on)
		return false;
	if (what == PAUSE_ALL)
		c->paused = on;
	else
		*pause_flag(c, what, index) = on;
	/* The row is committed before the answer goes out: whoever was told that it is paused finds
	 * it so after a crash, too. */
	effects_add(c->fx, FX_ROW_PAUSE)->u.pause = rec;
	pause_log(c, &rec);
	c->plan = true;
	return true;
}

bool pause_holds(const struct core *c, size_t pool, size_t spool)
{
	assert(pool < c->pool_count && spool < c->spool_count);
	return c->paused || c->pool[pool]->paused || c->spool[spool]->paused;
}
