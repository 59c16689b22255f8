/* Tests of edge/spool: the helper modules of a spool, read whole or not at all. */
#include "spoolhelp.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <sha2.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

/* The modules lie in "m" beside the spool. */
static void modules_open(struct world *w)
{
	world_open(w, 1);
	put_text(w, "a/x.py", "import helper");
	ck_assert_int_eq(mkdir(at(w, "m"), 0755), 0);
}

static const struct ev_read *read_fx(struct world *w, const struct fx_read *fx)
{
	const struct ev_read *ev;

	world_take(w);
	spools_read(w->s, fx, &w->q);
	ck_assert_uint_eq(w->q.count, 1);
	ck_assert_int_eq(w->q.item[0].type, EV_READ);
	ev = &w->q.item[0].u.read;
	if (ev->result != READ_OK) {
		ck_assert_ptr_null(ev->modules.p);
		ck_assert_uint_eq(ev->modules.n, 0);
		ck_assert_ptr_null(ev->code.p);
		ck_assert_str_eq(ev->sha256, "");
	}
	return ev;
}

static struct fx_read fx_of(const struct world *w)
{
	static char modules[4096];

	snprintf(modules, sizeof(modules), "%s", at(w, "m"));
	return (struct fx_read){
		.job = 42,
		.name = "x.py",
		.ident = ident_of(w, "a/x.py"),
		.bytes_max = 1000,
		.modules = modules,
		.modules_bytes_max = 1000,
	};
}

static const struct ev_read *read_now(struct world *w)
{
	struct fx_read fx = fx_of(w);

	return read_fx(w, &fx);
}

/* Was it read, and is the hash that of the text? */
static json_t *parsed(const struct ev_read *ev)
{
	char hash[SHA256_TEXT_LEN];
	json_t *list;

	ck_assert_msg(ev->result == READ_OK, "%s", ev->why);
	ck_assert_str_eq(ev->code.p, "import helper");
	SHA256Data((const uint8_t *)ev->modules.p, ev->modules.n, hash);
	ck_assert_str_eq(ev->modules_hash, hash);
	for (size_t i = 0; i < ev->modules.n; i++)
		ck_assert(ev->modules.p[i] >= 0x20 && ev->modules.p[i] < 0x7f);
	ck_assert_int_eq(ev->modules.p[ev->modules.n], '\0');
	list = json_loadb(ev->modules.p, ev->modules.n, JSON_REJECT_DUPLICATES, NULL);
	ck_assert_msg(json_is_array(list), "%s", ev->modules.p);
	return list;
}

/* "name=text;" for each, in the order in which they are. */
static const char *told(const struct ev_read *ev, struct buf *out)
{
	json_t *list = parsed(ev);

	buf_init(out, 1 << 20);
	buf_adds(out, "");
	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *o = json_array_get(list, i);
		const char *data = json_string_value(json_object_get(o, "data"));

		ck_assert_uint_eq(json_object_size(o), 2);
		buf_addf(out, "%s=", json_string_value(json_object_get(o, "name")));
		ck_assert_int_eq(buf_add_base64(out, data, strlen(data)), 0);
		buf_addc(out, ';');
	}
	json_decref(list);
	return out->data;
}

static void assert_told(struct world *w, const char *text)
{
	struct buf out;

	ck_assert_str_eq(told(read_now(w), &out), text);
	buf_fini(&out);
}

static void assert_failed(struct world *w, const struct fx_read *fx, int err, const char *words)
{
	const struct ev_read *ev = read_fx(w, fx);

	ck_assert_int_eq(ev->result, READ_FAILED);
	ck_assert_msg(ev->err == err, "%s: %s", strerrorname_np(ev->err), ev->why);
	ck_assert_msg(strstr(ev->why, words) != NULL, "\"%s\" is not in: %s", words, ev->why);
	ck_assert_msg(strstr(ev->why, fx->modules) != NULL, "%s", ev->why);
}

