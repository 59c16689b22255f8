/* test_secret: the real daemon, and the command line, with a password, on a server that wants it: where
 * does the password show? */
#include "help.h"

#include "base/buf.h"
#include "edge/sandbox.h"
#include "httpd.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define USER "livy-user"
#define PASSWORD "Zq7-never-to-be-seen"
#define BASIC "bGl2eS11c2VyOlpxNy1uZXZlci10by1iZS1zZWVu" /* of both */
#define PART "bmV2ZXItdG8tYmUtc2Vlb"			 /* of that, wherever it begins */

static char *dir;
static struct httpd *server;
static pid_t daemon_pid;

/* ---- a server with one session ----------------------------------------------------------------- */

static char *reply(int status, const char *body, size_t *bytes)
{
	char *text = httpd_answer(status, body);
	*bytes = strlen(text);
	return text;
}

/* It is not content, and says of whom it speaks. */
static char *echo(const struct httpd_request *rq, size_t *bytes)
{
	const char *line = strstr(rq->head, "Authorization: ");
	char *body = xasprintf("{\"msg\":\"400 for '%.*s', password " PASSWORD ", of "
			       "\\\"x\\\" event=forged\"}",
	    line == NULL ? 0 : (int)strcspn(line, "\r"), line == NULL ? "" : line);
	char *text = xasprintf("HTTP/1.1 400 Bad\r\nContent-Type: application/json\r\n%.*s\r\n"
			       "Content-Length: %zu\r\n\r\n%s",
	    line == NULL ? 0 : (int)strcspn(line, "\r"), line == NULL ? "" : line, strlen(body),
	    body);

	*bytes = strlen(text);
	free(body);
	return text;
}

/* It prints what is in the quotation marks of println("..."): all code here is that. */
static char *statement(const struct httpd_request *rq, size_t *bytes)
{
	const char *from = strstr(rq->body, "(\\\"");
	const char *end = from == NULL ? NULL : strstr(from + 3, "\\\"");
	bool first = strstr(rq->body, "hello") == NULL;
	char *body = xasprintf("{\"id\":%d,\"state\":\"available\",\"output\":{\"status\":\"ok\","
			       "\"execution_count\":0,\"data\":{\"text/plain\":\"%.*s\"}}}",
	    first ? 0 : 1, from == NULL ? 0 : (int)(end - from - 3), from == NULL ? "" : from + 3);
	char *text = reply(201, body, bytes);
	free(body);
	return text;
}

static char *answer(const struct httpd_request *rq, size_t *bytes, void *arg)
{
	const char *name = strstr(rq->body, "\"name\":\"");
	char *body, *text;

	(void)arg;
	if (!httpd_has(rq, "Authorization: Basic " BASIC))
		return reply(401, "{\"msg\":\"who are you?\"}", bytes);
	if (str_ends_with(rq->path, "/version"))
		return reply(200, "{\"version\":\"0.7.1-incubating\"}", bytes);
	if (strstr(rq->path, "/statements") != NULL)
		return strstr(rq->body, "echo") != NULL ? echo(rq, bytes) : statement(rq, bytes);
	if (strcmp(rq->method, "GET") == 0 && strstr(rq->path, "/sessions/") == NULL)
		return reply(200, "{\"from\":0,\"total\":0,\"sessions\":[]}", bytes);
	if (strcmp(rq->method, "GET") == 0)
		return reply(200, "{\"id\":0,\"state\":\"idle\"}", bytes);
	if (name == NULL)
		return reply(200, "{\"msg\":\"deleted\"}", bytes);
	body = xasprintf("{\"id\":0,\"name\":\"%.*s\",\"state\":\"idle\"}",
	    (int)strcspn(name + 8, "\""), name + 8);
	text = reply(201, body, bytes);
	free(body);
	return text;
}

/* ---- the daemon ----------------------------------------------------------------------------------- */

