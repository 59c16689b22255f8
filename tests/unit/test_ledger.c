/* test_ledger: what is committed comes back, whole turns only, whatever happens in between. */
#include "base/log.h"
#include "edge/evq.h"
#include "edge/ledger_int.h"
#include "help.h"
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define HEX64 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789ABCDEF"
#define HEX32 "0123456789abcdef0123456789ABCDEF"

/* ---- a world: a directory, a configuration, what was logged, what was replayed ------------- */

struct seen {
	struct session_rec session[16];
	size_t sessions;
	struct spool_rec spool[16];
	size_t spools;
	struct pause_rec pause[16];
	size_t pauses;
	struct job_rec *job;
	struct bytes *code;
	struct bytes *answer;
	size_t jobs;
	size_t cap; /* of the three above */
	bool job_before_session;
	bool out_of_order;
};

struct world {
	char *tmp;
	char *dir; /* tmp/state: not made yet */
	struct conf_spool spool[3];
	struct conf_pool pool[2];
	struct conf_endpoint endpoint[2];
	struct conf conf;
	struct effects fx;
	struct seen seen;
	struct buf log;
	struct buf error;
	size_t log_lines;
};

static struct world w;

static void sink(enum log_level level, const char *line, void *arg)
{
	struct world *to = arg;

	buf_addf(&to->log, "<%d>%s\n", (int)level, line);
	to->log_lines++;
}

static void log_forget(void)
{
	buf_reset(&w.log);
	w.log_lines = 0;
}

static void setup(void)
{
	memset(&w, 0, sizeof w);
	w.tmp = help_tmpdir();
	w.dir = help_path(w.tmp, "state");
	w.spool[0].name = "nightly";
	w.spool[1].name = "it's; odd \"name\"";
	w.spool[2].name = "third";
	w.spool[0].path = "/one";
	w.spool[1].path = "/two";
	w.spool[2].path = "/three";
	w.pool[0].name = "default";
	w.pool[1].name = "big";
	w.endpoint[0] = (struct conf_endpoint){ .name = "one", .url = "http://one" };
	w.endpoint[1] = (struct conf_endpoint){ .name = "two", .url = "http://two" };
	w.conf = (struct conf){ .spool = w.spool,
		.spool_count = 3,
		.pool = w.pool,
		.pool_count = 2,
		.endpoint = w.endpoint,
		.endpoint_count = 2 };
	effects_init(&w.fx);
	buf_init(&w.log, 1 << 20);
	buf_init(&w.error, 8192);
	log_set_sink(sink, &w);
}

static void free_run(struct run_rec *run)
{
	if (run == NULL)
		return;
	free(run->session_name);
	free(run->error_name);
	free(run->error_message);
	free(run->warnings);
	free(run->files);
	free(run->hidden);
	free(run->moved_to);
	free(run);
}

static void seen_forget(void)
{
	for (size_t i = 0; i < w.seen.sessions; i++) {
		free(w.seen.session[i].url);
		free(w.seen.session[i].run_as);
		free(w.seen.session[i].proxy_user);
		free(w.seen.session[i].name);
		free(w.seen.session[i].livy_id);
		free(w.seen.session[i].boot);
	}
	for (size_t i = 0; i < w.seen.jobs; i++) {
		free(w.seen.job[i].name);
		free(w.seen.job[i].old_files);
		free_run(w.seen.job[i].run);
		free((char *)w.seen.code[i].p);
		free((char *)w.seen.answer[i].p);
	}
	free(w.seen.job);
	free(w.seen.code);
	free(w.seen.answer);
	memset(&w.seen, 0, sizeof w.seen);
}

static void teardown(void)
{
	log_set_sink(NULL, NULL);
	seen_forget();
	effects_fini(&w.fx);
	buf_fini(&w.log);
	buf_fini(&w.error);
	help_rmtree(w.tmp);
	free(w.tmp);
	free(w.dir);
}

static void on_session(struct session_rec *rec, void *arg)
{
	struct seen *s = arg;

	ck_assert_uint_lt(s->sessions, 16);
	s->job_before_session |= s->jobs > 0;
	s->session[s->sessions++] = *rec;
}

static void on_spool(const struct spool_rec *rec, void *arg)
{
	struct seen *s = arg;

	ck_assert_uint_lt(s->spools, 16);
	s->job_before_session |= s->jobs > 0;
	s->spool[s->spools++] = *rec;
}

static void on_pause(const struct pause_rec *rec, void *arg)
{
	struct seen *s = arg;

	ck_assert_uint_lt(s->pauses, 16);
	ck_assert(rec->on);
	s->job_before_session |= s->jobs > 0;
	s->pause[s->pauses++] = *rec;
}

static void on_job(struct job_rec *rec, struct bytes code, struct bytes answer, void *arg)
{
	struct seen *s = arg;
	size_t n = s->jobs + 1;

	s->out_of_order |= s->jobs > 0 && s->job[s->jobs - 1].id >= rec->id;
	if (n > s->cap) {
		s->cap = 2 * n;
		s->job = xrealloc(s->job, s->cap * sizeof *s->job);
		s->code = xrealloc(s->code, s->cap * sizeof *s->code);
		s->answer = xrealloc(s->answer, s->cap * sizeof *s->answer);
	}
	s->job[s->jobs] = *rec;
	s->code[s->jobs] = code;
	s->answer[s->jobs] = answer;
	s->jobs = n;
}

static int try_replay(struct ledger *l)
{
	struct ledger_replay to = {
		.session = on_session,
		.spool = on_spool,
		.pause = on_pause,
		.job = on_job,
		.arg = &w.seen,
	};

	seen_forget();
	return ledger_replay(l, &w.conf, &to);
}

static void replay(struct ledger *l)
{
	ck_assert_int_eq(try_replay(l), 0);
	ck_assert(!w.seen.job_before_session);
	ck_assert(!w.seen.out_of_order);
}

static struct ledger *open_dir(const char *dir)
{
	struct ledger *l = ledger_open(dir, &w.error);

	ck_assert_msg(l != NULL, "%s", w.error.data);
	ck_assert_uint_eq(w.error.len, 0);
	return l;
}

static struct ledger *reopen(struct ledger *l)
{
	ledger_close(l);
	return open_dir(w.dir);
}

/* Must be refused, with these words. */
/* What each flock() fails with, as on a file system without locks; 0: it does what it is for. */
static int flock_error;

int flock(int fd, int how)
{
	if (flock_error == 0)
		return (int)syscall(SYS_flock, fd, how);
	errno = flock_error;
	return -1;
}

static void refused(const char *dir, const char *words)
{
	struct ledger *l;

	buf_reset(&w.error);
	l = ledger_open(dir, &w.error);
	ck_assert_ptr_null(l);
	ck_assert_ptr_nonnull(w.error.data);
	ck_assert_msg(
	    strstr(w.error.data, words) != NULL, "\"%s\" is not in: %s", words, w.error.data);
	ck_assert_ptr_null(strchr(w.error.data, '\n'));
	buf_reset(&w.error);
}

static void logged(const char *words)
{
	ck_assert_ptr_nonnull(w.log.data);
	ck_assert_msg(strstr(w.log.data, words) != NULL, "\"%s\" is not in: %s", words, w.log.data);
}

static void commit(struct ledger *l)
{
	ck_assert_int_eq(ledger_commit(l, &w.fx, &w.conf), 0);
	effects_reset(&w.fx);
}

static struct fx_row_job *add_job(uint64_t id, const char *name)
{
	struct fx_row_job *row = &effects_add(&w.fx, FX_ROW_JOB)->u.job;

	row->rec = (struct job_rec){
		.id = id, .name = arena_strdup(&w.fx.arena, name), .state = JOB_QUEUED, .live = true
	};
	return row;
}

static struct session_rec *add_session(uint64_t id, enum session_state state)
{
	struct session_rec *rec = &effects_add(&w.fx, FX_ROW_SESSION)->u.session;

	*rec = (struct session_rec){
		.id = id, .url = "http://one", .state = state, .name = "s", .owner = -1
	};
	return rec;
}

static void add_spool(size_t spool, uint64_t dev, uint64_t ino)
{
	struct effect *e = effects_add(&w.fx, FX_ROW_SPOOL);

	e->u.spool_row = (struct spool_rec){ .spool = spool, .dev = dev, .ino = ino };
}

static void add_pause(enum pause_what what, size_t index, bool on)
{
	effects_add(&w.fx, FX_ROW_PAUSE)->u.pause = (struct pause_rec){ what, index, on };
}

/* ---- another hand in the database ---------------------------------------------------------- */

static sqlite3 *other_open(const char *dir)
{
	char *path = help_path(dir, "ledger.db");
	sqlite3 *db = NULL;

	ck_assert_int_eq(sqlite3_open(path, &db), SQLITE_OK);
	free(path);
	return db;
}

static void other_exec(sqlite3 *db, const char *sql)
{
	ck_assert_msg(sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK, "%s: %s", sql,
	    sqlite3_errmsg(db));
}

static void tamper(const char *sql)
{
	sqlite3 *db = other_open(w.dir);

	other_exec(db, sql);
	sqlite3_close(db);
}

static int64_t ask(sqlite3 *db, const char *sql)
{
	sqlite3_stmt *st = NULL;
	int64_t v;

	ck_assert_msg(
	    sqlite3_prepare_v2(db, sql, -1, &st, NULL) == SQLITE_OK, "%s", sqlite3_errmsg(db));
	ck_assert_int_eq(sqlite3_step(st), SQLITE_ROW);
	v = sqlite3_column_int64(st, 0);
	sqlite3_finalize(st);
	return v;
}

static int64_t ask_dir(const char *sql)
{
	sqlite3 *db = other_open(w.dir);
	int64_t v = ask(db, sql);

	sqlite3_close(db);
	return v;
}

/* ---- comparing ----------------------------------------------------------------------------- */

static void same_ident(const struct ident *a, const struct ident *b)
{
	ck_assert(a->dev == b->dev && a->ino == b->ino && a->size == b->size);
	ck_assert(a->mtime_ns == b->mtime_ns && a->ctime_ns == b->ctime_ns);
	ck_assert(a->uid == b->uid && a->gid == b->gid);
	ck_assert(a->mode == b->mode && a->nlink == b->nlink);
}

static void same_run(const struct run_rec *a, const struct run_rec *b)
{
	ck_assert_str_eq(a->token, b->token);
	ck_assert_str_eq(a->sha256, b->sha256);
	ck_assert_uint_eq(a->session, b->session);
	ck_assert(str_eq(a->session_name, b->session_name));
	ck_assert_int_eq(a->statement, b->statement);
	ck_assert_int_eq(a->started_ms, b->started_ms);
	ck_assert_int_eq(a->finished_ms, b->finished_ms);
	ck_assert_int_eq(a->status, b->status);
	ck_assert(str_eq(a->error_name, b->error_name));
	ck_assert(str_eq(a->error_message, b->error_message));
	ck_assert(str_eq(a->warnings, b->warnings));
	ck_assert(str_eq(a->files, b->files));
	ck_assert(str_eq(a->hidden, b->hidden));
	ck_assert_int_eq(a->superseded, b->superseded);
	ck_assert_int_eq(a->recorded, b->recorded);
	ck_assert_int_eq(a->script, b->script);
	ck_assert_int_eq(a->exit_code, b->exit_code);
	ck_assert(str_eq(a->moved_to, b->moved_to));
}

static void same_job(const struct job_rec *a, const struct job_rec *b)
{
	ck_assert_uint_eq(a->id, b->id);
	ck_assert_uint_eq(a->spool, b->spool);
	ck_assert_str_eq(a->name, b->name);
	same_ident(&a->ident, &b->ident);
	ck_assert_int_eq(a->state, b->state);
	ck_assert_int_eq(a->kind, b->kind);
	ck_assert_int_eq(a->live, b->live);
	ck_assert_uint_eq(a->attempts, b->attempts);
	ck_assert_int_eq(a->queued_ms, b->queued_ms);
	ck_assert(str_eq(a->old_files, b->old_files));
	ck_assert_int_eq(a->held, b->held);
	ck_assert_int_eq(a->run == NULL, b->run == NULL);
	if (a->run != NULL)
		same_run(a->run, b->run);
}

static void same_session(const struct session_rec *a, const struct session_rec *b)
{
	ck_assert_uint_eq(a->id, b->id);
	ck_assert_uint_eq(a->pool, b->pool);
	ck_assert_uint_eq(a->endpoint, b->endpoint);
	ck_assert_str_eq(a->url, b->url);
	ck_assert(str_eq(a->run_as, b->run_as));
	ck_assert_int_eq(a->kind, b->kind);
	ck_assert_int_eq(a->state, b->state);
	ck_assert_int_eq(a->owner, b->owner);
	ck_assert(str_eq(a->proxy_user, b->proxy_user));
	ck_assert_str_eq(a->name, b->name);
	ck_assert(str_eq(a->livy_id, b->livy_id));
	ck_assert_str_eq(a->token, b->token);
	ck_assert_int_eq(a->last_statement, b->last_statement);
	ck_assert_int_eq(a->created_ms, b->created_ms);
	ck_assert_int_eq(a->statements, b->statements);
	ck_assert(str_eq(a->boot, b->boot));
}

