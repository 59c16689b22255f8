/* test_script: what is known of a file that runs as a process: its phases, its parts and their heads. */
#include "help.h"

#include "core/script.h"
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct script *sc;

static void setup(void)
{
	sc = script_new(1000);
}

static void teardown(void)
{
	script_free(sc);
}

static struct bytes text(const char *s)
{
	return (struct bytes){ .p = s, .n = strlen(s) };
}

START_TEST(begins_with_out_and_err)
{
	ck_assert_int_eq(sc->phase, SCRIPT_START);
	ck_assert_uint_eq(sc->part_count, 2);
	ck_assert_str_eq(sc->part[0].name, "out");
	ck_assert_str_eq(sc->part[1].name, "err");
	ck_assert_int_eq(sc->since_ms, 1000);
	ck_assert_int_eq(sc->due_ms, 1000);
	ck_assert_int_eq(sc->limit_ms, INT64_MAX);
	ck_assert(!sc->maybe && !sc->asked && !sc->put);
	ck_assert(script_is_fetched(sc));
}
END_TEST

START_TEST(nothing_is_freed_as_well)
{
	script_free(NULL);
	sc->report = xstrdup("{}");
	sc->modules = xstrdup("[]");
	sc->modules_hash = xstrdup("00");
	ck_assert_ptr_nonnull(script_part(sc, "csv"));
	script_keep(sc, script_part(sc, "csv"), text("a"));
}
END_TEST

/* ---- phases ----------------------------------------------------------------------------------- */

static const struct {
	enum script_phase from;
	enum script_phase to;
	bool legal;
} moves[] = {
	{ SCRIPT_START, SCRIPT_BAR, true },
	{ SCRIPT_START, SCRIPT_RUN, true },
	{ SCRIPT_BAR, SCRIPT_RUN, true },
	{ SCRIPT_RUN, SCRIPT_FETCH, true },
	{ SCRIPT_FETCH, SCRIPT_KEPT, true },
	{ SCRIPT_START, SCRIPT_START, false },
	{ SCRIPT_RUN, SCRIPT_BAR, false },
	{ SCRIPT_RUN, SCRIPT_START, false },
	{ SCRIPT_KEPT, SCRIPT_FETCH, false },
};

static void move(int i)
{
	sc->phase = moves[i].from;
	script_move(sc, moves[i].to, 5000);
	ck_assert_int_eq(sc->phase, moves[i].to);
	ck_assert_int_eq(sc->since_ms, 5000);
}

START_TEST(forward)
{
	move(_i);
}
END_TEST

START_TEST(never_back)
{
	move(_i);
}
END_TEST

/* ---- names ------------------------------------------------------------------------------------ */

static const struct {
	const char *name;
	bool good;
} names[] = {
	{ "out", true },
	{ "err", true },
	{ "csv", true },
	{ "1.png", true },
	{ "999.png", true },
	{ "files/a", true },
	{ "files/a/b.txt", true },
	{ "files/.hidden", true },
	{ "files/...", true },
	{ "files/a b\xC3\xA9", true },
	{ "", false },
	{ "json", false },
	{ "html", false },
	{ "Out", false },
	{ "out ", false },
	{ "out/x", false },
	{ "png", false },
	{ ".png", false },
	{ "a.png", false },
	{ "1.png.", false },
	{ "1.PNG", false },
	{ "1000.png", false },
	{ "1.png/x", false },
	{ "-1.png", false },
	{ "files", false },
	{ "files/", false },
	{ "files//a", false },
	{ "files/a/", false },
	{ "files/a//b", false },
	{ "files/.", false },
	{ "files/..", false },
	{ "files/../x", false },
	{ "files/a/../../x", false },
	{ "files/a/./b", false },
	{ "files/a/..", false },
	{ "/files/a", false },
	{ "/etc/passwd", false },
	{ "../x", false },
	{ "Files/a", false },
};

