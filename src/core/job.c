/* job: one file's way from its name to its results; the table of all of them. */
#include "core/job.h"

#include "base/sm.h"
#include "core/directive.h"
#include "core/script.h"
#include <assert.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>

/*
 *  SETTLING -> QUEUED -> READING -> SENDING -> RUNNING -> ANSWERED -> STAGED -> DISPOSING -> DONE
 *      ^         | ^        | |       | |                    ^          |                     ^
 *      +---------+ +--------+-|-------+ +--------------------+          +---------------------+
 *      +------ changed -------+   (not accepted: back to QUEUED; unknown: straight to ANSWERED)
 */
static const struct sm_state job_states[JOB_STATES] = {
	[JOB_SETTLING] = { "SETTLING", SM_TO(JOB_QUEUED) | SM_TO(JOB_DONE) },
	[JOB_QUEUED] = { "QUEUED", SM_TO(JOB_SETTLING) | SM_TO(JOB_READING) | SM_TO(JOB_DONE) },
	[JOB_READING] = { "READING", SM_TO(JOB_QUEUED) | SM_TO(JOB_SETTLING) | SM_TO(JOB_SENDING) |
					 SM_TO(JOB_ANSWERED) | SM_TO(JOB_DONE) },
	[JOB_SENDING] = { "SENDING", SM_TO(JOB_QUEUED) | SM_TO(JOB_RUNNING) | SM_TO(JOB_ANSWERED) },
	[JOB_RUNNING] = { "RUNNING", SM_TO(JOB_ANSWERED) | SM_TO(JOB_QUEUED) },
	[JOB_ANSWERED] = { "ANSWERED", SM_TO(JOB_STAGED) },
	[JOB_STAGED] = { "STAGED", SM_TO(JOB_ANSWERED) | SM_TO(JOB_DISPOSING) | SM_TO(JOB_DONE) },
	[JOB_DISPOSING] = { "DISPOSING", SM_TO(JOB_DONE) },
	[JOB_DONE] = { "DONE", 0 },
};

static const struct sm_conf job_machine = { "job", job_states, JOB_STATES, NULL };

/* Two trees over the same jobs: events of a spool know a file by its name, answers of the other
 * edges by the job's number. The list beside them is for walks that free what they stand on, which
 * twalk() does not allow. */
static int job_cmp_name(const void *a, const void *b)
{
	const struct job *x = a;
	const struct job *y = b;
	if (x->r.spool != y->r.spool)
		return x->r.spool < y->r.spool ? -1 : 1;
	return strcmp(x->r.name, y->r.name);
}

static int job_cmp_id(const void *a, const void *b)
{
	const struct job *x = a;
	const struct job *y = b;
	return x->r.id < y->r.id ? -1 : x->r.id > y->r.id;
}

static void job_insert(struct job *job, void **tree, int (*cmp)(const void *, const void *))
{
	void *node = tsearch(job, tree, cmp);
	if (node == NULL)
		abort(); /* out of memory, as in xmalloc */
	assert(*(struct job **)node == job);
}

void jobs_init(struct jobs *jobs)
{
	memset(jobs, 0, sizeof(*jobs));
	TAILQ_INIT(&jobs->all);
}

void jobs_fini(struct jobs *jobs, struct heap *timers)
{
	struct job *job;
	while ((job = TAILQ_FIRST(&jobs->all)) != NULL)
		job_free(jobs, timers, job);
	assert(jobs->count == 0);
	free(jobs->touched);
}

static void job_enter(struct jobs *jobs, struct job *job)
{
	timer_init(&job->timer, TIMER_JOB);
	job->lane_pos = HEAP_NOWHERE;
	job->progress = -1;
	job_insert(job, &jobs->by_name, job_cmp_name);
	TAILQ_INSERT_TAIL(&jobs->all, job, link);
	jobs->count++;
	jobs->in_state[job->r.state]++;
}

struct job *job_new(
    struct jobs *jobs, size_t spool, const char *name, enum kind kind, const struct ident *ident)
{
	struct job *job = xcalloc(1, sizeof(*job));
	job->r.spool = spool;
	job->r.name = xstrdup(name);
	job->r.kind = kind;
	job->r.ident = *ident;
	job->r.state = JOB_SETTLING;
	job->r.live = true;
	job_enter(jobs, job);
	return job;
}

