/* client: a Livy server asked directly, one request after the other: by init, which has no daemon yet. */
#ifndef SPARKSPOOL_CLI_CLIENT_H
#define SPARKSPOOL_CLI_CLIENT_H

#include "core/livy.h"

struct client {
	const struct conf *conf; /* its first endpoint is the server */
	struct client_wire *wire;
	struct arena arena; /* for paths and bodies of requests, until client_fini() */
	int64_t patience_ms;
	int signals; /* a signalfd that interrupts a request, or -1 */
	int signal;  /* the one that came, or 0 */
};

/* conf is borrowed. False where libcurl cannot be had. */
bool client_init(struct client *c, const struct conf *conf, int64_t patience_ms);
void client_fini(struct client *c);

/* One request, by the same room that the daemon uses: bounded in time and size, no redirects, the
 * password of the endpoint and nobody else's. NULL: a signal came first. The answer lives until the
 * next request. */
const struct ev_http *client_ask(
    struct client *c, enum http_method method, const char *path, struct bytes body);
const struct ev_http *client_get(struct client *c, const char *path);

/* Sleeps; false when a signal came. */
bool client_pause(struct client *c, int64_t ms);

/* What came instead of what was wanted, as words for people and without the password; free() it.
 * a may be NULL where there was no answer to read. */
char *client_words(struct client *c, const struct ev_http *ev, const struct livy_answer *a);

/* A text of the server's without the password, as one short line; free() it. */
char *client_discreet(struct client *c, const char *text);

#endif
