/* test_sandbox: what a process that has entered the sandbox can reach, and what it cannot. */
#include "help.h"

#include "base/log.h"
#include "edge/confload.h"
#include "edge/sandbox_int.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static char *top;

/* ---- a world: each thing in a directory of its own ------------------------------------------- */

static const char conf_text[] =
    "state_dir = \"%s/state\"; run_dir = \"%s/run\"; %s\n"
    "endpoint: { e: { url = \"http://127.0.0.1:1\"; auth = \"basic\"; user = \"u\";\n"
    "  password_file = \"%s/secret/password\"; ca_file = \"%s/ca/pem\"; }; };\n"
    "pool: { p: { warm: { spark = 0; }; }; };\n"
    "spool: { s: { path = \"%s/%s\"; pool = \"p\"; after = \"move:%s/targets/done\";\n"
    "  modules = \"%s/lib/modules\"; }; };\n";

static void put(const char *name)
{
	char *path = help_path(top, name);
	help_write_file(path, "text", 4);
	ck_assert_int_eq(chmod(path, 0600), 0);
	free(path);
}

static char *write_conf(const char *spool, const char *more)
{
	char *path = help_path(top, "conf/conf");
	char *text = xasprintf(conf_text, top, top, more, top, top, top, spool, top, top);
	help_write_file(path, text, strlen(text));
	free(text);
	return path;
}

static struct conf *load(const char *spool, const char *more)
{
	struct buf errors;
	char *path = write_conf(spool, more);
	buf_init(&errors, 65536);
	struct conf *c = conf_load(path, NULL, &errors);
	ck_assert_msg(c != NULL, "%s", errors.data);
	buf_fini(&errors);
	free(path);
	return c;
}

static void setup(void)
{
	static const char *const dirs[] = { "state", "run", "conf", "secret", "ca", "in",
		"in/spool", "targets", "targets/done", "lib", "lib/modules", "other", "other/dir" };
	static const char *const files[] = { "secret/password", "ca/pem", "in/spool/a.py",
		"in/spool/b.py", "targets/done/old", "lib/modules/m.py", "other/file", "other/gone",
		"state/ledger.db" };

	top = help_tmpdir();
	for (size_t i = 0; i < ARRAY_LEN(dirs); i++) {
		char *path = help_path(top, dirs[i]);
		ck_assert_int_eq(mkdir(path, 0700), 0);
		free(path);
	}
	for (size_t i = 0; i < ARRAY_LEN(files); i++)
		put(files[i]);
}

static void teardown(void)
{
	help_rmtree(top);
	free(top);
}

/* ---- attempts, as errnos --------------------------------------------------------------------- */

static int err_of(int rc)
{
	return rc == -1 ? errno : 0;
}

static int open_as(const char *path, int flags)
{
	int fd = open(path, flags | O_CLOEXEC, 0600);
	int err = err_of(fd);
	if (fd != -1)
		close(fd);
	return err;
}

static int try_read(const char *path)
{
	return open_as(path, O_RDONLY);
}

static int try_list(const char *path)
{
	return open_as(path, O_RDONLY | O_DIRECTORY);
}

static int try_write(const char *path)
{
	return open_as(path, O_WRONLY);
}

static int try_create(const char *path)
{
	return open_as(path, O_WRONLY | O_CREAT | O_EXCL);
}

static int try_truncate(const char *path)
{
	return err_of(truncate(path, 0));
}

static int try_unlink(const char *path)
{
	return err_of(unlink(path));
}

static int try_mkdir(const char *path)
{
	return err_of(mkdir(path, 0700));
}

static int try_rmdir(const char *path)
{
	return err_of(rmdir(path));
}

static int try_symlink(const char *path)
{
	return err_of(symlink("/etc/passwd", path));
}

static int try_fifo(const char *path)
{
	return err_of(mkfifo(path, 0600));
}

static int try_device(const char *path)
{
	return err_of(mknod(path, S_IFCHR | 0600, 0x103));
}

static int try_execute(const char *path)
{
	char *const args[] = { (char *)(uintptr_t)path, NULL };
	return err_of(execv(path, args));
}

