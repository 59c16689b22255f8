/* livyerror: what a server says when it says no. */
#include "core/livyerror.h"
#include "base/buf.h"
#include "core/text.h"
#include <assert.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define MESSAGE_BYTES_MAX 500
#define HTML_BYTES_MAX 65536 /* of a page as much as is looked at */
#define HTML_PREFIX "an HTML page: "
#define STATE_PHRASE "Session is in state "

/* The text of an error body. */
struct words {
	char *text;
	size_t n;
	bool own; /* in one of the two forms that Livy itself writes, not a gateway's */
};

/* Not a string function: the text may contain NUL. */
static void words_set(struct words *w, const char *p, size_t n)
{
	w->text = xmalloc(n + 1);
	w->n = n;
	memcpy(w->text, p, n);
	w->text[n] = '\0';
}

/* msg is Livy's own; message and error are what gateways put their words under. */
static void words_of_json(const json_t *tree, struct words *w)
{
	static const char *const key[] = { "msg", "message", "error" };
	const json_t *v = tree;

	w->own = json_is_string(tree);
	for (size_t i = 0; i < ARRAY_LEN(key) && !json_is_string(v); i++) {
		v = json_object_get(tree, key[i]);
		w->own = i == 0 && json_is_string(v);
	}
	if (json_is_string(v))
		words_set(w, json_string_value(v), json_string_length(v));
}

static const char *find_word(const char *p, const char *end, const char *word)
{
	size_t n = strlen(word);

	for (; (size_t)(end - p) >= n; p++)
		if (strncasecmp(p, word, n) == 0)
			return p;
	return NULL;
}

/* The text between <title ...> and </title>, if there is any in it. */
static char *html_title(const char *p, const char *end)
{
	const char *start = find_word(p, end, "<title");
	const char *close = start ? find_word(start, end, "</title") : NULL;

	if (!close)
		return NULL;
	start = memchr(start, '>', (size_t)(close - start));
	if (!start)
		return NULL;
	char *line = text_line(start + 1, (size_t)(close - start - 1), MESSAGE_BYTES_MAX);
	if (*line)
		return line;
	free(line);
	return NULL;
}

/* The first words outside of all tags. */
static char *html_text(const char *p, const char *end)
{
	struct buf plain;

	buf_init(&plain, HTML_BYTES_MAX);
	while (p && p < end) {
		const char *tag = memchr(p, '<', (size_t)(end - p));

		(void)buf_add(&plain, p, (size_t)((tag ? tag : end) - p));
		p = tag ? memchr(tag, '>', (size_t)(end - tag)) : NULL;
		p = p ? p + 1 : NULL;
	}
	char *line = text_line(plain.data, plain.len, MESSAGE_BYTES_MAX - strlen(HTML_PREFIX));
	buf_fini(&plain);
	return line;
}

static char *html_message(const char *p, size_t n)
{
	const char *end = p + (n < HTML_BYTES_MAX ? n : HTML_BYTES_MAX);
	char *title = html_title(p, end);

	if (title)
		return title;
	char *text = html_text(p, end);
	char *message = *text ? xasprintf(HTML_PREFIX "%s", text) : xstrdup("an HTML page");
	free(text);
	return message;
}

/* Good enough for what is neither JSON nor meant for programs. */
static bool is_html(struct bytes body)
{
	size_t at = 0;

	while (at < body.n && strchr(" \t\r\n", body.p[at]))
		at++;
	return at < body.n && body.p[at] == '<';
}

static void words_of(struct bytes body, struct words *w)
{
	json_t *tree = livy_parse(body);

	*w = (struct words){ 0 };
	if (tree) {
		words_of_json(tree, w);
		json_decref(tree);
	} else if (body.n > 0 && !is_html(body)) {
		words_set(w, body.p, body.n);
	}
}

static char *message_of(int status, struct bytes body, const struct words *w)
{
	char *line = NULL;

	if (w->text)
		line = text_line(w->text, w->n, MESSAGE_BYTES_MAX);
	else if (body.n > 0 && is_html(body))
		line = html_message(body.p, body.n);
	if (line && *line)
		return line;
	free(line);
	return xasprintf("HTTP status %d without a word", status);
}

