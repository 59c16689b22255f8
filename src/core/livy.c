/* livy: intents become paths and bodies of requests. */
#include "core/livy.h"
#include "base/buf.h"
#include "core/text.h"
#include <assert.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#define PATH_BYTES_MAX 4096

const char *livy_kind_name(enum kind kind)
{
	static const char *const name[KIND_SESSIONS] = {
		[KIND_PYSPARK] = "pyspark",
		[KIND_SPARK] = "spark",
		[KIND_SQL] = "sql",
		[KIND_SPARKR] = "sparkr",
		[KIND_RUNNER] = "pyspark",
	};

	assert(kind < KIND_SESSIONS);
	return name[kind];
}

/* ---- dialects -------------------------------------------------------------------------------- */

/* "0.10.0-incubating-SNAPSHOT": major and minor as one number, 10; -1 when it is no version. */
static long version_of(const char *text)
{
	char *end;
	long major;
	long minor;

	if (*text < '0' || *text > '9')
		return -1;
	major = strtol(text, &end, 10);
	if (end[0] != '.' || end[1] < '0' || end[1] > '9' || major > 999)
		return -1;
	minor = strtol(end + 1, NULL, 10);
	return minor > 999 ? -1 : major * 1000 + minor;
}

/* list_only stays false even where nothing is known: the list of statements is the one call that
 * can kill a session, so a server has to refuse the other way first. */
struct livy_dialect livy_dialect_of(const struct livy_answer *version)
{
	struct livy_dialect d = { 0 };

	if (version->verdict != LIVY_OK || !version->version)
		return d;
	long v = version_of(version->version);
	if (v < 0)
		return d;
	d.names = v >= 6;
	d.connect = v >= 6;
	d.sql = v >= 5;
	d.echo = v >= 4;
	return d;
}

/* ---- bodies ---------------------------------------------------------------------------------- */

static struct bytes body_of(struct arena *a, json_t *tree)
{
	char *text = arena_take(a, json_dumps(tree, JSON_COMPACT));

	assert(text);
	json_decref(tree);
	return (struct bytes){ .p = text, .n = strlen(text) };
}

/* An empty value is an unset one: the configuration has no other way to say so. */
static void put_text(json_t *o, const char *key, const char *value)
{
	if (value && *value)
		text_put(o, key, text_json(value));
}

static void put_number(json_t *o, const char *key, int value)
{
	if (value > 0)
		text_put(o, key, json_integer(value));
}

static void put_list(json_t *o, const char *key, char *const *value)
{
	if (!value || !value[0])
		return;
	json_t *list = json_array();
	for (; *value; value++)
		text_append(list, text_json(*value));
	text_put(o, key, list);
}

/* What the runner's sessions need: files side by side share the executors fairly; the answers of its
 * calls carry output, and the server's memory is not for keeping a hundred of them. Whatever the
 * configuration says of these counts more. */
static void put_runner_conf(json_t *conf)
{
	text_put(conf, "spark.scheduler.mode", text_json("FAIR"));
	text_put(conf, "spark.python.worker.reuse", text_json("false"));
	text_put(conf, "spark.python.task.killTimeout", text_json("200ms"));
	text_put(conf, "livy.rsc.retained-statements", text_json("20"));
}

/* A name that is no text cannot be a name of Spark's: it is left out like an empty one. */
static void put_conf(json_t *o, const struct conf_session *s, enum kind kind)
{
	if (s->conf_count == 0 && kind != KIND_RUNNER)
		return;
	json_t *conf = json_object();
	if (kind == KIND_RUNNER)
		put_runner_conf(conf);
	for (size_t i = 0; i < s->conf_count; i++) {
		const char *key = s->conf[i].key;

		if (key && *key && text_is_utf8(key, strlen(key)))
			text_put(conf, key, text_json(s->conf[i].value));
	}
	text_put(o, "conf", conf);
}

/* The fields of the REST reference. "%owner" stands for a name that the caller has to know; sent
 * as it is, it would be somebody's login. */
