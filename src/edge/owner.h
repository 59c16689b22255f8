/* owner: the login names of those whose files run. */
#ifndef SPARKSPOOL_EDGE_OWNER_H
#define SPARKSPOOL_EDGE_OWNER_H

#include "edge/evq.h"

/* Asks the system's user database, and appends the one EV_OWNER. May wait for a directory service. */
void owner_look(uint32_t uid, struct evq *q);

#endif
