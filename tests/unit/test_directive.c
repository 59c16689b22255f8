/* test_directive: what a file may say of itself, where, and what its spool allows of it. */
#include "base/buf.h"
#include "core/directive.h"
#include "core/text.h"
#include "help.h"
#include <stdlib.h>
#include <string.h>

#define ROUNDS 3000
#define CODE_BYTES_MAX (1024 * 1024)

static enum directive_result read_bytes(
    enum kind kind, const char *p, size_t n, struct directives *d, struct directive_error *e)
{
	enum directive_result got = directive_read(kind, (struct bytes){ .p = p, .n = n }, d, e);

	ck_assert_int_eq(got == DIRECTIVE_BAD, e->text != NULL);
	ck_assert_int_eq(got == DIRECTIVE_BAD, e->line != 0);
	if (got == DIRECTIVE_BAD)
		ck_assert(d->has == 0 && d->args == NULL && d->name == NULL && d->pool == NULL);
	return got;
}

/* Of a file that is right; directive_fini() it. */
static struct directives must_read(enum kind kind, const char *code)
{
	struct directives d;
	struct directive_error e;
	enum directive_result got = read_bytes(kind, code, strlen(code), &d, &e);

	ck_assert_msg(got != DIRECTIVE_BAD, "%s", e.text);
	ck_assert_int_eq(got == DIRECTIVE_FOUND, d.has != 0);
	return d;
}

static void must_refuse(enum kind kind, const char *code, unsigned line, const char *text)
{
	struct directives d;
	struct directive_error e;
	enum directive_result got = read_bytes(kind, code, strlen(code), &d, &e);

	ck_assert_msg(got == DIRECTIVE_BAD, "this was taken: %s", code);
	ck_assert_str_eq(e.text, text);
	ck_assert_uint_eq(e.line, line);
	free(e.text);
	directive_fini(&d);
}

/* ---- where they stand ---- */

/* priority says in which of the lines the directive was found; 0: in none. */
static const struct {
	enum kind kind;
	const char *code;
	int priority;
	unsigned line;
	unsigned late_line;
} places[] = {
	{ KIND_PYSPARK, "# sparkspool: priority=1\nprint(1)\n", 1, 1, 0 },
	{ KIND_PYSPARK, "#sparkspool:priority=1", 1, 1, 0 },
	{ KIND_PYSPARK, "  \t# \t sparkspool: \t priority=1 \t \n", 1, 1, 0 },
	{ KIND_PYSPARK, "### sparkspool: priority=1\n", 1, 1, 0 },
	{ KIND_PYSPARK, "\xEF\xBB\xBF# sparkspool: priority=1\n", 1, 1, 0 },
	{ KIND_PYSPARK, "#!/usr/bin/env python3\n# sparkspool: priority=1\n", 1, 2, 0 },
	{ KIND_PYSPARK, "\xEF\xBB\xBF#!/usr/bin/python\n# sparkspool: priority=1\n", 1, 2, 0 },
	{ KIND_PYSPARK,
	    "#!/usr/bin/python\n# -*- coding: utf-8 -*-\n\n# Nightly.\n \t\f\n"
	    "# sparkspool: priority=1\nx = 1\n",
	    1, 6, 0 },
	{ KIND_PYSPARK, "#!x\r\n#\r\n\r\n# sparkspool: priority=1\r\nx\r\n", 1, 4, 0 },
	{ KIND_PYSPARK, "#!x\r#\r\r# sparkspool: priority=1\rx\r", 1, 4, 0 },
	{ KIND_SPARKR, "#!/usr/bin/Rscript\n#' roxygen\n# sparkspool: priority=1\n", 1, 3, 0 },
	{ KIND_SQL, "-- sparkspool: priority=1\nSELECT 1", 1, 1, 0 },
	{ KIND_SQL, "--sparkspool: priority=1", 1, 1, 0 },
	{ KIND_SQL, "----- \n------ sparkspool: priority=1\n", 1, 2, 0 },
	{ KIND_SQL, "#!/usr/bin/spark-sql -f\n-- sparkspool: priority=1\n", 1, 2, 0 },
	{ KIND_SPARK, "// sparkspool: priority=1\nval x = 1\n", 1, 1, 0 },
	{ KIND_SPARK, "/// sparkspool: priority=1\n", 1, 1, 0 },
	/* Block comments. */
	{ KIND_SPARK, "/* sparkspool: priority=1 */\nval x = 1\n", 1, 1, 0 },
	{ KIND_SPARK, "/** sparkspool: priority=1*/", 1, 1, 0 },
	{ KIND_SPARK, "/*\n * Some rights reserved.\n * sparkspool: priority=1\n */\n", 1, 3, 0 },
	{ KIND_SPARK, "/*\n\tsparkspool: priority=1\n*/\n", 1, 2, 0 },
	{ KIND_SQL, "/* a */ /* b */ -- sparkspool: priority=1\n", 1, 1, 0 },
	{ KIND_SQL, "/* a\n b */\n-- sparkspool: priority=1\n", 1, 3, 0 },
	{ KIND_SQL, "/* a /* b */ c\n * sparkspool: priority=1\n */", 1, 2, 0 },
	{ KIND_SQL, "/* a /* b\n * sparkspool: priority=1\n */ */", 0, 0, 0 },
	{ KIND_SQL, "/*\n-- sparkspool: priority=1\n*/", 0, 0, 0 },
	{ KIND_SQL, "/**/ /***/ /* */-- sparkspool: priority=1", 1, 1, 0 },
	{ KIND_SQL, "/* a\r\n * sparkspool: priority=1\r\n */", 1, 2, 0 },
	{ KIND_SQL, "/* sparkspool: priority=1", 1, 1, 0 },
	{ KIND_SQL, "/*+ sparkspool: priority=1 */", 0, 0, 0 },
	/* What is behind the head. */
	{ KIND_PYSPARK, "x = 1\n# sparkspool: priority=1\n", 0, 0, 2 },
	{ KIND_PYSPARK, "'''doc'''\n\n\n# sparkspool: priority=1\n# sparkspool: x\n", 0, 0, 4 },
	{ KIND_PYSPARK, "# sparkspool: priority=1\r\nx\r\n\r\n# sparkspool: x\r\n", 1, 1, 4 },
	{ KIND_PYSPARK, "x = 1 # sparkspool: priority=1\n", 0, 0, 0 },
	{ KIND_SQL, "/* */ SELECT 1\n -- sparkspool: priority=1\n", 0, 0, 2 },
	{ KIND_SPARK, "/*\n*/ val x = 1\n// sparkspool: priority=1", 0, 0, 3 },
	{ KIND_PYSPARK, "/* sparkspool: priority=1 */\n", 0, 0, 0 },
	{ KIND_SQL, "SELECT /*\n -- sparkspool: x", 0, 0, 2 },
	/* What only looks like one. */
	{ KIND_PYSPARK, "-- sparkspool: priority=1\n", 0, 0, 0 },
	{ KIND_SQL, "# sparkspool: priority=1\n", 0, 0, 0 },
	{ KIND_SQL, "- sparkspool: priority=1\n", 0, 0, 0 },
	{ KIND_SPARK, "/ sparkspool: priority=1\n", 0, 0, 0 },
	{ KIND_PYSPARK, "# Sparkspool: priority=1\n", 0, 0, 0 },
	{ KIND_PYSPARK, "# sparkspool priority=1\n", 0, 0, 0 },
	{ KIND_PYSPARK, "# a sparkspool: priority=1\n", 0, 0, 0 },
	{ KIND_PYSPARK, "# sparkspools: priority=1\n", 0, 0, 0 },
	{ KIND_PYSPARK, "#", 0, 0, 0 },
	{ KIND_PYSPARK, "# sparkspool", 0, 0, 0 },
	{ KIND_PYSPARK, "# sparkspool:", 0, 0, 0 },
	{ KIND_PYSPARK, "# sparkspool:\n# sparkspool: \t\n", 0, 0, 0 },
	{ KIND_PYSPARK, "\xEF\xBB\xBF", 0, 0, 0 },
	{ KIND_PYSPARK, "\n", 0, 0, 0 },
	{ KIND_PYSPARK, "", 0, 0, 0 },
	{ KIND_SPARK, "/", 0, 0, 0 },
	{ KIND_SPARK, "/*", 0, 0, 0 },
	{ KIND_SPARK, "/* *", 0, 0, 0 },
};

