/* row: a job as the daemon tells of it, as words. */
#include "cli/row.h"
#include "cli/ask.h"
#include "cli/clock.h"
#include <pwd.h>
#include <stdlib.h>
#include <string.h>

#define FIELDS_BYTES_MAX 262144
#define SEEN "seen_mono_ms" /* a member of our own */

bool row_is_ended(const json_t *job)
{
	return str_eq(ask_text(job, "state"), "done");
}

char *row_text(const json_t *o, const char *key)
{
	const char *text = ask_text(o, key);

	return text == NULL || *text == '\0' ? xstrdup("-") : say_plain(text);
}

char *row_owner(const json_t *o)
{
	const char *name = ask_text(o, "owner_name");
	int64_t uid = ask_int(o, "owner", -1);

	if (name != NULL)
		return say_plain(name);
	if (uid < 0)
		return xstrdup("-");
	const struct passwd *pw = getpwuid((uid_t)uid);
	return pw != NULL ? say_plain(pw->pw_name) : xasprintf("%lld", (long long)uid);
}

int64_t row_uid(const char *name)
{
	int64_t uid;

	if (str_to_i64(name, 0, UINT32_MAX - 1, &uid) == 0)
		return uid;
	const struct passwd *pw = getpwnam(name);
	return pw == NULL ? -1 : (int64_t)pw->pw_uid;
}

/* The daemon says for how long, not since when: its clock need not be ours. So the moment is kept
 * in which we heard it. */
void row_seen(json_t *job)
{
	(void)json_object_set_new(job, SEEN, json_integer(clock_mono_ms()));
}

static int64_t since_seen_ms(const json_t *job)
{
	int64_t seen = ask_int(job, SEEN, -1);

	return seen < 0 || row_is_ended(job) ? 0 : clock_mono_ms() - seen;
}

/* Of what the daemon counts, for it knows when it asked last; else from then to now. */
static int64_t span_ms(const json_t *job)
{
	const json_t *elapsed = json_object_get(job, "elapsed_s");
	const char *from = ask_text(job, "started");
	const char *to = ask_text(job, "finished");

	if (json_is_number(elapsed))
		return (int64_t)(json_number_value(elapsed) * 1000) + since_seen_ms(job);
	if (from == NULL)
		from = ask_text(job, "queued");
	int64_t start = from == NULL ? -1 : clock_from_text(from);
	if (start < 0)
		return -1;
	int64_t end = to == NULL ? clock_real_ms() : clock_from_text(to);
	return end - start;
}

static char *span_text(const json_t *job)
{
	char text[CLOCK_SPAN_LEN];
	int64_t ms = span_ms(job);

	return xstrdup(ms < 0 ? "-" : clock_span(ms, text));
}

static char *progress_text(const json_t *job)
{
	const json_t *p = json_object_get(job, "progress");

	return json_is_number(p) ? xasprintf("%.0f%%", json_number_value(p) * 100) : xstrdup("-");
}

/* In a column: the state, of the queued with their place, of the ended the status. */
static char *state_word(const json_t *job)
{
	int64_t place = ask_int(job, "place", 0);
	const char *status = ask_text(job, "status");

	if (row_is_ended(job) && status != NULL)
		return say_plain(status);
	char *state = row_text(job, "state");
	if (place <= 0)
		return state;
	char *both = xasprintf("%s %lld", state, (long long)place);
	free(state);
	return both;
}

char *row_state(const json_t *job)
{
	char *word = state_word(job);
	char *span = span_text(job);
	char *progress = progress_text(job);
	char *held = row_text(job, "held");
	char *text;

	if (row_is_ended(job))
		text = xasprintf("%s, after %s", word, span);
	else if (!str_eq(held, "-"))
		text = xasprintf("%s: %s", word, held);
	else if (!str_eq(progress, "-"))
		text = xasprintf("%s, %s, %s", word, progress, span);
	else
		text = xasprintf("%s, for %s", word, span);
	free(word);
	free(span);
	free(progress);
	free(held);
	return text;
}

