/* follow: one job to its end, with its output and how far it is. */
#include "cli/follow.h"
#include "cli/clock.h"
#include "cli/row.h"
#include "core/text.h"
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

#define TICK_MS 250	   /* how often output and elapsed time are looked at */
#define COME_BACK_MS 60000 /* how long a daemon may be gone */
#define PLACE_MS 2000 /* how often a place in the queue is asked for: it is no news by itself */
#define PICK_UP_MS_MAX 1000
#define PICK_UP_WORD_MS 15000 /* after this it is time for a word */
#define EXIT_CODE_MAX 119

/* ---- signals --------------------------------------------------------------------------------- */

void follow_init(struct follow *f, struct daemon *d, const char *name)
{
	sigset_t set;

	*f = (struct follow){ .d = d, .o = d->o, .name = say_plain(name) };
	bar_init(&f->bar, !d->o->quiet && !d->o->json && !d->o->porcelain);
	tail_init(&f->out);
	tail_init(&f->err);
	(void)signal(SIGPIPE, SIG_IGN);
	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	(void)sigprocmask(SIG_BLOCK, &set, NULL);
	f->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	d->wire.other_fd = f->signals;
}

void follow_fini(struct follow *f)
{
	bar_clear(&f->bar);
	f->d->wire.other_fd = -1;
	if (f->signals != -1)
		close(f->signals);
	tail_fini(&f->out);
	tail_fini(&f->err);
	json_decref(f->job);
	free(f->name);
}

static int take_signal(struct follow *f)
{
	struct signalfd_siginfo info;

	if (f->signals != -1 && read(f->signals, &info, sizeof(info)) == (ssize_t)sizeof(info))
		f->signal = (int)info.ssi_signo;
	return f->signal;
}

/* True when a signal came meanwhile. */
static bool pause_ms(struct follow *f, int64_t ms)
{
	struct pollfd p = { .fd = f->signals, .events = POLLIN };

	(void)poll(&p, 1, (int)ms);
	return take_signal(f) != 0;
}

/* ---- the daemon goes away -------------------------------------------------------------------- */

/* After a connection was lost: CLI_OK when there is one again. */
static int come_back(struct follow *f)
{
	int64_t until = clock_mono_ms() + COME_BACK_MS;
	bool said = false;

	wire_fini(&f->d->wire);
	while (clock_mono_ms() < until) {
		if (daemon_open(f->d, true) == CLI_OK)
			return CLI_OK;
		if (!said && !f->o->quiet) {
			bar_clear(&f->bar);
			say_note("the daemon is gone; waiting for it to come back");
		}
		said = true;
		if (pause_ms(f, TICK_MS))
			return 128 + f->signal;
	}
	bar_clear(&f->bar);
	return say_failure(f->o->json, CLI_NO_DAEMON,
	    "nothing is lost, it goes on with the daemon: 'sparkspool watch' then shows it",
	    "the daemon has not come back");
}

/* ---- until it is known ----------------------------------------------------------------------- */

static int say_gone(struct follow *f, const char *path)
{
	bar_clear(&f->bar);
	return say_failure(f->o->json, CLI_LOST, "somebody else took it out of the spool",
	    "%s is gone, and was never picked up", path);
}

static void word_on_waiting(struct follow *f, const char *path)
{
	if (f->o->quiet || f->o->json)
		return;
	bar_clear(&f->bar);
	say_note("%s is not picked up yet; 'sparkspool why %s' says why", path, path);
}