static void assert_failed_now(struct world *w, int err, const char *words)
{
	struct fx_read fx = fx_of(w);

	assert_failed(w, &fx, err, words);
}

START_TEST(test_nothing_asked_for)
{
	struct world w;
	struct fx_read fx;
	const struct ev_read *ev;

	modules_open(&w);
	fx = fx_of(&w);
	fx.modules = NULL;
	ev = read_fx(&w, &fx);
	ck_assert_int_eq(ev->result, READ_OK);
	ck_assert_ptr_null(ev->modules.p);
	ck_assert_ptr_null(ev->modules_hash);
	world_close(&w);
}
END_TEST

START_TEST(test_modules)
{
	struct world w;
	const struct ev_read *ev;

	modules_open(&w);
	ev = read_now(&w);
	ck_assert_str_eq(ev->modules.p, "[]");
	put_text(&w, "m/helper.py", "x = 1\n");
	ev = read_now(&w);
	ck_assert_str_eq(ev->modules.p, "[{\"name\":\"helper.py\",\"data\":\"eCA9IDEK\"}]");
	ck_assert_str_eq(
	    ev->modules_hash, "0677a62c21f913d7d20ce9f3740f3a80921d3778af8b9974ce4b27f2c72f9b4b");
	world_close(&w);
}
END_TEST

START_TEST(test_what_counts)
{
	struct world w;
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd;

	modules_open(&w);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	put_text(&w, "m/helper.py", "1");
	put_text(&w, "m/a.py", "2");
	put_text(&w, "m/Makefile", "3");
	put_text(&w, "m/empty.txt", "");
	ck_assert_int_eq(mkdir(at(&w, "m/a"), 0755), 0);
	ck_assert_int_eq(mkdir(at(&w, "m/a/b"), 0755), 0);
	put_text(&w, "m/a/b/__init__.py", "4");
	put_text(&w, "m/a/z.csv", "5");
	/* These do not. */
	put_text(&w, "m/.hidden.py", "no");
	ck_assert_int_eq(mkdir(at(&w, "m/.git"), 0755), 0);
	put_text(&w, "m/.git/config", "no");
	ck_assert_int_eq(symlink("helper.py", at(&w, "m/.#helper.py")), 0);
	ck_assert_int_eq(mkdir(at(&w, "m/a/__pycache__"), 0755), 0);
	put_text(&w, "m/a/__pycache__/z.pyc", "no");
	ck_assert_int_eq(mkdir(at(&w, "m/void"), 0755), 0);
	ck_assert_int_eq(mkfifo(at(&w, "m/fifo.py"), 0644), 0);
	snprintf(address.sun_path, sizeof(address.sun_path), "%s", at(&w, "m/socket.py"));
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	close(fd);
	/* By their bytes, all of the name: "a.py" comes before "a/b". */
	assert_told(&w, "Makefile=3;a.py=2;a/b/__init__.py=4;a/z.csv=5;empty.txt=;helper.py=1;");
	world_close(&w);
}
END_TEST

START_TEST(test_any_bytes)
{
	struct world w;
	struct fx_read fx;
	struct buf out;
	unsigned char bytes[256];

	modules_open(&w);
	for (size_t i = 0; i < 256; i++)
		bytes[i] = (unsigned char)i;
	/* Every length at the end of base64's groups. */
	for (size_t n = 252; n <= 256; n++) {
		help_write_file(at(&w, "m/b"), bytes, n);
		fx = fx_of(&w);
		told(read_fx(&w, &fx), &out);
		ck_assert_uint_eq(out.len, 2 + n + 1);
		ck_assert_mem_eq(out.data + 2, bytes, n);
		buf_fini(&out);
	}
	world_close(&w);
}
END_TEST

