/* sandbox_int: what the files of the sandbox room share; nobody else includes it. */
#ifndef SPARKSPOOL_EDGE_SANDBOX_INT_H
#define SPARKSPOOL_EDGE_SANDBOX_INT_H

#include "edge/sandbox.h"
#include <linux/landlock.h>
#include <sys/types.h>

/* Linux 6.2, ABI 3; Debian 12 has older headers. */
#ifndef LANDLOCK_ACCESS_FS_TRUNCATE
#define LANDLOCK_ACCESS_FS_TRUNCATE (UINT64_C(1) << 14)
#endif

/* ---- sandbox_path.c: what the configuration needs ---- */

enum sandbox_place {
	PLACE_ITSELF, /* the rule stands on what is named; it stays while we live */
	PLACE_PARENT, /* on the directory above: a file may be replaced by a rename */
	PLACE_MOUNT   /* ... and above what may be mounted anew */
};

struct sandbox_want {
	const char *what; /* for people: "spool" */
	const char *name; /* ... and of which, or NULL */
	const char *path;
	uint64_t rights;
	enum sandbox_place place;
};

/* Calls fn for each; what it gets lives for the call. */
void sandbox_each_own(
    const struct conf *c, void (*fn)(const struct sandbox_want *w, void *arg), void *arg);

/* What any process needs: libraries, the resolver, the user database. It may be missing. */
void sandbox_each_common(void (*fn)(const struct sandbox_want *w, void *arg), void *arg);

/* Where the rule has to stand so that it holds for the path after all that may befall it; free() it.
 * NULL: nowhere, for the only place would be the root of everything. */
char *sandbox_anchor(const char *path, enum sandbox_place place);

/* The path without links, or of the longest part of it that is there; free() it. */
char *sandbox_resolve(const char *path, bool *is_whole);

/* Cuts off the last component of an absolute path without links; false: it was the root. */
bool sandbox_ascend(char *path);

/* ---- sandbox_landlock.c: the kernel's side ---- */

struct sandbox_rule {
	dev_t dev;
	ino_t ino;
	uint64_t rights;
};

struct sandbox {
	int abi; /* 0: nothing is confined */
	uint64_t handled;
	int ruleset;
	struct sandbox_rule *rule;
	size_t count;
	int err; /* the first that should not have been */
};

/* 0 or an errno: the kernel has no Landlock, or one that is too old for us. */
int landlock_open(struct sandbox *s);

/* 0, or an errno: ENOENT when there is no such path. */
int landlock_allow(struct sandbox *s, const char *path, uint64_t rights);

/* 0, or an errno; the ruleset is closed. */
int landlock_enter(struct sandbox *s);

#endif
