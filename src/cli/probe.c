/* probe: what a server is, found out by asking, without leaving anything there.
 *
 * The version says what a server should be able to do, and the daemon goes by that; but there may be a
 * gateway before it that lets less through. So what the version promises is asked for once, of a session
 * that there cannot be: Livy's own words about that are proof that the call has arrived. */
#include "cli/probe.h"
#include "cli/say.h"
#include "core/text.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#define REPORT_BYTES_MAX 8192

void probe_fini(struct probe *p)
{
	free(p->what);
	free(p->next);
	free(p->version);
	free(p->odd);
	free(p->output);
	*p = (struct probe){ 0 };
}

char *probe_name(void)
{
	uint64_t number = 0;

	/* Eight bytes are never interrupted. */
	ssize_t got = getrandom(&number, sizeof(number), 0);
	assert(got == (ssize_t)sizeof(number));
	return xasprintf("sparkspool-init-%016llx", (unsigned long long)number);
}

/* ---- trouble --------------------------------------------------------------------------------- */

void probe_trouble(struct probe *p, const char *word, char *what, const char *next)
{
	assert(word != NULL && what != NULL);
	if (p->trouble != NULL) {
		free(what);
		return;
	}
	p->trouble = word;
	p->what = what;
	p->next = xstrdup(next);
}

/* The login is the one thing of which the next step depends on what we have sent. */
static void blame_login(struct probe *p, struct client *c, char *words)
{
	const struct conf_endpoint *e = &c->conf->endpoint[0];

	p->wants_login = e->user == NULL;
	if (e->user == NULL)
		probe_trouble(p, "login", xasprintf("%s wants a login (%s)", e->url, words),
		    "give it with --user and --password-file");
	else if (e->auth == AUTH_NONE)
		probe_trouble(p, "login", xasprintf("%s wants a login (%s)", e->url, words),
		    "the password is a credential of the service: only the daemon can try it");
	else
		probe_trouble(p, "login",
		    xasprintf("%s refuses the login of %s (%s)", e->url, e->user, words),
		    "check the user, and the password in its file");
}

struct blame {
	enum livy_verdict verdict;
	const char *word;
	const char *what;
	const char *next;
};

/* The last line is for all the rest. */
static const struct blame known[] = {
	{ LIVY_REDIRECT, "redirect", "sends us to another address",
	    "give the address that it points to, with its path" },
	{ LIVY_SERVER_ERROR, "server-error", "has trouble of its own", "try again when it works" },
	{ LIVY_LATER, "server-error", "takes no more requests now", "try again later" },
	{ LIVY_OK, "not-livy", "does not answer as Livy does",
	    "is a proxy or a page for logging in on the way? the address is that of Livy itself, "
	    "with "
	    "its path, such as https://HOST/livy" },
};

/* What is not Livy speaks in many ways, all of which mean the same to us. */
static const struct blame *blame_of(enum livy_verdict verdict)
{
	assert(verdict != LIVY_AUTH);
	size_t i = 0;

	while (i < ARRAY_LEN(known) - 1 && known[i].verdict != verdict)
		i++;
	return &known[i];
}

/* That the server wants to know us is known before the request was taken, or as its answer. */
static bool is_about_login(const struct ev_http *ev, const struct livy_answer *a)
{
	if (ev->outcome == HTTP_NOT_SENT)
		return ev->status == 401 || ev->status == 403;
	return ev->outcome == HTTP_REPLY && a != NULL && a->verdict == LIVY_AUTH;
}

void probe_blame(struct probe *p, struct client *c, const struct ev_http *ev,
    const struct livy_answer *a, const char *stage)
{
	char *words = client_words(c, ev, a);

	if (is_about_login(ev, a)) {
		blame_login(p, c, words);
	} else if (ev->outcome == HTTP_NOT_SENT) {
		probe_trouble(p, "unreachable", xstrdup(words),
		    strstr(words, "ca_file") != NULL ? "--ca-file names it" : NULL);
	} else if (ev->outcome == HTTP_LOST) {
		probe_trouble(p, "no-answer", xasprintf("%s: %s", stage, words),
		    strstr(words, "in time") != NULL ? "--patience gives it more" : NULL);
	} else {
		const struct blame *b =
		    blame_of(ev->outcome == HTTP_REPLY && a != NULL ? a->verdict : LIVY_GARBAGE);
		probe_trouble(p, b->word,
		    xasprintf("%s %s (%s: %s)", c->conf->endpoint[0].url, b->what, stage, words),
		    b->next);
	}
	free(words);
}