START_TEST(what_may_become_a_file)
{
	const char *name = names[_i].name;
	const struct script_part *part = script_part(sc, name);
	ck_assert_msg((part != NULL) == names[_i].good, "'%s'", name);
	if (part == NULL) {
		ck_assert_uint_eq(sc->part_count, 2);
		return;
	}
	ck_assert_str_eq(part->name, name);
	ck_assert_int_eq(part->at + part->bytes + part->cut, 0);
	ck_assert(!part->busy);
	ck_assert_ptr_eq(script_part(sc, name), part); /* the same again */
}
END_TEST

/* "files/" and so many bytes in components of so many. */
static char *long_name(size_t n, size_t component)
{
	char *name = xcalloc(6 + n + 1, 1);
	memcpy(name, "files/", 6);
	for (size_t i = 0; i < n; i++)
		name[6 + i] = i % (component + 1) == component ? '/' : 'a';
	return name;
}

static const struct {
	size_t bytes;
	size_t component;
	bool good;
} lengths[] = {
	{ 255, 300, true },
	{ 256, 300, false },
	{ 1018, 200, true },
	{ 1019, 200, false },
	{ 511, 255, true },
	{ 513, 256, false },
};

START_TEST(names_have_an_end)
{
	char *name = long_name(lengths[_i].bytes, lengths[_i].component);
	ck_assert_int_eq(script_part(sc, name) != NULL, lengths[_i].good);
	free(name);
}
END_TEST

START_TEST(parts_have_a_limit)
{
	char name[32];
	for (size_t i = sc->part_count; i < SCRIPT_PARTS_MAX; i++) {
		(void)snprintf(name, sizeof(name), "files/%zu", i);
		ck_assert_ptr_nonnull(script_part(sc, name));
	}
	ck_assert_ptr_null(script_part(sc, "files/more"));
	ck_assert_ptr_null(script_part(sc, "csv"));
	ck_assert_ptr_eq(script_part(sc, "files/2"), &sc->part[2]);
	ck_assert_uint_eq(sc->part_count, SCRIPT_PARTS_MAX);
}
END_TEST

/* ---- heads ------------------------------------------------------------------------------------ */

static void keep(struct script_part *part, const char *s)
{
	script_keep(sc, part, text(s));
	part->at += (int64_t)strlen(s);
}

static void head_is(const struct script_part *part, const char *s)
{
	ck_assert_uint_eq(part->head_bytes, strlen(s));
	ck_assert(strlen(s) == 0 || memcmp(part->head, s, strlen(s)) == 0);
}

START_TEST(pieces_make_a_head)
{
	keep(&sc->part[0], "one ");
	keep(&sc->part[0], "");
	keep(&sc->part[0], "two");
	head_is(&sc->part[0], "one two");
	head_is(&sc->part[1], "");
}
END_TEST

/* An append has failed: it begins anew. */
START_TEST(a_head_begins_anew)
{
	keep(&sc->part[0], "one ");
	keep(&sc->part[0], "two");
	sc->part[0].at = 0;
	keep(&sc->part[0], "one");
	head_is(&sc->part[0], "one");
}
END_TEST

/* The page was only asked for while it ran: no head without its beginning. */
START_TEST(no_head_from_the_middle)
{
	sc->part[0].at = 100;
	keep(&sc->part[0], "later");
	head_is(&sc->part[0], "");
	ck_assert_ptr_null(sc->part[0].head);
}
END_TEST

static const struct {
	const char *name;
	size_t kept;
} ceilings[] = {
	{ "out", SCRIPT_HEAD_BYTES },
	{ "err", SCRIPT_HEAD_BYTES },
	{ "csv", SCRIPT_HEAD_BYTES },
	{ "1.png", SCRIPT_PICTURE_BYTES },
	{ "files/a", 0 },
	{ "files/1.png", 0 },
};

