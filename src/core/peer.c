/* peer: those who are connected to the control socket, and what is said to them. */
#include "core/peer.h"

#include "core/ask.h"
#include "core/text.h"
#include <assert.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#define PIECE_BYTES (32 << 10)	/* an answer goes out in pieces of about this size */
#define OUT_BYTES_MAX (1 << 20) /* a piece, and the one line that goes beyond it */

struct peer *peer_find(const struct core *c, uint64_t id)
{
	struct peer *p;
	TAILQ_FOREACH (p, &c->peers, link)
		if (p->id == id)
			return p;
	return NULL;
}

struct peer *peer_add(struct core *c, const struct ev_request *ev)
{
	assert(peer_find(c, ev->peer) == NULL);
	struct peer *p = xcalloc(1, sizeof(*p));
	p->id = ev->peer;
	p->uid = ev->uid;
	p->hidden = ev->hidden;
	/* Settled when it comes: a reload that changes the group speaks of those who come after
	 * it. */
	p->admin = ev->uid == 0 || ev->own || ev->group;
	buf_init(&p->out, OUT_BYTES_MAX);
	TAILQ_INSERT_TAIL(&c->peers, p, link);
	return p;
}

/* What was asked is over, one way or the other. */
static void peer_forget(struct peer *p)
{
	ask_free(p->ask);
	free(p->job);
	free(p->watched);
	p->ask = NULL;
	p->job = NULL;
	p->watched = NULL;
	p->job_count = p->job_at = p->item_at = p->watched_count = 0;
	p->seq = p->cursor = 0;
	p->rest = 0;
	p->waits = p->listed = p->follows = p->missed = p->from_now = p->drains = false;
	p->news = NEWS_NONE;
}

void peer_drop(struct core *c, struct peer *p)
{
	peer_forget(p);
	buf_fini(&p->out);
	TAILQ_REMOVE(&c->peers, p, link);
	free(p);
}

void peers_fini(struct core *c)
{
	struct peer *p;
	while ((p = TAILQ_FIRST(&c->peers)) != NULL)
		peer_drop(c, p);
}

bool peer_may(const struct peer *p, uint32_t owner)
{
	return p->admin || (!p->hidden && p->uid == owner);
}

/* ---- lines ---------------------------------------------------------------------------------- */

struct json_t *peer_line(const char *type)
{
	json_t *o = json_object();
	assert(o != NULL);
	text_put(o, "type", text_json(type));
	return o;
}

void peer_say(struct peer *p, json_t *line)
{
	/* ASCII only: half a character can then never stand at the end of a piece, and names that
	 * are no UTF-8 have been made harmless before (core/text). */
	char *text = json_dumps(line, JSON_COMPACT | JSON_ENSURE_ASCII);
	assert(text != NULL);
	size_t n = strlen(text);
	text[n] = '\n'; /* in the place of the NUL */
	/* A line that is larger than any can be is left out: nothing here gets so large. */
	(void)buf_add(&p->out, text, n + 1);
	free(text);
	json_decref(line);
}

/* An answer of a hundred thousand lines goes out in pieces, each when the last one is taken:
 * nobody's list costs more memory than this, whether it is read or not. */
bool peer_is_full(const struct peer *p)
{
	return p->out.len >= PIECE_BYTES;
}

void peer_flush(struct core *c, struct peer *p, enum answer_flow flow)
{
	if (p->out.len == 0 && flow == ANSWER_NEWS)
		return;
	struct fx_answer *fx = &effects_add(c->fx, FX_ANSWER)->u.answer;
	fx->peer = p->id;
	fx->flow = flow;
	fx->bytes.n = p->out.len;
	fx->bytes.p = arena_dup(&c->fx->arena, p->out.len == 0 ? "" : p->out.data, p->out.len);
	if (flow != ANSWER_NEWS)
		p->waits = flow == ANSWER_MORE;
	buf_reset(&p->out);
	/* One large line must not leave each peer with a large buffer. */
	if (p->out.cap > 2 * (size_t)PIECE_BYTES)
		buf_fini(&p->out);
}

static void peer_last(struct core *c, struct peer *p)
{
	peer_flush(c, p, ANSWER_LAST);
	peer_forget(p);
}

void peer_end(struct core *c, struct peer *p)
{
	peer_say(p, peer_line("end"));
	peer_last(c, p);
}

void peer_fail(
    struct core *c, struct peer *p, const char *code, const char *message, const char *hint)
{
	json_t *o = peer_line("error");
	text_put(o, "code", text_json(code));
	text_put(o, "message", text_json(message));
	if (hint != NULL)
		text_put(o, "hint", text_json(hint));
	peer_say(p, o);
	peer_last(c, p);
}