static void same_bytes(struct bytes b, const char *p, size_t n)
{
	ck_assert_ptr_nonnull(b.p);
	ck_assert_uint_eq(b.n, n);
	ck_assert_mem_eq(b.p, p, n);
	ck_assert_int_eq(b.p[n], 0);
}

/* ---- opening ------------------------------------------------------------------------------- */

static mode_t mode_of(const char *name)
{
	char *path = help_path(w.dir, name);
	struct stat st;

	ck_assert_msg(stat(path, &st) == 0, "%s: %s", path, strerror(errno));
	free(path);
	return st.st_mode & 07777;
}

START_TEST(open_makes_a_private_directory)
{
	mode_t old = umask(0);
	struct ledger *l = open_dir(w.dir);

	umask(old);
	add_spool(0, 1, 2);
	commit(l);
	ck_assert_int_eq(mode_of("."), 0700);
	ck_assert_int_eq(mode_of("ledger.db"), 0600);
	ck_assert_int_eq(mode_of("ledger.db-wal"), 0600);
	ck_assert_int_eq(mode_of("ledger.db-shm"), 0600);
	ck_assert_int_eq(mode_of("lock"), 0600);
	ledger_close(l);
	ck_assert_uint_eq(w.log_lines, 0);
}
END_TEST

START_TEST(open_makes_commits_durable)
{
	struct ledger *l = open_dir(w.dir);
	sqlite3_stmt *st = NULL;

	ck_assert_int_eq(ask(l->db, "PRAGMA synchronous"), 2); /* FULL */
	ck_assert_int_eq(
	    sqlite3_prepare_v2(l->db, "PRAGMA journal_mode", -1, &st, NULL), SQLITE_OK);
	ck_assert_int_eq(sqlite3_step(st), SQLITE_ROW);
	ck_assert_str_eq((const char *)sqlite3_column_text(st, 0), "wal");
	sqlite3_finalize(st);
	l = reopen(l); /* it is said of each connection, not of the file */
	ck_assert_int_eq(ask(l->db, "PRAGMA synchronous"), 2);
	ledger_close(l);
}
END_TEST

START_TEST(open_gives_an_instance_id_for_life)
{
	struct ledger *l = open_dir(w.dir);
	char *other = help_path(w.tmp, "other"), *id = xstrdup(ledger_instance(l));

	ck_assert_uint_eq(strlen(id), 8);
	ck_assert_uint_eq(strspn(id, "0123456789abcdef"), 8);
	l = reopen(l);
	ck_assert_str_eq(ledger_instance(l), id);
	ledger_close(l);
	l = open_dir(other);
	ck_assert_str_ne(ledger_instance(l), id);
	ledger_close(l);
	free(other);
	free(id);
}
END_TEST

START_TEST(open_refuses_a_wrong_directory)
{
	char *deep = help_path(w.tmp, "no/state"), *file = help_path(w.tmp, "file");

	refused(deep, "the directory above it does not exist");
	help_write_file(file, "x", 1);
	refused(file, "Not a directory");
	ck_assert_int_eq(mkdir(w.dir, 0700), 0);
	ck_assert_int_eq(chmod(w.dir, 0710), 0);
	refused(w.dir, "mode 0710");
	refused(w.dir, "chmod 0700 ");
	ck_assert_int_eq(chmod(w.dir, 0704), 0);
	refused(w.dir, "chmod 0700 ");
	ck_assert_int_eq(chmod(w.dir, 0700), 0);
	ledger_close(open_dir(w.dir));
	free(deep);
	free(file);
}
END_TEST

START_TEST(open_refuses_another_owner)
{
	if (geteuid() != 0) {
		fprintf(stderr, "skipped: another owner's directory needs root\n");
		return;
	}
	ck_assert_int_eq(mkdir(w.dir, 0700), 0);
	ck_assert_int_eq(chown(w.dir, 65534, 0), 0);
	refused(w.dir, "belongs to uid 65534, but this runs as uid 0");
}
END_TEST

START_TEST(open_refuses_an_unwritable_directory)
{
	uid_t me = geteuid();

	ck_assert_int_eq(mkdir(w.dir, 0500), 0);
	if (me == 0) { /* whom permissions do not stop */
		ck_assert_int_eq(chown(w.dir, 65534, (gid_t)-1), 0);
		ck_assert_int_eq(chown(w.tmp, 65534, (gid_t)-1), 0);
		ck_assert_int_eq(seteuid(65534), 0);
	}
	if (access(w.tmp, X_OK) == 0)
		refused(w.dir, "cannot write the file lock in it: Permission denied");
	else
		fprintf(stderr, "skipped: TMPDIR is closed to others\n");
	ck_assert_int_eq(seteuid(me), 0);
}
END_TEST

/* Two daemons on one ledger would run everything twice: without a lock there is none. */
START_TEST(open_refuses_what_cannot_be_locked)
{
	flock_error = ENOLCK;
	refused(w.dir, "cannot lock: No locks available");
	flock_error = 0;
	ledger_close(open_dir(w.dir));
}
END_TEST

START_TEST(open_refuses_a_second_daemon)
{
	struct ledger *l = open_dir(w.dir);
	char *words = xasprintf("another sparkspoold (pid %d) uses state_dir ", (int)getpid());
	char *lock = help_path(w.dir, "lock");

	refused(w.dir, words);
	help_write_file(lock, "rubbish", 7);
	refused(w.dir, "another sparkspoold uses state_dir ");
	add_job(1, "still.py");
	commit(l); /* the first was not disturbed */
	l = reopen(l);
	replay(l);
	ck_assert_uint_eq(w.seen.jobs, 1);
	ledger_close(l);
	free(words);
	free(lock);
}
END_TEST

START_TEST(open_is_free_again_after_a_kill)
{
	int up[2], status;
	char c, *words;
	pid_t pid;

	ck_assert_int_eq(pipe(up), 0);
	pid = fork();
	if (pid == 0) {
		c = ledger_open(w.dir, &w.error) == NULL ? 'n' : 'y';
		_exit(write(up[1], &c, 1) == 1 && pause() == 0);
	}
	ck_assert_int_eq(read(up[0], &c, 1), 1);
	ck_assert_int_eq(c, 'y');
	words = xasprintf("(pid %d)", (int)pid);
	refused(w.dir, words);
	ck_assert_int_eq(kill(pid, SIGKILL), 0);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ledger_close(open_dir(w.dir));
	close(up[0]);
	close(up[1]);
	free(words);
}
END_TEST

START_TEST(open_refuses_a_newer_version)
{
	char *path = help_path(w.dir, "ledger.db"), *before, *after;
	size_t n, m;

	ledger_close(open_dir(w.dir));
	tamper("PRAGMA user_version = 6");
	before = help_read_file(path, &n);
	refused(w.dir, "was written by a newer sparkspool (ledger version 6, this one knows 5)");
	after = help_read_file(path, &m);
	ck_assert_uint_eq(n, m);
	ck_assert_mem_eq(before, after, n);
	tamper("PRAGMA user_version = 0"); /* nobody has ever written that one */
	refused(w.dir, "is not a ledger of sparkspool");
	tamper("PRAGMA user_version = 5");
	ledger_close(open_dir(w.dir));
	free(path);
	free(before);
	free(after);
}
END_TEST

START_TEST(open_refuses_another_programs_database)
{
	ck_assert_int_eq(mkdir(w.dir, 0700), 0);
	tamper("CREATE TABLE songs(title); PRAGMA user_version = 1");
	refused(w.dir, "is not a ledger of sparkspool");
	tamper("PRAGMA user_version = 0");
	refused(w.dir, "is not a ledger of sparkspool");
	tamper("DROP TABLE songs; PRAGMA application_id = 7");
	refused(w.dir, "is not a ledger of sparkspool");
	ck_assert_int_eq(ask_dir("SELECT count(*) FROM sqlite_schema"), 0);
}
END_TEST

START_TEST(open_refuses_garbage)
{
	char *path = help_path(w.dir, "ledger.db"), *junk = xmalloc(65536), *still;
	size_t n;

	memset(junk, 0xa5, 65536);
	ck_assert_int_eq(mkdir(w.dir, 0700), 0);
	help_write_file(path, "hello", 5);
	refused(w.dir, "ledger.db is damaged: file is not a database, nothing was started; "
		       "restore it or move it away");
	help_write_file(path, junk, 65536);
	refused(w.dir, "ledger.db is damaged: ");
	still = help_read_file(path, &n);
	ck_assert_uint_eq(n, 65536); /* and it is left as it was */
	ck_assert_mem_eq(still, junk, n);
	ck_assert_int_eq(unlink(path), 0);
	ck_assert_int_eq(symlink("/dev/null", path), 0);
	refused(w.dir, "cannot be opened for writing");
	free(path);
	free(junk);
	free(still);
}
END_TEST

START_TEST(open_refuses_a_ledger_with_parts_missing)
{
	ledger_close(open_dir(w.dir));
	tamper("DELETE FROM meta WHERE key = 'last_session'");
	refused(w.dir, "ledger.db is damaged: ");
	tamper("INSERT INTO meta VALUES('last_session', 0); ALTER TABLE blob RENAME TO blub");
	refused(w.dir, "ledger.db is damaged: no such table: blob, nothing was started; ");
	tamper("ALTER TABLE blub RENAME TO blob; ALTER TABLE job DROP COLUMN hidden");
	refused(w.dir, "ledger.db is damaged: ");
}
END_TEST

START_TEST(open_takes_an_empty_file_but_not_with_a_log)
{
	char *db = help_path(w.dir, "ledger.db"), *wal = help_path(w.dir, "ledger.db-wal");
	char *other = help_path(w.tmp, "other"), *other_wal = help_path(other, "ledger.db-wal");
	char *bytes;
	struct ledger *l;
	struct stat st;
	size_t n;

	ck_assert_int_eq(mkdir(w.dir, 0700), 0);
	help_write_file(db, "", 0); /* a first start that was killed */
	l = open_dir(w.dir);
	add_job(1, "x.py");
	commit(l);
	bytes = help_read_file(wal, &n);
	ck_assert_uint_gt(n, 0);
	ck_assert_int_eq(mkdir(other, 0700), 0);
	help_write_file(other_wal, bytes, n);
	refused(other, "it is empty and its -wal is not");
	ck_assert_int_eq(stat(other_wal, &st), 0);
	ck_assert_int_eq(st.st_size, (off_t)n);
	ledger_close(l);
	free(db);
	free(wal);
	free(other);
	free(other_wal);
	free(bytes);
}
END_TEST

/* As an operator does who knows that there is no other. */
static void adopts(const char *dir)
{
	char *word = help_path(dir, "adopt");

	help_write_file(word, "", 0);
	ledger_close(open_dir(dir));
	logged("<4>");
	logged(": adopted");
	log_forget();
	ck_assert_int_eq(access(word, F_OK), -1);
	ledger_close(open_dir(dir)); /* now it belongs there */
	ck_assert_uint_eq(w.log_lines, 0);
	help_write_file(
	    word, "", 0); /* it came too late to be removed: it holds for no copy to come */
	ledger_close(open_dir(dir));
	logged("was not needed");
	log_forget();
	ck_assert_int_eq(access(word, F_OK), -1);
	free(word);
}

START_TEST(open_refuses_a_copy)
{
	char *from = help_path(w.dir, "ledger.db"), *other = help_path(w.tmp, "other");
	char *to = help_path(other, "ledger.db"), *bytes;
	size_t n;

	ledger_close(open_dir(w.dir));
	ledger_close(open_dir(w.dir));
	ck_assert_uint_eq(w.log_lines, 0);
	bytes = help_read_file(from, &n);
	ck_assert_int_eq(mkdir(other, 0700), 0);
	help_write_file(to, bytes, n);
	refused(other, "is not the file that was made here: copied or restored?");
	refused(other, "make an empty file named adopt");
	adopts(other);
	free(from);
	free(other);
	free(to);
	free(bytes);
}
END_TEST

START_TEST(open_refuses_another_machines)
{
	ledger_close(open_dir(w.dir));
	tamper("UPDATE meta SET value = '00000000000000000000000000000000' WHERE key = 'machine'");
	if (access("/etc/machine-id", R_OK) == 0) {
		refused(w.dir, "was made on another machine: copied or restored?");
		adopts(w.dir);
	}
	tamper("UPDATE meta SET value = '' WHERE key = 'machine'"); /* it could not be told then */
	tamper("UPDATE meta SET value = 0 WHERE key = 'inode'");
	ledger_close(open_dir(w.dir));
	ck_assert_uint_eq(w.log_lines, 0);
}
END_TEST

/* ---- another before it ---------------------------------------------------------------------- */

