/* test_malice: what a server that means harm gets out of edge/http: no credentials on another
 * server's behalf, no memory and time beyond the limits, no stop of the loop. */
#include "edge/http.h"

#include "core/livy.h"
#include "edge/httpopt.h"
#include "help.h"
#include "httpd.h"
#include <fcntl.h>
#include <malloc.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define LONG_MS 600000
#define ANSWER_BYTES_MAX (1 << 20)
#define OK_200 "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"

struct world {
	struct conf conf;
	struct conf_endpoint endpoint;
	struct http *http;
	struct evq q;
	uint64_t seq;
};

static struct world *world_new(char *url)
{
	struct world *w = xcalloc(1, sizeof(*w));

	w->endpoint = (struct conf_endpoint){ .name = xstrdup("hdi"),
		.url = url,
		.connect_timeout_ms = LONG_MS,
		.auth = AUTH_BASIC,
		.user = xstrdup("admin"),
		.password = xstrdup("se:cret") };
	w->conf = (struct conf){ .endpoint = &w->endpoint, .endpoint_count = 1 };
	w->http = http_new(&w->conf);
	ck_assert_ptr_nonnull(w->http);
	evq_init(&w->q);
	return w;
}

static void world_forget(struct world *w)
{
	while (evq_next(&w->q) != NULL)
		;
	evq_done(&w->q);
}

static void world_free(struct world *w)
{
	http_free(w->http);
	world_forget(w);
	evq_fini(&w->q);
	free(w->endpoint.name);
	free(w->endpoint.url);
	free(w->endpoint.user);
	free(w->endpoint.password);
	free(w);
}

static void begin(struct world *w, enum http_method method, int64_t timeout_ms)
{
	struct fx_http fx = { .tag = { .seq = ++w->seq },
		.method = method,
		.path = "/sessions",
		.timeout_ms = timeout_ms,
		.body_bytes_max = ANSWER_BYTES_MAX };

	if (method == HTTP_POST)
		fx.body = (struct bytes){ "{\"kind\":1}", 10 };
	world_forget(w);
	http_perform(w->http, &fx);
}

static const struct ev_http *run(struct world *w, enum http_method method)
{
	begin(w, method, LONG_MS);
	while (http_in_flight(w->http) > 0) {
		ck_assert_int_eq(http_wait(w->http, NULL, 0, -1), 0);
		http_pump(w->http, &w->q);
	}
	return &evq_next(&w->q)->u.http;
}

/* ---- redirects ------------------------------------------------------------------------------- */

static const int moved[] = { 301, 302, 303, 307, 308 };

/* To another port, and to another name of this machine. */
START_TEST(no_redirect_takes_anything_along)
{
	static const char *const host[] = { "127.0.0.1", "localhost" };
	struct httpd *other = httpd_start(&(struct httpd_step){ .say = OK_200 }, 1);
	char *say = xasprintf("HTTP/1.1 %d Moved\r\nLocation: http://%s:%d/sessions\r\n"
			      "Content-Length: 0\r\n\r\n",
	    moved[_i / 2], host[_i % 2], httpd_port(other));
	struct httpd *d = httpd_start(&(struct httpd_step){ .say = say }, 1);
	struct world *w = world_new(httpd_url(d, ""));

	for (int method = HTTP_GET; method <= HTTP_DELETE; method++) {
		const struct ev_http *ev = run(w, (enum http_method)method);
		struct livy_answer a;

		ck_assert_int_eq(ev->outcome, HTTP_REPLY);
		ck_assert_int_eq(ev->status, moved[_i / 2]);
		livy_read_session(ev->status, ev->body, &a);
		ck_assert_int_eq(a.verdict, LIVY_REDIRECT);
		livy_fini(&a);
	}
	ck_assert_uint_eq(httpd_count(d, NULL), 3);
	ck_assert_uint_eq(httpd_connections(other), 0);
	world_free(w);
	httpd_stop(d);
	httpd_stop(other);
	free(say);
}
END_TEST

START_TEST(a_redirect_loop_is_one_request)
{
	struct httpd *d = httpd_start(
	    &(struct httpd_step){ .say = "HTTP/1.1 302 Found\r\nLocation: /sessions\r\n"
					 "Refresh: 0; url=/sessions\r\nContent-Length: 0\r\n\r\n" },
	    1);
	struct world *w = world_new(httpd_url(d, ""));

	ck_assert_int_eq(run(w, HTTP_GET)->status, 302);
	ck_assert_uint_eq(httpd_count(d, NULL), 1);
	world_free(w);
	httpd_stop(d);
}
END_TEST

