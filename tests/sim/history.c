/* history: what happens to a world: users, servers, disks, clocks, the daemon itself. */
#include "sim.h"

#include "properties.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MS_NS INT64_C(1000000)

static int sim_index(size_t spool, size_t file)
{
	return (int)(spool * SIM_FILES + file);
}

void sim_pass(struct sim *s, int64_t ms)
{
	int64_t end_ms = s->w->now.mono_ms + ms;
	while (world_turn(s->w, end_ms)) {
		properties_each_turn(s);
		if (s->ask_in > 0 && --s->ask_in == 0 && !s->mended)
			people_ask(s);
	}
}

static void sim_say(struct sim *s, const char *what, const char *name)
{
	(void)buf_addf(&s->w->trace, "! %s %s\n", what, name);
}

/* ---- users ----------------------------------------------------------------------------------- */

static enum kind sim_kind(const char *name)
{
	return str_ends_with(name, ".sql")     ? KIND_SQL
	       : str_ends_with(name, ".scala") ? KIND_SPARK
	       : str_ends_with(name, ".R")     ? KIND_SPARKR
					       : KIND_PYSPARK;
}

static struct version *sim_newest(struct sim *s, size_t spool, size_t file)
{
	int v = s->newest[sim_index(spool, file)];
	return v < 0 ? NULL : &s->version[v];
}

static struct version *sim_new_version(struct sim *s, size_t spool, size_t file)
{
	int name = sim_index(spool, file);
	struct version *old = sim_newest(s, spool, file);
	struct version *v = &s->version[s->versions];
	if (old != NULL)
		old->there = false;
	s->newest[name] = (int)s->versions++;
	*v = (struct version){ .spool = spool };
	(void)snprintf(v->mark, sizeof(v->mark), "f%dv%dq", name, ++s->contents[name]);
	(void)snprintf(v->name, sizeof(v->name), "f%d.%s", name, sim_suffix(s, file));
	v->rerun = s->w->spool[spool].on_unknown == ON_UNKNOWN_RERUN;
	return v;
}

/* No two writes have the same time: a file system with nanoseconds sees to that. */
static void sim_write(struct sim *s, struct version *v, const char *text, bool in_place)
{
	struct world_dir *d = s->w->dir[v->spool];
	struct world_file *f = in_place ? dir_find(d, v->name) : NULL;
	if (f == NULL) {
		f = dir_create(s->w, d, v->name);
		f->ident.uid = WORLD_UID + (uint32_t)sim_chance(s, 25);
		dir_notify(s->w, v->spool, v->name, in_place ? NAME_CREATED : NAME_MOVED);
	}
	dir_set_text(s->w, f, text, strlen(text));
	f->ident.mtime_ns += (int64_t)(++s->tick % MS_NS);
	f->ident.ctime_ns = f->ident.mtime_ns;
	if (in_place)
		dir_notify(s->w, v->spool, v->name, NAME_CLOSED);
	v->owners |= 1u << (f->ident.uid - WORLD_UID);
	v->ino = f->ident.ino;
	v->size = f->ident.size;
	v->mtime_ns = f->ident.mtime_ns;
	v->there = true;
}

static void sim_mark(struct sim *s, const struct version *v)
{
	char *name = xasprintf("%s.ready", v->name);
	struct world_file *f = dir_create(s->w, s->w->dir[v->spool], name);
	dir_set_text(s->w, f, "", 0);
	dir_notify(s->w, v->spool, name, NAME_MOVED);
	free(name);
}

static void sim_drop(struct sim *s, size_t spool, size_t file)
{
	if (s->versions == SIM_VERSIONS)
		return;
	struct version *v = sim_new_version(s, spool, file);
	enum conf_ready ready = s->w->spool[spool].ready;
	char *text = sim_text(s, v, sim_kind(v->name));
	bool in_place = ready == READY_SETTLE && sim_chance(s, 60);
	v->rerun = v->rerun || strstr(text, "on_unknown=rerun") != NULL;
	v->mute = strstr(text, "drip ") != NULL || strstr(text, "big ") != NULL;
	s->timed = s->timed || strstr(text, "timeout=") != NULL;
	sim_say(s, v->name, text);
	if (in_place && sim_chance(s, 50)) { /* cp, a block at a time */
		sim_write(s, v, "half of it", true);
		sim_pass(s, s->w->spool[spool].settle_ms / 2);
		if ((s->wished[sim_index(spool, file)] & 1u << WISH_CANCEL) != 0)
			v->again++; /* the other half makes it another one */
	}
	sim_write(s, v, text, in_place);
	if (ready == READY_MARKER) {
		sim_pass(s, sim_int(s, 0, 300));
		sim_mark(s, v);
	}
	free(text);
}

