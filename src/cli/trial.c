/* trial: one session, one statement, and all of it taken away again: what only trying can show.
 *
 * The session costs the cluster some memory, so whatever happens between its creation and its end, the
 * end comes: after an error, a limit, a signal. */
#include "cli/trial.h"
#include "cli/bar.h"
#include "cli/clock.h"
#include "cli/say.h"
#include <assert.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#define POLL_MS 500
#define STATEMENT_MS 120000
#define DELETE_MS 120000 /* a server may wait for the driver's end */
#define SLOW_MS 60000	 /* the creation of a session starts a program there */
#define DELETE_TRIES 3
#define CODE "1+1" /* Python, Scala and R agree about this one */

struct trial {
	struct probe *p;
	struct client *c;
	enum kind kind;
	char *name;
	char *id;   /* of the session, or NULL */
	bool maybe; /* the answer to its creation was lost: it may be there */
	int64_t patience_ms;
	struct bar bar;
};

/* What a trial finds wrong: in the same words and with the same word for programs. */
static void fail(struct trial *t, char *what)
{
	probe_trouble(t->p, "trial", what, "the server's own log has more");
}

/* The stage in words, since the server's own may be about anything. */
static void fail_by(
    struct trial *t, const struct ev_http *ev, const struct livy_answer *a, const char *stage)
{
	char *words = client_words(t->c, ev, a);

	fail(t, xasprintf("%s: %s", stage, words));
	free(words);
}

/* ---- the session ----------------------------------------------------------------------------- */

/* No signal comes in between: with half a request out nobody could tell what there is to delete. */
static bool create(struct trial *t)
{
	const struct conf_session *terms = &t->c->conf->pool[0].session;
	int signals = t->c->signals;
	struct livy_answer a;

	t->c->patience_ms = SLOW_MS;
	t->c->signals = -1;
	const struct ev_http *ev = client_ask(t->c, HTTP_POST, "/sessions",
	    livy_create_body(&t->c->arena, terms, t->kind, t->name, NULL, &t->p->dialect));
	t->c->patience_ms = t->patience_ms;
	t->c->signals = signals;
	assert(ev != NULL);
	livy_read_session(ev->status, ev->body, &a);
	if (ev->outcome == HTTP_REPLY && a.verdict == LIVY_OK)
		t->id = xstrdup(a.session[0].id);
	else
		fail_by(t, ev, &a, "no session can be opened");
	/* Nobody can tell whether these were carried out. */
	t->maybe = ev->outcome == HTTP_LOST || ev->outcome == HTTP_TOO_BIG ||
		   (ev->outcome == HTTP_REPLY &&
		       (a.verdict == LIVY_SERVER_ERROR || a.verdict == LIVY_GARBAGE));
	livy_fini(&a);
	return t->id != NULL;
}

/* The last line of its log says most. */
static void fail_to_start(struct trial *t, const struct livy_session *s)
{
	const char *log = s->log == NULL ? "" : s->log;
	const char *last = strrchr(log, '\n');
	char *words = client_discreet(t->c, last == NULL ? log : last);

	fail(t, xasprintf("the session did not start, it is %s%s%s",
		    s->state_text == NULL ? "in no state" : s->state_text,
		    *words == '\0' ? "" : ": ", words));
	free(words);
}

/* 1: idle, 0: not yet, -1: never. */
static int look_at_session(struct trial *t)
{
	assert(t->id != NULL);
	const struct ev_http *ev = client_get(t->c, livy_path(&t->c->arena, t->id, NULL));
	struct livy_answer a;
	int is = 0;

	if (ev == NULL)
		return -1;
	livy_read_session(ev->status, ev->body, &a);
	if (ev->outcome != HTTP_REPLY || a.verdict != LIVY_OK) {
		fail_by(t, ev, &a, "the session is not to be seen");
		is = -1;
	} else if (a.session[0].state == LIVY_SESSION_IDLE) {
		is = 1;
	} else if (a.session[0].state == LIVY_SESSION_ERROR ||
		   a.session[0].state == LIVY_SESSION_DEAD ||
		   a.session[0].state == LIVY_SESSION_ENDING) {
		fail_to_start(t, &a.session[0]);
		is = -1;
	}
	livy_fini(&a);
	return is;
}

