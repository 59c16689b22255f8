/* resultscript: what is to lie beside a file that ran as a process. Its output is its own, not a byte
 * added; what we have to say stands in the record, and in .err when the end was not its own. */
#include "core/resultscript.h"

#include "base/buf.h"
#include "core/record.h"
#include "core/report.h"
#include "core/resultpage.h"
#include "core/text.h"
#include <assert.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

/* Words of ours; what the code said is in its own files and has limits of its own. */
#define OWN_BYTES_MAX (64 << 10)

struct scriptbuild {
	struct arena *a;
	const struct result_input *in;
	struct report report;
	json_t *warnings;
	struct result_file *file;
	size_t count;
};

/* "out" becomes foo.py.out; a part of which nothing came is an empty file. */
static struct result_file *add_part(struct scriptbuild *b, size_t i)
{
	const struct script_part *part = &b->in->script->part[i];
	struct result_file *f = &b->file[b->count++];

	f->name = arena_printf(b->a, "%s.%s", b->in->rec->name, part->name);
	f->data.p = "";
	if (part->at > 0) {
		f->part = (unsigned)i + 1;
		f->part_bytes = part->at;
	}
	return f;
}

static struct result_file *add_empty(struct scriptbuild *b, const char *suffix)
{
	struct result_file *f = &b->file[b->count++];

	f->name = arena_printf(b->a, "%s%s", b->in->rec->name, suffix);
	f->data.p = "";
	return f;
}

/* Why it did not end by itself, in a line of its own behind what it wrote last. */
static struct bytes own_words(struct scriptbuild *b)
{
	const struct run_rec *run = b->in->rec->run;
	const struct script *sc = b->in->script;
	bool midst = sc && sc->part_count > 1 && sc->part[1].at > 0 && sc->part[1].last != '\n';
	/* What the daemon knows counts more than what the runner says: only it knows who cancelled,
	 * or what was lost. */
	bool ours = run->error_name || run->error_message;
	const char *name = ours ? run->error_name : b->report.error_name;
	const char *message = ours ? run->error_message : b->report.error_message;
	struct buf text;
	size_t n;

	buf_init(&text, OWN_BYTES_MAX);
	if (run->status != STATUS_OK && (ours || b->report.ours))
		(void)buf_addf(&text, "%ssparkspool: %s: %s\n", midst ? "\n" : "",
		    name ? name : "Error", message ? message : "");
	if (text.full)
		buf_reset(&text);
	char *p = arena_take(b->a, buf_steal(&text, &n));
	return (struct bytes){ .p = p, .n = n };
}

static void add_warnings(struct scriptbuild *b)
{
	const struct script *sc = b->in->script;

	for (size_t i = 0; i < b->report.warning_count; i++)
		text_append(b->warnings, text_json(b->report.warning[i]));
	for (size_t i = 0; sc && i < sc->part_count; i++)
		if (sc->part[i].cut > 0)
			text_append(b->warnings,
			    text_json(arena_printf(b->a,
				"%s is cut: a limit of the spool (output_max, files_max, rows_max) "
				"has dropped %lld bytes of it",
				sc->part[i].name, (long long)sc->part[i].cut)));
}

static void add_err(struct scriptbuild *b)
{
	struct bytes own = own_words(b);
	const struct script *sc = b->in->script;
	bool said = sc && sc->part_count > 1 && sc->part[1].at > 0;

	if (!said && own.n == 0)
		return;
	struct result_file *f = said ? add_part(b, 1) : add_empty(b, ".err");
	f->data = own;
}

/* out and err are the first two parts (core/script). */
size_t result_build_script(
    struct arena *a, const struct result_input *in, struct result_file **file)
{
	const struct script *sc = in->script;
	struct scriptbuild b = { .a = a, .in = in };
	size_t parts = sc ? sc->part_count : 0;

	/* Beside its parts: .out or .err where there is none, .html, .json, and one to spare. */
	b.file = arena_calloc(a, parts + 5, sizeof(*b.file));
	b.warnings = result_warnings(in->rec->run->warnings);
	report_read(a, in->answer, &b.report);
	add_warnings(&b);
	if (parts > 0)
		(void)add_part(&b, 0);
	else
		(void)add_empty(&b, ".out");
	add_err(&b);
	for (size_t i = 2; i < parts; i++)
		(void)add_part(&b, i);
	if (in->html) {
		struct bytes page =
		    resultpage_build(a, in, NULL, &b.report, b.file, b.count, b.warnings);
		add_empty(&b, ".html")->data = page;
	}
	struct bytes record = record_build(a, in, NULL, b.file, b.count, b.warnings);
	json_decref(b.warnings);
	add_empty(&b, ".json")->data = record;
	*file = b.file;
	return b.count;
}
