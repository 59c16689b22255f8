/* test_runnertext: calls to the runner, read as Python reads them, and its answers, read by us
 * whatever they are. */
#include "help.h"

#include "base/buf.h"
#include "core/runnertext.h"
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ID "0123456789abcdef0123456789abcdef"
#define ID2 "fedcba9876543210fedcba9876543210"
#define HOSTILE "'\\'\n\r\t\"\\\"\x01\x7f caf\xC3\xA9 \xE2\x80\xA8 \xF0\x9F\x92\xA5 {}%s$(x)`"

static struct arena arena;

static void setup(void)
{
	arena_init(&arena);
}

static void teardown(void)
{
	arena_fini(&arena);
}

static struct bytes text(const char *s)
{
	return (struct bytes){ .p = s, .n = strlen(s) };
}

/* ---- calls ------------------------------------------------------------------------------------- */

/* What Python makes of 'TEXT'): only ASCII, no line end, no escape that would mean something else. */
static char *literal_of(const char *p, const char *end)
{
	char *plain = xcalloc((size_t)(end - p) + 1, 1);
	size_t n = 0;
	ck_assert_int_eq(*p++, '\'');
	for (; *p != '\''; p++) {
		ck_assert_msg(p < end && *p >= ' ', "not a plain character");
		if (*p == '\\') {
			p++;
			ck_assert(*p == '\\' || *p == '\'');
		}
		plain[n++] = *p;
	}
	ck_assert_str_eq(p, "')");
	ck_assert_ptr_eq(p + 2, end);
	return plain;
}

static json_t *call_in(struct bytes code, const char *function)
{
	size_t n = strlen(function);
	ck_assert_uint_eq(strlen(code.p), code.n);
	ck_assert_msg(strncmp(code.p, function, n) == 0 && code.p[n] == '(', "%.80s", code.p);
	char *json = literal_of(code.p + n + 1, code.p + code.n);
	json_t *o = json_loads(json, 0, NULL);
	ck_assert_msg(json_is_object(o), "%.200s", json);
	free(json);
	return o;
}

static const char *word(const json_t *o, const char *key)
{
	const char *s = json_string_value(json_object_get(o, key));
	ck_assert_msg(s != NULL, "no text %s", key);
	return s;
}

static int64_t number(const json_t *o, const char *key)
{
	ck_assert_msg(json_is_integer(json_object_get(o, key)), "no number %s", key);
	return (int64_t)json_integer_value(json_object_get(o, key));
}

static const char *const runners[] = { "# the runner\n", "x = '''\\n'''\n", "\n",
	"caf\xC3\xA9 = \"\xF0\x9F\x92\xA5\"\n" };

START_TEST(the_boot)
{
	const struct conf_pool pool = { .slots = 7, .spare = 2, .memory_bytes = INT64_C(5) << 40 };
	char name[RUNNER_CODE_TEXT_LEN];
	struct bytes runner = text(runners[_i]);
	struct bytes code = runnertext_boot(&arena, runner, ID, &pool);
	runnertext_name_code(runner, name);
	ck_assert_uint_gt(code.n, runner.n);
	ck_assert_int_eq(memcmp(code.p, runner.p, runner.n), 0);
	json_t *o =
	    call_in((struct bytes){ code.p + runner.n, code.n - runner.n }, "_sparkspool_boot");
	ck_assert_int_eq(number(o, "v"), 1);
	ck_assert_str_eq(word(o, "tag"), ID);
	ck_assert_str_eq(word(o, "code"), name);
	ck_assert_int_eq(number(o, "slots"), 7);
	ck_assert_int_eq(number(o, "spare"), 2);
	ck_assert_int_eq(number(o, "memory_bytes"), INT64_C(5) << 40);
	json_decref(o);
}
END_TEST

START_TEST(releases_have_names)
{
	char name[ARRAY_LEN(runners)][RUNNER_CODE_TEXT_LEN];
	for (size_t i = 0; i < ARRAY_LEN(runners); i++) {
		runnertext_name_code(text(runners[i]), name[i]);
		ck_assert_uint_eq(strspn(name[i], "0123456789abcdef"), RUNNER_CODE_TEXT_LEN - 1);
		for (size_t k = 0; k < i; k++)
			ck_assert_str_ne(name[i], name[k]);
	}
	runnertext_name_code((struct bytes){ NULL, 0 }, name[0]);
	ck_assert_str_eq(name[0], "cbf29ce484222325");
}
END_TEST

static json_t *ended(json_t *call)
{
	return call_in(runnertext_end(&arena, call, 300, 4096), "_sparkspool_call");
}

START_TEST(a_call_of_nothing)
{
	json_t *o = ended(runnertext_begin(ID));
	ck_assert_uint_eq(json_object_size(o), 4);
	ck_assert_int_eq(number(o, "v"), 1);
	ck_assert_str_eq(word(o, "tag"), ID);
	ck_assert_int_eq(number(o, "wait_ms"), 300);
	ck_assert_int_eq(number(o, "data_bytes_max"), 4096);
	json_decref(o);
}
END_TEST

static const char *const words[] = { "", "plain", "'", "\\", "\\'", "'''", "\\\\'\\", "\n", "\"",
	"\\n", "\\u0041", "\x7f", "a\x01z", "caf\xC3\xA9", "\xF0\x9F\x92\xA5", "\xE2\x80\xA8",
	HOSTILE };

