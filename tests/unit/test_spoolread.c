/* Tests of edge/spool: looking at a name, reading a file, removing a marker. */
#include "spoolhelp.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define SHA256_ABC "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
#define SHA256_EMPTY "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

/* ---- look ---------------------------------------------------------------------------------- */

/* The answer lives until the next one. */
static const struct ev_looked *look(struct world *w, const char *name)
{
	struct fx_look fx = { .spool = 0, .name = name };

	world_take(w);
	spools_look(w->s, &fx, &w->q);
	ck_assert_uint_eq(w->q.count, 1);
	ck_assert_int_eq(w->q.item[0].type, EV_LOOKED);
	ck_assert_uint_eq(w->q.item[0].u.looked.spool, 0);
	ck_assert_str_eq(w->q.item[0].u.looked.name, name);
	ck_assert_ptr_ne(w->q.item[0].u.looked.name, name);
	return &w->q.item[0].u.looked;
}

static void assert_ident(const struct ident *a, const struct ident *b)
{
	ck_assert_uint_eq(a->dev, b->dev);
	ck_assert_uint_eq(a->ino, b->ino);
	ck_assert_int_eq(a->size, b->size);
	ck_assert_int_eq(a->mtime_ns, b->mtime_ns);
	ck_assert_int_eq(a->ctime_ns, b->ctime_ns);
	ck_assert_uint_eq(a->uid, b->uid);
	ck_assert_uint_eq(a->gid, b->gid);
	ck_assert_uint_eq(a->mode, b->mode);
	ck_assert_uint_eq(a->nlink, b->nlink);
}

START_TEST(test_look)
{
	struct world w;
	struct ident ident;

	world_open(&w, 1);
	put_text(&w, "a/x.py", "abc");
	ck_assert_int_eq(symlink("x.py", at(&w, "a/l.py")), 0);
	ck_assert_int_eq(mkdir(at(&w, "a/d.py"), 0755), 0);
	ck_assert_int_eq(mkfifo(at(&w, "a/f.py"), 0644), 0);
	ck_assert_int_eq(look(&w, "x.py")->type, FILE_REGULAR);
	ident = ident_of(&w, "a/x.py");
	assert_ident(&look(&w, "x.py")->ident, &ident);
	ck_assert_int_eq(look(&w, "l.py")->type, FILE_LINK);
	ident = ident_of(&w, "a/l.py");
	assert_ident(&look(&w, "l.py")->ident, &ident);
	ck_assert_int_eq(look(&w, "d.py")->type, FILE_DIRECTORY);
	ck_assert_int_eq(look(&w, "f.py")->type, FILE_OTHER);
	ck_assert_int_eq(look(&w, "none.py")->type, FILE_MISSING);
	ck_assert_str_eq(world_log(&w), "");
	world_close(&w);
}
END_TEST

START_TEST(test_look_in_vain)
{
	struct world w;
	char name[300];

	world_open(&w, 1);
	memset(name, 'n', 299);
	name[299] = '\0';
	ck_assert_int_eq(look(&w, name)->type, FILE_MISSING);
	ck_assert_uint_eq(count_of(world_log(&w), "File name too long"), 1);
	w.spool[0].removed = true;
	ck_assert_int_eq(spools_conf(w.s, &w.conf), 0);
	ck_assert_int_eq(look(&w, "x.py")->type, FILE_MISSING);
	world_close(&w);
}
END_TEST

/* ---- read ---------------------------------------------------------------------------------- */

static const struct ev_read *read_fx(struct world *w, const struct fx_read *fx)
{
	const struct ev_read *ev;

	world_take(w);
	spools_read(w->s, fx, &w->q);
	ck_assert_uint_eq(w->q.count, 1);
	ck_assert_int_eq(w->q.item[0].type, EV_READ);
	ev = &w->q.item[0].u.read;
	ck_assert_uint_eq(ev->job, fx->job);
	/* What was not read well is not handed out. */
	if (ev->result != READ_OK) {
		ck_assert_ptr_null(ev->code.p);
		ck_assert_uint_eq(ev->code.n, 0);
		ck_assert_str_eq(ev->sha256, "");
	}
	return ev;
}

