/* report: what a runner says of the end of a script. */
#include "core/report.h"

#include "core/livy.h"
#include <assert.h>
#include <jansson.h>
#include <string.h>

static const char *str_of(struct arena *a, const json_t *o, const char *key)
{
	return arena_strdup(a, json_string_value(json_object_get(o, key)));
}

static int64_t number_of(const json_t *o, const char *key)
{
	const json_t *v = json_object_get(o, key);
	return json_is_integer(v) && json_integer_value(v) > 0 ? (int64_t)json_integer_value(v) : 0;
}

/* Ends that the runner brought about, in our words. The words of the protocol become ours here:
 * what the runner says is for the daemon, what stands in a record is for people, and may be made
 * better without a new protocol. */
static bool report_our_end(const json_t *o, struct report *r)
{
	static const struct {
		const char *why;
		const char *name;
		const char *message;
	} ends[] = {
		{ "timeout", "Timeout", "the time limit has passed; the file was ended" },
		{ "cancelled", "Cancelled", "it was cancelled; the file was ended" },
		{ "memory", "MemoryLimit",
		    "it took more memory than its pool allows (memory); the file was ended" },
		{ "died", "RunnerDied", "the runner has died, and the file's process with it" },
	};
	const char *why = json_string_value(json_object_get(o, "why"));
	for (size_t i = 0; why != NULL && i < ARRAY_LEN(ends); i++) {
		if (strcmp(why, ends[i].why) != 0)
			continue;
		r->error_name = ends[i].name;
		r->error_message = ends[i].message;
		r->ours = true;
	}
	return r->ours;
}

/* An end without an exception that says more. */
static void report_plain_end(struct arena *a, const json_t *o, struct report *r)
{
	int64_t code = number_of(o, "exit_code");
	const char *why = json_string_value(json_object_get(o, "why"));
	const json_t *v = json_object_get(o, "exit_code");
	if (json_is_integer(v) && json_integer_value(v) == 0)
		return;
	if (code == 0) { /* nor a good end: core/runnerread says so, too */
		r->error_name = "ExitCode";
		r->error_message = "its runner does not say how it ended";
		return;
	}
	/* As a shell counts: 128 and the signal's number. */
	bool signal = why != NULL && strcmp(why, "signal") == 0 && code > 128;
	r->error_name = signal ? "Signal" : "ExitCode";
	r->error_message =
	    signal ? arena_printf(a, "it was ended by signal %lld", (long long)code - 128)
		   : arena_printf(a, "it ended with exit code %lld", (long long)code);
}

static void report_end(struct arena *a, const json_t *o, struct report *r)
{
	const json_t *error = json_object_get(o, "error");
	r->line = number_of(error, "line");
	r->statement = number_of(error, "statement");
	if (report_our_end(o, r))
		return;
	r->error_name = str_of(a, error, "name");
	r->error_message = str_of(a, error, "message");
	if (r->readable && r->error_name == NULL)
		report_plain_end(a, o, r);
}

void report_read(struct arena *a, struct bytes json, struct report *r)
{
	*r = (struct report){ 0 };
	json_t *o = json.p == NULL ? NULL : livy_parse(json);
	const json_t *list = json_object_get(o, "warnings");
	r->readable = json_is_object(o);
	report_end(a, o, r);
	r->rows_cut = json_is_true(json_object_get(json_object_get(o, "sql"), "truncated"));
	r->warning = arena_calloc(a, json_array_size(list) + 1, sizeof(*r->warning));
	for (size_t i = 0; i < json_array_size(list); i++)
		if (json_is_string(json_array_get(list, i)))
			r->warning[r->warning_count++] =
			    arena_strdup(a, json_string_value(json_array_get(list, i)));
	json_decref(o);
}
