/* httpopt: one transfer: what libcurl is told, what it asks for, what its end means. */
#include "edge/httpopt.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

/* Below the minute or so after which servers and gateways drop an idle connection. */
#define CONN_AGE_S 20L
/* libcurl reads a CA file once and keeps it; a replaced file should be seen without a restart. */
#define CA_CACHE_S 600L

/* ---- headers ------------------------------------------------------------------------------- */

static void header_add(struct curl_slist **list, const char *line)
{
	struct curl_slist *longer = curl_slist_append(*list, line);

	assert(longer != NULL); /* no memory */
	*list = longer;
}

void http_headers_init(struct http_headers *hs)
{
	*hs = (struct http_headers){ 0 };
	header_add(&hs->bare, "Accept: application/json");
	/* A Livy with CSRF protection wants it on POST and DELETE, none minds it elsewhere. */
	header_add(&hs->bare, "X-Requested-By: sparkspool");
	header_add(&hs->json, hs->bare->data);
	header_add(&hs->json, hs->bare->next->data);
	header_add(&hs->json, "Content-Type: application/json");
	/* Without this line a POST beyond 1 MB waits a second for a server that does not care. */
	header_add(&hs->json, "Expect:");
}

void http_headers_fini(struct http_headers *hs)
{
	curl_slist_free_all(hs->bare);
	curl_slist_free_all(hs->json);
	*hs = (struct http_headers){ 0 };
}

/* ---- what libcurl asks for and hands over -------------------------------------------------- */

/* libcurl 7.88 makes its sockets without close-on-exec, and forgets why it could not make one. */
static curl_socket_t on_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *to)
{
	struct http_transfer *t = arg;
	int fd = socket(to->family, to->socktype | SOCK_CLOEXEC, to->protocol);

	(void)purpose;
	t->socket_errno = fd == -1 ? errno : 0;
	return fd == -1 ? CURL_SOCKET_BAD : fd;
}

/* The connection stands and the request is about to go out. When a reused connection dies, libcurl
 * comes here again with a new one, by itself; that is harmless as long as the server cannot have
 * had a whole request. */
static int on_begin(void *arg, char *peer_ip, char *own_ip, int peer_port, int own_port)
{
	struct http_transfer *t = arg;
	bool whole = t->body_bytes == 0 || t->body_pos > 0;

	(void)peer_ip;
	(void)own_ip;
	(void)peer_port;
	(void)own_port;
	if (t->begun > 0 && t->method != HTTP_GET && whole) {
		t->begun_again = true;
		return CURL_PREREQFUNC_ABORT;
	}
	t->begun++;
	return CURL_PREREQFUNC_OK;
}

static size_t on_send(char *to, size_t size, size_t count, void *arg)
{
	struct http_transfer *t = arg;
	size_t n = t->body_bytes - t->body_pos;

	assert(t->body_pos <= t->body_bytes);
	if (n > size * count)
		n = size * count;
	if (n > 0)
		memcpy(to, t->body + t->body_pos, n);
	t->body_pos += n;
	return n;
}

/* The heart of "never twice": a body that libcurl has seen any byte of cannot be had again. */
static int on_rewind(void *arg, curl_off_t offset, int origin)
{
	const struct http_transfer *t = arg;

	if (origin == SEEK_SET && offset == 0 && t->body_pos == 0)
		return CURL_SEEKFUNC_OK;
	return CURL_SEEKFUNC_FAIL;
}

/* A count that is not the one given ends the transfer with CURLE_WRITE_ERROR. */
static size_t on_header(char *line, size_t size, size_t count, void *arg)
{
	struct http_transfer *t = arg;
	size_t n = size * count;

	if (n > HTTP_HEADER_BYTES_MAX - t->header_bytes) {
		t->header_flood = true;
		return 0;
	}
	t->header_bytes += n;
	/* libcurl is content when a connection ends within the headers. */
	if (n >= 5 && memcmp(line, "HTTP/", 5) == 0)
		t->header_whole = false;
	else if (n > 0 && n <= 2 && line[n - 1] == '\n')
		t->header_whole = true;
	return n;
}

