/* worldspool: the directories, as edge/spool and edge/output treat them. */
#include "world.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define MS_NS INT64_C(1000000)

struct world_dir *spool_dir_new(struct world *w)
{
	struct world_dir *d = xcalloc(1, sizeof(*d));
	d->dev = 7;
	d->ino = w->next_ino++;
	return d;
}

static void file_clear(struct world_file *f)
{
	free(f->name);
	free(f->text);
}

void spool_dir_free(struct world_dir *d)
{
	for (size_t i = 0; i < d->count; i++)
		file_clear(&d->file[i]);
	for (size_t i = 0; i < d->moved_count; i++)
		free(d->moved[i]);
	free(d->file);
	free(d->moved);
	free(d);
}

/* ---- files ---------------------------------------------------------------------------------- */

struct world_file *dir_find(struct world_dir *d, const char *name)
{
	for (size_t i = 0; i < d->count; i++)
		if (str_eq(d->file[i].name, name))
			return &d->file[i];
	return NULL;
}

void dir_unlink(struct world_dir *d, struct world_file *f)
{
	size_t at = (size_t)(f - d->file);
	file_clear(f);
	memmove(f, f + 1, (--d->count - at) * sizeof(*f));
}

struct world_file *dir_create(struct world *w, struct world_dir *d, const char *name)
{
	struct world_file *f = dir_find(d, name);
	if (f == NULL) {
		d->file = xrealloc(d->file, (d->count + 1) * sizeof(*d->file));
		f = &d->file[d->count++];
	} else {
		file_clear(f);
	}
	*f = (struct world_file){ .name = xstrdup(name), .type = FILE_REGULAR };
	f->ident = (struct ident){ .dev = d->dev,
		.ino = w->next_ino++,
		.uid = WORLD_UID,
		.gid = WORLD_UID,
		.mode = S_IFREG | 0644,
		.nlink = 1 };
	return f;
}

void dir_set_text(const struct world *w, struct world_file *f, const char *text, size_t n)
{
	char *copy = xcalloc(n + 1, 1);
	memcpy(copy, text, n);
	free(f->text);
	f->text = copy;
	f->ident.size = (int64_t)n;
	f->ident.mtime_ns = f->ident.ctime_ns = w->now.real_ms * MS_NS;
}

/* rename(2): the target is replaced, and ctime is now. */
void dir_rename(const struct world *w, struct world_dir *d, struct world_file *f, const char *to)
{
	char *name = xstrdup(to);
	struct world_file *old = dir_find(d, to);
	if (old != NULL && old != f) {
		uint64_t ino = f->ident.ino;
		dir_unlink(d, old);
		for (f = d->file; f->ident.ino != ino; f++)
			;
	}
	free(f->name);
	f->name = name;
	f->ident.ctime_ns = w->now.real_ms * MS_NS;
}

void dir_notify(struct world *w, size_t spool, const char *name, enum name_cause cause)
{
	if (w->dir[spool]->deaf || w->dir[spool]->gone || name[0] == '.')
		return;
	struct ev_name *ev = &evq_add(&w->events, EV_NAME)->u.name;
	ev->spool = spool;
	ev->name = arena_strdup(&w->events.arena, name);
	ev->cause = cause;
}

bool dir_op(struct world *w)
{
	w->died = w->died || (w->crash_op > 0 && --w->crash_op == 0);
	return !w->died;
}

/* Files that nobody has synced: a power cut leaves half of some, and nothing of others. */
void dir_power_cut(const struct world *w, struct world_dir *d)
{
	for (size_t i = d->count; i-- > 0;) {
		struct world_file *f = &d->file[i];
		const char *part = strstr(f->name, "-p");
		if (strncmp(f->name, ".sparkspool-", 12) != 0 || part == NULL)
			continue;
		if (f->ident.ino % 2 == 0)
			dir_unlink(d, f);
		else
			dir_set_text(w, f, f->text, strlen(f->text) / 2);
	}
}

/* ---- what users do -------------------------------------------------------------------------- */

struct world_file *world_put_in(struct world *w, size_t spool, const char *name, const char *text)
{
	struct world_file *f = dir_create(w, w->dir[spool], name);
	dir_set_text(w, f, text, strlen(text));
	dir_notify(w, spool, name, NAME_MOVED);
	return f;
}

struct world_file *world_put(struct world *w, const char *name, const char *text)
{
	return world_put_in(w, 0, name, text);
}

