/* weather: what befalls requests on their way, and answers on theirs. */
#include "sim.h"

#include <stdlib.h>
#include <string.h>

static const char page[] = "<html><head><title>Bad Gateway</title></head></html>";

static const char channel[] = "\"java.io.IOException: RPC channel is closed.\"";

/* Whatever it is, afterwards it cannot be told from outside whether it arrived. */
static void sim_lose(struct sim *s, struct world_fault *f)
{
	static const enum world_fate fate[] = { FATE_LOST_BEFORE, FATE_LOST_AFTER, FATE_LATE,
		FATE_LATE };
	f->fate = fate[sim_int(s, 0, 3)];
	if (f->fate == FATE_LATE)
		f->delay_ms = sim_int(s, 1,
		    sim_chance(s, 30)	? 2000
		    : sim_chance(s, 80) ? 90000
					: 600000);
}

/* The daemon dies over it: what it has sent may come when another life has asked after it. */
static void sim_orphan(struct sim *s, struct world_fault *f)
{
	sim_lose(s, f);
	if (f->fate == FATE_LATE && sim_chance(s, 70))
		f->delay_ms = sim_int(s, 1000, 8000);
}

static void sim_gateway(struct sim *s, struct world_fault *f)
{
	static const int status[] = { 502, 503, 504, 500, 408 };
	f->fate = sim_chance(s, 60) ? FATE_MANGLED : FATE_STATUS;
	f->status = status[sim_int(s, 0, 4)];
	f->reply = f->status == 500 && sim_chance(s, 50) ? channel : page;
	if (sim_chance(s, 20))
		f->retry_after_ms = 7000;
}

static void sim_garble(struct sim *s, struct world_fault *f)
{
	static const char *const reply[] = { "{\"id\":", "[]", "{}", "\"yes\"", "\xff\xfe" };
	f->fate = FATE_MANGLED;
	f->status = sim_chance(s, 50) ? 200 : 201;
	f->reply = reply[sim_int(s, 0, 4)];
}

static struct world_fault sim_draw_fate(struct sim *s, const struct fx_http *http, bool aimed)
{
	struct world_fault f = { .fate = FATE_WELL };
	switch (sim_int(s, 0, aimed ? 6 : 9)) {
	case 0:
	case 1:
	case 2:
	case 3:
		sim_lose(s, &f);
		break;
	case 4:
	case 5:
		sim_gateway(s, &f);
		break;
	case 6:
		sim_garble(s, &f);
		break;
	case 7:
		f.fate = sim_chance(s, 50) ? FATE_TOO_BIG : FATE_NOT_SENT;
		break;
	case 8: /* not accepted, and it says so */
		f.fate = FATE_STATUS;
		f.status = http->tag.seq % 3 == 0 ? 403 : 429;
		f.retry_after_ms = f.status == 429 ? 3000 : 0;
		break;
	default: /* it only takes long */
		f.delay_ms = sim_int(s, 1, 20000);
	}
	return f;
}

/* Whether the statement that is asked for has an answer at all. */
static bool sim_has_output(const struct sim *s, const struct fx_http *http, const char *at)
{
	const struct world_server *sv = &s->w->server[http->tag.endpoint];
	char *key = xstrndup(http->path + 10, (size_t)(at - http->path) - 10);
	long n = strtol(at + 12, NULL, 10);
	bool has = false;
	for (size_t i = 0; i < sv->count; i++) {
		const struct world_session *session = sv->session[i];
		char *id = xasprintf("%d", session->id);
		if (str_eq(id, key) || str_eq(session->name, key))
			has = n < session->count && session->statement[n].output != NULL;
		free(id);
	}
	free(key);
	return has;
}

/* One statement whose answer is never to be had. */
static bool sim_is_poisoned(struct sim *s, const struct fx_http *http, struct world_fault *f)
{
	static const char *const reply[] = { "\"java.lang.RuntimeException: no\"", "{\"id\":" };
	const char *at = strstr(http->path, "/statements/");
	if (http->method != HTTP_GET || at == NULL || !sim_has_output(s, http, at))
		return false;
	size_t i = 0;
	while (i < s->poisons && !str_eq(s->poisoned[i], http->path))
		i++;
	if (i == s->poisons) {
		if (s->mended || s->poisons == SIM_POISONED || !sim_chance(s, s->poison_percent))
			return false;
		s->poison[i] = sim_int(s, 0, 2);
		s->poisoned[s->poisons++] = xstrdup(http->path);
	}
	f->fate = s->poison[i] == 2 ? FATE_TOO_BIG : FATE_MANGLED;
	f->status = s->poison[i] == 0 ? 500 : 200;
	f->reply = s->poison[i] == 2 ? NULL : reply[s->poison[i]];
	return true;
}

/* The file's POST, not that of a greeting or a probe. */
static bool sim_is_file(const struct sim *s)
{
	char token[TOKEN_TEXT_LEN];
	const char *code = s->w->posted;
	return server_is_runner(code) ? strstr(code, "\"start\"") != NULL
				      : !server_token_of(code, token);
}

static bool sim_is_aimed_at(struct sim *s, const struct fx_http *http)
{
	bool post = http->method == HTTP_POST;
	bool statement = post && str_ends_with(http->path, "/statements");
	bool is = s->aim == AIM_STATEMENT  ? statement
		  : s->aim == AIM_FILE	   ? statement && s->aims > 0 && sim_is_file(s)
		  : s->aim == AIM_CREATION ? post && str_eq(http->path, "/sessions")
					   : http->method == HTTP_DELETE;
	if (!is || s->aims == 0)
		return false;
	s->aims--;
	return true;
}

