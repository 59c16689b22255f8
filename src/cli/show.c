/* show: what there is, for people and for programs. */
#include "cli/ask.h"
#include "cli/clock.h"
#include "cli/cmd.h"
#include "cli/past.h"
#include "cli/row.h"
#include "cli/who.h"
#include "core/text.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TEXT_BYTES_MAX (64u << 20)
/* As sparkspool-control(7) has them. */
#define STATES "settling, queued, held, reading, sending, running, answered, staged, disposing"
#define STATUSES "ok, error, timeout, cancelled, died, unknown, rejected"

/* What is being listed. */
struct listing {
	const struct options *o;
	struct table table;
	struct term term;
	bool ended;
	bool plain; /* to be shown as a table at the end */
	size_t running, queued, held;
};

static void listing_init(struct listing *l, const struct options *o, const char *const *heads)
{
	*l = (struct listing){ .o = o, .term = term_of(1), .plain = !o->json && !o->porcelain };
	table_init(&l->table, heads);
}

static void listing_print(struct listing *l)
{
	struct buf out;

	buf_init(&out, TEXT_BYTES_MAX);
	if (l->plain && l->table.count > 0) {
		table_print(&l->table, &l->term, 0, &out);
		fwrite(out.data, 1, out.len, stdout);
	}
	buf_fini(&out);
	table_fini(&l->table);
}

/* For programs, at once; false: it is for people. */
static bool print_for_programs(
    const struct options *o, char *(*porcelain)(const json_t *), const json_t *line)
{
	if (o->json) {
		say_json(line);
	} else if (o->porcelain) {
		char *text = porcelain(line);
		puts(text);
		free(text);
	}
	return o->json || o->porcelain;
}

static bool add_job(const json_t *line, void *arg)
{
	struct listing *l = arg;
	const char *state = ask_text(line, "state");

	if (!ask_is(line, "job") || print_for_programs(l->o, row_porcelain, line))
		return true;
	row_add(&l->table, line, l->ended);
	if (str_eq(state, "held"))
		l->held++;
	else if (str_eq(state, "queued") || str_eq(state, "settling"))
		l->queued++;
	else
		l->running++;
	return true;
}

/* ---- filters --------------------------------------------------------------------------------- */

/* Names become numbers here: the daemon knows owners as the kernel does, and asks nobody for one
 * that a user has typed. */
static int put_owner(json_t *request, const struct options *o)
{
	int64_t uid = o->owner == NULL ? -1 : row_uid(o->owner);

	if (o->owner != NULL && uid < 0)
		return say_failure(
		    o->json, CLI_USAGE, NULL, "there is no user of the name '%s'", o->owner);
	if (o->owner != NULL)
		text_put(request, "owner", json_integer(uid));
	return CLI_OK;
}

/* A word that the daemon does not know is the user's mistake, said with the words that there are. */
static int put_one_of(
    json_t *request, const struct options *o, const char *key, const char *word, const char *words)
{
	size_t len = word == NULL ? 0 : strlen(word);

	if (word == NULL)
		return CLI_OK;
	if (strpbrk(word, ", ") != NULL)
		len = 0; /* more than one of them */
	for (const char *at = words; len > 0 && (at = strstr(at, word)) != NULL; at += len) {
		bool begins = at == words || at[-1] == ' ';
		if (begins && (at[len] == ',' || at[len] == '\0')) {
			text_put(request, key, text_json(word));
			return CLI_OK;
		}
	}
	char *next = xasprintf("there are %s", words);
	int code = say_failure(o->json, CLI_USAGE, next, "there is no %s '%s'", key, word);
	free(next);
	return code;
}

static void put_word(json_t *request, const char *key, const char *word)
{
	if (word != NULL)
		text_put(request, key, text_json(word));
}

static int put_time(json_t *request, const struct options *o, const char *key, const char *word)
{
	int64_t ms;

	if (word == NULL)
		return CLI_OK;
	if (clock_read(word, &ms) != 0)
		return say_failure(o->json, CLI_USAGE,
		    "write 2h or 7d (ago), today, yesterday, 2026-11-29 or 2026-11-29T18:30",
		    "'%s' is no time", word);
	text_put(request, key, json_integer(ms));
	return CLI_OK;
}

/* A word too many is an error: it was meant to narrow something, and did not. */
static int too_much(const struct options *o, const char *command)
{
	if (o->arg_count == 0)
		return CLI_OK;
	return say_failure(o->json, CLI_USAGE, "'sparkspool show' takes jobs", "%s takes no '%s'",
	    command, o->arg[0]);
}

/* ---- list and history ------------------------------------------------------------------------ */