START_TEST(test_place)
{
	struct directives d = must_read(places[_i].kind, places[_i].code);

	ck_assert_int_eq(d.priority, places[_i].priority);
	ck_assert_uint_eq(d.line[KEY_PRIORITY], places[_i].line);
	ck_assert_uint_eq(d.late_line, places[_i].late_line);
	ck_assert_uint_eq(d.has, places[_i].priority == 0 ? 0 : CONF_ALLOW(KEY_PRIORITY));
	directive_fini(&d);
}
END_TEST

/* Behind so many lines of 8 bytes each. */
static char *code_behind(size_t lines, const char *tail)
{
	struct buf code;

	buf_init(&code, CODE_BYTES_MAX);
	for (size_t i = 0; i < lines; i++)
		buf_adds(&code, "# 34567\n");
	buf_adds(&code, tail);
	return buf_steal(&code, NULL);
}

START_TEST(test_lines_of_the_head)
{
	char *last = code_behind(DIRECTIVE_LINES_MAX - 1, "# sparkspool: priority=1\nx\n");
	char *late = code_behind(DIRECTIVE_LINES_MAX, "# sparkspool: priority=1\nx\n");
	struct directives d = must_read(KIND_PYSPARK, last);

	ck_assert_int_eq(d.priority, 1);
	ck_assert_uint_eq(d.late_line, 0);
	directive_fini(&d);
	/* It is not read, and that is not kept secret. */
	d = must_read(KIND_PYSPARK, late);
	ck_assert_uint_eq(d.has, 0);
	ck_assert_uint_eq(d.late_line, DIRECTIVE_LINES_MAX + 1);
	directive_fini(&d);
	free(late);
	free(last);
}
END_TEST

START_TEST(test_warning_of_a_late_line)
{
	struct directives d = must_read(KIND_PYSPARK, "x = 1\n\n# sparkspool: priority=1\n");
	char *text = directive_warning(&d);

	ck_assert_ptr_nonnull(text);
	ck_assert_ptr_eq(strstr(text, "line 3 begins with 'sparkspool:' and is not read"), text);
	free(text);
	directive_fini(&d);
	d = must_read(KIND_PYSPARK, "# sparkspool: priority=1\nx = 1\n");
	ck_assert_ptr_null(directive_warning(&d));
	directive_fini(&d);
}
END_TEST

/* The head in front of a directive, its newline included, takes so many bytes. */
static char *code_after_bytes(size_t bytes)
{
	static const char tail[] = "# sparkspool: priority=12\n";
	char *code = xcalloc(bytes + sizeof(tail), 1);

	memset(code, 'x', bytes);
	code[0] = '#';
	code[bytes - 1] = '\n';
	memcpy(code + bytes, tail, sizeof(tail));
	return code;
}

/* A line that the limit would cut in two is not read at all: never priority=1 of priority=12. */
START_TEST(test_bytes_of_the_head)
{
	size_t whole = DIRECTIVE_HEAD_BYTES_MAX - strlen("# sparkspool: priority=12\n");

	for (size_t more = 0; more < 40; more++) {
		char *code = code_after_bytes(whole + more);
		struct directives d = must_read(KIND_PYSPARK, code);
		ck_assert_int_eq(d.priority, more == 0 ? 12 : 0);
		ck_assert_uint_eq(d.late_line, more == 0 ? 0 : 2);
		directive_fini(&d);
		free(code);
	}
}
END_TEST

