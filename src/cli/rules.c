/* rules: what keeps a file from being picked up, as far as it can be seen without the daemon. */
#include "cli/rules.h"
#include "cli/ask.h"
#include "cli/clock.h"
#include "cli/spot.h"
#include "cli/submit.h"
#include "core/source.h"
#include "core/text.h"
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define GROUPS_MAX 1024

/* A file under the rules. */
struct case_of {
	const struct conf *conf;
	const char *path;
	const char *name; /* the last part of the path */
	struct stat st;
	bool there;
	size_t at; /* its spool */
	const struct conf_spool *spool;
	enum kind kind;
	bool code; /* its name is that of code */
	json_t *lines;
	char *first; /* what keeps it, the first such */
};

static void rule(struct case_of *c, const char *name, bool holds, char *setting, char *message)
{
	json_t *line = json_object();

	text_put(line, "type", text_json("rule"));
	text_put(line, "rule", text_json(name));
	text_put(line, "holds", holds ? json_true() : json_false());
	text_put(line, "message", text_json(message));
	if (setting != NULL && !holds)
		text_put(line, "setting", text_json(setting));
	text_append(c->lines, line);
	if (!holds && c->first == NULL)
		c->first = xstrdup(message);
	free(setting);
	free(message);
}

static char *setting_of(const struct case_of *c, const char *name)
{
	return xasprintf("spool.%s.%s", c->spool->name, name);
}

/* ---- the name -------------------------------------------------------------------------------- */

static bool ends_in(const char *name, const char *const *suffix)
{
	while (*suffix != NULL && !str_ends_with(name, *suffix))
		suffix++;
	return *suffix != NULL;
}

/* Whether it is foo.py.out, foo.py.1.png and so on: what is in front of the end is code's name. */
static bool is_result(const char *name)
{
	static const char *const end[] = { ".out", ".err", ".csv", ".json", ".html", ".png",
		".files", NULL };
	enum kind kind;
	size_t stem;

	if (!ends_in(name, end))
		return false;
	char *front = xstrndup(name, (size_t)(strrchr(name, '.') - name));
	char *dot = strrchr(front, '.');
	bool is = source_classify(front, &kind, &stem) == NAME_CODE;
	if (!is && dot != NULL && dot[1] != '\0' &&
	    dot[1 + strspn(dot + 1, "0123456789")] == '\0') {
		*dot = '\0';
		is = source_classify(front, &kind, &stem) == NAME_CODE;
	}
	free(front);
	return is;
}

static char *why_ignored(const char *name, enum name_class class)
{
	static const char *const leavings[] = { "~", ".swp", ".swx", ".bak", ".tmp", ".part",
		".orig", ".rej", ".partial", ".filepart", ".crdownload", NULL };

	if (class == NAME_MARKER)
		return xstrdup("its name is a marker's, which says that another file is complete");
	if (name[0] == '.')
		return xstrdup(
		    "its name begins with a dot: hidden files are left alone; rename it");
	if (name[0] == '#' || ends_in(name, leavings))
		return xstrdup(
		    "its name is one that editors and copying programs leave behind; rename "
		    "it when it is complete");
	if (is_result(name))
		return xstrdup("its name is a result's: results never run");
	return xstrdup("its suffix is not one that runs: .py, .sql, .scala, .R or .r (case "
		       "counts); rename it");
}

static void look_at_name(struct case_of *c)
{
	size_t stem;
	enum name_class class = source_classify(c->name, &c->kind, &stem);

	c->code = class == NAME_CODE;
	rule(c, "name", c->code, NULL,
	    c->code ? xasprintf("its suffix says that it is %s", spot_suffix(c->kind) + 1)
		    : why_ignored(c->name, class));
	if (c->code && !source_name_fits(c->name))
		rule(c, "name-length", false, NULL,
		    xstrdup("its name is too long for the names of its results; shorten it"));
}

/* ---- the place ------------------------------------------------------------------------------- */