static char *make_conf(void)
{
	char *path = help_path(dir, "conf");
	char *password = help_path(dir, "password");
	char *url = httpd_url(server, "");
	char *text = xasprintf("state_dir = \"%s/state\"; run_dir = \"%s/run\";\n"
			       "endpoint: { e: { url = \"%s\"; auth = \"basic\"; user = \"%s\";\n"
			       "  insecure = true; password_file = \"%s\"; }; };\n"
			       "pool: { p: { endpoint = \"e\"; warm: { spark = 0; }; }; };\n"
			       "spool: { s: { path = \"%s/spool\"; pool = \"p\"; settle = \"10ms\";"
			       " html = true; }; };\n"
			       "metrics_file = \"%s/seen/metrics.prom\"; metrics_every = \"1s\";\n"
			       "status_dir = \"%s/seen\"; status_every = \"1s\";\n",
	    dir, dir, url, USER, password, dir, dir, dir);

	help_write_file(password, PASSWORD "\n", strlen(PASSWORD) + 1);
	ck_assert_int_eq(chmod(password, 0600), 0);
	help_write_file(path, text, strlen(text));
	free(password);
	free(url);
	free(text);
	return path;
}

static void make_dir(const char *name)
{
	char *path = help_path(dir, name);
	ck_assert_int_eq(mkdir(path, 0700), 0);
	free(path);
}