START_TEST(test_one_long_line)
{
	char *code = xcalloc(DIRECTIVE_HEAD_BYTES_MAX + 100, 1);
	const char *start = "# sparkspool: name=";

	memset(code, 'x', DIRECTIVE_HEAD_BYTES_MAX + 99);
	memcpy(code, start, strlen(start));
	struct directives d = must_read(KIND_PYSPARK, code);
	ck_assert_uint_eq(d.has, 0);
	ck_assert_uint_eq(d.late_line, 1);
	directive_fini(&d);
	free(code);
}
END_TEST

/* ---- what they say ---- */

START_TEST(test_every_key)
{
	struct directives d = must_read(KIND_PYSPARK,
	    "# sparkspool: timeout=10m pool=big priority=-5 name=nightly on_unknown=rerun "
	    "isolation=fresh args=\"2026-11-22 full\" style=notebook "
	    "after=\"a.py 'b c.sql'\" after_any=d.R at=2026-11-22T08:15:30+01:00 delay=2m\n");

	ck_assert_uint_eq(d.has, (1u << KEY_COUNT) - 1);
	ck_assert_int_eq(d.timeout_ms, 600000);
	ck_assert_str_eq(d.pool, "big");
	ck_assert_int_eq(d.priority, -5);
	ck_assert_str_eq(d.name, "nightly");
	ck_assert_int_eq(d.on_unknown, ON_UNKNOWN_RERUN);
	ck_assert_int_eq(d.isolation, ISOLATION_FRESH);
	ck_assert_int_eq(d.style, STYLE_NOTEBOOK);
	ck_assert_uint_eq(d.after_count, 3);
	ck_assert_str_eq(d.after[0].name, "a.py");
	ck_assert_str_eq(d.after[1].name, "b c.sql");
	ck_assert_str_eq(d.after[2].name, "d.R");
	ck_assert(!d.after[0].any && !d.after[1].any && d.after[2].any);
	ck_assert_int_eq(d.at_ms, INT64_C(1795331730000));
	ck_assert_int_eq(d.delay_ms, 120000);
	ck_assert_uint_eq(d.arg_count, 2);
	ck_assert_str_eq(d.args[0], "2026-11-22");
	ck_assert_str_eq(d.args[1], "full");
	ck_assert_ptr_null(d.args[2]);
	directive_fini(&d);
	ck_assert_ptr_null(d.args);
}
END_TEST

START_TEST(test_lines_add_up)
{
	struct directives d = must_read(KIND_SQL,
	    "-- sparkspool: timeout=never isolation=shared\n\n-- more\n"
	    "/* sparkspool: on_unknown=stop style=raw */\n-- sparkspool: name=\"a b\"\nSELECT 1");

	ck_assert_int_eq(d.timeout_ms, CONF_NEVER);
	ck_assert_uint_eq(d.line[KEY_TIMEOUT], 1);
	ck_assert_uint_eq(d.line[KEY_STYLE], 4);
	ck_assert_uint_eq(d.line[KEY_NAME], 5);
	ck_assert_str_eq(d.name, "a b");
	ck_assert_int_eq(d.style, STYLE_RAW);
	directive_fini(&d);
}
END_TEST

static const struct {
	const char *line;
	const char *args; /* each in brackets */
} arguments[] = {
	{ "args=", "" },
	{ "args=''", "" },
	{ "args=x", "[x]" },
	{ "args=\"a  b\tc\"", "[a][b][c]" },
	{ "args=\"--title 'two words' x\"", "[--title][two words][x]" },
	{ "args='--title \"two words\" x'", "[--title][two words][x]" },
	{ "args=\"\\\"a b\\\" ''\"", "[a b][]" },
	{ "args='a\\ b'", "[a b]" },
	{ "args=a\\ b", "[a][b]" },
	{ "'args=a b'", "[a][b]" },
	{ "args=a=b", "[a=b]" },
	{ "args='$HOME * `id` ~ #x'", "[$HOME][*][`id`][~][#x]" },
	{ "args=\"--name \xc3\xa9\"", "[--name][\xc3\xa9]" },
};

START_TEST(test_args)
{
	char *code = xasprintf("# sparkspool: %s priority=3\n", arguments[_i].line);
	struct directives d = must_read(KIND_PYSPARK, code);
	struct buf out;

	buf_init(&out, 1000);
	buf_adds(&out, "");
	for (size_t i = 0; i < d.arg_count; i++)
		buf_addf(&out, "[%s]", d.args[i]);
	ck_assert_str_eq(out.data, arguments[_i].args);
	ck_assert_ptr_nonnull(d.args);
	ck_assert_int_eq(d.priority, 3);
	buf_fini(&out);
	directive_fini(&d);
	free(code);
}
END_TEST

START_TEST(test_limit_of_args)
{
	for (size_t n = DIRECTIVE_ARGS_MAX; n <= DIRECTIVE_ARGS_MAX + 1; n++) {
		struct buf code;
		struct directives d;
		struct directive_error e;
		buf_init(&code, CODE_BYTES_MAX);
		buf_adds(&code, "# sparkspool: args='");
		for (size_t i = 0; i < n; i++)
			buf_addf(&code, " %zu", i);
		buf_adds(&code, "'\n");
		enum directive_result got = read_bytes(KIND_PYSPARK, code.data, code.len, &d, &e);
		ck_assert_int_eq(got, n <= DIRECTIVE_ARGS_MAX ? DIRECTIVE_FOUND : DIRECTIVE_BAD);
		ck_assert_uint_eq(d.arg_count, got == DIRECTIVE_FOUND ? DIRECTIVE_ARGS_MAX : 0);
		if (got == DIRECTIVE_BAD)
			ck_assert_ptr_nonnull(strstr(e.text, "more than 1000 arguments"));
		free(e.text);
		directive_fini(&d);
		buf_fini(&code);
	}
}
END_TEST

/* ---- what is wrong ---- */

#define ZONE "write a time with its zone, such as 2026-11-30T02:00Z or 2026-11-30T03:00:00+01:00"
#define KNOWN                                                                                      \
	"after, after_any, args, at, delay, isolation, name, on_unknown, pool, priority, style, "  \
	"timeout"

