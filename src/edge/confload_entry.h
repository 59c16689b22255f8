/* confload_entry: the endpoints, pools and spools of a struct conf, all handled alike. */
#ifndef SPARKSPOOL_EDGE_CONFLOAD_ENTRY_H
#define SPARKSPOOL_EDGE_CONFLOAD_ENTRY_H

#include "edge/confload_table.h"

#define ENTRY_NOWHERE SIZE_MAX

/* An entry is a struct conf_endpoint, conf_pool or conf_spool; for SCOPE_ROOT there is one, the
 * struct conf itself. */
size_t confentry_count(const struct conf *c, enum conf_scope scope);
void *confentry_at(const struct conf *c, enum conf_scope scope, size_t i);

/* The number of the entry of that name, removed or not, or ENTRY_NOWHERE. */
size_t confentry_find(const struct conf *c, enum conf_scope scope, const char *name);

/* A zeroed entry with that name at the end. */
void *confentry_add(struct conf *c, enum conf_scope scope, const char *name);

/* Entries begin with their name; all have the mark at the same place. */
const char *confentry_name(const void *entry);
bool confentry_removed(const void *entry);
void confentry_remove(void *entry);

/* Forgets all of an entry but its name and number. */
void confentry_reset(struct conf *c, enum conf_scope scope, size_t i);

/* Makes the zeroed entry `to` a deep copy of `from`. */
void confentry_copy(enum conf_scope scope, void *to, const void *from);

#endif
