/* statement: the requests of a call: post it, look at it, cancel it, and when to look next. */
#ifndef SPARKSPOOL_CORE_STATEMENT_H
#define SPARKSPOOL_CORE_STATEMENT_H

#include "core/core.h"

/* What the call sends, or (but for the runner's, which are never looked for) has sent: a file's bytes,
 * or our own token's code. */
struct bytes statement_code(struct core *c, const struct session *s, struct call *call);

/* Whether results are read from the list, because the server has nothing else. */
bool statement_by_list(const struct core *c, const struct session *s);

/* Begin a call of our own: the session's token, or a new random value. Behind a break there is none before
 * the server is met and the session found again. */
void statement_greet(struct core *c, struct session *s);
void statement_probe(struct core *c, struct session *s);
void statement_boot(struct core *c, struct session *s);
void statement_runner(struct core *c, struct session *s);

/* It is seen running, not only waiting: from now on a greeting or a boot is answered within a time. */
void statement_begun(const struct core *c, struct call *call);

/* The call is CALL_POSTING afterwards. The intent's row stands before it in the effects. */
void statement_post(struct core *c, struct session *s, struct call *call);

/* Posts a call of our own again of which nobody knows whether it has arrived. */
void statement_repeat(struct core *c, struct session *s, struct call *call);

/* Asks for the statement, or in CALL_DOUBT for the one that a lost POST would have become. */
void statement_look(struct core *c, struct session *s, struct call *call);

/* What a reply to statement_look() says of the way to the server. True: nothing of the statement; the next
 * look is seen to. An answer that is forbidden, or the like, to whoever asks for it is the statement's own
 * only where the session's first one, which is ours and harmless, is let through at that time: that is asked
 * for in between (ASK_CHANNEL, of the call), and statement_compared() hears of it. */
bool statement_is_withheld(struct core *c, struct session *s, struct call *call,
    const struct ev_http *ev, const struct livy_answer *a);
void statement_compared(struct core *c, struct session *s, struct call *call,
    const struct ev_http *ev, const struct livy_answer *a);

/* Nobody waits for the reply: Livy says 200 even for a statement that never was. */
void statement_cancel(struct core *c, struct session *s, const struct call *call);

/* Sets when the next look is due; statement_poll by the call's age. */
void statement_look_in(struct core *c, struct session *s, struct call *call, int64_t in_ms);
void statement_poll(struct core *c, struct session *s, struct call *call);

#endif
