/* confload_report: the errors of a configuration file, all at once, in the order of its lines. */
#include "edge/confload_report.h"
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define REPORT_LINE_BYTES_MAX 2048

/* A value from the file could hold a newline and so forge a second error, or steer a terminal. */
static void make_harmless(char *s)
{
	for (; *s != '\0'; s++) {
		if ((unsigned char)*s < 0x20 || *s == 0x7f)
			*s = '?';
	}
}

/* Lines of one file stand together, and the files as their first errors were found. */
static size_t rank_of(const struct confreport *r, const char *file)
{
	for (size_t i = 0; i < r->kept; i++) {
		if (str_eq(r->item[i].file, file))
			return r->item[i].rank;
	}
	return r->kept;
}

/* Text is made at once, for what it quotes is gone when it is written. */
void confreport_addv(
    struct confreport *r, const char *file, unsigned line, const char *fmt, va_list ap)
{
	char text[REPORT_LINE_BYTES_MAX];

	if (r->count++ >= CONFREPORT_MAX)
		return;
	int n = vsnprintf(text, sizeof(text), fmt, ap);
	assert(n >= 0);
	make_harmless(text);
	struct confreport_item item = { .rank = rank_of(r, file), .line = line, .seq = r->kept };
	item.file = xstrdup(file);
	item.text = xstrdup(text);
	r->item[r->kept++] = item;
}

void confreport_add(struct confreport *r, const char *file, unsigned line, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	confreport_addv(r, file, line, fmt, ap);
	va_end(ap);
}

/* seq makes the order that of discovery within a line: qsort() alone would not keep it. */
static int compare(const void *left, const void *right)
{
	const struct confreport_item *a = left, *b = right;

	if (a->rank != b->rank)
		return a->rank < b->rank ? -1 : 1;
	if (a->line != b->line)
		return a->line < b->line ? -1 : 1;
	return a->seq < b->seq ? -1 : 1;
}

void confreport_write(struct confreport *r, struct buf *out)
{
	qsort(r->item, r->kept, sizeof(r->item[0]), compare);
	for (size_t i = 0; i < r->kept; i++) {
		struct confreport_item *e = &r->item[i];
		if (e->line == 0)
			buf_addf(out, "%s: %s\n", e->file, e->text);
		else
			buf_addf(out, "%s:%u: %s\n", e->file, e->line, e->text);
		free(e->file);
		free(e->text);
	}
	if (r->count > r->kept)
		buf_addf(out, "and %zu more errors\n", r->count - r->kept);
	*r = (struct confreport){ 0 };
}
