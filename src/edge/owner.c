/* owner: the login names of those whose files run. */
#include "edge/owner.h"

#include <errno.h>
#include <pwd.h>
#include <stdlib.h>

#define PASSWD_BYTES_MAX 65536

void owner_look(uint32_t uid, struct evq *q)
{
	struct ev_owner *ev = &evq_add(q, EV_OWNER)->u.owner;
	struct passwd pw;
	struct passwd *found = NULL;
	size_t size = 1024;
	int err = ERANGE;
	char *buf = NULL;

	ev->uid = uid;
	/* sysconf() has a size, but directory services send longer entries than it says. */
	while ((err == EINTR || err == ERANGE) && size <= PASSWD_BYTES_MAX) {
		buf = xrealloc(buf, size);
		err = getpwuid_r(uid, &pw, buf, size, &found);
		size *= 2;
	}
	/* No name and an error are the same for whoever asked: the file's owner cannot be told
	 * now. */
	if (found != NULL)
		ev->name = arena_strdup(&q->arena, found->pw_name);
	free(buf);
}
