/* worldkeep: what is removed for its age, as edge/ledger, edge/output and edge/spool do it. */
#include "core/result.h"
#include "world.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* ---- the ledger ----------------------------------------------------------------------------- */

static bool is_behind(const struct job_rec *rec, const struct old_place *place)
{
	int64_t ended_ms = rec->run->finished_ms;
	return ended_ms != place->ended_ms ? ended_ms > place->ended_ms : rec->id > place->job;
}

static bool is_old(const struct job_rec *rec, const struct fx_old *fx)
{
	return rec->spool == fx->spool && rec->state == JOB_DONE && !rec->live &&
	       rec->run != NULL && rec->run->finished_ms < fx->before_ms &&
	       is_behind(rec, &fx->after);
}

static bool is_replaced(const struct world_ledger *l, const struct job_rec *rec)
{
	for (size_t i = 0; i < l->jobs; i++) {
		const struct job_rec *later = &l->job[i].rec;
		if (later->id > rec->id && later->state == JOB_DONE && later->spool == rec->spool &&
		    str_eq(later->name, rec->name) && later->run != NULL &&
		    later->run->files != NULL)
			return true;
	}
	return false;
}

static int by_end(const void *a, const void *b)
{
	const struct job_rec *x = *(const struct job_rec *const *)a;
	const struct job_rec *y = *(const struct job_rec *const *)b;
	const struct old_place place = { y->run->finished_ms, y->id };
	return is_behind(x, &place) ? 1 : -1;
}

static struct job_rec copy_of(struct arena *a, const struct job_rec *rec)
{
	struct job_rec copy = *rec;
	copy.name = arena_strdup(a, rec->name);
	copy.run = arena_dup(a, rec->run, sizeof(*rec->run));
	copy.run->files = arena_strdup(a, rec->run->files);
	copy.run->moved_to = arena_strdup(a, rec->run->moved_to);
	return copy;
}

static void tell_old(struct world *w, const struct fx_old *fx)
{
	struct ev_old *ev = &evq_add(&w->events, EV_OLD)->u.old;
	const struct world_ledger *l = &w->ledger;
	const struct job_rec **found = xcalloc(l->jobs + 1, sizeof(*found));
	struct old_row *row = arena_calloc(&w->events.arena, (size_t)fx->limit, sizeof(*row));
	size_t n = 0;
	for (size_t i = 0; i < l->jobs; i++)
		if (is_old(&l->job[i].rec, fx))
			found[n++] = &l->job[i].rec;
	if (n > 1)
		qsort(found, n, sizeof(*found), by_end);
	ev->spool = fx->spool;
	ev->last = fx->after;
	ev->more = n > (size_t)fx->limit;
	ev->count = ev->more ? (size_t)fx->limit : n;
	ev->row = row;
	for (size_t i = 0; i < ev->count; i++) {
		row[i].rec = copy_of(&w->events.arena, found[i]);
		row[i].replaced = is_replaced(l, found[i]);
		ev->last = (struct old_place){ found[i]->run->finished_ms, found[i]->id };
	}
	free(found);
	(void)buf_addf(&w->trace, "old %s: %zu\n", w->spool[fx->spool].name, ev->count);
}

/* ---- the spool ------------------------------------------------------------------------------ */

static bool is_as_left(const struct world_file *f, const struct out_file *out)
{
	return f->ident.size == out->size && f->ident.mtime_ns == out->mtime_ns;
}

static struct world_file *find_result(struct world_dir *d, const struct out_file *out)
{
	struct world_file *f = dir_find(d, out->name);
	return f != NULL && f->type == FILE_REGULAR && f->ident.ino == out->ino ? f : NULL;
}

/* By then nothing that we have left of it lies there, and nobody needs it to know a file. */
void ledger_forget(struct world *w, uint64_t job)
{
	struct world_ledger *l = &w->ledger;
	struct world_row *row = NULL;
	struct out_file *out;
	for (size_t i = 0; i < l->jobs; i++)
		if (l->job[i].rec.id == job)
			row = &l->job[i];
	ck_assert_msg(row != NULL && row->rec.state == JOB_DONE && !row->rec.live,
	    "job %llu is forgotten, which is more than history", (unsigned long long)job);
	size_t n = result_files_of_text(&w->events.arena, row->rec.run->files, &out);
	for (size_t i = 0; i < n; i++)
		ck_assert_msg(find_result(w->dir[row->rec.spool], &out[i]) == NULL,
		    "job %llu is forgotten, and %s lies there", (unsigned long long)job,
		    out[i].name);
	(void)buf_addf(&w->trace, "+ forget %llu\n", (unsigned long long)job);
	ledger_drop(l, row);
}

