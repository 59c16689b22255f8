/* jsontext: walking over JSON as text, so that not a byte or digit of it changes. No state.
 *
 * A value is a piece of the text without white space around it; p is NULL for "no such value".
 * The text should be one that livy_parse() has accepted: with any other nothing breaks, but what
 * is found means little. Of members with the same name the last counts, as it does for jansson. */
#ifndef SPARKSPOOL_CORE_JSONTEXT_H
#define SPARKSPOOL_CORE_JSONTEXT_H

#include "base/buf.h"
#include "core/msg.h"

/* The elements of an array or the members of an object, one after the other. */
struct jsontext {
	const char *p;
	const char *end;
	bool object;
};

/* False when the value is neither array nor object; jsontext_next() then finds nothing. */
bool jsontext_open(struct jsontext *it, struct bytes value);

/* key is a member's name as it is spelled, with its quotes; may be NULL. */
bool jsontext_next(struct jsontext *it, struct bytes *key, struct bytes *value);

struct bytes jsontext_member(struct bytes object, const char *name);

/* The first character tells: { [ " t f n, a digit or a minus; 0 when there is no value. */
char jsontext_type(struct bytes value);
bool jsontext_is_string(struct bytes value, const char *expected);

/* A whole number, or a string of one: 0, or -1 and *out untouched. */
int jsontext_i64(struct bytes value, int64_t *out);

/* What a string stands for, appended; surrogates without their other half become U+FFFD. */
void jsontext_add_string(struct buf *b, struct bytes value);

/* The value without white space between its parts: always one line. */
void jsontext_add_compact(struct buf *b, struct bytes value);

#endif
