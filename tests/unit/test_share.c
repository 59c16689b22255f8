/* test_share: whose turn is next: priorities, owners, spools; and how many of them at once. */
#include "world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MINUTES INT64_C(60000)
#define HOURS (60 * MINUTES)

static struct world *w;

static void setup(void)
{
	w = world_new();
	w->pool[0].owners = OWNERS_SHARED;
	w->pool[0].max = 1;
}

static void teardown(void)
{
	world_free(w);
}

static size_t running(void)
{
	return core_counts(w->core).running;
}

static size_t done(void)
{
	return core_counts(w->core).done[STATUS_OK];
}

/* One file runs, so that what comes now waits. */
static void occupy(void)
{
	world_begin(w);
	world_put(w, "first.py", "sleep 30000");
	world_until(w, MINUTES, running() == 1);
}

static void put(size_t spool, const char *name, uint32_t uid)
{
	world_put_in(w, spool, name, name)->ident.uid = uid;
	world_run(w, 10);
}

static void put_says(const char *name, const char *says)
{
	char *code = xasprintf("# sparkspool: %s\nprint %s", says, name);
	world_put(w, name, code);
	world_run(w, 10);
	free(code);
}

/* The names of the files that ran after the first, in their order, without their suffix. */
static void ran_in_order(const char *expected)
{
	struct buf out;
	buf_init(&out, 4096);
	for (size_t i = 1; i < w->server[0].ran_count; i++) {
		const char *code = w->server[0].ran[i];
		const char *name = strstr(code, "print ");
		name = name == NULL ? code : name + 6;
		(void)buf_addf(&out, "%s%.*s", i == 1 ? "" : " ", (int)strcspn(name, "."), name);
	}
	ck_assert_str_eq(out.data, expected);
	buf_fini(&out);
}

/* ---- priorities ----------------------------------------------------------------------------- */

START_TEST(the_higher_priority_first)
{
	occupy();
	put_says("a.py", "name=a");
	put_says("b.py", "priority=-3");
	put_says("c.py", "priority=5");
	put_says("d.py", "name=d");
	put_says("e.py", "priority=5");
	put_says("f.py", "priority=100");
	world_until(w, 10 * MINUTES, done() == 7);
	ran_in_order("f c e a d b");
}
END_TEST

/* They stand in the files, and the files are still there. */
START_TEST(also_after_a_restart)
{
	occupy();
	put_says("a.py", "name=a");
	put_says("b.py", "priority=1");
	put_says("c.py", "priority=2");
	world_crash(w);
	world_until(w, 10 * MINUTES, done() == 4);
	ran_in_order("c b a");
}
END_TEST

START_TEST(what_its_spool_says)
{
	size_t other = world_add_spool(w, "other", 0);
	w->spool[other].priority = 10;
	occupy();
	put_says("a.py", "name=a");
	put(other, "b.py", WORLD_UID);
	put_says("c.py", "priority=11");
	put(other, "d.py", WORLD_UID);
	world_until(w, 10 * MINUTES, done() == 5);
	ran_in_order("c b d a");
}
END_TEST

START_TEST(another_one_since_a_reload)
{
	size_t other = world_add_spool(w, "other", 0);
	occupy();
	put_says("a.py", "name=a");
	put_says("b.py", "priority=7");
	put(other, "c.py", WORLD_UID);
	w->spool[other].priority = 5;
	w->spool[0].priority_max = 3;
	world_reload(w);
	world_until(w, 10 * MINUTES, done() == 3);
	ran_in_order("c a");
	ck_assert(world_recorded(w, "b.py", "rejected"));
	ck_assert_ptr_nonnull(strstr(world_text(w, "b.py.json"),
	    "it is higher than the setting spool.in.priority_max, which is 3"));
}
END_TEST

