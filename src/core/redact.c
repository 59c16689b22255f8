/* redact: a server's words without the credentials that it was sent. */
#include "core/redact.h"
#include "base/buf.h"
#include <string.h>

#define STARS "***"
#define FORMS_MAX 4
#define FORM_BYTES_MAX 65536
/* A shorter beginning of a secret at the end of a text is chance, and says little. */
#define CUT_BYTES_MIN 4

struct forms {
	struct buf form[FORMS_MAX];
	size_t count;
};

struct escape {
	char c;
	const char *as;
};

static const struct escape json_escape[] = { { '"', "\\\"" }, { '\\', "\\\\" }, { '/', "\\/" },
	{ '\0', NULL } };
static const struct escape html_escape[] = { { '&', "&amp;" }, { '<', "&lt;" }, { '>', "&gt;" },
	{ '"', "&quot;" }, { '\'', "&#39;" }, { '\0', NULL } };

static struct buf *form_new(struct forms *f)
{
	struct buf *b = &f->form[f->count++];

	buf_init(b, FORM_BYTES_MAX);
	return b;
}

static void add_escaped(struct forms *f, const char *password, const struct escape *escape)
{
	struct buf *b = form_new(f);

	for (const char *p = password; *p != '\0'; p++) {
		const struct escape *e = escape;

		while (e->as != NULL && e->c != *p)
			e++;
		(void)(e->as != NULL ? buf_adds(b, e->as) : buf_addc(b, *p));
	}
}

/* Without what is only padding: some write it otherwise. */
static void add_basic(struct forms *f, const struct conf_endpoint *e)
{
	struct buf *b = form_new(f);
	struct buf both;

	buf_init(&both, FORM_BYTES_MAX);
	(void)buf_addf(&both, "%s:%s", e->user != NULL ? e->user : "", e->password);
	(void)buf_put_base64(b, both.data, both.len);
	while (b->len > 0 && b->data[b->len - 1] == '=')
		b->data[--b->len] = '\0';
	buf_fini(&both);
}

/* The longest form first: one of them may be a part of another. */
static void forms_of(struct forms *f, const struct conf_endpoint *e)
{
	f->count = 0;
	add_basic(f, e);
	add_escaped(f, e->password, html_escape);
	add_escaped(f, e->password, json_escape);
	(void)buf_adds(form_new(f), e->password);
}

/* How many of the bytes that are left at p are to be hidden. */
static size_t secret_at(const struct forms *f, const char *p, size_t left)
{
	for (size_t i = 0; i < f->count; i++) {
		const struct buf *b = &f->form[i];

		if (b->len > 0 && left >= b->len && memcmp(p, b->data, b->len) == 0)
			return b->len;
		if (left >= CUT_BYTES_MIN && left < b->len && memcmp(p, b->data, left) == 0)
			return left;
	}
	return 0;
}

static const char *without(struct arena *a, const struct forms *f, const char *text)
{
	struct buf out;
	bool found = false;

	buf_init(&out, SIZE_MAX - 1);
	const char *end = text + strlen(text);
	for (const char *p = text; p < end;) {
		size_t n = secret_at(f, p, (size_t)(end - p));

		(void)(n > 0 ? buf_adds(&out, STARS) : buf_addc(&out, *p));
		found = found || n > 0;
		p += n > 0 ? n : 1;
	}
	if (found)
		return arena_take(a, buf_steal(&out, NULL));
	buf_fini(&out);
	return text;
}

const char *redact(struct arena *a, const struct conf_endpoint *e, const char *text)
{
	struct forms f;
	const char *clean;

	if (e->auth == AUTH_NONE || e->password == NULL || e->password[0] == '\0')
		return text;
	forms_of(&f, e);
	clean = without(a, &f, text);
	for (size_t i = 0; i < f.count; i++)
		buf_fini(&f.form[i]);
	return clean;
}
