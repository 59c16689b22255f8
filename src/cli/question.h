/* question: what a person at a terminal is asked. */
#ifndef SPARKSPOOL_CLI_QUESTION_H
#define SPARKSPOOL_CLI_QUESTION_H

#include "base/util.h"

#define QUESTIONS_MAX 5 /* it is promised */

struct questions {
	bool wanted; /* there is a terminal, and nobody said --yes */
	int asked;
	bool ended; /* the terminal was closed, or a question was answered wrong too often */
};

/* Looks at standard input and error. yes: nothing is to be asked. */
void questions_init(struct questions *q, bool yes);

/* Whether one more may be asked. */
bool questions_left(const struct questions *q);

/* Asks, with the answer that an empty line stands for, and hands the answer to take, which says in *why
 * (free() it) what is wrong with it: then the same is asked again, a few times. False when there is no
 * good answer; q->ended is true then. */
bool question_ask(struct questions *q, const char *text, const char *fallback,
    bool (*take)(void *arg, const char *answer, char **why), void *arg);

/* Whether the answer is yes; an empty line means no. */
bool question_confirm(struct questions *q, const char *text);

#endif
