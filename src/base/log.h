/* log: one line an event, key=value, into one replaceable sink. */
#ifndef SPARKSPOOL_BASE_LOG_H
#define SPARKSPOOL_BASE_LOG_H

#include "base/util.h"

/* The numbers are syslog's. */
enum log_level { LOG_LEVEL_ERROR = 3, LOG_LEVEL_WARN = 4, LOG_LEVEL_INFO = 6, LOG_LEVEL_DEBUG = 7 };

/* The sink gets one line without a newline. Control characters in it are already escaped, so a
 * file's name cannot forge a line; nor can it forge a key=value. NULL sets the default: standard error, with the time in front,
 * or with a journal prefix (<6>) when standard error is the journal (JOURNAL_STREAM). */
void log_set_sink(void (*sink)(enum log_level level, const char *line, void *arg), void *arg);
/* What is below it is not even put together. The default is LOG_LEVEL_INFO. */
void log_set_level(enum log_level level);
enum log_level log_level_now(void);
const char *log_level_name(enum log_level level);

/* key=value of a line: the key is in the format, the value is as it was before it was escaped. Neither
 * ends with a NUL. */
struct log_field {
	const char *key; /* a-z, 0-9 and _, with a letter first */
	size_t key_len;
	const char *value;
	size_t value_len;
};

struct log_line {
	enum log_level level;
	const char *text; /* as a sink of lines gets it */
	const struct log_field *field;
	size_t field_count; /* a key may come twice */
};

/* In place of a sink of lines, until one is set. All that it gets lives for the call. */
void log_set_line_sink(void (*sink)(const struct log_line *line, void *arg), void *arg);

/* Whether standard error is the journal, and the default sink itself. */
bool log_is_journal(void);
void log_to_stderr(enum log_level level, const char *line);

/* Of printf's conversions there are %s, %.*s and whole numbers without a width. Within quotation
 * marks of the format a value has its own, and backslashes, behind a backslash; as in key=%s it gets
 * quotation marks where it needs them. errno is the same afterwards. */
void log_at(enum log_level level, const char *fmt, ...) PRINTF_LIKE(2, 3);
#define log_error(...) log_at(LOG_LEVEL_ERROR, __VA_ARGS__)
#define log_warn(...) log_at(LOG_LEVEL_WARN, __VA_ARGS__)
#define log_info(...) log_at(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_debug(...) log_at(LOG_LEVEL_DEBUG, __VA_ARGS__)

#endif
