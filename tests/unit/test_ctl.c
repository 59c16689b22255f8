/* test_ctl: the control socket, with real peers: halves, floods, those who do not listen. */
#include "help.h"

#include "base/log.h"
#include "edge/ctl.h"
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define OTHER_UID 65534

static char *dir;
static struct conf conf;
static struct ctl *ctl;
static struct evq q;
static int64_t now_ms;

static void ignore(enum log_level level, const char *line, void *arg)
{
	(void)level;
	(void)line;
	(void)arg;
}

static void setup(void)
{
	dir = help_tmpdir();
	ck_assert_int_eq(chmod(dir, 0755), 0);
	conf =
	    (struct conf){ .run_dir = help_path(dir, "run"), .admins = xstrdup("no such group") };
	log_set_sink(ignore, NULL);
	evq_init(&q);
	now_ms = 1000;
	umask(0027); /* as the service has it */
	ctl = ctl_open(&conf);
	ck_assert_ptr_nonnull(ctl);
}

static void teardown(void)
{
	ctl_free(ctl);
	evq_fini(&q);
	log_set_sink(NULL, NULL);
	free(conf.run_dir);
	free(conf.admins);
	help_rmtree(dir);
	free(dir);
}

static int peer(void)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	snprintf(a.sun_path, sizeof(a.sun_path), "%s/control", conf.run_dir);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(connect(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	return fd;
}

static void say(int fd, const char *text)
{
	ck_assert_int_eq(send(fd, text, strlen(text), MSG_NOSIGNAL), (ssize_t)strlen(text));
}

static void pump(void)
{
	while (evq_next(&q) != NULL)
		;
	evq_done(&q);
	ctl_pump(ctl, now_ms, &q);
}

/* Steps the events; answers each request with a line that names it, or not at all. */
struct heard {
	int requests;
	int hung_up;
	int taken;
	uint64_t last;
	char line[100];
	uint32_t uid;
	bool hidden;
	bool own;
	bool group;
};

static struct heard turn(const char *answer)
{
	struct heard h = { 0 };
	struct event *ev;
	pump();
	while ((ev = evq_next(&q)) != NULL) {
		h.hung_up += ev->type == EV_HUNG_UP;
		h.taken += ev->type == EV_TAKEN;
		if (ev->type != EV_REQUEST)
			continue;
		const struct ev_request *r = &ev->u.request;
		h.requests++;
		h.last = r->peer;
		h.uid = r->uid;
		h.hidden = r->hidden;
		h.own = r->own;
		h.group = r->group;
		snprintf(h.line, sizeof(h.line), "%.*s", (int)r->line.n, r->line.p);
		if (answer != NULL) {
			struct evq later;
			evq_init(&later);
			ctl_answer(ctl,
			    &(struct fx_answer){ r->peer, ANSWER_LAST, { answer, strlen(answer) } },
			    &later);
			evq_fini(&later);
		}
	}
	return h;
}

/* What has come for a peer so far; "" and *eof when it was cut off. */
static const char *hear(int fd, char *buf, size_t size, bool *eof)
{
	ssize_t n = recv(fd, buf, size - 1, MSG_DONTWAIT);
	*eof = n == 0 || (n < 0 && errno != EAGAIN);
	buf[n < 0 ? 0 : n] = '\0';
	return buf;
}

static void answer(uint64_t id, enum answer_flow flow, const char *text)
{
	ctl_answer(ctl, &(struct fx_answer){ id, flow, { text, strlen(text) } }, &q);
}

#define heard(fd, text)                                                                            \
	do {                                                                                       \
		char buf_[512];                                                                    \
		bool eof_;                                                                         \
		ck_assert_str_eq(hear((fd), buf_, sizeof(buf_), &eof_), (text));                   \
	} while (0)

static bool is_cut(int fd)
{
	char buf[4096];
	bool eof = false;
	while (!eof && *hear(fd, buf, sizeof(buf), &eof) != '\0')
		;
	return eof;
}

/* ---- one peer ------------------------------------------------------------------------------- */

START_TEST(a_question_and_its_answer)
{
	int fd = peer();
	ck_assert_int_eq(turn(NULL).requests, 0);
	say(fd, "hello\n");
	struct heard h = turn("well\n");
	ck_assert_int_eq(h.requests, 1);
	ck_assert_str_eq(h.line, "hello");
	ck_assert_uint_eq(h.uid, getuid());
	ck_assert(h.own && !h.group);
	heard(fd, "well\n");
	say(fd, "again\n");
	ck_assert_str_eq(turn("well\n").line, "again");
	close(fd);
	ck_assert_int_eq(turn(NULL).hung_up, 1);
	ck_assert_int_eq(turn(NULL).hung_up, 0);
}
END_TEST

START_TEST(lines_in_pieces_and_many_at_once)
{
	int fd = peer();
	turn(NULL);
	say(fd, "he");
	ck_assert_int_eq(turn(NULL).requests, 0);
	say(fd, "llo\none\ntwo\nth");
	ck_assert_str_eq(turn("1\n").line, "hello");
	ck_assert_int_eq(ctl_due_ms(ctl), 0); /* the next one is here already */
	ck_assert_str_eq(turn("2\n").line, "one");
	struct heard h = turn(NULL);
	ck_assert_str_eq(h.line, "two");
	ck_assert_int_eq(turn(NULL).requests, 0); /* it has no answer yet */
	say(fd, "ree\n");
	ck_assert_int_eq(turn(NULL).requests, 0);
	answer(h.last, ANSWER_LAST, "3\n");
	ck_assert_str_eq(turn("4\n").line, "three");
	heard(fd, "1\n2\n3\n4\n");
	close(fd);
}
END_TEST

START_TEST(closed_behind_the_question)
{
	int fd = peer();
	say(fd, "do it\n");
	close(fd);
	turn(NULL);
	struct heard h = turn("done\n");
	ck_assert_str_eq(h.line, "do it");
	ck_assert_int_eq(turn(NULL).hung_up, 1);
	fd = peer();
	say(fd, "half-closed\n");
	ck_assert_int_eq(shutdown(fd, SHUT_WR), 0);
	turn(NULL);
	h = turn(NULL);
	ck_assert_str_eq(h.line, "half-closed");
	ck_assert_int_eq(turn(NULL).hung_up, 0); /* it listens still */
	answer(h.last, ANSWER_LAST, "done\n");
	heard(fd, "done\n");
	ck_assert_int_eq(turn(NULL).hung_up, 1);
	ck_assert(is_cut(fd));
	close(fd);
}
END_TEST

START_TEST(half_a_line)
{
	int fd = peer();
	turn(NULL);
	say(fd, "never the e");
	turn(NULL);
	ck_assert_int_eq(ctl_due_ms(ctl), now_ms + 10000);
	now_ms += 9999;
	say(fd, "n");
	turn(NULL);
	ck_assert(!is_cut(fd));
	now_ms += 1;
	turn(NULL);
	ck_assert(is_cut(fd));
	ck_assert_int_eq(ctl_due_ms(ctl), INT64_MAX);
	close(fd);
}
END_TEST

START_TEST(a_megabyte_without_a_newline)
{
	int fd = peer();
	int other = peer();
	char *much = xcalloc(1, 1 << 20);
	char buf[200];
	bool eof;
	memset(much, 'x', 1 << 20);
	turn(NULL);
	ssize_t n = send(fd, much, 1 << 20, MSG_NOSIGNAL | MSG_DONTWAIT);
	ck_assert_int_gt(n, 65536);
	say(other, "me too\n");
	ck_assert_str_eq(turn("yes\n").line, "me too");
	heard(other, "yes\n");
	(void)turn(NULL);
	const char *said = hear(fd, buf, sizeof(buf), &eof);
	ck_assert_msg(strstr(said, "\"bad-request\"") != NULL || eof, "%s", said);
	ck_assert(is_cut(fd));
	free(much);
	close(fd);
	close(other);
}
END_TEST

START_TEST(a_line_as_long_as_may_be)
{
	int fd = peer();
	char *much = xcalloc(1, 65537);
	memset(much, 'x', 65536);
	much[65535] = '\n';
	turn(NULL);
	ck_assert_int_eq(send(fd, much, 65536, MSG_NOSIGNAL), 65536);
	ck_assert_int_eq(turn("yes\n").requests, 1);
	heard(fd, "yes\n");
	free(much);
	close(fd);
}
END_TEST

/* ---- answers -------------------------------------------------------------------------------- */

START_TEST(more_when_it_is_taken)
{
	int fd = peer();
	turn(NULL);
	say(fd, "list\n");
	uint64_t id = turn(NULL).last;
	answer(id, ANSWER_MORE, "one\n");
	ck_assert_uint_eq(q.count, 1 + 1); /* the question, and that it is taken */
	ck_assert_int_eq(q.item[1].type, EV_TAKEN);
	ck_assert_uint_eq(q.item[1].u.peer, id);
	heard(fd, "one\n");
	close(fd);
}
END_TEST

START_TEST(one_that_does_not_listen)
{
	int fd = peer();
	int other = peer();
	char *piece = xcalloc(1, 65537);
	memset(piece, 'x', 65535);
	piece[65535] = '\n';
	turn(NULL);
	say(fd, "list\n");
	uint64_t id = turn(NULL).last;
	int pieces = 0;
	int taken = 1;
	while (taken > 0) { /* until the kernel takes no more */
		evq_done(&q);
		answer(id, ANSWER_MORE, piece);
		taken = (int)q.count;
		while (evq_next(&q) != NULL)
			;
		ck_assert_int_lt(++pieces, 100);
	}
	say(other, "me too\n");
	ck_assert_str_eq(turn("yes\n").line, "me too");
	heard(other, "yes\n");
	ck_assert_int_eq(ctl_due_ms(ctl), now_ms + 300000);
	char buf[65536];
	bool eof;
	while (turn(NULL).taken == 0)
		(void)hear(fd, buf, sizeof(buf), &eof);
	answer(id, ANSWER_MORE, piece);
	answer(id, ANSWER_MORE, piece);
	answer(id, ANSWER_MORE, piece);
	answer(id, ANSWER_MORE, piece);
	answer(id, ANSWER_MORE, piece);
	now_ms += 300000;
	turn(NULL);
	ck_assert(is_cut(fd));
	free(piece);
	close(fd);
	close(other);
}
END_TEST

START_TEST(news_are_lost_not_kept)
{
	int fd = peer();
	char *news = xcalloc(1, 10001);
	memset(news, 'n', 9999);
	news[9999] = '\n';
	turn(NULL);
	say(fd, "watch\n");
	uint64_t id = turn(NULL).last;
	for (int i = 0; i < 1000; i++)
		answer(id, ANSWER_NEWS, news);
	now_ms += 3600000;
	ck_assert_int_eq(turn(NULL).hung_up, 0); /* it may be stopped, or in a pager */
	size_t bytes = 0;
	bool gap = false;
	char buf[10001];
	for (int quiet = 0; quiet < 3;) {
		bool eof;
		const char *p = hear(fd, buf, sizeof(buf), &eof);
		ck_assert(!eof);
		quiet = *p == '\0' ? quiet + 1 : 0;
		bytes += strlen(p);
		turn(NULL);
	}
	ck_assert_uint_lt(bytes, 1000 * 1000);
	answer(id, ANSWER_NEWS, "new\n");
	bool eof;
	gap = strcmp(hear(fd, buf, sizeof(buf), &eof), "{\"type\":\"gap\"}\nnew\n") == 0;
	ck_assert_msg(gap, "%s", buf);
	answer(id, ANSWER_LAST, "end\n");
	heard(fd, "end\n");
	free(news);
	close(fd);
}
END_TEST

/* ---- many ----------------------------------------------------------------------------------- */

/* In a child as another user: n connections, kept open until told. Exit code: how many were refused
 * or cut off. */
static pid_t flood(int n, int ready, int go)
{
	pid_t pid = fork();
	if (pid != 0)
		return pid;
	char c = 0;
	int fd[200];
	if (setgroups(0, NULL) != 0 || setgid(OTHER_UID) != 0 || setuid(OTHER_UID) != 0)
		_exit(255);
	for (int i = 0; i < n; i++) {
		struct sockaddr_un a = { .sun_family = AF_UNIX };
		fd[i] = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
		snprintf(a.sun_path, sizeof(a.sun_path), "%s/control", conf.run_dir);
		if (connect(fd[i], (struct sockaddr *)&a, sizeof(a)) != 0)
			_exit(254);
	}
	(void)!write(ready, &c, 1);
	(void)!read(go, &c, 1);
	int cut = 0;
	for (int i = 0; i < n; i++) {
		char buf[500];
		cut += recv(fd[i], buf, sizeof(buf), MSG_DONTWAIT) > 0;
	}
	_exit(cut);
}

START_TEST(a_flood_of_another_user)
{
	int ready[2];
	int go[2];
	int status;
	char c = 0;
	if (geteuid() != 0)
		return; /* nobody can be another user */
	ck_assert_int_eq(pipe(ready), 0);
	ck_assert_int_eq(pipe(go), 0);
	pid_t pid = flood(50, ready[1], go[0]);
	ck_assert_int_eq(read(ready[0], &c, 1), 1);
	turn(NULL);
	turn(NULL);
	int fd = peer();
	say(fd, "me too\n");
	turn(NULL);
	struct heard h = turn("yes\n");
	ck_assert_str_eq(h.line, "me too");
	heard(fd, "yes\n");
	ck_assert_int_eq(write(go[1], &c, 1), 1);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(WEXITSTATUS(status), 50 - 8);
	for (int i = 0; i < 2; i++) {
		close(ready[i]);
		close(go[i]);
	}
	close(fd);
}
END_TEST

/* The kernel says who it is, whatever it may claim. */
/* A child that is another user, has said a line, and stays until it is let go. */
struct stranger {
	pid_t pid;
	int ready[2];
	int go[2];
};

static void stranger_come(struct stranger *s, uid_t uid, gid_t gid)
{
	char c = 0;

	ck_assert_int_eq(pipe2(s->ready, O_CLOEXEC), 0);
	ck_assert_int_eq(pipe2(s->go, O_CLOEXEC), 0);
	s->pid = fork();
	if (s->pid == 0) {
		if (setgroups(0, NULL) != 0 || setgid(gid) != 0 || setuid(uid) != 0)
			_exit(1);
		int fd = peer();
		say(fd, "who am I\n");
		(void)!write(s->ready[1], &c, 1);
		(void)!read(s->go[0], &c, 1);
		_exit(0);
	}
	ck_assert_int_eq(read(s->ready[0], &c, 1), 1);
}

static void stranger_go(struct stranger *s)
{
	ck_assert_int_eq(write(s->go[1], "", 1), 1);
	ck_assert_int_eq(waitpid(s->pid, NULL, 0), s->pid);
	for (int i = 0; i < 2; i++) {
		close(s->ready[i]);
		close(s->go[i]);
	}
}

START_TEST(another_user)
{
	struct stranger other;

	if (geteuid() != 0)
		return;
	stranger_come(&other, OTHER_UID, OTHER_UID);
	turn(NULL);
	struct heard h = turn("other\n");
	ck_assert_uint_eq(h.uid, OTHER_UID);
	ck_assert(!h.own && !h.group && !h.hidden);
	stranger_go(&other);
}
END_TEST

/* As in a service with PrivateUsers=: whoever has no name there is one of many. */
START_TEST(users_that_are_hidden)
{
	struct stranger alice, ours;

	if (geteuid() != 0 || str_eq(getenv("CK_FORK"), "no"))
		return;
	stranger_come(&alice, 12345, 12345);
	stranger_come(&ours, 12346, 0);
	if (help_hide_others()) {
		free(conf.admins);
		conf.admins = xstrdup("root");
		ctl_conf(ctl, &conf);
		turn(NULL);
		pump();
		ck_assert_uint_eq(q.count, 2);
		for (size_t i = 0; i < q.count; i++) {
			const struct ev_request *r = &q.item[i].u.request;
			ck_assert_uint_eq(r->uid, 65534);
			ck_assert(r->hidden && !r->own);
			ck_assert_int_eq(r->group, i == 1); /* that of the service is known */
		}
	}
	stranger_go(&alice);
	stranger_go(&ours);
}
END_TEST

static void count_hidden(enum log_level level, const char *line, void *arg)
{
	*(int *)arg += level == LOG_LEVEL_WARN && strstr(line, "PrivateUsers=yes") != NULL;
}

/* Its members would be all whose groups are hidden. */
START_TEST(a_group_that_is_hidden)
{
	int warnings = 0;
	struct stranger alice;

	if (geteuid() != 0 || getgrnam("nogroup") == NULL || str_eq(getenv("CK_FORK"), "no"))
		return;
	stranger_come(&alice, 12345, 12345);
	if (help_hide_others()) {
		log_set_sink(count_hidden, &warnings);
		free(conf.admins);
		conf.admins = xstrdup("nogroup"); /* which is 65534 */
		ctl_conf(ctl, &conf);
		ck_assert_int_eq(warnings, 1);
		turn(NULL);
		ck_assert(!turn("no\n").group);
	}
	stranger_go(&alice);
}
END_TEST

START_TEST(the_admins_group)
{
	struct group *gr = getgrgid(getgid());
	if (gr == NULL)
		return; /* it has no name */
	free(conf.admins);
	conf.admins = xstrdup(gr->gr_name);
	ctl_conf(ctl, &conf);
	int fd = peer();
	say(fd, "me\n");
	turn(NULL);
	ck_assert(turn("yes\n").group);
	close(fd);
}
END_TEST

/* The one that is quiet for the longest makes room for who comes. */
START_TEST(more_than_there_is_place_for)
{
	int fd[100];
	for (int i = 0; i < 80; i++) {
		fd[i] = peer();
		turn(NULL);
		now_ms += 1;
	}
	say(fd[0], "I am here\n");
	turn("well\n");
	heard(fd[0], "well\n");
	int late = peer();
	turn(NULL);
	char buf[300];
	bool eof;
	ck_assert_ptr_nonnull(strstr(hear(late, buf, sizeof(buf), &eof), "too-many"));
	close(late);
	now_ms += 2000;
	late = peer();
	say(late, "now\n");
	turn(NULL);
	ck_assert_str_eq(turn("well\n").line, "now");
	ck_assert(is_cut(fd[1]));
	ck_assert(!is_cut(fd[0]));
	for (int i = 0; i < 80; i++)
		close(fd[i]);
	close(late);
}
END_TEST

/* ---- the socket ----------------------------------------------------------------------------- */

START_TEST(everybody_may_come)
{
	struct stat st;
	char *path = help_path(conf.run_dir, "control");
	ck_assert_int_eq(stat(conf.run_dir, &st), 0);
	ck_assert_uint_eq(st.st_mode & 0777, 0755);
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert(S_ISSOCK(st.st_mode));
	ck_assert_uint_eq(st.st_mode & 0777, 0666);
	free(path);
}
END_TEST

START_TEST(an_old_socket_is_replaced)
{
	char *path = help_path(conf.run_dir, "control");
	struct ctl *second = ctl_open(&conf); /* the first one still listens */
	ck_assert_ptr_nonnull(second);
	int fd = peer();
	say(fd, "who\n");
	turn(NULL);
	ck_assert_str_eq(turn("first\n").line, "who");
	close(fd);
	ctl_free(second);
	ck_assert_int_eq(access(path, F_OK), 0); /* it was not the second's */
	char *kept = xasprintf("%s.kept", path);
	ck_assert_int_eq(link(path, kept), 0);
	ctl_free(ctl);
	ck_assert_int_ne(access(path, F_OK), 0);
	ck_assert_int_eq(rename(kept, path), 0); /* as a crash leaves it */
	ctl = ctl_open(&conf);
	fd = peer();
	say(fd, "who\n");
	turn(NULL);
	ck_assert_str_eq(turn("third\n").line, "who");
	close(fd);
	free(kept);
	free(path);
}
END_TEST

START_TEST(no_place_for_it)
{
	struct conf nowhere = { .run_dir = help_path(dir, "a/b"), .admins = conf.admins };
	struct ctl *second = ctl_open(&nowhere);
	struct pollfd fd = { .fd = ctl_fd(second), .events = POLLIN };
	ck_assert_int_eq(poll(&fd, 1, 0), 0);
	ctl_pump(second, now_ms, &q);
	ck_assert_uint_eq(q.count, 0);
	ctl_free(second);
	free(nowhere.run_dir);
}
END_TEST

static void keep(enum log_level level, const char *line, void *arg)
{
	char *kept = arg;
	snprintf(kept, 200, "%d %s", (int)level, line);
}

/* Its daemon cannot start, and whoever starts it wants to know why. */
START_TEST(no_descriptor_left)
{
	struct rlimit before, none;
	char said[200] = "";
	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &before), 0);
	none = before;
	none.rlim_cur = 0;
	log_set_sink(keep, said);
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &none), 0);
	struct ctl *none_left = ctl_open(&conf);
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &before), 0);
	ck_assert_ptr_null(none_left);
	ck_assert_ptr_nonnull(strstr(said, "event=not-started"));
	ck_assert_ptr_nonnull(strstr(said, "Too many open files"));
}
END_TEST

int main(void)
{
	Suite *s = suite_create("ctl");
	TCase *t = tcase_create("ctl");
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, no_descriptor_left);
	tcase_add_test(t, a_question_and_its_answer);
	tcase_add_test(t, lines_in_pieces_and_many_at_once);
	tcase_add_test(t, closed_behind_the_question);
	tcase_add_test(t, half_a_line);
	tcase_add_test(t, a_megabyte_without_a_newline);
	tcase_add_test(t, a_line_as_long_as_may_be);
	tcase_add_test(t, more_when_it_is_taken);
	tcase_add_test(t, one_that_does_not_listen);
	tcase_add_test(t, news_are_lost_not_kept);
	tcase_add_test(t, a_flood_of_another_user);
	tcase_add_test(t, another_user);
	tcase_add_test(t, users_that_are_hidden);
	tcase_add_test(t, a_group_that_is_hidden);
	tcase_add_test(t, the_admins_group);
	tcase_add_test(t, more_than_there_is_place_for);
	tcase_add_test(t, everybody_may_come);
	tcase_add_test(t, an_old_socket_is_replaced);
	tcase_add_test(t, no_place_for_it);
	suite_add_tcase(s, t);
	return help_run(s);
}