static const struct {
	enum kind kind;
	const char *code;
	unsigned line;
	const char *text;
} wrong[] = {
	{ KIND_SQL, "-- sparkspool: after=../x.py", 1,
	    "line 1, 'after=../x.py': write the names of files of the same directory, without it" },
	{ KIND_SQL, "-- sparkspool: after_any=", 1,
	    "line 1, 'after_any=': it is empty; write the name of a file" },
	{ KIND_SQL, "-- sparkspool: at=2026-02-29T08:15Z", 1,
	    "line 1, 'at=2026-02-29T08:15Z': " ZONE },
	{ KIND_SQL, "-- sparkspool: at=2026-11-22T08:15", 1,
	    "line 1, 'at=2026-11-22T08:15': " ZONE },
	{ KIND_SQL, "-- sparkspool: at=2026-11-22T08:15:00+1:00", 1,
	    "line 1, 'at=2026-11-22T08:15:00+1:00': " ZONE },
	{ KIND_SQL, "-- sparkspool: delay=10", 1,
	    "line 1, 'delay=10': write a number with a unit, such as 90s, 10m or 2h, from 1ms to "
	    "365d" },
	{ KIND_PYSPARK, "\n# sparkspool: timout=10m\n", 2,
	    "line 2, 'timout=10m': this key is not known; did you mean 'timeout'? Known "
	    "are " KNOWN },
	{ KIND_PYSPARK, "# sparkspool: xyzzy=1", 1,
	    "line 1, 'xyzzy=1': this key is not known; known are " KNOWN },
	{ KIND_PYSPARK, "# sparkspool: Timeout=1s", 1,
	    "line 1, 'Timeout=1s': this key is not known; did you mean 'timeout'? Known "
	    "are " KNOWN },
	{ KIND_PYSPARK, "# sparkspool: =1", 1,
	    "line 1, '=1': this key is not known; known are " KNOWN },
	{ KIND_PYSPARK, "# sparkspool: timeout = 10m", 1,
	    "line 1, 'timeout': write KEY=VALUE, without blanks around the '='" },
	{ KIND_PYSPARK, "# sparkspool: timeout=10m, pool=big", 1,
	    "line 1, 'timeout=10m,': write a number with a unit, such as 90s, 10m or 2h, from "
	    "100ms "
	    "to 365d, or never" },
	{ KIND_PYSPARK, "# sparkspool: priority=1 # why", 1,
	    "line 1, '#': write KEY=VALUE, without blanks around the '='" },
	{ KIND_PYSPARK, "# sparkspool: timeout=1s\n#\n# sparkspool: name=x timeout=1s\n", 3,
	    "line 3, 'timeout=1s': 'timeout' stands in line 1 already; remove one" },
	{ KIND_PYSPARK, "# sparkspool: args=1 args=2\n", 1,
	    "line 1, 'args=2': 'args' stands in line 1 already; remove one" },
	{ KIND_PYSPARK, "# sparkspool: name=\"a b\n# sparkspool: timeout=1s\"\n", 1,
	    "line 1, 'name=\"a b': a quotation mark is not closed, or a backslash has nothing "
	    "behind "
	    "it" },
	{ KIND_PYSPARK, "# sparkspool: args=\"a 'b\"\n", 1,
	    "line 1, 'args=a 'b': among the arguments a quotation mark is not closed, or a "
	    "backslash "
	    "has nothing behind it" },
	{ KIND_PYSPARK, "# sparkspool: name=a\x01z\n", 1,
	    "line 1, 'name=az': it holds a control character" },
	{ KIND_PYSPARK, "# sparkspool: name=\n", 1,
	    "line 1, 'name=': it is empty; write name=WORD or name=\"SEVERAL WORDS\"" },
	{ KIND_PYSPARK, "# sparkspool: pool=''\n", 1,
	    "line 1, 'pool=': it is empty; write the name of a pool" },
	{ KIND_PYSPARK, "# sparkspool: isolation=none", 1,
	    "line 1, 'isolation=none': write isolation=shared or isolation=fresh" },
	{ KIND_PYSPARK, "# sparkspool: on_unknown=ask", 1,
	    "line 1, 'on_unknown=ask': write on_unknown=stop or on_unknown=rerun" },
	{ KIND_PYSPARK, "# sparkspool: style=ipython", 1,
	    "line 1, 'style=ipython': write style=script, style=notebook or style=raw" },
	{ KIND_SQL, "-- sparkspool: style=notebook", 1,
	    "line 1, 'style=notebook': write style=script or style=raw" },
	{ KIND_SPARK, "// sparkspool: style=raw", 1,
	    "line 1, 'style=raw': only .py and .sql files have a style" },
	{ KIND_SPARKR, "# sparkspool: style=script", 1,
	    "line 1, 'style=script': only .py and .sql files have a style" },
	{ KIND_SQL, "-- sparkspool: args=x", 1, "line 1, 'args=x': only a .py file has arguments" },
};

START_TEST(test_wrong)
{
	must_refuse(wrong[_i].kind, wrong[_i].code, wrong[_i].line, wrong[_i].text);
}
END_TEST

static const struct {
	const char *value;
	bool good;
} timeouts[] = {
	{ "100ms", true },
	{ "365d", true },
	{ "never", true },
	{ "99ms", false },
	{ "366d", false },
	{ "0s", false },
	{ "10", false },
	{ "-1s", false },
	{ "1.5h", false },
	{ "10 m", false },
	{ "99999999999999999999d", false },
	{ "", false },
	{ "Never", false },
};

static const struct {
	const char *value;
	bool good;
} priorities[] = {
	{ "0", true },
	{ "100", true },
	{ "-100", true },
	{ "+7", true },
	{ "101", false },
	{ "-101", false },
	{ "+-7", false },
	{ "++7", false },
	{ "", false },
	{ "+", false },
	{ "high", false },
	{ "1.0", false },
	{ "4294967297", false },
};