/* As it is now. */
static struct fx_read fx_of(const struct world *w, const char *name)
{
	char path[300];

	snprintf(path, sizeof(path), "a/%s", name);
	return (struct fx_read){
		.job = 42,
		.name = name,
		.ident = ident_of(w, path),
		.bytes_max = 1000,
	};
}

static const struct ev_read *read_now(struct world *w, const char *name)
{
	struct fx_read fx = fx_of(w, name);

	return read_fx(w, &fx);
}

START_TEST(test_read)
{
	struct world w;
	const struct ev_read *ev;
	struct ident ident;

	world_open(&w, 1);
	put_text(&w, "a/x.py", "abc");
	ev = read_now(&w, "x.py");
	ck_assert_int_eq(ev->result, READ_OK);
	ck_assert_uint_eq(ev->code.n, 3);
	ck_assert_mem_eq(ev->code.p, "abc", 4);
	ck_assert_str_eq(ev->sha256, SHA256_ABC);
	ck_assert_ptr_null(ev->why);
	ck_assert_int_eq(ev->err, 0);
	ident = ident_of(&w, "a/x.py");
	assert_ident(&ev->ident, &ident);
	world_close(&w);
}
END_TEST

START_TEST(test_read_any_bytes)
{
	struct world w;
	const struct ev_read *ev;
	struct fx_read fx;
	size_t size = 3 << 20;
	char *big = xmalloc(size);

	world_open(&w, 1);
	help_write_file(at(&w, "a/nul.py"), "a\0b\n", 4);
	ev = read_now(&w, "nul.py");
	ck_assert_uint_eq(ev->code.n, 4);
	ck_assert_mem_eq(ev->code.p, "a\0b\n", 4);
	put_text(&w, "a/empty.py", "");
	ev = read_now(&w, "empty.py");
	ck_assert_int_eq(ev->result, READ_OK);
	ck_assert_ptr_nonnull(ev->code.p);
	ck_assert_uint_eq(ev->code.n, 0);
	ck_assert_str_eq(ev->sha256, SHA256_EMPTY);
	for (size_t i = 0; i < size; i++)
		big[i] = (char)(i * 7 + i / 1000);
	help_write_file(at(&w, "a/big.py"), big, size);
	fx = fx_of(&w, "big.py");
	fx.bytes_max = (int64_t)size;
	ev = read_fx(&w, &fx);
	ck_assert_int_eq(ev->result, READ_OK);
	ck_assert_uint_eq(ev->code.n, size);
	ck_assert_mem_eq(ev->code.p, big, size);
	free(big);
	world_close(&w);
}
END_TEST

START_TEST(test_read_too_big)
{
	struct world w;
	struct fx_read fx;

	world_open(&w, 1);
	put_text(&w, "a/x.py", "12345");
	fx = fx_of(&w, "x.py");
	fx.bytes_max = 5;
	ck_assert_int_eq(read_fx(&w, &fx)->result, READ_OK);
	fx.bytes_max = 4;
	ck_assert_int_eq(read_fx(&w, &fx)->result, READ_TOO_BIG);
	ck_assert_int_eq(read_fx(&w, &fx)->ident.size, 5);
	fx.head = true; /* only the first bytes, then */
	ck_assert_int_eq(read_fx(&w, &fx)->result, READ_OK);
	ck_assert(read_fx(&w, &fx)->head);
	ck_assert_uint_eq(read_fx(&w, &fx)->code.n, 4);
	ck_assert_str_eq(read_fx(&w, &fx)->code.p, "1234");
	ck_assert_str_eq(read_fx(&w, &fx)->sha256, "");
	world_close(&w);
}
END_TEST

START_TEST(test_read_gone)
{
	struct world w;
	struct fx_read fx;

	world_open(&w, 1);
	put_text(&w, "a/x.py", "1");
	fx = fx_of(&w, "x.py");
	ck_assert_int_eq(unlink(at(&w, "a/x.py")), 0);
	ck_assert_int_eq(read_fx(&w, &fx)->result, READ_GONE);
	/* A spool that is not there says nothing about its files. */
	ck_assert_int_eq(rename(w.a, at(&w, "elsewhere")), 0);
	world_pump(&w);
	ck_assert_int_eq(read_fx(&w, &fx)->result, READ_FAILED);
	ck_assert_int_eq(read_fx(&w, &fx)->err, ENODEV);
	world_close(&w);
}
END_TEST

