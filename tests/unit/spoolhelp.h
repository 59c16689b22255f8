/* spoolhelp: spools in a temporary directory, and what they report as lines of text. */
#ifndef SPARKSPOOL_TESTS_SPOOLHELP_H
#define SPARKSPOOL_TESTS_SPOOLHELP_H

#include "base/buf.h"
#include "edge/spool.h"
#include "help.h"
#include <sys/stat.h>
#include <sys/types.h>

#define WORLD_SPOOLS 3

/* The spools s0, s1 ... are the directories a, b, c below dir; spool 0 is also `a`. */
struct world {
	char *dir;
	char *path[WORLD_SPOOLS];
	const char *a;
	struct conf_spool spool[WORLD_SPOOLS];
	struct conf conf;
	struct spools *s;
	struct evq q;
	struct buf trace; /* one line an event, since the last world_forget() */
	struct buf log;	  /* one line each, since the last world_forget() */
	int fds;	  /* open before */
};

void world_open(struct world *w, size_t spools);
void world_close(struct world *w); /* fails when a descriptor was leaked */

/* Takes the queued events into the trace; an answer that a test looks at must be looked at before. */
void world_take(struct world *w);

/* Pumps until there is nothing more, and takes. The kernel has queued an event before the call that
 * caused it returns, so nothing needs to be waited for. */
const char *world_pump(struct world *w);

/* A scan from its beginning to its end. */
const char *world_scan(struct world *w, size_t spool);

void world_forget(struct world *w);
const char *world_log(const struct world *w);

/* How often part occurs in text. */
size_t count_of(const char *text, const char *part);

/* Relative to w->dir: "a/foo.py". Each returns a path that lives until the next but three. */
const char *at(const struct world *w, const char *path);

void put_text(const struct world *w, const char *path, const char *text);
void check_text(const struct world *w, const char *path, const char *text);
bool exists(const struct world *w, const char *path);
struct stat stat_of(const struct world *w, const char *path); /* of the name itself */
struct ident ident_of(const struct world *w, const char *path);

/* True, with a word on standard output, when the test cannot be run here. */
bool skip_unless_root(void);

/* Somebody (uid 4321) takes the name, in one of TAKEN ways; what is his then: its inode. */
#define TAKEN 5
uint64_t somebody_takes(const struct world *w, const char *path, int how);

/* The inode of what was renamed from this name in the first spool to one with more behind it, which is
 * removed; 0: there is none. */
uint64_t remove_set_aside(const struct world *w, const char *name);
bool skip_unless_forked(void);
bool skip(const char *why);

/* What this process, root's, makes from now on belongs to uid, as on a mount with an owner of its own. False,
 * with a word, when that is not allowed. */
bool make_as(uid_t uid);

/* A new tmpfs on path, seen by this process alone. False, with a word, when that is not allowed. */
bool mount_tmpfs(const char *path, const char *options);

#endif
