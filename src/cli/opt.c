/* opt: what stands on the command line. */
#include "cli/opt.h"
#include "cli/say.h"
#include <assert.h>
#include <getopt.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#define SHORTS "f:hqVs:k:n:t:p:o:y"
#define OPTION_MAX 40
#define PATIENCE_MS 10000

enum opt_type { TYPE_TEXT, TYPE_FLAG, TYPE_DURATION, TYPE_NUMBER };

struct opt {
	const char *name;
	int letter; /* or 0 */
	unsigned uses;
	enum opt_type type;
	size_t offset; /* of its field */
};

#define AT(field) offsetof(struct options, field)

/* What the parser takes and what help prints come from here: they cannot differ. */
static const struct opt known[] = {
	{ "file", 'f', OPT_ANY, TYPE_TEXT, AT(file) },
	{ "json", 0, OPT_ANY, TYPE_FLAG, AT(json) },
	{ "porcelain", 0, OPT_ANY, TYPE_FLAG, AT(porcelain) },
	{ "quiet", 'q', OPT_ANY, TYPE_FLAG, AT(quiet) },
	{ "patience", 0, OPT_ANY, TYPE_DURATION, AT(patience_ms) },
	{ "spool", 's', OPT_SUBMIT | OPT_WATCH | OPT_LIST | OPT_HISTORY | OPT_PAUSE | OPT_INIT,
	    TYPE_TEXT, AT(spool) },
	{ "pool", 'p', OPT_SUBMIT | OPT_PAUSE, TYPE_TEXT, AT(pool) },
	{ "kind", 'k', OPT_SUBMIT | OPT_INIT, TYPE_TEXT, AT(kind) },
	{ "name", 'n', OPT_SUBMIT | OPT_HISTORY, TYPE_TEXT, AT(name) },
	{ "timeout", 't', OPT_SUBMIT | OPT_ON_END, TYPE_TEXT, AT(timeout) },
	{ "priority", 0, OPT_SUBMIT, TYPE_TEXT, AT(priority) },
	{ "args", 0, OPT_SUBMIT, TYPE_TEXT, AT(args) },
	{ "once", 0, OPT_SUBMIT, TYPE_FLAG, AT(once) },
	{ "cancel-on-interrupt", 0, OPT_RUN, TYPE_FLAG, AT(cancel_on_interrupt) },
	{ "owner", 0, OPT_LIST | OPT_HISTORY, TYPE_TEXT, AT(owner) },
	{ "state", 0, OPT_LIST, TYPE_TEXT, AT(state) },
	{ "status", 0, OPT_HISTORY | OPT_ON_END, TYPE_TEXT, AT(status) },
	{ "since", 0, OPT_HISTORY, TYPE_TEXT, AT(since) },
	{ "until", 0, OPT_HISTORY, TYPE_TEXT, AT(until) },
	{ "limit", 0, OPT_HISTORY, TYPE_NUMBER, AT(limit) },
	{ "cursor", 0, OPT_ON_END, TYPE_TEXT, AT(cursor) },
	{ "retries", 0, OPT_ON_END, TYPE_NUMBER, AT(retries) },
	{ "url", 0, OPT_INIT, TYPE_TEXT, AT(url) },
	{ "user", 0, OPT_INIT, TYPE_TEXT, AT(user) },
	{ "password-file", 0, OPT_INIT, TYPE_TEXT, AT(password_file) },
	{ "ca-file", 0, OPT_INIT, TYPE_TEXT, AT(ca_file) },
	{ "state-dir", 0, OPT_INIT, TYPE_TEXT, AT(state_dir) },
	{ "run-dir", 0, OPT_INIT, TYPE_TEXT, AT(run_dir) },
	{ "output", 'o', OPT_INIT, TYPE_TEXT, AT(output) },
	{ "force", 0, OPT_INIT, TYPE_FLAG, AT(force) },
	{ "yes", 'y', OPT_INIT, TYPE_FLAG, AT(yes) },
	{ "no-check", 0, OPT_INIT, TYPE_FLAG, AT(no_check) },
	{ "try", 0, OPT_INIT, TYPE_FLAG, AT(try) },
	{ "help", 'h', OPT_ANY, TYPE_FLAG, SIZE_MAX },
	{ "version", 'V', OPT_ANY, TYPE_FLAG, SIZE_MAX },
};

