/* test_intake: from names in a directory to files whose turn may come. */
#include "world.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static struct world *w;

static void setup(void)
{
	w = world_new();
}

static void teardown(void)
{
	world_free(w);
}

/* Everything waits: nothing is taken from the queue. */
static void server_down(void)
{
	world_fault(
	    w, (struct world_fault){
		   .method = HTTP_GET, .path = "/version", .fate = FATE_NOT_SENT, .times = -1 });
}

static void scan_now(void)
{
	world_run(w, w->spool[0].scan_ms + 1000);
}

/* What was put before is there, but no event has told of it. */
static void begin_unheard(void)
{
	evq_fini(&w->events);
	evq_init(&w->events);
	world_begin(w);
}

static bool is_queued(const char *name)
{
	const struct world_row *row = world_row(w, name);
	return row != NULL && row->rec.state == JOB_QUEUED;
}

#define MINUTES INT64_C(60000)

/* ---- when a file is complete ------------------------------------------------------------------ */

START_TEST(renamed_in_is_complete)
{
	server_down();
	world_begin(w);
	world_put(w, "a.py", "a");
	world_run(w, 10);
	ck_assert(is_queued("a.py"));
}
END_TEST

START_TEST(written_has_to_settle)
{
	server_down();
	w->spool[0].ready = READY_SETTLE;
	world_begin(w);
	world_write(w, "a.py", "a");
	world_run(w, 900);
	world_write(w, "a.py", "ab"); /* again: it starts anew when its pause is over */
	world_run(w, 900);
	ck_assert_ptr_null(world_row(w, "a.py"));
	world_run(w, 1200);
	ck_assert(is_queued("a.py"));
	ck_assert_int_eq(world_row(w, "a.py")->rec.ident.size, 2);
}
END_TEST

/* Two events of one turn are two looks that see the same: that is not yet quiet. */
START_TEST(closed_twice_has_to_settle)
{
	server_down();
	w->spool[0].ready = READY_SETTLE;
	world_begin(w);
	world_write(w, "a.py", "a");
	world_write(w, "a.py", "ab");
	world_run(w, 900);
	ck_assert_ptr_null(world_row(w, "a.py"));
	world_write(w, "a.py", "abc");
	world_run(w, 2500);
	ck_assert(is_queued("a.py"));
	ck_assert_int_eq(world_row(w, "a.py")->rec.ident.size, 3);
}
END_TEST

START_TEST(a_rename_has_to_settle_too)
{
	server_down();
	w->spool[0].ready = READY_SETTLE;
	world_begin(w);
	world_put(w, "a.py", "a");
	world_run(w, 500);
	ck_assert_ptr_null(world_row(w, "a.py"));
	world_run(w, 600);
	ck_assert(is_queued("a.py"));
}
END_TEST

/* Between creat() and close() a name means nothing. */
START_TEST(created_is_not_looked_at)
{
	server_down();
	w->spool[0].ready = READY_SETTLE;
	world_begin(w);
	world_forget(w);
	struct ev_name *ev = &evq_add(&w->events, EV_NAME)->u.name;
	*ev = (struct ev_name){ 0, arena_strdup(&w->events.arena, "a.py"), NAME_CREATED };
	world_run(w, 5000);
	world_story(w, "look", "");
}
END_TEST

START_TEST(a_scan_finds_what_no_event_told)
{
	server_down();
	w->spool[0].ready = READY_SETTLE;
	w->dir[0]->deaf = true;
	world_begin(w);
	world_put(w, "a.py", "a");
	scan_now();
	world_run(w, 2000);
	ck_assert(is_queued("a.py"));
}
END_TEST

/* An editor that writes a new file in the place of the old one, just as the old one is looked at. */
START_TEST(replaced_while_it_settles)
{
	w->spool[0].ready = READY_SETTLE;
	world_begin(w);
	world_write(w, "a.py", "old");
	world_run(w, 900);
	world_remove(w, "a.py");
	world_run(w, 200);
	world_write(w, "a.py", "new");
	world_until(w, 5 * MINUTES, world_done(w, "a.py"));
	ck_assert_int_eq(world_ran(w, "new"), 1);
	ck_assert_int_eq(world_ran(w, "old"), 0);
}
END_TEST

START_TEST(gone_before_it_settled_was_never_there)
{
	w->spool[0].ready = READY_SETTLE;
	world_begin(w);
	world_write(w, "a.py", "a");
	world_run(w, 100);
	world_remove(w, "a.py");
	world_run(w, 3 * MINUTES);
	ck_assert_ptr_null(world_row(w, "a.py"));
	ck_assert_uint_eq(core_counts(w->core).queued, 0);
}
END_TEST

