/* test_text: what is UTF-8, what becomes of what is not, lines for people, hexadecimal, JSON. */
#include "help.h"

#include "core/text.h"
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#define FFFD "\xEF\xBF\xBD"

struct sample {
	const char *text;
	size_t n;
	size_t good; /* bytes from the start that are UTF-8 */
	const char *mended;
};

#define SAMPLE(s, good, mended)                                                                    \
	{                                                                                          \
		s, sizeof(s) - 1, good, mended                                                     \
	}

static const struct sample samples[] = {
	SAMPLE("", 0, ""),
	SAMPLE("plain", 5, "plain"),
	SAMPLE("\xC3\xA9\xE4\xB8\xAD\xF0\x9F\x98\x80", 9, "\xC3\xA9\xE4\xB8\xAD\xF0\x9F\x98\x80"),
	/* the first and the last of each length */
	SAMPLE("\x7F", 1, "\x7F"),
	SAMPLE("\xC2\x80\xDF\xBF", 4, "\xC2\x80\xDF\xBF"),
	SAMPLE("\xE0\xA0\x80\xEF\xBF\xBF", 6, "\xE0\xA0\x80\xEF\xBF\xBF"),
	SAMPLE("\xF0\x90\x80\x80\xF4\x8F\xBF\xBF", 8, "\xF0\x90\x80\x80\xF4\x8F\xBF\xBF"),
	SAMPLE("\xED\x9F\xBF\xEE\x80\x80", 6, "\xED\x9F\xBF\xEE\x80\x80"),
	/* spelled too long */
	SAMPLE("a\xC0\x80", 1, "a" FFFD FFFD),
	SAMPLE("a\xC1\xBF", 1, "a" FFFD FFFD),
	SAMPLE("\xE0\x9F\xBF", 0, FFFD FFFD FFFD),
	SAMPLE("\xF0\x8F\xBF\xBF", 0, FFFD FFFD FFFD FFFD),
	/* a surrogate, beyond Unicode, no first byte */
	SAMPLE("\xED\xA0\x80", 0, FFFD FFFD FFFD),
	SAMPLE("\xED\xBF\xBF", 0, FFFD FFFD FFFD),
	SAMPLE("\xF4\x90\x80\x80", 0, FFFD FFFD FFFD FFFD),
	SAMPLE("\xF5\x80\x80\x80", 0, FFFD FFFD FFFD FFFD),
	SAMPLE("\x80", 0, FFFD),
	SAMPLE("\xFF\xFE", 0, FFFD FFFD),
	/* cut short, and interrupted */
	SAMPLE("ab\xC3", 2, "ab" FFFD),
	SAMPLE("\xE4\xB8", 0, FFFD FFFD),
	SAMPLE("\xF0\x9F\x98", 0, FFFD FFFD FFFD),
	SAMPLE("\xC3(x", 0, FFFD "(x"),
	SAMPLE("\xE4\xB8(x", 0, FFFD FFFD "(x"),
	SAMPLE("latin \xE9t\xE9", 6, "latin " FFFD "t" FFFD),
};

START_TEST(knows_utf8)
{
	const struct sample *s = &samples[_i];

	ck_assert_uint_eq(text_utf8_prefix(s->text, s->n), s->good);
	ck_assert_int_eq(text_is_utf8(s->text, s->n), s->good == s->n);
}
END_TEST

START_TEST(mends_utf8)
{
	const struct sample *s = &samples[_i];
	struct buf b;

	buf_init(&b, 1000);
	(void)buf_adds(&b, "<");
	text_add_utf8(&b, s->text, s->n);
	(void)buf_adds(&b, ">");
	ck_assert_int_eq(b.data[0], '<');
	ck_assert_uint_eq(b.len, strlen(s->mended) + 2);
	ck_assert_mem_eq(b.data + 1, s->mended, strlen(s->mended));
	ck_assert(text_is_utf8(b.data, b.len));
	buf_fini(&b);
}
END_TEST

START_TEST(agrees_with_jansson)
{
	const struct sample *s = &samples[_i];
	json_t *v = json_stringn(s->text, s->n);

	ck_assert_int_eq(v != NULL, text_is_utf8(s->text, s->n));
	json_decref(v);
}
END_TEST

START_TEST(writes_each_character)
{
	static const struct {
		uint32_t c;
		const char *utf8;
	} known[] = {
		{ 'A', "A" },
		{ 0x7F, "\x7F" },
		{ 0x80, "\xC2\x80" },
		{ 0x7FF, "\xDF\xBF" },
		{ 0x800, "\xE0\xA0\x80" },
		{ 0xFFFF, "\xEF\xBF\xBF" },
		{ 0x10000, "\xF0\x90\x80\x80" },
		{ 0x10FFFF, "\xF4\x8F\xBF\xBF" },
		{ 0xD800, FFFD },
		{ 0xDFFF, FFFD },
		{ 0x110000, FFFD },
		{ UINT32_MAX, FFFD },
	};

	for (size_t i = 0; i < ARRAY_LEN(known); i++) {
		struct buf b;

		buf_init(&b, 8);
		text_add_char(&b, known[i].c);
		ck_assert_str_eq(b.data, known[i].utf8);
		buf_fini(&b);
	}
}
END_TEST

