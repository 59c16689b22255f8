/* test_export: metrics and board: what they say, when they are written, and how. */
#include "world.h"

#include "core/metrics.h"
#include "edge/export.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MINUTES INT64_C(60000)

static struct world *w;
static char *dir;

static void setup(void)
{
	w = world_new();
	w->conf.metrics_file = "/metrics/sparkspool.prom";
	w->conf.metrics_every_ms = 15000;
	w->conf.status_dir = "/status";
	w->conf.status_every_ms = 5000;
}

static void teardown(void)
{
	world_free(w);
}

static void has(enum export_what what, const char *line)
{
	const char *text = w->exported[what];
	ck_assert_msg(text != NULL && strstr(text, line) != NULL, "no \"%s\" in:\n%.1500s", line,
	    text == NULL ? "(nothing)" : text);
}

static void has_not(enum export_what what, const char *line)
{
	ck_assert_msg(strstr(w->exported[what], line) == NULL, "\"%s\" in:\n%.1500s", line,
	    w->exported[what]);
}

static const char *metrics(void)
{
	int before = w->exports[EXPORT_METRICS];
	world_until(w, MINUTES, w->exports[EXPORT_METRICS] > before);
	return w->exported[EXPORT_METRICS];
}

/* ---- what the metrics say ----------------------------------------------------------------------- */

START_TEST(a_file_is_counted_once)
{
	world_put(w, "a.py", "work");
	world_begin(w);
	world_until(w, MINUTES, world_done(w, "a.py"));
	metrics();
	has(EXPORT_METRICS, "sparkspool_files_ended_total{spool=\"in\",status=\"ok\"} 1\n");
	has(EXPORT_METRICS, "sparkspool_files_ended_total{spool=\"in\",status=\"error\"} 0\n");
	has(EXPORT_METRICS, "sparkspool_stage_seconds_count{spool=\"in\",stage=\"run\"} 1\n");
	has(EXPORT_METRICS, "sparkspool_stage_seconds_count{spool=\"in\",stage=\"wait\"} 1\n");
	has(EXPORT_METRICS,
	    "sparkspool_stage_seconds_bucket{spool=\"in\",stage=\"wait\",le=\"+Inf\"} 1\n");
	has(EXPORT_METRICS, "sparkspool_files{spool=\"in\",state=\"queued\"} 0\n");
	has(EXPORT_METRICS,
	    "sparkspool_requests_total{endpoint=\"livy\",request=\"create\",result=\"ok\"} 1\n");
	has(EXPORT_METRICS, "sparkspool_endpoint_up{endpoint=\"livy\"} 1\n");
	has(EXPORT_METRICS, "sparkspool_sessions{pool=\"main\",state=\"idle\"} 1\n");
	has(EXPORT_METRICS, "sparkspool_sessions_max{pool=\"main\"} 4\n");
}
END_TEST

/* Nobody asks a server that is not named any more, and of which nothing is left: it is not down. */
START_TEST(a_server_that_was_taken_out)
{
	w->conf.endpoint_count = 2;
	size_t pool = world_add_pool(w, "second");
	w->pool[pool].endpoint = 1;
	w->pool[0].warm[KIND_PYSPARK] = 1;
	world_begin(w);
	world_put(w, "a.py", "sleep 60000");
	world_until(w, MINUTES, world_ran(w, "sleep 60000") == 1);
	w->endpoint[0].removed = w->pool[0].removed = true;
	w->spool[0].pool = pool;
	world_reload(w);
	world_run(w, 5000);
	metrics();
	has(EXPORT_METRICS, "sparkspool_endpoint_up{endpoint=\"livy\"} 1\n");
	world_until(w, 5 * MINUTES, world_done(w, "a.py") && w->server[0].count == 0);
	world_reload(w);
	world_run(w, MINUTES);
	metrics();
	has_not(EXPORT_METRICS, "sparkspool_endpoint_up{endpoint=\"livy\"}");
}
END_TEST