/* ---- order ------------------------------------------------------------------------------------ */

START_TEST(within_a_scan_by_mtime_then_name)
{
	server_down();
	world_put(w, "young.py", "1")->ident.mtime_ns += 5;
	world_put(w, "b.py", "2");
	world_put(w, "a.py", "3");
	world_put(w, "old.py", "4")->ident.mtime_ns -= 5;
	begin_unheard();
	ck_assert_uint_eq(world_row(w, "old.py")->rec.id, 1);
	ck_assert_uint_eq(world_row(w, "a.py")->rec.id, 2);
	ck_assert_uint_eq(world_row(w, "b.py")->rec.id, 3);
	ck_assert_uint_eq(world_row(w, "young.py")->rec.id, 4);
}
END_TEST

START_TEST(else_by_arrival)
{
	server_down();
	world_begin(w);
	world_put(w, "z.py", "1");
	world_put(w, "a.py", "2")->ident.mtime_ns -= 5;
	world_run(w, 10);
	ck_assert_uint_eq(world_row(w, "z.py")->rec.id, 1);
	ck_assert_uint_eq(world_row(w, "a.py")->rec.id, 2);
}
END_TEST

/* ---- what is not code ------------------------------------------------------------------------- */

START_TEST(other_names_are_silence)
{
	world_begin(w);
	world_forget(w);
	world_put(w, ".a.py", "x");
	world_put(w, "a.py.tmp", "x");
	world_put(w, "a.py~", "x");
	world_put(w, "a.py.out", "x");
	world_put(w, "README", "x");
	scan_now();
	world_story(w, "look|job", "");
}
END_TEST

static void is_refused(enum file_type type, uint32_t nlink)
{
	world_begin(w);
	struct world_file *f = world_put(w, "a.py", "x");
	f->type = type;
	f->ident.nlink = nlink;
	world_until(w, MINUTES, world_done(w, "a.py"));
	ck_assert_str_eq(world_status(w, "a.py"), "rejected");
	scan_now(); /* said once */
	ck_assert_int_eq(world_logged(w, "event=done status=rejected"), 1);
	ck_assert_str_eq(world_text(w, "a.py.json"), "(none)");
	ck_assert_int_eq(world_ran(w, "x"), 0);
}

START_TEST(a_link_is_refused_in_silence)
{
	is_refused(FILE_LINK, 1);
}
END_TEST

START_TEST(a_directory_is_refused_in_silence)
{
	is_refused(FILE_DIRECTORY, 2);
}
END_TEST

START_TEST(a_fifo_is_refused_in_silence)
{
	is_refused(FILE_OTHER, 1);
}
END_TEST

START_TEST(a_hard_link_is_refused_in_silence)
{
	is_refused(FILE_REGULAR, 2);
}
END_TEST

/* link() and then unlink() is how some programs rename. */
START_TEST(a_second_link_may_go)
{
	world_begin(w);
	world_put(w, "a.py", "x")->ident.nlink = 2;
	world_run(w, 2500);
	world_file(w, "a.py")->ident.nlink = 1;
	world_touch(w, "a.py");
	world_until(w, MINUTES, world_done(w, "a.py"));
	ck_assert_str_eq(world_status(w, "a.py"), "ok");
}
END_TEST

START_TEST(what_was_refused_may_be_replaced)
{
	is_refused(FILE_OTHER, 1);
	world_run(w, 1000);
	world_put(w, "a.py", "good");
	world_until(w, MINUTES, world_recorded(w, "a.py", "ok"));
}
END_TEST

START_TEST(a_name_too_long_for_its_results)
{
	char name[256];
	memset(name, 'x', sizeof(name));
	memcpy(name + 252, ".py", 4);
	world_begin(w);
	world_put(w, name, "x");
	world_run(w, MINUTES);
	ck_assert_str_eq(world_status(w, name), "rejected");
}
END_TEST

/* "A pool does not serve a kind which it does not name" (edge/confload_table). */
START_TEST(a_kind_that_the_pool_does_not_serve)
{
	w->pool[0].warm[KIND_SPARK] = -1;
	world_begin(w);
	world_put(w, "a.scala", "val x = 1");
	world_run(w, 3 * MINUTES);
	ck_assert_int_eq(world_ran(w, "val x = 1"), 0);
	ck_assert_int_eq(w->server[0].created, 0);
}
END_TEST

