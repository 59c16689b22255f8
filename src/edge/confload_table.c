/* confload_table: every setting of the configuration file, once: where it stands, what it may be,
 * what it is when it is not there. */
#include "edge/confload_table.h"
#include "base/util.h"
#include "core/rec.h"
#include <assert.h>
#include <string.h>

#define SECOND_MS INT64_C(1000)
#define MINUTE_MS (60 * SECOND_MS)
#define HOUR_MS (60 * MINUTE_MS)
#define DAY_MS (24 * HOUR_MS)
#define KIB INT64_C(1024)
#define MIB (1024 * KIB)
#define GIB (1024 * MIB)

/* A server refuses code of more characters than this; a character has at least one byte. */
#define CODE_BYTES_MAX INT64_C(20000000)

static const struct setting_word auth_words[] = {
	{ "none", AUTH_NONE, NULL },
	{ "basic", AUTH_BASIC, NULL },
	{ NULL, 0, NULL },
};
static const struct setting_word log_level_words[] = {
	{ "error", LOG_LEVEL_ERROR, NULL },
	{ "warn", LOG_LEVEL_WARN, NULL },
	{ "info", LOG_LEVEL_INFO, NULL },
	{ "debug", LOG_LEVEL_DEBUG, NULL },
	{ NULL, 0, NULL },
};
static const struct setting_word statements_words[] = {
	{ "auto", STATEMENTS_AUTO, NULL },
	{ "single", STATEMENTS_SINGLE, NULL },
	{ "list", STATEMENTS_LIST, NULL },
	{ NULL, 0, NULL },
};
static const struct setting_word isolation_words[] = {
	{ "shared", ISOLATION_SHARED, NULL },
	{ "fresh", ISOLATION_FRESH, NULL },
	{ NULL, 0, NULL },
};
static const struct setting_word owners_words[] = {
	{ "separate", OWNERS_SEPARATE, NULL },
	{ "shared", OWNERS_SHARED, NULL },
	{ NULL, 0, NULL },
};
static const struct setting_word on_stop_words[] = {
	{ "keep", ON_STOP_KEEP, NULL },
	{ "delete", ON_STOP_DELETE, NULL },
	{ NULL, 0, NULL },
};
static const struct setting_word ready_words[] = {
	{ "settle", READY_SETTLE, NULL },
	{ "rename", READY_RENAME, NULL },
	{ "marker", READY_MARKER, NULL },
	{ NULL, 0, NULL },
};
static const struct setting_word existing_words[] = {
	{ "run", EXISTING_RUN, NULL },
	{ "skip", EXISTING_SKIP, NULL },
	{ NULL, 0, NULL },
};
static const struct setting_word on_unknown_words[] = {
	{ "stop", ON_UNKNOWN_STOP, NULL },
	{ "rerun", ON_UNKNOWN_RERUN, NULL },
	{ NULL, 0, NULL },
};
static const struct setting_word python_words[] = {
	{ "raw", STYLE_RAW, NULL },
	{ "script", STYLE_SCRIPT, NULL },
	{ "notebook", STYLE_NOTEBOOK, NULL },
	{ NULL, 0, NULL },
};
static const struct setting_word sql_words[] = {
	{ "raw", STYLE_RAW, NULL },
	{ "script", STYLE_SCRIPT, NULL },
	{ "notebook", STYLE_NOTEBOOK, "is for Python; use \"script\"" },
	{ NULL, 0, NULL },
};
static const struct setting_word pause_words[] = {
	{ "error", STATUS_ERROR, NULL },
	{ "timeout", STATUS_TIMEOUT, NULL },
	{ "cancelled", STATUS_CANCELLED, NULL },
	{ "died", STATUS_DIED, NULL },
	{ "unknown", STATUS_UNKNOWN, NULL },
	{ "rejected", STATUS_REJECTED, NULL },
	{ NULL, 0, NULL },
};
static const struct setting_word allow_words[] = {
	{ "after", KEY_AFTER, NULL },
	{ "after_any", KEY_AFTER_ANY, NULL },
	{ "args", KEY_ARGS, NULL },
	{ "at", KEY_AT, NULL },
	{ "delay", KEY_DELAY, NULL },
	{ "isolation", KEY_ISOLATION, NULL },
	{ "name", KEY_NAME, NULL },
	{ "on_unknown", KEY_ON_UNKNOWN, NULL },
	{ "pool", KEY_POOL, NULL },
	{ "priority", KEY_PRIORITY, NULL },
	{ "style", KEY_STYLE, NULL },
	{ "timeout", KEY_TIMEOUT, NULL },
	{ NULL, 0, NULL },
};

