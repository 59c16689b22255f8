/* submit: a file, or standard input, into a spool. */
#include "cli/submit.h"
#include "cli/cmd.h"
#include "cli/copy.h"
#include "cli/head.h"
#include "cli/once.h"
#include "cli/row.h"
#include "cli/spot.h"
#include "cli/who.h"
#include "core/directive.h"
#include "core/source.h"
#include "core/text.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define READ_BYTES 65536
#define NAME_BYTES "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-+=@"

/* One file on its way. */
struct way {
	struct daemon *d;
	const struct options *o;
	struct submission *s;
	int refused; /* the code of what would be rejected */
	struct buf text;
	mode_t mode;
	char *name; /* as it is wanted in the spool */
	struct spot spot;
};

/* ---- reading --------------------------------------------------------------------------------- */

int submit_read(int fd, struct buf *text)
{
	char bytes[READ_BYTES];
	ssize_t n;

	buf_adds(text, "");
	while ((n = read(fd, bytes, sizeof(bytes))) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno;
		if (buf_add(text, bytes, (size_t)n) != 0)
			return EFBIG;
	}
	return 0;
}

static int read_file(struct way *w)
{
	const char *file = w->s->given;
	struct stat st = { .st_mode = 0644 };
	int fd = str_eq(file, "-") ? 0 : open(file, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	int err = fd == -1 || fstat(fd, &st) != 0 ? errno : 0;

	if (err == 0)
		err = S_ISDIR(st.st_mode) ? EISDIR : submit_read(fd, &w->text);
	if (fd > 0)
		close(fd);
	/* Whoever may write into it would run code in its owner's name; and it is no program. */
	w->mode = (st.st_mode & 0444) | 0600;
	if (fd == 0)
		w->mode = 0644;
	if (err == 0)
		return CLI_OK;
	return say_failure(w->o->json, w->refused == CLI_LOST ? CLI_USAGE : CLI_NOT_SO, NULL,
	    "%s cannot be read: %s", file, strerror(err));
}

/* ---- what it is ------------------------------------------------------------------------------ */

/* By its name, as the daemon does it, so that what is accepted here is picked up there; -k is for
 * standard input and for names that say nothing. */
static int find_kind(struct way *w)
{
	const char *slash = strrchr(w->s->given, '/');
	const char *name = slash == NULL ? w->s->given : slash + 1;
	size_t stem;

	if (w->o->kind != NULL) {
		if (spot_kind(w->o->kind, &w->s->kind))
			return CLI_OK;
		return say_failure(w->o->json, CLI_USAGE, "write pyspark, sql, spark or sparkr",
		    "'%s' is no kind", w->o->kind);
	}
	if (source_classify(name, &w->s->kind, &stem) == NAME_CODE)
		return CLI_OK;
	return say_failure(w->o->json, CLI_USAGE,
	    "say what it is with -k pyspark, sql, spark or sparkr",
	    "%s: its name does not say what it is", w->s->given);
}

/* The name that was asked for, or the file's own; with the suffix that the kind needs. Of a name for
 * people what would be odd in a file's name becomes '-'. */
static int find_name(struct way *w)
{
	const char *slash = strrchr(w->s->given, '/');
	const char *own = slash == NULL ? w->s->given : slash + 1;
	const char *wanted = w->o->name != NULL ? w->o->name : str_eq(own, "-") ? "stdin" : own;
	enum kind kind;
	size_t stem;

	bool fits = source_classify(wanted, &kind, &stem) == NAME_CODE && kind == w->s->kind;
	w->name = xasprintf("%s%s", wanted, fits ? "" : spot_suffix(w->s->kind));
	for (char *p = w->name; w->o->name != NULL && *p != '\0'; p++) {
		if (strchr(NAME_BYTES, *p) == NULL && (unsigned char)*p < 0x80)
			*p = '-';
	}
	if (w->name[0] == '.')
		w->name[0] = '-';
	if (source_name_fits(w->name))
		return CLI_OK;
	return say_failure(w->o->json, w->refused, "choose a shorter one with --name",
	    "%s: its name is too long for the names of its results", w->s->given);
}

/* ---- its own words --------------------------------------------------------------------------- */

static int put_word(struct way *w, enum conf_key key, const char *value)
{
	unsigned line = 0;

	if (value == NULL)
		return CLI_OK;
	const struct conf_spool *spool =
	    w->spot.conf == NULL ? NULL : &w->spot.conf->spool[w->spot.index];
	if (spool != NULL && (spool->allow & CONF_ALLOW(key)) == 0) {
		char *next = xasprintf("the setting spool.%s.allow would have to name '%s'",
		    spool->name, directive_word(key));
		int code = say_failure(w->o->json, w->refused, next,
		    "%s: spool %s does not let its files set %s", w->s->given, spool->name,
		    directive_word(key));
		free(next);
		return code;
	}
	char *why = head_put(w->s->kind, &w->text, key, value, &line);
	if (line > 0)
		w->s->line = line;
	if (why == NULL)
		return CLI_OK;
	int code = say_failure(w->o->json, CLI_USAGE, NULL, "%s: --%s %s: %s", w->s->given,
	    directive_word(key), value, why);
	free(why);
	return code;
}

/* The name in words is told where it says more than the file's own, and where it may be told. */
static const char *name_word(const struct way *w)
{
	size_t n = w->o->name == NULL ? 0 : strlen(w->o->name);

	if (n == 0 || strncmp(w->name, w->o->name, n) == 0 || w->spot.conf == NULL)
		return NULL;
	unsigned allow = w->spot.conf->spool[w->spot.index].allow;
	return (allow & CONF_ALLOW(KEY_NAME)) != 0 ? w->o->name : NULL;
}

static int put_words(struct way *w)
{
	const struct {
		enum conf_key key;
		const char *value;
	} word[] = { { KEY_TIMEOUT, w->o->timeout }, { KEY_POOL, w->o->pool },
		{ KEY_PRIORITY, w->o->priority }, { KEY_ARGS, w->o->args },
		{ KEY_NAME, name_word(w) } };
	int code = CLI_OK;

	for (size_t i = 0; i < ARRAY_LEN(word) && code == CLI_OK; i++)
		code = put_word(w, word[i].key, word[i].value);
	return code;
}

char *submit_judge(const struct conf *c, size_t spool, enum kind kind, const char *p, size_t n)
{
	struct bytes code = { .p = p, .n = n };
	const char *bad = source_check(code);
	struct directives said;
	struct directive_error e;
	struct directive_terms terms;
	char *why = NULL;

	if (bad != NULL)
		return xasprintf("it %s", bad);
	if (c != NULL && (int64_t)n > c->spool[spool].file_bytes_max)
		return xasprintf("it has %zu bytes, more than the setting spool.%s.file_max allows",
		    n, c->spool[spool].name);
	if (directive_read(kind, code, &said, &e) == DIRECTIVE_BAD)
		return e.text;
	if (c != NULL && !directive_apply(c, spool, kind, &said, &terms, &e))
		why = e.text;
	directive_fini(&said);
	return why;
}

static int judge(const struct way *w)
{
	char *why =
	    submit_judge(w->spot.conf, w->spot.index, w->s->kind, w->text.data, w->text.len);

	if (why == NULL)
		return CLI_OK;
	int code =
	    say_failure(w->o->json, w->refused, NULL, "%s would be rejected: %s", w->s->given, why);
	free(why);
	return code;
}

/* What lies in the spool needs no copy: it would run twice. */
static int refuse_inside(const struct way *w)
{
	char *path = str_eq(w->s->given, "-") ? NULL : who_absolute(w->s->given);
	int code = CLI_OK;

	if (path == NULL)
		return CLI_OK;
	char *slash = strrchr(path, '/');
	*slash = '\0';
	struct stat a, b;
	if (stat(slash == path ? "/" : path, &a) == 0 && stat(w->spot.path, &b) == 0 &&
	    a.st_dev == b.st_dev && a.st_ino == b.st_ino)
		code = say_failure(w->o->json, CLI_USAGE, "'sparkspool why' says whether it runs",
		    "%s lies in spool %s already", w->s->given, w->spot.name);
	free(path);
	return code;
}

/* ---- into the spool -------------------------------------------------------------------------- */

static void remember_job(const char *path, void *arg)
{
	struct way *w = arg;

	w->s->old_job = 0;
	if (daemon_open(w->d, true) != CLI_OK)
		return;
	json_t *job = ask_job(w->d, text_json(path), NULL);
	w->s->old_job = ask_int(job, "id", 0);
	json_decref(job);
}

static int say_not_copied(const struct way *w, int err, const char *what)
{
	const char *next = NULL;
	int code = CLI_FAILED;

	if (err == EACCES || err == EPERM || err == EROFS) {
		code = CLI_NOT_ALLOWED;
		next = "you need the right to write into that directory: often a group, see 'ls "
		       "-ld' of it";
	} else if (err == ENOSPC || err == EDQUOT) {
		next = "there is no room left for files there";
	} else if (err == ENAMETOOLONG) {
		next = "its name is taken, and has no room for a number: choose a shorter one with "
		       "--name";
	} else if (err == ENOENT || err == ENOTDIR) {
		next = "the directory is not there: is its file system mounted?";
	}
	return say_failure(w->o->json, code, next, "%s was not submitted to %s: %s: %s",
	    w->s->given, w->spot.path, what, strerror(err));
}

static int copy(struct way *w)
{
	struct once once = { .dir = -1, .fd = -1 };
	const char *what;
	struct copy c = { .dir = w->spot.path,
		.name = w->name,
		.marker = w->spot.marker,
		.mode = w->mode,
		.p = w->text.data,
		.n = w->text.len,
		.before = remember_job,
		.arg = w };

	if (w->o->once) {
		w->s->path = once_begin(&once, w->d, &w->spot, w->name);
		w->s->there = w->s->path != NULL;
	}
	if (!w->s->there)
		w->s->path = copy_in(&c, &what);
	int err = errno;
	w->s->marker = w->spot.marker;
	once_end(&once);
	return w->s->path == NULL ? say_not_copied(w, err, what) : CLI_OK;
}

int submit_one(struct daemon *d, const char *file, int refused, struct submission *s)
{
	struct way w = { .d = d, .o = d->o, .s = s, .refused = refused };
	int code;

	*s = (struct submission){ .given = file };
	buf_init(&w.text, SUBMIT_BYTES_MAX);
	if ((code = find_kind(&w)) == CLI_OK && (code = find_name(&w)) == CLI_OK &&
	    (code = read_file(&w)) == CLI_OK && (code = spot_find(d, s->kind, &w.spot)) == CLI_OK &&
	    (code = refuse_inside(&w)) == CLI_OK && (code = put_words(&w)) == CLI_OK &&
	    (code = judge(&w)) == CLI_OK)
		code = copy(&w);
	s->spool = w.spot.name;
	w.spot.name = NULL;
	spot_fini(&w.spot);
	buf_fini(&w.text);
	free(w.name);
	return code;
}

void submit_fini(struct submission *s)
{
	free(s->path);
	free(s->spool);
	*s = (struct submission){ 0 };
}

/* ---- the command ----------------------------------------------------------------------------- */

static void print(const struct options *o, const struct submission *s)
{
	if (o->json) {
		json_t *line = json_object();
		text_put(line, "type", text_json("submitted"));
		text_put(line, "path", text_json(s->path));
		text_put(line, "spool", text_json(s->spool));
		text_put(line, "there", s->there ? json_true() : json_false());
		text_put(line, "line", s->line > 0 ? json_integer(s->line) : json_null());
		say_json(line);
		json_decref(line);
		return;
	}
	char *path = o->porcelain ? say_field(s->path) : say_plain(s->path);
	puts(path);
	free(path);
}

int cmd_submit(const struct options *o)
{
	struct daemon d;
	int code = CLI_OK;
	bool done = false;

	if (o->arg_count == 0)
		return say_failure(o->json, CLI_USAGE, "'-' with -k KIND is standard input",
		    "submit which files?");
	daemon_init(&d, o);
	for (int i = 0; i < o->arg_count; i++) {
		struct submission s;
		int one = submit_one(&d, o->arg[i], CLI_NOT_SO, &s);
		if (one == CLI_OK)
			print(o, &s);
		done = done || one == CLI_OK;
		code = ask_worse(code, one);
		submit_fini(&s);
	}
	if (done && daemon_open(&d, true) != CLI_OK && !o->quiet)
		say_note("there is no daemon at %s now: what was submitted waits for one",
		    d.socket == NULL ? "its socket" : d.socket);
	daemon_fini(&d);
	return code;
}
