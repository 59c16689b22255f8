/* scan: what a whole listing of a spool proves: the order of arrival, and who is gone. */
#ifndef SPARKSPOOL_CORE_SCAN_H
#define SPARKSPOOL_CORE_SCAN_H

#include "core/core.h"

/* A scan of this spool has begun, ended or failed, or the kernel has lost events of it. Only what
 * has ended proves anything: a listing that breaks off says nothing of the names that it did not
 * come to. */
void scan_on_scan(struct core *c, const struct ev_scan *ev);

/* The time for the next scan of a spool has come. */
void scan_due(struct core *c, size_t spool);

/* Before conf is in force. */
void scan_conf(struct core *c, const struct conf *conf);

#endif
