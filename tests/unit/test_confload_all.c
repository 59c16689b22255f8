/* test_confload_all: what must hold for every setting, now and when there are more: made from the
 * table, so that nobody has to remember to test a new one. */
#include "edge/confload.h"
#include "edge/confload_entry.h"
#include "edge/confload_print.h"
#include "edge/confload_table.h"
#include "edge/confload_text.h"
#include "help.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TEXT_BYTES_MAX (1024 * 1024)
#define NAMES 6

/* libconfig 1.5 loses the string that it has read when the next word is a syntax error. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
	return "leak:strbuf_append\nleak:libconfig_yylex\n";
}

static char *dir;
static char *file;
static char *runner;
static struct buf errors;

static void setup(void)
{
	dir = help_tmpdir();
	file = help_path(dir, "t.conf");
	runner = help_path(dir, "runner.py");
	help_write_file(runner, "#\n", 2);
	buf_init(&errors, TEXT_BYTES_MAX);
}

static void teardown(void)
{
	buf_fini(&errors);
	help_rmtree(dir);
	free(runner);
	free(file);
	free(dir);
}

static const char *said(void)
{
	return errors.data == NULL ? "" : errors.data;
}

static struct conf *load(const struct conf *prev, const char *text)
{
	buf_reset(&errors);
	help_write_file(file, text, strlen(text));
	return conf_load(file, prev, &errors);
}

static const struct setting *row_of(size_t i)
{
	size_t n;
	const struct setting *row = conftable(&n);

	ck_assert_uint_lt(i, n);
	return &row[i];
}

static size_t row_count(void)
{
	size_t n;

	conftable(&n);
	return n;
}

static enum conf_scope scope_of(const struct setting *row)
{
	for (enum conf_scope scope = SCOPE_ROOT; scope < SCOPE_COUNT; scope++) {
		if (conftable_within(row, scope) != NULL)
			return scope;
	}
	ck_abort_msg("%s is in no scope", row->path);
	return SCOPE_ROOT;
}

/* Whether the small file below sets it, so that it cannot be set once more. */
static bool is_in_small_file(const struct setting *row)
{
	static const char *const path[] = { "state_dir", "endpoint.*.url", "pool.*.warm.pyspark",
		"spool.*.path", "spool.*.pool" };

	for (size_t i = 0; i < ARRAY_LEN(path); i++) {
		if (str_eq(row->path, path[i]))
			return true;
	}
	return false;
}

/* A file in which `more`, a setting of that scope with what comes after its group's names, stands
 * alone in line 3, 6, 9 or 12. */
static char *small_file(enum conf_scope scope, const char *more)
{
	const char *at[SCOPE_COUNT] = { "", "", "", "" };

	/* A pool needs a kind, but has only one group of that name. */
	const char *warm = strncmp(more, "warm", 4) == 0 ? "" : "warm: { pyspark = 0; };";
	const char *own = strncmp(more, "runner ", 7) == 0 ? "//" : "";
	at[scope] = more;
	return xasprintf("state_dir = \"/s\";\n%srunner = \"%s\";\n%s\n"
			 "endpoint: { e: {\nurl = \"http://127.0.0.1\";\n%s\n}; };\n"
			 "pool: { p: { %s\n%s\n}; };\n\n"
			 "spool: { s: { path = \"/x\"; pool = \"p\";\n%s\n}; };\n",
	    own, runner, at[SCOPE_ROOT], at[SCOPE_ENDPOINT], warm, at[SCOPE_POOL], at[SCOPE_SPOOL]);
}

static unsigned line_of(enum conf_scope scope)
{
	static const unsigned line[SCOPE_COUNT] = { 3, 6, 9, 13 };

	return line[scope];
}

/* "name = value;" or "session: { name = value; };". */
static char *assignment(const char *within, const char *value)
{
	const char *dot = strchr(within, '.');

	if (dot == NULL)
		return xasprintf("%s = %s;", within, value);
	return xasprintf("%.*s: { %s = %s; };", (int)(dot - within), within, dot + 1, value);
}

/* "spool.s.settle" for "spool.*.settle"; free() it. */
static char *real_path(enum conf_scope scope, const char *within)
{
	static const char *const entry[SCOPE_COUNT] = { "", "endpoint.e.", "pool.p.", "spool.s." };

	return xasprintf("%s%s", entry[scope], within);
}

