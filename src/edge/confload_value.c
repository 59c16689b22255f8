/* confload_value: one value of the configuration file: words become a field of a struct. */
#include "edge/confload_value.h"
#include "edge/confload_entry.h"
#include "edge/confload_print.h"
#include "edge/confload_url.h"
#include <assert.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#define TEXT_BYTES_MAX 8192

/* Words are stored through an int. */
static_assert(sizeof(enum conf_auth) == sizeof(int), "an enum is an int");

/* How many bytes of UTF-8 one character at p takes, or 0 when it is not one. */
static size_t utf8_length(const unsigned char *p)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	size_t n = p[0] < 0x80 ? 1 : p[0] < 0xc0 ? 0 : p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;

	if (n < 2)
		return n;
	if (p[0] > 0xf4)
		return 0;
	uint32_t c = p[0] & (0xffu >> (n + 1));
	for (size_t i = 1; i < n; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (p[i] & 0x3f);
	}
	bool surrogate = c >= 0xd800 && c <= 0xdfff;
	return c < least[n] || c > 0x10ffff || surrogate ? 0 : n;
}

bool confvalue_is_utf8(const char *text)
{
	const unsigned char *p = (const unsigned char *)text;

	while (*p != '\0') {
		size_t n = utf8_length(p);
		if (n == 0)
			return false;
		p += n;
	}
	return true;
}

/* Strings go into JSON, file names, log lines: what cannot stand there is refused at the door. */
char *confvalue_check_text(const char *text)
{
	const unsigned char *p = (const unsigned char *)text;

	if (*p == '\0')
		return xstrdup("it is empty; give it a value or remove the line");
	if (strlen(text) > TEXT_BYTES_MAX)
		return xasprintf("it is longer than %d bytes", TEXT_BYTES_MAX);
	while (*p != '\0') {
		size_t n = utf8_length(p);
		if (n == 0)
			return xstrdup("it is not UTF-8; save the file in that encoding");
		if (*p < 0x20 || *p == 0x7f)
			return xstrdup("it holds a newline, tab or other control character; is a "
				       "quotation mark missing?");
		p += n;
	}
	return NULL;
}

/* ---- words become a field ---- */

/* Each of these returns NULL, or what is wrong and what to do. */
static char *set_text(void *field, char *text)
{
	*(char **)field = text;
	return NULL;
}

/* One spelling for a path, so that two of them can be compared: no "//", "/./" or last slash. */
static char *clean_path(const char *text)
{
	char *out = xcalloc(strlen(text) + 2, 1);
	size_t n = 0;

	for (const char *p = text; *p != '\0';) {
		size_t len = strcspn(p, "/");
		if (len > 0 && !(len == 1 && p[0] == '.')) {
			out[n++] = '/';
			memcpy(out + n, p, len);
			n += len;
		}
		p += len + (p[len] == '/');
	}
	if (n == 0)
		out[0] = '/';
	return out;
}

/* With ".." two paths could be one without being equal, and a link would decide where it leads. */
static bool has_dotdot(const char *path)
{
	for (const char *p = path; *p != '\0';) {
		size_t len = strcspn(p, "/");
		if (len == 2 && memcmp(p, "..", 2) == 0)
			return true;
		p += len + (p[len] == '/');
	}
	return false;
}

static char *set_path(void *field, const char *text)
{
	if (text[0] != '/')
		return xasprintf("\"%s\" is not an absolute path; begin it with /", text);
	if (has_dotdot(text))
		return xasprintf("\"%s\" holds \"..\"; write where that leads", text);
	if (strlen(text) >= PATH_MAX)
		return xstrdup("the path is too long");
	return set_text(field, clean_path(text));
}

static char *set_url(void *field, const char *text)
{
	char *why = confurl_check(text);

	return why != NULL ? why : set_text(field, confurl_clean(text));
}

/* A relative path would depend on where the daemon was started; a name with a slash would leave the
 * credentials' directory. */
static char *set_secret(void *field, const char *text)
{
	if (strncmp(text, "cred:", 5) != 0)
		return text[0] == '/'
			   ? set_text(field, xstrdup(text))
			   : xstrdup(
				 "write an absolute path, or \"cred:NAME\" for a credential of the "
				 "service manager");
	const char *name = text + 5;
	if (*name == '\0' || strchr(name, '/') != NULL || name[0] == '.')
		return xasprintf("\"%s\" does not name a credential; write \"cred:NAME\"", text);
	return set_text(field, xstrdup(text));
}

