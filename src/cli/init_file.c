/* init_file: the end of init: the file, who may read it, and what is next. */
#include "cli/init.h"
#include "cli/nextstep.h"
#include "cli/put.h"
#include "cli/say.h"
#include "core/text.h"
#include <assert.h>
#include <errno.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SERVICE_GROUP "sparkspool"

/* ---- the file -------------------------------------------------------------------------------- */

/* What names a login is not for everybody; the service, which is not root, has to read it. */
static mode_t choose_mode(const struct init *in, gid_t *gid)
{
	bool service = str_eq(in->output, INIT_SERVICE_FILE);

	*gid = (gid_t)-1;
	if (in->d.user == NULL)
		return service ? 0644 : put_mode(0644); /* root's umask may be 077 */
	const struct group *g = geteuid() == 0 ? getgrnam(SERVICE_GROUP) : NULL;
	if (g == NULL)
		return 0600;
	*gid = g->gr_gid;
	return 0640;
}

/* A name that was free when it was looked at may be taken now: EEXIST. */
static int fail_to_write(const struct init *in, int err)
{
	assert(err > 0 && in->output != NULL);
	bool denied = err == EACCES || err == EPERM || err == EROFS;

	return say_failure(in->o->json,
	    denied	    ? CLI_NOT_ALLOWED
	    : err == EEXIST ? CLI_NOT_SO
			    : CLI_FAILED,
	    "--output names another place", "%s cannot be written: %s", in->output, strerror(err));
}

/* The mode as people write it: as a number it would look like another. */
static json_t *written_json(const struct init *in, mode_t mode, const struct nextstep *n)
{
	json_t *o = json_object();
	char *kinds = draft_kinds(&in->d);
	char octal[8];

	(void)snprintf(octal, sizeof(octal), "%04o", (unsigned)mode);
	text_put(o, "type", text_json("written"));
	text_put(o, "file", text_json(in->output));
	text_put(o, "mode", text_json(octal));
	text_put(o, "spool", text_json(in->d.spool));
	text_put(o, "kinds", say_list(kinds));
	text_put(o, "next", nextstep_json(n));
	free(kinds);
	return o;
}

static void report_written(const struct init *in, mode_t mode)
{
	struct nextstep n;

	nextstep_find(&n, &in->d, in->output, str_eq(in->output, INIT_SERVICE_FILE));
	if (in->o->json) {
		json_t *o = written_json(in, mode, &n);
		say_json(o);
		json_decref(o);
	} else if (in->o->porcelain) {
		char *line = probe_porcelain(in->asked_server ? &in->p : NULL, in->d.url);
		char *file = say_field(in->output);
		printf("%s\t%s\n", line, file);
		free(file);
		free(line);
	} else if (!in->o->quiet) {
		printf("%s is written; next:\n", in->output);
		nextstep_print(&n);
	}
	nextstep_fini(&n);
}

/* In JSON the file is one string: a line that is an object, like all others. */
static void print_text(const struct init *in, const char *text)
{
	if (!in->o->json) {
		fputs(text, stdout);
		return;
	}
	json_t *o = json_object();
	text_put(o, "type", text_json("configuration"));
	text_put(o, "text", text_json(text));
	say_json(o);
	json_decref(o);
}

/* The last check is of the whole: each answer was checked with those before it, and files that are
 * named may have changed since. */
int init_write(struct init *in)
{
	char *why = NULL;
	gid_t gid;

	if (!init_is_good(in, !in->o->no_check, &why)) {
		int code = say_failure(in->o->json, CLI_CONFIG, NULL, "%s", why);
		free(why);
		return code;
	}
	if (in->o->json && in->asked_server)
		init_report_server(in);
	bool named = in->output != NULL && !str_eq(in->output, INIT_SERVICE_FILE);
	char *text = draft_text(&in->d, named ? in->output : NULL);
	assert(text != NULL);
	if (in->output == NULL) {
		print_text(in, text);
		free(text);
		return CLI_OK;
	}
	mode_t mode = choose_mode(in, &gid);
	int err = put_file(in->output, text, mode, gid, in->o->force);
	free(text);
	if (err != 0)
		return fail_to_write(in, err);
	report_written(in, mode);
	return CLI_OK;
}
