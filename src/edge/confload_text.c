/* confload_text: the bytes of a configuration file and its includes, and where lines are from. */
#include "edge/confload_text.h"
#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define TEXT_BYTES_MAX (1024 * 1024)
#define FILES_MAX 100
#define DEPTH_MAX 10

/* One file on its way into the text. Bytes before `copied` are already there. */
struct scan {
	struct conftext *t;
	struct confreport *report;
	const char *dir; /* what relative includes are relative to */
	unsigned depth;
	size_t file;
	const char *p;
	size_t len;
	size_t pos;
	unsigned line; /* of pos */
	size_t copied;
	unsigned copied_line;
};

static int add_file(struct scan *from, struct conftext *t, const char *path);

/* NUL behind the end, where no token goes on. */
static char peek(const struct scan *s, size_t ahead)
{
	return s->pos + ahead < s->len ? s->p[s->pos + ahead] : '\0';
}

static void complain(struct scan *s, unsigned line, const char *what)
{
	confreport_add(s->report, s->t->file[s->file], line, "%s", what);
}

/* The text has one more line now, and this is where it came from. */
static void add_line(struct conftext *t, size_t file, unsigned line)
{
	if (t->line_count == t->line_cap) {
		t->line_cap = t->line_cap == 0 ? 64 : t->line_cap * 2;
		t->line = xrealloc(t->line, t->line_cap * sizeof(*t->line));
	}
	t->line[t->line_count++] = (struct conftext_line){ file, line };
}

/* Copies what lies before pos, keeping the map of lines. */
static void copy_up_to_pos(struct scan *s)
{
	buf_add(&s->t->text, s->p + s->copied, s->pos - s->copied);
	for (size_t i = s->copied; i < s->pos; i++) {
		if (s->p[i] == '\n')
			add_line(s->t, s->file, ++s->copied_line);
	}
	s->copied = s->pos;
}

/* One byte on, counting lines as libconfig does: inside strings and comments too. */
static void step(struct scan *s)
{
	if (s->p[s->pos++] == '\n')
		s->line++;
}

static void skip_line_comment(struct scan *s)
{
	while (s->pos < s->len && peek(s, 0) != '\n')
		step(s);
}

/* libconfig takes a comment without an end for the end of the file: settings would vanish. */
static int skip_block_comment(struct scan *s)
{
	unsigned began = s->line;

	for (s->pos += 2; s->pos < s->len; step(s)) {
		if (peek(s, 0) == '*' && peek(s, 1) == '/') {
			s->pos += 2;
			return 0;
		}
	}
	complain(s, began, "this comment has no end; close it with */");
	return -1;
}

/* The only way to a NUL, for the file itself has none. */
static bool is_nul_escape(const struct scan *s)
{
	return peek(s, 0) == '\\' && (peek(s, 1) == 'x' || peek(s, 1) == 'X') &&
	       peek(s, 2) == '0' && peek(s, 3) == '0';
}

/* A string may go over several lines for libconfig; whether it should is the setting's matter. */
static int skip_string(struct scan *s)
{
	unsigned began = s->line;

	for (s->pos++; s->pos < s->len; step(s)) {
		if (peek(s, 0) == '"') {
			s->pos++;
			return 0;
		}
		/* libconfig would cut the string off there. */
		if (is_nul_escape(s))
			complain(s, s->line, "a string cannot hold \\x00; remove it");
		if (peek(s, 0) == '\\' && (peek(s, 1) == '\\' || peek(s, 1) == '"'))
			s->pos++;
	}
	complain(s, began, "this string has no end; close it with a quotation mark");
	return -1;
}

/* Digits in a name are no number. */
static void skip_name(struct scan *s)
{
	while (
	    isalnum((unsigned char)peek(s, 0)) || (peek(s, 0) != '\0' && strchr("-_*", peek(s, 0))))
		s->pos++;
}

/* Whether libconfig would wrap the integer at [from, pos) around without a word. */
static bool number_wraps(const struct scan *s, size_t from)
{
	char digits[32];
	size_t n = s->pos - from;

	if (n >= sizeof(digits))
		return true;
	memcpy(digits, s->p + from, n);
	digits[n] = '\0';
	errno = 0;
	bool hex = n > 1 && (digits[1] == 'x' || digits[1] == 'X');
	unsigned long long value = strtoull(digits, NULL, hex ? 16 : 10);
	return errno != 0 || value > INT32_MAX;
}

