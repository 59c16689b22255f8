/* past: history without the daemon, from the ledger, for those who may read it. */
#include "cli/past.h"
#include "cli/spot.h"
#include "core/result.h"
#include "core/text.h"
#include "edge/ledgerlook.h"
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ERROR_BYTES_MAX 4096
#define LIMIT 100

struct telling {
	const struct conf *conf;
	bool (*fn)(const json_t *line, void *arg);
	void *arg;
};

/* Of a spool that the configuration names no more the directory is not known. */
static const struct conf_spool *spool_of(const struct conf *c, const char *name)
{
	for (size_t i = 0; i < c->spool_count; i++) {
		if (str_eq(c->spool[i].name, name))
			return &c->spool[i];
	}
	return NULL;
}

static void put_time(json_t *line, const char *key, int64_t ms)
{
	char text[TIME_TEXT_LEN];

	if (ms > 0)
		text_put(line, key, text_json(time_to_text(ms, text)));
}

static void put_error(json_t *line, const struct ledger_past *p)
{
	json_t *error;

	if (p->error_name == NULL)
		return;
	error = json_object();
	text_put(error, "name", text_json(p->error_name));
	text_put(error, "message", text_json(p->error_message));
	text_put(line, "error", error);
}

static void put_place(json_t *line, const struct conf *c, const struct ledger_past *p)
{
	const struct conf_spool *spool = spool_of(c, p->spool);
	char *path = xasprintf("%s/%s", spool == NULL ? "" : spool->path, p->name);

	if (spool != NULL) {
		text_put(line, "path", text_json(path));
		text_put(line, "pool", text_json(c->pool[spool->pool].name));
	}
	if (spool != NULL && p->recorded) {
		char *record = xasprintf("%s.json", path);
		text_put(line, "record", text_json(record));
		free(record);
	}
	free(path);
}

static void tell(const struct ledger_past *p, void *arg)
{
	const struct telling *t = arg;
	json_t *line = json_object();

	text_put(line, "type", text_json("job"));
	text_put(line, "id", json_integer(p->id));
	text_put(line, "name", text_json(p->name));
	text_put(line, "spool", text_json(p->spool));
	text_put(line, "kind", text_json(spot_word(p->kind)));
	text_put(line, "owner", json_integer(p->owner));
	text_put(line, "state", text_json("done"));
	text_put(line, "status", text_json(result_status_name(p->status)));
	if (p->exit_code >= 0)
		text_put(line, "exit_code", json_integer(p->exit_code));
	text_put(line, "attempts", json_integer(p->attempts));
	put_time(line, "queued", p->queued_ms);
	put_time(line, "started", p->started_ms);
	put_time(line, "finished", p->finished_ms);
	if (p->session != NULL)
		text_put(line, "session", text_json(p->session));
	put_place(line, t->conf, p);
	put_error(line, p);
	(void)t->fn(line, t->arg);
	json_decref(line);
}

/* STATUS_COUNT: there is none of that name. */
static enum job_status status_of(const char *word)
{
	enum job_status s = STATUS_OK;

	if (word == NULL)
		return STATUS_NONE;
	while (s < STATUS_COUNT && !str_eq(word, result_status_name(s)))
		s++;
	return s;
}

static int look(struct daemon *d, const json_t *request, const struct telling *t)
{
	struct ledger_look look = { .spool = ask_text(request, "spool"),
		.name = ask_text(request, "name"),
		.owner = ask_int(request, "owner", -1),
		.status = status_of(ask_text(request, "status")),
		.since_ms = ask_int(request, "since_ms", 0),
		.until_ms = ask_int(request, "until_ms", 0),
		.limit = ask_int(request, "limit", LIMIT),
		.fn = tell,
		.arg = (void *)(uintptr_t)t };
	struct buf error;
	int code = CLI_OK;

	if (look.status == STATUS_COUNT)
		return say_failure(d->o->json, CLI_USAGE,
		    "write ok, error, timeout, cancelled, died, unknown or rejected",
		    "there is no status '%s'", ask_text(request, "status"));
	buf_init(&error, ERROR_BYTES_MAX);
	if (ledger_look(d->conf->state_dir, &look, &error) != 0)
		code = say_failure(d->o->json, CLI_NO_DAEMON,
		    "start the daemon, or ask as one who may read its state_dir",
		    "there is no daemon at %s, and its ledger cannot be read: %s", d->socket,
		    error.data);
	buf_fini(&error);
	return code;
}

int past_ask(
    struct daemon *d, json_t *request, bool (*fn)(const json_t *line, void *arg), void *arg)
{
	const struct telling t = { .conf = d->conf, .fn = fn, .arg = arg };

	/* Without the configuration nobody knows where the ledger is: ask() says so. */
	if (d->conf == NULL)
		return ask(d, request, fn, arg);
	int code = look(d, request, &t);
	if (code == CLI_OK && !d->o->quiet)
		say_note("there is no daemon at %s: this is what its ledger says", d->socket);
	json_decref(request);
	return code;
}
