/* ask: requests to the daemon and what comes back, with each failure in one line. */
#ifndef SPARKSPOOL_CLI_ASK_H
#define SPARKSPOOL_CLI_ASK_H

#include "cli/opt.h"
#include "cli/say.h"
#include "cli/wire.h"
#include "core/conf.h"

/* The daemon as a command sees it. */
struct daemon {
	const struct options *o;
	struct conf *conf; /* or NULL: it cannot be read, and conf_error says why */
	char *conf_error;
	char *socket; /* the path */
	struct wire wire;
	bool everything; /* ALL is asked for: one of them that is not as far is no failure */
};

void daemon_init(struct daemon *d, const struct options *o);
void daemon_fini(struct daemon *d);

/* Connects if need be: CLI_OK, or the exit code, which has been said unless quiet. */
int daemon_open(struct daemon *d, bool quiet);

/* {"v":1,"do":WHAT}; to be filled with text_put() and handed to ask(). */
json_t *ask_for(const char *what);

/* Sends the request (and takes it), calls fn with each line of the answer but the last, which is
 * borrowed. Says what goes wrong, "failed" lines too, and returns CLI_OK or an exit code. fn may
 * return false: then no more is read, and the connection is closed. */
int ask(struct daemon *d, json_t *request, bool (*fn)(const json_t *line, void *arg), void *arg);

/* The same on a connection of its own, without a word whatever happens: for who watches on d's. */
void ask_aside(
    const struct daemon *d, json_t *request, bool (*fn)(const json_t *line, void *arg), void *arg);

/* The first line of this type, the caller's, or NULL: without a word, whatever happens. *got, if not
 * NULL: WIRE_LINE when the daemon has answered in one way or the other. */
json_t *ask_one(struct daemon *d, json_t *request, const char *type, enum wire_result *got);

/* The job of that path or number, or NULL: takes who. As ask_one(). */
json_t *ask_job(struct daemon *d, json_t *who, enum wire_result *got);

/* The first step of ask() for those that read the lines themselves. CLI_OK or said. */
int ask_send(struct daemon *d, json_t *request);
/* What it means that a line did not come: said, an exit code. */
int ask_lost(const struct daemon *d, enum wire_result got);
/* A line of type "error" or "failed": said, an exit code. */
int ask_error(const struct daemon *d, const json_t *line);

/* Of two outcomes the one that weighs more. */
int ask_worse(int a, int b);

/* Members; NULL, or fallback, where there is none of that type. */
const char *ask_text(const json_t *o, const char *key);
int64_t ask_int(const json_t *o, const char *key, int64_t fallback);
bool ask_is(const json_t *o, const char *type);

#endif