static void check_value(const char *key, const char *value, bool good)
{
	char *code = xasprintf("# sparkspool: '%s=%s'", key, value);
	struct directives d;
	struct directive_error e;
	enum directive_result got = read_bytes(KIND_SPARKR, code, strlen(code), &d, &e);

	ck_assert_msg((got == DIRECTIVE_FOUND) == good, "%s=%s", key, value);
	free(e.text);
	directive_fini(&d);
	free(code);
}

START_TEST(test_timeout)
{
	check_value("timeout", timeouts[_i].value, timeouts[_i].good);
}
END_TEST

START_TEST(test_priority)
{
	check_value("priority", priorities[_i].value, priorities[_i].good);
}
END_TEST

START_TEST(test_length_of_a_name)
{
	char name[DIRECTIVE_NAME_BYTES_MAX + 2];

	memset(name, 'n', sizeof(name));
	name[DIRECTIVE_NAME_BYTES_MAX + 1] = '\0';
	check_value("name", name, false);
	name[DIRECTIVE_NAME_BYTES_MAX] = '\0';
	check_value("name", name, true);
	check_value("name", "a\tb", false);
}
END_TEST

/* One line, valid UTF-8 and nothing that steers a terminal, however long and strange the word. */
START_TEST(test_error_is_harmless)
{
	struct buf code;
	struct directives d;
	struct directive_error e;

	buf_init(&code, CODE_BYTES_MAX);
	buf_adds(&code, "# sparkspool: ");
	for (int i = 0; i < 1000; i++)
		buf_adds(&code, "\xc3\xa9\x1b[31m");
	ck_assert_int_eq(read_bytes(KIND_PYSPARK, code.data, code.len, &d, &e), DIRECTIVE_BAD);
	ck_assert(text_is_utf8(e.text, strlen(e.text)));
	ck_assert_uint_lt(strlen(e.text), 400);
	for (const char *p = e.text; *p != '\0'; p++)
		ck_assert_msg(*p < 0 || *p >= 0x20, "%s", e.text);
	free(e.text);
	directive_fini(&d);
	buf_fini(&code);
}
END_TEST

/* ---- what the spool allows ---- */

#define ALLOW_ALL ((1u << KEY_COUNT) - 1)

/* A spool s on pool p (Python and SQL), which the tests change, and three more pools. */
struct rules {
	struct conf conf;
	struct conf_pool pool[4];
	struct conf_spool spool[1];
	char code[8];
	char owner[8];
};

static void rules_init(struct rules *r)
{
	*r = (struct rules){ .code = "code", .owner = "%owner" };
	r->pool[0] = (struct conf_pool){ .name = (char *)(uintptr_t) "p",
		.warm = {
		    [KIND_PYSPARK] = 0, [KIND_SPARK] = -1, [KIND_SQL] = 0, [KIND_SPARKR] = -1 } };
	r->pool[1] = (struct conf_pool){ .name = (char *)(uintptr_t) "scala",
		.warm = {
		    [KIND_PYSPARK] = -1, [KIND_SPARK] = 0, [KIND_SQL] = -1, [KIND_SPARKR] = -1 } };
	r->pool[2] = (struct conf_pool){ .name = (char *)(uintptr_t) "big",
		.warm = {
		    [KIND_PYSPARK] = 0, [KIND_SPARK] = -1, [KIND_SQL] = -1, [KIND_SPARKR] = -1 } };
	r->pool[3] = (struct conf_pool){ .name = (char *)(uintptr_t) "gone", .removed = true };
	r->spool[0] = (struct conf_spool){ .name = (char *)(uintptr_t) "s",
		.allow = ALLOW_ALL,
		.priority_max = 100,
		.timeout_ms = CONF_NEVER,
		.python = STYLE_SCRIPT,
		.sql = STYLE_SCRIPT };
	r->conf = (struct conf){ .runner_code = r->code,
		.runner_code_bytes = 4,
		.pool = r->pool,
		.pool_count = ARRAY_LEN(r->pool),
		.spool = r->spool,
		.spool_count = 1 };
}

static const char *marker_of(enum kind kind)
{
	static const char *const marker[KIND_COUNT] = {
		[KIND_PYSPARK] = "#", [KIND_SPARK] = "//", [KIND_SQL] = "--", [KIND_SPARKR] = "#"
	};

	return marker[kind];
}

static char *code_of(enum kind kind, const char *settings)
{
	return xasprintf("%s sparkspool: %s\n", marker_of(kind), settings);
}

/* d stays with the caller: the terms borrow from it. */
static struct directive_terms must_apply(
    const struct rules *r, enum kind kind, const char *settings, struct directives *d)
{
	char *code = code_of(kind, settings);
	struct directive_terms t;
	struct directive_error e;

	*d = must_read(kind, code);
	ck_assert_msg(directive_apply(&r->conf, 0, kind, d, &t, &e), "%s", e.text);
	ck_assert_ptr_null(e.text);
	free(code);
	return t;
}

static void must_not_apply(
    const struct rules *r, enum kind kind, const char *settings, unsigned line, const char *text)
{
	char *code = code_of(kind, settings);
	struct directives d = must_read(kind, code);
	struct directive_terms t;
	struct directive_error e;

	ck_assert_msg(!directive_apply(&r->conf, 0, kind, &d, &t, &e), "%s was taken", settings);
	ck_assert_str_eq(e.text, text);
	ck_assert_uint_eq(e.line, line);
	free(e.text);
	directive_fini(&d);
	free(code);
}

