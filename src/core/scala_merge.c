/* scala_merge: definitions of a Scala file that only work when they are compiled together. */
#include "core/scala_int.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define NONE UINT32_MAX
#define PROBES_MAX 64	/* names that collide on purpose are not worth more */
#define NAMESAKES_MAX 4 /* of one name in a row, looked at for a clash */

/* Only what is defined without running anything can be moved together: the values between two
 * definitions may use the first and make Spark run, and that fails while the whole is set up. */
struct merge {
	struct bytes file;
	struct scala_split *s;
	uint32_t *slot; /* of a name: the first piece that defines it */
	size_t slots;
	uint32_t *last; /* of a slot */
	uint32_t *next; /* of a piece: the next one of the same name */
	uint32_t *run; /* of a piece: definitions without anything else between share it; 0: none */
	uint32_t *reach; /* of a piece: the last one that it must be compiled with */
};

static bool is_definition(const struct scala_piece *p)
{
	return p->kind == PIECE_DEF || p->kind == PIECE_TYPE || p->kind == PIECE_CLASS ||
	       p->kind == PIECE_OBJECT;
}

/* ---- names ----------------------------------------------------------------------------------- */

static uint32_t hash(const char *p, size_t n)
{
	uint32_t h = 2166136261u;

	assert(n > 0);
	for (size_t i = 0; i < n; i++)
		h = (h ^ (unsigned char)p[i]) * 16777619u;
	return h;
}

static bool has_name(const struct merge *m, uint32_t piece, const char *p, size_t n)
{
	const struct scala_piece *q = &m->s->piece[piece];

	return q->name_bytes == n && memcmp(m->file.p + q->name, p, n) == 0;
}

/* The slot of the name, or an empty one; SIZE_MAX: too many others are there. */
static size_t find_slot(const struct merge *m, const char *p, size_t n)
{
	size_t at = hash(p, n) & (m->slots - 1);

	for (size_t i = 0; i < PROBES_MAX; i++) {
		if (m->slot[at] == NONE || has_name(m, m->slot[at], p, n))
			return at;
		at = (at + 1) & (m->slots - 1);
	}
	return SIZE_MAX;
}

static void add_name(struct merge *m, uint32_t piece)
{
	const struct scala_piece *q = &m->s->piece[piece];
	size_t at = find_slot(m, m->file.p + q->name, q->name_bytes);

	if (at == SIZE_MAX)
		return;
	if (m->slot[at] == NONE)
		m->slot[at] = piece;
	else
		m->next[m->last[at]] = piece;
	m->last[at] = piece;
}

static uint32_t *numbers(struct arena *a, size_t count, uint32_t value)
{
	uint32_t *n = arena_calloc(a, count, sizeof(*n));

	for (size_t i = 0; i < count; i++)
		n[i] = value;
	return n;
}

static void init(struct merge *m, struct arena *a, struct bytes file, struct scala_split *s)
{
	uint32_t run = 1;

	*m = (struct merge){ .file = file, .s = s, .slots = 2 };
	while (m->slots < s->pieces * 2)
		m->slots *= 2;
	m->slot = numbers(a, m->slots, NONE);
	m->last = numbers(a, m->slots, NONE);
	m->next = numbers(a, s->pieces, NONE);
	m->run = numbers(a, s->pieces, 0);
	m->reach = numbers(a, s->pieces, 0);
	for (uint32_t i = 0; i < s->pieces; i++) {
		m->reach[i] = i;
		if (s->piece[i].name_bytes > 0)
			add_name(m, i);
		if (is_definition(&s->piece[i]) || s->piece[i].kind == PIECE_IMPORT)
			m->run[i] = run;
		else
			run++;
	}
}

static bool in_one_run(const struct merge *m, uint32_t i, uint32_t k)
{
	return m->run[i] != 0 && m->run[i] == m->run[k];
}

/* ---- who needs whom -------------------------------------------------------------------------- */

static bool are_companions(const struct scala_piece *p, const struct scala_piece *q)
{
	return (p->kind == PIECE_CLASS && q->kind == PIECE_OBJECT) ||
	       (p->kind == PIECE_OBJECT && q->kind == PIECE_CLASS);
}

static struct bytes head_of(const struct merge *m, const struct scala_piece *p)
{
	uint32_t from = p->name + p->name_bytes;

	assert(p->head_end >= from);
	return (struct bytes){ m->file.p + from, p->head_end - from };
}

/* Two of a name with other parameters. Both with defaults the compiler would refuse. */
static bool are_overloads(
    const struct merge *m, const struct scala_piece *p, const struct scala_piece *q)
{
	if (p->kind != PIECE_DEF || q->kind != PIECE_DEF)
		return false;
	struct bytes a = head_of(m, p);
	struct bytes b = head_of(m, q);
	if (memchr(a.p, '=', a.n) && memchr(b.p, '=', b.n))
		return false;
	return a.n != b.n || memcmp(a.p, b.p, a.n) != 0;
}