/* Every character there is goes out and comes back as one. */
START_TEST(every_character_is_valid)
{
	uint32_t wrong = 0; /* an assertion each would take a minute */
	struct buf b;

	buf_init(&b, 8);
	for (uint32_t c = 0; c <= 0x10FFFF; c++) {
		size_t expected = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;

		buf_reset(&b);
		text_add_char(&b, c);
		wrong += b.len != expected || text_utf8_prefix(b.data, b.len) != b.len;
	}
	ck_assert_uint_eq(wrong, 0);
	buf_fini(&b);
}
END_TEST

START_TEST(a_line_for_people)
{
	static const struct {
		const char *text;
		const char *line;
	} known[] = {
		{ "", "" },
		{ "   \n \t \r\n", "" },
		{ "one line", "one line" },
		{ "first\nsecond", "first" },
		{ "first\rsecond", "first" },
		{ "\n\n  first  \n second", "first" },
		{ "a\tb", "a b" },
		{ "a\x1b[31mred\x07", "a[31mred" },
		{ "a\x7F\xC2\x85z", "az" },
		{ "a\xE2\x80\xA8z", "az" },
		{ "evil\xE2\x80\xAEtxt.exe", "eviltxt.exe" },
		{ "bad \xFF byte", "bad " FFFD " byte" },
		{ "cut \xE4\xB8", "cut " FFFD FFFD },
	};

	for (size_t i = 0; i < ARRAY_LEN(known); i++) {
		char *line = text_line(known[i].text, strlen(known[i].text), 100);

		ck_assert_str_eq(line, known[i].line);
		free(line);
	}
}
END_TEST

START_TEST(a_line_with_nul)
{
	char *line = text_line("a\0b", 3, 100);

	ck_assert_str_eq(line, "ab");
	free(line);
}
END_TEST

/* A character is never cut in two. */
START_TEST(a_line_is_cut_between_characters)
{
	for (size_t max = 0; max < 12; max++) {
		const char text[] = "a\xC3\xA9\xE4\xB8\xAD\xF0\x9F\x98\x80";
		char *line = text_line(text, strlen(text), max);

		ck_assert_uint_le(strlen(line), max);
		ck_assert(text_is_utf8(line, strlen(line)));
		ck_assert_int_eq(strncmp(line, text, strlen(line)), 0);
		free(line);
	}
}
END_TEST

START_TEST(hexadecimal_there_and_back)
{
	struct buf hex;
	struct buf back;
	char all[256];

	for (size_t i = 0; i < sizeof(all); i++)
		all[i] = (char)i;
	buf_init(&hex, 1000);
	buf_init(&back, 1000);
	text_add_hex(&hex, all, sizeof(all));
	ck_assert_uint_eq(hex.len, 512);
	ck_assert_int_eq(strncmp(hex.data, "000102", 6), 0);
	ck_assert(text_add_unhex(&back, hex.data));
	ck_assert_uint_eq(back.len, sizeof(all));
	ck_assert_mem_eq(back.data, all, sizeof(all));
	ck_assert(!text_add_unhex(&back, "0"));
	ck_assert(!text_add_unhex(&back, "0g"));
	ck_assert(!text_add_unhex(&back, "AB"));
	ck_assert(text_add_unhex(&back, ""));
	buf_fini(&hex);
	buf_fini(&back);
}
END_TEST

START_TEST(strings_for_json)
{
	const struct sample *s = &samples[_i];
	json_t *v = text_json_bytes(s->text, s->n);

	ck_assert(json_is_string(v));
	ck_assert_str_eq(json_string_value(v), s->mended);
	json_decref(v);
}
END_TEST

START_TEST(no_string_is_null)
{
	json_t *v = text_json(NULL);

	ck_assert(json_is_null(v));
	json_decref(v);
	v = text_json_bytes("a\0b", 3);
	ck_assert_uint_eq(json_string_length(v), 3);
	json_decref(v);
}
END_TEST

START_TEST(puts_take_the_reference)
{
	json_t *o = json_object();
	json_t *list = json_array();

	text_append(list, text_json("x"));
	text_put(o, "list", list);
	char *text = json_dumps(o, JSON_COMPACT);
	ck_assert_str_eq(text, "{\"list\":[\"x\"]}");
	free(text);
	ck_assert_uint_eq(list->refcount, 1);
	json_decref(o);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("text");
	TCase *t = tcase_create("text");

	tcase_add_loop_test(t, knows_utf8, 0, (int)ARRAY_LEN(samples));
	tcase_add_loop_test(t, mends_utf8, 0, (int)ARRAY_LEN(samples));
	tcase_add_loop_test(t, agrees_with_jansson, 0, (int)ARRAY_LEN(samples));
	tcase_add_loop_test(t, strings_for_json, 0, (int)ARRAY_LEN(samples));
	tcase_add_test(t, writes_each_character);
	tcase_add_test(t, every_character_is_valid);
	tcase_add_test(t, a_line_for_people);
	tcase_add_test(t, a_line_with_nul);
	tcase_add_test(t, a_line_is_cut_between_characters);
	tcase_add_test(t, hexadecimal_there_and_back);
	tcase_add_test(t, no_string_is_null);
	tcase_add_test(t, puts_take_the_reference);
	suite_add_tcase(s, t);
	return help_run(s);
}