/* Each line: path, what it is, type, and then what is not zero. The warm kinds' fallback of -1 says
 * that a pool does not serve a kind which it does not name. */
#define CONF(field) .offset = offsetof(struct conf, field)
#define ENDPOINT(field) .offset = offsetof(struct conf_endpoint, field)
#define POOL(field) .offset = offsetof(struct conf_pool, field)
#define SPOOL(field) .offset = offsetof(struct conf_spool, field)
#define RANGE(lo, hi) .min = (lo), .max = (hi)
#define REQUIRED .flags = SETTING_REQUIRED
#define NEVER .flags = SETTING_NEVER
#define FALLBACK(text) .fallback = text

/* clang-format off */
static const struct setting settings[] = {
	{ "state_dir", "the directory of the ledger", SETTING_PATH, CONF(state_dir), REQUIRED },
	{ "run_dir", "the directory of the control socket", SETTING_PATH, CONF(run_dir),
	  FALLBACK("/run/sparkspool") },
	{ "metrics_file", "the file with metrics for Prometheus", SETTING_PATH,
	  CONF(metrics_file) },
	{ "metrics_every", "how often it is written", SETTING_DURATION,
	  CONF(metrics_every_ms), FALLBACK("15s"), RANGE(SECOND_MS, HOUR_MS) },
	{ "status_dir", "the directory of the status page", SETTING_PATH, CONF(status_dir) },
	{ "status_every", "how often it is written at most", SETTING_DURATION,
	  CONF(status_every_ms), FALLBACK("5s"), RANGE(SECOND_MS, HOUR_MS) },
	{ "control.admins", "the group of those who may do everything by the control socket",
	  SETTING_TEXT, CONF(admins), FALLBACK("sparkspool") },
	{ "runner", "the file with the runner's code", SETTING_PATH, CONF(runner),
	  FALLBACK(PKGDATADIR "/runner.py"), .flags = SETTING_BUILT },
	{ "log_level", "what is said in the log", SETTING_WORD, CONF(log_level),
	  FALLBACK("info"), .words = log_level_words },
	{ "landlock", "whether the daemon confines itself", SETTING_BOOL, CONF(landlock),
	  FALLBACK("true") },

	{ "endpoint.*.url", "where the Livy server answers", SETTING_URL, ENDPOINT(url), REQUIRED },
	{ "endpoint.*.auth", "how the server knows us", SETTING_WORD, ENDPOINT(auth),
	  FALLBACK("none"), .words = auth_words },
	{ "endpoint.*.user", "the login name at the server", SETTING_TEXT, ENDPOINT(user) },
	{ "endpoint.*.password_file", "where the password lies", SETTING_SECRET,
	  ENDPOINT(password_file) },
	{ "endpoint.*.insecure", "whether a password may cross the network unencrypted",
	  SETTING_BOOL, ENDPOINT(insecure), FALLBACK("false") },
	{ "endpoint.*.ca_file", "the certificates to trust", SETTING_PATH, ENDPOINT(ca_file) },
	{ "endpoint.*.statements", "how results are read", SETTING_WORD, ENDPOINT(statements),
	  FALLBACK("auto"), .words = statements_words },
	{ "endpoint.*.connect_timeout", "how long a connection may take", SETTING_DURATION,
	  ENDPOINT(connect_timeout_ms), FALLBACK("10s"), RANGE(100, 10 * MINUTE_MS) },
	{ "endpoint.*.request_timeout", "how long a request may take", SETTING_DURATION,
	  ENDPOINT(request_timeout_ms), FALLBACK("60s"), RANGE(100, HOUR_MS) },
	{ "endpoint.*.answer_max", "the largest answer that is read", SETTING_SIZE,
	  ENDPOINT(answer_bytes_max), FALLBACK("64M"), RANGE(64 * KIB, 900 * MIB) },

	{ "pool.*.endpoint", "the endpoint that its sessions run on", SETTING_NAME,
	  POOL(endpoint), .flags = SETTING_ONLY_ONE, .target = SCOPE_ENDPOINT },
	{ "pool.*.warm.pyspark", "idle Python sessions kept ready", SETTING_INT,
	  POOL(warm[KIND_PYSPARK]), FALLBACK("-1"), RANGE(0, 100) },
	{ "pool.*.warm.spark", "idle Scala sessions kept ready", SETTING_INT,
	  POOL(warm[KIND_SPARK]), FALLBACK("-1"), RANGE(0, 100) },
	{ "pool.*.warm.sql", "idle SQL sessions kept ready", SETTING_INT,
	  POOL(warm[KIND_SQL]), FALLBACK("-1"), RANGE(0, 100) },
	{ "pool.*.warm.sparkr", "idle R sessions kept ready", SETTING_INT,
	  POOL(warm[KIND_SPARKR]), FALLBACK("-1"), RANGE(0, 100) },
	{ "pool.*.max", "sessions at once", SETTING_INT, POOL(max), FALLBACK("4"),
	  RANGE(1, 1000) },
	{ "pool.*.slots", "files at once in one session", SETTING_INT, POOL(slots),
	  FALLBACK("4"), RANGE(1, 64) },
	{ "pool.*.spare", "processes kept ready in a session", SETTING_INT, POOL(spare),
	  FALLBACK("1"), RANGE(0, 8) },
	{ "pool.*.memory", "the memory of one file's processes", SETTING_SIZE,
	  POOL(memory_bytes), FALLBACK("0"), RANGE(0, 1024 * GIB) },
	{ "pool.*.owner_running_max", "files of one owner at once", SETTING_INT,
	  POOL(owner_running_max), FALLBACK("0"), RANGE(0, 64000) },
	{ "pool.*.isolation", "whether files share a session", SETTING_WORD, POOL(isolation),
	  FALLBACK("shared"), .words = isolation_words },
	{ "pool.*.owners", "whether owners share a session", SETTING_WORD, POOL(owners),
	  FALLBACK("separate"), .words = owners_words },
	{ "pool.*.idle_timeout", "when an idle session is given back", SETTING_DURATION,
	  POOL(idle_timeout_ms), FALLBACK("never"), RANGE(SECOND_MS, 365 * DAY_MS), NEVER },
	{ "pool.*.on_stop", "what a stop does to idle sessions", SETTING_WORD, POOL(on_stop),
	  FALLBACK("keep"), .words = on_stop_words },
	{ "pool.*.recycle_statements", "the files after which a session is retired",
	  SETTING_INT, POOL(recycle_statements), FALLBACK("500"), RANGE(1, 1000000) },
	{ "pool.*.recycle_age", "the age at which a session is retired", SETTING_DURATION,
	  POOL(recycle_age_ms), FALLBACK("12h"), RANGE(SECOND_MS, 365 * DAY_MS) },
	{ "pool.*.start_timeout", "how long a session may take to start", SETTING_DURATION,
	  POOL(start_timeout_ms), FALLBACK("10m"), RANGE(SECOND_MS, DAY_MS) },
	{ "pool.*.session.driverMemory", "the driver's memory", SETTING_MEMORY,
	  POOL(session.driver_memory) },
	{ "pool.*.session.driverCores", "the driver's cores", SETTING_INT,
	  POOL(session.driver_cores), RANGE(1, 10000) },
	{ "pool.*.session.executorMemory", "an executor's memory", SETTING_MEMORY,
	  POOL(session.executor_memory) },
	{ "pool.*.session.executorCores", "an executor's cores", SETTING_INT,
	  POOL(session.executor_cores), RANGE(1, 10000) },
	{ "pool.*.session.numExecutors", "the number of executors", SETTING_INT,
	  POOL(session.num_executors), RANGE(1, 100000) },
	{ "pool.*.session.proxyUser", "the user whom the session runs as", SETTING_PROXY,
	  POOL(session.proxy_user) },
	{ "pool.*.session.jars", "jars for driver and executors", SETTING_STRINGS,
	  POOL(session.jars) },
	{ "pool.*.session.pyFiles", "Python files for the session", SETTING_STRINGS,
	  POOL(session.py_files) },
	{ "pool.*.session.files", "files for the executors", SETTING_STRINGS,
	  POOL(session.files) },
	{ "pool.*.session.archives", "archives for the executors", SETTING_STRINGS,
	  POOL(session.archives) },
	{ "pool.*.session.queue", "the cluster's queue", SETTING_TEXT, POOL(session.queue) },
	{ "pool.*.session.conf", "Spark's own settings", SETTING_PAIRS,
	  POOL(session.conf), .count_offset = offsetof(struct conf_pool, session.conf_count) },
	{ "pool.*.session.heartbeatTimeoutInSecond",
	  "the silence after which the server ends the session", SETTING_INT,
	  POOL(session.heartbeat_timeout_s), RANGE(1, 1000000) },

	{ "spool.*.path", "the directory that is watched", SETTING_PATH, SPOOL(path), REQUIRED },
	{ "spool.*.link", "where people see that directory", SETTING_URL, SPOOL(link) },
	{ "spool.*.pool", "the pool whose sessions run its files", SETTING_NAME, SPOOL(pool),
	  REQUIRED, .target = SCOPE_POOL },
	{ "spool.*.ready", "how a complete file is known", SETTING_WORD, SPOOL(ready),
	  FALLBACK("settle"), .words = ready_words },
	{ "spool.*.settle", "how long a file must have been quiet", SETTING_DURATION,
	  SPOOL(settle_ms), FALLBACK("1s"), RANGE(0, HOUR_MS) },
	{ "spool.*.scan", "how often the directory is read as a whole", SETTING_DURATION,
	  SPOOL(scan_ms), FALLBACK("5m"), RANGE(100, DAY_MS) },
	{ "spool.*.existing", "what the very first start does with files already there",
	  SETTING_WORD, SPOOL(existing), FALLBACK("run"), .words = existing_words },
	{ "spool.*.after", "what becomes of a file that has run", SETTING_AFTER, .offset = 0,
	  FALLBACK("keep") },
	{ "spool.*.keep_for", "how long results, history and moved files are kept",
	  SETTING_DURATION, SPOOL(keep_for_ms), FALLBACK("never"),
	  RANGE(SECOND_MS, 3650 * DAY_MS), NEVER },
	{ "spool.*.timeout", "how long a file may run", SETTING_DURATION, SPOOL(timeout_ms),
	  FALLBACK("never"), RANGE(100, 365 * DAY_MS), NEVER },
	{ "spool.*.on_unknown", "what becomes of a file whose outcome is unknown",
	  SETTING_WORD, SPOOL(on_unknown), FALLBACK("stop"), .words = on_unknown_words },
	{ "spool.*.priority", "how soon its files come", SETTING_INT, SPOOL(priority),
	  FALLBACK("0"), RANGE(-100, 100) },
	{ "spool.*.priority_max", "the highest priority that a file may set", SETTING_INT,
	  SPOOL(priority_max), FALLBACK("100"), RANGE(-100, 100) },
	{ "spool.*.weight", "its part of the places among other spools", SETTING_INT,
	  SPOOL(weight), FALLBACK("1"), RANGE(1, 100) },
	{ "spool.*.ordered", "whether its files run one after the other", SETTING_BOOL,
	  SPOOL(ordered), FALLBACK("false") },
	{ "spool.*.pause_on", "the ends after which the spool is paused", SETTING_WORDS,
	  SPOOL(pause_on), .words = pause_words },
	{ "spool.*.running_max", "files at once", SETTING_INT, SPOOL(running_max),
	  FALLBACK("0"), RANGE(0, 64000) },
	{ "spool.*.owner_running_max", "files of one owner at once", SETTING_INT,
	  SPOOL(owner_running_max), FALLBACK("0"), RANGE(0, 64000) },
	{ "spool.*.python", "how .py files run", SETTING_WORD, SPOOL(python),
	  FALLBACK("script"), .words = python_words },
	{ "spool.*.sql", "how .sql files run", SETTING_WORD, SPOOL(sql), FALLBACK("script"),
	  .words = sql_words },
	{ "spool.*.html", "whether each result gets a page", SETTING_BOOL, SPOOL(html),
	  FALLBACK("false") },
	{ "spool.*.file_max", "the largest file that runs", SETTING_SIZE, SPOOL(file_bytes_max),
	  FALLBACK("4M"), RANGE(1, CODE_BYTES_MAX) },
	{ "spool.*.allow", "what a file may set itself", SETTING_WORDS, SPOOL(allow),
	  FALLBACK("after after_any args at delay name on_unknown priority style timeout"), .words = allow_words },
	{ "spool.*.env", "environment variables of the files", SETTING_PAIRS, SPOOL(env),
	  .count_offset = offsetof(struct conf_spool, env_count), .flags = SETTING_ENV },
	{ "spool.*.modules", "the directory of helper modules", SETTING_PATH, SPOOL(modules) },
	{ "spool.*.output_max", "how much is kept of each output", SETTING_SIZE,
	  SPOOL(output_bytes_max), FALLBACK("64M"), RANGE(KIB, 64 * GIB) },
	{ "spool.*.rows_max", "the rows of a SQL result", SETTING_INT, SPOOL(rows_max),
	  FALLBACK("0"), RANGE(0, 2000000000) },
	{ "spool.*.files_max", "how much comes back from the working directory", SETTING_SIZE,
	  SPOOL(files_bytes_max), FALLBACK("64M"), RANGE(1, 64 * GIB) },
	{ "spool.*.files_count_max", "how many files come back from the working directory",
	  SETTING_INT, SPOOL(files_count_max), FALLBACK("100"), RANGE(1, 1000) },
};
/* clang-format on */

