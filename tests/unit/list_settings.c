/* list_settings: one line a setting, "path TAB default", for tests/check_doc.sh. */
#include "base/util.h"
#include "edge/confload_table.h"
#include <stdio.h>
#include <stdlib.h>

/* A default that a user could not write is none to him, and one that depends on how it was built is
 * none that a page could name. */
static const char *default_of(const struct setting *row)
{
	if (row->fallback == NULL || str_eq(row->fallback, "-1") ||
	    (row->flags & SETTING_BUILT) != 0)
		return "";
	return row->fallback;
}

int main(void)
{
	size_t n;
	const struct setting *row = conftable(&n);

	for (size_t i = 0; i < n; i++)
		printf("%s\t%s\n", row[i].path, default_of(&row[i]));
	return fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
