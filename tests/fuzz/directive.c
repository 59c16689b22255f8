/* directive: a file's name and bytes before it is sent. The first line is the name, the rest the
 * bytes. */
#include "fuzz.h"

#include "core/directive.h"
#include "core/source.h"
#include "core/text.h"
#include "core/words.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>

const char fuzz_name[] = "directive";

static void check_terms(const struct directive_terms *t)
{
	assert(t->style <= STYLE_NOTEBOOK && t->isolation <= ISOLATION_FRESH);
	assert(t->priority >= -DIRECTIVE_PRIORITY_MAX && t->priority <= DIRECTIVE_PRIORITY_MAX);
	assert(t->timeout_ms == CONF_NEVER || t->timeout_ms > 0);
	assert(t->arg_count <= DIRECTIVE_ARGS_MAX);
	if (t->name != NULL)
		assert(strlen(t->name) <= DIRECTIVE_NAME_BYTES_MAX);
	for (size_t i = 0; i < t->arg_count; i++)
		assert(t->args[i] != NULL);
}

static void apply(enum kind kind, const struct directives *d, unsigned allow)
{
	struct conf_pool pool = { .name = (char *)"default", .max = 2, .slots = 4 };
	struct conf_spool spool = { .name = (char *)"s",
		.path = (char *)"/spool",
		.timeout_ms = 600000,
		.python = STYLE_SCRIPT,
		.sql = STYLE_SCRIPT,
		.allow = allow };
	struct conf conf = { .pool = &pool, .pool_count = 1, .spool = &spool, .spool_count = 1 };
	struct directive_terms t;
	struct directive_error e = { 0 };

	if (directive_apply(&conf, 0, kind, d, &t, &e)) {
		check_terms(&t);
		assert(t.timeout_ms != CONF_NEVER && t.timeout_ms <= spool.timeout_ms);
	} else {
		assert(e.text != NULL && text_is_utf8(e.text, strlen(e.text)));
	}
	free(e.text);
}

static void read_head(enum kind kind, struct bytes code)
{
	struct directives d;
	struct directive_error e = { 0 };
	enum directive_result result = directive_read(kind, code, &d, &e);

	if (result == DIRECTIVE_BAD) {
		assert(e.text != NULL && d.has == 0);
		assert(text_is_utf8(e.text, strlen(e.text)));
		free(e.text);
		return;
	}
	assert((result == DIRECTIVE_FOUND) == (d.has != 0));
	for (size_t key = 0; key < KEY_COUNT; key++)
		assert(((d.has & CONF_ALLOW(key)) != 0) == (d.line[key] > 0));
	free(directive_warning(&d));
	apply(kind, &d, ~0u);
	apply(kind, &d, 0);
	directive_fini(&d);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	char line[FUZZ_LINE_LEN];
	struct bytes code = fuzz_split(p, n, line);
	enum kind kind = KIND_PYSPARK;
	size_t stem = 0;

	if (source_classify(line, &kind, &stem) == NAME_IGNORED)
		kind = KIND_PYSPARK;
	assert(kind < KIND_COUNT && stem <= strlen(line));
	(void)source_name_fits(line);
	if (source_check(code) != NULL)
		return 0;
	read_head(kind, code);
	return 0;
}
