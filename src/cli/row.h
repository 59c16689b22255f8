/* row: a job as the daemon tells of it, as words. */
#ifndef SPARKSPOOL_CLI_ROW_H
#define SPARKSPOOL_CLI_ROW_H

#include "cli/table.h"
#include <jansson.h>

/* The columns of queued and running jobs, and of ended ones. */
const char *const *row_heads(bool ended);
void row_add(struct table *t, const json_t *job, bool ended);

/* The line for programs, the same for all commands:
 * id state status spool pool kind owner priority place progress queued started finished elapsed_s
 * exit_code path; what is not there is "-". free() it. */
char *row_porcelain(const json_t *job);
/* The same of any object: each key's text, number or truth. */
char *row_fields(const json_t *o, const char *const *keys);

/* "queued, 3rd in line", "running, 53%, 2m 13s", "ok". free() it. */
char *row_state(const json_t *job);

/* Notes in the job when it was told of, so that its time goes on until it is told of again. */
void row_seen(json_t *job);

bool row_is_ended(const json_t *job);

/* The login name of "owner", or its number. free() it. */
char *row_owner(const json_t *o);

/* The uid of a login name or a number; -1 when there is none such. */
int64_t row_uid(const char *name);

/* A member made harmless; "-" when it is not there. free() it. */
char *row_text(const json_t *o, const char *key);

#endif
