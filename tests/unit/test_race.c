/* test_race: a spool that others may write to, while they do: what is looked at, read, written and
 * disposed of is swapped under our hands by real processes. RACE_SECONDS says for how long each goes
 * on (1). What is counted is for people; what must never happen fails. */
#include "spoolhelp.h"

#include "edge/output.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define RIVALS 2
#define GOOD_BYTES 600
#define SECRET "the-secret-of-somebody-else"

/* Shared with the rivals. */
struct score {
	unsigned long swaps[RIVALS];
};

static struct world w;
static struct score *score;
static pid_t rival[RIVALS];

/* ---- those who race ---------------------------------------------------------------------------- */

static char *below(const char *dir, const char *name)
{
	char *path = xasprintf("%s/%s", dir, name);
	return path;
}

/* Whole files are of one letter; the secret is not. */
static void make_good(const char *path, unsigned turn)
{
	char text[GOOD_BYTES];
	int fd =
	    open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0644);

	memset(text, 'a' + (int)(turn % 26), sizeof(text));
	if (fd >= 0 && write(fd, text, sizeof(text)) < 0)
		(void)unlink(path);
	if (fd >= 0)
		(void)close(fd);
}

static void make_thing(const char *path, const char *secret, unsigned turn)
{
	(void)unlink(path);
	switch (turn % 9) {
	case 0:
		if (symlink(secret, path) != 0)
			make_good(path, turn);
		break;
	case 1:
		if (link(secret, path) != 0)
			make_good(path, turn);
		break;
	case 2:
		(void)mkfifo(path, 0666);
		break;
	case 3:
		(void)mknod(path, S_IFCHR | 0666, makedev(1, 5)); /* /dev/zero: never ends */
		break;
	case 4:
		(void)mkdir(path, 0755);
		break;
	default:
		make_good(path, turn);
	}
}

/* Some hidden name of ours: of a result on its way, or of an input that is disposed of. */
static char *some_hidden(const char *spool, unsigned turn)
{
	DIR *d = opendir(spool);
	char *name = NULL;
	unsigned n = 0;

	for (const struct dirent *e; d != NULL && (e = readdir(d)) != NULL;)
		if (strncmp(e->d_name, ".sparkspool-", 12) == 0 && n++ <= turn % 3) {
			free(name);
			name = xstrdup(e->d_name);
		}
	if (d != NULL)
		(void)closedir(d);
	return name;
}

static void swap_hidden(const char *spool, const char *thing, unsigned turn)
{
	char *name = some_hidden(spool, turn);
	char *path = name == NULL ? NULL : below(spool, name);

	if (path != NULL)
		(void)rename(thing, path);
	free(path);
	free(name);
}

/* A directory that we write into, and a link to where nothing may go. */
static void swap_dir(int at, const char *name, const char *outside, unsigned turn)
{
	char *other = xasprintf("%s-other", name);

	if (turn % 2 == 0 && renameat(at, name, at, other) == 0 &&
	    symlinkat(outside, at, name) == 0)
		turn = 0;
	else if (unlinkat(at, name, 0) == 0 && renameat(at, other, at, name) != 0)
		(void)mkdirat(at, name, 0755);
	free(other);
}