START_TEST(test_nothing_said)
{
	struct rules r;
	struct directives d;

	rules_init(&r);
	r.spool[0].timeout_ms = 5000;
	r.spool[0].on_unknown = ON_UNKNOWN_RERUN;
	r.spool[0].allow = 0;
	r.pool[0].isolation = ISOLATION_FRESH;
	struct directive_terms t = must_apply(&r, KIND_PYSPARK, "", &d);
	ck_assert_uint_eq(t.pool, 0);
	ck_assert_int_eq(t.style, STYLE_SCRIPT);
	ck_assert_int_eq(t.isolation, ISOLATION_FRESH);
	ck_assert_int_eq(t.on_unknown, ON_UNKNOWN_RERUN);
	ck_assert_int_eq(t.timeout_ms, 5000);
	ck_assert_int_eq(t.priority, 0);
	ck_assert_ptr_null(t.name);
	ck_assert_ptr_null(t.args);
	ck_assert_uint_eq(t.arg_count, 0);
	directive_fini(&d);
}
END_TEST

START_TEST(test_everything_said)
{
	struct rules r;
	struct directives d;

	rules_init(&r);
	struct directive_terms t = must_apply(&r, KIND_PYSPARK,
	    "timeout=1s pool=big priority=5 name=n on_unknown=rerun isolation=fresh args='a b' "
	    "style=notebook",
	    &d);
	ck_assert_uint_eq(t.pool, 2);
	ck_assert_int_eq(t.style, STYLE_NOTEBOOK);
	ck_assert_int_eq(t.isolation, ISOLATION_FRESH);
	ck_assert_int_eq(t.on_unknown, ON_UNKNOWN_RERUN);
	ck_assert_int_eq(t.timeout_ms, 1000);
	ck_assert_int_eq(t.priority, 5);
	ck_assert_str_eq(t.name, "n");
	ck_assert_uint_eq(t.arg_count, 2);
	ck_assert_str_eq(t.args[1], "b");
	directive_fini(&d);
}
END_TEST

/* Each key alone, with a spool that allows all but that, and one that allows nothing but that. */
START_TEST(test_allow)
{
	static const char *const setting[KEY_COUNT] = { [KEY_AFTER] = "after=x.py",
		[KEY_AFTER_ANY] = "after_any=x.py",
		[KEY_ARGS] = "args=x",
		[KEY_AT] = "at=2026-11-22T08:15Z",
		[KEY_DELAY] = "delay=1m",
		[KEY_ISOLATION] = "isolation=fresh",
		[KEY_NAME] = "name=x",
		[KEY_ON_UNKNOWN] = "on_unknown=rerun",
		[KEY_POOL] = "pool=big",
		[KEY_PRIORITY] = "priority=1",
		[KEY_STYLE] = "style=raw",
		[KEY_TIMEOUT] = "timeout=1s" };
	enum conf_key key = (enum conf_key)_i;
	struct rules r;
	struct directives d;

	rules_init(&r);
	r.spool[0].allow = CONF_ALLOW(key);
	(void)must_apply(&r, KIND_PYSPARK, setting[key], &d);
	directive_fini(&d);
	r.spool[0].allow = 0;
	char *text = xasprintf("line 1, '%s': files of this spool may not set it; the setting "
			       "spool.s.allow of the configuration allows nothing",
	    directive_word(key));
	must_not_apply(&r, KIND_PYSPARK, setting[key], 1, text);
	free(text);
}
END_TEST

START_TEST(test_first_line_that_is_not_allowed)
{
	struct rules r;

	rules_init(&r);
	r.spool[0].allow = CONF_ALLOW(KEY_NAME) | CONF_ALLOW(KEY_TIMEOUT);
	must_not_apply(&r, KIND_PYSPARK,
	    "name=x\n# sparkspool: style=raw\n\n# sparkspool: args=1 isolation=fresh", 2,
	    "line 2, 'style': files of this spool may not set it; the setting spool.s.allow of "
	    "the configuration allows name, timeout");
}
END_TEST

START_TEST(test_timeout_only_shortens)
{
	struct rules r;
	struct directives d;
	static const char why[] = "line 1, 'timeout': it is longer than the setting "
				  "spool.s.timeout, which is 90s; a file can only shorten that";

	rules_init(&r);
	r.spool[0].timeout_ms = 90000;
	struct directive_terms t = must_apply(&r, KIND_PYSPARK, "timeout=90s", &d);
	ck_assert_int_eq(t.timeout_ms, 90000);
	must_not_apply(&r, KIND_PYSPARK, "timeout=90001ms", 1, why);
	must_not_apply(&r, KIND_PYSPARK, "timeout=never", 1, why);
	directive_fini(&d);
	r.spool[0].timeout_ms = CONF_NEVER;
	t = must_apply(&r, KIND_PYSPARK, "timeout=never", &d);
	ck_assert_int_eq(t.timeout_ms, CONF_NEVER);
	directive_fini(&d);
}
END_TEST

START_TEST(test_isolation_only_tightens)
{
	struct rules r;
	struct directives d;

	rules_init(&r);
	struct directive_terms t = must_apply(&r, KIND_PYSPARK, "isolation=shared", &d);
	ck_assert_int_eq(t.isolation, ISOLATION_SHARED);
	directive_fini(&d);
	/* It is the pool where it runs that counts. */
	r.pool[2].isolation = ISOLATION_FRESH;
	must_not_apply(&r, KIND_PYSPARK, "isolation=shared pool=big", 1,
	    "line 1, 'isolation': pool big gives each file a session of its own "
	    "(pool.big.isolation); a file can only ask for that, not refuse it");
	t = must_apply(&r, KIND_PYSPARK, "pool=big", &d);
	ck_assert_int_eq(t.isolation, ISOLATION_FRESH);
	directive_fini(&d);
}
END_TEST

START_TEST(test_pool)
{
	struct rules r;
	struct directives d;

	rules_init(&r);
	must_not_apply(&r, KIND_PYSPARK, "pool=none", 1,
	    "line 1, 'pool': the configuration has no pool of that name");
	must_not_apply(&r, KIND_PYSPARK, "pool=gone", 1,
	    "line 1, 'pool': the configuration has no pool of that name");
	must_not_apply(&r, KIND_PYSPARK, "pool=scala", 1,
	    "line 1, 'pool': pool scala does not serve .py files; the setting pool.scala.warm of "
	    "the "
	    "configuration says which it serves");
	struct directive_terms t = must_apply(&r, KIND_PYSPARK, "pool=p", &d);
	ck_assert_uint_eq(t.pool, 0);
	directive_fini(&d);
}
END_TEST

