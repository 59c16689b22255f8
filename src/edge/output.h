/* output: result files, complete or not at all. */
#ifndef SPARKSPOOL_EDGE_OUTPUT_H
#define SPARKSPOOL_EDGE_OUTPUT_H

#include "edge/evq.h"

/* dir is the spool's directory, open; -1 gives ENODEV in the event. Each call adds its one event. */
void output_stage(int dir, const struct fx_stage *fx, struct evq *q);
void output_publish(int dir, const struct fx_publish *fx, struct evq *q);

#endif