/* The same bytes under a new time. */
static void sim_renew(struct sim *s, struct version *v)
{
	const struct world_file *f = dir_find(s->w->dir[v->spool], v->name);
	if (f == NULL || f->ident.ino != v->ino)
		return;
	char *text = xstrdup(f->text);
	sim_say(s, v->name, "is written anew");
	v->renewed++;
	sim_write(s, v, text, s->w->spool[v->spool].ready == READY_SETTLE);
	if (s->w->spool[v->spool].ready == READY_MARKER)
		sim_mark(s, v);
	free(text);
}

static void sim_touch(struct sim *s, const struct version *v)
{
	struct world_file *f = dir_find(s->w->dir[v->spool], v->name);
	if (f == NULL)
		return;
	sim_say(s, v->name, "has another ctime");
	f->ident.ctime_ns = s->w->now.real_ms * MS_NS + (int64_t)(++s->tick % MS_NS);
}

static void sim_remove(struct sim *s, struct version *v)
{
	struct world_dir *d = s->w->dir[v->spool];
	struct world_file *f = dir_find(d, v->name);
	if (f == NULL)
		return;
	sim_say(s, v->name, "is removed");
	v->there = false;
	dir_unlink(d, f);
	dir_notify(s->w, v->spool, v->name, NAME_GONE);
}

static const char *const result_suffix[] = { ".out", ".err", ".csv", ".json" };

static void sim_take_name(struct sim *s, const struct version *v)
{
	if (s->preciouses == SIM_FILES)
		return;
	struct precious *p = &s->precious[s->preciouses];
	char *name = xasprintf("%s%s", v->name, result_suffix[sim_int(s, 0, 3)]);
	*p = (struct precious){ .spool = v->spool, .there = true };
	(void)snprintf(p->name, sizeof(p->name), "%s", name);
	free(name);
	for (size_t i = 0; i < s->preciouses; i++)
		if (s->precious[i].spool == p->spool && str_eq(s->precious[i].name, p->name))
			return;
	s->preciouses++;
	sim_say(s, p->name, "is somebody else's");
	struct world_file *f = dir_create(s->w, s->w->dir[p->spool], p->name);
	dir_set_text(s->w, f, "precious", 8);
	p->ino = f->ident.ino;
	dir_notify(s->w, p->spool, p->name, NAME_MOVED);
}

static void sim_free_names(struct sim *s)
{
	for (size_t i = 0; i < s->preciouses; i++) {
		struct precious *p = &s->precious[i];
		struct world_file *f = dir_find(s->w->dir[p->spool], p->name);
		if (p->there && f != NULL)
			dir_unlink(s->w->dir[p->spool], f);
		p->there = false;
	}
	s->preciouses = 0;
}

static void sim_lose_result(struct sim *s, const struct version *v)
{
	char *name = xasprintf("%s%s", v->name, result_suffix[sim_int(s, 0, 3)]);
	struct world_dir *d = s->w->dir[v->spool];
	struct world_file *f = dir_find(d, name);
	if (f != NULL && !str_eq(f->text, "precious")) {
		sim_say(s, name, "is removed");
		dir_unlink(d, f);
		dir_notify(s->w, v->spool, name, NAME_GONE);
	}
	free(name);
}

void sim_user(struct sim *s)
{
	size_t spool = (size_t)sim_int(s, 0, (int)s->w->conf.spool_count - 1);
	size_t file = (size_t)sim_int(s, 0, SIM_FILES - 1);
	struct version *v = sim_newest(s, spool, file);
	int what = sim_int(s, 0, 29);
	if (v == NULL || what < 21)
		sim_drop(s, spool, file);
	else if (what < 23)
		sim_renew(s, v);
	else if (what < 25)
		sim_touch(s, v);
	else if (what < 27)
		sim_remove(s, v);
	else if (what < 28)
		sim_take_name(s, v);
	else
		sim_lose_result(s, v);
}

/* ---- servers --------------------------------------------------------------------------------- */

static void sim_restart(struct sim *s, size_t server)
{
	sim_say(s, "the server", "has forgotten everything");
	sim_touched(s, server);
	s->restarted[server] = true;
	s->sign[server] = 0;
	world_forgetful_restart(s->w, server);
	for (int n = sim_int(s, 0, 3); n > 0; n--)
		world_stranger(s->w, server);
	sim_outage(s, server, sim_int(s, 1000, 60000));
}

