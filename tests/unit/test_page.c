/* test_page: what stands on a result page, and that no byte of anybody's gets out of its place. */
#include "help.h"

#include "core/page.h"
#include "core/page_int.h"
#include "core/text.h"
#include <inttypes.h>
#include <sha2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PIECE(s)                                                                                   \
	{                                                                                          \
		.p = (s), .n = sizeof(s) - 1                                                       \
	} /* in tables, where no literal is constant */
#define BYTES(s) ((struct bytes)PIECE(s))
#define ROOM_BYTES (1u << 20)

/* ---- text ------------------------------------------------------------------------------------ */

struct form {
	enum page_form form;
	struct bytes text;
	const char *html;
};

static const struct form forms[] = {
	{ PAGE_LINE, PIECE(""), "" },
	{ PAGE_LINE, PIECE("plain"), "plain" },
	{ PAGE_LINE, PIECE("<a href=\"x\">'&amp;"), "&lt;a href=&quot;x&quot;&gt;&#39;&amp;amp;" },
	{ PAGE_LINE, PIECE("]]>"), "]]&gt;" },
	{ PAGE_LINE, PIECE("a\tb"), "a\tb" },
	/* line ends */
	{ PAGE_LINE, PIECE("a\nb\r\nc"), "a<i>\\n</i>b<i>\\r\\n</i>c" },
	{ PAGE_BLOCK, PIECE("a\nb\n"), "a\nb\n" },
	{ PAGE_BLOCK, PIECE("a\r\nb\r\n"), "a\nb\n" },
	{ PAGE_BLOCK, PIECE("1%\r2%\r\n"), "1%<i>\\r</i>\n2%\n" },
	{ PAGE_BLOCK, PIECE("a\r"), "a<i>\\r</i>\n" },
	{ PAGE_BARE, PIECE("a\nb"), "a\\nb" },
	/* controls */
	{ PAGE_BLOCK, PIECE("\0\x01\x1f\x7f"), "<i>\\x00\\x01\\x1f\\x7f</i>" },
	{ PAGE_BLOCK, PIECE("a\x07\n\x07z"), "a<i>\\x07</i>\n<i>\\x07</i>z" },
	{ PAGE_BLOCK, PIECE("\x1b[1mx"), "<i>\\x1b</i>[1mx" },
	{ PAGE_BARE, PIECE("\x1b<"), "\\x1b&lt;" },
	/* C1: as a character, and as a byte that is none */
	{ PAGE_BLOCK, PIECE("\xc2\x9b"), "<i>U+009B</i>" },
	{ PAGE_BLOCK, PIECE("\x9b"), "<i>\\x9b</i>" },
	/* not UTF-8: alone, too long a spelling, half a character, surrogates, beyond Unicode */
	{ PAGE_LINE, PIECE("\xff"), "<i>\\xff</i>" },
	{ PAGE_LINE, PIECE("\xc0\xaf"), "<i>\\xc0\\xaf</i>" },
	{ PAGE_LINE, PIECE("\xe2\x82"), "<i>\\xe2\\x82</i>" },
	{ PAGE_LINE, PIECE("\xe2\x82x"), "<i>\\xe2\\x82</i>x" },
	{ PAGE_LINE, PIECE("\xed\xa0\x80"), "<i>\\xed\\xa0\\x80</i>" },
	{ PAGE_LINE, PIECE("\xf4\x90\x80\x80"), "<i>\\xf4\\x90\\x80\\x80</i>" },
	/* characters of each length */
	{ PAGE_LINE, PIECE("\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80."),
	    "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80." },
	{ PAGE_LINE, PIECE("\xe2\x82\xac\xff\xe2\x82\xac"),
	    "\xe2\x82\xac<i>\\xff</i>\xe2\x82\xac" },
	/* what turns text round, or cannot be seen */
	{ PAGE_LINE,
	    PIECE("\xe2\x80\xae"
		  "evil"),
	    "<i>U+202E</i>evil" },
	{ PAGE_LINE, PIECE("\xe2\x81\xa6\xe2\x81\xa9"), "<i>U+2066U+2069</i>" },
	{ PAGE_LINE, PIECE("\xe2\x80\xa8"), "<i>U+2028</i>" },
	{ PAGE_LINE,
	    PIECE("a\xe2\x80\x8b"
		  "b"),
	    "a<i>U+200B</i>b" },
	{ PAGE_LINE, PIECE("\xef\xbb\xbfx"), "<i>U+FEFF</i>x" },
	{ PAGE_LINE, PIECE("\xc2\xad"), "<i>U+00AD</i>" },
	{ PAGE_LINE, PIECE("\xe3\x85\xa4"), "<i>U+3164</i>" },
	{ PAGE_LINE, PIECE("\xef\xbf\xbe"), "<i>U+FFFE</i>" },
	{ PAGE_LINE, PIECE("\xf3\xa0\x81\xa1"), "<i>U+E0061</i>" },
	{ PAGE_LINE, PIECE("\xf4\x8f\xbf\xbf"), "<i>U+10FFFF</i>" },
	{ PAGE_BARE, PIECE("\xe2\x80\xae\xff"), "U+202E\\xff" },
	/* what joins emoji and the letters of some scripts stays, and so does what goes leftward */
	{ PAGE_LINE, PIECE("\xe2\x80\x8c\xe2\x80\x8d"), "\xe2\x80\x8c\xe2\x80\x8d" },
	{ PAGE_LINE, PIECE("\xd7\xa9\xef\xbf\xbd"), "\xd7\xa9\xef\xbf\xbd" },
};

static void becomes(const struct form *f)
{
	struct buf b;

	buf_init(&b, ROOM_BYTES);
	ck_assert_uint_eq(page_add_text(&b, f->text, f->form, ROOM_BYTES), f->text.n);
	ck_assert_str_eq(b.data ? b.data : "", f->html);
	buf_fini(&b);
}

START_TEST(text_becomes)
{
	becomes(&forms[_i]);
}
END_TEST

#define SPAN(classes, text) "<span class=\"a" classes "\">" text "</span>"