START_TEST(what_is_rewritten_says_it_anew)
{
	occupy();
	put_says("a.py", "priority=9");
	put_says("b.py", "priority=5");
	world_write(w, "a.py", "# sparkspool: name=x\nprint a.py again");
	world_until(w, 10 * MINUTES, done() == 3);
	ran_in_order("b a");
}
END_TEST

/* Only its first lines are looked at, whatever lies behind them. */
START_TEST(of_a_large_file)
{
	const size_t n = 200000;
	char *code = xmalloc(n + 1);
	for (size_t i = 0; i < n; i += 2)
		memcpy(code + i, "\xc3\xa4", 2);
	code[n] = '\0';
	memcpy(code, "# sparkspool: priority=5\nprint b.\n##", 36);
	occupy();
	put_says("a.py", "name=a");
	world_put(w, "b.py", code);
	world_run(w, 10);
	world_until(w, 10 * MINUTES, done() == 3);
	ran_in_order("b a");
	free(code);
}
END_TEST

/* It waits as any other; what is wrong with it is said at its turn. */
START_TEST(a_head_that_cannot_be_understood)
{
	occupy();
	put_says("a.py", "name=a");
	put_says("b.py", "priority=5 colour=red");
	world_put(w, "c.py", "\xff\xfe");
	world_until(w, 10 * MINUTES, done() == 2 && world_done(w, "c.py"));
	ck_assert(world_recorded(w, "b.py", "rejected"));
	ck_assert(world_recorded(w, "c.py", "rejected"));
}
END_TEST

/* A few at a time, and each once. */
START_TEST(many_heads)
{
	occupy();
	char name[16];
	for (int i = 0; i < 200; i++) {
		(void)snprintf(name, sizeof(name), "%03d.py", i);
		world_put(w, name, i == 150 ? "# sparkspool: priority=1\nprint z." : "print y.");
	}
	world_run(w, 1000);
	int heads = 0;
	for (const char *p = w->trace.data; (p = strstr(p, "head ")) != NULL; p++)
		heads++;
	ck_assert_int_eq(heads, 201);
	world_until(w, 10 * MINUTES, done() == 2);
	ran_in_order("z");
}
END_TEST

START_TEST(no_heads_where_they_say_nothing)
{
	w->spool[0].allow = CONF_ALLOW(KEY_TIMEOUT);
	occupy();
	put(0, "a.py", WORLD_UID);
	world_run(w, 1000);
	ck_assert_ptr_null(strstr(w->trace.data, "head "));
}
END_TEST

/* ---- owners and spools ---------------------------------------------------------------------- */

START_TEST(owners_take_turns)
{
	occupy();
	put(0, "a1.py", 1);
	put(0, "a2.py", 1);
	put(0, "a3.py", 1);
	put(0, "b1.py", 2);
	put(0, "b2.py", 2);
	put(0, "c1.py", 3);
	world_until(w, 10 * MINUTES, done() == 7);
	ran_in_order("a1 b1 c1 a2 b2 a3");
}
END_TEST

/* Nobody is kept out by somebody who never stops. */
START_TEST(a_flood_starves_nobody)
{
	char name[16];
	occupy();
	for (int i = 0; i < 50; i++) {
		(void)snprintf(name, sizeof(name), "a%d.py", i);
		put(0, name, 1);
	}
	put(0, "b.py", 2);
	world_until(w, 10 * MINUTES, world_done(w, "b.py"));
	ck_assert_uint_le(done(), 4);
}
END_TEST

/* Who has fewer places gets the next one, however long ago the others were served. */
#define OWNERS 300
#define FLOOD 600 /* files of the first of them; of each other one there are OWN */
#define OWN 3

/* How many files of the owner of this file have begun, with this one. */
static size_t begun(const char *code, size_t of[OWNERS], size_t *owner)
{
	*owner = (size_t)strtoul(code + 1, NULL, 10);
	ck_assert(code[0] == 'u' && *owner < OWNERS);
	return ++of[*owner];
}

