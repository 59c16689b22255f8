/* place: requests about pools, spools and the whole: pause, resume, drain, reload.
 *
 * None of it touches a file or a session: it sets what core/pause holds, or asks the edge, and the
 * plan behind the event does the rest. */
#include "core/place.h"

#include "core/ask.h"
#include "core/pause.h"
#include "core/roll.h"
#include "core/text.h"
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

static bool place_pool(const struct core *c, const char *name, size_t *pool)
{
	for (size_t i = 0; i < c->pool_count; i++) {
		*pool = i;
		if (!c->conf->pool[i].removed && strcmp(c->conf->pool[i].name, name) == 0)
			return true;
	}
	return false;
}

/* "changed" says whether it was otherwise before: to pause twice is no error, and scripts need not
 * ask. */
static void place_done(struct core *c, struct peer *p, enum pause_what what, size_t index)
{
	const char *word = what == PAUSE_ALL ? "all" : what == PAUSE_POOL ? "pool" : "spool";
	json_t *o = peer_line("done");
	bool changed = pause_set(c, what, index, p->ask->what != DO_RESUME);
	text_put(o, "of", text_json(word));
	if (what == PAUSE_POOL)
		text_put(o, "name", text_json(c->conf->pool[index].name));
	if (what == PAUSE_SPOOL)
		text_put(o, "name", text_json(c->conf->spool[index].name));
	text_put(o, "changed", json_boolean(changed));
	peer_say(p, o);
}

void place_pause(struct core *c, struct peer *p)
{
	const struct ask *ask = p->ask;
	size_t index = 0;
	if ((ask->spool != NULL) + (ask->pool != NULL) + ask->all != 1) {
		peer_fail(c, p, "bad-request",
		    "one of \"spool\", \"pool\" and \"all\" must be given", NULL);
		return;
	}
	if ((ask->spool != NULL && !roll_spool(c, ask->spool, &index)) ||
	    (ask->pool != NULL && !place_pool(c, ask->pool, &index))) {
		peer_fail(c, p, "not-found",
		    ask->spool != NULL ? "there is no spool of this name"
				       : "there is no pool of this name",
		    NULL);
		return;
	}
	place_done(c, p,
	    ask->all		? PAUSE_ALL
	    : ask->pool != NULL ? PAUSE_POOL
				: PAUSE_SPOOL,
	    index);
	peer_end(c, p);
}

/* ---- the whole ------------------------------------------------------------------------------ */

/* All is paused, and the connection stays open until nothing runs: whoever stops a machine waits
 * for one line instead of asking again and again. Nothing resumes by itself, also not after a
 * start. */
void place_drain(struct core *c, struct peer *p)
{
	place_done(c, p, PAUSE_ALL, 0);
	p->drains = true;
	peer_flush(c, p, ANSWER_NEWS);
}

void place_drained(struct core *c)
{
	struct peer *p;
	size_t active = 0;
	for (int i = JOB_READING; i < JOB_DONE; i++)
		active += c->jobs.in_state[i];
	TAILQ_FOREACH (p, &c->peers, link) {
		if (!p->drains || active > 0)
			continue;
		peer_say(p, peer_line("drained"));
		peer_end(c, p);
	}
}

/* The answer comes with EV_RELOADED: only the edge can read a file. */
void place_reload(struct core *c, struct peer *p)
{
	effects_add(c->fx, FX_RELOAD)->u.reload = p->id;
}

void place_reloaded(struct core *c, struct peer *p, const struct ev_reloaded *ev)
{
	if (ev->errors == NULL) {
		peer_end(c, p);
		return;
	}
	/* All of them at once, each with its line in the file: one reload for one mistake would be
	 * a long evening. */
	json_t *list = json_array();
	for (const char *line = ev->errors; *line != '\0';) {
		size_t n = strcspn(line, "\n");
		if (n > 0)
			text_append(list, text_json_bytes(line, n));
		line += n + (line[n] == '\n');
	}
	json_t *o = peer_line("messages");
	char *first = text_line(ev->errors, strlen(ev->errors), 2000);
	text_put(o, "messages", list);
	peer_say(p, o);
	peer_fail(c, p, "failed", first, "the configuration in force stays");
	free(first);
}
