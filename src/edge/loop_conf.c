/* loop_conf: the configuration is read anew, and every room has it in the same turn. */
#include "edge/loop_int.h"

#include "base/log.h"
#include "edge/confload.h"
#include "edge/notify.h"
#include <errno.h>
#include <string.h>

#define ERRORS_BYTES_MAX 65536

static void loop_log_lines(const struct buf *lines)
{
	char *save = NULL;
	if (lines->data == NULL)
		return;
	for (char *line = strtok_r(lines->data, "\n", &save); line != NULL;
	     line = strtok_r(NULL, "\n", &save))
		log_error("%s", line);
}

/* NULL: the configuration in force stays, and errors says why. */
static struct conf *loop_load_conf(const struct loop *l, struct buf *errors)
{
	/* The one in force gives endpoints, pools and spools their numbers, which never change. */
	struct conf *conf = conf_load(l->conf_path, l->conf, errors);

	if (conf != NULL && !sandbox_covers(l->sandbox, conf, errors)) {
		conf_free(conf);
		return NULL;
	}
	if (conf == NULL && errors->data != NULL && sandbox_confines(l->sandbox) &&
	    strstr(errors->data, strerror(EACCES)) != NULL)
		(void)buf_addf(errors,
		    "%s: where the daemon was not confined to when it started it can read nothing: "
		    "a file that is named anew may need a restart\n",
		    l->conf_path);
	return conf;
}

/* The operator's word lies in a file, so that it needs no other way to us. */
void loop_hear_release(struct loop *l)
{
	if (ledger_wants_release(l->ledger))
		evq_add(&l->events, EV_RELEASE);
}

/* The change is said while lines of that kind are heard, before it or after it. */
static void loop_set_level(const struct loop *l)
{
	enum log_level before = log_level_now();
	enum log_level level = l->debug ? LOG_LEVEL_DEBUG : l->conf->log_level;

	log_set_level(level > before ? level : before);
	if (level != before)
		log_info("event=log-level level=%s", log_level_name(level));
	log_set_level(level);
}

/* False: it is as it was, and errors says why, in lines. */
static bool loop_read_conf(struct loop *l, struct buf *errors)
{
	loop_hear_release(l);
	notify_send("RELOADING=1\nSTATUS=Reading the configuration");
	struct conf *conf = loop_load_conf(l, errors);
	if (conf == NULL) {
		log_error(
		    "event=not-reloaded file=%s: the configuration in force stays", l->conf_path);
	} else if (l->old != NULL) {
		conf_free(conf); /* twice in one turn: once more when this one is in force */
		l->again = true;
	} else {
		/* Kept until the core has stepped EV_CONF: up to then it reads this one. */
		l->old = l->conf;
		l->conf = conf;
		loop_set_level(l);
		sandbox_open_files(conf);
		http_conf(l->http, conf);
		spools_conf(l->spools, conf);
		ctl_conf(l->ctl, conf);
		evq_add(&l->events, EV_CONF)->u.conf = conf;
	}
	notify_send("READY=1");
	memset(&l->told, 0xff, sizeof(l->told)); /* say again how things are */
	return conf != NULL;
}

void loop_reload(struct loop *l)
{
	struct buf errors;
	buf_init(&errors, ERRORS_BYTES_MAX);
	if (!loop_read_conf(l, &errors))
		loop_log_lines(&errors);
	buf_fini(&errors);
}

/* A peer of the control socket has asked for it, and hears what is wrong. */
void loop_reload_for(struct loop *l, uint64_t peer)
{
	struct buf errors;
	buf_init(&errors, ERRORS_BYTES_MAX);
	bool good = loop_read_conf(l, &errors);
	struct ev_reloaded *ev = &evq_add(&l->events, EV_RELOADED)->u.reloaded;
	ev->peer = peer;
	if (!good)
		ev->errors = arena_strdup(
		    &l->events.arena, errors.data == NULL ? "it cannot be read" : errors.data);
	if (!good)
		loop_log_lines(&errors);
	buf_fini(&errors);
}
