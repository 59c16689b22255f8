/* properties: what must be true in every world, whatever happens in it. */
#ifndef SPARKSPOOL_TESTS_PROPERTIES_H
#define SPARKSPOOL_TESTS_PROPERTIES_H

#include "sim.h"

#define holds(condition, property, ...)                                                            \
	do {                                                                                       \
		if (!(condition)) {                                                                \
			char *what_ = xasprintf(__VA_ARGS__);                                      \
			ck_abort_msg("PROPERTY: %s\n%s", property, what_);                         \
		}                                                                                  \
	} while (0)

void properties_each_turn(struct sim *s);
bool properties_at_rest(const struct sim *s, const char **why); /* nothing is left to be done */
void properties_in_the_end(struct sim *s);

/* ---- sessions: of these, and of how servers are asked ------------------------------------------- */

void sessions_each_turn(struct sim *s);
void sessions_forsaken(
    struct world *w, size_t server, const struct world_session *session, void *sim);
void sessions_in_the_end(const struct sim *s);

/* ---- turns: of the queue's rules, and of what people are told ---------------------------------- */

void turns_each_turn(struct sim *s); /* once it is known which version each row is */
void turns_in_the_end(const struct sim *s);
bool turns_may(const struct sim *s, uint32_t uid, size_t spool, const char *name);
const char *turns_waits(
    const struct sim *s, const struct world_row *row); /* for a file that has not ended so */

#endif
