/* export: when the metrics and the board are written for others to read.
 *
 * The metrics at their interval whatever happens, since whoever collects them takes their age for a
 * sign of life. The board when something has changed, and while something runs, since it shows for how
 * long: at rest it is not written. */
#include "core/export.h"

#include "base/log.h"
#include "core/board.h"
#include "core/metrics.h"
#include <assert.h>
#include <string.h>

/* A browser that reads the page anew more often than people can read it only costs. */
#define BOARD_REFRESH_MIN_S 5

void export_init(struct core *c)
{
	timer_init(&c->export[EXPORT_METRICS].timer, TIMER_METRICS);
	timer_init(&c->export[EXPORT_BOARD].timer, TIMER_BOARD);
}

static const char *export_path(struct core *c, enum export_what what)
{
	if (what == EXPORT_METRICS)
		return c->conf->metrics_file;
	if (c->conf->status_dir == NULL)
		return NULL;
	return arena_printf(&c->fx->arena, "%s/index.html", c->conf->status_dir);
}

static int64_t export_every_ms(const struct core *c, enum export_what what)
{
	return what == EXPORT_METRICS ? c->conf->metrics_every_ms : c->conf->status_every_ms;
}

void export_begin(struct core *c)
{
	for (int what = 0; what < EXPORTS; what++)
		export_due(c, (enum export_what)what);
}

/* While something runs the page grows old by itself: it shows for how long. */
static bool export_is_moving(const struct core *c)
{
	for (int state = JOB_READING; state < JOB_DONE; state++)
		if (c->jobs.in_state[state] > 0)
			return true;
	return false;
}

static void export_text(struct buf *b, const struct core *c, enum export_what what)
{
	int64_t refresh_s = c->conf->status_every_ms / 1000;
	if (what == EXPORT_METRICS)
		metrics_write(b, c);
	else
		board_write(
		    b, c, refresh_s < BOARD_REFRESH_MIN_S ? BOARD_REFRESH_MIN_S : (int)refresh_s);
}

void export_due(struct core *c, enum export_what what)
{
	struct export_state *e = &c->export[what];
	const char *path = export_path(c, what);
	timer_clear(&c->timers, &e->timer);
	if (path == NULL)
		return;
	struct buf b;
	size_t n;
	buf_init(&b, what == EXPORT_METRICS ? METRICS_BYTES_MAX : BOARD_BYTES_MAX);
	export_text(&b, c, what);
	struct fx_export *fx = &effects_add(c->fx, FX_EXPORT)->u.export;
	fx->what = what;
	fx->path = arena_strdup(&c->fx->arena, path);
	fx->text.p = arena_take(&c->fx->arena, buf_steal(&b, &n));
	fx->text.n = n;
	e->written_ms = c->now.mono_ms;
	if (what == EXPORT_METRICS || export_is_moving(c))
		timer_set(&c->timers, &e->timer, c->now.mono_ms + export_every_ms(c, what));
}

void export_changed(struct core *c)
{
	struct export_state *e = &c->export[EXPORT_BOARD];
	if (c->conf->status_dir != NULL)
		timer_set_earlier(&c->timers, &e->timer, e->written_ms + c->conf->status_every_ms);
}

void export_on_exported(struct core *c, const struct ev_exported *ev)
{
	struct export_state *e = &c->export[ev->what];
	assert(ev->what < EXPORTS);
	if (ev->err != 0) /* at rest nothing else would ask for it again */
		timer_set_earlier(&c->timers, &e->timer,
		    c->now.mono_ms + export_every_ms(c, (enum export_what)ev->what));
	if (ev->err == e->err)
		return;
	e->err = ev->err;
	if (ev->err != 0)
		log_error(
		    "event=not-exported file=\"%s\" error=\"%s\"; it is tried again in its time",
		    ev->path, strerror(ev->err));
	else
		log_info("event=exported file=\"%s\"", ev->path);
}