/* As long as the daemon would wait. */
static bool wait_until_idle(struct trial *t)
{
	int64_t since = clock_mono_ms();
	int64_t limit = t->c->conf->pool[0].start_timeout_ms;
	char span[CLOCK_SPAN_LEN];
	int is;

	while ((is = look_at_session(t)) == 0) {
		int64_t ms = clock_mono_ms() - since;
		if (ms > limit) {
			fail(t,
			    xasprintf("the session is not ready after %s", clock_span(ms, span)));
			return false;
		}
		bar_draw(&t->bar, "a session starts", NULL, clock_span(ms, span));
		if (!client_pause(t->c, POLL_MS))
			return false;
	}
	t->p->start_ms = clock_mono_ms() - since;
	return is > 0;
}

/* By its name and by connect: what was asked of nobody's session before. */
static void look_at_calls(struct trial *t)
{
	struct livy_answer a;
	const struct ev_http *ev;

	if (t->p->dialect.names &&
	    (ev = client_get(t->c, livy_path(&t->c->arena, t->name, NULL))) != NULL) {
		livy_read_session(ev->status, ev->body, &a);
		bool found = ev->outcome == HTTP_REPLY && a.verdict == LIVY_OK &&
			     str_eq(a.session[0].id, t->id);
		t->p->names = found ? PROBE_YES : PROBE_ODD;
		livy_fini(&a);
	}
	const char *path = livy_path(&t->c->arena, t->id, "/connect");
	if (t->p->dialect.connect &&
	    (ev = client_ask(t->c, HTTP_POST, path, (struct bytes){ 0 })) != NULL) {
		livy_read_session(ev->status, ev->body, &a);
		bool works = ev->outcome == HTTP_REPLY && a.verdict == LIVY_OK;
		t->p->connect = works ? PROBE_YES : PROBE_ODD;
		livy_fini(&a);
	}
}

/* ---- the statement --------------------------------------------------------------------------- */

/* What 1+1 gives is shown as it came: each interpreter has its own way to say 2. */
static void take_output(struct trial *t, const struct livy_statement *s)
{
	char *words = client_discreet(t->c, s->text == NULL ? "nothing that is text" : s->text);

	if (s->failed)
		fail(t, xstrdup("the session runs no code: " CODE " failed"));
	else
		t->p->output = xstrdup(words);
	free(words);
}

/* Servers of the reference's age have no call for one statement. */
static bool read_statement(struct trial *t, int64_t id, struct livy_answer *a)
{
	const struct ev_http *ev =
	    client_get(t->c, livy_path_statement(&t->c->arena, t->id, id, NULL));

	if (ev == NULL)
		return false;
	livy_read_statement(ev->status, ev->body, a);
	if (ev->outcome == HTTP_REPLY && a->verdict == LIVY_UNKNOWN_CALL) {
		livy_fini(a);
		ev = client_get(t->c, livy_path(&t->c->arena, t->id, "/statements"));
		if (ev == NULL)
			return false;
		livy_read_statement_of_list(ev->status, ev->body, id, a);
	}
	if (ev->outcome == HTTP_REPLY && a->verdict == LIVY_OK)
		return true;
	fail_by(t, ev, a, "the statement is not to be seen");
	livy_fini(a);
	return false;
}

