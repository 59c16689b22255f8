/* export: a file for others to read, replaced as a whole. */
#include "edge/export.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int export_put(int fd, struct bytes text)
{
	while (text.n > 0) {
		ssize_t n = write(fd, text.p, text.n);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno;
		text.p += n;
		text.n -= (size_t)n;
	}
	/* Whoever collects it is another user, whatever our umask says. */
	return fchmod(fd, 0644) == 0 ? 0 : errno;
}

static int export_write(const char *tmp, const char *path, struct bytes text)
{
	/* What an earlier life has left there half written is ours, and a link is nobody's. */
	if (unlink(tmp) != 0 && errno != ENOENT)
		return errno;
	int fd = open(tmp, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
	if (fd < 0)
		return errno;
	int err = export_put(fd, text);
	if (close(fd) != 0 && err == 0)
		err = errno;
	if (err == 0 && rename(tmp, path) != 0)
		err = errno;
	if (err != 0)
		(void)unlink(tmp);
	return err;
}

void export_perform(const struct fx_export *fx, struct evq *q)
{
	const char *slash = strrchr(fx->path, '/');
	int dir = slash == NULL ? 0 : (int)(slash + 1 - fx->path);
	char *tmp = xasprintf("%.*s.%s.new", dir, fx->path, fx->path + dir);
	struct ev_exported *ev = &evq_add(q, EV_EXPORTED)->u.exported;
	ev->what = fx->what;
	ev->path = arena_strdup(&q->arena, fx->path);
	ev->err = export_write(tmp, fx->path, fx->text);
	free(tmp);
}
