/* record: the .json beside a result, which programs read. No state. */
#ifndef SPARKSPOOL_CORE_RECORD_H
#define SPARKSPOOL_CORE_RECORD_H

#include "core/outcome.h"
#include "core/result.h"

/* Members in this order: status, exit_code, kind, pool, input {path, path_bytes, size, mtime,
 * sha256}, times {queued, started, finished}, session, statement, attempts, files, truncated,
 * superseded, error {name, message, line}, warnings, id, answer.
 * What is not known or does not apply is null. A path that is not UTF-8 has U+FFFD for each wrong
 * byte, and only then there is path_bytes: the bytes themselves in hexadecimal. answer is the
 * server's text, not a byte changed; one that is no JSON is a string, with U+FFFD as above.
 * file is what is written beside it; warnings is an array and stays the caller's. */
struct json_t;
struct bytes record_build(struct arena *a, const struct result_input *in, const struct outcome *o,
    const struct result_file *file, size_t count, struct json_t *warnings);

/* The error of the run as the record and .err name it: false when it ended without one. The
 * strings are the run's or the outcome's. */
struct record_error {
	const char *name;
	const char *message;
	bool of_answer; /* the code's own error, from the server's answer */
};
bool record_error_of(const struct run_rec *run, const struct outcome *o, struct record_error *e);

#endif
