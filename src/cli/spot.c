/* spot: the spool into which a file goes. */
#include "cli/spot.h"
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LIST_BYTES_MAX 4096

const char *spot_suffix(enum kind kind)
{
	static const char *const suffix[KIND_COUNT] = { [KIND_PYSPARK] = ".py",
		[KIND_SPARK] = ".scala",
		[KIND_SQL] = ".sql",
		[KIND_SPARKR] = ".R" };

	return suffix[kind];
}

const char *spot_word(enum kind kind)
{
	static const char *const word[KIND_COUNT] = { [KIND_PYSPARK] = "pyspark",
		[KIND_SPARK] = "spark",
		[KIND_SQL] = "sql",
		[KIND_SPARKR] = "sparkr" };

	return word[kind];
}

bool spot_kind(const char *word, enum kind *kind)
{
	static const struct {
		const char *word;
		enum kind kind;
	} known[] = {
		{ "pyspark", KIND_PYSPARK },
		{ "python", KIND_PYSPARK },
		{ "py", KIND_PYSPARK },
		{ "spark", KIND_SPARK },
		{ "scala", KIND_SPARK },
		{ "sql", KIND_SQL },
		{ "sparkr", KIND_SPARKR },
		{ "r", KIND_SPARKR },
		{ "R", KIND_SPARKR },
	};

	for (size_t i = 0; i < ARRAY_LEN(known); i++) {
		if (!str_eq(word, known[i].word))
			continue;
		*kind = known[i].kind;
		return true;
	}
	return false;
}

/* By device and inode: a spool may be reached by more paths than the one that the configuration
 * has. */
size_t spot_of_dir(const struct conf *conf, const char *dir)
{
	struct stat a, b;
	size_t i = 0;

	if (stat(dir, &a) != 0)
		return conf->spool_count;
	for (; i < conf->spool_count; i++) {
		if (stat(conf->spool[i].path, &b) == 0 && a.st_dev == b.st_dev &&
		    a.st_ino == b.st_ino)
			break;
	}
	return i;
}

void spot_fini(struct spot *s)
{
	free(s->name);
	free(s->path);
	*s = (struct spot){ 0 };
}

/* ---- candidates ------------------------------------------------------------------------------ */

/* All spools, and which of them would do. */
struct search {
	const struct options *o;
	enum kind kind;
	struct spot *all;
	size_t count;
	size_t last; /* of those that would do */
	size_t fit;
	size_t writable; /* of those */
	size_t last_writable;
	struct buf names;
};

static void consider(struct search *f, struct spot s, bool takes)
{
	bool named = f->o->spool != NULL;

	f->all = xrealloc(f->all, (f->count + 1) * sizeof(*f->all));
	f->all[f->count] = s;
	if (named ? str_eq(s.name, f->o->spool) : takes) {
		f->last = f->count;
		f->fit++;
		buf_addf(&f->names, "%s%s", f->names.len == 0 ? "" : ", ", s.name);
		if (access(s.path, W_OK | X_OK) == 0) {
			f->writable++;
			f->last_writable = f->count;
		}
	}
	f->count++;
}

static void search_conf(struct search *f, const struct conf *c)
{
	for (size_t i = 0; i < c->spool_count; i++) {
		const struct conf_spool *s = &c->spool[i];
		consider(f,
		    (struct spot){ .name = xstrdup(s->name),
			.path = xstrdup(s->path),
			.marker = s->ready == READY_MARKER,
			.conf = c,
			.index = i },
		    c->pool[s->pool].warm[f->kind] >= 0);
	}
}

static bool has_suffix(const json_t *suffixes, const char *suffix)
{
	size_t i;
	const json_t *item;

	json_array_foreach(suffixes, i, item)
	{
		if (str_eq(json_string_value(item), suffix))
			return true;
	}
	return false;
}

static bool add_answer(const json_t *line, void *arg)
{
	struct search *f = arg;
	const char *name = ask_text(line, "name");
	const char *path = ask_text(line, "path");

	if (ask_is(line, "spool") && name != NULL && path != NULL)
		consider(f,
		    (struct spot){ .name = xstrdup(name),
			.path = xstrdup(path),
			.marker = str_eq(ask_text(line, "ready"), "marker") },
		    has_suffix(json_object_get(line, "suffixes"), spot_suffix(f->kind)));
	return true;
}

/* CLI_OK: *at is the one. One that fits and may be written is meant, also where others fit: only a
 * real choice is asked for. */
static int choose(const struct search *f, size_t *at)
{
	const char *names = f->names.data == NULL ? "" : f->names.data;
	char *next = NULL;
	int code;

	*at = f->last;
	if (f->fit == 1)
		return CLI_OK;
	if (f->fit > 1 && f->writable == 1) {
		*at = f->last_writable;
		return CLI_OK;
	}
	if (f->fit > 1) {
		next = xasprintf("choose one with --spool: %s", names);
		code = say_failure(f->o->json, CLI_USAGE, next, "several spools take %s files",
		    spot_suffix(f->kind));
	} else if (f->o->spool != NULL) {
		code = say_failure(f->o->json, CLI_USAGE, "'sparkspool spools' lists them",
		    "there is no spool '%s'", f->o->spool);
	} else {
		code = say_failure(f->o->json, CLI_USAGE,
		    "its pool has to serve them (pool.NAME.warm)", "no spool takes %s files",
		    spot_suffix(f->kind));
	}
	free(next);
	return code;
}

int spot_find(struct daemon *d, enum kind kind, struct spot *s)
{
	struct search f = { .o = d->o, .kind = kind };
	size_t at = 0;
	int code = CLI_OK;

	*s = (struct spot){ 0 };
	buf_init(&f.names, LIST_BYTES_MAX);
	if (d->conf != NULL)
		search_conf(&f, d->conf);
	else
		code = ask(d, ask_for("spools"), add_answer, &f);
	if (code == CLI_OK)
		code = choose(&f, &at);
	for (size_t i = 0; i < f.count; i++) {
		if (code == CLI_OK && i == at)
			*s = f.all[i];
		else
			spot_fini(&f.all[i]);
	}
	free(f.all);
	buf_fini(&f.names);
	return code;
}
