/* confload_runner: the runner's code, which is sent into sessions and so is data here. */
#include "edge/confload_runner.h"
#include "edge/confload_value.h"
#include <errno.h>
#include <string.h>

/* Only of files that the pool serves: a style for others is idle talk. */
static bool is_needed_by(const struct conf_spool *s, const struct conf_pool *p)
{
	return (s->python != STYLE_RAW && p->warm[KIND_PYSPARK] >= 0) ||
	       (s->sql != STYLE_RAW && p->warm[KIND_SQL] >= 0);
}

/* The first spool that needs it, or NULL. */
static const struct conf_spool *find_need(const struct conf *c)
{
	for (size_t i = 0; i < c->spool_count; i++) {
		const struct conf_spool *s = &c->spool[i];
		if (!s->removed && is_needed_by(s, &c->pool[s->pool]))
			return s;
	}
	return NULL;
}

/* NULL, or what is wrong with these bytes. A static string. */
static const char *look_at(const struct buf *code, int err)
{
	if (err == EFBIG)
		return "it is larger than 1 MiB";
	if (err == EINVAL)
		return "it is not a regular file";
	if (err != 0)
		return strerror(err);
	if (code->len == 0)
		return "it is empty";
	if (memchr(code->data, '\0', code->len) != NULL)
		return "it holds a NUL byte";
	if (!confvalue_is_utf8(code->data))
		return "it is not UTF-8";
	return NULL;
}

void confrunner_read(const struct confread *r, const config_setting_t *root)
{
	struct conf *c = r->conf;
	struct buf code;
	const struct conf_spool *s;

	/* Who needs it is only known when all that the file says is right. */
	if (r->report->count > 0 || (s = find_need(c)) == NULL)
		return;
	if (r->purpose == PURPOSE_PEEK) {
		c->runner_code = xstrdup(""); /* the daemon has it */
		return;
	}
	buf_init(&code, RUNNER_BYTES_MAX);
	const char *why = look_at(&code, conftext_read_file(c->runner, &code));
	if (why != NULL)
		confread_error(r, confread_place(root, "runner"),
		    "the runner %s cannot be used: %s; spool '%s' needs it: install it, set "
		    "runner to where it is, or set python and sql of the spool to \"raw\"",
		    c->runner, why, s->name);
	else
		c->runner_code = buf_steal(&code, &c->runner_code_bytes);
	buf_fini(&code);
}
