/* output_dir: the directories below a spool that results lie in, and whose they are. */
#include "edge/output_int.h"

#include "base/fsop.h"
#include <assert.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* ---- owner, group and mode ----------------------------------------------------------------- */

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

/* Who may read the files may look for them. Its owner can always empty it, and so can we as long as
 * it is ours; that strangers may write a file is no reason to let them remove others. */
static mode_t for_dir(mode_t mode)
{
	return 0700 | (mode & 0664) | (mode & 0444) >> 2;
}

/* The group goes first and the owner last: the mode is set while the file is still ours to set,
 * and never lets the wrong group in. */
int output_follow(int fd, const struct stat *st, const struct ident *like)
{
	mode_t mode = like->mode & 0666;
	int err = 0;

	if (st->st_gid != like->gid) {
		err = output_err(fchown(fd, (uid_t)-1, like->gid));
		if (err != 0)
			mode = narrowed(mode);
	}
	if (S_ISDIR(st->st_mode))
		mode = for_dir(mode);
	if (err == 0 || is_not_ours_to_do(err))
		err = output_err(fchmod(fd, mode));
	if ((err == 0 || is_not_ours_to_do(err)) && st->st_uid != like->uid)
		err = output_err(fchown(fd, like->uid, (gid_t)-1));
	return is_not_ours_to_do(err) ? 0 : err;
}

/* ---- names --------------------------------------------------------------------------------- */

static bool leads_away(const char *part, size_t len)
{
	return len == 0 || (len == 1 && part[0] == '.') ||
	       (len == 2 && part[0] == '.' && part[1] == '.');
}

int output_name_check(const char *name)
{
	for (int count = 1;; count++) {
		size_t len = strcspn(name, "/");

		if (leads_away(name, len))
			return EINVAL;
		if (len > NAME_MAX || count > OUTPUT_COMPONENTS_MAX)
			return ENAMETOOLONG;
		if (name[len] == '\0')
			return 0;
		name += len + 1;
	}
}

size_t output_dir_len(const char *name, size_t len)
{
	while (len > 0 && name[len - 1] != '/')
		len--;
	return len;
}

static void copy_part(char out[NAME_MAX + 1], const char *part, size_t len)
{
	assert(!leads_away(part, len) && len <= NAME_MAX);
	memcpy(out, part, len);
	out[len] = '\0';
}

/* ---- directories --------------------------------------------------------------------------- */

/* Ours, as mkdir has made it a moment ago, and not what somebody has put in its place. */
static int finish_dir(const struct output_whose *whose, int fd, const struct ident *like)
{
	struct stat st;
	int err = output_err(fstat(fd, &st));

	if (err == 0 && !output_is_ours(whose, &st))
		return EAGAIN;
	if (err == 0)
		err = output_follow(fd, &st, like);
	return err != 0 ? err : fsop_sync_dir(fd);
}

/* Made like a file, under a hidden name in the spool, so that no crash leaves one that its owner
 * cannot enter. */
static int make_hidden(const struct output_whose *whose, const char *tmp, const struct ident *like)
{
	int fd, err = output_free_name(whose, tmp);

	if (err != 0)
		return err;
	if (mkdirat(whose->spool, tmp, 0700) == -1)
		return errno == EEXIST ? EAGAIN : errno;
	fd = fsop_open_dir(whose->spool, tmp);
	err = fd == -1 ? errno : finish_dir(whose, fd, like);
	if (fd != -1)
		close(fd);
	return err;
}

static void hidden_dir_name(uint64_t job, char tmp[64])
{
	snprintf(tmp, 64, ".sparkspool-%ju-dir.tmp", (uintmax_t)job);
}

void output_drop_hidden_dir(const struct output_whose *whose)
{
	char tmp[64];

	hidden_dir_name(whose->job, tmp);
	output_drop(whose, tmp);
}

static int make_dir(
    const struct output_whose *whose, int dir, const char *name, const struct ident *like)
{
	char tmp[64];
	int err;

	hidden_dir_name(whose->job, tmp);
	err = make_hidden(whose, tmp, like);
	if (err == 0)
		err = fsop_rename_new(whose->spool, tmp, dir, name);
	if (err != 0)
		output_drop(whose, tmp);
	return err;
}

/* A stranger's would give him the results. */
static int check_owner(const struct output_whose *whose, int dir, int fd, uid_t like)
{
	struct stat st;

	if (fstat(fd, &st) == -1)
		return errno;
	return st.st_uid == like || !fsop_is_strangers(dir, &st, whose->uid) ? 0 : EEXIST;
}

static int close_unless(int err, int fd)
{
	if (err == 0)
		return fd;
	close(fd);
	errno = err;
	return -1;
}

/* One step down. -1 with errno: EEXIST when what has the name is no directory, or a stranger's. With `like`
 * its name is there for good; is_sure, it is so already. */