int follow_pick_up(struct follow *f, const char *path, int64_t old)
{
	int64_t since = clock_mono_ms();
	int64_t wait = 50;
	bool worded = false;
	struct stat st;

	for (;;) {
		enum wire_result got;
		/* Before the question: a file that runs quickly may be gone by the answer. */
		bool there = lstat(path, &st) == 0 || errno != ENOENT;
		json_t *job = ask_job(f->d, text_json(path), &got);
		if (job != NULL && ask_int(job, "id", 0) != old) {
			f->job = job;
			return CLI_OK;
		}
		json_decref(job);
		int code = got == WIRE_LINE || got == WIRE_OTHER ? CLI_OK : come_back(f);
		if (code != CLI_OK)
			return code;
		if (got == WIRE_LINE && !there)
			return say_gone(f, path);
		bar_draw(&f->bar, f->name, NULL, "waiting to be picked up");
		if (!worded && clock_mono_ms() - since > PICK_UP_WORD_MS) {
			word_on_waiting(f, path);
			worded = true;
		}
		if (pause_ms(f, wait))
			return 128 + f->signal;
		wait = wait * 2 > PICK_UP_MS_MAX ? PICK_UP_MS_MAX : wait * 2;
	}
}

/* ---- output ---------------------------------------------------------------------------------- */

static void show_json(const char *stream, const char *p, size_t n)
{
	json_t *line = json_object();

	text_put(line, "type", text_json("output"));
	text_put(line, "stream", text_json(stream));
	text_put(line, "data", text_json_bytes(p, n));
	say_json(line);
	json_decref(line);
}

static void show_out(const char *p, size_t n, void *arg)
{
	struct follow *f = arg;

	bar_clear(&f->bar);
	if (f->o->json)
		show_json("out", p, n);
	else if (fwrite(p, 1, n, stdout) != n || fflush(stdout) != 0)
		f->broken = true;
}

static void show_err(const char *p, size_t n, void *arg)
{
	struct follow *f = arg;

	bar_clear(&f->bar);
	if (f->o->json)
		show_json("err", p, n);
	else
		(void)fwrite(p, 1, n, stderr);
}

/* One of both, under the name that it has now. */
static void look_at(struct follow *f, const char *key, struct tail *t,
    void (*show)(const char *p, size_t n, void *arg))
{
	const char *path = ask_text(json_object_get(f->job, key), "path");

	if (path == NULL)
		path = t->path;
	if (path != NULL)
		(void)tail_more(t, path, show, f);
}

/* Behind half a line the bar would stand in its middle. */
static bool in_a_line(const struct follow *f)
{
	return !f->o->json && ((f->out.open_line && isatty(1) == 1) || f->err.open_line);
}

/* What may not be read while it grows may be in the end. */
static void look_at_output(struct follow *f)
{
	look_at(f, "output", &f->out, show_out);
	look_at(f, "output_err", &f->err, show_err);
	if (!in_a_line(f))
		bar_draw(&f->bar, f->name, f->job, "");
}

static void show_result(struct follow *f, const char *record, const char *suffix, struct tail *t,
    void (*show)(const char *p, size_t n, void *arg))
{
	size_t stem = strlen(record) - strlen(".json");
	char *path = xasprintf("%.*s%s", (int)stem, record, suffix);

	if (!tail_more(t, path, show, f) && errno != ENOENT && !f->o->quiet)
		say_note("its output in %s cannot be read: %s", path, strerror(errno));
	free(path);
}

/* Everything lies under its last name now. */
static void show_results(struct follow *f)
{
	const char *record = ask_text(f->job, "record");

	bar_clear(&f->bar);
	if (record == NULL || !str_ends_with(record, ".json"))
		return;
	show_result(f, record, ".out", &f->out, show_out);
	if (f->out.open_line && !f->o->json && isatty(1) == 1)
		putchar('\n');
	fflush(stdout);
	show_result(f, record, ".err", &f->err, show_err);
	if (f->err.open_line && !f->o->json)
		fputc('\n', stderr);
}

/* ---- until it has ended ---------------------------------------------------------------------- */

/* A file that had to be sent once more prints anew. */
static void take_job(struct follow *f, json_t *line)
{
	if (f->job != NULL && ask_int(line, "attempts", 0) > ask_int(f->job, "attempts", 0)) {
		tail_again(&f->out);
		tail_again(&f->err);
	}
	json_decref(f->job);
	f->job = json_incref(line);
	if (f->o->json)
		say_json(line);
	row_seen(f->job);
}

