/* submit: a file's turn: what lies there is read, committed and sent. */
#ifndef SPARKSPOOL_CORE_SUBMIT_H
#define SPARKSPOOL_CORE_SUBMIT_H

#include "core/core.h"

/* Gives ready files to idle sessions of their kind, the earliest arrival first. */
void submit_assign(struct core *c, size_t pool);

/* The two answers on a file's way from READING to SENDING: which old results are ours to
 * replace, and what lies there. Both may come for a job that has left READING since, and are
 * dropped then. */
void submit_on_recalled(struct core *c, const struct ev_recalled *ev);
void submit_on_read(struct core *c, struct job *job, const struct ev_read *ev);

/* A job in READING goes back to the queue, but into no lane: somebody has cancelled it. */
void submit_withdraw(struct core *c, struct job *job);

#endif