static void lose_ledger(const char *dir)
{
	static const char *const names[] = { "ledger.db", "ledger.db-wal", "ledger.db-shm" };

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		char *path = help_path(dir, names[i]);
		ck_assert(unlink(path) == 0 || errno == ENOENT);
		free(path);
	}
}

/* The instance that the file beside the ledger names, without its newline. */
static char *instance_beside(const char *dir)
{
	char *path = help_path(dir, "instance"), *text;
	size_t n;

	text = help_read_file(path, &n);
	ck_assert_uint_eq(n, 9);
	text[8] = '\0';
	free(path);
	return text;
}

START_TEST(a_lost_ledger_shows)
{
	struct ledger *l = open_dir(w.dir);
	char *first = instance_beside(w.dir), *second;

	ck_assert_str_eq(first, ledger_instance(l));
	ck_assert(!ledger_is_anew(l));
	ledger_close(l);
	lose_ledger(w.dir);
	l = open_dir(w.dir);
	ck_assert(ledger_is_anew(l));
	ck_assert_str_ne(ledger_instance(l), first);
	ck_assert_uint_eq(w.log_lines, 1);
	logged("<4>");
	logged(": what lies in the spools is held unless its record says that it has run");
	logged(first);
	log_forget();
	second = instance_beside(w.dir);
	ck_assert_str_eq(second, ledger_instance(l));
	l = reopen(l);
	ck_assert(ledger_is_anew(l)); /* until somebody says that it is well so */
	ck_assert_uint_eq(w.log_lines, 0);
	ledger_close(l);
	free(first);
	free(second);
}
END_TEST

START_TEST(an_instance_that_cannot_be_read_shows_it_too)
{
	char *path = help_path(w.dir, "instance");
	struct ledger *l;

	ck_assert_int_eq(mkdir(w.dir, 0700), 0);
	help_write_file(path, "\n\xff what?", 8);
	l = open_dir(w.dir);
	ck_assert(ledger_is_anew(l));
	logged("of instance unknown");
	ledger_close(l);
	lose_ledger(w.dir);
	ck_assert_int_eq(unlink(path), 0);
	ck_assert_int_eq(symlink("/dev/null", path), 0);
	l = open_dir(w.dir);
	ck_assert(ledger_is_anew(l));
	free(instance_beside(w.dir)); /* the link is gone */
	ledger_close(l);
	free(path);
}
END_TEST

/* A release before there was such a file, and a start that was killed before it was written. */
START_TEST(the_instance_is_noted_later_too)
{
	char *path = help_path(w.dir, "instance"), *text;
	struct ledger *l = open_dir(w.dir);

	ck_assert_int_eq(unlink(path), 0);
	l = reopen(l);
	ck_assert(!ledger_is_anew(l));
	help_write_file(path, "01234567\n", 9);
	l = reopen(l);
	ck_assert(!ledger_is_anew(l));
	text = instance_beside(w.dir);
	ck_assert_str_eq(text, ledger_instance(l));
	ck_assert_uint_eq(w.log_lines, 0);
	ledger_close(l);
	free(text);
	free(path);
}
END_TEST

START_TEST(an_instance_that_cannot_be_noted)
{
	char *path = help_path(w.dir, "instance");

	ck_assert_int_eq(mkdir(w.dir, 0700), 0);
	ck_assert_int_eq(mkdir(path, 0700), 0);
	refused(w.dir, "was there one before it? The file instance beside it: Is a directory");
	ck_assert_int_eq(rmdir(path), 0);
	ledger_close(open_dir(w.dir));
	ck_assert_int_eq(unlink(path), 0);
	ck_assert_int_eq(mkdir(path, 0700), 0); /* a ledger that is known needs no such word */
	ledger_close(open_dir(w.dir));
	logged("the file instance beside it cannot be read or written: Is a directory");
	free(path);
}
END_TEST

START_TEST(the_word_of_release)
{
	char *word = help_path(w.dir, "release");
	struct ledger *l = open_dir(w.dir);

	ck_assert(!ledger_wants_release(l));
	ledger_close(l);
	lose_ledger(w.dir);
	l = open_dir(w.dir);
	log_forget();
	help_write_file(word, "", 0);
	ck_assert(ledger_wants_release(l) && ledger_is_anew(l));
	ledger_released(l);
	ck_assert(!ledger_wants_release(l) && !ledger_is_anew(l));
	ck_assert_int_eq(access(word, F_OK), -1);
	ledger_released(l); /* again: a crash came between */
	l = reopen(l);
	ck_assert(!ledger_is_anew(l));
	ck_assert_uint_eq(w.log_lines, 0);
	ck_assert_int_eq(mkdir(word, 0700), 0); /* nothing of ours */
	ledger_released(l);
	logged("will be again at the next start");
	ledger_close(l);
	free(word);
}
END_TEST

/* ---- rows ---------------------------------------------------------------------------------- */

static struct run_rec odd_run(char *long_text)
{
	return (struct run_rec){ .token = HEX32,
		.sha256 = HEX64,
		.session = UINT64_MAX,
		.session_name = "",
		.statement = INT64_MAX,
		.started_ms = INT64_MIN,
		.finished_ms = 1,
		.status = STATUS_REJECTED,
		.error_name = "\xff\xfe not UTF-8 \x80",
		.error_message = long_text,
		.warnings = "[\"a\\nb\"]",
		.files = "[]",
		.hidden = ".x\n\xc3.py",
		.superseded = true,
		.recorded = false,
		.script = true,
		.exit_code = INT32_MAX,
		.moved_to = "/done\n/\xff.py.1" };
}

static struct job_rec odd_job(char *name, struct run_rec *run)
{
	return (struct job_rec){ .id = (uint64_t)INT64_MAX - 1,
		.spool = 1,
		.name = name,
		.ident = { .dev = UINT64_MAX,
		    .ino = UINT64_C(1) << 63,
		    .size = INT64_MAX,
		    .mtime_ns = INT64_MIN,
		    .ctime_ns = -1,
		    .uid = UINT32_MAX,
		    .gid = UINT32_MAX - 1,
		    .mode = 0107777,
		    .nlink = UINT32_MAX - 2 },
		.state = JOB_DISPOSING,
		.kind = KIND_SPARKR,
		.live = true,
		.attempts = UINT32_MAX,
		.queued_ms = INT64_MIN,
		.old_files = "",
		.held = HELD_COUNT - 1,
		.run = run };
}

static char *long_name(void)
{
	char *s = xmalloc(256);

	for (int i = 0; i < 255; i++)
		s[i] = (char)(i + 1); /* every byte that a name may hold, '/' too */
	s[255] = '\0';
	return s;
}

START_TEST(job_comes_back_as_it_was)
{
	char *names[] = { long_name(), "two\nlines\r\n", "\xff\xc0\x80.py", "",
		"'; DROP TABLE job;" };
	char *text = xmalloc(100001);
	struct ledger *l = open_dir(w.dir);
	struct run_rec run = odd_run(text);

	memset(text, '%', 100000);
	text[100000] = '\0';
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		struct job_rec rec = odd_job(names[i], &run);
		effects_add(&w.fx, FX_ROW_JOB)->u.job.rec = rec;
		commit(l);
		l = reopen(l);
		replay(l);
		ck_assert_uint_eq(w.seen.jobs, 1);
		same_job(&w.seen.job[0], &rec);
		ck_assert_ptr_null(w.seen.code[0].p);
		ck_assert_ptr_null(w.seen.answer[0].p);
	}
	ledger_close(l);
	ck_assert_uint_eq(w.log_lines, 0);
	free(names[0]);
	free(text);
}
END_TEST

START_TEST(job_null_is_not_empty)
{
	struct ledger *l = open_dir(w.dir);
	struct run_rec none = { .statement = -1, .exit_code = -1 };
	struct run_rec empty = { .session_name = "",
		.error_name = "",
		.error_message = "",
		.warnings = "",
		.files = "",
		.hidden = "" };
	struct job_rec a, b;

	a = add_job(1, "a")->rec;
	a.run = &none;
	w.fx.item[0].u.job.rec = a;
	b = add_job(2, "b")->rec;
	b.old_files = "";
	b.run = &empty;
	w.fx.item[1].u.job.rec = b;
	ck_assert_int_eq(ledger_commit(l, &w.fx, &w.conf), 0);
	replay(l);
	ck_assert_uint_eq(w.seen.jobs, 2);
	same_job(&w.seen.job[0], &a);
	same_job(&w.seen.job[1], &b);
	ck_assert_ptr_null(w.seen.job[0].run->hidden);
	ck_assert_ptr_nonnull(w.seen.job[1].run->hidden);
	ck_assert_str_eq(w.seen.job[0].run->token, "");
	ledger_close(l);
}
END_TEST

START_TEST(job_states_and_kinds)
{
	struct ledger *l = open_dir(w.dir);
	uint64_t id = 0;

	for (int state = JOB_QUEUED; state < JOB_STATES; state++)
		add_job(++id, "s")->rec.state = (enum job_state)state;
	for (int kind = 0; kind < KIND_COUNT; kind++)
		add_job(++id, "k")->rec.kind = (enum kind)kind;
	commit(l);
	replay(l);
	ck_assert_uint_eq(w.seen.jobs, id);
	for (int i = 0, state = JOB_QUEUED; state < JOB_STATES; i++, state++)
		ck_assert_int_eq(w.seen.job[i].state, state == JOB_READING ? JOB_QUEUED : state);
	for (int kind = 0; kind < KIND_COUNT; kind++)
		ck_assert_int_eq(w.seen.job[JOB_STATES - 1 + kind].kind, kind);
	ledger_close(l);
}
END_TEST

START_TEST(job_is_replaced_whole)
{
	struct ledger *l = open_dir(w.dir);
	struct run_rec run = odd_run("m");
	struct job_rec rec = odd_job("n", &run);

	effects_add(&w.fx, FX_ROW_JOB)->u.job.rec = rec;
	commit(l);
	rec.run = NULL; /* back to the queue: nothing of the run may stay behind */
	rec.state = JOB_QUEUED;
	rec.old_files = NULL;
	rec.spool = 2;
	effects_add(&w.fx, FX_ROW_JOB)->u.job.rec = rec;
	commit(l);
	replay(l);
	ck_assert_uint_eq(w.seen.jobs, 1);
	same_job(&w.seen.job[0], &rec);
	ck_assert_int_eq(ask_dir("SELECT count(*) FROM job WHERE token IS NOT NULL OR "
				 "hidden IS NOT NULL OR recorded IS NOT NULL"),
	    0);
	ledger_close(l);
}
END_TEST

START_TEST(job_done_keeps_what_is_known_of_its_run)
{
	struct ledger *l = open_dir(w.dir);
	struct run_rec run = odd_run("m");
	struct job_rec rec = odd_job("n", &run);

	rec.state = JOB_DONE;
	effects_add(&w.fx, FX_ROW_JOB)->u.job.rec = rec;
	w.fx.item[0].u.job.code = (struct bytes){ "c", 1 };
	commit(l);
	rec.run = NULL; /* the core has forgotten it; the file was touched */
	rec.ident.ctime_ns = 77;
	rec.spool = 0;
	rec.old_files = NULL;
	effects_add(&w.fx, FX_ROW_JOB)->u.job.rec = rec;
	commit(l);
	rec.run = &run;
	l = reopen(l);
	replay(l);
	ck_assert_uint_eq(w.seen.jobs, 1);
	same_job(&w.seen.job[0], &rec);
	same_bytes(w.seen.code[0], "c", 1);
	rec.run = NULL;
	rec.live = false;
	effects_add(&w.fx, FX_ROW_JOB)->u.job.rec = rec;
	commit(l);
	replay(l);
	ck_assert_uint_eq(w.seen.jobs, 0);
	ck_assert_int_eq(ask_dir("SELECT status FROM job WHERE has_run = 1"), STATUS_REJECTED);
	ledger_close(l);
}
END_TEST

START_TEST(job_done_without_a_run_is_a_row)
{
	struct ledger *l = open_dir(w.dir);
	struct job_rec rec = odd_job("skipped", NULL), other;

	other = add_job(1, "other")->rec;
	rec.state = JOB_DONE;
	effects_add(&w.fx, FX_ROW_JOB)->u.job.rec = rec;
	effects_add(&w.fx, FX_ROW_JOB)->u.job.rec = rec;
	ck_assert_int_eq(ledger_commit(l, &w.fx, &w.conf), 0);
	replay(l);
	ck_assert_uint_eq(w.seen.jobs, 2);
	same_job(&w.seen.job[0], &other);
	same_job(&w.seen.job[1], &rec);
	ledger_close(l);
}
END_TEST

START_TEST(job_several_rows_a_turn_the_last_counts)
{
	struct ledger *l = open_dir(w.dir);

	for (uint32_t i = 1; i <= 3; i++) {
		add_job(7, "x")->rec.attempts = i;
		add_session(1, SESSION_IDLE)->last_statement = i;
	}
	commit(l);
	replay(l);
	ck_assert_uint_eq(w.seen.jobs, 1);
	ck_assert_uint_eq(w.seen.job[0].attempts, 3);
	ck_assert_uint_eq(w.seen.sessions, 1);
	ck_assert_int_eq(w.seen.session[0].last_statement, 3);
	ledger_close(l);
}
END_TEST

