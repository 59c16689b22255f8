/* page: a result as one HTML page that needs nothing but itself. */
#include "core/page.h"
#include "core/page_int.h"
#include <assert.h>
#include <inttypes.h>
#include <string.h>

#define MESSAGE_BYTES_MAX (64u << 10)
#define LIST_MAX 1000 /* files, warnings */

/* Nothing may be loaded or run, nothing sent; the one style is known by its contents. */
static void add_policy(struct buf *b)
{
	(void)buf_addf(b,
	    "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
	    "img-src data:; style-src '%s'; base-uri 'none'; form-action 'none'\">\n",
	    page_css_hash());
}

static struct bytes bytes_of(const char *s)
{
	return (struct bytes){ .p = s, .n = s ? strlen(s) : 0 };
}

void page_add_head(struct buf *b, const char *name, const char *state, int refresh_s)
{
	(void)buf_adds(
	    b, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n");
	add_policy(b);
	(void)buf_adds(b,
	    "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
	    "<meta name=\"color-scheme\" content=\"light dark\">\n"
	    "<meta name=\"referrer\" content=\"no-referrer\">\n"
	    "<meta name=\"robots\" content=\"noindex\">\n"
	    /* or browsers ask the server for one */
	    "<link rel=\"icon\" href=\"data:,\">\n");
	if (refresh_s > 0)
		(void)buf_addf(b, "<meta http-equiv=\"refresh\" content=\"%d\">\n", refresh_s);
	(void)buf_adds(b, "<title>");
	(void)page_add_text(b, bytes_of(name), PAGE_BARE, PAGE_WORD_BYTES);
	(void)buf_adds(b, ": ");
	(void)page_add_text(b, bytes_of(state), PAGE_BARE, PAGE_WORD_BYTES);
	(void)buf_adds(b, "</title>\n<style>");
	for (const char *const *line = page_css(); *line; line++)
		(void)buf_adds(b, *line);
	(void)buf_adds(b, "</style>\n</head>\n");
}

/* ---- times ----------------------------------------------------------------------------------- */

/* For people without the milliseconds, for programs with them. */
void page_add_time(struct buf *b, int64_t ms)
{
	char text[TIME_TEXT_LEN];

	(void)time_to_text(ms, text);
	const char *clock = strchr(text, 'T');
	assert(clock && strlen(clock) > 8);
	(void)buf_addf(b, "<time datetime=\"%s\">%.*s %.8s UTC</time>", text, (int)(clock - text),
	    text, clock + 1);
}

/* The clock may have been set between the two. */
static bool is_span(int64_t from_ms, int64_t to_ms)
{
	return from_ms > 0 && to_ms >= from_ms;
}

/* ---- the head of the page -------------------------------------------------------------------- */

/* How serious an end is: the colour of its word, which says the same without. */
const char *page_tone(const char *status)
{
	if (str_eq(status, "ok"))
		return "ok";
	return str_eq(status, "cancelled") || str_eq(status, "unknown") ? "odd" : "bad";
}

static void add_kicker(struct buf *b, const struct page *p)
{
	if (!p->kind && !p->style)
		return;
	(void)buf_adds(b, "<p class=\"kicker\">");
	page_add_word(b, p->kind);
	if (p->kind && p->style)
		(void)buf_adds(b, " &middot; ");
	page_add_word(b, p->style);
	(void)buf_adds(b, "</p>\n");
}

static void add_header(struct buf *b, const struct page *p)
{
	(void)buf_adds(b, "<header>\n");
	add_kicker(b, p);
	(void)buf_adds(b, "<h1><bdi>");
	page_add_word(b, p->name);
	(void)buf_addf(
	    b, "</bdi></h1>\n<p class=\"state\"><strong class=\"%s\">", page_tone(p->status));
	page_add_word(b, p->status);
	(void)buf_adds(b, "</strong>");
	if (p->exit_code >= 0)
		(void)buf_addf(b, " <span>exit code %d</span>", p->exit_code);
	if (is_span(p->started_ms, p->finished_ms)) {
		(void)buf_adds(b, " <span>ran ");
		page_add_duration(b, p->finished_ms - p->started_ms);
		(void)buf_adds(b, "</span>");
	}
	if (p->finished_ms > 0) {
		(void)buf_adds(b, " <span>finished ");
		page_add_time(b, p->finished_ms);
		(void)buf_adds(b, "</span>");
	}
	(void)buf_adds(b, "</p>\n</header>\n");
}

/* ---- texts ----------------------------------------------------------------------------------- */

/* A character that goes on behind what is at hand is no broken one. */
static struct bytes whole_characters(const struct page_head *h)
{
	struct bytes text = h->head;

	if (text.n > PAGE_HEAD_BYTES)
		text.n = PAGE_HEAD_BYTES;
	if (text.n >= h->size_bytes)
		return text;
	for (size_t back = 1; back <= 3 && back <= text.n; back++) {
		unsigned char c = (unsigned char)text.p[text.n - back];

		if (c >= 0xC0) {
			size_t need = c >= 0xF0 ? 4 : c >= 0xE0 ? 3 : 2;

			text.n -= need > back ? back : 0;
			break;
		}
		if (c < 0x80)
			break;
	}
	return text;
}

static void add_text(struct buf *b, const char *id, const struct page_head *h)
{
	struct bytes text = whole_characters(h);
	size_t shown = 0;

	if (text.n > 0) {
		page_open_box(b, id);
		/* The first newline inside <pre> is not part of its text. */
		(void)buf_adds(b, "<pre>\n");
		shown = page_add_text(b, text, PAGE_TERMINAL, PAGE_PART_BYTES);
		(void)buf_adds(b, "</pre></div>\n");
	}
	page_add_cut(b, shown, h->size_bytes, h->file);
}

static void add_output(struct buf *b, const char *id, const char *title, const struct page_head *h)
{
	page_open_section(b, id, title);
	(void)buf_adds(b, "<p class=\"meta\">");
	if (h->size_bytes > 0)
		page_add_size(b, h->size_bytes);
	else
		(void)buf_adds(b, "Nothing was printed");
	if (h->file && h->size_bytes > 0) {
		(void)buf_adds(b, ", ");
		page_add_link(b, h->file);
	}
	(void)buf_adds(b, "</p>\n");
	if (h->size_bytes > 0)
		add_text(b, id, h);
	(void)buf_adds(b, "</section>\n");
}

/* ---- the error ------------------------------------------------------------------------------- */

static void add_where(struct buf *b, const struct page *p)
{
	bool linked = page_code_has_line(p->code, p->error_line);

	if (p->error_line <= 0 && p->error_statement <= 0)
		return;
	(void)buf_adds(b, "<p class=\"where\">");
	if (p->error_statement > 0)
		(void)buf_addf(b, "Statement %" PRId64 "%s", p->error_statement,
		    p->error_line > 0 ? ", " : "");
	if (linked)
		(void)buf_addf(b, "<a href=\"#L%" PRId64 "\">", p->error_line);
	if (p->error_line > 0)
		(void)buf_addf(
		    b, "%s %" PRId64, p->error_statement > 0 ? "line" : "Line", p->error_line);
	if (linked)
		(void)buf_adds(b, "</a>");
	(void)buf_adds(b, "</p>\n");
}

static void add_message(struct buf *b, const char *message)
{
	struct bytes text = bytes_of(message);

	if (text.n == 0)
		return;
	(void)buf_adds(b, "<p class=\"message\">");
	if (page_add_text(b, text, PAGE_TERMINAL, MESSAGE_BYTES_MAX) < text.n)
		(void)buf_adds(b, "<i>...</i>");
	(void)buf_adds(b, "</p>\n");
}

static void add_error(struct buf *b, const struct page *p)
{
	if (!p->error_name && !p->error_message)
		return;
	(void)buf_adds(b, "<section class=\"error\" aria-labelledby=\"error\">\n<h2 id=\"error\">");
	page_add_word(b, p->error_name ? p->error_name : "Error");
	(void)buf_adds(b, "</h2>\n");
	add_message(b, p->error_message);
	add_where(b, p);
	if (p->traceback.size_bytes > 0)
		add_text(b, "error", &p->traceback);
	(void)buf_adds(b, "</section>\n");
}

/* ---- lists ----------------------------------------------------------------------------------- */

static void add_items(struct buf *b, const char *const *item, size_t count)
{
	size_t start = b->len;

	for (size_t i = 0; i < count; i++) {
		(void)buf_adds(b, "<li>");
		if (i == LIST_MAX || b->len - start > PAGE_PART_BYTES) {
			page_add_count(b, count - i, "more line");
			i = count;
		} else {
			page_add_word(b, item[i]);
		}
		(void)buf_adds(b, "</li>\n");
	}
}

static void add_notes(struct buf *b, const struct page *p)
{
	size_t count = p->warning_count + p->truncated_count + p->superseded;

	if (count == 0)
		return;
	(void)buf_adds(b, "<section class=\"notes\" aria-labelledby=\"notes\">\n"
			  "<h2 id=\"notes\">Warnings</h2>\n<ul>\n");
	if (p->superseded)
		(void)buf_adds(b, "<li>The file was replaced while this ran: this is the result of "
				  "what it was before.</li>\n");
	add_items(b, p->truncated, p->truncated_count);
	add_items(b, p->warning, p->warning_count);
	(void)buf_adds(b, "</ul>\n</section>\n");
}

static void add_file(struct buf *b, const struct page_file *f)
{
	page_add_link(b, f->name);
	if (f->size_bytes >= 0) {
		(void)buf_adds(b, " <span class=\"size\">");
		page_add_size(b, (uint64_t)f->size_bytes);
		(void)buf_adds(b, "</span>");
	}
}

static void add_files(struct buf *b, const struct page *p)
{
	size_t start = b->len;

	if (p->file_count == 0)
		return;
	page_open_section(b, "files", "Files");
	(void)buf_adds(b, "<ul class=\"files\">\n");
	for (size_t i = 0; i < p->file_count; i++) {
		(void)buf_adds(b, "<li>");
		if (i == LIST_MAX || b->len - start > PAGE_PART_BYTES) {
			page_add_count(b, p->file_count - i, "more file");
			i = p->file_count;
		} else {
			add_file(b, &p->file[i]);
		}
		(void)buf_adds(b, "</li>\n");
	}
	(void)buf_adds(b, "</ul>\n</section>\n");
}

/* ---- facts ----------------------------------------------------------------------------------- */

static void open_fact(struct buf *b, const char *name)
{
	(void)buf_addf(b, "<dt>%s</dt><dd>", name);
}

static void close_fact(struct buf *b)
{
	(void)buf_adds(b, "</dd>\n");
}

static void add_fact(struct buf *b, const char *name, const char *value)
{
	if (!value || !*value)
		return;
	open_fact(b, name);
	page_add_word(b, value);
	close_fact(b);
}

static void add_fact_number(struct buf *b, const char *name, int64_t value, int64_t min)
{
	if (value < min)
		return;
	open_fact(b, name);
	(void)buf_addf(b, "%" PRId64, value);
	close_fact(b);
}

/* The moment, and how long it was since the one before. */
static void add_fact_time(
    struct buf *b, const char *name, int64_t ms, const char *verb, int64_t since_ms)
{
	if (ms <= 0)
		return;
	open_fact(b, name);
	page_add_time(b, ms);
	if (is_span(since_ms, ms)) {
		(void)buf_addf(b, ", %s ", verb);
		page_add_duration(b, ms - since_ms);
	}
	close_fact(b);
}

static void add_facts(struct buf *b, const struct page *p)
{
	page_open_section(b, "run", "Run");
	(void)buf_adds(b, "<dl>\n");
	add_fact_time(b, "Queued", p->queued_ms, "", 0);
	add_fact_time(b, "Started", p->started_ms, "after waiting", p->queued_ms);
	add_fact_time(b, "Finished", p->finished_ms, "after running", p->started_ms);
	add_fact(b, "Spool", p->spool);
	add_fact(b, "Pool", p->pool);
	add_fact(b, "Session", p->session);
	add_fact_number(b, "Statement", p->statement, 0);
	add_fact_number(b, "Attempts", p->attempts, 1);
	add_fact(b, "SHA-256", p->sha256);
	(void)buf_adds(b, "</dl>\n</section>\n");
}

/* ---- all ------------------------------------------------------------------------------------- */

/* What went wrong and what came out first; the code and the circumstances are there to be looked
 * up. */
void page_write(struct buf *b, const struct page *p)
{
	size_t start = b->len;

	assert(p->name && p->status);
	assert(b->max - b->len >= PAGE_BYTES_MAX);
	page_add_head(b, p->name, p->status, 0);
	(void)buf_adds(b, "<body>\n<main>\n");
	add_header(b, p);
	add_error(b, p);
	add_notes(b, p);
	add_output(b, "out", "Output", &p->out);
	if (p->err.size_bytes > 0)
		add_output(b, "err", "Standard error", &p->err);
	page_add_table(b, &p->table);
	page_add_pictures(b, p);
	page_add_code(b, p);
	add_files(b, p);
	add_facts(b, p);
	(void)buf_adds(b, "</main>\n</body>\n</html>\n");
	assert(!b->full && b->len - start <= PAGE_BYTES_MAX);
}
