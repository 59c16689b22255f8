/* ctl: the control socket. Lines of peers in, answers out; who a peer is, the kernel says. */
#ifndef SPARKSPOOL_EDGE_CTL_H
#define SPARKSPOOL_EDGE_CTL_H

#include "edge/evq.h"

struct ctl;

/* Makes run_dir if only that is missing: once the sandbox is entered nobody can. 0, or -1 with errno. */
int ctl_make_dir(const char *run_dir);

/* Makes run_dir if only that is missing, and run_dir/control in it for everybody; one that no daemon
 * listens at any more is replaced. Where that cannot be, a line in the log says so and there is
 * nobody to be heard. NULL with errno: no descriptors. */
struct ctl *ctl_open(const struct conf *conf);
void ctl_free(struct ctl *ctl); /* and the socket's name */

/* Who the administrators are, from now on. Peers stay what they were when they came. */
void ctl_conf(struct ctl *ctl, const struct conf *conf);

int ctl_fd(const struct ctl *ctl); /* for poll */

/* When ctl_pump() has something to do though nothing comes; INT64_MAX: never. */
int64_t ctl_due_ms(const struct ctl *ctl);

/* Whoever is ready is served once: at most one line of each becomes an EV_REQUEST. */
void ctl_pump(struct ctl *ctl, int64_t mono_ms, struct evq *q);

/* Never waits. An answer to one that is gone is dropped. */
void ctl_answer(struct ctl *ctl, const struct fx_answer *fx, struct evq *q);

#endif