/* Called with what is left after decompression, so a small answer cannot become a large one;
 * CURLOPT_MAXFILESIZE would see neither that nor a chunked answer. */
static size_t on_answer(char *p, size_t size, size_t count, void *arg)
{
	struct http_transfer *t = arg;

	return buf_add(&t->answer, p, size * count) < 0 ? 0 : size * count;
}

/* ---- options ------------------------------------------------------------------------------- */

/* Collects refusals: what libcurl says no to is a string beyond its limits or a lack of memory. */
#define SET(option, value) (bad |= (unsigned)curl_easy_setopt(t->easy, (option), (value)))

static unsigned set_where(struct http_transfer *t, const struct conf_endpoint *ep, const char *path)
{
	char *url = xasprintf("%s%s", ep->url, path);
	unsigned bad = 0;

	SET(CURLOPT_URL, url);
	free(url);
	SET(CURLOPT_PATH_AS_IS, 1L); /* a session called ".." is not the parent of all sessions */
	SET(CURLOPT_PROTOCOLS_STR, "http,https");
	SET(CURLOPT_DISALLOW_USERNAME_IN_URL, 1L);
	SET(CURLOPT_PROXY, "");		 /* not the environment's */
	SET(CURLOPT_FOLLOWLOCATION, 0L); /* a redirected POST may come back as a GET and a 200 */
	SET(CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	SET(CURLOPT_NOSIGNAL, 1L);
	SET(CURLOPT_QUICK_EXIT, 1L); /* else a dead name server stops the loop for many seconds */
	SET(CURLOPT_MAXAGE_CONN, CONN_AGE_S);
	SET(CURLOPT_TCP_KEEPALIVE, 1L);
	return bad;
}

/* The system's CA file is libcurl's own affair, where ep names none. */
static unsigned set_trust(struct http_transfer *t, const struct conf_endpoint *ep)
{
	unsigned bad = 0;

	SET(CURLOPT_SSL_VERIFYPEER, 1L);
	SET(CURLOPT_SSL_VERIFYHOST, 2L);
	if (ep->ca_file != NULL)
		SET(CURLOPT_CAINFO, ep->ca_file);
	/* Not every TLS library behind libcurl keeps CA files; those that do not may say no. */
	(void)curl_easy_setopt(t->easy, CURLOPT_CA_CACHE_TIMEOUT, CA_CACHE_S);
	return bad;
}

/* One scheme by its name: with several to choose from libcurl sends a POST first without its body,
 * or twice. No copy of the password is made here. */
static unsigned set_auth(struct http_transfer *t, const struct conf_endpoint *ep)
{
	unsigned bad = 0;

	SET(CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
	switch (ep->auth) {
	case AUTH_NONE:
		SET(CURLOPT_HTTPAUTH, CURLAUTH_NONE);
		break;
	case AUTH_BASIC:
		SET(CURLOPT_HTTPAUTH, CURLAUTH_BASIC);
		SET(CURLOPT_USERNAME, ep->user);
		SET(CURLOPT_PASSWORD, ep->password);
		break;
	}
	return bad;
}

static unsigned set_post(struct http_transfer *t)
{
	unsigned bad = 0;

	SET(CURLOPT_POST, 1L);
	/* Never CURLOPT_POSTFIELDS: libcurl would send those again as it likes. */
	SET(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)t->body_bytes);
	SET(CURLOPT_READFUNCTION, on_send);
	SET(CURLOPT_READDATA, t);
	SET(CURLOPT_SEEKFUNCTION, on_rewind);
	SET(CURLOPT_SEEKDATA, t);
	return bad;
}

static unsigned set_method(struct http_transfer *t, const struct http_headers *hs)
{
	unsigned bad = 0;

	SET(CURLOPT_USERAGENT, "sparkspool");
	SET(CURLOPT_HTTPHEADER, t->method == HTTP_POST ? hs->json : hs->bare);
	/* Nothing of a request without a body can be held back, so libcurl must have no reason to
	 * send it again: a new connection is not one that "was closed just when it was reused". */
	if (t->method != HTTP_GET && t->body_bytes == 0)
		SET(CURLOPT_FRESH_CONNECT, 1L);
	switch (t->method) {
	case HTTP_GET:
		SET(CURLOPT_HTTPGET, 1L);
		break;
	case HTTP_POST:
		bad |= set_post(t);
		break;
	case HTTP_DELETE:
		SET(CURLOPT_CUSTOMREQUEST, "DELETE");
		break;
	}
	return bad;
}

static unsigned set_callbacks(struct http_transfer *t)
{
	unsigned bad = 0;

	SET(CURLOPT_PRIVATE, t);
	SET(CURLOPT_ERRORBUFFER, t->detail);
	SET(CURLOPT_OPENSOCKETFUNCTION, on_socket);
	SET(CURLOPT_OPENSOCKETDATA, t);
	SET(CURLOPT_PREREQFUNCTION, on_begin);
	SET(CURLOPT_PREREQDATA, t);
	SET(CURLOPT_HEADERFUNCTION, on_header);
	SET(CURLOPT_HEADERDATA, t);
	SET(CURLOPT_WRITEFUNCTION, on_answer);
	SET(CURLOPT_WRITEDATA, t);
	SET(CURLOPT_ACCEPT_ENCODING, ""); /* all that libcurl can undo */
	return bad;
}

static unsigned set_times(
    struct http_transfer *t, const struct conf_endpoint *ep, const struct fx_http *fx)
{
	unsigned bad = 0;

	SET(CURLOPT_CONNECTTIMEOUT_MS, (long)ep->connect_timeout_ms);
	SET(CURLOPT_TIMEOUT_MS, (long)fx->timeout_ms);
	return bad;
}

struct http_transfer *http_transfer_new(CURL *easy, const struct conf_endpoint *ep,
    const struct fx_http *fx, const struct http_headers *hs, CURLcode *setup)
{
	struct http_transfer *t = xcalloc(1, sizeof(*t));
	unsigned bad = 0;

	/* A transfer without an end would be an effect without its event. */
	assert(fx->timeout_ms > 0 && fx->body_bytes_max > 0);
	assert(fx->method == HTTP_POST || fx->body.n == 0);
	t->easy = easy;
	t->tag = fx->tag;
	t->method = fx->method;
	t->endpoint = xstrdup(ep->name);
	t->body_bytes = fx->body.n;
	t->body = fx->body.n > 0 ? xmemdup(fx->body.p, fx->body.n) : NULL;
	buf_init(&t->answer, (size_t)fx->body_bytes_max);
	bad |= set_where(t, ep, fx->path);
	bad |= set_trust(t, ep);
	bad |= set_auth(t, ep);
	bad |= set_method(t, hs);
	bad |= set_callbacks(t);
	bad |= set_times(t, ep, fx);
	*setup = bad == 0 ? CURLE_OK : CURLE_BAD_FUNCTION_ARGUMENT;
	return t;
}

void http_transfer_free(struct http_transfer *t)
{
	buf_fini(&t->answer);
	free(t->body);
	free(t->endpoint);
	free(t);
}

/* ---- what the end means -------------------------------------------------------------------- */

/* An end in words for an operator, who knows the configuration and not libcurl. */
struct word {
	CURLcode rc;
	const char *what;
	const char *hint;
};

/* No request was begun. The last line is for all the rest. */
static const struct word word_before[] = {
	{ CURLE_COULDNT_RESOLVE_HOST, "the host's name is not known", "check the endpoint's url" },
	{ CURLE_COULDNT_CONNECT, "no connection",
	    "is the server running, and are host and port of the endpoint's url right?" },
	{ CURLE_OPERATION_TIMEDOUT, "no connection in time",
	    "is the server up, and does a firewall let us through?" },
	{ CURLE_SSL_CONNECT_ERROR, "the TLS handshake failed",
	    "does the server speak https on this port?" },
	{ CURLE_PEER_FAILED_VERIFICATION, "the server's certificate is not trusted",
	    "set the endpoint's ca_file to the certificate of the authority that signed it, and "
	    "use in "
	    "url the name that stands in the server's certificate" },
	{ CURLE_SSL_CACERT_BADFILE, "the endpoint's ca_file cannot be used",
	    "it must be readable for the daemon and hold certificates in PEM form" },
	{ CURLE_URL_MALFORMAT, "the endpoint's url is malformed",
	    "it should look like https://host:port/path" },
	{ CURLE_UNSUPPORTED_PROTOCOL, "the endpoint's url is neither http nor https",
	    "it should look like https://host:port/path" },
	{ CURLE_LOGIN_DENIED, "the endpoint's url holds a user or a password",
	    "use the settings auth, user and password_file" },
	{ CURLE_BAD_FUNCTION_ARGUMENT, "url, user or password is too long", NULL },
	{ CURLE_OK, "no connection", NULL },
};

/* The request was begun. */
static const struct word word_after[] = {
	{ CURLE_OPERATION_TIMEDOUT, "no whole answer in time", NULL },
	{ CURLE_UNSUPPORTED_PROTOCOL, "the server does not speak HTTP",
	    "is the scheme of the endpoint's url right (http, https)?" },
	{ CURLE_WEIRD_SERVER_REPLY, "the server does not speak HTTP as it should",
	    "is the scheme of the endpoint's url right (http, https)?" },
	{ CURLE_OK, "the server does not speak HTTP as it should",
	    "is the scheme of the endpoint's url right (http, https)?" },
	{ CURLE_GOT_NOTHING, "the server closed the connection without an answer", NULL },
	{ CURLE_SEND_FAIL_REWIND, "the server closed the connection without an answer", NULL },
	{ CURLE_ABORTED_BY_CALLBACK, "the server closed the connection without an answer", NULL },
	{ CURLE_PARTIAL_FILE, "the answer was cut off", NULL },
	{ CURLE_BAD_CONTENT_ENCODING, "the answer's compression is damaged", NULL },
	{ CURLE_OUT_OF_MEMORY, "a header line of the answer is too long", NULL },
	{ CURLE_SEND_ERROR, "the connection broke while the request was sent", NULL },
	{ CURLE_RECV_ERROR, "the connection broke before the answer was whole", NULL },
	{ CURLE_OK, "the connection broke", NULL },
};

static const struct word *word_find(const struct word *words, size_t count, CURLcode rc)
{
	size_t i;

	for (i = 0; i < count - 1; i++)
		if (words[i].rc == rc)
			break;
	return &words[i];
}

static bool is_out_of_files(const struct http_transfer *t)
{
	return t->begun == 0 && (t->socket_errno == EMFILE || t->socket_errno == ENFILE);
}

static struct word word_of(const struct http_transfer *t, CURLcode rc, enum http_outcome outcome)
{
	if (outcome == HTTP_TOO_BIG)
		return (struct word){ rc, "the answer is larger than its limit", NULL };
	if (t->header_flood)
		return (struct word){ rc, "the answer's headers are larger than 64 KB", NULL };
	if (is_out_of_files(t))
		return (struct word){ rc, "no socket can be had",
			"the server is not to blame: the limit on open files is reached" };
	if (t->begun == 0)
		return *word_find(word_before, ARRAY_LEN(word_before), rc);
	if (outcome == HTTP_NOT_SENT)
		return (struct word){ rc, "the server wants other credentials",
			"check the endpoint's auth, user and password_file" };
	return *word_find(word_after, ARRAY_LEN(word_after), rc);
}

/* "host:port", from the url and not from the configuration, which may be a newer one by now. Only
 * these two parts, so that a secret that somebody wrote into the url goes nowhere. */
static char *where_of(const struct http_transfer *t, struct arena *a)
{
	CURLU *u = curl_url();
	char *url = NULL, *host = NULL, *port = NULL, *where;

	(void)curl_easy_getinfo(t->easy, CURLINFO_EFFECTIVE_URL, &url);
	if (u != NULL && url != NULL && curl_url_set(u, CURLUPART_URL, url, 0) == CURLUE_OK &&
	    curl_url_get(u, CURLUPART_HOST, &host, 0) == CURLUE_OK &&
	    curl_url_get(u, CURLUPART_PORT, &port, CURLU_DEFAULT_PORT) == CURLUE_OK)
		where = arena_printf(a, "%s:%s", host, port);
	else
		where = arena_printf(a, "endpoint %s", t->endpoint);
	curl_free(host);
	curl_free(port);
	curl_url_cleanup(u);
	return where;
}

/* " after 3 ms": the same cause has to have the same words each time, or the log tells it as a new one. */
static void drop_elapsed(char *text)
{
	static const char before[] = " after ";
	char *from = strstr(text, before);
	char *to = from == NULL ? NULL : from + strlen(before);

	if (from == NULL || *to < '0' || *to > '9')
		return;
	to += strspn(to, "0123456789");
	if (strncmp(to, " milliseconds", 13) == 0)
		to += 13;
	else if (strncmp(to, " ms", 3) == 0)
		to += 3;
	else
		return;
	memmove(from, to, strlen(to) + 1);
}

/* What a peer has made libcurl say may hold anything. */
static const char *detail_of(struct http_transfer *t, CURLcode rc)
{
	size_t n;
	char *c;

	/* Where our own callbacks said no, libcurl's words would be about them. */
	if (t->begun_again || t->header_flood || t->answer.full || rc == CURLE_SEND_FAIL_REWIND ||
	    rc == CURLE_OK)
		return NULL;
	if (is_out_of_files(t))
		return strerror(t->socket_errno);
	for (c = t->detail; *c != '\0'; c++)
		if ((unsigned char)*c < 0x20 || *c == 0x7f)
			*c = ' ';
	drop_elapsed(t->detail);
	for (n = strlen(t->detail); n > 0 && t->detail[n - 1] == ' '; n--)
		t->detail[n - 1] = '\0';
	return t->detail[0] != '\0' ? t->detail : curl_easy_strerror(rc);
}

static const char *error_of(
    struct http_transfer *t, CURLcode rc, enum http_outcome outcome, struct arena *a)
{
	struct word w = word_of(t, rc, outcome);
	const char *where = where_of(t, a);
	const char *detail = detail_of(t, rc);

	return arena_printf(a, "%s: %s%s%s%s%s%s", where, w.what, detail != NULL ? " (" : "",
	    detail != NULL ? detail : "", detail != NULL ? ")" : "", w.hint != NULL ? "; " : "",
	    w.hint != NULL ? w.hint : "");
}

/* What is not certain is LOST. */
static enum http_outcome outcome_of(const struct http_transfer *t, CURLcode rc, long status)
{
	if (t->answer.full)
		return HTTP_TOO_BIG;
	if (rc == CURLE_OK && status >= 200 && t->header_whole)
		return HTTP_REPLY;
	if (t->begun == 0)
		return HTTP_NOT_SENT;
	/* The server wants to be asked again with other credentials, and was not. With a second
	 * request behind that status (a handshake in steps) it would say nothing. */
	if (rc == CURLE_SEND_FAIL_REWIND && t->begun == 1 && (status == 401 || status == 403))
		return HTTP_NOT_SENT;
	return HTTP_LOST;
}

/* Retry-After may be a date years ahead. */
static int64_t retry_after_of(const struct http_transfer *t)
{
	curl_off_t s = 0;

	(void)curl_easy_getinfo(t->easy, CURLINFO_RETRY_AFTER, &s);
	if (s <= 0)
		return 0;
	return s > HTTP_RETRY_AFTER_MS_MAX / 1000 ? HTTP_RETRY_AFTER_MS_MAX : (int64_t)s * 1000;
}

void http_transfer_end(struct http_transfer *t, CURLcode rc, struct ev_http *ev, struct arena *a)
{
	long status = 0;

	(void)curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &status);
	assert(rc != CURLE_OK || t->begun > 0);
	ev->tag = t->tag;
	ev->outcome = outcome_of(t, rc, status);
	/* The status of half an answer is nothing to build on. */
	ev->status = ev->outcome == HTTP_LOST ? 0 : (int)status;
	if (ev->outcome == HTTP_REPLY) {
		ev->body.p = arena_take(a, buf_steal(&t->answer, &ev->body.n));
		ev->retry_after_ms = retry_after_of(t);
	} else {
		ev->error = error_of(t, rc, ev->outcome, a);
	}
}
