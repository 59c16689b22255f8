/* spool_hidden: files whose owner or group this process cannot see. */
#include "edge/spool_int.h"

#include "base/userns.h"

void spool_hidden_find(struct spools *s)
{
	s->hides_users = !userns_shows_user(USERNS_NOBODY);
	s->hides_groups = !userns_shows_group(USERNS_NOBODY);
}

const char *spool_hidden_why(const struct spools *s, const struct stat *st)
{
	if (s->hides_users && st->st_uid == USERNS_NOBODY)
		return "its owner is hidden by the service's PrivateUsers=yes: see THE SERVICE "
		       "in sparkspoold(8)";
	if (s->hides_groups && st->st_gid == USERNS_NOBODY)
		return "its group is hidden by the service's PrivateUsers=yes: see THE SERVICE "
		       "in sparkspoold(8)";
	return NULL;
}
