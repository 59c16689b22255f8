/* fuzz: what the targets have in common. */
#include "fuzz.h"

#include "core/text.h"
#include <assert.h>
#include <string.h>

struct bytes fuzz_split(const uint8_t *p, size_t n, char line[FUZZ_LINE_LEN])
{
	const char *text = (const char *)p;
	const char *end = n == 0 ? NULL : memchr(text, '\n', n);
	size_t len = end == NULL ? 0 : (size_t)(end - text);

	memset(line, 0, FUZZ_LINE_LEN);
	if (end == NULL)
		return (struct bytes){ .p = text, .n = n };
	memcpy(line, text, len < FUZZ_LINE_LEN - 1 ? len : FUZZ_LINE_LEN - 1);
	return (struct bytes){ .p = end + 1, .n = n - len - 1 };
}

void fuzz_check_line(const char *s, size_t bytes_max)
{
	size_t n = strlen(s);

	assert(n <= bytes_max);
	assert(text_is_utf8(s, n));
	for (size_t i = 0; i < n; i++)
		assert((unsigned char)s[i] >= 0x20 && s[i] != 0x7f);
}
