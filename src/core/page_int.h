/* page_int: what the files of page share. */
#ifndef SPARKSPOOL_CORE_PAGE_INT_H
#define SPARKSPOOL_CORE_PAGE_INT_H

#include "core/page.h"

/* What one text may come to once it is HTML: marks are longer than what they stand for. */
#define PAGE_PART_BYTES (1u << 20)
/* The same of a name, a cell, a word. */
#define PAGE_WORD_BYTES 4096u

/* ---- page_sgr: what a terminal makes of an escape sequence ----------------------------------- */

#define PAGE_SGR_COLOURS 9 /* eight, and grey */

struct page_sgr {
	int fg; /* 1 .. PAGE_SGR_COLOURS; 0: the page's own */
	int bg;
	bool bold;
	bool dim;
	bool italic;
	bool underline;
	bool inverse;
	bool strike;
};

/* The length of the sequence that starts at p, 0 when it is none that can be left out: colours and
 * weights go into s, moves of the cursor are nothing on paper. */
size_t page_sgr_read(struct page_sgr *s, const char *p, size_t n);
bool page_sgr_plain(const struct page_sgr *s);
void page_sgr_add_open(struct buf *b, const struct page_sgr *s);

/* ---- page_text: bytes of strangers become harmless text -------------------------------------- */

enum page_form {
	PAGE_BARE,     /* without any tag: for attributes and the title */
	PAGE_LINE,     /* one line */
	PAGE_BLOCK,    /* lines inside <pre> or the like */
	PAGE_TERMINAL, /* the same, with a terminal's colours */
};

/* Stops after about html_bytes_max: returns how much of the text is there then. */
size_t page_add_text(struct buf *b, struct bytes text, enum page_form form, size_t html_bytes_max);

/* A name or a word on one line, with a mark where it is cut. */
void page_add_word(struct buf *b, const char *s);

/* From the document's first word to the end of its head. refresh_s: the browser reads it anew; 0: not. */
void page_add_head(struct buf *b, const char *name, const char *state, int refresh_s);
/* How serious a status is: the class of its colour. */
const char *page_tone(const char *status);
/* A moment in UTC, of the wall clock. */
void page_add_time(struct buf *b, int64_t ms);

/* A file elsewhere: base is a URL or, with a '/' at its start, a directory. */
void page_add_far_link(struct buf *b, const char *base, const char *file, const char *name);

/* A file beside the page: a link that leads nowhere else, or the name alone. */
void page_add_link(struct buf *b, const char *name);

/* "1 row", "5,000 rows" */
void page_add_count(struct buf *b, uint64_t n, const char *one);
/* "812 bytes", "4.2 MiB" */
void page_add_size(struct buf *b, uint64_t bytes);
/* "0.60 s", "3 min 5 s" */
void page_add_duration(struct buf *b, int64_t ms);

/* ---- parts ----------------------------------------------------------------------------------- */

const char *const *page_css(void); /* lines, ended by NULL */
const char *page_css_hash(void);   /* their sha256, as a content security policy spells it */

bool page_code_has_line(struct bytes code, int64_t line);
void page_add_code(struct buf *b, const struct page *p);

void page_add_table(struct buf *b, const struct page_table *t);
void page_add_pictures(struct buf *b, const struct page *p);

/* <section> with its heading; each is closed by its writer. */
void page_open_section(struct buf *b, const char *id, const char *title);

/* A box that scrolls by itself, named by the heading with this id. */
void page_open_box(struct buf *b, const char *id);

/* "Shown is ... of ...; all of it is in FILE". */
void page_add_cut(struct buf *b, uint64_t shown, uint64_t size_bytes, const char *file);

#endif
