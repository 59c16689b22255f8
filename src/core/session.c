/* session: one Spark session on a server, the calls under way in it and the runs that it holds.
 *
 * States and what a session holds. When it changes is decided by the rooms that speak with the
 * server (HACKING, from talk down): each knows its own part of that, and none has to know all of
 * it. */
#include "core/session.h"

#include "base/sm.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define TO_END (SM_TO(SESSION_RETIRED) | SM_TO(SESSION_DELETING) | SM_TO(SESSION_GONE))

/*
 *  CREATING -> STARTING -> GREETING -> IDLE <-> BUSY -> PROBING -> IDLE
 *      |  ^                                                 any -> RETIRED -> DELETING -> GONE
 *      v  |                                                 any -> LOOKING -> what it was
 *    LOOKING
 */
static const struct sm_state session_states[SESSION_STATES] = {
	[SESSION_CREATING] = { "CREATING",
	    SM_TO(SESSION_STARTING) | SM_TO(SESSION_LOOKING) | TO_END },
	[SESSION_LOOKING] = { "LOOKING", SM_TO(SESSION_STARTING) | SM_TO(SESSION_GREETING) |
					     SM_TO(SESSION_IDLE) | SM_TO(SESSION_BUSY) |
					     SM_TO(SESSION_PROBING) | TO_END },
	[SESSION_STARTING] = { "STARTING", SM_TO(SESSION_GREETING) | SM_TO(SESSION_IDLE) |
					       SM_TO(SESSION_BUSY) | SM_TO(SESSION_PROBING) |
					       SM_TO(SESSION_LOOKING) | TO_END },
	[SESSION_GREETING] = { "GREETING", SM_TO(SESSION_IDLE) | SM_TO(SESSION_BUSY) |
					       SM_TO(SESSION_STARTING) | SM_TO(SESSION_LOOKING) |
					       TO_END },
	[SESSION_IDLE] = { "IDLE",
	    SM_TO(SESSION_BUSY) | SM_TO(SESSION_STARTING) | SM_TO(SESSION_LOOKING) | TO_END },
	[SESSION_BUSY] = { "BUSY", SM_TO(SESSION_IDLE) | SM_TO(SESSION_PROBING) |
				       SM_TO(SESSION_STARTING) | SM_TO(SESSION_LOOKING) | TO_END },
	[SESSION_PROBING] = { "PROBING",
	    SM_TO(SESSION_IDLE) | SM_TO(SESSION_STARTING) | SM_TO(SESSION_LOOKING) | TO_END },
	[SESSION_RETIRED] = { "RETIRED",
	    SM_TO(SESSION_DELETING) | SM_TO(SESSION_LOOKING) | SM_TO(SESSION_GONE) },
	[SESSION_DELETING] = { "DELETING", SM_TO(SESSION_LOOKING) | SM_TO(SESSION_GONE) },
	[SESSION_GONE] = { "GONE", 0 },
};

static const struct sm_conf session_machine = { "session", session_states, SESSION_STATES, NULL };

struct session *session_new(
    struct session_list *list, const struct session_rec *rec, int64_t now_ms)
{
	assert(rec->id != 0 && rec->name != NULL);
	struct session *s = xcalloc(1, sizeof(*s));
	s->r = *rec;
	assert(s->r.kind < KIND_SESSIONS && s->r.state < SESSION_STATES);
	s->since_ms = s->used_ms = now_ms;
	/* 0 is a moment: the simulator's clock begins there, and so may a machine's. */
	s->lost_ms = s->mute_ms = s->heard_ms = s->failing_ms = -1;
	timer_init(&s->timer, TIMER_SESSION);
	TAILQ_INIT(&s->calls);
	TAILQ_INSERT_TAIL(list, s, link);
	return s;
}

void session_free(struct session_list *list, struct heap *timers, struct session *s)
{
	struct call *call;
	while ((call = TAILQ_FIRST(&s->calls)) != NULL)
		session_drop_call(s, call);
	timer_clear(timers, &s->timer);
	TAILQ_REMOVE(list, s, link);
	free(s->r.url);
	free(s->r.run_as);
	free(s->r.proxy_user);
	free(s->r.name);
	free(s->r.livy_id);
	free(s->r.boot);
	session_drop_acks(s, s->ack_count);
	free(s->ack);
	free(s->alone_why);
	free(s);
}

/* A walk: a pool's `max` and the size of a Spark driver keep the sessions few. */
struct session *session_by_id(const struct session_list *list, uint64_t id)
{
	struct session *s;
	TAILQ_FOREACH (s, list, link)
		if (s->r.id == id)
			return s;
	return NULL;
}

void session_move(struct session *s, enum session_state to, int64_t now_ms)
{
	struct sm sm;
	sm_init(&sm, &session_machine, s->r.id, s->r.state);
	sm_move(&sm, to);
	s->r.state = (enum session_state)sm.state;
	/* Each state has its own patience and its own failures: what went wrong in the last one
	 * counts no more. */
	s->since_ms = now_ms;
	s->failures = 0;
}

enum session_state session_state(const struct session *s)
{
	return s->r.state == SESSION_LOOKING ? s->resume : s->r.state;
}

void session_becomes(struct session *s, enum session_state to, int64_t now_ms)
{
	assert(to != SESSION_LOOKING && to != SESSION_GONE);
	if (s->r.state != SESSION_LOOKING)
		session_move(s, to, now_ms);
	else if (s->resume < SESSION_RETIRED)
		s->resume = to;
}

