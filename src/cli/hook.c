/* hook: one run of the command of on-end. */
#include "cli/hook.h"
#include "base/buf.h"
#include "cli/clock.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#define GRACE_MS 5000 /* between the request to end and the end */
#define VARIABLES 16
#define VALUE_BYTES_MAX 65536

extern char **environ;

/* As a descriptor: between a look at a flag and a wait a signal would be lost until the next
 * event. */
void hook_init(struct hook *h)
{
	sigset_t set;

	/* That it is ignored is inherited: then no child's end wakes anybody, nor can it be asked after. */
	(void)signal(SIGCHLD, SIG_DFL);
	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGCHLD);
	(void)sigprocmask(SIG_BLOCK, &set, NULL);
	h->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	h->signal = 0;
}

void hook_fini(struct hook *h)
{
	if (h->signals != -1)
		close(h->signals);
}

/* Of a child we only need to be woken. */
static void take_signals(struct hook *h)
{
	struct signalfd_siginfo info;

	while (read(h->signals, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
		if (info.ssi_signo != SIGCHLD && h->signal == 0)
			h->signal = (int)info.ssi_signo;
	}
}

static void wait_signal(struct hook *h, int64_t ms)
{
	struct pollfd p = { .fd = h->signals, .events = POLLIN };

	(void)poll(&p, 1, ms < 0 ? 0 : ms > INT32_MAX ? INT32_MAX : (int)ms);
	take_signals(h);
}

bool hook_wait(struct hook *h, int64_t ms)
{
	int64_t until = clock_mono_ms() + ms;

	take_signals(h);
	while (h->signal == 0 && clock_mono_ms() < until)
		wait_signal(h, until - clock_mono_ms());
	return h->signal != 0;
}

/* ---- the environment ------------------------------------------------------------------------- */

static char *variable(const char *name, const json_t *v)
{
	if (json_is_string(v))
		return xasprintf("%s=%s", name, json_string_value(v));
	if (json_is_integer(v))
		return xasprintf("%s=%lld", name, (long long)json_integer_value(v));
	return xasprintf("%s=%s", name, json_is_true(v) ? "true" : "");
}

/* Ours at the end, in place of any of the same name; free() each of the last `ours`. */
static char **environment(const json_t *job, size_t *from)
{
	static const char *const known[][2] = { { "SPARKSPOOL_JOB", "id" },
		{ "SPARKSPOOL_PATH", "path" }, { "SPARKSPOOL_NAME", "name" },
		{ "SPARKSPOOL_SPOOL", "spool" }, { "SPARKSPOOL_POOL", "pool" },
		{ "SPARKSPOOL_KIND", "kind" }, { "SPARKSPOOL_STATUS", "status" },
		{ "SPARKSPOOL_EXIT_CODE", "exit_code" }, { "SPARKSPOOL_OWNER", "owner" },
		{ "SPARKSPOOL_OWNER_NAME", "owner_name" }, { "SPARKSPOOL_QUEUED", "queued" },
		{ "SPARKSPOOL_STARTED", "started" }, { "SPARKSPOOL_FINISHED", "finished" },
		{ "SPARKSPOOL_RECORD", "record" } };
	size_t n = 0;
	char **env;

	while (environ[n] != NULL)
		n++;
	env = xcalloc(n + VARIABLES + 1, sizeof(*env));
	n = 0;
	for (char **e = environ; *e != NULL; e++) {
		if (strncmp(*e, "SPARKSPOOL_", strlen("SPARKSPOOL_")) != 0)
			env[n++] = *e;
	}
	*from = n;
	for (size_t i = 0; i < ARRAY_LEN(known); i++)
		env[n++] = variable(known[i][0], json_object_get(job, known[i][1]));
	env[n++] =
	    variable("SPARKSPOOL_ERROR", json_object_get(json_object_get(job, "error"), "message"));
	char *all = json_dumps(job, JSON_COMPACT);
	env[n++] = xasprintf("SPARKSPOOL_JSON=%s", all == NULL ? "" : all);
	free(all);
	return env;
}

/* ---- the run --------------------------------------------------------------------------------- */

/* As a group of its own, that all of it can be ended; signals are as they were before us. */
static int start(const struct hook *h, char **env, pid_t *pid)
{
	posix_spawn_file_actions_t files;
	posix_spawnattr_t how;
	sigset_t none;
	sigset_t all;

	sigemptyset(&none);
	sigfillset(&all);
	posix_spawn_file_actions_init(&files);
	posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
	posix_spawnattr_init(&how);
	posix_spawnattr_setpgroup(&how, 0);
	posix_spawnattr_setsigmask(&how, &none);
	posix_spawnattr_setsigdefault(&how, &all);
	posix_spawnattr_setflags(
	    &how, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
	int err = posix_spawnp(pid, h->argv[0], &files, &how, h->argv, env);
	posix_spawnattr_destroy(&how);
	posix_spawn_file_actions_destroy(&files);
	return err;
}

/* True when it has ended by then. */
static bool ended_by(struct hook *h, pid_t pid, int64_t until, bool stop, int *status)
{
	while (waitpid(pid, status, WNOHANG) == 0) {
		int64_t left = until - clock_mono_ms();
		if (left <= 0 || (stop && h->signal != 0))
			return false;
		wait_signal(h, left);
	}
	return true;
}

static char *wait_for(struct hook *h, pid_t pid)
{
	int status = 0;

	if (!ended_by(h, pid, clock_mono_ms() + h->timeout_ms, true, &status)) {
		/* The group: the command is often a shell, and what it has started must not outlive
		 * it. */
		bool told = h->signal != 0;
		(void)kill(-pid, SIGTERM);
		bool gone = ended_by(h, pid, clock_mono_ms() + GRACE_MS, false, &status);
		(void)kill(-pid, SIGKILL);
		if (!gone)
			(void)waitpid(pid, &status, 0);
		return told ? NULL : xstrdup("took longer than --timeout, and was ended");
	}
	if (WIFSIGNALED(status))
		return xasprintf("was ended by signal %d", WTERMSIG(status));
	return WEXITSTATUS(status) == 0 ? NULL
					: xasprintf("ended with code %d", WEXITSTATUS(status));
}

char *hook_run(struct hook *h, const json_t *job)
{
	size_t from;
	char **env = environment(job, &from);
	pid_t pid = 0;
	int err = start(h, env, &pid);

	for (size_t i = from; env[i] != NULL; i++)
		free(env[i]);
	free(env);
	if (err != 0)
		return xasprintf("cannot be started: %s", strerror(err));
	return wait_for(h, pid);
}