/* Each leaves a/x.py another than it was. */
static void grow(const struct world *w)
{
	int fd = open(at(w, "a/x.py"), O_WRONLY | O_APPEND | O_CLOEXEC);

	ck_assert_int_eq(write(fd, "2", 1), 1);
	close(fd);
}

static void rewrite_secretly(const struct world *w)
{
	struct stat st = stat_of(w, "a/x.py");
	struct timespec times[2] = { st.st_atim, st.st_mtim };
	int fd = open(at(w, "a/x.py"), O_WRONLY | O_CLOEXEC);

	/* The same size and the same mtime: only ctime cannot be set. */
	ck_assert_int_eq(write(fd, "X", 1), 1);
	ck_assert_int_eq(futimens(fd, times), 0);
	close(fd);
}

static void touch(const struct world *w)
{
	struct timespec times[2] = { { .tv_sec = 1 }, { .tv_sec = 1 } };

	ck_assert_int_eq(utimensat(AT_FDCWD, at(w, "a/x.py"), times, 0), 0);
}

static void replace(const struct world *w)
{
	struct stat st = stat_of(w, "a/x.py");
	struct timespec times[2] = { st.st_atim, st.st_mtim };

	put_text(w, "a/.new", "1");
	ck_assert_int_eq(utimensat(AT_FDCWD, at(w, "a/.new"), times, 0), 0);
	ck_assert_int_eq(rename(at(w, "a/.new"), at(w, "a/x.py")), 0);
}

static void other_mode(const struct world *w)
{
	ck_assert_int_eq(chmod(at(w, "a/x.py"), 0600), 0);
}

static void other_link(const struct world *w)
{
	ck_assert_int_eq(link(at(w, "a/x.py"), at(w, "a/y.py")), 0);
}

static void other_owner(const struct world *w)
{
	if (!skip_unless_root())
		ck_assert_int_eq(chown(at(w, "a/x.py"), 12345, (gid_t)-1), 0);
	else
		grow(w);
}

static void (*const change[])(const struct world *w) = {
	grow,
	rewrite_secretly,
	touch,
	replace,
	other_mode,
	other_link,
	other_owner,
};

/* A clock that ticks in milliseconds must not give two states one time. */
static void await_tick(const struct world *w)
{
	struct ident first, now;

	put_text(w, "tick", "");
	first = now = ident_of(w, "tick");
	while (now.ctime_ns == first.ctime_ns) {
		ck_assert_int_eq(chmod(at(w, "tick"), 0644), 0);
		now = ident_of(w, "tick");
	}
}

START_TEST(test_read_changed)
{
	struct world w;
	struct ident ident;
	struct fx_read fx;
	const struct ev_read *ev;

	world_open(&w, 1);
	put_text(&w, "a/x.py", "1");
	fx = fx_of(&w, "x.py");
	await_tick(&w);
	change[_i](&w);
	ev = read_fx(&w, &fx);
	ck_assert_int_eq(ev->result, READ_CHANGED);
	/* What is there now, for the next turn. */
	ident = ident_of(&w, "a/x.py");
	assert_ident(&ev->ident, &ident);
	world_close(&w);
}
END_TEST

START_TEST(test_read_identity_alone)
{
	struct world w;
	struct fx_read fx;

	world_open(&w, 1);
	put_text(&w, "a/x.py", "1");
	for (int field = 0; field < 6; field++) {
		fx = fx_of(&w, "x.py");
		fx.ident.dev += field == 0;
		fx.ident.ino += field == 1;
		fx.ident.size += field == 2;
		fx.ident.mtime_ns += field == 3;
		fx.ident.ctime_ns += field == 4;
		fx.ident.uid += field == 5;
		ck_assert_int_eq(read_fx(&w, &fx)->result, READ_CHANGED);
	}
	/* A file that has grown too big is first of all another one. */
	fx.bytes_max = 0;
	ck_assert_int_eq(read_fx(&w, &fx)->result, READ_CHANGED);
	world_close(&w);
}
END_TEST

