/* terms: on what terms a file runs: its spool's settings, and what the file says of itself. */
#include "core/terms.h"

#include <assert.h>
#include <stdlib.h>

/* The runner's sessions are Python's; what they are for beyond that is ours to know. */
static enum kind terms_kind(enum kind file, enum conf_style style)
{
	return (file == KIND_PYSPARK || file == KIND_SQL) && style != STYLE_RAW ? KIND_RUNNER
										: file;
}

/* It may be on its way already: what it is given, and what it is run as, is what it was read with. */
static void terms_keep(const struct directives *said, struct directive_terms *d)
{
	bool styled = (said->has & CONF_ALLOW(KEY_STYLE)) != 0;
	d->args = said->args;
	d->arg_count = said->arg_count;
	if (styled && said->style != STYLE_RAW && d->style != STYLE_RAW)
		d->style = said->style;
}

/* What was read as it should be is run, though its pool does not serve it any more since a reload:
 * within its spool's limits. finish_ready() says so of what waits. */
static void terms_unserved(const struct core *c, const struct job *job, struct terms *t)
{
	const struct conf_spool *spool = core_spool_conf(c, job);
	t->d.pool = spool->pool;
	t->d.isolation = c->conf->pool[spool->pool].isolation;
	t->d.timeout_ms = spool->timeout_ms;
}

/* Asked for again and again rather than kept: a reload changes it for all that waits, and nobody
 * would know which copies to mend. */
struct terms terms_of(const struct core *c, const struct job *job)
{
	static const struct directives nothing;
	const struct directives *said = job->said == NULL ? &nothing : job->said;
	struct directive_error e = { 0 };
	struct terms t = { .owner = -1 };
	/* What the file says was found to be allowed when it was read. A reload may have changed that:
	 * then its spool alone decides. */
	if (!directive_apply(c->conf, job->r.spool, job->r.kind, said, &t.d, &e)) {
		free(e.text);
		e.text = NULL;
		bool plain =
		    directive_apply(c->conf, job->r.spool, job->r.kind, &nothing, &t.d, &e);
		free(e.text);
		if (!plain)
			terms_unserved(c, job, &t);
		terms_keep(said, &t.d);
	}
	assert(t.d.pool < c->pool_count);
	const struct conf_pool *pool = &c->conf->pool[t.d.pool];
	t.kind = terms_kind(job->r.kind, t.d.style);
	t.fresh = t.d.isolation == ISOLATION_FRESH || pool->isolation == ISOLATION_FRESH;
	/* -1 is nobody in particular. Where sessions are shared an owner would only keep files
	 * apart that may run together. */
	if (pool->owners != OWNERS_SHARED)
		t.owner = (int64_t)job->r.ident.uid;
	return t;
}

const char *terms_read(struct core *c, struct job *job, struct bytes code)
{
	struct directive_error e = { 0 };
	struct directive_terms d;
	job_forget_said(job);
	job->said = xcalloc(1, sizeof(*job->said));
	bool ok = directive_read(job->r.kind, code, job->said, &e) != DIRECTIVE_BAD &&
		  directive_apply(c->conf, job->r.spool, job->r.kind, job->said, &d, &e);
	const char *why = ok ? NULL : arena_strdup(&c->fx->arena, e.text);
	free(e.text);
	assert(ok == (why == NULL));
	return why;
}

bool terms_met(const struct session *s, const struct terms *t)
{
	return s->r.pool == t->d.pool && s->r.kind == t->kind && s->r.owner == t->owner &&
	       (!t->fresh || s->fresh);
}

/* Whether files of this kind are likely to need such sessions of this pool. A pool that no spool
 * names is there for files that name it. */
static bool terms_wants(
    const struct conf *conf, size_t pool, enum kind file, enum kind session_kind)
{
	bool named = false;
	for (size_t i = 0; i < conf->spool_count; i++) {
		const struct conf_spool *spool = &conf->spool[i];
		if (spool->removed || spool->pool != pool)
			continue;
		named = true;
		if (terms_kind(file, file == KIND_SQL ? spool->sql : spool->python) == session_kind)
			return true;
	}
	return !named && session_kind == (conf->runner_code != NULL ? KIND_RUNNER : file);
}

int terms_warm(const struct core *c, size_t pool, enum kind session_kind)
{
	const int *warm = c->conf->pool[pool].warm;
	int most = -1;
	if (session_kind == KIND_SPARK || session_kind == KIND_SPARKR)
		return warm[session_kind];
	/* Of Python and SQL those are kept warm that the files of this pool's spools will want. */
	for (enum kind k = KIND_PYSPARK; k < KIND_COUNT; k++) {
		if (warm[k] < 0 || (k != KIND_PYSPARK && k != KIND_SQL))
			continue;
		if (k == session_kind || session_kind == KIND_RUNNER)
			most = most < 0 ? 0 : most; /* a file may ask for the other style */
		if (terms_wants(c->conf, pool, k, session_kind) && warm[k] > most)
			most = warm[k];
	}
	return most;
}
