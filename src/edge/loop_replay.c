/* loop_replay: at a start the core takes over what the ledger knows of an earlier life. */
#include "edge/loop_int.h"

#include "edge/confload_former.h"
#include <stdlib.h>

static void loop_former_endpoint(const char *name, const char *url, void *arg)
{
	conf_add_former_endpoint(arg, name, url);
}

static void loop_former_pool(const char *name, void *arg)
{
	conf_add_former_pool(arg, name);
}

static void loop_former_spool(const char *name, const char *path, void *arg)
{
	conf_add_former_spool(arg, name, path);
}

int loop_add_former(struct ledger *ledger, struct conf *conf)
{
	const struct ledger_names to = {
		.endpoint = loop_former_endpoint,
		.pool = loop_former_pool,
		.spool = loop_former_spool,
		.arg = conf,
	};
	return ledger_follow_paths(ledger, conf) != 0 ? -1 : ledger_names(ledger, &to);
}

static void loop_replay_session(struct session_rec *rec, void *arg)
{
	core_restore_session(arg, rec);
}

static void loop_replay_spool(const struct spool_rec *rec, void *arg)
{
	core_restore_spool(arg, rec);
}

static void loop_replay_pause(const struct pause_rec *rec, void *arg)
{
	core_restore_pause(arg, rec);
}

static void loop_replay_job(struct job_rec *rec, struct bytes code, struct bytes answer, void *arg)
{
	core_restore_job(arg, rec, code, answer);
	free((void *)(uintptr_t)code.p);
	free((void *)(uintptr_t)answer.p);
}

int loop_replay(struct ledger *ledger, const struct conf *conf, struct core *core)
{
	const struct ledger_replay to = {
		.session = loop_replay_session,
		.spool = loop_replay_spool,
		.pause = loop_replay_pause,
		.job = loop_replay_job,
		.arg = core,
	};
	return ledger_replay(ledger, conf, &to);
}