/* Every text arrives as it was, wherever it stands. */
START_TEST(texts_arrive)
{
	char *args[] = { (char *)words[_i], (char *)"between", (char *)words[_i], NULL };
	struct conf_pair env[] = { { (char *)"NAME", (char *)words[_i] },
		{ (char *)"OTHER", (char *)"1" } };
	const struct runner_program p = { .id = ID,
		.kind = "sql",
		.style = "notebook",
		.name = words[_i],
		.label = words[_i],
		.code = text(words[_i]),
		.args = args,
		.arg_count = 3,
		.env = env,
		.env_count = 2,
		.modules = words[_i] };
	json_t *call = runnertext_begin(ID2);
	runnertext_add_start(call, &p);
	json_t *o = ended(call);
	const json_t *start = json_array_get(json_object_get(o, "start"), 0);
	ck_assert_uint_eq(json_array_size(json_object_get(o, "start")), 1);
	ck_assert_str_eq(word(start, "id"), ID);
	ck_assert_str_eq(word(start, "kind"), "sql");
	ck_assert_str_eq(word(start, "style"), "notebook");
	ck_assert_str_eq(word(start, "name"), words[_i]);
	ck_assert_str_eq(word(start, "label"), words[_i]);
	ck_assert_str_eq(word(start, "modules"), words[_i]);
	ck_assert_str_eq(word(json_object_get(start, "env"), "NAME"), words[_i]);
	ck_assert_str_eq(word(json_object_get(start, "env"), "OTHER"), "1");
	const json_t *list = json_object_get(start, "args");
	ck_assert_uint_eq(json_array_size(list), 3);
	ck_assert_str_eq(json_string_value(json_array_get(list, 0)), words[_i]);
	ck_assert_str_eq(json_string_value(json_array_get(list, 1)), "between");
	ck_assert_str_eq(json_string_value(json_array_get(list, 2)), words[_i]);
	json_decref(o);
}
END_TEST

/* A name that is no text is made one; nothing else would get through JSON. */
START_TEST(names_that_are_no_text)
{
	const struct runner_program p = { .id = ID,
		.kind = "python",
		.style = "script",
		.name = "caf\xE9.py",
		.label = "in/caf\xE9.py",
		.code = text("1") };
	json_t *call = runnertext_begin(ID2);
	runnertext_add_start(call, &p);
	json_t *o = ended(call);
	const json_t *start = json_array_get(json_object_get(o, "start"), 0);
	ck_assert_str_eq(word(start, "name"), "caf\xEF\xBF\xBD.py");
	ck_assert_ptr_null(json_object_get(start, "modules"));
	ck_assert_uint_eq(json_array_size(json_object_get(start, "args")), 0);
	ck_assert_uint_eq(json_object_size(json_object_get(start, "env")), 0);
	json_decref(o);
}
END_TEST

static const size_t sizes[] = { 0, 1, 2, 3, 4, 255, 65536, 3000001 };

START_TEST(code_of_any_bytes)
{
	size_t n = sizes[_i];
	char *code = xcalloc(n + 1, 1);
	for (size_t i = 0; i < n; i++)
		code[i] = (char)(i * 7 + i / 256);
	const struct runner_program p = { .id = ID,
		.kind = "python",
		.style = "script",
		.name = "a",
		.label = "a",
		.code = { code, n } };
	json_t *call = runnertext_begin(ID2);
	struct buf b;
	runnertext_add_start(call, &p);
	json_t *o = ended(call);
	const char *sent = word(json_array_get(json_object_get(o, "start"), 0), "code");
	buf_init(&b, n + 8);
	ck_assert_int_eq(buf_add_base64(&b, sent, strlen(sent)), 0);
	ck_assert_uint_eq(b.len, n);
	ck_assert(n == 0 || memcmp(b.data, code, n) == 0);
	buf_fini(&b);
	free(code);
	json_decref(o);
}
END_TEST

START_TEST(limits_by_their_names)
{
	const struct runner_program p = { .id = ID,
		.kind = "python",
		.style = "script",
		.name = "a",
		.label = "a",
		.code = text("1"),
		.time_ms = 1,
		.output_bytes = 2,
		.files_bytes = 3,
		.files_count = 4,
		.rows = 5 };
	json_t *call = runnertext_begin(ID2);
	runnertext_add_start(call, &p);
	json_t *o = ended(call);
	const json_t *limits =
	    json_object_get(json_array_get(json_object_get(o, "start"), 0), "limits");
	ck_assert_uint_eq(json_object_size(limits), 6);
	ck_assert_int_eq(number(limits, "time_ms"), 1);
	ck_assert_int_eq(number(limits, "out_bytes"), 2);
	ck_assert_int_eq(number(limits, "err_bytes"), 2);
	ck_assert_int_eq(number(limits, "files_bytes"), 3);
	ck_assert_int_eq(number(limits, "files_count"), 4);
	ck_assert_int_eq(number(limits, "rows"), 5);
	json_decref(o);
}
END_TEST

