/* httpd: a small HTTP server for tests that does what its script says, right or wrong. */
#ifndef SPARKSPOOL_TESTS_HTTPD_H
#define SPARKSPOOL_TESTS_HTTPD_H

#include <stdbool.h>
#include <stddef.h>

struct httpd;

/* One request as it came. */
struct httpd_request {
	char *method;
	char *path;
	char *head; /* all up to the empty line */
	char *body; /* ended by a NUL */
	size_t body_bytes;
	unsigned conn; /* the number of its connection, from 1 */
	bool whole;    /* as many bytes of body as Content-Length says */
};

/* What is read before the step is carried out. */
enum httpd_read {
	HTTPD_READ_ALL,
	HTTPD_READ_HEAD,    /* the body stays in the socket: a close becomes a reset */
	HTTPD_READ_NOTHING, /* on a new connection: the step does not wait for a request */
};

/* What is done with the connection in the end. */
enum httpd_then { HTTPD_KEEP, HTTPD_CLOSE, HTTPD_RESET, HTTPD_HANG };

/* The steps of a script are taken by requests in the order of their arrival, whatever their
 * connections are; the last step is for all later requests too. */
struct httpd_step {
	enum httpd_read read;
	enum httpd_then then;
	unsigned await;	     /* says nothing until so many whole requests have come, in all */
	const char *say;     /* the answer, every byte of it; NULL: none */
	size_t say_bytes;    /* 0: say is a string */
	const char *forever; /* a string that is said behind it until the client goes away */
	int drip_ms;	     /* one byte at a time, so long after the other */
	/* Instead of say, where the answer depends on the request: malloc'ed bytes. */
	char *(*answer)(const struct httpd_request *rq, size_t *bytes, void *arg);
	void *arg;
};

/* Listens on a port of the kernel's choice on the loopback. The script is copied, what it points
 * to is not. */
struct httpd *httpd_start(const struct httpd_step *script, size_t count);
void httpd_stop(struct httpd *d); /* ends its connections and threads */

int httpd_port(const struct httpd *d);
char *httpd_url(const struct httpd *d, const char *path); /* free() it */

/* A right answer: status line, Content-Length, the body. free() it. */
char *httpd_answer(int status, const char *body);

unsigned httpd_connections(struct httpd *d);
/* Requests, whole or not, of this method (NULL: any). */
size_t httpd_count(struct httpd *d, const char *method);
size_t httpd_count_whole(struct httpd *d, const char *method);
/* The i-th request; it stays until httpd_stop(). NULL: there is none. */
const struct httpd_request *httpd_request(struct httpd *d, size_t i);
/* Whether it has exactly this header line. */
bool httpd_has(const struct httpd_request *rq, const char *line);
/* Whether any header line of it begins so, whatever the case. */
bool httpd_has_name(const struct httpd_request *rq, const char *name);

/* Wait until so many requests have come, or so many connections were closed by the script. */
void httpd_await(struct httpd *d, size_t requests);
void httpd_await_closed(struct httpd *d, unsigned connections);

#endif
