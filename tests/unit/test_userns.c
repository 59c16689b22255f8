/* test_userns: who is hidden, in this user namespace and in one of our own. */
#include "help.h"

#include "base/userns.h"
#include "base/util.h"
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* As far as nobody has put us into another one: then the map says which ids there are. */
START_TEST(as_it_is)
{
	char *map = help_read_file("/proc/self/uid_map", NULL);
	bool whole = strstr(map, "4294967295") != NULL;

	ck_assert(userns_shows_user(geteuid()));
	ck_assert(userns_shows_group(getegid()));
	if (whole)
		ck_assert(userns_shows_user(USERNS_NOBODY) && userns_shows_group(12345));
	free(map);
}
END_TEST

START_TEST(in_one_of_root_alone)
{
	if (geteuid() != 0 || str_eq(getenv("CK_FORK"), "no") || !help_hide_others())
		return;
	ck_assert(userns_shows_user(0) && userns_shows_group(0));
	ck_assert(!userns_shows_user(1) && !userns_shows_user(12345));
	ck_assert(!userns_shows_user(USERNS_NOBODY) && !userns_shows_group(USERNS_NOBODY));
	ck_assert(!userns_shows_group(UINT32_MAX));
}
END_TEST

int main(void)
{
	Suite *s = suite_create("userns");
	TCase *t = tcase_create("userns");

	tcase_add_test(t, as_it_is);
	tcase_add_test(t, in_one_of_root_alone);
	suite_add_tcase(s, t);
	return help_run(s);
}
