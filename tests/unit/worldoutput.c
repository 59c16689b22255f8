/* worldoutput: result files, as edge/output writes them. */
#include "world.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static char *part_name(uint64_t job, unsigned part)
{
	return xasprintf(".sparkspool-%llu-p%u.tmp", (unsigned long long)job, part);
}

/* The part's bytes before the file's own. */
static bool take_part(
    struct world *w, const struct fx_stage *fx, struct world_dir *d, size_t i, struct world_file *f)
{
	char *name = part_name(fx->job, fx->file[i].part);
	struct world_file *part = dir_find(d, name);
	bool whole = part != NULL && (int64_t)strlen(part->text) >= fx->file[i].part_bytes;
	free(name);
	if (!whole)
		return false;
	char *text = xasprintf("%.*s%.*s", (int)fx->file[i].part_bytes, part->text,
	    (int)fx->file[i].data.n, fx->file[i].data.p);
	dir_set_text(w, f, text, strlen(text));
	free(text);
	return true;
}

/* As a file that no crash of ours takes away, but no row promises. */
void spool_append(struct world *w, const struct fx_append *fx)
{
	struct ev_appended *ev = &evq_add(&w->events, EV_APPENDED)->u.appended;
	struct world_dir *d = w->dir[fx->spool];
	char *name = part_name(fx->job, fx->part);
	struct world_file *f = dir_find(d, name);
	ev->job = fx->job;
	ev->part = fx->part;
	ev->err = !dir_op(w) ? EINTR : d->gone ? ENODEV : d->full ? ENOSPC : d->append_err;
	d->append_err = 0;
	if (ev->err == 0 && f == NULL && fx->at > 0)
		ev->err = ENOENT;
	if (ev->err == 0 && f == NULL)
		f = dir_create(w, d, name);
	if (ev->err == 0 && fx->at == 0)
		dir_set_text(w, f, "", 0);
	if (ev->err == 0 && (int64_t)strlen(f->text) != fx->at)
		ev->err = ESTALE;
	if (ev->err == 0) {
		char *text = xasprintf("%s%.*s", f->text, (int)fx->data.n, fx->data.p);
		dir_set_text(w, f, text, strlen(text));
		ev->at = (int64_t)strlen(text);
		free(text);
	}
	(void)buf_addf(&w->trace, "append %u at %lld\n", fx->part, (long long)fx->at);
	free(name);
}

static void drop_parts(struct world *w, const struct fx_stage *fx, struct world_dir *d)
{
	for (unsigned part = 1; part < 9; part++) {
		char *name = part_name(fx->job, part);
		struct world_file *f = dir_find(d, name);
		if (f != NULL && dir_op(w))
			dir_unlink(d, f);
		free(name);
	}
}

/* From the last one on, as the real one does: who dies here leaves those that are looked for first. */
static void drop_wholes(struct world *w, const struct fx_stage *fx, struct world_dir *d)
{
	size_t end = 16;
	assert(fx->count <= end && fx->before <= end);
	for (size_t n = end; n-- > fx->count;) {
		char *name = xasprintf(".sparkspool-%llu-%zu.tmp", (unsigned long long)fx->job, n);
		struct world_file *f = dir_find(d, name);
		if (f != NULL && dir_op(w))
			dir_unlink(d, f);
		free(name);
	}
}

static int stage_all(
    struct world *w, const struct fx_stage *fx, struct world_dir *d, struct out_file *out)
{
	for (size_t i = 0; i < fx->count; i++) {
		if (!dir_op(w))
			return EINTR;
		struct world_file *f = dir_create(w, d, out[i].tmp);
		dir_set_text(w, f, fx->file[i].data.p, fx->file[i].data.n);
		if (fx->file[i].part > 0 && !take_part(w, fx, d, i, f))
			return ENOENT;
		f->ident.uid = fx->input.uid;
		out[i].ino = f->ident.ino;
		out[i].size = f->ident.size;
		out[i].mtime_ns = f->ident.mtime_ns;
	}
	return 0;
}