START_TEST(modules_are_put_as_they_are)
{
	json_t *call = runnertext_begin(ID2);
	runnertext_add_put(call, "aa", "[{\"name\":\"h'.py\",\"data\":\"cGFzcw==\"}]");
	runnertext_add_put(call, "bb", "[]");
	json_t *o = ended(call);
	const json_t *put = json_object_get(o, "put");
	ck_assert_uint_eq(json_array_size(put), 2);
	ck_assert_str_eq(word(json_array_get(put, 0), "hash"), "aa");
	ck_assert_str_eq(word(json_array_get(put, 1), "hash"), "bb");
	const json_t *file = json_array_get(json_object_get(json_array_get(put, 0), "files"), 0);
	ck_assert_str_eq(word(file, "name"), "h'.py");
	ck_assert_str_eq(word(file, "data"), "cGFzcw==");
	json_decref(o);
}
END_TEST

/* 64 runs at once: a list each, in the order in which they were added. */
START_TEST(many_in_one_call)
{
	json_t *call = runnertext_begin(ID2);
	struct script *sc = script_new(0);
	char id[TOKEN_TEXT_LEN];
	for (int i = 0; i < 64; i++) {
		(void)snprintf(id, sizeof(id), "%032d", i);
		runnertext_add_id(call, i % 2 == 0 ? "bar" : "ack", id);
		runnertext_add_poll(call, id, sc);
	}
	json_t *o = ended(call);
	ck_assert_uint_eq(json_array_size(json_object_get(o, "bar")), 32);
	ck_assert_uint_eq(json_array_size(json_object_get(o, "ack")), 32);
	ck_assert_uint_eq(json_array_size(json_object_get(o, "poll")), 64);
	ck_assert_str_eq(json_string_value(json_array_get(json_object_get(o, "bar"), 31)),
	    "00000000000000000000000000000062");
	ck_assert_str_eq(word(json_array_get(json_object_get(o, "poll"), 63), "id"), id);
	script_free(sc);
	json_decref(o);
}
END_TEST

/* Of what runs out and err are asked for, of what has ended only what is missing; nothing of what is
 * being written. */
static const struct {
	enum script_phase phase;
	int64_t out_at, out_bytes;
	int64_t csv_at, csv_bytes;
	bool busy; /* out */
	const char *at;
} polls[] = {
	{ SCRIPT_START, 0, 0, 0, 0, false, "{\"err\":0,\"out\":0}" },
	{ SCRIPT_BAR, 0, 0, 0, 0, false, "{\"err\":0,\"out\":0}" },
	{ SCRIPT_RUN, 7, 7, 0, 0, false, "{\"err\":0,\"out\":7}" },
	{ SCRIPT_RUN, 7, 99, 0, 5, false, "{\"csv\":0,\"err\":0,\"out\":7}" },
	{ SCRIPT_RUN, 7, 99, 0, 5, true, "{\"csv\":0,\"err\":0}" },
	{ SCRIPT_FETCH, 7, 7, 0, 0, false, "{}" },
	{ SCRIPT_FETCH, 7, 8, 0, 0, false, "{\"out\":7}" },
	{ SCRIPT_FETCH, 0, 8, 3, 5, false, "{\"csv\":3,\"out\":0}" },
	{ SCRIPT_FETCH, 0, 8, 5, 5, true, "{}" },
	{ SCRIPT_FETCH, INT64_C(1) << 40, (INT64_C(1) << 40) + 1, 0, 0, false,
	    "{\"out\":1099511627776}" },
};

START_TEST(what_is_asked_for)
{
	struct script *sc = script_new(0);
	struct script_part *csv = script_part(sc, "csv");
	sc->phase = polls[_i].phase;
	sc->part[0].at = polls[_i].out_at;
	sc->part[0].bytes = polls[_i].out_bytes;
	sc->part[0].busy = polls[_i].busy;
	csv->at = polls[_i].csv_at;
	csv->bytes = polls[_i].csv_bytes;
	json_t *call = runnertext_begin(ID2);
	runnertext_add_poll(call, ID, sc);
	json_t *o = ended(call);
	const json_t *poll = json_array_get(json_object_get(o, "poll"), 0);
	char *at = json_dumps(json_object_get(poll, "at"), JSON_COMPACT | JSON_SORT_KEYS);
	ck_assert_str_eq(word(poll, "id"), ID);
	ck_assert_str_eq(at, polls[_i].at);
	free(at);
	script_free(sc);
	json_decref(o);
}
END_TEST

/* ---- answers ------------------------------------------------------------------------------------- */

static struct runner_answer answer;

static void read_answer(const char *json)
{
	runnertext_read(&arena, text(json), NULL, &answer);
}

static void read_runs(const char *runs)
{
	char *json = xasprintf("{\"sparkspool\":1,\"boot\":\"b\",\"runs\":%s}", runs);
	read_answer(json);
	ck_assert_ptr_null(answer.error);
	free(json);
}

