/* sandbox_path: what may be reached, with which rights, and where the rule for it has to stand.
 *
 * A rule is tied to an inode and holds for all below it. Who is removed and made again, replaced by a
 * rename or mounted anew is another inode: only a rule above survives that. Nothing may be executed:
 * the daemon starts no programs. */
#include "edge/sandbox_int.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define READ_FILES LANDLOCK_ACCESS_FS_READ_FILE
#define READ_ALL (READ_FILES | LANDLOCK_ACCESS_FS_READ_DIR)
#define WRITE_FILES (LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_TRUNCATE)
#define MAKE_FILES (LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_REMOVE_FILE)
#define MAKE_DIRS (LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_REMOVE_DIR)

#define STATE_RIGHTS (READ_ALL | WRITE_FILES | MAKE_FILES)
#define RUN_RIGHTS (STATE_RIGHTS | LANDLOCK_ACCESS_FS_MAKE_SOCK)
/* What has taken an input's name may be anything that a user can make: it is put back by a rename,
 * for which the kernel wants the right to make such a thing. */
#define STRANGER_RIGHTS                                                                            \
	(LANDLOCK_ACCESS_FS_MAKE_SYM | LANDLOCK_ACCESS_FS_MAKE_FIFO | LANDLOCK_ACCESS_FS_MAKE_SOCK)
#define SPOOL_RIGHTS                                                                               \
	(READ_ALL | WRITE_FILES | MAKE_FILES | MAKE_DIRS | STRANGER_RIGHTS |                       \
	    LANDLOCK_ACCESS_FS_REFER)
#define EXPORT_RIGHTS (MAKE_FILES | WRITE_FILES)
#define TARGET_RIGHTS (LANDLOCK_ACCESS_FS_READ_DIR | MAKE_FILES | LANDLOCK_ACCESS_FS_REFER)

typedef void want_fn(const struct sandbox_want *w, void *arg);

static void want(const char *what, const char *name, const char *path, uint64_t rights,
    enum sandbox_place place, want_fn *fn, void *arg)
{
	const struct sandbox_want w = {
		.what = what, .name = name, .path = path, .rights = rights, .place = place
	};

	if (path != NULL)
		fn(&w, arg);
}

/* ---- what the configuration names ---------------------------------------------------------- */

static void each_of_endpoint(const struct conf_endpoint *e, want_fn *fn, void *arg)
{
	if (e->password_file != NULL && strncmp(e->password_file, "cred:", 5) != 0)
		want("the password of endpoint", e->name, e->password_file, READ_FILES,
		    PLACE_PARENT, fn, arg);
	want("the ca_file of endpoint", e->name, e->ca_file, READ_FILES, PLACE_PARENT, fn, arg);
}

/* A target that is not absolute lies in its spool. */
static void each_of_spool(const struct conf_spool *s, want_fn *fn, void *arg)
{
	want("spool", s->name, s->path, SPOOL_RIGHTS, PLACE_MOUNT, fn, arg);
	if (s->move_to != NULL && s->move_to[0] == '/')
		want("the target of spool", s->name, s->move_to, TARGET_RIGHTS, PLACE_MOUNT, fn,
		    arg);
	want("the modules of spool", s->name, s->modules, READ_ALL, PLACE_MOUNT, fn, arg);
}

void sandbox_each_own(const struct conf *c, want_fn *fn, void *arg)
{
	want("state_dir", NULL, c->state_dir, STATE_RIGHTS, PLACE_ITSELF, fn, arg);
	want("run_dir", NULL, c->run_dir, RUN_RIGHTS, PLACE_ITSELF, fn, arg);
	want("metrics_file", NULL, c->metrics_file, EXPORT_RIGHTS, PLACE_PARENT, fn, arg);
	want("status_dir", NULL, c->status_dir, EXPORT_RIGHTS, PLACE_MOUNT, fn, arg);
	for (size_t i = 0; i < c->source_count; i++)
		want("the configuration", NULL, c->source[i], READ_FILES, PLACE_PARENT, fn, arg);
	if (c->runner_code != NULL)
		want("the runner", NULL, c->runner, READ_FILES, PLACE_PARENT, fn, arg);
	for (size_t i = 0; i < c->endpoint_count; i++)
		if (!c->endpoint[i].removed)
			each_of_endpoint(&c->endpoint[i], fn, arg);
	for (size_t i = 0; i < c->spool_count; i++)
		if (!c->spool[i].removed)
			each_of_spool(&c->spool[i], fn, arg);
}

