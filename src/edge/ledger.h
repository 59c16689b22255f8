/* ledger: jobs, sessions and history in SQLite; one transaction a turn; replayed at start. */
#ifndef SPARKSPOOL_EDGE_LEDGER_H
#define SPARKSPOOL_EDGE_LEDGER_H

#include "base/buf.h"
#include "core/msg.h"

struct ledger;

/* Opens state_dir/ledger.db (WAL, synchronous=FULL) and locks state_dir against a second daemon.
 * NULL, and the reason in words in error: locked, not writable, damaged, of another version. */
struct ledger *ledger_open(const char *state_dir, struct buf *error);
void ledger_close(struct ledger *l);

/* The random id of this installation, made once with the ledger: 8 hexadecimal digits. */
const char *ledger_instance(const struct ledger *l);

/* It was made where another had been, and nobody has said since that what that one knew is let go. */
bool ledger_is_anew(const struct ledger *l);

/* An operator has put the file `release` into state_dir; and it is done: the file is removed. */
bool ledger_wants_release(const struct ledger *l);
void ledger_released(struct ledger *l);

/* The rows among the effects, in one transaction. 0, or -1 with a line in the log: nothing was
 * written then, the same call may be repeated. */
int ledger_commit(struct ledger *l, const struct effects *fx, const struct conf *conf);

/* Appends the one EV_RECALLED: the files of the newest earlier row of this name that has any. */
struct evq;
void ledger_recall(
    struct ledger *l, const struct fx_recall *fx, const struct conf *conf, struct evq *q);

/* Appends the one EV_HISTORY. */
void ledger_history(
    struct ledger *l, const struct fx_history *fx, const struct conf *conf, struct evq *q);
/* Appends the one EV_OLD. */
void ledger_old(struct ledger *l, const struct fx_old *fx, const struct conf *conf, struct evq *q);
/* Appends the one EV_LAST. */
void ledger_last(
    struct ledger *l, const struct fx_last *fx, const struct conf *conf, struct evq *q);

/* What the rows that are replayed speak of, each pool and spool once. An endpoint comes with the URL at which its sessions were
 * seen last; rows of before version 5 do not say theirs. All is borrowed for the call. 0 or -1. */
struct ledger_names {
	void (*endpoint)(const char *name, const char *url, void *arg);
	void (*pool)(const char *name, void *arg);
	void (*spool)(const char *name, const char *path, void *arg); /* NULL: nobody knows */
	void *arg;
};
int ledger_names(struct ledger *l, const struct ledger_names *to);

/* Before that: rows of files go with the path that their spool had, and get the name that it has now. False
 * names cannot come of it: where the rows of two directories would meet nothing is done. 0, or -1 and the log
 * says why. */
int ledger_follow_paths(struct ledger *l, const struct conf *conf);

/* What a start finds. Ownership of strings and blobs goes to the callee (free() them one by one;
 * job_rec.run is one more malloc'ed block). Jobs come in the order of their ids, sessions first.
 * Names are looked for among all of conf, removed or not. Rows of names that it does not have at all stay
 * in the ledger and are not replayed; a line in the log counts them. 0 or -1. */
struct ledger_replay {
	void (*session)(struct session_rec *rec, void *arg);
	void (*spool)(const struct spool_rec *rec, void *arg);
	void (*pause)(const struct pause_rec *rec, void *arg);
	void (*job)(struct job_rec *rec, struct bytes code, struct bytes answer, void *arg);
	void *arg;
};
int ledger_replay(struct ledger *l, const struct conf *conf, const struct ledger_replay *to);

/* The highest ids ever given, so that none is used twice. */
void ledger_last_ids(struct ledger *l, uint64_t *job, uint64_t *session);

#endif
