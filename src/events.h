/* The stream of successful events, for those who keep copies elsewhere. */
#ifndef USERS_EVENTS_H
#define USERS_EVENTS_H

/* Forgets what every reader had the time to read: see users_events. before is
 * when that time ends; at most max events, their number. */
extern int64 users_purge_events(TimestampTz before, int max);

extern void users_init_events(void);

#endif
