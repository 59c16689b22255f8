/* ledgeropen: state_dir, its lock, and the database in it found sound or made new. */
#include "edge/ledger_int.h"

#include "base/fsop.h"
#include "base/log.h"
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#define LEDGER_APPLICATION 0x5370536c /* "SpSl": no other program's database is taken for ours */

/* For an operator who looks into the ledger with another program: its locks are short. */
#define BUSY_WAIT_MS 250

/* What the write-ahead log keeps on disk after an answer of many megabytes went through it. */
#define WAL_BYTES_KEPT (INT64_C(16) << 20)

#define MACHINE_ID_FILE "/etc/machine-id"

/* ---- the directory and its lock ------------------------------------------------------------ */

/* A new directory is on disk only when the one above it is. Whether a start that was killed has made it
 * nobody knows: it is new as long as there is nothing in the ledger. */
static void dir_sync_parent(int dir)
{
	int fd = openat(dir, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int err = fd < 0 ? errno : fsop_sync_dir(fd);

	if (fd >= 0)
		close(fd);
	if (err != 0 && err != EACCES) /* not ours to read: then not ours to sync */
		log_warn(
		    "state_dir is new, and the directory above it cannot be synced: %s; a power "
		    "cut may undo it",
		    strerror(err));
}

/* The ledger holds everyone's code: it must be nobody's but ours. */
static int dir_check(int dir, const char *path, struct buf *error)
{
	struct stat st;

	if (fstat(dir, &st) != 0)
		buf_addf(error, "state_dir %s: %s", path, strerror(errno));
	else if (st.st_uid != geteuid())
		buf_addf(error,
		    "state_dir %s belongs to uid %u, but this runs as uid %u: chown %u %s", path,
		    st.st_uid, geteuid(), geteuid(), path);
	else if ((st.st_mode & 077) != 0)
		buf_addf(error, "state_dir %s is open to others (mode %04o): chmod 0700 %s", path,
		    st.st_mode & 07777, path);
	else
		return 0;
	return -1;
}

/* Made if it is missing, but not the one above: a typing error must not grow a tree. Whoever ran
 * before with other rights is told, not corrected: a mode is somebody's decision. */
static int dir_open(const char *path, struct buf *error)
{
	const int flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC;
	int fd = open(path, flags);

	if (fd < 0 && errno == ENOENT && mkdir(path, 0700) == 0)
		fd = open(path, flags);
	if (fd < 0) {
		bool orphan = errno == ENOENT;
		buf_addf(error, "state_dir %s: %s", path,
		    orphan ? "the directory above it does not exist: create that one first"
			   : strerror(errno));
		return -1;
	}
	if (dir_check(fd, path, error) == 0)
		return fd;
	close(fd);
	return -1;
}

/* Who holds it may write its pid just now: then it is only "another". */
static void lock_refused(int fd, const char *dir_path, struct buf *error)
{
	char text[32];
	int64_t pid = 0;
	ssize_t n;

	if (errno != EWOULDBLOCK) {
		buf_addf(error, "state_dir %s: cannot lock: %s", dir_path, strerror(errno));
		return;
	}
	n = pread(fd, text, sizeof text - 1, 0);
	text[n > 0 ? n : 0] = '\0';
	text[strcspn(text, "\n")] = '\0';
	if (str_to_i64(text, 1, INT32_MAX, &pid) == 0)
		buf_addf(error, "another sparkspoold (pid %" PRId64 ") uses state_dir %s", pid,
		    dir_path);
	else
		buf_addf(error, "another sparkspoold uses state_dir %s", dir_path);
}

/* The lock is the kernel's and goes with the process; the pid in the file is for people, so it
 * does not matter when a full disk does not take it. */
static int lock_take(struct ledger *l, int dir, const char *dir_path, struct buf *error)
{
	int fd = openat(dir, "lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	char text[32];
	int n;

	if (fd < 0) {
		buf_addf(error, "state_dir %s: cannot write the file lock in it: %s", dir_path,
		    strerror(errno));
		return -1;
	}
	if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
		lock_refused(fd, dir_path, error);
		close(fd);
		return -1;
	}
	n = snprintf(text, sizeof text, "%d\n", (int)getpid());
	if (ftruncate(fd, 0) != 0 || pwrite(fd, text, (size_t)n, 0) != n)
		log_warn("%s/lock: the pid could not be written: %s", dir_path, strerror(errno));
	l->lock_fd = fd;
	return 0;
}

/* ---- the database -------------------------------------------------------------------------- */

/* -1, for a return. */
static int db_refuse(const struct ledger *l, int rc, struct buf *error)
{
	ledger_explain_start(l, rc, error);
	return -1;
}

/* The first value of a query, into either; no row at all is damage, for we ask for what is there
 * since the beginning. The one of a PRAGMA comes before what it does is committed: only its end tells. */
static int db_value(sqlite3 *db, const char *sql, int64_t *number, char text[LEDGER_ID_TEXT_LEN])
{
	sqlite3_stmt *st = NULL;
	int rc = sqlite3_prepare_v2(db, sql, -1, &st, NULL);

	if (rc == SQLITE_OK && (rc = sqlite3_step(st)) == SQLITE_ROW) {
		const char *s = (const char *)sqlite3_column_text(st, 0);
		if (number != NULL)
			*number = sqlite3_column_int64(st, 0);
		if (text != NULL)
			snprintf(text, LEDGER_ID_TEXT_LEN, "%s", s == NULL ? "" : s);
		rc = sqlite3_step(st);
		rc = rc == SQLITE_DONE || rc == SQLITE_ROW ? SQLITE_OK : rc;
	} else if (rc == SQLITE_DONE) {
		rc = SQLITE_CORRUPT;
	}
	sqlite3_finalize(st);
	return rc;
}

/* The file is made here, so that it and what SQLite puts beside it have our mode. It is closed
 * before SQLite opens it: closing it later would drop SQLite's locks (fcntl, close). */
static int db_make(const struct ledger *l, int dir, struct buf *error)
{
	int fd = openat(dir, "ledger.db", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	struct stat st, wal;

	if (fd < 0 || fstat(fd, &st) != 0) {
		buf_addf(error, "%s: cannot be opened for writing: %s", l->path, strerror(errno));
		if (fd >= 0)
			close(fd);
		return -1;
	}
	close(fd);
	/* SQLite would take it for new and delete the log, and with it what was committed last. */
	if (st.st_size == 0 && fstatat(dir, "ledger.db-wal", &wal, AT_SYMLINK_NOFOLLOW) == 0 &&
	    wal.st_size > 0) {
		buf_addf(error, "%s is damaged: it is empty and its -wal is not, " LEDGER_MOVE_AWAY,
		    l->path);
		return -1;
	}
	return 0;
}

/* Whose file it is, before anything is written into it. A file without tables is new, also where a
 * first start was killed half way; anything else must carry our mark and a version that we know. */
static int db_identify(const struct ledger *l, bool *fresh, int64_t *version, struct buf *error)
{
	int64_t application = 0, tables = 0;
	int rc = db_value(l->db, "PRAGMA user_version", version, NULL);

	if (rc == SQLITE_OK)
		rc = db_value(l->db, "PRAGMA application_id", &application, NULL);
	if (rc == SQLITE_OK)
		rc = db_value(l->db, "SELECT count(*) FROM sqlite_schema", &tables, NULL);
	if (rc != SQLITE_OK)
		return db_refuse(l, rc, error);
	*fresh = *version == 0 && application == 0 && tables == 0;
	if (*fresh || (application == LEDGER_APPLICATION && ledger_upgrade_knows(*version)))
		return 0;
	if (application == LEDGER_APPLICATION && *version > LEDGER_VERSION)
		buf_addf(error,
		    "%s was written by a newer sparkspool (ledger version %" PRId64
		    ", this one knows %d): install that one again",
		    l->path, *version, LEDGER_VERSION);
	else
		buf_addf(error, "%s is not a ledger of sparkspool, " LEDGER_MOVE_AWAY, l->path);
	return -1;
}

/* FULL: a commit is on disk when it returns, which is what the whole daemon stands on; NORMAL, some
 * builds' default for WAL, would only order the writes. temp_store: SQLite's scratch files would go
 * where a sandbox does not let us. */
static int db_configure(const struct ledger *l, struct buf *error)
{
	char mode[LEDGER_ID_TEXT_LEN] = "", sql[128];
	int rc = db_value(l->db, "PRAGMA journal_mode = WAL", NULL, mode);

	snprintf(sql, sizeof sql,
	    "PRAGMA synchronous = FULL; PRAGMA temp_store = MEMORY;"
	    "PRAGMA journal_size_limit = %" PRId64,
	    WAL_BYTES_KEPT);
	if (rc == SQLITE_OK && strcmp(mode, "wal") == 0)
		rc = sqlite3_exec(l->db, sql, NULL, NULL, NULL);
	if (rc != SQLITE_OK)
		return db_refuse(l, rc, error);
	if (strcmp(mode, "wal") == 0)
		return 0;
	buf_addf(
	    error, "%s: no write-ahead log is possible there: state_dir must be local", l->path);
	return -1;
}

/* What tells this machine from others; empty when it cannot be told. */
static void machine_read(char id[LEDGER_ID_TEXT_LEN])
{
	int fd = open(MACHINE_ID_FILE, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, id, LEDGER_ID_TEXT_LEN - 1);

	if (n < 0 && errno != ENOENT)
		log_warn(MACHINE_ID_FILE ": %s; a ledger of another machine would not be known",
		    strerror(errno));
	id[n > 0 ? n : 0] = '\0';
	id[strcspn(id, "\n")] = '\0';
	if (fd >= 0)
		close(fd);
}

/* By name: a descriptor of our own would take SQLite's locks with it when it is closed. */
static int64_t inode_read(const struct ledger *l)
{
	struct stat st;

	return stat(l->path, &st) == 0 ? (int64_t)st.st_ino : 0;
}

/* One transaction: a ledger has everything or is still an empty file. */
static int db_create(const struct ledger *l, int dir, struct buf *error)
{
	char machine[LEDGER_ID_TEXT_LEN], earlier[LEDGER_ID_TEXT_LEN], *sql;
	uint32_t instance;
	int rc;

	if (getrandom(&instance, sizeof instance, 0) != (ssize_t)sizeof instance) {
		buf_addf(error, "%s: no random number: %s", l->path, strerror(errno));
		return -1;
	}
	if (ledger_earlier(dir, earlier) != 0) {
		buf_addf(error, "%s: was there one before it? The file instance beside it: %s",
		    l->path, strerror(errno));
		return -1;
	}
	machine_read(machine);
	sql = sqlite3_mprintf("BEGIN IMMEDIATE; %s PRAGMA user_version = %d;"
			      "PRAGMA application_id = %d; INSERT INTO meta(key, value) VALUES"
			      " ('instance', '%08x'), ('machine', %Q), ('inode', %lld),"
			      " ('last_job', 0), ('last_session', 0), ('earlier', %Q); COMMIT",
	    ledgerrow_schema(), LEDGER_VERSION, LEDGER_APPLICATION, instance, machine,
	    (long long)inode_read(l), earlier);
	assert(sql != NULL);
	rc = sqlite3_exec(l->db, sql, NULL, NULL, NULL);
	if (rc != SQLITE_OK)
		db_refuse(l, rc, error);
	sqlite3_free(sql);
	if (rc == SQLITE_OK && earlier[0] != '\0')
		log_warn("%s is new, but there was one before, of instance %s: what lies in the "
			 "spools is held unless its record says that it has run",
		    l->path, earlier);
	return rc == SQLITE_OK ? 0 : -1;
}

/* ---- its origin ---------------------------------------------------------------------------- */

/* Where the ledger was made; empty and 0 where that could not be told. */
struct origin {
	char machine[LEDGER_ID_TEXT_LEN];
	int64_t inode;
};

/* What is wrong with it, or NULL. */
static const char *origin_fault(const struct origin *was, const struct origin *here)
{
	if (was->machine[0] != '\0' && here->machine[0] != '\0' &&
	    strcmp(was->machine, here->machine) != 0)
		return "was made on another machine";
	if (was->inode != 0 && was->inode != here->inode)
		return "is not the file that was made here";
	return NULL;
}

/* From now on it belongs here. */
static int origin_put(const struct ledger *l, const struct origin *here)
{
	char *sql = sqlite3_mprintf("BEGIN IMMEDIATE;"
				    "UPDATE meta SET value = %Q WHERE key = 'machine';"
				    "UPDATE meta SET value = %lld WHERE key = 'inode'; COMMIT",
	    here->machine, (long long)here->inode);
	int rc;

	assert(sql != NULL);
	rc = sqlite3_exec(l->db, sql, NULL, NULL, NULL);
	sqlite3_free(sql);
	return rc;
}

/* Two ledgers of one origin would take each other's sessions for theirs, and an older one would run
 * again what has run: only the operator can know that there is no other, and says so by a file. */
static int origin_check(
    const struct ledger *l, int dir, const struct origin *was, struct buf *error)
{
	struct origin here = { .inode = inode_read(l) };
	const char *fault;
	int rc;

	machine_read(here.machine);
	fault = origin_fault(was, &here);
	if (fault == NULL) {
		/* A start that adopted was killed before it could remove it, or a power cut has brought it back:
		 * it would speak for the next copy, too, which nobody has looked at. */
		if (unlinkat(dir, "adopt", 0) == 0)
			log_warn(
			    "%s: the file adopt beside it was not needed, and is removed", l->path);
		return 0;
	}
	if (faccessat(dir, "adopt", F_OK, AT_SYMLINK_NOFOLLOW) != 0) {
		buf_addf(error,
		    "%s %s: copied or restored? A copy starts nothing; if no other daemon goes on "
		    "with its files and sessions, make an empty file named adopt beside it and "
		    "start again",
		    l->path, fault);
		return -1;
	}
	rc = origin_put(l, &here);
	if (rc != SQLITE_OK)
		return db_refuse(l, rc, error);
	(void)unlinkat(dir, "adopt", 0);
	log_warn("%s %s: adopted", l->path, fault);
	return 0;
}

/* Preparing the statements also proves that the tables have the columns that they should have. A
 * check of every page (quick_check) would read the whole file at each start: damage is found when
 * a row is read. */
static int db_load(struct ledger *l, int dir, struct buf *error)
{
	struct origin was = { .inode = 0 };
	int64_t job = 0, session = 0, anew = 0;
	int rc = ledgerrow_prepare(&l->rows, l->db);

	if (rc == SQLITE_OK)
		rc = db_value(
		    l->db, "SELECT value FROM meta WHERE key = 'instance'", NULL, l->instance);
	if (rc == SQLITE_OK)
		rc = db_value(
		    l->db, "SELECT value FROM meta WHERE key = 'machine'", NULL, was.machine);
	if (rc == SQLITE_OK)
		rc =
		    db_value(l->db, "SELECT value FROM meta WHERE key = 'inode'", &was.inode, NULL);
	if (rc == SQLITE_OK)
		rc = db_value(l->db, "SELECT value FROM meta WHERE key = 'last_job'", &job, NULL);
	if (rc == SQLITE_OK)
		rc = db_value(
		    l->db, "SELECT value FROM meta WHERE key = 'last_session'", &session, NULL);
	if (rc == SQLITE_OK)
		rc = db_value(l->db,
		    "SELECT count(*) FROM meta WHERE key = 'earlier' AND value <> ''", &anew, NULL);
	if (rc != SQLITE_OK)
		return db_refuse(l, rc, error);
	l->anew = anew > 0;
	l->marks = (struct ledger_marks){ .job = (uint64_t)job, .session = (uint64_t)session };
	ledger_tend_log(l);
	return origin_check(l, dir, &was, error);
}

/* One thread uses it: NOMUTEX. Not CREATE: db_make() did. */
static int db_open(struct ledger *l, int dir, struct buf *error)
{
	bool fresh = false;
	int64_t version = 0;
	int rc =
	    sqlite3_open_v2(l->path, &l->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);

	assert(l->db != NULL); /* else there was no memory */
	sqlite3_extended_result_codes(l->db, 1);
	sqlite3_busy_timeout(l->db, BUSY_WAIT_MS);
	if (rc != SQLITE_OK)
		return db_refuse(l, rc, error);
	if (db_identify(l, &fresh, &version, error) != 0 || db_configure(l, error) != 0)
		return -1;
	if (fresh)
		dir_sync_parent(dir);
	if (fresh && db_create(l, dir, error) != 0)
		return -1;
	/* By now a commit is durable, and nobody has read anything. */
	rc = fresh ? SQLITE_OK : ledger_upgrade(l, version);
	if (rc != SQLITE_OK)
		return db_refuse(l, rc, error);
	return db_load(l, dir, error);
}

struct ledger *ledger_open(const char *state_dir, struct buf *error)
{
	struct ledger *l = xcalloc(1, sizeof *l);
	int err, dir = dir_open(state_dir, error);

	l->lock_fd = -1;
	l->path = xasprintf("%s/ledger.db", state_dir);
	if (dir < 0 || lock_take(l, dir, state_dir, error) != 0 || db_make(l, dir, error) != 0 ||
	    db_open(l, dir, error) != 0) {
		ledger_close(l);
		l = NULL;
	} else if ((err = fsop_sync_dir(dir)) != 0) { /* the names of files that are new */
		buf_addf(error, "state_dir %s: cannot be synced: %s", state_dir, strerror(err));
		ledger_close(l);
		l = NULL;
	} else {
		ledger_note_instance(l, dir);
	}
	if (dir >= 0)
		close(dir);
	return l;
}

void ledger_close(struct ledger *l)
{
	int rc;

	if (l == NULL)
		return;
	ledgerrow_finalize(&l->rows);
	ledger_write_back(l);
	rc = sqlite3_close(l->db); /* nothing to do without a handle */
	assert(rc == SQLITE_OK);
	if (l->lock_fd >= 0)
		close(l->lock_fd); /* last: nobody else may open before SQLite has closed */
	free(l->path);
	free(l);
}
