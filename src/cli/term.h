/* term: what is known of the terminal, if there is one. */
#ifndef SPARKSPOOL_CLI_TERM_H
#define SPARKSPOOL_CLI_TERM_H

#include "base/util.h"

struct term {
	int fd;
	bool is_terminal; /* that can go back to the start of a line */
	bool colour;
};

/* Looks at the descriptor and at TERM and NO_COLOR. */
struct term term_of(int fd);

/* Now; 80 by 24 where nobody says. */
int term_columns(const struct term *t);
int term_rows(const struct term *t);

/* How many columns the text takes, each character counted as one. */
int term_width(const char *text);

/* The text cut to so many columns, with ".." at the end where something is missing. free() it. */
char *term_cut(const char *text, int columns);

enum term_colour { TERM_PLAIN, TERM_BOLD, TERM_RED, TERM_GREEN, TERM_YELLOW };
/* What to write before; TERM_PLAIN: behind. "" where there is no colour. */
const char *term_colour(const struct term *t, enum term_colour c);

#endif
