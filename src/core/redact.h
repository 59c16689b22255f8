/* redact: a server's words without the credentials that it was sent, should it echo them. No state. */
#ifndef SPARKSPOOL_CORE_REDACT_H
#define SPARKSPOOL_CORE_REDACT_H

#include "base/arena.h"
#include "core/conf.h"

/* The text with *** for the password, as it is, in JSON, in HTML or in base64 together with the user,
 * as it stands in the header; also for the beginning of one where the text was cut off. The text
 * itself where there is nothing to hide. */
const char *redact(struct arena *a, const struct conf_endpoint *e, const char *text);

#endif
