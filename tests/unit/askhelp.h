/* askhelp: a world, and those who ask over its control socket. For the tests of what they hear. */
#ifndef SPARKSPOOL_TESTS_ASKHELP_H
#define SPARKSPOOL_TESTS_ASKHELP_H

#include "world.h"

#define MINUTES INT64_C(60000)
#define HERS WORLD_UID /* the owner of the world's files */
#define HIS (WORLD_UID + 1)

/* The world of the running test. */
extern struct world *w;
void ask_setup(void);
void ask_teardown(void);

/* One line to that user's own connection, and the whole answer: until the turn's arena is reset. */
const char *ask_as(uint32_t uid, const char *line);

#define has(text, what)                                                                            \
	ck_assert_msg(strstr(text, what) != NULL, "no %s in:\n%.4000s", what, (const char *)(text))
#define lacks(text, what)                                                                          \
	ck_assert_msg(strstr(text, what) == NULL, "%s in:\n%.4000s", what, (const char *)(text))

/* How often that stands in the text. */
int count(const char *text, const char *what);

/* Waits for the end of the file, which must be this one. */
void ends_as(const char *name, const char *status);

/* The record that lies beside it. */
const char *record(const char *name);

#endif
