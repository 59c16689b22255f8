/* evq: the events of a turn, in order, and what they point to. */
#ifndef SPARKSPOOL_EDGE_EVQ_H
#define SPARKSPOOL_EDGE_EVQ_H

#include "core/msg.h"

/* A producer that could go on for ever (a scan, inotify) stops at EVQ_SOFT_MAX and continues in
 * the next turn. The one answer that every effect has may always be added. */
#define EVQ_SOFT_MAX 4096

struct evq {
	struct event *item;
	size_t count;
	size_t cap;
	size_t next;
	struct arena arena; /* owns what the events point to, until evq_done() */
};

void evq_init(struct evq *q);
void evq_fini(struct evq *q);

/* How many more events a producer may add. */
size_t evq_room(const struct evq *q);

/* A zeroed event at the end; valid until the next evq_add(). The loop sets its time. */
struct event *evq_add(struct evq *q, enum event_type type);

/* The next event that was not yet stepped, or NULL. */
struct event *evq_next(struct evq *q);

/* All were stepped: forgets them and frees what they pointed to. */
void evq_done(struct evq *q);

#endif