/* Cores as large as they come, were it not for the daemon itself. */
static void start(const char *conf, const char *log)
{
	const struct rlimit all = { RLIM_INFINITY, RLIM_INFINITY };
	int fd = open(log, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	ck_assert_int_ge(fd, 0);
	daemon_pid = fork();
	ck_assert_int_ge(daemon_pid, 0);
	if (daemon_pid == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		(void)setrlimit(RLIMIT_CORE, &all);
		if (chdir(dir) != 0 || dup2(fd, STDERR_FILENO) < 0)
			_exit(1);
		char *program = getenv("DAEMON");
		execl(program, program, "-d", "-f", conf, (char *)NULL);
		_exit(1);
	}
	close(fd);
}

/* Waits for a file, as long as the daemon lives. */
static void await_file(const char *path, const char *log)
{
	while (access(path, F_OK) != 0) {
		int status;
		if (waitpid(daemon_pid, &status, WNOHANG) != 0)
			ck_abort_msg("the daemon has ended:\n%s", help_read_file(log, NULL));
		(void)poll(NULL, 0, 10);
	}
}

/* The same for what it will say when it is written the next time. */
static void await_words(const char *name, const char *words, const char *log)
{
	char *path = help_path(dir, name);
	bool found = false;

	for (await_file(path, log); !found; (void)poll(NULL, 0, 10)) {
		char *text = help_read_file(path, NULL);
		found = strstr(text, words) != NULL;
		free(text);
	}
	free(path);
}

static bool is_logged(const char *log, const char *words)
{
	char *said = help_read_file(log, NULL);
	bool found = strstr(said, words) != NULL;
	free(said);
	return found;
}

/* ---- looking ---------------------------------------------------------------------------------------- */

static bool holds(const char *p, size_t n, const char *what)
{
	return memmem(p, n, what, strlen(what)) != NULL;
}

static void look_into(const char *path)
{
	char bytes[65536];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t n = 0;
	ssize_t got;

	ck_assert_msg(fd >= 0, "%s: %s", path, strerror(errno));
	while (n < sizeof(bytes) && (got = read(fd, bytes + n, sizeof(bytes) - n)) > 0)
		n += (size_t)got;
	close(fd);
	ck_assert_uint_lt(n, sizeof(bytes));
	ck_assert_msg(!holds(bytes, n, PASSWORD) && !holds(bytes, n, PART), "%s shows it", path);
}

/* All files of a directory; how many there were. */
static int look_below(const char *name)
{
	char *path = help_path(dir, name);
	DIR *d = opendir(path);
	int count = 0;

	ck_assert_ptr_nonnull(d);
	for (const struct dirent *e; (e = readdir(d)) != NULL;) {
		char *file = help_path(path, e->d_name);
		struct stat st;
		if (stat(file, &st) == 0 && S_ISREG(st.st_mode)) {
			size_t n;
			char *text = help_read_file(file, &n);
			ck_assert_msg(!holds(text, n, PASSWORD) && !holds(text, n, PART),
			    "%s shows it", file);
			free(text);
			count++;
		}
		free(file);
	}
	closedir(d);
	free(path);
	return count;
}

static void look_at_process(void)
{
	static const char *const what[] = { "cmdline", "environ", "comm", "status", "maps" };

	for (size_t i = 0; i < sizeof(what) / sizeof(what[0]); i++) {
		char *path = xasprintf("/proc/%d/%s", (int)daemon_pid, what[i]);
		look_into(path);
		free(path);
	}
}

START_TEST(a_password_shows_nowhere)
{
	dir = help_tmpdir();
	server = httpd_start(&(struct httpd_step){ .answer = answer }, 1);
	make_dir("spool");
	make_dir("state");
	make_dir("run");
	make_dir("seen");
	char *conf = make_conf();
	char *log = help_path(dir, "log");
	char *input = help_path(dir, "spool/foo.scala");
	char *record = help_path(dir, "spool/foo.scala.json");
	char *echoed = help_path(dir, "spool/bar.scala");
	char *refused = help_path(dir, "spool/bar.scala.json");
	int status;

	start(conf, log);
	help_write_file(input, "println(\"hello\")\n", 17);
	await_file(record, log);
	help_write_file(echoed, "println(\"echo\")\n", 16);
	await_file(refused, log);
	while (!is_logged(log, "file=\"bar.scala\" reason=\""))
		(void)poll(NULL, 0, 10);
	await_words("seen/index.html", "bar.scala", log);
	look_at_process();
	char *text = help_read_file(refused, NULL);
	ck_assert_msg(strstr(text, "400 for 'Authorization: Basic ***") != NULL, "%s", text);
	free(text);
	ck_assert_int_ge(look_below("spool"), 4);
	ck_assert_int_ge(look_below("state"), 1);
	ck_assert_int_ge(look_below("seen"), 2);
	/* The worst end that there is: and it leaves no core. */
	ck_assert_int_eq(kill(daemon_pid, SIGABRT), 0);
	ck_assert_int_eq(waitpid(daemon_pid, &status, 0), daemon_pid);
	ck_assert(WIFSIGNALED(status));
	ck_assert_int_eq(WTERMSIG(status), SIGABRT);
	ck_assert(!WCOREDUMP(status));
	char *said = help_read_file(log, NULL);
	ck_assert_ptr_nonnull(strstr(said, "event=running"));
	ck_assert(strstr(said, PASSWORD) == NULL && strstr(said, PART) == NULL);
	ck_assert_ptr_null(strstr(said, USER ":"));
	ck_assert_msg(
	    strstr(said, "password ***, of \\\"x\\\" event=forged\"") != NULL, "%s", said);
	httpd_stop(server);
	help_rmtree(dir);
	free(said);
	free(record);
	free(refused);
	free(echoed);
	free(input);
	free(log);
	free(conf);
	free(dir);
}
END_TEST

/* ---- the command line ----------------------------------------------------------------------------- */

/* With cores as large as they come, were it not for the program itself. */
static pid_t run_cli(char *const argv[], int out)
{
	const struct rlimit all = { RLIM_INFINITY, RLIM_INFINITY };
	pid_t pid = fork();

	ck_assert_int_ge(pid, 0);
	if (pid > 0)
		return pid;
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	(void)setrlimit(RLIMIT_CORE, &all);
	if (chdir(dir) != 0 || dup2(out, STDOUT_FILENO) < 0)
		_exit(1);
	(void)execv(argv[0], argv);
	_exit(1);
}

/* Its worst end, now that it has the password. */
static void end_without_a_core(pid_t pid)
{
	int status;

	daemon_pid = pid;
	look_at_process();
	ck_assert_int_eq(kill(pid, SIGABRT), 0);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFSIGNALED(status));
	ck_assert_int_eq(WTERMSIG(status), SIGABRT);
	ck_assert(!WCOREDUMP(status));
}

/* It has asked the server, with the password, and waits for what never comes. */
START_TEST(init_leaves_no_core)
{
	dir = help_tmpdir();
	server = httpd_start(&(struct httpd_step){ .then = HTTPD_HANG }, 1);
	char *password = help_path(dir, "password"), *url = httpd_url(server, "");
	char *spool = help_path(dir, "spool"), *out = help_path(dir, "conf");
	char *argv[] = { getenv("CLI"), "init", "--yes", "--url", url, "--user", USER,
		"--password-file", password, "--spool", spool, "--state-dir", dir, "--run-dir", dir,
		"-o", out, NULL };

	make_dir("spool");
	help_write_file(password, PASSWORD "\n", strlen(PASSWORD) + 1);
	ck_assert_int_eq(chmod(password, 0600), 0);
	pid_t pid = run_cli(argv, STDOUT_FILENO);
	for (; httpd_count(server, NULL) == 0; (void)poll(NULL, 0, 10))
		ck_assert_msg(waitpid(pid, NULL, WNOHANG) == 0, "it has ended by itself");
	ck_assert(httpd_has(httpd_request(server, 0), "Authorization: Basic " BASIC));
	end_without_a_core(pid);
	httpd_stop(server);
	help_rmtree(dir);
	free(out);
	free(spool);
	free(url);
	free(password);
	free(dir);
}
END_TEST

