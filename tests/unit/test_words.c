/* test_words: a line taken apart as a shell does it; a shell's own library is asked, too. */
#include "core/words.h"
#include "help.h"
#include <stdlib.h>
#include <string.h>
#include <wordexp.h>

#define WORDS_MAX 64
#define LINE_BYTES_MAX 64
#define ROUNDS 20000

struct taken {
	char *word[WORDS_MAX];
	size_t count;
	enum words_result end;
};

static void take_all(const char *line, size_t n, struct taken *t)
{
	struct words w = { .p = line, .end = line + n };
	struct buf word;

	*t = (struct taken){ .end = WORDS_TAKEN };
	buf_init(&word, n);
	while ((t->end = words_take(&w, &word)) == WORDS_TAKEN) {
		ck_assert_uint_lt(t->count, WORDS_MAX);
		/* Nothing in it that the length does not count. */
		ck_assert_uint_eq(strlen(word.data), word.len);
		t->word[t->count++] = xstrdup(word.data);
	}
	ck_assert(!word.full);
	ck_assert(w.p >= line && w.p <= line + n);
	buf_fini(&word);
}

static void forget(struct taken *t)
{
	for (size_t i = 0; i < t->count; i++)
		free(t->word[i]);
}

static const struct {
	const char *line;
	enum words_result end;
	const char *words; /* each in brackets */
} lines[] = {
	{ "", WORDS_END, "" },
	{ " \t ", WORDS_END, "" },
	{ "a", WORDS_END, "[a]" },
	{ "  a\tb  c ", WORDS_END, "[a][b][c]" },
	{ "\"a b\"", WORDS_END, "[a b]" },
	{ "'a b'", WORDS_END, "[a b]" },
	{ "k=\"a b\"c'd e'f", WORDS_END, "[k=a bcd ef]" },
	{ "a\\ b", WORDS_END, "[a b]" },
	{ "\\a\\\\", WORDS_END, "[a\\]" },
	{ "'\\'", WORDS_END, "[\\]" },
	{ "'\"'", WORDS_END, "[\"]" },
	{ "\"'\"", WORDS_END, "[']" },
	{ "\"\\\"\\\\\\$\\`\"", WORDS_END, "[\"\\$`]" },
	{ "\"\\a\\'\\n\"", WORDS_END, "[\\a\\'\\n]" },
	{ "''", WORDS_END, "[]" },
	{ "\"\" '' x", WORDS_END, "[][][x]" },
	{ "a''b", WORDS_END, "[ab]" },
	{ "'it'\\''s'", WORDS_END, "[it's]" },
	/* Nothing is expanded, and nothing but quotation marks is special. */
	{ "$HOME `id` * ~ {a,b} # ; | & < > ! (x)", WORDS_END,
	    "[$HOME][`id`][*][~][{a,b}][#][;][|][&][<][>][!][(x)]" },
	{ "\"$HOME `id`\"", WORDS_END, "[$HOME `id`]" },
	{ "\xc3\xa9 \"\xe2\x82\xac x\"", WORDS_END, "[\xc3\xa9][\xe2\x82\xac x]" },
	{ "\"a\tb\"", WORDS_END, "[a\tb]" },
	{ "a \"b", WORDS_OPEN, "[a]" },
	{ "a 'b", WORDS_OPEN, "[a]" },
	{ "a b\\", WORDS_OPEN, "[a]" },
	{ "\"a\\", WORDS_OPEN, "" },
	{ "\"a\\\"", WORDS_OPEN, "" },
	{ "'a\\'b'", WORDS_OPEN, "" },
	{ "a b\x01", WORDS_CONTROL, "[a]" },
	{ "a 'b\x7f'", WORDS_CONTROL, "[a]" },
	{ "a \"b\nc\"", WORDS_CONTROL, "[a]" },
	{ "a b\\\n", WORDS_CONTROL, "[a]" },
};

START_TEST(test_line)
{
	struct taken t;
	struct buf out;

	take_all(lines[_i].line, strlen(lines[_i].line), &t);
	buf_init(&out, 1000);
	buf_adds(&out, "");
	for (size_t i = 0; i < t.count; i++)
		buf_addf(&out, "[%s]", t.word[i]);
	ck_assert_int_eq(t.end, lines[_i].end);
	ck_assert_str_eq(out.data, lines[_i].words);
	buf_fini(&out);
	forget(&t);
}
END_TEST

START_TEST(test_nul_is_a_control_character)
{
	struct taken t;

	take_all("a\0b", 3, &t);
	ck_assert_int_eq(t.end, WORDS_CONTROL);
	ck_assert_uint_eq(t.count, 0);
	take_all("\"\\\0\"", 4, &t);
	ck_assert_int_eq(t.end, WORDS_CONTROL);
}
END_TEST

START_TEST(test_trouble_in_words)
{
	ck_assert_ptr_nonnull(strstr(words_trouble(WORDS_OPEN), "not closed"));
	ck_assert_ptr_nonnull(strstr(words_trouble(WORDS_CONTROL), "control character"));
}
END_TEST

/* ---- chance ---- */

