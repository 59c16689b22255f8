/* metrics: the core's state and counts as text for Prometheus. Keeps no state. */
#include "core/metrics.h"

#include "core/result.h"
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- the format ------------------------------------------------------------------------------ */

static void metrics_head(struct buf *b, const char *name, const char *type, const char *help)
{
	(void)buf_addf(
	    b, "# HELP sparkspool_%s %s\n# TYPE sparkspool_%s %s\n", name, help, name, type);
}

/* Names of spools and pools come from the configuration, and may hold what the format gives a
 * meaning to. */
static void metrics_escape(struct buf *b, const char *value)
{
	for (const char *p = value; *p != '\0'; p++) {
		if (*p == '\n') {
			(void)buf_adds(b, "\\n");
			continue;
		}
		if (*p == '"' || *p == '\\')
			(void)buf_addc(b, '\\');
		(void)buf_addc(b, *p);
	}
}

static void metrics_label(struct buf *b, bool first, const char *key, const char *value)
{
	(void)buf_addf(b, "%c%s=\"", first ? '{' : ',', key);
	metrics_escape(b, value);
	(void)buf_addc(b, '"');
}

/* A sample with up to three labels; key2, key3 may be NULL. */
static void metrics_open(struct buf *b, const char *name, const char *const label[])
{
	(void)buf_addf(b, "sparkspool_%s", name);
	for (size_t i = 0; label != NULL && label[i] != NULL; i += 2)
		metrics_label(b, i == 0, label[i], label[i + 1]);
	(void)buf_adds(b, label != NULL && label[0] != NULL ? "} " : " ");
}

static void metrics_count(
    struct buf *b, const char *name, const char *const label[], uint64_t value)
{
	metrics_open(b, name, label);
	(void)buf_addf(b, "%llu\n", (unsigned long long)value);
}

/* In whole numbers: no rounding, and no locale that writes a comma. */
static void metrics_seconds(
    struct buf *b, const char *name, const char *const label[], int64_t value_ms)
{
	metrics_open(b, name, label);
	(void)buf_addf(b, "%lld.%03d\n", (long long)(value_ms / 1000), (int)(value_ms % 1000));
}

#define LABELS(...)                                                                                \
	(const char *const[])                                                                      \
	{                                                                                          \
		__VA_ARGS__, NULL                                                                  \
	}

/* ---- files ----------------------------------------------------------------------------------- */

enum { FILES_SETTLING, FILES_QUEUED, FILES_HELD, FILES_RUNNING, FILES_FINISHING, FILES_STATES };

struct metrics_spool {
	uint64_t files[FILES_STATES];
	int64_t oldest_ms; /* arrival of the first that waits; 0: none */
};

static int metrics_state(const struct job *job)
{
	if (job->r.state == JOB_QUEUED && job->r.held != HELD_NOT)
		return FILES_HELD;
	switch (job->r.state) {
	case JOB_SETTLING:
		return FILES_SETTLING;
	case JOB_QUEUED:
	case JOB_READING:
		return FILES_QUEUED;
	case JOB_SENDING:
	case JOB_RUNNING:
		return FILES_RUNNING;
	case JOB_ANSWERED:
	case JOB_STAGED:
	case JOB_DISPOSING:
		return FILES_FINISHING;
	default:
		return -1;
	}
}

/* Once for all spools: a walk for each would read a million files as often as there are spools. */
static struct metrics_spool *metrics_walk(const struct core *c)
{
	struct metrics_spool *spool = xcalloc(c->spool_count + 1, sizeof(*spool));
	const struct job *job;
	TAILQ_FOREACH (job, &c->jobs.all, link) {
		int state = metrics_state(job);
		if (state < 0)
			continue;
		struct metrics_spool *m = &spool[job->r.spool];
		m->files[state]++;
		if (state == FILES_QUEUED && (m->oldest_ms == 0 || job->r.queued_ms < m->oldest_ms))
			m->oldest_ms = job->r.queued_ms;
	}
	return spool;
}

/* Of one that was taken out before this life there is nothing to tell, and such names add up over the
 * years. */
static bool metrics_has_counts(const struct core *c, size_t spool)
{
	static const struct tally_spool none;
	return !c->conf->spool[spool].removed ||
	       memcmp(&c->spool[spool]->tally, &none, sizeof(none)) != 0;
}

