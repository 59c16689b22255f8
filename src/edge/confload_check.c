/* confload_check: what settings must be to each other and to the machine. */
#include "edge/confload_check.h"
#include "edge/confload_entry.h"
#include "edge/confload_secret.h"
#include "edge/confload_url.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define RUN_MEMORY_MIN (64 * 1024 * 1024)

/* ---- endpoints ---- */

/* Basic authentication sends the password as good as readable. */
static void check_transport(
    const struct confread *r, const config_setting_t *group, const struct conf_endpoint *e)
{
	if (e->auth != AUTH_BASIC || e->insecure || e->url == NULL)
		return;
	if (!confurl_is_https(e->url) && !confurl_is_loopback(e->url))
		confread_error(r, confread_place(group, "url"),
		    "endpoint '%s' would send its password unencrypted to another machine; use "
		    "https://, or say insecure = true",
		    e->name);
}

/* A login of which half is missing, or one that nobody uses, is a slip: the server would only say
 * 401, at the first file and not here. An auth that is wrong in itself has its own error. */
static void check_login_parts(
    const struct confread *r, const config_setting_t *group, const struct conf_endpoint *e)
{
	static const char *const part[] = { "user", "password_file" };
	const config_setting_t *auth = confread_find(group, "auth");
	bool none = auth == NULL || str_eq(config_setting_get_string(auth), "none");

	for (size_t i = 0; i < ARRAY_LEN(part); i++) {
		const config_setting_t *s = confread_find(group, part[i]);
		if (e->auth == AUTH_BASIC && s == NULL)
			confread_error(r, confread_place(group, "auth"),
			    "endpoint '%s' has auth = \"basic\" and no %s; add it", e->name,
			    part[i]);
		else if (none && s != NULL)
			confread_error(r, s,
			    "endpoint '%s' has a %s that is not used; add auth = \"basic\" or "
			    "remove it",
			    e->name, part[i]);
	}
	if (e->user != NULL && strchr(e->user, ':') != NULL)
		confread_error(r, confread_place(group, "user"),
		    "endpoint '%s' has a user with a ':', which basic authentication cannot send",
		    e->name);
}

/* Once for each load: a password that changes on disk takes a reload. */
static void read_password(
    const struct confread *r, const config_setting_t *group, struct conf_endpoint *e)
{
	char *why;

	if (e->auth != AUTH_BASIC || e->password_file == NULL)
		return;
	if (r->purpose == PURPOSE_PEEK ||
	    (r->purpose == PURPOSE_CHECK && strncmp(e->password_file, "cred:", 5) == 0))
		return; /* the manager shows it to the service alone */
	e->password = confsecret_read(e->password_file, &why);
	if (e->password == NULL)
		confread_error(r, confread_place(group, "password_file"),
		    "the password of endpoint '%s': %s", e->name, why);
	free(why);
}

/* NULL, or why the file cannot be used; a static string. */
static const char *look_at_file(const char *path)
{
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	if (fd < 0)
		return strerror(errno);
	const char *why = NULL;
	if (fstat(fd, &st) != 0)
		why = strerror(errno);
	else if (!S_ISREG(st.st_mode))
		why = "not a regular file";
	close(fd);
	return why;
}

/* Otherwise each request would fail with a word about TLS only. */
static void check_ca_file(
    const struct confread *r, const config_setting_t *group, const struct conf_endpoint *e)
{
	const char *why = e->ca_file == NULL ? NULL : look_at_file(e->ca_file);

	if (why != NULL)
		confread_error(r, confread_place(group, "ca_file"),
		    "the ca_file of endpoint '%s', %s, cannot be read: %s", e->name, e->ca_file,
		    why);
}

static void check_endpoint(
    const struct confread *r, const config_setting_t *group, struct conf_endpoint *e)
{
	check_login_parts(r, group, e);
	check_transport(r, group, e);
	check_ca_file(r, group, e);
	read_password(r, group, e);
}

/* ---- pools ---- */

/* The kinds that a pool serves are those that it names; and there must be room for what it keeps
 * ready, or it would start sessions and give them back for ever. */
static void check_warm(
    const struct confread *r, const config_setting_t *group, const struct conf_pool *p)
{
	int kinds = 0;
	int sum = 0;

	for (int k = 0; k < KIND_COUNT; k++) {
		kinds += p->warm[k] >= 0;
		sum += p->warm[k] > 0 ? p->warm[k] : 0;
	}
	const config_setting_t *at = confread_find(group, "warm");
	/* What is in it but wrong has its own error. */
	if (kinds == 0 && (at == NULL || config_setting_length(at) == 0))
		confread_error(r, at != NULL ? at : group,
		    "pool '%s' serves no kind; name those that it serves, such as "
		    "warm: { pyspark = 1; sql = 0; };",
		    p->name);
	if (p->max > 0 && sum > p->max)
		confread_error(r, confread_place(group, "max"),
		    "pool '%s' keeps %d sessions warm, but max is %d; raise max or lower warm",
		    p->name, sum, p->max);
}

/* Sessions that run as a file's owner, and serve others' files too, would lend them his rights. */
static void check_owners(
    const struct confread *r, const config_setting_t *group, const struct conf_pool *p)
{
	if (p->owners == OWNERS_SHARED && str_eq(p->session.proxy_user, "%owner"))
		confread_error(r, confread_place(group, "owners"),
		    "pool '%s' has owners = \"shared\" and proxyUser = \"%%owner\": one would run "
		    "as another; remove one of them",
		    p->name);
}

