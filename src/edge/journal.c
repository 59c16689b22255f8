/* journal: lines of the log with their fields, by the native protocol of systemd's journal.
 *
 * libsystemd has a call for this. It may wait for as long as the journal does, it says that all is well
 * where there is no journal, and it brings its own libraries along: a loop that has a watchdog can use
 * none of that for the sake of one datagram. The protocol is public and stable:
 * https://systemd.io/JOURNAL_NATIVE_PROTOCOL/ */
#include "edge/journal.h"

#include "base/buf.h"
#include "base/log.h"
#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define DATAGRAM_BYTES_MAX                                                                         \
	65536 /* the longest line, its fields and their names are not half of it */
#define KEPT_BYTES_MAX (512 << 10) /* some thousand lines: a scan of a full directory */
#define SNDBUF_BYTES (4 << 20)	   /* as far as the system lets us */
#define CLOSE_WAIT_MS 1000	   /* for each piece of what is kept */
#define FIELD_PREFIX "SPARKSPOOL_"

/* A line that waits for its turn. */
struct kept {
	TAILQ_ENTRY(kept) link;
	enum log_level level;
	char *text;
	char *bytes;
	size_t n;
};

struct journal {
	int fd;
	struct sockaddr_un address;
	struct buf datagram;
	TAILQ_HEAD(, kept) kept;
	size_t kept_bytes;
	uintmax_t lost; /* lines that nobody has taken */
};

/* ---- the socket ----------------------------------------------------------------------------- */

/* Connected, because only then poll(2) tells when the other side has room. */
static int journal_connect(struct journal *j)
{
	const int size = SNDBUF_BYTES;
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd >= 0 && connect(fd, (struct sockaddr *)&j->address, sizeof(j->address)) != 0) {
		int err = errno;
		close(fd);
		errno = err;
		fd = -1;
	}
	if (fd < 0)
		return -1;
	(void)setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	if (j->fd >= 0)
		close(j->fd);
	j->fd = fd;
	return 0;
}

static ssize_t send_now(int fd, const char *bytes, size_t n)
{
	ssize_t done;

	do
		done = send(fd, bytes, n, MSG_DONTWAIT | MSG_NOSIGNAL);
	while (done < 0 && errno == EINTR);
	return done;
}

enum sent { SENT, SENT_LATER, SENT_NEVER };

static enum sent try_once(struct journal *j, const char *bytes, size_t n)
{
	if (send_now(j->fd, bytes, n) >= 0)
		return SENT;
	return errno == EAGAIN || errno == ENOBUFS ? SENT_LATER : SENT_NEVER;
}

/* The journal's own restarts leave its socket alone; that of the socket makes another. */
static enum sent journal_send(struct journal *j, const char *bytes, size_t n)
{
	enum sent sent = try_once(j, bytes, n);

	if (sent == SENT_NEVER && errno != EMSGSIZE && journal_connect(j) == 0)
		sent = try_once(j, bytes, n);
	return sent;
}

/* The journal's other ear: a stream, on which urgency is a prefix and there are no fields. */
static void journal_say(struct journal *j, enum log_level level, const char *text)
{
	char *line = xasprintf("<%d>%s\n", (int)level, text);
	size_t n = strlen(line);

	/* Part of a line is none. */
	if (send_now(STDERR_FILENO, line, n) != (ssize_t)n) {
		if (errno == ENOTSOCK)
			log_to_stderr(level, text);
		else
			j->lost++;
	}
	free(line);
}

/* ---- what the journal has no room for now --------------------------------------------------- */

static void kept_drop(struct journal *j, struct kept *k)
{
	TAILQ_REMOVE(&j->kept, k, link);
	assert(j->kept_bytes >= k->n);
	j->kept_bytes -= k->n;
	free(k->text);
	free(k->bytes);
	free(k);
}

/* Not for errors: the process may be about to die of what one says. */
static bool journal_keep(struct journal *j, const struct log_line *line)
{
	size_t n = j->datagram.len;
	struct kept *k;

	if (line->level <= LOG_LEVEL_ERROR || j->kept_bytes + n > KEPT_BYTES_MAX)
		return false;
	k = xcalloc(1, sizeof(*k));
	k->level = line->level;
	k->text = xstrdup(line->text);
	k->bytes = xmemdup(j->datagram.data, n);
	k->n = n;
	j->kept_bytes += n;
	TAILQ_INSERT_TAIL(&j->kept, k, link);
	return true;
}