/* Fractions and numbers with an L are left to the check of the setting. */
static void skip_number(struct scan *s)
{
	size_t from = s->pos;

	while (isalnum((unsigned char)peek(s, 0)))
		s->pos++;
	if (peek(s, 0) == '.') {
		for (s->pos++; isalnum((unsigned char)peek(s, 0));)
			s->pos++;
		return;
	}
	if (s->p[s->pos - 1] != 'L' && number_wraps(s, from))
		complain(
		    s, s->line, "this number is too large; no setting takes more than 2147483647");
}

/* Only white space lies between the last newline and pos, as libconfig wants it for @include. */
static bool begins_line(const struct scan *s)
{
	for (size_t i = s->pos; i > 0; i--) {
		if (s->p[i - 1] == '\n')
			return true;
		if (s->p[i - 1] != ' ' && s->p[i - 1] != '\t')
			return false;
	}
	return true;
}

/* The path between quotation marks behind @include, or NULL; pos is behind it then. */
static char *read_include(struct scan *s)
{
	static const char word[] = "@include";
	size_t n = sizeof(word) - 1;

	if (!begins_line(s) || s->len - s->pos < n || memcmp(s->p + s->pos, word, n) != 0)
		return NULL;
	size_t from = s->pos + n;
	while (from < s->len && (s->p[from] == ' ' || s->p[from] == '\t'))
		from++;
	if (from == s->pos + n || from >= s->len || s->p[from] != '"')
		return NULL;
	from++;
	const char *end = memchr(s->p + from, '"', s->len - from);
	size_t path_len = end == NULL ? 0 : (size_t)(end - s->p) - from;
	if (path_len == 0 || memchr(s->p + from, '\n', path_len) != NULL)
		return NULL;
	s->pos = from + path_len + 1;
	return xstrndup(s->p + from, path_len);
}

/* Never left to libconfig, whatever is wrong with it: see the header. */
static int include(struct scan *s)
{
	int rc = -1;
	char *full = NULL;

	copy_up_to_pos(s);
	char *path = read_include(s);
	if (path == NULL) {
		complain(s, s->line,
		    "'@' can only be an include, on a line of its own: "
		    "@include \"FILE\"");
		goto out;
	}
	if (s->depth >= DEPTH_MAX || s->t->file_count >= FILES_MAX) {
		complain(s, s->line, "too many includes; does a file include itself?");
		goto out;
	}
	full = path[0] == '/' ? xstrdup(path) : xasprintf("%s%s", s->dir, path);
	rc = add_file(s, s->t, full);
	/* The rest of the line becomes a line of its own, which still belongs here. */
	buf_addc(&s->t->text, '\n');
	add_line(s->t, s->file, s->line);
	s->copied = s->pos;
out:
	free(full);
	free(path);
	return rc;
}

/* One token; they are told apart just as libconfig's scanner does. */
static int scan_token(struct scan *s)
{
	char c = peek(s, 0);

	if (c == '#' || (c == '/' && peek(s, 1) == '/'))
		skip_line_comment(s);
	else if (c == '/' && peek(s, 1) == '*')
		return skip_block_comment(s);
	else if (c == '"')
		return skip_string(s);
	else if (c == '@')
		return include(s);
	else if (isdigit((unsigned char)c) || (c == '.' && isdigit((unsigned char)peek(s, 1))))
		skip_number(s);
	else if (isalpha((unsigned char)c) || c == '*')
		skip_name(s);
	else
		step(s);
	return 0;
}

/* Bytes that libconfig would stop at or stumble over are named here, with their line. */
static int scan_file(struct scan *s)
{
	static const char bom[] = "\xef\xbb\xbf";

	if (s->len == 0)
		return 0;
	if (s->len >= 3 && memcmp(s->p, bom, 3) == 0) {
		complain(s, 1, "the file begins with a byte order mark; save it without one");
		return -1;
	}
	const char *nul = memchr(s->p, '\0', s->len);
	if (nul != NULL) {
		unsigned line = 1;
		for (const char *q = s->p; q < nul; q++)
			line += *q == '\n';
		complain(s, line, "here is a NUL byte; the file must be text");
		return -1;
	}
	while (s->pos < s->len) {
		if (scan_token(s) != 0)
			return -1;
	}
	copy_up_to_pos(s);
	return 0;
}

