/* tail: a result that grows under a hidden name, and has another in the end. */
#ifndef SPARKSPOOL_CLI_TAIL_H
#define SPARKSPOOL_CLI_TAIL_H

#include "base/util.h"

struct tail {
	char *path; /* what is open */
	int fd;
	int64_t bytes;	/* shown so far */
	bool open_line; /* what was shown last does not end a line */
};

void tail_init(struct tail *t);
void tail_fini(struct tail *t);

/* It is another run's output from now on. */
void tail_again(struct tail *t);

/* Shows what is new in that file; show is called with each piece. False: it cannot be opened, errno
 * says why. Another file of the same run (a daemon that was restarted fetches all of it anew) begins
 * with the same bytes: what was shown is not shown again. */
bool tail_more(
    struct tail *t, const char *path, void (*show)(const char *p, size_t n, void *arg), void *arg);

#endif