/* What became of earlier attempts the ledger does not say: one of them may have taken its session with it,
 * and a daemon that dies in between must not make that three. */
static uint8_t job_losses_before(const struct job_rec *rec)
{
	bool under_way = rec->state == JOB_SENDING || rec->state == JOB_RUNNING;
	return rec->attempts > (under_way ? 1 : 0);
}

struct job *job_restore(struct jobs *jobs, struct job_rec *rec)
{
	assert(rec->id != 0 && rec->live);
	struct job *job = xcalloc(1, sizeof(*job));
	job->r = *rec;
	job->rowed = true;
	job->rerun = rec->state == JOB_DONE && rec->ident.ino == 0; /* core/rerun */
	job->losses = job_losses_before(rec);
	job_enter(jobs, job);
	job_insert(job, &jobs->by_id, job_cmp_id);
	return job;
}

void job_number(struct jobs *jobs, struct job *job, uint64_t id)
{
	assert(job->r.id == 0 && id != 0);
	job->r.id = id;
	jobs_touch(jobs, job);
	job_insert(job, &jobs->by_id, job_cmp_id);
}

static void run_rec_free(struct run_rec *run)
{
	if (run == NULL)
		return;
	free(run->session_name);
	free(run->error_name);
	free(run->error_message);
	free(run->warnings);
	free(run->files);
	free(run->hidden);
	free(run->moved_to);
	free(run);
}

void job_free(struct jobs *jobs, struct heap *timers, struct job *job)
{
	assert(job->lane == NULL);
	timer_clear(timers, &job->timer);
	tdelete(job, &jobs->by_name, job_cmp_name);
	if (job->r.id != 0)
		tdelete(job, &jobs->by_id, job_cmp_id);
	TAILQ_REMOVE(&jobs->all, job, link);
	assert(jobs->count > 0 && jobs->in_state[job->r.state] > 0);
	jobs->count--;
	jobs->in_state[job->r.state]--;
	job_drop_run(job);
	job_forget_said(job);
	job_drop_wait(job);
	free(job->marker);
	free(job->r.old_files);
	free(job->r.name);
	free(job);
}

struct job *job_find(const struct jobs *jobs, size_t spool, const char *name)
{
	/* The tree compares jobs, so the key is one; nothing writes through it. */
	struct job key = { .r = { .spool = spool, .name = (char *)(uintptr_t)name } };
	void *node = tfind(&key, (void *const *)&jobs->by_name, job_cmp_name);
	return node == NULL ? NULL : *(struct job **)node;
}

struct job *job_by_id(const struct jobs *jobs, uint64_t id)
{
	struct job key = { .r = { .id = id } };
	void *node = tfind(&key, (void *const *)&jobs->by_id, job_cmp_id);
	return node == NULL ? NULL : *(struct job **)node;
}

void job_move(struct jobs *jobs, struct job *job, enum job_state to)
{
	struct sm sm;
	assert(jobs->in_state[job->r.state] > 0);
	sm_init(&sm, &job_machine, job->r.id, job->r.state);
	sm_move(&sm, to);
	jobs->in_state[job->r.state]--;
	job->r.state = (enum job_state)sm.state;
	jobs->in_state[job->r.state]++;
	jobs_touch(jobs, job);
}

void jobs_touch(struct jobs *jobs, struct job *job)
{
	/* Without anybody who watches, a flood of files costs nothing here; and what has no number
	 * yet has nothing that a peer could know it by. Ids are kept, not pointers: it may be freed
	 * before it is told. */
	if (!jobs->watched || job->touched || job->r.id == 0)
		return;
	if (jobs->touched_count == jobs->touched_cap) {
		jobs->touched_cap = jobs->touched_cap == 0 ? 64 : jobs->touched_cap * 2;
		jobs->touched = xrealloc(jobs->touched, jobs->touched_cap * sizeof(*jobs->touched));
	}
	jobs->touched[jobs->touched_count++] = job->r.id;
	job->touched = true;
}

bool job_is_active(const struct job *job)
{
	return job->r.state >= JOB_READING && job->r.state < JOB_DONE;
}

