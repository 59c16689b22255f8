/* confload_print: values of the configuration as they would be written in the file. */
#include "edge/confload_print.h"
#include "edge/confload.h"
#include "edge/confload_entry.h"
#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <string.h>

/* More than any list can hold within the limits of the file. */
#define VALUE_BYTES_MAX (16 * 1024 * 1024)

void confprint_number(struct buf *out, int64_t n)
{
	buf_addf(out, "%lld", (long long)n);
}

/* The largest unit that leaves no rest, as a person would write it. */
void confprint_duration(struct buf *out, int64_t ms)
{
	static const struct {
		int64_t ms;
		const char *name;
	} unit[] = { { 86400000, "d" }, { 3600000, "h" }, { 60000, "m" }, { 1000, "s" } };

	if (ms == CONF_NEVER) {
		buf_adds(out, "never");
		return;
	}
	for (size_t i = 0; i < ARRAY_LEN(unit); i++) {
		if (ms > 0 && ms % unit[i].ms == 0) {
			buf_addf(out, "%lld%s", (long long)(ms / unit[i].ms), unit[i].name);
			return;
		}
	}
	buf_addf(out, "%lldms", (long long)ms);
}

void confprint_size(struct buf *out, int64_t bytes)
{
	static const char unit[] = { 'g', 'M', 'k' };

	for (size_t i = 0; i < ARRAY_LEN(unit); i++) {
		int64_t factor = INT64_C(1) << (10 * (3 - i));
		if (bytes > 0 && bytes % factor == 0) {
			buf_addf(out, "%lld%c", (long long)(bytes / factor), unit[i]);
			return;
		}
	}
	confprint_number(out, bytes);
}

static void print_text(struct buf *out, const char *text)
{
	buf_addc(out, '"');
	for (const char *p = text; *p != '\0'; p++) {
		if (*p == '"' || *p == '\\')
			buf_addc(out, '\\');
		buf_addc(out, *p);
	}
	buf_addc(out, '"');
}

static bool print_strings(struct buf *out, char *const *s)
{
	if (s == NULL)
		return false;
	for (size_t i = 0; s[i] != NULL; i++) {
		buf_adds(out, i == 0 ? "[ " : ", ");
		print_text(out, s[i]);
	}
	buf_adds(out, " ]");
	return true;
}

/* Spark's settings hold access keys and the like; which of them, nobody can tell by the name. */
static bool print_pairs(struct buf *out, const struct conf_pair *pair, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		buf_adds(out, i == 0 ? "( (" : ", (");
		print_text(out, pair[i].key);
		buf_adds(out, ", ...)");
	}
	if (count > 0)
		buf_adds(out, " )");
	return count > 0;
}

static bool print_words(struct buf *out, const struct setting *row, unsigned values)
{
	const char *between = " ";

	buf_addc(out, '[');
	for (const struct setting_word *w = row->words; w->word != NULL; w++) {
		if ((values & 1u << w->value) == 0)
			continue;
		buf_adds(out, between);
		print_text(out, w->word);
		between = ", ";
	}
	buf_adds(out, " ]");
	return true;
}

static bool print_int(struct buf *out, const struct setting *row, int n)
{
	/* 0 and -1 stand for what the file does not say where the file could not say them. */
	if (n < row->min)
		return false;
	confprint_number(out, n);
	return true;
}

static bool print_after(struct buf *out, const struct conf_spool *s)
{
	static const char *const word[] = {
		[AFTER_KEEP] = "keep", [AFTER_DELETE] = "delete", [AFTER_MOVE] = "move:"
	};

	buf_addf(out, "\"%s%s\"", word[s->after], s->after == AFTER_MOVE ? s->move_to : "");
	return true;
}

static bool print_word(struct buf *out, const struct setting *row, int value)
{
	const struct setting_word *w = row->words;

	while (w->word != NULL && w->value != value)
		w++;
	assert(w->word != NULL);
	print_text(out, w->word);
	return true;
}

static bool print_quoted(struct buf *out, void (*print)(struct buf *, int64_t), int64_t n)
{
	buf_addc(out, '"');
	print(out, n);
	buf_addc(out, '"');
	return true;
}

/* The name, for a number means nothing to a reader. */
static bool print_name(struct buf *out, const struct conf *c, const struct setting *row, size_t i)
{
	print_text(out, confentry_name(confentry_at(c, row->target, i)));
	return true;
}

bool confprint_value(
    struct buf *out, const struct conf *c, const struct setting *row, const void *base)
{
	const char *field = (const char *)base + row->offset;

	switch (row->type) {
	case SETTING_WORD:
		return print_word(out, row, *(const int *)field);
	case SETTING_BOOL:
		return buf_adds(out, *(const bool *)field ? "true" : "false") == 0;
	case SETTING_INT:
		return print_int(out, row, *(const int *)field);
	case SETTING_DURATION:
		return print_quoted(out, confprint_duration, *(const int64_t *)field);
	case SETTING_SIZE:
		return print_quoted(out, confprint_size, *(const int64_t *)field);
	case SETTING_STRINGS:
		return print_strings(out, *(char **const *)field);
	case SETTING_WORDS:
		return print_words(out, row, *(const unsigned *)field);
	case SETTING_PAIRS:
		return print_pairs(
		    out, *(struct conf_pair *const *)field, setting_count(row, base));
	case SETTING_NAME:
		return print_name(out, c, row, *(const size_t *)field);
	case SETTING_AFTER:
		return print_after(out, (const struct conf_spool *)field);
	case SETTING_TEXT:
	case SETTING_PATH:
	case SETTING_URL:
	case SETTING_SECRET:
	case SETTING_MEMORY:
	case SETTING_PROXY:
		break;
	}
	assert(setting_is_text(row));
	const char *text = *(char *const *)field;
	if (text != NULL)
		print_text(out, text);
	return text != NULL;
}

