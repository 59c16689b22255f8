/* page_part: the small pieces that a page is put together from. */
#include "core/page_int.h"
#include <assert.h>
#include <inttypes.h>
#include <string.h>

#define LINK_BYTES_MAX 4096u

void page_add_word(struct buf *b, const char *s)
{
	struct bytes text = { .p = s, .n = s ? strlen(s) : 0 };

	if (page_add_text(b, text, PAGE_LINE, PAGE_WORD_BYTES) < text.n)
		(void)buf_adds(b, "<i>...</i>");
}

/* ---- links ----------------------------------------------------------------------------------- */

/* Beside the page or below it: nothing that climbs, and no empty step. */
static bool is_beside(const char *name)
{
	const char *p = name;

	if (!*p || strlen(p) > LINK_BYTES_MAX)
		return false;
	while (*p) {
		size_t n = strcspn(p, "/");

		if (n == 0 || (n == 1 && p[0] == '.') || (n == 2 && p[0] == '.' && p[1] == '.'))
			return false;
		p += n + (p[n] == '/');
	}
	return true;
}

static bool is_unreserved(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '-' || c == '.' || c == '_' || c == '~';
}

/* Bytes, not characters: that is how a server or a file system finds the file again. */
static void add_path(struct buf *b, const char *name)
{
	for (const char *p = name; *p; p++) {
		if (is_unreserved(*p) || *p == '/')
			(void)buf_addc(b, *p);
		else
			(void)buf_addf(b, "%%%02X", (unsigned)(unsigned char)*p);
	}
}

void page_add_link(struct buf *b, const char *name)
{
	bool linked = is_beside(name);

	if (linked) {
		(void)buf_adds(b, "<a href=\"./");
		add_path(b, name);
		(void)buf_adds(b, "\">");
	}
	(void)buf_adds(b, "<bdi>");
	page_add_word(b, name);
	(void)buf_adds(b, linked ? "</bdi></a>" : "</bdi>");
}

void page_add_far_link(struct buf *b, const char *base, const char *file, const char *name)
{
	struct bytes url = { .p = base, .n = strlen(base) };

	(void)buf_adds(b, "<a href=\"");
	if (base[0] == '/') {
		(void)buf_adds(b, "file://");
		add_path(b, base);
	} else {
		(void)page_add_text(b, url, PAGE_BARE, PAGE_WORD_BYTES);
	}
	(void)buf_addc(b, '/');
	add_path(b, file);
	(void)buf_adds(b, "\"><bdi>");
	page_add_word(b, name);
	(void)buf_adds(b, "</bdi></a>");
}

/* ---- figures --------------------------------------------------------------------------------- */

static void add_thousands(struct buf *b, uint64_t n)
{
	if (n >= 1000) {
		add_thousands(b, n / 1000);
		(void)buf_addf(b, ",%03u", (unsigned)(n % 1000));
	} else {
		(void)buf_addf(b, "%u", (unsigned)n);
	}
}

void page_add_count(struct buf *b, uint64_t n, const char *one)
{
	add_thousands(b, n);
	(void)buf_addf(b, " %s%s", one, n == 1 ? "" : "s");
}

void page_add_size(struct buf *b, uint64_t bytes)
{
	static const char *const unit[] = { "KiB", "MiB", "GiB", "TiB", "PiB", "EiB" };
	uint64_t tenths_max = 10 * 1024;
	size_t i = 0;

	if (bytes < 1024) {
		page_add_count(b, bytes, "byte");
		return;
	}
	/* In tenths of the unit, so that no rounding says 1024.0 of one. */
	uint64_t tenths = bytes / 1024 * 10 + bytes % 1024 * 10 / 1024;
	while (tenths >= tenths_max && i + 1 < ARRAY_LEN(unit)) {
		tenths /= 1024;
		i++;
	}
	(void)buf_addf(b, "%" PRIu64 ".%u %s", tenths / 10, (unsigned)(tenths % 10), unit[i]);
}

void page_add_duration(struct buf *b, int64_t ms)
{
	int64_t s = ms / 1000;

	assert(ms >= 0);
	if (s < 60)
		(void)buf_addf(b, "%d.%02d s", (int)s, (int)(ms % 1000 / 10));
	else if (s < 3600)
		(void)buf_addf(b, "%d min %d s", (int)(s / 60), (int)(s % 60));
	else
		(void)buf_addf(b, "%" PRId64 " h %d min", s / 3600, (int)(s % 3600 / 60));
}

/* ---- boxes ----------------------------------------------------------------------------------- */

void page_open_section(struct buf *b, const char *id, const char *title)
{
	(void)buf_addf(
	    b, "<section aria-labelledby=\"%s\">\n<h2 id=\"%s\">%s</h2>\n", id, id, title);
}

void page_open_box(struct buf *b, const char *id)
{
	/* Who has no mouse scrolls what has the focus. */
	(void)buf_addf(
	    b, "<div class=\"box\" role=\"region\" aria-labelledby=\"%s\" tabindex=\"0\">", id);
}

void page_add_cut(struct buf *b, uint64_t shown, uint64_t size_bytes, const char *file)
{
	if (shown >= size_bytes)
		return;
	(void)buf_adds(b, "<p class=\"cut\">This is the beginning: ");
	page_add_size(b, shown);
	(void)buf_adds(b, " of ");
	page_add_size(b, size_bytes);
	if (file) {
		(void)buf_adds(b, ". All of it is in ");
		page_add_link(b, file);
	}
	(void)buf_adds(b, ".</p>\n");
}