/* Spools that were taken out once and for all add up over the years. */
START_TEST(a_spool_that_was_taken_out)
{
	size_t other = world_add_spool(w, "other", 0);
	world_begin(w);
	world_put_in(w, other, "a.py", "work");
	world_put_in(w, other, "b.py", "work");
	world_until(w, MINUTES, world_done(w, "b.py"));
	w->spool[other].removed = true;
	world_reload(w);
	metrics();
	has(EXPORT_METRICS, "sparkspool_files_ended_total{spool=\"other\",status=\"ok\"} 2\n");
	world_crash(w);
	world_run(w, MINUTES);
	metrics();
	has(EXPORT_METRICS, "sparkspool_files{spool=\"in\",state=\"queued\"} 0\n");
	has_not(EXPORT_METRICS, "spool=\"other\"");
	w->spool[other].removed = false;
	world_reload(w);
	world_run(w, MINUTES);
	metrics();
	has(EXPORT_METRICS, "sparkspool_files_ended_total{spool=\"other\",status=\"ok\"} 0\n");
}
END_TEST

START_TEST(what_waits_has_an_age)
{
	world_fault(
	    w, (struct world_fault){ .method = HTTP_GET, .fate = FATE_NOT_SENT, .times = -1 });
	world_put(w, "a.py", "work");
	world_begin(w);
	world_run(w, 10 * MINUTES);
	metrics();
	has(EXPORT_METRICS, "sparkspool_files{spool=\"in\",state=\"queued\"} 1\n");
	has(EXPORT_METRICS, "sparkspool_endpoint_up{endpoint=\"livy\"} 0\n");
	has_not(EXPORT_METRICS, "sparkspool_errors_total{class=\"endpoint\"} 0\n");
	const char *age =
	    strstr(w->exported[EXPORT_METRICS], "queue_oldest_seconds{spool=\"in\"} ");
	ck_assert_ptr_nonnull(age);
	ck_assert_double_ge(strtod(strchr(age, '}') + 1, NULL), 600.0 - 15);
	world_mend(w);
	world_until(w, 10 * MINUTES, world_done(w, "a.py"));
	metrics();
	has(EXPORT_METRICS, "sparkspool_queue_oldest_seconds{spool=\"in\"} 0.000\n");
}
END_TEST

START_TEST(a_result_that_cannot_be_written_is_an_error)
{
	w->dir[0]->stage_err = ENOSPC;
	world_put(w, "a.py", "work");
	world_begin(w);
	world_until(w, 10 * MINUTES, world_done(w, "a.py"));
	metrics();
	has(EXPORT_METRICS, "sparkspool_errors_total{class=\"result\"} 1\n");
}
END_TEST

/* Each sample belongs to the family whose HELP and TYPE stand above it, and no series comes twice. */
START_TEST(each_family_is_whole)
{
	world_add_spool(w, "second", 0);
	world_put(w, "a.py", "work");
	world_put_in(w, 1, "b.py", "fail");
	world_begin(w);
	world_until(w, MINUTES, world_done(w, "a.py"));
	char *text = xstrdup(metrics());
	char *save = NULL;
	char family[128] = "";
	int samples = 0;
	for (char *line = strtok_r(text, "\n", &save); line != NULL;
	     line = strtok_r(NULL, "\n", &save)) {
		if (strncmp(line, "# HELP ", 7) == 0)
			ck_assert_int_eq(sscanf(line, "# HELP %127s ", family), 1);
		else if (line[0] != '#')
			ck_assert_msg(
			    strncmp(line, family, strlen(family)) == 0, "%s in %s", line, family);
		if (line[0] == '#')
			continue;
		samples++;
		char *key = xasprintf("\n%.*s ", (int)(strrchr(line, ' ') - line), line);
		const char *first = strstr(w->exported[EXPORT_METRICS], key);
		ck_assert_ptr_nonnull(first);
		ck_assert_msg(strstr(first + 1, key) == NULL, "twice: %s", key);
		free(key);
	}
	ck_assert_int_gt(samples, 100);
	free(text);
}
END_TEST

/* ---- when ---------------------------------------------------------------------------------------- */

START_TEST(metrics_have_their_interval)
{
	world_begin(w);
	int before = w->exports[EXPORT_METRICS];
	world_run(w, 10 * MINUTES);
	ck_assert_int_eq(w->exports[EXPORT_METRICS] - before, 40);
}
END_TEST

START_TEST(at_rest_no_board_is_written)
{
	world_begin(w);
	world_run(w, MINUTES);
	int before = w->exports[EXPORT_BOARD];
	ck_assert_int_gt(before, 0);
	world_run(w, 10 * MINUTES);
	ck_assert_int_eq(w->exports[EXPORT_BOARD], before);
}
END_TEST

