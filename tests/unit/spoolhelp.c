/* spoolhelp: spools in a temporary directory, and what they report as lines of text. */
#include "spoolhelp.h"

#include "base/log.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/securebits.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <unistd.h>

#define TRACE_BYTES_MAX (64 << 20)

static int count_fds(void)
{
	DIR *list = opendir("/proc/self/fd");
	int n = 0;

	ck_assert_ptr_nonnull(list);
	while (readdir(list) != NULL)
		n++;
	closedir(list);
	return n;
}

static void keep_line(enum log_level level, const char *line, void *arg)
{
	struct world *w = arg;

	(void)level;
	buf_addf(&w->log, "%s\n", line);
}

void world_open(struct world *w, size_t spools)
{
	static const char *const letter[WORLD_SPOOLS] = { "a", "b", "c" };

	ck_assert_uint_le(spools, WORLD_SPOOLS);
	memset(w, 0, sizeof(*w));
	w->fds = count_fds();
	buf_init(&w->trace, TRACE_BYTES_MAX);
	buf_init(&w->log, TRACE_BYTES_MAX);
	log_set_sink(keep_line, w);
	evq_init(&w->q);
	w->dir = help_tmpdir();
	for (size_t i = 0; i < spools; i++) {
		w->path[i] = help_path(w->dir, letter[i]);
		ck_assert_int_eq(mkdir(w->path[i], 0755), 0);
		w->spool[i].name = xasprintf("s%zu", i);
		w->spool[i].path = w->path[i];
	}
	w->a = w->path[0];
	w->conf.spool = w->spool;
	w->conf.spool_count = spools;
	w->s = spools_new();
	ck_assert_ptr_nonnull(w->s);
	ck_assert_int_eq(spools_conf(w->s, &w->conf), 0);
}

void world_close(struct world *w)
{
	spools_free(w->s);
	ck_assert_int_eq(count_fds(), w->fds);
	world_take(w);
	evq_fini(&w->q);
	log_set_sink(NULL, NULL);
	help_rmtree(w->dir);
	for (size_t i = 0; i < w->conf.spool_count; i++) {
		free(w->path[i]);
		free(w->spool[i].name);
	}
	buf_fini(&w->trace);
	buf_fini(&w->log);
	free(w->dir);
}

static void take_name(struct world *w, const struct ev_name *ev)
{
	static const char *const cause[] = { "scan", "created", "closed", "moved", "gone" };

	buf_addf(&w->trace, "%zu %s %s\n", ev->spool, cause[ev->cause], ev->name);
}

static void take_scan(struct world *w, const struct ev_scan *ev)
{
	static const char *const phase[] = { "BEGUN", "ENDED", "FAILED" };

	buf_addf(&w->trace, "%zu %s", ev->spool, phase[ev->phase]);
	if (ev->err != 0)
		buf_addf(&w->trace, " %s", strerrorname_np(ev->err));
	if (ev->phase == SCAN_BEGUN && ev->gone_ino != 0)
		buf_addf(
		    &w->trace, " after %ju %ju", (uintmax_t)ev->gone_dev, (uintmax_t)ev->gone_ino);
	buf_addf(&w->trace, "%s\n", ev->lost ? " lost" : "");
}

void world_take(struct world *w)
{
	const struct event *ev;

	while ((ev = evq_next(&w->q)) != NULL) {
		if (ev->type == EV_NAME)
			take_name(w, &ev->u.name);
		else if (ev->type == EV_SCAN)
			take_scan(w, &ev->u.scan);
	}
	evq_done(&w->q);
	ck_assert(!w->trace.full);
}

const char *world_pump(struct world *w)
{
	bool more;

	do {
		more = spools_pump(w->s, &w->q);
		world_take(w);
	} while (more);
	return w->trace.data != NULL ? w->trace.data : "";
}

const char *world_scan(struct world *w, size_t spool)
{
	world_forget(w);
	spools_scan(w->s, spool, &w->q);
	return world_pump(w);
}

void world_forget(struct world *w)
{
	buf_reset(&w->trace);
	buf_reset(&w->log);
}

const char *world_log(const struct world *w)
{
	return w->log.data != NULL ? w->log.data : "";
}