/* ---- the whole ---- */

/* Every value that holds, defaults too, in the words of the file. */
static void describe_settings(
    struct buf *out, const struct conf *c, enum conf_scope scope, const void *entry)
{
	size_t n;
	const struct setting *row = conftable(&n);
	struct buf value;

	buf_init(&value, VALUE_BYTES_MAX);
	for (size_t i = 0; i < n; i++) {
		const char *name = conftable_within(&row[i], scope);
		buf_reset(&value);
		if (name != NULL && confprint_value(&value, c, &row[i], entry))
			buf_addf(out, "%s%s = %s\n", scope == SCOPE_ROOT ? "" : "    ", name,
			    value.data);
	}
	buf_fini(&value);
}

static void describe_endpoint(struct buf *out, const struct conf_endpoint *e)
{
	buf_addf(out, "\nendpoint %s: the Livy server at %s, ", e->name, e->url);
	if (e->auth == AUTH_BASIC)
		buf_addf(out, "as %s with the password of %s\n", e->user, e->password_file);
	else
		buf_adds(out, "without a login\n");
}

static const char *const kind_word[KIND_COUNT] = { [KIND_PYSPARK] = "pyspark",
	[KIND_SPARK] = "spark",
	[KIND_SQL] = "sql",
	[KIND_SPARKR] = "sparkr" };

/* In one sentence what would be started, and where. */
static void describe_pool(struct buf *out, const struct conf *c, const struct conf_pool *p)
{
	const char *between = "";

	buf_addf(out, "\npool %s: at most %d session%s on endpoint %s; kept ready: ", p->name,
	    p->max, p->max == 1 ? "" : "s", c->endpoint[p->endpoint].name);
	for (int k = 0; k < KIND_COUNT; k++) {
		if (p->warm[k] < 0)
			continue;
		buf_addf(out, "%s%d %s", between, p->warm[k], kind_word[k]);
		between = ", ";
	}
	if (p->isolation == ISOLATION_FRESH)
		buf_adds(out, "; each file in a session of its own");
	else if (p->warm[KIND_PYSPARK] >= 0 || p->warm[KIND_SQL] >= 0)
		buf_addf(
		    out, "; up to %d script%s at once in one", p->slots, p->slots == 1 ? "" : "s");
	buf_addc(out, '\n');
}

/* Which suffixes run follows from the pool, and from the style which sessions they run in: a user
 * who misses one finds it here. */
static void describe_kinds(struct buf *out, const struct conf_pool *p, const struct conf_spool *s)
{
	static const char *const word[] = {
		[STYLE_RAW] = "raw", [STYLE_SCRIPT] = "scripts", [STYLE_NOTEBOOK] = "notebooks"
	};
	const struct {
		enum kind kind;
		enum conf_style style;
		const char *suffix;
	} file[] = { { KIND_PYSPARK, s->python, ".py" }, { KIND_SPARK, STYLE_RAW, ".scala" },
		{ KIND_SQL, s->sql, ".sql" }, { KIND_SPARKR, STYLE_RAW, ".R" } };
	const char *between = "";

	for (size_t i = 0; i < ARRAY_LEN(file); i++) {
		if (p->warm[file[i].kind] < 0)
			continue;
		buf_addf(out, "%s %s (%s)", between, file[i].suffix, word[file[i].style]);
		between = ",";
	}
}

/* It may lie on a file system that is not mounted yet, so it is not an error that it is missing:
 * but who asks gets told. */
static void describe_modules(struct buf *out, const struct conf_spool *s)
{
	DIR *dir = s->modules == NULL ? NULL : opendir(s->modules);

	if (dir == NULL && s->modules != NULL)
		buf_addf(out, "    its modules in %s cannot be read now: %s\n", s->modules,
		    strerror(errno));
	if (dir != NULL)
		closedir(dir);
}

static void describe_spool(struct buf *out, const struct conf *c, const struct conf_spool *s)
{
	const struct conf_pool *p = &c->pool[s->pool];

	buf_addf(out, "\nspool %s:", s->name);
	describe_kinds(out, p, s);
	buf_addf(out, " files in %s run in pool %s\n", s->path, p->name);
	describe_modules(out, s);
}

static void describe_entry(
    struct buf *out, const struct conf *c, enum conf_scope scope, const void *entry)
{
	if (scope == SCOPE_ENDPOINT)
		describe_endpoint(out, entry);
	else if (scope == SCOPE_POOL)
		describe_pool(out, c, entry);
	else
		describe_spool(out, c, entry);
	describe_settings(out, c, scope, entry);
}

void conf_describe(const struct conf *c, struct buf *out)
{
	describe_settings(out, c, SCOPE_ROOT, c);
	if (c->runner_code == NULL)
		buf_adds(out, "\nno spool needs the runner\n");
	for (enum conf_scope scope = SCOPE_ENDPOINT; scope < SCOPE_COUNT; scope++) {
		for (size_t i = 0; i < confentry_count(c, scope); i++) {
			const void *entry = confentry_at(c, scope, i);
			if (!confentry_removed(entry))
				describe_entry(out, c, scope, entry);
		}
	}
}
