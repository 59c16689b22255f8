/* cmd: the commands. Each takes what stood on the command line and returns the exit code; what goes
 * wrong has been said by then. */
#ifndef SPARKSPOOL_CLI_CMD_H
#define SPARKSPOOL_CLI_CMD_H

#include "cli/opt.h"

/* show.c */
int cmd_list(const struct options *o);
int cmd_show(const struct options *o);
int cmd_history(const struct options *o);
int cmd_sessions(const struct options *o);
int cmd_spools(const struct options *o);

/* act.c */
int cmd_cancel(const struct options *o);
int cmd_hold(const struct options *o);
int cmd_release(const struct options *o);
int cmd_rerun(const struct options *o);
int cmd_pause(const struct options *o);
int cmd_resume(const struct options *o);
int cmd_drain(const struct options *o);
int cmd_reload(const struct options *o);
int cmd_metrics(const struct options *o);
int cmd_check(const struct options *o);

int cmd_submit(const struct options *o); /* submit.c */
int cmd_run(const struct options *o);	 /* run.c */
int cmd_watch(const struct options *o);	 /* watch.c */
int cmd_why(const struct options *o);	 /* why.c */
int cmd_on_end(const struct options *o); /* onend.c */
int cmd_init(const struct options *o);	 /* apart.c */

#endif