/* ---- answers that are poison ------------------------------------------------------------------ */

#define STATEMENT(data)                                                                            \
	"{\"id\":1,\"state\":\"available\",\"output\":{\"status\":\"ok\",\"data\":" data "}}"
#define BODY(text)                                                                                 \
	{                                                                                          \
		text, sizeof(text) - 1                                                             \
	}

static const struct {
	struct bytes body;
	enum livy_verdict verdict;
} poisons[] = {
	{ BODY(STATEMENT("{\"text/plain\":\"a\0b\"}")), LIVY_GARBAGE },
	{ BODY(STATEMENT("{\"text/plain\":\"\xff\xc0\xaf\"}")), LIVY_GARBAGE },
	{ BODY("<html>no</html>"), LIVY_GARBAGE },
	{ BODY("\0\0\0\0"), LIVY_GARBAGE },
	{ BODY(""), LIVY_GARBAGE },
	{ BODY("[]"), LIVY_GARBAGE },
	{ BODY("{\"id\":-1}"), LIVY_GARBAGE },
	{ BODY(STATEMENT("{\"text/plain\":\"a\\u0000b\"}")), LIVY_OK },
	{ BODY(STATEMENT("{\"text/plain\":\"\\ud83d\"}")), LIVY_OK },
	{ BODY(STATEMENT("{\"application/json\":[123456789012345678901234567890,1e999]}")),
	    LIVY_OK },
};

/* Every byte arrives, and is judged as what it is. */
START_TEST(poison_arrives_whole)
{
	struct bytes body = poisons[_i].body;
	char *head = xasprintf("HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n", body.n);
	size_t n = strlen(head);
	char *say = xcalloc(1, n + body.n + 1);
	struct httpd *d;
	struct world *w;
	const struct ev_http *ev;
	struct livy_answer a;

	memcpy(say, head, n);
	memcpy(say + n, body.p, body.n);
	d = httpd_start(&(struct httpd_step){ .say = say, .say_bytes = n + body.n }, 1);
	w = world_new(httpd_url(d, ""));
	ev = run(w, HTTP_GET);
	ck_assert_int_eq(ev->outcome, HTTP_REPLY);
	ck_assert_uint_eq(ev->body.n, body.n);
	ck_assert_int_eq(memcmp(ev->body.p, body.p, body.n), 0);
	livy_read_statement(ev->status, ev->body, &a);
	ck_assert_int_eq(a.verdict, poisons[_i].verdict);
	livy_fini(&a);
	world_free(w);
	httpd_stop(d);
	free(say);
	free(head);
}
END_TEST

#define DEPTH 10000

/* Neither its reading nor its release may take a stack for each level. */
START_TEST(nesting_is_refused)
{
	struct buf b;
	char *body, *say;
	struct httpd *d;
	struct world *w;
	struct livy_answer a;

	buf_init(&b, 4 * DEPTH);
	for (int i = 0; i < DEPTH; i++)
		(void)buf_adds(&b, _i == 0 ? "[" : "{\"a\":");
	for (int i = 0; i < DEPTH && _i == 0; i++)
		(void)buf_adds(&b, "]");
	ck_assert(!b.full || _i == 1);
	body = buf_steal(&b, NULL);
	say = httpd_answer(200, body);
	d = httpd_start(&(struct httpd_step){ .say = say }, 1);
	w = world_new(httpd_url(d, ""));
	const struct ev_http *ev = run(w, HTTP_GET);
	ck_assert_int_eq(ev->outcome, HTTP_REPLY);
	livy_read_statement(ev->status, ev->body, &a);
	ck_assert_int_eq(a.verdict, LIVY_GARBAGE);
	livy_fini(&a);
	world_free(w);
	httpd_stop(d);
	free(say);
	free(body);
}
END_TEST

/* ---- memory ----------------------------------------------------------------------------------- */

static size_t heap_bytes(void)
{
	struct mallinfo2 m = mallinfo2();

	return m.uordblks + m.hblkhd;
}

static const struct httpd_step floods[] = {
	{ .say = "HTTP/1.1 200 OK\r\n\r\n", .forever = "0123456789abcdef" },
	{ .say = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
	    .forever = "10;x=y\r\n0123456789abcdef\r\n" },
	{ .say = "HTTP/1.1 200 OK\r\nX: ", .forever = "0123456789abcdef" },
	{ .say = "HTTP/1.1 200 OK\r\n", .forever = "X-Flood: 0123456789abcdef\r\n" },
	{ .say = "", .forever = "HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" },
	{ .say = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n",
	    .forever = "X-Trailer: 0123456789abcdef\r\n" },
};

