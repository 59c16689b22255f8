/* page_table: CSV by RFC 4180 becomes a table to be read. */
#include "core/page_int.h"
#include "core/text.h"
#include <assert.h>
#include <string.h>

#define ROWS_MAX 500
#define COLUMNS_MAX 100
#define CELL_BYTES_MAX 2048u

/* ---- CSV ------------------------------------------------------------------------------------- */

struct csv {
	const char *p;
	const char *end;
};

struct field {
	struct bytes raw; /* with its quotes */
	bool last;	  /* of its row */
	bool ended;	  /* and the row's end is there */
};

/* Behind the closing quote, or the end when there is none. */
static const char *skip_quoted(const char *p, const char *end)
{
	assert(*p == '"');
	for (p++; p < end; p++) {
		if (*p != '"')
			continue;
		if (p + 1 == end || p[1] != '"')
			return p + 1;
		p++;
	}
	return end;
}

static void next_field(struct csv *c, struct field *f)
{
	const char *p = c->p;

	if (p < c->end && *p == '"')
		p = skip_quoted(p, c->end);
	while (p < c->end && *p != ',' && *p != '\n')
		p++;
	f->raw = (struct bytes){ .p = c->p, .n = (size_t)(p - c->p) };
	f->ended = p < c->end && *p == '\n';
	f->last = f->ended || p == c->end;
	if (f->ended && f->raw.n > 0 && p[-1] == '\r')
		f->raw.n--;
	c->p = p + (p < c->end);
}

/* What the field says; of a very long one the beginning. */
static void unquote(struct buf *text, struct bytes raw)
{
	size_t n = raw.n < CELL_BYTES_MAX ? raw.n : CELL_BYTES_MAX;
	bool quoted = n > 0 && raw.p[0] == '"';

	buf_reset(text);
	for (size_t i = quoted; i < n; i++) {
		char c = raw.p[i];

		if (!quoted || c != '"') {
			(void)buf_addc(text, c);
		} else if (i + 1 < raw.n && raw.p[i + 1] == '"') {
			(void)buf_addc(text, c);
			i++;
		} else {
			quoted = false;
		}
	}
}

/* ---- numbers --------------------------------------------------------------------------------- */

static size_t digits(struct bytes b, size_t at)
{
	size_t n = 0;

	while (at + n < b.n && b.p[at + n] >= '0' && b.p[at + n] <= '9')
		n++;
	return n;
}

static bool is_word(struct bytes b, const char *word)
{
	return b.n == strlen(word) && memcmp(b.p, word, b.n) == 0;
}

static bool is_number(struct bytes b)
{
	size_t at = b.n > 0 && (b.p[0] == '-' || b.p[0] == '+');
	size_t n = digits(b, at);

	if (is_word(b, "NaN") || is_word(b, "Infinity") || is_word(b, "-Infinity"))
		return true;
	at += n;
	if (at < b.n && b.p[at] == '.') {
		size_t fraction = digits(b, at + 1);

		n += fraction;
		at += 1 + fraction;
	}
	if (n == 0)
		return false;
	if (at < b.n && (b.p[at] == 'e' || b.p[at] == 'E')) {
		at++;
		at += at < b.n && (b.p[at] == '-' || b.p[at] == '+');
		n = digits(b, at);
		at += n;
	}
	return n > 0 && at == b.n;
}

/* ---- what there is --------------------------------------------------------------------------- */

struct survey {
	struct bytes csv; /* as far as it is looked at */
	bool whole;
	size_t columns; /* that have a name */
	size_t rows;	/* that are complete, without the names */
	bool number[COLUMNS_MAX];
};

static void survey_field(struct survey *s, const struct field *f, size_t column, bool names)
{
	if (names) {
		s->columns++;
		return;
	}
	if (column < COLUMNS_MAX && f->raw.n > 0 && !is_number(f->raw))
		s->number[column] = false;
}

/* A row whose end is not there may go on behind what is at hand. */
static void survey_rows(struct survey *s)
{
	struct csv c = { .p = s->csv.p, .end = s->csv.p + s->csv.n };
	struct field f;
	bool names = true;

	while (c.p < c.end) {
		const struct survey before = *s;
		const char *row = c.p;
		size_t column = 0;

		do {
			next_field(&c, &f);
			survey_field(s, &f, column++, names);
		} while (!f.last);
		if (!f.ended && !s->whole) {
			*s = before;
			s->csv.n = (size_t)(row - s->csv.p);
			break;
		}
		s->rows += !names;
		names = false;
	}
}

static void survey_table(struct survey *s, const struct page_table *t)
{
	*s = (struct survey){ .csv = t->csv };
	if (s->csv.n > PAGE_HEAD_BYTES)
		s->csv.n = PAGE_HEAD_BYTES;
	s->whole = s->csv.n >= t->size_bytes;
	memset(s->number, true, sizeof(s->number));
	survey_rows(s);
}

