/* init_main: the program that `sparkspool init` is, see apart.c. */
#include "cli/init.h"
#include "cli/say.h"
#include "edge/sandbox.h"

/* The words are those of sparkspool(1), which has looked at them already: what stops here was never said
 * to it. */
static int command(struct options *o, int argc, char **argv)
{
	int code;

	if (opt_parse_global(o, argc, argv, &code) != 0)
		return code;
	if (o->arg_count == 0 || !str_eq(o->arg[0], "init"))
		return OPT_HELP;
	if (opt_parse_command(o, OPT_INIT, false, "init", &code) != 0)
		return code;
	return init_run(o);
}

int main(int argc, char **argv)
{
	struct options o;

	sandbox_keep_secrets(); /* the server may want a password */
	opt_init(&o);
	int code = command(&o, argc, argv);
	if (code == OPT_HELP || code == OPT_VERSION)
		code = say_failure(o.json, CLI_USAGE, "'sparkspool help init' shows how",
		    "this is a part of sparkspool(1), which runs it");
	return say_end(code);
}
