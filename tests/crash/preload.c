/* preload: stands between sparkspoold and the kernel. It numbers the calls that change the world, ends
 * the process at one of them, lets some fail, writes down what they did, and makes time go faster.
 * Loaded with LD_PRELOAD by tests/crash/run, which says by environment variables what is wanted:
 *
 *	CRASH_TRACE     the file that each numbered call is written to, before it is made:
 *	                "NUMBER CALL INODE OTHER-INODE OFFSET BYTES PATH\n", and with CRASH_DATA=1 behind
 *	                a write its bytes; once more as "made" when a name has come to be
 *	CRASH_SET       which calls have numbers: "kill": those that change files, and what is sent to a
 *	                server; "disk": only those that change files; "fd": those that need a descriptor
 *	CRASH_AT        the number at which something happens; none: nothing ever does
 *	CRASH_DO        "before": SIGKILL instead of the call; "half": SIGKILL after half of a write, or
 *	                after another call; or the errno that the call fails with
 *	CRASH_FOR       how many calls fail, counted from CRASH_AT
 *	CRASH_GRAVES    a directory: whatever loses its last name gets one there, its inode's number
 *	CRASH_SPEED     how much faster time goes
 *	CRASH_BASE      seconds since the epoch from which on it does so
 *	CRASH_HARNESS   the process that has started it, with which it ends
 *	CRASH_FLOCK     the errno that each flock() fails with, as on a file system without locks; EBADF: as on
 *	                NFS, only where the file is not open for writing
 *
 * System calls are made directly: nothing of libc lies between a number and the call. 64 bits only. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

_Static_assert(sizeof(long) == 8, "offsets go to the kernel in one piece");

enum { DOES_NOTHING, DOES_KILL_BEFORE, DOES_KILL_HALF };
enum { SET_KILL, SET_DISK, SET_FD };

/* What is about to be called. */
struct about {
	const char *call;
	int dir; /* and name; or a descriptor, and name is NULL */
	const char *name;
	int64_t offset;
	struct iovec data;
	int to_dir;
	const char *to; /* of a rename or a link */
};

struct plan {
	bool ready;
	int set;
	int action;
	int error; /* or 0 */
	uint64_t at;
	uint64_t until;
	uint64_t count;
	bool data;
	int trace;
	const char *graves;
	int64_t speed;
	int64_t base_ns;
};

static struct plan plan = { .trace = -1, .speed = 1 };

static int64_t number_of(const char *name, int64_t otherwise)
{
	const char *text = getenv(name);
	return text == NULL || *text == '\0' ? otherwise : strtoll(text, NULL, 10);
}

static void plan_action(const char *action)
{
	if (action == NULL)
		return;
	if (strcmp(action, "before") == 0)
		plan.action = DOES_KILL_BEFORE;
	else if (strcmp(action, "half") == 0)
		plan.action = DOES_KILL_HALF;
	else
		plan.error = (int)strtol(action, NULL, 10);
}

static void plan_read(void)
{
	const char *set = getenv("CRASH_SET");
	const char *trace = getenv("CRASH_TRACE");
	plan.ready = true;
	plan.set = set == NULL || strcmp(set, "kill") == 0 ? SET_KILL
		   : strcmp(set, "disk") == 0		   ? SET_DISK
							   : SET_FD;
	plan_action(getenv("CRASH_DO"));
	plan.at = (uint64_t)number_of("CRASH_AT", 0);
	plan.until = plan.at + (uint64_t)number_of("CRASH_FOR", 1);
	plan.data = number_of("CRASH_DATA", 0) != 0;
	plan.graves = getenv("CRASH_GRAVES");
	plan.speed = number_of("CRASH_SPEED", 1);
	plan.base_ns = number_of("CRASH_BASE", 0) * 1000000000;
	if (trace != NULL)
		plan.trace = (int)syscall(
		    SYS_openat, AT_FDCWD, trace, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
}

/* Set here and not before the exec, which may have been one that takes it away. */
__attribute__((constructor)) static void end_with_harness(void)
{
	const char *text = getenv("CRASH_HARNESS");
	if (text == NULL)
		return;
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != (pid_t)strtol(text, NULL, 10))
		_exit(1); /* it was gone before */
}

