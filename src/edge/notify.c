/* notify: what the service manager is told, by the protocol of sd_notify(3), without its library. */
#include "edge/notify.h"

#include "base/log.h"
#include "base/util.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* Nobody knows how long the next thing takes: a commit of an answer of 900 MB, and its way from SQLite's log
 * into the ledger. Nearly all of the watchdog's patience is to be left for it. */
#define BUSY_MS 5000

/* A path, or '@' and a name in the abstract space, which begins with a NUL and has none at its
 * end. Returns the length of the address, or 0 when it is neither. */
static socklen_t address_of(const char *text, struct sockaddr_un *address)
{
	size_t len = strlen(text);

	if ((text[0] != '/' && text[0] != '@') || len < 2 || len >= sizeof(address->sun_path))
		return 0;
	*address = (struct sockaddr_un){ .sun_family = AF_UNIX };
	memcpy(address->sun_path, text, len);
	if (text[0] == '@')
		address->sun_path[0] = '\0';
	return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len + (text[0] == '/'));
}

void notify_send(const char *lines)
{
	const char *where = getenv("NOTIFY_SOCKET");
	struct sockaddr_un address;
	socklen_t address_len;
	int fd;

	if (where == NULL || *where == '\0')
		return;
	address_len = address_of(where, &address);
	if (address_len == 0) {
		log_warn("notify=failed socket=\"%s\" error=\"not an address\"", where);
		return;
	}
	/* A socket for each message: there is one in many seconds, and nothing to keep or lose. */
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || sendto(fd, lines, strlen(lines), MSG_NOSIGNAL, (struct sockaddr *)&address,
			  address_len) < 0)
		log_warn("notify=failed socket=\"%s\" error=\"%s\"", where, strerror(errno));
	if (fd >= 0)
		close(fd);
}

int64_t notify_watchdog_ms(void)
{
	const char *usec_text = getenv("WATCHDOG_USEC");
	const char *pid_text = getenv("WATCHDOG_PID");
	int64_t usec, pid;

	if (usec_text == NULL || str_to_i64(usec_text, 1, INT64_MAX, &usec) < 0)
		return 0;
	/* The variables are inherited by children, the duty is not. */
	if (pid_text != NULL &&
	    (str_to_i64(pid_text, 1, INT64_MAX, &pid) < 0 || pid != (int64_t)getpid()))
		return 0;
	return usec < 2000 ? 1 : usec / 2000;
}

/* From the last word on, not from now: whoever slept for half of its time after each turn would be late
 * by as much as the last turn had come too early for a word. */
int64_t notify_alive_in_ms(int64_t every_ms, int64_t told_ms, int64_t now_ms)
{
	return every_ms == 0 ? INT64_MAX : told_ms + every_ms - now_ms;
}

int64_t notify_busy_in_ms(int64_t every_ms, int64_t told_ms, int64_t now_ms)
{
	return notify_alive_in_ms(every_ms < BUSY_MS ? every_ms : BUSY_MS, told_ms, now_ms);
}
