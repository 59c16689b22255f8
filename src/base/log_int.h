/* log_int: what the files of the log share; nobody else includes it. */
#ifndef SPARKSPOOL_BASE_LOG_INT_H
#define SPARKSPOOL_BASE_LOG_INT_H

#include "base/log.h"
#include <stdarg.h>

#define LINE_MAX_BYTES 2048 /* of a message, before escaping; the rest is cut off */
#define ESCAPED_BYTES 4	    /* what one byte may become: \x1b */
#define FIELDS_MAX 24	    /* of a line; no format of ours has half as many */

enum field_state {
	FIELD_NONE,
	FIELD_BEGUN, /* right behind its = */
	FIELD_BARE,
	FIELD_QUOTED
};

/* A line on its way. It is large, and only what has to be is set at its beginning. */
struct line {
	char text[LINE_MAX_BYTES * ESCAPED_BYTES + 1];
	size_t len;
	size_t raw;    /* bytes before escaping */
	size_t room;   /* len when so much of raw was there that only the dots still fit */
	bool quoted;   /* between quotation marks of the format */
	bool is_value; /* the format's last byte was the = of key= */

	/* The same taken apart. */
	struct log_field field[FIELDS_MAX];
	size_t field_count;
	enum field_state in;
	const char *word; /* of the format, or a value that stands alone: what may be a key */
	size_t word_len;  /* 0: it cannot be one */
	bool at_word;	  /* the next byte begins a word */
	char value[LINE_MAX_BYTES];
	size_t value_len;
};

/* Of printf's conversions there are %s, %.*s and whole numbers without a width. */
void log_line_format(struct line *l, const char *fmt, va_list ap);

#endif