/* Nobody is two files ahead of one who still waits, at no time, however many there are. */
START_TEST(hundreds_of_owners)
{
	size_t of[OWNERS] = { 0 };
	size_t owner;
	w->pool[0].max = 4;
	occupy();
	for (size_t i = 0; i < FLOOD + (OWNERS - 1) * OWN; i++) {
		size_t k = i < FLOOD ? 0 : 1 + (i - FLOOD) % (OWNERS - 1);
		char *name = xasprintf("u%zu-%zu.py", k, i);
		world_put_in(w, 0, name, name)->ident.uid = WORLD_UID + (uint32_t)k;
		free(name);
	}
	world_until(w, 24 * HOURS, done() == 1 + FLOOD + (OWNERS - 1) * OWN);
	size_t before = 1; /* what was occupied, and what began before the others were there */
	while (before < 8 && strncmp(w->server[0].ran[before], "u0-", 3) == 0)
		before++;
	for (size_t i = before; i < w->server[0].ran_count; i++) {
		size_t n = begun(w->server[0].ran[i], of, &owner);
		for (size_t k = 1; k < OWNERS; k++)
			ck_assert_msg(of[k] + 1 >= n || of[k] == OWN,
			    "%zu of owner %zu have begun, %zu of %zu", n, owner, of[k], k);
	}
	ck_assert_uint_eq(of[0] + before - 1, FLOOD);
}
END_TEST

START_TEST(places_are_shared)
{
	w->pool[0].max = 4;
	world_begin(w);
	char name[16];
	for (int i = 0; i < 8; i++) {
		(void)snprintf(name, sizeof(name), "a%d.py", i);
		world_put(w, name, "sleep 600000")->ident.uid = 1;
	}
	world_until(w, MINUTES, running() == 4);
	world_put(w, "b.py", "print b")->ident.uid = 2;
	world_put(w, "c.py", "print c")->ident.uid = 2;
	world_until(w, 15 * MINUTES, world_done(w, "b.py") && world_done(w, "c.py"));
	ck_assert_uint_le(done(), 3 + 2);
}
END_TEST

START_TEST(spools_of_one_owner_take_turns)
{
	size_t other = world_add_spool(w, "other", 0);
	occupy();
	put(0, "a1.py", WORLD_UID);
	put(0, "a2.py", WORLD_UID);
	put(0, "a3.py", WORLD_UID);
	put(other, "b1.py", WORLD_UID);
	put(other, "b2.py", WORLD_UID);
	world_until(w, 10 * MINUTES, done() == 6);
	ran_in_order("b1 a1 b2 a2 a3");
}
END_TEST

START_TEST(by_their_weights)
{
	size_t other = world_add_spool(w, "other", 0);
	w->spool[other].weight = 3;
	occupy();
	char name[16];
	for (int i = 0; i < 8; i++) {
		(void)snprintf(name, sizeof(name), "a%d.py", i);
		put(0, name, WORLD_UID);
		(void)snprintf(name, sizeof(name), "b%d.py", i);
		put(other, name, WORLD_UID);
	}
	world_until(w, 10 * MINUTES, done() == 9);
	int of_other = 0;
	for (size_t i = 1; i < 9; i++)
		of_other += w->server[0].ran[i][0] == 'b';
	ck_assert_int_eq(of_other, 6);
}
END_TEST

/* ---- limits --------------------------------------------------------------------------------- */

static void put_ten(uint32_t uid)
{
	char name[24];
	for (int i = 0; i < 10; i++) {
		(void)snprintf(name, sizeof(name), "u%u-%d.py", uid, i);
		world_put(w, name, "sleep 5000")->ident.uid = uid;
	}
}

static size_t running_of(uint32_t uid)
{
	size_t n = 0;
	for (size_t i = 0; i < w->ledger.jobs; i++) {
		const struct job_rec *rec = &w->ledger.job[i].rec;
		n += rec->ident.uid == uid &&
		     (rec->state == JOB_SENDING || rec->state == JOB_RUNNING);
	}
	return n;
}

