/* sessions: what must be true of sessions and of how servers are asked, whatever happens. */
#include "properties.h"

#include <stdlib.h>

/* The words that a failing seed prints; where they come from stands behind them. */
#define MAX_SESSIONS "a pool has at most max sessions, as far as can be known [behaviour: sessions]"
#define STRANGERS                                                                                  \
	"nothing is posted to, or deleted from, a session that is not ours [house: ours by name]"
#define KEPT                                                                                       \
	"a session is not left to its server's time limits while a file runs in it, nor a "        \
	"warm one to its heartbeat [issue 5, 2]"
#define NO_STORM "a server that is down is asked with patience [issue 5, 2]"
#define NO_LEAK "each living session that is ours stands in the ledger [issue 5, 1]"

#define PER_HOUR 200 /* requests while a server is down */

/* One whose creation was lost, by the network or by a crash, may be given up long before it is
 * forgotten, and come after all. */
static bool is_doubtful(struct sim *s, const struct session_rec *rec)
{
	uint64_t id = rec->id % SIM_SESSIONS;
	if (s->born[id] == 0)
		s->born[id] = 1 + s->crashes;
	bool crashed = s->born[id] != 1 + s->w->crashes;
	bool lost = rec->state == SESSION_LOOKING && rec->last_statement < 0;
	if (lost || (rec->livy_id == NULL && crashed))
		s->doubtful[id] = true;
	return s->doubtful[id];
}

/* What still runs on the endpoint that a pool has left does not count. */
static void check_max(struct sim *s)
{
	int n[WORLD_MAX][WORLD_MAX] = { { 0 } };
	const struct world_ledger *l = &s->w->ledger;
	for (size_t i = 0; i < l->sessions; i++)
		n[l->session[i].pool][l->session[i].endpoint] += !is_doubtful(s, &l->session[i]);
	for (size_t i = 0; i < s->w->conf.pool_count; i++)
		for (size_t e = 0; e < s->w->conf.endpoint_count; e++)
			holds(n[i][e] <= s->pool_max[i], MAX_SESSIONS, "pool %s has %d of %d",
			    s->w->pool[i].name, n[i][e], s->pool_max[i]);
}

static void check_strangers(struct sim *s)
{
	sim_hears(s);
	for (size_t e = 0; e < WORLD_MAX; e++) {
		struct world_server *sv = &s->w->server[e];
		for (size_t i = 0; i < sv->count; i++) {
			struct world_session *session = sv->session[i];
			if (!session->stranger || session->touched == 0)
				continue;
			/* Without names, and before any sign of a restart, nobody can know. */
			holds(sv->version == NULL && s->restarted[e], STRANGERS,
			    "session %d is somebody else's", session->id);
			session->touched = 0;
		}
	}
}

static void check_patience(const struct sim *s)
{
	for (size_t e = 0; e < WORLD_MAX; e++) {
		const struct outage *o = &s->outage[e];
		int64_t hours = 1 + (s->w->now.mono_ms - o->begin_ms) / 3600000;
		holds(s->w->now.mono_ms > o->end_ms || o->requests <= PER_HOUR * hours, NO_STORM,
		    "%d requests", o->requests);
	}
}

static bool is_same(const struct session_rec *rec, const struct world_session *session)
{
	return session->name != NULL
		   ? str_eq(session->name, rec->name)
		   : rec->livy_id != NULL && strtol(rec->livy_id, NULL, 10) == session->id;
}

static bool is_ill(const struct world_session *session)
{
	return session->dead || session->closed || session->limp;
}

static void look_at_the_ill(struct sim *s)
{
	const struct world_ledger *l = &s->w->ledger;
	for (size_t e = 0; e < WORLD_MAX; e++) {
		const struct world_server *sv = &s->w->server[e];
		for (size_t i = 0; i < sv->count; i++)
			for (size_t k = 0; is_ill(sv->session[i]) && k < l->sessions; k++)
				if (is_same(&l->session[k], sv->session[i]))
					s->touched[l->session[k].id % SIM_SESSIONS] = true;
	}
}

static bool has_running(const struct world_ledger *l, uint64_t session)
{
	for (size_t i = 0; i < l->jobs; i++)
		if (l->job[i].rec.state == JOB_RUNNING && l->job[i].rec.run->session == session)
			return true;
	return false;
}

/* Whatever befell the daemon or a request since it was last heard is a cause. Without the call that keeps
 * it (before 0.6) nothing can be done. */
void sessions_forsaken(
    struct world *w, size_t server, const struct world_session *session, void *sim)
{
	struct sim *s = sim;
	const struct world_server *sv = &w->server[server];
	bool idle =
	    sv->idle_timeout_ms > 0 && w->now.mono_ms - session->active_ms > sv->idle_timeout_ms;
	int64_t since_ms = idle ? session->active_ms : session->heard_ms;
	bool calm = s->trouble_ms[server] < since_ms && s->begun_ms < since_ms && !s->down;
	for (size_t i = 0; i < w->ledger.sessions; i++) {
		const struct session_rec *rec = &w->ledger.session[i];
		bool *touched = &s->touched[rec->id % SIM_SESSIONS];
		if (rec->endpoint != server || !is_same(rec, session))
			continue;
		bool needed = idle ? has_running(&w->ledger, rec->id)
				   : rec->state == SESSION_IDLE || rec->state == SESSION_BUSY;
		holds(!calm || *touched || sv->version == NULL || !needed, KEPT, "%s is collected",
		    rec->name);
		*touched = true;
	}
}

void sessions_each_turn(struct sim *s)
{
	if (s->crashes != s->w->crashes)
		s->begun_ms = s->w->now.mono_ms;
	look_at_the_ill(s);
	check_max(s);
	check_strangers(s);
	check_patience(s);
}

void sessions_in_the_end(const struct sim *s)
{
	for (size_t e = 0; e < WORLD_MAX; e++) {
		const struct world_server *sv = &s->w->server[e];
		for (size_t i = 0; i < sv->count; i++) {
			const struct world_session *session = sv->session[i];
			bool known = session->stranger || session->dead || session->shared ||
				     session->name == NULL;
			for (size_t k = 0; k < s->w->ledger.sessions; k++)
				known =
				    known || str_eq(s->w->ledger.session[k].name, session->name);
			holds(known, NO_LEAK, "%s is forgotten", session->name);
		}
	}
}