void world_write(struct world *w, const char *name, const char *text)
{
	struct world_file *f = dir_find(w->dir[0], name);
	if (f == NULL) {
		f = dir_create(w, w->dir[0], name);
		dir_notify(w, 0, name, NAME_CREATED);
	}
	dir_set_text(w, f, text, strlen(text));
	dir_notify(w, 0, name, NAME_CLOSED);
}

void world_touch(struct world *w, const char *name)
{
	struct world_file *f = dir_find(w->dir[0], name);
	ck_assert_ptr_nonnull(f);
	f->ident.ctime_ns = w->now.real_ms * MS_NS + 1;
}

void world_remove(struct world *w, const char *name)
{
	struct world_file *f = dir_find(w->dir[0], name);
	ck_assert_ptr_nonnull(f);
	dir_unlink(w->dir[0], f);
	dir_notify(w, 0, name, NAME_GONE);
}

struct world_file *world_file(struct world *w, const char *name)
{
	return dir_find(w->dir[0], name);
}

const char *world_text(struct world *w, const char *name)
{
	const struct world_file *f = dir_find(w->dir[0], name);
	return f == NULL ? "(none)" : f->text;
}

/* ---- scans ---------------------------------------------------------------------------------- */

static void say_scan(struct world *w, size_t spool, enum scan_phase phase, int err)
{
	struct ev_scan *ev = &evq_add(&w->events, EV_SCAN)->u.scan;
	*ev = (struct ev_scan){ .spool = spool,
		.phase = phase,
		.dev = w->dir[spool]->dev,
		.ino = w->dir[spool]->ino,
		.gone_dev = w->dir[spool]->was_dev,
		.gone_ino = w->dir[spool]->was_ino,
		.err = err };
}

static void scan(struct world *w, size_t spool)
{
	struct world_dir *d = w->dir[spool];
	(void)buf_addf(&w->trace, "scan %s\n", w->spool[spool].name);
	if (d->scan > 0) {
		d->scan_again = true;
	} else if (d->gone) {
		say_scan(w, spool, SCAN_FAILED, ENOENT);
	} else {
		say_scan(w, spool, SCAN_BEGUN, 0);
		d->scan = 1;
	}
}

static void step_one(struct world *w, size_t spool)
{
	struct world_dir *d = w->dir[spool];
	if (d->scan > 0 && d->gone) {
		say_scan(w, spool, SCAN_FAILED, ENOENT);
		d->scan = 0;
	} else if (d->scan == 1) {
		for (size_t i = 0; i < d->count; i++) {
			if (d->file[i].name[0] == '.')
				continue;
			struct ev_name *ev = &evq_add(&w->events, EV_NAME)->u.name;
			*ev = (struct ev_name){ spool,
				arena_strdup(&w->events.arena, d->file[i].name), NAME_SCAN };
		}
		d->scan = 2;
	} else if (d->scan == 2) {
		say_scan(w, spool, SCAN_ENDED, 0);
		d->scan = 0;
		if (d->scan_again)
			scan(w, spool);
		d->scan_again = false;
	}
}

void spool_step(struct world *w)
{
	for (size_t i = 0; i < w->conf.spool_count; i++)
		step_one(w, i);
}

bool spool_is_busy(const struct world *w)
{
	for (size_t i = 0; i < w->conf.spool_count; i++)
		if (w->dir[i]->scan > 0)
			return true;
	return false;
}

/* ---- looking and reading -------------------------------------------------------------------- */

static void look(struct world *w, const struct fx_look *fx)
{
	struct ev_looked *ev = &evq_add(&w->events, EV_LOOKED)->u.looked;
	const struct world_file *f = dir_find(w->dir[fx->spool], fx->name);
	(void)buf_addf(&w->trace, "look %s%s\n", fx->name, fx->sync ? " surely" : "");
	ev->spool = fx->spool;
	ev->name = arena_strdup(&w->events.arena, fx->name);
	ev->type = f == NULL || w->dir[fx->spool]->gone ? FILE_MISSING : f->type;
	if (ev->type != FILE_MISSING)
		ev->ident = f->ident;
	ev->synced = fx->sync;
}

/* Not SHA-256, which edge/spool has from a library: the core compares it and nothing else. */
static void fake_sha256(const char *p, size_t n, char out[SHA256_TEXT_LEN])
{
	uint64_t hash = 14695981039346656037u;
	for (size_t i = 0; i < n; i++)
		hash = (hash ^ (unsigned char)p[i]) * 1099511628211u;
	for (int i = 0; i < 4; i++, hash = hash * 6364136223846793005u + 1)
		(void)snprintf(out + 16 * i, 17, "%016llx", (unsigned long long)hash);
}

