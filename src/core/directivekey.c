/* directivekey: the keys that a file may set, and what may be their values. */
#include "base/buf.h"
#include "core/directive.h"
#include "core/words.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define TIMEOUT_MS_MIN 100 /* as the spool's own */
#define TIMEOUT_MS_MAX (INT64_C(365) * 24 * 3600 * 1000)
#define KNOWN_BYTES_MAX 1024
#define NAME_BYTES_MAX 255 /* of a file */

/* Each of these takes one value: NULL, or what is wrong and what to do, free() it. */
static char *set_args(struct directives *d, enum kind kind, const char *value)
{
	struct words t = { .p = value, .end = value + strlen(value) };
	enum words_result got;
	struct buf word;
	char *why = NULL;

	if (kind != KIND_PYSPARK)
		return xstrdup("only a .py file has arguments");
	buf_init(&word, DIRECTIVE_HEAD_BYTES_MAX);
	d->args = xcalloc(DIRECTIVE_ARGS_MAX + 1, sizeof(*d->args));
	while ((got = words_take(&t, &word)) == WORDS_TAKEN && d->arg_count < DIRECTIVE_ARGS_MAX)
		d->args[d->arg_count++] = xstrdup(word.data);
	if (got == WORDS_TAKEN)
		why = xasprintf("there are more than %d arguments", DIRECTIVE_ARGS_MAX);
	else if (got != WORDS_END)
		why = xasprintf("among the arguments %s", words_trouble(got));
	buf_fini(&word);
	return why;
}

/* Names as they stand in the directory; several are parted by blanks. */
static char *add_after(struct directives *d, const char *value, bool any)
{
	struct words t = { .p = value, .end = value + strlen(value) };
	enum words_result got;
	struct buf word;
	char *why = NULL;

	buf_init(&word, DIRECTIVE_HEAD_BYTES_MAX);
	d->after = xrealloc(d->after, 2 * DIRECTIVE_AFTER_MAX * sizeof(*d->after));
	size_t before = d->after_count;
	while ((got = words_take(&t, &word)) == WORDS_TAKEN && why == NULL) {
		if (word.len == 0 || strchr(word.data, '/') != NULL || word.len > NAME_BYTES_MAX)
			why = xstrdup("write the names of files of the same directory, without it");
		else if (d->after_count - before == DIRECTIVE_AFTER_MAX)
			why = xasprintf("there are more than %d files", DIRECTIVE_AFTER_MAX);
		else
			d->after[d->after_count++] =
			    (struct directive_after){ xstrdup(word.data), any };
	}
	if (why == NULL && got != WORDS_END)
		why = xasprintf("among the files %s", words_trouble(got));
	if (why == NULL && d->after_count == before)
		why = xstrdup("it is empty; write the name of a file");
	buf_fini(&word);
	return why;
}

static char *set_after(struct directives *d, enum kind kind, const char *value)
{
	(void)kind;
	return add_after(d, value, false);
}

static char *set_after_any(struct directives *d, enum kind kind, const char *value)
{
	(void)kind;
	return add_after(d, value, true);
}

/* Some digits as a number, and what must stand behind them ('\0': anything). */
static bool take_number(const char **p, int digits, char behind, int min, int max, int *n)
{
	*n = 0;
	for (int i = 0; i < digits; i++, (*p)++) {
		if (**p < '0' || **p > '9')
			return false;
		*n = *n * 10 + (**p - '0');
	}
	if (behind != '\0' && *(*p)++ != behind)
		return false;
	return *n >= min && *n <= max;
}

static int days_of_month(int year, int month)
{
	static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	return month == 2 && leap ? 29 : days[month - 1];
}

/* Since 1970-01-01, of the civil calendar. */
static int64_t days_of(int year, int month, int day)
{
	int64_t days = day - 1;

	for (int m = 1; m < month; m++)
		days += days_of_month(year, m);
	for (int y = 1970; y < year; y++)
		days += days_of_month(y, 2) == 29 ? 366 : 365;
	return days;
}

/* "Z", "+01:00": seconds east of Greenwich. */
static bool take_zone(const char **p, int *east)
{
	int sign = **p == '-' ? -1 : 1;
	int hours = 0;
	int minutes = 0;

	if (**p == 'Z') {
		(*p)++;
		*east = 0;
		return true;
	}
	if ((*p)[0] != '+' && (*p)[0] != '-')
		return false;
	(*p)++;
	if (!take_number(p, 2, ':', 0, 14, &hours) || !take_number(p, 2, '\0', 0, 59, &minutes))
		return false;
	*east = sign * (hours * 3600 + minutes * 60);
	return true;
}

