/* nextstep: what is left to do between a configuration and a first result, as commands. */
#ifndef SPARKSPOOL_CLI_NEXTSTEP_H
#define SPARKSPOOL_CLI_NEXTSTEP_H

#include "cli/draft.h"
#include <jansson.h>

#define NEXTSTEP_MAX 8

struct nextstep {
	char *line[NEXTSTEP_MAX];
	size_t count;
};

/* file: the configuration; service: it is the one of the service, whose user and unit are meant. What
 * is there already is left out. */
void nextstep_find(struct nextstep *n, const struct draft *d, const char *file, bool service);
void nextstep_fini(struct nextstep *n);

void nextstep_print(const struct nextstep *n);
json_t *nextstep_json(const struct nextstep *n);

#endif
