/* runner: files that run as processes of their own in a session's runner: their places in it, and
 * when it is to be spoken to. Every call may be sent again: the runner begins an id once and keeps
 * what came of it until we have it on disk (src/runner/PROTOCOL). */
#ifndef SPARKSPOOL_CORE_RUNNER_H
#define SPARKSPOOL_CORE_RUNNER_H

#include "core/core.h"

/* Calls that were to start a file and brought no answer: then its runner is asked not to. */
#define RUNNER_LOST_MAX 4

/* The job is in SENDING, its intent committed in the same turn; it is loaded in the session. */
void runner_start(struct core *c, struct session *s, struct job *job);

/* After a start of the daemon: a job in SENDING or RUNNING whose session is in the ledger. */
void runner_resume(struct core *c, struct session *s, struct job *job);

/* Speaks to the runner if there is something to say, and sets the session's timer for the next. */
void runner_due(struct core *c, struct session *s);

/* Calls (CALL_BOOT, CALL_RUNNER, of a greeting only that it was lost) that end without an answer of the
 * runner; the call is dropped, the session may be gone afterwards. unsent: the call was not carried out,
 * or (maybe) nobody can tell. refused: it never will be. forbidden: it will not, or we are not allowed
 * anything (403). dropped: the server says that there is none. */
void runner_unsent(struct core *c, struct session *s, struct call *call, bool maybe);
void runner_refused(struct core *c, struct session *s, struct call *call, const char *why);
void runner_forbidden(struct core *c, struct session *s, struct call *call, const char *words);
void runner_boot_forbidden(struct core *c, struct session *s, struct call *call, const char *words);
void runner_failed(struct core *c, struct session *s, struct call *call, const char *why);
void runner_dropped(struct core *c, struct session *s, struct call *call);

/* It has ended, and what can be had of it is in the spool, under hidden names. It is not yet on disk: nothing
 * is told to the runner before that, and no row says so. A crash finds the run there, and fetches it again. */
void runner_keep(struct core *c, struct job *job);

/* The job leaves its place in the session. */
void runner_unload(struct core *c, struct session *s, struct job *job);

/* A place has become free: what may the session do now? It may be gone afterwards. */
void runner_rest(struct core *c, struct session *s);

#endif
