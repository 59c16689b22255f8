/* test_notify: what arrives at a real socket that stands in for the service manager's. */
#include "help.h"

#include "base/log.h"
#include "base/util.h"
#include "edge/notify.h"
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* A socket at the address; "@name" is the abstract one. */
static int listen_at(const char *address)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	size_t len = strlen(address);
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	ck_assert_int_ge(fd, 0);
	ck_assert_uint_lt(len, sizeof(un.sun_path));
	memcpy(un.sun_path, address, len);
	if (address[0] == '@')
		un.sun_path[0] = '\0';
	else
		len++;
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&un,
			     (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len)),
	    0);
	return fd;
}

/* A datagram on this machine is there when sendto() has returned: no waiting. */
static void expect(int fd, const char *lines)
{
	char got[4096];
	ssize_t n = recv(fd, got, sizeof(got) - 1, 0);

	ck_assert_int_ge(n, 0);
	got[n] = '\0';
	ck_assert_str_eq(got, lines);
}

static void expect_nothing(int fd)
{
	char got[16];

	ck_assert_int_lt(recv(fd, got, sizeof(got), 0), 0);
}

static int descriptors(void)
{
	DIR *dir = opendir("/proc/self/fd");
	int count = 0;

	ck_assert_ptr_nonnull(dir);
	while (readdir(dir) != NULL)
		count++;
	closedir(dir);
	return count;
}

static void count_warning(enum log_level level, const char *line, void *arg)
{
	ck_assert_int_eq(level, LOG_LEVEL_WARN);
	ck_assert_ptr_nonnull(strstr(line, "notify=failed"));
	++*(int *)arg;
}

START_TEST(to_a_path)
{
	char *dir = help_tmpdir();
	char *path = help_path(dir, "notify");
	int fd = listen_at(path);
	int before = descriptors();

	ck_assert_int_eq(setenv("NOTIFY_SOCKET", path, 1), 0);
	notify_send("READY=1\nSTATUS=3 spools");
	notify_send("WATCHDOG=1");
	expect(fd, "READY=1\nSTATUS=3 spools");
	expect(fd, "WATCHDOG=1");
	expect_nothing(fd);
	ck_assert_int_eq(descriptors(), before);
	close(fd);
	help_rmtree(dir);
	free(path);
	free(dir);
}
END_TEST

START_TEST(to_an_abstract_name)
{
	char *name = xasprintf("@sparkspool-test-%ld", (long)getpid());
	int fd = listen_at(name);

	ck_assert_int_eq(setenv("NOTIFY_SOCKET", name, 1), 0);
	notify_send("STOPPING=1");
	expect(fd, "STOPPING=1");
	close(fd);
	free(name);
}
END_TEST

/* The longest path that fits, and the first that does not. */
START_TEST(to_a_long_path)
{
	char *dir = help_tmpdir();
	char path[sizeof(((struct sockaddr_un *)NULL)->sun_path) + 1];
	size_t len = strlen(dir);
	int warnings = 0;
	int fd;

	ck_assert_uint_lt(len + 2, sizeof(path) - 2);
	memset(path, 'n', sizeof(path));
	memcpy(path, dir, len);
	path[len] = '/';
	path[sizeof(path) - 2] = '\0';
	fd = listen_at(path);
	ck_assert_int_eq(setenv("NOTIFY_SOCKET", path, 1), 0);
	notify_send("READY=1");
	expect(fd, "READY=1");
	path[sizeof(path) - 2] = 'n';
	path[sizeof(path) - 1] = '\0';
	ck_assert_int_eq(setenv("NOTIFY_SOCKET", path, 1), 0);
	log_set_sink(count_warning, &warnings);
	notify_send("READY=1");
	ck_assert_int_eq(warnings, 1);
	expect_nothing(fd);
	close(fd);
	help_rmtree(dir);
	free(dir);
}
END_TEST