static void need(struct merge *m, uint32_t i, uint32_t k)
{
	assert(i < k && in_one_run(m, i, k));
	if (m->reach[i] < k)
		m->reach[i] = k;
}

static void need_namesakes(struct merge *m)
{
	for (uint32_t i = 0; i < m->s->pieces; i++) {
		uint32_t k = m->next[i];

		if (k == NONE || !in_one_run(m, i, k))
			continue;
		const struct scala_piece *p = &m->s->piece[i];
		const struct scala_piece *q = &m->s->piece[k];
		if (are_companions(p, q) || are_overloads(m, p, q))
			need(m, i, k);
	}
}

/* A name that is defined further below, and nowhere above. One that means something else here, a
 * parameter say, does no harm: compiled together the definitions mean the same. */
static void need_mentioned(struct merge *m, uint32_t i, const struct scala_token *t)
{
	size_t at = find_slot(m, m->file.p + t->at, t->end - t->at);
	uint32_t k = at == SIZE_MAX ? NONE : m->slot[at];

	if (k != NONE && k > i && in_one_run(m, i, k))
		need(m, i, k);
}

/* The pieces from first to last are a run. */
static void need_below(struct merge *m, struct scala_lex *l, uint32_t first, uint32_t last)
{
	const struct scala_piece *p = m->s->piece;
	uint32_t base = p[first].at;
	struct bytes text = { m->file.p, p[last].end };
	struct scala_token t;
	bool member = false;
	uint32_t i = first;

	scala_lex_init(l, text);
	l->at = base;
	for (scala_lex_next(l, &t); t.sort != SCALA_EOF; scala_lex_next(l, &t)) {
		while (i < last && t.at >= p[i + 1].at)
			i++;
		if (t.sort == SCALA_NAME && !member)
			need_mentioned(m, i, &t);
		member = t.sort == SCALA_POINT;
	}
}

static void need_all_below(struct merge *m, struct arena *a)
{
	struct scala_lex *l = arena_calloc(a, 1, sizeof(*l));
	uint32_t pieces = (uint32_t)m->s->pieces;

	for (uint32_t i = 0; i < pieces; i++) {
		uint32_t last = i;

		while (last + 1 < pieces && in_one_run(m, i, last + 1))
			last++;
		if (last > i)
			need_below(m, l, i, last);
		i = last;
	}
}

/* ---- together -------------------------------------------------------------------------------- */

static bool in_types(const struct scala_piece *p)
{
	return p->kind == PIECE_CLASS || p->kind == PIECE_TYPE;
}

/* What the compiler would refuse side by side: the later one was meant to replace the earlier. */
static bool clash(const struct merge *m, uint32_t i, uint32_t last)
{
	const struct scala_piece *p = &m->s->piece[i];
	uint32_t k = m->next[i];

	for (unsigned n = 0; n < NAMESAKES_MAX && k != NONE && k <= last; n++) {
		const struct scala_piece *q = &m->s->piece[k];

		if (in_types(p) == in_types(q) && !are_overloads(m, p, q))
			return true;
		k = m->next[k];
	}
	return false;
}

static void join(struct merge *m, uint32_t first, uint32_t last)
{
	assert(first < last && last < m->s->pieces);
	for (uint32_t i = first; i < last; i++)
		if (clash(m, i, last))
			return;
	for (uint32_t i = first + 1; i <= last; i++) {
		struct scala_gap *gap = &m->s->gap[m->s->piece[i].gap];

		assert(gap->how == GAP_BREAK);
		gap->how = GAP_JOIN;
	}
}

static void join_all(struct merge *m)
{
	for (uint32_t i = 0; i < m->s->pieces; i++) {
		uint32_t last = m->reach[i];

		for (uint32_t k = i; k <= last; k++)
			last = m->reach[k] > last ? m->reach[k] : last;
		if (last > i)
			join(m, i, last);
		i = last;
	}
}

/* ---- what stays apart ------------------------------------------------------------------------ */

static const char *parted(struct merge *m, struct arena *a)
{
	for (uint32_t i = 0; i < m->s->pieces; i++) {
		uint32_t k = m->next[i];
		const struct scala_piece *p = &m->s->piece[i];

		if (k == NONE || in_one_run(m, i, k) || !are_companions(p, &m->s->piece[k]))
			continue;
		return arena_printf(a,
		    "line %u: the %s %.*s is not beside its %s of line %u: the interpreter "
		    "compiles them apart, so they are no companions; put them together",
		    m->s->piece[k].line, p->kind == PIECE_CLASS ? "object" : "class",
		    p->name_bytes > 60 ? 60 : (int)p->name_bytes, m->file.p + p->name,
		    p->kind == PIECE_CLASS ? "class" : "object", p->line);
	}
	return NULL;
}

const char *scala_merge(struct arena *a, struct bytes file, struct scala_split *s)
{
	struct merge m;

	init(&m, a, file, s);
	need_namesakes(&m);
	need_all_below(&m, a);
	join_all(&m);
	return parted(&m, a);
}
