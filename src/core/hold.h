/* hold: files that wait until somebody lets them go. */
#ifndef SPARKSPOOL_CORE_HOLD_H
#define SPARKSPOOL_CORE_HOLD_H

#include "core/core.h"

/* Keeps a file from its turn, across restarts. Where it was held already the reason is the new one.
 * False, and nothing is changed: its turn has come, it is done, or it is a file without its marker. */
bool hold_job(struct core *c, struct job *job, enum job_held why);

/* Lets it go: it waits for its turn again, at the place of its arrival. False: it was not held. */
bool hold_release(struct core *c, struct job *job);

/* Why, in words, and what lets it go; static. */
const char *hold_words(enum job_held why);

#endif
