/* worldproof: on a server without names an id may be a stranger's behind any break, so nothing is posted
 * to a session or deleted by its id before its token was seen again. A break is over for the daemon, and
 * begins for its sessions, when it asks a server what it is. */
#include "world.h"

#include "core/core.h"
#include <stdlib.h>
#include <string.h>

static uint64_t *proof_of(struct world *w, uint64_t session)
{
	size_t n = w->proofs;
	if (session >= n) {
		w->proofs = (size_t)session * 2;
		w->proof = xrealloc(w->proof, w->proofs * sizeof(*w->proof));
		memset(w->proof + n, 0, (w->proofs - n) * sizeof(*w->proof));
	}
	return &w->proof[session];
}

void proof_perform(struct world *w, const struct fx_http *http)
{
	size_t e = http->tag.endpoint;
	bool speaks =
	    http->method != HTTP_GET && http->tag.session != 0 && http->tag.what != ASK_CREATE;
	if (http->tag.what == ASK_VERSION)
		w->met[e]++;
	if (speaks && w->server[e].version == NULL)
		ck_assert_msg(*proof_of(w, http->tag.session) == w->met[e],
		    "%s of session %llu behind a break and before its token was seen",
		    http->method == HTTP_POST ? "a POST" : "the DELETE",
		    (unsigned long long)http->tag.session);
}

static bool shows_token(const struct session_rec *rec, const char *body)
{
	return strstr(body, rec->token) != NULL ||
	       (rec->boot != NULL && strstr(body, rec->boot) != NULL);
}

/* The answer to a question of before the last break proves nothing, and takes nothing back. */
void proof_deliver(struct world *w, const struct world_reply *r)
{
	const struct session_rec *rec = ledger_session(&w->ledger, r->tag.session);
	if (r->outcome != HTTP_REPLY || rec == NULL || r->body == NULL)
		return;
	bool made = r->tag.what == ASK_CREATE;
	bool shown = r->tag.what == ASK_VERIFY && shows_token(rec, r->body);
	uint64_t met = made ? w->met[r->tag.endpoint] : r->met;
	if ((made || shown) && met > *proof_of(w, rec->id))
		*proof_of(w, rec->id) = met;
}