/* ---- the trace ------------------------------------------------------------------------------- */

static int64_t inode_at(int dir, const char *name)
{
	struct stat st;
	int rc = name == NULL ? fstat(dir, &st) : fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW);
	return rc == 0 ? (int64_t)st.st_ino : 0;
}

/* Of a descriptor and a name below it. */
static void path_of(char out[2 * PATH_MAX], int dir, const char *name)
{
	char link[64];
	char where[PATH_MAX] = "";
	(void)snprintf(link, sizeof(link), "/proc/self/fd/%d", dir);
	ssize_t n = dir == AT_FDCWD ? 0 : readlink(link, where, sizeof(where) - 1);
	where[n > 0 ? n : 0] = '\0';
	bool whole = name == NULL || name[0] == '/' || dir == AT_FDCWD;
	(void)snprintf(out, 2 * PATH_MAX, "%s%s%s", whole && name != NULL ? "" : where,
	    whole ? "" : "/", name == NULL ? "" : name);
}

/* One write, so that whoever reads after a kill finds whole entries. */
static void trace(const struct about *a)
{
	char from[2 * PATH_MAX];
	char to[2 * PATH_MAX] = "";
	char head[5 * PATH_MAX];
	path_of(from, a->dir, a->name);
	if (a->to != NULL)
		path_of(to, a->to_dir, a->to);
	int n = snprintf(head, sizeof(head), "%llu %s %lld %lld %lld %zu %s%s%s\n",
	    (unsigned long long)plan.count, a->call, (long long)inode_at(a->dir, a->name),
	    (long long)(a->to != NULL ? inode_at(a->to_dir, a->to) : 0), (long long)a->offset,
	    a->data.iov_len, from, a->to != NULL ? "\t" : "", to);
	struct iovec part[2] = { { head, (size_t)n }, a->data };
	if (plan.trace >= 0)
		(void)syscall(SYS_writev, plan.trace, part, plan.data ? 2 : 1);
}

/* ---- what happens at the number ----------------------------------------------------------------- */

static void die(void)
{
	(void)syscall(SYS_kill, getpid(), SIGKILL);
	for (;;)
		(void)pause();
}

static bool is_now(void)
{
	return plan.at > 0 && plan.count >= plan.at && plan.count < plan.until;
}

/* Numbers the call. True: it fails, errno is set. */
static bool fails(const struct about *a)
{
	int saved = errno;
	if (!plan.ready)
		plan_read();
	plan.count++;
	trace(a);
	if (is_now() && plan.action == DOES_KILL_BEFORE)
		die();
	errno = saved;
	if (!is_now() || plan.error == 0)
		return false;
	errno = plan.error;
	return true;
}

/* After the call. */
static long done(long rc)
{
	if (is_now() && plan.action == DOES_KILL_HALF)
		die();
	return rc;
}

/* Half of it, and then the end. */
static size_t bytes_now(size_t n)
{
	bool half = is_now() && plan.action == DOES_KILL_HALF && n > 1;
	return half ? n / 2 : n;
}

static bool counts(int set)
{
	if (!plan.ready)
		plan_read();
	return plan.set == set || (plan.set == SET_KILL && set == SET_DISK);
}

/* ---- contents ---------------------------------------------------------------------------------- */

/* The log is no part of the world, nor are pipes; what goes to a server is. */
static bool is_file(int fd)
{
	struct stat st;
	return fd != STDERR_FILENO && fstat(fd, &st) == 0 && S_ISREG(st.st_mode);
}