struct run_rec *job_begin_run(struct job *job)
{
	job_drop_run(job);
	job->r.run = xcalloc(1, sizeof(*job->r.run));
	/* 0 is a session's first statement and the exit code of success: neither may be what an
	 * empty record says. */
	job->r.run->statement = -1;
	job->r.run->exit_code = -1;
	job->r.run->recorded = true;
	job->progress = -1;
	return job->r.run;
}

void job_drop_run(struct job *job)
{
	run_rec_free(job->r.run);
	job->r.run = NULL;
	script_free(job->script);
	job->script = NULL;
	free(job->code);
	free(job->answer);
	job->code = NULL;
	job->answer = NULL;
	job->code_bytes = 0;
	job->answer_bytes = 0;
}

void job_set_error(struct job *job, const char *name, const char *message)
{
	struct run_rec *run = job->r.run;
	assert(run != NULL);
	free(run->error_name);
	free(run->error_message);
	run->error_name = xstrdup(name);
	run->error_message = xstrdup(message);
}

bool job_is_cancelled(const struct job *job)
{
	return job->r.run != NULL && str_eq(job->r.run->error_name, JOB_CANCELLED);
}

bool job_is_timed_out(const struct job *job)
{
	return job->r.run != NULL && str_eq(job->r.run->error_name, JOB_TIMED_OUT);
}

void job_end_cancelled(struct job *job, const char *how)
{
	assert(job_is_cancelled(job));
	char *words = xasprintf("%s; %s", job->r.run->error_message, how);
	job_set_error(job, JOB_CANCELLED, words);
	free(words);
}

void job_forget_said(struct job *job)
{
	if (job->said == NULL)
		return;
	directive_fini(job->said);
	free(job->said);
	job->said = NULL;
}

void job_drop_wait(struct job *job)
{
	struct wait *wait = job->wait;
	if (wait == NULL)
		return;
	assert(wait->job == job);
	if (wait->listed)
		LIST_REMOVE(wait, link);
	for (size_t i = 0; i < wait->after_count; i++)
		free(wait->after[i].name);
	free(wait->after);
	free(wait);
	job->wait = NULL;
}

void job_remember(struct job *job)
{
	free(job->r.old_files);
	job->r.old_files = NULL;
	/* Half of the hash: it only has to tell whether somebody who did not try has the same bytes
	 * there, and there may be a million of these. */
	const char *hex = job->r.run == NULL ? "" : job->r.run->sha256;
	job->sha_known = strlen(hex) == SHA256_TEXT_LEN - 1;
	for (size_t i = 0; job->sha_known && i < JOB_SHA_BYTES; i++) {
		char byte[3] = { hex[2 * i], hex[2 * i + 1], '\0' };
		job->sha[i] = (uint8_t)strtoul(byte, NULL, 16);
	}
	job->status = job->r.run == NULL ? STATUS_NONE : (uint8_t)job->r.run->status;
	job_drop_run(job);
	job_forget_said(job);
	job_drop_wait(job);
}

void job_set_answer(struct job *job, struct bytes answer)
{
	assert(answer.n <= UINT32_MAX);
	free(job->answer);
	job->answer = answer.p == NULL ? NULL : xmemdup(answer.p, answer.n);
	job->answer_bytes = (uint32_t)answer.n;
}

void job_set_code(struct job *job, struct bytes code)
{
	assert(code.n <= UINT32_MAX);
	free(job->code);
	job->code = code.p == NULL ? NULL : xmemdup(code.p, code.n);
	job->code_bytes = (uint32_t)code.n;
}

/* The number of links is not of it: one that comes and goes (editors, backups) leaves the bytes as
 * they were. The owner is: it decides as whom the file runs. */
bool ident_same(const struct ident *a, const struct ident *b)
{
	return a->dev == b->dev && a->ino == b->ino && a->size == b->size &&
	       a->mtime_ns == b->mtime_ns && a->ctime_ns == b->ctime_ns && a->uid == b->uid;
}

/* Inode and ctime are left out: a chmod, a rename and a backup that was put back change them, and
 * then what has run runs again only if its sha256 is another. */
bool ident_rewritten(const struct ident *a, const struct ident *b)
{
	return a->size != b->size || a->mtime_ns != b->mtime_ns;
}
