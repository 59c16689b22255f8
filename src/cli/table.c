/* table: columns for people: as wide as what is in them, cut to a terminal's width. */
#include "cli/table.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define LINE_BYTES_MAX 65536
#define GAP "  "

void table_init(struct table *t, const char *const *heads)
{
	*t = (struct table){ .heads = heads };
	while (heads[t->columns] != NULL)
		t->columns++;
	assert(t->columns <= TABLE_COLUMNS_MAX);
}

void table_fini(struct table *t)
{
	for (size_t i = 0; i < t->count; i++) {
		for (size_t k = 0; k < t->columns; k++)
			free(t->row[i][k]);
		free(t->row[i]);
	}
	free(t->row);
	free(t->colour);
}

void table_add(struct table *t, enum term_colour colour, char *const *cells)
{
	size_t n = t->count + 1;

	/* In powers of two: there may be a hundred thousand. */
	if ((t->count & (t->count - 1)) == 0) {
		size_t cap = t->count == 0 ? 1 : t->count * 2;
		t->row = xrealloc(t->row, cap * sizeof(*t->row));
		t->colour = xrealloc(t->colour, cap * sizeof(*t->colour));
	}
	t->row[t->count] = xmemdup(cells, t->columns * sizeof(*cells));
	t->colour[t->count] = colour;
	t->count = n;
}

static const char *head_of(const struct table *t, size_t k)
{
	return t->heads[k] + (t->heads[k][0] == '>' ? 1 : 0);
}

/* All rows before the first is shown: so a table is kept whole, and what may be endless (watch) has
 * lines of its own form. */
static void measure(const struct table *t, int width[TABLE_COLUMNS_MAX])
{
	for (size_t k = 0; k < t->columns; k++) {
		width[k] = term_width(head_of(t, k));
		for (size_t i = 0; i < t->count; i++) {
			int w = term_width(t->row[i][k]);
			width[k] = w > width[k] ? w : width[k];
		}
	}
}

static void add_cell(const struct table *t, size_t k, const char *text, int width, struct buf *line)
{
	int pad = width - term_width(text);
	bool right = t->heads[k][0] == '>';
	/* No blanks behind the last column: they would wrap on a narrow terminal, and be copied
	 * with the line. */
	bool last = k + 1 == t->columns;

	buf_addf(line, "%s%*s%s%*s", k == 0 ? "" : GAP, right ? pad : 0, "", text,
	    right || last ? 0 : pad, "");
}

static void add_line(
    const struct term *term, const struct buf *line, enum term_colour colour, struct buf *out)
{
	char *cut =
	    term->is_terminal ? term_cut(line->data, term_columns(term)) : xstrdup(line->data);

	if (colour == TERM_PLAIN)
		buf_addf(out, "%s\n", cut);
	else
		buf_addf(
		    out, "%s%s%s\n", term_colour(term, colour), cut, term_colour(term, TERM_PLAIN));
	free(cut);
}

void table_print(const struct table *t, const struct term *term, size_t rows, struct buf *out)
{
	int width[TABLE_COLUMNS_MAX];
	size_t count = rows > 0 && rows < t->count ? rows : t->count;
	struct buf line;

	measure(t, width);
	buf_init(&line, LINE_BYTES_MAX);
	for (size_t k = 0; k < t->columns; k++)
		add_cell(t, k, head_of(t, k), width[k], &line);
	add_line(term, &line, TERM_BOLD, out);
	for (size_t i = 0; i < count; i++) {
		buf_reset(&line);
		for (size_t k = 0; k < t->columns; k++)
			add_cell(t, k, t->row[i][k], width[k], &line);
		add_line(term, &line, t->colour[i], out);
	}
	buf_fini(&line);
}
