/* runnertext: calls to the runner as code, and its answers as facts; src/runner/PROTOCOL says what
 * they mean. No state. */
#ifndef SPARKSPOOL_CORE_RUNNERTEXT_H
#define SPARKSPOOL_CORE_RUNNERTEXT_H

#include "core/msg.h"
#include "core/script.h"

/* ---- calls ---------------------------------------------------------------------------------- */

/* The runner's own code and the call that boots it. code ends with a newline. */
struct bytes runnertext_boot(
    struct arena *a, struct bytes code, const char *tag, const struct conf_pool *pool);

/* A name for a runner's code, by which one release knows another's. */
#define RUNNER_CODE_TEXT_LEN 17
void runnertext_name_code(struct bytes code, char name[RUNNER_CODE_TEXT_LEN]);

/* What the runner needs to begin a run. */
struct runner_program {
	const char *id;
	const char *kind;  /* "python", "sql" */
	const char *style; /* "script", "notebook" */
	const char *name;  /* of the file */
	const char *label; /* for people who look at Spark's pages */
	struct bytes code;
	char *const *args;
	size_t arg_count;
	const struct conf_pair *env;
	size_t env_count;
	const char *modules; /* a hash, or NULL */
	int64_t time_ms;     /* this and the following: 0 is no limit */
	int64_t output_bytes;
	int64_t files_bytes;
	int64_t files_count;
	int64_t rows;
};

/* A call in the making. Everything is copied. */
struct json_t;
struct json_t *runnertext_begin(const char *tag);
void runnertext_add_start(struct json_t *call, const struct runner_program *start);
void runnertext_add_put(struct json_t *call, const char *hash, const char *files);
void runnertext_add_id(struct json_t *call, const char *what, const char *id); /* "bar", "ack" */
void runnertext_add_kill(struct json_t *call, const char *id, const char *why);
void runnertext_add_poll(struct json_t *call, const char *id, const struct script *sc);
/* Ends it, and call with it; the statement's code. */
struct bytes runnertext_end(
    struct arena *a, struct json_t *call, int64_t wait_ms, int64_t data_bytes_max);

/* ---- answers -------------------------------------------------------------------------------- */

enum runner_state {
	RUNNER_UNKNOWN, /* never begun there */
	RUNNER_BARRED,	/* and it never will be */
	RUNNER_RUNNING,
	RUNNER_ENDED,
	RUNNER_FORGOTTEN
};

struct runner_file {
	const char *name;
	int64_t bytes;
	int64_t cut;
};

struct runner_data {
	const char *name;
	int64_t at;
	struct bytes data;
};

struct runner_run {
	const char *id;
	enum runner_state state;
	int64_t started_ms; /* the driver's clock since the epoch; 0: not said */
	double progress;    /* 0 to 1; below 0: not said */
	int64_t run_ms;	    /* since then; of what has ended: until its end */
	struct runner_file *file;
	size_t file_count;
	struct runner_data *data;
	size_t data_count;
	enum job_status status; /* RUNNER_ENDED */
	int exit_code;		/* -1: not said, and then it is no good end */
	const char *report;	/* JSON, without the data */
};

struct runner_refusal {
	const char *id;
	const char *why;
};

/* All of it belongs to the arena. */
struct runner_answer {
	const char *error; /* why it is none of use; NULL: it is */
	const char *boot;
	const char *code; /* of a boot: the name of the code that runs there; NULL: not said */
	const char *why;  /* of a boot: why files run in the interpreter; NULL or "": they do not */
	bool alone;	  /* they do */
	bool dead;	  /* its zygote has died */
	struct runner_run *run;
	size_t run_count;
	const char **missing; /* hashes */
	size_t missing_count;
	struct runner_refusal *refused;
	size_t refused_count;
	const char **warning;
	size_t warning_count;
};

/* tag: what the answer must bear; NULL: nothing. */
void runnertext_read(
    struct arena *a, struct bytes text, const char *tag, struct runner_answer *answer);

#endif
