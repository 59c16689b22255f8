/* who: which jobs are meant: numbers, paths, "-" for standard input, ALL. */
#include "cli/who.h"
#include "cli/say.h"
#include "core/text.h"
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Of one request, which may have 64 KiB with what is around them; one path of 4096 bytes may become six times
 * as long in JSON. */
#define BATCH_BYTES_MAX 30000

/* The parent is resolved, the name is not: it may be a link that is itself the file in the spool,
 * or be gone already, and the daemon knows it by this name. */
char *who_absolute(const char *name)
{
	const char *slash = strrchr(name, '/');
	const char *last = slash == NULL ? name : slash + 1;
	char *parent = slash == NULL ? xstrdup(".") : xstrndup(name, (size_t)(slash - name) + 1);
	char *dir = realpath(parent, NULL);
	char *path = NULL;

	if (dir != NULL)
		path = xasprintf("%s/%s", str_eq(dir, "/") ? "" : dir, last);
	free(dir);
	free(parent);
	return path;
}

struct batches {
	json_t *all;
	json_t *last;
	size_t bytes;
	bool everything;
};

static void add(struct batches *b, json_t *item, size_t bytes)
{
	if (b->last == NULL || b->bytes + bytes > BATCH_BYTES_MAX) {
		b->last = json_array();
		b->bytes = 0;
		text_append(b->all, b->last);
	}
	b->bytes += bytes + 1;
	text_append(b->last, item);
}

/* Quotation marks and all: a control character has six bytes there. */
static size_t json_bytes(const json_t *item)
{
	return json_dumpb(item, NULL, 0, JSON_ENCODE_ANY);
}

/* NULL, or what is wrong. */
static const char *add_word(struct batches *b, const char *word)
{
	int64_t id;

	if (str_to_i64(word, 1, INT64_MAX, &id) == 0) {
		add(b, json_integer(id), strlen(word));
		return NULL;
	}
	if (str_eq(word, "ALL")) {
		b->everything = true;
		return NULL;
	}
	if (strcasecmp(word, "all") == 0)
		return "everything is ALL, in capitals";
	char *path = who_absolute(word);
	if (path == NULL)
		return strerror(errno);
	json_t *item = json_string(path);
	if (item != NULL)
		add(b, item, json_bytes(item));
	free(path);
	return item == NULL ? "its name is not UTF-8; use the number of the job" : NULL;
}

static const char *add_input(struct batches *b, char **bad)
{
	char *line = NULL;
	size_t size = 0;
	const char *why = NULL;

	while (why == NULL && getline(&line, &size, stdin) >= 0) {
		line[strcspn(line, "\t\n")] = '\0';
		if (*line != '\0')
			why = add_word(b, line);
	}
	if (why != NULL)
		*bad = xstrdup(line);
	free(line);
	return why;
}

json_t *who_read(const struct options *o, int *code)
{
	struct batches b = { .all = json_array() };
	char *bad = NULL;
	const char *why = NULL;

	for (int i = 0; why == NULL && i < o->arg_count; i++) {
		if (str_eq(o->arg[i], "-"))
			why = add_input(&b, &bad);
		else if ((why = add_word(&b, o->arg[i])) != NULL)
			bad = xstrdup(o->arg[i]);
	}
	*code = CLI_OK;
	if (why != NULL)
		*code = say_failure(o->json, CLI_USAGE, NULL, "'%s': %s", bad, why);
	else if (o->arg_count == 0)
		*code = say_failure(o->json, CLI_USAGE,
		    "give numbers of jobs, names of files, '-' for standard input, or ALL",
		    "which jobs?");
	free(bad);
	if (*code == CLI_OK && b.everything) {
		json_array_clear(b.all);
		text_append(b.all, text_json("ALL"));
	}
	if (*code == CLI_OK)
		return b.all;
	json_decref(b.all);
	return NULL;
}