/* Under another name, in the same directory. */
static int try_rename(const char *path)
{
	char *to = xasprintf("%s.new", path);
	int err = err_of(rename(path, to));
	free(to);
	return err;
}

/* What was in the spool, to path. */
static int try_move_to(const char *path)
{
	char *from = help_path(top, "in/spool/b.py");
	int err = err_of(rename(from, path));
	free(from);
	return err;
}

/* What is elsewhere becomes an input. */
static int try_link_in(const char *path)
{
	char *to = help_path(top, "in/spool/linked.py");
	int err = err_of(link(path, to));
	free(to);
	return err;
}

struct attempt {
	int (*fn)(const char *path);
	const char *path; /* in the world, or absolute */
	int err;	  /* 0: it must succeed; -1: it must not */
};

/* In order: later ones rely on those before. */
static const struct attempt attempts[] = {
	/* the spool */
	{ try_list, "in/spool", 0 },
	{ try_read, "in/spool/a.py", 0 },
	{ try_create, "in/spool/.out", 0 },
	{ try_rename, "in/spool/.out", 0 },
	{ try_write, "in/spool/.out.new", 0 },
	{ try_truncate, "in/spool/.out.new", 0 },
	{ try_mkdir, "in/spool/a.py.files", 0 },
	{ try_create, "in/spool/a.py.files/x", 0 },
	{ try_move_to, "in/spool/a.py.files/b", 0 },
	{ try_unlink, "in/spool/a.py.files/b", 0 },
	{ try_unlink, "in/spool/a.py.files/x", 0 },
	{ try_rmdir, "in/spool/a.py.files", 0 },
	/* ... strangers that have to be put back */
	{ try_symlink, "in/spool/stranger", 0 },
	{ try_rename, "in/spool/stranger", 0 },
	{ try_fifo, "in/spool/fifo", 0 },
	{ try_rename, "in/spool/fifo", 0 },
	{ try_device, "in/spool/device", EACCES },
	/* the target of a move */
	{ try_create, "in/spool/b.py", 0 },
	{ try_move_to, "targets/done/b.py", 0 },
	{ try_read, "targets/done/old", EACCES },
	{ try_write, "targets/done/old", EACCES },
	/* state_dir and run_dir */
	{ try_write, "state/ledger.db", 0 },
	{ try_create, "state/ledger.db-wal", 0 },
	{ try_unlink, "state/ledger.db-wal", 0 },
	{ try_mkdir, "state/dir", EACCES },
	{ try_symlink, "state/link", EACCES },
	{ try_create, "run/file", 0 },
	/* what is only read */
	{ try_read, "conf/conf", 0 },
	{ try_write, "conf/conf", EACCES },
	{ try_create, "conf/new", EACCES },
	{ try_read, "secret/password", 0 },
	{ try_write, "secret/password", EACCES },
	{ try_list, "secret", EACCES },
	{ try_read, "ca/pem", 0 },
	{ try_list, "lib/modules", 0 },
	{ try_read, "lib/modules/m.py", 0 },
	{ try_write, "lib/modules/m.py", EACCES },
	{ try_truncate, "lib/modules/m.py", EACCES },
	{ try_read, "/etc/passwd", 0 },
	{ try_create, "/etc/sparkspool-was-here", EACCES },
	{ try_create, "/usr/sparkspool-was-here", EACCES },
	{ try_write, "/dev/null", 0 },
	{ try_read, "/dev/urandom", 0 },
	{ try_read, "/proc/self/uid_map", 0 },
	{ try_read, "/proc/self/gid_map", 0 },
	/* all else */
	{ try_read, "other/file", EACCES },
	{ try_list, "other", EACCES },
	{ try_write, "other/file", EACCES },
	{ try_truncate, "other/file", EACCES },
	{ try_create, "other/new", EACCES },
	{ try_unlink, "other/gone", EACCES },
	{ try_rename, "other/file", EACCES },
	{ try_mkdir, "other/new", EACCES },
	{ try_rmdir, "other/dir", EACCES },
	{ try_symlink, "other/link", EACCES },
	{ try_create, "in/spool/b.py", 0 },
	{ try_move_to, "other/b.py", -1 },
	{ try_link_in, "other/file", -1 },
	{ try_list, "/", EACCES },
	{ try_list, "/var", EACCES },
#if !defined(__SANITIZE_ADDRESS__) /* which looks into /proc for leaks */
	{ try_read, "/proc/1/status", EACCES },
#endif
	{ try_execute, "/bin/true", EACCES },
};

