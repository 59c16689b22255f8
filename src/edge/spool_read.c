/* spool_read: looks at a name and reads a file, such that what was judged is what was read. */
#include "edge/spool_int.h"

#include "base/fsop.h"
#include "base/log.h"
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <sha2.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A reading under way. Each step gives READ_OK or what the whole of it comes to. */
struct reading {
	const struct spools *s;
	const struct fx_read *fx;
	struct ev_read *ev;
	struct arena *arena;
	int dir;
	int fd;
};

static enum file_type type_of(mode_t mode)
{
	switch (mode & S_IFMT) {
	case S_IFREG:
		return FILE_REGULAR;
	case S_IFDIR:
		return FILE_DIRECTORY;
	case S_IFLNK:
		return FILE_LINK;
	default:
		return FILE_OTHER;
	}
}

/* Some file systems know no sync of what is only read. */
static int sync_bytes(int fd)
{
	int err = fsync(fd) == -1 ? errno : 0;

	return err == EINVAL || err == EOPNOTSUPP || err == EROFS ? 0 : err;
}

/* What lies there now, for good: who has put it there has synced nothing. One that may not be read is
 * never run, so its bytes do not matter. */
static int sync_there(int dir, const char *name)
{
	const int flags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
	struct stat st;
	int fd = -1, err = 0;

	if (spool_stat(dir, name, &st) == 0 && S_ISREG(st.st_mode)) {
		fd = openat(dir, name, flags);
		err = fd == -1 && spool_is_scarce(errno) ? errno : 0;
	}
	if (fd != -1) {
		err = sync_bytes(fd);
		close(fd);
	}
	return err != 0 ? err : fsop_sync_dir(dir);
}

static int look_there(int dir, const struct fx_look *fx, struct ev_looked *ev)
{
	struct stat st;
	int err = fx->sync ? sync_there(dir, fx->name) : 0;

	if (err != 0)
		return err;
	ev->synced = fx->sync;
	if (spool_stat(dir, fx->name, &st) == -1)
		return errno == ENOENT ? 0 : errno;
	/* In the middle of a rename the name still shows the file that goes, without a link. The
	 * rename's event, or the next scan, brings the one that comes. */
	if (st.st_nlink == 0)
		return 0;
	ev->type = type_of(st.st_mode);
	ev->ident = spool_ident(&st);
	return 0;
}

void spools_look(struct spools *s, const struct fx_look *fx, struct evq *q)
{
	struct ev_looked *ev = &evq_add(q, EV_LOOKED)->u.looked;
	const struct spool *sp = spool_at(s, fx->spool);
	int err;

	ev->spool = fx->spool;
	ev->name = arena_strdup(&q->arena, fx->name);
	ev->type = FILE_MISSING;
	/* Only a scan proves that a name is gone, and without a directory there is none. */
	err = sp->dir == -1 ? 0 : look_there(sp->dir, fx, ev);
	/* The next scan will bring the name again. */
	if (err != 0)
		log_warn("spool=%s file=\"%s\" look=failed error=\"%s\"", sp->name, fx->name,
		    strerror(err));
}

static enum read_result refuse(struct reading *r, const char *why)
{
	r->ev->why = why;
	return READ_REFUSED;
}

static enum read_result fail(struct reading *r, int err)
{
	if (err == ENOENT)
		return READ_GONE;
	/* A link that came after the look. */
	if (err == ELOOP)
		return refuse(r, "a symbolic link");
	r->ev->err = err;
	return READ_FAILED;
}

static const char *what_is(mode_t mode)
{
	switch (mode & S_IFMT) {
	case S_IFLNK:
		return "a symbolic link";
	case S_IFDIR:
		return "a directory";
	case S_IFIFO:
		return "a FIFO";
	case S_IFSOCK:
		return "a socket";
	default:
		return "a device";
	}
}

/* The type is not compared: it goes with the inode. A new link or another mode shows in ctime. */
static bool same_ident(const struct ident *a, const struct ident *b)
{
	return a->dev == b->dev && a->ino == b->ino && a->size == b->size &&
	       a->mtime_ns == b->mtime_ns && a->ctime_ns == b->ctime_ns && a->uid == b->uid;
}

