/* askhelp: a world, and those who ask over its control socket. */
#include "askhelp.h"

#include <stdio.h>
#include <string.h>

struct world *w;

void ask_setup(void)
{
	w = world_new();
}

void ask_teardown(void)
{
	world_free(w);
}

const char *ask_as(uint32_t uid, const char *line)
{
	world_ask_as(w, 1, uid, line);
	world_until(w, 1000, !world_waits(w, 1));
	const char *said = arena_strdup(&w->fx.arena, world_said(w, 1));
	world_hang_up(w, 1); /* the next one may be another user */
	return said;
}

int count(const char *text, const char *what)
{
	int n = 0;
	for (const char *p = text; (p = strstr(p, what)) != NULL; p += strlen(what))
		n++;
	return n;
}

void ends_as(const char *name, const char *status)
{
	world_until(w, 10 * MINUTES, world_done(w, name));
	ck_assert_str_eq(world_status(w, name), status);
}

const char *record(const char *name)
{
	char file[100];
	snprintf(file, sizeof(file), "%s.json", name);
	return world_text(w, file);
}
