/* Registers the statements of setup.c; called once, by _PG_init. */
#ifndef USERS_SETUP_H
#define USERS_SETUP_H

extern void users_init_setup(void);

#endif
