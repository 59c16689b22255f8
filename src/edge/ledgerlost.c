/* ledgerlost: whether there was another ledger before this one, and what an operator says of that. */
#include "edge/ledger_int.h"

#include "base/log.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define INSTANCE_FILE "instance" /* beside the ledger: whoever loses that one still has this */
#define RELEASE_FILE "release"

/* Whatever stands in it, that it is there says that there was a ledger; a link is there, too. */
int ledger_earlier(int dir, char id[LEDGER_ID_TEXT_LEN])
{
	int fd = openat(dir, INSTANCE_FILE, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	ssize_t n = 0;
	int err = errno;

	id[0] = '\0';
	if (fd < 0 && err != ELOOP)
		return err == ENOENT ? 0 : -1;
	if (fd >= 0) {
		n = read(fd, id, LEDGER_ID_TEXT_LEN - 1);
		err = errno;
		close(fd);
	}
	errno = err;
	if (n < 0)
		return -1;
	id[n] = '\0';
	id[strspn(id, "0123456789abcdef")] = '\0';
	if (id[0] == '\0')
		snprintf(id, LEDGER_ID_TEXT_LEN, "unknown");
	return 0;
}

static int instance_write(const struct ledger *l, int dir)
{
	const int flags = O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC;
	int fd = openat(dir, INSTANCE_FILE ".new", flags, 0600);
	char text[LEDGER_ID_TEXT_LEN + 1];
	int n = snprintf(text, sizeof text, "%s\n", l->instance);
	bool good = fd >= 0 && write(fd, text, (size_t)n) == n && fsync(fd) == 0;

	if (fd >= 0)
		good = close(fd) == 0 && good;
	return good && renameat(dir, INSTANCE_FILE ".new", dir, INSTANCE_FILE) == 0 &&
		       fsync(dir) == 0
		   ? 0
		   : -1;
}

/* It is no reason not to start: without it only a loss goes unnoticed, and only until the next start. */
void ledger_note_instance(const struct ledger *l, int dir)
{
	char id[LEDGER_ID_TEXT_LEN];

	if (ledger_earlier(dir, id) != 0 ||
	    (!str_eq(id, l->instance) && instance_write(l, dir) != 0))
		log_warn("%s: the file " INSTANCE_FILE
			 " beside it cannot be read or written: %s; should the "
			 "ledger be lost, that would not show",
		    l->path, strerror(errno));
}

bool ledger_is_anew(const struct ledger *l)
{
	return l->anew;
}

/* Beside the ledger, whose path is the only one that outlives the opening. */
static char *release_path(const struct ledger *l)
{
	return xasprintf("%.*s/" RELEASE_FILE, (int)(strrchr(l->path, '/') - l->path), l->path);
}

bool ledger_wants_release(const struct ledger *l)
{
	char *path = release_path(l);
	bool there = faccessat(AT_FDCWD, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0;

	free(path);
	return there;
}

/* The file goes last: what fails before is done again at the next start. */
void ledger_released(struct ledger *l)
{
	char *path = release_path(l);
	int rc = sqlite3_exec(l->db, "DELETE FROM meta WHERE key = 'earlier'", NULL, NULL, NULL);
	struct buf words;

	buf_init(&words, LEDGER_WORDS_BYTES_MAX);
	if (rc != SQLITE_OK)
		ledger_explain(l, rc, &words);
	else if (unlink(path) != 0 && errno != ENOENT)
		buf_addf(&words, "%s: %s", path, strerror(errno));
	if (words.len > 0)
		log_error(
		    "%s; what is held was let go, and will be again at the next start", words.data);
	else
		l->anew = false;
	buf_fini(&words);
	free(path);
}
