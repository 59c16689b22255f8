/* table: what a server shows as rows and columns becomes CSV by RFC 4180. */
#include "core/table.h"
#include "core/jsontext.h"
#include <assert.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#define COLUMNS_MAX 2000 /* of a list of objects: more is no table, and would square its size */

/* A CSV text on its way. */
struct csv {
	struct buf *out;
	struct buf scratch; /* a field before it is quoted */
	bool first;	    /* nothing in this line yet */
};

static void csv_init(struct csv *c, struct buf *out, size_t field_bytes_max)
{
	*c = (struct csv){ .out = out, .first = true };
	buf_init(&c->scratch, field_bytes_max);
}

static void csv_fini(struct csv *c)
{
	buf_fini(&c->scratch);
}

static void csv_end_line(struct csv *c)
{
	(void)buf_adds(c->out, "\r\n");
	c->first = true;
}

static void add_separator(struct csv *c)
{
	if (!c->first)
		(void)buf_addc(c->out, ',');
	c->first = false;
}

/* Spaces at the ends are quoted as well: some readers trim what is not. */
static bool needs_quotes(const char *p, size_t n)
{
	if (n == 0 || p[0] == ' ' || p[n - 1] == ' ')
		return true;
	for (size_t i = 0; i < n; i++)
		if (p[i] == ',' || p[i] == '"' || p[i] == '\r' || p[i] == '\n')
			return true;
	return false;
}

static void add_quoted(struct buf *out, const char *p, size_t n)
{
	(void)buf_addc(out, '"');
	while (n > 0) {
		const char *quote = memchr(p, '"', n);
		size_t len = quote ? (size_t)(quote + 1 - p) : n;

		(void)buf_add(out, p, len);
		if (quote)
			(void)buf_addc(out, '"');
		p += len;
		n -= len;
	}
	(void)buf_addc(out, '"');
}

static void csv_add_text(struct csv *c, const char *p, size_t n)
{
	add_separator(c);
	if (needs_quotes(p, n))
		add_quoted(c->out, p, n);
	else
		(void)buf_add(c->out, p, n);
}

static void csv_add_name(struct csv *c, const char *name)
{
	csv_add_text(c, name, strlen(name));
}

/* NULL is the one field without a character; an empty string gets its quotes below. */
static void csv_add_value(struct csv *c, struct bytes value)
{
	buf_reset(&c->scratch);
	switch (jsontext_type(value)) {
	case '\0':
	case 'n':
		add_separator(c);
		return;
	case '"':
		jsontext_add_string(&c->scratch, value);
		break;
	case '{':
	case '[':
		jsontext_add_compact(&c->scratch, value);
		break;
	default: /* numbers and booleans */
		(void)buf_add(&c->scratch, value.p, value.n);
		break;
	}
	assert(!c->scratch.full);
	csv_add_text(c, c->scratch.data ? c->scratch.data : "", c->scratch.len);
}

/* ---- rows ------------------------------------------------------------------------------------ */

static size_t count_of(struct bytes list)
{
	struct jsontext it;
	struct bytes value;
	size_t n = 0;

	(void)jsontext_open(&it, list);
	while (jsontext_next(&it, NULL, &value))
		n++;
	return n;
}

/* A row of another length means that this is no table: nothing of it may be lost or shifted. */
static bool add_row(struct csv *c, struct bytes row, size_t columns)
{
	struct jsontext it;
	struct bytes value;
	size_t n = 0;

	if (jsontext_type(row) != '[')
		return false;
	(void)jsontext_open(&it, row);
	while (jsontext_next(&it, NULL, &value)) {
		csv_add_value(c, value);
		n++;
	}
	csv_end_line(c);
	return n == columns && !c->out->full;
}

static bool add_rows(struct csv *c, struct bytes list, struct table *t)
{
	struct jsontext it;
	struct bytes row;

	if (jsontext_type(list) != '[')
		return false;
	(void)jsontext_open(&it, list);
	while (jsontext_next(&it, NULL, &row)) {
		if (!add_row(c, row, t->columns))
			return false;
		t->rows++;
	}
	return true;
}