/* Truncation is confined from ABI 3 on. */
static bool is_beyond(const struct attempt *a, int abi)
{
	return a->fn == try_truncate && a->err != 0 && abi < 3;
}

static bool holds(const struct attempt *a)
{
	char *path = a->path[0] == '/' ? xstrdup(a->path) : help_path(top, a->path);
	int err = a->fn(path);
	bool good = a->err == -1 ? err == EACCES || err == EXDEV : err == a->err;
	if (!good)
		fprintf(stderr, "attempt %td, %s: expected %d, not %d (%s)\n", a - attempts, path,
		    a->err, err, strerror(err));
	free(path);
	return good;
}

/* Whether this kernel confines at all; what is in the log is not of interest. */
static bool has_landlock(void)
{
	struct sandbox s = { .ruleset = -1 };
	int err = landlock_open(&s);
	if (err == 0)
		close(s.ruleset);
	else
		printf("left out: this kernel has no Landlock for us (%s)\n", strerror(err));
	return err == 0;
}

/* Runs fn in a process of its own, which is confined for ever. */
static void in_child(bool (*fn)(void))
{
	int status;
	fflush(NULL);
	pid_t pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		bool good = fn();
		fflush(NULL);
		_exit(good ? 0 : 1);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0, "status %#x", status);
}

static bool enter_and_try(void)
{
	struct conf *c = load("in/spool", "");
	struct sandbox *s = sandbox_enter(c);
	bool good = s != NULL && sandbox_confines(s);

	for (size_t i = 0; good && i < ARRAY_LEN(attempts); i++)
		if (!is_beyond(&attempts[i], s->abi))
			good = holds(&attempts[i]);
	sandbox_free(s);
	conf_free(c);
	return good;
}

START_TEST(what_is_not_named_is_out_of_reach)
{
	if (has_landlock())
		in_child(enter_and_try);
}
END_TEST

/* Without a sandbox none of it is refused, so the test before has seen the sandbox at work. */
START_TEST(else_all_of_it_is_in_reach)
{
	static const char *const at[] = { "other/file", "other/gone", "secret/password" };

	for (size_t i = 0; i < ARRAY_LEN(at); i++) {
		char *path = help_path(top, at[i]);
		ck_assert_int_eq(try_write(path), 0);
		ck_assert_int_eq(try_rename(path), 0);
		free(path);
	}
}
END_TEST

/* ---- spools that come and go ------------------------------------------------------------------- */

static bool write_into(const char *name)
{
	char *path = help_path(top, name);
	int err = try_create(path);
	if (err != 0)
		fprintf(stderr, "%s: %s\n", path, strerror(err));
	free(path);
	return err == 0;
}

static bool make_anew(void)
{
	char *spool = help_path(top, "in/spool");
	char *away = help_path(top, "in/away");
	struct conf *c = load("in/spool", "");
	struct sandbox *s = sandbox_enter(c);
	bool good = s != NULL && rename(spool, away) == 0 && mkdir(spool, 0700) == 0 &&
		    try_list(spool) == 0 && write_into("in/spool/x");

	sandbox_free(s);
	conf_free(c);
	free(away);
	free(spool);
	return good;
}

START_TEST(a_spool_that_is_made_anew_is_still_ours)
{
	in_child(make_anew);
}
END_TEST

/* Not even the directory above it is there: it may come with a mount. */
static bool come_later(void)
{
	char *above = help_path(top, "other/dir/deep");
	char *spool = help_path(top, "other/dir/deep/spool");
	struct conf *c = load("other/dir/deep/spool", "");
	struct sandbox *s = sandbox_enter(c);
	bool good = s != NULL && mkdir(above, 0700) == 0 && mkdir(spool, 0700) == 0 &&
		    write_into("other/dir/deep/spool/x");

	sandbox_free(s);
	conf_free(c);
	free(spool);
	free(above);
	return good;
}

