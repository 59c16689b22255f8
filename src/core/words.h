/* words: a line taken apart as a shell does it, with nothing expanded. No state. */
#ifndef SPARKSPOOL_CORE_WORDS_H
#define SPARKSPOOL_CORE_WORDS_H

#include "base/buf.h"

/* What is still to be read; borrowed. */
struct words {
	const char *p;
	const char *end;
};

enum words_result {
	WORDS_END,    /* there is none left */
	WORDS_TAKEN,  /* one is in the buffer */
	WORDS_OPEN,   /* a quotation mark is not closed, or a backslash is the last character */
	WORDS_CONTROL /* it holds a control character other than a tab */
};

/* The next word, without its quotation marks, replaces what is in word; POSIX.1-2017, XCU 2.2 has
 * the rules. The buffer's ceiling must have room for all that is read. After anything but
 * WORDS_TAKEN there is nothing more to be had. */
enum words_result words_take(struct words *w, struct buf *word);

/* WORDS_OPEN or WORDS_CONTROL in words. */
const char *words_trouble(enum words_result result);

#endif
