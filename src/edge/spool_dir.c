/* spool_dir: a spool's directory, open, locked and watched; and what a name in it is. */
#include "edge/spool_int.h"

#include "base/log.h"
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/statvfs.h>
#include <unistd.h>

/* ONLYDIR: a path may become a file. EXCL_UNLINK: a file that is deleted while it is still open
 * would go on speaking under a name that it no longer has. */
#define WATCHED                                                                                    \
	(IN_CLOSE_WRITE | IN_MOVED_TO | IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVE_SELF |     \
	    IN_DELETE_SELF | IN_ONLYDIR | IN_EXCL_UNLINK)

static int64_t ns_of(struct timespec t)
{
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

struct ident spool_ident(const struct stat *st)
{
	return (struct ident){
		.dev = st->st_dev,
		.ino = st->st_ino,
		.size = st->st_size,
		.mtime_ns = ns_of(st->st_mtim),
		.ctime_ns = ns_of(st->st_ctim),
		.uid = st->st_uid,
		.gid = st->st_gid,
		.mode = st->st_mode,
		.nlink = (uint32_t)st->st_nlink,
	};
}

int spool_stat(int dir, const char *name, struct stat *st)
{
	/* Names come from listings; one that leads out of the directory is an error of ours. */
	assert(name[0] != '\0' && strchr(name, '/') == NULL);
	return fstatat(dir, name, st, AT_SYMLINK_NOFOLLOW);
}

struct spool *spool_at(const struct spools *s, size_t spool)
{
	assert(spool < s->count);
	return &s->item[spool];
}

/* Once, until it is well again: the number alone would say "Resource temporarily unavailable". */
static void say_lock(struct spool *sp, int err)
{
	if (err == EWOULDBLOCK && !sp->said_lock)
		log_error("spool=%s path=\"%s\" error=\"another daemon has locked it, or another "
			  "spool has the same directory\"",
		    sp->name, sp->path);
	sp->said_lock = err == EWOULDBLOCK;
}

/* Once: later would be when the first result of the first file finds no place. */
static void say_readonly(struct spool *sp)
{
	struct statvfs fs;
	bool readonly = fstatvfs(sp->dir, &fs) == 0 && (fs.f_flag & ST_RDONLY) != 0;

	if (readonly && !sp->said_readonly)
		log_error("spool=%s path=\"%s\" error=\"%s\" msg=\"no result can be written there; "
			  "a service needs ReadWritePaths=%s\"",
		    sp->name, sp->path, strerror(EROFS), sp->path);
	sp->said_readonly = readonly;
}

bool spool_is_scarce(int err)
{
	return err == EMFILE || err == ENFILE || err == ENOMEM;
}

void spool_say_scarce(struct spool *sp, int err)
{
	bool scarce = spool_is_scarce(err);

	if (scarce && !sp->said_scarce)
		log_warn("spool=%s path=\"%s\" open=failed error=\"%s\" msg=\"it is tried again\"",
		    sp->name, sp->path, strerror(err));
	sp->said_scarce = scarce;
}

/* The lock ends with the descriptor, so a crash leaves none behind. */
static int open_locked(const struct spool *sp, int *dir)
{
	int fd = open(sp->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd == -1)
		return errno;
	if (flock(fd, LOCK_EX | LOCK_NB) == -1) {
		if (errno == EWOULDBLOCK) {
			close(fd);
			return EWOULDBLOCK;
		}
		log_warn("spool=%s path=\"%s\" lock=none error=\"%s\" msg=\"nothing keeps a second "
			 "daemon out\"",
		    sp->name, sp->path, strerror(errno));
	}
	*dir = fd;
	return 0;
}

/* Without a watch the scans still find everything, only later. */
static void watch(struct spools *s, struct spool *sp)
{
	int err;

	sp->wd = inotify_add_watch(s->fd, sp->path, WATCHED);
	err = sp->wd == -1 ? errno : 0;
	if (err == sp->said_watch)
		return;
	sp->said_watch = err;
	if (err != 0)
		log_warn("spool=%s path=\"%s\" watch=none error=\"%s\" msg=\"files are found by "
			 "scans alone\"",
		    sp->name, sp->path,
		    err == ENOSPC ? "fs.inotify.max_user_watches is reached" : strerror(err));
}

/* True when the path still leads to the directory that is open. */
static bool is_current(const struct spool *sp)
{
	struct stat st;

	/* A removed one may have left its numbers to the one that was made in its place. */
	if (fstat(sp->dir, &st) == -1 || st.st_nlink == 0)
		return false;
	return stat(sp->path, &st) == 0 && st.st_dev == sp->dev && st.st_ino == sp->ino;
}

int spool_dir_open(struct spools *s, struct spool *sp)
{
	struct stat st;
	int err;

	assert(sp->dir == -1 && sp->wd == -1 && sp->list == NULL);
	sp->lost_names = true; /* while nobody has looked */
	err = open_locked(sp, &sp->dir);
	say_lock(sp, err);
	spool_say_scarce(sp, err);
	if (err != 0)
		return err;
	watch(s, sp);
	if (fstat(sp->dir, &st) == -1) {
		err = errno;
	} else {
		sp->dev = st.st_dev;
		sp->ino = st.st_ino;
		/* The watch went by the path: it may have met another directory than open() did. */
		err = is_current(sp) ? 0 : ESTALE;
	}
	if (err == 0)
		say_readonly(sp);
	else
		spool_dir_close(s, sp);
	return err;
}

/* Only who has it open can tell a directory that was removed from one that is elsewhere. */
static void note_removed(struct spool *sp)
{
	struct stat st;
	bool is_removed = fstat(sp->dir, &st) == 0 && st.st_nlink == 0;

	sp->gone_dev = is_removed ? sp->dev : 0;
	sp->gone_ino = is_removed ? sp->ino : 0;
}

void spool_dir_close(struct spools *s, struct spool *sp)
{
	if (sp->dir != -1)
		note_removed(sp);
	if (sp->list != NULL)
		closedir(sp->list);
	/* The kernel may have removed the watch already; then this fails and does no harm. */
	if (sp->wd != -1)
		(void)inotify_rm_watch(s->fd, sp->wd);
	if (sp->dir != -1)
		close(sp->dir);
	free(sp->target);
	sp->list = NULL;
	sp->target = NULL;
	sp->wd = sp->dir = -1;
	sp->listed = sp->again = false;
}

int spool_dir_follow(struct spools *s, struct spool *sp)
{
	if (sp->path == NULL)
		return SPOOL_CLOSED;
	if (sp->dir != -1 && !is_current(sp))
		spool_dir_close(s, sp);
	if (sp->dir == -1)
		return spool_dir_open(s, sp);
	/* The limit on watches may have been raised meanwhile. */
	if (sp->wd == -1)
		watch(s, sp);
	return 0;
}