/* Files that run as their owner are looked at more closely, and these were not. */
START_TEST(test_pool_of_owners)
{
	struct rules r;
	struct directives d;

	rules_init(&r);
	r.pool[2].session.proxy_user = r.owner;
	must_not_apply(&r, KIND_PYSPARK, "pool=big", 1,
	    "line 1, 'pool': pool big runs files as their owners, and this spool's own pool does "
	    "not: its files are not checked for that");
	r.pool[0].session.proxy_user = r.owner;
	struct directive_terms t = must_apply(&r, KIND_PYSPARK, "pool=big", &d);
	ck_assert_uint_eq(t.pool, 2);
	directive_fini(&d);
}
END_TEST

/* Whatever the style, it is files that a pool serves. */
START_TEST(test_pool_without_sql)
{
	struct rules r;
	struct directives d;

	rules_init(&r);
	struct directive_terms t = must_apply(&r, KIND_SQL, "", &d);
	ck_assert_int_eq(t.style, STYLE_SCRIPT);
	directive_fini(&d);
	t = must_apply(&r, KIND_SQL, "style=raw", &d);
	ck_assert_int_eq(t.style, STYLE_RAW);
	directive_fini(&d);
	must_not_apply(&r, KIND_SQL, "name=x\n-- sparkspool: pool=big", 2,
	    "line 2, 'pool': pool big does not serve .sql files; the setting pool.big.warm of the "
	    "configuration says which it serves");
	r.pool[0].warm[KIND_SQL] = -1;
	must_not_apply(&r, KIND_SQL, "name=x", 0,
	    "pool p does not serve .sql files; the setting pool.p.warm of the configuration says "
	    "which it serves");
}
END_TEST

START_TEST(test_scala_and_r_are_raw)
{
	struct rules r;
	struct directives d;

	rules_init(&r);
	r.pool[0].warm[KIND_SPARK] = r.pool[0].warm[KIND_SPARKR] = 0;
	r.conf.runner_code = NULL;
	struct directive_terms t = must_apply(&r, KIND_SPARK, "timeout=1s", &d);
	ck_assert_int_eq(t.style, STYLE_RAW);
	directive_fini(&d);
	t = must_apply(&r, KIND_SPARKR, "timeout=1s", &d);
	directive_fini(&d);
}
END_TEST

START_TEST(test_raw_has_no_args)
{
	struct rules r;
	struct directives d;
	static const char why[] = "line 1, 'args': a file that is sent raw has no arguments; set "
				  "style=script, here or as spool.s.python of the configuration";

	rules_init(&r);
	must_not_apply(&r, KIND_PYSPARK, "args=x style=raw", 1, why);
	r.spool[0].python = STYLE_RAW;
	must_not_apply(&r, KIND_PYSPARK, "args=x", 1, why);
	struct directive_terms t = must_apply(&r, KIND_PYSPARK, "args=x style=script", &d);
	ck_assert_uint_eq(t.arg_count, 1);
	directive_fini(&d);
}
END_TEST

START_TEST(test_without_a_runner)
{
	struct rules r;
	struct directives d;

	rules_init(&r);
	r.conf.runner_code = NULL;
	r.spool[0].python = STYLE_RAW;
	must_not_apply(&r, KIND_PYSPARK, "style=script", 1,
	    "line 1, 'style': this needs the runner, which is only there when the configuration "
	    "has a spool with python or sql other than \"raw\"");
	struct directive_terms t = must_apply(&r, KIND_PYSPARK, "name=x", &d);
	ck_assert_int_eq(t.style, STYLE_RAW);
	directive_fini(&d);
}
END_TEST

/* ---- chance ---- */

static uint32_t draw(uint32_t *seed, uint32_t below)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 17;
	*seed ^= *seed << 5;
	return *seed % below;
}

/* Pieces that come near to what is read, among some that do not. */
static char *random_code(enum kind kind, uint32_t *seed)
{
	static const char *const piece[] = { "\n", "\n", "\r\n", "\r", " ", "\t", "\f", "#", "--",
		"//", "/*", "*/", "*",
		"# sparkspool: ", "-- sparkspool: ", "// sparkspool: ", "\n# sparkspool:",
		"\n-- sparkspool:", "\n * sparkspool:", "sparkspool:", "timeout=1s",
		"timeout=never", "pool=big", "priority=3", "name=n", "style=raw", "style=script",
		"args=", "args='a b'", "isolation=fresh", "on_unknown=stop", "=", "'", "\"", "\\",
		"x", "\x01", "\xc3\xa9", "\xff", "#!", "\xEF\xBB\xBF", "SELECT 1;", "val x = 1" };
	struct buf code;
	uint32_t n = draw(seed, 40);

	buf_init(&code, CODE_BYTES_MAX);
	buf_adds(&code, "");
	for (uint32_t i = draw(seed, 3); i > 0; i--)
		buf_addf(&code, "%s sparkspool: %s\n", marker_of(kind),
		    piece[draw(seed, ARRAY_LEN(piece))]);
	for (uint32_t i = 0; i < n; i++)
		buf_adds(&code, piece[draw(seed, ARRAY_LEN(piece))]);
	return buf_steal(&code, NULL);
}

static unsigned lines_of(const char *code)
{
	unsigned lines = 1;

	for (const char *p = code; *p != '\0'; p++)
		lines += *p == '\n' || (*p == '\r' && p[1] != '\n');
	return lines;
}

/* Whatever the bytes: each key that was found has a line of the file in which its word stands. */
static void check_found(const struct directives *d, const char *code)
{
	for (enum conf_key k = 0; k < KEY_COUNT; k++) {
		bool found = (d->has & CONF_ALLOW(k)) != 0;
		ck_assert_int_eq(found, d->line[k] != 0);
		ck_assert_uint_le(d->line[k], lines_of(code));
		if (found)
			ck_assert_ptr_nonnull(strstr(code, directive_word(k)));
	}
	ck_assert_uint_le(d->late_line, lines_of(code));
	ck_assert_int_eq(d->args != NULL, (d->has & CONF_ALLOW(KEY_ARGS)) != 0);
}

