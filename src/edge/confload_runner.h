/* confload_runner: the runner's code, which is sent into sessions and so is data here. */
#ifndef SPARKSPOOL_EDGE_CONFLOAD_RUNNER_H
#define SPARKSPOOL_EDGE_CONFLOAD_RUNNER_H

#include "edge/confload_read.h"

#define RUNNER_BYTES_MAX (1024 * 1024)

/* After all entries: reads the file into conf->runner_code if a spool needs it. Where none does,
 * nothing is opened, so that a machine for raw code works without a runner. */
void confrunner_read(const struct confread *r, const config_setting_t *root);

#endif
