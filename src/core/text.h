/* text: UTF-8, and text on its way into JSON. No state. */
#ifndef SPARKSPOOL_CORE_TEXT_H
#define SPARKSPOOL_CORE_TEXT_H

#include "base/buf.h"

/* How many bytes from the start are whole, valid UTF-8 as RFC 3629 has it. */
size_t text_utf8_prefix(const char *p, size_t n);
bool text_is_utf8(const char *p, size_t n);

/* Appends one character. What is no Unicode scalar value becomes U+FFFD. */
void text_add_char(struct buf *b, uint32_t c);

/* Appends the text; each byte that is not part of valid UTF-8 becomes U+FFFD. */
void text_add_utf8(struct buf *b, const char *p, size_t n);

/* The first line with something on it: valid UTF-8, no control characters, no space at its ends,
 * at most bytes_max bytes. malloc'ed, never NULL; "" when there is no such line. */
char *text_line(const char *p, size_t n, size_t bytes_max);

/* Bytes as hexadecimal digits and back; false when it is not that. */
void text_add_hex(struct buf *b, const char *p, size_t n);
bool text_add_unhex(struct buf *b, const char *hex);

/* A new JSON string with what is not UTF-8 replaced as above; NULL becomes JSON's null.
 * Like all allocations these never fail. */
struct json_t;
struct json_t *text_json(const char *s);
struct json_t *text_json_bytes(const char *p, size_t n);

/* Both take the reference to value. */
void text_put(struct json_t *object, const char *key, struct json_t *value);
void text_append(struct json_t *array, struct json_t *value);

#endif