START_TEST(blobs_are_set_kept_and_dropped)
{
	struct ledger *l = open_dir(w.dir);

	add_job(1, "x")->code = (struct bytes){ "a\0b\xff", 4 };
	add_job(2, "y")->code = (struct bytes){ "other", 5 };
	commit(l);
	add_job(1, "x")->answer = (struct bytes){ "", 0 }; /* an empty one is one */
	commit(l);
	l = reopen(l);
	replay(l);
	same_bytes(w.seen.code[0], "a\0b\xff", 4);
	same_bytes(w.seen.answer[0], "", 0);
	same_bytes(w.seen.code[1], "other", 5);
	ck_assert_ptr_null(w.seen.answer[1].p);

	add_job(1, "x")->code = (struct bytes){ "new", 3 };
	commit(l);
	replay(l);
	same_bytes(w.seen.code[0], "new", 3);
	same_bytes(w.seen.answer[0], "", 0);

	add_job(1, "x")->drop_blobs = true;
	commit(l);
	replay(l);
	ck_assert_uint_eq(w.seen.jobs, 2);
	ck_assert_ptr_null(w.seen.code[0].p);
	ck_assert_ptr_null(w.seen.answer[0].p);
	same_bytes(w.seen.code[1], "other", 5);
	ck_assert_int_eq(ask_dir("SELECT count(*) FROM blob"), 1);
	ledger_close(l);
}
END_TEST

START_TEST(blobs_may_be_large)
{
	const size_t n = (size_t)16 << 20;
	char *big = xmalloc(n);
	struct ledger *l = open_dir(w.dir);

	for (size_t i = 0; i < n; i++)
		big[i] = (char)(i * 31 + (i >> 12));
	add_job(1, "x")->answer = (struct bytes){ big, n };
	commit(l);
	l = reopen(l);
	replay(l);
	same_bytes(w.seen.answer[0], big, n);
	ledger_close(l);
	free(big);
}
END_TEST

START_TEST(history_stays_and_is_not_replayed)
{
	struct ledger *l = open_dir(w.dir);
	struct run_rec run = odd_run("m");

	add_job(1, "done")->rec.live = false;
	w.fx.item[0].u.job.rec.run = &run;
	w.fx.item[0].u.job.rec.state = JOB_DONE;
	add_job(2, "alive");
	commit(l);
	replay(l);
	ck_assert_uint_eq(w.seen.jobs, 1);
	ck_assert_str_eq(w.seen.job[0].name, "alive");
	ck_assert_int_eq(ask_dir("SELECT count(*) FROM job"), 2);
	ck_assert_int_eq(ask_dir("SELECT status FROM job WHERE id = 1"), STATUS_REJECTED);
	ledger_close(l);
}
END_TEST

/* How SQLite would go about it: one step, and it names the index. */
static void planned(struct ledger *l, const char *query, const char *index)
{
	char *sql = xasprintf("EXPLAIN QUERY PLAN %s", query);
	sqlite3_stmt *st = NULL;

	ck_assert_int_eq(sqlite3_prepare_v2(l->db, sql, -1, &st, NULL), SQLITE_OK);
	ck_assert_int_eq(sqlite3_step(st), SQLITE_ROW);
	ck_assert_ptr_nonnull(strstr((const char *)sqlite3_column_text(st, 3), index));
	ck_assert_int_eq(sqlite3_step(st), SQLITE_DONE); /* and nothing is sorted */
	sqlite3_finalize(st);
	free(sql);
}

START_TEST(history_is_not_searched)
{
	struct ledger *l = open_dir(w.dir);

	planned(l, "SELECT name FROM job WHERE live = 1 ORDER BY id", "job_live");
	planned(l,
	    "SELECT files FROM job WHERE spool = ? AND name = ? AND id < ?"
	    " AND files IS NOT NULL ORDER BY id DESC LIMIT 1",
	    "job_name (spool=? AND name=? AND rowid<?)");
	planned(l, "SELECT id FROM job WHERE spool = ? AND name = ? ORDER BY id DESC LIMIT 10",
	    "job_name (spool=? AND name=?)");
	ledger_close(l);
}
END_TEST

static void add_run_with_files(uint64_t id, size_t spool, const char *name, char *files)
{
	struct fx_row_job *row = add_job(id, name);
	struct run_rec run = { .status = STATUS_OK, .files = files };

	row->rec.spool = spool;
	row->rec.state = JOB_DONE;
	row->rec.live = false;
	row->rec.run = arena_dup(&w.fx.arena, &run, sizeof run);
}

static enum job_status last_of(struct ledger *l, size_t spool, const char *name)
{
	const struct fx_last fx = { .job = 7, .spool = spool, .name = name };
	struct evq q;

	evq_init(&q);
	ledger_last(l, &fx, &w.conf, &q);
	ck_assert_uint_eq(q.count, 1);
	const struct event *ev = evq_next(&q);
	enum job_status status = ev->u.last.status;
	ck_assert_int_eq(ev->type, EV_LAST);
	ck_assert_uint_eq(ev->u.last.job, 7);
	ck_assert_str_eq(ev->u.last.name, name);
	evq_done(&q);
	evq_fini(&q);
	return status;
}

static void recalls(
    struct ledger *l, uint64_t job, size_t spool, const char *name, const char *files)
{
	const struct fx_recall fx = { .job = job, .spool = spool, .name = name };
	struct event *ev;
	struct evq q;

	evq_init(&q);
	ledger_recall(l, &fx, &w.conf, &q);
	ck_assert_uint_eq(q.count, 1);
	ev = evq_next(&q);
	ck_assert_int_eq(ev->type, EV_RECALLED);
	ck_assert_uint_eq(ev->u.recalled.job, job);
	ck_assert_msg(str_eq(ev->u.recalled.files, files), "%s: %s", name, ev->u.recalled.files);
	evq_done(&q);
	evq_fini(&q);
}

START_TEST(recall_finds_the_last_files_of_a_name)
{
	struct ledger *l = open_dir(w.dir);

	add_run_with_files(1, 0, "a\xff.py", "[1]");
	add_run_with_files(2, 0, "a\xff.py", "[2]");
	add_run_with_files(
	    3, 0, "a\xff.py", NULL); /* rejected in silence: the others still lie there */
	add_run_with_files(4, 1, "a\xff.py", "[4]");
	add_run_with_files(5, 0, "b.py", "[5]");
	add_run_with_files(9, 0, "a\xff.py", "[9]"); /* its own, and later ones, do not count */
	commit(l);
	tamper("UPDATE job SET state = 8, status = id");
	tamper("UPDATE job SET state = 5 WHERE id = 5");
	tamper("UPDATE job SET status = 2 WHERE id = 9");
	ck_assert_int_eq(last_of(l, 0, "a\xff.py"), STATUS_ERROR);
	ck_assert_int_eq(last_of(l, 1, "a\xff.py"), 4);
	ck_assert_int_eq(last_of(l, 0, "b.py"), STATUS_NONE); /* it is not done */
	ck_assert_int_eq(last_of(l, 2, "a\xff.py"), STATUS_NONE);
	recalls(l, 9, 0, "a\xff.py", "[2]");
	recalls(l, 10, 0, "a\xff.py", "[9]");
	recalls(l, 2, 0, "a\xff.py", "[1]");
	recalls(l, 1, 0, "a\xff.py", NULL);
	recalls(l, 10, 1, "a\xff.py", "[4]");
	recalls(l, 10, 2, "a\xff.py", NULL);
	recalls(l, 10, 0, "a", NULL);
	ck_assert_uint_eq(w.log_lines, 0);
	ledger_close(l);
}
END_TEST

START_TEST(session_comes_back_as_it_was)
{
	struct ledger *l = open_dir(w.dir);
	struct session_rec odd = { .id = INT64_MAX,
		.pool = 1,
		.endpoint = 1,
		.url = "http://u\n'\xff",
		.run_as = "",
		.kind = KIND_RUNNER,
		.state = SESSION_DELETING,
		.owner = UINT32_MAX,
		.proxy_user = "",
		.name = "n\n'\xff",
		.livy_id = "6a1e-uuid",
		.token = HEX32,
		.last_statement = INT64_MAX,
		.created_ms = INT64_MIN,
		.statements = INT32_MAX,
		.boot = "" };
	struct session_rec plain;

	plain = *add_session(3, SESSION_CREATING);
	effects_add(&w.fx, FX_ROW_SESSION)->u.session = odd;
	commit(l);
	l = reopen(l);
	replay(l);
	ck_assert_uint_eq(w.seen.sessions, 2);
	same_session(&w.seen.session[0], &plain);
	same_session(&w.seen.session[1], &odd);
	odd.proxy_user = odd.run_as = NULL;
	odd.livy_id = NULL;
	odd.boot = "b\xff";
	odd.last_statement = -1;
	odd.state = SESSION_BUSY;
	effects_add(&w.fx, FX_ROW_SESSION)->u.session = odd;
	commit(l);
	replay(l);
	ck_assert_uint_eq(w.seen.sessions, 2);
	same_session(&w.seen.session[1], &odd);
	ledger_close(l);
}
END_TEST

START_TEST(session_gone_is_gone_but_not_its_id)
{
	struct ledger *l = open_dir(w.dir);
	uint64_t job = 1, session = 1;

	ledger_last_ids(l, &job, &session);
	ck_assert_uint_eq(job, 0);
	ck_assert_uint_eq(session, 0);
	add_session(8, SESSION_IDLE);
	add_session(9, SESSION_IDLE);
	add_job(41, "x");
	add_job(40, "y");
	commit(l);
	add_session(9, SESSION_GONE);
	add_session(12, SESSION_GONE); /* came and went within one turn */
	commit(l);
	replay(l);
	ck_assert_uint_eq(w.seen.sessions, 1);
	ck_assert_uint_eq(w.seen.session[0].id, 8);
	ledger_last_ids(l, &job, &session);
	ck_assert_uint_eq(job, 41);
	ck_assert_uint_eq(session, 12);
	ledger_close(l);
	tamper("DELETE FROM job; DELETE FROM session");
	l = open_dir(w.dir);
	add_job(5, "low");
	commit(l);
	l = reopen(l);
	ledger_last_ids(l, &job, &session);
	ck_assert_uint_eq(job, 41);
	ck_assert_uint_eq(session, 12);
	ledger_close(l);
}
END_TEST

START_TEST(spool_comes_back_as_it_was)
{
	struct ledger *l = open_dir(w.dir);

	add_spool(1, 1, 1);
	add_spool(1, UINT64_MAX, UINT64_MAX - 1);
	add_spool(0, 0, 7);
	commit(l);
	l = reopen(l);
	replay(l);
	ck_assert_uint_eq(w.seen.spools, 2);
	for (size_t i = 0; i < 2; i++) {
		const struct spool_rec *rec = &w.seen.spool[i];
		ck_assert_uint_le(rec->spool, 1);
		ck_assert_uint_eq(rec->dev, rec->spool == 1 ? UINT64_MAX : 0);
		ck_assert_uint_eq(rec->ino, rec->spool == 1 ? UINT64_MAX - 1 : 7);
	}
	ck_assert_uint_ne(w.seen.spool[0].spool, w.seen.spool[1].spool);
	ledger_close(l);
}
END_TEST

START_TEST(what_is_paused_stays_paused)
{
	struct ledger *l = open_dir(w.dir);

	add_pause(PAUSE_SPOOL, 1, true);
	add_pause(PAUSE_SPOOL, 0, true);
	add_pause(PAUSE_POOL, 1, true);
	add_pause(PAUSE_ALL, 0, true);
	commit(l);
	add_pause(PAUSE_SPOOL, 0, false);
	add_pause(PAUSE_SPOOL, 2, false); /* it never was */
	commit(l);
	l = reopen(l);
	replay(l);
	ck_assert_uint_eq(w.seen.pauses, 3);
	ck_assert_int_eq(w.seen.pause[0].what, PAUSE_ALL);
	ck_assert_int_eq(w.seen.pause[1].what, PAUSE_POOL);
	ck_assert_uint_eq(w.seen.pause[1].index, 1);
	ck_assert_int_eq(w.seen.pause[2].what, PAUSE_SPOOL);
	ck_assert_uint_eq(w.seen.pause[2].index, 1);
	w.spool[1].removed = true;
	replay(l);
	ck_assert_uint_eq(w.seen.pauses, 3);
	w.conf.spool_count = 1;
	replay(l);
	ck_assert_uint_eq(w.seen.pauses, 2);
	add_pause(PAUSE_ALL, 0, false);
	commit(l);
	w.conf.spool_count = 3;
	w.spool[1].removed = false;
	replay(l);
	ck_assert_uint_eq(w.seen.pauses, 2);
	tamper("UPDATE pause SET what = 3");
	ck_assert_int_eq(try_replay(l), -1);
	logged("the row of pause=3 ");
	ledger_close(l);
}
END_TEST

