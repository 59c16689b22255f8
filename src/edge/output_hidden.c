/* output_hidden: the names under which results wait until they are whole.
 *
 * They can be told beforehand from a job's number, and have to be: so that the next life finds what this one
 * has left. Whoever may write in the spool may have taken one. What is his is not removed, nor does anything
 * wait for him: it gets another name, which he cannot have taken as well. */
#include "edge/output_int.h"

#include "base/fsop.h"
#include "base/log.h"
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#define TRIES_MAX 16 /* against somebody who takes the name again and again */

/* ---- what is ours -------------------------------------------------------------------------- */

static int create_new(int dir, const char *tmp)
{
	return openat(
	    dir, tmp, O_CREAT | O_EXCL | O_WRONLY | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0600);
}

static void say_set_aside(const char *tmp, const char *to, int err)
{
	if (err == 0)
		log_warn(
		    "event=set-aside file=\"%s\" to=\"%s\" msg=\"somebody had taken the hidden "
		    "name of a result\"",
		    tmp, to);
	else
		log_warn("event=set-aside file=\"%s\" error=\"%s\" msg=\"somebody has taken the "
			 "hidden name of a result, which waits until that is gone\"",
		    tmp, strerror(err));
}

/* Where we may neither remove nor rename what is another's, it is as with a result's own name. */
static int set_aside(int dir, const char *tmp)
{
	char to[NAME_MAX + 1];
	uint64_t number;
	int err;

	if (getrandom(&number, sizeof(number), 0) != (ssize_t)sizeof(number))
		return EAGAIN;
	snprintf(to, sizeof(to), "%s.%016jx", tmp, (uintmax_t)number);
	err = fsop_rename_new(dir, tmp, dir, to);
	if (err == ENOENT)
		return 0;
	say_set_aside(tmp, to, err);
	return err == EPERM || err == EACCES ? EEXIST : err;
}

static int discard(int dir, const char *tmp, const struct stat *st)
{
	int err = output_err(unlinkat(dir, tmp, S_ISDIR(st->st_mode) ? AT_REMOVEDIR : 0));

	if (err == ENOTEMPTY || err == EEXIST)
		return set_aside(dir, tmp);
	return err == ENOENT ? 0 : err;
}

bool output_is_ours(const struct output_whose *whose, const struct stat *st)
{
	return st->st_uid == geteuid() || fsop_makes_as(whose->spool, st->st_uid);
}

/* An attempt that was killed may have given it away already. */
static bool is_left(const struct output_whose *whose, const struct stat *st)
{
	return st->st_uid == whose->uid || output_is_ours(whose, st);
}

/* ---- names --------------------------------------------------------------------------------- */

int output_free_name(const struct output_whose *whose, const char *tmp)
{
	struct stat st;

	if (fstatat(whose->spool, tmp, &st, AT_SYMLINK_NOFOLLOW) == -1)
		return errno == ENOENT ? 0 : errno;
	return is_left(whose, &st) ? discard(whose->spool, tmp, &st) : set_aside(whose->spool, tmp);
}

/* An earlier attempt, or an earlier life, may have left one; its bytes are not to be trusted. */
int output_create(const struct output_whose *whose, const char *tmp)
{
	int fd = -1;

	for (int i = 0; fd == -1 && i < TRIES_MAX; i++) {
		int err = output_free_name(whose, tmp);

		if (err != 0) {
			errno = err; /* what cannot be freed now is not to be tried at once */
			break;
		}
		fd = create_new(whose->spool, tmp);
		if (fd == -1 && errno != EEXIST)
			break;
	}
	return fd;
}

void output_drop(const struct output_whose *whose, const char *tmp)
{
	struct stat st;

	if (fstatat(whose->spool, tmp, &st, AT_SYMLINK_NOFOLLOW) == 0 && is_left(whose, &st))
		(void)unlinkat(whose->spool, tmp, S_ISDIR(st.st_mode) ? AT_REMOVEDIR : 0);
}