START_TEST(of_a_spool)
{
	w->pool[0].max = 4;
	w->spool[0].running_max = 2;
	world_begin(w);
	put_ten(1);
	size_t most = 0;
	while (done() < 10 && world_turn(w, w->now.mono_ms + HOURS)) {
		ck_assert_uint_le(running(), 2);
		most = running() > most ? running() : most;
	}
	ck_assert_uint_eq(done(), 10);
	ck_assert_uint_eq(most, 2);
	ck_assert_int_eq(w->server[0].created, 2); /* none for whom it could not serve */
}
END_TEST

/* _i: as the spool says, or as the pool does. */
START_TEST(of_an_owner)
{
	w->pool[0].max = 4;
	w->spool[0].owner_running_max = _i == 0 ? 1 : 0;
	w->pool[0].owner_running_max = _i == 1 ? 1 : 0;
	world_begin(w);
	put_ten(1);
	put_ten(2);
	size_t most = 0;
	while (done() < 20 && world_turn(w, w->now.mono_ms + HOURS)) {
		ck_assert_uint_le(running_of(1), 1);
		ck_assert_uint_le(running_of(2), 1);
		most = running() > most ? running() : most;
	}
	ck_assert_uint_eq(done(), 20);
	ck_assert_uint_eq(most, 2);
}
END_TEST

/* What may not go now holds up nothing that may: not even at max, where it would claim a session. */
START_TEST(a_limit_claims_nothing)
{
	size_t other = world_add_spool(w, "other", 0);
	w->spool[0].running_max = 1;
	w->pool[0].max = 2;
	world_begin(w);
	world_put(w, "a.py", "sleep 600000");
	world_put_in(w, other, "b.py", "sleep 5000");
	world_until(w, MINUTES, running() == 2);
	world_put(w, "c.sql", "select 1");
	world_run(w, 10);
	world_put_in(w, other, "d.py", "print d");
	world_until(w, 2 * MINUTES, done() == 2);
	ck_assert_int_eq(w->server[0].created, 2);
	world_until(w, 15 * MINUTES, world_done(w, "c.sql"));
}
END_TEST

START_TEST(a_limit_that_was_lifted)
{
	w->pool[0].max = 4;
	w->spool[0].running_max = 1;
	world_begin(w);
	put_ten(1);
	world_until(w, MINUTES, running() == 1);
	w->spool[0].running_max = 0;
	world_reload(w);
	world_until(w, MINUTES, running() == 4);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("share");
	TCase *t = tcase_create("priority");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, the_higher_priority_first);
	tcase_add_test(t, also_after_a_restart);
	tcase_add_test(t, what_its_spool_says);
	tcase_add_test(t, another_one_since_a_reload);
	tcase_add_test(t, what_is_rewritten_says_it_anew);
	tcase_add_test(t, of_a_large_file);
	tcase_add_test(t, a_head_that_cannot_be_understood);
	tcase_add_test(t, many_heads);
	tcase_add_test(t, no_heads_where_they_say_nothing);
	suite_add_tcase(s, t);
	t = tcase_create("shares");
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, owners_take_turns);
	tcase_add_test(t, a_flood_starves_nobody);
	tcase_add_test(t, hundreds_of_owners);
	tcase_add_test(t, places_are_shared);
	tcase_add_test(t, spools_of_one_owner_take_turns);
	tcase_add_test(t, by_their_weights);
	suite_add_tcase(s, t);
	t = tcase_create("limits");
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, of_a_spool);
	tcase_add_loop_test(t, of_an_owner, 0, 2);
	tcase_add_test(t, a_limit_claims_nothing);
	tcase_add_test(t, a_limit_that_was_lifted);
	suite_add_tcase(s, t);
	return help_run(s);
}