static void look_at_place(struct case_of *c)
{
	char *dir = xstrndup(c->path, (size_t)(c->name - c->path));

	c->at = spot_of_dir(c->conf, dir);
	bool in = c->at < c->conf->spool_count;
	c->spool = in ? &c->conf->spool[c->at] : NULL;
	rule(c, "spool", in, xstrdup("spool.NAME.path"),
	    in ? xasprintf("it lies in spool %s", c->spool->name)
	       : xasprintf("%s is no spool's directory, and what lies below one does not count; "
			   "'sparkspool "
			   "submit' copies it into a spool",
		     dir));
	free(dir);
}

static void look_at_kind(struct case_of *c)
{
	const struct conf_pool *pool = &c->conf->pool[c->spool->pool];
	bool served = pool->warm[c->kind] >= 0;

	rule(c, "served", served, xasprintf("pool.%s.warm.%s", pool->name, spot_word(c->kind)),
	    xasprintf(served ? "pool %s runs %s files" : "pool %s does not run %s files",
		pool->name, spot_suffix(c->kind)));
}

/* ---- the file -------------------------------------------------------------------------------- */

static const char *type_of(mode_t mode)
{
	if (S_ISLNK(mode))
		return "a symbolic link";
	if (S_ISDIR(mode))
		return "a directory";
	return S_ISREG(mode) ? NULL : "no regular file";
}

static void look_at_type(struct case_of *c)
{
	const char *type = type_of(c->st.st_mode);
	bool good = type == NULL && c->st.st_nlink == 1;

	rule(c, "type", good, NULL,
	    good ? xstrdup("it is a regular file of one name")
	    : type != NULL
		? xasprintf("it is %s, and such never run; copy the file itself", type)
		: xasprintf("it is a hard link, one of %ju names, and such never run; copy it",
		      (uintmax_t)c->st.st_nlink));
}

/* Whose state_dir it is, as that one the daemon runs. False when that is not known. */
static bool can_read(const struct case_of *c, bool *can, char **who)
{
	struct stat dir;
	gid_t groups[GROUPS_MAX];
	int n = GROUPS_MAX;

	if (stat(c->conf->state_dir, &dir) != 0)
		return false;
	const struct passwd *pw = getpwuid(dir.st_uid);
	*who = pw != NULL ? xstrdup(pw->pw_name) : xasprintf("user %u", (unsigned)dir.st_uid);
	*can = dir.st_uid == 0 || (c->st.st_mode & S_IROTH) != 0;
	if (c->st.st_uid == dir.st_uid)
		*can = dir.st_uid == 0 || (c->st.st_mode & S_IRUSR) != 0;
	else if (pw != NULL && getgrouplist(pw->pw_name, pw->pw_gid, groups, &n) >= 0) {
		for (int i = 0; i < n; i++)
			*can =
			    *can || (groups[i] == c->st.st_gid && (c->st.st_mode & S_IRGRP) != 0);
	}
	return true;
}

static void look_at_rights(struct case_of *c)
{
	const char *proxy = c->conf->pool[c->spool->pool].session.proxy_user;
	char *who = NULL;
	bool can;

	if (can_read(c, &can, &who))
		rule(c, "readable", can, NULL,
		    can ? xasprintf("the daemon (%s) can read it", who)
			: xasprintf("the daemon (%s) cannot read it (mode %04o); chmod g+r it in a "
				    "directory "
				    "of a group of both, or chmod o+r",
			      who, (unsigned)c->st.st_mode & 07777));
	free(who);
	if (str_eq(proxy, "%owner") && (c->st.st_mode & 022) != 0)
		rule(c, "private", false,
		    xasprintf("pool.%s.session.proxyUser", c->conf->pool[c->spool->pool].name),
		    xstrdup("it runs as its owner, and its group or others may write it; chmod "
			    "go-w it"));
}

