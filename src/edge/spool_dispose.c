/* spool_dispose: an input that has run is deleted or moved; whatever else took its name is left alone.
 *
 * Between rename and delete the file lies under a hidden name that the ledger knows. Each step
 * finds out from the disk how far an earlier attempt has come. */
#include "edge/spool_int.h"

#include "base/fsop.h"
#include "base/log.h"
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NUMBER_MAX 99999 /* of foo.py.N */

static int sys_err(int rc)
{
	return rc == -1 ? errno : 0;
}

static bool is_file(const struct stat *st, const struct ident *ident)
{
	struct ident now = spool_ident(st);

	/* Not ctime: each rename sets it. */
	return now.dev == ident->dev && now.ino == ident->ino && now.size == ident->size &&
	       now.mtime_ns == ident->mtime_ns;
}

/* foo.py, then foo.py.1, foo.py.2 ... 0 or an errno. */
static int numbered(char out[NAME_MAX + 1], const char *name, int n)
{
	int len = n == 0 ? snprintf(out, NAME_MAX + 1, "%s", name)
			 : snprintf(out, NAME_MAX + 1, "%s.%d", name, n);

	return len < 0 || len > NAME_MAX ? ENAMETOOLONG : 0;
}

/* Renames to name, or to the first of name.1, name.2 ... that is free; *got is the one it was. */
static int put(
    int from_dir, const char *from, int to_dir, const char *name, struct arena *a, const char **got)
{
	char to[NAME_MAX + 1];
	int err = EEXIST;

	for (int n = 0; err == EEXIST && n <= NUMBER_MAX; n++) {
		err = numbered(to, name, n);
		if (err == 0)
			err = fsop_rename_new(from_dir, from, to_dir, to);
	}
	*got = err == 0 ? arena_strdup(a, to) : NULL;
	return err;
}

/* Under its own name again, or beside it. */
static int put_back(int dir, const struct fx_dispose *fx, struct arena *a)
{
	const char *got = NULL;
	int err = put(dir, fx->hidden, dir, fx->name, a, &got);

	if (err == 0 && !str_eq(got, fx->name))
		log_warn("job=%ju file=\"%s\" msg=\"its name was taken meanwhile: it is now "
			 "\\\"%s\\\"\"",
		    (uintmax_t)fx->job, fx->name, got);
	return err;
}

/* From here on the file lies under its hidden name, and nobody else means that one; if somebody has
 * taken it, who could tell it beforehand, what is his goes out of the way. */
static int hide(int dir, const struct fx_dispose *fx, struct arena *a)
{
	struct stat hidden, st;
	int err;

	if (spool_stat(dir, fx->hidden, &hidden) == -1)
		return errno == ENOENT ? fsop_rename_new(dir, fx->name, dir, fx->hidden) : errno;
	if (!is_file(&hidden, &fx->ident) && spool_stat(dir, fx->name, &st) == 0 &&
	    is_file(&st, &fx->ident)) {
		err = put_back(dir, fx, a);
		return err != 0 ? err : fsop_rename_new(dir, fx->name, dir, fx->hidden);
	}
	/* An earlier attempt came this far; by way of a second link, it may have left the first. */
	if (spool_stat(dir, fx->name, &st) == 0 && st.st_dev == hidden.st_dev &&
	    st.st_ino == hidden.st_ino && unlinkat(dir, fx->name, 0) == -1 && errno != ENOENT)
		return errno;
	return 0;
}

/* ---- the target of a move ------------------------------------------------------------------ */

/* For good, before somebody's file goes in: a power cut that took the name would take the file along. */
static int make_dir(int dir, const char *name, mode_t mode)
{
	int err;

	if (mkdirat(dir, name, mode) == -1)
		return errno == EEXIST ? 0 : errno;
	err = fsop_sync_dir(dir);
	if (err != 0)
		(void)unlinkat(dir, name, AT_REMOVEDIR);
	return err;
}

