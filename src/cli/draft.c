/* draft: a first configuration while it is put together.
 *
 * The text is the only form that it has: what is checked is what will be written, read by the same room
 * that reads it for the daemon. */
#include "cli/draft.h"
#include "cli/beside.h"
#include "cli/spot.h"
#include "edge/confload.h"
#include <assert.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define TEXT_BYTES_MAX 65536
#define VERSION_BYTES_MAX 60

/* ---- paths ----------------------------------------------------------------------------------- */

/* A service of cron's may have none. */
static const char *home(void)
{
	const char *dir = getenv("HOME");

	return dir != NULL && dir[0] == '/' ? dir : "/";
}

char *draft_path(const char *path)
{
	char here[PATH_MAX];

	assert(path != NULL && *path != '\0');
	if (path[0] == '/')
		return xstrdup(path);
	if (strncmp(path, "~/", 2) == 0)
		return xasprintf("%s/%s", home(), path + 2);
	if (getcwd(here, sizeof(here)) == NULL)
		return xstrdup(path); /* then the check says that it is not absolute */
	return xasprintf("%s/%s", str_eq(here, "/") ? "" : here, path);
}

/* What the XDG base directories say where they are set, and what they stand for where not. */
static char *own_dir(const char *variable, const char *fallback)
{
	const char *dir = getenv(variable);

	if (dir != NULL && dir[0] == '/')
		return xasprintf("%s/sparkspool", dir);
	return xasprintf("%s/%s", home(), fallback);
}

/* Root sets up the service, and these are its unit's directories. Everybody else gets a daemon of his
 * own: a directory for the spool that holds nothing else, for the daemon may write all of it. */
void draft_init(struct draft *d)
{
	bool root = geteuid() == 0;

	*d = (struct draft){ .url = xstrdup("http://127.0.0.1:8998") };
	d->kind[KIND_PYSPARK] = d->kind[KIND_SQL] = true;
	d->state_dir = root ? xstrdup("/var/lib/sparkspool")
			    : own_dir("XDG_STATE_HOME", ".local/state/sparkspool");
	d->run_dir =
	    root ? xstrdup("/run/sparkspool") : own_dir("XDG_RUNTIME_DIR", "sparkspool/run");
	d->spool = root ? xstrdup("/var/spool/sparkspool/default")
			: xasprintf("%s/sparkspool/default", home());
}

void draft_fini(struct draft *d)
{
	free(d->url);
	free(d->user);
	free(d->password_file);
	free(d->ca_file);
	free(d->spool);
	free(d->state_dir);
	free(d->run_dir);
	free(d->runner);
	free(d->version);
	*d = (struct draft){ 0 };
}

/* An installed one is where the program was built to look for it, and need not be named. */
bool draft_find_runner(struct draft *d)
{
	char *path = beside_path("runner.py");

	if (path == NULL || access(path, R_OK) != 0) {
		free(path);
		return false;
	}
	free(d->runner);
	d->runner = path;
	return true;
}

/* ---- kinds ----------------------------------------------------------------------------------- */

/* All of the words or none: half of an answer is not what was meant. */
bool draft_set_kinds(struct draft *d, const char *list)
{
	bool wanted[KIND_COUNT] = { false };
	char *copy = xstrdup(list);
	char *rest = copy;
	bool ok = true;
	enum kind kind;

	for (char *word; ok && (word = strsep(&rest, ", ")) != NULL;) {
		if (*word == '\0')
			continue;
		ok = spot_kind(word, &kind);
		if (ok)
			wanted[kind] = true;
	}
	free(copy);
	ok = ok && (wanted[0] || wanted[1] || wanted[2] || wanted[3]);
	if (ok)
		memcpy(d->kind, wanted, sizeof(wanted));
	return ok;
}

/* In the order that people think of them. */
static const enum kind order[KIND_COUNT] = { KIND_PYSPARK, KIND_SQL, KIND_SPARK, KIND_SPARKR };

char *draft_kinds(const struct draft *d)
{
	struct buf b;

	buf_init(&b, TEXT_BYTES_MAX);
	for (size_t i = 0; i < KIND_COUNT; i++) {
		if (d->kind[order[i]])
			buf_addf(&b, "%s%s", b.len == 0 ? "" : ",", spot_word(order[i]));
	}
	assert(b.len > 0);
	return buf_steal(&b, NULL);
}

