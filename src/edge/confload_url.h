/* confload_url: the little that must be known of an endpoint's url before it is used. */
#ifndef SPARKSPOOL_EDGE_CONFLOAD_URL_H
#define SPARKSPOOL_EDGE_CONFLOAD_URL_H

#include "base/util.h"

/* NULL, or what is wrong with it and what to do (free() it): http or https, a host, maybe a port
 * and a path, and nothing else. The url is not repeated: it could hold a password. */
char *confurl_check(const char *url);

/* A copy without slashes at its end. */
char *confurl_clean(const char *url);

/* Of a url that confurl_check() has passed. */
bool confurl_is_https(const char *url);
bool confurl_is_loopback(const char *url);

#endif