enum session_phase session_phase(const struct session *s)
{
	switch (s->r.state) {
	case SESSION_IDLE:
		return PHASE_IDLE;
	case SESSION_BUSY:
	case SESSION_PROBING:
		return PHASE_BUSY;
	case SESSION_RETIRED:
	case SESSION_DELETING:
		return PHASE_ENDING;
	case SESSION_GONE:
		return PHASE_GONE;
	default:
		return PHASE_STARTING;
	}
}

const char *session_phase_name(enum session_phase phase)
{
	static const char *const name[] = { "starting", "idle", "busy", "ending", "gone" };
	assert(phase <= PHASE_GONE);
	return name[phase];
}

/* Late ones are left out, or a server that swallows creations would fill the pool with sessions
 * that nobody has ever seen, and no other would be made. */
bool session_exists(const struct session *s)
{
	return s->r.state != SESSION_GONE && !s->late;
}

bool session_is_coming(const struct session *s)
{
	if (s->late || session_state(s) >= SESSION_RETIRED)
		return false;
	switch (s->r.state) {
	case SESSION_CREATING:
	case SESSION_LOOKING:
	case SESSION_STARTING:
	case SESSION_GREETING:
	case SESSION_PROBING:
		return true;
	default:
		return false;
	}
}

/* `fresh` is the promise of a driver that no other file has seen; without processes of their own
 * files share an interpreter, so they take turns there. */
static int session_capacity(const struct session *s, int slots)
{
	return s->r.kind == KIND_RUNNER && !s->alone && !s->fresh ? slots : 1;
}

bool session_may_slip(const struct session *s)
{
	return s->r.kind == KIND_PYSPARK || s->r.kind == KIND_SPARKR;
}

/* Raw code takes the whole of it. */
static bool session_holds(const struct session *s)
{
	return s->r.state == SESSION_IDLE ||
	       (s->r.state == SESSION_BUSY && s->r.kind == KIND_RUNNER);
}

int session_places(const struct session *s, int slots)
{
	if (s->draining || (!session_holds(s) && !session_is_coming(s)))
		return 0;
	int places = session_capacity(s, slots) - (int)s->run_count;
	return places > 0 ? places : 0;
}

bool session_is_common(const struct session *s)
{
	return s->r.owner == -1 && (s->r.statements > 0 || s->run_count > 0);
}

/* parked: its server is being met anew, and until it has said that it still has the session, a file
 * that is given to it may be lost with it. */
bool session_is_free(const struct session *s, int64_t owner, int slots, bool fresh)
{
	if (!session_holds(s) || s->parked || (fresh && (s->r.statements > 0 || s->run_count > 0)))
		return false;
	return session_places(s, slots) > 0 && (s->r.owner == -1 || s->r.owner == owner);
}

void session_add_ack(struct session *s, const char *id, int64_t due_ms)
{
	assert(id != NULL);
	s->ack = xrealloc(s->ack, (s->ack_count + 1) * sizeof(*s->ack));
	s->ack[s->ack_count++] = xstrdup(id);
	/* The first one sets the time for all: a steady stream of ends must not put it off for
	 * ever. */
	if (s->ack_count == 1)
		s->ack_ms = due_ms;
}

void session_drop_acks(struct session *s, size_t count)
{
	assert(count <= s->ack_count);
	for (size_t i = 0; i < count; i++)
		free(s->ack[i]);
	s->ack_count -= count;
	if (s->ack_count > 0)
		memmove(s->ack, s->ack + count, s->ack_count * sizeof(*s->ack));
}

void session_load(struct session *s, uint64_t job)
{
	assert(s->run_count < SESSION_RUNS_MAX);
	assert(s->run_count == 0 || s->r.kind == KIND_RUNNER);
	for (unsigned i = 0; i < s->run_count; i++)
		assert(s->run[i] != job);
	s->run[s->run_count++] = job;
}

void session_unload(struct session *s, uint64_t job)
{
	for (unsigned i = 0; i < s->run_count; i++) {
		if (s->run[i] != job)
			continue;
		s->run[i] = s->run[--s->run_count];
		return;
	}
	assert(!"a run that this session does not hold");
}

struct call *session_add_call(struct session *s, uint64_t id, enum call_what what, int64_t now_ms)
{
	assert(session_call(s, id) == NULL);
	struct call *call = xcalloc(1, sizeof(*call));
	call->id = id;
	call->what = what;
	call->state = CALL_POSTING;
	call->statement = -1;
	call->cancelled_ms = -1;
	call->lost_ms = call->lost_before_ms = -1;
	call->since_ms = now_ms;
	call->due_ms = INT64_MAX;
	call->keep_ms = now_ms + SESSION_KEEP_MS;
	call->limit_ms = INT64_MAX;
	TAILQ_INSERT_TAIL(&s->calls, call, link);
	return call;
}

void session_drop_call(struct session *s, struct call *call)
{
	assert(session_call(s, call->id) == call);
	TAILQ_REMOVE(&s->calls, call, link);
	free(call);
}

struct call *session_call(const struct session *s, uint64_t id)
{
	struct call *call;
	TAILQ_FOREACH (call, &s->calls, link)
		if (call->id == id)
			return call;
	return NULL;
}

struct call *session_call_of(const struct session *s, enum call_what what)
{
	struct call *call;
	TAILQ_FOREACH (call, &s->calls, link)
		if (call->what == what)
			return call;
	return NULL;
}
