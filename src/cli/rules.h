/* rules: what keeps a file from being picked up, as far as it can be seen without the daemon. */
#ifndef SPARKSPOOL_CLI_RULES_H
#define SPARKSPOOL_CLI_RULES_H

#include "core/conf.h"
#include <jansson.h>

/* Lines as the daemon's own answer to `why` has them, in the order in which the rules hold; the last
 * is the verdict. path is absolute. A new array. */
json_t *rules_of(const struct conf *conf, const char *path);

#endif