static void assert_refused(struct world *w, const char *name, const char *why)
{
	const struct ev_read *ev = read_now(w, name);

	ck_assert_int_eq(ev->result, READ_REFUSED);
	ck_assert_str_eq(ev->why, why);
}

START_TEST(test_read_refused)
{
	struct world w;
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd;

	world_open(&w, 1);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	put_text(&w, "a/x.txt", "1");
	ck_assert_int_eq(symlink("x.txt", at(&w, "a/link.py")), 0);
	assert_refused(&w, "link.py", "a symbolic link");
	ck_assert_int_eq(symlink("nowhere", at(&w, "a/dangling.py")), 0);
	assert_refused(&w, "dangling.py", "a symbolic link");
	ck_assert_int_eq(mkdir(at(&w, "a/dir.py"), 0755), 0);
	assert_refused(&w, "dir.py", "a directory");
	/* It would be waited for, if it were waited for. */
	ck_assert_int_eq(mkfifo(at(&w, "a/fifo.py"), 0644), 0);
	assert_refused(&w, "fifo.py", "a FIFO");
	snprintf(address.sun_path, sizeof(address.sun_path), "%s", at(&w, "a/socket.py"));
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_refused(&w, "socket.py", "a socket");
	if (!skip_unless_root()) {
		ck_assert_int_eq(mknod(at(&w, "a/null.py"), S_IFCHR | 0644, makedev(1, 3)), 0);
		assert_refused(&w, "null.py", "a device");
	}
	ck_assert_int_eq(link(at(&w, "a/x.txt"), at(&w, "a/hard.py")), 0);
	assert_refused(&w, "hard.py", "a hard link: 2 names");
	ck_assert_int_eq(link(at(&w, "a/x.txt"), at(&w, "outside")), 0);
	assert_refused(&w, "hard.py", "a hard link: 3 names");
	close(fd);
	world_close(&w);
}
END_TEST

START_TEST(test_read_a_link_in_its_place)
{
	struct world w;
	struct fx_read fx;

	world_open(&w, 1);
	put_text(&w, "a/x.py", "1");
	fx = fx_of(&w, "x.py");
	ck_assert_int_eq(rename(at(&w, "a/x.py"), at(&w, "secret")), 0);
	ck_assert_int_eq(symlink("../secret", at(&w, "a/x.py")), 0);
	ck_assert_int_eq(read_fx(&w, &fx)->result, READ_REFUSED);
	world_close(&w);
}
END_TEST

static void put_owned(const char *path, uid_t uid, gid_t gid)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);

	ck_assert_int_ne(fd, -1);
	ck_assert_int_eq(write(fd, "1", 1), 1);
	ck_assert_int_eq(fchown(fd, uid, gid), 0);
	close(fd);
}

/* Two strangers look like one there: each would be given the other's sessions. */
START_TEST(test_read_hidden)
{
	static const struct {
		const char *name;
		uid_t uid;
		gid_t gid;
		const char *refused; /* how the reason begins */
	} t[] = { { "a/ours.py", 0, 0, NULL }, { "a/alice.py", 12345, 0, "its owner is hidden" },
		{ "a/nobody.py", 65534, 0, "its owner is hidden" },
		{ "a/group.py", 0, 12345, "its group is hidden" } };
	struct world w;
	const struct ev_read *ev;

	world_open(&w, 1);
	if (skip_unless_root() || skip_unless_forked())
		goto out;
	for (size_t i = 0; i < ARRAY_LEN(t); i++)
		put_owned(at(&w, t[i].name), t[i].uid, t[i].gid);
	if (!help_hide_others()) {
		(void)skip(strerror(errno));
		goto out;
	}
	spools_free(w.s);
	w.s = spools_new();
	ck_assert_int_eq(spools_conf(w.s, &w.conf), 0);
	for (size_t i = 0; i < ARRAY_LEN(t); i++) {
		const char *name = t[i].name + strlen("a/");

		ev = read_now(&w, name);
		ck_assert_int_eq(ev->result, t[i].refused == NULL ? READ_OK : READ_REFUSED);
		if (t[i].refused != NULL)
			ck_assert_int_eq(strncmp(ev->why, t[i].refused, strlen(t[i].refused)), 0);
	}
out:
	world_close(&w);
}
END_TEST

