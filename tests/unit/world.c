/* world: everything around the core, as a model: its life, its turn, what is asked of it. */
#include "world.h"

#include "base/log.h"
#include "core/pause.h"
#include <regex.h>
#include <stdlib.h>
#include <string.h>

#define TRACE_BYTES_MAX (64u << 20)
#define MONO_START_MS INT64_C(1000000000) /* the machine has been up for a while */
#define REAL_START_MS INT64_C(1795000000000)
#define IDLE_TURNS_MAX 100
#define TURNS_AT_ONCE_MAX 5000

static void sink(enum log_level level, const char *line, void *arg)
{
	struct world *w = arg;
	(void)buf_addf(&w->log, "<%d>%s\n", (int)level, line);
}

/* ---- configuration -------------------------------------------------------------------------- */

static void conf_default_pool(struct conf_pool *p, const char *name)
{
	*p = (struct conf_pool){
		.name = xstrdup(name),
		.max = 4,
		.slots = 4,
		.owners = OWNERS_SEPARATE,
		.idle_timeout_ms = CONF_NEVER,
		.on_stop = ON_STOP_KEEP,
		.recycle_statements = 500,
		.recycle_age_ms = 12 * 3600000,
		.start_timeout_ms = 300000,
	};
}

static void conf_default_spool(struct conf_spool *s, const char *name, size_t pool)
{
	*s = (struct conf_spool){
		.name = xstrdup(name),
		.path = xasprintf("/spool/%s", name),
		.pool = pool,
		.ready = READY_RENAME,
		.settle_ms = 1000,
		.scan_ms = 60000,
		.after = AFTER_KEEP,
		.keep_for_ms = CONF_NEVER,
		.timeout_ms = CONF_NEVER,
		.file_bytes_max = 1 << 20,
		.output_bytes_max = 64 << 20,
		.files_bytes_max = 64 << 20,
		.allow = ~0u,
		.priority_max = 100,
		.weight = 1,
	};
}

static void conf_default(struct world *w)
{
	static char runner[] = "# the runner\n";
	w->conf.runner_code = runner;
	w->conf.runner_code_bytes = sizeof(runner) - 1;
	w->conf.endpoint = w->endpoint;
	w->conf.pool = w->pool;
	w->conf.spool = w->spool;
	w->conf.endpoint_count = w->conf.pool_count = w->conf.spool_count = 1;
	for (size_t i = 0; i < WORLD_MAX; i++)
		w->endpoint[i] = (struct conf_endpoint){
			.name = xasprintf(i == 0 ? "livy" : "livy%zu", i),
			.url = xasprintf("http://livy%zu:8998", i),
			.connect_timeout_ms = 5000,
			.request_timeout_ms = 30000,
			.answer_bytes_max = 64 << 20,
		};
	conf_default_pool(&w->pool[0], "main");
	conf_default_spool(&w->spool[0], "in", 0);
}

size_t world_add_pool(struct world *w, const char *name)
{
	size_t n = w->conf.pool_count++;
	ck_assert_uint_lt(n, WORLD_MAX);
	conf_default_pool(&w->pool[n], name);
	return n;
}

size_t world_add_spool(struct world *w, const char *name, size_t pool)
{
	size_t n = w->conf.spool_count++;
	ck_assert_uint_lt(n, WORLD_MAX);
	conf_default_spool(&w->spool[n], name, pool);
	return n;
}

/* A copy of what the test has written; its strings stay the test's. */
static const struct conf *conf_enforce(struct world *w)
{
	struct world_conf *c = &w->in_force[w->reloads++ % 2];
	c->conf = w->conf;
	memcpy(c->endpoint, w->endpoint, sizeof(c->endpoint));
	memcpy(c->pool, w->pool, sizeof(c->pool));
	memcpy(c->spool, w->spool, sizeof(c->spool));
	c->conf.endpoint = c->endpoint;
	c->conf.pool = c->pool;
	c->conf.spool = c->spool;
	return &c->conf;
}

static void conf_fini(struct world *w)
{
	for (size_t i = 0; i < WORLD_MAX; i++) {
		free(w->endpoint[i].name);
		free(w->endpoint[i].url);
		free(w->pool[i].name);
		free(w->spool[i].name);
		free(w->spool[i].path);
		free(w->spool[i].move_to);
	}
}

/* ---- birth and death ------------------------------------------------------------------------ */

