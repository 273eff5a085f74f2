/* Keeps the planner from compiling statements on accounts. */
#ifndef USERS_UNCOMPILED_H
#define USERS_UNCOMPILED_H

/* Installs the hook; called once, by _PG_init. */
extern void users_init_uncompiled(void);

#endif