static uint32_t draw(uint32_t *seed, uint32_t below)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 17;
	*seed ^= *seed << 5;
	return *seed % below;
}

static size_t random_line(
    char line[LINE_BYTES_MAX + 1], const char *of, size_t of_count, uint32_t *seed)
{
	size_t n = draw(seed, LINE_BYTES_MAX + 1);

	for (size_t i = 0; i < n; i++)
		line[i] = of[draw(seed, (uint32_t)of_count)];
	line[n] = '\0';
	return n;
}

/* The C library has a shell's rules, too. The letters are those that mean the same where nothing is
 * expanded. glibc takes the empty word at the start of ''a for a word of its own, which no shell
 * does: such lines are left out. */
START_TEST(test_as_a_shell)
{
	static const char letters[] = "ab=  \t\"'\\";
	uint32_t seed = 2654435769u * ((uint32_t)_i + 1);
	char line[LINE_BYTES_MAX + 1];
	unsigned good = 0, bad = 0;

	for (unsigned round = 0; round < ROUNDS; round++) {
		struct taken t;
		wordexp_t w;
		size_t n = random_line(line, letters, sizeof(letters) - 1, &seed);
		if (strstr(line, "''") != NULL || strstr(line, "\"\"") != NULL)
			continue;
		take_all(line, n, &t);
		int rc = wordexp(line, &w, WRDE_NOCMD);
		ck_assert_msg(
		    (rc == 0) == (t.end == WORDS_END), "<%s> %d %d", line, rc, (int)t.end);
		if (rc == 0) {
			ck_assert_msg(w.we_wordc == t.count, "<%s> %zu", line, t.count);
			for (size_t i = 0; i < t.count; i++)
				ck_assert_msg(str_eq(w.we_wordv[i], t.word[i]), "<%s> <%s> <%s>",
				    line, w.we_wordv[i], t.word[i]);
			wordfree(&w);
		}
		good += rc == 0;
		bad += rc != 0;
		forget(&t);
	}
	ck_assert_uint_gt(good, ROUNDS / 10);
	ck_assert_uint_gt(bad, ROUNDS / 10);
}
END_TEST

/* Single quotation marks around anything give it back. */
static void quote(struct buf *out, const char *word)
{
	buf_addc(out, '\'');
	for (const char *p = word; *p != '\0'; p++)
		buf_adds(out, *p == '\'' ? "'\\''" : (char[]){ *p, '\0' });
	buf_addc(out, '\'');
}

START_TEST(test_quoted_comes_back)
{
	static const char letters[] = "ab \t\"'\\$`*#=;\xc3\xa9";
	uint32_t seed = 40503u * ((uint32_t)_i + 1);
	char word[3][LINE_BYTES_MAX + 1];

	for (unsigned round = 0; round < ROUNDS / 4; round++) {
		struct buf out;
		struct taken t;
		buf_init(&out, sizeof(word) * 5);
		for (size_t i = 0; i < ARRAY_LEN(word); i++) {
			(void)random_line(word[i], letters, sizeof(letters) - 1, &seed);
			buf_adds(&out, i == 0 ? "" : " ");
			quote(&out, word[i]);
		}
		take_all(out.data, out.len, &t);
		ck_assert_int_eq(t.end, WORDS_END);
		ck_assert_uint_eq(t.count, ARRAY_LEN(word));
		for (size_t i = 0; i < ARRAY_LEN(word); i++)
			ck_assert_str_eq(t.word[i], word[i]);
		forget(&t);
		buf_fini(&out);
	}
}
END_TEST

/* Of any bytes: an end, no word with a control character, no more than there was. */
START_TEST(test_any_bytes)
{
	uint32_t seed = 69069u * ((uint32_t)_i + 1);
	char letters[256];
	char line[LINE_BYTES_MAX + 1];

	for (size_t i = 0; i < sizeof(letters); i++)
		letters[i] = (char)i;
	for (unsigned round = 0; round < ROUNDS; round++) {
		struct taken t;
		size_t bytes = 0;
		size_t n = random_line(line, letters, sizeof(letters), &seed);
		take_all(line, n, &t);
		for (size_t i = 0; i < t.count; i++) {
			bytes += strlen(t.word[i]);
			for (const char *p = t.word[i]; *p != '\0'; p++)
				ck_assert_msg(*p < 0 || *p >= 0x20 || *p == '\t', "%d", *p);
		}
		ck_assert_uint_le(bytes, n);
		forget(&t);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("words");
	TCase *tc = tcase_create("words");
	TCase *chance = tcase_create("chance");

	tcase_add_loop_test(tc, test_line, 0, (int)ARRAY_LEN(lines));
	tcase_add_test(tc, test_nul_is_a_control_character);
	tcase_add_test(tc, test_trouble_in_words);
	tcase_add_loop_test(chance, test_as_a_shell, 0, 4);
	tcase_add_loop_test(chance, test_quoted_comes_back, 0, 4);
	tcase_add_loop_test(chance, test_any_bytes, 0, 4);
	suite_add_tcase(suite, tc);
	suite_add_tcase(suite, chance);
	return help_run(suite);
}
