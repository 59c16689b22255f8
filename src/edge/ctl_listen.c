/* ctl_listen: the socket of the control protocol, and who comes to it. */
#include "edge/ctl_int.h"

#include "base/log.h"
#include "base/userns.h"
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define GROUPS_MAX 65536 /* of a process, by Linux */
#define GROUP_BYTES_MAX (1 << 20)
#define BACKLOG 64

/* ---- the socket ----------------------------------------------------------------------------- */

/* 108 bytes with the NUL, by unix(7): a longer path would be cut, and the socket would lie
 * somewhere else. */
static int address_of(const char *path, struct sockaddr_un *address)
{
	if (strlen(path) >= sizeof(address->sun_path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	*address = (struct sockaddr_un){ .sun_family = AF_UNIX };
	memcpy(address->sun_path, path, strlen(path));
	return 0;
}

/* Whether somebody listens there: only that tells a socket in use from one that a crash has
 * left. */
static int connect_to(const char *path)
{
	struct sockaddr_un address;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int rc = fd < 0 ? -1 : address_of(path, &address);

	if (rc == 0)
		rc = connect(fd, (struct sockaddr *)&address, sizeof(address));
	if (rc < 0 && errno == EAGAIN)
		rc = 0; /* its queue is full: then somebody has made one */
	if (fd >= 0)
		close(fd);
	return rc;
}

void ctl_remove(const char *path)
{
	if (unlink(path) != 0 && errno != ENOENT)
		log_warn("event=control-left file=%s error=\"%s\"", path, strerror(errno));
}

/* Under another name first: whoever opens the old name finds one that listens, or none. */
static int bind_at(int fd, const char *path)
{
	struct sockaddr_un address;
	char *tmp = xasprintf("%s.new", path);
	int rc = address_of(tmp, &address);

	if (rc == 0)
		ctl_remove(tmp); /* left by a crash; whether it is in the way, bind tells */
	if (rc == 0)
		rc = bind(fd, (struct sockaddr *)&address, sizeof(address));
	if (rc == 0)
		/* Everybody may connect: who somebody is the kernel says, and what he may do is
		 * decided by that. */
		rc = chmod(tmp, 0666);
	if (rc == 0)
		rc = listen(fd, BACKLOG);
	if (rc == 0)
		rc = rename(tmp, path);
	free(tmp);
	return rc;
}

int ctl_make_dir(const char *run_dir)
{
	/* Others must get through it to the socket, whatever the umask. */
	int rc = mkdir(run_dir, 0755);
	if (rc == 0)
		rc = chmod(run_dir, 0755);
	return rc != 0 && errno != EEXIST ? -1 : 0;
}

static int listen_at(const char *run_dir, const char *path)
{
	if (ctl_make_dir(run_dir) != 0)
		return -1;
	if (connect_to(path) == 0) {
		errno = EADDRINUSE;
		return -1;
	}
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd >= 0 && bind_at(fd, path) != 0) {
		int err = errno;
		close(fd);
		errno = err;
		fd = -1;
	}
	return fd;
}

int ctl_listen(struct ctl *ctl, const struct conf *conf)
{
	struct epoll_event ev = { .events = EPOLLIN, .data.ptr = NULL };
	char *path = xasprintf("%s/control", conf->run_dir);

	ctl->listen = listen_at(conf->run_dir, path);
	if (ctl->listen >= 0 && epoll_ctl(ctl->epoll, EPOLL_CTL_ADD, ctl->listen, &ev) == 0) {
		ctl->path = path;
		return 0;
	}
	log_warn("event=no-control socket=%s error=\"%s\"; files are run, but nobody can ask for "
		 "anything: see run_dir",
	    path, errno == EADDRINUSE ? "another sparkspoold listens there" : strerror(errno));
	free(path);
	return -1;
}

/* The group of administrators, unless all whom we cannot tell apart would be in it. */
static void set_group(struct ctl *ctl, const char *name, gid_t group)
{
	ctl->any_group = userns_shows_group(group);
	ctl->group = group;
	if (!ctl->any_group)
		log_warn("event=no-admins group=%s: it is hidden by the service's "
			 "PrivateUsers=yes; the administrators are root and the service's own "
			 "user: see THE SERVICE in sparkspoold(8)",
		    name);
}

void ctl_conf(struct ctl *ctl, const struct conf *conf)
{
	struct group gr;
	struct group *found = NULL;
	int err = ERANGE;
	char *buf = NULL;

	ctl->hides_users = !userns_shows_user(USERNS_NOBODY);
	ctl->hides_groups = !userns_shows_group(USERNS_NOBODY);
	ctl->any_group = false;
	if (*conf->admins == '\0')
		return;
	/* A group's members come with it, whether wanted or not, and there may be thousands. */
	for (size_t size = 1024; err == ERANGE && size <= GROUP_BYTES_MAX; size *= 2) {
		buf = xrealloc(buf, size);
		err = getgrnam_r(conf->admins, &gr, buf, size, &found);
	}
	if (found != NULL) {
		set_group(ctl, conf->admins, gr.gr_gid);
	} else {
		log_info("event=no-admins group=%s: there is no such group; root is the only "
			 "administrator",
		    conf->admins);
	}
	free(buf);
}

/* ---- who comes ------------------------------------------------------------------------------ */

/* Of the groups that the peer had when it connected (SO_PEERGROUPS), not of the user database: the
 * latter may have to wait for a network, and would know nothing of newgrp(1). */
static bool is_in_group(const struct ctl *ctl, int fd, gid_t own)
{
	bool found = own == ctl->group;
	if (!ctl->any_group || found)
		return ctl->any_group && found;
	gid_t *gid = xcalloc(GROUPS_MAX, sizeof(*gid));
	socklen_t len = GROUPS_MAX * sizeof(*gid);
	if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, gid, &len) == 0)
		for (size_t i = 0; i < len / sizeof(*gid); i++)
			found = found || gid[i] == ctl->group;
	free(gid);
	return found;
}

static struct ctl_peer *peer_of(struct ctl *ctl, int fd)
{
	struct ucred cred;
	socklen_t len = sizeof(cred);
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) != 0)
		return NULL;
	struct ctl_peer *p = xcalloc(1, sizeof(*p));
	p->fd = fd;
	p->uid = cred.uid;
	p->hidden = ctl->hides_users && cred.uid == USERNS_NOBODY;
	/* Who runs the daemon could do all this without it. */
	p->own = cred.uid == geteuid();
	p->group = is_in_group(ctl, fd, cred.gid);
	p->half_ms = -1;
	p->used_ms = ctl->now_ms;
	buf_init(&p->in, CTL_LINE_BYTES_MAX + 1);
	buf_init(&p->out, 8 * CTL_OUT_BYTES_MAX);
	return p;
}

struct ctl_peer *ctl_accept(struct ctl *ctl, bool *more)
{
	int fd = accept4(ctl->listen, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	/* One that hung up before it was taken in is no reason to stop. */
	*more = fd >= 0 || errno == EINTR || errno == ECONNABORTED;
	if (fd < 0) {
		if (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS)
			ctl->rest_ms = ctl->now_ms + CTL_REST_MS;
		return NULL;
	}
	struct ctl_peer *p = peer_of(ctl, fd);
	if (p == NULL)
		close(fd);
	return p;
}
