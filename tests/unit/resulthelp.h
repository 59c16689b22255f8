/* resulthelp: a job that has ended, and the files that its result is made of. */
#ifndef SPARKSPOOL_TESTS_RESULTHELP_H
#define SPARKSPOOL_TESTS_RESULTHELP_H

#include "core/result.h"
#include <jansson.h>

#define BYTES(s) ((struct bytes){ .p = (s), .n = strlen(s) })

/* Everything that result_build() reads and writes. Tests change what they are about. */
struct made {
	struct job_rec rec;
	struct run_rec run;
	struct result_input in;
	struct arena arena;
	struct result_file *file;
	size_t count;
	json_t *record; /* the .json, parsed */
};

/* foo.py of pyspark, ended well as statement 7 of session sp-1, no answer. */
void made_init(struct made *m);
void made_fini(struct made *m);

/* Builds the files from this answer (NULL: none) and parses the record, which must be JSON. */
void made_build(struct made *m, const char *answer);
void made_build_bytes(struct made *m, struct bytes answer);

/* The bytes of a file by its suffix; NULL when there is none. */
const struct bytes *made_file(const struct made *m, const char *suffix);

/* Fails unless the file is there and has this text, or is missing if text is NULL. */
void made_has(const struct made *m, const char *suffix, const char *text);

/* A member of the record as compact JSON; of the arena. */
const char *made_member(struct made *m, const char *name);

#endif