static void look_at_bytes(struct case_of *c)
{
	struct buf text;
	int fd = open(c->path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);

	if (fd == -1)
		return;
	buf_init(&text, SUBMIT_BYTES_MAX);
	int err = submit_read(fd, &text);
	char *why = err != 0 ? xasprintf("it cannot be read: %s", strerror(err))
			     : submit_judge(c->conf, c->at, c->kind, text.data, text.len);
	bool good = why == NULL;
	rule(c, "content", good, NULL, good ? xstrdup("nothing in it would be rejected") : why);
	buf_fini(&text);
	close(fd);
}

/* ---- whether it is complete ------------------------------------------------------------------ */

static void look_at_marker(struct case_of *c)
{
	char *marker = xasprintf("%s.ready", c->path);
	struct stat st;
	bool there = lstat(marker, &st) == 0;

	/* The daemon removes it when it has read the file. */
	rule(c, "ready", there, setting_of(c, "ready"),
	    there ? xstrdup("its marker says that it is complete")
		  : xasprintf("its marker is missing: 'touch %s.ready' says that it is complete",
			c->name));
	free(marker);
}

static void look_at_ready(struct case_of *c)
{
	int64_t quiet = clock_real_ms() - (int64_t)c->st.st_mtim.tv_sec * 1000;
	char since[CLOCK_SPAN_LEN];
	char wanted[CLOCK_SPAN_LEN];

	if (c->spool->ready == READY_MARKER) {
		look_at_marker(c);
	} else if (c->spool->ready == READY_SETTLE) {
		bool good = quiet >= c->spool->settle_ms;
		rule(c, "ready", good, setting_of(c, "settle"),
		    xasprintf("it was written %s ago; it is complete when it has been quiet for %s",
			clock_span(quiet, since), clock_span(c->spool->settle_ms, wanted)));
	}
}

/* A record is younger than what it tells of; a file that is younger has been changed since. */
static bool has_run(const struct case_of *c, char **status)
{
	char *path = xasprintf("%s.json", c->path);
	struct stat st;
	json_error_t e;

	bool has = stat(path, &st) == 0 && st.st_mtim.tv_sec >= c->st.st_mtim.tv_sec;
	json_t *record = has ? json_load_file(path, JSON_ALLOW_NUL, &e) : NULL;
	const char *word = ask_text(record, "status");
	if (has)
		*status = xstrdup(word == NULL ? "a status that cannot be read" : word);
	json_decref(record);
	free(path);
	return has;
}

static void look_at_record(struct case_of *c)
{
	char *status = NULL;

	if (!has_run(c, &status))
		return;
	rule(c, "new", false, NULL,
	    xasprintf("it has run, with the status %s; it runs again when it is changed, or by "
		      "'sparkspool rerun'",
		status));
	free(status);
}

/* ---- all ------------------------------------------------------------------------------------- */

static void look_at_file(struct case_of *c)
{
	look_at_kind(c);
	look_at_type(c);
	if (!S_ISREG(c->st.st_mode))
		return;
	look_at_rights(c);
	look_at_bytes(c);
	look_at_record(c);
	if (c->first == NULL)
		look_at_ready(c);
}

json_t *rules_of(const struct conf *conf, const char *path)
{
	struct case_of c = { .conf = conf, .path = path, .lines = json_array() };

	c.name = strrchr(path, '/') + 1;
	c.there = lstat(path, &c.st) == 0;
	rule(&c, "there", c.there, NULL,
	    c.there ? xstrdup("it is there") : xasprintf("it cannot be seen: %s", strerror(errno)));
	look_at_place(&c);
	look_at_name(&c);
	if (c.there && c.spool != NULL && c.code)
		look_at_file(&c);
	json_t *line = json_object();
	text_put(line, "type", text_json("verdict"));
	text_put(line, "message",
	    text_json(
		c.first != NULL
		    ? c.first
		    : "nothing keeps it; what the daemon alone knows (its queue, holds, pauses, "
		      "sessions) could"));
	text_append(c.lines, line);
	free(c.first);
	return c.lines;
}
