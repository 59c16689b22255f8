/* hook: one run of the command of on-end. */
#ifndef SPARKSPOOL_CLI_HOOK_H
#define SPARKSPOOL_CLI_HOOK_H

#include "base/util.h"
#include <jansson.h>

struct hook {
	char **argv;
	int64_t timeout_ms;
	int signals; /* a signalfd of INT, TERM, HUP and CHLD */
	int signal;  /* the first of INT, TERM and HUP that came; 0: none */
};

/* From here on the signals wait for us (blocked, and read from h->signals): whoever calls this has
 * no other way of hearing them. argv and timeout_ms are the caller's to set. */
void hook_init(struct hook *h);
void hook_fini(struct hook *h);

/* Runs it for that job, with what is known of it in the environment, and waits; all that it started
 * is ended when its time is up, or we are told to stop. NULL, or what went wrong, free() it. */
char *hook_run(struct hook *h, const json_t *job);

/* True when we are told to stop meanwhile. */
bool hook_wait(struct hook *h, int64_t ms);

#endif
