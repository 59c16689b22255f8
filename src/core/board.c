/* board: the state of the whole as one HTML page for people. Keeps no state. */
#include "core/board.h"

#include "core/page_int.h"
#include "core/result.h"
#include <stdlib.h>

/* ---- pieces ---------------------------------------------------------------------------------- */

/* A heading that begins with # stands over figures. */
static void board_open_table(struct buf *b, const char *id, const char *title, size_t rows,
    const char *one, const char *const heading[])
{
	page_open_section(b, id, title);
	page_open_box(b, id);
	(void)buf_adds(b, "<table>\n<caption>");
	page_add_count(b, rows, one);
	(void)buf_adds(b, "</caption>\n<thead>\n<tr>");
	for (size_t i = 0; heading[i] != NULL; i++)
		(void)buf_addf(b, "<th scope=\"col\"%s>%s</th>",
		    heading[i][0] == '#' ? " class=\"n\"" : "",
		    heading[i] + (heading[i][0] == '#'));
	(void)buf_adds(b, "</tr>\n</thead>\n<tbody>\n");
}

static void board_close_table(struct buf *b, size_t shown, size_t all)
{
	(void)buf_adds(b, "</tbody>\n</table></div>\n");
	if (shown < all) {
		(void)buf_adds(b, "<p class=\"cut\">and ");
		page_add_count(b, all - shown, "more file");
		(void)buf_adds(b, "</p>\n");
	}
	(void)buf_adds(b, "</section>\n");
}

static void board_nothing(struct buf *b, const char *id, const char *title, const char *words)
{
	page_open_section(b, id, title);
	(void)buf_addf(b, "<p class=\"meta\">%s</p>\n</section>\n", words);
}

static void board_cell(struct buf *b, const char *word)
{
	(void)buf_adds(b, "<td>");
	page_add_word(b, word);
	(void)buf_adds(b, "</td>");
}

/* Since a moment of the wall clock, which may have been set back. */
static void board_age(struct buf *b, const struct core *c, int64_t since_ms)
{
	(void)buf_adds(b, "<td class=\"n\">");
	if (since_ms > 0 && since_ms <= c->now.real_ms)
		page_add_duration(b, c->now.real_ms - since_ms);
	(void)buf_adds(b, "</td>");
}

static const char *board_spool_name(const struct core *c, size_t spool)
{
	return c->conf->spool[spool].name;
}

/* ---- files ----------------------------------------------------------------------------------- */

static void board_running_row(struct buf *b, const struct core *c, const struct job *job)
{
	const struct run_rec *run = job->r.run;
	(void)buf_adds(b, "<tr>");
	board_cell(b, job->r.name);
	board_cell(b, board_spool_name(c, job->r.spool));
	board_age(b, c, run == NULL ? 0 : run->started_ms);
	board_cell(b, run == NULL ? NULL : run->session_name);
	(void)buf_adds(b, "</tr>\n");
}

static void board_running(struct buf *b, const struct core *c, size_t all)
{
	static const char *const heading[] = { "File", "Spool", "#For", "Session", NULL };
	const struct job *job;
	size_t shown = 0;
	if (all == 0) {
		board_nothing(b, "running", "Running", "Nothing runs.");
		return;
	}
	board_open_table(b, "running", "Running", all, "file", heading);
	TAILQ_FOREACH (job, &c->jobs.all, link) {
		if (!job_is_active(job) || shown >= BOARD_ROWS_MAX)
			continue;
		board_running_row(b, c, job);
		shown++;
	}
	board_close_table(b, shown, all);
}

/* In the order of arrival, not of turns: those would have to be worked out for a million files each
 * few seconds, and the page is to show whether things move. */
static void board_queued(struct buf *b, const struct core *c, size_t all)
{
	static const char *const heading[] = { "File", "Spool", "#Waits for", "State", NULL };
	const struct job *job;
	size_t shown = 0;
	if (all == 0) {
		board_nothing(b, "queued", "Queued", "Nothing waits.");
		return;
	}
	board_open_table(b, "queued", "Queued", all, "file", heading);
	TAILQ_FOREACH (job, &c->jobs.all, link) {
		if (job->r.state != JOB_QUEUED)
			continue;
		if (shown >= BOARD_ROWS_MAX)
			break;
		shown++;
		(void)buf_adds(b, "<tr>");
		board_cell(b, job->r.name);
		board_cell(b, board_spool_name(c, job->r.spool));
		board_age(b, c, job->r.queued_ms);
		board_cell(b, job->r.held == HELD_NOT ? "queued" : "held");
		(void)buf_adds(b, "</tr>\n");
	}
	board_close_table(b, shown, all);
}

/* The page of a result where its spool makes them, else what it printed. */
static void board_result(struct buf *b, const struct core *c, const struct tally_ended *e)
{
	const struct conf_spool *spool = &c->conf->spool[e->spool];
	char *file = xasprintf("%s.%s", e->name, spool->html ? "html" : "out");
	(void)buf_adds(b, "<td>");
	if (e->recorded)
		page_add_far_link(
		    b, spool->link == NULL ? spool->path : spool->link, file, e->name);
	else
		page_add_word(b, e->name);
	(void)buf_adds(b, "</td>");
	free(file);
}

