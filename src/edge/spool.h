/* spool: the directories. inotify and scans in, safe reading and disposal out. */
#ifndef SPARKSPOOL_EDGE_SPOOL_H
#define SPARKSPOOL_EDGE_SPOOL_H

#include "edge/evq.h"

struct spools;

struct spools *spools_new(void); /* NULL with errno: no inotify (say which limit) */
void spools_free(struct spools *s);

/* Opens what is new in conf, closes what is removed. A directory that cannot be opened now is
 * tried again at each scan. A directory that another daemon has locked is an error: -1, and one
 * line in the log that says which. conf is borrowed until the next call. */
int spools_conf(struct spools *s, const struct conf *conf);

int spools_fd(const struct spools *s); /* of inotify, for poll */

/* Reads inotify and goes on with the scans that were asked for, within evq_room(). True when there
 * is more to do at once. */
bool spools_pump(struct spools *s, struct evq *q);

/* The directory, open, for edge/output; -1 when it is not there. */
int spools_dirfd(const struct spools *s, size_t spool);

/* One at a time: a scan that is asked for while one runs begins anew after its end. The end comes
 * behind all that inotify has to say of the time before it. A directory that has moved or was cut
 * off by spools_conf() ends its scan with SCAN_FAILED; an overflow does not (err is 0). */
void spools_scan(struct spools *s, size_t spool, struct evq *q);

/* While the directory is not there every name is FILE_MISSING, and the others answer ENODEV, which
 * is not the ENOENT of a name that is gone. To dispose of an input: ENOTDIR when move_to is not
 * there or is a link, ELOOP when it is the spool itself; whenever a move fails, the input has its name again. */
void spools_look(struct spools *s, const struct fx_look *fx, struct evq *q);
void spools_read(struct spools *s, const struct fx_read *fx, struct evq *q);
void spools_record(struct spools *s, const struct fx_record *fx, struct evq *q);
void spools_unmark(struct spools *s, const struct fx_unmark *fx);
void spools_dispose(struct spools *s, const struct fx_dispose *fx, struct evq *q);

/* Removes inputs from where spools_dispose() has moved them to. */
void spools_discard(struct spools *s, const struct fx_expire *fx, struct evq *q);

#endif
