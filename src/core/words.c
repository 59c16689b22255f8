/* words: a line taken apart as a shell does it, with nothing expanded. No state. */
#include "core/words.h"
#include <assert.h>
#include <string.h>

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static void skip_blanks(struct words *w)
{
	while (w->p < w->end && is_blank(*w->p))
		w->p++;
}

/* The character behind a backslash. Between double quotation marks a shell leaves a backslash alone
 * before what needs none; there is nothing to expand here, but '$' and '`' lose theirs all the same,
 * so that a line means here what it means there. */
static int take_escaped(struct words *w, bool quoted, struct buf *word)
{
	if (w->p == w->end)
		return -1;
	if (quoted && strchr("\"\\$`", *w->p) == NULL)
		buf_addc(word, '\\');
	return buf_addc(word, *w->p++);
}

/* Up to the quotation mark that closes. */
static int take_quoted(struct words *w, char mark, struct buf *word)
{
	while (w->p < w->end && *w->p != mark) {
		char c = *w->p++;
		if (c == '\\' && mark == '"') {
			if (take_escaped(w, true, word) != 0)
				return -1;
		} else {
			buf_addc(word, c);
		}
	}
	if (w->p == w->end)
		return -1;
	w->p++;
	return 0;
}

static int take_piece(struct words *w, struct buf *word)
{
	char c = *w->p++;

	if (c == '\'' || c == '"')
		return take_quoted(w, c, word);
	if (c == '\\')
		return take_escaped(w, false, word);
	return buf_addc(word, c);
}

static bool has_control(const struct buf *word)
{
	for (size_t i = 0; i < word->len; i++) {
		unsigned char c = (unsigned char)word->data[i];
		if ((c < 0x20 && c != '\t') || c == 0x7f)
			return true;
	}
	return false;
}

enum words_result words_take(struct words *w, struct buf *word)
{
	buf_reset(word);
	skip_blanks(w);
	if (w->p == w->end)
		return WORDS_END;
	buf_adds(word, ""); /* "" is a word, too */
	while (w->p < w->end && !is_blank(*w->p)) {
		if (take_piece(w, word) != 0)
			return WORDS_OPEN;
	}
	assert(!word->full); /* no longer than what it was read from */
	return has_control(word) ? WORDS_CONTROL : WORDS_TAKEN;
}

const char *words_trouble(enum words_result result)
{
	assert(result == WORDS_OPEN || result == WORDS_CONTROL);
	if (result == WORDS_CONTROL)
		return "it holds a control character";
	return "a quotation mark is not closed, or a backslash has nothing behind it";
}