/* ---- spools ---- */

/* A file that is moved to where it was would be found there, and run, for ever. What only looks
 * different, a link for instance, is not caught here. */
static void check_move_to(
    const struct confread *r, const config_setting_t *group, const struct conf_spool *s)
{
	const char *to = s->move_to;

	if (to == NULL || s->path == NULL)
		return;
	if (str_eq(to, s->path) || str_eq(to, ".") || str_eq(to, "./"))
		confread_error(r, confread_place(group, "after"),
		    "spool '%s' would move files to where they are; name another directory",
		    s->name);
}

/* A Python process with Spark's classes loaded is not much smaller than this. */
static void check_memory(
    const struct confread *r, const config_setting_t *group, const struct conf_pool *p)
{
	if (p->memory_bytes > 0 && p->memory_bytes < RUN_MEMORY_MIN)
		confread_error(r, confread_place(group, "memory"),
		    "pool '%s' gives a file too little memory to start; give it \"%dM\" or "
		    "more, or \"0\" for no limit",
		    p->name, RUN_MEMORY_MIN / (1024 * 1024));
}

void confcheck_entry(
    const struct confread *r, enum conf_scope scope, const config_setting_t *group, void *entry)
{
	if (scope == SCOPE_ENDPOINT) {
		check_endpoint(r, group, entry);
	} else if (scope == SCOPE_POOL) {
		check_warm(r, group, entry);
		check_owners(r, group, entry);
		check_memory(r, group, entry);
	} else {
		check_move_to(r, group, entry);
	}
}

/* ---- the whole ---- */

/* Two spools on one directory would each run every file. */
static void check_paths(const struct confread *r, const config_setting_t *root)
{
	const struct conf *c = r->conf;
	const config_setting_t *spools = confread_find(root, "spool");

	for (size_t i = 0; i < c->spool_count; i++) {
		for (size_t j = 0; j < i; j++) {
			const struct conf_spool *a = &c->spool[j], *b = &c->spool[i];
			if (a->removed || b->removed || a->path == NULL ||
			    !str_eq(a->path, b->path))
				continue;
			const config_setting_t *at = config_setting_get_member(spools, b->name);
			confread_error(r, confread_place(at, "path"),
			    "spools '%s' and '%s' have the same path %s; give each its own",
			    a->name, b->name, a->path);
		}
	}
}

/* Files are known by their spool's name: under another one all of them would run again. A restart takes them
 * along (edge/ledgerpaths). */
static void check_renamed(
    const struct confread *r, const config_setting_t *root, const struct conf *prev)
{
	const config_setting_t *spools = confread_find(root, "spool");

	for (size_t i = 0; i < r->conf->spool_count; i++) {
		const struct conf_spool *now = &r->conf->spool[i];
		/* Whoever else was there before, too: this one is known there. */
		bool stays = i < prev->spool_count && str_eq(prev->spool[i].path, now->path);
		for (size_t j = 0; j < prev->spool_count; j++) {
			if (now->removed || stays || !str_eq(prev->spool[j].path, now->path))
				continue;
			const config_setting_t *at = config_setting_get_member(spools, now->name);
			confread_error(r, confread_place(at, "path"),
			    "spool '%s' has the path %s, whose files are known as those of spool "
			    "'%s': that needs a restart",
			    now->name, now->path, prev->spool[j].name);
		}
	}
}

/* The ledger and the socket stay open under their old names for as long as the daemon lives. */
static void check_unchanged(const struct confread *r, const config_setting_t *root,
    const char *name, const char *before, const char *now)
{
	if (now != NULL && !str_eq(before, now))
		confread_error(r, confread_place(root, name),
		    "setting '%s' was %s and cannot change while the daemon runs: that needs a "
		    "restart",
		    name, before);
}

/* What a process has denied itself it never gets back. */
static void check_landlock(
    const struct confread *r, const config_setting_t *root, bool before, bool now)
{
	if (before != now)
		confread_error(r, confread_place(root, "landlock"),
		    "setting 'landlock' was %s and cannot change while the daemon runs: that needs "
		    "a restart",
		    before ? "true" : "false");
}

/* A daemon without one of them could do nothing at all. */
static void check_present(
    const struct confread *r, const config_setting_t *root, enum conf_scope scope)
{
	const char *word = conftable_word(scope);
	const config_setting_t *s = confread_find(root, word);

	/* What is not a group has its own error. */
	if (s == NULL || (config_setting_is_group(s) && config_setting_length(s) == 0))
		confread_error(r, s != NULL ? s : root,
		    "there is no %s; add at least one, as %s: { NAME: { ... }; };", word, word);
}

void confcheck_whole(
    const struct confread *r, const config_setting_t *root, const struct conf *prev)
{
	for (enum conf_scope scope = SCOPE_ENDPOINT; scope < SCOPE_COUNT; scope++)
		check_present(r, root, scope);
	check_paths(r, root);
	if (prev != NULL) {
		check_unchanged(r, root, "state_dir", prev->state_dir, r->conf->state_dir);
		check_unchanged(r, root, "run_dir", prev->run_dir, r->conf->run_dir);
		check_renamed(r, root, prev);
		check_landlock(r, root, prev->landlock, r->conf->landlock);
	}
}