/* A pipe or a device must not hold up a reload: opened without waiting, refused by its type. */
int conftext_read_file(const char *path, struct buf *bytes)
{
	int err = 0;
	struct stat st;
	char chunk[4096];
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	if (fd < 0)
		return errno;
	if (fstat(fd, &st) != 0)
		err = errno;
	else if (!S_ISREG(st.st_mode))
		err = S_ISDIR(st.st_mode) ? EISDIR : EINVAL;
	while (err == 0) {
		ssize_t n = read(fd, chunk, sizeof(chunk));
		if (n == 0)
			break;
		if (n < 0)
			err = errno == EINTR ? 0 : errno;
		else if (buf_add(bytes, chunk, (size_t)n) != 0)
			err = EFBIG;
	}
	close(fd);
	return err;
}

static void complain_of_file(
    struct scan *from, struct confreport *report, const char *path, int err)
{
	const char *why = strerror(err);

	if (err == EFBIG)
		why = "with its includes it is larger than 1 MiB";
	else if (err == EINVAL)
		why = "it is not a regular file";
	if (from == NULL)
		confreport_add(report, path, 0, "the configuration cannot be read: %s", why);
	else
		confreport_add(report, from->t->file[from->file], from->line,
		    "the include '%s' cannot be read: %s", path, why);
}

/* Names are kept to the end: errors are found long after their file was read. */
static size_t remember_file(struct conftext *t, const char *path)
{
	t->file = xrealloc(t->file, (t->file_count + 1) * sizeof(*t->file));
	t->file[t->file_count] = xstrdup(path);
	return t->file_count++;
}

/* Appends a file that another one includes. */
static int add_file(struct scan *from, struct conftext *t, const char *path)
{
	struct scan s = { .t = t, .report = from->report, .dir = from->dir };
	struct buf bytes;
	int rc = -1;

	buf_init(&bytes, TEXT_BYTES_MAX);
	int err = conftext_read_file(path, &bytes);
	if (err == 0 && bytes.len + t->text.len > TEXT_BYTES_MAX)
		err = EFBIG;
	if (err != 0) {
		complain_of_file(from->depth == 0 ? NULL : from, from->report, path, err);
		goto out;
	}
	s.file = remember_file(t, path);
	s.depth = from->depth + 1;
	s.p = bytes.data;
	s.len = bytes.len;
	s.line = s.copied_line = 1;
	/* The line that has begun holds nothing but white space: it is the included file's now. */
	t->line[t->line_count - 1] = (struct conftext_line){ s.file, 1 };
	rc = scan_file(&s);
out:
	buf_fini(&bytes);
	return rc;
}

/* With its slash, or "". */
static char *directory_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash == NULL ? xstrdup("") : xstrndup(path, (size_t)(slash - path) + 1);
}

int conftext_read(struct conftext *t, const char *path, struct confreport *report)
{
	char *dir = directory_of(path);
	struct scan root = { .t = t, .report = report, .dir = dir };

	*t = (struct conftext){ 0 };
	/* Room for the line ends that includes add. */
	buf_init(&t->text, TEXT_BYTES_MAX + FILES_MAX + 2);
	add_line(t, 0, 1);
	int rc = add_file(&root, t, path);
	free(dir);
	/* libconfig takes a comment only for one when a newline follows. */
	buf_addc(&t->text, '\n');
	if (rc == 0 && t->text.full) {
		complain_of_file(NULL, report, path, EFBIG);
		rc = -1;
	}
	return rc;
}

void conftext_fini(struct conftext *t)
{
	for (size_t i = 0; i < t->file_count; i++)
		free(t->file[i]);
	free(t->file);
	free(t->line);
	buf_fini(&t->text);
}

char **conftext_take_files(struct conftext *t, size_t *count)
{
	char **file = t->file;

	*count = t->file_count;
	t->file = NULL;
	t->file_count = 0;
	return file;
}

const char *conftext_where(const struct conftext *t, unsigned at, unsigned *line)
{
	assert(t->line_count > 0);
	/* The root group has no line; an error at the very end may lie one line behind the last. */
	size_t i = at == 0 ? 0 : at - 1;
	if (i >= t->line_count)
		i = t->line_count - 1;
	*line = t->line[i].line;
	return t->file[t->line[i].file];
}
