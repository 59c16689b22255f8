/* directiveapply: what a file says of itself, laid over the rules of its spool. */
#include "base/buf.h"
#include "core/directive.h"
#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TEXT_BYTES_MAX 1024

/* What is asked; all borrowed. */
struct ask {
	const struct conf *c;
	const struct conf_spool *spool;
	enum kind kind;
	const struct directives *d;
	struct directive_terms *t;
	struct directive_error *e;
};

static bool has(const struct ask *a, enum conf_key key)
{
	return (a->d->has & CONF_ALLOW(key)) != 0;
}

/* Always false, for `return refuse(...)`. key is the one to blame, KEY_COUNT when the file says
 * nothing that could be. */
static bool refuse(const struct ask *a, enum conf_key key, const char *fmt, ...) PRINTF_LIKE(3, 4);

static bool refuse(const struct ask *a, enum conf_key key, const char *fmt, ...)
{
	struct buf text;
	char what[TEXT_BYTES_MAX];
	va_list ap;

	assert(a->e->text == NULL);
	va_start(ap, fmt);
	int n = vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	assert(n >= 0);
	buf_init(&text, 2 * TEXT_BYTES_MAX);
	a->e->line = key == KEY_COUNT ? 0 : a->d->line[key];
	if (key != KEY_COUNT)
		buf_addf(&text, "line %u, '%s': ", a->e->line, directive_word(key));
	buf_adds(&text, what);
	a->e->text = buf_steal(&text, NULL);
	return false;
}

/* The words of a mask; free() it. */
static char *words_of(unsigned mask)
{
	struct buf out;

	buf_init(&out, TEXT_BYTES_MAX);
	for (enum conf_key k = 0; k < KEY_COUNT; k++) {
		if ((mask & CONF_ALLOW(k)) != 0)
			buf_addf(&out, "%s%s", out.len == 0 ? "" : ", ", directive_word(k));
	}
	buf_adds(&out, out.len == 0 ? "nothing" : "");
	return buf_steal(&out, NULL);
}

/* The key in the file's first line that has one too many. */
static bool check_allowed(const struct ask *a)
{
	enum conf_key first = KEY_COUNT;

	for (enum conf_key k = 0; k < KEY_COUNT; k++) {
		if (has(a, k) && (a->spool->allow & CONF_ALLOW(k)) == 0 &&
		    (first == KEY_COUNT || a->d->line[k] < a->d->line[first]))
			first = k;
	}
	if (first == KEY_COUNT)
		return true;
	char *allowed = words_of(a->spool->allow);
	(void)refuse(a, first,
	    "files of this spool may not set it; the setting spool.%s.allow of the configuration "
	    "allows %s",
	    a->spool->name, allowed);
	free(allowed);
	return false;
}

/* The runner's code is only read where a spool needs it; a file alone cannot call for it. */
static bool apply_style(const struct ask *a)
{
	struct directive_terms *t = a->t;

	t->style = a->kind == KIND_PYSPARK ? a->spool->python
		   : a->kind == KIND_SQL   ? a->spool->sql
					   : STYLE_RAW;
	if (has(a, KEY_STYLE))
		t->style = a->d->style;
	if (t->style != STYLE_RAW && a->c->runner_code == NULL)
		return refuse(a, has(a, KEY_STYLE) ? KEY_STYLE : KEY_COUNT,
		    "this needs the runner, which is only there when the configuration has a "
		    "spool with python or sql other than \"raw\"");
	return true;
}

/* Arguments that nobody would ever see are a mistake of whoever wrote them. */
static bool apply_args(const struct ask *a)
{
	a->t->args = a->d->args;
	a->t->arg_count = a->d->arg_count;
	if (has(a, KEY_ARGS) && a->t->style == STYLE_RAW)
		return refuse(a, KEY_ARGS,
		    "a file that is sent raw has no arguments; set style=script, here or as "
		    "spool.%s.python of the configuration",
		    a->spool->name);
	return true;
}

/* The number of the pool, or the count of all. */
static size_t find_pool(const struct conf *c, const char *name)
{
	size_t i = 0;

	while (i < c->pool_count && (c->pool[i].removed || !str_eq(c->pool[i].name, name)))
		i++;
	return i;
}

static bool is_owners(const struct conf_pool *p)
{
	return str_eq(p->session.proxy_user, "%owner");
}

/* Files that run as their owner are read with more care (who may write them, and their directory).
 * That depends on the spool's own pool, for the reading comes before the directives. */
