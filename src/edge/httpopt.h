/* httpopt: one transfer: what libcurl is told, what it asks for, what its end means. */
#ifndef SPARKSPOOL_EDGE_HTTPOPT_H
#define SPARKSPOOL_EDGE_HTTPOPT_H

#include "base/buf.h"
#include "core/msg.h"
#include <curl/curl.h>
#include <sys/queue.h>

/* All header lines of one answer together, provisional answers (1xx) and trailers included. */
#define HTTP_HEADER_BYTES_MAX ((size_t)64 * 1024)
#define HTTP_RETRY_AFTER_MS_MAX (INT64_C(3600) * 1000)

/* Header lines that are the same for every request; they must outlive the transfers. */
struct http_headers {
	struct curl_slist *bare;
	struct curl_slist *json; /* of requests with a JSON body */
};

struct http_transfer {
	LIST_ENTRY(http_transfer) link; /* http.c's */
	CURL *easy;			/* lent by http.c */
	struct http_tag tag;
	enum http_method method;
	char *endpoint; /* its name, for words */
	char *body;
	size_t body_bytes;
	size_t body_pos;  /* what libcurl has asked for so far */
	unsigned begun;	  /* times that a connection was ready and the request began to go out */
	bool begun_again; /* refused: see on_begin() */
	int socket_errno; /* why the last socket could not be made, or 0 */
	struct buf answer;
	size_t header_bytes;
	bool header_whole; /* the last answer's empty line has come */
	bool header_flood;
	char detail[CURL_ERROR_SIZE];
};

void http_headers_init(struct http_headers *hs);
void http_headers_fini(struct http_headers *hs);

/* Copies what fx points to and gives easy, which must be new or reset, all its options. What
 * libcurl does not take becomes *setup: the transfer must not be started then, only ended. */
struct http_transfer *http_transfer_new(CURL *easy, const struct conf_endpoint *ep,
    const struct fx_http *fx, const struct http_headers *hs, CURLcode *setup);
void http_transfer_free(struct http_transfer *t); /* easy stays */

/* The transfer has come to its end with rc: fills the event, the answer becomes the arena's. */
void http_transfer_end(struct http_transfer *t, CURLcode rc, struct ev_http *ev, struct arena *a);

#endif
