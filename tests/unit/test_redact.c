/* test_redact: what of a server's words is hidden, and what is not. */
#include "help.h"

#include "core/redact.h"
#include <stdlib.h>
#include <string.h>

static const struct {
	const char *password;
	const char *text;
	const char *shown; /* NULL: as it is */
} cases[] = {
	{ "Zq7-secret", "all is well", NULL },
	{ "Zq7-secret", "", NULL },
	{ "Zq7-secret", "it was Zq7-secret, twice Zq7-secretZq7-secret",
	    "it was ***, twice ******" },
	{ "Zq7-secret", "zq7-secret is another", NULL },
	/* base64 of "etl:Zq7-secret", of which other encoders leave the padding out */
	{ "Zq7-secret", "Authorization: Basic ZXRsOlpxNy1zZWNyZXQ=", "Authorization: Basic ***=" },
	{ "Zq7-secret", "ZXRsOlpxNy1zZWNyZXQ\\u003d", "***\\u003d" },
	{ "a\"b\\c/d", "JSON a\\\"b\\\\c\\/d and a\"b\\c/d", "JSON *** and ***" },
	{ "<a&b>'\"", "<p>&lt;a&amp;b&gt;&#39;&quot;</p>", "<p>***</p>" },
	{ "pw", "pw here, pw there", "*** here, *** there" },
	/* cut off by a limit on messages */
	{ "Zq7-secret", "the password is Zq7-s", "the password is ***" },
	{ "Zq7-secret", "the password is Zq7", NULL },
	{ "Zq7-secret", "Basic ZXRsOlpx", "Basic ***" },
	{ "Zq7-secret", "Zq7-sec and more", NULL },
	{ "f\xc3\xbcr", "f\xc3\xbcr alle", "*** alle" },
};

START_TEST(what_is_hidden)
{
	char password[64];
	char user[] = "etl";
	struct conf_endpoint e = { .auth = AUTH_BASIC, .user = user, .password = password };
	struct arena a;

	ck_assert_uint_lt(strlen(cases[_i].password), sizeof(password));
	memcpy(password, cases[_i].password, strlen(cases[_i].password) + 1);
	arena_init(&a);
	const char *shown = redact(&a, &e, cases[_i].text);
	if (cases[_i].shown == NULL)
		ck_assert_ptr_eq(shown, cases[_i].text);
	else
		ck_assert_str_eq(shown, cases[_i].shown);
	arena_fini(&a);
}
END_TEST

START_TEST(nothing_without_a_password)
{
	static const char text[] = "basic words";
	struct conf_endpoint none = { .auth = AUTH_NONE };
	struct conf_endpoint later = { .auth = AUTH_BASIC };
	struct arena a;

	arena_init(&a);
	ck_assert_ptr_eq(redact(&a, &none, text), text);
	ck_assert_ptr_eq(redact(&a, &later, text), text);
	arena_fini(&a);
}
END_TEST

/* A server's words may be as long as its answers, and the loop waits: each byte is looked at a few times,
 * and not some ten thousand times. That would take a minute, where this takes half a second. */
START_TEST(as_long_as_an_answer)
{
	char user[] = "etl", password[] = "secret";
	struct conf_endpoint e = { .auth = AUTH_BASIC, .user = user, .password = password };
	const size_t n = 32u << 20;
	char *text = xmalloc(n + 1);
	struct arena a;

	memset(text, 's', n);
	memcpy(text + n - 5, "secre", 6);
	arena_init(&a);
	const char *shown = redact(&a, &e, text);
	ck_assert_uint_eq(strlen(shown), n - 5 + 3);
	ck_assert_str_eq(shown + n - 6, "s***");
	arena_fini(&a);
	free(text);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("redact");
	TCase *t = tcase_create("redact");

	tcase_add_loop_test(t, what_is_hidden, 0, (int)ARRAY_LEN(cases));
	tcase_add_test(t, nothing_without_a_password);
	suite_add_tcase(s, t);
	t = tcase_create("long");
	tcase_add_test(t, as_long_as_an_answer);
	tcase_set_timeout(t, 20);
	suite_add_tcase(s, t);
	return help_run(s);
}
