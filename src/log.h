/* Keeps secrets out of the server log once one of our functions has begun. */
#ifndef USERS_LOG_H
#define USERS_LOG_H

/* The present statement holds a secret: until it ends no log line shows its
 * text, its parameters or its context. */
extern void users_hide_statement(void);

/* Installs the hook; called once, by _PG_init. */
extern void users_init_log(void);

#endif
