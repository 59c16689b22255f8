/* core: what the rooms of the core share: the state of the whole, and the making of effects. */
#include "core/core.h"

#include "base/log.h"
#include <assert.h>
#include <stdio.h>
#include <string.h>

/* How often a result asks whether its own directory is back. Scans tell that; this is only their
 * echo, so it need not be quick. */
#define AWAY_MS 5000
#define CROWD 64	  /* results in one turn: each waits for the disk some times */
#define CROWD_APART_MS 20 /* ... and those beyond it come in such waves */
#define FIRST_SCAN_MS 100 /* soon it is known which directory is there */

const struct conf_spool *core_spool_conf(const struct core *c, const struct job *job)
{
	assert(job->r.spool < c->conf->spool_count);
	return &c->conf->spool[job->r.spool];
}

bool core_is_away(const struct core *c, const struct job *job)
{
	const struct spool_state *sp = c->spool[job->r.spool];
	assert(job->r.spool < c->spool_count);
	assert(job->r.spool < c->spool_count);
	/* One that was seen there since belongs there; before the first scan none was. */
	return sp->away && (sp->scan == 0 || job->scan != sp->scan);
}

int64_t core_away_ms(const struct core *c, const struct job *job)
{
	const struct spool_state *sp = c->spool[job->r.spool];
	bool soon = sp->scan == 0 && !sp->broken && !core_spool_conf(c, job)->removed;
	log_debug("job=%llu event=waiting file=\"%s\": another directory may be where its own was",
	    (unsigned long long)job->r.id, job->r.name);
	return soon ? FIRST_SCAN_MS : AWAY_MS;
}

/* Thousands may be due at once: a directory is back, a disk has room again. Until the last one of a turn
 * lies on the disk no signal, no request and no server is heard. */
int64_t core_crowd_ms(struct core *c)
{
	if (c->crowd_ms != c->now.mono_ms)
		c->crowd = 0;
	c->crowd_ms = c->now.mono_ms;
	return c->crowd++ / CROWD * CROWD_APART_MS;
}

struct job *core_call_job(const struct core *c, const struct call *call)
{
	assert(call->what == CALL_RAW);
	struct job *job = job_by_id(&c->jobs, call->job);
	assert(job != NULL && job->r.run != NULL);
	return job;
}

const struct conf_pool *core_session_pool(const struct core *c, const struct session *s)
{
	assert(s->r.pool < c->conf->pool_count);
	return &c->conf->pool[s->r.pool];
}

struct endpoint_state *core_session_endpoint(const struct core *c, const struct session *s)
{
	return c->endpoint[s->r.endpoint];
}

bool core_session_stays(const struct core *c, const struct session *s)
{
	return str_eq(s->r.url, c->conf->endpoint[s->r.endpoint].url);
}

bool core_endpoint_up(const struct core *c, const struct session *s)
{
	return core_session_endpoint(c, s)->phase == ENDPOINT_UP;
}

bool core_endpoint_is_wanted(const struct core *c, size_t endpoint)
{
	const struct session *s;
	bool wanted = !c->conf->endpoint[endpoint].removed;
	TAILQ_FOREACH (s, &c->sessions, link)
		wanted = wanted || s->r.endpoint == endpoint;
	return wanted;
}

/* The name, where it works: an id may be a stranger's after a restart of the server, which counts
 * from 0 again, and a name is never used twice. */
const char *core_session_key(const struct core *c, const struct session *s)
{
	if (core_session_endpoint(c, s)->dialect.names)
		return s->r.name;
	assert(s->r.livy_id != NULL);
	return s->r.livy_id;
}

/* xorshift128+: good enough for names and jitter, and repeatable for the simulator. */
uint64_t core_random(struct core *c)
{
	uint64_t x = c->rng[0];
	const uint64_t y = c->rng[1];
	c->rng[0] = y;
	x ^= x << 23;
	c->rng[1] = x ^ y ^ (x >> 17) ^ (y >> 26);
	return c->rng[1] + y;
}

/* Without it all that failed in one bad moment would come back in one moment, and make the next one
 * bad. */
int64_t core_jitter_ms(struct core *c, int64_t ms)
{
	assert(ms >= 0);
	return ms - ms / 4 + (int64_t)(core_random(c) % (uint64_t)(ms / 2 + 1));
}

void core_token(struct core *c, char token[TOKEN_TEXT_LEN])
{
	/* 128 bits: no two are ever alike, and nothing that a program prints is one by chance. */
	uint64_t high = core_random(c);
	uint64_t low = core_random(c);
	snprintf(token, TOKEN_TEXT_LEN, "%016llx%016llx", (unsigned long long)high,
	    (unsigned long long)low);
}

int64_t core_backoff_ms(struct core *c, int failures, int64_t base_ms, int64_t max_ms)
{
	assert(base_ms > 0 && base_ms <= max_ms);
	int64_t ms = base_ms;
	/* Doubled step by step: a shift by the failures of a whole night would run over. */
	for (int i = 1; i < failures && ms < max_ms; i++)
		ms *= 2;
	return core_jitter_ms(c, ms < max_ms ? ms : max_ms);
}

int64_t core_left_ms(int64_t limit_ms, int64_t spent_ms)
{
	assert(limit_ms >= 0);
	if (spent_ms <= 0)
		return limit_ms;
	return spent_ms < limit_ms ? limit_ms - spent_ms : 0;
}