static const struct form sequences[] = {
	{ PAGE_TERMINAL, PIECE("\x1b[31mred\x1b[0m."), SPAN(" f2", "red") "." },
	{ PAGE_TERMINAL, PIECE("\x1b[31mred\x1b[m."), SPAN(" f2", "red") "." },
	{ PAGE_TERMINAL, PIECE("\x1b[31mred\x1b[39m."), SPAN(" f2", "red") "." },
	{ PAGE_TERMINAL, PIECE("\x1b[42mx\x1b[49my"), SPAN(" g3", "x") "y" },
	{ PAGE_TERMINAL, PIECE("\x1b[1;4;31mx"), SPAN(" f2 bo un", "x") },
	{ PAGE_TERMINAL, PIECE("\x1b[2;3;9mx"), SPAN(" di it st", "x") },
	{ PAGE_TERMINAL, PIECE("\x1b[1mx\x1b[22my\x1b[3mz\x1b[23m."),
	    SPAN(" bo", "x") "y" SPAN(" it", "z") "." },
	{ PAGE_TERMINAL, PIECE("\x1b[4;9mx\x1b[24;29m."), SPAN(" un st", "x") "." },
	{ PAGE_TERMINAL, PIECE("\x1b[91;100mx"), SPAN(" f2 g9", "x") },
	{ PAGE_TERMINAL, PIECE("\x1b[90;47mx"), SPAN(" f9 g8", "x") },
	/* inverse: the colour becomes the ground */
	{ PAGE_TERMINAL, PIECE("\x1b[7mx\x1b[27my"), SPAN(" iv", "x") "y" },
	{ PAGE_TERMINAL, PIECE("\x1b[7;31mx"), SPAN(" g2", "x") },
	{ PAGE_TERMINAL, PIECE("\x1b[7;31;44mx"), SPAN(" f5 g2", "x") },
	/* nothing is concealed */
	{ PAGE_TERMINAL, PIECE("\x1b[8mx"), "x" },
	/* 256 colours and all of them: to the nearest that there is */
	{ PAGE_TERMINAL, PIECE("\x1b[38;5;1mx"), SPAN(" f2", "x") },
	{ PAGE_TERMINAL, PIECE("\x1b[38;5;196mx"), SPAN(" f2", "x") },
	{ PAGE_TERMINAL, PIECE("\x1b[38;5;46mx"), SPAN(" f3", "x") },
	{ PAGE_TERMINAL, PIECE("\x1b[48;5;21mx"), SPAN(" g5", "x") },
	{ PAGE_TERMINAL, PIECE("\x1b[38;5;232mx"), SPAN(" f1", "x") },
	{ PAGE_TERMINAL, PIECE("\x1b[38;5;244mx"), SPAN(" f9", "x") },
	{ PAGE_TERMINAL, PIECE("\x1b[38;5;255mx"), SPAN(" f8", "x") },
	{ PAGE_TERMINAL, PIECE("\x1b[38;2;255;255;0mx"), SPAN(" f4", "x") },
	{ PAGE_TERMINAL, PIECE("\x1b[48;2;0;128;128;1mx"), SPAN(" g7 bo", "x") },
	/* half a colour is none, and what follows is not taken for weights */
	{ PAGE_TERMINAL, PIECE("\x1b[38;5mx"), "x" },
	{ PAGE_TERMINAL, PIECE("\x1b[38;2;1;4mx"), "x" },
	{ PAGE_TERMINAL, PIECE("\x1b[38;5;999mx"), "x" },
	{ PAGE_TERMINAL, PIECE("\x1b[38mx"), "x" },
	{ PAGE_TERMINAL, PIECE("\x1b[4:3mx"), "x" },
	{ PAGE_TERMINAL, PIECE("\x1b[99999999999999999999mx"), "x" },
	{ PAGE_TERMINAL, PIECE("\x1b[1;2;3;4;5;6;7;8;9;10;11;12;13;14;15;16;31mx"),
	    SPAN(" iv bo di it un st", "x") },
	/* a second colour closes the first; the same tags never cross */
	{ PAGE_TERMINAL, PIECE("\x1b[31ma\x1b[32mb"), SPAN(" f2", "a") SPAN(" f3", "b") },
	{ PAGE_TERMINAL, PIECE("\x1b[31ma\nb\x1b[0m"), SPAN(" f2", "a\nb") },
	{ PAGE_TERMINAL, PIECE("\x1b[31m\x07\x1b[0m\x07"),
	    SPAN(" f2", "<i>\\x07</i>") "<i>\\x07</i>" },
	{ PAGE_TERMINAL, PIECE("\x07\x1b[31m\x07x"), "<i>\\x07</i>" SPAN(" f2", "<i>\\x07</i>x") },
	{ PAGE_TERMINAL, PIECE("\x1b[31m\x1b[0m"), "" },
	{ PAGE_TERMINAL, PIECE("\x1b[31m"), "" },
	/* moves of the cursor are nothing */
	{ PAGE_TERMINAL, PIECE("a\x1b[2K\x1b[1A\x1b[?25l\x1b[Hb"), "ab" },
	{ PAGE_TERMINAL, PIECE("a\x1b(B\x1b[mb"), "ab" },
	/* a private sequence that only looks like a colour */
	{ PAGE_TERMINAL, PIECE("\x1b[>4;1mx"), "x" },
	/* what is none, or may hold words, is shown */
	{ PAGE_TERMINAL, PIECE("\x1b"), "<i>\\x1b</i>" },
	{ PAGE_TERMINAL, PIECE("\x1b["), "<i>\\x1b</i>[" },
	{ PAGE_TERMINAL, PIECE("\x1b[31"), "<i>\\x1b</i>[31" },
	{ PAGE_TERMINAL, PIECE("\x1b[3\nm"), "<i>\\x1b</i>[3\nm" },
	{ PAGE_TERMINAL, PIECE("\x1b]0;title\x07x"), "<i>\\x1b</i>]0;title<i>\\x07</i>x" },
	{ PAGE_TERMINAL, PIECE("\x1bPx\x1b\\"), "<i>\\x1b</i>Px<i>\\x1b</i>\\" },
	{ PAGE_TERMINAL,
	    PIECE("\x1b[000000000000000000000000000000000000000000000000000000000000"
		  "0000000000m"),
	    "<i>\\x1b</i>[0000000000000000000000000000000000000000000000000000000000000000000000"
	    "m" },
};

START_TEST(sequences_become)
{
	becomes(&sequences[_i]);
}
END_TEST

/* All 256 colours are among the few that the style has. */
START_TEST(colours_are_known)
{
	for (int i = 0; i < 256; i++) {
		struct page_sgr s = { 0 };
		char text[24];

		int n = snprintf(text, sizeof(text), "\x1b[38;5;%dm", i);
		ck_assert_uint_eq(page_sgr_read(&s, text, (size_t)n), (size_t)n);
		ck_assert_int_ge(s.fg, 1);
		ck_assert_int_le(s.fg, PAGE_SGR_COLOURS);
		ck_assert_int_eq(s.bg, 0);
		ck_assert(!page_sgr_plain(&s));
	}
}
END_TEST

/* Whatever is cut, tags are closed and the count is true. */
START_TEST(text_is_cut)
{
	static const char text[] = "\x1b[31mab\x07\xe2\x82\xac<c\x1b[0md";
	size_t before = 0;

	for (size_t max = 0; max < 80; max++) {
		struct buf b;

		buf_init(&b, ROOM_BYTES);
		size_t used = page_add_text(&b, BYTES(text), PAGE_TERMINAL, max);
		ck_assert_uint_ge(used, before);
		const char *html = b.data ? b.data : "";
		ck_assert_int_eq(strstr(html, "<span") != NULL, strstr(html, "</span>") != NULL);
		ck_assert_int_eq(strstr(html, "<i>") != NULL, strstr(html, "</i>") != NULL);
		ck_assert(text_is_utf8(html, strlen(html)));
		ck_assert_uint_le(b.len, max + 60);
		before = used;
		buf_fini(&b);
	}
	ck_assert_uint_eq(before, sizeof(text) - 1);
}
END_TEST

START_TEST(no_text_is_nothing)
{
	struct buf b;

	buf_init(&b, ROOM_BYTES);
	ck_assert_uint_eq(page_add_text(&b, (struct bytes){ 0 }, PAGE_LINE, 10), 0);
	page_add_word(&b, NULL);
	ck_assert_uint_eq(b.len, 0);
	buf_fini(&b);
}
END_TEST

/* ---- small pieces ---------------------------------------------------------------------------- */

static const struct {
	const char *name;
	const char *html;
} links[] = {
	{ "foo.py.out", "<a href=\"./foo.py.out\"><bdi>foo.py.out</bdi></a>" },
	{ "a b", "<a href=\"./a%20b\"><bdi>a b</bdi></a>" },
	{ "50%.csv", "<a href=\"./50%25.csv\"><bdi>50%.csv</bdi></a>" },
	{ "%2e%2e/x", "<a href=\"./%252e%252e/x\"><bdi>%2e%2e/x</bdi></a>" },
	{ "a#b?c", "<a href=\"./a%23b%3Fc\"><bdi>a#b?c</bdi></a>" },
	{ "\"'<>&", "<a href=\"./%22%27%3C%3E%26\"><bdi>&quot;&#39;&lt;&gt;&amp;</bdi></a>" },
	{ "javascript:x", "<a href=\"./javascript%3Ax\"><bdi>javascript:x</bdi></a>" },
	{ "a\\b", "<a href=\"./a%5Cb\"><bdi>a\\b</bdi></a>" },
	{ "\xff\xe2\x80\xae", "<a href=\"./%FF%E2%80%AE\"><bdi><i>\\xffU+202E</i></bdi></a>" },
	{ "a\nb", "<a href=\"./a%0Ab\"><bdi>a<i>\\n</i>b</bdi></a>" },
	{ "d/e/f", "<a href=\"./d/e/f\"><bdi>d/e/f</bdi></a>" },
	{ "d.files/", "<a href=\"./d.files/\"><bdi>d.files/</bdi></a>" },
	{ "...", "<a href=\"./...\"><bdi>...</bdi></a>" },
	{ ".hidden", "<a href=\"./.hidden\"><bdi>.hidden</bdi></a>" },
	/* not beside the page */
	{ "..", "<bdi>..</bdi>" },
	{ ".", "<bdi>.</bdi>" },
	{ "../x", "<bdi>../x</bdi>" },
	{ "d/../x", "<bdi>d/../x</bdi>" },
	{ "d/..", "<bdi>d/..</bdi>" },
	{ "d/./x", "<bdi>d/./x</bdi>" },
	{ "/etc", "<bdi>/etc</bdi>" },
	{ "//h/x", "<bdi>//h/x</bdi>" },
	{ "d//x", "<bdi>d//x</bdi>" },
	{ "/", "<bdi>/</bdi>" },
	{ "", "<bdi></bdi>" },
};

START_TEST(links_lead)
{
	struct buf b;

	buf_init(&b, ROOM_BYTES);
	page_add_link(&b, links[_i].name);
	ck_assert_str_eq(b.data, links[_i].html);
	buf_fini(&b);
}
END_TEST