struct world *world_new(void)
{
	struct world *w = xcalloc(1, sizeof(*w));
	w->now = (struct now){ MONO_START_MS, REAL_START_MS };
	w->next_ino = 100;
	conf_default(w);
	evq_init(&w->events);
	effects_init(&w->fx);
	buf_init(&w->trace, TRACE_BYTES_MAX);
	buf_init(&w->log, TRACE_BYTES_MAX);
	for (size_t i = 0; i < WORLD_MAX; i++) {
		w->dir[i] = spool_dir_new(w);
		w->server[i] = (struct world_server){
			.version = "0.7.1-incubating",
			.create_ms = 20,
			.start_ms = 10000,
			.piece_bytes = 1000,
			.retained = 100,
		};
	}
	log_set_sink(sink, w);
	log_set_level(LOG_LEVEL_DEBUG);
	return w;
}

void world_free(struct world *w)
{
	if (w->core != NULL)
		core_free(w->core);
	log_set_sink(NULL, NULL);
	net_fini(w);
	ctl_fini(w);
	ledger_fini(&w->ledger);
	for (size_t i = 0; i < WORLD_MAX; i++) {
		spool_dir_free(w->dir[i]);
		server_fini(&w->server[i]);
	}
	evq_fini(&w->events);
	effects_fini(&w->fx);
	buf_fini(&w->trace);
	buf_fini(&w->log);
	conf_fini(w);
	for (size_t i = 0; i < EXPORTS; i++)
		free(w->exported[i]);
	free(w);
}

/* ---- effects -------------------------------------------------------------------------------- */

static bool is_row(const struct effect *fx)
{
	return fx->type <= FX_ROW_PAUSE;
}

static void export(struct world *w, const struct fx_export *fx)
{
	struct ev_exported *ev = &evq_add(&w->events, EV_EXPORTED)->u.exported;
	ev->what = fx->what;
	ev->path = arena_strdup(&w->events.arena, fx->path);
	ev->err = w->export_err;
	if (ev->err != 0)
		return;
	free(w->exported[fx->what]);
	w->exported[fx->what] = xasprintf("%.*s", (int)fx->text.n, fx->text.p);
	w->exports[fx->what]++;
}

static void perform(struct world *w, const struct effect *fx)
{
	if (fx->type == FX_RECALL)
		ledger_recall(w, &fx->u.recall);
	else if (fx->type == FX_LAST)
		ledger_last(w, &fx->u.last);
	else if (fx->type == FX_HTTP)
		net_perform(w, &fx->u.http);
	else if (fx->type == FX_EXPORT)
		export(w, &fx->u.export);
	else if (!keep_perform(w, fx) && !ctl_perform(w, fx))
		ck_assert(spool_perform(w, fx));
}

static void start_core(struct world *w);

static void drop_events(struct world *w)
{
	while (evq_next(&w->events) != NULL)
		;
	evq_done(&w->events);
}

/* Everything of the process is gone: what was decided, what was asked, what was on its way. */
void world_die(struct world *w)
{
	w->crashes++;
	w->crash_op = 0;
	w->died = false;
	w->crash_turn = w->second_crash > 0 ? w->turn + w->second_crash : 0;
	w->second_crash = 0;
	core_free(w->core);
	w->core = NULL;
	effects_reset(&w->fx);
	drop_events(w);
	net_drop_replies(w);
	ctl_die(w);
	for (size_t i = 0; i < WORLD_MAX; i++) {
		w->dir[i]->scan = 0;
		w->dir[i]->scan_again = false;
		if (w->power_cut)
			dir_power_cut(w, w->dir[i]);
	}
	(void)buf_adds(&w->trace, w->power_cut ? "CRASH by a power cut\n" : "CRASH\n");
}

static size_t commit(struct world *w)
{
	size_t others = 0;
	for (size_t i = 0; i < w->fx.count; i++) {
		if (is_row(&w->fx.item[i]))
			ledger_apply(w, &w->fx.item[i]);
		else
			others++;
	}
	return others;
}