/* Three requests within a heartbeat: one may be lost, and one may be late. */
int64_t core_quiet_ms(const struct core *c, const struct session *s, int64_t ms)
{
	int64_t heartbeat_ms = (int64_t)core_session_pool(c, s)->session.heartbeat_timeout_s * 1000;
	return heartbeat_ms > 0 && heartbeat_ms / 3 < ms ? heartbeat_ms / 3 : ms;
}

/* Rows are copies: between this effect and its commit, which may be tried again for hours on a full
 * disk, nothing else is stepped, but later effects of the same turn still change the job. */
static struct run_rec *run_rec_dup(struct arena *a, const struct run_rec *run)
{
	if (run == NULL)
		return NULL;
	struct run_rec *copy = arena_dup(a, run, sizeof(*run));
	copy->session_name = arena_strdup(a, run->session_name);
	copy->error_name = arena_strdup(a, run->error_name);
	copy->error_message = arena_strdup(a, run->error_message);
	copy->warnings = arena_strdup(a, run->warnings);
	copy->files = arena_strdup(a, run->files);
	copy->hidden = arena_strdup(a, run->hidden);
	copy->moved_to = arena_strdup(a, run->moved_to);
	return copy;
}

static struct fx_row_job *core_add_row(struct core *c, struct job *job)
{
	assert(c->fx != NULL);
	assert(job->r.id != 0 && job->r.state != JOB_SETTLING);
	struct fx_row_job *row = &effects_add(c->fx, FX_ROW_JOB)->u.job;
	job->rowed = true;
	c->changed = true;
	row->rec = job->r;
	row->rec.name = arena_strdup(&c->fx->arena, job->r.name);
	row->rec.old_files = arena_strdup(&c->fx->arena, job->r.old_files);
	row->rec.run = run_rec_dup(&c->fx->arena, job->r.run);
	return row;
}

void core_row_job(struct core *c, struct job *job)
{
	core_add_row(c, job);
}

/* The bytes are large and never change once they are sent: they go into the ledger once, with the
 * intent, and the rows after that leave them alone. */
void core_row_job_code(struct core *c, struct job *job)
{
	struct fx_row_job *row = core_add_row(c, job);
	row->code.p = arena_dup(&c->fx->arena, job->code, job->code_bytes);
	row->code.n = job->code_bytes;
}

void core_row_job_answer(struct core *c, struct job *job)
{
	struct fx_row_job *row = core_add_row(c, job);
	if (job->answer == NULL)
		return;
	row->answer.p = arena_dup(&c->fx->arena, job->answer, job->answer_bytes);
	row->answer.n = job->answer_bytes;
}

void core_row_job_end(struct core *c, struct job *job)
{
	core_add_row(c, job)->drop_blobs = true;
}

void core_row_session(struct core *c, const struct session *s)
{
	struct session_rec *row = &effects_add(c->fx, FX_ROW_SESSION)->u.session;
	*row = s->r;
	/* Each life looks for all that it finds. As LOOKING only one is noted that was never seen. */
	if (s->resume != SESSION_CREATING)
		row->state = session_state(s);
	row->name = arena_strdup(&c->fx->arena, s->r.name);
	row->url = arena_strdup(&c->fx->arena, s->r.url);
	row->run_as = arena_strdup(&c->fx->arena, s->r.run_as);
	row->livy_id = arena_strdup(&c->fx->arena, s->r.livy_id);
	row->proxy_user = arena_strdup(&c->fx->arena, s->r.proxy_user);
	row->boot = arena_strdup(&c->fx->arena, s->r.boot);
	/* Whatever is worth a row of a session may have made a place, or taken one. */
	c->plan = true;
	c->changed = true;
}

struct fx_look *core_look(struct core *c, size_t spool, const char *name)
{
	assert(spool < c->spool_count && name != NULL);
	struct fx_look *look = &effects_add(c->fx, FX_LOOK)->u.look;
	look->spool = spool;
	look->name = arena_strdup(&c->fx->arena, name);
	return look;
}

void core_scan_soon(struct core *c, size_t spool, int64_t in_ms)
{
	assert(spool < c->spool_count && in_ms >= 0);
	timer_set_earlier(&c->timers, &c->spool[spool]->timer, c->now.mono_ms + in_ms);
}

uint64_t core_ask(
    struct core *c, size_t endpoint, uint64_t session, uint64_t call, const struct request *rq)
{
	assert(endpoint < c->endpoint_count && rq->path != NULL);
	const struct conf_endpoint *conf = &c->conf->endpoint[endpoint];
	struct fx_http *http = &effects_add(c->fx, FX_HTTP)->u.http;
	/* Ids only: by the time of the answer the session, the call or the whole server may be
	 * gone, and then nobody is found. The number tells answers to an earlier question from
	 * those to this one. */
	http->tag.session = session;
	http->tag.call = call;
	http->tag.seq = ++c->last_seq;
	http->tag.endpoint = (uint16_t)endpoint;
	http->tag.what = rq->what;
	http->method = rq->method;
	http->path = rq->path;
	http->body = rq->body;
	http->timeout_ms = rq->timeout_ms > 0 ? rq->timeout_ms : conf->request_timeout_ms;
	http->body_bytes_max = conf->answer_bytes_max;
	return http->tag.seq;
}