static int64_t end_of(int fd)
{
	struct stat st;
	bool append = ((int)syscall(SYS_fcntl, fd, F_GETFL) & O_APPEND) != 0;
	if (append && fstat(fd, &st) == 0)
		return st.st_size;
	return syscall(SYS_lseek, fd, 0, SEEK_CUR);
}

ssize_t write(int fd, const void *p, size_t n)
{
	if (!counts(SET_DISK) || !is_file(fd))
		return syscall(SYS_write, fd, p, n);
	const struct about a = { "write", .dir = fd, .offset = end_of(fd),
		.data = { (void *)(uintptr_t)p, n } };
	return fails(&a) ? -1 : done(syscall(SYS_write, fd, p, bytes_now(n)));
}

ssize_t pwrite(int fd, const void *p, size_t n, off_t at)
{
	if (!counts(SET_DISK) || !is_file(fd))
		return syscall(SYS_pwrite64, fd, p, n, at);
	const struct about a = { "write", .dir = fd, .offset = at,
		.data = { (void *)(uintptr_t)p, n } };
	return fails(&a) ? -1 : done(syscall(SYS_pwrite64, fd, p, bytes_now(n), at));
}

ssize_t pwrite64(int fd, const void *p, size_t n, off_t at)
{
	return pwrite(fd, p, n, at);
}

/* Nobody calls it so far: one that did would go unseen. */
ssize_t writev(int fd, const struct iovec *part, int count)
{
	if (counts(SET_DISK) && is_file(fd))
		abort();
	return syscall(SYS_writev, fd, part, count);
}

int ftruncate(int fd, off_t size)
{
	const struct about a = { "truncate", .dir = fd, .offset = size };
	if (!counts(SET_DISK))
		return (int)syscall(SYS_ftruncate, fd, size);
	return fails(&a) ? -1 : (int)done(syscall(SYS_ftruncate, fd, size));
}

int ftruncate64(int fd, off_t size)
{
	return ftruncate(fd, size);
}

int fsync(int fd)
{
	const struct about a = { "sync", .dir = fd };
	if (!counts(SET_DISK))
		return (int)syscall(SYS_fsync, fd);
	return fails(&a) ? -1 : (int)done(syscall(SYS_fsync, fd));
}

int fdatasync(int fd)
{
	return fsync(fd);
}

int flock(int fd, int how)
{
	int err = (int)number_of("CRASH_FLOCK", 0);
	bool writes = (fcntl(fd, F_GETFL) & O_ACCMODE) != O_RDONLY;
	if (err == 0 || (err == EBADF && writes))
		return (int)syscall(SYS_flock, fd, how);
	errno = err;
	return -1;
}

/* ---- names --------------------------------------------------------------------------------------- */

/* What loses its last name keeps its inode, so that a power cut can bring it back. */
static void bury(int dir, const char *name)
{
	struct stat st;
	char grave[PATH_MAX];
	int saved = errno;
	if (plan.graves != NULL && fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	    !S_ISDIR(st.st_mode)) {
		(void)snprintf(grave, sizeof(grave), "%s/%ju", plan.graves, (uintmax_t)st.st_ino);
		(void)syscall(SYS_linkat, dir, name, AT_FDCWD, grave, 0);
	}
	errno = saved;
}

int unlinkat(int dir, const char *name, int flags)
{
	const struct about a = {
		.call = (flags & AT_REMOVEDIR) != 0 ? "rmdir" : "unlink", .dir = dir, .name = name
	};
	if (!counts(SET_DISK))
		return (int)syscall(SYS_unlinkat, dir, name, flags);
	if (fails(&a))
		return -1;
	bury(dir, name);
	return (int)done(syscall(SYS_unlinkat, dir, name, flags));
}

int unlink(const char *name)
{
	return unlinkat(AT_FDCWD, name, 0);
}

int rmdir(const char *name)
{
	return unlinkat(AT_FDCWD, name, AT_REMOVEDIR);
}

