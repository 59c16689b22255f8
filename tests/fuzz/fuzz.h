/* fuzz: what the targets have in common. One target a file; libFuzzer feeds it where the compiler
 * has that, replay.c feeds it the corpus everywhere. */
#ifndef SPARKSPOOL_TESTS_FUZZ_H
#define SPARKSPOOL_TESTS_FUZZ_H

#include "core/msg.h"

/* The target's name, and that of its directory below tests/fuzz/corpus. */
extern const char fuzz_name[];

/* Looks at one input and aborts when something is wrong with what was made of it. */
int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

/* The input behind its first line, which chooses what is done with it: at most 30 bytes of it are
 * in line. All of it when there is no line end, and then line is empty. */
#define FUZZ_LINE_LEN 31
struct bytes fuzz_split(const uint8_t *p, size_t n, char line[FUZZ_LINE_LEN]);

/* Words that go into a log or a record: valid UTF-8 without control characters, at most so long. */
void fuzz_check_line(const char *s, size_t bytes_max);

#endif
