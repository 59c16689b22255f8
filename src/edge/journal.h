/* journal: lines of the log with their fields, by the native protocol of systemd's journal. */
#ifndef SPARKSPOOL_EDGE_JOURNAL_H
#define SPARKSPOOL_EDGE_JOURNAL_H

#define JOURNAL_SOCKET "/run/systemd/journal/socket"

struct journal;

/* The journal at that socket, if standard error is the journal, too: it is what people have redirected
 * when they want the log elsewhere. NULL: it is not, or there is no such socket; then lines go to standard
 * error as ever. */
struct journal *journal_open(const char *path);

/* From now on each line of the log goes there with its keys as fields, a SPARKSPOOL_JOB for job=. To be
 * called when the process is going to live for a while, and has said a line on standard error: whose unit
 * a datagram is of the journal asks /proc, where it finds nothing of a process that has ended by then; of
 * one that it knows already it remembers it. */
void journal_begin(struct journal *j);

/* Nothing here waits. What the journal does not take at once is kept, up to a limit; errors, and what
 * is beyond the limit, go to standard error, which is the journal's other ear; and what that does not
 * take either is counted, and the count logged as soon as lines get through again. */
void journal_pump(struct journal *j);

/* To be polled for POLLOUT, or -1: nothing is kept. */
int journal_fd(const struct journal *j);

/* What is kept has one more chance, in bounded time. Lines go to standard error afterwards. */
void journal_close(struct journal *j);

#endif
