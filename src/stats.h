/* Numbers for who watches over the server: see users_stats. */
#ifndef USERS_STATS_H
#define USERS_STATS_H

extern void users_init_stats(void);

#endif
