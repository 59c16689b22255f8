/* show: what is written for others to read of a world in which much is going on: show metrics|board. */
#include "../unit/world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MINUTES INT64_C(60000)

static void put_first(struct world *w)
{
	world_put(w, "turnover.py", "work");
	world_put(w, "rate.py", "fail");
	world_put(w, "<b>a \"name\" & its 'tricks'<b>\n.py", "work");
	world_put(w,
	    "a-name-of-many-letters-that-does-not-fit-on-a-narrow-screen-without-being-broken.py",
	    "work");
	world_put_in(w, 1, "nightly \\ load.py", "work");
	world_put_in(w, 1, "lost.py", "die 100");
}

static void put_then(struct world *w)
{
	char name[64];
	for (int i = 0; i < 6; i++) {
		snprintf(name, sizeof(name), "long-%d.py", i);
		world_put(w, name, "sleep 36000000");
	}
	for (int i = 0; i < 120; i++) {
		snprintf(name, sizeof(name), "waits-%03d.py", i);
		world_put(w, name, "work");
	}
}

static struct world *world_in_motion(void)
{
	struct world *w = world_new();
	w->conf.metrics_file = "/metrics";
	w->conf.metrics_every_ms = 15000;
	w->conf.status_dir = "/status";
	w->conf.status_every_ms = 5000;
	world_add_spool(w, "night \"shift\"", 0);
	put_first(w);
	world_begin(w);
	world_run(w, 30 * MINUTES);
	put_then(w);
	world_run(w, 20 * MINUTES);
	return w;
}

static enum export_what what;

/* The model asserts by check, which only hears that in a test. */
START_TEST(show)
{
	struct world *w = world_in_motion();
	ck_assert_ptr_nonnull(w->exported[what]);
	ck_assert_int_ne(fputs(w->exported[what], stdout), EOF);
	world_free(w);
}
END_TEST

int main(int argc, char **argv)
{
	if (argc != 2 || (strcmp(argv[1], "metrics") != 0 && strcmp(argv[1], "board") != 0)) {
		fputs("usage: show metrics|board\n", stderr);
		return 2;
	}
	what = argv[1][0] == 'm' ? EXPORT_METRICS : EXPORT_BOARD;
	Suite *s = suite_create("show");
	TCase *t = tcase_create("show");
	tcase_add_test(t, show);
	suite_add_tcase(s, t);
	SRunner *runner = srunner_create(s);
	srunner_set_fork_status(runner, CK_NOFORK);
	srunner_run_all(runner, CK_SILENT);
	int failed = srunner_ntests_failed(runner);
	if (failed > 0)
		srunner_print(runner, CK_NORMAL);
	srunner_free(runner);
	return failed > 0;
}