static void put_reference(json_t *o, const struct conf_session *s, const char *proxy_user)
{
	if (!proxy_user && s->proxy_user && strcmp(s->proxy_user, "%owner") != 0)
		proxy_user = s->proxy_user;
	put_text(o, "proxyUser", proxy_user);
	put_list(o, "jars", s->jars);
	put_list(o, "pyFiles", s->py_files);
	put_list(o, "files", s->files);
	put_list(o, "archives", s->archives);
	put_text(o, "driverMemory", s->driver_memory);
	put_number(o, "driverCores", s->driver_cores);
	put_text(o, "executorMemory", s->executor_memory);
	put_number(o, "executorCores", s->executor_cores);
	put_number(o, "numExecutors", s->num_executors);
}

/* name, queue, conf and the heartbeat are of Livy 0.6 at the latest and not in the reference; to a
 * server that does not know one of them the whole request is an error. */
struct bytes livy_create_body(struct arena *a, const struct conf_session *s, enum kind kind,
    const char *name, const char *proxy_user, const struct livy_dialect *d)
{
	json_t *o = json_object();

	assert(o);
	text_put(o, "kind", text_json(livy_kind_name(kind)));
	if (d->names)
		put_text(o, "name", name);
	put_reference(o, s, proxy_user);
	if (d->names) {
		put_text(o, "queue", s->queue);
		put_conf(o, s, kind);
		put_number(o, "heartbeatTimeoutInSecond", s->heartbeat_timeout_s);
	}
	return body_of(a, o);
}

struct bytes livy_statement_body(struct arena *a, struct bytes code)
{
	json_t *o = json_object();
	json_t *text = json_stringn(code.p, code.n);

	/* Replacing what is not UTF-8 would run something else than the file. */
	assert(o && text);
	text_put(o, "code", text);
	return body_of(a, o);
}

/* ---- paths ----------------------------------------------------------------------------------- */

/* RFC 3986, 2.3: what needs no encoding anywhere in a URL. */
static bool is_unreserved(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
	       (c != '\0' && strchr("-._~", c));
}

static void add_encoded(struct buf *b, const char *s)
{
	for (; *s; s++) {
		if (is_unreserved(*s))
			(void)buf_addc(b, *s);
		else
			(void)buf_addf(b, "%%%02X", (unsigned)(unsigned char)*s);
	}
}

static char *path_end(struct arena *a, struct buf *b, const char *rest)
{
	if (rest)
		(void)buf_adds(b, rest);
	assert(!b->full);
	return arena_take(a, buf_steal(b, NULL));
}

char *livy_path(struct arena *a, const char *session_key, const char *rest)
{
	struct buf b;

	assert(session_key && *session_key);
	buf_init(&b, PATH_BYTES_MAX);
	(void)buf_adds(&b, "/sessions/");
	add_encoded(&b, session_key);
	return path_end(a, &b, rest);
}

char *livy_path_statement(struct arena *a, const char *session_key, int64_t id, const char *rest)
{
	struct buf b;

	assert(id >= 0);
	buf_init(&b, PATH_BYTES_MAX);
	(void)buf_adds(&b, livy_path(a, session_key, NULL));
	(void)buf_addf(&b, "/statements/%lld", (long long)id);
	return path_end(a, &b, rest);
}

/* ---- code ------------------------------------------------------------------------------------ */

/* The next character as the server keeps it, or -1 at the end. */
static int next_char(struct bytes code, size_t *at)
{
	if (*at == code.n)
		return -1;
	char c = code.p[(*at)++];
	if (c != '\r')
		return (unsigned char)c;
	if (*at < code.n && code.p[*at] == '\n')
		(*at)++;
	return '\n';
}

/* Livy turns both kinds of foreign line ends into its own before it echoes the code. */
bool livy_same_code(struct bytes a, struct bytes b)
{
	size_t at_a = 0;
	size_t at_b = 0;
	int c;

	do {
		c = next_char(a, &at_a);
		if (c != next_char(b, &at_b))
			return false;
	} while (c >= 0);
	return true;
}
