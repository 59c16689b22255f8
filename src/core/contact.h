/* contact: the first words with a server: what it is, and which of our sessions it still has. */
#ifndef SPARKSPOOL_CORE_CONTACT_H
#define SPARKSPOOL_CORE_CONTACT_H

#include "core/core.h"

/* A server is met in two questions: its version, which says how it is to be spoken to, and the list
 * of its sessions, page by page. Nothing else is said to it before both are answered: after a
 * restart of Livy every id may be a stranger's. The time to meet it has come; nothing where it is
 * being met, or up, already. */
void contact_due(struct core *c, size_t endpoint);
/* An answer that belongs to no session. Sessions that are met may be gone afterwards. */
void contact_on_http(struct core *c, const struct ev_http *ev);

/* Before conf is in force. */
void contact_conf(struct core *c, const struct conf *conf);

#endif