/* At most every few seconds, and the last state always. */
START_TEST(a_board_follows_in_its_time)
{
	world_put(w, "a.py", "sleep 60000");
	world_begin(w);
	world_until(w, MINUTES,
	    w->exported[EXPORT_BOARD] != NULL &&
		strstr(w->exported[EXPORT_BOARD], "1 running") != NULL);
	int before = w->exports[EXPORT_BOARD];
	int64_t from_ms = w->now.mono_ms;
	world_until(w, 2 * MINUTES, world_done(w, "a.py"));
	ck_assert_int_gt(w->exports[EXPORT_BOARD], before + 2);
	ck_assert_int_le(
	    w->exports[EXPORT_BOARD] - before, (int)((w->now.mono_ms - from_ms) / 5000) + 1);
	world_run(w, MINUTES);
	has(EXPORT_BOARD, "Nothing runs.");
	has(EXPORT_BOARD, "class=\"ok\">ok</td>");
}
END_TEST

START_TEST(not_asked_for_not_written)
{
	w->conf.metrics_file = NULL;
	w->conf.status_dir = NULL;
	world_put(w, "a.py", "work");
	world_begin(w);
	world_until(w, MINUTES, world_done(w, "a.py"));
	ck_assert_int_eq(w->exports[EXPORT_METRICS] + w->exports[EXPORT_BOARD], 0);
	w->conf.metrics_file = "/metrics/sparkspool.prom"; /* a reload brings it */
	world_reload(w);
	world_until(w, MINUTES, w->exports[EXPORT_METRICS] > 0);
}
END_TEST

START_TEST(a_failure_is_said_once)
{
	w->export_err = ENOSPC;
	world_begin(w);
	world_run(w, 10 * MINUTES);
	ck_assert_int_eq(
	    world_logged(w, "event=not-exported file=\"/metrics/sparkspool.prom\""), 1);
	w->export_err = 0;
	world_run(w, MINUTES);
	ck_assert_int_eq(world_logged(w, "event=exported file=\"/metrics/sparkspool.prom\""), 1);
}
END_TEST

/* ---- the board ----------------------------------------------------------------------------------- */

START_TEST(names_of_strangers_stay_text)
{
	world_put(w, "<script>x.py", "work");
	world_begin(w);
	world_until(w, MINUTES, world_done(w, "<script>x.py"));
	world_run(w, MINUTES);
	has(EXPORT_BOARD, "&lt;script&gt;x.py");
	has(EXPORT_BOARD, "/%3Cscript%3Ex.py.out\"");
	has_not(EXPORT_BOARD, "<script");
}
END_TEST

START_TEST(links_lead_to_where_people_see_the_spool)
{
	w->spool[0].link = "https://files.example/in";
	world_put(w, "a b.py", "work");
	world_begin(w);
	world_until(w, MINUTES, world_done(w, "a b.py"));
	world_run(w, MINUTES);
	has(EXPORT_BOARD, "<a href=\"https://files.example/in/a%20b.py.out\">");
}
END_TEST

START_TEST(a_server_that_is_down_stands_above)
{
	world_fault(
	    w, (struct world_fault){ .method = HTTP_GET, .fate = FATE_NOT_SENT, .times = -1 });
	world_put(w, "a.py", "work");
	world_begin(w);
	world_run(w, MINUTES);
	has(EXPORT_BOARD, "<h2 id=\"trouble\">Trouble</h2>");
	has(EXPORT_BOARD, "1 queued");
	world_mend(w);
	world_until(w, 10 * MINUTES, world_done(w, "a.py"));
	world_run(w, MINUTES);
	has_not(EXPORT_BOARD, "Trouble");
}
END_TEST

/* Nothing happens any more that would write it anew. */
START_TEST(a_page_that_could_not_be_written_comes_later)
{
	world_put(w, "a.py", "work");
	world_begin(w);
	world_until(w, MINUTES, world_recorded(w, "a.py", "ok"));
	w->export_err = ENOSPC;
	world_until(w, 10 * MINUTES, world_done(w, "a.py"));
	world_run(w, 10 * MINUTES);
	has_not(EXPORT_BOARD, "a.py.out\"");
	w->export_err = 0;
	world_run(w, MINUTES);
	has(EXPORT_BOARD, "a.py.out\"");
}
END_TEST

