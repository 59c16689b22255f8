/* confload_url: the little that must be known of an endpoint's url before it is used. */
#include "edge/confload_url.h"
#include <arpa/inet.h>
#include <assert.h>
#include <string.h>
#include <strings.h>

#define HOST_BYTES_MAX 255

struct url {
	bool https;
	const char *host; /* without brackets */
	size_t host_len;
	const char *port; /* NULL: none; else up to the path */
	size_t port_len;
};

/* -1 when it does not begin like a url of ours; what is in it is not checked. RFC 3986, 3.2: the
 * authority ends at the first slash, a host in brackets is an IPv6 address. */
static int split(const char *text, struct url *u)
{
	u->https = strncasecmp(text, "https://", 8) == 0;
	if (!u->https && strncasecmp(text, "http://", 7) != 0)
		return -1;
	u->host = text + (u->https ? 8 : 7);
	size_t rest = strcspn(u->host, "/");
	const char *end = u->host + rest;
	if (u->host[0] == '[') {
		u->host++;
		u->host_len = strcspn(u->host, "]/");
		if (u->host[u->host_len] != ']')
			return -1;
		u->port = u->host + u->host_len + 1;
	} else {
		u->host_len = strcspn(u->host, ":/");
		u->port = u->host + u->host_len;
	}
	if (u->port == end) {
		u->port = NULL;
		u->port_len = 0;
		return 0;
	}
	if (*u->port != ':')
		return -1;
	u->port++;
	u->port_len = (size_t)(end - u->port);
	return 0;
}

static bool port_is_good(const struct url *u)
{
	int64_t n;
	char digits[8];

	if (u->port == NULL)
		return true;
	if (u->port_len >= sizeof(digits))
		return false;
	memcpy(digits, u->port, u->port_len);
	digits[u->port_len] = '\0';
	return str_to_i64(digits, 1, 65535, &n) == 0;
}

/* The host as a string; false when it is too long to be one. */
static bool copy_host(const struct url *u, char host[HOST_BYTES_MAX + 1])
{
	if (u->host_len > HOST_BYTES_MAX)
		return false;
	memcpy(host, u->host, u->host_len);
	host[u->host_len] = '\0';
	return true;
}

/* Names as DNS and hosts files have them; an address in brackets must be one. */
static bool host_is_good(const struct url *u)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789-._";
	char host[HOST_BYTES_MAX + 1];
	struct in6_addr six;

	if (!copy_host(u, host) || host[0] == '\0')
		return false;
	if (u->host[-1] == '[')
		return inet_pton(AF_INET6, host, &six) == 1;
	return host[strspn(host, allowed)] == '\0';
}

char *confurl_check(const char *url)
{
	struct url u;
	const char *scheme = strstr(url, "://");

	if (scheme != NULL && memchr(scheme + 3, '@', strcspn(scheme + 3, "/")) != NULL)
		return xstrdup("a url holds no user here; set user and password_file");
	if (url[strcspn(url, "?#")] != '\0')
		return xstrdup("a url has no '?' or '#' here; end it with the path");
	if (url[strcspn(url, " \"<>\\^`{|}")] != '\0')
		return xstrdup("a url holds no blanks or quotation marks; escape them as %20");
	if (split(url, &u) != 0 || !host_is_good(&u))
		return xstrdup("this is not a url; write it as \"https://HOST[:PORT][/PATH]\"");
	if (!port_is_good(&u))
		return xstrdup("the url's port is not a number from 1 to 65535");
	return NULL;
}

char *confurl_clean(const char *url)
{
	size_t n = strlen(url);

	while (n > 0 && url[n - 1] == '/')
		n--;
	return xstrndup(url, n);
}

bool confurl_is_https(const char *url)
{
	return strncasecmp(url, "https://", 8) == 0;
}

/* "localhost" by RFC 6761; other names could be anywhere, whatever they resolve to today. */
bool confurl_is_loopback(const char *url)
{
	struct url u;
	char host[HOST_BYTES_MAX + 1];
	struct in_addr four;
	struct in6_addr six;

	int rc = split(url, &u);
	assert(rc == 0);
	if (!copy_host(&u, host))
		return false;
	if (inet_pton(AF_INET, host, &four) == 1)
		return ntohl(four.s_addr) >> 24 == 127;
	if (inet_pton(AF_INET6, host, &six) == 1)
		return IN6_IS_ADDR_LOOPBACK(&six);
	return strcasecmp(host, "localhost") == 0;
}
