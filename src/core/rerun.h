/* rerun: files that shall run again as they are. */
#ifndef SPARKSPOOL_CORE_RERUN_H
#define SPARKSPOOL_CORE_RERUN_H

#include "core/core.h"

/* Its file is looked at, and becomes a new job. NULL, or why it cannot be. */
const char *rerun_job(struct core *c, struct job *job);

#endif
