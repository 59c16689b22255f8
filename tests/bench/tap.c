/* tap: stands between a client and a Livy server on loopback, counts requests and notes when each
 * statement arrives.
 *
 * usage: tap UPSTREAM_PORT PORTFILE
 * Writes its own port to PORTFILE. For each request a line on standard output:
 *   MICROSECONDS METHOD PATH MARK
 * on CLOCK_MONOTONIC; MARK is the number behind "bench " in the body, or "-". */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define MESSAGE_BYTES_MAX (1 << 20)

static int upstream_port;

static long long now_us(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (long long)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static int loopback_socket(int port, int listening)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons((unsigned short)port) };
	int one = 1;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	int rc = listening ? bind(fd, (struct sockaddr *)&a, sizeof(a))
			   : connect(fd, (struct sockaddr *)&a, sizeof(a));
	if (fd < 0 || rc != 0 || (listening && listen(fd, 64) != 0)) {
		perror("tap: socket");
		exit(1);
	}
	return fd;
}

static int send_all(int fd, const char *p, size_t n)
{
	while (n > 0) {
		ssize_t sent = send(fd, p, n, MSG_NOSIGNAL);
		if (sent <= 0)
			return -1;
		p += sent;
		n -= (size_t)sent;
	}
	return 0;
}

static void *pump_answers(void *arg)
{
	int *fd = arg;
	char buf[65536];
	ssize_t n;
	while ((n = recv(fd[1], buf, sizeof(buf), 0)) > 0)
		if (send_all(fd[0], buf, (size_t)n) != 0)
			break;
	shutdown(fd[0], SHUT_RDWR);
	return NULL;
}

static size_t body_length(const char *head)
{
	const char *p = strcasestr(head, "\r\ncontent-length:");
	return p == NULL ? 0 : strtoul(p + strlen("\r\ncontent-length:"), NULL, 10);
}

static void note(const char *message, const char *body)
{
	const char *mark = strstr(body, "bench ");
	char method[16];
	char path[512];
	if (sscanf(message, "%15s %511s", method, path) != 2)
		return;
	flockfile(stdout);
	printf("%lld %s %s ", now_us(), method, path);
	if (mark == NULL)
		puts("-");
	else
		printf("%ld\n", strtol(mark + strlen("bench "), NULL, 10));
	fflush(stdout);
	funlockfile(stdout);
}

/* Reads whole requests, so that each is noted once and at its arrival. */
static void pump_requests(int client, int server)
{
	char *buf = malloc(MESSAGE_BYTES_MAX + 1);
	size_t len = 0;
	ssize_t n;
	while ((n = recv(client, buf + len, MESSAGE_BYTES_MAX - len, 0)) > 0) {
		len += (size_t)n;
		buf[len] = '\0';
		char *end;
		while ((end = strstr(buf, "\r\n\r\n")) != NULL) {
			end[2] = '\0';
			size_t whole = (size_t)(end + 4 - buf) + body_length(buf);
			end[2] = '\r';
			if (len < whole)
				break;
			note(buf, end + 4);
			if (send_all(server, buf, whole) != 0)
				len = whole;
			memmove(buf, buf + whole, len - whole + 1);
			len -= whole;
		}
	}
	free(buf);
}

static void *serve(void *arg)
{
	int fd[2] = { (int)(long)arg, loopback_socket(upstream_port, 0) };
	pthread_t answers;
	pthread_create(&answers, NULL, pump_answers, fd);
	pump_requests(fd[0], fd[1]);
	shutdown(fd[1], SHUT_RDWR);
	pthread_join(answers, NULL);
	close(fd[0]);
	close(fd[1]);
	return NULL;
}

int main(int argc, char **argv)
{
	struct sockaddr_in a;
	socklen_t len = sizeof(a);
	if (argc != 3)
		return 2;
	signal(SIGPIPE, SIG_IGN);
	upstream_port = (int)strtol(argv[1], NULL, 10);
	int fd = loopback_socket(0, 1);
	getsockname(fd, (struct sockaddr *)&a, &len);
	FILE *f = fopen(argv[2], "w");
	if (f == NULL)
		return 1;
	fprintf(f, "%d\n", ntohs(a.sin_port));
	fclose(f);
	for (;;) {
		pthread_t thread;
		int client = accept4(fd, NULL, NULL, SOCK_CLOEXEC);
		int one = 1;
		if (client < 0)
			continue;
		setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
		if (pthread_create(&thread, NULL, serve, (void *)(long)client) == 0)
			pthread_detach(thread);
	}
}
