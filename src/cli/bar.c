/* bar: a line at the bottom of a terminal that says how far a job is. */
#include "cli/bar.h"
#include "cli/row.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PICTURE_COLUMNS 22
#define NAME_COLUMNS_MAX 30

/* On standard error: what is piped elsewhere must be the job's output and nothing else. */
void bar_init(struct bar *b, bool wanted)
{
	*b = (struct bar){ .term = term_of(2) };
	b->wanted = wanted && b->term.is_terminal;
}

char *bar_picture(double progress, int columns)
{
	int room = columns > 2 ? columns - 2 : 0;
	int full = progress <= 0 ? 0 : progress >= 1 ? room : (int)(progress * room);
	char *text = xmalloc((size_t)room + 3);

	text[0] = '[';
	memset(text + 1, '#', (size_t)full);
	memset(text + 1 + full, '-', (size_t)(room - full));
	memcpy(text + 1 + room, "]", 2);
	return text;
}

/* One column stays free: with it the terminal would go to its next line. */
void bar_draw(struct bar *b, const char *name, const json_t *job, const char *word)
{
	const json_t *progress = json_object_get(job, "progress");

	if (!b->wanted)
		return;
	char *picture = json_is_number(progress) && !row_is_ended(job)
			    ? bar_picture(json_number_value(progress), PICTURE_COLUMNS)
			    : xstrdup("");
	char *state = job == NULL ? xstrdup(word) : row_state(job);
	char *shown = term_cut(name, NAME_COLUMNS_MAX);
	char *line = xasprintf("%s: %s%s%s", shown, picture, *picture == '\0' ? "" : " ", state);
	char *cut = term_cut(line, term_columns(&b->term) - 1);
	/* Output first: it would else come into the middle of the line that is drawn now. */
	fflush(stdout);
	fprintf(stderr, "\r%s\033[K", cut);
	fflush(stderr);
	b->drawn = true;
	free(picture);
	free(state);
	free(shown);
	free(line);
	free(cut);
}

void bar_clear(struct bar *b)
{
	if (b->drawn)
		fputs("\r\033[K", stderr);
	fflush(stderr);
	b->drawn = false;
}
