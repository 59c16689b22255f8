/* resultpage: the .html beside a result, made of the files that are to lie beside it. No state. */
#ifndef SPARKSPOOL_CORE_RESULTPAGE_H
#define SPARKSPOOL_CORE_RESULTPAGE_H

#include "core/outcome.h"
#include "core/report.h"
#include "core/result.h"

/* The page of a result whose other files (but the record) are these. Of raw code o says how it ended,
 * of a script report; the other one is NULL. warnings is an array. */
struct json_t;
struct bytes resultpage_build(struct arena *a, const struct result_input *in,
    const struct outcome *o, const struct report *report, const struct result_file *file,
    size_t count, const struct json_t *warnings);

#endif
