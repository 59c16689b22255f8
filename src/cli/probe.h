/* probe: what a server is, found out by asking, without leaving anything there; and what was found, as
 * words. trial goes further where the user agrees. */
#ifndef SPARKSPOOL_CLI_PROBE_H
#define SPARKSPOOL_CLI_PROBE_H

#include "cli/client.h"
#include <jansson.h>

enum probe_state {
	PROBE_NO,  /* by its version */
	PROBE_YES, /* its version says so, and its answer bears it out */
	PROBE_ODD  /* its version says so, its answer does not: see odd */
};

/* Strings are its own; NULL where nothing is known. */
struct probe {
	const char *trouble; /* the word of what is wrong (sparkspool(1) lists them), or NULL */
	char *what;	     /* the same in a line for people */
	char *next;	     /* and what to do */
	bool wants_login;    /* no login was sent, and one is wanted */

	char *version;
	struct livy_dialect dialect;
	int64_t sessions; /* as many as the server has now */
	enum probe_state names;
	enum probe_state connect;
	char *odd; /* what the server said */

	/* Of trial. */
	const char *tried; /* the kind of the session, or NULL */
	char *output;	   /* what 1+1 gave */
	int64_t start_ms;  /* until it was idle */
};

/* Asks for version and list of sessions, and, where the version says that these work, by name for a
 * session that there cannot be. NULL-terminated words are filled into *p, which is zeroed first. */
void probe_look(struct probe *p, struct client *c);
void probe_fini(struct probe *p);

/* "NULL: all is well" is kept: the first trouble is the one that is said. what is taken. */
void probe_trouble(struct probe *p, const char *word, char *what, const char *next);
/* By what came instead of an answer; stage says in words what was asked for. */
void probe_blame(struct probe *p, struct client *c, const struct ev_http *ev,
    const struct livy_answer *a, const char *stage);

/* A name that no session has: "sparkspool-init-" and 16 random digits. free() it. */
char *probe_name(void);

/* The report: lines for people, or an object for programs; free() what is text. */
char *probe_text(const struct probe *p, const char *url);
char *probe_trial_text(const struct probe *p);
/* url, trouble, version, kinds, names, connect and sessions with tabs between; "-" is what is not
 * known. p NULL: the server was not asked. */
char *probe_porcelain(const struct probe *p, const char *url);
json_t *probe_json(const struct probe *p, const char *url);
/* "pyspark,sql,spark,sparkr": the kinds of sessions that a server of this version has. */
const char *probe_kinds(const struct probe *p);

#endif
