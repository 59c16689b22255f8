/* cursor: a file of one line that is replaced as a whole. */
#include "cli/cursor.h"
#include "base/util.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CURSOR_BYTES_MAX 4096

int cursor_read(const char *path, char **text)
{
	char bytes[CURSOR_BYTES_MAX];
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	*text = NULL;
	if (fd == -1)
		return errno;
	ssize_t n = read(fd, bytes, sizeof(bytes) - 1);
	int err = errno;
	close(fd);
	if (n < 0)
		return err;
	bytes[n] = '\0';
	bytes[strcspn(bytes, "\n")] = '\0';
	if (bytes[0] == '\0')
		return ENOENT; /* as good as none */
	*text = xstrdup(bytes);
	return 0;
}

int cursor_write(const char *path, const char *text)
{
	char *tmp = xasprintf("%s.new", path);
	size_t n = strlen(text);
	int fd = open(tmp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644);
	int err = fd == -1 ? errno : 0;

	if (err == 0 &&
	    (write(fd, text, n) != (ssize_t)n || write(fd, "\n", 1) != 1 || fsync(fd) != 0))
		err = errno == 0 ? EIO : errno;
	if (fd != -1 && close(fd) != 0 && err == 0)
		err = errno;
	/* Its name may be lost with the power: then the one before holds, and a command runs twice. */
	if (err == 0 && rename(tmp, path) != 0)
		err = errno;
	free(tmp);
	return err;
}