/* It has run already: the record that says why it does not any more takes the place of the old one. */
START_TEST(a_kind_that_the_pool_does_not_serve_any_more)
{
	world_begin(w);
	world_put(w, "a.py", "x");
	world_until(w, 2 * MINUTES, world_recorded(w, "a.py", "ok"));
	w->pool[0].warm[KIND_PYSPARK] = -1;
	world_reload(w);
	world_run(w, 1000);
	world_put(w, "a.py", "y");
	world_until(w, MINUTES, world_recorded(w, "a.py", "rejected"));
	ck_assert_int_eq(world_ran(w, "y"), 0);
}
END_TEST

/* ---- while it waits --------------------------------------------------------------------------- */

START_TEST(gone_is_cancelled_by_a_complete_scan_only)
{
	server_down();
	world_begin(w);
	world_put(w, "a.py", "x");
	world_run(w, 100);
	world_remove(w, "a.py");
	world_run(w, 1000); /* the event alone is a hint */
	ck_assert(is_queued("a.py"));
	world_run(w, 5000);
	ck_assert_str_eq(world_status(w, "a.py"), "cancelled");
	ck_assert_str_eq(world_text(w, "a.py.json"), "(none)");
	ck_assert(!world_row(w, "a.py")->rec.live);
	ck_assert_uint_eq(core_counts(w->core).queued, 0);
}
END_TEST

START_TEST(gone_and_back_is_still_there)
{
	server_down();
	world_begin(w);
	world_put(w, "a.py", "x");
	world_run(w, 100);
	world_remove(w, "a.py");
	world_run(w, 500);
	world_put(w, "a.py", "y");
	world_run(w, 10000);
	ck_assert(is_queued("a.py"));
	world_mend(w);
	world_until(w, 5 * MINUTES, world_done(w, "a.py"));
	ck_assert_int_eq(world_ran(w, "y"), 1);
	ck_assert_int_eq(world_ran(w, "x"), 0);
}
END_TEST

START_TEST(changed_while_queued_runs_the_newer_bytes_once)
{
	server_down();
	world_begin(w);
	world_put(w, "a.py", "old");
	world_run(w, 100);
	world_write(w, "a.py", "newer");
	world_run(w, 5000);
	world_mend(w);
	world_until(w, 5 * MINUTES, world_done(w, "a.py"));
	world_run(w, 2 * MINUTES);
	ck_assert_int_eq(world_ran(w, "newer"), 1);
	ck_assert_uint_eq(w->server[0].ran_count, 1);
}
END_TEST

START_TEST(another_directory_keeps_the_queue)
{
	struct world_dir *home = w->dir[0];
	struct world_dir *other = spool_dir_new(w);

	server_down();
	world_begin(w);
	world_put(w, "a.py", "x");
	world_run(w, 100);
	w->dir[0] = other;
	world_run(w, 5 * MINUTES);
	ck_assert(is_queued("a.py"));
	ck_assert_int_eq(world_logged(w, "event=other-directory"), 1);
	w->dir[0] = home;
	world_mend(w);
	world_until(w, 5 * MINUTES, world_done(w, "a.py"));
	ck_assert_str_eq(world_status(w, "a.py"), "ok");
	spool_dir_free(other);
}
END_TEST

/* The same, but its turn comes while the directory is away. */
START_TEST(unmounted_when_its_turn_came)
{
	struct world_dir *home = w->dir[0];
	struct world_dir *other = spool_dir_new(w);

	server_down();
	world_begin(w);
	world_put(w, "a.py", "x");
	world_run(w, 100);
	w->dir[0] = other;
	world_mend(w);
	world_run(w, 5 * MINUTES);
	w->dir[0] = home;
	world_until(w, 5 * MINUTES, world_done(w, "a.py"));
	ck_assert_int_eq(world_ran(w, "x"), 1);
	spool_dir_free(other);
}
END_TEST

START_TEST(unreadable_when_its_turn_came)
{
	server_down();
	world_begin(w);
	world_put(w, "a.py", "x");
	world_run(w, 100);
	w->dir[0]->gone = true;
	world_mend(w);
	world_run(w, 5 * MINUTES);
	ck_assert_int_eq(world_logged(w, "event=unreadable"), world_logged(w, "<7>spool=") + 1);
	w->dir[0]->gone = false;
	world_until(w, 5 * MINUTES, world_done(w, "a.py"));
	ck_assert_int_eq(world_ran(w, "x"), 1);
}
END_TEST