const struct setting *conftable(size_t *count)
{
	*count = ARRAY_LEN(settings);
	return settings;
}

size_t setting_count(const struct setting *row, const void *base)
{
	if (row->type != SETTING_PAIRS)
		return 0;
	return *(const size_t *)((const char *)base + row->count_offset);
}

bool setting_is_text(const struct setting *row)
{
	switch (row->type) {
	case SETTING_TEXT:
	case SETTING_PATH:
	case SETTING_URL:
	case SETTING_SECRET:
	case SETTING_MEMORY:
	case SETTING_PROXY:
		return true;
	case SETTING_WORD:
	case SETTING_BOOL:
	case SETTING_INT:
	case SETTING_DURATION:
	case SETTING_SIZE:
	case SETTING_STRINGS:
	case SETTING_WORDS:
	case SETTING_PAIRS:
	case SETTING_NAME:
	case SETTING_AFTER:
		break;
	}
	return false;
}

const char *conftable_prefix(enum conf_scope scope)
{
	static const char *const prefix[SCOPE_COUNT] = { "", "endpoint.*.", "pool.*.", "spool.*." };

	assert(scope < SCOPE_COUNT);
	return prefix[scope];
}

const char *conftable_word(enum conf_scope scope)
{
	static const char *const word[SCOPE_COUNT] = { NULL, "endpoint", "pool", "spool" };

	assert(scope < SCOPE_COUNT);
	return word[scope];
}

const char *conftable_within(const struct setting *row, enum conf_scope scope)
{
	const char *prefix = conftable_prefix(scope);
	size_t n = strlen(prefix);

	if (scope == SCOPE_ROOT) /* no entry's: none of their words is followed by a '*' here */
		return strstr(row->path, ".*.") == NULL ? row->path : NULL;
	return strncmp(row->path, prefix, n) == 0 ? row->path + n : NULL;
}