START_TEST(heads_have_a_ceiling)
{
	struct script_part *part = script_part(sc, ceilings[_i].name);
	char piece[1000];
	for (size_t i = 0; i < 3000; i++) {
		memset(piece, (int)('a' + i % 26), sizeof(piece));
		script_keep(sc, part, (struct bytes){ piece, sizeof(piece) });
		part->at += (int64_t)sizeof(piece);
	}
	ck_assert_uint_eq(part->head_bytes, ceilings[_i].kept);
	for (size_t i = 0; i < part->head_bytes; i++)
		ck_assert_int_eq(part->head[i], (char)('a' + i / 1000 % 26));
}
END_TEST

/* A thousand pictures are not kept for a page that shows some. */
START_TEST(pictures_have_one_together)
{
	char piece[1000] = { 0 };
	char name[32];
	size_t all = 0;
	for (int i = 1; i <= 40; i++) {
		(void)snprintf(name, sizeof(name), "%d.png", i);
		struct script_part *part = script_part(sc, name);
		for (int k = 0; k < 1500; k++) {
			script_keep(sc, part, (struct bytes){ piece, sizeof(piece) });
			part->at += (int64_t)sizeof(piece);
		}
		ck_assert(part->head_bytes == 0 || part->head_bytes == 1500000);
		all += part->head_bytes;
	}
	ck_assert_uint_le(all, SCRIPT_PICTURES_BYTES);
	ck_assert_uint_ge(all, SCRIPT_PICTURES_BYTES - 2 * SCRIPT_PICTURE_BYTES);
}
END_TEST

/* ---- what a spool takes -------------------------------------------------------------------------- */

static const struct conf_spool takes = { .output_bytes_max = 100, .files_bytes_max = 50 };

static const struct {
	const char *name;
	int64_t at, told, cut;
	int64_t bytes, lost;
} sizes[] = {
	{ "out", 0, 100, 0, 100, 0 },
	{ "out", 0, 101, 0, 100, 1 },
	{ "err", 0, 101, 5, 100, 6 },
	{ "csv", 20, 200, 0, 100, 100 },
	{ "csv", 150, 200, 0, 150, 50 }, /* the limit was another one then */
	{ "csv", 150, 10, 0, 10, 0 },
	{ "files/a", 0, 51, 0, 50, 1 },
	{ "1.png", 0, SCRIPT_PICTURES_MAX + 1, 0, SCRIPT_PICTURES_MAX, 1 },
	{ "csv", 0, INT64_MAX, 0, 100, INT64_MAX / 4 },
	{ "csv", 0, INT64_MAX, INT64_MAX, 100, INT64_MAX / 4 },
	{ "csv", 0, 7, INT64_MAX, 7, INT64_MAX / 4 },
};

START_TEST(no_longer_than_its_limit)
{
	struct script_part *part = script_part(sc, sizes[_i].name);
	part->at = sizes[_i].at;
	for (int i = 0; i < 2; i++) {
		script_tell(sc, part, sizes[_i].told, sizes[_i].cut, &takes);
		ck_assert_int_eq(part->bytes, sizes[_i].bytes);
		ck_assert_int_eq(part->cut, sizes[_i].lost);
	}
}
END_TEST

START_TEST(no_more_than_all_may_have)
{
	script_tell(sc, script_part(sc, "files/a"), 30, 0, &takes);
	script_tell(sc, script_part(sc, "files/b"), 30, 0, &takes);
	script_tell(sc, script_part(sc, "files/c"), 1, 0, &takes);
	script_tell(sc, script_part(sc, "out"), 100, 0, &takes);
	for (int i = 1; i <= 3; i++) {
		char name[16];
		(void)snprintf(name, sizeof(name), "%d.png", i);
		script_tell(sc, script_part(sc, name), 30 << 20, 0, &takes);
	}
	ck_assert_int_eq(script_part(sc, "files/a")->bytes, 30);
	ck_assert_int_eq(script_part(sc, "files/b")->bytes, 20);
	ck_assert_int_eq(script_part(sc, "files/c")->bytes, 0);
	ck_assert_int_eq(script_part(sc, "out")->bytes, 100);
	ck_assert_int_eq(script_part(sc, "2.png")->bytes, 30 << 20);
	ck_assert_int_eq(script_part(sc, "3.png")->bytes, 4 << 20);
	ck_assert_int_eq(script_part(sc, "3.png")->cut, 26 << 20);
}
END_TEST

