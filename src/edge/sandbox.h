/* sandbox: what the process denies itself: core files, and whatever the configuration does not name. */
#ifndef SPARKSPOOL_EDGE_SANDBOX_H
#define SPARKSPOOL_EDGE_SANDBOX_H

#include "base/buf.h"
#include "core/conf.h"

struct sandbox;

/* Passwords are in the memory of this process: from now on no core file is made of it, and none but
 * root can attach to it or read its memory. What the kernel refuses is logged. */
void sandbox_keep_secrets(void);

/* Raises the limit on open files to what the configuration may take, as far as the hard limit lets
 * it, and says where that is too little. */
void sandbox_open_files(const struct conf *c);

/* From now on this thread, and those that it starts later, reach the files that the configuration
 * needs and no others, as landlock(7) has it. To be called while there is no other thread. Where the
 * kernel has no Landlock, or the configuration wants none, that is said in the log and all goes on
 * without. NULL: it failed for another reason, which the log says; nothing should be begun then. */
struct sandbox *sandbox_enter(const struct conf *c);
void sandbox_free(struct sandbox *s);

bool sandbox_confines(const struct sandbox *s);

/* Whether all that a later configuration names is within the rules; errors gets a line for each
 * that is not. */
bool sandbox_covers(const struct sandbox *s, const struct conf *c, struct buf *errors);

#endif
