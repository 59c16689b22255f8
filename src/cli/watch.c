/* watch: what happens: of one job also its output, of many a table or a line for each change. */
#include "cli/ask.h"
#include "cli/clock.h"
#include "cli/cmd.h"
#include "cli/follow.h"
#include "cli/row.h"
#include "cli/who.h"
#include "core/text.h"
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TICK_MS 500
#define PLACE_MS 2000
#define SCREEN_BYTES_MAX (1u << 20)
#define ENDED_SHOWN 5 /* of those that have ended, so many stay on the screen */

/* ---- one job --------------------------------------------------------------------------------- */

static int watch_one(struct daemon *d, json_t *who)
{
	struct follow f;
	int code;

	json_t *job = ask_job(d, json_incref(who), NULL);
	if (job == NULL) {
		json_t *request = ask_for("show");
		json_t *jobs = json_array();
		text_append(jobs, json_incref(who));
		text_put(request, "jobs", jobs);
		code = ask(d, request, NULL, NULL); /* which says why */
		return code == CLI_OK ? CLI_NOT_SO : code;
	}
	follow_init(&f, d, ask_text(job, "name") == NULL ? "" : ask_text(job, "name"));
	code = follow_to_end(&f, ask_int(job, "id", 0));
	if (code == CLI_OK && !d->o->json && !d->o->quiet) {
		char *state = row_state(f.job);
		fprintf(
		    stderr, "sparkspool: job %lld: %s\n", (long long)ask_int(job, "id", 0), state);
		free(state);
	}
	if (code == CLI_OK)
		code = follow_code(f.job) == CLI_OK ? CLI_OK : CLI_NOT_SO;
	follow_fini(&f);
	json_decref(job);
	return code;
}

/* ---- many ------------------------------------------------------------------------------------ */

/* What is known of each, in the order in which it was told of first. */
struct screen {
	const struct options *o;
	struct term term;
	json_t *jobs; /* by id */
	size_t lines; /* on the screen */
	bool changed;
	int64_t asked_ms; /* when places and progress were asked for last */
};

static void print_change(const struct screen *s, const json_t *job)
{
	if (s->o->json) {
		say_json(job);
	} else if (s->o->porcelain) {
		char *text = row_porcelain(job);
		puts(text);
		free(text);
	} else {
		char *state = row_state(job);
		char *name = row_text(job, "name");
		char *spool = row_text(job, "spool");
		printf(
		    "job %lld %s/%s: %s\n", (long long)ask_int(job, "id", 0), spool, name, state);
		free(state);
		free(name);
		free(spool);
	}
	fflush(stdout);
}

static bool is_live(const struct screen *s)
{
	return s->term.is_terminal && !s->o->json && !s->o->porcelain;
}

/* The oldest of the ended go, or they would push away what still runs. */
static void forget_ended(struct screen *s)
{
	size_t ended = 0;
	const char *key;
	json_t *job;
	void *next;

	json_object_foreach(s->jobs, key, job) ended += row_is_ended(job) ? 1 : 0;
	json_object_foreach_safe(s->jobs, next, key, job)
	{
		if (ended > ENDED_SHOWN && row_is_ended(job)) {
			json_object_del(s->jobs, key);
			ended--;
		}
	}
}

static void take(struct screen *s, json_t *job)
{
	if (!is_live(s)) {
		print_change(s, job);
		return;
	}
	char *key = xasprintf("%lld", (long long)ask_int(job, "id", 0));
	row_seen(job);
	(void)json_object_set(s->jobs, key, job);
	free(key);
	forget_ended(s);
	s->changed = true;
}

static size_t count_lines(const struct buf *b)
{
	size_t n = 0;

	for (size_t i = 0; i < b->len; i++)
		n += b->data[i] == '\n' ? 1 : 0;
	return n;
}

/* Over what it drew before: the cursor goes up, each line is cleared behind its end. */
static void draw(struct screen *s)
{
	struct table t;
	struct buf text;
	const char *key;
	json_t *job;
	int rows = term_rows(&s->term) - 3;

	buf_init(&text, SCREEN_BYTES_MAX);
	table_init(&t, row_heads(false));
	json_object_foreach(s->jobs, key, job) row_add(&t, job, false);
	table_print(&t, &s->term, rows > 1 ? (size_t)rows : 1, &text);
	if (t.count > (size_t)(rows > 1 ? rows : 1))
		buf_addf(&text, "and %zu more\n", t.count - (size_t)(rows > 1 ? rows : 1));
	if (t.count == 0)
		buf_adds(&text, "nothing is queued or running\n");
	if (s->lines > 0)
		printf("\033[%zuA", s->lines);
	printf("\r\033[J%s", text.data);
	fflush(stdout);
	s->lines = count_lines(&text);
	s->changed = false;
	table_fini(&t);
	buf_fini(&text);
}

