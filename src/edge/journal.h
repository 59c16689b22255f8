/* journal: lines of the log with their fields, by the native protocol of systemd's journal. */
#ifndef SPARKSPOOL_EDGE_JOURNAL_H
#define SPARKSPOOL_EDGE_JOURNAL_H

#define JOURNAL_SOCKET "/run/systemd/journal/socket"

struct journal;

/* From now on each line of the log goes to the journal at that socket with its keys as fields, a
 * SPARKSPOOL_JOB for job=. Only where standard error is the journal, too: it is what people have
 * redirected when they want the log elsewhere. NULL: it is not, or there is no such socket; then lines
 * go to standard error as ever. */
struct journal *journal_open(const char *path);

/* Nothing here waits. What the journal does not take at once is kept, up to a limit; errors, and what
 * is beyond the limit, go to standard error, which is the journal's other ear; and what that does not
 * take either is counted, and the count logged as soon as lines get through again. */
void journal_pump(struct journal *j);

/* To be polled for POLLOUT, or -1: nothing is kept. */
int journal_fd(const struct journal *j);

/* What is kept has one more chance, in bounded time. Lines go to standard error afterwards. */
void journal_close(struct journal *j);

#endif
