/* init_answer: an answer on its way into the draft, for the steps of init. */
#include "cli/init.h"
#include "cli/say.h"
#include "edge/confload.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* The value may be the field's own old one. */
void init_set(char **field, const char *value)
{
	char *copy = xstrdup(value);

	free(*field);
	*field = copy;
}

/* Who types a path stands in a directory; the daemon will stand elsewhere. */
void init_set_path(char **field, const char *value)
{
	assert(value != NULL && *value != '\0');
	char *path = strncmp(value, "cred:", 5) == 0 ? xstrdup(value) : draft_path(value);

	free(*field);
	*field = path;
}

bool init_is_good(struct init *in, bool files, char **why)
{
	struct conf *conf = draft_read(&in->d, files, why);

	if (conf == NULL)
		return false;
	conf_free(conf);
	return true;
}

/* Alone it is no login: the next question completes it. */
bool init_take_user(void *arg, const char *answer, char **why)
{
	struct init *in = arg;

	if (strchr(answer, ':') != NULL) {
		*why = xstrdup("basic authentication cannot send a user with a ':'");
		return false;
	}
	init_set(&in->d.user, answer);
	return true;
}

/* The terminal was closed, or somebody is not going to give an answer that would do: to go on with a
 * default that he was shown and did not take would be wrong. */
int init_no_answer(const struct init *in)
{
	assert(in->q.ended);
	return say_failure(
	    in->o->json, CLI_NOT_SO, "nothing was written", "a question has no answer");
}
