/* page_code: the code with its line numbers, and the line of the error marked. */
#include "core/page_int.h"
#include <assert.h>
#include <inttypes.h>

#define LINES_MAX 2000
#define CONTEXT_LINES 5 /* around an error that lies behind what is shown */

/* Python ends lines at a lone carriage return as well, and the numbers have to be those of the
 * error. It is part of the line then, so that it can be seen. */
static bool next_line(struct bytes *rest, struct bytes *line)
{
	size_t n = 0;
	size_t end;

	if (rest->n == 0)
		return false;
	while (n < rest->n && rest->p[n] != '\n' && rest->p[n] != '\r')
		n++;
	end = n + (n < rest->n);
	if (n < rest->n && rest->p[n] == '\r') {
		bool pair = n + 1 < rest->n && rest->p[n + 1] == '\n';

		end += pair;
		n += !pair;
	}
	assert(n <= end && end <= rest->n);
	*line = (struct bytes){ .p = rest->p, .n = n };
	rest->p += end;
	rest->n -= end;
	return true;
}

static int64_t count_lines(struct bytes code)
{
	struct bytes line;
	int64_t n = 0;

	while (next_line(&code, &line))
		n++;
	return n;
}

bool page_code_has_line(struct bytes code, int64_t line)
{
	return line > 0 && code.p && line <= count_lines(code);
}

/* ---- the listing ----------------------------------------------------------------------------- */

struct listing {
	struct buf *b;
	int64_t error_line;
	size_t start; /* of the listing in b */
	int64_t line;
	int64_t skipped; /* lines just before this one */
};

/* The numbers are no text: who selects the code gets the code. */
static void add_line(struct listing *l, struct bytes text, size_t html_bytes_max)
{
	bool marked = l->line == l->error_line;
	const char *tag = marked ? "mark" : "span";

	(void)buf_addf(l->b, "<%s class=\"l\" id=\"L%" PRId64 "\" data-n=\"%" PRId64 "\">", tag,
	    l->line, l->line);
	if (page_add_text(l->b, text, PAGE_LINE, html_bytes_max) < text.n)
		(void)buf_adds(l->b, "<i>...</i>");
	(void)buf_addf(l->b, "\n</%s>", tag);
}

static void add_gap(struct listing *l)
{
	if (l->skipped == 0)
		return;
	(void)buf_adds(l->b, "<span class=\"gap\" data-n=\"");
	page_add_count(l->b, (uint64_t)l->skipped, "line");
	(void)buf_adds(l->b, " not shown here\">\n</span>");
	l->skipped = 0;
}

static bool is_near_error(const struct listing *l)
{
	return l->error_line > 0 && l->line >= l->error_line - CONTEXT_LINES &&
	       l->line <= l->error_line + CONTEXT_LINES;
}

/* The beginning, and what is around the error. */
static void add_listed(struct listing *l, struct bytes text, size_t at)
{
	size_t used = l->b->len - l->start;

	if (l->line <= LINES_MAX && at < PAGE_HEAD_BYTES && used < PAGE_PART_BYTES) {
		add_line(l, text, PAGE_PART_BYTES - used);
	} else if (is_near_error(l)) {
		add_gap(l);
		add_line(l, text, PAGE_WORD_BYTES);
	} else {
		l->skipped++;
	}
}

static void add_listing(struct buf *b, const struct page *p)
{
	struct bytes rest = p->code;
	struct bytes text;
	struct listing l = { .b = b, .error_line = p->error_line };

	l.start = b->len;
	bool many = count_lines(p->code) > 999;
	(void)buf_addf(b, "<pre class=\"code%s\"><code>", many ? " many" : "");
	while (next_line(&rest, &text)) {
		l.line++;
		add_listed(&l, text, (size_t)(text.p - p->code.p));
	}
	add_gap(&l);
	(void)buf_adds(b, "</code></pre>");
}

void page_add_code(struct buf *b, const struct page *p)
{
	if (!p->code.p)
		return;
	page_open_section(b, "code", "Code");
	(void)buf_adds(b, "<p class=\"meta\">");
	page_add_count(b, (uint64_t)count_lines(p->code), "line");
	(void)buf_adds(b, ", ");
	page_add_size(b, p->code.n);
	if (p->code_file) {
		(void)buf_adds(b, ", ");
		page_add_link(b, p->code_file);
	}
	(void)buf_adds(b, "</p>\n");
	if (p->code.n > 0) {
		page_open_box(b, "code");
		add_listing(b, p);
		(void)buf_adds(b, "</div>\n");
	}
	(void)buf_adds(b, "</section>\n");
}