START_TEST(a_spool_may_come_later)
{
	in_child(come_later);
}
END_TEST

static bool through_a_link(void)
{
	char *link = help_path(top, "conf/link");
	char *real = help_path(top, "in/spool");
	bool good = symlink(real, link) == 0;
	struct conf *c = load("conf/link", "");
	struct sandbox *s = sandbox_enter(c);

	good = good && s != NULL && try_list(link) == 0 && write_into("conf/link/x");
	sandbox_free(s);
	conf_free(c);
	free(real);
	free(link);
	return good;
}

START_TEST(a_spool_behind_a_link)
{
	in_child(through_a_link);
}
END_TEST

static void expect_anchor(const char *path, enum sandbox_place place, const char *where)
{
	char *anchor = sandbox_anchor(path, place);
	ck_assert_pstr_eq(anchor, where);
	free(anchor);
}

START_TEST(where_rules_stand)
{
	char *spool = help_path(top, "in/spool");
	char *in = help_path(top, "in");
	char *missing = help_path(top, "in/not/there");

	expect_anchor(spool, PLACE_ITSELF, spool);
	expect_anchor(spool, PLACE_PARENT, in);
	expect_anchor(spool, PLACE_MOUNT, in);
	expect_anchor(missing, PLACE_ITSELF, NULL);
	expect_anchor(missing, PLACE_PARENT, in);
	expect_anchor(missing, PLACE_MOUNT, top);
	/* Never the root: right below it only the thing itself. */
	expect_anchor("/etc", PLACE_PARENT, "/etc");
	expect_anchor("/etc", PLACE_MOUNT, "/etc");
	expect_anchor("/sparkspool-not-there", PLACE_PARENT, NULL);
	expect_anchor("/sparkspool-not-there", PLACE_MOUNT, NULL);
	expect_anchor("/", PLACE_PARENT, NULL);
	free(missing);
	free(in);
	free(spool);
}
END_TEST

/* ---- a reload ------------------------------------------------------------------------------------ */

static bool is_covered(const struct sandbox *s, const char *spool, const char *word)
{
	struct buf errors;
	struct conf *c = load(spool, "");
	buf_init(&errors, 65536);
	bool good = sandbox_covers(s, c, &errors) == (word == NULL) &&
		    (word == NULL || strstr(errors.data, word) != NULL);
	if (!good)
		fprintf(stderr, "%s: %s\n", spool, errors.data == NULL ? "covered" : errors.data);
	buf_fini(&errors);
	conf_free(c);
	return good;
}

static bool look_at_later_ones(void)
{
	struct conf *c = load("in/spool", "");
	/* Enters nothing: a later configuration has to be written here. */
	struct sandbox s = { .ruleset = -1 };
	char *path[] = { help_path(top, "in"), help_path(top, "conf"), help_path(top, "secret"),
		help_path(top, "ca"), help_path(top, "lib"), help_path(top, "targets") };
	bool good = landlock_open(&s) == 0;

	for (size_t i = 0; i < ARRAY_LEN(path); i++) {
		good = good && landlock_allow(&s, path[i], s.handled) == 0;
		free(path[i]);
	}
	good = good && is_covered(&s, "in/spool", NULL) && is_covered(&s, "in/second", NULL) &&
	       is_covered(&s, "in/deep/er", NULL) && is_covered(&s, "other/dir", "spool 's', ") &&
	       is_covered(&s, "other/not/there", "that needs a restart") &&
	       is_covered(&s, "state", "spool 's', ");
	close(s.ruleset);
	free(s.rule);
	conf_free(c);
	return good;
}

START_TEST(what_a_reload_may_name)
{
	if (has_landlock())
		in_child(look_at_later_ones);
}
END_TEST

/* ---- without ------------------------------------------------------------------------------------- */

static char said[4096];

