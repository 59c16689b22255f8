/* source: what a file's name and bytes say before they are sent. */
#include "core/source.h"
#include "base/buf.h"
#include "core/jsontext.h"
#include "core/livy.h"
#include "core/scala.h"
#include "core/text.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define NAME_BYTES_MAX 255	  /* of Linux's file systems */
#define LONGEST_SUFFIX ".999.png" /* of a result's name */
#define MARKER_SUFFIX ".ready"
#define BYTE_ORDER_MARK "\xEF\xBB\xBF"

/* ---- names ----------------------------------------------------------------------------------- */

/* The kind that the end of the name stands for. Case counts: "a.PY" is nobody's habit, and a name
 * that is not picked up does less harm than one that is by mistake. */
static bool kind_of(const char *name, size_t n, enum kind *kind)
{
	static const struct {
		const char *suffix;
		enum kind kind;
	} known[] = {
		{ ".py", KIND_PYSPARK },
		{ ".sql", KIND_SQL },
		{ ".scala", KIND_SPARK },
		{ ".R", KIND_SPARKR },
		{ ".r", KIND_SPARKR },
	};

	for (size_t i = 0; i < ARRAY_LEN(known); i++) {
		size_t len = strlen(known[i].suffix);

		if (n > len && memcmp(name + n - len, known[i].suffix, len) == 0) {
			*kind = known[i].kind;
			return true;
		}
	}
	return false;
}

/* What editors and copying programs leave behind has no suffix of ours; only what may have one
 * needs a look here: hidden files. */
enum name_class source_classify(const char *name, enum kind *kind, size_t *stem_len)
{
	size_t n = strlen(name);
	size_t mark = strlen(MARKER_SUFFIX);

	*stem_len = 0;
	if (n == 0 || name[0] == '.' || strchr(name, '/'))
		return NAME_IGNORED;
	if (kind_of(name, n, kind)) {
		*stem_len = n;
		return NAME_CODE;
	}
	if (!str_ends_with(name, MARKER_SUFFIX) || !kind_of(name, n - mark, kind))
		return NAME_IGNORED;
	*stem_len = n - mark;
	return NAME_MARKER;
}

/* In bytes: that is what file systems count. */
bool source_name_fits(const char *name)
{
	return strlen(name) + strlen(LONGEST_SUFFIX) <= NAME_BYTES_MAX;
}

/* ---- bytes ----------------------------------------------------------------------------------- */

/* JSON could carry NUL, but no interpreter takes it in a source; seen here the message is clear. */
const char *source_check(struct bytes code)
{
	size_t mark = strlen(BYTE_ORDER_MARK);

	if (code.n == 0 || (code.n == mark && memcmp(code.p, BYTE_ORDER_MARK, mark) == 0))
		return "is empty";
	if (!text_is_utf8(code.p, code.n))
		return "is not UTF-8 text";
	if (memchr(code.p, '\0', code.n))
		return "contains a NUL byte";
	return NULL;
}

struct source_plan source_plan(struct arena *a, enum kind kind, struct bytes file)
{
	struct scala_plan scala;

	assert(source_check(file) == NULL);
	if (kind != KIND_SPARK)
		return (struct source_plan){ .code = file };
	scala_join(a, file, &scala);
	return (struct source_plan){
		.code = scala.code,
		.refused = scala.refused,
		.warning = scala.warning,
	};
}

/* ---- tokens ---------------------------------------------------------------------------------- */

char *source_token_code(struct arena *a, enum kind kind, const char *token)
{
	static const char hex[] = "0123456789abcdef";

	/* It is put between quotes of four languages as it is. */
	assert(*token && strspn(token, hex) == strlen(token));
	switch (kind) {
	case KIND_PYSPARK:
	case KIND_RUNNER:
		return arena_printf(a, "print(\"%s\")", token);
	case KIND_SPARK:
		return arena_printf(a, "println(\"%s\")", token);
	case KIND_SQL:
		return arena_printf(a, "select '%s' as sparkspool", token);
	case KIND_SPARKR:
		return arena_printf(a, "\"%s\"", token);
	}
	abort();
}