/* Where all are seen, nobody is one of them. */
START_TEST(test_read_nobody)
{
	struct world w;

	if (skip_unless_root())
		return;
	world_open(&w, 1);
	put_owned(at(&w, "a/nobody.py"), 65534, 65534);
	ck_assert_int_eq(read_now(&w, "nobody.py")->result, READ_OK);
	world_close(&w);
}
END_TEST

START_TEST(test_read_private)
{
	struct world w;
	struct fx_read fx;
	const struct ev_read *ev;

	world_open(&w, 1);
	put_text(&w, "a/x.py", "1");
	fx = fx_of(&w, "x.py");
	fx.private_only = true;
	ev = read_fx(&w, &fx);
	ck_assert_int_eq(ev->result, READ_REFUSED);
	ck_assert_str_eq(ev->why, "its directory is not root's and sticky");
	ck_assert_int_eq(chmod(w.a, 01777), 0);
	if (skip_unless_root()) {
		ck_assert_int_eq(read_fx(&w, &fx)->result, READ_REFUSED);
		goto out;
	}
	ev = read_fx(&w, &fx);
	ck_assert_int_eq(ev->result, READ_OK);
	/* Sticky, but somebody's own: who owns a directory may rename all in it. */
	ck_assert_int_eq(chown(w.a, 12345, (gid_t)-1), 0);
	ck_assert_int_eq(read_fx(&w, &fx)->result, READ_REFUSED);
	ck_assert_int_eq(chown(w.a, 0, (gid_t)-1), 0);
out:
	world_close(&w);
}
END_TEST

START_TEST(test_read_private_modes)
{
	static const struct {
		mode_t mode;
		enum read_result result;
	} t[] = { { 0600, READ_OK }, { 0755, READ_OK }, { 0664, READ_REFUSED },
		{ 0646, READ_REFUSED }, { 0620, READ_REFUSED } };
	struct world w;
	struct fx_read fx;

	world_open(&w, 1);
	put_text(&w, "a/x.py", "1");
	ck_assert_int_eq(chmod(w.a, 01777), 0);
	for (size_t i = 0; !skip_unless_root() && i < ARRAY_LEN(t); i++) {
		ck_assert_int_eq(chmod(at(&w, "a/x.py"), t[i].mode), 0);
		fx = fx_of(&w, "x.py");
		ck_assert_int_eq(read_fx(&w, &fx)->result, READ_OK);
		fx.private_only = true;
		ck_assert_int_eq(read_fx(&w, &fx)->result, t[i].result);
	}
	world_close(&w);
}
END_TEST

START_TEST(test_read_taken)
{
	static const char *const names[] = { "x.py.out", "x.py.err", "x.py.json", NULL };
	struct world w;
	struct fx_read fx;
	struct out_file ours[2] = { { .name = "x.py.out" }, { .name = "x.py.json" } };
	const struct ev_read *ev;

	world_open(&w, 1);
	put_text(&w, "a/x.py", "1");
	fx = fx_of(&w, "x.py");
	fx.taken = names;
	ck_assert_int_eq(read_fx(&w, &fx)->result, READ_OK);
	put_text(&w, "a/x.py.out", "");
	put_text(&w, "a/x.py.json", "");
	ev = read_fx(&w, &fx);
	ck_assert_int_eq(ev->result, READ_TAKEN);
	ck_assert_str_eq(ev->why, "x.py.out");
	/* An earlier run's own files are in nobody's way. */
	ours[0].ino = ident_of(&w, "a/x.py.out").ino;
	ours[1].ino = ident_of(&w, "a/x.py.json").ino;
	fx.ours = ours;
	fx.ours_count = 2;
	ck_assert_int_eq(read_fx(&w, &fx)->result, READ_OK);
	/* Our inode under another of our names is not what we left there. */
	ck_assert_int_eq(rename(at(&w, "a/x.py.json"), at(&w, "a/x.py.err")), 0);
	ck_assert_str_eq(read_fx(&w, &fx)->why, "x.py.err");
	ck_assert_int_eq(unlink(at(&w, "a/x.py.err")), 0);
	/* It may have got the inode that was ours. */
	ck_assert_int_eq(symlink("nowhere", at(&w, "a/x.py.json")), 0);
	ev = read_fx(&w, &fx);
	ck_assert_int_eq(ev->result, READ_TAKEN);
	ck_assert_str_eq(ev->why, "x.py.json");
	world_close(&w);
}
END_TEST