/* ---- the text -------------------------------------------------------------------------------- */

/* As libconfig reads it back; what it could not, the check objects to. */
static void put_string(struct buf *b, const char *indent, const char *name, const char *value)
{
	buf_addf(b, "%s%s = \"", indent, name);
	for (const char *p = value; *p != '\0'; p++) {
		if (*p == '"' || *p == '\\')
			buf_addc(b, '\\');
		if ((unsigned char)*p < 0x20 || *p == 0x7f)
			buf_addf(b, "\\x%02x", (unsigned)(unsigned char)*p);
		else
			buf_addc(b, *p);
	}
	buf_adds(b, "\";\n");
}

/* Each setting has its comment on the line before it, for a value may be of any length. */
static void put_head(struct buf *b, const struct draft *d, const char *name)
{
	assert(d->state_dir != NULL && d->run_dir != NULL);
	buf_adds(b, "// sparkspool.conf: what sparkspoold(8) watches, and where it runs what it "
		    "finds there.\n"
		    "// Written by 'sparkspool init', and yours to change: sparkspool.conf(5) "
		    "explains these\n"
		    "// settings and all others. After a change:\n");
	buf_addf(b, "//     sparkspool%s%s check     says what is wrong, or what would run\n",
	    name == NULL ? "" : " -f ", name == NULL ? "" : name);
	buf_addf(b, "//     sparkspool%s%s reload    puts it in force while the daemon runs\n",
	    name == NULL ? "" : " -f ", name == NULL ? "" : name);
	buf_adds(b,
	    "// Names such as livy and default are free. What stands behind // is a comment.\n\n"
	    "// Where the daemon remembers every file, so that none is lost and none runs "
	    "twice.\n");
	put_string(b, "", "state_dir", d->state_dir);
	buf_adds(b, "// Where the command line finds it while it runs.\n");
	put_string(b, "", "run_dir", d->run_dir);
	if (d->runner != NULL) {
		buf_adds(b,
		    "// The Python program that it sends into each session, to run files there.\n");
		put_string(b, "", "runner", d->runner);
	}
}

/* What stands in a comment could end it, or look like a setting to a reader. */
static bool is_printable(const char *version)
{
	static const char known[] =
	    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.+_-";

	return version != NULL && strlen(version) <= VERSION_BYTES_MAX &&
	       version[strspn(version, known)] == '\0';
}

/* A certificate's file is looked at whether there is a login or not. */
static void put_endpoint(struct buf *b, const struct draft *d)
{
	assert(d->url != NULL);
	buf_adds(b, "\n// The Livy servers.\nendpoint: {\n\tlivy: {\n"
		    "\t\t// Where it answers, with its path if it has one.\n");
	put_string(b, "\t\t", "url", d->url);
	if (is_printable(d->version))
		buf_addf(b, "\t\t// (It was Livy %s when this was written.)\n", d->version);
	if (d->user != NULL) {
		buf_adds(b, "\t\t// With each request it gets a login: this user ...\n"
			    "\t\tauth = \"basic\";\n");
		put_string(b, "\t\t", "user", d->user);
		buf_adds(b,
		    "\t\t// ... and the password, which is not here, but the one line of this "
		    "file;\n"
		    "\t\t// only the daemon's user may read it: mode 0600. \"cred:NAME\" is a\n"
		    "\t\t// credential of systemd: LoadCredential=NAME:FILE in the service.\n");
		put_string(b, "\t\t", "password_file", d->password_file);
	}
	if (d->ca_file != NULL) {
		buf_adds(
		    b, "\t\t// Who vouches for the server, where the system does not know it.\n");
		put_string(b, "\t\t", "ca_file", d->ca_file);
	}
	buf_adds(b, "\t};\n};\n");
}

/* One session waits for what comes most: files of the other kinds start theirs. Python and SQL files
 * share sessions. */
