/* export: a file for others to read, replaced as a whole. */
#ifndef SPARKSPOOL_EDGE_EXPORT_H
#define SPARKSPOOL_EDGE_EXPORT_H

#include "edge/evq.h"

/* Writes a hidden file beside fx->path, readable by all, and renames it there. Nothing is synced: after
 * a crash of the machine it is written anew. Adds EV_EXPORTED; what could not be written leaves the
 * old file as it was. */
void export_perform(const struct fx_export *fx, struct evq *q);

#endif