START_TEST(test_read_failed)
{
	struct world w;
	struct fx_read fx;
	enum read_result result;
	int err;

	world_open(&w, 1);
	put_text(&w, "a/x.py", "1");
	if (!skip_unless_root()) {
		ck_assert_int_eq(chmod(at(&w, "a/x.py"), 0600), 0);
		ck_assert_int_eq(chmod(w.dir, 0755), 0);
		fx = fx_of(&w, "x.py");
		ck_assert_int_eq(seteuid(65534), 0);
		result = read_fx(&w, &fx)->result;
		err = w.q.item[0].u.read.err;
		ck_assert_int_eq(seteuid(0), 0);
		ck_assert_int_eq(result, READ_FAILED);
		ck_assert_int_eq(err, EACCES);
	}
	world_close(&w);
}
END_TEST

/* Replaces the file, lets it grow and removes it, for ever. A version is one letter, as often as
 * letter_count() says; what has grown behind it is dots. */
static size_t letter_count(char letter)
{
	return 1000 + 100 * (size_t)(letter - 'a');
}

static void vary(const struct world *w)
{
	char text[4096];

	for (int i = 0;; i++) {
		char letter = (char)('a' + i % 26);
		int fd;

		memset(text, letter, letter_count(letter));
		help_write_file(at(w, "a/.new"), text, letter_count(letter));
		(void)rename(at(w, "a/.new"), at(w, "a/x.py"));
		fd = open(at(w, "a/x.py"), O_WRONLY | O_APPEND | O_CLOEXEC);
		for (int n = 0; n < i % 20; n++)
			ck_assert_int_eq(write(fd, ".", 1), 1);
		close(fd);
		if (i % 10 == 0)
			(void)unlink(at(w, "a/x.py"));
	}
}

static void assert_one_version(const struct ev_read *ev, int64_t size)
{
	size_t letters = 0;

	ck_assert_int_eq((int64_t)ev->code.n, size);
	while (letters < ev->code.n && ev->code.p[letters] == ev->code.p[0])
		letters++;
	ck_assert_uint_eq(letters, letter_count(ev->code.p[0]));
	for (size_t n = letters; n < ev->code.n; n++)
		ck_assert_int_eq(ev->code.p[n], '.');
}

START_TEST(test_read_what_changes_all_the_time)
{
	struct world w;
	pid_t pid;

	world_open(&w, 1);
	put_text(&w, "a/x.py", "");
	pid = fork();
	if (pid == 0)
		vary(&w);
	for (int i = 0; i < 2000; i++) {
		struct fx_read fx = { .name = "x.py", .bytes_max = 100000 };
		const struct ev_looked *seen = look(&w, "x.py");
		const struct ev_read *ev;

		/* What a rename is just taking away is not a file of this name any more. */
		ck_assert(seen->type == FILE_MISSING || seen->ident.nlink == 1);
		fx.ident = seen->ident;
		ev = read_fx(&w, &fx);
		ck_assert(
		    ev->result == READ_OK || ev->result == READ_CHANGED || ev->result == READ_GONE);
		if (ev->result == READ_OK && ev->code.n > 0)
			assert_one_version(ev, fx.ident.size);
	}
	ck_assert_int_eq(kill(pid, SIGKILL), 0);
	ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
	world_close(&w);
}
END_TEST

/* ---- markers ------------------------------------------------------------------------------- */

static void unmark(struct world *w, struct ident ident)
{
	struct fx_unmark fx = { .name = "x.py.ready", .ident = ident };

	spools_unmark(w->s, &fx);
	world_pump(w);
}

/* ---- records ------------------------------------------------------------------------------------ */

