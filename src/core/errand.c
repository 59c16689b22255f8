/* errand: what a session's runner is to be told next, in one call. */
#include "core/errand.h"

#include "core/runnertext.h"
#include "core/terms.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define WAIT_MS 300	  /* how long a call waits for the end of a young file */
#define WAIT_START_MS 200 /* ... of one that it starts, while there is a place for another */
#define WAIT_OPEN_MS 100  /* ... of others, while there is a place: it would be held up */
#define DATA_BYTES_MAX (512 << 10) /* of output in an answer; the server keeps some answers */
#define CODE_BYTES_MAX (8 << 20)   /* of files in a call; Livy takes 20 million characters */
#define ACKS_MAX 200
#define KEPT_STATEMENTS 100 /* the newest, by Livy's own choice */

struct job *errand_job(const struct core *c, const struct session *s, unsigned place)
{
	assert(place < s->run_count);
	struct job *job = job_by_id(&c->jobs, s->run[place]);
	assert(job != NULL);
	return job->script == NULL || job->script->phase == SCRIPT_KEPT ? NULL : job;
}

/* Part of what it asks for is still being written: the next piece is asked for when that is done. */
static bool errand_is_busy(const struct script *sc)
{
	for (size_t i = 0; i < sc->part_count; i++)
		if (sc->part[i].busy)
			return true;
	return false;
}

/* What could not be begun, written or had waits for its own time: in the calls that others need it
 * would take up their place. */
static bool errand_speaks_of(const struct core *c, const struct script *sc)
{
	bool backs_off = sc->phase == SCRIPT_START || sc->failures > 0 || sc->waits > 1 ||
			 sc->unheard >= SCRIPT_UNHEARD;
	return !errand_is_busy(sc) && !(backs_off && sc->due_ms > c->now.mono_ms);
}

int64_t errand_due_ms(const struct core *c, const struct session *s)
{
	int64_t due_ms = s->ack_count > 0 ? s->ack_ms : INT64_MAX;
	for (unsigned i = 0; i < s->run_count; i++) {
		const struct job *job = errand_job(c, s, i);
		if (job == NULL || errand_is_busy(job->script))
			continue;
		if (job->script->due_ms < due_ms)
			due_ms = job->script->due_ms;
	}
	/* Whatever its runs wait for, also for a place on our disk: the server must not take it for forsaken,
	 * and them with it. */
	if (s->run_count > 0 && s->heard_ms >= 0) {
		int64_t quiet_ms = core_quiet_ms(c, s, INT64_MAX - s->heard_ms);
		if (s->heard_ms + quiet_ms < due_ms)
			due_ms = s->heard_ms + quiet_ms;
	}
	/* A runner that is not heard is left alone for a while, whoever wants something of it. */
	return due_ms < s->pause_ms ? s->pause_ms : due_ms;
}

static const char *errand_label(struct arena *a, const struct core *c, const struct job *job)
{
	const struct terms t = terms_of(c, job);
	if (t.d.name != NULL)
		return t.d.name;
	return arena_printf(a, "%s/%s", core_spool_conf(c, job)->name, job->r.name);
}

static void errand_add_start(struct core *c, struct json_t *call, const struct job *job)
{
	const struct conf_spool *spool = core_spool_conf(c, job);
	const struct terms t = terms_of(c, job);
	assert(job->r.run != NULL && job->script != NULL);
	const struct runner_program start = {
		.id = job->r.run->token,
		.kind = job->r.kind == KIND_SQL ? "sql" : "python",
		.style = t.d.style == STYLE_NOTEBOOK ? "notebook" : "script",
		.name = job->r.name,
		.label = errand_label(&c->fx->arena, c, job),
		.code = { job->code, job->code_bytes },
		.args = t.d.args,
		.arg_count = t.d.arg_count,
		.env = spool->env,
		.env_count = spool->env_count,
		.modules = job->script->modules_hash,
		.time_ms = t.d.timeout_ms == CONF_NEVER ? 0 : t.d.timeout_ms,
		.output_bytes = spool->output_bytes_max,
		.files_bytes = spool->files_bytes_max,
		.files_count = spool->files_count_max,
		.rows = spool->rows_max,
	};
	/* Modules are sent when the runner says that it lacks them: most files of a spool share the
	 * same ones, and the hash alone is enough then. */
	if (job->script->put)
		runnertext_add_put(call, job->script->modules_hash, job->script->modules);
	runnertext_add_start(call, &start);
}

static int64_t errand_bytes_max(const struct core *c, const struct session *s)
{
	/* Base64 and the echo of the code: an answer is about twice what it carries. Where there is
	 * only a list, all that the server keeps comes with it. */
	int64_t most = c->conf->endpoint[s->r.endpoint].answer_bytes_max / 4;
	most /= core_session_endpoint(c, s)->dialect.list_only ? KEPT_STATEMENTS : 1;
	return most < DATA_BYTES_MAX ? most : DATA_BYTES_MAX;
}

static size_t errand_start_bytes(const struct job *job)
{
	const struct script *sc = job->script;
	return job->code_bytes + (sc->put && sc->modules != NULL ? strlen(sc->modules) : 0);
}

/* A call in the making. */
struct errand {
	struct core *c;
	struct json_t *text;
	size_t bytes;
	bool starts;
	bool suspect;
	bool idle;    /* starts none: is anything let through? */
	bool careful; /* without those that may be to blame for the call before */
	bool young;
	int64_t lost_ms; /* since when calls that ask the same bring no answer; -1: they did */
};