START_TEST(of_many_the_first_are_shown)
{
	char name[32];
	world_fault(
	    w, (struct world_fault){ .method = HTTP_GET, .fate = FATE_NOT_SENT, .times = -1 });
	for (int i = 0; i < 150; i++) {
		snprintf(name, sizeof(name), "f%03d.py", i);
		world_put(w, name, "work");
	}
	world_begin(w);
	world_run(w, MINUTES);
	has(EXPORT_BOARD, "150 queued");
	has(EXPORT_BOARD, "and 50 more files");
}
END_TEST

/* ---- the edge ------------------------------------------------------------------------------------ */

static int put(const char *path, const char *text)
{
	struct evq q;
	evq_init(&q);
	const struct fx_export fx = {
		.what = EXPORT_BOARD, .path = path, .text = { text, strlen(text) }
	};
	export_perform(&fx, &q);
	const struct event *ev = evq_next(&q);
	ck_assert_int_eq(ev->type, EV_EXPORTED);
	ck_assert_str_eq(ev->u.exported.path, path);
	int err = ev->u.exported.err;
	evq_fini(&q);
	return err;
}

static void make(const char *path, const char *text)
{
	help_write_file(path, text, strlen(text));
}

static void is(const char *path, const char *text)
{
	char *found = help_read_file(path, NULL);
	ck_assert_str_eq(found, text);
	free(found);
}

static void setup_dir(void)
{
	dir = help_tmpdir();
}

static void teardown_dir(void)
{
	help_rmtree(dir);
	free(dir);
}

START_TEST(a_file_is_replaced_as_a_whole)
{
	struct stat st;
	char *path = help_path(dir, "index.html");
	char *hidden = help_path(dir, ".index.html.new");
	ck_assert_int_eq(put(path, "one"), 0);
	umask(077);
	make(hidden, "left by a crash");
	ck_assert_int_eq(put(path, "two"), 0);
	is(path, "two");
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_uint_eq(st.st_mode & 0777, 0644);
	ck_assert_int_ne(access(hidden, F_OK), 0);
	free(path);
	free(hidden);
}
END_TEST

/* Where others may write, a link in place of the hidden file leads nobody astray. */
START_TEST(a_link_is_not_followed)
{
	char *path = help_path(dir, "index.html");
	char *hidden = help_path(dir, ".index.html.new");
	char *other = help_path(dir, "other");
	make(other, "theirs");
	ck_assert_int_eq(symlink(other, hidden), 0);
	ck_assert_int_eq(put(path, "ours"), 0);
	is(other, "theirs");
	is(path, "ours");
	free(path);
	free(hidden);
	free(other);
}
END_TEST

START_TEST(what_cannot_be_written_is_told)
{
	char *path = help_path(dir, "nowhere/index.html");
	ck_assert_int_eq(put(path, "text"), ENOENT);
	free(path);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("export");
	TCase *t = tcase_create("core");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, a_file_is_counted_once);
	tcase_add_test(t, a_server_that_was_taken_out);
	tcase_add_test(t, a_spool_that_was_taken_out);
	tcase_add_test(t, what_waits_has_an_age);
	tcase_add_test(t, a_result_that_cannot_be_written_is_an_error);
	tcase_add_test(t, each_family_is_whole);
	tcase_add_test(t, metrics_have_their_interval);
	tcase_add_test(t, at_rest_no_board_is_written);
	tcase_add_test(t, a_board_follows_in_its_time);
	tcase_add_test(t, not_asked_for_not_written);
	tcase_add_test(t, a_failure_is_said_once);
	tcase_add_test(t, names_of_strangers_stay_text);
	tcase_add_test(t, links_lead_to_where_people_see_the_spool);
	tcase_add_test(t, a_server_that_is_down_stands_above);
	tcase_add_test(t, a_page_that_could_not_be_written_comes_later);
	tcase_add_test(t, of_many_the_first_are_shown);
	suite_add_tcase(s, t);
	t = tcase_create("edge");
	tcase_add_checked_fixture(t, setup_dir, teardown_dir);
	tcase_add_test(t, a_file_is_replaced_as_a_whole);
	tcase_add_test(t, a_link_is_not_followed);
	tcase_add_test(t, what_cannot_be_written_is_told);
	suite_add_tcase(s, t);
	return help_run(s);
}