int renameat2(int dir, const char *name, int to_dir, const char *to, unsigned flags)
{
	const struct about a = { flags != 0 ? "rename-new" : "rename", dir, name, .to_dir = to_dir,
		.to = to };
	if (!counts(SET_DISK))
		return (int)syscall(SYS_renameat2, dir, name, to_dir, to, flags);
	if (fails(&a))
		return -1;
	if (flags == 0)
		bury(to_dir, to);
	return (int)done(syscall(SYS_renameat2, dir, name, to_dir, to, flags));
}

int renameat(int dir, const char *name, int to_dir, const char *to)
{
	return renameat2(dir, name, to_dir, to, 0);
}

int rename(const char *name, const char *to)
{
	return renameat2(AT_FDCWD, name, AT_FDCWD, to, 0);
}

int linkat(int dir, const char *name, int to_dir, const char *to, int flags)
{
	const struct about a = { "link", dir, name, .to_dir = to_dir, .to = to };
	if (!counts(SET_DISK))
		return (int)syscall(SYS_linkat, dir, name, to_dir, to, flags);
	return fails(&a) ? -1 : (int)done(syscall(SYS_linkat, dir, name, to_dir, to, flags));
}

int mkdirat(int dir, const char *name, mode_t mode)
{
	const struct about a = { .call = "mkdir", .dir = dir, .name = name };
	if (!counts(SET_DISK))
		return (int)syscall(SYS_mkdirat, dir, name, mode);
	return fails(&a) ? -1 : (int)done(syscall(SYS_mkdirat, dir, name, mode));
}

int mkdir(const char *name, mode_t mode)
{
	return mkdirat(AT_FDCWD, name, mode);
}

static int open_counted(int dir, const char *name, int flags, mode_t mode)
{
	const struct about a = {
		.call = (flags & O_CREAT) != 0 ? "create" : "open", .dir = dir, .name = name
	};
	bool counted = counts(SET_FD) || ((flags & O_CREAT) != 0 && counts(SET_DISK));
	if (counted && fails(&a))
		return -1;
	bool made = counted && (flags & O_CREAT) != 0 && inode_at(dir, name) == 0;
	long fd = syscall(SYS_openat, dir, name, flags, mode);
	if (made && fd >= 0)
		trace(&(struct about){ .call = "made", .dir = dir, .name = name });
	return (int)(counted ? done(fd) : fd);
}

static mode_t mode_of(int flags, va_list args)
{
	return (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg(args, mode_t) : 0;
}

int openat(int dir, const char *name, int flags, ...)
{
	va_list args;
	va_start(args, flags);
	mode_t mode = mode_of(flags, args);
	va_end(args);
	return open_counted(dir, name, flags, mode);
}

int open(const char *name, int flags, ...)
{
	va_list args;
	va_start(args, flags);
	mode_t mode = mode_of(flags, args);
	va_end(args);
	return open_counted(AT_FDCWD, name, flags, mode);
}

/* Where an offset is 64 bits wide these are the same, by the names that some libraries ask for. */
int openat64(int dir, const char *name, int flags, ...) __attribute__((alias("openat")));
int open64(const char *name, int flags, ...) __attribute__((alias("open")));

int fchmod(int fd, mode_t mode)
{
	const struct about a = { "mode", .dir = fd };
	if (!counts(SET_DISK))
		return (int)syscall(SYS_fchmod, fd, mode);
	return fails(&a) ? -1 : (int)done(syscall(SYS_fchmod, fd, mode));
}

/* The kernel's own call knows of no flags; links are nobody's to change here. */
int fchmodat(int dir, const char *name, mode_t mode, int flags)
{
	const struct about a = { "mode", .dir = dir, .name = name };
	(void)flags;
	if (!counts(SET_DISK))
		return (int)syscall(SYS_fchmodat, dir, name, mode);
	return fails(&a) ? -1 : (int)done(syscall(SYS_fchmodat, dir, name, mode));
}

int chmod(const char *name, mode_t mode)
{
	return fchmodat(AT_FDCWD, name, mode, 0);
}

/* The name of a socket among files. */
int bind(int fd, __CONST_SOCKADDR_ARG address, socklen_t n)
{
	const struct sockaddr_un *un = address.__sockaddr_un__;
	if (un->sun_family != AF_UNIX || !counts(SET_DISK))
		return (int)syscall(SYS_bind, fd, un, n);
	const struct about a = { "bind", .dir = AT_FDCWD, .name = un->sun_path };
	return fails(&a) ? -1 : (int)done(syscall(SYS_bind, fd, un, n));
}

int fchown(int fd, uid_t uid, gid_t gid)
{
	const struct about a = { "owner", .dir = fd };
	if (!counts(SET_DISK))
		return (int)syscall(SYS_fchown, fd, uid, gid);
	return fails(&a) ? -1 : (int)done(syscall(SYS_fchown, fd, uid, gid));
}

/* ---- servers ------------------------------------------------------------------------------------- */

static bool is_server(int fd)
{
	int domain = 0;
	socklen_t n = sizeof(domain);
	return getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &n) == 0 && domain == AF_INET;
}