static void hear(enum log_level level, const char *line, void *arg)
{
	(void)level;
	(void)arg;
	(void)snprintf(said, sizeof(said), "%s", line);
}

static bool reach_all(const char *more, const char *word)
{
	char *file = help_path(top, "other/file");
	struct conf *c = load("in/spool", more);
	log_set_sink(hear, NULL);
	struct sandbox *s = sandbox_enter(c);
	bool good = s != NULL && !sandbox_confines(s) && try_write(file) == 0 &&
		    sandbox_covers(s, c, NULL) && strstr(said, word) != NULL;

	if (!good)
		fprintf(stderr, "said: %s\n", said);
	sandbox_free(s);
	conf_free(c);
	free(file);
	return good;
}

static bool switched_off(void)
{
	return reach_all("landlock = false;", "event=sandbox landlock=off");
}

START_TEST(it_can_be_switched_off)
{
	in_child(switched_off);
}
END_TEST

/* A kernel without that call, as far as the process can tell. */
static bool forget_call(uint32_t number)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	const struct sock_fprog program = { .len = ARRAY_LEN(code), .filter = code };

	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
	       prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

static bool old_kernel(void)
{
	return forget_call(SYS_landlock_create_ruleset) &&
	       reach_all("", "event=sandbox landlock=none error=\"Function not");
}

START_TEST(an_old_kernel_is_said)
{
	in_child(old_kernel);
}
END_TEST

static bool no_limits(void)
{
	log_set_sink(hear, NULL);
	sandbox_keep_secrets();
	bool silent = said[0] == '\0';
	bool good = forget_call(SYS_prlimit64);
	sandbox_keep_secrets();
	return good && silent && strstr(said, "event=dumpable error=\"Function not") != NULL;
}

START_TEST(a_kernel_without_limits_is_said)
{
	in_child(no_limits);
}
END_TEST

/* ---- the limit on open files --------------------------------------------------------------------- */

static bool limit_files(rlim_t soft, rlim_t hard)
{
	const struct rlimit r = { soft, hard };
	return setrlimit(RLIMIT_NOFILE, &r) == 0;
}

static rlim_t limit_now(void)
{
	struct rlimit r = { 0, 0 };
	return getrlimit(RLIMIT_NOFILE, &r) == 0 ? r.rlim_cur : 0;
}

static bool raise_files(void)
{
	struct conf *c = load("in/spool", "");
	bool good;

	log_set_sink(hear, NULL);
	if (!limit_files(64, 1024)) { /* every system lets us have less */
		printf("left out: valgrind keeps the hard limit for itself\n");
		conf_free(c);
		return true;
	}
	sandbox_open_files(c);
	good = limit_now() > 256 && limit_now() < 1024 && said[0] == '\0';
	/* More than enough is left as it is. */
	good = good && limit_files(900, 1000);
	sandbox_open_files(c);
	good = good && limit_now() == 900;
	/* Too little, and nothing to be done. */
	good = good && limit_files(64, 128);
	sandbox_open_files(c);
	good = good && limit_now() == 128 && strstr(said, "LimitNOFILE=") != NULL;
	conf_free(c);
	return good;
}

START_TEST(the_limit_on_open_files_is_raised)
{
	in_child(raise_files);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("sandbox");
	TCase *tc = tcase_create("sandbox");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, what_is_not_named_is_out_of_reach);
	tcase_add_test(tc, else_all_of_it_is_in_reach);
	tcase_add_test(tc, a_spool_that_is_made_anew_is_still_ours);
	tcase_add_test(tc, a_spool_may_come_later);
	tcase_add_test(tc, a_spool_behind_a_link);
	tcase_add_test(tc, where_rules_stand);
	tcase_add_test(tc, what_a_reload_may_name);
	tcase_add_test(tc, it_can_be_switched_off);
	tcase_add_test(tc, an_old_kernel_is_said);
	tcase_add_test(tc, a_kernel_without_limits_is_said);
	tcase_add_test(tc, the_limit_on_open_files_is_raised);
	suite_add_tcase(s, tc);
	return help_run(s);
}
