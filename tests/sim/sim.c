/* sim: runs seeds. A failing one prints itself, the property, the tail of its trace, and how to see it
 * again. The seeds run in a process of their own, so that one that aborts is only one. */
#include "properties.h"

#include "base/log.h"
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define SEEDS_LONG 20000
#ifdef __SANITIZE_ADDRESS__ /* ten times as slow */
#define SEEDS 100
#else
#define SEEDS 1000
#endif
#define TAIL_BYTES 6000
#define SEED_S 60 /* of the processor; no seed takes longer, unless it never ends */
#define REST_MS INT64_C(10800000)
#define CALM_MS 120000
#define PATIENCE_MS 300000 /* of operators with what waits for something */

/* Of the process that runs seeds, for its last words. */
static struct sim *under_way;
static bool tracing;
static uint64_t failures_max = 20; /* and then it is enough */

/* What both processes see. */
struct progress {
	uint64_t seed; /* the one under way */
	uint64_t failures;
	uint64_t turns;
	uint64_t runs;
	uint64_t status[STATUS_COUNT];
};

static struct progress *progress;

/* Where a seed that has failed is left. */
static jmp_buf way_out;
static char *failure;

void sim_failed(const char *file, int line, const char *fmt, ...)
{
	char words[4096];
	va_list ap;
	va_start(ap, fmt);
	(void)vsnprintf(words, sizeof(words), fmt, ap);
	va_end(ap);
	failure = xasprintf("%s:%d: %s", file, line, words);
	longjmp(way_out, 1);
}

/* ---- one seed -------------------------------------------------------------------------------- */

static void sink(enum log_level level, const char *line, void *arg)
{
	struct sim *s = arg;
	(void)level;
	(void)buf_addf(&s->w->trace, "%lld <%d> %s\n", (long long)s->w->now.mono_ms % 1000000000,
	    (int)level, line);
}

static struct sim *sim_new(uint64_t seed)
{
	struct sim *s = xcalloc(1, sizeof(*s));
	s->seed = s->rng = seed;
	s->other_rng = ~seed;
	s->w = world_new();
	s->w->any_number = true; /* properties.c has its own word on that */
	s->w->fate = sim_fate;
	s->w->forsaken = sessions_forsaken;
	s->w->fate_arg = s;
	for (size_t i = 0; i < ARRAY_LEN(s->newest); i++)
		s->newest[i] = -1;
	for (size_t i = 0; i < SIM_JOBS; i++)
		s->seen[i].version = -1;
	log_set_sink(sink, s);
	return s;
}

static void sim_free(struct sim *s)
{
	world_free(s->w);
	for (size_t i = 0; i < s->poisons; i++)
		free(s->poisoned[i]);
	free(s);
}

/* Operators look after it, too; what then waits still may wait for ever, and somebody sees that. */
static void sim_come_to_rest(struct sim *s, int64_t end_ms)
{
	const char *why;
	int64_t patience_ms = s->w->now.mono_ms + PATIENCE_MS;
	while (!properties_at_rest(s, &why) && s->w->now.mono_ms < end_ms) {
		people_mend(s);
		if (s->w->now.mono_ms > patience_ms)
			people_give_up(s);
		sim_pass(s, 5000);
	}
}

static void sim_rest(struct sim *s)
{
	int64_t end_ms = s->w->now.mono_ms + REST_MS;
	sim_mend(s);
	sim_pass(s, 1000);
	sim_come_to_rest(s, end_ms);
	sim_pass(s, CALM_MS);
	sim_come_to_rest(s, end_ms);
	properties_in_the_end(s);
}

static void sim_run(struct sim *s)
{
	sim_configure(s);
	for (unsigned bit = 1; bit <= 32; bit *= 2)
		s->troubles |= sim_chance(s, 60) ? bit : 0;
	for (int n = sim_int(s, 0, 3); n > 0; n--)
		sim_user(s);
	world_start(s->w);
	properties_each_turn(s);
	for (int n = sim_int(s, 5, 60); n > 0; n--)
		sim_happen(s);
	sim_rest(s);
}

/* ---- reports --------------------------------------------------------------------------------- */

static void report(const char *words)
{
	const struct buf *trace = &under_way->w->trace;
	size_t from = trace->len > TAIL_BYTES && !tracing ? trace->len - TAIL_BYTES : 0;
	printf("FAIL seed %llu\n%s\n", (unsigned long long)under_way->seed, words);
	if (!tracing && trace->data != NULL)
		printf("---- the tail of its trace\n%s----\n", trace->data + from);
	printf("replay: tests/sim/sim --trace --seed %llu\n", (unsigned long long)under_way->seed);
	(void)fflush(stdout);
}

