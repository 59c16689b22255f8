/* tail: a result that grows under a hidden name, and has another in the end. */
#include "cli/tail.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define PIECE_BYTES 65536

void tail_init(struct tail *t)
{
	*t = (struct tail){ .fd = -1 };
}

void tail_fini(struct tail *t)
{
	if (t->fd != -1)
		close(t->fd);
	free(t->path);
	tail_init(t);
}

void tail_again(struct tail *t)
{
	tail_fini(t);
}

/* The same file under its last name goes on where it was. */
static bool begin(struct tail *t, const char *path)
{
	struct stat st;
	/* The directory is one that others may write: nothing that was laid there is waited for or
	 * followed. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);

	if (fd == -1)
		return false;
	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
		close(fd);
		errno = EINVAL;
		return false;
	}
	if (t->fd != -1)
		close(t->fd);
	free(t->path);
	t->path = xstrdup(path);
	t->fd = fd;
	return true;
}

bool tail_more(
    struct tail *t, const char *path, void (*show)(const char *p, size_t n, void *arg), void *arg)
{
	char piece[PIECE_BYTES];
	ssize_t n;

	if (!str_eq(t->path, path) && !begin(t, path))
		return false;
	/* By our own count: the file is renamed while it is read, and stays the same file. */
	while ((n = pread(t->fd, piece, sizeof(piece), (off_t)t->bytes)) > 0) {
		show(piece, (size_t)n, arg);
		t->bytes += n;
		t->open_line = piece[n - 1] != '\n';
	}
	return true;
}