/* ---- the table itself ---- */

START_TEST(test_rows_are_whole)
{
	const struct setting *row = row_of((size_t)_i);
	bool ranged =
	    row->type == SETTING_INT || row->type == SETTING_DURATION || row->type == SETTING_SIZE;

	ck_assert_str_ne(row->doc, "");
	ck_assert_uint_lt(strlen(row->path), 60);
	ck_assert_int_eq(
	    row->words != NULL, row->type == SETTING_WORD || row->type == SETTING_WORDS);
	ck_assert_int_eq(row->count_offset != 0, row->type == SETTING_PAIRS);
	ck_assert_int_eq((row->flags & SETTING_ENV) != 0, str_eq(row->path, "spool.*.env"));
	ck_assert_int_eq(row->max > row->min, ranged);
	ck_assert_int_eq(row->target != SCOPE_ROOT, row->type == SETTING_NAME);
	/* What must be there has no default. */
	ck_assert(row->fallback == NULL || (row->flags & SETTING_REQUIRED) == 0);
	for (size_t i = 0; i < (size_t)_i; i++) {
		ck_assert_str_ne(row_of(i)->path, row->path);
		/* One type has the struct around its fields as its own. */
		if (scope_of(row_of(i)) == scope_of(row) && row->type != SETTING_AFTER)
			ck_assert_msg(row_of(i)->offset != row->offset, "%s and %s are one field",
			    row_of(i)->path, row->path);
	}
}
END_TEST

/* The fallback as a value of the file; free() it. */
static char *written(const struct setting *row)
{
	struct buf out;

	if (row->type == SETTING_INT || row->type == SETTING_BOOL)
		return xstrdup(row->fallback);
	if (row->type != SETTING_WORDS)
		return xasprintf("\"%s\"", row->fallback);
	buf_init(&out, TEXT_BYTES_MAX);
	buf_adds(&out, "[ \"");
	for (const char *p = row->fallback; *p != '\0'; p++) {
		if (*p == ' ')
			buf_adds(&out, "\", \"");
		else
			buf_addc(&out, *p);
	}
	buf_adds(&out, "\" ]");
	return buf_steal(&out, NULL);
}

/* A default could also be written. */
START_TEST(test_defaults_can_be_written)
{
	const struct setting *row = row_of((size_t)_i);
	enum conf_scope scope = scope_of(row);

	/* What the build says need not be there yet. */
	if (row->fallback == NULL || str_eq(row->fallback, "-1") ||
	    (row->flags & SETTING_BUILT) != 0)
		return;
	char *value = written(row);
	char *more = assignment(conftable_within(row, scope), value);
	char *with = small_file(scope, more);
	char *without = small_file(scope, "");
	struct conf *a = load(NULL, with);
	ck_assert_msg(a != NULL, "%s", said());
	struct conf *b = load(NULL, without);
	ck_assert_msg(b != NULL, "%s", said());
	struct buf in_a, in_b;
	buf_init(&in_a, TEXT_BYTES_MAX);
	buf_init(&in_b, TEXT_BYTES_MAX);
	conf_describe(a, &in_a);
	conf_describe(b, &in_b);
	ck_assert_str_eq(in_a.data, in_b.data);
	buf_fini(&in_b);
	buf_fini(&in_a);
	conf_free(b);
	conf_free(a);
	free(without);
	free(with);
	free(more);
	free(value);
}
END_TEST

/* ---- wrong values ---- */

/* Nothing of a wrong type is taken, and the error says which setting in which line. */
static void must_refuse_value(const struct setting *row, const char *value)
{
	enum conf_scope scope = scope_of(row);
	const char *within = conftable_within(row, scope);
	char *more = assignment(within, value);
	char *text = small_file(scope, more);
	char *path = real_path(scope, within);
	char *start = xasprintf("%s:%u: setting '%s", file, line_of(scope), path);
	struct conf *c = load(NULL, text);

	ck_assert_msg(c == NULL, "%s was taken", more);
	ck_assert_msg(strncmp(said(), start, strlen(start)) == 0, "%s: %s", more, said());
	/* What to do, too. */
	ck_assert_msg(strchr(said(), ';') != NULL, "%s", said());
	free(start);
	free(path);
	free(text);
	free(more);
}