/* What the server would only say when a session has died of it. */
static char *set_memory(void *field, const char *text)
{
	size_t digits = strspn(text, "0123456789");
	const char *unit = text + digits;

	if (digits == 0 || strtoull(text, NULL, 10) == 0 || *unit == '\0' ||
	    strchr("mMgGtT", *unit) == NULL || unit[1] != '\0')
		return xasprintf("\"%s\" is not an amount of memory; write it as \"512m\" or "
				 "\"2g\"",
		    text);
	return set_text(field, xstrdup(text));
}

/* Any other % is somebody's hope for a variable that does not exist. */
static char *set_proxy(void *field, const char *text)
{
	if (strchr(text, '%') != NULL && !str_eq(text, "%owner"))
		return xasprintf("\"%s\" is not known; write a login name or \"%%owner\"", text);
	return set_text(field, xstrdup(text));
}

/* A word that is known but refused gets its reason, and is not offered as a choice. */
static char *find_word(const struct setting *row, const char *text, int *value)
{
	struct buf known;

	for (const struct setting_word *w = row->words; w->word != NULL; w++) {
		if (!str_eq(w->word, text))
			continue;
		if (w->refused != NULL)
			return xasprintf("\"%s\" %s", text, w->refused);
		*value = w->value;
		return NULL;
	}
	buf_init(&known, TEXT_BYTES_MAX);
	for (const struct setting_word *w = row->words; w->word != NULL; w++) {
		if (w->refused == NULL)
			buf_addf(&known, "%s\"%s\"", known.len == 0 ? "" : " or ", w->word);
	}
	char *why = xasprintf("\"%s\" is not known; write %s", text, known.data);
	buf_fini(&known);
	return why;
}

/* One more of several. */
static char *add_word(const struct setting *row, void *field, const char *text)
{
	int value = 0;
	char *why = find_word(row, text, &value);

	if (why == NULL)
		*(unsigned *)field |= 1u << value;
	return why;
}

/* What the interpreter, or Spark below it, has read long before a file's turn comes would be taken
 * here and do nothing; and some names the runner gives itself. NULL, or what to do instead. */
static const char *env_taken(const char *name)
{
	static const char *const early[] = { "LD_", "PYTHON", "PYSPARK_", "SPARK_" };
	static const char *const own[] = { "TMPDIR", "PWD", "SPARKSPOOL_RUN" };

	for (size_t i = 0; i < ARRAY_LEN(early); i++) {
		if (strncmp(name, early[i], strlen(early[i])) == 0)
			return "is read when the session starts and would do nothing for a file; "
			       "use modules, or the pool's session settings";
	}
	for (size_t i = 0; i < ARRAY_LEN(own); i++) {
		if (str_eq(name, own[i]))
			return "is each file's own; remove it";
	}
	return NULL;
}