static void last_words(int sig)
{
	if (tracing)
		printf("%s", under_way->w->trace.data);
	report(sig == SIGPROF ? "it does not end" : "it aborts; see above");
	_exit(3);
}

static void count(const struct sim *s)
{
	progress->turns += s->w->turn;
	for (size_t i = 0; i < s->versions; i++)
		progress->runs += (uint64_t)s->version[i].runs;
	for (size_t i = 0; i < s->w->ledger.jobs; i++)
		if (s->w->ledger.job[i].rec.run != NULL)
			progress->status[s->w->ledger.job[i].rec.run->status]++;
}

static void be_done_in(time_t s)
{
	const struct itimerval limit = { .it_value.tv_sec = s };
	(void)setitimer(ITIMER_PROF, &limit, NULL);
}

/* A failed one may have left anything: it is not taken apart. */
static void run_seed(uint64_t seed)
{
	under_way = sim_new(seed);
	be_done_in(SEED_S);
	if (setjmp(way_out) == 0)
		sim_run(under_way);
	be_done_in(0);
	if (tracing)
		printf("%s", under_way->w->trace.data);
	if (failure != NULL) {
		report(failure);
		progress->failures++;
	} else {
		count(under_way);
		sim_free(under_way);
	}
	free(failure);
	failure = NULL;
}

/* ---- many seeds ------------------------------------------------------------------------------ */

static void run_seeds(uint64_t from, uint64_t to)
{
	(void)signal(SIGABRT, last_words);
	(void)signal(SIGPROF, last_words);
	(void)signal(SIGSEGV, last_words);
	for (progress->seed = from; progress->seed <= to; progress->seed++) {
		run_seed(progress->seed);
		if (progress->failures >= failures_max)
			break;
	}
	(void)fflush(stdout);
	_exit(0);
}

/* A seed that has killed its process has failed; the others go on in another one. */
static void run_range(uint64_t from, uint64_t to)
{
	while (from <= to && progress->failures < failures_max) {
		int status = 0;
		(void)fflush(stdout);
		pid_t pid = fork();
		if (pid == 0)
			run_seeds(from, to);
		if (pid < 0 || waitpid(pid, &status, 0) != pid)
			exit(99);
		if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
			break;
		progress->failures++;
		from = progress->seed + 1;
	}
}

static int64_t now_ms(void)
{
	struct timespec t;
	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void summary(uint64_t from, uint64_t to, int64_t ms)
{
	static const char *const word[STATUS_COUNT] = { "none", "ok", "error", "timeout",
		"cancelled", "died", "unknown", "rejected" };
	uint64_t seeds = progress->seed < to ? progress->seed - from + 1 : to - from + 1;
	printf("sim: seeds %llu..%llu, %llu failed; %llu turns, %llu runs;",
	    (unsigned long long)from, (unsigned long long)to,
	    (unsigned long long)progress->failures, (unsigned long long)progress->turns,
	    (unsigned long long)progress->runs);
	for (int i = STATUS_OK; i < STATUS_COUNT; i++)
		printf(" %s %llu", word[i], (unsigned long long)progress->status[i]);
	printf("; %.1f s, %.0f seeds/s\n", (double)ms / 1000,
	    1000.0 * (double)seeds / (double)(ms > 0 ? ms : 1));
}

static int usage(void)
{
	(void)fprintf(stderr, "usage: sim [--trace] [--failures N] [--seed N | --seeds A..B]\n");
	return 2;
}

int main(int argc, char **argv)
{
	unsigned long long from = 1;
	unsigned long long most;
	unsigned long long to = getenv("CHECK_LONG") != NULL ? SEEDS_LONG : SEEDS;
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--trace") == 0)
			tracing = true;
		else if (i + 1 < argc && strcmp(argv[i], "--failures") == 0 &&
			 sscanf(argv[++i], "%llu", &most) == 1)
			failures_max = most;
		else if (i + 1 < argc && strcmp(argv[i], "--seed") == 0 &&
			 sscanf(argv[++i], "%llu", &from) == 1)
			to = from;
		else if (i + 1 >= argc || strcmp(argv[i], "--seeds") != 0 ||
			 sscanf(argv[++i], "%llu..%llu", &from, &to) != 2)
			return usage();
	}
	progress = mmap(
	    NULL, sizeof(*progress), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (progress == MAP_FAILED)
		return 99;
	int64_t begun_ms = now_ms();
	run_range(from, to);
	summary(from, to, now_ms() - begun_ms);
	return progress->failures == 0 ? 0 : 1;
}
