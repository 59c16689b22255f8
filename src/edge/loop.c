/* loop: the turn. The one room that knows the core and all edges. */
#include "edge/loop.h"

#include "base/log.h"
#include "core/sched.h"
#include "edge/confload.h"
#include "edge/ctl.h"
#include "edge/export.h"
#include "edge/http.h"
#include "edge/loop_int.h"
#include "edge/notify.h"
#include "edge/output.h"
#include "edge/owner.h"
#include "edge/spool.h"
#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#define LEDGER_RETRY_MS 1000
#define STOPPING_LOOK_MS 200
#define STATUS_EVERY_MS 1000 /* at most */
#define SLEEP_MAX_MS 3600000
#define EXIT_OK 0
#define EXIT_TROUBLE 1
#define EXIT_TEMPORARY 75 /* another daemon, or a ledger that cannot be used */

enum { FD_SIGNAL, FD_INOTIFY, FD_CONTROL, FD_JOURNAL, FD_COUNT };

/* BOOTTIME goes on in suspend: timers are due then, and sessions have been idle all night. */
static struct now loop_clock(void)
{
	struct timespec mono;
	struct timespec real;
	clock_gettime(CLOCK_BOOTTIME, &mono);
	clock_gettime(CLOCK_REALTIME, &real);
	return (struct now){
		.mono_ms = (int64_t)mono.tv_sec * 1000 + mono.tv_nsec / 1000000,
		.real_ms = (int64_t)real.tv_sec * 1000 + real.tv_nsec / 1000000,
	};
}

/* ---- signals -------------------------------------------------------------------------------- */

static int loop_open_signals(void)
{
	sigset_t set;
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	if (sigprocmask(SIG_BLOCK, &set, NULL) != 0)
		return -1;
	return signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
}