static bool take_again(const json_t *line, void *arg)
{
	struct screen *s = arg;
	char *key = xasprintf("%lld", (long long)ask_int(line, "id", 0));
	json_t *known = json_object_get(s->jobs, key);

	/* What is not known yet, or has ended meanwhile, is the watch's to tell. */
	if (ask_is(line, "job") && known != NULL && !row_is_ended(known)) {
		(void)json_object_update(known, (json_t *)(uintptr_t)line);
		row_seen(known);
	}
	free(key);
	return true;
}

/* Time goes on, and so do places in the queue, which are no news by themselves. */
static void refresh(struct daemon *d, struct screen *s)
{
	int64_t now = clock_mono_ms();

	if (now - s->asked_ms >= PLACE_MS) {
		s->asked_ms = now;
		ask_aside(d, ask_for("list"), take_again, s);
	}
	draw(s);
}

/* -1: go on. */
static int step(struct daemon *d, struct screen *s)
{
	json_t *line;
	enum wire_result got = wire_next(&d->wire, TICK_MS, &line);
	int code = -1;

	if (got == WIRE_SILENT) {
		if (is_live(s))
			refresh(d, s);
		return -1;
	}
	if (got != WIRE_LINE)
		return ask_lost(d, got);
	if (ask_is(line, "job"))
		take(s, line);
	else if (ask_is(line, "gap"))
		say_note("some changes were too many to be told");
	else if (ask_is(line, "end"))
		code = CLI_OK;
	else if (ask_is(line, "error") || ask_is(line, "failed"))
		code = ask_error(d, line);
	json_decref(line);
	return code;
}

/* Whether another line is here already: drawing can wait for it. */
static bool has_more(const struct daemon *d)
{
	const struct wire *w = &d->wire;

	return w->in.len > w->at && memchr(w->in.data + w->at, '\n', w->in.len - w->at) != NULL;
}

static int watch_many(struct daemon *d, json_t *request)
{
	struct screen s = { .o = d->o, .term = term_of(1), .jobs = json_object() };
	int code = ask_send(d, request);

	if (code == CLI_OK && is_live(&s))
		draw(&s);
	while (code == CLI_OK || code == -1) {
		code = step(d, &s);
		if (code == CLI_OK)
			break;
		if (s.changed && !has_more(d))
			draw(&s);
	}
	json_decref(s.jobs);
	return code;
}

static void put_filter(json_t *request, const struct options *o)
{
	if (o->spool != NULL)
		text_put(request, "spool", text_json(o->spool));
	else
		text_put(request, "all", json_true());
}

static bool is_one(json_t *batches)
{
	return json_array_size(batches) == 1 && json_array_size(json_array_get(batches, 0)) == 1;
}

static int watch_named(struct daemon *d, json_t *batches)
{
	int code = CLI_OK;
	size_t i;
	json_t *jobs;

	if (is_one(batches))
		return watch_one(d, json_array_get(json_array_get(batches, 0), 0));
	json_array_foreach(batches, i, jobs)
	{
		json_t *request = ask_for("watch");
		if (json_is_string(jobs))
			text_put(request, "all", json_true());
		else
			text_put(request, "jobs", json_incref(jobs));
		code = ask_worse(code, watch_many(d, request));
	}
	return code;
}

int cmd_watch(const struct options *o)
{
	struct daemon d;
	int code = CLI_OK;
	json_t *batches = o->arg_count == 0 ? NULL : who_read(o, &code);

	if (code != CLI_OK)
		return code;
	daemon_init(&d, o);
	/* Of a watch nobody can say when the next line is due: one that hangs shows here. */
	code = ask(&d, ask_for("hello"), NULL, NULL);
	if (code != CLI_OK) {
		/* said */
	} else if (batches != NULL) {
		code = watch_named(&d, batches);
	} else {
		json_t *request = ask_for("watch");
		put_filter(request, o);
		code = watch_many(&d, request);
	}
	json_decref(batches);
	daemon_fini(&d);
	return code;
}