/* One of everything in the spool and pool of this number. */
static void add_one_of_each(size_t n)
{
	add_job(n + 1, "x")->rec.spool = n;
	add_session(n + 1, SESSION_IDLE)->pool = n;
	add_spool(n, n, n);
}

START_TEST(names_are_kept_not_numbers)
{
	struct ledger *l = open_dir(w.dir);
	struct conf_spool tmp_spool = w.spool[0];
	struct conf_pool tmp_pool = w.pool[0];

	add_one_of_each(0);
	add_one_of_each(1);
	commit(l);
	w.spool[0] = w.spool[1];
	w.spool[1] = tmp_spool;
	w.pool[0] = w.pool[1];
	w.pool[1] = tmp_pool;
	replay(l);
	ck_assert_uint_eq(w.seen.jobs, 2);
	ck_assert_uint_eq(w.seen.job[0].spool, 1);
	ck_assert_uint_eq(w.seen.job[1].spool, 0);
	ck_assert_uint_eq(w.seen.session[0].pool, 1);
	ck_assert_uint_eq(w.seen.session[1].pool, 0);
	ck_assert_uint_eq(w.log_lines, 0);
	ledger_close(l);
}
END_TEST

START_TEST(unnamed_rows_are_counted_and_kept)
{
	struct ledger *l = open_dir(w.dir);

	add_one_of_each(0);
	add_one_of_each(1);
	commit(l);
	w.spool[1].removed = true;
	w.pool[1].removed = true;
	w.endpoint[0].removed = true;
	replay(l);
	ck_assert_uint_eq(w.seen.jobs + w.seen.sessions + w.seen.spools, 6);
	ck_assert_uint_eq(w.log_lines, 0);

	w.conf.spool_count = 1; /* as a start finds it that has not asked for their names */
	w.conf.pool_count = 1;
	l = reopen(l);
	replay(l);
	ck_assert_uint_eq(w.seen.jobs, 1);
	ck_assert_uint_eq(w.seen.job[0].id, 1);
	ck_assert_uint_eq(w.seen.sessions, 1);
	ck_assert_uint_eq(w.seen.spools, 1);
	ck_assert_uint_eq(w.log_lines, 1);
	logged("jobs=1 sessions=1 spools=1");

	log_forget();
	w.conf.pool_count = 2;
	w.conf.endpoint_count = 0;
	replay(l);
	ck_assert_uint_eq(w.seen.sessions, 0);
	logged("jobs=1 sessions=2 spools=1");

	log_forget();
	w.conf.spool_count = 3;
	w.conf.endpoint_count = 2;
	replay(l);
	ck_assert_uint_eq(w.seen.jobs + w.seen.sessions + w.seen.spools, 6);
	ck_assert_uint_eq(w.log_lines, 0);
	ledger_close(l);
}
END_TEST

static void name_endpoint(const char *name, const char *url, void *arg)
{
	(void)buf_addf(arg, "endpoint %s %s\n", name, url);
}

static void name_pool(const char *name, void *arg)
{
	(void)buf_addf(arg, "pool %s\n", name);
}

static void name_spool(const char *name, const char *path, void *arg)
{
	(void)buf_addf(
	    arg, "spool %s%s%s\n", name, path == NULL ? "" : " ", path == NULL ? "" : path);
}

static void names_are(struct ledger *l, const char *expected)
{
	struct buf out;
	const struct ledger_names to = {
		.endpoint = name_endpoint, .pool = name_pool, .spool = name_spool, .arg = &out
	};

	buf_init(&out, 4096);
	ck_assert_int_eq(ledger_names(l, &to), 0);
	ck_assert_str_eq(out.data == NULL ? "" : out.data, expected);
	buf_fini(&out);
}

/* What has ended speaks of nothing that a start needs. */
START_TEST(names_of_what_lives)
{
	struct ledger *l = open_dir(w.dir);
	struct session_rec *rec;

	names_are(l, "");
	add_job(1, "a.py");
	add_job(2, "b.py")->rec.spool = 1;
	add_job(3, "c.py")->rec.spool = 1;
	struct job_rec *over = &add_job(4, "d.py")->rec;
	over->spool = 2;
	over->state = JOB_DONE;
	over->live = false;
	add_session(1, SESSION_IDLE)->pool = 1;
	rec = add_session(2, SESSION_BUSY);
	rec->endpoint = 1;
	rec->url = "http://two";
	add_session(3, SESSION_IDLE)->url = "http://anew";
	commit(l);
	names_are(l, "endpoint one http://anew\nendpoint two http://two\nendpoint one http://one\n"
		     "pool big\npool default\nspool it's; odd \"name\"\nspool nightly\n");
	tamper("UPDATE session SET endpoint = NULL, url = NULL"); /* rows of version 4 */
	names_are(l, "pool big\npool default\nspool it's; odd \"name\"\nspool nightly\n");
	ledger_close(l);
}
END_TEST

/* Of a spool or pool nothing may live, and still there is something to know. */
START_TEST(names_of_what_is_known)
{
	struct ledger *l = open_dir(w.dir);

	add_spool(0, 1, 2);
	add_pause(PAUSE_POOL, 0, true);
	add_pause(PAUSE_SPOOL, 0, true);
	add_pause(PAUSE_SPOOL, 2, true);
	add_pause(PAUSE_ALL, 0, true);
	commit(l);
	names_are(l, "pool default\nspool nightly /one\nspool third\n");
	ledger_close(l);
}
END_TEST

/* Where a session of before is, and as whom, its pool says; but an owner's own is known by its user. */
START_TEST(sessions_of_before_are_where_their_pool_is)
{
	struct ledger *l = open_dir(w.dir);

	add_session(1, SESSION_IDLE);
	add_session(2, SESSION_IDLE)->proxy_user = "alice";
	add_session(3, SESSION_IDLE)->pool = 1;
	commit(l);
	tamper("UPDATE session SET endpoint = NULL, url = NULL, run_as = NULL");
	w.pool[0].endpoint = 1;
	w.pool[0].session.proxy_user = "etl";
	w.pool[1].session.proxy_user = "%owner";
	replay(l);
	ck_assert_uint_eq(w.seen.sessions, 3);
	ck_assert_uint_eq(w.seen.session[0].endpoint, 1);
	ck_assert_str_eq(w.seen.session[0].url, "http://two");
	ck_assert_str_eq(w.seen.session[0].run_as, "etl");
	ck_assert_str_eq(w.seen.session[1].run_as, "%owner");
	ck_assert_uint_eq(w.seen.session[2].endpoint, 0);
	ck_assert_ptr_null(w.seen.session[2].run_as);
	w.pool[1].removed = true; /* renamed, under a new release: nobody knows where that was */
	replay(l);
	ck_assert_uint_eq(w.seen.sessions, 2);
	logged("sessions=1");
	tamper("UPDATE session SET endpoint = 'one', url = NULL");
	ck_assert_int_eq(try_replay(l), -1);
	logged("the row of session=1 ");
	ledger_close(l);
}
END_TEST

/* Of each spool: its name, the one that a job, its row and its pause stand under. */
static void spools_are(struct ledger *l, const char *expected)
{
	struct buf out;
	sqlite3_stmt *st;

	buf_init(&out, 4096);
	ck_assert_int_eq(sqlite3_prepare_v2(l->db,
			     "SELECT (SELECT spool FROM job WHERE id = spool.ino), spool.name,"
			     " (SELECT name FROM pause WHERE what = 2 AND pause.name = spool.name)"
			     " FROM spool ORDER BY spool.ino",
			     -1, &st, NULL),
	    SQLITE_OK);
	while (sqlite3_step(st) == SQLITE_ROW)
		for (int i = 0; i < 3; i++)
			(void)buf_addf(&out, "%s%s",
			    sqlite3_column_text(st, i) == NULL
				? "-"
				: (const char *)sqlite3_column_text(st, i),
			    i == 2 ? ";" : ",");
	sqlite3_finalize(st);
	ck_assert_str_eq(out.data, expected);
	buf_fini(&out);
}

/* Files are known by their spool's name, and a spool by its path. */
START_TEST(rows_follow_their_path)
{
	struct ledger *l = open_dir(w.dir);

	w.spool[0].name = "a";
	w.spool[1].name = "b";
	w.conf.spool_count = 2;
	for (size_t i = 0; i < 2; i++) {
		add_job(i + 1, "x")->rec.spool = i;
		add_spool(i, 1, i + 1);
	}
	add_pause(PAUSE_SPOOL, 0, true);
	add_pause(PAUSE_POOL, 0, true);
	commit(l);
	tamper("UPDATE spool SET path = NULL WHERE name = 'b'"); /* of an earlier release */
	ck_assert_int_eq(ledger_follow_paths(l, &w.conf), 0);
	spools_are(l, "a,a,a;b,b,-;");
	ck_assert_uint_eq(w.log_lines, 0);

	w.spool[0].name = "b"; /* exchanged */
	w.spool[1].name = "a";
	ck_assert_int_eq(ledger_follow_paths(l, &w.conf), 0);
	spools_are(l, "b,b,b;a,a,-;");
	logged("spool=a event=renamed from=b");
	logged("spool=b event=renamed from=a");

	w.spool[0].name = "new";
	w.spool[1].removed = true;
	ck_assert_int_eq(ledger_follow_paths(l, &w.conf), 0);
	spools_are(l, "new,new,new;a,a,-;");

	log_forget();
	w.spool[0].name = "a"; /* and that one lives, somewhere */
	ck_assert_int_eq(ledger_follow_paths(l, &w.conf), -1);
	logged("spool 'a' has the path now that spool 'new' had");
	spools_are(l, "new,new,new;a,a,-;");
	tamper("UPDATE job SET live = 0 WHERE spool = 'a'");
	ck_assert_int_eq(ledger_follow_paths(l, &w.conf), 0);
	spools_are(l, "a,a,a;");
	ledger_close(l);
}
END_TEST

/* A reload has given another directory to a spool, of which files are missing there, and then its own to a
 * new one. */
START_TEST(rows_of_two_names_have_one_path)
{
	struct ledger *l = open_dir(w.dir);

	w.spool[0].name = "a";
	w.spool[1].name = "b";
	w.spool[1].path = "/one";
	w.conf.spool_count = 2;
	for (size_t i = 0; i < 2; i++) {
		add_job(i + 1, "x")->rec.spool = i;
		add_spool(i, 1, i + 1);
	}
	commit(l);
	w.spool[0].path = "/two";
	ck_assert_int_eq(ledger_follow_paths(l, &w.conf), 0);
	spools_are(l, "a,a,-;b,b,-;");
	ck_assert_uint_eq(w.log_lines, 0);

	w.spool[1].name = "new";
	ck_assert_int_eq(ledger_follow_paths(l, &w.conf), -1);
	logged("spool 'new' has the path now that the spools 'a' and 'b' had");
	spools_are(l, "a,a,-;b,b,-;");
	ledger_close(l);
}
END_TEST

/* A directory that was moved is the same one, and what is made in its place is not. */
START_TEST(rows_stay_with_a_directory_that_was_moved)
{
	struct ledger *l = open_dir(w.dir);
	char *moved = xasprintf("%s/moved", w.dir);
	struct stat st;

	ck_assert_int_eq(mkdir(moved, 0700), 0);
	ck_assert_int_eq(stat(moved, &st), 0);
	w.spool[0].name = "a";
	w.spool[1].name = "b";
	w.conf.spool_count = 2;
	add_job(st.st_ino, "x");
	add_spool(0, st.st_dev, st.st_ino);
	commit(l);
	w.spool[0].path = moved;
	w.spool[1].path = "/one"; /* a new one */
	ck_assert_int_eq(ledger_follow_paths(l, &w.conf), 0);
	spools_are(l, "a,a,-;");
	ck_assert_uint_eq(w.log_lines, 0);

	w.spool[0].name = "c"; /* it is known by the path that it has since */
	ck_assert_int_eq(ledger_follow_paths(l, &w.conf), 0);
	spools_are(l, "c,c,-;");
	ledger_close(l);
	ck_assert_int_eq(rmdir(moved), 0);
	free(moved);
}
END_TEST

START_TEST(removed_spools_jobs_are_still_written)
{
	struct ledger *l = open_dir(w.dir);

	w.spool[1].removed = true; /* by a reload, while its jobs go on */
	w.pool[1].removed = true;
	add_one_of_each(1);
	commit(l);
	w.spool[1].removed = false;
	w.pool[1].removed = false;
	replay(l);
	ck_assert_uint_eq(w.seen.jobs + w.seen.sessions + w.seen.spools, 3);
	ledger_close(l);
}
END_TEST

