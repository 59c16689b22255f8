/* beside: what lies in the same directory as the program: in a build that was not installed, all of it. */
#ifndef SPARKSPOOL_CLI_BESIDE_H
#define SPARKSPOOL_CLI_BESIDE_H

/* The path of that name there, whether there is such a file or not; free() it. NULL: the kernel does not
 * tell where the program is. */
char *beside_path(const char *name);

#endif
