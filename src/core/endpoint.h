/* endpoint: whether a server can be spoken to, and when to try again. */
#ifndef SPARKSPOOL_CORE_ENDPOINT_H
#define SPARKSPOOL_CORE_ENDPOINT_H

#include "core/core.h"

/* Something is wrong with the server or the way to it: nothing more is asked of it until a pause
 * is over. One line in the log for each cause. retry_after_ms 0: our own backoff. */
void endpoint_trouble(struct core *c, size_t endpoint, const char *why, int64_t retry_after_ms);

/* It has told its version and its sessions. That proves little: the pauses go on growing until it
 * takes work again, or has stayed up for some minutes. */
void endpoint_up(struct core *c, size_t endpoint);
void endpoint_works(struct core *c, size_t endpoint);

/* ... and by a statement it has: whatever it forbids, it is not everything. forbids counts such a reply to a
 * statement's POST, if it is one (403). */
void endpoint_takes(struct core *c, struct session *s);
void endpoint_forbids(struct core *c, struct session *s, const struct ev_http *ev);

/* How long a session of which something was forbidden, and what it sent then, too, sends nothing of ours. Each
 * time the server is met anew behind that: others, that it may let through, would never have their turn, and
 * only by them it is known that not all is forbidden. */
int64_t endpoint_rest_ms(const struct core *c, const struct session *s);

/* What a reply says about the server as a whole, whichever call it answers. True when it is no
 * answer to the call at all: not sent, refused at the door, a gateway's word. The server is in
 * trouble then and the call may be repeated if it is a GET. */
bool endpoint_blames(struct core *c, const struct ev_http *ev, const struct livy_answer *a);

/* The same for a call that asks, again and again, after one thing, whose answer may be what never comes
 * through, or is not let through. The first time may be the server's fault; one after the server has come
 * up again is not, and then the return is false as for any answer that cannot be read. *lost_ms is the
 * caller's, one for each thing: since when its answers are lost, below 0: they are not. */
bool endpoint_blames_for(
    struct core *c, const struct ev_http *ev, const struct livy_answer *a, int64_t *lost_ms);

/* It was not looked at what was asked: the server's or a gateway's no to whoever asks, or to this. */
bool endpoint_is_barred(const struct ev_http *ev, const struct livy_answer *a);

/* It is up, and was met anew since then; below 0: never. */
bool endpoint_is_back(const struct core *c, size_t endpoint, int64_t since_ms);

/* A server's text as it may be shown: without the credentials that it was sent. */
const char *endpoint_discreet(struct core *c, size_t endpoint, const char *text);

/* A line of words for a reply that is none: static or in the effects' arena. */
const char *endpoint_words(struct core *c, const struct ev_http *ev, const struct livy_answer *a);

/* Of an answer only what it says, without what we would do about it. */
const char *endpoint_says(struct core *c, const struct ev_http *ev, const struct livy_answer *a);

#endif