static int step(
    const struct output_place *p, int dir, const char *name, const struct ident *like, bool is_sure)
{
	int fd = fsop_open_dir(dir, name);
	bool is_new = fd == -1 && errno == ENOENT && like != NULL;

	if (is_new) {
		errno = make_dir(&p->whose, dir, name, like);
		/* Somebody was faster: it may serve as well. */
		if (errno == 0 || errno == EEXIST)
			fd = fsop_open_dir(dir, name);
	}
	if (fd == -1 && (errno == ENOTDIR || errno == ELOOP))
		errno = EEXIST;
	if (fd != -1 && like != NULL)
		fd = close_unless(check_owner(&p->whose, dir, fd, like->uid), fd);
	/* Before anything is made in it: else a power cut may take the name and leave what lies in it, and
	 * under its hidden name it can never be removed. One that was found may have been made by an
	 * attempt that was killed before this. */
	if (fd != -1 && like != NULL && (is_new || !is_sure))
		fd = fsop_sync_name(dir, fd);
	return fd;
}

/* ---- the place ----------------------------------------------------------------------------- */

struct output_place output_place_of(const struct output_whose *whose)
{
	return (
	    struct output_place){ .whose = *whose, .dir = whose->spool, .name = "", .sure = "" };
}

int output_place_leave(struct output_place *p)
{
	const struct output_place was = *p;
	int err = 0;

	if (p->dir != p->whose.spool) {
		err = p->changed ? fsop_sync_dir(p->dir) : 0;
		close(p->dir);
	}
	*p = output_place_of(&was.whose);
	p->sure = was.sure;
	p->sure_len = was.sure_len;
	return err;
}

static bool is_here(const struct output_place *p, const char *name, size_t dir_len)
{
	return p->dir_len == dir_len && memcmp(p->name, name, dir_len) == 0;
}

/* Names of one result come such that those in one directory follow each other, most often. */
static bool is_sure(const struct output_place *p, const char *name, size_t dir_len)
{
	return p->sure_len >= dir_len && memcmp(p->sure, name, dir_len) == 0;
}

/* *bad_len is how far it came when a step fails. */
static int descend(
    struct output_place *p, const char *name, const struct ident *like, size_t *bad_len)
{
	size_t at = 0, len;
	char part[NAME_MAX + 1];

	for (; at < p->dir_len; at += len + 1) {
		int fd;

		len = strcspn(name + at, "/");
		copy_part(part, name + at, len);
		fd = step(p, p->dir, part, like, is_sure(p, name, at + len + 1));
		*bad_len = at + len;
		if (fd == -1)
			return errno;
		if (p->dir != p->whose.spool)
			close(p->dir);
		p->dir = fd;
	}
	if (like != NULL) {
		p->sure = name;
		p->sure_len = p->dir_len;
	}
	return 0;
}

int output_place_enter(
    struct output_place *p, const char *name, size_t len, const struct ident *like, size_t *bad_len)
{
	size_t dir_len = output_dir_len(name, len);
	int err;

	if (!is_here(p, name, dir_len)) {
		err = output_place_leave(p);
		p->dir_len = dir_len;
		if (err == 0)
			err = descend(p, name, like, bad_len);
		if (err != 0) {
			(void)output_place_leave(p);
			return err == EEXIST && like == NULL ? ENOENT : err;
		}
	}
	p->name = name;
	copy_part(p->leaf, name + dir_len, len - dir_len);
	return 0;
}

/* ---- directories that nothing lies in any more ----------------------------------------------- */

/* Later it may go better: then it is all done again, and so is this. */
static bool may_pass(int err)
{
	return err == EMFILE || err == ENFILE || err == ENOMEM || err == EIO || err == ENOSPC ||
	       err == EDQUOT;
}

/* The directories that the name lies in, from the innermost on, as long as they are empty. What can
 * never be removed is in nobody's way. */
static int remove_dirs(struct output_place *at, const char *name)
{
	size_t len = output_dir_len(name, strlen(name)), bad_len;

	for (; len > 0; len = output_dir_len(name, len - 1)) {
		int err = output_place_enter(at, name, len - 1, NULL, &bad_len);

		/* ENOENT: gone already, with what lay in it; the one above may be empty as well. */
		if (err == ENOENT)
			continue;
		if (err == 0) {
			at->changed = true;
			err = output_err(unlinkat(at->dir, at->leaf, AT_REMOVEDIR));
		}
		if (err != 0 && err != ENOENT)
			return may_pass(err) ? err : 0;
	}
	return 0;
}

static bool is_in_same_dir(const char *a, const char *b)
{
	size_t len = output_dir_len(a, strlen(a));

	return len == output_dir_len(b, strlen(b)) && memcmp(a, b, len) == 0;
}

/* Each is asked once, not once a file. */
int output_remove_dirs(struct output_place *at, const struct out_file *file, size_t count)
{
	int err = 0;

	for (size_t i = count; err == 0 && i-- > 0;)
		if (output_name_check(file[i].name) == 0 &&
		    (i == 0 || !is_in_same_dir(file[i].name, file[i - 1].name)))
			err = remove_dirs(at, file[i].name);
	return err;
}
