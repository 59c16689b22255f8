/* livy: an intent becomes the bytes of a request, a status and a body become a typed answer.
 * No state. The facts behind it were measured on Livy 0.7.1 and 0.10; the REST reference of
 * HDInsight is the least that every server is expected to have. */
#ifndef SPARKSPOOL_CORE_LIVY_H
#define SPARKSPOOL_CORE_LIVY_H

#include "base/buf.h"
#include "core/msg.h"

/* What a server can do beyond the REST reference. */
struct livy_dialect {
	bool
	    names; /* sessions have names, a name works in a URL, conf/queue/name/heartbeat are known (0.6) */
	bool echo;	/* a statement's code is echoed (0.4) */
	bool sql;	/* there are sessions of the kind sql (0.5) */
	bool connect;	/* POST /sessions/x/connect keeps a session alive (0.6) */
	bool list_only; /* statements are only to be had by the list */
};

/* What an answer means for the request. */
enum livy_verdict {
	LIVY_OK,	   /* 200, 201 or 202 and a body of the expected form */
	LIVY_NO_SESSION,   /* Livy's own 404: the session is gone */
	LIVY_NO_STATEMENT, /* Livy's own 404 "Statement not found" */
	LIVY_NOT_READY,	   /* "Session is in state starting": not accepted, will be */
	LIVY_NOT_ACTIVE, /* "Session is in state dead", "Session isn't active": not accepted, never will be */
	LIVY_CHANNEL_LOST, /* "RPC channel is closed": whatever its state says, the session is lost */
	LIVY_NAME_TAKEN,   /* "Duplicate session name" */
	LIVY_REFUSED,	   /* any other 4xx in Livy's own words: not accepted */
	LIVY_AUTH,	   /* 401, 403, 407: not accepted */
	LIVY_LATER,    /* 429, 430, and 400 "too many sessions": not accepted, try again later */
	LIVY_REDIRECT, /* 3xx: the url is not the server's; not accepted */
	LIVY_UNKNOWN_CALL, /* 404, 405, 406, 501 in somebody else's words: the server has no such call */
	LIVY_SERVER_ERROR, /* 5xx, 408, 499: nobody can tell whether it was accepted */
	LIVY_GARBAGE	   /* a success that cannot be read: probably accepted */
};

const char *livy_verdict_name(enum livy_verdict v);

/* States of a session as far as they make a difference. */
enum livy_session_state {
	LIVY_SESSION_STARTING, /* not_started, starting, recovering, and every state not listed here */
	LIVY_SESSION_IDLE, /* idle, running (a server of 0.7 says so for a moment after start) */
	LIVY_SESSION_BUSY,
	LIVY_SESSION_ENDING, /* shutting_down */
	LIVY_SESSION_ERROR,  /* an interpreter has died; must be deleted by its owner */
	LIVY_SESSION_DEAD    /* dead, killed, success */
};

struct livy_session {
	char *id; /* opaque: a number, or a UUID with some servers */
	char *name;
	char *app_id;
	char *state_text;
	enum livy_session_state state;
	char *log; /* its last lines joined by newlines, or NULL */
};

enum livy_statement_state {
	LIVY_STATEMENT_WAITING, /* waiting, and every state not listed here */
	LIVY_STATEMENT_RUNNING,
	LIVY_STATEMENT_AVAILABLE, /* available, and the documented but never seen error */
	LIVY_STATEMENT_CANCELLING,
	LIVY_STATEMENT_CANCELLED
};

struct livy_statement {
	int64_t id;
	enum livy_statement_state state;
	double progress;    /* 0.0 to 1.0 */
	int64_t started_ms; /* the driver's clock since the epoch; 0: not yet, or not said */
	bool unbegun;	    /* it is said, and it is not yet */
	int64_t completed_ms;
	char *code; /* as echoed, NULL where the server does not */
	size_t code_bytes;
	bool output; /* has an output that is not null */
	bool failed; /* output.status is "error" */
	char *text;  /* output.data["text/plain"] if it is a string, else NULL; may contain NUL */
	size_t text_bytes;
};

/* One answer. Strings are owned by it; livy_fini() frees them. */
struct livy_answer {
	enum livy_verdict verdict;
	char *
	    message; /* the server's own words, shortened to one line of at most 500 bytes; or NULL */
	char *version;		      /* of livy_read_version */
	struct livy_session *session; /* of _session: one; of _sessions: session_count */
	size_t session_count;
	int64_t total; /* of _sessions: as many as the server has */
	struct livy_statement statement;
};

void livy_fini(struct livy_answer *a);

/* Each reads the answer to one call; none fails: what cannot be read is a verdict. */
void livy_read_version(int status, struct bytes body, struct livy_answer *a);
void livy_read_session(int status, struct bytes body, struct livy_answer *a);
void livy_read_sessions(int status, struct bytes body, struct livy_answer *a);
void livy_read_state(int status, struct bytes body, struct livy_answer *a); /* into session[0] */
void livy_read_log(int status, struct bytes body, struct livy_answer *a); /* into session[0].log */
void livy_read_statement(int status, struct bytes body, struct livy_answer *a);
/* From the list: the statement `id`; LIVY_NO_STATEMENT when it is not in the list. */
void livy_read_statement_of_list(int status, struct bytes body, int64_t id, struct livy_answer *a);
/* DELETE and cancel, where only the verdict matters. */
void livy_read_done(int status, struct bytes body, struct livy_answer *a);

/* What GET /version tells. A server without that call, or with an answer that is no version, has
 * nothing but the reference's. list_only is never set here: that a server has no call for one
 * statement is learnt by LIVY_UNKNOWN_CALL. */
struct livy_dialect livy_dialect_of(const struct livy_answer *version);

/* The element of a list answer that is the statement `id`, as its own JSON text, cut out of the
 * body without changing a byte. False when there is none. */
bool livy_cut_statement(struct bytes list, int64_t id, struct bytes *statement);

/* ---- requests ---- */

/* The body of POST /sessions. Fields that the dialect does not know are left out.
 * proxy_user overrides s->proxy_user when it is not NULL. Returns an arena string. */
struct bytes livy_create_body(struct arena *a, const struct conf_session *s, enum kind kind,
    const char *name, const char *proxy_user, const struct livy_dialect *d);

/* The body of POST statements. code must be UTF-8 (source_check has seen to it). */
struct bytes livy_statement_body(struct arena *a, struct bytes code);

/* "/sessions/<key>" and below; the key is percent-encoded where it must be. */
char *livy_path(struct arena *a, const char *session_key, const char *rest);
char *livy_path_statement(struct arena *a, const char *session_key, int64_t id, const char *rest);

/* Whether two codes are the same for a server that turns \r\n and \r into \n. */
bool livy_same_code(struct bytes a, struct bytes b);

/* The API's name of a kind: "pyspark", "spark", "sql", "sparkr". */
const char *livy_kind_name(enum kind kind);

/* JSON with the tolerance that answers need: NUL in strings, duplicate keys, and numbers beyond
 * 64 bits, which come back as strings of their digits; half of a surrogate pair, or NUL in a name,
 * becomes U+FFFD. NULL when it is no JSON, or nested more than 2048 deep. The caller releases it
 * with json_decref(). */
struct json_t;
struct json_t *livy_parse(struct bytes body);

#endif