/* The line of names, from a list of objects that have a `name` each. */
/* No names at all is no mistake: what a DDL statement answers has none. */
static bool add_header(struct csv *c, struct bytes list, struct table *t)
{
	struct jsontext it;
	struct bytes field;

	if (jsontext_type(list) != '[')
		return false;
	(void)jsontext_open(&it, list);
	while (jsontext_next(&it, NULL, &field)) {
		struct bytes name = jsontext_member(field, "name");

		if (jsontext_type(name) != '"')
			return false;
		csv_add_value(c, name);
		t->columns++;
	}
	if (t->columns > 0)
		csv_end_line(c);
	return true;
}

/* Scala has no arrays of mixed types at the top, Python's lists come as they are: without names
 * the columns are called what Spark calls those of a tuple. */
static bool add_lists(struct csv *c, struct bytes list, struct table *t)
{
	struct jsontext it;
	struct bytes row;

	(void)jsontext_open(&it, list);
	if (!jsontext_next(&it, NULL, &row))
		return false;
	t->columns = count_of(row);
	if (t->columns == 0)
		return false;
	for (size_t i = 1; i <= t->columns; i++) {
		char name[24];
		struct buf b;

		buf_init(&b, sizeof(name));
		(void)buf_addf(&b, "_%zu", i);
		csv_add_name(c, b.data);
		buf_fini(&b);
	}
	csv_end_line(c);
	return add_rows(c, list, t);
}

/* A list among them would be one row of many cells: then it is no list of scalars. */
static bool add_scalars(struct csv *c, struct bytes list, struct table *t)
{
	struct jsontext it;
	struct bytes value;

	csv_add_name(c, "value");
	csv_end_line(c);
	t->columns = 1;
	(void)jsontext_open(&it, list);
	while (jsontext_next(&it, NULL, &value)) {
		if (*value.p == '[' || *value.p == '{')
			return false;
		csv_add_value(c, value);
		csv_end_line(c);
		t->rows++;
	}
	return true;
}

/* ---- objects --------------------------------------------------------------------------------- */

/* Their columns: the names as they are spelled in JSON, which are free of NUL, with their places. */
struct columns {
	json_t *place;
	struct bytes *name;
	size_t count;
};

static void columns_fini(struct columns *k)
{
	json_decref(k->place);
	free(k->name);
}

/* The place of a column by its quoted name, or COLUMNS_MAX. */
static size_t columns_find(const struct columns *k, struct bytes key)
{
	char *spelled = xstrndup(key.p + 1, key.n - 2);
	const json_t *v = json_object_get(k->place, spelled);

	free(spelled);
	return v ? (size_t)json_integer_value(v) : COLUMNS_MAX;
}

static bool columns_add(struct columns *k, struct bytes key)
{
	if (k->count == COLUMNS_MAX)
		return false;
	char *spelled = xstrndup(key.p + 1, key.n - 2);
	int rc = json_object_set_new(k->place, spelled, json_integer((json_int_t)k->count));
	free(spelled);
	if (rc < 0)
		return false; /* not UTF-8: not a text that livy_parse() has accepted */
	k->name = xrealloc(k->name, (k->count + 1) * sizeof(*k->name));
	k->name[k->count++] = key;
	return true;
}

/* False when an element is no object, or there are too many columns. */
static bool columns_collect(struct columns *k, struct bytes list)
{
	struct jsontext rows;
	struct jsontext members;
	struct bytes row;
	struct bytes key;
	struct bytes value;

	(void)jsontext_open(&rows, list);
	while (jsontext_next(&rows, NULL, &row)) {
		if (jsontext_type(row) != '{')
			return false;
		(void)jsontext_open(&members, row);
		while (jsontext_next(&members, &key, &value))
			if (columns_find(k, key) == COLUMNS_MAX && !columns_add(k, key))
				return false;
	}
	return k->count > 0;
}