size_t count_of(const char *text, const char *part)
{
	size_t n = 0;

	if (text == NULL)
		return 0;
	while ((text = strstr(text, part)) != NULL) {
		text += strlen(part);
		n++;
	}
	return n;
}

const char *at(const struct world *w, const char *path)
{
	static char ring[4][4096];
	static size_t next;
	char *out = ring[next++ % ARRAY_LEN(ring)];

	ck_assert_int_lt(snprintf(out, sizeof(ring[0]), "%s/%s", w->dir, path), sizeof(ring[0]));
	return out;
}

void put_text(const struct world *w, const char *path, const char *text)
{
	help_write_file(at(w, path), text, strlen(text));
}

void check_text(const struct world *w, const char *path, const char *text)
{
	char *found = help_read_file(at(w, path), NULL);

	ck_assert_str_eq(found, text);
	free(found);
}

bool exists(const struct world *w, const char *path)
{
	struct stat st;

	return lstat(at(w, path), &st) == 0;
}

struct stat stat_of(const struct world *w, const char *path)
{
	struct stat st;

	if (lstat(at(w, path), &st) == -1)
		ck_abort_msg("lstat %s: %s", path, strerror(errno));
	return st;
}

struct ident ident_of(const struct world *w, const char *path)
{
	struct stat st = stat_of(w, path);

	return (struct ident){
		.dev = st.st_dev,
		.ino = st.st_ino,
		.size = st.st_size,
		.mtime_ns = st.st_mtim.tv_sec * INT64_C(1000000000) + st.st_mtim.tv_nsec,
		.ctime_ns = st.st_ctim.tv_sec * INT64_C(1000000000) + st.st_ctim.tv_nsec,
		.uid = st.st_uid,
		.gid = st.st_gid,
		.mode = st.st_mode,
		.nlink = (uint32_t)st.st_nlink,
	};
}

bool skip(const char *why)
{
	printf("skipped: %s\n", why);
	fflush(stdout); /* a forked test ends without it */
	return true;
}

uint64_t somebody_takes(const struct world *w, const char *path, int how)
{
	char in[300];

	switch (how) {
	case 0:
		put_text(w, path, "theirs, and longer than what comes");
		break;
	case 1:
		ck_assert_int_eq(symlink("/nowhere", at(w, path)), 0);
		break;
	case 2:
		ck_assert_int_eq(mkfifo(at(w, path), 0600), 0);
		break;
	case 3:
	case 4:
		ck_assert_int_eq(mkdir(at(w, path), 0700), 0);
		snprintf(in, sizeof(in), "%s/in", path);
		if (how == 4)
			put_text(w, in, "theirs");
		break;
	default:
		ck_abort();
	}
	ck_assert_int_eq(lchown(at(w, path), 4321, 4321), 0);
	return stat_of(w, path).st_ino;
}

uint64_t remove_set_aside(const struct world *w, const char *name)
{
	DIR *list = opendir(w->a);
	const struct dirent *entry;
	size_t n = strlen(name);
	char path[300];
	uint64_t ino = 0;

	ck_assert_ptr_nonnull(list);
	while (ino == 0 && (entry = readdir(list)) != NULL) {
		if (strncmp(entry->d_name, name, n) != 0 || entry->d_name[n] != '.')
			continue;
		snprintf(path, sizeof(path), "a/%s", entry->d_name);
		ino = stat_of(w, path).st_ino;
		help_rmtree(at(w, path));
	}
	closedir(list);
	return ino;
}

bool skip_unless_root(void)
{
	return geteuid() != 0 && skip("only root can set this up");
}

bool skip_unless_forked(void)
{
	const char *fork = getenv("CK_FORK");

	return str_eq(fork, "no") && skip("it changes the process for good (CK_FORK=no)");
}

bool make_as(uid_t uid)
{
	if (skip_unless_root() || skip_unless_forked())
		return false;
	/* Else its rights would go with it. */
	if (prctl(PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP, 0, 0, 0) == -1)
		return !skip(strerror(errno));
	(void)setfsuid(uid);
	return true;
}

bool mount_tmpfs(const char *path, const char *options)
{
	if (unshare(CLONE_NEWNS) == -1 ||
	    mount("none", "/", "none", MS_REC | MS_PRIVATE, NULL) == -1 ||
	    mount("tmpfs", path, "tmpfs", 0, options) == -1)
		return !skip(strerror(errno));
	return true;
}