/* POSIX.1-2017, XBD 8.1, without its leave to use stranger ones. */
char *confvalue_check_env(const char *name)
{
	static const char first[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_";
	size_t n = strspn(name, first);

	n += strspn(name + n, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789");
	if (strspn(name, first) == 0 || name[n] != '\0')
		return xasprintf(
		    "\"%s\" is not a variable's name; write letters, digits and '_'", name);
	const char *why = env_taken(name);
	return why == NULL ? NULL : xasprintf("the variable %s %s", name, why);
}

/* NULL when the number is within the row's limits. */
static char *check_range(
    const struct setting *row, int64_t n, void (*print)(struct buf *out, int64_t n))
{
	struct buf b;

	if (n >= row->min && n <= row->max)
		return NULL;
	buf_init(&b, TEXT_BYTES_MAX);
	buf_adds(&b, "it is out of range; write something from ");
	print(&b, row->min);
	buf_adds(&b, " to ");
	print(&b, row->max);
	return buf_steal(&b, NULL);
}

static char *set_duration(const struct setting *row, void *field, const char *text)
{
	bool never = (row->flags & SETTING_NEVER) != 0;
	int64_t ms;

	if (never && str_eq(text, "never")) {
		*(int64_t *)field = CONF_NEVER;
		return NULL;
	}
	if (str_to_duration_ms(text, &ms) != 0)
		return xasprintf("\"%s\" is not a duration; write a number with a unit, such as "
				 "\"250ms\", \"1s\", \"5m\", \"12h\", \"7d\"%s",
		    text, never ? ", or \"never\"" : "");
	char *why = check_range(row, ms, confprint_duration);
	if (why == NULL)
		*(int64_t *)field = ms;
	return why;
}

static char *set_size(const struct setting *row, void *field, const char *text)
{
	int64_t bytes;

	if (str_to_size_bytes(text, &bytes) != 0)
		return xasprintf("\"%s\" is not a size; write a number with a unit, such as "
				 "\"64k\" or \"16M\"",
		    text);
	char *why = check_range(row, bytes, confprint_size);
	if (why == NULL)
		*(int64_t *)field = bytes;
	return why;
}

/* What an earlier configuration had is no longer there for a new one. */
static char *set_name(
    const struct conf *c, const struct setting *row, void *field, const char *text)
{
	size_t i = confentry_find(c, row->target, text);
	const char *word = conftable_word(row->target);

	if (i == ENTRY_NOWHERE || confentry_removed(confentry_at(c, row->target, i)))
		return xasprintf(
		    "there is no %s \"%s\" in this file; add it or name another", word, text);
	*(size_t *)field = i;
	return NULL;
}

/* A relative directory is kept as it is: it is opened below the spool's. */
static char *set_after(struct conf_spool *s, const char *text)
{
	if (str_eq(text, "keep")) {
		s->after = AFTER_KEEP;
	} else if (str_eq(text, "delete")) {
		s->after = AFTER_DELETE;
	} else if (strncmp(text, "move:", 5) == 0 && strlen(text) >= PATH_MAX) {
		return xstrdup("the path is too long");
	} else if (strncmp(text, "move:", 5) == 0 && text[5] != '\0') {
		s->after = AFTER_MOVE;
		s->move_to = text[5] == '/' ? clean_path(text + 5) : xstrdup(text + 5);
	} else {
		return xasprintf("\"%s\" is not known; write \"keep\", \"delete\" or "
				 "\"move:DIRECTORY\"",
		    text);
	}
	return NULL;
}

char *confvalue_set_int(const struct setting *row, void *base, int64_t value)
{
	char *why = check_range(row, value, confprint_number);

	if (why == NULL)
		*(int *)((char *)base + row->offset) = (int)value;
	return why;
}

void confvalue_set_bool(const struct setting *row, void *base, bool value)
{
	*(bool *)((char *)base + row->offset) = value;
}

/* The one place that knows which words each type takes. */
char *confvalue_set(const struct conf *c, const struct setting *row, void *base, const char *text)
{
	void *field = (char *)base + row->offset;

	switch (row->type) {
	case SETTING_TEXT:
		return set_text(field, xstrdup(text));
	case SETTING_PATH:
		return set_path(field, text);
	case SETTING_URL:
		return set_url(field, text);
	case SETTING_SECRET:
		return set_secret(field, text);
	case SETTING_MEMORY:
		return set_memory(field, text);
	case SETTING_PROXY:
		return set_proxy(field, text);
	case SETTING_WORD:
		return find_word(row, text, field);
	case SETTING_WORDS:
		return add_word(row, field, text);
	case SETTING_DURATION:
		return set_duration(row, field, text);
	case SETTING_SIZE:
		return set_size(row, field, text);
	case SETTING_NAME:
		return set_name(c, row, field, text);
	case SETTING_AFTER:
		return set_after(field, text);
	case SETTING_BOOL:
	case SETTING_INT:
	case SETTING_STRINGS:
	case SETTING_PAIRS:
		break;
	}
	assert(false);
	return NULL;
}

/* Those of the fallback, with blanks between them. */
static char *add_words(const struct conf *c, const struct setting *row, void *base)
{
	char *why = NULL;

	for (const char *p = row->fallback; why == NULL && *p != '\0';) {
		size_t n = strcspn(p, " ");
		char *word = xstrndup(p, n);
		why = confvalue_set(c, row, base, word);
		free(word);
		p += n + (p[n] == ' ');
	}
	return why;
}

/* Through the same functions as the file's own words, so that the table's defaults are checked by
 * every load: one that is wrong is an error of ours. */
void confvalue_set_fallback(const struct conf *c, const struct setting *row, void *base)
{
	int64_t n = 0;
	char *why = NULL;

	if (row->fallback == NULL)
		return;
	if (row->type == SETTING_BOOL) {
		confvalue_set_bool(row, base, str_eq(row->fallback, "true"));
	} else if (row->type == SETTING_INT) {
		/* Not held against the limits: -1 is what a user cannot say. */
		int rc = str_to_i64(row->fallback, INT_MIN, INT_MAX, &n);
		assert(rc == 0);
		*(int *)((char *)base + row->offset) = (int)n;
	} else if (row->type == SETTING_WORDS) {
		why = add_words(c, row, base);
	} else {
		why = confvalue_set(c, row, base, row->fallback);
	}
	assert(why == NULL);
}
