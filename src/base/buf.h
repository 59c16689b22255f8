/* buf: bytes that grow up to a ceiling given at birth. */
#ifndef SPARKSPOOL_BASE_BUF_H
#define SPARKSPOOL_BASE_BUF_H

#include "base/util.h"
#include <stdarg.h>

/* data is always NUL-terminated behind len once anything was added, NULL before. When an addition
 * would pass max, nothing of it is added, full becomes true and stays so, and every later addition
 * is refused too: a caller may add many pieces and look once at the end. */
struct buf {
	char *data;
	size_t len;
	size_t cap;
	size_t max;
	bool full;
};

/* max does not count the NUL behind the bytes. Nothing is allocated before the first addition. */
void buf_init(struct buf *b, size_t max);
void buf_fini(struct buf *b);
void buf_reset(struct buf *b); /* empty again, memory kept, full forgotten */

/* 0, or -1 when the ceiling forbids it. */
int buf_add(struct buf *b, const void *p, size_t n);
int buf_adds(struct buf *b, const char *s);
int buf_addc(struct buf *b, char c);
int buf_addf(struct buf *b, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* Hands the bytes over (free() them; never NULL) and leaves the buffer empty. */
char *buf_steal(struct buf *b, size_t *len);

/* Appends what standard base64 text stands for; white space is skipped. -1 when it is not base64
 * or the ceiling forbids it. */
int buf_add_base64(struct buf *b, const char *text, size_t n);

/* Appends the bytes as standard base64 text, in one line. */
int buf_put_base64(struct buf *b, const void *p, size_t n);

#endif