int cmd_list(const struct options *o)
{
	struct daemon d;
	struct listing l;
	json_t *request = ask_for("list");
	int code = ask_worse(too_much(o, "list"), put_owner(request, o));

	put_word(request, "spool", o->spool);
	code = ask_worse(code, put_one_of(request, o, "state", o->state, STATES));
	if (code != CLI_OK) {
		json_decref(request);
		return code;
	}
	daemon_init(&d, o);
	listing_init(&l, o, row_heads(false));
	code = ask(&d, request, add_job, &l);
	size_t count = l.table.count;
	bool sum = l.plain && code == CLI_OK && !o->quiet;
	listing_print(&l);
	if (sum && count == 0)
		puts("nothing is queued or running");
	else if (sum)
		printf("%zu running, %zu queued, %zu held\n", l.running, l.queued, l.held);
	daemon_fini(&d);
	return code;
}

int cmd_history(const struct options *o)
{
	struct daemon d;
	struct listing l;
	json_t *request = ask_for("history");
	int code = ask_worse(too_much(o, "history"), put_owner(request, o));

	put_word(request, "spool", o->spool);
	code = ask_worse(code, put_one_of(request, o, "status", o->status, STATUSES));
	put_word(request, "name", o->name);
	code = ask_worse(code, put_time(request, o, "since_ms", o->since));
	code = ask_worse(code, put_time(request, o, "until_ms", o->until));
	if (o->limit > 0)
		text_put(request, "limit", json_integer(o->limit));
	if (code != CLI_OK) {
		json_decref(request);
		return code;
	}
	daemon_init(&d, o);
	listing_init(&l, o, row_heads(true));
	l.ended = true;
	code = daemon_open(&d, true) == CLI_NO_DAEMON ? past_ask(&d, request, add_job, &l)
						      : ask(&d, request, add_job, &l);
	bool none = l.plain && code == CLI_OK && l.table.count == 0 && !o->quiet;
	listing_print(&l);
	if (none)
		puts("nothing has ended that this asks for");
	daemon_fini(&d);
	return code;
}

/* ---- one job --------------------------------------------------------------------------------- */

static void print_line(const char *label, char *text)
{
	if (!str_eq(text, "-"))
		printf("  %-8s %s\n", label, text);
	free(text);
}

static char *times_of(const json_t *job)
{
	static const char *const key[] = { "queued", "started", "finished" };
	struct buf out;

	buf_init(&out, 256);
	for (size_t i = 0; i < ARRAY_LEN(key); i++) {
		const char *iso = ask_text(job, key[i]);
		char text[CLOCK_SHORT_LEN];
		if (iso != NULL)
			buf_addf(&out, "%s%s %s", out.len == 0 ? "" : ", ", key[i],
			    clock_short(clock_from_text(iso), text));
	}
	buf_adds(&out, out.len == 0 ? "-" : "");
	return buf_steal(&out, NULL);
}

static char *error_of(const json_t *job)
{
	const json_t *error = json_object_get(job, "error");

	if (!json_is_object(error))
		return xstrdup("-");
	char *name = row_text(error, "name");
	char *message = row_text(error, "message");
	char *text = xasprintf("%s: %s", name, message);
	free(name);
	free(message);
	return text;
}

static void print_list(const char *label, const json_t *list)
{
	size_t i;
	const json_t *item;

	json_array_foreach(list, i, item)
	{
		const char *text =
		    json_is_object(item) ? ask_text(item, "name") : json_string_value(item);
		if (text != NULL)
			print_line(i == 0 ? label : "", say_plain(text));
	}
}

static void print_next(const json_t *job)
{
	long long id = (long long)ask_int(job, "id", 0);

	if (str_eq(ask_text(job, "state"), "held"))
		printf("  next     sparkspool release %lld, or sparkspool cancel %lld\n", id, id);
	else if (!row_is_ended(job))
		printf("  next     sparkspool watch %lld, or sparkspool cancel %lld\n", id, id);
	else if (!str_eq(ask_text(job, "status"), "ok"))
		printf("  next     sparkspool rerun %lld\n", id);
}

static bool print_job(const json_t *job, void *arg)
{
	const struct options *o = arg;

	if (!ask_is(job, "job") || print_for_programs(o, row_porcelain, job))
		return true;
	char *name = row_text(job, "name");
	char *spool = row_text(job, "spool");
	char *pool = row_text(job, "pool");
	char *kind = row_text(job, "kind");
	printf("job %lld: %s\n", (long long)ask_int(job, "id", 0), name);
	print_line("state", row_state(job));
	print_line("error", error_of(job));
	print_line("path", row_text(job, "path"));
	print_line("owner", row_owner(job));
	print_line("where", xasprintf("spool %s, pool %s, %s", spool, pool, kind));
	print_line("times", times_of(job));
	print_line("session", row_text(job, "session"));
	print_line("record", row_text(job, "record"));
	print_list("files", json_object_get(job, "files"));
	print_list("warning", json_object_get(job, "warnings"));
	if (!o->quiet)
		print_next(job);
	free(name);
	free(spool);
	free(pool);
	free(kind);
	return true;
}

