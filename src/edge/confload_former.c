/* confload_former: what the file does not name any more, though an earlier life has left something of it. */
#include "edge/confload_former.h"

#include "base/log.h"
#include "base/util.h"
#include "edge/confload_entry.h"
#include "edge/confload_value.h"
#include <assert.h>
#include <stdlib.h>

/* For people. Nothing is read or written by any path here: it tells a reload whose files lie there. */
#define NO_PATH "(not configured)"

/* Its sessions may end when nobody asks anything of them for so long. Livy looks once a minute by default, so
 * that hardly any is given less. */
#define HEARTBEAT_S 30

static void set_defaults(const struct conf *c, enum conf_scope scope, void *entry)
{
	size_t n;
	const struct setting *row = conftable(&n);

	for (size_t i = 0; i < n; i++)
		if (conftable_within(&row[i], scope) != NULL)
			confvalue_set_fallback(c, &row[i], entry);
}

/* Renamed, as its URL tells: what lets us in there lets us in still. */
static const struct conf_endpoint *same_server(const struct conf *c, const char *url)
{
	for (size_t i = 0; i < c->endpoint_count; i++)
		if (!c->endpoint[i].removed && str_eq(c->endpoint[i].url, url))
			return &c->endpoint[i];
	return NULL;
}

/* NULL: the name is there. */
static void *add(struct conf *c, enum conf_scope scope, const char *name)
{
	if (confentry_find(c, scope, name) != ENTRY_NOWHERE)
		return NULL;
	void *entry = confentry_add(c, scope, name);
	assert(!confentry_removed(entry));
	confentry_remove(entry);
	return entry;
}

void conf_add_former_endpoint(struct conf *c, const char *name, const char *url)
{
	struct conf_endpoint *e = add(c, SCOPE_ENDPOINT, name);
	const struct conf_endpoint *same = same_server(c, url);

	if (e == NULL)
		return;
	if (same != NULL) {
		char *own = xstrdup(name);
		confentry_copy(SCOPE_ENDPOINT, e, same);
		free(e->name);
		e->name = own;
		e->removed = true;
	} else {
		set_defaults(c, SCOPE_ENDPOINT, e);
		e->url = xstrdup(url);
	}
	log_warn("endpoint=%s event=not-configured url=%s: what runs there comes to its end, with "
		 "%s",
	    name, url, same != NULL ? "the settings of the one that has this URL" : "no password");
}

void conf_add_former_pool(struct conf *c, const char *name)
{
	struct conf_pool *p = add(c, SCOPE_POOL, name);

	if (p == NULL)
		return;
	set_defaults(c, SCOPE_POOL, p);
	p->session.heartbeat_timeout_s = HEARTBEAT_S;
	log_warn("pool=%s event=not-configured: its sessions come to their end", name);
}

void conf_add_former_spool(struct conf *c, const char *name, const char *path)
{
	struct conf_spool *sp = add(c, SCOPE_SPOOL, name);

	if (sp == NULL)
		return;
	set_defaults(c, SCOPE_SPOOL, sp);
	sp->path = xstrdup(path != NULL ? path : NO_PATH);
	log_warn("spool=%s event=not-configured: what is known of it and its files waits until it "
		 "is named again",
	    name);
}
