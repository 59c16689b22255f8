/* output: result files under their hidden names, growing or complete. */
#include "edge/output_int.h"

#include "base/fsop.h"
#include <assert.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

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

/* NFS says only at the close that the disk was full. */
static int close_after(int fd, int err)
{
	int close_err = output_err(close(fd));

	return err != 0 ? err : close_err;
}

/* Anything may have taken the name: nothing is waited for, and no terminal becomes ours. */
static int open_there(int dir, const char *tmp)
{
	return openat(
	    dir, tmp, O_WRONLY | O_APPEND | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
}

static bool is_single(const struct stat *st)
{
	return S_ISREG(st->st_mode) && st->st_nlink == 1;
}

/* ---- parts --------------------------------------------------------------------------------- */

#define PART_NAME_LEN 64
#define GAP_MAX 8 /* numbers without a file: nothing came of them, or a power cut has taken it */

static const char *part_name(char out[PART_NAME_LEN], uint64_t job, unsigned part)
{
	snprintf(out, PART_NAME_LEN, PART_NAME, (uintmax_t)job, part);
	return out;
}

/* Is it what we have left there? Appending to anything else would mix two outputs. */
static int check_part(const struct output_whose *whose, int fd, const struct fx_append *fx)
{
	struct stat st;

	if (fstat(fd, &st) == -1)
		return errno;
	if (!is_single(&st) || st.st_size != fx->at)
		return ESTALE;
	return output_is_ours(whose, &st) ? 0 : ESTALE;
}

/* What was begun and failed leaves nothing, what was there before stays as it was. */
static void undo_append(int dir, const char *tmp, int fd, int64_t at)
{
	if (at == 0)
		(void)unlinkat(dir, tmp, 0);
	else if (ftruncate(fd, at) == -1)
		return; /* then its length tells */
}

/* No sync: until it is staged nobody relies on it, and the session still has the bytes. */
static int append(int dir, const struct fx_append *fx, const char *tmp)
{
	const struct output_whose whose = { .spool = dir, .job = fx->job, .uid = fx->uid };
	int err, fd = fx->at == 0 ? output_create(&whose, tmp) : open_there(dir, tmp);

	if (fd == -1)
		return errno;
	err = fx->at == 0 ? 0 : check_part(&whose, fd, fx);
	if (err == 0) {
		err = write_all(fd, fx->data);
		if (err != 0)
			undo_append(dir, tmp, fd, fx->at);
	}
	return close_after(fd, err);
}

void output_append(int dir, const struct fx_append *fx, struct evq *q)
{
	struct ev_appended *ev = &evq_add(q, EV_APPENDED)->u.appended;
	char tmp[PART_NAME_LEN];

	assert(fx->part > 0 && fx->at >= 0);
	ev->job = fx->job;
	ev->part = fx->part;
	ev->err = dir == -1 ? ENODEV : append(dir, fx, part_name(tmp, fx->job, fx->part));
	if (ev->err == 0)
		ev->at = fx->at + (int64_t)fx->data.n;
}

/* An attempt before a crash may have given it the input's mode, by which we may not write it. */
static int open_part(int dir, const char *tmp)
{
	int fd = open_there(dir, tmp);

	if (fd == -1 && errno == EACCES && fchmodat(dir, tmp, 0600, AT_SYMLINK_NOFOLLOW) == 0)
		fd = open_there(dir, tmp);
	/* What cannot be a part is no part. */
	if (fd == -1 && (errno == ELOOP || errno == ENXIO || errno == EISDIR))
		errno = ENOENT;
	return fd;
}

/* The bytes that belong to the result and no more, whatever an earlier attempt has added. */
static int cut_part(const struct output_whose *whose, int fd, const struct result_file *file)
{
	struct stat st;

	assert(file->part_bytes >= 0);
	if (fstat(fd, &st) == -1)
		return errno;
	if (!is_single(&st) || st.st_size < file->part_bytes)
		return ENOENT;
	/* An earlier attempt may have given it away. */
	if (st.st_uid != whose->uid && !output_is_ours(whose, &st))
		return ENOENT;
	return output_err(ftruncate(fd, file->part_bytes));
}

static unsigned last_part(const struct fx_stage *fx)
{
	unsigned last = 0;

	for (size_t i = 0; i < fx->count; i++)
		if (fx->file[i].part > last)
			last = fx->file[i].part;
	return last;
}

static bool is_there(int dir, const char *name)
{
	struct stat st;

	return fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

/* What an earlier attempt of the job has left, and what the result does without: from the last one on, so
 * that whoever is killed here leaves those that are looked for first. One that cannot be removed is no
 * reason to hold back the result. */
static void drop_parts(const struct output_whose *whose, const struct fx_stage *fx)
{
	unsigned last = last_part(fx), end = last + 1;
	bool *is_listed = xcalloc((size_t)last + 1, sizeof(*is_listed));
	char tmp[PART_NAME_LEN];

	for (size_t i = 0; i < fx->count; i++)
		is_listed[fx->file[i].part] = true;
	for (unsigned part = end; part < end + GAP_MAX; part++)
		if (is_there(whose->spool, part_name(tmp, fx->job, part)))
			end = part + 1;
	for (unsigned part = end; --part > 0;)
		if (part > last || !is_listed[part])
			output_drop(whose, part_name(tmp, fx->job, part));
	free(is_listed);
}

static const char *whole_name(struct arena *a, uint64_t job, size_t n)
{
	return arena_printf(a, ".sparkspool-%ju-%zu.tmp", (uintmax_t)job, n);
}

/* The same of files that are no parts. */
static void drop_wholes(
    const struct output_whose *whose, const struct fx_stage *fx, struct arena *a)
{
	size_t end = fx->count > fx->before ? fx->count : fx->before;

	for (size_t n = end; n < end + GAP_MAX; n++)
		if (is_there(whose->spool, whole_name(a, fx->job, n)))
			end = n + 1;
	for (size_t n = end; n-- > 0;)
		if (n >= fx->count || fx->file[n].part > 0)
			output_drop(whose, whole_name(a, fx->job, n));
}

/* ---- stage --------------------------------------------------------------------------------- */

static int fill(int fd, struct bytes data, const struct ident *input)
{
	struct stat st;
	int err = write_all(fd, data);

	if (err == 0)
		err = output_err(fstat(fd, &st));
	return err != 0 ? err : output_follow(fd, &st, input);
}

/* Names and inodes are committed next: the bytes have to be there before. */
static int settle(int fd, struct out_file *out)
{
	struct stat st;
	int err = output_err(fsync(fd));

	/* Now it is as it is left: a server may have had its own word on the time. */
	if (err == 0)
		err = output_err(fstat(fd, &st));
	if (err == 0) {
		out->ino = st.st_ino;
		out->size = st.st_size;
		out->mtime_ns = output_mtime_ns(&st);
	}
	return err;
}

static int stage_part(const struct output_whose *whose, const struct fx_stage *fx,
    const struct result_file *file, struct out_file *out)
{
	int err, fd = open_part(whose->spool, out->tmp);

	if (fd == -1)
		return errno;
	err = cut_part(whose, fd, file);
	if (err == 0)
		err = fill(fd, file->data, &fx->input);
	if (err == 0) {
		err = settle(fd, out);
		/* What a sync has failed to write the next one takes for written: only its runner knows still
		 * what stood there, and gives it again once the part is missing. */
		if (err != 0)
			(void)unlinkat(whose->spool, out->tmp, 0);
	}
	return close_after(fd, err);
}

/* Leaves nothing behind when it fails. */
static int stage_whole(const struct output_whose *whose, const struct fx_stage *fx,
    const struct result_file *file, struct out_file *out)
{
	int err, fd = output_create(whose, out->tmp);

	if (fd == -1)
		return errno;
	err = fill(fd, file->data, &fx->input);
	if (err == 0)
		err = settle(fd, out);
	err = close_after(fd, err);
	if (err != 0)
		(void)unlinkat(whose->spool, out->tmp, 0);
	return err;
}

static int stage_one(const struct output_whose *whose, const struct fx_stage *fx,
    const struct result_file *file, struct out_file *out)
{
	int err = output_name_check(file->name);

	if (err != 0)
		return err;
	return file->part > 0 ? stage_part(whose, fx, file, out)
			      : stage_whole(whose, fx, file, out);
}

static int stage_all(int dir, const struct fx_stage *fx, struct out_file *out, struct arena *a)
{
	const struct output_whose whose = { .spool = dir, .job = fx->job, .uid = fx->input.uid };
	size_t done;
	int err = 0;

	for (done = 0; err == 0 && done < fx->count; done++)
		err = stage_one(&whose, fx, &fx->file[done], &out[done]);
	if (err == 0) {
		drop_parts(&whose, fx);
		drop_wholes(&whose, fx, a);
		err = fsop_sync_dir(dir);
	}
	/* The bytes of the others are still at hand; of a part there is nothing else. */
	for (size_t i = 0; err != 0 && i < done; i++)
		if (fx->file[i].part == 0)
			output_drop(&whose, out[i].tmp);
	return err;
}

void output_stage(int dir, const struct fx_stage *fx, struct evq *q)
{
	struct ev_staged *ev = &evq_add(q, EV_STAGED)->u.staged;
	struct out_file *out = arena_calloc(&q->arena, fx->count, sizeof(*out));
	char tmp[PART_NAME_LEN];

	ev->job = fx->job;
	for (size_t i = 0; i < fx->count; i++) {
		unsigned part = fx->file[i].part;

		out[i].name = arena_strdup(&q->arena, fx->file[i].name);
		/* The same again after a crash, so that a job finds its own leftovers. */
		out[i].tmp = part > 0 ? arena_strdup(&q->arena, part_name(tmp, fx->job, part))
				      : whole_name(&q->arena, fx->job, i);
	}
	ev->err = dir == -1 ? ENODEV : stage_all(dir, fx, out, &q->arena);
	if (ev->err != 0)
		return;
	ev->file = out;
	ev->count = fx->count;
}
