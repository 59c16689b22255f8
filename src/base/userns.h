/* userns: users and groups that this process's user namespace has no name for. */
#ifndef SPARKSPOOL_BASE_USERNS_H
#define SPARKSPOOL_BASE_USERNS_H

#include <stdbool.h>
#include <stdint.h>

/* What the kernel shows in place of each of them: all are one. */
#define USERNS_NOBODY 65534

/* Whether the id is a name of somebody's here: then USERNS_NOBODY stands for itself alone. A map that
 * cannot be read is no proof that nobody is nobody. */
bool userns_shows_user(uint32_t uid);
bool userns_shows_group(uint32_t gid);

#endif