/* ---- HTML ------------------------------------------------------------------------------------ */

static void add_cell_text(struct buf *b, struct buf *scratch, struct bytes raw)
{
	unquote(scratch, raw);
	struct bytes text = { .p = scratch->data ? scratch->data : "", .n = scratch->len };
	size_t shown = page_add_text(b, text, PAGE_BLOCK, CELL_BYTES_MAX);
	if (shown < text.n || raw.n > CELL_BYTES_MAX)
		(void)buf_adds(b, "<i>...</i>");
}

/* A field without a character is NULL, an empty string has its quotes. */
static void add_cell(struct buf *b, struct buf *scratch, struct bytes raw, bool number)
{
	(void)buf_adds(b, number ? "<td class=\"n\">" : "<td>");
	if (raw.n == 0)
		(void)buf_adds(b, "<i>NULL</i>");
	else
		add_cell_text(b, scratch, raw);
	(void)buf_adds(b, "</td>");
}

static void add_name(struct buf *b, struct buf *scratch, struct bytes raw, bool number)
{
	(void)buf_addf(b, "<th scope=\"col\"%s>", number ? " class=\"n\"" : "");
	add_cell_text(b, scratch, raw);
	(void)buf_adds(b, "</th>");
}

static void add_row(struct buf *b, struct csv *c, const struct survey *s, bool names)
{
	struct buf scratch;
	struct field f;
	size_t column = 0;

	buf_init(&scratch, CELL_BYTES_MAX + 1);
	(void)buf_adds(b, "<tr>");
	do {
		next_field(c, &f);
		bool number = column < COLUMNS_MAX && s->number[column];
		if (column++ >= COLUMNS_MAX)
			continue;
		if (names)
			add_name(b, &scratch, f.raw, number);
		else
			add_cell(b, &scratch, f.raw, number);
	} while (!f.last);
	(void)buf_adds(b, "</tr>\n");
	buf_fini(&scratch);
}

static size_t add_rows(struct buf *b, const struct survey *s)
{
	struct csv c = { .p = s->csv.p, .end = s->csv.p + s->csv.n };
	size_t start = b->len;
	size_t rows = 0;

	(void)buf_adds(b, "<thead>\n");
	add_row(b, &c, s, true);
	(void)buf_adds(b, "</thead>\n<tbody>\n");
	while (c.p < c.end && rows < ROWS_MAX && b->len - start < PAGE_PART_BYTES) {
		add_row(b, &c, s, false);
		rows++;
	}
	(void)buf_adds(b, "</tbody>\n");
	return rows;
}

static void add_caption(struct buf *b, const struct survey *s, int64_t rows)
{
	(void)buf_adds(b, "<caption>");
	if (rows >= 0)
		page_add_count(b, (uint64_t)rows, "row");
	else
		(void)buf_adds(b, "Rows");
	(void)buf_adds(b, ", ");
	page_add_count(b, s->columns, "column");
	(void)buf_adds(b, "</caption>\n");
}

static void add_note(
    struct buf *b, const struct survey *s, size_t shown, int64_t rows, const char *file)
{
	bool wide = s->columns > COLUMNS_MAX;
	bool more = rows < 0 || (uint64_t)rows > shown;

	if (!wide && !more)
		return;
	(void)buf_adds(b, "<p class=\"cut\">This is the beginning: ");
	page_add_count(b, shown, "row");
	(void)buf_adds(b, ", ");
	page_add_count(b, wide ? COLUMNS_MAX : s->columns, "column");
	if (file) {
		(void)buf_adds(b, ". All of it is in ");
		page_add_link(b, file);
	}
	(void)buf_adds(b, ".</p>\n");
}

/* Returns how many rows there are now. */
static size_t add_table(struct buf *b, const struct survey *s, int64_t rows)
{
	page_open_box(b, "table");
	(void)buf_adds(b, "<table>\n");
	add_caption(b, s, rows);
	size_t shown = add_rows(b, s);
	(void)buf_adds(b, "</table></div>\n");
	return shown;
}

void page_add_table(struct buf *b, const struct page_table *t)
{
	struct survey s;

	if (!t->csv.p)
		return;
	survey_table(&s, t);
	int64_t rows = t->rows < 0 && s.whole ? (int64_t)s.rows : t->rows;
	page_open_section(b, "table", "Table");
	(void)buf_adds(b, "<p class=\"meta\">");
	page_add_size(b, t->size_bytes);
	if (t->file) {
		(void)buf_adds(b, ", ");
		page_add_link(b, t->file);
	}
	(void)buf_adds(b, "</p>\n");
	size_t shown = s.columns > 0 ? add_table(b, &s, rows) : 0;
	add_note(b, &s, shown, rows, t->file);
	(void)buf_adds(b, "</section>\n");
}
