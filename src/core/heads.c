/* heads: what files that wait say of their turn themselves, read before it comes. */
#include "core/heads.h"

#include "base/log.h"
#include "core/source.h"
#include "core/terms.h"
#include "core/wait.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* Each is a file that is opened and held in memory for a turn: a million that arrive at once are
 * read a few at a time. */
#define HEADS_AT_ONCE 32 /* of 64 KiB at most */
#define HEADS_KEYS                                                                                 \
	(CONF_ALLOW(KEY_PRIORITY) | CONF_ALLOW(KEY_AFTER) | CONF_ALLOW(KEY_AFTER_ANY) |            \
	    CONF_ALLOW(KEY_AT) | CONF_ALLOW(KEY_DELAY))

void heads_want(struct core *c, struct job *job)
{
	struct heads *h = &c->heads;
	if (job->headed || job->said != NULL || (core_spool_conf(c, job)->allow & HEADS_KEYS) == 0)
		return;
	/* A queue in an array: it is filled in the order of arrival and emptied in the same, and
	 * begins anew when it is empty. */
	if (h->at == h->len)
		h->at = h->len = 0;
	if (h->len == h->cap) {
		h->cap = h->cap == 0 ? 64 : h->cap * 2;
		h->id = xrealloc(h->id, h->cap * sizeof(*h->id));
	}
	h->id[h->len++] = job->r.id;
}

static void heads_ask(struct core *c, const struct job *job)
{
	static const char *const nothing[] = { NULL };
	struct fx_read *read = &effects_add(c->fx, FX_READ)->u.read;
	read->job = job->r.id;
	read->spool = job->r.spool;
	read->name = arena_strdup(&c->fx->arena, job->r.name);
	read->ident = job->r.ident;
	read->bytes_max = DIRECTIVE_HEAD_BYTES_MAX;
	read->head = true;
	read->taken = nothing;
	c->heads.asked++;
}

void heads_go(struct core *c)
{
	struct heads *h = &c->heads;
	if (c->stopping)
		return;
	assert(h->at <= h->len && h->len <= h->cap);
	while (h->at < h->len && h->asked < HEADS_AT_ONCE) {
		/* It may have gone, run or changed since it was noted: ids are not taken out of the
		 * middle. */
		const struct job *job = job_by_id(&c->jobs, h->id[h->at++]);
		if (job != NULL && job->r.state == JOB_QUEUED && !job->headed)
			heads_ask(c, job);
	}
	if (h->at < h->len || h->cap <= 4096)
		return;
	free(h->id); /* after a great many */
	h->id = NULL;
	h->at = h->len = h->cap = 0;
}

void heads_learn(struct core *c, struct job *job)
{
	const struct conf_spool *spool = core_spool_conf(c, job);
	if (job->said != NULL) {
		job->own_priority = (job->said->has & CONF_ALLOW(KEY_PRIORITY)) != 0;
		job->priority = (int8_t)terms_of(c, job).d.priority;
		/* Once; also where its words were refused when its head was read, and a reload allows them. */
		if (job->wait == NULL)
			wait_learn(job, job->said);
		job->headed = true;
	} else if (!job->own_priority) {
		job->priority = (int8_t)spool->priority;
	} else if (job->priority > spool->priority_max) {
		job->priority = (int8_t)spool->priority_max; /* since a reload */
	}
}

void heads_forget(struct job *job)
{
	job->headed = job->own_priority = false;
	job_forget_said(job);
	job_drop_wait(job);
}

/* A character that was cut in two at the end is none of ours. */
static struct bytes heads_whole(struct bytes code)
{
	size_t n = code.n;
	while (code.n - n < 4 && n > 0 && ((unsigned char)code.p[n - 1] & 0xc0) == 0x80)
		n--;
	if (code.n >= DIRECTIVE_HEAD_BYTES_MAX && n > 0 && (unsigned char)code.p[n - 1] >= 0xc0)
		code.n = n - 1;
	return code;
}

/* What is wrong with the file is said at its turn, with all else. */
struct job *heads_on_read(struct core *c, const struct ev_read *ev)
{
	struct job *job = job_by_id(&c->jobs, ev->job);
	const struct bytes code = heads_whole(ev->code);
	assert(c->heads.asked > 0);
	c->heads.asked--;
	if (ev->result ==
	    READ_FAILED) /* it is read before it runs in any case, and fails aloud then */
		log_debug("job=%llu event=head-not-read error=\"%s\"", (unsigned long long)ev->job,
		    ev->why == NULL ? strerror(ev->err) : ev->why);
	if (job == NULL || job->r.state != JOB_QUEUED || ev->result != READ_OK ||
	    !ident_same(&job->r.ident, &ev->ident))
		return NULL;
	if (source_check(code) != NULL || terms_read(c, job, code) != NULL) {
		job->headed = true;
		job_forget_said(job);
		return NULL;
	}
	/* Its place may be another one now. What it says is not kept: until its turn a file is a
	 * name. */
	queue_remove(job);
	heads_learn(c, job);
	job_forget_said(job);
	return job;
}

void heads_fini(struct core *c)
{
	free(c->heads.id);
}