static void errand_add_run(struct errand *e, struct job *job)
{
	struct script *sc = job->script;
	bool ends = job_is_cancelled(job);
	bool starts = sc->phase == SCRIPT_START && !ends;
	size_t more = starts ? errand_start_bytes(job) : 0;
	/* At least one: the next call takes what does not fit into this one. */
	if (e->bytes > 0 && e->bytes + more > CODE_BYTES_MAX)
		return;
	if (starts && sc->suspect && (e->starts || e->careful))
		return;
	if (starts && (e->suspect || e->idle))
		return;
	e->bytes += more;
	e->starts = e->starts || starts;
	e->suspect = e->suspect || (starts && sc->suspect);
	if (sc->unheard > 0 && (e->lost_ms < 0 || sc->unheard_ms < e->lost_ms))
		e->lost_ms = sc->unheard_ms;
	e->young = e->young || e->c->now.mono_ms - sc->since_ms < 4 * WAIT_MS;
	/* Noted now, whatever becomes of the call: what was in a call that may have arrived may
	 * have begun. */
	sc->asked = true;
	if (starts)
		errand_add_start(e->c, e->text, job);
	assert(sc->phase < SCRIPT_KEPT);
	/* A kill is repeated with each call until the run's end is heard: the call before may have
	 * been lost. */
	if (ends)
		runnertext_add_kill(e->text, job->r.run->token, "cancelled");
	else if (sc->phase == SCRIPT_RUN && sc->limit_ms <= e->c->now.mono_ms)
		runnertext_add_kill(e->text, job->r.run->token, "timeout"); /* it should have */
	else if (sc->phase == SCRIPT_BAR)
		runnertext_add_id(e->text, "bar", job->r.run->token);
	runnertext_add_poll(e->text, job->r.run->token, sc);
}

/* A call under way holds up the next file: shortly where there is a place for one, or soon will be.
 * Still, most files that are started one by one shall have ended with the call. */
static int64_t errand_wait_ms(const struct core *c, const struct session *s, bool starts)
{
	int places = session_places(s, core_session_pool(c, s)->slots);
	for (unsigned i = 0; i < s->run_count; i++) {
		const struct job *job = job_by_id(&c->jobs, s->run[i]);
		places += job->script != NULL && job->script->phase == SCRIPT_KEPT;
	}
	if (places <= 0)
		return WAIT_MS;
	return starts ? WAIT_START_MS : WAIT_OPEN_MS;
}

/* There is something to say but starts that were lost again and again. */
static bool errand_has_others(const struct core *c, const struct session *s)
{
	for (unsigned i = 0; i < s->run_count; i++) {
		const struct job *job = errand_job(c, s, i);
		if (job != NULL && !(job->script->phase == SCRIPT_START && job->script->suspect) &&
		    errand_speaks_of(c, job->script))
			return true;
	}
	return false;
}

/* The one whose turn it is among those that are to be spoken of in a call of their own, or NULL. */
static struct job *errand_unheard(const struct core *c, const struct session *s)
{
	struct job *first = NULL;
	for (unsigned i = 0; i < s->run_count; i++) {
		struct job *job = errand_job(c, s, i);
		if (job != NULL && job->script->unheard >= SCRIPT_UNHEARD &&
		    errand_speaks_of(c, job->script) &&
		    (first == NULL || job->script->due_ms < first->script->due_ms))
			first = job;
	}
	return first;
}

/* Those for whose output the last answer had no place come first. */
static void errand_add_runs(struct errand *e, const struct session *s)
{
	for (int late = 0; late < 2; late++) {
		for (unsigned i = 0; i < s->run_count; i++) {
			struct job *job = errand_job(e->c, s, i);
			if (job != NULL && (job->script->waits == 0) == late &&
			    job->script->unheard < SCRIPT_UNHEARD &&
			    errand_speaks_of(e->c, job->script))
				errand_add_run(e, job);
		}
	}
}

static struct bytes errand_call(struct core *c, const struct session *s, struct call *call)
{
	struct errand e = { .c = c, .text = runnertext_begin(call->token), .lost_ms = -1 };
	e.careful = s->failures > 0 && errand_has_others(c, s);
	e.idle = core_session_endpoint(c, s)->forbids > 0;
	struct job *unheard = errand_unheard(c, s);
	if (unheard != NULL)
		errand_add_run(&e, unheard);
	else
		errand_add_runs(&e, s);
	call->lost_ms = call->lost_before_ms = e.lost_ms;
	/* How many, for the answer: others come to the list meanwhile, at its end. */
	call->at = s->ack_count < ACKS_MAX ? (int64_t)s->ack_count : ACKS_MAX;
	for (int64_t i = 0; i < call->at; i++)
		runnertext_add_id(e.text, "ack", s->ack[i]);
	int64_t wait_ms = e.young || e.starts ? errand_wait_ms(c, s, e.starts) : 0;
	return runnertext_end(&c->fx->arena, e.text, wait_ms, errand_bytes_max(c, s));
}

/* Put together for each POST: a call that is repeated says what is so now, and its token tells its
 * answer from that of the one before. */
struct bytes errand_code(struct core *c, const struct session *s, struct call *call)
{
	const struct bytes code = { c->conf->runner_code, c->conf->runner_code_bytes };
	if (call->what == CALL_BOOT)
		return runnertext_boot(&c->fx->arena, code, call->token, core_session_pool(c, s));
	assert(call->what == CALL_RUNNER);
	return errand_call(c, s, call);
}