static void fill_longs(struct option longs[OPTION_MAX])
{
	assert(ARRAY_LEN(known) < OPTION_MAX);
	memset(longs, 0, OPTION_MAX * sizeof(*longs));
	for (size_t i = 0; i < ARRAY_LEN(known); i++)
		longs[i] = (struct option){ .name = known[i].name,
			.has_arg = known[i].type == TYPE_FLAG ? no_argument : required_argument,
			.val = 256 + (int)i };
}

static const struct opt *find(int got)
{
	if (got >= 256)
		return &known[got - 256];
	for (size_t i = 0; i < ARRAY_LEN(known); i++) {
		if (known[i].letter == got)
			return &known[i];
	}
	return NULL;
}

/* NULL, or what is wrong with the value. */
static const char *store(struct options *o, const struct opt *k, const char *value)
{
	char *field = (char *)o + k->offset;

	switch (k->type) {
	case TYPE_FLAG:
		memcpy(field, &(bool){ true }, sizeof(bool));
		return NULL;
	case TYPE_TEXT:
		memcpy(field, &value, sizeof(value));
		return *value == '\0' ? "it is empty" : NULL;
	case TYPE_DURATION:
		if (str_to_duration_ms(value, (int64_t *)(void *)field) != 0)
			return "write a number with a unit, such as 500ms, 10s or 5m";
		return NULL;
	case TYPE_NUMBER:
		if (str_to_i64(value, 0, 1000000, (int64_t *)(void *)field) != 0)
			return "write a whole number";
		return NULL;
	}
	return NULL;
}

/* One option: true when parsing goes on. */
static bool take(struct options *o, const struct opt *k, unsigned uses, const char *command,
    const char *value, int *code)
{
	if (k->offset == SIZE_MAX) {
		*code = k->letter == 'h' ? OPT_HELP : OPT_VERSION;
		return false;
	}
	if ((k->uses & (uses | OPT_ANY)) == 0) {
		*code = say_failure(o->json, CLI_USAGE, "'sparkspool help' shows what each takes",
		    "%s has no option --%s", command, k->name);
		return false;
	}
	const char *why = store(o, k, value);
	if (why != NULL)
		*code = say_failure(o->json, CLI_USAGE, NULL, "--%s '%s': %s", k->name, value, why);
	return why == NULL;
}

/* As getopt's own words do it, but in our form. */
static int unknown(const struct options *o, int got, char **argv)
{
	const char *word = argv[optind - 1];

	if (got == ':')
		return say_failure(o->json, CLI_USAGE, NULL, "the option %s needs a value", word);
	if (optopt != 0 && optopt < 256)
		return say_failure(o->json, CLI_USAGE, "'sparkspool help' shows them",
		    "there is no option -%c", optopt);
	return say_failure(
	    o->json, CLI_USAGE, "'sparkspool help' shows them", "there is no option %s", word);
}

static int parse(struct options *o, int argc, char **argv, unsigned uses, bool stop,
    const char *command, int *code)
{
	struct option longs[OPTION_MAX];
	int got;

	fill_longs(longs);
	optind = 0; /* getopt begins anew */
	opterr = 0;
	while (
	    (got = getopt_long(argc, argv, stop ? "+:" SHORTS : ":" SHORTS, longs, NULL)) != -1) {
		const struct opt *k = got == '?' || got == ':' ? NULL : find(got);
		if (k == NULL) {
			*code = unknown(o, got, argv);
			return -1;
		}
		if (!take(o, k, uses, command, optarg == NULL ? "" : optarg, code))
			return -1;
	}
	o->arg = argv + optind;
	o->arg_count = argc - optind;
	if (o->json && o->porcelain) {
		*code = say_failure(
		    true, CLI_USAGE, NULL, "--json and --porcelain cannot be had at once");
		return -1;
	}
	return 0;
}

void opt_init(struct options *o)
{
	*o = (struct options){ .patience_ms = PATIENCE_MS, .retries = -1 };
}

int opt_parse_global(struct options *o, int argc, char **argv, int *code)
{
	o->all = argv;
	return parse(o, argc, argv, 0, true, "sparkspool", code);
}

/* o->arg begins with the command, where getopt expects the program's name. */
int opt_parse_command(struct options *o, unsigned uses, bool stop, const char *command, int *code)
{
	return parse(o, o->arg_count, o->arg, uses, stop, command, code);
}

void opt_print(unsigned uses)
{
	for (size_t i = 0; i < ARRAY_LEN(known); i++) {
		if ((known[i].uses & (uses | OPT_ANY)) != 0)
			printf("--%s%s\n", known[i].name, known[i].type == TYPE_FLAG ? "" : "=");
	}
}
