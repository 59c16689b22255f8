/* roll: the files that a peer may see, in the order of their turn.
 *
 * The order that people see is that of the queue itself (priority, then arrival), not of the table:
 * a list that is read from the top tells what comes next. */
#include "core/roll.h"

#include "core/ask.h"
#include "core/view.h"
#include <stdlib.h>
#include <string.h>

bool roll_spool(const struct core *c, const char *name, size_t *spool)
{
	for (size_t i = 0; i < c->spool_count; i++) {
		*spool = i;
		if (!c->conf->spool[i].removed && strcmp(c->conf->spool[i].name, name) == 0)
			return true;
	}
	return false;
}

/* By its text: the core cannot ask the kernel whether two paths lead to one directory. The command
 * line resolves what it is given before it asks. */
bool roll_path(const struct core *c, const char *path, size_t *spool, const char **name)
{
	const char *slash = strrchr(path, '/');
	if (slash == NULL)
		return false;
	size_t n = (size_t)(slash - path);
	*name = slash + 1;
	for (size_t i = 0; i < c->spool_count; i++) {
		const struct conf_spool *conf = &c->conf->spool[i];
		*spool = i;
		if (!conf->removed && strlen(conf->path) == n && strncmp(conf->path, path, n) == 0)
			return true;
	}
	return false;
}

/* It has a turn. A file behind another one of an ordered spool has none yet: its row is no pool's. */
static bool roll_is_ready(const struct job *job)
{
	return job->lane != NULL && job->lane->home != NULL;
}

/* Which come first. What runs, what waits for its turn, what waits for something else, what is not
 * yet complete. */
static int roll_class(const struct job *job)
{
	if (job_is_active(job))
		return 0;
	return job->r.state == JOB_QUEUED ? (roll_is_ready(job) ? 1 : 2) : 3;
}

static int roll_cmp(const void *a, const void *b)
{
	const struct job *x = *(const struct job *const *)a;
	const struct job *y = *(const struct job *const *)b;
	if (roll_class(x) != roll_class(y))
		return roll_class(x) - roll_class(y);
	if (roll_is_ready(x) && roll_is_ready(y) && x->priority != y->priority)
		return x->priority > y->priority ? -1 : 1;
	return x->r.id < y->r.id ? -1 : x->r.id > y->r.id;
}

static size_t roll_pool(const struct core *c, const struct lane *lane)
{
	size_t i = 0;
	while (i + 1 < c->pool_count && &c->pool[i]->lanes != lane->home)
		i++;
	return i;
}

/* A walk over all of them, so it is only done for the few that somebody asks for. */
uint32_t roll_place(const struct core *c, const struct job *job)
{
	uint32_t place = 1;
	const struct job *other;
	if (!roll_is_ready(job))
		return 0;
	TAILQ_FOREACH (other, &c->jobs.all, link)
		place += roll_is_ready(other) && other->lane->home == job->lane->home &&
			 other != job && roll_cmp(&other, &job) < 0;
	return place;
}

static bool roll_wants(const struct core *c, const struct peer *p, const struct job *job)
{
	const struct ask *ask = p->ask;
	return peer_may(p, job->r.ident.uid) &&
	       (ask->owner < 0 || ask->owner == (int64_t)job->r.ident.uid) &&
	       (ask->state == NULL || strcmp(ask->state, view_state(job)) == 0) &&
	       (ask->spool == NULL || strcmp(ask->spool, core_spool_conf(c, job)->name) == 0);
}

/* Ids are kept, not pointers: the answer goes out in pieces, as fast as the peer reads, and files
 * come and go meanwhile. */
void roll_call(struct core *c, struct peer *p)
{
	size_t count = 0;
	struct job **all = xcalloc(c->jobs.count + 1, sizeof(*all));
	uint32_t *places = xcalloc(c->pool_count + 1, sizeof(*places));
	struct job *job;
	TAILQ_FOREACH (job, &c->jobs.all, link)
		if (job->r.id != 0 && job->r.state != JOB_DONE)
			all[count++] = job;
	qsort(all, count, sizeof(*all), roll_cmp);
	p->job = xcalloc(count + 1, sizeof(*p->job));
	for (size_t i = 0; i < count; i++) {
		bool waits = roll_is_ready(all[i]);
		uint32_t place = waits ? ++places[roll_pool(c, all[i]->lane)] : 0;
		if (roll_wants(c, p, all[i]))
			p->job[p->job_count++] = (struct peer_job){ all[i]->r.id, place };
	}
	free(places);
	free(all);
}