/* `available` without an output is seen for a moment: the output is waited for. */
static void wait_for_output(struct trial *t, int64_t id)
{
	assert(id >= 0);
	int64_t until = clock_mono_ms() + STATEMENT_MS;
	struct livy_answer a;

	while (read_statement(t, id, &a)) {
		bool ended = a.statement.state == LIVY_STATEMENT_AVAILABLE && a.statement.output;
		if (ended)
			take_output(t, &a.statement);
		livy_fini(&a);
		if (ended)
			return;
		if (clock_mono_ms() > until) {
			fail(t, xstrdup("the session runs no code: " CODE " does not end"));
			return;
		}
		if (!client_pause(t->c, POLL_MS))
			return;
	}
}

/* POSTed once: a lost answer is a failed trial, not a reason for a second statement. */
static void run_statement(struct trial *t)
{
	struct livy_answer a;

	bar_draw(&t->bar, "a statement runs", NULL, CODE);
	const struct ev_http *ev =
	    client_ask(t->c, HTTP_POST, livy_path(&t->c->arena, t->id, "/statements"),
		livy_statement_body(&t->c->arena, (struct bytes){ .p = CODE, .n = strlen(CODE) }));
	if (ev == NULL)
		return;
	livy_read_statement(ev->status, ev->body, &a);
	if (ev->outcome == HTTP_REPLY && a.verdict == LIVY_OK)
		wait_for_output(t, a.statement.id);
	else
		fail_by(t, ev, &a, "the session takes no code");
	livy_fini(&a);
}

/* ---- the end --------------------------------------------------------------------------------- */

/* True when it is known to be gone. That there is none is no proof where it may be on its way. */
static bool delete_once(struct trial *t, const char *key)
{
	const struct ev_http *ev =
	    client_ask(t->c, HTTP_DELETE, livy_path(&t->c->arena, key, NULL), (struct bytes){ 0 });
	struct livy_answer a;

	assert(ev != NULL);
	livy_read_done(ev->status, ev->body, &a);
	bool gone = ev->outcome == HTTP_REPLY &&
		    (a.verdict == LIVY_OK || (a.verdict == LIVY_NO_SESSION && t->id != NULL));
	livy_fini(&a);
	return gone;
}

/* The name is ours for ever; the number of a session may be another's, once a server was restarted. */
static const char *key_of(const struct trial *t)
{
	return t->p->names == PROBE_YES ? t->name : t->id;
}

/* Also after a signal: nothing is to be left there. */
static void clean_up(struct trial *t)
{
	const char *key = key_of(t);
	bool gone = t->id == NULL && !t->maybe;

	t->c->signals = -1; /* from here on nobody interrupts us */
	t->c->patience_ms = DELETE_MS;
	for (int i = 0; key != NULL && !gone && i < DELETE_TRIES; i++)
		gone = delete_once(t, key);
	if (!gone)
		say_note("%s may still have the session %s of this trial; look at its sessions",
		    t->c->conf->endpoint[0].url, key == NULL ? t->name : key);
	t->c->patience_ms = t->patience_ms;
}

int trial_run(struct probe *p, struct client *c, enum kind kind, bool quiet)
{
	struct trial t = { .p = p, .c = c, .kind = kind, .patience_ms = c->patience_ms };
	sigset_t set, before;
	int signals;

	assert(p->trouble == NULL && kind < KIND_SESSIONS);
	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	/* From before the creation until after the end: in between they are heard by the waiting alone. */
	(void)sigprocmask(SIG_BLOCK, &set, &before);
	c->signals = signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	bar_init(&t.bar, !quiet);
	t.name = probe_name();
	p->tried = livy_kind_name(kind);
	if (create(&t) && wait_until_idle(&t)) {
		look_at_calls(&t);
		run_statement(&t);
	}
	bar_clear(&t.bar);
	clean_up(&t);
	assert(p->trouble != NULL || p->output != NULL || c->signal != 0);
	if (signals != -1)
		close(signals);
	(void)sigprocmask(SIG_SETMASK, &before, NULL);
	free(t.id);
	free(t.name);
	return c->signal;
}
