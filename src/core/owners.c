/* owners: the login names of those as whom files run (proxyUser = "%owner"). */
#include "core/owners.h"

#include <assert.h>
#include <stdlib.h>

bool owners_wanted(const struct core *c, size_t pool)
{
	return str_eq(c->conf->pool[pool].session.proxy_user, "%owner");
}

static struct owner *owners_find(struct core *c, uint32_t uid)
{
	struct owner *o;
	TAILQ_FOREACH (o, &c->owners, link)
		if (o->uid == uid)
			return o;
	return NULL;
}

static void owners_drop(struct core *c, struct owner *o)
{
	TAILQ_REMOVE(&c->owners, o, link);
	free(o->name);
	free(o);
}

/* The user database may be a network away (LDAP), so it is asked through an effect, and the files
 * of that owner wait for the answer. */
enum owners_answer owners_name(struct core *c, uint32_t uid, const char **name)
{
	struct owner *o = owners_find(c, uid);
	if (o == NULL) {
		o = xcalloc(1, sizeof(*o));
		o->uid = uid;
		TAILQ_INSERT_TAIL(&c->owners, o, link);
		effects_add(c->fx, FX_OWNER)->u.owner = uid;
	}
	*name = o->name;
	if (!o->answered)
		return OWNER_ASKED;
	if (o->name != NULL)
		return OWNER_KNOWN;
	owners_drop(c, o); /* somebody may give it a name meanwhile */
	return OWNER_NOBODY;
}

void owners_on_owner(struct core *c, const struct ev_owner *ev)
{
	struct owner *o = owners_find(c, ev->uid);
	assert(o != NULL && !o->answered);
	o->answered = true;
	o->name = xstrdup(ev->name);
	c->plan = true;
}

void owners_fini(struct core *c)
{
	struct owner *o;
	while ((o = TAILQ_FIRST(&c->owners)) != NULL)
		owners_drop(c, o);
}
