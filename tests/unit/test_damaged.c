/* test_damaged: the recorded answers cut short, and with bytes changed at random: whatever comes,
 * nothing breaks, and what is said of it is text. */
#include "help.h"
#include "resulthelp.h"
#include "tape.h"

#include "core/source.h"
#include "core/text.h"
#include <stdlib.h>
#include <string.h>

#define DAMAGES 40 /* of each recorded body */

static void is_text(const char *s)
{
	ck_assert(!s || text_is_utf8(s, strlen(s)));
}

/* Whatever the bytes are: a verdict, strings that are text, nothing else on a refusal. */
static void is_sane(const struct livy_answer *a)
{
	ck_assert_uint_le(a->verdict, LIVY_GARBAGE);
	is_text(a->message);
	is_text(a->version);
	for (size_t i = 0; i < a->session_count; i++) {
		is_text(a->session[i].id);
		is_text(a->session[i].log);
		is_text(a->session[i].state_text);
	}
	if (a->message)
		ck_assert_uint_le(strlen(a->message), 500);
	if (a->verdict != LIVY_OK && a->verdict != LIVY_NO_STATEMENT) {
		ck_assert_ptr_nonnull(a->message);
		ck_assert_uint_eq(a->session_count, 0);
		ck_assert_ptr_null(a->statement.text);
	}
}

static void survive(enum call call, int status, struct bytes body)
{
	struct livy_answer a;
	struct bytes cut = { 0 };
	struct made m;

	tape_read(call, status, body, &a);
	is_sane(&a);
	livy_fini(&a);
	tape_read(CALL_STATEMENTS, 200, body, &a);
	is_sane(&a);
	livy_fini(&a);
	if (livy_cut_statement(body, 1, &cut))
		ck_assert(cut.p >= body.p && cut.p + cut.n <= body.p + body.n);
	ck_assert(!source_token_answer(KIND_SQL, body, "abc"));
	ck_assert(!source_token_answer(KIND_SPARK, body, "abc"));
	made_init(&m);
	enum job_status judged = result_judge(body).status;
	m.run.status = judged == STATUS_NONE ? STATUS_UNKNOWN : judged;
	made_build_bytes(&m, body);
	made_fini(&m);
}

/* A copy of its own size, so that a read beyond the end is seen by the sanitizers. */
static char *copy_of(const char *p, size_t n)
{
	char *copy = xmalloc(n > 0 ? n : 1);

	memcpy(copy, p, n);
	return copy;
}

START_TEST(truncated_bodies)
{
	struct tape *t = tape_load();

	for (size_t i = 0; i < t->count; i++) {
		const struct recording *r = &t->r[i];
		size_t step = r->body.n / DAMAGES + 1;

		for (size_t n = 0; n <= r->body.n; n += step) {
			char *copy = copy_of(r->body.p, n);

			survive(tape_call(r), r->status, (struct bytes){ .p = copy, .n = n });
			free(copy);
		}
	}
	tape_free(t);
}
END_TEST

static uint64_t next_random(uint64_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return *seed;
}

/* Characters that mean something to JSON, and any others. */
static char damage(uint64_t *seed)
{
	static const char meaning[] = "\"\\{}[],:0eE.-tfn u\n";
	uint64_t n = next_random(seed);

	return n % 2 ? meaning[n / 2 % (sizeof(meaning) - 1)] : (char)(n / 2 & 0xFF);
}

START_TEST(flipped_bytes)
{
	struct tape *t = tape_load();
	uint64_t seed = 20261122;

	for (size_t i = 0; i < t->count; i++) {
		const struct recording *r = &t->r[i];

		for (int k = 0; k < DAMAGES; k++) {
			char *copy = copy_of(r->body.p, r->body.n);

			for (uint64_t flips = next_random(&seed) % 4 + 1; flips > 0; flips--)
				copy[next_random(&seed) % r->body.n] = damage(&seed);
			survive(
			    tape_call(r), r->status, (struct bytes){ .p = copy, .n = r->body.n });
			free(copy);
		}
	}
	tape_free(t);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("damaged");
	TCase *t = tcase_create("damaged");

	tcase_add_test(t, truncated_bodies);
	tcase_add_test(t, flipped_bytes);
	tcase_set_timeout(t, 300);
	suite_add_tcase(s, t);
	return help_run(s);
}
