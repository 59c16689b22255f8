/* spool_modules: the helper modules of a spool, a directory read whole, as the runner takes them.
 *
 * Every regular file counts, data that modules read beside them too; hidden names and Python's own
 * __pycache__ do not. A link is refused and not left out: a module that is missing shows only when
 * somebody's file imports it. Nothing is followed, so nothing outside is read. */
#include "edge/spool_int.h"

#include "base/buf.h"
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sha2.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FILES_MAX 1000
#define DIRS_MAX 1000
#define DEPTH_MAX 8

struct module {
	const char *name; /* "pkg/mod.py" */
	const char *data;
	size_t n;
};

/* A walk under way; all that it collects is of its own arena. */
struct walk {
	const struct fx_read *fx;
	struct arena arena;
	struct module item[FILES_MAX];
	size_t count;
	size_t dirs;
	int64_t bytes;
	int err;
	char *why; /* malloc'ed, with err */
};

/* The first reason stays. What `name` is below the directory, "" for itself, and what to do. */
static bool refuse(struct walk *w, int err, const char *name, const char *words)
{
	if (w->err == 0) {
		w->err = err;
		w->why = xasprintf("the directory of modules %s: %s%s%s", w->fx->modules, name,
		    name[0] == '\0' ? "" : " ", words);
	}
	return false;
}

static bool refuse_errno(struct walk *w, int err, const char *name)
{
	char *words = xasprintf("cannot be read: %s", strerror(err));

	refuse(w, err, name, words);
	free(words);
	return false;
}

/* Whoever may write it would run code in the name of each file's owner. */
static bool is_private(struct walk *w, const struct stat *st, const char *name)
{
	if (!w->fx->private_only || (st->st_mode & 022) == 0)
		return true;
	return refuse(w, EPERM, name,
	    "may be written by its group or others, and would run as the owners of files: "
	    "chmod go-w");
}

/* ---- a file -------------------------------------------------------------------------------- */