/* Eight at once, each without an end. Returns what the heap held at most, looked at at every step. */
static size_t flood(struct world *w)
{
	size_t most = 0;

	for (int i = 0; i < 8; i++)
		begin(w, HTTP_GET, LONG_MS);
	while (http_in_flight(w->http) > 0) {
		ck_assert_int_eq(http_wait(w->http, NULL, 0, -1), 0);
		http_pump(w->http, &w->q);
		if (heap_bytes() > most)
			most = heap_bytes();
	}
	for (const struct event *ev; (ev = evq_next(&w->q)) != NULL;)
		ck_assert(ev->u.http.outcome == HTTP_TOO_BIG || ev->u.http.outcome == HTTP_LOST);
	evq_done(&w->q);
	return most;
}

/* What they take is eight answers and some small change, and from one time to the next nothing stays
 * but the handles that are kept. */
START_TEST(floods_take_what_is_allowed)
{
	struct httpd *d = httpd_start(&floods[_i], 1);
	struct world *w = world_new(httpd_url(d, ""));
	size_t before = heap_bytes(), most = flood(w), kept = heap_bytes();

	/* A growing buffer is there twice for a moment, at up to twice its size. */
	ck_assert_uint_lt(most - before, (size_t)8 * (4 * ANSWER_BYTES_MAX + (512 << 10)));
	(void)flood(w);
	/* The server here is in the same heap, and keeps 64 KB of each request. */
	ck_assert_uint_lt(heap_bytes(), kept + 8 * (64 << 10) + (128 << 10));
	world_free(w);
	httpd_stop(d);
}
END_TEST

/* ---- a server that accepts and says nothing ---------------------------------------------------- */

static int64_t clock_ms(void)
{
	struct timespec t;

	ck_assert_int_eq(clock_gettime(CLOCK_MONOTONIC, &t), 0);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

#define STOPPED_MS 4000 /* the resolver itself gives up after 10 s */

/* A turn as the loop takes it; how long it stood, if that is longer than longest_ms. */
static int64_t turn(struct world *w, int64_t longest_ms)
{
	ck_assert_int_eq(http_wait(w->http, NULL, 0, 10), 0);
	int64_t began_ms = clock_ms();
	http_pump(w->http, &w->q);
	int64_t ms = clock_ms() - began_ms;
	return ms > longest_ms ? ms : longest_ms;
}

/* Whoever speaks is heard meanwhile, and a stop waits for none of the others. */
START_TEST(a_mute_server_stops_nothing)
{
	struct httpd *mute = httpd_start(&(struct httpd_step){ .then = HTTPD_HANG }, 1);
	struct httpd *other = httpd_start(&(struct httpd_step){ .say = OK_200 }, 1);
	struct world *w = world_new(httpd_url(mute, ""));
	struct conf_endpoint both[] = { w->endpoint, w->endpoint };
	int64_t longest_ms = 0, began_ms;

	both[1].url = httpd_url(other, "");
	w->conf = (struct conf){ .endpoint = both, .endpoint_count = 2 };
	http_conf(w->http, &w->conf);
	for (int i = 0; i < 8; i++)
		begin(w, i % 2 == 0 ? HTTP_GET : HTTP_POST, LONG_MS);
	while (httpd_count(mute, NULL) < 8)
		longest_ms = turn(w, longest_ms);
	for (int i = 0; i < 50; i++) {
		const struct event *ev;
		struct fx_http fx = { .tag = { .endpoint = 1 },
			.method = HTTP_GET,
			.path = "/sessions",
			.timeout_ms = LONG_MS,
			.body_bytes_max = ANSWER_BYTES_MAX };
		http_perform(w->http, &fx);
		while ((ev = evq_next(&w->q)) == NULL)
			longest_ms = turn(w, longest_ms);
		ck_assert_int_eq(ev->u.http.outcome, HTTP_REPLY);
		ck_assert_uint_eq(ev->u.http.tag.endpoint, 1);
		world_forget(w);
	}
	ck_assert_uint_eq(http_in_flight(w->http), 8);
	began_ms = clock_ms();
	world_free(w);
	if (clock_ms() - began_ms > longest_ms)
		longest_ms = clock_ms() - began_ms;
	ck_assert_msg(longest_ms < STOPPED_MS, "the loop stood for %lld ms", (long long)longest_ms);
	free(both[1].url);
	httpd_stop(mute);
	httpd_stop(other);
}
END_TEST

/* ---- a name server that says nothing ---------------------------------------------------------- */

/* A network of our own, in which port 53 is taken by somebody who never answers. False: this is not
 * allowed here. */
static bool enter_silence(const char *dir)
{
	struct sockaddr_in a = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
		.sin_port = htons(53) };
	struct ifreq lo = { .ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING };
	char *conf = help_path(dir, "resolv.conf");
	char *hosts = help_path(dir, "nsswitch.conf");
	int s;

	help_write_file(conf, "nameserver 127.0.0.1\n", 21);
	help_write_file(hosts, "hosts: dns\n", 11);
	/* Whoever is not root here may be so among users of its own. */
	if ((unshare(CLONE_NEWNET | CLONE_NEWNS) != 0 &&
		unshare(CLONE_NEWUSER | CLONE_NEWNET | CLONE_NEWNS) != 0) ||
	    mount("none", "/", "none", MS_REC | MS_PRIVATE, NULL) != 0 ||
	    mount(conf, "/etc/resolv.conf", "none", MS_BIND, NULL) != 0 ||
	    mount(hosts, "/etc/nsswitch.conf", "none", MS_BIND, NULL) != 0)
		return false;
	s = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	free(conf);
	free(hosts);
	return s >= 0 && ioctl(s, SIOCSIFFLAGS, &lo) == 0 &&
	       bind(s, (struct sockaddr *)&a, sizeof(a)) == 0;
}