/* The text lives until the next one; NULL: none. */
static const char *record_if(struct world *w, const char *name, int64_t bytes_max, bool proof)
{
	struct fx_record fx = { .spool = 0, .name = name, .bytes_max = bytes_max, .proof = proof };
	const struct ev_record *ev;

	world_take(w);
	spools_record(w->s, &fx, &w->q);
	ck_assert_uint_eq(w->q.count, 1);
	ck_assert_int_eq(w->q.item[0].type, EV_RECORD);
	ev = &w->q.item[0].u.record;
	ck_assert_str_eq(ev->name, name);
	ck_assert(ev->text.p == NULL || strlen(ev->text.p) == ev->text.n);
	return ev->text.p;
}

static const char *record(struct world *w, const char *name, int64_t bytes_max)
{
	return record_if(w, name, bytes_max, false);
}

START_TEST(test_record)
{
	struct world w;

	world_open(&w, 1);
	put_text(&w, "a/x.py.json", "abc");
	put_text(&w, "a/empty.py.json", "");
	ck_assert_str_eq(record(&w, "x.py.json", 3), "abc");
	ck_assert_str_eq(record(&w, "empty.py.json", 3), "");
	ck_assert_ptr_null(record(&w, "x.py.json", 2));
	ck_assert_ptr_null(record(&w, "missing.py.json", 3));
	world_close(&w);
}
END_TEST

START_TEST(test_record_that_is_something_else)
{
	struct world w;

	world_open(&w, 1);
	put_text(&w, "a/x.py.json", "abc");
	ck_assert_int_eq(symlink("x.py.json", at(&w, "a/l.py.json")), 0);
	ck_assert_int_eq(mkdir(at(&w, "a/d.py.json"), 0755), 0);
	ck_assert_int_eq(mkfifo(at(&w, "a/f.py.json"), 0644), 0);
	ck_assert_ptr_null(record(&w, "l.py.json", 9));
	ck_assert_ptr_null(record(&w, "d.py.json", 9999));
	ck_assert_ptr_null(record(&w, "f.py.json", 9));
	world_close(&w);
}
END_TEST

/* Whoever may write into the spool can write that another's file has run. */
static const struct {
	mode_t spool;
	uid_t spools;
	uid_t input; /* 9999: it has gone */
	uid_t record;
	bool counts;
} records[] = {
	{ 01777, 0, 1234, 1234, true },
	{ 01777, 0, 1234, 0, true }, /* of a daemon that keeps them */
	{ 01777, 0, 1234, 4321, false },
	{ 01777, 4321, 1234, 4321, true }, /* he may have replaced any */
	{ 0777, 0, 1234, 4321, true },	   /* so may everybody */
	{ 01777, 0, 9999, 4321, true },
};

START_TEST(test_record_of_somebody)
{
	struct world w;

	world_open(&w, 1);
	if (skip_unless_root())
		goto out;
	ck_assert_int_eq(chmod(w.a, records[_i].spool), 0);
	ck_assert_int_eq(chown(w.a, records[_i].spools, (gid_t)-1), 0);
	put_text(&w, "a/x.py", "1");
	ck_assert_int_eq(chown(at(&w, "a/x.py"), records[_i].input, (gid_t)-1), 0);
	put_text(&w, "a/x.py.json", "abc");
	ck_assert_int_eq(chown(at(&w, "a/x.py.json"), records[_i].record, (gid_t)-1), 0);
	if (records[_i].input == 9999)
		ck_assert_int_eq(unlink(at(&w, "a/x.py")), 0);
	ck_assert_str_eq(record(&w, "x.py.json", 3), "abc");
	ck_assert_pstr_eq(record_if(&w, "x.py.json", 3, true), records[_i].counts ? "abc" : NULL);
out:
	world_close(&w);
}
END_TEST

/* A squashed root, or a mount with an owner of its own. */
START_TEST(test_record_of_ours_that_belongs_to_another)
{
	struct world w;

	world_open(&w, 1);
	put_text(&w, "a/x.py", "1");
	if (make_as(65534)) {
		ck_assert_int_eq(chmod(w.a, 01777), 0);
		put_text(&w, "a/x.py.json", "abc");
		ck_assert_uint_eq(stat_of(&w, "a/x.py.json").st_uid, 65534);
		ck_assert_int_eq(chown(at(&w, "a/x.py"), 1234, 1234), 0);
		ck_assert_pstr_eq(record_if(&w, "x.py.json", 3, true), "abc");
		ck_assert_int_eq(chown(at(&w, "a/x.py.json"), 4321, 4321), 0);
		ck_assert_pstr_eq(record_if(&w, "x.py.json", 3, true), NULL);
	}
	world_close(&w);
}
END_TEST