/* A stranger's would give him the file. */
static int unless_strangers(int dir, int fd, uid_t uid)
{
	struct stat st;
	int err = sys_err(fstat(fd, &st));

	if (err == 0 && fsop_is_strangers(dir, &st, uid))
		err = EPERM;
	if (err == 0)
		return fd;
	close(fd);
	errno = err;
	return -1;
}

/* Into name; dir is closed. -1 with errno. */
static int step_into(int dir, const char *name, enum spool_target how, mode_t mode, uid_t uid)
{
	int err, fd = fsop_open_dir(dir, name);

	if (fd == -1 && errno == ENOENT && how == TARGET_MAKE) {
		errno = make_dir(dir, name, mode);
		if (errno == 0)
			fd = fsop_open_dir(dir, name);
	} else if (fd != -1 && how == TARGET_SURE) {
		fd = fsop_sync_name(dir, fd);
	}
	if (fd != -1 && how == TARGET_MAKE)
		fd = unless_strangers(dir, fd, uid);
	err = errno;
	close(dir);
	errno = err;
	return fd;
}

/* Below the spool, users may have laid links: each component is opened without following one. */
static int open_below(int spool, const char *path, enum spool_target how, uid_t uid)
{
	char *copy = xstrdup(path), *rest = copy, *name;
	struct stat st;
	int dir = -1;

	if (fstat(spool, &st) == 0)
		dir = openat(spool, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	/* Never writable by more people than ourselves: what lies there is finished. */
	while (dir != -1 && (name = strsep(&rest, "/")) != NULL)
		if (*name != '\0')
			dir = step_into(dir, name, how, st.st_mode & 0755, uid);
	free(copy);
	return dir;
}

/* An absolute path is the administrator's, except for its last component; a slash behind a link
 * would follow it. */
static int open_absolute(const char *path)
{
	size_t len = strlen(path);
	char *copy;
	int dir;

	while (len > 1 && path[len - 1] == '/')
		len--;
	copy = xstrndup(path, len);
	dir = fsop_open_dir(AT_FDCWD, copy);
	free(copy);
	return dir;
}

int spool_target_open(int spool, const char *path, enum spool_target how, uid_t uid)
{
	assert(path != NULL && path[0] != '\0');
	return path[0] == '/' ? open_absolute(path) : open_below(spool, path, how, uid);
}

/* What is there may have been made by a life that was killed before it was synced. Once in each. */
static int target_sure(struct spool *sp, const struct fx_dispose *fx)
{
	int err, target;

	if (fx->after != AFTER_MOVE || str_eq(sp->target, fx->move_to))
		return 0;
	target = spool_target_open(sp->dir, fx->move_to, TARGET_SURE, fx->ident.uid);
	err = target == -1 ? errno : 0;
	if (target != -1)
		close(target);
	/* Whatever is wrong with it, it is said when the file is to go there. */
	if (err != 0 && err != ENOENT && err != ENOTDIR && err != ELOOP && err != EACCES)
		return err;
	free(sp->target);
	sp->target = xstrdup(fx->move_to);
	return 0;
}

/* The name under which an earlier attempt, whose answer was lost, has left the file; or NULL. */
static const char *find_moved(int target, const struct fx_dispose *fx, struct arena *a)
{
	char name[NAME_MAX + 1];
	struct stat st;

	for (int n = 0; n <= NUMBER_MAX; n++) {
		if (numbered(name, fx->name, n) != 0 || spool_stat(target, name, &st) == -1)
			return NULL;
		if (is_file(&st, &fx->ident))
			return arena_strdup(a, name);
	}
	return NULL;
}

/* By whatever path: there it would be found again, and run, for ever. */
static bool is_same_dir(int a, int b)
{
	struct stat sa, sb;

	return fstat(a, &sa) == 0 && fstat(b, &sb) == 0 && sa.st_dev == sb.st_dev &&
	       sa.st_ino == sb.st_ino;
}

static int move_away(int dir, const struct fx_dispose *fx, struct arena *a, const char **got)
{
	int err, target = spool_target_open(dir, fx->move_to, TARGET_MAKE, fx->ident.uid);

	/* ENOENT would say that there is no file. */
	if (target == -1)
		return errno == ENOENT || errno == ELOOP ? ENOTDIR : errno;
	err = is_same_dir(dir, target) ? ELOOP : put(dir, fx->hidden, target, fx->name, a, got);
	/* First where it has come to, then where it was: a crash may show it twice, never lose it. */
	if (err == 0)
		err = fsop_sync_dir(target);
	close(target);
	return err;
}

/* ---- the whole way ------------------------------------------------------------------------- */

static int dispose_hidden(
    int dir, const struct fx_dispose *fx, struct arena *a, struct ev_disposed *ev)
{
	struct stat st;
	int err;

	if (spool_stat(dir, fx->hidden, &st) == -1)
		return fx->after == AFTER_KEEP && errno == ENOENT ? 0 : errno;
	/* The configuration has changed its mind: what an earlier attempt hid is put back. */
	if (fx->after == AFTER_KEEP)
		return put_back(dir, fx, a);
	ev->stranger = !is_file(&st, &fx->ident);
	if (ev->stranger)
		return put_back(dir, fx, a);
	if (fx->after == AFTER_DELETE)
		err = sys_err(unlinkat(dir, fx->hidden, 0));
	else
		err = move_away(dir, fx, a, &ev->moved_to);
	/* A user must not lose sight of a file because its target is wrong. */
	if (err != 0 && ev->moved_to == NULL)
		(void)put_back(dir, fx, a);
	return err;
}

/* Neither name is there: we came this far before, or somebody else was here. Neither may have synced it,
 * and a file that a power cut brings back when its row is closed would be a new one, and run again. */
static int gone(int dir, const struct fx_dispose *fx, struct arena *a, struct ev_disposed *ev)
{
	int err = 0, target = -1;

	if (fx->after == AFTER_MOVE)
		target = spool_target_open(dir, fx->move_to, TARGET_FIND, fx->ident.uid);
	if (target == -1 && fx->after == AFTER_MOVE && spool_is_scarce(errno))
		return errno; /* it may lie there */
	if (target != -1) {
		ev->moved_to = find_moved(target, fx, a);
		err = ev->moved_to != NULL ? fsop_sync_dir(target) : 0;
		close(target);
	}
	if (err == 0)
		err = fsop_sync_dir(dir);
	if (err != 0)
		return err;
	return ev->moved_to != NULL ? 0 : ENOENT;
}

static int dispose(int dir, const struct fx_dispose *fx, struct arena *a, struct ev_disposed *ev)
{
	int sync_err, err = fx->after == AFTER_KEEP ? 0 : hide(dir, fx, a);

	if (err == ENOENT)
		return gone(dir, fx, a, ev);
	if (err == 0)
		err = dispose_hidden(dir, fx, a, ev);
	/* It counts more than some of the errors, with which the file is done: that it was put back. */
	sync_err = fsop_sync_dir(dir);
	return sync_err != 0 ? sync_err : err;
}

void spools_dispose(struct spools *s, const struct fx_dispose *fx, struct evq *q)
{
	struct ev_disposed *ev = &evq_add(q, EV_DISPOSED)->u.disposed;
	int dir = spools_dirfd(s, fx->spool);

	assert(fx->hidden[0] == '.');
	assert(strchr(fx->hidden, '/') == NULL && strchr(fx->name, '/') == NULL);
	ev->job = fx->job;
	ev->err = dir == -1 ? SPOOL_CLOSED : target_sure(spool_at(s, fx->spool), fx);
	if (ev->err == 0)
		ev->err = dispose(dir, fx, &q->arena, ev);
	/* A reload may have come in between: only here is it known where that was. */
	if (ev->moved_to != NULL)
		ev->move_to = arena_strdup(&q->arena, fx->move_to);
}
