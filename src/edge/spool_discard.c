/* spool_discard: inputs that were moved away when they had run, and that their spool does not keep any
 * longer. The ledger knows under which name each has come to lie, and what it was: nothing else in that
 * directory is looked at.
 *
 * Inode, size and mtime are the proof. What they were is in the ledger since before the file ran, and a
 * file that was written since has another mtime. Its bytes are not compared: the daemon confines itself
 * such that it can read nothing there. */
#include "edge/spool_int.h"

#include "base/fsop.h"
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A target that is open, as long as the files that follow lie in the same. */
struct discarding {
	int spool;
	int target; /* -1: none */
	const char *path;
	size_t len;   /* of path, up to the last name */
	size_t first; /* of those that lie there */
	bool changed;
	struct ev_expired *ev;
	struct old_end *end;
};

static void fail(struct discarding *d, size_t i, int err)
{
	assert(err != 0);
	d->end[i].fate = OLD_FAILED;
	if (d->ev->err == 0)
		d->ev->err = err;
}

/* before: the first one that does not lie there. */
static void leave(struct discarding *d, size_t before)
{
	int err = d->changed ? fsop_sync_dir(d->target) : 0;

	for (size_t i = d->first; err != 0 && i < before; i++)
		if (d->end[i].fate == OLD_GONE)
			fail(d, i, err);
	if (d->target != -1)
		close(d->target);
	d->target = -1;
	d->changed = false;
}

/* 0 or an errno: ENOENT, no such directory any more. */
static int enter(struct discarding *d, const char *path, size_t len, size_t i)
{
	char *dir;

	if (d->target != -1 && d->len == len && memcmp(d->path, path, len) == 0)
		return 0;
	leave(d, i);
	dir = xstrndup(path, len);
	d->target = spool_target_open(d->spool, dir, TARGET_FIND, 0);
	d->path = path;
	d->len = len;
	d->first = i;
	free(dir);
	if (d->target != -1)
		return 0;
	/* A link or a file in its place: where ours went, only who has put it there can tell. */
	return errno == ELOOP || errno == ENOTDIR ? ENOENT : errno;
}

/* Not the device: where numbers are given anew at each mount it would keep everything for ever. That
 * nothing is mounted over it is seen by its directory's. */
static bool is_input(const struct stat *st, const struct stat *dir, const struct ident *input)
{
	struct ident now = spool_ident(st);

	return S_ISREG(st->st_mode) && st->st_dev == dir->st_dev && now.ino == input->ino &&
	       now.size == input->size && now.mtime_ns == input->mtime_ns;
}

static int discard(struct discarding *d, const struct old_job *job, size_t i)
{
	const char *slash = strrchr(job->moved_to, '/');
	struct stat dir, st;
	int err;

	/* Not as we write it: then the ledger was touched, and there is nothing of ours. */
	if (slash == NULL || slash == job->moved_to || slash[1] == '\0' ||
	    strlen(slash + 1) > NAME_MAX)
		return 0;
	err = enter(d, job->moved_to, (size_t)(slash - job->moved_to), i);
	if (err != 0)
		return err == ENOENT ? 0 : err;
	if (fstat(d->target, &dir) == -1)
		return errno;
	d->changed = true; /* by an earlier attempt, perhaps, that was not synced */
	if (spool_stat(d->target, slash + 1, &st) == -1)
		return errno == ENOENT ? 0 : errno;
	if (!is_input(&st, &dir, &job->input))
		return 0;
	if (unlinkat(d->target, slash + 1, 0) == -1)
		return errno == ENOENT ? 0 : errno;
	d->end[i].files = 1;
	return 0;
}

void spools_discard(struct spools *s, const struct fx_expire *fx, struct evq *q)
{
	struct ev_expired *ev = &evq_add(q, EV_EXPIRED)->u.expired;
	struct old_end *end = arena_calloc(&q->arena, fx->count, sizeof(*end));
	struct discarding d = {
		.spool = spools_dirfd(s, fx->spool), .target = -1, .ev = ev, .end = end
	};

	ev->spool = fx->spool;
	ev->inputs = true;
	ev->job = end;
	ev->count = fx->count;
	for (size_t i = 0; i < fx->count; i++) {
		int err = d.spool == -1 ? SPOOL_CLOSED : discard(&d, &fx->job[i], i);

		end[i].job = fx->job[i].job;
		if (err != 0 && ev->err == 0)
			ev->name = arena_strdup(&q->arena, fx->job[i].moved_to);
		if (err != 0)
			fail(&d, i, err);
	}
	leave(&d, fx->count);
}