START_TEST(lost_events_are_a_reason_to_scan)
{
	server_down();
	w->dir[0]->deaf = true;
	world_begin(w);
	world_put(w, "a.py", "x");
	world_run(w, 1000);
	struct ev_scan *ev = &evq_add(&w->events, EV_SCAN)->u.scan;
	*ev = (struct ev_scan){ .phase = SCAN_FAILED, .err = EOVERFLOW, .lost = true };
	world_run(w, 1000);
	ck_assert(is_queued("a.py"));
}
END_TEST

/* ---- a start on a full directory ---------------------------------------------------------------- */

START_TEST(existing_files_run)
{
	world_put(w, "a.py", "x");
	begin_unheard();
	world_until(w, MINUTES, world_done(w, "a.py"));
	ck_assert_int_eq(world_ran(w, "x"), 1);
}
END_TEST

START_TEST(existing_files_are_skipped)
{
	w->spool[0].existing = EXISTING_SKIP;
	world_put(w, "a.py", "x");
	begin_unheard();
	world_put(w, "b.py", "y");
	world_run(w, MINUTES);
	world_crash(w);
	world_touch(w, "a.py");
	world_run(w, 2 * MINUTES);
	ck_assert_int_eq(world_ran(w, "x"), 0);
	ck_assert_int_eq(world_ran(w, "y"), 1);
	world_write(w, "a.py", "changed");
	world_until(w, 2 * MINUTES, world_ran(w, "changed") == 1);
}
END_TEST

/* ---- after the end ---------------------------------------------------------------------------- */

static void run_a(void)
{
	world_begin(w);
	world_put(w, "a.py", "first");
	world_until(w, MINUTES, world_done(w, "a.py"));
	world_run(w, 1000);
}

START_TEST(a_kept_file_does_not_run_again)
{
	run_a();
	world_run(w, 10 * MINUTES);
	world_crash(w);
	world_run(w, 10 * MINUTES);
	ck_assert_int_eq(world_ran(w, "first"), 1);
}
END_TEST

START_TEST(touched_is_read_and_does_not_run_again)
{
	run_a();
	world_touch(w, "a.py");
	world_forget(w);
	scan_now();
	world_story(w, "read", "read a.py\n");
	scan_now(); /* its new ctime is known now */
	world_story(w, "read", "read a.py\n");
	world_touch(w, "a.py");
	world_crash(w);
	world_run(w, 2 * MINUTES);
	ck_assert_int_eq(world_ran(w, "first"), 1);
}
END_TEST

/* As tar and rsync -t do it: another file with the times of the old one. */
START_TEST(other_bytes_with_the_same_mtime_run)
{
	run_a();
	struct ident old = world_file(w, "a.py")->ident;
	struct world_file *f = world_put(w, "a.py", "other");
	f->ident.mtime_ns = old.mtime_ns;
	ck_assert_int_eq(f->ident.size, old.size);
	world_until(w, 2 * MINUTES, world_ran(w, "other") == 1);
	world_until(w, MINUTES, strcmp(world_text(w, "a.py.out"), "other\n") == 0);
}
END_TEST

/* What has run must be gone for good before its row is closed: a power cut would bring it back. */
START_TEST(rewritten_runs_again)
{
	run_a();
	world_forget(w);
	world_write(w, "a.py", "second");
	world_until(w, MINUTES, world_row(w, "a.py")->rec.id == 2);
	world_story(w, "^(look|\\+ job)",
	    "look a.py\nlook a.py surely\n+ job 1 DONE history\n+ job 2 QUEUED\n");
	world_until(w, MINUTES, world_ran(w, "second") == 1);
	world_until(w, MINUTES, strcmp(world_text(w, "a.py.out"), "second\n") == 0);
	ck_assert_int_eq(world_ran(w, "first"), 1);
	ck_assert_uint_eq(world_row(w, "a.py")->rec.id, 2);
	ck_assert(!ledger_job(&w->ledger, 1)->rec.live);
}
END_TEST

START_TEST(rewritten_while_the_daemon_was_away)
{
	run_a();
	w->dir[0]->deaf = true;
	world_write(w, "a.py", "second");
	world_crash(w);
	world_until(w, MINUTES, world_ran(w, "second") == 1);
	world_until(w, MINUTES, strcmp(world_text(w, "a.py.out"), "second\n") == 0);
}
END_TEST

