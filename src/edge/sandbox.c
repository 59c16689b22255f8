/* sandbox: what the process denies itself. */
#include "edge/sandbox.h"

#include "base/log.h"
#include <errno.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>

void sandbox_keep_secrets(void)
{
	const struct rlimit none = { 0, 0 };

	/* A limit of 0 does not stop a core_pattern that is a program, such as systemd-coredump; not
	 * being dumpable does, and is what keeps other processes of the same user out. */
	if (setrlimit(RLIMIT_CORE, &none) != 0 || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0)
		log_warn("event=dumpable error=\"%s\": a core file of this process may hold "
			 "passwords",
		    strerror(errno));
}
