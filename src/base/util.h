/* util: memory that cannot fail, strict conversions between text and numbers. */
#ifndef SPARKSPOOL_BASE_UTIL_H
#define SPARKSPOOL_BASE_UTIL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))
#define CONTAINER_OF(ptr, type, member) ((type *)((char *)(ptr)-offsetof(type, member)))
#define PRINTF_LIKE(fmt, args) __attribute__((format(printf, fmt, args)))

/* Allocation: the result is never NULL, the process aborts when there is no memory.
 * The ledger makes that safe. Everything is released with free(). */
void *xmalloc(size_t size);
void *xcalloc(size_t count, size_t size);
void *xrealloc(void *ptr, size_t size);
char *xstrdup(const char *s); /* NULL stays NULL */
char *xstrndup(const char *s, size_t n);
void *xmemdup(const void *p, size_t n);
char *xasprintf(const char *fmt, ...) PRINTF_LIKE(1, 2);

/* True when both are NULL or equal. */
bool str_eq(const char *a, const char *b);
bool str_ends_with(const char *s, const char *suffix);

/* A whole decimal number and nothing else, within [min, max]: 0, or -1 and *out untouched. */
int str_to_i64(const char *s, int64_t min, int64_t max, int64_t *out);

/* A number with a unit: "250ms", "1s", "5m", "12h", "7d". No unit is an error, so is a sign.
 * Returns 0, or -1 and *ms untouched. */
int str_to_duration_ms(const char *s, int64_t *ms);

/* A number with an optional unit of 1024s: "4096", "64k", "16M", "2g". 0 or -1 as above. */
int str_to_size_bytes(const char *s, int64_t *bytes);

/* Milliseconds since the epoch as ISO 8601 in UTC: "2026-11-22T08:15:00.123Z". */
#define TIME_TEXT_LEN 32
const char *time_to_text(int64_t real_ms, char out[TIME_TEXT_LEN]);

/* The length of the shortest edit script between two words, for "did you mean"; stops counting
 * at 8. Words longer than 63 bytes count as 8 apart. */
int str_distance(const char *a, const char *b);

#endif