static bool metrics_has_files(const struct core *c, size_t spool, const struct metrics_spool *m)
{
	uint64_t all = 0;
	for (size_t k = 0; k < FILES_STATES; k++)
		all += m->files[k];
	return all > 0 || metrics_has_counts(c, spool);
}

static void metrics_files(struct buf *b, const struct core *c)
{
	static const char *const word[FILES_STATES] = { "settling", "queued", "held", "running",
		"finishing" };
	struct metrics_spool *spool = metrics_walk(c);
	metrics_head(b, "files", "gauge", "Files that have not ended, by state.");
	for (size_t i = 0; i < c->spool_count; i++)
		for (size_t k = 0; k < FILES_STATES && metrics_has_files(c, i, &spool[i]); k++)
			metrics_count(b, "files",
			    LABELS("spool", c->conf->spool[i].name, "state", word[k]),
			    spool[i].files[k]);
	metrics_head(b, "queue_oldest_seconds", "gauge",
	    "How long the file that has waited longest has been queued.");
	for (size_t i = 0; i < c->spool_count; i++) {
		int64_t age_ms = spool[i].oldest_ms == 0 ? 0 : c->now.real_ms - spool[i].oldest_ms;
		if (!metrics_has_files(c, i, &spool[i]))
			continue;
		metrics_seconds(b, "queue_oldest_seconds", LABELS("spool", c->conf->spool[i].name),
		    age_ms < 0 ? 0 : age_ms);
	}
	free(spool);
}

static void metrics_ended(struct buf *b, const struct core *c)
{
	metrics_head(b, "files_ended_total", "counter", "Files that have ended, by status.");
	for (size_t i = 0; i < c->spool_count; i++)
		for (int k = STATUS_OK; k < STATUS_COUNT && metrics_has_counts(c, i); k++)
			metrics_count(b, "files_ended_total",
			    LABELS("spool", c->conf->spool[i].name, "status",
				result_status_name((enum job_status)k)),
			    c->spool[i]->tally.ended[k]);
}

static void metrics_expired(struct buf *b, const struct core *c)
{
	metrics_head(b, "jobs_expired_total", "counter", "Runs that were removed for their age.");
	for (size_t i = 0; i < c->spool_count; i++)
		if (metrics_has_counts(c, i))
			metrics_count(b, "jobs_expired_total",
			    LABELS("spool", c->conf->spool[i].name), c->spool[i]->tally.expired);
}

static void metrics_histogram(
    struct buf *b, const char *spool, const char *stage, const struct tally_histogram *h)
{
	static const double bound[] = TALLY_BOUNDS;
	uint64_t sum = 0;
	char le[32];
	for (size_t i = 0; i < TALLY_BUCKETS; i++) {
		sum += h->bucket[i];
		if (i < ARRAY_LEN(bound))
			snprintf(le, sizeof(le), "%g", bound[i]);
		metrics_count(b, "stage_seconds_bucket",
		    LABELS(
			"spool", spool, "stage", stage, "le", i < ARRAY_LEN(bound) ? le : "+Inf"),
		    sum);
	}
	metrics_seconds(b, "stage_seconds_sum", LABELS("spool", spool, "stage", stage), h->sum_ms);
	metrics_count(b, "stage_seconds_count", LABELS("spool", spool, "stage", stage), sum);
}

static void metrics_stages(struct buf *b, const struct core *c)
{
	static const char *const word[TALLY_STAGES] = { "wait", "run", "write" };
	metrics_head(b, "stage_seconds", "histogram",
	    "Times of files that have ended: wait for a session, run, write the results.");
	for (size_t i = 0; i < c->spool_count; i++)
		for (size_t k = 0; k < TALLY_STAGES && metrics_has_counts(c, i); k++)
			metrics_histogram(
			    b, c->conf->spool[i].name, word[k], &c->spool[i]->tally.stage[k]);
}

/* ---- sessions -------------------------------------------------------------------------------- */

struct metrics_pool {
	uint64_t sessions[SESSION_PHASES];
	uint64_t runs;
};