static void board_ended_row(struct buf *b, const struct core *c, const struct tally_ended *e)
{
	const char *status = result_status_name(e->status);
	(void)buf_adds(b, "<tr>");
	board_result(b, c, e);
	(void)buf_addf(b, "<td class=\"%s\">%s", page_tone(status), status);
	if (e->exit_code > 0)
		(void)buf_addf(b, " (%d)", e->exit_code);
	(void)buf_adds(b, "</td>");
	board_cell(b, board_spool_name(c, e->spool));
	(void)buf_adds(b, "<td>");
	if (e->finished_ms > 0)
		page_add_time(b, e->finished_ms);
	(void)buf_adds(b, "</td><td class=\"n\">");
	if (e->started_ms > 0 && e->finished_ms >= e->started_ms)
		page_add_duration(b, e->finished_ms - e->started_ms);
	(void)buf_adds(b, "</td>");
	board_cell(b, e->error);
	(void)buf_adds(b, "</tr>\n");
}

static void board_ended(struct buf *b, const struct core *c)
{
	static const char *const heading[] = { "File", "Status", "Spool", "Ended", "#Ran", "Error",
		NULL };
	const struct tally_ended *e;
	if (c->tally.ended_count == 0) {
		board_nothing(b, "ended", "Ended", "Nothing has ended since the daemon started.");
		return;
	}
	board_open_table(b, "ended", "Ended", c->tally.ended_count, "file", heading);
	TAILQ_FOREACH (e, &c->tally.ended, link)
		board_ended_row(b, c, e);
	board_close_table(b, 0, 0);
}

/* ---- sessions and servers -------------------------------------------------------------------- */

static void board_session_row(struct buf *b, const struct core *c, const struct session *s)
{
	(void)buf_adds(b, "<tr>");
	board_cell(b, s->r.name);
	board_cell(b, core_session_pool(c, s)->name);
	board_cell(b, livy_kind_name(s->r.kind));
	board_cell(b, session_phase_name(session_phase(s)));
	(void)buf_addf(b, "<td class=\"n\">%u</td>", s->run_count);
	board_age(b, c, s->r.created_ms);
	(void)buf_adds(b, "</tr>\n");
}

static void board_sessions(struct buf *b, const struct core *c)
{
	static const char *const heading[] = { "Session", "Pool", "Kind", "State", "#Files", "#Age",
		NULL };
	const struct session *s;
	if (TAILQ_EMPTY(&c->sessions)) {
		board_nothing(b, "sessions", "Sessions", "There are none.");
		return;
	}
	size_t count = 0;
	TAILQ_FOREACH (s, &c->sessions, link)
		count++;
	board_open_table(b, "sessions", "Sessions", count, "session", heading);
	TAILQ_FOREACH (s, &c->sessions, link)
		board_session_row(b, c, s);
	board_close_table(b, 0, 0);
}

static bool board_is_down(const struct core *c, size_t endpoint)
{
	return !c->conf->endpoint[endpoint].removed && c->endpoint[endpoint]->trouble != NULL;
}

static void board_trouble(struct buf *b, const struct core *c)
{
	size_t down = 0;
	for (size_t i = 0; i < c->endpoint_count; i++)
		down += board_is_down(c, i);
	if (down == 0)
		return;
	(void)buf_adds(b, "<section class=\"notes\" aria-labelledby=\"trouble\">\n"
			  "<h2 id=\"trouble\">Trouble</h2>\n<ul>\n");
	for (size_t i = 0; i < c->endpoint_count; i++) {
		if (!board_is_down(c, i))
			continue;
		(void)buf_adds(b, "<li>");
		page_add_word(b, c->conf->endpoint[i].name);
		(void)buf_adds(b, ": ");
		page_add_word(b, c->endpoint[i]->trouble);
		(void)buf_adds(b, "; its files stay queued</li>\n");
	}
	(void)buf_adds(b, "</ul>\n</section>\n");
}

/* ---- the whole ------------------------------------------------------------------------------- */

static void board_header(
    struct buf *b, const struct core *c, size_t running, size_t queued, size_t settling)
{
	(void)buf_addf(b,
	    "<header>\n<h1>sparkspool</h1>\n<p class=\"state\"><span>%zu running</span> "
	    "<span>%zu queued</span>",
	    running, queued);
	if (settling > 0)
		(void)buf_addf(b, " <span>%zu not yet quiet</span>", settling);
	(void)buf_adds(b, " <span>as of ");
	page_add_time(b, c->now.real_ms);
	(void)buf_adds(b, "</span></p>\n</header>\n");
}

void board_write(struct buf *b, const struct core *c, int refresh_s)
{
	const size_t *in = c->jobs.in_state;
	size_t queued = in[JOB_QUEUED];
	size_t running = 0;
	for (int k = JOB_READING; k < JOB_DONE; k++)
		running += in[k];
	char *state = xasprintf("%zu running, %zu queued", running, queued);
	page_add_head(b, "sparkspool", state, refresh_s);
	free(state);
	(void)buf_adds(b, "<body>\n<main>\n");
	board_header(b, c, running, queued, in[JOB_SETTLING]);
	board_trouble(b, c);
	board_running(b, c, running);
	board_queued(b, c, queued);
	board_ended(b, c);
	board_sessions(b, c);
	(void)buf_adds(b, "</main>\n</body>\n</html>\n");
}
