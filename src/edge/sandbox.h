/* sandbox: what the process denies itself. */
#ifndef SPARKSPOOL_EDGE_SANDBOX_H
#define SPARKSPOOL_EDGE_SANDBOX_H

/* Passwords are in the memory of this process: from now on no core file is made of it, and none but
 * root can attach to it or read its memory. What the kernel refuses is logged. */
void sandbox_keep_secrets(void);

#endif
