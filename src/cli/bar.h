/* bar: a line at the bottom of a terminal that says how far a job is; nothing where there is none. */
#ifndef SPARKSPOOL_CLI_BAR_H
#define SPARKSPOOL_CLI_BAR_H

#include "cli/term.h"
#include <jansson.h>

struct bar {
	struct term term;
	bool wanted;
	bool drawn;
};

/* On standard error. */
void bar_init(struct bar *b, bool wanted);

/* The name, and what is known: job, or a word where there is no job yet. */
void bar_draw(struct bar *b, const char *name, const json_t *job, const char *word);

/* Before anything else is written. */
void bar_clear(struct bar *b);

/* "[#####-----]" of so many columns, brackets included. free() it. */
char *bar_picture(double progress, int columns);

#endif
