/* output_publish: the old results go, the new ones get their names, the record comes last. */
#include "edge/output_int.h"

#include "base/fsop.h"
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

struct publishing {
	int dir;
	const struct fx_publish *fx;
	struct output_place at;
	const char *why; /* the name in question, its first why_len bytes */
	size_t why_len;
};

static void ask_about(struct publishing *pub, const char *name)
{
	pub->why = name;
	pub->why_len = strlen(name);
}

static int enter(struct publishing *pub, const char *name, const struct ident *like)
{
	size_t bad_len = 0;
	int err = output_place_enter(&pub->at, name, strlen(name), like, &bad_len);

	if (err == EEXIST)
		pub->why_len = bad_len;
	return err;
}

/* ---- the old ones -------------------------------------------------------------------------- */

/* A result that somebody has replaced is not ours any more. */
static int remove_old(struct publishing *pub, const struct out_file *old)
{
	struct output_place *at = &pub->at;
	struct stat st;
	int err;

	ask_about(pub, old->name);
	/* The ledger may have been touched: a name that was never ours is nobody's to remove. */
	if (output_name_check(old->name) != 0)
		return 0;
	err = enter(pub, old->name, NULL);
	if (err != 0)
		return err == ENOENT ? 0 : err;
	at->changed = true; /* perhaps by an attempt that was killed before it was synced */
	if (fstatat(at->dir, at->leaf, &st, AT_SYMLINK_NOFOLLOW) == -1)
		return errno == ENOENT ? 0 : errno;
	if (!S_ISREG(st.st_mode) || st.st_ino != old->ino)
		return 0;
	if (unlinkat(at->dir, at->leaf, 0) == -1 && errno != ENOENT)
		return errno;
	return 0;
}

/* The old record goes first, for good: it must not speak of files that are not its own. Then the
 * others, for good as well: a power cut that keeps the first new name, and by that says that all this
 * is done, must not bring an old one back. */
static int remove_all_old(struct publishing *pub)
{
	const struct fx_publish *fx = pub->fx;
	int err = 0;

	for (size_t i = fx->old_count; err == 0 && i-- > 0;) {
		err = remove_old(pub, &fx->old[i]);
		if (err == 0 && i == fx->old_count - 1)
			err = fsop_sync_dir(pub->dir);
	}
	if (err == 0)
		err = output_remove_dirs(&pub->at, fx->old, fx->old_count);
	if (err == 0)
		err = output_place_leave(&pub->at);
	return err != 0 || fx->old_count < 2 ? err : fsop_sync_dir(pub->dir);
}

/* ---- the new ones -------------------------------------------------------------------------- */

/* 0: it lies where it belongs, under its final name. ENOENT: it does not. */
static int find_placed(struct publishing *pub, const struct out_file *file)
{
	struct output_place *at = &pub->at;
	struct stat st;
	int err = enter(pub, file->name, NULL);

	if (err == 0)
		err = output_err(fstatat(at->dir, at->leaf, &st, AT_SYMLINK_NOFOLLOW));
	if (err != 0)
		return err;
	/* Whether it was synced there before the crash, nobody knows. */
	at->changed = true;
	return st.st_ino == file->ino ? 0 : ENOENT;
}

/* Its directory has gone on the way: that is not the loss of the file. */
static int not_lost(int err)
{
	return err == ENOENT ? EAGAIN : err;
}

static int place(struct publishing *pub, const struct out_file *file)
{
	struct stat st;
	int err;

	ask_about(pub, file->name);
	if (fstatat(pub->dir, file->tmp, &st, AT_SYMLINK_NOFOLLOW) == -1) {
		err = errno;
		/* Already where it belongs, by an attempt before a crash. */
		return err == ENOENT ? find_placed(pub, file) : err;
	}
	if (st.st_ino != file->ino) {
		ask_about(pub, file->tmp);
		return ENOENT;
	}
	/* What it was given when it was staged: its directories get the same. */
	const struct ident like = { .uid = st.st_uid, .gid = st.st_gid, .mode = st.st_mode };
	err = not_lost(enter(pub, file->name, &like));
	if (err != 0)
		return err;
	pub->at.changed = true;
	err = fsop_rename_new(pub->dir, file->tmp, pub->at.dir, pub->at.leaf);
	return pub->at.dir == pub->dir ? err : not_lost(err);
}

static bool has_dirs(const struct fx_publish *fx)
{
	bool has = false;

	for (size_t i = 0; i < fx->count; i++)
		has = has || strchr(fx->file[i].name, '/') != NULL;
	return has;
}

/* The last one is the record: when it is there, all must be there. */
static int place_all(struct publishing *pub)
{
	const struct fx_publish *fx = pub->fx;
	int err = 0;

	for (size_t i = 0; err == 0 && i < fx->count; i++) {
		if (i == fx->count - 1)
			err = output_place_leave(&pub->at);
		if (err == 0 && i == fx->count - 1)
			err = fsop_sync_dir(pub->dir);
		if (err == 0)
			err = place(pub, &fx->file[i]);
	}
	if (err == 0)
		err = output_place_leave(&pub->at);
	if (err == 0 && has_dirs(fx))
		output_drop_hidden_dir(&pub->at.whose);
	return err != 0 ? err : fsop_sync_dir(pub->dir);
}

/* Once the first new file is visible the old ones are gone, and a file system may have given
 * their inodes to somebody else's. */
static bool is_begun(struct publishing *pub)
{
	return pub->fx->count > 0 && find_placed(pub, &pub->fx->file[0]) == 0;
}

static int check_names(struct publishing *pub)
{
	int err = 0;

	for (size_t i = 0; err == 0 && i < pub->fx->count; i++) {
		ask_about(pub, pub->fx->file[i].name);
		err = output_name_check(pub->fx->file[i].name);
	}
	return err;
}

static int publish(struct publishing *pub)
{
	int err = check_names(pub);

	if (err == 0 && !is_begun(pub))
		err = remove_all_old(pub);
	if (err == 0)
		err = place_all(pub);
	/* After an error something may still be open. */
	(void)output_place_leave(&pub->at);
	return err;
}

void output_publish(int dir, const struct fx_publish *fx, struct evq *q)
{
	struct ev_published *ev = &evq_add(q, EV_PUBLISHED)->u.published;
	const struct output_whose whose = { .spool = dir, .job = fx->job, .uid = fx->uid };
	struct publishing pub = { .dir = dir, .fx = fx, .at = output_place_of(&whose) };

	ev->job = fx->job;
	ev->err = dir == -1 ? ENODEV : publish(&pub);
	/* The effect's strings do not live as long as the event's. */
	if (ev->err != 0 && pub.why != NULL)
		ev->why = arena_dup(&q->arena, pub.why, pub.why_len);
}