/* The identity comes before links and size: a file that has changed gets a new turn, and is
 * judged then as what it has become. */
static enum read_result judge(struct reading *r, const struct stat *st)
{
	r->ev->ident = spool_ident(st);
	if (!S_ISREG(st->st_mode))
		return refuse(r, what_is(st->st_mode));
	if (!same_ident(&r->ev->ident, &r->fx->ident))
		return READ_CHANGED;
	/* One that is just being replaced may still be met, or remembered by a network file system. */
	if (st->st_nlink == 0)
		return READ_CHANGED;
	if (st->st_nlink != 1)
		return refuse(
		    r, arena_printf(r->arena, "a hard link: %ju names", (uintmax_t)st->st_nlink));
	const char *hidden = spool_hidden_why(r->s, st);
	if (hidden != NULL)
		return refuse(r, hidden);
	/* Whoever may write it would run code in its owner's name. */
	if (r->fx->private_only && (st->st_mode & 022) != 0)
		return refuse(r, "its group or others may write it");
	if (st->st_size > r->fx->bytes_max && !r->fx->head)
		return READ_TOO_BIG;
	return READ_OK;
}

/* Where others may rename what is not theirs, an owner says nothing about who put a file there. */
static enum read_result judge_dir(struct reading *r)
{
	struct stat st;

	if (!r->fx->private_only)
		return READ_OK;
	if (fstat(r->dir, &st) == -1)
		return fail(r, errno);
	if (st.st_uid != 0 || (st.st_mode & S_ISVTX) == 0)
		return refuse(r, "its directory is not root's and sticky");
	return READ_OK;
}

/* A directory is ours when we have put something into it. */
static bool is_our_dir(const struct fx_read *fx, const char *name)
{
	size_t len = strlen(name);

	for (size_t i = 0; i < fx->ours_count; i++)
		if (strncmp(fx->ours[i].name, name, len) == 0 && fx->ours[i].name[len] == '/')
			return true;
	return false;
}

static bool is_ours(const struct fx_read *fx, const char *name, const struct stat *st)
{
	if (S_ISDIR(st->st_mode))
		return is_our_dir(fx, name);
	/* A file system soon gives an inode to somebody else's link or directory. */
	if (!S_ISREG(st->st_mode))
		return false;
	for (size_t i = 0; i < fx->ours_count; i++)
		if (fx->ours[i].ino == st->st_ino && str_eq(fx->ours[i].name, name))
			return true;
	return false;
}

/* Now, while nothing has been sent: later there would be an answer without a place. */
static enum read_result judge_results(struct reading *r)
{
	struct stat st;

	for (const char *const *name = r->fx->taken; name != NULL && *name != NULL; name++) {
		if (spool_stat(r->dir, *name, &st) == -1) {
			if (errno == ENOENT)
				continue;
			return fail(r, errno);
		}
		if (!is_ours(r->fx, *name, &st)) {
			r->ev->why = arena_strdup(r->arena, *name);
			return READ_TAKEN;
		}
	}
	return READ_OK;
}

static enum read_result judge_name(struct reading *r)
{
	struct stat st;

	if (spool_stat(r->dir, r->fx->name, &st) == -1)
		return fail(r, errno);
	return judge(r, &st);
}

/* What was opened is not what was expected: the answer is what is there now. */
static enum read_result changed(struct reading *r)
{
	enum read_result result = judge_name(r);

	return result == READ_OK ? READ_CHANGED : result;
}

/* Looks first: to open a device is to do something with it. */
static enum read_result open_judged(struct reading *r)
{
	enum read_result result = judge_name(r);
	struct stat st;

	if (result != READ_OK)
		return result;
	/* NONBLOCK: a FIFO that has come since must not hold us up. */
	r->fd =
	    openat(r->dir, r->fx->name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (r->fd == -1 || fstat(r->fd, &st) == -1)
		return fail(r, errno);
	return st.st_nlink == 0 ? changed(r) : judge(r, &st);
}

/* What lies behind it is read at the file's turn. */
static enum read_result read_head(struct reading *r)
{
	size_t size = (size_t)r->fx->bytes_max;
	char *p = arena_take(r->arena, xmalloc(size + 1));
	ssize_t n;