/* That of a move, that of results, and the one in there. */
static void swap_some_dir(const char *spool, const char *outside, unsigned turn)
{
	int top = open(spool, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int in = openat(top, "x.py.files", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (turn % 3 == 0)
		swap_dir(top, "done", outside, turn / 3);
	else if (turn % 3 == 1)
		swap_dir(top, "x.py.files", outside, turn / 3);
	else if (in >= 0)
		swap_dir(in, "d", outside, turn / 3);
	if (in >= 0)
		(void)close(in);
	(void)close(top);
}

static void race(unsigned me)
{
	static const char *const names[] = { "x.py", "x.py", "x.py.out", "x.py.json" };
	char *secret = below(w.dir, "outside/secret");
	char *thing = xasprintf("%s/.rival-%u", w.a, me);
	char *outside = below(w.dir, "outside");

	for (unsigned turn = me;; turn += RIVALS) {
		char *name = below(w.a, names[turn / 7 % 4]);
		make_thing(thing, secret, turn / 3);
		(void)rmdir(turn % 5 == 0 ? name : thing);
		if (turn % 11 == 3)
			swap_hidden(w.a, thing, turn);
		else if (turn % 13 == 5)
			swap_some_dir(w.a, outside, turn / 13);
		else
			(void)renameat2(
			    AT_FDCWD, thing, AT_FDCWD, name, turn % 4 == 1 ? RENAME_EXCHANGE : 0);
		free(name);
		score->swaps[me]++;
	}
}

/* Whoever races for names as well lets hardly any result get so far. */
static void race_for_directories(unsigned me)
{
	char *outside = below(w.dir, "outside");

	for (unsigned turn = me;; turn += RIVALS) {
		swap_some_dir(w.a, outside, turn);
		score->swaps[me]++;
	}
}

static void race_begin(void (*fn)(unsigned me))
{
	for (unsigned i = 0; i < RIVALS; i++) {
		rival[i] = fork();
		ck_assert_int_ge(rival[i], 0);
		if (rival[i] == 0) {
			(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
			fn(i);
		}
	}
}

static unsigned long race_end(void)
{
	unsigned long swaps = 0;

	for (unsigned i = 0; i < RIVALS; i++) {
		int status;
		ck_assert_int_eq(kill(rival[i], SIGKILL), 0);
		ck_assert_int_eq(waitpid(rival[i], &status, 0), rival[i]);
		ck_assert_msg(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL,
		    "a rival ended by itself: %d", status);
		swaps += score->swaps[i];
	}
	return swaps;
}

/* ---- time ----------------------------------------------------------------------------------------- */

static time_t now_s(void)
{
	struct timespec t;

	ck_assert_int_eq(clock_gettime(CLOCK_MONOTONIC, &t), 0);
	return t.tv_sec;
}

static time_t until_s(void)
{
	const char *s = getenv("RACE_SECONDS");

	return now_s() + (s == NULL ? 1 : strtol(s, NULL, 10));
}

/* ---- what must never happen ------------------------------------------------------------------------ */

static void setup(void)
{
	world_open(&w, 1);
	ck_assert_int_eq(mkdir(at(&w, "outside"), 0755), 0);
	ck_assert_int_eq(mkdir(at(&w, "a/done"), 0755), 0);
	put_text(&w, "outside/secret", SECRET);
	score =
	    mmap(NULL, sizeof(*score), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ck_assert_ptr_ne(score, MAP_FAILED);
}

static void check_outside(void)
{
	DIR *d = opendir(at(&w, "outside"));
	int entries = 0;

	ck_assert_ptr_nonnull(d);
	for (const struct dirent *e; (e = readdir(d)) != NULL;)
		entries += e->d_name[0] != '.';
	(void)closedir(d);
	ck_assert_msg(entries == 1, "something has come to a strange directory");
	check_text(&w, "outside/secret", SECRET);
	ck_assert_uint_eq(stat_of(&w, "outside/secret").st_mode, S_IFREG | 0644);
}

static void teardown(void)
{
	check_outside();
	(void)munmap(score, sizeof(*score));
	world_close(&w);
}

/* Of one letter, and all of it. */
static void check_whole(struct bytes code)
{
	ck_assert_uint_eq(code.n, GOOD_BYTES);
	for (size_t i = 0; i < code.n; i++)
		ck_assert_int_eq(code.p[i], code.p[0]);
}

static struct ident look(void)
{
	const struct fx_look fx = { .name = "x.py" };
	struct ident ident = { 0 };

	spools_look(w.s, &fx, &w.q);
	const struct ev_looked *ev = &evq_next(&w.q)->u.looked;
	if (ev->type == FILE_REGULAR)
		ident = ev->ident;
	evq_done(&w.q);
	return ident;
}

START_TEST(reading)
{
	unsigned long count[READ_FAILED + 1] = { 0 }, turns = 0;
	time_t end_s = until_s();

	race_begin(race);
	for (; now_s() < end_s || count[READ_OK] == 0; turns++) {
		struct fx_read fx = { .name = "x.py", .ident = look(), .bytes_max = 1 << 16 };
		spools_read(w.s, &fx, &w.q);
		const struct ev_read *ev = &evq_next(&w.q)->u.read;
		count[ev->result]++;
		if (ev->result == READ_OK)
			check_whole(ev->code);
		else
			ck_assert_ptr_null(ev->code.p);
		evq_done(&w.q);
	}
	unsigned long swaps = race_end();
	printf("race reading: %lu turns against %lu swaps: %lu read, %lu gone, %lu changed, %lu "
	       "refused, %lu failed\n",
	    turns, swaps, count[READ_OK], count[READ_GONE], count[READ_CHANGED],
	    count[READ_REFUSED], count[READ_FAILED]);
	ck_assert_uint_gt(swaps, 0);
}
END_TEST

/* Only the file that was looked at goes away; a stranger stays visible. */
START_TEST(disposing)
{
	unsigned long done = 0, strangers = 0, failed = 0, turns = 0;
	time_t end_s = until_s();

	race_begin(race);
	for (; now_s() < end_s || done == 0; turns++) {
		struct ident ident = look();
		struct fx_dispose fx = { .job = 1 + turns,
			.name = "x.py",
			.hidden = ".sparkspool-in",
			.ident = ident,
			.after = turns % 2 == 0 ? AFTER_DELETE : AFTER_MOVE,
			.move_to = "done" };
		if (ident.ino == 0 || ident.nlink != 1)
			continue;
		spools_dispose(w.s, &fx, &w.q);
		const struct ev_disposed *ev = &evq_next(&w.q)->u.disposed;
		done += ev->err == 0 && !ev->stranger;
		strangers += ev->stranger;
		failed += ev->err != 0;
		evq_done(&w.q);
	}
	unsigned long swaps = race_end();
	printf(
	    "race disposing: %lu turns against %lu swaps: %lu disposed of, %lu strangers put back, "
	    "%lu failed\n",
	    turns, swaps, done, strangers, failed);
}
END_TEST

static int publish_one(uint64_t job, int dir)
{
	const struct fx_append append = { .job = job, .part = 1, .data = { "growing", 7 } };
	const struct result_file file[] = {
		{ .name = "x.py.out", .part = 1, .part_bytes = 7 },
		{ .name = "x.py.json", .data = { "{}", 2 } },
	};
	struct fx_stage stage = { .job = job,
		.file = file,
		.count = 2,
		.input = { .uid = geteuid(), .gid = getegid(), .mode = S_IFREG | 0644 } };
	int err;

	output_append(dir, &append, &w.q);
	err = evq_next(&w.q)->u.appended.err;
	if (err == 0) {
		output_stage(dir, &stage, &w.q);
		const struct ev_staged *ev = &evq_next(&w.q)->u.staged;
		err = ev->err;
		if (err == 0) {
			struct fx_publish fx = { .job = job, .file = ev->file, .count = ev->count };
			output_publish(dir, &fx, &w.q);
			err = evq_next(&w.q)->u.published.err;
		}
	}
	evq_done(&w.q);
	return err;
}

/* What is written lands in a file of ours and nowhere else, whatever has its name. */
START_TEST(writing)
{
	unsigned long published = 0, refused = 0, turns = 0;
	time_t end_s = until_s();
	int dir = spools_dirfd(w.s, 0);

	race_begin(race);
	for (; now_s() < end_s || published == 0; turns++) {
		int err = publish_one(1 + turns, dir);
		published += err == 0;
		refused += err != 0;
		/* As somebody who takes his results away. */
		(void)unlinkat(dir, "x.py.out", 0);
		(void)unlinkat(dir, "x.py.json", 0);
		if (err == EEXIST) {
			(void)unlinkat(dir, "x.py.out", AT_REMOVEDIR);
			(void)unlinkat(dir, "x.py.json", AT_REMOVEDIR);
		}
	}
	unsigned long swaps = race_end();
	printf("race writing: %lu turns against %lu swaps: %lu published, %lu refused\n", turns,
	    swaps, published, refused);
}
END_TEST

/* Published, and taken away again as what is old is. */
static int publish_below(uint64_t job, int dir, unsigned long fate[OLD_FAILED + 1])
{
	const struct result_file file[] = {
		{ .name = "x.py.out", .data = { "out", 3 } },
		{ .name = "x.py.files/d/t.txt", .data = { "left", 4 } },
		{ .name = "x.py.json", .data = { "{}", 2 } },
	};
	struct fx_stage stage = { .job = job,
		.file = file,
		.count = ARRAY_LEN(file),
		.input = { .uid = geteuid(), .gid = getegid(), .mode = S_IFREG | 0644 } };

	output_stage(dir, &stage, &w.q);
	const struct ev_staged *ev = &evq_next(&w.q)->u.staged;
	int err = ev->err;
	if (err == 0) {
		struct fx_publish fx = { .job = job, .file = ev->file, .count = ev->count };
		output_publish(dir, &fx, &w.q);
		err = evq_next(&w.q)->u.published.err;
	}
	check_outside(); /* before it would go again */
	if (err == 0) {
		const struct old_job old = { .job = job, .file = ev->file, .count = ev->count };
		const struct fx_expire fx = { .job = &old, .count = 1 };
		output_expire(dir, &fx, &w.q);
		fate[evq_next(&w.q)->u.expired.job[0].fate]++;
	}
	evq_done(&w.q);
	return err;
}

/* Nothing comes through a directory that was swapped for a link. */
START_TEST(directories)
{
	unsigned long published = 0, refused = 0, turns = 0, fate[OLD_FAILED + 1] = { 0 };
	time_t end_s = until_s();
	int dir = spools_dirfd(w.s, 0);

	race_begin(race_for_directories);
	for (; now_s() < end_s || published == 0; turns++) {
		int err = publish_below(1 + turns, dir, fate);
		published += err == 0;
		refused += err != 0;
		/* As somebody who puts in order what is in the way. */
		(void)unlinkat(dir, "x.py.out", 0);
		(void)unlinkat(dir, "x.py.json", 0);
		if (err != 0) {
			char *away = xasprintf(".away-%lu", turns);
			(void)unlinkat(dir, "x.py.out", AT_REMOVEDIR);
			(void)unlinkat(dir, "x.py.json", AT_REMOVEDIR);
			(void)renameat(dir, "x.py.files", dir, away);
			free(away);
		}
	}
	unsigned long swaps = race_end();
	printf("race directories: %lu turns against %lu swaps: %lu published, of these %lu gone "
	       "again, %lu kept, %lu failed; %lu refused\n",
	    turns, swaps, published, fate[OLD_GONE], fate[OLD_KEPT], fate[OLD_FAILED], refused);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("race");
	TCase *tc = tcase_create("race");

	tcase_set_timeout(tc, 600);
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, reading);
	tcase_add_test(tc, disposing);
	tcase_add_test(tc, writing);
	tcase_add_test(tc, directories);
	suite_add_tcase(s, tc);
	return help_run(s);
}
