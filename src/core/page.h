/* page: a result as one HTML page that needs nothing but itself. No state.
 *
 * The page is UTF-8 without a control character (line ends and tabs aside), has no script and no
 * outside resource, and forbids both by its own policy. Whatever bytes the fields hold, they are
 * shown as text: what would be invisible or turn text round is spelled out. */
#ifndef SPARKSPOOL_CORE_PAGE_H
#define SPARKSPOOL_CORE_PAGE_H

#include "base/buf.h"
#include "core/msg.h"

/* Of each text the page shows at most this much from its start: more need not be at hand. */
#define PAGE_HEAD_BYTES (64u << 10)
/* Of all pictures together; those beyond are linked. */
#define PAGE_PICTURES_BYTES (8u << 20)
/* No page is larger. */
#define PAGE_BYTES_MAX (24u << 20)

/* A text of which the page shows the head. */
struct page_head {
	struct bytes head;   /* p NULL: there is no such text */
	uint64_t size_bytes; /* of the whole */
	const char *file;    /* its name beside the page; NULL: nowhere to be found */
};

struct page_table {
	struct bytes csv; /* as core/table.h writes it; p NULL: there is none */
	uint64_t size_bytes;
	int64_t rows; /* without the names; -1: nobody has counted */
	const char *file;
};

struct page_picture {
	const char *file;
	struct bytes png; /* p NULL: not at hand, only linked */
};

struct page_file {
	const char *name;   /* beside the page; may have directories, a '/' at its end is one */
	int64_t size_bytes; /* -1: not known */
};

/* Strings are NULL where there is nothing to say. Names and words are bytes as they come: no field
 * need be UTF-8. */
struct page {
	const char *name;   /* foo.py */
	const char *kind;   /* pyspark */
	const char *style;  /* script, notebook, raw */
	const char *status; /* as in the record */
	int exit_code;	    /* -1: none */

	const char *error_name;
	const char *error_message;
	int64_t error_line;	 /* in the file; 0: not known */
	int64_t error_statement; /* of a SQL file, from 1; 0: not known */
	struct page_head traceback;

	struct bytes code;     /* the whole, as it was run */
	const char *code_file; /* the input, if it is still beside the page */
	struct page_head out;
	struct page_head err;
	struct page_table table;
	const struct page_picture *picture;
	size_t picture_count;
	const struct page_file *file;
	size_t file_count;

	const char *const *warning;
	size_t warning_count;
	const char *const *truncated; /* what was cut off, and why */
	size_t truncated_count;
	bool superseded;

	int64_t queued_ms; /* wall clock; 0: not known */
	int64_t started_ms;
	int64_t finished_ms;
	const char *session;
	int64_t statement; /* -1: none */
	const char *pool;
	const char *spool;
	uint32_t attempts;
	const char *sha256;
};

/* Appends the page. b needs room for PAGE_BYTES_MAX more. */
void page_write(struct buf *b, const struct page *p);

#endif
