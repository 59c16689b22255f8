/* result: an answer becomes the bytes of the result files. No state. */
#ifndef SPARKSPOOL_CORE_RESULT_H
#define SPARKSPOOL_CORE_RESULT_H

#include "base/buf.h"
#include "core/msg.h"
#include "core/script.h"

/* Everything that the files are made of. */
struct result_input {
	const struct job_rec *rec; /* with its run */
	const char *spool_path;	   /* the input's directory */
	const char *pool;
	struct bytes
	    answer; /* the statement as the server sent it; p NULL: there is none. Of a script
				what its runner reported */
	const struct script *script; /* what of its output lies in parts; NULL: nothing does */
	/* For the page, where the spool wants one: */
	bool html;
	struct bytes code; /* what ran; p NULL: not at hand any more */
	const char *spool;
	const char *style;
	bool stays; /* the input lies beside its results */
};

/* What the answer alone says, for deciding the status of the run. */
struct result_verdict {
	enum job_status status; /* STATUS_OK, STATUS_ERROR, or STATUS_NONE: it cannot be read */
};

struct result_verdict result_judge(struct bytes answer);

/* The result files in the order in which they become visible: .out, .err, .csv, .1.png ..., and
 * .json last. Names and bytes belong to the arena. Returns how many; *file is an arena array. */
size_t result_build(struct arena *a, const struct result_input *in, struct result_file **file);

/* The names that results of this input may use, ended by NULL: taken ones are found before
 * anything is sent. */
const char *const *result_names(struct arena *a, const char *input_name);

/* The lists of files in job_rec.old_files and run_rec.files. */
char *result_files_to_text(
    const struct out_file *file, size_t count); /* malloc'ed; NULL when empty */
size_t result_files_of_text(struct arena *a, const char *text, struct out_file **file);

/* The files of both lists, the second's last; either may be NULL. malloc'ed; NULL when empty. */
char *result_files_join(const char *a, const char *b);

/* A JSON array of strings with one more: frees old, returns the new one. */
char *result_add_warning(char *old_array, const char *warning);

/* The same list as a tree, which the caller releases; never NULL. */
struct json_t;
struct json_t *result_warnings(const char *array);

const char *result_status_name(enum job_status s);

#endif
