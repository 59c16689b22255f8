/* conf: the bytes of a configuration file. */
#include "fuzz.h"

#include "core/text.h"
#include "edge/confload.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define WORDS_BYTES_MAX (4 << 20)

const char fuzz_name[] = "conf";

/* libconfig 1.5 loses the string that it has read when the next word is a syntax error. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
	return "leak:strbuf_append\nleak:libconfig_yylex\n";
}

/* A file without a place on disk. */
static int open_text(const uint8_t *p, size_t n)
{
	int fd = memfd_create("fuzz.conf", MFD_CLOEXEC);

	assert(fd >= 0);
	assert(write(fd, p, n) == (ssize_t)n);
	return fd;
}

static struct conf *load(const char *path, const struct conf *prev)
{
	struct buf errors;
	struct conf *c;

	buf_init(&errors, WORDS_BYTES_MAX);
	c = conf_load(path, prev, &errors);
	/* Refused with words, or taken without any. */
	assert((c == NULL) == (errors.len > 0));
	assert(!errors.full);
	buf_fini(&errors);
	return c;
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	int fd = open_text(p, n);
	char *path = xasprintf("/proc/self/fd/%d", fd);
	struct conf *first = load(path, NULL);
	struct buf words;

	if (first != NULL) {
		struct conf *second = load(path, first);
		assert(second != NULL);
		assert(second->spool_count == first->spool_count);
		buf_init(&words, WORDS_BYTES_MAX);
		conf_describe(second, &words);
		assert(words.len > 0);
		buf_fini(&words);
		conf_free(second);
	}
	conf_free(first);
	free(path);
	(void)close(fd);
	return 0;
}
