/* properties: what must be true in every world, whatever happens in it. */
#ifndef SPARKSPOOL_TESTS_PROPERTIES_H
#define SPARKSPOOL_TESTS_PROPERTIES_H

#include "sim.h"

void properties_each_turn(struct sim *s);
bool properties_at_rest(const struct sim *s, const char **why); /* nothing is left to be done */
void properties_in_the_end(struct sim *s);

#endif