#if defined(__SANITIZE_ADDRESS__)
#define HAS_SANITIZER 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define HAS_SANITIZER 1
#endif
#endif

/* ---- what any process needs ---------------------------------------------------------------- */

/* /run as a whole: resolv.conf may lie in it, and what answers for hosts and users; services make
 * their directories in it anew when they start. */
void sandbox_each_common(want_fn *fn, void *arg)
{
	static const char *const read_only[] = {
		"/etc",
		"/usr",
		"/lib",
		"/lib32",
		"/lib64",
		"/libx32",
		"/run",
		"/var/lib/sss",
		"/var/lib/extrausers",
		"/var/lib/ca-certificates",
		"/proc/self/uid_map", /* who is hidden: base/userns */
		"/proc/self/gid_map",
#if defined(HAS_SANITIZER)
		"/proc", /* the search for leaks */
#endif
		"/dev/urandom",
		"/dev/random"
	};
	/* systemd.exec(5), SSL_CTX_set_default_verify_paths(3) */
	static const char *const variable[] = { "CREDENTIALS_DIRECTORY", "SSL_CERT_FILE",
		"SSL_CERT_DIR" };

	for (size_t i = 0; i < ARRAY_LEN(read_only); i++)
		want("the system", NULL, read_only[i], READ_ALL, PLACE_ITSELF, fn, arg);
	for (size_t i = 0; i < ARRAY_LEN(variable); i++)
		want(variable[i], NULL, getenv(variable[i]), READ_ALL, PLACE_ITSELF, fn, arg);
	want("the system", NULL, "/dev/null", READ_FILES | WRITE_FILES, PLACE_ITSELF, fn, arg);
}

/* ---- where the rule stands ----------------------------------------------------------------- */

static bool is_root(const char *path)
{
	return str_eq(path, "/");
}

bool sandbox_ascend(char *path)
{
	char *slash = strrchr(path, '/');

	assert(slash != NULL);
	if (is_root(path))
		return false;
	slash[slash == path] = '\0';
	return true;
}

/* Without its last component; what is relative begins here. */
static void shorten(char **path)
{
	char *slash = strrchr(*path, '/');

	if (slash == NULL) {
		free(*path);
		*path = xstrdup(".");
	} else {
		slash[slash == *path] = '\0';
	}
}

char *sandbox_resolve(const char *path, bool *is_whole)
{
	char *part = xstrdup(path);
	char *real = realpath(part, NULL);

	*is_whole = real != NULL;
	while (real == NULL && !is_root(part) && !str_eq(part, ".")) {
		shorten(&part);
		real = realpath(part, NULL);
	}
	free(part);
	return real != NULL ? real : xstrdup("/");
}

static dev_t device_of(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 ? st.st_dev : 0;
}

/* The directory that holds the uppermost mount on the way to dir, as long as it is not the root: a
 * file system that is mounted again is another one. */
static void climb_over_mounts(char *dir)
{
	char *at = xstrdup(dir);
	size_t keep = strlen(dir);
	dev_t below = device_of(at);

	while (sandbox_ascend(at) && !is_root(at)) {
		dev_t here = device_of(at);
		if (here != below)
			keep = strlen(at);
		below = here;
	}
	dir[keep] = '\0';
	free(at);
}

char *sandbox_anchor(const char *path, enum sandbox_place place)
{
	bool is_whole;
	char *real = sandbox_resolve(path, &is_whole);
	char *dir = xstrdup(real);

	if (place == PLACE_ITSELF && !is_whole)
		*dir = '\0';
	else if (place == PLACE_MOUNT || (place == PLACE_PARENT && is_whole))
		(void)sandbox_ascend(dir); /* what is not there may come by a mount, too */
	if (place == PLACE_MOUNT && is_root(dir) && !is_whole)
		(void)snprintf(dir, strlen(real) + 1, "%s", real);
	if (place == PLACE_MOUNT && !is_root(dir))
		climb_over_mounts(dir);
	/* Right below the root only the thing itself is left, if it is there. */
	if (is_root(dir)) {
		free(dir);
		dir = xstrdup(is_whole && !is_root(real) ? real : "");
	}
	free(real);
	if (*dir != '\0')
		return dir;
	free(dir);
	return NULL;
}