/* ---- what is asked --------------------------------------------------------------------------- */

/* True when it is worth asking on: also without a version, for the oldest servers have no such call.
 * What is neither a version nor trouble shows at the list. */
static bool ask_version(struct probe *p, struct client *c)
{
	const struct ev_http *ev = client_get(c, "/version");
	struct livy_answer a;

	if (ev == NULL)
		return false;
	livy_read_version(ev->status, ev->body, &a);
	bool goes_on = ev->outcome == HTTP_REPLY && a.verdict != LIVY_AUTH &&
		       a.verdict != LIVY_REDIRECT && a.verdict != LIVY_SERVER_ERROR &&
		       a.verdict != LIVY_LATER;
	if (!goes_on)
		probe_blame(p, c, ev, &a, "GET /version");
	if (goes_on && a.verdict == LIVY_OK) {
		p->version = client_discreet(c, a.version);
		p->dialect = livy_dialect_of(&a);
	}
	livy_fini(&a);
	return goes_on;
}

/* What all servers have: who can show no list of sessions is no Livy. */
static bool ask_sessions(struct probe *p, struct client *c)
{
	const struct ev_http *ev = client_get(c, "/sessions?from=0&size=1");
	struct livy_answer a;

	if (ev == NULL)
		return false;
	livy_read_sessions(ev->status, ev->body, &a);
	bool ok = ev->outcome == HTTP_REPLY && a.verdict == LIVY_OK;
	if (ok)
		p->sessions = a.total;
	else
		probe_blame(p, c, ev, &a, "GET /sessions");
	livy_fini(&a);
	return ok;
}

/* A call about a session that there is not. A server that has the call says that there is no such
 * session; anything else is said by what stands before it, or by another call. */
static enum probe_state ask_nobody(
    struct probe *p, struct client *c, enum http_method method, const char *rest)
{
	char *name = probe_name();
	const char *path = livy_path(&c->arena, name, rest);
	const struct ev_http *ev = client_ask(c, method, path, (struct bytes){ 0 });
	enum probe_state is = PROBE_ODD;
	struct livy_answer a;

	free(name);
	if (ev == NULL)
		return PROBE_ODD;
	livy_read_session(ev->status, ev->body, &a);
	if (ev->outcome == HTTP_REPLY && a.verdict == LIVY_NO_SESSION) {
		is = PROBE_YES;
	} else if (p->odd == NULL) {
		char *words = client_words(c, ev, &a);
		p->odd = xasprintf(
		    "%s /sessions/NAME%s: %s", method == HTTP_GET ? "GET" : "POST", rest, words);
		free(words);
	}
	livy_fini(&a);
	return is;
}

/* In this order: an old server is asked nothing that it does not know, for what it would answer to that
 * nobody has seen. */
void probe_look(struct probe *p, struct client *c)
{
	*p = (struct probe){ 0 };
	if (!ask_version(p, c) || !ask_sessions(p, c))
		return;
	if (p->dialect.names)
		p->names = ask_nobody(p, c, HTTP_GET, "");
	if (p->dialect.connect)
		p->connect = ask_nobody(p, c, HTTP_POST, "/connect");
	assert(p->trouble == NULL);
}

/* ---- the report ------------------------------------------------------------------------------ */

/* Kinds of sessions; whether the cluster has the interpreters nobody knows before one was started. */
const char *probe_kinds(const struct probe *p)
{
	return p->dialect.sql ? "pyspark,sql,spark,sparkr" : "pyspark,spark,sparkr";
}