static bool is_same_state(const struct stat *a, const struct stat *b)
{
	return a->st_size == b->st_size && a->st_mtim.tv_sec == b->st_mtim.tv_sec &&
	       a->st_mtim.tv_nsec == b->st_mtim.tv_nsec && a->st_ctim.tv_sec == b->st_ctim.tv_sec &&
	       a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

/* As many as there are, up to n; -1 with errno. */
static ssize_t read_up_to(int fd, char *p, size_t n)
{
	size_t len = 0;

	while (len < n) {
		ssize_t got = read(fd, p + len, n - len);

		if (got == -1 && errno == EINTR)
			continue;
		if (got == -1)
			return -1;
		if (got == 0)
			break;
		len += (size_t)got;
	}
	return (ssize_t)len;
}

/* A deployment may be under way: half a module is worse than a later one. */
static bool read_whole(struct walk *w, int fd, const struct stat *st, const char *name)
{
	size_t size = (size_t)st->st_size;
	/* One byte more than expected, so that growth shows. */
	char *p = arena_take(&w->arena, xmalloc(size + 1));
	ssize_t n = read_up_to(fd, p, size + 1);
	struct stat now;

	if (n == -1 || fstat(fd, &now) == -1)
		return refuse_errno(w, errno, name);
	if ((size_t)n != size || !is_same_state(st, &now))
		return refuse(w, EAGAIN, name, "was changed while it was read");
	w->item[w->count++] = (struct module){ .name = name, .data = p, .n = size };
	w->bytes += st->st_size;
	return true;
}

static bool take_open(struct walk *w, int fd, const char *name)
{
	struct stat st;
	char *words;

	if (fstat(fd, &st) == -1)
		return refuse_errno(w, errno, name);
	if (!S_ISREG(st.st_mode))
		return refuse(w, EAGAIN, name, "was replaced while it was read");
	if (!is_private(w, &st, name))
		return false;
	if (st.st_size <= w->fx->modules_bytes_max - w->bytes)
		return read_whole(w, fd, &st, name);
	words = xasprintf(
	    "holds more than %" PRId64 " bytes: is all of it needed?", w->fx->modules_bytes_max);
	refuse(w, EFBIG, "", words);
	free(words);
	return false;
}

static bool take_file(struct walk *w, int dir, const char *base, const char *name)
{
	bool ok;
	int fd;

	if (w->count == FILES_MAX)
		return refuse(w, E2BIG, "", "holds more than 1000 files: is all of it needed?");
	fd = openat(dir, base, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd == -1 && errno == ENOENT)
		return true; /* it has gone a moment ago */
	if (fd == -1)
		return refuse_errno(w, errno, name);
	ok = take_open(w, fd, name);
	close(fd);
	return ok;
}

/* ---- a directory --------------------------------------------------------------------------- */

static bool walk_dir(struct walk *w, int fd, const char *name, int depth);

static bool take_dir(struct walk *w, int dir, const char *base, const char *name, int depth)
{
	int fd;

	if (depth == DEPTH_MAX || ++w->dirs > DIRS_MAX)
		return refuse(w, E2BIG, name,
		    "is one directory too many (8 deep, 1000 in all): is all of it needed?");
	fd = openat(dir, base, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd == -1 && errno == ENOENT)
		return true;
	return fd == -1 ? refuse_errno(w, errno, name) : walk_dir(w, fd, name, depth + 1);
}

static bool take_entry(struct walk *w, int dir, const char *base, const char *in, int depth)
{
	const char *name = in[0] == '\0' ? arena_strdup(&w->arena, base)
					 : arena_printf(&w->arena, "%s/%s", in, base);
	struct stat st;

	if (fstatat(dir, base, &st, AT_SYMLINK_NOFOLLOW) == -1)
		return errno == ENOENT || refuse_errno(w, errno, name);
	switch (st.st_mode & S_IFMT) {
	case S_IFREG:
		return take_file(w, dir, base, name);
	case S_IFDIR:
		return take_dir(w, dir, base, name, depth);
	case S_IFLNK:
		return refuse(w, ELOOP, name,
		    "is a symbolic link, which is not followed: put the file itself there");
	default:
		return true; /* nothing that could be imported */
	}
}

static bool is_left_out(const char *base)
{
	return base[0] == '.' || str_eq(base, "__pycache__");
}

static bool walk_list(struct walk *w, DIR *list, const char *name, int depth)
{
	for (;;) {
		const struct dirent *entry;

		/* Only errno tells the end of a directory from an error. */
		errno = 0;
		entry = readdir(list);
		if (entry == NULL)
			return errno == 0 || refuse_errno(w, errno, name);
		if (!is_left_out(entry->d_name) &&
		    !take_entry(w, dirfd(list), entry->d_name, name, depth))
			return false;
	}
}

/* Takes fd over. */
static bool walk_dir(struct walk *w, int fd, const char *name, int depth)
{
	DIR *list = fdopendir(fd);
	struct stat st;
	bool ok;

	if (list == NULL) {
		refuse_errno(w, errno, name);
		close(fd);
		return false;
	}
	ok = fstat(fd, &st) == 0 ? is_private(w, &st, name) : refuse_errno(w, errno, name);
	ok = ok && walk_list(w, list, name, depth);
	closedir(list);
	return ok;
}

/* The path is the administrator's: it may be a link to the release in force. */
static bool walk_top(struct walk *w)
{
	int err, fd = open(w->fx->modules, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	char *words;

	if (fd != -1)
		return walk_dir(w, fd, "", 0);
	err = errno;
	words = xasprintf("%s; files that may need it wait until it can be read, or until the "
			  "spool's `modules` names another",
	    strerror(err));
	refuse(w, err, "", words);
	free(words);
	return false;
}

/* ---- JSON, in ASCII ------------------------------------------------------------------------ */

/* By its first byte; 0: none begins so. */
static int char_len(unsigned char first)
{
	if (first < 0x80)
		return 1;
	if (first < 0xc0 || first >= 0xf8)
		return 0;
	return first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
}

/* The next character of UTF-8, or -1: it is none. */
static int32_t next_char(const unsigned char **s)
{
	static const int32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	const unsigned char *p = *s;
	int len = char_len(*p);
	int32_t c = len <= 1 ? *p : *p & (0x7f >> len);

	for (int i = 1; i < len; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return -1;
		c = c << 6 | (p[i] & 0x3f);
	}
	if (len == 0 || c < least[len] || c > 0x10ffff || (c >= 0xd800 && c < 0xe000))
		return -1;
	*s = p + len;
	return c;
}

static bool put_name(struct buf *out, const char *name)
{
	for (const unsigned char *s = (const unsigned char *)name; *s != '\0';) {
		int32_t c = next_char(&s);

		if (c == -1)
			return false;
		if (c >= 0x10000)
			buf_addf(out, "\\u%04x\\u%04x", 0xd800 + (unsigned)(c - 0x10000) / 0x400,
			    0xdc00 + (unsigned)(c - 0x10000) % 0x400);
		else if (c < 0x20 || c > 0x7e || c == '"' || c == '\\')
			buf_addf(out, "\\u%04x", (unsigned)c);
		else
			buf_addc(out, (char)c);
	}
	return true;
}

static void put_base64(struct buf *out, const char *data, size_t n)
{
	static const char digit[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const unsigned char *p = (const unsigned char *)data;

	for (size_t i = 0; i < n; i += 3) {
		size_t left = n - i < 3 ? n - i : 3;
		unsigned bits = (unsigned)p[i] << 16 | (left > 1 ? (unsigned)p[i + 1] << 8 : 0) |
				(left > 2 ? p[i + 2] : 0);
		char four[4] = { digit[bits >> 18], digit[bits >> 12 & 63],
			left > 1 ? digit[bits >> 6 & 63] : '=', left > 2 ? digit[bits & 63] : '=' };

		buf_add(out, four, sizeof(four));
	}
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct module *)a)->name, ((const struct module *)b)->name);
}

