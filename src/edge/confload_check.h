/* confload_check: what settings must be to each other and to the machine. */
#ifndef SPARKSPOOL_EDGE_CONFLOAD_CHECK_H
#define SPARKSPOOL_EDGE_CONFLOAD_CHECK_H

#include "edge/confload_read.h"

/* After confread_entry() of this entry; group is where it stands in the file. An endpoint's
 * password is read here. */
void confcheck_entry(
    const struct confread *r, enum conf_scope scope, const config_setting_t *group, void *entry);

/* After all entries: what one must be to the others, and to the configuration in force. */
void confcheck_whole(
    const struct confread *r, const config_setting_t *root, const struct conf *prev);

#endif
