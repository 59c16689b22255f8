/* scala: a file made fit for an interpreter that is fed a line at a time. If the first line is
 * "error", the rest up to a NUL is the file and what follows is what the interpreter said of it;
 * otherwise all is the file. */
#include "fuzz.h"

#include "core/scala.h"
#include "core/source.h"
#include "core/text.h"
#include <assert.h>
#include <string.h>

const char fuzz_name[] = "scala";

static size_t lines_in(struct bytes text)
{
	size_t lines = 0;

	for (size_t i = 0; i < text.n; i++)
		lines += text.p[i] == '\n';
	return lines;
}

static void join(struct bytes file)
{
	struct scala_plan plan = { 0 };
	struct arena a;

	arena_init(&a);
	scala_join(&a, file, &plan);
	if (plan.refused != NULL) {
		assert(text_is_utf8(plan.refused, strlen(plan.refused)));
	} else {
		assert(text_is_utf8(plan.code.p, plan.code.n));
		assert(lines_in(plan.code) <= lines_in(file) + 1);
		assert(plan.code.n <= 16 * file.n + 64);
	}
	if (plan.warning != NULL)
		assert(text_is_utf8(plan.warning, strlen(plan.warning)));
	arena_fini(&a);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static const char error[] = "error\n";
	struct bytes all = { (const char *)p, n };
	const char *end;

	if (n < sizeof(error) - 1 || memcmp(all.p, error, sizeof(error) - 1) != 0) {
		if (source_check(all) == NULL)
			join(all);
		return 0;
	}
	struct bytes sent = { all.p + sizeof(error) - 1, n - (sizeof(error) - 1) };
	end = sent.n == 0 ? NULL : memchr(sent.p, '\0', sent.n);
	if (end == NULL)
		return 0;
	struct bytes said = { end + 1, (size_t)(sent.p + sent.n - end) - 1 };
	sent.n = (size_t)(end - sent.p);
	if (source_check(sent) != NULL)
		return 0; /* it would never have been sent */
	int64_t line = scala_error_line(sent, said);
	assert(line >= 0 && line <= (int64_t)lines_in(sent) + 1);
	return 0;
}
