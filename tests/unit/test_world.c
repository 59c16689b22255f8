/* test_world: the model Livy of the world, which the simulator and most tests of the core rest on, held
 * against what a real one was recorded to answer: in the same situation the same status, the same
 * meaning, and nothing in it that the real one does not say. */
#include "tape.h"
#include "world.h"

#include <stdlib.h>
#include <string.h>

static struct world *w;
static struct tape *tape;

static void setup(void)
{
	w = world_new();
	w->server[0].retained = 3;
	tape = tape_load();
}

static void teardown(void)
{
	tape_free(tape);
	world_free(w);
}

/* A step of the story, and the note of the recording that has the same. */
struct step {
	const char *note;
	enum http_method method;
	const char *path;
	const char *body;
	int64_t wait_ms; /* before it */
};

static const struct step story[] = {
	{ "version", HTTP_GET, "/version", NULL, 0 },
	{ "create pyspark", HTTP_POST, "/sessions", "{\"kind\":\"pyspark\",\"name\":\"t1\"}", 0 },
	{ "duplicate name", HTTP_POST, "/sessions", "{\"kind\":\"spark\",\"name\":\"t1\"}", 500 },
	{ "post while starting", HTTP_POST, "/sessions/0/statements", "{\"code\":\"1\"}", 0 },
	{ "by name", HTTP_GET, "/sessions/t1", NULL, 60000 },
	{ "sessions", HTTP_GET, "/sessions?from=0&size=1", NULL, 0 },
	{ "log", HTTP_GET, "/sessions/0/log?from=0&size=3", NULL, 0 },
	{ "missing session", HTTP_GET, "/sessions/77", NULL, 0 },
	{ "missing session post", HTTP_POST, "/sessions/77/statements", "{\"code\":\"1\"}", 0 },
	{ "missing session delete", HTTP_DELETE, "/sessions/77", NULL, 0 },
	{ "missing statement", HTTP_GET, "/sessions/0/statements/9999", NULL, 0 },
	/* one that runs, and one that waits behind it */
	{ "long spark job", HTTP_POST, "/sessions/0/statements", "{\"code\":\"sleep 50000\"}", 0 },
	{ "progress", HTTP_GET, "/sessions/0/statements/0", NULL, 10 },
	{ "queued behind", HTTP_POST, "/sessions/0/statements", "{\"code\":\"5\"}", 0 },
	{ "waiting", HTTP_GET, "/sessions/0/statements/1", NULL, 10 },
	{ "cancel waiting", HTTP_POST, "/sessions/0/statements/1/cancel", NULL, 0 },
	{ "after cancel waiting", HTTP_GET, "/sessions/0/statements/1", NULL, 0 },
	{ "cancel running", HTTP_POST, "/sessions/0/statements/0/cancel", NULL, 0 },
	{ "just after cancel", HTTP_GET, "/sessions/0/statements/0", NULL, 5 },
	{ "cancel again", HTTP_POST, "/sessions/0/statements/0/cancel", NULL, 0 },
	{ "cancel missing", HTTP_POST, "/sessions/0/statements/99999/cancel", NULL, 0 },
	/* one that ends, and one that fails */
	{ "warm", HTTP_POST, "/sessions/0/statements", "{\"code\":\"1\"}", 1000 },
	{ "warm result", HTTP_GET, "/sessions/0/statements/2", NULL, 1000 },
	{ "pyspark error", HTTP_POST, "/sessions/0/statements", "{\"code\":\"fail\"}", 0 },
	{ "pyspark error result", HTTP_GET, "/sessions/0/statements/3", NULL, 1000 },
	/* the oldest are dropped */
	{ "queued behind", HTTP_POST, "/sessions/0/statements", "{\"code\":\"die 5000\"}", 0 },
	{ "evicted statement", HTTP_GET, "/sessions/0/statements/0", NULL, 0 },
	{ "after 150 more statements", HTTP_GET, "/sessions/0/statements", NULL, 0 },
	/* and it takes its session with it */
	{ "doomed stmt", HTTP_GET, "/sessions/0/statements/4", NULL, 6000 },
	{ "doomed stmts", HTTP_GET, "/sessions/0/statements", NULL, 0 },
	{ "post to dead", HTTP_POST, "/sessions/0/statements", "{\"code\":\"1\"}", 0 },
	{ "dead session", HTTP_GET, "/sessions/0", NULL, 0 },
	{ "delete dead", HTTP_DELETE, "/sessions/0", NULL, 0 },
	{ "after delete", HTTP_GET, "/sessions/0", NULL, 0 },
};

/* The last of those that have this note: by then what was waited for had come. */
static const struct recording *recorded(const char *note)
{
	const struct recording *r = NULL;
	for (size_t i = 0; i < tape->count; i++)
		if (str_eq(tape->r[i].note, note))
			r = &tape->r[i];
	ck_assert_msg(r != NULL, "no recording is called %s", note);
	return r;
}

