/* conf: what the configuration file says, as plain data. edge/confload fills it, everyone reads it.
 *
 * The place of an endpoint, pool or spool in its array is its number for as long as the process
 * lives: a reload keeps the numbers, what is no longer in the file stays behind as `removed`. */
#ifndef SPARKSPOOL_CORE_CONF_H
#define SPARKSPOOL_CORE_CONF_H

#include "base/log.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CONF_NEVER INT64_C(-1) /* a duration that does not end */

enum kind {
	KIND_PYSPARK,
	KIND_SPARK,
	KIND_SQL,
	KIND_SPARKR,
	KIND_COUNT,		 /* of files */
	KIND_RUNNER = KIND_COUNT /* of sessions only: pyspark, with the runner in it */
};
#define KIND_SESSIONS (KIND_RUNNER + 1)

enum conf_auth { AUTH_NONE, AUTH_BASIC };
enum conf_statements { STATEMENTS_AUTO, STATEMENTS_SINGLE, STATEMENTS_LIST };
enum conf_isolation { ISOLATION_SHARED, ISOLATION_FRESH };
enum conf_owners { OWNERS_SEPARATE, OWNERS_SHARED };
enum conf_on_stop { ON_STOP_KEEP, ON_STOP_DELETE };
enum conf_ready { READY_SETTLE, READY_RENAME, READY_MARKER };
enum conf_existing { EXISTING_RUN, EXISTING_SKIP };
enum conf_after { AFTER_KEEP, AFTER_DELETE, AFTER_MOVE };
enum conf_on_unknown { ON_UNKNOWN_STOP, ON_UNKNOWN_RERUN };
enum conf_style { STYLE_RAW, STYLE_SCRIPT, STYLE_NOTEBOOK };

/* What a file may say of itself at its top; core/directive reads it, a spool allows it. */
enum conf_key {
	KEY_AFTER,
	KEY_AFTER_ANY,
	KEY_ARGS,
	KEY_AT,
	KEY_DELAY,
	KEY_ISOLATION,
	KEY_NAME,
	KEY_ON_UNKNOWN,
	KEY_POOL,
	KEY_PRIORITY,
	KEY_STYLE,
	KEY_TIMEOUT,
	KEY_COUNT
};
#define CONF_ALLOW(key) (1u << (key))

/* How to reach one Livy server. */
struct conf_endpoint {
	char *name;
	bool removed;
	char *url; /* http or https, with a path if any, without a slash at the end */
	enum conf_auth auth;
	char *user;
	char *password;			 /* read from password_file or a credential; never logged */
	char *password_file;		 /* a path or "cred:NAME", for people */
	bool insecure;			 /* a password may cross the network unencrypted */
	char *ca_file;			 /* NULL: the system's */
	enum conf_statements statements; /* read results one by one or by the list */
	int64_t connect_timeout_ms;
	int64_t request_timeout_ms;
	int64_t answer_bytes_max;
};

struct conf_pair {
	char *key;
	char *value;
};

/* The API's own names; NULL, 0 and empty arrays are not sent. String arrays end with NULL. */
struct conf_session {
	char *proxy_user; /* "%owner": the file's owner */
	char **jars;
	char **py_files;
	char **files;
	char **archives;
	char *driver_memory;
	int driver_cores;
	char *executor_memory;
	int executor_cores;
	int num_executors;
	char *queue;
	struct conf_pair *conf;
	size_t conf_count;
	int heartbeat_timeout_s;
};

struct conf_pool {
	char *name;
	bool removed;
	size_t endpoint;
	int warm[KIND_COUNT]; /* of files: idle sessions kept ready for them; -1: not served */
	int max;
	int slots;	       /* runs at once in a session, 1..64 */
	int spare;	       /* children kept forked and attached ahead of demand */
	int64_t memory_bytes;  /* of one run, its processes together; 0: no limit */
	int owner_running_max; /* files of one owner at once; 0: no limit */
	enum conf_isolation isolation;
	enum conf_owners owners;
	int64_t idle_timeout_ms; /* or CONF_NEVER */
	enum conf_on_stop on_stop;
	int recycle_statements;
	int64_t recycle_age_ms;
	int64_t start_timeout_ms; /* a session that is not idle by then is given up */
	struct conf_session session;
};

struct conf_spool {
	char *name;
	bool removed;
	char *path; /* absolute */
	char *link; /* the URL under which people see that directory; NULL: none */
	size_t pool;
	enum conf_ready ready;
	int64_t settle_ms;
	int64_t scan_ms;
	enum conf_existing existing;
	enum conf_after after;
	char *move_to;	       /* AFTER_MOVE: a directory, absolute or relative to path */
	int64_t keep_for_ms;   /* what has ended is kept so long; or CONF_NEVER: for ever */
	int64_t timeout_ms;    /* of one run, from its start; or CONF_NEVER */
	int priority;	       /* of a file that says nothing of it, -100..100 */
	int priority_max;      /* what a file may set at most */
	int weight;	       /* of the spool among others, 1..100 */
	bool ordered;	       /* one file after the other, in the order of arrival */
	unsigned pause_on;     /* 1u << status of each end that pauses the spool */
	int running_max;       /* files at once; 0: no limit */
	int owner_running_max; /* of one owner; 0: no limit */
	enum conf_on_unknown on_unknown;
	enum conf_style python;
	enum conf_style sql;
	bool html;
	int64_t file_bytes_max;
	unsigned allow;	       /* CONF_ALLOW() of each key that a file may set */
	struct conf_pair *env; /* of the runner's files */
	size_t env_count;
	char *modules;		  /* a directory of helper modules, absolute; or NULL */
	int64_t output_bytes_max; /* of each of .out, .err, .csv */
	int rows_max;		  /* of a SQL result; 0: no limit */
	int64_t files_bytes_max;  /* of what comes back from the working directory */
	int files_count_max;
};

struct conf {
	char *state_dir;
	char *run_dir;
	char *metrics_file; /* NULL: none */
	int64_t metrics_every_ms;
	char *status_dir; /* NULL: no status page */
	int64_t status_every_ms;
	char *admins; /* a group's name: control.admins */
	enum log_level log_level;
	bool landlock;	   /* the daemon confines itself to what is named here */
	char *runner;	   /* the file with the runner's code, absolute */
	char *runner_code; /* NULL when no spool needs it; ends with a NUL that does not count */
	size_t runner_code_bytes;
	char **source; /* the files that it was read from */
	size_t source_count;
	struct conf_endpoint *endpoint;
	size_t endpoint_count;
	struct conf_pool *pool;
	size_t pool_count;
	struct conf_spool *spool;
	size_t spool_count;
};

#endif
