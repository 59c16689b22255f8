/* confload_former: what the file does not name any more, though an earlier life has left something of it. */
#ifndef SPARKSPOOL_EDGE_CONFLOAD_FORMER_H
#define SPARKSPOOL_EDGE_CONFLOAD_FORMER_H

#include "core/conf.h"

/* Each adds an entry that is `removed`, as a reload that takes it out leaves it behind, and says so in the
 * log; nothing where the name is there. What it was set to nobody knows: the table's defaults hold, for an
 * endpoint, whose URL is known, the settings of another one with that URL, and for a pool a short heartbeat. */
void conf_add_former_endpoint(struct conf *c, const char *name, const char *url);
void conf_add_former_pool(struct conf *c, const char *name);
void conf_add_former_spool(struct conf *c, const char *name, const char *path); /* or NULL */

#endif