/* What it means for a file, not for the protocol. */
static const char *names_text(enum probe_state is)
{
	switch (is) {
	case PROBE_NO:
		return "no: a file whose submission was in doubt may end as 'unknown'";
	case PROBE_YES:
		return "yes: a session is found again by its name, whatever happens";
	case PROBE_ODD:
		return "its version has them, but its answer is odd";
	}
	return "";
}

static const char *connect_text(enum probe_state is)
{
	switch (is) {
	case PROBE_NO:
		return "no: a statement that runs for hours may lose its session";
	case PROBE_YES:
		return "yes: it keeps a session alive while a statement runs for hours";
	case PROBE_ODD:
		return "its version has it, but its answer is odd";
	}
	return "";
}

/* A server that could not be asked has nothing but its trouble. */
static bool is_seen(const struct probe *p)
{
	return p->trouble == NULL || p->tried != NULL;
}

char *probe_text(const struct probe *p, const char *url)
{
	struct buf b;

	assert(is_seen(p));
	buf_init(&b, REPORT_BYTES_MAX);
	buf_addf(&b, "%s is %s%s, with %lld session%s\n", url,
	    p->version == NULL ? "an old Livy that does not tell its version" : "Livy ",
	    p->version == NULL ? "" : p->version, (long long)p->sessions,
	    p->sessions == 1 ? "" : "s");
	buf_addf(&b, "  kinds    pyspark, %sspark and sparkr, by its version%s\n",
	    p->dialect.sql ? "sql, " : "",
	    p->dialect.sql ? "" : "; SQL files run in sessions of pyspark");
	buf_addf(&b, "  names    %s\n", names_text(p->names));
	buf_addf(&b, "  connect  %s\n", connect_text(p->connect));
	if (p->odd != NULL)
		buf_addf(&b, "  odd      %s\n", p->odd);
	return buf_steal(&b, NULL);
}

char *probe_trial_text(const struct probe *p)
{
	assert(p->tried != NULL && p->output != NULL);
	return xasprintf(
	    "  tried    a session of kind %s was idle after %lld.%lld s, 1+1 gave %s; it "
	    "is deleted again\n",
	    p->tried, (long long)(p->start_ms / 1000), (long long)(p->start_ms / 100 % 10),
	    p->output);
}

static const char *state_word(enum probe_state is)
{
	return is == PROBE_ODD ? "odd" : is == PROBE_YES ? "yes" : "no";
}

char *probe_porcelain(const struct probe *p, const char *url)
{
	bool seen = p != NULL && is_seen(p);
	char *where = say_field(url);
	char *version = say_field(seen && p->version != NULL ? p->version : "-");
	char *sessions = seen ? xasprintf("%lld", (long long)p->sessions) : xstrdup("-");
	char *line = xasprintf("%s\t%s\t%s\t%s\t%s\t%s\t%s", where,
	    p != NULL && p->trouble != NULL ? p->trouble : "-", version,
	    seen ? probe_kinds(p) : "-", seen ? state_word(p->names) : "-",
	    seen ? state_word(p->connect) : "-", sessions);

	free(where);
	free(version);
	free(sessions);
	return line;
}

/* null, as everywhere in our JSON: not known. */
static json_t *state_json(enum probe_state is)
{
	return is == PROBE_ODD ? json_null() : is == PROBE_YES ? json_true() : json_false();
}

json_t *probe_json(const struct probe *p, const char *url)
{
	json_t *o = json_object();
	bool seen = is_seen(p);

	text_put(o, "type", text_json("server"));
	text_put(o, "url", text_json(url));
	text_put(o, "trouble", text_json(p->trouble));
	text_put(o, "version", text_json(p->version));
	text_put(o, "kinds", seen ? say_list(probe_kinds(p)) : json_null());
	text_put(o, "names", seen ? state_json(p->names) : json_null());
	text_put(o, "connect", seen ? state_json(p->connect) : json_null());
	text_put(o, "sessions", seen ? json_integer(p->sessions) : json_null());
	text_put(o, "odd", text_json(p->odd));
	text_put(o, "tried", text_json(p->tried));
	text_put(o, "output", text_json(p->output));
	text_put(o, "start_ms", p->tried == NULL ? json_null() : json_integer(p->start_ms));
	return o;
}