static void metrics_sessions(struct buf *b, const struct core *c)
{
	struct metrics_pool *pool = xcalloc(c->pool_count + 1, sizeof(*pool));
	const struct session *s;
	TAILQ_FOREACH (s, &c->sessions, link) {
		if (session_phase(s) == PHASE_GONE)
			continue;
		pool[s->r.pool].sessions[session_phase(s)]++;
		pool[s->r.pool].runs += s->run_count;
	}
	metrics_head(b, "sessions", "gauge", "Spark sessions, by state.");
	for (size_t i = 0; i < c->pool_count; i++)
		for (size_t k = 0; k < SESSION_PHASES; k++)
			metrics_count(b, "sessions",
			    LABELS("pool", c->conf->pool[i].name, "state",
				session_phase_name((enum session_phase)k)),
			    pool[i].sessions[k]);
	metrics_head(b, "sessions_max", "gauge", "Spark sessions that the pool may have at once.");
	for (size_t i = 0; i < c->pool_count; i++)
		metrics_count(b, "sessions_max", LABELS("pool", c->conf->pool[i].name),
		    (uint64_t)c->conf->pool[i].max);
	metrics_head(b, "session_files", "gauge", "Files that sessions hold now.");
	for (size_t i = 0; i < c->pool_count; i++)
		metrics_count(
		    b, "session_files", LABELS("pool", c->conf->pool[i].name), pool[i].runs);
	free(pool);
}

/* ---- servers --------------------------------------------------------------------------------- */

static const char *metrics_request_name(size_t what)
{
	static const char *const name[] = {
		[ASK_VERSION] = "version",
		[ASK_LIST] = "list",
		[ASK_CREATE] = "create",
		[ASK_SESSION] = "session",
		[ASK_VERIFY] = "verify",
		[ASK_CHANNEL] = "channel",
		[ASK_LOG] = "log",
		[ASK_DELETE] = "delete",
		[ASK_SUBMIT] = "submit",
		[ASK_STATEMENT] = "statement",
		[ASK_DOUBT] = "doubt",
		[ASK_CANCEL] = "cancel",
		[ASK_KEEP] = "keep",
	};
	return what < ARRAY_LEN(name) ? name[what] : NULL;
}

static void metrics_requests(struct buf *b, const struct core *c, size_t endpoint)
{
	static const char *const word[TALLY_RESULTS] = { "ok", "redirect", "refused",
		"server_error", "lost", "not_sent", "too_big" };
	for (size_t what = 0; metrics_request_name(what) != NULL; what++)
		for (size_t k = 0; k < TALLY_RESULTS; k++)
			metrics_count(b, "requests_total",
			    LABELS("endpoint", c->conf->endpoint[endpoint].name, "request",
				metrics_request_name(what), "result", word[k]),
			    c->endpoint[endpoint]->tally.request[what][k]);
}

static void metrics_endpoints(struct buf *b, const struct core *c)
{
	metrics_head(b, "endpoint_up", "gauge", "Whether the server answers (1) or not (0).");
	for (size_t i = 0; i < c->endpoint_count; i++)
		if (core_endpoint_is_wanted(c, i)) /* nobody asks whether others are */
			metrics_count(b, "endpoint_up",
			    LABELS("endpoint", c->conf->endpoint[i].name),
			    c->endpoint[i]->phase == ENDPOINT_UP);
	metrics_head(b, "requests_total", "counter", "Requests to the server, by result.");
	for (size_t i = 0; i < c->endpoint_count; i++)
		metrics_requests(b, c, i);
}

static void metrics_errors(struct buf *b, const struct core *c)
{
	static const char *const word[TALLY_ERRORS] = { "endpoint", "session", "spool", "input",
		"result" };
	metrics_head(b, "errors_total", "counter",
	    "Troubles that an operator may have to look after: a server, a session that could not "
	    "be "
	    "had, a directory, an input that cannot be read, a result that cannot be written.");
	for (size_t k = 0; k < TALLY_ERRORS; k++)
		metrics_count(b, "errors_total", LABELS("class", word[k]), c->tally.error[k]);
}

/* ---- the whole ------------------------------------------------------------------------------- */

void metrics_write(struct buf *b, const struct core *c)
{
	metrics_head(b, "build_info", "gauge", "The version that runs; always 1.");
	metrics_count(b, "build_info", LABELS("version", PACKAGE_VERSION), 1);
	metrics_head(b, "start_time_seconds", "gauge", "When the daemon started, since the epoch.");
	metrics_seconds(b, "start_time_seconds", NULL, c->started_ms);
	metrics_files(b, c);
	metrics_ended(b, c);
	metrics_expired(b, c);
	metrics_stages(b, c);
	metrics_sessions(b, c);
	metrics_endpoints(b, c);
	metrics_errors(b, c);
}