/* The end of a turn, or a crash in it. */
static void carry_out(struct world *w)
{
	bool crash = ++w->turn == w->crash_turn;
	size_t done = 0;
	if (crash && w->crash_point == 0) {
		world_die(w);
		start_core(w);
		return;
	}
	size_t others = commit(w);
	if (w->turn < ARRAY_LEN(w->effects))
		w->effects[w->turn] = others;
	for (size_t i = 0; i < w->fx.count; i++) {
		if (is_row(&w->fx.item[i]))
			continue;
		if (crash && done == w->crash_point - 1)
			break;
		perform(w, &w->fx.item[i]);
		done++;
		if (w->died)
			break;
	}
	if (w->fx.count > 0)
		(void)buf_adds(&w->trace, ".\n");
	w->idle_turns = w->fx.count > 0 ? 0 : w->idle_turns + 1;
	effects_reset(&w->fx);
	if (crash || w->died) {
		world_die(w);
		start_core(w);
	}
}

static void start_core(struct world *w)
{
	const uint64_t seed[2] = { (0x5eed + w->crashes) * 0x9e3779b97f4a7c15u,
		(42 + w->crashes) * 0xbf58476d1ce4e5b9u };
	drop_events(w); /* of files that came while nobody listened */
	w->now.mono_ms += w->crashes > 0 ? 1000 : 0;
	w->now.real_ms += w->crashes > 0 ? 1000 : 0;
	w->core =
	    core_new(conf_enforce(w), "0123abcd", seed, w->ledger.last_job, w->ledger.last_session);
	ledger_replay(w);
	if (w->ledger.anew)
		core_lost(w->core);
	core_start(w->core, w->now, &w->fx);
	carry_out(w);
}

void world_start(struct world *w)
{
	start_core(w);
}

/* Until the server has been met and the first scan has ended. */
void world_begin(struct world *w)
{
	world_start(w);
	world_run(w, 100);
}

/* As the control socket will: within a turn. */
void world_pause(struct world *w, enum pause_what what, size_t index, bool on)
{
	w->core->fx = &w->fx;
	(void)pause_set(w->core, what, index, on);
	w->core->fx = NULL;
}

void world_crash(struct world *w)
{
	world_die(w);
	start_core(w);
}

/* ---- the turn ------------------------------------------------------------------------------- */

static int64_t next_ms(const struct world *w)
{
	if (w->core != NULL && (w->events.count > 0 || spool_is_busy(w)))
		return w->now.mono_ms;
	int64_t core = w->core == NULL ? INT64_MAX : core_deadline(w->core);
	int64_t net = net_due_ms(w);
	int64_t due = core < net ? core : net;
	return due < w->now.mono_ms ? w->now.mono_ms : due;
}

static void pass_time(struct world *w, int64_t mono_ms)
{
	ck_assert_int_ge(mono_ms, w->now.mono_ms);
	if (mono_ms > w->now.mono_ms)
		w->idle_turns = w->turns_at_once = 0;
	w->now.real_ms += mono_ms - w->now.mono_ms;
	w->now.mono_ms = mono_ms;
	for (size_t i = 0; i < WORLD_MAX; i++)
		server_advance(w, &w->server[i]);
}

/* However it came about: servers are never made to hold more than the pools say. */
static void check_max(const struct world *w)
{
	for (size_t e = 0; e < w->conf.endpoint_count && !w->any_number; e++) {
		int max = 0;
		for (size_t p = 0; p < w->conf.pool_count; p++)
			max += w->pool[p].endpoint == e ? w->pool[p].max : 0;
		ck_assert_msg(world_alive(w, e) <= max, "%d sessions where at most %d may be\n%s",
		    world_alive(w, e), max, world_tail(&w->trace));
	}
}

bool world_turn(struct world *w, int64_t end_ms)
{
	struct event *ev;
	int64_t due = next_ms(w);
	if (due > end_ms) {
		if (end_ms > w->now.mono_ms) /* a restart may have taken longer than that */
			pass_time(w, end_ms);
		return false;
	}
	pass_time(w, due);
	ck_assert_msg(w->idle_turns < IDLE_TURNS_MAX && w->turns_at_once++ < TURNS_AT_ONCE_MAX,
	    "the core turns and turns\n%s%s", world_tail(&w->trace), world_tail(&w->log));
	if (w->core != NULL)
		spool_step(w);
	net_deliver(w);
	if (w->core == NULL) { /* nobody hears of it */
		drop_events(w);
		return true;
	}
	if (core_deadline(w->core) <= w->now.mono_ms)
		evq_add(&w->events, EV_TICK);
	while ((ev = evq_next(&w->events)) != NULL) {
		ev->now = w->now;
		core_step(w->core, ev, &w->fx);
	}
	evq_done(&w->events);
	carry_out(w);
	check_max(w);
	return true;
}

