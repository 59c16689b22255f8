/* nextstep: what is left to do between a configuration and a first result, as commands.
 *
 * init makes no directory and starts nothing: it may run where none of that is wanted. But whoever has
 * never seen the daemon should not have to look for what comes next. */
#include "cli/nextstep.h"
#include "cli/say.h"
#include "cli/spot.h"
#include "core/text.h"
#include <assert.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define WORD_BYTES_MAX 65536
#define SERVICE_USER "sparkspool"
#define SERVICE_SPOOLS "/var/spool/sparkspool"

/* Takes the line. */
static void add(struct nextstep *n, char *line)
{
	assert(n->count < NEXTSTEP_MAX);
	n->line[n->count++] = line;
}

/* As a shell reads it back. free() it. */
static char *quoted(const char *word)
{
	static const char plain[] =
	    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._-+:@%";
	struct buf b;

	if (word[strspn(word, plain)] == '\0')
		return xstrdup(word);
	buf_init(&b, WORD_BYTES_MAX);
	buf_addc(&b, '\'');
	for (; *word != '\0'; word++) {
		if (*word == '\'')
			buf_adds(&b, "'\\''");
		else
			buf_addc(&b, *word);
	}
	buf_addc(&b, '\'');
	return buf_steal(&b, NULL);
}

/* The daemon makes the last directory of state_dir, and spools not at all. */
static void add_directory(struct nextstep *n, const char *dir, const char *how)
{
	if (access(dir, F_OK) == 0)
		return;
	char *word = quoted(dir);
	add(n, xasprintf("%s %s", how, word));
	free(word);
}

/* The unit may write below this directory and nowhere else. */
static bool is_writable_for_service(const char *dir)
{
	return strncmp(dir, SERVICE_SPOOLS "/", strlen(SERVICE_SPOOLS "/")) == 0;
}

/* An editor opens: what is to be written there stands behind the #. */
static void add_to_unit(struct nextstep *n, const char *setting, const char *value)
{
	add(n, xasprintf("systemctl edit sparkspool  # [Service] %s%s", setting, value));
}

/* The service is not root, and nobody but the owner may read a password. */
static void add_password(struct nextstep *n, const struct draft *d)
{
	const struct passwd *service = getpwnam(SERVICE_USER);
	struct stat st;

	if (strncmp(d->password_file, "cred:", 5) == 0) {
		char *value = xasprintf("%s:FILE", d->password_file + 5);
		add_to_unit(n, "LoadCredential=", value);
		free(value);
	} else if (service == NULL || stat(d->password_file, &st) != 0 ||
		   st.st_uid != service->pw_uid) {
		char *word = quoted(d->password_file);
		add(n, xasprintf("chown " SERVICE_USER " %s", word));
		free(word);
	}
}

/* In the order in which they have to be done. */
static void add_service(struct nextstep *n, const struct draft *d)
{
	assert(d->spool != NULL);
	add_directory(n, d->spool, "install -d -o " SERVICE_USER " -g " SERVICE_USER);
	if (!is_writable_for_service(d->spool))
		add_to_unit(n, "ReadWritePaths=-", d->spool);
	if (d->password_file != NULL)
		add_password(n, d);
	add(n, xstrdup("systemctl enable --now sparkspool"));
}

/* In the background of the shell: for the first look, not for ever. */
static void add_daemon(struct nextstep *n, const struct draft *d, const char *file)
{
	add_directory(n, d->spool, "mkdir -p");
	add_directory(n, d->state_dir, "mkdir -p -m 700");
	add_directory(n, d->run_dir, "mkdir -p");
	add(n, xasprintf("sparkspoold -f %s &", file));
}

/* A file of whichever kind runs there. The service takes files of its own user, and no others. */
static void add_first_file(struct nextstep *n, const struct draft *d, const char *command)
{
	static const char *const first[KIND_COUNT] = {
		[KIND_PYSPARK] = "print(spark.range(10).count())",
		[KIND_SQL] = "select count(*) from range(10)",
		[KIND_SPARK] = "println(spark.range(10).count())",
		[KIND_SPARKR] = "print(1 + 1)",
	};
	size_t k = 0;

	while (k < KIND_COUNT && !d->kind[k])
		k++;
	assert(k < KIND_COUNT);
	add(n, xasprintf("echo '%s' | %s run -k %s -", first[k], command, spot_word((enum kind)k)));
}

void nextstep_find(struct nextstep *n, const struct draft *d, const char *file, bool service)
{
	char *word = quoted(file);
	char *command = service ? xstrdup("runuser -u " SERVICE_USER " -- sparkspool")
				: xasprintf("sparkspool -f %s", word);

	*n = (struct nextstep){ .count = 0 };
	if (service)
		add_service(n, d);
	else
		add_daemon(n, d, word);
	add_first_file(n, d, command);
	assert(n->count >= 2);
	free(command);
	free(word);
}

void nextstep_fini(struct nextstep *n)
{
	for (size_t i = 0; i < n->count; i++)
		free(n->line[i]);
	n->count = 0;
}

/* A name in it may hold anything; quoted for the shell is not yet harmless for a terminal. */
void nextstep_print(const struct nextstep *n)
{
	for (size_t i = 0; i < n->count; i++) {
		char *plain = say_plain(n->line[i]);
		printf("  %s\n", plain);
		free(plain);
	}
}

json_t *nextstep_json(const struct nextstep *n)
{
	json_t *list = json_array();

	for (size_t i = 0; i < n->count; i++)
		text_append(list, text_json(n->line[i]));
	return list;
}
