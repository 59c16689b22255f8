/* submit: a file, or standard input, into a spool. */
#ifndef SPARKSPOOL_CLI_SUBMIT_H
#define SPARKSPOOL_CLI_SUBMIT_H

#include "cli/ask.h"
#include "core/conf.h"

#define SUBMIT_BYTES_MAX (64u << 20) /* more than any spool takes */

struct submission {
	const char *given; /* as it stood on the command line */
	enum kind kind;
	char *path; /* in the spool; of the one that is there with --once */
	char *spool;
	bool marker;	 /* one lies beside it */
	bool there;	 /* --once: one of this name is waiting or running already */
	int64_t old_job; /* the last job that path had before; 0: none */
	unsigned line;	 /* of a line that was put in; 0: none was */
};

/* CLI_OK, or what has been said; refused is the code for a file that would be rejected. The daemon
 * is asked if it is there. */
int submit_one(struct daemon *d, const char *file, int refused, struct submission *s);
void submit_fini(struct submission *s);

/* NULL, or why the spool would reject these bytes: what core/submit would say, free() it. */
char *submit_judge(const struct conf *c, size_t spool, enum kind kind, const char *p, size_t n);

/* All bytes of an open file, at most SUBMIT_BYTES_MAX: 0 or an errno. */
int submit_read(int fd, struct buf *text);

#endif
