/* spool_record: reads the record beside an input, by a stranger or not. */
#include "edge/spool_int.h"

#include "base/fsop.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* All that is there, up to a size that it is said to have. */
static struct bytes read_to_end(int fd, size_t size, struct arena *a)
{
	char *p = arena_take(a, xmalloc(size + 1));
	size_t len = 0;

	while (len < size) {
		ssize_t n = read(fd, p + len, size - len);

		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return (struct bytes){ 0 };
		if (n == 0)
			break;
		len += (size_t)n;
	}
	p[len] = '\0';
	return (struct bytes){ .p = p, .n = len };
}

/* By what a stranger writes another's file would be done. */
static bool is_strangers(int dir, const char *name, const struct stat *record)
{
	const char *dot = strrchr(name, '.');
	char *input = xstrndup(name, dot == NULL ? 0 : (size_t)(dot - name));
	struct stat st;
	bool strangers =
	    spool_stat(dir, input, &st) == 0 && fsop_is_strangers(dir, record, st.st_uid);

	free(input);
	return strangers;
}

/* Looks first: to open a device is to do something with it. */
void spools_record(struct spools *s, const struct fx_record *fx, struct evq *q)
{
	const int flags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
	struct ev_record *ev = &evq_add(q, EV_RECORD)->u.record;
	int fd, dir = spools_dirfd(s, fx->spool);
	struct stat st;

	ev->spool = fx->spool;
	ev->name = arena_strdup(&q->arena, fx->name);
	if (dir == -1 || spool_stat(dir, fx->name, &st) == -1 || !S_ISREG(st.st_mode))
		return;
	fd = openat(dir, fx->name, flags);
	if (fd == -1)
		return;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size <= fx->bytes_max &&
	    !(fx->proof && is_strangers(dir, fx->name, &st)))
		ev->text = read_to_end(fd, (size_t)st.st_size, &q->arena);
	close(fd);
}
