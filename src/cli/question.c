/* question: what a person at a terminal is asked.
 *
 * On standard error, so that standard output can be the file. How many is counted here and nowhere else. */
#include "cli/question.h"
#include "cli/say.h"
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#define TRIES_MAX 3
#define ANSWER_BYTES_MAX 4096

/* Both: who pipes answers in has not seen the questions, and flags are for that. */
void questions_init(struct questions *q, bool yes)
{
	*q = (struct questions){ .wanted = !yes && isatty(0) && isatty(2) };
}

bool questions_left(const struct questions *q)
{
	assert(q->asked <= QUESTIONS_MAX);
	return q->wanted && !q->ended && q->asked < QUESTIONS_MAX;
}

/* Without the blanks around it; NULL at the end of the input. free() it. */
static char *read_line(void)
{
	char line[ANSWER_BYTES_MAX];

	if (fgets(line, sizeof(line), stdin) == NULL)
		return NULL;
	size_t from = strspn(line, " \t");
	size_t n = strlen(line);
	while (n > from && strchr(" \t\r\n", line[n - 1]) != NULL)
		n--;
	return xstrndup(line + from, n - from);
}

/* The default stands in brackets, as people know it. */
static char *ask_once(const char *text, const char *fallback)
{
	fflush(stdout);
	fprintf(stderr, "%s [%s] ", text, fallback);
	fflush(stderr);
	char *answer = read_line();
	if (answer != NULL && *answer == '\0') {
		free(answer);
		answer = xstrdup(fallback);
	}
	return answer;
}

bool question_ask(struct questions *q, const char *text, const char *fallback,
    bool (*take)(void *arg, const char *answer, char **why), void *arg)
{
	bool taken = false;

	assert(questions_left(q) && *fallback != '\0');
	if (q->asked++ == 0)
		fputs("At most five questions; Enter takes what stands in brackets.\n", stderr);
	for (int i = 0; i < TRIES_MAX && !taken; i++) {
		char *why = NULL;
		char *answer = ask_once(text, fallback);
		if (answer == NULL) {
			fputs("\n", stderr);
			break;
		}
		taken = take(arg, answer, &why);
		if (!taken && why != NULL) {
			char *plain = say_plain(why);
			fprintf(stderr, "  %s\n", plain);
			free(plain);
		}
		free(why);
		free(answer);
	}
	q->ended = !taken;
	assert(q->asked <= QUESTIONS_MAX);
	return taken;
}

/* Neither yes nor no is no answer: a slip must not decide. */
static bool take_yes(void *arg, const char *answer, char **why)
{
	bool yes = strcasecmp(answer, "yes") == 0 || strcasecmp(answer, "y") == 0;

	*(bool *)arg = yes;
	if (yes || strcasecmp(answer, "no") == 0 || strcasecmp(answer, "n") == 0)
		return true;
	*why = xstrdup("yes or no?");
	return false;
}

bool question_confirm(struct questions *q, const char *text)
{
	bool yes = false;

	return question_ask(q, text, "no", take_yes, &yes) && yes;
}
