/* owners: the login names of those as whom files run (proxyUser = "%owner"). */
#ifndef SPARKSPOOL_CORE_OWNERS_H
#define SPARKSPOOL_CORE_OWNERS_H

#include "core/core.h"

/* Whether the files of this pool run as their owners. */
bool owners_wanted(const struct core *c, size_t pool);

enum owners_answer {
	OWNER_KNOWN, /* *name, valid as long as the core */
	OWNER_ASKED, /* the answer comes with an event, and the pools are planned again */
	OWNER_NOBODY /* no login name belongs to it; the next question is asked anew */
};

/* Names are kept once they are known: somebody who is renamed while the daemon runs keeps the old
 * one until the next start. *name is borrowed. */
enum owners_answer owners_name(struct core *c, uint32_t uid, const char **name);

/* The one answer to FX_OWNER. */
void owners_on_owner(struct core *c, const struct ev_owner *ev);
void owners_fini(struct core *c);

#endif