static bool is_ours(const struct fx_read *fx, const struct world_file *f)
{
	for (size_t i = 0; i < fx->ours_count; i++)
		if (fx->ours[i].ino == f->ident.ino && str_eq(fx->ours[i].name, f->name))
			return true;
	return false;
}

static bool same_ident(const struct ident *a, const struct ident *b)
{
	return a->dev == b->dev && a->ino == b->ino && a->size == b->size &&
	       a->mtime_ns == b->mtime_ns && a->ctime_ns == b->ctime_ns && a->uid == b->uid;
}

static void read_modules(struct world *w, const struct fx_read *fx, struct ev_read *ev)
{
	char hash[SHA256_TEXT_LEN];
	const char *text = w->dir[fx->spool]->modules;
	ck_assert_ptr_nonnull(text);
	fake_sha256(text, strlen(text), hash);
	ev->modules.p = arena_strdup(&w->events.arena, text);
	ev->modules.n = strlen(text);
	ev->modules_hash = arena_strdup(&w->events.arena, hash);
}

static enum read_result judge(struct world *w, const struct fx_read *fx, struct ev_read *ev)
{
	const struct world_file *f = dir_find(w->dir[fx->spool], fx->name);
	if (w->dir[fx->spool]->gone) {
		ev->err = ENODEV;
		return READ_FAILED;
	}
	if (f == NULL)
		return READ_GONE;
	ev->ident = f->ident;
	if (f->type != FILE_REGULAR) {
		ev->why = "not a regular file";
		return READ_REFUSED;
	}
	if (!same_ident(&f->ident, &fx->ident))
		return READ_CHANGED;
	if (f->ident.nlink != 1) {
		ev->why = "a hard link: 2 names";
		return READ_REFUSED;
	}
	if (f->ident.size > fx->bytes_max && !fx->head)
		return READ_TOO_BIG;
	for (const char *const *name = fx->taken; *name != NULL; name++) {
		const struct world_file *taken = dir_find(w->dir[fx->spool], *name);
		if (taken != NULL && !is_ours(fx, taken)) {
			ev->why = arena_strdup(&w->events.arena, *name);
			return READ_TAKEN;
		}
	}
	ev->code.p = arena_strdup(&w->events.arena, f->text);
	ev->code.n = (size_t)f->ident.size;
	if (fx->head && f->ident.size > fx->bytes_max)
		ev->code.n = (size_t)fx->bytes_max;
	fake_sha256(f->text, ev->code.n, ev->sha256);
	if (fx->modules != NULL)
		read_modules(w, fx, ev);
	return READ_OK;
}

static void read_file(struct world *w, const struct fx_read *fx)
{
	struct ev_read *ev = &evq_add(&w->events, EV_READ)->u.read;
	(void)buf_addf(&w->trace, "%s %s\n", fx->head ? "head" : "read", fx->name);
	ev->job = fx->job;
	ev->head = fx->head;
	ev->result = judge(w, fx, ev);
}

static void unmark(struct world *w, const struct fx_unmark *fx)
{
	struct world_file *f = dir_find(w->dir[fx->spool], fx->name);
	(void)buf_addf(&w->trace, "unmark %s\n", fx->name);
	if (f == NULL || f->ident.ino != fx->ident.ino || f->ident.ctime_ns != fx->ident.ctime_ns ||
	    !dir_op(w))
		return;
	dir_unlink(w->dir[fx->spool], f);
	dir_notify(w, fx->spool, fx->name, NAME_GONE);
}

/* ---- the end of an input -------------------------------------------------------------------- */

static void put_back(struct world *w, const struct fx_dispose *fx, struct world_file *hidden)
{
	struct world_dir *d = w->dir[fx->spool];
	char *name = xstrdup(fx->name);
	for (int n = 1; dir_find(d, name) != NULL; n++) {
		free(name);
		name = xasprintf("%s.%d", fx->name, n);
	}
	dir_rename(w, d, hidden, name);
	dir_notify(w, fx->spool, name, NAME_MOVED);
	free(name);
}

static void move_away(
    struct world_dir *d, const char *name, struct ev_disposed *ev, struct arena *a)
{
	char *as = xstrdup(name);
	for (size_t i = 0, n = 1; i < d->moved_count; i++) {
		if (!str_eq(d->moved[i], as))
			continue;
		free(as);
		as = xasprintf("%s.%zu", name, n++);
		i = (size_t)-1; /* from the beginning */
	}
	d->moved = xrealloc(d->moved, (d->moved_count + 1) * sizeof(*d->moved));
	d->moved[d->moved_count++] = as;
	ev->moved_to = arena_strdup(a, as);
}