static void journal_send_kept(struct journal *j)
{
	struct kept *k;

	while ((k = TAILQ_FIRST(&j->kept)) != NULL) {
		enum sent sent = journal_send(j, k->bytes, k->n);

		if (sent == SENT_LATER)
			return;
		if (sent == SENT_NEVER)
			journal_say(j, k->level, k->text);
		kept_drop(j, k);
	}
}

/* ---- a line --------------------------------------------------------------------------------- */

/* With a newline in it a value has its length in front: 64 bits, the lowest byte first. */
static void add_value(struct buf *b, const char *value, size_t n)
{
	if (memchr(value, '\n', n) == NULL) {
		(void)buf_addc(b, '=');
	} else {
		(void)buf_addc(b, '\n');
		for (unsigned i = 0; i < 8; i++)
			(void)buf_addc(b, (char)(((uint64_t)n >> (8 * i)) & 0xff));
	}
	(void)buf_add(b, value, n);
	(void)buf_addc(b, '\n');
}

static void add_field(struct buf *b, const struct log_field *f)
{
	(void)buf_adds(b, FIELD_PREFIX);
	for (size_t i = 0; i < f->key_len; i++) {
		char c = f->key[i];

		/* Names have no lower case there. */
		(void)buf_addc(b, c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c);
	}
	add_value(b, f->value, f->value_len);
}

/* The facility is that of a daemon (3), as the unit's standard error has it. */
static void add_line(struct buf *b, const struct log_line *line)
{
	buf_reset(b);
	(void)buf_adds(b, "MESSAGE");
	add_value(b, line->text, strlen(line->text));
	(void)buf_addf(
	    b, "PRIORITY=%d\nSYSLOG_FACILITY=3\nSYSLOG_IDENTIFIER=sparkspoold\n", (int)line->level);
	for (size_t i = 0; i < line->field_count; i++)
		add_field(b, &line->field[i]);
	assert(!b->full);
}

static void journal_hear(const struct log_line *line, void *arg)
{
	struct journal *j = arg;
	enum sent sent = SENT_LATER;

	journal_send_kept(j);
	add_line(&j->datagram, line);
	if (TAILQ_EMPTY(&j->kept)) /* each in its order */
		sent = journal_send(j, j->datagram.data, j->datagram.len);
	if (sent == SENT || (sent == SENT_LATER && journal_keep(j, line)))
		return;
	journal_say(j, line->level, line->text);
}

/* ---- the door ------------------------------------------------------------------------------- */

struct journal *journal_open(const char *path)
{
	struct journal *j;

	if (!log_is_journal())
		return NULL;
	j = xcalloc(1, sizeof(*j));
	j->fd = -1;
	j->address.sun_family = AF_UNIX;
	assert(strlen(path) < sizeof(j->address.sun_path));
	memcpy(j->address.sun_path, path, strlen(path));
	if (journal_connect(j) != 0) {
		log_info("event=no-journal socket=%s error=\"%s\": lines have no fields there",
		    path, strerror(errno));
		free(j);
		return NULL;
	}
	TAILQ_INIT(&j->kept);
	buf_init(&j->datagram, DATAGRAM_BYTES_MAX);
	return j;
}

void journal_begin(struct journal *j)
{
	log_set_line_sink(journal_hear, j);
}

int journal_fd(const struct journal *j)
{
	return TAILQ_EMPTY(&j->kept) ? -1 : j->fd;
}

void journal_pump(struct journal *j)
{
	uintmax_t lost = j->lost;

	journal_send_kept(j);
	if (lost == 0 || !TAILQ_EMPTY(&j->kept))
		return;
	j->lost = 0;
	log_warn("event=log-lost lines=%ju: the journal has not taken them", lost);
	if (j->lost > 0) /* nor this one */
		j->lost = lost;
}

void journal_close(struct journal *j)
{
	struct pollfd fd = { .fd = j->fd, .events = POLLOUT };
	struct kept *k;

	do {
		journal_pump(j);
		fd.fd = j->fd;
	} while (!TAILQ_EMPTY(&j->kept) && poll(&fd, 1, CLOSE_WAIT_MS) > 0);
	log_set_sink(NULL, NULL);
	while ((k = TAILQ_FIRST(&j->kept)) != NULL) {
		journal_say(j, k->level, k->text);
		kept_drop(j, k);
	}
	buf_fini(&j->datagram);
	close(j->fd);
	free(j);
}
