/* script: what is known of a file that runs as a process in a session's runner. */
#include "core/script.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* A look costs the session a statement, so it is as frequent as a person would notice and no more;
 * the ceiling bounds how late a long run's end is seen. */
#define PAUSE_FLOOR_MS 50
#define PAUSE_CEILING_MS 120000
#define NAME_BYTES_MAX 1024
#define DEPTH_MAX 30 /* edge/output makes a few more */
#define FILES_PREFIX "files/"
#define BYTES_MAX (INT64_MAX / 4) /* said to be cut: sums of such numbers are numbers */

struct script *script_new(int64_t now_ms)
{
	struct script *sc = xcalloc(1, sizeof(*sc));
	sc->since_ms = sc->due_ms = now_ms;
	sc->limit_ms = INT64_MAX;
	/* The two that every script has come first, so that their parts have the same numbers always. */
	script_part(sc, "out");
	script_part(sc, "err");
	return sc;
}

void script_free(struct script *sc)
{
	if (sc == NULL)
		return;
	for (size_t i = 0; i < sc->part_count; i++) {
		free(sc->part[i].head);
		free(sc->part[i].name);
	}
	free(sc->part);
	free(sc->report);
	free(sc->lost_why);
	free(sc->modules);
	free(sc->modules_hash);
	free(sc);
}

/* Forward, or from BAR to wherever the runner says that it is. */
void script_move(struct script *sc, enum script_phase to, int64_t now_ms)
{
	assert(to > sc->phase);
	sc->phase = to;
	sc->since_ms = now_ms;
}

static bool script_name_is_plain(const char *name)
{
	static const char *const known[] = { "out", "err", "csv" };
	for (size_t i = 0; i < ARRAY_LEN(known); i++)
		if (strcmp(name, known[i]) == 0)
			return true;
	size_t digits = strspn(name, "0123456789");
	return digits > 0 && digits <= 3 && strcmp(name + digits, ".png") == 0;
}

/* Each piece between slashes is a name, and none leads upwards. Hidden ones stay: what a program
 * leaves in its own directory is its own business, and the directory is ours. */
static bool script_name_is_below(const char *name)
{
	size_t prefix = strlen(FILES_PREFIX);
	if (strncmp(name, FILES_PREFIX, prefix) != 0 || strlen(name) > NAME_BYTES_MAX)
		return false;
	int depth = 0;
	for (const char *p = name + prefix;; p++) {
		size_t n = strcspn(p, "/");
		if (++depth > DEPTH_MAX || n == 0 || n > 255 || (n == 1 && p[0] == '.') ||
		    (n == 2 && p[0] == '.' && p[1] == '.'))
			return false;
		p += n;
		if (*p == '\0')
			return true;
	}
}

struct script_part *script_part(struct script *sc, const char *name)
{
	for (size_t i = 0; i < sc->part_count; i++)
		if (strcmp(sc->part[i].name, name) == 0)
			return &sc->part[i];
	if (sc->part_count == SCRIPT_PARTS_MAX ||
	    !(script_name_is_plain(name) || script_name_is_below(name)))
		return NULL;
	/* Nothing that a program names outside of its own directory gets here: names come from
	 * whoever wrote the file, and become names in a spool that others read. */
	sc->part = xrealloc(sc->part, (sc->part_count + 1) * sizeof(*sc->part));
	struct script_part *part = &sc->part[sc->part_count++];
	*part = (struct script_part){ .name = xstrdup(name) };
	return part;
}

static bool script_is_file(const struct script_part *part)
{
	return strncmp(part->name, FILES_PREFIX, strlen(FILES_PREFIX)) == 0;
}

static bool script_is_picture(const struct script_part *part)
{
	return str_ends_with(part->name, ".png");
}

/* ---- limits ---------------------------------------------------------------------------------- */

