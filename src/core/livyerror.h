/* livyerror: what a server says when it says no. */
#ifndef SPARKSPOOL_CORE_LIVYERROR_H
#define SPARKSPOOL_CORE_LIVYERROR_H

#include "core/livy.h"

/* The verdict on an answer that is no success; *message is malloc'ed, never NULL. */
enum livy_verdict livy_error(int status, struct bytes body, char **message);

/* What the body says, as a line for people; malloc'ed, never NULL. */
char *livy_error_message(int status, struct bytes body);

#endif
