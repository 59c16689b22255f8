/* http: requests out, answers in, over libcurl's multi interface. Does, never decides: the one
 * thing that it must be able to tell is whether a request can have been processed. */
#ifndef SPARKSPOOL_EDGE_HTTP_H
#define SPARKSPOOL_EDGE_HTTP_H

#include "edge/evq.h"
#include <poll.h>
#include <sys/types.h>

struct http;

/* conf is borrowed and must outlive http or the next http_conf(). NULL: libcurl does not start.
 * The process must ignore SIGPIPE: libcurl is told to leave signals alone. */
struct http *http_new(const struct conf *conf);
void http_free(struct http *h); /* transfers under way are dropped without an event */

void http_conf(struct http *h, const struct conf *conf); /* new transfers use it */

/* Starts the transfer; its one EV_HTTP comes from http_pump. What fx points to is copied. */
void http_perform(struct http *h, const struct fx_http *fx);

/* Waits for curl's sockets and the caller's descriptors together, at most timeout_ms (0: looks
 * only, -1: for ever). It may return early, with nothing to be seen; revents are poll(2)'s.
 * Returns 0, or -1 with errno. */
int http_wait(struct http *h, struct pollfd *fd, unsigned count, int64_t timeout_ms);

/* Moves the transfers on and appends an event for each that has ended. */
void http_pump(struct http *h, struct evq *q);

size_t http_in_flight(const struct http *h);
uint64_t http_requests(const struct http *h); /* started since birth */

#endif