int cmd_show(const struct options *o)
{
	struct daemon d;
	int code;
	json_t *batches = who_read(o, &code);
	size_t i;
	json_t *jobs;

	if (batches == NULL)
		return code;
	daemon_init(&d, o);
	json_array_foreach(batches, i, jobs)
	{
		json_t *request = ask_for("show");
		text_put(request, "jobs", json_incref(jobs));
		code = ask_worse(code, ask(&d, request, print_job, (void *)(uintptr_t)o));
	}
	json_decref(batches);
	daemon_fini(&d);
	return code;
}

/* ---- sessions and spools --------------------------------------------------------------------- */

static char *session_porcelain(const json_t *s)
{
	static const char *const keys[] = { "id", "name", "livy_id", "pool", "kind", "state",
		"owner", "runs", "slots", "age_s", "statements", "mode", NULL };

	return row_fields(s, keys);
}

static bool add_session(const json_t *s, void *arg)
{
	struct listing *l = arg;
	char span[CLOCK_SPAN_LEN];

	if (!ask_is(s, "session") || print_for_programs(l->o, session_porcelain, s))
		return true;
	const char *state = ask_text(s, "state");
	const char *why = ask_text(s, "why");
	bool alone = str_eq(ask_text(s, "mode"), "interpreter");
	char *word = xasprintf("%s%s%s%s", state == NULL ? "-" : state,
	    alone ? "; files run in its interpreter, one by one" : "", why == NULL ? "" : ": ",
	    why == NULL ? "" : why);
	char *const cell[] = { xasprintf("%lld", (long long)ask_int(s, "id", 0)),
		row_text(s, "pool"), row_text(s, "kind"), row_owner(s),
		xasprintf("%lld/%lld", (long long)ask_int(s, "runs", 0),
		    (long long)ask_int(s, "slots", 0)),
		xstrdup(clock_span(ask_int(s, "age_s", 0) * 1000, span)),
		xasprintf("%lld", (long long)ask_int(s, "statements", 0)), say_plain(word) };
	free(word);
	table_add(&l->table, TERM_PLAIN, cell);
	return true;
}

int cmd_sessions(const struct options *o)
{
	static const char *const heads[] = { ">ID", "POOL", "KIND", "OWNER", ">RUNS", ">AGE",
		">DONE", "STATE", NULL };
	struct daemon d;
	struct listing l;
	int code = too_much(o, "sessions");

	if (code != CLI_OK)
		return code;
	daemon_init(&d, o);
	listing_init(&l, o, heads);
	code = ask(&d, ask_for("sessions"), add_session, &l);
	bool none = l.plain && code == CLI_OK && l.table.count == 0 && !o->quiet;
	listing_print(&l);
	if (none)
		puts("there are no sessions; one is started when a file needs it");
	daemon_fini(&d);
	return code;
}

static char *spool_porcelain(const json_t *s)
{
	static const char *const keys[] = { "name", "path", "pool", "ready", "after", "paused",
		"held", "queued", "running", "state", NULL };

	return row_fields(s, keys);
}

static bool add_spool(const json_t *s, void *arg)
{
	struct listing *l = arg;

	if (!ask_is(s, "spool") || print_for_programs(l->o, spool_porcelain, s))
		return true;
	const char *message = ask_text(s, "message");
	char *state =
	    json_is_true(json_object_get(s, "paused")) ? xstrdup("paused") : row_text(s, "state");
	char *word = message == NULL ? xstrdup(state) : xasprintf("%s: %s", state, message);
	char *const cell[] = { row_text(s, "name"), row_text(s, "pool"),
		xasprintf("%lld", (long long)ask_int(s, "running", 0)),
		xasprintf("%lld", (long long)ask_int(s, "queued", 0)),
		xasprintf("%lld", (long long)ask_int(s, "held", 0)), row_text(s, "path"),
		say_plain(word) };
	free(state);
	free(word);
	table_add(&l->table, TERM_PLAIN, cell);
	return true;
}

int cmd_spools(const struct options *o)
{
	static const char *const heads[] = { "SPOOL", "POOL", ">RUNNING", ">QUEUED", ">HELD",
		"PATH", "STATE", NULL };
	struct daemon d;
	struct listing l;
	int code = too_much(o, "spools");

	if (code != CLI_OK)
		return code;
	daemon_init(&d, o);
	listing_init(&l, o, heads);
	code = ask(&d, ask_for("spools"), add_spool, &l);
	listing_print(&l);
	daemon_fini(&d);
	return code;
}