static void put_pool(struct buf *b, const struct draft *d)
{
	static const char *const said[KIND_COUNT] = { [KIND_PYSPARK] = ".py",
		[KIND_SQL] = ".sql",
		[KIND_SPARK] = ".scala",
		[KIND_SPARKR] = ".R" };
	bool first = true;

	buf_adds(b,
	    "\n// Spark sessions on it, which are kept: a file finds one that has started "
	    "already.\n"
	    "pool: {\n\tdefault: {\n\t\t// Where they run.\n\t\tendpoint = \"livy\";\n"
	    "\t\t// Which files run in them, and how many sessions are kept idle for these; with "
	    "0\n"
	    "\t\t// one is started when it is needed. What is not named here does not run.\n"
	    "\t\twarm: {\n");
	for (size_t i = 0; i < KIND_COUNT; i++) {
		enum kind k = order[i];
		buf_addf(b, "\t\t\t%s%s = %d;\t// %s files\n", d->kind[k] ? "" : "// ",
		    spot_word(k), d->kind[k] && first ? 1 : 0, said[k]);
		first = first && !d->kind[k];
	}
	buf_adds(b,
	    "\t\t};\n\t\t// At most so many sessions at once.\n\t\tmax = 4;\n"
	    "\t\t// When an idle one is given back: \"never\", or after a while, such as \"1h\".\n"
	    "\t\tidle_timeout = \"never\";\n"
	    "\t\t// How large one is. What stands behind // is an example: the server decides.\n"
	    "\t\tsession: {\n"
	    "\t\t\t// driverMemory = \"1g\";\n\t\t\t// executorMemory = \"2g\";\n"
	    "\t\t\t// numExecutors = 2;\n\t\t};\n\t};\n};\n");
}

/* Of a spool's many settings the one that everybody asks for first. */
static void put_spool(struct buf *b, const struct draft *d)
{
	assert(d->spool != NULL);
	buf_adds(b, "\n// The directories that are watched.\nspool: {\n\tdefault: {\n"
		    "\t\t// A file that is put here runs, and its results appear beside it.\n");
	put_string(b, "\t\t", "path", d->spool);
	buf_adds(b,
	    "\t\t// In which sessions.\n\t\tpool = \"default\";\n"
	    "\t\t// How long a file may run, such as \"1h\"; \"never\": as long as it takes.\n"
	    "\t\ttimeout = \"never\";\n\t};\n};\n");
}

char *draft_text(const struct draft *d, const char *name)
{
	struct buf b;

	buf_init(&b, TEXT_BYTES_MAX);
	put_head(&b, d, name);
	put_endpoint(&b, d);
	put_pool(&b, d);
	put_spool(&b, d);
	return b.full ? NULL : buf_steal(&b, NULL);
}

/* ---- the check ------------------------------------------------------------------------------- */

/* "FILE:LINE: setting 'x': what": where FILE is one in memory, only the rest tells anything. */
static char *first_error(const struct buf *errors, const char *file)
{
	const char *line = errors->data == NULL ? "it cannot be read" : errors->data;
	size_t n = strlen(file);

	if (strncmp(line, file, n) == 0 && line[n] == ':') {
		line += n + 1;
		line += strspn(line, "0123456789");
		line += strspn(line, ": ");
	}
	return xasprintf("%.*s", (int)strcspn(line, "\n"), line);
}

/* A file without a name: nothing of an unfinished draft ever lies about. */
static int in_memory(const char *text)
{
	size_t n = strlen(text);
	int fd = memfd_create("sparkspool.conf", MFD_CLOEXEC);

	if (fd != -1 && write(fd, text, n) != (ssize_t)n) {
		close(fd);
		return -1;
	}
	return fd;
}

struct conf *draft_read(const struct draft *d, bool files, char **why)
{
	char *text = draft_text(d, NULL);
	int fd = text == NULL ? -1 : in_memory(text);
	struct conf *conf = NULL;
	char *run_dir = NULL;
	struct buf errors;

	*why = NULL;
	free(text);
	if (fd == -1) {
		*why = xstrdup("the answers are too long, or there is no memory");
		return NULL;
	}
	char *path = xasprintf("/proc/self/fd/%d", fd);
	buf_init(&errors, TEXT_BYTES_MAX);
	conf = files ? conf_check(path, &errors) : conf_peek(path, &run_dir, &errors);
	assert((conf == NULL) == (errors.len > 0));
	if (conf == NULL)
		*why = first_error(&errors, path);
	buf_fini(&errors);
	free(run_dir);
	free(path);
	close(fd);
	return conf;
}