/* Values that we never write; each makes one row unreadable. */
static const char *const damage[] = {
	"UPDATE job SET state = 99",
	"UPDATE job SET state = 0",
	"UPDATE job SET kind = -1",
	"UPDATE job SET kind = 4",
	"UPDATE job SET id = -5",
	"UPDATE job SET uid = 4294967296",
	"UPDATE job SET attempts = -1",
	"UPDATE job SET has_run = 2",
	"UPDATE job SET name = x'610062'",
	"UPDATE job SET token = NULL",
	"UPDATE job SET token = token || 'x'",
	"UPDATE job SET sha256 = sha256 || 'x'",
	"UPDATE job SET status = 8",
	"UPDATE job SET superseded = NULL",
	"UPDATE job SET statement = NULL",
	"UPDATE job SET script = NULL",
	"UPDATE job SET script = 2",
	"UPDATE job SET exit_code = -1",
	"UPDATE job SET exit_code = 2147483648",
	"UPDATE session SET state = 10",
	"UPDATE session SET kind = 17",
	"UPDATE session SET token = token || token || '1'",
	"UPDATE session SET statements = 2147483648",
	"UPDATE session SET kind = 5",
	"UPDATE session SET boot = char(97, 0, 98)",
};

START_TEST(replay_refuses_a_row_that_cannot_be_meant)
{
	struct ledger *l = open_dir(w.dir);
	struct run_rec run = odd_run("m");

	effects_add(&w.fx, FX_ROW_JOB)->u.job.rec = odd_job("n", &run);
	w.fx.item[0].u.job.code = (struct bytes){ "c", 1 };
	memcpy(add_session(4, SESSION_IDLE)->token, HEX32, sizeof HEX32);
	commit(l);
	replay(l);
	ck_assert_uint_eq(w.seen.jobs, 1);
	tamper(damage[_i]);
	ck_assert_int_eq(try_replay(l), -1);
	ck_assert_uint_eq(w.log_lines, 2);
	logged(strstr(damage[_i], "session") == NULL ? "the row of job=" : "the row of session=4 ");
	logged("ledger.db is damaged: ");
	logged("nothing was started; restore it or move it away");
	ledger_close(l);
}
END_TEST

START_TEST(replay_survives_a_page_overwritten)
{
	char *path = help_path(w.dir, "ledger.db"), *good, *bad;
	size_t n, refusals = 0;
	struct ledger *l = open_dir(w.dir);

	for (uint64_t id = 1; id <= 200; id++)
		add_job(id, "some-name.py")->code = (struct bytes){ HEX64, 64 };
	add_session(1, SESSION_IDLE);
	commit(l);
	ledger_close(l);
	good = help_read_file(path, &n);
	for (size_t page = 0; page + 4096 <= n; page += 4096) {
		bad = xmemdup(good, n);
		memset(bad + page, 0x5a, 4096);
		help_write_file(path, bad, n);
		free(bad);
		buf_reset(&w.error);
		log_forget();
		l = ledger_open(w.dir, &w.error);
		if (l == NULL || try_replay(l) != 0) {
			const char *said = l == NULL ? w.error.data : w.log.data;
			ck_assert_msg(strstr(said, "is damaged: ") != NULL, "%s", said);
			ck_assert_msg(strstr(said, "nothing was started") != NULL, "%s", said);
			refusals++;
		}
		ledger_close(l);
	}
	ck_assert_uint_gt(refusals, 2);
	free(path);
	free(good);
}
END_TEST

/* ---- a ledger of the former version -------------------------------------------------------- */

/* What version 1 has really written: a job that is done, one under way, one queued; copied from the
 * ledger that a release of then left behind. Nothing here follows the code. */
static const char version_1[] =
    "PRAGMA journal_mode = WAL; BEGIN;"
    "CREATE TABLE meta(key TEXT PRIMARY KEY, value ANY NOT NULL) STRICT;"
    "INSERT INTO meta VALUES('instance','d2b129e8'),('machine',''),('inode',0),('last_job',3),"
    " ('last_session',3);"
    "CREATE TABLE spool(name TEXT PRIMARY KEY, dev INT NOT NULL, ino INT NOT NULL) STRICT;"
    "INSERT INTO spool VALUES('nightly',21,22);"
    "CREATE TABLE session(id INTEGER PRIMARY KEY, pool TEXT NOT NULL, kind INT NOT NULL,"
    " state INT NOT NULL, owner INT NOT NULL, proxy_user TEXT, name TEXT NOT NULL, livy_id TEXT,"
    " token TEXT NOT NULL, last_statement INT NOT NULL, created_ms INT NOT NULL,"
    " statements INT NOT NULL) STRICT;"
    "INSERT INTO session VALUES(3,'default',0,6,1000,NULL,'sp-1','0','t',7,5,2);"
    "CREATE TABLE job(id INTEGER PRIMARY KEY, spool TEXT NOT NULL, name BLOB NOT NULL,"
    " dev INT NOT NULL, ino INT NOT NULL, size INT NOT NULL, mtime_ns INT NOT NULL,"
    " ctime_ns INT NOT NULL, uid INT NOT NULL, gid INT NOT NULL, mode INT NOT NULL,"
    " nlink INT NOT NULL, state INT NOT NULL, kind INT NOT NULL, live INT NOT NULL,"
    " attempts INT NOT NULL, queued_ms INT NOT NULL, old_files TEXT, has_run INT NOT NULL,"
    " token TEXT, sha256 TEXT, session INT, session_name TEXT, statement INT, started_ms INT,"
    " finished_ms INT, status INT, error_name TEXT, error_message TEXT, warnings TEXT, files TEXT,"
    " hidden BLOB, superseded INT, recorded INT) STRICT;"
    "INSERT INTO job VALUES(1,'nightly',X'612e7079',1,2,3,4,5,6,7,8,9,8,0,1,1,11,NULL,1,"
    " '0123456789abcdef0123456789abcdef','ab',3,'sp-1',7,1,2,1,NULL,NULL,'[]',"
    " '[{\"name\":\"a.py.out\",\"tmp\":\".t\",\"ino\":\"5\"}]',NULL,0,1);"
    "INSERT INTO job VALUES(2,'nightly',X'622e73716c',1,22,3,4,5,6,7,8,9,4,2,1,2,12,NULL,1,"
    " '0123456789abcdef0123456789abcdef','ab',3,'sp-1',7,1,2,0,NULL,NULL,'[]',NULL,X'2e68',0,1);"
    "INSERT INTO job VALUES(3,'nightly',X'632e7079',1,23,3,4,5,6,7,8,9,1,0,1,0,13,NULL,0,NULL,NULL,"
    " NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);"
    "CREATE TABLE blob(job INT NOT NULL, what INT NOT NULL, data BLOB NOT NULL,"
    " PRIMARY KEY(job, what)) STRICT;"
    "INSERT INTO blob VALUES(2,1,X'73656c6563742031');"
    "CREATE INDEX job_live ON job(id) WHERE live = 1;"
    "CREATE INDEX job_files ON job(spool, name) WHERE files IS NOT NULL;"
    "PRAGMA user_version = 1; PRAGMA application_id = 1399870316; COMMIT";

static void put_version_1(void)
{
	char *path = help_path(w.dir, "ledger.db"), *inode;
	struct stat st;

	ck_assert_int_eq(mkdir(w.dir, 0700), 0);
	tamper(version_1);
	ck_assert_int_eq(stat(path, &st), 0);
	inode = xasprintf("UPDATE meta SET value = %ju WHERE key = 'inode'", (uintmax_t)st.st_ino);
	tamper(inode);
	free(inode);
	free(path);
}

static void assert_jobs_of_version_1(void)
{
	const struct run_rec run = { .token = "0123456789abcdef0123456789abcdef",
		.sha256 = "ab",
		.session = 3,
		.session_name = "sp-1",
		.statement = 7,
		.started_ms = 1,
		.finished_ms = 2,
		.warnings = "[]",
		.hidden = ".h",
		.recorded = true,
		.exit_code = -1 };
	const struct job_rec rec = { .id = 2,
		.name = "b.sql",
		.ident = { 1, 22, 3, 4, 5, 6, 7, 8, 9 },
		.state = JOB_RUNNING,
		.kind = KIND_SQL,
		.live = true,
		.attempts = 2,
		.queued_ms = 12,
		.run = (struct run_rec *)(uintptr_t)&run };

	ck_assert_uint_eq(w.seen.jobs, 3);
	ck_assert_str_eq(w.seen.job[0].name, "a.py");
	ck_assert_int_eq(w.seen.job[0].run->exit_code, -1);
	ck_assert(!w.seen.job[0].run->script);
	same_job(&w.seen.job[1], &rec);
	same_bytes(w.seen.code[1], "select 1", 8);
	ck_assert_str_eq(w.seen.job[2].name, "c.py");
	ck_assert_ptr_null(w.seen.job[2].run);
}

static void assert_session_of_version_1(void)
{
	const struct session_rec rec = { .id = 3,
		.url = "http://one",
		.state = SESSION_BUSY,
		.owner = 1000,
		.name = "sp-1",
		.livy_id = "0",
		.token = "t",
		.last_statement = 7,
		.created_ms = 5,
		.statements = 2 };

	ck_assert_uint_eq(w.seen.sessions, 1);
	same_session(&w.seen.session[0], &rec);
	ck_assert_uint_eq(w.seen.spools, 1);
	ck_assert_uint_eq(w.seen.spool[0].ino, 22);
}

START_TEST(upgrade_keeps_everything)
{
	struct ledger *l;
	uint64_t job, session;

	put_version_1();
	l = open_dir(w.dir);
	ck_assert_uint_eq(w.log_lines, 1);
	logged("upgraded from ledger version 1 to 5; an older sparkspool cannot read it any more");
	log_forget();
	for (int i = 0; i < 2; i++) {
		replay(l);
		assert_jobs_of_version_1();
		assert_session_of_version_1();
		ck_assert_str_eq(ledger_instance(l), "d2b129e8");
		ledger_last_ids(l, &job, &session);
		ck_assert_uint_eq(job, 3);
		ck_assert_uint_eq(session, 3);
		l = reopen(l);
	}
	ck_assert_uint_eq(w.log_lines, 0); /* once is enough */
	ck_assert_int_eq(ask(l->db, "PRAGMA user_version"), LEDGER_VERSION);
	ck_assert_uint_eq(w.seen.pauses, 0);
	ledger_close(l);
}
END_TEST

START_TEST(upgrade_takes_new_rows)
{
	struct run_rec run = odd_run("m");
	struct job_rec rec = odd_job("new.py", &run);
	struct ledger *l;

	put_version_1();
	l = open_dir(w.dir);
	effects_add(&w.fx, FX_ROW_JOB)->u.job.rec = rec;
	add_session(4, SESSION_IDLE)->boot = "b00t";
	add_session(3, SESSION_IDLE)->boot = "again";
	commit(l);
	l = reopen(l);
	replay(l);
	ck_assert_uint_eq(w.seen.jobs, 4);
	same_job(&w.seen.job[3], &rec);
	ck_assert_uint_eq(w.seen.sessions, 2);
	ck_assert_str_eq(w.seen.session[0].boot, "again");
	ck_assert_str_eq(w.seen.session[1].boot, "b00t");
	/* A done job of then, written without its run: what is known of that stays readable. */
	rec = w.seen.job[0];
	rec.run = NULL;
	effects_add(&w.fx, FX_ROW_JOB)->u.job.rec = rec;
	commit(l);
	replay(l);
	ck_assert_int_eq(w.seen.job[0].run->exit_code, -1);
	ck_assert_int_eq(w.seen.job[0].run->statement, 7);
	ledger_close(l);
}
END_TEST

/* Names, types, defaults and order of all columns. */
static char *columns_of(const char *dir)
{
	static const char sql[] =
	    "SELECT group_concat(x, ';') FROM (SELECT m.name || '.' || c.cid "
	    "|| c.name || c.type || c.\"notnull\" || coalesce(c.dflt_value, '-') "
	    "|| c.pk AS x FROM sqlite_schema m JOIN pragma_table_info(m.name) c "
	    "WHERE m.type = 'table' ORDER BY m.name, c.cid)";
	sqlite3 *db = other_open(dir);
	sqlite3_stmt *st = NULL;
	char *text;

	ck_assert_int_eq(sqlite3_prepare_v2(db, sql, -1, &st, NULL), SQLITE_OK);
	ck_assert_int_eq(sqlite3_step(st), SQLITE_ROW);
	text = xstrdup((const char *)sqlite3_column_text(st, 0));
	sqlite3_finalize(st);
	sqlite3_close(db);
	return text;
}

START_TEST(upgrade_gives_the_tables_of_a_new_ledger)
{
	char *other = help_path(w.tmp, "other"), *made, *upgraded;

	put_version_1();
	ledger_close(open_dir(w.dir));
	ledger_close(open_dir(other));
	upgraded = columns_of(w.dir);
	made = columns_of(other);
	ck_assert_ptr_nonnull(strstr(made, "exit_code"));
	ck_assert_str_eq(upgraded, made);
	free(other);
	free(made);
	free(upgraded);
}
END_TEST