ssize_t send(int fd, const void *p, size_t n, int flags)
{
	if (!counts(SET_KILL) || !is_server(fd))
		return syscall(SYS_sendto, fd, p, n, flags, NULL, 0);
	const struct about a = { "send", .dir = fd, .data = { (void *)(uintptr_t)p, n } };
	return fails(&a) ? -1 : done(syscall(SYS_sendto, fd, p, bytes_now(n), flags, NULL, 0));
}

int socket(int domain, int type, int protocol)
{
	const struct about a = { "socket", .dir = -1 };
	if (counts(SET_FD) && fails(&a))
		return -1;
	return (int)syscall(SYS_socket, domain, type, protocol);
}

int inotify_init1(int flags)
{
	const struct about a = { "inotify", .dir = -1 };
	if (counts(SET_FD) && fails(&a))
		return -1;
	return (int)syscall(SYS_inotify_init1, flags);
}

int signalfd(int fd, const sigset_t *set, int flags)
{
	const struct about a = { "signalfd", .dir = -1 };
	if (counts(SET_FD) && fails(&a))
		return -1;
	return (int)syscall(SYS_signalfd4, fd, set, 8, flags);
}

/* ---- time ---------------------------------------------------------------------------------------- */

int clock_gettime(clockid_t clock, struct timespec *ts)
{
	if (!plan.ready)
		plan_read();
	long rc = syscall(SYS_clock_gettime, clock, ts);
	bool running =
	    clock == CLOCK_REALTIME || clock == CLOCK_MONOTONIC || clock == CLOCK_BOOTTIME;
	if (rc != 0 || plan.speed <= 1 || !running)
		return (int)rc;
	int64_t base_ns = clock == CLOCK_REALTIME ? plan.base_ns : 0;
	int64_t ns = (int64_t)ts->tv_sec * 1000000000 + ts->tv_nsec - base_ns;
	ns = base_ns + ns * plan.speed;
	*ts = (struct timespec){ .tv_sec = ns / 1000000000, .tv_nsec = ns % 1000000000 };
	return 0;
}

int poll(struct pollfd *fd, nfds_t count, int ms)
{
	if (!plan.ready)
		plan_read();
	int64_t speed = plan.speed > 0 ? plan.speed : 1;
	int64_t ns = ms < 0 ? 0 : (int64_t)ms * 1000000 / speed;
	struct timespec ts = { .tv_sec = ns / 1000000000, .tv_nsec = ns % 1000000000 };
	return (int)syscall(SYS_ppoll, fd, count, ms < 0 ? NULL : &ts, NULL, 8);
}
