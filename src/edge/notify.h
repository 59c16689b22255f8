/* notify: what the service manager is told, by the protocol of sd_notify(3), without its library. */
#ifndef SPARKSPOOL_EDGE_NOTIFY_H
#define SPARKSPOOL_EDGE_NOTIFY_H

#include <stdint.h>

/* Sends lines such as "READY=1\nSTATUS=..." to NOTIFY_SOCKET; nothing when it is not set. */
void notify_send(const char *lines);

/* Half of WATCHDOG_USEC in milliseconds, or 0: no watchdog is wanted of this process. */
int64_t notify_watchdog_ms(void);

/* How long from now until the watchdog has to be told again, when it was told last at told_ms: 0 or less,
 * at once; INT64_MAX, there is none (every_ms is 0). */
int64_t notify_alive_in_ms(int64_t every_ms, int64_t told_ms, int64_t now_ms);
/* The same where something is about to be done that may take long: sooner. */
int64_t notify_busy_in_ms(int64_t every_ms, int64_t told_ms, int64_t now_ms);

#endif
