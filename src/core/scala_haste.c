/* scala_haste: where the interpreter does not wait for the next line of a Scala file. */
#include "core/scala_int.h"

bool scala_is_hasty(const struct scala_haste *h, const struct scala_token *t)
{
	bool is_case = h->last == WORD_CASE && (t->word == WORD_CLASS || t->word == WORD_OBJECT);

	return is_case || h->lazily || h->case_class;
}

static bool is_lazy(enum scala_word word)
{
	return word == WORD_VAL || word == WORD_VAR || word == WORD_DEF;
}

/* Its parameters begin, or something else that ends its head. */
static bool ends_head(const struct scala_token *t)
{
	return t->word == WORD_EXTENDS || t->sort == SCALA_SEMI ||
	       (t->sort == SCALA_OPEN && t->bracket != '[');
}

void scala_note_haste(struct scala_haste *h, const struct scala_token *t)
{
	bool ends = t->sort == SCALA_SEMI || t->sort == SCALA_CLOSE;

	if (t->word == WORD_LAZY)
		h->lazily = true;
	else if (is_lazy(t->word) || ends)
		h->lazily = false;
	if (t->word == WORD_CLASS && h->last == WORD_CASE) {
		h->case_class = true;
		h->depth = t->depth;
	} else if (t->depth < h->depth || (t->depth == h->depth && ends_head(t))) {
		h->case_class = false;
	}
	h->last = t->word;
}
