/* page_picture: pictures become part of the page. */
#include "core/page_int.h"
#include <assert.h>
#include <string.h>

#define PNG_HEAD_BYTES 24 /* signature, length and name of the first chunk, width, height */
/* What a browser unpacks takes four bytes a pixel, however small the file is. */
#define PIXELS_MAX (UINT64_C(64) << 20)

struct size {
	uint32_t width;
	uint32_t height;
};

static uint32_t number_at(const char *p)
{
	const unsigned char *u = (const unsigned char *)p;

	return (uint32_t)u[0] << 24 | (uint32_t)u[1] << 16 | (uint32_t)u[2] << 8 | u[3];
}

static bool read_size(struct bytes png, struct size *s)
{
	static const char head[] = "\x89PNG\r\n\x1a\n\0\0\0\rIHDR";

	if (png.n < PNG_HEAD_BYTES || memcmp(png.p, head, sizeof(head) - 1) != 0)
		return false;
	s->width = number_at(png.p + 16);
	s->height = number_at(png.p + 20);
	return s->width > 0 && s->height > 0 && (uint64_t)s->width * s->height <= PIXELS_MAX;
}

static void add_base64(struct buf *b, struct bytes data)
{
	static const char letter[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const unsigned char *u = (const unsigned char *)data.p;

	for (size_t i = 0; i < data.n; i += 3) {
		size_t n = data.n - i < 3 ? data.n - i : 3;
		uint32_t bits = (uint32_t)u[i] << 16;
		char group[4];

		if (n > 1)
			bits |= (uint32_t)u[i + 1] << 8;
		if (n > 2)
			bits |= u[i + 2];
		for (size_t k = 0; k < sizeof(group); k++)
			group[k] = k <= n ? letter[bits >> (18 - 6 * k) & 63] : '=';
		(void)buf_add(b, group, sizeof(group));
	}
}

static void add_image(struct buf *b, const struct page_picture *pic, const struct size *s)
{
	struct bytes name = { .p = pic->file, .n = strlen(pic->file) };

	(void)buf_adds(b, "<img alt=\"");
	(void)page_add_text(b, name, PAGE_BARE, PAGE_WORD_BYTES);
	(void)buf_addf(b, "\" width=\"%u\" height=\"%u\" src=\"data:image/png;base64,",
	    (unsigned)s->width, (unsigned)s->height);
	add_base64(b, pic->png);
	(void)buf_adds(b, "\">\n");
}

/* Returns how many bytes of pictures are in the page for it. */
static size_t add_figure(struct buf *b, const struct page_picture *pic, size_t room_bytes)
{
	struct size s;
	bool fits = pic->png.p && pic->png.n <= room_bytes && read_size(pic->png, &s);

	assert(pic->file);
	(void)buf_adds(b, "<figure>\n");
	if (fits)
		add_image(b, pic, &s);
	(void)buf_adds(b, "<figcaption>");
	page_add_link(b, pic->file);
	if (!fits)
		(void)buf_adds(b, " (not shown here)");
	(void)buf_adds(b, "</figcaption>\n</figure>\n");
	return fits ? pic->png.n : 0;
}

void page_add_pictures(struct buf *b, const struct page *p)
{
	size_t room_bytes = PAGE_PICTURES_BYTES;
	size_t start = b->len;

	if (p->picture_count == 0)
		return;
	page_open_section(b, "pictures", p->picture_count > 1 ? "Pictures" : "Picture");
	for (size_t i = 0; i < p->picture_count; i++) {
		/* Base64 is a third longer; all else here is names. */
		if (b->len - start > PAGE_PICTURES_BYTES / 3 * 4 + PAGE_PART_BYTES)
			break;
		room_bytes -= add_figure(b, &p->picture[i], room_bytes);
	}
	(void)buf_adds(b, "</section>\n");
}