START_TEST(test_any_names)
{
	static const char *const good[] = { "\"q\\uote\\.py", "\x01\n\x7f.py", "m\xc3\xa4h.py",
		"\xe2\x82\xac.py", "\xf0\x9f\x90\x8d.py", "\xf4\x8f\xbf\xbf.py",
		"\xed\x9f\xbf.py" };
	static const char *const bad[] = { "\xff.py", "\xc3.py", "\xc3", "\x80.py", "\xc0\xaf.py",
		"\xe0\x80\xaf.py", "\xed\xa0\x80.py", "\xf4\x90\x80\x80.py", "\xf8\x88\x80\x80\x80",
		"\xf0\x9f\x90" };
	struct world w;
	char path[100], text[100];

	modules_open(&w);
	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		snprintf(path, sizeof(path), "m/%s", good[i]);
		snprintf(text, sizeof(text), "%s=1;", good[i]);
		put_text(&w, path, "1");
		assert_told(&w, text);
		ck_assert_int_eq(unlink(at(&w, path)), 0);
	}
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		snprintf(path, sizeof(path), "m/%s", bad[i]);
		put_text(&w, path, "1");
		assert_failed_now(&w, EILSEQ, "has a name that is not UTF-8: rename or remove it");
		ck_assert_int_eq(unlink(at(&w, path)), 0);
	}
	world_close(&w);
}
END_TEST

START_TEST(test_the_same_is_the_same)
{
	struct world w;
	char hash[SHA256_TEXT_LEN], name[100];

	/* Whatever the order in which they were made, and whenever. */
	modules_open(&w);
	for (int i = 0; i < 50; i++) {
		snprintf(name, sizeof(name), "m/f%d.py", i * 17 % 50);
		put_text(&w, name, "1");
	}
	snprintf(hash, sizeof(hash), "%s", read_now(&w)->modules_hash);
	help_rmtree(at(&w, "m"));
	ck_assert_int_eq(mkdir(at(&w, "m"), 0700), 0);
	for (int i = 49; i >= 0; i--) {
		snprintf(name, sizeof(name), "m/f%d.py", i);
		put_text(&w, name, "1");
	}
	ck_assert_str_eq(read_now(&w)->modules_hash, hash);
	put_text(&w, "m/f7.py", "2");
	ck_assert_str_ne(read_now(&w)->modules_hash, hash);
	put_text(&w, "m/f7.py", "1");
	ck_assert_int_eq(rename(at(&w, "m/f7.py"), at(&w, "m/f77.py")), 0);
	ck_assert_str_ne(read_now(&w)->modules_hash, hash);
	world_close(&w);
}
END_TEST

START_TEST(test_missing)
{
	struct world w;
	struct fx_read fx;

	modules_open(&w);
	ck_assert_int_eq(rmdir(at(&w, "m")), 0);
	/* Not READ_GONE: the file itself is there. */
	assert_failed_now(&w, ENOENT, "No such file or directory; files that may need it wait");
	put_text(&w, "m", "a file");
	assert_failed_now(&w, ENOTDIR, "Not a directory");
	/* Whatever is wrong with the file comes first. */
	fx = fx_of(&w);
	ck_assert_int_eq(unlink(at(&w, "a/x.py")), 0);
	ck_assert_int_eq(read_fx(&w, &fx)->result, READ_GONE);
	world_close(&w);
}
END_TEST

START_TEST(test_links)
{
	struct world w;

	modules_open(&w);
	put_text(&w, "secret", "key");
	ck_assert_int_eq(symlink("../secret", at(&w, "m/helper.py")), 0);
	assert_failed_now(&w, ELOOP, "helper.py is a symbolic link, which is not followed");
	ck_assert_int_eq(unlink(at(&w, "m/helper.py")), 0);
	ck_assert_int_eq(mkdir(at(&w, "other"), 0755), 0);
	ck_assert_int_eq(mkdir(at(&w, "m/p"), 0755), 0);
	ck_assert_int_eq(symlink("../../other", at(&w, "m/p/pkg")), 0);
	assert_failed_now(&w, ELOOP, "p/pkg is a symbolic link");
	ck_assert_int_eq(unlink(at(&w, "m/p/pkg")), 0);
	/* The directory itself may be one: the release in force. */
	put_text(&w, "m/p/mod.py", "1");
	ck_assert_int_eq(rename(at(&w, "m"), at(&w, "m-7")), 0);
	ck_assert_int_eq(symlink("m-7", at(&w, "m")), 0);
	assert_told(&w, "p/mod.py=1;");
	world_close(&w);
}
END_TEST

