/*
 * Keeps the test server to this machine: preloaded into every process of it, it turns a bind() to
 * the wildcard address into a bind() to the loopback one.
 *
 * Livy's own RPC ports know no setting for this: RSC binds them to the wildcard address, in the
 * server and in each driver.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <dlfcn.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

typedef int bind_fn(int, const struct sockaddr *, socklen_t);

static int bind_v4(bind_fn *real, int fd, const struct sockaddr *addr)
{
	struct sockaddr_in in;

	memcpy(&in, addr, sizeof in);
	if (in.sin_addr.s_addr == htonl(INADDR_ANY))
		in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	return real(fd, (struct sockaddr *)&in, sizeof in);
}

/* Java's sockets are IPv6 ones that serve IPv4 too, so its loopback is the mapped one. */
static int bind_v6(bind_fn *real, int fd, const struct sockaddr *addr)
{
	struct sockaddr_in6 in6;

	memcpy(&in6, addr, sizeof in6);
	if (IN6_IS_ADDR_UNSPECIFIED(&in6.sin6_addr))
		inet_pton(AF_INET6, "::ffff:127.0.0.1", &in6.sin6_addr);
	return real(fd, (struct sockaddr *)&in6, sizeof in6);
}

int bind(int fd, const struct sockaddr *addr, socklen_t len)
{
	bind_fn *real = (bind_fn *)dlsym(RTLD_NEXT, "bind");

	if (addr->sa_family == AF_INET && len >= sizeof(struct sockaddr_in))
		return bind_v4(real, fd, addr);
	if (addr->sa_family == AF_INET6 && len >= sizeof(struct sockaddr_in6))
		return bind_v6(real, fd, addr);
	return real(fd, addr, len);
}
