/* stop: how code that runs on is brought to an end, by a time limit or by somebody's word. */
#ifndef SPARKSPOOL_CORE_STOP_H
#define SPARKSPOOL_CORE_STOP_H

#include "core/core.h"

/* The call's limit has come: its statement is cancelled, again and again; where it does not stop within
 * a grace, the session goes. It may be gone afterwards. */
void stop_call(struct core *c, struct session *s, struct call *call);

/* The limit of a call of ours has come, in which no file runs: its session goes, unless nobody could
 * hear the answer until now. It may be gone afterwards. */
void stop_unanswered(struct core *c, struct session *s, struct call *call);

/* A runner's call has begun behind one that was cancelled, and may come to nothing as well. */
void stop_again(struct core *c, struct session *s);

/* A file's statement is known to the server: one that was cancelled before goes on to stop_call(). */
void stop_accepted(const struct core *c, struct call *call, const struct job *job);

#endif
