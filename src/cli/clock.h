/* clock: the only room of the command line that asks what time it is. */
#ifndef SPARKSPOOL_CLI_CLOCK_H
#define SPARKSPOOL_CLI_CLOCK_H

#include "base/util.h"

int64_t clock_real_ms(void); /* since the epoch */
int64_t clock_mono_ms(void);
void clock_wait_ms(int64_t ms); /* or until a signal that is caught */

/* "2026-11-29T18:11:15.123Z", as the daemon says it: since the epoch, or -1. */
int64_t clock_from_text(const char *iso);

/* What people write: "2h" or "7d" (so long ago), "today", "yesterday", "2026-11-29",
 * "2026-11-29T18:11" or with a blank and with seconds, in local time, or in UTC with a Z.
 * 0, or -1 and *ms untouched. */
int clock_read(const char *text, int64_t *ms);

/* "Nov 29 18:11", in local time; the year instead of the time when it is not of the last months. */
#define CLOCK_SHORT_LEN 32
const char *clock_short(int64_t ms, char out[CLOCK_SHORT_LEN]);

/* "8s", "2m 13s", "3h 05m", "4d 7h": at most 7 columns. */
#define CLOCK_SPAN_LEN 32
const char *clock_span(int64_t ms, char out[CLOCK_SPAN_LEN]);

#endif