/* The daemon, before it hears of it; and often nobody else hears of it either. */
static bool sim_may_crash(struct sim *s, const struct fx_http *http)
{
	bool counts = http->method == HTTP_POST &&
		      (str_eq(http->path, "/sessions") ||
			  (str_ends_with(http->path, "/statements") && sim_is_file(s)));
	if (s->crash_at_post == 0 || !counts || --s->crash_at_post > 0)
		return false;
	s->w->crash_turn = s->w->turn + (size_t)sim_int(s, 1, 3);
	s->w->crash_point = (size_t)sim_int(s, 0, 3);
	sim_begins_anew(s);
	return sim_chance(s, 50);
}

void sim_aim(struct sim *s)
{
	static const enum aim aim[] = { AIM_FILE, AIM_FILE, AIM_FILE, AIM_FILE, AIM_STATEMENT,
		AIM_STATEMENT, AIM_CREATION, AIM_CREATION, AIM_DELETE };
	s->aim = aim[sim_int(s, 0, ARRAY_LEN(aim) - 1)];
	s->aims = sim_int(s, 1, 3);
}

/* Without names, and without a token for an answer, a session cannot be known again. */
static bool sim_is_limp(const struct sim *s, const struct fx_http *http)
{
	const struct world_server *sv = &s->w->server[http->tag.endpoint];
	return sv->version == NULL && sv->start == START_LIMP;
}

/* That a request has failed is a sign when the daemon hears of it, which may be long after it was lost. */
void sim_hears(struct sim *s)
{
	for (size_t e = 0; e < WORLD_MAX; e++) {
		bool waits = s->sign[e] == 0;
		for (size_t i = 0; i < s->w->replies; i++)
			waits = waits || s->w->reply[i].tag.seq == s->sign[e];
		if (waits)
			continue;
		s->restarted[e] = false;
		s->sign[e] = 0;
	}
}

/* Without names a session is proven after each break, and what was asked before may be answered behind it:
 * in each second seed most answers of such a server take their time. */
static bool sim_is_sluggish(struct sim *s, const struct fx_http *http, struct world_fault *f)
{
	if (s->mended || s->seed % 2 == 0 || s->w->server[http->tag.endpoint].version != NULL)
		return false;
	sim_other_dice(s);
	if (sim_chance(s, 60))
		f->delay_ms = sim_int(s, 1, sim_chance(s, 50) ? 3000 : 25000);
	sim_other_dice(s);
	return f->delay_ms > 0;
}

struct world_fault sim_fate(struct world *w, const struct fx_http *http, void *arg)
{
	struct sim *s = arg;
	struct outage *o = &s->outage[http->tag.endpoint];
	struct world_fault f = { .fate = FATE_WELL };
	if (w->now.mono_ms < o->end_ms) {
		s->trouble_ms[http->tag.endpoint] = w->now.mono_ms;
		o->requests++;
		s->touched[http->tag.session % SIM_SESSIONS] = true;
		f.fate = sim_chance(s, 70) ? FATE_NOT_SENT : FATE_LOST_BEFORE;
		if (s->sign[http->tag.endpoint] == 0)
			s->sign[http->tag.endpoint] = http->tag.seq;
		return f;
	}
	if (sim_is_poisoned(s, http, &f)) {
		s->touched[http->tag.session % SIM_SESSIONS] = true;
		return f;
	}
	if (sim_is_limp(s, http))
		s->touched[http->tag.session % SIM_SESSIONS] = true;
	if (sim_is_sluggish(s, http, &f)) {
		s->trouble_ms[http->tag.endpoint] = w->now.mono_ms;
		s->touched[http->tag.session % SIM_SESSIONS] = true;
		return f;
	}
	bool orphan = sim_may_crash(s, http);
	bool hit = orphan || sim_is_aimed_at(s, http);
	if (!hit &&
	    (s->mended || w->now.mono_ms >= s->storm_end_ms || !sim_chance(s, s->storm_percent)))
		return f;
	f = sim_draw_fate(s, http, hit);
	if (orphan)
		sim_orphan(s, &f);
	/* Without names what comes late may come to anybody: nothing can be done about that. */
	if (f.fate == FATE_LATE && w->server[http->tag.endpoint].version == NULL)
		f.fate = FATE_LOST_BEFORE;
	/* Without an output there is nothing that could be too large. */
	if (f.fate == FATE_TOO_BIG && http->method == HTTP_GET)
		f.fate = FATE_LOST_AFTER;
	if (f.fate != FATE_WELL) {
		s->trouble_ms[http->tag.endpoint] = w->now.mono_ms;
		s->touched[http->tag.session % SIM_SESSIONS] = true;
	}
	return f;
}

void sim_touched(struct sim *s, size_t server)
{
	const struct world_ledger *l = &s->w->ledger;
	for (size_t i = 0; i < l->sessions; i++)
		if (l->session[i].endpoint == server)
			s->touched[l->session[i].id % SIM_SESSIONS] = true;
}

void sim_storm(struct sim *s)
{
	static const int percent[] = { 5, 20, 60 };
	s->storm_percent = percent[sim_int(s, 0, 2)];
	s->storm_end_ms = s->w->now.mono_ms + sim_int(s, 1000, sim_chance(s, 70) ? 20000 : 300000);
}

void sim_outage(struct sim *s, size_t server, int64_t ms)
{
	struct outage *o = &s->outage[server];
	*o = (struct outage){ .begin_ms = s->w->now.mono_ms, .end_ms = s->w->now.mono_ms + ms };
}