void world_run(struct world *w, int64_t ms)
{
	int64_t end_ms = w->now.mono_ms + ms;
	while (world_turn(w, end_ms))
		;
}

void world_lose_ledger(struct world *w)
{
	if (w->core != NULL)
		world_die(w);
	ledger_fini(&w->ledger);
	w->ledger.anew = true;
	w->any_number = true; /* nobody knows that life's any more */
}

void world_release(struct world *w)
{
	evq_add(&w->events, EV_RELEASE);
}

void world_stop(struct world *w)
{
	evq_add(&w->events, EV_STOP);
}

void world_reload(struct world *w)
{
	evq_add(&w->events, EV_CONF)->u.conf = conf_enforce(w);
}

/* ---- stories -------------------------------------------------------------------------------- */

const char *world_tail(const struct buf *b)
{
	size_t from = b->len > 1500 ? b->len - 1500 : 0;
	return b->data == NULL ? "" : b->data + from;
}

void world_forget(struct world *w)
{
	buf_reset(&w->trace);
	buf_reset(&w->log);
}

static void each_match(const struct buf *text, const char *regex,
    void (*line)(struct buf *, const char *, size_t), struct buf *out)
{
	regex_t re;
	ck_assert_int_eq(regcomp(&re, regex, REG_EXTENDED | REG_NOSUB), 0);
	for (const char *p = text->len == 0 ? "" : text->data; *p != '\0';) {
		size_t n = strcspn(p, "\n") + 1;
		char *copy = xstrndup(p, n - 1);
		if (regexec(&re, copy, 0, NULL, 0) == 0)
			line(out, p, n);
		free(copy);
		p += n;
	}
	regfree(&re);
}

static void add_line(struct buf *out, const char *p, size_t n)
{
	(void)buf_add(out, p, n);
}

void world_story(const struct world *w, const char *regex, const char *expected)
{
	struct buf story;
	buf_init(&story, TRACE_BYTES_MAX);
	(void)buf_adds(&story, "");
	each_match(&w->trace, regex, add_line, &story);
	ck_assert_str_eq(story.data == NULL ? "" : story.data, expected);
	buf_fini(&story);
}

int world_logged(const struct world *w, const char *text)
{
	int n = 0;
	ck_assert(*text != '\0');
	for (const char *p = w->log.len == 0 ? "" : w->log.data; (p = strstr(p, text)) != NULL; n++)
		p += strcspn(p, "\n");
	return n;
}

/* ---- what came of it ------------------------------------------------------------------------ */

const struct world_row *world_row(const struct world *w, const char *name)
{
	for (size_t i = w->ledger.jobs; i-- > 0;)
		if (str_eq(w->ledger.job[i].rec.name, name))
			return &w->ledger.job[i];
	return NULL;
}

const char *world_status(const struct world *w, const char *name)
{
	static const char *const word[STATUS_COUNT] = { "none", "ok", "error", "timeout",
		"cancelled", "died", "unknown", "rejected" };
	const struct world_row *row = world_row(w, name);
	if (row == NULL || row->rec.state != JOB_DONE || row->rec.run == NULL)
		return "";
	return word[row->rec.run->status];
}

bool world_done(const struct world *w, const char *name)
{
	return *world_status(w, name) != '\0';
}

bool world_recorded(struct world *w, const char *name, const char *status)
{
	char *json = xasprintf("%s.json", name);
	char *line = xasprintf("\"status\": \"%s\"", status);
	bool found = strstr(world_text(w, json), line) != NULL;
	free(json);
	free(line);
	return found;
}

int world_ran(const struct world *w, const char *code)
{
	int n = 0;
	for (size_t e = 0; e < WORLD_MAX; e++)
		for (size_t i = 0; i < w->server[e].ran_count; i++)
			n += str_eq(w->server[e].ran[i], code);
	return n;
}

int world_alive(const struct world *w, size_t server)
{
	int n = 0;
	for (size_t i = 0; i < w->server[server].count; i++)
		n += !w->server[server].session[i]->dead && !w->server[server].session[i]->stranger;
	return n;
}

const struct world_session *world_session_of(const struct world *w, const char *code)
{
	for (size_t e = 0; e < WORLD_MAX; e++)
		for (size_t i = 0; i < w->server[e].count; i++)
			for (int k = 0; k < w->server[e].session[i]->count; k++)
				if (str_eq(w->server[e].session[i]->statement[k].code, code))
					return w->server[e].session[i];
	return NULL;
}