/* Room for a name of nothing but escapes, and for the syntax around it. */
static size_t text_bytes_max(const struct walk *w)
{
	size_t n = 3;

	for (size_t i = 0; i < w->count; i++)
		n += 6 * strlen(w->item[i].name) + (w->item[i].n + 2) / 3 * 4 + 32;
	return n;
}

/* Sorted, so that the same files are the same text, and the text has the same hash. */
static bool put_all(struct walk *w, struct buf *out)
{
	qsort(w->item, w->count, sizeof(w->item[0]), by_name);
	buf_addc(out, '[');
	for (size_t i = 0; i < w->count; i++) {
		buf_adds(out, i == 0 ? "{\"name\":\"" : ",{\"name\":\"");
		if (!put_name(out, w->item[i].name))
			return refuse(w, EILSEQ, w->item[i].name,
			    "has a name that is not UTF-8: rename or remove it");
		buf_adds(out, "\",\"data\":\"");
		put_base64(out, w->item[i].data, w->item[i].n);
		buf_adds(out, "\"}");
	}
	return buf_addc(out, ']') == 0;
}

int spool_modules_read(const struct fx_read *fx, struct ev_read *ev, struct arena *a)
{
	struct walk *w = xcalloc(1, sizeof(*w));
	char hash[SHA256_TEXT_LEN];
	struct buf text;
	int err;

	w->fx = fx;
	arena_init(&w->arena);
	if (walk_top(w)) {
		buf_init(&text, text_bytes_max(w));
		if (put_all(w, &text)) {
			SHA256Data((const uint8_t *)text.data, text.len, hash);
			ev->modules_hash = arena_strdup(a, hash);
			ev->modules.p = arena_take(a, buf_steal(&text, &ev->modules.n));
		}
		buf_fini(&text);
	}
	err = w->err;
	ev->why = arena_take(a, w->why);
	arena_fini(&w->arena);
	free(w);
	return err;
}