static const struct {
	const char *json;
	const char *tag;
	const char *error; /* the beginning; NULL: none */
} faults[] = {
	{ "{\"sparkspool\":1,\"boot\":\"b\"}", NULL, NULL },
	{ "{\"sparkspool\":1,\"boot\":\"b\",\"tag\":\"t\"}", NULL, NULL },
	{ "{\"sparkspool\":1,\"boot\":\"b\",\"tag\":\"t\"}", "t", NULL },
	{ "{\"sparkspool\":1,\"boot\":\"b\",\"tag\":\"t\"}", "u", "the runner's answer belongs" },
	{ "{\"sparkspool\":1,\"boot\":\"b\"}", "t", "the runner's answer belongs" },
	{ "{\"sparkspool\":1,\"boot\":\"b\",\"tag\":7}", "t", "the runner's answer belongs" },
	{ "{\"sparkspool\":1,\"tag\":\"t\"}", "t", "the runner's answer does not say whose" },
	{ "{\"sparkspool\":1,\"tag\":\"t\",\"boot\":7}", "t",
	    "the runner's answer does not say whose" },
	{ "{\"sparkspool\":1,\"error\":\"not JSON\"}", "t",
	    "the runner refuses the call: not JSON" },
	{ "{\"boot\":\"b\",\"tag\":\"t\"}", "t", "the runner's answer is not the runner's" },
	{ "", NULL, "the runner's answer is not" },
	{ "hello", NULL, "the runner's answer is not" },
	{ "7", NULL, "the runner's answer is not" },
	{ "null", NULL, "the runner's answer is not" },
	{ "[]", NULL, "the runner's answer is not" },
	{ "[{\"sparkspool\":1,\"boot\":\"b\"}]", NULL, "the runner's answer is not" },
	{ "\"sparkspool\"", NULL, "the runner's answer is not" },
	{ "{\"sparkspool\":1,\"boot\":\"b\"", NULL, "the runner's answer is not" },
	{ "{\"sparkspool\":1,\"boot\":\"b\"} x", NULL, "the runner's answer is not" },
	{ "noise\n{\"sparkspool\":1,\"boot\":\"b\"}", NULL, "the runner's answer is not" },
	{ "{\"sparkspool\":1,\"boot\":\"\xff\"}", NULL, "the runner's answer is not" },
};

START_TEST(whose_answer)
{
	runnertext_read(&arena, text(faults[_i].json), faults[_i].tag, &answer);
	ck_assert_msg((answer.error == NULL) == (faults[_i].error == NULL), "%s", answer.error);
	if (answer.error != NULL)
		ck_assert_msg(
		    strncmp(answer.error, faults[_i].error, strlen(faults[_i].error)) == 0, "%s",
		    answer.error);
	else
		ck_assert_str_eq(answer.boot, "b");
	ck_assert_uint_eq(answer.run_count + answer.missing_count + answer.refused_count, 0);
}
END_TEST

START_TEST(no_answer_at_all)
{
	runnertext_read(&arena, (struct bytes){ NULL, 0 }, NULL, &answer);
	ck_assert_ptr_nonnull(answer.error);
}
END_TEST

START_TEST(what_a_boot_says)
{
	read_answer("{\"sparkspool\":1,\"boot\":\"b\",\"code\":\"c\",\"mode\":\"interpreter\","
		    "\"why\":\"no fork\",\"warnings\":[\"w\",7,\"x\"],\"dead\":true}");
	ck_assert_str_eq(answer.code, "c");
	ck_assert_str_eq(answer.why, "no fork");
	ck_assert(answer.alone && answer.dead);
	ck_assert_uint_eq(answer.warning_count, 2);
	ck_assert_str_eq(answer.warning[1], "x");
	read_answer("{\"sparkspool\":1,\"boot\":\"b\",\"code\":7,\"mode\":[],\"why\":null,"
		    "\"warnings\":\"w\",\"dead\":\"true\"}");
	ck_assert_ptr_null(answer.error);
	ck_assert_ptr_null(answer.code);
	ck_assert_ptr_null(answer.why);
	ck_assert(!answer.alone && !answer.dead);
	ck_assert_uint_eq(answer.warning_count, 0);
}
END_TEST

START_TEST(what_was_not_started)
{
	read_answer(
	    "{\"sparkspool\":1,\"boot\":\"b\",\"missing\":[\"aa\",7,\"bb\"],\"refused\":"
	    "[{\"id\":\"" ID "\",\"why\":\"full\"},{\"id\":\"x\"},{\"why\":\"y\"},7,null,[]]}");
	ck_assert_uint_eq(answer.missing_count, 2);
	ck_assert_str_eq(answer.missing[1], "bb");
	ck_assert_uint_eq(answer.refused_count, 1);
	ck_assert_str_eq(answer.refused[0].id, ID);
	ck_assert_str_eq(answer.refused[0].why, "full");
	read_answer(
	    "{\"sparkspool\":1,\"boot\":\"b\",\"missing\":{\"aa\":1},\"refused\":\"full\"}");
	ck_assert_uint_eq(answer.missing_count + answer.refused_count, 0);
}
END_TEST

static const struct {
	const char *state;
	enum runner_state is;
} states[] = {
	{ "\"unknown\"", RUNNER_UNKNOWN },
	{ "\"barred\"", RUNNER_BARRED },
	{ "\"running\"", RUNNER_RUNNING },
	{ "\"ended\"", RUNNER_ENDED },
	{ "\"forgotten\"", RUNNER_FORGOTTEN },
	{ "\"\"", RUNNER_UNKNOWN },
	{ "\"Running\"", RUNNER_UNKNOWN },
	{ "7", RUNNER_UNKNOWN },
	{ "null", RUNNER_UNKNOWN },
};

