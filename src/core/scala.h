/* scala: a Scala file made fit for an interpreter that is fed a line at a time. No state.
 *
 * Livy gives the interpreter a line, and the next one with it only while the compiler calls what
 * it has unfinished. A statement that could end at the end of a line ends there: "val x = df", and
 * the ".count" below is an error. So where a statement goes on in the next line, a comment is
 * opened at the end of the line and closed at the start of the next one. An open comment is
 * unfinished for every compiler, and one with a line end in it counts as a line end, so the
 * compiler sees the tokens that the author wrote. No line is added or taken away: line n of what
 * is sent is line n of the file. Where that cannot be done (before a "%json", in code within XML,
 * and where the interpreter would not wait for the end of a comment, as behind "case class A[") a
 * form feed stands for the end of a line: the compiler takes it for one, Livy does not. */
#ifndef SPARKSPOOL_CORE_SCALA_H
#define SPARKSPOOL_CORE_SCALA_H

#include "base/arena.h"
#include "core/msg.h"

/* All belongs to the arena. */
struct scala_plan {
	struct bytes code;   /* what to send; not set when refused */
	const char *refused; /* NULL, or why no interpreter can run the file: line, what to do */
	const char *warning; /* NULL, or what will go wrong there, the first thing only */
};

/* The file is valid UTF-8 without NUL. Linear in its size. */
void scala_join(struct arena *a, struct bytes file, struct scala_plan *plan);

/* The line of the file that an error of the interpreter speaks of; 0 when that cannot be told.
 * sent is what was sent, as Livy echoes it; error is the text of the answer, evalue and traceback
 * one below the other. A compiler's error shows its line, which is looked for; an exception names
 * the definition that it came from, whose first line is given. */
int64_t scala_error_line(struct bytes sent, struct bytes error);

#endif