START_TEST(removed_and_dropped_again_runs_again)
{
	run_a();
	world_remove(w, "a.py");
	world_run(w, 5000);
	ck_assert(!ledger_job(&w->ledger, 1)->rec.live);
	world_put(w, "a.py", "again");
	world_until(w, MINUTES, strcmp(world_text(w, "a.py.out"), "again\n") == 0);
	world_run(w, 1000);
	ck_assert_str_eq(world_status(w, "a.py"), "ok");
}
END_TEST

/* ---- markers ---------------------------------------------------------------------------------- */

START_TEST(only_a_marker_makes_it_ready)
{
	w->spool[0].ready = READY_MARKER;
	world_begin(w);
	world_put(w, "a.py", "x");
	scan_now();
	ck_assert_ptr_null(world_row(w, "a.py"));
	world_forget(w);
	world_put(w, "a.py.ready", "");
	world_until(w, MINUTES, world_done(w, "a.py"));
	ck_assert_ptr_null(world_file(w, "a.py.ready"));
	world_story(w, "SENDING|unmark|\\[x\\]",
	    "+ job 1 SENDING +code\nunmark a.py.ready\nPOST /sessions/s1/statements [x]\n");
}
END_TEST

/* Its marker is removed with the intent to send it. Back in the queue it needs no other one: not for
 * another mode, owner or link count. */
START_TEST(touched_while_queued_again_without_its_marker)
{
	w->spool[0].ready = READY_MARKER;
	world_fault(w, (struct world_fault){ .method = HTTP_POST,
			   .path = "/sessions/*/statements",
			   .body = "work",
			   .fate = FATE_NOT_SENT });
	world_begin(w);
	world_put(w, "a.py", "work");
	world_put(w, "a.py.ready", "");
	world_until(w, MINUTES, world_logged(w, "event=requeued") == 1);
	ck_assert_ptr_null(world_file(w, "a.py.ready"));
	world_touch(w, "a.py");
	world_until(w, MINUTES, world_done(w, "a.py"));
	ck_assert_int_eq(world_ran(w, "work"), 1);
}
END_TEST

/* Nor where its directory is away when its turn comes again. */
START_TEST(away_while_queued_again_without_its_marker)
{
	w->spool[0].ready = READY_MARKER;
	world_fault(w, (struct world_fault){ .method = HTTP_POST,
			   .path = "/sessions/*/statements",
			   .body = "work",
			   .fate = FATE_NOT_SENT });
	world_begin(w);
	world_put(w, "a.py", "work");
	world_put(w, "a.py.ready", "");
	world_until(w, MINUTES, world_logged(w, "event=requeued") == 1);
	w->dir[0]->gone = true;
	world_until(w, MINUTES, world_logged(w, "event=not-read") == 1);
	world_run(w, 5 * MINUTES);
	w->dir[0]->gone = false;
	world_until(w, 5 * MINUTES, world_done(w, "a.py"));
	ck_assert_int_eq(world_ran(w, "work"), 1);
}
END_TEST

START_TEST(a_marker_without_a_file_waits)
{
	w->spool[0].ready = READY_MARKER;
	world_begin(w);
	world_put(w, "a.py.ready", "");
	scan_now();
	ck_assert_ptr_nonnull(world_file(w, "a.py.ready"));
	world_put(w, "a.py", "x");
	scan_now();
	world_until(w, MINUTES, world_done(w, "a.py"));
}
END_TEST

START_TEST(a_newer_marker_speaks_of_newer_bytes)
{
	w->spool[0].ready = READY_MARKER;
	world_begin(w);
	world_put(w, "a.py", "sleep 5000");
	world_put(w, "a.py.ready", "");
	world_until(w, MINUTES, world_ran(w, "sleep 5000") == 1);
	world_put(w, "a.py", "second");
	world_put(w, "a.py.ready", "");
	world_until(w, 2 * MINUTES, strcmp(world_text(w, "a.py.out"), "second\n") == 0);
	ck_assert_ptr_null(world_file(w, "a.py.ready"));
}
END_TEST

/* What is being written again is not complete before its marker is there again. */
START_TEST(without_a_new_marker_it_is_not_ready_again)
{
	w->spool[0].ready = READY_MARKER;
	world_begin(w);
	world_put(w, "a.py", "sleep 5000");
	world_put(w, "a.py.ready", "");
	world_until(w, MINUTES, world_ran(w, "sleep 5000") == 1);
	world_write(w, "a.py", "half of it");
	world_until(w, MINUTES, world_done(w, "a.py"));
	world_run(w, 2 * MINUTES);
	ck_assert_int_eq(world_ran(w, "half of it"), 0);
	world_write(w, "a.py", "all of it");
	world_put(w, "a.py.ready", "");
	world_until(w, 2 * MINUTES, world_ran(w, "all of it") == 1);
}
END_TEST