/* What others of its kind leave it of their limit. */
static int64_t script_limit(
    const struct script *sc, const struct script_part *part, const struct conf_spool *spool)
{
	bool files = script_is_file(part);
	if (!files && !script_is_picture(part))
		return spool->output_bytes_max;
	int64_t max = files ? spool->files_bytes_max : SCRIPT_PICTURES_MAX;
	for (size_t i = 0; i < sc->part_count && max > 0; i++) {
		const struct script_part *other = &sc->part[i];
		if (other != part && script_is_file(other) == files &&
		    (files || script_is_picture(other)))
			max -= other->bytes;
	}
	return max;
}

static void script_cut(struct script_part *part, int64_t bytes)
{
	part->cut = bytes < BYTES_MAX - part->cut ? part->cut + bytes : BYTES_MAX;
}

void script_tell(const struct script *sc, struct script_part *part, int64_t bytes, int64_t cut,
    const struct conf_spool *spool)
{
	int64_t max = script_limit(sc, part, spool);
	assert(bytes >= 0 && cut >= 0);
	max = max > part->at ? max : part->at;
	part->bytes = bytes < max ? bytes : max;
	part->cut = 0;
	script_cut(part, cut);
	script_cut(part, bytes - part->bytes);
}

size_t script_take(
    const struct script *sc, struct script_part *part, size_t bytes, const struct conf_spool *spool)
{
	int64_t max = script_limit(sc, part, spool);
	int64_t room = max > part->at ? max - part->at : 0;
	size_t taken = (uint64_t)room < bytes ? (size_t)room : bytes;
	int64_t end = part->at + (int64_t)taken;
	/* Of bytes that were told, it is known already that they are cut. */
	if (taken < bytes && part->cut == 0)
		script_cut(part, (int64_t)(bytes - taken));
	part->bytes = part->bytes > end ? part->bytes : end;
	return taken;
}

/* A file may draw a thousand of them; a page shows some. */
static size_t script_head_max(const struct script *sc, const struct script_part *part)
{
	size_t others = 0;
	if (script_is_file(part))
		return 0;
	if (!script_is_picture(part))
		return SCRIPT_HEAD_BYTES;
	for (size_t i = 0; i < sc->part_count; i++)
		if (script_is_picture(&sc->part[i]) && &sc->part[i] != part)
			others += sc->part[i].head_bytes;
	return others + SCRIPT_PICTURE_BYTES <= SCRIPT_PICTURES_BYTES ? SCRIPT_PICTURE_BYTES : 0;
}

/* Pieces come in order, and again from the start when an append has failed. */
void script_keep(const struct script *sc, struct script_part *part, struct bytes piece)
{
	if (part->at == 0)
		part->head_bytes = 0;
	assert(part >= sc->part && part < sc->part + sc->part_count);
	size_t max = script_head_max(sc, part);
	/* A piece that is not the next one is left out: a page shows a beginning, not a text with a
	 * hole. */
	if (part->at != (int64_t)part->head_bytes || part->head_bytes >= max)
		return;
	size_t n = piece.n < max - part->head_bytes ? piece.n : max - part->head_bytes;
	part->head = xrealloc(part->head, part->head_bytes + n);
	memcpy(part->head + part->head_bytes, piece.p, n);
	part->head_bytes += n;
}

/* Appended is not yet on disk: that is what FX_STAGE does, and only then the runner is told to
 * forget. */
bool script_is_fetched(const struct script *sc)
{
	for (size_t i = 0; i < sc->part_count; i++)
		if (sc->part[i].busy || sc->part[i].at < sc->part[i].bytes)
			return false;
	return true;
}

int64_t script_pause_ms(const struct script *sc, int64_t now_ms)
{
	int64_t ms = (now_ms - sc->since_ms) / 8;
	if (ms < PAUSE_FLOOR_MS)
		return PAUSE_FLOOR_MS;
	return ms < PAUSE_CEILING_MS ? ms : PAUSE_CEILING_MS;
}