/* "Session is in state dead": whether waiting can help. */
static enum livy_verdict verdict_of_state(const char *message)
{
	static const char *const passing[] = { "not_started", "notstarted", "starting",
		"recovering", "idle", "running", "busy" };
	const char *state = strstr(message, STATE_PHRASE);

	assert(state);
	state += strlen(STATE_PHRASE);
	for (size_t i = 0; i < ARRAY_LEN(passing); i++)
		if (strncasecmp(state, passing[i], strlen(passing[i])) == 0)
			return LIVY_NOT_READY;
	return LIVY_NOT_ACTIVE;
}

/* By what Livy itself says, or LIVY_OK: that says nothing. Only the first line counts, but for the
 * channel, whose loss is often the cause at the bottom of a stack trace. */
static enum livy_verdict verdict_of_words(const char *message, const char *text)
{
	static const struct {
		const char *phrase;
		enum livy_verdict verdict;
	} known[] = {
		{ "Session isn't active", LIVY_NOT_ACTIVE },
		{ "CancellationException", LIVY_CHANNEL_LOST },
		{ "Duplicate session name", LIVY_NAME_TAKEN },
		{ "too many sessions", LIVY_LATER },
	};

	if (strstr(message, STATE_PHRASE))
		return verdict_of_state(message);
	for (size_t i = 0; i < ARRAY_LEN(known); i++)
		if (strstr(message, known[i].phrase))
			return known[i].verdict;
	return strstr(text, "RPC channel is closed") ? LIVY_CHANNEL_LOST : LIVY_OK;
}

/* A gateway's 404 must not pass for Livy's: it would end sessions and runs that are alive. */
static enum livy_verdict verdict_of_404(const char *message, bool own)
{
	if (own && strncmp(message, "Session ", 8) == 0 && strstr(message, "not found"))
		return LIVY_NO_SESSION;
	if (own && strncmp(message, "Statement", 9) == 0 && strstr(message, "not found"))
		return LIVY_NO_STATEMENT;
	return LIVY_UNKNOWN_CALL;
}

/* What each status says where nobody's words say more. */
static enum livy_verdict verdict_of_status(int status)
{
	switch (status) {
	case 401:
	case 403:
	case 407: /* a proxy on the way wants to know us */
		return LIVY_AUTH;
	case 405:
	case 406:
	case 501:
		return LIVY_UNKNOWN_CALL;
	case 429:
	case 430: /* Fabric's word for "too many" */
		return LIVY_LATER;
	case 408: /* some gateways say these of a server that was too slow to answer */
	case 499:
		return LIVY_SERVER_ERROR;
	default:
		break;
	}
	if (status >= 300 && status <= 399)
		return LIVY_REDIRECT;
	return status >= 400 && status <= 499 ? LIVY_REFUSED : LIVY_SERVER_ERROR;
}

/* Where the status alone is clear the words cannot make it mean anything else. */
static enum livy_verdict verdict_of(int status, const char *message, const struct words *w)
{
	enum livy_verdict by_status = verdict_of_status(status);
	enum livy_verdict by_words = LIVY_OK;

	if (by_status != LIVY_REFUSED && by_status != LIVY_SERVER_ERROR)
		return by_status;
	if (w->own)
		by_words = verdict_of_words(message, w->text);
	if (by_words != LIVY_OK)
		return by_words;
	return status == 404 ? verdict_of_404(message, w->own) : by_status;
}

enum livy_verdict livy_error(int status, struct bytes body, char **message)
{
	struct words w;

	assert(status < 200 || status > 299);
	words_of(body, &w);
	*message = message_of(status, body, &w);
	enum livy_verdict verdict = verdict_of(status, *message, &w);
	free(w.text);
	assert(verdict != LIVY_OK);
	return verdict;
}

char *livy_error_message(int status, struct bytes body)
{
	struct words w;

	words_of(body, &w);
	char *message = message_of(status, body, &w);
	free(w.text);
	return message;
}