START_TEST(test_unmark)
{
	struct world w;
	struct ident ident;

	world_open(&w, 1);
	put_text(&w, "a/x.py", "1");
	put_text(&w, "a/x.py.ready", "");
	ident = ident_of(&w, "a/x.py.ready");
	unmark(&w, ident);
	ck_assert(!exists(&w, "a/x.py.ready"));
	ck_assert(exists(&w, "a/x.py"));
	/* Gone already: nothing to say. */
	unmark(&w, ident);
	ck_assert_str_eq(world_log(&w), "");
	world_close(&w);
}
END_TEST

START_TEST(test_unmark_leaves_a_newer_one)
{
	struct world w;
	struct ident ident;

	world_open(&w, 1);
	put_text(&w, "a/x.py.ready", "");
	ident = ident_of(&w, "a/x.py.ready");
	await_tick(&w);
	ck_assert_int_eq(utimensat(AT_FDCWD, at(&w, "a/x.py.ready"), NULL, 0), 0);
	unmark(&w, ident);
	ck_assert(exists(&w, "a/x.py.ready"));
	ident = ident_of(&w, "a/x.py.ready");
	put_text(&w, "a/.new", "");
	ck_assert_int_eq(rename(at(&w, "a/.new"), at(&w, "a/x.py.ready")), 0);
	unmark(&w, ident);
	ck_assert(exists(&w, "a/x.py.ready"));
	world_close(&w);
}
END_TEST

START_TEST(test_unmark_in_vain)
{
	struct world w;
	struct ident ident;

	world_open(&w, 1);
	/* What cannot be unlinked stays and is told. */
	ck_assert_int_eq(mkdir(at(&w, "a/x.py.ready"), 0755), 0);
	ident = ident_of(&w, "a/x.py.ready");
	unmark(&w, ident);
	ck_assert(exists(&w, "a/x.py.ready"));
	ck_assert_uint_eq(count_of(world_log(&w), "unmark=failed"), 1);
	w.spool[0].removed = true;
	ck_assert_int_eq(spools_conf(w.s, &w.conf), 0);
	unmark(&w, ident);
	ck_assert_uint_eq(count_of(world_log(&w), "unmark=failed"), 1);
	world_close(&w);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("spoolread");
	TCase *tc = tcase_create("look, read and unmark");

	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, test_look);
	tcase_add_test(tc, test_look_in_vain);
	tcase_add_test(tc, test_read);
	tcase_add_test(tc, test_read_any_bytes);
	tcase_add_test(tc, test_read_too_big);
	tcase_add_test(tc, test_read_gone);
	tcase_add_loop_test(tc, test_read_changed, 0, (int)ARRAY_LEN(change));
	tcase_add_test(tc, test_read_identity_alone);
	tcase_add_test(tc, test_read_refused);
	tcase_add_test(tc, test_read_a_link_in_its_place);
	tcase_add_test(tc, test_read_hidden);
	tcase_add_test(tc, test_read_nobody);
	tcase_add_test(tc, test_read_private);
	tcase_add_test(tc, test_read_private_modes);
	tcase_add_test(tc, test_read_taken);
	tcase_add_test(tc, test_read_failed);
	tcase_add_test(tc, test_read_what_changes_all_the_time);
	tcase_add_test(tc, test_record);
	tcase_add_test(tc, test_record_that_is_something_else);
	tcase_add_loop_test(tc, test_record_of_somebody, 0, (int)ARRAY_LEN(records));
	tcase_add_test(tc, test_record_of_ours_that_belongs_to_another);
	tcase_add_test(tc, test_unmark);
	tcase_add_test(tc, test_unmark_leaves_a_newer_one);
	tcase_add_test(tc, test_unmark_in_vain);
	suite_add_tcase(suite, tc);
	return help_run(suite);
}
