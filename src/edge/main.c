/* main: options, the order of birth and death, exit codes. */
#include "base/log.h"
#include "edge/confload.h"
#include "edge/ctl.h"
#include "edge/journal.h"
#include "edge/loop.h"
#include "edge/notify.h"
#include "edge/sandbox.h"
#include <errno.h>
#include <getopt.h>
#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EXIT_USAGE 64
#define EXIT_TEMPORARY 75
#define EXIT_CONFIG 78
#define TEXT_BYTES_MAX 262144
#define UPGRADE_USEC "900000000" /* a quarter of an hour */

static const char main_help[] =
    "usage: sparkspoold [-f FILE] [-d] [--check-config]\n"
    "\n"
    "Runs Spark code from spool directories on Apache Livy servers; stays in the foreground.\n"
    "\n"
    "  -f, --file FILE      the configuration (default " SYSCONFDIR "/sparkspool.conf)\n"
    "  -c, --check-config   only say whether the configuration is right and what would run\n"
    "  -d, --debug          log every move\n"
    "  -V, --version        print the version\n"
    "  -h, --help           print this\n"
    "\n"
    "exit codes: 0 stopped as asked, 64 wrong options, 75 another daemon holds the state\n"
    "directory or a spool, or the ledger cannot be used, 78 wrong configuration, 1 anything else\n";

struct main_options {
	const char *file;
	bool check;
	bool debug;
};

/* -1: go on; else the exit code. */
static int main_parse(int argc, char **argv, struct main_options *o)
{
	static const struct option longs[] = {
		{ "file", required_argument, NULL, 'f' },
		{ "check-config", no_argument, NULL, 'c' },
		{ "debug", no_argument, NULL, 'd' },
		{ "version", no_argument, NULL, 'V' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	int opt;
	while ((opt = getopt_long(argc, argv, "f:cdVh", longs, NULL)) != -1) {
		switch (opt) {
		case 'f':
			o->file = optarg;
			break;
		case 'c':
			o->check = true;
			break;
		case 'd':
			o->debug = true;
			log_set_level(LOG_LEVEL_DEBUG);
			break;
		case 'V':
			printf("sparkspoold %s\n", PACKAGE_VERSION);
			return 0;
		case 'h':
			fputs(main_help, stdout);
			return 0;
		default:
			fputs("try 'sparkspoold --help'\n", stderr);
			return EXIT_USAGE;
		}
	}
	if (optind == argc)
		return -1;
	fprintf(stderr, "sparkspoold: unexpected argument '%s'; try 'sparkspoold --help'\n",
	    argv[optind]);
	return EXIT_USAGE;
}

/* A person at a shell gets the plain lines, the journal gets them as errors. */
static void main_show(const struct buf *errors, bool plain)
{
	const char *line = errors->data == NULL ? "" : errors->data;
	for (size_t n; *line != '\0'; line += n + (line[n] == '\n')) {
		n = strcspn(line, "\n");
		if (plain || !log_is_journal())
			fprintf(stderr, "%.*s\n", (int)n, line);
		else
			log_error("%.*s", (int)n, line);
	}
}

static int main_check(const struct conf *conf)
{
	struct buf text;
	buf_init(&text, TEXT_BYTES_MAX);
	conf_describe(conf, &text);
	if (text.data != NULL)
		fputs(text.data, stdout);
	buf_fini(&text);
	return 0;
}

static int main_run(struct conf *conf, const struct main_options *o, struct journal *journal)
{
	struct buf error;
	buf_init(&error, TEXT_BYTES_MAX);
	/* One of a former release is upgraded now, and years of history, read from a slow disk, may take
	 * longer than a manager waits for a start. Ended half-way it would begin anew each time. */
	notify_send("EXTEND_TIMEOUT_USEC=" UPGRADE_USEC "\nSTATUS=Opening the ledger");
	struct ledger *ledger = ledger_open(conf->state_dir, &error);
	if (ledger == NULL) {
		log_error("event=not-started error=\"%s\"", error.data == NULL ? "" : error.data);
		buf_fini(&error);
		conf_free(conf);
		return EXIT_TEMPORARY;
	}
	buf_fini(&error);
	sandbox_open_files(conf);
	if (ctl_make_dir(conf->run_dir) != 0)
		log_warn("event=no-run-dir path=%s error=\"%s\"; it is tried once more for the "
			 "control socket",
		    conf->run_dir, strerror(errno));
	/* Now: directories have just been made, and there is no other thread yet. */
	struct sandbox *sandbox = sandbox_enter(conf);
	int code = EXIT_TEMPORARY;
	if (sandbox != NULL)
		code = loop_run(&(const struct loop_start){ .conf = conf,
		    .conf_path = o->file,
		    .ledger = ledger,
		    .sandbox = sandbox,
		    .journal = journal,
		    .debug = o->debug });
	else
		conf_free(conf);
	sandbox_free(sandbox);
	ledger_close(ledger);
	return code;
}

/* A reload that is asked for while we start comes when we have started, and ends nothing. */
static void main_keep_hangup(void)
{
	sigset_t set;
	sigemptyset(&set);
	sigaddset(&set, SIGHUP);
	(void)sigprocmask(SIG_BLOCK, &set, NULL);
}

/* All of it but the options. */
static int main_work(const struct main_options *o, struct journal *journal)
{
	struct buf errors;
	int code = EXIT_CONFIG;

	buf_init(&errors, TEXT_BYTES_MAX);
	struct conf *conf =
	    o->check ? conf_check(o->file, &errors) : conf_load(o->file, NULL, &errors);
	if (conf == NULL) {
		main_show(&errors, o->check);
	} else if (o->check) {
		code = main_check(conf);
		conf_free(conf);
	} else {
		if (!o->debug)
			log_set_level(conf->log_level);
		code = main_run(conf, o, journal);
	}
	buf_fini(&errors);
	return code;
}

int main(int argc, char **argv)
{
	struct main_options o = { .file = SYSCONFDIR "/sparkspool.conf" };
	struct journal *journal = NULL;
	int code = main_parse(argc, argv, &o);
	if (code >= 0)
		return code;
	if (!o.check)
		main_keep_hangup();
	signal(SIGPIPE, SIG_IGN); /* libcurl is told not to touch signals */
	json_object_seed(0);
	/* Before there is a sandbox around us; it hears of nothing yet. */
	if (!o.check)
		journal = journal_open(JOURNAL_SOCKET);
	sandbox_keep_secrets(); /* before the configuration brings any */
	code = main_work(&o, journal);
	if (journal != NULL)
		journal_close(journal);
	return code;
}
