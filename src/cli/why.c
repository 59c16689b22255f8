/* why: each rule that a file has to meet, and which it does not. */
#include "cli/ask.h"
#include "cli/cmd.h"
#include "cli/row.h"
#include "cli/rules.h"
#include "cli/term.h"
#include "cli/who.h"
#include "core/text.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct inquiry {
	const struct options *o;
	struct term term;
	bool kept; /* a rule does not hold */
	bool answered;
};

static void print_rule(const struct inquiry *q, const json_t *line, bool holds)
{
	char *message = row_text(line, "message");
	char *setting = row_text(line, "setting");
	enum term_colour colour = holds ? TERM_GREEN : TERM_RED;

	printf("  %s%s%s  %s", term_colour(&q->term, colour), holds ? "ok" : "NO",
	    term_colour(&q->term, TERM_PLAIN), message);
	if (!str_eq(setting, "-"))
		printf(" (setting: %s)", setting);
	putchar('\n');
	free(message);
	free(setting);
}

static bool print_line(const json_t *line, void *arg)
{
	static const char *const keys[] = { "type", "rule", "holds", "setting", "message", NULL };
	struct inquiry *q = arg;
	bool is_rule = ask_is(line, "rule");
	bool holds = json_is_true(json_object_get(line, "holds"));

	if (!is_rule && !ask_is(line, "verdict"))
		return true;
	q->answered = true;
	q->kept = q->kept || (is_rule && !holds);
	if (q->o->json) {
		say_json(line);
	} else if (q->o->porcelain) {
		char *text = row_fields(line, keys);
		puts(text);
		free(text);
	} else if (is_rule) {
		print_rule(q, line, holds);
	} else {
		char *message = row_text(line, "message");
		printf("  so  %s\n", message);
		free(message);
	}
	return true;
}

/* What can be seen without the daemon. */
static int ask_ourselves(struct daemon *d, struct inquiry *q, const char *path)
{
	size_t i;
	json_t *line;

	if (d->conf == NULL)
		return say_failure(d->o->json, CLI_CONFIG,
		    "give the daemon's configuration with -f FILE",
		    "there is no daemon to ask, and where its spools are is not known: %s",
		    d->conf_error);
	if (!d->o->quiet && !d->o->json && !d->o->porcelain)
		puts("  --  there is no daemon now: this is what can be seen without it");
	json_t *lines = rules_of(d->conf, path);
	json_array_foreach(lines, i, line)(void) print_line(line, q);
	json_decref(lines);
	return CLI_OK;
}

/* A number is a job's: its path is asked for. NULL: said. */
static char *path_of(struct daemon *d, const char *word, int *code)
{
	int64_t id;
	char *path;

	*code = CLI_OK;
	if (str_to_i64(word, 1, INT64_MAX, &id) != 0) {
		path = who_absolute(word);
		if (path == NULL)
			*code = say_failure(
			    d->o->json, CLI_USAGE, NULL, "'%s': %s", word, strerror(errno));
		return path;
	}
	*code = daemon_open(d, false);
	if (*code != CLI_OK)
		return NULL;
	json_t *job = ask_job(d, json_integer(id), NULL);
	path = xstrdup(ask_text(job, "path"));
	json_decref(job);
	if (path == NULL)
		*code = say_failure(d->o->json, CLI_NOT_SO, NULL, "there is no job %s", word);
	return path;
}

static int ask_about(struct daemon *d, const char *word)
{
	struct inquiry q = { .o = d->o, .term = term_of(1) };
	int code;
	char *path = path_of(d, word, &code);

	if (path == NULL)
		return code;
	if (!d->o->json && !d->o->porcelain) {
		char *plain = say_plain(path);
		puts(plain);
		free(plain);
	}
	if (daemon_open(d, true) == CLI_OK) {
		json_t *request = ask_for("why");
		text_put(request, "path", text_json(path));
		code = ask(d, request, print_line, &q);
	} else {
		code = ask_ourselves(d, &q, path);
	}
	free(path);
	return code == CLI_OK && q.kept ? CLI_NOT_SO : code;
}

int cmd_why(const struct options *o)
{
	struct daemon d;
	int code = CLI_OK;
	char *line = NULL;
	size_t size = 0;

	if (o->arg_count == 0)
		return say_failure(o->json, CLI_USAGE, NULL, "why which file?");
	daemon_init(&d, o);
	for (int i = 0; i < o->arg_count; i++) {
		if (!str_eq(o->arg[i], "-")) {
			code = ask_worse(code, ask_about(&d, o->arg[i]));
			continue;
		}
		while (getline(&line, &size, stdin) >= 0) {
			line[strcspn(line, "\t\n")] = '\0';
			if (*line != '\0')
				code = ask_worse(code, ask_about(&d, line));
		}
	}
	free(line);
	daemon_fini(&d);
	return code;
}