/* What each type takes of these, by the letters n(umber), s(tring), b(ool), a(rray), l(ist). */
static const struct {
	const char *value;
	char what;
} wrong[] = {
	{ "1", 'n' },
	{ "1.5", 'f' },
	{ "\"\"", 'e' },
	{ "\"a\\nb\"", 'e' },
	{ "\"\\xff\"", 'e' },
	{ "true", 'b' },
	{ "[ \"a\" ]", 'a' },
	{ "[ 1 ]", 'x' },
	{ "( 1 )", 'x' },
	{ "( (\"a\", \"b\") )", 'p' },
	{ "{ a = 1; }", 'x' },
};

static char what_is_taken(const struct setting *row)
{
	switch (row->type) {
	case SETTING_INT:
		return 'n';
	case SETTING_BOOL:
		return 'b';
	case SETTING_STRINGS:
		return 'a';
	case SETTING_WORDS:
		return 'w'; /* none of these has a word of it */
	case SETTING_PAIRS:
		return 'p';
	default:
		return 's';
	}
}

START_TEST(test_wrong_types)
{
	const struct setting *row = row_of((size_t)_i);

	if (is_in_small_file(row))
		return;
	for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
		if (wrong[i].what != what_is_taken(row))
			must_refuse_value(row, wrong[i].value);
	}
}
END_TEST

START_TEST(test_beyond_the_limits)
{
	const struct setting *row = row_of((size_t)_i);
	char below[64], above[64];

	if (row->max == 0 || is_in_small_file(row))
		return;
	const char *quote = row->type == SETTING_INT ? "" : "\"";
	const char *unit = row->type == SETTING_DURATION ? "ms" : "";
	ck_assert_int_gt(snprintf(below, sizeof(below), "%s%lld%s%s", quote,
			     (long long)row->min - 1, unit, quote),
	    0);
	ck_assert_int_gt(snprintf(above, sizeof(above), "%s%lld%s%s", quote,
			     (long long)row->max + 1, unit, quote),
	    0);
	must_refuse_value(row, below);
	must_refuse_value(row, above);
}
END_TEST

START_TEST(test_words)
{
	const struct setting *row = row_of((size_t)_i);
	enum conf_scope scope = scope_of(row);

	if (row->type != SETTING_WORD)
		return;
	must_refuse_value(row, "\"nonsense\"");
	for (const struct setting_word *w = row->words; w->word != NULL; w++) {
		char *value = xasprintf("\"%s\"", w->word);
		char *more = assignment(conftable_within(row, scope), value);
		char *text = small_file(scope, more);
		/* basic needs more than its word. */
		if (w->refused != NULL) {
			must_refuse_value(row, value);
		} else if (!str_eq(w->word, "basic")) {
			struct conf *c = load(NULL, text);
			ck_assert_msg(c != NULL, "%s", said());
			const char *base = confentry_at(c, scope, 0);
			ck_assert_int_eq(*(const int *)(base + row->offset), w->value);
			conf_free(c);
		}
		free(text);
		free(more);
		free(value);
	}
}
END_TEST

/* ---- wrong names ---- */

/* The misspelt name is an error in its line that names the right one; nothing else is said. */
static void must_guess(const struct setting *row, const char *wrong_name, const char *right)
{
	enum conf_scope scope = scope_of(row);
	char *more = assignment(wrong_name, "1");
	char *text = small_file(scope, more);
	char *path = real_path(scope, wrong_name);
	char *expected = xasprintf("%s:%u: setting '%s' is not known; did you mean '%s'?\n", file,
	    line_of(scope), path, right);

	ck_assert_ptr_null(load(NULL, text));
	ck_assert_str_eq(said(), expected);
	free(expected);
	free(path);
	free(text);
	free(more);
}

static bool is_known(const struct setting *row, const char *within)
{
	for (size_t i = 0; i < row_count(); i++) {
		const char *other = conftable_within(row_of(i), scope_of(row));
		if (other == NULL)
			continue;
		/* A group's name is known too. */
		size_t n = strlen(within);
		if (strncmp(other, within, n) == 0 && (other[n] == '\0' || other[n] == '.'))
			return true;
	}
	return false;
}

/* "sparr" could be two. */
static bool is_near_another(const struct setting *row, const char *within)
{
	for (size_t i = 0; i < row_count(); i++) {
		const char *other = conftable_within(row_of(i), scope_of(row));
		if (other != NULL && row_of(i) != row && str_distance(other, within) <= 1)
			return true;
	}
	return false;
}