/* ---- for people ------------------------------------------------------------------------------ */

const char *const *row_heads(bool ended)
{
	static const char *const live[] = { ">JOB", "STATE", "OWNER", "SPOOL", ">TIME", ">DONE",
		"FILE", NULL };
	static const char *const past[] = { ">JOB", "STATUS", ">EXIT", "OWNER", "SPOOL", "ENDED",
		">TOOK", "FILE", NULL };

	return ended ? past : live;
}

static enum term_colour colour_of(const json_t *job)
{
	const char *state = ask_text(job, "state");
	const char *status = ask_text(job, "status");

	if (str_eq(state, "held"))
		return TERM_YELLOW;
	if (str_eq(state, "running"))
		return TERM_GREEN;
	return row_is_ended(job) && status != NULL && !str_eq(status, "ok") ? TERM_RED : TERM_PLAIN;
}

/* With what keeps it, or what became of it. */
static char *file_text(const json_t *job)
{
	const json_t *error = json_object_get(job, "error");
	char *name = row_text(job, "name");
	char *why = row_text(job, "held");

	if (str_eq(why, "-") && json_is_object(error)) {
		free(why);
		why = row_text(error, "message");
	}
	char *text = str_eq(why, "-") ? xstrdup(name) : xasprintf("%s (%s)", name, why);
	free(name);
	free(why);
	return text;
}

static char *id_text(const json_t *job)
{
	return xasprintf("%lld", (long long)ask_int(job, "id", 0));
}

static char *exit_text(const json_t *job)
{
	int64_t code = ask_int(job, "exit_code", -1);

	return code < 0 ? xstrdup("-") : xasprintf("%lld", (long long)code);
}

static char *ended_text(const json_t *job)
{
	char text[CLOCK_SHORT_LEN];
	const char *iso = ask_text(job, "finished");

	return xstrdup(iso == NULL ? "-" : clock_short(clock_from_text(iso), text));
}

void row_add(struct table *t, const json_t *job, bool ended)
{
	if (ended) {
		char *const cell[] = { id_text(job), state_word(job), exit_text(job),
			row_owner(job), row_text(job, "spool"), ended_text(job), span_text(job),
			file_text(job) };
		table_add(t, colour_of(job), cell);
	} else {
		char *const cell[] = { id_text(job), state_word(job), row_owner(job),
			row_text(job, "spool"), span_text(job), progress_text(job),
			file_text(job) };
		table_add(t, colour_of(job), cell);
	}
}

/* ---- for programs ---------------------------------------------------------------------------- */

static void add_value(struct buf *out, const json_t *v)
{
	if (json_is_string(v) && json_string_length(v) > 0) {
		char *text = say_field(json_string_value(v));
		buf_adds(out, text);
		free(text);
	} else if (json_is_integer(v)) {
		buf_addf(out, "%lld", (long long)json_integer_value(v));
	} else if (json_is_real(v)) {
		buf_addf(out, "%.3f", json_real_value(v));
	} else if (json_is_boolean(v)) {
		buf_adds(out, json_is_true(v) ? "yes" : "no");
	} else {
		buf_addc(out, '-');
	}
}

char *row_fields(const json_t *o, const char *const *keys)
{
	struct buf out;

	buf_init(&out, FIELDS_BYTES_MAX);
	for (size_t i = 0; keys[i] != NULL; i++) {
		if (i > 0)
			buf_addc(&out, '\t');
		add_value(&out, json_object_get(o, keys[i]));
	}
	return buf_steal(&out, NULL);
}

/* A form for scripts, never changed but at its end: fields by tabs, "-" for what there is not. */
char *row_porcelain(const json_t *job)
{
	static const char *const keys[] = { "id", "state", "status", "spool", "pool", "kind",
		"owner", "priority", "place", "progress", "queued", "started", "finished",
		"elapsed_s", "exit_code", "path", NULL };

	return row_fields(job, keys);
}