START_TEST(states_by_name)
{
	char *runs =
	    xasprintf("[{\"id\":\"" ID "\",\"state\":%s,\"exit_code\":0}]", states[_i].state);
	read_runs(runs);
	ck_assert_uint_eq(answer.run_count, 1);
	ck_assert_str_eq(answer.run[0].id, ID);
	ck_assert_int_eq(answer.run[0].state, states[_i].is);
	ck_assert_int_eq(answer.run[0].report != NULL, states[_i].is == RUNNER_ENDED);
	free(runs);
}
END_TEST

static const char *const no_run[] = { "{}", "7", "null", "[]", "\"" ID "\"", "{\"id\":7}",
	"{\"id\":\"\"}", "{\"id\":\"0123\"}", "{\"id\":\"" ID "0\"}",
	"{\"id\":\"0123456789ABCDEF0123456789ABCDEF\"}",
	"{\"id\":\"0123456789abcdef0123456789abcde/\"}", "{\"id\":\"" ID "\\u0000\"}",
	"{\"state\":\"running\"}" };

/* What has no id that could be ours is no run; its neighbours are. */
START_TEST(ids_of_another_form)
{
	bool cut = strstr(no_run[_i], "u0000") != NULL; /* what stands before it counts */
	char *runs = xasprintf(
	    "[{\"id\":\"" ID2 "\"},%s,{\"id\":\"" ID2 "\",\"state\":\"running\"}]", no_run[_i]);
	read_runs(runs);
	ck_assert_uint_eq(answer.run_count, cut ? 3 : 2);
	ck_assert_str_eq(answer.run[0].id, ID2);
	ck_assert_int_eq(answer.run[0].state, RUNNER_UNKNOWN);
	ck_assert_int_eq(answer.run[answer.run_count - 1].state, RUNNER_RUNNING);
	free(runs);
}
END_TEST

static const struct {
	const char *file;
	bool there;
	int64_t bytes;
	int64_t cut;
} files[] = {
	{ "{\"name\":\"out\",\"bytes\":7,\"cut\":1}", true, 7, 1 },
	{ "{\"name\":\"out\"}", true, 0, 0 },
	{ "{\"name\":\"out\",\"bytes\":-7,\"cut\":-1}", true, 0, 0 },
	{ "{\"name\":\"out\",\"bytes\":\"7\",\"cut\":[]}", true, 0, 0 },
	{ "{\"name\":\"out\",\"bytes\":7.5,\"cut\":true}", true, 0, 0 },
	{ "{\"name\":\"out\",\"bytes\":9223372036854775807}", true, INT64_MAX, 0 },
	{ "{\"name\":\"out\",\"bytes\":9223372036854775808}", true, 0, 0 },
	{ "{\"name\":\"out\",\"bytes\":1e3}", true, 0, 0 },
	{ "{\"bytes\":7}", false, 0, 0 },
	{ "{\"name\":7,\"bytes\":7}", false, 0, 0 },
	{ "7", false, 0, 0 },
	{ "null", false, 0, 0 },
};

START_TEST(files_and_their_sizes)
{
	char *runs = xasprintf("[{\"id\":\"" ID "\",\"state\":\"running\",\"files\":[%s,"
			       "{\"name\":\"err\",\"bytes\":3}]}]",
	    files[_i].file);
	read_runs(runs);
	const struct runner_run *run = &answer.run[0];
	ck_assert_uint_eq(run->file_count, files[_i].there ? 2 : 1);
	ck_assert_str_eq(run->file[run->file_count - 1].name, "err");
	ck_assert_int_eq(run->file[run->file_count - 1].bytes, 3);
	if (files[_i].there) {
		ck_assert_int_eq(run->file[0].bytes, files[_i].bytes);
		ck_assert_int_eq(run->file[0].cut, files[_i].cut);
	}
	free(runs);
}
END_TEST

static const struct {
	const char *piece;
	const char *data; /* NULL: it is none */
	int64_t at;
} pieces[] = {
	{ "{\"name\":\"out\",\"at\":7,\"data\":\"YWJj\"}", "abc", 7 },
	{ "{\"name\":\"out\",\"data\":\"YQ==\"}", "a", 0 },
	{ "{\"name\":\"out\",\"at\":-7,\"data\":\"YQ==\"}", "a", 0 },
	{ "{\"name\":\"out\",\"at\":\"7\",\"data\":\"YQ==\"}", "a", 0 },
	{ "{\"name\":\"out\",\"at\":0,\"data\":\"\"}", NULL, 0 },
	{ "{\"name\":\"out\",\"at\":0,\"data\":\"abc\"}", NULL, 0 },
	{ "{\"name\":\"out\",\"at\":0,\"data\":\"YW*j\"}", NULL, 0 },
	{ "{\"name\":\"out\",\"at\":0,\"data\":\"YWJj\\u0000\"}", NULL, 0 },
	{ "{\"name\":\"out\",\"at\":0,\"data\":\"\xC3\xA9\xC3\xA9\"}", NULL, 0 },
	{ "{\"name\":\"out\",\"at\":0,\"data\":7}", NULL, 0 },
	{ "{\"name\":\"out\",\"at\":0,\"data\":[\"YWJj\"]}", NULL, 0 },
	{ "{\"name\":\"out\",\"at\":0}", NULL, 0 },
	{ "{\"at\":0,\"data\":\"YWJj\"}", NULL, 0 },
	{ "{\"name\":null,\"at\":0,\"data\":\"YWJj\"}", NULL, 0 },
	{ "\"YWJj\"", NULL, 0 },
};