static int begin_watch(struct follow *f, int64_t id)
{
	json_t *request = ask_for("watch");
	json_t *jobs = json_array();

	text_append(jobs, json_integer(id));
	text_put(request, "jobs", jobs);
	return ask_send(f->d, request);
}

static bool take_place(const json_t *line, void *arg)
{
	struct follow *f = arg;
	json_t *place = json_object_get(line, "place");

	if (ask_is(line, "job") && place != NULL)
		(void)json_object_set(f->job, "place", place);
	return true;
}

/* For the eye only: where nobody looks nobody asks. */
static void ask_place(struct follow *f)
{
	int64_t now = clock_mono_ms();

	if (!f->bar.wanted || !str_eq(ask_text(f->job, "state"), "queued") ||
	    now - f->asked_ms < PLACE_MS)
		return;
	f->asked_ms = now;
	json_t *request = ask_for("show");
	json_t *jobs = json_array();
	text_append(jobs, json_integer(ask_int(f->job, "id", 0)));
	text_put(request, "jobs", jobs);
	ask_aside(f->d, request, take_place, f);
}

/* One line of the watch, or what else happened; -1: go on. */
static int step(struct follow *f, int64_t *deadline)
{
	json_t *line;
	enum wire_result got = wire_next(&f->d->wire, TICK_MS, &line);
	int code = -1;

	if (got == WIRE_OTHER) {
		code = take_signal(f) != 0 ? 128 + f->signal : -1;
	} else if (got == WIRE_CLOSED) {
		code = CLI_NO_DAEMON;
	} else if (got == WIRE_GARBAGE) {
		code = ask_lost(f->d, got);
	} else if (got == WIRE_LINE) {
		*deadline = 0;
		if (ask_is(line, "job"))
			take_job(f, line);
		else if (ask_is(line, "end"))
			code = CLI_OK;
		else if (ask_is(line, "error") || ask_is(line, "failed"))
			code = ask_error(f->d, line);
		json_decref(line);
	} else if (*deadline != 0 && clock_mono_ms() > *deadline) {
		code = ask_lost(f->d, got);
	}
	if (got == WIRE_SILENT)
		ask_place(f);
	if (code == -1)
		look_at_output(f);
	return f->broken ? 128 + SIGPIPE : code;
}

/* CLI_NO_DAEMON: the connection is gone, and nothing has been said. */
static int watch(struct follow *f, int64_t id)
{
	int64_t deadline = clock_mono_ms() + f->o->patience_ms;
	int code = begin_watch(f, id);

	if (code != CLI_OK)
		return code;
	do
		code = step(f, &deadline);
	while (code == -1);
	return code;
}

int follow_to_end(struct follow *f, int64_t id)
{
	int code;

	while ((code = watch(f, id)) == CLI_NO_DAEMON) {
		code = come_back(f);
		if (code != CLI_OK)
			return code;
	}
	if (code != CLI_OK)
		return code;
	/* All of it: what the file left, and where. */
	json_t *whole = ask_job(f->d, json_integer(id), NULL);
	if (whole != NULL)
		take_job(f, whole);
	json_decref(whole);
	show_results(f);
	return CLI_OK;
}

/* ---- what it comes to ------------------------------------------------------------------------ */

int follow_code(const json_t *job)
{
	static const struct {
		const char *status;
		int code;
	} known[] = {
		{ "ok", CLI_OK },
		{ "timeout", CLI_TIMEOUT },
		{ "cancelled", CLI_CANCELLED },
	};
	const char *status = ask_text(job, "status");
	int64_t own = ask_int(job, "exit_code", -1);

	if (str_eq(status, "error"))
		return own <= 0 ? 1 : own > EXIT_CODE_MAX ? EXIT_CODE_MAX : (int)own;
	for (size_t i = 0; i < ARRAY_LEN(known); i++) {
		if (str_eq(status, known[i].status))
			return known[i].code;
	}
	return CLI_LOST;
}
