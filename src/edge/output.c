/* output: result files, complete or not at all. */
#include "edge/output.h"

#include "base/fsop.h"
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

static int sys_err(int rc)
{
	return rc == -1 ? errno : 0;
}

/* ---- stage --------------------------------------------------------------------------------- */

static int write_all(int fd, struct bytes data)
{
	while (data.n > 0) {
		ssize_t n = write(fd, data.p, data.n);

		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return errno;
		data.p += n;
		data.n -= (size_t)n;
	}
	return 0;
}

/* Where we may not give a file away, or the file system knows no owners, it stays ours. A quota
 * or a disk that fails is another matter. */
static bool is_not_ours_to_do(int err)
{
	return err == EPERM || err == EINVAL || err == EOPNOTSUPP || err == ENOSYS;
}

/* With our group in the place of the input's, its members may no more than anybody may. */
static mode_t narrowed(mode_t mode)
{
	mode_t others_as_group = (mode & 06) << 3;

	return (mode & 0606) | (mode & 060 & others_as_group);
}

/* The group goes first and the owner last: the mode is set while the file is still ours to set,
 * and never lets the wrong group in. */
static int follow_input(int fd, const struct stat *st, const struct ident *input)
{
	mode_t mode = input->mode & 0666;
	int err = 0;

	if (st->st_gid != input->gid) {
		err = sys_err(fchown(fd, (uid_t)-1, input->gid));
		if (err != 0)
			mode = narrowed(mode);
	}
	if (err == 0 || is_not_ours_to_do(err))
		err = sys_err(fchmod(fd, mode));
	if ((err == 0 || is_not_ours_to_do(err)) && st->st_uid != input->uid)
		err = sys_err(fchown(fd, input->uid, (gid_t)-1));
	return is_not_ours_to_do(err) ? 0 : err;
}

static int fill(int fd, struct bytes data, const struct ident *input, uint64_t *ino)
{
	struct stat st;
	int err = write_all(fd, data);

	if (err == 0)
		err = sys_err(fstat(fd, &st));
	if (err == 0) {
		*ino = st.st_ino;
		err = follow_input(fd, &st, input);
	}
	/* Names and inodes are committed next: the bytes have to be there before. */
	return err != 0 ? err : sys_err(fsync(fd));
}

/* Leaves nothing behind when it fails. */
static int stage_one(
    int dir, const char *tmp, struct bytes data, const struct ident *input, uint64_t *ino)
{
	int fd, err, close_err;

	/* An attempt before a crash may have left one; its bytes are not to be trusted. */
	if (unlinkat(dir, tmp, 0) == -1 && errno != ENOENT)
		return errno;
	fd = openat(dir, tmp, O_CREAT | O_EXCL | O_WRONLY | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd == -1)
		return errno;
	err = fill(fd, data, input, ino);
	/* NFS says only now that the disk was full. */
	close_err = sys_err(close(fd));
	if (err == 0)
		err = close_err;
	if (err != 0)
		(void)unlinkat(dir, tmp, 0);
	return err;
}

static int stage_all(int dir, const struct fx_stage *fx, struct out_file *out)
{
	size_t done;
	int err = 0;

	for (done = 0; err == 0 && done < fx->count; done++)
		err =
		    stage_one(dir, out[done].tmp, fx->file[done].data, &fx->input, &out[done].ino);
	if (err == 0)
		err = fsop_sync_dir(dir);
	if (err != 0)
		for (size_t i = 0; i < done; i++)
			(void)unlinkat(dir, out[i].tmp, 0);
	return err;
}

void output_stage(int dir, const struct fx_stage *fx, struct evq *q)
{
	struct ev_staged *ev = &evq_add(q, EV_STAGED)->u.staged;
	struct out_file *out = arena_calloc(&q->arena, fx->count, sizeof(*out));

	ev->job = fx->job;
	for (size_t i = 0; i < fx->count; i++) {
		out[i].name = arena_strdup(&q->arena, fx->file[i].name);
		/* The same again after a crash, so that a job finds its own leftovers. */
		out[i].tmp =
		    arena_printf(&q->arena, ".sparkspool-%ju-%zu.tmp", (uintmax_t)fx->job, i);
	}
	ev->err = dir == -1 ? ENODEV : stage_all(dir, fx, out);
	if (ev->err != 0)
		return;
	ev->file = out;
	ev->count = fx->count;
}

/* ---- publish ------------------------------------------------------------------------------- */

/* A result that somebody has replaced is not ours any more. */
static int remove_old(int dir, const struct out_file *old)
{
	struct stat st;

	if (fstatat(dir, old->name, &st, AT_SYMLINK_NOFOLLOW) == -1)
		return errno == ENOENT ? 0 : errno;
	if (!S_ISREG(st.st_mode) || st.st_ino != old->ino)
		return 0;
	if (unlinkat(dir, old->name, 0) == -1 && errno != ENOENT)
		return errno;
	return 0;
}

/* The old record goes first, for good: it must not speak of files that are not its own. */
static int remove_all_old(int dir, const struct fx_publish *fx, const char **why)
{
	int err = 0;

	for (size_t i = fx->old_count; err == 0 && i-- > 0;) {
		*why = fx->old[i].name;
		err = remove_old(dir, &fx->old[i]);
		if (err == 0 && i == fx->old_count - 1)
			err = fsop_sync_dir(dir);
	}
	return err;
}

static bool has_ino(int dir, const char *name, uint64_t ino)
{
	struct stat st;

	return fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && st.st_ino == ino;
}

static int place(int dir, const struct out_file *file, const char **why)
{
	struct stat st;

	*why = file->name;
	if (fstatat(dir, file->tmp, &st, AT_SYMLINK_NOFOLLOW) == -1) {
		int err = errno;

		/* Already where it belongs, by an attempt before a crash. */
		return err == ENOENT && has_ino(dir, file->name, file->ino) ? 0 : err;
	}
	if (st.st_ino != file->ino) {
		*why = file->tmp;
		return ESTALE;
	}
	return fsop_rename_new(dir, file->tmp, dir, file->name);
}

/* Once the first new file is visible the old ones are gone, and a file system may have given
 * their inodes to somebody else's. */
static bool is_begun(int dir, const struct fx_publish *fx)
{
	return fx->count > 0 && has_ino(dir, fx->file[0].name, fx->file[0].ino);
}

static int publish(int dir, const struct fx_publish *fx, const char **why)
{
	int err = is_begun(dir, fx) ? 0 : remove_all_old(dir, fx, why);

	for (size_t i = 0; err == 0 && i < fx->count; i++) {
		/* The last one is the record: when it is there, all must be there. */
		if (i == fx->count - 1)
			err = fsop_sync_dir(dir);
		if (err == 0)
			err = place(dir, &fx->file[i], why);
	}
	return err != 0 ? err : fsop_sync_dir(dir);
}

void output_publish(int dir, const struct fx_publish *fx, struct evq *q)
{
	struct ev_published *ev = &evq_add(q, EV_PUBLISHED)->u.published;
	const char *why = NULL;

	ev->job = fx->job;
	ev->err = dir == -1 ? ENODEV : publish(dir, fx, &why);
	/* The effect's strings do not live as long as the event's. */
	if (ev->err != 0)
		ev->why = arena_strdup(&q->arena, why);
}
