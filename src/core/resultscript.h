/* resultscript: what is to lie beside a file that ran as a process. No state. */
#ifndef SPARKSPOOL_CORE_RESULTSCRIPT_H
#define SPARKSPOOL_CORE_RESULTSCRIPT_H

#include "core/result.h"

/* result_build() of a script: its output lies in parts already. */
size_t result_build_script(
    struct arena *a, const struct result_input *in, struct result_file **file);

#endif