static void add_object(struct csv *c, const struct columns *k, struct bytes row, struct bytes *cell)
{
	struct jsontext members;
	struct bytes key;
	struct bytes value;

	memset(cell, 0, k->count * sizeof(*cell));
	(void)jsontext_open(&members, row);
	while (jsontext_next(&members, &key, &value)) {
		size_t place = columns_find(k, key);

		assert(place < k->count);
		cell[place] = value;
	}
	for (size_t i = 0; i < k->count; i++)
		csv_add_value(c, cell[i]);
	csv_end_line(c);
}

/* Twice over the list: the first line needs the names of all objects. */
static bool add_objects(struct csv *c, struct bytes list, struct table *t)
{
	struct columns k = { .place = json_object() };
	struct bytes *cell = NULL;
	struct jsontext rows;
	struct bytes row;
	bool ok = columns_collect(&k, list);

	if (!ok)
		goto out;
	cell = xcalloc(k.count, sizeof(*cell));
	t->columns = k.count;
	for (size_t i = 0; i < k.count; i++)
		csv_add_value(c, k.name[i]);
	csv_end_line(c);
	(void)jsontext_open(&rows, list);
	while (jsontext_next(&rows, NULL, &row) && !c->out->full) {
		add_object(c, &k, row, cell);
		t->rows++;
	}
out:
	free(cell);
	columns_fini(&k);
	return ok;
}

/* ---- forms ----------------------------------------------------------------------------------- */

static bool add_named(struct csv *c, struct bytes names, struct bytes data, struct table *t)
{
	return add_header(c, names, t) && add_rows(c, data, t);
}

static bool has_type(struct bytes fields, const char *prefix)
{
	struct jsontext it;
	struct bytes field;
	size_t n = strlen(prefix);

	(void)jsontext_open(&it, fields);
	while (jsontext_next(&it, NULL, &field)) {
		struct bytes type = jsontext_member(field, "type");

		if (jsontext_type(type) == '"' && type.n > n && memcmp(type.p + 1, prefix, n) == 0)
			return true;
	}
	return false;
}

static bool add_json(struct csv *c, struct bytes value, struct table *t)
{
	struct jsontext it;
	struct bytes first;

	if (jsontext_type(value) == '{') {
		struct bytes fields = jsontext_member(jsontext_member(value, "schema"), "fields");

		t->sql = true;
		t->decimals = has_type(fields, "decimal");
		t->doubles = has_type(fields, "double") || has_type(fields, "float");
		return add_named(c, fields, jsontext_member(value, "data"), t);
	}
	if (jsontext_type(value) != '[')
		return false;
	(void)jsontext_open(&it, value);
	if (!jsontext_next(&it, NULL, &first))
		return false;
	if (*first.p == '{')
		return add_objects(c, value, t);
	return *first.p == '[' ? add_lists(c, value, t) : add_scalars(c, value, t);
}

/* Half a table is none, so that nobody takes it for a whole one. */
static bool end(struct csv *c, bool ok, struct table *t)
{
	csv_fini(c);
	ok = ok && !c->out->full;
	if (!ok || t->columns == 0)
		buf_reset(c->out);
	return ok;
}

bool table_of_json(struct buf *csv, struct bytes value, struct table *t)
{
	struct csv c;

	assert(csv->len == 0);
	*t = (struct table){ 0 };
	csv_init(&c, csv, value.n);
	return end(&c, add_json(&c, value, t), t);
}

bool table_of_livy(struct buf *csv, struct bytes value, struct table *t)
{
	struct csv c;

	assert(csv->len == 0);
	*t = (struct table){ 0 };
	csv_init(&c, csv, value.n);
	return end(&c,
	    add_named(&c, jsontext_member(value, "headers"), jsontext_member(value, "data"), t), t);
}
