/* util: memory that cannot fail, strict conversions between text and numbers. */
#include "base/util.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Whatever was promised is in the ledger: dying here and starting again is the safe way out, and
 * it spares every caller a path that no test would ever reach. */
static void *alloc_checked(void *p)
{
	if (p == NULL) {
		fputs("out of memory\n", stderr);
		abort();
	}
	return p;
}

/* A size of 0 may legally give NULL, which would look like a failure. */
static size_t size_not_zero(size_t size)
{
	return size > 0 ? size : 1;
}

void *xmalloc(size_t size)
{
	return alloc_checked(malloc(size_not_zero(size)));
}

void *xcalloc(size_t count, size_t size)
{
	if (count == 0 || size == 0)
		return alloc_checked(calloc(1, 1));
	return alloc_checked(calloc(count, size));
}

void *xrealloc(void *ptr, size_t size)
{
	return alloc_checked(realloc(ptr, size_not_zero(size)));
}

char *xstrdup(const char *s)
{
	return s == NULL ? NULL : xmemdup(s, strlen(s) + 1);
}

char *xstrndup(const char *s, size_t n)
{
	size_t len = strnlen(s, n);
	char *copy = xmalloc(len + 1);

	memcpy(copy, s, len);
	copy[len] = '\0';
	return copy;
}

void *xmemdup(const void *p, size_t n)
{
	void *copy = xmalloc(n);

	/* memcpy() from NULL is undefined even for no bytes. */
	if (n > 0)
		memcpy(copy, p, n);
	return copy;
}

char *xasprintf(const char *fmt, ...)
{
	va_list ap, again;
	char small[256]; /* for most; the others are written twice */
	int len;
	char *s;

	va_start(ap, fmt);
	va_copy(again, ap);
	len = vsnprintf(small, sizeof(small), fmt, ap);
	va_end(ap);
	assert(len >= 0);
	s = xmalloc((size_t)len + 1);
	if ((size_t)len < sizeof(small))
		memcpy(s, small, (size_t)len + 1);
	else
		(void)vsnprintf(s, (size_t)len + 1, fmt, again);
	va_end(again);
	return s;
}

bool str_eq(const char *a, const char *b)
{
	if (a == NULL || b == NULL)
		return a == b;
	return strcmp(a, b) == 0;
}

bool str_ends_with(const char *s, const char *suffix)
{
	size_t len = strlen(s);
	size_t tail = strlen(suffix);

	return len >= tail && memcmp(s + len - tail, suffix, tail) == 0;
}

/* strtoll() would let white space, signs and locales in. Reads digits only and says where they
 * end; -1 when there are none or they are too many. The sum runs below zero, where there is
 * room for one more value than above. */
static int digits_to_negative(const char *s, int64_t *out, const char **end)
{
	int64_t n = 0;
	const char *p = s;

	for (; *p >= '0' && *p <= '9'; p++) {
		if (__builtin_mul_overflow(n, 10, &n) || __builtin_sub_overflow(n, *p - '0', &n))
			return -1;
	}
	if (p == s)
		return -1;
	*out = n;
	*end = p;
	return 0;
}

int str_to_i64(const char *s, int64_t min, int64_t max, int64_t *out)
{
	bool negative = *s == '-';
	const char *end;
	int64_t n;

	if (digits_to_negative(negative ? s + 1 : s, &n, &end) < 0 || *end != '\0')
		return -1;
	if (!negative && __builtin_sub_overflow(INT64_C(0), n, &n))
		return -1;
	if (n < min || n > max)
		return -1;
	*out = n;
	return 0;
}

struct unit {
	const char *name;
	int64_t factor;
};

/* The number at the start of s times the factor of the unit behind it. */
static int str_to_units(const char *s, const struct unit *unit, size_t count, int64_t *out)
{
	const char *end;
	int64_t n;

	if (digits_to_negative(s, &n, &end) < 0 || __builtin_sub_overflow(INT64_C(0), n, &n))
		return -1;
	for (size_t i = 0; i < count; i++) {
		if (strcmp(end, unit[i].name) != 0)
			continue;
		if (__builtin_mul_overflow(n, unit[i].factor, &n))
			return -1;
		*out = n;
		return 0;
	}
	return -1;
}

int str_to_duration_ms(const char *s, int64_t *ms)
{
	/* No unit has no place here: people would mean seconds one day and milliseconds the next. */
	static const struct unit unit[] = {
		{ "ms", 1 },
		{ "s", 1000 },
		{ "m", 60 * 1000 },
		{ "h", 3600 * 1000 },
		{ "d", 24 * 3600 * 1000 },
	};

	return str_to_units(s, unit, ARRAY_LEN(unit), ms);
}

int str_to_size_bytes(const char *s, int64_t *bytes)
{
	static const struct unit unit[] = {
		{ "", 1 },
		{ "k", INT64_C(1) << 10 },
		{ "K", INT64_C(1) << 10 },
		{ "m", INT64_C(1) << 20 },
		{ "M", INT64_C(1) << 20 },
		{ "g", INT64_C(1) << 30 },
		{ "G", INT64_C(1) << 30 },
	};

	return str_to_units(s, unit, ARRAY_LEN(unit), bytes);
}

const char *time_to_text(int64_t real_ms, char out[TIME_TEXT_LEN])
{
	int64_t ms = real_ms % 1000;
	time_t seconds = (time_t)(real_ms / 1000);
	struct tm tm;
	char head[TIME_TEXT_LEN];

	/* C divides towards zero, calendars count from below. */
	if (ms < 0) {
		ms += 1000;
		seconds--;
	}
	/* Every millisecond of 64 bits is in a year that an int can hold. */
	if (gmtime_r(&seconds, &tm) == NULL)
		assert(false);
	/* Not %F: it writes the years before 1000 without their zeros. */
	(void)strftime(head, sizeof(head), "-%m-%dT%H:%M:%S", &tm);
	(void)snprintf(out, TIME_TEXT_LEN, "%04d%.15s.%03dZ", tm.tm_year + 1900, head, (int)ms);
	return out;
}

/* Words further apart than this are different words, and long ones are no setting's name. */
#define DISTANCE_MAX 8
#define DISTANCE_WORD_MAX 63

static int min3(int a, int b, int c)
{
	int least = a < b ? a : b;

	return least < c ? least : c;
}

int str_distance(const char *a, const char *b)
{
	size_t a_len = strnlen(a, DISTANCE_WORD_MAX + 1);
	size_t b_len = strnlen(b, DISTANCE_WORD_MAX + 1);
	int row[DISTANCE_WORD_MAX + 1];

	if (a_len > DISTANCE_WORD_MAX || b_len > DISTANCE_WORD_MAX)
		return DISTANCE_MAX;
	/* row[j] is the way from the first i bytes of a to the first j bytes of b. */
	for (size_t j = 0; j <= b_len; j++)
		row[j] = (int)j;
	for (size_t i = 1; i <= a_len; i++) {
		int diagonal = row[0];

		row[0] = (int)i;
		for (size_t j = 1; j <= b_len; j++) {
			int change = diagonal + (a[i - 1] != b[j - 1]);

			diagonal = row[j];
			row[j] = min3(row[j] + 1, row[j - 1] + 1, change);
		}
	}
	return row[b_len] < DISTANCE_MAX ? row[b_len] : DISTANCE_MAX;
}