/* It comes back with all that it had. */
static void sim_recover(struct sim *s, size_t server)
{
	int64_t ms = sim_int(s, 100, 30000);
	sim_say(s, "the server", "has been restarted");
	sim_touched(s, server);
	world_restart(s->w, server, ms + sim_int(s, 0, 30000));
	sim_outage(s, server, ms);
}

enum illness { ILL_DEAD, ILL_COLLECTED, ILL_CLOSED, ILL_LIMP };

static void sim_session_is(struct sim *s, size_t server, enum illness ill)
{
	static const char *const what[] = { "has lost its driver", "is collected",
		"has lost its channel", "has lost its interpreter" };
	struct world_server *sv = &s->w->server[server];
	if (sv->count == 0)
		return;
	size_t n = (size_t)sim_int(s, 0, (int)sv->count - 1);
	if (sv->session[n]->stranger)
		return;
	if (ill == ILL_COLLECTED)
		sim_touched(s, server);
	sim_say(s, sv->session[n]->name == NULL ? "a session" : sv->session[n]->name, what[ill]);
	sv->session[n]->dead = sv->session[n]->dead || ill == ILL_DEAD;
	sv->session[n]->closed = sv->session[n]->closed || ill == ILL_CLOSED;
	sv->session[n]->limp = sv->session[n]->limp || ill == ILL_LIMP;
	if (ill == ILL_COLLECTED)
		world_collect(s->w, server, n);
}

/* Our session is used by somebody else, too. */
static void sim_intruder(struct sim *s, size_t server)
{
	struct world_server *sv = &s->w->server[server];
	for (size_t n = 0; n < sv->count; n++) {
		if (sv->session[n]->starting || sv->session[n]->dead || sv->session[n]->stranger)
			continue;
		sim_say(s, "somebody", "posts to a session of ours");
		sim_touched(s, server);
		world_intrude(s->w, server, n);
	}
	s->aim = AIM_FILE; /* so that it comes before something that is looked for */
	s->aims = 1;
}

static void sim_server(struct sim *s)
{
	size_t server = (size_t)sim_int(s, 0, (int)s->w->conf.endpoint_count - 1);
	switch (sim_int(s, 0, 13)) {
	case 0:
		sim_restart(s, server);
		break;
	case 1:
		sim_intruder(s, server);
		break;
	case 2:
	case 3:
		sim_session_is(s, server, ILL_DEAD);
		break;
	case 4:
		sim_session_is(s, server, ILL_COLLECTED);
		break;
	case 10:
		sim_session_is(s, server, ILL_CLOSED);
		break;
	case 11:
		sim_session_is(s, server, ILL_LIMP);
		break;
	case 12:
		sim_recover(s, server);
		break;
	case 5:
		world_stranger(s->w, server);
		break;
	case 6:
		sim_touched(s, server);
		s->w->server[server].start = (enum world_start)sim_int(s, START_WELL, START_MORTAL);
		break;
	case 7:
		sim_touched(s, server);
		sim_say(s, "a runner", "is another");
		world_runner_is_another(s->w, server);
		break;
	case 8:
		sim_touched(s, server);
		sim_say(s, "a runner", "has forgotten");
		world_runner_forgets(s->w, server);
		break;
	default:
		s->w->server[server].refusal =
		    s->w->server[server].refusal == NULL ? "no disk for it" : NULL;
	}
}

static void sim_network(struct sim *s)
{
	size_t server = (size_t)sim_int(s, 0, (int)s->w->conf.endpoint_count - 1);
	if (sim_chance(s, 50))
		sim_aim(s);
	else if (sim_chance(s, 60))
		sim_storm(s);
	else
		sim_outage(s, server, sim_chance(s, 80) ? sim_int(s, 1000, 120000) : 3600000);
}

/* ---- disks and clocks ------------------------------------------------------------------------ */

static void sim_disk(struct sim *s)
{
	size_t spool = (size_t)sim_int(s, 0, (int)s->w->conf.spool_count - 1);
	struct world_dir *d = s->w->dir[spool];
	switch (sim_int(s, 0, 6)) {
	case 0:
		d->append_err = EIO;
		break;
	case 1:
		d->stage_err = ENOSPC;
		d->expire_err = EIO;
		break;
	case 2:
		d->dispose_err = EIO;
		break;
	case 3:
	case 4:
		d->full = !d->full;
		break;
	case 5:
		d->gone = !d->gone;
		sim_say(s, "the spool", d->gone ? "is unmounted" : "is there again");
		break;
	default:
		d->deaf = !d->deaf;
	}
}