static bool take_time(const char *p, int64_t *ms)
{
	int year, month, day, hour, minute, east;
	int second = 0;

	if (!take_number(&p, 4, '-', 1970, 9999, &year) ||
	    !take_number(&p, 2, '-', 1, 12, &month) ||
	    !take_number(&p, 2, 'T', 1, days_of_month(year, month), &day) ||
	    !take_number(&p, 2, ':', 0, 23, &hour) || !take_number(&p, 2, '\0', 0, 59, &minute))
		return false;
	if (*p == ':' && (p++, !take_number(&p, 2, '\0', 0, 59, &second)))
		return false;
	if (!take_zone(&p, &east) || *p != '\0')
		return false;
	*ms = ((days_of(year, month, day) * 24 + hour) * 60 + minute) * 60000 +
	      (second - east) * INT64_C(1000);
	return true;
}

/* With its zone: the daemon's is not the user's. */
static char *set_at(struct directives *d, enum kind kind, const char *value)
{
	(void)kind;
	return take_time(value, &d->at_ms)
		   ? NULL
		   : xstrdup("write a time with its zone, such as 2026-11-30T02:00Z or "
			     "2026-11-30T03:00:00+01:00");
}

static char *set_delay(struct directives *d, enum kind kind, const char *value)
{
	(void)kind;
	if (str_to_duration_ms(value, &d->delay_ms) != 0 || d->delay_ms < 1 ||
	    d->delay_ms > TIMEOUT_MS_MAX)
		return xstrdup("write a number with a unit, such as 90s, 10m or 2h, from 1ms to "
			       "365d");
	return NULL;
}

/* Whether the pool leaves the choice is seen later. */
static char *set_isolation(struct directives *d, enum kind kind, const char *value)
{
	(void)kind;
	if (!str_eq(value, "shared") && !str_eq(value, "fresh"))
		return xstrdup("write isolation=shared or isolation=fresh");
	d->isolation = str_eq(value, "fresh") ? ISOLATION_FRESH : ISOLATION_SHARED;
	return NULL;
}

/* It goes into lists of one line each, and into Spark's pages. */
static char *set_name(struct directives *d, enum kind kind, const char *value)
{
	(void)kind;
	if (*value == '\0')
		return xstrdup("it is empty; write name=WORD or name=\"SEVERAL WORDS\"");
	if (strlen(value) > DIRECTIVE_NAME_BYTES_MAX || strchr(value, '\t') != NULL)
		return xasprintf(
		    "a name has at most %d bytes and no tabs", DIRECTIVE_NAME_BYTES_MAX);
	d->name = xstrdup(value);
	return NULL;
}

static char *set_on_unknown(struct directives *d, enum kind kind, const char *value)
{
	(void)kind;
	if (!str_eq(value, "stop") && !str_eq(value, "rerun"))
		return xstrdup("write on_unknown=stop or on_unknown=rerun");
	d->on_unknown = str_eq(value, "rerun") ? ON_UNKNOWN_RERUN : ON_UNKNOWN_STOP;
	return NULL;
}

/* Whether there is one is seen when the configuration is at hand. */
static char *set_pool(struct directives *d, enum kind kind, const char *value)
{
	(void)kind;
	if (*value == '\0')
		return xstrdup("it is empty; write the name of a pool");
	d->pool = xstrdup(value);
	return NULL;
}

/* '+' for those who think of it as more or less than usual. */
static char *set_priority(struct directives *d, enum kind kind, const char *value)
{
	const char *digits = *value == '+' ? value + 1 : value;
	int64_t n = 0;

	(void)kind;
	if ((digits != value && *digits == '-') ||
	    str_to_i64(digits, -DIRECTIVE_PRIORITY_MAX, DIRECTIVE_PRIORITY_MAX, &n) != 0)
		return xasprintf("write a whole number from -%d to %d; the larger the sooner",
		    DIRECTIVE_PRIORITY_MAX, DIRECTIVE_PRIORITY_MAX);
	d->priority = (int)n;
	return NULL;
}

/* Scala and R are always sent as they are: there is nothing to choose. */
static char *set_style(struct directives *d, enum kind kind, const char *value)
{
	static const char *const word[] = {
		[STYLE_RAW] = "raw", [STYLE_SCRIPT] = "script", [STYLE_NOTEBOOK] = "notebook"
	};

	if (kind != KIND_PYSPARK && kind != KIND_SQL)
		return xstrdup("only .py and .sql files have a style");
	for (size_t i = 0; i < ARRAY_LEN(word); i++) {
		if (!str_eq(value, word[i]) || (i == STYLE_NOTEBOOK && kind != KIND_PYSPARK))
			continue;
		d->style = (enum conf_style)i;
		return NULL;
	}
	return xasprintf(
	    "write style=script%s or style=raw", kind == KIND_PYSPARK ? ", style=notebook" : "");
}

