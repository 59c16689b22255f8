/* spool_int: what the files of the spool room share; nobody else includes it. */
#ifndef SPARKSPOOL_EDGE_SPOOL_INT_H
#define SPARKSPOOL_EDGE_SPOOL_INT_H

#include "edge/spool.h"
#include <dirent.h>
#include <sys/stat.h>

/* A directory and what is under way in it. */
struct spool {
	char *name; /* NULL: not configured, or removed */
	char *path;
	int dir;      /* open and locked; -1: not there */
	int wd;	      /* -1: not watched, scans alone find what is new */
	uint64_t dev; /* of dir */
	uint64_t ino;
	uint64_t gone_dev; /* the last one that was open, when it is known to have been removed */
	uint64_t gone_ino;
	DIR *list;   /* the scan under way, or NULL */
	bool listed; /* ... has seen every name: only inotify's are still to come before its end */
	bool again;  /* another scan was asked for meanwhile */
	bool lost_names; /* some may have gone since the directory was synced last */
	bool cut;	 /* a new configuration cut a scan short: its end is still to be reported */
	int said_watch;	 /* the errno of the last line in the log about the watch; 0: all is well */
	char *target;	 /* of `after`, as it was last synced: NULL in a new life */
	bool said_readonly;
	bool said_lock;	  /* the log says that another has the lock */
	bool said_scarce; /* ... that there is no descriptor to open it with */
};

struct spools {
	int fd;		  /* of inotify */
	bool hides_users; /* those that the user namespace does not have are all shown as one */
	bool hides_groups;
	struct spool *item;
	size_t count;
	char *buf; /* what was read from inotify: len bytes, taken up to pos */
	size_t len;
	size_t pos;
};

/* ---- spool_dir.c ---- */

/* Opens, locks and watches sp->path. 0 or an errno: EWOULDBLOCK when somebody else has the lock,
 * which is said in the log; whatever else it is, the answer to a scan says it. */
int spool_dir_open(struct spools *s, struct spool *sp);

/* There was no descriptor, or no memory for one: that says nothing of what was to be opened. */
bool spool_is_scarce(int err);

/* What came of opening it or its listing. That there was no descriptor is said at once: the next try may
 * go well, and nobody would hear of it. */
void spool_say_scarce(struct spool *sp, int err);

/* Closes everything; a scan under way ends without an event. */
void spool_dir_close(struct spools *s, struct spool *sp);

/* Makes sure that the open directory is the one that the path leads to now. 0 or an errno. */
int spool_dir_follow(struct spools *s, struct spool *sp);

struct spool *spool_at(const struct spools *s, size_t spool);

/* ENODEV tells a directory that is not there from a name that is not there. */
#define SPOOL_CLOSED ENODEV

/* The error of a name is in errno. Links are not followed. */
int spool_stat(int dir, const char *name, struct stat *st);
struct ident spool_ident(const struct stat *st);

/* ---- spool_hidden.c ---- */

/* Looks once whether this process's user namespace shows others as nobody (65534). */
void spool_hidden_find(struct spools *s);

/* NULL, or why it cannot be told whose the file is: then it would share sessions, and the rights on
 * its results, with those of strangers. A static string. */
const char *spool_hidden_why(const struct spools *s, const struct stat *st);

/* ---- spool_modules.c ---- */

/* The helper modules in fx->modules, into ev; what it points to is a's. 0 or an errno, and ev->why
 * says in words what is wrong with which of them. */
int spool_modules_read(const struct fx_read *fx, struct ev_read *ev, struct arena *a);

/* ---- spool_dispose.c ---- */

enum spool_target {
	TARGET_FIND,
	TARGET_SURE, /* find, and sync the names that lead there */
	TARGET_MAKE, /* what is missing, for good, and none that is a stranger's to uid */
};

/* The directory of `after`, where users may have laid links: none of theirs is followed. -1 with
 * errno. */
int spool_target_open(int spool, const char *path, enum spool_target how, uid_t uid);

/* ---- spool_scan.c ---- */

/* Reports the end of whatever was under way. */
void spool_scan_fail(struct spools *s, size_t spool, struct evq *q, int err, bool lost);

/* Events were lost: another scan is wanted. One that is under way goes on. */
void spool_scan_lost(struct spools *s, size_t spool, struct evq *q);

/* A piece of the scan under way. drained: inotify has nothing that is older. True: there is more. */
bool spool_scan_step(struct spools *s, size_t spool, struct evq *q, bool drained);

#endif
