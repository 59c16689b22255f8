/* notify: what the service manager is told, by the protocol of sd_notify(3), without its library. */
#ifndef SPARKSPOOL_EDGE_NOTIFY_H
#define SPARKSPOOL_EDGE_NOTIFY_H

#include <stdint.h>

/* Sends lines such as "READY=1\nSTATUS=..." to NOTIFY_SOCKET; nothing when it is not set. */
void notify_send(const char *lines);

/* Half of WATCHDOG_USEC in milliseconds, or 0: no watchdog is wanted of this process. */
int64_t notify_watchdog_ms(void);

#endif
