/* confload_secret: a password out of a file or a credential of the service manager. */
#include "edge/confload_secret.h"
#include "base/util.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SECRET_BYTES_MAX 4096

/* The service manager's directory is root's and closed to others; the files in it may well show a
 * group that can read, for an access control list looks like that. */
static bool directory_is_roots(const char *dir)
{
	struct stat st;

	return stat(dir, &st) == 0 && st.st_uid == 0;
}

/* Of the open file, not of its name: nobody can put another one there in between. */
static char *check_file(int fd, const char *path, bool exempt)
{
	struct stat st;

	if (fstat(fd, &st) != 0)
		return xasprintf("%s cannot be read: %s", path, strerror(errno));
	if (!S_ISREG(st.st_mode))
		return xasprintf("%s is not a regular file", path);
	if (!exempt && (st.st_mode & 077) != 0)
		return xasprintf("%s can be used by others (mode %04o); chmod 0600 it", path,
		    (unsigned)st.st_mode & 07777);
	if (st.st_size > SECRET_BYTES_MAX)
		return xasprintf("%s is larger than %d bytes", path, SECRET_BYTES_MAX);
	return NULL;
}

/* Up to size bytes, or -1 with errno. The file may have grown since it was looked at, so the size
 * asked for is one more than what is allowed. */
static ssize_t read_all(int fd, char *p, size_t size)
{
	size_t got = 0;

	while (got < size) {
		ssize_t n = read(fd, p + got, size - got);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		if (n == 0)
			break;
		got += (size_t)n;
	}
	return (ssize_t)got;
}

/* Nothing that is read is ever quoted. */
static char *check_bytes(const char *path, const char *p, size_t n)
{
	if (n == 0)
		return xasprintf("%s is empty", path);
	if (memchr(p, '\0', n) != NULL)
		return xasprintf("%s holds a NUL byte", path);
	if (memchr(p, '\n', n) != NULL || memchr(p, '\r', n) != NULL)
		return xasprintf("%s has more than one line", path);
	return NULL;
}

static char *read_open_file(int fd, const char *path, char **why)
{
	char bytes[SECRET_BYTES_MAX + 1];
	char *secret = NULL;
	ssize_t got = read_all(fd, bytes, sizeof(bytes));

	if (got < 0) {
		*why = xasprintf("%s cannot be read: %s", path, strerror(errno));
		return NULL;
	}
	size_t n = (size_t)got;
	if (n > SECRET_BYTES_MAX) {
		*why = xasprintf("%s is larger than %d bytes", path, SECRET_BYTES_MAX);
		goto out;
	}
	/* Editors end a file with a newline that is not part of the password. */
	if (n > 0 && bytes[n - 1] == '\n')
		n--;
	*why = check_bytes(path, bytes, n);
	if (*why == NULL)
		secret = xstrndup(bytes, n);
out:
	explicit_bzero(bytes, sizeof(bytes));
	return secret;
}

static char *read_file(const char *path, bool exempt, char **why)
{
	char *secret = NULL;
	/* Without waiting, should it be a pipe. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	if (fd < 0) {
		*why = xasprintf("%s cannot be read: %s", path, strerror(errno));
		return NULL;
	}
	*why = check_file(fd, path, exempt);
	if (*why == NULL)
		secret = read_open_file(fd, path, why);
	close(fd);
	return secret;
}

/* systemd.exec(5) says what the variable is; a relative one is not the manager's. */
char *confsecret_read(const char *from, char **why)
{
	const char *dir = getenv("CREDENTIALS_DIRECTORY");

	*why = NULL;
	if (strncmp(from, "cred:", 5) != 0)
		return read_file(from, false, why);
	if (dir == NULL || dir[0] != '/') {
		*why = xasprintf("there are no credentials, for CREDENTIALS_DIRECTORY is not set; "
				 "start it as a service with LoadCredential=%s:FILE",
		    from + 5);
		return NULL;
	}
	char *path = xasprintf("%s/%s", dir, from + 5);
	char *secret = read_file(path, directory_is_roots(dir), why);
	free(path);
	return secret;
}
