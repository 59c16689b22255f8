/* depart: how a session leaves, and what becomes of the files in it. */
#ifndef SPARKSPOOL_CORE_DEPART_H
#define SPARKSPOOL_CORE_DEPART_H

#include "core/core.h"

/* The server has lost it, or it is of no more use and not there to be deleted. What ran in it has
 * died, what may have been sent is unknown, what was being read goes back to the queue. s is freed. */
void depart_gone(struct core *c, struct session *s, const char *why);

/* The server still has something by its name, but nothing of it can be used or trusted any more:
 * the same for its files, and it is deleted. */
void depart_lost(struct core *c, struct session *s, const char *why);

/* Gets no more work; deleted on the server as soon as nothing of it is outstanding. One that has still to be
 * proven stays in LOOKING, and that it is to go is remembered. */
void depart_retire(struct core *c, struct session *s, const char *why);

/* Goes on with a session in RETIRED or DELETING: sends the DELETE when nothing holds it back. */
void depart_go_on(struct core *c, struct session *s);

/* On a server without names, where its id may be a stranger's by now: it is looked for, and nothing is sent to
 * it, nor is it deleted, before its token is seen (core/meet). */
void depart_prove(struct core *c, struct session *s);

void depart_on_deleted(struct core *c, struct session *s, const struct ev_http *ev);

/* A file has ended badly and its call is dropped: the run's outcome cannot be told any more. */
void depart_unknown(struct core *c, struct session *s, struct call *call, const char *message);

/* A file was lost on its way, and it is proven that it never ran: it goes back to the queue, or is
 * rejected when that has happened too often. proof: how that is
 * known, why: what befalls it whenever it is sent. */
void depart_never(struct core *c, struct job *job, const char *proof, const char *why);

/* It was forbidden on its way (403), and is in no session any more: later, or never. */
void depart_forbidden(struct core *c, const struct session *s, struct job *job, const char *words);

/* A session of this kind could not be had: the next one comes after a pause, longer each time. */
void depart_breaker(struct core *c, struct session *s, const char *why);

/* The next thing to do in this session, looked at anew. */
void depart_wake(struct core *c, struct session *s, int64_t in_ms);

#endif
