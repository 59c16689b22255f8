/* output_int: what the files of the output room share; nobody else includes it.
 *
 * output: a result under its hidden name, as it grows and when it is whole. output_publish: under
 * its final one. output_expire: not there any more. output_dir: the directories in between.
 * output_hidden: the hidden names, whoever has taken them. */
#ifndef SPARKSPOOL_EDGE_OUTPUT_INT_H
#define SPARKSPOOL_EDGE_OUTPUT_INT_H

#include "edge/output.h"
#include <errno.h>
#include <limits.h>
#include <sys/stat.h>

static inline int output_err(int rc)
{
	return rc == -1 ? errno : 0;
}

static inline int64_t output_mtime_ns(const struct stat *st)
{
	return (int64_t)st->st_mtim.tv_sec * 1000000000 + st->st_mtim.tv_nsec;
}

/* Where results go, and whose they are. */
struct output_whose {
	int spool; /* its directory; not ours to close */
	uint64_t job;
	uid_t uid; /* the input's owner: what we have made may be his already */
};

/* ---- output_hidden.c ---- */

/* Nothing has the name tmp any more: what we have made is removed, and what is somebody's renamed. 0 or
 * an errno: EEXIST, it is somebody's and not ours to rename. */
int output_free_name(const struct output_whose *whose, const char *tmp);

/* A new file for us alone, as above. -1 with errno. */
int output_create(const struct output_whose *whose, const char *tmp);

/* Removes it, if we have made it. */
void output_drop(const struct output_whose *whose, const char *tmp);

/* Does it belong to whom a file that we make in the spool would belong to? */
bool output_is_ours(const struct output_whose *whose, const struct stat *st);

/* ---- output_dir.c ---- */

/* Gives what we have made, a file or a directory, the owner, group and mode of `like`, as far as we
 * may, and never lets in anybody whom `like` keeps out. st is what it has now. 0 or an errno. */
int output_follow(int fd, const struct stat *st, const struct ident *like);

/* 0; EINVAL unless each component can be a name and none leads upwards; ENAMETOOLONG. */
int output_name_check(const char *name);

/* How much of name[0..len) leads to its last component, with the slash. */
size_t output_dir_len(const char *name, size_t len);

/* A place below the spool: the directory that the last name lies in, and its last component. It is
 * kept open while the names that follow lie in the same. */
struct output_place {
	struct output_whose whose;
	int dir; /* the spool's, or open below it */
	bool changed;
	const char *name; /* which led here; borrowed until the next call */
	size_t dir_len;	  /* of name: the directory's part of it */
	/* Its first sure_len bytes were made, or found, and synced; borrowed for good. */
	const char *sure;
	size_t sure_len;
	char leaf[NAME_MAX + 1];
};

struct output_place output_place_of(const struct output_whose *whose);

/* Goes to where name[0..len) lies, which has passed output_name_check(); links are not followed.
 * With `like`, what is missing on the way is made and follows it, and the way is there for good. 0 or
 * an errno, and then it is back at the spool: ENOENT without `like`, there is no such directory; EEXIST
 * with it, what is in the way is no directory or a stranger's, name[0..*bad_len). */
int output_place_enter(struct output_place *p, const char *name, size_t len,
    const struct ident *like, size_t *bad_len);

/* One that a power cut has left beside the directory that it had become. */
void output_drop_hidden_dir(const struct output_whose *whose);

/* Removes the directories that these files lay in, now that they are gone, where nothing else is in
 * them. 0 or an errno: it may go better later. */
int output_remove_dirs(struct output_place *p, const struct out_file *file, size_t count);

/* Back to the spool; a directory that has changed is synced. 0 or an errno. */
int output_place_leave(struct output_place *p);

#endif
