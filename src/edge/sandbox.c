/* sandbox: the way into the rules. */
#include "edge/sandbox_int.h"

#include "base/log.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- Landlock ------------------------------------------------------------------------------ */

static void allow(struct sandbox *s, const struct sandbox_want *w, const char *path)
{
	int err = landlock_allow(s, path, w->rights);

	log_debug("landlock=rule path=\"%s\" rights=%#jx for=\"%s\" err=%d", path,
	    (uintmax_t)(w->rights & s->handled), w->path, err);
	/* What is missing or not ours to enter is so for the daemon, too. */
	if (err != 0 && err != ENOENT && err != ENOTDIR && err != EACCES && s->err == 0)
		s->err = err;
}

static void allow_own(const struct sandbox_want *w, void *arg)
{
	char *path = sandbox_anchor(w->path, w->place);

	if (path != NULL)
		allow(arg, w, path);
	if (w->place == PLACE_MOUNT && (path == NULL || str_eq(path, w->path)))
		log_warn("landlock=%s path=\"%s\" msg=\"it lies right below the root: when it is "
			 "mounted or made anew the daemon needs a restart\"",
		    path == NULL ? "none" : "itself", w->path);
	free(path);
}

static void allow_common(const struct sandbox_want *w, void *arg)
{
	allow(arg, w, w->path);
}

/* Nothing is confined, and that is no error. */
static struct sandbox *without(struct sandbox *s, int err)
{
	log_warn("event=sandbox landlock=none error=\"%s\" msg=\"Landlock needs Linux 5.19 or "
		 "newer, with it in lsm=: the daemon can reach what its user can\"",
	    strerror(err));
	s->abi = 0;
	return s;
}

struct sandbox *sandbox_enter(const struct conf *c)
{
	struct sandbox *s = xcalloc(1, sizeof(*s));
	int err;

	s->ruleset = -1;
	if (!c->landlock) {
		log_info("event=sandbox landlock=off");
		return s;
	}
	err = landlock_open(s);
	if (err == EMFILE || err == ENFILE)
		s->err = err;
	else if (err != 0)
		return without(s, err);
	if (s->err == 0) {
		sandbox_each_common(allow_common, s);
		sandbox_each_own(c, allow_own, s);
	}
	if (s->err == 0) {
		err = landlock_enter(s);
		if (err != 0) /* too many around it */
			return without(s, err);
		log_info("event=sandbox landlock=%d rules=%zu", s->abi, s->count);
		return s;
	}
	log_error("event=not-started error=\"no sandbox can be made: %s\"", strerror(s->err));
	sandbox_free(s);
	return NULL;
}

void sandbox_free(struct sandbox *s)
{
	if (s == NULL)
		return;
	if (s->ruleset >= 0)
		close(s->ruleset);
	free(s->rule);
	free(s);
}

bool sandbox_confines(const struct sandbox *s)
{
	return s->abi > 0;
}

/* ---- a later configuration ----------------------------------------------------------------- */

struct covering {
	const struct sandbox *s;
	struct buf *errors;
	bool all;
};

static uint64_t rights_on(const struct sandbox *s, const char *path)
{
	struct stat st;
	uint64_t rights = 0;

	if (stat(path, &st) != 0)
		return 0;
	for (size_t i = 0; i < s->count; i++)
		if (s->rule[i].dev == st.st_dev && s->rule[i].ino == st.st_ino)
			rights |= s->rule[i].rights;
	return rights;
}

/* The kernel's own way: from what is reached up to the root. */
static bool covers(const struct sandbox *s, const struct sandbox_want *w)
{
	bool is_whole;
	char *path = sandbox_resolve(w->path, &is_whole);
	uint64_t have = 0;

	do
		have |= rights_on(s, path);
	while (sandbox_ascend(path));
	free(path);
	return (w->rights & s->handled & ~have) == 0;
}

/* What cannot change needs no look: it has its own error, and run_dir may be missing. */
static void cover_one(const struct sandbox_want *w, void *arg)
{
	struct covering *c = arg;

	if (w->place == PLACE_ITSELF || covers(c->s, w))
		return;
	c->all = false;
	buf_addf(c->errors,
	    "%s%s%s%s, %s, lies outside of what the daemon was confined to when it started: that "
	    "needs a restart\n",
	    w->what, w->name != NULL ? " '" : "", w->name != NULL ? w->name : "",
	    w->name != NULL ? "'" : "", w->path);
}

bool sandbox_covers(const struct sandbox *s, const struct conf *c, struct buf *errors)
{
	struct covering cover = { .s = s, .errors = errors, .all = true };

	if (sandbox_confines(s))
		sandbox_each_own(c, cover_one, &cover);
	return cover.all;
}
