/* control: lines of a peer of the control socket, in a daemon with files in each state before a run.
 * Whatever is asked is answered, in whole lines of JSON with a type, and has one end. The first
 * character of a line says who asks: '#' an administrator, anything else the files' owner. */
#include "fuzz.h"

#include "base/log.h"
#include "core/sched.h"
#include "core/text.h"
#include <assert.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#define OWNER 1000
#define STEPS_MAX 1000
#define LINES_MAX 64

const char fuzz_name[] = "control";

struct place {
	struct conf_endpoint endpoint;
	struct conf_pool pool;
	struct conf_spool spool;
	struct conf conf;
	struct core *core;
	struct effects fx;
	struct now now;
	uint64_t peer;
	int ends; /* of the request under way */
};

static void step(struct place *w, struct event *ev)
{
	ev->now = w->now;
	core_step(w->core, ev, &w->fx);
}

static void check_line(const char *p, size_t n)
{
	json_t *o = json_loadb(p, n, JSON_REJECT_DUPLICATES, NULL);
	assert(o != NULL && json_is_string(json_object_get(o, "type")));
	assert(text_is_utf8(p, n));
	json_decref(o);
}

static void check_answer(struct place *w, const struct fx_answer *fx)
{
	const char *p = fx->bytes.p;
	size_t left = fx->bytes.n;
	assert(fx->peer == w->peer && w->ends == 0);
	while (left > 0) {
		const char *end = memchr(p, '\n', left);
		assert(end != NULL && end > p);
		check_line(p, (size_t)(end - p));
		left -= (size_t)(end + 1 - p);
		p = end + 1;
	}
	w->ends += fx->flow == ANSWER_LAST;
}

/* What the edges would say to it; false: nothing. */
static bool reply(struct place *w, const struct effect *fx, struct event *ev)
{
	memset(ev, 0, sizeof(*ev));
	switch (fx->type) {
	case FX_ANSWER:
		check_answer(w, &fx->u.answer);
		ev->type = EV_TAKEN;
		ev->u.peer = fx->u.answer.peer;
		return fx->u.answer.flow == ANSWER_MORE;
	case FX_HISTORY:
		assert(fx->u.history.limit > 0);
		ev->type = EV_HISTORY;
		ev->u.history.peer = fx->u.history.peer;
		ev->u.history.seq = fx->u.history.seq;
		return true;
	case FX_RELOAD:
		ev->type = EV_RELOADED;
		ev->u.reloaded.peer = fx->u.reload;
		return true;
	default:
		return false;
	}
}

static void settle(struct place *w)
{
	for (int i = 0; w->fx.count > 0 && i < STEPS_MAX; i++) {
		struct effects old = w->fx;
		struct event ev;
		effects_init(&w->fx);
		for (size_t k = 0; k < old.count; k++)
			if (reply(w, &old.item[k], &ev))
				step(w, &ev);
		effects_fini(&old);
	}
	assert(w->fx.count == 0);
}

static void file(struct place *w, const char *name)
{
	struct event ev = { .type = EV_LOOKED };
	ev.u.looked.name = name;
	ev.u.looked.type = FILE_REGULAR;
	ev.u.looked.ident.nlink = 1;
	ev.u.looked.ident.uid = OWNER;
	step(w, &ev);
}

static void unheard(enum log_level level, const char *line, void *arg)
{
	(void)level;
	(void)line;
	(void)arg;
}

static void begin(struct place *w)
{
	const uint64_t seed[2] = { 1, 2 };
	*w = (struct place){ .now = { 1000, 1700000000000 }, .peer = 1 };
	w->endpoint = (struct conf_endpoint){ .name = (char *)"e", .url = (char *)"http://e" };
	w->pool = (struct conf_pool){ .name = (char *)"p", .max = 1, .slots = 1 };
	w->spool = (struct conf_spool){ .name = (char *)"s",
		.path = (char *)"/s",
		.ready = READY_RENAME,
		.scan_ms = 1000,
		.timeout_ms = CONF_NEVER };
	w->conf = (struct conf){ .endpoint = &w->endpoint,
		.endpoint_count = 1,
		.pool = &w->pool,
		.pool_count = 1,
		.spool = &w->spool,
		.spool_count = 1 };
	log_set_sink(unheard, NULL);
	effects_init(&w->fx);
	w->core = core_new(&w->conf, "0123abcd", seed, 0, 0);
	core_start(w->core, w->now, &w->fx);
	file(w, "a.py");
	file(w, "b.py");
	file(w, "c.txt");
	settle(w);
}

static void ask(struct place *w, const char *p, size_t n)
{
	struct event ev = { .type = EV_REQUEST };
	bool admin = n > 0 && *p == '#';
	ev.u.request.peer = w->peer;
	ev.u.request.uid = OWNER;
	ev.u.request.group = admin;
	ev.u.request.line = (struct bytes){ p + admin, n - admin };
	w->ends = 0;
	step(w, &ev);
	settle(w);
	/* One that watches, or follows, is never at its end. Others are who they were first. */
	ev = (struct event){ .type = EV_HUNG_UP };
	ev.u.peer = w->peer++;
	step(w, &ev);
	settle(w);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	const char *text = (const char *)p;
	struct place w;
	begin(&w);
	for (int lines = 0; n > 0 && lines < LINES_MAX; lines++) {
		const char *end = memchr(text, '\n', n);
		size_t len = end == NULL ? n : (size_t)(end - text);
		ask(&w, text, len);
		len += end != NULL;
		text += len;
		n -= len;
	}
	core_free(w.core);
	effects_fini(&w.fx);
	return 0;
}