static bool is_input(const struct ident *a, const struct ident *b)
{
	return a->dev == b->dev && a->ino == b->ino && a->size == b->size &&
	       a->mtime_ns == b->mtime_ns;
}

static void end_hidden(
    struct world *w, const struct fx_dispose *fx, struct world_file *hidden, struct ev_disposed *ev)
{
	struct world_dir *d = w->dir[fx->spool];
	ev->stranger = !is_input(&hidden->ident, &fx->ident);
	ev->err = ev->stranger ? 0 : d->dispose_err;
	if (!dir_op(w))
		return;
	if (ev->stranger || ev->err != 0) {
		put_back(w, fx, hidden);
		d->dispose_err = 0;
		return;
	}
	if (fx->after == AFTER_MOVE) {
		move_away(d, fx->name, ev, &w->events.arena);
		ev->move_to = arena_strdup(&w->events.arena, fx->move_to);
	}
	dir_unlink(d, hidden);
}

static void dispose(struct world *w, const struct fx_dispose *fx)
{
	struct ev_disposed *ev = &evq_add(&w->events, EV_DISPOSED)->u.disposed;
	struct world_dir *d = w->dir[fx->spool];
	const struct world_row *row = ledger_job(&w->ledger, fx->job);
	ck_assert_msg(row != NULL && row->rec.state == JOB_DISPOSING && row->answer == NULL &&
			  str_eq(row->rec.run->hidden, fx->hidden),
	    "disposed of before that was committed");
	(void)buf_addf(&w->trace, "dispose %s\n", fx->name);
	ev->job = fx->job;
	if (dir_find(d, fx->hidden) == NULL && dir_find(d, fx->name) != NULL && dir_op(w)) {
		dir_rename(w, d, dir_find(d, fx->name), fx->hidden);
		dir_notify(w, fx->spool, fx->name, NAME_GONE);
	}
	if (dir_find(d, fx->hidden) == NULL)
		ev->err = ENOENT;
	else
		end_hidden(w, fx, dir_find(d, fx->hidden), ev);
}

/* Every user has a name but those from 60000 on. */
static void tell_owner(struct world *w, uint32_t uid)
{
	struct ev_owner *ev = &evq_add(&w->events, EV_OWNER)->u.owner;
	(void)buf_addf(&w->trace, "owner %u\n", uid);
	ev->uid = uid;
	if (!w->nobody && uid < 60000)
		ev->name = arena_printf(&w->events.arena, "user%u", uid);
}

static void tell_record(struct world *w, const struct fx_record *fx)
{
	struct ev_record *ev = &evq_add(&w->events, EV_RECORD)->u.record;
	const struct world_file *f = dir_find(w->dir[fx->spool], fx->name);
	(void)buf_addf(&w->trace, "record %s%s\n", fx->name, fx->proof ? " as proof" : "");
	ev->spool = fx->spool;
	ev->name = arena_strdup(&w->events.arena, fx->name);
	if (f == NULL || f->type != FILE_REGULAR || w->dir[fx->spool]->gone)
		return;
	ev->text.p = arena_strdup(&w->events.arena, f->text);
	ev->text.n = strlen(f->text);
}

/* The operator's word is taken: whoever was there before does not matter any more. */
static void forget_earlier(struct world *w)
{
	(void)buf_adds(&w->trace, "released\n");
	w->ledger.anew = false;
}

bool spool_perform(struct world *w, const struct effect *fx)
{
	switch (fx->type) {
	case FX_SCAN:
		scan(w, fx->u.scan);
		return true;
	case FX_LOOK:
		look(w, &fx->u.look);
		return true;
	case FX_READ:
		read_file(w, &fx->u.read);
		return true;
	case FX_UNMARK:
		unmark(w, &fx->u.unmark);
		return true;
	case FX_APPEND:
		spool_append(w, &fx->u.append);
		return true;
	case FX_STAGE:
		spool_stage(w, &fx->u.stage);
		return true;
	case FX_PUBLISH:
		spool_publish(w, &fx->u.publish);
		return true;
	case FX_DISPOSE:
		dispose(w, &fx->u.dispose);
		return true;
	case FX_OWNER:
		tell_owner(w, fx->u.owner);
		return true;
	case FX_RECORD:
		tell_record(w, &fx->u.record);
		return true;
	case FX_SETTLED:
		forget_earlier(w);
		return true;
	default:
		return false;
	}
}