/* What has its name and its bytes: the input, as its row knows it. */
static bool lies_there(struct world_dir *d, const struct job_rec *rec)
{
	const struct world_file *f = dir_find(d, rec->name);
	return f != NULL && f->ident.ino == rec->ident.ino && f->ident.size == rec->ident.size &&
	       f->ident.mtime_ns == rec->ident.mtime_ns;
}

/* Before anything of it goes. */
static void check_old(const struct world *w, size_t spool, const struct old_job *job)
{
	const struct world_row *row = ledger_job(&w->ledger, job->job);
	int64_t keep_for_ms = w->spool[spool].keep_for_ms;
	unsigned long long id = job->job;
	ck_assert_msg(row != NULL && row->rec.state == JOB_DONE && !row->rec.live &&
			  row->rec.spool == spool && row->rec.run != NULL,
	    "job %llu goes, which is more than history", id);
	ck_assert_msg(keep_for_ms > 0 && row->rec.run->finished_ms < w->now.real_ms - keep_for_ms,
	    "job %llu goes before its time", id);
	ck_assert_msg(job->count == 0 || !lies_there(w->dir[spool], &row->rec),
	    "job %llu goes, and its file %s is still there", id, row->rec.name);
	ck_assert(str_eq(job->moved_to, row->rec.run->moved_to));
}

static bool is_changed(struct world_dir *d, const struct old_job *job)
{
	for (size_t i = 0; i < job->count; i++) {
		const struct world_file *f = find_result(d, &job->file[i]);
		if (f != NULL && !is_as_left(f, &job->file[i]))
			return true;
	}
	return false;
}

static void remove_results(
    struct world *w, struct world_dir *d, const struct old_job *job, struct old_end *end)
{
	for (size_t i = job->count; i-- > 0;) {
		struct world_file *f = find_result(d, &job->file[i]);
		if (f == NULL || !dir_op(w))
			continue;
		(void)buf_addf(&w->trace, "expire %s\n", f->name);
		dir_unlink(d, f);
		end->files++;
	}
}

static void remove_moved(
    struct world *w, struct world_dir *d, const struct old_job *job, struct old_end *end)
{
	ck_assert_ptr_nonnull(job->moved_to);
	for (size_t i = 0; i < d->moved_count; i++) {
		const char *name = strrchr(job->moved_to, '/') + 1;
		if (!str_eq(d->moved[i], name) || !dir_op(w))
			continue;
		(void)buf_addf(&w->trace, "discard %s\n", job->moved_to);
		free(d->moved[i]);
		d->moved[i] = d->moved[--d->moved_count];
		end->files++;
		return;
	}
}

static void expire(struct world *w, const struct fx_expire *fx, bool inputs)
{
	struct ev_expired *ev = &evq_add(&w->events, EV_EXPIRED)->u.expired;
	struct world_dir *d = w->dir[fx->spool];
	struct old_end *end = arena_calloc(&w->events.arena, fx->count, sizeof(*end));
	*ev = (struct ev_expired){ .spool = fx->spool, .inputs = inputs, .job = end };
	ev->count = fx->count;
	ev->err = d->gone ? ENODEV : d->expire_err;
	for (size_t i = 0; i < fx->count; i++) {
		end[i].job = fx->job[i].job;
		check_old(w, fx->spool, &fx->job[i]);
		if (ev->err != 0)
			end[i].fate = OLD_FAILED;
		else if (inputs)
			remove_moved(w, d, &fx->job[i], &end[i]);
		else if (is_changed(d, &fx->job[i]))
			end[i].fate = OLD_KEPT;
		else
			remove_results(w, d, &fx->job[i], &end[i]);
	}
}

bool keep_perform(struct world *w, const struct effect *fx)
{
	if (fx->type == FX_OLD)
		tell_old(w, &fx->u.old);
	else if (fx->type == FX_EXPIRE || fx->type == FX_DISCARD)
		expire(w, &fx->u.expire, fx->type == FX_DISCARD);
	else
		return false;
	return true;
}