/* Dies before the step of this number that changes something, or lives when there are fewer. */
struct killer {
	int step;
	int steps;
};

static struct killer killer;

static int kill_at_step(
    void *arg, int action, const char *a, const char *b, const char *c, const char *d)
{
	(void)arg, (void)b, (void)c, (void)d;
	if (action == SQLITE_ALTER_TABLE || action == SQLITE_TRANSACTION ||
	    (action == SQLITE_PRAGMA && str_eq(a, "user_version")) ||
	    (action == SQLITE_UPDATE && str_eq(a, "sqlite_master")))
		if (killer.steps++ == killer.step)
			raise(SIGKILL);
	return SQLITE_OK;
}

static int kill_at_commit(void *arg)
{
	(void)arg;
	if (killer.step == -1)
		raise(SIGKILL);
	return 0;
}

static int arm(sqlite3 *db, const char **error, const void *api)
{
	(void)error, (void)api;
	sqlite3_commit_hook(db, kill_at_commit, NULL);
	return sqlite3_set_authorizer(db, kill_at_step, NULL);
}

static void kill_after_commit(enum log_level level, const char *line, void *arg)
{
	(void)level, (void)line, (void)arg;
	raise(SIGKILL);
}

/* True when it was killed. */
static bool upgrade_killed_at(int step)
{
	int status;
	pid_t pid = fork();

	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		killer.step = step;
		ck_assert_int_eq(sqlite3_auto_extension((void (*)(void))arm), SQLITE_OK);
		if (step == -2)
			log_set_sink(kill_after_commit, NULL);
		struct ledger *upgraded = ledger_open(w.dir, &w.error);
		if (upgraded == NULL)
			_exit(1);
		ledger_close(upgraded);
		_exit(0);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFSIGNALED(status) || (WIFEXITED(status) && WEXITSTATUS(status) == 0));
	return WIFSIGNALED(status);
}

/* One version or the other, and nothing lost. */
static int64_t assert_whole_version(void)
{
	int64_t version = ask_dir("PRAGMA user_version");
	char *columns = columns_of(w.dir);
	struct ledger *l;

	ck_assert(version == 1 || version == LEDGER_VERSION);
	ck_assert_int_eq(strstr(columns, "exit_code") != NULL, version == LEDGER_VERSION);
	ck_assert_int_eq(strstr(columns, "held") != NULL, version == LEDGER_VERSION);
	ck_assert_int_eq(strstr(columns, "boot") != NULL, version == LEDGER_VERSION);
	ck_assert_int_eq(strstr(columns, "moved_to") != NULL, version == LEDGER_VERSION);
	ck_assert_int_eq(strstr(columns, "run_as") != NULL, version == LEDGER_VERSION);
	l = open_dir(w.dir);
	replay(l);
	assert_jobs_of_version_1();
	assert_session_of_version_1();
	ledger_close(l);
	free(columns);
	return version;
}

START_TEST(upgrade_killed_leaves_one_or_the_other)
{
	bool killed = true;
	int step;

	for (step = -2; killed; step++) {
		put_version_1();
		killed = upgrade_killed_at(step);
		ck_assert_int_eq(assert_whole_version(), killed && step != -2 ? 1 : LEDGER_VERSION);
		/* Afterwards nothing more is changed at an open, so only the last one lives. */
		help_rmtree(w.dir);
	}
	ck_assert_int_gt(step, 10);
}
END_TEST

START_TEST(upgrade_of_a_damaged_ledger_changes_nothing)
{
	put_version_1();
	tamper("DROP TABLE session"); /* the last one that would be changed */
	refused(w.dir, "is damaged: no such table: session, nothing was started");
	ck_assert_int_eq(ask_dir("PRAGMA user_version"), 1);
	ck_assert_int_eq(
	    ask_dir("SELECT count(*) FROM pragma_table_info('job') WHERE name = 'script'"), 0);
	ck_assert_uint_eq(w.log_lines, 0);
}
END_TEST

/* ---- errors of ours ------------------------------------------------------------------------ */

/* A commit that must end the process: in one of its own, whose last words nobody wants to read. */
static void aborts(struct ledger *l)
{
	int status;
	pid_t pid = fork();

	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		if (freopen("/dev/null", "w", stderr) != NULL)
			ledger_commit(l, &w.fx, &w.conf);
		_exit(0);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
	effects_reset(&w.fx);
}

START_TEST(errors_of_ours_are_never_written)
{
	struct ledger *l = open_dir(w.dir);
	struct run_rec run = { .status = STATUS_COUNT };

	add_job(1, "x")->rec.state = JOB_SETTLING;
	aborts(l);
	add_job(0, "no id");
	aborts(l);
	add_job(UINT64_MAX, "an id that would come back negative");
	aborts(l);
	add_job(1, "x")->rec.spool = w.conf.spool_count;
	aborts(l);
	add_job(1, NULL);
	aborts(l);
	add_job(1, "x")->rec.run = &run;
	aborts(l);
	run.status = STATUS_OK;
	run.exit_code = -2;
	add_job(1, "x")->rec.run = &run;
	aborts(l);
	run.exit_code = -1;
	memset(run.token, 'x', sizeof run.token); /* without an end */
	add_job(1, "x")->rec.run = &run;
	aborts(l);
	add_session(0, SESSION_IDLE);
	aborts(l);
	add_session(1, SESSION_STATES);
	aborts(l);
	add_session(1, SESSION_IDLE)->pool = w.conf.pool_count;
	aborts(l);
	add_spool(w.conf.spool_count, 1, 1);
	aborts(l);
	ledger_close(l);
	ck_assert_int_eq(ask_dir("SELECT (SELECT count(*) FROM job) +"
				 " (SELECT count(*) FROM session) + (SELECT count(*) FROM spool)"),
	    0);
}
END_TEST

/* ---- turns --------------------------------------------------------------------------------- */

START_TEST(commit_of_nothing_does_nothing)
{
	struct ledger *l = open_dir(w.dir);
	sqlite3 *db = other_open(w.dir);

	ck_assert_int_eq(ledger_commit(l, &w.fx, &w.conf), 0);
	other_exec(db, "BEGIN IMMEDIATE"); /* a transaction of ours would have to wait */
	effects_add(&w.fx, FX_SCAN)->u.scan = 1;
	effects_add(&w.fx, FX_LOOK);
	effects_add(&w.fx, FX_HTTP);
	ck_assert_int_eq(ledger_commit(l, &w.fx, &w.conf), 0);
	ck_assert_uint_eq(w.log_lines, 0);
	sqlite3_close(db);
	ledger_close(l);
}
END_TEST

START_TEST(commit_takes_the_rows_among_other_effects)
{
	struct ledger *l = open_dir(w.dir);

	effects_add(&w.fx, FX_SCAN);
	add_job(1, "a");
	effects_add(&w.fx, FX_HTTP);
	add_session(1, SESSION_IDLE);
	effects_add(&w.fx, FX_DISPOSE);
	add_spool(2, 3, 4);
	commit(l);
	replay(l);
	ck_assert_uint_eq(w.seen.jobs, 1);
	ck_assert_uint_eq(w.seen.sessions, 1);
	ck_assert_uint_eq(w.seen.spools, 1);
	ck_assert_uint_eq(w.seen.spool[0].spool, 2);
	ledger_close(l);
}
END_TEST

START_TEST(commit_says_a_failure_once)
{
	struct ledger *l = open_dir(w.dir);
	sqlite3 *db = other_open(w.dir);

	add_job(1, "x");
	for (int round = 0; round < 2; round++) {
		log_forget();
		other_exec(db, "BEGIN IMMEDIATE");
		for (int i = 0; i < 3; i++)
			ck_assert_int_eq(ledger_commit(l, &w.fx, &w.conf), -1);
		ck_assert_uint_eq(w.log_lines, 1);
		logged("another program holds a lock on it");
		other_exec(db, "COMMIT");
		ck_assert_int_eq(ledger_commit(l, &w.fx, &w.conf), 0);
		ck_assert_uint_eq(w.log_lines, 2);
		logged("<6>");
		logged("committed again");
		ck_assert_int_eq(ledger_commit(l, &w.fx, &w.conf), 0);
		ck_assert_uint_eq(w.log_lines, 2);
	}
	sqlite3_close(db);
	ledger_close(l);
}
END_TEST

START_TEST(commit_says_each_cause)
{
	struct ledger *l = open_dir(w.dir);
	sqlite3 *db = other_open(w.dir);

	other_exec(
	    db, "CREATE TRIGGER t BEFORE INSERT ON job BEGIN SELECT RAISE(ABORT, 'no!'); END");
	other_exec(db, "BEGIN IMMEDIATE");
	add_job(1, "x");
	ck_assert_int_eq(ledger_commit(l, &w.fx, &w.conf), -1);
	other_exec(db, "COMMIT");
	ck_assert_int_eq(ledger_commit(l, &w.fx, &w.conf), -1);
	ck_assert_int_eq(ledger_commit(l, &w.fx, &w.conf), -1);
	ck_assert_uint_eq(w.log_lines, 2);
	logged("holds a lock");
	logged("no!");
	sqlite3_close(db);
	ledger_close(l);
}
END_TEST

/* One row of a turn is impossible: which one must not matter. */
static const char *const forbid[] = {
	"CREATE TRIGGER t BEFORE INSERT ON job WHEN NEW.id = 1 "
	"BEGIN SELECT RAISE(ABORT, 'no'); END",
	"CREATE TRIGGER t BEFORE INSERT ON job WHEN NEW.id = 2 "
	"BEGIN SELECT RAISE(ROLLBACK, 'no'); END",
	"CREATE TRIGGER t BEFORE INSERT ON blob WHEN NEW.job = 2 "
	"BEGIN SELECT RAISE(FAIL, 'no'); END",
	"CREATE TRIGGER t BEFORE DELETE ON session BEGIN SELECT RAISE(ABORT, 'no'); END",
	"CREATE TRIGGER t BEFORE INSERT ON spool BEGIN SELECT RAISE(ABORT, 'no'); END",
	"CREATE TRIGGER t BEFORE UPDATE ON meta BEGIN SELECT RAISE(ABORT, 'no'); END",
};

START_TEST(commit_is_all_or_nothing)
{
	struct ledger *l = open_dir(w.dir);
	uint64_t job, session;

	add_session(5, SESSION_IDLE);
	add_job(1, "old")->code = (struct bytes){ "old", 3 };
	commit(l);
	tamper(forbid[_i]);
	add_job(1, "new")->drop_blobs = true;
	add_session(5, SESSION_GONE);
	add_session(6, SESSION_IDLE);
	add_spool(0, 1, 2);
	add_job(2, "two")->answer = (struct bytes){ "a", 1 };
	for (int i = 0; i < 2; i++) {
		ck_assert_int_eq(ledger_commit(l, &w.fx, &w.conf), -1);
		replay(l);
		ck_assert_uint_eq(w.seen.jobs, 1);
		ck_assert_str_eq(w.seen.job[0].name, "old");
		same_bytes(w.seen.code[0], "old", 3);
		ck_assert_uint_eq(w.seen.sessions, 1);
		ck_assert_uint_eq(w.seen.session[0].id, 5);
		ck_assert_uint_eq(w.seen.spools, 0);
		ledger_last_ids(l, &job, &session);
		ck_assert_uint_eq(job, 1);
		ck_assert_uint_eq(session, 5);
	}
	ck_assert_uint_eq(w.log_lines, 1);
	tamper("DROP TRIGGER t");
	commit(l);
	l = reopen(l);
	replay(l);
	ck_assert_uint_eq(w.seen.jobs, 2);
	ck_assert_str_eq(w.seen.job[0].name, "new");
	ck_assert_ptr_null(w.seen.code[0].p);
	same_bytes(w.seen.answer[1], "a", 1);
	ck_assert_uint_eq(w.seen.sessions, 1);
	ck_assert_uint_eq(w.seen.session[0].id, 6);
	ck_assert_uint_eq(w.seen.spools, 1);
	ledger_last_ids(l, &job, &session);
	ck_assert_uint_eq(job, 2);
	ck_assert_uint_eq(session, 6);
	ledger_close(l);
}
END_TEST

START_TEST(commit_of_ten_thousand)
{
	struct ledger *l = open_dir(w.dir);
	char name[32];

	for (uint64_t id = 10000; id >= 1; id--) {
		snprintf(name, sizeof name, "file-%" PRIu64 ".py", id);
		add_job(id, name)->rec.ident.ino = id * 3;
	}
	commit(l);
	l = reopen(l);
	replay(l); /* which also sees to the order */
	ck_assert_uint_eq(w.seen.jobs, 10000);
	for (uint64_t id = 1; id <= 10000; id++) {
		snprintf(name, sizeof name, "file-%" PRIu64 ".py", id);
		ck_assert_str_eq(w.seen.job[id - 1].name, name);
		ck_assert_uint_eq(w.seen.job[id - 1].ident.ino, id * 3);
	}
	ledger_close(l);
}
END_TEST

