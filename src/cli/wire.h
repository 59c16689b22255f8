/* wire: lines of JSON over the daemon's control socket. sparkspool-control(7) has the protocol. */
#ifndef SPARKSPOOL_CLI_WIRE_H
#define SPARKSPOOL_CLI_WIRE_H

#include "base/buf.h"
#include <jansson.h>
#include <sys/types.h>

#define WIRE_LINE_BYTES_MAX (16u << 20)
#define WIRE_REQUEST_BYTES_MAX 65536 /* the daemon's own limit */

struct wire {
	int fd;	      /* -1: not connected */
	int other_fd; /* looked at while waiting, such as a signalfd; -1: none */
	uid_t peer;   /* whose daemon it is */
	struct buf in;
	size_t at;   /* of what is in `in`, what has been taken */
	size_t seen; /* and what holds no end of a line */
};

enum wire_result {
	WIRE_LINE,
	WIRE_SILENT, /* nothing came in time */
	WIRE_OTHER,  /* other_fd has something to read */
	WIRE_CLOSED,
	WIRE_GARBAGE /* no line of JSON, or one that is too long */
};

void wire_init(struct wire *w);
void wire_fini(struct wire *w);

/* 0 or an errno: ENAMETOOLONG, ENOENT, EACCES, ECONNREFUSED, ETIMEDOUT ... */
int wire_open(struct wire *w, const char *path, int64_t patience_ms);

/* Whether the daemon has closed it while nobody asked: it may, to make room for others. */
bool wire_is_stale(const struct wire *w);

/* Sends one request, a line; takes the reference. 0 or an errno: EMSGSIZE when it is too long. */
int wire_send(struct wire *w, json_t *request, int64_t patience_ms);

/* The next line of an answer; WIRE_LINE: *line is the caller's. wait_ms < 0: for ever. */
enum wire_result wire_next(struct wire *w, int64_t wait_ms, json_t **line);

#endif
