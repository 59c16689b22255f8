/* ledgerlook: the history for people, read from the ledger while no daemon runs. Nothing is locked or
 * written, and a ledger of another version is read as far as it is the same. */
#ifndef SPARKSPOOL_EDGE_LEDGERLOOK_H
#define SPARKSPOOL_EDGE_LEDGERLOOK_H

#include "base/buf.h"
#include "core/rec.h"

/* Of one job that has ended. Strings live as long as the call. */
struct ledger_past {
	int64_t id;
	const char *spool;
	const char *name; /* bytes, not text */
	int64_t owner;
	enum kind kind;
	enum job_status status;
	int exit_code; /* -1: none */
	int64_t attempts;
	int64_t queued_ms;
	int64_t started_ms; /* 0: not known, here and below */
	int64_t finished_ms;
	const char *session; /* or NULL */
	const char *error_name;
	const char *error_message;
	bool recorded;
};

/* NULL, -1 and 0: not asked for. */
struct ledger_look {
	const char *spool;
	const char *name; /* a pattern of the shell's: * ? [ ] */
	int64_t owner;
	enum job_status status;
	int64_t since_ms, until_ms; /* of the end */
	int64_t limit;
	void (*fn)(const struct ledger_past *past, void *arg); /* the newest first */
	void *arg;
};

/* 0 or -1 with the reason in words in error. */
int ledger_look(const char *state_dir, const struct ledger_look *look, struct buf *error);

#endif