START_TEST(test_too_many_bytes)
{
	struct world w;
	struct fx_read fx;
	const struct ev_read *ev;

	modules_open(&w);
	put_text(&w, "m/a.py", "12345");
	put_text(&w, "m/b.py", "6789");
	fx = fx_of(&w);
	fx.modules_bytes_max = 9;
	ev = read_fx(&w, &fx);
	ck_assert_int_eq(ev->result, READ_OK);
	fx.modules_bytes_max = 8;
	assert_failed(&w, &fx, EFBIG, "holds more than 8 bytes");
	fx.modules_bytes_max = 0;
	assert_failed(&w, &fx, EFBIG, "holds more than 0 bytes");
	/* A sparse one is not even begun. */
	ck_assert_int_eq(truncate(at(&w, "m/a.py"), INT64_C(1) << 40), 0);
	fx.modules_bytes_max = 1000;
	assert_failed(&w, &fx, EFBIG, "holds more than 1000 bytes");
	world_close(&w);
}
END_TEST

START_TEST(test_too_many_files)
{
	struct world w;
	char name[100];
	json_t *list;

	modules_open(&w);
	for (int i = 0; i < 1000; i++) {
		snprintf(name, sizeof(name), "m/%d.py", i);
		put_text(&w, name, "");
	}
	list = parsed(read_now(&w));
	ck_assert_uint_eq(json_array_size(list), 1000);
	json_decref(list);
	put_text(&w, "m/one.py", "");
	assert_failed_now(&w, E2BIG, "holds more than 1000 files");
	world_close(&w);
}
END_TEST