START_TEST(pieces_of_output)
{
	char *runs = xasprintf("[{\"id\":\"" ID "\",\"state\":\"running\",\"data\":[%s,"
			       "{\"name\":\"err\",\"at\":1,\"data\":\"enp6\"}]}]",
	    pieces[_i].piece);
	read_runs(runs);
	const struct runner_run *run = &answer.run[0];
	ck_assert_uint_eq(run->data_count, pieces[_i].data == NULL ? 1 : 2);
	ck_assert_str_eq(run->data[run->data_count - 1].name, "err");
	ck_assert_int_eq(memcmp(run->data[run->data_count - 1].data.p, "zzz", 3), 0);
	if (pieces[_i].data != NULL) {
		ck_assert_uint_eq(run->data[0].data.n, strlen(pieces[_i].data));
		ck_assert_str_eq(run->data[0].data.p, pieces[_i].data);
		ck_assert_int_eq(run->data[0].at, pieces[_i].at);
	}
	free(runs);
}
END_TEST

/* What is binary arrives as it was. */
START_TEST(pieces_of_any_bytes)
{
	char bytes[256];
	struct buf b;
	for (int i = 0; i < 256; i++)
		bytes[i] = (char)i;
	buf_init(&b, 1000);
	ck_assert_int_eq(buf_put_base64(&b, bytes, sizeof(bytes)), 0);
	char *runs = xasprintf("[{\"id\":\"" ID "\",\"state\":\"running\",\"data\":[{\"name\":"
			       "\"1.png\",\"at\":0,\"data\":\"%s\"}]}]",
	    b.data);
	read_runs(runs);
	ck_assert_uint_eq(answer.run[0].data_count, 1);
	ck_assert_uint_eq(answer.run[0].data[0].data.n, sizeof(bytes));
	ck_assert_int_eq(memcmp(answer.run[0].data[0].data.p, bytes, sizeof(bytes)), 0);
	buf_fini(&b);
	free(runs);
}
END_TEST

static const struct {
	const char *end;
	enum job_status status;
	int exit_code; /* -1: not known */
} ends[] = {
	{ "\"exit_code\":0,\"why\":\"exit\"", STATUS_OK, 0 },
	{ "\"exit_code\":0", STATUS_OK, 0 },
	{ "\"exit_code\":1,\"why\":\"exit\"", STATUS_ERROR, 1 },
	{ "\"exit_code\":255,\"why\":\"exit\"", STATUS_ERROR, 255 },
	{ "\"exit_code\":256,\"why\":\"exit\"", STATUS_ERROR, 255 },
	{ "\"exit_code\":137,\"why\":\"signal\"", STATUS_ERROR, 137 },
	{ "\"exit_code\":137,\"why\":\"timeout\"", STATUS_TIMEOUT, 137 },
	{ "\"exit_code\":0,\"why\":\"timeout\"", STATUS_TIMEOUT, 0 },
	{ "\"exit_code\":130,\"why\":\"cancelled\"", STATUS_CANCELLED, 130 },
	{ "\"exit_code\":137,\"why\":\"died\"", STATUS_DIED, 137 },
	{ "\"exit_code\":0,\"why\":\"died\"", STATUS_DIED, 0 },
	{ "\"exit_code\":137,\"why\":\"memory\"", STATUS_ERROR, 137 },
	{ "\"exit_code\":0,\"why\":\"memory\"", STATUS_ERROR, 0 },
	{ "\"exit_code\":0,\"why\":7", STATUS_OK, 0 },
	/* Nobody has said that it ended well. */
	{ "\"why\":\"exit\"", STATUS_ERROR, -1 },
	{ "\"exit_code\":null,\"why\":\"exit\"", STATUS_ERROR, -1 },
	{ "\"exit_code\":\"0\",\"why\":\"exit\"", STATUS_ERROR, -1 },
	{ "\"exit_code\":-9,\"why\":\"signal\"", STATUS_ERROR, -1 },
	{ "\"exit_code\":0.0,\"why\":\"exit\"", STATUS_ERROR, -1 },
	{ "\"exit_code\":99999999999999999999,\"why\":\"exit\"", STATUS_ERROR, -1 },
	{ "\"exit_code\":9223372036854775807,\"why\":\"exit\"", STATUS_ERROR, 255 },
};

START_TEST(ends_and_their_status)
{
	char *runs = xasprintf("[{\"id\":\"" ID "\",\"state\":\"ended\",%s,\"data\":[{\"name\":"
			       "\"out\",\"at\":0,\"data\":\"YWJj\"}],\"started_ms\":77}]",
	    ends[_i].end);
	read_runs(runs);
	const struct runner_run *run = &answer.run[0];
	ck_assert_int_eq(run->status, ends[_i].status);
	ck_assert_int_eq(run->exit_code, ends[_i].exit_code);
	ck_assert_int_eq(run->started_ms, 77);
	ck_assert_ptr_null(strstr(run->report, "YWJj"));
	json_t *report = json_loads(run->report, 0, NULL);
	ck_assert(json_is_object(report));
	ck_assert_ptr_null(json_object_get(report, "data"));
	json_decref(report);
	free(runs);
}
END_TEST