	do
		n = read(r->fd, p, size);
	while (n == -1 && errno == EINTR);
	if (n == -1)
		return fail(r, errno);
	p[n] = '\0';
	r->ev->code = (struct bytes){ .p = p, .n = (size_t)n };
	return READ_OK;
}

static enum read_result read_all(struct reading *r)
{
	size_t size = (size_t)r->ev->ident.size, len = 0;
	if (r->fx->head && size > (size_t)r->fx->bytes_max)
		return read_head(r);
	/* One byte more than expected, so that growth shows. */
	char *p = arena_take(r->arena, xmalloc(size + 1));

	while (len <= size) {
		ssize_t n = read(r->fd, p + len, size + 1 - len);

		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return fail(r, errno);
		if (n == 0)
			break;
		len += (size_t)n;
	}
	if (len != size)
		return changed(r);
	p[size] = '\0';
	r->ev->code = (struct bytes){ .p = p, .n = size };
	return READ_OK;
}

/* What is committed next says that these bytes run. Who has put them there has most often synced nothing:
 * after a power cut there would lie an empty file, or half of it, which is another than the one that the
 * ledger knows, and would run for that. */
static enum read_result sync_input(struct reading *r)
{
	int err = r->fx->head ? 0 : sync_bytes(r->fd);

	if (err == 0 && r->fx->sync_name)
		err = fsop_sync_dir(r->dir);
	return err == 0 ? READ_OK : fail(r, err);
}

/* Last: whatever is wrong with the file itself is said first. */
static enum read_result read_modules(struct reading *r)
{
	if (r->fx->modules == NULL)
		return READ_OK;
	r->ev->err = spool_modules_read(r->fx, r->ev, r->arena);
	return r->ev->err == 0 ? READ_OK : READ_FAILED;
}

/* The name is judged once more after the reading. While the descriptor is open its inode is given
 * to no other file: the same inode there is the file that was read, and its times say that it is
 * whole. */
static enum read_result read_judged(struct reading *r)
{
	enum read_result (*const step[])(struct reading *) = {
		judge_dir,
		open_judged,
		judge_results,
		read_all,
		judge_name,
		read_modules,
		sync_input,
	};

	for (size_t i = 0; i < ARRAY_LEN(step); i++) {
		enum read_result result = step[i](r);

		if (result != READ_OK)
			return result;
	}
	return READ_OK;
}

void spools_read(struct spools *s, const struct fx_read *fx, struct evq *q)
{
	struct ev_read *ev = &evq_add(q, EV_READ)->u.read;
	struct reading r = { .s = s,
		.fx = fx,
		.ev = ev,
		.arena = &q->arena,
		.dir = spools_dirfd(s, fx->spool),
		.fd = -1 };

	ev->job = fx->job;
	ev->head = fx->head;
	if (r.dir == -1)
		ev->result = fail(&r, SPOOL_CLOSED);
	else
		ev->result = read_judged(&r);
	if (r.fd != -1)
		close(r.fd);
	/* Bytes that were not judged good do not leave this room. */
	if (ev->result != READ_OK)
		ev->code = ev->modules = (struct bytes){ 0 };
	else if (!fx->head)
		SHA256Data((const uint8_t *)ev->code.p, ev->code.n, ev->sha256);
}

void spools_unmark(struct spools *s, const struct fx_unmark *fx)
{
	const struct spool *sp = spool_at(s, fx->spool);
	struct ident now;
	struct stat st;

	if (sp->dir == -1 || spool_stat(sp->dir, fx->name, &st) == -1)
		return;
	now = spool_ident(&st);
	/* A newer marker speaks of newer bytes. */
	if (now.dev != fx->ident.dev || now.ino != fx->ident.ino ||
	    now.ctime_ns != fx->ident.ctime_ns)
		return;
	if (unlinkat(sp->dir, fx->name, 0) == -1 && errno != ENOENT)
		log_warn("spool=%s file=\"%s\" unmark=failed error=\"%s\"", sp->name, fx->name,
		    strerror(errno));
}