static bool check_identity(const struct ask *a, const struct conf_pool *p)
{
	if (!is_owners(p) || is_owners(&a->c->pool[a->spool->pool]))
		return true;
	return refuse(a, KEY_POOL,
	    "pool %s runs files as their owners, and this spool's own pool does not: its files "
	    "are not checked for that",
	    p->name);
}

static bool apply_pool(const struct ask *a)
{
	static const char *const suffix[KIND_COUNT] = { [KIND_PYSPARK] = ".py",
		[KIND_SPARK] = ".scala",
		[KIND_SQL] = ".sql",
		[KIND_SPARKR] = ".R" };

	a->t->pool = has(a, KEY_POOL) ? find_pool(a->c, a->d->pool) : a->spool->pool;
	if (a->t->pool == a->c->pool_count)
		return refuse(a, KEY_POOL, "the configuration has no pool of that name");
	const struct conf_pool *p = &a->c->pool[a->t->pool];
	if (p->warm[a->kind] < 0)
		return refuse(a, has(a, KEY_POOL) ? KEY_POOL : KEY_COUNT,
		    "pool %s does not serve %s files; the setting pool.%s.warm of the "
		    "configuration says which it serves",
		    p->name, suffix[a->kind], p->name);
	return check_identity(a, p);
}

/* As it would be written in the configuration; free() it. */
static char *duration_of(int64_t ms)
{
	static const struct {
		int64_t ms;
		const char *name;
	} unit[] = { { 86400000, "d" }, { 3600000, "h" }, { 60000, "m" }, { 1000, "s" },
		{ 1, "ms" } };
	size_t i = 0;

	while (ms % unit[i].ms != 0)
		i++;
	return xasprintf("%lld%s", (long long)(ms / unit[i].ms), unit[i].name);
}

/* A file may always come later than others. */
static bool apply_priority(const struct ask *a)
{
	a->t->priority = has(a, KEY_PRIORITY) ? a->d->priority : a->spool->priority;
	if (!has(a, KEY_PRIORITY) || a->d->priority <= a->spool->priority_max)
		return true;
	return refuse(a, KEY_PRIORITY,
	    "it is higher than the setting spool.%s.priority_max, which is %d", a->spool->name,
	    a->spool->priority_max);
}

/* The spool's own is what the administrator can live with; there is no telling what for. */
static bool apply_timeout(const struct ask *a)
{
	int64_t own = a->spool->timeout_ms;
	int64_t asked = a->d->timeout_ms;

	a->t->timeout_ms = has(a, KEY_TIMEOUT) ? asked : own;
	if (!has(a, KEY_TIMEOUT) || own == CONF_NEVER || (asked != CONF_NEVER && asked <= own))
		return true;
	char *limit = duration_of(own);
	(void)refuse(a, KEY_TIMEOUT,
	    "it is longer than the setting spool.%s.timeout, which is %s; a file can only shorten "
	    "that",
	    a->spool->name, limit);
	free(limit);
	return false;
}

/* A pool that keeps files apart does so for the others' sake, too. */
static bool apply_isolation(const struct ask *a)
{
	const struct conf_pool *p = &a->c->pool[a->t->pool];

	a->t->isolation = has(a, KEY_ISOLATION) ? a->d->isolation : p->isolation;
	if (p->isolation == ISOLATION_SHARED || a->t->isolation == ISOLATION_FRESH)
		return true;
	return refuse(a, KEY_ISOLATION,
	    "pool %s gives each file a session of its own (pool.%s.isolation); a file can only "
	    "ask for that, not refuse it",
	    p->name, p->name);
}

bool directive_apply(const struct conf *c, size_t spool, enum kind kind, const struct directives *d,
    struct directive_terms *t, struct directive_error *e)
{
	assert(spool < c->spool_count);
	const struct conf_spool *s = &c->spool[spool];
	const struct ask a = { .c = c, .spool = s, .kind = kind, .d = d, .t = t, .e = e };

	assert(s->pool < c->pool_count);
	*e = (struct directive_error){ 0 };
	*t = (struct directive_terms){
		.on_unknown = has(&a, KEY_ON_UNKNOWN) ? d->on_unknown : s->on_unknown,
		.name = d->name,
	};
	return check_allowed(&a) && apply_priority(&a) && apply_style(&a) && apply_args(&a) &&
	       apply_pool(&a) && apply_timeout(&a) && apply_isolation(&a);
}