/* One letter lost, and one doubled, wherever it may be. */
START_TEST(test_misspelt)
{
	const struct setting *row = row_of((size_t)_i);
	const char *within = conftable_within(row, scope_of(row));
	const char *dot = strchr(within, '.');
	const char *name = dot == NULL ? within : dot + 1;
	size_t len = strlen(name);

	if (is_in_small_file(row) || len < 4)
		return;
	for (size_t i = 1; i < len; i++) {
		int before = (int)(name - within) + (int)i;
		char *lost = xasprintf("%.*s%s", before, within, name + i + 1);
		char *doubled = xasprintf("%.*s%s", before, within, name + i - 1);
		if (!is_known(row, lost) && !is_near_another(row, lost))
			must_guess(row, lost, name);
		must_guess(row, doubled, name);
		free(doubled);
		free(lost);
	}
}
END_TEST

/* In a group where it does not belong it is not taken either. */
START_TEST(test_misplaced)
{
	const struct setting *row = row_of((size_t)_i);
	const char *within = conftable_within(row, scope_of(row));

	for (enum conf_scope scope = SCOPE_ROOT; scope < SCOPE_COUNT; scope++) {
		if (scope == scope_of(row) || strchr(within, '.') != NULL)
			continue;
		char *path = real_path(scope, within);
		char *more = assignment(within, "\"x\"");
		char *text = small_file(scope, more);
		char *start = xasprintf("%s:%u: setting '%s'", file, line_of(scope), path);
		bool other = str_eq(path, "endpoint") || str_eq(path, "pool");
		struct conf *c = other ? NULL : load(NULL, text);
		ck_assert_msg(c == NULL, "%s was taken", path);
		if (!other)
			ck_assert_msg(strncmp(said(), start, strlen(start)) == 0, "%s", said());
		free(start);
		free(text);
		free(more);
		free(path);
	}
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

/* A good value of the row, or nothing where one would need more than itself. */
static void add_value(struct buf *out, const struct setting *row, uint32_t *seed)
{
	int64_t n = row->min + (int64_t)draw(seed, 1000) * (row->max - row->min) / 999;
	const struct setting_word *w = row->words;

	if (row->type == SETTING_INT) {
		confprint_number(out, n);
	} else if (row->type == SETTING_BOOL) {
		buf_adds(out, "false");
	} else if (row->type == SETTING_DURATION) {
		buf_addf(out, "\"%lldms\"", (long long)n);
	} else if (row->type == SETTING_SIZE) {
		buf_addf(out, "\"%lld\"", (long long)n);
	} else if (row->type == SETTING_MEMORY) {
		buf_addf(out, "\"%u%c\"", 1 + draw(seed, 99), "mgtMGT"[draw(seed, 6)]);
	} else if (row->type == SETTING_STRINGS) {
		buf_addf(out, "[ \"a%u\", \"b \\\" \\\\ \\xc3\\xa9\" ]", draw(seed, 9));
	} else if (row->type == SETTING_WORDS) {
		const char *between = "[ ";
		for (; w->word != NULL; w++) {
			if (w[1].word != NULL && draw(seed, 2) == 0)
				continue;
			buf_addf(out, "%s\"%s\"", between, w->word);
			between = ", ";
		}
		buf_adds(out, " ]");
	} else if (row->type == SETTING_PAIRS) {
		buf_addf(out, "( (\"a%u\", \"b\"), (\"b\", \"\") )", draw(seed, 9));
	} else if (row->type == SETTING_PROXY || row->type == SETTING_TEXT) {
		buf_addf(out, "\"text %u\"", draw(seed, 99));
	} else if (row->type == SETTING_AFTER) {
		static const char *const after[] = { "keep", "delete", "move:done", "move:/a//b/" };
		buf_addf(out, "\"%s\"", after[draw(seed, 4)]);
	} else if (row->type == SETTING_WORD) {
		while (w[1].word != NULL && w[1].refused == NULL && draw(seed, 2) == 0)
			w++;
		buf_addf(out, "\"%s\"", str_eq(w->word, "basic") ? "none" : w->word);
	}
}

/* Settings of one entry that do not need others, each there or not. */
static void add_settings(struct buf *out, enum conf_scope scope, const char *group, uint32_t *seed)
{
	for (size_t i = 0; i < row_count(); i++) {
		const struct setting *row = row_of(i);
		const char *within = conftable_within(row, scope);
		size_t n = strlen(group);
		struct buf value;
		if (within == NULL || is_in_small_file(row) || draw(seed, 2) == 0 ||
		    strncmp(within, group, n) != 0 || strchr(within + n, '.') != NULL ||
		    str_eq(within, "user") || str_eq(within, "max"))
			continue;
		buf_init(&value, TEXT_BYTES_MAX);
		add_value(&value, row, seed);
		if (value.len > 0)
			buf_addf(out, "  %s = %s;\n", within + n, value.data);
		buf_fini(&value);
	}
}

static void add_endpoint(struct buf *out, unsigned i, uint32_t *seed)
{
	buf_addf(out, "e%u: {\n  url = \"http://h%u\";\n", i, draw(seed, 99));
	add_settings(out, SCOPE_ENDPOINT, "", seed);
	buf_adds(out, "};\n");
}

static void add_pool(struct buf *out, unsigned i, unsigned endpoint, uint32_t *seed)
{
	buf_addf(out, "p%u: {\n  endpoint = \"e%u\"; max = 1000;\n  warm: { pyspark = %u;\n", i,
	    endpoint, draw(seed, 100));
	add_settings(out, SCOPE_POOL, "warm.", seed);
	buf_adds(out, "};\n  session: {\n");
	add_settings(out, SCOPE_POOL, "session.", seed);
	buf_adds(out, "};\n");
	add_settings(out, SCOPE_POOL, "", seed);
	buf_adds(out, "};\n");
}

static void add_spool(struct buf *out, unsigned i, unsigned pool, uint32_t *seed)
{
	buf_addf(out, "s%u: {\n  path = \"/srv/%u\"; pool = \"p%u\";\n", i, i, pool);
	add_settings(out, SCOPE_SPOOL, "", seed);
	buf_adds(out, "};\n");
}

/* One of the names that the mask holds; it holds one. */
static unsigned pick(unsigned mask, uint32_t *seed)
{
	for (;;) {
		unsigned i = draw(seed, NAMES);
		if ((mask >> i & 1) != 0)
			return i;
	}
}

/* A configuration with the endpoints, pools and spools of the masks, in an order of its own. */
static char *random_file(const unsigned mask[SCOPE_COUNT], uint32_t *seed)
{
	struct buf out;
	unsigned first = draw(seed, NAMES);

	buf_init(&out, TEXT_BYTES_MAX);
	buf_addf(&out, "state_dir = \"/s\"; runner = \"%s\";\n", runner);
	for (unsigned scope = SCOPE_ENDPOINT; scope < SCOPE_COUNT; scope++) {
		buf_addf(&out, "%s: {\n", conftable_word((enum conf_scope)scope));
		for (unsigned k = 0; k < NAMES; k++) {
			unsigned i = (first + k) % NAMES;
			if ((mask[scope] >> i & 1) == 0)
				continue;
			if (scope == SCOPE_ENDPOINT)
				add_endpoint(&out, i, seed);
			else if (scope == SCOPE_POOL)
				add_pool(&out, i, pick(mask[SCOPE_ENDPOINT], seed), seed);
			else
				add_spool(&out, i, pick(mask[SCOPE_POOL], seed), seed);
		}
		buf_adds(&out, "};\n");
	}
	return buf_steal(&out, NULL);
}

static void draw_masks(unsigned mask[SCOPE_COUNT], uint32_t *seed)
{
	for (unsigned scope = SCOPE_ENDPOINT; scope < SCOPE_COUNT; scope++)
		mask[scope] = 1 + draw(seed, (1u << NAMES) - 1);
}

/* All settings of an entry, in words; free() it. */
static char *entry_words(const struct conf *c, enum conf_scope scope, const void *entry)
{
	struct buf out;

	buf_init(&out, TEXT_BYTES_MAX);
	for (size_t i = 0; i < row_count(); i++) {
		if (conftable_within(row_of(i), scope) == NULL)
			continue;
		buf_addf(&out, "\n%s ", row_of(i)->path);
		confprint_value(&out, c, row_of(i), entry);
	}
	return buf_steal(&out, NULL);
}

/* What is removed is as it was; its number and name are those it always had. */
static void check_against(const struct conf *prev, const struct conf *c, enum conf_scope scope)
{
	ck_assert_uint_ge(confentry_count(c, scope), confentry_count(prev, scope));
	for (size_t i = 0; i < confentry_count(prev, scope); i++) {
		const void *was = confentry_at(prev, scope, i);
		const void *is = confentry_at(c, scope, i);
		ck_assert_str_eq(confentry_name(was), confentry_name(is));
		if (!confentry_removed(is))
			continue;
		char *before = entry_words(prev, scope, was);
		char *after = entry_words(c, scope, is);
		ck_assert_str_eq(before, after);
		free(after);
		free(before);
	}
}

/* What the file names is there, once, and nothing else is. */
static void check_present(const struct conf *c, enum conf_scope scope, unsigned mask)
{
	static const char letter[SCOPE_COUNT] = { ' ', 'e', 'p', 's' };

	for (unsigned i = 0; i < NAMES; i++) {
		char *name = xasprintf("%c%u", letter[scope], i);
		size_t at = confentry_find(c, scope, name);
		bool here = at != ENTRY_NOWHERE && !confentry_removed(confentry_at(c, scope, at));
		ck_assert_int_eq(here, (mask >> i & 1) != 0);
		free(name);
	}
}

START_TEST(test_random_reloads)
{
	uint32_t seed = 2654435769u * ((uint32_t)_i + 1);
	unsigned mask[SCOPE_COUNT];
	struct conf *prev = NULL;

	for (int round = 0; round < 25; round++) {
		draw_masks(mask, &seed);
		char *text = random_file(mask, &seed);
		struct conf *c = load(prev, text);
		ck_assert_msg(c != NULL, "%s\n%s", said(), text);
		for (enum conf_scope scope = SCOPE_ENDPOINT; scope < SCOPE_COUNT; scope++) {
			check_present(c, scope, mask[scope]);
			if (prev != NULL)
				check_against(prev, c, scope);
		}
		conf_free(prev);
		prev = c;
		free(text);
	}
	conf_free(prev);
}
END_TEST

/* What a load makes of an entry does not depend on what was there before. */
START_TEST(test_random_reload_is_a_load)
{
	uint32_t seed = 40503u * ((uint32_t)_i + 1);
	unsigned mask[SCOPE_COUNT];

	draw_masks(mask, &seed);
	char *first = random_file(mask, &seed);
	draw_masks(mask, &seed);
	char *second = random_file(mask, &seed);
	struct conf *prev = load(NULL, first);
	ck_assert_msg(prev != NULL, "%s", said());
	struct conf *over = load(prev, second);
	ck_assert_msg(over != NULL, "%s", said());
	struct conf *fresh = load(NULL, second);
	ck_assert_msg(fresh != NULL, "%s", said());
	for (enum conf_scope scope = SCOPE_ENDPOINT; scope < SCOPE_COUNT; scope++) {
		for (size_t i = 0; i < confentry_count(fresh, scope); i++) {
			const void *a = confentry_at(fresh, scope, i);
			size_t at = confentry_find(over, scope, confentry_name(a));
			ck_assert_uint_ne(at, ENTRY_NOWHERE);
			char *x = entry_words(fresh, scope, a);
			char *y = entry_words(over, scope, confentry_at(over, scope, at));
			ck_assert_str_eq(x, y);
			free(y);
			free(x);
		}
	}
	conf_free(fresh);
	conf_free(over);
	conf_free(prev);
	free(second);
	free(first);
}
END_TEST

/* One wrong line more in a good file is one error more, in that line. */
START_TEST(test_random_error)
{
	uint32_t seed = 69069u * ((uint32_t)_i + 1);
	unsigned mask[SCOPE_COUNT];

	draw_masks(mask, &seed);
	char *text = random_file(mask, &seed);
	unsigned line = 1;
	for (char *p = text; *p != '\0'; p++) {
		if (*p != '\n')
			continue;
		line++;
		char *broken = xasprintf("%.*s\nxyzzy = 1;%s", (int)(p - text), text, p);
		char *start = xasprintf("%s:%u: setting '", file, line);
		ck_assert_ptr_null(load(NULL, broken));
		ck_assert_msg(
		    strncmp(said(), start, strlen(start)) == 0, "line %u: %s", line, said());
		ck_assert_ptr_nonnull(strstr(said(), "xyzzy' "));
		ck_assert_ptr_eq(strchr(said(), '\n'), said() + strlen(said()) - 1);
		free(start);
		free(broken);
	}
	ck_assert_uint_gt(line, 5);
	free(text);
}
END_TEST

/* ---- lines ---- */

/* A file cut into pieces that include one another has the same lines as in one piece. */
static size_t write_pieces(char *const *line, size_t count, size_t piece)
{
	size_t written = 0;

	for (size_t at = 0; at < count; at += piece) {
		struct buf out;
		char *name = xasprintf("piece%zu", written++);
		char *path = help_path(dir, name);
		buf_init(&out, TEXT_BYTES_MAX);
		for (size_t i = at; i < at + piece && i < count; i++)
			buf_adds(&out, line[i]);
		help_write_file(path, out.data, out.len);
		buf_fini(&out);
		free(path);
		free(name);
	}
	return written;
}

START_TEST(test_lines_of_pieces)
{
	enum { LINES = 57 };
	char *line[LINES];
	struct confreport *report = xcalloc(1, sizeof(*report));
	struct conftext text;
	struct buf main;
	size_t piece = (size_t)_i + 1;

	for (size_t i = 0; i < LINES; i++)
		line[i] = xasprintf("x%zu = \"%zu\";%s", i, i, i % 3 == 0 ? "// 1\n" : "\n");
	size_t pieces = write_pieces(line, LINES, piece);
	buf_init(&main, TEXT_BYTES_MAX);
	for (size_t i = 0; i < pieces; i++)
		buf_addf(&main, "/* %zu */\n\t@include \"piece%zu\" \n", i, i);
	help_write_file(file, main.data, main.len);
	ck_assert_int_eq(conftext_read(&text, file, report), 0);
	ck_assert_uint_eq(report->count, 0);
	unsigned at = 1;
	for (const char *p = text.text.data; *p != '\0'; p++) {
		unsigned where;
		const char *from = conftext_where(&text, at, &where);
		size_t i;
		if ((p == text.text.data || p[-1] == '\n' || p[-1] == '\t') && *p == 'x') {
			ck_assert_int_eq(sscanf(p, "x%zu", &i), 1);
			ck_assert_uint_eq(where, i % piece + 1);
			ck_assert_ptr_nonnull(strstr(from, "/piece"));
			line[i][0] = '\0';
		} else if (strncmp(p, "/* ", 3) == 0) {
			ck_assert_int_eq(sscanf(p, "/* %zu", &i), 1);
			ck_assert_uint_eq(where, i * 2 + 1);
			ck_assert_str_eq(from, file);
		}
		at += *p == '\n';
	}
	for (size_t i = 0; i < LINES; i++) {
		ck_assert_msg(line[i][0] == '\0', "line %zu was lost", i);
		free(line[i]);
	}
	conftext_fini(&text);
	buf_fini(&main);
	free(report);
}
END_TEST

/* ---- the suite ---- */

static TCase *add_case(Suite *suite, const char *name)
{
	TCase *tc = tcase_create(name);

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 120);
	suite_add_tcase(suite, tc);
	return tc;
}

int main(void)
{
	Suite *suite = suite_create("confload_all");
	TCase *every = add_case(suite, "every setting");
	TCase *chance = add_case(suite, "chance");
	int rows = (int)row_count();

	tcase_add_loop_test(every, test_rows_are_whole, 0, rows);
	tcase_add_loop_test(every, test_defaults_can_be_written, 0, rows);
	tcase_add_loop_test(every, test_wrong_types, 0, rows);
	tcase_add_loop_test(every, test_beyond_the_limits, 0, rows);
	tcase_add_loop_test(every, test_words, 0, rows);
	tcase_add_loop_test(every, test_misspelt, 0, rows);
	tcase_add_loop_test(every, test_misplaced, 0, rows);
	tcase_add_loop_test(chance, test_random_reloads, 0, 8);
	tcase_add_loop_test(chance, test_random_reload_is_a_load, 0, 20);
	tcase_add_loop_test(chance, test_random_error, 0, 8);
	tcase_add_loop_test(chance, test_lines_of_pieces, 0, 20);
	return help_run(suite);
}
