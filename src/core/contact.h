/* contact: the first words with a server: what it is, and which of our sessions it still has. */
#ifndef SPARKSPOOL_CORE_CONTACT_H
#define SPARKSPOOL_CORE_CONTACT_H

#include "core/core.h"

void contact_due(struct core *c, size_t endpoint);
void contact_on_http(struct core *c, const struct ev_http *ev);

#endif