START_TEST(to_nobody)
{
	int warnings = 0;

	log_set_sink(count_warning, &warnings);
	ck_assert_int_eq(unsetenv("NOTIFY_SOCKET"), 0);
	notify_send("READY=1");
	ck_assert_int_eq(setenv("NOTIFY_SOCKET", "", 1), 0);
	notify_send("READY=1");
	ck_assert_int_eq(warnings, 0);
}
END_TEST

START_TEST(to_what_is_not_there)
{
	static const char *const bad[] = { "/nonexistent/notify", "relative", "@", "/",
		"vsock:2:1234" };
	int warnings = 0;
	int before = descriptors();

	log_set_sink(count_warning, &warnings);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		ck_assert_int_eq(setenv("NOTIFY_SOCKET", bad[i], 1), 0);
		notify_send("READY=1");
		ck_assert_int_eq(warnings, (int)i + 1);
	}
	ck_assert_int_eq(descriptors(), before);
}
END_TEST

static const struct {
	const char *usec;
	const char *pid; /* "me": our own */
	int64_t ms;
} watchdogs[] = {
	{ "60000000", "me", 30000 },
	{ "60000000", NULL, 30000 },
	{ "60000000", "1", 0 }, /* of another process, inherited */
	{ "60000000", "x", 0 },
	{ "2000", "me", 1 },
	{ "1999", "me", 1 },
	{ "1", "me", 1 },
	{ "0", "me", 0 },
	{ "-5", "me", 0 },
	{ "", "me", 0 },
	{ "10s", "me", 0 },
	{ "99999999999999999999", "me", 0 },
	{ NULL, "me", 0 },
	{ NULL, NULL, 0 },
};

static void set_or_unset(const char *name, const char *value)
{
	if (value != NULL)
		ck_assert_int_eq(setenv(name, value, 1), 0);
	else
		ck_assert_int_eq(unsetenv(name), 0);
}

START_TEST(watchdog)
{
	char *me = xasprintf("%ld", (long)getpid());

	set_or_unset("WATCHDOG_USEC", watchdogs[_i].usec);
	set_or_unset("WATCHDOG_PID", str_eq(watchdogs[_i].pid, "me") ? me : watchdogs[_i].pid);
	ck_assert_int_eq(notify_watchdog_ms(), watchdogs[_i].ms);
	free(me);
}
END_TEST

/* A turn just before it is time says nothing; then the next one must come in time, not half of the
 * watchdog's time later, when all of that is over. */
START_TEST(told_in_time)
{
	ck_assert_int_eq(notify_alive_in_ms(30000, 5000, 5000), 30000);
	ck_assert_int_eq(notify_alive_in_ms(30000, 5000, 34999), 1);
	ck_assert_int_eq(notify_alive_in_ms(30000, 5000, 35000), 0);
	ck_assert_int_lt(notify_alive_in_ms(30000, 5000, 95000), 0);
	ck_assert(notify_alive_in_ms(0, 5000, 95000) == INT64_MAX);
}
END_TEST

/* The watchdog of a minute does not end a commit that takes one from half of it on. */
START_TEST(told_before_long_things)
{
	ck_assert_int_eq(notify_busy_in_ms(30000, 5000, 5000), 5000);
	ck_assert_int_eq(notify_busy_in_ms(30000, 5000, 10000), 0);
	ck_assert_int_eq(notify_busy_in_ms(1000, 5000, 6000), 0);
	ck_assert(notify_busy_in_ms(0, 5000, 95000) == INT64_MAX);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("notify");
	TCase *t = tcase_create("notify");

	tcase_add_test(t, to_a_path);
	tcase_add_test(t, to_an_abstract_name);
	tcase_add_test(t, to_a_long_path);
	tcase_add_test(t, to_nobody);
	tcase_add_test(t, to_what_is_not_there);
	tcase_add_loop_test(t, watchdog, 0, (int)ARRAY_LEN(watchdogs));
	tcase_add_test(t, told_in_time);
	tcase_add_test(t, told_before_long_things);
	suite_add_tcase(s, t);
	return help_run(s);
}