/* Of bytes of which nothing was told, too. */
START_TEST(pieces_end_at_the_limit)
{
	struct script_part *csv = script_part(sc, "csv");
	script_tell(sc, csv, 10, 0, &takes);
	ck_assert_uint_eq(script_take(sc, csv, 60, &takes), 60);
	ck_assert_int_eq(csv->bytes, 60);
	csv->at = 60;
	ck_assert_int_eq(csv->cut, 0);
	ck_assert_uint_eq(script_take(sc, csv, 60, &takes), 40);
	ck_assert_int_eq(csv->bytes, 100);
	ck_assert_int_eq(csv->cut, 20);
	csv->at = 100;
	ck_assert_uint_eq(script_take(sc, csv, 60, &takes), 0);
	ck_assert_int_eq(csv->cut, 20);
	csv->at = 150;
	ck_assert_uint_eq(script_take(sc, csv, 1, &takes), 0);
}
END_TEST

/* ---- what is missing, and when to ask ----------------------------------------------------------- */

START_TEST(fetched_is_when_nothing_is_missing)
{
	struct script_part *csv = script_part(sc, "csv");
	ck_assert(script_is_fetched(sc));
	csv->bytes = 10;
	ck_assert(!script_is_fetched(sc));
	csv->at = 9;
	ck_assert(!script_is_fetched(sc));
	csv->at = 10;
	ck_assert(script_is_fetched(sc));
	csv->cut = 99; /* what a limit has dropped will never come */
	ck_assert(script_is_fetched(sc));
	csv->busy = true;
	ck_assert(!script_is_fetched(sc));
}
END_TEST

static const struct {
	int64_t age_ms;
	int64_t pause_ms;
} pauses[] = {
	{ 0, 50 },
	{ 407, 50 },
	{ 799, 99 },
	{ 808, 101 },
	{ 80000, 10000 },
	{ 959992, 119999 },
	{ 960000, 120000 },
	{ INT64_C(86400000) * 365, 120000 },
};

START_TEST(an_eighth_of_its_age)
{
	ck_assert_int_eq(script_pause_ms(sc, 1000 + pauses[_i].age_ms), pauses[_i].pause_ms);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("script");
	TCase *t = tcase_create("script");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, begins_with_out_and_err);
	tcase_add_test(t, nothing_is_freed_as_well);
	tcase_add_loop_test(t, forward, 0, 5);
	tcase_add_loop_test_raise_signal(t, never_back, SIGABRT, 5, ARRAY_LEN(moves));
	tcase_add_loop_test(t, what_may_become_a_file, 0, ARRAY_LEN(names));
	tcase_add_loop_test(t, names_have_an_end, 0, ARRAY_LEN(lengths));
	tcase_add_test(t, parts_have_a_limit);
	tcase_add_test(t, pieces_make_a_head);
	tcase_add_test(t, a_head_begins_anew);
	tcase_add_test(t, no_head_from_the_middle);
	tcase_add_loop_test(t, heads_have_a_ceiling, 0, ARRAY_LEN(ceilings));
	tcase_add_test(t, pictures_have_one_together);
	tcase_add_loop_test(t, no_longer_than_its_limit, 0, ARRAY_LEN(sizes));
	tcase_add_test(t, no_more_than_all_may_have);
	tcase_add_test(t, pieces_end_at_the_limit);
	tcase_add_test(t, fetched_is_when_nothing_is_missing);
	tcase_add_loop_test(t, an_eighth_of_its_age, 0, ARRAY_LEN(pauses));
	suite_add_tcase(s, t);
	return help_run(s);
}
