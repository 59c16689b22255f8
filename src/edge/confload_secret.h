/* confload_secret: a password out of a file or a credential of the service manager. */
#ifndef SPARKSPOOL_EDGE_CONFLOAD_SECRET_H
#define SPARKSPOOL_EDGE_CONFLOAD_SECRET_H

/* from is an absolute path or "cred:NAME". The password, or NULL and why not in *why; free() both,
 * the password after overwriting it. */
char *confsecret_read(const char *from, char **why);

#endif