static void sim_clock(struct sim *s)
{
	static const int64_t jump_ms[] = { -86400000, -3600000, -1500, 1500, 3600000, 86400000 };
	int64_t ms = jump_ms[sim_int(s, 0, 5)];
	(void)buf_addf(&s->w->trace, "! the wall clock jumps by %lld\n", (long long)ms);
	s->w->now.real_ms += ms;
	s->jumped = true;
}

/* ---- the daemon ------------------------------------------------------------------------------ */

void sim_begins_anew(struct sim *s)
{
	s->crashed = true;
	for (size_t i = 0; i < WORLD_MAX; i++) {
		s->restarted[i] = false; /* it asks before it believes */
		s->sign[i] = 0;
	}
}

static void sim_crash(struct sim *s)
{
	s->w->power_cut = sim_chance(s, 30);
	if (sim_chance(s, 45)) { /* while a POST is on its way, or soon behind it */
		s->crash_at_post = sim_int(s, 1, 3);
		return;
	}
	if (sim_chance(s, 40)) {
		s->w->crash_op = sim_int(s, 1, 20);
		sim_begins_anew(s);
		return;
	}
	s->w->crash_turn = s->w->turn + (size_t)sim_int(s, 1, 12);
	s->w->crash_point = (size_t)sim_int(s, 0, 5);
	s->w->second_crash = sim_chance(s, 20) ? (size_t)sim_int(s, 1, 20) : 0;
	sim_begins_anew(s);
}

static void sim_stop(struct sim *s)
{
	int64_t end_ms = s->w->now.mono_ms + 25000;
	sim_say(s, "the daemon", "is stopped");
	s->w->crash_turn = s->w->second_crash = 0;
	s->w->crash_op = s->crash_at_post = 0;
	world_stop(s->w);
	while (s->w->now.mono_ms < end_ms && !core_is_done(s->w->core, s->w->now.mono_ms))
		if (world_turn(s->w, end_ms))
			properties_each_turn(s);
	ck_assert_msg(core_is_done(s->w->core, s->w->now.mono_ms), "a stop has no end");
	sim_begins_anew(s);
	world_die(s->w);
	s->down = true;
}

static void sim_start(struct sim *s)
{
	world_start(s->w);
	s->down = false;
	properties_each_turn(s);
}

static void sim_daemon(struct sim *s)
{
	if (sim_chance(s, 75))
		sim_crash(s);
	else
		sim_stop(s);
}

/* ---- all of it ------------------------------------------------------------------------------- */

static int64_t sim_pause_ms(struct sim *s)
{
	static const int most_ms[] = { 0, 0, 0, 100, 300, 300, 1000, 5000, 5000, 10000, 20000,
		30000, 60000, 60000, 300000 };
	return sim_int(s, 0, most_ms[sim_int(s, 0, ARRAY_LEN(most_ms) - 1)]);
}

/* Which of these there are is drawn by the seed: many worlds know only some kinds of trouble. */
void sim_happen(struct sim *s)
{
	static void (*const trouble[])(struct sim *) = { sim_server, sim_network, sim_disk,
		sim_clock, sim_daemon, sim_reconfigure };
	int what = sim_chance(s, 15) ? 1 : sim_int(s, 0, (int)ARRAY_LEN(trouble) + 3);
	int users = sim_chance(s, 40) ? sim_int(s, 2, 4) : 1;
	bool there = what < (int)ARRAY_LEN(trouble) && (s->troubles & 1u << what) != 0;
	if (there && !(s->down && what == 4))
		trouble[what](s);
	else
		while (users-- > 0)
			sim_user(s);
	if (s->asked)
		people_may_ask(s);
	sim_pass(s, sim_pause_ms(s));
	if (s->down && sim_chance(s, 40))
		sim_start(s);
}

void sim_mend(struct sim *s)
{
	struct world *w = s->w;
	sim_say(s, "all", "is mended");
	s->mended = true;
	s->aims = 0;
	sim_free_names(s);
	w->crash_turn = w->second_crash = 0;
	w->crash_op = s->crash_at_post = 0;
	for (size_t i = 0; i < WORLD_MAX; i++) {
		struct world_dir *d = w->dir[i];
		w->spool[i].removed = false;
		w->spool[i].pause_on = 0;
		d->gone = d->full = false;
		d->append_err = d->stage_err = d->dispose_err = d->expire_err = 0;
		s->outage[i].end_ms = 0;
		w->server[i].start = START_WELL;
		w->server[i].refusal = NULL;
		w->server[i].sessions_max = 0;
	}
	/* Nobody waits for a day that was there already. */
	if (s->ruled && w->now.real_ms < s->latest_ms)
		w->now.real_ms = s->latest_ms;
	if (s->down)
		sim_start(s);
	else
		world_reload(w);
}