/* ---- a process killed in the middle -------------------------------------------------------- */

#define KILL_ROUNDS 20
#define KILL_BLOB_BYTES 150000

/* The turn t: whatever it writes says t. */
static int turn_commit(struct ledger *l, uint32_t t, char *blob)
{
	memset(blob, (int)('a' + t % 26), KILL_BLOB_BYTES);
	for (uint64_t id = 1; id <= 3; id++) {
		struct fx_row_job *row = add_job(id, "x.py");
		row->rec.attempts = t;
		row->answer = (struct bytes){ blob, KILL_BLOB_BYTES - t };
	}
	add_session(1, SESSION_BUSY)->last_statement = t;
	add_session(100 + t, SESSION_IDLE);
	if (t > 1)
		add_session(100 + t - 1, SESSION_GONE);
	add_spool(0, t, t);
	if (ledger_commit(l, &w.fx, &w.conf) != 0)
		return -1;
	effects_reset(&w.fx);
	return 0;
}

static void turns_for_ever(int up, uint32_t t)
{
	struct ledger *l = ledger_open(w.dir, &w.error);
	char *blob = xmalloc(KILL_BLOB_BYTES);

	while (l != NULL && turn_commit(l, t, blob) == 0 &&
	       write(up, &t, sizeof t) == (ssize_t)sizeof t)
		t++;
	_exit(1);
}

/* Starts at the turn `first`, kills when `until` was acknowledged; the last that was. */
static uint32_t turns_until_killed(uint32_t first, uint32_t until)
{
	uint32_t t = 0, acked = 0;
	int up[2], status;
	pid_t pid;

	ck_assert_int_eq(pipe(up), 0);
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0)
		turns_for_ever(up[1], first);
	close(up[1]);
	while (read(up[0], &t, sizeof t) == (ssize_t)sizeof t) {
		acked = t;
		if (t == until)
			ck_assert_int_eq(kill(pid, SIGKILL), 0);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	close(up[0]);
	return acked;
}

static uint32_t turn_of_the_ledger(void)
{
	struct ledger *l = open_dir(w.dir);
	char *blob = xmalloc(KILL_BLOB_BYTES);
	uint64_t job, session;
	uint32_t t;

	replay(l);
	ck_assert_uint_eq(w.seen.jobs, 3);
	t = w.seen.job[0].attempts;
	for (size_t i = 0; i < 3; i++) {
		ck_assert_uint_eq(w.seen.job[i].attempts, t);
		ck_assert_uint_eq(w.seen.answer[i].n, KILL_BLOB_BYTES - t);
		memset(blob, (int)('a' + t % 26), KILL_BLOB_BYTES);
		ck_assert_mem_eq(w.seen.answer[i].p, blob, w.seen.answer[i].n);
	}
	ck_assert_uint_eq(w.seen.sessions, 2);
	ck_assert_int_eq(w.seen.session[0].last_statement, t);
	ck_assert_uint_eq(w.seen.session[1].id, 100 + t);
	ck_assert_uint_eq(w.seen.spools, 1);
	ck_assert_uint_eq(w.seen.spool[0].ino, t);
	ledger_last_ids(l, &job, &session);
	ck_assert_uint_eq(job, 3);
	ck_assert_uint_eq(session, 100 + t);
	ledger_close(l);
	free(blob);
	return t;
}

START_TEST(kill_leaves_whole_turns)
{
	uint32_t done = 0;

	for (uint32_t round = 0; round < KILL_ROUNDS; round++) {
		uint32_t acked = turns_until_killed(done + 1, done + 1 + round % 5);
		done = turn_of_the_ledger();
		/* All that was acknowledged, and at most the one that was under way. */
		ck_assert_uint_ge(done, acked);
		ck_assert_uint_le(done, acked + 1);
	}
}
END_TEST

/* ---- a full disk --------------------------------------------------------------------------- */

/* A small disk of its own, seen by this process only; false where that is not allowed. */
static bool small_disk(const char *dir)
{
	ck_assert_int_eq(mkdir(dir, 0700), 0);
	if (unshare(CLONE_NEWNS) == 0 &&
	    mount("none", "/", "none", MS_REC | MS_PRIVATE, NULL) == 0 &&
	    mount("none", dir, "tmpfs", 0, "size=2m,mode=0700") == 0)
		return true;
	fprintf(stderr, "skipped: a small disk cannot be mounted: %s\n", strerror(errno));
	return false;
}

static void fill(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	static const char zeros[4096];

	ck_assert_int_ge(fd, 0);
	while (write(fd, zeros, sizeof zeros) > 0)
		;
	ck_assert_int_eq(errno, ENOSPC);
	close(fd);
}

START_TEST(full_disk_loses_nothing)
{
	char *disk = help_path(w.tmp, "disk"), *filler = help_path(disk, "filler");
	char *blob = xcalloc(1, 300000);
	struct ledger *l;

	free(w.dir);
	w.dir = help_path(disk, "state");
	if (!small_disk(disk))
		goto out;
	l = open_dir(w.dir);
	add_job(1, "before")->code = (struct bytes){ blob, 1000 };
	commit(l);
	fill(filler);
	add_job(1, "after")->rec.attempts = 9;
	add_job(2, "big")->answer = (struct bytes){ blob, 300000 };
	for (int i = 0; i < 3; i++)
		ck_assert_int_eq(ledger_commit(l, &w.fx, &w.conf), -1);
	ck_assert_uint_eq(w.log_lines, 1);
	logged("<3>");
	logged("disk full");
	replay(l); /* what was there can still be read */
	ck_assert_uint_eq(w.seen.jobs, 1);
	ck_assert_str_eq(w.seen.job[0].name, "before");
	same_bytes(w.seen.code[0], blob, 1000);
	ck_assert_int_eq(unlink(filler), 0);
	commit(l);
	logged("committed again");
	l = reopen(l);
	replay(l);
	ck_assert_uint_eq(w.seen.jobs, 2);
	ck_assert_str_eq(w.seen.job[0].name, "after");
	same_bytes(w.seen.answer[1], blob, 300000);
	ledger_close(l);
	ck_assert_int_eq(umount2(disk, MNT_DETACH), 0);
out:
	free(disk);
	free(filler);
	free(blob);
}
END_TEST

START_TEST(full_disk_upgrades_nothing)
{
	char *disk = help_path(w.tmp, "disk"), *filler = help_path(disk, "filler");

	free(w.dir);
	w.dir = help_path(disk, "state");
	if (!small_disk(disk))
		goto out;
	put_version_1();
	fill(filler);
	refused(w.dir, "disk full");
	ck_assert_int_eq(unlink(filler), 0);
	ck_assert_int_eq(assert_whole_version(), 1);
	ck_assert_int_eq(umount2(disk, MNT_DETACH), 0);
out:
	free(disk);
	free(filler);
}
END_TEST

START_TEST(full_or_read_only_disk_starts_nothing)
{
	char *disk = help_path(w.tmp, "disk"), *filler = help_path(disk, "filler");

	free(w.dir);
	w.dir = help_path(disk, "state");
	if (!small_disk(disk))
		goto out;
	ck_assert_int_eq(mkdir(w.dir, 0700), 0);
	fill(filler);
	refused(w.dir, "disk full");
	ck_assert_int_eq(unlink(filler), 0);
	ledger_close(open_dir(w.dir)); /* what the failed start left behind is no hindrance */
	fill(filler);
	refused(w.dir, "disk full"); /* for want of room for the -shm */
	ck_assert_int_eq(unlink(filler), 0);
	ledger_close(open_dir(w.dir));
	ck_assert_int_eq(mount("none", disk, "none", MS_REMOUNT | MS_RDONLY, NULL), 0);
	refused(w.dir, "Read-only file system");
	ck_assert_int_eq(umount2(disk, MNT_DETACH), 0);
out:
	free(disk);
	free(filler);
}
END_TEST

/* ---- all of it ----------------------------------------------------------------------------- */

static TCase *add_case(Suite *s, const char *name)
{
	TCase *tc = tcase_create(name);

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 120); /* a slow disk syncs slowly */
	suite_add_tcase(s, tc);
	return tc;
}

static void add_open(TCase *tc)
{
	tcase_add_test(tc, open_makes_a_private_directory);
	tcase_add_test(tc, open_makes_commits_durable);
	tcase_add_test(tc, open_gives_an_instance_id_for_life);
	tcase_add_test(tc, open_refuses_a_wrong_directory);
	tcase_add_test(tc, open_refuses_another_owner);
	tcase_add_test(tc, open_refuses_an_unwritable_directory);
	tcase_add_test(tc, open_refuses_what_cannot_be_locked);
	tcase_add_test(tc, open_refuses_a_second_daemon);
	tcase_add_test(tc, open_is_free_again_after_a_kill);
	tcase_add_test(tc, open_refuses_a_newer_version);
	tcase_add_test(tc, open_refuses_another_programs_database);
	tcase_add_test(tc, open_refuses_garbage);
	tcase_add_test(tc, open_refuses_a_ledger_with_parts_missing);
	tcase_add_test(tc, open_takes_an_empty_file_but_not_with_a_log);
	tcase_add_test(tc, open_refuses_a_copy);
	tcase_add_test(tc, open_refuses_another_machines);
	tcase_add_test(tc, a_lost_ledger_shows);
	tcase_add_test(tc, an_instance_that_cannot_be_read_shows_it_too);
	tcase_add_test(tc, the_instance_is_noted_later_too);
	tcase_add_test(tc, an_instance_that_cannot_be_noted);
	tcase_add_test(tc, the_word_of_release);
}

static void add_rows(TCase *tc)
{
	tcase_add_test(tc, job_comes_back_as_it_was);
	tcase_add_test(tc, job_null_is_not_empty);
	tcase_add_test(tc, job_states_and_kinds);
	tcase_add_test(tc, job_is_replaced_whole);
	tcase_add_test(tc, job_done_keeps_what_is_known_of_its_run);
	tcase_add_test(tc, job_done_without_a_run_is_a_row);
	tcase_add_test(tc, job_several_rows_a_turn_the_last_counts);
	tcase_add_test(tc, blobs_are_set_kept_and_dropped);
	tcase_add_test(tc, blobs_may_be_large);
	tcase_add_test(tc, history_stays_and_is_not_replayed);
	tcase_add_test(tc, history_is_not_searched);
	tcase_add_test(tc, recall_finds_the_last_files_of_a_name);
	tcase_add_test(tc, session_comes_back_as_it_was);
	tcase_add_test(tc, session_gone_is_gone_but_not_its_id);
	tcase_add_test(tc, spool_comes_back_as_it_was);
	tcase_add_test(tc, what_is_paused_stays_paused);
	tcase_add_test(tc, names_are_kept_not_numbers);
	tcase_add_test(tc, unnamed_rows_are_counted_and_kept);
	tcase_add_test(tc, names_of_what_lives);
	tcase_add_test(tc, names_of_what_is_known);
	tcase_add_test(tc, sessions_of_before_are_where_their_pool_is);
	tcase_add_test(tc, rows_follow_their_path);
	tcase_add_test(tc, rows_of_two_names_have_one_path);
	tcase_add_test(tc, rows_stay_with_a_directory_that_was_moved);
	tcase_add_test(tc, removed_spools_jobs_are_still_written);
	tcase_add_test(tc, replay_survives_a_page_overwritten);
	tcase_add_loop_test(
	    tc, replay_refuses_a_row_that_cannot_be_meant, 0, (int)ARRAY_LEN(damage));
}

static void add_upgrade(TCase *tc)
{
	tcase_add_test(tc, upgrade_keeps_everything);
	tcase_add_test(tc, upgrade_takes_new_rows);
	tcase_add_test(tc, upgrade_gives_the_tables_of_a_new_ledger);
	tcase_add_test(tc, upgrade_killed_leaves_one_or_the_other);
	tcase_add_test(tc, upgrade_of_a_damaged_ledger_changes_nothing);
	tcase_add_test(tc, full_disk_upgrades_nothing);
}

static void add_turns(TCase *tc)
{
	tcase_add_test(tc, errors_of_ours_are_never_written);
	tcase_add_test(tc, commit_of_nothing_does_nothing);
	tcase_add_test(tc, commit_takes_the_rows_among_other_effects);
	tcase_add_test(tc, commit_says_a_failure_once);
	tcase_add_test(tc, commit_says_each_cause);
	tcase_add_loop_test(tc, commit_is_all_or_nothing, 0, (int)ARRAY_LEN(forbid));
	tcase_add_test(tc, commit_of_ten_thousand);
	tcase_add_test(tc, kill_leaves_whole_turns);
	tcase_add_test(tc, full_disk_loses_nothing);
	tcase_add_test(tc, full_or_read_only_disk_starts_nothing);
}

int main(void)
{
	Suite *s = suite_create("ledger");

	add_open(add_case(s, "open"));
	add_rows(add_case(s, "rows"));
	add_upgrade(add_case(s, "upgrade"));
	add_turns(add_case(s, "turns"));
	return help_run(s);
}
