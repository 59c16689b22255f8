/* cancel: files that shall not run, or not any more. */
#ifndef SPARKSPOOL_CORE_CANCEL_H
#define SPARKSPOOL_CORE_CANCEL_H

#include "core/core.h"

/* who, in words, for the record. What has not begun ends at once; what runs is ended, and keeps its
 * place until it has. NULL, or why it cannot be. The job may be gone afterwards. */
const char *cancel_job(struct core *c, struct job *job, const char *who);

#endif