START_TEST(a_marker_for_what_has_run_is_removed)
{
	w->spool[0].ready = READY_MARKER;
	world_begin(w);
	world_put(w, "a.py", "x");
	world_put(w, "a.py.ready", "");
	world_until(w, MINUTES, world_done(w, "a.py"));
	world_put(w, "a.py.ready", "");
	world_run(w, MINUTES);
	ck_assert_ptr_null(world_file(w, "a.py.ready"));
	ck_assert_int_eq(world_ran(w, "x"), 1);
}
END_TEST

START_TEST(a_marker_for_what_was_dropped_again)
{
	w->spool[0].ready = READY_MARKER;
	w->spool[0].after = AFTER_DELETE;
	world_begin(w);
	world_put(w, "a.py", "sleep 5000");
	world_put(w, "a.py.ready", "");
	world_until(w, MINUTES, world_ran(w, "sleep 5000") == 1);
	world_put(w, "a.py", "second");
	world_put(w, "a.py.ready", "");
	world_until(w, 3 * MINUTES, world_ran(w, "second") == 1);
	world_until(w, MINUTES, world_file(w, "a.py") == NULL);
	ck_assert_ptr_null(world_file(w, "a.py.ready"));
}
END_TEST

int main(void)
{
	Suite *s = suite_create("intake");
	TCase *t = tcase_create("intake");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, renamed_in_is_complete);
	tcase_add_test(t, written_has_to_settle);
	tcase_add_test(t, closed_twice_has_to_settle);
	tcase_add_test(t, a_rename_has_to_settle_too);
	tcase_add_test(t, created_is_not_looked_at);
	tcase_add_test(t, a_scan_finds_what_no_event_told);
	tcase_add_test(t, replaced_while_it_settles);
	tcase_add_test(t, gone_before_it_settled_was_never_there);
	tcase_add_test(t, within_a_scan_by_mtime_then_name);
	tcase_add_test(t, else_by_arrival);
	tcase_add_test(t, other_names_are_silence);
	tcase_add_test(t, a_link_is_refused_in_silence);
	tcase_add_test(t, a_directory_is_refused_in_silence);
	tcase_add_test(t, a_fifo_is_refused_in_silence);
	tcase_add_test(t, a_hard_link_is_refused_in_silence);
	tcase_add_test(t, a_second_link_may_go);
	tcase_add_test(t, what_was_refused_may_be_replaced);
	tcase_add_test(t, a_name_too_long_for_its_results);
	tcase_add_test(t, a_kind_that_the_pool_does_not_serve);
	tcase_add_test(t, a_kind_that_the_pool_does_not_serve_any_more);
	tcase_add_test(t, gone_is_cancelled_by_a_complete_scan_only);
	tcase_add_test(t, gone_and_back_is_still_there);
	tcase_add_test(t, changed_while_queued_runs_the_newer_bytes_once);
	tcase_add_test(t, another_directory_keeps_the_queue);
	tcase_add_test(t, unmounted_when_its_turn_came);
	tcase_add_test(t, unreadable_when_its_turn_came);
	tcase_add_test(t, lost_events_are_a_reason_to_scan);
	tcase_add_test(t, existing_files_run);
	tcase_add_test(t, existing_files_are_skipped);
	tcase_add_test(t, a_kept_file_does_not_run_again);
	tcase_add_test(t, touched_is_read_and_does_not_run_again);
	tcase_add_test(t, other_bytes_with_the_same_mtime_run);
	tcase_add_test(t, rewritten_runs_again);
	tcase_add_test(t, rewritten_while_the_daemon_was_away);
	tcase_add_test(t, removed_and_dropped_again_runs_again);
	tcase_add_test(t, only_a_marker_makes_it_ready);
	tcase_add_test(t, touched_while_queued_again_without_its_marker);
	tcase_add_test(t, away_while_queued_again_without_its_marker);
	tcase_add_test(t, a_marker_without_a_file_waits);
	tcase_add_test(t, a_newer_marker_speaks_of_newer_bytes);
	tcase_add_test(t, without_a_new_marker_it_is_not_ready_again);
	tcase_add_test(t, a_marker_for_what_has_run_is_removed);
	tcase_add_test(t, a_marker_for_what_was_dropped_again);
	suite_add_tcase(s, t);
	return help_run(s);
}