#define SKIPPED 77

/* The request ends at its time limit, and no call of ours takes as long as the resolver. */
static int ask_in_silence(void)
{
	struct world *w = world_new(xstrdup("http://livy.example.com:8998"));
	int64_t longest_ms = 0, began_ms;

	begin(w, HTTP_POST, 300);
	while (http_in_flight(w->http) > 0)
		longest_ms = turn(w, longest_ms);
	const struct ev_http *ev = &evq_next(&w->q)->u.http;
	ck_assert_int_eq(ev->outcome, HTTP_NOT_SENT);
	ck_assert_ptr_nonnull(strstr(ev->error, "no connection in time"));
	/* And so does a stop while a name is asked for. */
	begin(w, HTTP_POST, LONG_MS);
	ck_assert_int_eq(http_wait(w->http, NULL, 0, 0), 0);
	http_pump(w->http, &w->q);
	ck_assert_uint_eq(http_in_flight(w->http), 1);
	began_ms = clock_ms();
	world_free(w);
	if (clock_ms() - began_ms > longest_ms)
		longest_ms = clock_ms() - began_ms;
	ck_assert_msg(longest_ms < STOPPED_MS, "the loop stood for %lld ms", (long long)longest_ms);
	return 0;
}

START_TEST(a_dead_name_server_stops_nothing)
{
	char *dir = help_tmpdir();
	int status;
	pid_t pid = fork();

	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		bool entered = enter_silence(dir);
		free(dir); /* or valgrind takes it for lost */
		_exit(entered ? ask_in_silence() : SKIPPED);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	help_rmtree(dir);
	free(dir);
	ck_assert(WIFEXITED(status));
	if (WEXITSTATUS(status) == SKIPPED)
		puts("left out: no network namespace is to be had here");
	else
		ck_assert_int_eq(WEXITSTATUS(status), 0);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("malice");
	TCase *tc = tcase_create("malice");

	(void)signal(SIGPIPE, SIG_IGN);
	tcase_set_timeout(tc, 120);
	tcase_add_loop_test(tc, no_redirect_takes_anything_along, 0, 2 * (int)ARRAY_LEN(moved));
	tcase_add_test(tc, a_redirect_loop_is_one_request);
	tcase_add_loop_test(tc, poison_arrives_whole, 0, (int)ARRAY_LEN(poisons));
	tcase_add_loop_test(tc, nesting_is_refused, 0, 2);
	tcase_add_loop_test(tc, floods_take_what_is_allowed, 0, (int)ARRAY_LEN(floods));
	tcase_add_test(tc, a_mute_server_stops_nothing);
	tcase_add_test(tc, a_dead_name_server_stops_nothing);
	suite_add_tcase(s, tc);
	return help_run(s);
}