bool source_is_token_code(struct arena *a, enum kind kind, struct bytes code)
{
	char token[TOKEN_TEXT_LEN];
	size_t n = 0;

	for (size_t i = 0; i < code.n && n < TOKEN_TEXT_LEN - 1; i++) {
		bool hex = (code.p[i] >= '0' && code.p[i] <= '9') ||
			   (code.p[i] >= 'a' && code.p[i] <= 'f');
		token[n] = code.p[i];
		n = hex ? n + 1 : 0;
	}
	if (n < TOKEN_TEXT_LEN - 1)
		return false;
	token[n] = '\0';
	const char *ours = source_token_code(a, kind, token);
	return strlen(ours) == code.n && memcmp(ours, code.p, code.n) == 0;
}

/* Long enough to be deleted while it sleeps. SQL has no sleep of its own, but Java's. */
char *source_fence_code(struct arena *a, enum kind kind, const char *token)
{
	switch (kind) {
	case KIND_PYSPARK:
	case KIND_RUNNER:
		return arena_printf(a, "import time; time.sleep(300) # %s", token);
	case KIND_SPARK:
		return arena_printf(a, "Thread.sleep(300000) // %s", token);
	case KIND_SQL:
		return arena_printf(
		    a, "select java_method('java.lang.Thread', 'sleep', 300000L), '%s'", token);
	case KIND_SPARKR:
		return arena_printf(a, "Sys.sleep(300) # %s", token);
	}
	abort();
}

/* [["token"]]: one row of one cell. */
static bool is_only_cell(struct bytes data, const char *token)
{
	struct bytes table = jsontext_member(data, "application/json");
	struct jsontext rows;
	struct jsontext cells;
	struct bytes row;
	struct bytes cell;
	struct bytes more;

	if (!jsontext_open(&rows, jsontext_member(table, "data")))
		return false;
	if (!jsontext_next(&rows, NULL, &row) || jsontext_next(&rows, NULL, &more))
		return false;
	if (!jsontext_open(&cells, row))
		return false;
	if (!jsontext_next(&cells, NULL, &cell) || jsontext_next(&cells, NULL, &more))
		return false;
	return jsontext_is_string(cell, token);
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* Interpreters differ in the newlines that they add. */
static void trim(struct bytes *t)
{
	while (t->n > 0 && is_blank(t->p[t->n - 1]))
		t->n--;
	while (t->n > 0 && is_blank(t->p[0])) {
		t->p++;
		t->n--;
	}
}

/* Scala's interpreter may say something of its own before a first line is run, and R prints a
 * value with its index in front. */
static bool is_token_text(enum kind kind, struct bytes text, const char *token)
{
	size_t n = strlen(token);

	assert(n > 0);
	if (kind == KIND_SPARKR)
		return memmem(text.p, text.n, token, n) != NULL;
	trim(&text);
	if (kind == KIND_SPARK) {
		const char *line = memrchr(text.p, '\n', text.n);

		if (line) {
			text.n -= (size_t)(line + 1 - text.p);
			text.p = line + 1;
			trim(&text);
		}
	}
	return text.n == n && memcmp(text.p, token, n) == 0;
}

/* Anything but a clear yes is a no: a session that answers something else is not ours to use. */
bool source_token_answer(enum kind kind, struct bytes statement_json, const char *token)
{
	struct livy_answer a;
	bool is = false;

	livy_read_statement(200, statement_json, &a);
	const struct livy_statement *s = &a.statement;
	if (a.verdict == LIVY_OK && s->state == LIVY_STATEMENT_AVAILABLE && !s->failed) {
		struct bytes output = jsontext_member(statement_json, "output");

		if (kind == KIND_SQL)
			is = is_only_cell(jsontext_member(output, "data"), token);
		else if (s->text)
			is = is_token_text(
			    kind, (struct bytes){ .p = s->text, .n = s->text_bytes }, token);
	}
	livy_fini(&a);
	return is;
}