START_TEST(test_random_code)
{
	uint32_t seed = 2654435769u * ((uint32_t)_i + 1);
	unsigned count[3] = { 0 };
	struct rules r;

	rules_init(&r);
	for (unsigned round = 0; round < ROUNDS; round++) {
		enum kind kind = (enum kind)draw(&seed, KIND_COUNT);
		char *code = random_code(kind, &seed);
		struct directives d;
		struct directive_error e;
		struct directive_terms t;
		enum directive_result got = read_bytes(kind, code, strlen(code), &d, &e);
		count[got]++;
		if (got == DIRECTIVE_BAD)
			ck_assert_uint_le(e.line, lines_of(code));
		else
			check_found(&d, code);
		free(e.text);
		if (got == DIRECTIVE_FOUND && !directive_apply(&r.conf, 0, kind, &d, &t, &e))
			free(e.text);
		directive_fini(&d);
		free(code);
	}
	for (size_t i = 0; i < ARRAY_LEN(count); i++)
		ck_assert_uint_gt(count[i], ROUNDS / 100);
}
END_TEST

/* What stands behind the head changes nothing that was read from it. */
START_TEST(test_code_behind_changes_nothing)
{
	uint32_t seed = 40503u * ((uint32_t)_i + 1);

	for (unsigned round = 0; round < ROUNDS; round++) {
		char *more = random_code(KIND_PYSPARK, &seed);
		char *code = xasprintf("# sparkspool: timeout=2s args='a b'\nx = 1\n%s", more);
		struct directives d = must_read(KIND_PYSPARK, code);
		ck_assert_uint_eq(d.has, CONF_ALLOW(KEY_TIMEOUT) | CONF_ALLOW(KEY_ARGS));
		ck_assert_int_eq(d.timeout_ms, 2000);
		ck_assert_uint_eq(d.arg_count, 2);
		directive_fini(&d);
		free(code);
		free(more);
	}
}
END_TEST

/* Cut anywhere, what was read in full before the cut is read as before. */
START_TEST(test_cut_anywhere)
{
	static const char code[] =
	    "#!/usr/bin/python\n# coding: utf-8\n\n"
	    "# sparkspool: timeout=1s name='a \"b'\n# sparkspool: args=\"x 'y z'\"\n"
	    "import sys\n# sparkspool: x\n";
	size_t first = (size_t)(strstr(code, "# sparkspool: args") - code);
	size_t second = (size_t)(strstr(code, "import") - code);

	for (size_t n = 0; n < sizeof(code); n++) {
		struct directives d;
		struct directive_error e;
		enum directive_result got = read_bytes(KIND_PYSPARK, code, n, &d, &e);
		/* Half a setting may be wrong, whole lines are not. */
		ck_assert(got != DIRECTIVE_BAD || (n != first && n < second));
		if (n == first || n >= second) {
			ck_assert_int_eq(d.timeout_ms, 1000);
			ck_assert_str_eq(d.name, "a \"b");
		}
		if (n >= second) {
			ck_assert_int_eq(got, DIRECTIVE_FOUND);
			ck_assert_str_eq(d.args[1], "y z");
		}
		free(e.text);
		directive_fini(&d);
	}
}
END_TEST

static void add_reading(Suite *suite)
{
	TCase *tc = tcase_create("read");

	tcase_add_loop_test(tc, test_place, 0, (int)ARRAY_LEN(places));
	tcase_add_test(tc, test_lines_of_the_head);
	tcase_add_test(tc, test_warning_of_a_late_line);
	tcase_add_test(tc, test_bytes_of_the_head);
	tcase_add_test(tc, test_one_long_line);
	tcase_add_test(tc, test_every_key);
	tcase_add_test(tc, test_lines_add_up);
	tcase_add_loop_test(tc, test_args, 0, (int)ARRAY_LEN(arguments));
	tcase_add_test(tc, test_limit_of_args);
	tcase_add_loop_test(tc, test_wrong, 0, (int)ARRAY_LEN(wrong));
	tcase_add_loop_test(tc, test_timeout, 0, (int)ARRAY_LEN(timeouts));
	tcase_add_loop_test(tc, test_priority, 0, (int)ARRAY_LEN(priorities));
	tcase_add_test(tc, test_length_of_a_name);
	tcase_add_test(tc, test_error_is_harmless);
	suite_add_tcase(suite, tc);
}

static void add_applying(Suite *suite)
{
	TCase *tc = tcase_create("apply");

	tcase_add_test(tc, test_nothing_said);
	tcase_add_test(tc, test_everything_said);
	tcase_add_loop_test(tc, test_allow, 0, KEY_COUNT);
	tcase_add_test(tc, test_first_line_that_is_not_allowed);
	tcase_add_test(tc, test_timeout_only_shortens);
	tcase_add_test(tc, test_isolation_only_tightens);
	tcase_add_test(tc, test_pool);
	tcase_add_test(tc, test_pool_of_owners);
	tcase_add_test(tc, test_pool_without_sql);
	tcase_add_test(tc, test_scala_and_r_are_raw);
	tcase_add_test(tc, test_raw_has_no_args);
	tcase_add_test(tc, test_without_a_runner);
	suite_add_tcase(suite, tc);
}

int main(void)
{
	Suite *suite = suite_create("directive");
	TCase *chance = tcase_create("chance");

	add_reading(suite);
	add_applying(suite);
	tcase_add_loop_test(chance, test_random_code, 0, 8);
	tcase_add_loop_test(chance, test_code_behind_changes_nothing, 0, 2);
	tcase_add_test(chance, test_cut_anywhere);
	suite_add_tcase(suite, chance);
	return help_run(suite);
}