START_TEST(a_thousand_runs)
{
	struct buf b;
	buf_init(&b, 1 << 20);
	for (int i = 0; i < 1000; i++)
		(void)buf_addf(&b, "%s{\"id\":\"%032x\",\"state\":\"%s\",\"exit_code\":%d}",
		    i == 0 ? "[" : ",", (unsigned)i, i % 2 == 0 ? "running" : "ended", i % 200);
	(void)buf_adds(&b, "]");
	read_runs(b.data);
	ck_assert_uint_eq(answer.run_count, 1000);
	for (size_t i = 0; i < 1000; i++) {
		ck_assert_uint_eq(strtoul(answer.run[i].id, NULL, 16), i);
		ck_assert_int_eq(answer.run[i].state, i % 2 == 0 ? RUNNER_RUNNING : RUNNER_ENDED);
	}
	buf_fini(&b);
}
END_TEST

/* Each is looked for among those of its run: as many as an answer has place for would hold up the loop. */
START_TEST(files_without_end)
{
	struct buf b;
	size_t entries = 0;
	buf_init(&b, 64 << 20);
	for (unsigned i = 0; i < 3; i++) {
		(void)buf_addf(
		    &b, "%s{\"id\":\"%032x\",\"state\":\"running\"", i == 0 ? "[" : ",", i);
		for (unsigned k = 0; k < 2; k++) {
			(void)buf_addf(&b, ",\"%s\":[", k == 0 ? "files" : "data");
			for (int n = 0; n < 50000; n++)
				(void)buf_addf(&b,
				    "%s{\"name\":\"files/a\",\"at\":0,\"data\":\"YWJj\"}",
				    n == 0 ? "" : ",");
			(void)buf_adds(&b, "]");
		}
		(void)buf_adds(&b, "}");
	}
	(void)buf_adds(&b, "]");
	read_runs(b.data);
	ck_assert_uint_eq(answer.run_count, 3);
	for (size_t i = 0; i < answer.run_count; i++)
		entries += answer.run[i].file_count + answer.run[i].data_count;
	ck_assert_uint_eq(answer.run[0].file_count, 50000);
	ck_assert_uint_eq(entries, 200000);
	buf_fini(&b);
}
END_TEST

/* The parser has a limit for that, and it is not the stack. */
START_TEST(nested_without_end)
{
	size_t n = 200000;
	char *deep = xcalloc(2 * n + 1, 1);
	memset(deep, '[', n);
	memset(deep + n, ']', n);
	char *json = xasprintf("{\"sparkspool\":1,\"boot\":\"b\",\"runs\":%s}", deep);
	read_answer(json);
	ck_assert_ptr_nonnull(answer.error);
	free(deep);
	free(json);
}
END_TEST

/* ---- any answer ------------------------------------------------------------------------------------- */

static uint64_t seed;

static unsigned any(unsigned below)
{
	seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (unsigned)(seed >> 33) % below;
}

/* What runnertext.h promises of whatever was read. */
static void check_run(const struct runner_run *run)
{
	ck_assert_uint_eq(strlen(run->id), TOKEN_TEXT_LEN - 1);
	ck_assert(run->state >= RUNNER_UNKNOWN && run->state <= RUNNER_FORGOTTEN);
	ck_assert_int_ge(run->started_ms, 0);
	for (size_t i = 0; i < run->file_count; i++)
		ck_assert(
		    run->file[i].name != NULL && run->file[i].bytes >= 0 && run->file[i].cut >= 0);
	for (size_t i = 0; i < run->data_count; i++)
		ck_assert(run->data[i].name != NULL && run->data[i].at >= 0 &&
			  run->data[i].data.p != NULL && run->data[i].data.n > 0);
	ck_assert_int_eq(run->report != NULL, run->state == RUNNER_ENDED);
	if (run->state == RUNNER_ENDED)
		ck_assert(run->status >= STATUS_OK && run->status <= STATUS_DIED &&
			  run->exit_code >= -1 && run->exit_code <= 255);
}

static void check_answer(void)
{
	if (answer.error != NULL) {
		ck_assert_uint_eq(answer.run_count + answer.refused_count, 0);
		return;
	}
	ck_assert_ptr_nonnull(answer.boot);
	for (size_t i = 0; i < answer.run_count; i++)
		check_run(&answer.run[i]);
	for (size_t i = 0; i < answer.refused_count; i++)
		ck_assert(answer.refused[i].id != NULL && answer.refused[i].why != NULL);
	for (size_t i = 0; i < answer.missing_count; i++)
		ck_assert_ptr_nonnull(answer.missing[i]);
	for (size_t i = 0; i < answer.warning_count; i++)
		ck_assert_ptr_nonnull(answer.warning[i]);
}

static const char whole[] =
    "{\"sparkspool\":1,\"tag\":\"t\",\"boot\":\"b\",\"dead\":false,\"free\":3,\"mode\":\"process\","
    "\"why\":\"\",\"code\":\"c\",\"warnings\":[\"w\"],\"missing\":[\"aa\"],\"refused\":[{\"id\":"
    "\"" ID "\",\"why\":\"full\"}],\"runs\":[{\"id\":\"" ID "\",\"state\":\"running\",\"run_ms\":7,"
    "\"started_ms\":1795000000000,\"progress\":0.5,\"files\":[{\"name\":\"out\",\"bytes\":3,"
    "\"cut\":0}],"
    "\"data\":[{\"name\":\"out\",\"at\":0,\"data\":\"YWJj\"}]},{\"id\":\"" ID2
    "\",\"state\":\"ended\",\"exit_code\":1,\"why\":\"exit\",\"error\":{\"name\":\"E\",\"message\":"
    "\"m\",\"line\":3,\"statement\":null},\"warnings\":[\"x\"],\"sql\":{\"statements\":2,\"ran\":1,"
    "\"truncated\":true},\"files\":[],\"data\":[]}]}";

