/* sandbox_limit: what this process denies itself by its limits, and what it asks for. */
#include "edge/sandbox.h"

#include "base/log.h"
#include <errno.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#define FILES_OF_OURS 256  /* ledger, log, results on their way, idle connections */
#define FILES_OF_SPOOL 4   /* the directory, its listing, a file that is read, modules */
#define FILES_OF_SESSION 4 /* connections: its call, its kills, and the resolver's wires */

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

static rlim_t files_wanted(const struct conf *c)
{
	rlim_t files = FILES_OF_OURS;

	for (size_t i = 0; i < c->spool_count; i++)
		files += c->spool[i].removed ? 0 : FILES_OF_SPOOL;
	for (size_t i = 0; i < c->pool_count; i++)
		files += c->pool[i].removed ? 0 : (rlim_t)c->pool[i].max * FILES_OF_SESSION;
	return files;
}

/* RLIMIT_NPROC stays: it counts threads of all the user's processes, and each name that libcurl
 * resolves takes one. That no program is started is Landlock's business. */
void sandbox_open_files(const struct conf *c)
{
	rlim_t want = files_wanted(c);
	struct rlimit now;

	if (getrlimit(RLIMIT_NOFILE, &now) != 0 || now.rlim_cur >= want)
		return;
	now.rlim_cur = want < now.rlim_max ? want : now.rlim_max;
	(void)setrlimit(RLIMIT_NOFILE, &now);
	if (now.rlim_cur < want)
		log_warn(
		    "event=limit files=%ju wanted=%ju msg=\"with all sessions at work the limit "
		    "on open files is too low: raise it (LimitNOFILE= of the service)\"",
		    (uintmax_t)now.rlim_cur, (uintmax_t)want);
}