START_TEST(test_too_many_directories)
{
	struct world w;
	struct buf deep;
	char path[100];
	int fd;

	modules_open(&w);
	buf_init(&deep, sizeof(path));
	buf_adds(&deep, "m");
	for (int i = 0; i < 8; i++) {
		buf_adds(&deep, "/d");
		ck_assert_int_eq(mkdir(at(&w, deep.data), 0755), 0);
	}
	buf_adds(&deep, "/x");
	put_text(&w, deep.data, "deep");
	assert_told(&w, "d/d/d/d/d/d/d/d/x=deep;");
	ck_assert_int_eq(unlink(at(&w, deep.data)), 0);
	ck_assert_int_eq(mkdir(at(&w, deep.data), 0755), 0);
	assert_failed_now(&w, E2BIG, "is one directory too many");
	ck_assert_int_eq(rmdir(at(&w, deep.data)), 0);
	buf_fini(&deep);
	fd = open(at(&w, "m"), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	for (int i = 0; i < 992; i++) {
		snprintf(path, sizeof(path), "%d", i);
		ck_assert_int_eq(mkdirat(fd, path, 0755), 0);
	}
	assert_told(&w, "");
	ck_assert_int_eq(mkdirat(fd, "one", 0755), 0);
	assert_failed_now(&w, E2BIG, "is one directory too many");
	close(fd);
	world_close(&w);
}
END_TEST

START_TEST(test_not_readable)
{
	struct world w;
	struct fx_read fx;

	modules_open(&w);
	put_text(&w, "m/a.py", "1");
	ck_assert_int_eq(mkdir(at(&w, "m/p"), 0755), 0);
	if (skip_unless_root())
		goto out;
	ck_assert_int_eq(chmod(w.dir, 0755), 0);
	fx = fx_of(&w);
	ck_assert_int_eq(chmod(at(&w, "m/a.py"), 0600), 0);
	ck_assert_int_eq(seteuid(65534), 0);
	assert_failed(&w, &fx, EACCES, "a.py cannot be read: Permission denied");
	ck_assert_int_eq(seteuid(0), 0);
	ck_assert_int_eq(chmod(at(&w, "m/a.py"), 0644), 0);
	ck_assert_int_eq(chmod(at(&w, "m/p"), 0700), 0);
	ck_assert_int_eq(seteuid(65534), 0);
	assert_failed(&w, &fx, EACCES, "p cannot be read: Permission denied");
	ck_assert_int_eq(seteuid(0), 0);
out:
	world_close(&w);
}
END_TEST

START_TEST(test_private)
{
	static const char *const path[] = { "m", "m/p", "m/a.py", "m/p/b.py" };
	struct world w;
	struct fx_read fx;

	modules_open(&w);
	put_text(&w, "m/a.py", "1");
	ck_assert_int_eq(mkdir(at(&w, "m/p"), 0755), 0);
	put_text(&w, "m/p/b.py", "1");
	if (skip_unless_root())
		goto out;
	ck_assert_int_eq(chmod(w.a, 01755), 0);
	fx = fx_of(&w);
	fx.private_only = true;
	ck_assert_int_eq(read_fx(&w, &fx)->result, READ_OK);
	for (size_t i = 0; i < ARRAY_LEN(path); i++) {
		mode_t mode = stat_of(&w, path[i]).st_mode & 07777;

		for (mode_t bit = 02; bit <= 020; bit *= 8) {
			ck_assert_int_eq(chmod(at(&w, path[i]), mode | bit), 0);
			assert_failed(&w, &fx, EPERM, "chmod go-w");
			/* Where all run as one, it is the administrator's own affair. */
			fx.private_only = false;
			ck_assert_int_eq(read_fx(&w, &fx)->result, READ_OK);
			fx.private_only = true;
		}
		ck_assert_int_eq(chmod(at(&w, path[i]), mode), 0);
	}
out:
	world_close(&w);
}
END_TEST

/* A deployment without end: files are replaced, rewritten and removed, directories become links. */
static void vary(const struct world *w)
{
	ck_assert_int_eq(symlink("../m2", at(w, "m/.link")), 0);
	for (int i = 0;; i++) {
		char text[5000];
		int fd;

		memset(text, 'a' + i % 26, sizeof(text));
		help_write_file(at(w, "m/.new"), text, 1000 + (size_t)(i % 26) * 100);
		(void)rename(at(w, "m/.new"), at(w, "m/r.py"));
		fd = open(at(w, "m/r.py"), O_WRONLY | O_APPEND | O_CLOEXEC);
		for (int n = 0; n < i % 7; n++)
			ck_assert_int_eq(write(fd, ".", 1), 1);
		close(fd);
		if (i % 10 == 0)
			(void)unlink(at(w, "m/r.py"));
		(void)renameat2(
		    AT_FDCWD, at(w, "m/.link"), AT_FDCWD, at(w, "m/p"), RENAME_EXCHANGE);
	}
}

/* One letter, as often as belongs to it, then dots. */
static void assert_one_version(const char *p, size_t n)
{
	size_t letters = 0;

	while (letters < n && p[letters] == p[0])
		letters++;
	ck_assert_uint_eq(letters, 1000 + 100 * (size_t)(p[0] - 'a'));
	for (size_t i = letters; i < n; i++)
		ck_assert_int_eq(p[i], '.');
}

START_TEST(test_what_changes_all_the_time)
{
	struct world w;
	pid_t pid;

	modules_open(&w);
	ck_assert_int_eq(mkdir(at(&w, "m2"), 0755), 0);
	put_text(&w, "m2/secret", "key");
	ck_assert_int_eq(mkdir(at(&w, "m/p"), 0755), 0);
	pid = fork();
	if (pid == 0)
		vary(&w);
	for (int i = 0; i < 1000; i++) {
		struct fx_read fx = fx_of(&w);
		const struct ev_read *ev;
		struct buf out;

		fx.modules_bytes_max = 10000;
		ev = read_fx(&w, &fx);
		if (ev->result != READ_OK) {
			ck_assert_int_eq(ev->result, READ_FAILED);
			/* ENOTDIR: it became a link on the way. */
			ck_assert_msg(ev->err == EAGAIN || ev->err == ELOOP || ev->err == ENOTDIR,
			    "%s", ev->why);
			continue;
		}
		told(ev, &out);
		ck_assert_ptr_null(strstr(out.data, "secret"));
		if (strncmp(out.data, "r.py=", 5) == 0)
			assert_one_version(out.data + 5, out.len - 6);
		buf_fini(&out);
	}
	ck_assert_int_eq(kill(pid, SIGKILL), 0);
	ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
	world_close(&w);
}
END_TEST

/* ---- names that results would use, when they are directories ------------------------------- */

START_TEST(test_taken_directories)
{
	static const char *const taken[] = { "x.py.out", "x.py.files", NULL };
	struct out_file ours[] = { { .name = "x.py.files/a/b.txt" }, { .name = "x.py.json" } };
	struct world w;
	struct fx_read fx;

	modules_open(&w);
	fx = fx_of(&w);
	fx.taken = taken;
	fx.ours = ours;
	ck_assert_int_eq(read_fx(&w, &fx)->result, READ_OK);
	ck_assert_int_eq(mkdir(at(&w, "a/x.py.files"), 0755), 0);
	ck_assert_int_eq(read_fx(&w, &fx)->result, READ_TAKEN);
	ck_assert_str_eq(w.q.item[0].u.read.why, "x.py.files");
	/* We have put something into it. */
	fx.ours_count = 2;
	ck_assert_int_eq(read_fx(&w, &fx)->result, READ_OK);
	ours[0].name = "x.py.files2/b.txt";
	ck_assert_int_eq(read_fx(&w, &fx)->result, READ_TAKEN);
	ours[0].name = "x.py.file";
	ck_assert_int_eq(read_fx(&w, &fx)->result, READ_TAKEN);
	ours[0].name = "x.py.files";
	ck_assert_int_eq(read_fx(&w, &fx)->result, READ_TAKEN);
	/* It lies below no link and no file. */
	ours[0].name = "x.py.files/b.txt";
	ck_assert_int_eq(rename(at(&w, "a/x.py.files"), at(&w, "a/elsewhere")), 0);
	ck_assert_int_eq(symlink("elsewhere", at(&w, "a/x.py.files")), 0);
	ck_assert_int_eq(read_fx(&w, &fx)->result, READ_TAKEN);
	ck_assert_int_eq(unlink(at(&w, "a/x.py.files")), 0);
	put_text(&w, "a/x.py.files", "");
	ck_assert_int_eq(read_fx(&w, &fx)->result, READ_TAKEN);
	world_close(&w);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("spoolmodules");
	TCase *tc = tcase_create("modules");

	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, test_nothing_asked_for);
	tcase_add_test(tc, test_modules);
	tcase_add_test(tc, test_what_counts);
	tcase_add_test(tc, test_any_bytes);
	tcase_add_test(tc, test_any_names);
	tcase_add_test(tc, test_the_same_is_the_same);
	tcase_add_test(tc, test_missing);
	tcase_add_test(tc, test_links);
	tcase_add_test(tc, test_too_many_bytes);
	tcase_add_test(tc, test_too_many_files);
	tcase_add_test(tc, test_too_many_directories);
	tcase_add_test(tc, test_not_readable);
	tcase_add_test(tc, test_private);
	tcase_add_test(tc, test_what_changes_all_the_time);
	tcase_add_test(tc, test_taken_directories);
	suite_add_tcase(suite, tc);
	return help_run(suite);
}