/* Pieces of the answer in other places: what is JSON still is another answer. */
static size_t mutate(char *json, size_t n, size_t room)
{
	static const char *const tokens[] = { "null", "-1", "1e999", "[]", "{}", "\"\"", "true",
		"9223372036854775807", "18446744073709551616", "\"\\u0000\"", "\"\\ud800\"", "[[[",
		"\"id\":", "," };
	static const char marks[] = "\"{}[],:0123456789\\\xff\x00 ";
	size_t at = any((unsigned)n);
	size_t to = any((unsigned)n);
	size_t len = 1 + any(40);
	const char *token = tokens[any(ARRAY_LEN(tokens))];
	switch (any(5)) {
	case 0:
		json[at] = marks[any(sizeof(marks) - 1)];
		return n;
	case 1: /* a piece of it is gone */
		len = len < n - at ? len : n - at - 1;
		memmove(json + at, json + at + len, n - at - len);
		return n - len;
	case 2: /* or said again elsewhere */
		len = at + len < n && to + len < n ? len : 0;
		memmove(json + to, json + at, len);
		return n;
	case 3: /* a value becomes another one */
		len = strcspn(json + at, ",]}");
		if (at + len >= n || n - len + strlen(token) >= room)
			return n;
		memmove(json + at + strlen(token), json + at + len, n - at - len);
		memcpy(json + at, token, strlen(token));
		return n - len + strlen(token);
	default:
		return n - any(3);
	}
}

START_TEST(answers_of_any_kind)
{
	char json[2 * sizeof(whole)];
	int readable = 0;
	seed = (uint64_t)_i * 977;
	for (int round = 0; round < 300; round++) {
		size_t n = sizeof(whole) - 1;
		memcpy(json, whole, n);
		for (unsigned k = any(4); k > 0; k--) {
			n = mutate(json, n, sizeof(json) - 1);
			json[n] = '\0';
		}
		/* With its end just where its memory ends. */
		char *copy = xmemdup(json, n);
		arena_fini(&arena);
		arena_init(&arena);
		runnertext_read(&arena, (struct bytes){ copy, n }, NULL, &answer);
		check_answer();
		readable += answer.error == NULL;
		free(copy);
	}
	ck_assert_int_gt(readable, 50); /* or nothing was tried */
}
END_TEST

START_TEST(cut_off_anywhere)
{
	for (size_t n = 0; n < sizeof(whole); n++) {
		runnertext_read(&arena, (struct bytes){ whole, n }, "t", &answer);
		ck_assert_int_eq(answer.error == NULL, n == sizeof(whole) - 1);
	}
	ck_assert_uint_eq(sizeof(whole), strlen(whole) + 1);
}
END_TEST

static void add_calls(TCase *t)
{
	tcase_add_loop_test(t, the_boot, 0, ARRAY_LEN(runners));
	tcase_add_test(t, releases_have_names);
	tcase_add_test(t, a_call_of_nothing);
	tcase_add_loop_test(t, texts_arrive, 0, ARRAY_LEN(words));
	tcase_add_test(t, names_that_are_no_text);
	tcase_add_loop_test(t, code_of_any_bytes, 0, ARRAY_LEN(sizes));
	tcase_add_test(t, limits_by_their_names);
	tcase_add_test(t, modules_are_put_as_they_are);
	tcase_add_test(t, many_in_one_call);
	tcase_add_loop_test(t, what_is_asked_for, 0, ARRAY_LEN(polls));
}

int main(void)
{
	Suite *s = suite_create("runnertext");
	TCase *t = tcase_create("runnertext");

	tcase_add_checked_fixture(t, setup, teardown);
	add_calls(t);
	tcase_add_loop_test(t, whose_answer, 0, ARRAY_LEN(faults));
	tcase_add_test(t, no_answer_at_all);
	tcase_add_test(t, what_a_boot_says);
	tcase_add_test(t, what_was_not_started);
	tcase_add_loop_test(t, states_by_name, 0, ARRAY_LEN(states));
	tcase_add_loop_test(t, ids_of_another_form, 0, ARRAY_LEN(no_run));
	tcase_add_loop_test(t, files_and_their_sizes, 0, ARRAY_LEN(files));
	tcase_add_loop_test(t, pieces_of_output, 0, ARRAY_LEN(pieces));
	tcase_add_test(t, pieces_of_any_bytes);
	tcase_add_loop_test(t, ends_and_their_status, 0, ARRAY_LEN(ends));
	tcase_add_test(t, a_thousand_runs);
	tcase_add_test(t, files_without_end);
	tcase_add_test(t, nested_without_end);
	tcase_add_loop_test(t, answers_of_any_kind, 0, 20);
	tcase_add_test(t, cut_off_anywhere);
	suite_add_tcase(s, t);
	return help_run(s);
}