/* More than a pipe takes at once. */
static char *make_long_conf(void)
{
	char *conf = make_conf(), *text = help_read_file(conf, NULL);
	const char *pools = strstr(text, "pool: { ") + strlen("pool: { ");
	struct buf b;

	buf_init(&b, 1 << 20);
	(void)buf_add(&b, text, (size_t)(pools - text));
	for (int i = 0; i < 100; i++)
		(void)buf_addf(&b, "p%d: { endpoint = \"e\"; warm: { sql = 0; }; };\n", i);
	(void)buf_adds(&b, pools);
	help_write_file(conf, b.data, b.len);
	buf_fini(&b);
	free(text);
	return conf;
}

/* It has begun to say what it has read, and nobody hears the rest. */
START_TEST(check_leaves_no_core)
{
	dir = help_tmpdir();
	server = httpd_start(&(struct httpd_step){ .then = HTTPD_HANG }, 1);
	make_dir("spool");
	char *conf = make_long_conf();
	char *argv[] = { getenv("CLI"), "-f", conf, "check", NULL };
	int out[2];
	char c;

	ck_assert_int_eq(pipe2(out, O_CLOEXEC), 0);
	ck_assert_int_gt(fcntl(out[1], F_SETPIPE_SZ, 4096), 0);
	pid_t pid = run_cli(argv, out[1]);
	close(out[1]);
	ck_assert_int_eq(read(out[0], &c, 1), 1);
	end_without_a_core(pid);
	close(out[0]);
	httpd_stop(server);
	help_rmtree(dir);
	free(conf);
	free(dir);
}
END_TEST

static bool makes_a_core(bool kept)
{
	const struct rlimit all = { RLIM_INFINITY, RLIM_INFINITY };
	char *here = help_tmpdir();
	int status;
	pid_t pid = fork();

	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		(void)setrlimit(RLIMIT_CORE, &all);
		if (kept)
			sandbox_keep_secrets();
		if (chdir(here) != 0 || prctl(PR_GET_DUMPABLE) != !kept)
			_exit(1);
		(void)signal(SIGABRT, SIG_DFL);
		abort();
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFSIGNALED(status));
	help_rmtree(here);
	free(here);
	return WCOREDUMP(status) != 0;
}

START_TEST(no_core_is_made)
{
	if (!makes_a_core(false))
		puts("no proof: this system makes no cores");
	ck_assert(!makes_a_core(true));
}
END_TEST

/* The memory of a process that is not dumpable is root's: another user's own cannot be read. */
START_TEST(memory_is_roots)
{
	struct stat st;
	pid_t pid = fork();
	int status;

	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		if (getuid() == 0 && setuid(65534) != 0)
			_exit(1);
		(void)prctl(PR_SET_DUMPABLE, 1, 0, 0, 0); /* setuid() has taken it */
		bool before = stat("/proc/self/mem", &st) == 0 && st.st_uid == getuid();
		sandbox_keep_secrets();
		bool after = stat("/proc/self/mem", &st) == 0 && st.st_uid == 0;
		_exit(before && after ? 0 : 2);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFEXITED(status));
	ck_assert_int_eq(WEXITSTATUS(status), 0);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("secret");
	TCase *tc = tcase_create("secret");

	tcase_set_timeout(tc, 120);
	if (getenv("DAEMON") != NULL)
		tcase_add_test(tc, a_password_shows_nowhere);
	else
		puts("left out: DAEMON does not say where the daemon is");
	if (getenv("CLI") != NULL) {
		tcase_add_test(tc, init_leaves_no_core);
		tcase_add_test(tc, check_leaves_no_core);
	} else {
		puts("left out: CLI does not say where the command line is");
	}
	tcase_add_test(tc, no_core_is_made);
	tcase_add_test(tc, memory_is_roots);
	suite_add_tcase(s, tc);
	return help_run(s);
}