/* A name that no file can have is not linked, and does not fill the page. */
START_TEST(long_names)
{
	char name[20001];
	struct buf b;

	memset(name, '<', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	buf_init(&b, ROOM_BYTES);
	page_add_link(&b, name);
	ck_assert_ptr_null(strstr(b.data, "<a"));
	ck_assert_ptr_nonnull(strstr(b.data, "<i>...</i></bdi>"));
	ck_assert_uint_le(b.len, PAGE_WORD_BYTES + 40);
	buf_fini(&b);
}
END_TEST

static const struct {
	uint64_t bytes;
	const char *text;
} sizes[] = {
	{ 0, "0 bytes" },
	{ 1, "1 byte" },
	{ 1000, "1,000 bytes" },
	{ 1023, "1,023 bytes" },
	{ 1024, "1.0 KiB" },
	{ 1536, "1.5 KiB" },
	{ (1 << 20) - 1, "1023.9 KiB" },
	{ 1 << 20, "1.0 MiB" },
	{ UINT64_C(5) << 30, "5.0 GiB" },
	{ UINT64_MAX, "15.9 EiB" },
};

START_TEST(sizes_in_words)
{
	struct buf b;

	buf_init(&b, ROOM_BYTES);
	page_add_size(&b, sizes[_i].bytes);
	ck_assert_str_eq(b.data, sizes[_i].text);
	buf_fini(&b);
}
END_TEST

START_TEST(counts_in_words)
{
	struct buf b;

	buf_init(&b, ROOM_BYTES);
	page_add_count(&b, 1, "row");
	page_add_count(&b, 0, " row");
	page_add_count(&b, 1000000, " row");
	page_add_count(&b, UINT64_MAX, " row");
	ck_assert_str_eq(b.data, "1 row0  rows1,000,000  rows18,446,744,073,709,551,615  rows");
	buf_fini(&b);
}
END_TEST

static const struct {
	int64_t ms;
	const char *text;
} durations[] = {
	{ 0, "0.00 s" },
	{ 9, "0.00 s" },
	{ 1230, "1.23 s" },
	{ 59999, "59.99 s" },
	{ 60000, "1 min 0 s" },
	{ 3599999, "59 min 59 s" },
	{ 3600000, "1 h 0 min" },
	{ INT64_C(100) * 3600000 + 61000, "100 h 1 min" },
};

START_TEST(durations_in_words)
{
	struct buf b;

	buf_init(&b, ROOM_BYTES);
	page_add_duration(&b, durations[_i].ms);
	ck_assert_str_eq(b.data, durations[_i].text);
	buf_fini(&b);
}
END_TEST

/* ---- a page ---------------------------------------------------------------------------------- */

/* The least that a page can be about. */
static struct page least(void)
{
	return (struct page){
		.name = "foo.py",
		.status = "ok",
		.exit_code = -1,
		.statement = -1,
		.table = { .rows = -1 },
	};
}

/* free() it. */
static char *written(const struct page *p)
{
	struct buf b;

	buf_init(&b, PAGE_BYTES_MAX);
	page_write(&b, p);
	ck_assert(!b.full);
	ck_assert_uint_eq(strlen(b.data), b.len);
	return buf_steal(&b, NULL);
}

static void has(const struct page *p, const char *html)
{
	char *page = written(p);

	ck_assert_msg(strstr(page, html) != NULL, "no %s in:\n%s", html, strstr(page, "<body>"));
	free(page);
}

static void has_not(const struct page *p, const char *html)
{
	char *page = written(p);

	ck_assert_msg(strstr(page, html) == NULL, "%s in:\n%s", html, strstr(page, "<body>"));
	free(page);
}

static size_t count_of(const char *page, const char *what)
{
	size_t n = 0;

	for (const char *p = strstr(page, what); p; p = strstr(p + 1, what))
		n++;
	return n;
}

START_TEST(least_page)
{
	struct page p = least();
	char *page = written(&p);

	ck_assert_int_eq(strncmp(page,
			     "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n"
			     "<meta charset=\"utf-8\">\n",
			     63),
	    0);
	ck_assert_ptr_nonnull(strstr(page, "<title>foo.py: ok</title>"));
	ck_assert_ptr_nonnull(strstr(page, "<h1><bdi>foo.py</bdi></h1>\n<p class=\"state\">"
					   "<strong class=\"ok\">ok</strong></p>"));
	ck_assert_ptr_nonnull(strstr(page, "<p class=\"meta\">Nothing was printed</p>"));
	ck_assert_uint_eq(count_of(page, "<section"), 2);
	ck_assert_uint_eq(count_of(page, "<script"), 0);
	ck_assert_uint_eq(count_of(page, "http://"), 0);
	ck_assert_uint_eq(count_of(page, "https://"), 0);
	ck_assert_str_eq(page + strlen(page) - strlen("</main>\n</body>\n</html>\n"),
	    "</main>\n</body>\n</html>\n");
	free(page);
}
END_TEST

static void add_base64(struct buf *b, const unsigned char *u, size_t n)
{
	static const char letter[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

	ck_assert_uint_eq(n % 3, 2);
	for (size_t i = 0; i < n; i += 3) {
		unsigned last = i + 2 < n ? u[i + 2] : 0;
		unsigned bits = (unsigned)u[i] << 16 | (unsigned)u[i + 1] << 8 | last;

		for (unsigned k = 0; k < 4; k++)
			(void)buf_addc(b, letter[bits >> (18 - 6 * k) & 63]);
	}
	b->data[b->len - 1] = '=';
}

/* A browser drops a style whose hash is another: the message says what page_css.c has to say. */
START_TEST(policy_lets_the_style_in)
{
	struct page p = least();
	char *page = written(&p);
	const char *css = strstr(page, "<style>") + strlen("<style>");
	unsigned char sum[SHA256_DIGEST_LENGTH];
	SHA2_CTX ctx;
	struct buf b;

	SHA256Init(&ctx);
	SHA256Update(&ctx, (const unsigned char *)css, (size_t)(strstr(css, "</style>") - css));
	SHA256Final(sum, &ctx);
	buf_init(&b, ROOM_BYTES);
	(void)buf_adds(&b, "sha256-");
	add_base64(&b, sum, sizeof(sum));
	ck_assert_str_eq(page_css_hash(), b.data);
	buf_reset(&b);
	(void)buf_addf(&b,
	    "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; img-src "
	    "data:; style-src '%s'; base-uri 'none'; form-action 'none'\">\n",
	    page_css_hash());
	/* before anything that could load something */
	ck_assert_ptr_nonnull(strstr(page, b.data));
	ck_assert_ptr_eq(strstr(page, "<meta http-equiv"), strstr(page, b.data));
	ck_assert(strstr(page, b.data) < strstr(page, "<link"));
	buf_fini(&b);
	free(page);
}
END_TEST

START_TEST(style_is_plain)
{
	for (const char *const *line = page_css(); *line; line++) {
		ck_assert_ptr_null(strstr(*line, "url("));
		ck_assert_ptr_null(strstr(*line, "@import"));
		ck_assert_ptr_null(strchr(*line, '<'));
	}
}
END_TEST

static const struct {
	const char *status;
	const char *tone;
} tones[] = {
	{ "ok", "ok" },
	{ "error", "bad" },
	{ "timeout", "bad" },
	{ "died", "bad" },
	{ "rejected", "bad" },
	{ "cancelled", "odd" },
	{ "unknown", "odd" },
	{ "what nobody knows", "bad" },
};

START_TEST(status_has_a_tone)
{
	struct page p = least();
	char html[80];

	p.status = tones[_i].status;
	(void)snprintf(html, sizeof(html), "<strong class=\"%s\">%s</strong>", tones[_i].tone,
	    tones[_i].status);
	has(&p, html);
}
END_TEST

START_TEST(head_of_the_page)
{
	struct page p = least();

	p.kind = "pyspark";
	has(&p, "<p class=\"kicker\">pyspark</p>");
	p.style = "notebook";
	has(&p, "<p class=\"kicker\">pyspark &middot; notebook</p>");
	has_not(&p, "exit code");
	p.exit_code = 0;
	has(&p, "<span>exit code 0</span>");
	p.exit_code = 137;
	has(&p, "<span>exit code 137</span>");
}
END_TEST

#define QUEUED_MS INT64_C(1795346310000)
#define STARTED_MS INT64_C(1795346319122)
#define FINISHED_MS INT64_C(1795346319719)

START_TEST(times_and_facts)
{
	struct page p = least();

	has_not(&p, "<time");
	p.queued_ms = QUEUED_MS;
	has(&p, "<dl>\n<dt>Queued</dt><dd><time datetime=\"2026-11-22T11:18:30.000Z\">"
		"2026-11-22 11:18:30 UTC</time></dd>\n</dl>");
	p.started_ms = STARTED_MS;
	has(&p, "11:18:39 UTC</time>, after waiting 9.12 s</dd>");
	has_not(&p, "after running");
	p.finished_ms = FINISHED_MS;
	has(&p, "<span>ran 0.59 s</span> <span>finished <time datetime=");
	has(&p, "11:18:39 UTC</time>, after running 0.59 s</dd>");
	/* a clock that was set back tells no time at all */
	p.finished_ms = STARTED_MS - 1;
	has_not(&p, "ran ");
	has_not(&p, "after running");
	p.session = "sp-1";
	p.statement = 0;
	p.pool = "big & small";
	p.spool = "/spool/<a>";
	p.attempts = 2;
	p.sha256 = "abc";
	has(&p, "<dt>Spool</dt><dd>/spool/&lt;a&gt;</dd>\n<dt>Pool</dt><dd>big &amp; small</dd>\n"
		"<dt>Session</dt><dd>sp-1</dd>\n<dt>Statement</dt><dd>0</dd>\n"
		"<dt>Attempts</dt><dd>2</dd>\n<dt>SHA-256</dt><dd>abc</dd>\n</dl>");
}
END_TEST

static struct page_head head_of(const char *text, uint64_t size_bytes, const char *file)
{
	return (struct page_head){ { text, strlen(text) }, size_bytes, file };
}

START_TEST(outputs)
{
	struct page p = least();

	p.out = head_of("1 < 2\n", 6, "foo.py.out");
	has(&p, "<h2 id=\"out\">Output</h2>\n<p class=\"meta\">6 bytes, <a href=\"./foo.py.out\">"
		"<bdi>foo.py.out</bdi></a></p>\n<div class=\"box\" role=\"region\" "
		"aria-labelledby=\"out\" tabindex=\"0\"><pre>\n1 &lt; 2\n</pre></div>\n</section>");
	has_not(&p, "class=\"cut\"");
	has_not(&p, "Standard error");
	p.err = head_of("\n\nlate", 6, NULL);
	/* the first newline is the tag's, the others are the text's */
	has(&p, "<h2 id=\"err\">Standard error</h2>\n<p class=\"meta\">6 bytes</p>\n");
	has(&p, "<pre>\n\n\nlate</pre>");
}
END_TEST

START_TEST(outputs_are_cut)
{
	struct page p = least();
	char *text = xmalloc(3u * PAGE_HEAD_BYTES);

	/* what is at hand is less than there is; its last character goes on behind */
	p.out = head_of("ab\xe2\x82", 5000, "foo.py.out");
	has(&p,
	    "<pre>\nab</pre></div>\n<p class=\"cut\">This is the beginning: 2 bytes of 4.8 KiB. "
	    "All of it is in <a href=\"./foo.py.out\"><bdi>foo.py.out</bdi></a>.</p>");
	p.out = head_of("ab\xf0\x9f\x98", 5000, NULL);
	has(&p, "<pre>\nab</pre></div>\n<p class=\"cut\">This is the beginning: 2 bytes of 4.8 KiB."
		"</p>");
	p.out = head_of("ab\xc3", 5000, NULL);
	has(&p, "<pre>\nab</pre>");
	/* whole characters, and bytes that are none, stay */
	p.out = head_of("a\xe2\x82\xac", 5000, NULL);
	has(&p, "<pre>\na\xe2\x82\xac</pre>");
	p.out = head_of("a\x80\x80\x80", 5000, NULL);
	has(&p, "<pre>\na<i>\\x80\\x80\\x80</i></pre>");
	/* nothing follows: half a character is wrong bytes */
	p.out = head_of("ab\xe2\x82", 4, NULL);
	has(&p, "<pre>\nab<i>\\xe2\\x82</i></pre></div>\n</section>");
	/* nothing is at hand */
	p.out = head_of("", 5000, "foo.py.out");
	has(&p, "<p class=\"cut\">This is the beginning: 0 bytes of 4.8 KiB.");
	has_not(&p, "<pre>");
	/* more at hand than is shown */
	memset(text, 'x', 3u * PAGE_HEAD_BYTES);
	p.out = (struct page_head){ { text, 3u * PAGE_HEAD_BYTES }, 3u * PAGE_HEAD_BYTES, NULL };
	has(&p, "This is the beginning: 64.0 KiB of 192.0 KiB.");
	/* marks are longer than what they stand for: the page still has its limit */
	memset(text, 1, 3u * PAGE_HEAD_BYTES);
	char *page = written(&p);
	ck_assert_uint_lt(strlen(page), PAGE_PART_BYTES + 20000);
	free(page);
	free(text);
}
END_TEST

START_TEST(errors)
{
	struct page p = least();

	has_not(&p, "class=\"error\"");
	p.error_name = "ValueError";
	has(&p,
	    "<section class=\"error\" aria-labelledby=\"error\">\n<h2 id=\"error\">ValueError</h2>"
	    "\n</section>");
	p.error_message = "a < b\nsecond";
	has(&p, "</h2>\n<p class=\"message\">a &lt; b\nsecond</p>\n</section>");
	p.error_line = 2;
	has(&p, "<p class=\"where\">Line 2</p>");
	p.code = BYTES("one");
	has(&p, "<p class=\"where\">Line 2</p>");
	has_not(&p, "<mark");
	p.code = BYTES("one\ntwo");
	has(&p, "<p class=\"where\"><a href=\"#L2\">Line 2</a></p>");
	has(&p, "<mark class=\"l\" id=\"L2\" data-n=\"2\">two\n</mark>");
	p.error_statement = 3;
	has(&p, "<p class=\"where\">Statement 3, <a href=\"#L2\">line 2</a></p>");
	p.error_line = 0;
	has(&p, "<p class=\"where\">Statement 3</p>");
	p.traceback = head_of("Traceback\n  File", 16, NULL);
	has(&p, "aria-labelledby=\"error\" tabindex=\"0\"><pre>\nTraceback\n  File</pre></div>");
	p.error_name = NULL;
	has(&p, "<h2 id=\"error\">Error</h2>");
}
END_TEST

START_TEST(notes)
{
	static const char *const warning[] = { "first", "<second>" };
	static const char *const truncated[] = { "3 rows" };
	struct page p = least();

	has_not(&p, "class=\"notes\"");
	p.warning = warning;
	p.warning_count = 2;
	has(&p, "<ul>\n<li>first</li>\n<li>&lt;second&gt;</li>\n</ul>");
	p.truncated = truncated;
	p.truncated_count = 1;
	has(&p, "<ul>\n<li>3 rows</li>\n<li>first</li>\n<li>&lt;second&gt;</li>\n</ul>");
	p.warning_count = p.truncated_count = 0;
	p.superseded = true;
	has(&p, "<ul>\n<li>The file was replaced while this ran");
}
END_TEST

START_TEST(files)
{
	static const struct page_file file[] = { { "foo.py.out", 6 }, { "foo.py.files/", -1 } };
	struct page p = least();

	has_not(&p, "id=\"files\"");
	p.file = file;
	p.file_count = 2;
	has(&p, "<ul class=\"files\">\n<li><a href=\"./foo.py.out\"><bdi>foo.py.out</bdi></a> "
		"<span class=\"size\">6 bytes</span></li>\n"
		"<li><a href=\"./foo.py.files/\"><bdi>foo.py.files/</bdi></a></li>\n</ul>");
}
END_TEST

START_TEST(lists_have_an_end)
{
	struct page_file *file = xcalloc(5000, sizeof(*file));
	const char **warning = xcalloc(5000, sizeof(*warning));
	struct page p = least();

	for (size_t i = 0; i < 5000; i++) {
		file[i] = (struct page_file){ "x", -1 };
		warning[i] = "w";
	}
	p.file = file;
	p.warning = warning;
	p.file_count = p.warning_count = 5000;
	has(&p, "<li>4,000 more files</li>\n</ul>");
	has(&p, "<li>4,000 more lines</li>\n</ul>");
	char *page = written(&p);
	ck_assert_uint_eq(count_of(page, "<li>"), 2002);
	free(page);
	free(warning);
	free(file);
}
END_TEST

/* ---- code ------------------------------------------------------------------------------------ */

#define LINE(n, text) "<span class=\"l\" id=\"L" n "\" data-n=\"" n "\">" text "\n</span>"
#define CODE(lines) "<pre class=\"code\"><code>" lines "</code></pre>"

static const struct {
	struct bytes code;
	const char *meta;
	const char *html;
} codes[] = {
	{ PIECE("a"), "1 line, 1 byte", CODE(LINE("1", "a")) },
	{ PIECE("a\n"), "1 line, 2 bytes", CODE(LINE("1", "a")) },
	{ PIECE("a\n\n b"), "3 lines, 5 bytes",
	    CODE(LINE("1", "a") LINE("2", "") LINE("3", " b")) },
	{ PIECE("a\r\nb\r\n"), "2 lines, 6 bytes", CODE(LINE("1", "a") LINE("2", "b")) },
	/* as Python counts */
	{ PIECE("a\rb"), "2 lines, 3 bytes", CODE(LINE("1", "a<i>\\r</i>") LINE("2", "b")) },
	{ PIECE("a\r\r\nb"), "3 lines, 5 bytes",
	    CODE(LINE("1", "a<i>\\r</i>") LINE("2", "") LINE("3", "b")) },
	{ PIECE("\x0c\x0b\n"), "1 line, 3 bytes", CODE(LINE("1", "<i>\\x0c\\x0b</i>")) },
	{ PIECE("\n"), "1 line, 1 byte", CODE(LINE("1", "")) },
	/* no colours in code: the sequence is the code */
	{ PIECE("'\x1b[31m'"), "1 line, 7 bytes", CODE(LINE("1", "&#39;<i>\\x1b</i>[31m&#39;")) },
	{ PIECE("</code></pre>"), "1 line, 13 bytes",
	    CODE(LINE("1", "&lt;/code&gt;&lt;/pre&gt;")) },
};

START_TEST(code_becomes)
{
	struct page p = least();
	char meta[80];

	p.code = codes[_i].code;
	(void)snprintf(meta, sizeof(meta), "<h2 id=\"code\">Code</h2>\n<p class=\"meta\">%s</p>\n",
	    codes[_i].meta);
	has(&p, meta);
	has(&p, codes[_i].html);
}
END_TEST

START_TEST(code_that_is_not_there)
{
	struct page p = least();

	has_not(&p, "id=\"code\"");
	p.code = BYTES("");
	p.code_file = "foo.py";
	has(&p,
	    "<p class=\"meta\">0 lines, 0 bytes, <a href=\"./foo.py\"><bdi>foo.py</bdi></a></p>\n"
	    "</section>");
}
END_TEST

START_TEST(lines_are_counted)
{
	ck_assert(!page_code_has_line(BYTES(""), 1));
	ck_assert(!page_code_has_line((struct bytes){ 0 }, 1));
	ck_assert(!page_code_has_line(BYTES("a"), 0));
	ck_assert(!page_code_has_line(BYTES("a"), -1));
	ck_assert(page_code_has_line(BYTES("a"), 1));
	ck_assert(!page_code_has_line(BYTES("a\n"), 2));
	ck_assert(page_code_has_line(BYTES("a\nb"), 2));
	ck_assert(!page_code_has_line(BYTES("a\nb"), INT64_MAX));
}
END_TEST

static void fill_lines(struct buf *code, int count)
{
	buf_init(code, ROOM_BYTES);
	for (int i = 1; i <= count; i++)
		(void)buf_addf(code, "x%d\n", i);
}

static const struct {
	int64_t error_line;
	const char *shown[4];
	const char *hidden[4];
	const char *gaps[3];
} excerpts[] = {
	{ 0, { "L1", "L2000" }, { "L2001", "L5000" }, { "3,000 lines" } },
	{ 1, { "L1", "L2000" }, { "L2001", "L5000" }, { "3,000 lines" } },
	{
	    1998,
	    { "L2000", "L2001", "L2003" },
	    { "L2004" },
	    { "2,997 lines" },
	},
	{ 2006, { "L2001", "L2011" }, { "L2012" }, { "2,989 lines" } },
	{ 3000, { "L2000", "L2995", "L3000", "L3005" }, { "L2001", "L2994", "L3006" },
	    { "994 lines", "1,995 lines" } },
	{ 5000, { "L4995", "L5000" }, { "L2001", "L4994" }, { "2,994 lines" } },
	{ INT64_MAX, { "L2000" }, { "L2001", "L5000" }, { "3,000 lines" } },
};

/* The error is there however far down it is. */
START_TEST(long_code)
{
	struct page p = least();
	struct buf code;
	char id[24];

	fill_lines(&code, 5000);
	p.code = (struct bytes){ code.data, code.len };
	p.error_name = "E";
	p.error_line = excerpts[_i].error_line;
	char *page = written(&p);
	for (size_t i = 0; i < 4; i++) {
		(void)snprintf(id, sizeof(id), "id=\"%s\"", excerpts[_i].shown[i]);
		ck_assert_msg(!excerpts[_i].shown[i] || strstr(page, id), "no %s", id);
		(void)snprintf(id, sizeof(id), "id=\"%s\"", excerpts[_i].hidden[i]);
		ck_assert_msg(!excerpts[_i].hidden[i] || !strstr(page, id), "%s", id);
	}
	size_t gaps = 0;
	for (; gaps < 3 && excerpts[_i].gaps[gaps]; gaps++) {
		char gap[64];

		(void)snprintf(
		    gap, sizeof(gap), "data-n=\"%s not shown here\"", excerpts[_i].gaps[gaps]);
		ck_assert_msg(strstr(page, gap) != NULL, "no %s", gap);
	}
	ck_assert_uint_eq(count_of(page, "class=\"gap\""), gaps);
	ck_assert_ptr_nonnull(strstr(page, "<pre class=\"code many\">"));
	free(page);
	buf_fini(&code);
}
END_TEST

/* One endless line costs its share and no more, and so does one that the error stands in. */
START_TEST(endless_line)
{
	struct page p = least();
	char *text = xmalloc(4u << 20);

	memset(text, '<', 4u << 20);
	text[PAGE_HEAD_BYTES] = '\n';
	p.code = (struct bytes){ text, 4u << 20 };
	p.error_name = "E";
	p.error_line = 2;
	char *page = written(&p);
	ck_assert_uint_eq(count_of(page, "id=\"L"), 2);
	ck_assert_uint_eq(count_of(page, "<i>...</i>\n</mark>"), 1);
	ck_assert_uint_lt(strlen(page), PAGE_HEAD_BYTES * 4 + 30000);
	free(page);
	memset(text, 1, 4u << 20);
	page = written(&p);
	ck_assert_uint_eq(count_of(page, "id=\"L"), 1);
	ck_assert_uint_eq(count_of(page, "<i>...</i>\n</span>"), 1);
	ck_assert_uint_lt(strlen(page), PAGE_PART_BYTES + 30000);
	free(page);
	free(text);
}
END_TEST

/* ---- tables ---------------------------------------------------------------------------------- */

#define HEAD(cells) "<thead>\n<tr>" cells "</tr>\n</thead>\n"
#define TH(text) "<th scope=\"col\">" text "</th>"
#define THN(text) "<th scope=\"col\" class=\"n\">" text "</th>"
#define TD(text) "<td>" text "</td>"
#define TDN(text) "<td class=\"n\">" text "</td>"
#define BODY(rows) "<tbody>\n" rows "</tbody>\n</table></div>\n</section>"
#define ROW(cells) "<tr>" cells "</tr>\n"

static const struct {
	struct bytes csv;
	const char *caption;
	const char *html;
} tables[] = {
	{ PIECE("a,b\r\n1,x\r\n"), "1 row, 2 columns",
	    HEAD(THN("a") TH("b")) BODY(ROW(TDN("1") TD("x"))) },
	{ PIECE("a\r\n"), "0 rows, 1 column", HEAD(THN("a")) BODY("") },
	/* line ends of others, and none at the end */
	{ PIECE("a\nx\ny"), "2 rows, 1 column", HEAD(TH("a")) BODY(ROW(TD("x")) ROW(TD("y"))) },
	/* quotes */
	{ PIECE("\"a,b\",\"c\"\"d\"\r\n\"1\n2\",\"\"\"\"\r\n"), "1 row, 2 columns",
	    HEAD(TH("a,b") TH("c&quot;d")) BODY(ROW(TD("1\n2") TD("&quot;"))) },
	{ PIECE("a\r\nx\"y\"\r\n"), "1 row, 1 column",
	    HEAD(TH("a")) BODY(ROW(TD("x&quot;y&quot;"))) },
	{ PIECE("a,b\r\n\"x\"y,z\r\n"), "1 row, 2 columns",
	    HEAD(TH("a") TH("b")) BODY(ROW(TD("xy") TD("z"))) },
	{ PIECE("a,b\r\n\"x,y\r\n"), "1 row, 2 columns",
	    HEAD(TH("a") THN("b")) BODY(ROW(TD("x,y\n"))) },
	/* NULL and the empty string */
	{ PIECE("a,b\r\n,\"\"\r\n"), "1 row, 2 columns",
	    HEAD(THN("a") TH("b")) BODY(ROW(TDN("<i>NULL</i>") TD(""))) },
	{ PIECE("a\r\n\r\n1\r\n"), "2 rows, 1 column",
	    HEAD(THN("a")) BODY(ROW(TDN("<i>NULL</i>")) ROW(TDN("1"))) },
	{ PIECE("a,b\r\n1,"), "1 row, 2 columns",
	    HEAD(THN("a") THN("b")) BODY(ROW(TDN("1") TDN("<i>NULL</i>"))) },
	/* rows of other lengths lose nothing */
	{ PIECE("a,b\r\n1\r\n1,2,z\r\n"), "2 rows, 2 columns",
	    HEAD(THN("a") THN("b")) BODY(ROW(TDN("1")) ROW(TDN("1") TDN("2") TD("z"))) },
	/* numbers */
	{ PIECE("a,b,c,d\r\n-1,+1.5,1e9,1.5E-07\r\n.5,5.,NaN,-Infinity\r\n"), "2 rows, 4 columns",
	    HEAD(THN("a") THN("b") THN("c") THN("d")) BODY(ROW(TDN("-1") TDN("+1.5") TDN("1e9")
		    TDN("1.5E-07")) ROW(TDN(".5") TDN("5.") TDN("NaN") TDN("-Infinity"))) },
	{ PIECE("a,b,c,d,e,f\r\n-,.,1e,1-2,0x1,1.2.3\r\n"), "1 row, 6 columns",
	    HEAD(TH("a") TH("b") TH("c") TH("d") TH("e") TH("f"))
		BODY(ROW(TD("-") TD(".") TD("1e") TD("1-2") TD("0x1") TD("1.2.3"))) },
	/* strangers */
	{ PIECE("<b>\r\n</td>\x1b[31m\xff\r\n"), "1 row, 1 column",
	    HEAD(TH("&lt;b&gt;")) BODY(ROW(TD("&lt;/td&gt;<i>\\x1b</i>[31m<i>\\xff</i>"))) },
};

static struct page with_table(struct bytes csv)
{
	struct page p = least();

	p.table = (struct page_table){ .csv = csv, .size_bytes = csv.n, .rows = -1 };
	return p;
}

START_TEST(tables_become)
{
	struct page p = with_table(tables[_i].csv);
	char caption[80];

	(void)snprintf(
	    caption, sizeof(caption), "<table>\n<caption>%s</caption>\n", tables[_i].caption);
	has(&p, caption);
	has(&p, tables[_i].html);
}
END_TEST

/* What goes on behind the bytes at hand may be another row than it seems. */
START_TEST(table_with_a_tail_elsewhere)
{
	struct page p = with_table(BYTES("a,b\r\n1,2\r\n3,4"));

	p.table.size_bytes = 1000;
	p.table.file = "foo.py.csv";
	has(&p, "<caption>Rows, 2 columns</caption>");
	has(&p, ROW(TDN("1") TDN("2")) "</tbody>\n</table></div>\n<p class=\"cut\">This is the "
				       "beginning: 1 row, 2 columns. All of it is in "
				       "<a href=\"./foo.py.csv\"><bdi>foo.py.csv</bdi></a>.</p>");
	p.table.rows = 77;
	has(&p, "<caption>77 rows, 2 columns</caption>");
	p.table.csv = BYTES("a,b\r\n1,2\r\n\"3,4\r\n5,6\r\n");
	has(&p, ROW(TDN("1") TDN("2")) "</tbody>");
	/* not even the names are whole */
	p.table.csv = BYTES("a,b");
	has(&p, "<p class=\"cut\">This is the beginning: 0 rows, 0 columns. All of it is in ");
	has_not(&p, "<table");
	p.table.csv = BYTES("");
	has(&p, "<p class=\"cut\">This is the beginning: 0 rows, 0 columns. All of it is in ");
	has_not(&p, "<table");
}
END_TEST

static void fill_table(struct buf *csv, int rows, int columns)
{
	buf_init(csv, ROOM_BYTES);
	for (int row = 0; row <= rows; row++)
		for (int i = 0; i < columns; i++)
			(void)buf_addf(csv, "%d%s", row * i, i < columns - 1 ? "," : "\r\n");
	ck_assert(!csv->full);
}

START_TEST(large_tables)
{
	struct buf csv;

	fill_table(&csv, 501, 3);
	struct page p = with_table((struct bytes){ csv.data, csv.len });
	char *page = written(&p);
	ck_assert_uint_eq(count_of(page, "<tr>"), 501);
	ck_assert_ptr_nonnull(strstr(page, "<caption>501 rows, 3 columns</caption>"));
	ck_assert_ptr_nonnull(strstr(page, "This is the beginning: 500 rows, 3 columns.</p>"));
	free(page);
	buf_fini(&csv);

	fill_table(&csv, 2, 150);
	p = with_table((struct bytes){ csv.data, csv.len });
	page = written(&p);
	ck_assert_uint_eq(count_of(page, "<th "), 100);
	ck_assert_uint_eq(count_of(page, "<td"), 200);
	ck_assert_ptr_nonnull(strstr(page, "<caption>2 rows, 150 columns</caption>"));
	ck_assert_ptr_nonnull(strstr(page, "This is the beginning: 2 rows, 100 columns.</p>"));
	free(page);
	buf_fini(&csv);

	/* more than is looked at, all of it at hand */
	fill_table(&csv, 20000, 4);
	ck_assert_uint_gt(csv.len, PAGE_HEAD_BYTES);
	p = with_table((struct bytes){ csv.data, csv.len });
	has(&p, "<caption>Rows, 4 columns</caption>");
	buf_fini(&csv);
}
END_TEST

START_TEST(long_cells)
{
	struct page p = least();
	struct buf csv;

	buf_init(&csv, ROOM_BYTES);
	(void)buf_adds(&csv, "a,b\r\n");
	for (int i = 0; i < 5000; i++)
		(void)buf_adds(&csv, "long");
	(void)buf_adds(&csv, ",z\r\n");
	p = with_table((struct bytes){ csv.data, csv.len });
	has(&p, "longlong<i>...</i></td><td>z</td></tr>");
	buf_fini(&csv);
}
END_TEST

/* ---- pictures -------------------------------------------------------------------------------- */

#define PNG(width, height) "\x89PNG\r\n\x1a\n\0\0\0\rIHDR" width height

static const struct {
	struct bytes png;
	const char *html; /* NULL: only linked */
} pictures[] = {
	{ PIECE(PNG("\0\0\0\x02", "\0\0\1\0")),
	    "<img alt=\"&lt;a&gt;.png\" width=\"2\" height=\"256\" src=\"data:image/png;base64,"
	    "iVBORw0KGgoAAAANSUhEUgAAAAIAAAEA\">" },
	{ PIECE(PNG("\0\0\0\x02", "\0\0\1\0") "x"), "AAAAIAAAEAeA==\">" },
	{ PIECE(PNG("\0\0\0\x02", "\0\0\1\0") "xy"), "AAAAIAAAEAeHk=\">" },
	{ PIECE(PNG("\0\0\x20\0", "\0\0\x20\0")), "width=\"8192\" height=\"8192\"" },
	/* would take gigabytes once unpacked */
	{ PIECE(PNG("\0\0\x20\1", "\0\0\x20\0")), NULL },
	{ PIECE(PNG("\xff\xff\xff\xff", "\xff\xff\xff\xff")), NULL },
	{ PIECE(PNG("\0\0\0\0", "\0\0\1\0")), NULL },
	/* none */
	{ PIECE(PNG("\0\0\0\x02", "\0\0\1")), NULL },
	{ PIECE("<svg onload=\"x()\"/>........................."), NULL },
	{ PIECE(""), NULL },
	{ { 0 }, NULL },
};

START_TEST(pictures_become)
{
	struct page_picture pic = { "<a>.png", pictures[_i].png };
	struct page p = least();

	p.picture = &pic;
	p.picture_count = 1;
	has(&p, "<h2 id=\"pictures\">Picture</h2>");
	if (pictures[_i].html) {
		has(&p, pictures[_i].html);
		has_not(&p, "not shown here");
	} else {
		has_not(&p, "<img");
		has(&p, "</bdi></a> (not shown here)</figcaption>");
	}
}
END_TEST

START_TEST(many_pictures)
{
	static const char head[] = PNG("\0\0\0\x02", "\0\0\1\0");
	struct page_picture pic[9];
	struct page p = least();
	char *png = xcalloc(1, 3u << 20);

	memcpy(png, head, sizeof(head) - 1);
	for (size_t i = 0; i < ARRAY_LEN(pic); i++)
		pic[i] = (struct page_picture){ "x.png", { png, 3u << 20 } };
	p.picture = pic;
	p.picture_count = ARRAY_LEN(pic);
	char *page = written(&p);
	ck_assert_uint_eq(count_of(page, "<img"), 2);
	ck_assert_uint_eq(count_of(page, "<figcaption>"), 9);
	ck_assert_uint_eq(count_of(page, "not shown here"), 7);
	ck_assert_ptr_nonnull(strstr(page, "<h2 id=\"pictures\">Pictures</h2>"));
	free(page);
	free(png);
}
END_TEST

/* ---- any bytes ------------------------------------------------------------------------------- */

/* A small reader of HTML, strict where browsers are lenient: it objects to whatever is not as we
 * would write it, and reads no further. */
struct reader {
	const char *p;
	const char *why; /* NULL: it has nothing to say */
	const char *open[64];
	size_t open_bytes[64];
	size_t depth;
};

static bool must(struct reader *r, bool holds, const char *why)
{
	if (!holds && !r->why)
		r->why = why;
	return holds;
}

static bool one_of(const char *p, size_t n, const char *words)
{
	char word[40];

	if (n + 3 > sizeof(word))
		return false;
	(void)snprintf(word, sizeof(word), " %.*s ", (int)n, p);
	return strstr(words, word) != NULL;
}

#define VOID_TAGS " meta link img "
#define TAGS                                                                                       \
	VOID_TAGS                                                                                  \
	" html head title style body main header section h1 h2 p strong span time div pre "        \
	"code mark i bdi a table caption thead tbody tr th td figure figcaption ul li dl "         \
	"dt dd "
#define ATTRIBUTES                                                                                 \
	" lang charset http-equiv content name rel href class id aria-labelledby role tabindex "   \
	"data-n scope alt width height src datetime "

static void read_reference(struct reader *r)
{
	size_t n = strcspn(r->p, ";");

	if (must(r, one_of(r->p + 1, n - 1, " amp lt gt quot #39 middot "), "a lone &"))
		r->p += n + 1;
}

static void read_value(struct reader *r)
{
	if (!must(r, *r->p == '"', "a value without quotes"))
		return;
	for (r->p++; *r->p != '"' && !r->why;) {
		if (!must(r, *r->p && *r->p != '<' && *r->p != '>', "a tag in a value"))
			return;
		if (*r->p == '&')
			read_reference(r);
		else
			r->p++;
	}
	r->p++;
}

static bool leads_nowhere_else(const char *value)
{
	return strncmp(value, "\"./", 3) == 0 || strncmp(value, "\"#L", 3) == 0 ||
	       strncmp(value, "\"data:,\"", 8) == 0;
}

static void read_attributes(struct reader *r)
{
	while (*r->p == ' ' && !r->why) {
		const char *name = ++r->p;
		size_t n = strcspn(name, "= >");

		if (!must(r, one_of(name, n, ATTRIBUTES) && name[n] == '=', "an attribute"))
			return;
		r->p += n + 1;
		if (one_of(name, n, " href "))
			(void)must(r, leads_nowhere_else(r->p), "a link");
		read_value(r);
	}
	if (must(r, *r->p == '>', "a tag without an end"))
		r->p++;
}

static void read_open_tag(struct reader *r)
{
	const char *name = ++r->p;
	size_t n = strcspn(name, " >");

	if (!must(r, one_of(name, n, TAGS), "an element") ||
	    !must(r, r->depth < ARRAY_LEN(r->open), "a deep hole"))
		return;
	r->p += n;
	read_attributes(r);
	if (r->why || one_of(name, n, VOID_TAGS))
		return;
	r->open[r->depth] = name;
	r->open_bytes[r->depth++] = n;
	if (one_of(name, n, " style "))
		r->p += strcspn(r->p, "<");
}

static void read_close_tag(struct reader *r)
{
	size_t n = strcspn(r->p + 2, ">");

	if (!must(r, r->depth > 0, "an end without a start"))
		return;
	r->depth--;
	if (must(r, n == r->open_bytes[r->depth] && strncmp(r->p + 2, r->open[r->depth], n) == 0,
		"tags that cross"))
		r->p += n + 3;
}

static void read_all(struct reader *r)
{
	while (*r->p && !r->why) {
		if (*r->p == '<' && r->p[1] == '/')
			read_close_tag(r);
		else if (*r->p == '<')
			read_open_tag(r);
		else if (*r->p == '&')
			read_reference(r);
		else if (must(r, *r->p != '>', "a lone >"))
			r->p++;
	}
	(void)must(r, r->depth == 0, "a start without an end");
}

/* The first control, or what turns text round; NULL: there is none. */
static const char *find_control(const char *page, size_t n)
{
	const unsigned char *u = (const unsigned char *)page;

	for (size_t i = 0; i < n; i++) {
		bool c0 = (u[i] < 0x20 && u[i] != '\n' && u[i] != '\t') || u[i] == 0x7f;
		bool c1 = u[i] == 0xC2 && u[i + 1] < 0xA0;
		bool turns =
		    u[i] == 0xE2 && u[i + 1] == 0x80 && u[i + 2] >= 0xA8 && u[i + 2] <= 0xAE;
		bool isolates =
		    u[i] == 0xE2 && u[i + 1] == 0x81 && u[i + 2] >= 0xA0 && u[i + 2] <= 0xAF;

		if (c0 || c1 || turns || isolates)
			return page + i;
	}
	return NULL;
}

static size_t is_sound(const struct page *p)
{
	struct buf b;

	buf_init(&b, PAGE_BYTES_MAX);
	page_write(&b, p);
	ck_assert(text_is_utf8(b.data, b.len));
	const char *control = find_control(b.data, b.len);
	ck_assert_msg(control == NULL, "%.60s", control);
	struct reader r = { .p = b.data + strlen("<!DOCTYPE html>\n") };
	read_all(&r);
	ck_assert_msg(!r.why, "%s: %.60s", r.why, r.p);
	ck_assert_ptr_eq(r.p, b.data + b.len);
	size_t n = b.len;
	buf_fini(&b);
	return n;
}

/* A reader that lets a known offence pass would let it pass for ever. */
static const struct {
	const char *html;
	const char *why;
} unsound[] = {
	{ "<p>x</p><img alt=\"&quot;\">&lt;<a href=\"./x\"></a>", NULL },
	{ "<p>", "a start without an end" },
	{ "</p>", "an end without a start" },
	{ "<p><i></p></i>", "tags that cross" },
	{ "<p></ p></p>", "tags that cross" },
	{ "<script></script>", "an element" },
	{ "<P></P>", "an element" },
	{ "<!-- x -->", "an element" },
	{ "<p onclick=\"x\"></p>", "an attribute" },
	{ "<p class></p>", "an attribute" },
	{ "<p class=x></p>", "a value without quotes" },
	{ "<p class=\"<\"></p>", "a tag in a value" },
	{ "<p class=\"x\"y></p>", "a tag without an end" },
	{ "<p class=\"x", "a tag in a value" },
	{ "<a href=\"javascript:x\"></a>", "a link" },
	{ "<a href=\"../x\"></a>", "a link" },
	{ "a & b", "a lone &" },
	{ "a > b", "a lone >" },
	{ "&copy;", "a lone &" },
};

START_TEST(reader_objects)
{
	struct reader r = { .p = unsound[_i].html };

	read_all(&r);
	ck_assert_msg(str_eq(r.why, unsound[_i].why), "%s: %s", unsound[_i].html, r.why);
}
END_TEST

START_TEST(controls_are_found)
{
	ck_assert_ptr_null(find_control("a\n\tb\xc2\xa0\xe2\x80\xa7\xe2\x82\xac", 12));
	ck_assert_ptr_nonnull(find_control("a\x1b", 2));
	ck_assert_ptr_nonnull(find_control("\0", 1));
	ck_assert_ptr_nonnull(find_control("\x7f", 1));
	ck_assert_ptr_nonnull(find_control("\xc2\x85", 2));
	ck_assert_ptr_nonnull(find_control("\xe2\x80\xae", 3));
	ck_assert_ptr_nonnull(find_control("\xe2\x81\xa7", 3));
}
END_TEST

/* The same numbers each time: what fails can be looked at again. */
static uint32_t draw(uint64_t *seed)
{
	*seed = *seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (uint32_t)(*seed >> 33);
}

/* Mostly pieces that mean something to somebody, and any bytes. */
static void draw_piece(struct buf *b, uint64_t *seed)
{
	static const struct bytes piece[] = { PIECE("<script>"), PIECE("</script>"),
		PIECE("</pre>"), PIECE("</title>"), PIECE("</style>"), PIECE("]]>"), PIECE("<!--"),
		PIECE("-->"), PIECE("&lt;"), PIECE("\" onload=\"x\" "), PIECE("'"), PIECE("\x1b["),
		PIECE("31m"), PIECE("\x1b[0m"), PIECE("\x1b[38;5;"), PIECE("\x1b[7;1;48;2;9;9;9m"),
		PIECE("\x1b]8;;"), PIECE("\n"), PIECE("\r"), PIECE("\r\n"), PIECE("\t"),
		PIECE("\0"), PIECE(","), PIECE("\""), PIECE("\"\""), PIECE("../"), PIECE("/"),
		PIECE("#"), PIECE("?"), PIECE("%"), PIECE("\xe2\x80\xae"), PIECE("\xe2\x81\xa6"),
		PIECE("\xc2\x85"), PIECE("\xef\xbf\xbf"), PIECE("\xf3\xa0\x80\x81"),
		PIECE("\xe2\x82\xac"), PIECE("\xf0\x9f\x98\x80"), PIECE("\xc0\x80"), PIECE("1.5"),
		PIECE("text ") };
	uint32_t kind = draw(seed) % (ARRAY_LEN(piece) + 10);

	if (kind < ARRAY_LEN(piece))
		(void)buf_add(b, piece[kind].p, piece[kind].n);
	else
		(void)buf_addc(b, (char)(unsigned char)(draw(seed) & 0xff));
}

/* Of the arena; strings end at a NUL, texts do not. */
static struct bytes draw_bytes(struct arena *a, uint64_t *seed, uint32_t pieces_max)
{
	struct buf b;
	size_t n;

	buf_init(&b, ROOM_BYTES);
	for (uint32_t i = draw(seed) % (pieces_max + 1); i > 0; i--)
		draw_piece(&b, seed);
	char *p = buf_steal(&b, &n);
	return (struct bytes){ .p = arena_take(a, p), .n = n };
}

static const char *draw_string(struct arena *a, uint64_t *seed)
{
	return draw(seed) % 8 == 0 ? NULL : draw_bytes(a, seed, 12).p;
}

static struct page_head draw_head(struct arena *a, uint64_t *seed)
{
	struct bytes text = draw_bytes(a, seed, 200);
	uint64_t more = draw(seed) % 2 ? draw(seed) : 0;

	return (struct page_head){ text, text.n + more, draw_string(a, seed) };
}

static void draw_lists(struct arena *a, uint64_t *seed, struct page *p)
{
	size_t n = draw(seed) % 4;
	struct page_file *file = arena_calloc(a, n + 1, sizeof(*file));
	struct page_picture *pic = arena_calloc(a, n + 1, sizeof(*pic));
	const char **note = arena_calloc(a, n + 1, sizeof(*note));

	for (size_t i = 0; i < n; i++) {
		file[i].name = draw_bytes(a, seed, 12).p;
		file[i].size_bytes = (int64_t)draw(seed) - 1000;
		pic[i].file = draw_bytes(a, seed, 12).p;
		pic[i].png =
		    draw(seed) % 2 ? draw_bytes(a, seed, 12) : BYTES(PNG("\0\0\0\x02", "\0\0\1\0"));
		note[i] = draw_bytes(a, seed, 12).p;
	}
	p->file = file;
	p->picture = pic;
	p->warning = p->truncated = note;
	p->file_count = p->picture_count = p->warning_count = p->truncated_count = n;
}

static struct page draw_page(struct arena *a, uint64_t *seed)
{
	struct page p = {
		.name = draw_bytes(a, seed, 12).p,
		.kind = draw_string(a, seed),
		.style = draw_string(a, seed),
		.status = draw_bytes(a, seed, 3).p,
		.exit_code = (int)(draw(seed) % 300) - 1,
		.error_name = draw_string(a, seed),
		.error_message = draw_string(a, seed),
		.error_line = draw(seed) % 40,
		.error_statement = draw(seed) % 3,
		.traceback = draw_head(a, seed),
		.code = draw_bytes(a, seed, 300),
		.code_file = draw_string(a, seed),
		.out = draw_head(a, seed),
		.err = draw_head(a, seed),
		.superseded = draw(seed) % 2,
		.queued_ms = draw(seed),
		.started_ms = draw(seed),
		.finished_ms = draw(seed) % 3 ? draw(seed) : 0,
		.session = draw_string(a, seed),
		.statement = (int64_t)draw(seed) - 1000,
		.pool = draw_string(a, seed),
		.spool = draw_string(a, seed),
		.attempts = draw(seed),
		.sha256 = draw_string(a, seed),
	};
	struct page_head csv = draw_head(a, seed);
	p.table = (struct page_table){ csv.head, csv.size_bytes, (int64_t)(draw(seed) % 9) - 1,
		csv.file };
	draw_lists(a, seed, &p);
	return p;
}

START_TEST(any_bytes_in_any_field)
{
	uint64_t count = getenv("CHECK_LONG") ? 20000 : 1000;

	for (uint64_t i = 1; i <= count; i++) {
		uint64_t seed = i;
		struct arena a;

		arena_init(&a);
		struct page p = draw_page(&a, &seed);
		ck_assert_uint_lt(is_sound(&p), 200000);
		arena_fini(&a);
	}
}
END_TEST

/* ---- as much as there can be ----------------------------------------------------------------- */

static const struct bytes fillings[] = { PIECE("\x01"), PIECE("'"), PIECE("\n"), PIECE("\r"),
	PIECE("\x1b[31mx\x1b[44;1;2;3;4;9my"),
	PIECE("\xe2\x80\xae"
	      "a"),
	PIECE("\","), PIECE(","), PIECE(",\n"), PIECE("\xff."), PIECE("x") };

static void fill(char *p, size_t n, struct bytes piece)
{
	for (size_t i = 0; i < n; i++)
		p[i] = piece.p[i % piece.n];
	p[n] = '\0';
}

/* Every field at once, of the worst that there is, in the room that was promised. */
START_TEST(nothing_outgrows_the_page)
{
	size_t n = 2u << 20;
	char *text = xmalloc(n + 1);
	struct page_file *file = xcalloc(3000, sizeof(*file));
	struct page_picture *pic = xcalloc(300, sizeof(*pic));
	const char **note = xcalloc(3000, sizeof(*note));

	fill(text, n, fillings[_i]);
	struct page_head head = { { text, n }, UINT64_MAX, text };
	char *png = xcalloc(1, PAGE_PICTURES_BYTES);
	memcpy(png, pictures[0].png.p, pictures[0].png.n);
	for (size_t i = 0; i < 3000; i++) {
		file[i] = (struct page_file){ text, INT64_MAX };
		note[i] = text;
	}
	for (size_t i = 0; i < 300; i++)
		pic[i] = (struct page_picture){ text, { png, PAGE_PICTURES_BYTES } };
	struct page p = { text, text, text, text, INT32_MAX, text, text, 1, INT64_MAX, head,
		{ text, n }, text, head, head, { { text, n }, UINT64_MAX, INT64_MAX, text }, pic,
		300, file, 3000, note, 3000, note, 3000, true, 1, 1, INT64_C(9) << 40, text,
		INT64_MAX, text, text, UINT32_MAX, text };
	ck_assert_uint_lt(is_sound(&p), PAGE_BYTES_MAX);
	free(note);
	free(pic);
	free(file);
	free(png);
	free(text);
}
END_TEST

#define ADD_LOOP(tcase, test, table) tcase_add_loop_test(tcase, test, 0, (int)ARRAY_LEN(table))

static TCase *pieces(void)
{
	TCase *t = tcase_create("pieces");

	ADD_LOOP(t, text_becomes, forms);
	ADD_LOOP(t, sequences_become, sequences);
	tcase_add_test(t, colours_are_known);
	tcase_add_test(t, text_is_cut);
	tcase_add_test(t, no_text_is_nothing);
	ADD_LOOP(t, links_lead, links);
	tcase_add_test(t, long_names);
	ADD_LOOP(t, sizes_in_words, sizes);
	tcase_add_test(t, counts_in_words);
	ADD_LOOP(t, durations_in_words, durations);
	return t;
}

static TCase *parts(void)
{
	TCase *t = tcase_create("parts");

	tcase_add_test(t, least_page);
	tcase_add_test(t, policy_lets_the_style_in);
	tcase_add_test(t, style_is_plain);
	ADD_LOOP(t, status_has_a_tone, tones);
	tcase_add_test(t, head_of_the_page);
	tcase_add_test(t, times_and_facts);
	tcase_add_test(t, outputs);
	tcase_add_test(t, outputs_are_cut);
	tcase_add_test(t, errors);
	tcase_add_test(t, notes);
	tcase_add_test(t, files);
	tcase_add_test(t, lists_have_an_end);
	ADD_LOOP(t, code_becomes, codes);
	tcase_add_test(t, code_that_is_not_there);
	tcase_add_test(t, lines_are_counted);
	ADD_LOOP(t, long_code, excerpts);
	tcase_add_test(t, endless_line);
	ADD_LOOP(t, tables_become, tables);
	tcase_add_test(t, table_with_a_tail_elsewhere);
	tcase_add_test(t, large_tables);
	tcase_add_test(t, long_cells);
	ADD_LOOP(t, pictures_become, pictures);
	tcase_add_test(t, many_pictures);
	return t;
}

static TCase *strangers(void)
{
	TCase *t = tcase_create("strangers");

	ADD_LOOP(t, reader_objects, unsound);
	tcase_add_test(t, controls_are_found);
	tcase_add_test(t, any_bytes_in_any_field);
	ADD_LOOP(t, nothing_outgrows_the_page, fillings);
	return t;
}

int main(void)
{
	Suite *s = suite_create("page");

	suite_add_tcase(s, pieces());
	suite_add_tcase(s, parts());
	suite_add_tcase(s, strangers());
	return help_run(s);
}