static char *set_timeout(struct directives *d, enum kind kind, const char *value)
{
	int64_t ms = CONF_NEVER;

	(void)kind;
	if (!str_eq(value, "never") &&
	    (str_to_duration_ms(value, &ms) != 0 || ms < TIMEOUT_MS_MIN || ms > TIMEOUT_MS_MAX))
		return xstrdup("write a number with a unit, such as 90s, 10m or 2h, from 100ms to "
			       "365d, or never");
	d->timeout_ms = ms;
	return NULL;
}

struct key {
	const char *word;
	char *(*set)(struct directives *d, enum kind kind, const char *value);
};

static const struct key keys[KEY_COUNT] = {
	[KEY_AFTER] = { "after", set_after },
	[KEY_AFTER_ANY] = { "after_any", set_after_any },
	[KEY_ARGS] = { "args", set_args },
	[KEY_AT] = { "at", set_at },
	[KEY_DELAY] = { "delay", set_delay },
	[KEY_ISOLATION] = { "isolation", set_isolation },
	[KEY_NAME] = { "name", set_name },
	[KEY_ON_UNKNOWN] = { "on_unknown", set_on_unknown },
	[KEY_POOL] = { "pool", set_pool },
	[KEY_PRIORITY] = { "priority", set_priority },
	[KEY_STYLE] = { "style", set_style },
	[KEY_TIMEOUT] = { "timeout", set_timeout },
};

const char *directive_word(enum conf_key key)
{
	assert(key < KEY_COUNT);
	return keys[key].word;
}

/* The keys of a mask, in one line; free() it. */
static char *list_keys(unsigned mask)
{
	struct buf out;

	buf_init(&out, KNOWN_BYTES_MAX);
	for (size_t k = 0; k < KEY_COUNT; k++) {
		if ((mask & CONF_ALLOW(k)) != 0)
			buf_addf(&out, "%s%s", out.len == 0 ? "" : ", ", keys[k].word);
	}
	buf_adds(&out, out.len == 0 ? "none" : "");
	return buf_steal(&out, NULL);
}

/* A third of its letters wrong: that is still the same word. */
static char *unknown_key(const char *key)
{
	int best = (int)(strlen(key) + 2) / 3 + 1;
	const char *nearest = NULL;

	for (size_t k = 0; k < KEY_COUNT; k++) {
		int distance = str_distance(key, keys[k].word);
		if (distance < best) {
			best = distance;
			nearest = keys[k].word;
		}
	}
	char *known = list_keys(~0u);
	char *why = nearest != NULL
			? xasprintf("this key is not known; did you mean '%s'? Known are %s",
			      nearest, known)
			: xasprintf("this key is not known; known are %s", known);
	free(known);
	return why;
}

char *directive_take(struct directives *d, enum kind kind, unsigned line, const char *word)
{
	const char *equals = strchr(word, '=');
	size_t k = 0;

	if (equals == NULL)
		return xstrdup("write KEY=VALUE, without blanks around the '='");
	char *name = xstrndup(word, (size_t)(equals - word));
	char *why = NULL;
	while (k < KEY_COUNT && !str_eq(name, keys[k].word))
		k++;
	if (k == KEY_COUNT) {
		why = unknown_key(name);
	} else if ((d->has & CONF_ALLOW(k)) != 0) {
		why = xasprintf("'%s' stands in line %u already; remove one", name, d->line[k]);
	} else {
		d->has |= CONF_ALLOW(k);
		d->line[k] = line;
		why = keys[k].set(d, kind, equals + 1);
	}
	free(name);
	return why;
}

char *directive_warning(const struct directives *d)
{
	if (d->late_line == 0)
		return NULL;
	return xasprintf(
	    "line %u begins with 'sparkspool:' and is not read: such lines stand before "
	    "the first line of code, and among the first %d lines and %d KiB",
	    d->late_line, DIRECTIVE_LINES_MAX, DIRECTIVE_HEAD_BYTES_MAX / 1024);
}

void directive_fini(struct directives *d)
{
	for (size_t i = 0; i < d->arg_count; i++)
		free(d->args[i]);
	for (size_t i = 0; i < d->after_count; i++)
		free(d->after[i].name);
	free(d->after);
	free(d->args);
	free(d->name);
	free(d->pool);
	*d = (struct directives){ 0 };
}
