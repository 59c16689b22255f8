/* follow: one job to its end, with its output and how far it is. */
#ifndef SPARKSPOOL_CLI_FOLLOW_H
#define SPARKSPOOL_CLI_FOLLOW_H

#include "cli/ask.h"
#include "cli/bar.h"
#include "cli/tail.h"

struct follow {
	struct daemon *d;
	const struct options *o;
	char *name;  /* for the bar; harmless */
	json_t *job; /* as it was told last; NULL: not yet */
	struct bar bar;
	int64_t asked_ms; /* when its place was asked for last, on the monotonic clock */
	struct tail out;
	struct tail err;
	int signals; /* a signalfd, or -1 */
	int signal;  /* that came; 0: none */
	bool broken; /* nobody reads our output any more */
};

/* Takes INT, TERM and HUP away from the process until the end. */
void follow_init(struct follow *f, struct daemon *d, const char *name);
void follow_fini(struct follow *f);

/* Until the job of that path that is another than old is known: f->job. Both functions return CLI_OK
 * when it is so; else what has been said, or 128 + f->signal, and that has not been said. */
int follow_pick_up(struct follow *f, const char *path, int64_t old);

/* Until f->job (or the job of that id) has ended and all of its output is shown. A daemon that goes
 * away is waited for. */
int follow_to_end(struct follow *f, int64_t id);

/* What run makes of an ended job: the file's own code, or one of ours. */
int follow_code(const json_t *job);

#endif
