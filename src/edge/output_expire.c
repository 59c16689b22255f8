/* output_expire: results that their spool does not keep any longer are removed, as far as they are ours.
 *
 * A file is ours when it has the inode that the ledger says, and it is as we have left it when size and
 * mtime are those as well: whoever has written into it since wants to have it, and the others with it.
 * All of a job's are looked at before the first one goes. Between a look and the unlink behind it somebody
 * may still put another file there, as he may between looking and typing rm. */
#include "edge/output_int.h"

#include "base/fsop.h"
#include <assert.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

enum look {
	LOOK_NOTHING, /* of ours */
	LOOK_AS_LEFT,
	LOOK_CHANGED,
};

struct expiring {
	struct output_place at;
	const struct old_job *job;
	struct old_end *end;
	const char *name; /* the one in question */
};

/* A row of an earlier release does not say how its files were left: no proof, no removal. */
static enum look judge(const struct stat *st, const struct out_file *file)
{
	if (!S_ISREG(st->st_mode) || st->st_ino != file->ino)
		return LOOK_NOTHING;
	if (file->mtime_ns == 0 || st->st_size != file->size ||
	    output_mtime_ns(st) != file->mtime_ns)
		return LOOK_CHANGED;
	return LOOK_AS_LEFT;
}

/* 0 or an errno. The place is then where the file lies. */
static int look(struct expiring *e, const struct out_file *file, enum look *what)
{
	struct output_place *at = &e->at;
	struct stat st;
	size_t bad_len;
	int err;

	e->name = file->name;
	*what = LOOK_NOTHING;
	/* The ledger may have been touched: a name that was never ours is nobody's to remove. */
	if (output_name_check(file->name) != 0)
		return 0;
	err = output_place_enter(at, file->name, strlen(file->name), NULL, &bad_len);
	if (err == 0)
		err = output_err(fstatat(at->dir, at->leaf, &st, AT_SYMLINK_NOFOLLOW));
	if (err == 0)
		*what = judge(&st, file);
	return err == ENOENT ? 0 : err;
}

static int look_at_all(struct expiring *e, bool *changed)
{
	enum look what;
	int err = 0;

	*changed = false;
	for (size_t i = 0; err == 0 && !*changed && i < e->job->count; i++) {
		err = look(e, &e->job->file[i], &what);
		*changed = what == LOOK_CHANGED;
	}
	return err;
}

static int remove_one(struct expiring *e, const struct out_file *file)
{
	enum look what;
	int err = look(e, file, &what);

	/* What is not there an earlier attempt may have removed, which was killed before it was synced. */
	e->at.changed = true;
	if (err != 0 || what != LOOK_AS_LEFT)
		return err;
	err = output_err(unlinkat(e->at.dir, e->at.leaf, 0));
	e->end->files += err == 0;
	return err == ENOENT ? 0 : err;
}

/* The record goes first: what is left after an error speaks of no file that is gone. */
static int remove_all(struct expiring *e)
{
	const struct old_job *job = e->job;
	int err = 0;

	for (size_t i = job->count; err == 0 && i-- > 0;)
		err = remove_one(e, &job->file[i]);
	if (err == 0)
		err = output_remove_dirs(&e->at, job->file, job->count);
	return err;
}

static int expire(struct expiring *e)
{
	bool changed;
	int leave_err, err = look_at_all(e, &changed);

	e->end->fate = changed ? OLD_KEPT : OLD_GONE;
	if (err == 0 && !changed)
		err = remove_all(e);
	/* After an error something may still be open. */
	leave_err = output_place_leave(&e->at);
	return err != 0 ? err : leave_err;
}

static void fail(struct ev_expired *ev, struct old_end *end, int err, const char *name)
{
	assert(err != 0);
	end->fate = OLD_FAILED;
	if (ev->err != 0)
		return;
	ev->err = err;
	ev->name = name;
}

/* One sync for all of them: until then a power cut may bring each of them back, and be it one that an
 * earlier attempt has removed. */
static void sync_all(
    int dir, const struct fx_expire *fx, struct ev_expired *ev, struct old_end *end)
{
	bool wanted = false;
	int err;

	for (size_t i = 0; i < ev->count; i++)
		wanted = wanted || (end[i].fate == OLD_GONE && fx->job[i].count > 0);
	err = wanted ? fsop_sync_dir(dir) : 0;
	for (size_t i = 0; err != 0 && i < ev->count; i++)
		if (end[i].fate == OLD_GONE)
			fail(ev, &end[i], err, NULL);
}

void output_expire(int dir, const struct fx_expire *fx, struct evq *q)
{
	struct ev_expired *ev = &evq_add(q, EV_EXPIRED)->u.expired;
	struct old_end *end = arena_calloc(&q->arena, fx->count, sizeof(*end));

	ev->spool = fx->spool;
	ev->job = end;
	ev->count = fx->count;
	for (size_t i = 0; i < fx->count; i++) {
		const struct output_whose whose = { .spool = dir, .job = fx->job[i].job };
		struct expiring e = {
			.at = output_place_of(&whose), .job = &fx->job[i], .end = &end[i]
		};
		int err = dir == -1 ? ENODEV : expire(&e);

		end[i].job = fx->job[i].job;
		/* The effect's strings do not live as long as the event's. */
		if (err != 0)
			fail(ev, &end[i], err, arena_strdup(&q->arena, e.name));
	}
	if (dir != -1)
		sync_all(dir, fx, ev, end);
}