static void loop_pump_signals(struct loop *l)
{
	struct signalfd_siginfo info;
	while (read(l->signals, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
		if (info.ssi_signo == SIGHUP) {
			loop_reload(l);
			continue;
		}
		notify_send("STOPPING=1\nSTATUS=Coming to an orderly end");
		l->stopping = true;
		evq_add(&l->events, EV_STOP);
	}
}

/* ---- effects -------------------------------------------------------------------------------- */

static void loop_perform(struct loop *l, const struct effect *fx)
{
	switch (fx->type) {
	case FX_ROW_JOB:
	case FX_ROW_FORGET:
	case FX_ROW_SESSION:
	case FX_ROW_SPOOL:
	case FX_ROW_PAUSE:
		break; /* committed already */
	case FX_SCAN:
		spools_scan(l->spools, fx->u.scan, &l->events);
		break;
	case FX_LOOK:
		spools_look(l->spools, &fx->u.look, &l->events);
		break;
	case FX_RECALL:
		ledger_recall(l->ledger, &fx->u.recall, l->conf, &l->events);
		break;
	case FX_LAST:
		ledger_last(l->ledger, &fx->u.last, l->conf, &l->events);
		break;
	case FX_READ:
		spools_read(l->spools, &fx->u.read, &l->events);
		break;
	case FX_UNMARK:
		spools_unmark(l->spools, &fx->u.unmark);
		break;
	case FX_APPEND:
		output_append(
		    spools_dirfd(l->spools, fx->u.append.spool), &fx->u.append, &l->events);
		break;
	case FX_STAGE:
		output_stage(spools_dirfd(l->spools, fx->u.stage.spool), &fx->u.stage, &l->events);
		break;
	case FX_PUBLISH:
		output_publish(
		    spools_dirfd(l->spools, fx->u.publish.spool), &fx->u.publish, &l->events);
		break;
	case FX_DISPOSE:
		spools_dispose(l->spools, &fx->u.dispose, &l->events);
		break;
	case FX_EXPORT:
		export_perform(&fx->u.export, &l->events);
		break;
	case FX_OWNER:
		owner_look(fx->u.owner, &l->events);
		break;
	case FX_RECORD:
		spools_record(l->spools, &fx->u.record, &l->events);
		break;
	case FX_SETTLED:
		ledger_released(l->ledger);
		break;
	case FX_HTTP:
		http_perform(l->http, &fx->u.http);
		break;
	case FX_ANSWER:
		ctl_answer(l->ctl, &fx->u.answer, &l->events);
		break;
	case FX_HISTORY:
		ledger_history(l->ledger, &fx->u.history, l->conf, &l->events);
		break;
	case FX_RELOAD:
		loop_reload_for(l, fx->u.reload);
		break;
	case FX_OLD:
		ledger_old(l->ledger, &fx->u.old, l->conf, &l->events);
		break;
	case FX_EXPIRE:
		output_expire(
		    spools_dirfd(l->spools, fx->u.expire.spool), &fx->u.expire, &l->events);
		break;
	case FX_DISCARD:
		spools_discard(l->spools, &fx->u.expire, &l->events);
		break;
	}
}

/* Told once a turn, while the ledger is waited for, and after each of the many things that one turn may do,
 * each of which may wait for a slow disk: what hangs in any of them is not alive. */
static void loop_alive(struct loop *l)
{
	l->now = loop_clock();
	if (notify_busy_in_ms(l->watchdog_ms, l->alive_ms, l->now.mono_ms) > 0)
		return;
	l->alive_ms = l->now.mono_ms;
	notify_send("WATCHDOG=1");
}

/* While the ledger cannot be written nothing goes on, but a stop is heard: nothing is lost by it. One that
 * was heard before has no signal behind it any more: it waits no longer than for anything else. */
static bool loop_commit(struct loop *l)
{
	while (ledger_commit(l->ledger, &l->fx, l->conf) != 0) {
		struct pollfd fd = { .fd = l->signals, .events = POLLIN };
		poll(&fd, 1, LEDGER_RETRY_MS);
		loop_alive(l);
		struct signalfd_siginfo info;
		while (read(l->signals, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
			if (info.ssi_signo != SIGHUP)
				return false;
			l->again = true;
		}
		if (l->stopping && core_is_done(l->core, l->now.mono_ms))
			return false;
	}
	return true;
}

static bool loop_effects(struct loop *l)
{
	loop_alive(l); /* large answers take their time before this, and in the commit */
	if (!loop_commit(l)) {
		log_error("event=stopped: the ledger could not be written; the next start goes on "
			  "from its "
			  "last good state");
		return false;
	}
	/* Only now anything happens that others could see. */
	for (size_t i = 0; i < l->fx.count; i++) {
		loop_alive(l);
		loop_perform(l, &l->fx.item[i]);
	}
	effects_reset(&l->fx);
	return true;
}

/* ---- the turn ------------------------------------------------------------------------------- */

static int64_t loop_patience_ms(const struct loop *l)
{
	if (l->events.count > 0 || l->more || l->again)
		return 0;
	int64_t due = core_deadline(l->core);
	int64_t control = ctl_due_ms(l->ctl);
	due = control < due ? control : due;
	int64_t ms = due == INT64_MAX ? SLEEP_MAX_MS : due - l->now.mono_ms;
	if (l->status_due && ms > STATUS_EVERY_MS)
		ms = STATUS_EVERY_MS;
	int64_t alive = notify_alive_in_ms(l->watchdog_ms, l->alive_ms, l->now.mono_ms);
	ms = alive < ms ? alive : ms;
	if (l->stopping && ms > STOPPING_LOOK_MS)
		ms = STOPPING_LOOK_MS;
	return ms < 0 ? 0 : ms;
}

static int loop_wait(struct loop *l)
{
	struct pollfd fd[FD_COUNT] = {
		[FD_SIGNAL] = { .fd = l->signals, .events = POLLIN },
		[FD_INOTIFY] = { .fd = spools_fd(l->spools), .events = POLLIN },
		[FD_CONTROL] = { .fd = ctl_fd(l->ctl), .events = POLLIN },
		[FD_JOURNAL] = { .fd = l->journal == NULL ? -1 : journal_fd(l->journal),
		    .events = POLLOUT },
	};
	if (http_wait(l->http, fd, FD_COUNT, loop_patience_ms(l)) != 0 && errno != EINTR) {
		log_error("event=stopped error=\"cannot wait: %s\"", strerror(errno));
		return -1;
	}
	return 0;
}

static void loop_step(struct loop *l)
{
	struct event *ev;
	while ((ev = evq_next(&l->events)) != NULL) {
		ev->now = l->now;
		core_step(l->core, ev, &l->fx);
	}
	evq_done(&l->events);
	conf_free(l->old);
	l->old = NULL;
	if (l->again) {
		l->again = false;
		loop_reload(l);
	}
}

/* When something that it says has changed, and not more than once a second. */
static void loop_status(struct loop *l)
{
	struct core_counts n = core_counts(l->core);
	l->status_due = !l->stopping && memcmp(&n, &l->told, sizeof(n)) != 0;
	if (!l->status_due || l->now.mono_ms - l->status_ms < STATUS_EVERY_MS)
		return;
	l->status_ms = l->now.mono_ms;
	l->status_due = false;
	l->told = n;
	char *text = xasprintf("STATUS=%zu queued, %zu running, %zu sessions (%zu idle)%s",
	    n.queued, n.running, n.sessions, n.sessions_idle,
	    n.endpoints_down > 0 ? ", a server is down" : "");
	notify_send(text);
	free(text);
}

static int loop_turns(struct loop *l)
{
	for (;;) {
		if (loop_wait(l) != 0)
			return EXIT_TROUBLE;
		/* The one reading of this turn, which all its events carry. */
		l->now = loop_clock();
		if (l->journal != NULL)
			journal_pump(l->journal);
		loop_pump_signals(l);
		l->more = spools_pump(l->spools, &l->events);
		http_pump(l->http, &l->events);
		ctl_pump(l->ctl, l->now.mono_ms, &l->events);
		if (core_deadline(l->core) <= l->now.mono_ms)
			evq_add(&l->events, EV_TICK);
		loop_step(l);
		if (!loop_effects(l))
			return EXIT_TROUBLE;
		if (l->events.count == 0 && core_is_done(l->core, l->now.mono_ms))
			return EXIT_OK;
		loop_alive(l);
		loop_status(l);
	}
}

/* ---- birth and death ------------------------------------------------------------------------ */

/* EXIT_OK, or why there is nothing to run. */
static int loop_open(struct loop *l)
{
	uint64_t seed[2] = { 0, 0 };
	uint64_t job;
	uint64_t session;
	/* First of all: from here on a signal waits for us instead of ending the process. */
	l->signals = loop_open_signals();
	if (l->signals < 0 || getrandom(seed, sizeof(seed), 0) != (ssize_t)sizeof(seed)) {
		log_error("event=not-started error=\"%s\"", strerror(errno));
		return EXIT_TROUBLE;
	}
	if (loop_add_former(l->ledger, l->conf) != 0)
		return EXIT_TEMPORARY;
	l->spools = spools_new();
	l->http = http_new(l->conf);
	if (l->spools == NULL || l->http == NULL)
		return EXIT_TROUBLE;
	if (spools_conf(l->spools, l->conf) != 0)
		return EXIT_TEMPORARY;
	l->ctl = ctl_open(l->conf); /* the locks are ours: no other daemon is to be heard there */
	if (l->ctl == NULL)
		return EXIT_TROUBLE;
	/* Ids go on where the ledger ends: no number is given twice, nor of a dropped row. */
	ledger_last_ids(l->ledger, &job, &session);
	seed[0] |= 1; /* not all zero */
	l->core = core_new(l->conf, ledger_instance(l->ledger), seed, job, session);
	if (loop_replay(l->ledger, l->conf, l->core) != 0)
		return EXIT_TEMPORARY;
	/* Nothing is left that may fail: until here words had to reach the unit's log by all means. */
	if (l->journal != NULL)
		journal_begin(l->journal);
	if (ledger_is_anew(l->ledger))
		core_lost(l->core);
	l->now = loop_clock();
	core_start(l->core, l->now, &l->fx);
	return loop_effects(l) ? EXIT_OK : EXIT_TEMPORARY;
}

static void loop_close(struct loop *l)
{
	if (l->core != NULL)
		core_free(l->core);
	if (l->http != NULL)
		http_free(l->http);
	if (l->ctl != NULL)
		ctl_free(l->ctl);
	if (l->spools != NULL)
		spools_free(l->spools);
	if (l->signals >= 0)
		close(l->signals);
	evq_fini(&l->events);
	effects_fini(&l->fx);
	conf_free(l->conf);
}

int loop_run(const struct loop_start *start)
{
	struct loop l = {
		.conf = start->conf,
		.conf_path = start->conf_path,
		.ledger = start->ledger,
		.sandbox = start->sandbox,
		.journal = start->journal,
		.debug = start->debug,
		.signals = -1,
	};
	evq_init(&l.events);
	effects_init(&l.fx);
	l.watchdog_ms = notify_watchdog_ms();
	size_t spools = l.conf->spool_count; /* those of the file */
	int code = loop_open(&l);
	if (code == EXIT_OK) {
		notify_send("READY=1\nSTATUS=Watching");
		log_info("event=started version=%s instance=%s spools=%zu", PACKAGE_VERSION,
		    ledger_instance(l.ledger), spools);
		loop_hear_release(&l);
		code = loop_turns(&l);
		log_info("event=stopped code=%d", code);
	}
	loop_close(&l);
	return code;
}
