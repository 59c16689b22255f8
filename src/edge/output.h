/* output: result files, complete or not at all. */
#ifndef SPARKSPOOL_EDGE_OUTPUT_H
#define SPARKSPOOL_EDGE_OUTPUT_H

#include "edge/evq.h"

/* Of the deepest name: "foo.py.files/a/b" has three components, each of at most NAME_MAX bytes. */
#define OUTPUT_COMPONENTS_MAX 32

/* dir is the spool's directory, open; -1 gives ENODEV. Each call adds its one event. */

/* Nothing is synced. ESTALE: what lies there is not `at` bytes of ours. After an error a part that
 * was ours is as long as before, and one that was to begin is not there. */
void output_append(int dir, const struct fx_append *fx, struct evq *q);

/* After an error the parts are still there, the other files are not, and the same call may follow.
 * EINVAL, ENAMETOOLONG: a name that can never be one. */
void output_stage(int dir, const struct fx_stage *fx, struct evq *q);

/* ENOENT: the hidden file of `why` is lost. EEXIST: `why`, which may be one of the directories
 * on the way, is somebody else's. In any case the same call may follow. */
void output_publish(int dir, const struct fx_publish *fx, struct evq *q);

/* Of each job all results or none: none when one of them is not as we have left it. What has another
 * inode is not ours and stays, and so does a directory in which something else lies. */
void output_expire(int dir, const struct fx_expire *fx, struct evq *q);

#endif