void spool_stage(struct world *w, const struct fx_stage *fx)
{
	struct ev_staged *ev = &evq_add(&w->events, EV_STAGED)->u.staged;
	struct world_dir *d = w->dir[fx->spool];
	struct out_file *out = arena_calloc(&w->events.arena, fx->count, sizeof(*out));
	const struct world_row *row = ledger_job(&w->ledger, fx->job);
	ck_assert_msg(row != NULL && (row->rec.state == JOB_ANSWERED || row->rec.run->script),
	    "staged before its answer");
	(void)buf_adds(&w->trace, "stage");
	for (size_t i = 0; i < fx->count; i++) {
		(void)buf_addf(&w->trace, " %s", fx->file[i].name);
		out[i].name = arena_strdup(&w->events.arena, fx->file[i].name);
		out[i].tmp = arena_printf(
		    &w->events.arena, ".sparkspool-%llu-%zu.tmp", (unsigned long long)fx->job, i);
	}
	(void)buf_adds(&w->trace, "\n");
	ck_assert(fx->count == 0 || str_ends_with(out[fx->count - 1].name, ".json"));
	ev->job = fx->job;
	ev->err = d->gone ? ENODEV : d->full ? ENOSPC : d->stage_err;
	d->stage_err = 0;
	if (ev->err == 0)
		ev->err = stage_all(w, fx, d, out);
	if (ev->err != 0)
		return;
	drop_wholes(w, fx, d);
	drop_parts(w, fx, d); /* the real one gives them their places, which comes to the same */
	ev->file = out;
	ev->count = fx->count;
}

static int place(struct world *w, struct world_dir *d, const struct out_file *out)
{
	struct world_file *tmp = dir_find(d, out->tmp);
	const struct world_file *there = dir_find(d, out->name);
	if (tmp == NULL)
		return there != NULL && there->ident.ino == out->ino ? 0 : ENOENT;
	if (tmp->ident.ino != out->ino)
		return ENOENT;
	if (there != NULL)
		return EEXIST;
	if (!dir_op(w))
		return EINTR;
	dir_rename(w, d, tmp, out->name);
	return 0;
}

static void remove_old(struct world *w, struct world_dir *d, const struct fx_publish *fx)
{
	for (size_t i = fx->old_count; i-- > 0;) {
		struct world_file *f = dir_find(d, fx->old[i].name);
		if (f != NULL && f->ident.ino == fx->old[i].ino && dir_op(w))
			dir_unlink(d, f);
	}
}

void spool_publish(struct world *w, const struct fx_publish *fx)
{
	struct ev_published *ev = &evq_add(&w->events, EV_PUBLISHED)->u.published;
	struct world_dir *d = w->dir[fx->spool];
	const struct world_row *row = ledger_job(&w->ledger, fx->job);
	ck_assert_msg(row != NULL && row->rec.state == JOB_STAGED && row->rec.run->files != NULL,
	    "published before its files were committed");
	ev->job = fx->job;
	ev->err = d->gone ? ENODEV : d->publish_err;
	d->publish_err = 0;
	(void)buf_adds(&w->trace, "publish");
	if (ev->err == 0) {
		const struct world_file *first = dir_find(d, fx->file[0].name);
		if (first == NULL || first->ident.ino != fx->file[0].ino)
			remove_old(w, d, fx);
	}
	for (size_t i = 0; i < fx->count && ev->err == 0; i++) {
		ev->err = place(w, d, &fx->file[i]);
		if (ev->err != 0) {
			ev->why = arena_strdup(&w->events.arena, fx->file[i].name);
			break;
		}
		(void)buf_addf(&w->trace, " %s", fx->file[i].name);
		dir_notify(w, fx->spool, fx->file[i].name, NAME_MOVED);
	}
	(void)buf_adds(&w->trace, "\n");
}
