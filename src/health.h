/* Registers the statements of health.c; called once, by _PG_init. */
#ifndef USERS_HEALTH_H
#define USERS_HEALTH_H

extern void users_init_health(void);

#endif
