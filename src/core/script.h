/* script: what is known of a file that runs as a process in a session's runner: how far it is, and
 * how much of its results lies in the spool already. */
#ifndef SPARKSPOOL_CORE_SCRIPT_H
#define SPARKSPOOL_CORE_SCRIPT_H

#include "core/msg.h"

enum script_phase {
	SCRIPT_START, /* in each call until the runner says that it has begun it */
	SCRIPT_BAR,   /* sent in an earlier life: has it begun? If not, it never shall */
	SCRIPT_RUN,
	SCRIPT_FETCH, /* it has ended, what it left is being fetched */
	SCRIPT_KEPT   /* all of it lies in the spool under hidden names */
};

/* One of its files, on its way into a part (FX_APPEND) of its number + 1. */
struct script_part {
	char *name;    /* as the runner has it: "out", "err", "csv", "1.png", "files/a/b" */
	int64_t bytes; /* as many as the runner has so far, and the spool takes */
	int64_t cut;   /* more than these were dropped by a limit */
	int64_t at;    /* as many as are in the spool */
	char last;     /* the last byte of these */
	bool busy;     /* an append is under way */
	char *head;    /* its first bytes, for the page; NULL: none are kept */
	size_t head_bytes;
};

/* For the record, when they are not where they were put. */
#define SCRIPT_LOST                                                                                \
	"what it printed is lost: its hidden files were gone before they got their names"

/* As much of a part's head is kept as a page shows of it. */
#define SCRIPT_HEAD_BYTES (128 << 10)
#define SCRIPT_PICTURE_BYTES (2 << 20)
#define SCRIPT_PICTURES_BYTES (8 << 20) /* all of them */

/* The runner gives no more pictures of a file than these bytes. */
#define SCRIPT_PICTURES_MAX (64 << 20)

/* So often unheard it is spoken of in a call of its own: what is said of it may be what is not let through. */
#define SCRIPT_UNHEARD 2

struct script {
	enum script_phase phase;
	bool maybe;	    /* a call that starts it may have arrived */
	bool asked;	    /* it is in the call under way */
	bool suspect;	    /* a call with it was not let through: no other is started with it */
	bool put;	    /* the runner lacks its helper modules: the next call brings them */
	bool left;	    /* its record says already that a file of it cannot be had */
	int64_t since_ms;   /* of this phase */
	int64_t due_ms;	    /* when it is to be asked after next */
	int64_t limit_ms;   /* when the runner will end it; INT64_MAX: never */
	int lost;	    /* calls that were to start it, and brought no answer ... */
	char *lost_why;	    /* ... as the last one, for its record */
	int unheard;	    /* calls that were to tell of it, and brought no answer, in a row ... */
	int64_t unheard_ms; /* ... since when */
	uint64_t answers;   /* ... that the session had of its runner by then */
	int failures;	    /* to append, in a row */
	int waits;	    /* for pieces that did not come, in a row */
	struct script_part *part;
	size_t part_count;
	enum job_status end; /* SCRIPT_FETCH and on */
	char
	    *report; /* of its end, as the runner gave it: JSON without the contents of its files */
	char *modules; /* a JSON array, and its hash; NULL: none */
	char *modules_hash;
};

struct script *script_new(int64_t now_ms);
void script_free(struct script *sc); /* NULL is nothing */

void script_move(struct script *sc, enum script_phase to, int64_t now_ms);

/* The part of this name, made if there is none yet. NULL: there are PARTS_MAX of them, or the name
 * is none that may become a file's: absolute, with "..", hidden, or too long. */
#define SCRIPT_PARTS_MAX 1100
struct script_part *script_part(struct script *sc, const char *name);

/* As the runner says. What a spool does not take counts as cut, whoever should have done that: no part is
 * longer than its limit, or than it is already. Pictures have one limit together, and so has what was left in
 * the working directory. */
void script_tell(const struct script *sc, struct script_part *part, int64_t bytes, int64_t cut,
    const struct conf_spool *spool);

/* How many of the bytes that come next, at its end, the spool takes. */
size_t script_take(const struct script *sc, struct script_part *part, size_t bytes,
    const struct conf_spool *spool);

/* Keeps the piece, as far as it belongs to the head. part is one of sc. */
void script_keep(const struct script *sc, struct script_part *part, struct bytes piece);

/* All that the runner has lies in the spool. */
bool script_is_fetched(const struct script *sc);

/* How long until it is asked after again: an eighth of its age. */
int64_t script_pause_ms(const struct script *sc, int64_t now_ms);

#endif