/* Whatever ours says is said by theirs, in the same form; null is of any. */
static void same_form(const char *note, const json_t *ours, const json_t *theirs)
{
	const char *key;
	json_t *value;
	json_object_foreach((json_t *)(uintptr_t)ours, key, value)
	{
		const json_t *other = json_object_get(theirs, key);
		ck_assert_msg(other != NULL, "%s: a real one has no \"%s\"", note, key);
		if (json_is_null(value) || json_is_null(other))
			continue;
		ck_assert_msg(json_typeof(value) == json_typeof(other),
		    "%s: a real one's \"%s\" is of another type", note, key);
		if (json_is_object(value))
			same_form(note, value, other);
		if (json_is_array(value) && json_is_object(json_array_get(value, 0)) &&
		    json_is_object(json_array_get(other, 0)))
			same_form(note, json_array_get(value, 0), json_array_get(other, 0));
	}
}

static json_t *parsed(struct bytes body)
{
	return json_loadb(body.p, body.n, JSON_ALLOW_NUL | JSON_DECODE_ANY, NULL);
}

/* As core/livy reads both. */
static void same_meaning(
    const struct recording *r, const struct livy_answer *ours, const struct livy_answer *theirs)
{
	ck_assert_msg(ours->verdict == theirs->verdict, "%s: %s, not %s", r->note,
	    livy_verdict_name(ours->verdict), livy_verdict_name(theirs->verdict));
	const struct livy_statement *a = &ours->statement;
	const struct livy_statement *b = &theirs->statement;
	ck_assert_msg(a->state == b->state, "%s: another state", r->note);
	ck_assert_msg(a->output == b->output, "%s: an output, or none", r->note);
	ck_assert_msg(a->failed == b->failed, "%s: another end", r->note);
	ck_assert_msg(a->unbegun == b->unbegun, "%s: begun, or not", r->note);
	ck_assert_msg((a->code == NULL) == (b->code == NULL), "%s: an echo, or none", r->note);
	for (size_t i = 0; i < ours->session_count && i < theirs->session_count; i++)
		ck_assert_msg(ours->session[i].state == theirs->session[i].state,
		    "%s: a session in another state", r->note);
}

static void same_answer(const struct recording *r, int status, struct bytes body)
{
	struct livy_answer ours;
	struct livy_answer theirs;
	json_t *a = parsed(body);
	json_t *b = parsed(r->body);
	ck_assert_msg(status == r->status, "%s: %d, not %d", r->note, status, r->status);
	ck_assert_msg(a != NULL && b != NULL && json_typeof(a) == json_typeof(b),
	    "%s: another kind of answer: %.*s", r->note, (int)body.n, body.p);
	same_form(r->note, a, b);
	tape_read(tape_call(r), status, body, &ours);
	tape_read(tape_call(r), r->status, r->body, &theirs);
	same_meaning(r, &ours, &theirs);
	livy_fini(&ours);
	livy_fini(&theirs);
	json_decref(a);
	json_decref(b);
}

START_TEST(the_story_of_a_session)
{
	for (size_t i = 0; i < ARRAY_LEN(story); i++) {
		const struct step *s = &story[i];
		const struct fx_http http = { .method = s->method,
			.path = s->path,
			.body = { s->body, s->body == NULL ? 0 : strlen(s->body) } };
		char *body;
		w->now.mono_ms += s->wait_ms;
		int status = server_answer(w, 0, &http, &body);
		ck_assert_ptr_nonnull(body);
		same_answer(recorded(s->note), status, (struct bytes){ body, strlen(body) });
		free(body);
	}
}
END_TEST

/* 150 had been posted, and the list said 100. */
START_TEST(the_list_counts_what_is_left)
{
	json_t *theirs = parsed(recorded("after 150 more statements")->body);
	ck_assert_int_eq(json_integer_value(json_object_get(theirs, "total_statements")), 100);
	json_decref(theirs);
	world_stranger(w, 0);
	char *body;
	for (int i = 0; i < 5; i++) {
		const struct fx_http post = { .method = HTTP_POST,
			.path = "/sessions/0/statements",
			.body = { "{\"code\":\"1\"}", 12 } };
		ck_assert_int_eq(server_answer(w, 0, &post, &body), 201);
		free(body);
	}
	const struct fx_http get = { .method = HTTP_GET, .path = "/sessions/0/statements" };
	ck_assert_int_eq(server_answer(w, 0, &get, &body), 200);
	json_t *ours = parsed((struct bytes){ body, strlen(body) });
	ck_assert_int_eq(json_integer_value(json_object_get(ours, "total_statements")), 3);
	ck_assert_uint_eq(json_array_size(json_object_get(ours, "statements")), 3);
	json_decref(ours);
	free(body);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("world");
	TCase *t = tcase_create("world");
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, the_story_of_a_session);
	tcase_add_test(t, the_list_counts_what_is_left);
	suite_add_tcase(s, t);
	return help_run(s);
}
